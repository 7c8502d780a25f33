/*---
title = "An error that will not pass, sent again unchanged"
why = """A malformed request, a wrong key, a model that is not there, a prompt longer than the context window, a text that the content filter refuses: the same request fails \
again in the same way. Each re-send holds up the user, counts against the rate limit and hides the real fault behind a time-out; where the failure is billed, it is paid again. Claimed are \
re-sends of the same request (caller, model, prompt, parameters, tools) after a 400, 401, 403, 404, 413, 422, context-length or content-filter error that failed as well. A re-send that \
succeeded is never waste, nor is one in a chain that succeeded in the end: that error was not permanent."""
action = "{subject}: do not send {most_common_error} again; let it fail at once ({resends} re-sends failed the same way)"
fix = "retry_discipline"
grade = "structural"
effect = "both"
needs = ["status"]
false_positives = """A key that is being rotated or a deployment that is being created answers 401 or 404 for a while; the re-sends that were too early failed all the same. A gateway that tries \
another deployment after a 401, 403 or 404 does the right thing and is left out where the log names deployments. Where the log does not hold the parameters, a repaired request looks like the same one: \
then the grade is heuristic."""

[[requires]]
sql = "SELECT count(http_status) > 0 OR count(error_type) > 0 OR count(*) FILTER (WHERE status IN ('error', 'rate_limited', 'timeout')) = 0 FROM calls"
reason = "failures carry neither an HTTP status nor a class of error: whether they could pass is unknown"
setting = "log the status code or the error class of failures"

[[requires]]
sql = """SELECT count(prompt_hash) > 0 OR EXISTS (
    SELECT 1 FROM calls WHERE request_id IN (SELECT request_id FROM calls WHERE status <> 'ok') GROUP BY request_id HAVING count(*) > 1) FROM calls"""
reason = "the log carries no prompts (or their hash), and no request id that two attempts share: a request sent again cannot be recognised"
setting = "log prompts or their hash, or the client's request id on every attempt"

[[example]]
name = "a bad request three times, billed; the first send is never waste"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status  http_status  billed_usd
a        0           1           w         p1           q            error   400          0.5
b        2           1           w         p1           q            error   400          0.5
c        900         2           w         p1           q            error   400          -
'''
claims = '''
call_id  subject  grade       fix               drop  waste_ms
b        w        structural  retry_discipline  true  1000
c        w        structural  retry_discipline  -     2000
'''

[[example]]
name = "told by its words where there is no status code; parameters unknown: heuristic"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status  http_status  error_type
a        0           1           w         p1           q            error   -            ContextWindowExceededError
b        2           1           w         p1           q            error   -            ContextWindowExceededError
c        0           1           v         p2           -            error   500          content_filter
d        2           1           v         p2           -            error   500          content_filter
'''
claims = '''
call_id  subject  grade       waste_ms
b        w        structural  1000
d        v        heuristic   1000
'''

[[example]]
name = "the gateway's own attempts at one request, without a prompt in the log"
calls = '''
call_id  request_id  started_at  duration_s  workload  status  http_status
a        r1          0           0.2         w         error   413
b        r1          1           0.2         w         error   413
'''
claims = '''
call_id  grade       waste_ms
b        structural  200
'''

[[example]]
name = "errors that may pass, a repaired request, other callers, success in the end, another day, another deployment, sent at once: silent"
calls = '''
call_id  api_key_alias  started_at  duration_s  workload  prompt_hash  params_hash  status        http_status  error_type             deployment
a1       k              0           1           w         p1           q            error         500          InternalServerError    d
a2       k              2           1           w         p1           q            error         500          InternalServerError    d
b1       k              0           1           w         p2           q            error         400          BadRequestError        d
b2       k              2           1           w         p2           other        error         400          BadRequestError        d
c1       k1             0           1           w         p3           q            error         400          BadRequestError        d
c2       k2             2           1           w         p3           q            error         400          BadRequestError        d
d1       k              0           1           w         p4           q            error         404          NotFoundError          d
d2       k              2           1           w         p4           q            error         404          NotFoundError          d
d3       k              4           1           w         p4           q            ok            200          -                      d
e1       k              0           1           w         p5           q            error         400          BadRequestError        d
e2       k              90000       1           w         p5           q            error         400          BadRequestError        d
f1       k              0           1           w         p6           q            error         401          AuthenticationError    d
f2       k              2           1           w         p6           q            error         401          AuthenticationError    other
g1       k              0           1           w         p7           q            rate_limited  429          RateLimitError         d
g2       k              2           1           w         p7           q            rate_limited  429          RateLimitError         d
h1       k              0           5           w         p8           q            error         400          BadRequestError        d
h2       k              1           5           w         p8           q            error         400          BadRequestError        d
i1       k              0           1           w         p9           q            error         400          ThrottlingException    d
i2       k              2           1           w         p9           q            error         400          ThrottlingException    d
'''
claims = ""
---*/
WITH ranked AS (
    SELECT workload, name, row_number() OVER (PARTITION BY workload ORDER BY count(*) DESC, name) AS place FROM permanent_resends GROUP BY workload, name
), by_workload AS (
    SELECT workload, count(*) AS resends, count(DISTINCT request_key) AS requests FROM permanent_resends GROUP BY workload
)
SELECT
    r.call_id,
    r.workload AS subject,
    CASE WHEN r.params_known OR NOT r.prompt_known THEN 'structural' ELSE 'heuristic' END AS grade,
    CASE WHEN r.billed_usd > 0 THEN TRUE END AS drop,
    r.duration_ms AS waste_ms,
    w.resends AS evidence_resends,
    w.requests AS evidence_requests,
    n.name AS evidence_most_common_error
FROM permanent_resends AS r
JOIN by_workload AS w ON w.workload = r.workload
JOIN ranked AS n ON n.workload = r.workload AND n.place = 1
