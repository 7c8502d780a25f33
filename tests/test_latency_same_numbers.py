"""The latency half says the same of a log however it is stored: in one file or several, shuffled, or fed twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import waits
from infercheck import AnalyzeOptions, analyze
from infercheck.model.report import Report

RULES = (
    "background_slows_interactive", "burst_congestion", "cold_start", "far_region", "gateway_overhead", "queueing_onset", "shared_rate_limit",
    "tail_driver", "too_many_hops", "orchestration_gaps",
)  # fmt: skip
FIRING = {
    "background_slows_interactive",
    "burst_congestion",
    "cold_start",
    "far_region",
    "gateway_overhead",
    "shared_rate_limit",
    "too_many_hops",
}
OPTIONS = AnalyzeOptions(use_ledger=False, select=RULES)


def whole(folder: Path, rows: list[waits.Row]) -> list[Path]:
    return [waits.write(folder / "log.jsonl", rows)]


def split(folder: Path, rows: list[waits.Row]) -> list[Path]:
    return [waits.write(folder / f"part-{n}.jsonl", rows[n::5]) for n in range(5)]


def shuffled(folder: Path, rows: list[waits.Row]) -> list[Path]:
    mixed = list(rows)
    random.Random(1).shuffle(mixed)  # noqa: S311
    return [waits.write(folder / "log.jsonl", mixed)]


def twice(folder: Path, rows: list[waits.Row]) -> list[Path]:
    return [waits.write(folder / "log.jsonl", rows), waits.write(folder / "again.jsonl", reversed(rows))]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report(tmp_path_factory.mktemp("plain"), whole)


def report(folder: Path, way: Callable[[Path, list[waits.Row]], list[Path]]) -> Report:
    return analyze(way(folder, waits.mixed()), options=OPTIONS)


def test_every_kind_of_wait_is_found(plain: Report) -> None:
    assert {f.rule for f in plain.findings} >= FIRING
    # What was planted: 0.8 s beside the job, boots of 5.5 s, 150 ms of distance, three small calls too many.
    evidence: dict[str, dict[str, Any]] = {f.rule: f.evidence for f in plain.findings}
    assert evidence["background_slows_interactive"]["effect_ms"] == pytest.approx(800, rel=0.15)
    assert evidence["far_region"]["difference_ms"] == pytest.approx(150, rel=0.15)
    assert evidence["too_many_hops"]["hops"] == 4
    assert [c.deployment for c in plain.latency.cold_starts] == ["sleeper"]
    # The job's minutes are bursts too, and hold nearly all of the waiting on their deployment.
    assert {b.deployment for b in plain.latency.bursts} == {"bursty", "shared"}
    assert plain.headline.system_share_of_p95 and "is the system's" in plain.headline.verdict_latency


@pytest.mark.parametrize("way", [split, shuffled, twice])
def test_the_same_numbers(way: Callable[[Path, list[waits.Row]], list[Path]], plain: Report, tmp_path: Path) -> None:
    found = report(tmp_path, way)
    assert found.coverage.duplicates == (plain.coverage.attempts if way is twice else 0)
    close(found.latency.model_dump(), plain.latency.model_dump(), "latency")
    for part in ("findings", "plan", "headline"):
        close(found.model_dump()[part], plain.model_dump()[part], part)


def close(found: Any, wanted: Any, where: str) -> None:
    """Equal, numbers to nine digits: only the order of additions may differ."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), where
        for key in wanted:
            close(found[key], wanted[key], f"{where}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), where
        for n, (one, other) in enumerate(zip(found, wanted, strict=True)):
            close(one, other, f"{where}[{n}]")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-6), where
    else:
        assert found == wanted, where


def test_the_first_token_is_its_parts(plain: Report) -> None:
    known = [row for row in plain.latency.first_token if row.basis]
    assert {row.deployment for row in known} >= {"shared", "sleeper", "bursty", "search-us-east-1"}
    for row in known:
        parts = (row.expected_ms, row.region_ms, row.cold_start_ms, row.queueing_ms, row.unexplained_ms)
        assert row.mean_ms == pytest.approx(sum(part or 0 for part in parts))
    largest = {"sleeper": "cold_start_ms", "bursty": "queueing_ms", "shared": "queueing_ms", "search-us-east-1": "region_ms"}
    for deployment, reason in largest.items():
        row = next(r for r in known if r.deployment == deployment)
        added = {name: getattr(row, name) for name in ("region_ms", "cold_start_ms", "queueing_ms", "unexplained_ms")}
        assert max(added, key=lambda name: added[name]) == reason, (deployment, added)


def test_the_path_names_boots_and_queues_and_sums_to_the_mean(plain: Report) -> None:
    parts = {part.component: part for part in plain.latency.path}
    assert sum(part.share for part in parts.values()) == pytest.approx(1)
    assert {"cold start", "queueing behind other calls", "before first token"} <= parts.keys()
    # Twelve boots of 5.5 s (the log's first is not known to follow a pause), over all interactive requests.
    assert parts["cold start"].mean_ms * plain.headline.interactive.traces == pytest.approx(12 * 5500, rel=0.1)


def test_several_fixes_on_one_request_save_together_what_each_alone_does_or_more_but_not_their_sum(plain: Report) -> None:
    """Calls in a burst are blamed by two rules, and saved once."""
    live, share = plain.headline.interactive, plain.headline.system_share_of_p95
    assert live.p95_ms and share
    sure = [f for f in plain.findings if f.grade != "heuristic"]
    alone = [f.saves_ms_p95 or 0 for f in sure]
    assert max(alone) - 1e-6 <= share * live.p95_ms < sum(alone)
    both = {f.rule: (f.saves_ms_p50, f.saves_ms_p95) for f in sure if f.subject == "bursty"}
    assert both["burst_congestion"] == pytest.approx(both["queueing_onset"], rel=0.01)
    assert all(p50 and p95 and p50 < p95 for p50, p95 in both.values())
