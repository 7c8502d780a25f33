/*---
kind = "view"
title = "Tool calls of a trace in order, grouped into runs of the same tool with the same arguments"
why = """An agent that asks for the same thing again and again learns nothing new. A run ends as soon as any other tool is called, or the same one \
with other arguments: edit, run, edit, run is work. Model calls that overlap in time ask in parallel, not again, so they never share a run; nor do \
agents of one unit that each have a conversation of their own: another system message, or a prompt that starts anew, without any answer in it. Only \
units in which some tool was asked for the same at least twice are here."""

[columns]
call_id = "the model call whose answer asked for the tool"
unit_hash = "as in priced_calls"
workload = "as in call_workloads"
position = "0-based order within the answer"
name = "tool name"
arguments_hash = "as in tool_calls; NULL when the arguments were empty"
start_us = "start of the model call, microseconds since 1970"
duration_ms = "of the model call"
run_id = "number of the run within the unit"
run_calls = "model calls that asked in this run; NULL where the arguments are empty, since asking without arguments is no repetition"
nth_call = "1 for the first model call of the run"
only_this = "the model call asked for nothing but this run's tool"

[[example]]
name = "edit, run, edit, run are four runs; run, run, run is one"
calls = '''
call_id  trace_id  app  started_at  duration_s
a        t         w    0           1
b        t         w    2           1
c        t         w    4           1
d        t         w    6           1
e        t         w    8           1
'''
tool_calls = '''
call_id  position  name  arguments_hash
a        0         edit  x1
b        0         run   y
c        0         run   y
d        0         edit  x2
e        0         run   y
'''
rows = '''
call_id  name  run_id  run_calls  nth_call  only_this
a        edit  1       1          1         true
b        run   2       2          1         true
c        run   2       2          2         true
d        edit  3       1          1         true
e        run   4       1          1         true
'''

[[example]]
name = "parallel asks do not share a run, an answer with two tools is no pure repetition, and empty arguments never count"
calls = '''
call_id  trace_id  app  started_at  duration_s
a        t         w    0           5
b        t         w    1           5
c        t         w    7           1
d        t         w    9           1
e        t         w    11          1
'''
tool_calls = '''
call_id  position  name  arguments_hash
a        0         read  x
b        0         read  x
c        0         read  x
c        1         grep  y
d        0         poll  -
e        0         poll  -
'''
rows = '''
call_id  position  run_id  run_calls  only_this
a        0         1       1          true
b        0         2       2          true
c        0         2       2          false
c        1         3       1          false
d        0         4       -          true
e        0         5       -          true
'''

[[example]]
name = "agents of one unit that each read the same first: another system message, or another conversation that starts; a call sent again unchanged is the same one"
calls = '''
call_id  trace_id  app  started_at  duration_s  template_hash  turn  prompt_hash
a        t         w    0           1           security       1     p1
b        t         w    2           1           style          1     p2
c        u         w    0           1           same           1     p1
d        u         w    2           1           same           1     p2
e        v         w    0           1           same           1     p1
f        v         w    2           1           same           1     p1
g        v         w    4           1           same           2     p3
'''
tool_calls = '''
call_id  position  name  arguments_hash
a        0         read  x
b        0         read  x
c        0         read  x
d        0         read  x
e        0         read  x
f        0         read  x
g        0         read  x
'''
rows = '''
call_id  run_id  run_calls
a        1       1
b        2       1
c        1       1
d        2       1
e        1       3
f        1       3
g        1       3
'''
---*/
WITH asked AS (
    SELECT t.call_id, p.unit_hash, p.workload, t.position, t.name, t.arguments_hash, p.start_us, p.end_us, p.duration_ms, p.prompt_hash
    FROM tool_calls AS t
    JOIN priced_calls AS p ON p.call_id = t.call_id
    WHERE p.start_us IS NOT NULL AND t.name IS NOT NULL
), repeated AS (
    -- Cheap sieve before the windows: units in which some tool was asked for the same more than once.
    SELECT DISTINCT unit_hash FROM (
        SELECT unit_hash FROM asked WHERE arguments_hash IS NOT NULL GROUP BY unit_hash, name, arguments_hash HAVING count(*) > 1
    ) AS twice
), ordered AS (
    SELECT
        a.*,
        first_value(a.call_id) OVER steps AS unit_key,
        lag(a.call_id) OVER steps AS previous_call_id,
        lag(a.name) OVER steps AS previous_name,
        lag(a.arguments_hash) OVER steps AS previous_arguments,
        lag(a.end_us) OVER steps AS previous_end_us,
        coalesce(c.template_hash <> lag(c.template_hash) OVER steps, FALSE)
            OR coalesce(c.turn = 1 AND a.prompt_hash <> lag(a.prompt_hash) OVER steps, FALSE) AS other_agent
    FROM asked AS a
    JOIN repeated AS r ON r.unit_hash = a.unit_hash
    JOIN calls AS c ON c.call_id = a.call_id
    WINDOW steps AS (PARTITION BY a.unit_hash ORDER BY a.start_us, a.call_id, a.position)
), cut AS (
    SELECT
        *,
        CASE WHEN name = previous_name AND arguments_hash = previous_arguments AND NOT other_agent
                AND (call_id = previous_call_id OR previous_end_us IS NULL OR start_us >= previous_end_us) THEN 0 ELSE 1 END AS opens
    FROM ordered
), runs AS (
    SELECT *, sum(opens) OVER (PARTITION BY unit_key ORDER BY start_us, call_id, position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run_id
    FROM cut
), counted AS (
    SELECT
        *,
        dense_rank() OVER (PARTITION BY unit_key, run_id ORDER BY start_us, call_id) AS nth_call,
        min(run_id) OVER (PARTITION BY call_id) = max(run_id) OVER (PARTITION BY call_id) AS only_this
    FROM runs
)
SELECT
    call_id,
    unit_hash,
    workload,
    position,
    name,
    arguments_hash,
    start_us,
    duration_ms,
    CAST(run_id AS BIGINT) AS run_id,
    CASE WHEN arguments_hash IS NOT NULL THEN max(nth_call) OVER (PARTITION BY unit_key, run_id) END AS run_calls,
    nth_call,
    only_this
FROM counted
