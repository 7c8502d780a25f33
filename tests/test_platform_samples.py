"""One afternoon told by every observability platform and gateway: each log is read whole, and all say the same as far as they know it."""

from __future__ import annotations

import importlib.util
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from infercheck import AnalyzeOptions, analyze, ingest
from infercheck.engine.duckdb import Engine
from infercheck.model.report import Report

SAMPLES = Path(__file__).resolve().parents[1] / "sample_logs"


def load_platforms() -> ModuleType:
    spec = importlib.util.spec_from_file_location("platforms", SAMPLES / "platforms.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["platforms"] = module
    spec.loader.exec_module(module)
    return module


platforms = load_platforms()
CALLS = platforms.afternoon()
SERVED = [c for c in CALLS if c.ok]
TRACE_5 = [c for c in CALLS if c.trace == 5]
# Each log, and the calls in it. The CSV of OpenRouter and its records know only what was generated.
LOGS = {
    "langfuse/ui.jsonl": CALLS, "langfuse/ui.csv": CALLS, "langfuse/api.json": CALLS, "langfuse/api_v2.json": CALLS, "langfuse/blob": CALLS,
    "langfuse/trace.json": TRACE_5, "helicone.jsonl": CALLS, "portkey.jsonl": CALLS, "cloudflare.json": CALLS, "kong.jsonl": CALLS,
    "openrouter.jsonl": SERVED, "openrouter.csv": SERVED,
}  # fmt: skip
SCORED = {"langfuse/ui.jsonl", "langfuse/ui.csv", "langfuse/blob", "helicone.jsonl"}


def test_the_samples_are_what_the_script_makes() -> None:
    made = {str(p.relative_to(SAMPLES / "platforms").as_posix()): p.read_bytes() for p in (SAMPLES / "platforms").rglob("*") if p.is_file()}
    assert made == platforms.files()


@pytest.fixture(scope="module", params=LOGS)
def report(request: pytest.FixtureRequest) -> tuple[str, Report]:
    return request.param, analyze([SAMPLES / "platforms" / request.param], options=AnalyzeOptions(use_ledger=False))


def test_a_report_reads_it_whole_and_costs_what_was_paid(report: tuple[str, Report]) -> None:
    name, found = report
    cover, calls = found.coverage, LOGS[name]
    assert (cover.attempts, cover.duplicates, cover.rejects, cover.cell_issues, cover.notices) == (len(calls), 0, 0, 0, [])
    assert found.headline.spend_usd is not None
    assert found.headline.spend_usd.quantize(Decimal("1e-6")) == Decimal(str(sum(c.usd for c in calls))).quantize(Decimal("1e-6"))
    assert found.headline.outcomes == (
        len({c.trace for c in calls}) if "langfuse" in name or name in ("helicone.jsonl", "portkey.jsonl") else len(calls)
    )
    if name in SCORED:  # four of the 24 answers were not liked
        assert found.headline.success_evidence == "score, per trace"
        assert found.headline.successful_outcomes == sum(platforms.liked(n) for n in range(platforms.QUESTIONS)) == 20


@pytest.mark.parametrize("name", LOGS)
def test_every_figure_of_a_call_is_the_one_that_was_logged(name: str) -> None:
    with Engine(threads=1) as engine:
        ingest.open_scope(engine, ingest.ingest(engine, [str(SAMPLES / "platforms" / name)]))
        rows = engine.rows("""
            SELECT input_tokens, output_tokens, cache_read_tokens, reasoning_tokens, epoch_ms(started_at), epoch_ms(ended_at), status
            FROM calls ORDER BY started_at""")  # fmt: skip
        spans = engine.value("SELECT count(*) FROM spans")
    split = name != "cloudflare.json"  # the one that keeps no cached and reasoning tokens
    assert rows == [
        (*((c.tokens, c.answer_tokens, c.cached if split else None, c.reasoning if split else None) if c.ok else (None,) * 4),
         round(c.at.timestamp() * 1000), round(c.end.timestamp() * 1000), "ok" if c.ok else "rate_limited")
        for c in LOGS[name]
    ]  # fmt: skip
    assert spans == (2 * len({c.trace for c in LOGS[name]}) if "langfuse" in name else 0)


def test_all_exports_of_langfuse_together_count_once() -> None:
    report = analyze([SAMPLES / "platforms" / "langfuse"], options=AnalyzeOptions(use_ledger=False))
    assert (report.coverage.attempts, report.coverage.rejects, report.coverage.cell_issues) == (len(CALLS), 0, 0)
    assert report.headline.outcomes == platforms.QUESTIONS


def test_the_blob_export_as_parquet_says_the_same(tmp_path: Path) -> None:
    import duckdb

    for name in ("observations", "traces", "scores"):
        source = SAMPLES / "platforms" / "langfuse" / "blob" / name / "2026-11-02.jsonl"
        duckdb.sql(f"COPY (SELECT * FROM read_json('{source.as_posix()}')) TO '{(tmp_path / name).as_posix()}.parquet' (FORMAT parquet)")
    lines, parquet = (
        analyze([folder], options=AnalyzeOptions(use_ledger=False)) for folder in (SAMPLES / "platforms" / "langfuse" / "blob", tmp_path)
    )
    assert (parquet.coverage.attempts, parquet.coverage.rejects, parquet.coverage.cell_issues) == (len(CALLS), 0, 0)
    assert parquet.headline == lines.headline
