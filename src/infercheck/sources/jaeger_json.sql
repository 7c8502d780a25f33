/*---
kind = "source"
yields = "spans"
title = "Jaeger traces as JSON"
description = """
What Jaeger's interface and its /api/traces hand out: traces with their spans and processes, times in microseconds, attributes as typed tags. Read as
OpenTelemetry's spans are.
"""
formats = ["json", "jsonl"]

[detect]
all = ["traceID", "spans", "processes"]

[columns]
traceID = "VARCHAR"
processes = '"MAP(VARCHAR, VARCHAR)"'
spans = '''[{"traceID":"VARCHAR","spanID":"VARCHAR","parentSpanID":"VARCHAR","operationName":"VARCHAR","startTime":"VARCHAR","duration":"VARCHAR",
    "processID":"VARCHAR","references":[{"refType":"VARCHAR","spanID":"VARCHAR"}],"tags":[{"key":"VARCHAR","value":"VARCHAR"}],
    "logs":[{"timestamp":"VARCHAR","fields":[{"key":"VARCHAR","value":"VARCHAR"}]}]}]'''

[[example]]
name = "a model call under a request, and a repeated tag"
format = "json"
input = '''
{"data":[{"traceID":"5b8efff798038103d269b633813fc60c","spans":[
  {"traceID":"5b8efff798038103d269b633813fc60c","spanID":"a1","operationName":"POST /ask","references":[],"startTime":1760000000000000,"duration":3000000,"tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"http.method","type":"string","value":"POST"}],"logs":[],"processID":"p1"},
  {"traceID":"5b8efff798038103d269b633813fc60c","spanID":"a2","operationName":"chat gpt-4o","references":[{"refType":"CHILD_OF","traceID":"5b8efff798038103d269b633813fc60c","spanID":"a1"}],"startTime":1760000000500000,"duration":2000000,"tags":[{"key":"gen_ai.operation.name","type":"string","value":"chat"},{"key":"gen_ai.operation.name","type":"string","value":"chat"},{"key":"gen_ai.system","type":"string","value":"az.ai.openai"},{"key":"gen_ai.request.model","type":"string","value":"gpt-4o"},{"key":"gen_ai.usage.input_tokens","type":"int64","value":120},{"key":"gen_ai.usage.output_tokens","type":"int64","value":9},{"key":"gen_ai.response.finish_reasons","type":"string","value":"[\"length\"]"},{"key":"otel.status_code","type":"string","value":"OK"}],"logs":[{"timestamp":1760000000900000,"fields":[{"key":"event","type":"string","value":"llm.content.completion.chunk"}]}],"processID":"p1"}],
  "processes":{"p1":{"serviceName":"ask-api","tags":[]}},"warnings":null}],"total":0,"limit":0,"errors":null}
'''
calls = [{ line = 1, trace_id = "5b8efff798038103d269b633813fc60c", span_id = "a2", parent_span_id = "a1", started_at = "2025-10-09 08:53:20.500", first_token_at = "2025-10-09 08:53:20.900", ended_at = "2025-10-09 08:53:22.500", status = "ok", provider = "azure", model = "gpt-4o", app = "ask-api", input_tokens = 120, output_tokens = 9, finish_reason = "length", streamed = true }]
spans = [{ span_id = "a1", kind = "server", name = "POST /ask", service = "ask-api", ended_at = "2025-10-09 08:53:23" }]
---*/
WITH traces AS (
    SELECT file, line, traceID, processes, unnest(spans) AS x FROM raw
),
tagged AS (
    SELECT *, struct_pack(k := list_transform(coalesce(x.tags, []), lambda t: t.key), v := list_transform(coalesce(x.tags, []), lambda t: t.value)) AS a
    FROM traces
)
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, coalesce(x.traceID, traceID) AS trace_id, x.spanID AS span_id,
    coalesce(list_filter(x."references", lambda r: r.refType = 'CHILD_OF')[1].spanID, x.parentSpanID) AS parent_span_id,
    x.operationName AS name, attr(a, 'span.kind') AS span_kind, x.startTime AS started,
    CAST(to_count(x.startTime) + to_count(x.duration) AS VARCHAR) AS ended,
    CASE WHEN attr(a, 'error') = 'true' THEN 'ERROR' ELSE attr(a, 'otel.status_code') END AS status_code,
    shaped(processes[x.processID], '{"serviceName":"VARCHAR"}').serviceName AS service,
    attr(a, 'deployment.environment') AS environment, coalesce(attr(a, 'otel.scope.name'), attr(a, 'otel.library.name')) AS scope, a,
    list_transform(x.logs, lambda l: struct_pack(name := list_filter(l.fields, lambda f: f.key IN ('event', 'name'))[1].value, at := l.timestamp,
        a := struct_pack(k := list_transform(l.fields, lambda f: f.key), v := list_transform(l.fields, lambda f: f.value)))) AS events
FROM tagged
