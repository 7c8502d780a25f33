"""Spend by model."""

from __future__ import annotations

from infercheck.model.report import ModelSpend, Report
from infercheck.render.figures import count, percent, plural
from infercheck.render.html._bars import Bar, bars
from infercheck.render.html._figure import ROWS, Cell, Column, Figure, Table, counted, dollars, name, shared
from infercheck.render.html._theme import ACCENT, OTHER
from infercheck.render.money import places_in_tables, total, usd
from infercheck.render.rest import calls, column, rest

_BARS = 10
_COLOURS = {"premium model": ACCENT, "other model": OTHER}
MISSING = "Spend by model: no call has a price."


def figure(report: Report, tz: str) -> Figure | None:
    """None where no model has a price."""
    table, priced = listed(report), [m for m in report.spend.by_model if m.spend_usd]
    if table is None or not priced:
        return None
    places = places_in_tables(report.headline.spend_usd)
    rows = [
        Bar(
            title(m),
            [
                (
                    "premium model" if m.premium else "other model",
                    float(m.spend_usd or 0),
                    f"{title(m)}: {usd(m.spend_usd, places)}, {plural(m.calls, 'call')}",
                )
            ],
            f"{usd(m.spend_usd, places)} ({percent(m.share)})",
        )
        for m in priced[:_BARS]
    ]
    premium = sum(m.share or 0 for m in priced if m.premium)
    says = (
        f"{percent(premium)} of the spend is on premium models."
        if premium
        else f"{title(priced[0])} takes {percent(priced[0].share)} of the spend."
    )
    more = f" {len(priced) - _BARS:,} more are in the table." if len(priced) > _BARS else ""
    return Figure(id="models", title="Spend by model", says=says + more, spec=lambda width: bars(rows, _COLOURS, width), table=table)


def title(model: ModelSpend) -> str:
    """``provider/model``"""
    return name("/".join(part for part in (model.provider, model.model) if part) or "unknown")


def listed(report: Report) -> Table | None:
    """Models as a table."""
    models = report.spend.by_model
    if not models:
        return None
    places = places_in_tables(report.headline.spend_usd)
    more = report.spend.more.get("by_model")
    cells = column([m.spend_usd for m in models], more, places)
    most = max((m.spend_usd for m in models if m.spend_usd), default=None)
    rows = [
        [
            Cell(title(m), None, "premium" if m.premium else ""),
            counted(m.calls),
            counted(m.input_tokens),
            counted(m.cache_read_tokens),
            counted(m.output_tokens),
            dollars(m.spend_usd, places, cell, most),
            shared(m.share),
        ]
        for m, cell in zip(models[:ROWS], cells, strict=False)
    ]
    columns = (
        Column("Model", False),
        Column("Calls"),
        Column("Input tokens"),
        Column("Cached"),
        Column("Output tokens"),
        Column("Spend"),
        Column("Share"),
    )
    left = rest(models, cells, ROWS, more)
    cut = (plural(left.rows, "more model"), count(left.calls), "", "", "", usd(left.usd, places), "") if left else ()
    whole = ("All models", count(calls(models, more)), "", "", "", usd(total(cells), places), "") if len(models) > 1 else ()
    return Table("models-data", "Spend by model", columns, rows, cut, whole, searchable=True)
