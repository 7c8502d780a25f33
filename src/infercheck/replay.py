"""Latency claims become milliseconds: each is applied to its unit, which is replayed, and earns old minus new duration.

Replay keeps what happened before what, and the gaps between: a call starts after the last of those that had ended when it started, plus the
gap that was there. Time saved off the path therefore earns nothing. Stronger grades are applied first.
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
    """A timed part of a unit: microseconds."""

    id: int
    start: int
    end: int


def replayed(steps: Sequence[Step], waste_us: Mapping[int, int]) -> int:
    """Duration of the unit in microseconds once ``waste_us`` is taken from its steps."""
    ordered = sorted(steps, key=lambda s: (s.start, s.end, s.id))
    ended: list[tuple[int, int]] = []  # heap of (end, new end) of steps that have not yet been passed
    old_gate = new_gate = None
    first, last = None, None
    for step in ordered:
        while ended and ended[0][0] <= step.start:
            end, new_end = heapq.heappop(ended)
            old_gate = end if old_gate is None else max(old_gate, end)
            new_gate = new_end if new_gate is None else max(new_gate, new_end)
        start = step.start if old_gate is None or new_gate is None else new_gate + (step.start - old_gate)
        end = start + max(0, step.end - step.start - waste_us.get(step.id, 0))
        heapq.heappush(ended, (step.end, end))
        first = start if first is None else min(first, start)
        last = end if last is None else max(last, end)
    return 0 if first is None or last is None else last - first


def settle_latency(engine: Engine) -> None:
    """Read ``claims`` with ``waste_ms``; fill ``settled_latency`` (a row per claim, ``saved_ms`` counted once) and ``replayed_units``
    (a row per unit and finding: duration before, and after that finding alone, ms), ``replayed_sure`` (after all measured and structural)."""
    claims = engine.dicts(
        "SELECT k.rule, k.step, k.fix, k.grade, k.subject, k.call_id, p.unit_id, max(k.waste_ms) AS waste_ms "
        "FROM claims k JOIN priced_calls p ON p.call_id = k.call_id WHERE k.waste_ms > 0 AND p.end_us IS NOT NULL GROUP BY ALL "
        "ORDER BY p.unit_id, k.rule, k.call_id"
    )
    by_unit: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for claim in claims:
        by_unit[claim["unit_id"]].append(claim)
    steps: dict[str, list[Step]] = defaultdict(list)
    if claims:
        for unit, call, start, end in engine.rows(
            "SELECT unit_id, call_id, start_us, end_us FROM priced_calls WHERE end_us IS NOT NULL AND unit_id IN "
            "(SELECT p.unit_id FROM claims k JOIN priced_calls p ON p.call_id = k.call_id WHERE k.waste_ms > 0)"
        ):
            steps[unit].append(Step(call, start, end))
    settled, units, sure = [], [], []
    for unit, own in by_unit.items():
        before = replayed(steps[unit], {})
        settled += _in_grade_order(own, steps[unit], before)
        certain = [c for c in own if c["grade"] != "heuristic"]
        sure.append({"unit_id": unit, "after_ms": replayed(steps[unit], _waste(certain)) / 1000})
        for rule, subject in sorted({(c["rule"], c["subject"]) for c in own}):
            alone = [c for c in own if (c["rule"], c["subject"]) == (rule, subject)]
            after = replayed(steps[unit], _waste(alone)) / 1000
            units.append({"unit_id": unit, "rule": rule, "subject": subject, "before_ms": before / 1000, "after_ms": after})
    _load(engine, "settled_latency", settled, _SETTLED)
    _load(engine, "replayed_units", units, {"unit_id": str, "rule": str, "subject": str, "before_ms": float, "after_ms": float})
    _load(engine, "replayed_sure", sure, {"unit_id": str, "after_ms": float})


_SETTLED = {
    "rule": str, "step": int, "fix": str, "grade": str, "subject": str, "call_id": int, "unit_id": str, "waste_ms": float, "saved_ms": float,
}  # fmt: skip


def _in_grade_order(claims: list[dict[str, Any]], steps: list[Step], before: int) -> list[dict[str, Any]]:
    taken: dict[int, int] = {}
    current, rows = before, []
    for claim in sorted(claims, key=lambda c: (_GRADE_RANK[c["grade"]], -c["waste_ms"], c["rule"], c["call_id"])):
        taken[claim["call_id"]] = taken.get(claim["call_id"], 0) + round(claim["waste_ms"] * 1000)
        after = replayed(steps, taken)
        rows.append({**claim, "saved_ms": (current - after) / 1000})
        current = after
    return rows


def _waste(claims: Sequence[dict[str, Any]]) -> dict[int, int]:
    total: dict[int, int] = defaultdict(int)
    for claim in claims:
        total[claim["call_id"]] += round(claim["waste_ms"] * 1000)
    return total


def _load(engine: Engine, name: str, rows: list[dict[str, Any]], schema: dict[str, type]) -> None:
    import polars as pl

    kinds: dict[type, Any] = {str: pl.String, int: pl.Int64, float: pl.Float64}
    engine.load(name, pl.DataFrame(rows, schema={k: kinds[t] for k, t in schema.items()}))
