/*---
title = "Prompt cache writes that nobody reads"
why = """Where a cache is asked for with a marker, a write costs a quarter more than plain input (double for an hour), and pays only when a later call reads it within its life time. A marker behind the part that \
changes, or on traffic that is too thin, buys nothing. A write counts as read when a later call with the same system message (or, where that is unknown, of the same workload) on the same model reads more from the \
cache than the writer itself could, before the life time is over."""
action = "{subject}: take the cache marker away, or move it before the part that changes: {unread_writes} of {writes} writes were never read"
fix = "caching"
grade = "structural"
effect = "spend"
needs = ["cache_read_tokens", "models"]
false_positives = """The last turn of every conversation writes what nobody reads, and a quiet hour breaks a cache that pays in busy ones. So the rule looks at all writes of one kind (openings, or what is added to what was \
read) of a workload and model, and claims only where the reads among them do not repay the writes. Writes whose life time goes on after the log's end are left alone: their reader may be in tomorrow's log. A system message that \
several workloads share makes one of them look like the other's reader, which errs on the safe side."""

[params.reads_to_repay]
default = 0.28
help = "Break-even: a five-minute write costs 0.25 input prices extra and a read saves 0.9 of one. For the one-hour life time it is 1.1; the lower figure errs on the safe side."

[params.short_life_s]
default = 300
help = "Life time of a five-minute write; a model whose cache lives longer is given the long one."

[params.long_life_s]
default = 3600
help = "Life time of a one-hour write."

[params.slack_s]
default = 30
help = "A life time begins when the prompt has been read, not when the call starts; half a minute covers it."

[params.min_writes]
default = 10
help = "With fewer writes a reader may merely not have come yet."

[[requires]]
sql = "SELECT count(*) = 0 OR count(cache_write_5m_tokens) + count(cache_write_1h_tokens) > 0 FROM calls"
reason = "the log does not say what was written to a prompt cache"
setting = "log the usage object with cache_creation_input_tokens"

[[example]]
name = "a marker behind the question: each call writes, none reads"
params = { min_writes = 3 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  cache_write_5m_tokens
a        ask       p         m      0           2           2000          0                  1900
b        ask       p         m      60          2           2000          0                  1900
c        ask       p         m      120         2           2000          0                  1900
z        ask       p         m      900         2           2000          0                  0
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
claims = '''
call_id  subject  grade       fix      drop_cache_write
a        ask      structural  caching  true
b        ask      structural  caching  true
c        ask      structural  caching  true
'''

[[example]]
name = "a second marker behind the question: the handbook is read by all, what is added to it by nobody"
params = { min_writes = 3 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  cache_write_5m_tokens
a        ask       p         m      0           2           4000          0                  3900
b        ask       p         m      60          2           4000          3000               900
c        ask       p         m      120         2           4000          3000               900
d        ask       p         m      180         2           4000          3000               900
z        ask       p         m      900         2           4000          0                  0
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
claims = '''
call_id  drop_cache_write
b        true
c        true
d        true
'''

[[example]]
name = "read back by the next turn; the last turn of a chat; a quiet hour in a cache that pays; within its first life time; a cache that fills by itself: silent"
params = { min_writes = 2 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  cache_write_5m_tokens
a1       chat      p         m      0           2           2000          0                  2000
a2       chat      p         m      60          2           2500          2000               500
a3       chat      p         m      120         2           3000          2500               500
a4       chat      p         m      180         2           3500          3000               500
b1       handbook  p         m      0           2           4000          0                  3000
b2       handbook  p         m      60          2           4000          3000               0
b3       handbook  p         m      120         2           4000          3000               0
b4       handbook  p         m      4000        2           4000          0                  3000
b5       handbook  p         m      8000        2           4000          0                  3000
c1       fresh     p         m      9890        2           4000          0                  3000
c2       fresh     p         m      9895        2           4000          0                  3000
d1       own       q         n      0           2           4000          0                  3000
d2       own       q         n      400         2           4000          0                  3000
z        end       p         m      9900        2           10            0                  0
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
q         n      automatic   1024              300
'''
claims = ""
---*/
WITH writers AS (
    -- Cheap sieve: most workloads ask for no cache.
    SELECT workload, provider, model
    FROM priced_calls
    WHERE cache_write_5m_tokens + cache_write_1h_tokens > 0
    GROUP BY workload, provider, model
), span AS (
    SELECT max(start_us) AS last_us FROM priced_calls
), cached AS (
    SELECT
        p.call_id, p.workload, p.provider, p.model, p.start_us, c.system_hash,
        CASE WHEN c.system_hash IS NULL THEN p.workload END AS only_workload,
        p.cache_read_tokens AS read_tokens,
        p.cache_write_5m_tokens + p.cache_write_1h_tokens AS written_tokens,
        p.cache_write_1h_tokens > 0 OR m.cache_ttl_s > $short_life_s AS lives_long
    FROM priced_calls AS p
    JOIN calls AS c ON c.call_id = p.call_id
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM p.provider AND m.model = p.model
    JOIN writers AS w ON w.workload = p.workload AND w.provider IS NOT DISTINCT FROM p.provider AND w.model = p.model
    WHERE m.cache_mode = 'explicit' AND m.cache_ttl_s IS NOT NULL AND p.start_us IS NOT NULL AND c.cache_read_tokens IS NOT NULL
), followed AS (
    SELECT
        *,
        max(read_tokens) OVER (PARTITION BY provider, model, system_hash, only_workload ORDER BY start_us
            RANGE BETWEEN 1 FOLLOWING AND ($short_life_s + $slack_s) * CAST(1000000 AS BIGINT) FOLLOWING) AS soon_read,
        max(read_tokens) OVER (PARTITION BY provider, model, system_hash, only_workload ORDER BY start_us
            RANGE BETWEEN 1 FOLLOWING AND ($long_life_s + $slack_s) * CAST(1000000 AS BIGINT) FOLLOWING) AS later_read
    FROM cached
), writes AS (
    SELECT
        f.call_id, f.workload, f.provider, f.model, f.written_tokens,
        f.read_tokens > 0 AS adds,
        coalesce(CASE WHEN f.lives_long THEN f.later_read ELSE f.soon_read END, 0) > f.read_tokens AS read_back,
        f.start_us + (CASE WHEN f.lives_long THEN $long_life_s ELSE $short_life_s END + $slack_s) * 1000000 > s.last_us AS still_alive
    FROM followed AS f
    CROSS JOIN span AS s
    WHERE f.written_tokens > 0
), reads AS (
    SELECT workload, provider, model, sum(read_tokens) AS read_tokens FROM cached GROUP BY workload, provider, model
), judged AS (
    -- What openings write is read by whoever reads at all; what is added to a read is repaid only by those who read it back.
    SELECT w.workload, w.provider, w.model, w.adds, count(*) AS writes
    FROM writes AS w
    JOIN reads AS r ON r.workload = w.workload AND r.provider IS NOT DISTINCT FROM w.provider AND r.model = w.model
    GROUP BY w.workload, w.provider, w.model, w.adds
    HAVING count(*) >= $min_writes
       AND coalesce(sum(w.written_tokens) FILTER (WHERE w.read_back), 0) < $reads_to_repay * sum(w.written_tokens)
       AND (w.adds OR max(r.read_tokens) < $reads_to_repay * sum(w.written_tokens))
), claimed AS (
    SELECT w.call_id, w.workload, w.written_tokens
    FROM writes AS w
    JOIN judged AS j ON j.workload = w.workload AND j.provider IS NOT DISTINCT FROM w.provider AND j.model = w.model AND j.adds = w.adds
    WHERE NOT w.read_back AND NOT w.still_alive
), all_writes AS (
    SELECT workload, CAST(sum(writes) AS BIGINT) AS writes FROM judged GROUP BY workload
), told AS (
    SELECT workload, count(*) AS unread, CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY written_tokens) AS BIGINT) AS tokens
    FROM claimed
    GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    TRUE AS drop_cache_write,
    t.unread AS evidence_unread_writes,
    a.writes AS evidence_writes,
    t.tokens AS evidence_median_written_tokens
FROM claimed AS c
JOIN told AS t ON t.workload = c.workload
JOIN all_writes AS a ON a.workload = c.workload
