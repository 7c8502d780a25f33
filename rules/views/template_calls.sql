/*---
kind = "view"
title = "Calls of prompt templates that a premium and another model both serve"
why = """Two models do the same work when the same template (the opening of the system message, digits masked) and operation reach both, from whatever workload. \
A call that says nothing about its model's answers is left out: one refused for lack of capacity, a re-send, a gateway's second attempt or fallback, whatever runs on a fallback until the first model is back, an answer from the \
gateway's cache, and any unit in which several models had a go at the template, since there the second one gets what the first could not do."""

[columns]
call_id = "the call"
template_hash = "as in calls"
operation = "as in calls"
provider = "as in calls"
model = "as in calls"
workload = "as in call_workloads"
unit_hash = "as in priced_calls: one outcome each"
nth = "1 for the unit's first call of this template"
nth_last = "1 for its last"
premium = "as in models"
prompt_size = "characters of the prompt, else input tokens; to compare within a template only"
score = "as in calls"
valid = "for an answered call that asked for JSON: whether the answer parses; NULL otherwise"
answered = "status ok and not cut off, filtered or broken"

[[example]]
name = "one template on two models; re-sends, fallbacks, cascades, capacity errors and other templates are left out"
calls = '''
call_id  request_id  trace_id  workload  provider  model  started_at  duration_s  template_hash  prompt_hash  status        finish_reason  response_format  response_is_json  prompt_chars
a        ra          ta        one       p         big    0           1           x              pa           ok            stop           json_object      true              80
b        rb          tb        two       p         small  0           1           x              pb           ok            length         json_object      false             90
c        rc          tc        one       p         big    0           1           x              pc           error         -              -                -                 80
d        rd          tc        one       p         big    3           1           x              pc           ok            stop           -                -                 80
e        re          te        one       p         big    0           1           x              pe           error         -              -                -                 80
f        re          te        one       p         small  2           1           x              pe           ok            stop           -                -                 80
g        rg          tg        one       p         small  0           1           x              pg           ok            stop           -                -                 80
h        rh          tg        one       p         big    5           1           x              ph           ok            stop           -                -                 80
i        ri          ti        one       p         big    0           1           x              pi           rate_limited  -              -                -                 80
j        rj          tj        one       p         big    0           1           y              pj           ok            stop           -                -                 80
'''
models = '''
provider  model  premium
p         big    true
p         small  false
'''
rows = '''
call_id  model  premium  valid  answered  nth  nth_last
a        big    true     true   true      1    1
b        small  false    false  false     1    1
c        big    true     -      false     1    1
e        big    true     -      false     1    1
'''
---*/
WITH shared AS (
    SELECT c.template_hash, c.operation
    FROM calls AS c
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM c.provider AND m.model = c.model
    WHERE c.template_hash IS NOT NULL
    GROUP BY c.template_hash, c.operation
    HAVING bool_or(m.premium) AND bool_or(NOT m.premium)
), served AS (
    SELECT
        p.call_id, c.template_hash, c.operation, p.provider, p.model, p.workload, p.unit_hash, p.start_us, p.status, m.premium, c.score,
        coalesce(c.prompt_chars, c.input_tokens) AS prompt_size,
        CASE WHEN p.status = 'ok' AND lower(c.response_format) LIKE 'json%' THEN c.response_is_json END AS valid,
        p.status = 'ok' AND coalesce(p.finish_reason, 'stop') NOT IN ('length', 'content_filter', 'error') AS answered,
        coalesce(c.attempt, 1) = 1 AND coalesce(a.send, 1) = 1 AND NOT coalesce(a.impatient, FALSE) AS first_send,
        row_number() OVER (PARTITION BY coalesce(p.request_hash, -p.call_id) ORDER BY p.start_us, p.end_us NULLS LAST, p.call_id) AS nth_attempt
    FROM priced_calls AS p
    JOIN calls AS c ON c.call_id = p.call_id
    JOIN shared AS s ON s.template_hash = c.template_hash AND s.operation IS NOT DISTINCT FROM c.operation
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM p.provider AND m.model = p.model
    LEFT JOIN attempt_chains AS a ON a.call_id = p.call_id
    LEFT JOIN (SELECT DISTINCT call_id FROM fallback_calls) AS b ON b.call_id = p.call_id
    WHERE m.premium IS NOT NULL AND b.call_id IS NULL AND p.start_us IS NOT NULL AND NOT coalesce(p.gateway_cache_hit, FALSE)
), comparable AS (
    SELECT
        *,
        min(concat_ws('', provider, '/', model)) OVER unit_template <> max(concat_ws('', provider, '/', model)) OVER unit_template AS mixed
    FROM served
    WHERE first_send AND nth_attempt = 1 AND status IN ('ok', 'error')
    WINDOW unit_template AS (PARTITION BY unit_hash, template_hash, operation)
)
SELECT
    call_id, template_hash, operation, provider, model, workload, unit_hash,
    row_number() OVER (PARTITION BY unit_hash, template_hash, operation ORDER BY start_us, call_id) AS nth,
    row_number() OVER (PARTITION BY unit_hash, template_hash, operation ORDER BY start_us DESC, call_id DESC) AS nth_last,
    premium, prompt_size, score, valid, answered
FROM comparable
WHERE NOT mixed
