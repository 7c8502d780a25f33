/*---
kind = "source"
title = "OpenAI Batch API output and error files"
description = """
One answered request a line, in no order, at the batch price. Requests are in another file, so prompts are unknown; the only time is the second in which
the answer was made, up to a day after the request: it says on which day to price the call, and nothing of latency. Azure's batch files have the same shape.
"""
formats = ["jsonl", "json"]
yields = "exchanges"

[detect]
all = ["custom_id", "response", "error"]

[columns]
id = "VARCHAR"
custom_id = "VARCHAR"
response = '{"status_code":"VARCHAR","request_id":"VARCHAR","body":"VARCHAR"}'
error = '{"code":"VARCHAR","message":"VARCHAR"}'

[[example]]
name = "an answer, a refused request, one that expired"
format = "jsonl"
input = '''
{"id":"batch_req_1","custom_id":"row-17","response":{"status_code":200,"request_id":"req_1","body":{"id":"chatcmpl-b1","object":"chat.completion","created":1760003600,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"length"}],"usage":{"prompt_tokens":50,"completion_tokens":100,"total_tokens":150}}},"error":null}
{"id":"batch_req_2","custom_id":"row-18","response":{"status_code":400,"request_id":"req_2","body":{"error":{"message":"bad","type":"invalid_request_error","code":null}}},"error":null}
{"id":"batch_req_3","custom_id":"row-19","response":null,"error":{"code":"batch_expired","message":"This request could not be executed before the completion window expired."}}
'''
calls = [
  { line = 1, source_call_id = "batch_req_1", started_at = "2025-10-09 09:53:20", status = "ok", http_status = 200, provider = "openai", model = "gpt-4o-mini-2024-07-18", service_tier = "batch", input_tokens = 50, output_tokens = 100, finish_reason = "length" },
  { line = 2, source_call_id = "batch_req_2", status = "error", http_status = 400, error_type = "invalid_request_error", service_tier = "batch" },
  { line = 3, source_call_id = "batch_req_3", status = "error", error_type = "batch_expired" },
]
---*/
SELECT file, line, CAST(NULL AS VARCHAR) AS asked, response.body AS replied, id AS log_id, response.status_code AS http, error.code AS failure, 'batch' AS tier FROM raw
