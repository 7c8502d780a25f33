"""What the gate keeps of a log: sums by UTC day and stratum, the content of a baseline file. No prompt, no hash of one, no key, no user.

A stratum is the workload of an outcome's first call and the model that its first generating call was served by. Money is exact, in USD.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from infercheck.model.report import Model

SCHEMA_VERSION = 1
KIND = "infercheck baseline"
CURRENCY = "USD"
LEAST_OF_A_DAY = 0.5  # half a day is the least that still looks like the day

# Exact in the file: a text, not a float.
Money = Annotated[Decimal, PlainSerializer(lambda d: f"{d.normalize():f}", return_type=str, when_used="json")]
Basis = Literal["logged", "computed"]


class Outcomes(Model):
    """Outcomes of one day, stratum and team. ``successes`` is None where the log does not tell."""

    day: date | None
    workload: str
    model: str | None
    team: str | None
    outcomes: int
    successes: int | None
    priced_outcomes: int
    priced_successes: int | None
    spend_usd: Money | None


class Tokens(Model):
    """Tokens and bill of one day and stratum, by the model that served the call and what its price depends on.

    ``above`` is the long-context bracket (input tokens above this), ``basis`` where billed_usd comes from; None: the calls have no price.
    ``uncached`` includes audio_input, ``output`` audio_output. Tokens are those of the ``metered_calls``: whose usage is known, and that a gateway
    did not answer from its own cache.
    """

    day: date | None
    workload: str
    stratum_model: str | None
    provider: str | None
    model: str | None
    tier: str
    above: int
    basis: Basis | Literal["capacity"] | None
    calls: int
    metered_calls: int
    uncached: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    audio_input: int
    audio_output: int
    billed_usd: Money | None
    computed_usd: Money | None


class Durations(Model):
    """Duration of one day's outcomes of a workload, ms."""

    day: date
    workload: str
    klass: str
    units: int
    p50_ms: float
    p95_ms: float


class Bucket(Model):
    """Sums over the priced outcomes of one workload whose first prompt is of one size (``bucket``: floor of its log2 tokens)."""

    workload: str
    klass: str
    bucket: int
    units: int
    successes: float
    usd: float
    usd_squared: float
    usd_successes: float
    timed: int
    log_ms: float
    log_ms_squared: float


class Prices(Model):
    """What the computed costs rest on."""

    list_version: str
    overrides: str = Field(default="", description="digest of the config's own prices and rates, empty where it has none")


class Snapshot(Model):
    """One log, summed. ``start`` and ``end`` are the first and the last start of a call, UTC."""

    kind: Literal["infercheck baseline"] = "infercheck baseline"
    schema_version: int = SCHEMA_VERSION
    generated_by: str = "infercheck"
    currency: str = CURRENCY
    cost_basis: Basis
    prices: Prices
    salt: str
    start: datetime | None
    end: datetime | None
    success_known: bool = Field(description="false where no outcome tells whether it succeeded: then the cost of an outcome is compared")
    outcomes: list[Outcomes] = Field(default=[])
    tokens: list[Tokens] = Field(default=[])
    durations: list[Durations] = Field(default=[])
    buckets: list[Bucket] = Field(default=[])

    @property
    def days(self) -> dict[date, float]:
        """The UTC days that may be judged, with the share of each that the log covers. An edge day covered by less than half is left out."""
        if self.start is None or self.end is None:
            return {}
        count = (self.end.date() - self.start.date()).days + 1
        covered = {day: self._covered(day) for day in (self.start.date() + timedelta(days=n) for n in range(count))}
        return {day: share for day, share in covered.items() if share >= LEAST_OF_A_DAY}

    def _covered(self, day: date) -> float:
        assert self.start is not None and self.end is not None  # noqa: S101 -- the caller looked
        midnight = datetime.combine(day, time())
        span = min(self.end, midnight + timedelta(days=1)) - max(self.start, midnight)
        return span / timedelta(days=1)
