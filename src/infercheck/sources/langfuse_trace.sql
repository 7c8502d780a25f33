/*---
kind = "source"
yields = "spans"
title = "Langfuse trace (downloaded as JSON)"
description = """
What "download as JSON" gives on a trace's page: one object with the trace, its scores, and its observations. Read as Langfuse's other exports are.
"""
formats = ["json", "jsonl"]
times_are_utc = true

[detect]
all = ["trace", "observations"]

[columns]
trace = '''{"id":"VARCHAR","name":"VARCHAR","userId":"VARCHAR","sessionId":"VARCHAR","tags":"VARCHAR",
    "scores":[{"observationId":"VARCHAR","name":"VARCHAR","value":"VARCHAR","dataType":"VARCHAR"}]}'''
observations = '''[{"id":"VARCHAR","traceId":"VARCHAR","parentObservationId":"VARCHAR","type":"VARCHAR","name":"VARCHAR","environment":"VARCHAR",
    "level":"VARCHAR","statusMessage":"VARCHAR","startTime":"VARCHAR","endTime":"VARCHAR","completionStartTime":"VARCHAR","model":"VARCHAR",
    "modelParameters":"VARCHAR","usageDetails":"MAP(VARCHAR, VARCHAR)","totalCost":"VARCHAR","input":"VARCHAR","output":"VARCHAR","metadata":"VARCHAR",
    "promptName":"VARCHAR"}]'''

[[example]]
name = "the root agent repeats the first of two generations; a score of the trace judges its last answer; of toxicity less is better"
format = "json"
input = '''
{"trace":{"id":"e3a407423619277a","name":"weather","timestamp":"2025-10-14T16:44:29.952Z","tags":[],"userId":"u1","sessionId":"s1","scores":[
   {"id":"s1","name":"toxicity","source":"EVAL","observationId":null,"value":0,"stringValue":null,"dataType":"NUMERIC"},
   {"id":"s2","name":"helpfulness","source":"EVAL","observationId":null,"value":0.25,"stringValue":null,"dataType":"NUMERIC"},
   {"id":"s3","name":"user-feedback","source":"API","observationId":"c6b8","value":1,"stringValue":"True","dataType":"BOOLEAN"}],"latency":12.447},
 "observations":[
  {"id":"026d","traceId":"e3a407423619277a","type":"AGENT","parentObservationId":null,"startTime":"2025-10-14T16:44:29.952Z","endTime":"2025-10-14T16:44:42.399Z","name":"invoke_agent","level":"DEFAULT","statusMessage":null,"modelParameters":{"choice.count":1},"completionStartTime":null,"usageDetails":{"input":631,"output":35,"total":666},"model":"unknown","latency":12447,"totalCost":0,"inputUsage":631},
  {"id":"3c2d","traceId":"e3a407423619277a","type":"GENERATION","parentObservationId":"026d","startTime":"2025-10-14T16:44:35.939Z","endTime":"2025-10-14T16:44:42.398Z","name":"chat gpt-4o","level":"DEFAULT","statusMessage":null,"modelParameters":{"choice.count":1},"completionStartTime":null,"usageDetails":{"input":631,"output":35,"total":666},"model":"gpt-4o","latency":6459,"totalCost":0.0019275,"inputUsage":631,
   "input":[{"role":"user","parts":[{"type":"text","content":"Weather?"}]}],"output":[{"role":"assistant","parts":[{"type":"text","content":"Stormy."}]}],"metadata":{"attributes":{"gen_ai.provider.name":"openai"}}},
  {"id":"c6b8","traceId":"e3a407423619277a","type":"GENERATION","parentObservationId":"026d","startTime":"2025-10-14T16:44:29.953Z","endTime":"2025-10-14T16:44:35.937Z","name":"chat gpt-4o","level":"DEFAULT","statusMessage":null,"modelParameters":{"choice.count":1},"completionStartTime":null,"usageDetails":{"input":25,"output":70,"total":95},"model":"gpt-4o","latency":5984,"totalCost":0.0007625,"inputUsage":25,
   "input":[{"role":"user","parts":[{"type":"text","content":"Weather?"}]}],"output":[{"role":"assistant","parts":[{"type":"tool_call","id":"x","name":"get_weather","arguments":{"location":"Portland"}}]}],"metadata":{"attributes":{"gen_ai.provider.name":"openai"}}}]}
'''
calls = [
  { span_id = "c6b8", parent_span_id = "026d", started_at = "2025-10-14 16:44:29.953", provider = "openai", app = "weather", session_id = "s1", input_tokens = 25, output_tokens = 70, logged_cost = 0.0007625, score = 1.0 },
  { span_id = "3c2d", source_call_id = "3c2d", input_tokens = 631, output_tokens = 35, logged_cost = 0.0019275, prompt_chars = 8, response_chars = 7, score = 0.25 },
]
spans = [{ span_id = "026d", kind = "agent", name = "invoke_agent" }]
---*/
WITH opened AS (
    SELECT file, line, trace, list_transform(observations, lambda o: o.parentObservationId) AS parents, unnest(observations) AS o FROM raw
),
facts AS (
    SELECT *, langfuse_usage(o.usageDetails) AS used, langfuse_told(o.metadata) AS told, langfuse_app(o.promptName, trace.name) AS app,
        langfuse_text(o.input) AS input, langfuse_text(o.output) AS output, coalesce(list_contains(parents, o.id), FALSE) AS has_child
    FROM opened
),
given_scores AS (
    SELECT file, line, trace.id AS trace_id, unnest(trace.scores) AS s FROM raw
)
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, coalesce(o.traceId, trace.id) AS trace_id, o.id AS span_id, o.parentObservationId AS parent_span_id,
    o.name AS name, CAST(NULL AS VARCHAR) AS span_kind, o.startTime AS started, o.endTime AS ended, o.level AS status_code,
    CAST(NULL AS VARCHAR) AS service, nullif(o.environment, 'default') AS environment, CAST(NULL AS VARCHAR) AS scope,
    langfuse_attributes(langfuse_kind(o.type, o.model, used, has_child), o.model, o.modelParameters, used, o.totalCost, input, output, told,
        o.statusMessage, app, trace.sessionId, trace.userId, trace.tags) AS a,
    langfuse_events(o.completionStartTime, NULL) AS events
FROM facts
UNION ALL BY NAME
SELECT file, line, trace_id, s.observationId AS span_id, s.name AS name, 'remark' AS span_kind, map_attributes(NULL) AS a,
    langfuse_events(NULL, s.value) AS events
FROM given_scores WHERE s.dataType IN ('NUMERIC', 'BOOLEAN')
