"""Calls -> charges: what each meter of a model cost on a day, for whom. Table ``charges``, exact to the last digit.

List and contracted cost are unit price x quantity. The reported cost is what the report counts as spend (as the log prices the call, else
contracted); where a log's cost is not its meters' sum it is shared out in their proportion, so that the meters of a group always sum to it.
Billed and effective cost start there; commitments and credits then move them.
"""

from __future__ import annotations

from infercheck.config import Config
from infercheck.engine.duckdb import Engine, quoted
from infercheck.finance import payers
from infercheck.model.call import MONEY, Column
from infercheck.prepare import load_prices
from infercheck.prices.cost import meters, price_join
from infercheck.prices.table import price_runs

UNIT = 1_000_000_000_000  # the twelve decimals of money as whole numbers: shares are divided as integers, never as floats

CHARGES: tuple[Column, ...] = (
    Column("charge_id", "BIGINT", "order of the rows"),
    Column("day", "DATE", "first UTC day of the charge"),
    Column("until_day", "DATE", "the day after its last"),
    Column("category", "VARCHAR", "Usage or Purchase"),
    Column("frequency", "VARCHAR", "Usage-Based, One-Time or Recurring"),
    Column("provider", "VARCHAR", "as in calls"),
    Column("model", "VARCHAR", "as in calls; NULL for what is no model"),
    Column("tier", "VARCHAR", "default, batch, flex or priority"),
    Column("region", "VARCHAR", "as in calls"),
    Column("account", "INTEGER", "index of the [[account]]; NULL for none"),
    Column("team", "VARCHAR", "who pays; NULL where nobody is named"),
    Column("cost_centre", "VARCHAR", "of the [[team]]"),
    Column("key_alias", "VARCHAR", "alias of the key, or a salted hash"),
    Column("tags", "VARCHAR", "the allowed tags as one flat JSON object; NULL for none"),
    Column("band_from", "BIGINT", "long-context bracket: more input tokens than this"),
    Column("band_to", "BIGINT", "and at most this; NULL for no limit"),
    Column("meter", "VARCHAR", "input, cache_read, cache_write, cache_write_1h, audio_input, output, audio_output, request; tokens where "
           "only the call as a whole has a cost; unused, purchase"),
    Column("quantity", "BIGINT", "tokens or requests; NULL where nothing was consumed"),
    Column("unit", "VARCHAR", "Tokens or Requests"),
    Column("list_unit", MONEY, "list price of one; NULL where the charge has none"),
    Column("contracted_unit", MONEY, "negotiated price of one; NULL where the charge has none"),
    Column("list_usd", MONEY, "list_unit x quantity"),
    Column("contracted_usd", MONEY, "contracted_unit x quantity"),
    Column("reported_usd", MONEY, "what the report counts as spend: sums to its spend"),
    Column("billed_usd", MONEY, "what the invoice will show: without what a credit or a commitment has paid already"),
    Column("effective_usd", MONEY, "amortised: with the share of what was paid ahead"),
    Column("credit_usd", MONEY, "drawn from prepaid credits"),
    Column("commitment", "VARCHAR", "name of the [[commitment]], or of the [[credit]] that was bought or lost"),
    Column("commitment_status", "VARCHAR", "Used or Unused; NULL for a purchase"),
    Column("commitment_quantity", "DECIMAL(38,3)", "weighted tokens, or USD of a credit"),
    Column("calls", "BIGINT", "attempts, on the first meter of their group only, so that they can be added up"),
    Column("ok_calls", "BIGINT", "those that succeeded"),
    Column("cost_basis", "VARCHAR", "logged, computed, mixed or configured"),
    Column("estimated", "BOOLEAN", "another tier's price stands in"),
)  # fmt: skip

_DIMENSIONS = {
    "day": "p.day",
    "provider": "p.provider",
    "model": "p.model",
    "tier": "p.tier",
    "region": "c.region",
    "account": "m.account",
    "team": "m.payer",
    "cost_centre": "m.cost_centre",
    "key_alias": "m.key_alias",
    "commitment": "m.commitment",
    "band_from": "q.min_input_tokens",
    "band_to": "q.max_input_tokens",
    # A cost without a price, or for a model that is listed as free, cannot be shared out among meters.
    "split": "coalesce(p.computed_usd > 0 OR (p.computed_usd = 0 AND p.billed_usd = 0), FALSE)",
}


