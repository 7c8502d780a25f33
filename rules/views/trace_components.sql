/*---
kind = "view"
title = "What a unit's time went to, along its critical path"
why = """The report's second number, what the user waits for, is only of use when split: a slow model, a slow tool and a slow framework have different owners. The parts of a unit sum to \
its duration to the microsecond, because they are sums of exclusive times on the path."""

[columns]
unit_key = "as in outcomes"
workload = "of the unit's first call"
duration_us = "of the root, less typing_us: what the columns between the two sum to"
before_first_token_us = "streamed calls that succeeded, until the first token: queue, network and prefill, which no log without server spans tells apart"
decode_us = "streamed calls that succeeded, from the first token on"
model_unstreamed_us = "calls that succeeded without a first-token time: the two above together"
retries_us = "failed attempts, and the pause until the same request was sent again"
tools_us = "tool and http spans' own time"
retrieval_us = "retrieval and db spans' own time"
orchestration_us = "all other spans' own time: the framework, or work that is not instrumented"
between_us = "time in which no node of a log without one root ran: client, tools or gateway queue, not distinguishable"
typing_us = "left out of all the others: pauses between turns of a conversation in which a person read and wrote, as far as view typing_pauses can tell"
blind_us = "of these, in units without a prompt in the log: a tool that logs nothing would look alike"

[[example]]
name = "a log without spans: 1 + 2 streamed, 3 between, a failed attempt of 1 and a pause of 0.5, then 2 unstreamed"
calls = '''
call_id  trace_id  request_id  app  started_at  duration_s  ttft_s  status
a        t         r1          w    0           3           1       ok
b        t         r2          w    6           1           -       error
c        t         r2          w    7.5         2           -       ok
'''
rows = '''
unit_key  workload  duration_us  before_first_token_us  decode_us  model_unstreamed_us  retries_us  tools_us  orchestration_us  between_us
c         w         9500000      1000000                2000000    2000000              1500000     0         0                 3000000
'''

[[example]]
name = "spans: 2 in tools, 3 in retrieval, 1 in the framework; the call waits for nothing else"
calls = '''
call_id  trace_id  app  span_id  parent_span_id  started_at  duration_s  ttft_s
a        t         w    sa       root            6           4           1
'''
spans = '''
span_id  trace_id  parent_span_id  kind       name    started_at  duration_s
root     t         -               agent      run     0           10
search   t         root            retrieval  search  0.5         3
sum      t         root            tool       sum     4           2
'''
rows = '''
unit_key  duration_us  before_first_token_us  decode_us  tools_us  retrieval_us  orchestration_us  between_us  retries_us
a         10000000     1000000                3000000    2000000   3000000       1000000           0           0
'''

[[example]]
name = "a conversation in one trace: the 20 seconds in which a person wrote are nobody's latency, and a unit of its own takes none"
calls = '''
call_id  trace_id  app  started_at  duration_s  turn
a        t         w    0           2           1
b        t         w    22          3           2
c        u         w    0           1           1
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message
b        0         0              user       true
b        1         1              assistant  true
b        2         2              user       true
'''
rows = '''
unit_key  duration_us  model_unstreamed_us  between_us  typing_us  blind_us
b         5000000      5000000              0           20000000   0
c         1000000      1000000              0           0          0
'''

[[example]]
name = "a call that another service's clock put a second early: its first token moves along with it"
calls = '''
call_id  trace_id  app      span_id  parent_span_id  started_at  duration_s  ttft_s
a        t         gateway  sa       root            -0.5        2           0.5
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name  service  started_at  duration_s
root     t         -               server  POST  shop     0           3
'''
rows = '''
unit_key  duration_us  before_first_token_us  decode_us  orchestration_us
a         3000000      500000                 1500000    1000000
'''
---*/
WITH failed AS (
    SELECT w.parent_id FROM path_windows AS w JOIN priced_calls AS p ON p.call_id = w.call_id WHERE w.depth > 0 AND p.status <> 'ok' GROUP BY w.parent_id
), paused AS (
    -- The pause that follows a failed attempt, where the next thing waited for is the same request sent again.
    SELECT
        w.parent_id,
        CASE WHEN p.status <> 'ok' AND (lead(p.request_hash) OVER siblings = p.request_hash OR lead(p.prompt_hash) OVER siblings = p.prompt_hash)
             THEN (lead(w.window_start_us) OVER siblings) - w.window_end_us ELSE 0 END AS pause_us
    FROM path_windows AS w
    JOIN failed AS f ON f.parent_id = w.parent_id
    LEFT JOIN priced_calls AS p ON p.call_id = w.call_id
    WINDOW siblings AS (PARTITION BY w.parent_id ORDER BY w.window_start_us)
), cut AS (
    SELECT
        w.unit_key,
        w.kind,
        w.depth,
        w.exclusive_us,
        w.window_end_us - w.window_start_us AS window_us,
        CASE WHEN w.kind <> 'call' THEN NULL WHEN p.status <> 'ok' THEN 'failed' WHEN p.first_token_us IS NULL THEN 'unstreamed' ELSE 'streamed' END AS outcome,
        least(w.exclusive_us, greatest(0, least(p.first_token_us + w.shift_us, w.window_end_us) - w.window_start_us)) AS until_token_us
    FROM path_windows AS w
    LEFT JOIN priced_calls AS p ON p.call_id = w.call_id
    WHERE w.depth > 0 OR NOT w.is_leaf
), alone AS (
    -- Most units are one call: nothing to sum up.
    SELECT
        w.unit_key,
        w.workload,
        w.kind,
        w.exclusive_us AS us,
        CASE WHEN w.kind <> 'call' THEN NULL WHEN p.status <> 'ok' THEN 'failed' WHEN p.first_token_us IS NULL THEN 'unstreamed' ELSE 'streamed' END AS outcome,
        least(w.exclusive_us, greatest(0, least(p.first_token_us + w.shift_us, w.window_end_us) - w.window_start_us)) AS until_token_us
    FROM path_windows AS w
    LEFT JOIN priced_calls AS p ON p.call_id = w.call_id
    WHERE w.depth = 0 AND w.is_leaf
), pauses AS (
    SELECT parent_id AS node_id, CAST(sum(pause_us) AS BIGINT) AS pause_us FROM paused WHERE pause_us > 0 GROUP BY parent_id
), above AS (
    SELECT w.unit_key, w.kind, p.pause_us FROM pauses AS p JOIN path_windows AS w ON w.node_id = p.node_id
), taken AS (
    -- What the pauses are taken from: the own time of the node that the attempts ran under.
    SELECT
        unit_key,
        coalesce(sum(pause_us) FILTER (WHERE kind IN ('tool', 'http')), 0) AS tools_us,
        coalesce(sum(pause_us) FILTER (WHERE kind IN ('retrieval', 'db')), 0) AS retrieval_us,
        coalesce(sum(pause_us) FILTER (WHERE kind = 'virtual'), 0) AS between_us,
        coalesce(sum(pause_us) FILTER (WHERE kind NOT IN ('tool', 'http', 'retrieval', 'db', 'virtual')), 0) AS orchestration_us,
        sum(pause_us) AS pause_us
    FROM above
    GROUP BY unit_key
), typed AS (
    SELECT
        unit_key,
        CAST(sum(pause_us) AS BIGINT) AS typing_us,
        CAST(sum(CASE WHEN blind THEN pause_us ELSE 0 END) AS BIGINT) AS blind_us
    FROM typing_pauses
    GROUP BY unit_key
), summed AS (
    SELECT
        unit_key,
        max(window_us) FILTER (WHERE depth = 0) AS duration_us,
        coalesce(sum(until_token_us) FILTER (WHERE outcome = 'streamed'), 0) AS before_first_token_us,
        coalesce(sum(exclusive_us - until_token_us) FILTER (WHERE outcome = 'streamed'), 0) AS decode_us,
        coalesce(sum(exclusive_us) FILTER (WHERE outcome = 'unstreamed'), 0) AS model_unstreamed_us,
        coalesce(sum(exclusive_us) FILTER (WHERE outcome = 'failed'), 0) AS failed_us,
        coalesce(sum(exclusive_us) FILTER (WHERE kind IN ('tool', 'http')), 0) AS tools_us,
        coalesce(sum(exclusive_us) FILTER (WHERE kind IN ('retrieval', 'db')), 0) AS retrieval_us,
        coalesce(sum(exclusive_us) FILTER (WHERE kind NOT IN ('call', 'tool', 'http', 'retrieval', 'db', 'virtual')), 0) AS orchestration_us,
        coalesce(sum(exclusive_us) FILTER (WHERE kind = 'virtual'), 0) AS between_us
    FROM cut
    GROUP BY unit_key
)
SELECT
    s.unit_key,
    r.workload,
    CAST(s.duration_us - coalesce(y.typing_us, 0) AS BIGINT) AS duration_us,
    CAST(s.before_first_token_us AS BIGINT) AS before_first_token_us,
    CAST(s.decode_us AS BIGINT) AS decode_us,
    CAST(s.model_unstreamed_us AS BIGINT) AS model_unstreamed_us,
    CAST(s.failed_us + coalesce(t.pause_us, 0) AS BIGINT) AS retries_us,
    CAST(s.tools_us - coalesce(t.tools_us, 0) AS BIGINT) AS tools_us,
    CAST(s.retrieval_us - coalesce(t.retrieval_us, 0) AS BIGINT) AS retrieval_us,
    CAST(s.orchestration_us - coalesce(t.orchestration_us, 0) AS BIGINT) AS orchestration_us,
    CAST(s.between_us - coalesce(t.between_us, 0) - coalesce(y.typing_us, 0) AS BIGINT) AS between_us,
    coalesce(y.typing_us, 0) AS typing_us,
    coalesce(y.blind_us, 0) AS blind_us
FROM summed AS s
JOIN path_windows AS r ON r.unit_key = s.unit_key AND r.depth = 0
LEFT JOIN taken AS t ON t.unit_key = s.unit_key
LEFT JOIN typed AS y ON y.unit_key = s.unit_key
UNION ALL
SELECT
    unit_key,
    workload,
    us,
    CASE WHEN outcome = 'streamed' THEN until_token_us ELSE 0 END,
    CASE WHEN outcome = 'streamed' THEN us - until_token_us ELSE 0 END,
    CASE WHEN outcome = 'unstreamed' THEN us ELSE 0 END,
    CASE WHEN outcome = 'failed' THEN us ELSE 0 END,
    CASE WHEN kind IN ('tool', 'http') THEN us ELSE 0 END,
    CASE WHEN kind IN ('retrieval', 'db') THEN us ELSE 0 END,
    CASE WHEN kind NOT IN ('call', 'tool', 'http', 'retrieval', 'db', 'virtual') THEN us ELSE 0 END,
    0,
    0,
    0
FROM alone
