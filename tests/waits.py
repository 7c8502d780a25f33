"""A log in which every latency rule has something to say, in infercheck's own columns; no two calls start at one moment."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 9, 7, 9, tzinfo=UTC)  # a Monday
Row = dict[str, Any]


def _moment(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


class Log:
    """Collects calls; ``add`` takes seconds from START."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311
        self.rows: list[Row] = []

    def add(self, app: str, deployment: str, at: float, *, first: float | None, took: float, status: str = "ok", **more: Any) -> None:
        number = len(self.rows)
        self.rows.append(
            {
                "source_call_id": f"c{number}", "request_id": f"r{number}", "started_at": _moment(at + number * 1e-6),
                "first_token_at": None if first is None else _moment(at + first), "ended_at": _moment(at + took), "status": status,
                "operation": "chat", "provider": "made", "model": "m", "app": app, "deployment": deployment, "streamed": first is not None,
                "input_tokens": 800 if status == "ok" else None, "output_tokens": 100 if status == "ok" else None, "finish_reason": "stop",
                "service_tier": None, "trace_id": None, "region": None, "endpoint": None, "end_user": None, "gateway_ms": None,
            } | more
        )  # fmt: skip


def mixed(seed: int = 4, minutes: int = 40) -> list[Row]:
    """People slowed by a job and refused beside it, boots, bursts, a far region, a slow gateway and a chain of small calls."""
    log = Log(seed)
    for part in (_people_beside_a_job, _boots, _bursts, _regions, _gateway_and_chains):
        part(log, minutes)
    return log.rows


def _people_beside_a_job(log: Log, minutes: int) -> None:
    """A job of a minute every five: 0.8 s more for the first token, and three people refused."""
    busy = [(120 + 300 * n, 180 + 300 * n) for n in range(minutes // 5)]
    for minute in range(minutes):
        for second in range(3, 60, 6):
            at = 60 * minute + second + log.rng.uniform(-1, 1)
            slowed = any(start + 2 <= at <= end for start, end in busy)
            wait = 0.4 * log.rng.lognormvariate(0, 0.1) + (0.8 * log.rng.lognormvariate(0, 0.2) if slowed else 0)
            log.add("chat", "shared", at, first=wait, took=wait + 1, end_user="u")
    for start, end in busy:
        for n in range((end - start) * 2):
            log.add("nightly-tags", "shared", start + n / 2, first=None, took=4, service_tier="flex", input_tokens=4000)
        for n in range(3):
            at, request = start + 10 + 7 * n, f"refused-{start}-{n}"
            log.add("chat", "shared", at, first=None, took=0.2, status="rate_limited", end_user="u", request_id=request)
            log.add("chat", "shared", at + 2, first=1.2, took=2.2, end_user="u", request_id=request)


def _boots(log: Log, minutes: int) -> None:
    """A deployment that sleeps after a minute and a half and takes 5.5 s to boot."""
    for n in range(minutes // 3):
        for k in range(8):
            wait = (0.5 if k else 6.0) * log.rng.lognormvariate(0, 0.05)
            log.add("rare", "sleeper", 180 * n + 12 * k, first=wait, took=wait + 1, end_user="u")


def _bursts(log: Log, minutes: int) -> None:
    """Ten calls within two seconds, each 0.3 s later than the one before; then one every four seconds."""
    for minute in range(minutes):
        for k in range(10):
            log.add("push", "bursty", 60 * minute + 0.2 * k, first=0.5 + 0.3 * k, took=1 + 0.3 * k, end_user="u")
        for k in range(12):
            log.add("push", "bursty", 60 * minute + 10 + 4 * k, first=0.5, took=1, end_user="u")


def _regions(log: Log, minutes: int) -> None:
    """Every second call goes to a region that is 150 ms further away."""
    for n in range(minutes * 8):
        far = n % 2
        wait = 0.3 + 0.15 * far + log.rng.expovariate(8)
        place = "us-east-1" if far else "eu-west-1"
        log.add("search", f"search-{place}", 7.5 * n, first=wait, took=wait + 1, region=place, end_user="u", model="n")


def _gateway_and_chains(log: Log, minutes: int) -> None:
    """Two in three calls wait 0.9 s in the gateway; and three calls of five tokens before each answer."""
    for n in range(minutes * 3):
        own = 900 if n % 3 else 20
        log.add("forms", "forms", 20 * n, first=None, took=2 + own / 1000, gateway_ms=own, end_user="u")
    for n in range(minutes):
        for k in range(4):
            tokens, took = (300, 3) if k == 3 else (5, 1)
            log.add("router", "small", 60 * n + 1.1 * k, first=0.8, took=took, output_tokens=tokens, trace_id=f"t{n}", end_user="u")


def write(path: Path, rows: Iterable[Row]) -> Path:
    """JSON Lines, nulls left out."""
    path.write_text("".join(json.dumps({k: v for k, v in row.items() if v is not None}) + "\n" for row in rows), encoding="utf-8")
    return path
