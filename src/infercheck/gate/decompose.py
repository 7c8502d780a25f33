"""Why the bill changed: volume, mix, tokens, price and success rate, which sum to the difference.

A stratum's bill is a product: successes in all x its share of them x outcomes a success x list price of an outcome's tokens x what was billed
over that list price. Each factor's part is its logarithmic change times the logarithmic mean of the two bills (the LMDI-I method, Ang 2004):
exact, whatever the order. A stratum that only one side has is mix.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from infercheck.gate.lines import Key
from infercheck.gate.pricing import Pricer
from infercheck.model.gate import Decomposition
from infercheck.model.snapshot import Snapshot

PARTS = ("volume", "mix", "tokens", "price", "success")
_PLACES = Decimal("0.000000000001")
_UNLISTED = "no list price for some models: a change of their price counts as tokens"
_UNPRICED = "outcomes without a price are in no part"


@dataclass
class _Sums:
    usd: Decimal = Decimal(0)
    listed: Decimal | None = Decimal(0)
    outcomes: int = 0
    successes: int = 0


def decompose(base: Snapshot, head: Snapshot, pricer: Pricer, *, by_day: bool, by_success: bool) -> Decomposition | None:
    """The parts, per judged day or per log; None where a side has no price or no day. Lists both sides at the prices of the head's last day."""
    if head.end is None or (by_day and not (base.days and head.days)):
        return None
    day = head.end.date()
    sides = [_sums(snapshot, pricer, day, by_day=by_day, by_success=by_success) for snapshot in (base, head)]
    spans = [Decimal(repr(sum(snapshot.days.values()))) if by_day else Decimal(1) for snapshot in (base, head)]
    if not all(sides):
        return None
    bills = [{key: (sums.usd / span).quantize(_PLACES) for key, sums in side.items()} for side, span in zip(sides, spans, strict=True)]
    parts = _parts(sides, bills, [float(span) for span in spans])
    unlisted = any(sums.listed is None for side in sides for sums in side.values())
    unpriced = any(row.priced_outcomes < row.outcomes for snapshot in (base, head) for row in snapshot.outcomes)
    return Decomposition(
        per="day" if by_day else "log",
        base_usd=sum(bills[0].values(), Decimal(0)),
        head_usd=sum(bills[1].values(), Decimal(0)),
        volume_usd=parts["volume"],
        mix_usd=parts["mix"],
        tokens_usd=parts["tokens"],
        price_usd=parts["price"],
        success_usd=parts["success"],
        note="; ".join(text for text, said in ((_UNLISTED, unlisted), (_UNPRICED, unpriced)) if said),
    )


def _sums(snapshot: Snapshot, pricer: Pricer, day: date, *, by_day: bool, by_success: bool) -> dict[Key, _Sums]:
    found: dict[Key, _Sums] = defaultdict(_Sums)
    kept: Callable[[date | None], bool] = lambda d: d in snapshot.days if by_day else True  # noqa: E731
    for row in snapshot.outcomes:
        if kept(row.day) and row.spend_usd is not None:
            sums = found[row.workload, row.model]
            sums.usd += row.spend_usd
            sums.outcomes += row.priced_outcomes
            sums.successes += (row.priced_successes or 0) if by_success else row.priced_outcomes
    for tokens in snapshot.tokens:
        key = (tokens.workload, tokens.stratum_model)
        if key in found and kept(tokens.day) and tokens.billed_usd is not None:
            listed = pricer.usd(tokens, day)
            before = found[key].listed
            found[key].listed = None if listed is None or before is None else before + listed
    return {key: sums for key, sums in found.items() if sums.usd}


def _parts(sides: list[dict[Key, _Sums]], bills: list[dict[Key, Decimal]], spans: list[float]) -> dict[str, Decimal]:
    totals = [sum(sums.successes for sums in side.values()) / span for side, span in zip(sides, spans, strict=True)]
    parts = dict.fromkeys(PARTS, Decimal(0))
    for key in sorted({*sides[0], *sides[1]}, key=str):
        before, now = (bill.get(key, Decimal(0)) for bill in bills)
        if key not in sides[0] or key not in sides[1] or not before or not now:
            parts["mix"] += now - before
            continue
        pair = (sides[0][key], sides[1][key])
        if not all(sums.successes for sums in pair):
            parts["success"] += now - before
            continue
        factors = [_factors(sums, total, span) for sums, total, span in zip(pair, totals, spans, strict=True)]
        if any(sums.listed is None or sums.listed <= 0 for sums in pair):
            for factor in factors:
                factor["tokens"], factor["price"] = factor["tokens"] * factor["price"], 1.0
        share = _log_mean(float(before), float(now))
        made = {name: Decimal(share * math.log(factors[1][name] / factors[0][name])).quantize(_PLACES) for name in PARTS}
        made["tokens"] += (now - before) - sum(made.values(), Decimal(0))  # what rounding leaves, some 1e-12 of a dollar
        for name in PARTS:
            parts[name] += made[name]
    return parts


def _factors(sums: _Sums, total: float, span: float) -> dict[str, float]:
    listed = float(sums.listed or 0) or float(sums.usd)
    successes = sums.successes / span
    return {
        "volume": total,
        "mix": successes / total,
        "success": sums.outcomes / sums.successes,
        "tokens": listed / sums.outcomes,
        "price": float(sums.usd) / listed,
    }


def _log_mean(one: float, other: float) -> float:
    return one if math.isclose(one, other, rel_tol=1e-12) else (other - one) / math.log(other / one)
