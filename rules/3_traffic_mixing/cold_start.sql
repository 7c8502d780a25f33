/*---
title = "Calls after an idle pause wait for a model to load"
why = """A deployment that scales to zero, or swaps models out, makes the first people after a pause wait for the boot: everyone who calls before it is done. \
Other calls on the same deployment show what they would have waited. Until the boot's end nobody is served, so that much of the wait is the boot's, whoever waits; what comes then \
is a queue, and it is the boot's only as far as it would not have been there without one: had the boot taken no time, the same calls would have come and been served at the same pace. \
A vendor's own model is loaded for all who call it, at the vendor and at its clouds: a long first call after a pause is no boot there, and no caller could keep it warm."""
action = "Keep {subject} warm: {slow_pauses} of {pauses} pauses ended in a cold start, up to {largest_ratio} times slower"
fix = "provider_choice"
grade = "measured"
effect = "latency"
needs = ["started_at", "ended_at"]
false_positives = """The first call after a pause may be slow for another reason that comes with pauses: an expired prompt cache (calls are compared by their uncached tokens, where the log has them), a new connection (an excess \
below min_excess_ms is ignored), or a first step that reasons before it answers (calls are compared with those of their workload that reason as much; a log that names neither the step nor its reasoning does not show it)."""

[params.idle_gap_s]
default = 5
help = "Shorter pauses unload nothing. How long a deployment stays loaded is not known, so this, 3, 12, 60 and 180 times this (5 s to 15 min) are tried and the choice is paid for in the correction."

[params.min_ratio]
default = 2.0
help = "A pause ended in a boot if the first call after it was slower than twice the warm median: a boot takes seconds beside a call's ordinary spread. Who comes behind waits for the boot however long their own calls are."

[params.min_excess_ms]
default = 500
help = "A new connection costs a few round trips; a boot costs more."

[params.min_warm]
default = 4
help = "Warm calls of the same workload and size that a median takes; together a deployment needs twice as many."

[params.min_gaps]
default = 2
help = "One slow call after one pause is an anecdote."

[params.alpha]
default = 0.05
help = "Chance of a false alarm over all deployments and all gaps of a log together (Bonferroni)."

[params.max_gateway_slowness]
default = 1.5
help = "Where the other deployments behind the gateway slow down by more than this at the same moment, the gateway stalls and nothing is said about the deployment."

[[example]]
name = "both pauses cost three seconds; the calls that arrive during the boot wait too"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         0.1         60
b        w    d           1           0.1         60
c        w    d           1.5         0.11        60
d        w    d           2           0.1         60
e        w    d           2.5         0.09        60
f        w    d           3           0.1         60
g        w    d           3.5         0.11        60
h        w    d           4           0.1         60
i        w    d           4.5         0.1         60
j        w    d           60          3.6         60
k        w    d           61          2.6         60
l        w    d           63.2        0.4         60
m        w    d           64          0.1         60
n        w    d           64.5        0.1         60
o        w    d           120         3.6         60
p        w    d           124         0.1         60
'''
claims = '''
call_id  subject  waste_ms
j        d        3500
k        d        2500
o        d        3500
'''

[[example]]
name = "a job that never ran at a calm moment waits until the boot's end; who stands behind it would have stood there anyway, and waits three seconds longer"
params = { min_warm = 2 }
calls = '''
call_id  app   deployment  started_at  duration_s  output_tokens
z        w     d           0           0.1         60
a        w     d           0.5         0.1         60
b        w     d           1           0.1         60
c        w     d           1.5         0.11        60
d        w     d           2           0.1         60
j        w     d           60          3.6         60
k        tags  d           60.1        12          2000
l        tags  d           60.2        13          2000
m        tags  d           60.5        14          2000
n        w     d           60.6        15          60
o        w     d           120         3.6         60
p        w     d           124         0.1         60
'''
claims = '''
call_id  subject  waste_ms
j        d        3500
k        d        3400
l        d        3300
m        d        3000
n        d        3000
o        d        3500
'''

[[example]]
name = "a server that falls behind by half a second a call would have done so without the boot: its ten seconds are told, not the queue"
params = { min_warm = 2 }
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           1           60
a        w    d           1.5         1           60
b        w    d           3           1           60
c        w    d           4.5         1           60
d        w    d           6           1           60
j        w    d           60          11          60
k        w    d           60.5        11.5        60
l        w    d           61          12          60
m        w    d           61.5        12.5        60
n        w    d           62          13          60
q        w    d           76          1           60
o        w    d           150         11          60
p        w    d           163         1           60
'''
claims = '''
call_id  subject  waste_ms
j        d        10000
k        d        10000
l        d        10000
m        d        10000
n        d        10000
o        d        10000
'''

[[example]]
name = "a job comes first after each pause and is served at once: who waits behind it waits for no boot"
params = { min_warm = 2 }
calls = '''
call_id  app   deployment  started_at  duration_s  ttft_s  streamed  input_tokens
z        w     d           0           0.3         0.1     true      100
a        w     d           0.5         0.3         0.1     true      100
b        w     d           1           0.3         0.1     true      100
c        w     d           1.5         0.3         0.11    true      100
d        w     d           2           0.3         0.1     true      100
j        tags  d           60          9           0.2     true      9000
k        w     d           60.1        9.2         9       true      100
n        w     d           70          0.3         0.1     true      100
l        tags  d           120         9           0.2     true      9000
m        w     d           120.1       9.2         9       true      100
o        w     d           130         0.3         0.1     true      100
p        tags  d           134         9           0.2     true      9000
'''
claims = ""

[[example]]
name = "the first call of each session is a planner's, or reasons for six seconds: it is compared with its like, of which none is warm"
params = { min_warm = 2 }
calls = '''
call_id  app   deployment  started_at  duration_s  ttft_s  streamed  input_tokens  reasoning_tokens
z        w     d           0           0.5         0.1     true      100           0
a        w     d           1           0.5         0.1     true      100           0
b        w     d           2           0.5         0.1     true      100           0
c        w     d           3           0.5         0.11    true      100           0
e        w     d           4           0.5         0.1     true      100           0
f        plan  d           60          6.5         6.1     true      100           -
g        w     d           67          0.5         0.1     true      100           0
h        plan  d           120         6.5         6.1     true      100           -
i        w     d           127         0.5         0.1     true      100           0
j        w     d           180         6.5         6.1     true      100           600
k        w     d           187         0.5         0.1     true      100           0
l        w     d           240         6.5         6.1     true      100           620
m        w     d           247         0.5         0.1     true      100           0
'''
claims = ""

[[example]]
name = "the same waits of open weights on a host are boots, of a vendor's own model they are not"
params = { min_warm = 2 }
calls = '''
call_id  app  provider  model  deployment  started_at  duration_s
z        w    p         own    d           0           0.1
a        w    p         own    d           1           0.1
b        w    p         own    d           2           0.1
c        w    p         own    d           3           0.11
e        w    p         own    d           4           0.1
f        w    p         own    d           60          3.6
g        w    p         own    d           64          0.1
h        w    p         own    d           120         3.6
i        w    p         own    d           124         0.1
j        w    q         open   o           0           0.1
k        w    q         open   o           1           0.1
l        w    q         open   o           2           0.1
m        w    q         open   o           3           0.11
n        w    q         open   o           4           0.1
q        w    q         open   o           60          3.6
r        w    q         open   o           64          0.1
s        w    q         open   o           120         3.6
t        w    q         open   o           124         0.1
'''
models = '''
provider  model  weights
p         own    vendor/own
q         open   open
'''
claims = '''
call_id  subject  waste_ms
q        o        3500
s        o        3500
'''

[[example]]
name = "one slow call after one pause is an anecdote"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         0.1         60
b        w    d           1           0.1         60
c        w    d           1.5         0.11        60
d        w    d           2           0.1         60
e        w    d           2.5         0.09        60
f        w    d           3           0.1         60
g        w    d           3.5         0.11        60
h        w    d           4           0.1         60
j        w    d           60          3.6         60
m        w    d           64          0.1         60
'''
claims = ""

[[example]]
name = "as slow without a pause: the model is slow, not cold"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         3.1         60
b        w    d           4           0.1         60
c        w    d           4.5         4.1         60
d        w    d           9           0.1         60
e        w    d           9.5         0.09        60
f        w    d           10          2.1         60
g        w    d           12.5        0.11        60
h        w    d           13          3.1         60
i        w    d           17          0.1         60
j        w    d           60          3.6         60
m        w    d           64          0.1         60
o        w    d           120         3.6         60
p        w    d           124         0.1         60
'''
claims = ""

[[example]]
name = "a longer answer after a pause is compared with longer answers"
calls = '''
call_id  app  deployment  started_at  duration_s  output_tokens
z        w    d           0           0.1         60
a        w    d           0.5         0.1         60
b        w    d           1           0.1         60
c        w    d           1.5         0.11        60
d        w    d           2           0.1         60
e        w    d           2.5         0.09        60
f        w    d           3           0.1         60
g        w    d           3.5         0.11        60
h        w    d           4           0.1         60
j        w    d           60          3.6         2000
m        w    d           64          0.1         60
o        w    d           120         3.6         2000
p        w    d           124         0.1         60
'''
claims = ""
---*/
WITH services AS (
    -- A number for each, since sorting and joining by numbers is much cheaper than by names. Of one workload: another one's calls may be slow by themselves.
    -- A vendor's own model is nobody's to boot.
    SELECT s.*, row_number() OVER (ORDER BY s.deployment, s.workload, s.operation, s.model, s.provider) AS service
    FROM (SELECT deployment, workload, operation, provider, model FROM priced_calls GROUP BY deployment, workload, operation, provider, model) AS s
    LEFT JOIN models AS m ON m.provider IS NOT DISTINCT FROM s.provider AND m.model = s.model
    WHERE NOT coalesce(contains(m.weights, '/'), FALSE)
), watched AS (
    SELECT deployment
    FROM concurrency
    WHERE idle_before_us >= $idle_gap_s * 1000000 AND deployment IN (SELECT deployment FROM services)
    GROUP BY deployment
    HAVING count(*) >= $min_gaps
), placed AS (
    SELECT
        c.call_id, c.deployment, c.start_us, c.end_us, c.idle_before_us, c.in_flight,
        -- One number for the deployment and its pause, since joins on one are cheaper than on two.
        CAST(c.deployment_no * 4294967296 + sum(CASE WHEN c.idle_before_us >= $idle_gap_s * 1000000 THEN 1 ELSE 0 END) OVER in_order AS BIGINT) AS pause,
        row_number() OVER in_order AS nth
    FROM concurrency AS c
    WHERE c.deployment IN (SELECT deployment FROM watched)
    WINDOW in_order AS (PARTITION BY c.deployment_no ORDER BY c.start_us, c.call_id ROWS UNBOUNDED PRECEDING)
), crowds AS (
    SELECT deployment, percentile_cont(0.5) WITHIN GROUP (ORDER BY in_flight) AS usual_in_flight FROM placed GROUP BY deployment
), openings AS (
    -- The call that ends each pause, and the log's first: everything about pauses is worked out on these few.
    SELECT call_id, deployment, start_us, end_us, idle_before_us, pause, nth
    FROM placed
    WHERE idle_before_us >= $idle_gap_s * 1000000 OR nth = 1
), measured AS (
    -- What each served call waited for, and calls of its kind: one service, one size.
    SELECT
        p.call_id, p.deployment, p.start_us, p.idle_before_us, p.pause,
        coalesce(p.idle_before_us >= $idle_gap_s * 1000000, FALSE) OR p.nth = 1 AS opens,
        -- Calls that meet no more others than most do: what queues up behind a boot, or in a rush, is no measure of an ordinary wait.
        p.in_flight <= w.usual_in_flight AS calm,
        v.waited_ms,
        -- Sizes stay below 100,000 on either side of zero.
        s.service * 1000000 + v.size AS kind
    FROM placed AS p
    JOIN call_waits AS v ON v.call_id = p.call_id
    JOIN priced_calls AS q ON q.call_id = p.call_id
    JOIN crowds AS w ON w.deployment = p.deployment
    JOIN services AS s
        ON s.deployment = q.deployment AND s.workload = q.workload AND s.operation IS NOT DISTINCT FROM q.operation
        AND s.provider IS NOT DISTINCT FROM q.provider AND s.model IS NOT DISTINCT FROM q.model
    LEFT JOIN (SELECT deployment, window_us FROM gateway_slowness WHERE slowness > $max_gateway_slowness) AS g
        ON g.deployment = p.deployment AND g.window_us = p.start_us - p.start_us % 2000000
    WHERE g.window_us IS NULL
), beside AS (
    -- Each calm call beside the next three calm ones of its kind; a first one after a pause beside those that start after it ended.
    SELECT
        m.deployment, m.idle_before_us, m.waited_ms, m.opens,
        ln(lead(m.waited_ms) OVER by_size) AS log_1st,
        ln(lead(m.waited_ms, 2) OVER by_size) AS log_2nd,
        ln(lead(m.waited_ms, 3) OVER by_size) AS log_3rd,
        coalesce(lead(m.idle_before_us) OVER by_size, 0) AS next_idle_us
    FROM measured AS m
    JOIN openings AS o ON o.pause = m.pause
    WHERE (m.opens OR m.calm) AND (m.opens OR m.start_us >= o.end_us)
    WINDOW by_size AS (PARTITION BY m.kind ORDER BY m.start_us, m.call_id)
), followed AS (
    SELECT
        deployment, opens, idle_before_us, next_idle_us, waited_ms,
        exp((log_1st + coalesce(log_2nd, 0) + coalesce(log_3rd, 0))
            / (1 + CASE WHEN log_2nd IS NULL THEN 0 ELSE 1 END + CASE WHEN log_3rd IS NULL THEN 0 ELSE 1 END)) AS next_waited_ms
    FROM beside
    WHERE log_1st IS NOT NULL
), ladder AS (
    SELECT $idle_gap_s * 1000000 AS pause_us UNION ALL SELECT $idle_gap_s * 3000000 UNION ALL SELECT $idle_gap_s * 12000000
    UNION ALL SELECT $idle_gap_s * 60000000 UNION ALL SELECT $idle_gap_s * 180000000
), falls AS (
    SELECT
        deployment, opens, idle_before_us, next_idle_us,
        waited_ms > $min_ratio * next_waited_ms AND waited_ms - next_waited_ms >= $min_excess_ms AS slower,
        next_waited_ms > $min_ratio * waited_ms AND next_waited_ms - waited_ms >= $min_excess_ms AS faster
    FROM followed
), ordinary AS (
    -- How often a call without a pause before it is that much slower than the next of its kind: what chance, queues and slow moments do here.
    SELECT deployment, CAST(count(*) FILTER (WHERE slower) AS DOUBLE) AS slower, CAST(count(*) AS DOUBLE) AS pairs
    FROM falls
    WHERE NOT opens AND coalesce(next_idle_us, 0) < $idle_gap_s * 1000000
    GROUP BY deployment
), paired AS (
    SELECT
        f.deployment,
        l.pause_us,
        CAST(count(*) AS DOUBLE) AS pairs,
        CAST(count(*) FILTER (WHERE f.slower) AS DOUBLE) AS slower,
        CAST(count(*) FILTER (WHERE f.faster) AS DOUBLE) AS faster
    FROM falls AS f
    JOIN ladder AS l ON f.idle_before_us >= l.pause_us AND f.next_idle_us < l.pause_us
    WHERE f.opens
    GROUP BY f.deployment, l.pause_us
), rated AS (
    -- Two standard deviations and three calls above the share seen, so that a handful of ordinary calls does not make it zero.
    SELECT
        p.*,
        p.slower / p.pairs AS share,
        coalesce(o.slower, 0) / greatest(coalesce(o.pairs, 0), 1) AS seen,
        least((coalesce(o.slower, 0) + 2 * sqrt(coalesce(o.slower, 0)) + 3) / (coalesce(o.pairs, 0) + 3), CAST(0.999 AS DOUBLE)) AS usual
    FROM paired AS p
    LEFT JOIN ordinary AS o ON o.deployment = p.deployment
), signed AS (
    -- Chernoff's bounds, the better of two (each with half of the chance): so many slower ones of all pairs if it were as common as without a pause,
    -- and so many slower ones beside faster ones if each were as likely. Neighbours are compared, so that slow hours and heavy tails do not count.
    SELECT
        deployment, pause_us, slower, share, seen,
        least(
            CASE WHEN share > usual
                 THEN -pairs * (share * ln(share / usual) + CASE WHEN share < 1 THEN (1 - share) * ln((1 - share) / (1 - usual)) ELSE 0 END)
                 ELSE 0 END,
            CASE WHEN slower > faster
                 THEN -(slower + faster) * (ln(2) + slower / (slower + faster) * ln(slower / (slower + faster))
                     + CASE WHEN faster > 0 THEN faster / (slower + faster) * ln(faster / (slower + faster)) ELSE 0 END)
                 ELSE 0 END
        ) AS log_chance
    FROM rated
), chosen AS (
    SELECT deployment, pause_us, slower, share, seen, log_chance, count(*) OVER () AS chances
    FROM signed
    QUALIFY row_number() OVER (PARTITION BY deployment ORDER BY log_chance, pause_us) = 1
), tests AS (
    SELECT CAST(count(*) FILTER (WHERE p.idle_before_us >= l.pause_us) AS DOUBLE) AS gap_tests FROM openings AS p CROSS JOIN ladder AS l
), promising AS (
    -- Where it is worth looking on: so many slow ones that their number tells, or so few pauses that some may stand out by size alone. The
    -- least spread is 0.1, and no call waits e^30 times as long as another.
    SELECT c.*
    FROM chosen AS c
    CROSS JOIN tests AS t
    WHERE (c.slower >= $min_gaps AND exp(c.log_chance) * c.chances <= $alpha / 4)
        OR 0.1 * sqrt(2 * greatest(t.gap_tests, CAST(1 AS DOUBLE)) / $alpha) <= 30
), reopened AS (
    SELECT
        o.*,
        o.idle_before_us >= t.pause_us AS opens,
        sum(CASE WHEN o.idle_before_us >= t.pause_us THEN 1 ELSE 0 END)
            OVER (PARTITION BY o.deployment ORDER BY o.pause ROWS UNBOUNDED PRECEDING) AS gap
    FROM openings AS o
    JOIN promising AS t ON t.deployment = o.deployment
), gap_starts AS (
    SELECT r.deployment, r.pause, r.gap, o.call_id, coalesce(q.first_token_us, o.end_us) AS served_us
    FROM reopened AS r
    JOIN reopened AS o ON o.deployment = r.deployment AND o.gap = r.gap AND (o.opens OR o.nth = 1)
    JOIN priced_calls AS q ON q.call_id = o.call_id
), grouped AS (
    -- The boot is over when the first call is served, by its first token where that is known. The log's first call opens gap 0: how long nothing ran before it is unknown, so it and those behind it are neither warm nor cold.
    SELECT
        m.call_id, m.deployment, m.start_us, m.kind, m.waited_ms, m.calm,
        (o.served_us - m.start_us) / CAST(1000 AS DOUBLE) AS unserved_ms,
        CASE WHEN m.call_id = o.call_id OR m.start_us < o.served_us OR o.served_us IS NULL THEN o.gap ELSE -1 END AS cohort
    FROM measured AS m
    JOIN gap_starts AS o ON o.pause = m.pause
), warm_medians AS (
    SELECT kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_ms) AS warm_ms, count(*) AS warm_calls
    FROM grouped
    WHERE cohort = -1 AND calm
    GROUP BY kind
    HAVING count(*) >= $min_warm
), held AS (
    -- Who stands behind others is held up by a boot until the first of them is served; what it waits then is their queue, however long.
    SELECT
        m.deployment, m.cohort, m.start_us, m.call_id, m.calm, w.warm_ms, w.warm_calls,
        CASE WHEN m.cohort = -1 THEN m.waited_ms ELSE least(m.waited_ms, w.warm_ms + m.unserved_ms) END AS held_ms
    FROM grouped AS m
    JOIN warm_medians AS w ON w.kind = m.kind
), compared AS (
    SELECT
        deployment, cohort, start_us, call_id, calm, warm_calls,
        ln(held_ms / warm_ms) AS log_ratio,
        held_ms > $min_ratio * warm_ms AND held_ms - warm_ms >= $min_excess_ms AS slow
    FROM held
), noises AS (
    -- Spread of a warm call's log ratio, robust and plain; a handful of equal calls must not make it zero.
    SELECT
        deployment,
        greatest(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(log_ratio)), CAST(0.1 AS DOUBLE)) AS robust_sd,
        greatest(sqrt(avg(log_ratio * log_ratio)), CAST(0.1 AS DOUBLE)) AS plain_sd,
        count(*) AS warm_calls
    FROM compared
    WHERE cohort = -1 AND calm
    GROUP BY deployment
    HAVING count(*) >= 2 * $min_warm
), gaps AS (
    -- One row per pause: its first call beside the warm median, in robust and in plain standard deviations.
    SELECT
        f.deployment,
        f.cohort,
        f.slow,
        f.log_ratio / (n.robust_sd * sqrt(1 + 1.57 / f.warm_calls)) AS robust_sds,
        f.log_ratio / (n.plain_sd * sqrt(1 + 1.57 / f.warm_calls)) AS plain_sds
    FROM compared AS f
    JOIN noises AS n ON n.deployment = f.deployment
    WHERE f.cohort > 0
    QUALIFY row_number() OVER (PARTITION BY f.deployment, f.cohort ORDER BY f.start_us, f.call_id) = 1
), judged AS (
    -- beyond_all: further out than any distribution with that spread allows by chance (Cantelli's bound), over every pause and length tried.
    SELECT
        g.deployment,
        g.cohort,
        g.slow,
        g.slow AND g.robust_sds >= sqrt(2 * ln(greatest(t.gap_tests / (2 * $alpha), CAST(2 AS DOUBLE)))) AS stands_out,
        g.slow AND g.plain_sds >= sqrt(2 * greatest(t.gap_tests, CAST(1 AS DOUBLE)) / $alpha) AS beyond_all
    FROM gaps AS g
    CROSS JOIN tests AS t
), cold AS (
    -- Many pauses: the sign test, corrected over deployments and lengths of pause. Few: at least two, each beyond all chance. Half of alpha each.
    SELECT
        j.deployment,
        max(c.pause_us) AS pause_us,
        count(*) AS pauses,
        count(*) FILTER (WHERE j.stands_out OR (j.slow AND c.seen <= $alpha * c.share)) AS slow_pauses,
        -- So rare without a pause that nineteen in twenty slow ones after one are boots: each of them counts then, however short.
        bool_or(c.seen <= $alpha * c.share) AS rare,
        count(*) FILTER (WHERE j.beyond_all) >= $min_gaps AS by_size,
        max(c.slower) >= $min_gaps AND exp(max(c.log_chance)) * max(c.chances) <= $alpha / 4 AS by_count
    FROM judged AS j
    JOIN chosen AS c ON c.deployment = j.deployment
    GROUP BY j.deployment
), boots AS (
    SELECT j.deployment, j.cohort, d.pause_us, d.slow_pauses, d.pauses
    FROM judged AS j
    JOIN cold AS d ON d.deployment = j.deployment
    WHERE (d.by_count AND (j.stands_out OR (j.slow AND d.rare))) OR (d.by_size AND j.beyond_all)
), fastest AS (
    SELECT kind, min(waited_ms) AS fastest_ms FROM grouped WHERE cohort = -1 GROUP BY kind
), waiting AS (
    -- Everyone who came before a boot was over, and when it was their turn: at their first token, less what their kind waits on a calm deployment.
    -- A queue serves in order, so it was no later than the turn of those behind.
    SELECT
        b.deployment, b.cohort, b.pause_us, b.slow_pauses, b.pauses, m.call_id, m.start_us, m.waited_ms, w.warm_ms,
        min(m.start_us + 1000 * (m.waited_ms - w.warm_ms)) OVER behind AS turn_us,
        least(
            first_value(m.start_us + 1000 * (m.waited_ms - coalesce(w.warm_ms, f.fastest_ms, 0))) OVER in_order,
            min(m.start_us + 1000 * m.waited_ms) OVER (PARTITION BY m.deployment, m.cohort)
        ) AS loaded_us
    FROM grouped AS m
    JOIN boots AS b ON b.deployment = m.deployment AND b.cohort = m.cohort
    LEFT JOIN warm_medians AS w ON w.kind = m.kind
    LEFT JOIN fastest AS f ON f.kind = m.kind
    WINDOW in_order AS (PARTITION BY m.deployment, m.cohort ORDER BY m.start_us, m.call_id ROWS UNBOUNDED PRECEDING),
        behind AS (PARTITION BY m.deployment, m.cohort ORDER BY m.start_us, m.call_id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
), drained AS (
    -- How long after the boot's end the queue took to come to them, at least: where nothing tells it of a call, as long as to those before it.
    SELECT
        *,
        greatest(coalesce(max(CASE WHEN warm_ms IS NOT NULL THEN turn_us END) OVER in_order, loaded_us) - loaded_us, 0) AS queue_us
    FROM waiting
    WINDOW in_order AS (PARTITION BY deployment, cohort ORDER BY start_us, call_id ROWS UNBOUNDED PRECEDING)
), delayed AS (
    SELECT *, (loaded_us - max(start_us - queue_us) OVER in_order) / CAST(1000 AS DOUBLE) AS delay_ms
    FROM drained
    WINDOW in_order AS (PARTITION BY deployment, cohort ORDER BY start_us, call_id ROWS UNBOUNDED PRECEDING)
)
SELECT
    c.call_id,
    c.deployment AS subject,
    least(c.delay_ms, c.waited_ms) AS waste_ms,
    c.pause_us / 1000000 AS evidence_pause_s,
    c.slow_pauses AS evidence_slow_pauses,
    c.pauses AS evidence_pauses,
    n.warm_calls AS evidence_warm_calls,
    1 + c.delay_ms / c.warm_ms AS evidence_largest_ratio
FROM delayed AS c
JOIN noises AS n ON n.deployment = c.deployment
WHERE c.delay_ms >= $min_excess_ms
