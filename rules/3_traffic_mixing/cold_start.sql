/*---
title = "Calls after an idle pause wait for a model to load"
why = "A deployment that scales to zero, or swaps models out, makes the first people after a pause wait for the boot: everyone who calls before it is done. Other calls on the same deployment show what they would have waited."
fix = "provider_choice"
grade = "measured"
effect = "latency"
needs = ["started_at", "ended_at"]
false_positives = "The first call after a pause may be slow for another reason that comes with pauses: an expired prompt cache (calls are compared by their uncached tokens, where the log has them) or a new connection (an excess below min_excess_ms is ignored)."

[params.idle_gap_s]
default = 5
help = "Shorter pauses unload nothing: scale-to-zero settings start at seconds, most at a minute or more. A pause that unloads nothing passes for warm and costs only power."

[params.min_ratio]
default = 2.0
help = "Slower than twice the warm median: a boot takes seconds beside a call's ordinary spread."

[params.min_excess_ms]
default = 500
help = "A new connection costs a few round trips; a boot costs more."

[params.min_warm]
default = 4
help = "Warm calls of the same size that a median takes; together a deployment needs twice as many."

[params.min_gaps]
default = 2
help = "One slow call after one pause is an anecdote."

[params.alpha]
default = 0.05
help = "Chance of a false alarm over all deployments and all gaps of a log together (Bonferroni)."

[params.max_gateway_slowness]
default = 1.5
help = "Where the other deployments behind the gateway slow down by more than this at the same moment, the gateway stalls and nothing is said about the deployment."

[[example]]
name = "both pauses cost three seconds; the calls that arrive during the boot wait too"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         0.1         60
b        w    d           1           0.1         60
c        w    d           1.5         0.11        60
d        w    d           2           0.1         60
e        w    d           2.5         0.09        60
f        w    d           3           0.1         60
g        w    d           3.5         0.11        60
h        w    d           4           0.1         60
i        w    d           4.5         0.1         60
j        w    d           60          3.6         60
k        w    d           61          2.6         60
l        w    d           63.2        0.4         60
m        w    d           64          0.1         60
n        w    d           64.5        0.1         60
o        w    d           120         3.6         60
p        w    d           124         0.1         60
'''
claims = '''
call_id  subject  waste_ms
j        d        3500
k        d        2500
o        d        3500
'''

[[example]]
name = "one slow call after one pause is an anecdote"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         0.1         60
b        w    d           1           0.1         60
c        w    d           1.5         0.11        60
d        w    d           2           0.1         60
e        w    d           2.5         0.09        60
f        w    d           3           0.1         60
g        w    d           3.5         0.11        60
h        w    d           4           0.1         60
j        w    d           60          3.6         60
m        w    d           64          0.1         60
'''
claims = ""

[[example]]
name = "as slow without a pause: the model is slow, not cold"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         3.1         60
b        w    d           4           0.1         60
c        w    d           4.5         4.1         60
d        w    d           9           0.1         60
e        w    d           9.5         0.09        60
f        w    d           10          2.1         60
g        w    d           12.5        0.11        60
h        w    d           13          3.1         60
i        w    d           17          0.1         60
j        w    d           60          3.6         60
m        w    d           64          0.1         60
o        w    d           120         3.6         60
p        w    d           124         0.1         60
'''
claims = ""

[[example]]
name = "a longer answer after a pause is compared with longer answers"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         0.1         60
b        w    d           1           0.1         60
c        w    d           1.5         0.11        60
d        w    d           2           0.1         60
e        w    d           2.5         0.09        60
f        w    d           3           0.1         60
g        w    d           3.5         0.11        60
h        w    d           4           0.1         60
j        w    d           60          3.6         2000
m        w    d           64          0.1         60
o        w    d           120         3.6         2000
p        w    d           124         0.1         60
'''
claims = ""
---*/
WITH placed AS (
    SELECT
        c.call_id, c.deployment, c.start_us, c.end_us, c.in_flight,
        c.idle_before_us >= $idle_gap_s * 1000000 AS opens,
        sum(CASE WHEN c.idle_before_us >= $idle_gap_s * 1000000 THEN 1 ELSE 0 END)
            OVER (PARTITION BY c.deployment ORDER BY c.start_us, c.call_id ROWS UNBOUNDED PRECEDING) AS gap,
        row_number() OVER (PARTITION BY c.deployment ORDER BY c.start_us, c.call_id) AS nth
    FROM concurrency AS c
), watched AS (
    SELECT deployment FROM placed WHERE opens GROUP BY deployment HAVING count(*) >= $min_gaps
), openers AS (
    -- The log's first call opens gap 0: how long nothing ran before it is unknown, so it and those behind it are neither warm nor cold.
    SELECT p.deployment, p.gap, p.start_us, p.end_us
    FROM placed AS p
    JOIN watched AS w ON w.deployment = p.deployment
    WHERE p.opens OR p.nth = 1
), measured AS (
    SELECT
        p.call_id,
        p.deployment,
        p.gap,
        p.start_us,
        q.operation,
        q.model,
        coalesce(q.ttft_ms, q.duration_ms) AS waited_ms,
        concat(CASE WHEN q.ttft_ms IS NULL THEN 'd' ELSE 't' END, '/',
            CAST(CAST(floor(log2(coalesce(q.uncached_tokens, 0) + 1) / 2) AS BIGINT) AS VARCHAR), '/',
            CASE WHEN q.ttft_ms IS NULL THEN CAST(CAST(floor(log2(coalesce(q.output_tokens, 0) + 1)) AS BIGINT) AS VARCHAR) ELSE '' END) AS size,
        CASE WHEN p.start_us < o.end_us OR p.start_us = o.start_us OR o.end_us IS NULL THEN p.gap ELSE -1 END AS cohort
    FROM placed AS p
    JOIN openers AS o ON o.deployment = p.deployment AND o.gap = p.gap
    JOIN priced_calls AS q ON q.call_id = p.call_id
    LEFT JOIN gateway_slowness AS g ON g.deployment = p.deployment AND g.window_us = p.start_us - p.start_us % 2000000
    WHERE q.status = 'ok' AND coalesce(q.ttft_ms, q.duration_ms) > 0 AND coalesce(g.slowness, 1) <= $max_gateway_slowness
), warm_medians AS (
    SELECT deployment, operation, model, size, percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_ms) AS warm_ms, count(*) AS warm_calls
    FROM measured
    WHERE cohort = -1
    GROUP BY deployment, operation, model, size
    HAVING count(*) >= $min_warm
), compared AS (
    SELECT
        m.call_id, m.deployment, m.gap, m.cohort, m.start_us, m.waited_ms, w.warm_ms, w.warm_calls,
        ln(m.waited_ms / w.warm_ms) AS log_ratio,
        m.waited_ms > $min_ratio * w.warm_ms AND m.waited_ms - w.warm_ms >= $min_excess_ms AS slow
    FROM measured AS m
    JOIN warm_medians AS w
        ON w.deployment = m.deployment AND w.operation IS NOT DISTINCT FROM m.operation AND w.model IS NOT DISTINCT FROM m.model AND w.size = m.size
), noises AS (
    -- Robust standard deviation of a warm call's log ratio; a handful of equal calls must not make it zero.
    SELECT
        deployment,
        greatest(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(log_ratio)), CAST(0.1 AS DOUBLE)) AS noise,
        CAST(count(*) AS DOUBLE) AS warm_calls,
        (CAST(count_if(slow) AS DOUBLE) + 0.5) / (CAST(count(*) AS DOUBLE) + 1) AS warm_slow_share
    FROM compared
    WHERE cohort = -1
    GROUP BY deployment
    HAVING count(*) >= 2 * $min_warm
), first_of_gap AS (
    SELECT *, row_number() OVER (PARTITION BY deployment, cohort ORDER BY start_us, call_id) AS nth
    FROM compared
    WHERE cohort > 0
), gaps AS (
    SELECT f.deployment, f.cohort, f.slow, f.log_ratio / (n.noise * sqrt(1 + 1.57 / f.warm_calls)) AS sds
    FROM first_of_gap AS f
    JOIN noises AS n ON n.deployment = f.deployment
    WHERE f.nth = 1
), tests AS (
    SELECT CAST(count(*) AS DOUBLE) AS gap_tests, CAST(count(DISTINCT deployment) AS DOUBLE) AS deployment_tests FROM gaps
), shares AS (
    SELECT
        g.deployment,
        CAST(count(*) AS DOUBLE) AS gap_count,
        CAST(count_if(g.slow) AS DOUBLE) AS slow_gaps,
        CAST(count_if(g.slow) AS DOUBLE) / CAST(count(*) AS DOUBLE) AS slow_share
    FROM gaps AS g
    GROUP BY g.deployment
), cold AS (
    -- Slow starts must follow pauses more often than they come among warm calls: Chernoff's bound on that count, which no heavy tail
    -- of latency can fool; then each gap must stand out by itself, in robust standard deviations.
    SELECT s.deployment, s.gap_count, s.slow_gaps, n.warm_calls, t.gap_tests
    FROM shares AS s
    JOIN noises AS n ON n.deployment = s.deployment
    CROSS JOIN tests AS t
    WHERE s.slow_gaps >= $min_gaps AND s.slow_share > n.warm_slow_share
        AND exp(-s.gap_count * (s.slow_share * ln(s.slow_share / n.warm_slow_share)
            + CASE WHEN s.slow_share < 1 THEN (1 - s.slow_share) * ln((1 - s.slow_share) / (1 - n.warm_slow_share)) ELSE 0 END))
            * t.deployment_tests <= $alpha
)
SELECT
    c.call_id,
    c.deployment AS subject,
    c.waited_ms - c.warm_ms AS waste_ms,
    d.slow_gaps AS evidence_slow_pauses,
    d.gap_count AS evidence_pauses,
    d.warm_calls AS evidence_warm_calls,
    c.waited_ms / c.warm_ms AS evidence_largest_ratio
FROM compared AS c
JOIN cold AS d ON d.deployment = c.deployment
JOIN gaps AS g ON g.deployment = c.deployment AND g.cohort = c.cohort
WHERE c.slow AND g.slow AND g.sds >= sqrt(2 * ln(greatest(d.gap_tests / (2 * $alpha), CAST(2 AS DOUBLE))))
