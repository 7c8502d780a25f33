"""The ranked plan and the findings behind it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from rich.text import Text

from infercheck.model.report import Finding, PlanItem, Report
from infercheck.render._page import Cell, Column, Page
from infercheck.render.figures import count, faster, ms, plural, scalar
from infercheck.render.money import UNKNOWN, beside, cell_usd, total, usd
from infercheck.render.rest import column

STEPS = {1: "Premium models misused", 2: "Retries and waste", 3: "Traffic mixing", 4: "Providers and capacity"}
_SECTIONS = (
    ("sure", "Sure: measured, or follows from the log", "sure"),
    ("latency", "Time only: nothing off the bill", ""),
    ("heuristic", "Likely: needs your eyes", "likely"),
)
_LONGEST = 1000  # characters of a text that names what a log calls its workloads
_FINDINGS = 12  # per step, unless verbose


def plan(page: Page, report: Report, places: int) -> None:
    """What to do, in order; the column "saves" sums to its total as shown."""
    if not report.plan:
        if report.findings:
            page.heading("Plan")
            page.paragraph("Nothing in the findings saves money or time by itself.")
        return
    page.heading("Plan", "saves: this log, each dollar counted once")
    more = report.more.get("plan")
    saves = column([item.saves_usd for item in report.plan], more, places)
    cells = dict(zip((id(item) for item in report.plan), saves, strict=False))
    monthly = any(item.saves_usd_per_month is not None for item in report.plan)
    timed = any(map(_felt, report.plan))
    columns = [Column("#"), Column("what to do", "left", wrap=True), Column("saves"), *([Column("a month")] if monthly else [])]
    columns += [*([Column("p95")] if timed else []), Column("grade", "left")]
    rows: list[list[Cell]] = []

    def add(number: str, what: Cell, saved: str, month: str, quicker: str, grade: str, style: str = "") -> None:
        row: list[Cell] = [number, what, page.text(saved, style), *([month] if monthly else []), *([quicker] if timed else []), grade]
        rows.append([page.text(cell) if isinstance(cell, str) else cell for cell in row])

    used = [section for section in _SECTIONS if any(item.section == section[0] for item in report.plan)]
    for key, title, short in used:
        items = [item for item in report.plan if item.section == key]
        add("", page.text(title, "bold"), "", "", "", "")
        for item in items:
            month = "" if item.saves_usd_per_month is None else usd(item.saves_usd_per_month, 2)
            saved = cell_usd(item.saves_usd, cells[id(item)], places)
            add(str(item.rank), _what(page, item, places), saved, month or UNKNOWN, faster(item.saves_ms_p95), item.grade)
        if short and len(used) > 1:
            add("", page.text(f"subtotal, {short}", "dim"), usd(total([cells[id(item)] for item in items]), places), "", "", "", "dim")
    if more:
        add("", page.text(f"and {more.rows:,} more", "dim"), usd(saves[-1], places), "", "", "", "dim")
    add("", page.text("total", "bold"), usd(total(saves), places), "", "", "", "bold")
    page.table(columns, rows)
    if monthly:
        page.paragraph("A month is the window's rate over 30 days.", "dim")
    if drawn := next((item.interval_note for item in report.plan if item.interval_usd and item.interval_note), ""):
        page.paragraph(f"Between: {drawn}.", "dim")
    if page.style.verbose:
        _how(page, report)


def findings(page: Page, report: Report, places: int) -> None:
    """Findings by step; verbose opens each one's evidence."""
    if not report.findings:
        return
    more = report.more.get("findings")
    once = column([finding.counted_once_usd for finding in report.findings], more, places)
    cells = dict(zip((id(finding) for finding in report.findings), once, strict=False))
    for step in sorted({finding.step for finding in report.findings}):
        chosen = [finding for finding in report.findings if finding.step == step]
        chosen.sort(key=lambda f: (-(f.counted_once_usd or Decimal(0)), -(f.alone_usd or Decimal(0)), -(f.saves_ms_p95 or 0), f.id))
        titles = list(dict.fromkeys(finding.title for finding in chosen))
        chosen.sort(key=lambda f: titles.index(f.title))
        page.heading(f"Step {step}: {STEPS.get(step, 'Other')}", plural(len(chosen), "finding"))
        if page.style.verbose:
            for finding in chosen:
                _opened(page, finding, cells[id(finding)], places)
            continue
        shown, rest = chosen[:_FINDINGS], chosen[_FINDINGS:]
        _table(page, shown, cells, places)
        if rest:
            worth = total([cells[id(finding)] for finding in rest])
            told = "" if worth is None else f", {usd(worth, places)} counted once"
            page.paragraph(f"and {len(rest)} more{told}: -v lists them", "dim")
    if more:
        told = "" if more.usd is None else f", {usd(once[-1], places)} counted once"
        page.paragraph(f"and {plural(more.rows, 'finding')} more{told}: infercheck export claims has them all", "dim")


