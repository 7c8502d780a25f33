/*---
title = "Most of what the user waits for is a tool, a search or a database, and it was slower than it usually is"
why = """Where half of a trace's critical path lies in leaf spans of kind tool, retrieval, db or http, no faster model helps: the data has to move faster. Only the time beyond the same operation's own \
median is claimed, because half of its runs show that it can be done in that, and only where the log's own time stamps can show it (clock_steps)."""
fix = "orchestration"
grade = "measured"
effect = "latency"
needs = ["spans"]
action = "{subject}: give {operation} a timeout and a second try, a cache or an index: {slow_spans} of its runs on the critical path took longer than its median of {median_ms} ms"
false_positives = """A run that took longer because it had more to do (a large document, a deep search) is no fault; a median that mixes small and large jobs under one name overstates the waste of the large \
ones. A tool that waits for a person (approval, payment) is slow by nature. Time of a tool that has spans or model calls under it is not claimed here."""

[params.min_share]
default = 0.5
help = "Half of the path: below that, something else is the larger part of what the user waits for and comes first."

[params.min_runs]
default = 5
help = "Fewer runs of an operation have no median worth comparing with; five put two on either side."

[params.min_excess_ms]
default = 50
help = "An excess below a twentieth of a second a run is jitter, and no user notices it."

[[example]]
name = "five searches, one of them slow in a trace that mostly waits for it: only what is beyond the median"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        ta        w    m      sa       ra              1           3
b        tb        w    m      sb       rb              1           3
c        tc        w    m      sc       rc              1           3
d        td        w    m      sd       rd              1           3
e        te        w    m      se       re              5           3
'''
spans = '''
span_id  trace_id  parent_span_id  kind       name    started_at  duration_s
ra       ta        -               agent      run     0           4
rb       tb        -               agent      run     0           4
rc       tc        -               agent      run     0           4
rd       td        -               agent      run     0           4
re       te        -               agent      run     0           8
qa       ta        ra              retrieval  search  0           1
qb       tb        rb              retrieval  search  0           1
qc       tc        rc              retrieval  search  0           1
qd       td        rd              retrieval  search  0           0.9
qe       te        re              retrieval  search  0           5
'''
claims = '''
span_id  subject  grade     waste_ms
qe       w        measured  4000
'''

[[example]]
name = "slow, but off the path; slow, but the model takes longer still; always slow; too few runs to tell: silent"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        ta        w    m      sa       ra              0           9
b        tb        w    m      sb       rb              5           9
c        tc        w    m      sc       rc              1           1
d        td        w    m      sd       rd              1           1
e        te        w    m      se       re              1           1
f        tf        w    m      sf       rf              9           1
'''
spans = '''
span_id  trace_id  parent_span_id  kind       name    started_at  duration_s
ra       ta        -               agent      run     0           10
rb       tb        -               agent      run     0           14
rc       tc        -               agent      run     0           8
rd       td        -               agent      run     0           8
re       te        -               agent      run     0           8
rf       tf        -               agent      run     0           10
qa       ta        ra              retrieval  search  0           8
qb       tb        rb              retrieval  search  0           5
qc       tc        rc              retrieval  search  0           1
qd       td        rd              retrieval  search  0           1
qe       te        re              retrieval  search  0           1
xc       tc        rc              db         load    2           6
xd       td        rd              db         load    2           6
xe       te        re              db         load    2           6
x1       ta        ra              db         load    2           6
x2       tb        rb              db         load    5           6
yf       tf        rf              http       fetch   0           9
'''
claims = ""

[[example]]
name = "stamps of whole seconds: what seems a second slower than nothing is within two steps of the clock: silent"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        ta        w    m      sa       ra              1           1
b        tb        w    m      sb       rb              1           1
c        tc        w    m      sc       rc              1           1
d        td        w    m      sd       rd              1           1
e        te        w    m      se       re              1           1
f        tf        w    m      sf       rf              1           1
g        tg        w    m      sg       rg              1           1
h        th        w    m      sh       rh              1           1
i        ti        w    m      si       ri              1           1
j        tj        w    m      sj       rj              1           1
'''
spans = '''
span_id  trace_id  parent_span_id  kind       name    started_at  duration_s
ra       ta        -               agent      run     0           2
rb       tb        -               agent      run     0           2
rc       tc        -               agent      run     0           2
rd       td        -               agent      run     0           2
re       te        -               agent      run     0           2
rf       tf        -               agent      run     0           2
rg       tg        -               agent      run     0           2
rh       th        -               agent      run     0           2
ri       ti        -               agent      run     0           2
rj       tj        -               agent      run     0           2
qa       ta        ra              retrieval  search  0           1
qb       tb        rb              retrieval  search  0           0
qc       tc        rc              retrieval  search  0           0
qd       td        rd              retrieval  search  0           1
qe       te        re              retrieval  search  0           0
qf       tf        rf              retrieval  search  0           0
qg       tg        rg              retrieval  search  0           1
qh       th        rh              retrieval  search  0           0
qi       ti        ri              retrieval  search  0           0
qj       tj        rj              retrieval  search  0           1
'''
claims = ""
---*/
WITH shares AS (
    SELECT
        unit_key,
        coalesce(sum(exclusive_us) FILTER (WHERE is_leaf AND kind IN ('tool', 'retrieval', 'db', 'http')), 0) AS waited_us,
        sum(exclusive_us) AS path_us
    FROM path_windows
    GROUP BY unit_key
), usual AS (
    SELECT kind, name, service, percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(end_us - start_us AS DOUBLE)) AS median_us
    FROM trace_nodes
    WHERE is_leaf AND kind IN ('tool', 'retrieval', 'db', 'http')
    GROUP BY kind, name, service
    HAVING count(*) >= $min_runs
), slow AS (
    SELECT
        w.span_id, w.workload, w.name, u.median_us, s.waited_us / CAST(s.path_us AS DOUBLE) AS share,
        least(CAST(w.exclusive_us AS DOUBLE), n.end_us - n.start_us - u.median_us) AS excess_us
    FROM path_windows AS w
    JOIN shares AS s ON s.unit_key = w.unit_key AND s.waited_us >= $min_share * s.path_us
    JOIN trace_nodes AS n ON n.node_id = w.node_id
    JOIN usual AS u ON u.kind = w.kind AND u.name IS NOT DISTINCT FROM w.name AND u.service IS NOT DISTINCT FROM w.service
    WHERE w.is_leaf
), counted AS (
    SELECT s.*
    FROM slow AS s
    JOIN clock_steps AS c ON c.workload = s.workload
    -- A run and the median are each off by up to a step.
    WHERE s.excess_us >= greatest($min_excess_ms * 1000, 2 * c.step_us)
), operations AS (
    SELECT
        workload, name, count(*) AS slow_spans, max(median_us) AS median_us,
        row_number() OVER (PARTITION BY workload ORDER BY sum(excess_us) DESC, name) AS place
    FROM counted
    GROUP BY workload, name
), by_workload AS (
    SELECT workload, percentile_cont(0.5) WITHIN GROUP (ORDER BY share) AS share FROM counted GROUP BY workload
)
SELECT
    c.span_id,
    c.workload AS subject,
    c.excess_us / 1000 AS waste_ms,
    o.name AS evidence_operation,
    o.slow_spans AS evidence_slow_spans,
    round(o.median_us / 1000, 1) AS evidence_median_ms,
    round(b.share, 3) AS evidence_share_of_path
FROM counted AS c
JOIN operations AS o ON o.workload = c.workload AND o.place = 1
JOIN by_workload AS b ON b.workload = c.workload
