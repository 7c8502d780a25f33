"""Latency against what else was in flight, deployment by deployment."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from infercheck.engine.duckdb import Engine
from infercheck.model.pictures import Crowd, CrowdLevel

_DEPLOYMENTS = 6
_LEVELS = 3  # fewer draw no curve
_FEW, _SOME = 5, 20  # calls that a p50 and a p95 take


def crowds(engine: Engine) -> list[Crowd]:
    """The busiest deployments, those with a bracket first. Levels grow by a fifth, as in rule queueing_onset."""
    rows = engine.dicts(
        "WITH good AS (SELECT p.deployment, c.in_flight, p.ttft_ms, p.duration_ms, "
        "CAST(floor(4 * log2(c.in_flight + 1)) AS BIGINT) AS level FROM concurrency c JOIN priced_calls p ON p.call_id = c.call_id "
        "WHERE p.status = 'ok' AND p.duration_ms IS NOT NULL AND c.ends_known), "
        # a deployment is judged by its first tokens where at least half of its calls tell them
        "kinds AS (SELECT deployment, 2 * count(ttft_ms) >= count(*) AS by_token FROM good GROUP BY deployment), "
        "timed AS (SELECT g.deployment, k.by_token, g.level, g.in_flight, CASE WHEN k.by_token THEN g.ttft_ms ELSE g.duration_ms END AS ms "
        "FROM good g JOIN kinds k ON k.deployment IS NOT DISTINCT FROM g.deployment) "
        "SELECT deployment, by_token, level, min(in_flight) AS low, max(in_flight) AS high, count(*) AS calls, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50_ms, percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) AS p95_ms "
        f"FROM timed WHERE ms IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) >= {_FEW} ORDER BY deployment, level"
    )
    brackets = _brackets(engine)
    found = [_crowd(name, list(levels), brackets) for name, levels in groupby(rows, key=lambda row: row["deployment"])]
    drawn = [crowd for crowd in found if len(crowd.levels) >= _LEVELS]
    return sorted(drawn, key=lambda c: (c.waiting_from is None, -c.calls, c.deployment or ""))[:_DEPLOYMENTS]


def _crowd(deployment: str | None, levels: list[dict[str, Any]], brackets: dict[str | None, tuple[float, float]]) -> Crowd:
    low, high = brackets.get(deployment, (None, None))
    return Crowd(
        deployment=deployment,
        measure="first_token" if levels[0]["by_token"] else "duration",
        calls=sum(row["calls"] for row in levels),
        still_idle_at=low,
        waiting_from=high,
        levels=[
            CrowdLevel(
                in_flight_from=row["low"],
                in_flight_to=row["high"],
                calls=row["calls"],
                p50_ms=row["p50_ms"],
                p95_ms=row["p95_ms"] if row["calls"] >= _SOME else None,
            )
            for row in levels
        ],
    )


def _brackets(engine: Engine) -> dict[str | None, tuple[float, float]]:
    """By deployment, where rule queueing_onset ran and found one."""
    if "evidence_queueing_onset" not in engine.tables():
        return {}
    rows = engine.rows("SELECT subject, still_idle_at, waiting_from FROM evidence_queueing_onset")
    return {subject: (float(low), float(high)) for subject, low, high in rows if low is not None and high is not None}
