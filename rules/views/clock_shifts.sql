/*---
kind = "view"
title = "Spans that another service's clock put outside the span they ran under, and how far to move them"
why = """Each service stamps its spans by its own clock. One that is off puts an answer before its question, or after the end of the span that waited for it, and the difference would pass for time in which nobody worked. \
Spans of one service under one parent are moved together, so that their order and their pauses stay as logged: into the middle of the parent's longest stretch in which nothing else ran, if that holds them, else into the middle of \
the parent; half of what is left is the way there, half the way back, as Jaeger has it. All that ran under them moves along. A job that nobody waits for may outlive its parent; that is no contradiction, and neither is a child that \
lasts longer than its parent."""

[columns]
node_id = "as in trace_parts; nodes that stay where they are logged are not here"
unit_key = "as in outcomes"
shift_us = "microseconds to add to the node's times"

[params.min_off_ms]
default = 50
help = "Machines that keep time by NTP agree within a few milliseconds, and spans are closed late by as much; nothing in a report hangs on less than a twentieth of a second."

[params.min_share]
default = 0.1
help = "Of the parents that one service's spans have in another: where a tenth cannot be true, the others are by chance inside, and those that lie beside other work move too if a stretch without any holds them."

[[example]]
name = "a model call logged ten seconds late by the gateway's clock moves into the request that waited for it, and so does what ran under it"
calls = '''
call_id  trace_id  app      model  span_id  parent_span_id  started_at  duration_s
a        t         gateway  m      sa       in              10.5        2
'''
spans = '''
span_id  trace_id  parent_span_id  kind    name  service  started_at  duration_s
root     t         -               server  POST  shop     0           3
in       t         root            server  in    gateway  10.4        2.2
'''
rows = '''
node_id  unit_key  shift_us
a        a         -10000000
-2       a         -10000000
'''

[[example]]
name = "a search whose clock is two seconds fast: before the answer there is room for it; where it seems to run beside the answer it moves there too"
calls = '''
call_id  trace_id  app   model  span_id  parent_span_id  started_at  duration_s
a        t         shop  m      sa       r1              1           2
b        u         shop  m      sb       r2              1           4
'''
spans = '''
span_id  trace_id  parent_span_id  kind       name    service  started_at  duration_s
r1       t         -               server     POST    shop     0           3
q1       t         r1              retrieval  search  finder   2.2         0.9
r2       u         -               server     POST    shop     0           5
q2       u         r2              retrieval  search  finder   2.2         0.8
'''
rows = '''
unit_key  shift_us
a         -2150000
b         -2100000
'''

[[example]]
name = "a job that outlives its request; work that lasts longer than who asked for it; another service inside its parent; the same service; no service: silent"
calls = '''
call_id  trace_id  app   model  span_id  parent_span_id  started_at  duration_s
a        t         shop  m      sa       r1              1           3
b        u         shop  m      sb       r2              1           1
c        v         w     m      sc       r3              9           1
'''
spans = '''
span_id  trace_id  parent_span_id  kind       name    service  started_at  duration_s
r1       t         -               server     POST    shop     0           5
job      t         r1              other      mail    worker   4           2
ask      t         r1              retrieval  search  finder   0.1         0.5
r2       u         -               server     POST    shop     0           2
long     u         r2              tool       report  worker   1           9
own      u         r2              tool       log     shop     2.5         1
r3       v         -               agent      run     -        0           5
'''
rows = ""
---*/
WITH parents AS (
    SELECT
        unit_key, own_id, max(node_id) AS node_id, max(service) AS service, max(start_us) AS start_us, max(end_us) AS end_us,
        max(CASE WHEN kind = 'http' THEN 1 ELSE 0 END) AS asks
    FROM trace_parts
    WHERE call_id IS NULL AND service IS NOT NULL
    GROUP BY unit_key, own_id
    HAVING count(*) = 1
), edges AS (
    -- A call names no service, but mostly its app is one. Work whose answer is waited for ends before who waits for it.
    SELECT
        c.node_id, c.unit_key, p.node_id AS parent_id, p.service AS parent_service,
        CASE WHEN c.call_id IS NULL THEN c.service ELSE coalesce(a.app, '') END AS service,
        c.start_us, c.end_us, p.start_us AS parent_start_us, p.end_us AS parent_end_us,
        p.asks = 1 OR c.kind IN ('call', 'server', 'tool', 'retrieval', 'db', 'http', 'guardrail') AS answers
    FROM trace_parts AS c
    JOIN parents AS p ON p.unit_key = c.unit_key AND p.own_id = c.up_id AND p.node_id <> c.node_id
    LEFT JOIN calls AS a ON a.call_id = c.call_id
), crossings AS (
    SELECT
        unit_key, parent_id, parent_service, service,
        max(parent_start_us) AS parent_start_us, max(parent_end_us) AS parent_end_us,
        min(start_us) AS start_us, max(end_us) AS end_us, max(CASE WHEN answers THEN end_us END) AS answered_us
    FROM edges
    WHERE service <> parent_service
    GROUP BY unit_key, parent_id, parent_service, service
), judged AS (
    SELECT
        *,
        end_us - start_us <= parent_end_us - parent_start_us AS fits,
        start_us < parent_start_us - $min_off_ms * 1000
            OR coalesce(answered_us > parent_end_us + $min_off_ms * 1000, FALSE) AND end_us - start_us <= parent_end_us - parent_start_us AS impossible
    FROM crossings
), doubted AS (
    SELECT parent_service, service
    FROM judged
    GROUP BY parent_service, service
    HAVING count(*) FILTER (WHERE impossible) > 0 AND count(*) FILTER (WHERE impossible) >= $min_share * count(*)
), suspects AS (
    SELECT j.*
    FROM judged AS j
    LEFT JOIN doubted AS d ON d.parent_service = j.parent_service AND d.service = j.service
    WHERE j.impossible OR j.fits AND d.service IS NOT NULL
), holders AS (
    SELECT parent_id, max(parent_start_us) AS start_us, max(parent_end_us) AS end_us FROM suspects GROUP BY parent_id
), marks AS (
    -- What else ran under the parent, and the parent's end.
    SELECT e.parent_id, e.start_us, e.end_us
    FROM edges AS e
    JOIN holders AS h ON h.parent_id = e.parent_id
    LEFT JOIN suspects AS s ON s.parent_id = e.parent_id AND s.service = e.service
    WHERE s.parent_id IS NULL
    UNION ALL
    SELECT parent_id, end_us, end_us FROM holders
), stretches AS (
    SELECT
        m.parent_id,
        greatest(h.start_us, coalesce(max(m.end_us) OVER (
            PARTITION BY m.parent_id ORDER BY m.start_us, m.end_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), h.start_us)) AS from_us,
        least(m.start_us, h.end_us) AS to_us
    FROM marks AS m
    JOIN holders AS h ON h.parent_id = m.parent_id
), longest AS (
    SELECT parent_id, from_us, to_us
    FROM stretches
    QUALIFY row_number() OVER (PARTITION BY parent_id ORDER BY to_us - from_us DESC, from_us) = 1
), at_rest AS (
    SELECT s.parent_id, s.service
    FROM suspects AS s
    JOIN stretches AS t ON t.parent_id = s.parent_id AND t.from_us <= s.start_us AND s.end_us <= t.to_us
    GROUP BY s.parent_id, s.service
), moves AS (
    SELECT
        s.parent_id, s.service,
        CASE WHEN l.to_us - l.from_us >= s.end_us - s.start_us THEN CAST(floor((l.from_us - s.start_us + l.to_us - s.end_us) / CAST(2 AS DOUBLE)) AS BIGINT)
             WHEN NOT s.impossible THEN 0
             WHEN s.fits THEN CAST(floor((s.parent_start_us - s.start_us + s.parent_end_us - s.end_us) / CAST(2 AS DOUBLE)) AS BIGINT)
             ELSE s.parent_start_us - s.start_us END AS shift_us
    FROM suspects AS s
    JOIN longest AS l ON l.parent_id = s.parent_id
    LEFT JOIN at_rest AS r ON r.parent_id = s.parent_id AND r.service = s.service
    WHERE r.parent_id IS NULL
), moved AS (
    SELECT e.node_id, e.unit_key, m.shift_us
    FROM edges AS e
    JOIN moves AS m ON m.parent_id = e.parent_id AND m.service = e.service AND m.shift_us <> 0
), touched AS (
    SELECT p.node_id, p.unit_key, p.own_id, p.up_id
    FROM trace_parts AS p
    JOIN (SELECT unit_key FROM moved GROUP BY unit_key) AS u ON u.unit_key = p.unit_key
), owners AS (
    SELECT unit_key, own_id, min(node_id) AS node_id FROM touched GROUP BY unit_key, own_id
-- A node moves by what those above it move, and by its own. Every step doubles how far up it has looked: five reach 32 levels.
), up0 AS (
    SELECT t.node_id, t.unit_key, o.node_id AS above, coalesce(m.shift_us, 0) AS shift_us
    FROM touched AS t
    LEFT JOIN owners AS o ON o.unit_key = t.unit_key AND o.own_id = t.up_id AND o.node_id <> t.node_id
    LEFT JOIN moved AS m ON m.node_id = t.node_id
), up1 AS (
    SELECT a.node_id, a.unit_key, b.above, a.shift_us + coalesce(b.shift_us, 0) AS shift_us FROM up0 AS a LEFT JOIN up0 AS b ON b.node_id = a.above
), up2 AS (
    SELECT a.node_id, a.unit_key, b.above, a.shift_us + coalesce(b.shift_us, 0) AS shift_us FROM up1 AS a LEFT JOIN up1 AS b ON b.node_id = a.above
), up3 AS (
    SELECT a.node_id, a.unit_key, b.above, a.shift_us + coalesce(b.shift_us, 0) AS shift_us FROM up2 AS a LEFT JOIN up2 AS b ON b.node_id = a.above
), up4 AS (
    SELECT a.node_id, a.unit_key, b.above, a.shift_us + coalesce(b.shift_us, 0) AS shift_us FROM up3 AS a LEFT JOIN up3 AS b ON b.node_id = a.above
), up5 AS (
    SELECT a.node_id, a.unit_key, a.shift_us + coalesce(b.shift_us, 0) AS shift_us FROM up4 AS a LEFT JOIN up4 AS b ON b.node_id = a.above
)
SELECT node_id, unit_key, shift_us FROM up5 WHERE shift_us <> 0
