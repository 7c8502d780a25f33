"""From the bill to what is left of it after the plan, each dollar counted once."""

from __future__ import annotations

from decimal import Decimal

from infercheck.model.report import Report
from infercheck.model.rule import FIX_WORDS
from infercheck.render.figures import percent
from infercheck.render.html._draw import Spec
from infercheck.render.html._figure import Cell, Column, Figure, Table
from infercheck.render.html._theme import ACCENT, GUESS, INK, MUTED, SAVE, plot
from infercheck.render.money import allocate, cell_usd, places_in_tables, usd

_ROW = 28
_COLOURS = {"bill": ACCENT, "sure": SAVE, "guess": GUESS}
MISSING = "From bill to plan: no finding saves a dollar that is known."


def figure(report: Report, tz: str) -> Figure | None:
    """None where no call has a price or no finding saves a dollar."""
    spend, parts = report.headline.spend_usd, report.headline.spend_parts
    fixes = [p for p in parts if p.part in FIX_WORDS]
    if not spend or not any(p.sure_usd or p.heuristic_usd for p in fixes):
        return None
    places = places_in_tables(spend)
    steps = [(FIX_WORDS[p.part], p.sure_usd, "sure") for p in fixes if p.sure_usd]
    steps += [
        (f"{FIX_WORDS[p.part]}, likely", p.heuristic_usd, "guess") for p in sorted(fixes, key=lambda p: -p.heuristic_usd) if p.heuristic_usd
    ]
    cells = allocate([amount for _, amount, _ in steps], places)
    rows: list[dict[str, object]] = [_row("Billed", Decimal(0), spend, "bill", usd(spend, places), f"Billed: {usd(spend, places)}")]
    table = [[Cell("Billed"), Cell(usd(spend, places), float(spend)), Cell("")]]
    left, sure = spend, True
    for (name, amount, kind), cell in zip(steps, cells, strict=True):
        if sure and kind == "guess" and left < spend:
            rows.append(
                _row(
                    "Left after what is sure", Decimal(0), left, "bill", usd(left, places), f"Left after what is sure: {usd(left, places)}"
                )
            )
            table.append([Cell("Left after what is sure"), Cell(usd(left, places), float(left)), Cell(percent(float(left / spend)))])
        sure = kind == "sure"
        shown = cell_usd(amount, cell, places)
        share = percent(float(amount / spend))
        rows.append(
            _row(name, left - amount, left, kind, f"{'−' if amount > 0 else '+'}{shown} ({share})", f"{name}: {shown}, {share} of the bill")
        )
        table.append([Cell(name), Cell(shown, float(amount)), Cell(share)])
        left -= amount
    after = "Left after all of it" if any(kind == "guess" for *_, kind in steps) else "Left after the plan"
    share = percent(float(left / spend))
    rows.append(_row(after, Decimal(0), left, "bill", f"{usd(left, places)} ({share})", f"{after}: {usd(left, places)}"))
    table.append([Cell(after), Cell(usd(left, places), float(left)), Cell(share)])
    return Figure(
        id="waterfall",
        title="From the bill to what is left after the plan",
        says="Green is measured or follows from the log. Ochre is likely and needs your eyes. Each dollar is counted once.",
        spec=lambda width: _spec(rows, float(spend), width),
        table=Table(
            "waterfall-data",
            "From the bill to what is left after the plan",
            (Column("", False), Column("USD"), Column("Of the bill")),
            table,
        ),
    )


def _row(label: str, low: Decimal, high: Decimal, kind: str, end: str, tip: str) -> dict[str, object]:
    return {"row": label, "from": float(low), "to": float(high), "kind": kind, "end": end, "amount": end.partition(" ")[0], "tip": tip}


def _spec(rows: list[dict[str, object]], spend: float, width: int) -> Spec:
    order = [row["row"] for row in rows]
    wide = width > 600  # a narrow one leaves the shares to the table
    room = (150 if wide else 70) / (width * (0.75 if wide else 0.5))
    y = {
        "field": "row",
        "type": "nominal",
        "sort": order,
        "axis": {"title": None, "domain": False, "ticks": False, "labelColor": INK, "labelLimit": width * 0.42},
    }
    span = {"domain": [0, spend / (1 - min(room, 0.6))], "nice": False}
    return plot(
        width,
        {"step": _ROW},
        [
            {
                "mark": {"type": "bar", "height": {"band": 0.7}},
                "encoding": {
                    "y": y,
                    "x": {"field": "from", "type": "quantitative", "axis": None, "scale": span},
                    "x2": {"field": "to"},
                    "color": {
                        "field": "kind",
                        "type": "nominal",
                        "legend": None,
                        "scale": {"domain": list(_COLOURS), "range": list(_COLOURS.values())},
                    },
                    "description": {"field": "tip"},
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "aria": False, "fill": MUTED},
                "encoding": {"y": y, "x": {"field": "to", "type": "quantitative"}, "text": {"field": "end" if wide else "amount"}},
            },
        ],
        data={"values": rows},
    )
