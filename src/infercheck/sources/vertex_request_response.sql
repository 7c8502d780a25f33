/*---
kind = "source"
title = "Vertex AI request-response logs (BigQuery)"
description = """
The table that Vertex AI's request-response logging fills, exported from BigQuery. Gemini's output leaves out the thoughts, which are added here; its
prompt includes what came from the cache. Start is the answer's create_time, and the end follows from the latency; without a create_time only the day is
known, from logging_time. Other publishers' models have their own bodies. With a sampling rate below 1 the log holds a part of the calls.
"""
formats = ["jsonl", "json", "csv"]
times_are_utc = true

[detect]
all = ["full_request", "full_response", "logging_time", "request_id"]

[columns]
endpoint = "VARCHAR"
logging_time = "VARCHAR"
request_id = "VARCHAR"
model = "VARCHAR"
api_method = "VARCHAR"
full_request = "VARCHAR"
full_response = "VARCHAR"
metadata = '{"request_latency":"VARCHAR"}'

[[example]]
name = "thoughts outside of the output, keys in snake_case and in camelCase, an id beyond 2^53, Claude's own body"
format = "jsonl"
input = '''
{"endpoint":"","deployed_model_id":"","logging_time":"2025-10-09 08:53:23.125 UTC","request_id":5374205265901353999,"request_payload":[],"response_payload":[],"model":"publishers/google/models/gemini-2.5-pro","model_version":"default","api_method":"GenerateContent","full_request":{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"system_instruction":{"parts":[{"text":"Be kind."}]},"generation_config":{"max_output_tokens":512,"temperature":0.5},"model":"projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro"},"full_response":{"candidates":[{"finish_reason":"STOP","content":{"role":"model","parts":[{"text":"ok"}]}}],"create_time":"2025-10-09T08:53:20.125Z","model_version":"gemini-2.5-pro","response_id":"r1","usage_metadata":{"prompt_token_count":500,"cached_content_token_count":100,"candidates_token_count":200,"thoughts_token_count":100,"tool_use_prompt_token_count":30,"total_token_count":830,"traffic_type":"ON_DEMAND"}},"metadata":{"request_latency":3000.0}}
{"logging_time":"2025-10-09 08:53:33.125 UTC","request_id":"2","model":"publishers/google/models/gemini-2.5-flash","api_method":"StreamGenerateContent","full_request":"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}","full_response":"{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\",\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"lookup\",\"args\":{\"id\":7}}}]}}],\"modelVersion\":\"gemini-2.5-flash\",\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":3,\"totalTokenCount\":13}}","metadata":"{\"request_latency\":900.0}"}
{"logging_time":"2025-10-09 08:53:43.125 UTC","request_id":"3","model":"publishers/anthropic/models/claude-sonnet-4","api_method":"RawPredict","full_request":{"anthropic_version":"vertex-2023-10-16","messages":[{"role":"user","content":"hi"}]},"full_response":{"id":"msg_vrtx_01","type":"message","model":"claude-sonnet-4-20250514","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":25,"cache_read_input_tokens":2000,"output_tokens":60}},"metadata":{"request_latency":900.0}}
'''
calls = [
  { line = 1, source_call_id = "5374205265901353999", operation = "chat", started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", status = "ok", provider = "vertex_ai", model = "gemini-2.5-pro", region = "us-central1", streamed = false, input_tokens = 530, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 100, finish_reason = "stop", prompt_chars = 10, max_tokens = 512, response_chars = 2, service_tier = "default" },
  { line = 2, source_call_id = "2", started_at = "2025-10-09 08:53:33.125", ended_at = "-", streamed = true, model = "gemini-2.5-flash", input_tokens = 10, output_tokens = 3, reasoning_tokens = "-", finish_reason = "length" },
  { line = 3, source_call_id = "3", provider = "vertex_ai", model = "claude-sonnet-4-20250514", input_tokens = 2025, cache_read_tokens = 2000, output_tokens = 60, finish_reason = "stop", prompt_chars = 2, response_chars = 2 },
]

[[example]]
name = "a streamed answer as its chunks: usage and the end from the last, the start from the first, the text from all"
format = "jsonl"
input = '''
{"logging_time":"2025-10-09 08:53:23.125 UTC","request_id":"1","model":"publishers/google/models/gemini-2.5-pro","api_method":"StreamGenerateContent","full_request":{"contents":[{"role":"user","parts":[{"text":"hi"}]}]},"full_response":[{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}],"create_time":"2025-10-09T08:53:20.125Z","model_version":"gemini-2.5-pro","usage_metadata":{"prompt_token_count":500}},{"candidates":[{"finish_reason":"STOP","content":{"parts":[{"text":"lo"}]}}],"create_time":"2025-10-09T08:53:22.125Z","model_version":"gemini-2.5-pro","usage_metadata":{"prompt_token_count":500,"candidates_token_count":200,"thoughts_token_count":100,"cached_content_token_count":100}}],"metadata":{"request_latency":3000.0}}
'''
calls = [
  { line = 1, started_at = "2025-10-09 08:53:20.125", ended_at = "2025-10-09 08:53:23.125", status = "ok", model = "gemini-2.5-pro", input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 100, finish_reason = "stop", response_chars = 5 },
]
---*/
WITH chunked AS (
    SELECT *, CASE WHEN starts_with(ltrim(full_response), '[') THEN shaped(full_response, '["VARCHAR"]') END AS chunks FROM raw
),
bodies AS (
    SELECT *,
        starts_with(model, 'publishers/google/') OR contains(model, '/publishers/google/') AS is_gemini,
        -- Keys are snake_case in BigQuery's own logging and camelCase in what the API answers.
        shaped(full_request, '{"model":"VARCHAR","contents":[{"role":"VARCHAR","parts":"VARCHAR"}],"system_instruction":{"parts":"VARCHAR"},
            "systemInstruction":{"parts":"VARCHAR"},"generation_config":{"max_output_tokens":"VARCHAR","temperature":"VARCHAR"},
            "generationConfig":{"maxOutputTokens":"VARCHAR","temperature":"VARCHAR"},"tools":"VARCHAR"}') AS q,
        shaped(coalesce(list_filter(chunks, lambda c: contains(c, 'candidates_token_count') OR contains(c, 'candidatesTokenCount'))[-1], chunks[-1], full_response),
            '{"candidates":[{"finish_reason":"VARCHAR","finishReason":"VARCHAR","content":{"parts":[{"text":"VARCHAR","thought":"VARCHAR",
            "functionCall":{"name":"VARCHAR","args":"VARCHAR"},"function_call":{"name":"VARCHAR","args":"VARCHAR"}}]}}],
            "create_time":"VARCHAR","createTime":"VARCHAR","model_version":"VARCHAR","modelVersion":"VARCHAR",
            "usage_metadata":{"prompt_token_count":"VARCHAR","cached_content_token_count":"VARCHAR","candidates_token_count":"VARCHAR",
                "thoughts_token_count":"VARCHAR","tool_use_prompt_token_count":"VARCHAR","traffic_type":"VARCHAR"},
            "usageMetadata":{"promptTokenCount":"VARCHAR","cachedContentTokenCount":"VARCHAR","candidatesTokenCount":"VARCHAR",
                "thoughtsTokenCount":"VARCHAR","toolUsePromptTokenCount":"VARCHAR","trafficType":"VARCHAR"}}') AS g,
        shaped(chunks[1], '{"create_time":"VARCHAR","createTime":"VARCHAR"}') AS opening,
        flatten(list_transform(chunks, lambda c: shaped(c, '{"candidates":[{"content":{"parts":[{"text":"VARCHAR","thought":"VARCHAR",
            "functionCall":{"name":"VARCHAR","args":"VARCHAR"},"function_call":{"name":"VARCHAR","args":"VARCHAR"}}]}}]}').candidates[1].content.parts))
            AS streamed_parts
    FROM chunked
),
told AS (
    SELECT *,
        CASE WHEN NOT coalesce(is_gemini, TRUE) THEN answer_of(parts_of(ltrim(full_response))) END AS a,
        CASE WHEN NOT coalesce(is_gemini, TRUE) THEN asked_of(full_request) END AS o,
        coalesce(opening.create_time, opening.createTime, g.create_time, g.createTime) AS created,
        coalesce(streamed_parts, g.candidates[1].content.parts) AS said,
        coalesce(g.usage_metadata.thoughts_token_count, g.usageMetadata.thoughtsTokenCount) AS thoughts,
        coalesce(g.usage_metadata.candidates_token_count, g.usageMetadata.candidatesTokenCount) AS candidates,
        coalesce(g.candidates[1].finish_reason, g.candidates[1].finishReason) AS ended_by,
        coalesce(g.usage_metadata.traffic_type, g.usageMetadata.trafficType) AS traffic,
        list_filter(list_transform(coalesce(said, []), lambda p: CASE WHEN p.functionCall.name IS NOT NULL THEN
            struct_pack(name := p.functionCall.name, arguments := p.functionCall.args) ELSE
            struct_pack(name := p.function_call.name, arguments := p.function_call.args) END), lambda t: t.name IS NOT NULL) AS called
    FROM bodies
),
facts AS (SELECT *, tokens_of(a) AS t FROM told)
SELECT
    file, line,
    request_id AS source_call_id,
    request_id AS request_id,
    request_id AS attempt_key,
    CASE WHEN contains(lower(model), 'embedding') THEN 'embedding' ELSE 'chat' END AS operation,
    coalesce(created, logging_time) AS started_at,
    TRY(to_time(created) + to_milliseconds(to_number(metadata.request_latency))) AS ended_at,
    CASE WHEN coalesce(candidates, ended_by, t.output) IS NOT NULL THEN 'ok' END AS status,
    CASE ended_by WHEN 'STOP' THEN 'stop' WHEN 'MAX_TOKENS' THEN 'length' WHEN 'SAFETY' THEN 'content_filter' WHEN 'RECITATION' THEN 'content_filter'
        WHEN 'PROHIBITED_CONTENT' THEN 'content_filter' ELSE coalesce(lower(ended_by), answer_finish(a)) END AS finish_reason,
    'vertex_ai' AS provider,
    reverse(split_part(reverse(model), '/', 1)) AS model_requested,
    coalesce(g.model_version, g.modelVersion, a.model, reverse(split_part(reverse(model), '/', 1))) AS model,
    nullif(regexp_extract(coalesce(q.model, endpoint), '/?locations/([^/]+)', 1), '') AS region,
    CASE traffic WHEN 'ON_DEMAND' THEN 'default' ELSE lower(traffic) END AS service_tier,
    starts_with(api_method, 'Stream') AS streamed,
    coalesce(count_with(coalesce(g.usage_metadata.prompt_token_count, g.usageMetadata.promptTokenCount),
        coalesce(g.usage_metadata.tool_use_prompt_token_count, g.usageMetadata.toolUsePromptTokenCount), CAST(NULL AS VARCHAR)), t.input) AS input_tokens,
    coalesce(g.usage_metadata.cached_content_token_count, g.usageMetadata.cachedContentTokenCount, t.cached) AS cache_read_tokens,
    t.written_5m AS cache_write_5m_tokens,
    t.written_1h AS cache_write_1h_tokens,
    coalesce(count_with(coalesce(candidates, CASE WHEN thoughts IS NOT NULL THEN '0' END), thoughts, CAST(NULL AS VARCHAR)), t.output) AS output_tokens,
    coalesce(thoughts, t.reasoning) AS reasoning_tokens,
    coalesce(q.generation_config.max_output_tokens, q.generationConfig.maxOutputTokens, o.max_tokens) AS max_tokens,
    coalesce(q.generation_config.temperature, q.generationConfig.temperature, o.temperature) AS temperature,
    coalesce(nullif(list_concat(
        CASE WHEN coalesce(q.system_instruction.parts, q.systemInstruction.parts) IS NOT NULL THEN [struct_pack(role := 'system',
            content := gemini_text(coalesce(q.system_instruction.parts, q.systemInstruction.parts)), tool_calls := CAST(NULL AS VARCHAR))] END,
        list_transform(q.contents, lambda c: struct_pack(role := CASE c.role WHEN 'model' THEN 'assistant' ELSE c.role END, content := gemini_text(c.parts),
            tool_calls := CAST(NULL AS VARCHAR)))), []), asked_messages(o)) AS messages,
    coalesce(nullif(array_to_string(list_transform(list_filter(said, lambda p: p.thought IS DISTINCT FROM 'true'), lambda p: p.text), ''),
        ''), a.text) AS answer,
    coalesce(nullif(called, []), a.called) AS called_tools,
    q.tools AS tools
FROM facts
