"""For every column that a rule may need: what to switch on so that the log carries it."""

from __future__ import annotations

_PROMPTS = "log prompts (LiteLLM: keep message logging on; SpendLogs: store_prompts_in_spend_logs: true)"
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
    "params_hash": _PARAMS,
    "temperature": _PARAMS,
    "max_tokens": _PARAMS,
    "trace_id": "send a trace id with every request (LiteLLM: metadata.trace_id or the x-litellm-trace-id header)",
    "session_id": "send a session id with every request (LiteLLM: litellm_session_id)",
    "end_user": "send the end user with every request (OpenAI's `user` parameter)",
    "first_token_at": "stream, and log the time of the first token",
    "deployment": "log the deployment that served (LiteLLM: model_id)",
    "service_tier": "log the service tier of the response",
    "http_status": "log the HTTP status of failed attempts",
    "logged_cost": "log the gateway's cost, or rely on list prices",
    "prices": "add a [[price]] for your models to the config",
    "models": "add your models to the config",
    "spans": "export traces (OpenTelemetry) beside the model calls",
    "score": "log evaluations or user feedback as scores",
    "cache_read_tokens": "log the usage object with its prompt_tokens_details",
    "reasoning_tokens": "log the usage object with its completion_tokens_details",
}


def setting_for(column: str) -> str:
    """The logging setting that would fill ``column``; empty where none is known."""
    return SETTINGS.get(column, "")
