/*---
title = "Prompts several times longer than their like, for answers no longer than usual"
why = """At the same turn of the same job some calls carry more than three times the usual input and come back with no more: a whole file where an excerpt was meant, twenty passages instead of four, a log pasted in full. \
Claimed is what goes beyond the median."""
action = "{subject}: cap the input near {median_tokens} tokens, the median; {oversized} calls sent {times_median} times as much or more and answered no more"
fix = "prompt_diet"
grade = "heuristic"
effect = "spend"
needs = ["input_tokens", "output_tokens", "turn"]
false_positives = """Long documents are long: where input is what it is (a contract, a transcript), nothing can be cut. So a workload in which more than a third of the calls are that long is taken to do two jobs and is \
left alone. An answer may be better for what was sent although it is no longer."""

[params.times_median]
default = 3
help = "Three times the median is beyond what one template varies by with names, dates and a few more passages."

[params.min_calls]
default = 20
help = "A median of fewer calls moves too much to call another call oversized."

[params.answer_quantile]
default = 0.95
help = "No longer answer: within what nineteen in twenty calls of ordinary size write."

[params.max_share]
default = 0.34
help = "Where more than a third are oversized, the median is not what is usual: two jobs run under one name."

[params.step_share]
default = 0.75
help = "Of the traces that hold several calls of the job and turn. Where three in four of them hold a long one, it is a step of the job and no accident."

[[example]]
name = "one call of four times the median with an ordinary answer, beside a long one that earns its length"
params = { min_calls = 5 }
calls = '''
call_id  workload  started_at  turn  input_tokens  output_tokens
a        qa        0           1     1000          100
b        qa        1           1     1100          120
c        qa        2           1     900           90
d        qa        3           1     1000          110
e        qa        4           1     4000          100
f        qa        5           1     4000          900
g        qa        6           1     1000          115
h        qa        7           1     1000          100
i        qa        8           1     1000          100
j        qa        9           1     1000          100
'''
claims = '''
call_id  subject  grade      fix          trim_input_tokens
e        qa       heuristic  prompt_diet  3000
'''

[[example]]
name = "three short steps and one that merges them, in every trace: silent"
params = { min_calls = 5 }
calls = '''
call_id  trace_id  workload  started_at  turn  input_tokens  output_tokens
a1       t1        research  0           1     100           100
a2       t1        research  1           1     110           100
a3       t1        research  2           1     120           100
a4       t1        research  3           1     900           100
b1       t2        research  10          1     100           100
b2       t2        research  11          1     110           100
b3       t2        research  12          1     120           100
b4       t2        research  13          1     900           100
'''
claims = ""

[[example]]
name = "later turns carry their history; two templates; a third is long; too few; an embedding: silent"
params = { min_calls = 3 }
calls = '''
call_id  workload  started_at  turn  input_tokens  output_tokens  template_hash  operation
a1       chat      0           1     1000          100            -              chat
a2       chat      1           1     1000          100            -              chat
a3       chat      2           1     1000          100            -              chat
a4       chat      3           9     9000          100            -              chat
a5       chat      4           9     9000          100            -              chat
b1       two       0           1     1000          100            x              chat
b2       two       1           1     1000          100            x              chat
b3       two       2           1     1000          100            x              chat
b4       two       3           1     9000          100            y              chat
c1       docs      0           1     1000          100            -              chat
c2       docs      1           1     9000          100            -              chat
c3       docs      2           1     1000          100            -              chat
c4       docs      3           1     9000          100            -              chat
c5       docs      4           1     1000          100            -              chat
d1       few       0           1     1000          100            -              chat
d2       few       1           1     9000          100            -              chat
e1       index     0           1     1000          0              -              embedding
e2       index     1           1     1000          0              -              embedding
e3       index     2           1     1000          0              -              embedding
e4       index     3           1     9000          0              -              embedding
'''
claims = ""
---*/
WITH asked AS (
    SELECT
        c.call_id, w.workload, coalesce(c.trace_id, c.request_id, CAST(c.call_id AS STRING)) AS unit_id,
        c.template_hash, c.turn, c.input_tokens, c.output_tokens,
        CAST(c.input_tokens AS DOUBLE) AS size
    FROM calls AS c
    JOIN call_workloads AS w ON w.call_id = c.call_id
    WHERE c.status = 'ok' AND c.input_tokens > 0 AND c.output_tokens IS NOT NULL AND c.turn IS NOT NULL
      AND coalesce(c.operation, 'chat') IN ('chat', 'completion', 'responses') AND NOT coalesce(c.gateway_cache_hit, FALSE)
), usual AS (
    SELECT
        workload, template_hash, turn,
        count(*) AS calls,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY size) AS median_tokens
    FROM asked
    GROUP BY workload, template_hash, turn
    HAVING count(*) >= $min_calls AND CAST(max(input_tokens) AS DOUBLE) > $times_median * percentile_cont(0.5) WITHIN GROUP (ORDER BY size)
), sized AS (
    SELECT
        a.call_id, a.workload, a.unit_id, a.template_hash, a.turn, a.input_tokens, a.output_tokens, u.median_tokens, u.calls,
        a.size > $times_median * u.median_tokens AS oversized
    FROM asked AS a
    JOIN usual AS u ON u.workload = a.workload AND u.template_hash IS NOT DISTINCT FROM a.template_hash AND u.turn = a.turn
), answers AS (
    SELECT workload, template_hash, turn, percentile_cont($answer_quantile) WITHIN GROUP (ORDER BY output_tokens) AS long_answer
    FROM sized
    WHERE NOT oversized
    GROUP BY workload, template_hash, turn
), oversized AS (
    SELECT s.call_id, s.workload, s.unit_id, s.template_hash, s.turn, s.input_tokens, s.output_tokens, s.median_tokens, s.calls, n.long_answer
    FROM sized AS s
    JOIN answers AS n ON n.workload = s.workload AND n.template_hash IS NOT DISTINCT FROM s.template_hash AND n.turn = s.turn
    WHERE s.oversized
), mixed AS (
    -- Units with several such calls: where nearly all of them hold a long one, the long one is a step of the job (it merges what the others found).
    SELECT workload, template_hash, turn, unit_id, count(*) FILTER (WHERE oversized) AS long_calls
    FROM sized
    GROUP BY workload, template_hash, turn, unit_id
    HAVING count(*) > 1
), steps AS (
    SELECT workload, template_hash, turn
    FROM mixed
    GROUP BY workload, template_hash, turn
    HAVING count(*) FILTER (WHERE long_calls > 0) >= $step_share * count(*)
), odd AS (
    SELECT o.workload, o.template_hash, o.turn
    FROM oversized AS o
    LEFT JOIN steps AS s ON s.workload = o.workload AND s.template_hash IS NOT DISTINCT FROM o.template_hash AND s.turn = o.turn
    WHERE s.workload IS NULL
    GROUP BY o.workload, o.template_hash, o.turn
    HAVING count(*) <= $max_share * max(o.calls)
), claimed AS (
    SELECT o.call_id, o.workload, o.median_tokens, o.input_tokens - CAST(ceil(o.median_tokens) AS BIGINT) AS beyond
    FROM oversized AS o
    JOIN odd AS d ON d.workload = o.workload AND d.template_hash IS NOT DISTINCT FROM o.template_hash AND d.turn = o.turn
    WHERE o.output_tokens <= o.long_answer
), told AS (
    SELECT workload, count(*) AS oversized, CAST(round(max(median_tokens)) AS BIGINT) AS median_tokens FROM claimed GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    c.beyond AS trim_input_tokens,
    t.oversized AS evidence_oversized,
    t.median_tokens AS evidence_median_tokens,
    $times_median AS evidence_times_median
FROM claimed AS c
JOIN told AS t ON t.workload = c.workload
