/*---
kind = "observation"
title = "Traces with far more model calls than their like"
why = """Most requests of a workload take a handful of calls, a few take dozens: an agent that does not find its way out, a plan that plans again, a batch that entered by the wrong door. They cost many times the usual \
and are where a limit on steps pays. What is waste in them, if anything, other rules say call by call; here is where to look."""
action = "{subject}: look at the {runaway_traces} traces with {limit_calls} calls or more (the median takes {median_calls}, the longest {most_calls}) and set a limit on steps"
fix = "orchestration"
grade = "structural"
needs = ["trace_id"]
false_positives = "Some questions are hard, and a long honest run is worth its money. A trace id that is reused for a whole session makes one long trace out of many short ones."

[params.iqr_factor]
default = 3.0
help = "Tukey's 'far out': the third quartile plus three times the spread of the middle half. In a normal distribution that is one in 400,000."

[params.min_calls]
default = 10
help = "Where nearly every trace has one call the spread is zero and two calls would be far out; nobody calls fewer than ten a runaway."

[params.min_traces]
default = 20
help = "Quartiles of fewer traces move too much to call one of them far out."

[[example]]
name = "one trace of eleven calls among short ones"
params = { min_traces = 4 }
calls = '''
call_id  request_id  trace_id  workload  started_at
a        a           t1        agent     0
b        b           t1        agent     1
c        c           t2        agent     0
d        d           t2        agent     1
e        e           t3        agent     0
f        f           t3        agent     1
g1       g1          t4        agent     0
g2       g2          t4        agent     1
g3       g3          t4        agent     2
g4       g4          t4        agent     3
g5       g5          t4        agent     4
g6       g6          t4        agent     5
g7       g7          t4        agent     6
g8       g8          t4        agent     7
g9       g9          t4        agent     8
g10      g10         t4        agent     9
g11      g11         t4        agent     10
h        h           t5        agent     0
i        i           t5        agent     1
'''
rows = '''
subject  evidence_runaway_traces  evidence_most_calls  evidence_median_calls  evidence_limit_calls
agent    1                        11                   2                      10
'''

[[example]]
name = "all of them long, one request with many retries, no trace id: silent"
params = { min_traces = 2, min_calls = 3 }
calls = '''
call_id  request_id  trace_id  workload  started_at
a1       a1          t1        long      0
a2       a2          t1        long      1
a3       a3          t1        long      2
b1       b1          t2        long      0
b2       b2          t2        long      1
b3       b3          t2        long      2
c1       c           t3        retried   0
c2       c           t3        retried   1
c3       c           t3        retried   2
c4       c           t3        retried   3
d        d           t4        retried   0
e        e           t5        retried   0
f        f           t6        retried   0
g        g           t7        retried   0
h1       h           -         plain     0
h2       h           -         plain     1
'''
rows = ""
---*/
WITH traces AS (
    SELECT o.workload, o.calls, o.requests, o.spend_usd
    FROM outcomes AS o
    JOIN priced_calls AS p ON p.call_id = o.unit_key
    WHERE p.traced
), usual AS (
    SELECT
        workload,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY calls) AS median_calls,
        greatest(
            percentile_cont(0.75) WITHIN GROUP (ORDER BY calls)
                + $iqr_factor * (percentile_cont(0.75) WITHIN GROUP (ORDER BY calls) - percentile_cont(0.25) WITHIN GROUP (ORDER BY calls)),
            $min_calls - 1
        ) AS limit_calls
    FROM traces
    GROUP BY workload
    HAVING count(*) >= $min_traces
)
SELECT
    t.workload AS subject,
    CAST(sum(t.calls) AS BIGINT) AS evidence_calls,
    count(*) AS evidence_runaway_traces,
    max(t.calls) AS evidence_most_calls,
    max(u.median_calls) AS evidence_median_calls,
    CAST(floor(max(u.limit_calls)) AS BIGINT) + 1 AS evidence_limit_calls,
    CASE WHEN count(t.spend_usd) = count(*) THEN round(CAST(sum(t.spend_usd) AS DOUBLE), 4) END AS evidence_their_spend_usd
FROM traces AS t
JOIN usual AS u ON u.workload = t.workload
WHERE t.calls > u.limit_calls AND t.requests > 1
GROUP BY t.workload
