"""Latency claims become milliseconds: each is applied to its unit, which is replayed, and earns old minus new duration.

Replay keeps what happened before what, and the gaps between: a node starts after the last of its siblings that had ended when it started,
plus the gap that was there, and a parent ends after its children. Time saved off the path therefore earns nothing. Stronger grades are
applied first. A claim on a call or a span takes its waste from that node; where others run under the node, from the time in which none of
them did. A claim on a trace takes it from the root in the same way: from the time between calls.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infercheck.engine.duckdb import Engine

_GRADE_RANK = {"measured": 0, "structural": 1, "heuristic": 2}


@dataclass(frozen=True)
class Step:
    """A timed part of a unit: microseconds. ``parent`` None: it stands at the top of its unit."""

    id: int
    start: int
    end: int
    parent: int | None = None


def replayed(steps: Sequence[Step], waste_us: Mapping[int, int]) -> int:
    """Duration of the unit in microseconds once ``waste_us`` is taken from its steps."""
    if not steps:
        return 0
    known = {s.id for s in steps}
    under: dict[int | None, list[Step]] = defaultdict(list)
    for step in steps:
        under[step.parent if step.parent in known else None].append(step)
    ends: dict[int, int] = {}
    for step in _deepest_first(under):  # what runs under a step is replayed before it, as time since the step's start
        ends[step.id] = _length(step, under[step.id], ends, waste_us.get(step.id, 0))
    tops = under[None]
    start, end = min(s.start for s in tops), max(s.end for s in tops)
    return _length(Step(-1, start, end), tops, ends, 0)


def _deepest_first(under: Mapping[int | None, Sequence[Step]]) -> list[Step]:
    order: list[Step] = []
    stack = list(under.get(None, ()))
    while stack:
        step = stack.pop()
        order.append(step)
        stack.extend(under.get(step.id, ()))
    return order[::-1]


def _length(step: Step, children: Sequence[Step], lengths: Mapping[int, int], waste: int) -> int:
    """How long ``step`` takes when each of its children takes ``lengths``. Never longer than before."""
    if not children:
        return max(0, step.end - step.start - waste)
    inside = sorted((max(c.start, step.start), c.end, c.id) for c in children)
    cut = _Cut(step, [(start, end) for start, end, _ in inside], waste)
    running: list[tuple[int, int]] = []  # heap of (end, new end) of children that have not yet been passed
    gate, new_gate = step.start, 0

    def moved(time: int) -> int:
        """Where ``time`` comes to lie: as far after what had ended by then as it was."""
        nonlocal gate, new_gate
        while running and running[0][0] <= time:
            end, new_end = heapq.heappop(running)
            gate, new_gate = max(gate, end), max(new_gate, new_end)
        return new_gate + (time - gate) - cut.between(gate, time)

    for start, end, child in inside:
        new_start = moved(start)
        heapq.heappush(running, (max(start, end), new_start + min(lengths[child], max(0, end - start))))
    return min(moved(step.end), step.end - step.start)


class _Cut:
    """Waste that is spread over the time in which no child ran, in proportion, exact in the sum."""

    def __init__(self, step: Step, children: Sequence[tuple[int, int]], waste: int) -> None:
        self._idle: list[tuple[int, int]] = []
        reached = step.start
        for start, end in (*children, (step.end, step.end)):
            if min(start, step.end) > reached:
                self._idle.append((reached, min(start, step.end)))
            reached = max(reached, end)
        self._total = sum(end - start for start, end in self._idle)
        self._waste = min(max(waste, 0), self._total)

    def between(self, start: int, end: int) -> int:
        return self._before(end) - self._before(start) if self._waste else 0

    def _before(self, time: int) -> int:
        idle = sum(max(0, min(end, time) - start) for start, end in self._idle)
        return idle * self._waste // self._total


def settle_latency(engine: Engine) -> None:
    """Read ``claims`` with ``waste_ms``; fill ``settled_latency`` (a row per claim, ``saved_ms`` counted once) and ``replayed_units``
    (a row per unit and finding: duration before, and after that finding alone, ms), ``replayed_sure`` (after all measured and structural).

    Needs view ``trace_nodes`` where a claim names a span or a trace, or where the log has spans; without it, calls stand by themselves.
    """
    by_unit = _claims(engine)
    steps = _steps(engine) if by_unit else {}
    settled, units, sure = [], [], []
    for unit, own in by_unit.items():
        nodes = steps[unit]
        before = replayed(nodes, {})
        settled += _in_grade_order(own, nodes, before)
        certain = [c for c in own if c["grade"] != "heuristic"]
        sure.append({"unit_id": unit, "after_ms": replayed(nodes, _waste(certain)) / 1000})
        for rule, subject in sorted({(c["rule"], c["subject"]) for c in own}):
            alone = [c for c in own if (c["rule"], c["subject"]) == (rule, subject)]
            after = replayed(nodes, _waste(alone)) / 1000
            units.append({"unit_id": unit, "rule": rule, "subject": subject, "before_ms": before / 1000, "after_ms": after})
    _load(engine, "settled_latency", settled, _SETTLED)
    _load(engine, "replayed_units", units, {"unit_id": str, "rule": str, "subject": str, "before_ms": float, "after_ms": float})
    _load(engine, "replayed_sure", sure, {"unit_id": str, "after_ms": float})


_SETTLED = {
    "rule": str, "step": int, "fix": str, "grade": str, "subject": str, "call_id": int, "span_id": str, "trace_id": str, "unit_id": str,
    "waste_ms": float, "saved_ms": float,
}  # fmt: skip


def _claims(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Latency claims by unit, each with ``node_id``: the step that it is taken from."""
    nodes = _nodes(engine)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE placed_claims AS SELECT k.rule, k.step, k.fix, k.grade, k.subject, k.call_id, k.span_id, k.trace_id, "
        f"n.unit_id, n.node_id, max(k.waste_ms) AS waste_ms FROM claims k JOIN ({nodes}) n ON n.call_id = k.call_id "
        "WHERE k.waste_ms > 0 GROUP BY ALL UNION ALL "
        "SELECT k.rule, k.step, k.fix, k.grade, k.subject, k.call_id, k.span_id, k.trace_id, n.unit_id, n.node_id, max(k.waste_ms) "
        f"FROM claims k JOIN ({nodes}) n ON n.span_id = k.span_id WHERE k.waste_ms > 0 AND k.call_id IS NULL GROUP BY ALL UNION ALL "
        "SELECT k.rule, k.step, k.fix, k.grade, k.subject, k.call_id, k.span_id, k.trace_id, n.unit_id, n.node_id, max(k.waste_ms) "
        f"FROM claims k JOIN ({nodes}) n ON n.unit_id = k.trace_id AND n.depth = 0 "
        "WHERE k.waste_ms > 0 AND k.call_id IS NULL AND k.span_id IS NULL GROUP BY ALL"
    )
    by_unit: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for claim in engine.dicts("SELECT * FROM placed_claims ORDER BY unit_id, rule, call_id, span_id, trace_id, grade"):
        by_unit[claim["unit_id"]].append(claim)
    return by_unit


