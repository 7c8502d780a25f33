/*---
kind = "view"
title = "What each call took of the hours paid for machines of one's own"
why = """A machine costs by the hour, whatever runs on it. While calls run they share its hours: at every moment those in flight take equal parts, so that a call alone pays for all of its time and one of four for a quarter. \
The parts sum to the time in which anything ran; the rest of what was paid is nobody's and stands apart (capacity_use). A call on two capacities, one after the other or side by side, has a row in each."""

[columns]
capacity = "name of the [[capacity]]"
call_id = "a call that ran on it while it was paid for; answers from the gateway's own cache never reached it"
busy_us = "its part of the time in which anything ran, microseconds; NULL where that time is unknown"
capacity_usd = "that part at the capacity's dollars an hour; NULL where the busy time is unknown. Sums to the busy time's dollars to the last digit"

[params.max_untimed_share]
default = 0.01
help = "A call without an end hides busy time. One in a hundred, such as a failure that logs none, moves shares by about as much; with more of them the busy time is not known."

[[example]]
name = "alone, two at once, and a gap that nobody pays for; a moment's call takes nothing"
calls = '''
call_id  deployment  started_at  duration_s
a        d           0           1800
b        d           900         900
c        d           3600        1800
d        d           5400        0
'''
config_capacity = '''
capacity  usd_per_hour  from_us  until_us
pool      4             -        -
'''
config_capacity_calls = '''
capacity  call_id
pool      a
pool      b
pool      c
pool      d
'''
rows = '''
capacity  call_id  busy_us     capacity_usd
pool      a        1350000000  1.5
pool      b        450000000   0.5
pool      c        1800000000  2
pool      d        0           0
'''

[[example]]
name = "only the paid part of a call; one before it has none; an answer from the gateway's cache is no load"
calls = '''
call_id  deployment  started_at  duration_s  gateway_cache_hit
a        d           0           3600        -
b        d           0           60          -
c        d           3000        600         true
'''
config_capacity = '''
capacity  usd_per_hour  from_us           until_us
pool      4             1767573000000000  -
'''
config_capacity_calls = '''
capacity  call_id
pool      a
pool      b
pool      c
'''
rows = '''
capacity  call_id  busy_us     capacity_usd
pool      a        1800000000  2
'''

[[example]]
name = "an unknown end: the busy time is unknown, and so is every share of it"
calls = '''
call_id  deployment  started_at  duration_s
a        d           0           60
b        d           0           -
'''
config_capacity = '''
capacity  usd_per_hour  from_us  until_us
pool      4             -        -
'''
config_capacity_calls = '''
capacity  call_id
pool      a
pool      b
'''
rows = '''
capacity  call_id  busy_us  capacity_usd
pool      a        -        -
pool      b        -        -
'''
---*/
WITH placed AS (
    SELECT
        m.capacity, m.call_id, c.usd_per_hour,
        greatest(k.start_us, coalesce(c.from_us, k.start_us)) AS start_us,
        least(k.end_us, coalesce(c.until_us, k.end_us)) AS end_us
    FROM config_capacity_calls AS m
    JOIN config_capacity AS c ON c.capacity = m.capacity
    JOIN call_clock AS k ON k.call_id = m.call_id
    JOIN calls AS l ON l.call_id = m.call_id
    WHERE k.start_us IS NOT NULL AND l.gateway_cache_hit IS NOT TRUE
        AND (c.until_us IS NULL OR k.start_us < c.until_us)
        AND (c.from_us IS NULL OR k.start_us >= c.from_us OR k.end_us > c.from_us)
), timed AS (
    SELECT capacity FROM placed GROUP BY capacity HAVING count(*) - count(end_us) <= $max_untimed_share * count(*)
), events AS (
    SELECT p.capacity, p.call_id, p.start_us AS at_us, 1 AS step FROM placed AS p JOIN timed AS t ON t.capacity = p.capacity WHERE p.end_us > p.start_us
    UNION ALL
    SELECT p.capacity, p.call_id, p.end_us AS at_us, -1 AS step FROM placed AS p JOIN timed AS t ON t.capacity = p.capacity WHERE p.end_us > p.start_us
), swept AS (
    SELECT
        capacity, call_id, at_us, step,
        sum(step) OVER (PARTITION BY capacity ORDER BY at_us, step, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS in_flight,
        lead(at_us) OVER (PARTITION BY capacity ORDER BY at_us, step, call_id) AS next_us
    FROM events
), metered AS (
    -- What one call in flight has been charged since the first event, before this one: a call's part is the reading at its end minus that at
    -- its start. Nine places of a microsecond, as decimals: the readings do not depend on the order of rows.
    SELECT
        capacity, call_id, step,
        coalesce(sum(CASE WHEN in_flight > 0 AND next_us > at_us
                          THEN CAST(CAST(next_us - at_us AS DOUBLE) / in_flight AS DECIMAL(28, 9)) ELSE CAST(0 AS DECIMAL(28, 9)) END)
            OVER (PARTITION BY capacity ORDER BY at_us, step, call_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS reading
    FROM swept
), shares AS (
    SELECT capacity, call_id, CAST(sum(CASE WHEN step = 1 THEN -reading ELSE reading END) AS DECIMAL(28, 9)) AS busy_us
    FROM metered
    GROUP BY capacity, call_id
), costed AS (
    SELECT
        p.capacity, p.call_id,
        CASE WHEN t.capacity IS NOT NULL AND p.end_us IS NOT NULL THEN coalesce(s.busy_us, CAST(0 AS DECIMAL(28, 9))) END AS busy_us,
        CAST(CAST(s.busy_us AS DOUBLE) * CAST(p.usd_per_hour AS DOUBLE) / 3600000000 AS DECIMAL(38, 12)) AS usd,
        CAST(round(CAST(sum(s.busy_us) OVER (PARTITION BY p.capacity) AS DOUBLE)) * CAST(p.usd_per_hour AS DOUBLE) / 3600000000 AS DECIMAL(38, 12)) AS all_usd,
        row_number() OVER (PARTITION BY p.capacity ORDER BY s.busy_us DESC NULLS LAST, p.call_id) AS by_size
    FROM placed AS p
    LEFT JOIN timed AS t ON t.capacity = p.capacity
    LEFT JOIN shares AS s ON s.capacity = p.capacity AND s.call_id = p.call_id
)
SELECT
    capacity,
    call_id,
    busy_us,
    -- Rounded to twelve places; what that leaves over goes to the call that took most.
    CASE WHEN busy_us IS NOT NULL THEN CAST(coalesce(usd, 0) + CASE WHEN by_size = 1
        THEN coalesce(all_usd - sum(usd) OVER (PARTITION BY capacity), 0) ELSE 0 END AS DECIMAL(38, 12)) END AS capacity_usd
FROM costed
