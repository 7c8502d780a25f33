"""Writes a folder of Claude Code sessions: ``python benchmarks/agent_sessions.py LINES FOLDER [--seed S]``; and counts one, in plain Python.

The shapes are those of real session logs, the words are ours: a line for every block of an answer, each repeating the message's usage (older
versions with growing output tokens); tool results of very different sizes, told twice in their line; sessions that were resumed, so that a new
file opens with a copy of an old one; side chains in files of their own, side questions that replay an answer under a new request id; lines of old
versions that carry costUSD; summaries, snapshots, client-made error messages. Seeded: the same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

WORD_LINES = (
    "anchor basket candle driver engine fabric garden hammer island jacket kettle ladder magnet needle orchid pencil quarry ribbon",
    "return import value index table column parser reader writer config buffer socket thread query cursor schema render module",
    "marble nickel oyster pepper quiver rocket silver tunnel useful velvet window yonder bridge copper damsel empire feather glacier",
)
WORDS = [word for line in WORD_LINES for word in line.split()]
# USD per million tokens: input, read from the cache, written for five minutes, written for an hour, output. List prices.
PRICES = {
    "claude-sonnet-4-20250514": ("3", "0.3", "3.75", "6", "15"),
    "claude-opus-4-1-20250805": ("15", "1.5", "18.75", "30", "75"),
    "claude-haiku-4-5-20251001": ("1", "0.1", "1.25", "2", "5"),
}
MODELS, MODEL_WEIGHTS = tuple(PRICES), (6, 2, 2)
PROJECTS = ("shop-api", "web-client", "ledger", "infra", "docs-site", "mobile-app")
TOOLS = ("Bash", "Read", "Edit", "Grep", "Glob", "Write", "TodoWrite")
FIRST = datetime(2025, 9, 1, 8, tzinfo=UTC)
CONTEXT_LIMIT = 150_000  # tokens after which a session is compacted; below the long-context price
RESULT_CHARS = (5.3, 1.4)  # of the logarithm of a tool result's length
KINDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")


@dataclass
class Session:
    """One conversation as it grows: its lines, and what every line of it says."""

    session_id: str
    project: str
    branch: str
    version: str
    model: str
    at: datetime
    agent_id: str = ""
    parent: str | None = None
    context: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def old(self) -> bool:
        """Written by a version that still put costUSD into its lines."""
        return self.version.startswith("1.")


class Writer:
    """Makes sessions; times, ids and words all come from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.text = " ".join(self.rng.choices(WORDS, k=200_000))

    def words(self, chars: int) -> str:
        """A stretch of text of that length."""
        start = self.rng.randrange(len(self.text) - min(chars, 500_000))
        return self.text[start : start + chars]

    def ident(self, prefix: str) -> str:
        """A random id."""
        return f"{prefix}{self.rng.getrandbits(72):018x}"

    def uuid(self) -> str:
        """A random UUID."""
        bits = f"{self.rng.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-8{bits[17:20]}-{bits[20:]}"

    def line(self, s: Session, kind: str, **fields: Any) -> dict[str, Any]:
        """A line that hangs on the one before it."""
        uuid = self.uuid()
        record = {
            "parentUuid": s.parent, "isSidechain": bool(s.agent_id), "userType": "external", "cwd": f"/home/dev/{s.project}",
            "sessionId": s.session_id, "version": s.version, "gitBranch": s.branch, **({"agentId": s.agent_id} if s.agent_id else {}),
            "type": kind, **fields, "uuid": uuid, "timestamp": stamp(s.at),
        }  # fmt: skip
        s.parent = uuid
        s.lines.append(record)
        return record

    def session(self, project: str, at: datetime, turns: int, agent_of: Session | None = None) -> Session:
        """A session of so many prompts by its user, or an agent's that another session started."""
        old = agent_of.old if agent_of else self.rng.random() < 0.08
        model = self.rng.choices(MODELS, MODEL_WEIGHTS)[0]
        s = Session(
            agent_of.session_id if agent_of else self.uuid(), project, self.rng.choice(("main", "fix/parser", "feature/export")),
            agent_of.version if agent_of else "1.0.31" if old else f"2.0.{self.rng.randint(1, 60)}", model, at,
            agent_id=self.ident("")[:8] if agent_of else "", context=self.rng.randint(14_000, 19_000),
        )  # fmt: skip
        if not agent_of:
            s.lines.append({"type": "file-history-snapshot", "messageId": self.uuid(), "snapshot": {"trackedFileBackups": {}}})
        for _ in range(turns):
            self.turn(s)
        return s

    def turn(self, s: Session) -> None:
        """One prompt, and the calls of the model until it is done."""
        s.at += timedelta(seconds=self.rng.expovariate(1 / 90))
        self.line(s, "user", message={"role": "user", "content": self.words(self.rng.randint(40, 600))})
        s.context += self.rng.randint(50, 400)
        for _ in range(self.rng.randint(1, 12)):
            tools = self.answer(s)
            if not tools:
                break
            for tool in tools:
                self.result(s, tool)
        if self.rng.random() < 0.15:
            self.line(s, "system", subtype="turn_duration", content=self.words(60), level="info")

    def usage(self, s: Session) -> dict[str, Any]:
        """What a call of the model used: the context so far is read from the cache, what is new is written to it."""
        fresh = min(self.rng.randint(200, 3000), 20_000)
        if s.context + fresh > CONTEXT_LIMIT:
            s.context = self.rng.randint(20_000, 30_000)
            s.lines.append({"type": "summary", "summary": self.words(80), "leafUuid": s.parent})
        read, s.context = s.context, s.context + fresh
        hour = fresh if self.rng.random() < 0.2 else 0
        split = {} if s.old else {"cache_creation": {"ephemeral_5m_input_tokens": fresh - hour, "ephemeral_1h_input_tokens": hour}}
        return {"input_tokens": self.rng.randint(2, 12), "cache_creation_input_tokens": fresh, "cache_read_input_tokens": read, **split,
                "output_tokens": self.rng.randint(60, 1800), "service_tier": "standard"}  # fmt: skip

    def answer(self, s: Session) -> list[tuple[str, str]]:
        """The lines of one answer, a line a block; returns the tools that it called."""
        ids = {"requestId": self.ident("req_01")}
        usage = self.usage(s)
        tools = [(self.ident("toolu_01"), self.rng.choice(TOOLS)) for _ in range(self.rng.choices((0, 1, 2, 3), (2, 6, 2, 1))[0])]
        blocks: list[dict[str, Any]] = []
        if self.rng.random() < 0.3:
            blocks.append({"type": "thinking", "thinking": self.words(self.rng.randint(200, 1500)), "signature": self.ident("Eq")})
        if not tools or self.rng.random() < 0.5:
            blocks.append({"type": "text", "text": self.words(self.rng.randint(60, 1200))})
        blocks += [{"type": "tool_use", "id": i, "name": n, "input": {"command": self.words(self.rng.randint(20, 300))}} for i, n in tools]
        message_id, total = self.ident("msg_01"), usage["output_tokens"]
        growing = s.old or self.rng.random() < 0.5
        cost = {"costUSD": float(list_price(s.model, tokens_of(usage)))} if s.old else {}
        for number, block in enumerate(blocks, start=1):
            s.at += timedelta(seconds=self.rng.uniform(0.5, 9))
            last = number == len(blocks)
            said = {**usage, "output_tokens": total if last or not growing else self.rng.randint(1, 8)}
            self.line(
                s, "assistant", **ids, **({} if growing else {"apiBlockIndex": number - 1}), **cost,
                message={"model": s.model, "id": message_id, "type": "message", "role": "assistant", "content": [block],
                         "stop_reason": ("tool_use" if tools else "end_turn") if last or not growing else None, "stop_sequence": None,
                         "usage": said},
            )  # fmt: skip
        s.context += total
        return tools

    def result(self, s: Session, tool: tuple[str, str]) -> None:
        """What a tool answered: as the model sees it, and once more as the client keeps it."""
        s.at += timedelta(seconds=self.rng.expovariate(1 / 4))
        text = self.words(min(int(self.rng.lognormvariate(*RESULT_CHARS)) + 20, 60_000))
        told = {"stdout": text, "stderr": "", "interrupted": False, "isImage": False}
        block = {"tool_use_id": tool[0], "type": "tool_result", "content": text, "is_error": False}
        self.line(s, "user", message={"role": "user", "content": [block]}, toolUseResult=told)

    def replay(self, s: Session, agent: Session) -> None:
        """A side question: the agent's file opens with answers of its parent, under request ids of its own."""
        answered = [r for r in s.lines if r["type"] == "assistant"][-6:]
        again = self.ident("req_01")
        agent.lines[:0] = [{**r, "isSidechain": True, "agentId": agent.agent_id, "requestId": again, "uuid": self.uuid()} for r in answered]

    def synthetic(self, s: Session) -> None:
        """An error message that the client made itself, in the shape of an answer."""
        empty = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        content = [{"type": "text", "text": "API Error: 529 overloaded"}]
        self.line(s, "assistant", isApiErrorMessage=True, message={"id": self.uuid(), "model": "<synthetic>", "role": "assistant",
                  "type": "message", "content": content, "stop_reason": "stop_sequence", "usage": empty})  # fmt: skip

    def files(self, lines: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Path and lines of every file, until there are that many lines."""
        at, done = FIRST, 0
        while done < lines:
            at += timedelta(minutes=self.rng.uniform(5, 240))
            project = self.rng.choice(PROJECTS)
            slug = f"-home-dev-{project}"
            s = self.session(project, at, turns=max(1, int(self.rng.lognormvariate(1.6, 1.1))))
            agents = [self.session(project, s.at, 1, agent_of=s) for _ in range(self.rng.choices((0, 1, 4), (7, 2, 1))[0])]
            if agents and self.rng.random() < 0.5:
                self.replay(s, agents[0])
            if self.rng.random() < 0.05:
                self.synthetic(s)
            made = [(f"{slug}/{s.session_id}.jsonl", s.lines)]
            made += [(f"{slug}/{s.session_id}/subagents/agent-{a.agent_id}.jsonl", a.lines) for a in agents]
            if self.rng.random() < 0.12:  # resumed: the new file opens with the old one's lines
                copy = self.uuid()
                again = Session(copy, project, s.branch, s.version, s.model, s.at + timedelta(hours=3), parent=s.parent, context=s.context)
                again.lines = [{**r, "sessionId": copy} if "sessionId" in r else r for r in s.lines]
                self.turn(again)
                made.append((f"{slug}/{copy}.jsonl", again.lines))
            for path, records in made:
                kept = records[: lines - done]
                done += len(kept)
                if kept:
                    yield path, kept


def stamp(at: datetime) -> str:
    """A time as Claude Code writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def write(folder: Path, lines: int, seed: int = 7) -> int:
    """Write the sessions below ``folder``/projects; returns the bytes written."""
    size = 0
    for name, records in Writer(seed).files(lines):
        path = folder / "projects" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in records).encode()
        path.write_bytes(data)
        size += len(data)
    return size


