"""How often the gate fails when nothing changed, and how often when something did: seeded logs whose truth is known. Writes GATE.md.

    python benchmarks/gate_power.py [--reps N] [-o FILE]

Exit 1 if a bound is broken. The gate's own code judges (infercheck.gate.days); only the logs are made, already summed by day and stratum.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from infercheck.gate import days
from infercheck.model.gate import Check, Stratum
from infercheck.model.gating import GateSettings
from infercheck.model.snapshot import Durations, Outcomes, Prices, Snapshot

MONDAY = date(2026, 9, 7)
SEED = 20260907
MAX_FALSE_ALARMS = 0.02
MIN_POWER = 0.85
NAIVE = 1.10  # "up 10%"

# Eight strata: outcomes on a workday, and USD an outcome. Four workloads on two models each.
VOLUMES = np.array([2000, 1200, 800, 500, 300, 200, 120, 60])
COSTS = np.array([0.004, 0.02, 0.002, 0.01, 0.03, 0.006, 0.05, 0.015])
SUCCESS = 0.97
TAIL = 1.25  # sigma of an outcome's lognormal cost: its SD is twice its mean, its p99 is eighteen times its median
WEEKEND, MONDAYS = 0.35, 1.1  # traffic
CHEAP_WEEKEND, DEAR_FRIDAY = -0.08, 0.03  # cost of an outcome, log
GROWTH = 0.008  # of traffic a day
TRAFFIC_SD = 0.10  # of a day's traffic
DRIFT = 0.3  # SD of the logarithmic change of a stratum's share of traffic between the middle of the log and either end
POOL = 10_000_000


@dataclass(frozen=True)
class Case:
    """One kind of log. ``volume`` times VOLUMES outcomes; ``only`` is the stratum that changes, None for all of them."""

    head_days: int = 7
    sd: float = 0.08
    effect: float = 0.0
    base_days: int = 14
    volume: float = 4.0
    own_days: bool = False
    only: int | None = None
    latency: bool = False
    min_days: int = 5


@dataclass(frozen=True)
class Rates:
    """Shares of the logs on which each gate failed."""

    gate: float
    together: float
    strata: float
    latency: float
    inconclusive: float
    spend: float
    per_request: float


@functools.cache
def pool() -> np.ndarray:
    """Running sums of outcomes' costs relative to their mean: a slice of n is n independent outcomes."""
    drawn = np.random.default_rng(SEED).lognormal(-(TAIL**2) / 2, TAIL, POOL)
    return np.concatenate([[0.0], np.cumsum(drawn / drawn.mean())])


