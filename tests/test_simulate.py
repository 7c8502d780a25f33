"""What if: chosen fixes alone re-price the log, each dollar once, and the whole of them is the plan."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import get_args

import pytest

from infercheck import AnalyzeOptions, analyze, api, cli
from infercheck.errors import UsageError
from infercheck.model.report import Report
from infercheck.model.rule import FixId

DEMO = Path(__file__).resolve().parents[1] / "sample_logs" / "demo"


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> AnalyzeOptions:
    return AnalyzeOptions(ledger=tmp_path_factory.mktemp("ledger") / "demo.duckdb")


@pytest.fixture(scope="module")
def report(options: AnalyzeOptions) -> Report:
    return analyze([DEMO], options=options)


def test_all_fixes_together_are_the_plan(report: Report, options: AnalyzeOptions) -> None:
    result = api.simulate([DEMO], get_args(FixId), options=options)
    assert result.before_usd is not None and result.after_usd is not None
    assert result.before_usd == report.headline.spend_usd
    assert result.before_usd - result.after_usd == report.plan_total_usd
    assert result.before_per_success_usd == report.headline.cost_per_successful_outcome_usd
    by_fix: dict[str, D] = {}
    for item in report.plan:
        by_fix[item.fix] = by_fix.get(item.fix, D(0)) + (item.saves_usd or 0)
    told = {e.fix: (e.saves_sure_usd or D(0)) + (e.saves_heuristic_usd or D(0)) for e in result.fixes}
    assert {fix: usd for fix, usd in told.items() if usd} == {fix: usd for fix, usd in by_fix.items() if usd}


def test_workloads_sum_to_the_total_and_others_stay_as_they_were(options: AnalyzeOptions) -> None:
    result = api.simulate([DEMO], ["caching:faq-bot", "routing"], options=options)
    for name in ("before_usd", "saves_sure_usd", "saves_heuristic_usd", "after_usd"):
        assert sum(getattr(w, name) or D(0) for w in result.by_workload) == (getattr(result, name) or 0)
    caching = next(effect for effect in result.fixes if effect.fix == "caching")
    faq = next(w for w in result.by_workload if w.workload == "faq-bot")
    assert caching.scope == "faq-bot" and caching.saves_sure_usd == faq.saves_sure_usd != 0
    assert next(w for w in result.by_workload if w.workload == "policy-assistant").saves_sure_usd is None  # its cache was not chosen
    # Without the sure cache before it, a route of the same calls may save more than in the plan, never more than alone.
    assert result.after_usd is not None and result.after_usd >= 0


def test_milliseconds_alone_are_not_simulated(options: AnalyzeOptions) -> None:
    result = api.simulate([DEMO], ["traffic_separation"], options=options)
    (effect,) = result.fixes
    assert effect.not_simulated > 0 and effect.calls == 0
    assert result.after_usd == result.before_usd


def test_the_command_prints_text_and_json(options: AnalyzeOptions, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["simulate", str(DEMO), "--ledger", str(options.ledger), "--fix", "caching", "--fix", "traffic-separation"]
    assert cli.run(base) == 0
    text = capsys.readouterr().out
    assert "By workload" in text and "of milliseconds alone: not simulated" in text
    assert cli.run([*base, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["before_usd"] - told["saves_sure_usd"] - told["saves_heuristic_usd"] == pytest.approx(told["after_usd"])
    assert [effect["fix"] for effect in told["fixes"]] == ["caching", "traffic_separation"]


def test_an_amount_too_small_to_show_is_not_zero(options: AnalyzeOptions, capsys: pytest.CaptureFixture[str]) -> None:
    result = api.simulate([DEMO], ["caching"], options=options)
    (small,) = (w.workload for w in result.by_workload if 0 < (w.saves_sure_usd or 0) < D("0.00005"))
    assert cli.run(["simulate", str(DEMO), "--ledger", str(options.ledger), "--fix", "caching"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[3] for row in rows if row[:1] == [small]] == ["<$0.0001"]


def test_an_unknown_fix_or_workload_is_one_clear_line(options: AnalyzeOptions, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["simulate", str(DEMO), "--fix", "cachng"]) == 2
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0 and "'cachng'" in said and "prompt_diet" in said
    with pytest.raises(UsageError) as refused:
        api.simulate([DEMO], ["caching:faq-bott"], options=options)
    assert refused.value.hint == "did you mean faq-bot?"
