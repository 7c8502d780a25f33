/*---
kind = "view"
title = "The critical path: which node the unit was waiting for at every moment"
why = """Making a step faster helps only while the unit waits for it. Looking back from a node's end, it waited for the child that finished last; before that child started, for the one \
that finished last among those that started earlier; and so on, child by child and level by level. Every microsecond of the root belongs to exactly one node, so the exclusive times of a \
unit sum to its root's duration. A child is on the path if it starts before all its siblings that end later; where siblings overlap, the earlier one keeps the time until the later one starts."""

[columns]
node_id = "as in trace_nodes; nodes off the path are not here, the root always is"
unit_key = "as in outcomes"
parent_id = "as in trace_nodes"
call_id = "as in calls; NULL for a span"
span_id = "as in spans; NULL for a call"
kind = "as in trace_nodes"
name = "as in trace_nodes"
service = "as in trace_nodes"
workload = "as in trace_nodes"
depth = "as in trace_nodes"
is_leaf = "as in trace_nodes"
window_start_us = "from here on the unit waits for this node or what runs under it"
window_end_us = "until here"
exclusive_us = "microseconds of the window in which no node under it was being waited for"
shift_us = "as in trace_nodes: to be added to what a call's own log says of its first token"

[[example]]
name = "in sequence, beside each other, and nested: 1 + 2 + 1 + 3 + 1 + 2 = 10 seconds"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       root            1           2
b        t         w    n      sb       step            4           3
c        t         w    o      sc       step            4.5         1
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
root     t         -               agent  run   0           10
step     t         root            chain  step  4           4
'''
rows = '''
name  window_start_us   window_end_us     exclusive_us
run   1767571200000000  1767571210000000  4000000
m     1767571201000000  1767571203000000  2000000
step  1767571204000000  1767571208000000  1000000
n     1767571204000000  1767571207000000  3000000
'''

[[example]]
name = "overlapping siblings share the time without gap or overlap; a child that outlives its parent keeps its time"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       deps            1           8
b        u         w    m      sb       top             0           4
c        u         w    n      sc       top             3           6
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name      started_at  duration_s
root     t         -               server  POST      0           10
deps     t         root            other   deps      0.5         1
route    t         root            other   endpoint  1.5         8
top      u         -               agent   run       0           9
'''
rows = '''
unit_key  name  window_start_us   window_end_us     exclusive_us
a         POST  1767571200000000  1767571210000000  1500000
a         deps  1767571200500000  1767571209000000  500000
a         m     1767571201000000  1767571209000000  8000000
c         run   1767571200000000  1767571209000000  0
c         m     1767571200000000  1767571203000000  3000000
c         n     1767571203000000  1767571209000000  6000000
'''
---*/
WITH raced AS (
    SELECT
        node_id, parent_id, depth, start_us, reach_us,
        -- Of spans that start and end together the first: their numbers count down.
        min(start_us) OVER (
            PARTITION BY parent_id ORDER BY reach_us DESC, start_us, call_id NULLS LAST, node_id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS later_us
    FROM trace_nodes
    WHERE depth > 0 AND NOT waits
), waited AS (
    SELECT node_id, parent_id, depth, start_us AS from_us, least(reach_us, coalesce(later_us, reach_us)) AS to_us
    FROM raced
    WHERE later_us IS NULL OR start_us < later_us
-- A window ends where any window above it ends. Every step doubles how far up a node has looked, as in trace_nodes.
), up0 AS (
    SELECT node_id, parent_id AS above, from_us, to_us FROM waited WHERE depth > 1
), up1 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, greatest(a.from_us, coalesce(b.from_us, a.from_us)) AS from_us, least(a.to_us, coalesce(b.to_us, a.to_us)) AS to_us
    FROM up0 AS a LEFT JOIN up0 AS b ON b.node_id = a.above
), up2 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, greatest(a.from_us, coalesce(b.from_us, a.from_us)) AS from_us, least(a.to_us, coalesce(b.to_us, a.to_us)) AS to_us
    FROM up1 AS a LEFT JOIN up1 AS b ON b.node_id = a.above
), up3 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, greatest(a.from_us, coalesce(b.from_us, a.from_us)) AS from_us, least(a.to_us, coalesce(b.to_us, a.to_us)) AS to_us
    FROM up2 AS a LEFT JOIN up2 AS b ON b.node_id = a.above
), up4 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, greatest(a.from_us, coalesce(b.from_us, a.from_us)) AS from_us, least(a.to_us, coalesce(b.to_us, a.to_us)) AS to_us
    FROM up3 AS a LEFT JOIN up3 AS b ON b.node_id = a.above
), up5 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, greatest(a.from_us, coalesce(b.from_us, a.from_us)) AS from_us, least(a.to_us, coalesce(b.to_us, a.to_us)) AS to_us
    FROM up4 AS a LEFT JOIN up4 AS b ON b.node_id = a.above
), up6 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, greatest(a.from_us, coalesce(b.from_us, a.from_us)) AS from_us, least(a.to_us, coalesce(b.to_us, a.to_us)) AS to_us
    FROM up5 AS a LEFT JOIN up5 AS b ON b.node_id = a.above
), up7 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, greatest(a.from_us, coalesce(b.from_us, a.from_us)) AS from_us, least(a.to_us, coalesce(b.to_us, a.to_us)) AS to_us
    FROM up6 AS a LEFT JOIN up6 AS b ON b.node_id = a.above
), tops AS (
    SELECT w.node_id, w.parent_id, greatest(w.from_us, r.start_us) AS from_us, least(w.to_us, r.end_us) AS to_us
    FROM waited AS w
    JOIN trace_nodes AS r ON r.node_id = w.parent_id AND r.depth = 0
    WHERE w.depth = 1
), windows AS (
    SELECT node_id, CAST(NULL AS BIGINT) AS parent_id, start_us AS from_us, end_us AS to_us FROM trace_nodes WHERE depth = 0 AND NOT is_leaf
    UNION ALL
    SELECT node_id, parent_id, from_us, to_us FROM tops WHERE to_us > from_us
    UNION ALL
    -- A node under one that nobody waited for stops short of the top.
    SELECT u.node_id, w.parent_id, greatest(u.from_us, t.from_us), least(u.to_us, t.to_us)
    FROM up7 AS u
    JOIN waited AS w ON w.node_id = u.node_id
    JOIN tops AS t ON t.node_id = u.above
    WHERE least(u.to_us, t.to_us) > greatest(u.from_us, t.from_us)
), under AS (
    SELECT parent_id AS node_id, CAST(sum(to_us - from_us) AS BIGINT) AS under_us FROM windows WHERE parent_id IS NOT NULL GROUP BY parent_id
)
SELECT
    n.node_id,
    n.unit_key,
    n.parent_id,
    n.call_id,
    n.span_id,
    n.kind,
    n.name,
    n.service,
    n.workload,
    n.depth,
    n.is_leaf,
    w.from_us AS window_start_us,
    w.to_us AS window_end_us,
    w.to_us - w.from_us - coalesce(u.under_us, 0) AS exclusive_us,
    n.shift_us
FROM windows AS w
JOIN trace_nodes AS n ON n.node_id = w.node_id
LEFT JOIN under AS u ON u.node_id = w.node_id
UNION ALL
-- Whoever is alone in a unit has all of its time.
SELECT node_id, unit_key, parent_id, call_id, span_id, kind, name, service, workload, depth, is_leaf, start_us, end_us, end_us - start_us, shift_us
FROM trace_nodes
WHERE depth = 0 AND is_leaf
