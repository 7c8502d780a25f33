"""The latency half of the report. Unknown is None, never 0; durations are milliseconds, shares are 0 to 1, times UTC."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from infercheck.model.more import More


class Model(BaseModel):
    """Frozen, and strict about its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PathPart(Model):
    """One component of the user-facing path; the parts sum to the mean duration."""

    component: str
    mean_ms: float
    share: float


class ModelLatency(Model):
    """Latency of one model and deployment."""

    provider: str | None
    model: str | None
    deployment: str | None
    calls: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    ttft_p50_ms: float | None = None
    ttft_p95_ms: float | None = None
    tokens_per_s: float | None = None


class HourLatency(Model):
    """One hour of the day, UTC."""

    hour: str
    calls: int
    failed: int | None = None
    retries: int
    p50_ms: float | None = None
    p95_ms: float | None = None


class TailPart(Model):
    """What makes the units beyond a workload's p95 longer than its middle ones: the component with most of the excess."""

    workload: str
    units: int
    component: str
    middle_ms: float
    tail_ms: float
    share_of_excess: float


class RetrySpike(Model):
    """A stretch of time on one deployment in which attempts failed far more often than in the log as a whole."""

    start: str
    seconds: int
    deployment: str | None
    calls: int
    failed: int
    retries: int
    failed_share: float
    usual_share: float


class FirstToken(Model):
    """Time to first token of the streamed calls of one deployment, model and prompt size, taken apart.

    ``mean_ms`` = ``expected_ms`` + ``region_ms`` + ``cold_start_ms`` + ``queueing_ms`` + ``unexplained_ms``; all null where nothing says what to
    expect. What is unexplained may be negative: most calls were faster than expected.
    """

    deployment: str | None
    model: str | None
    input_tokens_from: int = Field(description="uncached input tokens")
    input_tokens_to: int
    calls: int
    mean_ms: float
    basis: Literal["idle", "fastest tenth"] | None = Field(
        None, description="what is expected: the median with nothing else in flight, or the fastest tenth where that hardly occurs"
    )
    expected_ms: float | None = Field(None, description="from the nearest region that the log knows")
    region_ms: float | None = Field(None, description="by rule far_region")
    cold_start_ms: float | None = Field(None, description="by rule cold_start")
    queueing_ms: float | None = Field(
        None,
        description="as the log states it, else by rules queueing_onset, background_slows_interactive and burst_congestion, the largest",
    )
    unexplained_ms: float | None = None


class Queueing(Model):
    """Where calls on one deployment begin to wait for each other."""

    deployment: str | None
    calls: int = Field(description="streamed calls whose wait on the idle deployment is known")
    status: Literal["identified", "not identified", "too few"]
    still_idle_at: int | None = Field(None, description="calls in flight at which the first token still comes as on an idle deployment")
    waiting_from: int | None = Field(None, description="calls in flight from which on it clearly does not")
    share_above: float | None = Field(None, description="share of interactive calls that met as many")


class ColdStart(Model):
    """A deployment whose calls wait for a boot after a pause."""

    deployment: str | None
    pause_s: float = Field(description="shortest pause that is followed by boots")
    pauses: int
    slow_pauses: int
    calls: int = Field(description="calls that waited for a boot")
    waste_ms_p50: float | None = None


class Burst(Model):
    """A deployment on which calls that start together wait for each other."""

    deployment: str | None
    bursts: int
    largest: int = Field(description="calls that started within 5 s")
    usual: float = Field(description="median of the hour around")
    calls: int = Field(description="calls that waited longer for it")
    excess_share: float = Field(description="share of the deployment's waiting beyond the usual")
    calls_share: float = Field(description="share of its calls")
    from_workload: str | None = Field(None, description="workload with most calls in the bursts")


class Latency(Model):
    """Where users' time went."""

    path: list[PathPart] = []
    tail: list[TailPart] = []
    retry_spikes: list[RetrySpike] = []
    first_token: list[FirstToken] = Field(
        default=[], description="most time beyond the expected first; empty where no first token was timed"
    )
    queueing: list[Queueing] = Field(
        default=[], description="a row for each deployment with streamed calls; empty where rule queueing_onset did not run"
    )
    cold_starts: list[ColdStart] = []
    bursts: list[Burst] = []
    by_model: list[ModelLatency] = []
    by_hour: list[HourLatency] = Field(default=[], description="the newest 20,000 hours with a call")
    more: dict[Literal["by_model", "by_hour", "queueing"], More] = Field(
        default={}, description="what a list leaves out past its first 1,000 rows"
    )
