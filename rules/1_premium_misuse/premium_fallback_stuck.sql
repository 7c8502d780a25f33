/*---
title = "A fallback that was meant for minutes became the rule"
why = """A model failed, its calls fell back on a dearer one, and they are still there: nobody tries the first model again. A circuit that never closes, a flag that nobody turned back and a client \
that keeps the last model that worked all look like this. Claimed are calls on the fallback that began long after the last failure, without a try of their own at the first model; structural \
where the log shows that the first model was answering others by then, heuristic where nobody asked it."""
action = "Bring {subject} back from {fallback} to {target}: it stayed on the fallback for {stuck_minutes} minutes after the last failure"
fix = "routing"
grade = "structural"
effect = "spend"
needs = ["status", "started_at", "models"]
false_positives = """A team may have decided during the outage to stay. A router that sends each request to the model that suits it is left out, since its last try at the first model did not fail; \
so are calls that tried the first model and failed, however long an outage lasts."""

[params.patience_s]
default = 900
help = "Gateways rest a failing deployment for seconds to minutes, and a careful operator for a quarter of an hour; after that the fallback is no longer brief."

[params.min_calls]
default = 10
help = "Traffic that keeps running on the fallback, not a stray call or two."

[params.probe_s]
default = 60
help = "Answers of the first model to others are looked at minute by minute, which is fine enough for an outage."

[[requires]]
sql = "SELECT count_if(status IN ('error', 'rate_limited', 'timeout')) > 0 OR count(*) = 0 FROM calls"
reason = "the log has no failed attempts: what a call fell back from is not in it"
setting = "log failed attempts too, with the request id that their fallback shares"

[[example]]
name = "after one failure everything stays on the dear model, although the first one answers others"
params = { min_calls = 2 }
calls = '''
call_id  request_id  workload  provider  model  started_at  duration_s  status  input_tokens  output_tokens
a        r0          bot       p         small  0           1           ok      100           10
b        r1          bot       p         small  100         1           error   -             -
c        r1          bot       p         big    102         1           ok      100           10
d        r2          bot       p         big    200         1           ok      100           10
e        r3          bot       p         big    1200        1           ok      100           10
f        r4          bot       p         big    1300        1           ok      100           10
g        r5          other     p         small  1100        1           ok      100           10
'''
models = '''
provider  model  blended_usd_per_mtok
p         small  1
p         big    10
'''
claims = '''
call_id  subject  grade       fix      route_to
e        bot      structural  routing  p/small
f        bot      structural  routing  p/small
'''

[[example]]
name = "nobody asked the first model since: heuristic"
params = { min_calls = 2 }
calls = '''
call_id  request_id  workload  provider  model  started_at  duration_s  status  input_tokens  output_tokens
b        r1          bot       p         small  100         1           error   -             -
c        r1          bot       p         big    102         1           ok      100           10
e        r3          bot       p         big    1200        1           ok      100           10
f        r4          bot       p         big    1300        1           ok      100           10
'''
models = '''
provider  model  blended_usd_per_mtok
p         small  1
p         big    10
'''
claims = '''
call_id  grade      route_to
e        heuristic  p/small
f        heuristic  p/small
'''

[[example]]
name = "a brief fallback, an outage that is tried again each time, a router, a move without a failure, a cheaper fallback, a dear model that was the usual one: silent"
params = { min_calls = 1 }
calls = '''
call_id  request_id  workload  provider  model  started_at  duration_s  status  input_tokens  output_tokens
a1       r1          brief     p         small  0           1           error   -             -
a2       r1          brief     p         big    2           1           ok      100           10
a3       r2          brief     p         big    600         1           ok      100           10
a4       r3          brief     p         small  700         1           ok      100           10
a5       r4          brief     p         big    1700        1           ok      100           10
b1       r5          outage    p         small  0           1           error   -             -
b2       r5          outage    p         big    2           1           ok      100           10
b3       r6          outage    p         small  2000        1           error   -             -
b4       r6          outage    p         big    2002        1           ok      100           10
c1       r7          router    p         big    0           1           ok      100           10
c2       r8          router    p         small  2000        1           ok      100           10
c3       r9          router    p         big    4000        1           ok      100           10
d1       r10         moved     p         small  0           1           ok      100           10
d2       r11         moved     p         big    2000        1           ok      100           10
e1       r12         thrifty   p         big    0           1           error   -             -
e2       r12         thrifty   p         small  2           1           ok      100           10
e3       r13         thrifty   p         small  2000        1           ok      100           10
f1       r14         usual     p         big    0           1           ok      100           10
f2       r15         usual     p         big    10          1           ok      100           10
f3       r16         usual     p         small  20          1           error   -             -
f4       r16         usual     p         big    22          1           ok      100           10
f5       r17         usual     p         big    2000        1           ok      100           10
'''
models = '''
provider  model  blended_usd_per_mtok
p         small  1
p         big    10
'''
claims = ""
---*/
WITH fell AS (
    SELECT request_id, workload, provider, model, start_us
    FROM priced_calls
    WHERE status IN ('error', 'rate_limited', 'timeout') AND request_id IS NOT NULL AND start_us IS NOT NULL
), pairs AS (
    -- A request that failed on the first model and was answered by a dearer one says which is whose fallback.
    SELECT
        f.workload, f.provider, f.model, n.provider AS fallback_provider, n.model AS fallback_model,
        row_number() OVER (ORDER BY f.workload, f.provider NULLS FIRST, f.model, n.provider NULLS FIRST, n.model) AS pair
    FROM fell AS f
    JOIN priced_calls AS n ON n.request_id = f.request_id AND n.workload = f.workload AND n.status = 'ok' AND n.start_us > f.start_us
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
        r.pair, p.start_us AS at_us, p.call_id, p.request_id,
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
    SELECT *, max(CASE WHEN kind = 'failed' THEN 1 ELSE 0 END) OVER (PARTITION BY pair, request_id) = 1 AND request_id IS NOT NULL AS tried FROM events
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
), stuck AS (
    -- Until it failed for the last time the first model was the usual one: more tries at it than calls that went to the other without one.
    SELECT pair, call_id, at_us - failed_us AS since_us, coalesce(elsewhere_us > failed_us, FALSE) AS proven
    FROM history
    WHERE kind = 'fallback' AND NOT tried AND failed_us > coalesce(answered_us, 0) AND at_us - failed_us >= $patience_s * 1000000
      AND first_tries_by_then > unasked_by_then
), lasting AS (
    SELECT pair, count(*) AS calls, max(since_us) AS longest_us FROM stuck GROUP BY pair HAVING count(*) >= $min_calls
), told AS (
    SELECT r.workload, CAST(sum(l.calls) AS BIGINT) AS calls, CAST(round(max(l.longest_us) / 60000000) AS BIGINT) AS minutes,
        CASE WHEN count(*) = 1 THEN min(r.fallback_model) ELSE concat(min(r.fallback_model), ' and others') END AS fallback
    FROM lasting AS l
    JOIN pairs AS r ON r.pair = l.pair
    GROUP BY r.workload
)
SELECT
    s.call_id,
    r.workload AS subject,
    concat_ws('/', r.provider, r.model) AS route_to,
    CASE WHEN s.proven THEN 'structural' ELSE 'heuristic' END AS grade,
    t.fallback AS evidence_fallback,
    concat_ws('/', r.provider, r.model) AS evidence_target,
    t.minutes AS evidence_stuck_minutes,
    t.calls AS evidence_calls
FROM stuck AS s
JOIN lasting AS l ON l.pair = s.pair
JOIN pairs AS r ON r.pair = s.pair
JOIN told AS t ON t.workload = r.workload
