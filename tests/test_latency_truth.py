"""The rules of step 3 against small made worlds, on seeds of their own: what they claim is true. How much they find is LATENCY_TRUTH.md's to tell."""

from __future__ import annotations

import pytest

from latency_judges import Tallies
from latency_truth import BARS, MEANING, misses, page, run

SEEDS = range(911, 914)
CALLS = 8_000


@pytest.fixture(scope="module")
def tallies() -> Tallies:
    return run(SEEDS, most_calls=CALLS)


def test_workloads_are_known_for_what_they_are(tallies: Tallies) -> None:
    told = tallies["classes"]
    assert told.claims > 20
    assert not misses("classes", told), told.notes


def test_cold_starts_are_boots(tallies: Tallies) -> None:
    told = tallies["cold_start"]
    assert told.right >= 5
    assert not misses("cold_start", told), told.notes


def test_who_is_said_to_be_slowed_is_and_who_is_not_is_left_alone(tallies: Tallies) -> None:
    told = tallies["pairs slowed by jobs"]
    assert told.right >= 2 and told.right == told.claims, told.notes
    assert tallies["placebo pairs"].found == 0, told.notes


def test_a_bracket_holds_the_true_number_of_slots(tallies: Tallies) -> None:
    told = tallies["queueing_onset"]
    assert told.right == told.claims > 0, told.notes


def test_what_is_foretold_of_separation_comes_true(tallies: Tallies) -> None:
    told = tallies["separation"]
    assert told.right == told.claims, told.notes
    assert told.wanted == told.claims + sum(told.refused.values())


def test_the_page_tells_every_bar(tallies: Tallies) -> None:
    text = page(tallies, SEEDS, CALLS)
    assert set(BARS) == set(MEANING)
    assert all(f"| {name}: {meaning} |" in text for name, meaning in MEANING.items())
    for name in MEANING:
        assert all(f"{missed}" in text for missed in misses(name, tallies[name]))
