/*---
kind = "view"
title = "What else was in flight on the deployment when a call started"
why = "Whether calls wait for each other shows only beside what was running. One sweep over starts and ends; calls answered by the gateway's own cache never reach a deployment and are left out."

[columns]
call_id = "the call"
deployment = "as in priced_calls"
deployment_no = "a number for the deployment, from 1: windows over numbers are much cheaper than over names"
workload = "as in priced_calls"
class = "class of its workload"
start_us = "start, microseconds since 1970"
end_us = "end, microseconds since 1970"
ends_known = "all but a few of the deployment's calls have a known end; else the next two are lower bounds, and 0 does not mean that nothing ran"
in_flight = "other calls in flight on the deployment at its start; calls whose end is unknown are never counted"
interactive_in_flight = "those of interactive workloads"
idle_before_us = "time since the deployment last had a call in flight; NULL when busy, when the end of the call before it is unknown, and for the first call of the log"

[params.max_untimed_share]
default = 0.01
help = "A call without an end is missing wherever it ran. One in a hundred moves no count by much; with more of them, levels sink by as much as ends are missing (as in capacity_calls)."

[[example]]
name = "an end and a start at one moment do not overlap; deployments are apart"
calls = '''
call_id  app   deployment  started_at  duration_s  service_tier
a        ui    d           0           4           -
b        bulk  d           1           2           -
c        ui    d           3           1           -
d        ui    d           4           1           -
e        ui    d           7           1           -
f        ui    other       3           1           -
'''
rows = '''
call_id  class        ends_known  in_flight  interactive_in_flight  idle_before_us
a        interactive  true        0          0                      -
b        background   true        1          1                      -
c        interactive  true        1          1                      -
d        interactive  true        0          0                      0
e        interactive  true        0          0                      2000000
f        interactive  true        0          0                      -
'''

[[example]]
name = "an unknown end counts for nothing, and how long nothing ran since is unknown; an answer from the gateway's cache is no load"
calls = '''
call_id  app   deployment  started_at  duration_s  gateway_cache_hit
a        bulk  d           0           -           -
b        bulk  d           1           9           -
c        x     d           2           9           true
d        x     d           3           1           -
e        bulk  d           12          -           -
f        bulk  d           15          1           -
'''
rows = '''
call_id  ends_known  in_flight  idle_before_us
a        false       0          -
b        false       0          -
d        false       1          -
e        false       0          2000000
f        false       0          -
'''
---*/
WITH deployments AS (
    SELECT
        deployment,
        row_number() OVER (ORDER BY deployment) AS deployment_no,
        count(*) FILTER (WHERE end_us IS NULL AND gateway_cache_hit IS NOT TRUE)
            <= $max_untimed_share * count(*) FILTER (WHERE gateway_cache_hit IS NOT TRUE) AS ends_known
    FROM priced_calls
    GROUP BY deployment
), placed AS (
    SELECT
        p.call_id, d.deployment_no, p.workload, p.start_us, p.end_us,
        -- Two counts in one number, all calls and interactive ones, since a running sum costs more than all else here.
        CASE WHEN coalesce(p.end_us <= p.start_us, TRUE) THEN 0 WHEN w.class = 'interactive' THEN 4294967297 ELSE 1 END AS load
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    JOIN deployments AS d ON d.deployment = p.deployment
    WHERE p.start_us IS NOT NULL AND p.gateway_cache_hit IS NOT TRUE
), events AS (
    SELECT
        call_id, deployment_no, workload, end_us, start_us AS at_us, load AS step, TRUE AS is_start,
        CASE WHEN load = 0 AND end_us IS NOT NULL THEN start_us END AS idle_from_us
    FROM placed
    UNION ALL
    SELECT call_id, deployment_no, workload, end_us, end_us AS at_us, -load AS step, FALSE AS is_start, end_us AS idle_from_us
    FROM placed
    WHERE load > 0
), swept AS (
    SELECT
        call_id, deployment_no, workload, end_us, at_us, is_start,
        CAST(coalesce(sum(step) OVER before, 0) AS BIGINT) AS in_flight,
        lag(idle_from_us) OVER in_order AS idle_from_us
    FROM events
    WINDOW in_order AS (PARTITION BY deployment_no ORDER BY at_us, is_start, call_id),
        before AS (PARTITION BY deployment_no ORDER BY at_us, is_start, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT
    s.call_id,
    d.deployment,
    s.deployment_no,
    s.workload,
    w.class,
    s.at_us AS start_us,
    s.end_us,
    d.ends_known,
    s.in_flight % 4294967296 AS in_flight,
    CAST((s.in_flight - s.in_flight % 4294967296) / 4294967296 AS BIGINT) AS interactive_in_flight,
    CASE WHEN s.in_flight = 0 THEN s.at_us - s.idle_from_us END AS idle_before_us
FROM swept AS s
JOIN deployments AS d ON d.deployment_no = s.deployment_no
JOIN workloads AS w ON w.workload = s.workload
WHERE s.is_start
