"""What separating traffic would buy: foretold by a closed loop, held against the same calls with the job truly elsewhere."""

from __future__ import annotations

import random
from pathlib import Path
from statistics import quantiles

import pytest

import latency_world as made
from infercheck import AnalyzeOptions, api, cli, pools
from infercheck.engine.duckdb import Engine
from infercheck.model.simulation import Separation
from latency_log import Truth, identity, write

SLOTS = 6
PLACE = made.Place("d", SLOTS, base_s=0.3, per_token_s=0.01)


def _world(shape: str, *, seed: int = 1, place: made.Place = PLACE) -> Truth:
    """People who alone never queue for long, and a job that comes six times for three minutes."""
    rng = random.Random(seed)  # noqa: S311 (a simulation)
    people = made._Kind("help", place, 800, 150, random.Random(seed + 1))  # noqa: S311
    job = made._Kind("tags", place, 1500, 250, random.Random(seed + 2))  # noqa: S311
    runs = [(300 + n * 600.0, 480 + n * 600.0) for n in range(6)]
    starts = made._poisson(rng, 0, 3900, 0.8)
    chats = [made._chain(people, "chat", 1, at, number) for number, at in enumerate(starts)]
    given = [one for opens, closes in runs for one in made._run(rng, shape, opens, closes, 10, 1.6, job.mean())]
    work = [made._worker(job, start, until, number, 0.1) for number, (start, until) in enumerate(given)]
    jobs = [
        made.Job("help", place, False, "chat", chats, {"end_user": "yes"}),
        made.Job("tags", place, True, shape, work, {"tags": "mode:batch"}, runs),
    ]
    world = made.World(seed, 3900, [place], made.Stalls(), jobs)
    return Truth(world, *world.run())


def _simulated(truth: Truth, folder: Path) -> Separation:
    write(truth, folder / "log.jsonl")
    result = api.simulate([folder / "log.jsonl"], ["traffic_separation"], options=AnalyzeOptions(use_ledger=False))
    (told,) = result.separations
    return told


def _true_p95_ms(truth: Truth) -> float:
    """Of people's calls while the job ran, had it run elsewhere."""
    alone = truth.alone(["tags"])
    during = [
        alone[identity(s)]
        for s in truth.served["d"]
        if s.call.key[0] == "help" and any(start <= s.start <= end for start, end in truth.world.jobs[1].runs)
    ]
    return 1000 * quantiles(during, n=20)[-1]


def test_a_worker_pool_elsewhere_is_foretold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = _world("pool")
    told = _simulated(truth, tmp_path)
    assert told.after is not None and told.after.p95_ms is not None and told.seen.p95_ms is not None
    assert told.seen.p95_ms > 2 * _true_p95_ms(truth)  # the job is felt
    assert told.after.p95_ms == pytest.approx(_true_p95_ms(truth), rel=0.2)
    assert told.servers == pytest.approx(SLOTS, abs=1)
    assert told.workers == {"tags": 10}
    assert told.foretold is not None and told.happened is not None
    assert told.foretold.p95_ms == pytest.approx(told.happened.p95_ms, rel=pools.TOLERANCE)
    assert cli.run(["simulate", str(tmp_path / "log.jsonl"), "--no-ledger", "--fix", "traffic_separation"]) == 0
    said = capsys.readouterr().out
    assert "Jobs elsewhere" in said and "fitted on every other run of 6 runs" in said and "not known" not in said


