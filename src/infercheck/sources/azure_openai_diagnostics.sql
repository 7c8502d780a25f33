/*---
kind = "source"
title = "Azure OpenAI diagnostic logs (RequestResponse)"
description = """
What a diagnostic setting of an Azure OpenAI resource writes to a storage account (PT1H.json, a record a line) or an event hub. It has times, status,
deployment and model, and neither tokens nor prompts: latency can be judged, spend cannot. Clocks are .NET ticks, 100 ns since the year 1; durationMs
is not used where they are there, since it can be negative. Records of other categories are left out and counted.
"""
formats = ["jsonl", "json"]
times_are_utc = true
joins = true

[detect]
all = ["category", "operationName", "resourceId", "event", "properties", "correlationId"]

[columns]
time = "VARCHAR"
category = "VARCHAR"
operationName = "VARCHAR"
resourceId = "VARCHAR"
durationMs = "VARCHAR"
resultSignature = "VARCHAR"
correlationId = "VARCHAR"
location = "VARCHAR"
properties = "VARCHAR"

[[example]]
name = "properties as text or as an object, ticks, a negative duration, another category in between"
format = "jsonl"
input = '''
{"Tenant":"eastus","callerIpAddress":"10.0.0.***","category":"RequestResponse","correlationId":"c-1","durationMs":-1021,"event":"ShoeboxCallResult","location":"eastus","operationName":"ChatCompletions_Create","properties":"{\"apiName\":\"Azure OpenAI API version 2024-10-21\",\"requestTime\":638955968001250000,\"requestLength\":512,\"responseTime\":638955968031250000,\"responseLength\":2048,\"objectId\":\"\",\"streamType\":\"Streaming\",\"modelDeploymentName\":\"prod-4o\",\"modelName\":\"gpt-4o\",\"modelVersion\":\"2024-08-06\"}","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/SHOP-AI","resultSignature":"200","time":"2025-10-09T08:53:23.1250000Z"}
{"Tenant":"eastus","category":"Audit","correlationId":"c-2","durationMs":5,"event":"ShoeboxCallResult","location":"eastus","operationName":"ListKey","properties":"{}","resourceId":"/SUBSCRIPTIONS/S","resultSignature":"200","time":"2025-10-09T08:53:24.0000000Z"}
{"Tenant":"eastus","category":"RequestResponse","correlationId":"c-3","durationMs":40,"event":"ShoeboxCallResult","location":"eastus","operationName":"Embeddings_Create","properties":{"apiName":"Azure OpenAI API version 2024-10-21","requestTime":638955968100000000,"responseTime":638955968100400000,"objectId":"o-1","streamType":"Non-Streaming","modelDeploymentName":"embed","modelName":"text-embedding-3-small","modelVersion":"1"},"resourceId":"/SUBSCRIPTIONS/S","resultSignature":"429","time":"2025-10-09T08:53:30.1000000Z"}
{"Tenant":"eastus","category":"RequestResponse","correlationId":"c-4","durationMs":40,"event":"ShoeboxCallResult","location":"eastus","operationName":"Create_Thread","properties":{"apiName":"Azure OpenAI API version 2024-10-21","streamType":"Non-Streaming"},"resourceId":"/SUBSCRIPTIONS/S","resultSignature":"200","time":"2025-10-09T08:53:31.1000000Z"}
'''
calls = [
  { line = 1, source_call_id = "c-1", operation = "chat", started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", status = "ok", http_status = 200, provider = "azure", model_requested = "prod-4o", model = "gpt-4o-2024-08-06", deployment = "prod-4o", region = "eastus", endpoint = "shop-ai", streamed = true },
  { line = 3, source_call_id = "c-3", operation = "embedding", started_at = "2025-10-09 08:53:30.000", ended_at = "2025-10-09 08:53:30.040", status = "rate_limited", http_status = 429, model = "text-embedding-3-small", user = "o-1", streamed = false },
]
---*/
WITH opened AS (
    SELECT *, shaped(properties, '{"requestTime":"VARCHAR","responseTime":"VARCHAR","objectId":"VARCHAR","streamType":"VARCHAR",
        "modelDeploymentName":"VARCHAR","modelName":"VARCHAR","modelVersion":"VARCHAR"}') AS p
    FROM raw
),
timed AS (
    SELECT *, ticks_to_time(p.requestTime) AS begun, ticks_to_time(p.responseTime) AS done,
        CASE WHEN to_number(durationMs) >= 0 THEN TRY(to_milliseconds(to_number(durationMs))) END AS took
    FROM opened
)
SELECT
    file, line,
    CASE WHEN category <> 'RequestResponse' THEN 'the category ' || category
        WHEN coalesce(p.modelName, p.modelDeploymentName) IS NULL THEN 'operations without a model' END AS skipped,
    correlationId AS source_call_id,
    correlationId AS request_id,
    -- A client may send the correlation id itself, and once for several calls.
    concat_ws('|', correlationId, coalesce(p.requestTime, time)) AS attempt_key,
    CASE operationName WHEN 'ChatCompletions_Create' THEN 'chat' WHEN 'Completions_Create' THEN 'completion' WHEN 'Embeddings_Create' THEN 'embedding'
        ELSE lower(operationName) END AS operation,
    coalesce(begun, TRY(to_time(time) - took)) AS started_at,
    coalesce(done, CASE WHEN begun IS NULL AND took IS NOT NULL THEN to_time(time) ELSE TRY(begun + took) END) AS ended_at,
    CASE WHEN to_number(resultSignature) < 400 THEN 'ok' WHEN to_number(resultSignature) >= 400 THEN failure_status(resultSignature, NULL) END AS status,
    resultSignature AS http_status,
    'azure' AS provider,
    unless_empty(p.modelDeploymentName) AS model_requested,
    -- Versions are dates, or words such as turbo-2024-04-09; a bare number only counts up the deployments of one model.
    CASE WHEN regexp_matches(p.modelVersion, '[0-9]{4}') THEN p.modelName || '-' || p.modelVersion ELSE unless_empty(p.modelName) END AS model,
    unless_empty(p.modelDeploymentName) AS deployment,
    lower(location) AS region,
    nullif(lower(regexp_extract(resourceId, '/ACCOUNTS/([^/]+)', 1, 'i')), '') AS endpoint,
    CASE p.streamType WHEN 'Streaming' THEN TRUE WHEN 'Non-Streaming' THEN FALSE END AS streamed,
    unless_empty(p.objectId) AS "user"
FROM timed
