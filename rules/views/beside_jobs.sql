/*---
kind = "view"
title = "People's calls while a job ran on their deployment, and calls like them while none did"
why = "What a job adds to a wait shows only beside calls that differ in nothing else: the same workload, deployment, model and prompt size, as much reasoning, as many other people, the same moment of the gateway. A call for which there is none like it on the other side is left out."

[columns]
call_id = "a call of an interactive workload whose first token was timed"
deployment = "as in priced_calls"
workload = "as in priced_calls"
ttft_ms = "first token minus start"
background_episode = "as in ttft_baseline"
exposed = "a job was under way when it came; otherwise what had queued up behind the latest run was gone"
stratum = "calls of one workload and deployment that share it may be compared"
log_us = "how long the log is"
block = "number of its stretch of time: calls that wait in one queue are one observation, so it outlasts the deployment's waits, twice"
unexposed_ms = "mean wait of the unexposed calls of its stratum"
unexposed_log = "the same of the logarithms"
speaks = "how far those may speak for others: 1 from min_alike of them on, less where they are fewer"

[params.block_s]
default = 30
help = "Waits are alike from one second to the next. A log of more than 300 blocks gets longer ones, and where people wait long a block is twice their wait."

[params.min_alike]
default = 5.0
help = "Unexposed calls of one kind whose mean may speak for any number of exposed ones: one call alone is chance."

[params.min_washed]
default = 100
help = "Calls that came as long after a run as it had lasted: with fewer (twenty exposed calls might need five of a kind each) those that came sooner count as calls without a job, too."

[params.max_gateway_slowness]
default = 1.5
help = "Windows in which the other deployments slow down by more than this are left out."

[[example]]
name = "a call beside a job, two like it without one; another size, another workload and the job's own call are left out"
calls = '''
call_id  app           deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
a        chat          d           m      0           1           0.1     true      u         100
b        chat          d           m      8           1           0.3     true      u         100
c        nightly-tags  d           m      16          4           0.3     true      -         100
d        chat          d           m      17          2           0.9     true      u         100
e        chat          d           m      18          1           0.7     true      u         4000
f        search        d           m      19          1           0.2     true      u         100
'''
rows = '''
call_id  workload  exposed  unexposed_ms  speaks
a        chat      false    200           0.4
b        chat      false    200           0.4
d        chat      true     200           0.4
'''

[[example]]
name = "a call that reasons while a job runs is not compared with those that do not"
calls = '''
call_id  app           deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens  reasoning_tokens
a        chat          d           m      0           1           0.1     true      u         100           0
b        chat          d           m      8           1           0.3     true      u         100           0
c        nightly-tags  d           m      16          4           0.3     true      -         100           0
d        chat          d           m      17          2           0.2     true      u         100           0
e        chat          d           m      18          8           6.2     true      u         100           600
'''
rows = '''
call_id  exposed  unexposed_ms
a        false    200
b        false    200
d        true     200
'''
---*/
WITH span AS (
    -- Calls that wait in one queue are one observation, so a block outlasts the waits of its deployment, twice.
    SELECT
        deployment, min(first_us) OVER () AS first_us, max(last_us) OVER () - min(first_us) OVER () AS log_us,
        greatest($block_s * 1000000, CAST(ceil((max(last_us) OVER () - min(first_us) OVER ()) / CAST(300 AS DOUBLE)) AS BIGINT), mean_wait_us * 2) AS block_us
    FROM (
        SELECT deployment, min(start_us) AS first_us, max(start_us) AS last_us, CAST(1000 * avg(CASE WHEN class = 'interactive' THEN ttft_ms END) AS BIGINT) AS mean_wait_us
        FROM ttft_baseline
        GROUP BY deployment
    ) AS d
), washed AS (
    -- What queued up behind a run may still wait when it is over, so calls without jobs are those that came as long after it as it had lasted. Where they
    -- are fewer than min_washed: half as long, or as soon as no job was in flight.
    SELECT
        deployment, workload,
        CASE WHEN count(*) FILTER (WHERE washed_out >= 1) >= $min_washed THEN 1.0
             WHEN count(*) FILTER (WHERE washed_out >= 0.5) >= $min_washed THEN 0.5 ELSE 0.0 END AS least_washed
    FROM ttft_baseline
    WHERE class = 'interactive' AND ttft_ms > 0 AND washed_out > 0
    GROUP BY deployment, workload
), streams AS (
    -- Calls that may be compared: same workload, deployment, model, prompt size, reasoning, as many recent arrivals of others than jobs, gateway slowness.
    SELECT
        t.call_id, t.deployment, t.workload, t.ttft_ms, t.background_episode,
        t.jobs_under_way > 0 AS exposed,
        concat_ws('/', coalesce(t.model, ''), CAST(t.prompt_size AS STRING), CAST(t.reasoning_size AS STRING),
            CAST(CAST(floor(log2(t.interactive_arrivals + t.unknown_arrivals + 1)) AS BIGINT) AS STRING),
            CASE WHEN t.slowness > 1.15 THEN 'slower' ELSE 'normal' END) AS stratum,
        s.log_us,
        (t.start_us - s.first_us - (t.start_us - s.first_us) % s.block_us) / s.block_us AS block
    FROM ttft_baseline AS t
    JOIN washed AS w ON w.deployment = t.deployment AND w.workload = t.workload
    JOIN span AS s ON s.deployment = t.deployment
    WHERE t.class = 'interactive' AND t.ttft_ms > 0 AND coalesce(t.slowness, 1) <= $max_gateway_slowness
        AND (t.jobs_under_way > 0 OR t.washed_out > 0 AND t.washed_out >= w.least_washed)
), strata AS (
    SELECT
        deployment, workload, stratum,
        avg(CASE WHEN NOT exposed THEN ttft_ms END) AS unexposed_ms,
        avg(CASE WHEN NOT exposed THEN ln(ttft_ms) END) AS unexposed_log,
        least(count(*) FILTER (WHERE NOT exposed) / CAST($min_alike AS DOUBLE), 1) AS speaks
    FROM streams
    GROUP BY deployment, workload, stratum
    HAVING count(*) FILTER (WHERE exposed) > 0 AND count(*) FILTER (WHERE NOT exposed) > 0
)
SELECT m.*, s.unexposed_ms, s.unexposed_log, s.speaks
FROM streams AS m
JOIN strata AS s ON s.deployment = m.deployment AND s.workload = m.workload AND s.stratum = m.stratum
