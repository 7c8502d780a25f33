"""A reconciliation as text for people: what agrees, what does not and why, the largest gaps first. Columns add up as shown.

Days, providers and kinds stay whole at any width, the model's name and its meter give way; a remark that many rows share is told once, below them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from infercheck.model.reconciliation import ReconciledLine, Reconciliation
from infercheck.render import Style, money
from infercheck.render.figures import plural
from infercheck.render.safe import clean

_GAPS = 20
_NARROWEST = 80  # columns; a table that is narrower has no room for the model beside what stays whole
_MEANS = {
    "matched": "matched",
    "rounding": "rounding",
    "price_variance": "price variance",
    "log_only": "log only",
    "invoice_only": "invoice only",
    "unexplained": "unexplained",
}


def text(result: Reconciliation, style: Style) -> str:
    """The statement."""
    style = replace(style, width=max(style.width, _NARROWEST))
    places = max(2, money.places_in_tables(result.invoice_usd or result.log_usd))
    parts = [_head(result, places), _totals(result, places, style), _gaps(result, places, style)]
    parts += [f"note: {clean(note)}\n" for note in result.notes]
    return "\n".join(part for part in parts if part)


def _head(result: Reconciliation, places: int) -> str:
    span = f", from {result.start} until {result.end}"
    verdict = "within" if result.within_tolerance else "beyond"
    unknown = f"; {plural(result.unknown_gaps, 'gap has', 'gaps have')} no price" if result.unknown_gaps else ""
    return (
        f"Log {_whole(result, 'log_usd', places)} against invoice {_whole(result, 'invoice_usd', places)}{span}\n"
        f"gaps {money.usd(result.gross_gap_usd, places)} without their sign, {money.usd(result.gap_usd, places)} net; {verdict} the tolerance of "
        f"{money.usd(result.tolerance_usd, places)}{unknown}\n"
    )


def _whole(result: Reconciliation, side: str, places: int) -> str:
    """What one side adds up to; a side that tells quantities only, such as a usage report for a log without prices, has no dollars to add."""
    counted = any(getattr(line, side.replace("usd", "quantity")) is not None for line in result.lines)
    priced = any(getattr(line, side) is not None for line in result.lines)
    return "of unknown cost" if counted and not priced else money.usd(getattr(result, side), places)


def _totals(result: Reconciliation, places: int, style: Style) -> str:
    rows = [[t.provider, _MEANS[t.kind], f"{t.lines:,}"] for t in result.totals]
    known = {
        (t.provider, t.kind): [line for line in result.lines if (line.provider, line.kind) == (t.provider, t.kind)] for t in result.totals
    }
    columns = [
        _shown(
            [getattr(t, name) if any(getattr(x, name) is not None for x in known[t.provider, t.kind]) else None for t in result.totals],
            places,
        )
        for name in ("log_usd", "invoice_usd", "gap_usd")
    ]
    from infercheck.render._page import Column, Page

    page = Page(style)
    page.table(
        [Column("provider", "left"), Column("kind", "left"), *map(Column, ("lines", "log", "invoice", "gap"))],
        [[*row, *(column[index] for column in columns)] for index, row in enumerate(rows)],
        indent=0,
    )
    return page.finish()


def _gaps(result: Reconciliation, places: int, style: Style) -> str:
    apart = [line for line in result.lines if line.kind not in {"matched", "rounding"}]
    apart.sort(key=lambda line: (line.gap_usd is not None, -abs(line.gap_usd or Decimal(0)), line.provider, line.day))
    if not apart:
        return ""
    from infercheck.render._page import Column, Page

    shown = apart[:_GAPS]
    remarks = list(dict.fromkeys(remark for line in shown for remark in _remarks(line)))
    page = Page(style)
    columns = [Column("day", "left"), Column("provider", "left"), Column("model, meter", "left", wrap=True), Column("kind", "left")]
    rows = [[*_row(line, places), " ".join(f"({remarks.index(remark) + 1})" for remark in _remarks(line))] for line in shown]
    page.table([*columns, Column("tokens"), Column("gap"), Column("", "left")], rows, indent=0)
    for number, remark in enumerate(remarks, start=1):
        page.paragraph(f"({number}) {remark}", "dim", indent=0)
    if len(apart) > _GAPS:
        page.paragraph(f"and {len(apart) - _GAPS:,} more: --format csv has all", "dim", indent=0)
    return page.finish()


def _remarks(line: ReconciledLine) -> list[str]:
    return line.note.split("; ") if line.note else []


def _row(line: ReconciledLine, places: int) -> list[str]:
    """A gap has one number of tokens: that of the side that knows them, or of both."""
    fine = places if line.gap_usd is None else max(places, min(money.places_alone(line.gap_usd), 6))
    tokens = line.invoice_quantity if line.log_quantity is None else line.log_quantity
    return [
        str(line.day),
        line.provider,
        " ".join(filter(None, (clean(line.model) if line.model else "", clean(line.meter, 40)))),
        _MEANS[line.kind],
        money.UNKNOWN if tokens is None else f"{tokens:,.0f}",
        money.usd(line.gap_usd, fine),
    ]


def _shown(amounts: Sequence[Decimal | None], places: int) -> list[str]:
    return [money.usd(cell, places) for cell in money.allocate(list(amounts), places)]
