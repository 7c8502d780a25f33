/*---
kind = "source"
title = "Requests and answers of OpenAI's and Anthropic's APIs, as an application logs them"
description = """
JSON lines with the raw request and the raw answer, and beside them what the application noted: time (ts, timestamp, time, created_at or started_at,
read as the start), duration (latency, duration or elapsed, with _ms, _s or _seconds in the name; without a unit it is left out), status and error. A
streamed answer may be a list of its chunks or the text of its server-sent events. OpenAI's answers carry the second they were made in; Anthropic's
carry no time, so without the application's own those calls have none. What an application logs between them, such as requests to other paths, is no call
and is left out. Other names: write a mapping.
"""
formats = ["jsonl", "json"]
yields = "exchanges"

[detect]
all = ["request", "response"]
any = ["request.messages", "request.input", "request.prompt", "request.model", "response.usage"]
none = ["call_type", "custom_id", "full_request", "ai_model"]

[columns]
request = "VARCHAR"
response = "VARCHAR"
model = "VARCHAR"
id = "VARCHAR"
request_id = "VARCHAR"
trace_id = "VARCHAR"
session_id = "VARCHAR"
ts = "VARCHAR"
timestamp = "VARCHAR"
time = "VARCHAR"
created_at = "VARCHAR"
started_at = "VARCHAR"
start_time = "VARCHAR"
ended_at = "VARCHAR"
end_time = "VARCHAR"
latency_ms = "VARCHAR"
duration_ms = "VARCHAR"
elapsed_ms = "VARCHAR"
latency_s = "VARCHAR"
duration_s = "VARCHAR"
elapsed_s = "VARCHAR"
latency_seconds = "VARCHAR"
duration_seconds = "VARCHAR"
elapsed_seconds = "VARCHAR"
ttft_ms = "VARCHAR"
status = "VARCHAR"
status_code = "VARCHAR"
error = "VARCHAR"
provider = "VARCHAR"
url = "VARCHAR"
user = "VARCHAR"
tenant = "VARCHAR"
team = "VARCHAR"
app = "VARCHAR"
environment = "VARCHAR"
metadata = '{"user":"VARCHAR","user_id":"VARCHAR","tenant":"VARCHAR","team":"VARCHAR","app":"VARCHAR","environment":"VARCHAR","session_id":"VARCHAR","trace_id":"VARCHAR"}'

[[example]]
name = "OpenAI counts cached tokens in, Anthropic leaves them out and has no time of its own; a duration without a unit is none"
format = "jsonl"
input = '''
{"ts":"2025-10-09T08:53:20.125Z","latency_ms":3000,"request":{"model":"gpt-4o","stream":false,"messages":[{"role":"user","content":"hi"}],"user":"u9","service_tier":"auto"},"response":{"id":"chatcmpl-a1","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":500,"completion_tokens":300,"total_tokens":800,"prompt_tokens_details":{"cached_tokens":100,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":120}},"service_tier":"default"}}
{"request":{"model":"claude-sonnet-4-20250514","max_tokens":512,"system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}],"metadata":{"user_id":"u1"}},"response":{"id":"msg_01A","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","content":[{"type":"text","text":"ok"},{"type":"tool_use","id":"t1","name":"lookup","input":{"id":7}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":100,"cache_read_input_tokens":2000,"cache_creation":{"ephemeral_5m_input_tokens":60,"ephemeral_1h_input_tokens":40},"output_tokens":60,"service_tier":"standard"}}}
{"ts":1760000010000,"duration":1.9,"request":{"model":"gpt-5","input":"hi","instructions":"Be kind.","reasoning":{"effort":"low"}},"response":{"id":"resp_1","object":"response","created_at":1760000010.0,"status":"completed","model":"gpt-5-2025-08-07","output":[{"type":"reasoning","summary":[]},{"type":"function_call","name":"lookup","arguments":"{\"id\":7}"}],"usage":{"input_tokens":40,"input_tokens_details":{"cached_tokens":0},"output_tokens":90,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":130}}}
'''
calls = [
  { line = 1, source_call_id = "chatcmpl-a1", operation = "chat", started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", status = "ok", provider = "openai", model_requested = "gpt-4o", model = "gpt-4o-2024-08-06", service_tier = "default", streamed = false, input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 120, finish_reason = "stop", prompt_chars = 2, response_chars = 2 },
  { line = 2, source_call_id = "msg_01A", status = "ok", provider = "anthropic", model = "claude-sonnet-4-20250514", service_tier = "default", input_tokens = 2125, cache_read_tokens = 2000, cache_write_5m_tokens = 60, cache_write_1h_tokens = 40, output_tokens = 60, finish_reason = "tool_calls", max_tokens = 512, prompt_chars = 10, turn = 1 },
  { line = 3, source_call_id = "resp_1", started_at = "2025-10-09 08:53:30", provider = "openai", model = "gpt-5-2025-08-07", input_tokens = 40, cache_read_tokens = 0, output_tokens = 90, reasoning_tokens = 64, finish_reason = "tool_calls", reasoning_effort = "low", prompt_chars = 10 },
]

[[example]]
name = "prompts left out or redacted: usage and model are there all the same; Anthropic's own names tell what leaves out the cache"
format = "jsonl"
input = '''
{"ts":"2025-10-09T08:53:20Z","request":{"model":"gpt-4o"},"response":{"id":"chatcmpl-r1","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":50,"completion_tokens":10}}}
{"ts":"2025-10-09T08:53:21Z","request":{"model":"gpt-4o"},"response":{"usage":{"prompt_tokens":50,"completion_tokens":10}}}
{"ts":"2025-10-09T08:53:22Z","request":"[REDACTED]","response":{"id":"msg_r3","type":"message","model":"claude-sonnet-4-20250514","content":"[REDACTED]","stop_reason":"end_turn","usage":{"input_tokens":25,"output_tokens":60}}}
{"ts":"2025-10-09T08:53:23Z","request":{"path":"/health"},"response":{"status":200}}
{"ts":"2025-10-09T08:53:24Z","request":{"model":"claude-sonnet-4-5"},"response":{"model":"claude-sonnet-4-5","stop_reason":"refusal","usage":{"input_tokens":25,"cache_read_input_tokens":2000,"cache_creation_input_tokens":0,"output_tokens":60}}}
{"ts":"2025-10-09T08:53:25Z","model":"gpt-4o","request":"[REDACTED]","response":{"usage":{"prompt_tokens":50,"completion_tokens":10}}}
'''
calls = [
  { line = 1, source_call_id = "chatcmpl-r1", model = "gpt-4o-2024-08-06", input_tokens = 50, output_tokens = 10, finish_reason = "stop", status = "ok" },
  { line = 2, model_requested = "gpt-4o", input_tokens = 50, output_tokens = 10, status = "ok" },
  { line = 3, source_call_id = "msg_r3", provider = "anthropic", model = "claude-sonnet-4-20250514", input_tokens = 25, output_tokens = 60, finish_reason = "stop" },
  { line = 5, model = "claude-sonnet-4-5", input_tokens = 2025, cache_read_tokens = 2000, output_tokens = 60, finish_reason = "content_filter" },
  { line = 6, model = "gpt-4o", input_tokens = 50, output_tokens = 10, status = "ok" },
]

[[example]]
name = "streams: chunks in a list, server-sent events as text with cumulative usage, and a stream whose usage nobody asked for"
format = "jsonl"
input = '''
{"ts":"2025-10-09T08:53:20Z","duration_s":2.5,"request":{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]},"response":[{"id":"chatcmpl-s1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[{"index":0,"id":"t1","function":{"name":"lookup","arguments":""}}]},"finish_reason":null}],"usage":null},{"id":"chatcmpl-s1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"id\""}}]},"finish_reason":null}]},{"id":"chatcmpl-s1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":7}"}}]},"finish_reason":"tool_calls"}]},{"id":"chatcmpl-s1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":50,"completion_tokens":10,"total_tokens":60}}]}
{"ts":"2025-10-09T08:53:30Z","request":{"model":"claude-sonnet-4-20250514","stream":true,"messages":[{"role":"user","content":"hi"}]},"response":"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_02\",\"type\":\"message\",\"model\":\"claude-sonnet-4-20250514\",\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":2000,\"cache_creation_input_tokens\":0,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"o\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"k\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":30}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":60}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"}
{"ts":"2025-10-09T08:53:40Z","request":{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]},"response":"data: {\"id\":\"chatcmpl-s3\",\"object\":\"chat.completion.chunk\",\"created\":1760000020,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n"}
{"ts":"2025-10-09T08:53:50Z","request":{"model":"gpt-5","stream":true,"input":"hi"},"response":"event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_s4\",\"object\":\"response\",\"created_at\":1760000030,\"status\":\"in_progress\",\"model\":\"gpt-5-2025-08-07\",\"output\":[],\"usage\":null}}\n\nevent: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"ok\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_s4\",\"object\":\"response\",\"created_at\":1760000030,\"status\":\"completed\",\"model\":\"gpt-5-2025-08-07\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"ok\"}]}],\"usage\":{\"input_tokens\":8,\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":13}}}\n\n"}
'''
calls = [
  { line = 1, source_call_id = "chatcmpl-s1", ended_at = "2025-10-09 08:53:22.500", streamed = true, input_tokens = 50, output_tokens = 10, finish_reason = "tool_calls", status = "ok" },
  { line = 2, source_call_id = "msg_02", provider = "anthropic", model = "claude-sonnet-4-20250514", input_tokens = 2025, cache_read_tokens = 2000, cache_write_5m_tokens = 0, output_tokens = 60, finish_reason = "stop", response_chars = 2 },
  { line = 3, source_call_id = "chatcmpl-s3", model = "gpt-4o-2024-08-06", finish_reason = "stop", response_chars = 2, status = "ok" },
  { line = 4, source_call_id = "resp_s4", model = "gpt-5-2025-08-07", input_tokens = 8, output_tokens = 5, finish_reason = "stop", response_chars = 2, status = "ok" },
]

[[example]]
name = "failures, an embedding, an Azure answer, xAI's reasoning outside of completion_tokens, and an open model that may run anywhere"
format = "jsonl"
input = '''
{"ts":"2025-10-09T08:53:20Z","latency_ms":90,"status_code":429,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"error":{"message":"Rate limit reached","type":"tokens","param":null,"code":"rate_limit_exceeded"}}}
{"ts":"2025-10-09T08:53:21Z","request":{"model":"claude-sonnet-4-20250514","messages":[{"role":"user","content":"hi"}]},"response":{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}}
{"ts":"2025-10-09T08:53:22Z","request":{"model":"text-embedding-3-small","input":["a","b"]},"response":{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]},{"object":"embedding","index":1,"embedding":[0.2]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":2,"total_tokens":2}}}
{"ts":"2025-10-09T08:53:23Z","request":{"model":"prod-4o","messages":[]},"response":{"id":"chatcmpl-z","object":"chat.completion","created":1760000003,"model":"gpt-4o-2024-08-06","prompt_filter_results":[{"prompt_index":0}],"choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"content_filter"}],"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}}
{"ts":"2025-10-09T08:53:24Z","provider":"xai","request":{"model":"grok-4","messages":[]},"response":{"id":"x-1","object":"chat.completion","created":1760000004,"model":"grok-4-0709","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":110,"completion_tokens_details":{"reasoning_tokens":100}}}}
{"ts":"2025-10-09T08:53:25Z","request":{"model":"openai/gpt-oss-120b","messages":[]},"response":{"id":"chatcmpl-q","object":"chat.completion","created":1760000005,"model":"openai/gpt-oss-120b","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"ts":"2025-10-09T08:53:26Z","request":{"model":"gpt-4o","messages":[]},"response":null,"error":"Timeout: no answer after 60 s"}
'''
calls = [
  { line = 1, status = "rate_limited", http_status = 429, error_type = "rate_limit_exceeded", model = "gpt-4o" },
  { line = 2, status = "rate_limited", error_type = "rate_limit_error", model = "claude-sonnet-4-20250514" },
  { line = 3, operation = "embedding", input_tokens = 2, input_items = 2, status = "ok", provider = "openai" },
  { line = 4, provider = "azure", model = "gpt-4o-2024-08-06", model_requested = "prod-4o", finish_reason = "content_filter" },
  { line = 5, provider = "xai", input_tokens = 8, output_tokens = 102, reasoning_tokens = 100 },
  { line = 6, model = "openai/gpt-oss-120b", input_tokens = 8 },
  { line = 7, status = "timeout", error_type = "Timeout", model = "gpt-4o" },
]

[[example]]
name = "loggers that write in every record that there was no error, or that time to a first token was 0; a note does not make a whole answer a failure"
format = "jsonl"
input = '''
{"ts":"2025-10-09T08:53:20Z","status":200,"error":false,"ttft_ms":0,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"a-0","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"ts":"2025-10-09T08:53:21Z","status":200,"error":{},"ttft_ms":0,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"a-1","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"ts":"2025-10-09T08:53:22Z","status":200,"error":"None","ttft_ms":0,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"a-2","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"ts":"2025-10-09T08:53:23Z","status":200,"error":0,"ttft_ms":0,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"a-3","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"ts":"2025-10-09T08:53:24Z","status":200,"error":"retried once","ttft_ms":0,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"a-4","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"ts":"2025-10-09T08:53:25Z","status":null,"error":"Connection reset","ttft_ms":0,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":null}
{"ts":"2025-10-09T08:53:26Z","status":null,"error":{"message":"no quota"},"ttft_ms":0,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":null}
'''
calls = [
  { line = 1, status = "ok", error_type = "-", first_token_at = "-" },
  { line = 2, status = "ok", error_type = "-" },
  { line = 3, status = "ok", error_type = "-" },
  { line = 4, status = "ok", error_type = "-" },
  { line = 5, status = "ok", error_type = "-" },
  { line = 6, status = "error", error_type = "Connection" },
  { line = 7, status = "error", error_type = "error" },
]

[[example]]
name = "other events of the application are no calls, calls without an answer are; answers without an id, or with a short one, in the same second are two"
format = "jsonl"
input = '''
{"time":"2025-10-09T08:53:20Z","request_id":"r-1","msg":"llm call","status":200,"duration_ms":900,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"time":"2025-10-09T08:53:20Z","request_id":"r-2","msg":"llm call","status":200,"duration_ms":"900ms","request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"time":"2025-10-09T08:53:21Z","msg":"GET /health","status":200,"url":"/health","duration_ms":3}
{"time":"2025-10-09T08:53:22Z","msg":"db","error":"ECONNREFUSED postgres"}
{"time":"2025-10-09T08:53:23Z","msg":"POST /orders","status":201,"request":{"method":"POST","url":"/orders"},"response":{"status":201}}
{"time":"2025-10-09T08:53:24Z","msg":"llm call","error":"Timeout: no answer","request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":null}
{"time":"2025-10-09T08:53:25Z","msg":"llm call","error":"RateLimitError","model":"gpt-4o"}
{"time":"2025-10-09T08:53:26Z","request_id":"r-3","msg":"llm call","status":200,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"chatcmpl-7","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
{"time":"2025-10-09T08:53:26Z","request_id":"r-4","msg":"llm call","status":200,"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]},"response":{"id":"chatcmpl-7","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}}
'''
calls = [
  { line = 1, source_call_id = "r-1", status = "ok", ended_at = "2025-10-09 08:53:20.900" },
  { line = 2, source_call_id = "r-2", status = "ok", ended_at = "-" },
  { line = 6, status = "timeout", error_type = "Timeout", model = "gpt-4o" },
  { line = 7, status = "rate_limited", error_type = "RateLimitError", model = "gpt-4o" },
  { line = 8, source_call_id = "r-3" },
  { line = 9, source_call_id = "r-4" },
]

[[example]]
name = "Gemini under OpenAI's names: the total alone tells the reasoning; of another model a total says nothing"
format = "jsonl"
input = '''
{"ts":"2025-10-09T08:53:20Z","latency_ms":900,"request":{"model":"gemini-2.5-pro","messages":[{"role":"user","content":"hi"}]},"response":{"id":"r1","object":"chat.completion","created":1760000000,"model":"gemini-2.5-pro","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":500,"completion_tokens":50,"total_tokens":1450}}}
{"ts":"2025-10-09T08:53:30Z","latency_ms":900,"request":{"model":"some-model","messages":[{"role":"user","content":"hi"}]},"response":{"id":"r2","object":"chat.completion","created":1760000000,"model":"some-model","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":500,"completion_tokens":50,"total_tokens":1450}}}
'''
calls = [{ source_call_id = "r1", input_tokens = 500, output_tokens = 950 }, { source_call_id = "r2", input_tokens = 500, output_tokens = 50 }]
---*/
SELECT
    file, line,
    CASE WHEN model IS NULL AND NOT coalesce(speaks_of_model(request), FALSE) AND NOT coalesce(speaks_of_model(response), FALSE)
        THEN 'other events' END AS skipped,
    -- A call that failed before it was sent, or whose request is redacted, may have left no more than the model's name.
    CASE WHEN NOT coalesce(starts_with(ltrim(request), '{'), FALSE) AND model IS NOT NULL THEN CAST(json_object('model', model) AS VARCHAR) ELSE request END AS asked,
    response AS replied,
    coalesce(unless_empty(request_id), unless_empty(id)) AS log_id,
    coalesce(trace_id, metadata.trace_id) AS trace,
    coalesce(session_id, metadata.session_id) AS session,
    coalesce(started_at, start_time, ts, timestamp, time, created_at) AS begun,
    coalesce(ended_at, end_time) AS done,
    coalesce(latency_ms, duration_ms, elapsed_ms,
        list_transform([coalesce(latency_s, duration_s, elapsed_s, latency_seconds, duration_seconds, elapsed_seconds)],
            lambda s: coalesce(CAST(to_number(s) * 1e3 AS VARCHAR), s))[1]) AS took_ms,
    ttft_ms AS first_ms,
    coalesce(status_code, CASE WHEN regexp_matches(status, '^[1-5][0-9]{2}$') THEN status END) AS http,
    error_word(error) AS failure,
    provider AS from_provider,
    url AS endpoint,
    coalesce(team, tenant, metadata.team, metadata.tenant) AS team,
    coalesce("user", metadata."user", metadata.user_id) AS end_user,
    coalesce(app, metadata.app) AS app,
    coalesce(environment, metadata.environment) AS environment
FROM raw
