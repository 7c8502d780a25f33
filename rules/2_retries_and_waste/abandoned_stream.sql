/*---
title = "Answers that were billed after their reader had left"
why = """The client closed the connection, and the call was billed all the same: what had been written by then, or the whole answer where the gateway does not pass the hang-up on. Readers leave because the first token \
takes too long, because a page reloads, or because they have seen enough."""
action = "{subject}: {abandoned} of its streams were given up and billed: pass the hang-up on to the provider, and look at the time to first token"
fix = "retry_discipline"
grade = "heuristic"
effect = "spend"
needs = ["status"]
false_positives = """A reader who presses stop has often read what was wanted: that part of the answer was worth its price. So this is an upper bound, and heuristic. Some logs write a hang-up that came after the last \
token as a cancellation."""

[[requires]]
sql = """SELECT count(*) FILTER (WHERE status = 'cancelled') = 0 OR count(*) FILTER (WHERE status = 'cancelled' AND (coalesce(logged_cost, 0) > 0
    OR coalesce(output_tokens, 0) > 0 OR coalesce(input_tokens, 0) > 0)) > 0 FROM calls"""
reason = "cancelled calls carry neither tokens nor cost in this log: what they were billed is unknown, not zero"
setting = "log usage on cancelled calls too"

[[example]]
name = "three readers leave, their tokens are billed; those who stay are served"
calls = '''
call_id  workload  started_at  duration_s  streamed  status     http_status  output_tokens  billed_usd
a        chat      0           9           true      cancelled  499          400            0.5
b        chat      10          9           true      cancelled  499          400            0.5
c        chat      20          9           true      cancelled  499          400            0.5
d        chat      30          9           true      ok         200          400            0.5
'''
claims = '''
call_id  subject  grade      fix               drop
a        chat     heuristic  retry_discipline  true
b        chat     heuristic  retry_discipline  true
c        chat     heuristic  retry_discipline  true
'''

[[example]]
name = "not billed, never streamed, failed rather than left: silent"
calls = '''
call_id  workload  started_at  duration_s  streamed  status     output_tokens  billed_usd
a        free      0           9           true      cancelled  -              -
b        free      1           9           true      cancelled  -              -
c        free      2           9           true      cancelled  -              -
d        whole     0           9           false     cancelled  400            0.5
f        broken    0           9           true      error      400            0.5
g        broken    1           9           true      error      400            0.5
h        broken    2           9           true      error      400            0.5
'''
claims = ""
---*/
WITH left_alone AS (
    -- A hang-up shows as a cancelled call; a call that was never streamed holds no reader.
    SELECT call_id, workload, duration_ms
    FROM priced_calls
    WHERE status = 'cancelled' AND billed_usd > 0 AND coalesce(streamed, TRUE)
), told AS (
    SELECT workload, count(*) AS abandoned, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS patience_ms
    FROM left_alone
    GROUP BY workload
)
SELECT
    a.call_id,
    a.workload AS subject,
    TRUE AS drop,
    t.abandoned AS evidence_abandoned,
    round(t.patience_ms, 0) AS evidence_median_ms_until_they_left
FROM left_alone AS a
JOIN told AS t ON t.workload = a.workload
