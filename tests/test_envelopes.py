"""Records as log services wrap them: the same calls come out, numbered, and what is no record inside is counted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import ingest
from infercheck.engine.duckdb import Engine

Row = dict[str, Any]
ROWS = [logs.call(n, at_s=60 * n) for n in range(4)]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as engine:
        yield engine


def read(engine: Engine, *paths: Path) -> ingest.Scope:
    return ingest.open_scope(engine, ingest.ingest(engine, [str(p) for p in paths]))


def by_line(values: list[Any]) -> str:
    return "".join(json.dumps(v) + "\n" for v in values)


def insights_csv(rows: list[Row]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([["@timestamp", "@message"], *(["2026-11-03 09:00:00.000", json.dumps(r)] for r in rows)])
    return out.getvalue()


def events(rows: list[Row]) -> list[Row]:
    return [{"id": str(3900 + i), "timestamp": 1_760_000_000_000 + i, "message": json.dumps(r)} for i, r in enumerate(rows)]


ENVELOPES: dict[str, Callable[[list[Row]], str]] = {
    "Azure Event Hub, one line": lambda rows: json.dumps({"records": rows}),
    "Azure Event Hub, an event a line": lambda rows: by_line([{"records": rows[:3]}, {"records": rows[3:]}, {"records": []}]),
    "AWS Records, indented": lambda rows: json.dumps({"Records": rows}, indent=2),
    "an API's pages, indented": lambda rows: json.dumps({"object": "list", "data": rows, "has_more": False}, indent=1),
    "CloudWatch subscription": lambda rows: json.dumps({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": events(rows)}),
    "CloudWatch through Firehose, nothing between": lambda rows: "".join(
        json.dumps({"messageType": "DATA_MESSAGE", "logEvents": events(part)}) for part in (rows[:1], rows[1:])
    ),
    "aws logs filter-log-events": lambda rows: json.dumps({"events": events(rows), "searchedLogStreams": []}, indent=4),
    "CloudWatch Insights as CSV": insights_csv,
    "Google Cloud Logging by line": lambda rows: by_line([{"insertId": "i", "jsonPayload": r, "timestamp": "2026-11-03T09:00:00Z"} for r in rows]),
    "Google Cloud Logging, an array": lambda rows: json.dumps([{"insertId": "i", "jsonPayload": r} for r in rows], indent=2),
    "Elasticsearch": lambda rows: json.dumps({"took": 3, "hits": {"total": {"value": 4}, "hits": [{"_index": "x", "_source": r} for r in rows]}}),
    "Splunk": lambda rows: by_line([{"preview": False, "result": {"_raw": json.dumps(r), "host": "h"}} for r in rows]),
    "Docker": lambda rows: by_line([{"log": json.dumps(r) + "\n", "stream": "stdout", "time": "2026-11-03T09:00:00Z"} for r in rows]),
    "journald": lambda rows: by_line([{"MESSAGE": json.dumps(r), "_PID": "1"} for r in rows]),
}  # fmt: skip


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope_is_opened(engine: Engine, tmp_path: Path, name: str) -> None:
    path = tmp_path / "wrapped.log"
    path.write_text(ENVELOPES[name](ROWS), encoding="utf-8", newline="")
    scope = read(engine, path)
    assert (scope.attempts, scope.rejects, scope.cell_issues) == (4, 0, 0)
    found = engine.rows("SELECT line, source_call_id, input_tokens, prompt_chars IS NOT NULL FROM calls ORDER BY line")
    first = 2 if name.endswith("CSV") else 1
    assert [row[0] for row in found] == list(range(first, first + 4))
    assert [row[1:] for row in found] == [(r["litellm_call_id"], r["prompt_tokens"], True) for r in ROWS]


def test_what_is_no_record_in_an_envelope_is_set_aside_with_its_number(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "docker.log"
    said = [{"log": "worker started\n"}, {"log": json.dumps(ROWS[0])}, {"log": '{"level": "info"}'}, {"log": json.dumps(ROWS[1])}]
    path.write_text(by_line(said) + "cut sh\n")
    scope = read(engine, path)
    assert (scope.attempts, scope.rejects) == (2, 3)
    assert engine.rows("SELECT line, reason FROM rejects WHERE line < 5 ORDER BY line") == [
        (1, "not an object"),
        (3, "has none of the format's fields"),
    ]
    assert engine.rows("SELECT line FROM calls ORDER BY line") == [(2,), (4,)]


def test_an_envelope_of_many_numbers_its_records_through(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_text(by_line([{"records": [ROWS[0], 42, ROWS[1]]}]) + "garbage\n" + by_line([{"records": ROWS[2:]}]))
    scope = read(engine, path)
    assert (scope.attempts, scope.rejects) == (4, 2)
    assert engine.rows("SELECT line, raw FROM rejects ORDER BY line") == [(2, b"99"), (4, b"xxxxxxx")]  # their shape, not their words
    assert engine.rows("SELECT line FROM calls ORDER BY line") == [(1,), (3,), (5,), (6,)]


@pytest.mark.parametrize("many", [False, True])
def test_a_wrapped_log_that_grows(engine: Engine, tmp_path: Path, many: bool) -> None:
    path = tmp_path / "grows.log"
    wrap = (lambda rows: by_line([{"records": rows}])) if many else (lambda rows: by_line([{"log": json.dumps(r)} for r in rows]))
    path.write_text(wrap(ROWS[:2]))
    assert read(engine, path).attempts == 2
    with path.open("a") as log:
        log.write(wrap(ROWS[2:]))
    assert read(engine, path).attempts == 4
    assert engine.rows("SELECT line FROM calls ORDER BY line") == [(1,), (2,), (3,), (4,)]


def test_a_record_that_a_source_claims_is_not_opened(engine: Engine, tmp_path: Path) -> None:
    """A call may well carry a key such as "data" or "message" of its own."""
    path = logs.write(tmp_path / "a.jsonl", [row | {"data": [ROWS[3]], "message": json.dumps(ROWS[3])} for row in ROWS[:2]])
    assert read(engine, path).attempts == 2
    assert engine.rows("SELECT source_call_id FROM calls ORDER BY line") == [(r["litellm_call_id"],) for r in ROWS[:2]]


def test_records_outside_of_the_envelope_are_other_events_unless_they_fit(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "app.jsonl"
    other = {"level": "info", "id": "r-1", "msg": "GET /health"}
    path.write_text(by_line([*({"level": "info", "event": r} for r in ROWS), other, other, ROWS[0] | {"id": "bare"}]), encoding="utf-8")
    scope = read(engine, path)
    assert engine.value("SELECT count(*) FROM calls") == len(ROWS) + 1
    assert (scope.other, scope.rejects) == (2, 0)
    assert engine.value("SELECT note FROM ledger_files") == "2 records without event hold other events instead of calls, left out"
