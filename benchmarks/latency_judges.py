"""What the rules of step 3 say of a made log, held against what no log tells: one function a question, one tally an answer."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from infercheck import diagnose, pools, rulebook
from infercheck.engine.duckdb import Engine, quoted
from latency_log import Truth, identity
from latency_world import Job, Served

RULES = ("cold_start", "background_slows_interactive", "queueing_onset")
# The floors that the rules state for themselves: what lies below is not theirs to find, and what they claim must lie above.
COLD_RATIO, COLD_MS = 2.0, 500.0
SLOWED = 0.1
CLEARLY = 2.0  # the lower bound must exceed the floor, so an effect counts for recall from twice the floor on
TOLERANCE = 0.2  # of a foretold p95
MIN_CALLS = 20
MIN_RUNS = 3  # one or two may have met a slow moment by chance


@dataclass
class Tally:
    """Claims that are right, claims, things to find, found ones, and what was claimed and true in milliseconds of those that are right."""

    right: int = 0
    claims: int = 0
    found: int = 0
    wanted: int = 0
    ratios: list[float] = field(default_factory=list)
    claimed_ms: float = 0.0
    true_ms: float = 0.0
    all_ms: float = 0.0  # the same over all calls, those of which the rule does not speak included
    notes: list[str] = field(default_factory=list)
    near: int = 0  # things between the floor and what is clearly above it, and found ones
    near_found: int = 0
    shown: list[str] = field(default_factory=list)  # rows of a table
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def precision(self) -> float | None:
        """Right claims over claims."""
        return self.right / self.claims if self.claims else None

    @property
    def recall(self) -> float | None:
        """Found over things to find."""
        return self.found / self.wanted if self.wanted else None

    @property
    def effect(self) -> float | None:
        """Milliseconds claimed over true ones."""
        return self.claimed_ms / self.true_ms if self.true_ms else None


Tallies = dict[str, Tally]


def claims_of(engine: Engine, rule: str) -> dict[str, float]:
    """Milliseconds by call."""
    return dict(
        engine.rows(
            "SELECT c.source_call_id, sum(k.waste_ms) FROM claims k JOIN calls c ON c.call_id = k.call_id WHERE k.rule = ? GROUP BY ALL",
            [rule],
        )
    )


def judge(truth: Truth, engine: Engine, tallies: Tallies) -> None:
    """Hold one log against its truth."""
    classes = dict(engine.rows("SELECT workload, class FROM workloads"))
    judge_classes(truth, classes, tallies["classes"])
    judge_cold(truth, truth.unbooted(), claims_of(engine, "cold_start"), tallies["cold_start"])
    alone = truth.alone([j.name for j in truth.world.jobs if j.background and classes.get(j.name) == "background"])
    judge_mixing(truth, classes, alone, engine, tallies)
    judge_knee(truth, engine, tallies["queueing_onset"])
    judge_separation(truth, classes, alone, engine, tallies["separation"])


def judge_classes(truth: Truth, classes: dict[str, str], tally: Tally) -> None:
    """Workloads called interactive or background; unknown is no claim."""
    for job in truth.world.jobs:
        told = classes.get(job.name)
        if told is None:
            continue
        real = "background" if job.background else "interactive"
        tally.wanted += 1
        tally.found += told == real
        tally.claims += told != "unknown"
        tally.right += told == real
        if told not in ("unknown", real):
            tally.notes.append(f"seed {truth.world.seed}: {job.name} ({job.shape}) is called {told}")


def judge_cold(truth: Truth, warm: dict[str, float], claims: dict[str, float], tally: Tally) -> None:
    """Boots. The one that opens the log of a deployment is left out: how long nothing ran before it is unknown."""
    for place in truth.world.places:
        calls = sorted(truth.served[place.name], key=lambda s: s.start)
        first = calls[0].start if calls else 0.0
        boots = [b for b in truth.boots if b.place == place.name and b.start > first + 1]
        stray = [s for s in calls if identity(s) in claims and not s.boot and not any(b.start <= s.start <= b.end + 5 for b in boots)]
        for boot in boots:
            cohort = [s for s in calls if s.boot and boot.start - 6 <= s.start <= boot.end]
            told = [s for s in cohort if identity(s) in claims]
            # The floors as an excess over the warm wait: half a second, and as long again.
            over = (
                max(1000 * s.boot / max(COLD_MS, 1000 * (COLD_RATIO - 1) * (s.first - s.start - s.boot)) for s in cohort) if cohort else 0.0
            )
            tally.wanted += over >= CLEARLY
            tally.found += over >= CLEARLY and bool(told)
            tally.near += 1 <= over < CLEARLY
            tally.near_found += 1 <= over < CLEARLY and bool(told)
            tally.claims += bool(told)
            tally.right += bool(told)
            if told:
                true = sum(s.first - s.start - warm[identity(s)] for s in cohort if identity(s) in warm)
                _add_effect(tally, sum(claims[identity(s)] for s in told), 1000 * true)
        episodes = 0
        for before, s in zip([None, *stray[:-1]], stray, strict=True) if stray else ():
            episodes += before is None or s.start - before.start > 30
        tally.claims += episodes
        if episodes:
            tally.notes.append(f"seed {truth.world.seed}: {episodes} strays on {place.name} at {[round(s.start) for s in stray[:3]]}")


def _add_effect(tally: Tally, claimed: float, true: float) -> None:
    tally.claimed_ms += claimed
    tally.true_ms += true
    if true > 0:
        tally.ratios.append(claimed / true)


def judge_mixing(truth: Truth, classes: dict[str, str], alone: dict[str, float], engine: Engine, tallies: Tallies) -> None:
    """Interactive workloads on deployments with jobs, as far as both are known for what they are: by pair, and by run of the jobs."""
    known = [j for j in truth.world.jobs if j.background and classes.get(j.name) == "background"]
    claims, spoken_of = claims_of(engine, "background_slows_interactive"), _exposed(engine)
    for job in truth.world.jobs:
        jobs = [j for j in known if j.place is job.place]
        if classes.get(job.name) != "interactive" or not jobs:
            continue
        calls = [_Seen(s, identity(s), alone) for s in truth.served[job.place.name] if s.call.key[0] == job.name]
        runs = _runs(jobs, truth.served[job.place.name])
        by_run = _by_run(calls, runs)
        met = [s for group in by_run for s in group]
        told = [s for s in calls if s.id in claims]
        slowed = _slowed(met)
        enough = len(runs) >= MIN_RUNS and min(len(met), len(calls) - len(met)) >= MIN_CALLS
        pair = tallies["pairs slowed by jobs"]
        if enough and slowed < SLOWED / 10:
            tallies["placebo pairs"].wanted += 1
            tallies["placebo pairs"].found += bool(told)
        pair.wanted += enough and slowed >= CLEARLY * SLOWED
        pair.found += enough and slowed >= CLEARLY * SLOWED and bool(told)
        pair.near += enough and SLOWED <= slowed < CLEARLY * SLOWED
        pair.near_found += enough and SLOWED <= slowed < CLEARLY * SLOWED and bool(told)
        pair.claims += bool(told)
        pair.right += bool(told) and slowed >= SLOWED
        claimed, true = sum(claims[s.id] for s in told), 1000 * sum(s.delay for s in calls if s.id in spoken_of)
        if told:
            _add_effect(pair, claimed, true)
            pair.all_ms += 1000 * sum(s.delay for s in calls)
        pair.notes.append(
            f"seed {truth.world.seed}: {job.name} ({job.shape}) beside {'+'.join(j.shape for j in jobs)} on {job.place.name} of {job.place.slots}: "
            f"slowed {slowed:.0%} over {len(met)} of {len(calls)} calls, {len(runs)} runs, "
            + (f"claimed {claimed / true if true else 0:.2f} of {true:.0f} ms" if told else "silent")
        )
        _judge_runs(tallies["runs that slow"], by_run, claims, enough)


def _exposed(engine: Engine) -> set[str]:
    """The calls that the rule's statement counts: exposed ones of a kind of which there are unexposed ones; from its own subqueries."""
    rule = rulebook.load().rules["background_slows_interactive"]
    sql = diagnose.Views(engine, rulebook.load(), {}).prepare(rule.file, rule.params())
    last = sql.rindex(chr(10) + "SELECT")
    return {row[0] for row in engine.rows(f"{sql[:last]} SELECT c.source_call_id FROM claimed k JOIN calls c ON c.call_id = k.call_id")}


