"""The canonical tables: what every source fills and every view reads.

Names follow OpenTelemetry's GenAI conventions where those have one. A column that a log does not carry is NULL: unknown is never zero,
false or "default". Ids made by infercheck (``call_id``, ``file_id``) and hashes are BIGINT; ids taken from the log are VARCHAR.
Times are UTC with microseconds; money is USD as DECIMAL(38,12).
"""

from __future__ import annotations

from typing import NamedTuple

MONEY = "DECIMAL(38,12)"
STATUSES = ("ok", "error", "rate_limited", "timeout", "cancelled")


class Column(NamedTuple):
    """One column of a canonical table: SQL type (understood by DuckDB and Spark alike) and what it means, with its unit."""

    name: str
    type: str
    doc: str


CALLS: tuple[Column, ...] = (
    Column("call_id", "BIGINT", "infercheck's id of this row: file_id * 2^32 + its number in the file"),
    Column("source_call_id", "VARCHAR", "the log's own id; attempts at one request may share it"),
    Column("request_id", "VARCHAR", "the attempts at one client request share it"),
    Column("attempt_key", "VARCHAR", "what makes two log rows the same attempt; each source declares it"),
    Column("source", "VARCHAR", "id of the source that read the row"),
    Column("file_id", "BIGINT", "the file in `files`"),
    Column("line", "BIGINT", "1-based record number in that file"),
    Column("trace_id", "VARCHAR", "one user request, the unit of outcome; NULL where the log does not say"),
    Column("session_id", "VARCHAR", "a conversation of several traces"),
    Column("span_id", "VARCHAR", "this call's span"),
    Column("parent_span_id", "VARCHAR", "the span that this call ran under"),
    Column("operation", "VARCHAR", "chat, completion, embedding, image, transcription, speech, rerank, moderation, ..."),
    Column("started_at", "TIMESTAMP", "when the attempt started"),
    Column("first_token_at", "TIMESTAMP", "first streamed token; NULL unless streamed"),
    Column("ended_at", "TIMESTAMP", "when the attempt ended"),
    Column("queue_ms", "DOUBLE", "time queued before service, ms, where the log tells"),
    Column("gateway_ms", "DOUBLE", "the gateway's own time, ms, where the log tells"),
    Column("status", "VARCHAR", "ok, error, rate_limited, timeout, cancelled"),
    Column("http_status", "INTEGER", "HTTP status of the attempt"),
    Column("error_type", "VARCHAR", "the log's class of the error"),
    Column("finish_reason", "VARCHAR", "stop, length, tool_calls, content_filter, ..."),
    Column("attempt", "INTEGER", "1 for the first attempt at its request, where the log tells"),
    Column("provider", "VARCHAR", "openai, anthropic, azure, bedrock, vertex_ai, gemini, ... lower case"),
    Column("model_requested", "VARCHAR", "model or alias that the client asked for"),
    Column("model", "VARCHAR", "model that served, without provider prefix"),
    Column("deployment", "VARCHAR", "the deployment or endpoint behind a gateway"),
    Column("region", "VARCHAR", "where the model ran"),
    Column("endpoint", "VARCHAR", "route or API base that was called"),
    Column("service_tier", "VARCHAR", "default, batch, flex, priority, fast; NULL where the log does not say"),
    Column("streamed", "BOOLEAN", "true if streamed; absence of a flag is NULL, not false"),
    Column("api_key_alias", "VARCHAR", "alias of the key, never the key"),
    Column("team", "VARCHAR", "team, organisation or project that pays"),
    Column("user", "VARCHAR", "account of the caller at the gateway"),
    Column("end_user", "VARCHAR", "the person served, salted hash"),
    Column("app", "VARCHAR", "application, service or route tag that the client set"),
    Column("environment", "VARCHAR", "prod, staging, test, ..."),
    Column("tags", "VARCHAR", "the client's other tags, sorted, comma separated"),
    Column("user_agent", "VARCHAR", "user agent without its version"),
    Column("input_tokens", "BIGINT", "prompt tokens, cached ones INCLUDED"),
    Column("cache_read_tokens", "BIGINT", "input tokens read from the provider's prompt cache"),
    Column("cache_write_5m_tokens", "BIGINT", "input tokens written to the cache, five-minute (or only) TTL"),
    Column("cache_write_1h_tokens", "BIGINT", "input tokens written to the cache, one-hour TTL"),
    Column("output_tokens", "BIGINT", "completion tokens, reasoning INCLUDED"),
    Column("reasoning_tokens", "BIGINT", "hidden reasoning tokens within output_tokens"),
    Column("audio_input_tokens", "BIGINT", "audio tokens within input_tokens"),
    Column("audio_output_tokens", "BIGINT", "audio tokens within output_tokens"),
    Column("image_tokens", "BIGINT", "image tokens within input_tokens"),
    Column("input_items", "INTEGER", "inputs of an embedding call"),
    Column("gateway_cache_hit", "BOOLEAN", "answered from the gateway's own response cache: nothing billed"),
    Column("response_format", "VARCHAR", "text, json_object, json_schema as requested"),
    Column("reasoning_effort", "VARCHAR", "as requested"),
    Column("max_tokens", "BIGINT", "as requested"),
    Column("temperature", "DOUBLE", "as requested"),
    Column("caller_region", "VARCHAR", "where the client ran"),
    Column("logged_cost", MONEY, "cost as the log states it, in logged_currency"),
    Column("logged_currency", "VARCHAR", "USD unless the log says otherwise"),
    Column("prompt_hash", "BIGINT", "salted hash of the whole prompt (messages or input)"),
    Column("masked_hash", "BIGINT", "the same with digits masked in the first 128 characters of each message"),
    Column("system_hash", "BIGINT", "salted hash of the system message"),
    Column("template_hash", "BIGINT", "salted hash of the system message's first 128 characters, digits masked"),
    Column("tools_hash", "BIGINT", "salted hash of the tool definitions"),
    Column("params_hash", "BIGINT", "salted hash of the parameters without tools, user, metadata, stream, stream_options"),
    Column("response_is_json", "BOOLEAN", "the visible answer parses as a JSON object or array"),
    Column("response_hash", "BIGINT", "salted hash of the visible answer"),
    Column("response_chars", "BIGINT", "characters of the visible answer"),
    Column("prompt_chars", "BIGINT", "characters of the prompt"),
    Column("tools_chars", "BIGINT", "characters of the tool definitions"),
    Column("tool_defs", "INTEGER", "tools offered"),
    Column("turn", "INTEGER", "1 + assistant messages in the prompt"),
    Column("score", "DOUBLE", "explicit feedback or evaluation, 0 to 1"),
)

