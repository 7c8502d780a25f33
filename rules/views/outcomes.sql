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
evidence = "what says so: score, or last call's status and finish reason; its status alone where nearly all answers of its workload are cut short on purpose"
spend_usd = "everything billed for the unit, failures and retries included; NULL where nothing is priced, or a call that was answered or carries tokens is not"
known_usd = "what is priced of it: a lower bound where spend_usd is NULL"
start_us = "first start, microseconds since 1970"
end_us = "last known end, microseconds since 1970"
duration_ms = "end minus start"
ttft_ms = "first token of the first call minus start, where streamed"
end_user = "true if any call names an end user"

[params.good_score]
default = 0.5
help = "A unit with an explicit score succeeded at or above this: scores are 0 to 1 and half is the neutral point."

[params.setting_share]
default = 0.9
help = "An answer that was cut off is a failure where it is an accident. Where nine of ten answers of a workload end at a small max_tokens (a label of one token, a completion of sixteen, a health check) the cut is what was asked for: a limit set against accidents lies beyond most answers, not below nearly all."

[params.setting_tokens]
default = 64
help = "What ends on purpose is a label, a score or the rest of a line: 64 tokens are some fifty words. Longer answers were to say more, and one that spent its tokens on reasoning has said nothing: where all of those are cut, something broke."

[params.setting_calls]
default = 20
help = "Of fewer answers nine in ten may be cut by chance."

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
name = "a call without a price hides what its unit cost; a failure without usage, a call without tokens and a gateway's own answer do not"
calls = '''
call_id  trace_id  app  provider  model  started_at  duration_s  status        input_tokens  output_tokens  logged_cost  gateway_cache_hit
a        t1        w    p         m      0           1           ok            100           10             0.25         -
b        t1        w    q         x      2           1           ok            9000          200            0            -
c        t2        w    p         m      0           1           ok            100           10             0.25         -
d        t2        w    q         x      2           1           rate_limited  -             -              -            -
e        t3        w    p         m      0           1           ok            100           10             0.25         -
f        t3        w    q         x      2           1           ok            -             -              -            -
g        t4        w    p         m      0           1           ok            100           10             0.25         -
h        t4        w    q         tool   2           1           ok            0             0              0            -
i        t4        w    q         x      3           1           ok            9000          200            0            true
'''
rows = '''
unit_key  calls  spend_usd  known_usd
b         2      -          0.25
d         2      0.25       0.25
f         2      -          0.25
h         3      0.25       0.25
'''

[[example]]
name = "a workload whose answers all end at a small max_tokens is meant to: the status tells; long answers that are all cut are broken"
params = { setting_calls = 3 }
calls = '''
call_id  trace_id  app  started_at  status  finish_reason  output_tokens
a        t1        v    0           ok      length         1
b        t2        v    1           ok      length         1
c        t3        v    2           ok      length         1
d        t4        v    3           error   -              -
e        t5        w    0           ok      length         1
f        t6        w    1           ok      length         1
g        t7        w    2           ok      stop           1
h        t8        x    0           ok      length         1
i        t8        w    1           ok      length         1
j        t9        w    0           ok      stop           1
k        t9        v    1           ok      length         1
l        t10       y    0           ok      length         500
m        t11       y    1           ok      length         500
n        t12       y    2           ok      length         500
'''
rows = '''
unit_key  workload  succeeded  evidence
a         v         true       last call's status where nearly all answers are cut short on purpose
b         v         true       last call's status where nearly all answers are cut short on purpose
c         v         true       last call's status where nearly all answers are cut short on purpose
d         v         false      last call's status and finish reason
e         w         false      last call's status and finish reason
f         w         false      last call's status and finish reason
g         w         true       last call's status and finish reason
h         x         false      last call's status and finish reason
j         w         true       last call's status where nearly all answers are cut short on purpose
l         y         false      last call's status and finish reason
m         y         false      last call's status and finish reason
n         y         false      last call's status and finish reason
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
), capped AS (
    SELECT workload
    FROM priced_calls
    WHERE status = 'ok' AND finish_reason IS NOT NULL
    GROUP BY workload
    HAVING count(*) >= $setting_calls
        AND count(*) FILTER (WHERE finish_reason = 'length' AND output_tokens <= $setting_tokens AND coalesce(reasoning_tokens, 0) = 0)
            >= $setting_share * count(*)
), sums AS (
    -- Most units are one call, which is the first, the last and the only one.
    SELECT
        p.unit_hash,
        min(p.call_id) AS unit_key,
        count(*) AS calls,
        avg(s.score) AS score,
        CAST(sum(p.billed_usd) AS DECIMAL(38, 12)) AS known_usd,
        -- Its price is unknown, not zero: a sum of the others would stand for the whole.
        bool_or(p.billed_usd IS NULL AND (
            coalesce(p.input_tokens, 0) + coalesce(p.output_tokens, 0) > 0
            OR (p.status = 'ok' AND p.model IS NOT NULL AND p.input_tokens IS NULL AND p.output_tokens IS NULL)
        )) AS part_unknown,
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
        max(workload) FILTER (WHERE nth_last = 1) AS last_workload,
        max(status) FILTER (WHERE nth_last = 1) AS last_status,
        max(finish_reason) FILTER (WHERE nth_last = 1) AS last_finish,
        max(ttft_ms) FILTER (WHERE nth = 1) AS ttft_ms
    FROM ranked
    GROUP BY unit_key
), units AS (
    SELECT
        s.unit_hash, s.unit_key, s.calls, s.score, s.known_usd, s.part_unknown, s.start_us, s.end_us, s.end_user,
        coalesce(m.requests, 1) AS requests,
        CASE WHEN m.unit_key IS NULL THEN s.workload ELSE m.workload END AS workload,
        CASE WHEN m.unit_key IS NULL THEN s.workload ELSE m.last_workload END AS last_workload,
        CASE WHEN m.unit_key IS NULL THEN s.last_status ELSE m.last_status END AS last_status,
        CASE WHEN m.unit_key IS NULL THEN s.last_finish ELSE m.last_finish END AS last_finish,
        CASE WHEN m.unit_key IS NULL THEN s.ttft_ms ELSE m.ttft_ms END AS ttft_ms
    FROM sums AS s
    LEFT JOIN several AS m ON m.unit_key = s.unit_key
)
SELECT
    unit_hash,
    unit_key,
    u.workload,
    calls,
    requests,
    CASE WHEN score IS NOT NULL THEN score >= $good_score
         WHEN last_status IS NULL THEN NULL
         WHEN last_status = 'ok' AND c.workload IS NOT NULL THEN TRUE
         ELSE last_status = 'ok' AND coalesce(last_finish, 'stop') NOT IN ('length', 'content_filter', 'error') END AS succeeded,
    last_status = 'ok' AS answered,
    CASE WHEN score IS NOT NULL THEN 'score'
         WHEN last_status = 'ok' AND c.workload IS NOT NULL THEN 'last call''s status where nearly all answers are cut short on purpose'
         WHEN last_status IS NOT NULL THEN 'last call''s status and finish reason' END AS evidence,
    CASE WHEN NOT coalesce(part_unknown, FALSE) THEN known_usd END AS spend_usd,
    known_usd,
    start_us,
    end_us,
    (end_us - start_us) / CAST(1000 AS DOUBLE) AS duration_ms,
    ttft_ms,
    end_user
FROM units AS u
LEFT JOIN capped AS c ON c.workload = u.last_workload AND u.last_finish = 'length'
