"""The UTC days that an export covers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from infercheck.engine.duckdb import Engine

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """UTC days from ``start`` up to but not including ``end``."""

    start: date
    end: date

    def days(self) -> Iterator[date]:
        """Every day of it."""
        return days(self.start, self.end)


def days(start: date, end: date) -> Iterator[date]:
    """Every day from ``start`` up to but not including ``end``."""
    for offset in range((end - start).days):
        yield start + offset * DAY


def month_of(day: date) -> Period:
    """The calendar month that holds a day."""
    start = day.replace(day=1)
    return Period(start, (start + 31 * DAY).replace(day=1))


def period(engine: Engine, since: object, until: datetime | None) -> Period | None:
    """The days asked for, else those from the first to the last call; None for a log without a time.

    A ``since`` that counts back from the newest call says nothing about whole days, so the calls decide.
    """
    first, last = engine.rows("SELECT CAST(min(started_at) AS DATE), CAST(max(started_at) AS DATE) FROM calls")[0]
    start = since.date() if isinstance(since, datetime) else first
    end = _day_after(until) if until is not None else last + DAY if last is not None else None
    return Period(start, end) if start is not None and end is not None and start < end else None


def _day_after(until: datetime) -> date:
    whole = until.hour == until.minute == until.second == until.microsecond == 0
    return until.date() if whole else until.date() + DAY
