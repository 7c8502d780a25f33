/*---
title = "The user waits while neither a model nor a tool runs"
why = """On the critical path there is time that belongs to no call and no tool: the framework between its steps, a queue for a worker, code that nobody instrumented. With spans it is the own time of spans that have \
others under them. What goes beyond the same operation's own median is measured waste, since half of its runs did without it; the rest is worth a profiler but may be honest work, so it is \
claimed as heuristic. In a log without spans only what goes beyond the workload's own median pause is claimed, and it is labelled: client, tools or \
gateway queue, not distinguishable. Pauses in which a person answers or may have answered, those after an answer that calls a tool, and those after a failed attempt (retry_storm), are left out, \
and so is a trace in which clocks of services contradict each other (clocks_disagree): where its idle time lies is a guess. What the log's own time stamps cannot show is no gap (clock_steps)."""
fix = "orchestration"
grade = "measured"
effect = "latency"
action = "{subject}: find what runs between the steps ({where}): {gap_ms} ms a trace at the median, {share_percent}% of its critical path"
false_positives = """Work that is not instrumented (parsing, rendering, a tool without a span) is own time of the span around it: instrument it, and it moves to its own name. Without spans a slow tool, a busy client and a \
queue in front of the gateway look alike."""

[params.min_share]
default = 0.1
help = "A framework that takes less than a tenth of the path is not where the time is to be found."

[params.min_gap_ms]
default = 100
help = "Below a tenth of a second a span, nobody notices and nothing but a rewrite would gain it."

[params.min_gaps]
default = 20
help = "Without spans: pauses that a workload needs before its median counts as usual; they differ more than one operation's own time."

[params.min_runs]
default = 5
help = "With spans: runs that an operation needs before its median counts as usual."

[params.blind_pause_s]
default = 3
help = "Where the log does not hold the prompt: a program goes on within seconds, and in a longer pause a person may have read and typed (LiteLLM's spend logs call a whole conversation one trace)."

[[requires]]
sql = "SELECT EXISTS (SELECT 1 FROM spans) OR EXISTS (SELECT 1 FROM calls WHERE trace_id IS NOT NULL)"
reason = "the log carries neither spans nor trace ids, so nothing lies between calls"
setting = "send a trace id with every call, or spans"

[[example]]
name = "spans: 5 runs of one agent, one of them idle for 2 seconds more than usual"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        ta        w    m      sa       ra              1           9
b        tb        w    m      sb       rb              1           9
c        tc        w    m      sc       rc              1           9
d        td        w    m      sd       rd              1           9
e        te        w    m      se       re              3           7
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
ra       ta        -               agent  run   0           10
rb       tb        -               agent  run   0           10
rc       tc        -               agent  run   0           10
rd       td        -               agent  run   0           10
re       te        -               agent  run   0           10
'''
claims = '''
span_id  trace_id  subject  grade      waste_ms
ra       -         w        heuristic  1000
rb       -         w        heuristic  1000
rc       -         w        heuristic  1000
rd       -         w        heuristic  1000
re       -         w        measured   2000
re       -         w        heuristic  1000
'''

[[example]]
name = "spans: what lies between a failed attempt and the next one is the retry's pause, not the framework's"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s  status
a        t         w    m      sa       r               0           1           rate_limited
b        t         w    m      sb       r               6           4           ok
c        u         v    m      sc       q               0           1           ok
d        u         v    m      sd       q               6           4           ok
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
r        t         -               agent  run   0           10
q        u         -               agent  run   0           10
'''
claims = '''
span_id  subject  grade      waste_ms
q        v        heuristic  5000
'''

[[example]]
name = "a gateway's clock that is ten seconds fast makes no ten seconds of framework: silent"
calls = '''
call_id  trace_id  app      model  span_id  parent_span_id  started_at  duration_s
a        t         gateway  m      sa       r               10.5        2
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name  service  started_at  duration_s
r        t         -               server  POST  shop     0           3.2
'''
claims = ""

[[example]]
name = "stamps of whole seconds: a gap of one second may be none, so nothing is said"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        ta        w    m      sa       ra              1           2
b        tb        w    m      sb       rb              1           3
c        tc        w    m      sc       rc              1           3
d        td        w    m      sd       rd              1           2
e        te        w    m      se       re              1           3
f        tf        w    m      sf       rf              1           3
g        tg        w    m      sg       rg              1           2
h        th        w    m      sh       rh              1           3
i        ti        w    m      si       ri              1           3
j        tj        w    m      sj       rj              1           2
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
ra       ta        -               agent  run   0           4
rb       tb        -               agent  run   0           4
rc       tc        -               agent  run   0           4
rd       td        -               agent  run   0           4
re       te        -               agent  run   0           4
rf       tf        -               agent  run   0           4
rg       tg        -               agent  run   0           4
rh       th        -               agent  run   0           4
ri       ti        -               agent  run   0           4
rj       tj        -               agent  run   0           4
'''
claims = ""

[[example]]
name = "no spans: one pause of 5 seconds where 1 is usual"
params = { min_gaps = 3 }
calls = '''
call_id  trace_id  app  model  started_at  duration_s
a1       a         w    m      0           2
a2       a         w    m      3           2
a3       a         w    m      6           2
b1       b         w    m      0           2
b2       b         w    m      3           2
c1       c         w    m      0           2
c2       c         w    m      7           2
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message
c2       0         0              user       true
'''
claims = '''
span_id  trace_id  subject  grade     waste_ms
-        c         w        measured  4000
'''

[[example]]
name = "no spans and no prompts: after five seconds it may be a person who went on, after two and a half it is not"
params = { min_gaps = 3 }
calls = '''
call_id  trace_id  app  model  started_at  duration_s
a1       a         w    m      0           2
a2       a         w    m      3           2
a3       a         w    m      6           2
b1       b         w    m      0           2
b2       b         w    m      3           2
c1       c         w    m      0           2
c2       c         w    m      7           2
d1       d         w    m      0           2
d2       d         w    m      4.5         2
'''
claims = '''
span_id  trace_id  subject  grade     waste_ms
-        d         w        measured  1500
'''

[[example]]
name = "no spans, and the answer before the pause called a tool: that is the tool's time, and perhaps a person's who permits it"
params = { min_gaps = 3 }
calls = '''
call_id  trace_id  app  model  started_at  duration_s
a1       a         w    m      0           2
a2       a         w    m      3           2
a3       a         w    m      6           2
b1       b         w    m      0           2
b2       b         w    m      3           2
c1       c         w    m      0           2
c2       c         w    m      7           2
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message
c2       0         0              user       true
'''
tool_calls = '''
call_id  position  name
c1       0         shell
'''
claims = ""

[[example]]
name = "a person who thinks between turns; a back-off; a tool's own time; a small gap; too few pauses: silent"
params = { min_gaps = 6 }
calls = '''
call_id  trace_id  app  request_id  model  span_id  parent_span_id  started_at  duration_s  turn  status
a1       a         w    a1          m      -        -               0           2           1     ok
a2       a         w    a2          m      -        -               3           2           1     ok
a3       a         w    a3          m      -        -               6           2           1     ok
b1       b         w    b1          m      -        -               0           2           1     ok
b2       b         w    b2          m      -        -               3           2           1     ok
b3       b         w    b3          m      -        -               6           2           1     ok
c1       c         w    c1          m      -        -               0           2           1     ok
c2       c         w    c2          m      -        -               60          2           2     ok
d1       d         w    d1          m      -        -               0           2           1     error
d2       d         w    d1          m      -        -               30          2           1     ok
e1       e         w    e1          m      se       re              8           2           1     ok
f1       f         v    f1          m      -        -               0           2           1     ok
f2       f         v    f2          m      -        -               4.5         2           1     ok
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message
c2       0         0              user       true
c2       1         1              assistant  true
c2       2         2              user       true
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
re       e         -               agent  run   0           10.05
te       e         re              tool   sum   0           8
'''
claims = ""

[[example]]
name = "a person who thinks before a call that rewrites the question: silent, though that call shows no answer before it"
params = { min_gaps = 3 }
calls = '''
call_id  trace_id  app  started_at  duration_s  turn
a1       a         w    0           2           1
a2       a         w    22          1           1
a3       a         w    23.5        2           2
b1       b         w    0           2           1
b2       b         w    22          1           1
b3       b         w    23.5        2           2
c1       c         w    0           2           1
c2       c         w    62          1           1
c3       c         w    63.5        2           2
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message
a2       0         0              user       true
a3       0         0              user       true
a3       1         1              assistant  true
a3       2         2              user       true
b2       0         0              user       true
b3       0         0              user       true
b3       1         1              assistant  true
b3       2         2              user       true
c2       0         0              user       true
c3       0         0              user       true
c3       1         1              assistant  true
c3       2         2              user       true
'''
claims = ""
---*/
WITH totals AS (
    SELECT w.unit_key, w.window_end_us - w.window_start_us - coalesce(t.typing_us, 0) AS path_us
    FROM path_windows AS w
    LEFT JOIN (SELECT unit_key, CAST(sum(pause_us) AS BIGINT) AS typing_us FROM typing_pauses GROUP BY unit_key) AS t ON t.unit_key = w.unit_key
    WHERE w.depth = 0
), moved AS (
    SELECT unit_key FROM clock_shifts GROUP BY unit_key
), own_time AS (
    SELECT w.node_id, w.span_id, w.workload, w.name, w.service, w.kind, w.exclusive_us, t.path_us
    FROM path_windows AS w
    JOIN totals AS t ON t.unit_key = w.unit_key
    LEFT JOIN moved AS m ON m.unit_key = w.unit_key
    WHERE m.unit_key IS NULL AND w.span_id IS NOT NULL AND NOT w.is_leaf AND w.kind NOT IN ('tool', 'retrieval', 'db', 'http')
), usual AS (
    SELECT kind, name, service, percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(exclusive_us AS DOUBLE)) AS median_us
    FROM own_time
    GROUP BY kind, name, service
    HAVING count(*) >= $min_runs
), backing_off AS (
    -- what lies between a failed attempt and the next one is the retry's own pause: retry_storm
    SELECT w.parent_id FROM path_windows AS w JOIN priced_calls AS p ON p.call_id = w.call_id WHERE p.status <> 'ok' GROUP BY w.parent_id
), least_gaps AS (
    -- A gap lies between a span and what runs under it, before, between and after: three differences, each off by up to a step.
    SELECT workload, greatest($min_gap_ms * 1000, 3 * step_us) AS least_us FROM clock_steps
), idle AS (
    SELECT o.span_id, o.workload, o.name, o.path_us, CAST(o.exclusive_us AS DOUBLE) AS own_us, u.median_us, g.least_us
    FROM own_time AS o
    JOIN least_gaps AS g ON g.workload = o.workload
    LEFT JOIN backing_off AS b ON b.parent_id = o.node_id
    LEFT JOIN usual AS u ON u.kind = o.kind AND u.name IS NOT DISTINCT FROM o.name AND u.service IS NOT DISTINCT FROM o.service
    WHERE b.parent_id IS NULL AND o.exclusive_us >= g.least_us AND o.exclusive_us >= $min_share * o.path_us
), steps AS (
    SELECT
        w.unit_key, w.call_id, w.workload, p.status, p.request_hash, p.prompt_hash, w.window_start_us,
        lag(w.window_end_us) OVER siblings AS before_us,
        lag(w.call_id) OVER siblings AS call_before,
        lag(p.status) OVER siblings AS status_before,
        lag(p.request_hash) OVER siblings AS request_before,
        lag(p.prompt_hash) OVER siblings AS prompt_before
    FROM path_windows AS w
    JOIN priced_calls AS p ON p.call_id = w.call_id
    JOIN trace_nodes AS r ON r.node_id = w.parent_id AND r.kind = 'virtual'
    WHERE p.traced
    WINDOW siblings AS (PARTITION BY w.parent_id ORDER BY w.window_start_us)
), pauses AS (
    SELECT unit_key, call_id, call_before, workload, window_start_us - before_us AS pause_us
    FROM steps
    WHERE before_us < window_start_us
        AND NOT coalesce(status_before <> 'ok' AND (request_before = request_hash OR prompt_before = prompt_hash), FALSE)
), prompted AS (
    -- the last message is a user's and an assistant's stands before it: whoever waited here is the model
    SELECT
        b.call_id,
        coalesce(bool_or(b.role = 'assistant')
            AND max(b.message_index) FILTER (WHERE b.role = 'user') > max(b.message_index) FILTER (WHERE b.role <> 'user' AND b.role <> 'system'), FALSE)
            AS by_person
    FROM prompt_blocks AS b
    JOIN pauses AS p ON p.call_id = b.call_id
    WHERE b.ends_message
    GROUP BY b.call_id
), waits AS (
    SELECT p.*
    FROM pauses AS p
    LEFT JOIN prompted AS a ON a.call_id = p.call_id
    LEFT JOIN (SELECT o.unit_key FROM span_clock AS s JOIN outcomes AS o ON o.unit_hash = s.unit_hash GROUP BY o.unit_key) AS s ON s.unit_key = p.unit_key
    -- an answer that calls a tool is followed by the tool's own work, and by a person who has to permit it
    LEFT JOIN (SELECT call_id FROM tool_calls GROUP BY call_id) AS t ON t.call_id = p.call_before
    -- what is a person's may stand before a call that does not show it, such as one that rewrites the question
    LEFT JOIN typing_pauses AS y ON y.unit_key = p.unit_key AND y.pause_us = p.pause_us
    WHERE y.unit_key IS NULL AND NOT coalesce(a.by_person, p.pause_us > $blind_pause_s * 1000000) AND s.unit_key IS NULL AND t.call_id IS NULL
), usual_wait AS (
    SELECT workload, percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(pause_us AS DOUBLE)) AS median_us
    FROM waits
    GROUP BY workload
    HAVING count(*) >= $min_gaps
), long_waits AS (
    SELECT w.unit_key, w.workload, sum(w.pause_us - u.median_us) AS excess_us
    FROM waits AS w
    JOIN usual_wait AS u ON u.workload = w.workload
    JOIN least_gaps AS g ON g.workload = w.workload
    WHERE w.pause_us - u.median_us >= g.least_us
    GROUP BY w.unit_key, w.workload
), found AS (
    SELECT span_id, CAST(NULL AS STRING) AS trace_id, workload, 'measured' AS grade, own_us - median_us AS waste_us, own_us, path_us, name AS place
    FROM idle
    WHERE own_us - median_us >= least_us
    UNION ALL
    SELECT
        span_id, CAST(NULL AS STRING), workload, 'heuristic', CASE WHEN own_us - median_us >= least_us THEN median_us ELSE own_us END,
        own_us, path_us, name
    FROM idle
    WHERE CASE WHEN own_us - median_us >= least_us THEN median_us ELSE own_us END >= least_us
    UNION ALL
    SELECT
        CAST(NULL AS STRING), coalesce(c.trace_id, c.request_id), l.workload, 'measured', l.excess_us, l.excess_us, t.path_us,
        'client, tools or gateway queue, not distinguishable'
    FROM long_waits AS l
    JOIN totals AS t ON t.unit_key = l.unit_key
    JOIN calls AS c ON c.call_id = l.unit_key
    WHERE l.excess_us >= $min_share * t.path_us
), places AS (
    SELECT workload, place, row_number() OVER (PARTITION BY workload ORDER BY sum(waste_us) DESC, place) AS nth FROM found GROUP BY workload, place
), by_workload AS (
    SELECT
        workload,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY own_us) / 1000 AS gap_ms,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY own_us / path_us) AS share
    FROM found
    GROUP BY workload
)
SELECT
    f.span_id,
    f.trace_id,
    f.workload AS subject,
    f.grade,
    f.waste_us / 1000 AS waste_ms,
    p.place AS evidence_where,
    round(w.gap_ms, 0) AS evidence_gap_ms,
    round(100 * w.share, 0) AS evidence_share_percent
FROM found AS f
JOIN places AS p ON p.workload = f.workload AND p.nth = 1
JOIN by_workload AS w ON w.workload = f.workload
