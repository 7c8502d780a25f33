"""A log with planted faults of steps 1 and 2, and the truth about it: ``python benchmarks/planted.py SEED OUT``.

LiteLLM StandardLogging records of up to 40 workloads. A workload either holds one fault, in a drawn share of its requests, or only the fault's
nearest innocent neighbour. What each fault would have saved is worked out here, in plain Python, from the prices below; it is written to
OUT.truth.jsonl as one line a blamed call: rule, call id, USD (null where a failed call was not billed or the saving is a matter of opinion).
``plants.py`` says what is planted. Seeded: the same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

START = datetime(2026, 11, 2, tzinfo=UTC).timestamp()  # a Monday
HOUR = 3600.0
CHARS_PER_TOKEN = 4

# Ranges that every draw comes from.
WORKLOADS = (3, 40)
OUTPUT_TOKENS = (1, 400)
PROMPT_TOKENS = (50, 60_000)
RETRIES = (0, 6)
TTL_GAP_S = (1.0, 7200.0)
FAULT_SHARE = (0.0, 0.3)
TEXT_BUDGET = 4_000_000  # characters of prompts a workload: a long prompt means fewer calls
CALLS = (80, 400)


class Price(NamedTuple):
    """USD per million tokens: list prices of November 2026."""

    input: float
    read: float | None
    write: float | None
    output: float


class Model(NamedTuple):
    """A model as the log names it."""

    provider: str
    name: str
    price: Price
    priority: Price | None = None


GPT = Model("openai", "gpt-5.2", Price(1.75, 0.175, None, 14.0), Price(3.5, 0.35, None, 28.0))
GPT_OLD = Model("openai", "gpt-4o", Price(2.5, 1.25, None, 10.0), Price(4.25, 2.125, None, 17.0))
GPT_MINI = Model("openai", "gpt-5.4-mini", Price(0.75, 0.075, None, 4.5))
GPT_NANO = Model("openai", "gpt-5.4-nano", Price(0.2, 0.02, None, 1.25))
SONNET = Model("anthropic", "claude-sonnet-4-6", Price(3.0, 0.3, 3.75, 15.0))
OPUS = Model("anthropic", "claude-opus-4-8", Price(5.0, 0.5, 6.25, 25.0))
OPUS_OLD = Model("anthropic", "claude-opus-4-1", Price(15.0, 1.5, 18.75, 75.0))
HAIKU = Model("anthropic", "claude-haiku-4-5", Price(1.0, 0.1, 1.25, 5.0))
PRO = Model("gemini", "gemini-2.5-pro", Price(1.25, 0.125, None, 10.0))
FLASH = Model("gemini", "gemini-2.5-flash", Price(0.3, 0.03, None, 2.5))
DEEPSEEK = Model("deepseek", "deepseek-chat", Price(0.27, 0.07, None, 1.1))
EMBED = Model("openai", "text-embedding-3-small", Price(0.02, None, None, 0.0))
SUPERSEDED = (SONNET, HAIKU, OPUS_OLD)  # a newer one of the family costs no more in any meter
CHEAP = (GPT_MINI, GPT_NANO, HAIKU, FLASH, DEEPSEEK)
PREMIUM = (GPT_OLD, SONNET, OPUS, PRO)
EXPLICIT_CACHE = (SONNET, OPUS, HAIKU)  # the caller marks what is kept; a write costs a premium
AUTOMATIC_CACHE = (GPT, GPT_OLD, GPT_MINI)

SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el", "ir", "os", "un")]
VOCABULARY = [x + y for x in SYLLABLES[::3] for y in SYLLABLES[1::4]]
NAMES = "amber birch cedar delta ember fjord grove haven inlet jetty knoll ledge maple north ocean prairie quay ridge stone tide".split()


@dataclass
class World:
    """The log that grows, and what is true of it."""

    rng: random.Random
    records: list[dict[str, Any]] = field(default_factory=list)
    blame: dict[str, dict[str, float | None]] = field(default_factory=lambda: defaultdict(dict))
    allowed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    apps: list[str] = field(default_factory=list)

    # --- draws -----------------------------------------------------------------------------------------------------
    def app(self) -> str:
        """The name of a further workload; it says nothing of the fault."""
        name = f"{NAMES[len(self.apps) % len(NAMES)]}-{len(self.apps)}"
        self.apps.append(name)
        return name

    def tokens(self, low: int, high: int) -> int:
        """A number of tokens, evenly over orders of magnitude."""
        return round(low * (high / low) ** self.rng.random())

    def share(self) -> float:
        """A fault share that leaves something to find."""
        return self.rng.uniform(0.05, FAULT_SHARE[1])

    def calls(self, prompt_tokens: int) -> int:
        """How many calls a workload with prompts of that length gets."""
        most = min(CALLS[1], TEXT_BUDGET // (prompt_tokens * CHARS_PER_TOKEN + 1))
        return max(CALLS[0], self.rng.randint(CALLS[0], max(CALLS[0], most)))

    def times(self, n: int, mean_gap_s: float) -> list[float]:
        """Start times, seconds from the log's first day, with exponential gaps."""
        at, found = self.rng.uniform(0, 4 * HOUR), []
        for _ in range(n):
            at += self.rng.expovariate(1 / mean_gap_s)
            found.append(at)
        return found

    def text(self, tokens: int) -> str:
        """Fresh text of exactly that many tokens, in lines."""
        chars, parts, length = tokens * CHARS_PER_TOKEN, [], 0
        while length < chars:
            line = " ".join(self.rng.choices(VOCABULARY, k=self.rng.randint(8, 14))) + "\n"
            parts.append(line)
            length += len(line)
        return "".join(parts)[:chars]

    # --- the log ---------------------------------------------------------------------------------------------------
    def call(
        self,
        app: str,
        model: Model,
        at: float,
        messages: Sequence[dict[str, Any]],
        output: int,
        *,
        answer: str | None = None,
        status: str = "ok",
        code: str = "",
        error: str = "",
        billed: bool = True,
        took_s: float | None = None,
        cached: int = 0,
        written: int = 0,
        reasoning: int = 0,
        finish: str = "stop",
        tool_calls: Sequence[tuple[str, str]] = (),
        tools: Sequence[dict[str, Any]] = (),
        parameters: dict[str, Any] | None = None,
        user: str = "",
        trace: str = "",
        request: str = "",
        group: str = "",
        tags: Sequence[str] = (),
        tier: str = "",
        operation: str = "acompletion",
        prompt_tokens: int | None = None,
    ) -> str:
        """One attempt; returns its id. A failure that is not billed has unknown usage, which LiteLLM writes as zeros."""
        number = f"{len(self.records):06d}"
        chars = sum(len(str(m.get("content") or "")) + len(json.dumps(m.get("tool_calls") or "")) for m in messages) + len(
            json.dumps(tools) if tools else ""
        )
        asked = prompt_tokens if prompt_tokens is not None else max(1, round(chars / CHARS_PER_TOKEN))
        known = status == "ok" or billed
        asked, output = (asked, output) if known else (0, 0)
        cost = usd(model, asked, output, cached=cached, written=written, tier=tier) if known else 0.0
        took = took_s if took_s is not None else 0.4 + output * 0.012 + self.rng.expovariate(4)
        text = answer if answer is not None else self.text(max(1, output - reasoning))
        message: dict[str, Any] = {"role": "assistant", "content": text or None}
        if tool_calls:
            message["tool_calls"] = [
                {"function": {"name": n, "arguments": a}, "id": f"t{i}", "type": "function"} for i, (n, a) in enumerate(tool_calls)
            ]
        identity = f"call-{number}"
        usage = {
            "prompt_tokens_details": {"cached_tokens": cached},
            "cache_creation_input_tokens": written,
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
        served = {"service_tier": tier} if tier else {}
        asked_for = {"temperature": 0.7, **(parameters or {})} | ({"tools": list(tools)} if tools else {}) | served
        self.records.append({
            "id": f"resp-{number}" if status == "ok" else request or identity,
            "litellm_call_id": request or identity,
            "trace_id": trace or f"trace-{number}",
            "call_type": operation,
            "cache_hit": None,
            "stream": None,
            "status": "success" if status == "ok" else "failure",
            "custom_llm_provider": model.provider,
            "startTime": round(START + at, 6),
            "endTime": round(START + at + took, 6),
            "completionStartTime": round(START + at + took, 6),
            "model": f"{model.provider}/{model.name}",
            "model_group": group or model.name,
            "model_id": f"{model.name}-1",
            "api_base": "https://gateway.example/v1",
            "response_cost": cost,
            "prompt_tokens": asked,
            "completion_tokens": output,
            "request_tags": [f"app:{app}", *tags],
            "end_user": user,
            "metadata": {"user_api_key_alias": f"{app}-key", "user_api_key_team_alias": "team", "usage_object": usage if known else None},
            "messages": list(messages),
            "response": {"choices": [{"finish_reason": finish, "message": message}], **served} if status == "ok" else {},
            "model_parameters": asked_for,
            "hidden_params": {},
            "error_information": {"error_code": code, "error_class": error},
        })  # fmt: skip
        if model in SUPERSEDED:
            self.permit(identity, "superseded_model")
        return identity

    def accuse(self, rule: str, call: str, saved: float | None = None) -> None:
        """``call`` is waste of the kind that ``rule`` names."""
        self.blame[rule][call] = saved

    def permit(self, call: str, *rules: str) -> None:
        """``rules`` may rightly claim ``call`` as well, and need not."""
        for rule in rules:
            self.allowed[rule].add(call)

    def cost(self, call: str) -> float:
        """What a call was billed."""
        return float(self.records[int(call.removeprefix("call-"))]["response_cost"])


def usd(model: Model, asked: int, output: int, *, cached: int = 0, written: int = 0, tier: str = "") -> float:
    """List price of a call; ``asked`` includes what was read from and written to the cache."""
    price = model.priority if tier == "priority" and model.priority else model.price
    fresh = asked - cached - written
    total = fresh * price.input + output * price.output + cached * (price.read or price.input) + written * (price.write or price.input)
    return round(total / 1e6, 12)


def system(text: str) -> dict[str, Any]:
    """A system message."""
    return {"role": "system", "content": text}


def user(text: str) -> dict[str, Any]:
    """A user's message."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    """An answer in a history."""
    return {"role": "assistant", "content": text}


def build(seed: int, plants: Sequence[Callable[[World], None]], only: str = "") -> World:
    """A world of as many of ``plants``, in a drawn order, as the drawn number of workloads holds."""
    world = World(random.Random(seed))
    chosen = [p for p in plants if not only or p.__name__ == only]
    world.rng.shuffle(chosen)
    most = world.rng.randint(*WORKLOADS)
    for plant in chosen:
        plant(world)
        if len(world.apps) >= most:
            break
    return world


def write(world: World, out: Path) -> dict[int, str]:
    """The log in order of time, and the truth beside it; returns the call of each line (its own id, also where it shares its request's)."""
    rows = sorted(enumerate(world.records), key=lambda r: (r[1]["startTime"], r[0]))
    with out.open("w", encoding="utf-8", newline="\n") as lines:
        for _, row in rows:
            lines.write(json.dumps(row) + "\n")
    with out.with_suffix(".truth.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for rule, calls in sorted(world.blame.items()):
            for call, saved in calls.items():
                lines.write(json.dumps({"rule": rule, "call": call, "usd": saved}) + "\n")
    return {line: f"call-{n:06d}" for line, (n, _) in enumerate(rows, start=1)}


def main() -> None:
    """Write one log."""
    from plants import PLANTS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="one plant by name")
    args = parser.parse_args()
    write(build(args.seed, PLANTS, args.only), args.out)


if __name__ == "__main__":
    main()
