"""The sample logs say what their README says: the sound one nothing, the demo something in each step, the damaged ones all that is left."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from infercheck import AnalyzeOptions, analyze
from infercheck.model.report import Report

SAMPLES = Path(__file__).resolve().parents[1] / "sample_logs"
OPTIONS = AnalyzeOptions(use_ledger=False)


@pytest.fixture(scope="module")
def demo() -> Report:
    return analyze([SAMPLES / "demo"], options=OPTIONS)


def test_no_rule_finds_anything_in_a_sound_log() -> None:
    report = analyze([SAMPLES / "healthy.jsonl"], options=OPTIONS)
    assert [f.id for f in report.findings] == []
    assert report.plan == []
    assert report.coverage.attempts == 448
    assert (report.coverage.rejects, report.coverage.cell_issues, report.coverage.duplicates) == (0, 0, 0)
    assert report.headline.spend_usd == report.coverage.computed_usd


@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        ("premium_for_short_answers", "ticket-triage"),
        ("uncached_prefix", "policy-assistant"),
        ("cache_breaker", "hr-copilot"),
        ("duplicate_request", "faq-bot"),
        ("tool_loop", "repo-agent"),
        ("validation_loop", "json-extractor"),
        ("impatient_client", "invoice-extract"),
        ("background_on_interactive_path", "nightly-enrichment"),
    ],
)
def test_the_demo_shows_what_its_readme_says_is_planted(rule: str, subject: str, demo: Report) -> None:
    assert subject in {f.subject for f in demo.findings if f.rule == rule}


def test_no_finding_tells_its_calls_twice(demo: Report) -> None:
    told = [f.evidence["calls"] for f in demo.findings if "calls" in f.evidence]
    assert told  # what a rule looked at may be more than what it claims
    assert [f.id for f in demo.findings if f.evidence.get("calls") == f.calls] == []


def test_the_demo_has_findings_in_every_step_and_none_on_innocents(demo: Report) -> None:
    assert {1, 2, 3} <= {f.step for f in demo.findings}
    assert {f.step for f in demo.findings if any(f.id in item.findings for item in demo.plan)} >= {1, 2, 3}
    innocent = {"ticket-triage-v2", "legal-drafter", "policy-assistant-v2"}
    rules = {"premium_for_short_answers", "premium_for_low_value", "uncached_prefix", "cache_breaker", "tool_loop", "validation_loop"}
    assert [f.id for f in demo.findings if f.subject in innocent and f.rule in rules] == []
    assert (demo.coverage.rows, demo.coverage.rejects) == (3877, 0)


def test_two_formats_of_the_same_requests_count_once() -> None:
    report = analyze([SAMPLES / "litellm_standard_logging.jsonl", SAMPLES / "litellm_spend_logs.csv"], options=OPTIONS)
    assert report.coverage.requests == 36
    assert report.headline.spend_usd is not None
    assert round(report.headline.spend_usd, 6) == Decimal("0.017693")


def promised() -> list[tuple[str, str]]:
    """The rows of the README's table of damage: file, and how many records are sound."""
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([\w.]+)` \| [^|]+ \| ([^|]+?) \|$", text[text.index("\n## messy/") :], flags=re.MULTILINE)


def test_every_damaged_file_is_promised_something() -> None:
    assert {name for name, _ in promised()} == {p.name for p in (SAMPLES / "messy").iterdir()}


@pytest.mark.parametrize(("name", "count"), [pytest.param(n, c, id=n) for n, c in promised() if not c.startswith("0")])
def test_what_survives_damage_is_read(name: str, count: str) -> None:
    report = analyze([SAMPLES / "messy" / name], options=OPTIONS)
    numbers = {int(n) for n in re.findall(r"\b\d+\b", count)}
    assert report.coverage.attempts in numbers
    lossless = {"no_final_newline.jsonl", "blank_lines.jsonl", "bom.jsonl", "crlf.jsonl", "utf16.jsonl", "duplicate_keys.jsonl"}
    lossless |= {"pretty_printed.json", "array.json"}
    said = report.coverage.rejects + report.coverage.cell_issues + len(report.coverage.notices)
    assert (said == 0) == (name in lossless), (report.coverage.reject_samples, report.coverage.notices)


def test_a_folder_of_damage_is_read_to_the_end() -> None:
    """Five of the six records stand in most of the files: counted once."""
    report = analyze([SAMPLES / "messy"], options=OPTIONS)
    assert report.coverage.files + report.coverage.skipped.get("empty", 0) == len(list((SAMPLES / "messy").iterdir()))
    assert report.coverage.attempts in range(39, 61)
    assert report.coverage.duplicates > 60
