"""The figures of the report that do not come from claims: window, coverage, headline, spend, latency."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from infercheck.engine.duckdb import Engine
from infercheck.model.report import (
    DaySpend,
    HourLatency,
    Interactive,
    Latency,
    ModelLatency,
    ModelSpend,
    PathPart,
    Spend,
    TeamSpend,
    Window,
    WorkloadSpend,
)

VIEWS = ("priced_calls", "outcomes", "workloads")  # what the report reads besides claims
_QUANTILES = (0.5, 0.95, 0.99)


def window(engine: Engine) -> Window:
    """First start to last end, and how many whole UTC days lie in it."""
    first, last = engine.rows("SELECT min(started_at), max(greatest(started_at, coalesce(ended_at, started_at))) FROM calls")[0]
    if first is None:
        return Window()
    days = engine.value(
        "SELECT greatest(0, date_diff('day', CASE WHEN ?::TIMESTAMP = date_trunc('day', ?::TIMESTAMP) THEN ?::TIMESTAMP "
        "ELSE date_trunc('day', ?::TIMESTAMP) + INTERVAL 1 DAY END, date_trunc('day', ?::TIMESTAMP)))",
        [first, first, first, first, last],
    )
    return Window(start=first, end=last, days=(last - first).total_seconds() / 86400, complete_days=int(days))


def money(value: Any) -> Decimal | None:
    """Dollars as the engine holds them; None stays None."""
    return None if value is None else Decimal(value)


def spend(engine: Engine) -> Spend:
    """Where the money went: by model, workload, team and UTC day. Each list's spend sums to the total."""
    total = engine.value("SELECT sum(billed_usd) FROM priced_calls")
    share = f"CAST(sum(p.billed_usd) AS DOUBLE) / {float(total)!r}" if total else "CAST(NULL AS DOUBLE)"
    models = engine.dicts(
        "SELECT p.provider, p.model, count(*) AS calls, sum(p.input_tokens) AS input_tokens, sum(p.cache_read_tokens) AS cache_read_tokens, "
        f"sum(p.output_tokens) AS output_tokens, sum(p.billed_usd) AS spend_usd, {share} AS share, bool_or(m.premium) AS premium "
        "FROM priced_calls p LEFT JOIN models m ON m.provider IS NOT DISTINCT FROM p.provider AND m.model = p.model "
        "GROUP BY p.provider, p.model ORDER BY spend_usd DESC NULLS LAST, calls DESC, p.provider, p.model"
    )
    workloads = engine.dicts(
        "WITH units AS (SELECT workload, count(*) AS outcomes, count_if(succeeded) AS good, count_if(succeeded AND spend_usd IS NOT NULL) AS priced_good, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms, percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms "
        "FROM outcomes GROUP BY workload), saved AS (SELECT p.workload, sum(s.saved_usd) AS saves_usd FROM settled s "
        "JOIN priced_calls p ON p.call_id = s.call_id WHERE s.grade <> 'heuristic' GROUP BY p.workload), "
        f"bill AS (SELECT p.workload, count(*) AS calls, sum(p.billed_usd) AS spend_usd, {share} AS share FROM priced_calls p GROUP BY p.workload) "
        "SELECT w.workload, w.workload_source, w.class AS klass, w.class_reason, w.value, w.value_reason, b.calls, "
        "coalesce(u.outcomes, 0) AS outcomes, coalesce(u.good, 0) AS successful_outcomes, b.spend_usd, b.share, "
        "CASE WHEN u.priced_good > 0 THEN CAST(b.spend_usd / u.priced_good AS DECIMAL(38, 12)) END AS cost_per_successful_outcome_usd, v.saves_usd, "
        "u.p50_ms, u.p95_ms FROM workloads w JOIN bill b ON b.workload = w.workload LEFT JOIN units u ON u.workload = w.workload "
        "LEFT JOIN saved v ON v.workload = w.workload ORDER BY b.spend_usd DESC NULLS LAST, b.calls DESC, w.workload"
    )
    teams = engine.dicts(
        "SELECT c.team, count(*) AS calls, sum(p.billed_usd) AS spend_usd FROM priced_calls p JOIN calls c ON c.call_id = p.call_id "
        "GROUP BY c.team ORDER BY spend_usd DESC NULLS LAST, c.team"
    )
    days = engine.dicts(
        "SELECT CAST(day AS VARCHAR) AS day, count(*) AS calls, count_if(status <> 'ok') AS failed, sum(billed_usd) AS spend_usd "
        "FROM priced_calls WHERE day IS NOT NULL GROUP BY day ORDER BY day"
    )
    return Spend(
        by_model=[ModelSpend(**row) for row in models],
        by_workload=[WorkloadSpend(**row) for row in workloads],
        by_team=[TeamSpend(**row) for row in teams],
        by_day=[DaySpend(**row) for row in days],
    )


