/*---
title = "An older model where a newer one of its family costs no more"
why = """Vendors replace a model by a newer one of the same family at the same or a lower price, and keep the old one running for those who pinned its name. Whoever stays pays for the older \
model until the day it is switched off, and then moves in a hurry. A finding is about a model, in all workloads that use it."""
action = "Move what runs on {subject} to {target}: newer, and no dearer in any meter ({workloads} workloads; {retirement})"
fix = "routing"
grade = "heuristic"
effect = "spend"
needs = ["models", "prices", "output_tokens"]
false_positives = """A prompt that was tuned to the old model may need another look: replay a sample before the move. A newer tokenizer may count a few percent more tokens. A newer model that reasons by itself \
where the old one does not is left out, since its hidden tokens are billed as output; so are models that lack something the workload uses, and embeddings, whose vectors do not mix."""

[[requires]]
sql = "SELECT count(family) > 0 OR count(*) = 0 FROM models"
reason = "nothing is known of this log's models but perhaps their price (as under OpenRouter's names): which of them have a successor cannot be told"
setting = "log the provider that serves a call and its own name for the model"

[[example]]
name = "a newer one is cheaper; the newest is dearer in one meter and is not it"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  output_tokens  status
a        bot       p         one    0           1000          100            ok
b        bot       p         one    5           -             -              rate_limited
c        bot       p         two    9           1000          100            ok
'''
models = '''
provider  model  family  released    capabilities  context_tokens  blended_usd_per_mtok
p         one    line    2025-01-01  text,tools    100000          6
p         two    line    2025-08-01  text,tools    200000          4
p         three  line    2025-12-01  text,tools    200000          5
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  cache_read_usd  output_usd  request_usd  estimated
p         one    2026-01-05  default  0                 -                 0.000004   0.0000004       0.000012    0            false
p         two    2026-01-05  default  0                 -                 0.000003   0.0000003       0.000007    0            false
p         three  2026-01-05  default  0                 -                 0.000002   0.0000002       0.000014    0            false
'''
claims = '''
call_id  subject  grade      fix      route_to
a        p/one    heuristic  routing  p/two
'''

[[example]]
name = "the log names no provider, as Langfuse's exports do: the price list's own, or one that the log uses as well"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  output_tokens
a        bot       -         one    0           1000          100
b        job       -         old    0           1000          100
c        job       -         new    0           1000          100
'''
models = '''
provider  model  family  released    blended_usd_per_mtok
-         one    line    2025-01-01  6
p         two    line    2025-08-01  4
-         old    other   2025-01-01  6
-         new    other   2025-08-01  4
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
-         one    2026-01-05  default  0                 -                 0.000004   0.000012    0            false
p         two    2026-01-05  default  0                 -                 0.000003   0.000007    0            false
-         old    2026-01-05  default  0                 -                 0.000004   0.000012    0            false
-         new    2026-01-05  default  0                 -                 0.000003   0.000007    0            false
'''
claims = '''
call_id  subject  route_to
a        one      p/two
b        old      new
'''

[[example]]
name = "no cheaper, but the old one will be switched off: said, for no dollars"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  output_tokens
a        bot       p         one    0           1000          100
b        job       p         kept   0           1000          100
'''
models = '''
provider  model  family  released    retired     capabilities  context_tokens  blended_usd_per_mtok
p         one    line    2025-01-01  2026-03-01  text          100000          6
p         two    line    2025-08-01  -           text          200000          6
p         kept   other   2025-01-01  -           text          100000          6
p         next   other   2025-08-01  -           text          200000          6
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         one    2026-01-05  default  0                 -                 0.000004   0.000012    0            false
p         two    2026-01-05  default  0                 -                 0.000004   0.000012    0            false
p         kept   2026-01-05  default  0                 -                 0.000004   0.000012    0            false
p         next   2026-01-05  default  0                 -                 0.000004   0.000012    0            false
'''
claims = '''
call_id  subject  route_to
a        p/one    p/two
'''

[[example]]
name = "it reasons by itself, lacks the tools, is dearer in long prompts or in cache reads, of another family, gone already: silent"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  output_tokens  tool_defs
a        bot       p         one    0           1000          100            2
'''
models = '''
provider  model    family  released    retired     capabilities     context_tokens  blended_usd_per_mtok
p         one      line    2025-01-01  -           text,tools       100000          6
p         thinker  line    2025-02-01  -           text,tools,reasoning  200000     4
p         mute     line    2025-03-01  -           text             200000          4
p         long     line    2025-04-01  -           text,tools       200000          4
p         cold     line    2025-05-01  -           text,tools       200000          4
p         cousin   lines   2025-06-01  -           text,tools       200000          4
p         gone     line    2025-07-01  2026-01-01  text,tools       200000          4
'''
prices = '''
provider  model    day         tier     min_input_tokens  max_input_tokens  input_usd  cache_read_usd  output_usd  request_usd  estimated
p         one      2026-01-05  default  0                 -                 0.000004   0.000001        0.000012    0            false
p         thinker  2026-01-05  default  0                 -                 0.000003   0.000001        0.000007    0            false
p         mute     2026-01-05  default  0                 -                 0.000003   0.000001        0.000007    0            false
p         long     2026-01-05  default  0                 128000            0.000003   0.000001        0.000007    0            false
p         long     2026-01-05  default  128000            -                 0.000009   0.000001        0.000007    0            false
p         cold     2026-01-05  default  0                 -                 0.000003   0.000002        0.000007    0            false
p         cousin   2026-01-05  default  0                 -                 0.000003   0.000001        0.000007    0            false
p         gone     2026-01-05  default  0                 -                 0.000003   0.000001        0.000007    0            false
'''
claims = ""
---*/
WITH served AS (
    SELECT workload, provider, model, tier, max(day) AS last_day, count(*) AS calls
    FROM priced_calls
    WHERE status = 'ok' AND billed_usd > 0 AND NOT coalesce(gateway_cache_hit, FALSE) AND coalesce(operation, 'chat') IN ('chat', 'completion', 'responses')
    GROUP BY workload, provider, model, tier
), span AS (
    SELECT max(last_day) AS last_day FROM served
), relatives AS (
    -- Where the log does not name the provider, the newer one is the vendor's own, or one that the log names no provider of either.
    SELECT o.provider, o.model, o.retired, n.provider AS newer_provider, n.model AS newer, n.released, n.blended_usd_per_mtok, concat_ws('/', n.provider, n.model) AS target
    FROM models AS o
    JOIN models AS n ON (n.provider = o.provider OR o.provider IS NULL) AND n.family = o.family AND n.released > o.released
    CROSS JOIN span AS s
    WHERE coalesce(n.retired > s.last_day, TRUE)
      AND coalesce(contains(o.capabilities, 'reasoning') OR NOT contains(n.capabilities, 'reasoning'), TRUE)
), compared AS (
    -- Every day, tier and bracket of length that both have a price for.
    SELECT
        r.provider, r.model, r.target, p.tier,
        bool_and(q.input_usd <= p.input_usd
            AND coalesce(q.cache_read_usd, q.input_usd) <= coalesce(p.cache_read_usd, p.input_usd)
            AND coalesce(q.cache_write_5m_usd, q.input_usd) <= coalesce(p.cache_write_5m_usd, p.input_usd)
            AND coalesce(q.cache_write_1h_usd, q.cache_write_5m_usd, q.input_usd) <= coalesce(p.cache_write_1h_usd, p.cache_write_5m_usd, p.input_usd)
            AND q.output_usd <= p.output_usd
            AND coalesce(q.audio_input_usd, q.input_usd) <= coalesce(p.audio_input_usd, p.input_usd)
            AND coalesce(q.audio_output_usd, q.output_usd) <= coalesce(p.audio_output_usd, p.output_usd)
            AND coalesce(q.request_usd, 0) <= coalesce(p.request_usd, 0)) AS no_dearer,
        bool_or(q.input_usd < p.input_usd OR q.output_usd < p.output_usd) AS cheaper
    FROM relatives AS r
    JOIN prices AS p ON p.provider IS NOT DISTINCT FROM r.provider AND p.model = r.model
    JOIN prices AS q
        ON q.provider IS NOT DISTINCT FROM r.newer_provider AND q.model = r.newer AND q.day = p.day AND q.tier = p.tier
        AND (p.max_input_tokens IS NULL OR q.min_input_tokens < p.max_input_tokens)
        AND (q.max_input_tokens IS NULL OR p.min_input_tokens < q.max_input_tokens)
    GROUP BY r.provider, r.model, r.target, p.tier
), choices AS (
    SELECT
        s.workload, s.provider, s.model, s.tier, s.calls, r.target, r.retired,
        row_number() OVER (PARTITION BY s.workload, s.provider, s.model, s.tier ORDER BY r.blended_usd_per_mtok, r.released DESC, r.target) AS choice
    FROM served AS s
    JOIN relatives AS r ON r.provider IS NOT DISTINCT FROM s.provider AND r.model = s.model
    JOIN compared AS c
        ON c.provider IS NOT DISTINCT FROM r.provider AND c.model = r.model AND c.target = r.target AND c.tier = s.tier
    LEFT JOIN unfair_swaps AS u
        ON u.workload = s.workload AND u.provider IS NOT DISTINCT FROM s.provider AND u.model = s.model AND u.target = r.target
    WHERE c.no_dearer AND (c.cheaper OR r.retired IS NOT NULL) AND u.target IS NULL
), chosen AS (
    SELECT * FROM choices WHERE choice = 1
), told AS (
    SELECT
        provider, model,
        CASE WHEN min(target) = max(target) THEN min(target) ELSE concat_ws('', min(target), ' and others') END AS target,
        CASE WHEN min(retired) IS NULL THEN 'the vendor names no day on which the old one goes'
             ELSE concat_ws('', 'the vendor retires the old one on ', CAST(min(retired) AS STRING)) END AS retirement,
        count(DISTINCT workload) AS workloads,
        CAST(sum(calls) AS BIGINT) AS calls
    FROM chosen
    GROUP BY provider, model
)
SELECT
    p.call_id,
    concat_ws('/', p.provider, p.model) AS subject,
    c.target AS route_to,
    t.target AS evidence_target,
    t.workloads AS evidence_workloads,
    t.retirement AS evidence_retirement,
    t.calls AS evidence_calls
FROM priced_calls AS p
JOIN chosen AS c ON c.workload = p.workload AND c.provider IS NOT DISTINCT FROM p.provider AND c.model = p.model AND c.tier = p.tier
JOIN told AS t ON t.provider IS NOT DISTINCT FROM p.provider AND t.model = p.model
WHERE p.status = 'ok' AND p.billed_usd > 0 AND NOT coalesce(p.gateway_cache_hit, FALSE)
  AND coalesce(p.operation, 'chat') IN ('chat', 'completion', 'responses')
