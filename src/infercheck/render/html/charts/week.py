"""Hour by weekday: when calls come, and when they are slow."""

from __future__ import annotations

from infercheck.model.pictures import WeekHour
from infercheck.model.report import Report
from infercheck.render.figures import ms
from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import Cell, Column, Figure, Table, counted, timed
from infercheck.render.html._theme import HEAT, PAPER, plot

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = 12  # fewer make no map
_ROW = 24
MISSING = "Hour by weekday: the log covers fewer than twelve hours of the week."


def figures(report: Report, tz: str) -> list[Figure]:
    """Calls, and the p95 of those that succeeded; empty where the log covers fewer than twelve hours of the week."""
    hours = report.pictures.week if report.pictures else []
    if len(hours) < _HOURS:
        return []
    columns = (Column("Day", False), Column("Hour"), Column("Calls"), Column("Failed"), Column("p95"))
    rows = [
        [Cell(_DAYS[h.weekday - 1], h.weekday), Cell(f"{h.hour:02d}:00", h.hour), counted(h.calls), counted(h.failed), timed(h.p95_ms)]
        for h in hours
    ]
    busiest = max(hours, key=lambda h: h.calls)
    found = [
        Figure(
            id="week-calls",
            title="Calls by hour and weekday",
            says=f"Busiest: {_DAYS[busiest.weekday - 1]} {busiest.hour:02d}:00 UTC, {busiest.calls:,} calls.",
            spec=lambda width: _spec(hours, {id(h): float(h.calls) for h in hours}, {id(h): f"{h.calls:,} calls" for h in hours}, width),
            table=Table("week-calls-data", "Calls by hour and weekday, UTC", columns, rows),
        )
    ]
    known = [h for h in hours if h.p95_ms is not None]
    if len(known) >= _HOURS:
        slowest = max(known, key=lambda h: h.p95_ms or 0)
        found.append(
            Figure(
                id="week-latency",
                title="p95 of calls by hour and weekday",
                says=f"Slowest: {_DAYS[slowest.weekday - 1]} {slowest.hour:02d}:00 UTC, {ms(slowest.p95_ms)}. Hours of under 20 calls are left out.",
                spec=lambda width: _spec(
                    known, {id(h): h.p95_ms or 0 for h in known}, {id(h): f"p95 {ms(h.p95_ms)}" for h in known}, width
                ),
                table=Table("week-latency-data", "p95 by hour and weekday, UTC", columns, rows),
            )
        )
    return found


def _spec(hours: list[WeekHour], value: dict[int, float], words: dict[int, str], width: int) -> Spec:
    values = [
        {"day": _DAYS[h.weekday - 1], "hour": h.hour, "v": value[id(h)], "tip": f"{_DAYS[h.weekday - 1]} {h.hour:02d}:00: {words[id(h)]}"}
        for h in hours
    ]
    wide = width > 600
    rect = {
        "data": {"values": values},
        "mark": {"type": "rect", "stroke": PAPER, "strokeWidth": 2, "cornerRadius": 3},
        "encoding": {
            "x": {
                "field": "hour",
                "type": "ordinal",
                "scale": {"domain": list(range(24))},
                "axis": {"title": None, "labelAngle": 0, "domain": False, "ticks": False, "values": list(range(0, 24, 2 if wide else 6))},
            },
            "y": {
                "field": "day",
                "type": "ordinal",
                "scale": {"domain": list(_DAYS)},
                "axis": {"title": None, "domain": False, "ticks": False},
            },
            "color": {
                "field": "v",
                "type": "quantitative",
                "scale": {"type": "quantize", "range": list(HEAT), "zero": True},
                "legend": None,
            },
            "description": {"field": "tip"},
        },
    }
    return plot(width, {"step": _ROW}, [rect])
