/*---
kind = "view"
title = "Pauses of a conversation in which a person read an answer and wrote the next message"
why = """Some gateways and clients give a whole conversation one trace id. Between its turns the system waits for the person, not the other way round, so that this time is no latency. \
It shows in the prompts: a call holds more answers than any before it in its unit, and its last message is a user's. Of the pauses since the turn before, the longest is the person's, \
with what ran in it that is in no log. \
Where a trace of people's work holds no prompt, a person and a tool that logs nothing look alike: every pause that is long enough for a person is a row, and says that it is blind. \
Where the answer called a tool (whose work, or whose result in a user's message, looks alike) and beside spans nothing is told."""

[columns]
unit_key = "as in outcomes"
call_id = "the call that brings the next message"
pause_us = "microseconds of the unit's critical path in which nothing ran"
blind = "no call of the unit has its prompt in the log: a person may have read and written, or a tool worked that logs nothing. False: the prompts tell that a person did"

[params.min_pause_s]
default = 3
help = "Nobody reads an answer and writes a message in less; a program goes on within seconds (as blind_pause_s of orchestration_gaps)."

[[example]]
name = "a chat of three turns in one trace: 20 and 60 seconds; a retry after 90, and a rewriting call and 5 seconds of search before an answer, are the system's"
calls = '''
call_id  trace_id  app  started_at  duration_s  turn  request_id  status
a        t         w    0           2           1     ra          ok
b        t         w    22          2           2     rb          error
b2       t         w    114         2           2     rb          ok
c        t         w    176         1           1     rc          ok
d        t         w    182         2           3     rd          ok
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message
b        0         0              user       true
b        1         1              assistant  true
b        2         2              user       true
d        0         0              user       true
d        1         1              assistant  true
d        2         2              user       true
d        3         3              assistant  true
d        4         4              user       true
'''
rows = '''
call_id  pause_us  blind
b        20000000  false
d        60000000  false
'''

[[example]]
name = "no prompts, and people use it: 20 and 4 seconds may be a person's or a silent tool's; not so quick ones, those after a failure or an embedding, and a job's"
calls = '''
call_id  trace_id  app       started_at  duration_s  end_user  status  output_tokens  finish_reason
a        t         w         0           2           u         ok      10             stop
b        t         w         22          2           u         ok      10             -
c        t         w         26          1           u         ok      10             -
d        t         w         31          1           u         ok      10             -
e        v         w         0           2           u         error   -              -
f        v         w         22          2           u         ok      0              -
g        v         w         44          2           u         ok      10             stop
h        n         nightly   0           2           -         ok      10             stop
i        n         nightly   22          2           -         ok      10             stop
'''
rows = '''
call_id  pause_us  blind
b        20000000  true
d        4000000   true
'''

[[example]]
name = "no prompts: a pause after an answer that asks for a tool is the tool's, with or without its name; beside spans nothing is told"
calls = '''
call_id  trace_id  app  started_at  duration_s  end_user  finish_reason  span_id  parent_span_id
a        t         w    0           2           u         tool_calls     -        -
b        t         w    22          2           u         stop           -        -
c        v         w    0           2           u         -              -        -
d        v         w    22          2           u         -              -        -
e        s         w    0           2           u         -              se       root
f        s         w    22          2           u         -              sf       root
g        p         w    0           2           u         -              -        -
h        p         w    22          2           u         -              -        -
'''
tool_calls = '''
call_id  position  name
c        0         shell
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
root     s         -               agent  run   0           30
late     p         -               tool   sum   50          1
'''
rows = ""

[[example]]
name = "an agent's steps, a user's message after a tool, after an answer that is not logged but asked for one, a quick program, the same prompt again, prompts that are not logged, and a trace with spans: nothing"
calls = '''
call_id  trace_id  app  started_at  duration_s  turn  span_id  parent_span_id  finish_reason
a1       a         w    0           2           1     -        -               stop
a2       a         w    22          2           2     -        -               stop
b1       b         w    0           2           1     -        -               stop
b2       b         w    22          2           2     -        -               stop
c1       c         w    0           2           1     -        -               stop
c2       c         w    4           2           2     -        -               stop
d1       d         w    0           2           2     -        -               stop
d2       d         w    22          2           2     -        -               stop
e1       e         w    0           2           1     -        -               stop
e2       e         w    22          2           2     -        -               stop
f1       f         w    0           2           1     s1       root            stop
f2       f         w    22          2           2     s2       root            stop
g1       g         w    0           2           1     -        -               tool_calls
g2       g         w    22          2           2     -        -               stop
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message
a2       0         0              assistant  true
a2       1         1              tool       true
b2       0         0              assistant  true
b2       1         1              user       true
c2       0         0              assistant  true
c2       1         1              user       true
d2       0         0              assistant  true
d2       1         1              user       true
f2       0         0              assistant  true
f2       1         1              user       true
g2       0         0              assistant  true
g2       1         1              user       true
'''
tool_calls = '''
call_id  position  name
b1       0         shell
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
root     f         -               agent  run   0           30
'''
rows = ""
---*/
WITH talking AS (
    -- Cheap sieve: only who holds an answer can have been answered.
    SELECT w.parent_id FROM path_windows AS w JOIN calls AS c ON c.call_id = w.call_id AND c.turn > 1 WHERE w.depth = 1 GROUP BY w.parent_id
), steps AS (
    -- Calls one after the other under a root that no log line stands for.
    SELECT
        w.unit_key, w.call_id, w.window_start_us, c.turn, c.finish_reason = 'tool_calls' AS asks_for_tool,
        -- A failed attempt that is sent again waits for no person.
        CASE WHEN c.status <> 'ok' AND (lead(c.request_id) OVER siblings = c.request_id OR lead(c.prompt_hash) OVER siblings = c.prompt_hash) THEN 0
             ELSE (lead(w.window_start_us) OVER siblings) - w.window_end_us END AS pause_us,
        coalesce(max(c.turn) OVER (PARTITION BY w.parent_id ORDER BY w.window_start_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS turns_before
    FROM path_windows AS w
    JOIN talking AS t ON t.parent_id = w.parent_id
    JOIN path_windows AS r ON r.node_id = w.parent_id AND r.kind = 'virtual'
    LEFT JOIN calls AS c ON c.call_id = w.call_id
    WINDOW siblings AS (PARTITION BY w.parent_id ORDER BY w.window_start_us)
), numbered AS (
    SELECT
        unit_key, call_id, pause_us, asks_for_tool,
        coalesce(turn > turns_before, FALSE) AS opens,
        sum(CASE WHEN turn > turns_before THEN 1 ELSE 0 END) OVER (PARTITION BY unit_key ORDER BY window_start_us) AS nth
    FROM steps
), turns AS (
    -- From a call that holds more answers than any before it up to the next such call.
    SELECT
        n.unit_key, n.nth,
        max(CASE WHEN n.opens THEN n.call_id END) AS call_id,
        max(n.pause_us) AS pause_us
    FROM numbered AS n
    LEFT JOIN (SELECT call_id FROM tool_calls GROUP BY call_id) AS t ON t.call_id = n.call_id
    GROUP BY n.unit_key, n.nth
    HAVING count(n.call_id) = count(*) AND count(t.call_id) = 0 AND count(*) FILTER (WHERE n.asks_for_tool) = 0
), openers AS (
    SELECT n.unit_key, n.nth - 1 AS turn_before, n.call_id FROM numbered AS n WHERE n.opens
), followed AS (
    SELECT t.unit_key, o.call_id, t.pause_us
    FROM turns AS t
    JOIN openers AS o ON o.unit_key = t.unit_key AND o.turn_before = t.nth
    WHERE t.call_id IS NOT NULL AND t.pause_us >= $min_pause_s * 1000000
), asked AS (
    -- the last message is a user's and an answer stands before it
    SELECT b.call_id
    FROM prompt_blocks AS b
    JOIN followed AS f ON f.call_id = b.call_id
    WHERE b.ends_message
    GROUP BY b.call_id
    HAVING bool_or(b.role = 'assistant')
       AND max(CASE WHEN b.role = 'user' THEN b.message_index END)
           > max(CASE WHEN b.role NOT IN ('user', 'system', 'developer') THEN b.message_index END)
), long_pauses AS (
    -- Of people's units: pauses between two calls under a root that no log line stands for.
    SELECT unit_key, call_id, call_before, pause_us
    FROM (
        SELECT
            w.unit_key, w.call_id,
            lag(w.call_id) OVER siblings AS call_before,
            w.window_start_us - lag(w.window_end_us) OVER siblings AS pause_us
        FROM path_windows AS w
        JOIN path_windows AS r ON r.node_id = w.parent_id AND r.kind = 'virtual'
        JOIN workloads AS k ON k.workload = r.workload AND k.class = 'interactive'
        WINDOW siblings AS (PARTITION BY w.parent_id ORDER BY w.window_start_us)
    ) AS x
    WHERE pause_us >= $min_pause_s * 1000000 AND call_id IS NOT NULL AND call_before IS NOT NULL
), unread AS (
    SELECT w.unit_key
    FROM path_windows AS w
    JOIN (SELECT unit_key FROM long_pauses GROUP BY unit_key) AS p ON p.unit_key = w.unit_key
    LEFT JOIN calls AS c ON c.call_id = w.call_id
    GROUP BY w.unit_key
    HAVING count(c.turn) = 0
), spanned AS (
    SELECT o.unit_key FROM span_clock AS s JOIN outcomes AS o ON o.unit_hash = s.unit_hash GROUP BY o.unit_key
)
SELECT f.unit_key, f.call_id, f.pause_us, FALSE AS blind
FROM followed AS f
JOIN asked AS a ON a.call_id = f.call_id
UNION ALL
-- Nobody reads what failed or has no words, and what follows a call for a tool is the tool's.
SELECT p.unit_key, p.call_id, p.pause_us, TRUE
FROM long_pauses AS p
JOIN unread AS u ON u.unit_key = p.unit_key
JOIN calls AS b ON b.call_id = p.call_before
LEFT JOIN spanned AS s ON s.unit_key = p.unit_key
LEFT JOIN (SELECT call_id FROM tool_calls GROUP BY call_id) AS t ON t.call_id = p.call_before
WHERE s.unit_key IS NULL AND t.call_id IS NULL
    AND coalesce(b.status, 'ok') = 'ok' AND coalesce(b.output_tokens, 1) > 0 AND coalesce(b.finish_reason, 'stop') <> 'tool_calls'
