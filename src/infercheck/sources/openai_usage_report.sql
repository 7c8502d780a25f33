/*---
kind = "source"
title = "OpenAI usage and costs reports (refused)"
description = """
GET /v1/organization/usage/... and /costs: sums per bucket of time and per group, of which no single call can be told. Spend and latency per call
cannot come of it, and to add it to a log of calls would count everything twice.
"""
formats = ["jsonl", "json"]
refuses = "this is a usage or costs report of OpenAI: totals per bucket of time, no calls. `infercheck reconcile` holds it against a log with one record a request"

[detect]
all = ["object", "start_time", "end_time", "results"]

[[example]]
name = "a page of the usage API"
format = "json"
input = '''
{"object":"page","data":[
  {"object":"bucket","start_time":1760000400,"end_time":1760086800,"results":[{"object":"organization.usage.completions.result","input_tokens":500,"input_cached_tokens":100,"output_tokens":300,"num_model_requests":5,"project_id":null,"model":"gpt-4o-2024-08-06"}]},
  {"object":"bucket","start_time":1760086800,"end_time":1760173200,"results":[]}],"has_more":false,"next_page":null}
'''
calls = []
---*/
