"""How far a saving would move if the same system had served another sample of its traffic: 95% intervals for the items of the plan.

Whole days are resampled where the log holds a week of them, else whole outcomes (traces), since the calls of a day and of a trace are alike. The
variance of a sum over n units drawn with replacement has a closed form, n / (n - 1) x (sum of squares - square of the sum / n), so that no draw is
made and the same log always gives the same interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

from infercheck.engine.duckdb import Engine
from infercheck.model.report import Window

Key = tuple[str, str, str]  # section, fix, subject
MIN_DAYS = 7  # complete UTC days: a week holds every weekday once
MIN_OUTCOMES = 20  # outcomes with a saving; a sum over fewer is not near enough to normal
_Z = 1.959963984540054  # two-sided 95%
_NANO = 1_000_000_000  # whole nano-dollars: sums that do not depend on the order of rows


@dataclass(frozen=True)
class Spread:
    """95% interval in USD, and what was resampled; without an interval the note says why."""

    interval: tuple[Decimal, Decimal] | None
    note: str


def spreads(engine: Engine, window: Window, among: str | None = None) -> dict[Key, Spread]:
    """By item of the plan; needs ``settled``, ``priced_calls`` and ``outcomes``. ``among``: a query of section, fix and subject; else all."""
    days = engine.value("SELECT count(DISTINCT day) FROM priced_calls") if window.complete_days >= MIN_DAYS else 0
    by_day = days >= MIN_DAYS  # days with calls: a window may be a week long and hold two
    unit = "p.day" if by_day else "p.unit_hash"
    units = days if by_day else engine.value("SELECT count(*) FROM outcomes")
    rows = engine.rows(
        "WITH own AS (SELECT CASE WHEN s.grade = 'heuristic' THEN 'heuristic' ELSE 'sure' END AS section, s.fix, s.subject, "
        f"{unit} AS unit, CAST(round(sum(s.saved_usd) * {_NANO}) AS HUGEINT) AS nano "
        "FROM settled s JOIN priced_calls p ON p.call_id = s.call_id WHERE s.saved_usd IS NOT NULL GROUP BY 1, 2, 3, 4) "
        "SELECT section, fix, subject, count(*) FILTER (WHERE nano <> 0), sum(nano), coalesce(sum(CASE WHEN nano < 1e15 THEN nano * nano END), 0), "
        "coalesce(sum(CASE WHEN nano >= 1e15 THEN CAST(nano AS DOUBLE) * nano END), 0) FROM own "
        f"{f'SEMI JOIN {among} USING (section, fix, subject) ' if among else ''}GROUP BY 1, 2, 3"
    )
    return {
        (section, fix, subject): _spread(units, touched, int(total), int(exact) + int(huge), by_day)
        for section, fix, subject, touched, total, exact, huge in rows
        if total and total > 0
    }


def _spread(units: int, touched: int, total: int, squares: int, by_day: bool) -> Spread:
    if not by_day and touched < MIN_OUTCOMES:
        return Spread(None, f"too few for an interval: {touched} outcome{'' if touched == 1 else 's'}")
    variance = max(squares - total * total / units, 0) * units / (units - 1)
    half = _t(units - 1) * sqrt(variance)
    low, high = (Decimal(round(edge)) / _NANO for edge in (max(total - half, 0), total + half))
    return Spread((low, high), f"95%, resampling {units:,} {'days' if by_day else 'outcomes'}")


def _t(df: int) -> float:
    """Student's quantile for 95% by the Cornish-Fisher series; within 0.3% from six degrees of freedom on."""
    return _Z + (_Z**3 + _Z) / (4 * df) + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * df**2)
