"""A deployment replayed with its worker pools as closed loops: what people would wait if the jobs ran elsewhere.

A worker takes its next item when its last is done, so a slower deployment is asked less: replayed as a fixed list of arrivals, one server more
or less would decide between no queue and an endless one. So each job is as many workers as it kept in flight, and a call's service is what it takes
on a quiet deployment: a first-token time of its size there, and its output tokens at the pace there, never what it took in a rush. The number of
servers is fitted on every other run of the jobs. Only if the replay then foretells p50 and p95 of the runs it has not seen is it believed.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log
from statistics import median

from infercheck.engine.duckdb import Engine
from infercheck.model.simulation import Separation, Waits

VIEWS = ("ttft_baseline", "concurrency", "priced_calls")  # what a replay reads
TOLERANCE = 0.2  # p50 and p95 of the unseen runs must be foretold as well as that
MARGIN = 0.05  # a median of a hundred quiet calls is known no better
MIN_CALLS = 100  # people's calls in each half of the runs: a p95 of fewer hangs on fewer than five of them
MIN_QUIET = 100  # quiet calls that tell what service takes, for the same reason: without a queue the p95 is theirs
MOST_CALLS = 20_000  # replayed of each half: enough for its quantiles, and seconds however long the log
PAUSE_S, SLOW_START = 5, 2.0  # as in cold_start: shorter pauses unload nothing, and a boot takes as long as a call's own wait again
PLATEAU = 0.9  # as in workload_behaviour: a pool keeps its last tenth in flux
PLATEAU_SHARE = 0.5
LEAD_S = 120  # replayed before a run, so that it begins with the queue that it met
_GOLDEN = 0.6180339887498949  # steps of it fill 0 to 1 evenly: quiet waits are dealt out without a draw


@dataclass
class Call:
    """One call: when it came (s), what it is, and in a replay its service. ``job`` is the pool of which it is a worker's item: what is left of an
    earlier run is background and no item. ``after`` is the call of its unit that it waited for, ``pause`` how long its caller then took."""

    id: int
    start: float
    end: float
    ttft: float | None
    person: bool
    background: bool
    job: str | None
    size: tuple[str, int]
    output: int
    unit: int
    first_s: float = 0.0
    decode_s: float = 0.0
    after: Call | None = None
    pause: float = 0.0


@dataclass
class Run:
    """A stretch of jobs: its calls from LEAD_S before it, the workers of each job and how long one takes between two items."""

    start: float
    end: float
    calls: list[Call]
    workers: dict[str, int] = field(default_factory=dict)
    think: dict[str, float] = field(default_factory=dict)

    @property
    def people(self) -> list[Call]:
        """Calls that somebody waited for while the jobs ran."""
        return [c for c in self.calls if c.person and c.ttft is not None and self.start <= c.start <= self.end]


def replayed(run: Run, servers: int, *, jobs: bool = True, work: float = 1.0) -> dict[int, float]:
    """Seconds to the first token of every call, with ``servers`` taking them first come first served; with or without the jobs.

    With ``work`` times as long a service, to see how much hangs on it.
    """
    callers = _Callers(run, jobs=jobs)
    waiting: deque[tuple[Call, float]] = deque()
    told: dict[int, float] = {}
    busy = 0
    while callers.events:
        now, _, arrived = heapq.heappop(callers.events)
        if arrived is None:
            busy -= 1
        else:
            waiting.append((arrived, now))
        while waiting and busy < servers:
            call, came = waiting.popleft()
            busy += 1
            told[call.id] = now - came + call.first_s
            callers.served(call, now + work * (call.first_s + call.decode_s))
    return told


class _Callers:
    """Who calls when: people at their time, an agent's step after the one before it, a worker's item after its last."""

    def __init__(self, run: Run, *, jobs: bool) -> None:
        self.events: list[tuple[float, int, Call | None]] = []  # time, tie-break, who comes; None: a server is free
        self._run, self._number = run, 0
        self._followers: dict[int, list[Call]] = defaultdict(list)
        self._items: dict[str, deque[Call]] = defaultdict(deque)
        free = dict(run.workers)
        for call in run.calls:
            if call.background and not jobs:
                continue
            if call.job is not None and not free[call.job]:
                self._items[call.job].append(call)
            elif call.after is not None:
                self._followers[call.after.id].append(call)
            else:
                self._come(call.start, call)
                if call.job is not None:
                    free[call.job] -= 1  # a worker's first item comes when it came

    def _come(self, at: float, call: Call | None) -> None:
        self._number += 1
        heapq.heappush(self.events, (at, self._number, call))

    def served(self, call: Call, done: float) -> None:
        """``call`` ends at ``done``: its server is free, and who waited for it goes on."""
        self._come(done, None)
        for follower in self._followers.pop(call.id, ()):
            self._come(done + follower.pause, follower)
        if call.job is not None and self._items[call.job]:
            self._come(done + self._run.think[call.job], self._items[call.job].popleft())


def separations(engine: Engine, scope: str | None = None) -> list[Separation]:
    """One for each deployment that jobs share with people, or those that ``scope`` (a workload or deployment) is on.

    Needs the views of ``VIEWS``.
    """
    shared = engine.rows(
        "SELECT c.deployment, count(*) FILTER (WHERE c.class = 'interactive') FROM concurrency c GROUP BY 1 "
        "HAVING count(*) FILTER (WHERE c.class = 'interactive') > 0 AND count(*) FILTER (WHERE c.class = 'background') > 0 "
        "AND (CAST(? AS VARCHAR) IS NULL OR c.deployment = ? OR bool_or(c.workload = ?)) ORDER BY 2 DESC, 1",
        [scope, scope, scope],
    )
    return [_separation(engine, deployment) for deployment, _ in shared]


def _separation(engine: Engine, deployment: str) -> Separation:
    named = engine.rows("SELECT DISTINCT workload FROM concurrency WHERE deployment = ? AND class = 'background' ORDER BY 1", [deployment])
    jobs = [row[0] for row in named]
    stretches = _stretches(engine, deployment)
    halves = [_half(engine, deployment, stretches[0::2]), _half(engine, deployment, stretches[1::2])]
    runs = [run for half in halves for run in half]
    met = [c for run in runs for c in run.people]
    seen = _waits([c.ttft for c in met if c.ttft is not None])

    told = Separation(deployment=deployment, jobs=jobs, runs=len(stretches), calls=len(met), seen=seen)

    def but(why_not: str) -> Separation:
        return told.model_copy(update={"why_not": why_not})

    if any(sum(len(run.people) for run in half) < MIN_CALLS for half in halves):
        return but(f"fewer than {MIN_CALLS} timed calls of people in each half of the {len(stretches)} runs of the jobs")
    odd = _no_pool(runs)
    if odd:
        return but(f"{odd} is no worker pool: its calls do not stay at one number in flight, so when it would ask next is not known")
    boots = _boots(engine, deployment)
    if any(paused for _, _, paused in boots):
        return but("it goes cold in pauses: how often people would meet a boot without the jobs that keep it warm is not known")
    if not _serve(engine, deployment, [c for run in runs for c in run.calls], boots):
        return but(f"fewer than {MIN_QUIET} timed calls away from the jobs: what a call takes without a queue is not known")
    _chain([c for run in runs for c in run.calls])
    fit, unseen = halves
    servers = _fitted(fit)
    foretold, happened = _both(unseen, servers)
    workers = {job: max(run.workers.get(job, 0) for run in runs) for job in jobs}
    told = told.model_copy(update={"servers": servers, "workers": workers, "foretold": foretold, "happened": happened})
    if _off(foretold, happened) > log(1 + TOLERANCE):
        return but("the replay does not foretell the runs that it was not fitted on")
    after, fuller = (
        _waits(wait for run in runs for wait in _people_of(run, replayed(run, servers, jobs=False, work=work)))
        for work in (1.0, 1 + MARGIN)
    )
    if _off(fuller, after) > log(1 + TOLERANCE):
        return but(
            "people alone nearly fill it: with a twentieth more work they would wait over a fifth longer, so what they would wait is not known"
        )
    return told.model_copy(update={"after": after})


def _stretches(engine: Engine, deployment: str) -> list[tuple[int, int]]:
    """Start and end (us) of every run: background calls in flight, with pauses of less than 5 s."""
    return [
        (start, end)
        for start, end in engine.rows(
            "WITH jobs AS (SELECT start_us, end_us, max(end_us) OVER (ORDER BY start_us, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) "
            "AS before_us FROM concurrency WHERE deployment = ? AND class = 'background' AND end_us > start_us), "
            "numbered AS (SELECT start_us, end_us, sum(CASE WHEN start_us <= before_us + 5000000 THEN 0 ELSE 1 END) "
            "OVER (ORDER BY start_us, end_us ROWS UNBOUNDED PRECEDING) AS nth FROM jobs) "
            "SELECT min(start_us), max(end_us) FROM numbered GROUP BY nth ORDER BY 1",
            [deployment],
        )
    ]


def _half(engine: Engine, deployment: str, stretches: Iterable[tuple[int, int]]) -> list[Run]:
    """The runs with their calls, as many as MOST_CALLS allow."""
    found: list[Run] = []
    for start, end in stretches:
        rows = engine.rows(
            "SELECT c.call_id, c.start_us, c.end_us, p.ttft_ms, c.class, c.workload, coalesce(p.model, ''), coalesce(p.uncached_tokens, 0), "
            "coalesce(p.output_tokens, 0), p.unit_hash FROM concurrency c JOIN priced_calls p ON p.call_id = c.call_id "
            f"WHERE c.deployment = ? AND c.end_us > c.start_us AND c.start_us BETWEEN ? AND ? ORDER BY c.start_us, c.call_id LIMIT {MOST_CALLS}",
            [deployment, start - LEAD_S * 1_000_000, end],
        )
        calls = [
            Call(
                number, began / 1e6, ended / 1e6, None if ttft is None else ttft / 1000, klass == "interactive", klass == "background",
                workload if klass == "background" else None, (model, int(tokens + 1).bit_length()), output, unit,
            )
            for number, began, ended, ttft, klass, workload, model, tokens, output, unit in rows
        ]  # fmt: skip
        if calls:
            found.append(Run(start / 1e6, end / 1e6, calls))
        if sum(len(run.calls) for run in found) >= MOST_CALLS:
            break
    return found


def _no_pool(runs: Sequence[Run]) -> str | None:
    """Fill workers and pauses of the jobs in every run; the name of a job that is no pool, if any. What is left of an earlier run is open traffic."""
    full: dict[str, float] = defaultdict(float)
    total: dict[str, float] = defaultdict(float)
    for run in runs:
        by_job: dict[str, list[Call]] = defaultdict(list)
        for call in run.calls:
            if call.job is not None and call.start < run.start:
                call.job = None
            elif call.job is not None:
                by_job[call.job].append(call)
        for job, calls in by_job.items():
            levels = _levels(calls)
            peak = max(levels, default=1)
            run.workers[job] = peak
            pauses = [begins - ended for begins, ended in zip([c.start for c in calls][peak:], sorted(c.end for c in calls), strict=False)]
            run.think[job] = max(0.0, median(pauses)) if pauses else 0.0
            full[job] += sum(lasted for level, lasted in levels.items() if level >= PLATEAU * peak)
            total[job] += sum(levels.values())
    return next((job for job in sorted(total) if full[job] < PLATEAU_SHARE * total[job]), None)


def _levels(calls: Sequence[Call]) -> dict[int, float]:
    """Seconds that a job's calls spent at each number in flight, as long as it gave out work."""
    moments = sorted([(c.start, 1) for c in calls] + [(c.end, -1) for c in calls])
    level, last, levels = 0, calls[0].start, defaultdict[int, float](float)
    for at, step in moments:
        if at > calls[-1].start:
            break
        levels[level] += at - last
        level, last = level + step, at
    levels[level] += 0.0
    return levels


