/*---
title = "A premium model gives answers of a few tokens"
why = "An answer of a word or a label, or one out of a small set, is classification or extraction: the cheaper sibling of the same provider was built for it, at a quarter of the price or less. Most of such a bill is reading the prompt, so the price of the model is nearly all of it."
action = "Route {subject} to {target}: its answers are {p90_visible_tokens} tokens at p90"
fix = "routing"
grade = "heuristic"
needs = ["models", "output_tokens"]
false_positives = "A short verdict may need long thought: a judge, a safety check, a hard multiple-choice question. That is why an asked-for reasoning effort silences the rule and why the grade is heuristic: try the sibling on a few hundred logged prompts and compare the answers before you move. Where the log does not say whether tools were offered, a finish reason of tool_calls stands in for it. A workload that the config values high is left alone, and so is one that asks for what the sibling cannot do (view unfair_swaps)."

[params.max_short_tokens]
default = 16
help = "A label, a number, a yes or no: nobody writes an argument in 16 tokens."

[params.max_closed_tokens]
default = 64
help = "Longer answers count only when they come from a closed set; a label with a small JSON frame around it takes up to 64 tokens."

[params.max_distinct]
default = 20
help = "Up to 20 different answers is a set of labels, however few the calls."

[params.max_distinct_share]
default = 0.05
help = "In much traffic a closed set may be larger (products, queues, cities), but each answer then comes 20 times on average."

[params.min_calls]
default = 30
help = "Were the true p90 longer, 30 calls in a row would all be short by chance in 4% of cases (0.9 to the 30th); with fewer a quantile says little. Counted over the premium models of one workload that all answer shortly: it is one job."

[params.min_plain_share]
default = 0.9
help = "The same tolerance as the p90: a workload in which more than a tenth of the calls offer tools or ask for reasoning is an agent, and its short answers are steps."

[[requires]]
sql = "SELECT count(premium) > 0 OR count(*) = 0 FROM models"
reason = "nothing is known of this log's models but perhaps their price (as under OpenRouter's names): which of them are premium cannot be told"
setting = "log the provider that serves a call and its own name for the model"

[[example]]
name = "labels from a premium model; the same labels from a cheap model are fine"
params = { min_calls = 3 }
calls = '''
call_id  workload  provider  model  input_tokens  output_tokens  response_hash  status
a        triage    p         big    200           2              billing        ok
b        triage    p         big    200           3              spam           ok
c        triage    p         big    200           2              billing        ok
d        triage    p         small  200           2              billing        ok
e        triage    p         small  200           2              billing        ok
f        triage    p         small  200           2              billing        ok
g        triage    p         big    -             -              -              rate_limited
'''
models = '''
provider  model  premium  cheaper_sibling
p         big    true     p/small
p         small  false    -
'''
claims = '''
call_id  route_to  subject
a        p/small   triage
b        p/small   triage
c        p/small   triage
'''

[[example]]
name = "sixty tokens: a closed set is claimed, as many different texts are not"
about = "Every answer must have come twice on average, else 'at most 20 different' would call any small sample closed."
params = { min_calls = 4 }
calls = '''
call_id  workload  provider  model  output_tokens  response_hash
a        router    p         big    60             x
b        router    p         big    60             y
c        router    p         big    60             x
d        router    p         big    60             y
e        writer    p         big    60             t1
f        writer    p         big    60             t2
g        writer    p         big    60             t3
h        writer    p         big    60             t4
'''
models = '''
provider  model  premium  cheaper_sibling
p         big    true     p/small
'''
claims = '''
call_id  route_to
a        p/small
b        p/small
c        p/small
d        p/small
'''

[[example]]
name = "two premium models do one job: their calls count together, those of a model that writes long do not"
params = { min_calls = 4 }
calls = '''
call_id  workload  provider  model   output_tokens  response_hash
a        triage    p         big     2              x
b        triage    p         big     2              y
c        triage    p         bigger  3              x
d        triage    p         bigger  3              y
e        triage    p         prose   900            t1
f        other     p         big     2              x
g        other     p         big     2              x
h        other     p         prose   900            t2
i        other     p         prose   900            t3
'''
models = '''
provider  model   premium  cheaper_sibling
p         big     true     p/small
p         bigger  true     p/small
p         prose   true     p/small
'''
claims = '''
call_id  subject  route_to
a        triage   p/small
b        triage   p/small
c        triage   p/small
d        triage   p/small
'''

[[example]]
name = "hidden reasoning is not the answer: what the caller sees is short"
params = { min_calls = 2 }
calls = '''
call_id  workload  provider  model  output_tokens  reasoning_tokens  response_hash
a        triage    p         big    502            500               x
b        triage    p         big    402            400               y
'''
models = '''
provider  model  premium  cheaper_sibling
p         big    true     p/small
'''
claims = '''
call_id  route_to
a        p/small
b        p/small
'''

[[example]]
name = "long answers, an asked-for effort, tools, an embedding, too few calls, no sibling: silent"
params = { min_calls = 2 }
calls = '''
call_id  workload  provider  model    operation  output_tokens  reasoning_effort  tool_defs  finish_reason
a        drafts    p         big      chat       900            -                 -          stop
b        drafts    p         big      chat       3              -                 -          stop
c        judge     p         big      chat       2              high              -          stop
d        judge     p         big      chat       2              high              -          stop
e        agent     p         big      chat       9              -                 3          stop
f        agent     p         big      chat       9              -                 -          tool_calls
g        index     p         big      embedding  0              -                 -          -
h        index     p         big      embedding  0              -                 -          -
i        once      p         big      chat       2              -                 -          stop
j        alone     p         monopol  chat       2              -                 -          stop
k        alone     p         monopol  chat       2              -                 -          stop
'''
models = '''
provider  model    premium  cheaper_sibling
p         big      true     p/small
p         monopol  true     -
'''

[[example]]
name = "prompts that the sibling's window cannot hold, a picture that it cannot see, a workload of high value: silent"
params = { min_calls = 2 }
calls = '''
call_id  workload  provider  model  input_tokens  output_tokens  image_tokens
a        long      p         big    90000         2              -
b        long      p         big    300           2              -
c        eyes      p         big    300           2              200
d        eyes      p         big    300           2              -
e        verdicts  p         big    300           2              -
f        verdicts  p         big    300           2              -
'''
models = '''
provider  model  premium  cheaper_sibling  capabilities  context_tokens
p         big    true     p/small          text,vision   200000
p         small  false    -                text          32000
'''
config_workloads = '''
workload  value
verdicts  high
'''
claims = ""

[[example]]
name = "a reply of the gateway's own cache costs nothing and counts for nothing"
params = { min_calls = 2 }
calls = '''
call_id  workload  provider  model  output_tokens  gateway_cache_hit
a        triage    p         big    2              -
b        triage    p         big    2              true
c        triage    p         big    2              true
'''
models = '''
provider  model  premium  cheaper_sibling
p         big    true     p/small
'''
---*/
WITH answered AS (
    SELECT
        c.call_id,
        w.workload,
        c.provider,
        c.model,
        m.cheaper_sibling,
        c.output_tokens - least(coalesce(c.reasoning_tokens, 0), c.output_tokens) AS visible,
        c.response_hash,
        coalesce(c.tool_defs, 0) = 0 AND c.tools_hash IS NULL AND coalesce(c.finish_reason, 'stop') NOT IN ('tool_calls', 'tool_use', 'function_call')
            AND lower(coalesce(c.reasoning_effort, 'none')) IN ('none', 'minimal') AS plain
    FROM calls AS c
    JOIN call_workloads AS w ON w.call_id = c.call_id
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM c.provider AND m.model = c.model
    WHERE m.premium AND m.cheaper_sibling IS NOT NULL AND c.status = 'ok' AND c.output_tokens IS NOT NULL
      AND coalesce(c.operation, 'chat') IN ('chat', 'completion', 'responses') AND NOT coalesce(c.gateway_cache_hit, FALSE)
), profile AS (
    SELECT
        workload, provider, model, max(cheaper_sibling) AS cheaper_sibling,
        count(*) AS calls,
        count(*) FILTER (WHERE plain) AS plain_calls,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY CASE WHEN plain THEN visible END) AS p90_visible,
        count(DISTINCT CASE WHEN plain THEN response_hash END) AS answers,
        count(*) FILTER (WHERE plain AND response_hash IS NOT NULL) AS hashed
    FROM answered
    GROUP BY workload, provider, model
), short AS (
    SELECT *, sum(plain_calls) OVER (PARTITION BY workload) AS calls_alike
    FROM profile
    WHERE plain_calls >= $min_plain_share * calls
      AND (
          p90_visible <= $max_short_tokens
          OR (
              p90_visible <= $max_closed_tokens
              AND hashed >= 0.9 * plain_calls
              AND answers <= greatest($max_distinct, $max_distinct_share * plain_calls)
              AND answers * 2 <= plain_calls
          )
      )
), fair AS (
    SELECT s.*
    FROM short AS s
    JOIN workloads AS w ON w.workload = s.workload
    LEFT JOIN unfair_swaps AS u
        ON u.workload = s.workload AND u.provider IS NOT DISTINCT FROM s.provider AND u.model = s.model AND u.target = s.cheaper_sibling
    WHERE s.calls_alike >= $min_calls AND w.value <> 'high' AND u.target IS NULL
), told AS (
    SELECT
        workload,
        CASE WHEN count(*) = 1 THEN min(model) ELSE concat_ws('', min(model), ' and ', CAST(count(*) - 1 AS STRING), ' more') END AS models,
        CAST(sum(plain_calls) AS BIGINT) AS calls,
        max(p90_visible) AS p90_visible,
        CASE WHEN min(hashed) > 0 THEN max(answers) END AS answers
    FROM fair
    GROUP BY workload
)
SELECT
    a.call_id,
    a.workload AS subject,
    a.cheaper_sibling AS route_to,
    t.models AS evidence_models,
    t.calls AS evidence_calls,
    t.p90_visible AS evidence_p90_visible_tokens,
    t.answers AS evidence_distinct_answers
FROM answered AS a
JOIN fair AS s ON s.workload = a.workload AND s.provider IS NOT DISTINCT FROM a.provider AND s.model = a.model
JOIN told AS t ON t.workload = a.workload
WHERE a.plain
