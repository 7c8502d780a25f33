"""Small logs in LiteLLM's StandardLogging shape, made from one builder: the fields that a report reads, in words of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 11, 3, 9, tzinfo=UTC)  # a Tuesday morning
# USD per million tokens, input and output: the list prices of that day, so that logged and computed cost agree.
PRICES = {"gpt-4o-mini": (0.15, 0.60), "gpt-4o": (2.50, 10.00)}
QUESTIONS = (
    "Where is parcel {n}?", "May I change the address of order {n}?", "The box of order {n} came wet, what now?",
    "Which days do you collect from depot {n}?", "How do I return order {n}?", "Is there a later slot for order {n}?",
)  # fmt: skip


def call(
    number: int,
    *,
    at_s: float = 0.0,
    app: str = "help-desk",
    user: str = "",
    model: str = "gpt-4o-mini",
    provider: str = "openai",
    question: str = "",
    answer: str = "On its way: look at the link in your mail, and write again if it does not come by Friday.",
    tokens: tuple[int, int] = (400, 120),
    took_s: float = 2.0,
    first_s: float | None = None,
    temperature: float = 0.7,
) -> dict[str, Any]:
    """One success, ``at_s`` seconds after START. Streamed where ``first_s`` is given; the cost is the list price."""
    start = START.timestamp() + at_s
    rates = PRICES.get(model, (0.0, 0.0))
    cost = round((tokens[0] * rates[0] + tokens[1] * rates[1]) / 1e6, 12)
    text = question or QUESTIONS[number % len(QUESTIONS)].format(n=1000 + number)
    return {
        "id": f"chatcmpl-{app}-{number:04d}",
        "litellm_call_id": f"call-{app}-{number:04d}",
        "trace_id": f"trace-{app}-{number:04d}",
        "session_id": "",
        "call_type": "acompletion",
        "cache_hit": None,
        "stream": True if first_s is not None else None,
        "status": "success",
        "custom_llm_provider": provider,
        "startTime": start,
        "endTime": start + took_s,
        "completionStartTime": start + (took_s if first_s is None else first_s),
        "model": f"{provider}/{model}",
        "model_group": model,
        "model_id": f"{model}-a",
        "api_base": "https://gateway.example/v1",
        "response_cost": cost,
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "request_tags": [f"app:{app}"],
        "end_user": user,
        "metadata": {"user_api_key_alias": f"{app}-key", "user_api_key_team_alias": "parcels", "user_agent": f"{app}/2.1",
                     "usage_object": {"prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}},
        "messages": [{"role": "system", "content": f"You work for the {app} of a parcel service."}, {"role": "user", "content": text}],
        "response": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": answer}}]},
        "model_parameters": {"temperature": temperature, "stream": first_s is not None},
        "hidden_params": {},
        "error_information": {"error_code": "", "error_class": ""},
    }  # fmt: skip


def failed(row: dict[str, Any], code: str = "429", name: str = "RateLimitError") -> dict[str, Any]:
    """The same call, refused: no tokens, no cost, no answer."""
    return row | {
        "id": row["litellm_call_id"],
        "status": "failure",
        "response_cost": 0.0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "endTime": row["startTime"] + 0.3,
        "completionStartTime": row["startTime"] + 0.3,
        "metadata": row["metadata"] | {"usage_object": None},
        "stream": None,
        "response": {},
        "error_information": {"error_code": code, "error_class": name},
    }


def working_day() -> list[dict[str, Any]]:
    """24 hours of a small system: a help desk that streams to people, one refusal with a retry, and a bot that is asked the same again."""
    rows = [
        call(
            n,
            at_s=n * 3500 + 40,
            user=f"customer-{n % 7}",
            took_s=1.6 + n % 5 * 0.4,
            first_s=0.4 + n % 3 * 0.1,
            tokens=(380 + 7 * n, 110 + n),
        )
        for n in range(24)
    ]
    again = call(90, at_s=7200, user="customer-9", question="Can I pay on delivery?", took_s=1.8, first_s=0.5)
    later = {"id": "chatcmpl-help-desk-0091", "startTime": again["startTime"] + 9, "endTime": again["startTime"] + 11}
    rows += [failed(again), again | later | {"completionStartTime": again["startTime"] + 9.5}]
    rows += [
        call(n, at_s=10_000 + 2400 * n, app="faq-bot", model="gpt-4o", question="Which parcels are too heavy for a courier?", tokens=(900, 60),
             answer="More than 30 kilograms goes by freight.", temperature=0)
        for n in range(12)
    ]  # fmt: skip
    rows += [
        call(n, at_s=5_000 + 3000 * n, app="faq-bot", model="gpt-4o", question=QUESTIONS[n % 6].format(n=7 * n + 5), tokens=(850 + n, 70),
             temperature=0)
        for n in range(12, 22)
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["endTime"])


def naive(row: dict[str, Any]) -> dict[str, Any]:
    """The same row with times as Pub/Sub carries them: text without a zone."""
    times = ("startTime", "endTime", "completionStartTime")
    return row | {key: f"{datetime.fromtimestamp(row[key], UTC):%Y-%m-%d %H:%M:%S.%f}" for key in times}


def without_prompts(row: dict[str, Any]) -> dict[str, Any]:
    """The same row as LiteLLM writes it when message logging is off."""
    return row | {"messages": [{"role": "user", "content": "redacted-by-litellm"}], "response": {"text": "redacted-by-litellm"}}


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8", newline="\n")
    return path


def shifted(rows: Iterable[dict[str, Any]], **span: float) -> list[dict[str, Any]]:
    """The same rows later, with ids of their own."""
    by = timedelta(**span).total_seconds()
    ids, times = ("id", "litellm_call_id", "trace_id"), ("startTime", "endTime", "completionStartTime")
    return [row | {k: row[k] + by for k in times} | {k: f"{row[k]}+{by:.0f}" for k in ids} for row in rows]
