/*---
kind = "source"
title = "Anthropic Message Batches results"
description = """
One result a line, at the batch price. Nothing in it tells when: those calls are priced and have no time. Requests are in another file, so prompts are
unknown. A request that was canceled or expired was not billed.
"""
formats = ["jsonl", "json"]
yields = "exchanges"

[detect]
all = ["custom_id", "result.type"]

[columns]
custom_id = "VARCHAR"
result = '{"type":"VARCHAR","message":"VARCHAR","error":{"type":"VARCHAR","error":{"type":"VARCHAR"}}}'

[[example]]
name = "an answer whose input leaves out what came from the cache, and what did not succeed"
format = "jsonl"
input = '''
{"custom_id":"row-1","result":{"type":"succeeded","message":{"id":"msg_01B","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":25,"cache_read_input_tokens":2000,"output_tokens":60,"service_tier":"batch"}}}}
{"custom_id":"row-2","result":{"type":"errored","error":{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}}}
{"custom_id":"row-3","result":{"type":"expired"}}
{"custom_id":"row-4","result":{"type":"canceled"}}
'''
calls = [
  { line = 1, source_call_id = "msg_01B", provider = "anthropic", model = "claude-sonnet-4-20250514", service_tier = "batch", input_tokens = 2025, cache_read_tokens = 2000, output_tokens = 60, status = "ok" },
  { line = 2, source_call_id = "row-2", provider = "anthropic", status = "error", error_type = "invalid_request_error" },
  { line = 3, source_call_id = "row-3", status = "error", error_type = "expired" },
  { line = 4, source_call_id = "row-4", status = "cancelled" },
]
---*/
SELECT file, line, CAST(NULL AS VARCHAR) AS asked, result.message AS replied,
    CASE WHEN result.type <> 'succeeded' THEN custom_id END AS log_id,
    -- Custom ids repeat from batch to batch, so they make no two failures the same.
    CASE WHEN result.type <> 'succeeded' THEN '' END AS log_key,
    CASE WHEN result.type = 'errored' THEN coalesce(result.error.error.type, result.error.type, 'error')
        WHEN result.type <> 'succeeded' THEN result.type END AS failure,
    'anthropic' AS from_provider,
    'batch' AS tier
FROM raw
