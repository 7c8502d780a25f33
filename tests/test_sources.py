"""Every source file discovers itself, is claimed by nobody else, and does what its own examples say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from infercheck import ingest, sources
from infercheck.model.call import CALLS, SPANS

CASES = [(s.id, e) for s in sources.load().values() for e in s.header.example]


@pytest.mark.parametrize(("source_id", "example"), CASES, ids=[f"{s}-{e.name}" for s, e in CASES])
def test_example(source_id: str, example: sources.SourceExample) -> None:
    for table, columns, expected in (("calls", CALLS, example.calls), ("spans", SPANS, example.spans)):
        rows = ingest.read_example(source_id, example.input, example.format, table=table)
        assert len(rows) == len(expected)
        for want, got in zip(expected, rows, strict=True):
            assert {k: plain(got[k], v) for k, v in want.items()} == want
            assert set(got) == {c.name for c in columns}


def plain(value: Any, like: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if "." in str(like) else "seconds")
    return float(value) if isinstance(like, float) and value is not None else value


def test_failures_without_usage_are_unknown_not_zero() -> None:
    source, example = next((s, e) for s, e in CASES if s == "litellm_standard_logging")
    failed = ingest.read_example(source, example.input, example.format)[1]
    assert [failed[k] for k in ("input_tokens", "output_tokens", "cache_read_tokens", "logged_cost", "prompt_hash", "streamed")] == [
        None
    ] * 6


def test_shapes_become_types() -> None:
    assert sources.sql_type('{"a":"VARCHAR","b":[{"c":"VARCHAR"}]}') == 'STRUCT("a" VARCHAR, "b" STRUCT("c" VARCHAR)[])'
    assert sources.sql_type("VARCHAR") == "VARCHAR"
