/*---
kind = "view"
title = "How slow everything else behind the gateway was, every two seconds"
why = "A gateway that stalls slows every deployment behind it at once, which looks like queueing or a cold start on each. What the others did at that moment tells the two apart."

[columns]
deployment = "the deployment that is judged"
window_us = "start of the two seconds, microseconds since 1970"
slowness = "median over the OTHER deployments of a call's duration over its own workload's median on its model: each deployment's median first, then the median of those. 1 is normal"
others = "other deployments with calls that started in the window; with too few nothing is known, and no row is here"

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
d1          1767571220000000  2         2
d2          1767571220000000  2         2
d3          1767571220000000  3         2
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
), crowded AS (
    -- Most windows are too empty for a judgement: no median need be found in them.
    SELECT window_us, count(*) - 1 AS others
    FROM (
        SELECT t.window_us, t.deployment
        FROM timed AS t
        JOIN usual AS u ON u.workload = t.workload AND u.model IS NOT DISTINCT FROM t.model
        GROUP BY t.window_us, t.deployment
    ) AS d
    GROUP BY window_us
    HAVING count(*) > $min_others
), cells AS (
    SELECT t.window_us, t.deployment, max(w.others) AS others, percentile_cont(0.5) WITHIN GROUP (ORDER BY t.lasted / u.median_lasted) AS ratio
    FROM timed AS t
    JOIN usual AS u ON u.workload = t.workload AND u.model IS NOT DISTINCT FROM t.model
    JOIN crowded AS w ON w.window_us = t.window_us
    GROUP BY t.window_us, t.deployment
), placed AS (
    SELECT window_us, deployment, ratio, others, row_number() OVER (PARTITION BY window_us ORDER BY ratio, deployment) AS place
    FROM cells
), middles AS (
    -- Where the median of the others stands among all: one place further on from one's own. For an even number it lies between two.
    SELECT
        window_us, deployment, others,
        CASE WHEN low < place THEN low ELSE low + 1 END AS low,
        CASE WHEN high < place THEN high ELSE high + 1 END AS high
    FROM (SELECT *, CAST(floor((others + 1) / 2.0) AS BIGINT) AS low, CAST(floor((others + 2) / 2.0) AS BIGINT) AS high FROM placed) AS sized
)
SELECT m.deployment, m.window_us, l.ratio + (h.ratio - l.ratio) * 0.5 AS slowness, m.others
FROM middles AS m
JOIN placed AS l ON l.window_us = m.window_us AND l.place = m.low
JOIN placed AS h ON h.window_us = m.window_us AND h.place = m.high
