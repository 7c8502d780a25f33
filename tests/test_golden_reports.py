"""Reports on logs that lack something. Each is read by a person, so each is stored as a person sees it; nothing is projected or made up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

import logs
from infercheck import AnalyzeOptions, analyze, render, verdict
from infercheck.model.report import Interactive, Report
from infercheck.render.figures import ms

OPTIONS = AnalyzeOptions(use_ledger=False)
# The stored reports are made with these rules alone, so that a new rule is one new file and changes none of them.
STORED = replace(
    OPTIONS, select=("duplicate_request", "paid_failures", "premium_for_short_answers", "retry_storm", "tool_loop", "uncached_prefix")
)
Golden = Callable[[str, str], None]


def unpriced() -> list[dict[str, Any]]:
    rows = logs.working_day()
    return [row | {"model": "hosted_vllm/our-own-7b", "custom_llm_provider": "hosted_vllm", "response_cost": 0.0} for row in rows]


LOGS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "three_rows": lambda: [logs.call(n, at_s=60 * n, user=f"customer-{n}", first_s=0.4) for n in range(3)],
    "one_day": logs.working_day,
    "no_prompts": lambda: [logs.without_prompts(row) for row in logs.working_day()],
    "no_costs": lambda: [row | {"response_cost": 0.0} for row in logs.working_day()],
    "no_trace_ids": lambda: [row | {"trace_id": None} for row in logs.working_day()],
    "naive_times": lambda: [logs.naive(row) for row in logs.working_day()],
    "only_failures": lambda: [logs.failed(row, *(("500", "APIError"), ("429", "RateLimitError"))[n % 2]) for n, row in enumerate(logs.working_day())],
    "only_unpriced": unpriced,
    "no_status": lambda: [row | {"status": None} for row in logs.working_day()],
}  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    return make_all(tmp_path_factory.mktemp("stored"), STORED)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """With every rule."""
    return make_all(tmp_path_factory.mktemp("reports"), OPTIONS)


def make_all(folder: Path, options: AnalyzeOptions) -> dict[str, Report]:
    found = {name: analyze([logs.write(folder / f"{name}.jsonl", make())], options=options) for name, make in LOGS.items()}
    return found | two_currencies(folder, options)


def two_currencies(folder: Path, options: AnalyzeOptions) -> dict[str, Report]:
    """LiteLLM logs dollars only. So the log is read into a ledger, half of its costs are declared euros there, and the same files are analysed."""
    log, ledger = logs.write(folder / "two_currencies.jsonl", logs.working_day()), folder / "ledger.duckdb"
    options = replace(options, use_ledger=True, ledger=ledger)
    analyze([log], options=options)
    with duckdb.connect(str(ledger)) as con:
        con.execute("UPDATE call_rows SET logged_currency = 'EUR' WHERE app = 'faq-bot' AND logged_cost IS NOT NULL")
    config = folder / "rate.toml"
    config.write_text('[[rate]]\ncurrency = "EUR"\nfrom = 2026-01-01\nusd = 1.25\n', encoding="utf-8")
    return {
        "two_currencies": analyze([log], options=options),
        "two_currencies_rate": analyze([log], options=replace(options, config=config)),
    }


NAMES = [*LOGS, "two_currencies", "two_currencies_rate"]


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        (1, ("1 call carries no time", "1 call ran on", "prices it by busy time", "1 of the successful outcomes has no price: it counts")),
        (2, ("2 calls carry no time", "2 calls ran on", "prices them by busy time", "2 of the successful outcomes have no price: they count")),
    ],
)  # fmt: skip
def test_one_is_singular(calls: int, told: tuple[str, ...], tmp_path: Path) -> None:
    """The first calls ran on a server of one's own, the last ones have no time."""
    rows = [logs.call(n, at_s=60 * n) | {"response_cost": 0.0} for n in range(5)]
    own, timeless = {"model": "hosted_vllm/our-own-7b", "custom_llm_provider": "hosted_vllm"}, dict.fromkeys(("startTime", "endTime"))
    made = [*(row | own for row in rows[:calls]), *rows[calls:-calls], *(row | timeless for row in rows[-calls:])]
    notes = "\n".join(analyze([logs.write(tmp_path / "log.jsonl", made)], options=STORED).coverage.notes)
    assert [words for words in told if words not in notes] == []


@pytest.mark.parametrize(("p95_ms", "shown"), [(300, "300 ms"), (3200, "3.20 s"), (10_060, "10.1 s")])
def test_the_verdict_tells_p95_as_the_headline_does(p95_ms: float, shown: str) -> None:
    waits = Interactive(calls=9, traces=9, p95_ms=p95_ms, ttft_calls=0)
    assert ms(p95_ms) == shown
    assert f"interactive p95 ({shown})" in verdict.of_p95(waits, None, [], [])


def text_of(report: Report) -> str:
    """100 columns, without the version of the price list and the folder of the test."""
    text = str(render.get("text").render(report, render.Style(width=100)))
    return re.sub(r"genai-prices [\d.]+", "genai-prices X", text)


