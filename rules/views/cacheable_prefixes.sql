/*---
kind = "view"
title = "What a prompt cache would have saved on opening prompts: tokens to read, and tokens to write first"
why = """Shared by uncached_prefix (prompts as they are) and cache_breaker (as if what differs in every call stood at the end). A read counts only beyond what the log says was \
cached, within a cache that was alive, and never beyond the input that was billed uncached; where the provider asks for a marker the first writer pays the write price; \
where reads would not repay the writes, workload-wide, there is no row."""

[columns]
kind = "as_sent or without_breakers, as in prompt_prefixes"
call_id = "the call"
workload = "as in call_workloads"
provider = "as in calls"
model = "as in calls"
cache_mode = "explicit or automatic"
shared_tokens = "longest prefix worth a cache, tokens"
to_read = "uncached input tokens that would have been cache reads"
to_write = "uncached input tokens that would have been written; 0 where the cache fills by itself"
breaker_position = "without_breakers: the first block that differs in every call"
breaker_chars_before = "without_breakers: characters of the prompt that stand before it"

[params.min_missing_share]
default = 0.1
help = "Less than a tenth of the prefix is within the error of converting characters to tokens."

[params.openai_step]
default = 128
help = "OpenAI documents cache hits in steps of 128 tokens from 1,024 on; other providers name no step."

[params.min_reads_per_write]
default = 1.0
help = "With an explicit cache, reads must at least equal writes in tokens, workload-wide, or nothing is claimed: a write costs 0.25 to 1 input price extra and a read saves 0.9."

[params.min_automatic_misses]
default = 0.1
help = "A cache that fills by itself is best effort and misses now and then whatever is done: where nine of ten tokens that could be read are read, requests find their way to it."

[[example]]
name = "without_breakers: a stamp between two halves that are too short for a cache each: together they are not"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        policy        p         m      0           2           2000          0                  8000
b        policy        p         m      60          2           2000          0                  8000
c        policy        p         m      120         2           2000          0                  8000
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
kind              call_id  shared_tokens  to_read  to_write
without_breakers  a        1500           0        1500
without_breakers  b        1500           1500     0
without_breakers  c        1500           1500     0
'''

[[example]]
name = "explicit: the first call writes what the second reads; never more than was billed uncached"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        policy    p         m      0           2           2000          0                  8000
b        policy    p         m      60          2           2000          900                8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
b        0         s            s           6000   6000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = '''
kind     call_id  shared_tokens  to_read  to_write
as_sent  a        1500           0        1500
as_sent  b        1500           600      0
'''
params = { min_reads_per_write = 0.4 }

[[example]]
name = "a cache that fills by itself and misses one read in eleven is at work: no row"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        policy    openai    m      0           2           2000          0                  8000
b        policy    openai    m      60           2           2000          1408                  8000
c        policy    openai    m      120           2           2000          1408                  8000
d        policy    openai    m      180           2           2000          1408                  8000
e        policy    openai    m      240           2           2000          1408                  8000
f        policy    openai    m      300           2           2000          1408                  8000
g        policy    openai    m      360           2           2000          0                  8000
h        policy    openai    m      420           2           2000          1408                  8000
i        policy    openai    m      480           2           2000          1408                  8000
j        policy    openai    m      540           2           2000          1408                  8000
k        policy    openai    m      600           2           2000          1408                  8000
l        policy    openai    m      660           2           2000          1408                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
b        0         s            s           6000   6000
c        0         s            s           6000   6000
d        0         s            s           6000   6000
e        0         s            s           6000   6000
f        0         s            s           6000   6000
g        0         s            s           6000   6000
h        0         s            s           6000   6000
i        0         s            s           6000   6000
j        0         s            s           6000   6000
k        0         s            s           6000   6000
l        0         s            s           6000   6000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
openai    m      automatic   1024              300
'''
rows = ""

[[example]]
name = "within the first write nobody can read: no row"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        policy    p         m      0           9           2000          0                  8000
b        policy    p         m      5           9           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
b        0         s            s           6000   6000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
rows = ""
---*/
WITH stepped AS (
    SELECT
        p.kind, p.call_id, p.shared_tokens, p.breaker_position, p.breaker_chars_before,
        o.workload, o.provider, o.model, o.cache_mode, o.cache_min_tokens, o.cached_tokens, o.uncached_tokens,
        CASE WHEN o.cache_mode = 'automatic' AND o.provider IN ('openai', 'azure')
             THEN p.read_tokens - p.read_tokens % $openai_step ELSE p.read_tokens END AS read_tokens,
        CASE WHEN p.kind = 'without_breakers' THEN (o.tools_chars + p.breaker_chars_before) * o.tokens_per_char ELSE 0 END AS tokens_before
    FROM prompt_prefixes AS p
    JOIN opening_calls AS o ON o.call_id = p.call_id
    WHERE o.uncached_tokens > 0
), reachable AS (
    -- Worth it: a cacheable length comes on top of what can be cached before the breaker; what is too short there for a cache counts with the rest.
    -- What is read must reach beyond the breaker.
    SELECT *, CASE WHEN read_tokens >= cache_min_tokens AND read_tokens > tokens_before THEN read_tokens ELSE 0 END AS readable
    FROM stepped
    WHERE shared_tokens - CASE WHEN tokens_before >= cache_min_tokens THEN tokens_before ELSE 0 END >= cache_min_tokens
), reading AS (
    SELECT
        *,
        CASE WHEN readable - cached_tokens > $min_missing_share * readable THEN least(readable - cached_tokens, uncached_tokens) ELSE 0 END AS to_read
    FROM reachable
), claimed AS (
    SELECT
        *,
        CASE WHEN cache_mode = 'explicit' AND shared_tokens - greatest(readable, cached_tokens) > $min_missing_share * shared_tokens
             THEN least(shared_tokens - greatest(readable, cached_tokens), uncached_tokens - to_read) ELSE 0 END AS to_write
    FROM reading
), paying AS (
    SELECT kind, workload, provider, model
    FROM claimed
    GROUP BY kind, workload, provider, model, cache_mode
    HAVING sum(to_read) > 0
        AND CASE WHEN cache_mode = 'automatic' THEN sum(to_read) >= $min_automatic_misses * sum(readable)
                 ELSE sum(to_read) >= $min_reads_per_write * sum(to_write) END
)
SELECT
    c.kind, c.call_id, c.workload, c.provider, c.model, c.cache_mode, c.shared_tokens, c.to_read, c.to_write, c.breaker_position, c.breaker_chars_before
FROM claimed AS c
JOIN paying AS p ON p.kind = c.kind AND p.workload = c.workload AND p.provider IS NOT DISTINCT FROM c.provider AND p.model = c.model
WHERE c.to_read > 0 OR c.to_write > 0
