/*---
kind = "source"
title = "BurstGPT trace"
description = """
The public BurstGPT trace: requests to ChatGPT and GPT-4 through a campus service, in seconds from the first day's midnight, there by the local clock.
No answer tokens mean a failure. Later versions add the session and the whole duration. The models are families, not versions, so nothing is
priced; a mapping of your own ([source.NAME] in the config) can give them names that have a price.
"""
formats = ["csv"]
times_are_relative = true

[detect]
all = ["Timestamp", "Model", "Request tokens", "Response tokens", "Log Type"]

[columns]
Timestamp = "VARCHAR"
"Session ID" = "VARCHAR"
"Elapsed time" = "VARCHAR"
Model = "VARCHAR"
"Request tokens" = "VARCHAR"
"Response tokens" = "VARCHAR"
"Log Type" = "VARCHAR"

[[example]]
name = "the first versions; no answer is a failure whose usage is unknown"
format = "csv"
input = '''
Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,400,20,420,Conversation log
86465.5,GPT-4,900,0,900,API log
'''
calls = [
    { started_at = "1970-01-01 00:00:05", status = "ok", model_requested = "ChatGPT", app = "Conversation log", input_tokens = 400, output_tokens = 20 },
    { started_at = "1970-01-02 00:01:05.500", status = "error", model_requested = "GPT-4", app = "API log", input_tokens = 900 },
]

[[example]]
name = "with session and duration, in another order of columns"
format = "csv"
input = '''
Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type
5.0,s7,4.25,ChatGPT,400,20,420,Conversation log
6.0,,,GPT-4,100,9,109,API log
'''
calls = [
    { started_at = "1970-01-01 00:00:05", ended_at = "1970-01-01 00:00:09.250", session_id = "s7" },
    { started_at = "1970-01-01 00:00:06", model_requested = "GPT-4" },
]
---*/
SELECT
    file, line,
    unless_empty("Session ID") AS session_id,
    relative_time("Timestamp", 1000000) AS started_at,
    relative_time(CAST(to_number("Timestamp") + to_number("Elapsed time") AS VARCHAR), 1000000) AS ended_at,
    CASE WHEN to_count("Response tokens") > 0 THEN 'ok' WHEN to_count("Response tokens") = 0 THEN 'error' END AS status,
    unless_empty("Model") AS model_requested,
    unless_empty("Log Type") AS app,
    "Request tokens" AS input_tokens,
    CASE WHEN to_count("Response tokens") = 0 THEN NULL ELSE "Response tokens" END AS output_tokens
FROM raw
