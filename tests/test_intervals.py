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


def outcomes(engine: Engine, cheap_won: int, cheap_n: int, premium_won: int, premium_n: int) -> None:
    """Fill the log with scored calls of one template on two models."""
    engine.create_canonical()
    engine.execute(
        "INSERT INTO models (provider, model, premium, blended_usd_per_mtok) VALUES ('p', 'big', TRUE, 4.0), ('p', 'small', FALSE, 0.4)"
    )
    for base, model, won, n in ((0, "small", cheap_won, cheap_n), (10**6, "big", premium_won, premium_n)):
        engine.execute(
            "INSERT INTO calls (call_id, operation, started_at, status, provider, model, template_hash, prompt_chars, score, app) "
            f"SELECT {base} + i, 'chat', TIMESTAMP '2026-01-05', 'ok', 'p', '{model}', 1, 100, CASE WHEN i < {won} THEN 1 ELSE 0 END, 'w' "
            f"FROM range({n}) AS r(i)"
        )
    prepare.fill_clocks(engine)


def verdict(*counts: int) -> int | str:
    """``as good``, or how many outcomes are missing, or ``no`` where neither rule speaks."""
    with Engine(threads=1) as engine:
        outcomes(engine, *counts)
        diagnose.diagnose(engine, rulebook.load(), select=["cheaper_model_does_same_work", "cheaper_model_inconclusive"])
        if engine.value("SELECT count(*) FROM claims"):
            return "as good"
        missing = engine.rows("SELECT evidence_missing_outcomes FROM found_cheaper_model_inconclusive")
        return int(missing[0][0]) if missing else "no"


@pytest.mark.parametrize("counts", CASES)
def test_equals_newcombe(counts: tuple[int, int, int, int]) -> None:
    low, high = proportion.confint_proportions_2indep(*counts, compare="diff", method="newcomb", alpha=0.05)
    with Engine(threads=1) as engine:
        outcomes(engine, *counts)
        diagnose.Views(engine, rulebook.load(), {}).make("model_pairs")
        found = engine.dicts("SELECT * FROM model_pairs WHERE evidence = 'score'")[0]
    assert found["lower_bound"] == pytest.approx(low, abs=1e-9)
    assert found["upper_bound"] == pytest.approx(high, abs=1e-9)
    assert (verdict(*counts) == "as good") == (low > -0.05)


def test_power_as_catalogued() -> None:
    """About 170 outcomes each at 95% suffice, 150 do not."""
    assert verdict(142, 150, 142, 150) != "as good"
    assert verdict(162, 170, 162, 170) == "as good"


@pytest.mark.parametrize(("cheap_n", "premium_n"), [(100, 1000), (100, 150), (25, 400)])
def test_missing_outcomes_would_suffice(cheap_n: int, premium_n: int) -> None:
    """With the outcomes that are said to be missing, at the same rate (24 of 25), the answer is there; with two thirds of them it is not."""
    premium = premium_n * 24 // 25, premium_n
    missing = verdict(cheap_n * 24 // 25, cheap_n, *premium)
    assert isinstance(missing, int)
    enough, short = (cheap_n + missing) // 25 * 25 + 25, (cheap_n + missing * 2 // 3) // 25 * 25
    assert verdict(enough * 24 // 25, enough, *premium) == "as good"
    assert verdict(short * 24 // 25, short, *premium) != "as good"
