"""What "not checked" advises fits the log at hand: each format's own words, plain ones for any other."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import logs
from infercheck import AnalyzeOptions, analyze, sources
from infercheck.model.hints import FAMILIES, SETTINGS, Family, settings_for

SAMPLES = Path(__file__).resolve().parents[1] / "sample_logs"
MAKERS = [family.name for family in FAMILIES]


@pytest.mark.parametrize("family", FAMILIES, ids=MAKERS)
def test_every_entry_means_a_format_and_a_setting(family: Family) -> None:
    for glob in family.sources:
        assert any(fnmatchcase(source, glob) for source in sources.load()), glob
    assert set(family.ways) <= set(SETTINGS.values())
    assert family.ways or family.otherwise


def test_the_plain_words_name_no_maker_of_logs() -> None:
    for setting in SETTINGS.values():
        assert not [name for name in MAKERS if name in setting and name != "OpenTelemetry"], setting


def test_the_words_of_a_format() -> None:
    assert settings_for(["trace_id"]) == "send a trace id with every request"
    assert settings_for(["trace_id"], ["litellm_spend_logs"]) == (
        "send a trace id with every request (LiteLLM: metadata.trace_id or the x-litellm-trace-id header)"
    )
    both = settings_for(["prompt_hash", "masked_hash"], ["kong_ai_proxy", "mine", "openai_batch", "otlp_json"])
    assert (
        both == "log prompts (OpenTelemetry: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true; Kong: log_payloads of the AI plugin)"
    )
    assert settings_for(["prices", "spans"], ["claude_code"]) == f"{SETTINGS['prices']}; {SETTINGS['spans']}"


@pytest.mark.parametrize(
    ("sample", "own"),
    [
        ("agents/claude", "Claude Code and Codex"),
        ("agents/codex", "Claude Code and Codex"),
        ("otlp_spans.jsonl", "OpenTelemetry"),
        ("litellm_spend_logs.csv", "LiteLLM"),
        ("platforms/helicone.jsonl", "Helicone"),
        ("providers/openai_batch.jsonl", ""),
    ],
)
def test_a_report_advises_for_its_own_log(sample: str, own: str) -> None:
    report = analyze(SAMPLES / sample, options=AnalyzeOptions(use_ledger=False))
    told = [entry.setting for entry in report.coverage.not_checked]
    assert told
    named = {name for name in MAKERS for setting in told if f"({name}: " in setting or f"; {name}: " in setting}
    assert named <= {own}, named
    assert not own or named


def test_without_prompts_litellm_is_told_how(tmp_path: Path) -> None:
    log = logs.write(tmp_path / "day.jsonl", map(logs.without_prompts, logs.working_day()))
    told = [entry.setting for entry in analyze(log, options=AnalyzeOptions(use_ledger=False)).coverage.not_checked]
    assert any(
        "log prompts (LiteLLM: keep message logging on; SpendLogs: store_prompts_in_spend_logs: true)" in setting for setting in told
    )


def test_turns_without_cache_fields_are_unknown_not_cached(tmp_path: Path) -> None:
    """A gateway may log what the first turn read from a cache and no later one: the history's rule cannot judge, and says so."""
    rows = []
    for talk in range(30):
        first = logs.call(2 * talk, at_s=600.0 * talk, user="u", tokens=(3000, 100))
        said = [*first["messages"], first["response"]["choices"][0]["message"], {"role": "user", "content": f"And order {talk}?"}]
        second = logs.call(2 * talk + 1, at_s=600.0 * talk + 60, user="u", tokens=(3300, 100)) | {"messages": said}
        second["metadata"] = {key: value for key, value in second["metadata"].items() if key != "usage_object"}
        rows += [first, second]
    options = AnalyzeOptions(use_ledger=False)
    whole = [row | {"metadata": rows[0]["metadata"]} for row in rows]
    unchecked = [
        {skip.rule: skip.reason for skip in analyze([logs.write(tmp_path / f"{name}.jsonl", log)], options=options).coverage.not_checked}
        for name, log in (("some", rows), ("all", whole))
    ]
    assert unchecked[0]["history_resent"] == "no later turn of a conversation tells what it read from a cache"
    assert "history_resent" not in unchecked[1]
