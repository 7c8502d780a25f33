/*---
kind = "source"
title = "Azure API Management gateway logs (GatewayLogs)"
description = """
What a diagnostic setting of API Management writes to a storage account or an event hub. Calls of models are told by their path; all other requests
are left out and counted. Tokens and prompts are there only where the setting logs bodies, which it cuts off: a body that was cut tells nothing.
Together with the LLM logs (azure_apim_llm) of the same calls, whose CorrelationId is the same, each call counts once with what both know.
"""
formats = ["jsonl", "json"]
yields = "exchanges"
times_are_utc = true
joins = true

[detect]
all = ["category", "correlationId", "isRequestSuccess", "properties", "time"]

[columns]
time = "VARCHAR"
category = "VARCHAR"
correlationId = "VARCHAR"
durationMs = "VARCHAR"
location = "VARCHAR"
properties = "VARCHAR"

[[example]]
name = "a call with its bodies, a stream kept as server-sent events, a refused call, a request that is no call"
format = "json"
input = '''
{"records":[
  {"DeploymentVersion":"0.1","Level":4,"isRequestSuccess":true,"time":"2025-10-09T08:53:20.1250000Z","operationName":"Microsoft.ApiManagement/GatewayLogs","category":"GatewayLogs","durationMs":3000,"callerIpAddress":"10.0.0.1","correlationId":"c-7","location":"East US","resourceId":"/S","properties":{"method":"POST","url":"https://apim.example/openai/deployments/prod-4o/chat/completions?api-version=2024-10-21","backendResponseCode":200,"responseCode":200,"backendTime":2990,"backendUrl":"https://shop.openai.azure.com/openai/deployments/prod-4o/chat/completions","apimSubscriptionId":"web-team","userId":"1","requestBody":"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":9}","backendResponseBody":"{\"id\":\"chatcmpl-a7\",\"object\":\"chat.completion\",\"created\":1760000000,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"ok\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":300,\"total_tokens\":800,\"prompt_tokens_details\":{\"cached_tokens\":100}}}"}},
  {"isRequestSuccess":true,"time":"2025-10-09T08:53:30Z","category":"GatewayLogs","durationMs":900,"correlationId":"c-8","location":"East US","properties":{"method":"POST","url":"https://apim.example/openai/deployments/prod-4o/chat/completions","responseCode":200,"backendUrl":"https://shop.openai.azure.com/x","requestBody":"{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}","backendResponseBody":"data: {\"id\":\"chatcmpl-a8\",\"object\":\"chat.completion.chunk\",\"created\":1760000010,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"o\"},\"finish_reason\":null}],\"usage\":null}\n\ndata: {\"id\":\"chatcmpl-a8\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"k\"},\"finish_reason\":\"stop\"}],\"usage\":null}\n\ndata: {\"id\":\"chatcmpl-a8\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":2,\"total_tokens\":10}}\n\ndata: [DONE]\n\n"}},
  {"isRequestSuccess":false,"time":"2025-10-09T08:53:40Z","category":"GatewayLogs","durationMs":12,"correlationId":"c-9","location":"East US","properties":{"method":"POST","url":"https://apim.example/openai/deployments/prod-4o/chat/completions","responseCode":429,"backendUrl":"https://shop.openai.azure.com/x","lastError":{"reason":"TokenLimitExceeded"}}},
  {"isRequestSuccess":true,"time":"2025-10-09T08:53:50Z","category":"GatewayLogs","durationMs":12,"correlationId":"c-10","location":"East US","properties":{"method":"GET","url":"https://apim.example/orders/7","responseCode":200}}
]}
'''
calls = [
  { line = 1, source_call_id = "c-7", started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", status = "ok", http_status = 200, provider = "azure", model_requested = "prod-4o", model = "gpt-4o-2024-08-06", deployment = "prod-4o", region = "eastus", api_key_alias = "web-team", input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, finish_reason = "stop", prompt_chars = 2, max_tokens = 9, response_chars = 2 },
  { line = 2, source_call_id = "c-8", streamed = true, input_tokens = 8, output_tokens = 2, finish_reason = "stop", response_chars = 2, ended_at = "2025-10-09 08:53:30.900" },
  { line = 3, source_call_id = "c-9", status = "rate_limited", http_status = 429, error_type = "TokenLimitExceeded", operation = "chat", provider = "azure" },
]
---*/
SELECT
    file, line,
    CASE WHEN category <> 'GatewayLogs' THEN 'the category ' || category
        WHEN NOT coalesce(regexp_matches(p.url, '/(chat/completions|completions|responses|messages|embeddings)([?]|$)'), FALSE)
        THEN 'requests to other paths' END AS skipped,
    coalesce(p.backendRequestBody, p.requestBody) AS asked,
    coalesce(p.backendResponseBody, p.responseBody) AS replied,
    correlationId AS log_id,
    correlationId AS log_key,
    time AS begun,
    durationMs AS took_ms,
    p.responseCode AS http,
    CASE WHEN to_number(p.responseCode) >= 400 THEN coalesce(p.lastError.reason, p.responseCode) END AS failure,
    CASE WHEN regexp_matches(p.backendUrl, '[.](openai|cognitiveservices|services[.]ai)[.]azure[.]com') THEN 'azure' END AS from_provider,
    nullif(regexp_extract(p.url, '/deployments/([^/?]+)', 1), '') AS asked_model,
    nullif(regexp_extract(p.url, '/deployments/([^/?]+)', 1), '') AS deployment,
    lower(replace(location, ' ', '')) AS region,
    unless_empty(p.apimSubscriptionId) AS api_key
FROM (SELECT *, shaped(properties, '{"url":"VARCHAR","responseCode":"VARCHAR","backendUrl":"VARCHAR","apimSubscriptionId":"VARCHAR",
    "lastError":{"reason":"VARCHAR"},"requestBody":"VARCHAR","responseBody":"VARCHAR","backendRequestBody":"VARCHAR","backendResponseBody":"VARCHAR"}') AS p FROM raw)
