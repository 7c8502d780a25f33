/*---
title = "Every turn pays again for the whole conversation before it"
why = """Chat and agent interfaces are stateless: turn n sends turns 1 to n-1 once more, so input grows with the square of the length. A prompt cache bills what was sent \
before at a tenth to a half of the price. A turn continues a call when its prompt, cut before the last answer, is byte for byte that call's whole prompt; so the tokens sent \
before are that call's own input tokens, exactly. Claimed are those that were not read from the cache although the previous turn lay within its life time. Where a cache must be asked for, \
the claim is what a marker at the end of every later turn would do: the second turn writes, each later turn reads and writes what it adds, the last one too, since \
nobody knows that it is the last. The opening turn is uncached_prefix's: what that would leave in the cache, the second turn reads."""
fix = "caching"
grade = "structural"
needs = ["prompt_blocks", "turn", "input_tokens", "cache_read_tokens", "models"]
action = "{subject}: {note}; {history_percent}% of what its later turns send had been sent before"
false_positives = """Caches are not shared between organisations, and with some providers not between regions or deployments: a conversation that a gateway spreads over several must first be kept \
together. An automatic cache may miss now and then whatever you do. Where people often leave after the second turn the write is wasted; that is counted."""

[params.min_missing_share]
default = 0.1
help = "A cache works in steps (128 tokens with OpenAI) and markers sit before the end: less than a tenth missing is no fault."

[params.openai_step]
default = 128
help = "OpenAI documents cache hits in steps of 128 tokens from 1,024 on; other providers name no step."

[params.min_reads_per_write]
default = 1.0
help = "With a cache that must be asked for, claimed reads must at least equal claimed writes in tokens (per workload and model), or nothing is claimed: break-even is 0.28 reads per write, the rest is margin."

[params.min_automatic_misses]
default = 0.1
help = "A cache that fills by itself is best effort and misses now and then whatever is done: where nine of ten tokens that could be read are read, requests find their way to it."

[[requires]]
sql = "SELECT count(*) = 0 OR count(cache_read_tokens) > 0 FROM calls WHERE turn > 1 AND status = 'ok'"
reason = "no later turn of a conversation tells what it read from a cache"
setting = "log the usage object with its prompt_tokens_details"

[[example]]
name = "the second turn writes, the third reads what the second sent and writes what it adds"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  turn
a        chat      p         m      0           2           2000          0                  1
b        chat      p         m      60          2           2500          0                  2
c        chat      p         m      120         2           3000          0                  3
d        chat      p         m      180         2           3600          0                  4
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           8000   8000
b        0         0              user       true          h0           8000   8000
b        1         1              assistant  true          h1           1000   9000
b        2         2              user       true          h2           1000   10000
c        0         0              user       true          h0           8000   8000
c        1         1              assistant  true          h1           1000   9000
c        2         2              user       true          h2           1000   10000
c        3         3              assistant  true          h3           1000   11000
c        4         4              user       true          h4           1000   12000
d        0         0              user       true          h0           8000   8000
d        1         1              assistant  true          h1           1000   9000
d        2         2              user       true          h2           1000   10000
d        3         3              assistant  true          h3           1000   11000
d        4         4              user       true          h4           1000   12000
d        5         5              assistant  true          h5           1000   13000
d        6         6              user       true          h6           1400   14400
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
claims = '''
call_id  subject  grade       fix      cache_read_tokens  cache_write_tokens
b        chat     structural  caching  -                  2500
c        chat     structural  caching  2500               500
d        chat     structural  caching  3000               600
'''

[[example]]
name = "a cache that fills by itself missed: the second turn should have read, in steps of 128; writes cost nothing"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  turn
a        chat      openai    m      0           2           2000          0                  1
b        chat      openai    m      60          2           2500          0                  2
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           8000   8000
b        0         0              user       true          h0           8000   8000
b        1         1              assistant  true          h1           1000   9000
b        2         2              user       true          h2           1000   10000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
openai    m      automatic   1024              300
'''
claims = '''
call_id  fix      cache_read_tokens  cache_write_tokens
b        caching  1920               -
'''

[[example]]
name = "a cache that fills by itself and misses now and then is at work"
params = { min_automatic_misses = 0.6 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  turn
a        chat      openai    m      0           2           2000          0                  1
b        chat      openai    m      60          2           2500          0                  2
c        chat      openai    m      0           2           2000          0                  1
d        chat      openai    m      60          2           2500          1920               2
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           8000   8000
b        0         0              user       true          h0           8000   8000
b        1         1              assistant  true          h1           1000   9000
b        2         2              user       true          h2           1000   10000
c        0         0              user       true          i0           8000   8000
d        0         0              user       true          i0           8000   8000
d        1         1              assistant  true          i1           1000   9000
d        2         2              user       true          i2           1000   10000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
openai    m      automatic   1024              300
'''
claims = ""

[[example]]
name = "only the system prompt is read: what remains of the history is claimed"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  turn
a        chat      p         m      0           2           5000          1200               2
b        chat      p         m      60          2           5500          1200               3
c        chat      p         m      120         2           6000          1200               4
d        chat      p         m      180         2           6500          1200               5
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          h0           8000   8000
a        1         1              assistant  true          h1           1000   9000
a        2         2              user       true          h2           1000   10000
b        0         2              user       true          h2           8000   10000
b        1         3              assistant  true          h3           1000   11000
b        2         4              user       true          h4           1000   12000
c        0         4              user       true          h4           8000   12000
c        1         5              assistant  true          h5           1000   13000
c        2         6              user       true          h6           1000   14000
d        0         6              user       true          h6           8000   14000
d        1         7              assistant  true          h7           1000   15000
d        2         8              user       true          h8           1000   16000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
claims = '''
call_id  cache_read_tokens  cache_write_tokens
b        -                  4300
c        4300               500
d        4800               500
'''

[[example]]
name = "two conversations with one long system prompt: their second turns read what uncached_prefix has the first turns write"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  prompt_chars  turn
a        chat      p         m      0           2           2000          0                  8000          1
b        chat      p         m      60          2           2200          0                  8800          2
c        chat      p         m      10          2           2000          0                  8000          1
d        chat      p         m      70          2           2200          0                  8800          2
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  block_hash  chars  cum_chars
a        0         0              system     true          s            s           7200   7200
a        1         1              user       true          a1           qa          800    8000
b        0         0              system     true          s            s           7200   7200
b        1         1              user       true          a1           qa          800    8000
b        2         2              assistant  true          a2           ra          400    8400
b        3         3              user       true          a3           ra          400    8800
c        0         0              system     true          s            s           7200   7200
c        1         1              user       true          c1           qc          800    8000
d        0         0              system     true          s            s           7200   7200
d        1         1              user       true          c1           qc          800    8000
d        2         2              assistant  true          c2           rc          400    8400
d        3         3              user       true          c3           rc          400    8800
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
claims = '''
call_id  cache_read_tokens  cache_write_tokens
b        1800               400
d        1800               400
'''

[[example]]
name = "already read; two turns only; an hour between turns; too short; not known what was cached: silent"
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  cache_write_5m_tokens  turn
a        good      p         m      0           2           2000          0                  2000                   1
b        good      p         m      60          2           2500          2000               490                    2
c        good      p         m      120         2           3000          2490               500                    3
d        two       p         m      0           2           2000          0                  0                      1
e        two       p         m      60          2           2500          0                  0                      2
f        slow      p         m      0           2           2000          0                  0                      2
g        slow      p         m      4000        2           2500          0                  0                      3
h        slow      p         m      8000        2           3000          0                  0                      4
i        short     p         m      0           2           700           0                  0                      2
j        short     p         m      60          2           800           0                  0                      3
k        short     p         m      120         2           900           0                  0                      4
l        dark      p         m      0           2           2000          -                  -                      2
m        dark      p         m      60          2           2500          -                  -                      3
n        dark      p         m      120         2           3000          -                  -                      4
'''
prompt_blocks = '''
call_id  position  message_index  role       ends_message  prefix_hash  chars  cum_chars
a        0         0              user       true          a0           8000   8000
b        0         0              user       true          a0           8000   8000
b        1         1              assistant  true          a1           1000   9000
b        2         2              user       true          a2           1000   10000
c        0         2              user       true          a2           8000   10000
c        1         3              assistant  true          a3           1000   11000
c        2         4              user       true          a4           1000   12000
d        0         0              user       true          d0           8000   8000
e        0         0              user       true          d0           8000   8000
e        1         1              assistant  true          d1           1000   9000
e        2         2              user       true          d2           1000   10000
f        0         2              user       true          f2           8000   10000
g        0         2              user       true          f2           8000   10000
g        1         3              assistant  true          f3           1000   11000
g        2         4              user       true          f4           1000   12000
h        0         4              user       true          f4           8000   12000
h        1         5              assistant  true          f5           1000   13000
h        2         6              user       true          f6           1000   14000
i        0         2              user       true          i2           2000   2000
j        0         2              user       true          i2           2000   2000
j        1         3              assistant  true          i3           200    2200
j        2         4              user       true          i4           200    2400
k        0         4              user       true          i4           2000   2400
k        1         5              assistant  true          i5           200    2600
k        2         6              user       true          i6           200    2800
l        0         2              user       true          l2           8000   10000
m        0         2              user       true          l2           8000   10000
m        1         3              assistant  true          l3           1000   11000
m        2         4              user       true          l4           1000   12000
n        0         4              user       true          l4           8000   12000
n        1         5              assistant  true          l5           1000   13000
n        2         6              user       true          l6           1000   14000
'''
models = '''
provider  model  cache_mode  cache_min_tokens  cache_ttl_s
p         m      explicit    1024              300
'''
---*/
WITH used AS (
    SELECT
        t.call_id, t.workload, t.provider, t.model, t.turn, t.start_us, t.previous_call_id, t.previous_start_us,
        m.cache_mode, m.cache_min_tokens, m.cache_ttl_s * 1000000 AS cache_ttl_us, c.input_tokens,
        c.cache_read_tokens + coalesce(c.cache_write_5m_tokens, 0) + coalesce(c.cache_write_1h_tokens, 0) AS cached_tokens,
        c.cache_read_tokens
    FROM conversation_turns AS t
    JOIN calls AS c ON c.call_id = t.call_id
    JOIN models AS m ON m.provider IS NOT DISTINCT FROM t.provider AND m.model = t.model
    WHERE m.cache_mode IN ('explicit', 'automatic')
      AND m.cache_ttl_s IS NOT NULL
      AND m.cache_min_tokens IS NOT NULL
      AND c.input_tokens IS NOT NULL
      AND c.cache_read_tokens IS NOT NULL
), later AS (
    SELECT
        n.*,
        p.input_tokens AS sent_before,
        -- What the previous turn has left in the cache: all of its prompt, or, of an opening turn, what it shares with other openings.
        CASE WHEN n.start_us - n.previous_start_us > n.cache_ttl_us THEN 0
             WHEN n.cache_mode = 'explicit' AND p.previous_call_id IS NULL THEN greatest(p.cached_tokens, coalesce(o.shared_tokens, 0))
             ELSE p.input_tokens END AS left_tokens
    FROM used AS n
    JOIN used AS p ON p.call_id = n.previous_call_id
    LEFT JOIN prompt_prefixes AS o ON o.call_id = p.call_id AND o.kind = 'as_sent'
    WHERE n.input_tokens >= n.cache_min_tokens
), stepped AS (
    SELECT
        *,
        greatest(input_tokens - cached_tokens, 0) AS uncached_tokens,
        CASE WHEN left_tokens < cache_min_tokens THEN 0
             WHEN cache_mode = 'automatic' AND provider IN ('openai', 'azure') THEN left_tokens - left_tokens % $openai_step
             ELSE left_tokens END AS readable_tokens
    FROM later
), reading AS (
    SELECT
        *,
        CASE WHEN readable_tokens - cached_tokens > $min_missing_share * readable_tokens
             THEN least(readable_tokens - cached_tokens, uncached_tokens) ELSE 0 END AS to_read
    FROM stepped
), claimed AS (
    SELECT *, CASE WHEN cache_mode = 'explicit' THEN uncached_tokens - to_read ELSE 0 END AS to_write
    FROM reading
), paying AS (
    SELECT workload, provider, model
    FROM claimed
    GROUP BY workload, provider, model, cache_mode
    HAVING sum(to_read) > 0 AND sum(to_read) >= $min_reads_per_write * sum(to_write)
        AND (cache_mode = 'explicit' OR sum(to_read) >= $min_automatic_misses * sum(readable_tokens))
), claims AS (
    SELECT c.*
    FROM claimed AS c
    JOIN paying AS p ON p.workload = c.workload AND p.provider IS NOT DISTINCT FROM c.provider AND p.model = c.model
    WHERE c.to_read > 0 OR c.to_write > 0
), told AS (
    SELECT
        workload,
        CASE WHEN min(model) = max(model) THEN min(model) ELSE concat_ws('', min(model), ' and others') END AS models,
        count(*) FILTER (WHERE to_read > 0) AS reads,
        count(*) FILTER (WHERE to_write > 0) AS writes,
        max(turn) AS most_turns,
        CAST(round(100 * sum(CAST(least(sent_before, input_tokens) AS DOUBLE)) / sum(input_tokens)) AS BIGINT) AS history_percent,
        CASE WHEN max(cache_mode) = 'automatic' THEN 'the automatic cache missed: keep a conversation on one deployment, or give it a cache key'
             WHEN min(cache_mode) = 'explicit' THEN 'mark the end of the last message for the prompt cache on every turn'
             ELSE 'mark the end of the last message where the provider asks for it; elsewhere its automatic cache missed' END AS note
    FROM claims
    GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    CASE WHEN c.to_read > 0 THEN c.to_read END AS cache_read_tokens,
    CASE WHEN c.to_write > 0 THEN c.to_write END AS cache_write_tokens,
    t.note AS evidence_note,
    t.models AS evidence_models,
    t.reads AS evidence_turns_that_could_read,
    t.writes AS evidence_turns_that_would_write,
    t.most_turns AS evidence_most_turns,
    t.history_percent AS evidence_history_percent
FROM claims AS c
JOIN told AS t ON t.workload = c.workload
