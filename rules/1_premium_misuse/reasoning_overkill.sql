/*---
title = "Long hidden reasoning for short answers"
why = """More than four fifths of what the model writes is hidden reasoning, billed as output and waited for, and what comes out of it is a few tokens long. A lower reasoning effort, or a model that does not \
reason, answers such questions as a rule just as well. Claimed is the reasoning beyond a short paragraph of thought a call."""
action = "{subject}: lower the reasoning effort: {reasoning_percent}% of its output is hidden reasoning for answers of {p90_visible_tokens} tokens at p90"
fix = "routing"
grade = "heuristic"
effect = "spend"
needs = ["reasoning_tokens", "output_tokens"]
false_positives = """A short verdict may need the thought: a judge, a proof, a hard multiple-choice question. That is why this is heuristic: replay a few hundred logged prompts at a lower effort and compare the answers \
before you change it. Workloads that the config values high are left alone, and so are calls that already ask for no or minimal effort."""

[params.min_reasoning_share]
default = 0.8
help = "Four hidden tokens for each one that anybody reads; below that the answer is a fair part of the work."

[params.max_visible_tokens]
default = 64
help = "Nine in ten answers no longer than a label in a small JSON frame, as in premium_for_short_answers: a written argument is longer."

[params.keep_tokens]
default = 128
help = "What is left to every call: a short paragraph of thought, which is about what the lowest efforts spend."

[params.min_calls]
default = 30
help = "Were the true p90 longer, 30 calls in a row would all be short by chance in 4% of cases (0.9 to the 30th)."

[[example]]
name = "hundreds of hidden tokens for a label; a workload that writes long, and one that hardly thinks, are fine"
params = { min_calls = 2 }
calls = '''
call_id  workload  provider  model  output_tokens  reasoning_tokens
a        triage    p         big    903            900
b        triage    p         big    502            500
c        triage    p         big    105            100
d        report    p         big    2900           2400
e        report    p         big    2900           2400
f        quick     p         big    30             10
g        quick     p         big    30             10
'''
claims = '''
call_id  subject  grade      fix      trim_output_tokens
a        triage   heuristic  routing  772
b        triage   heuristic  routing  372
'''

[[example]]
name = "valued high by config, asked for no effort, too few calls, failed: silent"
params = { min_calls = 2 }
calls = '''
call_id  workload  provider  model  output_tokens  reasoning_tokens  reasoning_effort  status
a        safety    p         big    903            900               -                 ok
b        safety    p         big    903            900               -                 ok
c        lean      p         big    903            900               minimal           ok
d        lean      p         big    903            900               minimal           ok
e        once      p         big    903            900               -                 ok
f        broken    p         big    903            900               -                 error
g        broken    p         big    903            900               -                 error
'''
config_workloads = '''
workload  value
safety    high
'''
claims = ""
---*/
WITH thinking AS (
    SELECT
        p.call_id, p.workload, p.model, p.output_tokens,
        least(p.reasoning_tokens, p.output_tokens) AS reasoning,
        p.output_tokens - least(p.reasoning_tokens, p.output_tokens) AS visible
    FROM priced_calls AS p
    JOIN calls AS c ON c.call_id = p.call_id
    WHERE p.status = 'ok' AND p.output_tokens > 0 AND p.reasoning_tokens IS NOT NULL AND NOT coalesce(p.gateway_cache_hit, FALSE)
      AND lower(coalesce(c.reasoning_effort, '')) NOT IN ('none', 'minimal')
), profile AS (
    SELECT
        workload, model,
        count(*) AS calls,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY visible) AS p90_visible,
        CAST(sum(reasoning) AS DOUBLE) / CAST(sum(output_tokens) AS DOUBLE) AS reasoning_share
    FROM thinking
    GROUP BY workload, model
    HAVING count(*) >= $min_calls AND sum(reasoning) > $min_reasoning_share * sum(output_tokens)
), told AS (
    SELECT
        f.workload,
        CASE WHEN count(*) = 1 THEN min(f.model) ELSE concat_ws('', min(f.model), ' and ', CAST(count(*) - 1 AS STRING), ' more') END AS models,
        CAST(sum(f.calls) AS BIGINT) AS calls,
        max(f.p90_visible) AS p90_visible,
        CAST(floor(100 * min(f.reasoning_share)) AS BIGINT) AS reasoning_percent
    FROM profile AS f
    JOIN workloads AS w ON w.workload = f.workload
    WHERE f.p90_visible <= $max_visible_tokens AND w.value <> 'high'
    GROUP BY f.workload
)
SELECT
    t.call_id,
    t.workload AS subject,
    t.reasoning - $keep_tokens AS trim_output_tokens,
    d.models AS evidence_models,
    d.calls AS evidence_calls,
    d.p90_visible AS evidence_p90_visible_tokens,
    d.reasoning_percent AS evidence_reasoning_percent
FROM thinking AS t
JOIN profile AS f ON f.workload = t.workload AND f.model IS NOT DISTINCT FROM t.model
JOIN told AS d ON d.workload = t.workload
WHERE f.p90_visible <= $max_visible_tokens AND t.reasoning > $keep_tokens
