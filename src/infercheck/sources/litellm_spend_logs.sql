/*---
kind = "source"
title = "LiteLLM_SpendLogs"
description = """
LiteLLM's table of spend, as CSV from PostgreSQL's COPY, as JSONL, or as the answer of GET /spend/logs and /spend/logs/v2. Clocks are UTC to
the millisecond. A failure that a retry rescued has no row here. Prompts are there only with store_prompts_in_spend_logs.
"""
formats = ["csv", "jsonl", "json"]
times_are_utc = true

[detect]
all = ["request_id", "call_type", "spend", "startTime"]
none = ["response_cost"]

[columns]
request_id = "VARCHAR"
litellm_call_id = "VARCHAR"
call_type = "VARCHAR"
api_key = "VARCHAR"
spend = "VARCHAR"
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
startTime = "VARCHAR"
endTime = "VARCHAR"
completionStartTime = "VARCHAR"
model = "VARCHAR"
model_id = "VARCHAR"
model_group = "VARCHAR"
custom_llm_provider = "VARCHAR"
api_base = "VARCHAR"
user = "VARCHAR"
metadata = '''{"user_api_key_alias":"VARCHAR","user_api_key_team_alias":"VARCHAR","user_agent":"VARCHAR","litellm_call_id":"VARCHAR",
    "litellm_overhead_time_ms":"VARCHAR","attempted_retries":"VARCHAR","original_model_group":"VARCHAR","status":"VARCHAR",
    "error_information":{"error_code":"VARCHAR","error_class":"VARCHAR"},
    "cost_breakdown":{"service_tier":"VARCHAR"},
    "requester_metadata":{"app":"VARCHAR","service":"VARCHAR","environment":"VARCHAR"},
    "additional_usage_values":{"cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR"},
    "usage_object":{"cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
    "prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_creation_tokens":"VARCHAR","cache_write_tokens":"VARCHAR",
    "audio_tokens":"VARCHAR","image_tokens":"VARCHAR",
    "cache_creation_token_details":{"ephemeral_1h_input_tokens":"VARCHAR"}},
    "completion_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR"}}}'''
cache_hit = "VARCHAR"
request_tags = '''["VARCHAR"]'''
team_id = "VARCHAR"
organization_id = "VARCHAR"
end_user = "VARCHAR"
messages = "MESSAGES"
response = '''{"service_tier":"VARCHAR","stop_reason":"VARCHAR","choices":[{"finish_reason":"VARCHAR",
    "message":{"content":"VARCHAR","tool_calls":[{"function":{"name":"VARCHAR","arguments":"VARCHAR"}}]}}],
    "output":[{"type":"VARCHAR","name":"VARCHAR","arguments":"VARCHAR","content":[{"text":"VARCHAR"}]}]}'''
session_id = "VARCHAR"
status = "VARCHAR"

[[example]]
name = "a row of the CSV; its metadata is JSON in a cell"
format = "csv"
input = '''
request_id,call_type,api_key,spend,total_tokens,prompt_tokens,completion_tokens,startTime,endTime,completionStartTime,model,model_group,custom_llm_provider,user,team_id,metadata,cache_hit,cache_key,request_tags,end_user,status,session_id
chatcmpl-a1,acompletion,ab12,0.004125,800,500,300,2025-10-09 08:53:20.125,2025-10-09 08:53:23.125,2025-10-09 08:53:20.525,gpt-4o,prod-chat,openai,u1,t1,"{""attempted_retries"": 1, ""usage_object"": {""prompt_tokens"": 500, ""prompt_tokens_details"": {""cached_tokens"": 100}}}",False,Cache OFF,"[""app:checkout""]",u9,success,
'''
calls = [{ source_call_id = "chatcmpl-a1", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", streamed = true, status = "ok", attempt = 2, provider = "openai", model = "gpt-4o", model_requested = "prod-chat", team = "t1", user = "u1", app = "checkout", input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, logged_cost = 0.004125, gateway_cache_hit = false }]

[[example]]
name = "the API's answer; a failure's zero counters are unknown usage"
format = "json"
input = '''
{"data":[{"request_id":"r1","litellm_call_id":"r1","call_type":"acompletion","spend":0,"prompt_tokens":0,"completion_tokens":0,"startTime":"2025-10-09T08:53:20Z","endTime":"2025-10-09T08:53:21Z","completionStartTime":"2025-10-09T08:53:21Z","model":"gpt-4o","custom_llm_provider":"azure","metadata":{"error_information":{"error_code":"408","error_class":"Timeout"}},"request_tags":[],"messages":{},"response":{},"status":"failure","session_id":"tr-2"}],"total":1}
'''
calls = [{ request_id = "r1", trace_id = "tr-2", status = "timeout", http_status = 408, provider = "azure", model = "gpt-4o" }]
---*/
WITH parts AS (
    SELECT *, coalesce(contains(call_type, 'retrieve') OR contains(call_type, 'get_responses'), FALSE) AS re_read
    FROM raw
),
facts AS (
    SELECT
        *,
        coalesce(unless_empty(litellm_call_id), unless_empty(metadata.litellm_call_id)) AS call_key,
        coalesce(coalesce(unless_empty(status), metadata.status) = 'failure', FALSE) AS failed,
        to_time(completionStartTime) < to_time(endTime) AS first_before_last,
        coalesce(metadata.usage_object.prompt_tokens_details.cached_tokens, metadata.usage_object.cache_read_input_tokens,
            metadata.additional_usage_values.cache_read_input_tokens) AS cached,
        coalesce(metadata.usage_object.cache_creation_input_tokens, metadata.usage_object.prompt_tokens_details.cache_creation_tokens,
            metadata.usage_object.prompt_tokens_details.cache_write_tokens, metadata.additional_usage_values.cache_creation_input_tokens) AS written,
        metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens AS written_1h
    FROM parts
),
known AS (
    SELECT
        *,
        coalesce(call_key, unless_empty(request_id)) AS own_id,
        -- A failed attempt whose counters are all zero has unknown usage: LiteLLM writes zeros where no answer came back.
        failed AND coalesce(to_count(prompt_tokens), 0) + coalesce(to_count(completion_tokens), 0) = 0 AS usage_unknown
    FROM facts
)
SELECT
    file, line,
    own_id AS source_call_id,
    own_id AS request_id,
    -- The same key as in litellm_standard_logging: one stretch of traffic logged in both formats counts once.
    concat_ws('|', call_key, split_part(request_id, '_cache_hit', 1), to_ms(startTime)) AS attempt_key,
    unless_empty(session_id) AS trace_id,
    litellm_operation(call_type) AS operation,
    startTime AS started_at,
    CASE WHEN first_before_last THEN completionStartTime END AS first_token_at,
    endTime AS ended_at,
    metadata.litellm_overhead_time_ms AS gateway_ms,
    CASE WHEN failed THEN failure_status(unless_empty(metadata.error_information.error_code), metadata.error_information.error_class)
        WHEN coalesce(unless_empty(status), 'success') = 'success' THEN 'ok' END AS status,
    unless_empty(metadata.error_information.error_code) AS http_status,
    unless_empty(metadata.error_information.error_class) AS error_type,
    to_finish(coalesce(response.choices[1].finish_reason, response.stop_reason)) AS finish_reason,
    to_count(metadata.attempted_retries) + 1 AS attempt,
    provider_of(custom_llm_provider, model) AS provider,
    coalesce(unless_empty(metadata.original_model_group), unless_empty(model_group)) AS model_requested,
    model_of(custom_llm_provider, model) AS model,
    unless_empty(model_id) AS deployment,
    region_of(api_base) AS region,
    unless_empty(api_base) AS endpoint,
    litellm_tier(call_type, response.service_tier, CAST(NULL AS VARCHAR), metadata.cost_breakdown.service_tier) AS service_tier,
    CASE WHEN first_before_last THEN TRUE END AS streamed,
    litellm_key(metadata.user_api_key_alias, api_key) AS api_key_alias,
    coalesce(unless_empty(metadata.user_api_key_team_alias), unless_empty(team_id), unless_empty(organization_id)) AS team,
    unless_empty("user") AS "user",
    unless_empty(end_user) AS end_user,
    coalesce(tag_value(request_tags, ['app:', 'service:', 'route:']), metadata.requester_metadata.app, metadata.requester_metadata.service) AS app,
    coalesce(tag_value(request_tags, ['env:', 'environment:']), metadata.requester_metadata.environment) AS environment,
    other_tags(request_tags) AS tags,
    without_version(metadata.user_agent) AS user_agent,
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
    CASE WHEN re_read THEN '0' WHEN failed AND to_number(spend) = 0 THEN NULL ELSE spend END AS logged_cost,
    messages,
    coalesce(response.choices[1].message.content, responses_text(response.output)) AS answer,
    coalesce(list_transform(response.choices[1].message.tool_calls, lambda t: t.function), list_transform(list_filter(response.output,
        lambda o: o.type = 'function_call'), lambda o: struct_pack(name := o.name, arguments := o.arguments))) AS called_tools
FROM known
