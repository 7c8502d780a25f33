/*---
title = "Work that nobody waits for, at the price of an immediate answer"
why = "Where no people share a job's deployment, the job slows nobody down; but each of its calls is billed as if somebody waited. Providers sell the same tokens for about half as batch or flex."
action = "Send {subject} through the {tier} tier: the price is the gain, and nobody waits for it ({background_because})"
fix = "batching"
grade = "structural"
effect = "spend"
needs = ["started_at", "prices"]
false_positives = "Work that must be done within minutes although nobody watches it, such as a step of a pipeline that something else waits for: batch may take up to a day. Name such a workload interactive in the config. Where only a worker pool's behaviour says background, the grade is heuristic; a clock or a load without nights is not enough."

[params.max_interactive_calls]
default = 9
help = "With more interactive calls on its deployment, the work is background_on_interactive_path's."

[[example]]
name = "a nightly job on a deployment of its own; what shares one with people is another rule's, and nobody knows who waits for the reports"
params = { max_interactive_calls = 0 }
calls = '''
call_id  workload       provider  model  deployment  started_at  end_user  input_tokens  output_tokens
a        nightly-index  p         m      own         0           -         1000          10
b        nightly-index  p         n      own         3           -         1000          10
c        nightly-tag    p         m      d           0           -         1000          10
d        chat           p         m      d           1           u         1000          10
e        reports        p         m      other       1           -         1000          10
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-05  batch    0                 -                 0.0005     0.001       0            false
p         n      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         n      2026-01-05  flex     0                 -                 0.0005     0.001       0            false
'''
models = '''
provider  model
p         m
p         n
'''
claims = '''
call_id  subject        grade       fix       service_tier
a        nightly-index  structural  batching  batch
b        nightly-index  structural  batching  flex
'''

[[example]]
name = "a worker pool's plateau alone says background: heuristic; a clock says that no person starts the calls, not that their answers can wait"
about = "Twenty-four calls at once, then rest; five runs of four calls, five minutes apart. No name, tag or tier tells."
calls = '''
call_id  workload  provider  model  deployment  started_at  duration_s  input_tokens  output_tokens
p1       pool      p         m      own         0           9           1000          10
p2       pool      p         m      own         0           9           1000          10
p3       pool      p         m      own         0           9           1000          10
p4       pool      p         m      own         0           9           1000          10
p5       pool      p         m      own         0           9           1000          10
p6       pool      p         m      own         0           9           1000          10
p7       pool      p         m      own         0           9           1000          10
p8       pool      p         m      own         0           9           1000          10
p9       pool      p         m      own         0           9           1000          10
p10      pool      p         m      own         0           9           1000          10
p11      pool      p         m      own         0           9           1000          10
p12      pool      p         m      own         0           9           1000          10
p13      pool      p         m      own         0           9           1000          10
p14      pool      p         m      own         0           9           1000          10
p15      pool      p         m      own         0           9           1000          10
p16      pool      p         m      own         0           9           1000          10
p17      pool      p         m      own         0           9           1000          10
p18      pool      p         m      own         0           9           1000          10
p19      pool      p         m      own         0           9           1000          10
p20      pool      p         m      own         0           9           1000          10
p21      pool      p         m      own         0           9           1000          10
p22      pool      p         m      own         0           9           1000          10
p23      pool      p         m      own         0           9           1000          10
p24      pool      p         m      own         0           9           1000          10
a1       clock     p         m      own         0           1           1000          10
a2       clock     p         m      own         1           1           1000          10
a3       clock     p         m      own         2           1           1000          10
a4       clock     p         m      own         3           1           1000          10
b1       clock     p         m      own         300         1           1000          10
b2       clock     p         m      own         301         1           1000          10
b3       clock     p         m      own         302         1           1000          10
b4       clock     p         m      own         303         1           1000          10
c1       clock     p         m      own         600         1           1000          10
c2       clock     p         m      own         601         1           1000          10
c3       clock     p         m      own         602         1           1000          10
c4       clock     p         m      own         603         1           1000          10
d1       clock     p         m      own         900         1           1000          10
d2       clock     p         m      own         901         1           1000          10
d3       clock     p         m      own         902         1           1000          10
d4       clock     p         m      own         903         1           1000          10
e1       clock     p         m      own         1200        1           1000          10
e2       clock     p         m      own         1201        1           1000          10
e3       clock     p         m      own         1202        1           1000          10
e4       clock     p         m      own         1203        1           1000          10
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
call_id  subject  grade      service_tier
p1       pool     heuristic  batch
p2       pool     heuristic  batch
p3       pool     heuristic  batch
p4       pool     heuristic  batch
p5       pool     heuristic  batch
p6       pool     heuristic  batch
p7       pool     heuristic  batch
p8       pool     heuristic  batch
p9       pool     heuristic  batch
p10      pool     heuristic  batch
p11      pool     heuristic  batch
p12      pool     heuristic  batch
p13      pool     heuristic  batch
p14      pool     heuristic  batch
p15      pool     heuristic  batch
p16      pool     heuristic  batch
p17      pool     heuristic  batch
p18      pool     heuristic  batch
p19      pool     heuristic  batch
p20      pool     heuristic  batch
p21      pool     heuristic  batch
p22      pool     heuristic  batch
p23      pool     heuristic  batch
p24      pool     heuristic  batch
'''

[[example]]
name = "already on flex or batch, no cheaper tier, with end users, failed, or answered by the gateway's cache: nothing to say"
calls = '''
call_id  workload       provider  model  deployment  started_at  end_user  service_tier  input_tokens  output_tokens  status  gateway_cache_hit
a        nightly-tag    p         m      d           0           -         flex          1000          10             ok      -
b        nightly-tag    p         m      d           0           -         batch         1000          10             ok      -
c        nightly-tag    p         n      d           0           -         -             1000          10             ok      -
d        nightly-mail   p         m      d           0           v         -             1000          10             ok      -
e        nightly-index  p         m      d           0           -         -             -             -              error   -
f        nightly-index  p         m      d           0           -         -             1000          10             ok      true
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-05  batch    0                 -                 0.0005     0.001       0            false
p         m      2026-01-05  flex     0                 -                 0.0005     0.001       0            false
p         n      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         n      2026-01-05  batch    0                 -                 0.001      0.002       0            true
'''
models = '''
provider  model
p         m
p         n
'''
claims = ""
---*/
WITH alone AS (
    SELECT
        b.call_id, b.workload, b.class_reason, b.service_tier,
        CASE WHEN b.class_evidence = 'plateau' THEN 'heuristic' ELSE 'structural' END AS grade
    FROM batchable_calls AS b
    -- A clock, or a load that never sleeps, says that no person starts the calls, not that their answers can wait: a watcher's poll, a sensor's reading.
    WHERE b.interactive_calls <= $max_interactive_calls AND b.class_evidence NOT IN ('clockwork', 'flat')
), tiers AS (
    SELECT workload, CASE WHEN min(service_tier) = max(service_tier) THEN min(service_tier) ELSE 'batch or flex' END AS tier FROM alone GROUP BY workload
)
SELECT
    a.call_id,
    a.workload AS subject,
    a.grade,
    a.service_tier,
    a.class_reason AS evidence_background_because,
    t.tier AS evidence_tier
FROM alone AS a
JOIN tiers AS t ON t.workload = a.workload
