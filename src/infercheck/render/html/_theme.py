"""How every chart looks. Colours are names of the page's style, so that light, dark and print need one drawing."""

from __future__ import annotations

INK, MUTED, LINE, PAPER = "var(--ink)", "var(--muted)", "var(--line)", "var(--card)"
ACCENT, SAVE, GUESS, BAD = "var(--accent)", "var(--save)", "var(--guess)", "var(--bad)"
SERIES = tuple(f"var(--s{n})" for n in range(1, 7))
OTHER, SLATE = "var(--so)", "var(--s7)"
# What a request waits for has one colour wherever it is drawn; names as in the report's latency.path.
WAITS = {
    "before first token": SERIES[2],
    "decode": SERIES[0],
    "model call, not streamed": SERIES[1],
    "failed attempts and back-off": BAD,
    "tools": SERIES[3],
    "cold start": SERIES[5],
    "queueing behind other calls": GUESS,
    "retrieval and databases": SERIES[4],
    "framework or not instrumented": SLATE,
    "between calls, not distinguishable": OTHER,
}
HEAT = tuple(f"var(--h{n})" for n in range(1, 6))

WIDE, NARROW, SMALL = 1040, 340, 336  # pixels; SMALL is one of several beside each other
_TEXT = 12

CONFIG = {
    "background": None,
    "padding": 2,
    "font": "Arial, Liberation Sans, sans-serif",  # to measure by; the page names the same
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": _TEXT,
        "titleFontSize": _TEXT,
        "titleFontWeight": "normal",
        "grid": False,
        "domainColor": LINE,
        "tickColor": LINE,
        "gridColor": LINE,
        "labelPadding": 6,
        "tickSize": 4,
    },
    "axisQuantitative": {"labelFlush": False, "grid": True, "domain": False, "ticks": False, "tickCount": 5},
    "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -12, "titleX": 0},
    "legend": {
        "orient": "top",
        "direction": "horizontal",
        "labelColor": MUTED,
        "labelFontSize": _TEXT,
        "title": None,
        "symbolType": "square",
        "symbolSize": 90,
        "labelLimit": 260,
        "columnPadding": 18,
        "offset": 10,
    },
    "text": {"fontSize": _TEXT, "fill": INK},
    "line": {"strokeWidth": 1.8},
    "title": {"color": INK, "fontSize": 13, "anchor": "start", "fontWeight": 600},
}


def plot(width: int, height: int | dict[str, int], layers: list[dict[str, object]], **more: object) -> dict[str, object]:
    """A spec of a total width: axes and labels are inside it."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": layers,
        **more,
    }


def scale(names: dict[str, str]) -> dict[str, list[str]]:
    """Colour by name."""
    return {"domain": list(names), "range": list(names.values())}


# Axis labels for milliseconds and for dollars.
MS_LABEL = (
    "datum.value === 0 ? '0' : datum.value < 1000 ? format(datum.value, '~r') + ' ms' : datum.value < 120000 ? format(datum.value / 1000, '~r') "
    "+ ' s' : format(datum.value / 60000, '~r') + ' min'"
)
USD_LABEL = "'$' + format(datum.value, datum.value >= 1000 ? '~s' : '~r')"
