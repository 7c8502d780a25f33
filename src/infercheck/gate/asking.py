"""One question asked of many strata: the change, the correction for their number, and the verdict in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from infercheck.gate.statistic import CONFIDENCE, Change, benjamini_hochberg, percent
from infercheck.model.gate import Check, Severity, Stratum, Unit, Verdict
from infercheck.model.gating import GateSettings
from infercheck.render.figures import named

ALPHA = (1 - CONFIDENCE) / 2  # one-sided: the same as a 95% interval wholly above no change
# Of the families beside the cost of all together: stricter, so that the whole gate stays at one wrong alarm in fifty quiet logs.
STRATA_RATE = 0.01
LATENCY_RATE = 0.005  # twice: in all, and by workload
STAKE_PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Question:
    """What a check asks of a stratum; ``counted`` is the thing that there must be enough of."""

    rule: str
    title: str
    unit: Unit
    counted: str


COST = Question("cost_per_success", "Cost per successful outcome", "usd", "success")
COST_BLIND = Question("cost_per_outcome", "Cost per outcome (success is not in the log)", "usd", "priced outcome")
COST_RULES = frozenset({COST.rule, COST_BLIND.rule})

Suppressed = Callable[[str, Stratum], bool]  # whether a check of this rule about this stratum is suppressed


def nothing_suppressed(rule: str, stratum: Stratum) -> bool:
    """Without a config."""
    return False


@dataclass(frozen=True)
class Asked:
    """A question of one stratum with its figures. ``lacking`` says why there is no ``change``; ``usd`` is the head's spend per day or log.

    ``note`` is what the reader must know of it whatever the verdict.
    """

    question: Question
    stratum: Stratum
    base: float | None
    head: float | None
    change: Change | None
    lacking: str = ""
    usd: float = 0.0
    per: Literal["day", "log"] = "day"
    note: str = ""


def judged(asked: Sequence[Asked], settings: GateSettings, rate: float) -> list[Check]:
    """A verdict for each; ``rate`` is the share of false alarms that the family may have, by Benjamini-Hochberg."""
    tested = [a.change.p_rise for a in asked if a.change is not None]
    adjusted = iter(benjamini_hochberg(tested))
    return [
        _made(a, settings, "inconclusive", "note", a.lacking or "too little to judge")
        if a.change is None
        else _check(a, a.change, next(adjusted), _Family(len(tested), rate), settings)
        for a in asked
    ]


@dataclass(frozen=True)
class _Family:
    size: int
    rate: float


def _check(asked: Asked, change: Change, p: float, family: _Family, settings: GateSettings) -> Check:
    low, high = change.interval()
    rise, interval = percent(change.log), (percent(low), percent(high))
    stake, small = _stake(asked, change, settings)
    told = f"{rise:+.1f}% (95% interval {interval[0]:+.1f}% to {interval[1]:+.1f}%)"
    verdict: Verdict = "pass"
    severity: Severity = "note"
    if low <= 0:
        reason = f"no rise shown: {told}"
    elif p > family.rate:
        reason = f"{told}; with {family.size} such questions asked, chance alone shows as much in one of them"
    elif rise < settings.min_effect_percent:
        reason = f"{told}, below the {settings.min_effect_percent:g}% that count as a regression"
    elif small:
        verdict, severity, reason = "fail", "warning", f"{told}, but {small}"
    else:
        per = {"day": "a day more", "log": "more in this log"}[asked.per]
        verdict, severity, reason = "fail", "error", told + (f", ${stake:,.2f} {per}" if stake is not None else "")
    made = _made(asked, settings, verdict, severity, reason)
    figures = {"effect_percent": rise, "interval_percent": interval, "p_value": p, "stake_usd": stake}
    return made.model_copy(update={**figures, "stake_per": None if stake is None else asked.per})


def _stake(asked: Asked, change: Change, settings: GateSettings) -> tuple[Decimal | None, str]:
    """What the change costs, and why that is too little to fail.

    Milliseconds have no price and a least size of their own. A load test's dollars are not the traffic's: it has no least amount.
    """
    share = -math.expm1(-change.log)
    if asked.question.unit == "ms":
        more = (asked.head or 0.0) * share
        return None, f"by {more:,.0f} ms, under the {settings.min_ms:g} ms that people notice" if more < settings.min_ms else ""
    stake = Decimal(asked.usd * share).quantize(STAKE_PLACES)
    small = asked.per == "day" and stake < settings.min_usd_per_day
    return stake, f"${stake:,.4f} a day is under the minimum of ${settings.min_usd_per_day}" if small else ""


def _made(asked: Asked, settings: GateSettings, verdict: Verdict, severity: Severity, reason: str) -> Check:
    return Check(
        key=key_of(asked.question.rule, asked.stratum),
        rule=asked.question.rule,
        title=asked.question.title,
        stratum=asked.stratum,
        verdict=verdict,
        severity=severity,
        unit=asked.question.unit,
        base=asked.base,
        head=asked.head,
        threshold=settings.min_effect_percent,
        reason=f"{reason}; {asked.note}" if asked.note else reason,
    )


def apart(question: Question, strata: Sequence[Stratum], suppressed: Suppressed) -> tuple[set[Stratum], str]:
    """The strata that make up all together, those without a suppression, and a note that names the rest.

    A known rise must not fail all together. Where every stratum is suppressed they stand as they are: that all together has risen is known too.
    """
    kept = {stratum for stratum in strata if not suppressed(question.rule, stratum)}
    left = [stratum.name for stratum in strata if stratum not in kept]
    return (kept, f"without {named(left)}, which the config suppresses" if left else "") if kept else (set(strata), "")


def key_of(rule: str, stratum: Stratum) -> str:
    """Stable from run to run: the rule and what it is about."""
    return "|".join([rule, *(f"{name}={value}" for name, value in stratum.model_dump().items() if value is not None)])
