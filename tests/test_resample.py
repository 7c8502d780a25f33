"""Intervals of savings: the closed form against draws, and the samples that are too small for one."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from infercheck import resample
from infercheck.engine.duckdb import Engine
from infercheck.model.report import Window

SAVED = [0.0] * 150 + [round(0.01 * (1 + n % 7), 4) for n in range(250)]


def log(saved: list[float], per_day: int = 50) -> Engine:
    """One call and one outcome a unit; its saving is settled."""
    engine = Engine(threads=1)
    engine.execute("CREATE TEMP TABLE priced_calls (call_id BIGINT, unit_hash BIGINT, day DATE)")
    engine.execute("CREATE TEMP TABLE outcomes (unit_hash BIGINT)")
    engine.execute("CREATE TEMP TABLE settled (call_id BIGINT, grade VARCHAR, fix VARCHAR, subject VARCHAR, saved_usd DECIMAL(38, 12))")
    for n, usd in enumerate(saved):
        engine.execute("INSERT INTO priced_calls VALUES (?, ?, DATE '2026-01-01' + CAST(? AS INTEGER))", [n, n, n // per_day])
        engine.execute("INSERT INTO outcomes VALUES (?)", [n])
        if usd:
            engine.execute("INSERT INTO settled VALUES (?, 'structural', 'caching', 'w', ?)", [n, Decimal(str(usd))])
    return engine


def drawn(units: list[float], draws: int = 4000) -> tuple[float, float]:
    """Percentiles of the sum over resampled units."""
    rng = random.Random(7)  # noqa: S311
    sums = sorted(sum(rng.choices(units, k=len(units))) for _ in range(draws))
    return sums[round(draws * 0.025)], sums[round(draws * 0.975)]


@pytest.mark.parametrize("complete_days", [0, 8])
def test_the_closed_form_is_what_resampling_draws(complete_days: int) -> None:
    rng = random.Random(3)  # noqa: S311
    saved = rng.sample(SAVED, len(SAVED))
    with log(saved) as engine:
        found = resample.spreads(engine, Window(complete_days=complete_days))["sure", "caching", "w"]
    assert found.interval is not None
    low, high = map(float, found.interval)
    units = [sum(saved[n : n + 50]) for n in range(0, 400, 50)] if complete_days else saved
    expected = drawn(units)
    # By days the interval is Student's: with eight of them wider than what is drawn by a quarter or so.
    widest = 1.4 if complete_days else 1.05
    assert 0.95 <= (high - low) / (expected[1] - expected[0]) <= widest
    assert (low + high) / 2 == pytest.approx(sum(saved), rel=1e-6)
    assert found.note == ("95%, resampling 8 days" if complete_days else "95%, resampling 400 outcomes")


def test_too_few_is_said_and_no_interval_is_made_up() -> None:
    with log([0.0] * 100 + [0.01] * 12) as engine:
        found = resample.spreads(engine, Window())["sure", "caching", "w"]
    assert found == resample.Spread(None, "too few for an interval: 12 outcomes")


def test_no_saving_lies_below_zero() -> None:
    with log([0.0] * 400 + [0.001] * 24 + [0.9]) as engine:
        found = resample.spreads(engine, Window())["sure", "caching", "w"]
    assert found.interval is not None
    assert found.interval[0] == 0 < found.interval[1]