SPANS: tuple[Column, ...] = (
    Column("span_id", "VARCHAR", "the span"),
    Column("trace_id", "VARCHAR", "its trace"),
    Column("parent_span_id", "VARCHAR", "the span it ran under"),
    Column("file_id", "BIGINT", "the file in `files`"),
    Column("line", "BIGINT", "1-based record number in that file"),
    Column("source", "VARCHAR", "id of the source that read the row"),
    Column("kind", "VARCHAR", "agent, tool, retrieval, db, http, guardrail, server, chain, other"),
    Column("name", "VARCHAR", "operation name"),
    Column("service", "VARCHAR", "service.name"),
    Column("started_at", "TIMESTAMP", "start"),
    Column("ended_at", "TIMESTAMP", "end"),
    Column("status", "VARCHAR", "ok or error"),
    Column("arguments_hash", "BIGINT", "salted hash of a tool's arguments"),
)

PROMPT_BLOCKS: tuple[Column, ...] = (
    Column("call_id", "BIGINT", "the call"),
    Column("position", "INTEGER", "0-based position of the block in the prompt"),
    Column("message_index", "INTEGER", "0-based message that holds it"),
    Column("role", "VARCHAR", "system, user, assistant, tool"),
    Column("ends_message", "BOOLEAN", "true for the last block of its message"),
    Column("block_hash", "BIGINT", "salted hash of the block: at most 256 characters, restarted at each message and newline"),
    Column("prefix_hash", "BIGINT", "hash of the prompt from its start to the end of this block"),
    Column("chars", "INTEGER", "characters in the block"),
    Column("cum_chars", "BIGINT", "characters from the prompt's start to the end of this block"),
)

TOOL_CALLS: tuple[Column, ...] = (
    Column("call_id", "BIGINT", "the call whose answer asked for the tool"),
    Column("position", "INTEGER", "0-based order within the answer"),
    Column("name", "VARCHAR", "tool name"),
    Column("arguments_hash", "BIGINT", "salted hash of the arguments; NULL when empty"),
)

