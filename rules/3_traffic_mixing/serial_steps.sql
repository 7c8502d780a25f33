/*---
title = "Steps that do not read each other's results run one after the other"
why = """Four questions to the same model, none of which uses another's answer, take as long as the sum when asked in a row and as long as the longest when asked together. \
What can be known: logs keep an answer as one hash and its length, and a prompt as hashes of its blocks. A later step counts as independent only if its prompt holds no assistant or tool message, \
no block of it is an earlier answer, and the text that it does not share with the step before is shorter than any earlier answer of the run: there is no room for one. Where there is room \
(a document a step), the lengths of many steps decide: a prompt that holds the answer before it grows with that answer's length, one for one, and this one must not. \
Tools are independent when one answer of the model asked for both, or when the same tool ran again with other arguments and no model call in between."""
fix = "orchestration"
grade = "heuristic"
effect = "latency"
action = "{subject}: start the steps that do not read each other's results together (up to {steps} in a row now, in {traces} traces)"
false_positives = """A step that uses a short extract of an earlier answer (an id, a yes or no, the next question of a plan) leaves no trace in lengths or hashes. The first of the steps may be the plan \
that the others follow, if it has their model and system message. The same tool with other arguments may turn pages by a cursor from the page before. Steps may be kept in a row on purpose, for a \
rate limit. Embedding calls in a row are left to unbatched_embeddings."""

[params.max_gap_s]
default = 10
help = "A program's next step follows within seconds, even through a busy gateway; after a longer pause it may be a person who asks the next question."

[params.min_saving_ms]
default = 100
help = "Below a tenth of a second a trace, nobody notices the difference and concurrency is not worth its trouble."

[params.min_pairs]
default = 20
help = "Where lengths must decide: fewer pairs of steps give no slope worth the name."

[params.max_slope]
default = 0.5
help = "A pasted answer adds one character a character (slope 1), independence none (0): the upper bound (two standard errors) must stay below the middle."

[[requires]]
sql = "SELECT (SELECT count(prompt_hash) > 0 AND count(response_chars) > 0 FROM calls) OR (SELECT count(arguments_hash) > 0 FROM spans)"
reason = "the log carries neither prompts and answers (or their hashes and lengths) nor tool arguments: whether a step reads the one before it cannot be told"
setting = "log prompts and answers, or tool arguments in spans"

[[example]]
name = "three sub-questions in a row, each too short to hold an answer: all but the longest are waste; plan and synthesis are not"
calls = '''
call_id  trace_id  app  model  template_hash  started_at  duration_s  prompt_hash  prompt_chars  response_chars  turn
plan     t         w    big    1              0           1           p0           400           900             1
a        t         w    small  1              2           2           p1           500           900             1
b        t         w    small  1              5           3           p2           500           900             1
c        t         w    small  1              9           1           p3           500           900             1
sum      t         w    small  1              10          4           p4           3000          900             1
'''
claims = '''
call_id  subject  grade      waste_ms
a        w        heuristic  2000
c        w        heuristic  1000
'''

[[example]]
name = "tools: one answer asked for both; the same tool with other arguments; not the one that failed"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       root            0           1
b        t         w    m      sb       root            9           1
'''
tool_calls = '''
call_id  position  name     arguments_hash
a        0         weather  x
a        1         news     y
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name     started_at  duration_s  arguments_hash  status
root     t         -               agent  run      0           30          -               ok
t1       t         root            tool   weather  1           2           x               ok
t2       t         root            tool   news     4           3           y               ok
t3       t         root            tool   search   10          2           p               ok
t4       t         root            tool   search   12          2.5         q               ok
t5       t         root            tool   fetch    15          2           r               error
t6       t         root            tool   fetch    18          2           s               ok
'''
claims = '''
call_id  span_id  waste_ms
-        t1       2000
-        t3       2000
'''

[[example]]
name = "room for the answer, but its length never follows it: documents one by one"
params = { min_pairs = 5 }
calls = '''
call_id  trace_id  app  model  started_at  duration_s  prompt_hash  prompt_chars  response_chars
a        t         w    m      0           1           p1           9000          100
b        t         w    m      1           1           p2           9010          900
c        t         w    m      2           1           p3           9000          300
d        t         w    m      3           1           p4           9010          700
e        t         w    m      4           1           p5           9005          200
f        t         w    m      5           2           p6           9000          800
'''
claims = '''
call_id  waste_ms
a        1000
b        1000
c        1000
d        1000
e        1000
'''

[[example]]
name = "side by side; a chat's turns; a retry; the answer itself as a block; a prompt that grows with the answer before it; other templates; a person's pause: silent"
params = { min_pairs = 5 }
calls = '''
call_id  trace_id  app  model  template_hash  started_at  duration_s  prompt_hash  prompt_chars  response_chars  response_hash  turn  status
a1       a         w    m      1              0           3           p1           500           900             -              1     ok
a2       a         w    m      1              0.1         3           p2           500           900             -              1     ok
a3       a         w    m      1              4           3           p3           500           900             -              1     ok
b1       b         w    m      1              0           3           p4           500           900             -              1     ok
b2       b         w    m      1              4           3           p5           1500          2900            -              2     ok
c1       c         w    m      1              0           3           p6           500           900             -              1     error
c2       c         w    m      1              4           3           p7           500           900             -              1     ok
d1       d         w    m      1              0           3           p8           500           900             yes            1     ok
d2       d         w    m      1              4           3           p9           500           900             -              1     ok
e1       e         w    m      2              0           1           q1           5000          100             -              1     ok
e2       e         w    m      2              1           1           q2           5100          900             -              1     ok
e3       e         w    m      2              2           1           q3           5905          300             -              1     ok
e4       e         w    m      2              3           1           q4           5300          700             -              1     ok
e5       e         w    m      2              4           1           q5           5695          200             -              1     ok
e6       e         w    m      2              5           1           q6           5200          800             -              1     ok
f1       f         w    m      1              0           3           r1           500           900             -              1     ok
f2       f         w    m      3              4           3           r2           500           900             -              1     ok
g1       g         w    m      1              0           3           r3           500           900             -              1     ok
g2       g         w    m      1              40          3           r4           500           900             -              1     ok
h1       h         w    m      1              0           3           r5           500           900             -              1     ok
h2       h         w    m      1              4           3           r5           500           900             -              1     ok
'''
prompt_blocks = '''
call_id  position  role  block_hash  chars
d2       0         user  yes         3
d2       1         user  more        497
'''
claims = ""
---*/
WITH lined_up AS (
    SELECT
        node_id, unit_key, parent_id, call_id, span_id, workload, start_us, reach_us, name,
        kind IN ('tool', 'retrieval', 'http', 'db') AS is_tool,
        max(reach_us) OVER (PARTITION BY parent_id ORDER BY start_us, node_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_us,
        max(reach_us) OVER (PARTITION BY parent_id ORDER BY start_us, node_id ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS before_previous_us,
        lag(start_us) OVER siblings AS previous_start_us,
        lag(call_id) OVER siblings AS previous_call,
        lag(span_id) OVER siblings AS previous_span,
        lag(kind) OVER siblings IN ('tool', 'retrieval', 'http', 'db') AS previous_is_tool,
        lag(name) OVER siblings AS previous_name
    FROM trace_nodes
    WHERE parent_id IS NOT NULL AND NOT waits
    WINDOW siblings AS (PARTITION BY parent_id ORDER BY start_us, node_id)
), followers AS (
    -- One after the other: nothing ran beside either of the two.
    SELECT *
    FROM lined_up
    WHERE start_us >= before_us AND start_us - before_us <= $max_gap_s * 1000000
        AND previous_start_us >= coalesce(before_previous_us, previous_start_us)
        AND (call_id IS NOT NULL AND previous_call IS NOT NULL OR is_tool AND previous_is_tool)
), call_pairs AS (
    SELECT
        f.node_id, f.unit_key, f.parent_id, f.call_id, f.previous_call, f.workload, f.start_us, c.prompt_chars, p.response_chars AS previous_response,
        concat_ws(' ', c.operation, c.model, CAST(c.template_hash AS STRING)) AS step_kind
    FROM followers AS f
    JOIN calls AS c ON c.call_id = f.call_id
    JOIN calls AS p ON p.call_id = f.previous_call
    WHERE c.status = 'ok' AND p.status = 'ok'
        AND c.operation IS NOT DISTINCT FROM p.operation AND c.model IS NOT DISTINCT FROM p.model AND c.template_hash IS NOT DISTINCT FROM p.template_hash
        AND coalesce(c.operation, 'chat') <> 'embedding'
        AND c.prompt_hash <> p.prompt_hash AND coalesce(c.turn, 1) = 1
), tool_pairs AS (
    SELECT f.node_id, f.unit_key, f.parent_id, f.start_us, f.name, f.previous_name, s.arguments_hash, p.arguments_hash AS previous_arguments
    FROM followers AS f
    JOIN calls AS c ON c.call_id = f.unit_key
    JOIN spans AS s ON s.span_id = f.span_id AND s.trace_id = coalesce(c.trace_id, c.request_id)
    JOIN spans AS p ON p.span_id = f.previous_span AND p.trace_id = coalesce(c.trace_id, c.request_id)
    WHERE coalesce(s.status, 'ok') = 'ok' AND coalesce(p.status, 'ok') = 'ok'
), both_calls AS (
    SELECT call_id, call_id AS prompt_of, FALSE AS is_previous FROM call_pairs
    UNION ALL
    SELECT call_id, previous_call, TRUE FROM call_pairs
), both_prompts AS (
    -- Blocks of both calls of a pair, in one reading.
    SELECT p.call_id, p.is_previous, b.block_hash, b.role, b.chars FROM prompt_blocks AS b JOIN both_calls AS p ON p.prompt_of = b.call_id
), blocks AS (
    SELECT call_id, block_hash, role, chars FROM both_prompts WHERE NOT is_previous
), known_blocks AS (
    SELECT call_id, block_hash FROM both_prompts WHERE is_previous GROUP BY call_id, block_hash
), fresh AS (
    SELECT
        b.call_id,
        coalesce(sum(b.chars) FILTER (WHERE k.call_id IS NULL), 0) AS fresh_chars,
        bool_or(b.role IN ('assistant', 'tool')) AS goes_on
    FROM blocks AS b
    LEFT JOIN known_blocks AS k ON k.call_id = b.call_id AND k.block_hash = b.block_hash
    GROUP BY b.call_id
), quoting AS (
    -- an earlier answer of the trace that stands in the prompt as a line of its own
    SELECT b.call_id
    FROM blocks AS b
    JOIN call_pairs AS p ON p.call_id = b.call_id
    JOIN calls AS e ON e.response_hash = b.block_hash
    JOIN trace_nodes AS m ON m.call_id = e.call_id AND m.unit_key = p.unit_key AND m.start_us < p.start_us
    GROUP BY b.call_id
), measured AS (
    SELECT p.*, CAST(coalesce(f.fresh_chars, p.prompt_chars) AS DOUBLE) AS fresh_chars
    FROM call_pairs AS p
    LEFT JOIN fresh AS f ON f.call_id = p.call_id
    LEFT JOIN quoting AS q ON q.call_id = p.call_id
    WHERE q.call_id IS NULL AND coalesce(NOT f.goes_on, TRUE)
), slopes AS (
    SELECT
        workload, step_kind, count(*) AS pairs,
        regr_slope(fresh_chars, CAST(previous_response AS DOUBLE)) AS slope,
        stddev_samp(fresh_chars) / nullif(stddev_samp(CAST(previous_response AS DOUBLE)), 0) AS spread
    FROM measured
    WHERE previous_response IS NOT NULL
    GROUP BY workload, step_kind
), by_length AS (
    -- The slope's standard error, by both spreads and the slope itself. Where either length never varies there is none, and nothing is known.
    SELECT workload, step_kind
    FROM slopes
    WHERE pairs >= $min_pairs AND spread > 0
        AND slope + 2 * sqrt(greatest(0, spread * spread - slope * slope) / nullif(pairs - 2, 0)) < $max_slope
), families AS (
    SELECT l.node_id, l.unit_key, l.parent_id, l.call_id, l.span_id, l.workload, l.start_us, l.reach_us - l.start_us AS lasted_us
    FROM lined_up AS l
    WHERE l.parent_id IN (SELECT parent_id FROM call_pairs UNION ALL SELECT parent_id FROM tool_pairs)
), stretches AS (
    SELECT
        f.*,
        sum(CASE WHEN p.node_id IS NULL THEN 1 ELSE 0 END) OVER (PARTITION BY f.parent_id ORDER BY f.start_us, f.node_id) AS stretch
    FROM families AS f
    LEFT JOIN call_pairs AS p ON p.node_id = f.node_id
), shortest AS (
    SELECT
        s.node_id,
        min(c.response_chars) OVER (
            PARTITION BY s.parent_id, s.stretch ORDER BY s.start_us, s.node_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS shortest_answer
    FROM stretches AS s
    JOIN calls AS c ON c.call_id = s.call_id
), turns AS (
    -- The model call that came before a tool, for tools of different names: how many calls had started by then.
    SELECT
        node_id, unit_key, call_id,
        sum(CASE WHEN call_id IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY unit_key ORDER BY start_us, node_id) AS calls_before
    FROM trace_nodes
    WHERE unit_key IN (SELECT unit_key FROM tool_pairs WHERE name <> previous_name)
), askers AS (
    SELECT node_id, max(call_id) OVER (PARTITION BY unit_key, calls_before) AS asker FROM turns
), links AS (
    SELECT m.node_id
    FROM measured AS m
    JOIN shortest AS s ON s.node_id = m.node_id
    LEFT JOIN by_length AS l ON l.workload = m.workload AND l.step_kind = m.step_kind
    WHERE m.fresh_chars < s.shortest_answer OR l.workload IS NOT NULL
    UNION ALL
    SELECT node_id FROM tool_pairs WHERE name = previous_name AND arguments_hash <> previous_arguments
    UNION ALL
    SELECT p.node_id
    FROM tool_pairs AS p
    JOIN askers AS a ON a.node_id = p.node_id
    WHERE p.name <> p.previous_name
        AND EXISTS (SELECT 1 FROM tool_calls AS t WHERE t.call_id = a.asker AND t.name = p.name)
        AND EXISTS (SELECT 1 FROM tool_calls AS t WHERE t.call_id = a.asker AND t.name = p.previous_name)
), stepped AS (
    SELECT
        f.*,
        sum(CASE WHEN l.node_id IS NULL THEN 1 ELSE 0 END) OVER (PARTITION BY f.parent_id ORDER BY f.start_us, f.node_id) AS run_id
    FROM families AS f
    LEFT JOIN links AS l ON l.node_id = f.node_id
    WHERE f.parent_id IN (SELECT x.parent_id FROM families AS x JOIN links AS y ON y.node_id = x.node_id)
), ranked AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY parent_id, run_id) AS steps,
        sum(lasted_us) OVER (PARTITION BY parent_id, run_id) - max(lasted_us) OVER (PARTITION BY parent_id, run_id) AS saved_us,
        row_number() OVER (PARTITION BY parent_id, run_id ORDER BY lasted_us DESC, node_id) AS place
    FROM stepped
), runs AS (
    SELECT workload, unit_key, parent_id, run_id, max(steps) AS steps, max(saved_us) AS saved_us
    FROM ranked
    WHERE steps > 1 AND saved_us >= $min_saving_ms * 1000
    GROUP BY workload, unit_key, parent_id, run_id
), by_workload AS (
    SELECT
        workload,
        count(DISTINCT unit_key) AS traces,
        max(steps) AS steps,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(saved_us AS DOUBLE)) / 1000 AS median_ms
    FROM runs
    GROUP BY workload
)
SELECT
    r.call_id,
    r.span_id,
    r.workload AS subject,
    r.lasted_us / CAST(1000 AS DOUBLE) AS waste_ms,
    w.traces AS evidence_traces,
    w.steps AS evidence_steps,
    round(w.median_ms, 0) AS evidence_median_saving_ms
FROM ranked AS r
JOIN by_workload AS w ON w.workload = r.workload
WHERE r.steps > 1 AND r.saved_us >= $min_saving_ms * 1000 AND r.place > 1
