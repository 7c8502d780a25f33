"""A month of traffic for finance, and what it costs worked out in plain Python from prices written down here: the oracle of the exports."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from logs import call

# USD per million tokens as the providers' price pages gave them in November 2026: input, cache read, cache write, output.
LIST: dict[str, tuple[str, str, str, str]] = {
    "openai/gpt-4o": ("2.50", "1.25", "2.50", "10"),
    "openai/gpt-4o-mini": ("0.15", "0.075", "0.15", "0.60"),
    "anthropic/claude-sonnet-4-5": ("3", "0.30", "3.75", "15"),
    "bedrock/amazon.nova-pro-v1:0": ("0.80", "0.20", "0.80", "3.20"),
}
METERS = ("input", "cache_read", "cache_write", "output")
TEAMS = {"search": "search-key", "support": "support-key", "": ""}
FIRST = date(2026, 11, 1)
Key = tuple[str, date, str, str]  # provider, day, model, meter


@dataclass(frozen=True)
class Used:
    """Tokens of one call by meter."""

    input: int
    cache_read: int
    cache_write: int
    output: int


def row(
    number: int, model: str, day: date, used: Used, *, team: str = "search", cost: str | None = None, second: int = 0, **more: Any
) -> dict[str, Any]:
    """One call as LiteLLM logs it; without ``cost`` the log does not price it."""
    provider, name = model.split("/", 1)
    made = call(number, model=name, provider=provider, tokens=(used.input + used.cache_read + used.cache_write, used.output))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + second
    times = {"startTime": start, "endTime": start + 2, "completionStartTime": start + 2}
    usage = {"prompt_tokens_details": {"cached_tokens": used.cache_read, "cache_creation_tokens": used.cache_write}}
    payer = {"user_api_key_alias": TEAMS.get(team, f"{team}-key") or None, "user_api_key_team_alias": team or None}
    return made | times | {"response_cost": cost, "metadata": made["metadata"] | payer | {"usage_object": usage}} | more


def month(days: int = 30, per_day: int = 12, seed: int = 7) -> tuple[list[dict[str, Any]], dict[Key, int]]:
    """Calls on every day and model with a price above, and the tokens of each provider, day, model and meter."""
    chance = random.Random(seed)  # noqa: S311 -- a repeatable log, no secret
    rows, tokens = [], defaultdict[Key, int](int)
    for offset in range(days):
        day = FIRST + timedelta(days=offset)
        for n in range(per_day):
            model = list(LIST)[n % len(LIST)]
            writes = chance.randrange(0, 900) if model.startswith("anthropic") else 0
            used = Used(chance.randrange(1, 5000), chance.randrange(0, 3000), writes, chance.randrange(1, 800))
            team = chance.choice(list(TEAMS))
            rows.append(row(offset * per_day + n, model, day, used, team=team, second=chance.randrange(86_000)))
            for meter in METERS:
                tokens[(*_split(model, day), meter)] += getattr(used, meter)
    return rows, {key: count for key, count in tokens.items() if count}


def list_cost(key: Key, count: int) -> Decimal:
    """USD at list price, exact."""
    provider, _, model, meter = key
    return Decimal(LIST[f"{provider}/{model}"][METERS.index(meter)]) * count / 1_000_000


def total(tokens: dict[Key, int], keys: Iterable[Key] | None = None) -> Decimal:
    """USD of all of it at list price."""
    return sum((list_cost(key, tokens[key]) for key in (tokens if keys is None else keys)), Decimal(0))


def _split(model: str, day: date) -> tuple[str, date, str]:
    provider, name = model.split("/", 1)
    return provider, day, name
