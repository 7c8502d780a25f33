"""The logs of observability platforms and gateways under platforms/: one made-up afternoon, as each tells it."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

START = datetime(2026, 11, 2, 14, tzinfo=UTC)
QUESTIONS = 24
TOPICS = ("parcel", "refund", "customs form", "invoice", "delivery date", "damage claim", "return label", "address")
RATES = {"gpt-4o-mini": (0.15, 0.075, 0.60), "gpt-4o": (2.5, 1.25, 10.0)}  # USD per million tokens: input, read from cache, output


class Call(NamedTuple):
    """An attempt: tokens are whole, cached and reasoning ones included. A failure has none."""

    number: int
    trace: int
    step: str
    model: str
    at: datetime
    wait_ms: int
    took_ms: int
    ok: bool
    tokens: int
    cached: int
    answer_tokens: int
    reasoning: int
    prompt: list[dict[str, str]]
    answer: str

    @property
    def usd(self) -> float:
        """List price."""
        fresh, cached, out = RATES[self.model]
        return round((fresh * (self.tokens - self.cached) + cached * self.cached + out * self.answer_tokens) / 1e6, 9)

    @property
    def end(self) -> datetime:
        """When it ended."""
        return self.at + timedelta(milliseconds=self.took_ms)


def afternoon(seed: int = 23) -> list[Call]:
    """A help desk: each question is first sorted by a small model, then answered; every eighth answer is refused once and tried again."""
    rng, calls = random.Random(seed), list[Call]()

    def call(trace: int, step: str, at: datetime, *, ok: bool = True) -> Call:
        sort, topic = step == "sort", TOPICS[trace % len(TOPICS)]
        prompt = [{"role": "system", "content": "Name the topic." if sort else "You help customers of a parcel service. Be brief and kind."},
                  {"role": "user", "content": f"Customer {trace}: what about my {topic}, order {rng.randint(10**5, 10**6)}?"}]  # fmt: skip
        tokens, answer = (30, 3) if sort else (rng.randint(1500, 1700), rng.randint(120, 260))
        made = Call(
            len(calls),
            trace,
            step,
            "gpt-4o-mini" if sort else "gpt-4o",
            at,
            rng.randint(300, 420),
            0,
            ok,
            tokens * ok,
            0,
            answer * ok,
            0,
            prompt,
            "",
        )
        took = made.wait_ms + answer * 12 if ok else 180
        cached = 1280 if ok and not sort and trace % 3 else 0
        text = topic if sort else f"Your {topic} is on its way, customer {trace}."
        calls.append(made._replace(took_ms=took, cached=cached, reasoning=0 if sort or not ok else answer // 5, answer=text * ok))
        return calls[-1]

    for trace in range(QUESTIONS):
        came = START + timedelta(minutes=7 * trace, seconds=rng.uniform(0, 400))  # people keep no clock
        at = call(trace, "sort", came.replace(microsecond=0)).end + timedelta(milliseconds=40)
        if trace % 8 == 5:
            at = call(trace, "answer", at, ok=False).end + timedelta(seconds=4)
        call(trace, "answer", at)
    return calls


def zulu(at: datetime) -> str:
    """2026-11-02T14:00:00.000Z"""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(at: datetime) -> str:
    """The same without a zone."""
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


def langfuse(calls: list[Call]) -> list[dict[str, Any]]:
    """Observations: in each trace an agent, and below it the calls and a look-up between them."""
    rows: list[dict[str, Any]] = []
    for trace in range(QUESTIONS):
        own = [c for c in calls if c.trace == trace]
        shared = {"traceId": f"trace-{trace}", "environment": "production", "version": None}
        rows.append({**_observation(f"root-{trace}", "AGENT", "help-desk", None, own[0].at, own[-1].end), **shared})
        found = {"input": {"order": trace}, "output": "found"}
        rows.append(
            {
                **_observation(f"tool-{trace}", "TOOL", "find_order", f"root-{trace}", own[0].end, own[0].end + timedelta(milliseconds=35)),
                **shared,
                **found,
            }
        )
        for c in own:
            usage = {"input": c.tokens - c.cached, "input_cached_tokens": c.cached, "output": c.answer_tokens - c.reasoning,
                     "output_reasoning_tokens": c.reasoning, "total": c.tokens + c.answer_tokens} if c.ok else {}  # fmt: skip
            rows.append({**_observation(f"gen-{c.number}", "GENERATION", c.step, f"root-{trace}", c.at, c.end), **shared,
                         "level": "DEFAULT" if c.ok else "ERROR", "statusMessage": None if c.ok else "Error code: 429 - rate limit",
                         "completionStartTime": zulu(c.at + timedelta(milliseconds=c.wait_ms)) if c.ok else None, "model": c.model,
                         "modelParameters": {"temperature": 0.2}, "usageDetails": usage, "costDetails": {"total": c.usd} if c.ok else {},
                         "totalCost": c.usd if c.ok else None, "promptName": c.step, "input": c.prompt,
                         "output": {"role": "assistant", "content": c.answer} if c.ok else None})  # fmt: skip
    return rows


def _observation(own: str, kind: str, name: str, parent: str | None, start: datetime, end: datetime) -> dict[str, Any]:
    return {"id": own, "projectId": "p1", "type": kind, "name": name, "parentObservationId": parent, "startTime": zulu(start), "endTime": zulu(end),
            "completionStartTime": None, "level": "DEFAULT", "statusMessage": None, "model": None, "modelParameters": None, "usageDetails": {},
            "costDetails": {}, "totalCost": None, "promptName": None, "input": None, "output": None, "metadata": {}}  # fmt: skip


def _trace(number: int) -> dict[str, Any]:
    return {
        "id": f"trace-{number}",
        "name": "help-desk",
        "userId": f"customer-{number % 9}",
        "sessionId": f"visit-{number % 9}",
        "tags": ["web"],
    }


def liked(number: int) -> int:
    """Feedback on a trace's answer, 1 or 0."""
    return int(number % 6 != 4)


