/*---
kind = "source"
yields = "spans"
title = "Langfuse traces (blob storage export)"
description = """
The files under traces/ of Langfuse's blob storage export: who a trace was for, its session, its name and its tags. The calls stand in the observations
beside them.
"""
formats = ["jsonl", "json", "csv", "parquet"]
times_are_utc = true

[detect]
all = ["id", "timestamp", "name", "user_id", "session_id", "tags", "release"]
none = ["start_time", "observations"]

[columns]
id = "VARCHAR"
timestamp = "VARCHAR"
name = "VARCHAR"
user_id = "VARCHAR"
session_id = "VARCHAR"
tags = "VARCHAR"
environment = "VARCHAR"

[[example]]
name = "traces alone are no calls"
format = "jsonl"
input = '''
{"id":"t1","timestamp":"2025-10-09 08:53:29.000","name":"checkout","environment":"default","project_id":"p","metadata":{},"created_at":"2025-10-09 08:53:29.000","updated_at":"2025-10-09 08:53:29.000","user_id":"u9","session_id":"s1","release":null,"version":null,"public":false,"bookmarked":false,"tags":["prod"],"input":null,"output":null}
'''
calls = []
---*/
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, id AS trace_id, CAST(NULL AS VARCHAR) AS span_id, CAST(NULL AS VARCHAR) AS parent_span_id,
    CAST(NULL AS VARCHAR) AS name, 'remark' AS span_kind, CAST(NULL AS VARCHAR) AS started, CAST(NULL AS VARCHAR) AS ended,
    CAST(NULL AS VARCHAR) AS status_code, CAST(NULL AS VARCHAR) AS service, nullif(environment, 'default') AS environment,
    CAST(NULL AS VARCHAR) AS scope,
    struct_pack(k := ['traceloop.workflow.name', 'session.id', 'user.id', 'langfuse.trace.tags'],
        v := [langfuse_app(NULL, name), session_id, user_id, tags]) AS a,
    langfuse_events(NULL, NULL) AS events
FROM raw
