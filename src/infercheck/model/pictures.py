"""What the HTML page draws beyond the report's tables: how things went over time, and single requests taken apart.

Filled only for a format that draws it (``AnalyzeOptions.pictures``). Unknown is None, never 0; times are UTC, durations milliseconds.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

Usd = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


class Model(BaseModel):
    """Frozen, and strict about its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bucket(Model):
    """A stretch of time. Percentiles are of requests that started in it, null where they are too few to have one."""

    start: datetime
    calls: int
    failed: int | None = Field(None, description="attempts that did not succeed; null where the log tells no status")
    retries: int = Field(description="attempts at a request that had one before")
    spend_usd: Usd | None = None
    requests: int = Field(0, description="requests behind the percentiles")
    p50_ms: float | None = Field(None, description="null below 5 requests")
    p95_ms: float | None = Field(None, description="null below 20 requests")
    p99_ms: float | None = Field(None, description="null below 100 requests")
    cold_starts: int = Field(0, description="calls that rule cold_start blames")
    bursts: int = Field(0, description="calls that rule burst_congestion blames")


class Timeline(Model):
    """The log cut into stretches of equal length, those without a call included."""

    seconds: int
    requests_of: Literal["interactive", "all"] = Field(description="interactive workloads, or all where none is known to be")
    buckets: list[Bucket]


class SpendSlice(Model):
    """Spend on one model in one stretch of time; ``model`` null: all other models together."""

    start: datetime
    model: str | None
    spend_usd: Usd


class SpendTimeline(Model):
    """Spend over time by the models that cost most; the slices sum to the spend of the calls whose start is known."""

    seconds: int
    slices: list[SpendSlice]


class CrowdLevel(Model):
    """Calls that started with so many others in flight."""

    in_flight_from: int
    in_flight_to: int
    calls: int
    p50_ms: float
    p95_ms: float | None = Field(None, description="null below 20 calls")


class Crowd(Model):
    """Latency of one deployment by what was in flight on it. ``first_token``: time to first token of streamed calls; else whole calls."""

    deployment: str | None
    measure: Literal["first_token", "duration"]
    calls: int
    still_idle_at: float | None = Field(None, description="rule queueing_onset: as fast as an idle deployment up to here")
    waiting_from: float | None = Field(None, description="rule queueing_onset: calls wait from here on; both null: not identified")
    levels: list[CrowdLevel]


class PathShape(Model):
    """Mean critical path of the requests around a quantile; the parts sum to ``mean_ms``."""

    quantile: Literal["p50", "p99"]
    requests: int
    mean_ms: float
    parts: dict[str, float] = Field(description="milliseconds by component, as in latency.path")


class TraceStep(Model):
    """One call or span of a request, in milliseconds from the request's start."""

    name: str
    kind: str
    depth: int
    start_ms: float
    first_token_ms: float | None = None
    end_ms: float
    failed: bool | None = None
    waited_ms: float = Field(0, description="time in which the request waited for just this step: its part of the critical path")


class SlowTrace(Model):
    """The slowest request of one workload."""

    request: str
    workload: str | None
    start: datetime
    duration_ms: float
    steps: list[TraceStep]
    more_steps: int = 0


class WeekHour(Model):
    """One hour of one weekday, UTC, summed over the weeks of the log. ``weekday`` is 1 for Monday."""

    weekday: int
    hour: int
    calls: int
    failed: int | None = None
    p95_ms: float | None = Field(None, description="of calls that succeeded; null below 20")


class CachePotential(Model):
    """What a prompt cache read, and could have read, of one workload's input tokens."""

    workload: str
    input_tokens: int
    cache_read_tokens: int | None = Field(None, description="null where the log never speaks of cached tokens")
    could_read_tokens: int = Field(description="by the claims of the cache rules, each call's largest")
    saves_usd: Usd | None = Field(None, description="those claims settled, each dollar counted once")


class Pictures(Model):
    """What only a page draws; null where none was asked for (only --format html asks). An empty list is a picture that the log cannot give."""

    timeline: Timeline | None = None
    spend: SpendTimeline | None = None
    crowds: list[Crowd] = []
    path: list[PathShape] = []
    slowest: list[SlowTrace] = []
    week: list[WeekHour] = []
    cache: list[CachePotential] = []
