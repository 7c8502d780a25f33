/*---
kind = "source"
title = "SGLang request metrics (--export-metrics-to-file)"
description = """
One request a line in sglang-request-metrics-*.log. Latency and queueing are seconds, the prompt includes what came from the prefix cache. The file does
not name the model, and a server of one's own has no price per token: latency and reuse can be judged, spend needs a price in the config. vLLM's traces
are read as OpenTelemetry; its text log holds arrivals only, and is no log of calls.
"""
formats = ["jsonl", "json"]

[detect]
all = ["request_parameters", "prompt_tokens", "e2e_latency"]

[columns]
request_parameters = "VARCHAR"
id = "VARCHAR"
finish_reason = '{"type":"VARCHAR"}'
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
cached_tokens = "VARCHAR"
reasoning_tokens = "VARCHAR"
e2e_latency = "VARCHAR"
queue_time = "VARCHAR"

[[example]]
name = "a request that ran into its limit; seconds become milliseconds"
format = "jsonl"
input = '''
{"request_parameters":"{\"rid\": \"r1\", \"text\": \"hi\", \"sampling_params\": {\"max_new_tokens\": 8, \"temperature\": 0.5}, \"stream\": true, \"received_time\": 1760000000.125}","id":"r1","finish_reason":{"type":"length","length":8},"prompt_tokens":360,"completion_tokens":8,"cached_tokens":352,"queue_time":0.0006,"e2e_latency":0.21}
{"request_parameters":"{\"rid\": \"r2\", \"sampling_params\": {}}","id":"r2","finish_reason":{"type":"abort"},"prompt_tokens":9,"completion_tokens":0,"cached_tokens":0,"queue_time":0.1,"e2e_latency":0.2}
'''
calls = [
  { source_call_id = "r1", started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:20.335", queue_ms = 0.6, provider = "sglang", model = "-", streamed = true, input_tokens = 360, cache_read_tokens = 352, output_tokens = 8, finish_reason = "length", status = "ok", max_tokens = 8, prompt_chars = 2 },
  { source_call_id = "r2", started_at = "-", ended_at = "-", status = "cancelled", input_tokens = 9 },
]
---*/
WITH opened AS (
    SELECT *, shaped(request_parameters, '{"text":"VARCHAR","stream":"VARCHAR","received_time":"VARCHAR",
        "sampling_params":{"max_new_tokens":"VARCHAR","temperature":"VARCHAR"}}') AS q
    FROM raw
),
timed AS (
    -- Some versions count received_time from the machine's start: that is no date.
    SELECT *, CASE WHEN to_number(q.received_time) > 1e9 THEN to_time(q.received_time) END AS begun FROM opened
)
SELECT
    file, line,
    id AS source_call_id,
    id AS request_id,
    id AS attempt_key,
    'chat' AS operation,
    begun AS started_at,
    TRY(begun + to_milliseconds(to_number(e2e_latency) * 1e3)) AS ended_at,
    to_number(queue_time) * 1e3 AS queue_ms,
    CASE WHEN finish_reason.type = 'abort' THEN 'cancelled' WHEN finish_reason.type IS NOT NULL THEN 'ok' END AS status,
    to_finish(nullif(finish_reason.type, 'abort')) AS finish_reason,
    'sglang' AS provider,
    q.stream AS streamed,
    prompt_tokens AS input_tokens,
    cached_tokens AS cache_read_tokens,
    completion_tokens AS output_tokens,
    reasoning_tokens AS reasoning_tokens,
    q.sampling_params.max_new_tokens AS max_tokens,
    q.sampling_params.temperature AS temperature,
    messages_of(q.text) AS messages
FROM timed
