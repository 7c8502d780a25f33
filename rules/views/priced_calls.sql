/*---
kind = "view"
title = "Calls with their workload, times and price"
why = "The relation that most rules read: one row per attempt, with what was billed and how far that is known. Unknown is NULL, never zero."

[columns]
call_id = "the call"
unit_id = "the unit of outcome: trace_id, else request_id, else the call itself"
unit_hash = "unit_id as a number (63 bits of a hash), cheaper to group and join by than a text"
traced = "the log names a trace, and unit_id is its id"
request_id = "as in calls"
request_hash = "request_id as a number; NULL where there is none"
source_call_id = "as in calls"
workload = "as in call_workloads"
caller = "who sends: key alias, team, user, end user and user agent, as far as the log knows them"
caller_hash = "caller as a number"
provider = "as in calls"
model = "as in calls"
model_requested = "as in calls"
deployment = "as in calls, else endpoint, else provider/model"
operation = "as in calls"
status = "as in calls"
finish_reason = "as in calls"
streamed = "as in calls"
end_user = "as in calls"
has_end_user = "the call names an end user"
start_us = "start, microseconds since 1970"
first_token_us = "first streamed token, microseconds since 1970; NULL unless streamed"
end_us = "end, microseconds since 1970"
day = "UTC day of the start"
duration_ms = "end minus start"
ttft_ms = "first token minus start, streamed calls only"
tier = "default, batch, flex or priority; default also where the log does not say"
input_tokens = "as in calls, cached included"
uncached_tokens = "input tokens neither read from nor written to the prompt cache"
cache_read_tokens = "0 where usage is known and the log names none"
cache_write_5m_tokens = "0 where usage is known and the log names none"
cache_write_1h_tokens = "0 where usage is known and the log names none"
output_tokens = "as in calls, reasoning included"
reasoning_tokens = "as in calls"
prompt_hash = "as in calls"
params_hash = "as in calls"
tools_hash = "as in calls"
gateway_cache_hit = "true when the gateway answered from its own cache"
computed_usd = "list price of the tokens, negotiated prices of the config included; NULL where unknown"
logged_usd = "the log's own cost in USD; NULL where the log does not price the call"
capacity_usd = "its part of the hours paid for machines of one's own; NULL where the config names none for it"
billed_usd = "the basis of every saving: the part of a [[capacity]], else logged, else computed (or these two the other way round by --cost-basis); NULL unknown"
cost_basis = "capacity, logged, computed or NULL: which of them billed_usd is"
price_estimated = "true where another tier's price stands in (also for a tier that no list knows), or that of the newest day for a call without a time"

[params.cost_basis]
default = "logged"
help = "logged: the log's cost where it has one. computed: list prices for every call."

[[example]]
name = "logged cost wins; a logged zero for a priced model is no price; a cache hit of the gateway costs nothing"
calls = '''
call_id  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  output_tokens  logged_cost  gateway_cache_hit  status
a        p         m      0           2           1000          -                  100            0.5          -                  ok
b        p         m      0           2           1000          400                100            0            -                  ok
c        p         m      0           2           1000          -                  100            0            true               ok
d        p         m      0           2           -             -                  -              -            -                  rate_limited
e        q         x      0           2           1000          -                  100            0            -                  ok
'''
models = '''
provider  model
p         m
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  cache_read_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.0001          0.002       0            false
'''
rows = '''
call_id  computed_usd  logged_usd  billed_usd  cost_basis  uncached_tokens  duration_ms
a        1.2           0.5         0.5         logged      1000             2000
b        0.84          -           0.84        computed    600              2000
c        1.2           0           0           logged      1000             2000
d        -             -           -           -           -                2000
e        -             -           -           -           1000             2000
'''

[[example]]
name = "another currency needs a rate, else the call is unpriced; long prompts have a bracket of their own"
calls = '''
call_id  provider  model  started_at  input_tokens  output_tokens  logged_cost  logged_currency
a        p         m      0           1000          0              2            EUR
b        p         m      0           5000          0              -            -
'''
models = '''
provider  model
p         m
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 2000              0.001      0.002       0            false
p         m      2026-01-05  default  2000              -                 0.002      0.002       0            false
'''
rows = '''
call_id  computed_usd  logged_usd  billed_usd
a        1             -           -
b        10            -           10
'''

[[example]]
name = "a call without a time has the price of the newest day, marked"
calls = '''
call_id  provider  model  started_at  input_tokens  output_tokens
a        p         m      0           1000          0
b        p         m      -           1000          0
'''
models = '''
provider  model
p         m
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
p         m      2026-01-07  default  0                 -                 0.003      0.002       0            false
'''
rows = '''
call_id  computed_usd  price_estimated
a        1             false
b        3             true
'''

[[example]]
name = "machines of one's own: the part of their hours, whatever the log or a list says"
calls = '''
call_id  provider     model  started_at  duration_s  input_tokens  output_tokens  logged_cost
a        hosted_vllm  m      0           1800        1000          100            0.5
b        hosted_vllm  n      0           1800        1000          100            0.5
'''
config_capacity = '''
capacity  usd_per_hour  from_us  until_us
pool      4             -        -
'''
config_capacity_calls = '''
capacity  call_id
pool      a
'''
rows = '''
call_id  logged_usd  capacity_usd  billed_usd  cost_basis
a        0.5         2             2           capacity
b        0.5         -             0.5         logged
'''
---*/
WITH machines AS (
    SELECT call_id, CAST(sum(capacity_usd) AS DECIMAL(38, 12)) AS capacity_usd FROM capacity_calls GROUP BY call_id
), rates AS (
    SELECT currency, usd, from_day, lead(from_day) OVER (PARTITION BY currency ORDER BY from_day) AS until_day
    FROM (SELECT currency, usd, coalesce(from_day, DATE '0001-01-01') AS from_day FROM config_rates) AS x
), rated AS (
    SELECT
        c.*,
        w.workload,
        m.capacity_usd,
        CAST(c.started_at AS DATE) AS day,
        coalesce(CAST(c.started_at AS DATE), (SELECT max(day) FROM prices)) AS price_day,
        CASE WHEN lower(c.service_tier) IN ('batch', 'flex', 'priority', 'fast') THEN lower(c.service_tier) ELSE 'default' END AS tier,
        CASE WHEN c.logged_currency IS NULL OR c.logged_currency = 'USD' THEN c.logged_cost
             ELSE CAST(c.logged_cost * r.usd AS DECIMAL(38, 12)) END AS cost_in_usd,
        c.logged_currency IS NOT NULL AND c.logged_currency <> 'USD' AND r.usd IS NULL AND c.logged_cost IS NOT NULL AS foreign_cost
    FROM timed_calls AS c
    JOIN call_workloads AS w ON w.call_id = c.call_id
    LEFT JOIN machines AS m ON m.call_id = c.call_id
    LEFT JOIN rates AS r
        ON r.currency = c.logged_currency AND CAST(c.started_at AS DATE) >= r.from_day AND (r.until_day IS NULL OR CAST(c.started_at AS DATE) < r.until_day)
), priced AS (
    SELECT
        c.*,
        p.estimated OR c.day IS NULL
            -- how much of the sound was cached is not told: as little as can be
            OR coalesce(c.audio_input_tokens > 0 AND c.cache_read_tokens > 0 AND p.audio_input_usd IS NOT NULL, FALSE)
            -- another tier, by contract or new: the default price stands in
            OR coalesce(lower(c.service_tier) NOT IN ('default', 'standard', 'auto', 'on_demand', 'on-demand', 'batch', 'flex', 'priority', 'fast'), FALSE)
            AS price_estimated,
        CASE WHEN c.input_tokens IS NOT NULL THEN greatest(c.input_tokens - coalesce(c.cache_read_tokens, 0)
            - coalesce(c.cache_write_5m_tokens, 0) - coalesce(c.cache_write_1h_tokens, 0), 0) END AS uncached_tokens,
        -- the same text as infercheck.prices.cost.cost_expression (a test holds them together)
        CASE WHEN c.input_tokens IS NULL OR (c.output_tokens IS NULL AND coalesce(c.operation, '') NOT IN ('embedding', 'rerank', 'moderation')) THEN NULL
        ELSE CAST(CAST(CAST(greatest(c.input_tokens - coalesce(c.cache_read_tokens, 0) - coalesce(c.cache_write_5m_tokens, 0) - coalesce(c.cache_write_1h_tokens, 0), 0) - CASE WHEN p.audio_input_usd IS NULL THEN 0 ELSE least(coalesce(c.audio_input_tokens, 0), greatest(c.input_tokens - coalesce(c.cache_read_tokens, 0) - coalesce(c.cache_write_5m_tokens, 0) - coalesce(c.cache_write_1h_tokens, 0), 0)) END AS DECIMAL(15,0)) * CAST(p.input_usd AS DECIMAL(18,12)) AS DECIMAL(28,12))
            + CAST(CAST(coalesce(c.cache_read_tokens, 0) AS DECIMAL(15,0)) * CAST(coalesce(p.cache_read_usd, p.input_usd) AS DECIMAL(18,12)) AS DECIMAL(28,12))
            + CAST(CAST(coalesce(c.cache_write_5m_tokens, 0) AS DECIMAL(15,0)) * CAST(coalesce(p.cache_write_5m_usd, p.input_usd) AS DECIMAL(18,12)) AS DECIMAL(28,12))
            + CAST(CAST(coalesce(c.cache_write_1h_tokens, 0) AS DECIMAL(15,0)) * CAST(coalesce(p.cache_write_1h_usd, p.cache_write_5m_usd, p.input_usd) AS DECIMAL(18,12)) AS DECIMAL(28,12))
            + CAST(CAST(CASE WHEN p.audio_input_usd IS NULL THEN 0 ELSE least(coalesce(c.audio_input_tokens, 0), greatest(c.input_tokens - coalesce(c.cache_read_tokens, 0) - coalesce(c.cache_write_5m_tokens, 0) - coalesce(c.cache_write_1h_tokens, 0), 0)) END AS DECIMAL(15,0)) * CAST(coalesce(p.audio_input_usd, p.input_usd) AS DECIMAL(18,12)) AS DECIMAL(28,12))
            + CAST(CAST(greatest(coalesce(c.output_tokens, 0) - CASE WHEN p.audio_output_usd IS NULL THEN 0 ELSE coalesce(c.audio_output_tokens, 0) END, 0) AS DECIMAL(15,0)) * CAST(p.output_usd AS DECIMAL(18,12)) AS DECIMAL(28,12))
            + CAST(CAST(CASE WHEN p.audio_output_usd IS NULL THEN 0 ELSE coalesce(c.audio_output_tokens, 0) END AS DECIMAL(15,0)) * CAST(coalesce(p.audio_output_usd, p.output_usd) AS DECIMAL(18,12)) AS DECIMAL(28,12))
            + CAST(coalesce(p.request_usd, 0) AS DECIMAL(28,12)) AS DECIMAL(38,12)) END AS computed_usd
    FROM rated AS c
    LEFT JOIN prices AS p
        ON p.provider IS NOT DISTINCT FROM c.provider AND p.model = c.model AND p.day = c.price_day AND p.tier = c.tier
        AND coalesce(c.input_tokens, 0) > CASE WHEN p.min_input_tokens = 0 THEN -1 ELSE p.min_input_tokens END
        AND (p.max_input_tokens IS NULL OR coalesce(c.input_tokens, 0) <= p.max_input_tokens)
), based AS (
    SELECT
        *,
        CASE WHEN foreign_cost THEN NULL
             WHEN gateway_cache_hit THEN CAST(0 AS DECIMAL(38, 12))
             WHEN cost_in_usd > 0 THEN CAST(cost_in_usd AS DECIMAL(38, 12))
             WHEN cost_in_usd = 0 AND computed_usd = 0 THEN CAST(0 AS DECIMAL(38, 12)) END AS logged_usd
    FROM priced
)
SELECT
    call_id,
    coalesce(trace_id, request_id, CAST(call_id AS STRING)) AS unit_id,
    unit_hash,
    trace_id IS NOT NULL AS traced,
    request_id,
    request_hash,
    source_call_id,
    workload,
    concat_ws(' / ', api_key_alias, team, "user", end_user, user_agent) AS caller,
    caller_hash,
    provider,
    model,
    model_requested,
    coalesce(deployment, endpoint, concat_ws('/', provider, model)) AS deployment,
    operation,
    status,
    finish_reason,
    streamed,
    end_user,
    end_user IS NOT NULL AS has_end_user,
    start_us,
    first_token_us,
    end_us,
    day,
    (end_us - start_us) / CAST(1000 AS DOUBLE) AS duration_ms,
    (first_token_us - start_us) / CAST(1000 AS DOUBLE) AS ttft_ms,
    tier,
    input_tokens,
    uncached_tokens,
    CASE WHEN input_tokens IS NOT NULL THEN coalesce(cache_read_tokens, 0) END AS cache_read_tokens,
    CASE WHEN input_tokens IS NOT NULL THEN coalesce(cache_write_5m_tokens, 0) END AS cache_write_5m_tokens,
    CASE WHEN input_tokens IS NOT NULL THEN coalesce(cache_write_1h_tokens, 0) END AS cache_write_1h_tokens,
    output_tokens,
    reasoning_tokens,
    prompt_hash,
    params_hash,
    tools_hash,
    gateway_cache_hit,
    computed_usd,
    logged_usd,
    capacity_usd,
    CASE WHEN capacity_usd IS NOT NULL THEN capacity_usd
         WHEN foreign_cost THEN NULL
         WHEN gateway_cache_hit THEN CAST(0 AS DECIMAL(38, 12))
         WHEN $cost_basis = 'computed' THEN coalesce(computed_usd, logged_usd)
         ELSE coalesce(logged_usd, computed_usd) END AS billed_usd,
    CASE WHEN capacity_usd IS NOT NULL THEN 'capacity'
         WHEN foreign_cost OR coalesce(logged_usd, computed_usd) IS NULL THEN NULL
         WHEN $cost_basis = 'computed' AND computed_usd IS NOT NULL THEN 'computed'
         WHEN logged_usd IS NOT NULL THEN 'logged' ELSE 'computed' END AS cost_basis,
    price_estimated
FROM based
