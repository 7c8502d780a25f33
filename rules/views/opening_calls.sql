/*---
kind = "view"
title = "Opening turns that a provider's prompt cache could serve: who, when, and how many tokens a character is"
why = "Prefix work reads millions of prompt blocks. Only calls long enough for their model's cache, in groups that have something left to gain, are worth it."

[columns]
call_id = "the call: answered, first turn of its conversation (or turn unknown), chat or completion"
prefix_group = "number of the group whose prompts may share a cache: one workload, provider, model and set of tools"
workload = "workload of the call"
provider = "as in calls"
model = "as in calls"
cache_mode = "explicit or automatic"
cache_min_tokens = "shortest prefix that the model caches"
cache_ttl_us = "microseconds that a cached prefix lives without a read"
template_hash = "opening of the system message, digits masked; 0 where there is none"
start_us = "start"
ready_us = "when what it wrote can be read by others: its first token, else its end; NULL unknown"
tokens_per_char = "text tokens per character of prompt and tool definitions, of this call"
tools_chars = "characters of tool definitions, which stand before the first message; 0 without tools"
input_tokens = "prompt tokens, cached ones included"
cached_tokens = "tokens that it read from the cache or wrote to it; NULL where the log does not say"
uncached_tokens = "input_tokens minus cached_tokens; NULL where the log does not say"
group_calls = "calls in the prefix group"

[params.min_missing_share]
default = 0.1
help = "Tokens of a prefix are converted from characters by the call's average, which is good to about 10%: less than that left uncached is no gain but noise."

[params.max_tokens_per_char]
default = 1.5
help = "No common script needs more; a higher ratio means tokens without characters (images, audio, files), so that characters tell nothing about tokens."

[[example]]
name = "long enough, first turn, answered, tools known, text that explains the tokens; a group needs two calls"
calls = '''
call_id  workload  provider  model  started_at  ttft_s  duration_s  input_tokens  cache_read_tokens  prompt_chars  turn  status  tools_hash  tools_chars  tool_defs
a        w         p         m      0           1       5           2000          0                  8000          1     ok      -           -            -
b        w         p         m      10          -       5           2000          500                8000          -     ok      -           -            -
c        w         p         m      20          -       5           900           0                  3600          1     ok      -           -            -
d        w         p         m      30          -       5           2000          0                  8000          2     ok      -           -            -
e        w         p         m      40          -       5           -             -                  8000          1     error   -           -            -
f        w         p         m      50          -       5           2000          0                  6000          1     ok      t           2000         3
g        w         p         m      60          -       5           2000          -                  6000          1     ok      t           2000         3
h        w         p         m      70          -       5           2000          0                  6000          1     ok      u           -            3
i        w         p         none   70          -       5           2000          0                  6000          1     ok      -           -            -
j        w         p         none   80          -       5           2000          0                  6000          1     ok      -           -            -
k        w         p         m      90          -       5           2000          0                  300           1     ok      -           -            -
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
p         none   explicit    -                 300
'''
rows = '''
call_id  prefix_group  tokens_per_char  tools_chars  cached_tokens  uncached_tokens  group_calls
a        1             0.25             0            0              2000             2
b        1             0.25             0            500            1500             2
f        2             0.25             2000         0              2000             2
g        2             0.25             2000         -              -                2
'''
---*/
WITH long_enough AS (
    SELECT
        c.call_id,
        w.workload,
        c.provider,
        c.model,
        c.tools_hash,
        m.cache_mode,
        m.cache_min_tokens,
        m.cache_ttl_s * 1000000 AS cache_ttl_us,
        coalesce(c.template_hash, 0) AS template_hash,
        k.start_us,
        coalesce(k.first_token_us, k.end_us) AS ready_us,
        CAST(c.input_tokens - coalesce(c.image_tokens, 0) - coalesce(c.audio_input_tokens, 0) AS DOUBLE)
            / (c.prompt_chars + coalesce(c.tools_chars, 0)) AS tokens_per_char,
        coalesce(c.tools_chars, 0) AS tools_chars,
        c.input_tokens,
        c.cache_read_tokens + coalesce(c.cache_write_5m_tokens, 0) + coalesce(c.cache_write_1h_tokens, 0) AS cached_tokens
    FROM calls AS c
    JOIN call_clock AS k ON k.call_id = c.call_id
    JOIN call_workloads AS w ON w.call_id = c.call_id
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM c.provider AND m.model = c.model
    WHERE m.cache_mode IN ('explicit', 'automatic')
      AND m.cache_ttl_s IS NOT NULL
      AND c.input_tokens >= m.cache_min_tokens
      AND c.status = 'ok'
      AND coalesce(c.turn, 1) = 1
      AND coalesce(c.operation, 'chat') IN ('chat', 'completion', 'responses')
      AND NOT coalesce(c.gateway_cache_hit, FALSE)
      AND c.prompt_chars > 0
      AND k.start_us IS NOT NULL
      AND (c.tools_chars IS NOT NULL OR (c.tools_hash IS NULL AND coalesce(c.tool_defs, 0) = 0))
), grouped AS (
    SELECT
        *,
        CASE WHEN cached_tokens IS NOT NULL THEN greatest(input_tokens - cached_tokens, 0) END AS uncached_tokens,
        count(*) OVER (PARTITION BY workload, provider, model, tools_hash) AS group_calls,
        max(input_tokens - cached_tokens) OVER (PARTITION BY workload, provider, model, tools_hash) AS most_uncached
    FROM long_enough
    WHERE tokens_per_char <= $max_tokens_per_char
)
SELECT
    call_id,
    CAST(dense_rank() OVER (ORDER BY workload, provider NULLS FIRST, model, tools_hash NULLS FIRST) AS BIGINT) AS prefix_group,
    workload, provider, model, cache_mode, cache_min_tokens, cache_ttl_us, template_hash, start_us, ready_us, tokens_per_char, tools_chars,
    input_tokens, cached_tokens, uncached_tokens, group_calls
FROM grouped
WHERE group_calls >= 2 AND most_uncached >= $min_missing_share * cache_min_tokens
