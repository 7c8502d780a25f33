"""What has no price: no change of cost can be seen in it, so a comparison that leaves much of it out has no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from infercheck.gate.asking import key_of
from infercheck.gate.lines import Key
from infercheck.model.gate import Check, Stratum
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Outcomes, Snapshot, Tokens
from infercheck.render.figures import named, percent

RULE = "unpriced"
_CURE = "add its [[price]] or [[rate]] to the config, or write the baseline again"


def compare(base: Snapshot, head: Snapshot, settings: GateSettings, *, by_day: bool) -> list[Check]:
    """Workloads and models without a price now, an inconclusive check each.

    Those of the baseline that had none either are left out on both sides. The others may hide a regression where they are a larger share of
    the log than the rise that counts as one: then all together is inconclusive too.
    """
    before, now = _shares(base, by_day=by_day), _shares(head, by_day=by_day)
    new = sorted(now.keys() - before.keys(), key=lambda key: (-now[key], str(key)))
    share = total(now[key] for key in new)
    checks = []
    if too_much(share, settings):
        names = named([_stratum(key).name for key in new])
        limit = f"more than {settings.min_effect_percent:g}% may hide a regression"
        checks.append(
            _check(Stratum(), share, f"{percent(share)} of this log has no price, unlike in the baseline: {names}; {limit}; {_CURE}")
        )
    checks += [_check(_stratum(key), now[key], f"{percent(now[key])} of this log: what it costs is unknown") for key in new]
    both = sorted(now.keys() & before.keys(), key=str)
    return checks + [_check(_stratum(key), now[key], "here and in the baseline: what it costs is not compared") for key in both]


def too_much(share: float, settings: GateSettings) -> bool:
    """Whether so much of a log has no price that it may hide a rise that counts as a regression."""
    return 100 * share > settings.min_effect_percent


def total(shares: Iterable[float]) -> float:
    """Shares of tokens and of what carries none, added up: of two different wholes, hence at most 1."""
    return min(sum(shares), 1.0)


def _shares(snapshot: Snapshot, *, by_day: bool) -> dict[Key, float]:
    """Workloads and serving models most of which has no price, with the share of the log (0 to 1) that this is.

    Of the tokens, since they make the cost; of the successful outcomes where the calls without a price carry no tokens. A failure without
    tokens is no gap. A few calls without a price are none either: the others stand for them.
    """
    days = snapshot.days
    tokens = [_counted(row) for row in snapshot.tokens if not by_day or row.day in days]
    counted = {key for key, _, missing in tokens if missing}
    outcomes = [_succeeded(row, counted) for row in snapshot.outcomes if not by_day or row.day in days]
    return {**dict(_mostly_missing(tokens)), **dict(_mostly_missing(outcomes))}


_Count = tuple[Key, int, int]  # how many, and how many of them without a price


def _counted(row: Tokens) -> _Count:
    model = "/".join(part for part in (row.provider, row.model) if part is not None) or None  # as strata are named
    tokens = row.uncached + row.cache_read + row.cache_write_5m + row.cache_write_1h + row.output
    return (row.workload, model), tokens, tokens if row.basis is None else 0


def _succeeded(row: Outcomes, counted: set[Key]) -> _Count:
    key = (row.workload, row.model)
    good, priced = (row.outcomes, row.priced_outcomes) if row.successes is None else (row.successes, row.priced_successes or 0)
    return key, good, 0 if key in counted else good - priced


def _mostly_missing(counts: list[_Count]) -> Iterator[tuple[Key, float]]:
    whole, missing = Counter[Key](), Counter[Key]()
    for key, count, unpriced in counts:
        whole[key] += count
        missing[key] += unpriced
    for key, count in missing.items():
        if 2 * count > whole[key]:
            yield key, count / whole.total()


def _stratum(key: Key) -> Stratum:
    return Stratum(workload=key[0], model=key[1])


def _check(stratum: Stratum, share: float, reason: str) -> Check:
    return Check(
        key=key_of(RULE, stratum),
        rule=RULE,
        title="Without a price",
        stratum=stratum,
        verdict="inconclusive",
        severity="note",
        unit="share",
        head=share,
        reason=reason,
    )
