/*---
kind = "source"
yields = "spans"
title = "Langfuse scores (blob storage export, public API)"
description = """
Scores without the observations that they judge: the files under scores/ of the blob storage export, and the answers of GET /api/public/v2/scores. Read
beside observations. A score counts as success where its name says that more is better (feedback, correctness, ...) and all its values lie in 0 to 1.
"""
formats = ["jsonl", "json", "csv", "parquet"]
times_are_utc = true

[detect]
all = ["id", "name", "value", "source"]
any = ["dataType", "data_type"]
none = ["startTime", "start_time"]

[columns]
id = "VARCHAR"
trace_id = "VARCHAR"
traceId = "VARCHAR"
observation_id = "VARCHAR"
observationId = "VARCHAR"
name = "VARCHAR"
value = "VARCHAR"
source = "VARCHAR"
data_type = "VARCHAR"
dataType = "VARCHAR"

[[example]]
name = "scores alone are no calls"
format = "jsonl"
input = '''
{"id":"s1","timestamp":"2025-10-09 08:54:00.000","project_id":"p","trace_id":"t1","observation_id":"o3","name":"correctness","value":0.75,"string_value":null,"data_type":"NUMERIC","source":"EVAL","comment":null}
{"id":"s2","timestamp":"2025-10-09 08:54:00.000","project_id":"p","trace_id":"t1","observation_id":null,"name":"tone","value":0,"string_value":"kind","data_type":"CATEGORICAL","source":"ANNOTATION","comment":null}
'''
calls = []
---*/
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, coalesce(traceId, trace_id) AS trace_id, coalesce(observationId, observation_id) AS span_id,
    CAST(NULL AS VARCHAR) AS parent_span_id, name, 'remark' AS span_kind, CAST(NULL AS VARCHAR) AS started, CAST(NULL AS VARCHAR) AS ended,
    CAST(NULL AS VARCHAR) AS status_code, CAST(NULL AS VARCHAR) AS service, CAST(NULL AS VARCHAR) AS environment, CAST(NULL AS VARCHAR) AS scope,
    map_attributes(CAST(NULL AS MAP(VARCHAR, VARCHAR))) AS a,
    langfuse_events(NULL, CASE WHEN coalesce(dataType, data_type) IN ('NUMERIC', 'BOOLEAN') THEN value END) AS events
FROM raw
