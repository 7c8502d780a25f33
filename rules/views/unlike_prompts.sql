/*---
kind = "view"
title = "Prompts that look alike in the log and were not"
why = """Two calls whose prompts have the same hash were asked the same, unless the log does not hold all that was sent: pictures and files that the logger left \
out, texts that it masked, tools that it does not write down. The number of input tokens tells: one model reads one prompt, with the same tools and parameters, \
as the same number of tokens. Where it did not, the hash does not name the request, and nobody may call such calls repeats of each other."""

[columns]
prompt_hash = "as in calls"

[[example]]
name = "one prompt, one count of tokens: alike; another count on the same model: not; on another model, with other tools or parameters, of a failure or out of a cache: no sign"
calls = '''
call_id  provider  model  started_at  prompt_hash  params_hash  tools_hash  status  gateway_cache_hit  input_tokens
a        p         m      0           same         q            -           ok      -                  100
b        p         m      9           same         q            -           ok      -                  100
c        p         m      0           unlike       q            -           ok      -                  100
d        p         m      9           unlike       q            -           ok      -                  900
e        p         m      0           models       q            -           ok      -                  100
f        p         n      9           models       q            -           ok      -                  120
g        p         m      0           tools        q            t1          ok      -                  100
h        p         m      9           tools        q            t2          ok      -                  300
i        p         m      0           params       q            -           ok      -                  100
j        p         m      9           params       q2           -           ok      -                  130
k        p         m      0           failed       q            -           ok      -                  100
l        p         m      9           failed       q            -           error   -                  1
m        p         m      0           cached       q            -           ok      -                  100
n        p         m      9           cached       q            -           ok      true               1
o        p         m      0           unknown      q            -           ok      -                  100
p        p         m      9           unknown      q            -           ok      -                  -
'''
rows = '''
prompt_hash
unlike
'''
---*/
WITH read AS (
    SELECT provider, model, prompt_hash, params_hash, tools_hash, input_tokens
    FROM priced_calls
    WHERE prompt_hash IS NOT NULL AND status = 'ok' AND input_tokens > 0 AND NOT coalesce(gateway_cache_hit, FALSE)
), uneven AS (
    -- Cheap sieve: hardly any prompt has two counts.
    SELECT prompt_hash FROM read GROUP BY prompt_hash HAVING min(input_tokens) < max(input_tokens)
)
SELECT DISTINCT prompt_hash
FROM (
    SELECT r.prompt_hash
    FROM read AS r
    JOIN uneven AS u ON u.prompt_hash = r.prompt_hash
    GROUP BY r.provider, r.model, r.prompt_hash, r.params_hash, r.tools_hash
    HAVING min(r.input_tokens) < max(r.input_tokens)
) AS told
