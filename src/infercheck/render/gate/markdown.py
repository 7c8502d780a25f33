"""The gate's result as Markdown: a comment on a pull request, or a step's summary. Log text is inert in it.

The first line is a marker that nobody sees: whoever posts the comment finds the last one by it, and updates it in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style
from infercheck.render.figures import count, moment, plural
from infercheck.render.gate import _words
from infercheck.render.markdown import code, escape, table
from infercheck.render.money import allocate, places_in_tables, usd

if TYPE_CHECKING:
    from infercheck.model.gate import Check, Decomposition, GateReport, Side

NAME = "markdown"
SUFFIX = ".md"

MARKER = "<!-- infercheck-gate -->"
LARGEST = 60_000  # characters: GitHub refuses a comment of 65,536, and a step's summary of 1 MiB
ROWS = (100, 30, 10, 3, 1)  # of one verdict: the first of these with which the whole fits
_SIGNS = {"passed": "✅", "failed": "❌", "inconclusive": "❔"}
_SECTIONS = (
    ("fail", "Wrong", True),
    ("suppressed", "Suppressed by the config", False),
    ("new", "New", False),
    ("inconclusive", "Not conclusive", False),
    ("pass", "In order", False),
)


def render(report: GateReport, style: Style = DEFAULT) -> str:
    """The whole result, never longer than LARGEST; what is not wrong is folded away."""
    drawn = ""
    for rows in ROWS:
        drawn = _drawn(report, style, rows)
        if len(drawn) <= LARGEST:
            break
    return drawn


def _drawn(report: GateReport, style: Style, most: int) -> str:
    parts = [MARKER, f"## {_SIGNS[report.outcome]} infercheck: gate {report.outcome}", "", escape(report.summary, None), ""]
    for verdict, title, is_open in _SECTIONS:
        parts += _section(title, [check for check in report.checks if check.verdict == verdict], most, is_open=is_open)
    if report.decomposition is not None:
        parts += _why(report.decomposition)
    parts += ["", f"Compared: {escape(report.comparison.text, None)}."]
    if report.comparison.base is not None:
        parts.append(f"Before: {_side(report.comparison.base, style.tz)}.")
    parts.append(f"Now: {_side(report.comparison.head, style.tz)}.")
    parts += ["", *(f"- {escape(note, None)}" for note in report.notes)]
    return "\n".join(parts).rstrip("\n") + "\n"


def _section(title: str, checks: list[Check], most: int, *, is_open: bool) -> list[str]:
    if not checks:
        return []
    shown = checks[:most]
    rows = [
        [
            escape(check.title),
            code(check.stratum.name),
            _words.value(check.base, check.unit),
            _words.value(check.head, check.unit),
            _words.change(check.effect_percent),
            _words.interval(check) or "–",
            escape(check.reason),
        ]
        for check in shown
    ]
    body = _trimmed(table(["Check", "Of", "Before:", "Now:", "Change:", "95% interval:", "Why"], rows))
    if len(shown) < len(checks):
        body += ["", f"and {len(checks) - len(shown):,} more"]
    heading = f"{title} ({plural(len(checks), 'check')})"
    if is_open:
        return [f"### {heading}", "", *body, ""]
    return [f"<details><summary>{heading}</summary>", "", *body, "", "</details>", ""]


def _why(why: Decomposition) -> list[str]:
    places = places_in_tables(max(abs(why.base_usd), abs(why.head_usd)))
    cells = allocate(list(why.parts.values()), places)
    rows = [[name, usd(cell, places)] for name, cell in zip(why.parts, cells, strict=True)]
    rows.append(["together", usd(why.head_usd - why.base_usd, places)])
    note = ["", escape(why.note, None)] if why.note else []
    title = f"Why the bill changed, per {why.per}: {usd(why.base_usd, places)} before, {usd(why.head_usd, places)} now"
    return [f"<details><summary>{title}</summary>", "", *_trimmed(table(["Part", "Change:"], rows)), *note, "", "</details>", ""]


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _side(side: Side, tz: str) -> str:
    span = f"{moment(side.start, tz)} to {moment(side.end, tz)}" if side.start else "no times"
    known = "" if side.successes is None else f", {count(side.successes)} successful"
    return f"{code(side.label)}, {span}; {plural(side.outcomes, 'outcome')}{known}; {usd(side.spend_usd)}"
