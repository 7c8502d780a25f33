"""The page's words: headline figures, plan, findings, what was read. The same helpers as in text and Markdown, so the same numbers."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from infercheck.model.report import Finding, Headline, PlanItem, Report
from infercheck.model.rule import FIX_WORDS
from infercheck.render.figures import (
    cost_of_success,
    count,
    faster,
    left_out,
    made_of,
    moment,
    mostly_failed,
    ms,
    nothing_found,
    number,
    percent,
    plural,
    requests_and_calls,
    scalar,
    unanswered,
)
from infercheck.render.html._figure import name
from infercheck.render.money import beside, cell_usd, total, usd
from infercheck.render.rest import column, count_of
from infercheck.render.safe import clean, lines

STEPS = {1: "Premium models misused", 2: "Retries and waste", 3: "Traffic mixing", 4: "Providers and capacity"}
_PLAN = (
    ("sure", "Sure", "Measured, or follows from the log."),
    ("latency", "Time only", "Nothing off the bill; people wait less."),
    ("heuristic", "Likely", "Needs your eyes before you act."),
)
_ITEMS = 200  # of the plan and of the findings; more are counted
_TEXT = 400  # characters of a text that holds names from the log
_BASIS = {
    "logged": "as the log prices each call",
    "computed": "list prices",
    "mixed": "the log's price where it has one, else list prices",
    "capacity": "each call's part of the hours paid for your machines",
    "none": "no call has a price",
}


@dataclass(frozen=True)
class Figure:
    """A headline figure."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Item:
    """One thing to do, with all that opens under it."""

    rank: int
    what: str
    fix: str
    aside: Sequence[str]
    saves: str
    share: float | None
    month: str
    p95: str
    grade: str
    between: str
    how: str
    verify: str
    findings: Sequence[tuple[str, str]]
    page: tuple[str, str] | None


@dataclass(frozen=True)
class FixText:
    """How one of the eight fixes is done, with configuration to copy."""

    anchor: str
    title: str
    answers: str
    how: str
    risk: str
    snippets: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class PlanPart:
    """Items of one certainty."""

    key: str
    title: str
    says: str
    items: Sequence[Item]
    subtotal: str
    more: str


@dataclass(frozen=True)
class Opened:
    """A finding and its evidence."""

    anchor: str
    title: str
    subject: str
    rule: str
    step: int
    grade: str
    fix: str
    calls: str
    alone: str
    once: str
    waste: str
    p95: str
    evidence: Sequence[tuple[str, str]]
    why: str
    unless: str


@dataclass(frozen=True)
class Step:
    """Findings of one of the four questions."""

    number: int
    title: str
    findings: Sequence[Opened]


def lead(report: Report) -> tuple[str, str]:
    """The verdict: its first sentence, and the rest."""
    if not report.coverage.attempts:
        return "No call in scope: nothing to judge.", ""
    said = [] if report.findings else [nothing_found(report)]
    said += [clean(report.headline.verdict)] if report.headline.verdict else []
    first, _, rest = (" ".join(said) or "Where the money and the time go.").partition(". ")
    return (first if not rest else first + "."), rest


def latency_verdict(report: Report) -> str:
    """How much of what people wait is the system's."""
    return clean(report.headline.verdict_latency) if report.coverage.attempts else ""


def tone(report: Report) -> str:
    """How the verdict is coloured: good news only where it is some."""
    return "good" if report.coverage.attempts and not report.findings and not mostly_failed(report) else ""


def headline(report: Report) -> list[Figure]:
    """The two numbers, what was spent, and what the plan saves."""
    head, live = report.headline, report.headline.interactive
    good = head.successful_outcomes
    outcomes = f"{'unknown' if good is None else count(good)} of {plural(head.outcomes, 'outcome')} succeeded"
    made = f"{made_of(head.cost_parts)}: clean cost x failures x waste" if head.cost_parts else ""
    waits = f"p50 {ms(live.p50_ms)} · p99 {ms(live.p99_ms)} · {requests_and_calls(live)}"
    first = f"First token p50 {ms(live.ttft_p50_ms)}, p95 {ms(live.ttft_p95_ms)}." if live.ttft_calls else ""
    failed = f"{said}." if (said := unanswered(live)) else ""
    pauses = f"Left out: {said}." if (said := left_out(live)) else ""
    return [
        Figure("Cost per successful outcome", cost_of_success(head), f"{outcomes}. {made}".strip()),
        Figure(
            "Spend", _usd(head.spend_usd), f"{plural(report.coverage.attempts, 'call')} at {plural(report.coverage.requests, 'request')}"
        ),
        _savings(head),
        Figure(
            "What people wait, p95",
            "unknown" if live.p95_ms is None else ms(live.p95_ms),
            " ".join(part for part in (f"{waits}.", failed, first, pauses) if part)
            if live.calls
            else "no workload is known to be interactive",
        ),
    ]


