"""What the page draws beyond the report: a log in, pictures out. Counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import AnalyzeOptions, analyze
from infercheck.model.pictures import Pictures

OPTIONS = AnalyzeOptions(use_ledger=False, pictures=True, select=("uncached_prefix", "queueing_onset", "cold_start", "burst_congestion"))


def pictures(folder: Path, rows: list[dict[str, Any]]) -> Pictures:
    found = analyze([logs.write(folder / "log.jsonl", rows)], options=OPTIONS).pictures
    assert found is not None
    return found


def test_time_is_cut_evenly_and_empty_stretches_stay(tmp_path: Path) -> None:
    """40 calls in the first minute of an hour, 25 in its last: the 58 minutes between them are there, with nothing in them."""
    rows = [logs.call(n, at_s=n, user="u", took_s=2 + n % 4) for n in range(40)] + [
        logs.call(100 + n, at_s=3540 + n, user="u") for n in range(25)
    ]
    told = pictures(tmp_path, rows).timeline
    assert told is not None
    assert told.requests_of == "interactive"
    assert [b.start - a.start for a, b in zip(told.buckets, told.buckets[1:], strict=False)] == [timedelta(seconds=told.seconds)] * (
        len(told.buckets) - 1
    )
    assert told.buckets[0].start == datetime(2026, 11, 3, 9, tzinfo=UTC)
    assert [b.calls for b in told.buckets] == [40, *[0] * (len(told.buckets) - 2), 25]
    assert (told.buckets[0].p50_ms, told.buckets[0].p95_ms, told.buckets[0].p99_ms) == (3500, 5000, None)  # 40 are too few for a p99
    quiet = told.buckets[1]
    assert (quiet.failed, quiet.retries, quiet.spend_usd, quiet.p50_ms) == (0, 0, None, None)


def test_failures_and_what_was_sent_again(tmp_path: Path) -> None:
    told = pictures(tmp_path, logs.working_day()).timeline
    assert told is not None
    assert sum(b.failed or 0 for b in told.buckets) == 1
    assert sum(b.retries for b in told.buckets) == 1


def test_failures_are_unknown_where_no_status_is_logged(tmp_path: Path) -> None:
    told = pictures(tmp_path, [row | {"status": None} for row in logs.working_day()]).timeline
    assert told is not None
    assert {b.failed for b in told.buckets if b.calls} == {None}


def test_hours_of_the_week_are_utc(tmp_path: Path) -> None:
    """Tuesday 9:00 and two Wednesdays 8:00, a week apart."""
    rows = [logs.call(1, at_s=5), *(logs.call(n, at_s=23 * 3600 + n + 7 * 86400 * (n % 2)) for n in range(2, 6))]
    assert [(h.weekday, h.hour, h.calls, h.p95_ms) for h in pictures(tmp_path, rows).week] == [(2, 9, 1, None), (3, 8, 4, None)]


def test_the_slowest_request_step_by_step(tmp_path: Path) -> None:
    """A trace of three calls: one before, two beside each other. It waits for the first and for the longer of the two."""
    steps = [logs.call(1, at_s=0, took_s=2), logs.call(2, at_s=3, took_s=4, first_s=1), logs.call(3, at_s=3.5, took_s=1)]
    one = [row | {"trace_id": "slow"} for row in steps]
    told = pictures(tmp_path, [*one, logs.call(4, at_s=60, took_s=1)]).slowest
    assert [t.request for t in told] == ["slow"]  # one for each workload
    assert told[0].duration_ms == 7000
    assert [(s.start_ms, s.end_ms, s.first_token_ms) for s in told[0].steps] == [(0, 2000, None), (3000, 7000, 4000), (3500, 4500, None)]
    assert sum(s.waited_ms for s in told[0].steps) == 6000  # and a second between the calls


def test_usual_and_slow_requests_by_what_they_wait_for(tmp_path: Path) -> None:
    """Of 200 requests two are slow, all of it before the first token."""
    rows = [logs.call(n, at_s=20 * n, user="u", took_s=12 if n < 2 else 2, first_s=11 if n < 2 else 0.5) for n in range(200)]
    usual, slow = pictures(tmp_path, rows).path
    assert (usual.quantile, usual.mean_ms) == ("p50", 2000)
    assert usual.parts == pytest.approx({"before first token": 500, "decode": 1500})
    assert (slow.quantile, slow.requests, slow.mean_ms) == ("p99", 2, 12000)
    assert slow.parts == pytest.approx({"before first token": 11000, "decode": 1000})


def test_latency_by_calls_in_flight(tmp_path: Path) -> None:
    """Rounds of one, two and three calls at once; each further one is a second slower. No bracket without the rule's proof."""
    rows = [
        logs.call(1000 * together + 10 * n + place, at_s=100 * (10 * together + n), took_s=1 + place)
        for together in (1, 2, 3)
        for n in range(8)
        for place in range(together)
    ]
    rows = [
        row | {"startTime": row["startTime"] + 0.001 * (i % 3), "endTime": row["endTime"] + 0.001 * (i % 3)} for i, row in enumerate(rows)
    ]
    (crowd,) = pictures(tmp_path, rows).crowds
    assert (crowd.measure, crowd.waiting_from, crowd.still_idle_at) == ("duration", None, None)
    assert [(lv.in_flight_from, lv.calls) for lv in crowd.levels] == [(0, 24), (1, 16), (2, 8)]
    assert sum(lv.calls for lv in crowd.levels) == crowd.calls == 48


def test_what_a_prompt_cache_could_read(tmp_path: Path) -> None:
    """One long prefix that every call sends in full: what the rule claims is what could be read, and its dollars are the plan's."""
    prefix = " ".join(f"rule {n}: be kind to parcel {n * 7919 % 1000}." for n in range(900))
    rows = []
    for n in range(60):
        row = logs.call(n, at_s=5.0 * n, app="policy", model="gpt-4o", tokens=(9_000, 60))
        row["messages"] = [{"role": "system", "content": prefix}, {"role": "user", "content": f"question {n}"}]
        rows.append(row)
    report = analyze([logs.write(tmp_path / "log.jsonl", rows)], options=OPTIONS)
    assert report.pictures is not None
    (job,) = report.pictures.cache
    assert (job.workload, job.input_tokens, job.cache_read_tokens) == ("policy", 60 * 9_000, 0)
    assert 0.8 * job.input_tokens < job.could_read_tokens <= job.input_tokens
    assert job.saves_usd == report.plan_total_usd > 0  # type: ignore[operator]
