/*---
title = "A priority or fast tier for work that nobody waits for"
why = "A priority tier, or a fast one, sells a shorter wait for up to twice the price of the same tokens. A background job has nobody who would notice."
action = "Send {subject} through the default tier: {background_because}"
fix = "routing"
grade = "structural"
effect = "spend"
needs = ["service_tier", "prices"]
false_positives = "A job with a deadline of minutes may have been given the tier on purpose. Name such a workload interactive in the config. Where a contract sells priority capacity at a flat rate, the list price of the tier says nothing about your bill."

[[example]]
name = "a nightly job on priority; people on priority and a job on the default tier are as they should be"
calls = '''
call_id  workload      provider  model  started_at  end_user  service_tier  input_tokens  output_tokens
a        nightly-tag   p         m      0           -         priority      1000          10
b        nightly-tag   p         m      3           -         priority      1000          10
c        nightly-mail  p         m      0           -         default       1000          10
d        chat          p         m      1           u         priority      1000          10
'''
prices = '''
provider  model  day         tier      min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default   0                 -                 0.001      0.002       0            false
p         m      2026-01-05  priority  0                 -                 0.002      0.004       0            false
'''
models = '''
provider  model
p         m
'''
claims = '''
call_id  subject      grade       fix      service_tier
a        nightly-tag  structural  routing  default
b        nightly-tag  structural  routing  default
'''

[[example]]
name = "nobody knows who waits; the tier's price is unknown; a failed call: silent"
calls = '''
call_id  workload     provider  model  started_at  service_tier  input_tokens  output_tokens  status
a        reports      p         m      0           priority      1000          10             ok
b        nightly-tag  p         n      0           priority      1000          10             ok
c        nightly-tag  p         m      0           priority      -             -              error
'''
prices = '''
provider  model  day         tier      min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default   0                 -                 0.001      0.002       0            false
p         m      2026-01-05  priority  0                 -                 0.002      0.004       0            false
p         n      2026-01-05  default   0                 -                 0.001      0.002       0            false
p         n      2026-01-05  priority  0                 -                 0.001      0.002       0            true
'''
models = '''
provider  model
p         m
p         n
'''
claims = ""
---*/
WITH hurried AS (
    SELECT p.call_id, p.workload, p.provider, p.model, p.day, p.tier, p.input_tokens, w.class_reason
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    WHERE p.tier IN ('priority', 'fast') AND w.class = 'background' AND p.status = 'ok' AND p.billed_usd > 0 AND NOT coalesce(p.gateway_cache_hit, FALSE)
), dearer AS (
    SELECT h.call_id, h.workload, h.class_reason
    FROM hurried AS h
    JOIN prices AS d
        ON d.provider IS NOT DISTINCT FROM h.provider AND d.model = h.model AND d.day = h.day AND d.tier = 'default'
        AND coalesce(h.input_tokens, 0) > CASE WHEN d.min_input_tokens = 0 THEN -1 ELSE d.min_input_tokens END
        AND (d.max_input_tokens IS NULL OR coalesce(h.input_tokens, 0) <= d.max_input_tokens)
    JOIN prices AS t
        ON t.provider IS NOT DISTINCT FROM h.provider AND t.model = h.model AND t.day = h.day AND t.tier = h.tier
        AND coalesce(h.input_tokens, 0) > CASE WHEN t.min_input_tokens = 0 THEN -1 ELSE t.min_input_tokens END
        AND (t.max_input_tokens IS NULL OR coalesce(h.input_tokens, 0) <= t.max_input_tokens)
    WHERE t.input_usd > d.input_usd OR t.output_usd > d.output_usd
), told AS (
    SELECT workload, count(*) AS calls FROM dearer GROUP BY workload
)
SELECT
    d.call_id,
    d.workload AS subject,
    'default' AS service_tier,
    d.class_reason AS evidence_background_because,
    t.calls AS evidence_calls
FROM dearer AS d
JOIN told AS t ON t.workload = d.workload
