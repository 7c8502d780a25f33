"""Replay: what a trace would have taken without the waste. Times in the comments are worked out by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infercheck import diagnose, examples, latency, replay, rulebook
from infercheck.engine.duckdb import Engine
from infercheck.model.rule import Example
from infercheck.replay import Step, replayed

BOOK = rulebook.load()


def test_nothing_wasted_nothing_changes() -> None:
    assert replayed([Step(1, 0, 4), Step(2, 1, 9), Step(3, 10, 12)], {}) == 12
    assert replayed([], {}) == 0


def test_gaps_and_order_are_kept() -> None:
    # 1 takes 0-4, 2 follows after a gap of 2 and takes 6-9. 1 without 3: 0-1, gap 2, 2 takes 3-6.
    assert replayed([Step(1, 0, 4), Step(2, 6, 9)], {1: 3}) == 6


def test_off_the_path_earns_nothing() -> None:
    # 1 and 2 side by side until 10; 3 starts at 11, after both. Without all of 2, 3 still waits for 1.
    steps = [Step(1, 0, 10), Step(2, 0, 8), Step(3, 11, 12)]
    assert replayed(steps, {2: 8}) == 12
    # Without 5 of 1, 3 waits for 2 instead: 8 + 1 + 1.
    assert replayed(steps, {1: 5}) == 10


def test_a_parent_ends_with_its_children() -> None:
    # root 0-20 > step 2-12 > call 3-10; then after 13-18. The call without 4: step 2-8, after 9-14, root 0-16.
    steps = [Step(1, 0, 20), Step(2, 2, 12, 1), Step(3, 3, 10, 2), Step(4, 13, 18, 1)]
    assert replayed(steps, {3: 4}) == 16
    # No more can be taken from a step than it took: the call is 7, so 20 - 7.
    assert replayed(steps, {3: 100}) == 13


def test_waste_of_a_parent_is_the_time_in_which_no_child_ran() -> None:
    # root 0-20: idle 0-2, 12-13 and 18-20, 5 in all; the call inside step leaves step 2-3 and 10-12 idle, 3 in all.
    steps = [Step(1, 0, 20), Step(2, 2, 12, 1), Step(3, 3, 10, 2), Step(4, 13, 18, 1)]
    assert replayed(steps, {1: 5}) == 15
    assert replayed(steps, {1: 3}) == 17
    assert replayed(steps, {1: 99}) == 15
    assert replayed(steps, {2: 3}) == 17
    assert replayed(steps, {1: 5, 2: 3, 3: 7, 4: 5}) == 0


def test_a_child_that_starts_early_or_ends_late_counts_inside_its_parent() -> None:
    # The child 0-30 counts from 5; what runs on after the parent's 20 holds nothing up.
    assert replayed([Step(1, 5, 20), Step(2, 0, 30, 1)], {}) == 15
    assert replayed([Step(1, 5, 20), Step(2, 0, 30, 1), Step(3, 6, 19, 1)], {3: 10}) == 5
    # A parent that is not there: the step stands at the top.
    assert replayed([Step(1, 0, 5, 7), Step(2, 6, 9, 7)], {1: 2}) == 7


@st.composite
def timelines(draw: st.DrawFn) -> list[Step]:
    steps = [Step(0, 0, draw(st.integers(1, 50)))]
    for i in range(1, draw(st.integers(1, 12))):
        start = draw(st.integers(-2, 50))
        steps.append(Step(i, start, start + draw(st.integers(0, 30)), draw(st.integers(0, i - 1))))
    return steps


@given(timelines(), st.dictionaries(st.integers(0, 11), st.integers(0, 60)), st.integers(0, 11), st.integers(1, 20), st.randoms())
def test_never_longer_and_never_more_than_the_waste(
    steps: list[Step], waste: dict[int, int], more: int, amount: int, shuffle: random.Random
) -> None:
    whole = replayed(steps, {})
    assert whole == steps[0].end
    after = replayed(steps, waste)
    assert max(0, whole - sum(waste.values())) <= after <= whole
    shuffled = list(steps)
    shuffle.shuffle(shuffled)
    assert replayed(shuffled, waste) == after


# --- against the engine

CALLS = """
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       root            1           3
b        t         w    m      sb       root            6           3
c        u         w    m      -        -               0           2
d        u         w    m      -        -               7           2
"""
SPANS = """
span_id  trace_id  parent_span_id  kind       name     started_at  duration_s
root     t         -               agent      run      0           10
search   t         root            retrieval  search   4           2
beside   t         root            tool       beside   6           2.5
wrapper  t         root            other      wrapper  1           8
"""


def settled(claims: list[tuple[str, str, str, str | None, str | None, float]]) -> dict[str, float]:
    """Saved milliseconds by rule. A claim: rule, grade, key, its call, its span or trace, waste."""
    with Engine(threads=1) as engine:
        examples.fill(engine, Example(name="x", calls=CALLS, spans=SPANS))
        diagnose.make_views(engine, BOOK, ["trace_nodes"])
        engine.create_empty("claims", diagnose.CLAIMS)
        ids = dict(engine.rows("SELECT source_call_id, call_id FROM calls"))
        for rule, grade, key, call, other, waste in claims:
            engine.execute(
                f"INSERT INTO claims (rule, step, fix, grade, subject, {key}, waste_ms) VALUES (?, 3, 'orchestration', ?, 'w', ?, ?)",
                [rule, grade, ids[call] if call else other, waste],
            )
        replay.settle_latency(engine)
        rows = engine.dicts("SELECT * FROM settled_latency")
        assert len(rows) == len(claims)
        whole = {r["unit_key"]: r["after_ms"] for r in engine.dicts("SELECT * FROM replayed_sure")}
        names = dict(engine.rows("SELECT call_id, trace_id FROM calls"))
        for unit in {r["unit_key"] for r in rows}:
            sure = sum(r["saved_ms"] for r in rows if r["unit_key"] == unit and r["grade"] != "heuristic")
            assert whole[unit] == pytest.approx({"t": 10_000, "u": 9_000}[names[unit]] - sure)
        return {r["rule"]: r["saved_ms"] for r in rows}


def test_calls_spans_and_traces_are_settled_on_one_timeline() -> None:
    assert settled([("call", "measured", "call_id", "a", None, 1000)]) == {"call": 1000}
    assert settled([("span", "measured", "span_id", None, "search", 1500)]) == {"span": 1500}
    # Idle time of root: 0-1 and 9-10, since the wrapper that waits for both calls takes no part.
    assert settled([("root", "measured", "span_id", None, "root", 5000)]) == {"root": 2000}
    # Between c and d lie five seconds.
    assert settled([("gap", "measured", "trace_id", None, "u", 4000)]) == {"gap": 4000}


def test_off_the_path_and_counted_once() -> None:
    # b runs 6-9 with a tool beside it until 8.5: of 2 s wasted in b, half a second is gained.
    assert settled([("b", "measured", "call_id", "b", None, 2000)]) == {"b": 500}
    # The stronger grade comes first: 2 s of a's 3 are taken, so the guess at 3 s finds 1 left.
    claims = [("guess", "heuristic", "call_id", "a", None, 3000.0), ("sure", "structural", "call_id", "a", None, 2000.0)]
    assert settled(claims) == {"sure": 2000, "guess": 1000}  # type: ignore[arg-type]


# --- units added up in the engine equal units replayed one by one


def made_unit(rng: random.Random, number: int) -> list[tuple[Step, int]]:
    """Steps with their depth. Two in three units are tidy: siblings one after the other, inside their parents."""
    tidy = number % 3 > 0
    made = [(Step(1000 * number + 1, 0, 400), 0)]
    for i in range(2, rng.randint(2, 9)):
        parent, depth = made[rng.randrange(len(made))]
        room = [s.end for s, _ in made if s.parent == parent.id]
        earliest = max([parent.start, *room]) if tidy else parent.start - rng.choice((0, 0, 5))
        if earliest >= parent.end:
            continue
        start = rng.randint(earliest, parent.end)
        end = rng.randint(start, parent.end if tidy else parent.end + rng.choice((0, 0, 30)))
        made.append((Step(1000 * number + i, start, end, parent.id), depth + 1))
    return made


def test_every_unit_gains_what_its_replay_says() -> None:
    rng = random.Random(5)  # noqa: S311
    units = {n: made_unit(rng, n) for n in range(1, 301)}
    claims = []
    for made in units.values():
        for step, _ in made:
            for rule in ("fast", "slow", "guess"):
                if rng.random() < 0.5:
                    claims.append((rule, "heuristic" if rule == "guess" else "measured", step.id, rng.randint(1, 200)))
    with Engine(threads=1) as engine:
        engine.create_empty("claims", diagnose.CLAIMS)
        engine.create_canonical("calls")  # no claim names a trace
        engine.execute(
            "CREATE TEMP TABLE trace_nodes (unit_key BIGINT, node_id BIGINT, parent_id BIGINT, call_id BIGINT, span_id VARCHAR, start_us BIGINT, "
            "reach_us BIGINT, depth INTEGER, waits BOOLEAN)"
        )
        for n, made in units.items():
            for s, depth in made:
                engine.execute(
                    "INSERT INTO trace_nodes VALUES (?, ?, ?, ?, NULL, ?, ?, ?, FALSE)",
                    [n, s.id, s.parent, s.id, s.start, s.end, depth],
                )
        for rule, grade, node, waste in claims:
            engine.execute(
                "INSERT INTO claims (rule, step, fix, grade, subject, call_id, waste_ms) VALUES (?, 3, 'orchestration', ?, 's', ?, ?)",
                [rule, grade, node, waste / 1000],
            )
        replay.settle_latency(engine)
        tidy = engine.value("SELECT count(*) FILTER (WHERE tidy) / count(*) FROM timed_units")
        assert 0.5 < tidy < 1
        found = {(r["unit_key"], r["rule"]): r for r in engine.dicts("SELECT * FROM replayed_units")}
        sure = dict(engine.rows("SELECT unit_key, after_ms FROM replayed_sure"))
        settled = {
            (unit, node, rule): saved
            for unit, node, rule, saved in engine.rows("SELECT unit_key, call_id, rule, saved_ms FROM settled_latency")
        }
    assert len(settled) == len(claims)
    for n, made in units.items():
        steps = [s for s, _ in made]
        own = [c for c in claims if c[2] // 1000 == n]
        if not own:
            continue
        whole = replayed(steps, {})

        def after(chosen: list[tuple[str, str, int, int]], steps: list[Step] = steps) -> float:
            waste: dict[int, int] = {}
            for _, _, node, us in chosen:
                waste[node] = waste.get(node, 0) + us
            return replayed(steps, waste) / 1000

        for rule in {c[0] for c in own}:
            assert found[n, rule]["before_ms"] == pytest.approx(whole / 1000)
            assert found[n, rule]["after_ms"] == pytest.approx(after([c for c in own if c[0] == rule]))
        assert sure[n] == pytest.approx(after([c for c in own if c[1] == "measured"]))
        taken: list[tuple[str, str, int, int]] = []
        for claim in sorted(own, key=lambda c: (c[1] != "measured", -c[3], c[0], c[2])):
            before = after(taken)
            taken.append(claim)
            assert settled[n, claim[2], claim[0]] == pytest.approx(before - after(taken), abs=1e-9)


def test_a_request_takes_its_whole_path_and_saves_no_more_than_that() -> None:
    """Users wait for the spans around the model calls too: what is saved there is taken from what they waited, not from the calls alone."""
    calls = "".join(f"c{n} t{n} w m s{n} r{n} u {100 * n + (13 if n == 5 else 5)} 4\n" for n in range(1, 6))
    spans = "".join(f"r{n} t{n} - agent run {100 * n} {18 if n == 5 else 10}\n" for n in range(1, 6))
    example = Example(
        name="x", calls="call_id trace_id app model span_id parent_span_id end_user started_at duration_s\n" + calls,
        spans="span_id trace_id parent_span_id kind name started_at duration_s\n" + spans,
    )  # fmt: skip
    with Engine(threads=1) as engine:
        examples.fill(engine, example)
        diagnose.diagnose(engine, BOOK, select=["orchestration_gaps"])
        diagnose.make_views(engine, BOOK, ["outcomes", "workloads", "trace_components"])
        replay.settle_latency(engine)
        latency.time_units(engine)
        waits = latency.interactive(engine)
        assert (waits.traces, waits.p50_ms) == (5, 10_000)
        assert waits.p95_ms == pytest.approx(10_000 + 0.8 * 8_000)  # 10 s four times and 18 s: between the last two
        # The slow one idled 14 s around its call, where 6 are usual: without those 8 it takes 10 s as the others do.
        before_after = engine.rows(
            "SELECT r.before_ms, r.after_ms FROM replayed_sure r JOIN calls c ON c.call_id = r.unit_key WHERE c.trace_id = 't5'"
        )
        assert before_after == [(18_000, 10_000)]
        kept = engine.rows(
            "SELECT u.duration_ms - (r.before_ms - r.after_ms) FROM unit_times u JOIN replayed_sure r ON r.unit_key = u.unit_key"
        )
        assert all(left > 0 for (left,) in kept)