def _nodes(engine: Engine) -> str:
    """Query: the nodes of all units. Without the view, calls side by side (a root is not needed to replay them)."""
    if engine.value("SELECT EXISTS (SELECT 1 FROM duckdb_tables() WHERE table_name = 'trace_nodes')"):
        return "SELECT unit_id, node_id, parent_id, call_id, span_id, start_us, reach_us AS end_us, depth FROM trace_nodes WHERE NOT waits"
    return (
        "SELECT unit_id, call_id AS node_id, CAST(NULL AS BIGINT) AS parent_id, call_id, CAST(NULL AS VARCHAR) AS span_id, "
        "start_us, end_us, 1 AS depth FROM priced_calls WHERE end_us IS NOT NULL"
    )


def _steps(engine: Engine) -> dict[str, list[Step]]:
    steps: dict[str, list[Step]] = defaultdict(list)
    for unit, *step in engine.rows(
        f"SELECT unit_id, node_id, start_us, end_us, parent_id FROM ({_nodes(engine)}) "
        "WHERE unit_id IN (SELECT unit_id FROM placed_claims) ORDER BY unit_id, node_id"
    ):
        steps[unit].append(Step(*step))
    return steps


def _in_grade_order(claims: list[dict[str, Any]], steps: list[Step], before: int) -> list[dict[str, Any]]:
    taken: dict[int, int] = {}
    current, rows = before, []
    for claim in sorted(claims, key=lambda c: (_GRADE_RANK[c["grade"]], -c["waste_ms"], c["rule"], c["node_id"])):
        taken[claim["node_id"]] = taken.get(claim["node_id"], 0) + round(claim["waste_ms"] * 1000)
        after = replayed(steps, taken)
        rows.append({**{k: v for k, v in claim.items() if k != "node_id"}, "saved_ms": (current - after) / 1000})
        current = after
    return rows


def _waste(claims: Sequence[dict[str, Any]]) -> dict[int, int]:
    total: dict[int, int] = defaultdict(int)
    for claim in claims:
        total[claim["node_id"]] += round(claim["waste_ms"] * 1000)
    return total


def _load(engine: Engine, name: str, rows: list[dict[str, Any]], schema: dict[str, type]) -> None:
    import polars as pl

    kinds: dict[type, Any] = {str: pl.String, int: pl.Int64, float: pl.Float64}
    engine.load(name, pl.DataFrame(rows, schema={k: kinds[t] for k, t in schema.items()}))
