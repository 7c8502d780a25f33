/*---
kind = "source"
title = "Codex CLI rollouts"
description = """
What Codex keeps below ~/.codex/sessions and archived_sessions: events of a session, among them running totals of its tokens. Each total is sent
again with the next rate limit, so a call is what a total adds to the one before it; a repeated total is a duplicate. A forked session or a side chain
opens with its parent's totals, which count with the parent only. A call starts with what it answers (prompt or tool output) and ends with its last
item. Costs are list prices, whatever a subscription paid.
"""
formats = ["jsonl"]
joins = true
times_are_utc = true
held = """
timestamp AS told_at, type, payload.type AS what, payload.id AS id, coalesce(payload.forked_from_id, CASE WHEN contains(payload.source, 'thread_spawn')
    THEN 'parent' END) AS forked_from, payload.source AS source, payload.cwd AS cwd, payload.model_provider AS model_provider, payload.git.branch AS branch,
payload.model AS model, coalesce(payload.effort, payload.collaboration_mode.settings.reasoning_effort) AS effort, payload.turn_id AS turn_id,
payload.role AS role, payload.name AS name, coalesce(payload.arguments, payload.input) AS arguments,
payload.info.total_token_usage AS total, payload.info.last_token_usage AS last,
CASE WHEN type = 'response_item' AND payload.role = 'assistant' THEN array_to_string(list_transform(payload.content, lambda c: c.text), chr(10)) END AS said
"""

[detect]
all = ["type", "payload", "timestamp"]

[columns]
timestamp = "VARCHAR"
type = "VARCHAR"
payload = '''{"type":"VARCHAR","id":"VARCHAR","forked_from_id":"VARCHAR","source":"VARCHAR","cwd":"VARCHAR","model_provider":"VARCHAR",
    "git":{"branch":"VARCHAR"},"model":"VARCHAR","effort":"VARCHAR","collaboration_mode":{"settings":{"reasoning_effort":"VARCHAR"}},
    "turn_id":"VARCHAR","role":"VARCHAR","name":"VARCHAR","arguments":"VARCHAR","input":"VARCHAR","content":[{"text":"VARCHAR"}],
    "info":{"total_token_usage":{"input_tokens":"VARCHAR","cached_input_tokens":"VARCHAR","output_tokens":"VARCHAR","reasoning_output_tokens":"VARCHAR"},
        "last_token_usage":{"input_tokens":"VARCHAR","cached_input_tokens":"VARCHAR","output_tokens":"VARCHAR","reasoning_output_tokens":"VARCHAR"}}}'''

[[example]]
name = "three events, two calls: a total that is sent again adds nothing, and last_token_usage must not be added up"
format = "jsonl"
input = '''
{"timestamp":"2025-10-09T08:53:00.000Z","type":"session_meta","payload":{"id":"s-1","timestamp":"2025-10-09T08:53:00.000Z","cwd":"/w/shop-api","originator":"codex_cli_rs","cli_version":"0.46.0","source":"cli","model_provider":"openai","git":{"branch":"main"}}}
{"timestamp":"2025-10-09T08:53:01.000Z","type":"turn_context","payload":{"turn_id":"t1","cwd":"/w/shop-api","model":"gpt-5-codex","effort":"high"}}
{"timestamp":"2025-10-09T08:53:01.500Z","type":"event_msg","payload":{"type":"user_message","message":"List the files."}}
{"timestamp":"2025-10-09T08:53:09.000Z","type":"response_item","payload":{"type":"function_call","name":"shell","arguments":"{\"command\":[\"ls\"]}","call_id":"c1"}}
{"timestamp":"2025-10-09T08:53:09.100Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":12000,"cached_input_tokens":9000,"output_tokens":400,"reasoning_output_tokens":250,"total_tokens":12400},"last_token_usage":{"input_tokens":12000,"cached_input_tokens":9000,"output_tokens":400,"reasoning_output_tokens":250,"total_tokens":12400},"model_context_window":272000}}}
{"timestamp":"2025-10-09T08:53:09.300Z","type":"response_item","payload":{"type":"function_call_output","call_id":"c1","output":"a.py"}}
{"timestamp":"2025-10-09T08:53:10.200Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":12000,"cached_input_tokens":9000,"output_tokens":400,"reasoning_output_tokens":250,"total_tokens":12400},"last_token_usage":{"input_tokens":12000,"cached_input_tokens":9000,"output_tokens":400,"reasoning_output_tokens":250,"total_tokens":12400},"model_context_window":272000}}}
{"timestamp":"2025-10-09T08:53:14.000Z","type":"response_item","payload":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"One file."}]}}
{"timestamp":"2025-10-09T08:53:14.100Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":25000,"cached_input_tokens":21000,"output_tokens":450,"reasoning_output_tokens":260,"total_tokens":25450},"last_token_usage":{"input_tokens":13000,"cached_input_tokens":12000,"output_tokens":50,"reasoning_output_tokens":10,"total_tokens":13050},"model_context_window":272000}}}
{"timestamp":"2025-10-09T08:53:14.200Z","type":"event_msg","payload":{"type":"token_count","info":null}}
'''
calls = [
  { line = 5, session_id = "s-1", trace_id = "t1", started_at = "2025-10-09 08:53:01.500", ended_at = "2025-10-09 08:53:09.000", status = "ok", provider = "openai", model = "gpt-5-codex", reasoning_effort = "high", app = "shop-api", tags = "branch/main,interactive", input_tokens = 12000, cache_read_tokens = 9000, output_tokens = 400, reasoning_tokens = 250 },
  { line = 9, started_at = "2025-10-09 08:53:09.300", ended_at = "2025-10-09 08:53:14.000", input_tokens = 13000, cache_read_tokens = 12000, output_tokens = 50, reasoning_tokens = 10, response_chars = 9 },
]

[[example]]
name = "the worst mistake: a fork replays its parent's totals at its own start; only what it adds is its own"
format = "jsonl"
input = '''
{"timestamp":"2025-10-09T10:00:00.000Z","type":"session_meta","payload":{"id":"s-2","cwd":"/w","cli_version":"0.98.0","source":"cli","model_provider":"openai","forked_from_id":"s-1"}}
{"timestamp":"2025-10-09T10:00:00.001Z","type":"session_meta","payload":{"id":"s-1","cwd":"/w","cli_version":"0.46.0","source":"cli","model_provider":"openai"}}
{"timestamp":"2025-10-09T10:00:00.990Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":12000,"cached_input_tokens":9000,"output_tokens":400,"reasoning_output_tokens":0},"last_token_usage":{"input_tokens":12000,"cached_input_tokens":9000,"output_tokens":400,"reasoning_output_tokens":0}}}}
{"timestamp":"2025-10-09T10:00:01.004Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":25000,"cached_input_tokens":21000,"output_tokens":450,"reasoning_output_tokens":0},"last_token_usage":{"input_tokens":13000,"cached_input_tokens":12000,"output_tokens":50,"reasoning_output_tokens":0}}}}
{"timestamp":"2025-10-09T10:00:05.000Z","type":"turn_context","payload":{"cwd":"/w","model":"gpt-5.1-codex"}}
{"timestamp":"2025-10-09T10:00:09.000Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":39000,"cached_input_tokens":34000,"output_tokens":500,"reasoning_output_tokens":0},"last_token_usage":{"input_tokens":14000,"cached_input_tokens":13000,"output_tokens":50,"reasoning_output_tokens":0}}}}
'''
calls = [{ line = 6, session_id = "s-2", model = "gpt-5.1-codex", input_tokens = 14000, cache_read_tokens = 13000, output_tokens = 50, started_at = "2025-10-09 10:00:05" }]

[[example]]
name = "after a compaction the totals start anew: what the call itself used counts; a session that never names its model has no price"
format = "jsonl"
input = '''
{"timestamp":"2025-09-09T10:00:00.000Z","type":"session_meta","payload":{"id":"s-3","cwd":"/w","cli_version":"0.30.0","source":"exec"}}
{"timestamp":"2025-09-09T10:00:09.000Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":500000,"cached_input_tokens":1000,"output_tokens":400,"reasoning_output_tokens":0},"last_token_usage":{"input_tokens":9000,"cached_input_tokens":1000,"output_tokens":40,"reasoning_output_tokens":0}}}}
{"timestamp":"2025-09-09T10:00:19.000Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":3000,"cached_input_tokens":0,"output_tokens":70,"reasoning_output_tokens":0},"last_token_usage":{"input_tokens":3000,"cached_input_tokens":0,"output_tokens":70,"reasoning_output_tokens":0}}}}
'''
calls = [
  { line = 2, input_tokens = 9000, output_tokens = 40 },
  { line = 3, input_tokens = 3000, output_tokens = 70 },
]
---*/
WITH counted AS (
    SELECT *,
        CASE WHEN total IS NOT NULL THEN codex_counts(total) END AS totals,
        type = 'turn_context' OR what IN ('user_message', 'function_call_output', 'custom_tool_call_output', 'task_started')
            OR coalesce(what = 'message' AND role <> 'assistant', FALSE) AS is_input,
        what IN ('reasoning', 'function_call', 'custom_tool_call', 'web_search_call', 'local_shell_call') OR coalesce(what = 'message' AND role = 'assistant', FALSE)
            AS is_output
    FROM raw
),
files AS (
    SELECT file, min_by(struct_pack(id, source, model_provider, branch, told_at), line) FILTER (type = 'session_meta') AS meta,
        bool_or(forked_from IS NOT NULL) FILTER (type = 'session_meta') OR count(DISTINCT id) FILTER (type = 'session_meta') > 1 AS is_fork
    FROM counted GROUP BY file
),
usage AS (
    SELECT file, line, told_at, totals, codex_counts(last) AS own,
        lag(totals) OVER in_file AS before, lag(to_time(told_at)) OVER in_file AS at_before
    FROM counted WHERE totals IS NOT NULL WINDOW in_file AS (PARTITION BY file ORDER BY line)
),
-- A replay is written in one go when the fork starts, or keeps the times of its parent.
replays AS (
    SELECT u.*, is_fork AND (to_time(u.told_at) < to_time(meta.told_at) OR sum(CASE WHEN to_time(u.told_at) - coalesce(at_before, to_time(meta.told_at))
        > INTERVAL 1 SECOND THEN 1 ELSE 0 END) OVER (PARTITION BY u.file ORDER BY line) = 0) AS is_replay
    FROM usage u JOIN files f ON f.file = u.file
),
-- A step is a total that differs from the one before it; those that repeat it belong to it.
steps AS (
    SELECT *, sum(CASE WHEN totals IS DISTINCT FROM before OR is_replay THEN 1 ELSE 0 END) OVER (PARTITION BY file ORDER BY line) AS step,
        CASE WHEN before IS NULL OR totals.i < before.i OR totals.c < before.c OR totals.o < before.o OR totals.r < before.r THEN coalesce(own, totals)
            ELSE struct_pack(i := totals.i - before.i, c := totals.c - before.c, o := totals.o - before.o, r := totals.r - before.r) END AS used
    FROM replays
),
calls AS (
    SELECT file, step, min(line) AS line, min(told_at) AS told_at, min_by(used, line) AS used, min_by(totals, line) AS totals, min_by(own, line) AS own,
        bool_or(is_replay) AS is_replay, count(*) AS n, lag(min(line)) OVER (PARTITION BY file ORDER BY step) AS line_before
    FROM steps WHERE step > 0 GROUP BY file, step
),
-- Everything between one count and the next belongs to the call that the next one counts.
placed AS (
    SELECT c.*, k.step, last_value(CASE WHEN c.type = 'turn_context' THEN c.model END IGNORE NULLS) OVER so_far AS turn_model,
        last_value(CASE WHEN c.type = 'turn_context' THEN c.effort END IGNORE NULLS) OVER so_far AS turn_effort,
        last_value(c.turn_id IGNORE NULLS) OVER so_far AS turn, last_value(c.cwd IGNORE NULLS) OVER so_far AS folder,
        count_if(c.what = 'user_message') OVER so_far AS prompts,
        min(CASE WHEN c.is_output THEN c.line END) OVER (PARTITION BY c.file, k.step) AS first_output
    FROM counted c ASOF LEFT JOIN calls k ON k.file = c.file AND k.line >= c.line
    WINDOW so_far AS (PARTITION BY c.file ORDER BY c.line)
),
around AS (
    SELECT file, step, max_by(turn_model, line) AS model, max_by(turn_effort, line) AS effort, max_by(turn, line) AS turn, max_by(folder, line) AS folder,
        max(prompts) AS prompts, max(told_at) FILTER (is_input AND line < coalesce(first_output, line + 1)) AS asked_at, max(told_at) FILTER (is_output) AS last_at,
        string_agg(nullif(said, ''), chr(10) ORDER BY line) AS answer,
        list(struct_pack(name := coalesce(name, what), arguments) ORDER BY line) FILTER (is_output AND what NOT IN ('message', 'reasoning')) AS tools
    FROM placed WHERE step IS NOT NULL GROUP BY file, step
),
known AS (
    SELECT c.*, a.* EXCLUDE (file, step), f.meta, coalesce(f.meta.id, concat('file ', c.file)) AS session,
        lag(c.told_at) OVER (PARTITION BY c.file ORDER BY c.step) AS counted_before
    FROM calls c JOIN files f ON f.file = c.file JOIN around a ON a.file = c.file AND a.step = c.step
    WHERE c.used.i + c.used.o > 0
)
SELECT
    file, line,
    concat(session, '#', step) AS source_call_id, concat(session, '#', step) AS request_id,
    concat(CASE WHEN is_replay THEN 'copy|' END, session, '|', totals.i, '/', totals.c, '/', totals.o, '|', own.i, '/', own.o) AS attempt_key,
    coalesce(turn, concat(session, '#', prompts)) AS trace_id,
    meta.id AS session_id,
    'chat' AS operation,
    coalesce(asked_at, counted_before, told_at) AS started_at,
    CASE WHEN coalesce(last_at, told_at) > coalesce(asked_at, counted_before) THEN coalesce(last_at, told_at) END AS ended_at,
    'ok' AS status,
    lower(unless_empty(meta.model_provider)) AS provider,
    unless_empty(model) AS model,
    TRUE AS streamed,
    unless_empty(folder_name(folder)) AS app,
    nullif(concat_ws(',', 'branch/' || unless_empty(meta.branch), CASE WHEN meta.source IN ('cli', 'vscode') THEN 'interactive' END,
        CASE WHEN contains(meta.source, 'subagent') THEN 'sidechain' END), '') AS tags,
    used.i AS input_tokens, used.c AS cache_read_tokens, used.o AS output_tokens, used.r AS reasoning_tokens,
    unless_empty(effort) AS reasoning_effort,
    answer, tools AS called_tools,
    list_transform(range(n - 1), lambda x: struct_pack(input_tokens := used.i, cache_read_tokens := used.c, cache_write_5m_tokens := CAST(NULL AS BIGINT),
        cache_write_1h_tokens := CAST(NULL AS BIGINT), output_tokens := used.o, logged_cost := CAST(NULL AS DECIMAL(38,12)))) AS repeats,
    CAST(NULL AS VARCHAR) AS skipped
FROM known
