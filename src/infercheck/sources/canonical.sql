/*---
kind = "source"
title = "infercheck's own columns"
description = """
The canonical table `calls` as a file: what `infercheck ingest LOGS --to DIR` writes (DIR itself brings prompts and spans as well), or what a query
on a warehouse makes. Only the columns that decide recognition must be there; input tokens include the cached ones, output tokens the reasoning, costs
are in logged_currency, times are UTC.
"""
formats = ["parquet", "csv", "jsonl", "json"]
times_are_utc = true

[detect]
all = ["source_call_id", "started_at", "model", "input_tokens", "output_tokens"]
none = ["billed_usd"]

[columns]
source_call_id = "VARCHAR"
request_id = "VARCHAR"
attempt_key = "VARCHAR"
trace_id = "VARCHAR"
session_id = "VARCHAR"
span_id = "VARCHAR"
parent_span_id = "VARCHAR"
operation = "VARCHAR"
started_at = "VARCHAR"
first_token_at = "VARCHAR"
ended_at = "VARCHAR"
queue_ms = "VARCHAR"
gateway_ms = "VARCHAR"
status = "VARCHAR"
http_status = "VARCHAR"
error_type = "VARCHAR"
finish_reason = "VARCHAR"
attempt = "VARCHAR"
provider = "VARCHAR"
model_requested = "VARCHAR"
model = "VARCHAR"
deployment = "VARCHAR"
region = "VARCHAR"
endpoint = "VARCHAR"
service_tier = "VARCHAR"
streamed = "VARCHAR"
api_key_alias = "VARCHAR"
team = "VARCHAR"
user = "VARCHAR"
end_user = "VARCHAR"
app = "VARCHAR"
environment = "VARCHAR"
tags = "VARCHAR"
user_agent = "VARCHAR"
input_tokens = "VARCHAR"
cache_read_tokens = "VARCHAR"
cache_write_5m_tokens = "VARCHAR"
cache_write_1h_tokens = "VARCHAR"
output_tokens = "VARCHAR"
reasoning_tokens = "VARCHAR"
audio_input_tokens = "VARCHAR"
audio_output_tokens = "VARCHAR"
image_tokens = "VARCHAR"
input_items = "VARCHAR"
gateway_cache_hit = "VARCHAR"
response_format = "VARCHAR"
reasoning_effort = "VARCHAR"
max_tokens = "VARCHAR"
temperature = "VARCHAR"
caller_region = "VARCHAR"
logged_cost = "VARCHAR"
logged_currency = "VARCHAR"
prompt_hash = "VARCHAR"
masked_hash = "VARCHAR"
system_hash = "VARCHAR"
template_hash = "VARCHAR"
tools_hash = "VARCHAR"
params_hash = "VARCHAR"
response_is_json = "VARCHAR"
response_hash = "VARCHAR"
response_chars = "VARCHAR"
prompt_chars = "VARCHAR"
tools_chars = "VARCHAR"
tool_defs = "VARCHAR"
turn = "VARCHAR"
score = "VARCHAR"

[[example]]
name = "a few columns as CSV; empty is unknown"
format = "csv"
input = '''
source_call_id,started_at,ended_at,status,provider,model,input_tokens,cache_read_tokens,output_tokens,logged_cost,logged_currency,team,prompt_hash
c1,2026-11-03 09:00:00,2026-11-03 09:00:02.5,ok,openai,gpt-4o,500,100,30,0.0014,USD,search,77
c2,2026-11-03 09:00:01,,rate_limited,openai,gpt-4o,,,,,,search,77
c3,2026-11-03 09:00:02,,broken,openai,gpt-4o,12.5,,1,2,eur,,
'''
calls = [
    { source_call_id = "c1", request_id = "c1", attempt_key = "c1|1793696400000", started_at = "2026-11-03 09:00:00", ended_at = "2026-11-03 09:00:02.500", status = "ok", model = "gpt-4o", input_tokens = 500, cache_read_tokens = 100, output_tokens = 30, logged_cost = 0.0014, logged_currency = "USD", team = "search", prompt_hash = 77 },
    { source_call_id = "c2", status = "rate_limited", prompt_hash = 77 },
    { source_call_id = "c3", output_tokens = 1, logged_cost = 2.0, logged_currency = "EUR" },
]

[[example]]
name = "JSON lines with the log's own key for an attempt"
format = "jsonl"
input = '''
{"source_call_id":"c1","request_id":"r1","attempt_key":"k1","started_at":"2026-11-03T09:00:00Z","model":"gpt-4o","input_tokens":5,"output_tokens":1,"streamed":true,"response_is_json":false,"tools_hash":9}
'''
calls = [{ request_id = "r1", attempt_key = "k1", streamed = true, response_is_json = false, tools_hash = 9, input_tokens = 5 }]
---*/
SELECT * REPLACE (
        coalesce(request_id, source_call_id) AS request_id,
        coalesce(
            unless_empty(attempt_key), CASE WHEN unless_empty(source_call_id) IS NOT NULL THEN concat_ws('|', source_call_id, to_ms(started_at)) END
        ) AS attempt_key
    )
FROM raw
