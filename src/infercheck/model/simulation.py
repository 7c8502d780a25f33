"""What ``infercheck simulate`` hands on: the bill of a log before and after chosen fixes. Money is Decimal in USD; unknown is None."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field

from infercheck.model.report import Model, Usd
from infercheck.model.rule import FixId

SCHEMA_VERSION = "1.1"


class Choice(NamedTuple):
    """One ``--fix``: a fix, and the workload or the subject of a finding that it is limited to."""

    fix: FixId
    scope: str | None = None

    def __str__(self) -> str:
        return self.fix if self.scope is None else f"{self.fix}:{self.scope}"


class FixEffect(Model):
    """What one chosen fix takes off the bill, after what the others took."""

    fix: FixId
    scope: str | None = Field(None, description="the workload or subject it was limited to")
    calls: int = Field(description="calls that it changes")
    saves_sure_usd: Usd | None = Field(None, description="measured and structural; null where no call that it changes has a price")
    saves_heuristic_usd: Usd | None = None
    unknown_calls: int = Field(0, description="calls that it changes whose saving is unknown: no price, or hours that are paid anyway")
    not_simulated: int = Field(0, description="claims of milliseconds alone, which change no dollar")


class WorkloadEffect(Model):
    """The bill of one workload; ``after_usd`` is before minus both savings."""

    workload: str
    calls: int
    before_usd: Usd | None = None
    saves_sure_usd: Usd | None = None
    saves_heuristic_usd: Usd | None = None
    after_usd: Usd | None = None


class Waits(Model):
    """People's time to first token."""

    p50_ms: float | None = None
    p95_ms: float | None = None


class Separation(Model):
    """A deployment without its jobs, replayed. ``after`` is told only where the replay foretold runs of the jobs that it was not fitted on."""

    deployment: str
    jobs: list[str] = Field(description="background workloads that would go elsewhere")
    runs: int = Field(description="runs of the jobs in the log")
    calls: int = Field(description="people's timed calls during the runs that were replayed")
    seen: Waits = Field(description="what they waited")
    after: Waits | None = Field(default=None, description="what they would wait without the jobs; null where that is not known")
    servers: int | None = Field(default=None, description="calls served at once, by the work done and fitted on every other run")
    workers: dict[str, int] = Field(default={}, description="workers of each job")
    foretold: Waits | None = Field(default=None, description="what the replay says of the runs that it was not fitted on")
    happened: Waits | None = Field(default=None, description="what was seen in these runs")
    why_not: str = Field(default="", description="why nothing is foretold")
    matched_ms: float | None = Field(
        default=None,
        description="milliseconds that the jobs cost people there in all, by matched comparison (background_slows_interactive)",
    )
    matched_calls: int = Field(default=0, description="calls that it lays them on")


class Simulation(Model):
    """The log re-priced under the chosen fixes, each dollar counted once. The workloads sum to the totals."""

    schema_version: str = SCHEMA_VERSION
    fixes: list[FixEffect]
    calls: int
    before_usd: Usd | None
    saves_sure_usd: Usd | None
    saves_heuristic_usd: Usd | None
    after_usd: Usd | None
    successes: int = Field(description="successful outcomes that have a price")
    before_per_success_usd: Usd | None = None
    after_per_success_usd: Usd | None = None
    by_workload: list[WorkloadEffect] = Field([])
    separations: list[Separation] = Field([], description="with traffic_separation: what people would wait, by deployment")
