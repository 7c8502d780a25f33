"""What views need besides the log: clocks as integers, prices, models, and config as tables. Filled once, then joined in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infercheck.config import Config, capacity_match_sql, workload_match_sql
from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.model.call import ALL_TABLES, CONFIG_TABLES, UNIT_ID

if TYPE_CHECKING:
    from infercheck.prices.overrides import PriceOverride

TABLE_NAMES = tuple(ALL_TABLES)
MODELS_MAX = 2_000  # no log means more; one that puts an id into the name of each model would be priced for hours
WHOLE_SECONDS_MIN = 20  # streamed calls: fewer may start and answer on a second by chance or by hand
_CALLER = 'api_key_alias, team, "user", end_user, user_agent'
_NOT_WHOLE = "[[capacity]] is not used under --where: who shared the machines with the calls that were left out is unknown"


def prepare(engine: Engine, config: Config, *, whole: bool = True) -> list[str]:
    """Fill clocks, config tables, prices and models for the calls in scope. Returns what of config and clocks was not used, and why.

    ``whole`` is false where some calls of that time were left out: machines of one's own have no price then, since who shared them is unknown.
    """
    from infercheck.prices.overrides import PriceOverride

    seconds = _whole_seconds(engine)
    fill_clocks(engine, no_first_token=list(seconds))
    fill_config(engine, config)
    unused = fill_capacity(engine, config) if whole else [_NOT_WHOLE] if config.capacity else []
    routes = [(w.route_to.split("/", 1)[0], w.route_to.split("/", 1)[1]) for w in config.workload if w.route_to]
    routes += [(m.hosted.split("/", 1)[0], m.hosted.split("/", 1)[1]) for m in config.capacity if m.hosted]
    unpriced = fill_prices(
        engine, overrides=[PriceOverride(**p.override()) for p in config.price], premium=config.premium.models, targets=routes
    )
    coarse = [
        f"{name}: its {calls:,} first tokens have stamps of whole seconds: how long they took is unknown" for name, calls in seconds.items()
    ]
    return [*unused, *unpriced, *coarse]


def fetch_price_list() -> None:
    """Import the price list, and read what is known of models, before somebody asks."""
    from infercheck.prices import catalog, table  # noqa: F401
    from infercheck.prices.facts import blocks
    from infercheck.prices.quote import find

    find("openai", "")
    blocks()


def _whole_seconds(engine: Engine) -> dict[str, int]:
    """Sources whose streamed calls all start and answer on a whole second, and how many those are.

    Between such stamps lies nothing, which is no time, or a second, which may be a tenth of one: most times to a first token are below it.
    """
    whole = "epoch_us(started_at) % 1000000 = 0 AND epoch_us(first_token_at) % 1000000 = 0"
    return dict(
        engine.rows(
            "SELECT source, count(*) FROM calls WHERE first_token_at >= started_at GROUP BY source "
            f"HAVING count(*) >= {WHOLE_SECONDS_MIN} AND bool_and({whole}) ORDER BY source"
        )
    )


def fill_clocks(engine: Engine, *, no_first_token: Sequence[str] = ()) -> None:
    """Times as microseconds since 1970, so that rules need no engine's own date arithmetic, and ids as hashes. An end before its start is unknown.

    ``no_first_token`` are sources whose stamps do not tell when the first token came.
    """
    told = f" AND source NOT IN ({', '.join(map(literal, no_first_token))})" if no_first_token else ""
    engine.view(
        "timed_calls",
        "SELECT c.*, epoch_us(started_at) AS start_us, "
        f"CASE WHEN first_token_at >= started_at{told} THEN epoch_us(first_token_at) END AS first_token_us, "
        f"CASE WHEN ended_at >= started_at THEN epoch_us(ended_at) END AS end_us, {_hash(UNIT_ID)} AS unit_hash, "
        f"CASE WHEN request_id IS NOT NULL THEN {_hash('request_id')} END AS request_hash, "
        f"{_hash(_CALLER)} AS caller_hash FROM calls c",
    )
    engine.view("call_clock", f"SELECT {', '.join(c.name for c in ALL_TABLES['call_clock'])} FROM timed_calls")
    engine.create(
        "span_clock",
        "SELECT span_id, trace_id, epoch_us(started_at) AS start_us, "
        f"CASE WHEN ended_at >= started_at THEN epoch_us(ended_at) END AS end_us, {_hash('trace_id')} AS unit_hash FROM spans",
    )


def _hash(values: str) -> str:
    return f"CAST(hash({values}) >> 1 AS BIGINT)"


def fill_config(engine: Engine, config: Config) -> None:
    """Config as tables. The first workload whose patterns hold takes a call."""
    engine.create_canonical(*CONFIG_TABLES)
    for workload in config.workload:
        engine.execute(
            "INSERT INTO config_workloads VALUES (?, ?, ?, ?, ?)",
            [workload.name, workload.klass, workload.value, workload.route_to, workload.response_cache_ttl_s],
        )
    if config.workload:
        cases = " ".join(f"WHEN {workload_match_sql(w)} THEN {literal(w.name)}" for w in config.workload)
        engine.execute(
            f"INSERT INTO config_calls SELECT * FROM (SELECT call_id, CASE {cases} END AS workload FROM calls) WHERE workload IS NOT NULL"
        )
    for rate in config.rate:
        engine.execute("INSERT INTO config_rates VALUES (?, ?, ?)", [rate.currency, rate.since, rate.usd])


def fill_capacity(engine: Engine, config: Config) -> list[str]:
    """Machines of one's own, and the calls that ran on them. One that matches no call is left out, and said: misspelt it would count as idle."""
    for machines in config.capacity:
        name = literal(machines.label)
        engine.execute(f"INSERT INTO config_capacity_calls SELECT {name}, call_id FROM calls WHERE {capacity_match_sql(machines)}")
        engine.execute(
            "INSERT INTO config_capacity SELECT ?, ?, ?, ?, epoch_us(CAST(? AS TIMESTAMP)), epoch_us(CAST(? AS TIMESTAMP)), ? "
            f"WHERE EXISTS (SELECT 1 FROM config_capacity_calls WHERE capacity = {name})",
            [
                *(machines.label, machines.units, "GPU" if machines.gpus else "instance", machines.units * machines.usd_per_hour),
                *(machines.since, machines.until, machines.hosted),
            ],
        )
    used = {name for (name,) in engine.rows("SELECT capacity FROM config_capacity")}
    return [
        f"[[capacity]] {machines.label} names the deployment of no call: its hours are in no figure"
        for machines in config.capacity
        if machines.label not in used
    ]


