"""SQL that joins a call to its price and multiplies: one place, used for what was paid and for what would have been paid.

Portable: DECIMAL with explicit casts. The casts are narrow on purpose: Spark drops decimal places from a product that could exceed
38 digits (a DECIMAL(38,12) times a BIGINT keeps six), which would turn a price of $0.00000015 into nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from infercheck.model.call import MONEY

# Operations that produce no text: an absent output count is nothing to bill, not an unknown.
NO_OUTPUT = ("embedding", "rerank", "moderation")


def price_join(calls: str = "c", prices: str = "p", *, tier: str | None = None) -> str:
    """The ON condition from a call to its row of `prices`: provider, model, UTC day, tier and long-context bracket.

    ``tier`` is a SQL expression that replaces the call's own tier, for a counterfactual. A call without a tier is joined to default, one
    without input tokens to the first bracket. Exactly one row matches, or none: then the call is unpriced.
    """
    tier_sql = tier or f"coalesce({calls}.service_tier, 'default')"
    return (
        f"coalesce({prices}.provider, '') = coalesce({calls}.provider, '') AND {prices}.model = {calls}.model"
        f" AND {prices}.day = CAST({calls}.started_at AS DATE) AND {prices}.tier = {tier_sql}"
        f" AND ({prices}.min_input_tokens = 0 OR {calls}.input_tokens > {prices}.min_input_tokens)"
        f" AND ({prices}.max_input_tokens IS NULL OR coalesce({calls}.input_tokens, 0) <= {prices}.max_input_tokens)"
    )


class Meter(NamedTuple):
    """One meter of a call: its name, and SQL for how much of it the call used and for the USD of one unit."""

    name: str
    quantity: str
    usd: str


def meters(calls: str = "c", prices: str = "p") -> tuple[Meter, ...]:
    """The meters of a call. They are disjoint: a token is on one of them, cached and audio tokens not on the plain ones as well.

    A log that counts cached tokens beside the input (cache above input) leaves no negative rest. Cached sound is counted with the cached tokens:
    audio is at most what is left of the input. An absent cache or audio price means the plain one.
    """
    c, p = calls, prices
    read, short, long = (f"coalesce({c}.{n}, 0)" for n in ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"))
    fresh = f"greatest({c}.input_tokens - {read} - {short} - {long}, 0)"
    audio_in = f"CASE WHEN {p}.audio_input_usd IS NULL THEN 0 ELSE least(coalesce({c}.audio_input_tokens, 0), {fresh}) END"
    audio_out = f"CASE WHEN {p}.audio_output_usd IS NULL THEN 0 ELSE coalesce({c}.audio_output_tokens, 0) END"
    output = f"coalesce({c}.output_tokens, 0)"
    return (
        Meter("input", f"{fresh} - {audio_in}", f"{p}.input_usd"),
        Meter("cache_read", read, f"coalesce({p}.cache_read_usd, {p}.input_usd)"),
        Meter("cache_write", short, f"coalesce({p}.cache_write_5m_usd, {p}.input_usd)"),
        Meter("cache_write_1h", long, f"coalesce({p}.cache_write_1h_usd, {p}.cache_write_5m_usd, {p}.input_usd)"),
        Meter("audio_input", audio_in, f"coalesce({p}.audio_input_usd, {p}.input_usd)"),
        Meter("output", f"greatest({output} - {audio_out}, 0)", f"{p}.output_usd"),
        Meter("audio_output", audio_out, f"coalesce({p}.audio_output_usd, {p}.output_usd)"),
    )


def cost_expression(calls: str = "c", prices: str = "p") -> str:
    """USD of one call, DECIMAL(38,12): its meters, and what a request costs on top.

    NULL where the price is missing, where the input count is unknown, or where the output count is unknown and the operation has an output.
    Time-based and per-tool charges (web search, storage) are not in a token log.
    """
    c = calls
    terms = [_times(meter.quantity, meter.usd) for meter in meters(calls, prices)]
    terms.append(f"CAST(coalesce({prices}.request_usd, 0) AS DECIMAL(28,12))")
    silent = ", ".join(f"'{o}'" for o in NO_OUTPUT)
    return (
        f"CASE WHEN {c}.input_tokens IS NULL OR ({c}.output_tokens IS NULL AND coalesce({c}.operation, '') NOT IN ({silent})) THEN NULL "
        f"ELSE CAST({' + '.join(terms)} AS {MONEY}) END"
    )


def _times(tokens: str, usd: str) -> str:
    return f"CAST(CAST({tokens} AS DECIMAL(15,0)) * CAST({usd} AS DECIMAL(18,12)) AS DECIMAL(28,12))"
