"""The made deployments of latency_world.py against queueing theory: what the rules are held against must itself be true."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator
from statistics import fmean

import pytest

import latency_world as made


def _erlang_wait(slots: int, load: float, service_s: float) -> float:
    """Mean wait of M/M/c (Erlang C)."""
    offered = load * slots
    blocked = 1.0
    for n in range(1, slots + 1):  # Erlang B by its recursion
        blocked = offered * blocked / (n + offered * blocked)
    waits = blocked / (1 - load * (1 - blocked))
    return waits * service_s / (slots * (1 - load))


def _arrivals(seed: int, count: int, slots: int, load: float) -> list[made.Chain]:
    """Single calls, random arrivals, exponential service of one second on average."""
    rng, at = random.Random(seed), 0.0  # noqa: S311 (a simulation)
    chains = []
    for n in range(count):
        at += rng.expovariate(load * slots)
        call = made.Call(("w", n, 0), rng.expovariate(1), 0.0, 1, 1)
        chains.append(made.Chain(at, lambda call=call: iter([(0.0, [call])])))
    return chains


@pytest.mark.parametrize(("slots", "load"), [(2, 0.5), (8, 0.8), (32, 0.9)])
def test_random_arrivals_wait_as_erlang_says(slots: int, load: float) -> None:
    place = made.Place("d", slots, 0.0, 0.0)
    served, _ = made.serve(place, _arrivals(1, 200_000, slots, load), made.Stalls())
    assert fmean(s.waited for s in served[10_000:]) == pytest.approx(_erlang_wait(slots, load, 1.0), rel=0.03)


def test_every_single_wait_is_that_of_the_workload_recursion() -> None:
    """Kiefer and Wolfowitz: the next call starts when the first of the slots is free."""
    place = made.Place("d", 3, 0.0, 0.0)
    chains = _arrivals(2, 5_000, 3, 0.95)
    served, _ = made.serve(place, chains, made.Stalls())
    free = [0.0] * 3
    for s in sorted(served, key=lambda s: s.start):
        begins = max(s.start, heapq.heappop(free))
        heapq.heappush(free, begins + s.call.first_s)
        assert s.waited == pytest.approx(begins - s.start, abs=1e-9)


def test_a_pool_of_workers_keeps_the_slots_full_and_never_more_in_flight_than_it_has_workers() -> None:
    place = made.Place("d", 4, 0.0, 0.0)

    def work(worker: int) -> made.Chain:
        def steps() -> Iterator[tuple[float, list[made.Call]]]:
            for n in range(1000):
                yield 0.0, [made.Call(("w", worker, n), 1.0, 0.0, 1, 1)]

        return made.Chain(0.0, steps, until=100.0)

    served, _ = made.serve(place, [work(n) for n in range(6)], made.Stalls())
    middle = [s for s in served if 10 < s.start < 90]
    assert fmean(s.waited for s in middle) == pytest.approx(6 / 4 - 1)  # Little's law: six calls, four served a second
    assert len(middle) / 80 == pytest.approx(4, rel=0.05)


def test_who_comes_during_a_boot_waits_for_its_end_and_a_stall_holds_back_what_passes_the_gateway() -> None:
    place = made.Place("d", 4, 0.0, 0.0, keep_s=60, boot_s=10)
    calls = [made.Call(("w", n, 0), 1.0, 1.0, 1, 1) for n in range(4)]
    starts = [0.0, 100.0, 104.0, 115.0]
    chains = [made.Chain(at, lambda call=call: iter([(0.0, [call])])) for at, call in zip(starts, calls, strict=True)]
    served, boots = made.serve(place, chains, made.Stalls.of([(115.5, 118.0)]))
    assert [(b.start, b.end) for b in boots] == [(0.0, 10.0), (100.0, 110.0)]
    assert [s.boot for s in served] == [10.0, 10.0, 6.0, 0.0]
    assert [s.first for s in served] == [11.0, 111.0, 111.0, 118.0]  # the last one's first token was there at 116
    assert served[-1].end == 118.0


def test_a_seed_is_one_world_and_lies_in_the_ranges() -> None:
    one, other = made.draw(7), made.draw(7)
    assert one.places == other.places
    assert [s.first for group in one.run()[0].values() for s in group] == [s.first for group in other.run()[0].values() for s in group]
    for seed in range(1, 30):
        world = made.draw(seed, most_calls=2000)
        assert made.DEPLOYMENTS[0] <= len(world.places) <= made.DEPLOYMENTS[1]
        for place in world.places:
            assert made.SLOTS[0] <= place.slots <= made.SLOTS[1]
            assert place.boot_s == 0 or made.BOOT_S[0] <= place.boot_s <= made.BOOT_S[1]
            assert math.isinf(place.keep_s) == (place.boot_s == 0)
        assert all(end - start <= made.STALL_S[1] for start, end in zip(world.stalls.starts, world.stalls.ends, strict=True))
        assert all(end - start <= made.BURST_S[1] for j in world.jobs for start, end in j.runs)


def test_without_jobs_the_same_calls_never_wait_for_them() -> None:
    """The counterfactual holds the very calls of people, with the service they had."""
    world = made.draw(3, most_calls=3000)
    served, _ = world.run()
    alone, _ = world.run(without=[j.name for j in world.jobs if j.background])
    people = {j.name for j in world.jobs if not j.background}
    for place in world.places:
        mixed = {s.call.key: s for s in served[place.name] if s.call.key[0] in people}
        assert set(mixed) == {s.call.key for s in alone[place.name]}
        assert all(mixed[s.call.key].call.first_s == s.call.first_s for s in alone[place.name])
