/*---
kind = "view"
title = "The time to first token that a call may expect from its deployment, prompt size and reasoning, and what it took beyond"
why = """What a deployment needs for a prompt of some size and as much reasoning shows when nothing else is in flight on it. A call's time to first token beyond that has a reason: a boot, a queue, a distance, or one that this log does not tell. \
The view says how much there is to explain, the rules say what explains it."""

[columns]
call_id = "a streamed call that succeeded and whose first token was timed"
deployment = "as in priced_calls"
model = "as in calls"
class = "class of its workload"
prompt_size = "power of two of its uncached input tokens, as in ttft_baseline"
ttft_ms = "first token minus start"
expected_ms = "median of its deployment, model, prompt size and reasoning_size (as in ttft_baseline) with nothing else in flight (never more than the median of all of them); the fastest tenth of all where the deployment is hardly ever idle; NULL with too few calls for either"
basis = "idle or fastest tenth: what expected_ms is; NULL with it"
excess_ms = "ttft_ms minus expected_ms; negative for a call that was faster"

[params.min_idle_calls]
default = 5
help = "Calls with nothing else in flight that a median takes."

[params.min_calls]
default = 50
help = "Calls of a size whose fastest tenth, five calls, stands in where hardly any was alone."

[params.max_gateway_slowness]
default = 1.5
help = "Above this the gateway stalls and the call says nothing about an idle deployment."

[[example]]
name = "alone a small prompt takes 200 ms; two at once take longer; a size seen twice has no expectation; a deployment that always boots when idle is held to its median"
params = { min_idle_calls = 2 }
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  input_tokens
a        chat  d           m      0           1           0.2     true      100
b        chat  d           m      10          1           0.2     true      100
c        chat  d           m      20          9           0.2     true      100
d        chat  d           m      21          1           0.9     true      100
e        chat  d           m      40          1           0.7     true      4000
f        chat  boots       m      0           9           5       true      100
g        chat  boots       m      5           1           0.4     true      100
h        chat  boots       m      6           1           0.4     true      100
i        chat  boots       m      7           1           0.4     true      100
j        chat  boots       m      60          9           5       true      100
'''
rows = '''
call_id  prompt_size  expected_ms  basis  excess_ms
a        6            200          idle   0
b        6            200          idle   0
c        6            200          idle   0
d        6            200          idle   700
e        11           -            -      -
f        6            400          idle   4600
g        6            400          idle   0
h        6            400          idle   0
i        6            400          idle   0
j        6            400          idle   4600
'''

[[example]]
name = "never alone: the fastest tenth"
params = { min_calls = 4, min_idle_calls = 2 }
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  input_tokens
a        bulk  d           m      0           99          -       -         100
b        chat  d           m      1           1           0.3     true      100
c        chat  d           m      10          1           0.4     true      100
d        chat  d           m      20          1           0.5     true      100
e        chat  d           m      30          1           0.6     true      100
'''
rows = '''
call_id  expected_ms  basis          excess_ms
b        330          fastest tenth  -30
c        330          fastest tenth  70
d        330          fastest tenth  170
e        330          fastest tenth  270
'''

[[example]]
name = "six seconds of reasoning are to be expected"
params = { min_idle_calls = 2 }
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  input_tokens  reasoning_tokens
a        chat  d           m      0           1           0.2     true      100           0
b        chat  d           m      10          1           0.2     true      100           0
c        chat  d           m      20          9           6.2     true      100           600
d        chat  d           m      30          9           6.2     true      100           600
'''
rows = '''
call_id  expected_ms  excess_ms
a        200          0
b        200          0
c        6200         0
d        6200         0
'''
---*/
WITH kinds AS (
    -- A number for each, since grouping by numbers is much cheaper than by names.
    SELECT deployment, model, prompt_size, reasoning_size, row_number() OVER (ORDER BY deployment, model, prompt_size, reasoning_size) AS kind
    FROM ttft_baseline
    GROUP BY deployment, model, prompt_size, reasoning_size
), streams AS (
    SELECT t.call_id, t.deployment, t.model, t.class, t.prompt_size, t.ttft_ms, k.kind, t.in_flight = 0 AND coalesce(t.slowness, 1) <= $max_gateway_slowness AS alone
    FROM ttft_baseline AS t
    JOIN kinds AS k ON k.deployment = t.deployment AND k.model IS NOT DISTINCT FROM t.model AND k.prompt_size = t.prompt_size
        AND k.reasoning_size = t.reasoning_size
), usual AS (
    SELECT
        kind,
        count(*) AS calls,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY ttft_ms) AS median_ms,
        percentile_cont(0.1) WITHIN GROUP (ORDER BY ttft_ms) AS fastest_ms
    FROM streams
    GROUP BY kind
), idle AS (
    SELECT kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY ttft_ms) AS idle_ms FROM streams WHERE alone GROUP BY kind HAVING count(*) >= $min_idle_calls
), expected AS (
    SELECT
        u.kind,
        CASE WHEN i.idle_ms IS NOT NULL THEN least(i.idle_ms, u.median_ms) WHEN u.calls >= $min_calls THEN u.fastest_ms END AS expected_ms,
        CASE WHEN i.idle_ms IS NOT NULL THEN 'idle' WHEN u.calls >= $min_calls THEN 'fastest tenth' END AS basis
    FROM usual AS u
    LEFT JOIN idle AS i ON i.kind = u.kind
)
SELECT s.call_id, s.deployment, s.model, s.class, s.prompt_size, s.ttft_ms, e.expected_ms, e.basis, s.ttft_ms - e.expected_ms AS excess_ms
FROM streams AS s
JOIN expected AS e ON e.kind = s.kind
