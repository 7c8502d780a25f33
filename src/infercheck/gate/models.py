"""Workloads whose models changed: each is judged over all of them, for what one of its successes costs is the question, whichever model answers.

Two models of a workload are otherwise two strata, since its traffic may drift between them. That drift is slow; a router or a deployment jumps.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from infercheck.gate.lines import Half, Line
from infercheck.gate.statistic import step_of_days
from infercheck.model.gating import GateSettings
from infercheck.render.figures import named, percent


def moved(lines: Sequence[Line], settings: GateSettings) -> dict[str, str]:
    """Workloads that are served by other models now, or by the same in another mix, with both mixes in words.

    ``lines`` are one a workload and model, of workloads that the baseline knows.
    """
    by_workload: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_workload[line.stratum.workload or ""].append(line)
    return {
        name: _told(own)
        for name, own in by_workload.items()
        if all(sum(half.outcomes for half in side) for side in _sides(own)) and (_strangers(own, settings) or _jumped(own, settings))
    }


def _sides(own: Sequence[Line]) -> tuple[list[Half], list[Half]]:
    return [line.base for line in own], [line.head for line in own]


def _strangers(own: Sequence[Line], settings: GateSettings) -> bool:
    """Whether models that the baseline does not know, or hardly, took over so much of the spend that they can make a rise that counts."""
    before, now = (sum(half.usd_per_day for half in halves) or 1.0 for halves in _sides(own))
    taken = [line.head.usd_per_day / now - line.base.usd_per_day / before for line in own if line.thin(settings)]
    return len(own) > 1 and 100 * sum(share for share in taken if share > 0) > settings.min_effect_percent


def _jumped(own: Sequence[Line], settings: GateSettings) -> bool:
    """Whether the mix of known models changed what an outcome costs at the baseline's costs, and its own drift does not explain that.

    Up or down: where the hard questions stay with the dear model, its outcomes get dearer though the workload gets cheaper. A drift that slows
    down lies off its straight line on the other side than it went: both must point one way.
    """
    known = [line for line in own if line.base.outcomes]
    base, head = (_mix(known, halves) for halves in _sides(known))
    step = step_of_days(base, head) if len(known) > 1 else None
    if step is None:
        return False
    shift = math.fsum(head.values()) / len(head) - math.fsum(base.values()) / len(base)
    low, high = step.interval()
    least = math.log1p(settings.min_effect_percent / 100)
    return not low <= 0 <= high and step.log * shift > 0 and min(abs(step.log), abs(shift)) >= least


def _mix(known: Sequence[Line], halves: Sequence[Half]) -> dict[date, float]:
    """Of each day the logarithm of what an outcome would cost if each model cost what it did in the baseline."""
    costs = [line.base.usd_per_day / line.base.outcomes for line in known]
    days = sorted({day for half in halves for day in half.daily})
    counts = {day: [half.daily.get(day, 0) for half in halves] for day in days}
    means = {day: math.fsum(n * cost for n, cost in zip(own, costs, strict=True)) / (sum(own) or 1) for day, own in counts.items()}
    return {day: math.log(mean) for day, mean in means.items() if mean > 0}


def _told(own: Sequence[Line]) -> str:
    """``models before: a 80%, b 20%; now: b 100%``"""
    before, now = (_shares(own, halves) for halves in _sides(own))
    return f"models before: {before}; now: {now}"


def _shares(own: Sequence[Line], halves: Sequence[Half]) -> str:
    whole = sum(half.outcomes for half in halves)
    served = [(half.outcomes, line.stratum.model or "no model") for line, half in zip(own, halves, strict=True) if half.outcomes]
    return named([f"{model} {percent(n / whole)}" for n, model in sorted(served, key=lambda pair: (-pair[0], pair[1]))])