def test_a_job_that_does_not_wait_for_its_answers_is_not_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An open loop would be a guess: the matched comparison is told instead, in words."""
    told = _simulated(_world("trickle"), tmp_path)
    assert told.after is None
    assert "tags is no worker pool" in told.why_not
    assert told.matched_ms is not None and told.matched_calls > 20
    assert cli.run(["simulate", str(tmp_path / "log.jsonl"), "--no-ledger", "--fix", "traffic_separation"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not known" in said and "by matched comparison the jobs cost people" in said


def test_only_what_is_named_is_replayed(tmp_path: Path) -> None:
    write(_world("pool"), tmp_path / "log.jsonl")
    options = AnalyzeOptions(use_ledger=False)
    assert api.simulate([tmp_path / "log.jsonl"], ["caching"], options=options).separations == []
    (told,) = api.simulate([tmp_path / "log.jsonl"], ["traffic_separation:tags"], options=options).separations
    assert told.jobs == ["tags"]


def _call(number: int, start: float, *, job: str | None = None, after: pools.Call | None = None) -> pools.Call:
    return pools.Call(
        number,
        start,
        start + 2,
        1.0,
        job is None,
        job is not None,
        job,
        ("m", 7),
        100,
        "u",
        first_s=1.0,
        decode_s=1.0,
        after=after,
        pause=0.5,
    )


def test_a_worker_takes_the_next_item_when_its_last_is_done_and_a_step_follows_the_one_before_it() -> None:
    step = _call(1, 0.0)
    items = [_call(n, 0.5, job="j") for n in (2, 3, 4)]
    run = pools.Run(0, 10, [step, *items, _call(5, 9.0, after=step)], {"j": 1}, {"j": 0.25})
    # One server: the step to 2, the first item 2 to 4; at 2.5 the next step queues and runs 4 to 6; items again 6 to 8, after a pause 8.25 to 10.25.
    assert pools.replayed(run, 1) == pytest.approx({1: 1.0, 2: 2.5, 5: 2.5, 3: 2.75, 4: 1.0})
    assert pools.replayed(run, 1, jobs=False) == pytest.approx({1: 1.0, 5: 1.0})


def test_what_is_left_of_an_earlier_run_goes_with_the_jobs() -> None:
    left = _call(1, 0.0, job="j")
    left.job = None  # no worker of this run's pool
    run = pools.Run(5, 10, [left, _call(2, 0.5)])
    assert pools.replayed(run, 1) == pytest.approx({1: 1.0, 2: 2.5})
    assert pools.replayed(run, 1, jobs=False) == pytest.approx({2: 1.0})


def test_boots_are_what_a_slow_first_call_waits_for() -> None:
    """1 waits for a model as the log begins and 5 after a pause; 4 is slow amid traffic, 7 is quick after a pause."""
    told = {1: (0.0, 3000), 2: (1.0, 2500), 3: (4.0, 500), 4: (5.0, 2600), 5: (60.0, 2000), 6: (61.5, 900), 7: (90.0, 500)}
    told |= {n: (90.0 + n, 500) for n in range(8, 16)}
    idle, first = {5: 50_000_000, 7: 25_000_000}, {1, 5, 7}
    kinds = dict.fromkeys(("call_id", "deployment", "start_us", "idle_before_us", "in_flight", "ttft_ms"), "BIGINT") | {
        "deployment": "VARCHAR"
    }
    with Engine() as engine:
        engine.load_rows(
            "concurrency", kinds, [(n, "d", int(at * 1e6), idle.get(n), int(n not in first), ttft) for n, (at, ttft) in told.items()]
        )
        engine.create("priced_calls", "SELECT call_id, ttft_ms FROM concurrency")
        engine.create("ttft_baseline", "SELECT *, 1.0 AS washed_out FROM concurrency")
        assert pools._boots(engine, "d") == [(0, 3_000_000, False), (60_000_000, 62_000_000, True)]


def test_a_deployment_that_goes_cold_is_not_replayed_without_the_jobs_that_keep_it_warm(tmp_path: Path) -> None:
    truth = _world("pool", place=made.Place("d", SLOTS, base_s=0.3, per_token_s=0.01, keep_s=4, boot_s=5))
    told = _simulated(truth, tmp_path)
    assert told.after is None
    assert "it goes cold in pauses" in told.why_not
