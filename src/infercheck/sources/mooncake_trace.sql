/*---
kind = "source"
title = "Mooncake trace"
description = """
The public traces of Kimi's serving (Mooncake, FAST 2025): arrival in milliseconds from the start of the trace, tokens in and out. No model, end,
status or id: every record is a call of its own, and nothing can be priced. hash_ids, which name blocks of 512 tokens, are not read.
"""
formats = ["jsonl", "json"]
times_are_relative = true

[detect]
all = ["timestamp", "input_length", "output_length", "hash_ids"]

[columns]
timestamp = "VARCHAR"
input_length = "VARCHAR"
output_length = "VARCHAR"

[[example]]
name = "the first request comes at zero, which is a time here"
format = "jsonl"
input = '''
{"timestamp": 0, "input_length": 1100, "output_length": 52, "hash_ids": [0, 1, 2]}
{"timestamp": 90500, "input_length": 1612, "output_length": 3, "hash_ids": [0, 1, 2, 9]}
'''
calls = [
    { started_at = "1970-01-01 00:00:00", input_tokens = 1100, output_tokens = 52 },
    { started_at = "1970-01-01 00:01:30.500", input_tokens = 1612, output_tokens = 3 },
]
---*/
SELECT file, line, relative_time("timestamp", 1000) AS started_at, input_length AS input_tokens, output_length AS output_tokens
FROM raw