REJECTS: tuple[Column, ...] = (
    Column("file_id", "BIGINT", "the file in `files`"),
    Column("line", "BIGINT", "1-based line number"),
    Column("raw", "BLOB", "the line without its words: letters as x, digits as 9; first 64 KiB"),
    Column("reason", "VARCHAR", "why it could not be read"),
)

CELL_ISSUES: tuple[Column, ...] = (
    Column("file_id", "BIGINT", "the file in `files`"),
    Column("column", "VARCHAR", "canonical column that stayed NULL"),
    Column("count", "BIGINT", "values that could not be read as the column's type"),
    Column("sample", "VARCHAR", "one of them, its first 80 characters; 'a text' where that is prose"),
)

FILES: tuple[Column, ...] = (
    Column("file_id", "BIGINT", "id"),
    Column("path", "VARCHAR", "as found"),
    Column("source", "VARCHAR", "source that read it"),
    Column("size", "BIGINT", "bytes on disk"),
    Column("mtime_ns", "BIGINT", "modification time, ns"),
    Column("head_hash", "VARCHAR", "hash of the first 64 KiB: tells rotation from growth"),
    Column("bytes_read", "BIGINT", "bytes ingested so far"),
    Column("records", "BIGINT", "what it holds, one by one: lines that are not blank, rows of CSV, objects of JSON"),
    Column("rows", "BIGINT", "calls read, copies of an attempt included"),
    Column("other", "BIGINT", "records that are understood and hold no call: a user's message, a span of other work, metrics"),
    Column("rejects", "BIGINT", "records set aside"),
    Column("ingested_at", "TIMESTAMP", "when"),
    Column("note", "VARCHAR", "what was lost or salvaged, in words; NULL when nothing"),
)

PRICES: tuple[Column, ...] = (
    Column("provider", "VARCHAR", "provider as in calls"),
    Column("model", "VARCHAR", "model as in calls"),
    Column("day", "DATE", "UTC day the prices hold for"),
    Column("tier", "VARCHAR", "default, batch, flex, priority, fast"),
    Column("min_input_tokens", "BIGINT", "bracket: applies to calls with input_tokens > this (0 for the first)"),
    Column("max_input_tokens", "BIGINT", "bracket: and <= this; NULL for no limit"),
    Column("price_model", "VARCHAR", "id of the matched entry of the price list"),
    Column("input_usd", MONEY, "USD per input token, uncached"),
    Column("cache_read_usd", MONEY, "USD per cache-read input token; NULL when the model has no cache price"),
    Column("cache_write_5m_usd", MONEY, "USD per token written to the cache"),
    Column("cache_write_1h_usd", MONEY, "USD per token written with one-hour TTL"),
    Column("output_usd", MONEY, "USD per output token, reasoning included"),
    Column("audio_input_usd", MONEY, "USD per audio input token; NULL: priced as text"),
    Column("audio_output_usd", MONEY, "USD per audio output token; NULL: priced as text"),
    Column("request_usd", MONEY, "USD per request on top; 0 for most"),
    Column("estimated", "BOOLEAN", "true where the tier's own price is unknown and another stands in"),
)

