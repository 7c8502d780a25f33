/*---
title = "Above a number of calls in flight, people wait for a slot"
why = "A deployment serves only so many calls at once. Below that number the first token comes as fast as on an idle one, above it every call waits its turn: the cap for background work, and the point at which to add a deployment."
action = "Cap {subject} below {waiting_from} calls in flight, or give it more capacity: from there on people queue"
fix = "traffic_separation"
grade = "measured"
effect = "latency"
needs = ["first_token_at", "ended_at"]
false_positives = "A provider that slows down by itself keeps calls longer in flight and looks the same; so nothing is said unless waits follow arrivals too, which the provider cannot cause. Calls that reach the deployment past this log are not seen. Where over one in a hundred of its calls has no known end, levels would be too low, and nothing is said."

[params.min_between]
default = 20
help = "Calls within the bracket, its ends included: with fewer, the log jumps over the point that is looked for, and it is not identified."

[params.min_blocks]
default = 5
help = "Half minutes in which a level was seen: waits are alike from one second to the next, so a level seen once says little however many calls it has."

[params.min_effect]
default = 0.1
help = "A tenth above the idle baseline is where a wait begins to matter; a level is clearly above only if its lower bound is."

[params.min_more_arrivals]
default = 1.25
help = "Above the bracket, starts per exposure window must be at least this many times those below it: else the deployment is slow, not full."

[params.alpha]
default = 0.05
help = "Chance of a false alarm over all levels of all deployments (Bonferroni)."

[params.max_gateway_slowness]
default = 1.5
help = "Windows in which the other deployments slow down by more than this are left out."

[[example]]
name = "two slots: from two in flight on, people wait their turn"
calls = '''
call_id  workload  deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
q000     chat      d           m      0           1.0         0.19    true      u         100
q001     chat      d           m      3           1.0         0.22    true      u         100
q002     chat      d           m      6           1.0         0.18    true      u         100
q003     chat      d           m      9           1.0         0.2     true      u         100
q004     chat      d           m      12          1.0         0.18    true      u         100
q005     chat      d           m      15          1.0         0.21    true      u         100
q006     chat      d           m      30.0        1.0         0.21    true      u         100
q007     chat      d           m      30.35       1.0         0.21    true      u         100
q008     chat      d           m      30.7        1.3         0.51    true      u         100
q009     chat      d           m      31.05       1.3         0.49    true      u         100
q010     chat      d           m      31.4        1.6         0.78    true      u         100
q011     chat      d           m      31.75       1.6         0.81    true      u         100
q012     chat      d           m      32.1        1.9         1.08    true      u         100
q013     chat      d           m      32.45       1.9         1.11    true      u         100
q014     chat      d           m      32.8        2.2         1.41    true      u         100
q015     chat      d           m      33.15       2.2         1.42    true      u         100
q016     chat      d           m      60          1.0         0.18    true      u         100
q017     chat      d           m      63          1.0         0.21    true      u         100
q018     chat      d           m      66          1.0         0.2     true      u         100
q019     chat      d           m      69          1.0         0.19    true      u         100
q020     chat      d           m      72          1.0         0.22    true      u         100
q021     chat      d           m      75          1.0         0.18    true      u         100
q022     chat      d           m      90.0        1.0         0.2     true      u         100
q023     chat      d           m      90.35       1.0         0.18    true      u         100
q024     chat      d           m      90.7        1.3         0.48    true      u         100
q025     chat      d           m      91.05       1.3         0.48    true      u         100
q026     chat      d           m      91.4        1.6         0.82    true      u         100
q027     chat      d           m      91.75       1.6         0.78    true      u         100
q028     chat      d           m      92.1        1.9         1.11    true      u         100
q029     chat      d           m      92.45       1.9         1.09    true      u         100
q030     chat      d           m      92.8        2.2         1.41    true      u         100
q031     chat      d           m      93.15       2.2         1.38    true      u         100
q032     chat      d           m      120         1.0         0.22    true      u         100
q033     chat      d           m      123         1.0         0.19    true      u         100
q034     chat      d           m      126         1.0         0.21    true      u         100
q035     chat      d           m      129         1.0         0.21    true      u         100
q036     chat      d           m      132         1.0         0.22    true      u         100
q037     chat      d           m      135         1.0         0.19    true      u         100
q038     chat      d           m      150.0       1.0         0.2     true      u         100
q039     chat      d           m      150.35      1.0         0.19    true      u         100
q040     chat      d           m      150.7       1.3         0.49    true      u         100
q041     chat      d           m      151.05      1.3         0.51    true      u         100
q042     chat      d           m      151.4       1.6         0.8     true      u         100
q043     chat      d           m      151.75      1.6         0.78    true      u         100
q044     chat      d           m      152.1       1.9         1.11    true      u         100
q045     chat      d           m      152.45      1.9         1.12    true      u         100
q046     chat      d           m      152.8       2.2         1.38    true      u         100
q047     chat      d           m      153.15      2.2         1.39    true      u         100
q048     chat      d           m      180         1.0         0.2     true      u         100
q049     chat      d           m      183         1.0         0.18    true      u         100
q050     chat      d           m      186         1.0         0.2     true      u         100
q051     chat      d           m      189         1.0         0.22    true      u         100
q052     chat      d           m      192         1.0         0.21    true      u         100
q053     chat      d           m      195         1.0         0.22    true      u         100
q054     chat      d           m      210.0       1.0         0.19    true      u         100
q055     chat      d           m      210.35      1.0         0.2     true      u         100
q056     chat      d           m      210.7       1.3         0.5     true      u         100
q057     chat      d           m      211.05      1.3         0.52    true      u         100
q058     chat      d           m      211.4       1.6         0.81    true      u         100
q059     chat      d           m      211.75      1.6         0.82    true      u         100
q060     chat      d           m      212.1       1.9         1.11    true      u         100
q061     chat      d           m      212.45      1.9         1.12    true      u         100
q062     chat      d           m      212.8       2.2         1.38    true      u         100
q063     chat      d           m      213.15      2.2         1.41    true      u         100
q064     chat      d           m      240         1.0         0.19    true      u         100
q065     chat      d           m      243         1.0         0.21    true      u         100
q066     chat      d           m      246         1.0         0.21    true      u         100
q067     chat      d           m      249         1.0         0.19    true      u         100
q068     chat      d           m      252         1.0         0.2     true      u         100
q069     chat      d           m      255         1.0         0.22    true      u         100
q070     chat      d           m      270.0       1.0         0.2     true      u         100
q071     chat      d           m      270.35      1.0         0.18    true      u         100
q072     chat      d           m      270.7       1.3         0.51    true      u         100
q073     chat      d           m      271.05      1.3         0.52    true      u         100
q074     chat      d           m      271.4       1.6         0.78    true      u         100
q075     chat      d           m      271.75      1.6         0.79    true      u         100
q076     chat      d           m      272.1       1.9         1.12    true      u         100
q077     chat      d           m      272.45      1.9         1.11    true      u         100
q078     chat      d           m      272.8       2.2         1.4     true      u         100
q079     chat      d           m      273.15      2.2         1.41    true      u         100
q080     chat      d           m      300         1.0         0.18    true      u         100
q081     chat      d           m      303         1.0         0.21    true      u         100
q082     chat      d           m      306         1.0         0.18    true      u         100
q083     chat      d           m      309         1.0         0.2     true      u         100
q084     chat      d           m      312         1.0         0.22    true      u         100
q085     chat      d           m      315         1.0         0.22    true      u         100
q086     chat      d           m      330.0       1.0         0.22    true      u         100
q087     chat      d           m      330.35      1.0         0.21    true      u         100
q088     chat      d           m      330.7       1.3         0.49    true      u         100
q089     chat      d           m      331.05      1.3         0.49    true      u         100
q090     chat      d           m      331.4       1.6         0.82    true      u         100
q091     chat      d           m      331.75      1.6         0.79    true      u         100
q092     chat      d           m      332.1       1.9         1.08    true      u         100
q093     chat      d           m      332.45      1.9         1.09    true      u         100
q094     chat      d           m      332.8       2.2         1.42    true      u         100
q095     chat      d           m      333.15      2.2         1.42    true      u         100
'''
claims = '''
call_id  subject
q008     d
q009     d
q010     d
q011     d
q012     d
q013     d
q014     d
q015     d
q024     d
q025     d
q026     d
q027     d
q028     d
q029     d
q030     d
q031     d
q040     d
q041     d
q042     d
q043     d
q044     d
q045     d
q046     d
q047     d
q056     d
q057     d
q058     d
q059     d
q060     d
q061     d
q062     d
q063     d
q072     d
q073     d
q074     d
q075     d
q076     d
q077     d
q078     d
q079     d
q088     d
q089     d
q090     d
q091     d
q092     d
q093     d
q094     d
q095     d
'''

[[example]]
name = "the same rush with slots enough: nobody waits"
calls = '''
call_id  workload  deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
q000     chat      d           m      0           1.0         0.18    true      u         100
q001     chat      d           m      3           1.0         0.18    true      u         100
q002     chat      d           m      6           1.0         0.18    true      u         100
q003     chat      d           m      9           1.0         0.2     true      u         100
q004     chat      d           m      12          1.0         0.19    true      u         100
q005     chat      d           m      15          1.0         0.2     true      u         100
q006     chat      d           m      30.0        1.0         0.2     true      u         100
q007     chat      d           m      30.35       1.0         0.22    true      u         100
q008     chat      d           m      30.7        1.0         0.19    true      u         100
q009     chat      d           m      31.05       1.0         0.22    true      u         100
q010     chat      d           m      31.4        1.0         0.18    true      u         100
q011     chat      d           m      31.75       1.0         0.22    true      u         100
q012     chat      d           m      32.1        1.0         0.19    true      u         100
q013     chat      d           m      32.45       1.0         0.21    true      u         100
q014     chat      d           m      32.8        1.0         0.21    true      u         100
q015     chat      d           m      33.15       1.0         0.22    true      u         100
q016     chat      d           m      60          1.0         0.2     true      u         100
q017     chat      d           m      63          1.0         0.22    true      u         100
q018     chat      d           m      66          1.0         0.21    true      u         100
q019     chat      d           m      69          1.0         0.22    true      u         100
q020     chat      d           m      72          1.0         0.2     true      u         100
q021     chat      d           m      75          1.0         0.18    true      u         100
q022     chat      d           m      90.0        1.0         0.18    true      u         100
q023     chat      d           m      90.35       1.0         0.2     true      u         100
q024     chat      d           m      90.7        1.0         0.21    true      u         100
q025     chat      d           m      91.05       1.0         0.2     true      u         100
q026     chat      d           m      91.4        1.0         0.21    true      u         100
q027     chat      d           m      91.75       1.0         0.21    true      u         100
q028     chat      d           m      92.1        1.0         0.22    true      u         100
q029     chat      d           m      92.45       1.0         0.19    true      u         100
q030     chat      d           m      92.8        1.0         0.22    true      u         100
q031     chat      d           m      93.15       1.0         0.19    true      u         100
q032     chat      d           m      120         1.0         0.19    true      u         100
q033     chat      d           m      123         1.0         0.19    true      u         100
q034     chat      d           m      126         1.0         0.18    true      u         100
q035     chat      d           m      129         1.0         0.19    true      u         100
q036     chat      d           m      132         1.0         0.2     true      u         100
q037     chat      d           m      135         1.0         0.19    true      u         100
q038     chat      d           m      150.0       1.0         0.19    true      u         100
q039     chat      d           m      150.35      1.0         0.22    true      u         100
q040     chat      d           m      150.7       1.0         0.22    true      u         100
q041     chat      d           m      151.05      1.0         0.2     true      u         100
q042     chat      d           m      151.4       1.0         0.22    true      u         100
q043     chat      d           m      151.75      1.0         0.22    true      u         100
q044     chat      d           m      152.1       1.0         0.19    true      u         100
q045     chat      d           m      152.45      1.0         0.21    true      u         100
q046     chat      d           m      152.8       1.0         0.21    true      u         100
q047     chat      d           m      153.15      1.0         0.22    true      u         100
q048     chat      d           m      180         1.0         0.2     true      u         100
q049     chat      d           m      183         1.0         0.22    true      u         100
q050     chat      d           m      186         1.0         0.2     true      u         100
q051     chat      d           m      189         1.0         0.2     true      u         100
q052     chat      d           m      192         1.0         0.21    true      u         100
q053     chat      d           m      195         1.0         0.19    true      u         100
q054     chat      d           m      210.0       1.0         0.21    true      u         100
q055     chat      d           m      210.35      1.0         0.21    true      u         100
q056     chat      d           m      210.7       1.0         0.22    true      u         100
q057     chat      d           m      211.05      1.0         0.19    true      u         100
q058     chat      d           m      211.4       1.0         0.21    true      u         100
q059     chat      d           m      211.75      1.0         0.2     true      u         100
q060     chat      d           m      212.1       1.0         0.21    true      u         100
q061     chat      d           m      212.45      1.0         0.22    true      u         100
q062     chat      d           m      212.8       1.0         0.22    true      u         100
q063     chat      d           m      213.15      1.0         0.2     true      u         100
q064     chat      d           m      240         1.0         0.21    true      u         100
q065     chat      d           m      243         1.0         0.21    true      u         100
q066     chat      d           m      246         1.0         0.2     true      u         100
q067     chat      d           m      249         1.0         0.22    true      u         100
q068     chat      d           m      252         1.0         0.22    true      u         100
q069     chat      d           m      255         1.0         0.21    true      u         100
q070     chat      d           m      270.0       1.0         0.21    true      u         100
q071     chat      d           m      270.35      1.0         0.19    true      u         100
q072     chat      d           m      270.7       1.0         0.2     true      u         100
q073     chat      d           m      271.05      1.0         0.19    true      u         100
q074     chat      d           m      271.4       1.0         0.22    true      u         100
q075     chat      d           m      271.75      1.0         0.2     true      u         100
q076     chat      d           m      272.1       1.0         0.21    true      u         100
q077     chat      d           m      272.45      1.0         0.2     true      u         100
q078     chat      d           m      272.8       1.0         0.2     true      u         100
q079     chat      d           m      273.15      1.0         0.22    true      u         100
'''
claims = ""
---*/
WITH streams AS (
    SELECT
        t.call_id, t.deployment, t.workload, t.class, t.in_flight, t.ttft_ms, t.baseline_ms,
        t.interactive_arrivals + t.background_starts AS arrivals,
        ln(t.ttft_ms / t.baseline_ms) AS log_ratio,
        t.start_us - t.start_us % 30000000 AS block_us,
        -- Levels grow by a fifth: single numbers up to six, then ranges.
        CAST(floor(4 * log2(t.in_flight + 1)) AS BIGINT) AS level
    FROM ttft_baseline AS t
    WHERE t.baseline_ms > 0 AND t.ttft_ms > 0 AND coalesce(t.slowness, 1) <= $max_gateway_slowness AND t.ends_known
), blocks AS (
    SELECT deployment, level, block_us, avg(log_ratio) AS log_ratio
    FROM streams
    GROUP BY deployment, level, block_us
), means AS (
    SELECT
        deployment, level,
        avg(log_ratio) AS mean_log,
        greatest(stddev_samp(log_ratio), CAST(0.05 AS DOUBLE)) / sqrt(CAST(count(*) AS DOUBLE)) AS se,
        count(*) OVER () AS tested
    FROM blocks
    GROUP BY deployment, level
    HAVING count(*) >= $min_blocks
), judged AS (
    SELECT
        deployment, level,
        mean_log <= ln(1 + $min_effect) AS at_baseline,
        mean_log - se * sqrt(2 * ln(greatest(tested / (2 * $alpha), CAST(2 AS DOUBLE)))) > ln(1 + $min_effect) AS above
    FROM means
), lows AS (
    SELECT deployment, max(level) AS low_level FROM judged WHERE at_baseline GROUP BY deployment
), highs AS (
    -- The lowest level clearly above the baseline beyond which none is back at it.
    SELECT j.deployment, l.low_level, min(j.level) AS high_level
    FROM judged AS j
    JOIN lows AS l ON l.deployment = j.deployment
    WHERE j.above AND j.level > l.low_level
    GROUP BY j.deployment, l.low_level
), ends AS (
    SELECT
        h.deployment, h.high_level,
        -- A level is judged as a whole: the point may lie within the last idle one, or within the first that waits.
        min(CASE WHEN s.level = h.low_level THEN s.in_flight END) AS low_in_flight,
        max(CASE WHEN s.level = h.high_level THEN s.in_flight END) AS high_in_flight,
        avg(CAST(CASE WHEN s.level <= h.low_level THEN s.arrivals END AS DOUBLE)) AS low_arrivals,
        avg(CAST(CASE WHEN s.level >= h.high_level THEN s.arrivals END AS DOUBLE)) AS high_arrivals,
        CAST(count(*) FILTER (WHERE s.class = 'interactive' AND s.level >= h.high_level) AS DOUBLE)
            / CAST(nullif(count(*) FILTER (WHERE s.class = 'interactive'), 0) AS DOUBLE) AS share_above
    FROM highs AS h
    JOIN streams AS s ON s.deployment = h.deployment
    GROUP BY h.deployment, h.low_level, h.high_level
), sides AS (
    -- Slow calls stay longer in flight, so being crowded may be the effect and not the cause. Arrivals are nobody's effect: moments with as
    -- many as above the bracket must be slower than moments with as few as below it, whatever is in flight.
    SELECT e.deployment, s.arrivals >= e.high_arrivals AS busy, s.block_us, avg(s.log_ratio) AS log_ratio
    FROM ends AS e
    JOIN streams AS s ON s.deployment = e.deployment AND (s.arrivals >= e.high_arrivals OR s.arrivals <= e.low_arrivals)
    WHERE e.high_arrivals >= $min_more_arrivals * e.low_arrivals
    GROUP BY e.deployment, s.arrivals >= e.high_arrivals, s.block_us
), side_means AS (
    SELECT
        deployment, busy, avg(log_ratio) AS mean_log,
        power(greatest(stddev_samp(log_ratio), CAST(0.05 AS DOUBLE)), 2) / CAST(count(*) AS DOUBLE) AS error
    FROM sides
    GROUP BY deployment, busy
    HAVING count(*) >= $min_blocks
), driven AS (
    SELECT b.deployment
    FROM side_means AS b
    JOIN side_means AS c ON c.deployment = b.deployment AND b.busy AND NOT c.busy
    CROSS JOIN (SELECT CAST(count(DISTINCT deployment) AS DOUBLE) AS tested FROM means) AS t
    WHERE b.mean_log - c.mean_log - sqrt(b.error + c.error) * sqrt(2 * ln(greatest(t.tested / (2 * $alpha), CAST(2 AS DOUBLE)))) > ln(1 + $min_effect)
), identified AS (
    SELECT e.deployment, e.high_level, e.low_in_flight, e.high_in_flight, e.share_above
    FROM ends AS e
    JOIN driven AS d ON d.deployment = e.deployment
    JOIN streams AS s ON s.deployment = e.deployment AND s.in_flight BETWEEN e.low_in_flight AND e.high_in_flight
    GROUP BY e.deployment, e.high_level, e.low_in_flight, e.high_in_flight, e.share_above
    HAVING count(*) >= $min_between
)
SELECT
    s.call_id,
    s.deployment AS subject,
    s.ttft_ms - s.baseline_ms AS waste_ms,
    i.low_in_flight AS evidence_still_idle_at,
    i.high_in_flight AS evidence_waiting_from,
    i.share_above AS evidence_share_of_interactive_calls_above
FROM streams AS s
JOIN identified AS i ON i.deployment = s.deployment
WHERE s.class = 'interactive' AND s.level >= i.high_level AND s.ttft_ms > s.baseline_ms
