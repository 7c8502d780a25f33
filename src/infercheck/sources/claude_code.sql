/*---
kind = "source"
title = "Claude Code session logs"
description = """
What Claude Code keeps below ~/.claude/projects: a line for every prompt, tool result and block of an answer. Every block of an answer repeats the
usage of the whole message, a resumed session opens with a copy of another file, and a side chain replays answers under request ids of its own: so a
message id with its request id counts once, a side chain's by its message id alone, and the line with most tokens wins. Calls start where the prompt
or tool result before them was written. Costs are list prices, whatever a subscription paid.
"""
formats = ["jsonl"]
joins = true
times_are_utc = true
held = """
coalesce(data.message.timestamp, timestamp) AS told_at, uuid, sessionId AS session,
type = 'user' AS is_input, promptId AS prompt_id,
CASE WHEN type = 'user' AND isMeta IS DISTINCT FROM 'true' AND NOT contains(left(message.content, 200), '"tool_result"') THEN uuid END AS typed_by_user,
message.usage IS NOT NULL OR data.message.message.usage IS NOT NULL AS has_usage,
coalesce(message.model, data.message.message.model) AS model, coalesce(message.id, data.message.message.id) AS message_id,
coalesce(requestId, data.message.requestId) AS request_id,
coalesce(isSidechain, data.message.isSidechain, CASE WHEN data.message.message.usage IS NOT NULL THEN 'true' END) = 'true' AS side,
coalesce(message.stop_reason, data.message.message.stop_reason) AS stop_reason, coalesce(costUSD, data.message.costUSD) AS cost,
claude_usage(coalesce(message.usage, data.message.message.usage), coalesce(costUSD, data.message.costUSD)) AS used,
coalesce(message.usage, data.message.message.usage).speed AS speed, coalesce(message.usage, data.message.message.usage).service_tier AS tier,
coalesce(message.usage, data.message.message.usage).inference_geo AS geo,
CASE WHEN message.usage IS NOT NULL THEN message.content END AS content,
entrypoint, cwd, gitBranch AS branch, isApiErrorMessage AS is_error, apiErrorStatus AS error_status, error
"""

[detect]
all = ["type"]
any = ["parentUuid", "leafUuid", "isSidechain", "isSnapshotUpdate"]

[columns]
type = "VARCHAR"
uuid = "VARCHAR"
promptId = "VARCHAR"
sessionId = "VARCHAR"
timestamp = "VARCHAR"
isSidechain = "VARCHAR"
isMeta = "VARCHAR"
requestId = "VARCHAR"
agentId = "VARCHAR"
entrypoint = "VARCHAR"
isApiErrorMessage = "VARCHAR"
apiErrorStatus = "VARCHAR"
error = "VARCHAR"
costUSD = "VARCHAR"
cwd = "VARCHAR"
gitBranch = "VARCHAR"
message = '''{"id":"VARCHAR","model":"VARCHAR","stop_reason":"VARCHAR","content":"VARCHAR","usage":{"input_tokens":"VARCHAR",
    "cache_creation_input_tokens":"VARCHAR","cache_read_input_tokens":"VARCHAR","output_tokens":"VARCHAR","service_tier":"VARCHAR","speed":"VARCHAR",
    "inference_geo":"VARCHAR","cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"}}}'''
data = '''{"message":{"timestamp":"VARCHAR","costUSD":"VARCHAR","requestId":"VARCHAR","isSidechain":"VARCHAR","message":{"id":"VARCHAR","model":"VARCHAR",
    "stop_reason":"VARCHAR","usage":{"input_tokens":"VARCHAR",
    "cache_creation_input_tokens":"VARCHAR","cache_read_input_tokens":"VARCHAR","output_tokens":"VARCHAR","service_tier":"VARCHAR","speed":"VARCHAR",
    "inference_geo":"VARCHAR","cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"}}}}}'''
leafUuid = "VARCHAR"
snapshot = "VARCHAR"

[[example]]
name = "two lines, one call: usage grows from block to block, and the last line has it all"
format = "jsonl"
input = '''
{"type":"user","uuid":"u0","parentUuid":null,"isSidechain":false,"userType":"external","entrypoint":"cli","cwd":"/w/shop-api","sessionId":"s-1","version":"2.1.0","gitBranch":"main","promptId":"p-1","timestamp":"2025-10-09T08:53:20.000Z","message":{"role":"user","content":"List the files."}}
{"parentUuid":"u0","isSidechain":false,"userType":"external","entrypoint":"cli","cwd":"/w/shop-api","sessionId":"s-1","version":"2.1.0","gitBranch":"main","type":"assistant","uuid":"u1","timestamp":"2025-10-09T08:53:22.000Z","requestId":"req_1","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","content":[{"type":"text","text":"Looking"}],"stop_reason":null,"usage":{"input_tokens":4,"cache_creation_input_tokens":1200,"cache_read_input_tokens":30000,"output_tokens":3,"service_tier":"standard"}}}
{"parentUuid":"u1","isSidechain":false,"userType":"external","entrypoint":"cli","cwd":"/w/shop-api","sessionId":"s-1","version":"2.1.0","gitBranch":"main","type":"assistant","uuid":"u2","timestamp":"2025-10-09T08:53:24.000Z","requestId":"req_1","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"ls"}}],"stop_reason":"tool_use","usage":{"input_tokens":4,"cache_creation_input_tokens":1200,"cache_read_input_tokens":30000,"output_tokens":180,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":1000},"service_tier":"standard"}}}
{"type":"user","uuid":"u3","parentUuid":"u2","isSidechain":false,"cwd":"/w/shop-api","sessionId":"s-1","promptId":"p-1","timestamp":"2025-10-09T08:53:25.000Z","message":{"role":"user","content":[{"tool_use_id":"toolu_1","type":"tool_result","content":"a.py"}]},"toolUseResult":{"stdout":"a.py"}}
{"type":"file-history-snapshot","messageId":"u9","snapshot":{"trackedFileBackups":{}},"isSnapshotUpdate":false}
'''
calls = [{ line = 3, source_call_id = "msg_1", request_id = "req_1", trace_id = "p-1", session_id = "s-1", started_at = "2025-10-09 08:53:20", ended_at = "2025-10-09 08:53:24", status = "ok", provider = "anthropic", model = "claude-sonnet-4-20250514", app = "shop-api", tags = "branch/main,interactive", streamed = true, service_tier = "default", input_tokens = 31204, cache_read_tokens = 30000, cache_write_5m_tokens = 200, cache_write_1h_tokens = 1000, output_tokens = 180, finish_reason = "tool_calls", response_chars = 7 }]

[[example]]
name = "the worst mistake: a side question replays its parent's answer under another request id, a resumed session copies it; still one call"
format = "jsonl"
input = '''
{"type":"user","uuid":"u0","isSidechain":false,"cwd":"/w","sessionId":"s-1","timestamp":"2025-10-09T08:53:20.000Z","message":{"role":"user","content":"Hello"}}
{"type":"assistant","uuid":"u1","parentUuid":"u0","isSidechain":false,"cwd":"/w","sessionId":"s-1","requestId":"req_1","timestamp":"2025-10-09T08:53:22.000Z","message":{"id":"msg_1","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0}}}
{"type":"assistant","uuid":"u2","parentUuid":"u0","isSidechain":true,"agentId":"a7","cwd":"/w","sessionId":"s-1","requestId":"req_2","timestamp":"2025-10-09T08:53:22.000Z","message":{"id":"msg_1","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0}}}
{"type":"assistant","uuid":"u1","parentUuid":"u0","isSidechain":false,"cwd":"/w","sessionId":"s-2","requestId":"req_1","timestamp":"2025-10-09T08:53:22.000Z","message":{"id":"msg_1","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0}}}
{"type":"assistant","uuid":"u4","parentUuid":"u2","isSidechain":true,"agentId":"a7","cwd":"/w","sessionId":"s-1","requestId":"req_3","timestamp":"2025-10-09T08:53:25.000Z","message":{"id":"msg_2","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{"type":"text","text":"Aside"}],"stop_reason":"end_turn","usage":{"input_tokens":20,"output_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":0}}}
'''
calls = [
  { source_call_id = "msg_1", trace_id = "u0", input_tokens = 10, output_tokens = 5 },
  { source_call_id = "msg_2", trace_id = "u0", input_tokens = 20, output_tokens = 7, tags = "sidechain" },
]

[[example]]
name = "an old version's own cost; a gateway without request ids; an agent's line in its parent's file; an error that the client wrote itself"
format = "jsonl"
input = '''
{"type":"assistant","uuid":"u1","parentUuid":"u0","isSidechain":false,"cwd":"C:\\\\dev\\\\site","sessionId":"s-1","version":"1.0.3","requestId":"req_1","costUSD":0.0123,"timestamp":"2025-06-09T08:53:22.000Z","message":{"id":"msg_1","role":"assistant","model":"claude-sonnet-4-20250514","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5}}}
{"type":"assistant","uuid":"u2","parentUuid":"u0","isSidechain":false,"cwd":"/w","sessionId":"s-1","timestamp":"2025-10-09T08:54:22.000Z","message":{"id":"chatcmpl-7","role":"assistant","model":"deepseek-chat","content":[{"type":"text","text":"1"}],"usage":{"input_tokens":10,"output_tokens":1}}}
{"type":"assistant","uuid":"u3","parentUuid":"u2","isSidechain":false,"cwd":"/w","sessionId":"s-1","timestamp":"2025-10-09T08:54:23.000Z","message":{"id":"chatcmpl-7","role":"assistant","model":"deepseek-chat","content":[{"type":"text","text":"2"}],"usage":{"input_tokens":10,"output_tokens":9}}}
{"type":"progress","uuid":"u4","parentUuid":"u3","sessionId":"s-1","timestamp":"2025-10-09T08:55:00.000Z","data":{"type":"agent_progress","message":{"type":"assistant","timestamp":"2025-10-09T08:54:59.000Z","requestId":"req_4","message":{"id":"msg_4","role":"assistant","model":"claude-sonnet-4-20250514","content":[],"usage":{"input_tokens":3,"output_tokens":4}}}}}
{"type":"assistant","uuid":"u5","parentUuid":"u4","isSidechain":false,"cwd":"/w","sessionId":"s-1","isApiErrorMessage":true,"apiErrorStatus":429,"error":"rate_limit","timestamp":"2025-10-09T08:56:00.000Z","message":{"id":"0f0f","role":"assistant","model":"<synthetic>","content":[{"type":"text","text":"limit"}],"stop_reason":"stop_sequence","usage":{"input_tokens":0,"output_tokens":0}}}
'''
calls = [
  { source_call_id = "msg_1", logged_cost = 0.0123, app = "site", input_tokens = 10 },
  { line = 3, source_call_id = "chatcmpl-7", output_tokens = 9, model = "deepseek-chat", response_chars = 3 },
  { line = 4, source_call_id = "msg_4", input_tokens = 3, output_tokens = 4, started_at = "2025-10-09 08:54:59" },
  { line = 5, source_call_id = "u5", status = "rate_limited", http_status = 429, error_type = "rate_limit" },
]
---*/
WITH lines AS (
    SELECT file, line, told_at, uuid, session, request_id, message_id, model, error_status, error, cwd, branch, entrypoint, side, cost, stop_reason,
        speed, tier, geo, model <> '<synthetic>' AS is_call, model = '<synthetic>' AS is_failure,
        CASE WHEN message_id IS NULL OR model = '<synthetic>' THEN uuid ELSE concat(message_id, '|', CASE WHEN NOT side THEN request_id END) END AS key,
        CASE WHEN model <> '<synthetic>' THEN used END AS used,
        CASE WHEN model <> '<synthetic>' THEN shaped(content, '[{"type":"VARCHAR","text":"VARCHAR","name":"VARCHAR","input":"VARCHAR"}]') END AS blocks
    FROM raw WHERE has_usage AND (model <> '<synthetic>' OR is_error = 'true')
),
-- The line of an answer with most tokens counts, and of equal ones the last: one number to compare by takes a tenth of the time of a pair.
told AS (
    SELECT * EXCLUDE (blocks), CAST(coalesce(used.input_tokens + used.output_tokens, 0) AS HUGEINT) * 4294967296 + line AS weight,
        list_transform(list_filter(blocks, lambda b: b.type = 'text' AND b.text IS NOT NULL), lambda b: b.text) AS texts,
        list_transform(list_filter(blocks, lambda b: b.type = 'tool_use'), lambda b: struct_pack(name := b.name, arguments := b.input)) AS called
    FROM lines
),
-- One row an answer and file; what each line adds to text and tools is put together.
answers AS (
    SELECT file, key, arg_max_null(line, weight) AS line, min(line) AS first_line, min(told_at) AS first_at, max(told_at) AS last_at,
        max_by(stop_reason, line) AS stop_reason, arg_max_null(is_call, weight) AS is_call, arg_max_null(is_failure, weight) AS is_failure,
        arg_max_null(uuid, weight) AS uuid, arg_max_null(session, weight) AS session, arg_max_null(request_id, weight) AS request_id,
        arg_max_null(message_id, weight) AS message_id, arg_max_null(model, weight) AS model, arg_max_null(used, weight) AS used,
        arg_max_null(cost, weight) AS cost, arg_max_null(speed, weight) AS speed, arg_max_null(tier, weight) AS tier, arg_max_null(geo, weight) AS geo,
        arg_max_null(side, weight) AS side, arg_max_null(entrypoint, weight) AS entrypoint, arg_max_null(cwd, weight) AS cwd,
        arg_max_null(branch, weight) AS branch, arg_max_null(error_status, weight) AS error_status, arg_max_null(error, weight) AS error,
        list(struct_pack(line, used)) AS told, list(struct_pack(line, texts)) FILTER (len(texts) > 0) AS texts,
        list(struct_pack(line, called)) FILTER (len(called) > 0) AS called
    FROM told GROUP BY file, key, CASE WHEN key IS NULL THEN line END
),
-- What the user wrote and what tools returned; the prompt is what somebody wrote, not what a tool returned or the client added.
inputs AS (
    SELECT file, line, told_at AS asked_at, coalesce(prompt_id, last_value(typed_by_user IGNORE NULLS) OVER (PARTITION BY file ORDER BY line)) AS prompt
    FROM raw WHERE is_input
),
-- Narrow on purpose: what is joined by time is sorted.
asked AS (
    SELECT a.file, a.first_line, i.asked_at, i.prompt
    FROM (SELECT file, min(line) AS first_line FROM lines GROUP BY file, key, CASE WHEN key IS NULL THEN line END) a
    ASOF LEFT JOIN inputs i ON a.file = i.file AND a.first_line >= i.line
)
SELECT
    a.file, a.line,
    coalesce(CASE WHEN NOT is_failure THEN message_id END, uuid) AS source_call_id,
    coalesce(request_id, CASE WHEN NOT is_failure THEN message_id END, uuid) AS request_id,
    key AS attempt_key,
    i.prompt AS trace_id,
    unless_empty(session) AS session_id,
    'chat' AS operation,
    coalesce(asked_at, first_at) AS started_at,
    CASE WHEN last_at > coalesce(asked_at, first_at) THEN last_at END AS ended_at,
    CASE WHEN is_failure THEN failure_status(error_status, error) ELSE 'ok' END AS status,
    CASE WHEN is_failure THEN error_status END AS http_status,
    CASE WHEN is_failure THEN error END AS error_type,
    CASE WHEN is_call THEN to_finish(stop_reason) END AS finish_reason,
    claude_provider(model) AS provider,
    CASE WHEN is_call THEN model END AS model,
    unless_empty(geo) AS region,
    CASE WHEN is_call THEN CASE WHEN speed = 'fast' THEN 'fast' ELSE replace(unless_empty(tier), 'standard', 'default') END END AS service_tier,
    TRUE AS streamed,
    unless_empty(folder_name(cwd)) AS app,
    nullif(concat_ws(',', 'branch/' || nullif(unless_empty(branch), 'HEAD'), CASE WHEN NOT starts_with(entrypoint, 'sdk') THEN 'interactive' END,
        CASE WHEN side THEN 'sidechain' END), '') AS tags,
    CASE WHEN is_call THEN nullif(array_to_string(CASE WHEN len(texts) = 1 THEN texts[1].texts
        ELSE flatten(list_transform(list_sort(texts), lambda t: t.texts)) END, chr(10)), '') END AS answer,
    used.input_tokens AS input_tokens, used.cache_read_tokens AS cache_read_tokens, used.cache_write_5m_tokens AS cache_write_5m_tokens,
    used.cache_write_1h_tokens AS cache_write_1h_tokens,
    -- The first lines of an answer count one token or so, whatever will come; where no later one was written, the text tells that it was more.
    CASE WHEN stop_reason IS NOT NULL OR length(answer) <= 20 * used.output_tokens OR answer IS NULL THEN used.output_tokens END AS output_tokens,
    cost AS logged_cost,
    CASE WHEN len(called) = 1 THEN called[1].called ELSE flatten(list_transform(list_sort(called), lambda c: c.called)) END AS called_tools,
    list_transform(list_filter(told, lambda t: t.line <> a.line), lambda t: t.used) AS repeats, CAST(NULL AS VARCHAR) AS skipped
FROM answers a JOIN asked i ON i.file = a.file AND i.first_line = a.first_line
