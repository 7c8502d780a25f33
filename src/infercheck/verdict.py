"""How much of the bill is the system's, which part of it, and what is left to the models' own price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import get_args

from infercheck.model.report import Finding, VerdictPart
from infercheck.model.rule import FIX_WORDS, FixId

_WORTH_SAYING = Decimal("0.001")


def parts(spend: Decimal | None, findings: Iterable[Finding]) -> list[VerdictPart]:
    """Spend by what it is owed to: one part a fix, largest first, then the models' own price. They sum to ``spend``; empty where it is unknown."""
    if spend is None:
        return []
    sure: dict[str, Decimal] = defaultdict(Decimal)
    guess: dict[str, Decimal] = defaultdict(Decimal)
    for finding in findings:
        (guess if finding.grade == "heuristic" else sure)[finding.fix] += finding.counted_once_usd or 0
    fixes: list[FixId] = sorted(get_args(FixId), key=lambda f: (-sure[f], -guess[f], f))
    found = [VerdictPart(part=fix, sure_usd=sure[fix], heuristic_usd=guess[fix], share=_share(sure[fix], spend)) for fix in fixes]
    own = spend - sum(sure.values(), Decimal(0)) - sum(guess.values(), Decimal(0))
    return [*found, VerdictPart(part="model_price", sure_usd=own, heuristic_usd=Decimal(0), share=_share(own, spend))]


def sentence(spend: Decimal | None, split: list[VerdictPart], blind: int) -> str:
    """The parts in words. ``blind``: findings whose calls have no price."""
    unknown = f" What {blind} finding{'' if blind == 1 else 's'} would save is unknown: the calls blamed have no price." if blind else ""
    if spend is None:
        return "No call in scope has a price: spend is unknown, not zero." + unknown
    if not spend:
        return "Nothing was billed for these calls." + unknown
    *fixes, own = split
    sure, heuristic = sum((p.sure_usd for p in fixes), Decimal(0)), sum((p.heuristic_usd for p in fixes), Decimal(0))
    named = [f"{FIX_WORDS[p.part]} {p.sure_usd / spend:.1%}" for p in fixes if p.sure_usd / spend >= _WORTH_SAYING]
    if named:
        first = f"{sure / spend:.1%} of spend is the system's, not the models': {', '.join(named)}."
    else:
        first = "No measured or structural waste of a tenth of a percent or more was found in what could be checked."
    guess = f" Up to {heuristic / spend:.1%} more needs your eyes (heuristic)." if heuristic / spend >= _WORTH_SAYING else ""
    if sure or heuristic:
        rest = f" What is left, {own.sure_usd / spend:.1%}, is the models' own price for work that was asked for."
    else:
        rest = "" if blind else " As far as that goes, the spend is the models' own price for work that was asked for."
    return first + guess + unknown + rest


def _share(part: Decimal, spend: Decimal) -> float | None:
    return float(part / spend) if spend else None
