/*---
title = "The same long prefix is paid in full again and again"
why = "A handbook or an instruction at the head of every prompt is read by the model each time. A prompt cache bills the repeats at a tenth to a half of the input price, for one marker in the request (or, where the provider caches by itself, for requests that find their way back to the same cache)."
action = "{subject}: {note} ({prefix_tokens} tokens at the head of its prompts, {reads_missed} times in full)"
fix = "caching"
grade = "structural"
needs = ["prompt_blocks", "input_tokens", "cache_read_tokens", "models"]
false_positives = "Caches are not shared between organisations, and with some providers not between regions or deployments: traffic of one workload that is spread over several gains less unless it is brought together. An automatic cache may miss now and then whatever you do. Tokens of a prefix are converted from characters by the call's own average and are good to about 10%."

[[example]]
name = "the first call writes, the next ones read"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars  turn
a        policy    p         m      0           2           2000          0                  8000          1
b        policy    p         m      60          2           2000          0                  8000          1
c        policy    p         m      120         2           2000          0                  8000          1
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
a        1         qa           qa          2000   8000
b        0         s            s           6000   6000
b        1         qb           qb          2000   8000
c        0         s            s           6000   6000
c        1         qc           qc          2000   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
claims = '''
call_id  subject  cache_read_tokens  cache_write_tokens  grade       fix
a        policy   -                  1500                structural  caching
b        policy   1500               -                   structural  caching
c        policy   1500               -                   structural  caching
'''

[[example]]
name = "a provider that caches by itself: the miss is a routing matter, the first call pays nothing extra, OpenAI reads in steps of 128"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars
a        policy    openai    m      0           2           2000          0                  8000
b        policy    openai    m      60          2           2000          0                  8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
a        1         qa           qa          2000   8000
b        0         s            s           6000   6000
b        1         qb           qb          2000   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
openai    m      automatic   1024              300
'''
claims = '''
call_id  cache_read_tokens  cache_write_tokens  fix
b        1408               -                   routing
'''

[[example]]
name = "already read, or read but for a rounding: silent"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  cache_write_5m_tokens  prompt_chars
a        policy    p         m      0           2           2000          0                  1480                   8000
b        policy    p         m      60          2           2000          1480               0                      8000
c        policy    p         m      120         2           2000          1480               0                      8000
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         s            s           6000   6000
a        1         qa           qa          2000   8000
b        0         s            s           6000   6000
b        1         qb           qb          2000   8000
c        0         s            s           6000   6000
c        1         qc           qc          2000   8000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''

[[example]]
name = "a prefix below the minimum, further apart than the TTL, or within the first write: silent"
about = "short: 1,000 tokens. slow: 400 s apart. burst: all start before the first has answered. later: a second turn, which history_resent covers. unknown: the log does not say what was cached."
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars  turn
a        short     p         m      0           2           2000          0                  8000          1
b        short     p         m      60          2           2000          0                  8000          1
c        slow      p         m      0           2           2000          0                  8000          1
d        slow      p         m      400         2           2000          0                  8000          1
e        burst     p         m      0           9           2000          0                  8000          1
f        burst     p         m      3           9           2000          0                  8000          1
g        burst     p         m      6           9           2000          0                  8000          1
h        later     p         m      0           2           2000          0                  8000          2
i        later     p         m      60          2           2000          0                  8000          2
j        unknown   p         m      0           2           2000          -                  8000          1
k        unknown   p         m      60          2           2000          -                  8000          1
'''
prompt_blocks = '''
call_id  position  prefix_hash  block_hash  chars  cum_chars
a        0         x            x           4000   4000
a        1         qa           qa          4000   8000
b        0         x            x           4000   4000
b        1         qb           qb          4000   8000
c        0         s            s           6000   6000
c        1         qc           qc          2000   8000
d        0         s            s           6000   6000
d        1         qd           qd          2000   8000
e        0         s            s           6000   6000
e        1         qe           qe          2000   8000
f        0         s            s           6000   6000
f        1         qf           qf          2000   8000
g        0         s            s           6000   6000
g        1         qg           qg          2000   8000
h        0         s            s           6000   6000
h        1         qh           qh          2000   8000
i        0         s            s           6000   6000
i        1         qi           qi          2000   8000
j        0         s            s           6000   6000
k        0         s            s           6000   6000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''

[[example]]
name = "another model, other tools or another workload have caches of their own; an unknown minimum is not checked"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars  tools_hash  tools_chars  tool_defs
a        one       p         m      0           2           2000          0                  8000          -           -            -
b        two       p         m      60          2           2000          0                  8000          -           -            -
c        three     p         m      0           2           2000          0                  7000          t1          1000         2
d        three     p         m      60          2           2000          0                  7000          t2          1000         2
e        four      p         x      0           2           2000          0                  8000          -           -            -
f        four      p         x      60          2           2000          0                  8000          -           -            -
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
p         x      explicit    -                 300
'''
---*/
WITH claims AS (
    SELECT * FROM cacheable_prefixes WHERE kind = 'as_sent'
), told AS (
    SELECT
        workload,
        CASE WHEN min(model) = max(model) THEN min(model) ELSE concat_ws('', min(model), ' and others') END AS models,
        count(*) FILTER (WHERE to_read > 0) AS reads,
        count(*) FILTER (WHERE to_write > 0) AS writes,
        CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY shared_tokens) AS BIGINT) AS prefix_tokens,
        CASE WHEN max(cache_mode) = 'automatic' AND min(cache_mode) = 'automatic'
             THEN 'the automatic cache missed: keep requests that share a prefix on one deployment, or give them a cache key'
             WHEN max(cache_mode) = min(cache_mode) THEN 'the cache was never asked for: mark the end of the shared prefix'
             ELSE 'mark the end of the shared prefix where the provider asks for it; elsewhere its automatic cache missed' END AS note
    FROM claims
    GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    CASE WHEN c.to_read > 0 THEN c.to_read END AS cache_read_tokens,
    CASE WHEN c.to_write > 0 THEN c.to_write END AS cache_write_tokens,
    CASE WHEN c.cache_mode = 'automatic' THEN 'routing' ELSE 'caching' END AS fix,
    t.note AS evidence_note,
    t.models AS evidence_models,
    t.prefix_tokens AS evidence_prefix_tokens,
    t.reads AS evidence_reads_missed,
    t.writes AS evidence_writes_needed
FROM claims AS c
JOIN told AS t ON t.workload = c.workload
