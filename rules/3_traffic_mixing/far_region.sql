/*---
title = "The same model answers from a region or host that is further away"
why = """Distance is in every first token and cannot be tuned away: a round trip across an ocean takes 70 to 250 ms, and a call takes several. It shows as a floor below which no call from there ever comes. The fastest tenth of the \
calls of one workload and size is compared with that of the same model from another region or host, or for callers beside the model, in the same stretches of time; the slower moments of either say nothing about distance and play no part. \
Where each place serves workloads of its own, nothing is said."""
action = "Serve {subject} from {near} instead of {far}: even its fastest calls wait {difference_ms} ms longer there"
fix = "provider_choice"
grade = "measured"
effect = "latency"
needs = ["started_at", "ended_at", "model"]
false_positives = """Two hosts may differ in hardware or quantisation, not in distance: the wait is as real, the reason is another. Data residency may leave no choice. A standby region that only takes the overflow has no \
calls in quiet moments, so that its fastest tenth may hold some queueing."""

[params.min_cell_calls]
default = 10
help = "Calls of one workload, size, route and stretch of time: the fastest tenth of ten lies between the fastest two, which one odd call does not move."

[params.min_blocks]
default = 5
help = "Stretches of time in which both routes were seen: the difference must come back in each, and five differences have a spread."

[params.block_s]
default = 300
help = "Five minutes keep both routes in the same weather. A log of more than 50 of them gets longer ones."

[params.min_effect]
default = 0.1
help = "The lower bound of the difference must exceed a tenth of the nearer floor: less, nobody notices."

[params.min_difference_ms]
default = 20
help = "And this: 20 ms is a round trip of 2,000 km in glass, about the width of a cloud region's neighbourhood."

[params.alpha]
default = 0.05
help = "Chance of a false alarm over all pairs of routes (Bonferroni)."

[[requires]]
sql = "SELECT count(region) + count(endpoint) + count(caller_region) > 0 FROM calls"
reason = "the log tells neither the region nor the address that served a call"
setting = "log the region or the API base that served each call"

[[requires]]
sql = """SELECT coalesce(max(places), 0) < 2 OR coalesce(bool_or(comparable), FALSE) FROM (
    SELECT model, count(*) AS places, count(*) FILTER (WHERE stretches >= $min_blocks) >= 2 AS comparable FROM (
        SELECT provider, model, caller_region, place, count(*) FILTER (WHERE n >= $min_cell_calls) AS stretches FROM (
            SELECT c.provider, c.model, c.caller_region, c.place, count(*) AS n
            FROM (
                SELECT *, coalesce(region, split_part(endpoint, '/', CASE WHEN contains(endpoint, '://') THEN 3 ELSE 1 END)) AS place FROM calls
            ) AS c
            JOIN call_clock AS k ON k.call_id = c.call_id
            CROSS JOIN (SELECT min(start_us) AS first_us, greatest($block_s * 1000000, CAST(ceil((max(start_us) - min(start_us)) / CAST(50 AS DOUBLE)) AS BIGINT))
                AS block_us FROM call_clock) AS s
            WHERE c.status = 'ok' AND c.model IS NOT NULL AND c.place IS NOT NULL AND k.start_us IS NOT NULL
            GROUP BY c.provider, c.model, c.caller_region, c.place, floor((k.start_us - s.first_us) / CAST(s.block_us AS DOUBLE))
        ) AS b GROUP BY provider, model, caller_region, place
    ) AS p GROUP BY provider, model
) AS m"""
reason = "a model is served from several places, but no two of them hold enough calls in the same stretches of time to tell distance from chance"
setting = "give it a longer log, or one of busier hours"

[[example]]
name = "in every stretch of time the fastest calls wait 120 ms longer from across the ocean"
params = { min_cell_calls = 4 }
calls = '''
call_id  app  provider  model  region     started_at  duration_s  ttft_s  input_tokens
c01      w    p         m      eu-west-1  1           3           0.4     100
c02      w    p         m      us-east-1  31          3           0.52    100
c03      w    p         m      eu-west-1  61          3           0.405   100
c04      w    p         m      us-east-1  91          3           0.525   100
c05      w    p         m      eu-west-1  121         3           0.7     100
c06      w    p         m      us-east-1  151         3           0.82    100
c07      w    p         m      eu-west-1  181         3           1.3     100
c08      w    p         m      us-east-1  211         3           1.42    100
c09      w    p         m      eu-west-1  301         3           0.406   100
c10      w    p         m      us-east-1  331         3           0.526   100
c11      w    p         m      eu-west-1  361         3           0.411   100
c12      w    p         m      us-east-1  391         3           0.531   100
c13      w    p         m      eu-west-1  421         3           0.706   100
c14      w    p         m      us-east-1  451         3           0.826   100
c15      w    p         m      eu-west-1  481         3           1.306   100
c16      w    p         m      us-east-1  511         3           1.426   100
c17      w    p         m      eu-west-1  601         3           0.404   100
c18      w    p         m      us-east-1  631         3           0.524   100
c19      w    p         m      eu-west-1  661         3           0.409   100
c20      w    p         m      us-east-1  691         3           0.529   100
c21      w    p         m      eu-west-1  721         3           0.704   100
c22      w    p         m      us-east-1  751         3           0.824   100
c23      w    p         m      eu-west-1  781         3           1.304   100
c24      w    p         m      us-east-1  811         3           1.424   100
c25      w    p         m      eu-west-1  901         3           0.402   100
c26      w    p         m      us-east-1  931         3           0.522   100
c27      w    p         m      eu-west-1  961         3           0.407   100
c28      w    p         m      us-east-1  991         3           0.527   100
c29      w    p         m      eu-west-1  1021        3           0.702   100
c30      w    p         m      us-east-1  1051        3           0.822   100
c31      w    p         m      eu-west-1  1081        3           1.302   100
c32      w    p         m      us-east-1  1111        3           1.422   100
c33      w    p         m      eu-west-1  1201        3           0.4     100
c34      w    p         m      us-east-1  1231        3           0.52    100
c35      w    p         m      eu-west-1  1261        3           0.405   100
c36      w    p         m      us-east-1  1291        3           0.525   100
c37      w    p         m      eu-west-1  1321        3           0.7     100
c38      w    p         m      us-east-1  1351        3           0.82    100
c39      w    p         m      eu-west-1  1381        3           1.3     100
c40      w    p         m      us-east-1  1411        3           1.42    100
'''
claims = '''
call_id  subject  waste_ms
c02      w        120
c04      w        120
c06      w        120
c08      w        120
c10      w        120
c12      w        120
c14      w        120
c16      w        120
c18      w        120
c20      w        120
c22      w        120
c24      w        120
c26      w        120
c28      w        120
c30      w        120
c32      w        120
c34      w        120
c36      w        120
c38      w        120
c40      w        120
'''

[[example]]
name = "callers across the ocean wait 150 ms longer than those beside the model"
params = { min_cell_calls = 4 }
calls = '''
call_id  app  provider  model  region     caller_region  started_at  duration_s  ttft_s  input_tokens
c01      w    p         m      us-east-1  us-east-1      1           3           0.4     100
c02      w    p         m      us-east-1  eu-west-1      31          3           0.55    100
c03      w    p         m      us-east-1  us-east-1      61          3           0.405   100
c04      w    p         m      us-east-1  eu-west-1      91          3           0.555   100
c05      w    p         m      us-east-1  us-east-1      121         3           0.7     100
c06      w    p         m      us-east-1  eu-west-1      151         3           0.85    100
c07      w    p         m      us-east-1  us-east-1      181         3           1.3     100
c08      w    p         m      us-east-1  eu-west-1      211         3           1.45    100
c09      w    p         m      us-east-1  us-east-1      301         3           0.406   100
c10      w    p         m      us-east-1  eu-west-1      331         3           0.556   100
c11      w    p         m      us-east-1  us-east-1      361         3           0.411   100
c12      w    p         m      us-east-1  eu-west-1      391         3           0.561   100
c13      w    p         m      us-east-1  us-east-1      421         3           0.706   100
c14      w    p         m      us-east-1  eu-west-1      451         3           0.856   100
c15      w    p         m      us-east-1  us-east-1      481         3           1.306   100
c16      w    p         m      us-east-1  eu-west-1      511         3           1.456   100
c17      w    p         m      us-east-1  us-east-1      601         3           0.404   100
c18      w    p         m      us-east-1  eu-west-1      631         3           0.554   100
c19      w    p         m      us-east-1  us-east-1      661         3           0.409   100
c20      w    p         m      us-east-1  eu-west-1      691         3           0.559   100
c21      w    p         m      us-east-1  us-east-1      721         3           0.704   100
c22      w    p         m      us-east-1  eu-west-1      751         3           0.854   100
c23      w    p         m      us-east-1  us-east-1      781         3           1.304   100
c24      w    p         m      us-east-1  eu-west-1      811         3           1.454   100
c25      w    p         m      us-east-1  us-east-1      901         3           0.402   100
c26      w    p         m      us-east-1  eu-west-1      931         3           0.552   100
c27      w    p         m      us-east-1  us-east-1      961         3           0.407   100
c28      w    p         m      us-east-1  eu-west-1      991         3           0.557   100
c29      w    p         m      us-east-1  us-east-1      1021        3           0.702   100
c30      w    p         m      us-east-1  eu-west-1      1051        3           0.852   100
c31      w    p         m      us-east-1  us-east-1      1081        3           1.302   100
c32      w    p         m      us-east-1  eu-west-1      1111        3           1.452   100
c33      w    p         m      us-east-1  us-east-1      1201        3           0.4     100
c34      w    p         m      us-east-1  eu-west-1      1231        3           0.55    100
c35      w    p         m      us-east-1  us-east-1      1261        3           0.405   100
c36      w    p         m      us-east-1  eu-west-1      1291        3           0.555   100
c37      w    p         m      us-east-1  us-east-1      1321        3           0.7     100
c38      w    p         m      us-east-1  eu-west-1      1351        3           0.85    100
c39      w    p         m      us-east-1  us-east-1      1381        3           1.3     100
c40      w    p         m      us-east-1  eu-west-1      1411        3           1.45    100
'''
claims = '''
call_id  subject  waste_ms
c02      w        150
c04      w        150
c06      w        150
c08      w        150
c10      w        150
c12      w        150
c14      w        150
c16      w        150
c18      w        150
c20      w        150
c22      w        150
c24      w        150
c26      w        150
c28      w        150
c30      w        150
c32      w        150
c34      w        150
c36      w        150
c38      w        150
c40      w        150
'''

[[example]]
name = "two paths on one host are equally far, however long the calls of one wait; another host is further away than the faster of them"
params = { min_cell_calls = 1, min_blocks = 3 }
calls = '''
call_id  app  provider  model  endpoint                       started_at  duration_s  ttft_s  input_tokens
c1       w    p         m      https://near.example/openai/a  1           3           0.4     100
c2       w    p         m      https://near.example/openai/b  31          3           0.7     100
c3       w    p         m      https://far.example/openai/a   61          3           0.52    100
c4       w    p         m      https://near.example/openai/a  301         3           0.4     100
c5       w    p         m      https://near.example/openai/b  331         3           0.7     100
c6       w    p         m      https://far.example/openai/a   361         3           0.52    100
c7       w    p         m      https://near.example/openai/a  601         3           0.4     100
c8       w    p         m      https://near.example/openai/b  631         3           0.7     100
c9       w    p         m      https://far.example/openai/a   661         3           0.52    100
'''
claims = '''
call_id  subject  waste_ms
c3       w        90
c6       w        90
c9       w        90
'''

[[example]]
name = "another workload, longer prompts and reasoning are no distance"
params = { min_cell_calls = 1, min_blocks = 3 }
calls = '''
call_id  app    provider  model  region     started_at  duration_s  ttft_s  input_tokens  reasoning_tokens
c01      faq    p         m      eu-west-1  1           9           0.4     100           -
c02      legal  p         m      us-east-1  31          9           0.9     100           -
c03      chat   p         m      eu-west-1  61          9           0.4     100           0
c04      chat   p         m      us-east-1  91          9           6.4     100           600
c05      chat   p         m      us-east-1  121         9           0.9     900           0
c06      faq    p         m      eu-west-1  301         9           0.4     100           -
c07      legal  p         m      us-east-1  331         9           0.9     100           -
c08      chat   p         m      eu-west-1  361         9           0.4     100           0
c09      chat   p         m      us-east-1  391         9           6.4     100           600
c10      chat   p         m      us-east-1  421         9           0.9     900           0
c11      faq    p         m      eu-west-1  601         9           0.4     100           -
c12      legal  p         m      us-east-1  631         9           0.9     100           -
c13      chat   p         m      eu-west-1  661         9           0.4     100           0
c14      chat   p         m      us-east-1  691         9           6.4     100           600
c15      chat   p         m      us-east-1  721         9           0.9     900           0
'''
claims = ""

[[example]]
name = "one region queues, but its fastest calls are as fast: busy is not far"
params = { min_cell_calls = 4 }
calls = '''
call_id  app  provider  model  region     started_at  duration_s  ttft_s  input_tokens
c01      w    p         m      eu-west-1  1           3           0.4     100
c02      w    p         m      us-east-1  31          3           0.4     100
c03      w    p         m      eu-west-1  61          3           0.405   100
c04      w    p         m      us-east-1  91          3           0.405   100
c05      w    p         m      eu-west-1  121         3           0.7     100
c06      w    p         m      us-east-1  151         3           1.5     100
c07      w    p         m      eu-west-1  181         3           1.3     100
c08      w    p         m      us-east-1  211         3           2.1     100
c09      w    p         m      eu-west-1  301         3           0.406   100
c10      w    p         m      us-east-1  331         3           0.406   100
c11      w    p         m      eu-west-1  361         3           0.411   100
c12      w    p         m      us-east-1  391         3           0.411   100
c13      w    p         m      eu-west-1  421         3           0.706   100
c14      w    p         m      us-east-1  451         3           1.506   100
c15      w    p         m      eu-west-1  481         3           1.306   100
c16      w    p         m      us-east-1  511         3           2.106   100
c17      w    p         m      eu-west-1  601         3           0.404   100
c18      w    p         m      us-east-1  631         3           0.404   100
c19      w    p         m      eu-west-1  661         3           0.409   100
c20      w    p         m      us-east-1  691         3           0.409   100
c21      w    p         m      eu-west-1  721         3           0.704   100
c22      w    p         m      us-east-1  751         3           1.504   100
c23      w    p         m      eu-west-1  781         3           1.304   100
c24      w    p         m      us-east-1  811         3           2.104   100
c25      w    p         m      eu-west-1  901         3           0.402   100
c26      w    p         m      us-east-1  931         3           0.402   100
c27      w    p         m      eu-west-1  961         3           0.407   100
c28      w    p         m      us-east-1  991         3           0.407   100
c29      w    p         m      eu-west-1  1021        3           0.702   100
c30      w    p         m      us-east-1  1051        3           1.502   100
c31      w    p         m      eu-west-1  1081        3           1.302   100
c32      w    p         m      us-east-1  1111        3           2.102   100
c33      w    p         m      eu-west-1  1201        3           0.4     100
c34      w    p         m      us-east-1  1231        3           0.4     100
c35      w    p         m      eu-west-1  1261        3           0.405   100
c36      w    p         m      us-east-1  1291        3           0.405   100
c37      w    p         m      eu-west-1  1321        3           0.7     100
c38      w    p         m      us-east-1  1351        3           1.5     100
c39      w    p         m      eu-west-1  1381        3           1.3     100
c40      w    p         m      us-east-1  1411        3           2.1     100
'''
claims = ""
---*/
WITH placed AS (
    -- An address without scheme and path: what one host serves is equally far.
    SELECT
        call_id, provider, model, caller_region, region,
        coalesce(region, split_part(endpoint, '/', CASE WHEN contains(endpoint, '://') THEN 3 ELSE 1 END)) AS place
    FROM calls
    WHERE model IS NOT NULL AND coalesce(region, endpoint) IS NOT NULL AND status = 'ok'
), routes AS (
    SELECT
        provider, model, caller_region, place, max(region) AS region,
        row_number() OVER (ORDER BY provider, model, caller_region, place) AS route,
        count(*) OVER (PARTITION BY provider, model) AS routes
    FROM placed
    GROUP BY provider, model, caller_region, place
    HAVING count(*) >= $min_blocks * $min_cell_calls
), span AS (
    SELECT min(start_us) AS first_us, greatest($block_s * 1000000, CAST(ceil((max(start_us) - min(start_us)) / CAST(50 AS DOUBLE)) AS BIGINT)) AS block_us
    FROM priced_calls
), timed AS (
    SELECT
        p.call_id, p.workload, r.route, v.size, p.operation, v.waited_ms,
        (p.start_us - s.first_us - (p.start_us - s.first_us) % s.block_us) / s.block_us AS block
    FROM placed AS c
    JOIN routes AS r
        ON r.routes > 1 AND r.provider IS NOT DISTINCT FROM c.provider AND r.model = c.model AND r.caller_region IS NOT DISTINCT FROM c.caller_region
        AND r.place = c.place
    JOIN priced_calls AS p ON p.call_id = c.call_id
    JOIN call_waits AS v ON v.call_id = c.call_id
    CROSS JOIN span AS s
    WHERE p.start_us IS NOT NULL
), cells AS (
    -- Of one workload: another one's calls may be slow by themselves, by what they ask for and do not log.
    SELECT route, workload, operation, size, block, CAST(count(*) AS DOUBLE) AS n, percentile_cont(0.1) WITHIN GROUP (ORDER BY waited_ms) AS floor_ms
    FROM timed
    GROUP BY route, workload, operation, size, block
    HAVING count(*) >= $min_cell_calls
), rivals AS (
    -- Another place for the same callers, or callers beside the same place.
    SELECT f.route AS far, n.route AS near, f.place AS far_place, n.place AS near_place, f.caller_region AS far_caller, n.caller_region AS near_caller
    FROM routes AS f
    JOIN routes AS n ON n.provider IS NOT DISTINCT FROM f.provider AND n.model = f.model AND n.route <> f.route
    WHERE (n.caller_region IS NOT DISTINCT FROM f.caller_region AND n.place <> f.place)
        OR (n.place = f.place AND lower(n.caller_region) = lower(n.region) AND lower(f.caller_region) <> lower(f.region))
), by_block AS (
    SELECT
        r.far, r.near, b.block,
        sum((b.floor_ms - a.floor_ms) * a.n * b.n / (a.n + b.n)) / sum(a.n * b.n / (a.n + b.n)) AS difference_ms,
        sum(a.floor_ms * a.n * b.n / (a.n + b.n)) / sum(a.n * b.n / (a.n + b.n)) AS near_ms
    FROM rivals AS r
    JOIN cells AS b ON b.route = r.far
    JOIN cells AS a ON a.route = r.near AND a.workload = b.workload AND a.operation IS NOT DISTINCT FROM b.operation AND a.size = b.size AND a.block = b.block
    GROUP BY r.far, r.near, b.block
), pairs AS (
    SELECT
        far, near,
        avg(difference_ms) AS difference_ms,
        avg(near_ms) AS near_ms,
        greatest(stddev_samp(difference_ms), 0.02 * avg(near_ms)) / sqrt(CAST(count(*) AS DOUBLE)) AS error_ms,
        count(*) AS blocks,
        count(*) OVER () AS tested
    FROM by_block
    GROUP BY far, near
    HAVING count(*) >= $min_blocks
), found AS (
    SELECT
        p.*, r.far_place, r.near_place, r.far_caller, r.near_caller,
        row_number() OVER (PARTITION BY p.far ORDER BY p.difference_ms DESC, p.near) AS choice
    FROM pairs AS p
    JOIN rivals AS r ON r.far = p.far AND r.near = p.near
    WHERE p.difference_ms - p.error_ms * sqrt(2 * ln(greatest(p.tested / (2 * $alpha), CAST(2 AS DOUBLE))))
        > greatest($min_effect * p.near_ms, CAST($min_difference_ms AS DOUBLE))
), blamed AS (
    SELECT
        t.call_id, t.workload, least(f.difference_ms, t.waited_ms) AS waste_ms, f.difference_ms, f.blocks,
        CASE WHEN f.far_place = f.near_place THEN concat_ws('', f.far_place, ' for callers in ', f.far_caller) ELSE f.far_place END AS far,
        CASE WHEN f.far_place = f.near_place THEN concat_ws('', 'a region beside them, as ', f.near_place, ' is for callers in ', f.near_caller)
             ELSE f.near_place END AS near
    FROM timed AS t
    JOIN found AS f ON f.far = t.route AND f.choice = 1
), told AS (
    SELECT
        workload, round(avg(difference_ms), 0) AS difference_ms, min(blocks) AS blocks,
        CASE WHEN min(far) = max(far) THEN min(far) ELSE concat_ws('', min(far), ' and others') END AS far,
        CASE WHEN min(near) = max(near) THEN min(near) ELSE concat_ws('', min(near), ' and others') END AS near
    FROM blamed
    GROUP BY workload
)
SELECT
    b.call_id,
    b.workload AS subject,
    b.waste_ms,
    t.far AS evidence_far,
    t.near AS evidence_near,
    t.difference_ms AS evidence_difference_ms,
    t.blocks AS evidence_stretches
FROM blamed AS b
JOIN told AS t ON t.workload = b.workload