def fill_prices(
    engine: Engine,
    *,
    overrides: Sequence[PriceOverride] = (),
    premium: Sequence[str] = (),
    targets: Sequence[tuple[str, str]] = (),
    keep_prices: bool = False,
    keep_models: bool = False,
) -> list[str]:
    """Fill tables ``prices`` and ``models``. ``keep_*`` leaves what is there (examples bring their own). Returns which models were not looked up."""
    last = engine.value("SELECT coalesce(max(CAST(started_at AS DATE)), CURRENT_DATE) FROM calls")
    # A log may know its tokens and not their day: the newest day's prices stand in.
    used = "SELECT provider, model FROM calls WHERE model IS NOT NULL GROUP BY ALL"
    names = engine.value(f"SELECT count(*) FROM ({used})")
    keys = engine.rows(
        f"WITH used AS ({used} ORDER BY count(*) DESC, model, provider LIMIT {MODELS_MAX}) "
        f"SELECT DISTINCT c.provider, c.model, coalesce(CAST(started_at AS DATE), {literal(last.isoformat())}::DATE) FROM calls c "
        "JOIN used u ON u.model = c.model AND u.provider IS NOT DISTINCT FROM c.provider ORDER BY ALL"
    )
    if not keys:
        if not keep_prices and not keep_models:
            engine.create_canonical("prices", "models")
        return []
    if not keep_models:
        from infercheck.prices import catalog

        logged = sorted({(p, m) for p, m, _ in keys}, key=str)
        engine.load_rows("models", _types("models"), catalog.model_rows(logged, last, premium=premium, targets=targets))
    if not keep_prices:
        from infercheck.prices import table
        from infercheck.prices.quote import TIERS

        siblings = [*engine.rows("SELECT DISTINCT provider, model FROM models"), *targets]
        wanted = [(p, m, day, tier) for p, m, day in keys for tier in TIERS]
        load_prices(engine, "prices", table.price_runs(wanted, overrides, targets=siblings))
    if names <= MODELS_MAX:
        return []
    return [f"of {names:,} names of models only the {MODELS_MAX:,} with most calls were looked up; calls of the others have no price"]


def load_prices(engine: Engine, name: str, runs: Sequence[Sequence[object]]) -> None:
    """Table ``name`` with the columns of `prices`, out of ``price_runs``: to hand over a price for each of its days would take longer."""
    engine.load_rows(name, {**_types("prices"), "day": "DATE[]"}, runs)
    engine.create(name, f"SELECT * REPLACE (unnest(day) AS day) FROM {quoted(name)}")


def _types(name: str) -> dict[str, str]:
    return {c.name: c.type for c in ALL_TABLES[name]}
