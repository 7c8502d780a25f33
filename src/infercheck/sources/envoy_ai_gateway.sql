/*---
kind = "source"
title = "Envoy AI Gateway access logs"
description = """
The JSON access log of the project's own example: keys are whatever the EnvoyProxy resource names, so another choice needs a mapping. Tokens include cached
ones; how many those were stands in keys that older examples lack, and then their discount is in no price. Times to the first token are unknown: the upstream's
service time ends with its headers. The name of the backend is the deployment, and the provider where it is called like one. Probes and requests to other
paths, which name no model, are left out.
"""
formats = ["jsonl", "json"]
times_are_utc = true

[detect]
all = ["gen_ai.request.model", "response_code", "duration", "start_time"]

[columns]
"gen_ai.request.model" = "VARCHAR"
"gen_ai.response.model" = "VARCHAR"
"gen_ai.provider.name" = "VARCHAR"
"gen_ai.usage.input_tokens" = "VARCHAR"
"gen_ai.usage.cached_input_tokens" = "VARCHAR"
"gen_ai.usage.cache_creation_input_tokens" = "VARCHAR"
"gen_ai.usage.output_tokens" = "VARCHAR"
"gen_ai.usage.reasoning_tokens" = "VARCHAR"
"session.id" = "VARCHAR"
start_time = "VARCHAR"
duration = "VARCHAR"
response_code = "VARCHAR"
"request.path" = "VARCHAR"
"x-envoy-origin-path" = "VARCHAR"
"x-request-id" = "VARCHAR"
"user-agent" = "VARCHAR"
connection_termination_details = "VARCHAR"
upstream_transport_failure_reason = "VARCHAR"
upstream_cluster = "VARCHAR"

[[example]]
name = "a call, a refused one whose unset values are null, and a client that went away"
format = "jsonl"
input = '''
{"gen_ai.request.model":"gpt-4o","gen_ai.response.model":"gpt-4o-2024-08-06","gen_ai.provider.name":"default/openai","gen_ai.usage.input_tokens":500,"gen_ai.usage.output_tokens":"300.0","gen_ai.usage.reasoning_tokens":0,"session.id":null,"start_time":"2025-10-09T08:53:20.125Z","method":"POST","request.path":"/v1/chat/completions","x-envoy-origin-path":"/v1/chat/completions","response_code":200,"duration":3000,"x-envoy-upstream-service-time":"390","x-request-id":"r-1","user-agent":"openai/1.2","upstream_cluster":"httproute/default/r/rule/0","bytes_sent":2048,"bytes_received":512}
{"gen_ai.request.model":"gpt-4o","gen_ai.response.model":null,"gen_ai.usage.input_tokens":null,"gen_ai.usage.output_tokens":null,"start_time":"2025-10-09T08:54:00.000Z","response_code":429,"duration":12,"x-request-id":"r-2"}
{"gen_ai.request.model":"gpt-4o","gen_ai.response.model":"-","gen_ai.usage.input_tokens":"-","gen_ai.usage.output_tokens":"-","start_time":"2025-10-09T08:54:10.000Z","response_code":0,"duration":700,"x-request-id":"r-3"}
'''
calls = [
  { source_call_id = "r-1", operation = "chat", started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", first_token_at = "-", status = "ok", http_status = 200, provider = "openai", model_requested = "gpt-4o", model = "gpt-4o-2024-08-06", input_tokens = 500, output_tokens = 300, reasoning_tokens = 0, cache_read_tokens = "-", user_agent = "openai" },
  { source_call_id = "r-2", status = "rate_limited", http_status = 429, model = "gpt-4o", input_tokens = "-" },
  { source_call_id = "r-3", status = "cancelled", http_status = "-", model = "gpt-4o", output_tokens = "-" },
]

[[example]]
name = "a backend and its route, cached tokens; a backend of one's own naming; a probe is no call"
format = "jsonl"
input = '''
{"gen_ai.request.model":"gpt-4o","gen_ai.response.model":"gpt-4o-2024-08-06","gen_ai.provider.name":"default/openai/route/shop/rule/0/ref/0","gen_ai.usage.input_tokens":"3500","gen_ai.usage.cached_input_tokens":"3000","gen_ai.usage.cache_creation_input_tokens":"0","gen_ai.usage.output_tokens":"300","start_time":"2025-10-09T08:53:20Z","x-envoy-origin-path":"/v1/chat/completions","response_code":200,"duration":900,"x-request-id":"r-1","upstream_cluster":"httproute/default/shop/rule/0"}
{"gen_ai.request.model":"qwen3-32b","gen_ai.response.model":"qwen3-32b","gen_ai.provider.name":"default/gpu-pool/route/shop/rule/1/ref/0","gen_ai.usage.input_tokens":"10","gen_ai.usage.output_tokens":"3","start_time":"2025-10-09T08:53:21Z","x-envoy-origin-path":"/v1/chat/completions","response_code":200,"duration":900,"x-request-id":"r-2"}
{"gen_ai.request.model":null,"gen_ai.response.model":null,"gen_ai.provider.name":null,"gen_ai.usage.input_tokens":null,"gen_ai.usage.output_tokens":null,"start_time":"2025-10-09T08:53:22Z","x-envoy-origin-path":"/v1/models","response_code":200,"duration":2,"x-request-id":"r-3"}
'''
calls = [
  { source_call_id = "r-1", provider = "openai", deployment = "openai", input_tokens = 3500, cache_read_tokens = 3000, cache_write_5m_tokens = 0, output_tokens = 300 },
  { source_call_id = "r-2", provider = "-", deployment = "gpu-pool", model = "qwen3-32b" },
]
---*/
SELECT
    file, line,
    CASE WHEN coalesce(set_value("gen_ai.request.model"), set_value("gen_ai.response.model"), set_value("gen_ai.usage.input_tokens"),
        set_value("gen_ai.usage.output_tokens")) IS NULL THEN 'requests without a model' END AS skipped,
    set_value("x-request-id") AS source_call_id,
    set_value("x-request-id") AS request_id,
    -- A client may send the id itself, and once for several calls.
    concat_ws('|', set_value("x-request-id"), start_time) AS attempt_key,
    set_value("session.id") AS session_id,
    CASE WHEN contains(coalesce("x-envoy-origin-path", "request.path"), 'embeddings') THEN 'embedding' ELSE 'chat' END AS operation,
    start_time AS started_at,
    TRY(to_time(start_time) + to_milliseconds(to_number(duration))) AS ended_at,
    CASE WHEN response_code = '0' THEN 'cancelled' WHEN to_number(response_code) >= 400 THEN failure_status(response_code, CAST(NULL AS VARCHAR))
        WHEN to_number(response_code) > 0 THEN 'ok' END AS status,
    nullif(response_code, '0') AS http_status,
    coalesce(set_value(connection_termination_details), set_value(upstream_transport_failure_reason)) AS error_type,
    backend_provider(backend) AS provider,
    set_value("gen_ai.request.model") AS model_requested,
    coalesce(set_value("gen_ai.response.model"), set_value("gen_ai.request.model")) AS model,
    coalesce(backend, set_value(upstream_cluster)) AS deployment,
    set_value("x-envoy-origin-path") AS endpoint,
    without_version(set_value("user-agent")) AS user_agent,
    set_value("gen_ai.usage.input_tokens") AS input_tokens,
    set_value("gen_ai.usage.cached_input_tokens") AS cache_read_tokens,
    set_value("gen_ai.usage.cache_creation_input_tokens") AS cache_write_5m_tokens,
    set_value("gen_ai.usage.output_tokens") AS output_tokens,
    set_value("gen_ai.usage.reasoning_tokens") AS reasoning_tokens
-- namespace/backend, and behind it the route that led there
FROM (SELECT *, coalesce(unless_empty(split_part(set_value("gen_ai.provider.name"), '/', 2)), set_value("gen_ai.provider.name")) AS backend FROM raw)
