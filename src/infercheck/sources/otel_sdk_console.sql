/*---
kind = "source"
yields = "spans"
title = "OpenTelemetry spans as ConsoleSpanExporter prints them (Python)"
description = """
Indented objects one after the other, with names in snake case, ids that start with 0x, times as text and attributes as an object.
"""
formats = ["json", "jsonl"]

[detect]
all = ["name", "context", "start_time", "end_time", "attributes"]

[columns]
name = "VARCHAR"
kind = "VARCHAR"
context = '''{"trace_id":"VARCHAR","span_id":"VARCHAR"}'''
parent_id = "VARCHAR"
start_time = "VARCHAR"
end_time = "VARCHAR"
status = '''{"status_code":"VARCHAR"}'''
attributes = '"MAP(VARCHAR, VARCHAR)"'
events = '''[{"name":"VARCHAR","timestamp":"VARCHAR","attributes":"MAP(VARCHAR, VARCHAR)"}]'''
resource = '''{"attributes":"MAP(VARCHAR, VARCHAR)"}'''

[[example]]
name = "an embedding under a retriever"
format = "json"
input = '''
{
    "name": "Embeddings",
    "context": {"trace_id": "0x0af7651916cd43dd8448eb211c80319c", "span_id": "0x00000000000000a2", "trace_state": "[]"},
    "kind": "SpanKind.INTERNAL",
    "parent_id": "0x00000000000000a1",
    "start_time": "2025-10-09T08:53:20.500000Z",
    "end_time": "2025-10-09T08:53:20.750000Z",
    "status": {"status_code": "UNSET"},
    "attributes": {"openinference.span.kind": "EMBEDDING", "embedding.model_name": "text-embedding-3-small", "llm.provider": "openai", "llm.token_count.prompt": 7},
    "events": [], "links": [],
    "resource": {"attributes": {"service.name": "search"}, "schema_url": ""}
}
{
    "name": "retrieve",
    "context": {"trace_id": "0x0af7651916cd43dd8448eb211c80319c", "span_id": "0x00000000000000a1", "trace_state": "[]"},
    "kind": "SpanKind.INTERNAL",
    "parent_id": null,
    "start_time": "2025-10-09T08:53:20.000000Z",
    "end_time": "2025-10-09T08:53:21.000000Z",
    "status": {"status_code": "ERROR"},
    "attributes": {"openinference.span.kind": "RETRIEVER"},
    "events": [], "links": [],
    "resource": {"attributes": {"service.name": "search"}, "schema_url": ""}
}
'''
calls = [{ trace_id = "0af7651916cd43dd8448eb211c80319c", span_id = "00000000000000a2", parent_span_id = "00000000000000a1", operation = "embedding", started_at = "2025-10-09 08:53:20.500", ended_at = "2025-10-09 08:53:20.750", provider = "openai", model = "text-embedding-3-small", app = "search", input_tokens = 7, status = "ok" }]
spans = [{ span_id = "00000000000000a1", kind = "retrieval", name = "retrieve", service = "search", status = "error" }]
---*/
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, context.trace_id AS trace_id, context.span_id AS span_id, parent_id AS parent_span_id, name,
    kind AS span_kind, start_time AS started, end_time AS ended, status.status_code AS status_code,
    attr(map_attributes(resource.attributes), 'service.name') AS service,
    attr(map_attributes(resource.attributes), 'deployment.environment') AS environment, CAST(NULL AS VARCHAR) AS scope, map_attributes(attributes) AS a,
    list_transform(events, lambda e: struct_pack(name := e.name, at := e.timestamp, a := map_attributes(e.attributes))) AS events
FROM raw
