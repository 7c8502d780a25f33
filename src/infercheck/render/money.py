"""Decimal to display. One rule for every output.

A figure that stands alone shows at least cents and three significant digits: $7.33, $0.0123. All tables of a report show one number of
decimals, taken from the whole log's spend: cents from $100, two more for every factor of a hundred below, so that the parts of a $7.33 log
are seen as $0.0123. Columns are rounded by largest remainder: what is shown adds up to the shown total.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext

MAX_PLACES = 12
UNKNOWN = "–"


def usd(amount: Decimal | None, places: int | None = None) -> str:
    """``$1,234.50``; unknown is a dash, never 0."""
    if amount is None or not amount.is_finite():
        return UNKNOWN
    shown = rounded(amount, places_alone(amount) if places is None else places)
    sign = "-" if shown < 0 else ""
    return f"{sign}${abs(shown):,f}"


def places_alone(amount: Decimal) -> int:
    """Decimals for a figure that stands alone."""
    if not amount or not amount.is_finite():
        return 2
    return min(max(2, 2 - amount.adjusted()), MAX_PLACES)


def places_in_tables(reference: Decimal | None) -> int:
    """Decimals for all tables of a report whose log cost ``reference``."""
    if not reference or not reference.is_finite():
        return 2
    places, floor = 2, Decimal(100)
    while abs(reference) < floor and places < MAX_PLACES:
        places, floor = places + 2, floor / 100
    return places


def rounded(amount: Decimal, places: int) -> Decimal:
    """Half to even at ``places`` decimals, exact for any size."""
    with localcontext() as context:
        context.prec = 60
        return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def beside(whole: Decimal | None, part: Decimal | None, places: int) -> Decimal | None:
    """``whole`` to show beside an allocated cell that is a part of it: lifting the part must not make it look the larger one."""
    if whole is None:
        return None
    shown = rounded(whole, places)
    return shown if part is None else max(shown, part)


def cell_usd(exact: Decimal | None, shown: Decimal | None, places: int) -> str:
    """A cell of an allocated column; an amount too small to show is ``<$0.01``, not zero."""
    if exact is not None and exact > 0 and shown is not None and not shown:
        return f"<{usd(Decimal(1).scaleb(-places), places)}"
    return usd(shown, places)


def allocate(amounts: Sequence[Decimal | None], places: int) -> list[Decimal | None]:
    """Round a column so that its cells sum to the rounded total: largest remainder, first row wins a tie. Unknown stays unknown."""
    with localcontext() as context:
        context.prec = 60
        unit = Decimal(1).scaleb(-places)
        known = [(index, amount) for index, amount in enumerate(amounts) if amount is not None]
        cells: list[Decimal | None] = [None] * len(amounts)
        floors = {index: amount.quantize(unit, rounding=ROUND_FLOOR) for index, amount in known}
        total = sum((amount for _, amount in known), Decimal(0)).quantize(unit, rounding=ROUND_HALF_EVEN)
        units = int((total - sum(floors.values(), Decimal(0))) / unit)
        by_remainder = sorted(known, key=lambda pair: (floors[pair[0]] - pair[1], pair[0]))
        lifted = {index for index, _ in by_remainder[:units]}
        for index, floor in floors.items():
            cells[index] = floor + unit if index in lifted else floor
        return cells


def total(cells: Sequence[Decimal | None]) -> Decimal | None:
    """Sum of what is known; None when nothing is."""
    known = [amount for amount in cells if amount is not None]
    return sum(known, Decimal(0)) if known else None
