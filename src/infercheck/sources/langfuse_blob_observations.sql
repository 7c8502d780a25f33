/*---
kind = "source"
yields = "spans"
title = "Langfuse observations (blob storage export)"
description = """
What Langfuse's integration with S3, GCS or Azure writes under observations/ and observations_v2/: names in snake case, times in UTC without a zone.
Sessions, users, tags and scores stand in the files under traces/ and scores/ beside them: give the whole folder. Tokens are read as in the other exports.
"""
formats = ["jsonl", "json", "csv", "parquet"]
times_are_utc = true

[detect]
all = ["trace_id", "type", "start_time", "parent_observation_id"]
any = ["provided_model_name", "usage_details"]

[columns]
id = "VARCHAR"
trace_id = "VARCHAR"
parent_observation_id = "VARCHAR"
type = "VARCHAR"
name = "VARCHAR"
environment = "VARCHAR"
level = "VARCHAR"
status_message = "VARCHAR"
start_time = "VARCHAR"
end_time = "VARCHAR"
completion_start_time = "VARCHAR"
provided_model_name = "VARCHAR"
model_parameters = "VARCHAR"
usage_details = '"MAP(VARCHAR, VARCHAR)"'
total_cost = "VARCHAR"
cost_details = '{"total":"VARCHAR"}'
input = "VARCHAR"
output = "VARCHAR"
metadata = "VARCHAR"
prompt_name = "VARCHAR"
trace_name = "VARCHAR"
tags = "VARCHAR"
user_id = "VARCHAR"
session_id = "VARCHAR"

[[example]]
name = "an overloaded attempt without usage, the retry that succeeded, and the span around both"
format = "jsonl"
input = '''
{"id":"o0","trace_id":"t1","project_id":"p","environment":"default","type":"SPAN","parent_observation_id":null,"start_time":"2025-10-09 08:53:29.000","end_time":"2025-10-09 08:53:34.000","name":"answer","level":"DEFAULT","status_message":null,"provided_model_name":null,"usage_details":{},"cost_details":{},"completion_start_time":null,"total_cost":null,"latency":5.0,"time_to_first_token":null}
{"id":"o2","trace_id":"t1","project_id":"p","environment":"default","type":"GENERATION","parent_observation_id":"o0","start_time":"2025-10-09 08:53:30.000","end_time":"2025-10-09 08:53:31.500","name":"claude","level":"ERROR","status_message":"529 overloaded","provided_model_name":"claude-sonnet-4-20250514","usage_details":{},"cost_details":{},"completion_start_time":null,"total_cost":null,"latency":1.5,"time_to_first_token":null}
{"id":"o3","trace_id":"t1","project_id":"p","environment":"default","type":"GENERATION","parent_observation_id":"o0","start_time":"2025-10-09 08:53:32.000","end_time":"2025-10-09 08:53:34.000","name":"claude","level":"DEFAULT","status_message":null,"provided_model_name":"claude-sonnet-4-20250514","model_parameters":"{\"temperature\":\"0.5\"}","usage_details":{"input":50,"input_cache_read":1000,"output":20,"total":1070},"cost_details":{"total":0.00075},"completion_start_time":"2025-10-09 08:53:32.400","total_cost":0.00075,"latency":2.0,"time_to_first_token":0.4,"metadata":{"attributes":"{\"gen_ai.system\":\"anthropic\"}"},"input":"[{\"role\":\"user\",\"content\":\"abc\"}]","output":"\"ok\"","prompt_name":"tutor"}
'''
calls = [
  { line = 2, span_id = "o2", trace_id = "t1", parent_span_id = "o0", status = "error", started_at = "2025-10-09 08:53:30", input_tokens = "-", logged_cost = "-" },
  { line = 3, span_id = "o3", status = "ok", provider = "anthropic", app = "tutor", streamed = true, first_token_at = "2025-10-09 08:53:32.400", input_tokens = 1050, cache_read_tokens = 1000, output_tokens = 20, logged_cost = 0.00075, temperature = 0.5, prompt_chars = 3, response_chars = 2 },
]
spans = [{ line = 1, span_id = "o0", kind = "other", name = "answer" }]
---*/
WITH parents AS (
    SELECT DISTINCT parent_observation_id AS parent FROM raw WHERE parent_observation_id <> ''
),
facts AS (
    SELECT * REPLACE (langfuse_text(input) AS input, langfuse_text(output) AS output), langfuse_usage(usage_details) AS used, langfuse_told(metadata) AS told, langfuse_app(prompt_name, trace_name) AS app,
        coalesce(total_cost, cost_details.total) AS cost, id IN (SELECT parent FROM parents) AS has_child
    FROM raw
)
SELECT file, line, CAST(NULL AS VARCHAR) AS skipped, trace_id, id AS span_id, parent_observation_id AS parent_span_id, name,
    CAST(NULL AS VARCHAR) AS span_kind, start_time AS started, end_time AS ended, level AS status_code, CAST(NULL AS VARCHAR) AS service,
    nullif(environment, 'default') AS environment, CAST(NULL AS VARCHAR) AS scope,
    langfuse_attributes(langfuse_kind(type, provided_model_name, used, has_child), provided_model_name, model_parameters, used, cost, input, output, told,
        status_message, app, session_id, user_id, tags) AS a,
    langfuse_events(completion_start_time, NULL) AS events
FROM facts