def simulate(case: Case, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, successes and USD by day and stratum: the baseline's days, then the head's."""
    n, strata = case.base_days + case.head_days, len(VOLUMES)
    day = np.arange(n)
    weekday = day % 7
    traffic = np.where(weekday >= 5, WEEKEND, np.where(weekday == 0, MONDAYS, 1.0)) * np.exp(GROWTH * day + rng.normal(0, TRAFFIC_SD, n))
    drift = np.exp(rng.normal(0, DRIFT, strata) * (day[:, None] - n / 2) / (n / 2))
    outcomes = rng.poisson(case.volume * VOLUMES * drift * traffic[:, None])
    effects = rng.normal(0, case.sd, (n, strata)) if case.own_days else np.repeat(rng.normal(0, case.sd, n)[:, None], strata, axis=1)
    level = np.log(COSTS) + np.where(weekday >= 5, CHEAP_WEEKEND, np.where(weekday == 4, DEAR_FRIDAY, 0.0))[:, None] + effects
    changed = slice(None) if case.only is None else case.only
    level[case.base_days :, changed] += math.log1p(case.effect)
    start = rng.integers(0, POOL - outcomes.max(), outcomes.shape)
    usd = (pool()[start + outcomes] - pool()[start]) * np.exp(level)
    return outcomes, rng.binomial(outcomes, SUCCESS), usd


def durations(case: Case, rng: np.random.Generator, first: int, count: int) -> list[Durations]:
    """Four interactive workloads with day effects of their own cause: p50 and p95 move together, and each a little by itself."""
    rows = []
    for n in range(first, first + count):
        slow = rng.normal(0, case.sd)
        for workload in range(4):
            p50, p95 = (1500 * math.exp(slow + rng.normal(0, 0.02)), 6000 * math.exp(slow + rng.normal(0, 0.04)))
            rows.append(
                Durations(day=MONDAY + timedelta(days=n), workload=f"w{workload}", klass="interactive", units=500, p50_ms=p50, p95_ms=p95)
            )
    return rows


def snapshot(outcomes: np.ndarray, good: np.ndarray, usd: np.ndarray, first: int, waits: list[Durations]) -> Snapshot:
    """Some days of a simulated log, as the gate sees them."""
    rows = [
        Outcomes(
            day=MONDAY + timedelta(days=first + d), workload=f"w{s // 2}", model=f"m{s % 2}", team=None, outcomes=int(n), successes=int(good[d, s]),
            priced_outcomes=int(n), priced_successes=int(good[d, s]), spend_usd=Decimal(repr(float(usd[d, s]))),
        )
        for (d, s), n in np.ndenumerate(outcomes) if n
    ]  # fmt: skip
    start, end = MONDAY + timedelta(days=first), MONDAY + timedelta(days=first + len(outcomes) - 1)
    return Snapshot(
        cost_basis="logged", prices=Prices(list_version="made"), salt="made", start=datetime.combine(start, time()),
        end=datetime.combine(end, time(23, 59)), success_known=True, outcomes=rows, durations=waits,
    )  # fmt: skip


def judge(case: Case, rng: np.random.Generator) -> tuple[list[Check], bool, bool]:
    """The gate's checks on one log; whether spend a day is up 10%; whether cost per request is."""
    outcomes, good, usd = simulate(case, rng)
    cut = case.base_days
    sides = [
        snapshot(outcomes[part], good[part], usd[part], first, durations(case, rng, first, count) if case.latency else [])
        for part, first, count in ((slice(cut), 0, cut), (slice(cut, None), cut, case.head_days))
    ]
    checks, _ = days.compare(*sides, GateSettings(min_days=case.min_days))
    a_day = usd[cut:].sum() / case.head_days > NAIVE * usd[:cut].sum() / cut
    a_request = usd[cut:].sum() / outcomes[cut:].sum() > NAIVE * usd[:cut].sum() / outcomes[:cut].sum()
    return checks, bool(a_day), bool(a_request)


def rates(case: Case, reps: int) -> Rates:
    """The same seed for every case: cases that differ in one thing see the same logs."""
    rng = np.random.default_rng(SEED)
    seen = []
    for _ in range(reps):
        checks, spend, per_request = judge(case, rng)
        failed = [c for c in checks if c.verdict == "fail" and c.severity == "error"]
        cost = [c for c in failed if c.rule == "cost_per_success"]
        whole = next(c for c in checks if c.rule == "cost_per_success" and c.stratum == Stratum())
        seen.append(
            (bool(failed), any(c.stratum == Stratum() for c in cost), any(c.stratum != Stratum() for c in cost),
             any(c.rule.startswith("latency") for c in failed), whole.verdict == "inconclusive", spend, per_request)
        )  # fmt: skip
    return Rates(*(sum(column) / reps for column in zip(*seen, strict=True)))


def cell(share: float) -> str:
    return f"{100 * share:.1f}%"


def margin(share: float, reps: int) -> str:
    """Half the 95% interval of a share, in points."""
    return f"{196 * math.sqrt(share * (1 - share) / reps):.1f}"


def table(cases: Sequence[tuple[str, Case]], reps: int, *, naive: bool = True) -> tuple[list[str], list[Rates]]:
    """One row a case."""
    head = ["log", "change", "gate fails", "by all together", "by a stratum", "inconclusive"]
    head += ["total spend up 10%", "cost per request up 10%"] if naive else []
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    found = []
    for name, case in cases:
        r = rates(case, reps)
        found.append(r)
        cells = [name, f"{100 * case.effect:+.0f}%" if case.effect else "none", f"**{cell(r.gate)}**"]
        cells += [cell(r.together), cell(r.strata), cell(r.inconclusive)]
        cells += [cell(r.spend), cell(r.per_request)] if naive else []
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    return lines, found


def report(reps: int) -> tuple[str, list[str]]:
    """The page, and the bounds that are broken."""
    quiet, risen = Case(), Case(effect=0.15)
    main, (calm, power, *_) = table([("7 days, SD 8%", quiet), ("7 days, SD 8%", risen)], 2 * reps)
    cases = [
        (f"{days_} days, SD {100 * sd:.0f}%", Case(head_days=days_, sd=sd, effect=effect))
        for days_ in (7, 5, 3) for sd in (0.08, 0.15) for effect in (0.0, 0.10, 0.15, 0.30)
    ]  # fmt: skip
    whole, _ = table(cases, reps)
    three, _ = table(
        [
            (f"3 days, SD {100 * sd:.0f}%, judged all the same", Case(head_days=3, sd=sd, effect=effect, min_days=3))
            for sd in (0.08, 0.15)
            for effect in (0.0, 0.15, 0.30)
        ],
        reps,
        naive=False,
    )  # fmt: skip
    others, _ = table(
        [
            (name, replace(case, effect=effect))
            for name, case in (
                ("5,180 outcomes a workday instead of 20,720", Case(volume=1.0)),
                ("51,800 outcomes a workday", Case(volume=10.0)),
                ("every stratum has its own day effects", Case(own_days=True)),
                ("21 days of baseline", Case(base_days=21)),
                ("28 days of baseline, SD 15%", Case(base_days=28, sd=0.15)),
            )
            for effect in (0.0, 0.15)
        ],
        reps,
        naive=False,
    )
    single, _ = table(
        [
            (f"stratum {only + 1} of 8 ({share:.0%} of spend) alone", Case(only=only, effect=effect))
            for only in (1, 6)
            for share in [float((VOLUMES * COSTS)[only] / (VOLUMES * COSTS).sum())]
            for effect in (0.15, 0.30, 0.50)
        ],
        reps,
    )
    waits, (with_waits,) = table([("7 days, SD 8%, with p50 and p95 of four interactive workloads", Case(latency=True))], reps, naive=False)
    broken = []
    if calm.gate > MAX_FALSE_ALARMS:
        broken.append(f"false alarms {cell(calm.gate)}, more than {cell(MAX_FALSE_ALARMS)}")
    if power.gate < MIN_POWER:
        broken.append(f"power at +15% {cell(power.gate)}, less than {cell(MIN_POWER)}")
    page = f"""# When the gate fails

Made by `make gate-power` (`python benchmarks/gate_power.py`) on logs whose truth is known; seed {SEED}, {2 * reps:,} logs for each row
of the first table and {reps:,} for the others, so that there a share of 2% is known to within {margin(0.02, reps)} points and one of 85% to
within {margin(0.85, reps)}.

A log has eight strata (workload and model) with 20,720 outcomes on a workday, from 240 to 8,000 a stratum. An outcome's cost is lognormal
with an SD of twice its mean; 97% succeed. Weekends have 35% of the traffic and cost 8% less an outcome, Fridays cost 3% more. Traffic grows
by {100 * GROWTH:.1f}% a day with an SD of 10%. Each stratum's share drifts (SD 30% from the middle of the log to its ends). Every day has an
effect of its own on the cost of an outcome, the same for all strata unless the row says otherwise: the hardest case, since it does not average
out. The baseline has 14 days. Beside the gate stand two simpler ones: total spend a day up 10%, and cost per request up 10%.

## The bounds

At most {cell(MAX_FALSE_ALARMS)} may fail without a change, at least {cell(MIN_POWER)} at +15%, over 7 head days and 14 baseline days with day
effects of SD 8%.

{chr(10).join(main)}

## Fewer days, louder days

{chr(10).join(whole)}

Under 5 days the gate says inconclusive, whatever it sees; with `min_days = 3` it would have been:

{chr(10).join(three)}

A rise of 10% is at the gate's own threshold: it fails on about half of them at best, by design.

## Other logs

7 days, SD 8%, 14 days of baseline unless the row says otherwise.

{chr(10).join(others)}

## One stratum alone

{chr(10).join(single)}

A single stratum must be clear enough to stand out among eight. A rise of 15% in one of them mostly passes in its first week.

## With latency

{chr(10).join(waits)}

Failed by a latency check: {cell(with_waits.latency)}.
"""
    return page, broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=1000)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_name("GATE.md"))
    args = parser.parse_args()
    page, broken = report(args.reps)
    args.output.write_text(page, encoding="utf-8")
    for line in broken:
        print(f"BOUND BROKEN: {line}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
