"""What a section holds: figures (a chart with its text alternative) and tables. Plain values; the template turns them into markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from infercheck.render.figures import count, ms, percent
from infercheck.render.html._draw import Spec
from infercheck.render.money import cell_usd, rounded
from infercheck.render.safe import clean

NAME = 60  # characters of a name from the log, in a table
ROWS = 200  # of a table; more are counted


@dataclass(frozen=True)
class Cell:
    """What a cell shows, what it sorts by, and a second line. ``bar``: share of the column's largest, 0 to 1."""

    text: str
    sort: float | str | None = None
    note: str = ""
    bar: float | None = None


@dataclass(frozen=True)
class Column:
    """A title; numbers stand right."""

    title: str
    number: bool = True


@dataclass(frozen=True)
class Table:
    """Rows, and what the rows that are left out add up to."""

    id: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    rest: Sequence[str] = ()
    total: Sequence[str] = ()
    searchable: bool = False


@dataclass(frozen=True)
class Figure:
    """A chart: what it shows, what is seen in it, how it is drawn at a width, and its numbers as a table."""

    id: str
    title: str
    says: str
    spec: Callable[[int], Spec]
    table: Table
    small: bool = False


def counted(value: int | None) -> Cell:
    """A count."""
    return Cell(count(value), value)


def timed(value: float | None) -> Cell:
    """Milliseconds."""
    return Cell(ms(value), value)


def shared(value: float | None) -> Cell:
    """A share, 0 to 1."""
    return Cell(percent(value), value)


def dollars(amount: Decimal | None, places: int, shown: Decimal | None = None, most: Decimal | None = None) -> Cell:
    """An amount; ``shown`` is its part of an allocated column. With ``most``, the column's largest, also as a bar."""
    bar = float(amount / most) if amount and most else None
    if shown is None and amount is not None:
        shown = rounded(amount, places)
    return Cell(cell_usd(amount, shown, places), None if amount is None else float(amount), bar=bar)


def name(text: object, limit: int = NAME) -> str:
    """Text of the log: one harmless line, cut to ``limit``."""
    return clean(text, limit) or "(no name)"


def short(text: object, width: int) -> str:
    """The same for an axis: shorter on a narrow drawing, its end kept, since names of one family differ there."""
    most = 34 if width > 600 else 18
    line = clean(text, 400) or "(no name)"
    return line if len(line) <= most else f"{line[: most // 2 - 1]}…{line[-most // 2 :]}"


def unique(labels: Sequence[str]) -> list[str]:
    """Axis labels that differ: two names cut to the same text would share a bar."""
    seen: dict[str, int] = {}
    out = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        out.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return out
