"""What if: the log re-priced under chosen fixes only, by the same settlement that the plan comes from."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from decimal import Decimal
from typing import cast, get_args

from infercheck import pools, settle
from infercheck.engine.duckdb import Engine
from infercheck.errors import UsageError
from infercheck.model.rule import FixId
from infercheck.model.simulation import Choice, FixEffect, Separation, Simulation, WorkloadEffect
from infercheck.summarise import money, per_success

_SURE = "sum(saved_usd) FILTER (WHERE grade <> 'heuristic')"
_GUESS = "sum(saved_usd) FILTER (WHERE grade = 'heuristic')"


def choices(texts: Sequence[str]) -> tuple[Choice, ...]:
    """``routing``, ``caching:faq-bot``; raises UsageError for a fix that there is not."""
    known = get_args(FixId)
    found = []
    for text in texts:
        name, _, scope = text.partition(":")
        fix = name.strip().replace("-", "_")
        if fix not in known:
            raise UsageError(f"there is no fix {name!r}", where="--fix", hint=f"known: {', '.join(known)}")
        found.append(Choice(cast(FixId, fix), scope.strip() or None))
    if not found:
        raise UsageError("no fix was named", where="--fix", hint=f"known: {', '.join(known)}; one workload's: routing:WORKLOAD")
    return tuple(dict.fromkeys(found))


def views(chosen: Sequence[Choice]) -> tuple[str, ...]:
    """What ``simulate`` reads besides claims and the report's views."""
    return pools.VIEWS if any(choice.fix == "traffic_separation" for choice in chosen) else ()


def simulate(engine: Engine, chosen: Sequence[Choice]) -> Simulation:
    """Keep the claims of the chosen fixes, settle them, and sum the bill by workload; replay what is to be separated.

    Needs ``claims``, ``priced_calls`` and ``outcomes``, and what ``views`` names.

    Raises UsageError for a scope that is neither a workload nor the subject of a finding of its fix.
    """
    for choice in chosen:
        _check_scope(engine, choice)
    _keep(engine, chosen)
    settle.settle(engine)
    rows = engine.rows(
        f"SELECT p.workload, count(*), sum(p.billed_usd), sum(s.sure), sum(s.guess) FROM priced_calls p LEFT JOIN (SELECT call_id, {_SURE} AS sure, "
        f"{_GUESS} AS guess FROM settled GROUP BY call_id) s ON s.call_id = p.call_id GROUP BY p.workload ORDER BY 3 DESC NULLS LAST, 2 DESC, 1"
    )
    workloads = [_workload(name, calls, money(before), money(sure), money(guess)) for name, calls, before, sure, guess in rows]
    effects = [_effect(engine, number, choice) for number, choice in enumerate(chosen)]
    before = _total([w.before_usd for w in workloads])
    sure, guess = (_total([getattr(w, name) for w in workloads]) for name in ("saves_sure_usd", "saves_heuristic_usd"))
    after = _after(before, sure, guess)
    cost = per_success(engine, guesses=True).get(None)
    return Simulation(
        fixes=effects, calls=sum(w.calls for w in workloads),
        before_usd=before, saves_sure_usd=sure, saves_heuristic_usd=guess, after_usd=after, successes=cost.good if cost else 0,
        before_per_success_usd=cost.usd if cost else None, after_per_success_usd=cost.clean_usd if cost else None,
        by_workload=workloads, separations=_separations(engine, chosen),
    )  # fmt: skip


def _separations(engine: Engine, chosen: Sequence[Choice]) -> list[Separation]:
    """Of every deployment that a chosen traffic_separation touches, with the matched effect where the rule claims one."""
    scopes = [choice.scope for choice in chosen if choice.fix == "traffic_separation"]
    found = {told.deployment: told for scope in scopes for told in pools.separations(engine, scope)}
    matched = {
        deployment: {"matched_ms": ms, "matched_calls": calls}
        for deployment, ms, calls in engine.rows(
            "SELECT p.deployment, sum(k.waste_ms), count(*) FROM chosen_claims k JOIN priced_calls p ON p.call_id = k.call_id "
            "WHERE k.rule = 'background_slows_interactive' GROUP BY 1"
        )
    }
    return [told.model_copy(update=matched.get(deployment, {})) for deployment, told in found.items()]


