"""Latency claims become milliseconds: each is applied to its unit, which is replayed, and earns old minus new duration.

Replay keeps what happened before what, and the gaps between: a node starts after the last of its siblings that had ended when it started,
plus the gap that was there, and a parent ends after its children. Time saved off the path therefore earns nothing. Stronger grades are
applied first. A claim on a call or a span takes its waste from that node; where others run under the node, from the time in which none of
them did. A claim on a trace takes it from the root in the same way: from the time between calls.

Where siblings never overlap and children stay inside their parents, every microsecond belongs to one step, and what a step gives up is what its
unit gains: such units are added up in the engine. All others are replayed one by one.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from infercheck.engine.duckdb import Engine
from infercheck.model.call import UNIT_ID

_GRADE_RANK = {"measured": 0, "structural": 1, "heuristic": 2}
_RANK_SQL = "CASE k.grade" + "".join(f" WHEN '{grade}' THEN {rank}" for grade, rank in _GRADE_RANK.items()) + " END"
_ALL = 0  # no node has this number: what stands for the whole unit
UNITS_AT_ONCE = 20_000


class Step(NamedTuple):
    """A timed part of a unit: microseconds. ``parent`` None: it stands at the top of its unit."""

    id: int
    start: int
    end: int
    parent: int | None = None


class _Claim(NamedTuple):
    claim_no: int
    grade: str
    waste_ms: float
    rule: str
    node_id: int
    finding: int


def replayed(steps: Sequence[Step], waste_us: Mapping[int, int]) -> int:
    """Duration of the unit in microseconds once ``waste_us`` is taken from its steps."""
    return Unit(steps).duration(waste_us)


class Unit:
    """A unit that is replayed again and again: only steps with waste and those above them can change, and each question is worked out once."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = {s.id: s for s in steps}
        self._under: dict[int | None, list[Step]] = defaultdict(list)
        for step in steps:
            self._under[step.parent if step.parent in self._steps else None].append(step)
        self._place = {step.id: n for n, step in enumerate(self._deepest_first())}
        self._inside: dict[int, list[tuple[int, int, int]]] = {}
        self._known: dict[frozenset[tuple[int, int]], int] = {}

    def duration(self, waste_us: Mapping[int, int]) -> int:
        """Microseconds once ``waste_us`` is taken from its steps."""
        if not self._steps:
            return 0
        key = frozenset((i, waste) for i, waste in waste_us.items() if waste > 0 and i in self._place)
        if key not in self._known:
            self._known[key] = self._replay(dict(key))
        return self._known[key]

    def _replay(self, waste_us: Mapping[int, int]) -> int:
        lengths: dict[int, int] = {}
        for i in sorted(self._moved_by(waste_us), key=self._place.__getitem__):  # what runs under a step is replayed before it
            lengths[i] = self._length(self._steps[i], lengths, waste_us.get(i, 0))
        tops = self._under[None]
        start, end = min(s.start for s in tops), max(s.end for s in tops)
        return self._length(Step(_ALL, start, end), lengths, 0) if lengths else end - start

    def _moved_by(self, waste_us: Mapping[int, int]) -> set[int]:
        """The steps with waste and all above them."""
        moved: set[int] = set()
        for i in waste_us:
            above: int | None = i
            while above in self._place and above not in moved:
                moved.add(above)
                above = self._steps[above].parent
        return moved

    def _deepest_first(self) -> list[Step]:
        order: list[Step] = []
        stack = list(self._under.get(None, ()))
        while stack:
            step = stack.pop()
            order.append(step)
            stack.extend(self._under.get(step.id, ()))
        return order[::-1]

    def _length(self, step: Step, lengths: Mapping[int, int], waste: int) -> int:
        """How long ``step`` takes when the children in ``lengths`` take so long and the others as long as they did. Never longer than before."""
        children = self._under.get(None if step.id == _ALL else step.id)
        if not children:
            return max(0, step.end - step.start - waste)
        inside = self._inside.get(step.id)
        if inside is None:
            inside = self._inside[step.id] = sorted((max(c.start, step.start), c.end, c.id) for c in children)
        cut = _Cut(step, inside, waste) if waste > 0 else None
        running: list[tuple[int, int]] = []  # heap of (end, new end) of children that have not yet been passed
        gate, new_gate = step.start, 0

        def moved(time: int) -> int:
            """Where ``time`` comes to lie: as far after what had ended by then as it was."""
            nonlocal gate, new_gate
            while running and running[0][0] <= time:
                end, new_end = heapq.heappop(running)
                gate, new_gate = max(gate, end), max(new_gate, new_end)
            return new_gate + (time - gate) - (cut.between(gate, time) if cut else 0)

        for start, end, child in inside:
            new_start = moved(start)
            lasted = max(0, end - start)
            heapq.heappush(running, (max(start, end), new_start + min(lengths.get(child, lasted), lasted)))
        return min(moved(step.end), step.end - step.start)


