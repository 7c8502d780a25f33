"""What the rules say about a labelled log, held against its labels. The labels are never seen by the tool."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import corpus, labels

from infercheck import AnalyzeOptions, analyze, export_claims
from infercheck.model.report import Report

PROXY = "litellm_proxy"
LOG = f"{PROXY}/standard_logging.part1.jsonl.gz"
OPTIONS = AnalyzeOptions(use_ledger=False)


@pytest.fixture(scope="module")
def report() -> Report:
    return analyze([corpus(LOG)], options=OPTIONS)


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, Any]]:
    return labels(PROXY)


@pytest.fixture(scope="module")
def claims() -> pl.DataFrame:
    return export_claims([corpus(LOG)], options=OPTIONS)


def claimed(claims: pl.DataFrame, rule: str) -> set[str]:
    return set(claims.filter(pl.col("rule") == rule)["source_call_id"])


def with_label(truth: dict[str, dict[str, Any]], *names: str) -> set[str]:
    """Calls of a label that have a row in the log: 55 labels have none."""
    logged = {json.loads(line)["litellm_call_id"] for line in gzip.open(corpus(LOG), "rt", encoding="utf-8")}
    return {call for call, row in truth.items() if row["label"] in names and call in logged}


def repeats(truth: dict[str, dict[str, Any]]) -> set[str]:
    """Duplicates but the first of each group, by the gateway's clock: the calls that a cache would have answered."""
    starts: dict[str, float] = {}
    for line in gzip.open(corpus(LOG), "rt", encoding="utf-8"):
        row = json.loads(line)
        starts[row["litellm_call_id"]] = min(row["startTime"], starts.get(row["litellm_call_id"], row["startTime"]))
    groups: dict[str, list[str]] = {}
    for call in with_label(truth, "dup_candidate"):
        groups.setdefault(truth[call]["dup_group"], []).append(call)
    return {call for group in groups.values() for call in sorted(group, key=starts.__getitem__)[1:]}


def wasted_loop_calls(truth: dict[str, dict[str, Any]]) -> tuple[set[str], set[str]]:
    """Calls labelled as wasted in a tool loop, and those of them in a run of three or more: the catalogue's rule begins at three, since two
    equal calls may be one look and one check. One labelled pair stands at the end of the log, where its loop was cut off."""
    wasted = {call for call in with_label(truth, "tool_loop") if truth[call]["wasted_loop_call"]}
    runs = Counter((truth[call]["trace"], truth[call]["emits_tool"], truth[call]["emits_args"]) for call in wasted)
    long = {call for call in wasted if runs[truth[call]["trace"], truth[call]["emits_tool"], truth[call]["emits_args"]] >= 2}
    return wasted, long


@pytest.mark.parametrize(
    ("rule", "label", "controls"),
    [
        ("premium_for_short_answers", "premium_trivial", ("cheap_trivial_ok", "premium_justified")),
        ("duplicate_request", "dup_candidate", ("unique",)),
        ("tool_loop", "tool_loop", ("agent_ok",)),
        ("cache_breaker", "cache_busting_prefix", ()),
        ("uncached_prefix", "shared_prefix_uncached", ("shared_prefix_cached",)),
    ],
)
def test_recall_and_controls(
    claims: pl.DataFrame, truth: dict[str, dict[str, Any]], rule: str, label: str, controls: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    found = claimed(claims, rule)
    if label == "dup_candidate":
        wanted = repeats(truth)
    elif label == "tool_loop":
        labelled, wanted = wasted_loop_calls(truth)
        assert len(labelled) == 17  # ground_truth.json: wasted_rows
        assert len(labelled - wanted) == 1
    else:
        wanted = with_label(truth, label)
    recall = len(found & wanted) / len(wanted)
    outside = Counter(truth[call]["label"] for call in found - with_label(truth, label))
    with capsys.disabled():
        print(f"\n  {rule}: recall {recall:.3f} of {len(wanted)}; other labels claimed: {dict(outside) or 'none'}")
    assert recall >= 0.95
    assert not found & with_label(truth, *controls)


def test_no_interactive_workload_is_called_background(report: Report, truth: dict[str, dict[str, Any]]) -> None:
    interactive = {row["app"] for row in truth.values() if row["class"] == "interactive"}
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
        assert (own.spend_usd is None) if row["cost"] == 0 else own.spend_usd == pytest.approx(Decimal(str(row["cost"])), abs=Decimal("0.000001"))


def test_the_redacted_twin_has_the_same_totals_and_says_what_it_cannot_check(report: Report) -> None:
    redacted = analyze([corpus(f"{PROXY}/standard_logging_redacted.jsonl.gz")], options=OPTIONS)
    assert (redacted.coverage.attempts, redacted.coverage.requests) == (2807, 2741)
    assert redacted.headline.spend_usd == report.headline.spend_usd
    unchecked = {n.rule for n in redacted.coverage.not_checked}
    assert {"retry_storm", "duplicate_request", "uncached_prefix", "cache_breaker", "tool_loop"} <= unchecked
    assert all(n.setting for n in redacted.coverage.not_checked if n.rule in ("duplicate_request", "uncached_prefix"))


def comparable(report: Report) -> dict[str, Any]:
    data = report.model_dump(mode="json")
    for key in ("files", "rows", "duplicates", "skipped", "notices"):
        data["coverage"].pop(key)
    return data


def test_fed_twice_or_beside_its_redacted_twin_changes_only_the_duplicates(report: Report, tmp_path: Path) -> None:
    shutil.copy(corpus(LOG), tmp_path / "b.jsonl.gz")
    twice = analyze([corpus(LOG), tmp_path], options=OPTIONS)
    assert twice.coverage.duplicates == 2807
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
    lines = gzip.open(corpus(LOG), "rb").read().splitlines()
    random.Random(seed).shuffle(lines)  # noqa: S311
    for part in range(3):
        (tmp_path / f"{9 - part}.jsonl").write_bytes(b"\n".join(lines[part::3]) + b"\n")
    assert comparable(analyze([tmp_path], options=OPTIONS)) == comparable(report)
