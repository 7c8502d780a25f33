/*---
kind = "observation"
title = "A cheaper model may do the same work: too few outcomes to tell"
why = """A premium and a cheaper model serve the same prompt template and nothing says that the cheaper one does worse, but the outcomes are too few to rule out a difference of five points. \
How many are missing, at the success rates seen so far, is said here: send a few percent of the traffic to the cheaper model until there are enough, then look again. \
Shown is the pair that needs the fewest. The margin and the other thresholds are those of cheaper_model_does_same_work."""
fix = "routing"
grade = "heuristic"
needs = ["template_hash", "models"]
action = "{subject}: send some of this template's traffic to {target}; about {missing_outcomes} more outcomes settle whether it is as good as {premium_model}"
false_positives = "As for cheaper_model_does_same_work: the models were not drawn by lot, and a status is no quality. The number missing assumes that the rates stay as they are."

[params.margin]
default = 0.05
help = "As in cheaper_model_does_same_work: five points of success rate."

[params.min_outcomes]
default = 20
help = "As in cheaper_model_does_same_work: below this a kind of evidence says nothing."

[params.max_prompt_ratio]
default = 2.0
help = "As in cheaper_model_does_same_work: prompts that differ more in length are not the same work."

[params.max_price_ratio]
default = 0.5
help = "As in cheaper_model_does_same_work: a move is work and risk."

[params.max_missing]
default = 5000
help = "Where thousands of outcomes are missing the rates differ by nearly the margin: more traffic is no plan then."

[[example]]
name = "two successes of two each: 71 more of the cheaper model make 73 of 73, which is enough for five points"
params = { min_outcomes = 2 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  template_hash  score
a        w         p         big    0           1           x              1
b        w         p         big    9           1           x              1
c        v         p         small  0           1           x              1
d        v         p         small  9           1           x              1
'''
models = '''
provider  model  premium  blended_usd_per_mtok
p         big    true     4
p         small  false    0.4
'''
rows = '''
subject  evidence_target  evidence_premium_model  evidence_missing_outcomes  evidence_success_source
w        p/small          big                     71                         score
'''

[[example]]
name = "enough outcomes, or the cheaper one does worse: silent"
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  template_hash  score
a        w         p         big    0           1           x              1
b        w         p         big    9           1           x              1
c        v         p         small  0           1           x              1
d        v         p         small  9           1           x              1
e        u         p         big    0           1           y              1
f        u         p         big    9           1           y              1
g        t         p         small  0           1           y              0
h        t         p         small  9           1           y              0
'''
models = '''
provider  model  premium  blended_usd_per_mtok
p         big    true     4
p         small  false    0.4
'''
---*/
WITH judged AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY template_hash, operation, provider, model, cheap_provider, cheap_model
            ORDER BY CASE WHEN least(outcomes, cheap_outcomes) >= $min_outcomes THEN 0 ELSE 1 END, strength
        ) AS place,
        CAST(outcomes AS DOUBLE) AS pn,
        CAST(cheap_outcomes AS DOUBLE) AS cn,
        CAST(successes AS DOUBLE) / outcomes AS pp,
        CAST(cheap_successes AS DOUBLE) / cheap_outcomes AS cp,
        -- What the two widths of the interval may come to, in squares; no number of outcomes helps once the rates differ by the margin.
        CASE WHEN difference + $margin > $margin / 10 THEN difference + $margin END AS room
    FROM model_pairs
    WHERE cheap_usd_per_mtok <= $max_price_ratio * usd_per_mtok AND coalesce(prompt_ratio, 1) <= $max_prompt_ratio
), decided AS (
    SELECT
        *,
        max(CASE WHEN place = 1 AND least(outcomes, cheap_outcomes) >= $min_outcomes AND lower_bound > -$margin THEN 1 ELSE 0 END) OVER (
            PARTITION BY template_hash, operation, provider, model
        ) AS settled
    FROM judged
), planned AS (
    SELECT
        *,
        least(premium_width, room / sqrt(2)) AS p_share,
        sqrt(power(room, 2) - power(least(premium_width, room / sqrt(2)), 2)) AS c_share
    FROM decided
    WHERE place = 1 AND settled = 0 AND room IS NOT NULL
), needed AS (
    -- A Wilson limit l lies w from its rate when n = z^2 l (1 - l) / w^2, with z = 1.96. The premium model keeps the width it has where it can.
    SELECT
        *,
        greatest(ceil(3.841458820694124 * greatest(cp - c_share, 0) * (1 - greatest(cp - c_share, 0)) / power(c_share, 2)), $min_outcomes) AS c_needed,
        CASE WHEN premium_width <= room / sqrt(2) THEN greatest(pn, $min_outcomes)
             ELSE greatest(ceil(3.841458820694124 * (pp + p_share) * (1 - least(pp + p_share, 1)) / power(p_share, 2)), $min_outcomes) END AS p_needed
    FROM planned
), missing AS (
    SELECT *, CAST(greatest(c_needed - cn, 0) + greatest(p_needed - pn, 0) AS BIGINT) AS missing_outcomes
    FROM needed
), seen AS (
    SELECT
        c.workload, m.model, m.cheap_provider, m.cheap_model, m.evidence, m.missing_outcomes, m.outcomes, m.cheap_outcomes, m.difference,
        row_number() OVER (PARTITION BY c.workload ORDER BY m.missing_outcomes, m.cheap_usd_per_mtok, m.model, m.cheap_model, c.call_id) AS fewest
    FROM template_calls AS c
    JOIN missing AS m
        ON m.template_hash = c.template_hash AND m.operation IS NOT DISTINCT FROM c.operation AND m.provider IS NOT DISTINCT FROM c.provider AND m.model = c.model
    WHERE m.missing_outcomes BETWEEN 1 AND $max_missing
)
SELECT
    workload AS subject,
    model AS evidence_premium_model,
    concat_ws('/', cheap_provider, cheap_model) AS evidence_target,
    evidence AS evidence_success_source,
    outcomes AS evidence_premium_outcomes,
    cheap_outcomes AS evidence_cheap_outcomes,
    round(100 * difference, 1) AS evidence_difference_points,
    missing_outcomes AS evidence_missing_outcomes
FROM seen
WHERE fewest = 1
