/*---
kind = "view"
title = "Calls that start in a burst: many times as many in a few seconds as the minutes and the hour around usually hold"
why = """Whether calls that come together wait for each other is another question; here is only who came together. A rush that lasts is no burst, however quiet the rest of the hour: a bin must stand out from what comes \
before it and from what comes after it. Calls without a start, and answers from the gateway's own cache, are never in a burst."""

[columns]
call_id = "a call that started in a burst"
deployment = "as in priced_calls"
bin_us = "start of its bin of bin_s, microseconds since 1970"
arrivals = "calls that started on the deployment in the bin; re-sends after a failure are no arrivals, since slowness itself causes them"
usual = "median of the bins of the hour around, of the minutes before or of the minutes after, whichever is most; empty ones included"

[params.bin_s]
default = 5
help = "A burst that is over in less than five seconds fills slots for about as long as one answer takes; longer bins hide it."

[params.window_s]
default = 3600
help = "What is usual is the median of the hour around it, empty bins included: the day's rhythm is no burst."

[params.around_s]
default = 120
help = "A burst is over within half of it: the median of two minutes does not see what fills less than one of them. What goes on for longer is a busy period."

[params.sigmas]
default = 3.0
help = "Roots of the median above the median: arrivals by chance reach that in one bin of several hundred."

[params.min_burst_calls]
default = 5
help = "Calls that start in one bin: fewer make no queue on any deployment worth the name, however quiet it usually is."

[[example]]
name = "six calls within five seconds where most such bins hold one; another deployment is left alone"
calls = '''
call_id  app  deployment  started_at  duration_s
a        w    d           1           1
b        w    d           6           1
c        w    d           11          1
d        w    d           16          1
e        w    d           16.5        1
f        w    d           17          1
g        w    d           17.5        1
h        w    d           18          1
i        w    d           18.5        1
j        w    d           21          1
k        w    d           26          1
l        w    far         17          1
'''
rows = '''
call_id  arrivals  usual
d        6         1
e        6         1
f        6         1
g        6         1
h        6         1
i        6         1
'''

[[example]]
name = "a rush that lasts is no burst; what stands out of it is"
params = { around_s = 10 }
calls = '''
call_id  app  deployment  started_at  duration_s
c00      w    d           0           1
c01      w    d           5           1
c02      w    d           10          1
c03      w    d           15          1
c04      w    d           15.4        1
c05      w    d           15.8        1
c06      w    d           16.2        1
c07      w    d           16.6        1
c08      w    d           20          1
c09      w    d           20.4        1
c10      w    d           20.8        1
c11      w    d           21.2        1
c12      w    d           21.6        1
c13      w    d           25          1
c14      w    d           25.4        1
c15      w    d           25.8        1
c16      w    d           26.2        1
c17      w    d           26.6        1
c18      w    d           27          1
c19      w    d           27.4        1
c20      w    d           27.8        1
c21      w    d           28.2        1
c22      w    d           28.6        1
c23      w    d           29          1
c24      w    d           29.4        1
c25      w    d           30          1
c26      w    d           30.4        1
c27      w    d           30.8        1
c28      w    d           31.2        1
c29      w    d           31.6        1
c30      w    d           35          1
c31      w    d           35.4        1
c32      w    d           35.8        1
c33      w    d           36.2        1
c34      w    d           36.6        1
c35      w    d           40          1
c36      w    d           45          1
c37      w    d           50          1
'''
rows = '''
call_id  arrivals  usual
c13      12        5
c14      12        5
c15      12        5
c16      12        5
c17      12        5
c18      12        5
c19      12        5
c20      12        5
c21      12        5
c22      12        5
c23      12        5
c24      12        5
'''
---*/
WITH crowded AS (
    -- Cheap sieve: hours that may hold a burst at all.
    SELECT deployment, window_us
    FROM (
        SELECT deployment, start_us - start_us % ($window_s * 1000000) AS window_us
        FROM priced_calls
        WHERE start_us IS NOT NULL
        GROUP BY deployment, start_us - start_us % ($window_s * 1000000), start_us - start_us % ($bin_s * 1000000)
        HAVING count(*) >= $min_burst_calls
    ) AS b
    GROUP BY deployment, window_us
), bins AS (
    SELECT p.deployment, c.window_us, p.start_us - p.start_us % ($bin_s * 1000000) AS bin_us, count(*) AS n
    FROM priced_calls AS p
    JOIN crowded AS c ON c.deployment = p.deployment AND c.window_us = p.start_us - p.start_us % ($window_s * 1000000)
    LEFT JOIN (SELECT call_id FROM attempt_chains WHERE send > 1 OR impatient) AS r ON r.call_id = p.call_id
    WHERE p.gateway_cache_hit IS NOT TRUE AND r.call_id IS NULL
    GROUP BY p.deployment, c.window_us, p.start_us - p.start_us % ($bin_s * 1000000)
), spans AS (
    SELECT p.deployment, min(p.start_us) AS first_us, max(p.start_us) AS last_us
    FROM priced_calls AS p
    WHERE p.deployment IN (SELECT deployment FROM crowded)
    GROUP BY p.deployment
), windows AS (
    -- All bins of the hour count, empty ones too, but none before the deployment's first call or after its last.
    SELECT
        b.deployment, b.window_us,
        (least(b.window_us + ($window_s - $bin_s) * 1000000, max(s.last_us - s.last_us % ($bin_s * 1000000)))
            - greatest(b.window_us, max(s.first_us - s.first_us % ($bin_s * 1000000)))) / ($bin_s * 1000000) + 1 - count(*) AS empty_bins,
        count(*) AS full_bins
    FROM bins AS b
    JOIN spans AS s ON s.deployment = b.deployment
    GROUP BY b.deployment, b.window_us
), ordered AS (
    -- How many bins held so many calls: an hour has few different numbers.
    SELECT
        c.deployment, c.window_us, c.n, w.empty_bins, ceil((w.empty_bins + w.full_bins) / CAST(2 AS DOUBLE)) AS middle,
        sum(c.bins) OVER (PARTITION BY c.deployment, c.window_us ORDER BY c.n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS up_to
    FROM (SELECT deployment, window_us, n, count(*) AS bins FROM bins GROUP BY deployment, window_us, n) AS c
    JOIN windows AS w ON w.deployment = c.deployment AND w.window_us = c.window_us
), medians AS (
    SELECT
        deployment, window_us,
        CAST(CASE WHEN max(empty_bins) >= max(middle) THEN 0 ELSE min(CASE WHEN up_to + empty_bins >= middle THEN n END) END AS DOUBLE) AS usual
    FROM ordered
    GROUP BY deployment, window_us
), tall AS (
    SELECT b.deployment, b.bin_us, b.n, m.usual
    FROM bins AS b
    JOIN medians AS m ON m.deployment = b.deployment AND m.window_us = b.window_us
    WHERE b.n >= $min_burst_calls AND b.n > m.usual + $sigmas * sqrt(m.usual)
), sides AS (
    -- What started in the minutes before and after: an equality on the stretch and the ones beside it, no join of intervals.
    SELECT t.deployment, t.bin_us, b.n, b.bin_us > t.bin_us AS is_after
    FROM (
        SELECT deployment, bin_us, bin_us - bin_us % ($around_s * 1000000) + side * $around_s * 1000000 AS stretch_us
        FROM tall
        CROSS JOIN (SELECT -1 AS side UNION ALL SELECT 0 UNION ALL SELECT 1) AS three
    ) AS t
    JOIN bins AS b ON b.deployment = t.deployment AND b.bin_us - b.bin_us % ($around_s * 1000000) = t.stretch_us
    WHERE b.bin_us <> t.bin_us AND abs(b.bin_us - t.bin_us) <= $around_s * 1000000
), ranked AS (
    SELECT deployment, bin_us, n, row_number() OVER (PARTITION BY deployment, bin_us, is_after ORDER BY n DESC) AS place FROM sides
), around AS (
    -- The median of a side is its middle bin from the top; where fewer bins hold anything, it is 0.
    SELECT deployment, bin_us, CAST(max(n) AS DOUBLE) AS usual
    FROM ranked
    WHERE place = CAST(floor($around_s / ($bin_s * 2)) AS BIGINT) + 1
    GROUP BY deployment, bin_us
), hot AS (
    SELECT t.deployment, t.bin_us, t.n, greatest(t.usual, coalesce(a.usual, 0)) AS usual
    FROM tall AS t
    LEFT JOIN around AS a ON a.deployment = t.deployment AND a.bin_us = t.bin_us
    WHERE t.n > coalesce(a.usual + $sigmas * sqrt(a.usual), 0)
)
SELECT p.call_id, p.deployment, h.bin_us, h.n AS arrivals, h.usual
FROM hot AS h
JOIN priced_calls AS p ON p.deployment = h.deployment AND p.start_us - p.start_us % ($bin_s * 1000000) = h.bin_us
WHERE p.gateway_cache_hit IS NOT TRUE
