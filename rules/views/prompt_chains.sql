/*---
kind = "view"
title = "Where opening prompts of one group part ways: the shared prefixes that end at a fork"
why = "Of a prefix that a thousand calls share, only the places count where some of them leave it; so the sharing of millions of blocks fits in a few rows a call."

[columns]
kind = "as_sent: the prompt as it is. without_breakers: as if short stretches that differ in every call stood at its end"
call_id = "the call"
position = "block at which the shared prefix ends"
chain_hash = "what identifies the prefix within its group and kind"
parent_hash = "the next shorter shared prefix of the same call; NULL for the first"
tokens = "tokens from the prompt's start, tool definitions included, to the end of the prefix; what moves to the end not counted"
sharers = "calls of the group that have this prefix"
breaker_position = "without_breakers: the first block that differs in every call"
breaker_chars_before = "without_breakers: characters of the prompt that stand before it"

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
name = "as sent: one row where all part, one where two of them part"
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
kind     call_id  position  chain_hash  parent_hash  tokens  sharers
as_sent  a        1         ss          -            1500    3
as_sent  a        2         ssd         ss           1750    2
as_sent  b        1         ss          -            1500    3
as_sent  b        2         ssd         ss           1750    2
as_sent  c        1         ss          -            1500    3
'''

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
kind              call_id  position  parent_hash  tokens  sharers  breaker_position  breaker_chars_before
without_breakers  a        1         -            1500    3        0                 0
without_breakers  b        1         -            1500    3        0                 0
without_breakers  c        1         -            1500    3        0                 0
'''
---*/
WITH nodes AS (
    SELECT o.prefix_group, b.prefix_hash, count(*) AS sharers, min(b.call_id) AS one_call, min(b.position) AS position
    FROM prompt_blocks AS b
    JOIN opening_calls AS o ON o.call_id = b.call_id
    GROUP BY o.prefix_group, b.prefix_hash
    HAVING count(*) >= 2
), followed AS (
    SELECT n.prefix_group, b.prefix_hash, max(n.sharers) AS sharers
    FROM nodes AS n
    JOIN prompt_blocks AS b ON b.call_id = n.one_call AND b.position = n.position - 1
    GROUP BY n.prefix_group, b.prefix_hash
), forks AS (
    SELECT n.prefix_group, n.prefix_hash, n.sharers
    FROM nodes AS n
    LEFT JOIN followed AS f ON f.prefix_group = n.prefix_group AND f.prefix_hash = n.prefix_hash
    WHERE f.sharers IS NULL OR f.sharers < n.sharers
), as_sent AS (
    SELECT
        o.call_id,
        b.position,
        b.prefix_hash AS chain_hash,
        CAST(floor((o.tools_chars + b.cum_chars) * o.tokens_per_char) AS BIGINT) AS tokens,
        f.sharers,
        f.sharers >= greatest($min_stable_calls, $min_stable_share * o.group_calls) AS stable
    FROM prompt_blocks AS b
    JOIN opening_calls AS o ON o.call_id = b.call_id
    JOIN forks AS f ON f.prefix_group = o.prefix_group AND f.prefix_hash = b.prefix_hash
), roomy AS (
    SELECT o.call_id, o.prefix_group, o.group_calls, o.tokens_per_char, o.tools_chars, o.cache_min_tokens, coalesce(s.tokens, 0) AS shared_tokens
    FROM opening_calls AS o
    LEFT JOIN (SELECT call_id, max(tokens) AS tokens FROM as_sent WHERE stable GROUP BY call_id) AS s ON s.call_id = o.call_id
    WHERE o.input_tokens - coalesce(s.tokens, 0) >= o.cache_min_tokens AND o.group_calls >= $min_stable_calls
), texts AS (
    SELECT r.prefix_group, b.block_hash
    FROM prompt_blocks AS b
    JOIN roomy AS r ON r.call_id = b.call_id
    GROUP BY r.prefix_group, b.block_hash
    HAVING count(*) >= greatest($min_stable_calls, $min_stable_share * max(r.group_calls))
), broken AS (
    SELECT r.call_id
    FROM prompt_blocks AS b
    JOIN roomy AS r ON r.call_id = b.call_id
    JOIN texts AS t ON t.prefix_group = r.prefix_group AND t.block_hash = b.block_hash
    GROUP BY r.call_id
    HAVING (max(r.tools_chars) + sum(b.chars)) * max(r.tokens_per_char) >= max(r.shared_tokens) + max(r.cache_min_tokens)
), marked AS (
    SELECT
        r.call_id, r.prefix_group, r.tokens_per_char, r.tools_chars, b.position, b.block_hash, b.chars,
        t.block_hash IS NOT NULL AS stable,
        CAST(sum(CASE WHEN t.block_hash IS NULL THEN b.chars ELSE 0 END) OVER (PARTITION BY b.call_id ORDER BY b.position) AS BIGINT) AS moved_chars,
        CAST(sum(CASE WHEN t.block_hash IS NULL THEN 0 ELSE b.chars END) OVER (PARTITION BY b.call_id ORDER BY b.position) AS BIGINT) AS kept_chars,
        CAST(sum(CASE WHEN t.block_hash IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY b.call_id ORDER BY b.position) AS BIGINT) AS nth,
        min(CASE WHEN t.block_hash IS NULL THEN b.position END) OVER (PARTITION BY b.call_id) AS breaker_position,
        min(CASE WHEN t.block_hash IS NULL THEN b.cum_chars - b.chars END) OVER (PARTITION BY b.call_id) AS breaker_chars_before
    FROM prompt_blocks AS b
    JOIN broken AS k ON k.call_id = b.call_id
    JOIN roomy AS r ON r.call_id = b.call_id
    LEFT JOIN texts AS t ON t.prefix_group = r.prefix_group AND t.block_hash = b.block_hash
), chained AS (
    -- A sum weighted by rank serves as the hash of the blocks that stay: equal texts in equal order give equal sums.
    SELECT
        call_id, prefix_group, position, nth, breaker_position, breaker_chars_before,
        CAST(floor((tools_chars + kept_chars) * tokens_per_char) AS BIGINT) AS tokens,
        CAST(sum((block_hash % 1000000007) * (nth + 7)) OVER (PARTITION BY call_id ORDER BY position) AS BIGINT) AS chain_hash
    FROM marked
    WHERE stable AND moved_chars <= $max_breaker_chars
), chained_nodes AS (
    SELECT prefix_group, chain_hash, count(*) AS sharers, min(call_id) AS one_call, min(nth) AS nth
    FROM chained
    GROUP BY prefix_group, chain_hash
    HAVING count(*) >= 2
), chained_followed AS (
    SELECT n.prefix_group, c.chain_hash, max(n.sharers) AS sharers
    FROM chained_nodes AS n
    JOIN chained AS c ON c.call_id = n.one_call AND c.nth = n.nth - 1
    GROUP BY n.prefix_group, c.chain_hash
), without_breakers AS (
    SELECT c.call_id, c.position, c.chain_hash, c.tokens, n.sharers, c.breaker_position, c.breaker_chars_before
    FROM chained AS c
    JOIN chained_nodes AS n ON n.prefix_group = c.prefix_group AND n.chain_hash = c.chain_hash
    LEFT JOIN chained_followed AS f ON f.prefix_group = c.prefix_group AND f.chain_hash = c.chain_hash
    WHERE f.sharers IS NULL OR f.sharers < n.sharers
), chains AS (
    SELECT
        'as_sent' AS kind, call_id, position, chain_hash, tokens, sharers,
        CAST(NULL AS INTEGER) AS breaker_position, CAST(NULL AS BIGINT) AS breaker_chars_before
    FROM as_sent
    UNION ALL
    SELECT 'without_breakers', call_id, position, chain_hash, tokens, sharers, breaker_position, breaker_chars_before
    FROM without_breakers
    WHERE breaker_position < position
)
SELECT
    kind, call_id, position, chain_hash,
    lag(chain_hash) OVER (PARTITION BY kind, call_id ORDER BY position) AS parent_hash,
    tokens, sharers, breaker_position, breaker_chars_before
FROM chains
