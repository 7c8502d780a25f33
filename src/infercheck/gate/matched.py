"""Two short logs of the same work, such as a pull request's load test: outcome against outcome, the prompts or their sizes matched.

The interval knows how outcomes spread, not how days do: for logs of days compare day by day.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infercheck.gate.asking import (
    ALPHA,
    COST,
    COST_BLIND,
    LATENCY_RATE,
    STRATA_RATE,
    Asked,
    Question,
    Suppressed,
    apart,
    judged,
    nothing_suppressed,
)
from infercheck.gate.lines import NO_SUCCESS
from infercheck.gate.statistic import Change, welch
from infercheck.model.gate import Check, Stratum
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Bucket, Snapshot

if TYPE_CHECKING:
    import polars as pl

LATENCY = Question("latency_typical", "Interactive latency (geometric mean)", "ms", "interactive outcome")
MIN_MATCHED_SHARE = 0.5  # of the head's outcomes: fewer pairs do not stand for the log


@dataclass(frozen=True)
class Matched:
    """The checks, and how many outcomes of the head have a counterpart."""

    checks: list[Check]
    outcomes: int


@dataclass(frozen=True)
class _Figures:
    """A change of one workload or of all, with what it was taken from."""

    base: float
    head: float
    change: Change | None
    counted: tuple[float, float]
    usd: float = 0.0
    outcomes: int = 0  # of the head


def pairs(base: pl.DataFrame, head: pl.DataFrame) -> pl.DataFrame:
    """Workload and opening prompt that both logs have, one row each, the sums of the two sides beside each other."""
    both = base.join(head, on=["workload", "prompt_hash"], how="inner", suffix="_head")
    return both.sort("workload", "prompt_hash")


def by_prompt(rows: pl.DataFrame, settings: GateSettings, suppressed: Suppressed = nothing_suppressed, *, by_success: bool) -> Matched:
    """Call by call: the same opening prompts on both sides, each weighted as in the baseline."""

    def grouped(question: Question, rows: pl.DataFrame) -> tuple[dict[str | None, pl.DataFrame], str]:
        groups: dict[str | None, pl.DataFrame] = {str(n): part for (n,), part in rows.group_by("workload", maintain_order=True)}
        kept, note = _kept(question, groups, suppressed)
        return {None: rows.filter(rows["workload"].is_in(kept)), **groups}, note

    cost = COST if by_success else COST_BLIND
    groups, note = grouped(cost, rows)
    checks = _cost(cost, {name: _prompt_cost(part) for name, part in groups.items()}, settings, note)
    groups, note = grouped(LATENCY, rows.filter((rows["timed"] > 0) & (rows["timed_head"] > 0) & _interactive(rows)))
    checks += _latency({name: _prompt_latency(part) for name, part in groups.items()}, settings, note)
    return Matched(checks, int(rows["units_head"].sum()))


def _kept(question: Question, groups: Iterable[str | None], suppressed: Suppressed) -> tuple[list[str | None], str]:
    """The workloads that make up all together, and a note that names the others."""
    kept, note = apart(question, [Stratum(workload=name) for name in groups], suppressed)
    return [stratum.workload for stratum in kept], note


def _interactive(rows: pl.DataFrame) -> pl.Series:
    return (rows["klass"] == "interactive") | (rows["klass_head"] == "interactive")


def _prompt_cost(rows: pl.DataFrame) -> _Figures:
    """A ratio of ratios over the same prompts; its error from the residuals of each prompt (linearised, Cochran 1977, chapter 6)."""
    weight = rows["units"]
    means = {
        "usd_b": weight * rows["usd"] / rows["units"], "good_b": weight * rows["successes"] / rows["units"],
        "usd_h": weight * rows["usd_head"] / rows["units_head"], "good_h": weight * rows["successes_head"] / rows["units_head"],
    }  # fmt: skip
    sums = {name: float(column.sum()) for name, column in means.items()}
    sums["good_h"] = max(sums["good_h"], NO_SUCCESS)  # nothing succeeded: seen, and finite
    good = (float(rows["successes"].sum()), float(rows["successes_head"].sum()))
    usd, outcomes = float(rows["usd_head"].sum()), int(rows["units_head"].sum())
    if not all(sums.values()):
        return _Figures(_ratio(sums["usd_b"], sums["good_b"]), _ratio(sums["usd_h"], sums["good_h"]), None, good, usd, outcomes)
    off = (
        means["usd_h"] / sums["usd_h"]
        - means["good_h"] / sums["good_h"]
        - means["usd_b"] / sums["usd_b"]
        + means["good_b"] / sums["good_b"]
    )
    before, now = sums["usd_b"] / sums["good_b"], sums["usd_h"] / sums["good_h"]
    return _Figures(before, now, _from_residuals(math.log(now / before), [float(v) for v in off]), good, usd, outcomes)


def _prompt_latency(rows: pl.DataFrame) -> _Figures:
    weight = rows["units"].cast(float)
    base, head = rows["log_ms"] / rows["timed"], rows["log_ms_head"] / rows["timed_head"]
    whole = float(weight.sum()) or 1.0
    mean_base, mean_head = float((weight * base).sum()) / whole, float((weight * head).sum()) / whole
    log = mean_head - mean_base
    off = weight * (head - base - log) / whole
    counted = (float(rows["timed"].sum()), float(rows["timed_head"].sum()))
    return _Figures(math.exp(mean_base), math.exp(mean_head), _from_residuals(log, [float(v) for v in off]), counted)


def _from_residuals(log: float, off: Sequence[float]) -> Change | None:
    n = len(off)
    return welch(log, [(math.fsum(v * v for v in off) * n / (n - 1), n - 1)]) if n > 1 else None


def shared_buckets(base: Snapshot, head: Snapshot) -> list[tuple[Bucket, Bucket]]:
    """Workload and prompt size that both logs have at least twice."""
    known = {(row.workload, row.bucket): row for row in base.buckets if row.units > 1}
    found = [(known[row.workload, row.bucket], row) for row in head.buckets if row.units > 1 and (row.workload, row.bucket) in known]
    return sorted(found, key=lambda pair: (pair[0].workload, pair[0].bucket))


def by_size(
    rows: Sequence[tuple[Bucket, Bucket]], settings: GateSettings, suppressed: Suppressed = nothing_suppressed, *, by_success: bool
) -> Matched:
    """By workload and size of the opening prompt, each bucket weighted as in the baseline."""
    timed = [pair for pair in rows if min(pair[0].timed, pair[1].timed) > 1 and "interactive" in (pair[0].klass, pair[1].klass)]
    cost = COST if by_success else COST_BLIND
    groups, note = _grouped(cost, rows, suppressed)
    checks = _cost(cost, {name: _bucket_cost(part) for name, part in groups.items()}, settings, note)
    groups, note = _grouped(LATENCY, timed, suppressed)
    checks += _latency({name: _bucket_latency(part) for name, part in groups.items()}, settings, note)
    return Matched(checks, sum(head.units for _, head in rows))


_Pairs = list[tuple[Bucket, Bucket]]


def _grouped(question: Question, rows: Iterable[tuple[Bucket, Bucket]], suppressed: Suppressed) -> tuple[dict[str | None, _Pairs], str]:
    groups: dict[str | None, _Pairs] = defaultdict(list)
    for pair in rows:
        groups[pair[0].workload].append(pair)
    kept, note = _kept(question, groups, suppressed)
    whole = [pair for name, own in groups.items() if name in kept for pair in own]
    return ({None: whole, **groups} if whole else {}), note


def _bucket_cost(rows: Sequence[tuple[Bucket, Bucket]]) -> _Figures:
    levels: list[float] = []
    parts: list[tuple[float, float]] = []
    for side in (0, 1):
        weighed = [(pair[0].units, pair[side]) for pair in rows]
        usd = math.fsum(w * row.usd / row.units for w, row in weighed)
        good = math.fsum(w * row.successes / row.units for w, row in weighed)
        good = max(good, NO_SUCCESS) if side else good  # nothing succeeded: seen, and finite
        levels.append(_ratio(usd, good))
        if usd and good:
            parts += [(w * w * _spread(row, usd, good) / row.units, row.units - 1) for w, row in weighed]
    counted = (math.fsum(b.successes for b, _ in rows), math.fsum(h.successes for _, h in rows))
    change = welch(math.log(levels[1] / levels[0]), parts) if all(0 < v < math.inf for v in levels) else None
    return _Figures(levels[0], levels[1], change, counted, math.fsum(h.usd for _, h in rows), sum(h.units for _, h in rows))


def _spread(row: Bucket, usd: float, good: float) -> float:
    """Variance over the bucket's outcomes of cost / all cost - success / all successes. A success squared is itself."""
    n = row.units

    def moment(product: float, one: float, other: float) -> float:
        return (product - one * other / n) / (n - 1)

    dollars = moment(row.usd_squared, row.usd, row.usd) / usd**2
    wins = moment(row.successes, row.successes, row.successes) / good**2
    return max(dollars + wins - 2 * moment(row.usd_successes, row.usd, row.successes) / (usd * good), 0.0)