def langfuse_ui(calls: list[Call]) -> list[dict[str, Any]]:
    """Shape 1: the export button. A column for each name of a score; here they judge the last answer."""
    last = {c.trace: f"gen-{c.number}" for c in calls}
    return [row | {"traceName": "help-desk", "traceTags": ["web"], "traceTimestamp": zulu(START), "userId": _trace(number)["userId"],
                   "user-feedback": [liked(number)] if row["id"] == last[number] else None}
            for row in langfuse(calls) for number in [int(row["traceId"].split("-")[1])]]  # fmt: skip


def langfuse_api(calls: list[Call]) -> dict[str, Any]:
    """Shape 2: GET /api/public/observations."""
    old = {"usage": {"unit": "TOKENS"}, "promptTokens": 0, "completionTokens": 0, "totalTokens": 0}
    rows = [row | old | {"calculatedTotalCost": row["totalCost"] or 0} for row in langfuse(calls)]
    return {"data": rows, "meta": {"page": 1, "limit": 100, "totalItems": len(rows), "totalPages": 1}}


def langfuse_api_v2(calls: list[Call]) -> dict[str, Any]:
    """Shape 3: GET /api/public/v2/observations. Input and output are texts."""
    rows = []
    for row in langfuse(calls):
        known = _trace(int(row["traceId"].split("-")[1]))
        more = {k: row[k] if row[k] is None else json.dumps(row[k]) for k in ("input", "output", "modelParameters")}
        of_trace = {"tags": known["tags"], "traceName": "help-desk", "userId": known["userId"], "sessionId": known["sessionId"]}
        rows.append({k: v for k, v in row.items() if k != "model"} | more | of_trace | {"providedModelName": row["model"]})
    return {"data": rows, "meta": {"cursor": None}}


def langfuse_blob(calls: list[Call]) -> dict[str, list[dict[str, Any]]]:
    """Shape 4: files of observations, traces and scores."""
    names = {"model": "provided_model_name"}
    observations = []
    for row in langfuse(calls):
        record = {names.get(k, "".join("_" + c.lower() if c.isupper() else c for c in k)): v for k, v in row.items()}
        times = {k: v and v.replace("T", " ").rstrip("Z") for k, v in record.items() if k.endswith("_time")}
        texts = {k: None if record[k] is None else json.dumps(record[k]) for k in ("input", "output", "model_parameters")}
        observations.append(record | times | texts)
    traces = [{"id": t["id"], "timestamp": plain(START), "name": t["name"], "environment": "production", "project_id": "p1", "user_id": t["userId"],
               "session_id": t["sessionId"], "release": None, "version": None, "tags": t["tags"]} for t in map(_trace, range(QUESTIONS))]  # fmt: skip
    scores = [{"id": f"score-{n}", "timestamp": plain(START), "project_id": "p1", "trace_id": f"trace-{n}", "observation_id": None,
               "name": "user-feedback", "value": liked(n), "string_value": None, "data_type": "BOOLEAN", "source": "API", "comment": None}
              for n in range(QUESTIONS)]  # fmt: skip
    return {"observations": observations, "traces": traces, "scores": scores}


