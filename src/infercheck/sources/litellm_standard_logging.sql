/*---
kind = "source"
title = "LiteLLM StandardLoggingPayload"
description = """
What LiteLLM's proxy hands to its loggers (s3, gcs_bucket, generic_api, azure_storage, a custom callback): one object an attempt. A recovered
failure is a row of its own and shares litellm_call_id with the success. Clocks are epoch seconds, taken once the proxy's handler runs.
"""
formats = ["jsonl", "json"]

[detect]
all = ["call_type", "response_cost", "startTime", "model", "prompt_tokens"]
none = ["spend"]

[columns]
id = "VARCHAR"
litellm_call_id = "VARCHAR"
trace_id = "VARCHAR"
session_id = "VARCHAR"
call_type = "VARCHAR"
cache_hit = "VARCHAR"
stream = "VARCHAR"
status = "VARCHAR"
custom_llm_provider = "VARCHAR"
startTime = "VARCHAR"
endTime = "VARCHAR"
completionStartTime = "VARCHAR"
model = "VARCHAR"
model_group = "VARCHAR"
model_id = "VARCHAR"
api_base = "VARCHAR"
response_cost = "VARCHAR"
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
request_tags = '''["VARCHAR"]'''
end_user = "VARCHAR"
user_agent = "VARCHAR"
metadata = '''{"user_api_key_hash":"VARCHAR","user_api_key_alias":"VARCHAR","user_api_key_team_alias":"VARCHAR",
    "user_api_key_team_id":"VARCHAR","user_api_key_org_id":"VARCHAR","user_api_key_user_id":"VARCHAR",
    "user_api_key_end_user_id":"VARCHAR","user_agent":"VARCHAR",
    "requester_metadata":{"app":"VARCHAR","service":"VARCHAR","environment":"VARCHAR"},
    "usage_object":{"cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
    "prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_creation_tokens":"VARCHAR","cache_write_tokens":"VARCHAR",
    "audio_tokens":"VARCHAR","image_tokens":"VARCHAR",
    "cache_creation_token_details":{"ephemeral_1h_input_tokens":"VARCHAR"}},
    "completion_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR"}}}'''
hidden_params = '''{"api_base":"VARCHAR","litellm_overhead_time_ms":"VARCHAR",
    "additional_headers":{"x-litellm-attempted-retries":"VARCHAR"}}'''
cost_breakdown = '''{"service_tier":"VARCHAR"}'''
error_information = '''{"error_code":"VARCHAR","error_class":"VARCHAR"}'''
messages = "MESSAGES"
response = '''{"service_tier":"VARCHAR","stop_reason":"VARCHAR","choices":[{"finish_reason":"VARCHAR",
    "message":{"content":"VARCHAR","tool_calls":[{"function":{"name":"VARCHAR","arguments":"VARCHAR"}}]}}],
    "output":[{"type":"VARCHAR","name":"VARCHAR","arguments":"VARCHAR","content":[{"text":"VARCHAR"}]}]}'''
model_parameters = "VARCHAR"

[[example]]
name = "a streamed success, and the failure that a fallback rescued"
format = "jsonl"
input = '''
{"id":"chatcmpl-a1","litellm_call_id":"7d1c0f6e","trace_id":"tr-1","session_id":"","call_type":"acompletion","stream":true,"status":"success","response_cost":0.004125,"custom_llm_provider":"openai","prompt_tokens":500,"completion_tokens":300,"startTime":1760000000.125,"completionStartTime":1760000000.525,"endTime":1760000003.125,"model":"openai/gpt-4o","model_group":"prod-chat","model_id":"dep-1","cache_hit":false,"request_tags":["app:checkout","beta"],"metadata":{"user_api_key_alias":"web","user_api_key_team_id":"t1","usage_object":{"prompt_tokens_details":{"cached_tokens":100},"completion_tokens_details":{"reasoning_tokens":0}}},"messages":[{"role":"user","content":"hi"}],"response":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"ok"}}]},"error_information":{"error_code":""},"model_parameters":{"stream":true},"hidden_params":{"litellm_overhead_time_ms":3.1}}
{"id":"7d1c0f6e","litellm_call_id":"7d1c0f6e","trace_id":"tr-1","call_type":"acompletion","stream":null,"status":"failure","response_cost":0.0,"custom_llm_provider":"azure","prompt_tokens":0,"completion_tokens":0,"startTime":1759999998.0,"completionStartTime":1759999998.9,"endTime":1759999998.9,"model":"azure/gpt-4o","model_group":"prod-chat","metadata":{},"response":{},"error_information":{"error_code":"429","error_class":"RateLimitError"},"hidden_params":{},"request_tags":[],"messages":[]}
'''
calls = [
  { request_id = "7d1c0f6e", trace_id = "tr-1", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", status = "ok", provider = "openai", model = "gpt-4o", model_requested = "prod-chat", streamed = true, app = "checkout", tags = "beta", input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, logged_cost = 0.004125, finish_reason = "stop", prompt_chars = 2, turn = 1, gateway_ms = 3.1 },
  { request_id = "7d1c0f6e", status = "rate_limited", http_status = 429, error_type = "RateLimitError", provider = "azure", model = "gpt-4o" },
]

[[example]]
name = "a gateway cache hit keeps its tokens and its logged zero; redacted prompts have no hash"
format = "jsonl"
input = '''
{"id":"chatcmpl-b1_cache_hit1760000009.5","litellm_call_id":"c2","call_type":"acompletion","status":"success","cache_hit":true,"response_cost":0.0,"custom_llm_provider":"hosted_vllm","prompt_tokens":40,"completion_tokens":7,"startTime":1760000009.5,"endTime":1760000009.6,"completionStartTime":1760000009.6,"model":"hosted_vllm/Qwen/Qwen2.5-7B-Instruct","messages":[{"role":"user","content":"redacted-by-litellm"}],"response":{"text":"redacted-by-litellm"}}
'''
calls = [{ request_id = "c2", provider = "hosted_vllm", model = "Qwen/Qwen2.5-7B-Instruct", gateway_cache_hit = true, input_tokens = 40, logged_cost = 0, status = "ok" }]

[[example]]
name = "of several tags that name a job the app's counts, however it is spelt; costs large and small"
format = "jsonl"
input = '''
{"id":"d1","litellm_call_id":"d1","call_type":"acompletion","status":"success","response_cost":1234567.25,"prompt_tokens":1,"completion_tokens":1,"startTime":1760000009.5,"endTime":1760000009.6,"model":"gpt-4o","request_tags":["Service:billing","ENV:prod","blue","App:invoices"]}
{"id":"d2","litellm_call_id":"d2","call_type":"acompletion","status":"success","response_cost":1.5e-11,"prompt_tokens":1,"completion_tokens":1,"startTime":1760000009.5,"endTime":1760000009.6,"model":"gpt-4o","request_tags":["happy:true","route:/v1/chat:fast"]}
'''
calls = [
  { source_call_id = "d1", app = "invoices", environment = "prod", tags = "blue", logged_cost = 1234567.25 },
  { source_call_id = "d2", app = "/v1/chat:fast", environment = "-", tags = "happy:true", logged_cost = 1.5e-11 },
]
---*/
WITH parts AS (
    SELECT
        *,
        shaped(model_parameters, '{"stream":"VARCHAR","response_format":{"type":"VARCHAR"},"reasoning_effort":"VARCHAR","max_tokens":"VARCHAR",
    "max_completion_tokens":"VARCHAR","temperature":"VARCHAR","service_tier":"VARCHAR","tools":"VARCHAR"}') AS asked,
        coalesce(unless_empty(litellm_call_id), unless_empty(id)) AS own_id,
        coalesce(contains(call_type, 'retrieve') OR contains(call_type, 'get_responses'), FALSE) AS re_read,
        coalesce(status = 'failure', FALSE) AS failed
    FROM raw
),
facts AS (
    SELECT
        *,
        coalesce(unless_empty(api_base), unless_empty(hidden_params.api_base)) AS address,
        coalesce(to_flag(stream), to_flag(asked.stream)) AS was_streamed,
        coalesce(metadata.usage_object.prompt_tokens_details.cached_tokens, metadata.usage_object.cache_read_input_tokens) AS cached,
        coalesce(metadata.usage_object.cache_creation_input_tokens, metadata.usage_object.prompt_tokens_details.cache_creation_tokens,
            metadata.usage_object.prompt_tokens_details.cache_write_tokens) AS written,
        metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens AS written_1h,
        -- A failed attempt whose counters are all zero has unknown usage: LiteLLM writes zeros where no answer came back.
        failed AND coalesce(to_count(prompt_tokens), 0) + coalesce(to_count(completion_tokens), 0) = 0 AS usage_unknown
    FROM parts
)
SELECT
    file, line,
    own_id AS source_call_id,
    own_id AS request_id,
    -- A recovered failure shares the call id, and a failure's id falls back to it: only the start tells two failed attempts apart.
    concat_ws('|', litellm_call_id, split_part(id, '_cache_hit', 1), to_ms(startTime)) AS attempt_key,
    unless_empty(trace_id) AS trace_id,
    unless_empty(session_id) AS session_id,
    litellm_operation(call_type) AS operation,
    startTime AS started_at,
    CASE WHEN was_streamed AND to_time(completionStartTime) < to_time(endTime) THEN completionStartTime END AS first_token_at,
    endTime AS ended_at,
    hidden_params.litellm_overhead_time_ms AS gateway_ms,
    CASE WHEN failed THEN failure_status(unless_empty(error_information.error_code), error_information.error_class) WHEN status = 'success' THEN 'ok' END AS status,
    unless_empty(error_information.error_code) AS http_status,
    unless_empty(error_information.error_class) AS error_type,
    to_finish(coalesce(response.choices[1].finish_reason, response.stop_reason)) AS finish_reason,
    to_count(hidden_params.additional_headers['x-litellm-attempted-retries']) + 1 AS attempt,
    provider_of(custom_llm_provider, model) AS provider,
    unless_empty(model_group) AS model_requested,
    model_of(custom_llm_provider, model) AS model,
    unless_empty(model_id) AS deployment,
    region_of(address) AS region,
    address AS endpoint,
    litellm_tier(call_type, response.service_tier, asked.service_tier, cost_breakdown.service_tier) AS service_tier,
    was_streamed AS streamed,
    litellm_key(metadata.user_api_key_alias, metadata.user_api_key_hash) AS api_key_alias,
    coalesce(unless_empty(metadata.user_api_key_team_alias), unless_empty(metadata.user_api_key_team_id), unless_empty(metadata.user_api_key_org_id)) AS team,
    unless_empty(metadata.user_api_key_user_id) AS "user",
    coalesce(unless_empty(end_user), unless_empty(metadata.user_api_key_end_user_id)) AS end_user,
    coalesce(tag_value(request_tags, ['app:', 'service:', 'route:']), metadata.requester_metadata.app, metadata.requester_metadata.service) AS app,
    coalesce(tag_value(request_tags, ['env:', 'environment:']), metadata.requester_metadata.environment) AS environment,
    other_tags(request_tags) AS tags,
    without_version(coalesce(unless_empty(user_agent), metadata.user_agent)) AS user_agent,
    CASE WHEN re_read THEN '0' WHEN NOT usage_unknown THEN litellm_input(prompt_tokens, cached, written) END AS input_tokens,
    CASE WHEN re_read THEN '0' WHEN NOT usage_unknown THEN cached END AS cache_read_tokens,
    CASE WHEN re_read THEN '0' WHEN NOT usage_unknown THEN litellm_5m(written, written_1h) END AS cache_write_5m_tokens,
    CASE WHEN NOT re_read AND NOT usage_unknown THEN written_1h END AS cache_write_1h_tokens,
    CASE WHEN re_read THEN '0' WHEN NOT usage_unknown THEN completion_tokens END AS output_tokens,
    CASE WHEN NOT re_read AND NOT usage_unknown THEN metadata.usage_object.completion_tokens_details.reasoning_tokens END AS reasoning_tokens,
    CASE WHEN NOT re_read AND NOT usage_unknown THEN metadata.usage_object.prompt_tokens_details.audio_tokens END AS audio_input_tokens,
    CASE WHEN NOT re_read AND NOT usage_unknown THEN metadata.usage_object.completion_tokens_details.audio_tokens END AS audio_output_tokens,
    CASE WHEN NOT re_read AND NOT usage_unknown THEN metadata.usage_object.prompt_tokens_details.image_tokens END AS image_tokens,
    to_flag(cache_hit) AS gateway_cache_hit,
    asked.response_format.type AS response_format,
    asked.reasoning_effort AS reasoning_effort,
    coalesce(asked.max_tokens, asked.max_completion_tokens) AS max_tokens,
    asked.temperature AS temperature,
    -- Fetching a stored response logs its whole cost once more.
    CASE WHEN re_read THEN '0' WHEN failed AND to_number(response_cost) = 0 THEN NULL ELSE response_cost END AS logged_cost,
    messages,
    coalesce(response.choices[1].message.content, responses_text(response.output)) AS answer,
    coalesce(list_transform(response.choices[1].message.tool_calls, lambda t: t.function), list_transform(list_filter(response.output,
        lambda o: o.type = 'function_call'), lambda o: struct_pack(name := o.name, arguments := o.arguments))) AS called_tools,
    CASE WHEN starts_with(model_parameters, '{') THEN model_parameters END AS parameters,
    asked.tools AS tools
FROM facts
