/*---
kind = "source"
title = "Output of claude -p (refused)"
description = """
What `claude -p --output-format stream-json` (or json) prints: messages whose usage was taken when they began, before their output was counted, and a result
that sums a whole session. Neither is a call with its tokens and times. Claude Code keeps the same calls, whole, in its session logs.
"""
refuses = "this is what `claude -p` prints: its messages were counted before they were complete, its result is a total. Read ~/.claude/projects instead"
formats = ["jsonl", "json"]

[detect]
all = ["type", "session_id"]
any = ["parent_tool_use_id", "num_turns"]

[[example]]
name = "a session of one question"
format = "jsonl"
input = '''
{"type":"system","subtype":"init","cwd":"/w","session_id":"s-1","tools":[],"model":"claude-sonnet-4-20250514","uuid":"u0"}
{"type":"assistant","message":{"model":"claude-sonnet-4-20250514","id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"}],"stop_reason":null,"usage":{"input_tokens":4,"cache_creation_input_tokens":1000,"cache_read_input_tokens":15000,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s-1","uuid":"u1"}
{"type":"result","subtype":"success","is_error":false,"duration_ms":6000,"num_turns":1,"result":"Hi","session_id":"s-1","total_cost_usd":0.02,"usage":{"input_tokens":4,"cache_creation_input_tokens":1000,"cache_read_input_tokens":15000,"output_tokens":180}}
'''
calls = []
---*/
