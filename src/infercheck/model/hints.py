"""For every column that a rule may need: what to switch on so that the log carries it, in words that hold for any log.

FAMILIES adds how the formats at hand do it; a format that is not there gets the plain words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

_PROMPTS = "log prompts"
_ANSWERS = "log responses"
_USAGE = "log the usage of every call (streams: ask for it with stream_options.include_usage)"
_TIMES = "log when each attempt started and ended"
_PARAMS = "log request parameters"

SETTINGS: dict[str, str] = {
    "prompt_hash": _PROMPTS,
    "masked_hash": _PROMPTS,
    "system_hash": _PROMPTS,
    "template_hash": _PROMPTS,
    "prompt_blocks": _PROMPTS,
    "prompt_chars": _PROMPTS,
    "turn": _PROMPTS,
    "response_hash": _ANSWERS,
    "response_chars": _ANSWERS,
    "response_is_json": _ANSWERS,
    "tool_calls": "log responses with their tool calls",
    "tools_hash": _PARAMS,
    "tools_chars": _PARAMS,
    "input_items": "log the input of embedding calls, or how many texts it holds",
    "gateway_cache_hit": "log whether the gateway's own cache answered",
    "finish_reason": "log why each answer ended",
    "operation": "log what kind of call each is",
    "request_id": "log the client's request id on every attempt",
    "params_hash": _PARAMS,
    "temperature": _PARAMS,
    "max_tokens": _PARAMS,
    "trace_id": "send a trace id with every request",
    "session_id": "send a session id with every request",
    "end_user": "send the end user with every request",
    "first_token_at": "stream, and log the time of the first token",
    "gateway_ms": "log the gateway's own time on every call",
    "queue_ms": "log how long each call queued (vLLM, SGLang: request metrics or traces)",
    "region": "log the region or the API base that served each call",
    "deployment": "log the deployment that served",
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


class Family(NamedTuple):
    """Formats of one maker: globs over the ids of their sources, and for a setting how it is switched on there."""

    name: str
    sources: tuple[str, ...]
    ways: Mapping[str, str]
    otherwise: str = ""  # for every other setting of the log: the format cannot hold it


FAMILIES: tuple[Family, ...] = (
    Family("LiteLLM", ("litellm_*",), {
        _PROMPTS: "keep message logging on; SpendLogs: store_prompts_in_spend_logs: true",
        _ANSWERS: "keep message logging on",
        _PARAMS: "model_parameters of the StandardLoggingPayload",
        SETTINGS["gateway_cache_hit"]: "switch its cache on, then cache_hit is logged",
        SETTINGS["trace_id"]: "metadata.trace_id or the x-litellm-trace-id header",
        SETTINGS["session_id"]: "litellm_session_id",
        SETTINGS["end_user"]: "the `user` parameter",
        SETTINGS["deployment"]: "model_id",
        SETTINGS["gateway_ms"]: "hidden_params.litellm_overhead_time_ms",
    }),
    Family("OpenTelemetry", ("otlp_*", "otel_*", "jaeger_*", "zipkin_*"), {
        _PROMPTS: "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true",
        _ANSWERS: "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true",
        _PARAMS: "gen_ai.request.* attributes",
        SETTINGS["session_id"]: "gen_ai.conversation.id or session.id",
        SETTINGS["end_user"]: "user.id or enduser.id",
        SETTINGS["first_token_at"]: "gen_ai.response.time_to_first_chunk",
    }),
    Family("Langfuse", ("langfuse_*",), {
        _PROMPTS: "keep input and output of observations",
        _ANSWERS: "keep input and output of observations",
        _PARAMS: "modelParameters of observations",
        SETTINGS["session_id"]: "sessionId of the trace; the export of traces beside that of observations",
        SETTINGS["end_user"]: "userId of the trace; the export of traces beside that of observations",
        SETTINGS["first_token_at"]: "completionStartTime",
    }),
    Family("Helicone", ("helicone",), {
        _PROMPTS: "export with --include-body",
        _ANSWERS: "export with --include-body",
        _PARAMS: "export with --include-body",
        SETTINGS["session_id"]: "the Helicone-Session-Id header",
        SETTINGS["trace_id"]: "the Helicone-Session-Id and Helicone-Session-Path headers",
    }),
    Family("Portkey", ("portkey",), {
        _PROMPTS: "export the request beside the figures",
        _ANSWERS: "export the response beside the figures",
        _PARAMS: "export the request beside the figures",
        SETTINGS["end_user"]: "_user in the metadata",
    }),
    Family("Kong", ("kong_*",), {_PROMPTS: "log_payloads of the AI plugin", _ANSWERS: "log_payloads of the AI plugin"}),
    Family("Cloudflare", ("cloudflare_*",), {SETTINGS["end_user"]: "user in the metadata"}),
    Family("Claude Code and Codex", ("claude_code", "codex_cli"), {}, "their session files do not hold it: read the log of a gateway beside them"),
)  # fmt: skip
_OURS = ("prices", "models", "model", "spans")  # mended in the config, or by another log

_LACKS = {"prices": "no model in this log has a price", "models": "no model in this log is known", "spans": "the log has no spans"}


def lacking(columns: Sequence[str]) -> str:
    """Why a rule that needs ``columns`` could not run."""
    told = [_LACKS[c] for c in columns if c in _LACKS]
    plain = [c for c in columns if c not in _LACKS]
    return "; ".join([*([f"the log carries no {', '.join(plain)}"] if plain else []), *told])


def settings_for(columns: Sequence[str], sources: Sequence[str] = ()) -> str:
    """The settings that would fill ``columns``, each named once, with how these ``sources`` switch it on; empty where none is known."""
    return "; ".join(dict.fromkeys(_setting(column, sources) for column in columns if column in SETTINGS))


def _setting(column: str, sources: Sequence[str]) -> str:
    setting = SETTINGS[column]
    there = [family for family in FAMILIES if any(fnmatchcase(source, glob) for source in sources for glob in family.sources)]
    ways = [(family.name, family.ways.get(setting) or ("" if column in _OURS else family.otherwise)) for family in there]
    told = "; ".join(f"{name}: {way}" for name, way in ways if way)
    return f"{setting} ({told})" if told else setting
