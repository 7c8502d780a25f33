"""The rules of steps 1 and 2 against planted faults, on seeds of their own: every rule at its bar, on every log."""

from __future__ import annotations

import pytest

from cost_truth import judged, run, table


@pytest.mark.parametrize("seed", [901, 902, 903])
def test_every_planted_fault_is_found_and_its_neighbours_are_left_alone(seed: int) -> None:
    tallies = run([seed])
    below = {rule: t.misses() for rule, t in judged(tallies).items() if t.misses()}
    assert judged(tallies)
    assert not below, "\n" + table(tallies)
