/*---
title = "A chain of small model calls, each of which adds little"
why = """Every model call that the user waits for costs a queue, a network and a prompt before its first word. A workload whose requests make more of them in a row than three quarters of all requests do, and whose \
calls neither ask for a tool nor say more than a few words, pays that again and again for a label here and a yes there: one call with a structured answer says the same."""
action = "{subject}: merge small model calls: {hops} in a row at the median where three quarters of all requests need {usual} or fewer, {small_percent}% of them say next to nothing"
fix = "orchestration"
grade = "heuristic"
effect = "latency"
needs = ["trace_id", "ended_at", "output_tokens"]
false_positives = """Steps that decide what comes next (a router, a guard) may need the answer before they go on. A chain of small calls on a fast, cheap model can be quicker than one call on a large one. Where the log tells neither \
finish reasons nor tool calls, nothing is said of a call."""

[params.max_answer_tokens]
default = 64
help = "Tokens of an answer that adds little, reasoning included: a label, a score, a yes with its reason. Above that a call writes or thinks something of its own."

[params.min_hops]
default = 3
help = "Two calls are a question and its check; a chain begins with three."

[params.min_traces]
default = 20
help = "Requests of a workload before its median says how it works."

[params.min_all]
default = 40
help = "Requests of the whole log with a model call on their path: with fewer, three quarters of all say nothing about what is usual."

[params.min_small_share]
default = 0.5
help = "Of the calls before the last one of a request: where most of them do write something, the workload is no chain of small steps."

[params.max_ms_per_token]
default = 20
help = "What an unstreamed call's own words take at most, 50 tokens a second being slow: merged, they still have to be written. Only what is left is claimed."

[params.blind_pause_s]
default = 3
help = "A longer pause in which nothing that the log knows ran ends a chain: a program goes on within seconds, and a person may have read and typed (a conversation under one trace id)."

[params.min_saving_ms]
default = 100
help = "Below a tenth of a second a request nobody notices."

[[example]]
name = "three labels before the answer, where most requests make one call: what is beyond one call is claimed"
params = { min_traces = 1, min_all = 5 }
calls = '''
call_id  trace_id  app   model  started_at  duration_s  ttft_s  output_tokens  finish_reason
a1       a         steps m      0           1           0.8     10             stop
a2       a         steps m      1           1           0.7     10             stop
a3       a         steps m      2           1           0.6     10             stop
a4       a         steps m      3           4           0.5     400            stop
b1       b         chat  m      0           4           0.5     400            stop
c1       c         chat  m      0           4           0.5     400            stop
d1       d         chat  m      0           4           0.5     400            stop
e1       e         chat  m      0           4           0.5     400            stop
f1       f         chat  m      0           4           0.5     400            stop
'''
claims = '''
call_id  subject  grade      waste_ms
a1       steps    heuristic  800
a2       steps    heuristic  700
a3       steps    heuristic  600
'''

[[example]]
name = "an agent that calls tools, steps that write, calls side by side, and a log in which all do so: silent"
params = { min_traces = 1, min_all = 5 }
calls = '''
call_id  trace_id  app    model  started_at  duration_s  output_tokens  finish_reason
a1       a         agent  m      0           1           10             tool_calls
a2       a         agent  m      1           1           10             tool_calls
a3       a         agent  m      2           1           10             tool_calls
a4       a         agent  m      3           4           400            stop
b1       b         draft  m      0           5           300            stop
b2       b         draft  m      5           5           300            stop
b3       b         draft  m      10          5           300            stop
c1       c         wide   m      0           1           10             stop
c2       c         wide   m      0           1           10             stop
c3       c         wide   m      0           1           10             stop
d1       d         chat   m      0           4           400            stop
e1       e         chat   m      0           4           400            stop
f1       f         chat   m      0           4           400            stop
g1       g         mute   m      0           1           10             -
g2       g         mute   m      1           1           10             -
g3       g         mute   m      2           1           10             -
g4       g         mute   m      3           4           400            -
h1       h         chat   m      0           4           400            stop
i1       i         chat   m      0           4           400            stop
j1       j         chat   m      0           4           400            stop
k1       k         chat   m      0           4           400            stop
l1       l         chat   m      0           4           400            stop
'''
claims = ""

[[example]]
name = "short answers of one conversation, 20 seconds apart, are no chain: between them somebody wrote"
params = { min_traces = 1, min_all = 5 }
calls = '''
call_id  trace_id  app   model  started_at  duration_s  ttft_s  output_tokens  finish_reason
a1       a         talk  m      0           1           0.8     10             stop
a2       a         talk  m      21          1           0.7     10             stop
a3       a         talk  m      42          1           0.6     10             stop
a4       a         talk  m      63          1           0.5     10             stop
b1       b         chat  m      0           4           0.5     400            stop
c1       c         chat  m      0           4           0.5     400            stop
d1       d         chat  m      0           4           0.5     400            stop
e1       e         chat  m      0           4           0.5     400            stop
f1       f         chat  m      0           4           0.5     400            stop
'''
claims = ""
---*/
WITH roots AS (
    SELECT node_id FROM path_windows WHERE kind = 'virtual'
), pauses AS (
    -- Under a root that no log line stands for: pauses before a call in which nothing ran.
    SELECT unit_key, call_id
    FROM (
        SELECT w.unit_key, w.call_id, w.window_start_us - lag(w.window_end_us) OVER (PARTITION BY w.parent_id ORDER BY w.window_start_us) AS pause_us
        FROM path_windows AS w
        JOIN roots AS r ON r.node_id = w.parent_id
    ) AS x
    WHERE pause_us >= $blind_pause_s * 1000000 AND call_id IS NOT NULL
), paused_units AS (
    SELECT unit_key FROM pauses GROUP BY unit_key
), calls_in_line AS (
    SELECT w.unit_key, w.workload, w.call_id, w.exclusive_us, w.window_start_us, 0 AS chain
    FROM path_windows AS w
    LEFT JOIN paused_units AS u ON u.unit_key = w.unit_key
    WHERE w.call_id IS NOT NULL AND u.unit_key IS NULL AND (w.depth > 0 OR NOT w.is_leaf)
    UNION ALL
    SELECT
        w.unit_key, w.workload, w.call_id, w.exclusive_us, w.window_start_us,
        CAST(sum(CASE WHEN p.call_id IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY w.unit_key ORDER BY w.window_start_us) AS INTEGER)
    FROM path_windows AS w
    JOIN paused_units AS u ON u.unit_key = w.unit_key
    LEFT JOIN pauses AS p ON p.call_id = w.call_id
    WHERE w.call_id IS NOT NULL
), chains AS (
    SELECT unit_key, chain, max(workload) AS workload, count(*) AS hops FROM calls_in_line GROUP BY unit_key, chain
    UNION ALL
    -- Most units are one call: nothing to count.
    SELECT unit_key, 0, workload, 1 FROM path_windows WHERE depth = 0 AND is_leaf AND call_id IS NOT NULL
), usual AS (
    SELECT percentile_cont(0.75) WITHIN GROUP (ORDER BY CAST(hops AS DOUBLE)) AS hops FROM chains HAVING count(*) >= $min_all
), long_chains AS (
    SELECT c.workload, percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(c.hops AS DOUBLE)) AS hops, max(u.hops) AS usual
    FROM chains AS c
    CROSS JOIN usual AS u
    GROUP BY c.workload
    HAVING count(*) >= $min_traces AND percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(c.hops AS DOUBLE)) > max(u.hops)
        AND percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(c.hops AS DOUBLE)) >= $min_hops
), hops AS (
    SELECT
        w.unit_key, w.chain, w.workload, w.call_id, w.exclusive_us, l.hops, l.usual,
        row_number() OVER (PARTITION BY w.unit_key, w.chain ORDER BY w.window_start_us DESC, w.call_id DESC) AS from_the_end
    FROM calls_in_line AS w
    JOIN long_chains AS l ON l.workload = w.workload
), steps AS (
    -- All calls of those workloads' chains but the last, which answers.
    SELECT
        h.unit_key, h.chain, h.workload, h.call_id, h.hops, h.usual,
        coalesce(p.status = 'ok' AND p.output_tokens <= $max_answer_tokens
            AND p.finish_reason NOT IN ('tool_calls', 'length', 'content_filter') AND t.call_id IS NULL, FALSE) AS small,
        CASE WHEN p.ttft_ms IS NOT NULL THEN least(p.ttft_ms, h.exclusive_us / CAST(1000 AS DOUBLE))
             ELSE h.exclusive_us / CAST(1000 AS DOUBLE) - $max_ms_per_token * p.output_tokens END AS start_ms
    FROM hops AS h
    JOIN priced_calls AS p ON p.call_id = h.call_id
    LEFT JOIN (SELECT call_id FROM tool_calls GROUP BY call_id) AS t ON t.call_id = h.call_id
    WHERE h.from_the_end > 1
), chatty AS (
    SELECT
        workload, max(hops) AS hops, max(usual) AS usual,
        CAST(count(*) FILTER (WHERE small) AS DOUBLE) / CAST(count(*) AS DOUBLE) AS small_share
    FROM steps
    GROUP BY workload
    HAVING count(*) FILTER (WHERE small) >= $min_small_share * count(*)
), ranked AS (
    SELECT
        s.unit_key, s.chain, s.workload, s.call_id, s.start_ms, c.hops, c.usual, c.small_share, n.hops AS own_hops,
        row_number() OVER (PARTITION BY s.unit_key, s.chain ORDER BY s.start_ms, s.call_id) AS place
    FROM steps AS s
    JOIN chatty AS c ON c.workload = s.workload
    JOIN chains AS n ON n.unit_key = s.unit_key AND n.chain = s.chain
    WHERE s.small AND s.start_ms > 0
), merged AS (
    -- As many as the request makes beyond the usual number, the shortest first: what is left has the usual length.
    SELECT *, sum(start_ms) OVER (PARTITION BY unit_key, chain) AS saved_ms FROM ranked WHERE place <= own_hops - usual
)
SELECT
    call_id,
    workload AS subject,
    start_ms AS waste_ms,
    hops AS evidence_hops,
    usual AS evidence_usual,
    round(100 * small_share, 0) AS evidence_small_percent
FROM merged
WHERE saved_ms >= $min_saving_ms