def fill(engine: Engine, config: Config, *, anonymous: bool = False) -> None:
    """Fill ``charges`` with the usage of the calls in scope; needs view ``priced_calls``. Calls without a known cost are in no charge."""
    payers.fill(engine, config, anonymous=anonymous)
    _list_prices(engine, config)
    _groups(engine, config)
    engine.create_empty("charges", {c.name: c.type for c in CHARGES})
    engine.execute(f"INSERT INTO charges BY NAME {_METERED}")


def next_id(engine: Engine) -> int:
    """A charge_id above all others."""
    return int(engine.value("SELECT coalesce(max(charge_id), 0) + 1 FROM charges"))


def scaled(amount: str) -> str:
    """SQL: money as a whole number of 1e-12."""
    return f"CAST({amount} * {UNIT} AS HUGEINT)"


def unscaled(whole: str) -> str:
    """SQL: back to money."""
    return f"CAST(CAST({whole} AS DECIMAL(38,0)) * CAST(0.000000000001 AS DECIMAL(13,12)) AS {MONEY})"


def _list_prices(engine: Engine, config: Config) -> None:
    """Table ``list_prices``: the price list without the config's negotiated prices, for the days and tiers that have calls."""
    if not config.price:
        engine.create("list_prices", "SELECT * FROM prices")
        return
    # A model that ``prices`` does not hold has no charge by list price: a log may name one a call, and looking them up takes hours.
    keys = engine.rows(
        "SELECT DISTINCT p.provider, p.model, p.day, p.tier FROM priced_calls p SEMI JOIN prices q ON q.model = p.model "
        "AND q.provider IS NOT DISTINCT FROM p.provider WHERE p.day IS NOT NULL ORDER BY ALL"
    )
    load_prices(engine, "list_prices", price_runs([(p, m, d, t) for p, m, d, t in keys]))


def _groups(engine: Engine, config: Config) -> None:
    """Table ``charge_groups``: the grain without the meter, each meter a column."""
    tags = payers.tag_columns(engine, config)
    grain = {**_DIMENSIONS, **{f"tag_{name}": sql for name, sql in tags.items()}}
    allowed = {"team": "team", "cost_centre": "cost_centre", "api_key_alias": "key_alias", **{name: quoted(f"tag_{name}") for name in tags}}
    pairs = ", ".join(f"'{name}', {allowed[name]}" for name in config.finance.tags)
    used, listed = meters("c", "q"), {m.name: m.usd for m in meters("c", "l")}
    columns = ", ".join(
        f"CAST(sum({m.quantity}) AS BIGINT) AS {m.name}_n, any_value({m.usd}) AS {m.name}_usd, any_value({listed[m.name]}) AS {m.name}_list"
        for m in used
    )
    engine.create(
        "charge_groups",
        f"""
        SELECT row_number() OVER (ORDER BY {", ".join(f"{quoted(n)} NULLS FIRST" for n in grain)}) AS group_id, *,
            {f"nullif(CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR), '{{}}')" if pairs else "CAST(NULL AS VARCHAR)"} AS tags
        FROM (
            SELECT {", ".join(f"{sql} AS {quoted(name)}" for name, sql in grain.items())},
                {columns},
                CAST(count(*) FILTER (WHERE q.request_usd > 0) AS BIGINT) AS request_n, any_value(q.request_usd) AS request_usd,
                any_value(l.request_usd) AS request_list,
                CAST(sum(coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0)) AS BIGINT) AS tokens_n,
                sum(p.billed_usd) AS reported_usd, count(*) AS calls, count(*) FILTER (p.status = 'ok') AS ok_calls,
                CASE WHEN min(p.cost_basis) = max(p.cost_basis) THEN min(p.cost_basis) ELSE 'mixed' END AS cost_basis,
                coalesce(bool_or(p.price_estimated), FALSE) AS estimated
            FROM priced_calls p
            JOIN calls c ON c.call_id = p.call_id
            JOIN call_payers m ON m.call_id = p.call_id
            LEFT JOIN prices q ON {price_join("c", "q", tier="p.tier")}
            LEFT JOIN list_prices l ON l.provider IS NOT DISTINCT FROM q.provider AND l.model = q.model AND l.day = q.day AND l.tier = q.tier
                AND l.min_input_tokens = q.min_input_tokens
            WHERE p.billed_usd IS NOT NULL AND p.gateway_cache_hit IS DISTINCT FROM TRUE AND p.day IS NOT NULL
            GROUP BY {", ".join(grain.values())}
        )""",
    )


