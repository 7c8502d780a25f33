"""Spend by workload, with the part of it that sure fixes would save."""

from __future__ import annotations

from infercheck.model.report import Report
from infercheck.render.figures import count, made_of, percent, plural
from infercheck.render.html._bars import Bar, bars
from infercheck.render.html._figure import ROWS, Cell, Column, Figure, Table, counted, dollars, name, shared, timed
from infercheck.render.html._theme import ACCENT, SAVE
from infercheck.render.money import places_in_tables, total, usd
from infercheck.render.rest import calls, column, rest

_BARS = 12
_COLOURS = {"would stay": ACCENT, "saved by sure fixes": SAVE}
MISSING = "Spend by workload: no call has a price."


def figure(report: Report, tz: str) -> Figure | None:
    """None where no workload has a price."""
    table = listed(report)
    jobs = [w for w in report.spend.by_workload if w.spend_usd]
    if table is None or not jobs:
        return None
    places = places_in_tables(report.headline.spend_usd)
    rows = []
    for w in jobs[:_BARS]:
        spend, saves = float(w.spend_usd or 0), min(float(w.saves_usd or 0), float(w.spend_usd or 0))
        tip = f"{name(w.workload)}: {usd(w.spend_usd, places)}" + (f", sure fixes save {usd(w.saves_usd, places)}" if w.saves_usd else "")
        rows.append(
            Bar(
                name(w.workload),
                [("would stay", spend - saves, tip), *([("saved by sure fixes", saves, tip)] if saves > 0 else [])],
                f"{usd(w.spend_usd, places)} ({percent(w.share)})",
            )
        )
    first = jobs[0]
    more = f" {len(jobs) - _BARS:,} more are in the table." if len(jobs) > _BARS else ""
    return Figure(
        id="workloads",
        title="Spend by workload",
        says=f"{name(first.workload)} takes {percent(first.share)} of the spend.{more}",
        spec=lambda width: bars(rows, _COLOURS, width),
        table=table,
    )


def listed(report: Report) -> Table | None:
    """Workloads as a table: those beyond ROWS are counted, with their calls and spend."""
    jobs = report.spend.by_workload
    if not jobs:
        return None
    places = places_in_tables(report.headline.spend_usd)
    more = report.spend.more.get("by_workload")
    cells = column([w.spend_usd for w in jobs], more, places)
    most = max((w.spend_usd for w in jobs if w.spend_usd), default=None)
    rows = [
        [
            Cell(name(w.workload), None, name(f"{w.klass}{': ' + w.class_reason if w.class_reason else ''}", 160)),
            Cell(name(w.value or "unknown", 20)),
            counted(w.calls),
            timed(w.p95_ms),
            Cell(
                usd(w.cost_per_successful_outcome_usd),
                _float(w.cost_per_successful_outcome_usd),
                made_of(w.cost_parts) if w.cost_parts else "",
            ),
            dollars(w.saves_usd, places),
            dollars(w.spend_usd, places, cell, most),
            shared(w.share),
        ]
        for w, cell in zip(jobs[:ROWS], cells, strict=False)
    ]
    columns = (
        Column("Workload", False),
        Column("Value", False),
        Column("Calls"),
        Column("p95"),
        Column("A success costs"),
        Column("Sure fixes save"),
        Column("Spend"),
        Column("Share"),
    )
    left = rest(jobs, cells, ROWS, more)
    cut = (plural(left.rows, "more workload"), "", count(left.calls), "", "", "", usd(left.usd, places), "") if left else ()
    whole = ("All workloads", "", count(calls(jobs, more)), "", "", "", usd(total(cells), places), "") if len(jobs) > 1 else ()
    return Table("workloads-data", "Spend by workload", columns, rows, cut, whole, searchable=True)


def _float(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]
