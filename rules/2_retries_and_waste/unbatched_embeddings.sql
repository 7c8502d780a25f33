/*---
title = "Embeddings asked for one by one"
why = """A loop sends one text, waits, and sends the next. An embedding call takes tens to hundreds of texts at once for the same price a token, and hardly longer than one: nearly all of the loop is waiting for \
round trips. Claimed is the time of every call after the first of its run."""
action = "{subject}: send the texts in one call ({calls} calls of one text in {runs} runs, the longest of {longest_run})"
fix = "batching"
grade = "structural"
effect = "latency"
needs = ["operation", "started_at", "ended_at", "input_items"]
false_positives = """Texts that only become known one after the other (a crawler, a chain of searches) cannot be sent together. Questions of different people behind one key come one by one as well: where calls do not share \
a trace, workloads that serve people are left alone, and a run must be long and without overlaps. Calls that run side by side are unbatched too, but hold nobody up."""

[params.max_pause_ms]
default = 250
help = "A loop in a program sends the next text within milliseconds of the last answer; a quarter of a second also covers reading a file or a row."

[params.min_run]
default = 10
help = "Within one trace: ten round trips for what one would do. A handful is not worth a change."

[params.min_run_apart]
default = 20
help = "Of calls without a trace in common: independent requests that follow each other without overlap and within the pause are a coin toss each at a few calls a second; twenty in a row are a loop."

[[example]]
name = "a loop of three within a trace, beside one call of many texts"
params = { min_run = 3 }
calls = '''
call_id  trace_id  workload  operation  provider  model  started_at  duration_s  input_items
a        t         index     embedding  p         e      0           0.1         1
b        t         index     embedding  p         e      0.12        0.1         1
c        t         index     embedding  p         e      0.25        0.2         1
d        u         index     embedding  p         e      0           0.3         64
'''
claims = '''
call_id  subject  grade       fix       waste_ms
b        index    structural  batching  100
c        index    structural  batching  200
'''

[[example]]
name = "without a trace in common, of a caller whom nobody waits for"
params = { min_run_apart = 3 }
calls = '''
call_id  trace_id  workload       operation  provider  model  started_at  duration_s  input_items
a        t1        nightly-index  embedding  p         e      0           0.1         1
b        t2        nightly-index  embedding  p         e      0.12        0.1         1
c        t3        nightly-index  embedding  p         e      0.25        0.2         1
'''
claims = '''
call_id  waste_ms
b        100
c        200
'''

[[example]]
name = "questions of people, several texts a call, long pauses, side by side, two callers, an unknown number of texts: silent"
params = { min_run = 3, min_run_apart = 3 }
calls = '''
call_id  trace_id  workload  operation  provider  model  started_at  duration_s  input_items  end_user  api_key_alias
a1       a1        search    embedding  p         e      0           0.1         1            u         k
a2       a2        search    embedding  p         e      0.12        0.1         1            u         k
a3       a3        search    embedding  p         e      0.25        0.1         1            u         k
b1       b         batch     embedding  p         e      0           0.1         32           -         k
b2       b         batch     embedding  p         e      0.12        0.1         32           -         k
b3       b         batch     embedding  p         e      0.25        0.1         32           -         k
c1       c         slow      embedding  p         e      0           0.1         1            -         k
c2       c         slow      embedding  p         e      2           0.1         1            -         k
c3       c         slow      embedding  p         e      4           0.1         1            -         k
d1       d         wide      embedding  p         e      0           0.5         1            -         k
d2       d         wide      embedding  p         e      0.01        0.5         1            -         k
d3       d         wide      embedding  p         e      0.02        0.5         1            -         k
e1       e1        job       embedding  p         e      0           0.1         1            -         k1
e2       e2        job       embedding  p         e      0.12        0.1         1            -         k2
e3       e3        job       embedding  p         e      0.25        0.1         1            -         k1
f1       f         dark      embedding  p         e      0           0.1         -            -         k
f2       f         dark      embedding  p         e      0.12        0.1         -            -         k
f3       f         dark      embedding  p         e      0.25        0.1         -            -         k
'''
claims = ""
---*/
WITH single AS (
    SELECT p.call_id, p.workload, p.caller_hash, p.provider, p.model, p.unit_hash, p.traced, p.start_us, p.end_us, p.duration_ms
    FROM priced_calls AS p
    JOIN calls AS c ON c.call_id = p.call_id
    WHERE p.operation = 'embedding' AND c.input_items = 1 AND p.status = 'ok' AND p.start_us IS NOT NULL AND p.end_us IS NOT NULL
      AND NOT coalesce(p.gateway_cache_hit, FALSE)
), shared AS (
    SELECT unit_hash FROM single WHERE traced GROUP BY unit_hash HAVING count(*) >= $min_run
), streams AS (
    -- One stream: the calls of a trace that holds enough of them, else those of one caller, unless people wait for the workload.
    SELECT s.*, t.unit_hash AS stream_trace
    FROM single AS s
    LEFT JOIN shared AS t ON t.unit_hash = s.unit_hash AND s.traced
    JOIN workloads AS w ON w.workload = s.workload
    WHERE t.unit_hash IS NOT NULL OR w.class <> 'interactive'
), spaced AS (
    SELECT
        *,
        start_us - lag(end_us) OVER in_order AS pause_us
    FROM streams
    WINDOW in_order AS (PARTITION BY workload, caller_hash, provider, model, stream_trace ORDER BY start_us, end_us, call_id)
), numbered AS (
    SELECT
        *,
        sum(CASE WHEN pause_us BETWEEN 0 AND $max_pause_ms * 1000 THEN 0 ELSE 1 END) OVER (
            PARTITION BY workload, caller_hash, provider, model, stream_trace ORDER BY start_us, end_us, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM spaced
), runs AS (
    SELECT
        *,
        count(*) OVER whole AS run_calls,
        row_number() OVER (PARTITION BY workload, caller_hash, provider, model, stream_trace, run ORDER BY start_us, end_us, call_id) AS nth
    FROM numbered
    WINDOW whole AS (PARTITION BY workload, caller_hash, provider, model, stream_trace, run)
), loops AS (
    SELECT * FROM runs WHERE run_calls >= CASE WHEN stream_trace IS NULL THEN $min_run_apart ELSE $min_run END
), told AS (
    SELECT workload, count(*) AS calls, count(*) FILTER (WHERE nth = 1) AS runs, max(run_calls) AS longest_run FROM loops GROUP BY workload
)
SELECT
    l.call_id,
    l.workload AS subject,
    l.duration_ms AS waste_ms,
    t.calls AS evidence_calls,
    t.runs AS evidence_runs,
    t.longest_run AS evidence_longest_run
FROM loops AS l
JOIN told AS t ON t.workload = l.workload
WHERE l.nth > 1
