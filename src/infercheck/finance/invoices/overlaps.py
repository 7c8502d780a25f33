"""Exports that overlap: a day that two files tell line by line alike is one day, and counts once.

A whole day has to be alike, since a single line may be so by chance. Where two files have another amount for one line, both count: they may be of two
accounts. If one is only the later export of the other, a reader has to leave it out, so it is said.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from infercheck.finance.invoices.document import Line
from infercheck.render.figures import plural


class _Day(NamedTuple):
    """A provider's day, billed or counted: costs and usage beside each other are no overlap."""

    provider: str
    day: date
    billed: bool


def counted_once(files: Sequence[tuple[str, list[Line]]]) -> tuple[list[Line], list[str]]:
    """The lines of all ``files``, which are names with lines, without the days that an earlier one has told; and a note of each such pair."""
    kept: list[Line] = []
    told: dict[_Day, list[tuple[str, list[Line]]]] = defaultdict(list)
    alike: dict[tuple[str, str], set[date]] = defaultdict(set)
    apart: dict[tuple[str, str], set[date]] = defaultdict(set)
    for name, lines in files:
        days: dict[_Day, list[Line]] = defaultdict(list)
        for line in lines:
            days[_Day(line.provider, line.day, line.amount is not None)].append(line)
        for day, own in days.items():
            before = told[day]
            same = next((other for other, theirs in before if _sums(theirs) == _sums(own)), None)
            if same is not None:
                alike[same, name].add(day.day)
                continue
            for other, theirs in before:
                if _names(theirs) & _names(own):
                    apart[other, name].add(day.day)
            before.append((name, own))
            kept += own
    return kept, [
        *(f"{a} and {b} are alike line by line on {_days(days)}: counted once" for (a, b), days in alike.items()),
        *(
            f"{a} and {b} both have lines of the same name on {_days(days)}, and differ: both are counted; give one alone if it is the other's "
            "later export"
            for (a, b), days in apart.items()
        ),
    ]


def _names(lines: list[Line]) -> set[tuple[object, ...]]:
    return {(line.payer, line.invoice_id, line.model, line.meter, line.description) for line in lines}


def _sums(lines: list[Line]) -> Counter[tuple[object, ...]]:
    """The lines in any order, whatever decimals their file shows."""
    return Counter(line._replace(places=0) for line in lines)


def _days(days: set[date]) -> str:
    first, last = min(days), max(days)
    return str(first) if first == last else f"{plural(len(days), 'day')} from {first} to {last}"
