"""Sessions of coding agents for make_samples.py: small, but with every repetition that makes a naive sum wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

AT = datetime(2026, 11, 9, 9, 30, tzinfo=UTC)
QUESTIONS = ("Why does the export skip the last parcel?", "Add a test for it.", "Now bump the changelog.")


def files(seed: int = 23) -> dict[str, bytes]:
    """Every file by its path below ``agents/``."""
    rng = random.Random(seed)
    session, side = claude(rng)
    resumed = [{**r, "sessionId": "c1a0de00-0000-4000-8000-000000000002"} for r in session if "sessionId" in r]
    rollout, fork = codex(rng)
    return {
        "claude/c1a0de00-0000-4000-8000-000000000001.jsonl": _lines(session),
        "claude/c1a0de00-0000-4000-8000-000000000001/subagents/agent-a7.jsonl": _lines(side),
        "claude/c1a0de00-0000-4000-8000-000000000002.jsonl": _lines(resumed),
        "codex/rollout-2026-11-09T10-30-00-0199c8a1-0000-7000-8000-000000000001.jsonl": _lines(rollout),
        "codex/rollout-2026-11-09T11-30-00-0199c8a1-0000-7000-8000-000000000002.jsonl": _lines(fork),
    }


def claude(rng: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A session, and a side chain that first replays its parent's last answer under a request id of its own."""
    session_id = "c1a0de00-0000-4000-8000-000000000001"
    at, context, lines = AT, 15_000, [{"type": "file-history-snapshot", "messageId": "m0", "snapshot": {"trackedFileBackups": {}}}]

    def line(kind: str, **fields: Any) -> dict[str, Any]:
        number = len(lines)
        return {"parentUuid": f"u{number - 1}", "isSidechain": False, "userType": "external", "entrypoint": "cli", "cwd": "/home/dev/shop-api",
                "sessionId": session_id, "version": "2.1.30", "gitBranch": "main", "type": kind, **fields, "uuid": f"u{number}",
                "timestamp": _stamp(at)}  # fmt: skip

    for number, question in enumerate(QUESTIONS):
        at += timedelta(seconds=rng.uniform(20, 60))
        lines.append(line("user", promptId=f"p{number}", message={"role": "user", "content": question}))
        for step in range(3):
            fresh, output, last = rng.randint(300, 2000), rng.randint(120, 900), step == 2
            usage = {"input_tokens": 4, "cache_creation_input_tokens": fresh, "cache_read_input_tokens": context, "output_tokens": output,
                     "cache_creation": {"ephemeral_5m_input_tokens": fresh, "ephemeral_1h_input_tokens": 0}, "service_tier": "standard"}  # fmt: skip
            blocks: list[dict[str, Any]] = [{"type": "thinking", "thinking": "...", "signature": "s"}, {"type": "text", "text": "I look."}]
            if not last:
                blocks.append(
                    {"type": "tool_use", "id": f"toolu_{number}{step}", "name": "Bash", "input": {"command": f"run {number}.{step}"}}
                )
            for block in blocks:
                at += timedelta(seconds=rng.uniform(1, 4))
                done = block is blocks[-1]
                lines.append(line("assistant", requestId=f"req_{number}{step}", message={
                    "id": f"msg_{number}{step}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [block],
                    "stop_reason": ("end_turn" if last else "tool_use") if done else None,
                    "usage": usage | {"output_tokens": output if done else rng.randint(1, 8)}}))  # fmt: skip
            context += fresh + output
            if not last:
                at += timedelta(seconds=rng.uniform(1, 5))
                result = {"type": "tool_result", "tool_use_id": f"toolu_{number}{step}", "content": "ok"}
                lines.append(
                    line("user", promptId=f"p{number}", message={"role": "user", "content": [result]}, toolUseResult={"stdout": "ok"})
                )
    answer = lines[-1]
    own = json.loads(json.dumps(answer)) | {"uuid": "a2", "requestId": "req_a2", "timestamp": _stamp(at + timedelta(seconds=9))}
    own["message"] |= {"id": "msg_a2", "usage": answer["message"]["usage"] | {"output_tokens": 77}}
    side = [{**r, "isSidechain": True, "agentId": "a7"} for r in ({**answer, "uuid": "a1", "requestId": "req_a1"}, own)]
    return lines, side


def codex(rng: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A rollout in which every total is sent twice, and a fork that opens with all of them."""
    parent, child = (f"0199c8a1-0000-7000-8000-00000000000{n}" for n in (1, 2))
    at, total = (
        AT + timedelta(hours=1),
        dict.fromkeys(("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens"), 0),
    )
    lines = [_meta(parent, at), _event(at, "turn_context", turn_id="t1", cwd="/home/dev/shop-api", model="gpt-5-codex", effort="medium")]
    counts: list[dict[str, Any]] = []

    def call(to: list[dict[str, Any]], tool: bool) -> None:
        nonlocal at
        at += timedelta(seconds=rng.uniform(3, 9))
        item = ({"type": "function_call", "name": "shell", "arguments": '{"command":["ls"]}', "call_id": f"c{len(to)}"} if tool
                else {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]})  # fmt: skip
        to.append(_event(at, "response_item", **item))
        last = {"input_tokens": 12_000 + rng.randint(0, 3000), "cached_input_tokens": 9_000, "output_tokens": rng.randint(80, 600),
                "reasoning_output_tokens": 64}  # fmt: skip
        for name, n in last.items():
            total[name] += n
        info = {"total_token_usage": dict(total), "last_token_usage": last, "model_context_window": 272_000}
        for wait in (0.1, 1.3):
            counts.append(_event(at + timedelta(seconds=wait), "event_msg", type="token_count", info=info))
            to.append(counts[-1])
        if tool:
            to.append(
                _event(at + timedelta(seconds=2), "response_item", type="function_call_output", call_id=item["call_id"], output="a.py")
            )

    lines.append(_event(at, "event_msg", type="user_message", message=QUESTIONS[0]))
    for tool in (True, True, False):
        call(lines, tool)
    replayed = list(counts)
    at = AT + timedelta(hours=2)
    fork = [
        _meta(child, at, parent),
        _meta(parent, at),
        *({**c, "timestamp": _stamp(at + timedelta(milliseconds=n))} for n, c in enumerate(replayed)),
    ]
    at += timedelta(seconds=30)
    fork += [_event(at, "turn_context", turn_id="t2", cwd="/home/dev/shop-api", model="gpt-5-codex", effort="medium"),
             _event(at, "event_msg", type="user_message", message=QUESTIONS[1])]  # fmt: skip
    call(fork, False)
    return lines, fork


def _meta(session: str, at: datetime, forked_from: str | None = None) -> dict[str, Any]:
    return _event(at, "session_meta", id=session, cwd="/home/dev/shop-api", originator="codex_cli_rs", cli_version="0.98.0", source="cli",
                  model_provider="openai", git={"branch": "main"}, forked_from_id=forked_from)  # fmt: skip


def _event(at: datetime, kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": _stamp(at), "type": kind, "payload": payload}


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _lines(records: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(r, separators=(",", ":")).encode() + b"\n" for r in records)
