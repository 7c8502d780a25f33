"""Public traces of production serving, read whole: every row counts, nothing is priced, and the report says what would make it so."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from corpora import corpus
from infercheck import AnalyzeOptions, analyze
from infercheck.model.report import Report

# Records, counted as lines without the header.
TRACES = {
    "public/azure_llm_2023/AzureLLMInferenceTrace_code.csv.gz": ("azure_llm_trace", 8_819),
    "public/azure_llm_2023/AzureLLMInferenceTrace_conv.csv.gz": ("azure_llm_trace", 19_366),
    "public/mooncake_fast25/conversation_trace.jsonl.gz": ("mooncake_trace", 12_031),
    "public/mooncake_fast25/synthetic_trace.jsonl.gz": ("mooncake_trace", 3_993),
}
MAPPINGS = {
    "azure_llm_trace": """
        keys = ["TIMESTAMP", "ContextTokens"]
        zone = "UTC"
        [source.own.columns]
        started_at = "TIMESTAMP"
        input_tokens = "ContextTokens"
        output_tokens = "GeneratedTokens"
        model = { value = "gpt-4o" }
        provider = { value = "azure" }""",
    "mooncake_trace": """
        keys = ["timestamp", "hash_ids"]
        [source.own.columns]
        started_at = { path = "timestamp", format = "epoch_ms", origin = 2026-01-05T00:00:00Z }
        input_tokens = "input_length"
        output_tokens = "output_length"
        model = { value = "gpt-4o" }
        provider = { value = "openai" }""",
}


def tokens_of(path: Path, source: str) -> tuple[int, int]:
    """Counted here, apart from the tool."""
    import csv
    import json

    with gzip.open(path, "rt", newline="") as stream:
        if source == "azure_llm_trace":
            rows = [(int(r["ContextTokens"]), int(r["GeneratedTokens"])) for r in csv.DictReader(stream)]
        else:
            rows = [(r["input_length"], r["output_length"]) for r in map(json.loads, stream)]
    return sum(a for a, _ in rows), sum(b for _, b in rows)


def run(path: Path, config: Path) -> Report:
    return analyze([path], options=AnalyzeOptions(config=config, use_ledger=False))


@pytest.mark.parametrize("name", TRACES)
def test_read_whole_and_nothing_is_made_up(name: str, tmp_path: Path) -> None:
    path, (source, count) = corpus(name), TRACES[name]
    config = tmp_path / "infercheck.toml"
    config.write_text("")
    report = run(path, config)
    cover, head = report.coverage, report.headline
    assert (cover.rows, cover.attempts, cover.rejects, cover.cell_issues, cover.duplicates) == (count, count, 0, 0, 0)
    (model,) = report.spend.by_model
    assert (model.input_tokens, model.output_tokens) == tokens_of(path, source)
    assert (model.model, model.spend_usd, model.cache_read_tokens) == (None, None, None)  # unknown, not zero
    assert (head.spend_usd, head.successful_outcomes, cover.priced_share) == (None, None, 0.0)
    assert report.findings == []
    assert any("no call names its model" in note for note in cover.notes)
    assert all(entry.setting for entry in cover.not_checked)
    assert (cover.naive_times > 0) is (source == "azure_llm_trace")
    assert any("1970-01-01" in notice for notice in cover.notices) is (source == "mooncake_trace")


@pytest.mark.parametrize("name", TRACES)
def test_a_mapping_that_names_the_model_makes_it_priced(name: str, tmp_path: Path) -> None:
    path, (source, count) = corpus(name), TRACES[name]
    config = tmp_path / "infercheck.toml"
    config.write_text(f"[source.own]{MAPPINGS[source]}")
    report = run(path, config)
    assert (report.coverage.attempts, report.coverage.rejects, report.coverage.cell_issues) == (count, 0, 0)
    assert report.coverage.priced_share == 1.0
    (model,) = report.spend.by_model
    assert (model.input_tokens, model.output_tokens) == tokens_of(path, source)
    assert report.headline.spend_usd
    assert not report.coverage.naive_times
