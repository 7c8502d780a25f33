"""The critical path of usual requests beside that of slow ones."""

from __future__ import annotations

from infercheck.model.report import Report
from infercheck.render.figures import ms, percent, plural
from infercheck.render.html._bars import Bar, bars
from infercheck.render.html._figure import Cell, Column, Figure, Table, counted, shared, timed
from infercheck.render.html._theme import MS_LABEL, OTHER, WAITS

_TITLES = {"p50": "around the median", "p99": "slowest 1%"}
_SHORT = {"between calls (client, tools or gateway queue, not distinguishable)": "between calls, not distinguishable"}
MISSING = "Critical path: no request with a start and an end."


def figure(report: Report, tz: str) -> Figure | None:
    """The two quantiles; the mean where the report has no more. None where no request is known to be interactive."""
    if report.pictures and report.pictures.path:
        shapes = [(_TITLES[s.quantile], s.requests, s.mean_ms, s.parts) for s in report.pictures.path]
    elif report.latency.path:
        parts = {part.component: part.mean_ms for part in report.latency.path}
        live = report.headline.interactive
        shapes = [("mean", live.traces - live.unanswered_traces, sum(parts.values()), parts)]
    else:
        return None
    names = list(dict.fromkeys(component for *_, parts in shapes for component in sorted(parts, key=lambda c: -parts[c])))
    colours = {_SHORT.get(c, c): WAITS.get(_SHORT.get(c, c), OTHER) for c in names}
    rows = [
        Bar(
            title,
            [(_SHORT.get(c, c), v, f"{title}: {_SHORT.get(c, c)} {ms(v)}, {percent(v / whole)}") for c, v in parts.items()],
            ms(whole),
        )
        for title, _, whole, parts in shapes
    ]
    table = [
        [Cell(title), counted(requests), Cell(c), timed(v), shared(v / whole)]
        for title, requests, whole, parts in shapes
        for c, v in sorted(parts.items(), key=lambda item: -item[1])
    ]
    columns = (Column("Requests", False), Column("Count"), Column("Waited for", False), Column("Mean"), Column("Share"))
    return Figure(
        id="path",
        title="What people wait for",
        says=f"{_counted(shapes)} {_driver(shapes)}".strip(),
        spec=lambda width: bars(rows, colours, width, axis=MS_LABEL),
        table=Table("path-data", "Critical path", columns, table),
    )


def _counted(shapes: list[tuple[str, int, float, dict[str, float]]]) -> str:
    if len(shapes) < 2:
        return f"Critical path, mean of {plural(shapes[0][1], 'request')}."
    return f"Critical path of {plural(shapes[0][1], 'request')} around the median, and of the slowest 1% ({shapes[-1][1]:,})."


def _driver(shapes: list[tuple[str, int, float, dict[str, float]]]) -> str:
    """Which component makes most of the difference."""
    if len(shapes) < 2:
        return ""
    usual, slow = shapes[0][3], shapes[-1][3]
    excess = {c: slow.get(c, 0) - usual.get(c, 0) for c in slow}
    most = max(excess, key=lambda c: excess[c], default=None)
    return f"Most of the difference is {_SHORT.get(most, most)}: {ms(excess[most])}." if most and excess[most] > 0 else ""
