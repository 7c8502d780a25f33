/*---
kind = "observation"
title = "What makes the slowest requests slow"
why = """A workload's p99 is not its median with bad luck: something else is going on in it. The requests beyond p99 are held against the middle fifth of the same workload, component by component along the critical \
path, and the components are ranked by how much of the difference they make. Components sum to the duration, so their differences sum to the whole difference."""
action = "{subject}: look at {first} first, it makes {first_percent}% of what the slowest 1% take longer"
fix = "orchestration"
grade = "measured"
effect = "latency"
needs = ["started_at", "ended_at"]
false_positives = "Work that is larger by nature: long answers decode longer. The ranking says where the time goes, not that it could be saved."

[params.min_tail]
default = 20
help = "Requests beyond p99 (and at least as many in the middle): with fewer, one odd request decides the ranking. It takes about 2,000 requests of one workload."

[params.min_calls]
default = 2000
help = "Calls of one workload: 20 of 2,000 requests lie beyond p99. With fewer the rule is not checked."

[params.min_part]
default = 0.05
help = "A component that makes less than a twentieth of the difference is not named."

[[requires]]
sql = """SELECT coalesce(max(n), 0) >= $min_calls FROM (
    SELECT count(*) AS n FROM calls AS c LEFT JOIN config_calls AS g ON g.call_id = c.call_id GROUP BY coalesce(g.workload, c.app, c.api_key_alias, c.team)) AS a"""
reason = "too few calls: a workload needs about 2,000 requests before 20 of them lie beyond its p99"
setting = "give it a longer log"

[[example]]
name = "one of six takes longer: most of it for a tool, some for the model; too few in the other workload"
params = { min_tail = 1, min_calls = 1 }
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s  ttft_s
a        ta        w    m      sa       ra              0           2           1
b        tb        w    m      sb       rb              0           2           1
c        tc        w    m      sc       rc              0           2           1
d        td        w    m      sd       rd              0           2           1
e        te        w    m      se       re              0           2           1
f        tf        w    m      sf       rf              0           4           1
g        tg        v    m      sg       rg              0           9           1
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
ra       ta        -               agent  run   0           3
rb       tb        -               agent  run   0           3
rc       tc        -               agent  run   0           3
rd       td        -               agent  run   0           3
re       te        -               agent  run   0           3
rf       tf        -               agent  run   0           11
qa       ta        ra              tool   load  2           1
qb       tb        rb              tool   load  2           1
qc       tc        rc              tool   load  2           1
qd       td        rd              tool   load  2           1
qe       te        re              tool   load  2           1
qf       tf        rf              tool   load  4           7
'''
rows = '''
subject  evidence_calls  evidence_first  evidence_first_percent  evidence_first_middle_ms  evidence_first_tail_ms  evidence_second  evidence_second_percent
w        1               tools           75                      1000                      7000                    decode           25
'''

[[example]]
name = "all alike: nothing makes a tail"
params = { min_tail = 1, min_calls = 1 }
calls = '''
call_id  trace_id  app  model  started_at  duration_s  ttft_s
a        ta        w    m      0           2           1
b        tb        w    m      0           2           1
c        tc        w    m      0           2           1
d        td        w    m      0           2           1
e        te        w    m      0           2           1
f        tf        w    m      0           2           1
'''
rows = ""

[[example]]
name = "the slow one is not streamed: its model time is held against all of the others', not against none"
params = { min_tail = 1, min_calls = 1 }
calls = '''
call_id  trace_id  app  model  started_at  duration_s  ttft_s
a        ta        w    m      0           2           1
b        tb        w    m      0           2           1
c        tc        w    m      0           2           1
d        td        w    m      0           2           1
e        te        w    m      0           2           1
f        tf        w    m      0           6           -
'''
rows = '''
subject  evidence_first                evidence_first_percent  evidence_first_middle_ms  evidence_first_tail_ms
w        model calls, streamed or not  100                     2000                      6000
'''
---*/
WITH sized AS (
    -- Cheap sieve: p99 leaves one request in a hundred beyond it.
    SELECT
        workload,
        percentile_cont(0.4) WITHIN GROUP (ORDER BY CAST(duration_us AS DOUBLE)) AS low_us,
        percentile_cont(0.6) WITHIN GROUP (ORDER BY CAST(duration_us AS DOUBLE)) AS high_us,
        percentile_cont(0.99) WITHIN GROUP (ORDER BY CAST(duration_us AS DOUBLE)) AS tail_us
    FROM trace_components
    WHERE duration_us > 0
    GROUP BY workload
    HAVING count(*) > $min_tail
), marked AS (
    SELECT c.*, c.duration_us > s.tail_us AS is_tail
    FROM trace_components AS c
    JOIN sized AS s ON s.workload = c.workload
    WHERE c.duration_us > s.tail_us OR c.duration_us BETWEEN s.low_us AND s.high_us
), compared AS (
    SELECT
        workload,
        count(*) FILTER (WHERE is_tail) AS tail,
        avg(CASE WHEN is_tail THEN CAST(duration_us AS DOUBLE) END) - avg(CASE WHEN NOT is_tail THEN CAST(duration_us AS DOUBLE) END) AS longer_us,
        avg(CASE WHEN is_tail THEN CAST(before_first_token_us AS DOUBLE) END) AS t1, avg(CASE WHEN NOT is_tail THEN CAST(before_first_token_us AS DOUBLE) END) AS m1,
        avg(CASE WHEN is_tail THEN CAST(decode_us AS DOUBLE) END) AS t2, avg(CASE WHEN NOT is_tail THEN CAST(decode_us AS DOUBLE) END) AS m2,
        avg(CASE WHEN is_tail THEN CAST(model_unstreamed_us AS DOUBLE) END) AS t3, avg(CASE WHEN NOT is_tail THEN CAST(model_unstreamed_us AS DOUBLE) END) AS m3,
        avg(CASE WHEN is_tail THEN CAST(retries_us AS DOUBLE) END) AS t4, avg(CASE WHEN NOT is_tail THEN CAST(retries_us AS DOUBLE) END) AS m4,
        avg(CASE WHEN is_tail THEN CAST(tools_us AS DOUBLE) END) AS t5, avg(CASE WHEN NOT is_tail THEN CAST(tools_us AS DOUBLE) END) AS m5,
        avg(CASE WHEN is_tail THEN CAST(retrieval_us AS DOUBLE) END) AS t6, avg(CASE WHEN NOT is_tail THEN CAST(retrieval_us AS DOUBLE) END) AS m6,
        avg(CASE WHEN is_tail THEN CAST(orchestration_us AS DOUBLE) END) AS t7, avg(CASE WHEN NOT is_tail THEN CAST(orchestration_us AS DOUBLE) END) AS m7,
        avg(CASE WHEN is_tail THEN CAST(between_us AS DOUBLE) END) AS t8, avg(CASE WHEN NOT is_tail THEN CAST(between_us AS DOUBLE) END) AS m8
    FROM marked
    GROUP BY workload
    HAVING count(*) FILTER (WHERE is_tail) >= $min_tail AND count(*) FILTER (WHERE NOT is_tail) >= $min_tail
), told AS (
    -- Where the slow requests are streamed more or less often than the others, model time only changes its name: its parts are compared together.
    SELECT
        *,
        (t1 + t2 - m1 - m2) * (t3 - m3) < 0 AND abs(t1 + t2 - m1 - m2) >= $min_part * longer_us AND abs(t3 - m3) >= $min_part * longer_us AS switched
    FROM compared
), parts AS (
    SELECT workload, tail, longer_us, 'before first token' AS part, t1 AS tail_us, m1 AS middle_us FROM told WHERE NOT switched
    UNION ALL SELECT workload, tail, longer_us, 'decode', t2, m2 FROM told WHERE NOT switched
    UNION ALL SELECT workload, tail, longer_us, 'model call, not streamed', t3, m3 FROM told WHERE NOT switched
    UNION ALL SELECT workload, tail, longer_us, 'model calls, streamed or not', t1 + t2 + t3, m1 + m2 + m3 FROM told WHERE switched
    UNION ALL SELECT workload, tail, longer_us, 'failed attempts and back-off', t4, m4 FROM compared
    UNION ALL SELECT workload, tail, longer_us, 'tools', t5, m5 FROM compared
    UNION ALL SELECT workload, tail, longer_us, 'retrieval and databases', t6, m6 FROM compared
    UNION ALL SELECT workload, tail, longer_us, 'framework or not instrumented', t7, m7 FROM compared
    UNION ALL SELECT workload, tail, longer_us, 'between calls', t8, m8 FROM compared
), ranked AS (
    SELECT
        workload, tail, part, tail_us, middle_us, (tail_us - middle_us) / longer_us AS share,
        row_number() OVER (PARTITION BY workload ORDER BY tail_us - middle_us DESC, part) AS place
    FROM parts
    WHERE longer_us > 0 AND tail_us - middle_us >= $min_part * longer_us
)
SELECT
    workload AS subject,
    max(tail) AS evidence_calls,
    max(CASE WHEN place = 1 THEN part END) AS evidence_first,
    max(CASE WHEN place = 1 THEN round(100 * share, 0) END) AS evidence_first_percent,
    max(CASE WHEN place = 1 THEN round(middle_us / 1000, 1) END) AS evidence_first_middle_ms,
    max(CASE WHEN place = 1 THEN round(tail_us / 1000, 1) END) AS evidence_first_tail_ms,
    max(CASE WHEN place = 2 THEN part END) AS evidence_second,
    max(CASE WHEN place = 2 THEN round(100 * share, 0) END) AS evidence_second_percent,
    max(CASE WHEN place = 3 THEN part END) AS evidence_third,
    max(CASE WHEN place = 3 THEN round(100 * share, 0) END) AS evidence_third_percent
FROM ranked
GROUP BY workload