def figures(report: Report) -> dict[str, Any]:
    """What a machine reads, without prose and tables."""
    data = json.loads(str(render.get("json").render(report)))
    cover = {k: v for k, v in data["coverage"].items() if k not in ("not_checked", "price_list")}
    plan = [
        {k: item[k] for k in ("section", "fix", "subject", "saves_usd", "saves_usd_per_month", "saves_ms_p95", "grade")}
        for item in data["plan"]
    ]
    findings = [{k: f[k] for k in ("id", "calls", "alone_usd", "counted_once_usd", "saves_ms_p95")} for f in data["findings"]]
    unchecked = sorted(n["rule"] for n in data["coverage"]["not_checked"])
    return {"window": data["window"], "coverage": cover, "headline": data["headline"], "findings": findings, "plan": plan,
            "plan_total_usd": data["plan_total_usd"], "not_checked": unchecked}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_text(name: str, stored: dict[str, Report], golden: Golden) -> None:
    golden(f"reports/{name}.txt", text_of(stored[name]))


@pytest.mark.parametrize("name", NAMES)
def test_figures(name: str, stored: dict[str, Report], golden: Golden) -> None:
    golden(f"reports/{name}.json", json.dumps(figures(stored[name]), indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("output", render.names())
@pytest.mark.parametrize("verbose", [False, True])
def test_no_report_shows_what_no_user_should_see(name: str, output: str, verbose: bool, reports: dict[str, Report]) -> None:
    drawn = render.get(output).render(reports[name], render.Style(verbose=verbose))
    text = drawn.decode("utf-8", "replace") if isinstance(drawn, bytes) else drawn
    assert not re.search(r"\b(NaN|Infinity|None)\b" if output == "json" else r"\b([Nn]a[Nn]|[Ii]nf|None|null|NULL)\b|-\$?0\.0+\b", text)
    assert not re.search(r"\{\w+\}", text) or verbose or output in ("json", "markdown")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_projected_below_a_week(name: str, reports: dict[str, Report]) -> None:
    report = reports[name]
    assert report.window.complete_days < 7
    assert all(item.saves_usd_per_month is None for item in report.plan)
    assert "a month" not in text_of(report)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_left_out_says_how_to_have_it_checked(name: str, reports: dict[str, Report]) -> None:
    assert not [n.rule for n in reports[name].coverage.not_checked if not n.reason or not n.setting]


def test_unknown_is_never_zero(reports: dict[str, Report]) -> None:
    for name in ("only_failures", "only_unpriced"):
        head = reports[name].headline
        assert (head.spend_usd, head.cost_per_successful_outcome_usd, head.clean_cost_usd, head.system_share_of_spend) == (None,) * 4
    unpriced = reports["only_unpriced"]
    assert unpriced.headline.addressable_usd.structural is None
    assert [item.saves_usd for item in unpriced.plan if item.section == "sure"] == [None]
    assert "unknown" in unpriced.headline.verdict


def test_a_call_without_a_rate_is_out_of_the_cost_of_a_success(reports: dict[str, Report]) -> None:
    """25 of the 47 successes are priced in dollars; their cost is their own, whatever the others cost."""
    blind, rated = reports["two_currencies"], reports["two_currencies_rate"]
    assert blind.headline.successful_outcomes == 47
    assert blind.headline.cost_per_successful_outcome_usd == blind.headline.spend_usd / 25  # type: ignore[operator]
    assert (blind.coverage.unpriced_currency_calls, blind.coverage.unpriced_models) == (22, [])
    assert rated.coverage.unpriced_currency_calls == 0
    euros = reports["one_day"].headline.spend_usd - blind.headline.spend_usd  # type: ignore[operator]
    assert rated.headline.spend_usd == blind.headline.spend_usd + euros * 5 / 4  # type: ignore[operator]


def test_times_without_a_zone_are_said(reports: dict[str, Report]) -> None:
    assert {name: reports[name].coverage.naive_times for name in ("naive_times", "one_day")} == {"naive_times": 48, "one_day": 0}
    assert reports["naive_times"].window == reports["one_day"].window
    assert reports["naive_times"].coverage.notices == []


def test_success_without_a_status_is_unknown(reports: dict[str, Report]) -> None:
    head = reports["no_status"].headline
    assert (head.successful_outcomes, head.cost_per_successful_outcome_usd, head.attempts_per_success) == (None, None, None)
    assert head.outcomes == 47
    assert "no outcome succeeded" not in text_of(reports["no_status"])


def test_nine_days_are_projected(tmp_path: Path) -> None:
    days = [row for day in range(9) for row in logs.shifted(logs.working_day(), days=day)]
    report = analyze([logs.write(tmp_path / "nine.jsonl", days)], options=replace(OPTIONS, select=("duplicate_request",)))
    assert report.window.complete_days == 8
    for item in report.plan:
        assert float(item.saves_usd_per_month) == pytest.approx(float(item.saves_usd) * 30 / report.window.days)  # type: ignore[arg-type,operator]
    assert report.plan
    assert "A month is the window's rate over 30 days." in text_of(report)
