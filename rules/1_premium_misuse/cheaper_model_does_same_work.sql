/*---
title = "A cheaper model already does the same work as well"
why = """The same prompt template runs on a premium model and on a cheaper one, in this log, and the cheaper one succeeds as often: with 95% confidence its success rate is \
not more than five points lower (Newcombe's interval; about 170 outcomes each at 95%). Success is a score or feedback; else, where JSON was asked for, whether the first answer parses. \
Where a log knows nothing but the status the grade is heuristic: HTTP 200 is not quality. So it is where every answer of both models parses: strict decoding can do no other, \
whatever the answer says. Of several cheaper models that pass, the cheapest is named. Too few outcomes to \
tell: see cheaper_model_inconclusive."""
fix = "routing"
grade = "measured"
needs = ["template_hash", "models"]
action = "{subject}: serve this template with {target} instead of {premium_model} ({success_source}: {cheap_success} against {premium_success} outcomes succeeded)"
false_positives = """The models were not drawn by lot. If a router sends the hard requests to the premium model, the cheap one had the easy ones; a template whose prompts differ by more than a factor of two in \
length is left out, subtler selection is not seen. Units that went to the premium model after the cheap one had failed are left out. JSON that parses may be wrong. Tokens are not the same \
everywhere: another provider's tokenizer may count a tenth more or fewer, which moves the saving."""

[params.margin]
default = 0.05
help = "Five points of success rate: less than most teams would notice, and large enough to be shown with some 170 outcomes each."

[params.min_outcomes]
default = 20
help = "Below this a kind of evidence says nothing and the next weaker one is asked; nothing is called as good on fewer."

[params.max_prompt_ratio]
default = 2.0
help = "Median prompts that differ by more than a factor of two are not the same work: somebody sends the hard ones to the premium model."

[params.max_price_ratio]
default = 0.5
help = "A move is work and risk: below half the blended list price it pays for both."

[[example]]
name = "scores on both models: measured; of two that pass, the cheapest; only the premium calls that were answered are claimed"
about = "Two successes of two put the lower bound at -66 points, so the margin is widened to keep the example short."
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  provider  model   started_at  duration_s  template_hash  score  status  prompt_chars
a        one       p         big     0           1           x              1      ok      100
b        one       p         big     9           1           x              1      ok      100
c        two       p         big     20          1           x              -      ok      100
d        two       p         big     30          1           x              -      error   100
e        three     p         medium  0           1           x              1      ok      100
f        three     p         medium  9           1           x              1      ok      100
g        four      p         small   0           1           x              1      ok      100
h        four      p         small   9           1           x              1      ok      100
i        one       p         big     40          1           y              1      ok      100
'''
models = '''
provider  model   premium  blended_usd_per_mtok
p         big     true     4
p         medium  false    1
p         small   false    0.4
'''
claims = '''
call_id  subject  grade     route_to
a        one      measured  p/small
b        one      measured  p/small
c        two      measured  p/small
'''

[[example]]
name = "the log names no provider, as Langfuse's exports do"
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  model   started_at  duration_s  template_hash  score  status
a        one       big     0           1           x              1      ok
b        one       big     9           1           x              1      ok
c        one       small   0           1           x              1      ok
d        one       small   9           1           x              1      ok
'''
models = '''
provider  model   premium  blended_usd_per_mtok
-         big     true     4
-         small   false    0.4
'''
claims = '''
call_id  subject  grade     route_to
a        one      measured  small
b        one      measured  small
'''

[[example]]
name = "JSON was asked for and parses as often: measured; where it always parses, or only a status is known: heuristic"
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  provider  model   started_at  duration_s  template_hash  response_format  response_is_json  finish_reason
a        extract   p         big     0           1           x              json_schema      true              stop
b        extract   p         big     9           1           x              json_schema      false             stop
c        extract2  p         small   0           1           x              json_schema      true              stop
d        extract2  p         small   9           1           x              json_schema      true              stop
i        strict    p         big     0           1           z              json_schema      true              stop
j        strict    p         big     9           1           z              json_schema      true              stop
k        strict2   p         small   0           1           z              json_schema      true              stop
l        strict2   p         small   9           1           z              json_schema      true              stop
e        chat      p         big     0           1           y              -                -                 stop
f        chat      p         big     9           1           y              -                -                 stop
g        chat      p         small   0           1           y              -                -                 stop
h        chat      p         small   9           1           y              -                -                 stop
'''
models = '''
provider  model   premium  blended_usd_per_mtok
p         big     true     4
p         small   false    0.4
'''
claims = '''
call_id  grade      route_to
a        measured   p/small
b        measured   p/small
e        heuristic  p/small
f        heuristic  p/small
i        heuristic  p/small
j        heuristic  p/small
'''

[[example]]
name = "a cheaper model that passes by its status but fails by its scores: silent, the stronger evidence decides"
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  provider  model   started_at  duration_s  template_hash  score
a        one       p         big     0           1           x              1
b        one       p         big     9           1           x              1
c        two       p         small   0           1           x              0
d        two       p         small   9           1           x              0.2
'''
models = '''
provider  model   premium  blended_usd_per_mtok
p         big     true     4
p         small   false    0.4
'''

[[example]]
name = "too few outcomes for the margin; a fallback; a cascade; prompts three times as long; hardly cheaper: silent"
about = "few: two each are not enough for five points. fall: the cheap model only ever came after a failure. cascade: both in each trace. long and near: as named."
params = { min_outcomes = 2, margin = 0.05 }
calls = '''
call_id  request_id  trace_id  workload  provider  model   started_at  duration_s  template_hash  score  status  prompt_chars
a1       a1          a1        few       p         big     0           1           a              1      ok      100
a2       a2          a2        few       p         big     9           1           a              1      ok      100
a3       a3          a3        few       p         small   0           1           a              1      ok      100
a4       a4          a4        few       p         small   9           1           a              1      ok      100
b1       b1          b1        fall      p         big     0           1           b              1      ok      100
b2       b2          b2        fall      p         big     9           1           b              -      error   100
b3       b2          b2        fall      p         small   10          1           b              1      ok      100
b4       b4          b4        fall      p         big     19          1           b              -      error   100
b5       b4          b4        fall      p         small   20          1           b              1      ok      100
c1       c1          c1        cascade   p         small   0           1           c              1      ok      100
c2       c2          c1        cascade   p         big     9           1           c              1      ok      100
c3       c3          c2        cascade   p         small   0           1           c              1      ok      100
c4       c4          c2        cascade   p         big     9           1           c              1      ok      100
'''
models = '''
provider  model   premium  blended_usd_per_mtok
p         big     true     4
p         small   false    0.4
'''

[[example]]
name = "the cheaper model passes, but its window is too short for what this workload sends: silent there, claimed elsewhere"
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  provider  model   started_at  duration_s  template_hash  score  prompt_chars  input_tokens
a        short     p         big     0           1           x              1      4000          900
b        long      p         big     9           1           x              1      4000          90000
c        short     p         small   0           1           x              1      4000          900
d        short     p         small   9           1           x              1      4000          900
'''
models = '''
provider  model   premium  blended_usd_per_mtok  context_tokens
p         big     true     4                     200000
p         small   false    0.4                   32000
'''
claims = '''
call_id  subject  route_to
a        short    p/small
'''

[[example]]
name = "prompts three times as long are other work, and a model that is hardly cheaper is not worth the move: silent"
params = { min_outcomes = 2, margin = 0.7 }
calls = '''
call_id  workload  provider  model   started_at  duration_s  template_hash  score  prompt_chars
a        long      p         big     0           1           x              1      300
b        long      p         big     9           1           x              1      300
c        short     p         small   0           1           x              1      100
d        short     p         small   9           1           x              1      100
e        near      p         big     0           1           y              1      100
f        near      p         big     9           1           y              1      100
g        near      p         medium  0           1           y              1      100
h        near      p         medium  9           1           y              1      100
'''
models = '''
provider  model   premium  blended_usd_per_mtok
p         big     true     4
p         medium  false    3
p         small   false    0.4
'''
---*/
WITH judged AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY template_hash, operation, provider, model, cheap_provider, cheap_model
            ORDER BY CASE WHEN least(outcomes, cheap_outcomes) >= $min_outcomes THEN 0 ELSE 1 END, strength
        ) AS place
    FROM model_pairs
    WHERE cheap_usd_per_mtok <= $max_price_ratio * usd_per_mtok AND coalesce(prompt_ratio, 1) <= $max_prompt_ratio
), passing AS (
    SELECT
        *,
        concat_ws('/', cheap_provider, cheap_model) AS target,
        row_number() OVER (PARTITION BY template_hash, operation, provider, model ORDER BY cheap_usd_per_mtok, cheap_provider, cheap_model) AS choice
    FROM judged
    WHERE place = 1 AND least(outcomes, cheap_outcomes) >= $min_outcomes AND lower_bound > -$margin
), claimed AS (
    SELECT
        c.call_id, c.workload, p.model, p.target, p.evidence, p.lower_bound, p.outcomes, p.successes, p.cheap_outcomes, p.cheap_successes,
        row_number() OVER (PARTITION BY c.workload ORDER BY p.lower_bound, p.model, p.target, c.call_id) AS weakest
    FROM template_calls AS c
    JOIN passing AS p
        ON p.template_hash = c.template_hash AND p.operation IS NOT DISTINCT FROM c.operation AND p.provider IS NOT DISTINCT FROM c.provider AND p.model = c.model
    LEFT JOIN unfair_swaps AS u
        ON u.workload = c.workload AND u.provider IS NOT DISTINCT FROM p.provider AND u.model = p.model AND u.target = p.target
    WHERE p.choice = 1 AND c.answered AND u.target IS NULL
), named AS (
    SELECT
        workload,
        CASE WHEN min(target) = max(target) THEN min(target) ELSE concat_ws('', min(target), ' and others') END AS target,
        CASE WHEN min(model) = max(model) THEN min(model) ELSE concat_ws('', min(model), ' and others') END AS model
    FROM claimed
    GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    c.target AS route_to,
    CASE
        WHEN c.evidence = 'status' THEN 'heuristic'
        WHEN c.evidence = 'valid JSON' AND c.successes = c.outcomes AND c.cheap_successes = c.cheap_outcomes THEN 'heuristic'
        ELSE 'measured'
    END AS grade,
    n.model AS evidence_premium_model,
    n.target AS evidence_target,
    w.evidence AS evidence_success_source,
    concat_ws('', CAST(round(100.0 * w.successes / w.outcomes, 1) AS STRING), '% of ', CAST(w.outcomes AS STRING)) AS evidence_premium_success,
    concat_ws('', CAST(round(100.0 * w.cheap_successes / w.cheap_outcomes, 1) AS STRING), '% of ', CAST(w.cheap_outcomes AS STRING)) AS evidence_cheap_success,
    round(100 * w.lower_bound, 1) AS evidence_lower_bound_points
FROM claimed AS c
JOIN named AS n ON n.workload = c.workload
JOIN claimed AS w ON w.workload = c.workload AND w.weakest = 1
