/*---
title = "An agent calls the same tool with the same arguments over and over"
why = """Asking the same tool the same thing without anything else in between cannot tell the agent anything new, yet each round sends the whole growing history \
to the model again and makes the user wait. It happens when a tool's error or empty result does not reach the model, when the history is cut, or when nothing stops \
a run after repeated steps. The first ask is work; the second onward is claimed."""
action = "{subject}: stop after the second identical call of a tool in a row ({loops} loops, the longest {longest_loop} calls of one tool)"
fix = "orchestration"
grade = "structural"
needs = ["tool_calls"]
effect = "both"
false_positives = """Polling with a tool (job_status with the same id until it is done) is the same pattern; a wait inside the tool would save those rounds as well, but they were not \
pointless. A tool that answers differently each time (a random draw, the next page of a cursor kept on the server). Something that is not a tool call \
(a person who edits a file by hand) may have happened in between. Calls with empty arguments are never counted, since next_page() and status() are such tools."""

[params.min_calls]
default = 3
help = "Asking twice may be a check after a doubtful result; three times with nothing in between is a loop."

[[example]]
name = "run, run, run: the first is work"
calls = '''
call_id  trace_id  app  started_at  duration_s  billed_usd
a        t         w    0           1           0.5
b        t         w    2           2           0.5
c        t         w    5           3           0.5
d        t         w    9           4           0.5
'''
tool_calls = '''
call_id  position  name  arguments_hash
a        0         edit  x
b        0         run   y
c        0         run   y
d        0         run   y
'''
claims = '''
call_id  subject  grade       drop  waste_ms
c        w        structural  true  3000
d        w        structural  true  4000
'''

[[example]]
name = "a round that also asked for something else did work; it ends the run and is not claimed"
calls = '''
call_id  trace_id  app  started_at  duration_s
a        t         w    0           1
b        t         w    2           1
c        t         w    4           1
'''
tool_calls = '''
call_id  position  name  arguments_hash
a        0         run   y
b        0         run   y
c        0         run   y
c        1         edit  x
'''
claims = '''
call_id  drop
b        true
'''

[[example]]
name = "edit, run, edit, run; twice only; other arguments; empty arguments; three traces; three asks in parallel: silent"
calls = '''
call_id  trace_id  app  started_at  duration_s
a1       a         w    0           1
a2       a         w    2           1
a3       a         w    4           1
a4       a         w    6           1
a5       a         w    8           1
a6       a         w    10          1
b1       b         w    0           1
b2       b         w    2           1
c1       c         w    0           1
c2       c         w    2           1
c3       c         w    4           1
d1       d         w    0           1
d2       d         w    2           1
d3       d         w    4           1
e1       e         w    0           1
f1       f         w    2           1
g1       g         w    4           1
h1       h         w    0           5
h2       h         w    1           5
h3       h         w    2           5
i1       i         w    0           1
'''
tool_calls = '''
call_id  position  name  arguments_hash
a1       0         edit  x
a2       0         run   y
a3       0         edit  x
a4       0         run   y
a5       0         edit  x
a6       0         run   y
b1       0         run   y
b2       0         run   y
c1       0         read  x
c2       0         read  y
c3       0         read  z
d1       0         poll  -
d2       0         poll  -
d3       0         poll  -
e1       0         run   y
f1       0         run   y
g1       0         run   y
h1       0         run   y
h2       0         run   y
h3       0         run   y
i1       0         run   y
i1       1         run   y
i1       2         run   y
'''
claims = ""
---*/
WITH looped AS (
    -- One row a model call: an answer may ask twice for the same.
    SELECT call_id, unit_hash, workload, run_id, name, run_calls, max(duration_ms) AS duration_ms
    FROM tool_steps
    WHERE run_calls >= $min_calls AND nth_call > 1 AND only_this
    GROUP BY call_id, unit_hash, workload, run_id, name, run_calls
), loops AS (
    SELECT workload, unit_hash, run_id, max(name) AS name, max(run_calls) AS calls FROM looped GROUP BY workload, unit_hash, run_id
), by_workload AS (
    SELECT workload, count(*) AS loops, max(calls) AS longest FROM loops GROUP BY workload
), by_tool AS (
    SELECT workload, name, row_number() OVER (PARTITION BY workload ORDER BY sum(calls) DESC, name) AS place FROM loops GROUP BY workload, name
)
SELECT
    l.call_id,
    l.workload AS subject,
    TRUE AS drop,
    l.duration_ms AS waste_ms,
    w.loops AS evidence_loops,
    w.longest AS evidence_longest_loop,
    t.name AS evidence_tool
FROM looped AS l
JOIN by_workload AS w ON w.workload = l.workload
JOIN by_tool AS t ON t.workload = l.workload AND t.place = 1
