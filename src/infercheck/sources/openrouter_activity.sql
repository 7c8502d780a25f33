/*---
kind = "source"
title = "OpenRouter activity (refused)"
description = """
What GET /api/v1/activity answers: a row for each day, model and endpoint. Such sums are no calls: they have no times, no failures and no prompts.
"""
refuses = "this is OpenRouter's activity: totals of a day, no calls. Export the CSV of its Activity page, or collect GET /api/v1/generation?id=..."
formats = ["json", "jsonl", "csv"]

[detect]
all = ["date", "model_permaslug", "byok_usage_inference", "requests"]

[[example]]
name = "two days of one model"
format = "json"
input = '''
{"data":[{"date":"2025-10-09","model":"openai/gpt-4o","model_permaslug":"openai/gpt-4o-2024-08-06","endpoint_id":"e1","provider_name":"OpenAI","usage":0.42,"byok_usage_inference":0,"requests":17,"prompt_tokens":9000,"completion_tokens":2100,"reasoning_tokens":0},
 {"date":"2025-10-10","model":"openai/gpt-4o","model_permaslug":"openai/gpt-4o-2024-08-06","endpoint_id":"e1","provider_name":"OpenAI","usage":0.11,"byok_usage_inference":0,"requests":4,"prompt_tokens":2200,"completion_tokens":640,"reasoning_tokens":0}]}
'''
calls = []
---*/
