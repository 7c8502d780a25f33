/*---
kind = "view"
title = "The same forks as if short stretches that differ in every call stood at the prompt's end"
why = "A stamp near the top hides that everything after it is equal. Leaving it out shows what a cache would hold if it were moved."

[columns]
call_id = "the call"
position = "block at which the shared prefix ends"
chain_hash = "what identifies the prefix within its group: its text without the stretches that move"
tokens = "tokens of the prefix, tool definitions included, what moves to the end not counted"
sharers = "calls of the group that have this prefix"
breaker_position = "the first block that differs in every call"
breaker_chars_before = "characters of the prompt that stand before it"

[params.min_stable_calls]
default = 3
help = "A block in two calls may be two stamps of the same second; in three it is text."

[params.min_stable_share]
default = 0.02
help = "In much traffic also three calls fall into one second; text that one call in fifty carries is a variant of the prompt, anything rarer is data."

[params.max_breaker_chars]
default = 512
help = "A stamp, an id, a name and a greeting fit in two blocks of 256 characters; a longer stretch that differs is what the call is about, and nobody moves that for a cache."

[[example]]
name = "without its stamp, the rest of the prompt is one shared prefix; a long stretch that differs is no stamp"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  cache_read_tokens  prompt_chars
a        w         p         m      0           2000          0                  8000
b        w         p         m      9           2000          0                  8000
c        w         p         m      19          2000          0                  8000
d        w         p         m      29          2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         a0           t1          100    100
a        1         a1           s           6000   6100
a        2         a2           q1          1900   8000
b        0         b0           t2          100    100
b        1         b1           s           6000   6100
b        2         b2           q2          1900   8000
c        0         c0           t3          100    100
c        1         c1           s           6000   6100
c        2         c2           q3          1900   8000
d        0         d0           document    2000   2000
d        1         d1           s           6000   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
call_id  position  tokens  sharers  breaker_position  breaker_chars_before
a        1         1500    3        0                 0
b        1         1500    3        0                 0
c        1         1500    3        0                 0
'''

[[example]]
name = "two calls of one second carry the same stamp: still a stamp"
calls = '''
call_id  workload  provider  model  started_at  input_tokens  cache_read_tokens  prompt_chars
a        w         p         m      0           2000          0                  8000
b        w         p         m      0.5         2000          0                  8000
c        w         p         m      19          2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         h            h           400    400
a        1         h1           t1          100    500
a        2         h1s          s           7500   8000
b        0         h            h           400    400
b        1         h1           t1          100    500
b        2         h1s          s           7500   8000
c        0         h            h           400    400
c        1         h2           t2          100    500
c        2         h2s          s           7500   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
call_id  position  tokens  sharers  breaker_position  breaker_chars_before
a        2         1975    3        1                 400
b        2         1975    3        1                 400
c        2         1975    3        1                 400
'''

[[example]]
name = "a stamp between two halves that are too short for a cache each: together they are not"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        hr        p         m      0           2           2000          0                  8000
b        hr        p         m      60          2           2000          0                  8000
c        hr        p         m      120         2           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         h            h           3000   3000
a        1         a1           t1          40     3040
a        2         a2           s           3000   6040
a        3         a3           qa          1960   8000
b        0         h            h           3000   3000
b        1         b1           t2          40     3040
b        2         b2           s           3000   6040
b        3         b3           qb          1960   8000
c        0         h            h           3000   3000
c        1         c1           t3          40     3040
c        2         c2           s           3000   6040
c        3         c3           qc          1960   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
call_id  position  tokens  sharers  breaker_position  breaker_chars_before
a        2         1500    3        1                 3000
b        2         1500    3        1                 3000
c        2         1500    3        1                 3000
'''
---*/
WITH roomy AS (
    -- Calls in which more than a cacheable length follows what a cache would hold already: a shared opening below that length it would not.
    SELECT o.call_id, o.prefix_group, o.group_calls, o.tokens_per_char, o.tools_chars, o.cache_min_tokens, coalesce(s.tokens, 0) AS shared_tokens
    FROM opening_calls AS o
    LEFT JOIN (
        SELECT f.call_id, max(f.tokens) AS tokens
        FROM shared_forks AS f
        JOIN opening_calls AS x ON x.call_id = f.call_id
        WHERE f.tokens >= x.cache_min_tokens AND f.sharers >= greatest($min_stable_calls, $min_stable_share * x.group_calls)
        GROUP BY f.call_id
    ) AS s ON s.call_id = o.call_id
    WHERE o.input_tokens - coalesce(s.tokens, 0) >= o.cache_min_tokens AND o.group_calls >= $min_stable_calls
), near AS (
    -- The first cacheable length after a breaker decides whether the rest is worth reading.
    SELECT r.call_id, r.prefix_group, r.group_calls, b.block_hash, b.chars
    FROM prompt_blocks AS b
    JOIN roomy AS r ON r.call_id = b.call_id
    WHERE b.cum_chars - b.chars <= 1.25 * (r.shared_tokens + r.cache_min_tokens) / nullif(r.tokens_per_char, 0) + $max_breaker_chars
), near_texts AS (
    SELECT prefix_group, block_hash
    FROM near
    GROUP BY prefix_group, block_hash
    HAVING count(*) >= greatest($min_stable_calls, $min_stable_share * max(group_calls))
), broken AS (
    SELECT r.call_id, r.prefix_group, r.group_calls, r.tokens_per_char, r.tools_chars
    FROM roomy AS r
    JOIN (
        SELECT n.call_id, sum(n.chars) AS chars
        FROM near AS n
        JOIN near_texts AS t ON t.prefix_group = n.prefix_group AND t.block_hash = n.block_hash
        GROUP BY n.call_id
    ) AS k ON k.call_id = r.call_id
    WHERE (r.tools_chars + k.chars) * r.tokens_per_char >= r.shared_tokens + r.cache_min_tokens
), blocks AS (
    SELECT
        k.call_id, k.prefix_group, k.group_calls, k.tokens_per_char, k.tools_chars,
        b.position, b.block_hash, b.chars, b.cum_chars
    FROM prompt_blocks AS b
    JOIN broken AS k ON k.call_id = b.call_id
), texts AS (
    SELECT prefix_group, block_hash
    FROM blocks
    GROUP BY prefix_group, block_hash
    HAVING count(*) >= greatest($min_stable_calls, $min_stable_share * max(group_calls))
), marked AS (
    SELECT
        b.call_id, b.prefix_group, b.tokens_per_char, b.tools_chars, b.position, b.block_hash,
        t.block_hash IS NOT NULL AS stable,
        CAST(sum(CASE WHEN t.block_hash IS NULL THEN b.chars ELSE 0 END) OVER so_far AS BIGINT) AS moved_chars,
        CAST(sum(CASE WHEN t.block_hash IS NULL THEN 0 ELSE b.chars END) OVER so_far AS BIGINT) AS kept_chars,
        CAST(sum(CASE WHEN t.block_hash IS NULL THEN 0 ELSE 1 END) OVER so_far AS BIGINT) AS nth,
        min(CASE WHEN t.block_hash IS NULL THEN b.position END) OVER so_far AS breaker_position,
        min(CASE WHEN t.block_hash IS NULL THEN b.cum_chars - b.chars END) OVER so_far AS breaker_chars_before
    FROM blocks AS b
    LEFT JOIN texts AS t ON t.prefix_group = b.prefix_group AND t.block_hash = b.block_hash
    WINDOW so_far AS (PARTITION BY b.call_id ORDER BY b.position)
), chained AS (
    -- A sum weighted by rank serves as the hash of the blocks that stay: equal texts in equal order give equal sums.
    SELECT
        call_id, prefix_group, position, nth, breaker_position, breaker_chars_before,
        CAST(floor((tools_chars + kept_chars) * tokens_per_char) AS BIGINT) AS tokens,
        CAST(sum((block_hash % 1000000007) * (nth + 7)) OVER (PARTITION BY call_id ORDER BY position) AS BIGINT) AS chain_hash
    FROM marked
    WHERE stable AND moved_chars <= $max_breaker_chars
), nodes AS (
    SELECT prefix_group, chain_hash, count(*) AS sharers, min(call_id) AS one_call, min(nth) AS nth
    FROM chained
    GROUP BY prefix_group, chain_hash
    HAVING count(*) >= 2
), followed AS (
    SELECT n.prefix_group, c.chain_hash, max(n.sharers) AS sharers
    FROM nodes AS n
    JOIN chained AS c ON c.call_id = n.one_call AND c.nth = n.nth - 1
    GROUP BY n.prefix_group, c.chain_hash
)
SELECT c.call_id, c.position, c.chain_hash, c.tokens, n.sharers, c.breaker_position, c.breaker_chars_before
FROM chained AS c
JOIN nodes AS n ON n.prefix_group = c.prefix_group AND n.chain_hash = c.chain_hash
LEFT JOIN followed AS f ON f.prefix_group = c.prefix_group AND f.chain_hash = c.chain_hash
WHERE f.sharers IS NULL OR f.sharers < n.sharers
