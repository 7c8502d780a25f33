"""What prompt caches read, and could have read, by workload."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine
from infercheck.model.pictures import CachePotential

_WORKLOADS = 50


def potential(engine: Engine) -> list[CachePotential]:
    """Workloads with cached input, or with a claim that more of it could be; most to gain first."""
    told = engine.value("SELECT count(cache_read_tokens) FROM calls")
    read = "sum(p.cache_read_tokens)" if told else "CAST(NULL AS BIGINT)"
    rows = engine.dicts(
        # several rules may claim the same tokens of one call: its largest claim is what could have been read
        "WITH most AS (SELECT call_id, max(cache_read_tokens) AS tokens FROM open_claims WHERE cache_read_tokens > 0 GROUP BY call_id), "
        "saved AS (SELECT call_id, sum(saved_usd) AS usd FROM settled WHERE kind = 'cache' GROUP BY call_id) "
        f"SELECT p.workload, sum(p.input_tokens) AS input_tokens, {read} AS cache_read_tokens, "
        "CAST(coalesce(sum(least(m.tokens, p.uncached_tokens)), 0) AS BIGINT) AS could_read_tokens, sum(s.usd) AS saves_usd "
        "FROM priced_calls p LEFT JOIN most m ON m.call_id = p.call_id LEFT JOIN saved s ON s.call_id = p.call_id "
        "WHERE p.input_tokens IS NOT NULL GROUP BY p.workload HAVING sum(p.input_tokens) > 0 AND (coalesce(sum(m.tokens), 0) > 0 "
        f"OR coalesce({read}, 0) > 0) ORDER BY saves_usd DESC NULLS LAST, could_read_tokens DESC, input_tokens DESC, p.workload LIMIT {_WORKLOADS}"
    )
    return [CachePotential(**row) for row in rows]
