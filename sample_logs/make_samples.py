"""Writes healthy.jsonl, messy/, platforms/ and providers/: ``python sample_logs/make_samples.py [FOLDER]``. Seeded: the same bytes every time.

healthy.jsonl is the log of a sound system, and no rule may find anything in it. Every workload is the innocent neighbour of some fault:
it looks like one and is none. messy/ holds one damage a file; README.md says which.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import coding_agents
import platforms
import providers

FIRST = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAYS = 8
WORDS = (
    "account amount answer appeal arrival balance branch buyer cabin cargo charge claim clause clerk client contract courier credit "
    "customs damage date deadline debt defect deliver deposit depot detail discount dispute driver duty exchange expense fee form freight "
    "guarantee handover harbour import income insurer invoice item journey label lease letter licence loss market measure meeting message "
    "notice number offer office option order owner package paper parcel partner payment penalty period permit pickup policy port premium "
    "price product proof purchase quantity query quote rate reason receipt record refund region rent repair reply report request reserve "
    "return review risk route sale sample schedule seal season seller service share shipment signature site stock storage supplier "
    "surcharge tariff term terminal ticket token track trade transfer transit value vehicle vendor vessel volume voucher warehouse week "
    "weight yard"
).split()
# USD per million tokens: input, read from cache, output. List prices of November 2026; batch is half.
PRICES = {"gpt-4o-mini": ("0.15", "0.075", "0.60"), "claude-opus-5-5": ("4", "0.2", "20")}
CACHE_MINIMUM, CACHE_STEP = 1024, 128


class Workload(NamedTuple):
    """Who calls, with which model and deployment, and the words of prompt and answer."""

    app: str
    team: str
    model: str
    provider: str
    deployment: str
    system: str
    prompt_words: int
    answer_words: int
    streamed: bool = False
    tier: str | None = None


SUPPORT = Workload(
    "help-desk", "support", "gpt-4o-mini", "openai", "mini-live", "You help customers of a parcel service. Be brief and kind.", 40, 70, True
)
ADVISER = Workload(
    "claims-adviser", "support", "gpt-4o-mini", "openai", "mini-adviser", "You advise on damage claims and cite the file.", 60, 90, True
)
DRAFTER = Workload(
    "contract-drafter", "legal", "claude-opus-5-5", "anthropic", "opus-legal", "You draft freight contracts in full prose.", 130, 520, True
)
POLLER = Workload(
    "depot-watch", "operations", "gpt-4o-mini", "openai", "mini-jobs", "You turn depot readings into one sentence for the shift.", 30, 40
)
SUMMARIES = Workload(
    "weekly-digest", "operations", "gpt-4o-mini", "openai", "mini-batch", "You sum up a day of depot reports.", 260, 80, False, "batch"
)


class Writer:
    """Makes records in LiteLLM's StandardLogging shape; times, ids and words all come from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def sentences(self, words: int) -> str:
        """About ``words`` random words, in sentences: no two texts are alike."""
        left, out = max(4, round(words * self.rng.uniform(0.85, 1.15))), []
        while left > 0:
            size = min(left, self.rng.randint(7, 14))
            out.append(" ".join(self.rng.choices(WORDS, k=size)).capitalize() + ".")
            left -= size
        return " ".join(out)

    def uuid(self) -> str:
        """A version 4 UUID from the seed."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def call(
        self, work: Workload, at: datetime, messages: list[dict[str, str]], answer: str, user: str = "", cached: int = 0
    ) -> dict[str, Any]:
        """A call that succeeded. Its cost is the list price of its tokens, so that logged and computed cost agree."""
        prompt, output = prompt_tokens(messages), text_tokens(answer)
        price_in, price_cached, price_out = (Decimal(p) / (2 if work.tier == "batch" else 1) for p in PRICES[work.model])
        cost = float((price_in * (prompt - cached) + price_cached * cached + price_out * output) / 1_000_000)
        wait = self.rng.uniform(0.32, 0.42)
        took = wait + output / self.rng.uniform(78, 86)
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": cached},
            "completion_tokens_details": {"audio_tokens": 0, "reasoning_tokens": 0},
        }
        record = self.record(work, at, took, messages, user)
        record |= {"status": "success", "response_cost": cost, "prompt_tokens": prompt, "completion_tokens": output}
        record["total_tokens"] = prompt + output
        record["completionStartTime"] = round(record["startTime"] + wait, 6) if work.streamed else record["endTime"]
        record["response_time"] = round(wait if work.streamed else took, 6)
        record["cost_breakdown"] = {"total_cost": cost, "service_tier": work.tier}
        record["metadata"]["usage_object"] = usage
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer, "tool_calls": None}}
        record["response"] = {"id": record["id"], "model": work.model, "object": "chat.completion", "choices": [choice], "usage": usage}
        if work.tier:
            record["response"]["service_tier"] = work.tier
        return record

    def failure(self, work: Workload, at: datetime, messages: list[dict[str, str]], user: str, code: str, name: str) -> dict[str, Any]:
        """An attempt that the provider refused: no tokens, no cost."""
        record = self.record(work, at, self.rng.uniform(0.2, 0.4), messages, user)
        record |= {"id": record["litellm_call_id"], "status": "failure", "response_cost": 0.0, "prompt_tokens": 0, "completion_tokens": 0}
        record |= {"total_tokens": 0, "stream": None, "response": {}, "error_str": f"{name}: try again later"}
        record["error_information"] = {"error_code": code, "error_class": name, "llm_provider": work.provider, "traceback": ""}
        return record

    def record(self, work: Workload, at: datetime, took: float, messages: list[dict[str, str]], user: str) -> dict[str, Any]:
        """The fields that a success and a failure share."""
        start = at.timestamp()
        end = round(start + took, 6)
        tags = [f"app:{work.app}", "env:prod"]
        return {
            "id": f"chatcmpl-{self.rng.getrandbits(96):024x}",
            "litellm_call_id": self.uuid(),
            "trace_id": self.uuid(),
            "session_id": "",
            "call_type": "acompletion",
            "cache_hit": None,
            "stream": True if work.streamed else None,
            "status": "",
            "custom_llm_provider": work.provider,
            "startTime": start,
            "endTime": end,
            "completionStartTime": end,
            "response_time": round(took, 6),
            "model": f"{work.provider}/{work.model}",
            "metadata": {
                "user_api_key_alias": f"{work.team}-key",
                "user_api_key_team_alias": work.team,
                "user_api_key_request_route": "/v1/chat/completions",
                "user_agent": f"{work.app}/1.4",
                "requester_metadata": {"tags": tags},
                "usage_object": None,
            },
            "cache_key": None,
            "response_cost": 0.0,
            "request_tags": tags,
            "end_user": user,
            "api_base": f"https://gateway.example/{work.deployment}",
            "model_group": work.model,
            "model_id": work.deployment,
            "messages": messages,
            "response": {},
            "model_parameters": {"temperature": 0.7, "stream": work.streamed},
            "hidden_params": {"model_id": work.deployment, "litellm_overhead_time_ms": round(self.rng.uniform(3, 7), 3)},
            "model_map_information": {"model_map_key": f"{work.provider}/{work.model}", "model_map_value": None},
            "error_str": None,
            "error_information": {"error_code": "", "error_class": "", "llm_provider": "", "traceback": ""},
        }


def text_tokens(text: str) -> int:
    """Tokens at four characters each."""
    return -(-len(text) // 4)


def prompt_tokens(messages: list[dict[str, str]]) -> int:
    """Tokens of a prompt, with four for the frame of each message."""
    return sum(text_tokens(m["content"]) + 4 for m in messages)


def opening(work: Workload, text: str) -> list[dict[str, str]]:
    """System message and first question."""
    return [{"role": "system", "content": work.system}, {"role": "user", "content": text}]


def single_calls(w: Writer, work: Workload, day: datetime, count: int, users: str = "") -> Iterator[dict[str, Any]]:
    """``count`` questions spread evenly over a day, each unlike every other."""
    step = timedelta(days=1) / count
    for i in range(count):
        at = day + step * i + timedelta(seconds=w.rng.uniform(0, step.total_seconds() * 0.6))
        user = f"{users}{w.rng.randint(1, 60)}" if users else ""
        yield w.call(work, at, opening(work, w.sentences(work.prompt_words)), w.sentences(work.answer_words), user)


def refused_then_retried(w: Writer, day: datetime, number: int) -> Iterator[dict[str, Any]]:
    """A refusal, and one retry that waits and succeeds. Neighbour of a retry storm."""
    at, user = day + timedelta(hours=7, minutes=13 + number), f"customer-{61 + number}"
    code, name = (("429", "RateLimitError"), ("503", "ServiceUnavailableError"))[number % 2]
    messages = opening(SUPPORT, w.sentences(SUPPORT.prompt_words))
    yield w.failure(SUPPORT, at, messages, user, code, name)
    again = at + timedelta(seconds=w.rng.uniform(12, 15))
    yield w.call(SUPPORT, again, messages, w.sentences(SUPPORT.answer_words), user)


def conversation(w: Writer, at: datetime, user: str, turns: int = 5) -> Iterator[dict[str, Any]]:
    """A long case, discussed in turns whose history the provider reads from its cache. Neighbour of a history sent again in full."""
    case = "\n".join(w.sentences(60) for _ in range(10))
    messages, known, session = opening(ADVISER, f"{case}\n{w.sentences(ADVISER.prompt_words)}"), 0, w.uuid()
    for _ in range(turns):
        cached = known // CACHE_STEP * CACHE_STEP if known >= CACHE_MINIMUM else 0
        answer = w.sentences(ADVISER.answer_words)
        yield w.call(ADVISER, at, messages, answer, user, cached) | {"session_id": session}
        messages = [*messages, {"role": "assistant", "content": answer}]
        known = prompt_tokens(messages)
        messages = [*messages, {"role": "user", "content": w.sentences(30)}]
        at += timedelta(seconds=w.rng.uniform(45, 110))


def poll(w: Writer, day: datetime) -> Iterator[dict[str, Any]]:
    """A job that asks on the clock and gets its answer each time. Neighbour of a retry storm: the same question with new readings."""
    for i in range(6):
        at = day + timedelta(hours=4 * i, minutes=30)
        reading = f"Depot {w.rng.randint(10, 99)} at {at:%H:%M}: {w.rng.randint(1000, 9999)} parcels, {w.rng.randint(10, 60)} vans."
        yield w.call(POLLER, at, opening(POLLER, f"{reading} {w.sentences(POLLER.prompt_words)}"), w.sentences(POLLER.answer_words))


def healthy(seed: int = 7) -> list[dict[str, Any]]:
    """The sound system's log, in the order of its ends, as a gateway writes it."""
    w = Writer(seed)
    rows: list[dict[str, Any]] = []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        rows += single_calls(w, SUPPORT, day, 24, "customer-")
        rows += single_calls(w, DRAFTER, day + timedelta(minutes=20), 6, "counsel-")
        rows += single_calls(w, SUMMARIES, day + timedelta(minutes=40), 8)
        rows += refused_then_retried(w, day, number)
        rows += poll(w, day)
        for hour in (9, 20):
            rows += conversation(w, day + timedelta(hours=hour, minutes=5), f"adviser-{w.rng.randint(1, 9)}")
    return sorted(rows, key=lambda r: r["endTime"])


