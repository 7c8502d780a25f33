"""A log in scope, summed by day and stratum. The engine adds up; what leaves it is small, and holds no prompt, key or user."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from infercheck import latency
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.model.snapshot import Basis, Bucket, Durations, Outcomes, Prices, Snapshot, Tokens
from infercheck.prices.cost import NO_OUTPUT, price_join

if TYPE_CHECKING:
    import polars as pl

VIEWS = ("priced_calls", "outcomes", "workloads")
# Most of a prompt's tokens have about four characters: only where the log counts no tokens.
CHARS_PER_TOKEN = 4
_SILENT = ", ".join(f"'{operation}'" for operation in NO_OUTPUT)


@dataclass(frozen=True)
class Collected:
    """A log's sums, and on request its outcomes by opening prompt, for a comparison call by call (these never leave the process)."""

    snapshot: Snapshot
    prompts: pl.DataFrame | None = None


def collect(engine: Engine, config: Config, *, salt: str, cost_basis: str | None, prompts: bool = False) -> Collected:
    """Sum the log in scope; needs the VIEWS, and trace_components where ``latency.needs_paths``.

    ``cost_basis`` as the run was asked for it, else the config's, else logged."""
    latency.time_units(engine)
    _mark_units(engine)
    start, end = engine.rows("SELECT min(started_at), max(started_at) FROM calls")[0]
    snapshot = Snapshot(
        cost_basis=cast(Basis, cost_basis or config.cost_basis or "logged"),
        prices=prices_of(config),
        salt=salt,
        start=start,
        end=end,
        success_known=bool(engine.value("SELECT count(succeeded) FROM gate_units")),
        outcomes=[Outcomes(**row) for row in engine.dicts(_OUTCOMES)],
        tokens=[Tokens(**row) for row in engine.dicts(_TOKENS)],
        durations=[Durations(**row) for row in engine.dicts(_DURATIONS)],
        buckets=[Bucket(**row) for row in engine.dicts(_BUCKETS)],
    )
    return Collected(snapshot, engine.frame(_PROMPTS) if prompts else None)


def prices_of(config: Config) -> Prices:
    """The price list of this version, and a digest of what the config changes in it."""
    from infercheck.prices.table import price_list_version

    own: list[Any] = [entry.model_dump(mode="json") for entry in (*config.price, *config.rate)]
    return Prices(list_version=price_list_version(), overrides=hashlib.sha256(repr(own).encode()).hexdigest()[:16] if own else "")


def _mark_units(engine: Engine) -> None:
    """Table ``gate_units``: every outcome with its stratum, team, day and the size of its opening prompt.

    What is priced of an outcome is compared; what is not, the gate judges by its tokens.
    """
    engine.create(
        "gate_units",
        f"""
        WITH opening AS (
            SELECT p.unit_hash, nullif(concat_ws('/', p.provider, p.model), '') AS model, c.team, p.prompt_hash,
                coalesce(p.input_tokens, c.prompt_chars / {CHARS_PER_TOKEN}) AS size
            FROM priced_calls p JOIN calls c ON c.call_id = p.call_id
            QUALIFY row_number() OVER (PARTITION BY p.unit_hash ORDER BY coalesce(p.operation, '') IN ({_SILENT}), p.model IS NULL,
                p.start_us NULLS LAST, p.end_us NULLS LAST, p.call_id) = 1)
        SELECT o.unit_hash, o.workload, w.class AS klass, f.model, f.team, CAST(make_timestamp(o.start_us) AS DATE) AS day, o.calls, o.requests,
            o.succeeded, o.known_usd AS spend_usd, t.duration_ms, o.ttft_ms, f.prompt_hash,
            CAST(floor(log2(greatest(coalesce(f.size, 1), 1))) AS INTEGER) AS bucket
        FROM outcomes o JOIN workloads w ON w.workload = o.workload JOIN opening f ON f.unit_hash = o.unit_hash
            JOIN unit_times t ON t.unit_key = o.unit_key""",
    )


