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

[[requires]]
sql = "SELECT count(*) FILTER (WHERE status IN ('error', 'rate_limited', 'timeout')) > 0 OR count(*) = 0 FROM calls"
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
WITH stuck AS (
    SELECT * FROM fallback_calls WHERE NOT tried AND since_us >= $patience_s * 1000000
), lasting AS (
    SELECT workload, first_provider, first_model, fallback_model, count(*) AS calls, max(since_us) AS longest_us
    FROM stuck
    GROUP BY workload, first_provider, first_model, fallback_model
    HAVING count(*) >= $min_calls
), told AS (
    SELECT
        workload, CAST(sum(calls) AS BIGINT) AS calls, CAST(round(max(longest_us) / CAST(60000000 AS DOUBLE)) AS BIGINT) AS minutes,
        CASE WHEN count(*) = 1 THEN min(fallback_model) ELSE concat_ws('', min(fallback_model), ' and others') END AS fallback
    FROM lasting
    GROUP BY workload
)
SELECT
    s.call_id,
    s.workload AS subject,
    concat_ws('/', s.first_provider, s.first_model) AS route_to,
    CASE WHEN s.proven THEN 'structural' ELSE 'heuristic' END AS grade,
    t.fallback AS evidence_fallback,
    concat_ws('/', s.first_provider, s.first_model) AS evidence_target,
    t.minutes AS evidence_stuck_minutes,
    t.calls AS evidence_calls
FROM stuck AS s
JOIN lasting AS l
    ON l.workload = s.workload AND l.first_provider IS NOT DISTINCT FROM s.first_provider AND l.first_model = s.first_model
    AND l.fallback_model = s.fallback_model
JOIN told AS t ON t.workload = s.workload
