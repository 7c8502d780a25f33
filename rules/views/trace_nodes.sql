/*---
kind = "view"
title = "Calls and spans of a unit as one tree: who ran under whom, and when"
why = """Latency is lost between the parts of a trace as much as inside them, so calls and spans have to stand in one tree with one root. Logs are not that tidy: parents are \
missing, a trace has several roots, and a child may outlive the span that started it (FastAPI's dependencies span ends milliseconds after the request's own span begins under it, while the endpoint's span that waits for the answer stands beside it). \
What another service's clock put outside the span it ran under is moved (clock_shifts). Units without a model call are left out."""

[columns]
node_id = "the node: a call's call_id, a negative number for a span or for a root that no log line stands for"
unit_key = "as in outcomes"
parent_id = "node it ran under; NULL for the root"
call_id = "as in calls; NULL for a span"
span_id = "as in spans; NULL for a call"
kind = "call, the span's kind, or virtual for a root that no log line stands for"
name = "the model, or the span's name"
service = "as in spans"
workload = "of the unit's first call"
start_us = "start, microseconds since 1970, moved by shift_us"
end_us = "end as logged and moved by shift_us, or for the root: its own or the last model call's, whichever is later"
reach_us = "end, moved to that of its last descendant where one outlives it; what ends after the root has nobody waiting and moves nothing"
depth = "0 for the root"
is_leaf = "no node runs under it"
attached = "a span that hangs on the root only because its parent is missing, or because it is a root itself; or such a call whose parent is missing"

waits = "a span of kind other, chain, server or agent with nothing under it that ran while a model call did: it waits for that call, and has lost its place above it. Known work beats unknown work, so it is on no path"
shift_us = "as in clock_shifts; 0 where the times are as logged"

[[example]]
name = "a log without spans: calls under a root of their own; a single call is its own root"
calls = '''
call_id  trace_id  app  model  started_at  duration_s
a        t         w    m      0           2
b        t         w    m      3           2
c        u         w    m      0           1
'''
rows = '''
unit_key  call_id  kind     start_us          end_us            depth  is_leaf  attached
b         -        virtual  1767571200000000  1767571205000000  0      false    false
b         a        call     1767571200000000  1767571202000000  1      true     false
b         b        call     1767571203000000  1767571205000000  1      true     false
c         c        call     1767571200000000  1767571201000000  0      true     false
'''

[[example]]
name = "a child that outlives its parent moves the parent's reach; one that outlives the root moves nothing"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       request         2           6
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name     started_at  duration_s
root     t         -               server  POST     0           10
deps     t         root            other   deps     1           0.5
route    t         root            other   route    1.5         8
request  t         deps            server  request  1.25        8
log      t         root            other   log      9           20
'''
rows = '''
name     depth  end_us            reach_us          is_leaf  attached  waits
POST     0      1767571210000000  1767571210000000  false    false     false
deps     1      1767571201500000  1767571209250000  false    false     false
request  2      1767571209250000  1767571209250000  false    false     false
m        3      1767571208000000  1767571208000000  true     false     false
route    1      1767571209500000  1767571209500000  true     false     true
log      1      1767571229000000  1767571229000000  true     false     false
'''

[[example]]
name = "a clock that is ten seconds fast stretches no root: the call stands where the request waited for it"
calls = '''
call_id  trace_id  app      model  span_id  parent_span_id  started_at  duration_s
a        t         gateway  m      sa       root            10.5        2
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name  service  started_at  duration_s
root     t         -               server  POST  shop     0           3
'''
rows = '''
name  start_us          end_us            shift_us
POST  1767571200000000  1767571203000000  0
m     1767571200500000  1767571202500000  -10000000
'''

[[example]]
name = "another root and an orphan hang on the earliest root; a call's own transport is part of the call, a tool under it stands beside it"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       root            1           4
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name    started_at  duration_s
root     t         -               agent   run     0           10
second   t         -               other   second  6           1
orphan   t         lost            tool    orphan  7           1
post     t         sa              http    post    1           4
socket   t         post            other   socket  1           4
lookup   t         sa              tool    lookup  5           1
health   h         -               server  health  0           1
'''
rows = '''
name    kind   depth  attached
run     agent  0      false
m       call   1      false
second  other  1      true
orphan  tool   1      true
lookup  tool   1      false
'''

[[example]]
name = "roots one after the other: none of them is the whole, so a virtual root holds them"
calls = '''
call_id  trace_id  app  model  span_id  parent_span_id  started_at  duration_s
a        t         w    m      sa       r1              1           1
'''
spans = '''
span_id  trace_id  parent_span_id  kind   name  started_at  duration_s
r1       t         -               chain  one   0           3
r2       t         -               chain  two   5           2
'''
rows = '''
name  kind     depth  end_us            attached
-     virtual  0      1767571207000000  false
one   chain    1      1767571203000000  true
two   chain    1      1767571207000000  true
m     call     2      1767571202000000  false
'''
---*/
WITH joint AS (
    SELECT unit_key FROM outcomes WHERE calls > 1
    UNION
    SELECT unit_key FROM trace_parts WHERE call_id IS NULL
), parts AS (
    -- A unit of one call and no span is its own root: only the others have to be placed.
    SELECT
        p.node_id, p.unit_key, p.own_id, p.up_id, p.kind, p.start_us + coalesce(s.shift_us, 0) AS start_us, p.end_us + coalesce(s.shift_us, 0) AS end_us
    FROM trace_parts AS p
    JOIN joint AS j ON j.unit_key = p.unit_key
    LEFT JOIN clock_shifts AS s ON s.node_id = p.node_id
), owners AS (
    SELECT unit_key, own_id, min(node_id) AS node_id
    FROM parts
    WHERE own_id IN (SELECT up_id FROM parts WHERE up_id IS NOT NULL)
    GROUP BY unit_key, own_id
), linked AS (
    SELECT
        p.node_id, p.unit_key, p.start_us, p.end_us, p.up_id IS NULL AS is_top, o.node_id AS above,
        p.kind = 'call' AS is_call,
        p.kind IN ('call', 'agent', 'tool', 'retrieval', 'db', 'guardrail') AS stands,
        p.kind IN ('other', 'chain', 'server', 'agent') AS is_wrapper
    FROM parts AS p
    LEFT JOIN owners AS o ON o.unit_key = p.unit_key AND o.own_id = p.up_id AND o.node_id <> p.node_id
), placed AS (
    SELECT
        l.node_id, l.unit_key, l.is_call, l.is_wrapper, l.start_us, l.end_us,
        nullif(CASE WHEN l.above > 0 THEN c.above ELSE l.above END, l.node_id) AS above,
        l.is_top AND NOT l.is_call AS is_own_root,
        NOT l.is_top AND l.above IS NULL AS is_orphan
    FROM linked AS l
    LEFT JOIN (SELECT node_id, above FROM linked WHERE is_call) AS c ON c.node_id = l.above AND l.above > 0
    -- What else stands under a call (HTTP, a provider's raw request) is the call itself.
    WHERE l.above IS NULL OR l.above < 0 OR l.stands
), first_roots AS (
    SELECT unit_key, node_id, start_us, end_us
    FROM placed
    WHERE is_own_root
    QUALIFY row_number() OVER (PARTITION BY unit_key ORDER BY start_us, end_us DESC, node_id) = 1
), frames AS (
    SELECT
        unit_key,
        count(*) FILTER (WHERE above IS NULL) AS tops,
        min(node_id) FILTER (WHERE above IS NULL) AS top_id,
        max(start_us) FILTER (WHERE above IS NULL) AS last_start_us,
        coalesce(min(start_us) FILTER (WHERE above IS NULL), min(start_us)) AS first_us,
        coalesce(max(end_us) FILTER (WHERE above IS NULL OR is_call), max(end_us)) AS last_us,
        max(end_us) FILTER (WHERE is_call) AS last_call_us
    FROM placed
    GROUP BY unit_key
), roots AS (
    -- One node at the top is the root; of several the earliest root span, if it is there for all of them; else none in the log is.
    SELECT
        f.unit_key, f.first_us, f.last_us, f.last_call_us,
        CASE WHEN f.tops = 1 THEN f.top_id WHEN f.last_start_us <= r.end_us THEN r.node_id END AS root_id,
        -- call ids are positive and spans count down from -1
        f.unit_key - 4611686018427387904 AS virtual_id
    FROM frames AS f
    LEFT JOIN first_roots AS r ON r.unit_key = f.unit_key
), nodes AS (
    SELECT
        p.node_id, p.unit_key, p.start_us, p.is_call, p.is_wrapper, p.is_orphan OR p.is_own_root AS loose,
        CASE WHEN p.node_id = r.root_id THEN greatest(p.end_us, coalesce(r.last_call_us, p.end_us)) ELSE p.end_us END AS end_us,
        CASE WHEN p.node_id = r.root_id THEN NULL ELSE coalesce(p.above, r.root_id, r.virtual_id) END AS parent_id,
        CASE WHEN p.node_id = r.root_id THEN 0 WHEN p.above IS NULL OR p.above = r.root_id THEN 1 END AS shallow
    FROM placed AS p
    JOIN roots AS r ON r.unit_key = p.unit_key
    UNION ALL
    SELECT virtual_id, unit_key, first_us, FALSE, FALSE, FALSE, last_us, CAST(NULL AS BIGINT), 0
    FROM roots
    WHERE root_id IS NULL
), idle_leaves AS (
    SELECT n.node_id, n.unit_key, n.start_us, n.end_us
    FROM nodes AS n
    LEFT JOIN (SELECT parent_id FROM nodes GROUP BY parent_id) AS p ON p.parent_id = n.node_id
    WHERE n.is_wrapper AND n.parent_id IS NOT NULL AND p.parent_id IS NULL
), waiting AS (
    -- Of the calls that started before a leaf ended, did one end after it started? One pass in order of time, no join of intervals.
    SELECT node_id, coalesce(last_call_us > start_us, FALSE) AS waits
    FROM (
        SELECT node_id, start_us, is_call,
            max(CASE WHEN is_call THEN end_us END) OVER (PARTITION BY unit_key ORDER BY at_us, is_call, node_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS last_call_us
        FROM (
            SELECT node_id, unit_key, start_us, end_us, FALSE AS is_call, end_us AS at_us FROM idle_leaves
            UNION ALL
            SELECT n.node_id, n.unit_key, n.start_us, n.end_us, TRUE, n.start_us
            FROM nodes AS n
            WHERE n.is_call AND n.unit_key IN (SELECT unit_key FROM idle_leaves)
        ) AS both_kinds
    ) AS swept
    WHERE NOT is_call
-- Depth without recursion: every step doubles how far up a node has looked, until it stands on a child of the root. Seven steps reach 128 levels.
), up0 AS (
    SELECT node_id, parent_id AS above, 1 AS steps FROM nodes WHERE shallow IS NULL
), up1 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, a.steps + coalesce(b.steps, 0) AS steps FROM up0 AS a LEFT JOIN up0 AS b ON b.node_id = a.above
), up2 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, a.steps + coalesce(b.steps, 0) AS steps FROM up1 AS a LEFT JOIN up1 AS b ON b.node_id = a.above
), up3 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, a.steps + coalesce(b.steps, 0) AS steps FROM up2 AS a LEFT JOIN up2 AS b ON b.node_id = a.above
), up4 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, a.steps + coalesce(b.steps, 0) AS steps FROM up3 AS a LEFT JOIN up3 AS b ON b.node_id = a.above
), up5 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, a.steps + coalesce(b.steps, 0) AS steps FROM up4 AS a LEFT JOIN up4 AS b ON b.node_id = a.above
), up6 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, a.steps + coalesce(b.steps, 0) AS steps FROM up5 AS a LEFT JOIN up5 AS b ON b.node_id = a.above
), up7 AS (
    SELECT a.node_id, coalesce(b.above, a.above) AS above, a.steps + coalesce(b.steps, 0) AS steps FROM up6 AS a LEFT JOIN up6 AS b ON b.node_id = a.above
), depths AS (
    -- Deeper nodes, circles and what stands under a call's transport never arrive: the last node above them keeps their time.
    SELECT u.node_id, u.steps + 1 AS depth
    FROM up7 AS u
    JOIN nodes AS n ON n.node_id = u.above AND n.shallow = 1
    UNION ALL
    SELECT node_id, shallow FROM nodes WHERE shallow IS NOT NULL
-- Nodes that outlive their parent, and by the same doubling all that stand above them.
), closing AS (
    SELECT unit_key, end_us FROM nodes WHERE shallow = 0
), late0 AS (
    -- What ends after the root has nobody waiting and moves nothing.
    SELECT n.parent_id AS node_id, max(n.end_us) AS end_us
    FROM nodes AS n
    JOIN nodes AS p ON p.node_id = n.parent_id
    JOIN closing AS c ON c.unit_key = n.unit_key
    LEFT JOIN waiting AS w ON w.node_id = n.node_id
    WHERE w.waits IS NOT TRUE AND n.end_us <= c.end_us AND (n.end_us > p.end_us OR p.end_us > c.end_us)
    GROUP BY n.parent_id
), late1 AS (
    SELECT node_id, max(end_us) AS end_us FROM (
        SELECT * FROM late0 UNION ALL SELECT u.above, l.end_us FROM late0 AS l JOIN up0 AS u ON u.node_id = l.node_id) AS x GROUP BY node_id
), late2 AS (
    SELECT node_id, max(end_us) AS end_us FROM (
        SELECT * FROM late1 UNION ALL SELECT u.above, l.end_us FROM late1 AS l JOIN up1 AS u ON u.node_id = l.node_id) AS x GROUP BY node_id
), late3 AS (
    SELECT node_id, max(end_us) AS end_us FROM (
        SELECT * FROM late2 UNION ALL SELECT u.above, l.end_us FROM late2 AS l JOIN up2 AS u ON u.node_id = l.node_id) AS x GROUP BY node_id
), late4 AS (
    SELECT node_id, max(end_us) AS end_us FROM (
        SELECT * FROM late3 UNION ALL SELECT u.above, l.end_us FROM late3 AS l JOIN up3 AS u ON u.node_id = l.node_id) AS x GROUP BY node_id
), late5 AS (
    SELECT node_id, max(end_us) AS end_us FROM (
        SELECT * FROM late4 UNION ALL SELECT u.above, l.end_us FROM late4 AS l JOIN up4 AS u ON u.node_id = l.node_id) AS x GROUP BY node_id
), late6 AS (
    SELECT node_id, max(end_us) AS end_us FROM (
        SELECT * FROM late5 UNION ALL SELECT u.above, l.end_us FROM late5 AS l JOIN up5 AS u ON u.node_id = l.node_id) AS x GROUP BY node_id
), late7 AS (
    SELECT node_id, max(end_us) AS end_us FROM (
        SELECT * FROM late6 UNION ALL SELECT u.above, l.end_us FROM late6 AS l JOIN up6 AS u ON u.node_id = l.node_id) AS x GROUP BY node_id
), parents AS (
    SELECT n.parent_id AS node_id FROM nodes AS n JOIN depths AS d ON d.node_id = n.node_id WHERE n.parent_id IS NOT NULL GROUP BY n.parent_id
), tree AS (
    SELECT
        n.node_id, n.unit_key, n.parent_id, n.start_us, n.end_us,
        CASE WHEN d.depth > 0 THEN greatest(n.end_us, coalesce(l.end_us, n.end_us)) ELSE n.end_us END AS reach_us,
        CAST(d.depth AS INTEGER) AS depth,
        p.node_id IS NULL AS is_leaf,
        n.loose AND d.depth > 0 AS attached,
        coalesce(w.waits, FALSE) AS waits
    FROM nodes AS n
    JOIN depths AS d ON d.node_id = n.node_id
    LEFT JOIN late7 AS l ON l.node_id = n.node_id
    LEFT JOIN parents AS p ON p.node_id = n.node_id
    LEFT JOIN waiting AS w ON w.node_id = n.node_id
), virtual_units AS (
    SELECT r.virtual_id, r.unit_key, max(p.workload) AS workload
    FROM trace_parts AS p
    JOIN roots AS r ON r.unit_key = p.unit_key AND r.root_id IS NULL
    GROUP BY r.virtual_id, r.unit_key
)
SELECT
    t.node_id, p.unit_key, t.parent_id, p.call_id, p.span_id, p.kind, p.name, p.service, p.workload, t.start_us, t.end_us, t.reach_us,
    t.depth, t.is_leaf, t.attached, t.waits, coalesce(s.shift_us, 0) AS shift_us
FROM trace_parts AS p
JOIN tree AS t ON t.node_id = p.node_id
LEFT JOIN clock_shifts AS s ON s.node_id = p.node_id
UNION ALL
SELECT
    t.node_id, v.unit_key, t.parent_id, CAST(NULL AS BIGINT), CAST(NULL AS STRING), 'virtual', CAST(NULL AS STRING), CAST(NULL AS STRING),
    v.workload, t.start_us, t.end_us, t.reach_us, t.depth, t.is_leaf, t.attached, t.waits, 0
FROM virtual_units AS v
JOIN tree AS t ON t.node_id = v.virtual_id
UNION ALL
SELECT
    p.node_id, p.unit_key, CAST(NULL AS BIGINT), p.call_id, p.span_id, p.kind, p.name, p.service, p.workload, p.start_us, p.end_us, p.end_us,
    0, TRUE, FALSE, FALSE, 0
FROM trace_parts AS p
LEFT JOIN joint AS j ON j.unit_key = p.unit_key
WHERE j.unit_key IS NULL
