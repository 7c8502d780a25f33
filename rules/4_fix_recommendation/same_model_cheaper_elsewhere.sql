/*---
title = "Another provider sells the same model for less"
why = """Open weights are sold by a dozen hosts, and a vendor's model by several clouds, at prices that differ by a factor of two or more. The comparison is made on the workload's own mix of input, cached input and \
output, by dated list prices with your negotiated ones on top; where the other host has no price for cached input, it is charged in full."""
action = "Buy {models} for {subject} at {target}: {percent_less}% less for the same tokens"
fix = "provider_choice"
grade = "heuristic"
effect = "spend"
needs = ["models", "prices", "input_tokens"]
false_positives = """The same weights are not the same service: hosts differ in precision (fp8, fp4), window, rate limits, speed, tool-call format and data terms. A contract, a region or a commitment may bind you. Free or \
discounted capacity that the config does not know makes your own price look higher than it is."""

[params.min_saving]
default = 0.1
help = "A new provider is a contract, a key and a data agreement; host prices move by a few percent from month to month."

[[example]]
name = "the cheapest of two other hosts; a workload whose prompts are mostly cached there would pay more"
calls = '''
call_id  workload  provider  model   started_at  input_tokens  cache_read_tokens  output_tokens
a        bot       p         big     0           1000          0                  100
b        warm      p         big     0           1000          950                10
c        bot       p         big     9           -             -                  -
'''
models = '''
provider  model      weights  blended_usd_per_mtok
p         big        w        4
q         host/big   w        3
r         big-turbo  w        2
s         other      v        1
'''
prices = '''
provider  model      day         tier     min_input_tokens  max_input_tokens  input_usd  cache_read_usd  output_usd  request_usd  estimated
p         big        2026-01-05  default  0                 -                 0.000004   0.0000004       0.000004    0            false
q         host/big   2026-01-05  default  0                 -                 0.000003   -               0.000003    0            false
r         big-turbo  2026-01-05  default  0                 -                 0.000002   -               0.000002    0            false
s         other      2026-01-05  default  0                 -                 0.000001   -               0.000001    0            false
'''
claims = '''
call_id  subject  grade      fix              route_to
a        bot      heuristic  provider_choice  r/big-turbo
'''

[[example]]
name = "five percent less, other weights, a window too short, batch prices compared with batch, no list price on either side: silent"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  output_tokens  service_tier  billed_usd
a        near      p         big    0           1000          100            default       0.0044
b        long      p         wide   0           90000         100            default       0.3604
c        night     p         half   0           1000          100            batch         0.0022
d        gift      p         free   0           1000          100            default       0.001
'''
models = '''
provider  model  weights  context_tokens  blended_usd_per_mtok
p         big    w        100000          4
q         big    w        100000          3.8
q         other  v        100000          1
p         wide   x        100000          4
q         wide   x        32000           1
p         half   y        100000          4
q         half   y        100000          3
p         free   z        100000          0
q         free   z        100000          0
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         big    2026-01-05  default  0                 -                 0.000004   0.000004    0            false
q         big    2026-01-05  default  0                 -                 0.0000038  0.0000038   0            false
q         other  2026-01-05  default  0                 -                 0.000001   0.000001    0            false
p         wide   2026-01-05  default  0                 -                 0.000004   0.000004    0            false
q         wide   2026-01-05  default  0                 -                 0.000001   0.000001    0            false
p         half   2026-01-05  default  0                 -                 0.000004   0.000004    0            false
p         half   2026-01-05  batch    0                 -                 0.000002   0.000002    0            false
q         half   2026-01-05  default  0                 -                 0.000003   0.000003    0            false
p         free   2026-01-05  default  0                 -                 0          0           0            false
q         free   2026-01-05  default  0                 -                 0          0           0            false
'''
claims = ""
---*/
WITH served AS (
    SELECT
        workload, provider, model, day, tier,
        CAST(sum(uncached_tokens) AS DOUBLE) AS uncached,
        CAST(sum(cache_read_tokens) AS DOUBLE) AS cache_read,
        CAST(sum(cache_write_5m_tokens + cache_write_1h_tokens) AS DOUBLE) AS cache_write,
        CAST(sum(coalesce(output_tokens, 0)) AS DOUBLE) AS output
    FROM priced_calls
    WHERE status = 'ok' AND billed_usd > 0 AND input_tokens IS NOT NULL AND NOT coalesce(gateway_cache_hit, FALSE)
    GROUP BY workload, provider, model, day, tier
), offers AS (
    SELECT o.provider, o.model, n.provider AS other_provider, n.model AS other_model, concat_ws('/', n.provider, n.model) AS target
    FROM models AS o
    JOIN models AS n ON n.weights = o.weights AND n.provider IS DISTINCT FROM o.provider
), compared AS (
    -- Brackets for long prompts are left to settlement, which prices each call: here the first one chooses.
    SELECT
        s.workload, s.provider, s.model, s.tier, f.target,
        sum(s.uncached * p.input_usd + s.cache_read * coalesce(p.cache_read_usd, p.input_usd)
            + s.cache_write * coalesce(p.cache_write_5m_usd, p.input_usd) + s.output * p.output_usd) AS here_usd,
        sum(s.uncached * q.input_usd + s.cache_read * coalesce(q.cache_read_usd, q.input_usd)
            + s.cache_write * coalesce(q.cache_write_5m_usd, q.input_usd) + s.output * q.output_usd) AS there_usd
    FROM served AS s
    JOIN offers AS f ON f.provider IS NOT DISTINCT FROM s.provider AND f.model = s.model
    JOIN prices AS p
        ON p.provider IS NOT DISTINCT FROM s.provider AND p.model = s.model AND p.day = s.day AND p.tier = s.tier AND p.min_input_tokens = 0
    JOIN prices AS q
        ON q.provider IS NOT DISTINCT FROM f.other_provider AND q.model = f.other_model AND q.day = s.day AND q.tier = s.tier AND q.min_input_tokens = 0
    LEFT JOIN unfair_swaps AS u
        ON u.workload = s.workload AND u.provider IS NOT DISTINCT FROM s.provider AND u.model = s.model AND u.target = f.target
    WHERE u.target IS NULL
    GROUP BY s.workload, s.provider, s.model, s.tier, f.target
), choices AS (
    SELECT *, row_number() OVER (PARTITION BY workload, provider, model, tier ORDER BY there_usd, target) AS choice
    FROM compared
    WHERE here_usd > 0 AND there_usd <= (1 - $min_saving) * here_usd
), chosen AS (
    SELECT * FROM choices WHERE choice = 1
), told AS (
    SELECT
        workload,
        CASE WHEN min(model) = max(model) THEN min(model) ELSE concat_ws('', min(model), ' and others') END AS models,
        CASE WHEN min(target) = max(target) THEN min(target) ELSE concat_ws('', min(target), ' and others') END AS target,
        CAST(floor(100 * (1 - sum(there_usd) / sum(here_usd))) AS BIGINT) AS percent_less
    FROM chosen
    GROUP BY workload
)
SELECT
    p.call_id,
    p.workload AS subject,
    c.target AS route_to,
    t.models AS evidence_models,
    t.target AS evidence_target,
    t.percent_less AS evidence_percent_less
FROM priced_calls AS p
JOIN chosen AS c ON c.workload = p.workload AND c.provider IS NOT DISTINCT FROM p.provider AND c.model = p.model AND c.tier = p.tier
JOIN told AS t ON t.workload = p.workload
WHERE p.status = 'ok' AND p.billed_usd > 0 AND NOT coalesce(p.gateway_cache_hit, FALSE)
