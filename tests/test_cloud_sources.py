"""Logs of clouds and raw provider traffic: whole samples, prices of what they name, and two logs of one call."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infercheck import ingest
from infercheck.engine.duckdb import Engine
from infercheck.errors import InputError
from infercheck.prices.quote import quote

SAMPLES = Path(__file__).parents[1] / "sample_logs" / "providers"
DAY = date(2026, 11, 20)
ANSWERED = 13  # of the fourteen questions in the samples one is refused
PROMPT, CACHED, OUTPUT = "sum(input_tokens)", "sum(cache_read_tokens)", "sum(output_tokens)"

# What a sample holds: calls, those that were refused or failed, and whether it tells prompt, cached and output tokens.
HELD: dict[str, tuple[int, int, bool, bool]] = {
    "bedrock_invocation.jsonl": (14, 1, True, True),
    "azure_openai_diagnostics.json": (14, 1, False, False),
    "azure_apim_gateway.json": (14, 1, True, True),
    "azure_apim_llm.jsonl": (13, 0, True, False),
    "provider_pairs.jsonl": (14, 1, True, True),
    "provider_answers.jsonl": (13, 0, True, True),
    "openai_batch.jsonl": (14, 1, True, True),
    "anthropic_batch.jsonl": (14, 1, True, True),
    "vertex_request_response.jsonl": (13, 0, True, True),
    "envoy_ai_gateway.jsonl": (14, 1, True, False),
    "sglang_metrics.log": (13, 0, True, True),
}


@pytest.fixture
def engine() -> Any:
    with Engine(threads=1) as made:
        yield made


def read(engine: Engine, *paths: Path) -> ingest.Scope:
    return ingest.open_scope(engine, ingest.ingest(engine, [str(p) for p in paths]))


@pytest.mark.parametrize("name", HELD)
def test_a_sample_is_read_whole(engine: Engine, name: str) -> None:
    scope = read(engine, SAMPLES / name)
    calls, failed, tokens, cached = HELD[name]
    assert (scope.rows, scope.attempts, scope.rejects, scope.cell_issues, scope.duplicates) == (calls, calls, 0, 0, 0)
    assert engine.value("SELECT count(*) FROM calls WHERE status <> 'ok'") == failed
    assert engine.value("SELECT count(*) FROM calls WHERE status IS NULL") == 0
    # The same questions in every format: what each says of tokens must come to the same.
    assert engine.rows(f"SELECT {PROMPT}, {OUTPUT} FROM calls") == [totals() if tokens else (None, None)]
    assert engine.value(f"SELECT {CACHED} FROM calls") == (8 * 1280 if cached else None)


def totals() -> tuple[int, int]:
    """Prompt and output tokens as the OpenAI answers in the batch file state them: cached and reasoning tokens are in."""
    bodies = [json.loads(line)["response"]["body"] for line in (SAMPLES / "openai_batch.jsonl").read_text().splitlines()]
    used = [b["usage"] for b in bodies if "usage" in b]
    assert len(used) == ANSWERED
    return sum(u["prompt_tokens"] for u in used), sum(u["completion_tokens"] for u in used)


def test_chunks_of_streams_are_joined(engine: Engine) -> None:
    scope = read(engine, SAMPLES / "openai_chunks.jsonl")
    assert (scope.rows, scope.attempts, scope.rejects, scope.cell_issues) == (6, 6, 0, 0)
    assert engine.value("SELECT count(*) FROM calls WHERE streamed AND input_tokens > 0 AND finish_reason = 'stop'") == 6


def test_a_server_that_uses_its_ids_again_loses_no_call(engine: Engine, tmp_path: Path) -> None:
    made = [
        {"id": "chatcmpl-17", "object": "chat.completion", "created": 1760000000 + n, "model": "llama3",
         "choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
         "usage": {"prompt_tokens": 9, "completion_tokens": 1}}
        for n in (0, 60, 120)
    ]  # fmt: skip
    for name, answers in (("today", made), ("copy", made[1:])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps({"request": {"messages": []}, "response": a}) for a in answers))
    scope = read(engine, tmp_path)
    assert (scope.rows, scope.attempts, scope.duplicates) == (5, 3, 2)


def test_both_logs_of_api_management_count_a_call_once(engine: Engine) -> None:
    scope = read(engine, SAMPLES / "azure_apim_llm.jsonl", SAMPLES / "azure_apim_gateway.json")
    assert (scope.rows, scope.attempts, scope.duplicates) == (27, 14, 13)
    assert engine.rows(f"SELECT {PROMPT}, {OUTPUT}, count(ended_at) FROM calls") == [(*totals(), 14)]


def test_anthropic_answers_without_times_have_none(engine: Engine) -> None:
    read(engine, SAMPLES / "anthropic_batch.jsonl")
    assert engine.rows("SELECT count(started_at), count(ended_at), count(first_token_at) FROM calls") == [(0, 0, 0)]


@pytest.mark.parametrize(
    ("model_id", "usd_per_mtok"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "0.25"),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", "0.25"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "3"),
        # A regional profile costs a tenth more than the global one.
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3"),
        ("arn:aws:bedrock:eu-central-1:111122223333:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3"),
        ("apac.amazon.nova-pro-v1:0", "0.8"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "0.72"),
        # What hides its model has no price, whatever its id looks like.
        ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34", None),
        ("arn:aws:bedrock:us-east-1:111122223333:provisioned-model/claude", None),
        ("arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1", None),
    ],
)
def test_bedrock_ids_have_their_own_prices(engine: Engine, tmp_path: Path, model_id: str, usd_per_mtok: str | None) -> None:
    record = json.loads((SAMPLES / "bedrock_invocation.jsonl").read_text().splitlines()[0]) | {"modelId": model_id}
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(record) + "\n")
    read(engine, log)
    (provider, model), = engine.rows("SELECT provider, model FROM calls")  # fmt: skip
    found = quote(provider, model, DAY, "default")
    assert (f"{(found.brackets[0].input or 0) * 1_000_000:f}".rstrip("0").rstrip(".") if found else None) == usd_per_mtok


@pytest.mark.parametrize("version", ["2024-07-18", "1"])
def test_azure_models_are_priced_with_and_without_a_version(engine: Engine, tmp_path: Path, version: str) -> None:
    text = (SAMPLES / "azure_openai_diagnostics.json").read_text().replace("2024-07-18", version)
    log = tmp_path / "PT1H.json"
    log.write_text(text)
    read(engine, log)
    (provider, model), = engine.rows("SELECT DISTINCT provider, model FROM calls")  # fmt: skip
    found = quote(provider, model, DAY, "default")
    assert found and found.price_model == "azure/gpt-4o-mini"


def test_cloudwatch_events_hold_bedrock_records(engine: Engine, tmp_path: Path) -> None:
    lines = (SAMPLES / "bedrock_invocation.jsonl").read_text().splitlines()
    log = tmp_path / "export.json"
    log.write_text(json.dumps({"logEvents": [{"id": str(i), "timestamp": 1762084800000, "message": line} for i, line in enumerate(lines)]}))
    scope = read(engine, log)
    assert (scope.attempts, scope.rejects) == (14, 0)


def test_an_event_hub_mixes_categories_and_says_so(engine: Engine, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (SAMPLES / "azure_openai_diagnostics.json").read_text().splitlines()]
    log = tmp_path / "hub.json"
    log.write_text(json.dumps({"records": [*rows, rows[0] | {"category": "Audit", "operationName": "ListKey"}]}))
    result = ingest.ingest(engine, [str(log)])
    assert ingest.open_scope(engine, result).attempts == 14
    assert any("the category Audit" in notice for notice in result.notices)


def test_a_list_with_a_record_on_each_line_is_one_list(engine: Engine, tmp_path: Path) -> None:
    lines = (SAMPLES / "bedrock_invocation.jsonl").read_text().splitlines()
    log = tmp_path / "list.json"
    log.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    scope = read(engine, log)
    assert (scope.attempts, scope.rejects) == (14, 0)


def test_totals_are_refused_by_name_and_skipped_in_a_folder(engine: Engine, tmp_path: Path) -> None:
    report = tmp_path / "usage.json"
    report.write_text('{"object":"page","data":[{"object":"bucket","start_time":1,"end_time":2,"results":[]}]}')
    with pytest.raises(InputError, match="totals per bucket of time, no calls"):
        ingest.ingest(engine, [str(report)])
    with pytest.raises(InputError, match="`infercheck reconcile` holds it against a log"):
        ingest.ingest(engine, [str(report)])
    (tmp_path / "log.jsonl").write_bytes((SAMPLES / "bedrock_invocation.jsonl").read_bytes())
    result = ingest.ingest(engine, [str(tmp_path)])
    assert result.skipped == {"openai_usage_report": 1}
    assert ingest.open_scope(engine, result).attempts == 14


VLLM = """\
INFO 11-24 09:00:00 [logger.py:43] Received request cmpl-1: prompt: 'hi, you', params: SamplingParams(n=1, temperature=1.0), prompt_token_ids: None.
INFO:     10.0.0.1:5 - "POST /v1/chat/completions HTTP/1.1" 200 OK
INFO 11-24 09:00:10 [loggers.py:118] Engine 000: Avg prompt throughput: 12.0 tokens/s, Avg generation throughput: 3.1 tokens/s, Running: 1 reqs
"""


def test_a_server_log_of_vllm_says_where_its_calls_are(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "vllm.log"
    path.write_text(VLLM, encoding="utf-8")
    with pytest.raises(InputError, match=r"no log of calls but vLLM's server log.*--otlp-traces-endpoint"):
        ingest.ingest(engine, [str(path)])
    (tmp_path / "log.jsonl").write_bytes((SAMPLES / "bedrock_invocation.jsonl").read_bytes())
    assert ingest.ingest(engine, [str(tmp_path)]).skipped == {"vLLM's server log": 1}


def test_a_span_of_sglang(engine: Engine, tmp_path: Path) -> None:
    """Its cached tokens stand under a name of its own, inside of the prompt's; its latencies are seconds."""
    said = {"gen_ai.response.model": "Qwen/Qwen2.5-7B", "gen_ai.usage.prompt_tokens": 360, "gen_ai.usage.completion_tokens": 8,
            "gen_ai.usage.cached_tokens": 352, "gen_ai.latency.time_in_queue": 0.5, "gen_ai.latency.time_to_first_token": 0.75}  # fmt: skip
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}
    attributes = [{"key": k, "value": {kinds[type(v)]: str(v) if isinstance(v, int) else v}} for k, v in said.items()]
    times = {"startTimeUnixNano": "1760000020000000000", "endTimeUnixNano": "1760000022000000000"}
    span = {"traceId": "a4", "spanId": "c3", "name": "Req r1", "kind": 2, "attributes": attributes, **times}
    path = tmp_path / "spans.jsonl"
    path.write_text(
        json.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "sglang"}, "spans": [span]}]}]}) + "\n", encoding="utf-8"
    )
    ingest.open_scope(engine, ingest.ingest(engine, [str(path)]))
    columns = "provider, model, input_tokens, cache_read_tokens, output_tokens, queue_ms, epoch_ms(first_token_at) - epoch_ms(started_at)"
    assert engine.rows(f"SELECT {columns} FROM calls") == [("sglang", "Qwen/Qwen2.5-7B", 360, 352, 8, 500.0, 750)]