def _boots(engine: Engine, deployment: str) -> list[tuple[int, int, bool]]:
    """Start and end (us) of what may be a boot: the call after a pause, or the log's first (then False), was as slow as if a model were loaded."""
    return engine.rows(
        "WITH usual AS (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_ms FROM ttft_baseline "
        "WHERE deployment = ? AND washed_out >= 1) "
        "SELECT c.start_us, c.start_us + CAST(1000 * p.ttft_ms AS BIGINT), c.idle_before_us IS NOT NULL "
        "FROM concurrency c JOIN priced_calls p ON p.call_id = c.call_id CROSS JOIN usual u "
        f"WHERE c.deployment = ? AND (c.idle_before_us >= {PAUSE_S * 1_000_000} "
        "OR c.start_us = (SELECT min(start_us) FROM concurrency WHERE deployment = ?)) "
        f"AND p.ttft_ms > {SLOW_START} * u.ttft_ms ORDER BY 1",
        [deployment, deployment, deployment],
    )


def _serve(engine: Engine, deployment: str, calls: Sequence[Call], boots: Sequence[tuple[int, int, bool]]) -> bool:
    """Give every call its service from quiet calls: away from the jobs, met by no more others than a quarter of those, and not held up by a boot.
    False if too few."""
    starts = [start for start, _, _ in boots]

    def loading(at: int) -> bool:
        nth = bisect_right(starts, at) - 1
        return nth >= 0 and at <= boots[nth][1]

    found = engine.rows(
        "WITH away AS (SELECT t.call_id, t.start_us, coalesce(t.model, '') AS model, t.ttft_ms, t.in_flight, p.uncached_tokens, p.output_tokens, "
        "p.duration_ms FROM ttft_baseline t JOIN priced_calls p ON p.call_id = t.call_id WHERE t.deployment = ? AND t.washed_out >= 1) "
        "SELECT start_us, model, coalesce(uncached_tokens, 0), ttft_ms, "
        "CASE WHEN output_tokens >= 10 THEN (duration_ms - ttft_ms) / output_tokens END "
        "FROM away WHERE in_flight <= (SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY in_flight) FROM away) "
        f"ORDER BY call_id LIMIT {MOST_CALLS}",
        [deployment],
    )
    quiet = [row for row in found if not loading(row[0])]
    firsts: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _, model, tokens, ttft, _ in quiet:
        firsts[model, int(tokens + 1).bit_length()].append(ttft / 1000)
    paces: dict[str, list[float]] = defaultdict(list)
    for _, model, _, _, pace in quiet:
        if pace is not None:
            paces[model].append(pace / 1000)
    if len(quiet) < MIN_QUIET or any(call.size[0] not in paces for call in calls):
        return False
    pace = {model: median(known) for model, known in paces.items()}
    for waits in firsts.values():
        waits.sort()
    nearest = {size: _nearest(firsts, size) for size in {c.size for c in calls}}
    for nth, call in enumerate(calls):
        known = nearest[call.size]
        call.first_s = known[int(len(known) * (nth * _GOLDEN % 1))]
        call.decode_s = call.output * pace[call.size[0]]
    return True