_OUTCOMES = """
    SELECT day, workload, model, team, count(*) AS outcomes,
        CASE WHEN count(succeeded) > 0 THEN count(*) FILTER (WHERE succeeded) END AS successes, count(spend_usd) AS priced_outcomes,
        CASE WHEN count(succeeded) > 0 THEN count(*) FILTER (WHERE succeeded AND spend_usd IS NOT NULL) END AS priced_successes,
        sum(spend_usd) AS spend_usd
    FROM gate_units GROUP BY ALL ORDER BY ALL"""

_METERED = f"""p.gateway_cache_hit IS DISTINCT FROM TRUE AND p.input_tokens IS NOT NULL
    AND (p.output_tokens IS NOT NULL OR coalesce(p.operation, '') IN ({_SILENT}))"""
_COUNTS = {
    "uncached": "p.uncached_tokens",
    "cache_read": "p.cache_read_tokens",
    "cache_write_5m": "p.cache_write_5m_tokens",
    "cache_write_1h": "p.cache_write_1h_tokens",
    "output": "p.output_tokens",
    "audio_input": "p.audio_input_tokens",
    "audio_output": "p.audio_output_tokens",
}
_SUMS = ", ".join(f"CAST(coalesce(sum({sql}) FILTER (WHERE metered), 0) AS BIGINT) AS {name}" for name, sql in _COUNTS.items())
_TOKENS = f"""
    SELECT u.day, u.workload, u.model AS stratum_model, p.provider, p.model, p.tier, p.above, p.cost_basis AS basis, count(*) AS calls,
        count(*) FILTER (WHERE metered) AS metered_calls, {_SUMS},
        sum(p.billed_usd) AS billed_usd, sum(p.computed_usd) AS computed_usd
    FROM (
        SELECT p.*, {_METERED} AS metered, c.audio_input_tokens, c.audio_output_tokens, coalesce(r.min_input_tokens, 0) AS above
        FROM priced_calls p JOIN calls c ON c.call_id = p.call_id LEFT JOIN prices r ON {price_join("c", "r", tier="p.tier")}
    ) p JOIN gate_units u ON u.unit_hash = p.unit_hash
    GROUP BY ALL ORDER BY ALL"""

_DURATIONS = """
    SELECT day, workload, klass, count(*) AS units, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms
    FROM gate_units WHERE duration_ms IS NOT NULL AND day IS NOT NULL GROUP BY ALL ORDER BY ALL"""

# Where no outcome of the log tells of its success, each counts as one.
_GOOD = "CASE WHEN succeeded OR (SELECT count(succeeded) FROM gate_units) = 0 THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END"
_UNIT = f"""
    SELECT workload, klass, bucket, prompt_hash, CAST(spend_usd AS DOUBLE) AS usd, {_GOOD} AS good,
        CASE WHEN duration_ms > 0 THEN ln(duration_ms) END AS log_ms
    FROM gate_units WHERE spend_usd IS NOT NULL"""
_BUCKETS = f"""
    SELECT workload, klass, bucket, count(*) AS units, sum(good) AS successes, sum(usd) AS usd, sum(usd * usd) AS usd_squared,
        sum(usd * good) AS usd_successes, count(log_ms) AS timed, coalesce(sum(log_ms), 0.0) AS log_ms,
        coalesce(sum(log_ms * log_ms), 0.0) AS log_ms_squared
    FROM ({_UNIT}) GROUP BY ALL ORDER BY ALL"""
_PROMPTS = f"""
    SELECT workload, klass, prompt_hash, count(*) AS units, sum(usd) AS usd, sum(good) AS successes, count(log_ms) AS timed, sum(log_ms) AS log_ms
    FROM ({_UNIT}) WHERE prompt_hash IS NOT NULL GROUP BY ALL ORDER BY ALL"""
