/*---
kind = "view"
title = "Calls of background work that batch or flex would serve for less"
why = "Providers sell the same tokens for about half where nobody needs the answer at once. Which tier fits depends on the work: batch may take a day for every round, so that a long chain of dependent steps cannot use it."

[columns]
call_id = "a paid, answered call at the default tier, of a workload that nobody waits for; not of a batch endpoint, nor of a unit in which a person waits"
workload = "as in call_workloads"
deployment = "as in priced_calls"
class_reason = "why it counts as background, as a sentence fragment"
class_evidence = "what decided that, as in workloads"
interactive_calls = "calls of interactive workloads on its deployment; 0 where there are none"
service_tier = "batch or flex: the tier that fits it and has a lower list price"

[params.max_steps_for_batch]
default = 3
help = "Each step of a chain of dependent calls is a batch of its own and may wait a day; longer chains are sent to flex, or left alone where there is no flex price."

[[example]]
name = "batch beside people or alone; flex where batch has no price; nothing where neither is cheaper, or nobody knows who waits"
calls = '''
call_id  workload     provider  model  deployment  started_at  end_user  input_tokens  output_tokens
a        nightly-tag  p         m      d           0           -         1000          10
b        nightly-tag  p         m      own         0           -         1000          10
c        nightly-tag  p         n      d           0           -         1000          10
d        nightly-tag  p         o      d           0           -         1000          10
e        chat         p         m      d           1           u         1000          10
f        reports      p         m      d           1           -         1000          10
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-05  batch    0                 -                 0.0005     0.001       0            false
p         n      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         n      2026-01-05  flex     0                 -                 0.0005     0.001       0            false
p         o      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         o      2026-01-05  batch    0                 -                 0.001      0.002       0            true
'''
models = '''
provider  model
p         m
p         n
p         o
'''
rows = '''
call_id  workload     deployment  class_evidence  interactive_calls  service_tier
a        nightly-tag  d           app             1                  batch
b        nightly-tag  own         app             0                  batch
c        nightly-tag  d           app             1                  flex
'''

[[example]]
name = "within what a person waits for, on a batch endpoint, on a prepaid tier, dearer in one meter, or serial in one session: nothing; side by side in one session: batch"
params = { max_steps_for_batch = 1 }
calls = '''
call_id  trace_id  session_id  workload     provider  model  started_at  duration_s  end_user  endpoint     service_tier  input_tokens  output_tokens
a        t1        -           chat         p         m      0           2           u         -            -             1000          10
b        t1        -           nightly-tag  p         m      2           2           -         -            -             1000          10
c        -         -           nightly-tag  p         m      2           2           -         /v1/batches  -             1000          10
d        -         -           nightly-tag  p         m      2           2           -         -            scale         1000          10
e        -         -           nightly-tag  p         n      2           2           -         -            -             1000          10
f        -         s1          nightly-tag  p         m      2           2           -         -            -             1000          10
g        -         s1          nightly-tag  p         m      5           2           -         -            -             1000          10
h        -         s2          nightly-tag  p         m      2           2           -         -            -             1000          10
i        -         s2          nightly-tag  p         m      3           2           -         -            -             1000          10
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-05  batch    0                 -                 0.0005     0.001       0            false
p         n      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         n      2026-01-05  batch    0                 -                 0.0005     0.003       0            false
'''
models = '''
provider  model
p         m
p         n
'''
rows = '''
call_id  service_tier
h        batch
i        batch
'''

[[example]]
name = "a long chain of dependent steps is no batch job"
params = { max_steps_for_batch = 2 }
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
rows = ""


[[example]]
name = "steps without an id that they share, each prompt beginning with the whole of the one before: no batch"
params = { max_steps_for_batch = 1 }
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
rows = '''
call_id  workload       service_tier
c        nightly-agent  batch
'''
---*/
WITH background AS (
    SELECT
        p.call_id, p.workload, p.deployment, p.provider, p.model, p.day, p.status, p.input_tokens, p.cache_read_tokens, p.billed_usd,
        p.gateway_cache_hit, p.start_us, p.end_us, p.unit_hash, c.session_id, w.class_reason, w.class_evidence, t.opening_hash,
        t.previous_call_id IS NOT NULL AS continues,
        -- A tier by contract is paid in another way, and a batch endpoint is cheaper already.
        p.tier = 'default' AND coalesce(lower(c.service_tier), 'default') IN ('default', 'standard', 'auto', 'on_demand', 'on-demand')
            AND NOT contains(concat_ws('', lower(c.endpoint), '/'), '/batches/') AND NOT contains(concat_ws('', lower(c.endpoint), '/'), '/batch/')
            AND coalesce(lower(c.endpoint), '') NOT LIKE '%:batchgeneratecontent' AS at_full_price
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    JOIN calls AS c ON c.call_id = p.call_id
    LEFT JOIN conversation_turns AS t ON t.call_id = p.call_id
    WHERE w.class = 'background' AND w.class_evidence <> 'endpoint'
), units AS (
    SELECT unit_hash, count(*) AS steps FROM background GROUP BY unit_hash
), waited_for AS (
    -- Part of what a person waits for, whatever the workload's name says.
    SELECT u.unit_hash, TRUE AS waited_for
    FROM units AS u
    JOIN priced_calls AS p ON p.unit_hash = u.unit_hash
    JOIN workloads AS w ON w.workload = p.workload
    WHERE w.class = 'interactive'
    GROUP BY u.unit_hash
), stepwise AS (
    SELECT unit_hash, TRUE AS stepwise FROM units WHERE steps > $max_steps_for_batch
), placed AS (
    SELECT
        session_id,
        CASE WHEN start_us < max(end_us) OVER (PARTITION BY session_id ORDER BY start_us, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
             THEN 1 ELSE 0 END AS beside
    FROM background
    WHERE session_id IS NOT NULL
), serial AS (
    -- Calls of one session that never run side by side may each need the one before.
    SELECT session_id, TRUE AS serial FROM placed GROUP BY session_id HAVING count(*) > $max_steps_for_batch AND sum(beside) = 0
), chained AS (
    -- Without an id that the steps share, their prompts tell: each begins with the whole of the one before.
    SELECT workload, opening_hash, TRUE AS chained FROM background
    WHERE opening_hash IS NOT NULL
    GROUP BY workload, opening_hash
    HAVING count(*) FILTER (WHERE continues) >= $max_steps_for_batch
), paid AS (
    SELECT
        b.call_id, b.workload, b.deployment, b.provider, b.model, b.day, b.input_tokens, b.cache_read_tokens, b.class_reason, b.class_evidence,
        coalesce(s.stepwise, c.chained, r.serial, FALSE) AS stepwise
    FROM background AS b
    LEFT JOIN waited_for AS w ON w.unit_hash = b.unit_hash
    LEFT JOIN serial AS r ON r.session_id = b.session_id
    LEFT JOIN stepwise AS s ON s.unit_hash = b.unit_hash
    LEFT JOIN chained AS c ON c.workload = b.workload AND c.opening_hash = b.opening_hash
    WHERE b.at_full_price AND w.waited_for IS NULL AND b.status = 'ok' AND b.billed_usd > 0 AND b.gateway_cache_hit IS NOT TRUE
), offered AS (
    SELECT
        c.call_id,
        bool_or(t.tier = 'batch') AS has_batch,
        bool_or(t.tier = 'flex') AS has_flex
    FROM paid AS c
    JOIN prices AS d
        ON d.provider IS NOT DISTINCT FROM c.provider AND d.model = c.model AND d.day = c.day AND d.tier = 'default'
        AND coalesce(c.input_tokens, 0) > CASE WHEN d.min_input_tokens = 0 THEN -1 ELSE d.min_input_tokens END
        AND (d.max_input_tokens IS NULL OR coalesce(c.input_tokens, 0) <= d.max_input_tokens)
    JOIN prices AS t
        ON t.provider IS NOT DISTINCT FROM c.provider AND t.model = c.model AND t.day = c.day AND t.tier IN ('batch', 'flex')
        AND coalesce(c.input_tokens, 0) > CASE WHEN t.min_input_tokens = 0 THEN -1 ELSE t.min_input_tokens END
        AND (t.max_input_tokens IS NULL OR coalesce(c.input_tokens, 0) <= t.max_input_tokens)
    -- No dearer in any meter: what some calls lose would be left out of what the others gain.
    WHERE t.input_usd <= d.input_usd AND t.output_usd <= d.output_usd AND (t.input_usd < d.input_usd OR t.output_usd < d.output_usd)
        AND (coalesce(c.cache_read_tokens, 0) = 0 OR coalesce(t.cache_read_usd, t.input_usd) <= coalesce(d.cache_read_usd, d.input_usd))
    GROUP BY c.call_id
), interactive AS (
    SELECT p.deployment, count(*) AS calls
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    WHERE w.class = 'interactive'
    GROUP BY p.deployment
)
SELECT
    c.call_id,
    c.workload,
    c.deployment,
    c.class_reason,
    c.class_evidence,
    coalesce(i.calls, 0) AS interactive_calls,
    CASE WHEN o.has_batch AND NOT c.stepwise THEN 'batch' ELSE 'flex' END AS service_tier
FROM paid AS c
JOIN offered AS o ON o.call_id = c.call_id
LEFT JOIN interactive AS i ON i.deployment = c.deployment
WHERE (o.has_batch AND NOT c.stepwise) OR o.has_flex
