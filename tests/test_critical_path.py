"""The critical path: every microsecond of a unit belongs to exactly one node, and to the one that was waited for."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infercheck import diagnose, examples, prepare, rulebook
from infercheck.engine.duckdb import Engine
from infercheck.model.rule import Example

BOOK = rulebook.load()
SECOND = 1_000_000


def path(calls: str, spans: str) -> dict[str, float]:
    """Exclusive seconds by name, of one unit; checks that they sum to the root's duration."""
    with Engine(threads=1) as engine:
        examples.fill(engine, Example(name="x", calls=calls, spans=spans))
        diagnose.make_views(engine, BOOK, ["path_windows", "trace_components"])
        check_sums(engine)
        rows = engine.rows("SELECT coalesce(name, kind), exclusive_us FROM path_windows")
        assert len({name for name, _ in rows}) == len(rows)
        return {name: us / SECOND for name, us in rows}


def check_sums(engine: Engine) -> None:
    wrong = engine.rows(
        "SELECT unit_key FROM path_windows GROUP BY unit_key "
        "HAVING sum(exclusive_us) <> max(window_end_us - window_start_us) FILTER (depth = 0) OR min(exclusive_us) < 0 OR count_if(depth = 0) <> 1"
    )
    assert not wrong
    assert not engine.rows(
        "SELECT * FROM trace_components WHERE duration_us <> before_first_token_us + decode_us + model_unstreamed_us + retries_us + tools_us "
        "+ retrieval_us + orchestration_us + between_us OR least(before_first_token_us, decode_us, model_unstreamed_us, retries_us, tools_us, "
        "retrieval_us, orchestration_us, between_us) < 0"
    )
    units = engine.value("SELECT count(DISTINCT coalesce(trace_id, request_id)) FROM calls WHERE ended_at IS NOT NULL")
    assert engine.value("SELECT count(*) FROM trace_components") == units


def call(name: str, parent: str, start: float, duration: float) -> str:
    return f"{name} t w {name} s_{name} {parent} {start} {duration}\n"


def span(name: str, parent: str, start: float, duration: float, kind: str = "other") -> str:
    return f"{name} t {parent} {kind} {name} {start} {duration}\n"


CALLS = "call_id trace_id app model span_id parent_span_id started_at duration_s\n"
SPANS = "span_id trace_id parent_span_id kind name started_at duration_s\n"


def test_sequential() -> None:
    # root 0-10: a 1-3, b 4-9. Own time of root: 0-1, 3-4, 9-10.
    found = path(CALLS + call("a", "root", 1, 2) + call("b", "root", 4, 5), SPANS + span("root", "-", 0, 10))
    assert found == {"root": 3, "a": 2, "b": 5}


def test_parallel() -> None:
    # a 1-9 finishes last; b 1.5-4 and c 2-9 run inside it and nobody waits for them (c ends with a, but started later).
    calls = CALLS + call("a", "root", 1, 8) + call("b", "root", 1.5, 2.5) + call("c", "root", 2, 7)
    assert path(calls, SPANS + span("root", "-", 0, 10)) == {"root": 2, "a": 8}


def test_overlapping() -> None:
    # Back from 10: c 6-10 finished last; before 6, b 3-7 (until 6); before 3, a 0-4 (until 3).
    calls = CALLS + call("a", "root", 0, 4) + call("b", "root", 3, 4) + call("c", "root", 6, 4)
    assert path(calls, SPANS + span("root", "-", 0, 10)) == {"root": 0, "a": 3, "b": 3, "c": 4}


def test_nested_and_clipped_by_an_uncle() -> None:
    # root 0-10: late 5-10 finished last, so early 0-8 counts until 5. Under early, a 1-4 and b 4-8: b counts until 5. early itself: 0-1.
    spans = SPANS + span("root", "-", 0, 10) + span("early", "root", 0, 8) + span("late", "root", 5, 5, "tool")
    assert path(CALLS + call("a", "early", 1, 3) + call("b", "early", 4, 4), spans) == {"root": 0, "early": 1, "a": 3, "b": 1, "late": 5}