def _judge_runs(tally: Tally, by_run: Sequence[Sequence[_Seen]], claims: dict[str, float], enough: bool) -> None:
    """A run is said to slow people where what is claimed of its calls is, on average, as large as the rule's own floor."""
    for group in by_run:
        hurt, said = _slowed(group), sum(claims.get(s.id, 0.0) for s in group) / 1000
        named = said >= SLOWED * sum(s.wait - s.delay for s in group)
        tally.wanted += enough and hurt >= CLEARLY * SLOWED
        tally.found += enough and hurt >= CLEARLY * SLOWED and named
        tally.claims += named
        tally.right += named and hurt >= SLOWED


class _Seen:
    """A person's call: when it came, what it waited, and how much of that the jobs cost it, seconds."""

    def __init__(self, served: Served, identity: str, alone: dict[str, float]) -> None:
        self.id, self.start, self.wait = identity, served.start, served.first - served.start
        self.delay = self.wait - alone[identity] if identity in alone else 0.0  # an agent's step that was not taken without them


def _by_run(calls: Iterable[_Seen], runs: Sequence[tuple[float, float]]) -> list[list[_Seen]]:
    """The calls that came during each run, or within 5 s."""
    starts = [start for start, _ in runs]
    groups: list[list[_Seen]] = [[] for _ in runs]
    for s in calls:
        nth = bisect.bisect_right(starts, s.start) - 1
        if nth >= 0 and s.start <= runs[nth][1] + 5:
            groups[nth].append(s)
    return [group for group in groups if group]


