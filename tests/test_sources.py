"""Every source file discovers itself, is claimed by nobody else, and does what its own examples say."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from infercheck import ingest, sources
from infercheck.errors import InputError
from infercheck.ingest import inputs
from infercheck.model.call import CALLS, SPANS

CASES = [(s.id, e) for s in sources.load().values() for e in s.header.example]


NAMES = [f"{s}-{e.name}" for s, e in CASES]


@pytest.mark.parametrize(("source_id", "example"), CASES, ids=NAMES)
def test_exactly_one_source_claims_the_example(source_id: str, example: sources.SourceExample, tmp_path: Path) -> None:
    path = tmp_path / f"example.{example.format}"
    path.write_text(example.input.strip("\n") + "\n", encoding="utf-8")
    assert [name for name, score, _ in ingest.detect(path) if score == 1.0] == [source_id]


@pytest.mark.parametrize(("source_id", "example"), CASES, ids=NAMES)
def test_example(source_id: str, example: sources.SourceExample) -> None:
    if refusal := sources.load()[source_id].header.refuses:
        with pytest.raises(InputError, match=re.escape(refusal)):
            ingest.read_example(source_id, example.input, example.format)
        return
    for table, columns, expected in (("calls", CALLS, example.calls), ("spans", SPANS, example.spans)):
        rows = ingest.read_example(source_id, example.input, example.format, table=table)
        assert len(rows) == len(expected)
        for want, got in zip(expected, rows, strict=True):
            assert {k: plain(got[k], v) for k, v in want.items()} == want
            assert set(got) == {c.name for c in columns}


def plain(value: Any, like: Any) -> Any:
    if like == "-":  # NULL, as in the examples of rules
        return "-" if value is None else value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if "." in str(like) else "seconds")
    return float(value) if isinstance(like, float) and value is not None else value


def test_failures_without_usage_are_unknown_not_zero() -> None:
    source, example = next((s, e) for s, e in CASES if s == "litellm_standard_logging")
    failed = ingest.read_example(source, example.input, example.format)[1]
    assert [failed[k] for k in ("input_tokens", "output_tokens", "cache_read_tokens", "logged_cost", "prompt_hash", "streamed")] == [
        None
    ] * 6


def test_of_many_files_each_is_claimed_as_it_is_by_itself(tmp_path: Path) -> None:
    """What one file told of another with like records holds only where it is so: files of one format, of two in one, and half a record's keys."""
    among, samples = sources.load(), []
    for number, (_, example) in enumerate(CASES):
        if example.format == "jsonl":
            path = tmp_path / f"{number}.jsonl"
            path.write_text(example.input.strip("\n") + "\n", encoding="utf-8")
            samples.append(list(inputs.look(path).records))
    mixed = [[*one, *other[: len(one)]] for one, other in pairwise(samples)]
    halved = [[dict(list(record.items())[::2]) for record in sample] for sample in samples]
    recogniser = sources.Recogniser(among)
    for sample in [*samples, *mixed, *halved, *samples]:
        wanted = sources.match(sample, "jsonl", among, claims_suffice=True)
        assert recogniser.match(sample, "jsonl") == wanted


def test_keys_inside_of_a_record_tell_formats_apart() -> None:
    record = {"a.b": 1, "answer": {"usage": {"input": 1}}, "text": '{"inside": {"deep": 1}}', "parts": ["x", {"delta": {}}], "odd": "{"}
    assert all(sources.has_key(record, key) for key in ("a.b", "answer.usage.input", "text.inside.deep", "parts.delta"))
    assert not any(sources.has_key(record, key) for key in ("a", "answer.input", "text.deep", "parts.x", "odd.x", "a.b.c"))


def test_shapes_become_types() -> None:
    assert sources.sql_type('{"a":"VARCHAR","b":[{"c":"VARCHAR"}]}') == 'STRUCT("a" VARCHAR, "b" STRUCT("c" VARCHAR)[])'
    assert sources.sql_type("VARCHAR") == "VARCHAR"
