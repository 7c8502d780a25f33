/*---
kind = "source"
title = "Bare answers of OpenAI's and Anthropic's APIs"
description = """
JSON lines of the objects that the APIs return: chat.completion, response, text_completion, embedding lists, Anthropic messages. Tokens, model and finish
are known, the prompt and the latency are not; OpenAI's objects carry the second they were made in, Anthropic's carry no time. Bodies that Bedrock keeps
beside its invocation log look the same and are left out: the log counts those calls. So is what is no answer: it has no usage, no error, and nothing
that was answered.
"""
formats = ["jsonl", "json"]
yields = "exchanges"
joins = true

[detect]
all = ["model", "usage"]
any = ["choices.message", "choices.text", "stop_reason", "incomplete_details", "data.embedding"]
none = ["request", "call_type", "gen_ai.request.model", "schemaType"]

[columns]
id = "VARCHAR"
object = "VARCHAR"
type = "VARCHAR"
model = "VARCHAR"
created = "VARCHAR"
created_at = "VARCHAR"
completed_at = "VARCHAR"
service_tier = "VARCHAR"
status = "VARCHAR"
stop_reason = "VARCHAR"
incomplete_details = "VARCHAR"
prompt_filter_results = "VARCHAR"
choices = "VARCHAR"
content = "VARCHAR"
output = "VARCHAR"
data = '[{"object":"VARCHAR"}]'
error = "VARCHAR"
usage = "VARCHAR"

[[example]]
name = "an answer of each API; Anthropic's input without its cached tokens and without a time"
format = "jsonl"
input = '''
{"id":"chatcmpl-a1","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"{\"a\":1}"},"finish_reason":"length"}],"usage":{"prompt_tokens":500,"completion_tokens":300,"total_tokens":800,"prompt_tokens_details":{"cached_tokens":100}},"service_tier":"flex"}
{"id":"msg_01A","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":25,"cache_creation_input_tokens":100,"cache_read_input_tokens":2000,"output_tokens":60,"service_tier":"batch"}}
{"id":"msg_bdrk_01","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","content":[],"stop_reason":"end_turn","usage":{"input_tokens":25,"output_tokens":60}}
{"id":"resp_1","object":"response","created_at":1760000010.5,"completed_at":1760000013,"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"model":"gpt-5-2025-08-07","output":[{"type":"message","content":[{"type":"output_text","text":"ok"}]}],"usage":{"input_tokens":40,"input_tokens_details":{"cached_tokens":0},"output_tokens":90,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":130}}
{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":2,"total_tokens":2}}
{"id":"gen-1","provider":"OpenAI","object":"chat.completion","created":1760000020,"model":"openai/gpt-4o-mini","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"cost":0.0000024}}
'''
calls = [
  { line = 1, source_call_id = "chatcmpl-a1", started_at = "2025-10-09 08:53:20", provider = "openai", model = "gpt-4o-2024-08-06", service_tier = "flex", input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, finish_reason = "length", response_is_json = true, status = "ok" },
  { line = 2, provider = "anthropic", service_tier = "batch", input_tokens = 2125, cache_read_tokens = 2000, cache_write_5m_tokens = 100, output_tokens = 60 },
  { line = 4, started_at = "2025-10-09 08:53:30.500", ended_at = "2025-10-09 08:53:33", finish_reason = "length", output_tokens = 90, reasoning_tokens = 64, response_chars = 2 },
  { line = 5, operation = "embedding", input_tokens = 2, input_items = 1, provider = "openai" },
  { line = 6, provider = "openrouter", model = "openai/gpt-4o-mini", logged_cost = 0.0000024 },
]

[[example]]
name = "OpenRouter with a key of one's own: the cost is its fee, beside what the provider charged; elsewhere the cost holds that; a failure, and another event"
format = "jsonl"
input = '''
{"id":"gen-1","object":"chat.completion","created":1760000020,"model":"openai/gpt-4o-mini","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"cost":0.00075,"is_byok":true,"cost_details":{"upstream_inference_cost":0.015}}}
{"id":"gen-2","object":"chat.completion","created":1760000021,"model":"openai/gpt-4o-mini","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"cost":0.015,"is_byok":false,"cost_details":{"upstream_inference_cost":0.015}}}
{"error":{"message":"Rate limit","type":"tokens","code":"rate_limit_exceeded"}}
{"type":"startup","status":"ready","model":"gpt-4o-mini"}
'''
calls = [
  { line = 1, provider = "openrouter", logged_cost = 0.01575 },
  { line = 2, provider = "openrouter", logged_cost = 0.015 },
  { line = 3, status = "rate_limited", error_type = "rate_limit_exceeded" },
]
---*/
SELECT
    file, line,
    CASE WHEN starts_with(id, 'msg_bdrk_') THEN 'bodies of Bedrock invocations'
        WHEN usage IS NULL AND NOT coalesce(starts_with(error, '{'), FALSE) AND (model IS NULL OR coalesce(object, choices, content, output) IS NULL)
        THEN 'other events' END AS skipped,
    CAST(NULL AS VARCHAR) AS asked,
    CAST(to_json(struct_pack(id := id, object := object, type := type, model := model, created := created, created_at := created_at,
        completed_at := completed_at, service_tier := service_tier, status := status, stop_reason := stop_reason, incomplete_details := as_json(incomplete_details),
        prompt_filter_results := prompt_filter_results, choices := as_json(choices), content := as_json(content), output := as_json(output), data := data,
        error := as_json(error), usage := as_json(usage))) AS VARCHAR) AS replied
FROM raw
