/*---
kind = "view"
title = "What each served call made its caller wait, and which calls may be compared with it"
why = """A wait is long only beside calls of the same size. Streamed calls are compared by their time to first token, others by their whole duration, never one with the other. Before the first token that a caller sees comes \
what the model reasons, so it is part of a streamed call's size. It is not subtracted: some providers stream the reasoning, and then the first token does not wait for it."""

[columns]
call_id = "a call that succeeded and whose wait is known; answers from the gateway's own cache are left out"
waited_ms = "time to first token where it is known, else the duration"
streamed = "waited_ms is a time to first token"
size = "number of its size: uncached input tokens within a factor of four, and beside them reasoning tokens where the call is streamed, output tokens where only the whole duration is known; streamed and unstreamed calls never share one, nor calls whose reasoning is known and unknown"

[[example]]
name = "four times the prompt is another size; twice the answer only where the whole duration is compared"
calls = '''
call_id  started_at  duration_s  ttft_s  input_tokens  output_tokens  status  gateway_cache_hit
a        0           3           0.5     100           10             ok      -
b        0           4           0.5     120           900            ok      -
c        0           3           0.5     900           10             ok      -
d        0           3           -       100           10             ok      -
e        0           9           -       100           90             ok      -
f        0           3           0.5     100           10             error   -
g        0           3           0.5     100           10             ok      true
h        0           -           -       100           10             ok      -
'''
rows = '''
call_id  waited_ms  streamed  size
a        500        true      3000
b        500        true      3000
c        500        true      4000
d        3000       false     -3003
e        9000       false     -3006
'''

[[example]]
name = "a streamed call that reasons is another size; in a whole duration its reasoning is part of the answer"
calls = '''
call_id  started_at  duration_s  ttft_s  input_tokens  output_tokens  reasoning_tokens  status
a        0           3           0.5     100           10             0                 ok
b        0           9           6.5     100           610            600               ok
c        0           9           6.5     100           710            700               ok
d        0           9           6.5     100           610            -                 ok
e        0           9           -       100           610            600               ok
f        0           9           -       100           610            -                 ok
'''
rows = '''
call_id  size
a        3001
b        3010
c        3010
d        3000
e        -3009
f        -3009
'''
---*/
SELECT
    call_id,
    coalesce(ttft_ms, duration_ms) AS waited_ms,
    ttft_ms IS NOT NULL AS streamed,
    CASE WHEN ttft_ms IS NOT NULL
         THEN CAST(floor(log2(coalesce(uncached_tokens, 0) + 1) / 2) AS BIGINT) * 1000 + coalesce(1 + CAST(floor(log2(reasoning_tokens + 1)) AS BIGINT), 0)
         ELSE -CAST(floor(log2(coalesce(uncached_tokens, 0) + 1) / 2) AS BIGINT) * 1000 - CAST(floor(log2(coalesce(output_tokens, 0) + 1)) AS BIGINT) END AS size
FROM priced_calls
WHERE status = 'ok' AND gateway_cache_hit IS NOT TRUE AND coalesce(ttft_ms, duration_ms) > 0
