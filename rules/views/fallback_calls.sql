/*---
kind = "view"
title = "Calls that a dearer model answered because the usual one had failed"
why = """A request that failed on one model and was answered by a dearer one says which is whose fallback in a workload. From then on every call on the dearer model is a fallback until the first model answers the \
workload again. A router that sends each request to the model that suits it leaves no row: its last try at the first model did not fail."""

[columns]
call_id = "the call, answered by the fallback"
workload = "as in call_workloads"
first_provider = "of the model that failed"
first_model = "the model that failed, and was the usual one until then"
fallback_model = "the dearer model that answered"
tried = "this very request was tried on the first model, and failed there"
since_us = "microseconds since the workload's last failed try at the first model"
proven = "since that failure the log shows the first model answering another workload"

[params.probe_s]
default = 60
help = "Answers of the first model to others are looked at minute by minute, which is fine enough for an outage."

[[example]]
name = "from the first failure to the next answer of the first model; a router and a dear model that was the usual one leave no row"
calls = '''
call_id  request_id  workload  provider  model  started_at  duration_s  status
a        r0          bot       p         small  0           1           ok
b        r1          bot       p         small  100         1           error
c        r1          bot       p         big    102         1           ok
d        r2          bot       p         big    200         1           ok
e        r3          bot       p         small  300         1           ok
f        r4          bot       p         big    400         1           ok
g        r5          other     p         small  150         1           ok
h        r6          usual     p         big    0           1           ok
i        r7          usual     p         big    10          1           ok
j        r8          usual     p         small  20          1           error
k        r8          usual     p         big    22          1           ok
'''
models = '''
provider  model  blended_usd_per_mtok
p         small  1
p         big    10
'''
rows = '''
call_id  workload  first_model  fallback_model  tried  since_us   proven
c        bot       small        big             true   2000000    false
d        bot       small        big             false  100000000  true
'''
---*/
WITH fell AS (
    SELECT request_hash, workload, provider, model, start_us
    FROM priced_calls
    WHERE status IN ('error', 'rate_limited', 'timeout') AND request_hash IS NOT NULL AND start_us IS NOT NULL
), pairs AS (
    -- A request that failed on the first model and was answered by a dearer one says which is whose fallback.
    SELECT
        f.workload, f.provider, f.model, n.provider AS fallback_provider, n.model AS fallback_model,
        row_number() OVER (ORDER BY f.workload, f.provider NULLS FIRST, f.model, n.provider NULLS FIRST, n.model) AS pair
    FROM fell AS f
    JOIN priced_calls AS n ON n.request_hash = f.request_hash AND n.workload = f.workload AND n.status = 'ok' AND n.start_us > f.start_us
    JOIN models AS x ON x.provider IS NOT DISTINCT FROM f.provider AND x.model = f.model
    JOIN models AS y ON y.provider IS NOT DISTINCT FROM n.provider AND y.model = n.model
    WHERE y.blended_usd_per_mtok > x.blended_usd_per_mtok
    GROUP BY f.workload, f.provider, f.model, n.provider, n.model
), probes AS (
    SELECT provider, model, workload, start_us - start_us % ($probe_s * 1000000) AS minute_us, min(start_us) AS at_us
    FROM priced_calls
    WHERE status = 'ok' AND start_us IS NOT NULL AND EXISTS (SELECT 1 FROM pairs)
    GROUP BY provider, model, workload, start_us - start_us % ($probe_s * 1000000)
), events AS (
    SELECT
        r.pair, p.start_us AS at_us, p.call_id, p.request_hash,
        CASE WHEN p.provider IS NOT DISTINCT FROM r.provider AND p.model = r.model
             THEN CASE WHEN p.status = 'ok' THEN 'answered' WHEN p.status IN ('error', 'rate_limited', 'timeout') THEN 'failed' ELSE 'other' END
             WHEN p.status = 'ok' THEN 'fallback' ELSE 'other' END AS kind
    FROM pairs AS r
    JOIN priced_calls AS p
        ON p.workload = r.workload
        AND ((p.provider IS NOT DISTINCT FROM r.provider AND p.model = r.model)
            OR (p.provider IS NOT DISTINCT FROM r.fallback_provider AND p.model = r.fallback_model))
    WHERE p.start_us IS NOT NULL
    UNION ALL
    SELECT r.pair, b.at_us, NULL, NULL, 'elsewhere'
    FROM pairs AS r
    JOIN probes AS b ON b.provider IS NOT DISTINCT FROM r.provider AND b.model = r.model AND b.workload <> r.workload
), sorted AS (
    SELECT *, max(CASE WHEN kind = 'failed' THEN 1 ELSE 0 END) OVER (PARTITION BY pair, request_hash) = 1 AND request_hash IS NOT NULL AS tried FROM events
), counted AS (
    SELECT
        *,
        sum(CASE WHEN kind IN ('answered', 'failed') THEN 1 ELSE 0 END) OVER so_far AS first_tries,
        sum(CASE WHEN kind = 'fallback' AND NOT tried THEN 1 ELSE 0 END) OVER so_far AS unasked
    FROM sorted
    WINDOW so_far AS (PARTITION BY pair ORDER BY at_us, call_id NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), history AS (
    SELECT
        *,
        max(CASE WHEN kind = 'answered' THEN at_us END) OVER so_far AS answered_us,
        max(CASE WHEN kind = 'failed' THEN at_us END) OVER so_far AS failed_us,
        max(CASE WHEN kind = 'elsewhere' THEN at_us END) OVER so_far AS elsewhere_us,
        max(CASE WHEN kind = 'failed' THEN first_tries END) OVER so_far AS first_tries_by_then,
        max(CASE WHEN kind = 'failed' THEN unasked END) OVER so_far AS unasked_by_then
    FROM counted
    WINDOW so_far AS (PARTITION BY pair ORDER BY at_us, call_id NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
-- Until it failed for the last time the first model was the usual one: more tries at it than calls that went to the other without one.
SELECT
    h.call_id, r.workload, r.provider AS first_provider, r.model AS first_model, r.fallback_model,
    h.tried, h.at_us - h.failed_us AS since_us, coalesce(h.elsewhere_us > h.failed_us, FALSE) AS proven
FROM history AS h
JOIN pairs AS r ON r.pair = h.pair
WHERE h.kind = 'fallback' AND h.failed_us > coalesce(h.answered_us, 0) AND h.first_tries_by_then > h.unasked_by_then