def _runs(jobs: Sequence[Job], served: Iterable[Served]) -> list[tuple[float, float]]:
    """Stretches in which a job's calls start at least every 5 s or are in flight."""
    names = {j.name for j in jobs}
    found: list[tuple[float, float]] = []
    for s in sorted((s for s in served if s.call.key[0] in names), key=lambda s: s.start):
        if found and s.start <= found[-1][1] + 5:
            found[-1] = (found[-1][0], max(found[-1][1], s.end))
        else:
            found.append((s.start, s.end))
    return found


def _slowed(calls: Sequence[_Seen]) -> float:
    """Mean delay by the jobs over the mean wait without them."""
    delay, wait = sum(s.delay for s in calls), sum(s.wait for s in calls)
    return delay / (wait - delay) if calls else 0.0


def judge_knee(truth: Truth, engine: Engine, tally: Tally) -> None:
    """Brackets: calls in flight beside a call's own, so the true one is the number of slots: with as many others it is the first to wait."""
    said = {
        row[0]: (row[1], row[2])
        for row in engine.rows(f"SELECT DISTINCT subject, still_idle_at, waiting_from FROM {quoted('evidence_queueing_onset')}")
    }
    for place in truth.world.places:
        waiting = sum(s.waited - s.boot > 0.05 for s in truth.served[place.name])
        tally.wanted += waiting >= MIN_CALLS
        tally.found += waiting >= MIN_CALLS and place.name in said
        if place.name in said:
            low, high = said[place.name]
            tally.claims += 1
            tally.right += low <= place.slots <= high
            tally.ratios.append(high / max(low, 1))
            tally.notes.append(f"seed {truth.world.seed}: {place.name} has {place.slots} slots, bracket {low} to {high}")


def judge_separation(truth: Truth, classes: dict[str, str], alone: dict[str, float], engine: Engine, tally: Tally) -> None:
    """People's p95 without the jobs, as foretold and as it truly is for the same calls."""
    found = pools.separations(engine)
    people = {name for name, told in classes.items() if told == "interactive"}
    for told in found:
        tally.wanted += 1
        where = f"seed {truth.world.seed}: {told.deployment} without {'+'.join(told.jobs)}"
        if told.after is None or not told.after.p95_ms:
            tally.refused[_reason(told.why_not)] += 1
            tally.notes.append(f"{where}: {told.why_not}, {told.servers} servers, foretold {told.foretold}, happened {told.happened}")
            continue
        served = truth.served[told.deployment]
        runs = _runs([j for j in truth.world.jobs if j.name in told.jobs], served)
        during = [s for group in _by_run([_Seen(s, identity(s), alone) for s in served if s.call.key[0] in people], runs) for s in group]
        true = 1000 * quantiles([s.wait - s.delay for s in during], n=20)[-1]
        tally.found += 1
        tally.claims += 1
        tally.right += abs(told.after.p95_ms / true - 1) <= TOLERANCE
        tally.ratios.append(told.after.p95_ms / true)
        slots = next(p.slots for p in truth.world.places if p.name == told.deployment)
        tally.shown.append(
            f"| {truth.world.seed} | {told.deployment} | {told.seen.p95_ms:,.0f} ms | {told.after.p95_ms:,.0f} ms | {true:,.0f} ms "
            f"| {told.after.p95_ms / true - 1:+.1%} | {told.servers} of {slots} |"
        )


def _reason(why_not: str) -> str:
    """Without the names and numbers of one log."""
    if "no worker pool" in why_not:
        return "a job that is no worker pool"
    return "too few calls" if why_not.startswith("fewer than") else why_not.partition(":")[0]
