/*---
kind = "view"
title = "Answered requests that the log holds more than once, and which of them a response cache would have served"
why = """Byte-identical requests: model, prompt, tools, parameters; it does not matter who asked. A cache with a fixed life time is replayed: the first call of each period pays, calls that \
started before any of them had been answered pay too, and an answer that was cut off at its length serves nobody who then got a whole one. Shared by duplicate_request and gateway_cache_off."""

[columns]
call_id = "the call"
request_hash = "as in priced_calls"
workload = "as in call_workloads"
request_key = "call_id of the first call with this model, prompt, parameters and tools"
params_hash = "as in calls; NULL: perhaps not the same request"
declared = "config says how long an answer of this workload may be reused"
from_cache = "the gateway's own cache answered it"
resend = "a re-send after a failure, a fallback or the re-send of an impatient client: other rules' business"
answered_before = "an answer to the same request was there when it started, and still alive; NULL for the first"

[params.ttl_s]
default = 86400
help = "How long an answer may be reused where the config does not say (response_cache_ttl of a workload): a day is what most teams accept for stable knowledge."

[[example]]
name = "the second is served, the one in flight and the one after the life time are not"
calls = '''
call_id  end_user  started_at  duration_s  app  model  prompt_hash  params_hash
a        u1        0           5           faq  m      p1           q
b        u2        2           5           faq  m      p1           q
c        u3        60          1           faq  m      p1           q
d        u1        90000       1           faq  m      p1           q
e        u1        60          1           faq  m      p2           q
'''
rows = '''
call_id  request_key  answered_before  from_cache  declared
a        a            -                false       false
b        a            false            false       false
c        a            true             false       false
d        a            -                false       false
'''

[[example]]
name = "an answer cut off at its length is no answer for a call that got a whole one, but as good as another one that was cut off"
calls = '''
call_id  started_at  duration_s  app  model  prompt_hash  params_hash  finish_reason
a        0           1           w    m      p1           q            length
b        10          1           w    m      p1           q            stop
c        20          1           w    m      p1           q            stop
d        0           1           w    m      p2           q            length
e        10          1           w    m      p2           q            length
'''
rows = '''
call_id  answered_before
a        -
b        -
c        true
d        -
e        true
'''
---*/
WITH asked AS (
    SELECT
        p.call_id,
        p.request_hash,
        p.workload,
        coalesce(p.model_requested, p.model) AS model,
        p.prompt_hash,
        p.params_hash,
        p.tools_hash,
        p.start_us,
        coalesce(p.end_us, p.start_us) AS answered_us,
        coalesce(p.finish_reason = 'length', FALSE) AS cut_off,
        coalesce(p.gateway_cache_hit, FALSE) AS from_cache
    FROM priced_calls AS p
    WHERE p.status = 'ok' AND p.prompt_hash IS NOT NULL AND p.start_us IS NOT NULL
), repeated AS (
    -- Cheap sieve before the windows: most prompts occur once.
    SELECT prompt_hash FROM asked GROUP BY prompt_hash HAVING count(*) > 1
), lives AS (
    SELECT a.*, g.response_cache_ttl_s IS NOT NULL AS declared, CAST(coalesce(g.response_cache_ttl_s, $ttl_s) AS BIGINT) * 1000000 AS ttl_us
    FROM asked AS a
    JOIN repeated AS r ON r.prompt_hash = a.prompt_hash
    LEFT JOIN unlike_prompts AS u ON u.prompt_hash = a.prompt_hash
    LEFT JOIN config_workloads AS g ON g.workload = a.workload
    WHERE u.prompt_hash IS NULL
), spaced AS (
    SELECT
        *,
        first_value(call_id) OVER same AS request_key,
        count(*) OVER (PARTITION BY model, prompt_hash, params_hash, tools_hash, ttl_us) AS sends,
        coalesce(start_us - lag(start_us) OVER same > ttl_us, TRUE) AS afresh
    FROM lives
    WHERE ttl_us > 0
    WINDOW same AS (PARTITION BY model, prompt_hash, params_hash, tools_hash, ttl_us ORDER BY start_us, answered_us, call_id)
), anchored AS (
    -- A period is counted from the first call after a pause longer than the life time: no older answer is left by then.
    SELECT
        *,
        max(CASE WHEN afresh THEN start_us END) OVER (
            PARTITION BY request_key ORDER BY start_us, answered_us, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS anchor_us
    FROM spaced
    WHERE sends > 1
), periods AS (
    SELECT *, floor((start_us - anchor_us) / CAST(ttl_us AS DOUBLE)) AS period FROM anchored
), served AS (
    SELECT
        *,
        CASE WHEN cut_off THEN min(answered_us) OVER earlier ELSE min(CASE WHEN NOT cut_off THEN answered_us END) OVER earlier END AS first_answer_us
    FROM periods
    WINDOW earlier AS (
        PARTITION BY request_key, anchor_us, period ORDER BY start_us, answered_us, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
), rescued AS (
    -- A success of the same request as a failure is a retry or a fallback, of whatever model.
    SELECT request_hash FROM priced_calls WHERE status <> 'ok' AND request_hash IS NOT NULL GROUP BY request_hash
)
SELECT
    s.call_id, s.request_hash, s.workload, s.request_key, s.params_hash, s.declared, s.from_cache,
    coalesce(a.impatient, FALSE) OR coalesce(a.send, 1) > 1 OR f.request_hash IS NOT NULL AS resend,
    s.start_us >= s.first_answer_us AS answered_before
FROM served AS s
LEFT JOIN attempt_chains AS a ON a.call_id = s.call_id
LEFT JOIN rescued AS f ON f.request_hash = s.request_hash
