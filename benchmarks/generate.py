"""Writes synthetic LiteLLM StandardLogging records: ``python benchmarks/generate.py N OUT [--lean] [--seed S]``.

About 5 KB a record with prompts and answers, about 700 bytes with ``--lean`` (message logging off). The words are ours, the shapes are
those of a gateway in production: shared system prompts, conversations that re-send their history, retries after 429, tool calls,
embeddings, streaming, a gateway cache. Seeded: the same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from pathlib import Path
from typing import Any, NamedTuple

WORD_LINES = (
    "anchor basket candle driver engine fabric garden hammer island jacket kettle ladder magnet needle orchid pencil quarry ribbon",
    "saddle timber umbrella valley walnut yellow zephyr border carbon dinner effort filter gravel hollow insect jungle kernel lantern",
    "marble nickel oyster pepper quiver rocket silver tunnel useful velvet window yonder bridge copper damsel empire feather glacier",
)
WORDS = [word for line in WORD_LINES for word in line.split()]


class App(NamedTuple):
    """One workload: who calls, which model, how long its prompt and answer are (words), and how it behaves."""

    name: str
    model: str
    provider: str
    system_words: int
    user_words: int
    answer_words: int
    weight: int
    streamed: bool = False
    turns: int = 1
    tools: int = 0
    kind: str = "acompletion"


APPS = (
    App("support-chat", "gpt-4o", "openai", 150, 40, 80, 22, streamed=True, turns=6),
    App("search-answers", "gpt-4o-mini", "openai", 200, 50, 70, 18, streamed=True),
    App("ticket-router", "gpt-4o", "openai", 120, 90, 2, 16),
    App("contract-review", "claude-sonnet-4-5", "anthropic", 240, 140, 100, 12),
    App("code-helper", "claude-sonnet-4-5", "anthropic", 140, 45, 40, 10, turns=8, tools=4),
    App("nightly-summaries", "gpt-5-mini", "openai", 40, 220, 60, 10),
    App("docs-indexer", "text-embedding-3-small", "openai", 0, 160, 0, 8, kind="aembedding"),
    App("field-extract", "gemini-2.5-flash", "gemini", 110, 90, 30, 4),
)
USD_PER_MTOK = {
    "gpt-4o": (2.5, 10.0),
    "gpt-4o-mini": (0.15, 0.6),
    "claude-sonnet-4-5": (3.0, 15.0),
    "gpt-5-mini": (0.25, 2.0),
    "text-embedding-3-small": (0.02, 0.0),
    "gemini-2.5-flash": (0.3, 2.5),
}
DETAILS = {"accepted_prediction_tokens": 0, "audio_tokens": 0, "rejected_prediction_tokens": 0}


def main() -> None:
    """Parse the arguments and write the file; ``.gz`` is compressed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--lean", action="store_true", help="no prompts and answers")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    started = time.monotonic()
    opener = gzip.open if args.out.suffix == ".gz" else open
    with opener(args.out, "wt", encoding="utf-8", newline="\n") as out:
        for line in Log(args.seed, lean=args.lean).lines(args.n):
            out.write(line)
    print(f"{args.n} records, {args.out.stat().st_size / 1e6:.1f} MB, {time.monotonic() - started:.1f} s")