def _table(page: Page, chosen: Sequence[Finding], cells: dict[int, Decimal | None], places: int) -> None:
    timed = any(map(_felt, chosen))
    columns = [Column("finding", "left", wrap=True), Column("calls"), Column("alone"), Column("once")]
    columns += [*([Column("p95")] if timed else []), Column("grade", "left")]
    rows: list[list[Cell]] = []
    for title, found in groupby(chosen, key=lambda f: f.title):
        alike = list(found)
        if len(alike) > 1:
            rows.append([page.text(title, limit=120), *[""] * (len(columns) - 1)])
        for finding in alike:
            subject = page.text(finding.subject, "dim", 80)
            name = subject if len(alike) > 1 else page.joined(page.text(title, limit=120), subject, by="\n")
            money = _saves(finding, cells[id(finding)], places)
            rows.append([name, count(finding.calls or None), *money, *([faster(finding.saves_ms_p95)] if timed else []), finding.grade])
    page.table(columns, rows)


def _saves(finding: Finding, once: Decimal | None, places: int) -> tuple[str, str]:
    """Alone and counted once, where ``once`` is the cell of the second."""
    alone = finding.alone_usd
    return cell_usd(alone, beside(alone, once, places), places), cell_usd(finding.counted_once_usd, once, places)


def _felt(entry: Finding | PlanItem) -> bool:
    """It takes a millisecond off, or adds one: a column of nothing but 0 ms is not worth its width."""
    return abs(entry.saves_ms_p95 or 0) >= 0.5


def _opened(page: Page, finding: Finding, once: Decimal | None, places: int) -> None:
    page.blank()
    page.paragraph(page.joined(page.text(finding.title, "bold"), page.text(finding.subject, limit=200), by=": "))
    alone, counted = _saves(finding, once, places)
    rows: list[tuple[str, Cell]] = [
        ("rule", page.joined(finding.rule, finding.grade, finding.fix, by=" · ")),
        ("calls", count(finding.calls or None)),
        ("saves", f"{alone} alone, {counted} counted once"),
    ]
    if finding.waste_ms_p95 is not None or finding.saves_ms_p95 is not None:
        rows.append(
            ("time", f"waste p50 {ms(finding.waste_ms_p50)}, p95 {ms(finding.waste_ms_p95)}; takes {ms(finding.saves_ms_p95)} off p95")
        )
    rows += [(page.safe(key, page.width // 2), page.text(scalar(value), limit=400)) for key, value in finding.evidence.items()]
    if finding.why:
        rows.append(("why", finding.why))
    if finding.false_positives:
        rows.append(("unless", finding.false_positives))
    page.pairs(rows, indent=4)


def _what(page: Page, item: PlanItem, places: int) -> Text:
    aside = [item.fix.replace("_", " "), f"effort {item.effort}", f"risk {item.risk}"]
    if item.interval_usd:
        aside.append(f"between {usd(item.interval_usd[0], places)} and {usd(item.interval_usd[1], places)}")
    elif item.interval_note:
        aside.append(item.interval_note)
    return page.joined(page.text(item.what, limit=240), page.text(" · ".join(aside), "dim"), by="\n")


def _how(page: Page, report: Report) -> None:
    """Each item with its check. How it is done stands once, in the page of its fix."""
    pages = {fix.fix: f"see below, Fix: {fix.title}" for fix in report.fixes}
    for item in report.plan:
        page.blank()
        page.paragraph(page.text(f"{item.rank}. {item.what}", "bold", 240))
        how = pages.get(item.fix, item.how)
        rows: list[tuple[str, Cell]] = [("how", page.text(how, limit=_LONGEST)), ("verify", page.text(item.verify, limit=_LONGEST))]
        if item.findings:
            rows.append(("findings", ", ".join(page.safe(name, 120) for name in item.findings)))
        page.pairs(rows, indent=4)
