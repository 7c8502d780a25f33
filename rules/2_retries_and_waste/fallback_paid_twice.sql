/*---
title = "A fallback that was paid for after an attempt that had been billed already"
why = """A request failed on one model or deployment after it had cost money, and was then answered by another one: the same request was paid for twice or more. A time-out that is shorter than the first model needs, \
a stream that is cut off late and a fallback that starts only after several billed tries are the usual causes. Claimed are the earlier attempts; the one that came last is what the user got."""
action = "{subject}: {billed_attempts} attempts were billed before their fallback was: fail earlier (time-out on the first token), or fall back before the money is spent"
fix = "retry_discipline"
grade = "structural"
effect = "spend"
needs = ["status", "started_at"]
false_positives = """What paid_failures says of logs that count tokens of unbilled refusals holds here too: such a refusal is never claimed. A cascade that asks a cheap model first and a better one when the answer does not \
convince is no fallback: its first answer did not fail, and is left alone."""

[params.within_s]
default = 60
help = "Where two attempts share no request id, the same prompt on another model within a minute of the failure is its fallback; later it is somebody asking again."

[[requires]]
sql = """SELECT NOT EXISTS (SELECT 1 FROM calls WHERE status IN ('error', 'rate_limited', 'timeout')) OR EXISTS (
    SELECT 1 FROM calls WHERE status IN ('error', 'rate_limited', 'timeout')
    AND (coalesce(logged_cost, 0) > 0 OR coalesce(input_tokens, 0) > 0 OR coalesce(output_tokens, 0) > 0))"""
reason = "failed calls carry neither tokens nor cost in this log: what they were billed is unknown, not zero"
setting = "log usage on failures too, or reconcile with the provider's invoice"

[[requires]]
sql = """SELECT count(*) = 0 OR EXISTS (SELECT 1 FROM calls WHERE request_id IN (
    SELECT request_id FROM calls WHERE status IN ('error', 'rate_limited', 'timeout')) GROUP BY request_id HAVING count(*) > 1)
    OR count(prompt_hash) > 0 FROM calls"""
reason = "no two attempts share a request id and the log carries no prompts (or their hash): a fallback cannot be told from a new request"
setting = "log the client's request id on every attempt, or prompts"

[[example]]
name = "two billed failures, then another model answers: the first two are claimed, the answer never"
calls = '''
call_id  request_id  workload  provider  model  started_at  duration_s  status   http_status  input_tokens  output_tokens  billed_usd
a        r1          w         p         big    0           9           timeout  408          1000          0              0.5
b        r1          w         p         big    10          9           error    200          1000          40             0.5
c        r1          w         q         other  20          2           ok       200          1000          80             0.5
d        r2          w         p         big    30          2           ok       200          1000          80             0.5
'''
claims = '''
call_id  subject  grade       fix               drop
a        w        structural  retry_discipline  true
b        w        structural  retry_discipline  true
'''

[[example]]
name = "a client that falls back by itself, without a request id in common"
calls = '''
call_id  request_id  workload  provider  model  started_at  duration_s  status   prompt_hash  billed_usd
a        r1          w         p         big    0           9           timeout  p1           0.5
b        r2          w         q         other  10          2           ok       p1           0.5
'''
claims = '''
call_id  drop
a        true
'''

[[example]]
name = "an unbilled failure, a retry on the same model, a cascade, the same prompt much later: silent"
calls = '''
call_id  request_id  workload  provider  model  started_at  duration_s  status        http_status  prompt_hash  input_tokens  output_tokens  billed_usd
a1       r1          w         p         big    0           1           rate_limited  429          p1           -             -              -
a2       r1          w         q         other  2           1           ok            200          p1           1000          80             0.5
b1       r2          w         p         big    0           9           timeout       408          p2           1000          0              0.5
b2       r2          w         p         big    10          2           ok            200          p2           1000          80             0.5
c1       r3          w         p         small  0           1           ok            200          p3           1000          80             0.1
c2       r3          w         p         big    2           1           ok            200          p3           1000          80             0.5
d1       r4          w         p         big    0           9           timeout       408          p4           1000          0              0.5
d2       r5          w         q         other  500         1           ok            200          p4           1000          80             0.5
'''
claims = ""
---*/
WITH paid AS (
    SELECT * FROM failed_attempts WHERE paid AND start_us IS NOT NULL
), prompts AS (
    SELECT prompt_hash FROM paid WHERE prompt_hash IS NOT NULL GROUP BY prompt_hash
), slots AS (
    -- A stretch of $within_s and the one after it: a popular prompt is not joined with all of its calls, only with those nearby.
    SELECT f.*, coalesce(f.end_us, f.start_us) - coalesce(f.end_us, f.start_us) % ($within_s * 1000000) + o.next * $within_s * 1000000 AS slot_us
    FROM paid AS f
    CROSS JOIN (SELECT 0 AS next UNION ALL SELECT 1) AS o
), nearby AS (
    SELECT
        p.prompt_hash, p.workload, p.caller_hash, p.provider, p.model, p.deployment, p.status, p.start_us,
        p.start_us - p.start_us % ($within_s * 1000000) AS slot_us
    FROM priced_calls AS p
    JOIN prompts AS h ON h.prompt_hash = p.prompt_hash
), followed AS (
    SELECT f.call_id, n.provider, n.model, n.deployment, n.status
    FROM paid AS f
    JOIN priced_calls AS n ON n.request_hash = f.request_hash AND n.start_us > f.start_us
    UNION ALL
    SELECT f.call_id, n.provider, n.model, n.deployment, n.status
    FROM slots AS f
    JOIN nearby AS n
        ON n.prompt_hash = f.prompt_hash AND n.workload = f.workload AND n.caller_hash = f.caller_hash AND n.slot_us = f.slot_us
        AND n.start_us > f.start_us AND n.start_us - coalesce(f.end_us, f.start_us) BETWEEN 0 AND $within_s * 1000000
), rescued AS (
    SELECT f.call_id, f.workload, f.request_hash, f.prompt_hash, f.billed_usd
    FROM paid AS f
    JOIN followed AS n ON n.call_id = f.call_id
    WHERE n.status = 'ok' AND (n.provider IS DISTINCT FROM f.provider OR n.model IS DISTINCT FROM f.model OR n.deployment <> f.deployment)
    GROUP BY f.call_id, f.workload, f.request_hash, f.prompt_hash, f.billed_usd
), told AS (
    SELECT workload, count(*) AS attempts FROM rescued GROUP BY workload
)
SELECT
    r.call_id,
    r.workload AS subject,
    TRUE AS drop,
    t.attempts AS evidence_billed_attempts
FROM rescued AS r
JOIN told AS t ON t.workload = r.workload
