"""The report: what every renderer draws and what ``--format json`` prints. Stable under ``schema_version``.

Unknown is None, never 0. Money is Decimal in USD, durations are milliseconds, shares are 0 to 1.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from infercheck.model.more import More
from infercheck.model.pictures import Pictures
from infercheck.model.rule import FixId, Grade, Snippet
from infercheck.model.waits import Latency

SCHEMA_VERSION = "1.7"

# In JSON a dollar amount is a number, not a text: most readers of a report add it up.
Usd = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
Evidence = dict[str, Any]


class Model(BaseModel):
    """Frozen, and strict about its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NotChecked(Model):
    """A rule that the log could not support."""

    rule: str
    reason: str
    setting: str = ""


class Window(Model):
    """The time that the calls cover, UTC. ``complete_days`` counts whole UTC days."""

    start: datetime | None = None
    end: datetime | None = None
    days: float | None = None
    complete_days: int = 0


class NaiveSum(Model):
    """What adding up every record that tells usage would say, beside what was counted once. Only where the two differ."""

    tokens: int = Field(description="input, cached included, and output of all records")
    usd: Usd | None = None
    counted_tokens: int
    counted_usd: Usd | None = None


class Coverage(Model):
    """What was read and how sure the figures are."""

    files: int
    skipped: dict[str, int] = {}
    rows: int
    attempts: int
    requests: int
    duplicates: int
    naive_sum: NaiveSum | None = None
    rejects: int
    other_records: int = Field(
        0, description="records that are understood and hold no call, such as a user's message or a span of other work"
    )
    cell_issues: int
    reject_samples: list[str] = []
    cell_issue_samples: list[str] = []
    priced_share: float | None = Field(None, description="share of calls with tokens that have a price, log's or list's")
    priced_token_share: float | None = None
    unpriced_models: list[str] = []
    cost_basis: Literal["logged", "computed", "capacity", "mixed", "none"] = Field(
        "none", description="how the calls are priced; capacity: by their part of the hours paid for machines of one's own"
    )
    capacity_usd: Usd | None = Field(
        None, description="dollars priced by [[capacity]], part of the spend; null where the config names none"
    )
    logged_usd: Usd | None = None
    computed_usd: Usd | None = Field(None, description="list price of the very calls that logged_usd covers")
    logged_over_computed: float | None = None
    price_list: str = ""
    currencies: dict[str, int] = Field({}, description="attempts by logged currency")
    unpriced_currency_calls: int = 0
    naive_times: int = Field(0, description="attempts whose time names no zone: read as UTC")
    not_checked: list[NotChecked] = []
    notices: list[str] = []
    notes: list[str] = []
    more: dict[Literal["unpriced_models", "currencies"], More] = Field(default={}, description="what those two leave out past 1,000 names")


class Interactive(Model):
    """Latency on the user-facing path. The quantiles are of requests that ended with an answer, whatever its score."""

    calls: int = 0
    untimed_calls: int = Field(default=0, description="of them, calls without a known end: in no latency")
    traces: int = Field(default=0, description="requests of which start and end are known, with an answer or without")
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    unanswered_traces: int = Field(default=0, description="of traces, requests whose last call failed: in none of the other quantiles")
    unanswered_p50_ms: float | None = Field(default=None, description="how long those took to fail")
    unanswered_p95_ms: float | None = None
    typing_traces: int = Field(
        default=0, description="of traces, conversations with pauses in which a person wrote; those pauses are in no latency"
    )
    typing_ms: float | None = Field(default=None, description="mean of those pauses over those conversations")
    blind_traces: int = Field(
        default=0,
        description="of traces, requests without prompts in the log, with pauses in which a person wrote or a tool worked that logs nothing, "
        "which cannot be told apart; those pauses are in no latency",
    )
    blind_ms: float | None = Field(default=None, description="mean of those pauses over those requests")
    ttft_calls: int = 0
    ttft_p50_ms: float | None = None
    ttft_p95_ms: float | None = None


class Addressable(Model):
    """Dollars that the settled claims would save, by grade; disjoint. None where there are claims, but the calls that they blame have no price."""

    measured: Usd | None = Decimal(0)
    structural: Usd | None = Decimal(0)
    heuristic: Usd | None = Decimal(0)


class CostParts(Model):
    """Cost per successful outcome as a product, ``clean_usd`` x ``failures`` x ``waste``; over the outcomes that have a price."""

    clean_usd: Usd = Field(description="mean spend of a successful outcome, without the measured and structural waste found in it")
    failures: float = Field(description="clean spend on all outcomes over that on the successful ones; 1.05: those that failed add 5%")
    waste: float = Field(description="all spend over what is left of it without the measured and structural waste found")


class Hardware(Model):
    """Machines of one's own: ``busy_usd`` is part of the spend, ``idle_usd`` comes on top of it. They sum to ``paid_usd`` exactly."""

    paid_usd: Usd
    busy_usd: Usd | None = Field(None, description="borne by the calls that ran; null where the busy time is not known")
    idle_usd: Usd | None = Field(None, description="paid with nothing in flight: in no call's cost and in no saving of the plan")
    share: float | None = Field(None, description="paid_usd over spend and idle hours together")


class VerdictPart(Model):
    """What a part of the spend is owed to: one of the eight fixes, the busy hours of one's own machines, or the models' own price."""

    part: FixId | Literal["hardware", "model_price"]
    sure_usd: Usd = Field(description="measured and structural savings; of hardware and model_price: what no finding touches")
    heuristic_usd: Usd
    share: float | None = Field(None, description="sure_usd over spend")


