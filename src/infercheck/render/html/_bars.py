"""Horizontal bars made of named parts: the shape of half of the page's charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import short, unique
from infercheck.render.html._theme import INK, plot, scale

_ROW = 26  # pixels of a bar and its gap


@dataclass(frozen=True)
class Bar:
    """One row: a name, its parts (name, amount, tip), and what stands at its end."""

    label: str
    parts: Sequence[tuple[str, float, str]]
    end: str = ""


def bars(rows: Sequence[Bar], colours: dict[str, str], width: int, *, axis: str = "", legend: bool = True) -> Spec:
    """Rows in the order given. ``axis``: an expression for the labels of the amounts; without one there is no axis, the ends say it."""
    labels = unique([short(row.label, width) for row in rows])
    used = {key: colours[key] for key in colours if any(part == key for row in rows for part, *_ in row.parts)}
    order = list(used)
    # Vega stacks in this order; amounts are laid end to end here so that a part of nothing leaves no gap.
    values: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    for label, row in zip(labels, rows, strict=True):
        at = 0.0
        for part, amount, tip in sorted(row.parts, key=lambda p: order.index(p[0])):
            values.append({"row": label, "part": part, "from": at, "to": at + amount, "tip": tip})
            at += amount
        ends.append({"row": label, "at": at, "end": row.end})
    most = max((end["at"] for end in ends), default=0) or 1
    room = max((len(row.end) for row in rows), default=0) * 7 + 12  # pixels for the text behind the longest bar
    span = {"domain": [0, most * (1 + room / max(width * 0.72 - room, 80))], "nice": False}
    x_axis = {"labelExpr": axis, "title": None} if axis else None
    y = {
        "field": "row",
        "type": "nominal",
        "sort": labels,
        "axis": {"title": None, "domain": False, "ticks": False, "labelColor": INK, "labelLimit": width * 0.4},
    }
    colour = {
        "field": "part",
        "type": "nominal",
        "scale": scale(used),
        "legend": {"columns": 1 if width < 600 else 0} if legend and len(used) > 1 else None,
    }
    return plot(
        width,
        {"step": _ROW},
        [
            {
                "data": {"values": values},
                "mark": {"type": "bar", "height": {"band": 0.66}},
                "encoding": {
                    "y": y,
                    "x": {"field": "from", "type": "quantitative", "axis": x_axis, "scale": span},
                    "x2": {"field": "to"},
                    "color": colour,
                    "description": {"field": "tip"},
                },
            },
            {
                "data": {"values": ends},
                "mark": {"type": "text", "align": "left", "dx": 6, "aria": False},
                "encoding": {"y": y, "x": {"field": "at", "type": "quantitative"}, "text": {"field": "end"}},
            },
        ],
    )
