/*---
kind = "source"
title = "Streamed answers of OpenAI's chat API, a chunk a line"
description = """
chat.completion.chunk objects as they came, of one stream or of several at once: chunks of one id are one call. Usage stands in the last chunk, and only
if the client asked for it (stream_options.include_usage); else the tokens are unknown. A chunk carries the second its answer began, and no other time.
"""
formats = ["jsonl", "json"]
yields = "exchanges"
joins = true

[detect]
all = ["id", "object", "created", "model"]
any = ["choices.delta"]
none = ["request", "call_type"]

[columns]
id = "VARCHAR"
object = "VARCHAR"
created = "VARCHAR"
model = "VARCHAR"
service_tier = "VARCHAR"
choices = "VARCHAR"
usage = "VARCHAR"

[[example]]
name = "two streams at once, one with usage"
format = "jsonl"
input = '''
{"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"role":"assistant","content":"o"},"finish_reason":null}],"usage":null}
{"id":"chatcmpl-b1","object":"chat.completion.chunk","created":1760000001,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":"yes"},"finish_reason":null}]}
{"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":"k"},"finish_reason":"stop"}],"usage":null}
{"id":"chatcmpl-b1","object":"chat.completion.chunk","created":1760000001,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}
{"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[],"usage":{"prompt_tokens":50,"completion_tokens":10,"total_tokens":60}}
'''
calls = [
  { line = 1, source_call_id = "chatcmpl-a1", streamed = true, input_tokens = 50, output_tokens = 10, finish_reason = "stop", response_chars = 2, started_at = "2025-10-09 08:53:20", provider = "openai" },
  { line = 2, source_call_id = "chatcmpl-b1", streamed = true, finish_reason = "length", response_chars = 3, model = "gpt-4o-2024-08-06" },
]
---*/
SELECT
    file, min(line) AS line, CAST(NULL AS VARCHAR) AS skipped, CAST(NULL AS VARCHAR) AS asked,
    '[' || string_agg(CAST(to_json(struct_pack(id := id, object := object, created := created, model := model, service_tier := service_tier,
        choices := as_json(choices), usage := as_json(usage))) AS VARCHAR), ',' ORDER BY line) || ']' AS replied
FROM raw GROUP BY file, id
