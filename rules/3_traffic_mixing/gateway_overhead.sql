/*---
title = "The gateway itself takes a tenth or more of the wait for the first token"
why = """A gateway that is short of workers, logs synchronously or runs guardrails one after the other adds its own time to every call, and no provider or model can win it back. Where the log tells the gateway's own \
time, it is held against the time to first token; of a call that was not streamed only the whole duration is known, which is longer, so that its share is a lower bound. What a quarter of the same workload's calls of \
that size pass the gateway in is what its work costs; only what goes beyond is claimed, if that is a tenth of the wait, and only of calls whose logged duration can hold it: some gateways count time before the log's own start."""
action = "Give {subject} more workers, or take callbacks and guardrails off the path: in {most_in} it takes {share_percent}% of the wait, {gateway_ms} ms at the median where {needed_ms} ms would do"
fix = "orchestration"
grade = "measured"
effect = "latency"
needs = ["gateway_ms", "ended_at"]
false_positives = """Guardrails and prompt rewriting that are worth their time, when only some calls of a workload need them. A log that counts a retry or a queue behind the gateway as the gateway's own time overstates it. What \
a call waits before the gateway's handler takes it is in no log, and comes on top."""

[params.min_share]
default = 0.1
help = "Of the wait for the first token, over all calls of a workload, both all of the gateway's time and what is beyond its need: below a tenth the provider is the larger part by far and comes first."

[params.min_calls]
default = 20
help = "Calls of one workload and prompt size: their fastest quarter is then five calls, not one that was lucky."

[params.min_slow_share]
default = 0.1
help = "Of a workload's calls, those held up beyond need: fewer than one in ten are hiccups, not the way the gateway works."

[params.min_excess_ms]
default = 50
help = "An excess below a twentieth of a second a call is jitter, and no user notices it."

[[example]]
name = "most calls wait half a second in a gateway that passes others in 20 ms"
params = { min_calls = 4 }
calls = '''
call_id  app  model  started_at  duration_s  ttft_s  gateway_ms
a        w    m      0           3           1.2     520
b        w    m      10          3           1.2     520
c        w    m      20          3           0.7     20
d        w    m      30          2           -       20
e        w    m      40          2           -       420
f        w    m      50          2           -       60
'''
claims = '''
call_id  subject      waste_ms
a        the gateway  490
b        the gateway  490
e        the gateway  390
'''

[[example]]
name = "more gateway time than the log's whole duration: some of it came before the log's start, so nothing of that call is claimed"
params = { min_calls = 4 }
calls = '''
call_id  app  model  started_at  duration_s  gateway_ms
a        w    m      0           0.5         900
b        w    m      10          2           820
c        w    m      20          2           20
d        w    m      30          2           20
'''
claims = '''
call_id  waste_ms
b        800
'''

[[example]]
name = "a small part of the wait; always the same; another workload's; a gateway's own cache: silent"
params = { min_calls = 4 }
calls = '''
call_id  app  model  started_at  duration_s  ttft_s  gateway_ms  gateway_cache_hit
a        w    m      0           30          9       520         -
b        w    m      10          30          9       20          -
c        w    m      20          30          9       20          -
d        w    m      30          30          9       20          -
e        v    m      0           2           1       300         -
f        v    m      10          2           1       300         -
g        v    m      20          2           1       300         -
h        v    m      30          2           1       300         -
i        u    m      0           2           1       900         -
j        u    m      10          2           1       10          -
k        x    m      0           0.5         -       499         true
l        x    m      10          0.5         -       2           true
m        x    m      20          0.5         -       2           true
n        x    m      30          0.5         -       2           true
'''
claims = ""
---*/
WITH passed AS (
    -- Where the gateway's time is more than the whole logged duration, some of it lies before the log's start: the wait was at least that long.
    SELECT
        p.call_id, p.workload, c.gateway_ms,
        greatest(coalesce(p.ttft_ms, p.duration_ms), c.gateway_ms) AS waited_ms,
        coalesce(p.ttft_ms, p.duration_ms) >= c.gateway_ms AS within,
        CAST(floor(log2(coalesce(p.input_tokens, 0) + 1) / 2) AS BIGINT) AS prompt_size
    FROM calls AS c
    JOIN priced_calls AS p ON p.call_id = c.call_id
    WHERE c.gateway_ms >= 0 AND p.status = 'ok' AND p.gateway_cache_hit IS NOT TRUE AND coalesce(p.ttft_ms, p.duration_ms) > 0
), shares AS (
    SELECT
        workload,
        sum(gateway_ms) / sum(waited_ms) AS share,
        sum(waited_ms) AS waited_ms,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY gateway_ms) AS gateway_ms,
        count(*) FILTER (WHERE NOT within) AS before_the_log
    FROM passed
    GROUP BY workload
    HAVING count(*) >= $min_calls AND sum(gateway_ms) >= $min_share * sum(waited_ms)
), needed AS (
    SELECT p.workload, p.prompt_size, percentile_cont(0.25) WITHIN GROUP (ORDER BY p.gateway_ms) AS needed_ms
    FROM passed AS p
    JOIN shares AS s ON s.workload = p.workload
    GROUP BY p.workload, p.prompt_size
    HAVING count(*) >= $min_calls
), beyond AS (
    SELECT p.call_id, p.workload, p.within, n.needed_ms, p.gateway_ms - n.needed_ms AS excess_ms
    FROM passed AS p
    JOIN needed AS n ON n.workload = p.workload AND n.prompt_size = p.prompt_size
), firing AS (
    SELECT
        b.workload,
        avg(b.needed_ms) AS needed_ms,
        sum(CASE WHEN b.excess_ms >= $min_excess_ms THEN b.excess_ms ELSE 0 END) AS excess_ms
    FROM beyond AS b
    JOIN shares AS s ON s.workload = b.workload
    GROUP BY b.workload
    HAVING sum(CASE WHEN b.excess_ms >= $min_excess_ms THEN b.excess_ms ELSE 0 END) >= $min_share * max(s.waited_ms)
        AND count(*) FILTER (WHERE b.excess_ms >= $min_excess_ms) >= $min_slow_share * count(*)
), worst AS (
    SELECT f.workload, s.share, s.gateway_ms, f.needed_ms, row_number() OVER (ORDER BY f.excess_ms DESC, f.workload) AS place
    FROM firing AS f
    JOIN shares AS s ON s.workload = f.workload
), told AS (
    -- One gateway, one finding: whichever workloads show it.
    SELECT count(*) AS workloads, sum(s.before_the_log) AS before_the_log FROM firing AS f JOIN shares AS s ON s.workload = f.workload
)
SELECT
    b.call_id,
    'the gateway' AS subject,
    b.excess_ms AS waste_ms,
    t.workloads AS evidence_workloads,
    w.workload AS evidence_most_in,
    round(100 * w.share, 0) AS evidence_share_percent,
    round(w.gateway_ms, 0) AS evidence_gateway_ms,
    round(w.needed_ms, 0) AS evidence_needed_ms,
    CAST(t.before_the_log AS BIGINT) AS evidence_calls_that_waited_before_the_log_starts
FROM beyond AS b
JOIN firing AS f ON f.workload = b.workload
CROSS JOIN told AS t
JOIN worst AS w ON w.place = 1
WHERE b.excess_ms >= $min_excess_ms AND b.within
