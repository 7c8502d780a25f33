"""Where users wait: the path's parts, where queueing starts, where retries spike, what makes the tail."""

from __future__ import annotations

from infercheck.model.more import More
from infercheck.model.report import Finding, Report
from infercheck.model.waits import ModelLatency
from infercheck.render import _text_waits
from infercheck.render._page import Cell, Column, Page
from infercheck.render.figures import count, ms, percent, plural
from infercheck.render.rest import count_of

_ROWS = 8
_QUEUEING = "queueing_onset"


def latency(page: Page, report: Report) -> None:
    """The latency half of the report; empty where the log holds no times."""
    facts = report.latency
    if not (facts.path or facts.by_model):
        return
    page.heading("Where the time goes", "interactive requests, along their critical path" if facts.path else "")
    if facts.path:
        longest = max(part.share for part in facts.path)
        rows: list[list[Cell]] = [[part.component, ms(part.mean_ms), *page.share(part.share, longest)] for part in facts.path]
        page.table([Column("part", "left", wrap=True), Column("mean"), *page.share_columns()], rows)
    _queueing(page, report)
    _spikes(page, report)
    _text_waits.waits(page, report)
    _tail(page, report)
    _by_model(page, facts.by_model, facts.more.get("by_model"))


def _queueing(page: Page, report: Report) -> None:
    found: list[Finding] = [f for f in report.findings if f.rule == _QUEUEING]
    unchecked = next((n for n in report.coverage.not_checked if n.rule == _QUEUEING), None)
    page.blank()
    if found:
        for finding in found:
            page.paragraph(page.joined("queueing starts:", page.text(finding.subject, "bold"), page.text(_bracket(finding))))
    else:
        page.paragraph(f"queueing starts: {'not checked, ' + unchecked.reason if unchecked else 'not identified on any deployment'}", "dim")


def _bracket(finding: Finding) -> str:
    facts = finding.evidence
    low, high = facts.get("still_idle_at"), facts.get("waiting_from")
    if low is None or high is None:
        return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in facts.items())
    return f"between {low:g} and {high:g} calls in flight"


def _spikes(page: Page, report: Report) -> None:
    spikes = report.latency.retry_spikes
    if not spikes:
        page.paragraph("retries spike: nowhere beyond chance", "dim")
        return
    shown = spikes if page.style.verbose else spikes[:3]
    page.paragraph(f"retries spike in {plural(len(spikes), 'stretch', 'stretches')}:")
    for spike in shown:
        where = page.text(spike.deployment or "unknown deployment", "bold", 60)
        width = "hour" if spike.seconds == 3600 else "minute"
        told = f"{spike.failed:,} of {plural(spike.calls, 'attempt')} failed ({percent(spike.failed_share)}, usually {percent(spike.usual_share)})"
        page.paragraph(page.joined(page.text(f"{spike.start} ({width})"), where, page.text(told)), indent=4)
    if len(spikes) > len(shown):
        page.paragraph(f"and {len(spikes) - len(shown)} more", "dim", indent=4)


def _tail(page: Page, report: Report) -> None:
    tails = report.latency.tail
    if not tails:
        page.paragraph("the tail: too few requests beyond p95 in every workload to say what makes it", "dim")
        return
    classes = {w.workload: w.klass for w in report.spend.by_workload}
    ordered = sorted(tails, key=lambda t: (classes.get(t.workload) != "interactive", -(t.tail_ms - t.middle_ms)))
    shown = ordered if page.style.verbose else ordered[:5]
    page.paragraph("the slowest 5% against the middle fifth:")
    for tail in shown:
        told = f"{ms(tail.middle_ms)} becomes {ms(tail.tail_ms)}, {percent(tail.share_of_excess)} of the excess"
        page.paragraph(page.joined(page.text(tail.workload, "bold", 60), page.text(f"{tail.component}: {told}")), indent=4)
    if len(ordered) > len(shown):
        page.paragraph(f"and {len(ordered) - len(shown)} more workloads", "dim", indent=4)


def _by_model(page: Page, rows: list[ModelLatency], more: More | None) -> None:
    if not rows:
        return
    page.heading("Latency by deployment")
    figures = ("calls", "p50", "p95", "TTFT p50", "p95", "tok/s")
    columns = [Column("deployment", "left", wrap=True), *(Column(title) for title in figures)]
    body: list[list[Cell]] = []
    for row in rows[: len(rows) if page.style.verbose else _ROWS]:
        name = page.joined(page.text(row.deployment or "unknown", limit=60), page.text(row.model or "", "dim", 40))
        speed = count(None) if row.tokens_per_s is None else f"{row.tokens_per_s:.0f}"
        body.append([name, count(row.calls), ms(row.p50_ms), ms(row.p95_ms), ms(row.ttft_p50_ms), ms(row.ttft_p95_ms), speed])
    page.table(columns, body)
    if left := count_of(rows, more) - len(body):
        page.paragraph(f"and {left:,} more", "dim")
