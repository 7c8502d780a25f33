/*---
kind = "source"
title = "Streamed answers of OpenAI's chat API, a chunk a line"
description = """
chat.completion.chunk objects as they came, of one stream or of several at once: chunks of one id are one call. Usage stands in the last chunk, and only
if the client asked for it (stream_options.include_usage); else the tokens are unknown. A chunk carries the second its answer began, and no other time.
Azure opens a stream with a chunk without an id: it belongs to the id that follows. Where no chunk of a file has an id, streams cannot be told apart, and
their chunks are left out.
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
prompt_filter_results = "VARCHAR"
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

[[example]]
name = "Azure's first chunk, without an id, is part of the stream that follows"
format = "jsonl"
input = '''
{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}
{"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"role":"assistant","content":"o"},"finish_reason":null}],"usage":null}
{"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":"k"},"finish_reason":"stop"}],"usage":null}
{"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[],"usage":{"prompt_tokens":50,"completion_tokens":10,"total_tokens":60}}
{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}
{"id":"chatcmpl-b1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25}}
'''
calls = [
  { line = 1, source_call_id = "chatcmpl-a1", provider = "azure", started_at = "2025-10-09 08:53:20", streamed = true, input_tokens = 50, output_tokens = 10, finish_reason = "stop" },
  { line = 5, source_call_id = "chatcmpl-b1", provider = "azure", input_tokens = 20, output_tokens = 5 },
]
---*/
WITH chunks AS (
    SELECT *, coalesce(first_value(unless_empty(id) IGNORE NULLS) OVER (PARTITION BY file ORDER BY line ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
        last_value(unless_empty(id) IGNORE NULLS) OVER (PARTITION BY file ORDER BY line)) AS stream FROM raw
)
SELECT
    file, min(line) AS line, CASE WHEN stream IS NULL THEN 'chunks without an id' END AS skipped, CAST(NULL AS VARCHAR) AS asked,
    '[' || string_agg(CAST(to_json(struct_pack(id := stream, object := object, created := created, model := model, service_tier := service_tier,
        choices := as_json(choices), prompt_filter_results := prompt_filter_results, usage := as_json(usage))) AS VARCHAR), ',' ORDER BY line) || ']' AS replied
FROM chunks GROUP BY file, stream, CASE WHEN stream IS NULL THEN line END
