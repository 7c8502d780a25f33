"""Which comparison two logs allow, and what it finds: day by day, call by call, or by workload and prompt size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from infercheck.errors import UsageError
from infercheck.gate import days, matched, overlap, unpriced
from infercheck.gate.asking import COST, COST_BLIND, COST_RULES, Asked, Suppressed, judged, nothing_suppressed
from infercheck.gate.collect import Collected
from infercheck.gate.decompose import decompose
from infercheck.gate.pricing import Pricer
from infercheck.model.gate import Check, Comparison, ComparisonKind, Decomposition, Side, Stratum
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Snapshot

WAYS = ("auto", "days", "calls", "buckets")
SHORT = timedelta(hours=24)  # within a day there are no days to compare: a load test
# Said beside every comparison that is not by day.
NO_DAYS = "the interval knows how outcomes spread within these two logs, not how one day differs from the next"


@dataclass(frozen=True)
class Compared:
    """What was compared, and what came of it."""

    comparison: Comparison
    checks: list[Check]
    decomposition: Decomposition | None
    notes: list[str]


def compare(
    base: Collected,
    head: Collected,
    pricer: Pricer,
    settings: GateSettings,
    suppressed: Suppressed = nothing_suppressed,
    *,
    way: str,
    labels: tuple[str, str],
) -> Compared:
    """Compare two logs; ``way`` is one of WAYS. A log of days is compared by day, two logs of less than a day outcome by outcome."""
    if way not in WAYS:
        raise UsageError(f"logs are not compared by {way!r}", where="--by", hint=f"known: {', '.join(WAYS)}")
    one, other = base.snapshot, head.snapshot
    by_success = one.success_known and other.success_known
    short = all(_span(snapshot) < SHORT for snapshot in (one, other))
    by_day = way == "days" or (way == "auto" and not short)
    if by_day:
        kind: ComparisonKind = "days"
        one, notes = overlap.without(one, other, settings, where=labels[0])
        (checks, told), outcomes = days.compare(one, other, settings, suppressed), None
        notes += told
        text = f"day by day, weekdays and mix taken out: {len(other.days)} days against {len(one.days)}"
    else:
        kind, found, text = _matched(base, head, settings, suppressed, way, by_success=by_success)
        checks, outcomes, notes = found.checks, found.outcomes, [NO_DAYS]
        if outcomes * 2 < sum(row.units for row in other.buckets):
            notes.append(f"only {outcomes:,} of the outcomes now have a counterpart in the baseline: the rest is not judged")
    if not any(check.rule in COST_RULES and check.stratum == Stratum() for check in checks):
        nothing = Asked(
            COST if by_success else COST_BLIND, Stratum(), None, None, None, "no workload and model with a price is in both logs"
        )
        checks = [*judged([nothing], settings, 1.0), *checks]
    checks += unpriced.compare(one, other, settings, by_day=by_day)
    comparison = Comparison(
        kind=kind,
        text=text,
        base=side(one, labels[0], by_day=by_day),
        head=side(other, labels[1], by_day=by_day),
        matched_outcomes=outcomes,
    )
    return Compared(comparison, checks, decompose(one, other, pricer, by_day=by_day, by_success=by_success), notes)


def _matched(
    base: Collected, head: Collected, settings: GateSettings, suppressed: Suppressed, way: str, *, by_success: bool
) -> tuple[ComparisonKind, matched.Matched, str]:
    """By prompt where enough of the head's outcomes open with a prompt of the baseline, else by prompt size."""
    if base.prompts is not None and head.prompts is not None and way != "buckets":
        rows = matched.pairs(base.prompts, head.prompts)
        share = float(rows["units_head"].sum()) / max(sum(row.units for row in head.snapshot.buckets), 1)
        if way == "calls" or (rows.height >= settings.min_successes and share >= matched.MIN_MATCHED_SHARE):
            text = f"call by call: {rows.height:,} opening prompts that are in both logs, each weighted as in the baseline"
            return "calls", matched.by_prompt(rows, settings, suppressed, by_success=by_success), text
    elif way == "calls":
        raise UsageError(
            "a baseline file holds no prompts to match",
            where="--by calls",
            hint="name the logs themselves: infercheck diff BASE_LOGS HEAD_LOGS",
        )
    shared = matched.shared_buckets(base.snapshot, head.snapshot)
    text = f"by workload and size of the opening prompt: {len(shared):,} groups that are in both logs, each weighted as in the baseline"
    return "buckets", matched.by_size(shared, settings, suppressed, by_success=by_success), text


def side(snapshot: Snapshot, label: str, *, by_day: bool) -> Side:
    """A side's window and sums: over the judged days where days are compared."""
    kept: Callable[[object], bool] = lambda day: day in snapshot.days if by_day else True  # noqa: E731
    rows = [row for row in snapshot.outcomes if kept(row.day)]
    known = [row.successes for row in rows if row.successes is not None]
    spent = [row.spend_usd for row in rows if row.spend_usd is not None]
    return Side(
        label=label,
        start=snapshot.start,
        end=snapshot.end,
        days=len(snapshot.days),
        outcomes=sum(row.outcomes for row in rows),
        successes=sum(known) if known else None,
        spend_usd=sum(spent, Decimal(0)) if spent else None,
    )


def _span(snapshot: Snapshot) -> timedelta:
    return snapshot.end - snapshot.start if snapshot.start and snapshot.end else timedelta(0)
