"""Made deployments with a known truth: people, agents and jobs that share slots, boots, a gateway that stalls, regions.

``draw(seed)`` draws a world from the ranges below; ``serve`` lets the calls of one deployment queue for its slots, first come first served, one event
after the other. Every call carries its own service time, so that the same world without its jobs is the true counterfactual, call by call.
Times are seconds from the log's start.
"""

from __future__ import annotations

import bisect
import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

SLOTS = (2, 64)
UTILISATION = (0.2, 0.98)
BOOT_S = (0.5, 20.0)
STALL_S = (0.0, 5.0)
BURST_S = (5.0, 1800.0)
DEPLOYMENTS = (1, 12)
SPAN_S = (2400.0, 10800.0)
MOST_CALLS = 15_000
NAMES = "amber birch cedar delta ember fjord grove haven inlet jetty knoll ledge maple north ocean prairie quay ridge stone tide".split()


@dataclass(slots=True)
class Call:
    """What one call needs, drawn beforehand: seconds of service to its first token and after it."""

    key: tuple[str, int, int]  # workload, chain, place in the chain: the same call in every counterfactual
    first_s: float
    decode_s: float
    tokens: int
    output: int


@dataclass(slots=True)
class Served:
    """A call as its client saw it. ``waited`` is its time in the deployment's queue, seconds."""

    call: Call
    start: float
    first: float
    end: float
    waited: float
    boot: float  # how much of that the boot took


@dataclass
class Chain:
    """Calls that follow each other: a chat's single call, an agent's steps, a worker that takes the next item. ``steps`` are calls in parallel."""

    start: float
    steps: Callable[[], Iterator[tuple[float, list[Call]]]]  # pause before the step, and its calls
    until: float = math.inf  # no step begins later


@dataclass(frozen=True)
class Place:
    """One deployment. ``keep_s`` is how long it stays loaded with nothing in flight; ``rtt_s`` its distance."""

    name: str
    slots: int
    base_s: float
    per_token_s: float
    model: str = "large"
    region: str = "near"
    rtt_s: float = 0.0
    keep_s: float = math.inf
    boot_s: float = 0.0
    connect_s: float = 0.0  # a new connection after a pause: slower, and no boot


@dataclass(frozen=True)
class Boot:
    """A cold start: the deployment served nobody from ``start`` to ``end``."""

    place: str
    start: float
    end: float


@dataclass
class Stalls:
    """Moments in which the gateway hands on nothing, either way."""

    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, stalls: Iterable[tuple[float, float]]) -> Stalls:
        """From (start, end); one that overlaps an earlier one is left out."""
        found = cls()
        for start, end in sorted(stalls):
            if not found.ends or start > found.ends[-1]:
                found.starts.append(start)
                found.ends.append(end)
        return found

    def after(self, time: float) -> float:
        """When what came at ``time`` is handed on."""
        nth = bisect.bisect_right(self.starts, time) - 1
        return max(time, self.ends[nth]) if nth >= 0 else time


