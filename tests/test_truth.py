"""What the rules say about a labelled log, held against its labels. The labels are never seen by the tool."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import truth
from corpora import corpus
from infercheck import AnalyzeOptions, analyze
from infercheck.model.report import Report

PROXY = "litellm_proxy"
LOG = f"{PROXY}/standard_logging.part1.jsonl.gz"
OPTIONS = AnalyzeOptions(use_ledger=False)


@pytest.fixture(scope="module")
def report() -> Report:
    return analyze([corpus(LOG)], options=OPTIONS)


@pytest.fixture(scope="module")
def log() -> truth.Log:
    corpus(PROXY)
    return truth.read()


@pytest.fixture(scope="module")
def claims() -> pl.DataFrame:
    corpus(LOG)
    return truth.claimed()


# Recall that each rule must reach. tool_loop: of 17 labelled calls one is the second of a pair, which the catalogue's rule (three or more)
# leaves alone. impatient_client: what the overloaded gateway did not log cannot be seen; no bound is set, the table tells.
BOUNDS = {
    "premium_for_short_answers": 0.95,
    "duplicate_request": 0.95,
    "tool_loop": 16 / 17,
    "cache_breaker": 0.95,
    "uncached_prefix": 0.95,
    "validation_loop": 0.90,
    "serial_steps": 0.90,
    "impatient_client": 0.0,
}


@pytest.mark.parametrize("judged", truth.JUDGED, ids=lambda j: j.rule)
def test_recall_and_innocent_neighbours(judged: truth.Judged, log: truth.Log, claims: pl.DataFrame) -> None:
    verdict = truth.judge(log, claims, judged)
    assert verdict.recall >= BOUNDS[judged.rule]
    assert verdict.on_silent == 0


def test_the_whole_table(log: truth.Log, claims: pl.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    page = truth.page([truth.judge(log, claims, judged) for judged in truth.JUDGED])
    with capsys.disabled():
        print("\n" + page)
    kept = Path(truth.__file__).with_name("TRUTH.md").read_text(encoding="utf-8")
    assert page == kept, "python benchmarks/truth.py writes it anew"


def test_background_slows_interactive_is_silent_without_a_burst(claims: pl.DataFrame) -> None:
    assert claims.filter(pl.col("rule") == "background_slows_interactive").is_empty()


def test_no_interactive_workload_is_called_background(report: Report, log: truth.Log) -> None:
    interactive = {row["app"] for row in log.truth.values() if row["class"] == "interactive"}
    assert {w.workload for w in report.spend.by_workload} >= interactive
    assert not [w.workload for w in report.spend.by_workload if w.klass == "background" and w.workload in interactive]


def test_counts_cost_and_failures(report: Report) -> None:
    facts = json.loads(corpus(f"{PROXY}/ground_truth.json").read_text(encoding="utf-8"))
    assert (report.coverage.attempts, report.coverage.requests) == (2807, 2741)
    assert report.headline.spend_usd == pytest.approx(Decimal("7.328346"), abs=Decimal("0.000001"))
    by_model = {f"{m.provider}/{m.model}": m for m in report.spend.by_model}
    for name, row in facts["cost_by_model_served"].items():
        own = by_model[name]
        assert own.calls == row["rows"]
        assert (own.input_tokens or 0, own.output_tokens or 0) == (row["prompt_tokens"], row["completion_tokens"])
        # Unknown is not zero: the self-hosted model has no price, so its spend is not known.
        assert (
            (own.spend_usd is None)
            if row["cost"] == 0
            else own.spend_usd == pytest.approx(Decimal(str(row["cost"])), abs=Decimal("0.000001"))
        )


def test_the_redacted_twin_has_the_same_totals_and_says_what_it_cannot_check(report: Report) -> None:
    redacted = analyze([corpus(f"{PROXY}/standard_logging_redacted.jsonl.gz")], options=OPTIONS)
    assert (redacted.coverage.attempts, redacted.coverage.requests) == (2807, 2741)
    assert redacted.headline.spend_usd == report.headline.spend_usd
    unchecked = {n.rule for n in redacted.coverage.not_checked}
    assert {"retry_storm", "duplicate_request", "uncached_prefix", "cache_breaker", "tool_loop"} <= unchecked
    assert all(n.setting for n in redacted.coverage.not_checked if n.rule in ("duplicate_request", "uncached_prefix"))


def comparable(report: Report) -> dict[str, Any]:
    """All but what speaks of the copies: how many there are, and what a sum over them would come to."""
    data = report.model_dump(mode="json")
    for key in ("files", "rows", "duplicates", "skipped", "notices", "naive_sum"):
        data["coverage"].pop(key)
    return data


def test_fed_twice_or_beside_its_redacted_twin_changes_only_the_duplicates(report: Report, tmp_path: Path) -> None:
    shutil.copy(corpus(LOG), tmp_path / "b.jsonl.gz")
    twice = analyze([corpus(LOG), tmp_path], options=OPTIONS)
    assert twice.coverage.duplicates == 2807
    assert twice.coverage.naive_sum is not None
    assert twice.coverage.naive_sum.usd == 2 * twice.headline.spend_usd
    assert comparable(twice) == comparable(report)
    beside = analyze([corpus(f"{PROXY}/standard_logging_redacted.jsonl.gz"), corpus(LOG)], options=OPTIONS)
    assert beside.coverage.duplicates == 2807
    assert comparable(beside) == comparable(report)


def test_two_formats_of_one_stretch_count_once() -> None:
    both = analyze([corpus("litellm_pair")], options=OPTIONS)
    assert both.coverage.requests == 579
    assert both.headline.spend_usd == pytest.approx(Decimal("1.502436"), abs=Decimal("0.000001"))


def test_the_plan_sums_to_the_cent_and_no_call_saves_more_than_its_bill(report: Report, claims: pl.DataFrame) -> None:
    assert sum(item.saves_usd or 0 for item in report.plan) == report.plan_total_usd
    total = claims["saved_usd"].sum()
    assert report.plan_total_usd == total
    calls = claims.group_by("call_id").agg(pl.col("saved_usd").sum(), pl.col("billed_usd").max())
    assert calls.filter(pl.col("saved_usd") > pl.col("billed_usd")).is_empty()


@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_lines_and_files_changes_nothing(report: Report, tmp_path: Path, seed: int) -> None:
    lines = gzip.decompress(corpus(LOG).read_bytes()).splitlines()
    random.Random(seed).shuffle(lines)  # noqa: S311
    for part in range(3):
        (tmp_path / f"{9 - part}.jsonl").write_bytes(b"\n".join(lines[part::3]) + b"\n")
    assert comparable(analyze([tmp_path], options=OPTIONS)) == comparable(report)