def test_child_outlives_its_parent() -> None:
    # As LiteLLM writes it: deps 1-1.5 reaches to 9 with its child. endpoint 1.5-9.5 finished last, but it waits for the call beside it.
    spans = (
        SPANS
        + span("root", "-", 0, 10)
        + span("deps", "root", 1, 0.5)
        + span("server", "deps", 1.2, 7.8)
        + span("endpoint", "root", 1.5, 8)
    )
    assert path(CALLS + call("a", "server", 2, 6), spans) == {"root": 2, "deps": 0.2, "server": 1.8, "a": 6}


def test_an_unknown_leaf_beside_a_call_waits_for_it_and_a_tool_does_not() -> None:
    # beside 0-9 finished last. As a tool it was waited for, and the call 1-8 was not; of unknown kind it gives way to the call.
    calls = CALLS + call("a", "root", 1, 7)
    assert path(calls, SPANS + span("root", "-", 0, 10) + span("beside", "root", 0, 9, "tool")) == {"root": 1, "beside": 9}
    assert path(calls, SPANS + span("root", "-", 0, 10) + span("beside", "root", 0, 9, "other")) == {"root": 3, "a": 7}
    # Before the call it keeps its own time.
    assert path(calls, SPANS + span("root", "-", 0, 10) + span("beside", "root", 0, 1, "other")) == {"root": 2, "beside": 1, "a": 7}


def test_what_outlives_the_root_is_cut_off_unless_it_is_a_model_call() -> None:
    # log 9-30 ends when the user has long got the answer: it counts from 9 to 10.
    spans = SPANS + span("root", "-", 0, 10) + span("log", "root", 9, 21)
    assert path(CALLS + call("a", "root", 1, 7), spans) == {"root": 2, "a": 7, "log": 1}
    # A stream that the handler handed on: the root's span ended at 2, the user waited until 8.
    assert path(CALLS + call("a", "root", 1, 7), SPANS + span("root", "-", 0, 2)) == {"root": 1, "a": 7}


def test_missing_parent() -> None:
    # a's parent is not in the log: it hangs on the root by its time.
    assert path(CALLS + call("a", "lost", 2, 3), SPANS + span("root", "-", 0, 10)) == {"root": 7, "a": 3}
    # No root at all: two orphans under a virtual root, 1 s between them.
    assert path(CALLS + call("a", "lost", 0, 2) + call("b", "lost", 3, 2), SPANS) == {"virtual": 1, "a": 2, "b": 2}


def test_several_roots() -> None:
    # r1 0-10 is there for all: r2 3-6 hangs on it.
    spans = SPANS + span("r1", "-", 0, 10) + span("r2", "-", 3, 3)
    assert path(CALLS + call("a", "r2", 4, 2), spans) == {"r1": 7, "r2": 1, "a": 2}
    # r1 0-3, then r2 5-9: neither is the whole, 2 s lie between.
    spans = SPANS + span("r1", "-", 0, 3) + span("r2", "-", 5, 4)
    assert path(CALLS + call("a", "r2", 6, 2), spans) == {"virtual": 2, "r1": 3, "r2": 2, "a": 2}


def test_clock_skew() -> None:
    # a's machine is 2 s behind: it seems to start before its parent. What lies before the parent is cut off: 5-6 of 3-6 remains.
    spans = SPANS + span("root", "-", 0, 10) + span("step", "root", 5, 4)
    assert path(CALLS + call("a", "step", 3, 3), spans) == {"root": 6, "step": 3, "a": 1}
    # So far behind that nothing remains: the parent keeps its time.
    assert path(CALLS + call("a", "step", 1, 3), spans) == {"root": 6, "step": 4}
    # An end before its start is unknown, and such a span is no node; its child hangs on the root.
    assert path(CALLS + call("a", "bad", 1, 3), SPANS + span("root", "-", 0, 10) + span("bad", "root", 5, -1)) == {"root": 7, "a": 3}


