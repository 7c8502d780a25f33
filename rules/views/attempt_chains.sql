/*---
kind = "view"
title = "Requests that were sent more than once, send by send"
why = """A retry is a call of its own, so a request that was sent again shows only when its sends are lined up: same workload, caller, model asked \
for, prompt, parameters and tools, in order of start. Only sends of a request that the log holds at least twice are here. An attempt whose prompt or \
parameters were not logged (many gateways drop them on failure) takes those of the other attempts with its request_id; where none of them has a prompt, the \
request_id itself stands for the request, and then only re-sends after a failure are told. Prompts of unlike_prompts are left out."""

[columns]
call_id = "the call, one row each"
request_key = "call_id of the first send with this workload, caller, model, prompt, parameters and tools"
chain_id = "call_id of the first send of its chain: a new chain starts unless the send before it had failed, ended, and not long ago"
send = "1 for the first send of the chain, 2 for the first re-send after a failure, ..."
sends = "sends in the chain"
workload = "as in call_workloads"
status = "as in calls"
failed = "status is error, rate_limited or timeout; a cancelled call was given up by its client and is no failure"
start_us = "start, microseconds since 1970"
end_us = "end, microseconds since 1970"
duration_ms = "end minus start"
billed_usd = "as in priced_calls"
previous_call_id = "the send before it, of whatever outcome; NULL for the first"
previous_status = "its status"
previous_start_us = "its start"
previous_end_us = "its end"
next_start_us = "start of the send after it; NULL for the last"
wait_ms = "pause since the previous send ended (or started, where its end is unknown); negative while that one was still running"
impatient = "sent again although the previous send was about to answer and did, in full: the client gave up too early"
given_up = "cancelled by its client, which sent the same again within moments"
prompt_known = "the log holds the prompt's hash, its own or that of another attempt with its request_id"
params_known = "the log holds the parameters' hash, so that the sends are known to be identical"

[params.idle_s]
default = 60
help = "A send this many seconds after the failed one is a new request, not a retry: client back-off is usually capped at or below a minute."

[params.min_gap_ms]
default = 500
help = "impatient: below this after the previous send it is a double click or deliberate parallel sampling, not a client time-out; few clients time out in under half a second."

[params.max_after_end_ms]
default = 2000
help = "impatient, given_up: a gateway writes its end before the answer reaches the client, and a timed-out client waits a little before it sends again; two seconds cover both."

[params.min_running_share]
default = 0.5
help = "impatient: a client that gives up sends again while the first send still runs; of a workload's early re-sends, fewer than this share that did so are code that asks again once it has the answer."

[params.max_resends]
default = 10
help = "impatient: clients give up after a few tries. More early re-sends than this for each fresh send is a poller or a sampler, and none of them is impatient."

[params.popular_sends]
default = 2
help = "impatient: a request asked afresh more often than this, and more often than it was re-sent early, is polled, or a popular question of many people behind one key: a client that loses patience asks once and sends again."

[[example]]
name = "two failures and a success are one chain; the same prompt again later, or of another caller, is not part of it"
calls = '''
call_id  api_key_alias  started_at  duration_s  prompt_hash  params_hash  status
a        k              0           1           p1           q            rate_limited
b        k              3           1           p1           q            error
c        k              8           1           p1           q            ok
d        k              90          1           p1           q            ok
e        other          4           1           p1           q            ok
f        k              4           1           p2           q            ok
'''
rows = '''
call_id  chain_id  send  sends  previous_call_id  wait_ms  failed  impatient
a        a         1     3      -                 -        true    false
b        a         2     3      a                 2000     true    false
c        a         3     3      b                 4000     false   false
d        d         1     1      c                 81000    false   false
'''

[[example]]
name = "an attempt without a prompt borrows it from its request; without any, the request id stands for it"
calls = '''
call_id  request_id  model  started_at  duration_s  prompt_hash  params_hash  status
a        r1          m      0           1           -            -            error
b        r1          m      2           1           p1           q            ok
c        r2          m      0           1           -            -            error
d        r2          m      2           1           -            -            ok
e        r2          m      3           1           -            -            ok
f        r3          m      0           1           -            -            error
g        r4          m      0           1           p2           -            error
h        r4          m      2           1           p2           q            ok
'''
rows = '''
call_id  chain_id  send  prompt_known  params_known  impatient
g        g         1     true          true          false
h        g         2     true          true          false
a        a         1     true          true          false
b        a         2     true          true          false
c        c         1     false         false         false
d        c         2     false         false         false
e        e         1     false         false         false
'''

[[example]]
name = "impatient: while the first still runs, and just after it ended; not at once, not much later, not after a failure"
calls = '''
call_id  started_at  duration_s  prompt_hash  params_hash  status
a        0           9           p1           q            ok
b        2           9           p1           q            ok
c        12.5        1           p1           q            ok
d        20          1           p1           q            ok
e        0           9           p2           q            ok
f        0.1         9           p2           q            ok
g        0           1           p3           q            error
h        2           1           p3           q            ok
'''
rows = '''
call_id  send  sends  previous_status  impatient
a        1     1      -                false
b        1     1      ok               true
c        1     1      ok               true
d        1     1      ok               false
e        1     1      -                false
f        1     1      ok               false
g        1     2      -                false
h        2     2      error            false
'''

[[example]]
name = "asked again because the answer was cut off at its length: not impatient"
calls = '''
call_id  started_at  duration_s  prompt_hash  params_hash  finish_reason
a        0           9           p1           q            length
b        10          9           p1           q            stop
'''
rows = '''
call_id  impatient
a        false
b        false
'''

[[example]]
name = "given up and sent again at once; cancelled and asked again later is another matter"
calls = '''
call_id  started_at  duration_s  prompt_hash  params_hash  status
a        0           30          p1           q            cancelled
b        30.5        30          p1           q            cancelled
c        61          40          p1           q            ok
d        0           30          p2           q            cancelled
e        60          40          p2           q            ok
'''
rows = '''
call_id  given_up  impatient
a        true      false
b        true      false
c        false     false
d        false     false
e        false     false
'''

[[example]]
name = "samples on purpose: asked again as soon as the answer is there, or several at once"
calls = '''
call_id  app  started_at  duration_s  prompt_hash  params_hash  status
a        w    0           2           p1           q            ok
b        w    2.6         2           p1           q            ok
c        w    5.2         2           p1           q            ok
d        v    0           2           p2           q            ok
e        v    0.02        2           p2           q            ok
f        v    1           2           p2           q            ok
'''
rows = '''
call_id  impatient
a        false
b        false
c        false
d        false
e        false
f        false
'''

[[example]]
name = "a popular question of many people behind one key: two of them within seconds are no impatient client"
params = { popular_sends = 2 }
calls = '''
call_id  api_key_alias  started_at  duration_s  prompt_hash  params_hash  status
a        k              0           2           p1           q            ok
b        k              60          2           p1           q            ok
c        k              61          2           p1           q            ok
d        k              120         2           p1           q            ok
'''
rows = '''
call_id  impatient
a        false
b        false
c        false
d        false
'''

[[example]]
name = "sends that failed together in flight are no retries of each other"
calls = '''
call_id  started_at  duration_s  prompt_hash  params_hash  status
a        0           1           p1           q            rate_limited
b        0.2         1           p1           q            rate_limited
c        0.4         1           p1           q            rate_limited
'''
rows = '''
call_id  chain_id  send  sends
a        a         1     1
b        b         1     1
c        c         1     1
'''
---*/
WITH silent AS (
    -- Requests of several attempts, with one among them whose prompt or parameters are not in the log.
    SELECT request_hash
    FROM priced_calls
    WHERE request_hash IS NOT NULL
    GROUP BY request_hash
    HAVING count(*) > 1 AND count(*) > least(count(prompt_hash), count(params_hash))
), lent AS (
    SELECT
        c.request_hash,
        min(c.prompt_hash) AS prompt_hash,
        CASE WHEN min(c.params_hash) = max(c.params_hash) THEN min(c.params_hash) END AS params_hash,
        CASE WHEN min(c.tools_hash) = max(c.tools_hash) THEN min(c.tools_hash) END AS tools_hash
    FROM priced_calls AS c
    JOIN silent AS s ON s.request_hash = c.request_hash
    GROUP BY c.request_hash
    HAVING count(c.prompt_hash) = 0 OR min(c.prompt_hash) = max(c.prompt_hash)
), named AS (
    SELECT
        p.call_id,
        p.workload,
        p.caller_hash,
        coalesce(p.model_requested, p.model) AS model,
        coalesce(p.prompt_hash, l.prompt_hash) AS prompt_hash,
        coalesce(p.params_hash, l.params_hash) AS params_hash,
        CASE WHEN p.params_hash IS NULL THEN coalesce(p.tools_hash, l.tools_hash) ELSE p.tools_hash END AS tools_hash,
        CASE WHEN p.prompt_hash IS NULL AND l.prompt_hash IS NULL THEN l.request_hash END AS request_hash,
        p.status,
        p.start_us,
        p.end_us,
        p.duration_ms,
        p.billed_usd,
        coalesce(p.finish_reason = 'length', FALSE) AS cut_off,
        coalesce(p.gateway_cache_hit, FALSE) AS from_cache
    FROM priced_calls AS p
    LEFT JOIN lent AS l ON (p.prompt_hash IS NULL OR p.params_hash IS NULL) AND l.request_hash = p.request_hash
    WHERE p.start_us IS NOT NULL AND (p.prompt_hash IS NOT NULL OR l.request_hash IS NOT NULL)
), repeated AS (
    -- Cheap sieve before the windows: most prompts occur once.
    SELECT prompt_hash FROM named WHERE prompt_hash IS NOT NULL GROUP BY prompt_hash HAVING count(*) > 1
), sieved AS (
    SELECT n.* FROM named AS n
    LEFT JOIN repeated AS r ON r.prompt_hash = n.prompt_hash
    LEFT JOIN unlike_prompts AS u ON u.prompt_hash = n.prompt_hash
    WHERE (r.prompt_hash IS NOT NULL AND u.prompt_hash IS NULL) OR n.request_hash IS NOT NULL
), ordered AS (
    SELECT
        *,
        first_value(call_id) OVER sends AS request_key,
        lag(call_id) OVER sends AS previous_call_id,
        lag(status) OVER sends AS previous_status,
        lag(cut_off) OVER sends AS previous_cut_off,
        lag(start_us) OVER sends AS previous_start_us,
        lag(end_us) OVER sends AS previous_end_us,
        lead(start_us) OVER sends AS next_start_us
    FROM sieved
    WINDOW sends AS (
        PARTITION BY workload, caller_hash, model, prompt_hash, params_hash, tools_hash, request_hash ORDER BY start_us, end_us NULLS LAST, call_id
    )
), linked AS (
    SELECT
        *,
        start_us - coalesce(previous_end_us, previous_start_us) AS wait_us,
        coalesce(
            previous_status IN ('error', 'rate_limited', 'timeout')
            AND start_us - coalesce(previous_end_us, previous_start_us) BETWEEN 0 AND $idle_s * 1000000,
            FALSE
        ) AS after_failure,
        coalesce(
            prompt_hash IS NOT NULL AND NOT from_cache AND previous_status = 'ok' AND NOT previous_cut_off
            AND start_us - previous_start_us >= $min_gap_ms * 1000
            AND start_us - previous_end_us <= $max_after_end_ms * 1000,
            FALSE
        ) AS early
    FROM ordered
    WHERE previous_call_id IS NOT NULL OR next_start_us IS NOT NULL
), counted AS (
    SELECT
        *,
        sum(CASE WHEN after_failure THEN 0 ELSE 1 END) OVER (
            PARTITION BY request_key ORDER BY start_us, end_us NULLS LAST, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS chain_number,
        sum(CASE WHEN early THEN 1 ELSE 0 END) OVER (PARTITION BY request_key) AS early_sends,
        sum(CASE WHEN early OR after_failure THEN 0 ELSE 1 END) OVER (PARTITION BY request_key) AS fresh_sends,
        -- a tenth of the gap: whoever sends twice within that wants two answers
        max(CASE WHEN status = 'ok' AND previous_status = 'ok' AND start_us - previous_start_us < $min_gap_ms * 100 THEN 1 ELSE 0 END)
            OVER (PARTITION BY request_key) = 1 AS at_once,
        avg(CASE WHEN early THEN CASE WHEN start_us < previous_end_us THEN 1.0 ELSE 0.0 END END) OVER (PARTITION BY workload) AS running_share
    FROM linked
)
SELECT
    call_id,
    request_key,
    first_value(call_id) OVER chain AS chain_id,
    row_number() OVER chain AS send,
    count(*) OVER (PARTITION BY request_key, chain_number) AS sends,
    workload,
    status,
    coalesce(status IN ('error', 'rate_limited', 'timeout'), FALSE) AS failed,
    start_us,
    end_us,
    duration_ms,
    billed_usd,
    previous_call_id,
    previous_status,
    previous_start_us,
    previous_end_us,
    next_start_us,
    wait_us / CAST(1000 AS DOUBLE) AS wait_ms,
    early AND NOT at_once AND running_share >= $min_running_share
        AND early_sends <= $max_resends * fresh_sends AND (fresh_sends <= $popular_sends OR early_sends >= fresh_sends) AS impatient,
    coalesce(
        prompt_hash IS NOT NULL AND status = 'cancelled' AND next_start_us - end_us BETWEEN 0 AND $max_after_end_ms * 1000, FALSE
    ) AS given_up,
    prompt_hash IS NOT NULL AS prompt_known,
    params_hash IS NOT NULL AS params_known
FROM counted
WINDOW chain AS (PARTITION BY request_key, chain_number ORDER BY start_us, end_us NULLS LAST, call_id)
