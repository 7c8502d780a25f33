"""Reports for the HTML page: one with every picture in it, one of a size that no screen holds; and the browser that looks at them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

from infercheck.model.pictures import (
    Bucket,
    CachePotential,
    Crowd,
    CrowdLevel,
    PathShape,
    Pictures,
    SlowTrace,
    SpendSlice,
    SpendTimeline,
    Timeline,
    TraceStep,
    WeekHour,
)
from infercheck.model.report import ModelSpend, Report, Spend, TeamSpend, WorkloadSpend
from infercheck.model.waits import Burst, ColdStart, FirstToken, Queueing
from test_render import FINDINGS, PLAN, sample

CHROMIUM = shutil.which("chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
START = datetime(2026, 9, 1, tzinfo=UTC)
CHARTS = (
    "waterfall", "workloads", "models", "teams", "spend-over-time", "cache", "latency-over-time", "path", "first-token", "retries-over-time",
    "crowd-1", "slow-1", "week-calls", "week-latency",
)  # fmt: skip


def pictures() -> Pictures:
    """Each of them, with its marks: a burst, a cold start, a bracket, a failed step, a gap in time."""
    buckets = [
        Bucket(start=START + timedelta(hours=6 * n), calls=120 + n, failed=n % 4, retries=n % 3, spend_usd=D("0.2"), requests=110,
               p50_ms=800.0 + 40 * n, p95_ms=None if n == 5 else 4000.0, p99_ms=6000.0, cold_starts=int(n == 3), bursts=9 * int(n == 7))
        for n in range(34)
    ]  # fmt: skip
    slices = [
        SpendSlice(start=START + timedelta(days=day), model=model, spend_usd=D(usd))
        for day in range(9)
        for model, usd in (("gpt-4o", "0.6"), ("gpt-4o-mini", "0.15"), (None, "0.0645827"))
    ]
    levels = [
        CrowdLevel(in_flight_from=n, in_flight_to=n + 1, calls=60, p50_ms=300.0 + 50 * n, p95_ms=900.0 + 150 * n) for n in range(0, 16, 2)
    ]
    parts = {"before first token": 300.0, "decode": 500.0, "tools": 120.0, "failed attempts and back-off": 80.0}
    steps = [
        TraceStep(name="search", kind="tool", depth=1, start_ms=0, end_ms=900, waited_ms=900),
        TraceStep(name="gpt-4o", kind="call", depth=1, start_ms=900, end_ms=2000, failed=True, waited_ms=1100),
        TraceStep(name="gpt-4o", kind="call", depth=1, start_ms=2300, first_token_ms=2900, end_ms=5400, failed=False, waited_ms=3100),
    ]
    return Pictures(
        timeline=Timeline(seconds=21600, requests_of="interactive", buckets=buckets),
        spend=SpendTimeline(seconds=86400, slices=slices),
        crowds=[
            Crowd(deployment="chat-eu", measure="first_token", calls=480, still_idle_at=4, waiting_from=9, levels=levels),
            Crowd(deployment=None, measure="duration", calls=480, levels=levels),
        ],
        path=[
            PathShape(quantile="p50", requests=80, mean_ms=1000.0, parts=parts),
            PathShape(quantile="p99", requests=8, mean_ms=4000.0, parts={name: 4 * ms for name, ms in parts.items()}),
        ],
        slowest=[SlowTrace(request="trace-17", workload="tickets", start=START, duration_ms=5400.0, steps=steps, more_steps=2)],
        week=[
            WeekHour(weekday=day, hour=hour, calls=10 * day + hour, failed=1, p95_ms=900.0 + hour if hour > 6 else None)
            for day in range(1, 8)
            for hour in range(24)
        ],
        cache=[
            CachePotential(workload="tickets", input_tokens=900_000, cache_read_tokens=100_000, could_read_tokens=600_000, saves_usd=D("0.9")),
            CachePotential(workload="other", input_tokens=50_000, cache_read_tokens=20_000, could_read_tokens=0),
        ],
    )  # fmt: skip


def full() -> Report:
    """A report with every picture, three teams and hostile names."""
    report = sample()
    teams = [TeamSpend(team="search", calls=700, spend_usd=D("5")), TeamSpend(team="support", calls=400, spend_usd=D("2.1")),
             TeamSpend(team=None, calls=134, spend_usd=D("0.231245"))]  # fmt: skip
    waits = report.latency.model_copy(
        update={
            "first_token": [
                FirstToken(
                    deployment="chat-eu",
                    model="gpt-4o",
                    input_tokens_from=127,
                    input_tokens_to=254,
                    calls=300,
                    mean_ms=900,
                    basis="idle",
                    expected_ms=400,
                    region_ms=100,
                    cold_start_ms=0,
                    queueing_ms=350,
                    unexplained_ms=50,
                ),
                FirstToken(deployment="chat-us", model="gpt-4o", input_tokens_from=127, input_tokens_to=254, calls=30, mean_ms=500),
            ],
            "queueing": [
                Queueing(deployment="chat-eu", calls=480, status="identified", still_idle_at=4, waiting_from=9, share_above=0.31),
                Queueing(deployment="chat-us", calls=7, status="too few"),
            ],
            "cold_starts": [ColdStart(deployment="own-7b", pause_s=300, pauses=12, slow_pauses=9, calls=40, waste_ms_p50=21_000)],
            "bursts": [
                Burst(
                    deployment="chat-eu",
                    bursts=14,
                    largest=44,
                    usual=3.5,
                    calls=210,
                    excess_share=0.62,
                    calls_share=0.2,
                    from_workload="eval",
                )
            ],
        }
    )
    return report.model_copy(update={"pictures": pictures(), "latency": waits, "spend": report.spend.model_copy(update={"by_team": teams})})


def huge(workloads: int = 2_000) -> Report:
    """What a million calls of so many workloads come to: a finding and a plan item for each."""
    spend = [
        WorkloadSpend(
            workload=f"workload-{n:04d} of a department with a long name", workload_source="app", klass="interactive", class_reason="end-user id",
            calls=500, outcomes=480, successful_outcomes=470, spend_usd=D(workloads - n) / 100, share=0.0005,
            cost_per_successful_outcome_usd=D("0.004"), saves_usd=D("0.001"), p50_ms=900.0, p95_ms=4000.0,
        )
        for n in range(workloads)
    ]  # fmt: skip
    findings = [
        FINDINGS[0].model_copy(
            update={"id": f"retry_storm:{w.workload}", "subject": w.workload, "counted_once_usd": D("0.01"), "evidence": {"sends": 7}}
        )
        for w in spend
    ]
    plan = [
        PLAN[0].model_copy(
            update={"rank": n, "subject": f.subject, "what": f"Back off: {f.subject}", "saves_usd": D("0.01"), "findings": [f.id]}
        )
        for n, f in enumerate(findings, start=1)
    ]
    models = [ModelSpend(provider="openai", model=f"tuned-{n}", calls=5000, spend_usd=D("1.5"), share=0.01) for n in range(300)]
    teams = [TeamSpend(team=f"team {n}", calls=2000, spend_usd=D("3")) for n in range(500)]
    total = sum((w.spend_usd for w in spend if w.spend_usd), D(0))
    report = full()
    return report.model_copy(
        update={
            "findings": findings, "plan": plan, "spend": Spend(by_workload=spend, by_model=models, by_team=teams),
            "headline": report.headline.model_copy(update={"spend_usd": total}),
            "coverage": report.coverage.model_copy(update={"rows": 1_000_000, "attempts": 1_000_000, "requests": 1_000_000}),
        }
    )  # fmt: skip