def serve(place: Place, chains: Sequence[Chain], stalls: Stalls) -> tuple[list[Served], list[Boot]]:
    """Run one deployment until all chains are done."""
    number = 0
    events: list[tuple[float, int, str, object]] = []

    def push(at: float, kind: str, what: object) -> None:
        nonlocal number
        number += 1
        heapq.heappush(events, (at, number, kind, what))

    def advance(chain: _Running, at: float) -> None:
        step = next(chain.steps, None)
        if step is None or at + step[0] > chain.until:
            return
        chain.open, chain.latest, arrived = len(step[1]), 0.0, at + step[0]
        for call in step[1]:
            push(stalls.after(arrived), "ready", (call, arrived, chain))

    for one in chains:
        push(one.start, "begin", _Running(one.steps(), one.until))
    queue: deque[tuple[Call, float, float, _Running]] = deque()
    served: list[Served] = []
    boots: list[Boot] = []
    busy, idle_since, loaded_at, wakes, connects = 0, -math.inf, -math.inf, False, False
    while events:
        now, _, kind, what = heapq.heappop(events)
        if kind == "begin":
            advance(what, now)  # type: ignore[arg-type]
            continue
        if kind == "ready":
            call, arrived, chain = what  # type: ignore[misc]
            if busy == 0 and not queue:
                if now - idle_since >= place.keep_s:
                    loaded_at = now + place.boot_s
                    boots.append(Boot(place.name, now, loaded_at))
                connects = now - idle_since >= 5
            queue.append((call, arrived, now, chain))
        elif kind == "free":
            busy -= 1
            idle_since = now
        if queue and now < loaded_at:
            if not wakes:
                push(loaded_at, "wake", None)
                wakes = True
            continue
        wakes = False
        while queue and busy < place.slots:
            call, arrived, ready, chain = queue.popleft()
            busy += 1
            first = now + call.first_s + (place.connect_s if connects else 0.0)
            connects = False
            push(first + call.decode_s, "free", None)
            seen = stalls.after(first + place.rtt_s)
            end = max(seen, stalls.after(first + call.decode_s + place.rtt_s))
            served.append(Served(call, arrived, seen, end, now - ready, max(0.0, loaded_at - ready)))
            chain.open -= 1
            chain.latest = max(chain.latest, end)
            if not chain.open:
                advance(chain, chain.latest)
    return served, boots


@dataclass(slots=True)
class _Running:
    """A chain under way: calls of its step that have not ended, and when the last of them does."""

    steps: Iterator[tuple[float, list[Call]]]
    until: float
    open: int = 0
    latest: float = 0.0


@dataclass
class Job:
    """A workload: who it is, how it is marked in the log, and its chains on one deployment."""

    name: str
    place: Place
    background: bool
    shape: str
    chains: list[Chain]
    marks: dict[str, str] = field(default_factory=dict)
    runs: list[tuple[float, float]] = field(default_factory=list)  # background: when it gave out work
    pool: int | None = None


@dataclass
class World:
    """What was drawn for a seed."""

    seed: int
    span: float
    places: list[Place]
    stalls: Stalls
    jobs: list[Job]

    def run(self, *, without: Collection[str] = (), boots: bool = True) -> tuple[dict[str, list[Served]], list[Boot]]:
        """All deployments, as if the workloads of these names ran elsewhere, or none had to boot."""
        served, cold = {}, []
        for place in self.places:
            chains = [c for j in self.jobs if j.place is place and j.name not in without for c in j.chains]
            served[place.name], booted = serve(place if boots else replace(place, keep_s=math.inf), chains, self.stalls)
            cold += booted
        return served, cold


def draw(seed: int, *, most_calls: int = MOST_CALLS) -> World:
    """A world from the ranges above."""
    rng = random.Random(f"latency-{seed}")
    places = [_place(rng, f"d{n}") for n in range(rng.randint(*DEPLOYMENTS))]
    if len(places) > 1 and rng.random() < 0.5:  # the same model in two regions
        far = places[1]
        places[1] = Place(
            f"{places[0].name}-far", far.slots, places[0].base_s, places[0].per_token_s, places[0].model, "far", rng.uniform(0.08, 0.3)
        )
    loads = [rng.uniform(*UTILISATION) for _ in places]
    offered = sum(p.slots * load / _mean_service(p) for p, load in zip(places, loads, strict=True))
    span = min(max(most_calls / offered, SPAN_S[0]), SPAN_S[1])
    jobs: list[Job] = []
    for place, load in zip(places, loads, strict=True):
        jobs += _tenants(rng, place, load, span, len(jobs))
    openings = [start for j in jobs for start, _ in j.runs] or [0.0]
    longest = rng.uniform(*STALL_S)
    stalls = []
    at = rng.expovariate(1 / 300)
    while at < span:  # half of the stalls come when a job opens: the hardest case for telling them from queues
        moment = at if rng.random() < 0.5 else rng.choice(openings) + rng.uniform(0, 3)
        stalls.append((moment, moment + rng.uniform(0, longest)))
        at += rng.expovariate(1 / 300)
    return World(seed, span, places, Stalls.of(stalls), jobs)