def langfuse_trace(calls: list[Call]) -> dict[str, Any]:
    """Shape 5: one trace, downloaded."""
    scores = [
        {
            "id": "s1",
            "name": "user-feedback",
            "observationId": None,
            "value": 1,
            "stringValue": "True",
            "dataType": "BOOLEAN",
            "source": "API",
        }
    ]
    return {
        "trace": {**_trace(5), "timestamp": zulu(START), "scores": scores},
        "observations": [r for r in langfuse(calls) if r["traceId"] == "trace-5"],
    }


def helicone(c: Call) -> dict[str, Any]:
    """A row of the request export, with bodies of requests."""
    there = c.ok or None
    return {"request_id": f"00000000-0000-4000-8000-{c.number:012d}", "request_created_at": plain(c.at), "response_created_at": plain(c.end),
            "request_path": "/v1/chat/completions", "target_url": "https://api.openai.com/v1/chat/completions", "request_model": c.model,
            "response_model": c.model, "model": c.model, "provider": "OPENAI", "response_status": 200 if c.ok else 429, "delay_ms": c.took_ms,
            "time_to_first_token": there and c.wait_ms, "prompt_tokens": there and c.tokens - c.cached,
            "prompt_cache_read_tokens": there and c.cached, "prompt_cache_write_tokens": there and 0,
            "completion_tokens": there and c.answer_tokens - c.reasoning,
            "reasoning_tokens": there and c.reasoning, "total_tokens": there and c.tokens - c.cached + c.answer_tokens, "cost": c.usd if c.ok else 0,
            "request_user_id": f"customer-{c.trace % 9}", "cache_enabled": False, "cache_reference_id": "00000000-0000-0000-0000-000000000000",
            "request_properties": {"Helicone-Session-Id": f"trace-{c.trace}", "Helicone-Session-Path": f"/{c.step}", "App": f"help-desk-{c.step}"},
            "scores": {}, "feedback_rating": bool(liked(c.trace)) if c.ok and c.step == "answer" else None, "country_code": "DE",
            "request_body": {"model": c.model, "stream": True, "messages": c.prompt, "temperature": 0.2},
            "response_body": {"helicone_message": "fetching body from signed_url..."}}  # fmt: skip


def openrouter(c: Call) -> dict[str, Any]:
    """The answer of GET /api/v1/generation."""
    return {"data": {"id": f"gen-{int(c.at.timestamp())}-{c.number:04d}", "created_at": c.at.isoformat(), "model": f"openai/{c.model}", "app_id": 7,
                     "session_id": f"trace-{c.trace}", "streamed": True, "cancelled": False, "provider_name": "OpenAI", "latency": c.wait_ms,
                     "generation_time": c.took_ms - c.wait_ms, "finish_reason": "stop", "tokens_prompt": c.tokens - 9,
                     "tokens_completion": c.answer_tokens,
                     "native_tokens_prompt": c.tokens, "native_tokens_completion": c.answer_tokens, "native_tokens_reasoning": c.reasoning,
                     "native_tokens_cached": c.cached, "total_cost": c.usd, "usage": c.usd, "is_byok": False, "upstream_inference_cost": None,
                     "external_user": f"customer-{c.trace % 9}", "api_type": "completions", "router": None, "service_tier": None,
                     "provider_responses": [{"provider_name": "OpenAI", "status": 200, "latency": c.wait_ms}]}}  # fmt: skip


def openrouter_row(c: Call) -> dict[str, Any]:
    """A row of the Activity page's CSV."""
    return {"generation_id": f"gen-{int(c.at.timestamp())}-{c.number:04d}", "created_at": plain(c.at), "cost_total": c.usd, "cost_web_search": 0,
            "cost_cache": 0, "cost_file_processing": 0, "byok_usage_inference": 0, "tokens_prompt": c.tokens, "tokens_completion": c.answer_tokens,
            "tokens_reasoning": c.reasoning, "tokens_cached": c.cached, "model_permaslug": f"openai/{c.model}", "provider_name": "OpenAI",
            "variant": "standard", "cancelled": "false", "streamed": "true", "user": f"customer-{c.trace % 9}", "finish_reason_raw": "stop",
            "finish_reason_normalized": "stop", "generation_time_ms": c.took_ms - c.wait_ms, "time_to_first_token_ms": c.wait_ms,
            "api_key_disabled": "false", "api_key_name": "web", "app_name": f"help-desk-{c.step}"}  # fmt: skip


