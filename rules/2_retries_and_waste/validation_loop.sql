/*---
title = "Answers sent back until they have the right shape"
why = """The program asks for structured output, finds that the answer does not parse or does not fit, appends it with a short complaint and asks again. Every round but \
the last is paid for and thrown away, each sends all rounds before it again, and the user waits for all of them. Structured output with a schema, where the model or \
its server can be held to one, gives the right shape the first time; small faults (a fence, a trailing comma) are cheaper to repair in code. A round is a call \
whose prompt is the previous prompt plus its answer plus one short message."""
fix = "orchestration"
grade = "heuristic"
effect = "spend"
needs = ["prompt_blocks", "turn"]
action = "{subject}: ask for the shape with a schema (structured output) instead of sending answers back; {loops} loops took {wasted_rounds} rounds too many"
false_positives = """A program that walks a person or itself through steps ('now in French') in JSON looks alike. So an answer that did parse counts only where the next round follows at machine pace and \
where other conversations of the workload end after the first answer: fixed steps never do. A loop that moves to another model on failure is a cascade and is not claimed. \
A schema does not make the content right: a loop that checks facts stays."""

[params.max_message_chars]
default = 1000
help = "A parser's or a validator's message with several fields fits in 1,000 characters; something new to work on mostly does not."

[params.max_pause_s]
default = 3
help = "Where nothing says that the answer was wrong: a program asks again within seconds, a person has to read and to type."

[params.min_first_try_share]
default = 0.1
help = "Where nothing says that the answer was wrong: at least one opening call in ten must have needed no second round, else the rounds are steps of a plan and not a loop."

[[example]]
name = "three rounds until the JSON parses, beside one that parsed at once"
calls = '''
call_id  trace_id  workload  started_at  duration_s  turn  response_format  response_is_json
a        t         extract   0           2           1     json_object      false
b        t         extract   3           2           2     json_object      false
c        t         extract   6           2           3     json_object      true
d        u         extract   0           2           1     json_object      true
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           900    900
b        0         0              user       true          h0           900    900
b        1         1              assistant  true          h1           80     980
b        2         2              user       true          h2           120    1100
c        0         0              user       true          h0           900    900
c        1         1              assistant  true          h1           80     980
c        2         2              user       true          h2           120    1100
c        3         3              assistant  true          h3           80     1180
c        4         4              user       true          h4           120    1300
d        0         0              user       true          k0           900    900
'''
claims = '''
call_id  subject  grade      fix            drop
a        extract  heuristic  orchestration  true
b        extract  heuristic  orchestration  true
'''

[[example]]
name = "no format asked: the last answer parses and the ones before did not"
calls = '''
call_id  trace_id  workload  started_at  duration_s  turn  response_is_json
a        t         extract   0           2           1     false
b        t         extract   30          2           2     false
c        t         extract   60          2           3     true
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           900    900
b        0         0              user       true          h0           900    900
b        1         1              assistant  true          h1           80     980
b        2         2              user       true          h2           120    1100
c        0         0              user       true          h0           900    900
c        1         1              assistant  true          h1           80     980
c        2         2              user       true          h2           120    1100
c        3         3              assistant  true          h3           80     1180
c        4         4              user       true          h4           120    1300
'''
claims = '''
call_id
a
b
'''

[[example]]
name = "valid JSON sent back at machine pace (it broke the schema), where other conversations end after one answer"
calls = '''
call_id  trace_id  workload  started_at  duration_s  turn  response_format  response_is_json
a        t         extract   0           2           1     json_object      true
b        t         extract   2.1         2           2     json_object      true
c        u         extract   0           2           1     json_object      true
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           900    900
b        0         0              user       true          h0           900    900
b        1         1              assistant  true          h1           80     980
b        2         2              user       true          h2           120    1100
c        0         0              user       true          k0           900    900
'''
claims = '''
call_id
a
'''

[[example]]
name = "a person who chats, with and without JSON answers, and steps that always follow: silent"
about = "chat: prose. form: an assistant that answers in JSON, thirty seconds apart. steps: machine pace, but every conversation goes on."
calls = '''
call_id  trace_id  workload  started_at  duration_s  turn  response_format  response_is_json
a        t         chat      0           2           1     -                false
b        t         chat      30          2           2     -                false
c        u         form      0           2           1     json_object      true
d        u         form      32          2           2     json_object      true
e        v         form      0           2           1     json_object      true
f        w         steps     0           2           1     json_object      true
g        w         steps     2.1         2           2     json_object      true
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          a0           90     90
b        0         0              user       true          a0           90     90
b        1         1              assistant  true          a1           80     170
b        2         2              user       true          a2           20     190
c        0         0              user       true          c0           90     90
d        0         0              user       true          c0           90     90
d        1         1              assistant  true          c1           80     170
d        2         2              user       true          c2           20     190
e        0         0              user       true          e0           90     90
f        0         0              user       true          f0           90     90
g        0         0              user       true          f0           90     90
g        1         1              assistant  true          f1           80     170
g        2         2              user       true          f2           20     190
'''

[[example]]
name = "an agent with tools, a long new message, two new messages, another trace: silent"
calls = '''
call_id  trace_id  workload  started_at  duration_s  turn  response_format  response_is_json  tools_hash
a        t         agent     0           2           1     json_object      false             x
b        t         agent     3           2           2     json_object      true              x
c        u         long      0           2           1     json_object      false             -
d        u         long      3           2           2     json_object      true              -
e        v         two       0           2           1     json_object      false             -
f        v         two       3           2           2     json_object      true              -
g        w         other     0           2           1     json_object      false             -
h        x         other     3           2           2     json_object      true              -
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          a0           90     90
b        0         0              user       true          a0           90     90
b        1         1              assistant  true          a1           80     170
b        2         2              user       true          a2           20     190
c        0         0              user       true          c0           90     90
d        0         0              user       true          c0           90     90
d        1         1              assistant  true          c1           80     170
d        2         2              user       true          c2           5000   5170
e        0         0              user       true          e0           90     90
f        0         0              user       true          e0           90     90
f        1         1              assistant  true          e1           80     170
f        2         2              user       true          e2           20     190
f        3         3              user       true          e3           20     210
g        0         0              user       true          g0           90     90
h        0         0              user       true          g0           90     90
h        1         1              assistant  true          g1           80     170
h        2         2              user       true          g2           20     190
'''
---*/
WITH turns AS (
    SELECT
        t.*,
        c.trace_id,
        coalesce(lower(c.response_format) LIKE 'json%', FALSE) AS format_asked,
        c.response_is_json,
        c.tools_hash IS NULL AND coalesce(c.tool_defs, 0) = 0 AND coalesce(c.finish_reason, 'stop') <> 'tool_calls' AS plain,
        -- The last answer of the conversation that parsed.
        max(CASE WHEN c.response_is_json THEN t.start_us END) OVER (PARTITION BY t.workload, c.trace_id, t.opening_hash) AS parsed_us
    FROM conversation_turns AS t
    JOIN calls AS c ON c.call_id = t.call_id
), rounds AS (
    SELECT
        n.call_id AS next_call_id,
        p.call_id,
        p.workload,
        p.trace_id,
        p.opening_hash,
        p.response_is_json,
        p.format_asked AND n.format_asked AS format_asked,
        NOT p.response_is_json AND (p.format_asked AND n.format_asked OR p.parsed_us > p.start_us) AS broken,
        (n.start_us - p.end_us) / CAST(1000000 AS DOUBLE) AS pause_s
    FROM turns AS n
    JOIN turns AS p ON p.call_id = n.previous_call_id
    WHERE n.answers_added = 1 AND n.others_added = 1 AND n.last_role IN ('user', 'system', 'developer') AND n.last_chars <= $max_message_chars
      AND n.trace_id IS NOT DISTINCT FROM p.trace_id
      AND n.plain AND p.plain
), paced AS (
    SELECT workload, percentile_cont(0.5) WITHIN GROUP (ORDER BY pause_s) AS median_pause_s
    FROM rounds
    WHERE format_asked AND pause_s IS NOT NULL
    GROUP BY workload
), openings AS (
    SELECT o.workload, CAST(count(*) FILTER (WHERE r.call_id IS NULL) AS DOUBLE) / count(*) AS first_try_share
    FROM turns AS o
    LEFT JOIN (SELECT DISTINCT call_id FROM rounds) AS r ON r.call_id = o.call_id
    WHERE o.turn = 1 AND o.plain AND o.format_asked
    GROUP BY o.workload
), wasted AS (
    SELECT r.workload, r.call_id, r.trace_id, r.opening_hash, bool_or(coalesce(r.broken, FALSE)) AS broken
    FROM rounds AS r
    LEFT JOIN paced AS p ON p.workload = r.workload
    LEFT JOIN openings AS o ON o.workload = r.workload
    WHERE coalesce(r.broken, FALSE)
       OR (r.format_asked AND r.pause_s <= $max_pause_s AND p.median_pause_s <= $max_pause_s AND o.first_try_share >= $min_first_try_share)
    GROUP BY r.workload, r.call_id, r.trace_id, r.opening_hash
), loops AS (
    SELECT workload, trace_id, opening_hash, count(*) AS rounds, count(*) FILTER (WHERE broken) AS broken FROM wasted GROUP BY workload, trace_id, opening_hash
), by_workload AS (
    SELECT
        workload,
        count(*) AS loops,
        CAST(sum(rounds) AS BIGINT) AS wasted_rounds,
        max(rounds) + 1 AS longest,
        CAST(round(100 * sum(CAST(broken AS DOUBLE)) / sum(rounds)) AS BIGINT) AS broken_percent
    FROM loops
    GROUP BY workload
)
SELECT
    w.call_id,
    w.workload AS subject,
    TRUE AS drop,
    b.loops AS evidence_loops,
    b.wasted_rounds AS evidence_wasted_rounds,
    b.longest AS evidence_most_rounds,
    b.broken_percent AS evidence_percent_that_did_not_parse
FROM wasted AS w
JOIN by_workload AS b ON b.workload = w.workload
