/*---
title = "Tool definitions that nobody calls"
why = """Every definition of a tool is part of the prompt and is read and billed in every call. Here they make up more than 30% of what is sent, and not one call of the workload asked for a tool. A job that uses \
none should be offered none, or those of its own."""
action = "{subject}: offer no tools, or only the job's own: {tools} definitions are {share_percent}% of the prompt and none was called in {calls} calls"
fix = "prompt_diet"
grade = "heuristic"
effect = "spend"
needs = ["tools_chars", "prompt_chars", "input_tokens", "tool_calls"]
false_positives = """A tool for emergencies is offered for a long time before it is used: look at a longer log. A format that is asked for as a tool shows as a tool call and is never blamed. Calls whose answer the log does \
not hold may have used one: a workload with more than a twentieth of those is left alone."""

[params.min_share]
default = 0.3
help = "Of the characters sent, over the workload. Below a third the definitions are not what makes its prompts long."

[params.min_calls]
default = 20
help = "A tool that one call in ten needs is missed by 20 calls in a row with a chance of 12%; fewer calls say nothing."

[params.max_unknown_share]
default = 0.05
help = "Calls whose answer and finish reason are both unknown may have asked for a tool."

[[example]]
name = "definitions of 6,000 characters beside a question of 2,000, never used; what the cache served of them is not claimed"
params = { min_calls = 2 }
calls = '''
call_id  workload  started_at  input_tokens  cache_read_tokens  prompt_chars  tools_chars  tools_hash  tool_defs  finish_reason  response_chars
a        faq       0           2000          0                  2000          6000         t           12         stop           90
b        faq       9           2000          0                  2000          6000         t           12         stop           90
c        faq       19          2000          1400               2000          6000         t           12         stop           90
'''
claims = '''
call_id  subject  grade      fix          trim_input_tokens
a        faq      heuristic  prompt_diet  1500
b        faq      heuristic  prompt_diet  1500
c        faq      heuristic  prompt_diet  100
'''

[[example]]
name = "called once in the workload, a small part of the prompt, answers unknown, too few: silent"
params = { min_calls = 2 }
calls = '''
call_id  workload  started_at  input_tokens  prompt_chars  tools_chars  tools_hash  tool_defs  finish_reason  response_chars
a        agent     0           2000          2000          6000         t           12         stop           90
b        agent     9           2000          2000          6000         t           12         tool_calls     -
c        named     0           2000          2000          6000         t           12         stop           90
d        named     9           2000          2000          6000         t           12         stop           90
e        small     0           2000          8000          900          t           2          stop           90
f        small     9           2000          8000          900          t           2          stop           90
g        dark      0           2000          2000          6000         t           12         -              -
h        dark      9           2000          2000          6000         t           12         -              -
i        once      0           2000          2000          6000         t           12         stop           90
'''
tool_calls = '''
call_id  position  name    arguments_hash
c        0         lookup  x
'''
claims = ""
---*/
WITH offered AS (
    SELECT
        c.call_id, w.workload, c.tools_chars, c.prompt_chars, c.tool_defs,
        coalesce(c.finish_reason = 'tool_calls', FALSE) AS asked,
        c.finish_reason IS NULL AND c.response_chars IS NULL AS unknown,
        CAST(c.input_tokens - coalesce(c.image_tokens, 0) - coalesce(c.audio_input_tokens, 0) AS DOUBLE)
            / nullif(c.prompt_chars + c.tools_chars, 0) * c.tools_chars AS tools_tokens,
        coalesce(c.cache_read_tokens, 0) AS read_tokens
    FROM calls AS c
    JOIN call_workloads AS w ON w.call_id = c.call_id
    WHERE c.status = 'ok' AND c.tools_chars > 0 AND c.prompt_chars IS NOT NULL AND c.input_tokens > 0 AND NOT coalesce(c.gateway_cache_hit, FALSE)
), users AS (
    SELECT w.workload
    FROM tool_calls AS t
    JOIN call_workloads AS w ON w.call_id = t.call_id
    GROUP BY w.workload
), unused AS (
    SELECT
        o.workload,
        count(*) AS calls,
        max(o.tool_defs) AS tools,
        CAST(floor(100 * sum(CAST(o.tools_chars AS DOUBLE)) / sum(o.tools_chars + o.prompt_chars)) AS BIGINT) AS share_percent
    FROM offered AS o
    LEFT JOIN users AS u ON u.workload = o.workload
    WHERE u.workload IS NULL
    GROUP BY o.workload
    HAVING count(*) >= $min_calls AND NOT bool_or(o.asked) AND count(*) FILTER (WHERE o.unknown) <= $max_unknown_share * count(*)
       AND sum(o.tools_chars) > $min_share * sum(o.tools_chars + o.prompt_chars)
)
SELECT
    o.call_id,
    o.workload AS subject,
    CAST(floor(o.tools_tokens - o.read_tokens) AS BIGINT) AS trim_input_tokens,
    u.calls AS evidence_calls,
    u.tools AS evidence_tools,
    u.share_percent AS evidence_share_percent
FROM offered AS o
JOIN unused AS u ON u.workload = o.workload
WHERE o.tools_tokens - o.read_tokens >= 1
