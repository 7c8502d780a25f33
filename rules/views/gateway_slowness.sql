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
), crowded AS (
    SELECT window_us, count(*) - 1 AS others FROM cells WHERE deployment IS NOT NULL GROUP BY window_us
), placed AS (
    SELECT c.window_us, c.deployment, c.ratio, w.others, row_number() OVER (PARTITION BY c.window_us ORDER BY c.ratio, c.deployment) AS place
    FROM cells AS c
    JOIN crowded AS w ON w.window_us = c.window_us
    WHERE c.deployment IS NOT NULL AND w.others >= $min_others
), middles AS (
    -- Where the median of the others stands among all: one place further on from one's own. For an even number it lies between two.
    SELECT
        window_us, deployment,
        CASE WHEN low < place THEN low ELSE low + 1 END AS low,
        CASE WHEN high < place THEN high ELSE high + 1 END AS high
    FROM (SELECT *, CAST(floor((others + 1) / 2.0) AS BIGINT) AS low, CAST(floor((others + 2) / 2.0) AS BIGINT) AS high FROM placed) AS sized
), medians AS (
    SELECT m.window_us, m.deployment, l.ratio + (h.ratio - l.ratio) * 0.5 AS slowness
    FROM middles AS m
    JOIN placed AS l ON l.window_us = m.window_us AND l.place = m.low
    JOIN placed AS h ON h.window_us = m.window_us AND h.place = m.high
)
SELECT c.deployment, c.window_us, m.slowness, w.others
FROM cells AS c
JOIN crowded AS w ON w.window_us = c.window_us
LEFT JOIN medians AS m ON m.window_us = c.window_us AND m.deployment = c.deployment
WHERE c.deployment IS NOT NULL
