"""Charges -> what each team owes: one row a day, team, key alias and model, in the billing currency. What nobody claims has rows of its own.

A request counts where its last attempt ran, and a success where its outcome's last call ran, so that the columns sum to the report's; the
cost of failures and retries stays in the row that caused it. Purchases are billed but effective through the usage that they pay for; they have
no tokens, so list and contracted cost, which tell what the tokens are worth, are those of usage alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infercheck.config import Config
from infercheck.engine.duckdb import Engine, literal
from infercheck.finance import rates
from infercheck.finance.charges import scaled, unscaled
from infercheck.model.call import MONEY

if TYPE_CHECKING:
    import polars as pl

UNALLOCATED = "(unallocated)"
COSTS = ("list_cost", "contracted_cost", "billed_cost", "effective_cost")
_KEYS = "day, team, cost_centre, key_alias, provider, item"


def rows(engine: Engine, config: Config) -> pl.DataFrame:
    """The chargeback as a frame."""
    return engine.frame(query(engine, config))


def query(engine: Engine, config: Config) -> str:
    """SQL of the chargeback; needs table ``charges`` and views ``priced_calls`` and ``outcomes``.

    ``unpriced_calls`` have tokens and no price: their cost is unknown and in no column. ``cost_per_success`` is effective cost over the
    successes that have a price; empty where there is none, or one of them is priced in part.
    """
    rates.fill(engine, config)
    same = config.finance.billing_currency == "USD"
    of_tokens = (
        f"CASE WHEN c.category = 'Usage' THEN {amount} ELSE CAST(0 AS {MONEY}) END" for amount in ("c.list_usd", "c.contracted_usd")
    )
    costs = ", ".join(
        f"sum({amount if same else rates.in_currency(f'({amount})', 'r.usd')}) AS {name}"
        for name, amount in zip(COSTS, (*of_tokens, "c.billed_usd", "c.effective_usd"), strict=True)
    )
    per_success = unscaled(rates.half_even(scaled("effective_cost"), "CAST(priced_successes AS HUGEINT)"))
    return f"""
        WITH money AS (
            SELECT c.day, c.team, c.cost_centre, c.key_alias, c.provider,
                coalesce(c.model, CASE WHEN c.category = 'Purchase' THEN concat('purchase of ', c.commitment)
                    WHEN c.meter = 'unused' THEN concat('unused: ', c.commitment) END) AS item, {costs},
                CASE WHEN min(c.cost_basis) = max(c.cost_basis) THEN min(c.cost_basis) ELSE 'mixed' END AS cost_basis
            FROM charges c JOIN billing_rates r ON r.day = c.day GROUP BY ALL
        ), ranked AS (
            SELECT p.call_id, p.unit_hash, p.day, m.payer AS team, m.cost_centre, m.key_alias, p.provider, p.model AS item, p.billed_usd,
                p.input_tokens, p.output_tokens,
                row_number() OVER (PARTITION BY coalesce(p.request_hash, -p.call_id)
                    ORDER BY p.start_us DESC NULLS LAST, p.end_us DESC NULLS LAST, p.call_id DESC) AS of_request,
                row_number() OVER (PARTITION BY p.unit_hash ORDER BY p.start_us DESC NULLS LAST, p.end_us DESC NULLS LAST, p.call_id DESC) AS of_unit
            FROM priced_calls p JOIN call_payers m ON m.call_id = p.call_id
        ), counts AS (
            SELECT {_KEYS}, count(*) AS attempts, count(*) FILTER (of_request = 1) AS requests,
                count(*) FILTER (of_unit = 1 AND o.succeeded) AS successes, count(*) FILTER (of_unit = 1 AND o.succeeded AND o.spend_usd IS NOT NULL)
                    AS priced_successes,
                count(*) FILTER (of_unit = 1 AND o.succeeded AND o.spend_usd IS NULL AND o.known_usd IS NOT NULL) AS partly_priced,
                count(*) FILTER (billed_usd IS NULL AND (input_tokens > 0 OR output_tokens > 0)) AS unpriced_calls
            FROM ranked LEFT JOIN outcomes o ON o.unit_hash = ranked.unit_hash AND of_unit = 1 GROUP BY ALL
        ), joined AS (
            SELECT {", ".join(f"coalesce(m.{key}, n.{key}) AS {key}" for key in _KEYS.split(", "))},
                {", ".join(f"m.{name}" for name in COSTS)}, m.cost_basis, n.attempts, n.requests, n.successes, n.priced_successes,
                n.partly_priced, n.unpriced_calls
            FROM money m FULL OUTER JOIN counts n ON {" AND ".join(f"m.{key} IS NOT DISTINCT FROM n.{key}" for key in _KEYS.split(", "))}
        )
        SELECT day, coalesce(team, {literal(UNALLOCATED)}) AS team, cost_centre, key_alias AS api_key_alias, provider, item AS model,
            {literal(config.finance.billing_currency)} AS currency, {", ".join(COSTS)},
            coalesce(attempts, 0) AS attempts, coalesce(requests, 0) AS requests, coalesce(successes, 0) AS successes,
            CASE WHEN priced_successes > 0 AND partly_priced = 0 AND effective_cost IS NOT NULL THEN {per_success} END AS cost_per_success,
            coalesce(cost_basis, 'unknown') AS cost_basis, coalesce(unpriced_calls, 0) AS unpriced_calls
        FROM joined ORDER BY day, team IS NULL, team, cost_centre, key_alias, provider, item"""


def by_team(engine: Engine, config: Config) -> pl.DataFrame:
    """The same summed over the period: one row a team and cost centre, what nobody claims last."""
    import polars as pl

    frame = rows(engine, config)
    sums = [pl.col(name).sum() for name in (*COSTS, "attempts", "requests", "successes", "unpriced_calls")]
    grouped = frame.group_by("team", "cost_centre", "currency").agg(sums)
    return grouped.sort(pl.col("team") == UNALLOCATED, "effective_cost", "team", descending=[False, True, False])
