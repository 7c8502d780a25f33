"""What is said of people beside a job: the wait it adds; a hint where calls are few; nothing where people alone fill the deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import waits
from infercheck import AnalyzeOptions, analyze, render
from infercheck.model.report import Finding, Report

OPTIONS = AnalyzeOptions(use_ledger=False, select=("background_slows_interactive", "background_effect_not_identified"))
MINUTES = 40
RUN_S, EVERY_S = 60, 300
Extra = Callable[[float], float]  # seconds that a call waits longer, by how long ago the latest run began


def log_of(extra: Extra, *, wait: float = 0.4, seed: int = 5) -> waits.Log:
    """A job of a minute every five, and a chat's call every six seconds."""
    log = waits.Log(seed)
    for start in range(120, MINUTES * 60, EVERY_S):
        for n in range(RUN_S * 2):
            log.add("nightly-tags", "shared", start + n / 2, first=None, took=4, service_tier="flex")
    people(log, "chat", extra, wait=wait, every=6)
    return log


def people(log: waits.Log, app: str, extra: Extra, *, wait: float = 0.4, every: float) -> None:
    at = 3.0
    while at < MINUTES * 60:
        first = wait * log.rng.lognormvariate(0, 0.1) + extra((at - 120) % EVERY_S)
        log.add(app, "shared", at, first=first, took=first + 1, end_user="u")
        at += every * log.rng.uniform(0.8, 1.2)


def beside(seconds: float) -> float:
    return 0.8 if 1 <= seconds <= RUN_S + 3 else 0.0


def findings(folder: Path, log: waits.Log) -> dict[str, Finding]:
    return {f.subject: f for f in reported(folder, log).findings}


def reported(folder: Path, log: waits.Log) -> Report:
    return analyze([waits.write(folder / "log.jsonl", log.rows)], options=OPTIONS)


def test_who_comes_while_the_queue_of_a_run_drains_is_no_call_without_jobs(tmp_path: Path) -> None:
    found = findings(tmp_path, log_of(lambda seconds: 0.8 if 1 <= seconds <= 2 * RUN_S else 0.0))
    assert found["chat"].evidence["effect_ms"] == pytest.approx(800, rel=0.1)
    assert found["chat"].evidence["unexposed_ms"] == pytest.approx(400, rel=0.1)


@pytest.mark.parametrize("slowed", [True, False])
def test_few_calls_on_a_deployment_that_is_slowed_are_a_hint_if_they_wait_longer(tmp_path: Path, slowed: bool) -> None:
    log = log_of(beside)
    people(log, "search", beside if slowed else lambda _: 0.0, every=33)
    found = findings(tmp_path, log)
    assert found["chat"].grade == "measured"
    if slowed:
        assert found["search"].grade == "heuristic"
        assert found["search"].evidence["exposed_calls"] < 20
        assert found["search"].evidence["effect_ms"] == pytest.approx(800, rel=0.15)
    else:
        assert "search" not in found


@pytest.mark.parametrize(("scale", "told"), [(1, True), (400, False)])
def test_what_a_job_adds_is_not_told_where_people_alone_wait_as_long_as_a_log_is_short(tmp_path: Path, scale: int, told: bool) -> None:
    """The same ratio; at 160 s a wait, forty minutes hold but a few moments of the queue. The report says that it is not identified."""
    report = reported(tmp_path, log_of(lambda seconds: scale * beside(seconds), wait=0.4 * scale))
    found = {f.rule: f for f in report.findings}
    assert ("background_slows_interactive" in found) is told
    text = str(render.get("text").render(report, render.Style(width=160)))
    assert ("What background work adds to people's waits is not identified" in text) is not told
    if not told:
        unknown = found["background_effect_not_identified"]
        assert (unknown.subject, unknown.waste_ms_p50) == ("shared", None)
        assert unknown.evidence["waits_s"] == pytest.approx(160, rel=0.1)


@pytest.mark.parametrize(
    ("job_s", "said"), [(90, "it shares a deployment with people"), (7200, "it ran while nobody else did: the price is the gain")]
)
def test_what_batch_is_worth_where_a_job_runs_beside_people_and_where_it_runs_alone(tmp_path: Path, job_s: float, said: str) -> None:
    log = waits.Log(7)
    people(log, "chat", lambda _: 0.0, every=6)
    for n in range(200):
        log.add("nightly-tags", "shared", job_s + n * 2, first=None, took=4)
    log.rows = [row | {"provider": "openai", "model": "gpt-4o-mini"} for row in log.rows]  # which has a batch price
    report = analyze(
        [waits.write(tmp_path / "log.jsonl", log.rows)],
        options=AnalyzeOptions(use_ledger=False, select=("background_on_interactive_path",)),
    )
    (item,) = report.plan
    assert item.what == f"Send nightly-tags through the batch tier: nobody waits for it, and {said}"


@pytest.mark.parametrize(
    ("places", "every_s", "listed"),
    [(("eu-west-1", "us-east-1"), 240, True), (("eu-west-1", "us-east-1"), 4, False), (("eu-west-1",), 240, False)],
)
def test_places_with_too_few_calls_to_be_compared_are_not_checked(
    tmp_path: Path, places: tuple[str, ...], every_s: float, listed: bool
) -> None:
    """600 calls of two regions in 40 hours, in 40 minutes, and of one region, of which there is nothing to compare."""
    log = waits.Log(3)
    for n in range(600):
        log.add("chat", "shared", n * every_s, first=0.4, took=2, end_user="u", region=places[n % len(places)])
    report = analyze([waits.write(tmp_path / "log.jsonl", log.rows)], options=AnalyzeOptions(use_ledger=False, select=("far_region",)))
    assert [skip.rule for skip in report.coverage.not_checked] == (["far_region"] if listed else [])


def test_a_window_of_a_week_that_holds_calls_on_one_day_is_resampled_by_outcomes(tmp_path: Path) -> None:
    log = waits.Log(7)
    for n in range(40):
        took = 9 * 86400.0 if n == 39 else 4.0
        log.add("nightly-tags", "d", n * 60, first=None, took=took, provider="openai", model="gpt-4o-mini")
    options = AnalyzeOptions(use_ledger=False, select=("full_price_for_background",))
    report = analyze([waits.write(tmp_path / "log.jsonl", log.rows)], options=options)
    assert report.window.complete_days >= 7
    (item,) = report.plan
    assert item.interval_note == "95%, resampling 40 outcomes"
