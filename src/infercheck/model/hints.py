"""For every column that a rule may need: what to switch on so that the log carries it."""

from __future__ import annotations

from collections.abc import Sequence

_PROMPTS = "log prompts (LiteLLM: keep message logging on; SpendLogs: store_prompts_in_spend_logs: true)"
_USAGE = "log the usage of every call (streams: ask for it with stream_options.include_usage)"
_TIMES = "log when each attempt started and ended"
_PARAMS = "log request parameters (LiteLLM StandardLoggingPayload: model_parameters)"

SETTINGS: dict[str, str] = {
    "prompt_hash": _PROMPTS,
    "masked_hash": _PROMPTS,
    "system_hash": _PROMPTS,
    "template_hash": _PROMPTS,
    "prompt_blocks": _PROMPTS,
    "prompt_chars": _PROMPTS,
    "turn": _PROMPTS,
    "response_hash": "log responses (LiteLLM: keep message logging on)",
    "response_chars": "log responses (LiteLLM: keep message logging on)",
    "response_is_json": "log responses (LiteLLM: keep message logging on)",
    "tool_calls": "log responses with their tool calls",
    "tools_hash": _PARAMS,
    "tools_chars": _PARAMS,
    "input_items": "log the input of embedding calls, or how many texts it holds",
    "gateway_cache_hit": "log whether the gateway's own cache answered (LiteLLM: switch its cache on, then cache_hit is logged)",
    "finish_reason": "log why each answer ended",
    "operation": "log what kind of call each is",
    "request_id": "log the client's request id on every attempt",
    "params_hash": _PARAMS,
    "temperature": _PARAMS,
    "max_tokens": _PARAMS,
    "trace_id": "send a trace id with every request (LiteLLM: metadata.trace_id or the x-litellm-trace-id header)",
    "session_id": "send a session id with every request (LiteLLM: litellm_session_id)",
    "end_user": "send the end user with every request (OpenAI's `user` parameter)",
    "first_token_at": "stream, and log the time of the first token",
    "gateway_ms": "log the gateway's own time on every call (LiteLLM: hidden_params.litellm_overhead_time_ms)",
    "queue_ms": "log how long each call queued (vLLM, SGLang: request metrics or traces)",
    "region": "log the region or the API base that served each call",
    "deployment": "log the deployment that served (LiteLLM: model_id)",
    "service_tier": "log the service tier of the response",
    "http_status": "log the HTTP status of failed attempts",
    "logged_cost": "log the gateway's cost, or rely on list prices",
    "model": 'log the model of every call; where it is always the same, a mapping can say so (model = { value = "..." })',
    "prices": "add a [[price]] for your models to the config",
    "models": "add your models to the config",
    "spans": "export traces (OpenTelemetry) beside the model calls",
    "input_tokens": _USAGE,
    "output_tokens": _USAGE,
    "started_at": _TIMES,
    "ended_at": _TIMES,
    "status": "log whether each attempt succeeded, failed attempts included",
    "score": "log evaluations or user feedback as scores",
    "cache_read_tokens": "log the usage object with its prompt_tokens_details",
    "reasoning_tokens": "log the usage object with its completion_tokens_details",
}


_LACKS = {"prices": "no model in this log has a price", "models": "no model in this log is known", "spans": "the log has no spans"}


def lacking(columns: Sequence[str]) -> str:
    """Why a rule that needs ``columns`` could not run."""
    told = [_LACKS[c] for c in columns if c in _LACKS]
    plain = [c for c in columns if c not in _LACKS]
    return "; ".join([*([f"the log carries no {', '.join(plain)}"] if plain else []), *told])


def settings_for(columns: Sequence[str]) -> str:
    """The settings that would fill ``columns``, each named once; empty where none is known."""
    return "; ".join(dict.fromkeys(SETTINGS[c] for c in columns if c in SETTINGS))
