"""What a cell may say: values that can be meant, by themselves and beside the call's others. All else is unknown, not taken for another value."""

from __future__ import annotations

from collections.abc import Collection

from infercheck.engine.duckdb import literal, quoted
from infercheck.model.call import MONEY, Column

AFTER_START = ("first_token_at", "ended_at")
EARLIER = {"started_at": "the start", "first_token_at": "the first token"}
WITHOUT_USAGE = ("input_tokens", "output_tokens", "logged_cost")
ROUNDING_MS = 1
REASONING_OVER = 1.25  # of the output that holds it: gateways estimate reasoning from its text, a little too high at times
TOKENS_MAX = 10**9  # of one call: no context is within a hundred times of it
MONEY_MAX = 10**8  # of one call, in whatever currency
MS_MAX = 10**12  # thirty years
_NO_LATER = "TIMESTAMP '2200-01-01'"


def kept(column: Column, found: Collection[str]) -> tuple[str, list[tuple[str, str]]]:
    """SQL of the column where it is to be believed, else of NULL, and its contradictions: each a condition, and SQL of the words for it.

    ``found`` are the columns that the source has.
    """
    name, sql, issues = quoted(column.name), bounded(column), list[tuple[str, str]]()
    if column.name == "output_tokens" and {"output_tokens", "reasoning_tokens"} <= set(found):  # counted apart or not at all: not known
        over = f"coalesce(reasoning_tokens > {REASONING_OVER} * output_tokens, FALSE)"
        sql = f"CASE WHEN NOT {over} THEN {sql} END"
        issues.append((over, "'output_tokens=' || output_tokens || ', less than its reasoning ' || reasoning_tokens"))
    if column.name in WITHOUT_USAGE and {"status", "operation", "input_tokens", "output_tokens"} <= set(found):
        sql = f"CASE WHEN NOT {_no_usage(found)} THEN {sql} END"
    if wrong := _contradictions(column.name, found):
        sql = f"CASE WHEN {' OR '.join(wrong.values())} THEN NULL WHEN {name} < started_at THEN started_at ELSE {sql} END"
    for other, condition in wrong.items():
        issues.append((condition, f"{literal(column.name + '=')} || {name} || {literal(f', before {EARLIER[other]} at ')} || {other}"))
    return sql, issues


def bounded(column: Column) -> str:
    """The column where its value can be meant, else NULL: a sum over what cannot would be wrong, or overflow. Go's zero time is the year 1."""
    name = quoted(column.name)
    if column.type == "TIMESTAMP":
        return f"CASE WHEN {name} >= TIMESTAMP '1970-01-01' AND {name} < {_NO_LATER} THEN {name} END"
    if column.name.endswith("_tokens"):
        return f"CASE WHEN {name} <= {TOKENS_MAX} THEN {name} END"
    if column.type in {"DOUBLE", MONEY}:
        limit = MONEY_MAX if column.type == MONEY else MS_MAX
        return f"CASE WHEN {name} BETWEEN -{limit} AND {limit} THEN {name} END"
    return name


def _contradictions(name: str, found: Collection[str]) -> dict[str, str]:
    """By another time of the call: the condition that the time ``name`` lies before it and cannot be meant. Empty for all other columns."""
    if name not in AFTER_START or name not in found or "started_at" not in found:
        return {}
    closed = {"first_token_at": _closed_early()} if name == "ended_at" and "first_token_at" in found else {}
    return {"started_at": _backwards(quoted(name)), **closed}


def _closed_early() -> str:
    """A stream whose record was closed when the stream was handed out, so that its first token came later. When it ended is not known then, but
    that the token came is. An end in whole seconds may have been cut, and lie up to a second before a first token that was not. A failed call
    ended when it failed, whatever its logger writes of a first token."""
    slack = f"CASE WHEN ended_at = date_trunc('second', ended_at) THEN INTERVAL 1 SECOND ELSE INTERVAL {ROUNDING_MS} MILLISECOND END"
    early = f"ended_at >= started_at AND first_token_at > ended_at + {slack} AND first_token_at < {_NO_LATER}"
    return f"coalesce(coalesce(status, 'ok') = 'ok' AND {early}, FALSE)"


def _no_usage(found: Collection[str]) -> str:
    """An answer of a chat that counts no token at all, which no prompt makes: a stream whose usage nobody asked for, say. Not zero, not known."""
    told = ["operation IN ('chat', 'completion')", "status = 'ok'", "input_tokens = 0", "output_tokens = 0"]
    told += ["coalesce(logged_cost, 0) = 0"] if "logged_cost" in found else []
    told += ["gateway_cache_hit IS NOT TRUE"] if "gateway_cache_hit" in found else []
    return f"coalesce({' AND '.join(told)}, FALSE)"


def _backwards(name: str) -> str:
    """A clock that runs backwards, and not by the rounding of one of the two times."""
    return f"coalesce({name} < started_at - INTERVAL {ROUNDING_MS} MILLISECOND, FALSE)"
