/*---
kind = "view"
title = "A premium and a cheaper model on one prompt template: is the cheaper one as good"
why = """Non-inferior means: with 95% confidence the cheaper model's success rate is not more than five points below the premium one's. The interval is Newcombe's hybrid of two \
Wilson score intervals, which holds near 0% and 100%, where success rates live. One outcome per unit. The evidence is the strongest that both models have enough of: a score; \
else whether the first answer to a request for JSON parses; else the status, which says little about quality."""

[columns]
template_hash = "as in calls"
operation = "as in calls"
provider = "of the premium model"
model = "the premium model"
cheap_provider = "of the cheaper model"
cheap_model = "a cheaper model that is not premium"
cheap_usd_per_mtok = "its blended list price"
evidence = "score, valid JSON or status"
outcomes = "outcomes of the premium model"
successes = "successes among them"
cheap_outcomes = "outcomes of the cheaper model"
cheap_successes = "successes among them"
difference = "success rate of the cheaper model minus that of the premium model"
lower_bound = "lower 95% bound of the difference"
upper_bound = "upper 95% bound of the difference"
prompt_ratio = "longer over shorter median prompt of the two"
verdict = "non_inferior, inferior, inconclusive, or unlike where the prompts differ too much in length to be the same work"
missing_outcomes = "for inconclusive: about how many more outcomes it takes at these rates, both models together; NULL where more would hardly help"

[params.margin]
default = 0.05
help = "Five points of success rate: less than most teams would notice, and large enough to be shown with some 170 outcomes each."

[params.z]
default = 1.959963984540054
help = "Two-sided 95%: the normal quantile at 0.975."

[params.min_outcomes]
default = 20
help = "Below this a kind of evidence says nothing and the next weaker one is asked; nothing is called non-inferior on fewer."

[params.good_score]
default = 0.5
help = "A unit with an explicit score succeeded at or above this: scores are 0 to 1 and half is the neutral point (as in outcomes)."

[params.max_prompt_ratio]
default = 2.0
help = "Median prompts that differ by more than a factor of two are not the same work: somebody sends the hard ones to the premium model."

[[example]]
name = "too few outcomes to tell, and how many are missing; the interval itself is held against statsmodels by a test"
params = { min_outcomes = 2 }
calls = '''
call_id  workload  provider  model  started_at  template_hash  score  prompt_chars
a        w         p         big    0           x              1      100
b        w         p         big    9           x              1      100
c        w         p         small  0           x              1      100
d        w         p         small  9           x              1      100
'''
models = '''
provider  model  premium  blended_usd_per_mtok
p         big    true     4
p         small  false    0.4
'''
rows = '''
model  cheap_model  evidence  outcomes  cheap_outcomes  successes  cheap_successes  difference  lower_bound  verdict       missing_outcomes
big    small        score     2         2               2          2                0           -0.657620    inconclusive  71
'''

[[example]]
name = "unlike prompts; with a wide margin two outcomes show that it is as good; two failures that it is worse"
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  provider  model  started_at  template_hash  score  prompt_chars
a        w         p         big    0           x              1      100
b        w         p         big    9           x              1      100
c        w         p         s1     0           x              1      100
d        w         p         s1     9           x              1      100
e        w         p         s2     0           x              1      300
f        w         p         s2     9           x              1      300
'''
models = '''
provider  model  premium  blended_usd_per_mtok
p         big    true     4
p         s1     false    0.4
p         s2     false    0.4
'''
rows = '''
cheap_model  verdict       prompt_ratio
s1           non_inferior  1
s2           unlike        3
'''
---*/
WITH units AS (
    SELECT
        template_hash, operation, provider, model, unit_id,
        avg(score) AS score,
        bool_or(CASE WHEN nth = 1 THEN valid END) AS valid,
        bool_or(CASE WHEN nth_last = 1 THEN answered END) AS answered
    FROM template_calls
    GROUP BY template_hash, operation, provider, model, unit_id
), tallies AS (
    SELECT template_hash, operation, provider, model, 1 AS strength, 'score' AS evidence, count(*) AS n, count_if(score >= $good_score) AS won
    FROM units WHERE score IS NOT NULL GROUP BY template_hash, operation, provider, model
    UNION ALL
    SELECT template_hash, operation, provider, model, 2, 'valid JSON', count(*), count_if(valid)
    FROM units WHERE valid IS NOT NULL GROUP BY template_hash, operation, provider, model
    UNION ALL
    SELECT template_hash, operation, provider, model, 3, 'status', count(*), count_if(answered)
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
    JOIN models AS m ON m.provider = a.provider AND m.model = a.model
), pairs AS (
    SELECT
        a.template_hash, a.operation, a.provider, a.model, b.provider AS cheap_provider, b.model AS cheap_model, b.usd_per_mtok AS cheap_usd_per_mtok,
        greatest(a.median_prompt, b.median_prompt) / nullif(least(a.median_prompt, b.median_prompt), 0) AS prompt_ratio
    FROM priced_arms AS a
    JOIN priced_arms AS b ON b.template_hash = a.template_hash AND b.operation IS NOT DISTINCT FROM a.operation
    WHERE a.premium AND NOT b.premium AND b.usd_per_mtok < a.usd_per_mtok
), weighed AS (
    SELECT
        p.*, x.evidence,
        CAST(x.n AS DOUBLE) AS pn, CAST(x.won AS DOUBLE) AS px, CAST(y.n AS DOUBLE) AS cn, CAST(y.won AS DOUBLE) AS cx,
        row_number() OVER (
            PARTITION BY p.template_hash, p.operation, p.provider, p.model, p.cheap_provider, p.cheap_model
            ORDER BY CASE WHEN least(x.n, y.n) >= $min_outcomes THEN 0 ELSE 1 END, x.strength
        ) AS place
    FROM pairs AS p
    JOIN tallies AS x ON x.template_hash = p.template_hash AND x.operation IS NOT DISTINCT FROM p.operation AND x.provider = p.provider AND x.model = p.model
    JOIN tallies AS y
        ON y.template_hash = p.template_hash AND y.operation IS NOT DISTINCT FROM p.operation
        AND y.provider = p.cheap_provider AND y.model = p.cheap_model AND y.strength = x.strength
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
    WHERE place = 1
), newcombe AS (
    SELECT
        *,
        cp - pp AS difference,
        cp - pp - sqrt(power(cp - (c_centre - c_half), 2) + power(p_centre + p_half - pp, 2)) AS lower_bound,
        cp - pp + sqrt(power(c_centre + c_half - cp, 2) + power(pp - (p_centre - p_half), 2)) AS upper_bound,
        CASE WHEN cp - pp + $margin > $margin / 10 THEN cp - pp + $margin END AS room,
        p_centre + p_half - pp AS p_width
    FROM wilson
), planned AS (
    -- A Wilson limit l lies w from its rate p when n = z^2 l (1 - l) / w^2. The premium model may use up at most half of the room, squared.
    SELECT *, least(p_width, room / sqrt(2)) AS p_share, sqrt(power(room, 2) - power(least(p_width, room / sqrt(2)), 2)) AS c_share
    FROM newcombe
), needed AS (
    SELECT
        *,
        greatest(ceil($z * $z * greatest(cp - c_share, 0) * (1 - greatest(cp - c_share, 0)) / power(c_share, 2)), $min_outcomes) AS c_needed,
        CASE WHEN p_width <= room / sqrt(2) THEN greatest(pn, $min_outcomes)
             ELSE greatest(ceil($z * $z * (pp + p_share) * (1 - least(pp + p_share, 1)) / power(p_share, 2)), $min_outcomes) END AS p_needed
    FROM planned
), judged AS (
    SELECT
        *,
        CASE WHEN prompt_ratio > $max_prompt_ratio THEN 'unlike'
             WHEN least(pn, cn) >= $min_outcomes AND lower_bound > -$margin THEN 'non_inferior'
             WHEN upper_bound < -$margin THEN 'inferior'
             ELSE 'inconclusive' END AS verdict
    FROM needed
)
SELECT
    template_hash, operation, provider, model, cheap_provider, cheap_model, cheap_usd_per_mtok, evidence,
    CAST(pn AS BIGINT) AS outcomes, CAST(px AS BIGINT) AS successes, CAST(cn AS BIGINT) AS cheap_outcomes, CAST(cx AS BIGINT) AS cheap_successes,
    difference, lower_bound, upper_bound, prompt_ratio, verdict,
    CASE WHEN verdict = 'inconclusive' AND room IS NOT NULL
         THEN nullif(CAST(greatest(c_needed - cn, 0) + greatest(p_needed - pn, 0) AS BIGINT), 0) END AS missing_outcomes
FROM judged
