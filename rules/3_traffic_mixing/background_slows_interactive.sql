/*---
title = "People wait longer for the first token while background work is on the same deployment"
why = "Slots, queues and rate limits are shared: a job that starts a few dozen calls makes the next person wait behind them. Giving the job a place of its own costs nothing but its own speed."
action = "Keep background work away from {subject}: it adds {effect_ms} ms to the first token of {exposed_calls} calls"
fix = "traffic_separation"
grade = "measured"
effect = "latency"
needs = ["first_token_at", "ended_at"]
false_positives = "Something else that happens whenever the job runs, on this deployment alone: a slow hour of the provider, longer prompts within a size class. Gateway stalls are controlled for where three deployments or more are behind the gateway."

[params.min_calls]
default = 20
help = "Exposed calls, and as many unexposed ones of the same kind: fewer have no mean worth comparing."

[params.min_alike]
default = 5.0
help = "As in view beside_jobs: unexposed calls of one kind whose mean may speak for any number of exposed ones. Also the exposed calls that a hint takes, where all people of the deployment together are slowed for certain."

[params.min_effect]
default = 0.1
help = "The lower bound of the effect must exceed a tenth of the unexposed wait: less, nobody notices."

[params.min_blocks]
default = 8
help = "An interval from fewer blocks is too narrow; the claim is heuristic then. Where people without any job wait so long that the log holds fewer, what a job adds is not identified, and nothing is claimed: see background_effect_not_identified."

[params.min_episodes]
default = 3
help = "One or two runs of the job may have met a slow moment by chance; the claim is heuristic then."

[params.alpha]
default = 0.05
help = "Share of false alarms among all pairs of an interactive workload and a deployment that are said to be slowed (Benjamini-Hochberg over all that were tested)."

[[example]]
name = "four runs of a job, people wait 0.8 s longer in each"
params = { min_calls = 15 }
calls = '''
call_id  workload      deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
i000     chat          d           m      0           2           0.42    true      u         100
i001     chat          d           m      6           2           0.38    true      u         100
i002     chat          d           m      12          2           0.4     true      u         100
i003     chat          d           m      18.5        2           1.2     true      u         100
i004     chat          d           m      25          2           1.2     true      u         100
i005     chat          d           m      30          2           1.14    true      u         100
i006     chat          d           m      36.5        2           1.14    true      u         100
i007     chat          d           m      42.5        2           1.2     true      u         100
i008     chat          d           m      49          2           0.46    true      u         100
i009     chat          d           m      54          2           0.44    true      u         100
b010     nightly-tags  d           m      18          4           -       -         -         100
b011     nightly-tags  d           m      21          4           -       -         -         100
b012     nightly-tags  d           m      24          4           -       -         -         100
b013     nightly-tags  d           m      27          4           -       -         -         100
b014     nightly-tags  d           m      30          4           -       -         -         100
b015     nightly-tags  d           m      33          4           -       -         -         100
b016     nightly-tags  d           m      36          4           -       -         -         100
b017     nightly-tags  d           m      39          4           -       -         -         100
i018     chat          d           m      60.5        2           0.38    true      u         100
i019     chat          d           m      67          2           0.46    true      u         100
i020     chat          d           m      72          2           0.42    true      u         100
i021     chat          d           m      78          2           0.38    true      u         100
i022     chat          d           m      84          2           1.14    true      u         100
i023     chat          d           m      90          2           1.24    true      u         100
i024     chat          d           m      97          2           1.14    true      u         100
i025     chat          d           m      102.5       2           1.24    true      u         100
i026     chat          d           m      108         2           0.4     true      u         100
i027     chat          d           m      115         2           0.34    true      u         100
b028     nightly-tags  d           m      78          4           -       -         -         100
b029     nightly-tags  d           m      81          4           -       -         -         100
b030     nightly-tags  d           m      84          4           -       -         -         100
b031     nightly-tags  d           m      87          4           -       -         -         100
b032     nightly-tags  d           m      90          4           -       -         -         100
b033     nightly-tags  d           m      93          4           -       -         -         100
b034     nightly-tags  d           m      96          4           -       -         -         100
b035     nightly-tags  d           m      99          4           -       -         -         100
i036     chat          d           m      121         2           0.36    true      u         100
i037     chat          d           m      126.5       2           0.4     true      u         100
i038     chat          d           m      133         2           0.36    true      u         100
i039     chat          d           m      138.5       2           1.16    true      u         100
i040     chat          d           m      145         2           1.16    true      u         100
i041     chat          d           m      150.5       2           1.18    true      u         100
i042     chat          d           m      156         2           1.2     true      u         100
i043     chat          d           m      163         2           1.24    true      u         100
i044     chat          d           m      168         2           0.36    true      u         100
i045     chat          d           m      175         2           0.44    true      u         100
b046     nightly-tags  d           m      138         4           -       -         -         100
b047     nightly-tags  d           m      141         4           -       -         -         100
b048     nightly-tags  d           m      144         4           -       -         -         100
b049     nightly-tags  d           m      147         4           -       -         -         100
b050     nightly-tags  d           m      150         4           -       -         -         100
b051     nightly-tags  d           m      153         4           -       -         -         100
b052     nightly-tags  d           m      156         4           -       -         -         100
b053     nightly-tags  d           m      159         4           -       -         -         100
i054     chat          d           m      180.5       2           0.34    true      u         100
i055     chat          d           m      187         2           0.38    true      u         100
i056     chat          d           m      193         2           0.44    true      u         100
i057     chat          d           m      199         2           1.2     true      u         100
i058     chat          d           m      205         2           1.26    true      u         100
i059     chat          d           m      211         2           1.16    true      u         100
i060     chat          d           m      216.5       2           1.18    true      u         100
i061     chat          d           m      223         2           1.2     true      u         100
i062     chat          d           m      229         2           0.4     true      u         100
i063     chat          d           m      235         2           0.46    true      u         100
b064     nightly-tags  d           m      198         4           -       -         -         100
b065     nightly-tags  d           m      201         4           -       -         -         100
b066     nightly-tags  d           m      204         4           -       -         -         100
b067     nightly-tags  d           m      207         4           -       -         -         100
b068     nightly-tags  d           m      210         4           -       -         -         100
b069     nightly-tags  d           m      213         4           -       -         -         100
b070     nightly-tags  d           m      216         4           -       -         -         100
b071     nightly-tags  d           m      219         4           -       -         -         100
'''
claims = '''
call_id  subject  grade
i003     chat     measured
i004     chat     measured
i005     chat     measured
i006     chat     measured
i007     chat     measured
i022     chat     measured
i023     chat     measured
i024     chat     measured
i025     chat     measured
i039     chat     measured
i040     chat     measured
i041     chat     measured
i042     chat     measured
i043     chat     measured
i057     chat     measured
i058     chat     measured
i059     chat     measured
i060     chat     measured
i061     chat     measured
'''

[[example]]
name = "the same runs, and nobody waits longer"
params = { min_calls = 15 }
calls = '''
call_id  workload      deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
i000     chat          d           m      0           2           0.34    true      u         100
i001     chat          d           m      6           2           0.38    true      u         100
i002     chat          d           m      12          2           0.44    true      u         100
i003     chat          d           m      19          2           0.46    true      u         100
i004     chat          d           m      24.5        2           0.38    true      u         100
i005     chat          d           m      31          2           0.36    true      u         100
i006     chat          d           m      37          2           0.34    true      u         100
i007     chat          d           m      43          2           0.44    true      u         100
i008     chat          d           m      48          2           0.4     true      u         100
i009     chat          d           m      55          2           0.4     true      u         100
b010     nightly-tags  d           m      18          4           -       -         -         100
b011     nightly-tags  d           m      21          4           -       -         -         100
b012     nightly-tags  d           m      24          4           -       -         -         100
b013     nightly-tags  d           m      27          4           -       -         -         100
b014     nightly-tags  d           m      30          4           -       -         -         100
b015     nightly-tags  d           m      33          4           -       -         -         100
b016     nightly-tags  d           m      36          4           -       -         -         100
b017     nightly-tags  d           m      39          4           -       -         -         100
i018     chat          d           m      61          2           0.46    true      u         100
i019     chat          d           m      67          2           0.38    true      u         100
i020     chat          d           m      73          2           0.4     true      u         100
i021     chat          d           m      79          2           0.38    true      u         100
i022     chat          d           m      84          2           0.46    true      u         100
i023     chat          d           m      90          2           0.38    true      u         100
i024     chat          d           m      96.5        2           0.38    true      u         100
i025     chat          d           m      102.5       2           0.4     true      u         100
i026     chat          d           m      109         2           0.36    true      u         100
i027     chat          d           m      115         2           0.36    true      u         100
b028     nightly-tags  d           m      78          4           -       -         -         100
b029     nightly-tags  d           m      81          4           -       -         -         100
b030     nightly-tags  d           m      84          4           -       -         -         100
b031     nightly-tags  d           m      87          4           -       -         -         100
b032     nightly-tags  d           m      90          4           -       -         -         100
b033     nightly-tags  d           m      93          4           -       -         -         100
b034     nightly-tags  d           m      96          4           -       -         -         100
b035     nightly-tags  d           m      99          4           -       -         -         100
i036     chat          d           m      120         2           0.36    true      u         100
i037     chat          d           m      126         2           0.36    true      u         100
i038     chat          d           m      132.5       2           0.36    true      u         100
i039     chat          d           m      138         2           0.42    true      u         100
i040     chat          d           m      145         2           0.38    true      u         100
i041     chat          d           m      151         2           0.44    true      u         100
i042     chat          d           m      157         2           0.36    true      u         100
i043     chat          d           m      162.5       2           0.46    true      u         100
i044     chat          d           m      168.5       2           0.44    true      u         100
i045     chat          d           m      175         2           0.46    true      u         100
b046     nightly-tags  d           m      138         4           -       -         -         100
b047     nightly-tags  d           m      141         4           -       -         -         100
b048     nightly-tags  d           m      144         4           -       -         -         100
b049     nightly-tags  d           m      147         4           -       -         -         100
b050     nightly-tags  d           m      150         4           -       -         -         100
b051     nightly-tags  d           m      153         4           -       -         -         100
b052     nightly-tags  d           m      156         4           -       -         -         100
b053     nightly-tags  d           m      159         4           -       -         -         100
'''
claims = ""

[[example]]
name = "two runs only: a hint, no measurement"
params = { min_calls = 6 }
calls = '''
call_id  workload      deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
i000     chat          d           m      0           2           0.42    true      u         100
i001     chat          d           m      6           2           0.38    true      u         100
i002     chat          d           m      12          2           0.4     true      u         100
i003     chat          d           m      18.5        2           1.2     true      u         100
i004     chat          d           m      25          2           1.2     true      u         100
i005     chat          d           m      30          2           1.14    true      u         100
i006     chat          d           m      36.5        2           1.14    true      u         100
i007     chat          d           m      42.5        2           1.2     true      u         100
i008     chat          d           m      49          2           0.46    true      u         100
i009     chat          d           m      54          2           0.44    true      u         100
b010     nightly-tags  d           m      18          4           -       -         -         100
b011     nightly-tags  d           m      21          4           -       -         -         100
b012     nightly-tags  d           m      24          4           -       -         -         100
b013     nightly-tags  d           m      27          4           -       -         -         100
b014     nightly-tags  d           m      30          4           -       -         -         100
b015     nightly-tags  d           m      33          4           -       -         -         100
b016     nightly-tags  d           m      36          4           -       -         -         100
b017     nightly-tags  d           m      39          4           -       -         -         100
i018     chat          d           m      60.5        2           0.38    true      u         100
i019     chat          d           m      67          2           0.46    true      u         100
i020     chat          d           m      72          2           0.42    true      u         100
i021     chat          d           m      78          2           0.38    true      u         100
i022     chat          d           m      84          2           1.14    true      u         100
i023     chat          d           m      90          2           1.24    true      u         100
i024     chat          d           m      97          2           1.14    true      u         100
i025     chat          d           m      102.5       2           1.24    true      u         100
i026     chat          d           m      108         2           0.4     true      u         100
i027     chat          d           m      115         2           0.34    true      u         100
b028     nightly-tags  d           m      78          4           -       -         -         100
b029     nightly-tags  d           m      81          4           -       -         -         100
b030     nightly-tags  d           m      84          4           -       -         -         100
b031     nightly-tags  d           m      87          4           -       -         -         100
b032     nightly-tags  d           m      90          4           -       -         -         100
b033     nightly-tags  d           m      93          4           -       -         -         100
b034     nightly-tags  d           m      96          4           -       -         -         100
b035     nightly-tags  d           m      99          4           -       -         -         100
'''
claims = '''
call_id  subject  grade
i003     chat     heuristic
i004     chat     heuristic
i005     chat     heuristic
i006     chat     heuristic
i007     chat     heuristic
i022     chat     heuristic
i023     chat     heuristic
i024     chat     heuristic
i025     chat     heuristic
'''
---*/
WITH compared AS (
    -- Each workload on a deployment, and ('') all people of the deployment: they stand in one queue, though the calls of one workload may be too few.
    -- A kind weighs by its exposed calls, since it is their wait that is told; where few unexposed calls speak for them, by so much less.
    SELECT
        deployment, coalesce(workload, '') AS workload,
        max(log_us) AS log_us,
        count(DISTINCT workload) AS workloads,
        CAST(count(*) FILTER (WHERE exposed) AS DOUBLE) AS exposed_calls,
        CAST(count(*) FILTER (WHERE NOT exposed) AS DOUBLE) AS unexposed_calls,
        sum(CASE WHEN exposed THEN speaks * (ttft_ms - unexposed_ms) END) / sum(CASE WHEN exposed THEN speaks END) AS effect_ms,
        sum(CASE WHEN exposed THEN speaks * unexposed_ms END) / sum(CASE WHEN exposed THEN speaks END) AS unexposed_ms,
        sum(CASE WHEN exposed THEN speaks * (ln(ttft_ms) - unexposed_log) END) / sum(CASE WHEN exposed THEN speaks END) AS log_ratio
    FROM beside_jobs
    GROUP BY GROUPING SETS ((deployment, workload), (deployment))
), tried AS (
    -- Two bounds each: one on the mean, which a few endless waits make uncertain, one on the typical ratio, which they do not. Where people by themselves
    -- wait so long that a log holds fewer than min_blocks moments of their queue, what a job adds to it is not identified.
    SELECT c.*, 2 * count(*) OVER () AS tested
    FROM compared AS c
    WHERE c.exposed_calls >= $min_calls AND c.unexposed_calls >= $min_calls AND (c.workload <> '' OR c.workloads > 1)
        AND 2000 * c.unexposed_ms * $min_blocks <= c.log_us
), pairs AS (
    -- What may be told: a workload that is tried by itself, or with all people of its deployment.
    SELECT DISTINCT c.deployment, c.workload, c.exposed_calls, c.unexposed_calls, c.effect_ms, c.unexposed_ms
    FROM compared AS c
    JOIN tried AS t ON t.deployment = c.deployment AND t.workload IN (c.workload, '')
    WHERE c.workload <> '' AND c.exposed_calls >= $min_alike AND c.unexposed_calls >= $min_calls
), cells AS (
    -- Only pairs that could still fire are drawn again; all of them count as tested.
    SELECT
        m.deployment, m.workload, m.stratum, m.block,
        CAST(count(*) FILTER (WHERE m.exposed) AS DOUBLE) AS n1,
        CAST(count(*) FILTER (WHERE NOT m.exposed) AS DOUBLE) AS n0,
        sum(CASE WHEN m.exposed THEN m.ttft_ms ELSE 0 END) AS s1,
        sum(CASE WHEN m.exposed THEN 0 ELSE m.ttft_ms END) AS s0,
        sum(CASE WHEN m.exposed THEN ln(m.ttft_ms) ELSE 0 END) AS l1,
        sum(CASE WHEN m.exposed THEN 0 ELSE ln(m.ttft_ms) END) AS l0
    FROM beside_jobs AS m
    JOIN (SELECT DISTINCT deployment FROM tried WHERE effect_ms > $min_effect * unexposed_ms) AS p ON p.deployment = m.deployment
    GROUP BY m.deployment, m.workload, m.stratum, m.block
), digits AS (
    SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
), draws AS (
    SELECT CAST(a.d + 10 * b.d + 100 * c.d AS BIGINT) AS draw FROM digits AS a CROSS JOIN digits AS b CROSS JOIN digits AS c WHERE c.d < 2
), seeds AS (
    SELECT b.block, w.draw, (b.block * 1000003 + w.draw * 7919 + 17) % 2147483647 AS seed
    FROM (SELECT DISTINCT CAST(block AS BIGINT) AS block FROM cells) AS b
    CROSS JOIN draws AS w
), stirred AS (
    -- A generator in integers, so that every engine draws alike: squares modulo a prime, twice.
    SELECT block, draw, ((seed * seed + 12345) % 2147483647 * ((seed * seed + 12345) % 2147483647) + draw) % 2147483647 / CAST(2147483647 AS DOUBLE) AS u
    FROM seeds
), weights AS (
    -- How often the block is drawn: Poisson with mean one, the bootstrap of whole blocks.
    SELECT
        block, draw,
        CAST(CASE WHEN u < 0.36788 THEN 0 WHEN u < 0.73576 THEN 1 WHEN u < 0.91970 THEN 2 WHEN u < 0.98101 THEN 3 ELSE 4 END AS DOUBLE) AS weight
    FROM stirred
), redrawn AS (
    SELECT
        c.deployment, c.workload, c.stratum, w.draw,
        sum(w.weight * c.n1) AS n1, sum(w.weight * c.n0) AS n0, sum(w.weight * c.s1) AS s1, sum(w.weight * c.s0) AS s0,
        sum(w.weight * c.l1) AS l1, sum(w.weight * c.l0) AS l0
    FROM cells AS c
    JOIN weights AS w ON w.block = CAST(c.block AS BIGINT)
    GROUP BY c.deployment, c.workload, c.stratum, w.draw
), effects AS (
    SELECT
        deployment, coalesce(workload, '') AS workload, draw,
        sum(n1 * least(n0 / $min_alike, 1) * (s1 / n1 - (1 + $min_effect) * s0 / n0)) / sum(n1 * least(n0 / $min_alike, 1)) AS beyond_ms,
        sum(n1 * least(n0 / $min_alike, 1) * (l1 / n1 - l0 / n0)) / sum(n1 * least(n0 / $min_alike, 1)) AS log_ratio
    FROM redrawn
    WHERE n1 > 0 AND n0 > 0
    GROUP BY GROUPING SETS ((deployment, workload, draw), (deployment, draw))
), spread AS (
    -- Where all waits are alike there is no error, and nothing to divide by: a picosecond stands for it.
    SELECT deployment, workload, greatest(stddev_samp(beyond_ms), 1e-9) AS se, greatest(stddev_samp(log_ratio), 1e-9) AS log_se, count(*) AS draws
    FROM effects
    GROUP BY deployment, workload
), blocks AS (
    SELECT deployment, coalesce(workload, '') AS workload, count(DISTINCT block) AS blocks
    FROM cells
    GROUP BY GROUPING SETS ((deployment, workload), (deployment))
), episodes AS (
    SELECT deployment, coalesce(workload, '') AS workload, count(DISTINCT background_episode) AS episodes
    FROM beside_jobs
    WHERE exposed
    GROUP BY GROUPING SETS ((deployment, workload), (deployment))
), scored AS (
    -- How many of its standard errors a pair lies above the floor, by the better of its two bounds. Of 200 draws a few may miss all exposed blocks of a
    -- short log; where many do there is no interval.
    SELECT
        p.*, s.se, s.log_se,
        greatest((p.effect_ms - $min_effect * p.unexposed_ms) / s.se, (p.log_ratio - ln(1 + $min_effect)) / s.log_se) AS score
    FROM tried AS p
    JOIN spread AS s ON s.deployment = p.deployment AND s.workload = p.workload
    WHERE s.draws >= 100 AND p.effect_ms > $min_effect * p.unexposed_ms
), ranked AS (
    -- Benjamini and Hochberg: the best k pairs fire if the last of them would at k times the chance that it would have to itself.
    SELECT *, sqrt(-2 * ln($alpha * row_number() OVER (ORDER BY score DESC, deployment, workload) / tested)) AS t
    FROM scored
), quantiles AS (
    -- The normal quantile of that chance, within 0.0005 (Abramowitz and Stegun, 26.2.23).
    SELECT *, t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t) AS z
    FROM ranked
), slowed AS (
    -- The bounds hold at once for all that fire, at the quantile of the last of them.
    SELECT
        q.deployment, q.workload, q.exposed_calls, q.effect_ms, q.unexposed_ms, b.blocks, e.episodes,
        greatest(q.effect_ms - q.se * f.z, least(q.effect_ms, q.unexposed_ms * (exp(q.log_ratio - q.log_se * f.z) - 1))) AS lower_ms
    FROM quantiles AS q
    JOIN (SELECT min(z) AS z FROM quantiles WHERE score >= z) AS f ON q.score >= f.z
    JOIN blocks AS b ON b.deployment = q.deployment AND b.workload = q.workload
    JOIN episodes AS e ON e.deployment = q.deployment AND e.workload = q.workload
), firing AS (
    -- Where a deployment is slowed for certain, a workload of it that waits longer is told though its own calls do not prove it: a hint.
    SELECT
        p.deployment, p.workload, p.exposed_calls, p.effect_ms, p.unexposed_ms,
        coalesce(o.blocks, d.blocks) AS blocks,
        coalesce(o.episodes, d.episodes) AS episodes,
        coalesce(o.lower_ms, least(p.effect_ms, p.unexposed_ms * d.lower_ms / d.unexposed_ms)) AS lower_ms,
        CASE WHEN o.blocks >= $min_blocks AND o.episodes >= $min_episodes THEN 'measured' ELSE 'heuristic' END AS grade
    FROM pairs AS p
    LEFT JOIN slowed AS o ON o.deployment = p.deployment AND o.workload = p.workload
    LEFT JOIN slowed AS d ON d.deployment = p.deployment AND d.workload = ''
    WHERE o.workload IS NOT NULL OR d.workload IS NOT NULL AND p.effect_ms > $min_effect * p.unexposed_ms
), told AS (
    -- A finding speaks of a workload on all deployments where it is slowed, so that effect times calls is what is claimed.
    SELECT
        workload,
        sum(exposed_calls * effect_ms) / sum(exposed_calls) AS effect_ms,
        sum(exposed_calls * lower_ms) / sum(exposed_calls) AS lower_ms,
        sum(exposed_calls * unexposed_ms) / sum(exposed_calls) AS unexposed_ms,
        sum(exposed_calls) AS exposed_calls,
        min(episodes) AS episodes,
        min(blocks) AS blocks
    FROM firing
    GROUP BY workload
), claimed AS (
    SELECT
        m.call_id, m.deployment, m.workload,
        greatest(m.ttft_ms - m.unexposed_ms, 0) AS excess_ms,
        sum(greatest(m.ttft_ms - m.unexposed_ms, 0)) OVER (PARTITION BY m.deployment, m.workload) AS all_excess_ms
    FROM beside_jobs AS m
    WHERE m.exposed
)
SELECT
    c.call_id,
    c.workload AS subject,
    f.grade,
    c.excess_ms * f.exposed_calls * f.effect_ms / c.all_excess_ms AS waste_ms,
    round(t.effect_ms, 6) AS evidence_effect_ms,
    round(t.lower_ms, 6) AS evidence_lower_bound_ms,
    round(t.unexposed_ms, 6) AS evidence_unexposed_ms,
    t.exposed_calls AS evidence_exposed_calls,
    t.episodes AS evidence_episodes,
    t.blocks AS evidence_blocks
FROM claimed AS c
JOIN firing AS f ON f.deployment = c.deployment AND f.workload = c.workload
JOIN told AS t ON t.workload = c.workload
WHERE c.excess_ms > 0
