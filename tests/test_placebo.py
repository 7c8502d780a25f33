"""Made logs whose truth is known: background work that slows nobody down stays unclaimed, 800 ms that were planted are found."""

from __future__ import annotations

import pytest

import placebo

SIZES = {21: placebo.Size(25, 4, 7, 5), 22: placebo.Size(30, 5, 6, 5)}


@pytest.fixture(scope="module")
def verdicts() -> list[placebo.Verdict]:
    return [placebo.run(seed, size) for seed, size in SIZES.items()]


def test_the_log_is_the_same_each_time_and_its_workloads_are_known_for_what_they_are(verdicts: list[placebo.Verdict]) -> None:
    seed, size = next(iter(SIZES.items()))
    assert placebo.make(seed, size).frame().equals(placebo.make(seed, size).frame())
    for v in verdicts:
        assert v.placebo.classes == {"interactive": v.size.workloads, "background": v.size.jobs}


def test_false_alarms_on_a_placebo(verdicts: list[placebo.Verdict]) -> None:
    fired, tested = placebo.false_alarms(verdicts)
    assert tested >= 40
    assert fired <= placebo.MAX_FALSE_ALARMS * tested
    # The placebo is no easy one: two means compared without control and blocks raise false alarms well beyond their 5%.
    assert sum(v.placebo.naive for v in verdicts) > 2 * placebo.MAX_FALSE_ALARMS * tested


def test_a_planted_delay_is_found_and_measured(verdicts: list[placebo.Verdict]) -> None:
    for v in verdicts:
        assert v.planted.effect_ms == pytest.approx(placebo.PLANTED_MS, rel=placebo.TOLERANCE)
        assert v.planted.power >= 0.5


def test_what_a_finding_states_is_what_it_claims(verdicts: list[placebo.Verdict]) -> None:
    """A workload on several deployments: effect times calls of the evidence is the waste of all its claims, not the worst deployment's."""
    for v in verdicts:
        for workload, (effect_ms, exposed) in v.planted.evidence.items():
            fired = [p for p in v.planted.fired if p.workload == workload]
            assert exposed == sum(p.exposed for p in fired)
            assert effect_ms * exposed == pytest.approx(sum(p.waste_ms or 0 for p in fired), rel=1e-6)
    assert any(sum(p.workload == w for p in v.planted.fired) > 1 for v in verdicts for w in v.planted.evidence)


def test_the_gateways_clock_stalls_everything_that_is_under_way() -> None:
    clock = placebo.Clock.of([(10, 14, 0.5)], 100)
    assert clock.after(0, 5) == pytest.approx(5)
    assert clock.after(9, 2) == pytest.approx(12)
    assert clock.after(12, 3) == pytest.approx(16)
