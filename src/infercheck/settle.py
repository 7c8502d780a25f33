"""Claims become dollars, each counted once.

Every claim is re-priced on what earlier claims left of its call: first the measured and structural ones, then the heuristic ones, and
within each group in the order drop, route, trims, cache (writes that end before reads that begin), tier. So no call saves more than it was
billed, and the column of savings sums to the total whatever the order of files, rows or rules. Where the basis is the logged cost,
saved = logged x (1 - counterfactual / computed), so that a discount never turns a saving negative. On machines of one's own a call that is
spared frees time, not dollars: the hours are paid until a machine is given back, so that these savings are unknown. All of it is SQL in the
engine.
"""

from __future__ import annotations

from dataclasses import dataclass

from infercheck.engine.base import Database, literal
from infercheck.model.call import MONEY
from infercheck.prices.cost import cost_expression

# What each kind of claim does to the state of a call. Expressions over ``s`` (state) and ``k`` (the claim).
_UNCACHED = "greatest(s.input_tokens - s.cache_read_tokens - s.cache_write_5m_tokens - s.cache_write_1h_tokens, 0)"
# Text that another claim has trimmed is not cached as well. Where in the prompt it stood is not known: it is taken for part of what would be cached.
_TRIMMED = "(s.bracket_tokens - s.input_tokens)"
_TO_READ = f"greatest(coalesce(k.cache_read_tokens, 0) - {_TRIMMED}, 0)"
_TO_WRITE = f"greatest(coalesce(k.cache_write_tokens, 0) - greatest({_TRIMMED} - coalesce(k.cache_read_tokens, 0), 0), 0)"
_WRITTEN = "(s.cache_write_5m_tokens + s.cache_write_1h_tokens)"


@dataclass(frozen=True)
class Kind:
    """A kind of claim: which column carries it, and how it changes the state of its call."""

    name: str
    present: str
    changes: dict[str, str]


KINDS: tuple[Kind, ...] = (
    Kind("drop", '"drop"', {"dropped": "TRUE"}),
    Kind(
        "route_to",
        "route_to IS NOT NULL",
        # A log that names no provider has targets without one; their price is that of the name alone, as for its calls.
        {
            "provider": "CASE WHEN position('/' IN k.route_to) > 0 THEN split_part(k.route_to, '/', 1) END",
            "model": "substring(k.route_to, position('/' IN k.route_to) + 1)",
        },
    ),
    Kind("trim_input_tokens", "trim_input_tokens > 0", {"input_tokens": f"s.input_tokens - least(k.trim_input_tokens, {_UNCACHED})"}),
    Kind(
        "trim_output_tokens", "trim_output_tokens > 0", {"output_tokens": "s.output_tokens - least(k.trim_output_tokens, s.output_tokens)"}
    ),
    Kind(
        "drop_cache_write", "drop_cache_write", {"cache_write_5m_tokens": "CAST(0 AS BIGINT)", "cache_write_1h_tokens": "CAST(0 AS BIGINT)"}
    ),
    Kind(
        "cache",
        "(cache_read_tokens > 0 OR cache_write_tokens > 0)",
        {
            "cache_read_tokens": f"s.cache_read_tokens + least({_TO_READ}, {_UNCACHED})",
            "cache_write_5m_tokens": f"s.cache_write_5m_tokens + least({_TO_WRITE}, {_UNCACHED} - least({_TO_READ}, {_UNCACHED}))",
        },
    ),
    Kind("service_tier", "service_tier IS NOT NULL", {"tier": "k.service_tier"}),
)
_STATE = (
    "call_id", "provider", "model", "day", "tier", "operation", "bracket_tokens", "input_tokens", "cache_read_tokens",
    "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "audio_input_tokens", "audio_output_tokens", "dropped",
    "billed_usd", "computed_usd",
)  # fmt: skip
_GROUPS = ("grade <> 'heuristic'", "grade = 'heuristic'")
_GRADE_RANK = "CASE grade WHEN 'measured' THEN 1 WHEN 'structural' THEN 2 ELSE 3 END"
_PRICE_JOIN = (
    "p.provider IS NOT DISTINCT FROM s.provider AND p.model = s.model AND p.day = s.day AND p.tier = s.tier "
    "AND (p.min_input_tokens = 0 OR s.bracket_tokens > p.min_input_tokens) "
    "AND (p.max_input_tokens IS NULL OR coalesce(s.bracket_tokens, 0) <= p.max_input_tokens)"
)
# Columns of the claims that hold few names, and all that stand there.
_NAMES = {column: f"SELECT {column} FROM claims" for column in ("rule", "fix", "grade", "subject", "route_to", "service_tier")} | {
    "kind": f"SELECT unnest([{', '.join(literal(kind.name) for kind in KINDS)}])"
}


