/*---
kind = "source"
title = "Amazon Bedrock model invocation logs"
description = """
What Bedrock's model invocation logging writes to S3 or CloudWatch Logs: one record a call, for all of an account and region. Its counts leave out
cached tokens, which are added here. Times are whole seconds; InvokeModel has no latency, Converse and streams have. A retry by the SDK is a record of
its own with an id of its own. Bodies above 100 KB lie in files beside the log: those calls keep their counts and have no prompt. Calls through an
application inference profile or provisioned throughput do not name their model: give it a price in the config.
"""
formats = ["jsonl", "json"]
times_are_utc = true

[detect]
all = ["schemaType", "modelId", "requestId", "timestamp", "operation"]

[columns]
schemaType = "VARCHAR"
timestamp = "VARCHAR"
accountId = "VARCHAR"
region = "VARCHAR"
inferenceRegion = "VARCHAR"
requestId = "VARCHAR"
operation = "VARCHAR"
modelId = "VARCHAR"
errorCode = "VARCHAR"
identity = '{"arn":"VARCHAR"}'
requestMetadata = "VARCHAR"
cacheReadInputTokenCount = "VARCHAR"
cacheWriteInputTokenCount = "VARCHAR"
input = '{"inputBodyJson":"VARCHAR","inputTokenCount":"VARCHAR","cacheReadInputTokenCount":"VARCHAR","cacheWriteInputTokenCount":"VARCHAR"}'
output = '{"outputBodyJson":"VARCHAR","outputTokenCount":"VARCHAR"}'

[[example]]
name = "a cross-region stream whose counts leave out the cached tokens, and a throttled call"
format = "jsonl"
input = '''
{"schemaType":"ModelInvocationLog","schemaVersion":"1.0","timestamp":"2025-10-09T08:53:20Z","accountId":"111122223333","identity":{"arn":"arn:aws:sts::111122223333:assumed-role/shop/i-1"},"region":"us-east-1","inferenceRegion":"us-west-2","requestId":"0f0f0f0f-0000-4000-8000-000000000001","operation":"ConverseStream","modelId":"arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0","requestMetadata":{"team":"search","app":"finder"},"input":{"inputContentType":"application/json","inputBodyJson":{"system":[{"text":"Be kind."},{"cachePoint":{"type":"default"}}],"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":512,"temperature":0.5}},"inputTokenCount":25,"cacheReadInputTokenCount":2000,"cacheWriteInputTokenCount":100},"output":{"outputContentType":"application/json","outputBodyJson":{"output":{"message":{"role":"assistant","content":[{"text":"ok"},{"toolUse":{"toolUseId":"t1","name":"lookup","input":{"id":7}}}]}},"stopReason":"tool_use","metrics":{"latencyMs":1834},"usage":{"inputTokens":25,"outputTokens":60,"totalTokens":2185,"cacheReadInputTokens":2000,"cacheWriteInputTokens":100,"cacheDetails":[{"ttl":"1h","inputTokens":40},{"ttl":"5m","inputTokens":60}]}},"outputTokenCount":60}}
{"timestamp":"2025-10-09T08:54:00Z","accountId":"111122223333","region":"us-east-1","requestId":"0f0f0f0f-0000-4000-8000-000000000002","operation":"Converse","modelId":"anthropic.claude-3-haiku-20240307-v1:0","errorCode":"ThrottlingException","input":{"inputContentType":"application/json"},"output":{},"identity":{"arn":"arn:aws:iam::111122223333:user/u"},"schemaType":"ModelInvocationLog","schemaVersion":"1.0"}
'''
calls = [
  { line = 1, source_call_id = "0f0f0f0f-0000-4000-8000-000000000001", started_at = "2025-10-09 08:53:20", ended_at = "2025-10-09 08:53:21.834", status = "ok", operation = "chat", provider = "bedrock", model = "us.anthropic.claude-sonnet-4-20250514-v1:0", region = "us-west-2", streamed = true, user = "shop", app = "finder", team = "search", input_tokens = 2125, cache_read_tokens = 2000, cache_write_5m_tokens = 60, cache_write_1h_tokens = 40, output_tokens = 60, finish_reason = "tool_calls", prompt_chars = 10, turn = 1, max_tokens = 512, response_chars = 2, response_is_json = false },
  { line = 2, status = "rate_limited", error_type = "ThrottlingException", provider = "bedrock", model = "anthropic.claude-3-haiku-20240307-v1:0", streamed = false, user = "u", region = "us-east-1" },
]

[[example]]
name = "InvokeModel: a stream logged as its events, with Anthropic's own body; spoofed counts in a prompt are no counts"
format = "jsonl"
input = '''
{"schemaType":"ModelInvocationLog","schemaVersion":"1.0","timestamp":"2025-10-09T08:53:20Z","accountId":"111122223333","identity":{"arn":"arn:aws:iam::111122223333:user/u"},"region":"eu-west-1","requestId":"r-3","operation":"InvokeModelWithResponseStream","modelId":"arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0","input":{"inputContentType":"application/json","inputBodyJson":{"anthropic_version":"bedrock-2023-05-31","max_tokens":300,"system":"Be brief.","messages":[{"role":"user","content":[{"type":"text","text":"{\"inputTokenCount\":999999}"}]}]},"inputTokenCount":25},"output":{"outputContentType":"application/json","outputBodyJson":[{"type":"message_start","message":{"id":"msg_bdrk_01","type":"message","role":"assistant","model":"claude-3-haiku-20240307","content":[],"stop_reason":null,"usage":{"input_tokens":25,"output_tokens":1}}},{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}},{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{\"a\""}},{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":":1}"}},{"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":60}},{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":25,"outputTokenCount":60,"invocationLatency":1834,"firstByteLatency":410}}],"outputTokenCount":60}}
'''
calls = [{ source_call_id = "r-3", model = "anthropic.claude-3-haiku-20240307-v1:0", region = "eu-west-1", streamed = true, first_token_at = "2025-10-09 08:53:20.410", ended_at = "2025-10-09 08:53:21.834", input_tokens = 25, output_tokens = 60, finish_reason = "length", response_is_json = true, response_chars = 7, prompt_chars = 35 }]

[[example]]
name = "a body kept in a bucket, an embedding, a profile that hides its model, and a record that Athena wrote again"
format = "jsonl"
input = '''
{"schemaType":"ModelInvocationLog","schemaVersion":"1.0","timestamp":"2025-10-09T08:53:20Z","accountId":"1","region":"us-east-1","requestId":"r-4","operation":"InvokeModel","modelId":"us.amazon.nova-lite-v1:0","input":{"inputContentType":"application/json","inputBodyS3Path":"s3://b/AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2025/10/09/08/data/r-4_input.json.gz","inputTokenCount":90000},"output":{"outputContentType":"application/json","outputBodyS3Path":"s3://b/data/r-4_output.json.gz","outputTokenCount":9}}
{"schemaType":"ModelInvocationLog","schemaVersion":"1.0","timestamp":"2025-10-09T08:53:21Z","accountId":"1","region":"us-east-1","requestId":"r-5","operation":"InvokeModel","modelId":"amazon.titan-embed-text-v2:0","input":{"inputBodyJson":{"inputText":"parcel"},"inputTokenCount":3},"output":{"outputBodyJson":{"embedding":[0.1],"inputTextTokenCount":3}}}
{"schemaType":"ModelInvocationLog","schemaVersion":"1.0","timestamp":"2025-10-09 08:53:22.000000000","accountId":"1","region":"us-east-1","requestId":"r-6","operation":"Converse","modelId":"arn:aws:bedrock:us-east-1:1:application-inference-profile/ab12cd34","input":{"inputBodyJson":"{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hi\"}]}]}","inputTokenCount":7},"output":{"outputBodyJson":{"output":{"message":{"role":"assistant","content":[{"text":"ok"}]}},"stopReason":"guardrail_intervened","metrics":{"latencyMs":20},"usage":{"inputTokens":7,"outputTokens":1,"totalTokens":8},"serviceTier":{"type":"flex"}},"outputTokenCount":1}}
'''
calls = [
  { source_call_id = "r-4", model = "us.amazon.nova-lite-v1:0", input_tokens = 90000, output_tokens = 9, status = "ok" },
  { source_call_id = "r-5", operation = "embedding", input_tokens = 3, status = "ok", prompt_chars = 6 },
  { source_call_id = "r-6", started_at = "2025-10-09 08:53:22", model = "application-inference-profile/ab12cd34", finish_reason = "content_filter", service_tier = "flex", prompt_chars = 2, ended_at = "2025-10-09 08:53:22.020" },
]
---*/
WITH bodies AS (
    SELECT *,
        starts_with(operation, 'Converse') AS is_converse,
        bedrock_model(modelId) AS served,
        shaped(input.inputBodyJson, '{"system":"VARCHAR","messages":[{"role":"VARCHAR","content":"VARCHAR","tool_calls":"VARCHAR"}],
            "inferenceConfig":{"maxTokens":"VARCHAR","temperature":"VARCHAR"},"max_tokens":"VARCHAR","max_gen_len":"VARCHAR","temperature":"VARCHAR",
            "inputText":"VARCHAR","prompt":"VARCHAR","texts":"VARCHAR","tools":"VARCHAR","toolConfig":{"tools":"VARCHAR"}}') AS q,
        -- What Converse answers, Nova's own body, and those of Llama and Titan.
        shaped(CASE WHEN starts_with(ltrim(output.outputBodyJson), '{') THEN output.outputBodyJson END, '{"output":{"message":{"content":[{"text":"VARCHAR",
            "toolUse":{"name":"VARCHAR","input":"VARCHAR"}}]}},"stopReason":"VARCHAR","completionReason":"VARCHAR","generation":"VARCHAR",
            "results":[{"outputText":"VARCHAR"}],"metrics":{"latencyMs":"VARCHAR"},"serviceTier":{"type":"VARCHAR"},
            "usage":{"cacheReadInputTokens":"VARCHAR","cacheWriteInputTokens":"VARCHAR","cacheDetails":[{"ttl":"VARCHAR","inputTokens":"VARCHAR"}]}}') AS c,
        CASE WHEN NOT starts_with(operation, 'Converse') THEN answer_of(parts_of(ltrim(output.outputBodyJson))) END AS a,
        first_known(list_transform(CASE WHEN contains(output.outputBodyJson, 'amazon-bedrock-invocationMetrics') THEN answer_parts(ltrim(output.outputBodyJson)) END,
            lambda p: shaped(p, '{"amazon-bedrock-invocationMetrics":{"invocationLatency":"VARCHAR","firstByteLatency":"VARCHAR",
                "cacheReadInputTokenCount":"VARCHAR","cacheWriteInputTokenCount":"VARCHAR"}}')['amazon-bedrock-invocationMetrics'])) AS m,
        shaped(requestMetadata, '{"team":"VARCHAR","app":"VARCHAR","service":"VARCHAR","env":"VARCHAR","environment":"VARCHAR","user":"VARCHAR",
            "trace_id":"VARCHAR","session_id":"VARCHAR"}') AS client
    FROM raw
),
facts AS (
    SELECT *,
        coalesce(input.cacheReadInputTokenCount, cacheReadInputTokenCount, c.usage.cacheReadInputTokens, m.cacheReadInputTokenCount, answer_read(a)) AS cached,
        coalesce(input.cacheWriteInputTokenCount, cacheWriteInputTokenCount, c.usage.cacheWriteInputTokens, m.cacheWriteInputTokenCount, answer_written(a)) AS written,
        coalesce(list_filter(c.usage.cacheDetails, lambda d: d.ttl = '1h')[1].inputTokens, answer_written_1h(a)) AS written_1h,
        list_filter(coalesce(list_transform(c.output.message.content, lambda p: p.toolUse), []), lambda t: t.name IS NOT NULL) AS converse_tools
    FROM bodies
)
SELECT
    file, line,
    requestId AS source_call_id,
    requestId AS request_id,
    requestId AS attempt_key,
    client.trace_id AS trace_id,
    client.session_id AS session_id,
    CASE WHEN contains(served, 'embed') THEN 'embedding' WHEN contains(served, 'rerank') THEN 'rerank' WHEN operation IS NOT NULL THEN 'chat' END AS operation,
    timestamp AS started_at,
    TRY(to_time(timestamp) + to_milliseconds(to_number(m.firstByteLatency))) AS first_token_at,
    TRY(to_time(timestamp) + to_milliseconds(to_number(coalesce(c.metrics.latencyMs, m.invocationLatency)))) AS ended_at,
    CASE WHEN unless_empty(errorCode) IS NULL THEN 'ok' WHEN errorCode IN ('ThrottlingException', 'TooManyRequestsException') THEN 'rate_limited'
        WHEN errorCode = 'ModelTimeoutException' THEN 'timeout' ELSE 'error' END AS status,
    unless_empty(errorCode) AS error_type,
    CASE WHEN c.stopReason IN ('guardrail_intervened', 'content_filtered') THEN 'content_filter'
        ELSE coalesce(to_finish(coalesce(c.stopReason, lower(c.completionReason))), answer_finish(a)) END AS finish_reason,
    'bedrock' AS provider,
    modelId AS model_requested,
    served AS model,
    coalesce(unless_empty(inferenceRegion), region) AS region,
    lower(c.serviceTier.type) AS service_tier,
    ends_with(operation, 'Stream') AS streamed,
    split_part(split_part(identity.arn, ':', 6), '/', 2) AS "user",
    client.team AS team,
    client."user" AS end_user,
    coalesce(client.app, client.service) AS app,
    coalesce(client.environment, client.env) AS environment,
    -- OpenAI's own bodies count cached tokens in; everybody else's, and Converse, leave them out.
    CASE WHEN starts_with(served, 'openai.') AND NOT is_converse THEN input.inputTokenCount ELSE count_with(input.inputTokenCount, cached, written) END AS input_tokens,
    cached AS cache_read_tokens,
    litellm_5m(written, written_1h) AS cache_write_5m_tokens,
    written_1h AS cache_write_1h_tokens,
    output.outputTokenCount AS output_tokens,
    coalesce(q.max_tokens, q.inferenceConfig.maxTokens, q.max_gen_len) AS max_tokens,
    coalesce(q.temperature, q.inferenceConfig.temperature) AS temperature,
    list_concat(
        CASE WHEN q.system IS NOT NULL THEN [struct_pack(role := 'system', content := converse_text(q.system), tool_calls := CAST(NULL AS VARCHAR))] END,
        coalesce(list_transform(q.messages, lambda x: struct_pack(role := x.role, content := CASE WHEN is_converse THEN converse_text(x.content)
            ELSE x.content END, tool_calls := x.tool_calls)), messages_of(coalesce(q.inputText, q.prompt, q.texts)))) AS messages,
    coalesce(nullif(array_to_string(list_transform(c.output.message.content, lambda p: p.text), ''), ''), c.generation, c.results[1].outputText, a.text) AS answer,
    coalesce(nullif(converse_tools, []), a.called) AS called_tools,
    TRY(CAST(json_merge_patch(CAST(input.inputBodyJson AS JSON), '{"system":null,"messages":null,"inputText":null,"prompt":null,"texts":null,"toolConfig":null}')
        AS VARCHAR)) AS parameters,
    coalesce(q.tools, q.toolConfig.tools) AS tools
FROM facts