class _Cut:
    """Waste that is spread over the time in which no child ran, in proportion, exact in the sum."""

    def __init__(self, step: Step, children: Sequence[tuple[int, int, int]], waste: int) -> None:
        self._starts: list[int] = []
        self._idle: list[tuple[int, int, int]] = []  # start, end, and how much lies before
        self._total, reached = 0, step.start
        for start, end, _ in (*children, (step.end, step.end, 0)):
            until = min(start, step.end)
            if until > reached:
                self._starts.append(reached)
                self._idle.append((reached, until, self._total))
                self._total += until - reached
            reached = max(reached, end)
        self._waste = min(waste, self._total)

    def between(self, start: int, end: int) -> int:
        return self._before(end) - self._before(start) if self._waste else 0

    def _before(self, time: int) -> int:
        nth = bisect_right(self._starts, time) - 1
        if nth < 0:
            return 0
        start, end, before = self._idle[nth]
        return (before + min(end, time) - start) * self._waste // self._total


def settle_latency(engine: Engine) -> None:
    """Read ``claims`` with ``waste_ms``; fill ``settled_latency`` (a row per claim, ``saved_ms`` counted once) and ``replayed_units``
    (a row per unit and finding: duration before, and after that finding alone, ms), ``replayed_sure`` (a row per unit: after all measured and
    structural ones).

    Needs view ``trace_nodes`` where a claim names a span or a trace, or where the log has spans; without it, calls stand by themselves.
    """
    _place_claims(engine)
    engine.create_empty("replayed_claims", {"claim_no": "BIGINT", "saved_ms": "DOUBLE"})
    engine.create_empty("replayed_findings", {"unit_no": "BIGINT", "finding_no": "BIGINT", "before_ms": "DOUBLE", "after_ms": "DOUBLE"})
    engine.create_empty("replayed_certain", {"unit_no": "BIGINT", "before_ms": "DOUBLE", "after_ms": "DOUBLE"})
    _line_up_steps(engine)
    _add_up_tidy_units(engine)
    for first in range(1, int(engine.value("SELECT count(*) FROM placed_units")) + 1, UNITS_AT_ONCE):
        _replay_units(engine, f"unit_no BETWEEN {first} AND {first + UNITS_AT_ONCE - 1}")
    engine.create(
        "settled_latency",
        "SELECT k.rule, CAST(k.step AS BIGINT) AS step, k.fix, k.grade, k.subject, k.call_id, "
        "k.span_id, k.trace_id, k.unit_key, k.waste_ms, r.saved_ms FROM placed_claims k JOIN replayed_claims r ON r.claim_no = k.claim_no",
    )
    engine.create(
        "replayed_units",
        "SELECT u.unit_key, f.rule, f.subject, r.before_ms, r.after_ms FROM replayed_findings r "
        "JOIN placed_units u ON u.unit_no = r.unit_no JOIN placed_findings f ON f.finding_no = r.finding_no",
    )
    engine.create(
        "replayed_sure", "SELECT u.unit_key, r.before_ms, r.after_ms FROM replayed_certain r JOIN placed_units u ON u.unit_no = r.unit_no"
    )


def _place_claims(engine: Engine) -> None:
    """Latency claims, numbered, each with its unit and ``node_id``: the step that it is taken from."""
    nodes = _nodes(engine)
    asked = "SELECT k.rule, k.step, k.fix, k.grade, k.subject, k.call_id, k.span_id, k.trace_id, n.unit_key, n.node_id, max(k.waste_ms) AS waste_ms"
    engine.create(
        "placed_claims",
        "SELECT row_number() OVER () AS claim_no, * FROM ("
        f"{asked} FROM claims k JOIN ({nodes}) n ON n.call_id = k.call_id WHERE k.waste_ms > 0 GROUP BY ALL UNION ALL "
        f"{asked} FROM claims k JOIN ({nodes}) n ON n.span_id = k.span_id WHERE k.waste_ms > 0 AND k.call_id IS NULL GROUP BY ALL UNION ALL "
        f"{asked} FROM claims k JOIN calls c ON {UNIT_ID} = k.trace_id JOIN ({nodes}) n ON n.unit_key = c.call_id AND n.depth = 0 "
        "WHERE k.waste_ms > 0 AND k.call_id IS NULL AND k.span_id IS NULL GROUP BY ALL)",
    )
    engine.create(
        "placed_units",
        "SELECT unit_key, row_number() OVER (ORDER BY unit_key) AS unit_no FROM (SELECT DISTINCT unit_key FROM placed_claims)",
    )
    engine.create(
        "placed_findings",
        "SELECT rule, subject, row_number() OVER (ORDER BY rule, subject) AS finding_no "
        "FROM (SELECT DISTINCT rule, subject FROM placed_claims)",
    )
    engine.create(
        "placed_steps",
        f"SELECT u.unit_no, n.node_id, n.start_us, n.end_us, n.parent_id FROM ({nodes}) n JOIN placed_units u ON u.unit_key = n.unit_key",
    )


