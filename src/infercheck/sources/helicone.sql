/*---
kind = "source"
title = "Helicone requests"
description = """
What `npx @helicone/export` writes as JSONL or JSON (with --include-body for prompts), and what POST /v1/request/query-clickhouse answers. Token counts
are disjoint there: cached and audio tokens stand beside prompt_tokens, reasoning beside completion_tokens, and total_tokens leaves the cache out; they
are added up. Rows of older versions that include them are told by the answer's own usage. The CSV has neither cached nor reasoning tokens: its counts
are left unknown, so prefer JSONL. A session is a trace where its requests have paths. feedback_rating is read as a score, scores have no scale.
"""
formats = ["jsonl", "json", "csv"]
times_are_utc = true

[detect]
all = ["request_created_at", "response_status", "prompt_tokens", "completion_tokens", "request_properties"]
any = ["delay_ms", "latency"]

[columns]
request_id = "VARCHAR"
response_id = "VARCHAR"
request_created_at = "VARCHAR"
response_status = "VARCHAR"
delay_ms = "VARCHAR"
time_to_first_token = "VARCHAR"
request_path = "VARCHAR"
target_url = "VARCHAR"
request_model = "VARCHAR"
response_model = "VARCHAR"
model = "VARCHAR"
model_override = "VARCHAR"
provider = "VARCHAR"
prompt_tokens = "VARCHAR"
prompt_cache_read_tokens = "VARCHAR"
prompt_cache_write_tokens = "VARCHAR"
prompt_audio_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
completion_audio_tokens = "VARCHAR"
reasoning_tokens = "VARCHAR"
cost = "VARCHAR"
costUSD = "VARCHAR"
request_user_id = "VARCHAR"
request_properties = '"MAP(VARCHAR, VARCHAR)"'
cache_enabled = "VARCHAR"
cache_reference_id = "VARCHAR"
country_code = "VARCHAR"
feedback_rating = "VARCHAR"
request_body = "VARCHAR"
response_body = "VARCHAR"
latency = "VARCHAR"

[[example]]
name = "cached tokens and reasoning stand beside the counts; a refusal without usage; a cache hit whose tokens are forced to zero; cancelled"
format = "jsonl"
input = '''
{"request_id":"11111111-1111-4111-8111-111111111111","response_id":"22222222-1111-4111-8111-111111111111","request_created_at":"2025-10-09 08:53:20.125","response_created_at":"2025-10-09 08:53:23.200","request_path":"/v1/chat/completions","request_model":"gpt-4o","response_model":"gpt-4o-2024-08-06","model":"gpt-4o-2024-08-06","model_override":null,"provider":"OPENAI","response_status":200,"delay_ms":3000,"time_to_first_token":400,"prompt_tokens":400,"prompt_cache_read_tokens":100,"prompt_cache_write_tokens":0,"completion_tokens":250,"reasoning_tokens":50,"total_tokens":700,"cost":0.004125,"request_user_id":"u9","request_properties":{"Helicone-Session-Id":"s1","Helicone-Session-Path":"/plan","App":"checkout","Environment":"prod","Tier":"gold"},"properties":{"Helicone-Session-Id":"s1"},"cache_enabled":false,"cache_reference_id":"00000000-0000-0000-0000-000000000000","scores":{},"feedback_rating":true,"country_code":"DE","request_body":{"model":"gpt-4o","stream":true,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],"temperature":0},"response_body":{"helicone_message":"fetching body from signed_url..."},"signed_body_url":null,"target_url":"https://api.openai.com/v1/chat/completions"}
{"request_id":"11111111-1111-4111-8111-111111111112","request_created_at":"2025-10-09 08:54:00.000","response_status":429,"provider":"ANTHROPIC","request_model":"claude-sonnet-4","delay_ms":210,"time_to_first_token":null,"prompt_tokens":null,"completion_tokens":null,"total_tokens":null,"cost":0,"request_properties":{},"request_path":"/v1/messages"}
{"request_id":"11111111-1111-4111-8111-111111111113","request_created_at":"2025-10-09T08:55:00Z","response_status":200,"provider":"OPENAI","request_model":"gpt-4o","model":"gpt-4o","delay_ms":12,"time_to_first_token":null,"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"cost":0,"request_properties":{"Helicone-Session-Id":"s2"},"request_path":"/v1/chat/completions","cache_enabled":true,"cache_reference_id":"11111111-1111-4111-8111-111111111111"}
{"request_id":"11111111-1111-4111-8111-111111111114","request_created_at":"2025-10-09 08:56:00.000","response_status":-3,"provider":"OPENAI","request_model":"gpt-4o","delay_ms":null,"time_to_first_token":null,"prompt_tokens":null,"completion_tokens":null,"total_tokens":null,"cost":null,"request_properties":{},"request_path":"/v1/chat/completions"}
'''
calls = [
  { source_call_id = "11111111-1111-4111-8111-111111111111", session_id = "s1", trace_id = "s1", operation = "chat", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", ended_at = "2025-10-09 08:53:23.125", status = "ok", http_status = 200, provider = "openai", model_requested = "gpt-4o", model = "gpt-4o-2024-08-06", app = "checkout", environment = "prod", tags = "Tier:gold", streamed = true, caller_region = "DE", input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 50, logged_cost = 0.004125, score = 1.0, prompt_chars = 11, temperature = 0.0 },
  { status = "rate_limited", http_status = 429, provider = "anthropic", model = "claude-sonnet-4", ended_at = "2025-10-09 08:54:00.210", input_tokens = "-", logged_cost = "-", trace_id = "-" },
  { status = "ok", gateway_cache_hit = true, input_tokens = "-", logged_cost = 0, session_id = "s2", trace_id = "-" },
  { status = "cancelled", http_status = "-", ended_at = "-", logged_cost = "-" },
]

[[example]]
name = "an older row whose counts include the cached ones; Anthropic's; and nano-dollars out of the database"
format = "json"
input = '''
{"data":[
 {"request_id":"a1","request_created_at":"2025-03-09T08:53:20.125Z","response_status":200,"delay_ms":900,"provider":"OPENAI","model":"gpt-4o","prompt_tokens":500,"prompt_cache_read_tokens":100,"completion_tokens":300,"reasoning_tokens":50,"cost":0.004125,"request_properties":{},"request_path":"/v1/chat/completions","response_body":{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o","choices":[{"finish_reason":"stop","message":{"content":"ok"}}],"usage":{"prompt_tokens":500,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":100}}}},
 {"request_id":"a2","request_created_at":"2025-10-09T08:53:20.125Z","response_status":200,"delay_ms":900,"provider":"ANTHROPIC","model":"claude-sonnet-4-20250514","prompt_tokens":25,"prompt_cache_read_tokens":2000,"prompt_cache_write_tokens":100,"completion_tokens":60,"reasoning_tokens":0,"cost":1950000,"request_properties":{},"request_path":"/v1/messages","response_body":{"type":"message","stop_reason":"end_turn","content":[{"type":"text","text":"ok"}],"usage":{"input_tokens":25,"cache_read_input_tokens":2000,"cache_creation_input_tokens":100,"output_tokens":60}}}],"error":null}
'''
calls = [
  { source_call_id = "a1", input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 50, logged_cost = 0.004125, finish_reason = "stop", response_chars = 2 },
  { source_call_id = "a2", input_tokens = 2125, cache_read_tokens = 2000, cache_write_5m_tokens = 100, output_tokens = 60, logged_cost = 0.00195, finish_reason = "stop" },
]

[[example]]
name = "the CSV knows neither latency nor cached tokens"
format = "csv"
input = '''
response_id,response_created_at,response_status,request_created_at,request_body,request_properties,request_user_id,model,prompt_tokens,completion_tokens,latency,cost
r1,2025-10-09T08:53:23.200Z,200,2025-10-09T08:53:20.125Z,"{""model"":""gpt-4o"",""messages"":[{""role"":""user"",""content"":""hi""}]}",{},u9,,400,250,,0.004125
'''
calls = [{ source_call_id = "r1", status = "ok", model = "gpt-4o", started_at = "2025-10-09 08:53:20.125", ended_at = "-", input_tokens = "-", output_tokens = "-", logged_cost = 0.004125, prompt_chars = 2 }]
---*/
WITH read AS (
    SELECT *, asked_of(request_body) AS asked, answer_of(parts_of(response_body)) AS answered, to_count(response_status) AS code,
        to_number(coalesce(unless_empty(cost), unless_empty(costUSD))) AS price, request_id IS NULL AS is_csv,
        map_value(request_properties, ['helicone-session-id']) AS session,
        coalesce(to_count(prompt_tokens), 0) + coalesce(to_count(completion_tokens), 0) AS counted
    FROM raw
),
facts AS (
    SELECT *,
        coalesce(unless_empty(response_model), answered.model, unless_empty(model), unless_empty(model_override), unless_empty(request_model), asked.model) AS served,
        -- A hit's tokens and cost are forced to zero.
        counted = 0 AND price = 0 AND regexp_matches(cache_reference_id, '[1-9a-f]') AS is_hit,
        counted = 0 AND (coalesce(price, 0) = 0 OR is_csv) AS usage_unknown,
        coalesce(to_count(answered.usage.prompt_tokens) = to_count(prompt_tokens), FALSE) AS input_is_whole,
        coalesce(to_count(answered.usage.completion_tokens) = to_count(completion_tokens), FALSE) AS output_is_whole,
        coalesce(to_flag(asked.stream), CASE WHEN to_number(time_to_first_token) > 0 THEN TRUE END) AS was_streamed
    FROM read
)
SELECT
    file, line,
    coalesce(request_id, unless_empty(response_id)) AS source_call_id,
    coalesce(request_id, unless_empty(response_id)) AS request_id,
    'helicone|' || coalesce(request_id, unless_empty(response_id)) AS attempt_key,
    CASE WHEN map_value(request_properties, ['helicone-session-path']) IS NOT NULL THEN session END AS trace_id,
    session AS session_id,
    path_operation(coalesce(request_path, target_url)) AS operation,
    request_created_at AS started_at,
    CASE WHEN was_streamed THEN ms_after(request_created_at, to_number(time_to_first_token)) END AS first_token_at,
    ms_after(request_created_at, to_number(coalesce(delay_ms, latency))) AS ended_at,
    -- Below 100 stand Helicone's own codes: pending, cancelled (-3), failed before an answer.
    CASE WHEN trim(response_status) = '-3' THEN 'cancelled' WHEN code >= 100 THEN http_status_word(code) END AS status,
    CASE WHEN code >= 100 THEN code END AS http_status,
    answered.failure.type AS error_type,
    answer_finish(answered) AS finish_reason,
    provider_of(span_provider(provider), served) AS provider,
    coalesce(unless_empty(request_model), asked.model) AS model_requested,
    model_of(span_provider(provider), served) AS model,
    region_of(target_url) AS region,
    unless_empty(target_url) AS endpoint,
    answer_tier(answered, asked.service_tier) AS service_tier,
    was_streamed AS streamed,
    unless_empty(request_user_id) AS end_user,
    coalesce(map_value(request_properties, ['app', 'application', 'service', 'feature']), map_value(request_properties, ['helicone-session-name'])) AS app,
    map_value(request_properties, ['environment', 'env']) AS environment,
    map_tags(request_properties, '^(helicone-.*|app|application|service|feature|environment|env)$') AS tags,
    CASE WHEN NOT usage_unknown AND NOT is_csv THEN CASE WHEN input_is_whole THEN prompt_tokens
        ELSE count_with(count_with(prompt_tokens, prompt_cache_read_tokens, prompt_cache_write_tokens), prompt_audio_tokens, NULL) END END AS input_tokens,
    CASE WHEN NOT usage_unknown THEN prompt_cache_read_tokens END AS cache_read_tokens,
    CASE WHEN NOT usage_unknown THEN litellm_5m(prompt_cache_write_tokens, answer_written_1h(answered)) END AS cache_write_5m_tokens,
    CASE WHEN NOT usage_unknown THEN answer_written_1h(answered) END AS cache_write_1h_tokens,
    CASE WHEN NOT usage_unknown AND NOT is_csv THEN CASE WHEN output_is_whole THEN completion_tokens
        ELSE count_with(completion_tokens, reasoning_tokens, completion_audio_tokens) END END AS output_tokens,
    CASE WHEN NOT usage_unknown THEN reasoning_tokens END AS reasoning_tokens,
    CASE WHEN NOT usage_unknown THEN prompt_audio_tokens END AS audio_input_tokens,
    CASE WHEN NOT usage_unknown THEN completion_audio_tokens END AS audio_output_tokens,
    CASE WHEN is_hit THEN TRUE WHEN to_flag(cache_enabled) = FALSE THEN FALSE END AS gateway_cache_hit,
    coalesce(asked.response_format.type, asked."text".format.type) AS response_format,
    coalesce(asked.reasoning_effort, asked.reasoning.effort) AS reasoning_effort,
    coalesce(asked.max_tokens, asked.max_completion_tokens, asked.max_output_tokens) AS max_tokens,
    asked.temperature AS temperature,
    unless_empty(country_code) AS caller_region,
    CASE WHEN is_hit THEN '0' WHEN usage_unknown AND NOT coalesce(price > 0, FALSE) THEN NULL
        -- The database counts in nano-dollars. No answer costs a thousand dollars, nor a cent for each of its tokens.
        WHEN price >= 1000 AND price > counted / 100 THEN CAST(CAST(price AS DECIMAL(38, 12)) / 1000000000 AS VARCHAR)
        ELSE coalesce(unless_empty(cost), unless_empty(costUSD)) END AS logged_cost,
    CASE to_flag(feedback_rating) WHEN TRUE THEN 1.0 WHEN FALSE THEN 0.0 END AS score,
    asked_messages(asked) AS messages,
    answered.text AS answer,
    answered.called AS called_tools,
    asked_parameters(request_body) AS parameters,
    asked.tools AS tools
FROM facts
