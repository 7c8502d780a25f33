"""The gate's result for a terminal: the outcome, what was compared, what is wrong, then the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style
from infercheck.render.figures import count, moment, plural
from infercheck.render.gate import _words
from infercheck.render.money import allocate, places_in_tables, usd

if TYPE_CHECKING:
    from infercheck.model.gate import Check, Decomposition, GateReport, Side
    from infercheck.render._page import Cell, Page

NAME = "text"
SUFFIX = ".txt"

_COLORS = {"passed": "green", "failed": "red", "inconclusive": "yellow"}
_SECTIONS = (
    ("fail", "Wrong"),
    ("suppressed", "Suppressed by the config"),
    ("new", "New"),
    ("inconclusive", "Not conclusive"),
    ("pass", "In order"),
)
_MOST = 10  # of those that are in order; -v shows all


def render(report: GateReport, style: Style = DEFAULT) -> str:
    """The result as text of ``style.width`` columns."""
    from infercheck.render._page import Page

    page = Page(style)
    page.paragraph(page.text(f"Gate {report.outcome}: {report.summary}", f"bold {_COLORS[report.outcome]}"), indent=0)
    if not style.quiet:
        _compared(page, report)
    for verdict, title in _SECTIONS[:1] if style.quiet else _SECTIONS:
        _section(page, title, [check for check in report.checks if check.verdict == verdict], whole=style.verbose or verdict != "pass")
    if style.quiet:
        return page.finish()
    if report.decomposition is not None:
        _why(page, report.decomposition)
    for note in report.notes:
        page.paragraph(note, "dim")
    return page.finish()


def _compared(page: Page, report: GateReport) -> None:
    comparison = report.comparison
    days = comparison.kind == "days"
    page.heading("What was compared")
    rows = [("by", comparison.text)]
    rows += [("baseline", _side(comparison.base, page.style.tz, days))] if comparison.base is not None else []
    rows.append(("now", _side(comparison.head, page.style.tz, days)))
    if comparison.matched_outcomes is not None:
        rows.append(("matched", f"{plural(comparison.matched_outcomes, 'outcome')} of {count(comparison.head.outcomes)}"))
    page.pairs([(label, text) for label, text in rows])


def _side(side: Side, tz: str, days: bool) -> str:
    known = "" if side.successes is None else f", {count(side.successes)} successful"
    span = f"{moment(side.start, tz)} to {moment(side.end, tz)}" if side.start else "no times"
    judged = f", {plural(side.days, 'day')} judged" if days else ""
    return f"{side.label}: {span}{judged}; {plural(side.outcomes, 'outcome')}{known}; {usd(side.spend_usd)}"


def _section(page: Page, title: str, checks: list[Check], *, whole: bool) -> None:
    if not checks:
        return
    from infercheck.render._page import Column

    shown = checks if whole else checks[:_MOST]
    page.heading(title, plural(len(checks), "check"))
    columns = [
        Column("check", "left", wrap=True),
        Column("before"),
        Column("now"),
        Column("change"),
        Column("95% interval"),
        Column("at stake"),
    ]
    rows: list[list[Cell]] = [
        [
            page.joined(f"{check.title}:", check.stratum.name),
            _words.value(check.base, check.unit),
            _words.value(check.head, check.unit),
            _words.change(check.effect_percent),
            _words.interval(check),
            _words.stake(check),
        ]
        for check in shown
    ]
    page.table(columns, rows)
    for number, check in enumerate(shown, start=1) if checks[0].verdict != "pass" else ():
        where = f" ({check.anchor.file}:{check.anchor.line})" if check.anchor else ""
        page.paragraph(f"{number}. {_mark(check)}{check.title}, {check.stratum.name}: {check.reason}{where}", "dim")
    if len(shown) < len(checks):
        page.paragraph(f"and {len(checks) - len(shown):,} more: -v shows all", "dim")


def _mark(check: Check) -> str:
    return "" if check.severity == "note" else f"{check.severity}: "


def _why(page: Page, why: Decomposition) -> None:
    from infercheck.render._page import Column

    places = places_in_tables(max(abs(why.base_usd), abs(why.head_usd)))
    parts = why.parts
    cells = allocate(list(parts.values()), places)
    page.heading("Why the bill changed", f"per {why.per}, {usd(why.base_usd, places)} before and {usd(why.head_usd, places)} now")
    said = {name: type(why).model_fields[f"{name}_usd"].description or "" for name in parts}
    rows = [[name, usd(cell, places), said[name]] for name, cell in zip(parts, cells, strict=True)]
    rows.append(["together", usd(why.head_usd - why.base_usd, places), ""])
    page.table([Column("part", "left"), Column("change"), Column("", "left", wrap=True)], rows)
    if why.note:
        page.paragraph(why.note, "dim")