class Headline(Model):
    """The two numbers, and the verdict."""

    spend_usd: Usd | None = None
    outcomes: int = 0
    successful_outcomes: int | None = Field(None, description="null where no outcome's success is known")
    success_evidence: str = ""
    cost_per_successful_outcome_usd: Usd | None = Field(None, description="spend over the successful outcomes that have a price")
    clean_cost_usd: Usd | None = Field(None, description="cost of a success without the waste found")
    cost_parts: CostParts | None = Field(None, description="null where no successful outcome has a price, or nothing of it is left")
    attempts_per_success: float | None = None
    interactive: Interactive = Interactive()
    addressable_usd: Addressable = Addressable()
    system_share_of_spend: float | None = Field(None, description="measured and structural savings over spend")
    system_share_of_p95: float | None = None
    verdict: str = ""
    verdict_latency: str = Field("", description="how much of interactive p95 is the system's; empty where nothing interactive was timed")
    spend_parts: list[VerdictPart] = Field([], description="spend by what it is owed to, models' own price last; sums to spend_usd")
    hardware: Hardware | None = Field(None, description="null where the config names no [[capacity]]")


class Finding(Model):
    """The claims of one rule for one subject."""

    id: str
    rule: str
    title: str
    step: int
    subject: str
    grade: Grade
    fix: FixId
    calls: int
    alone_usd: Usd | None = None
    counted_once_usd: Usd | None = None
    waste_ms_p50: float | None = None
    waste_ms_p95: float | None = None
    saves_ms_p50: float | None = Field(default=None, description="interactive p50 before minus after this finding alone, requests replayed")
    saves_ms_p95: float | None = None
    why: str = ""
    false_positives: str = ""
    evidence: Evidence = {}


class PlanItem(Model):
    """One thing to do. ``saves_usd`` is counted once: the column sums to the plan's total."""

    rank: int
    section: Literal["sure", "latency", "heuristic"]
    fix: FixId
    subject: str
    saves_usd: Usd | None = None
    saves_usd_per_month: Usd | None = None
    interval_usd: tuple[Usd, Usd] | None = Field(None, description="95% interval of saves_usd, resampling whole days or outcomes")
    interval_note: str = Field("", description="what was resampled, or that the sample is too small for an interval")
    saves_ms_p50: float | None = None
    saves_ms_p95: float | None = None
    effort: str
    risk: str
    grade: Grade
    what: str
    how: str
    verify: str
    findings: list[str] = []


class ModelSpend(Model):
    """Spend on one model."""

    provider: str | None
    model: str | None
    calls: int
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    output_tokens: int | None = None
    spend_usd: Usd | None = None
    share: float | None = None
    premium: bool | None = None


class WorkloadSpend(Model):
    """Spend, class and outcome of one workload."""

    workload: str
    workload_source: str
    klass: str = Field(serialization_alias="class")
    class_reason: str
    value: str | None = None
    value_reason: str | None = None
    calls: int
    outcomes: int
    successful_outcomes: int | None = None
    spend_usd: Usd | None = None
    share: float | None = None
    success_evidence: str = ""
    cost_per_successful_outcome_usd: Usd | None = Field(None, description="spend of the outcomes that it opened over the successful ones")
    cost_parts: CostParts | None = None
    saves_usd: Usd | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None


class TeamSpend(Model):
    """Spend of one team."""

    team: str | None
    calls: int
    spend_usd: Usd | None = None


class DaySpend(Model):
    """Spend of one UTC day."""

    day: str
    calls: int
    failed: int | None = None
    spend_usd: Usd | None = None


class CapacitySpend(Model):
    """One [[capacity]] within the log: hours paid, busy and idle, and the hosted price of the same tokens."""

    capacity: str
    units: int
    unit: str
    usd_per_hour: Usd
    paid_hours: float
    busy_hours: float | None = Field(None, description="hours with a call in flight; null where too many calls have no known end")
    utilisation: float | None = None
    calls: int
    untimed_calls: int = Field(0, description="calls without a known end")
    input_tokens: int | None = None
    output_tokens: int | None = None
    paid_usd: Usd
    busy_usd: Usd | None = None
    idle_usd: Usd | None = None
    usd_per_mtok: float | None = Field(None, description="paid_usd over a million tokens, input and output")
    hosted: str | None = Field(
        None, description="provider/model that could take over: named in the config, else the cheapest host of the weights"
    )
    same_weights: bool | None = None
    hosted_usd: Usd | None = Field(None, description="list price of the same tokens there; null where it is not known for all")
    hosted_usd_per_mtok: float | None = None
    break_even_utilisation: float | None = Field(
        None, description="utilisation at which both cost the same; above 1: dearer even when always busy"
    )


class Spend(Model):
    """Where the money went."""

    by_model: list[ModelSpend] = []
    by_workload: list[WorkloadSpend] = []
    by_team: list[TeamSpend] = []
    by_day: list[DaySpend] = []
    by_capacity: list[CapacitySpend] = []
    more: dict[Literal["by_model", "by_workload", "by_team"], More] = Field(
        default={}, description="what a list leaves out past its first 1,000 rows; with it the list sums to the whole"
    )


class FixPage(Model):
    """A fix as its file describes it, for those that the plan names."""

    fix: FixId
    title: str
    answers: str
    how: str
    effort: str
    risk: str
    risk_note: str
    verify: str
    snippets: list[Snippet] = []


class Report(Model):
    """The whole report."""

    schema_version: str = SCHEMA_VERSION
    generated_by: str = "infercheck"
    window: Window
    coverage: Coverage
    headline: Headline
    findings: list[Finding] = []
    plan: list[PlanItem] = []
    plan_total_usd: Usd | None = None
    more: dict[Literal["findings", "plan"], More] = Field(default={}, description="what a list leaves out past the first 1,000 findings")
    spend: Spend = Spend()
    latency: Latency = Latency()
    fixes: list[FixPage] = []
    pictures: Pictures | None = None
