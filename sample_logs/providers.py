"""Small logs of clouds and of raw provider traffic, all of the same made-up questions: what ``make_samples.py`` writes beside its own.

A parcel service answers customers. Every format holds some of the same fourteen questions in its own words, among them a refused one, a streamed
one, one with cached tokens and one with reasoning, as far as the format can say so.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

FIRST = datetime(2026, 11, 2, 12, tzinfo=UTC)
SYSTEM = "You help customers of a parcel service. Be brief and kind."
TICKS_1970 = 621_355_968_000_000_000
CLAUDE, GPT = "claude-sonnet-4-5-20250929", "gpt-4o-mini-2024-07-18"


class Turn(NamedTuple):
    """One question and its answer. ``prompt`` counts what came from the cache in, ``output`` the reasoning."""

    number: int
    at: datetime
    took_ms: int
    first_ms: int
    question: str
    answer: str
    prompt: int
    cached: int
    written: int
    output: int
    reasoning: int
    streamed: bool
    refused: bool


def turns(sentences: Callable[[int], str], rng: random.Random, count: int = 14) -> list[Turn]:
    """Questions a few minutes apart. The fourth is refused; from the sixth on a long opening is cached."""
    made = []
    for i in range(count):
        answer, question = sentences(24), sentences(30)
        prompt = 1400 + len(question) // 4
        output = len(answer) // 4
        first = rng.randint(320, 420)
        made.append(
            Turn(
                number=i,
                at=FIRST + timedelta(minutes=7 * i, milliseconds=rng.randint(0, 999)),
                took_ms=first + output * 12,
                first_ms=first,
                question=question,
                answer=answer,
                prompt=prompt,
                cached=1280 if i > 5 else 0,
                written=1280 if i == 5 else 0,
                output=output + (64 if i % 3 == 0 else 0),
                reasoning=64 if i % 3 == 0 else 0,
                streamed=i % 2 == 1,
                refused=i == 3,
            )
        )
    return made


def iso(at: datetime, digits: int = 3) -> str:
    """ISO 8601 with so many digits of a second."""
    text = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at.microsecond * 10:07d}"[: len(text) + 1 + digits] + "Z" if digits else text + "Z"


def messages(t: Turn) -> list[dict[str, str]]:
    """The prompt in OpenAI's words."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": t.question}]


def openai_usage(t: Turn) -> dict[str, Any]:
    """Cached tokens are in prompt_tokens, reasoning is in completion_tokens."""
    return {
        "prompt_tokens": t.prompt,
        "completion_tokens": t.output,
        "total_tokens": t.prompt + t.output,
        "prompt_tokens_details": {"cached_tokens": t.cached},
        "completion_tokens_details": {"reasoning_tokens": t.reasoning},
    }


def completion(t: Turn, at: datetime | None = None) -> dict[str, Any]:
    """What Chat Completions answers."""
    choice = {"index": 0, "message": {"role": "assistant", "content": t.answer}, "finish_reason": "stop"}
    head = {"id": f"chatcmpl-{t.number:04d}", "object": "chat.completion", "created": int((at or t.at).timestamp()), "model": GPT}
    return {**head, "choices": [choice], "usage": openai_usage(t), "service_tier": "default"}


def chunks(t: Turn) -> list[dict[str, Any]]:
    """The same as a stream: three pieces, the end, and the usage that the client asked for."""
    head = {"id": f"chatcmpl-{t.number:04d}", "object": "chat.completion.chunk", "created": int(t.at.timestamp()), "model": GPT}
    third = len(t.answer) // 3
    pieces = [t.answer[:third], t.answer[third : 2 * third], t.answer[2 * third :]]
    deltas: list[tuple[dict[str, str], str | None]] = [*(({"content": p}, None) for p in pieces), ({}, "stop")]
    rows = [{**head, "choices": [{"index": 0, "delta": d, "finish_reason": f}], "usage": None} for d, f in deltas]
    return [*rows, {**head, "choices": [], "usage": openai_usage(t)}]


