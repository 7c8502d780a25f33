"""Counted totals of recorded gateway traffic, where those recordings are at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import infercheck
from infercheck import AnalyzeOptions, ingest
from infercheck.engine.duckdb import Engine

CORPORA = Path(__file__).parents[1].parent / "shared" / "corpora"
PROXY, PAIR = CORPORA / "litellm_proxy", CORPORA / "litellm_pair"
FULL, REDACTED = PROXY / "standard_logging.part1.jsonl.gz", PROXY / "standard_logging_redacted.jsonl.gz"
SLP, SPEND = PAIR / "standard_logging.jsonl.gz", PAIR / "LiteLLM_SpendLogs.csv.gz"

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="recorded traffic is not part of the repository")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def read(engine: Engine, *paths: Path) -> ingest.Scope:
    return ingest.open_scope(engine, ingest.ingest(engine, [str(p) for p in paths]))


@pytest.mark.parametrize(
    ("paths", "rows"), [([FULL], 2807), ([REDACTED], 2807), ([FULL, REDACTED], 5614), ([REDACTED, FULL], 5614), ([PROXY], 5614)], ids=str
)
def test_proxy_totals(engine: Engine, paths: list[Path], rows: int) -> None:
    truth = json.loads((PROXY / "ground_truth.json").read_text())
    scope = read(engine, *paths)
    assert (scope.rows, scope.attempts, scope.requests, scope.rejects, scope.cell_issues) == (rows, 2807, 2741, 0, 0)
    assert scope.duplicates == rows - 2807
    assert float(engine.value("SELECT sum(logged_cost) FROM calls")) == pytest.approx(truth["total_cost"], abs=1e-6)
    assert engine.rows("SELECT sum(input_tokens), sum(output_tokens), sum(cache_read_tokens) FROM calls") == [
        (truth["total_prompt_tokens"], truth["total_completion_tokens"], truth["cached_tokens"])
    ]
    by_model = engine.rows("""
        SELECT provider || '/' || model, count(*), sum(logged_cost), sum(input_tokens), sum(output_tokens) FROM calls GROUP BY 1""")
    assert {m: (n, i, o) for m, n, _, i, o in by_model} == {
        m: (t["rows"], t["prompt_tokens"], t["completion_tokens"]) for m, t in truth["cost_by_model_served"].items()
    }
    for model, _, cost, _, _ in by_model:
        assert float(cost) == pytest.approx(truth["cost_by_model_served"][model]["cost"], abs=1e-6)
    failures = dict(engine.rows("SELECT CAST(http_status AS VARCHAR), count(*) FROM calls WHERE status <> 'ok' GROUP BY 1"))
    assert failures == truth["failure_rows_by_code"]
    if FULL in paths or PROXY in paths:
        assert engine.value("SELECT count(prompt_hash) FROM calls") == 2807
    else:
        assert engine.value("SELECT count(prompt_hash) FROM calls") == 0


@pytest.mark.parametrize(("paths", "attempts"), [([SLP], 600), ([SPEND], 579), ([SLP, SPEND], 600), ([SPEND, SLP], 600)], ids=str)
def test_one_stretch_of_traffic_in_two_formats_counts_once(engine: Engine, paths: list[Path], attempts: int) -> None:
    scope = read(engine, *paths)
    assert (scope.attempts, scope.requests) == (attempts, 579)
    assert float(engine.value("SELECT sum(logged_cost) FROM calls")) == pytest.approx(1.502436, abs=1e-6)
    assert engine.value("SELECT count(*) FROM calls WHERE status <> 'ok'") == (36 if attempts == 600 else 15)


def test_the_figures_do_not_depend_on_the_salt() -> None:
    """Without a ledger each run draws a salt of its own, under which digests sort differently; the two formats tie in tokens and fullness."""
    log = CORPORA / "litellm_otel"

    def found() -> object:
        report = infercheck.analyze([log], options=AnalyzeOptions(use_ledger=False))
        return report.plan_total_usd, report.headline.spend_usd, [(f.id, f.calls, f.counted_once_usd) for f in report.findings]

    first = found()
    assert [found(), found()] == [first, first]
