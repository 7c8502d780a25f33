/*---
kind = "source"
yields = "spans"
title = "Zipkin v2 spans as JSON"
description = """
What Zipkin's /api/v2/traces hands out and what exporters send to it: lists of spans, times in microseconds, attributes as tags of text. Read as
OpenTelemetry's spans are.
"""
formats = ["json", "jsonl"]

[detect]
all = ["traceId", "id", "timestamp", "duration"]
none = ["observationId", "projectId"]

[columns]
traceId = "VARCHAR"
id = "VARCHAR"
parentId = "VARCHAR"
kind = "VARCHAR"
name = "VARCHAR"
timestamp = "VARCHAR"
duration = "VARCHAR"
localEndpoint = '''{"serviceName":"VARCHAR"}'''
tags = '"MAP(VARCHAR, VARCHAR)"'
annotations = '''[{"timestamp":"VARCHAR","value":"VARCHAR"}]'''

[[example]]
name = "a failed call under a request, in a list of lists"
format = "json"
input = '''
[[{"traceId":"5b8efff798038103d269b633813fc60c","id":"a1","kind":"SERVER","name":"post /ask","timestamp":1760000000000000,"duration":3000000,"localEndpoint":{"serviceName":"ask-api"},"tags":{"http.method":"POST"}},
{"traceId":"5b8efff798038103d269b633813fc60c","id":"a2","parentId":"a1","kind":"CLIENT","name":"chat claude-haiku-4-5","timestamp":1760000000500000,"duration":2000000,"localEndpoint":{"serviceName":"ask-api"},"tags":{"gen_ai.operation.name":"chat","gen_ai.provider.name":"anthropic","gen_ai.request.model":"claude-haiku-4-5","error":"overloaded","error.type":"OverloadedError","http.response.status_code":"529","otel.status_code":"ERROR"}}]]
'''
calls = [{ trace_id = "5b8efff798038103d269b633813fc60c", span_id = "a2", parent_span_id = "a1", started_at = "2025-10-09 08:53:20.500", ended_at = "2025-10-09 08:53:22.500", status = "error", http_status = 529, error_type = "OverloadedError", provider = "anthropic", model = "claude-haiku-4-5", app = "ask-api" }]
spans = [{ span_id = "a1", kind = "server", name = "post /ask", service = "ask-api", status = "ok" }]
---*/
WITH tagged AS (
    SELECT *, map_attributes(tags) AS a FROM raw
)
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, traceId AS trace_id, id AS span_id, parentId AS parent_span_id, name, kind AS span_kind,
    timestamp AS started, CAST(to_count(timestamp) + to_count(duration) AS VARCHAR) AS ended,
    CASE WHEN attr(a, 'error') IS NOT NULL AND attr(a, 'error') <> 'false' THEN 'ERROR' ELSE attr(a, 'otel.status_code') END AS status_code,
    localEndpoint.serviceName AS service, attr(a, 'deployment.environment') AS environment,
    coalesce(attr(a, 'otel.scope.name'), attr(a, 'otel.library.name')) AS scope, a,
    list_transform(annotations, lambda n: struct_pack(name := n.value, at := n.timestamp,
        a := struct_pack(k := CAST([] AS VARCHAR[]), v := CAST([] AS VARCHAR[])))) AS events
FROM tagged
