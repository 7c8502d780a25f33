"""What is compared, laid out by day: one line per stratum for cost, one per interactive workload for latency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from infercheck.model.gate import Stratum
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Durations, Snapshot

MIN_UNITS_P95 = 20  # of a day: with fewer, its p95 is its slowest one
MIN_UNITS_P50 = 5
NO_SUCCESS = 0.5  # a day that spent and had no success: half a success, so that it is seen and stays finite

Key = tuple[str, str | None]


@dataclass
class Half:
    """One side of a line: daily values (USD a success, or ms), their level over all days, and what stands behind them."""

    values: dict[date, float] = field(default_factory=dict)
    level: float | None = None
    count: float = 0  # successes, or interactive outcomes
    outcomes: int = 0
    usd_per_day: float = 0.0
    daily: dict[date, int] = field(default_factory=dict)  # outcomes of each day, for cost


@dataclass(frozen=True)
class Line:
    """One stratum on both sides."""

    stratum: Stratum
    base: Half
    head: Half

    def thin(self, settings: GateSettings) -> bool:
        """Whether the baseline knows too little of it to compare with."""
        return self.base.count < settings.min_successes or len(self.base.values) < settings.min_days

    def lacking(self, settings: GateSettings, what: str) -> str:
        """Why there is too little to judge; empty where there is enough.

        A head whose successes fell away has few of them because of that: it is judged if it has as many outcomes and most failed.
        """
        sides = ((self.base, "in the baseline"), (self.head, "now"))
        for half, where in sides:
            if len(half.values) < settings.min_days:
                return f"{_several(len(half.values), 'day')} to judge {where}, {settings.min_days} are needed"
        for half, where in sides:
            collapsed = half is self.head and half.outcomes >= settings.min_successes and half.count < half.outcomes / 2
            if half.count < settings.min_successes and not collapsed:
                return f"{_several(half.count, what)} {where}, {settings.min_successes} are needed"
        return ""


def cost_lines(base: Snapshot, head: Snapshot, *, by_success: bool, whole: Collection[str] = ()) -> list[Line]:
    """Strata of either side; priced outcomes on judged days only. The workloads of ``whole`` are one line each, over all their models."""
    sides = [_cost_halves(snapshot, whole, by_success=by_success) for snapshot in (base, head)]
    keys = sorted({*sides[0], *sides[1]}, key=str)
    return [Line(Stratum(workload=w, model=m), *(side.get((w, m), Half()) for side in sides)) for w, m in keys]


def _cost_halves(snapshot: Snapshot, whole: Collection[str], *, by_success: bool) -> dict[Key, Half]:
    days = snapshot.days
    usd: dict[Key, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    good: dict[Key, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    outcomes: dict[Key, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in snapshot.outcomes:
        if row.day in days and row.day is not None and row.spend_usd is not None:
            key = (row.workload, None if row.workload in whole else row.model)
            usd[key][row.day] += float(row.spend_usd)
            good[key][row.day] += (row.priced_successes or 0) if by_success else row.priced_outcomes
            outcomes[key][row.day] += row.priced_outcomes
    covered = sum(days.values())
    return {key: _cost_half(usd[key], good[key], outcomes[key], covered) for key in usd}


def _cost_half(usd: dict[date, float], good: dict[date, float], outcomes: dict[date, int], covered: float) -> Half:
    count, total = sum(good.values()), sum(usd.values())
    values = {day: spent / max(good[day], NO_SUCCESS) for day, spent in usd.items() if spent > 0}
    return Half(values, total / max(count, NO_SUCCESS), count, sum(outcomes.values()), total / covered, dict(outcomes))


def latency_lines(base: Snapshot, head: Snapshot, quantile: str) -> list[Line]:
    """Workloads that either side knows as interactive. ``quantile`` is p50 or p95."""
    interactive = {row.workload for side in (base, head) for row in side.durations if row.klass == "interactive"}
    pick: dict[str, tuple[Callable[[Durations], float], int]] = {
        "p50": (lambda row: row.p50_ms, MIN_UNITS_P50),
        "p95": (lambda row: row.p95_ms, MIN_UNITS_P95),
    }
    value, least = pick[quantile]
    sides = [_latency_halves((r for r in side.durations if r.day in side.days), value, least) for side in (base, head)]
    return [Line(Stratum(workload=name), *(side.get(name, Half()) for side in sides)) for name in sorted(interactive)]


def _latency_halves(rows: Iterable[Durations], value: Callable[[Durations], float], least: int) -> dict[str, Half]:
    halves: dict[str, Half] = defaultdict(Half)
    for row in rows:
        half = halves[row.workload]
        half.count += row.units
        half.outcomes += row.units
        if row.units >= least and value(row) > 0:
            half.values[row.day] = value(row)
    for half in halves.values():
        half.level = sum(half.values.values()) / len(half.values) if half.values else None
    return halves


def together(lines: list[Line]) -> Line:
    """All lines as one, weighted by the baseline's counts, so that a shift between them is no change.

    A day's value is what its lines cost over what the same lines cost in the baseline, times the baseline's level. A day counts if the
    lines seen on it carry at least half of the weight.
    """
    weights = [line.base.count for line in lines]
    levels = [line.base.level or 0.0 for line in lines]
    whole = sum(weights)
    level = sum(w * v for w, v in zip(weights, levels, strict=True)) / whole if whole else 0.0

    def half(side: str) -> Half:
        halves: list[Half] = [getattr(line, side) for line in lines]
        values = {}
        for day in sorted({day for h in halves for day in h.values}):
            seen = [(w, h.values[day], v) for w, h, v in zip(weights, halves, levels, strict=True) if day in h.values]
            if 2 * sum(w for w, _, _ in seen) >= whole:
                values[day] = level * sum(w * now for w, now, _ in seen) / sum(w * usual for w, _, usual in seen)
        known = [(w, h.level) for w, h in zip(weights, halves, strict=True) if h.level is not None]
        weight = sum(w for w, _ in known)
        mean = sum(w * v for w, v in known) / weight if weight else None
        return Half(values, mean, sum(h.count for h in halves), sum(h.outcomes for h in halves), sum(h.usd_per_day for h in halves))

    return Line(Stratum(), half("base"), half("head"))


def _several(count: float, word: str) -> str:
    if word.endswith("success"):
        return f"{count:,.0f} {word}" + ("" if count == 1 else "es")
    return f"{count:,.0f} {word}" + ("" if count == 1 else "s")
