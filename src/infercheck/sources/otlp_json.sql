/*---
kind = "source"
yields = "spans"
title = "OpenTelemetry traces, OTLP as JSON"
description = """
What the OpenTelemetry Collector's file exporter writes (one export request a line) and what trace stores hand out: resourceSpans. The calls are the
spans of GenAI conventions old and new, OpenInference, OpenLLMetry, the Vercel AI SDK, Langfuse and MLflow; all other spans are kept for the time they
took. Parents that repeat the usage of their children are not counted again. Lines of logs and metrics in between are skipped and counted.
"""
formats = ["jsonl", "json"]

[detect]
any = ["resourceSpans", "resourceLogs", "resourceMetrics"]

[columns]
resourceSpans = '''[{"resource":{"attributes":[{"key":"VARCHAR","value":{"stringValue":"VARCHAR"}}]},
    "scopeSpans":[{"scope":{"name":"VARCHAR"},"spans":[{"traceId":"VARCHAR","spanId":"VARCHAR","parentSpanId":"VARCHAR","name":"VARCHAR","kind":"VARCHAR",
        "startTimeUnixNano":"VARCHAR","endTimeUnixNano":"VARCHAR","status":{"code":"VARCHAR"},
        "attributes":[{"key":"VARCHAR","value":{"stringValue":"VARCHAR","intValue":"VARCHAR","doubleValue":"VARCHAR","boolValue":"VARCHAR",
            "arrayValue":{"values":[{"stringValue":"VARCHAR","intValue":"VARCHAR","doubleValue":"VARCHAR","boolValue":"VARCHAR"}]}}}],
        "events":[{"name":"VARCHAR","timeUnixNano":"VARCHAR","attributes":[{"key":"VARCHAR","value":{"stringValue":"VARCHAR","intValue":"VARCHAR",
            "doubleValue":"VARCHAR","boolValue":"VARCHAR",
            "arrayValue":{"values":[{"stringValue":"VARCHAR","intValue":"VARCHAR","doubleValue":"VARCHAR","boolValue":"VARCHAR"}]}}}]}]}]}],
    "instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"VARCHAR"},"spans":[{"traceId":"VARCHAR","spanId":"VARCHAR","parentSpanId":"VARCHAR","name":"VARCHAR","kind":"VARCHAR",
        "startTimeUnixNano":"VARCHAR","endTimeUnixNano":"VARCHAR","status":{"code":"VARCHAR"},
        "attributes":[{"key":"VARCHAR","value":{"stringValue":"VARCHAR","intValue":"VARCHAR","doubleValue":"VARCHAR","boolValue":"VARCHAR",
            "arrayValue":{"values":[{"stringValue":"VARCHAR","intValue":"VARCHAR","doubleValue":"VARCHAR","boolValue":"VARCHAR"}]}}}],
        "events":[{"name":"VARCHAR","timeUnixNano":"VARCHAR","attributes":[{"key":"VARCHAR","value":{"stringValue":"VARCHAR","intValue":"VARCHAR",
            "doubleValue":"VARCHAR","boolValue":"VARCHAR",
            "arrayValue":{"values":[{"stringValue":"VARCHAR","intValue":"VARCHAR","doubleValue":"VARCHAR","boolValue":"VARCHAR"}]}}}]}]}]}]}]'''
resourceLogs = "VARCHAR"
resourceMetrics = "VARCHAR"

[[example]]
name = "one leaf call under an agent that repeats its usage, and a tool"
format = "jsonl"
input = '''
{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop-api"}}]},"scopeSpans":[{"scope":{"name":"opentelemetry.instrumentation.openai_v2","version":"2.1"},"spans":[{"traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"b7ad6b7169203331","parentSpanId":"00f067aa0ba902b7","name":"chat gpt-4o","kind":3,"startTimeUnixNano":"1760000000125000000","endTimeUnixNano":"1760000003125000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"gen_ai.response.model","value":{"stringValue":"gpt-4o-2024-08-06"}},{"key":"gen_ai.response.id","value":{"stringValue":"chatcmpl-a1"}},{"key":"gen_ai.request.stream","value":{"boolValue":true}},{"key":"gen_ai.response.time_to_first_chunk","value":{"doubleValue":0.4}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"500"}},{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"100"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":300}},{"key":"gen_ai.response.finish_reasons","value":{"arrayValue":{"values":[{"stringValue":"stop"}]}}},{"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"hello\"}]}]"}},{"key":"gen_ai.output.messages","value":{"stringValue":"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"{}\"}],\"finish_reason\":\"stop\"}]"}}],"status":{}}]}]}]}
{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"gen_ai.client.token.usage"}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"agents"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7","parentSpanId":"","name":"invoke_agent shop","kind":1,"startTimeUnixNano":1760000000000000000,"endTimeUnixNano":1760000004000000000,"attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"500"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"300"}}],"status":{"code":1}},{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b8","parentSpanId":"00f067aa0ba902b7","name":"execute_tool lookup","kind":1,"startTimeUnixNano":"1760000003200000000","endTimeUnixNano":"1760000003900000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"lookup"}}],"status":{"code":2,"message":"no such parcel"}}]}]}]}
'''
calls = [{ line = 1, trace_id = "0af7651916cd43dd8448eb211c80319c", span_id = "b7ad6b7169203331", parent_span_id = "00f067aa0ba902b7", source_call_id = "chatcmpl-a1", operation = "chat", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", ended_at = "2025-10-09 08:53:23.125", status = "ok", provider = "openai", model_requested = "gpt-4o", model = "gpt-4o-2024-08-06", app = "shop-api", streamed = true, input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, finish_reason = "stop", prompt_chars = 5, response_is_json = true }]
spans = [
  { line = 3, span_id = "00f067aa0ba902b7", kind = "agent", name = "invoke_agent shop", status = "ok", started_at = "2025-10-09 08:53:20" },
  { line = 3, span_id = "00f067aa0ba902b8", parent_span_id = "00f067aa0ba902b7", kind = "tool", name = "lookup", status = "error", ended_at = "2025-10-09 08:53:23.900" },
]

[[example]]
name = "nested model spans, parent and child in different lines: one call"
format = "jsonl"
input = '''
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a1","spanId":"b2","parentSpanId":"b1","name":"ChatOpenAI","startTimeUnixNano":"1760000010100000000","endTimeUnixNano":"1760000011900000000","attributes":[{"key":"openinference.span.kind","value":{"stringValue":"LLM"}},{"key":"llm.model_name","value":{"stringValue":"gpt-4o"}},{"key":"llm.provider","value":{"stringValue":"openai"}},{"key":"llm.token_count.prompt","value":{"intValue":"20"}},{"key":"llm.token_count.completion","value":{"intValue":"5"}},{"key":"llm.cost.total","value":{"doubleValue":0.0001}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a1","spanId":"b1","name":"gateway chat","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"20"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"5"}}]}]}]}]}
'''
calls = [{ span_id = "b2", parent_span_id = "b1", input_tokens = 20, output_tokens = 5, logged_cost = 0.0001, model = "gpt-4o" }]
spans = [{ span_id = "b1", kind = "chain", name = "gpt-4o" }]

[[example]]
name = "an Anthropic instrumentation that left the cached tokens out; a failure; a vLLM server's latencies are seconds"
format = "jsonl"
input = '''
{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"opentelemetry.instrumentation.anthropic"},"spans":[{"traceId":"a2","spanId":"c1","name":"anthropic.chat","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.system","value":{"stringValue":"Anthropic"}},{"key":"llm.request.type","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"claude-sonnet-4-20250514"}},{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"25"}},{"key":"gen_ai.usage.cache_read_input_tokens","value":{"intValue":"2000"}},{"key":"gen_ai.usage.cache_creation_input_tokens","value":{"intValue":"100"}},{"key":"gen_ai.usage.completion_tokens","value":{"intValue":"60"}},{"key":"gen_ai.prompt.0.role","value":{"stringValue":"user"}},{"key":"gen_ai.prompt.0.content","value":{"stringValue":"abc"}},{"key":"gen_ai.completion.0.content","value":{"stringValue":"ok"}},{"key":"gen_ai.completion.0.finish_reason","value":{"stringValue":"end_turn"}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a3","spanId":"c2","name":"chat gpt-4o","startTimeUnixNano":"1760000020000000000","endTimeUnixNano":"1760000020500000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.system","value":{"stringValue":"openai"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"error.type","value":{"stringValue":"RateLimitError"}},{"key":"http.response.status_code","value":{"intValue":"429"}}],"status":{"code":2}}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"vllm"},"spans":[{"traceId":"a4","spanId":"c3","name":"llm_request","kind":2,"startTimeUnixNano":"1760000020000000000","endTimeUnixNano":"1760000020500000000","attributes":[{"key":"gen_ai.request.id","value":{"stringValue":"cmpl-9"}},{"key":"gen_ai.response.model","value":{"stringValue":"Qwen/Qwen2.5-7B"}},{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"14"}},{"key":"gen_ai.usage.completion_tokens","value":{"intValue":"8"}},{"key":"gen_ai.latency.time_to_first_token","value":{"doubleValue":0.115}},{"key":"gen_ai.latency.time_in_queue","value":{"doubleValue":0.02}}]}]}]}]}
'''
calls = [
  { span_id = "c1", provider = "anthropic", input_tokens = 2125, cache_read_tokens = 2000, cache_write_5m_tokens = 100, output_tokens = 60, finish_reason = "stop", prompt_chars = 3 },
  { span_id = "c2", status = "rate_limited", http_status = 429, error_type = "RateLimitError" },
  { span_id = "c3", source_call_id = "cmpl-9", provider = "vllm", first_token_at = "2025-10-09 08:53:40.115", queue_ms = 20.0, input_tokens = 14 },
]
spans = []

[[example]]
name = "the name that scopeSpans had before 2022"
format = "jsonl"
input = '''
{"resourceSpans":[{"instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"x"},"spans":[{"traceId":"a5","spanId":"d1","name":"chat gpt-4o","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.system","value":{"stringValue":"openai"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"20"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"5"}}]}]}]}]}
'''
calls = [{ span_id = "d1", provider = "openai", model = "gpt-4o", input_tokens = 20, output_tokens = 5 }]
spans = []

[[example]]
name = "a helper's call and an embedding below a call are calls of their own: neither explains what the call above them used"
format = "jsonl"
input = '''
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a9","spanId":"d1","name":"chat claude-sonnet-4-5","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"claude-sonnet-4-5"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"3500"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"200"}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a9","spanId":"d2","parentSpanId":"d1","name":"chat gpt-4o-mini","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o-mini"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"100"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"10"}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a9","spanId":"d3","parentSpanId":"d1","name":"embeddings text-embedding-3-small","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"embeddings"}},{"key":"gen_ai.request.model","value":{"stringValue":"text-embedding-3-small"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}}]}]}]}]}
'''
calls = [
  { span_id = "d1", operation = "chat", input_tokens = 3500, output_tokens = 200 },
  { span_id = "d2", operation = "chat", input_tokens = 100, output_tokens = 10 },
  { span_id = "d3", operation = "embedding", input_tokens = 12 },
]
spans = []

[[example]]
name = "reasoning beside the output; the AI SDK's input without the cache, as Anthropic's own usage shows; a framework is no provider"
format = "jsonl"
input = '''
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a6","spanId":"e1","name":"chat gemini-2.5-pro","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.system","value":{"stringValue":"gemini"}},{"key":"gen_ai.request.model","value":{"stringValue":"gemini-2.5-pro"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"500"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"50"}},{"key":"gen_ai.usage.reasoning.output_tokens","value":{"intValue":"900"}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a7","spanId":"e2","name":"ai.generateText.doGenerate","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"ai.operationId","value":{"stringValue":"ai.generateText.doGenerate"}},{"key":"ai.model.id","value":{"stringValue":"claude-sonnet-4-5"}},{"key":"ai.model.provider","value":{"stringValue":"anthropic.messages"}},{"key":"ai.usage.inputTokens","value":{"intValue":"3500"}},{"key":"ai.usage.outputTokens","value":{"intValue":"200"}},{"key":"ai.usage.cachedInputTokens","value":{"intValue":"2000"}},{"key":"ai.response.providerMetadata","value":{"stringValue":"{\"anthropic\":{\"usage\":{\"input_tokens\":3500,\"cache_creation_input_tokens\":100,\"cache_read_input_tokens\":2000,\"output_tokens\":1}}}"}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a8","spanId":"e3","name":"chat","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000012000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.system","value":{"stringValue":"strands-agents"}},{"key":"gen_ai.request.model","value":{"stringValue":"us.anthropic.claude-sonnet-4-20250514-v1:0"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"500"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"50"}},{"key":"gen_ai.usage.details.cache_read_tokens","value":{"intValue":"300"}}]}]}]}]}
'''
calls = [
  { span_id = "e1", input_tokens = 500, output_tokens = 950, reasoning_tokens = 900 },
  { span_id = "e2", provider = "anthropic", input_tokens = 5600, cache_read_tokens = 2000, cache_write_5m_tokens = 100, output_tokens = 200 },
  { span_id = "e3", provider = "-", input_tokens = 500, cache_read_tokens = 300, output_tokens = 50 },
]
spans = []

[[example]]
name = "an error's type is a status code, or the name of a refusal"
format = "jsonl"
input = '''
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"b1","spanId":"f1","name":"chat gpt-4o","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000010100000000","status":{"code":2},"attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"error.type","value":{"stringValue":"429"}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"b2","spanId":"f2","name":"chat gpt-4o","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000010100000000","status":{"code":2},"attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"error.type","value":{"stringValue":"RateLimitError"}}]}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"b3","spanId":"f3","name":"chat gpt-4o","startTimeUnixNano":"1760000010000000000","endTimeUnixNano":"1760000010100000000","status":{"code":2},"attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"error.type","value":{"stringValue":"400"}}]}]}]}]}
'''
calls = [
  { span_id = "f1", status = "rate_limited", http_status = 429, error_type = "429" },
  { span_id = "f2", status = "rate_limited", error_type = "RateLimitError" },
  { span_id = "f3", status = "error", http_status = 400, error_type = "400" },
]
spans = []
---*/
WITH resources AS (
    SELECT file, line, unnest(resourceSpans) AS r FROM raw
),
scopes AS (
    SELECT file, line, list_filter(r.resource.attributes, lambda a: a.key IN ('service.name', 'deployment.environment', 'deployment.environment.name')) AS about,
        -- Collectors before 2022 called scopes libraries.
        unnest(coalesce(r.scopeSpans, list_transform(r.instrumentationLibrarySpans,
            lambda l: struct_pack(scope := l.instrumentationLibrary, spans := l.spans)))) AS s
    FROM resources
),
spans AS (
    SELECT file, line, s.scope.name AS scope, list_filter(about, lambda a: a.key = 'service.name')[1].value.stringValue AS service,
        list_filter(about, lambda a: a.key <> 'service.name')[1].value.stringValue AS environment, unnest(s.spans) AS x
    FROM scopes
)
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, x.traceId AS trace_id, x.spanId AS span_id, x.parentSpanId AS parent_span_id, x.name AS name,
    x.kind AS span_kind, x.startTimeUnixNano AS started, x.endTimeUnixNano AS ended, x.status.code AS status_code, service, environment, scope,
    otlp_attributes(x.attributes) AS a,
    list_transform(x.events, lambda e: struct_pack(name := e.name, at := e.timeUnixNano, a := otlp_attributes(e.attributes))) AS events
FROM spans
UNION ALL BY NAME
SELECT file, line, CASE WHEN resourceLogs IS NULL THEN 'metrics' ELSE 'logs' END AS skipped
FROM raw WHERE resourceSpans IS NULL AND (resourceLogs IS NOT NULL OR resourceMetrics IS NOT NULL)
