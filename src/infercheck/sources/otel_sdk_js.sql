/*---
kind = "source"
yields = "spans"
title = "OpenTelemetry spans as the JavaScript SDK holds them"
description = """
Spans dumped as the SDK for JavaScript holds them, as in-memory exporters and test fixtures do: spanContext, attributes as an object, times as seconds and
nanoseconds. The Vercel AI SDK is at home here: ai.generateText repeats the usage of the ai.generateText.doGenerate below it, which alone is the call.
"""
formats = ["json", "jsonl"]

[detect]
all = ["name", "spanContext", "attributes", "startTime"]

[columns]
name = "VARCHAR"
kind = "VARCHAR"
spanContext = '''{"traceId":"VARCHAR","spanId":"VARCHAR"}'''
parentSpanId = "VARCHAR"
parentSpanContext = '''{"spanId":"VARCHAR"}'''
attributes = '"MAP(VARCHAR, VARCHAR)"'
status = '''{"code":"VARCHAR"}'''
startTime = '''["VARCHAR"]'''
endTime = '''["VARCHAR"]'''
events = '''[{"name":"VARCHAR","time":["VARCHAR"],"attributes":"MAP(VARCHAR, VARCHAR)"}]'''
resource = '''{"attributes":"MAP(VARCHAR, VARCHAR)"}'''
instrumentationScope = '''{"name":"VARCHAR"}'''

[[example]]
name = "Vercel AI SDK: the outer span repeats the usage of the inner one; milliseconds to the first chunk"
format = "json"
input = '''
[{"name":"ai.streamText","spanContext":{"traceId":"f1","spanId":"a1"},"attributes":{"ai.operationId":"ai.streamText","ai.model.id":"gpt-4o-mini","ai.usage.inputTokens":15,"ai.usage.outputTokens":112},"status":{"code":0},"startTime":[1760000000,0],"endTime":[1760000006,0],"events":[]},
 {"name":"ai.streamText.doStream","spanContext":{"traceId":"f1","spanId":"a2"},"parentSpanContext":{"traceId":"f1","spanId":"a1"},"attributes":{"ai.operationId":"ai.streamText.doStream","ai.telemetry.functionId":"poems","ai.model.provider":"openai.responses","ai.model.id":"gpt-4o-mini","ai.prompt.messages":"[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a poem\"}]}]","ai.response.msToFirstChunk":426.85,"ai.response.finishReason":"stop","ai.response.text":"roses","ai.response.id":"resp_1","ai.response.model":"gpt-4o-mini-2024-07-18","ai.usage.inputTokens":15,"ai.usage.outputTokens":112,"ai.usage.cachedInputTokens":0,"gen_ai.response.finish_reasons":["stop"]},"status":{"code":0},"startTime":[1760000000,500000000],"endTime":[1760000005,984307375],"events":[]}]
'''
calls = [{ trace_id = "f1", span_id = "a2", parent_span_id = "a1", source_call_id = "resp_1", started_at = "2025-10-09 08:53:20.500", first_token_at = "2025-10-09 08:53:20.926", ended_at = "2025-10-09 08:53:25.984", provider = "openai", model_requested = "gpt-4o-mini", model = "gpt-4o-mini-2024-07-18", app = "poems", streamed = true, input_tokens = 15, cache_read_tokens = 0, output_tokens = 112, finish_reason = "stop", prompt_chars = 6, response_chars = 5 }]
spans = [{ span_id = "a1", kind = "chain", name = "ai.streamText" }]
---*/
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, spanContext.traceId AS trace_id, spanContext.spanId AS span_id,
    coalesce(parentSpanContext.spanId, parentSpanId) AS parent_span_id, name,
    -- The SDK counts span kinds from 0, OTLP from 1.
    CAST(to_count(kind) + 1 AS VARCHAR) AS span_kind,
    startTime[1] || lpad(startTime[2], 9, '0') AS started, endTime[1] || lpad(endTime[2], 9, '0') AS ended, status.code AS status_code,
    attr(map_attributes(resource.attributes), 'service.name') AS service,
    attr(map_attributes(resource.attributes), 'deployment.environment') AS environment, instrumentationScope.name AS scope,
    map_attributes(attributes) AS a,
    list_transform(events, lambda e: struct_pack(name := e.name, at := e.time[1] || lpad(e.time[2], 9, '0'), a := map_attributes(e.attributes))) AS events
FROM raw