def _check_scope(engine: Engine, choice: Choice) -> None:
    if choice.scope is None:
        return
    subjects = [row[0] for row in engine.rows("SELECT DISTINCT subject FROM claims WHERE fix = ? ORDER BY 1", [choice.fix])]
    workloads = [row[0] for row in engine.rows("SELECT DISTINCT workload FROM priced_calls ORDER BY 1")]
    known = list(dict.fromkeys([*subjects, *workloads]))
    if choice.scope not in known:
        close = difflib.get_close_matches(choice.scope, known, n=1)
        named = f"did you mean {close[0]}?" if close else f"known: {', '.join(subjects[:20] or workloads[:20])}"
        raise UsageError(f"nothing is called {choice.scope!r}", where=f"--fix {choice}", hint=named)


def _keep(engine: Engine, chosen: Sequence[Choice]) -> None:
    """Leave only the chosen claims, and note in ``chosen_claims`` which choice each belongs to: the first that names it."""
    engine.create_empty("choices", {"nth": "INTEGER", "fix": "VARCHAR", "scope": "VARCHAR"})
    for number, choice in enumerate(chosen):
        engine.execute("INSERT INTO choices VALUES (?, ?, ?)", [number, choice.fix, choice.scope])
    engine.create(
        "chosen_claims",
        "SELECT k.*, p.workload, (SELECT min(c.nth) FROM choices c WHERE c.fix = k.fix "
        "AND (c.scope IS NULL OR c.scope = k.subject OR c.scope = p.workload)) AS nth "
        "FROM claims k LEFT JOIN priced_calls p ON p.call_id = k.call_id",
    )
    engine.execute("DELETE FROM chosen_claims WHERE nth IS NULL")
    engine.create("claims", "SELECT * EXCLUDE (workload, nth) FROM chosen_claims")


def _effect(engine: Engine, number: int, choice: Choice) -> FixEffect:
    """The settled claims that are this choice's. One call's claims of one rule and kind are one settled row."""
    calls, sure, guess, unknown = engine.rows(
        f"SELECT count(DISTINCT s.call_id), {_SURE}, {_GUESS}, count(DISTINCT s.call_id) FILTER (WHERE s.saved_usd IS NULL) FROM settled s "
        "SEMI JOIN (SELECT DISTINCT rule, subject, grade, call_id FROM chosen_claims WHERE nth = ?) c "
        "ON c.rule = s.rule AND c.subject = s.subject AND c.grade = s.grade AND c.call_id = s.call_id AND s.fix = ?",
        [number, choice.fix],
    )[0]
    present = " OR ".join(f"coalesce({kind.present}, FALSE)" for kind in settle.KINDS)
    timed = engine.value(f"SELECT count(*) FROM chosen_claims WHERE nth = ? AND (call_id IS NULL OR NOT ({present}))", [number])
    return FixEffect(
        fix=choice.fix, scope=choice.scope, calls=calls, saves_sure_usd=money(sure), saves_heuristic_usd=money(guess),
        unknown_calls=unknown, not_simulated=timed,
    )  # fmt: skip


def _workload(name: str, calls: int, before: Decimal | None, sure: Decimal | None, guess: Decimal | None) -> WorkloadEffect:
    return WorkloadEffect(
        workload=name, calls=calls, before_usd=before, saves_sure_usd=sure, saves_heuristic_usd=guess, after_usd=_after(before, sure, guess)
    )


def _after(before: Decimal | None, sure: Decimal | None, guess: Decimal | None) -> Decimal | None:
    return None if before is None else before - (sure or Decimal(0)) - (guess or Decimal(0))


def _total(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None
