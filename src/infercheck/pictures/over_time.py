"""How calls, latency, failures and spend went over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from infercheck.engine.duckdb import Engine
from infercheck.model.pictures import Bucket, SpendSlice, SpendTimeline, Timeline, WeekHour

# Lengths that people think in, seconds.
_WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 7 * 86400, 28 * 86400, 364 * 86400)
_MOST = 96  # more stretches than that are noise on a screen
_LEAST = 12
_REQUESTS_EACH = 30  # on average, so that most stretches have the 20 requests that a p95 needs
_FEW, _SOME, _MANY = 5, 20, 100  # requests that a p50, a p95 and a p99 take
_DAY = 86400
_MODELS = 6  # with a colour of their own
_DAYS_OF_SPEND = 3  # from here on spend is told by the day


def timeline(engine: Engine) -> Timeline | None:
    """None where no call says when it started."""
    first, last = _span(engine)
    if first is None:
        return None
    interactive = bool(engine.value("SELECT EXISTS (SELECT 1 FROM workloads WHERE class = 'interactive')"))
    units = (
        "SELECT o.start_us, t.duration_ms FROM unit_times t JOIN outcomes o ON o.unit_key = t.unit_key JOIN workloads w ON w.workload = t.workload "
        f"WHERE o.start_us IS NOT NULL AND t.duration_ms IS NOT NULL{' AND w.class = ' + repr('interactive') if interactive else ''}"
    )
    requests = engine.value(f"SELECT count(*) FROM ({units})")
    width = _width(first, last, max(_LEAST, min(_MOST, requests // _REQUESTS_EACH)))
    origin = _floor(first, width)
    cut = f"CAST(floor((start_us - {origin}) / {width * 1e6!r}) AS BIGINT)"
    calls = _by_bucket(
        engine,
        f"SELECT {cut} AS bucket, count(*) AS calls, count(status) AS told, count(*) FILTER (WHERE status <> 'ok') AS failed, "
        "count(*) FILTER (WHERE nth > 1) AS retries, sum(billed_usd) AS spend_usd FROM ("
        "SELECT *, row_number() OVER (PARTITION BY coalesce(request_hash, -call_id) ORDER BY start_us, call_id) AS nth "
        "FROM priced_calls WHERE start_us IS NOT NULL) GROUP BY 1",
    )
    waits = _by_bucket(
        engine,
        f"SELECT {cut} AS bucket, count(*) AS requests, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms, percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms) AS p99_ms "
        f"FROM ({units}) GROUP BY 1",
    )
    blamed = _by_bucket(
        engine,
        f"SELECT {cut} AS bucket, count(DISTINCT c.call_id) FILTER (WHERE c.rule = 'cold_start') AS cold_starts, "
        "count(DISTINCT c.call_id) FILTER (WHERE c.rule = 'burst_congestion') AS bursts FROM claims c "
        "JOIN priced_calls p ON p.call_id = c.call_id WHERE c.rule IN ('cold_start', 'burst_congestion') AND start_us IS NOT NULL GROUP BY 1",
    )
    buckets = [
        _bucket(_moment(origin + n * width * 1_000_000), calls.get(n, {}), waits.get(n, {}), blamed.get(n, {}))
        for n in range(max(calls) + 1)
    ]
    return Timeline(seconds=width, requests_of="interactive" if interactive else "all", buckets=buckets)


def spend(engine: Engine) -> SpendTimeline | None:
    """By UTC day, or by shorter stretches in a log of under three days; None where no call with a start is priced."""
    first, last = _span(engine)
    if first is None:
        return None
    days = (last - first) / 1e6 / _DAY
    width = max(_DAY, _width(first, last, _MOST)) if days >= _DAYS_OF_SPEND else _width(first, last, 24)
    origin = _floor(first, width)
    rows = engine.rows(
        "WITH named AS (SELECT coalesce(model, 'unknown') AS model, start_us, billed_usd FROM priced_calls "
        "WHERE start_us IS NOT NULL AND billed_usd > 0), "
        f"top AS (SELECT model FROM named GROUP BY model ORDER BY sum(billed_usd) DESC, model LIMIT {_MODELS}) "
        f"SELECT CAST(floor((start_us - {origin}) / {width * 1e6!r}) AS BIGINT) AS bucket, t.model, sum(billed_usd) "
        "FROM named n LEFT JOIN top t ON t.model = n.model GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
    )
    slices = [SpendSlice(start=_moment(origin + n * width * 1_000_000), model=model, spend_usd=usd) for n, model, usd in rows]
    return SpendTimeline(seconds=width, slices=slices) if slices else None


def week(engine: Engine) -> list[WeekHour]:
    """Hour by weekday, UTC; empty where no call says when it started."""
    return [
        WeekHour(weekday=day, hour=hour, calls=calls, failed=failed if told else None, p95_ms=p95 if good >= _SOME else None)
        for day, hour, calls, told, failed, good, p95 in engine.rows(
            "SELECT CAST(isodow(make_timestamp(start_us)) AS INTEGER), CAST(hour(make_timestamp(start_us)) AS INTEGER), count(*), count(status), "
            "count(*) FILTER (WHERE status <> 'ok'), count(duration_ms) FILTER (WHERE status = 'ok'), "
            "percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN status = 'ok' THEN duration_ms END) "
            "FROM priced_calls WHERE start_us IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
        )
    ]


def _bucket(start: datetime, calls: dict[str, Any], waits: dict[str, Any], blamed: dict[str, Any]) -> Bucket:
    requests = waits.get("requests", 0)
    return Bucket(
        start=start,
        calls=calls.get("calls", 0),
        failed=calls["failed"] if calls.get("told") else None if calls else 0,
        retries=calls.get("retries", 0),
        spend_usd=calls.get("spend_usd"),
        requests=requests,
        p50_ms=waits["p50_ms"] if requests >= _FEW else None,
        p95_ms=waits["p95_ms"] if requests >= _SOME else None,
        p99_ms=waits["p99_ms"] if requests >= _MANY else None,
        cold_starts=blamed.get("cold_starts", 0),
        bursts=blamed.get("bursts", 0),
    )


def _by_bucket(engine: Engine, sql: str) -> dict[int, dict[str, Any]]:
    return {row.pop("bucket"): row for row in engine.dicts(sql)}


def _span(engine: Engine) -> tuple[int | None, int]:
    first, last = engine.rows("SELECT min(start_us), max(start_us) FROM priced_calls")[0]
    return first, last or 0


def _width(first: int, last: int, most: int) -> int:
    """The shortest length that cuts the span into at most ``most`` stretches."""
    seconds = (last - first) / 1e6
    return next((w for w in _WIDTHS if seconds / w <= most), _WIDTHS[-1] * (1 + int(seconds / _WIDTHS[-1] / most)))


def _floor(us: int, width_s: int) -> int:
    return us - us % (width_s * 1_000_000)


def _moment(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
