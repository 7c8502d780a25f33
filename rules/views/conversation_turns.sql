/*---
kind = "view"
title = "Each prompt and the call that it continues"
why = """Chat and agent interfaces are stateless: every turn sends all turns before it again. Whether a call continues another one is seen in the prompt itself, \
without any id: cut before its last answer, it is byte for byte the whole prompt of the call before. Branches, parallel sub-agents and logs without session ids \
come out right, since the prompts tell them apart. Only answered calls of groups (one workload, provider, model and set of tools) in which somebody continues are here."""

[columns]
call_id = "the call"
workload = "as in call_workloads"
provider = "as in calls"
model = "as in calls"
turn = "as in calls"
opening_hash = "the prompt up to its first answer: turns of one conversation share it"
start_us = "start, microseconds since 1970"
end_us = "end, microseconds since 1970"
previous_call_id = "the latest call whose whole prompt this one begins with, answered before this one started; NULL where the log holds none"
previous_start_us = "its start"
previous_end_us = "its end"
answers_added = "assistant messages after the previous prompt; NULL without a previous call"
others_added = "other messages after the previous prompt; NULL without a previous call"
last_role = "role of the prompt's last message"
last_chars = "its characters"

[[example]]
name = "a chat of three turns; another one that opens alike, and a call whose prompt continues nothing in the log"
calls = '''
call_id  workload  provider  model  started_at  duration_s  turn  prompt_hash
a        w         p         m      0           2           1     pa
b        w         p         m      9           2           2     pb
c        w         p         m      19          2           3     pc
d        w         p         m      30          2           1     pa
e        w         p         m      40          2           2     pe
f        w         p         m      50          2           2     pf
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       false         h            5      5
a        1         0              user       true          h0           5      10
b        0         0              user       false         h            5      5
b        1         0              user       true          h0           5      10
b        2         1              assistant  true          h1           20     30
b        3         2              user       true          h2           7      37
c        0         0              user       true          h0           10     10
c        1         1              assistant  true          h1           20     30
c        2         2              user       true          h2           7      37
c        3         3              assistant  true          h3           20     57
c        4         4              tool       true          h4           8      65
c        5         5              tool       true          h5           9      74
d        0         0              user       true          h0           10     10
e        0         0              user       true          h0           10     10
e        1         1              assistant  true          k1           20     30
e        2         2              user       true          k2           8      38
f        0         0              user       true          x0           10     10
f        1         1              assistant  true          x1           20     30
f        2         2              user       true          x2           8      38
'''
rows = '''
call_id  turn  opening_hash  previous_call_id  answers_added  others_added  last_role  last_chars
a        1     h0            -                 -              -             user       10
b        2     h0            a                 1              1             user       7
c        3     h0            b                 1              2             tool       9
d        1     h0            -                 -              -             user       10
e        2     h0            d                 1              1             user       8
f        2     x0            -                 -              -             user       8
'''

[[example]]
name = "still running, failed, or of another model is no previous call; an answer in two messages is one step back"
calls = '''
call_id  workload  provider  model  started_at  duration_s  turn  prompt_hash  status
a        w         p         m      0           2           1     pa           ok
b        w         p         m      1           30          1     pa           ok
c        w         p         m      3           1           1     pa           error
d        w         p         n      4           1           1     pa           ok
e        w         p         m      9           2           3     pe           ok
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           10     10
b        0         0              user       true          h0           10     10
c        0         0              user       true          h0           10     10
d        0         0              user       true          h0           10     10
e        0         0              user       true          h0           10     10
e        1         1              assistant  true          h1           20     30
e        2         2              assistant  true          h2           20     50
e        3         3              user       true          h3           8      58
'''
rows = '''
call_id  previous_call_id  answers_added  others_added
a        -                 -              -
b        -                 -              -
e        a                 2              1
'''
---*/
WITH answered AS (
    SELECT
        c.call_id, w.workload, c.provider, c.model, c.tools_hash, c.turn, k.start_us, k.end_us,
        coalesce(k.end_us, k.first_token_us, k.start_us) AS answered_us
    FROM calls AS c
    JOIN call_clock AS k ON k.call_id = c.call_id
    JOIN call_workloads AS w ON w.call_id = c.call_id
    WHERE c.status = 'ok'
      AND c.turn IS NOT NULL
      AND k.start_us IS NOT NULL
      AND coalesce(c.operation, 'chat') IN ('chat', 'completion', 'responses')
      AND NOT coalesce(c.gateway_cache_hit, FALSE)
), talking AS (
    -- Cheap sieve before prompts are read: in most workloads nobody continues.
    SELECT
        workload, provider, model, tools_hash,
        row_number() OVER (ORDER BY workload, provider NULLS FIRST, model NULLS FIRST, tools_hash NULLS FIRST) AS talk_group
    FROM answered
    GROUP BY workload, provider, model, tools_hash
    HAVING max(turn) >= 2
), placed AS (
    SELECT a.*, t.talk_group
    FROM answered AS a
    JOIN talking AS t
        ON t.workload = a.workload AND t.provider IS NOT DISTINCT FROM a.provider
        AND t.model IS NOT DISTINCT FROM a.model AND t.tools_hash IS NOT DISTINCT FROM a.tools_hash
), ends AS (
    SELECT b.call_id, b.message_index, b.role, b.prefix_hash, b.cum_chars
    FROM prompt_blocks AS b
    JOIN placed AS p ON p.call_id = b.call_id
    WHERE b.ends_message
), tails AS (
    SELECT
        call_id,
        max(message_index) AS last_index,
        min(CASE WHEN role = 'assistant' THEN message_index END) AS first_answer,
        max(CASE WHEN role = 'assistant' THEN message_index END) AS last_answer
    FROM ends
    GROUP BY call_id
), wholes AS (
    SELECT
        e.call_id,
        max(t.last_index) AS last_index,
        max(t.last_answer) AS last_answer,
        max(CASE WHEN e.message_index = t.last_index THEN e.prefix_hash END) AS whole_hash,
        max(CASE WHEN e.message_index = t.last_index THEN e.role END) AS last_role,
        max(CASE WHEN e.message_index = t.last_index THEN e.cum_chars END)
            - coalesce(max(CASE WHEN e.message_index = t.last_index - 1 THEN e.cum_chars END), 0) AS last_chars,
        max(CASE WHEN e.message_index = t.first_answer - 1 THEN e.prefix_hash END) AS opening_hash
    FROM ends AS e
    JOIN tails AS t ON t.call_id = e.call_id
    WHERE e.message_index >= t.last_index - 1 OR e.message_index = t.first_answer - 1
    GROUP BY e.call_id
), cuts AS (
    -- The message before the last answer, which may itself be several messages in a row.
    SELECT e.call_id, max(e.message_index) AS cut_index
    FROM ends AS e
    JOIN tails AS t ON t.call_id = e.call_id
    WHERE e.message_index < t.last_answer AND e.role <> 'assistant'
    GROUP BY e.call_id
), continued AS (
    SELECT c.call_id, c.cut_index, e.prefix_hash AS cut_hash
    FROM cuts AS c
    JOIN ends AS e ON e.call_id = c.call_id AND e.message_index = c.cut_index
), prompts AS (
    SELECT
        p.*,
        t.last_answer - c.cut_index AS answers_added,
        t.last_index - t.last_answer AS others_added,
        t.whole_hash,
        t.last_role,
        t.last_chars,
        coalesce(t.opening_hash, t.whole_hash) AS opening_hash,
        c.cut_hash
    FROM placed AS p
    JOIN wholes AS t ON t.call_id = p.call_id
    LEFT JOIN continued AS c ON c.call_id = p.call_id
), events AS (
    SELECT talk_group, whole_hash AS prompt, answered_us AS at_us, 1 AS asked, call_id, start_us, end_us FROM prompts
    UNION ALL
    SELECT talk_group, cut_hash, start_us, 0, call_id, start_us, end_us FROM prompts WHERE cut_hash IS NOT NULL
), counted AS (
    -- A sweep: at its start, the latest of the nth earlier calls with that prompt is the nth. A popular opening costs no more than a rare one.
    SELECT
        *,
        sum(asked) OVER (
            PARTITION BY talk_group, prompt ORDER BY at_us, asked DESC, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS nth
    FROM events
), links AS (
    SELECT f.call_id, a.call_id AS previous_call_id, a.start_us AS previous_start_us, a.end_us AS previous_end_us
    FROM counted AS f
    JOIN counted AS a ON a.asked = 1 AND a.talk_group = f.talk_group AND a.prompt = f.prompt AND a.nth = f.nth
    WHERE f.asked = 0
)
SELECT
    p.call_id, p.workload, p.provider, p.model, p.turn, p.opening_hash, p.start_us, p.end_us,
    l.previous_call_id, l.previous_start_us, l.previous_end_us,
    CASE WHEN l.previous_call_id IS NOT NULL THEN CAST(p.answers_added AS BIGINT) END AS answers_added,
    CASE WHEN l.previous_call_id IS NOT NULL THEN CAST(p.others_added AS BIGINT) END AS others_added,
    p.last_role,
    CAST(p.last_chars AS BIGINT) AS last_chars
FROM prompts AS p
LEFT JOIN links AS l ON l.call_id = p.call_id
