/*---
kind = "source"
joins = true  # one record tells how all are to be read
title = "OpenRouter generations"
description = """
The answers of GET /api/v1/generation?id=..., one a line. The native counts are read, which are billed; they include cached and reasoning tokens. With a
key of one's own (BYOK) total_cost is only OpenRouter's fee, and what the provider charged is added. latency is the whole time in some records and the
wait for the first token in others: it is the wait where it is below the time of generation somewhere in the log.
"""
formats = ["jsonl", "json"]
times_are_utc = true

[detect]
all = ["id", "created_at", "native_tokens_prompt", "provider_name", "generation_time"]

[columns]
id = "VARCHAR"
request_id = "VARCHAR"
session_id = "VARCHAR"
created_at = "VARCHAR"
model = "VARCHAR"
router = "VARCHAR"
provider_name = "VARCHAR"
provider_responses = '[{"status":"VARCHAR"}]'
streamed = "VARCHAR"
cancelled = "VARCHAR"
is_byok = "VARCHAR"
latency = "VARCHAR"
generation_time = "VARCHAR"
finish_reason = "VARCHAR"
native_tokens_prompt = "VARCHAR"
native_tokens_completion = "VARCHAR"
native_tokens_reasoning = "VARCHAR"
native_tokens_cached = "VARCHAR"
total_cost = "VARCHAR"
upstream_inference_cost = "VARCHAR"
api_type = "VARCHAR"
service_tier = "VARCHAR"
app_id = "VARCHAR"
external_user = "VARCHAR"
user_agent = "VARCHAR"
data_region = "VARCHAR"
response_cache_source_id = "VARCHAR"

[[example]]
name = "native counts, reasoning included, served at the second attempt; a key of one's own pays the provider beside the fee"
format = "jsonl"
input = '''
{"data":{"id":"gen-1760000000-AbCd","upstream_id":"chatcmpl-a1","total_cost":0.004125,"cache_discount":0.0001,"upstream_inference_cost":null,"created_at":"2025-10-09T10:53:20.125+02:00","model":"openai/gpt-4o","app_id":1,"streamed":true,"cancelled":false,"provider_name":"OpenAI","latency":400,"moderation_latency":null,"generation_time":2600,"finish_reason":"stop","native_finish_reason":"stop","tokens_prompt":480,"tokens_completion":240,"native_tokens_prompt":500,"native_tokens_completion":300,"native_tokens_reasoning":50,"native_tokens_cached":100,"num_media_prompt":null,"origin":"https://x.example","usage":0.004125,"is_byok":false,"external_user":"u9","api_type":"completions","router":null,"service_tier":null,"provider_responses":[{"provider_name":"Azure","status":429,"latency":120},{"provider_name":"OpenAI","status":200,"latency":400}]}}
{"data":{"id":"gen-1760000010-EfGh","total_cost":0.0002,"upstream_inference_cost":0.004,"created_at":"2025-10-09T08:53:30+00:00","model":"anthropic/claude-sonnet-4","streamed":false,"cancelled":true,"provider_name":"Anthropic","latency":1900,"generation_time":1500,"finish_reason":null,"native_tokens_prompt":900,"native_tokens_completion":90,"native_tokens_reasoning":null,"native_tokens_cached":null,"is_byok":true,"api_type":"completions","provider_responses":null}}
'''
calls = [
  { source_call_id = "gen-1760000000-AbCd", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", ended_at = "2025-10-09 08:53:23.125", status = "ok", http_status = 200, attempt = 2, operation = "chat", provider = "openrouter", deployment = "OpenAI", model = "openai/gpt-4o", app = "1", streamed = true, input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 50, logged_cost = 0.004125, finish_reason = "stop" },
  { source_call_id = "gen-1760000010-EfGh", status = "cancelled", first_token_at = "-", ended_at = "2025-10-09 08:53:33.400", input_tokens = 900, reasoning_tokens = "-", logged_cost = 0.0042 },
]
---*/
WITH facts AS (
    SELECT *, to_count(provider_responses[-1].status) AS code,
        -- A total is never shorter than a part of it: one record that is shows that latency is the wait.
        coalesce(bool_or(to_number(latency) < 0.9 * to_number(generation_time)) OVER (), FALSE) AS latency_is_wait
    FROM raw
)
SELECT
    file, line, CAST(NULL AS VARCHAR) AS skipped,
    id AS source_call_id,
    coalesce(unless_empty(request_id), id) AS request_id,
    'openrouter|' || id AS attempt_key,
    unless_empty(session_id) AS session_id,
    openrouter_operation(api_type) AS operation,
    created_at AS started_at,
    CASE WHEN latency_is_wait AND to_flag(streamed) THEN ms_after(created_at, to_number(latency)) END AS first_token_at,
    ms_after(created_at, to_number(latency) + CASE WHEN latency_is_wait THEN to_number(generation_time) ELSE 0 END) AS ended_at,
    openrouter_status(cancelled, finish_reason, code) AS status,
    code AS http_status,
    to_finish(finish_reason) AS finish_reason,
    CASE WHEN len(provider_responses) > 0 THEN len(provider_responses) END AS attempt,
    'openrouter' AS provider,
    coalesce(unless_empty(router), model) AS model_requested,
    model,
    unless_empty(provider_name) AS deployment,
    unless_empty(data_region) AS region,
    nullif(replace(lower(unless_empty(service_tier)), 'standard', 'default'), 'auto') AS service_tier,
    streamed,
    unless_empty(external_user) AS end_user,
    unless_empty(app_id) AS app,
    without_version(user_agent) AS user_agent,
    native_tokens_prompt AS input_tokens,
    native_tokens_cached AS cache_read_tokens,
    native_tokens_completion AS output_tokens,
    native_tokens_reasoning AS reasoning_tokens,
    CASE WHEN response_cache_source_id <> '' THEN TRUE END AS gateway_cache_hit,
    openrouter_cost(total_cost, coalesce(to_flag(is_byok), FALSE), upstream_inference_cost) AS logged_cost
FROM facts