def _line_up_steps(engine: Engine) -> None:
    """``own_steps``: the time of each step in which nothing ran under it. ``timed_units``: duration, and whether the unit is ``tidy``."""
    engine.create(
        "lined_steps",
        "SELECT s.unit_no, s.node_id, s.start_us, s.end_us, p.node_id AS parent_id, "
        "s.end_us >= s.start_us AND coalesce(s.start_us >= p.start_us AND s.end_us <= p.end_us, TRUE) AND coalesce(s.start_us >= max(s.end_us) OVER ("
        "PARTITION BY s.unit_no, p.node_id ORDER BY s.start_us, s.end_us, s.node_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), TRUE) AS tidy "
        "FROM placed_steps s LEFT JOIN placed_steps p ON p.unit_no = s.unit_no AND p.node_id = s.parent_id",
    )
    engine.create(
        "timed_units",
        "SELECT unit_no, bool_and(tidy) AS tidy, "
        "max(end_us) FILTER (WHERE parent_id IS NULL) - min(start_us) FILTER (WHERE parent_id IS NULL) AS lasted_us "
        "FROM lined_steps GROUP BY unit_no",
    )
    engine.create(
        "own_steps",
        "SELECT s.unit_no, s.node_id, s.end_us - s.start_us - coalesce(u.under_us, 0) AS own_us "
        "FROM lined_steps s JOIN timed_units t ON t.unit_no = s.unit_no AND t.tidy LEFT JOIN (SELECT unit_no, parent_id, "
        "CAST(sum(end_us - start_us) AS BIGINT) AS under_us FROM lined_steps WHERE parent_id IS NOT NULL GROUP BY unit_no, parent_id) u "
        "ON u.unit_no = s.unit_no AND u.parent_id = s.node_id",
    )


def _add_up_tidy_units(engine: Engine) -> None:
    """What ``_replay_units`` does, for units in which no step gives up more than its own time and all that it gives up is gained."""
    engine.create(
        "tidy_claims",
        "SELECT o.unit_no, o.node_id, o.own_us, k.claim_no, k.grade, f.finding_no, "
        "CAST(round_even(k.waste_ms * 1000, 0) AS BIGINT) AS waste_us, CAST(sum(CAST(round_even(k.waste_ms * 1000, 0) AS BIGINT)) OVER ("
        f"PARTITION BY k.node_id ORDER BY {_RANK_SQL}, k.waste_ms DESC, k.rule, k.subject, k.claim_no ROWS UNBOUNDED PRECEDING) AS BIGINT) "
        "AS taken_us "
        "FROM placed_claims k JOIN own_steps o ON o.node_id = k.node_id "
        "JOIN placed_findings f ON f.rule = k.rule AND f.subject IS NOT DISTINCT FROM k.subject",
    )
    engine.execute(
        "INSERT INTO replayed_claims "
        "SELECT claim_no, (least(taken_us, own_us) - least(taken_us - waste_us, own_us)) / CAST(1000 AS DOUBLE) FROM tidy_claims"
    )
    engine.execute(
        "INSERT INTO replayed_findings SELECT n.unit_no, n.finding_no, any_value(t.lasted_us) / CAST(1000 AS DOUBLE), "
        "(any_value(t.lasted_us) - sum(least(n.waste_us, n.own_us))) / CAST(1000 AS DOUBLE) FROM (SELECT unit_no, finding_no, node_id, "
        "any_value(own_us) AS own_us, sum(waste_us) AS waste_us FROM tidy_claims GROUP BY unit_no, finding_no, node_id) n "
        "JOIN timed_units t ON t.unit_no = n.unit_no GROUP BY n.unit_no, n.finding_no"
    )
    engine.execute(
        "INSERT INTO replayed_certain SELECT n.unit_no, any_value(t.lasted_us) / CAST(1000 AS DOUBLE), "
        "(any_value(t.lasted_us) - sum(least(n.waste_us, n.own_us))) / CAST(1000 AS DOUBLE) "
        "FROM (SELECT unit_no, node_id, any_value(own_us) AS own_us, coalesce(sum(waste_us) FILTER (WHERE grade <> 'heuristic'), 0) AS waste_us "
        "FROM tidy_claims GROUP BY unit_no, node_id) n JOIN timed_units t ON t.unit_no = n.unit_no GROUP BY n.unit_no"
    )