def settle(engine: Database) -> None:
    """Read ``claims`` and ``priced_calls``; fill ``settled``: one row per claim and kind, dollars NULL where they are unknown: no bill, or no
    list price of the call that says which part of its bill is saved. A target without a price saves 0: nobody offers it.

    ``alone_usd`` is what the claim would save if it were the only one, ``saved_usd`` what it saves counted once (0 where another claim took
    it or dropped its call). A finding that would cost more than it saves is settled at 0.
    """
    _open_claims(engine)
    _open_state(engine)
    engine.create_empty("alone", {"claim_id": "BIGINT", "alone_usd": MONEY})
    engine.create_empty("taken", {"claim_id": "BIGINT", "saved_usd": MONEY})
    engine.create_empty("touched", {"call_id": "BIGINT"})  # calls that are no longer as they were billed
    present = {row[0] for row in engine.rows("SELECT DISTINCT kind FROM open_claims")}
    for kind in KINDS:
        if kind.name in present:
            _price_alone(engine, kind)
    stages = [
        (kind, group, rules[kind.name] > 1)
        for group in _GROUPS
        if (rules := dict(engine.rows(f"SELECT kind, count(DISTINCT rule) FROM open_claims WHERE {group} GROUP BY kind")))
        for kind in KINDS
        if kind.name in rules
    ]
    for nth, (kind, group, contested) in enumerate(stages, start=1):
        last = nth == len(stages)  # nobody asks for the state after it
        _take(engine, kind, group, contested=contested, last=last)
        if not last:
            _change_state(engine)
    unlisted = "b.billed_usd > 0 AND coalesce(b.computed_usd, 0) = 0 AND a.claim_id IS NULL"
    engine.create(
        "settled",
        "SELECT k.claim_id, k.rule, k.step, k.fix, k.grade, k.subject, k.call_id, k.kind, b.billed_usd, "
        f"CASE WHEN {unlisted} THEN NULL WHEN b.billed_usd IS NOT NULL THEN coalesce(a.alone_usd, CAST(0 AS {MONEY})) END AS alone_usd, "
        f"CASE WHEN {unlisted} AND d.call_id IS NULL THEN NULL "
        f"WHEN b.billed_usd IS NOT NULL THEN coalesce(t.saved_usd, CAST(0 AS {MONEY})) END AS saved_usd "
        "FROM open_claims k JOIN settle_base b ON b.call_id = k.call_id "
        "LEFT JOIN alone a ON a.claim_id = k.claim_id LEFT JOIN taken t ON t.claim_id = k.claim_id "
        "LEFT JOIN (SELECT DISTINCT k.call_id FROM open_claims k JOIN taken t ON t.claim_id = k.claim_id WHERE k.kind = 'drop') d "
        "ON d.call_id = k.call_id",
    )
    engine.drop("settle_base", "settle_state", "named_twice", "alone", "taken", "touched", "stage", "kept")


def _open_claims(engine: Database) -> None:
    """One row per claim and kind. A rule that names a call twice in one kind counts once, the larger first."""
    parts = [
        f"SELECT {engine.row_id} * {len(KINDS)} + {nth} AS claim_id, rule, step, fix, grade, subject, call_id, '{k.name}' AS kind, route_to, "
        "trim_input_tokens, trim_output_tokens, cache_read_tokens, cache_write_tokens, service_tier FROM claims "
        f"WHERE call_id IS NOT NULL AND {k.present}"
        for nth, k in enumerate(KINDS)
    ]
    engine.create("open_claims", " UNION ALL ".join(parts), _NAMES)
    # Few are named twice, if any: only those are ranked.
    engine.create(
        "named_twice",
        "SELECT k.claim_id FROM open_claims k JOIN ("
        "SELECT rule, call_id, kind FROM open_claims GROUP BY rule, call_id, kind HAVING count(*) > 1) d "
        "ON d.call_id = k.call_id AND d.rule = k.rule AND d.kind = k.kind "
        "QUALIFY row_number() OVER (PARTITION BY k.rule, k.call_id, k.kind ORDER BY "
        f"{_GRADE_RANK}, subject, route_to, service_tier, coalesce(cache_read_tokens, 0) + coalesce(trim_input_tokens, 0) "
        "+ coalesce(trim_output_tokens, 0) DESC) > 1",
    )
    if engine.rows("SELECT 1 FROM named_twice LIMIT 1"):
        engine.create(
            "open_claims", "SELECT k.* FROM open_claims k LEFT JOIN named_twice n ON n.claim_id = k.claim_id WHERE n.claim_id IS NULL"
        )


def _open_state(engine: Database) -> None:
    """What was billed for every claimed call, and the state from which counterfactuals start."""
    engine.create(
        "settle_base",
        "SELECT p.call_id, "
        "CASE WHEN p.cost_basis IS DISTINCT FROM 'capacity' THEN p.billed_usd END AS billed_usd, p.computed_usd, p.provider, p.model, p.day, p.tier, "
        "p.operation, p.input_tokens AS bracket_tokens, p.input_tokens, p.cache_read_tokens, p.cache_write_5m_tokens, "
        "p.cache_write_1h_tokens, p.output_tokens, c.audio_input_tokens, c.audio_output_tokens, FALSE AS dropped "
        # Few calls hear or speak, and most logs have none: all calls need not be joined for them.
        "FROM priced_calls p LEFT JOIN (SELECT call_id, audio_input_tokens, audio_output_tokens FROM calls "
        "WHERE audio_input_tokens IS NOT NULL OR audio_output_tokens IS NOT NULL) c ON c.call_id = p.call_id "
        "WHERE p.call_id IN (SELECT call_id FROM open_claims)",
    )
    engine.create("settle_state", f"SELECT {', '.join(_STATE)}, billed_usd AS left_usd FROM settle_base WHERE billed_usd > 0")