def message(t: Turn, tier: str = "standard") -> dict[str, Any]:
    """What Anthropic answers: its input leaves out the cached tokens, and no time is told."""
    usage = {
        "input_tokens": t.prompt - t.cached - t.written,
        "cache_creation_input_tokens": t.written,
        "cache_read_input_tokens": t.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": t.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": t.output,
        "service_tier": tier,
    }
    head = {"id": f"msg_01{t.number:04d}", "type": "message", "role": "assistant", "model": CLAUDE}
    return {**head, "content": [{"type": "text", "text": t.answer}], "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}


def sse(parts: Sequence[dict[str, Any]]) -> str:
    """Server-sent events as text."""
    return "".join(f"data: {json.dumps(p)}\n\n" for p in parts) + "data: [DONE]\n\n"


def bedrock(t: Turn) -> dict[str, Any]:
    """Converse and its stream through a cross-region profile, in every other record named by its ARN; counts without the cached tokens."""
    profile = f"eu.anthropic.{CLAUDE}-v1:0"
    record: dict[str, Any] = {
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": iso(t.at, 0), "accountId": "111122223333",
        "identity": {"arn": "arn:aws:sts::111122223333:assumed-role/help-desk/i-1"}, "region": "eu-central-1", "inferenceRegion": "eu-north-1",
        "requestId": f"0f0f0f0f-0000-4000-8000-{t.number:012d}", "operation": "ConverseStream" if t.streamed else "Converse",
        "modelId": f"arn:aws:bedrock:eu-central-1:111122223333:inference-profile/{profile}" if t.streamed else profile,
        "requestMetadata": {"app": "help-desk", "team": "support"},
        "input": {"inputContentType": "application/json", "inputBodyJson": {
            "system": [{"text": SYSTEM}], "messages": [{"role": "user", "content": [{"text": t.question}]}],
            "inferenceConfig": {"maxTokens": 400}}},
    }  # fmt: skip
    if t.refused:
        return record | {"errorCode": "ThrottlingException", "output": {}}
    counts = {"inputTokens": t.prompt - t.cached - t.written, "outputTokens": t.output, "totalTokens": t.prompt + t.output}
    cache = {"cacheReadInputTokens": t.cached, "cacheWriteInputTokens": t.written}
    record["input"] |= {
        "inputTokenCount": counts["inputTokens"],
        "cacheReadInputTokenCount": t.cached,
        "cacheWriteInputTokenCount": t.written,
    }
    body = {"output": {"message": {"role": "assistant", "content": [{"text": t.answer}]}}, "stopReason": "end_turn",
            "metrics": {"latencyMs": t.took_ms}, "usage": {**counts, **cache}}  # fmt: skip
    return record | {"output": {"outputContentType": "application/json", "outputBodyJson": body, "outputTokenCount": t.output}}


def azure_diagnostics(t: Turn) -> dict[str, Any]:
    """A record of category RequestResponse: clocks are ticks, tokens are nowhere."""
    start = TICKS_1970 + round(t.at.timestamp() * 1000) * 10_000
    properties = {
        "apiName": "Azure OpenAI API version 2024-10-21", "requestTime": start, "requestLength": 900,
        "responseTime": start + (30 if t.refused else t.took_ms) * 10_000, "responseLength": 700, "objectId": "",
        "streamType": "Streaming" if t.streamed else "Non-Streaming", "modelDeploymentName": "mini-live", "modelName": "gpt-4o-mini",
        "modelVersion": "2024-07-18",
    }  # fmt: skip
    return {
        "Tenant": "swedencentral", "callerIpAddress": "10.0.0.***", "category": "RequestResponse", "correlationId": f"c-{t.number:04d}",
        "durationMs": t.took_ms, "event": "ShoeboxCallResult", "location": "swedencentral", "operationName": "ChatCompletions_Create",
        "properties": json.dumps(properties),
        "resourceId": "/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/PARCELS",
        "resultSignature": "429" if t.refused else "200", "time": iso(t.at + timedelta(milliseconds=t.took_ms), 7),
    }  # fmt: skip


def apim_gateway(t: Turn) -> dict[str, Any]:
    """A call through API Management with its bodies; a stream's is the text of its events."""
    path = "/openai/deployments/mini-live/chat/completions?api-version=2024-10-21"
    properties: dict[str, Any] = {
        "method": "POST", "url": f"https://apim.example{path}", "responseCode": 429 if t.refused else 200, "cache": "none",
        "backendUrl": f"https://parcels.openai.azure.com{path}", "backendTime": t.took_ms - 4, "apimSubscriptionId": "help-desk",
        "requestBody": json.dumps({"messages": messages(t), "stream": t.streamed}),
    }  # fmt: skip
    if t.refused:
        properties["lastError"] = {"reason": "TokenLimitExceeded"}
    else:
        properties["backendResponseBody"] = sse(chunks(t)) if t.streamed else json.dumps(completion(t))
    return {
        "DeploymentVersion": "0.1", "Level": 4, "isRequestSuccess": not t.refused, "time": iso(t.at, 7), "category": "GatewayLogs",
        "operationName": "Microsoft.ApiManagement/GatewayLogs", "durationMs": 12 if t.refused else t.took_ms, "correlationId": f"g-{t.number:04d}",
        "location": "Sweden Central", "resourceId": "/SUBSCRIPTIONS/S", "properties": properties,
    }  # fmt: skip


def apim_llm(t: Turn) -> list[dict[str, Any]]:
    """The same calls as rows of the LLM log; the last one's messages are split over two."""
    row = {
        "TimeGenerated": iso(t.at), "CorrelationId": f"g-{t.number:04d}", "SequenceNumber": 0, "OperationName": "ChatCompletions_Create",
        "Region": "Sweden Central", "DeploymentName": "mini-live", "ModelName": GPT, "PromptTokens": t.prompt, "CompletionTokens": t.output,
        "TotalTokens": t.prompt + t.output, "IsStreamCompletion": t.streamed, "RequestId": f"chatcmpl-{t.number:04d}",
        "RequestMessages": json.dumps(messages(t)), "Type": "ApiManagementGatewayLlmLog",
    }  # fmt: skip
    if t.number < 13:
        return [row]
    text = row["RequestMessages"]
    return [row | {"RequestMessages": text[:60]}, row | {"SequenceNumber": 1, "RequestMessages": text[60:]}]


def pair(t: Turn) -> dict[str, Any]:
    """An application's own log: OpenAI and Anthropic by turns, a stream as the list of its chunks, a refusal with its error."""
    anthropic = t.number % 4 == 0
    request: dict[str, Any] = {"model": CLAUDE, "max_tokens": 400, "system": SYSTEM, "messages": messages(t)[1:]}
    if not anthropic:
        request = {"model": "gpt-4o-mini", "messages": messages(t), "stream": t.streamed}
    response: Any = message(t) if anthropic else chunks(t) if t.streamed else completion(t)
    record = {
        "ts": iso(t.at),
        "latency_ms": t.took_ms,
        "status_code": 200,
        "request": request,
        "response": response,
        "user": f"customer-{t.number}",
    }
    if t.refused:
        error = {"error": {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
        return record | {"status_code": 429, "latency_ms": 85, "response": error}
    return record


def openai_batch(t: Turn) -> dict[str, Any]:
    """A line of a batch's output file: answered within a day, in no order."""
    body: Any = completion(t, t.at + timedelta(hours=3)) | {"service_tier": None}
    head = {"id": f"batch_req_{t.number:04d}", "custom_id": f"row-{t.number}"}
    if t.refused:
        body = {"error": {"message": "bad request", "type": "invalid_request_error", "param": None, "code": None}}
    return {**head, "response": {"status_code": 400 if t.refused else 200, "request_id": f"req_{t.number}", "body": body}, "error": None}


def anthropic_batch(t: Turn) -> dict[str, Any]:
    """A line of a message batch's results."""
    result: dict[str, Any] = {"type": "expired"} if t.refused else {"type": "succeeded", "message": message(t, "batch")}
    return {"custom_id": f"row-{t.number}", "result": result}


def vertex(t: Turn) -> dict[str, Any]:
    """A row of the BigQuery table: thoughts are not in the output."""
    usage = {
        "prompt_token_count": t.prompt, "cached_content_token_count": t.cached, "candidates_token_count": t.output - t.reasoning,
        "thoughts_token_count": t.reasoning, "total_token_count": t.prompt + t.output, "traffic_type": "ON_DEMAND",
    }  # fmt: skip
    candidate = {"finish_reason": "STOP", "content": {"role": "model", "parts": [{"text": t.answer}]}}
    name = "publishers/google/models/gemini-2.5-flash"
    request = {"model": f"projects/p/locations/europe-west4/{name}", "contents": [{"role": "user", "parts": [{"text": t.question}]}],
               "system_instruction": {"parts": [{"text": SYSTEM}]}}  # fmt: skip
    response = {"candidates": [candidate], "create_time": iso(t.at), "model_version": "gemini-2.5-flash", "usage_metadata": usage}
    return {
        "endpoint": "", "deployed_model_id": "", "request_id": 5374205265901350000 + t.number, "model": name, "model_version": "default",
        "logging_time": (t.at + timedelta(milliseconds=t.took_ms)).strftime("%Y-%m-%d %H:%M:%S.%f UTC"),
        "api_method": "StreamGenerateContent" if t.streamed else "GenerateContent", "full_request": request, "full_response": response,
        "metadata": {"request_latency": float(t.took_ms)},
    }  # fmt: skip


def envoy(t: Turn) -> dict[str, Any]:
    """A line of the access log; what a refused call has not is null."""
    return {
        "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": None if t.refused else GPT, "gen_ai.provider.name": "default/openai",
        "gen_ai.usage.input_tokens": None if t.refused else t.prompt, "gen_ai.usage.output_tokens": None if t.refused else t.output,
        "gen_ai.usage.reasoning_tokens": None if t.refused else t.reasoning, "session.id": None, "start_time": iso(t.at), "method": "POST",
        "request.path": "/v1/chat/completions", "x-envoy-origin-path": "/v1/chat/completions", "response_code": 429 if t.refused else 200,
        "duration": 12 if t.refused else t.took_ms, "x-envoy-upstream-service-time": str(t.first_ms), "x-request-id": f"e-{t.number:04d}",
        "user-agent": "help-desk/1.4", "upstream_cluster": "httproute/default/parcels/rule/0",
    }  # fmt: skip


def sglang(t: Turn) -> dict[str, Any]:
    """A line of SGLang's request metrics, in seconds."""
    asked = {"rid": f"s{t.number}", "text": f"{SYSTEM}\n{t.question}", "sampling_params": {"max_new_tokens": 400}, "stream": t.streamed,
             "received_time": t.at.timestamp()}  # fmt: skip
    return {"request_parameters": json.dumps(asked), "id": f"s{t.number}", "finish_reason": {"type": "stop"}, "prompt_tokens": t.prompt,
            "completion_tokens": t.output, "cached_tokens": t.cached, "queue_time": 0.004, "e2e_latency": t.took_ms / 1000}  # fmt: skip


def files(sentences: Callable[[int], str], rng: random.Random) -> dict[str, bytes]:
    """All files by name."""
    made = turns(sentences, rng)
    answered = [t for t in made if not t.refused]
    streamed = [t for t in answered if t.streamed]
    # Two streams at a time, their chunks in turns.
    woven = [c for two in zip(streamed[::2], streamed[1::2], strict=False) for pairs in zip(*map(chunks, two), strict=True) for c in pairs]
    shuffled = rng.sample(made, len(made))
    return {
        "bedrock_invocation.jsonl": jsonl(map(bedrock, made)),
        "azure_openai_diagnostics.json": jsonl(map(azure_diagnostics, made)),
        "azure_apim_gateway.json": json.dumps({"records": [apim_gateway(t) for t in made]}).encode() + b"\n",
        "azure_apim_llm.jsonl": jsonl(row for t in answered for row in apim_llm(t)),
        "provider_pairs.jsonl": jsonl(map(pair, made)),
        "provider_answers.jsonl": jsonl(message(t) if t.number % 4 == 0 else completion(t) for t in answered),
        "openai_chunks.jsonl": jsonl(woven),
        "openai_batch.jsonl": jsonl(map(openai_batch, shuffled)),
        "vertex_request_response.jsonl": jsonl(map(vertex, answered)),
        "envoy_ai_gateway.jsonl": jsonl(map(envoy, made)),
        "sglang_metrics.log": jsonl(map(sglang, answered)),
        "anthropic_batch.jsonl": jsonl(map(anthropic_batch, shuffled)),
    }


def jsonl(rows: Any) -> bytes:
    """Compact JSON, a line each."""
    return b"".join(json.dumps(r, separators=(",", ":")).encode() + b"\n" for r in rows)