def _place(rng: random.Random, name: str) -> Place:
    slots = round(_between(rng, *SLOTS))
    scales_to_zero = rng.random() < 0.35
    return Place(
        name, slots, base_s=rng.uniform(0.15, 0.9), per_token_s=rng.uniform(0.008, 0.03), model=rng.choice(("large", "small", "fast")),
        keep_s=_between(rng, 20, 200) if scales_to_zero else math.inf, boot_s=_between(rng, *BOOT_S) if scales_to_zero else 0.0,
        connect_s=rng.choice((0.0, rng.uniform(0.05, 0.3))),
    )  # fmt: skip


def _mean_service(place: Place) -> float:
    return place.base_s * 1.3 + 260 * place.per_token_s


def _between(rng: random.Random, low: float, high: float) -> float:
    """Evenly over orders of magnitude."""
    return low * (high / low) ** rng.random()


@dataclass
class _Kind:
    """How the calls of a workload look on its deployment."""

    name: str
    place: Place
    prompt: float
    answer: float
    rng: random.Random

    def call(self, chain: int, nth: int) -> Call:
        """One call; answers and waits have heavy tails."""
        tokens = max(20, min(int(self.rng.lognormvariate(math.log(self.prompt), 0.7)), 60_000))
        output = max(1, min(int(self.rng.lognormvariate(math.log(self.answer), 0.6)), 8_000))
        first = self.place.base_s * (1 + tokens / 8000) * self.rng.lognormvariate(0, 0.2)
        return Call((self.name, chain, nth), first, output * self.place.per_token_s * self.rng.lognormvariate(0, 0.05), tokens, output)

    def mean(self) -> float:
        """Mean seconds of service."""
        return self.place.base_s * (1 + self.prompt * 1.28 / 8000) * 1.02 + self.answer * 1.2 * self.place.per_token_s


def _tenants(rng: random.Random, place: Place, load: float, span: float, number: int) -> list[Job]:
    """Interactive and background workloads of one deployment which together use ``load`` of it."""
    count = rng.choice((0, 1, 1, 2)) if math.isinf(place.keep_s) else rng.choice((0, 0, 1))
    people = load * (rng.uniform(0.3, 0.9) if count else 1.0)
    kinds = [rng.choice(("chat", "chat", "anonymous", "serial", "parallel")) for _ in range(rng.randint(1, 3))]
    stretches = _steady(rng, span, UTILISATION[1] / people) if math.isinf(place.keep_s) else _visits(rng, span, place.keep_s)
    jobs = []
    for kind in kinds:
        look = _look(rng, place, number + len(jobs), f"{place.name}-{len(jobs)}")
        jobs.append(_people(rng, look, kind, people / len(kinds), stretches))
    for _ in range(count):
        look = _look(rng, place, number + len(jobs), f"{place.name}-{len(jobs)}")
        jobs.append(_background(rng, look, people, (load - people) / count, span))
    return jobs


def _look(rng: random.Random, place: Place, number: int, salt: str) -> _Kind:
    name = f"{NAMES[number % len(NAMES)]}-{number}"
    return _Kind(name, place, rng.uniform(200, 4000), _between(rng, 60, 500), random.Random(f"{rng.random()}-{salt}"))


def _steady(rng: random.Random, span: float, most: float) -> list[tuple[float, float, float]]:
    """Busy and quiet stretches (start, end, how busy), never beyond the highest utilisation."""
    found, at = [], 0.0
    while at < span:
        ends = min(at + rng.uniform(120, 600), span)
        found.append((at, ends, min(rng.uniform(0.3, 1.7), most)))
        at = ends
    return found


def _visits(rng: random.Random, span: float, keep_s: float) -> list[tuple[float, float, float]]:
    """People who come and go; after most of their pauses the deployment has been unloaded."""
    found, at = [], 0.0
    while at < span:
        ends = min(at + rng.uniform(30, 150), span)
        found.append((at, ends, 1.0))
        at = ends + keep_s * rng.uniform(0.5, 2.5)
    return found