def _counterfactual(kind: Kind, claims: str, state: str) -> str:
    """Query: claim_id, call_id, the changed state, and ``after_usd``: what would be left of the bill; NULL where no price says."""
    columns = ", ".join(f"{kind.changes.get(c, f's.{c}')} AS {c}" for c in _STATE)
    return (
        f"WITH changed AS (SELECT k.claim_id, k.rule, k.subject, s.left_usd, {columns} FROM ({claims}) k JOIN {state} s ON s.call_id = k.call_id "
        "WHERE NOT s.dropped) "
        f"SELECT s.*, CASE WHEN s.dropped THEN CAST(0 AS {MONEY}) WHEN s.computed_usd > 0 THEN "
        f"CAST(CAST(s.billed_usd AS DOUBLE) * (CAST({cost_expression('s', 'p')} AS DOUBLE) / CAST(s.computed_usd AS DOUBLE)) AS {MONEY}) "
        f"END AS after_usd FROM changed s LEFT JOIN prices p ON {_PRICE_JOIN}"
    )


def _price_alone(engine: Database, kind: Kind) -> None:
    claims = f"SELECT * FROM open_claims WHERE kind = '{kind.name}'"
    initial = f"(SELECT {', '.join(_STATE)}, billed_usd AS left_usd FROM settle_base WHERE billed_usd > 0)"
    engine.extend(
        "alone", f"SELECT claim_id, {_saving(kind, 'left_usd')} FROM ({_counterfactual(kind, claims, initial)}) WHERE after_usd IS NOT NULL"
    )


def _take(engine: Database, kind: Kind, group: str, *, contested: bool, last: bool) -> None:
    """One stage: the winners among the claims of this kind and group are priced, and ``kept`` where their finding gains.

    A rule names a call once, so claims of one rule alone are ``contested`` by nobody and need no ranking. In the ``last`` stage a claim on a call
    that nobody touched saves what it would save alone, and is not priced again.
    """
    ranked = (
        f" QUALIFY row_number() OVER (PARTITION BY k.call_id ORDER BY {_GRADE_RANK}, a.alone_usd DESC, k.rule) = 1" if contested else ""
    )

    def winners(where: str, columns: str = "k.*") -> str:
        return (
            f"SELECT {columns} FROM open_claims k JOIN alone a ON a.claim_id = k.claim_id "
            f"WHERE k.kind = '{kind.name}' AND {group}{where}{ranked}"
        )

    def priced(where: str, columns: str) -> str:
        return (
            f"SELECT {columns}, {_saving(kind, 'left_usd')} AS saved_usd "
            f"FROM ({_counterfactual(kind, winners(where), 'settle_state')}) WHERE after_usd IS NOT NULL"
        )

    if last:
        touched = "k.call_id IN (SELECT call_id FROM touched)"
        untouched = winners(f" AND NOT {touched}", "k.claim_id, k.rule, k.subject, a.alone_usd AS saved_usd")
        engine.create("stage", f"{untouched} UNION ALL {priced(f' AND {touched}', 'claim_id, rule, subject')}")
    else:
        engine.create("stage", priced("", "*"))
    # Only a cache's first writer may cost more than before; it is kept where the readers of the same finding gain more.
    engine.create(
        "kept",
        "SELECT s.* FROM stage s JOIN ("
        "SELECT rule, subject FROM stage GROUP BY rule, subject HAVING sum(saved_usd) > 0) g ON g.rule = s.rule AND g.subject = s.subject "
        "WHERE s.saved_usd <> 0",
    )
    engine.extend("taken", "SELECT claim_id, saved_usd FROM kept")


def _change_state(engine: Database) -> None:
    """What the claims that were kept leave of their calls."""
    if not engine.rows("SELECT 1 FROM kept LIMIT 1"):
        return
    columns = ", ".join(f"CASE WHEN k.call_id IS NULL THEN s.{c} ELSE k.{c} END AS {c}" for c in _STATE)
    engine.create(
        "settle_state",
        f"SELECT {columns}, "
        f"CAST(s.left_usd - coalesce(k.saved_usd, 0) AS {MONEY}) AS left_usd FROM settle_state s LEFT JOIN kept k ON k.call_id = s.call_id",
    )
    engine.extend("touched", "SELECT call_id FROM kept")


def _saving(kind: Kind, before: str) -> str:
    gain = f"CAST({before} - after_usd AS {MONEY})"
    return gain if kind.name == "cache" else f"greatest({gain}, CAST(0 AS {MONEY}))"
