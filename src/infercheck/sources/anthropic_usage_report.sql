/*---
kind = "source"
title = "Anthropic usage and cost reports (refused)"
description = """
GET /v1/organizations/usage_report/messages and /cost_report: sums per bucket of time and per group, of which no single call can be told. (Amounts
in the cost report are cents.) To add it to a log of calls would count everything twice.
"""
formats = ["jsonl", "json"]
refuses = "this is a usage or cost report of Anthropic: totals per bucket of time, no calls. `infercheck reconcile` holds it against a log with one record a request"

[detect]
all = ["starting_at", "ending_at", "results"]

[[example]]
name = "a page of the usage report"
format = "json"
input = '''
{"data":[{"starting_at":"2025-10-09T00:00:00Z","ending_at":"2025-10-10T00:00:00Z","results":[{"uncached_input_tokens":25,"cache_read_input_tokens":2000,"cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":100},"output_tokens":60,"model":"claude-sonnet-4-20250514","service_tier":"standard"}]}],"has_more":false,"next_page":null}
'''
calls = []

[[example]]
name = "a page of the cost report"
format = "json"
input = '''
{"data":[{"starting_at":"2025-10-09T00:00:00Z","ending_at":"2025-10-10T00:00:00Z","results":[{"amount":"123.45","currency":"USD","workspace_id":null,"model":"claude-sonnet-4-20250514","token_type":"output_tokens"}]}],"has_more":false,"next_page":null}
'''
calls = []
---*/
