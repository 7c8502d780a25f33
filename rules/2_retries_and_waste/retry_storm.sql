/*---
title = "The same request sent again and again while it keeps failing"
why = """A provider that says 'too many requests' or fails outright is asked again before it could recover: each re-send counts against the same \
limit, holds up the caller, and is paid for where the failure is. The first send and the one that succeeded are never waste. The usual cause is a \
retry loop in the client or SDK with a short or fixed pause, often on top of another one in the gateway. How the pauses grew is given as evidence \
(median ratio of successive pauses: about 2 is exponential back-off, about 1 is none); it is not required to be absent. Re-sends of an error that will \
not pass are retry_of_permanent_error's: pauses do not mend them. Retries hidden inside a gateway \
or SDK are not in the log, so every count here is a lower bound."""
action = "{subject}: retry at most twice with doubling pauses, in one layer only ({storms} storms of up to {max_sends} sends)"
fix = "retry_discipline"
grade = "structural"
needs = ["status"]
effect = "both"
false_positives = """A patient client that must wait out a short outage sends three times too, and one of the re-sends would have been needed to learn that it \
was over. Where the log does not hold the parameters, a repaired request (shorter output, other settings) looks like the same one: then the grade is \
heuristic. Without any caller identity in the log, different clients with the same prompt look like one."""

[params.min_sends]
default = 3
help = "One retry is good manners and two sends are no storm; from the third send on, the client is not learning from the failures."

[params.window_s]
default = 60
help = "Most rate limits are per minute: sends spread wider than that have let the limit reset in between."

[[requires]]
sql = """SELECT count(prompt_hash) > 0 OR EXISTS (
    SELECT 1 FROM calls WHERE request_id IN (SELECT request_id FROM calls WHERE status <> 'ok') GROUP BY request_id HAVING count(*) > 2) FROM calls"""
reason = "the log carries no prompts (or their hash), and no request id that three attempts share: a request sent again cannot be recognised"
setting = "log prompts or their hash, or the client's request id on every attempt"

[[example]]
name = "three sends, beside an innocent neighbour"
calls = '''
call_id  started_at  workload  prompt_hash  params_hash  status        billed_usd
a        0           w         p1           q            rate_limited  0.5
b        5           w         p1           q            rate_limited  0.5
c        9           w         p1           q            ok            0.5
d        9           w         p2           q            rate_limited  0.5
'''
claims = '''
call_id  subject  grade       drop  waste_ms
b        w        structural  true  4000
'''

[[example]]
name = "failures that cost nothing waste time only; the last send failed as well"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status        billed_usd
a        0           0.25        w         p1           q            rate_limited  -
b        1           0.25        w         p1           q            rate_limited  -
c        3           0.5         w         p1           q            error         0
'''
claims = '''
call_id  drop  waste_ms
b        -     250
c        -     500
'''

[[example]]
name = "parameters unknown: perhaps a repaired request, so heuristic"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  status  billed_usd
a        0           1           w         p1           error   0.5
b        2           1           w         p1           error   0.5
c        4           1           w         p1           ok      0.5
'''
claims = '''
call_id  grade      drop
b        heuristic  true
'''

[[example]]
name = "a bad request sent again and again is no storm; after a limit it is, until it is refused for good"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status        http_status
a        0           1           w         p1           q            error         400
b        2           1           w         p1           q            error         400
c        4           1           w         p1           q            error         400
d        0           1           v         p2           q            rate_limited  429
e        2           1           v         p2           q            rate_limited  429
f        4           1           v         p2           q            error         400
g        6           1           v         p2           q            error         400
'''
claims = '''
call_id  subject  waste_ms
e        v        1000
f        v        1000
'''

[[example]]
name = "a retry after back-off, a successful poller, three clients, patient re-sends and parallel sends that fail together: silent"
calls = '''
call_id  api_key_alias  started_at  duration_s  workload  prompt_hash  params_hash  status        billed_usd
r1       k              0           1           w         p1           q            rate_limited  0.5
r2       k              4           1           w         p1           q            ok            0.5
p1       k              0           1           w         p2           q            ok            0.5
p2       k              5           1           w         p2           q            ok            0.5
p3       k              10          1           w         p2           q            ok            0.5
p4       k              15          1           w         p2           q            ok            0.5
c1       k1             0           1           w         p3           q            rate_limited  0.5
c2       k2             3           1           w         p3           q            rate_limited  0.5
c3       k3             6           1           w         p3           q            rate_limited  0.5
s1       k              0           1           w         p4           q            rate_limited  0.5
s2       k              35          1           w         p4           q            rate_limited  0.5
s3       k              80          1           w         p4           q            ok            0.5
n1       k              0           1           w         p5           q            rate_limited  0.5
n2       k              0           1           w         p5           q            rate_limited  0.5
n3       k              0           1           w         p5           q            rate_limited  0.5
'''
claims = ""
---*/
WITH crowded AS (
    SELECT
        *,
        count(*) OVER (
            PARTITION BY chain_id ORDER BY start_us RANGE BETWEEN $window_s * CAST(1000000 AS BIGINT) PRECEDING AND CURRENT ROW
        ) AS recent_sends
    FROM attempt_chains
    WHERE sends >= $min_sends
), storms AS (
    SELECT
        *,
        max(recent_sends) OVER (
            PARTITION BY chain_id ORDER BY start_us RANGE BETWEEN CURRENT ROW AND $window_s * CAST(1000000 AS BIGINT) FOLLOWING
        ) AS densest,
        wait_ms / nullif(lag(CASE WHEN send > 1 THEN wait_ms END) OVER (PARTITION BY chain_id ORDER BY send), 0) AS wait_ratio
    FROM crowded
), resent AS (
    SELECT s.*
    FROM storms AS s
    LEFT JOIN permanent_resends AS p ON p.call_id = s.call_id
    WHERE s.densest >= $min_sends AND s.send > 1 AND p.call_id IS NULL
), chains AS (
    SELECT workload, chain_id, max(sends) AS sends FROM resent WHERE failed GROUP BY workload, chain_id
), by_workload AS (
    SELECT workload, count(*) AS storms, max(sends) AS most_sends FROM chains GROUP BY workload
), waits AS (
    SELECT
        workload,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY wait_ratio) AS median_ratio,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY wait_ms) AS median_wait_ms
    FROM resent
    GROUP BY workload
)
SELECT
    s.call_id,
    s.workload AS subject,
    CASE WHEN s.params_known OR NOT s.prompt_known THEN 'structural' ELSE 'heuristic' END AS grade,
    CASE WHEN s.billed_usd > 0 THEN TRUE END AS drop,
    coalesce(s.duration_ms, (s.next_start_us - s.start_us) / CAST(1000 AS DOUBLE)) AS waste_ms,
    w.storms AS evidence_storms,
    w.most_sends AS evidence_max_sends,
    round(t.median_wait_ms, 0) AS evidence_median_wait_ms,
    round(t.median_ratio, 2) AS evidence_median_wait_ratio,
    'lower bound: attempts hidden inside a gateway or SDK are not in the log' AS evidence_counts_are
FROM resent AS s
JOIN by_workload AS w ON w.workload = s.workload
JOIN waits AS t ON t.workload = s.workload
WHERE s.failed
    AND (s.billed_usd > 0 OR s.duration_ms IS NOT NULL OR s.next_start_us IS NOT NULL)
