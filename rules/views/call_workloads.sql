/*---
kind = "view"
title = "The one workload of every call"
why = "Findings speak of jobs, not of single requests. The model is never part of a workload: otherwise moving it would split it."

[columns]
call_id = "the call"
workload = "name of the job: from config, else the app tag, else a fingerprint of caller and prompt template"
workload_source = "config, app or fingerprint"

[params.min_template_calls]
default = 20
help = "A template splits a caller's traffic only when it holds this many calls: a smaller group has no stable statistics of its own."

[[example]]
name = "config, then app, then fingerprint; a rare template does not split"
calls = '''
call_id  app  api_key_alias  user_agent  template_hash
a        x    k              ua          1
b        x    k              ua          2
c        -    k              ua          1
d        -    k              -           -
'''
config_calls = '''
call_id  workload
a        billing
'''
rows = '''
call_id  workload         workload_source
a        billing          config
b        x                app
c        k / ua / chat    fingerprint
d        k / chat         fingerprint
'''

[[example]]
name = "a template with enough calls is a workload of its own"
params = { min_template_calls = 2 }
calls = '''
call_id  api_key_alias  template_hash
a        k              1000007
b        k              1000007
c        k              2000009
'''
rows = '''
call_id  workload         workload_source
a        k / chat #000007  fingerprint
b        k / chat #000007  fingerprint
c        k / chat          fingerprint
'''
---*/
WITH named AS (
    SELECT
        c.call_id,
        g.workload AS configured,
        c.app,
        concat_ws(' / ', coalesce(c.api_key_alias, c.team), c.user_agent, coalesce(c.operation, 'unknown operation')) AS caller,
        c.template_hash
    FROM calls AS c
    LEFT JOIN config_calls AS g ON g.call_id = c.call_id
), templates AS (
    SELECT caller, template_hash
    FROM named
    WHERE configured IS NULL AND app IS NULL AND template_hash IS NOT NULL
    GROUP BY caller, template_hash
    HAVING count(*) >= $min_template_calls
)
SELECT
    n.call_id,
    coalesce(
        n.configured,
        n.app,
        CASE WHEN t.template_hash IS NULL THEN n.caller
             ELSE concat_ws('', n.caller, ' #', right(concat_ws('', '00000', CAST(abs(n.template_hash) % 1000000 AS STRING)), 6)) END
    ) AS workload,
    CASE WHEN n.configured IS NOT NULL THEN 'config' WHEN n.app IS NOT NULL THEN 'app' ELSE 'fingerprint' END AS workload_source
FROM named AS n
LEFT JOIN templates AS t ON t.caller = n.caller AND t.template_hash = n.template_hash