def interactive(engine: Engine) -> Interactive:
    """Latency of units of interactive workloads; calls without a first-token time are left out of time to first token."""
    units = engine.rows(
        "SELECT count(o.duration_ms), "
        + ", ".join(f"percentile_cont({q}) WITHIN GROUP (ORDER BY o.duration_ms)" for q in _QUANTILES)
        + " FROM outcomes o JOIN workloads w ON w.workload = o.workload WHERE w.class = 'interactive'"
    )[0]
    calls = engine.rows(
        "SELECT count(*), count(p.ttft_ms), percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ttft_ms), "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY p.ttft_ms) FROM priced_calls p JOIN workloads w ON w.workload = p.workload "
        "WHERE w.class = 'interactive'"
    )[0]
    return Interactive(
        calls=calls[0], traces=units[0], p50_ms=units[1], p95_ms=units[2], p99_ms=units[3],
        ttft_calls=calls[1], ttft_p50_ms=calls[2], ttft_p95_ms=calls[3],
    )  # fmt: skip


def latency(engine: Engine) -> Latency:
    """Components of the user-facing path, and latency by model, deployment and hour."""
    models = engine.dicts(
        "SELECT provider, model, deployment, count(*) AS calls, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms, percentile_cont(0.5) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p50_ms, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p95_ms, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN duration_ms > ttft_ms AND output_tokens > 1 "
        "THEN (output_tokens - 1) * CAST(1000 AS DOUBLE) / (duration_ms - ttft_ms) END) AS tokens_per_s "
        "FROM priced_calls WHERE status = 'ok' GROUP BY ALL ORDER BY calls DESC, provider, model, deployment"
    )
    hours = engine.dicts(
        "SELECT strftime(date_trunc('hour', c.started_at), '%Y-%m-%d %H:00') AS hour, count(*) AS calls, count_if(c.status <> 'ok') AS failed, "
        "count_if(a.nth > 1) AS retries, percentile_cont(0.5) WITHIN GROUP (ORDER BY p.duration_ms) AS p50_ms, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY p.duration_ms) AS p95_ms FROM calls c JOIN priced_calls p ON p.call_id = c.call_id "
        "JOIN (SELECT call_id, row_number() OVER (PARTITION BY coalesce(request_id, CAST(call_id AS VARCHAR)) ORDER BY started_at, call_id) AS nth "
        "FROM calls) a ON a.call_id = c.call_id WHERE c.started_at IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return Latency(path=_path(engine), by_model=[ModelLatency(**r) for r in models], by_hour=[HourLatency(**r) for r in hours])


def _path(engine: Engine) -> list[PathPart]:
    """Mean milliseconds of each component over interactive units; they sum to the mean duration.

    Overlapping calls share the time that they cover in proportion to their length.
    """
    rows = engine.rows(
        "WITH own AS (SELECT p.unit_id, p.call_id, p.start_us, p.end_us, p.duration_ms, p.ttft_ms, p.status FROM priced_calls p "
        "JOIN outcomes o ON o.unit_id = p.unit_id JOIN workloads w ON w.workload = o.workload "
        "WHERE w.class = 'interactive' AND p.end_us IS NOT NULL), "
        "flagged AS (SELECT *, max(end_us) OVER (PARTITION BY unit_id ORDER BY start_us, end_us, call_id "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM own), "
        "covered AS (SELECT unit_id, sum(greatest(0, end_us - greatest(start_us, coalesce(reached, start_us)))) AS busy_us, "
        "max(end_us) - min(start_us) AS span_us, sum(end_us - start_us) AS total_us FROM flagged GROUP BY unit_id), "
        "shared AS (SELECT *, CASE WHEN total_us > 0 THEN busy_us / CAST(total_us AS DOUBLE) ELSE 0 END AS f FROM covered), "
        "scaled AS (SELECT o.status, o.ttft_ms, CAST(round(o.duration_ms * 1000 * c.f) AS BIGINT) AS whole, CAST(round(o.ttft_ms * 1000 * c.f) AS BIGINT) AS first FROM own o "
        "JOIN shared c ON c.unit_id = o.unit_id), "
        "parts AS (SELECT 'failed attempts' AS part, sum(whole) AS us FROM scaled WHERE status <> 'ok' "
        "UNION ALL SELECT 'before first token', sum(first) FROM scaled WHERE status = 'ok' AND ttft_ms IS NOT NULL "
        "UNION ALL SELECT 'decode', sum(whole - first) FROM scaled WHERE status = 'ok' AND ttft_ms IS NOT NULL "
        "UNION ALL SELECT 'model call, not streamed', sum(whole) FROM scaled WHERE status = 'ok' AND ttft_ms IS NULL "
        "UNION ALL SELECT 'between calls (client, tools or gateway queue, not distinguishable)', sum(span_us - busy_us) FROM covered) "
        "SELECT part, us, (SELECT count(*) FROM covered), (SELECT sum(span_us) FROM covered) FROM parts WHERE us > 0 ORDER BY us DESC, part"
    )
    return [PathPart(component=part, mean_ms=us / 1000 / units, share=us / total) for part, us, units, total in rows if total]
