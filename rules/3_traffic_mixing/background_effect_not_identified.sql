/*---
kind = "observation"
title = "What background work adds to people's waits is not identified: people fill the deployment by themselves"
why = """Without any job, people wait here so long that the log holds few moments of their queue that do not hang together: a wait as long as an hour is seen once an hour. \
A job on top of that may add much or nothing, so background_slows_interactive claims nothing. The thresholds are those of that rule."""
action = "Give {subject} room for its people first: {waits_s} s to the first token without any job; what {jobs} add is not identified"
fix = "traffic_separation"
grade = "measured"
needs = ["first_token_at", "ended_at"]
false_positives = "A short log of a deployment that is overloaded for an hour a day: a longer one tells. People whose calls are all alike slow are no queue; the rule cannot tell, and is silent all the same."

[params.min_calls]
default = 20
help = "As in background_slows_interactive: with fewer calls on either side they are too few, whatever they wait."

[params.min_blocks]
default = 8
help = "As in background_slows_interactive: moments of the queue, each twice as long as people wait without a job, that an interval takes."
[[example]]
name = "half a minute without any job, in a log of a minute: what the job adds cannot be told"
params = { min_calls = 2 }
calls = '''
call_id  app           deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
a        chat          d           m      0           31          30      true      u         100
b        chat          d           m      8           33          32      true      u         100
c        nightly-tags  d           m      60          60          -       -         -         100
d        chat          d           m      61          41          40      true      u         100
e        chat          d           m      67          43          42      true      u         100
'''
rows = '''
subject  evidence_jobs  evidence_waits_s  evidence_calls  evidence_moments
d        nightly-tags   31                2               1
'''

[[example]]
name = "people who wait a third of a second by themselves; calls that are too few to say anything: silent"
params = { min_calls = 2 }
calls = '''
call_id  app           deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
a        chat          d           m      0           1           0.3     true      u         100
b        chat          d           m      8           1           0.3     true      u         100
c        nightly-tags  d           m      60          60          -       -         -         100
d        chat          d           m      61          2           0.9     true      u         100
e        chat          d           m      67          2           0.9     true      u         100
f        chat          few         m      0           31          30      true      u         100
g        nightly-tags  few         m      60          60          -       -         -         100
h        chat          few         m      61          41          40      true      u         100
'''
rows = ""
---*/
WITH people AS (
    -- Each workload on a deployment, and ('') all people of it, as the rule compares them.
    SELECT
        deployment, coalesce(workload, '') AS workload,
        max(log_us) AS log_us,
        count(*) FILTER (WHERE exposed) AS exposed_calls,
        sum(CASE WHEN exposed THEN speaks * unexposed_ms END) / sum(CASE WHEN exposed THEN speaks END) AS unexposed_ms
    FROM beside_jobs
    GROUP BY GROUPING SETS ((deployment, workload), (deployment))
    HAVING count(*) FILTER (WHERE exposed) >= $min_calls AND count(*) FILTER (WHERE NOT exposed) >= $min_calls
), overloaded AS (
    SELECT deployment, max(exposed_calls) AS exposed_calls, min(unexposed_ms) AS unexposed_ms, max(log_us) / (2000 * min(unexposed_ms)) AS moments
    FROM people
    GROUP BY deployment
    HAVING 2000 * min(unexposed_ms) * $min_blocks > max(log_us)
), jobs AS (
    SELECT deployment, min(workload) AS workload, count(DISTINCT workload) AS workloads
    FROM concurrency
    WHERE class = 'background'
    GROUP BY deployment
)
SELECT
    o.deployment AS subject,
    CASE WHEN j.workloads > 1 THEN concat_ws('', j.workload, ' and others') ELSE j.workload END AS evidence_jobs,
    round(o.unexposed_ms / 1000, 0) AS evidence_waits_s,
    o.exposed_calls AS evidence_calls,
    floor(o.moments) AS evidence_moments
FROM overloaded AS o
JOIN jobs AS j ON j.deployment = o.deployment
