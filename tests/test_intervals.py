"""The interval by which a cheaper model is called as good, held against another implementation of it."""

from __future__ import annotations

import pytest

from infercheck import diagnose, prepare, rulebook
from infercheck.engine.duckdb import Engine

proportion = pytest.importorskip("statsmodels.stats.proportion", reason="the interval is compared with statsmodels, which is not installed")

CASES = [
    # successes and outcomes of the cheaper model, then of the premium one
    (162, 170, 162, 170),
    (60, 60, 528, 528),
    (0, 40, 0, 35),
    (0, 40, 35, 35),
    (40, 40, 0, 35),
    (19, 20, 20, 20),
    (455, 500, 930, 1000),
    (21, 30, 25, 33),
]


def pair(cheap_won: int, cheap_n: int, premium_won: int, premium_n: int) -> dict[str, object]:
    """The one row of view model_pairs for these outcomes, each a scored call of its own."""
    with Engine(threads=1) as engine:
        engine.create_canonical()
        engine.execute(
            "INSERT INTO models (provider, model, premium, blended_usd_per_mtok) VALUES ('p', 'big', TRUE, 4.0), ('p', 'small', FALSE, 0.4)"
        )
        for base, model, won, n in ((0, "small", cheap_won, cheap_n), (10**6, "big", premium_won, premium_n)):
            engine.execute(
                "INSERT INTO calls (call_id, operation, started_at, status, provider, model, template_hash, prompt_chars, score) "
                f"SELECT {base} + i, 'chat', TIMESTAMP '2026-01-05', 'ok', 'p', '{model}', 1, 100, CASE WHEN i < {won} THEN 1 ELSE 0 END "
                f"FROM range({n}) AS r(i)"
            )
        prepare.fill_clocks(engine)
        diagnose.Views(engine, rulebook.load(), {}).make("model_pairs")
        rows = engine.dicts("SELECT * FROM model_pairs")
        assert len(rows) == 1
        return rows[0]


@pytest.mark.parametrize(("cheap_won", "cheap_n", "premium_won", "premium_n"), CASES)
def test_equals_newcombe(cheap_won: int, cheap_n: int, premium_won: int, premium_n: int) -> None:
    found = pair(cheap_won, cheap_n, premium_won, premium_n)
    low, high = proportion.confint_proportions_2indep(cheap_won, cheap_n, premium_won, premium_n, compare="diff", method="newcomb", alpha=0.05)
    assert found["lower_bound"] == pytest.approx(low, abs=1e-9)
    assert found["upper_bound"] == pytest.approx(high, abs=1e-9)
    assert (found["verdict"] == "non_inferior") == (low > -0.05)
    assert (found["verdict"] == "inferior") == (high < -0.05)


def test_power_as_catalogued() -> None:
    """About 170 outcomes each at 95% suffice, 150 do not."""
    assert pair(142, 150, 142, 150)["verdict"] == "inconclusive"
    assert pair(162, 170, 162, 170)["verdict"] == "non_inferior"


@pytest.mark.parametrize(("cheap_n", "premium_n"), [(100, 1000), (100, 160), (25, 400)])
def test_missing_outcomes_would_suffice(cheap_n: int, premium_n: int) -> None:
    """With the outcomes that are said to be missing, at the same rate, the answer is there; with two thirds of them it is not."""
    found = pair(cheap_n * 24 // 25, cheap_n, premium_n * 24 // 25, premium_n)
    assert found["verdict"] == "inconclusive"
    missing = int(str(found["missing_outcomes"]))
    enough, short = (cheap_n + missing) // 25 * 25 + 25, (cheap_n + missing * 2 // 3) // 25 * 25
    assert pair(enough * 24 // 25, enough, premium_n * 24 // 25, premium_n)["verdict"] == "non_inferior"
    assert pair(short * 24 // 25, short, premium_n * 24 // 25, premium_n)["verdict"] == "inconclusive"
