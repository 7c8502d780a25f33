/*---
kind = "source"
title = "Azure API Management LLM logs (ApiManagementGatewayLlmLog)"
description = """
Exported from Log Analytics: tokens per call, without status or end, and without the cached ones, so that their discount is in no price. A call whose
messages are longer than 32 KB stands in several rows with one CorrelationId; they are joined, their tokens counted once, and their prompt left
unknown. Gateway logs (azure_apim_gateway) of the same calls add status, latency and cached tokens: read both together.
"""
formats = ["jsonl", "json", "csv"]
times_are_utc = true
joins = true

[detect]
all = ["CorrelationId", "SequenceNumber", "ModelName", "PromptTokens", "CompletionTokens"]

[columns]
TimeGenerated = "VARCHAR"
"TimeGenerated [UTC]" = "VARCHAR"
CorrelationId = "VARCHAR"
RequestId = "VARCHAR"
SequenceNumber = "VARCHAR"
OperationName = "VARCHAR"
Region = "VARCHAR"
DeploymentName = "VARCHAR"
ModelName = "VARCHAR"
PromptTokens = "VARCHAR"
CompletionTokens = "VARCHAR"
IsStreamCompletion = "VARCHAR"
RequestMessages = "VARCHAR"
ResponseMessages = "VARCHAR"

[[example]]
name = "messages split over two rows, of which the second repeats the tokens, beside a call in one row"
format = "jsonl"
input = '''
{"TimeGenerated":"2025-10-09T08:53:20.125Z","CorrelationId":"c-2","SequenceNumber":0,"OperationName":"ChatCompletions_Create","Region":"East US","DeploymentName":"prod-4o","ModelName":"gpt-4o-2024-08-06","PromptTokens":50000,"CompletionTokens":300,"TotalTokens":50300,"IsStreamCompletion":true,"RequestId":"chatcmpl-a1","RequestMessages":"[{\"role\":\"user\",\"content\":\"very lo","Type":"ApiManagementGatewayLlmLog"}
{"TimeGenerated":"2025-10-09T08:53:22.125Z","CorrelationId":"c-3","SequenceNumber":0,"OperationName":"ChatCompletions_Create","Region":"East US","DeploymentName":"prod-4o","ModelName":"gpt-4o-2024-08-06","PromptTokens":8,"CompletionTokens":3,"TotalTokens":11,"IsStreamCompletion":false,"RequestId":"chatcmpl-a2","RequestMessages":[{"role":"user","content":"hi"}],"Type":"ApiManagementGatewayLlmLog"}
{"TimeGenerated":"2025-10-09T08:53:20.125Z","CorrelationId":"c-2","SequenceNumber":1,"OperationName":"ChatCompletions_Create","Region":"East US","DeploymentName":"prod-4o","ModelName":"gpt-4o-2024-08-06","PromptTokens":50000,"CompletionTokens":300,"TotalTokens":50300,"IsStreamCompletion":true,"RequestId":"chatcmpl-a1","RequestMessages":"ng\"}]","Type":"ApiManagementGatewayLlmLog"}
'''
calls = [
  { line = 1, source_call_id = "c-2", operation = "chat", started_at = "2025-10-09 08:53:20.125", provider = "azure", model = "gpt-4o-2024-08-06", deployment = "prod-4o", region = "eastus", streamed = true, input_tokens = 50000, output_tokens = 300, status = "ok" },
  { line = 2, source_call_id = "c-3", streamed = false, input_tokens = 8, output_tokens = 3, prompt_chars = 2 },
]

[[example]]
name = "the CSV of the portal's export writes times as the browser shows them, and the zone into the header"
format = "csv"
input = '''
"TimeGenerated [UTC]","OperationName","CorrelationId","RequestId","Region","DeploymentName","ModelName","IsStreamCompletion","PromptTokens","CompletionTokens","TotalTokens","SequenceNumber","RequestMessages","ResponseMessages"
"11/13/2026, 2:13:00.123 AM","ChatCompletions_Create","c-1","r1","East US","gpt4o","gpt-4o-2024-08-06","False","500","300","800","0","",""
"11/13/2026, 12:05:00.000 PM","ChatCompletions_Create","c-2","r2","East US","gpt4o","gpt-4o-2024-08-06","False","500","300","800","0","",""
'''
calls = [
  { source_call_id = "c-1", started_at = "2026-11-13 02:13:00.123", input_tokens = 500 },
  { source_call_id = "c-2", started_at = "2026-11-13 12:05:00" },
]
---*/
WITH joined AS (
    SELECT file, min(line) AS line, CorrelationId, count(*) AS parts, min(coalesce(TimeGenerated, portal_time("TimeGenerated [UTC]"))) AS begun, max(OperationName) AS operation_name, max(Region) AS place,
        max(DeploymentName) AS deployment, max(ModelName) AS model, max(IsStreamCompletion) AS is_stream, max(to_count(PromptTokens)) AS prompt,
        max(to_count(CompletionTokens)) AS completion, any_value(RequestMessages) AS asked, any_value(ResponseMessages) AS replied
    FROM raw GROUP BY file, coalesce(CorrelationId, CAST(line AS VARCHAR)), CorrelationId
)
SELECT
    file, line, CAST(NULL AS VARCHAR) AS skipped,
    CorrelationId AS source_call_id,
    CorrelationId AS request_id,
    CorrelationId AS attempt_key,
    CASE WHEN operation_name ILIKE '%embedding%' THEN 'embedding' WHEN operation_name ILIKE 'completions%' THEN 'completion' ELSE 'chat' END AS operation,
    begun AS started_at,
    -- The row exists because the model answered with tokens; of a refused call there is none to count.
    CASE WHEN completion > 0 THEN 'ok' END AS status,
    'azure' AS provider,
    unless_empty(deployment) AS model_requested,
    unless_empty(model) AS model,
    unless_empty(deployment) AS deployment,
    unless_empty(lower(replace(place, ' ', ''))) AS region,
    is_stream AS streamed,
    prompt AS input_tokens,
    completion AS output_tokens,
    CASE WHEN parts = 1 THEN messages_of(asked) END AS messages
FROM joined
