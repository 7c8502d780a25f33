/*---
kind = "source"
joins = true  # a gateway's log holds other requests as well
title = "Kong AI proxy (log plugins)"
description = """
What Kong's log plugins write (file-log, http-log, kafka-log, ...) for routes with ai-proxy or ai-proxy-advanced and log_statistics on; prompts need
log_payloads. A cost of 0 means that no price is configured, and is not read. Kong's counts are the provider's own: of Claude models they leave the
cached part out, and the input is unknown. Streams without usage are estimated by Kong at four characters a token, which the log does not tell.
"""
formats = ["jsonl", "json"]
times_are_utc = true

[detect]
all = ["request", "latencies", "started_at"]
any = ["ai.proxy.meta", "ai.ai-proxy.meta"]

[columns]
request = '{"id":"VARCHAR","uri":"VARCHAR"}'
response = '{"status":"VARCHAR"}'
latencies = '{"kong":"VARCHAR","request":"VARCHAR"}'
tries = '["VARCHAR"]'
started_at = "VARCHAR"
consumer = '{"username":"VARCHAR","custom_id":"VARCHAR"}'
route = '{"name":"VARCHAR"}'
ai = '''{"proxy":"VARCHAR","ai-proxy":"VARCHAR"}'''

[[example]]
name = "the new name and the old one of the AI block; an unpriced zero; a request without a model"
format = "jsonl"
input = '''
{"request":{"id":"a1b2","method":"POST","uri":"/chat","headers":{}},"response":{"status":200,"headers":{"content-type":"text/event-stream"}},"latencies":{"kong":5,"proxy":2990,"request":3000,"receive":5},"tries":[{"balancer_start":1760000000130,"port":443},{"balancer_start":1760000000131,"port":443}],"upstream_status":"200","started_at":1760000000125,"client_ip":"10.0.0.9","consumer":{"id":"c1","username":"web"},"route":{"name":"chat"},"service":{"name":"llm"},"ai":{"proxy":{"meta":{"plugin_id":"p1","provider_name":"openai","request_model":"gpt-4o","response_model":"gpt-4o-2024-08-06","llm_latency":2990,"request_mode":"stream"},"usage":{"prompt_tokens":500,"prompt_tokens_details":{"cached_tokens":100},"completion_tokens":300,"completion_tokens_details":{"reasoning_tokens":50},"total_tokens":800,"time_per_token":9.97,"time_to_first_token":400,"cost":0},"payload":{"request":"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"}}}}
{"request":{"id":"a1b3","uri":"/chat"},"response":{"status":429},"latencies":{"request":210},"started_at":1760000010000,"ai":{"ai-proxy":{"meta":{"plugin_id":"p0","provider_name":"anthropic","request_model":"claude-3","response_model":"claude-3","llm_latency":200},"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"time_per_token":0,"cost":0}}}}
{"request":{"id":"a1b4","uri":"/health"},"response":{"status":200},"latencies":{"request":2},"started_at":1760000011000}
{"request":{"id":"a1b5","uri":"/chat"},"response":{"status":200},"latencies":{"request":900},"started_at":1760000012000,"ai":{"ai-proxy":{"meta":{"provider_name":"anthropic","request_model":"claude-3-5-sonnet","response_model":"claude-3-5-sonnet"},"usage":{"prompt_tokens":25,"completion_tokens":60,"total_tokens":85,"cost":0.002}}}}
'''
calls = [
  { line = 1, source_call_id = "a1b2", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", ended_at = "2025-10-09 08:53:23.125", status = "ok", provider = "openai", model_requested = "gpt-4o", model = "gpt-4o-2024-08-06", api_key_alias = "web", app = "chat", streamed = true, attempt = 2, gateway_ms = 5.0, input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 50, logged_cost = "-", prompt_chars = 2 },
  { line = 2, status = "rate_limited", provider = "anthropic", input_tokens = "-", output_tokens = "-", logged_cost = "-" },
  { line = 4, input_tokens = "-", output_tokens = 60, logged_cost = 0.002 },
]
---*/
WITH read AS (
    SELECT *, shaped(coalesce(ai."proxy", ai['ai-proxy']), '{"meta":{"provider_name":"VARCHAR","request_model":"VARCHAR","response_model":"VARCHAR",
        "request_mode":"VARCHAR"},"usage":{"prompt_tokens":"VARCHAR","completion_tokens":"VARCHAR","time_to_first_token":"VARCHAR","cost":"VARCHAR",
        "prompt_tokens_details":{"cached_tokens":"VARCHAR","audio_tokens":"VARCHAR"},"completion_tokens_details":{"reasoning_tokens":"VARCHAR"}},
        "payload":{"request":"VARCHAR","response":"VARCHAR"}}') AS x
    FROM raw
),
facts AS (
    SELECT *, asked_of(x.payload.request) AS asked, answer_of(parts_of(x.payload.response)) AS answered, to_count(response.status) AS code,
        gateway_provider(x.meta.provider_name) AS seller, coalesce(unless_empty(x.meta.response_model), x.meta.request_model) AS served,
        coalesce(to_count(x.usage.prompt_tokens), 0) + coalesce(to_count(x.usage.completion_tokens), 0) = 0 AS usage_unknown,
        CASE x.meta.request_mode WHEN 'stream' THEN TRUE WHEN 'oneshot' THEN FALSE END AS was_streamed
    FROM read
)
SELECT
    file, line, CASE WHEN x.meta IS NULL THEN 'requests without a model' END AS skipped,
    request.id AS source_call_id,
    request.id AS request_id,
    'kong|' || request.id AS attempt_key,
    path_operation(request.uri) AS operation,
    started_at,
    CASE WHEN was_streamed AND to_number(x.usage.time_to_first_token) > 0 THEN ms_after(started_at, to_number(x.usage.time_to_first_token)) END AS first_token_at,
    ms_after(started_at, to_number(latencies.request)) AS ended_at,
    latencies.kong AS gateway_ms,
    http_status_word(code) AS status,
    code AS http_status,
    answer_finish(answered) AS finish_reason,
    CASE WHEN len(tries) > 0 THEN len(tries) END AS attempt,
    provider_of(seller, served) AS provider,
    unless_empty(x.meta.request_model) AS model_requested,
    model_of(seller, served) AS model,
    was_streamed AS streamed,
    coalesce(unless_empty(consumer.username), unless_empty(consumer.custom_id)) AS api_key_alias,
    unless_empty(route.name) AS app,
    CASE WHEN NOT usage_unknown THEN copied_input(x.usage.prompt_tokens, x.meta.provider_name, served, CAST(NULL AS VARCHAR)) END
        AS input_tokens,
    CASE WHEN NOT usage_unknown THEN x.usage.prompt_tokens_details.cached_tokens END AS cache_read_tokens,
    CASE WHEN NOT usage_unknown THEN x.usage.completion_tokens END AS output_tokens,
    CASE WHEN NOT usage_unknown THEN x.usage.completion_tokens_details.reasoning_tokens END AS reasoning_tokens,
    CASE WHEN NOT usage_unknown THEN x.usage.prompt_tokens_details.audio_tokens END AS audio_input_tokens,
    coalesce(asked.response_format.type, asked."text".format.type) AS response_format,
    coalesce(asked.max_tokens, asked.max_completion_tokens) AS max_tokens,
    asked.temperature AS temperature,
    CASE WHEN to_number(x.usage.cost) = 0 THEN NULL ELSE x.usage.cost END AS logged_cost,
    asked_messages(asked) AS messages,
    answered.text AS answer,
    answered.called AS called_tools,
    asked_parameters(x.payload.request) AS parameters,
    asked.tools AS tools
FROM facts
