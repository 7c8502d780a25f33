"""Failed attempts and what was sent again, over time."""

from __future__ import annotations

from datetime import timedelta

from infercheck.model.report import Report
from infercheck.render.figures import percent, plural
from infercheck.render.html import _time
from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import Cell, Column, Figure, Table, counted, name
from infercheck.render.html._theme import ACCENT, BAD, PAPER, plot, scale

_COLOURS = {"failed attempts": BAD, "sent again": ACCENT}
MISSING = "Failures and retries over time: nothing failed and nothing was sent again, or no call says when it started."


def figure(report: Report, tz: str) -> Figure | None:
    """None where nothing failed and nothing was sent again."""
    told = report.pictures.timeline if report.pictures else None
    if told is None or not any(b.failed or b.retries for b in told.buckets):
        return None
    step = timedelta(seconds=told.seconds)
    resent = any(b.retries for b in told.buckets)  # a line along the bottom would say nothing
    values = [
        {
            "start": _time.clock(b.start, tz),
            "end": _time.clock(b.start + step, tz),
            "middle": _time.clock(b.start + step / 2, tz),
            "kind": kind,
            "n": n,
            "tip": f"{_time.spoken(b.start, told.seconds, tz)}: {n:,} {kind} of {plural(b.calls, 'attempt')}",
        }
        for b in told.buckets
        for kind, n in (("failed attempts", b.failed), ("sent again", b.retries if resent else None))
        if n is not None
    ]
    first, last = told.buckets[0].start, told.buckets[-1].start + step

    top = max(n for v in values if isinstance(n := v["n"], int))  # whole attempts: no half a tick
    shown = {kind: colour for kind, colour in _COLOURS.items() if any(v["kind"] == kind for v in values)}

    def spec(width: int) -> Spec:
        x = _time.x(first, last, width, tz)
        y = {"field": "n", "type": "quantitative", "stack": None, "axis": {"title": None, "tickCount": min(4, top), "format": "~s"}}
        colour = {"field": "kind", "type": "nominal", "scale": scale(shown)}
        bar = {
            "data": {"values": [v for v in values if v["kind"] == "failed attempts" and v["n"]]},
            "mark": {"type": "bar", "stroke": PAPER, "strokeWidth": 1.5, "opacity": 0.75},
            "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "y2": {"datum": 0}, "color": colour, "description": {"field": "tip"}},
        }
        line_x = _time.x(first, last, width, tz, "middle")
        again = {"values": [v for v in values if v["kind"] == "sent again"]}
        line = {"data": again, "mark": {"type": "line", "aria": False}, "encoding": {"x": line_x, "y": y, "color": colour}}
        dots = {
            "data": again,
            "mark": {"type": "circle", "size": 24, "opacity": 1},
            "encoding": {"x": line_x, "y": y, "color": colour, "description": {"field": "tip"}},
        }
        return plot(width, 180, [bar, line, dots])

    rows = [
        [Cell(_time.spoken(b.start, told.seconds, tz), b.start.timestamp()), counted(b.calls), counted(b.failed), counted(b.retries)]
        for b in told.buckets
    ]
    columns = (Column("Start", False), Column("Attempts"), Column("Failed"), Column("Sent again"))
    return Figure(
        id="retries-over-time",
        title="Failures and retries over time",
        says=f"Per {_time.length(told.seconds)}, {tz}. {_spikes(report)}",
        spec=spec,
        table=Table("retries-over-time-data", "Failures and retries over time", columns, rows),
    )


def _spikes(report: Report) -> str:
    spikes = report.latency.retry_spikes
    if not spikes:
        return "No stretch stands out beyond chance."
    worst = spikes[0]
    where = f" on {name(worst.deployment, 40)}" if worst.deployment else ""
    return (
        f"{plural(len(spikes), 'stretch stands', 'stretches stand')} out beyond chance; the worst from {worst.start} UTC{where}: "
        f"{percent(worst.failed_share)} failed, usually {percent(worst.usual_share)}."
    )
