"""Logs of many days for the gate: three workloads on two models, with weekdays, noise by day and a long tail; a change can be planted."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import logs

MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
WORKLOADS = {
    "help-desk": ("gpt-4o-mini", (90_000, 9_000)),
    "faq-bot": ("gpt-4o-mini", (60_000, 4_000)),
    "invoices": ("gpt-4o", (70_000, 6_000)),
}


def rows(
    first: int, count: int, *, seed: int = 1, a_day: int = 20, day_sd: float = 0.04, rise: float = 1.0, slower: float = 1.0, **change: Any
) -> Iterator[dict[str, Any]]:
    """Days ``first`` to ``first + count`` after MONDAY. ``rise`` multiplies tokens, ``slower`` times, ``change`` fields of help-desk's calls."""
    rng = random.Random(f"{seed}-{first}")  # noqa: S311
    for day in range(first, first + count):
        noise = math.exp(rng.gauss(0, day_sd)) * (0.8 if day % 7 >= 5 else 1.0)
        for workload, (model, (asked, answered)) in WORKLOADS.items():
            for n in range(a_day):
                size = noise * rise * math.exp(rng.gauss(0, 0.3))
                tokens = (round(asked * size), max(round(answered * size), 1))
                at = (MONDAY + timedelta(days=day, seconds=(n + rng.random()) * 86_400 / a_day) - logs.START).total_seconds()
                wait = 2.0 * slower * noise * math.exp(rng.gauss(0, 0.2))
                row = logs.call(
                    day * 1000 + n, at_s=at, app=workload, model=model, tokens=tokens, took_s=wait, first_s=wait / 4,
                    user=f"person-{n % 9}" if workload != "invoices" else "", question=f"{workload} question {n % 40}",
                )  # fmt: skip
                yield row | change if workload == "help-desk" else row


def write(path: Path, first: int, count: int, **options: Any) -> Path:
    """The same as a log file."""
    return logs.write(path, sorted(rows(first, count, **options), key=lambda row: row["endTime"]))
