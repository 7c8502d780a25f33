"""A reconciliation as text for people: what agrees, what does not and why, the largest gaps first. Columns add up as shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from infercheck.model.reconciliation import ReconciledLine, Reconciliation
from infercheck.render import Style, money
from infercheck.render.figures import plural
from infercheck.render.safe import clean
from infercheck.render.table import draw

_GAPS = 20
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
    drawn = [[*row, *(column[index] for column in columns)] for index, row in enumerate(rows)]
    return draw(["provider", "kind", "lines", "log", "invoice", "gap"], drawn, [False, False, True, True, True, True], style)


def _gaps(result: Reconciliation, places: int, style: Style) -> str:
    apart = [line for line in result.lines if line.kind not in {"matched", "rounding"}]
    apart.sort(key=lambda line: (line.gap_usd is not None, -abs(line.gap_usd or Decimal(0)), line.provider, line.day))
    rows = [_row(line, places) for line in apart[:_GAPS]]
    more = f"and {len(apart) - _GAPS:,} more: --format csv has all" if len(apart) > _GAPS else ""
    names = ["day", "provider", "model", "meter", "kind", "log tokens", "invoice tokens", "gap", "note"]
    return draw(names, rows, [False] * 5 + [True] * 3 + [False], style, note=more) if rows else ""


def _row(line: ReconciledLine, places: int) -> list[str]:
    fine = places if line.gap_usd is None else max(places, min(money.places_alone(line.gap_usd), 6))
    counts = [money.UNKNOWN if q is None else f"{q:,.0f}" for q in (line.log_quantity, line.invoice_quantity)]
    model = clean(line.model) if line.model else money.UNKNOWN
    return [
        str(line.day),
        line.provider,
        model,
        clean(line.meter, 40),
        _MEANS[line.kind],
        *counts,
        money.usd(line.gap_usd, fine),
        clean(line.note),
    ]


def _shown(amounts: Sequence[Decimal | None], places: int) -> list[str]:
    return [money.usd(cell, places) for cell in money.allocate(list(amounts), places)]
