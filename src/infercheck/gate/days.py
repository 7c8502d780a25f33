"""Day against day: cost of a success by stratum and in all, interactive p50 and p95 likewise, and what the baseline did not know."""

from __future__ import annotations

import math
from decimal import Decimal

from infercheck.gate.asking import ALPHA, COST, COST_BLIND, LATENCY_RATE, STAKE_PLACES, STRATA_RATE, Asked, Question, judged, key_of
from infercheck.gate.lines import Line, cost_lines, latency_lines, together
from infercheck.gate.statistic import change_of_days
from infercheck.model.gate import Check
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Snapshot


def compare(base: Snapshot, head: Snapshot, settings: GateSettings) -> list[Check]:
    """All checks of the two logs day by day."""
    by_success = base.success_known and head.success_known
    lines = cost_lines(base, head, by_success=by_success)
    checks = _cost(COST if by_success else COST_BLIND, lines, settings)
    checks += _new(lines, settings, enough_days=len(base.days) >= settings.min_days)
    return checks + _latency(base, head, settings)


def _cost(question: Question, lines: list[Line], settings: GateSettings) -> list[Check]:
    """All together, tested alone; then each stratum, corrected for their number."""
    known = [line for line in lines if line.base.count and line.head.outcomes]
    whole = [_asked(question, together(_enough(question, known, settings)), settings)] if known else []
    return judged(whole, settings, ALPHA) + judged([_asked(question, line, settings) for line in known], settings, STRATA_RATE)


def _latency(base: Snapshot, head: Snapshot, settings: GateSettings) -> list[Check]:
    """p50 and p95 are two chances to be wrong: one family in all, one by workload."""
    whole, parts = [], []
    for quantile in ("p50", "p95"):
        question = Question(f"latency_{quantile}", f"Interactive {quantile}", "ms", "interactive outcome")
        known = [line for line in latency_lines(base, head, quantile) if line.base.count and line.head.count]
        if known:
            whole.append(_asked(question, together(_enough(question, known, settings)), settings))
            parts += [_asked(question, line, settings) for line in known]
    return judged(whole, settings, LATENCY_RATE) + judged(parts, settings, LATENCY_RATE)


def _enough(question: Question, lines: list[Line], settings: GateSettings) -> list[Line]:
    """The lines that can be judged, else all of them: then together they say what is lacking."""
    return [line for line in lines if not line.lacking(settings, question.counted)] or lines


def _asked(question: Question, line: Line, settings: GateSettings) -> Asked:
    lacking = line.lacking(settings, question.counted)
    base, head = ({day: math.log(v) for day, v in half.values.items()} for half in (line.base, line.head))
    change = None if lacking else change_of_days(base, head)
    return Asked(question, line.stratum, line.base.level, line.head.level, change, lacking, line.head.usd_per_day)


def _new(lines: list[Line], settings: GateSettings, *, enough_days: bool) -> list[Check]:
    """Strata that the baseline does not know, or too little to compare with: they may spend so much a day and no more."""
    limit = float(settings.new_stratum_usd_per_day)
    checks = []
    for line in lines:
        thin = enough_days and (line.base.count < settings.min_successes or len(line.base.values) < settings.min_days)
        more = line.head.usd_per_day - line.base.usd_per_day
        absent = not line.base.outcomes
        if not line.head.outcomes or not (absent or (thin and more > limit)):
            continue
        over = more > limit
        told = (
            f"{'not' if absent else 'hardly'} in the baseline; ${more:,.2f} a day, {'over' if over else 'within'} the ${limit:,.2f} allowed"
        )
        checks.append(
            Check(
                key=key_of("new_stratum", line.stratum),
                rule="new_stratum",
                title="New since the baseline",
                stratum=line.stratum,
                verdict="fail" if over else "new",
                severity="error" if over else "note",
                unit="usd",
                head=line.head.usd_per_day,
                stake_usd=Decimal(more).quantize(STAKE_PLACES),
                stake_per="day",
                threshold=limit,
                reason=told,
            )
        )
    return checks
