"""Spend over time, by the models that cost most."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from infercheck.model.pictures import SpendTimeline
from infercheck.model.report import Report
from infercheck.render.figures import percent
from infercheck.render.html import _time
from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import Cell, Column, Figure, Table, name
from infercheck.render.html._theme import OTHER, PAPER, SERIES, USD_LABEL, plot, scale
from infercheck.render.money import allocate, places_in_tables, usd

MISSING = "Spend over time: no call with a price says when it started."
_OTHERS = "all other models"
_ROWS = 400


def figure(report: Report, tz: str) -> Figure | None:
    """None where no call with a start has a price."""
    told = report.pictures.spend if report.pictures else None
    if told is None:
        return None
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for s in told.slices:
        totals[_name(s.model)] += s.spend_usd
    order = sorted(totals, key=lambda m: (m == _OTHERS, -totals[m], m))
    colours = {m: OTHER if m == _OTHERS else colour for m, colour in zip(order, (*SERIES, OTHER), strict=False)}
    first = min(s.start for s in told.slices)
    last = max(s.start for s in told.slices) + timedelta(seconds=told.seconds)
    values = _stacked(told, order, places_in_tables(report.headline.spend_usd), tz)
    share = percent(float(totals[order[0]] / sum(totals.values())))
    return Figure(
        id="spend-over-time",
        title=f"Spend by {_time.length(told.seconds)}",
        says=f"{order[0]} takes {share} of it. Times are {tz}.",
        spec=lambda width: _spec(values, colours, first, last, width, tz),
        table=_table(report, told, tz),
    )


def _name(model: str | None) -> str:
    return _OTHERS if model is None else name(model)


def _stacked(told: SpendTimeline, order: list[str], places: int, tz: str) -> list[dict[str, object]]:
    """Slices on top of each other, the dearest model at the bottom."""
    step, tops = timedelta(seconds=told.seconds), dict.fromkeys((s.start for s in told.slices), Decimal(0))
    values: list[dict[str, object]] = []
    for s in sorted(told.slices, key=lambda s: order.index(_name(s.model))):
        low = tops[s.start]
        tops[s.start] = low + s.spend_usd
        tip = f"{_time.spoken(s.start, told.seconds, tz)}: {_name(s.model)} {usd(s.spend_usd, places)}"
        values.append(
            {
                "start": _time.clock(s.start, tz),
                "end": _time.clock(s.start + step, tz),
                "model": _name(s.model),
                "low": float(low),
                "high": float(tops[s.start]),
                "tip": tip,
            }
        )
    return values


def _spec(values: list[dict[str, object]], colours: dict[str, str], first: datetime, last: datetime, width: int, tz: str) -> Spec:
    bar = {
        "data": {"values": values},
        "mark": {"type": "bar", "stroke": PAPER, "strokeWidth": 0.6},
        "encoding": {
            "x": _time.x(first, last, width, tz),
            "x2": {"field": "end"},
            "y": {"field": "low", "type": "quantitative", "axis": {"labelExpr": USD_LABEL, "title": None}},
            "y2": {"field": "high"},
            "color": {"field": "model", "type": "nominal", "scale": scale(colours), "legend": {"columns": 2 if width < 600 else 0}},
            "description": {"field": "tip"},
        },
    }
    return plot(width, 220, [bar])


def _table(report: Report, told: SpendTimeline, tz: str) -> Table:
    places = places_in_tables(report.headline.spend_usd)
    rows = [
        [
            Cell(_time.spoken(s.start, told.seconds, tz), s.start.timestamp()),
            Cell(_name(s.model)),
            Cell(usd(cell, places), float(s.spend_usd)),
        ]
        for s, cell in zip(told.slices, allocate([s.spend_usd for s in told.slices], places), strict=True)
    ]
    rest = (f"{len(rows) - _ROWS:,} more", "", "") if len(rows) > _ROWS else ()
    columns = (Column("Start", False), Column("Model", False), Column("Spend"))
    return Table("spend-over-time-data", "Spend over time", columns, rows[:_ROWS], rest)
