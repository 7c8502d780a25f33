/*---
kind = "view"
title = "Re-sends of an error that will not pass, which failed as well"
why = """A malformed request, a wrong key, a model that is not there, a refused text: the same request fails again in the same way, however long the client waits. Shared by \
retry_of_permanent_error, which claims them, and retry_storm, which leaves them to it: who is told not to send them again needs no advice on pauses."""

[columns]
call_id = "the re-send: failed, in a chain that never succeeded"
workload = "as in call_workloads"
request_key = "as in attempt_chains"
billed_usd = "as in priced_calls"
duration_ms = "as in attempt_chains"
params_known = "as in attempt_chains"
prompt_known = "as in attempt_chains"
name = "the error before it: HTTP status, else class"

[params.max_wait_s]
default = 3600
help = "Within an hour an unchanged request is a re-send. Later it may be a new run of a job, to see whether the fault is gone."

[[example]]
name = "after a bad request and an unknown model; not after a limit, on another deployment, or where it succeeded in the end"
calls = '''
call_id  started_at  duration_s  workload  prompt_hash  params_hash  status        http_status  error_type      deployment
a1       0           1           w         p1           q            error         400          -               d
a2       2           1           w         p1           q            error         400          -               d
a3       4           1           w         p1           q            rate_limited  429          -               d
a4       6           1           w         p1           q            error         400          -               d
b1       0           1           w         p2           q            error         -            NotFoundError   d
b2       2           1           w         p2           q            error         -            NotFoundError   d
c1       0           1           w         p3           q            error         404          -               d
c2       2           1           w         p3           q            error         404          -               other
e1       0           1           w         p4           q            error         400          -               d
e2       2           1           w         p4           q            error         400          -               d
e3       4           1           w         p4           q            ok            200          -               d
'''
rows = '''
call_id  workload  name
a2       w         400
a3       w         400
b2       w         NotFoundError
'''
---*/
WITH errors AS (
    SELECT
        call_id,
        http_status,
        error_type,
        model,
        deployment,
        coalesce(replace(replace(replace(lower(error_type), '_', ''), '-', ''), ' ', ''), '') AS word
    FROM calls
    WHERE status = 'error'
), classed AS (
    SELECT
        *,
        -- Refusals that another deployment or key may not repeat.
        coalesce(http_status IN (401, 403, 404), FALSE) OR http_status IS NULL
            AND (contains(word, 'authentication') OR contains(word, 'permission') OR contains(word, 'notfound')) AS by_place,
        coalesce(http_status IN (400, 413, 422), FALSE) OR http_status IS NULL
            AND (contains(word, 'badrequest') OR contains(word, 'invalidrequest') OR contains(word, 'unprocessable'))
            OR contains(word, 'contextlength') OR contains(word, 'contextwindow') OR contains(word, 'contentfilter') OR contains(word, 'contentpolicy')
            AS by_request,
        contains(word, 'ratelimit') OR contains(word, 'throttl') OR contains(word, 'quota') OR contains(word, 'overload') OR contains(word, 'timeout')
            OR contains(word, 'unavailable') AS may_pass,
        coalesce(CAST(http_status AS STRING), error_type) AS name
    FROM errors
), sends AS (
    SELECT *, bool_or(status = 'ok') OVER (PARTITION BY chain_id) AS succeeded_in_the_end
    FROM attempt_chains
)
SELECT s.call_id, s.workload, s.request_key, s.billed_usd, s.duration_ms, s.params_known, s.prompt_known, p.name
FROM sends AS s
JOIN classed AS p ON p.call_id = s.previous_call_id
JOIN calls AS c ON c.call_id = s.call_id
WHERE s.failed
  AND NOT s.succeeded_in_the_end
  AND s.wait_ms BETWEEN 0 AND $max_wait_s * 1000
  AND NOT p.may_pass
  AND (p.by_request OR (p.by_place AND (p.deployment = c.deployment OR p.deployment IS NULL OR c.deployment IS NULL)))
  AND (p.model = c.model OR p.model IS NULL OR c.model IS NULL)
  AND (s.billed_usd > 0 OR s.duration_ms IS NOT NULL)
