"""The slowest request of each slow workload, step by step."""

from __future__ import annotations

from infercheck.model.pictures import SlowTrace, TraceStep
from infercheck.model.report import Report
from infercheck.render.figures import moment, ms, plural
from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import Cell, Column, Figure, Table, name, short, timed
from infercheck.render.html._theme import BAD, INK, MS_LABEL, WAITS, plot, scale

_ROW = 22
_DRAWN = 14  # steps; the table holds the rest
_BEFORE, _DECODE, _WHOLE, _FAILED = "before first token", "decode", "model call, not streamed", "failed attempt"
_KINDS = {"tool": "tools", "http": "tools", "retrieval": "retrieval and databases", "db": "retrieval and databases"}
_OTHER = "framework or not instrumented"
_COLOURS = {
    _BEFORE: WAITS[_BEFORE],
    _DECODE: WAITS[_DECODE],
    _WHOLE: WAITS[_WHOLE],
    _FAILED: BAD,
    **{k: WAITS[k] for k in (*_KINDS.values(), _OTHER)},
}
MISSING = "Slowest requests: no request with a start and an end."


def figures(report: Report, tz: str) -> list[Figure]:
    """Empty where no request has a start and an end."""
    return [_figure(n, trace, tz) for n, trace in enumerate(report.pictures.slowest if report.pictures else [], start=1)]


def _figure(number: int, trace: SlowTrace, tz: str) -> Figure:
    longest = sorted(trace.steps, key=lambda s: -s.waited_ms)[:_DRAWN]
    drawn = sorted(longest, key=lambda s: (s.start_ms, s.depth, s.end_ms))
    workload = name(trace.workload or "unknown workload", 40)
    title = f"{workload}: {ms(trace.duration_ms)}"
    rows = [
        [
            Cell(name(s.name)),
            Cell(name(s.kind, 20)),
            timed(s.start_ms),
            timed(s.end_ms - s.start_ms),
            timed(s.waited_ms),
            Cell("failed" if s.failed else ""),
        ]
        for s in trace.steps
    ]
    left = len(trace.steps) - len(drawn) + trace.more_steps
    more = f", {plural(left, 'step')} waited for less not drawn" if left else ""
    columns = (Column("Step", False), Column("Kind", False), Column("Starts at"), Column("Takes"), Column("Waited for"), Column("", False))
    rest = (f"{trace.more_steps:,} more", "", "", "", "", "") if trace.more_steps else ()
    return Figure(
        id=f"slow-{number}",
        title=title,
        says=f"Request {name(trace.request, 48)}, {moment(trace.start, tz)} {tz}: {plural(len(trace.steps) + trace.more_steps, 'step')}{more}.",
        spec=lambda width: _spec(drawn, width),
        table=Table(f"slow-{number}-data", f"Steps of {title}", columns, rows, rest),
    )


def _spec(steps: list[TraceStep], width: int) -> Spec:
    labels = [f"{n}. {short(s.name, width)}" for n, s in enumerate(steps, start=1)]
    values = [
        {"row": label, "from": low, "to": high, "part": part, "tip": f"{name(s.name)}: {part} {ms(high - low)}, from {ms(low)}"}
        for label, s in zip(labels, steps, strict=True)
        for part, low, high in _parts(s)
    ]
    used = {part: colour for part, colour in _COLOURS.items() if any(v["part"] == part for v in values)}
    bar = {
        "data": {"values": values},
        "mark": {"type": "bar", "height": {"band": 0.6}, "minBandSize": 2},
        "encoding": {
            "y": {
                "field": "row",
                "type": "nominal",
                "sort": labels,
                "axis": {"title": None, "domain": False, "ticks": False, "labelColor": INK, "labelLimit": width * 0.42},
            },
            "x": {"field": "from", "type": "quantitative", "axis": {"labelExpr": MS_LABEL, "title": None}, "scale": {"nice": False}},
            "x2": {"field": "to"},
            "color": {"field": "part", "type": "nominal", "scale": scale(used), "legend": {"columns": 2 if width < 600 else 0}},
            "description": {"field": "tip"},
        },
    }
    return plot(width, {"step": _ROW}, [bar])


def _parts(step: TraceStep) -> list[tuple[str, float, float]]:
    if step.kind != "call":
        return [(_KINDS.get(step.kind, _OTHER), step.start_ms, step.end_ms)]
    if step.failed:
        return [(_FAILED, step.start_ms, step.end_ms)]
    if step.first_token_ms is None:
        return [(_WHOLE, step.start_ms, step.end_ms)]
    token = min(max(step.first_token_ms, step.start_ms), step.end_ms)
    return [(_BEFORE, step.start_ms, token), (_DECODE, token, step.end_ms)]
