"""Every renderer draws a hand-made report with hostile text: nothing runs, nothing is wider than asked, what is shown adds up."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path

import jsonschema
import pytest
from rich.cells import cell_len

from infercheck import render
from infercheck.errors import UsageError
from infercheck.model.report import (
    Addressable,
    CapacitySpend,
    CostParts,
    Coverage,
    Finding,
    FixPage,
    Hardware,
    Headline,
    Interactive,
    ModelSpend,
    NotChecked,
    PlanItem,
    Report,
    Spend,
    VerdictPart,
    Window,
    WorkloadSpend,
)
from infercheck.model.rule import Snippet
from infercheck.model.waits import Latency, PathPart
from infercheck.render import Style
from infercheck.render.json import report_schema

EVIL = "\x1b[31mred\x1b]0;title\x07|[bold red]x[/]`<script>@me\u202egnp.exe\x9b2J\u200b\x00\r\n=1+1 #12 https://x.y 漢字 **b** <!-- & -->"
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

FINDINGS = [
    Finding(
        id="retry_storm:a", rule="retry_storm", title="Sent again after an error", step=2, subject=EVIL, grade="structural",
        fix="retry_discipline", calls=120, alone_usd=D("1.2"), counted_once_usd=D("1.100033"), waste_ms_p95=5000.0, saves_ms_p95=1234.0,
        why="each send was billed " + EVIL, false_positives="a poll", evidence={"wait ratio": 1.5, "sample": EVIL, "seen": None},
    ),
    Finding(
        id="cheaper:tickets", rule="cheaper", title="A cheaper model does the same work", step=1, subject="tickets", grade="measured",
        fix="routing", calls=20, alone_usd=D("0.6"), counted_once_usd=D("0.512333"),
    ),
    Finding(
        id="premium:eval", rule="premium", title="Premium for low value", step=1, subject="eval", grade="heuristic", fix="routing",
        calls=20, alone_usd=D("0.35"), counted_once_usd=D("0.250034"),
    ),
]  # fmt: skip
PLAN = [
    PlanItem(
        rank=1, section="sure", fix="retry_discipline", subject="=" + EVIL, saves_usd=D("1.100033"), saves_usd_per_month=D("3.9"),
        saves_ms_p95=1234.0, effort="hours", risk="low", grade="structural", what="Back off before sending again: " + EVIL,
        how="Set retries to 2.", verify="infercheck diff", findings=["retry_storm:a"],
    ),
    PlanItem(
        rank=2, section="sure", fix="routing", subject="tickets", saves_usd=D("0.512333"), saves_usd_per_month=D("1.8"),
        interval_note="95%, resampling 8 days",
        interval_usd=(D("0.4"), D("0.6")), effort="hours", risk="low", grade="measured", what="Send tickets to gpt-4o-mini",
        how="Change the route.", verify="infercheck diff", findings=["cheaper:tickets"],
    ),
    PlanItem(
        rank=3, section="latency", fix="traffic_separation", subject="chat", saves_ms_p95=800.0, effort="days", risk="medium",
        grade="measured", what="Move nightly-batch off the chat deployment", how="Give it its own.", verify="infercheck diff",
    ),
    PlanItem(
        rank=4, section="heuristic", fix="routing", subject="eval", saves_usd=D("0.250034"),
        interval_note="too few for an interval: 12 outcomes", effort="hours", risk="low",
        grade="heuristic", what="Send eval to gpt-4o-mini", how="Change the route.", verify="infercheck diff", findings=["premium:eval"],
    ),
]  # fmt: skip


def sample() -> Report:
    """A log of $7.33 with everything in it."""
    return Report(
        window=Window(start=datetime(2026, 9, 1, tzinfo=UTC), end=datetime(2026, 9, 9, 12, tzinfo=UTC), days=8.5, complete_days=8),
        coverage=Coverage(
            files=3, skipped={"png": 2}, rows=1240, attempts=1234, requests=1100, duplicates=6, rejects=2, cell_issues=1,
            reject_samples=["a.jsonl:7: " + EVIL], priced_share=0.982, priced_token_share=0.9999, unpriced_models=["mine-" + EVIL],
            cost_basis="mixed", logged_usd=D("7.3"), computed_usd=D("7.5"), logged_over_computed=0.973, price_list="genai-prices 0.2.3",
            naive_times=3, notices=["an archive was cut short"], notes=["The log starts at the gateway's handler."],
            not_checked=[
                NotChecked(rule="tool_loop", reason="the log carries no tool_calls", setting="log responses with their tool calls"),
                NotChecked(rule="cache_breaker", reason="the log carries no prompt_blocks"),
            ],
        ),
        headline=Headline(
            spend_usd=D("7.331245"), outcomes=1000, successful_outcomes=950, success_evidence="last call's status",
            cost_per_successful_outcome_usd=D("0.007717"), clean_cost_usd=D("0.0061"), attempts_per_success=1.23,
            interactive=Interactive(
                calls=900, traces=800, p50_ms=812, p95_ms=5421.2, p99_ms=61234, ttft_calls=700, ttft_p50_ms=300, ttft_p95_ms=1200
            ),
            addressable_usd=Addressable(measured=D("0.512333"), structural=D("1.100033"), heuristic=D("0.250034")),
            system_share_of_spend=0.22, system_share_of_p95=0.4,
            cost_parts=CostParts(clean_usd=D("0.0058"), failures=1.037, waste=1.283),
            spend_parts=[
                VerdictPart(part="retry_discipline", sure_usd=D("1.100033"), heuristic_usd=D(0), share=0.15),
                VerdictPart(part="routing", sure_usd=D("0.512333"), heuristic_usd=D("0.250034"), share=0.07),
                VerdictPart(part="batching", sure_usd=D(0), heuristic_usd=D(0), share=0.0),
                VerdictPart(part="hardware", sure_usd=D("1.5"), heuristic_usd=D(0), share=0.205),
                VerdictPart(part="model_price", sure_usd=D("3.968845"), heuristic_usd=D(0), share=0.541),
            ],
            hardware=Hardware(paid_usd=D("4.2"), busy_usd=D("1.5"), idle_usd=D("2.7"), share=0.419),
        ),
        findings=FINDINGS, plan=PLAN, plan_total_usd=D("1.8624"),
        spend=Spend(
            by_model=[
                ModelSpend(provider="openai", model="gpt-4o", calls=1000, input_tokens=1234567, cache_read_tokens=0, output_tokens=34567,
                           spend_usd=D("7.331245"), share=1.0, premium=True),
                ModelSpend(provider=None, model=EVIL, calls=234),
            ],
            by_workload=[
                WorkloadSpend(workload="tickets " + EVIL, workload_source="app", klass="interactive", class_reason="end-user id", value="low",
                              value_reason="key alias eval", calls=1000, outcomes=900, successful_outcomes=880, spend_usd=D("7.331245"), share=1.0,
                              cost_per_successful_outcome_usd=D("0.0083"), p95_ms=5000.0, success_evidence="score",
                              cost_parts=CostParts(clean_usd=D("0.0062"), failures=1.02, waste=1.3125)),
                WorkloadSpend(workload="other", workload_source="key", klass="unknown", class_reason="nothing tells", calls=234, outcomes=100,
                              successful_outcomes=70),
            ],
            by_capacity=[
                CapacitySpend(capacity="pool " + EVIL, units=2, unit="GPU", usd_per_hour=D("2.1"), paid_hours=2.0,
                              busy_hours=0.714, utilisation=0.357, calls=234, input_tokens=20000, output_tokens=1000,
                              paid_usd=D("4.2"), busy_usd=D("1.5"), idle_usd=D("2.7"),
                              usd_per_mtok=200.0, hosted="groq/llama", same_weights=True, hosted_usd=D("2"), hosted_usd_per_mtok=95.2,
                              break_even_utilisation=0.75),
                CapacitySpend(capacity="quiet", units=1, unit="instance", usd_per_hour=D("1"), paid_hours=0.5, calls=2, untimed_calls=2,
                              paid_usd=D("0.5")),
            ],
        ),
        latency=Latency(path=[PathPart(component="before first token", mean_ms=300, share=0.3),
                              PathPart(component="decode", mean_ms=700, share=0.7)]),
        fixes=[FixPage(fix="routing", title="Routing", answers="premium models", how="Change the route.", effort="hours", risk="low",
                       risk_note="quality", verify="diff", snippets=[Snippet(tool="LiteLLM", text="router:\n  - a: " + EVIL)])],
    )  # fmt: skip


def healthy() -> Report:
    """Calls, and nothing to find."""
    return sample().model_copy(update={"findings": [], "plan": [], "plan_total_usd": D(0), "fixes": []})


def empty() -> Report:
    """No calls at all."""
    return Report(
        window=Window(),
        coverage=Coverage(files=1, rows=0, attempts=0, requests=0, duplicates=0, rejects=0, cell_issues=0),
        headline=Headline(),
    )


STYLES = [
    Style(),
    Style(width=80),
    Style(width=120, verbose=True),
    Style(width=80, verbose=True, unicode=False),
    Style(quiet=True),
    Style(color=True),
]
REPORTS = {"sample": sample(), "healthy": healthy(), "empty": empty()}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("name", render.names())
def test_no_renderer_passes_a_control_character_on(name: str, style: Style, report: Report) -> None:
    drawn = render.get(name).render(report, style)
    text = drawn if isinstance(drawn, str) else drawn.decode("utf-8", "replace")
    if style.color and name == "text":
        text = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert not UNSAFE.search(text)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("unicode", [False, True])
def test_text_is_never_wider_than_asked(report: Report, width: int, verbose: bool, unicode: bool) -> None:
    text = text_of(report, Style(width=width, verbose=verbose, unicode=unicode))
    assert max(cell_len(line) for line in text.split("\n")) <= width
    assert unicode or text.isascii()


def test_markup_in_the_log_is_text() -> None:
    assert "[bold red]x[/]" in text_of(sample(), Style(width=120))


def test_no_color_without_being_asked() -> None:
    assert "\x1b" not in text_of(sample(), Style())
    assert "\x1b[1m" in text_of(sample(), Style(color=True))


def test_the_plan_adds_up_to_what_is_shown() -> None:
    text = text_of(sample(), Style(width=120))
    plan = text[text.index("\nPlan") : text.index("\nStep 1")]
    shown = {line.split()[0]: D(m[1]) for line in plan.splitlines() if (m := re.search(r"\$(\d+\.\d{4})", line))}
    parts = sum(amount for rank, amount in shown.items() if rank.isdigit())
    assert parts == shown["total"] == D("1.8624")
    assert [D(v) for v in re.findall(r"subtotal, \w+ +\$([\d.]+)", plan)] == [D("1.6123"), D("0.2501")]


def test_sure_comes_before_time_only_before_guesses() -> None:
    text = text_of(sample(), Style())
    places = [
        text.index(word)
        for word in ("What was read", "Cost per", "Latency", "Verdict", "Plan", "Sure:", "Time only", "Likely:", "Step 1", "Step 2")
    ]
    places += [text.index(word) for word in ("Spend by model", "Spend by workload", "Not checked")]
    assert places == sorted(places)


def test_quiet_is_headline_and_plan() -> None:
    text = text_of(sample(), Style(quiet=True))
    assert text.startswith("Cost per successful outcome")
    assert "Plan" in text
    for word in ("What was read", "Step 1", "Spend by", "Not checked"):
        assert word not in text


def test_verbose_opens_evidence_and_snippets() -> None:
    text = text_of(sample(), Style(verbose=True))
    assert re.search(r"wait ratio +1\.5", text)
    assert re.search(r"unless +a poll", text)
    assert "router:" in text
    assert "router:" not in text_of(sample(), Style())


def test_how_it_is_done_stands_once_and_names_of_evidence_are_whole() -> None:
    """An item whose fix has a page refers to it, another one says it itself."""
    long, name = "1. " + "Do this. " * 200 + "Then that.", "calls_that_waited_before_the_log_starts"
    page = sample().fixes[0].model_copy(update={"how": long})
    items = [item.model_copy(update={"how": long}) if item.fix == page.fix else item for item in sample().plan]
    seen = FINDINGS[1].model_copy(update={"evidence": {name: 7}})
    text = text_of(sample().model_copy(update={"plan": items, "fixes": [page], "findings": [seen]}), Style(width=80, verbose=True))
    assert len(re.findall(f"how +see below, Fix: {page.title}\n", text)) == 2
    assert len(re.findall(r"Then +that\.", text)) == 1
    assert re.search(r"how +Give it its own\.", text)
    assert re.search(rf"{name} +7\n", text)


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
@pytest.mark.parametrize("verbose", [False, True])
def test_an_amount_too_small_to_show_is_the_same_everywhere(name: str, verbose: bool) -> None:
    cents = {"alone_usd": D("0.00002"), "counted_once_usd": D("0.00001")}
    small = FINDINGS[1].model_copy(update=cents)
    item = PLAN[1].model_copy(update={"saves_usd": D("0.00001"), "interval_usd": None})
    report = sample().model_copy(update={"findings": [small], "plan": [item]})
    text = str(render.get(name).render(report, Style(verbose=verbose))).replace("&lt;", "<")
    assert text.count("<$0.0001") >= 3  # in the plan, alone and counted once


def test_unknown_is_said_and_never_zero() -> None:
    blank = sample().model_copy(update={"headline": Headline(outcomes=3), "latency": Latency()})
    text = text_of(blank, Style())
    assert "unknown for 3 outcomes" in text
    assert re.search(r"succeeded +unknown; evidence of success unknown", text)
    assert "unknown: no workload is known to be interactive" in text
    assert "$0.00 a success" not in text


def test_a_healthy_log_is_good_news() -> None:
    for name in ("text", "markdown"):
        drawn = str(render.get(name).render(healthy()))
        assert "No rule found anything to fix in 1,234 calls; 2 rules could not be checked." in drawn
        checked = healthy().model_copy(update={"coverage": healthy().coverage.model_copy(update={"not_checked": []})})
        assert "Healthy: no rule found anything to fix in 1,234 calls." in str(render.get(name).render(checked))


def test_silence_about_failures_or_a_handful_of_calls_is_no_health() -> None:
    failing = healthy().model_copy(update={"headline": Headline(outcomes=9, successful_outcomes=0)})
    few = healthy().model_copy(
        update={"coverage": Coverage(files=1, rows=3, attempts=3, requests=3, duplicates=0, rejects=0, cell_issues=0)}
    )
    for name in ("text", "markdown"):
        assert "but no outcome succeeded" in str(render.get(name).render(failing))
        assert "3 calls, too few to call it healthy" in str(render.get(name).render(few))


def test_an_empty_log_is_no_good_news() -> None:
    for name in ("text", "markdown"):
        drawn = str(render.get(name).render(empty()))
        assert "No call in scope" in drawn
        assert "Healthy" not in drawn


def test_csv_runs_nothing_and_keeps_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(str(render.get("csv").render(sample())))))
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4"]
    assert sum(D(row["saves_usd"]) for row in rows if row["saves_usd"]) == D("1.8624")
    assert rows[0]["subject"].startswith("'=")
    assert rows[2]["saves_usd"] == ""
    assert rows[1]["saves_usd_low"] == "0.4"
    loss = sample().model_copy(update={"plan": [PLAN[0].model_copy(update={"saves_usd": D("-0.5"), "what": "\t@SUM(A1)", "how": "-2+3"})]})
    row = next(csv.DictReader(io.StringIO(str(render.get("csv").render(loss)))))
    assert (row["saves_usd"], row["what"], row["how"]) == ("-0.5", "'@SUM(A1)", "'-2+3")


def test_markdown_tables_hold_their_columns() -> None:
    text = str(render.get("markdown").render(sample()))
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(counts) == 1, block
    outside = re.sub(r"`[^`\n]*`", "", text.replace("\\`", ""))
    assert "<script" not in outside
    assert "@me" not in outside
    assert "<!--" not in outside


def test_json_is_the_schema() -> None:
    for report in REPORTS.values():
        jsonschema.validate(json.loads(str(render.get("json").render(report))), report_schema())


def test_json_keeps_text_and_knows_no_nan() -> None:
    report = sample().model_copy(
        update={"findings": [FINDINGS[0].model_copy(update={"waste_ms_p95": float("nan"), "subject": "a\ud800b" + EVIL})]}
    )
    found = json.loads(str(render.get("json").render(report)))["findings"][0]
    assert found["waste_ms_p95"] is None
    assert found["subject"] == "a\ud800b" + EVIL
    assert str(render.get("json").render(report)).encode("utf-8")


def test_renderers_discover_themselves() -> None:
    folder = Path(render.__file__).parent
    files = {
        path.parent.name if path.name == "__init__.py" else path.stem
        for path in (*folder.glob("*.py"), *folder.glob("*/__init__.py"))
        if re.search(r"^NAME = ", path.read_text("utf-8"), flags=re.MULTILINE)
    }
    assert set(render.names()) == files >= {"text", "json", "csv", "markdown", "html"}
    assert render.for_suffix(".MD") is render.get("markdown")
    with pytest.raises(UsageError, match="no output format 'pdf'"):
        render.get("pdf")


@pytest.mark.parametrize("name", ["report.txt", "report_80_verbose.txt", "report.md", "report.csv", "report.json"])
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    style = Style(width=80, verbose=True) if "80" in name else Style()
    renderer = render.for_suffix(Path(name).suffix)
    assert renderer is not None
    golden(name, str(renderer.render(sample(), style)))


def text_of(report: Report, style: Style) -> str:
    return str(render.get("text").render(report, style))


def test_findings_of_one_rule_stand_under_one_title() -> None:
    report = sample()
    alike = [report.findings[0].model_copy(update={"id": f"retry_storm:{name}", "subject": name}) for name in ("chat", "batch")]
    shown = text_of(report.model_copy(update={"findings": [*alike, *report.findings[1:]]}), Style(width=100))
    step = shown[shown.index("Step 2:") :].split("\n\n")[0]
    assert step.count("Sent again after an error") == 1
    assert [line.split()[0] for line in step.splitlines()[3:]] == ["batch", "chat"]
    assert all("$1.1000" in line and "structural" in line for line in step.splitlines()[3:])
