/*---
kind = "view"
title = "What each opening prompt shares with earlier ones, and how much of it a prompt cache would have held when it started"
why = "A prefix is worth a cache only while it is alive, only once its first answer has begun, and only where reads pay for the writes."

[columns]
kind = "as_sent: the prompt as it is (shared_forks); without_breakers: as if what differs in every call stood at its end (unbroken_forks)"
call_id = "the call"
shared_tokens = "longest prefix worth a cache marker: what the call would read or write"
read_tokens = "the part of it that an earlier call of the group had written and that was still alive; 0 for the first writer"
position = "block at which the shared prefix ends"
sharers = "calls of the group that have this prefix"
breaker_position = "without_breakers: the first block that differs in every call"
breaker_chars_before = "without_breakers: characters of the prompt that stand before it"

[params.min_reads_per_write]
default = 1.0
help = "Where a write costs extra (1.25 times the input price, 2 times for an hour) each must be read back about once to be safe; break-even is 0.28 or 1.1 reads at a read price of a tenth. Prompts that would be written and never shared count as writes. A cache that fills by itself writes for nothing: any read pays."

[[example]]
name = "the first writes, the next reads; a gap longer than the TTL starts again; a read keeps it alive"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        w         p         m      0           2           2000          0                  8000
b        w         p         m      200         2           2000          0                  8000
c        w         p         m      400         2           2000          0                  8000
d        w         p         m      1000        2           2000          0                  8000
e        w         p         m      1001        2           2000          0                  8000
f        w         p         m      1002        2           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
b        0         s            s           6000   6000
c        0         s            s           6000   6000
d        0         s            s           6000   6000
e        0         s            s           6000   6000
f        0         s            s           6000   6000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
kind     call_id  shared_tokens  read_tokens  sharers
as_sent  a        1500           0            6
as_sent  b        1500           1500         6
as_sent  c        1500           1500         6
as_sent  d        1500           0            6
as_sent  e        1500           0            6
as_sent  f        1500           1500         6
'''

[[example]]
name = "where most prompts would be written and never read, the marker stays before the part that varies"
about = "a and b ask about one document, c to f about one each: a marker after the document would pay five writes for one read."
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        w         p         m      0           2           3000          0                  12000
b        w         p         m      10          2           3000          0                  12000
c        w         p         m      20          2           3000          0                  12000
d        w         p         m      30          2           3000          0                  12000
e        w         p         m      40          2           3000          0                  12000
f        w         p         m      50          2           3000          0                  12000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
a        1         d1           d1          6000   12000
b        0         s            s           6000   6000
b        1         d1           d1          6000   12000
c        0         s            s           6000   6000
c        1         d2           d2          6000   12000
d        0         s            s           6000   6000
d        1         d3           d3          6000   12000
e        0         s            s           6000   6000
e        1         d4           d4          6000   12000
f        0         s            s           6000   6000
f        1         d5           d5          6000   12000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
call_id  shared_tokens  read_tokens
a        1500           0
b        1500           1500
c        1500           1500
d        1500           1500
e        1500           1500
f        1500           1500
'''
---*/
WITH chains AS (
    SELECT 'as_sent' AS kind, call_id, position, chain_hash, tokens, sharers, CAST(NULL AS INTEGER) AS breaker_position, CAST(NULL AS BIGINT) AS breaker_chars_before
    FROM shared_forks
    UNION ALL
    SELECT 'without_breakers', call_id, position, chain_hash, tokens, sharers, breaker_position, breaker_chars_before
    FROM unbroken_forks
), touches AS (
    SELECT
        c.kind, c.call_id, c.position, c.chain_hash, c.tokens, c.sharers, c.breaker_position, c.breaker_chars_before,
        o.prefix_group, o.cache_mode, o.cache_ttl_us, o.template_hash, o.start_us, o.ready_us,
        lag(c.chain_hash) OVER (PARTITION BY c.kind, c.call_id ORDER BY c.position) AS parent_hash,
        lag(o.start_us) OVER (PARTITION BY c.kind, o.prefix_group, c.chain_hash ORDER BY o.start_us, o.call_id) AS touched_us
    FROM chains AS c
    JOIN opening_calls AS o ON o.call_id = c.call_id
), lives AS (
    -- Every call that carries the prefix keeps it alive: a life ends where nobody asks for it during a whole TTL.
    SELECT
        *,
        CAST(sum(CASE WHEN start_us - touched_us <= cache_ttl_us THEN 0 ELSE 1 END)
            OVER (PARTITION BY kind, prefix_group, chain_hash ORDER BY start_us, call_id) AS BIGINT) AS life
    FROM touches
), warmth AS (
    SELECT
        *,
        coalesce(min(ready_us) OVER (PARTITION BY kind, prefix_group, chain_hash, life ORDER BY start_us, call_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) <= start_us, FALSE) AS warm
    FROM lives
), nodes AS (
    SELECT
        kind, prefix_group, chain_hash, parent_hash,
        max(cache_mode) AS cache_mode,
        count(*) AS touches,
        count(*) FILTER (WHERE warm) AS reads,
        CASE WHEN kind = 'as_sent' AND parent_hash IS NULL AND min(template_hash) = max(template_hash) THEN min(template_hash) END AS template_hash
    FROM warmth
    GROUP BY kind, prefix_group, chain_hash, parent_hash
), templates AS (
    SELECT prefix_group, template_hash, count(*) AS calls
    FROM opening_calls
    GROUP BY prefix_group, template_hash
), siblings AS (
    -- Prefixes that follow one parent stand or fall together: a marker is set in code, before anybody knows what will come again.
    SELECT
        n.*,
        sum(n.reads) OVER brothers AS all_reads,
        coalesce(p.touches, t.calls, sum(n.touches) OVER brothers) AS all_calls
    FROM nodes AS n
    LEFT JOIN nodes AS p ON p.kind = n.kind AND p.prefix_group = n.prefix_group AND p.chain_hash = n.parent_hash
    LEFT JOIN templates AS t ON t.prefix_group = n.prefix_group AND t.template_hash = n.template_hash
    WINDOW brothers AS (PARTITION BY n.kind, n.prefix_group, n.parent_hash,
        CASE WHEN n.parent_hash IS NULL AND n.kind = 'as_sent' THEN coalesce(n.template_hash, n.chain_hash) END)
), paths AS (
    SELECT
        w.kind, w.call_id, w.position, w.tokens, w.sharers, w.warm, w.breaker_position, w.breaker_chars_before,
        bool_and(s.all_reads > 0 AND (s.cache_mode = 'automatic' OR s.all_reads >= $min_reads_per_write * (s.all_calls - s.all_reads)))
            OVER (PARTITION BY w.kind, w.call_id ORDER BY w.position) AS pays
    FROM warmth AS w
    JOIN siblings AS s ON s.kind = w.kind AND s.prefix_group = w.prefix_group AND s.chain_hash = w.chain_hash
)
SELECT
    kind,
    call_id,
    max(tokens) AS shared_tokens,
    coalesce(max(tokens) FILTER (WHERE warm), 0) AS read_tokens,
    max(position) AS position,
    min(sharers) AS sharers,
    max(breaker_position) AS breaker_position,
    max(breaker_chars_before) AS breaker_chars_before
FROM paths
WHERE pays
GROUP BY kind, call_id
