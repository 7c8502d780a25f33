/*---
kind = "view"
title = "Where opening prompts of one group part ways: the shared prefixes that end at a fork"
why = "Of a prefix that a thousand calls share, only the places count where some of them leave it; so the sharing of millions of blocks fits in a few rows a call."

[columns]
call_id = "the call"
position = "block at which the shared prefix ends"
chain_hash = "what identifies the prefix within its group: the hash of the prompt up to here"
tokens = "tokens from the prompt's start, tool definitions included, to the end of the prefix"
sharers = "calls of the group that have this prefix"

[[example]]
name = "one row where all part, one where two of them part"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  cache_read_tokens  prompt_chars
a        w         p         m      0           2000          0                  8000
b        w         p         m      9           2000          0                  8000
c        w         p         m      19          2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           4000   4000
a        1         ss           s2          2000   6000
a        2         ssd          d           1000   7000
a        3         ssdx         qa          1000   8000
b        0         s            s           4000   4000
b        1         ss           s2          2000   6000
b        2         ssd          d           1000   7000
b        3         ssdy         qb          1000   8000
c        0         s            s           4000   4000
c        1         ss           s2          2000   6000
c        2         sse          e           2000   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
call_id  position  chain_hash  tokens  sharers
a        1         ss          1500    3
a        2         ssd         1750    2
b        1         ss          1500    3
b        2         ssd         1750    2
c        1         ss          1500    3
'''

[[example]]
name = "a long shared prefix is found whole, and a prompt that shares nothing is left out"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  cache_read_tokens  prompt_chars
a        w         p         m      0           2000          0                  8000
b        w         p         m      9           2000          0                  8000
c        w         p         m      19          2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         p0           t0          700    700
a        1         p1           t1          700    1400
a        2         p2           t2          700    2100
a        3         p3           t3          700    2800
a        4         p4           t4          700    3500
a        5         p5           t5          700    4200
a        6         p6           t6          700    4900
a        7         p7           t7          700    5600
a        8         p8           t8          700    6300
a        9         p9           t9          700    7000
a        10        a            qa          1000   8000
b        0         p0           t0          700    700
b        1         p1           t1          700    1400
b        2         p2           t2          700    2100
b        3         p3           t3          700    2800
b        4         p4           t4          700    3500
b        5         p5           t5          700    4200
b        6         p6           t6          700    4900
b        7         p7           t7          700    5600
b        8         p8           t8          700    6300
b        9         p9           t9          700    7000
b        10        b            qb          1000   8000
c        0         c0           c0          8000   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
call_id  position  tokens  sharers
a        9         1750    2
b        9         1750    2
'''
---*/
-- Prompts that share a prefix share each of its blocks, so that every eighth tells how far the others need to be read.
WITH eighths AS (
    SELECT b.call_id, o.prefix_group, b.position, b.prefix_hash
    FROM prompt_blocks AS b
    JOIN opening_calls AS o ON o.call_id = b.call_id
    WHERE b.position % 8 = 0
), landmarks AS (
    SELECT prefix_group, prefix_hash FROM eighths GROUP BY prefix_group, prefix_hash HAVING count(*) >= 2
), reach AS (
    SELECT e.call_id, e.prefix_group, max(e.position) + 8 AS position
    FROM eighths AS e
    JOIN landmarks AS l ON l.prefix_group = e.prefix_group AND l.prefix_hash = e.prefix_hash
    GROUP BY e.call_id, e.prefix_group
), within AS (
    -- All that may be shared: what follows reads this instead of all blocks again.
    SELECT b.call_id, r.prefix_group, b.position, b.prefix_hash, b.cum_chars
    FROM prompt_blocks AS b
    JOIN reach AS r ON r.call_id = b.call_id
    WHERE b.position < r.position
), nodes AS (
    SELECT prefix_group, prefix_hash, count(*) AS sharers, min(call_id) AS one_call, min(position) AS position
    FROM within
    GROUP BY prefix_group, prefix_hash
    HAVING count(*) >= 2
), followed AS (
    SELECT n.prefix_group, b.prefix_hash, max(n.sharers) AS sharers
    FROM nodes AS n
    JOIN within AS b ON b.call_id = n.one_call AND b.position = n.position - 1
    GROUP BY n.prefix_group, b.prefix_hash
), forks AS (
    SELECT n.prefix_group, n.prefix_hash, n.sharers
    FROM nodes AS n
    LEFT JOIN followed AS f ON f.prefix_group = n.prefix_group AND f.prefix_hash = n.prefix_hash
    WHERE f.sharers IS NULL OR f.sharers < n.sharers
)
SELECT
    b.call_id,
    b.position,
    b.prefix_hash AS chain_hash,
    CAST(floor((o.tools_chars + b.cum_chars) * o.tokens_per_char) AS BIGINT) AS tokens,
    f.sharers
FROM within AS b
JOIN opening_calls AS o ON o.call_id = b.call_id
JOIN forks AS f ON f.prefix_group = b.prefix_group AND f.prefix_hash = b.prefix_hash
