/*---
kind = "source"
title = "Portkey logs"
description = """
Portkey's log export (JSONL) and the rows of the analytics store of its private cloud. The export's cost is in cents, as Portkey documents; the
store's unit is not documented, and its cost is not read. Cached and reasoning tokens are known only where the export holds the response; of Claude
models the input is unknown without it, since it then lacks the cached part. A request that fell back has a row for each attempt in one trace.
"""
formats = ["jsonl", "json"]
times_are_utc = true

[detect]
all = ["created_at", "ai_model", "response_time", "trace_id"]
any = ["ai_org", "ai_provider"]

[columns]
id = "VARCHAR"
trace_id = "VARCHAR"
span_id = "VARCHAR"
created_at = "VARCHAR"
is_success = "VARCHAR"
ai_org = "VARCHAR"
ai_provider = "VARCHAR"
ai_model = "VARCHAR"
req_units = "VARCHAR"
request_tokens = "VARCHAR"
res_units = "VARCHAR"
response_tokens = "VARCHAR"
request_url = "VARCHAR"
cost = "VARCHAR"
cost_currency = "VARCHAR"
response_time = "VARCHAR"
gateway_processing_time = "VARCHAR"
response_status_code = "VARCHAR"
status_code = "VARCHAR"
cache_status = "VARCHAR"
stream_mode = "VARCHAR"
virtual_key = "VARCHAR"
prompt_slug = "VARCHAR"
organisation_id = "VARCHAR"
_user = "VARCHAR"
_environment = "VARCHAR"
metadata = '"MAP(VARCHAR, VARCHAR)"'
request = "VARCHAR"
response = "VARCHAR"

[[example]]
name = "cents; a fallback whose first attempt was refused; Claude without its response"
format = "jsonl"
input = '''
{"id":"5f0d","trace_id":"tr-1","created_at":"2025-10-09T08:53:18.000Z","is_success":0,"ai_org":"azure-openai","ai_model":"gpt-4o","req_units":0,"res_units":0,"total_units":0,"cost":0,"cost_currency":"USD","response_time":900,"response_status_code":429,"mode":"FALLBACK"}
{"id":"5f0e","trace_id":"tr-1","created_at":"2025-10-09T08:53:20.125Z","is_success":1,"ai_org":"openai","ai_model":"gpt-4o","req_units":500,"res_units":300,"total_units":800,"request_url":"https://api.openai.com/v1/chat/completions","cost":0.4125,"cost_currency":"USD","response_time":3000,"response_status_code":200,"mode":"FALLBACK","config":"pc-1","prompt_slug":null,"metadata":{"_user":"u9","app":"shop"},"request":{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]},"response":"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"ok\"}}],\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":300,\"prompt_tokens_details\":{\"cached_tokens\":100},\"completion_tokens_details\":{\"reasoning_tokens\":50}}}"}
{"id":"5f0f","trace_id":"tr-2","created_at":"2025-10-09T08:54:20.125Z","is_success":1,"ai_org":"anthropic","ai_model":"claude-sonnet-4-20250514","req_units":25,"res_units":60,"total_units":85,"cost":0.2,"cost_currency":"EUR","response_time":1100,"response_status_code":200,"mode":"SINGLE"}
'''
calls = [
  { source_call_id = "5f0d", trace_id = "tr-1", status = "rate_limited", http_status = 429, provider = "azure", input_tokens = "-", logged_cost = "-" },
  { source_call_id = "5f0e", trace_id = "tr-1", started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", status = "ok", provider = "openai", model = "gpt-4o-2024-08-06", model_requested = "gpt-4o", operation = "chat", app = "shop", streamed = true, input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 50, logged_cost = 0.004125, logged_currency = "USD", finish_reason = "stop", prompt_chars = 2 },
  { source_call_id = "5f0f", provider = "anthropic", input_tokens = "-", output_tokens = 60, logged_cost = 0.002, logged_currency = "EUR" },
]

[[example]]
name = "a row of the analytics store: numbers as floats, metadata as parallel lists, a cost of unknown unit, a hit of the gateway's cache"
format = "json"
input = '''
[{"id":"m1","organisation_id":"o1","created_at":"2025-10-09 08:53:20","is_success":1.0,"ai_org":"openai","ai_model":"gpt-4","req_units":150.0,"res_units":200.0,"total_units":350.0,"cost":0.0105,"cost_currency":"USD","request_url":"/v1/chat/completions","response_status_code":200.0,"response_time":1250.0,"cache_status":"MISS","stream_mode":0.0,"retry_success_count":"0","_environment":"prod","_user":"u1","trace_id":"t9","span_id":"s9","virtual_key":"openai-main","metadata":{"key":["team"],"value":["search"]},"gateway_processing_time":4.5},
 {"id":"m2","organisation_id":"o1","created_at":"2025-10-09 08:53:30","is_success":1.0,"ai_org":"openai","ai_model":"gpt-4","req_units":150.0,"res_units":200.0,"total_units":350.0,"cost":0,"cost_currency":"USD","request_url":"/v1/chat/completions","response_status_code":200.0,"response_time":5.0,"cache_status":"HIT","stream_mode":0.0,"trace_id":"t10","metadata":{}}]
'''
calls = [
  { source_call_id = "m1", status = "ok", http_status = 200, gateway_cache_hit = false, streamed = false, environment = "prod", api_key_alias = "openai-main", gateway_ms = 4.5, input_tokens = 150, output_tokens = 200, logged_cost = "-", ended_at = "2025-10-09 08:53:21.250" },
  { source_call_id = "m2", gateway_cache_hit = true, input_tokens = 150, logged_cost = 0 },
]
---*/
WITH read AS (
    SELECT *, asked_of(request) AS asked, answer_of(parts_of(response)) AS answered, to_count(coalesce(response_status_code, status_code)) AS code,
        coalesce(ai_org, ai_provider) AS org, coalesce(req_units, request_tokens) AS units_in, coalesce(res_units, response_tokens) AS units_out,
        CASE upper(cache_status) WHEN 'HIT' THEN TRUE WHEN 'SEMANTIC HIT' THEN TRUE WHEN 'MISS' THEN FALSE WHEN 'DISABLED' THEN FALSE END AS is_hit
    FROM raw
),
facts AS (
    SELECT *, tokens_of(answered) AS tokens, coalesce(answered.model, unless_empty(ai_model), asked.model) AS served,
        coalesce(http_status_word(code), CASE to_flag(split_part(is_success, '.', 1)) WHEN TRUE THEN 'ok' WHEN FALSE THEN 'error' END) AS outcome,
        coalesce(to_count(units_in), 0) + coalesce(to_count(units_out), 0) = 0 AS usage_unknown
    FROM read
)
SELECT
    file, line,
    id AS source_call_id,
    id AS request_id,
    'portkey|' || id AS attempt_key,
    unless_empty(trace_id) AS trace_id,
    path_operation(request_url) AS operation,
    created_at AS started_at,
    ms_after(created_at, to_number(response_time)) AS ended_at,
    gateway_processing_time AS gateway_ms,
    outcome AS status,
    code AS http_status,
    answer_finish(answered) AS finish_reason,
    provider_of(gateway_provider(org), served) AS provider,
    coalesce(asked.model, unless_empty(ai_model)) AS model_requested,
    model_of(gateway_provider(org), served) AS model,
    region_of(request_url) AS region,
    unless_empty(request_url) AS endpoint,
    answer_tier(answered, asked.service_tier) AS service_tier,
    coalesce(to_flag(split_part(stream_mode, '.', 1)), to_flag(asked.stream)) AS streamed,
    unless_empty(virtual_key) AS api_key_alias,
    coalesce(unless_empty(_user), map_value(metadata, ['_user'])) AS end_user,
    coalesce(map_value(metadata, ['app', 'application', 'service']), unless_empty(prompt_slug)) AS app,
    coalesce(unless_empty(_environment), map_value(metadata, ['_environment', 'environment', 'env'])) AS environment,
    CASE WHEN organisation_id IS NULL THEN map_tags(metadata, '^(_.*|app|application|service|environment|env)$') END AS tags,
    CASE WHEN NOT usage_unknown THEN copied_input(units_in, org, served, CASE WHEN answered.kind = 'message' THEN tokens.input END) END AS input_tokens,
    tokens.cached AS cache_read_tokens,
    tokens.written_5m AS cache_write_5m_tokens,
    tokens.written_1h AS cache_write_1h_tokens,
    CASE WHEN NOT usage_unknown THEN coalesce(tokens.output, units_out) END AS output_tokens,
    tokens.reasoning AS reasoning_tokens,
    is_hit AS gateway_cache_hit,
    coalesce(asked.response_format.type, asked."text".format.type) AS response_format,
    coalesce(asked.reasoning_effort, asked.reasoning.effort) AS reasoning_effort,
    coalesce(asked.max_tokens, asked.max_completion_tokens, asked.max_output_tokens) AS max_tokens,
    asked.temperature AS temperature,
    CASE WHEN is_hit THEN '0' WHEN organisation_id IS NOT NULL OR (usage_unknown AND to_number(cost) = 0) THEN NULL
        WHEN TRY_CAST(cost AS DECIMAL(38, 12)) IS NULL THEN cost ELSE CAST(TRY_CAST(cost AS DECIMAL(38, 12)) * 0.01 AS VARCHAR) END AS logged_cost,
    unless_empty(cost_currency) AS logged_currency,
    asked_messages(asked) AS messages,
    answered.text AS answer,
    answered.called AS called_tools,
    asked_parameters(request) AS parameters,
    asked.tools AS tools
FROM facts
