/*---
kind = "source"
title = "Cloudflare AI Gateway logs (API)"
description = """
The answers of GET /accounts/.../ai-gateway/gateways/.../logs. Tokens are as the provider counts them, without a split: cached and reasoning tokens are
unknown, and so is the input of Claude models, whose count leaves the cached part out. cost is Cloudflare's estimate, or the price that the user set. A row
with step > 0 is a later attempt of a universal request. Answers from the gateway's cache keep their tokens and cost nothing.
"""
formats = ["json", "jsonl"]
times_are_utc = true

[detect]
all = ["id", "created_at", "cached", "provider", "tokens_in", "tokens_out"]

[columns]
id = "VARCHAR"
created_at = "VARCHAR"
cached = "VARCHAR"
success = "VARCHAR"
status_code = "VARCHAR"
duration = "VARCHAR"
model = "VARCHAR"
provider = "VARCHAR"
path = "VARCHAR"
request_type = "VARCHAR"
response_content_type = "VARCHAR"
tokens_in = "VARCHAR"
tokens_out = "VARCHAR"
cost = "VARCHAR"
metadata = '"MAP(VARCHAR, VARCHAR)"'
step = "VARCHAR"

[[example]]
name = "metadata as text; a cache hit with tokens; a refusal without; Claude's input lacks the cached part"
format = "json"
input = '''
{"result":[
 {"id":"01J9ZZZZZZZZZZZZZZZZZZZZZZ","created_at":"2025-10-09T08:53:20.125Z","cached":false,"success":true,"status_code":200,"duration":3000,"model":"gpt-4o","model_type":"text-generation","provider":"openai","path":"chat/completions","request_type":"chat","request_content_type":"application/json","response_content_type":"text/event-stream","tokens_in":500,"tokens_out":300,"cost":0.004125,"custom_cost":false,"metadata":"{\"user\":\"u9\",\"team\":\"search\",\"app\":\"shop\"}","step":0},
 {"id":"01J9ZZZZZZZZZZZZZZZZZZZZZ1","created_at":"2025-10-09T08:53:24Z","cached":true,"success":true,"status_code":200,"duration":20,"model":"gpt-4o","provider":"openai","path":"chat/completions","response_content_type":"application/json","tokens_in":500,"tokens_out":300,"cost":0,"metadata":null,"step":0},
 {"id":"01J9ZZZZZZZZZZZZZZZZZZZZZ2","created_at":"2025-10-09T08:53:25Z","cached":false,"success":false,"status_code":429,"duration":90,"model":"gpt-4o","provider":"azure-openai","path":"chat/completions","tokens_in":null,"tokens_out":null,"cost":0,"metadata":null,"step":1},
 {"id":"01J9ZZZZZZZZZZZZZZZZZZZZZ3","created_at":"2025-10-09T08:53:26Z","cached":false,"success":true,"status_code":200,"duration":900,"model":"claude-sonnet-4-20250514","provider":"anthropic","path":"v1/messages","tokens_in":25,"tokens_out":60,"cost":0.000975,"metadata":null,"step":0}],
 "result_info":{"page":1},"success":true}
'''
calls = [
  { started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", status = "ok", operation = "chat", provider = "openai", model = "gpt-4o", team = "search", app = "shop", streamed = true, attempt = 1, input_tokens = 500, output_tokens = 300, cache_read_tokens = "-", logged_cost = 0.004125, gateway_cache_hit = false },
  { gateway_cache_hit = true, input_tokens = 500, logged_cost = 0, streamed = false },
  { status = "rate_limited", http_status = 429, provider = "azure", attempt = 2, input_tokens = "-", logged_cost = "-", streamed = "-" },
  { provider = "anthropic", operation = "chat", input_tokens = "-", output_tokens = 60, logged_cost = 0.000975 },
]
---*/
WITH facts AS (
    SELECT *, to_count(status_code) AS code, coalesce(to_count(tokens_in), 0) + coalesce(to_count(tokens_out), 0) = 0 AS usage_unknown FROM raw
)
SELECT
    file, line,
    id AS source_call_id,
    id AS request_id,
    'cloudflare|' || id AS attempt_key,
    path_operation(path) AS operation,
    created_at AS started_at,
    ms_after(created_at, to_number(duration)) AS ended_at,
    coalesce(http_status_word(code), CASE to_flag(success) WHEN TRUE THEN 'ok' WHEN FALSE THEN 'error' END) AS status,
    code AS http_status,
    to_count(step) + 1 AS attempt,
    provider_of(gateway_provider(provider), model) AS provider,
    unless_empty(model) AS model_requested,
    model_of(gateway_provider(provider), model) AS model,
    CASE WHEN contains(response_content_type, 'event-stream') THEN TRUE WHEN response_content_type <> '' THEN FALSE END AS streamed,
    map_value(metadata, ['team', 'organisation', 'organization', 'project']) AS team,
    map_value(metadata, ['user', 'user_id', 'userid']) AS end_user,
    map_value(metadata, ['app', 'application', 'service', 'feature']) AS app,
    map_value(metadata, ['environment', 'env']) AS environment,
    map_tags(metadata, '^(team|organisation|organization|project|user|user_id|userid|app|application|service|feature|environment|env)$') AS tags,
    CASE WHEN NOT usage_unknown THEN copied_input(tokens_in, provider, model, CAST(NULL AS VARCHAR)) END AS input_tokens,
    CASE WHEN NOT usage_unknown THEN tokens_out END AS output_tokens,
    cached AS gateway_cache_hit,
    CASE WHEN usage_unknown AND to_number(cost) = 0 AND NOT coalesce(to_flag(cached), FALSE) THEN NULL ELSE cost END AS logged_cost
FROM facts
