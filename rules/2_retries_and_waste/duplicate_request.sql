/*---
title = "The same question paid for again"
why = """A byte-identical request (model, prompt, tools, parameters) had been answered before, recently enough for the answer to be reused, and was sent to the model \
and billed again. It does not matter who asked: user, metadata and streaming options are no parameters, and a hundred users with one question need one answer. The usual cause \
is that no response cache sits in front of the model, or that something irrelevant is part of its key (LiteLLM's holds `user` and `stream`). The claims are what a cache with a fixed life time would have \
served: the first call of each period pays, calls that started before any of them had been answered pay too (a cache cannot serve what is \
still in flight), and the rest is claimed (view repeated_requests, whose ttl_s is the life time). Structural at temperature 0 or where the config declares response_cache_ttl for the workload; heuristic otherwise, \
since somebody may want a fresh answer each time."""
action = "{subject}: put a response cache in front of the model ({repeats} repeats of {repeated_requests} requests)"
fix = "caching"
grade = "structural"
needs = ["prompt_hash", "status"]
effect = "spend"
false_positives = """Asking again on purpose: sampling at a temperature above 0, evaluation runs that measure variance, load tests, health probes, tools with side effects, answers that \
must reflect the present (the prompt says 'today', the model searches the web). Tenants that must not share a cache. A re-send after an error and \
the re-sends of an impatient client belong to other rules and are never claimed here. Where the log does not hold the parameters the grade is heuristic."""

[[example]]
name = "three users ask one question at temperature 0; the first pays"
calls = '''
call_id  end_user  started_at  duration_s  workload  model  prompt_hash  params_hash  temperature  billed_usd
a        u1        0           1           faq       m      p1           q            0            0.5
b        u2        60          1           faq       m      p1           q            0            0.5
c        u3        7200        1           faq       m      p1           q            0            0.5
d        u1        7300        1           faq       m      p2           q            0            0.5
'''
claims = '''
call_id  subject  grade       drop
b        faq      structural  true
c        faq      structural  true
'''

[[example]]
name = "at another or unknown temperature heuristic, unless the config declares that answers may be reused"
calls = '''
call_id  started_at  duration_s  workload  model  prompt_hash  params_hash  temperature
a        0           1           chat      m      p1           q            0.7
b        60          1           chat      m      p1           q            0.7
c        0           1           faq       m      p2           q            -
d        60          1           faq       m      p2           q            -
e        5000        1           faq       m      p2           q            -
f        0           1           live      m      p3           q            0
g        60          1           live      m      p3           q            0
h        0           1           chat      m      p4           -            0
i        60          1           chat      m      p4           -            0
'''
config_workloads = '''
workload  response_cache_ttl_s
faq       3600
live      0
'''
claims = '''
call_id  grade
b        heuristic
d        structural
i        heuristic
'''

[[example]]
name = "a fixed life time: the period starts with the call that pays, not with the last one that was served"
calls = '''
call_id  started_at  duration_s  workload  model  prompt_hash  params_hash  temperature
a        0           1           w         m      p1           q            0
b        80000       1           w         m      p1           q            0
c        90000       1           w         m      p1           q            0
d        95000       1           w         m      p1           q            0
e        300000      1           w         m      p1           q            0
'''
claims = '''
call_id
b
d
'''

[[example]]
name = "nothing answered yet, another model, prompt, tool set or parameter, or served by the gateway's cache: silent"
calls = '''
call_id  end_user  started_at  duration_s  workload  model  prompt_hash  params_hash  tools_hash  temperature  status  gateway_cache_hit
a        u1        0           5           w         m      p1           q            -           0            ok      -
b        u2        2           5           w         m      p1           q            -           0            ok      -
c        u1        20          1           w         n      p1           q            -           0            ok      -
d        u1        20          1           w         m      p2           q            -           0            ok      -
e        u1        20          1           w         m      p1           other        -           0            ok      -
f        u1        20          1           w         m      p1           q            t           0            ok      -
g        u4        20          1           w         m      p1           q            -           0            ok      true
h        u1        0           1           w         m      p3           q            -           0            error   -
i        u2        90          1           w         m      p3           q            -           0            ok      -
'''
claims = ""

[[example]]
name = "a re-send after an error, a fallback and an impatient client are not duplicates, even if another user had the answer before"
calls = '''
call_id  request_id  end_user  started_at  duration_s  workload  model  prompt_hash  params_hash  temperature  status
a        r1          u1        0           1           w         m      p1           q            0            ok
b        r2          u2        100         1           w         m      p1           q            0            error
c        r3          u2        103         1           w         m      p1           q            0            ok
d        r4          u3        200         9           w         m      p2           q            0            ok
e        r5          u3        202         9           w         m      p2           q            0            ok
f        r6          u4        300         1           w         n      p1           q            0            error
g        r6          u4        302         1           w         m      p1           q            0            ok
'''
claims = ""
---*/
WITH claimed AS (
    SELECT
        r.call_id, r.workload, r.request_key,
        CASE WHEN r.params_hash IS NOT NULL AND (r.declared OR c.temperature = 0) THEN 'structural' ELSE 'heuristic' END AS grade
    FROM repeated_requests AS r
    JOIN calls AS c ON c.call_id = r.call_id
    WHERE r.answered_before AND NOT r.from_cache AND NOT r.resend
), by_request AS (
    SELECT workload, grade, request_key, count(*) AS repeats FROM claimed GROUP BY workload, grade, request_key
), by_workload AS (
    SELECT workload, grade, count(*) AS requests, CAST(sum(repeats) AS BIGINT) AS repeats, max(repeats) AS most
    FROM by_request
    GROUP BY workload, grade
)
SELECT
    s.call_id,
    s.workload AS subject,
    s.grade,
    TRUE AS drop,
    w.repeats AS evidence_repeats,
    w.requests AS evidence_repeated_requests,
    w.most AS evidence_most_repeats_of_one_request
FROM claimed AS s
JOIN by_workload AS w ON w.workload = s.workload AND w.grade = s.grade
