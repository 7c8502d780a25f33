/*---
kind = "view"
title = "A premium and a cheaper model on one prompt template: how their success rates compare"
why = """The interval of the difference is Newcombe's hybrid of two Wilson score intervals, which holds near 0% and 100%, where success rates live. One outcome per unit. There are up to three \
kinds of evidence, strongest first: a score; whether the first answer to a request for JSON parses; the status, which says little about quality."""

[columns]
template_hash = "as in calls"
operation = "as in calls"
provider = "of the premium model"
model = "the premium model"
usd_per_mtok = "its blended list price"
cheap_provider = "of the cheaper model"
cheap_model = "a cheaper model that is not premium"
cheap_usd_per_mtok = "its blended list price"
evidence = "score, valid JSON or status"
strength = "1 for score, 2 for valid JSON, 3 for status"
outcomes = "outcomes of the premium model"
successes = "successes among them"
cheap_outcomes = "outcomes of the cheaper model"
cheap_successes = "successes among them"
difference = "success rate of the cheaper model minus that of the premium model"
lower_bound = "lower 95% bound of the difference"
upper_bound = "upper 95% bound of the difference"
premium_width = "from the premium model's success rate to its upper Wilson limit"
prompt_ratio = "longer over shorter median prompt of the two"

[params.z]
default = 1.959963984540054
help = "Two-sided 95%: the normal quantile at 0.975."

[params.good_score]
default = 0.5
help = "A unit with an explicit score succeeded at or above this: scores are 0 to 1 and half is the neutral point (as in outcomes)."

[[example]]
name = "every kind of evidence that both models have; the interval itself is held against statsmodels by a test"
calls = '''
call_id  workload  provider  model  started_at  template_hash  score  prompt_chars
a        w         p         big    0           x              1      100
b        w         p         big    9           x              1      100
c        w         p         small  0           x              1      300
d        w         p         small  9           x              0.2    300
e        w         p         other  9           x              -      300
'''
models = '''
provider  model  premium  blended_usd_per_mtok
p         big    true     4
p         small  false    0.4
p         other  false    0.4
'''
rows = '''
model  cheap_model  evidence  outcomes  successes  cheap_outcomes  cheap_successes  difference  lower_bound  upper_bound  prompt_ratio
big    small        score     2         2          2               1                -0.5        -0.905469    0.272573     3
big    small        status    2         2          2               2                0           -0.657620    0.657620     3
big    other        status    2         2          1               1                0           -0.793451    0.657620     3
'''
---*/
WITH units AS (
    SELECT
        template_hash, operation, provider, model, unit_hash,
        avg(score) AS score,
        bool_or(CASE WHEN nth = 1 THEN valid END) AS valid,
        bool_or(CASE WHEN nth_last = 1 THEN answered END) AS answered
    FROM template_calls
    GROUP BY template_hash, operation, provider, model, unit_hash
), tallies AS (
    SELECT template_hash, operation, provider, model, 1 AS strength, 'score' AS evidence, count(*) AS n, count(*) FILTER (WHERE score >= $good_score) AS won
    FROM units WHERE score IS NOT NULL GROUP BY template_hash, operation, provider, model
    UNION ALL
    SELECT template_hash, operation, provider, model, 2, 'valid JSON', count(*), count(*) FILTER (WHERE valid)
    FROM units WHERE valid IS NOT NULL GROUP BY template_hash, operation, provider, model
    UNION ALL
    SELECT template_hash, operation, provider, model, 3, 'status', count(*), count(*) FILTER (WHERE answered)
    FROM units WHERE answered IS NOT NULL GROUP BY template_hash, operation, provider, model
), arms AS (
    SELECT
        template_hash, operation, provider, model, bool_or(premium) AS premium,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY prompt_size) AS median_prompt
    FROM template_calls
    GROUP BY template_hash, operation, provider, model
), priced_arms AS (
    SELECT a.*, m.blended_usd_per_mtok AS usd_per_mtok
    FROM arms AS a
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM a.provider AND m.model = a.model
), pairs AS (
    SELECT
        a.template_hash, a.operation, a.provider, a.model, a.usd_per_mtok, b.provider AS cheap_provider, b.model AS cheap_model, b.usd_per_mtok AS cheap_usd_per_mtok,
        greatest(a.median_prompt, b.median_prompt) / nullif(least(a.median_prompt, b.median_prompt), 0) AS prompt_ratio
    FROM priced_arms AS a
    JOIN priced_arms AS b ON b.template_hash = a.template_hash AND b.operation IS NOT DISTINCT FROM a.operation
    WHERE a.premium AND NOT b.premium AND b.usd_per_mtok < a.usd_per_mtok
), weighed AS (
    SELECT
        p.*, x.evidence, x.strength,
        CAST(x.n AS DOUBLE) AS pn, CAST(x.won AS DOUBLE) AS px, CAST(y.n AS DOUBLE) AS cn, CAST(y.won AS DOUBLE) AS cx
    FROM pairs AS p
    JOIN tallies AS x ON x.template_hash = p.template_hash AND x.operation IS NOT DISTINCT FROM p.operation AND x.provider IS NOT DISTINCT FROM p.provider AND x.model = p.model
    JOIN tallies AS y
        ON y.template_hash = p.template_hash AND y.operation IS NOT DISTINCT FROM p.operation
        AND y.provider IS NOT DISTINCT FROM p.cheap_provider AND y.model = p.cheap_model AND y.strength = x.strength
), wilson AS (
    SELECT
        *,
        px / pn AS pp,
        cx / cn AS cp,
        (px + $z * $z / 2) / (pn + $z * $z) AS p_centre,
        (cx + $z * $z / 2) / (cn + $z * $z) AS c_centre,
        $z / (pn + $z * $z) * sqrt(px * (pn - px) / pn + $z * $z / 4) AS p_half,
        $z / (cn + $z * $z) * sqrt(cx * (cn - cx) / cn + $z * $z / 4) AS c_half
    FROM weighed
)
SELECT
    template_hash, operation, provider, model, usd_per_mtok, cheap_provider, cheap_model, cheap_usd_per_mtok, evidence, strength,
    CAST(pn AS BIGINT) AS outcomes, CAST(px AS BIGINT) AS successes, CAST(cn AS BIGINT) AS cheap_outcomes, CAST(cx AS BIGINT) AS cheap_successes,
    cp - pp AS difference,
    cp - pp - sqrt(power(cp - (c_centre - c_half), 2) + power(p_centre + p_half - pp, 2)) AS lower_bound,
    cp - pp + sqrt(power(c_centre + c_half - cp, 2) + power(pp - (p_centre - p_half), 2)) AS upper_bound,
    p_centre + p_half - pp AS premium_width,
    prompt_ratio
FROM wilson
