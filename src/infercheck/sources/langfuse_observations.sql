/*---
kind = "source"
yields = "spans"
title = "Langfuse observations (UI export, public API)"
description = """
Langfuse's observations with names in camel case: the export button's JSON, JSONL and CSV (with a column for each name of a score), the answers of
GET /api/public/observations and /api/public/v2/observations. Generations and embeddings are calls, the rest is kept for the time it took. usageDetails
leaves cached tokens out of input and reasoning out of output: both are added back. latency is seconds here and milliseconds there, and not read.
"""
formats = ["jsonl", "json", "csv"]
times_are_utc = true
rest = "others"

[detect]
all = ["traceId", "type", "startTime", "parentObservationId"]
any = ["usageDetails", "providedModelName"]

[columns]
id = "VARCHAR"
traceId = "VARCHAR"
projectId = "VARCHAR"
parentObservationId = "VARCHAR"
type = "VARCHAR"
name = "VARCHAR"
environment = "VARCHAR"
level = "VARCHAR"
statusMessage = "VARCHAR"
startTime = "VARCHAR"
endTime = "VARCHAR"
completionStartTime = "VARCHAR"
model = "VARCHAR"
providedModelName = "VARCHAR"
modelParameters = "VARCHAR"
usageDetails = '"MAP(VARCHAR, VARCHAR)"'
totalCost = "VARCHAR"
calculatedTotalCost = "VARCHAR"
costDetails = '{"total":"VARCHAR"}'
input = "VARCHAR"
output = "VARCHAR"
metadata = "VARCHAR"
promptName = "VARCHAR"
traceName = "VARCHAR"
traceTags = "VARCHAR"
tags = "VARCHAR"
userId = "VARCHAR"
sessionId = "VARCHAR"
scores = '"MAP(VARCHAR, VARCHAR)"'
# Never read, and no name of a score.
usage = "VARCHAR"
comments = "VARCHAR"

[[example]]
name = "UI export: cached input and reasoning stand beside input and output; an agent that repeats a generation's usage; one column a score"
format = "jsonl"
input = '''
{"id":"O0","traceId":"T1","type":"AGENT","environment":"default","parentObservationId":null,"startTime":"2025-10-09T08:53:20.000Z","endTime":"2025-10-09T08:53:24.000Z","completionStartTime":null,"name":"support","level":"DEFAULT","statusMessage":null,"model":"unknown","modelParameters":{},"usageDetails":{"input":400,"input_cached_tokens":100,"output":250,"output_reasoning_tokens":50,"total":800},"costDetails":{},"totalCost":0,"latency":4.0,"traceName":"checkout","traceTags":["prod","app:shop"],"traceTimestamp":"2025-10-09T08:53:20.000Z","userId":"u9","input":"hi","output":"ok","metadata":{},"helpful":null,"toxicity":null}
{"id":"O1","traceId":"T1","type":"GENERATION","environment":"default","parentObservationId":"O0","startTime":"2025-10-09T08:53:20.125Z","endTime":"2025-10-09T08:53:23.125Z","completionStartTime":"2025-10-09T08:53:20.525Z","name":"chat","level":"DEFAULT","statusMessage":null,"model":"gpt-4o","modelParameters":{"temperature":0,"max_tokens":900},"usageDetails":{"input":400,"input_cached_tokens":100,"output":250,"output_reasoning_tokens":50,"total":800},"costDetails":{"total":0.004125},"totalCost":0.004125,"latency":3.0,"traceName":"checkout","traceTags":["prod","app:shop"],"traceTimestamp":"2025-10-09T08:53:20.000Z","userId":"u9","input":[{"role":"user","content":"hi"}],"output":{"role":"assistant","content":"ok","tool_calls":[{"id":"c","type":"function","function":{"name":"lookup","arguments":"{\"id\":7}"}}]},"metadata":{"attributes":{"gen_ai.system":"openai"}},"helpful":[0.9],"toxicity":[0.1]}
{"id":"O2","traceId":"T1","type":"TOOL","environment":"default","parentObservationId":"O0","startTime":"2025-10-09T08:53:23.200Z","endTime":"2025-10-09T08:53:23.900Z","completionStartTime":null,"name":"lookup","level":"ERROR","statusMessage":"no such parcel","model":null,"modelParameters":null,"usageDetails":{},"costDetails":{},"totalCost":0,"latency":0.7,"traceName":"checkout","traceTags":["prod"],"traceTimestamp":"2025-10-09T08:53:20.000Z","userId":"u9","input":{"id":7},"output":null,"metadata":{},"helpful":null,"toxicity":null}
'''
calls = [{ line = 2, trace_id = "T1", span_id = "O1", parent_span_id = "O0", source_call_id = "O1", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", ended_at = "2025-10-09 08:53:23.125", status = "ok", provider = "openai", model = "gpt-4o", model_requested = "gpt-4o", app = "shop", tags = "prod", streamed = true, input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 50, max_tokens = 900, temperature = 0.0, logged_cost = 0.004125, prompt_chars = 2, response_chars = 2, score = 0.9 }]
spans = [
  { line = 1, span_id = "O0", kind = "agent", name = "support", status = "ok", started_at = "2025-10-09 08:53:20" },
  { line = 3, span_id = "O2", parent_span_id = "O0", kind = "tool", name = "lookup", status = "error", ended_at = "2025-10-09 08:53:23.900" },
]

[[example]]
name = "public API: totals in data; parts with a dot are in input and output already; a failure whose zero is no usage"
format = "json"
input = '''
{"data":[
 {"id":"o3","traceId":"t2","type":"GENERATION","parentObservationId":null,"startTime":"2025-10-09T08:53:20.000Z","endTime":"2025-10-09T08:53:31.000Z","completionStartTime":null,"name":"gemini","level":"DEFAULT","statusMessage":null,"model":"gemini-2.5-flash","modelParameters":null,"usageDetails":{"input":6,"output":2055,"total":2061,"completion_details.reasoning":1104},"usage":{"unit":"TOKENS","input":6,"output":2055,"total":2061},"promptTokens":6,"completionTokens":2055,"totalTokens":2061,"costDetails":{"total":0.0051393},"calculatedTotalCost":0.0051393,"latency":11.0,"input":"What?","output":"A tool.","metadata":null,"environment":"staging","promptName":"explain"},
 {"id":"o4","traceId":"t3","type":"GENERATION","parentObservationId":null,"startTime":"2025-10-09T08:54:00.000Z","endTime":"2025-10-09T08:54:00.210Z","completionStartTime":null,"name":"claude","level":"ERROR","statusMessage":"Error code: 429 - {'type': 'error'}","model":"claude-sonnet-4-20250514","modelParameters":null,"usageDetails":{},"usage":{"unit":"TOKENS","input":0,"output":0,"total":0},"promptTokens":0,"completionTokens":0,"totalTokens":0,"costDetails":{},"calculatedTotalCost":0,"latency":0.21,"input":null,"output":null,"metadata":null,"environment":"staging"}],
 "meta":{"page":1,"limit":50,"totalItems":2,"totalPages":1}}
'''
calls = [
  { trace_id = "t2", span_id = "o3", status = "ok", model = "gemini-2.5-flash", app = "explain", environment = "staging", input_tokens = 6, output_tokens = 2055, reasoning_tokens = 1104, logged_cost = 0.0051393, response_chars = 7 },
  { trace_id = "t3", span_id = "o4", status = "rate_limited", http_status = 429, model = "claude-sonnet-4-20250514" },
]

[[example]]
name = "public API v2: input and output are texts, the model is providedModelName; Anthropic's own names of cached tokens"
format = "json"
input = '''
{"data":[{"id":"o5","traceId":"t4","startTime":"2025-10-09T08:55:00.000Z","endTime":"2025-10-09T08:55:02.000Z","projectId":"p","parentObservationId":null,"type":"GENERATION","name":"chat","level":"DEFAULT","environment":"default","userId":"u1","sessionId":"s1","providedModelName":"claude-sonnet-4-20250514","modelParameters":"{\"max_tokens\":100}","usageDetails":{"input":25,"cache_read_input_tokens":2000,"input_cache_creation_5m":100,"input_cache_creation_1h":40,"output":60,"total":2225},"costDetails":{"total":0.00235},"totalCost":0.00235,"input":"[{\"role\":\"user\",\"content\":\"abc\"}]","output":"{\"role\":\"assistant\",\"content\":\"[1]\"}","tags":["beta"],"traceName":"run 3f2a9c1d"}],"meta":{"cursor":null}}
'''
calls = [{ span_id = "o5", session_id = "s1", model = "claude-sonnet-4-20250514", tags = "beta", app = "-", input_tokens = 2165, cache_read_tokens = 2000, cache_write_5m_tokens = 100, cache_write_1h_tokens = 40, output_tokens = 60, max_tokens = 100, prompt_chars = 3, response_is_json = true, logged_cost = 0.00235 }]

[[example]]
name = "CSV of the UI: maps are texts of JSON, nothing is empty text; buckets whose total is input and output alone are parts of them; a leaf agent is a call"
format = "csv"
input = '''
id,traceId,type,parentObservationId,startTime,endTime,completionStartTime,name,environment,level,statusMessage,model,modelParameters,usageDetails,totalCost,input,output,metadata,traceName,traceTags,traceTimestamp,userId,correctness,feedback
o6,t5,GENERATION,,2025-10-09T08:56:00.000Z,2025-10-09T08:56:01.500Z,,chat,default,DEFAULT,,gpt-4o,{},"{""input"":500,""input_cached_tokens"":100,""output"":20,""total"":520}",0.00125,"[{""role"":""user"",""content"":""hi""}]",ok,{},search,"[""a"",""b""]",2025-10-09T08:56:00.000Z,,[1],
o7,t5,AGENT,,2025-10-09T08:56:02.000Z,2025-10-09T08:56:03.000Z,,planner,default,DEFAULT,,gpt-4o,,"{""input"":50,""output"":5,""total"":55}",0.000175,,,,search,[],2025-10-09T08:56:00.000Z,,,"[""good""]"
'''
calls = [
  { span_id = "o6", app = "search", tags = "a,b", input_tokens = 500, cache_read_tokens = 100, output_tokens = 20, logged_cost = 0.00125, prompt_chars = 2, score = 1.0, ended_at = "2025-10-09 08:56:01.500" },
  { span_id = "o7", input_tokens = 50, output_tokens = 5, logged_cost = 0.000175 },
]
---*/
WITH parents AS (
    SELECT DISTINCT parentObservationId AS parent FROM raw WHERE parentObservationId <> ''
),
facts AS (
    SELECT * REPLACE (coalesce(providedModelName, model) AS model, langfuse_text(input) AS input, langfuse_text(output) AS output), langfuse_usage(usageDetails) AS used, langfuse_told(metadata) AS told,
        langfuse_app(promptName, traceName) AS app, coalesce(totalCost, calculatedTotalCost, costDetails.total) AS cost,
        id IN (SELECT parent FROM parents) AS has_child
    FROM raw
),
given_scores AS (
    SELECT file, line, traceId, id, unnest(map_entries(map_concat(scores, others))) AS s FROM raw
)
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, traceId AS trace_id, id AS span_id, parentObservationId AS parent_span_id, name,
    CAST(NULL AS VARCHAR) AS span_kind, startTime AS started, endTime AS ended, level AS status_code, CAST(NULL AS VARCHAR) AS service,
    nullif(environment, 'default') AS environment, CAST(NULL AS VARCHAR) AS scope,
    langfuse_attributes(langfuse_kind(type, model, used, has_child), model, modelParameters, used, cost, input, output, told, statusMessage, app,
        sessionId, userId, coalesce(traceTags, tags)) AS a,
    langfuse_events(completionStartTime, NULL) AS events
FROM facts
UNION ALL BY NAME
-- A score's cell holds a list of its values.
SELECT file, line, traceId AS trace_id, id AS span_id, s.key AS name, 'remark' AS span_kind, map_attributes(NULL) AS a,
    langfuse_events(NULL, CAST(list_avg(list_transform(shaped(s.value, '["VARCHAR"]'), lambda x: to_number(x))) AS VARCHAR)) AS events
FROM given_scores WHERE regexp_matches(s.value, '^\[\s*-?[0-9.]')