def _nearest(firsts: Mapping[tuple[str, int], list[float]], size: tuple[str, int]) -> list[float]:
    """First-token times of the model's calls of that size, or of the size next to it that has a few."""
    own = sorted((abs(bits - size[1]), bits) for model, bits in firsts if model == size[0])
    enough = [bits for _, bits in own if len(firsts[size[0], bits]) >= 5] or [own[0][1]]
    return firsts[size[0], enough[0]]


def _chain(calls: Iterable[Call]) -> None:
    """Within a unit a call follows the one that had ended last when it came."""
    units: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if not call.background:  # a worker goes on by its pool, and nobody waits for what is left of an earlier run
            units[call.unit].append(call)
    for group in units.values():
        ended = sorted(group, key=lambda c: c.end)
        ends = [c.end for c in ended]
        for call in group:
            nth = bisect_right(ends, call.start) - 1
            if nth >= 0 and ended[nth] is not call:
                call.after, call.pause = ended[nth], call.start - ends[nth]


def _fitted(runs: Sequence[Run]) -> int:
    """Servers: the work done over the time that the jobs took (work conservation), then the count near it that foretells these runs best."""
    work = sum(c.first_s + c.decode_s for run in runs for c in run.calls if run.start <= c.start)
    busy = max(1, round(work / sum(run.end - run.start for run in runs)))
    reach = max(3, ceil(busy / 3))
    return min(
        range(max(1, busy - reach), busy + reach + 1, max(1, reach // 6)), key=lambda servers: (_off(*_both(runs, servers)), servers)
    )


def _both(runs: Sequence[Run], servers: int) -> tuple[Waits, Waits]:
    """People's waits in the replay and in the log."""
    told = [wait for run in runs for wait in _people_of(run, replayed(run, servers))]
    return _waits(told), _waits([c.ttft for run in runs for c in run.people if c.ttft is not None])


def _people_of(run: Run, told: Mapping[int, float]) -> list[float]:
    return [told[c.id] for c in run.people if c.id in told]


def _off(foretold: Waits, happened: Waits) -> float:
    """How far two sets of waits are apart: the larger of the log ratios of p50 and p95."""
    if not (foretold.p50_ms and foretold.p95_ms and happened.p50_ms and happened.p95_ms):
        return float("inf")
    return max(abs(log(foretold.p50_ms / happened.p50_ms)), abs(log(foretold.p95_ms / happened.p95_ms)))


def _waits(seconds: Iterable[float]) -> Waits:
    ordered = sorted(seconds)
    return Waits(p50_ms=_quantile(ordered, 0.5), p95_ms=_quantile(ordered, 0.95))


def _quantile(ordered: Sequence[float], q: float) -> float | None:
    if not ordered:
        return None
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return 1000 * (ordered[low] + (ordered[high] - ordered[low]) * (at - low))
