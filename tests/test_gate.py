"""The gate from files to exit codes: a log of days against a baseline, a load test against another, budgets, suppressions, refusals."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import days
import infercheck
import logs
from infercheck import api, cli, gate
from infercheck.gate import matched
from infercheck.gate.baseline import comparable
from infercheck.gate.decompose import decompose
from infercheck.gate.pricing import Pricer
from infercheck.model.config import AnalyzeOptions
from infercheck.model.gate import RULES, GateReport
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Bucket, Outcomes, Prices, Snapshot, Tokens

OPTIONS = AnalyzeOptions(use_ledger=False)
TODAY = gate.GateOptions(today=date(2026, 10, 1))
Run = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of baseline, and weeks after it: one alike, one dearer by 40%, one slower by half."""
    made = tmp_path_factory.mktemp("gate")
    days.write(made / "base.jsonl", 0, 14)
    days.write(made / "same.jsonl", 14, 7)
    days.write(made / "dear.jsonl", 14, 7, rise=1.4)
    days.write(made / "slow.jsonl", 14, 7, slower=1.5)
    days.write(made / "short.jsonl", 14, 3)
    (made / "base.json").write_text(gate.dump(api.baseline([made / "base.jsonl"], options=OPTIONS)), encoding="utf-8")
    (made / "none.toml").write_text("", encoding="utf-8")
    return made


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line over the folder's files; the exit code and the JSON result."""

    def ran(*argv: str) -> tuple[int, Any]:
        config = () if "--config" in argv else ("--config", str(folder / "none.toml"))
        named = [str(folder / arg) if re.fullmatch(r"\w+\.(jsonl|json|toml)", arg) else arg for arg in argv]
        code = cli.run([*named, *config, "--no-ledger", "--format", "json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    return ran


def found(report: Any, rule: str, **stratum: str) -> Any:
    """The check of that rule about exactly that stratum."""
    about = {"workload": None, "model": None, "team": None, **stratum}
    return next(c for c in report["checks"] if c["rule"] == rule and c["stratum"] == about)


# --- day by day


def test_no_change_passes_and_a_regression_fails_where_it_is(run: Run) -> None:
    code, report = run("check", "same.jsonl", "--baseline", "base.json")
    assert (code, report["outcome"], report["comparison"]["kind"]) == (0, "passed", "days")
    assert [report["comparison"][side]["days"] for side in ("base", "head")] == [14, 7]
    code, report = run("check", "dear.jsonl", "--baseline", "base.json")
    assert (code, report["outcome"]) == (1, "failed")
    whole = found(report, "cost_per_success")
    assert whole["verdict"] == "fail"
    assert whole["interval_percent"][0] < 40 < whole["interval_percent"][1]
    assert whole["stake_usd"] == pytest.approx((0.4 / 1.4) * report["decomposition"]["head_usd"], rel=0.25)
    assert found(report, "latency_p95")["verdict"] == "pass"


def test_a_slower_log_fails_by_latency_and_not_by_cost(run: Run) -> None:
    code, report = run("diff", "base.json", "slow.jsonl")
    assert code == 1
    assert {c["rule"] for c in report["checks"] if c["verdict"] == "fail"} == {"latency_p50", "latency_p95"}
    assert all(c["stratum"]["workload"] != "invoices" for c in report["checks"] if c["rule"].startswith("latency"))  # nobody waits for it


def test_too_few_days_are_inconclusive_and_never_a_failure(run: Run) -> None:
    code, report = run("check", "short.jsonl", "-b", "base.json")
    assert (code, report["outcome"]) == (0, "inconclusive")
    assert found(report, "cost_per_success")["reason"] == "3 days to judge now, 5 are needed"
    assert run("check", "short.jsonl", "-b", "base.json", "--require-conclusive")[0] == 4
    assert run("check", "short.jsonl", "-b", "base.json", "--require-conclusive", "--exit-zero")[0] == 0


def test_a_workload_that_the_baseline_does_not_know_may_spend_so_much_and_no_more(folder: Path, run: Run) -> None:
    rows = [row | ({"request_tags": ["app:fresh"]} if "invoices" in row["request_tags"][0] else {}) for row in days.rows(14, 7)]
    logs.write(folder / "fresh.jsonl", rows)
    code, report = run("check", "fresh.jsonl", "-b", "base.json")
    assert code == 1
    check = found(report, "new_stratum", workload="fresh", model="openai/gpt-4o")
    assert (check["verdict"], check["severity"]) == ("fail", "error")
    (folder / "loose.toml").write_text("[gate]\nnew_stratum_usd_per_day = 1000\n", encoding="utf-8")
    code, report = run("check", "fresh.jsonl", "-b", "base.json", "--config", "loose.toml")
    assert code == 0
    assert found(report, "new_stratum", workload="fresh", model="openai/gpt-4o")["verdict"] == "new"


def test_new_workloads_share_one_limit(folder: Path, run: Run) -> None:
    """Each of five spends some $0.70 a day."""
    rows = [
        row | {"request_tags": [f"app:fresh-{n // 60 % 5}"]} if "invoices" in row["request_tags"][0] else row
        for n, row in enumerate(days.rows(14, 7, a_day=12))
    ]
    rows = [row | ({"request_tags": [f"app:fresh-{n % 5}"]} if "fresh" in row["request_tags"][0] else {}) for n, row in enumerate(rows)]
    logs.write(folder / "several.jsonl", rows)
    code, report = run("check", "several.jsonl", "-b", "base.json")
    alone = [c for c in report["checks"] if c["rule"] == "new_stratum" and c["stratum"]["workload"]]
    assert [c["verdict"] for c in alone] == ["new"] * 5
    whole = found(report, "new_stratum")
    assert (code, whole["verdict"]) == (1, "fail")
    assert whole["stake_usd"] == pytest.approx(sum(c["stake_usd"] for c in alone))
    assert "5 that are not in the baseline" in whole["reason"]
    (folder / "known.toml").write_text(
        '[[suppress]]\nrule = "new_stratum"\nmatch = {workload = "fresh-*"}\nreason = "launch"\nexpires = 2026-12-31\n', encoding="utf-8"
    )
    assert run("check", "several.jsonl", "-b", "base.json", "--config", "known.toml", "--now", "2026-10-01")[0] == 0


@pytest.mark.parametrize(
    ("model", "factor", "code"),
    [("gpt-4o", 16, 1), ("gpt-4o-mini-2024-07-18", 1, 0), ("gpt-4.1-nano", 0.7, 0)],
    ids=["dear", "alike", "cheap"],
)
def test_a_workload_that_moves_to_another_model_is_judged_by_what_a_success_costs(
    model: str, factor: float, code: int, folder: Path, run: Run
) -> None:
    moved = {"model": f"openai/{model}", "model_group": model}
    rows = [row | (moved | {"response_cost": row["response_cost"] * factor} if "mini" in row["model"] else {}) for row in days.rows(14, 7)]
    logs.write(folder / "moved.jsonl", rows)
    exit_code, report = run("check", "moved.jsonl", "-b", "base.json")
    check = found(report, "cost_per_success", workload="help-desk")
    assert (exit_code, check["verdict"]) == (code, "fail" if code else "pass")
    low, high = check["interval_percent"]
    assert low < 100 * (factor - 1) < high
    assert check["reason"].endswith(f"models before: openai/gpt-4o-mini 100%; now: openai/{model} 100%")
    assert f"help-desk (models before: openai/gpt-4o-mini 100%; now: openai/{model} 100%)" in report["notes"][0]
    assert not [c for c in report["checks"] if c["rule"] == "new_stratum"]
    assert found(report, "cost_per_success", workload="invoices", model="openai/gpt-4o")["verdict"] == "pass"  # beside it, as ever


def routed(first: int, count: int, dear: Callable[[int], float]) -> list[dict[str, Any]]:
    """help-desk goes to gpt-4o, which costs 16 times as much, in a share of its calls that depends on the day."""
    rng = random.Random(first)  # noqa: S311
    made = []
    for n, row in enumerate(days.rows(first, count, a_day=60)):
        cost = row["response_cost"] * 16
        up = "help-desk" in row["request_tags"][0] and rng.random() < dear(first + n // 180)
        made.append(row | ({"model": "openai/gpt-4o", "model_group": "gpt-4o", "response_cost": cost} if up else {}))
    return made


def test_a_router_that_sends_more_to_the_dear_model_fails_and_a_drift_does_not(folder: Path, run: Run) -> None:
    logs.write(folder / "fifth.jsonl", routed(0, 14, lambda day: 0.2))
    logs.write(folder / "fifth_still.jsonl", routed(14, 7, lambda day: 0.2))
    logs.write(folder / "half.jsonl", routed(14, 7, lambda day: 0.5))
    logs.write(folder / "drift.jsonl", routed(0, 14, lambda day: 0.1 + 0.02 * day))
    logs.write(folder / "drifted.jsonl", routed(14, 7, lambda day: 0.1 + 0.02 * day))
    code, report = run("diff", "fifth.jsonl", "half.jsonl")
    check = found(report, "cost_per_success", workload="help-desk")
    assert (code, check["verdict"]) == (1, "fail")
    assert re.search(r"models before: openai/gpt-4o-mini 8\d%, openai/gpt-4o \d\d%; now: openai/gpt-4o", check["reason"])
    assert not [c for c in report["checks"] if c["stratum"] == {"workload": "help-desk", "model": "openai/gpt-4o", "team": None}]
    for pair in (("fifth.jsonl", "fifth_still.jsonl"), ("drift.jsonl", "drifted.jsonl")):
        code, report = run("diff", *pair)
        assert code == 0
        assert found(report, "cost_per_success", workload="help-desk", model="openai/gpt-4o")["verdict"] == "pass"
    code, report = run("diff", "half.jsonl", "fifth.jsonl")  # the way back is no rise
    assert code == 0


# --- what must not be judged


def test_days_that_are_in_the_baseline_too_leave_it(folder: Path, run: Run) -> None:
    rows = [*days.rows(0, 14), *days.rows(14, 7, rise=1.4)]
    logs.write(folder / "all.jsonl", rows)
    logs.write(folder / "overlapping.jsonl", rows[len(rows) // 3 :])
    (folder / "two_weeks.json").write_text(gate.dump(api.baseline([folder / "overlapping.jsonl"], options=OPTIONS)), encoding="utf-8")
    code, report = run("check", "all.jsonl", "--since", "2026-09-21", "-b", "two_weeks.json")
    low, high = found(report, "cost_per_success")["interval_percent"]
    assert code == 1
    assert low < 40 < high
    assert report["comparison"]["base"]["days"] == 7
    assert report["notes"][0] == "7 days (2026-09-21 to 2026-09-27) of the baseline are judged here too: compared with the 7 other days"
    trial = logs.write(folder / "other_arm.jsonl", [*days.rows(7, 7, seed=2), *days.rows(14, 7, seed=2)])
    code, report = run("diff", "overlapping.jsonl", str(trial))  # two arms of a trial, in the same days
    assert report["comparison"]["base"]["days"] == 14


def test_a_baseline_of_little_but_the_judged_days_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", str(folder / "base.jsonl"), "-b", str(folder / "base.json"), "--no-ledger"]) == 2
    err = capsys.readouterr().err
    assert "14 days (2026-09-07 to 2026-09-20) of the baseline are judged here too: 0 days left to compare with, 5 are needed" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("argv", [("check", "same.jsonl", "-b", "base.json"), ("diff", "base.json", "same.jsonl")])
def test_no_call_in_scope_is_no_pass(argv: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = [str(folder / arg) if "." in arg else arg for arg in argv]
    assert cli.run([*named, "--where", "app = 'typo'", "--no-ledger"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"infercheck: error: \S+: no call in scope: [\d,]+ left out by [^\n]+\n", err)


def test_when_nothing_succeeds_any_more_the_gate_does_not_call_it_too_few_successes(folder: Path, run: Run) -> None:
    broken = [row | {"response": {"choices": [{"finish_reason": "length", "message": {"content": "x"}}]}} for row in days.rows(14, 7)]
    logs.write(folder / "broken.jsonl", broken)
    code, report = run("check", "broken.jsonl", "-b", "base.json")
    assert code == 1
    assert found(report, "cost_per_success")["verdict"] == "fail"
    assert report["decomposition"]["success_usd"] != 0


def test_a_rise_too_small_in_dollars_is_a_warning(folder: Path, run: Run) -> None:
    (folder / "rich.toml").write_text("[gate]\nmin_usd_per_day = 1000\n", encoding="utf-8")
    code, report = run("check", "dear.jsonl", "-b", "base.json", "--config", "rich.toml")
    assert (code, report["outcome"]) == (0, "passed")
    assert found(report, "cost_per_success")["severity"] == "warning"
    assert run("check", "dear.jsonl", "-b", "base.json", "--config", "rich.toml", "--fail-on", "warn")[0] == 1
    assert run("check", "dear.jsonl", "-b", "base.json", "--fail-on", "never")[0] == 0
    assert run("check", "dear.jsonl", "-b", "base.json", "--exit-zero")[0] == 0


# --- what has no price


UNPRICED = {"model": "nobody/mystery-1", "model_group": "mystery-1", "custom_llm_provider": "nobody", "response_cost": 0.0}
SILENT = {"prompt_tokens": None, "completion_tokens": None, "response_cost": None}  # a log that counts no tokens


def test_a_log_without_any_price_is_inconclusive_though_its_latency_is_judged(folder: Path, run: Run) -> None:
    logs.write(folder / "priceless.jsonl", [row | UNPRICED for row in days.rows(14, 7)])
    code, report = run("check", "priceless.jsonl", "-b", "base.json", "--require-conclusive")
    assert (code, report["outcome"]) == (4, "inconclusive")
    assert found(report, "latency_p95")["verdict"] == "pass"
    assert found(report, "cost_per_success")["reason"] == "no workload and model with a price is in both logs"
    assert "100% of this log has no price, unlike in the baseline: help-desk on nobody/mystery-1" in report["summary"]
    assert run("check", "priceless.jsonl", "-b", "base.json")[0] == 0


@pytest.mark.parametrize("change", [UNPRICED, SILENT], ids=["model", "tokens"])
def test_a_workload_that_loses_its_price_leaves_the_cost_of_all_unanswered(change: dict[str, Any], folder: Path, run: Run) -> None:
    logs.write(folder / "lost.jsonl", days.rows(14, 7, **change))
    code, report = run("check", "lost.jsonl", "-b", "base.json", "--require-conclusive")
    model = "nobody/mystery-1" if change is UNPRICED else "openai/gpt-4o-mini"
    assert (code, report["outcome"]) == (4, "inconclusive")
    assert found(report, "cost_per_success")["verdict"] == "pass"  # of those that have a price
    assert found(report, "unpriced", workload="help-desk", model=model)["verdict"] == "inconclusive"
    assert f"unlike in the baseline: help-desk on {model};" in found(report, "unpriced")["reason"]
    dear = [row | (change if row["request_tags"] == ["app:help-desk"] else {}) for row in days.rows(14, 7, rise=1.4)]
    logs.write(folder / "lost_and_dear.jsonl", dear)
    assert run("check", "lost_and_dear.jsonl", "-b", "base.json")[0] == 1


def test_an_agent_whose_later_calls_lose_their_price_is_no_cheaper_one(folder: Path, run: Run) -> None:
    """The trace has a cost, that of its priced calls: what it costs is unknown all the same."""

    def traces(first: int, count: int, **change: Any) -> list[dict[str, Any]]:
        made = list(days.rows(first, count))
        later = [
            row | {"id": f"{row['id']}b", "litellm_call_id": f"{row['litellm_call_id']}b", "endTime": row["endTime"] + 1} for row in made
        ]
        return made + [row | change for row in later]

    for name, rows in (("agents", traces(0, 14)), ("alike", traces(14, 7)), ("halved", traces(14, 7, **UNPRICED))):
        logs.write(folder / f"{name}.jsonl", rows)
    assert run("diff", "agents.jsonl", "alike.jsonl", "--require-conclusive")[0] == 0
    code, report = run("diff", "agents.jsonl", "halved.jsonl", "--require-conclusive")
    assert code == 4
    assert found(report, "unpriced")["head"] == pytest.approx(0.5)


def test_a_little_without_a_price_and_what_never_had_one_leave_the_gate_conclusive(folder: Path, run: Run) -> None:
    rows = list(days.rows(14, 7))
    failed = {**SILENT, "status": "failure", "error_information": {"error_code": "500"}}
    logs.write(folder / "failing.jsonl", [row | (failed if n % 5 == 0 else {}) for n, row in enumerate(rows)])
    logs.write(folder / "odd.jsonl", [row | (UNPRICED if n % 60 < 4 else {}) for n, row in enumerate(rows)])
    logs.write(folder / "some_cost_nothing.jsonl", [row | ({"response_cost": 0.0} if n % 3 else {}) for n, row in enumerate(rows)])
    for name in ("failing.jsonl", "some_cost_nothing.jsonl"):  # a failure without tokens is no gap, nor what the list has a price for
        code, report = run("check", name, "-b", "base.json", "--require-conclusive")
        assert (code, [c for c in report["checks"] if c["rule"] == "unpriced"]) == (0, [])
    code, report = run("check", "odd.jsonl", "-b", "base.json", "--require-conclusive")
    assert code == 0
    assert [(c["verdict"], c["stratum"]["workload"]) for c in report["checks"] if c["rule"] == "unpriced"] == [
        ("inconclusive", "help-desk")
    ]
    logs.write(folder / "always.jsonl", days.rows(0, 14, **UNPRICED))
    logs.write(folder / "still.jsonl", days.rows(14, 7, **UNPRICED))
    code, report = run("diff", "always.jsonl", "still.jsonl", "--require-conclusive")
    assert code == 0
    assert found(report, "unpriced", workload="help-desk", model="nobody/mystery-1")["reason"].startswith("here and in the baseline")


def test_a_load_test_that_loses_its_prices_is_inconclusive(folder: Path, run: Run) -> None:
    load_test(folder / "priced.jsonl", seed=1)
    rows = [json.loads(line) for line in load_test(folder / "unlike.jsonl", seed=2).read_text("utf-8").splitlines()]
    logs.write(folder / "half.jsonl", [row | (UNPRICED if row["request_tags"] == ["app:help-desk"] else {}) for row in rows])
    logs.write(folder / "whole.jsonl", [row | UNPRICED for row in rows])
    for name in ("half.jsonl", "whole.jsonl"):
        code, report = run("diff", "priced.jsonl", name, "--require-conclusive")
        assert (code, found(report, "unpriced")["verdict"]) == (4, "inconclusive")


# --- without a baseline of days


def load_test(path: Path, *, seed: int, n: int = 150, rise: float = 1.0, prompts: int = 1_000, first_prompt: int = 0) -> Path:
    """Some minutes of two workloads; prompt n is the same text in every log."""
    rng = random.Random(seed)  # noqa: S311
    rows = []
    for workload, model in (("help-desk", "gpt-4o-mini"), ("invoices", "gpt-4o")):
        for k in range(n):
            asked = 300 + 40 * ((k * 37) % 60)  # a prompt has its size
            answered = max(round(120 * rise * rng.lognormvariate(0, 0.4)), 1)
            rows.append(
                logs.call(k, at_s=k * 2.0 + rng.random(), app=workload, model=model, tokens=(asked, answered), user=f"person-{k}",
                          question=f"{workload} question {first_prompt + k % prompts}", took_s=1.5 * rng.lognormvariate(0, 0.3))
            )  # fmt: skip
    return logs.write(path, rows)


def test_load_tests_of_the_same_prompts_are_compared_call_by_call(folder: Path, run: Run) -> None:
    load_test(folder / "main.jsonl", seed=1)
    load_test(folder / "again.jsonl", seed=2)
    load_test(folder / "longer.jsonl", seed=3, rise=1.6)
    code, report = run("diff", "main.jsonl", "again.jsonl")
    assert (code, report["outcome"], report["comparison"]["kind"]) == (0, "passed", "calls")
    assert report["comparison"]["text"].startswith("call by call: 300 opening prompts")
    assert report["comparison"]["matched_outcomes"] == 300
    code, report = run("diff", "main.jsonl", "longer.jsonl")
    assert code == 1
    check = found(report, "cost_per_success", workload="invoices")
    low, high = check["interval_percent"]
    assert check["verdict"] == "fail"
    assert low < check["effect_percent"] < high
    assert (check["stake_per"], report["decomposition"]["per"]) == ("log", "log")


def test_load_tests_of_other_prompts_are_compared_by_size(folder: Path, run: Run) -> None:
    load_test(folder / "one.jsonl", seed=4)
    load_test(folder / "other.jsonl", seed=5, first_prompt=5_000)
    load_test(folder / "fatter.jsonl", seed=6, first_prompt=9_000, rise=2.5)
    code, report = run("diff", "one.jsonl", "other.jsonl")
    assert (code, report["comparison"]["kind"]) == (0, "buckets")
    code, report = run("diff", "one.jsonl", "fatter.jsonl")
    assert code == 1
    (folder / "one.json").write_text(gate.dump(api.baseline([folder / "one.jsonl"], options=OPTIONS)), encoding="utf-8")
    code, filed = run("check", "fatter.jsonl", "-b", "one.json")
    assert code == 1
    assert filed["comparison"]["kind"] == "buckets"
    same, kept = found(filed, "cost_per_success"), found(report, "cost_per_success")
    assert same["effect_percent"] == pytest.approx(kept["effect_percent"])
    assert run("check", "fatter.jsonl", "-b", "one.json", "--by", "calls")[0] == 2


def test_intervals_of_short_logs_hold_what_they_say() -> None:
    """Over many pairs of load tests without a change, the 95% interval holds no change about 95% of the time, either way of matching."""
    import polars as pl

    rng = random.Random(5)  # noqa: S311
    hits = {"calls": 0, "buckets": 0}
    tries = 400

    def side() -> tuple[pl.DataFrame, Snapshot]:
        units = [(k, k % 4, 2.0 ** (k % 4) * rng.lognormvariate(0, 0.8), float(rng.random() < 0.9)) for k in range(160)]
        frame = pl.DataFrame(
            {"workload": "w", "klass": "background", "prompt_hash": [k for k, *_ in units], "units": 1, "usd": [u for _, _, u, _ in units],
             "successes": [g for *_, g in units], "timed": 0, "log_ms": 0.0}
        )  # fmt: skip
        buckets = []
        for size in range(4):
            own = [(u, g) for _, b, u, g in units if b == size]
            buckets.append(
                Bucket(workload="w", klass="background", bucket=size, units=len(own), successes=sum(g for _, g in own), usd=sum(u for u, _ in own),
                       usd_squared=sum(u * u for u, _ in own), usd_successes=sum(u * g for u, g in own), timed=0, log_ms=0, log_ms_squared=0)
            )  # fmt: skip
        return frame, Snapshot(
            cost_basis="logged", prices=Prices(list_version="x"), salt="s", start=None, end=None, success_known=True, buckets=buckets
        )

    for _ in range(tries):
        (one, base), (other, head) = side(), side()
        found = {
            "calls": matched.by_prompt(matched.pairs(one, other), GateSettings(), by_success=True),
            "buckets": matched.by_size(matched.shared_buckets(base, head), GateSettings(), by_success=True),
        }
        for way, result in found.items():
            low, high = result.checks[0].interval_percent or (0.0, -1.0)
            hits[way] += low <= 0 <= high
    assert {way: 0.92 <= n / tries <= 0.98 for way, n in hits.items()} == {"calls": True, "buckets": True}, hits


def test_logs_with_nothing_in_common_are_inconclusive(folder: Path, run: Run) -> None:
    rows = [row | {"request_tags": ["app:somewhere-else"]} for row in days.rows(14, 1)]
    logs.write(folder / "elsewhere.jsonl", rows)
    load_test(folder / "mine.jsonl", seed=7)
    code, report = run("diff", "mine.jsonl", "elsewhere.jsonl", "--require-conclusive")
    assert (code, report["outcome"]) == (4, "inconclusive")


# --- why the bill changed


@st.composite
def sides(draw: st.DrawFn) -> Snapshot:
    strata = draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=5, unique=True))
    rows, tokens = [], []
    for name in strata:
        n = draw(st.integers(1, 1000))
        good = draw(st.integers(0, n))
        usd = Decimal(draw(st.integers(1, 10**9))) / Decimal(10**6)
        rows.append(Outcomes(day=date(2026, 9, 7), workload=name, model="openai/gpt-4o", team=None, outcomes=n, successes=good, priced_outcomes=n,
                             priced_successes=good, spend_usd=usd))  # fmt: skip
        tokens.append(
            Tokens(day=date(2026, 9, 7), workload=name, stratum_model="openai/gpt-4o", provider="openai",
                   model=draw(st.sampled_from(["gpt-4o", "?"])),
                   tier="default", above=0, basis="logged", calls=n, metered_calls=n, uncached=draw(st.integers(0, 10**9)), cache_read=0,
                   cache_write_5m=0, cache_write_1h=0, output=draw(st.integers(0, 10**8)), audio_input=0, audio_output=0, billed_usd=usd,
                   computed_usd=None)
        )  # fmt: skip
    return Snapshot(
        cost_basis="logged", prices=Prices(list_version="x"), salt="s", start="2026-09-07T00:00:00", end="2026-09-07T23:00:00",
        success_known=True, outcomes=rows, tokens=tokens,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(sides(), sides(), st.booleans())
def test_the_parts_sum_to_the_difference_exactly(base: Snapshot, head: Snapshot, by_day: bool) -> None:
    why = decompose(base, head, Pricer(api.Config()), by_day=by_day, by_success=True)
    assert why is not None
    assert sum(why.parts.values(), Decimal(0)) == why.head_usd - why.base_usd


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("volume_usd", {"outcomes": 2, "spend": 2, "tokens": 2}),
        ("success_usd", {"successes": Decimal("0.5")}),
        ("tokens_usd", {"spend": 2, "tokens": 2}),
        ("price_usd", {"spend": 2}),
    ],
)
def test_each_cause_shows_in_its_own_part(part: str, change: dict[str, Any]) -> None:
    def one(outcomes: int = 1, spend: int = 1, tokens: int = 1, successes: Decimal = Decimal(1)) -> Snapshot:
        n, good = 100 * outcomes, int(100 * outcomes * successes)
        common: dict[str, Any] = {"day": date(2026, 9, 7), "workload": "w", "model": "openai/gpt-4o"}
        row = Outcomes(
            **common, team=None, outcomes=n, successes=good, priced_outcomes=n, priced_successes=good, spend_usd=Decimal(10 * spend)
        )
        used = Tokens(**common, stratum_model="openai/gpt-4o", provider="openai", tier="default", above=0, basis="logged", calls=n, metered_calls=n,
                      uncached=10**6 * tokens, cache_read=0, cache_write_5m=0, cache_write_1h=0, output=0, audio_input=0, audio_output=0,
                      billed_usd=Decimal(10 * spend), computed_usd=None).model_copy(update={"model": "gpt-4o"})  # fmt: skip
        return Snapshot(cost_basis="logged", prices=Prices(list_version="x"), salt="s", start="2026-09-07T00:00:00", end="2026-09-07T23:00:00",
                        success_known=True, outcomes=[row], tokens=[used])  # fmt: skip

    why = decompose(one(), one(**change), Pricer(api.Config()), by_day=False, by_success=True)
    assert why is not None
    if part == "success_usd":  # half as many successes for the same money: the other half was less volume
        assert why.success_usd == -why.volume_usd > 0
        return
    assert getattr(why, part) == pytest.approx(Decimal(10))
    assert [abs(value) < Decimal("1e-9") for name, value in why.parts.items() if f"{name}_usd" != part] == [True] * 4


# --- the baseline file


def test_a_baseline_of_no_call_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = logs.write(tmp_path / "log.jsonl", [logs.call(n) for n in range(3)])
    out = tmp_path / "base.json"
    assert cli.run(["baseline", "write", str(log), "--no-ledger", "--until", "2020-01-01", "-o", str(out)]) == 2
    said = "no call in scope: 3 left out by --month, --since, --until or --where (a baseline needs days with calls)"
    assert capsys.readouterr().err == f"infercheck: error: {said}\n"
    assert not out.exists()


def test_a_baseline_holds_no_prompt_key_or_user(folder: Path) -> None:
    text = (folder / "base.json").read_text("utf-8")
    log = (folder / "base.jsonl").read_text("utf-8")
    for planted in ("question 7", "parcel service", "person-", "help-desk-key", "call-help-desk", "trace-help-desk"):
        assert planted in log
        assert planted not in text
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        connected = api.query(
            ["base.jsonl"], "SELECT prompt_hash, end_user, system_hash, template_hash FROM calls LIMIT 50", options=OPTIONS
        )
    assert not any(str(value) in text for row in connected.iter_rows() for value in row if value is not None)


def test_the_salt_of_the_baseline_is_used_and_another_ledger_left_alone(folder: Path, tmp_path: Path) -> None:
    base = gate.load(folder / "base.json")
    rows = [row | {"request_tags": []} for row in days.rows(0, 2, a_day=30)]
    log = logs.write(tmp_path / "untagged.jsonl", rows)
    ledger = tmp_path / "ledger.duckdb"
    mine = AnalyzeOptions(ledger=ledger)
    first = api.baseline([log], options=mine)
    assert any("#" in row.workload for row in first.outcomes)  # named by a fingerprint, which the salt goes into
    (tmp_path / "own.json").write_text(gate.dump(first), encoding="utf-8")
    report = api.check([log], TODAY, baseline=tmp_path / "own.json", options=OPTIONS)
    assert {c.stratum.workload for c in report.checks} >= {row.workload for row in first.outcomes}
    before = ledger.read_bytes()
    api.check([log], TODAY, baseline=folder / "base.json", options=mine)
    assert base.salt != first.salt
    assert ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 0}, "the baseline has an older schema"),
        ({"schema_version": 99}, "the baseline has a newer or unknown schema"),
        ({"currency": "EUR"}, "the baseline counts in 'EUR', this run in USD"),
        ({"cost_basis": "computed"}, "the baseline rests on computed costs"),
        ({"kind": "something"}, "this is no baseline"),
        ({"outcomes": [{"day": "2026-09-07"}]}, "the baseline is damaged at outcomes.0.workload"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_baseline_that_cannot_be_compared_is_refused_in_one_line(
    change: dict[str, Any], says: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps(json.loads((folder / "base.json").read_text("utf-8")) | change), encoding="utf-8")
    assert cli.run(["check", str(folder / "same.jsonl"), "--baseline", str(file), "--no-ledger"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"infercheck: error: [^\n]+\n", err)
    assert says in err
    assert "baseline write" in err or "--cost-basis" in err


def test_computed_costs_of_other_prices_are_computed_again(tmp_path: Path) -> None:
    """The config's own price doubles between baseline and head: no regression, since both are priced by this run's table."""
    rows = [row | {"response_cost": 0.0} for row in days.rows(0, 14)]
    later = [row | {"response_cost": 0.0} for row in days.rows(14, 7)]
    base, head = logs.write(tmp_path / "a.jsonl", rows), logs.write(tmp_path / "b.jsonl", later)
    cheap, dear = tmp_path / "cheap.toml", tmp_path / "dear.toml"
    for file, factor in ((cheap, 1), (dear, 2)):
        file.write_text(
            f'[[price]]\nmodel = "gpt-4o*"\ninput_usd_per_mtok = {factor}\noutput_usd_per_mtok = {4 * factor}\n', encoding="utf-8"
        )
    kept = tmp_path / "base.json"
    kept.write_text(gate.dump(api.baseline([base], options=AnalyzeOptions(use_ledger=False, config=cheap))), encoding="utf-8")
    report = api.check([head], TODAY, baseline=kept, options=AnalyzeOptions(use_ledger=False, config=dear))
    assert report.outcome == "passed"
    assert any("computed again" in note for note in report.notes)
    fresh = api.baseline([base], options=AnalyzeOptions(use_ledger=False, config=dear))
    again, _ = comparable(gate.load(kept), fresh, Pricer(api.Config.load(dear)), where="x")
    assert [row.spend_usd for row in again.outcomes] == [row.spend_usd for row in fresh.outcomes]


def test_a_baseline_that_cannot_be_priced_again_is_refused(folder: Path, tmp_path: Path) -> None:
    base = gate.load(folder / "base.json")
    odd = [row.model_copy(update={"basis": "computed", "model": "no-such-model"}) for row in base.tokens]
    file = tmp_path / "odd.json"
    file.write_text(
        gate.dump(base.model_copy(update={"tokens": odd, "prices": Prices(list_version="genai-prices 0.0.1")})), encoding="utf-8"
    )
    with pytest.raises(api.UsageError, match=r"prices of genai-prices 0\.0\.1.*cannot be priced again"):
        api.check([folder / "same.jsonl"], TODAY, baseline=file, options=OPTIONS)


# --- budgets and suppressions


CONFIG = """[budgets]
spend_per_day = 1000000
failure_rate = 0.5

[budgets.workload.help-desk]
cost_per_success = 0.0001

[budgets.team.parcels]
interactive_p95_ms = 600_000

[budgets.team.nobody]
spend_usd = 1

[[suppress]]
rule = "budget.*"
match = { workload = "help-*" }
reason = "moved on purpose"
expires = 2026-12-31
"""


def test_budgets_of_the_config_by_workload_and_team_and_a_suppression_that_expires(folder: Path, run: Run) -> None:
    (folder / "budgets.toml").write_text(CONFIG, encoding="utf-8")
    code, report = run("check", "same.jsonl", "--config", "budgets.toml", "--now", "2026-12-31")
    assert code == 0
    broken = found(report, "budget.cost_per_success", workload="help-desk")
    assert (broken["verdict"], broken["suppressed_because"]) == ("suppressed", "moved on purpose")
    assert broken["anchor"] == {"file": str(folder / "budgets.toml"), "line": CONFIG.splitlines().index("[[suppress]]") + 1}
    assert found(report, "budget.interactive_p95_ms", team="parcels")["verdict"] == "pass"
    assert found(report, "budget.spend_usd", team="nobody")["verdict"] == "inconclusive"
    code, report = run("check", "same.jsonl", "--config", "budgets.toml", "--now", "2027-01-01")
    assert code == 1
    assert found(report, "budget.cost_per_success", workload="help-desk")["verdict"] == "fail"
    assert (
        found(report, "budget.cost_per_success", workload="help-desk")["anchor"]["line"]
        == CONFIG.splitlines().index("cost_per_success = 0.0001") + 1
    )
    assert found(report, "suppression_expired", workload="help-*")["severity"] == "error"


SUPPRESSED = '[[suppress]]\nrule = "cost_per_success"\nmatch = {workload = "%s"}\nreason = "longer"\nexpires = 2026-12-31\n'


def test_a_suppressed_rise_does_not_fail_all_together(folder: Path, run: Run) -> None:
    for name, glob in (("one", "invoices"), ("other", "help-*"), ("every", "*")):
        (folder / f"{name}.toml").write_text(SUPPRESSED % glob, encoding="utf-8")
    calm = {row["id"]: row for row in days.rows(14, 7)}
    rows = [row if "invoices" in row["request_tags"][0] else calm[row["id"]] for row in days.rows(14, 7, rise=1.6)]
    logs.write(folder / "known.jsonl", rows)
    assert run("check", "known.jsonl", "-b", "base.json")[0] == 1
    code, report = run("check", "known.jsonl", "-b", "base.json", "--config", "one.toml", "--now", "2026-10-01")
    assert code == 0
    assert found(report, "cost_per_success", workload="invoices", model="openai/gpt-4o")["verdict"] == "suppressed"
    assert found(report, "cost_per_success")["reason"].endswith("; without invoices on openai/gpt-4o, which the config suppresses")
    assert run("check", "dear.jsonl", "-b", "base.json", "--config", "other.toml", "--now", "2026-10-01")[0] == 1  # the rest rose too
    code, report = run("check", "dear.jsonl", "-b", "base.json", "--config", "every.toml", "--now", "2026-10-01")
    assert (code, found(report, "cost_per_success")["verdict"]) == (0, "suppressed")
    load_test(folder / "before.jsonl", seed=1)
    load_test(folder / "after.jsonl", seed=3, rise=1.6)
    (folder / "both.toml").write_text(SUPPRESSED % "invoices" + SUPPRESSED % "help-desk", encoding="utf-8")
    for by in ("calls", "buckets"):
        assert run("diff", "before.jsonl", "after.jsonl", "--by", by)[0] == 1
        code, report = run("diff", "before.jsonl", "after.jsonl", "--by", by, "--config", "one.toml", "--now", "2026-10-01")
        assert "without invoices, which the config suppresses" in found(report, "cost_per_success")["reason"]
        code, report = run("diff", "before.jsonl", "after.jsonl", "--by", by, "--config", "both.toml", "--now", "2026-10-01")
        assert (code, found(report, "cost_per_success")["verdict"]) == (0, "suppressed")


def test_a_suppression_of_an_unknown_rule_is_refused_with_its_line(
    tmp_path: Path, folder: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.toml"
    file.write_text((SUPPRESSED % "a").replace("success", "sucess"), encoding="utf-8")
    assert cli.run(["config", "validate", str(file)]) == 2
    assert "bad.toml:2: no check has the rule 'cost_per_sucess' (did you mean cost_per_success?)" in capsys.readouterr().err
    for rule in ("budget.*", "latency_*", "*", "budget.spend_usd"):
        file.write_text((SUPPRESSED % "a").replace("cost_per_success", rule), encoding="utf-8")
        assert cli.run(["config", "validate", str(file)]) == 0
    capsys.readouterr()
    rules = {c["rule"] for name in ("same", "dear", "slow") for c in run("check", f"{name}.jsonl", "-b", "base.json")[1]["checks"]}
    assert rules <= set(RULES)


def test_config_validate_tells_what_the_gate_was_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(CONFIG + "\n[gate]\nmin_days = 6\n\n[reconcile]\ntolerance_usd = 1\n", encoding="utf-8")
    assert cli.run(["config", "validate", str(file)]) == 0
    out = " ".join(capsys.readouterr().out.split())  # cells are wrapped
    for label, told in (
        ("budgets", "spend_per_day = 1000000, failure_rate = 0.5"),
        ("budgets workload help-desk", "cost_per_success = 0.0001"),
        ("budgets team nobody", "spend_usd = 1"),
        ("suppress budget.*", "workload = help-*; until 2026-12-31: moved on purpose"),
        ("gate", "min_days = 6"),
        ("reconcile", "tolerance_usd = 1"),
    ):
        assert f"{label} {told}" in out


def test_a_bound_on_spend_is_not_met_by_what_has_no_price(folder: Path, run: Run) -> None:
    """help-desk, two fifths of the tokens, has no price: the rest spends some $35."""
    logs.write(folder / "gap.jsonl", days.rows(14, 7, **UNPRICED))
    code, report = run("check", "gap.jsonl", "--budget", "spend_usd=1000", "--budget", "failure_rate=0.5", "--require-conclusive")
    assert code == 4
    assert found(report, "budget.spend_usd")["verdict"] == "inconclusive"
    assert found(report, "budget.spend_usd")["head"] == pytest.approx(35, rel=0.1)
    assert "% has none (nobody/mystery-1)" in found(report, "budget.spend_usd")["reason"]
    assert found(report, "budget.failure_rate")["verdict"] == "pass"
    assert run("check", "gap.jsonl", "--budget", "spend_usd=30")[0] == 1  # broken by what is known
    for key in ("spend_per_day", "cost_per_success", "waste_usd", "waste_share"):
        assert found(run("check", "gap.jsonl", "--budget", f"{key}=1000")[1], f"budget.{key}")["verdict"] == "inconclusive"
    (folder / "invoices.toml").write_text("[budgets.workload.invoices]\nspend_usd = 1000\n", encoding="utf-8")
    assert run("check", "gap.jsonl", "--config", "invoices.toml", "--require-conclusive")[0] == 0  # it has prices


def test_a_little_without_a_price_leaves_a_bound_on_spend_met_unless_it_may_break_it(folder: Path, run: Run) -> None:
    """A twentieth of help-desk's calls, 2% of the tokens, has no price."""
    rows = [row | (UNPRICED if n % 60 == 0 else {}) for n, row in enumerate(days.rows(14, 7))]
    logs.write(folder / "nearly.jsonl", rows)
    spend = run("check", "nearly.jsonl", "--budget", "spend_usd=1000", "--require-conclusive")
    assert spend[0] == 0
    bound = f"spend_usd={1.01 * found(spend[1], 'budget.spend_usd')['head']}"
    assert run("check", "nearly.jsonl", "--budget", bound, "--require-conclusive")[0] == 4
    silent = [row | (SILENT if n % 2 else {}) for n, row in enumerate(days.rows(14, 7))]
    logs.write(folder / "silent.jsonl", silent)
    assert run("check", "silent.jsonl", "--budget", "spend_usd=1000", "--require-conclusive")[0] == 4


@pytest.mark.parametrize("where", ["budgets", "budgets.workload.x", "budgets.team.x"])
def test_an_unknown_budget_is_refused_with_its_line_and_the_keys(where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.toml").write_text(f"[{where}]\ncost_per_sucess = 1\n", encoding="utf-8")
    assert cli.run(["config", "validate", str(tmp_path / "bad.toml")]) == 2
    err = capsys.readouterr().err
    assert "bad.toml:2: there is no budget 'cost_per_sucess' (known: spend_usd" in err


def test_budgets_are_the_reports_own_figures(folder: Path) -> None:
    """What a budget bounds is what analyze shows."""
    budgets = gate.parse([f"{key}=0" for key in gate.BUDGETS], option="x")
    report, checks = api.report([folder / "dear.jsonl"], budgets=budgets, options=OPTIONS)
    shown = {check.rule.removeprefix("budget."): check.head for check in checks}
    head, waits = report.headline, report.headline.interactive
    assert head.spend_usd is not None
    assert head.successful_outcomes is not None
    sure = (head.addressable_usd.measured or 0) + (head.addressable_usd.structural or 0)
    expected = {
        "spend_usd": head.spend_usd, "cost_per_success": head.cost_per_successful_outcome_usd, "attempts_per_success": head.attempts_per_success,
        "failure_rate": 1 - head.successful_outcomes / head.outcomes, "waste_usd": sure, "waste_share": head.system_share_of_spend,
        "interactive_p50_ms": waits.p50_ms, "interactive_p95_ms": waits.p95_ms, "interactive_p99_ms": waits.p99_ms,
        "ttft_p95_ms": waits.ttft_p95_ms, "priced_share": report.coverage.priced_share, "findings": len(report.findings), "rejects": 0,
    }  # fmt: skip
    assert {key: shown[key] for key in expected} == pytest.approx(
        {key: float(value) for key, value in expected.items() if value is not None}
    )
    assert shown["spend_per_day"] == pytest.approx(float(head.spend_usd) / 7, rel=0.01)
    assert shown["retry_rate"] == 0


# --- exit codes, of the installed command


def command(*argv: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The command as it is installed beside this Python, else as a module."""
    beside = Path(sys.executable).with_name("infercheck")
    start = [str(beside)] if beside.exists() and "PYTHONPATH" not in os.environ else [sys.executable, "-m", "infercheck.cli"]
    return subprocess.run(
        [*start, *argv], capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd,
        env={**os.environ, "XDG_CACHE_HOME": str(cwd / "cache"), **env},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ("check same.jsonl -b base.json", 0),
        ("check dear.jsonl -b base.json", 1),
        ("check same.jsonl --budget spend_usd=0.01", 1),
        ("analyze same.jsonl --fail-on spend_usd=0.01 -q", 1),
        ("check same.jsonl -b base.json --budget nope=1", 2),
        ("check same.jsonl -b none.toml", 2),
        ("check nothing.jsonl -b base.json", 3),
        ("check same.jsonl -b nothing.json", 3),
        ("check short.jsonl -b base.json --require-conclusive", 4),
    ],
)
def test_exit_codes(argv: str, code: int, folder: Path) -> None:
    done = command(*argv.split(), cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1


def test_exit_code_of_an_internal_error_and_of_an_interrupt(folder: Path, tmp_path: Path) -> None:
    """A broken installation (70), and Ctrl-C (130): both from inside a real run, by a module that Python loads at start."""
    for raised, code in (("RuntimeError('broken')", 70), ("KeyboardInterrupt()", 130)):
        (tmp_path / "sitecustomize.py").write_text(
            f"import infercheck.api as api\ndef check(*a, **k):\n    raise {raised}\napi.check = check\n", encoding="utf-8"
        )
        path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
        done = command("check", "same.jsonl", "-b", "base.json", cwd=folder, PYTHONPATH=path)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr


def test_the_python_interface_gives_the_same_result(folder: Path) -> None:
    options = infercheck.GateOptions(today=date(2026, 10, 1))
    report = infercheck.diff([folder / "base.jsonl"], [folder / "dear.jsonl"], options, options=OPTIONS)
    assert isinstance(report, GateReport)
    assert report.comparison.kind == "days"
    assert report.failing
