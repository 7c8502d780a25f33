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
in_flight = "other calls in flight on the deployment at its start; calls whose end is unknown are never counted"
interactive_in_flight = "those of interactive workloads"
background_in_flight = "those of background workloads"
busy_until_us = "latest end of any call that started before it on the deployment; NULL for the first"
idle_before_us = "time since the deployment last had a call in flight; NULL when busy, and for the first call of the log"

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
call_id  class        in_flight  interactive_in_flight  background_in_flight  idle_before_us
a        interactive  0          0                      0                     -
b        background   1          1                      0                     -
c        interactive  1          1                      0                     -
d        interactive  0          0                      0                     0
e        interactive  0          0                      0                     2000000
f        interactive  0          0                      0                     -
'''

[[example]]
name = "an unknown end counts for nothing, an answer from the gateway's cache is no load"
calls = '''
call_id  app   deployment  started_at  duration_s  gateway_cache_hit
a        bulk  d           0           -           -
b        bulk  d           1           9           -
c        x     d           2           9           true
d        x     d           3           1           -
'''
rows = '''
call_id  in_flight  background_in_flight
a        0          0
b        0          0
d        1          1
'''
---*/
WITH placed AS (
    SELECT
        p.call_id, p.deployment, d.deployment_no, p.workload, w.class, p.start_us, p.end_us,
        CASE WHEN p.end_us > p.start_us THEN 1 ELSE 0 END AS load
    FROM priced_calls AS p
    JOIN workloads AS w ON w.workload = p.workload
    JOIN (SELECT deployment, row_number() OVER (ORDER BY deployment) AS deployment_no FROM priced_calls GROUP BY deployment) AS d ON d.deployment = p.deployment
    WHERE p.start_us IS NOT NULL AND p.gateway_cache_hit IS NOT TRUE
), events AS (
    SELECT
        call_id, deployment_no, start_us AS at_us, load AS step, end_us AS ends_us,
        -- Both counts in one number, since a running sum costs more than all else here.
        CASE class WHEN 'interactive' THEN load * 4294967296 WHEN 'background' THEN load ELSE 0 END AS class_step,
        TRUE AS is_start
    FROM placed
    UNION ALL
    SELECT
        call_id, deployment_no, end_us AS at_us, -1 AS step, CAST(NULL AS BIGINT) AS ends_us,
        CASE class WHEN 'interactive' THEN -4294967296 WHEN 'background' THEN -1 ELSE 0 END AS class_step,
        FALSE AS is_start
    FROM placed
    WHERE load = 1
), swept AS (
    SELECT
        call_id,
        is_start,
        CAST(coalesce(sum(step) OVER before, 0) AS BIGINT) AS in_flight,
        CAST(coalesce(sum(class_step) OVER before, 0) AS BIGINT) AS class_in_flight,
        max(ends_us) OVER before AS busy_until_us
    FROM events
    WINDOW before AS (PARTITION BY deployment_no ORDER BY at_us, step, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT
    p.call_id,
    p.deployment,
    p.deployment_no,
    p.workload,
    p.class,
    p.start_us,
    p.end_us,
    s.in_flight,
    CAST((s.class_in_flight - s.class_in_flight % 4294967296) / 4294967296 AS BIGINT) AS interactive_in_flight,
    s.class_in_flight % 4294967296 AS background_in_flight,
    s.busy_until_us,
    CASE WHEN s.busy_until_us <= p.start_us THEN p.start_us - s.busy_until_us END AS idle_before_us
FROM swept AS s
JOIN placed AS p ON p.call_id = s.call_id
WHERE s.is_start