def _savings(head: Headline) -> Figure:
    """What measured and structural claims save; unknown where a call that they blame has no price and nothing else is saved."""
    saves = head.addressable_usd
    sure = (saves.measured or Decimal(0)) + (saves.structural or Decimal(0))
    blind = saves.measured is None or saves.structural is None
    value = ("unknown" if not sure else f"at least {usd(sure)}") if blind else usd(sure)
    notes = [] if head.system_share_of_spend is None or (blind and not sure) else [f"{percent(head.system_share_of_spend)} of spend"]
    if saves.heuristic is None or saves.heuristic:
        notes.append("how much more is likely is unknown" if saves.heuristic is None else f"up to {usd(saves.heuristic)} more is likely")
    return Figure(
        "Sure savings", value, "; ".join(notes) or ("the calls blamed have no price to tell it by" if blind else "nothing more is likely")
    )


def span(report: Report, tz: str) -> str:
    """The window in words."""
    w = report.window
    if w.start is None:
        return "no call says when it ran"
    days = "" if w.days is None else f" ({number(w.days, 1)} days)" if w.days >= 1 else f" ({ms(w.days * 86_400_000)})"
    return f"{moment(w.start, tz)} to {moment(w.end, tz)} {tz}{days}"


def anchors(report: Report) -> dict[str, str]:
    """Element id by finding, of those that the page holds: readable, and still one of a kind where names are long or foreign."""
    found: dict[str, str] = {}
    for finding in (finding for finding, _ in _ranked(report, 0)[:_ITEMS]):
        plain = "finding-" + re.sub(r"[^A-Za-z0-9_.]+", "-", finding.id).strip("-")[:60]
        simple = len(finding.id) <= 60 and finding.id.isascii() and plain not in found.values()
        mark = "" if simple else "-" + hashlib.sha256(finding.id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        found[finding.id] = plain + mark
    return found


def plan(report: Report, places: int, links: dict[str, str]) -> list[PlanPart]:
    """The plan by certainty; the savings as shown add up to the total."""
    cells = column([item.saves_usd for item in report.plan], report.more.get("plan"), places)
    pairs = list(zip(report.plan, cells, strict=False))
    most = max((item.saves_usd for item in report.plan if item.saves_usd), default=None)
    shown = {id(item) for item, _ in pairs[:_ITEMS]}
    titles = {finding.id: f"{finding.title}: {name(finding.subject)}" for finding in report.findings}
    parts = []
    for key, title, says in _PLAN:
        own = [(item, cell) for item, cell in pairs if item.section == key]
        if not own:
            continue
        drawn = [_item(report, item, cell, places, most, links, titles) for item, cell in own if id(item) in shown]
        left = own[len(drawn) :]
        more = f"{len(left):,} more, {usd(total([cell for _, cell in left]), places)}" if left else ""
        parts.append(PlanPart(key, title, says, drawn, usd(total([cell for _, cell in own]), places), more))
    return parts


def more_plan(report: Report, places: int) -> str:
    """What the report itself sums up of the plan."""
    more = report.more.get("plan")
    cells = column([item.saves_usd for item in report.plan], more, places)
    return f"{more.rows:,} more, {usd(cells[-1], places)}" if more else ""


def _item(
    report: Report, item: PlanItem, cell: Decimal | None, places: int, most: Decimal | None, links: dict[str, str], titles: dict[str, str]
) -> Item:
    page = next((fix for fix in report.fixes if fix.fix == item.fix), None)
    between = f"{usd(item.interval_usd[0], places)} to {usd(item.interval_usd[1], places)}" if item.interval_usd else ""
    return Item(
        rank=item.rank,
        what=clean(item.what, _TEXT),
        fix=FIX_WORDS[item.fix],
        aside=(f"effort: {item.effort}", f"risk: {item.risk}"),
        saves=cell_usd(item.saves_usd, cell, places),
        share=float(item.saves_usd / most) if item.saves_usd and most else None,
        month="" if item.saves_usd_per_month is None else usd(item.saves_usd_per_month, 2),
        p95="" if item.saves_ms_p95 is None else faster(item.saves_ms_p95),
        grade=item.grade,
        between=f"{between} ({clean(item.interval_note)})" if between else clean(item.interval_note, _TEXT),
        how="" if page else clean(item.how, 2_000),
        verify=clean(item.verify, _TEXT),
        findings=[(links.get(i, ""), titles[i]) for i in item.findings if i in titles],
        page=(f"fix-{page.fix}", clean(page.title)) if page else None,
    )


def fixes(report: Report) -> list[FixText]:
    """The fixes that the plan names, once each."""
    return [
        FixText(
            anchor=f"fix-{fix.fix}",
            title=clean(fix.title),
            answers=clean(fix.answers),
            how=_several(fix.how),
            risk=clean(f"{fix.risk}. {fix.risk_note}" if fix.risk_note else fix.risk),
            snippets=[(f"{s.tool} ({s.language})", _several(s.text)) for s in fix.snippets],
        )
        for fix in report.fixes
    ]


def _several(text: str) -> str:
    """Text of several lines, each made harmless."""
    return "\n".join(lines(text.strip("\n")))


def findings(report: Report, places: int, links: dict[str, str]) -> tuple[list[Step], str]:
    """Findings by step, dearest first, and how many more there are."""
    pairs = _ranked(report, places)
    steps: dict[int, list[Opened]] = defaultdict(list)
    for finding, cell in pairs[:_ITEMS]:
        steps[finding.step].append(_opened(finding, cell, places, links[finding.id]))
    beyond = report.more.get("findings")
    left = [cell for _, cell in pairs[_ITEMS:]] + ([_once(report, places)[-1]] if beyond else [])
    number = count_of(pairs[_ITEMS:], beyond)
    more = f"{plural(number, 'more finding')}, {usd(total(left), places)} counted once" if number else ""
    return [Step(n, STEPS.get(n, "Other"), steps[n]) for n in sorted(steps)], more


def _ranked(report: Report, places: int) -> list[tuple[Finding, Decimal | None]]:
    """Findings with what they save as shown; dearest first, then those that take most time."""
    once = _once(report, places)

    def rank(pair: tuple[Finding, Decimal | None]) -> tuple[Decimal, Decimal, float, str]:
        finding, _ = pair
        return -(finding.counted_once_usd or Decimal(0)), -(finding.alone_usd or Decimal(0)), -(finding.saves_ms_p95 or 0), finding.id

    return sorted(zip(report.findings, once, strict=False), key=rank)


def _once(report: Report, places: int) -> list[Decimal | None]:
    return column([finding.counted_once_usd for finding in report.findings], report.more.get("findings"), places)


def _opened(finding: Finding, cell: Decimal | None, places: int, anchor: str) -> Opened:
    timed = finding.waste_ms_p95 is not None or finding.saves_ms_p95 is not None
    return Opened(
        anchor=anchor,
        title=clean(finding.title),
        subject=name(finding.subject, 120),
        rule=finding.rule,
        step=finding.step,
        grade=finding.grade,
        fix=FIX_WORDS[finding.fix],
        calls=count(finding.calls or None),
        alone=cell_usd(finding.alone_usd, beside(finding.alone_usd, cell, places), places),
        once=cell_usd(finding.counted_once_usd, cell, places),
        waste=f"p50 {ms(finding.waste_ms_p50)}, p95 {ms(finding.waste_ms_p95)}" if timed else "",
        p95="" if finding.saves_ms_p95 is None else faster(finding.saves_ms_p95),
        evidence=[(clean(key.replace("_", " "), 40), clean(scalar(value), _TEXT)) for key, value in finding.evidence.items()],
        why=clean(finding.why),
        unless=clean(finding.false_positives),
    )


def read(report: Report, tz: str) -> list[tuple[str, str]]:
    """What was read and how sure the figures are."""
    c = report.coverage
    skipped = ", ".join(f"{n:,} {name(kind, 20)}" for kind, n in sorted(c.skipped.items()))
    unpriced = [name(model) for model in c.unpriced_models]
    unnamed = count_of(unpriced[12:], c.more.get("unpriced_models"))
    few = ", ".join(unpriced[:12]) + (f" and {unnamed:,} more" if unnamed else "")
    rows = [
        ("Files", count(c.files) + (f"; skipped as no log: {skipped}" if skipped else "")),
        ("Rows, attempts, requests", f"{count(c.rows)}, {count(c.attempts)}, {count(c.requests)}"),
        ("Duplicates removed", count(c.duplicates)),
        ("Further records that hold no call", count(c.other_records)),
        ("Lines rejected, values unreadable", f"{count(c.rejects)}, {count(c.cell_issues)}"),
        ("Window", f"{span(report, tz)}, {plural(report.window.complete_days, 'complete UTC day')}"),
        ("Calls with a price", f"{percent(c.priced_share)} ({percent(c.priced_token_share)} of tokens)"),
        ("Without a price", few or "none"),
        ("Cost basis", _BASIS[c.cost_basis] + (f"; {clean(c.price_list)}" if c.price_list else "")),
        ("Evidence of success", clean(report.headline.success_evidence) or "unknown"),
    ]
    if c.logged_usd is not None and c.computed_usd is not None:
        rows.append(("Logged, and list price of the same calls", f"{usd(c.logged_usd)}, {usd(c.computed_usd)}"))
    if c.naive_sum is not None:
        rows.append(("Adding up all rows would give", f"{c.naive_sum.tokens:,} tokens, {_usd(c.naive_sum.usd)}"))
    samples = [clean(sample, 200) for sample in (*c.reject_samples, *c.cell_issue_samples)][:6]
    return [*rows, *(("Lost", sample) for sample in samples)]


def not_checked(report: Report) -> list[tuple[str, str, str]]:
    """Rules that the log could not support, by reason: names, reason, what to switch on."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in report.coverage.not_checked:
        groups[entry.reason, entry.setting].append(entry.rule)
    return [(", ".join(rules), clean(reason, _TEXT), clean(setting, _TEXT)) for (reason, setting), rules in groups.items()]


def notices(report: Report) -> list[str]:
    """What limits the figures."""
    return [clean(note, _TEXT) for note in (*report.coverage.notices, *report.coverage.notes)]


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else usd(amount)
