"""A baseline that holds the very calls to be judged: a rise would be compared with itself, and halved or hidden. Those days leave the baseline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from infercheck.errors import UsageError
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Snapshot
from infercheck.render.figures import plural

_Sums = dict[date | None, dict[str, tuple[int, int]]]  # by day and workload: calls and tokens


def without(base: Snapshot, head: Snapshot, settings: GateSettings, *, where: str) -> tuple[Snapshot, list[str]]:
    """The baseline without the days that the head has too, and that in words. UsageError where too few days are left to compare with.

    Two logs of the same days with other calls, such as the two arms of a trial, are no overlap: they are compared as they stand. So is a
    baseline of too few days, by which nothing is judged.
    """
    shared = sorted(base.days.keys() & head.days.keys())
    before, now = (_sums(snapshot) for snapshot in (base, head))
    same = sum(_same(before.get(day, {}), now.get(day, {})) for day in shared)
    if 2 * same <= len(shared) or len(base.days) < settings.min_days:
        return base, []
    kept = _longest(day for day in base.days if day not in shared)
    told = f"{_span(shared)} of the baseline {'is' if len(shared) == 1 else 'are'} judged here too"
    if len(kept) < settings.min_days:
        hint = f"write one of the days before: infercheck baseline write LOGS --until {shared[0]} -o FILE"
        raise UsageError(f"{told}: {plural(len(kept), 'day')} left to compare with, {settings.min_days} are needed", where=where, hint=hint)
    first, last = datetime.combine(kept[0], time()), datetime.combine(kept[-1] + timedelta(days=1), time())
    cut = {"start": max(first, base.start or first), "end": min(last, base.end or last)}
    return base.model_copy(update=cut), [f"{told}: compared with the {plural(len(kept), 'other day')}"]


def _same(before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]]) -> bool:
    """Whether most of a day's calls of the head are in the baseline: their workloads have the same calls and tokens there."""
    met = sum(calls for name, (calls, tokens) in now.items() if before.get(name) == (calls, tokens))
    return 2 * met > sum(calls for calls, _ in now.values())


def _sums(snapshot: Snapshot) -> _Sums:
    found: _Sums = defaultdict(dict)
    for row in snapshot.tokens:
        calls, tokens = found[row.day].get(row.workload, (0, 0))
        tokens += row.uncached + row.cache_read + row.cache_write_5m + row.cache_write_1h + row.output
        found[row.day][row.workload] = (calls + row.calls, tokens)
    return found


def _longest(days: Iterable[date]) -> list[date]:
    """The longest run of days one after the other: a window has one start and one end."""
    best, run = list[date](), list[date]()
    for day in sorted(days):
        run = [*run, day] if run and day - run[-1] == timedelta(days=1) else [day]
        best = max(best, run, key=len)
    return best


def _span(days: list[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{plural(len(days), 'day')} ({days[0]} to {days[-1]})"