def _people(rng: random.Random, look: _Kind, kind: str, load: float, stretches: Sequence[tuple[float, float, float]]) -> Job:
    """Chats and agents that somebody waits for."""
    fan = rng.randint(3, 6)
    calls = {"serial": 4.0, "parallel": fan + 2.0}.get(kind, 1.0)
    rate = load * look.place.slots / look.mean() / calls
    starts = [at for start, end, busy in stretches for at in _poisson(rng, start, end, rate * busy)]
    chains = [_chain(look, kind, fan, at, number) for number, at in enumerate(starts)]
    return Job(look.name, look.place, False, kind, chains, {} if kind == "anonymous" else {"end_user": "yes"})


def _poisson(rng: random.Random, start: float, end: float, rate: float) -> list[float]:
    found, at = [], start + rng.expovariate(rate)
    while at < end:
        found.append(at)
        at += rng.expovariate(rate)
    return found


def _chain(look: _Kind, kind: str, fan: int, start: float, number: int) -> Chain:
    widths = {"serial": [1] * look.rng.randint(2, 6), "parallel": [1, fan, 1]}.get(kind, [1])
    steps, nth = [], 0
    for width in widths:
        pause = 0.0 if nth == 0 else look.rng.uniform(0.1, 1.5)  # a tool runs
        steps.append((pause, [look.call(number, nth + n) for n in range(width)]))
        nth += width
    return Chain(start, lambda: iter(steps))


def _background(rng: random.Random, look: _Kind, people: float, load: float, span: float) -> Job:
    """Work that nobody waits for, in runs of one shape, which takes ``load`` of the deployment on average."""
    named, marks = rng.choice((("", {}), ("", {}), ("nightly-", {}), ("", {"tags": "mode:batch"}), ("", {"service_tier": "flex"})))
    look.name = f"{named}{look.name}"
    shape = rng.choice(("pool", "pool", "pool", "volleys", "trickle", "ramp", "flood", "clockwork"))
    slots, mean = look.place.slots, look.mean()
    workers = max(2, round(slots * rng.uniform(0.3, 2.0)))
    rate = rng.uniform(0.3, 1.1) * max(1 - people, 0.1) * slots / mean  # of calls that do not wait for each other
    in_run = min(workers / slots, 1 - people) if shape in ("pool", "ramp", "clockwork") else rate * mean / slots
    length = min(_between(rng, *BURST_S), span / 4)
    duty = min(max(load / max(in_run, 0.05), 0.05), 0.6)
    every = length / duty
    runs, chains = [], []
    opens = rng.uniform(0, min(every, span / 4))
    while opens < span:
        closes = min(opens + length, span)
        runs.append((opens, closes))
        given = _run(rng, shape, opens, closes, workers, rate, mean)
        chains += [_worker(look, start, until, len(chains) + n, rng.uniform(0, 0.3)) for n, (start, until) in enumerate(given)]
        opens += every if shape == "clockwork" else every * rng.uniform(0.6, 1.4)
    return Job(look.name, look.place, True, shape, chains, dict(marks), runs, workers if shape == "pool" else None)


def _run(
    rng: random.Random, shape: str, opens: float, closes: float, workers: int, rate: float, mean: float
) -> list[tuple[float, float | None]]:
    """(start, until) of each worker of a run; a single call has no until."""
    if shape == "trickle":
        return [(at, None) for at in _poisson(rng, opens, closes, rate)]
    if shape == "volleys":
        every = rng.uniform(15, 45)
        waves = max(1, int((closes - opens) / every))
        return [(opens + wave * every + rng.uniform(0, 1.5), None) for wave in range(waves) for _ in range(max(2, round(rate * every)))]
    if shape == "flood":
        return [(opens + rng.uniform(0, 1), None) for _ in range(max(2, round(min(rate * (closes - opens), 20 * workers))))]
    spread = (closes - opens) / 2 if shape == "ramp" else 0.5
    return [(opens + rng.uniform(0, spread), closes) for _ in range(workers)]


def _worker(look: _Kind, start: float, until: float | None, number: int, think: float) -> Chain:
    seed = look.rng.random()

    def steps() -> Iterator[tuple[float, list[Call]]]:
        own = _Kind(look.name, look.place, look.prompt, look.answer, random.Random(seed))
        nth = 0
        while nth == 0 or until is not None:
            yield (think if nth else 0.0, [own.call(number, nth)])
            nth += 1

    return Chain(start, steps, math.inf if until is None else until)
