"""The arithmetic of a change: log ratios of days with weekday effects, Welch's t, and Benjamini-Hochberg. Plain numbers in, plain numbers out.

The tests hold each function against scipy or statsmodels; neither is needed at run time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

CONFIDENCE = 0.95
WEEKDAYS_FROM = 3  # of a weekday in the baseline: with two, its own mean costs more in noise than it takes out
KINDS_FROM = 2  # workdays and weekend days likewise: one weekend day says nothing about weekends
_TINY = 1e-300
Grouping = Callable[[date], int]


@dataclass(frozen=True)
class Change:
    """A change of a logarithm: 0 is no change, 0.0953 is +10%."""

    log: float
    error: float
    df: float

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Two-sided, on the logarithm."""
        reach = self.error * t_quantile(0.5 + confidence / 2, self.df) if self.error else 0.0
        return self.log - reach, self.log + reach

    @property
    def p_rise(self) -> float:
        """One-sided: how often chance alone would show such a rise or a larger one."""
        if not self.error:
            return 0.0 if self.log > 0 else 1.0
        return t_upper_tail(self.log / self.error, self.df)


def percent(log: float) -> float:
    """A change of a logarithm as percent; beyond what a float holds it is infinite."""
    return math.expm1(log) * 100 if log < 700 else math.inf


def change_of_days(base: Mapping[date, float], head: Mapping[date, float]) -> Change | None:
    """The mean change of daily logarithms, the baseline's weekday effects taken out, with Welch's error and degrees of freedom.

    Each day of the head is set against the baseline's mean of the same group of weekdays. Two spreads make the error: that of these differences
    over the head, and that of the baseline within its groups, each with its own degrees of freedom (Welch 1947, Satterthwaite 1946). With one group
    it is the ordinary Welch t test. None where either side has fewer than two days.
    """
    if len(base) < 2 or len(head) < 2:
        return None
    group = _grouping(base, head)
    groups = {key: [base[day] for day in days] for key, days in groupby(sorted(base, key=group), key=group)}
    means = {key: math.fsum(values) / len(values) for key, values in groups.items()}
    differences = [value - means[group(day)] for day, value in head.items()]
    n = len(differences)
    mean = math.fsum(differences) / n
    spread = math.fsum((d - mean) ** 2 for d in differences) / (n - 1)
    within = math.fsum((v - means[key]) ** 2 for key, values in groups.items() for v in values)
    free = len(base) - len(groups)
    base_spread = within / free if free else 0.0
    # The head's differences share the noise of the group means they are taken against: what of it they show among themselves is already
    # in their spread, and only the rest is added.
    met = Counter(map(group, head))
    shared = math.fsum((count / n) ** 2 / len(groups[key]) for key, count in met.items())
    shown = (math.fsum(count / len(groups[key]) for key, count in met.items()) / n - shared) / (n - 1)
    parts = [(spread / n, n - 1), (base_spread * max(shared - shown, 0.0), free)]
    return welch(mean, parts)


def step_of_days(base: Mapping[date, float], head: Mapping[date, float]) -> Change | None:
    """What the head's mean lies beyond the baseline's own trend, a straight line through its days in order: a steady drift is no step.

    The days are numbered through, so that a gap between the two logs is no longer drift. The error is that of the line at the middle of the head,
    and the head's spread. None where the baseline has fewer than three days or the head fewer than two.
    """
    n, m = len(base), len(head)
    if n < 3 or m < 2:
        return None
    values = [base[day] for day in sorted(base)]
    places = [place - (n - 1) / 2 for place in range(n)]
    about = math.fsum(place**2 for place in places)
    before, now = math.fsum(values) / n, math.fsum(head.values()) / m
    slope = math.fsum(place * value for place, value in zip(places, values, strict=True)) / about
    residual = math.fsum((value - before - slope * place) ** 2 for place, value in zip(places, values, strict=True)) / (n - 2)
    spread = math.fsum((value - now) ** 2 for value in head.values()) / (m - 1)
    ahead = (n + m) / 2  # days from the middle of the baseline to that of the head
    return welch(now - before - slope * ahead, [(residual * (1 / n + ahead**2 / about), n - 2), (spread / m, m - 1)])


def welch(log: float, parts: Sequence[tuple[float, float]]) -> Change:
    """A change whose error has independent parts, each a variance with its degrees of freedom (Satterthwaite 1946)."""
    known = [(variance, df) for variance, df in parts if variance > 0 and df > 0]
    total = math.fsum(variance for variance, _ in known)
    if total <= 0:
        return Change(log, 0.0, 1.0)
    return Change(log, math.sqrt(total), 1 / math.fsum((variance / total) ** 2 / df for variance, df in known))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given (Benjamini and Hochberg 1995)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    adjusted = [1.0] * len(p_values)
    least = 1.0
    for rank, index in zip(range(len(order), 0, -1), order, strict=True):
        least = min(least, p_values[index] * len(order) / rank)
        adjusted[index] = least
    return adjusted


def t_upper_tail(t: float, df: float) -> float:
    """P(T > t) of Student's t."""
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    whole = df + t * t
    half = 0.5 * _incomplete_beta(df / 2, 0.5, df / whole, t * t / whole)
    return half if t >= 0 else 1 - half


def t_quantile(p: float, df: float) -> float:
    """The value that Student's t exceeds with probability 1 - p; p between 0 and 1."""
    if p < 0.5:
        return -t_quantile(1 - p, df)
    # Newton from 0: the tail is convex there, so that no step goes beyond the root.
    scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    x = 0.0
    for _ in range(200):
        density = math.exp(scale - (df + 1) / 2 * math.log1p(x * x / df))
        step = (t_upper_tail(x, df) - (1 - p)) / density
        x += step
        if abs(step) <= 1e-14 * max(x, 1.0):
            break
    return x


def _grouping(base: Mapping[date, float], head: Mapping[date, float]) -> Grouping:
    """The finest division of days that the baseline knows well enough: weekdays, workdays and weekends, or none."""
    for divide, least in ((_weekday, WEEKDAYS_FROM), (_weekend, KINDS_FROM)):
        seen = Counter(map(divide, base))
        if all(seen[divide(day)] >= least for day in head):
            return divide
    return lambda day: 0


def _weekday(day: date) -> int:
    return day.weekday()


def _weekend(day: date) -> int:
    return int(day.weekday() >= 5)


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function by Lentz's continued fraction (DLMF 8.17.22); ``rest`` is 1 - x, given so that none of it is lost."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, rest, x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)) / a
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            value *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return front * value


def _away(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
