"""What a model reasons before its first token is neither a queue nor a job's doing, nor distance, nor a boot."""

from __future__ import annotations

from pathlib import Path

import pytest

import waits
from infercheck import AnalyzeOptions, analyze

OPTIONS = AnalyzeOptions(
    use_ledger=False, select=("background_slows_interactive", "burst_congestion", "cold_start", "far_region", "queueing_onset")
)


def log_of(*, logged: bool = True, per_token_s: float = 0.01) -> waits.Log:
    """An hour of chats, of which half reason while a job runs: ten minutes in every twenty. Nobody waits for anybody."""
    log = waits.Log(5)
    for second in range(0, 3600, 3):
        beside = second % 1200 < 600
        tokens = 400 if beside and log.rng.random() < 0.5 else 0
        wait = 0.4 * log.rng.lognormvariate(0, 0.2) + tokens * per_token_s
        known = tokens if logged else None
        log.add("chat", "shared", second, first=wait, took=wait + 2, end_user="u", output_tokens=100 + tokens, reasoning_tokens=known)
        if beside:
            log.add("nightly-tags", "shared", second + 1, first=None, took=4, reasoning_tokens=0 if logged else None)
    return log


@pytest.mark.parametrize("logged", [True, False])
def test_half_of_the_chats_reason_while_a_job_runs(tmp_path: Path, logged: bool) -> None:
    """Where the log does not say so, they are as slow as behind a queue, and nothing tells the two apart."""
    report = analyze([waits.write(tmp_path / "log.jsonl", log_of(logged=logged).rows)], options=OPTIONS)
    assert ("background_slows_interactive" in {f.rule for f in report.findings}) is not logged
    if logged:
        assert not report.findings
        # Reasoning is part of what may be expected of a call, not unexplained.
        assert all(abs(row.unexplained_ms or 0) < 100 for row in report.latency.first_token)


def test_providers_that_stream_their_reasoning_look_no_faster(tmp_path: Path) -> None:
    """There the first token does not wait for it: were it subtracted, waits would be negative."""
    report = analyze([waits.write(tmp_path / "log.jsonl", log_of(per_token_s=0).rows)], options=OPTIONS)
    assert not report.findings
    assert all(row.expected_ms is None or row.expected_ms > 300 for row in report.latency.first_token)
