/*---
kind = "view"
title = "How a workload without end users behaves in time"
why = "A worker pool, a flat load and a clock leave marks that people do not. Workloads that name an end user are left out: behaviour must not overrule a person."

[columns]
workload = "the workload; only those in which no call names an end user"
calls = "calls with a start"
peak_in_flight = "most calls of it in flight at once"
plateau_share = "share of its busy time (at least one call in flight) spent at or above 90% of that peak"
dispersion_10s = "index of dispersion (variance over mean) of starts per 10 s over the log's whole span, empty bins included; 1 for random arrivals"
full_days = "complete UTC days of the log on which it had calls"
flat_ratio = "calls in the quietest hour of the day over the average hour, over complete days; 1 is perfectly flat, NULL with too few calls"
episodes = "runs of starts parted by a pause of at least episode_gap_s"
episode_jitter = "standard deviation of the time between episode starts over its mean; 0 is a clock, NULL below three episodes"
episode_every_s = "mean time between episode starts, seconds"

[params.min_calls]
default = 20
help = "Fewer calls than this have no shape in time that could be told from chance."

[params.plateau_of_peak]
default = 0.9
help = "A pool of workers keeps its last tenth of slots in flux, so at or above 90% of the peak counts as full."

[params.episode_gap_s]
default = 60
help = "A pause that parts two runs of a scheduled job: cron's own step is a minute."

[params.min_calls_per_hour]
default = 100
help = "At 100 calls in an hour of the day chance alone moves the count by 10%; with fewer, the quietest of 24 hours says nothing."

[[example]]
name = "a pool of four works without a pause, then rests; people come and go"
params = { min_calls = 4 }
calls = '''
call_id  app     started_at  duration_s  end_user
a        pool    0           10          -
b        pool    0           10          -
c        pool    0           10          -
d        pool    0           10          -
e        pool    10          10          -
f        pool    10          10          -
g        pool    10          10          -
h        pool    10          20          -
i        people  0           10          u
j        people  99          1           u
k        people  99          1           u
l        people  99          1           u
'''
rows = '''
workload  calls  peak_in_flight  plateau_share  dispersion_10s  full_days  episodes
pool      8      4               0.666666667    3.555555556     0          1
'''

[[example]]
name = "four runs a minute and a half apart are a clock"
params = { min_calls = 4 }
calls = '''
call_id  app   started_at  duration_s
a        cron  0           1
b        cron  1           1
c        cron  90          1
d        cron  180         1
e        cron  270         1
'''
rows = '''
workload  episodes  episode_jitter  episode_every_s  flat_ratio
cron      4         0               90               -
'''
---*/
WITH named AS (
    SELECT workload FROM priced_calls WHERE has_end_user GROUP BY workload
), timed AS (
    SELECT p.workload, p.start_us, p.end_us
    FROM priced_calls AS p
    LEFT JOIN named AS n ON n.workload = p.workload
    WHERE p.start_us IS NOT NULL AND n.workload IS NULL
), span AS (
    SELECT
        min(start_us) AS first_us,
        max(start_us) AS last_us,
        CAST(1 + (max(start_us) - max(start_us) % 10000000 - min(start_us) + min(start_us) % 10000000) / 10000000 AS DOUBLE) AS bins
    FROM priced_calls
    WHERE start_us IS NOT NULL
), quiet AS (
    SELECT workload, count(*) AS calls
    FROM timed
    GROUP BY workload
    HAVING count(*) >= $min_calls
), chosen AS (
    SELECT t.workload, t.start_us, t.end_us
    FROM timed AS t
    JOIN quiet AS q ON q.workload = t.workload
), events AS (
    SELECT workload, start_us AS at_us, 1 AS step FROM chosen WHERE end_us > start_us
    UNION ALL
    SELECT workload, end_us AS at_us, -1 AS step FROM chosen WHERE end_us > start_us
), swept AS (
    SELECT
        workload,
        CAST(sum(step) OVER (PARTITION BY workload ORDER BY at_us, step ROWS UNBOUNDED PRECEDING) AS BIGINT) AS in_flight,
        lead(at_us) OVER (PARTITION BY workload ORDER BY at_us, step) - at_us AS lasts_us
    FROM events
), peaks AS (
    SELECT workload, max(in_flight) AS peak_in_flight FROM swept GROUP BY workload
), plateaus AS (
    SELECT
        s.workload,
        max(p.peak_in_flight) AS peak_in_flight,
        CAST(coalesce(sum(s.lasts_us) FILTER (WHERE s.in_flight >= $plateau_of_peak * p.peak_in_flight), 0) AS DOUBLE)
            / CAST(nullif(sum(s.lasts_us) FILTER (WHERE s.in_flight > 0), 0) AS DOUBLE) AS plateau_share
    FROM swept AS s
    JOIN peaks AS p ON p.workload = s.workload
    GROUP BY s.workload
), bins AS (
    SELECT workload, start_us - start_us % 10000000 AS bin, CAST(count(*) AS DOUBLE) AS n
    FROM chosen
    GROUP BY workload, start_us - start_us % 10000000
), dispersed AS (
    SELECT
        b.workload,
        CASE WHEN max(s.bins) > 1
             THEN (sum(b.n * b.n) - sum(b.n) * sum(b.n) / max(s.bins)) / (max(s.bins) - 1) / (sum(b.n) / max(s.bins)) END AS dispersion_10s
    FROM bins AS b
    CROSS JOIN span AS s
    GROUP BY b.workload
), whole_days AS (
    SELECT c.workload, c.start_us - c.start_us % 86400000000 AS day_us, (c.start_us % 86400000000 - c.start_us % 3600000000) / 3600000000 AS hour_of_day
    FROM chosen AS c
    CROSS JOIN span AS s
    WHERE c.start_us - c.start_us % 86400000000 >= s.first_us AND c.start_us - c.start_us % 86400000000 + 86400000000 <= s.last_us
), hours AS (
    SELECT workload, hour_of_day, CAST(count(*) AS DOUBLE) AS n FROM whole_days GROUP BY workload, hour_of_day
), flat AS (
    SELECT
        workload,
        CASE WHEN sum(n) / 24 < $min_calls_per_hour THEN NULL
             WHEN count(*) < 24 THEN CAST(0 AS DOUBLE)
             ELSE min(n) / (sum(n) / 24) END AS flat_ratio
    FROM hours
    GROUP BY workload
), days AS (
    SELECT workload, count(*) AS full_days
    FROM (SELECT DISTINCT workload, day_us FROM whole_days) AS d
    GROUP BY workload
), gaps AS (
    SELECT workload, start_us, lag(start_us) OVER (PARTITION BY workload ORDER BY start_us) AS before_us
    FROM chosen
), openings AS (
    SELECT workload, start_us - lag(start_us) OVER (PARTITION BY workload ORDER BY start_us) AS since_us
    FROM gaps
    WHERE before_us IS NULL OR start_us - before_us >= $episode_gap_s * 1000000
), rhythm AS (
    SELECT
        workload,
        count(*) AS episodes,
        CASE WHEN count(*) >= 3 THEN stddev_samp(CAST(since_us AS DOUBLE)) / avg(CAST(since_us AS DOUBLE)) END AS episode_jitter,
        avg(CAST(since_us AS DOUBLE)) / 1000000 AS episode_every_s
    FROM openings
    GROUP BY workload
)
SELECT
    q.workload,
    q.calls,
    p.peak_in_flight,
    p.plateau_share,
    d.dispersion_10s,
    coalesce(y.full_days, 0) AS full_days,
    f.flat_ratio,
    r.episodes,
    r.episode_jitter,
    r.episode_every_s
FROM quiet AS q
LEFT JOIN plateaus AS p ON p.workload = q.workload
LEFT JOIN dispersed AS d ON d.workload = q.workload
LEFT JOIN days AS y ON y.workload = q.workload
LEFT JOIN flat AS f ON f.workload = q.workload
LEFT JOIN rhythm AS r ON r.workload = q.workload
