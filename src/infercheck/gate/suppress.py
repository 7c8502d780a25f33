"""Suppressions of the config: a known rise passes, with its reason, until it expires; an expired one fails."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase

from infercheck.config import Config
from infercheck.gate.asking import Suppressed, key_of
from infercheck.model.gate import Check, Stratum
from infercheck.model.gating import Suppression


def suppressed(config: Config, today: date) -> Suppressed:
    """Whether a check of that rule about that stratum would be let pass on that day."""
    return lambda rule, stratum: _entry(config, today, rule, stratum) is not None


def apply(checks: list[Check], config: Config, today: date) -> tuple[list[Check], list[str]]:
    """The checks with what is suppressed marked, one more for each expired suppression, and notes on those that met nothing."""
    met: set[int] = set()
    shown = []
    for check in checks:
        index = _entry_of(check, checks, config, today) if check.verdict == "fail" else None
        if index is None:
            shown.append(check)
            continue
        met.add(index)
        entry = config.suppress[index]
        shown.append(
            check.model_copy(
                update={
                    "verdict": "suppressed", "severity": "note", "suppressed_because": entry.reason,
                    "reason": f"{check.reason}; suppressed until {entry.expires}: {entry.reason}", "anchor": config.anchor("suppress", index),
                }
            )
        )  # fmt: skip
    expired = [_expired(entry, index, config) for index, entry in enumerate(config.suppress) if today > entry.expires]
    idle = [
        f"the suppression at {config.anchor('suppress', index).file}:{config.anchor('suppress', index).line} met nothing: remove it"
        for index, entry in enumerate(config.suppress)
        if index not in met and today <= entry.expires
    ]
    return shown + expired, idle


def _entry_of(check: Check, checks: list[Check], config: Config, today: date) -> int | None:
    """The suppression of a check. Of all together it is the first of its strata's where each has one; a budget is a bound of its own."""
    index = _entry(config, today, check.rule, check.stratum)
    if index is not None or check.stratum != Stratum() or check.rule.startswith("budget."):
        return index
    theirs = [_entry(config, today, check.rule, part.stratum) for part in checks if part.rule == check.rule and part is not check]
    return theirs[0] if theirs and None not in theirs else None


def _entry(config: Config, today: date, rule: str, stratum: Stratum) -> int | None:
    return next((i for i, s in enumerate(config.suppress) if today <= s.expires and _matches(s, rule, stratum)), None)


def _matches(entry: Suppression, rule: str, stratum: Stratum) -> bool:
    pairs = ((getattr(entry.match, name), getattr(stratum, name)) for name in ("workload", "model", "team"))
    return fnmatchcase(rule, entry.rule) and all(glob == "*" or (value is not None and fnmatchcase(value, glob)) for glob, value in pairs)


def _expired(entry: Suppression, index: int, config: Config) -> Check:
    about = Stratum(**{name: glob for name, glob in entry.match.model_dump().items() if glob != "*"})
    return Check(
        key=key_of(f"suppression_expired.{entry.rule}", about),
        rule="suppression_expired",
        title="Suppression has expired",
        stratum=about,
        verdict="fail",
        severity="error",
        unit="count",
        reason=f"the suppression of {entry.rule} ({entry.reason}) expired on {entry.expires}: renew it or remove it",
        anchor=config.anchor("suppress", index),
    )
