"""How spend, traffic and latency went over the log's days and hours, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import fmean, median
from typing import TypeVar

from infercheck.model.report import Report
from infercheck.model.waits import HourLatency
from infercheck.render._bars import spark
from infercheck.render._page import Cell, Page
from infercheck.render.figures import count, ms, percent
from infercheck.render.money import usd

_FEW = 20  # with fewer calls the 95th percentile is just the slowest one
_FEWEST = 3  # points that make a line
_WORDS = 60  # columns that the words beside a line may take
_STEPS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 168)  # days or hours that one character stands for
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
Point = TypeVar("Point")


@dataclass(frozen=True)
class _Line:
    """A value for each stretch of ``step`` units from ``first`` on; None where it is unknown, or nothing was logged."""

    label: str
    values: Sequence[float | None]
    show: Callable[[float], str]
    first: datetime
    every: timedelta

    def words(self) -> str:
        """The middle value, and the highest with its time."""
        known = [(value, -index) for index, value in enumerate(self.values) if value is not None]
        top, place = max(known)
        when = f"{self.first - place * self.every:{'%Y-%m-%d %H:%M' if self.every < _DAY else '%Y-%m-%d'}}"
        return f"middle {self.show(median(value for value, _ in known))}, highest {self.show(top)} ({when})"


def over_time(page: Page, report: Report, places: int) -> None:
    """Only where the log is long enough for a line."""
    lines = [*_by_day(page, report, places), *_by_hour(page, report)]
    if not lines:
        return
    page.heading("Over time", "from zero to the highest, UTC")
    rows: list[tuple[str, Cell]] = []
    for line in lines:
        drawn = spark(line.values, page.style.unicode)
        rows.append((line.label, page.joined(drawn, page.text(line.words(), "dim"), by="  ")))
    page.pairs(rows)


def _by_day(page: Page, report: Report, places: int) -> list[_Line]:
    spend = {datetime.fromisoformat(day.day): day.spend_usd for day in report.spend.by_day if day.spend_usd is not None}
    if len(spend) < _FEWEST:
        return []
    first, every, groups = _grouped(spend, _DAY, page)
    values = [float(sum(group, Decimal(0)) / len(group)) if group else None for group in groups]
    label = "spend a day" if every == _DAY else f"spend a day, by {every / _DAY:g} days"
    return _worth_it([_Line(label, values, lambda value: usd(Decimal(f"{value:.12f}"), places), first, every)])


def _by_hour(page: Page, report: Report) -> list[_Line]:
    hours = {datetime.fromisoformat(hour.hour): hour for hour in report.latency.by_hour}
    if len(hours) < _FEWEST:
        return []
    first, every, groups = _grouped(hours, _HOUR, page)
    by = "" if every == _HOUR else f", by {every / _HOUR:g} hours"
    made: list[tuple[str, Callable[[Sequence[HourLatency]], float | None], Callable[[float], str]]] = [
        (f"calls an hour{by}", lambda group: fmean(hour.calls for hour in group), lambda value: count(round(value))),
        (f"failed{by}", _failed, percent),
        (f"p95 of an hour{by}", _slowest, ms),
    ]
    return _worth_it([_Line(label, [get(g) if g else None for g in groups], show, first, every) for label, get, show in made])


def _grouped(points: Mapping[datetime, Point], unit: timedelta, page: Page) -> tuple[datetime, timedelta, list[list[Point]]]:
    """The points in order, so many to a group that the groups fit beside their words; a group without a point is empty."""
    first, last = min(points), max(points)
    room = max(page.style.width - _WORDS, 12)
    widest = _STEPS[-1] * ((last - first) // (room * _STEPS[-1] * unit) + 1)
    step = next((s for s in _STEPS if (last - first) < room * s * unit), widest)
    groups: list[list[Point]] = [[] for _ in range((last - first) // (step * unit) + 1)]
    for moment, point in points.items():
        groups[(moment - first) // (step * unit)].append(point)
    return first, step * unit, groups


def _worth_it(lines: Sequence[_Line]) -> list[_Line]:
    return [line for line in lines if sum(value is not None for value in line.values) >= _FEWEST and any(line.values)]


def _failed(hours: Sequence[HourLatency]) -> float | None:
    failed = [hour.failed for hour in hours if hour.failed is not None]
    return sum(failed) / sum(hour.calls for hour in hours) if len(failed) == len(hours) else None


def _slowest(hours: Sequence[HourLatency]) -> float | None:
    """The highest of the hours that have enough calls for a percentile."""
    return max((hour.p95_ms for hour in hours if hour.p95_ms is not None and hour.calls >= _FEW), default=None)
