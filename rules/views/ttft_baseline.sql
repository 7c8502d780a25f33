/*---
kind = "view"
title = "Streamed calls with their time to first token, its idle baseline, and what was going on"
why = "A wait is long only beside what calls of the same prompt size and as much reasoning wait on the same deployment when nothing else runs. Calls without a first-token time are left out, never given their duration instead."

[columns]
call_id = "a streamed call that succeeded and whose first token was timed"
deployment = "as in priced_calls"
workload = "as in priced_calls"
class = "class of its workload"
model = "as in calls"
start_us = "start, microseconds since 1970"
ttft_ms = "first token minus start"
prompt_size = "power of two of its uncached input tokens"
reasoning_size = "one more than the power of two of the tokens that it reasons, mostly before the first that a caller sees; 0 where the log does not know them"
interactive_arrivals = "interactive calls that started on the deployment in the preceding exposure_s"
unknown_arrivals = "the same of workloads of which it is not known who waits for them"
background_starts = "background calls that started on the deployment in the preceding exposure_s"
jobs_under_way = "background calls that started on the deployment no longer ago than such calls usually take there: the median of the workload, at least exposure_s. From their starts alone, since how long they really take is what a slow moment changes"
washed_out = "how much of what queued up behind the jobs may be gone: 0 while a background call is under way or still in flight, then growing with time to 1 when the run lies as long back as it lasted, since what took so long to pile up may take as long to go; 1 before the first"
background_episode = "number of the latest run of background calls on the deployment, a run beginning when none is under way; 0 before the first"
ends_known = "as in concurrency"
in_flight = "other calls in flight on the deployment at its start"
slowness = "as in gateway_slowness; NULL unknown"
baseline_ms = "median of its deployment, workload, model, prompt size and reasoning size with nothing else in flight and no gateway stall; NULL with too few"

[params.exposure_s]
default = 5
help = "A background call that started this long ago still holds a slot or its place in the queue; longer ago, most are done."

[params.min_idle_calls]
default = 5
help = "Idle calls of one size that a median takes."

[params.max_gateway_slowness]
default = 1.5
help = "Above this the gateway stalls and the call says nothing about an idle deployment."

[[example]]
name = "background starts before a call, and the wait with nothing in flight"
params = { min_idle_calls = 2 }
calls = '''
call_id  app           deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
a        chat          d           m      0           1           0.1     true      u         100
b        chat          d           m      2           1           0.3     true      u         100
c        nightly-tags  d           m      10          9           -       -         -         100
d        chat          d           m      12          2           0.9     true      u         100
e        chat          d           m      18          1           0.7     true      u         4000
h        chat          d           m      23.5        1           0.2     true      u         100
f        nightly-tags  d           m      30          1           -       -         -         100
g        chat          d           m      31          1           -       -         u         100
'''
rows = '''
call_id  prompt_size  interactive_arrivals  background_starts  jobs_under_way  washed_out  background_episode  in_flight  baseline_ms
a        6            0                     0                  0               1           0                   0          200
b        6            1                     0                  0               1           0                   0          200
d        6            0                     1                  1               0           1                   1          200
e        11           0                     0                  0               0           1                   1          -
h        6            0                     0                  0               0.5         1                   0          200
'''

[[example]]
name = "what a call reasons comes before its first token: another baseline"
params = { min_idle_calls = 2 }
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  input_tokens  reasoning_tokens
a        chat  d           m      0           1           0.1     true      100           0
b        chat  d           m      10          1           0.3     true      100           0
c        chat  d           m      20          9           6.1     true      100           600
d        chat  d           m      40          9           6.3     true      100           620
e        chat  d           m      60          1           0.4     true      100           -
'''
rows = '''
call_id  prompt_size  reasoning_size  baseline_ms
a        6            1               200
b        6            1               200
c        6            10              6200
d        6            10              6200
e        6            0               -
'''
---*/
WITH placed AS (
    SELECT c.call_id, c.deployment, c.deployment_no, c.workload, c.start_us, c.end_us, c.ends_known, c.in_flight, c.class
    FROM concurrency AS c
    JOIN (SELECT DISTINCT deployment FROM priced_calls WHERE status = 'ok' AND ttft_ms IS NOT NULL) AS d ON d.deployment = c.deployment
), usual AS (
    SELECT
        deployment, workload,
        greatest(CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY end_us - start_us) AS BIGINT), $exposure_s * 1000000) AS lasts_us
    FROM placed
    WHERE class = 'background' AND end_us > start_us
    GROUP BY deployment, workload
), timed AS (
    SELECT p.call_id, p.deployment_no, p.class, p.start_us, p.end_us, coalesce(u.lasts_us, $exposure_s * 1000000) AS lasts_us
    FROM placed AS p
    LEFT JOIN usual AS u ON u.deployment = p.deployment AND u.workload = p.workload
), events AS (
    -- Every start counts until exposure_s later, a job's as under way until its usual end; at one moment starts come before what expires. A sweep,
    -- since a RANGE frame takes ten times as long.
    SELECT
        call_id, deployment_no, start_us AS at_us, 0 AS expires,
        -- Two counts in one number, since a running sum costs more than all else here.
        CASE class WHEN 'interactive' THEN 4294967296 WHEN 'unknown' THEN 1 ELSE 0 END AS other_step,
        CASE WHEN class = 'background' THEN 4294967297 ELSE 0 END AS job_step,
        CASE WHEN class = 'background' THEN greatest(end_us, start_us + lasts_us) END AS until_us
    FROM timed
    UNION ALL
    SELECT
        call_id, deployment_no, start_us + $exposure_s * 1000000 AS at_us, 1 AS expires,
        CASE class WHEN 'interactive' THEN -4294967296 WHEN 'unknown' THEN -1 ELSE 0 END AS other_step,
        CASE WHEN class = 'background' THEN -4294967296 ELSE 0 END AS job_step,
        CAST(NULL AS BIGINT) AS until_us
    FROM timed
    UNION ALL
    SELECT
        p.call_id, p.deployment_no, p.start_us + p.lasts_us AS at_us, 1 AS expires,
        0 AS other_step,
        -1 AS job_step,
        CAST(NULL AS BIGINT) AS until_us
    FROM timed AS p
    WHERE p.class = 'background'
), swept AS (
    SELECT
        call_id, deployment_no, at_us, expires, job_step > 0 AS is_job, until_us,
        CAST(coalesce(sum(other_step) OVER before, 0) AS BIGINT) AS others,
        CAST(coalesce(sum(job_step) OVER before, 0) AS BIGINT) AS jobs,
        max(until_us) OVER before AS present_until_us
    FROM events
    WINDOW before AS (PARTITION BY deployment_no ORDER BY at_us, expires, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), numbered AS (
    SELECT
        call_id, deployment_no, at_us, others, jobs, until_us, present_until_us,
        sum(CASE WHEN is_job AND jobs % 4294967296 = 0 THEN 1 ELSE 0 END) OVER upto AS background_episode,
        max(CASE WHEN is_job AND coalesce(present_until_us < at_us, TRUE) THEN at_us END) OVER upto AS present_since_us
    FROM swept
    WHERE expires = 0
    WINDOW upto AS (PARTITION BY deployment_no ORDER BY at_us, call_id ROWS UNBOUNDED PRECEDING)
), settled AS (
    SELECT
        call_id, at_us, others, jobs, background_episode,
        greatest(until_us, present_until_us) AS until_us,
        max(until_us + (until_us - present_since_us)) OVER upto AS settles_us
    FROM numbered
    WINDOW upto AS (PARTITION BY deployment_no ORDER BY at_us, call_id ROWS UNBOUNDED PRECEDING)
), streams AS (
    SELECT
        n.call_id, c.deployment, p.workload, c.class, p.model, c.start_us, p.ttft_ms,
        CAST(floor(log2(coalesce(p.uncached_tokens, 0) + 1)) AS BIGINT) AS prompt_size,
        coalesce(1 + CAST(floor(log2(p.reasoning_tokens + 1)) AS BIGINT), 0) AS reasoning_size,
        CAST((n.others - n.others % 4294967296) / 4294967296 AS BIGINT) AS interactive_arrivals,
        n.others % 4294967296 AS unknown_arrivals,
        CAST((n.jobs - n.jobs % 4294967296) / 4294967296 AS BIGINT) AS background_starts,
        n.jobs % 4294967296 AS jobs_under_way,
        CASE WHEN n.until_us IS NULL OR c.start_us >= n.settles_us THEN 1
             ELSE greatest(c.start_us - n.until_us, 0) / CAST(n.settles_us - n.until_us AS DOUBLE) END AS washed_out,
        CAST(n.background_episode AS BIGINT) AS background_episode,
        c.ends_known,
        c.in_flight,
        g.slowness
    FROM settled AS n
    JOIN placed AS c ON c.call_id = n.call_id
    JOIN priced_calls AS p ON p.call_id = n.call_id
    LEFT JOIN gateway_slowness AS g ON g.deployment = c.deployment AND g.window_us = c.start_us - c.start_us % 2000000
    WHERE p.status = 'ok' AND p.ttft_ms IS NOT NULL
), idle AS (
    SELECT deployment, workload, model, prompt_size, reasoning_size, percentile_cont(0.5) WITHIN GROUP (ORDER BY ttft_ms) AS baseline_ms
    FROM streams
    WHERE in_flight = 0 AND coalesce(slowness, 1) <= $max_gateway_slowness
    GROUP BY deployment, workload, model, prompt_size, reasoning_size
    HAVING count(*) >= $min_idle_calls
)
SELECT s.*, i.baseline_ms
FROM streams AS s
LEFT JOIN idle AS i
    ON i.deployment = s.deployment AND i.workload = s.workload AND i.model IS NOT DISTINCT FROM s.model AND i.prompt_size = s.prompt_size
        AND i.reasoning_size = s.reasoning_size
