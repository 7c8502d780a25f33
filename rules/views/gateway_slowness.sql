/*---
kind = "view"
title = "How slow everything else behind the gateway was, every two seconds"
why = "A gateway that stalls slows every deployment behind it at once, which looks like queueing or a cold start on each. What the others did at that moment tells the two apart."

[columns]
deployment = "the deployment that is judged"
window_us = "start of the two seconds, microseconds since 1970"
slowness = "median over the OTHER deployments of a call's duration over its own workload's median on its model: each deployment's median first, then the median of those. 1 is normal; NULL with too few others"
others = "other deployments with calls that started in the window"

[params.min_others]
default = 2
help = "One other deployment may be slow for reasons of its own; two at once point to what they share."

[params.min_calls]
default = 5
help = "A workload with fewer calls on a model has no median to be slower than."

[[example]]
name = "two others three times slower than usual: the gateway; one other tells nothing"
params = { min_calls = 3 }
calls = '''
call_id  app  model  deployment  started_at  duration_s
a        x    m      d1          0           1
b        x    m      d1          10          1
c        x    m      d1          20          3
d        y    n      d2          0           2
e        y    n      d2          10          2
f        y    n      d2          21          6
g        z    o      d3          0           1
h        z    o      d3          20.5        1
i        z    o      d3          30          1
'''
rows = '''
deployment  window_us         slowness  others
d1          1767571200000000  1         2
d2          1767571200000000  1         2
d3          1767571200000000  1         2
d1          1767571210000000  -         1
d2          1767571210000000  -         1
d1          1767571220000000  2         2
d2          1767571220000000  2         2
d3          1767571220000000  3         2
d3          1767571230000000  -         0
'''
---*/
WITH timed AS (
    SELECT deployment, workload, model, start_us - start_us % 2000000 AS window_us, CAST(end_us - start_us AS DOUBLE) AS lasted
    FROM priced_calls
    WHERE status = 'ok' AND end_us > start_us AND gateway_cache_hit IS NOT TRUE
), usual AS (
    SELECT workload, model, percentile_cont(0.5) WITHIN GROUP (ORDER BY lasted) AS median_lasted
    FROM timed
    GROUP BY workload, model
    HAVING count(*) >= $min_calls
), cells AS (
    SELECT t.window_us, t.deployment, percentile_cont(0.5) WITHIN GROUP (ORDER BY t.lasted / u.median_lasted) AS ratio
    FROM timed AS t
    JOIN usual AS u ON u.workload = t.workload AND u.model IS NOT DISTINCT FROM t.model
    GROUP BY t.window_us, t.deployment
)
SELECT
    a.deployment,
    a.window_us,
    CASE WHEN count(b.ratio) >= $min_others THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY b.ratio) END AS slowness,
    count(b.ratio) AS others
FROM cells AS a
LEFT JOIN cells AS b ON b.window_us = a.window_us AND b.deployment <> a.deployment
GROUP BY a.deployment, a.window_us
