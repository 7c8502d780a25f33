"""How much of the bill and of the wait is the system's, which part of it, and what is left to the models' own price and speed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple, get_args

from infercheck.model.report import Finding, Hardware, Interactive, VerdictPart
from infercheck.model.rule import FIX_WORDS, FixId
from infercheck.model.waits import PathPart
from infercheck.render.figures import ms, percent

_WORTH_SAYING = Decimal("0.001")
_GAP_WORTH_SAYING = 0.01  # of the tokens; what fewer cost hardly moves a share, and the coverage tells them all the same


class Saving(NamedTuple):
    """What all findings of one fix save, USD counted once; ``guess``: the heuristic ones."""

    fix: FixId
    guess: bool
    usd: Decimal | None


def parts(spend: Decimal | None, savings: Iterable[Saving], hardware: Decimal | None = None) -> list[VerdictPart]:
    """Spend by what it is owed to: one part a fix, largest first, then busy ``hardware`` if there is any, then the models' own price.

    They sum to ``spend``; empty where it is unknown.
    """
    if spend is None:
        return []
    sure: dict[str, Decimal] = defaultdict(Decimal)
    guess: dict[str, Decimal] = defaultdict(Decimal)
    for saving in savings:
        (guess if saving.guess else sure)[saving.fix] += saving.usd or 0
    fixes: list[FixId] = sorted(get_args(FixId), key=lambda f: (-sure[f], -guess[f], f))
    found = [VerdictPart(part=fix, sure_usd=sure[fix], heuristic_usd=guess[fix], share=_share(sure[fix], spend)) for fix in fixes]
    if hardware is not None:
        found.append(VerdictPart(part="hardware", sure_usd=hardware, heuristic_usd=Decimal(0), share=_share(hardware, spend)))
    own = spend - sum(sure.values(), Decimal(0)) - sum(guess.values(), Decimal(0)) - (hardware or Decimal(0))
    return [*found, VerdictPart(part="model_price", sure_usd=own, heuristic_usd=Decimal(0), share=_share(own, spend))]


def sentence(
    spend: Decimal | None, split: list[VerdictPart], blind: int, hardware: Hardware | None = None, *, unpriced: float = 0.0
) -> str:
    """The parts in words. ``blind``: findings whose calls have no price, or run on machines whose hours are paid with or without them.
    ``unpriced``: share of the tokens that have no price."""
    said = _system(spend, split, blind, hardware, unpriced)
    return f"{said} {_machines(spend, hardware)}" if hardware else said


_ALL_BUT_ALL = 0.995
# Components of the path that are the model's own work; names as in latency.path.
_MODELS_OWN = ("before first token", "decode", "model call, not streamed")


def of_p95(waits: Interactive, share: float | None, findings: Iterable[Finding], path: Iterable[PathPart]) -> str:
    """How much of interactive p95 is the system's, and what the path is made of; empty where no interactive request was timed."""
    if waits.p95_ms is None:
        return ""
    took = f"interactive p95 ({ms(waits.p95_ms)})"
    model = sum(part.share for part in path if part.component in _MODELS_OWN)
    others = "the rest is queues, boots, tools, pauses and failed attempts." if model < _ALL_BUT_ALL else "next to nothing else does."
    blind = " Pauses in which a person may have written, or a silent tool worked, are in neither." if waits.blind_traces else ""
    rest = f" Model calls, gateway and network included, make {model:.0%} of what users wait for on average; {others}{blind}"
    if share is None:
        return f"How much of {took} is the system's is unknown: no latency rule could be checked.{rest}"
    found = list(findings)
    sure, guesses = _shortening(f for f in found if f.grade != "heuristic"), _shortening(f for f in found if f.grade == "heuristic")
    likely = f" Needs your eyes (heuristic): {', '.join(guesses)}." if guesses else ""
    if share < float(_WORTH_SAYING):
        return f"Nothing measured or structural was found that would shorten {took}.{likely}{rest}"
    return f"{share:.1%} of {took} is the system's, not the models'{': ' + ', '.join(sure) if sure else ''}.{likely}{rest}"


def _shortening(findings: Iterable[Finding]) -> list[str]:
    """The fixes that would shorten interactive p95, the one that does most first."""
    gains: dict[str, float] = defaultdict(float)
    for finding in findings:
        gains[finding.fix] = max(gains[finding.fix], finding.saves_ms_p95 or 0)
    return [FIX_WORDS[fix] for fix, gain in sorted(gains.items(), key=lambda item: (-item[1], item[0])) if gain > 0]


def _system(spend: Decimal | None, split: list[VerdictPart], blind: int, hardware: Hardware | None, unpriced: float) -> str:
    why = "the calls blamed have no price to tell it by" + ("" if hardware is None else ", or run on hours that are paid anyway")
    unknown = f" What {blind} finding{'' if blind == 1 else 's'} would save is unknown: {why}." if blind else ""
    if spend and unpriced >= _GAP_WORTH_SAYING:
        unknown += f" {percent(unpriced)} of the tokens have no price: what they cost is in none of this."
    if spend is None:
        return "No call in scope has a price: spend is unknown, not zero." + unknown
    if not spend:
        return "Nothing was billed for these calls." + unknown
    *others, own = split
    fixes = [p for p in others if p.part != "hardware"]
    sure, heuristic = sum((p.sure_usd for p in fixes), Decimal(0)), sum((p.heuristic_usd for p in fixes), Decimal(0))
    named = [f"{FIX_WORDS[p.part]} {p.sure_usd / spend:.1%}" for p in fixes if p.sure_usd / spend >= _WORTH_SAYING]
    if named:
        first = f"{sure / spend:.1%} of spend is the system's, not the models': {', '.join(named)}."
    else:
        first = "No measured or structural waste of a tenth of a percent or more was found in what could be checked."
    guess = f" Up to {heuristic / spend:.1%} more needs your eyes (heuristic)." if heuristic / spend >= _WORTH_SAYING else ""
    busy = sum((p.sure_usd for p in others if p.part == "hardware"), Decimal(0))
    if busy:
        rest = f" {busy / spend:.1%} is the busy time of your own machines, {own.sure_usd / spend:.1%} the models' own price."
    elif sure or heuristic:
        rest = f" What is left, {own.sure_usd / spend:.1%}, is the models' own price for work that was asked for."
    else:
        rest = "" if unknown else " As far as that goes, the spend is the models' own price for work that was asked for."
    return first + guess + unknown + rest


def _machines(spend: Decimal | None, hardware: Hardware) -> str:
    """How much is hardware: of all that was spent, idle hours included."""
    paid = f"${hardware.paid_usd:,.2f}"
    if hardware.busy_usd is None or hardware.idle_usd is None:
        return f"Hardware: {paid} paid for machines of your own; how much of it was idle is unknown, since calls have no known end."
    whole = (spend or Decimal(0)) + hardware.idle_usd
    of_all = f", {hardware.paid_usd / whole:.1%} of all" if whole else ""
    idle = f" ({hardware.idle_usd / hardware.paid_usd:.1%})" if hardware.paid_usd else ""
    return (
        f"Hardware: {paid} paid for machines of your own{of_all}: ${hardware.busy_usd:,.2f} while calls ran, which is in the spend, and "
        f"${hardware.idle_usd:,.2f} idle{idle}, which comes on top of it."
    )


def _share(part: Decimal, spend: Decimal) -> float | None:
    return float(part / spend) if spend else None
