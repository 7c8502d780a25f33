/*---
title = "Client and gateway both retry, and their attempts multiply"
why = """The gateway tries a request several times before it gives up; the client then sends the request again and the gateway tries several times more. Three tries in each of two layers are nine \
attempts at a provider that is already struggling, and the user waits through all of them. One layer must retry, and only one. Shown are requests that a client sent at least twice (each send \
an own request id) of which at least two took the gateway two or more attempts. Claimed are the gateway's further attempts that failed: with retries in the client only, each send would have been one attempt. \
A gateway that logs only its last attempt and a count is understood; attempts that it does not log cannot be claimed."""
action = "{subject}: retry in one layer only: switch off the client's or the gateway's ({client_sends} sends became {attempts} attempts)"
fix = "retry_discipline"
grade = "structural"
effect = "both"
needs = ["status", "request_id", "prompt_hash"]
false_positives = """A gateway's further attempt may go to another deployment or provider, which is worth more than the client's re-send: then the client's retries are the ones to switch off, and the saving is much the \
same. Where the log does not hold the parameters, a client's changed request looks like a re-send: then the grade is heuristic."""

[params.min_attempts]
default = 2
help = "A request that took the gateway one attempt says nothing about its retries."

[params.min_sends]
default = 2
help = "Two client sends that each took several attempts are the least in which two layers can be seen to multiply."

[[requires]]
sql = """SELECT count(*) = 0 OR count(*) FILTER (WHERE attempts > 1 OR told) > 0 FROM (
    SELECT request_id, count(*) AS attempts, count(attempt) > 0 AS told FROM calls
    WHERE request_id IN (SELECT request_id FROM calls WHERE status IN ('error', 'rate_limited', 'timeout'))
    GROUP BY request_id HAVING count(*) FILTER (WHERE status = 'ok') = 0) AS failed"""
reason = "requests that failed for good show one attempt each and no count of attempts: the gateway's retries before it gave up are not in this log"
setting = "log every attempt with its request id, or the number of attempts on failures too"

[[example]]
name = "two sends of three and two attempts"
calls = '''
call_id  request_id  started_at  duration_s  workload  prompt_hash  params_hash  status        billed_usd
a        r1          0           1           w         p1           q            rate_limited  -
b        r1          1.5         1           w         p1           q            rate_limited  -
c        r1          3           1           w         p1           q            error         0.5
d        r2          8           1           w         p1           q            rate_limited  -
e        r2          9.5         1           w         p1           q            ok            0.5
'''
claims = '''
call_id  subject  grade       fix               drop  waste_ms
b        w        structural  retry_discipline  -     1000
c        w        structural  retry_discipline  true  1000
'''

[[example]]
name = "the gateway logs its last attempt with a count; parameters unknown: heuristic"
calls = '''
call_id  request_id  attempt  started_at  duration_s  workload  prompt_hash  status
a        r1          3        0           4           w         p1           error
b        r2          3        6           4           w         p1           error
c        r3          1        12          4           w         p1           ok
'''
claims = '''
call_id  grade      waste_ms
a        heuristic  4000
b        heuristic  4000
'''

[[example]]
name = "only the gateway retries, only the client retries, the gateway once in a while, other prompts, other callers: silent"
calls = '''
call_id  request_id  api_key_alias  started_at  duration_s  workload  prompt_hash  params_hash  status
a1       r1          k              0           1           w         p1           q            error
a2       r1          k              2           1           w         p1           q            error
a3       r1          k              4           1           w         p1           q            ok
b1       r2          k              0           1           w         p2           q            error
b2       r3          k              2           1           w         p2           q            error
b3       r4          k              4           1           w         p2           q            ok
c1       r5          k              0           1           w         p3           q            error
c2       r5          k              2           1           w         p3           q            error
c3       r6          k              4           1           w         p3           q            ok
d1       r7          k              0           1           w         p4           q            error
d2       r7          k              2           1           w         p4           q            error
d3       r8          k              4           1           w         p5           q            error
d4       r8          k              6           1           w         p5           q            ok
e1       r9          k1             0           1           w         p6           q            error
e2       r9          k1             2           1           w         p6           q            error
e3       r10         k2             4           1           w         p6           q            error
e4       r10         k2             6           1           w         p6           q            ok
'''
claims = ""
---*/
WITH sends AS (
    SELECT
        a.call_id, a.chain_id, a.workload, a.failed, a.billed_usd, a.duration_ms, a.params_known, c.request_id,
        coalesce(c.attempt, 1) AS attempt,
        row_number() OVER (PARTITION BY a.chain_id, c.request_id ORDER BY a.send) AS nth
    FROM attempt_chains AS a
    JOIN calls AS c ON c.call_id = a.call_id
    WHERE a.sends >= $min_sends AND a.prompt_known AND c.request_id IS NOT NULL
), requests AS (
    SELECT workload, chain_id, request_id, greatest(count(*), max(attempt)) AS attempts FROM sends GROUP BY workload, chain_id, request_id
), layered AS (
    SELECT workload, chain_id, count(*) AS client_sends, CAST(sum(attempts) AS BIGINT) AS attempts
    FROM requests
    GROUP BY workload, chain_id
    HAVING count(*) FILTER (WHERE attempts >= $min_attempts) >= $min_sends
), by_workload AS (
    SELECT
        workload, count(*) AS chains, CAST(sum(client_sends) AS BIGINT) AS client_sends, CAST(sum(attempts) AS BIGINT) AS attempts,
        max(attempts) AS most_attempts
    FROM layered
    GROUP BY workload
)
SELECT
    s.call_id,
    s.workload AS subject,
    CASE WHEN s.params_known THEN 'structural' ELSE 'heuristic' END AS grade,
    CASE WHEN s.billed_usd > 0 THEN TRUE END AS drop,
    s.duration_ms AS waste_ms,
    w.chains AS evidence_requests_retried_by_both,
    w.client_sends AS evidence_client_sends,
    w.attempts AS evidence_attempts,
    w.most_attempts AS evidence_most_attempts_at_one_request
FROM sends AS s
JOIN layered AS l ON l.chain_id = s.chain_id AND l.workload = s.workload
JOIN by_workload AS w ON w.workload = s.workload
WHERE s.failed AND greatest(s.nth, s.attempt) > 1 AND (s.billed_usd > 0 OR s.duration_ms IS NOT NULL)