class Log:
    """A stream of records in order of their start."""

    def __init__(self, seed: int, *, lean: bool) -> None:
        self.rng = random.Random(seed)
        self.lean = lean
        self.now = 1_760_000_000.0
        self.open_sessions: dict[str, list[tuple[str, list[dict[str, Any]]]]] = {}
        self.phrases = [" ".join(self.rng.choices(WORDS, k=10)) for _ in range(5000)]
        self.systems = {a.name: f"You serve {a.name}.\n{self.prose(a.system_words, lines=9)}" for a in APPS}
        self.tools = {a.name: [self.tool(i) for i in range(a.tools)] for a in APPS}

    def lines(self, n: int) -> Any:
        """``n`` records as lines of JSON; a failed attempt counts as a record of its own."""
        written = 0
        while written < n:
            for record in self.request():
                if written < n:
                    written += 1
                    yield json.dumps(record, separators=(", ", ": ")) + "\n"

    def prose(self, words: int, *, lines: int = 1) -> str:
        """About ``words`` words: phrases of ten drawn from a pool, which is much faster than drawing words."""
        rng = self.rng
        full, rest = divmod(words, 10)
        text = [self.phrases[int(rng.random() * 5000)] for _ in range(full)]
        if rest:
            text.append(" ".join(rng.choices(WORDS, k=rest)))
        step = max(1, len(text) // lines)
        return "\n".join(" ".join(text[i : i + step]) for i in range(0, len(text), step))

    def tool(self, i: int) -> dict[str, Any]:
        properties = {w: {"type": "string", "description": self.prose(9)} for w in ("path", "query", "range")}
        name = f"{WORDS[i]}_lookup"
        return {"type": "function", "function": {"name": name, "description": self.prose(18), "parameters": {"properties": properties}}}

    def request(self) -> list[dict[str, Any]]:
        """One client request: its attempts, the last one usually a success."""
        rng = self.rng
        self.now += rng.expovariate(1 / 6.0)
        app = rng.choices(APPS, weights=[a.weight for a in APPS])[0]
        trace, messages = self.conversation(app)
        call_id = self.uuid()
        records = []
        start = self.now
        if rng.random() < 0.03:
            failed = self.record(app, call_id, trace, messages, start, seconds=0.2, answer=None)
            records.append(failed)
            start += 0.7
        answer = self.prose(max(1, int(app.answer_words * rng.uniform(0.5, 1.6)))) if app.answer_words else ""
        seconds = 0.4 + 0.02 * app.answer_words * rng.uniform(0.5, 2.0)
        records.append(self.record(app, call_id, trace, messages, start, seconds=seconds, answer=answer))
        if app.turns > 1:
            messages.append({"role": "assistant", "content": answer})
        return records

    def conversation(self, app: App) -> tuple[str, list[dict[str, Any]]]:
        """A running conversation goes on, or a new one opens."""
        rng = self.rng
        pool = self.open_sessions.setdefault(app.name, [])
        if app.turns > 1 and pool and rng.random() < 1 - 1 / app.turns:
            trace, messages = pool[rng.randrange(len(pool))]
        else:
            trace = self.uuid()
            messages = [{"role": "system", "content": self.systems[app.name]}] if app.system_words else []
            pool.append((trace, messages))
            if len(pool) > 40:
                pool.pop(rng.randrange(40))
        messages.append({"role": "user", "content": self.prose(int(app.user_words * rng.uniform(0.5, 1.5)) + 1)})
        if len(messages) > 2 * app.turns + 1:
            pool[:] = [p for p in pool if p[0] != trace]
        return trace, messages

    def uuid(self) -> str:
        h = f"{self.rng.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def record(
        self, app: App, call_id: str, trace: str, messages: list[dict[str, Any]], start: float, *, seconds: float, answer: str | None
    ) -> dict[str, Any]:
        rng = self.rng
        failed = answer is None
        tokens_in = 0 if failed else sum(len(m["content"]) for m in messages) // 5 + 8
        tokens_out = 0 if failed else len(answer or "") // 5
        cached = tokens_in // 128 * 128 if not failed and len(messages) > 3 and app.provider == "openai" else 0
        rate_in, rate_out = USD_PER_MTOK[app.model]
        cost = ((tokens_in - cached / 2) * rate_in + tokens_out * rate_out) / 1e6
        end = round(start + seconds, 6)
        deployment = f"{app.model}-{'east' if rng.random() < 0.5 else 'west'}"
        user = f"user-{rng.randrange(4000)}" if app.streamed else None
        usage = {
            "completion_tokens": tokens_out,
            "prompt_tokens": tokens_in,
            "total_tokens": tokens_in + tokens_out,
            "completion_tokens_details": {**DETAILS, "reasoning_tokens": 0},
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": cached},
        }
        response_id = call_id if failed or app.kind == "aembedding" else f"chatcmpl-{rng.getrandbits(96):024x}"
        record: dict[str, Any] = {
            "id": response_id,
            "litellm_call_id": call_id,
            "trace_id": trace,
            "session_id": "",
            "call_type": app.kind,
            "cache_hit": None,
            "stream": True if app.streamed and not failed else None,
            "status": "failure" if failed else "success",
            "custom_llm_provider": app.provider,
            "startTime": round(start, 6),
            "endTime": end,
            "completionStartTime": round(start + seconds * 0.3, 6) if app.streamed and not failed else end,
            "model": f"{app.provider}/{app.model}",
            "model_group": app.model,
            "model_id": deployment,
            "response_cost": 0.0 if failed else cost,
            "total_tokens": tokens_in + tokens_out,
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "request_tags": [f"app:{app.name}", "env:prod", f"User-Agent: {app.name}/1.{rng.randrange(3)}"],
            "end_user": user,
            "metadata": {"user_api_key_alias": f"key-{app.name}", "user_api_key_team_alias": f"team-{app.name[0]}", "usage_object": usage},
            "hidden_params": {"model_id": deployment, "litellm_overhead_time_ms": round(rng.uniform(1, 20), 4)},
            "model_map_information": {"model_map_key": app.model, "model_map_value": None},
            "messages": [] if self.lean else [dict(m) for m in messages],
            "response": {} if failed or self.lean else self.response(app, response_id, start, answer or "", usage),
            "model_parameters": {"stream": app.streamed, "temperature": 0 if app.tools else 0.7},
            "error_str": None,
            "error_information": {"error_code": "", "error_class": "", "llm_provider": "", "traceback": "", "error_message": ""},
        }
        if app.tools and not self.lean:
            record["model_parameters"]["tools"] = self.tools[app.name]
        if failed:
            record["error_str"] = "RateLimitError: slow down"
            record["error_information"].update(error_code="429", error_class="RateLimitError", llm_provider=app.provider)
        if not self.lean:
            self.add_full_metadata(record, app, call_id, user)
        return record

    def add_full_metadata(self, record: dict[str, Any], app: App, call_id: str, user: str | None) -> None:
        """What a full record carries besides: keys, budgets, headers, cost breakdown."""
        for part in ("key_spend", "key_max_budget", "user_spend", "team_spend", "org_id", "project_id", "project_alias", "user_email"):
            record["metadata"][f"user_api_{part}" if part.startswith("key") else f"user_api_key_{part}"] = None
        record["metadata"].update(
            user_api_key_user_id="default_user_id",
            user_api_key_team_id=f"team-{app.name[0]}",
            user_api_key_end_user_id=user,
            user_api_key_request_route="/v1/chat/completions",
            user_agent=f"{app.name}/1.0",
            requester_metadata={
                "tags": record["request_tags"][:2],
                "headers": {"host": "gateway:4000", "x-litellm-call-id": call_id, "accept": "*/*", "content-type": "application/json"},
            },
            applied_guardrails=[],
        )
        cost = record["response_cost"]
        record["cost_breakdown"] = {"input_cost": cost * 0.7, "output_cost": cost * 0.3, "total_cost": cost, "service_tier": None}
        record["api_base"] = f"https://{record['model_id']}.example/v1"

    def response(self, app: App, response_id: str, start: float, answer: str, usage: dict[str, Any]) -> dict[str, Any]:
        if app.kind == "aembedding":
            return {"model": app.model, "object": "list", "data": [], "usage": usage}
        message: dict[str, Any] = {"content": answer, "role": "assistant", "tool_calls": None, "function_call": None}
        finish = "stop"
        if app.tools and self.rng.random() < 0.6:
            tool = self.rng.choice(self.tools[app.name])["function"]["name"]
            arguments = json.dumps({"path": self.rng.choice(WORDS), "query": self.prose(2)})
            message["tool_calls"] = [{"id": f"call_{self.rng.getrandbits(48):x}", "type": "function", "function": {"name": tool}}]
            message["tool_calls"][0]["function"]["arguments"] = arguments
            finish = "tool_calls"
        choice = {"finish_reason": finish, "index": 0, "message": message}
        head = {"id": response_id, "created": int(start), "model": app.model, "object": "chat.completion"}
        return {**head, "choices": [choice], "usage": usage}


if __name__ == "__main__":
    main()
