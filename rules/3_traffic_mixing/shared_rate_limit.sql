/*---
title = "People are turned away at a rate limit that background work has used up"
why = """A rate limit counts tokens per minute, whoever sends them. In a minute in which background work took half of the tokens or more, the people who got a 429 would have fitted below the limit without it: what was \
let through in that minute shows that there was room for as much as they needed. Each waits for the refused attempt and until it is sent again."""
action = "Give background work a key or deployment of its own, or a token limit: {subject} was refused {refused} times in {minutes} minutes in which background work had {background_percent}% of the tokens"
fix = "traffic_separation"
grade = "measured"
effect = "latency"
needs = ["started_at", "status", "input_tokens"]
false_positives = """A 429 for another reason: a provider that is overloaded as a whole, or a limit that is the person's own. So minutes with as many people and without the job are held against those with it, and nothing is said unless \
refusals are clearly rarer in them. Where hardly any minute is without the job there is nothing to compare with, and the claim is heuristic. Limits that several deployments share are seen one deployment at a time."""

[params.min_background_share]
default = 0.5
help = "Half of the minute's tokens: without them, people could have sent as much again as all that the limit let through for them."

[params.min_refused]
default = 3
help = "Refusals of one workload on one deployment; one or two may have met any short limit."

[params.min_minutes]
default = 3
help = "Different minutes with such refusals, and at least as many others to compare with: one bad minute is an anecdote."

[params.min_compared]
default = 10
help = "Minutes with people and less of the job that a rate of refusals takes. With fewer the claim is heuristic."

[params.alpha]
default = 0.05
help = "Chance of a false alarm over all pairs of a workload and a deployment (Bonferroni)."

[[requires]]
sql = "SELECT EXISTS (SELECT 1 FROM calls WHERE status = 'rate_limited')"
reason = "the log holds no refused attempt (429); many gateways keep them only where failures are logged too"
setting = "log failed attempts with their status"

[[example]]
name = "refused in each of five minutes with the job, and in none of ten without it: measured"
calls = '''
call_id  request_id  app           deployment  started_at  duration_s  status        end_user  input_tokens  output_tokens
a0       a0          chat          d           10          2           ok            u         100           100
b0       b0          chat          d           20          2           ok            u         100           100
j1       j1          nightly-tags  d           61          9           ok            -         9000          100
a1       a1          chat          d           70          0.5         rate_limited  u         -             -
b1       a1          chat          d           72          2           ok            u         100           100
a2       a2          chat          d           130         2           ok            u         100           100
b2       b2          chat          d           140         2           ok            u         100           100
a3       a3          chat          d           190         2           ok            u         100           100
b3       b3          chat          d           200         2           ok            u         100           100
j4       j4          nightly-tags  d           241         9           ok            -         9000          100
a4       a4          chat          d           250         0.5         rate_limited  u         -             -
b4       a4          chat          d           252         2           ok            u         100           100
a5       a5          chat          d           310         2           ok            u         100           100
b5       b5          chat          d           320         2           ok            u         100           100
a6       a6          chat          d           370         2           ok            u         100           100
b6       b6          chat          d           380         2           ok            u         100           100
j7       j7          nightly-tags  d           421         9           ok            -         9000          100
a7       a7          chat          d           430         0.5         rate_limited  u         -             -
b7       a7          chat          d           432         2           ok            u         100           100
a8       a8          chat          d           490         2           ok            u         100           100
b8       b8          chat          d           500         2           ok            u         100           100
a9       a9          chat          d           550         2           ok            u         100           100
b9       b9          chat          d           560         2           ok            u         100           100
j10      j10         nightly-tags  d           601         9           ok            -         9000          100
a10      a10         chat          d           610         0.5         rate_limited  u         -             -
b10      a10         chat          d           612         2           ok            u         100           100
a11      a11         chat          d           670         2           ok            u         100           100
b11      b11         chat          d           680         2           ok            u         100           100
a12      a12         chat          d           730         2           ok            u         100           100
b12      b12         chat          d           740         2           ok            u         100           100
j13      j13         nightly-tags  d           781         9           ok            -         9000          100
a13      a13         chat          d           790         0.5         rate_limited  u         -             -
b13      a13         chat          d           792         2           ok            u         100           100
a14      a14         chat          d           850         2           ok            u         100           100
b14      b14         chat          d           860         2           ok            u         100           100
'''
claims = '''
call_id  trace_id  subject  grade     waste_ms
a1       -         chat     measured  500
-        a1        chat     measured  1500
a4       -         chat     measured  500
-        a4        chat     measured  1500
a7       -         chat     measured  500
-        a7        chat     measured  1500
a10      -         chat     measured  500
-        a10       chat     measured  1500
a13      -         chat     measured  500
-        a13       chat     measured  1500
'''

[[example]]
name = "refused whenever the job runs, and hardly any minute is without it: a hint; a person refused without the job is no claim"
calls = '''
call_id  request_id  app           deployment  started_at  duration_s  status        end_user  input_tokens  output_tokens
j1       j1          nightly-tags  d           1           9           ok            -         9000          100
a1       a           chat          d           10          0.5         rate_limited  u         -             -
a2       a           chat          d           14          2           ok            u         100           100
j2       j2          nightly-tags  d           61          9           ok            -         9000          100
b1       b           chat          d           70          0.5         rate_limited  u         -             -
b2       b           chat          d           71          2           ok            u         100           100
j3       j3          nightly-tags  d           121         9           ok            -         9000          100
c1       c           chat          d           130         0.5         rate_limited  u         -             -
d1       d           chat          d           190         0.5         rate_limited  u         -             -
d2       d           chat          d           191         0.5         ok            u         100           100
'''
claims = '''
call_id  trace_id  subject  grade      waste_ms
a1       -         chat     heuristic  500
-        a         chat     heuristic  3500
b1       -         chat     heuristic  500
-        b         chat     heuristic  500
c1       -         chat     heuristic  500
'''

[[example]]
name = "as many refusals in minutes without the job: the limit is not the job's doing"
params = { min_compared = 3 }
calls = '''
call_id  request_id  app           deployment  started_at  duration_s  status        end_user  input_tokens  output_tokens
j1       j1          nightly-tags  d           1           9           ok            -         9000          100
a1       a           chat          d           10          0.5         rate_limited  u         -             -
j2       j2          nightly-tags  d           61          9           ok            -         9000          100
b1       b           chat          d           70          0.5         rate_limited  u         -             -
j3       j3          nightly-tags  d           121         9           ok            -         9000          100
c1       c           chat          d           130         0.5         rate_limited  u         -             -
d1       d           chat          d           190         0.5         rate_limited  u         -             -
e1       e           chat          d           250         0.5         rate_limited  u         -             -
f1       f           chat          d           310         0.5         ok            u         100           100
g1       g           chat          d           370         0.5         rate_limited  u         -             -
'''
claims = ""

[[example]]
name = "the job on another deployment, or too small, or three refusals in one minute: silent"
calls = '''
call_id  request_id  app           deployment  started_at  duration_s  status        end_user  input_tokens  output_tokens
j1       j1          nightly-tags  other       1           9           ok            -         9000          100
a1       a           chat          d           10          0.5         rate_limited  u         -             -
j2       j2          nightly-tags  d           61          9           ok            -         90            100
p2       p2          chat          d           61          9           ok            u         9000          100
b1       b           chat          d           70          0.5         rate_limited  u         -             -
j3       j3          nightly-tags  d           121         9           ok            -         9000          100
c1       c           chat          d           130         0.5         rate_limited  u         -             -
c2       d           chat          d           131         0.5         rate_limited  u         -             -
c3       e           chat          d           132         0.5         rate_limited  u         -             -
'''
claims = ""
---*/
WITH refused_at AS (
    -- Cheap sieve: only deployments that refused anybody are looked at.
    SELECT deployment FROM priced_calls WHERE status = 'rate_limited' GROUP BY deployment
), sent AS (
    SELECT
        p.call_id, p.unit_hash, p.request_hash, p.workload, p.deployment, w.class, p.status, p.start_us, p.end_us, p.prompt_hash,
        p.start_us - p.start_us % 60000000 AS minute_us,
        coalesce(p.input_tokens, 0) + coalesce(p.output_tokens, 0) AS tokens
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    JOIN refused_at AS r ON r.deployment = p.deployment
    WHERE p.start_us IS NOT NULL AND p.gateway_cache_hit IS NOT TRUE
), minutes AS (
    SELECT
        deployment, minute_us,
        CAST(coalesce(sum(tokens) FILTER (WHERE class = 'background'), 0) AS DOUBLE) / CAST(nullif(sum(tokens), 0) AS DOUBLE) AS background_share
    FROM sent
    GROUP BY deployment, minute_us
), peopled AS (
    -- Minutes of one workload on one deployment; those with as many people, within a factor of four, are compared. Refusals do not count as
    -- people: they are sent again.
    SELECT
        s.workload, s.deployment, s.minute_us,
        coalesce(m.background_share >= $min_background_share, FALSE) AS shared,
        CAST(floor(log2(count(*) FILTER (WHERE s.status <> 'rate_limited') + CAST(1 AS DOUBLE)) / 2) AS BIGINT) AS crowd,
        CAST(count(*) FILTER (WHERE s.status = 'rate_limited') AS DOUBLE) AS refused,
        CAST(count(*) FILTER (WHERE s.status = 'rate_limited') AS DOUBLE) / CAST(count(*) AS DOUBLE) AS rate
    FROM sent AS s
    JOIN minutes AS m ON m.deployment = s.deployment AND m.minute_us = s.minute_us
    WHERE s.class = 'interactive'
    GROUP BY s.workload, s.deployment, s.minute_us, m.background_share
), pairs AS (
    SELECT
        workload, deployment,
        count(*) OVER () AS tested,
        sum(CASE WHEN shared THEN refused ELSE 0 END) AS shared_refused,
        count(*) FILTER (WHERE shared AND refused > 0) AS bad_minutes,
        count(*) FILTER (WHERE NOT shared) AS others,
        avg(CASE WHEN NOT shared THEN rate END) AS other_rate,
        avg(CASE WHEN shared THEN rate END) AS shared_rate
    FROM peopled
    GROUP BY workload, deployment
    HAVING sum(CASE WHEN shared THEN refused ELSE 0 END) >= $min_refused AND count(*) FILTER (WHERE shared AND refused > 0) >= $min_minutes
), strata AS (
    SELECT
        p.workload, p.deployment, p.crowd,
        CAST(count(*) FILTER (WHERE p.shared) AS DOUBLE) AS n1, CAST(count(*) FILTER (WHERE NOT p.shared) AS DOUBLE) AS n0,
        avg(CASE WHEN p.shared THEN p.rate END) AS r1, avg(CASE WHEN NOT p.shared THEN p.rate END) AS r0,
        coalesce(var_samp(CASE WHEN p.shared THEN p.rate END), 0) AS v1, coalesce(var_samp(CASE WHEN NOT p.shared THEN p.rate END), 0) AS v0
    FROM peopled AS p
    JOIN pairs AS q ON q.workload = p.workload AND q.deployment = p.deployment
    GROUP BY p.workload, p.deployment, p.crowd
    HAVING count(*) FILTER (WHERE p.shared) > 0 AND count(*) FILTER (WHERE NOT p.shared) > 0
), compared AS (
    -- A minute is the unit: refusals within one are no independent events. The spread is never below that of one refusal in ten minutes.
    SELECT
        workload, deployment, sum(n0) AS compared_minutes,
        sum((r1 - r0) * n1 * n0 / (n1 + n0)) / sum(n1 * n0 / (n1 + n0)) AS more,
        sqrt(sum(power(n1 * n0 / (n1 + n0), 2) * (greatest(v1, 0.01) / n1 + greatest(v0, 0.01) / n0))) / sum(n1 * n0 / (n1 + n0)) AS error
    FROM strata
    GROUP BY workload, deployment
), judged AS (
    SELECT
        p.workload, p.deployment, p.shared_refused, p.bad_minutes,
        CASE WHEN c.compared_minutes >= $min_compared THEN 'measured' ELSE 'heuristic' END AS grade
    FROM pairs AS p
    LEFT JOIN compared AS c ON c.workload = p.workload AND c.deployment = p.deployment
    WHERE CASE WHEN c.compared_minutes >= $min_compared
        THEN c.more - c.error * sqrt(2 * ln(greatest(p.tested / (2 * $alpha), CAST(2 AS DOUBLE)))) > 0
        ELSE p.others < $min_compared AND coalesce(p.other_rate, 0) < p.shared_rate END
), attempts AS (
    SELECT
        s.call_id, s.unit_hash, s.workload, s.deployment, s.status, s.start_us, s.end_us, s.minute_us,
        lead(s.start_us) OVER (PARTITION BY s.unit_hash, coalesce(s.request_hash, s.prompt_hash) ORDER BY s.start_us, s.call_id) AS again_us
    FROM sent AS s
    JOIN judged AS j ON j.workload = s.workload AND j.deployment = s.deployment
    WHERE s.class = 'interactive'
), blamed AS (
    SELECT a.*, j.grade, m.background_share
    FROM attempts AS a
    JOIN judged AS j ON j.workload = a.workload AND j.deployment = a.deployment
    JOIN minutes AS m ON m.deployment = a.deployment AND m.minute_us = a.minute_us
    WHERE a.status = 'rate_limited' AND m.background_share >= $min_background_share
), told AS (
    SELECT
        workload,
        count(*) AS refused,
        count(DISTINCT minute_us) AS minutes,
        round(100 * avg(background_share), 0) AS background_percent
    FROM blamed
    GROUP BY workload
), sent_again AS (
    SELECT min(call_id) AS call_id, workload, grade, sum(again_us - coalesce(end_us, start_us)) / CAST(1000 AS DOUBLE) AS waste_ms
    FROM blamed
    WHERE again_us > coalesce(end_us, start_us)
    GROUP BY unit_hash, workload, grade
), waits AS (
    SELECT call_id, CAST(NULL AS STRING) AS trace_id, workload, grade, (end_us - start_us) / CAST(1000 AS DOUBLE) AS waste_ms
    FROM blamed
    WHERE end_us > start_us
    UNION ALL
    SELECT CAST(NULL AS BIGINT), coalesce(c.trace_id, c.request_id, CAST(c.call_id AS STRING)), a.workload, a.grade, a.waste_ms
    FROM sent_again AS a
    JOIN calls AS c ON c.call_id = a.call_id
)
SELECT
    w.call_id,
    w.trace_id,
    w.workload AS subject,
    w.grade,
    w.waste_ms,
    t.refused AS evidence_refused,
    t.minutes AS evidence_minutes,
    t.background_percent AS evidence_background_percent
FROM waits AS w
JOIN told AS t ON t.workload = w.workload
