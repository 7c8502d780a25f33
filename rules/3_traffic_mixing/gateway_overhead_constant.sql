/*---
kind = "observation"
title = "The gateway takes a tenth or more of the wait for the first token on every call alike"
why = """Where the log tells the gateway's own time and all calls of a workload pay about the same, no call shows that it can be had for less, so gateway_overhead claims nothing. Its share of the wait is measured all the same: \
what it buys (guardrails, routing, logging) is for the reader to judge. The thresholds are those of that rule."""
action = "Look at what the gateway does on every call: in {most_in} it takes {share_percent}% of the wait for the first token, {gateway_ms} ms at the median and {least_ms} ms in the fastest quarter"
fix = "orchestration"
grade = "measured"
effect = "latency"
needs = ["gateway_ms", "ended_at"]
false_positives = "A log that counts a retry or a queue behind the gateway as the gateway's own time overstates it."

[params.min_share]
default = 0.1
help = "As in gateway_overhead: of the wait for the first token, what even the fastest quarter of a workload's calls pays."

[params.min_calls]
default = 20
help = "As in gateway_overhead: with fewer calls of a workload, their fastest quarter says little."

[params.min_gateway_ms]
default = 50
help = "As in gateway_overhead: below a twentieth of a second a call, no user notices it."

[[example]]
name = "half of the wait, on every call"
params = { min_calls = 4 }
calls = '''
call_id  app  model  started_at  duration_s  ttft_s  gateway_ms
a        w    m      0           3           1       500
b        w    m      10          3           1       500
c        w    m      20          3           1       500
d        w    m      30          3           1       520
'''
rows = '''
subject      evidence_most_in  evidence_share_percent  evidence_gateway_ms  evidence_least_ms
the gateway  w                 51                      500                  500
'''

[[example]]
name = "a fastest quarter that passes in 20 ms (gateway_overhead); a small part of the wait; a few milliseconds; too few calls: silent"
params = { min_calls = 4 }
calls = '''
call_id  app  model  started_at  duration_s  ttft_s  gateway_ms
a        w    m      0           3           1       500
b        w    m      10          3           1       500
c        w    m      20          3           1       20
d        w    m      30          3           1       20
e        v    m      0           9           9       300
f        v    m      10          9           9       300
g        v    m      20          9           9       300
h        v    m      30          9           9       300
i        u    m      0           1           0.1     30
j        u    m      10          1           0.1     30
k        u    m      20          1           0.1     30
l        u    m      30          1           0.1     30
m        x    m      0           3           1       500
'''
rows = ""
---*/
WITH passed AS (
    SELECT p.workload, c.gateway_ms, greatest(coalesce(p.ttft_ms, p.duration_ms), c.gateway_ms) AS waited_ms
    FROM calls AS c
    JOIN priced_calls AS p ON p.call_id = c.call_id
    WHERE c.gateway_ms >= 0 AND p.status = 'ok' AND p.gateway_cache_hit IS NOT TRUE AND coalesce(p.ttft_ms, p.duration_ms) > 0
), shares AS (
    SELECT
        workload, count(*) AS calls, sum(gateway_ms) AS gateway_sum_ms, sum(waited_ms) AS waited_sum_ms,
        percentile_cont(0.25) WITHIN GROUP (ORDER BY gateway_ms) AS least_ms,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY gateway_ms) AS gateway_ms
    FROM passed
    GROUP BY workload
    HAVING count(*) >= $min_calls
), paying AS (
    SELECT *, row_number() OVER (ORDER BY gateway_sum_ms DESC, workload) AS place
    FROM shares
    WHERE least_ms >= $min_gateway_ms AND least_ms * calls >= $min_share * waited_sum_ms
)
SELECT
    'the gateway' AS subject,
    workload AS evidence_most_in,
    round(100 * gateway_sum_ms / waited_sum_ms, 0) AS evidence_share_percent,
    round(gateway_ms, 0) AS evidence_gateway_ms,
    round(least_ms, 0) AS evidence_least_ms
FROM paying
WHERE place = 1