def portkey(c: Call) -> dict[str, Any]:
    """A row of the log export: cents."""
    usage = {"prompt_tokens": c.tokens, "completion_tokens": c.answer_tokens, "total_tokens": c.tokens + c.answer_tokens,
             "prompt_tokens_details": {"cached_tokens": c.cached}, "completion_tokens_details": {"reasoning_tokens": c.reasoning}}  # fmt: skip
    answer = {"id": f"chatcmpl-{c.number}", "object": "chat.completion", "model": c.model, "usage": usage,
              "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": c.answer}}]}  # fmt: skip
    return {"id": f"log-{c.number}", "trace_id": f"trace-{c.trace}", "created_at": zulu(c.at), "is_success": int(c.ok), "ai_org": "openai",
            "ai_model": c.model, "req_units": c.tokens, "res_units": c.answer_tokens, "total_units": c.tokens + c.answer_tokens,
            "request_url": "https://api.openai.com/v1/chat/completions", "cost": round(c.usd * 100, 9) if c.ok else 0, "cost_currency": "USD",
            "response_time": c.took_ms, "response_status_code": 200 if c.ok else 429, "mode": "SINGLE", "prompt_slug": c.step,
            "metadata": {"_user": f"customer-{c.trace % 9}", "_environment": "prod"},
            "request": {"model": c.model, "messages": c.prompt, "temperature": 0.2}, "response": answer if c.ok else None}  # fmt: skip


def cloudflare(c: Call) -> dict[str, Any]:
    """A row of the gateway's API."""
    return {"id": f"01J9{c.number:022d}", "created_at": zulu(c.at), "cached": False, "success": c.ok, "status_code": 200 if c.ok else 429,
            "duration": c.took_ms, "model": c.model, "model_type": "text-generation", "provider": "openai", "path": "chat/completions",
            "response_content_type": "application/json", "tokens_in": c.tokens if c.ok else None, "tokens_out": c.answer_tokens if c.ok else None,
            "cost": c.usd if c.ok else 0, "custom_cost": False, "step": 0,
            "metadata": json.dumps({"app": f"help-desk-{c.step}", "user": f"customer-{c.trace % 9}"})}  # fmt: skip


def kong(c: Call) -> dict[str, Any]:
    """A line of the file-log plugin, without a price."""
    usage = {"prompt_tokens": c.tokens, "completion_tokens": c.answer_tokens, "total_tokens": c.tokens + c.answer_tokens, "cost": 0,
             "prompt_tokens_details": {"cached_tokens": c.cached}, "completion_tokens_details": {"reasoning_tokens": c.reasoning},
             "time_to_first_token": c.wait_ms}  # fmt: skip
    meta = {"plugin_id": "p1", "provider_name": "openai", "request_model": c.model, "response_model": c.model, "request_mode": "stream"}
    return {"request": {"id": f"{c.number:032x}", "method": "POST", "uri": "/chat/completions"}, "response": {"status": 200 if c.ok else 429},
            "latencies": {"kong": 5, "proxy": c.took_ms - 5, "request": c.took_ms}, "tries": [{"port": 443}], "upstream_status": "200",
            "started_at": int(c.at.timestamp() * 1000), "consumer": {"username": "web"}, "route": {"name": f"help-desk-{c.step}"},
            "service": {"name": "llm"}, "ai": {"proxy": {"meta": meta, "usage": usage}}}  # fmt: skip


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)


def _table(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: "" if v is None else v if isinstance(v, str | int | float) else json.dumps(v) for k, v in row.items()})
    return out.getvalue().encode()


def _document(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"


def files() -> dict[str, bytes]:
    """Every file, by its name below platforms/."""
    calls = afternoon()
    served = [c for c in calls if c.ok]  # OpenRouter makes no record of what never was generated
    blob = langfuse_blob(calls)
    rows: dict[str, tuple[Callable[[Call], dict[str, Any]], list[Call]]] = {
        "helicone.jsonl": (helicone, calls), "portkey.jsonl": (portkey, calls), "kong.jsonl": (kong, calls), "openrouter.jsonl": (openrouter, served),
    }  # fmt: skip
    return {
        "langfuse/ui.jsonl": _lines(langfuse_ui(calls)),
        "langfuse/ui.csv": _table(langfuse_ui(calls)),
        "langfuse/api.json": _document(langfuse_api(calls)),
        "langfuse/api_v2.json": _document(langfuse_api_v2(calls)),
        **{f"langfuse/blob/{name}/2026-11-02.jsonl": _lines(records) for name, records in blob.items()},
        "langfuse/trace.json": _document(langfuse_trace(calls)),
        **{name: _lines([make(c) for c in which]) for name, (make, which) in rows.items()},
        "openrouter.csv": _table([openrouter_row(c) for c in served]),
        "cloudflare.json": _document({"result": [cloudflare(c) for c in calls], "result_info": {"page": 1}, "success": True}),
    }