def test_circles_and_what_hangs_on_them_leave_the_time_where_it_was() -> None:
    spans = SPANS + span("root", "-", 0, 10) + span("x", "y", 1, 2) + span("y", "x", 1, 2)
    assert path(CALLS + call("a", "x", 1, 1), spans) == {"root": 10}


def test_deeper_than_the_steps_reach() -> None:
    # 200 spans nested, each a second shorter at its end: beyond level 128 the last one reached keeps the time.
    spans = SPANS + span("n0", "-", 0, 400) + "".join(span(f"n{i}", f"n{i - 1}", 0, 400 - i) for i in range(1, 200))
    found = path(CALLS + call("a", "n199", 0, 1), spans)
    assert all(found[f"n{i}"] == 1 for i in range(128))
    assert sum(found.values()) == 400
    assert found.get("n130") is None
    # One that a deep child outlives: every parent up to the root reaches to its end.
    spans = (
        SPANS
        + span("n0", "-", 0, 400)
        + "".join(span(f"n{i}", f"n{i - 1}", i, 1) for i in range(1, 100))
        + span("other", "n0", 50, 340, "tool")
    )
    found = path(CALLS + call("a", "n99", 100, 295), spans)
    assert found["a"] == 295
    assert "other" not in found


# --- against a walk in plain Python


@dataclass
class Node:
    name: str
    start: int
    end: int
    kind: str
    children: list[Node] = field(default_factory=list)
    reach: int = 0


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[int, int, int, str]]:
    """Parent, start, duration and kind, node by node; node 0 is the root. Children may start early, overlap and outlive anything."""
    nodes = [(-1, 0, draw(st.integers(5, 60)), "agent")]
    for i in range(1, draw(st.integers(2, 14))):
        parent = draw(st.integers(0, i - 1))
        while nodes[parent][3] == "call":
            parent = nodes[parent][0]
        nodes.append((parent, draw(st.integers(-3, 60)), draw(st.integers(0, 30)), draw(st.sampled_from(["call", "tool", "other"]))))
    return nodes if any(n[3] == "call" for n in nodes) else [*nodes, (0, 1, 2, "call")]


def walk(node: Node, low: int, high: int, found: dict[str, int]) -> None:
    """From the node's end back: to the child that finished last, then to the last that started before that one did."""
    if high <= low and node.name != "0":
        return
    own = high - low
    cursor: float = float("inf")
    left = list(node.children)
    while left := [c for c in left if c.start < cursor]:
        child = max(left, key=lambda c: (c.reach, -c.start, c.kind == "call", -int(c.name)))
        begin, end = max(low, child.start), int(min(high, child.reach, cursor))
        if end > begin:
            own -= end - begin
            walk(child, begin, end, found)
        cursor = child.start
    found[node.name] = own


def expected(tree: list[tuple[int, int, int, str]]) -> dict[str, int]:
    nodes = [Node(f"{i:02d}" if i else "0", start, start + duration, kind) for i, (_, start, duration, kind) in enumerate(tree)]
    for node, (parent, *_) in zip(nodes, tree, strict=True):
        if parent != -1:
            nodes[max(parent, 0)].children.append(node)  # an orphan hangs on the root
    root, calls = nodes[0], [n for n in nodes if n.kind == "call"]
    root.end = max([root.end, *(c.end for c in calls)])
    idle = {n.name for n in nodes[1:] if n.kind == "other" and not n.children and any(c.start < n.end and c.end > n.start for c in calls)}
    for node in nodes:
        node.children = [c for c in node.children if c.name not in idle]

    def below(node: Node) -> list[Node]:
        return [x for c in node.children for x in (c, *below(c))]

    for node in nodes:
        node.reach = max([node.end, *(n.end for n in below(node) if n.end <= root.end)])
    found: dict[str, int] = {}
    walk(root, root.start, root.end, found)
    return found