def lines(rows: list[dict[str, Any]]) -> list[bytes]:
    """Compact JSON, a line each, without line ends."""
    return [json.dumps(r, separators=(",", ":")).encode() for r in rows]


def gz(data: bytes) -> bytes:
    """The same bytes on every run: no name and no time in the header."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as f:
        f.write(data)
    return out.getvalue()


def zst(records: list[bytes]) -> bytes:
    """Zstandard with a block for every ten records, as a logger that flushes writes it: a cut file then keeps the blocks before the cut."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    packer = zstd.ZstdCompressor(9)
    blocks = [b"\n".join(records[i : i + 10]) + b"\n" for i in range(0, len(records), 10)]
    return b"".join(packer.compress(b, packer.FLUSH_BLOCK) for b in blocks) + packer.flush()


def messy(seed: int = 11) -> dict[str, bytes]:
    """One damage a file, by name. All but one file start from the same 6 sound records, or from 60 where a stream has to be cut."""
    w = Writer(seed)
    many = lines(list(single_calls(w, SUPPORT, FIRST, 60, "customer-")))
    six = many[:6]
    text = b"\n".join(six) + b"\n"
    objects = [json.loads(line) for line in six]
    half = six[5][: len(six[5]) // 2]
    packed_gz, packed_zst = gz(b"\n".join(many) + b"\n"), zst(many)
    deep = b'{"call_type":"acompletion","nested":' + b"[" * 2000 + b"]" * 2000 + b"}"

    def spoilt(index: int, **fields: Any) -> list[bytes]:
        return lines([o | fields if i == index else o for i, o in enumerate(objects)])

    twice = six[2].replace(b'"prompt_tokens":', b'"prompt_tokens":1,"prompt_tokens":', 1)
    return {
        "truncated_last_line.jsonl": b"\n".join([*six[:5], half]),
        "no_final_newline.jsonl": text[:-1],
        "blank_lines.jsonl": b"\n\n" + b"\n\n  \n".join(six) + b"\n\n",
        "bom.jsonl": b"\xef\xbb\xbf" + text,
        "crlf.jsonl": text.replace(b"\n", b"\r\n"),
        "utf16.jsonl": text.decode().encode("utf-16"),
        "nul_bytes.jsonl": b"\n".join([*six[:3], b"\x00" * 64, *six[3:]]) + b"\n",
        "bad_utf8.jsonl": text.replace(b"You help customers", b"You h\xe9lp c\xffstomers", 1),
        "wrong_types.jsonl": b"\n".join([*spoilt(1, prompt_tokens="abc")[:2], *spoilt(2, completion_tokens=12.7)[2:]]) + b"\n",
        "duplicate_keys.jsonl": b"\n".join([*six[:2], twice, *six[3:]]) + b"\n",
        "pretty_printed.json": b"\n".join(json.dumps(o, indent=2).encode() for o in objects) + b"\n",
        "array.json": json.dumps(objects).encode() + b"\n",
        "truncated.jsonl.gz": packed_gz[: len(packed_gz) * 2 // 3],
        "truncated.jsonl.zst": packed_zst[: len(packed_zst) * 2 // 3],
        "garbage_line.jsonl": b"\n".join([*six[:3], b"Nov 02 12:04:11 gateway[71]: worker restarted", *six[3:]]) + b"\n",
        "deep_nesting.jsonl": b"\n".join([*six[:3], deep, *six[3:]]) + b"\n",
        "scalar_line.jsonl": b"\n".join([*six[:3], b"42", b'"ok"', b"null", *six[3:]]) + b"\n",
        "empty.jsonl": b"",
    }


def main() -> None:
    """Writes every file below the folder named, else beside this script."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    (folder / "messy").mkdir(parents=True, exist_ok=True)
    (folder / "healthy.jsonl").write_bytes(b"\n".join(lines(healthy())) + b"\n")
    for name, data in messy().items():
        (folder / "messy" / name).write_bytes(data)
    for name, data in platforms.files().items():
        (folder / "platforms" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "platforms" / name).write_bytes(data)
    w = Writer(seed=23)
    for name, data in providers.files(w.sentences, w.rng).items():
        (folder / "providers" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "providers" / name).write_bytes(data)
    for name, data in coding_agents.files().items():
        (folder / "agents" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "agents" / name).write_bytes(data)


if __name__ == "__main__":
    main()
