/*---
title = "A stamp or an id near the top keeps the prompt cache from ever matching"
why = "Prompt caches match from the first character on. One line that differs in every call (the time, a request id, a name) makes everything after it new, however long and however equal. Moved behind the text that stays, it costs nothing."
action = "Move the stamp at block {position} of {subject}'s prompt behind the {prefix_tokens} tokens that stay the same"
fix = "caching"
grade = "structural"
needs = ["prompt_blocks", "input_tokens", "cache_read_tokens", "models"]
false_positives = "A short line that must come first, such as a language or a persona that the rest refers to, can usually move to the last message; try it. A long stretch that differs (a document, the question itself) is what the call is about and is never called a breaker."

[[example]]
name = "a stamp before a long handbook; a short question after it"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        hr        p         m      0           2           2000          0                  8000
b        hr        p         m      60          2           2000          0                  8000
c        hr        p         m      120         2           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         a0           t1          40     40
a        1         a1           s1          3000   3040
a        2         a2           s2          3000   6040
a        3         a3           qa          1960   8000
b        0         b0           t2          40     40
b        1         b1           s1          3000   3040
b        2         b2           s2          3000   6040
b        3         b3           qb          1960   8000
c        0         c0           t3          40     40
c        1         c1           s1          3000   3040
c        2         c2           s2          3000   6040
c        3         c3           qc          1960   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
claims = '''
call_id  subject  cache_read_tokens  cache_write_tokens  fix
a        hr       -                  1500                caching
b        hr       1500               -                   caching
c        hr       1500               -                   caching
'''

[[example]]
name = "after a shared opening the stamp cuts off a long rest: all that would be read is claimed"
about = "uncached_prefix claims the opening alone; the larger claim wins when both are settled."
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        hr        openai    m      0           2           4000          0                  16000
b        hr        openai    m      60          2           4000          1280               16000
c        hr        openai    m      120         2           4000          1280               16000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         h            h           5200   5200
a        1         a1           t1          40     5240
a        2         a2           s           8000   13240
a        3         a3           qa          2760   16000
b        0         h            h           5200   5200
b        1         b1           t2          40     5240
b        2         b2           s           8000   13240
b        3         b3           qb          2760   16000
c        0         h            h           5200   5200
c        1         c1           t3          40     5240
c        2         c2           s           8000   13240
c        3         c3           qc          2760   16000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
openai    m      automatic   1024              300
'''
claims = '''
call_id  cache_read_tokens  cache_write_tokens
b        1920               -
c        1920               -
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
claims = '''
call_id  cache_read_tokens  cache_write_tokens
a        -                  1500
b        1500               -
c        1500               -
'''

[[example]]
name = "two halves that are too short for a cache together: silent"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        hr        p         m      0           2           2000          0                  8000
b        hr        p         m      60          2           2000          0                  8000
c        hr        p         m      120         2           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         h            h           2000   2000
a        1         a1           t1          40     2040
a        2         a2           s           2000   4040
a        3         a3           qa          3960   8000
b        0         h            h           2000   2000
b        1         b1           t2          40     2040
b        2         b2           s           2000   4040
b        3         b3           qb          3960   8000
c        0         h            h           2000   2000
c        1         c1           t3          40     2040
c        2         c2           s           2000   4040
c        3         c3           qc          3960   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''

[[example]]
name = "a document that differs, a rest below the minimum, calls further apart than the TTL, nothing in front: silent"
about = "The last, plain, shares its prefix as it is: that is uncached_prefix."
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        docs      p         m      0           2           2000          0                  8000
b        docs      p         m      60          2           2000          0                  8000
c        docs      p         m      120         2           2000          0                  8000
d        brief     p         m      0           2           2000          0                  8000
e        brief     p         m      60          2           2000          0                  8000
f        brief     p         m      120         2           2000          0                  8000
g        slow      p         m      0           2           2000          0                  8000
h        slow      p         m      400         2           2000          0                  8000
i        slow      p         m      800         2           2000          0                  8000
j        plain     p         m      0           2           2000          0                  8000
k        plain     p         m      60          2           2000          0                  8000
l        plain     p         m      120         2           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         a0           da          2000   2000
a        1         a1           s           6000   8000
b        0         b0           db          2000   2000
b        1         b1           s           6000   8000
c        0         c0           dc          2000   2000
c        1         c1           s           6000   8000
d        0         d0           t1          40     40
d        1         d1           s           4000   4040
d        2         d2           qd          3960   8000
e        0         e0           t2          40     40
e        1         e1           s           4000   4040
e        2         e2           qe          3960   8000
f        0         f0           t3          40     40
f        1         f1           s           4000   4040
f        2         f2           qf          3960   8000
g        0         g0           t4          40     40
g        1         g1           s           7960   8000
h        0         h0           t5          40     40
h        1         h1           s           7960   8000
i        0         i0           t6          40     40
i        1         i1           s           7960   8000
j        0         s            s           6000   6000
j        1         j1           qj          2000   8000
k        0         s            s           6000   6000
k        1         k1           qk          2000   8000
l        0         s            s           6000   6000
l        1         l1           ql          2000   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''

[[example]]
name = "a burst inside the first write gains nothing"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        hr        p         m      0           9           2000          0                  8000
b        hr        p         m      3           9           2000          0                  8000
c        hr        p         m      6           9           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         a0           t1          40     40
a        1         a1           s1          7960   8000
b        0         b0           t2          40     40
b        1         b1           s1          7960   8000
c        0         c0           t3          40     40
c        1         c1           s1          7960   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
---*/
WITH claims AS (
    SELECT * FROM cacheable_prefixes WHERE kind = 'without_breakers'
), told AS (
    SELECT
        workload,
        CASE WHEN min(model) = max(model) THEN min(model) ELSE concat_ws('', min(model), ' and others') END AS models,
        count(*) FILTER (WHERE to_read > 0) AS reads,
        CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY shared_tokens) AS BIGINT) AS prefix_tokens,
        CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY breaker_position) AS BIGINT) AS breaker_position,
        CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY breaker_chars_before) AS BIGINT) AS breaker_chars_before
    FROM claims
    GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    CASE WHEN c.to_read > 0 THEN c.to_read END AS cache_read_tokens,
    CASE WHEN c.to_write > 0 THEN c.to_write END AS cache_write_tokens,
    t.breaker_position AS evidence_position,
    t.breaker_chars_before AS evidence_chars_before,
    t.prefix_tokens AS evidence_prefix_tokens,
    t.reads AS evidence_reads_missed,
    t.models AS evidence_models
FROM claims AS c
JOIN told AS t ON t.workload = c.workload
