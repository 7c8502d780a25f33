/*---
kind = "observation"
title = "The clocks of services disagree: spans lie outside the span that waited for them"
why = """Clocks that are off make answers come before questions, and time that nobody spent. Such spans were moved to where they can have run (view clock_shifts), \
and orchestration_gaps claims nothing in their traces: durations are as logged, where in the trace they stand is an estimate."""
action = "Set the clock of {subject} by the others' (NTP): in {traces} traces its spans stood outside those that waited for them and were moved, by up to {largest_s} s"
fix = "orchestration"
grade = "measured"
needs = ["spans"]
false_positives = "Work that goes on after its request has been answered, for which nobody waits, in a span of a kind that people do wait for. A clock that is off by less than its spans have room for shows nowhere."

[[example]]
name = "a gateway ten seconds fast in two traces of three"
calls = '''
call_id  trace_id  app      model  span_id  parent_span_id  started_at  duration_s
a        ta        gateway  m      sa       ra              10.5        2
b        tb        gateway  m      sb       rb              10.7        2
c        tc        gateway  m      sc       rc              0.5         2
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name  service  started_at  duration_s
ra       ta        -               server  POST  shop     0           3
rb       tb        -               server  POST  shop     0           3
rc       tc        -               server  POST  shop     0           3
'''
rows = '''
subject  evidence_traces  evidence_largest_s
gateway  2                10.2
'''

[[example]]
name = "calls inside the request that waited for them, and a job that outlives it: silent"
calls = '''
call_id  trace_id  app      model  span_id  parent_span_id  started_at  duration_s
a        ta        gateway  m      sa       ra              0.5         2
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name  service  started_at  duration_s
ra       ta        -               server  POST  shop     0           3
ja       ta        ra              other   mail  worker   2.5         2
'''
rows = ""
---*/
SELECT
    coalesce(p.service, c.app, 'the gateway') AS subject,
    count(DISTINCT s.unit_key) AS evidence_traces,
    round(max(abs(s.shift_us)) / CAST(1000000 AS DOUBLE), 1) AS evidence_largest_s
FROM clock_shifts AS s
JOIN trace_parts AS p ON p.node_id = s.node_id
LEFT JOIN calls AS c ON c.call_id = s.node_id
GROUP BY coalesce(p.service, c.app, 'the gateway')