def _replay_units(engine: Engine, chosen: str) -> None:
    """Replay some units, those that are not tidy: as many as fit in memory whatever the length of the log."""
    claims: dict[int, list[_Claim]] = defaultdict(list)
    for unit, *claim in engine.rows(
        "SELECT u.unit_no, k.claim_no, k.grade, k.waste_ms, k.rule, k.node_id, f.finding_no FROM placed_claims k "
        "JOIN placed_units u ON u.unit_key = k.unit_key JOIN timed_units t ON t.unit_no = u.unit_no AND NOT t.tidy "
        "JOIN placed_findings f ON f.rule = k.rule AND f.subject IS NOT DISTINCT FROM k.subject "
        f"WHERE u.{chosen} ORDER BY u.unit_no, k.rule, k.call_id, k.span_id, k.trace_id, k.grade"
    ):
        claims[unit].append(_Claim(*claim))
    steps: dict[int, list[Step]] = defaultdict(list)
    for unit, *step in engine.rows(
        "SELECT s.unit_no, s.node_id, s.start_us, s.end_us, s.parent_id FROM placed_steps s "
        f"JOIN timed_units t ON t.unit_no = s.unit_no AND NOT t.tidy WHERE s.{chosen} ORDER BY s.unit_no, s.node_id"
    ):
        steps[unit].append(Step(*step))
    settled: list[tuple[int, float]] = []
    findings: list[tuple[int, int, float, float]] = []
    sure: list[tuple[int, float, float]] = []
    for number, own in claims.items():
        unit = Unit(steps[number])
        before = unit.duration({})
        settled += _in_grade_order(own, unit, before)
        sure.append((number, before / 1000, unit.duration(_waste(c for c in own if c.grade != "heuristic")) / 1000))
        for finding in sorted({c.finding for c in own}):
            after = unit.duration(_waste(c for c in own if c.finding == finding))
            findings.append((number, finding, before / 1000, after / 1000))
    _append(engine, "replayed_claims", settled, {"claim_no": "BIGINT", "saved_ms": "DOUBLE"})
    times = {"before_ms": "DOUBLE", "after_ms": "DOUBLE"}
    _append(engine, "replayed_findings", findings, {"unit_no": "BIGINT", "finding_no": "BIGINT", **times})
    _append(engine, "replayed_certain", sure, {"unit_no": "BIGINT", **times})


def _nodes(engine: Engine) -> str:
    """Query: the nodes of all units. Without the view, calls side by side (a root is not needed to replay them)."""
    if engine.value("SELECT EXISTS (SELECT 1 FROM duckdb_tables() WHERE table_name = 'trace_nodes')"):
        return "SELECT unit_key, node_id, parent_id, call_id, span_id, start_us, reach_us AS end_us, depth FROM trace_nodes WHERE NOT waits"
    return (
        "SELECT o.unit_key, p.call_id AS node_id, CAST(NULL AS BIGINT) AS parent_id, p.call_id, CAST(NULL AS VARCHAR) AS span_id, "
        "p.start_us, p.end_us, 1 AS depth FROM priced_calls p JOIN outcomes o ON o.unit_hash = p.unit_hash WHERE p.end_us IS NOT NULL"
    )


def _in_grade_order(claims: Sequence[_Claim], unit: Unit, before: int) -> list[tuple[int, float]]:
    taken: dict[int, int] = {}
    current, rows = before, []
    for claim in sorted(claims, key=lambda c: (_GRADE_RANK[c.grade], -c.waste_ms, c.rule, c.node_id)):
        taken[claim.node_id] = taken.get(claim.node_id, 0) + round(claim.waste_ms * 1000)
        after = unit.duration(taken)
        rows.append((claim.claim_no, (current - after) / 1000))
        current = after
    return rows


def _waste(claims: Iterable[_Claim]) -> dict[int, int]:
    total: dict[int, int] = defaultdict(int)
    for claim in claims:
        total[claim.node_id] += round(claim.waste_ms * 1000)
    return total


def _append(engine: Engine, name: str, rows: Sequence[tuple[object, ...]], columns: Mapping[str, str]) -> None:
    if rows:
        engine.load_rows("replay_rows", columns, rows)
        engine.execute(f"INSERT INTO {name} SELECT * FROM replay_rows")
