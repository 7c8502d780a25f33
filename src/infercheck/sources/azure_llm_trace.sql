/*---
kind = "source"
title = "Azure LLM inference trace"
description = """
Azure's public traces of production serving (AzurePublicDataset: 2023 code and conversation, 2024 weeks, 2025 with images): when a request arrived and
how many tokens went in and came out. No model, end, status or id: every row is a call of its own, and nothing can be priced. Arrival times
have seven digits after the second and no zone.
"""
formats = ["csv"]

[detect]
all = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]

[columns]
TIMESTAMP = "VARCHAR"
ContextTokens = "VARCHAR"
GeneratedTokens = "VARCHAR"

[[example]]
name = "two requests in the same moment are two"
format = "csv"
input = '''
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 10:00:00.1234560,512,17
2023-11-16 10:00:00.1234560,512,17
2024-05-12 00:00:01.5+00:00,9000,1
'''
calls = [
    { started_at = "2023-11-16 10:00:00.123", input_tokens = 512, output_tokens = 17 },
    { started_at = "2023-11-16 10:00:00.123", input_tokens = 512, output_tokens = 17 },
    { started_at = "2024-05-12 00:00:01.500", input_tokens = 9000, output_tokens = 1 },
]
---*/
SELECT file, line, "TIMESTAMP" AS started_at, ContextTokens AS input_tokens, GeneratedTokens AS output_tokens
FROM raw
