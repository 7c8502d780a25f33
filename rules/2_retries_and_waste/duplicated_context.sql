/*---
title = "The same text twice in one prompt"
why = """A passage that two searches found, a document that is quoted in the system message and in the question, a tool's answer that the history holds twice: the model reads and you pay each copy. The second copy of a \
passage of several blocks is claimed, never single lines that repeat by nature, and never what was read from the prompt cache anyway."""
action = "{subject}: drop repeated passages before the prompt is built ({repeated_tokens} tokens twice in a median prompt of the {prompts} blamed)"
fix = "prompt_diet"
grade = "structural"
effect = "spend"
needs = ["prompt_blocks", "prompt_chars", "input_tokens"]
false_positives = """A text that is repeated on purpose, such as an instruction before and after a long document, may help the model. Data that repeats in itself (a log of equal lines) is no copy and is left alone, but a \
table that is pasted twice with one cell changed counts as far as it is equal. Tokens are converted from characters by the call's own average and are good to about 10%."""

[params.min_block_chars]
default = 16
help = "Blank lines, braces and table rules occur everywhere and say nothing about where a passage came from."

[params.min_passage_blocks]
default = 2
help = "One line that recurs is a heading or a phrase; two blocks in the same order are a copy."

[params.min_repeated_chars]
default = 500
help = "Two full blocks, about 125 tokens: a shorter copy may be scaffolding that a framework repeats around each message, and is not worth cutting."

[params.max_tokens_per_char]
default = 1.5
help = "No common script needs more; a higher ratio means tokens without characters (images, audio, files), as in opening_calls."

[[example]]
name = "a passage of two blocks stands twice: the second copy is claimed"
calls = '''
call_id  workload  started_at  input_tokens  prompt_chars  cache_read_tokens
a        rag       0           1000          4000          0
'''
prompt_blocks = '''
call_id  position  message_index  role  ends_message  block_hash  chars  cum_chars
a        0         0              user  false         h           100    100
a        1         0              user  false         s1          700    800
a        2         0              user  false         s2          500    1300
a        3         0              user  false         k           1000   2300
a        4         0              user  false         s1          700    3000
a        5         0              user  false         s2          500    3500
a        6         0              user  true          q           500    4000
'''
claims = '''
call_id  subject  grade       fix          trim_input_tokens
a        rag      structural  prompt_diet  300
'''

[[example]]
name = "a log of equal lines, one line that recurs, a short copy, a copy within what was read from the cache, equal texts in two prompts: silent"
calls = '''
call_id  workload  started_at  input_tokens  prompt_chars  cache_read_tokens
a        log       0           1000          4000          0
b        line      0           1000          4000          0
c        short     0           1000          4000          0
d        warm      0           1000          4000          900
e        pair      0           1000          4000          0
f        pair      9           1000          4000          0
'''
prompt_blocks = '''
call_id  position  message_index  role  ends_message  block_hash  chars  cum_chars
a        0         0              user  false         x           800    800
a        1         0              user  false         x           800    1600
a        2         0              user  false         x           800    2400
a        3         0              user  true          x           800    3200
b        0         0              user  false         y           1100   1100
b        1         0              user  false         b1          500    1600
b        2         0              user  true          y           1100   2700
c        0         0              user  false         s1          100    100
c        1         0              user  false         s2          100    200
c        2         0              user  false         s1          100    300
c        3         0              user  true          s2          100    400
d        0         0              user  false         s1          800    800
d        1         0              user  false         s2          800    1600
d        2         0              user  false         s1          800    2400
d        3         0              user  true          s2          800    3200
e        0         0              user  false         s1          800    800
e        1         0              user  true          s2          800    1600
f        0         0              user  false         s1          800    800
f        1         0              user  true          s2          800    1600
'''
claims = ""
---*/
WITH worth AS (
    -- Long enough to hold the copies, with text that explains its tokens.
    SELECT
        c.call_id, w.workload, coalesce(c.tools_chars, 0) AS tools_chars,
        CAST(c.input_tokens - coalesce(c.image_tokens, 0) - coalesce(c.audio_input_tokens, 0) AS DOUBLE)
            / (c.prompt_chars + coalesce(c.tools_chars, 0)) AS tokens_per_char,
        coalesce(c.cache_read_tokens, 0) + coalesce(c.cache_write_5m_tokens, 0) + coalesce(c.cache_write_1h_tokens, 0) AS cached_tokens
    FROM calls AS c
    JOIN call_workloads AS w ON w.call_id = c.call_id
    WHERE c.status = 'ok' AND c.prompt_chars >= 2 * $min_repeated_chars AND c.input_tokens > 0
      AND coalesce(c.operation, 'chat') IN ('chat', 'completion', 'responses') AND NOT coalesce(c.gateway_cache_hit, FALSE)
      AND (c.tools_chars IS NOT NULL OR (c.tools_hash IS NULL AND coalesce(c.tool_defs, 0) = 0))
), moved AS (
    -- What stands twice in one prompt stands at two positions in the log. Most texts keep their place, and there are far fewer texts than blocks.
    SELECT block_hash
    FROM prompt_blocks
    WHERE chars >= $min_block_chars
    GROUP BY block_hash
    HAVING min(position) < max(position)
), twice AS (
    -- Cheap sieve before the windows: calls in which the second copies add up.
    SELECT call_id
    FROM (
        SELECT b.call_id, (count(*) - 1) * max(b.chars) AS again
        FROM prompt_blocks AS b
        JOIN moved AS m ON m.block_hash = b.block_hash
        JOIN worth AS w ON w.call_id = b.call_id
        WHERE b.chars >= $min_block_chars
        GROUP BY b.call_id, b.block_hash
        HAVING count(*) > 1
    ) AS repeats
    GROUP BY call_id
    HAVING sum(again) >= $min_repeated_chars
), placed AS (
    SELECT b.call_id, b.block_hash, b.chars, b.cum_chars, row_number() OVER (PARTITION BY b.call_id ORDER BY b.position) AS place
    FROM prompt_blocks AS b
    JOIN twice AS t ON t.call_id = b.call_id
    WHERE b.chars >= $min_block_chars
), found AS (
    SELECT *, place - min(place) OVER (PARTITION BY call_id, block_hash) AS behind FROM placed
), copies AS (
    -- A copy follows its original at one distance: where the distance changes, another passage begins.
    SELECT *, place - row_number() OVER (PARTITION BY call_id, behind ORDER BY place) AS passage
    FROM found
    WHERE behind > 0
), passages AS (
    SELECT call_id, behind, passage, sum(chars) AS chars, min(cum_chars - chars) AS starts_at
    FROM copies
    GROUP BY call_id, behind, passage
    HAVING count(*) >= $min_passage_blocks AND behind >= count(*)
), claimed AS (
    SELECT
        w.call_id, w.workload,
        CAST(floor(sum(p.chars) * max(w.tokens_per_char)) AS BIGINT) AS tokens
    FROM passages AS p
    JOIN worth AS w ON w.call_id = p.call_id
    WHERE w.tokens_per_char <= $max_tokens_per_char AND (w.tools_chars + p.starts_at) * w.tokens_per_char >= w.cached_tokens
    GROUP BY w.call_id, w.workload
    HAVING sum(p.chars) >= $min_repeated_chars
), told AS (
    SELECT workload, count(*) AS prompts, CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY tokens) AS BIGINT) AS tokens FROM claimed GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    c.tokens AS trim_input_tokens,
    t.prompts AS evidence_prompts,
    t.tokens AS evidence_repeated_tokens
FROM claimed AS c
JOIN told AS t ON t.workload = c.workload
