/*---
kind = "view"
title = "The step of a workload's clock: the least difference that its time stamps can show"
why = """A log whose stamps are whole seconds makes of half a second's pause a second or nothing, by chance. A difference of two stamps is off by up to a step, so one of less than a few steps says nothing."""

[columns]
workload = "as in trace_parts"
step_us = "microseconds: 1,000,000 where all of the workload's stamps are whole seconds, else 1,000 where all are whole milliseconds, else 1"

[params.min_parts]
default = 20
help = "Calls and spans of a workload: of fewer, stamps may be round by chance or by hand."

[[example]]
name = "whole seconds; milliseconds; too few to tell"
params = { min_parts = 2 }
calls = '''
call_id  app  started_at  duration_s
a        w    0           1
b        w    3           2
c        v    0.5         1
d        v    1           1
e        u    7           1
'''
rows = '''
workload  step_us
w         1000000
v         1000
u         1
'''
---*/
SELECT
    workload,
    CASE WHEN count(*) < $min_parts OR count(*) FILTER (WHERE start_us % 1000 <> 0 OR end_us % 1000 <> 0) > 0 THEN 1
         WHEN count(*) FILTER (WHERE start_us % 1000000 <> 0 OR end_us % 1000000 <> 0) > 0 THEN 1000
         ELSE 1000000 END AS step_us
FROM trace_parts
GROUP BY workload
