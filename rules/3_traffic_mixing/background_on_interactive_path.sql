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

[params.max_steps_for_batch]
default = 3
help = "Each step of a chain of dependent calls is a batch of its own and may wait a day; longer chains are sent to flex, or left alone where there is no flex price."

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
name = "flex where batch has no price; silent where neither is cheaper"
params = { min_interactive_calls = 1 }
calls = '''
call_id  workload     provider  model  deployment  started_at  end_user  input_tokens  output_tokens
a        nightly-tag  p         m      d           0           -         1000          10
b        nightly-tag  p         n      d           0           -         1000          10
c        chat         p         m      d           1           u         1000          10
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-05  flex     0                 -                 0.0005     0.001       0            false
p         n      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         n      2026-01-05  batch    0                 -                 0.001      0.002       0            true
'''
models = '''
provider  model
p         m
p         n
'''
claims = '''
call_id  service_tier
a        flex
'''

[[example]]
name = "a long chain of dependent steps is no batch job"
params = { min_interactive_calls = 1, max_steps_for_batch = 2 }
calls = '''
call_id  trace_id  workload    provider  model  deployment  started_at  end_user  input_tokens  output_tokens
a        t1        cron-agent  p         m      d           0           -         1000          10
b        t1        cron-agent  p         m      d           1           -         1000          10
c        t1        cron-agent  p         m      d           2           -         1000          10
d        t2        chat        p         m      d           1           u         1000          10
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
claims = ""

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

[[example]]
name = "steps without an id that they share, each prompt beginning with the whole of the one before: no batch"
params = { min_interactive_calls = 1, max_steps_for_batch = 1 }
calls = '''
call_id  workload       provider  model  deployment  started_at  duration_s  end_user  turn  prompt_hash  input_tokens  output_tokens
a        nightly-agent  p         m      d           0           2           -         1     pa           1000          10
b        nightly-agent  p         m      d           9           2           -         2     pb           1000          10
c        nightly-agent  p         m      d           19          2           -         1     pc           1000          10
d        chat           p         m      d           1           2           u         -     -            1000          10
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           10     10
b        0         0              user       true          h0           10     10
b        1         1              assistant  true          h1           20     30
b        2         2              user       true          h2           7      37
c        0         0              user       true          k0           10     10
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
call_id  subject        service_tier
c        nightly-agent  batch
'''
---*/
WITH interactive AS (
    SELECT p.deployment, count(*) AS interactive_calls
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    WHERE w.class = 'interactive'
    GROUP BY p.deployment
    HAVING count(*) >= $min_interactive_calls
), background AS (
    SELECT
        p.call_id, p.workload, p.deployment, p.provider, p.model, p.day, p.tier, p.status, p.input_tokens, p.billed_usd, p.gateway_cache_hit,
        p.unit_hash, w.class_reason, t.opening_hash, t.previous_call_id IS NOT NULL AS continues
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    LEFT JOIN conversation_turns AS t ON t.call_id = p.call_id
    WHERE w.class = 'background' AND w.class_evidence <> 'endpoint'
), stepwise AS (
    SELECT unit_hash, TRUE AS stepwise FROM background GROUP BY unit_hash HAVING count(*) > $max_steps_for_batch
), chained AS (
    -- Without an id that the steps share, their prompts tell: each begins with the whole of the one before.
    SELECT workload, opening_hash, TRUE AS chained FROM background
    WHERE opening_hash IS NOT NULL
    GROUP BY workload, opening_hash
    HAVING count(*) FILTER (WHERE continues) >= $max_steps_for_batch
), shared AS (
    SELECT
        b.call_id, b.workload, b.provider, b.model, b.day, b.input_tokens, b.class_reason, i.interactive_calls,
        coalesce(s.stepwise, c.chained, FALSE) AS stepwise
    FROM background AS b
    JOIN interactive AS i ON i.deployment = b.deployment
    LEFT JOIN stepwise AS s ON s.unit_hash = b.unit_hash
    LEFT JOIN chained AS c ON c.workload = b.workload AND c.opening_hash = b.opening_hash
    WHERE b.tier = 'default' AND b.status = 'ok' AND b.billed_usd > 0 AND b.gateway_cache_hit IS NOT TRUE
), offered AS (
    SELECT
        s.call_id,
        bool_or(t.tier = 'batch') AS has_batch,
        bool_or(t.tier = 'flex') AS has_flex
    FROM shared AS s
    JOIN prices AS d
        ON d.provider IS NOT DISTINCT FROM s.provider AND d.model = s.model AND d.day = s.day AND d.tier = 'default'
        AND coalesce(s.input_tokens, 0) > CASE WHEN d.min_input_tokens = 0 THEN -1 ELSE d.min_input_tokens END
        AND (d.max_input_tokens IS NULL OR coalesce(s.input_tokens, 0) <= d.max_input_tokens)
    JOIN prices AS t
        ON t.provider IS NOT DISTINCT FROM s.provider AND t.model = s.model AND t.day = s.day AND t.tier IN ('batch', 'flex')
        AND coalesce(s.input_tokens, 0) > CASE WHEN t.min_input_tokens = 0 THEN -1 ELSE t.min_input_tokens END
        AND (t.max_input_tokens IS NULL OR coalesce(s.input_tokens, 0) <= t.max_input_tokens)
    WHERE t.input_usd < d.input_usd OR t.output_usd < d.output_usd
    GROUP BY s.call_id
), together AS (
    SELECT
        s.workload,
        -- A call without a known end counts as running nowhere: with too many of them nothing tells who ran beside whom.
        CASE WHEN bool_and(c.ends_known)
             THEN CAST(count(*) FILTER (WHERE c.interactive_in_flight > 0) AS DOUBLE) / CAST(count(*) AS DOUBLE) END AS overlap_share
    FROM shared AS s
    JOIN concurrency AS c ON c.call_id = s.call_id
    GROUP BY s.workload
), moved AS (
    SELECT
        s.call_id, s.workload, s.class_reason, s.interactive_calls,
        CASE WHEN o.has_batch AND NOT s.stepwise THEN 'batch' ELSE 'flex' END AS service_tier
    FROM shared AS s
    JOIN offered AS o ON o.call_id = s.call_id
    WHERE (o.has_batch AND NOT s.stepwise) OR o.has_flex
), tiers AS (
    SELECT workload, CASE WHEN min(service_tier) = max(service_tier) THEN min(service_tier) ELSE 'batch or flex' END AS tier FROM moved GROUP BY workload
)
SELECT
    m.call_id,
    m.workload AS subject,
    m.service_tier,
    m.class_reason AS evidence_background_because,
    m.interactive_calls AS evidence_interactive_calls_on_its_deployment,
    t.overlap_share AS evidence_share_started_while_people_waited,
    r.tier AS evidence_tier,
    CASE WHEN t.overlap_share = 0 THEN 'it ran while nobody else did: the price is the gain' ELSE 'it shares a deployment with people' END AS evidence_note
FROM moved AS m
JOIN tiers AS r ON r.workload = m.workload
LEFT JOIN together AS t ON t.workload = m.workload
