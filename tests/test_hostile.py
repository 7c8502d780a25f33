"""Logs written to do harm, at small sizes; `make hostile` runs them at absurd ones. What is tried and what must hold: benchmarks/hostile.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import hostile
from infercheck import prepare
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.ingest import ingest, open_scope

NAMES = ["litellm", "portkey", "own columns as CSV", "a name with a line end", "as many models as calls", "as many workloads as calls"]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_log_does_no_harm(name: str, tmp_path: Path) -> None:
    for case in hostile.cases(tmp_path, depth=5_000, width=1 << 20, many=300):
        if case.name == name:
            outcome = hostile.run(case, tmp_path)
            assert outcome.fault == ""
            assert outcome.rows > 30 or name == "a name with a line end"
            return
    pytest.skip("no such file name on this system")


def test_the_search_for_what_a_reader_obeys_finds_it() -> None:
    assert hostile._obeyed("text", "a\x1b[31m")
    assert hostile._obeyed("csv", "a,=1+1\n")
    assert hostile._obeyed("markdown", "a <script>")
    assert not hostile._obeyed("markdown", "a `<script>` b")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as made:
        yield made


def test_prices_are_looked_up_for_the_models_with_most_calls(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that puts an id into each model's name: what is left out has no price, and that is told."""
    monkeypatch.setattr(prepare, "MODELS_MAX", 2)
    models = ["gpt-4o"] * 3 + ["gpt-4o-mini"] * 2 + ["gpt-4.1"]
    path = tmp_path / "log.jsonl"
    rows = [hostile.litellm() | {"id": f"c{n}", "model": f"openai/{model}"} for n, model in enumerate(models)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    open_scope(engine, ingest(engine, [str(path)]))
    told = prepare.prepare(engine, Config())
    assert told == ["of 3 names of models only the 2 with most calls were looked up; calls of the others have no price"]
    asked = engine.rows("SELECT DISTINCT c.model FROM calls c JOIN prices p ON p.model = c.model AND p.provider = c.provider ORDER BY 1")
    assert asked == [("gpt-4o",), ("gpt-4o-mini",)]


def test_what_cannot_be_meant_is_unknown_and_counted(engine: Engine, tmp_path: Path) -> None:
    """Go's zero time, a count of tokens that is a date, a bill of billions: each costs its value alone."""
    rows = [
        {"startTime": "0001-01-01T00:00:00Z"},
        {"startTime": "9999-12-31T00:00:00Z"},
        {"prompt_tokens": 253402300799},
        {"response_cost": 1e20},
        {},
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(hostile.litellm() | row | {"id": f"c{n}"}) + "\n" for n, row in enumerate(rows)), encoding="utf-8")
    scope = open_scope(engine, ingest(engine, [str(path)]))
    assert (scope.rows, scope.rejects) == (5, 0)
    known = engine.rows("SELECT started_at IS NOT NULL, input_tokens IS NOT NULL, logged_cost IS NOT NULL FROM call_rows ORDER BY line")
    assert known == [(False, True, True), (False, True, True), (True, False, True), (True, True, False), (True, True, True)]
    told = dict(engine.rows('SELECT "column", count FROM cell_issues'))
    assert {name: told[name] for name in ("started_at", "input_tokens", "logged_cost")} == {
        "started_at": 2,
        "input_tokens": 1,
        "logged_cost": 1,
    }
