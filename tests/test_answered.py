"""What the headline's latency is of: requests that ended with an answer, at a known time. The rest is counted beside it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import waits
from infercheck import AnalyzeOptions, analyze, render
from infercheck.model.report import Report

CALLS = 100


def reported(folder: Path, rows: list[waits.Row], **options: tuple[str, ...]) -> Report:
    return analyze([waits.write(folder / "log.jsonl", rows)], options=AnalyzeOptions(use_ledger=False, **options))  # type: ignore[arg-type]


def chat(*, failed: int = 0, status: str = "rate_limited", fails_s: float = 0.04) -> waits.Log:
    """A call every ten seconds, three seconds long; the last ``failed`` get no answer."""
    log = waits.Log(7)
    for n in range(CALLS):
        if n >= CALLS - failed:
            log.add("chat", "d", 10.0 * n, first=None, took=fails_s, status=status, end_user="u")
        else:
            log.add("chat", "d", 10.0 * n, first=0.5, took=3.0, end_user="u")
    return log


def test_a_refusal_is_no_fast_answer(tmp_path: Path) -> None:
    report = reported(tmp_path, chat(failed=60).rows)
    live = report.headline.interactive
    assert (live.traces, live.unanswered_traces) == (CALLS, 60)
    assert (live.p50_ms, live.p95_ms) == (pytest.approx(3000, abs=1), pytest.approx(3000, abs=1))
    assert live.unanswered_p50_ms == pytest.approx(40, abs=1)
    assert sum(part.mean_ms for part in report.latency.path) == pytest.approx(3000, abs=1)
    assert next(w for w in report.spend.by_workload if w.workload == "chat").p50_ms == pytest.approx(3000, abs=1)
    for form in ("text", "markdown", "html"):
        said = " ".join(str(render.get(form).render(report)).split())
        assert "60 of 100 requests ended without an answer, after p50 40 ms, p95 40 ms" in said


def test_a_time_out_is_told_with_the_time_it_took(tmp_path: Path) -> None:
    live = reported(tmp_path, chat(failed=10, status="timeout", fails_s=60).rows).headline.interactive
    assert live.p95_ms == pytest.approx(3000, abs=1)
    assert (live.unanswered_traces, live.unanswered_p50_ms) == (10, pytest.approx(60_000, abs=1))


def test_a_failure_that_was_sent_again_is_part_of_the_wait(tmp_path: Path) -> None:
    log = waits.Log(7)
    for n in range(20):
        log.add("chat", "d", 10.0 * n, first=None, took=1.0, status="error", end_user="u", request_id=f"q{n}")
        log.add("chat", "d", 10.0 * n + 2, first=0.5, took=3.0, end_user="u", request_id=f"q{n}")
    live = reported(tmp_path, log.rows).headline.interactive
    assert (live.traces, live.unanswered_traces) == (20, 0)
    assert live.p50_ms == pytest.approx(5000, abs=1)


@pytest.mark.parametrize(("closed_s", "known"), [(0.06, False), (0.4995, True), (0.5, True)])
def test_an_end_before_the_first_token_is_no_end(tmp_path: Path, closed_s: float, known: bool) -> None:
    rows = chat().rows
    for row, late in zip(rows, chat().rows, strict=True):
        row["ended_at"] = _later(late["started_at"], closed_s)
    report = reported(tmp_path, rows)
    live = report.headline.interactive
    assert live.ttft_p50_ms == pytest.approx(500, abs=1)
    assert (live.p50_ms is not None) == known
    assert (live.untimed_calls, report.coverage.cell_issues) == ((0, 0) if known else (CALLS, CALLS))
    if not known:
        assert "0 interactive requests, 100 calls, 100 of them without a known end" in " ".join(
            str(render.get("text").render(report)).split()
        )
        assert "before the first token at" in report.coverage.cell_issue_samples[0]


def test_an_end_cut_to_whole_seconds_stays(tmp_path: Path) -> None:
    log = waits.Log(7)
    for n in range(CALLS):
        log.add("chat", "d", 10.0 * n + 0.9, first=1.0, took=1.05, end_user="u")
        log.rows[-1]["ended_at"] = _later(waits.START.isoformat(), 10.0 * n + 1)
    report = reported(tmp_path, log.rows)
    assert (report.headline.interactive.untimed_calls, report.coverage.cell_issues) == (0, 0)


def _later(moment: str, seconds: float) -> str:
    return (waits.datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat()


def _cut(moment: str) -> str:
    return waits.datetime.fromisoformat(moment).replace(microsecond=0).isoformat()


def test_a_root_that_closed_before_its_stream_began_is_no_wait(tmp_path: Path) -> None:
    """The last known end lies before a call that has none: how long the request took is not known."""
    rows = []
    for n in range(CALLS):
        log = waits.Log(n)
        log.add("chat", "d", 20.0 * n, first=0.5, took=2.0, end_user="u", trace_id=f"t{n}")
        log.add("chat", "d", 20.0 * n + 2.5, first=0.5, took=2.0, end_user="u", trace_id=f"t{n}")
        for step, row in enumerate(log.rows):
            rows.append(
                row
                | {"source_call_id": f"c{n}-{step}", "request_id": f"r{n}-{step}", "ended_at": row["ended_at"] if n or not step else None}
            )
    live = reported(tmp_path, rows).headline.interactive
    assert (live.traces, live.untimed_calls) == (CALLS - 1, 1)
    assert live.p50_ms == pytest.approx(4500, abs=1)


def _crowded(unknown: int) -> list[waits.Row]:
    """Rushes on two slots, as in queueing_onset's first example, with a job beside them; of a hundred ends, ``unknown`` are not logged."""
    log = waits.Log(3)
    for rush in range(60):
        for n in range(6):
            log.add("chat", "d", 60.0 * rush + 3 * n, first=0.2 + 0.001 * (n % 3), took=1.0, end_user="u")
        for n in range(10):
            wait = 0.3 * (n // 2)
            log.add("chat", "d", 60.0 * rush + 30 + 0.35 * n, first=0.2 + wait, took=1.0 + (wait if n > 1 else 0), end_user="u")
        log.add("nightly-tags", "d", 60.0 * rush + 45, first=None, took=1.0)
        log.add("nightly-tags", "d", 60.0 * rush + 31, first=None, took=0.1)
    for n, row in enumerate(log.rows):
        row["provider"], row["model"] = "openai", "gpt-4o-mini"
        if n * 37 % 100 < unknown:
            row["ended_at"] = None
    return log.rows


@pytest.mark.parametrize("unknown", [0, 5])
def test_what_was_in_flight_is_not_known_where_ends_are_missing(tmp_path: Path, unknown: int) -> None:
    report = reported(tmp_path, _crowded(unknown), select=("queueing_onset", "background_on_interactive_path"))
    found = {f.rule: f for f in report.findings}
    assert ("queueing_onset" in found) == (unknown == 0)
    overlap = found["background_on_interactive_path"].evidence.get("share_started_while_people_waited")
    assert (overlap is None) == (unknown > 0)
    assert next(q.status for q in report.latency.queueing) == ("not identified" if unknown else "identified")


def test_first_tokens_in_whole_seconds_took_an_unknown_time(tmp_path: Path) -> None:
    """Calls of 0.3 s to the first token, cut to the second: seven in ten would take nothing, three in ten a second."""
    rows = chat().rows
    for n, row in enumerate(rows):
        first, last = (_later(row["started_at"], 0.37 * n % 1 + s) for s in (0.3, 3.0))
        row["started_at"] = _cut(_later(row["started_at"], 0.37 * n % 1))
        row["first_token_at"], row["ended_at"] = _cut(first), last
    report = reported(tmp_path, rows)
    live = report.headline.interactive
    assert (live.ttft_calls, live.ttft_p50_ms) == (0, None)
    assert live.p50_ms is not None
    assert "queueing_onset" in {rule.rule for rule in report.coverage.not_checked}
    assert any("its 100 first tokens have stamps of whole seconds" in note for note in report.coverage.notes)
    rows[50]["first_token_at"] = _later(rows[50]["started_at"], 0.3)
    assert reported(tmp_path, rows).headline.interactive.ttft_calls > 0


def test_a_tail_that_is_not_streamed_is_held_against_the_whole_of_streamed_calls(tmp_path: Path) -> None:
    """Of the slow ones all is model time, 8 s for 3: not 8 s for none."""
    log = waits.Log(7)
    for n in range(600):
        slow = n % 15 == 0
        log.add("chat", "d", 10.0 * n, first=None if slow else 0.5, took=8.0 + n % 7 / 100 if slow else 3.0, end_user="u")
    (tail,) = reported(tmp_path, log.rows).latency.tail
    assert (tail.component, tail.share_of_excess) == ("model calls, streamed or not", pytest.approx(1))
    assert (tail.middle_ms, tail.tail_ms) == (pytest.approx(3000, abs=1), pytest.approx(8030, abs=30))
