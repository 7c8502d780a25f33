"""What a table does not show: rows of the report that it leaves out, and those that the report itself only sums up (``more``)."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from infercheck.model.more import More
from infercheck.render.money import allocate, total


class Row(Protocol):
    """A row of a list of the report."""

    @property
    def calls(self) -> int:
        """Calls of the row."""


@dataclass(frozen=True)
class Rest:
    """How many rows, their calls, and their dollars as shown; None where nothing is known of them."""

    rows: int
    calls: int
    usd: Decimal | None


def column(amounts: Sequence[Decimal | None], more: More | None, places: int) -> list[Decimal | None]:
    """The cells of a column of dollars; those of ``more``, if there are more rows, stand behind all others. They sum to the whole as shown."""
    return allocate([*amounts, *([more.usd] if more else [])], places)


def rest(rows: Sequence[Row], cells: Sequence[Decimal | None], shown: int, more: More | None) -> Rest | None:
    """What stands in no row of a table that shows ``shown``; None where that is nothing."""
    left = rows[shown:]
    if not left and not more:
        return None
    calls = sum(row.calls for row in left) + ((more.calls or 0) if more else 0)
    return Rest(len(left) + (more.rows if more else 0), calls, total(cells[shown:]))


def count_of(rows: Sized, more: More | None) -> int:
    """Rows of a list, and those that it leaves out."""
    return len(rows) + (more.rows if more else 0)


def calls(rows: Sequence[Row], more: More | None) -> int:
    """Calls of all of them."""
    return sum(row.calls for row in rows) + ((more.calls or 0) if more else 0)
