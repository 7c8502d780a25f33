"""The gate's arithmetic against scipy and statsmodels."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from infercheck.gate.statistic import benjamini_hochberg, change_of_days, step_of_days, t_quantile, t_upper_tail

MONDAY = date(2026, 9, 7)


def days(values: list[float], first: date = MONDAY) -> dict[date, float]:
    return {first + timedelta(days=n): value for n, value in enumerate(values)}


@given(st.floats(-60, 60), st.floats(1, 500))
def test_tail_is_scipys(t: float, df: float) -> None:
    assert t_upper_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-9, abs=1e-13)


@given(st.floats(0.001, 0.999), st.floats(1, 500))
def test_quantile_is_scipys(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-8, abs=1e-9)


@given(st.lists(st.floats(0, 1), max_size=40))
def test_adjusted_p_values_are_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="fdr_bh")[1] if p_values else []
    assert benjamini_hochberg(p_values) == pytest.approx(list(expected), abs=1e-12)


# Millionths: scipy has no answer where the square of a variance is too small for a number.
LOGS = st.integers(-3_000_000, 3_000_000).map(lambda millionths: millionths / 1e6)


@given(st.lists(LOGS, min_size=5, max_size=5, unique=True), st.lists(LOGS, min_size=5, max_size=5, unique=True))
def test_one_group_of_days_is_welchs_t(base: list[float], head: list[float]) -> None:
    """Five workdays against five: the baseline has one of each weekday, so there is nothing to take out."""
    change = change_of_days(days(base), days(head, MONDAY + timedelta(days=7)))
    assert change is not None
    expected = stats.ttest_ind(head, base, equal_var=False, alternative="greater")
    assert change.p_rise == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)
    assert change.df == pytest.approx(expected.df, rel=1e-6)
    interval = stats.ttest_ind(head, base, equal_var=False).confidence_interval(0.95)
    assert change.interval() == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


def test_days_that_hardly_differ_have_their_degrees_of_freedom() -> None:
    change = change_of_days(days([0.0, 5e-114, 0.0, 5e-114, 0.0]), days([0.0, 5e-114, 0.0, 5e-114, 0.0], MONDAY + timedelta(days=7)))
    assert change is not None
    assert change.df == pytest.approx(8)


def test_weekday_effects_of_the_baseline_are_taken_out() -> None:
    """A quiet weekend is no improvement, and a head of weekend days only is set against weekends."""
    week = [1.0, 1.02, 0.98, 1.01, 0.99, 0.3, 0.32]
    change = change_of_days(days(week * 4), days([0.3, 0.31], MONDAY + timedelta(days=33)))
    assert change is not None
    assert change.log == pytest.approx(-0.005)
    whole = change_of_days(days(week * 3), days([v + 0.1 for v in week], MONDAY + timedelta(days=21)))
    assert whole is not None
    assert whole.log == pytest.approx(0.1)
    assert whole.error == pytest.approx(0)


@pytest.mark.parametrize(("base_days", "head_days"), [(14, 7), (14, 5), (21, 7), (35, 5)])
def test_the_stated_error_is_the_real_one(base_days: int, head_days: int) -> None:
    """Over many logs without a change, the variance stated is the variance seen, and 95% intervals hold no change 95% of the time."""
    rng = random.Random(base_days * 100 + head_days)  # noqa: S311
    week = [0.1, 0.0, 0.02, -0.01, 0.05, -0.4, -0.5]

    def noisy(first: int, count: int) -> dict[date, float]:
        # weekend days alike, as far as two weeks of baseline can tell
        level = week if base_days >= 21 else [0.0] * 5 + [-0.4] * 2
        return days([level[n % 7] + rng.gauss(0, 0.08) for n in range(first, first + count)], MONDAY + timedelta(days=first))

    changes = [change_of_days(noisy(0, base_days), noisy(base_days, head_days)) for _ in range(4000)]
    logs = [c.log for c in changes if c is not None]
    mean = math.fsum(logs) / len(logs)
    seen = math.fsum((v - mean) ** 2 for v in logs) / len(logs)
    stated = math.fsum(c.error**2 for c in changes if c is not None) / len(logs)
    assert len(logs) == 4000
    assert mean == pytest.approx(0, abs=0.004)
    assert stated == pytest.approx(seen, rel=0.08)
    holds = sum(c.interval()[0] <= 0 <= c.interval()[1] for c in changes if c is not None) / len(logs)
    assert 0.935 <= holds <= 0.965


@pytest.mark.parametrize("gap", [0, 30])
def test_a_step_is_what_lies_beyond_the_baselines_trend(gap: int) -> None:
    """As often as it says; the prediction is that of statsmodels' least squares."""
    rng = random.Random(3)  # noqa: S311
    holds = 0
    for _ in range(2000):
        values = [0.02 * n + rng.gauss(0, 0.1) for n in range(21)]
        step = step_of_days(days(values[:14]), days(values[14:], MONDAY + timedelta(days=14 + gap)))
        assert step is not None
        low, high = step.interval()
        holds += low <= 0 <= high
    assert 0.93 <= holds / 2000 <= 0.97
    exact = step_of_days(days([0.1 * n for n in range(14)]), days([0.1 * n + 1 for n in range(14, 21)], MONDAY + timedelta(days=14 + gap)))
    assert exact is not None
    assert exact.log == pytest.approx(1)
    flat = stats.linregress(range(14), values[:14])
    assert step.log == pytest.approx(math.fsum(values[14:]) / 7 - (flat.intercept + flat.slope * 17))
    assert step_of_days(days([1.0, 1.0]), days([1.0, 1.0])) is None


def test_one_day_says_nothing_and_no_noise_is_no_division_by_zero() -> None:
    assert change_of_days(days([1.0]), days([1.0, 2.0])) is None
    flat = change_of_days(days([1.0] * 14), days([1.5] * 7, MONDAY + timedelta(days=14)))
    assert flat is not None
    assert (flat.interval(), flat.p_rise) == ((0.5, 0.5), 0.0)
