"""Requests taken apart: the critical path of usual and of slow ones, and the slowest step by step."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from infercheck.engine.duckdb import Engine
from infercheck.latency import COMPONENTS
from infercheck.model.call import UNIT_ID
from infercheck.model.pictures import PathShape, SlowTrace, TraceStep

_TRACES = 5
_STEPS = 24  # of one trace; what was waited for longest is kept
_MIDDLE = (0.45, 0.55)
_SLOW = 0.99


def path(engine: Engine) -> list[PathShape]:
    """Requests around the median and from p99 on, of interactive workloads, or of all where none is known to be."""
    means = ", ".join(f"avg({column}) / 1000 AS {column}" for column in COMPONENTS)
    units = (
        "SELECT c.*, w.class FROM trace_components c LEFT JOIN workloads w ON w.workload = c.workload "
        "WHERE (w.class = 'interactive' OR NOT EXISTS (SELECT 1 FROM workloads WHERE class = 'interactive')) AND c.duration_us > 0 "
        "AND c.unit_key NOT IN (SELECT unit_key FROM unit_times WHERE duration_ms IS NULL)"
    )
    rows = engine.dicts(
        f"WITH units AS ({units}), bounds AS (SELECT "
        + ", ".join(
            f"percentile_cont({q}) WITHIN GROUP (ORDER BY duration_us) AS {name}"
            for name, q in zip(("low", "high", "slow"), (*_MIDDLE, _SLOW), strict=True)
        )
        + " FROM units), marked AS ("
        "SELECT 'p50' AS quantile, u.* FROM units u CROSS JOIN bounds b WHERE u.duration_us BETWEEN b.low AND b.high UNION ALL "
        "SELECT 'p99' AS quantile, u.* FROM units u CROSS JOIN bounds b WHERE u.duration_us >= b.slow) "
        f"SELECT quantile, count(*) AS requests, avg(duration_us) / 1000 AS mean_ms, {means} FROM marked GROUP BY quantile ORDER BY quantile"
    )
    return [
        PathShape(
            quantile=row["quantile"],
            requests=row["requests"],
            mean_ms=row["mean_ms"],
            parts={name: float(row[column]) for column, name in COMPONENTS.items() if row[column]},
        )
        for row in rows
    ]


def slowest(engine: Engine) -> list[SlowTrace]:
    """The slowest request of each of the slowest workloads; interactive ones first."""
    units = engine.dicts(
        "WITH starts AS (SELECT unit_key, min(start_us) AS start_us FROM trace_nodes GROUP BY unit_key), "
        "ranked AS (SELECT c.unit_key, c.workload, c.duration_us, s.start_us, w.class, "
        "row_number() OVER (PARTITION BY c.workload ORDER BY c.duration_us DESC, c.unit_key) AS nth "
        "FROM trace_components c JOIN starts s ON s.unit_key = c.unit_key "
        "LEFT JOIN workloads w ON w.workload = c.workload "
        "WHERE c.duration_us > 0) "
        f"SELECT r.*, {UNIT_ID} AS unit_id FROM ranked r JOIN calls c ON c.call_id = r.unit_key WHERE nth = 1 "
        "ORDER BY class = 'interactive' DESC NULLS LAST, duration_us DESC, unit_key "
        f"LIMIT {_TRACES}"
    )
    steps = _steps(engine, [unit["unit_key"] for unit in units])
    found = []
    for unit in units:
        own = steps[unit["unit_key"]]
        kept = sorted(sorted(own, key=lambda s: -s.waited_ms)[:_STEPS], key=lambda s: (s.start_ms, s.depth, s.end_ms))
        found.append(
            SlowTrace(
                request=str(unit["unit_id"]),
                workload=unit["workload"],
                start=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=unit["start_us"]),
                duration_ms=unit["duration_us"] / 1000,
                steps=kept,
                more_steps=len(own) - len(kept),
            )
        )
    return found


def _steps(engine: Engine, units: list[int]) -> dict[int, list[TraceStep]]:
    """Calls and spans of the units, in milliseconds from the unit's first start, a person's pauses before them left out."""
    found: dict[int, list[TraceStep]] = defaultdict(list)
    if not units:
        return found
    marks = ", ".join("?" for _ in units)
    rows = engine.rows(
        "WITH nodes AS (SELECT n.*, min(n.start_us) OVER (PARTITION BY n.unit_key) + coalesce(sum(t.pause_us) OVER ("
        "PARTITION BY n.unit_key ORDER BY n.start_us RANGE UNBOUNDED PRECEDING), 0) AS zero_us "
        f"FROM trace_nodes n LEFT JOIN typing_pauses t ON t.call_id = n.call_id WHERE n.unit_key IN ({marks})) "
        "SELECT n.unit_key, n.name, n.kind, n.depth, n.start_us - n.zero_us, p.first_token_us + n.shift_us - n.zero_us, n.end_us - n.zero_us, "
        "p.status, w.exclusive_us FROM nodes n LEFT JOIN path_windows w ON w.node_id = n.node_id "
        "LEFT JOIN priced_calls p ON p.call_id = n.call_id ORDER BY n.unit_key, n.start_us, n.depth, n.node_id",
        units,
    )
    for unit, *step in rows:
        made = _step(*step)
        if made.kind != "virtual":
            found[unit].append(made)
    return found


def _step(
    name: str | None, kind: str, depth: int, start: int, token: int | None, end: int, status: str | None, waited: int | None
) -> TraceStep:
    failed: Any = None if status is None else status != "ok"
    return TraceStep(
        name=name or kind,
        kind=kind,
        depth=depth,
        start_ms=start / 1000,
        first_token_ms=None if token is None else token / 1000,
        end_ms=end / 1000,
        failed=failed,
        waited_ms=(waited or 0) / 1000,
    )