def _bucket_latency(rows: Sequence[tuple[Bucket, Bucket]]) -> _Figures:
    whole = math.fsum(base.units for base, _ in rows)
    means = [math.fsum(pair[0].units * pair[side].log_ms / pair[side].timed for pair in rows) / whole for side in (0, 1)]
    parts = [
        (
            (pair[0].units / whole) ** 2 * max(row.log_ms_squared - row.log_ms**2 / row.timed, 0.0) / (row.timed - 1) / row.timed,
            row.timed - 1,
        )
        for pair in rows
        for row in pair
    ]
    counted = (math.fsum(b.timed for b, _ in rows), math.fsum(h.timed for _, h in rows))
    return _Figures(math.exp(means[0]), math.exp(means[1]), welch(means[1] - means[0], [(v, float(df)) for v, df in parts]), counted)


def _cost(question: Question, found: dict[str | None, _Figures], settings: GateSettings, note: str) -> list[Check]:
    return _families(question, found, settings, (ALPHA, STRATA_RATE), note)


def _latency(found: dict[str | None, _Figures], settings: GateSettings, note: str) -> list[Check]:
    return _families(LATENCY, found, settings, (LATENCY_RATE, LATENCY_RATE), note) if len(found) > 1 else []


def _families(
    question: Question, found: dict[str | None, _Figures], settings: GateSettings, rates: tuple[float, float], note: str
) -> list[Check]:
    if None not in found:  # the logs share nothing
        return []
    whole = _asked(question, None, found[None], settings, note)
    parts = [_asked(question, name, figures, settings) for name, figures in found.items() if name is not None]
    return judged([whole], settings, rates[0]) + judged(parts, settings, rates[1])


def _asked(question: Question, workload: str | None, figures: _Figures, settings: GateSettings, note: str = "") -> Asked:
    lacking = ""
    collapsed = figures.outcomes >= settings.min_successes and figures.counted[1] < figures.outcomes / 2
    for count, where in zip(figures.counted, ("in the baseline", "now"), strict=True):
        if not lacking and count < settings.min_successes and not (collapsed and where == "now"):
            ending = "" if count == 1 else "es" if question.counted.endswith("s") else "s"
            lacking = f"{count:,.0f} matched {question.counted}{ending} {where}, {settings.min_successes} are needed"
    base, head = (v if math.isfinite(v) else None for v in (figures.base, figures.head))
    change = None if lacking else figures.change
    return Asked(question, Stratum(workload=workload), base, head, change, lacking, figures.usd, "log", note)


def _ratio(one: float, other: float) -> float:
    return one / other if other else math.inf
