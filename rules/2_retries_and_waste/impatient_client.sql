/*---
title = "The client gives up before the model answers, and sends again"
why = """The client's time-out is below the model's latency: it hangs up and sends the same request again, while the first one goes on running, succeeds \
and is billed. The answer that was paid for first reaches nobody, and the user waits longer than if the client had waited. A send counts as such a re-send \
when the same caller, model, prompt and parameters were sent at least 500 ms before, and that send succeeded and was either still running or had ended no more \
than 2 s before: a gateway writes its end before the answer reaches the client. Of a workload's re-sends at least half must have found the first one running, \
and none of a request's sends may have gone out at once: else somebody samples on purpose. These thresholds, and the two that leave out pollers and popular questions, are \
parameters of view attempt_chains (min_gap_ms, max_after_end_ms, min_running_share, max_resends, popular_sends), since duplicate_request must see the same re-sends. \
The re-sends are claimed; where the hang-up reached the log (a call that was not streamed is cancelled, billed, and the same is sent again within moments), the call that was given up. With a longer time-out the first send would have been the answer."""
action = "{subject}: raise the client's time-out above the slowest answer ({resends} re-sends before the answer was there, or just after)"
fix = "retry_discipline"
grade = "structural"
needs = ["prompt_hash", "status", "ended_at"]
effect = "spend"
false_positives = """Code that wants several answers to one prompt and starts each a little after the one before (staggered sampling, a hedge against slow answers) \
looks the same; more than ten such sends for each fresh one are left out, fewer are not. Where all users share one key and the log \
names no end user, two of them may ask the same within seconds: a question asked afresh more often than it was re-sent is left out. \
Where the log does not hold the parameters the grade is heuristic."""

[[example]]
name = "two re-sends while the first answer is still on its way"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status  billed_usd
a        0           4           w         p1           q            ok      0.5
b        2           4           w         p1           q            ok      0.5
c        6.5         4           w         p1           q            ok      0.5
'''
claims = '''
call_id  subject  grade       drop
b        w        structural  true
c        w        structural  true
'''

[[example]]
name = "parameters unknown: heuristic"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  status
a        0           4           w         p1           ok
b        2           4           w         p1           ok
'''
claims = '''
call_id  grade      drop
b        heuristic  true
'''

[[example]]
name = "parallel samples, a later repeat, a retry after an error, another user and other parameters: silent"
calls = '''
call_id  end_user  started_at  duration_s  workload  prompt_hash  params_hash  status
a1       u1        0           4           w         p1           q            ok
a2       u1        0.1         4           w         p1           q            ok
b1       u1        0           4           w         p2           q            ok
b2       u1        7           4           w         p2           q            ok
c1       u1        0           1           w         p3           q            error
c2       u1        1.5         1           w         p3           q            ok
d1       u1        0           4           w         p4           q            ok
d2       u2        2           4           w         p4           q            ok
e1       u1        0           4           w         p5           q            ok
e2       u1        2           4           w         p5           other        ok
'''
claims = ""

[[example]]
name = "a poller: one prompt every two seconds, each answered, is no client that lost patience"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status
a1       0           1           w         p1           q            ok
a2       2           1           w         p1           q            ok
a3       4           1           w         p1           q            ok
a4       6           1           w         p1           q            ok
a5       8           1           w         p1           q            ok
a6       10          1           w         p1           q            ok
a7       12          1           w         p1           q            ok
a8       14          1           w         p1           q            ok
a9       16          1           w         p1           q            ok
b1       18          1           w         p1           q            ok
b2       20          1           w         p1           q            ok
b3       22          1           w         p1           q            ok
b4       24          1           w         p1           q            ok
'''
claims = ""

[[example]]
name = "given up at its client's time-out, billed, and sent again: the calls that were given up; a stream, an unbilled one and one asked again later are not"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status     streamed  billed_usd
a        0           30          w         p1           q            cancelled  false     0.4
b        30.5        30          w         p1           q            cancelled  false     0.4
c        61          40          w         p1           q            ok         false     0.5
d        0           30          w         p2           q            cancelled  true      0.4
e        30.5        40          w         p2           q            ok         true      0.5
f        0           30          w         p3           q            cancelled  false     -
g        30.5        40          w         p3           q            ok         false     0.5
h        0           30          w         p4           q            cancelled  false     0.4
i        90          40          w         p4           q            ok         false     0.5
'''
claims = '''
call_id  subject  grade       drop
a        w        structural  true
b        w        structural  true
'''
---*/
WITH resent AS (
    SELECT
        call_id, workload, params_known,
        start_us < previous_end_us AS while_running,
        (start_us - previous_start_us) / CAST(1000 AS DOUBLE) AS gap_ms,
        (previous_end_us - previous_start_us) / CAST(1000 AS DOUBLE) AS needed_ms
    FROM attempt_chains
    WHERE impatient
    UNION ALL
    -- A stream that is given up has shown its reader something: abandoned_stream.
    SELECT
        a.call_id, a.workload, a.params_known,
        TRUE AS while_running,
        (a.next_start_us - a.start_us) / CAST(1000 AS DOUBLE) AS gap_ms,
        CAST(NULL AS DOUBLE) AS needed_ms
    FROM attempt_chains AS a
    JOIN priced_calls AS p ON p.call_id = a.call_id
    WHERE a.given_up AND p.billed_usd > 0 AND p.streamed IS FALSE
), by_workload AS (
    SELECT
        workload,
        params_known,
        count(*) AS resends,
        count(*) FILTER (WHERE while_running) AS while_running,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_ms) AS gap_ms,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY needed_ms) AS needed_ms
    FROM resent
    GROUP BY workload, params_known
)
SELECT
    r.call_id,
    r.workload AS subject,
    CASE WHEN r.params_known THEN 'structural' ELSE 'heuristic' END AS grade,
    TRUE AS drop,
    w.resends AS evidence_resends,
    w.while_running AS evidence_sent_while_running,
    round(w.gap_ms, 0) AS evidence_median_ms_until_resend,
    round(w.needed_ms, 0) AS evidence_median_ms_the_model_needed
FROM resent AS r
JOIN by_workload AS w ON w.workload = r.workload AND w.params_known = r.params_known
