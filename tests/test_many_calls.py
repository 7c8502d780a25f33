"""A log of many calls is looked at on one connection and in compressed tables, names are kept as numbers: the report says the same."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from infercheck import AnalyzeOptions, analyze, diagnose, query, run
from infercheck.engine import duckdb, names_as_numbers

DEMO = Path(__file__).parents[1] / "sample_logs" / "demo"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> AnalyzeOptions:
    return AnalyzeOptions(ledger=tmp_path_factory.mktemp("ledger") / "ledger.duckdb")


@pytest.fixture(scope="module")
def usual(ledger: AnalyzeOptions) -> str:
    return analyze(DEMO, options=ledger).model_dump_json()


def test_many_calls(ledger: AnalyzeOptions, usual: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb, "MANY_CALLS", 0)
    assert analyze(DEMO, options=ledger).model_dump_json() == usual


def test_more_names_than_are_numbered(ledger: AnalyzeOptions, usual: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_as_numbers, "MOST", 2)
    assert analyze(DEMO, options=ledger).model_dump_json() == usual


def test_a_name_that_was_not_foretold() -> None:
    with duckdb.Engine() as engine:
        engine.create("t", "SELECT unnest(['b', 'a', 'c']) AS name", {"name": "SELECT unnest(['a', 'b'])"})
        assert engine.rows("SELECT name FROM t ORDER BY name") == [("a",), ("b",), ("c",)]


@pytest.mark.parametrize("many", [0, 10**9])
def test_names_come_out_as_text(ledger: AnalyzeOptions, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb, "MANY_CALLS", many)
    found = query(
        DEMO, "SELECT status, max(workload) AS workload FROM priced_calls GROUP BY status ORDER BY status -- by name", options=ledger
    )
    assert found.schema == {"status": pl.String, "workload": pl.String}
    assert found["status"].to_list() == sorted(found["status"].to_list())


@pytest.mark.parametrize("many", [0, 10**9])
def test_a_view_that_only_rules_read_goes_and_comes_again(ledger: AnalyzeOptions, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb, "MANY_CALLS", many)
    with run.opened(DEMO, ledger, None) as opened:
        opened.diagnosed()
        assert "attempt_chains" not in opened.engine.tables()
        assert "priced_calls" in opened.engine.tables()
        opened.make_views("attempt_chains")
        assert opened.engine.value("SELECT count(*) FROM attempt_chains") > 0


def test_texts_that_only_sql_of_ones_own_reads_are_spared(ledger: AnalyzeOptions) -> None:
    texts = {*diagnose.SPARED["priced_calls"]}
    with run.opened(DEMO, ledger, None) as opened:
        opened.diagnosed()
        assert not texts & {*opened.engine.columns("priced_calls")}
    rows = query(
        DEMO, f"SELECT {', '.join(sorted(texts))}, unit_hash, request_hash, caller_hash, has_end_user FROM priced_calls", options=ledger
    )
    for text in ("unit", "request", "caller"):  # a number for each text, and a text for each number
        pairs = rows.select(f"{text}_id" if text != "caller" else text, f"{text}_hash").unique()
        assert len(pairs) == pairs.to_series(0).n_unique() == pairs.to_series(1).n_unique() > 1
    assert rows.select((pl.col("end_user").is_not_null() == pl.col("has_end_user")).all()).item()
