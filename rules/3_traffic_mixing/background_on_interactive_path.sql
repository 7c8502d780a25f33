/*---
title = "Background work at full price on a deployment that serves people"
why = "Work that nobody waits for pays the price of an immediate answer and takes capacity from those who wait. Providers sell the same tokens for about half as batch or flex."
action = "Send {subject} through the {tier} tier: nobody waits for it, and {note}"
fix = "batching"
grade = "structural"
effect = "both"
needs = ["started_at", "prices"]
false_positives = "Work that must be done within minutes although nobody watches it: batch may take up to a day. Name such a workload interactive in the config."

[params.min_interactive_calls]
default = 10
help = "A stray call or two by a person does not make a deployment an interactive one."

[[example]]
name = "a nightly job beside chat moves to batch; chat and an unknown job stay"
params = { min_interactive_calls = 1 }
calls = '''
call_id  workload     provider  model  deployment  started_at  duration_s  end_user  input_tokens  output_tokens
a        nightly-tag  p         m      d           0           2           -         1000          10
b        nightly-tag  p         m      d           3           2           -         1000          10
c        chat         p         m      d           1           2           u         1000          10
d        reports      p         m      d           1           2           -         1000          10
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-05  batch    0                 -                 0.0005     0.001       0            false
'''
models = '''
provider  model
p         m
'''
claims = '''
call_id  subject      service_tier
a        nightly-tag  batch
b        nightly-tag  batch
'''

[[example]]
name = "already on flex, on a deployment of its own, or with end users: nothing to say"
params = { min_interactive_calls = 1 }
calls = '''
call_id  workload       provider  model  deployment  started_at  end_user  service_tier  input_tokens  output_tokens
a        nightly-tag    p         m      d           0           -         flex          1000          10
b        nightly-index  p         m      own         0           -         -             1000          10
c        nightly-mail   p         m      d           0           v         -             1000          10
d        chat           p         m      d           1           u         -             1000          10
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-05  batch    0                 -                 0.0005     0.001       0            false
p         m      2026-01-05  flex     0                 -                 0.0005     0.001       0            false
'''
models = '''
provider  model
p         m
'''
claims = ""

---*/
WITH shared AS (
    SELECT call_id, workload, class_reason, interactive_calls, service_tier FROM batchable_calls WHERE interactive_calls >= $min_interactive_calls
), together AS (
    SELECT
        s.workload,
        -- A call without a known end counts as running nowhere: with too many of them nothing tells who ran beside whom.
        CASE WHEN bool_and(c.ends_known)
             THEN CAST(count(*) FILTER (WHERE c.interactive_in_flight > 0) AS DOUBLE) / CAST(count(*) AS DOUBLE) END AS overlap_share
    FROM shared AS s
    JOIN concurrency AS c ON c.call_id = s.call_id
    GROUP BY s.workload
), tiers AS (
    SELECT workload, CASE WHEN min(service_tier) = max(service_tier) THEN min(service_tier) ELSE 'batch or flex' END AS tier FROM shared GROUP BY workload
)
SELECT
    s.call_id,
    s.workload AS subject,
    s.service_tier,
    s.class_reason AS evidence_background_because,
    s.interactive_calls AS evidence_interactive_calls_on_its_deployment,
    t.overlap_share AS evidence_share_started_while_people_waited,
    r.tier AS evidence_tier,
    CASE WHEN t.overlap_share = 0 THEN 'it ran while nobody else did: the price is the gain' ELSE 'it shares a deployment with people' END AS evidence_note
FROM shared AS s
JOIN tiers AS r ON r.workload = s.workload
LEFT JOIN together AS t ON t.workload = s.workload