Tokens = tuple[int, int, int, int, int]


def tokens_of(usage: dict[str, Any]) -> Tokens:
    """Tokens by kind, in the order of KINDS. Input is what came neither from the cache nor was written to it."""
    split = usage.get("cache_creation") or {}
    hour = split.get("ephemeral_1h_input_tokens", 0)
    return (
        usage["input_tokens"],
        usage["cache_read_input_tokens"],
        usage["cache_creation_input_tokens"] - hour,
        hour,
        usage["output_tokens"],
    )


def list_price(model: str, tokens: Tokens) -> Decimal:
    """Dollars of one call by the list."""
    return sum((Decimal(n) * Decimal(usd) / 1_000_000 for n, usd in zip(tokens, PRICES[model], strict=True)), Decimal(0))


@dataclass
class Count:
    """Tokens by kind and dollars, once as every line has them and once counted by message; and the lines by what they are."""

    lines: int = 0
    with_usage: int = 0
    messages: int = 0
    naive: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    true: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    naive_usd: Decimal = Decimal(0)
    true_usd: Decimal = Decimal(0)


def count(folder: Path) -> Count:
    """Count the sessions below ``folder``: a message id and request id once, a side chain's message by its id alone; most tokens win."""
    total = Count()
    main: dict[tuple[str, str], tuple[int, Tokens, Decimal]] = {}
    side: dict[str, tuple[int, Tokens, Decimal]] = {}
    for path in sorted(folder.rglob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            total.lines += 1
            record = json.loads(text)
            message = record.get("message") or {}
            if "usage" not in message or message.get("model") == "<synthetic>":
                continue
            tokens = tokens_of(message["usage"])
            usd = Decimal(repr(record["costUSD"])) if "costUSD" in record else list_price(message["model"], tokens)
            total.with_usage += 1
            total.naive_usd += usd
            for kind, n in zip(KINDS, tokens, strict=True):
                total.naive[kind] += n
            found = (sum(tokens), tokens, usd)
            if record.get("isSidechain"):
                side[message["id"]] = max(found, side.get(message["id"], found), key=lambda f: f[0])
            else:
                key = (message["id"], record["requestId"])
                main[key] = max(found, main.get(key, found), key=lambda f: f[0])
    known = {message_id for message_id, _ in main}
    for _, tokens, usd in [*main.values(), *(found for message_id, found in side.items() if message_id not in known)]:
        total.messages += 1
        total.true_usd += usd
        for kind, n in zip(KINDS, tokens, strict=True):
            total.true[kind] += n
    return total


def main() -> None:
    """Parse the arguments, write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    started = time.monotonic()
    size = write(args.folder, args.lines, args.seed)
    print(f"{args.lines} lines, {size / 1e6:.1f} MB, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
