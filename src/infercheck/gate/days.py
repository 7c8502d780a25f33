"""Day against day: cost of a success by stratum and in all, interactive p50 and p95 likewise, and what the baseline did not know.

A workload whose models changed is one stratum over all its models (see ``models``): it takes the place of theirs, and is counted once.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import Decimal

from infercheck.gate import models
from infercheck.gate.asking import (
    ALPHA,
    COST,
    COST_BLIND,
    LATENCY_RATE,
    STAKE_PLACES,
    STRATA_RATE,
    Asked,
    Question,
    Suppressed,
    apart,
    judged,
    key_of,
    nothing_suppressed,
)
from infercheck.gate.lines import Line, cost_lines, latency_lines, together
from infercheck.gate.statistic import change_of_days
from infercheck.model.gate import Check, Stratum
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Snapshot
from infercheck.render.figures import named

RULE_NEW = "new_stratum"


def compare(
    base: Snapshot, head: Snapshot, settings: GateSettings, suppressed: Suppressed = nothing_suppressed
) -> tuple[list[Check], list[str]]:
    """All checks of the two logs day by day, and what the reader must know of them."""
    by_success = base.success_known and head.success_known
    lines = cost_lines(base, head, by_success=by_success)
    workloads = cost_lines(base, head, by_success=by_success, whole={line.stratum.workload or "" for line in lines})
    known = {line.stratum.workload or "" for line in workloads if not _unknown(line, base, settings)}
    moved = models.moved([line for line in lines if line.stratum.workload in known], settings)
    lines = [line for line in lines if line.stratum.workload not in moved] + [w for w in workloads if w.stratum.workload in moved]
    checks = _cost(COST if by_success else COST_BLIND, lines, moved, settings, suppressed)
    checks += _new(lines, known, base, settings, suppressed)
    told = named([f"{name} ({mixes})" for name, mixes in moved.items()])
    return checks + _latency(base, head, settings, suppressed), [f"judged over all models, since these changed: {told}"] if moved else []


def _unknown(line: Line, base: Snapshot, settings: GateSettings) -> bool:
    """Whether the baseline does not know it, or too little to compare with though the baseline has days enough."""
    return not line.base.outcomes or (len(base.days) >= settings.min_days and line.thin(settings))


def _cost(question: Question, lines: list[Line], moved: dict[str, str], settings: GateSettings, suppressed: Suppressed) -> list[Check]:
    """All together, tested alone; then each stratum, corrected for their number."""
    known = [line for line in lines if line.base.count and line.head.outcomes]
    whole = [_whole(question, known, settings, suppressed)] if known else []
    parts = [_asked(question, line, settings, moved.get(line.stratum.workload or "", "")) for line in known]
    return judged(whole, settings, ALPHA) + judged(parts, settings, STRATA_RATE)


def _latency(base: Snapshot, head: Snapshot, settings: GateSettings, suppressed: Suppressed) -> list[Check]:
    """p50 and p95 are two chances to be wrong: one family in all, one by workload."""
    whole, parts = [], []
    for quantile in ("p50", "p95"):
        question = Question(f"latency_{quantile}", f"Interactive {quantile}", "ms", "interactive outcome")
        known = [line for line in latency_lines(base, head, quantile) if line.base.count and line.head.count]
        if known:
            whole.append(_whole(question, known, settings, suppressed))
            parts += [_asked(question, line, settings) for line in known]
    return judged(whole, settings, LATENCY_RATE) + judged(parts, settings, LATENCY_RATE)


def _whole(question: Question, lines: list[Line], settings: GateSettings, suppressed: Suppressed) -> Asked:
    """All together: the lines that are not suppressed and can be judged. Where none can, they say what is lacking."""
    kept, note = apart(question, [line.stratum for line in lines], suppressed)
    mine = [line for line in lines if line.stratum in kept]
    return _asked(question, together([line for line in mine if not line.lacking(settings, question.counted)] or mine), settings, note)


def _asked(question: Question, line: Line, settings: GateSettings, note: str = "") -> Asked:
    lacking = line.lacking(settings, question.counted)
    base, head = ({day: math.log(v) for day, v in half.values.items()} for half in (line.base, line.head))
    change = None if lacking else change_of_days(base, head)
    return Asked(question, line.stratum, line.base.level, line.head.level, change, lacking, line.head.usd_per_day, note=note)


def _new(lines: list[Line], known: Collection[str], base: Snapshot, settings: GateSettings, suppressed: Suppressed) -> list[Check]:
    """Workloads that the baseline does not know, or too little to compare with: each of their strata, and all together, may spend so much a day.

    A new model of a known workload is in no check of cost where it spends too little to change what the workload costs: it is only named.
    """
    limit = float(settings.new_stratum_usd_per_day)
    checks, spent = [], dict[str, float]()
    for line in lines:
        more, absent = line.head.usd_per_day - line.base.usd_per_day, not line.base.outcomes
        if not line.head.outcomes or not _unknown(line, base, settings):
            continue
        if line.stratum.workload in known:
            if absent:
                told = f"a new model of a workload of the baseline; ${more:,.2f} a day, too small a part of it to raise its cost"
                checks.append(_new_check(line.stratum, line.head.usd_per_day, more, limit, told, over=False))
            continue
        if not absent and more <= limit:
            continue
        if not suppressed(RULE_NEW, line.stratum):
            spent[line.stratum.name] = more
        told = f"{'not' if absent else 'hardly'} in the baseline; {_allowed(more, limit)}"
        checks.append(_new_check(line.stratum, line.head.usd_per_day, more, limit, told, over=more > limit))
    total = sum(spent.values())
    if total > limit and max(spent.values()) <= limit:  # else it has failed by one of them
        names = named(sorted(spent, key=lambda name: -spent[name]))
        told = f"{len(spent):,} that are not in the baseline; {_allowed(total, limit)}: {names}"
        checks.append(_new_check(Stratum(), total, total, limit, told, over=True))
    return checks


def _allowed(more: float, limit: float) -> str:
    return f"${more:,.2f} a day, {'over' if more > limit else 'within'} the ${limit:,.2f} allowed"


def _new_check(stratum: Stratum, head: float, more: float, limit: float, reason: str, *, over: bool) -> Check:
    return Check(
        key=key_of(RULE_NEW, stratum),
        rule=RULE_NEW,
        title="New since the baseline",
        stratum=stratum,
        verdict="fail" if over else "new",
        severity="error" if over else "note",
        unit="usd",
        head=head,
        stake_usd=Decimal(more).quantize(STAKE_PLACES),
        stake_per="day",
        threshold=limit,
        reason=reason,
    )
