/*---
title = "A premium model on work that is worth little"
why = "Tests, staging, evaluations and health checks need some model, seldom the best one; they are written with production's settings and stay there."
action = "Route low-value {subject} to {target}"
fix = "routing"
grade = "heuristic"
needs = ["models", "output_tokens"]
false_positives = "A test that measures the production model's quality, or a staging system that customers see. Name the workload in config with value = \"normal\" and it is left alone; name its route_to, and the claim is structural, since you have said which model is good enough."

[[example]]
name = "a staging environment and a workload that config values low; production is left alone"
calls = '''
call_id  workload  environment  provider  model  input_tokens  output_tokens
a        bot       staging      p         big    500           300
b        bot       staging      p         big    500           300
c        report    prod         p         big    500           300
d        shop      prod         p         big    500           300
'''
config_workloads = '''
workload  value  route_to
report    low    q/tiny
'''
config_calls = '''
call_id  workload
c        report
'''
models = '''
provider  model  premium  cheaper_sibling
p         big    true     p/small
p         small  false    -
'''
claims = '''
call_id  subject  route_to  grade
a        bot      p/small   heuristic
b        bot      p/small   heuristic
c        report   q/tiny    structural
'''

[[example]]
name = "config says normal, the model is cheap or already the target, the call failed, the target has no tools: silent"
calls = '''
call_id  workload  environment  provider  model    input_tokens  output_tokens  status  tool_defs
a        bot       staging      p         big      500           300            ok      -
b        smoke     test         p         small    500           300            ok      -
c        nightly   test         p         big      500           300            ok      -
d        failing   test         p         big      -             -              error   -
e        alone     test         p         monopol  500           300            ok      -
f        agent     test         p         big      500           300            ok      4
'''
config_workloads = '''
workload  value   route_to
bot       normal  -
nightly   low     p/big
'''
config_calls = '''
call_id  workload
a        bot
c        nightly
'''
models = '''
provider  model    premium  cheaper_sibling  capabilities
p         big      true     p/small          text,tools
p         small    false    -                text
p         monopol  true     -                text,tools
'''
---*/
WITH low AS (
    SELECT
        c.call_id,
        w.workload,
        v.value_reason,
        c.provider,
        c.model,
        concat_ws('/', c.provider, c.model) AS served_by,
        g.route_to IS NOT NULL AS named,
        coalesce(g.route_to, m.cheaper_sibling) AS route_to
    FROM calls AS c
    JOIN call_workloads AS w ON w.call_id = c.call_id
    JOIN workloads AS v ON v.workload = w.workload
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM c.provider AND m.model = c.model
    LEFT JOIN config_workloads AS g ON g.workload = w.workload
    WHERE v.value = 'low' AND m.premium AND c.status = 'ok' AND c.output_tokens IS NOT NULL AND NOT coalesce(c.gateway_cache_hit, FALSE)
), claimed AS (
    SELECT l.*
    FROM low AS l
    LEFT JOIN unfair_swaps AS u
        ON u.workload = l.workload AND u.provider IS NOT DISTINCT FROM l.provider AND u.model = l.model AND u.target = l.route_to
    WHERE l.route_to IS NOT NULL AND l.route_to <> l.served_by AND u.target IS NULL
), told AS (
    SELECT
        workload,
        CASE WHEN min(model) = max(model) THEN min(model) ELSE concat_ws('', min(model), ' and others') END AS models,
        count(*) AS calls
    FROM claimed
    GROUP BY workload
)
SELECT
    k.call_id,
    k.workload AS subject,
    k.route_to,
    CASE WHEN k.named THEN 'structural' ELSE 'heuristic' END AS grade,
    t.models AS evidence_models,
    t.calls AS evidence_calls,
    k.value_reason AS evidence_value_reason
FROM claimed AS k
JOIN told AS t ON t.workload = k.workload
