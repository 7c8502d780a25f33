/*---
kind = "view"
title = "Models that cannot do what a workload asks of its model"
why = """A cheaper model is no saving if it cannot take the prompt, the tools, the picture or the schema. What the calls of a workload ask for is held against what is known of every other model; \
one call that asks for more is enough, since a workload moves as a whole. What is not known of a model (infercheck's models.toml) is not checked and refuses nothing."""

[columns]
workload = "as in call_workloads"
provider = "of the model that serves it"
model = "the model that serves it"
target = "provider/model that cannot take over"
because = "what it lacks, as a sentence fragment"

[[example]]
name = "context, tools, pictures, sound, schema, reasoning: each is enough; unknown facts refuse nothing"
calls = '''
call_id  workload  provider  model  input_tokens  output_tokens  tool_defs  image_tokens  audio_input_tokens  response_format  reasoning_effort
a        long      p         big    90000         20000          -          -             -                   -                -
b        tools     p         big    100           10             2          -             -                   -                -
c        eyes      p         big    100           10             -          50            -                   -                -
d        ears      p         big    100           10             -          -             50                  -                -
e        shape     p         big    100           10             -          -             -                   json_schema      -
f        thought   p         big    100           10             -          -             -                   -                high
g        plain     p         big    100           10             0          0             0                   json_object      none
'''
models = '''
provider  model  capabilities  context_tokens
p         big    -             -
p         tiny   text          100000
p         odd    -             -
'''
rows = '''
workload  model  target  because
long      big    p/tiny  its window holds 100000 tokens, the longest call has 110000
tools     big    p/tiny  it takes no tools
eyes      big    p/tiny  it sees no pictures
ears      big    p/tiny  it hears no sound
shape     big    p/tiny  it is not known to keep to a JSON schema
thought   big    p/tiny  it does not reason, and an effort is asked for
'''

[[example]]
name = "a tool call in the answer tells of tools that the log does not show; a capable model is not refused"
calls = '''
call_id  workload  provider  model  input_tokens  output_tokens  finish_reason
a        agent     p         big    100           10             tool_calls
b        agent     p         big    100           10             stop
'''
models = '''
provider  model  capabilities                   context_tokens
p         big    text,tools                     100000
p         able   text,tools,json_schema         100000
p         plain  text                           100000
'''
rows = '''
workload  target
agent     p/plain
'''
---*/
WITH asked AS (
    SELECT
        w.workload, c.provider, c.model,
        max(coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0)) AS tokens,
        bool_or(coalesce(c.tool_defs, 0) > 0 OR c.tools_hash IS NOT NULL OR coalesce(c.finish_reason = 'tool_calls', FALSE)) AS tools,
        bool_or(coalesce(c.image_tokens, 0) > 0) AS pictures,
        bool_or(coalesce(c.audio_input_tokens, 0) > 0 OR coalesce(c.audio_output_tokens, 0) > 0) AS sound,
        bool_or(coalesce(c.response_format = 'json_schema', FALSE)) AS shape,
        bool_or(lower(coalesce(c.reasoning_effort, 'none')) NOT IN ('none', 'minimal')) AS effort
    FROM calls AS c
    JOIN call_workloads AS w ON w.call_id = c.call_id
    WHERE c.model IS NOT NULL
    GROUP BY w.workload, c.provider, c.model
), known AS (
    SELECT concat_ws('/', provider, model) AS target, context_tokens, concat_ws('', ',', capabilities, ',') AS able, capabilities IS NOT NULL AS told
    FROM models
    WHERE capabilities IS NOT NULL OR context_tokens IS NOT NULL
), judged AS (
    SELECT
        a.workload, a.provider, a.model, k.target,
        CASE WHEN k.context_tokens < a.tokens
                 THEN concat_ws('', 'its window holds ', CAST(k.context_tokens AS STRING), ' tokens, the longest call has ', CAST(a.tokens AS STRING))
             WHEN NOT k.told THEN NULL
             WHEN a.tools AND NOT contains(k.able, ',tools,') THEN 'it takes no tools'
             WHEN a.pictures AND NOT contains(k.able, ',vision,') THEN 'it sees no pictures'
             WHEN a.sound AND NOT contains(k.able, ',audio,') THEN 'it hears no sound'
             WHEN a.shape AND NOT contains(k.able, ',json_schema,') THEN 'it is not known to keep to a JSON schema'
             WHEN a.effort AND NOT contains(k.able, ',reasoning,') THEN 'it does not reason, and an effort is asked for' END AS because
    FROM asked AS a
    CROSS JOIN known AS k
    WHERE k.target <> concat_ws('/', a.provider, a.model)
)
SELECT workload, provider, model, target, because
FROM judged
WHERE because IS NOT NULL