def made(seed: int) -> list[tuple[int, int, int, str]]:
    """A tree as ``trees`` draws them, larger: one in six nodes names a parent that is not in the log (-2), clocks are off by up to 4 s."""
    rng = random.Random(seed)  # noqa: S311
    lasts = rng.randint(5, 90)
    nodes = [(-1, 0, lasts, "agent")]
    for i in range(1, rng.randint(2, 40)):
        parent = rng.randrange(i)
        while nodes[parent][3] == "call":
            parent = max(nodes[parent][0], 0)
        start = nodes[parent][1] + rng.randint(-4, nodes[parent][2] + 4)
        if rng.random() < 1 / 6:
            parent, start = -2, min(start, lasts)
        nodes.append((parent, start, rng.choice((0, 1, rng.randint(0, 12), rng.randint(0, 60))), rng.choice(("call", "tool", "other"))))
    return nodes if any(n[3] == "call" for n in nodes) else [*nodes, (0, 1, 2, "call")]


def check_forest(forest: Sequence[list[tuple[int, int, int, str]]]) -> None:
    """Every tree's exclusive times equal the walk's, and all sums hold."""
    rows = []
    for number, tree in enumerate(forest):
        for i, (parent, start, duration, kind) in enumerate(tree):
            names = {-1: None, -2: "lost", 0: "0"}
            rows.append(
                {
                    "call_id": 1000 * number + i + 1, "unit": f"t{number}", "name": f"{i:02d}" if i else "0",
                    "above": names.get(parent, f"{parent:02d}"), "start_s": start, "end_s": start + duration, "kind": kind,
                }
            )  # fmt: skip
    with Engine(threads=1) as engine:
        engine.create_canonical()
        engine.load("made", pl.DataFrame(rows))
        at = "make_timestamp(CAST({} AS BIGINT) * 1000000 + 1767571200000000)".format
        engine.execute(
            "INSERT INTO calls (call_id, request_id, trace_id, span_id, parent_span_id, model, started_at, ended_at, status) "
            f"SELECT call_id, call_id, unit, name, above, name, {at('start_s')}, {at('end_s')}, 'ok' FROM made WHERE kind = 'call'"
        )
        engine.execute(
            "INSERT INTO spans (trace_id, span_id, parent_span_id, name, started_at, ended_at, kind) "
            f"SELECT unit, name, above, name, {at('start_s')}, {at('end_s')}, kind FROM made WHERE kind <> 'call'"
        )
        prepare.fill_clocks(engine)
        diagnose.make_views(engine, BOOK, ["path_windows", "trace_components"])
        check_sums(engine)
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for unit, name, us in engine.rows(
            "SELECT c.trace_id, w.name, w.exclusive_us FROM path_windows w JOIN calls c ON c.call_id = w.unit_key"
        ):
            found[unit][name] = us // SECOND
    for number, tree in enumerate(forest):
        assert found[f"t{number}"] == expected(tree), tree


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(trees(), min_size=1, max_size=20))
def test_random_trees_equal_a_walk(forest: list[list[tuple[int, int, int, str]]]) -> None:
    check_forest(forest)


def test_a_thousand_trees_with_overlap_orphans_and_skew_equal_a_walk() -> None:
    forest = [made(seed) for seed in range(1000)]
    nodes = [(node, tree) for tree in forest for node in tree]
    assert sum(parent == -2 for (parent, *_), _ in nodes) > 1000
    assert sum(parent >= 0 and start < tree[parent][1] for (parent, start, *_), tree in nodes) > 500
    assert sum(parent >= 0 and start + lasts > tree[parent][1] + tree[parent][2] for (parent, start, lasts, _), tree in nodes) > 1000
    check_forest(forest)