MODELS: tuple[Column, ...] = (
    Column("provider", "VARCHAR", "provider as in calls"),
    Column("model", "VARCHAR", "model as in calls"),
    Column("family", "VARCHAR", "line of models, such as claude-sonnet"),
    Column("released", "DATE", "release date; NULL unknown"),
    Column("retired", "DATE", "retirement date; NULL unknown or none"),
    Column("capabilities", "VARCHAR", "comma separated: text, tools, json_schema, vision, audio, reasoning, embedding"),
    Column("context_tokens", "BIGINT", "context window"),
    Column("cache_mode", "VARCHAR", "explicit (asked for with a marker), automatic, none; NULL unknown"),
    Column("cache_min_tokens", "BIGINT", "shortest prefix that the provider caches; NULL unknown: not checked"),
    Column("cache_ttl_s", "BIGINT", "seconds a cached prefix lives without a read; NULL unknown: not checked"),
    Column("blended_usd_per_mtok", "DOUBLE", "list price per million tokens, 3 input : 1 output"),
    Column("premium", "BOOLEAN", "RULES.md's definition; config overrides"),
    Column("cheaper_sibling", "VARCHAR", "cheapest capable sibling of the same provider as provider/model; NULL none"),
    Column("weights", "VARCHAR", "what makes two providers' models the same: vendor/name, or the name of open weights; NULL unknown"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "calls": CALLS,
    "spans": SPANS,
    "prompt_blocks": PROMPT_BLOCKS,
    "tool_calls": TOOL_CALLS,
    "rejects": REJECTS,
    "cell_issues": CELL_ISSUES,
    "files": FILES,
    "prices": PRICES,
    "models": MODELS,
}

# Config as tables, so that rules read it in SQL.
CONFIG_TABLES: dict[str, tuple[Column, ...]] = {
    "config_workloads": (
        Column("workload", "VARCHAR", "name given in config"),
        Column("class", "VARCHAR", "interactive or background, if config says"),
        Column("value", "VARCHAR", "low, normal or high, if config says"),
        Column("route_to", "VARCHAR", "provider/model that config names as good enough for it"),
        Column("response_cache_ttl_s", "BIGINT", "how long an answer may be reused, if config says so"),
    ),
    "config_calls": (
        Column("call_id", "BIGINT", "a call that a [[workload]] of the config matches"),
        Column("workload", "VARCHAR", "the first workload that matches"),
    ),
    "config_rates": (
        Column("currency", "VARCHAR", "currency of logged costs"),
        Column("from_day", "DATE", "first UTC day of the rate; NULL from the beginning"),
        Column("usd", MONEY, "USD for one unit of it"),
    ),
    "config_capacity": (
        Column("capacity", "VARCHAR", "name of a [[capacity]]"),
        Column("units", "BIGINT", "GPUs or instances"),
        Column("unit", "VARCHAR", "GPU or instance"),
        Column("usd_per_hour", MONEY, "USD an hour for all of them"),
        Column("from_us", "BIGINT", "first moment that is paid for, microseconds since 1970; NULL from the beginning"),
        Column("until_us", "BIGINT", "first moment that is not; NULL for no end"),
        Column("hosted", "VARCHAR", "provider/model that config names as good enough to take over"),
    ),
    "config_capacity_calls": (
        Column("capacity", "VARCHAR", "a [[capacity]] of the config"),
        Column("call_id", "BIGINT", "a call whose deployment it names; it runs there from from_us to until_us only"),
    ),
}

# Of a call ``c``: the text that names its unit of outcome.
UNIT_ID = "coalesce(c.trace_id, c.request_id, CAST(c.call_id AS STRING))"
# Numbers that no two engines make alike. Times: microseconds since 1970, NULL where unknown or before the start. Hashes: 63 bits of a text, so that
# among ten million texts two share one with a chance of five in a million.
_CALL_CLOCK = (
    Column("start_us", "BIGINT", "started_at"),
    Column("first_token_us", "BIGINT", "first_token_at"),
    Column("end_us", "BIGINT", "ended_at"),
    Column("unit_hash", "BIGINT", "trace_id, else request_id, else call_id"),
    Column("request_hash", "BIGINT", "request_id; NULL where there is none"),
    Column("caller_hash", "BIGINT", "api_key_alias, team, user, end_user and user_agent"),
)
CLOCK_TABLES: dict[str, tuple[Column, ...]] = {
    "call_clock": (Column("call_id", "BIGINT", "the call"), *_CALL_CLOCK),
    "timed_calls": (*CALLS, *_CALL_CLOCK),  # what call_clock says beside what calls says: no join of all calls with all calls
    "span_clock": (
        Column("span_id", "VARCHAR", "the span"),
        Column("trace_id", "VARCHAR", "its trace"),
        Column("start_us", "BIGINT", "started_at"),
        Column("end_us", "BIGINT", "ended_at"),
        Column("unit_hash", "BIGINT", "trace_id, as in call_clock"),
    ),
}
ALL_TABLES = {**TABLES, **CONFIG_TABLES, **CLOCK_TABLES}
# Of these the ones that are kept nowhere: whoever reads them works them out of `calls`.
QUERIES = frozenset({"call_clock", "timed_calls"})


def ddl(name: str, columns: tuple[Column, ...]) -> str:
    """CREATE TABLE statement for a canonical table under a name of the caller's choosing."""
    body = ", ".join(f'"{c.name}" {c.type}' for c in columns)
    return f'CREATE TABLE "{name}" ({body})'
