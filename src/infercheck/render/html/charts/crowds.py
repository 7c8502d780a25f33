"""Latency against calls in flight, a small chart for each deployment, with the bracket in which queueing starts."""

from __future__ import annotations

from infercheck.model.pictures import Crowd
from infercheck.model.report import Report
from infercheck.render.figures import ms
from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import Cell, Column, Figure, Table, counted, name, timed
from infercheck.render.html._theme import ACCENT, GUESS, MS_LABEL, plot, scale

_LINES = {"p95": GUESS, "p50": ACCENT}
MISSING = "Latency by calls in flight: no deployment was seen with several numbers of calls in flight."


def figures(report: Report, tz: str) -> list[Figure]:
    """Empty where no deployment was seen with several numbers of calls in flight."""
    return [_figure(n, crowd) for n, crowd in enumerate(report.pictures.crowds if report.pictures else [], start=1)]


def _figure(number: int, crowd: Crowd) -> Figure:
    points = [
        {
            "at": (level.in_flight_from + level.in_flight_to) / 2,
            "line": line,
            "ms": value,
            "tip": f"{_range(level.in_flight_from, level.in_flight_to)} in flight: {line} {ms(value)}, {level.calls:,} calls",
        }
        for level in crowd.levels
        for line, value in (("p50", level.p50_ms), ("p95", level.p95_ms))
        if value is not None
    ]
    bracket = [] if crowd.waiting_from is None else [{"low": crowd.still_idle_at, "high": crowd.waiting_from, "tip": _knee(crowd)}]

    def spec(width: int) -> Spec:
        x = {
            "field": "at",
            "type": "quantitative",
            "axis": {"title": "other calls in flight", "tickCount": 5, "grid": False, "domain": True},
        }
        y = {"field": "ms", "type": "quantitative", "axis": {"labelExpr": MS_LABEL, "title": None, "tickCount": 4}}
        colour = {"field": "line", "type": "nominal", "scale": scale(_LINES), "legend": {"symbolType": "stroke", "offset": 4}}
        layers: list[dict[str, object]] = []
        if bracket:
            layers.append(
                {
                    "data": {"values": bracket},
                    "mark": {"type": "rect", "color": GUESS, "opacity": 0.18},
                    "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "description": {"field": "tip"}},
                }
            )
        layers += [
            {"data": {"values": points}, "mark": {"type": "line", "aria": False}, "encoding": {"x": x, "y": y, "color": colour}},
            {
                "data": {"values": points},
                "mark": {"type": "circle", "size": 30, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": colour, "description": {"field": "tip"}},
            },
        ]
        return plot(width, 150, layers)

    rows = [
        [Cell(_range(lv.in_flight_from, lv.in_flight_to), lv.in_flight_from), counted(lv.calls), timed(lv.p50_ms), timed(lv.p95_ms)]
        for lv in crowd.levels
    ]
    what = "time to first token" if crowd.measure == "first_token" else "whole calls"
    title = name(crowd.deployment, 40) if crowd.deployment else "unknown deployment"
    return Figure(
        id=f"crowd-{number}",
        title=title,
        says=f"{what.capitalize()}, {crowd.calls:,} calls. {_knee(crowd)}",
        spec=spec,
        small=True,
        table=Table(
            f"crowd-{number}-data",
            f"Latency by calls in flight on {title}",
            (Column("In flight"), Column("Calls"), Column("p50"), Column("p95")),
            rows,
        ),
    )


def _knee(crowd: Crowd) -> str:
    if crowd.waiting_from is None or crowd.still_idle_at is None:
        return "Where queueing starts is not identified."
    return f"Queueing starts between {crowd.still_idle_at:g} and {crowd.waiting_from:g} in flight."


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
