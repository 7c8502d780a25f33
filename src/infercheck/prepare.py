"""What views need besides the log: clocks as integers, prices, models, and config as tables. Filled once, then joined in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infercheck.engine.duckdb import Engine


def fill_clocks(engine: Engine) -> None:
    """Times as microseconds since 1970, so that rules need no engine's own date arithmetic. An end before its start is unknown."""
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE call_clock AS SELECT call_id, epoch_us(started_at) AS start_us, "
        "CASE WHEN first_token_at >= started_at THEN epoch_us(first_token_at) END AS first_token_us, "
        "CASE WHEN ended_at >= started_at THEN epoch_us(ended_at) END AS end_us FROM calls"
    )
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE span_clock AS SELECT span_id, trace_id, epoch_us(started_at) AS start_us, "
        "CASE WHEN ended_at >= started_at THEN epoch_us(ended_at) END AS end_us FROM spans"
    )


def fill_prices(
    engine: Engine, *, overrides: Sequence[Any] = (), premium: Sequence[str] = (), keep_prices: bool = False, keep_models: bool = False
) -> None:
    """Fill tables ``prices`` and ``models``. ``keep_*`` leaves what is there (examples bring their own)."""
    keys = engine.rows(
        "SELECT DISTINCT provider, model, coalesce(CAST(started_at AS DATE), CURRENT_DATE) FROM calls WHERE model IS NOT NULL ORDER BY ALL"
    )
    if not keys:
        return
    last = engine.value("SELECT coalesce(max(CAST(started_at AS DATE)), CURRENT_DATE) FROM calls")
    if not keep_models:
        from infercheck.prices import catalog

        engine.load("models", catalog.model_rows(sorted({(p, m) for p, m, _ in keys}, key=str), last, premium=premium))
    if not keep_prices:
        from infercheck.prices import table

        siblings = engine.rows("SELECT DISTINCT provider, model FROM models")
        days = sorted({day for _, _, day in keys})
        wanted = {(p, m, day) for p, m, day in keys} | {(p, m, day) for p, m in siblings for day in days}
        tiers = ("default", "batch", "flex", "priority")
        engine.load("prices", table.price_rows([(p, m, day, tier) for p, m, day in sorted(wanted, key=str) for tier in tiers], overrides))
