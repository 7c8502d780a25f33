/*---
kind = "view"
title = "One row per unit of outcome: did the user get what they asked for, and what did it cost"
why = "Cost per call flatters a system that needs five calls for one answer. The unit is the trace, else the request, never a guess from gaps in time."

[columns]
unit_key = "the unit: its smallest call_id"
unit_hash = "as in priced_calls: trace_id, else request_id, else the call, as a number"
workload = "workload of the unit's first call"
calls = "attempts at a model"
requests = "client requests"
succeeded = "true, false, or NULL where neither a score nor a status is known"
answered = "the last call got an answer, whatever its score and finish reason; NULL where its status is unknown"
evidence = "what says so: score, or last call's status and finish reason"
spend_usd = "everything billed for the unit, failures and retries included; NULL where nothing is priced"
start_us = "first start, microseconds since 1970"
end_us = "last known end, microseconds since 1970"
duration_ms = "end minus start"
ttft_ms = "first token of the first call minus start, where streamed"
end_user = "true if any call names an end user"

[params.good_score]
default = 0.5
help = "A unit with an explicit score succeeded at or above this: scores are 0 to 1 and half is the neutral point."

[[example]]
name = "a failure that was retried with success is one success that cost both"
calls = '''
call_id  trace_id  app  started_at  duration_s  status  finish_reason  logged_cost
a        t1        w    0           1           error   -              0.25
b        t1        w    2           1           ok      stop           0.5
c        t2        w    0           1           ok      length         0.5
d        t3        w    0           1           error   -              -
'''
rows = '''
unit_key  calls  succeeded  answered  spend_usd  duration_ms
b         2      true       true      0.75       3000
c         1      false      true      0.5        1000
d         1      false      false     -          1000
'''

[[example]]
name = "an explicit score overrules the status"
calls = '''
call_id  trace_id  app  started_at  status  score
a        t1        w    0           ok      0.1
b        t2        w    0           ok      0.9
'''
rows = '''
unit_key  succeeded  answered  evidence
a         false      true      score
b         true       true      score
'''
---*/
WITH scored AS (
    SELECT call_id, score FROM calls WHERE score IS NOT NULL
), sums AS (
    -- Most units are one call, which is the first, the last and the only one.
    SELECT
        p.unit_hash,
        min(p.call_id) AS unit_key,
        count(*) AS calls,
        avg(s.score) AS score,
        CAST(sum(p.billed_usd) AS DECIMAL(38, 12)) AS spend_usd,
        min(p.start_us) AS start_us,
        max(p.end_us) AS end_us,
        bool_or(p.has_end_user) AS end_user,
        max(p.workload) AS workload,
        max(p.status) AS last_status,
        max(p.finish_reason) AS last_finish,
        max(p.ttft_ms) AS ttft_ms
    FROM priced_calls AS p
    LEFT JOIN scored AS s ON s.call_id = p.call_id
    GROUP BY p.unit_hash
), ranked AS (
    SELECT
        s.unit_key, p.workload, p.request_hash, p.call_id, p.status, p.finish_reason, p.ttft_ms,
        row_number() OVER (PARTITION BY s.unit_key ORDER BY p.start_us NULLS LAST, p.end_us NULLS LAST, p.call_id) AS nth,
        row_number() OVER (PARTITION BY s.unit_key ORDER BY p.start_us DESC NULLS LAST, p.end_us DESC NULLS LAST, p.call_id DESC) AS nth_last
    FROM priced_calls AS p
    JOIN sums AS s ON s.unit_hash = p.unit_hash AND s.calls > 1
), several AS (
    SELECT
        unit_key,
        count(DISTINCT coalesce(request_hash, -call_id)) AS requests,
        max(workload) FILTER (WHERE nth = 1) AS workload,
        max(status) FILTER (WHERE nth_last = 1) AS last_status,
        max(finish_reason) FILTER (WHERE nth_last = 1) AS last_finish,
        max(ttft_ms) FILTER (WHERE nth = 1) AS ttft_ms
    FROM ranked
    GROUP BY unit_key
), units AS (
    SELECT
        s.unit_hash, s.unit_key, s.calls, s.score, s.spend_usd, s.start_us, s.end_us, s.end_user,
        coalesce(m.requests, 1) AS requests,
        CASE WHEN m.unit_key IS NULL THEN s.workload ELSE m.workload END AS workload,
        CASE WHEN m.unit_key IS NULL THEN s.last_status ELSE m.last_status END AS last_status,
        CASE WHEN m.unit_key IS NULL THEN s.last_finish ELSE m.last_finish END AS last_finish,
        CASE WHEN m.unit_key IS NULL THEN s.ttft_ms ELSE m.ttft_ms END AS ttft_ms
    FROM sums AS s
    LEFT JOIN several AS m ON m.unit_key = s.unit_key
)
SELECT
    unit_hash,
    unit_key,
    workload,
    calls,
    requests,
    CASE WHEN score IS NOT NULL THEN score >= $good_score
         WHEN last_status IS NULL THEN NULL
         ELSE last_status = 'ok' AND coalesce(last_finish, 'stop') NOT IN ('length', 'content_filter', 'error') END AS succeeded,
    last_status = 'ok' AS answered,
    CASE WHEN score IS NOT NULL THEN 'score' WHEN last_status IS NOT NULL THEN 'last call''s status and finish reason' END AS evidence,
    spend_usd,
    start_us,
    end_us,
    (end_us - start_us) / CAST(1000 AS DOUBLE) AS duration_ms,
    ttft_ms,
    end_user
FROM units