def _meter_rows() -> str:
    """One row a group and meter that was used, with its share of what the report counts."""
    kept = "group_id, split, reported_usd AS total_usd"
    parts = [
        f"SELECT {kept}, {order} AS nth, '{name}' AS meter, {name}_n AS quantity, '{unit}' AS unit, "
        f"coalesce({name}_list, {name}_usd) AS list_unit, {name}_usd AS contracted_unit FROM charge_groups WHERE split AND {name}_n > 0"
        for order, (name, unit) in enumerate([*((m.name, "Tokens") for m in meters()), ("request", "Requests")])
    ]
    parts.append(
        f"SELECT {kept}, 99, 'tokens', CASE WHEN tokens_n > 0 THEN tokens_n ELSE calls END, CASE WHEN tokens_n > 0 THEN 'Tokens' "
        "ELSE 'Requests' END, NULL, NULL FROM charge_groups WHERE NOT split"
    )
    return " UNION ALL ".join(parts)


_TOTAL = "sum(contracted_cost) OVER (PARTITION BY group_id)"
# Shares are cut to twelve decimals; what the cuts leave goes to the largest meter.
_METERED = f"""
    WITH metered AS ({_meter_rows()}), costed AS (
        SELECT *, CAST(CAST(quantity AS DECIMAL(15,0)) * CAST(list_unit AS DECIMAL(18,12)) AS {MONEY}) AS list_cost,
            CAST(CAST(quantity AS DECIMAL(15,0)) * CAST(contracted_unit AS DECIMAL(18,12)) AS {MONEY}) AS contracted_cost
        FROM metered
    ), shared AS (
        SELECT *, {_TOTAL} AS contracted_total,
            row_number() OVER (PARTITION BY group_id ORDER BY contracted_cost DESC, nth) AS by_size,
            row_number() OVER (PARTITION BY group_id ORDER BY nth) AS by_order,
            CASE WHEN {_TOTAL} > 0 THEN {unscaled(f"{scaled('total_usd')} * {scaled('contracted_cost')} // {scaled(_TOTAL)}")} END AS share
        FROM costed
    ), settled AS (
        SELECT *, CASE WHEN NOT split OR contracted_total = 0 THEN total_usd
            WHEN contracted_total = total_usd THEN contracted_cost
            WHEN by_size = 1 THEN share + total_usd - sum(share) OVER (PARTITION BY group_id)
            ELSE share END AS reported
        FROM shared
    )
    SELECT row_number() OVER (ORDER BY g.day, s.group_id, s.nth) AS charge_id, g.day, CAST(g.day + INTERVAL 1 DAY AS DATE) AS until_day,
        'Usage' AS category, 'Usage-Based' AS frequency, g.provider, g.model, g.tier, g.region, g.account, g.team, g.cost_centre, g.key_alias,
        g.tags, g.band_from, g.band_to, s.meter, s.quantity, s.unit, s.list_unit, s.contracted_unit,
        coalesce(s.list_cost, s.reported) AS list_usd, coalesce(s.contracted_cost, s.reported) AS contracted_usd,
        s.reported AS reported_usd, s.reported AS billed_usd, s.reported AS effective_usd, CAST(0 AS {MONEY}) AS credit_usd,
        g.commitment, CASE WHEN s.by_order = 1 THEN g.calls END AS calls, CASE WHEN s.by_order = 1 THEN g.ok_calls END AS ok_calls,
        g.cost_basis, g.estimated
    FROM settled s JOIN charge_groups g ON g.group_id = s.group_id
"""
