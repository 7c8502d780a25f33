/*---
kind = "view"
title = "Calls and spans in one relation, before anyone asks who ran under whom"
why = "Ids of traces and spans are text and differ in form from log to log. Numbers stand for them here, once, so that the tree is built by joins on integers."

[columns]
node_id = "a call's call_id; for a span a negative number"
unit_key = "as in outcomes"
workload = "of the unit's first call"
call_id = "as in calls; NULL for a span"
span_id = "as in spans; NULL for a call"
own_id = "the span id that others may name as their parent"
up_id = "the parent's span id; NULL at the top"
kind = "call, or the span's kind; other where the log has none"
name = "the model, or the span's name"
service = "as in spans"
start_us = "start, microseconds since 1970"
end_us = "end, microseconds since 1970; what has none is left out"

[[example]]
name = "calls and spans of a unit that has a call; what never ended is left out"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       root            1           2
b        t         w    m      sb       root            4           -
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name    started_at  duration_s
root     t         -               agent  run     0           4
health   h         -               -      health  0           1
'''
rows = '''
node_id  unit_key  workload  call_id  span_id  own_id  up_id  kind   name  start_us          end_us
a        b         w         a        -        sa      root   call   m     1767571201000000  1767571203000000
-1       b         w         -        root     root    -      agent  run   1767571200000000  1767571204000000
'''
---*/
WITH several AS (
    SELECT unit_hash, unit_key, workload FROM outcomes WHERE calls > 1
), placed AS (
    SELECT call_id, span_id, parent_span_id FROM calls WHERE span_id IS NOT NULL OR parent_span_id IS NOT NULL
)
SELECT
    p.call_id AS node_id, coalesce(u.unit_key, p.call_id) AS unit_key, CASE WHEN u.unit_key IS NULL THEN p.workload ELSE u.workload END AS workload,
    p.call_id, CAST(NULL AS STRING) AS span_id, c.span_id AS own_id,
    nullif(c.parent_span_id, '') AS up_id, 'call' AS kind, p.model AS name, CAST(NULL AS STRING) AS service, p.start_us, p.end_us
FROM priced_calls AS p
LEFT JOIN several AS u ON u.unit_hash = p.unit_hash
LEFT JOIN placed AS c ON c.call_id = p.call_id
WHERE p.start_us IS NOT NULL AND p.end_us IS NOT NULL
UNION ALL
SELECT
    -row_number() OVER (ORDER BY k.start_us, s.trace_id, s.span_id), u.unit_key, u.workload, CAST(NULL AS BIGINT), s.span_id, s.span_id,
    nullif(s.parent_span_id, ''), coalesce(s.kind, 'other'), s.name, s.service, k.start_us, k.end_us
FROM spans AS s
JOIN span_clock AS k ON k.span_id = s.span_id AND k.trace_id = s.trace_id
JOIN outcomes AS u ON u.unit_hash = k.unit_hash
WHERE k.start_us IS NOT NULL AND k.end_us IS NOT NULL
