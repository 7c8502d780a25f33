/*---
kind = "observation"
title = "The gateway has a response cache that this traffic does not use"
why = """The same requests come again and again, the gateway could answer them itself, and every one of them goes to the model: its response cache is switched off for them, or its key holds something that never repeats. \
What the repeats cost is duplicate_request's to claim; this names the switch."""
action = "{subject}: {cure}; {repeats} identical requests went to the model"
fix = "caching"
grade = "structural"
needs = ["prompt_hash", "status", "gateway_cache_hit"]
false_positives = "Gateways log 'no hit' for traffic whose cache is off as well as for a miss (LiteLLM: every stream and every failure), so which of the two it is, this log does not tell. The cache may be off on purpose: tenants that must not share answers, answers that must be fresh, samples that must differ. See duplicate_request."

[params.min_repeats]
default = 5
help = "A few repeats happen by chance; a cache is worth a switch when they are a habit."

[[example]]
name = "nobody asked the cache; no hit in any call, which may be a cache that is off or a key that never repeats; a workload that it serves"
params = { min_repeats = 2 }
calls = '''
call_id  workload  model  started_at  duration_s  prompt_hash  params_hash  gateway_cache_hit
a1       off       m      0           1           p1           q            -
a2       off       m      10          1           p1           q            -
a3       off       m      20          1           p1           q            -
b1       missing   m      0           1           p2           q            false
b2       missing   m      10          1           p2           q            false
b3       missing   m      20          1           p2           q            false
c1       served    m      0           1           p3           q            false
c2       served    m      10          1           p3           q            true
c3       served    m      20          1           p3           q            true
'''
rows = '''
subject  evidence_repeats  evidence_cache    evidence_calls
off      2                 never asked       2
missing  2                 off or missed     2
'''

[[example]]
name = "few repeats, other prompts, served: silent"
params = { min_repeats = 2 }
calls = '''
call_id  workload  model  started_at  duration_s  prompt_hash  params_hash  gateway_cache_hit
a1       once      m      0           1           p1           q            false
a2       once      m      10          1           p1           q            false
b1       other     m      0           1           p2           q            false
b2       other     m      10          1           p3           q            false
b3       other     m      20          1           p4           q            false
c1       served    m      0           1           p5           q            false
c2       served    m      10          1           p5           q            true
c3       served    m      20          1           p5           q            true
'''
rows = ""
---*/
WITH asked AS (
    SELECT
        r.workload, c.gateway_cache_hit, r.answered_before AND NOT r.from_cache AND NOT r.resend AS repeat
    FROM repeated_requests AS r
    JOIN calls AS c ON c.call_id = r.call_id
), hits AS (
    SELECT p.workload FROM priced_calls AS p WHERE p.gateway_cache_hit GROUP BY p.workload
)
SELECT
    a.workload AS subject,
    count(*) FILTER (WHERE a.repeat) AS evidence_calls,
    count(*) FILTER (WHERE a.repeat) AS evidence_repeats,
    CASE WHEN count(a.gateway_cache_hit) = 0 THEN 'never asked' ELSE 'off or missed' END AS evidence_cache,
    CASE WHEN count(a.gateway_cache_hit) = 0
         THEN 'switch the gateway''s response cache on for it (LiteLLM: litellm_settings.cache: true, or "cache": {"use-cache": true} in its requests)'
         ELSE 'see whether the gateway''s response cache is on for it (LiteLLM: litellm_settings.cache: true); if it is, something in its key never repeats (user and stream are part of it; name the user in a header instead)' END AS evidence_cure
FROM asked AS a
LEFT JOIN hits AS h ON h.workload = a.workload
WHERE h.workload IS NULL
GROUP BY a.workload
HAVING count(*) FILTER (WHERE a.repeat) >= $min_repeats
