"""What people waited, over time, with bursts and cold starts marked."""

from __future__ import annotations

from datetime import timedelta

from infercheck.model.pictures import Bucket
from infercheck.model.report import Report
from infercheck.render.figures import ms, plural
from infercheck.render.html import _time
from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import Cell, Column, Figure, Table, counted, timed
from infercheck.render.html._theme import ACCENT, BAD, GUESS, MS_LABEL, SAVE, SERIES, plot, scale

_LINES = {"p99": BAD, "p95": GUESS, "p50": ACCENT}
_MARKS = {"cold start": SAVE, "burst": SERIES[3]}
MISSING = "Latency over time: too few requests with a start and an end."


def figure(report: Report, tz: str) -> Figure | None:
    """None where no stretch of time has enough requests for a median."""
    told = report.pictures.timeline if report.pictures else None
    if told is None or not any(b.p50_ms is not None for b in told.buckets):
        return None
    step = timedelta(seconds=told.seconds)
    values = [
        {
            "start": _time.clock(b.start + step / 2, tz),
            "line": line,
            "ms": _of(b, line),
            "tip": f"{_time.spoken(b.start, told.seconds, tz)}: {line} {ms(_of(b, line))}",
        }
        for b in told.buckets
        for line in _LINES
    ]
    shown = {line: colour for line, colour in _LINES.items() if any(_of(b, line) is not None for b in told.buckets)}
    marks = [
        {
            "start": _time.clock(b.start + step / 2, tz),
            "mark": kind,
            "tip": f"{_time.spoken(b.start, told.seconds, tz)}: {kind}, {plural(n, 'call')}",
        }
        for b in told.buckets
        for kind, n in (("cold start", b.cold_starts), ("burst", b.bursts))
        if n
    ]
    marked = {kind: colour for kind, colour in _MARKS.items() if any(mark["mark"] == kind for mark in marks)}
    first, last = told.buckets[0].start, told.buckets[-1].start + step

    def spec(width: int) -> Spec:
        x = _time.x(first, last, width, tz)
        y = {"field": "ms", "type": "quantitative", "axis": {"labelExpr": MS_LABEL, "title": None}, "scale": {"zero": True}}
        colour = {"field": "line", "type": "nominal", "scale": scale(shown | marked), "legend": {"symbolType": "circle"}}
        drawn = [v for v in values if v["line"] in shown]
        layers: list[dict[str, object]] = [
            {"data": {"values": drawn}, "mark": {"type": "line", "aria": False}, "encoding": {"x": x, "y": y, "color": colour}},
            {
                "data": {"values": [v for v in drawn if v["ms"] is not None]},
                "mark": {"type": "circle", "size": 26, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": colour, "description": {"field": "tip"}},
            },
        ]
        if marks:
            layers.append(
                {
                    "data": {"values": marks},
                    "mark": {"type": "point", "shape": "triangle-down", "filled": True, "size": 70, "opacity": 1, "y": 4},
                    "encoding": {
                        "x": x,
                        "color": {**colour, "field": "mark"},
                        "description": {"field": "tip"},
                    },
                }
            )
        return plot(width, 240, layers)

    rows = [
        [
            Cell(_time.spoken(b.start, told.seconds, tz), b.start.timestamp()),
            counted(b.requests),
            timed(b.p50_ms),
            timed(b.p95_ms),
            timed(b.p99_ms),
            counted(b.bursts),
            counted(b.cold_starts),
        ]
        for b in told.buckets
    ]
    columns = (
        Column("Start", False),
        Column("Requests"),
        Column("p50"),
        Column("p95"),
        Column("p99"),
        Column("In bursts"),
        Column("Cold starts"),
    )
    whose = "interactive requests" if told.requests_of == "interactive" else "all requests: no workload is known to be interactive"
    return Figure(
        id="latency-over-time",
        title="What people waited, over time",
        says=f"Per {_time.length(told.seconds)}, {whose}, {tz}. A p95 takes 20 requests, a p99 100.{_marked(marks)}",
        spec=spec,
        table=Table("latency-over-time-data", "Latency over time", columns, rows),
    )


def _of(bucket: Bucket, line: str) -> float | None:
    return {"p50": bucket.p50_ms, "p95": bucket.p95_ms, "p99": bucket.p99_ms}[line]


def _marked(marks: list[dict[str, str]]) -> str:
    return " Triangles mark what the rules blame." if marks else " No burst and no cold start stands out in what could be checked."
