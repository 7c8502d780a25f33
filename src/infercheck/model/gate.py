"""The gate's result: what was compared, each check with its verdict, and what made the bill change. Stable under ``schema_version``.

Unknown is None, never 0. Money is Decimal in USD, durations are milliseconds, shares are 0 to 1; a change is in percent of the baseline.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from infercheck.model.report import Model, Usd

SCHEMA_VERSION = "1.0"

Verdict = Literal["pass", "fail", "inconclusive", "suppressed", "new"]
Severity = Literal["error", "warning", "note"]
Unit = Literal["usd", "ms", "share", "count"]
ComparisonKind = Literal["days", "calls", "buckets", "none"]
Outcome = Literal["passed", "failed", "inconclusive"]
FailOn = Literal["error", "warn", "never"]


# Ids of the checks beside the budgets: what a suppression may name.
RULES = ("cost_per_success", "cost_per_outcome", "latency_p50", "latency_p95", "latency_typical", "new_stratum", "unpriced")


class Stratum(Model):
    """What a check is about; None means all of them. ``model`` is provider/model."""

    workload: str | None = None
    model: str | None = None
    team: str | None = None

    @property
    def name(self) -> str:
        """For people: ``support-bot on openai/gpt-4o``, ``team search``, ``everything``."""
        parts = [self.workload] if self.workload is not None else []
        parts += [f"team {self.team}"] if self.team is not None else []
        named = ", ".join(parts)
        if self.model is not None:
            return f"{named} on {self.model}" if named else self.model
        return named or "everything"


class Anchor(Model):
    """The line of the config that a check comes from: a budget, or a suppression."""

    file: str
    line: int = 1


class Check(Model):
    """One question and its answer. ``key`` stays the same from run to run: fingerprints are made of it."""

    key: str
    rule: str = Field(
        description="id of the question: cost_per_success, latency_p95, new_stratum, unpriced, budget.KEY, suppression_expired, ..."
    )
    title: str
    stratum: Stratum = Stratum()
    verdict: Verdict
    severity: Severity = Field(description="error and warning only where something is wrong; a pass is a note")
    unit: Unit
    base: float | None = Field(default=None, description="the baseline's value; null for a budget")
    head: float | None = None
    effect_percent: float | None = Field(default=None, description="change against the baseline, weekdays and mix taken out")
    interval_percent: tuple[float, float] | None = Field(default=None, description="95% interval of effect_percent")
    p_value: float | None = Field(
        default=None, description="one-sided, against no rise; after Benjamini-Hochberg where several strata were tested"
    )
    stake_usd: Usd | None = Field(
        default=None, description="money at stake: what the change costs per day, or in the compared log where it has no days"
    )
    stake_per: Literal["day", "log"] | None = None
    threshold: float | None = Field(default=None, description="the budget, or the change in percent, beyond which the check fails")
    threshold_side: Literal["at_most", "at_least"] = "at_most"
    reason: str = Field(description="why the verdict is what it is, in words")
    anchor: Anchor | None = None
    suppressed_because: str | None = Field(default=None, description="the reason that the config gives")

    @property
    def is_wrong(self) -> bool:
        """Neither passed nor left open nor suppressed."""
        return self.verdict == "fail"


class Side(Model):
    """One side of the comparison. ``days`` counts UTC days that are judged: edge days half covered at most are left out."""

    label: str
    start: datetime | None = None
    end: datetime | None = None
    days: int = 0
    outcomes: int = 0
    successes: int | None = None
    spend_usd: Usd | None = None


class Comparison(Model):
    """How the two sides were compared, in one word and in a sentence."""

    kind: ComparisonKind
    text: str
    base: Side | None = None
    head: Side
    matched_outcomes: int | None = Field(
        default=None, description="outcomes of the head that have a counterpart; null where days are compared"
    )


class Decomposition(Model):
    """Why the bill changed. The five parts sum to ``head_usd - base_usd`` exactly; per day where days are compared, else per log."""

    per: Literal["day", "log"]
    base_usd: Usd
    head_usd: Usd
    volume_usd: Usd = Field(description="more or fewer successful outcomes")
    mix_usd: Usd = Field(description="outcomes moved between workloads and models, new ones and vanished ones")
    tokens_usd: Usd = Field(description="more tokens or calls an outcome, or fewer read from a cache, at one table of prices")
    price_usd: Usd = Field(description="other prices for the same tokens")
    success_usd: Usd = Field(description="more or fewer outcomes spent on one success")
    note: str = ""

    @property
    def parts(self) -> dict[str, Usd]:
        """The five parts by name, in the order in which they are shown."""
        return {name: getattr(self, f"{name}_usd") for name in ("volume", "mix", "tokens", "price", "success")}


class GateReport(Model):
    """The whole result. ``outcome`` says what the exit code will mean: passed 0, failed 1, inconclusive 4 where that was asked to matter, else 0."""

    schema_version: str = SCHEMA_VERSION
    generated_by: str = "infercheck"
    comparison: Comparison
    outcome: Outcome
    fail_on: FailOn = "error"
    summary: str = Field(description="one line for people")
    checks: list[Check] = Field(default=[])
    decomposition: Decomposition | None = None
    notes: list[str] = Field(default=[])

    def with_verdict(self, *verdicts: Verdict) -> list[Check]:
        """The checks with one of these verdicts, in report order."""
        return [check for check in self.checks if check.verdict in verdicts]

    @property
    def failing(self) -> list[Check]:
        """The checks that make the gate fail under ``fail_on``."""
        counted = {"error": ("error",), "warn": ("error", "warning"), "never": ()}[self.fail_on]
        return [check for check in self.checks if check.is_wrong and check.severity in counted]


class BudgetKey(Model):
    """A figure that a budget may bound. ``scopes`` says for what: the whole log, a workload, a team.

    ``needs_prices``: what has no price may add to it, so that it is no more than a lower bound."""

    title: str
    unit: Unit
    side: Literal["at_most", "at_least"] = "at_most"
    needs_rules: bool = False
    needs_prices: bool = False
    scopes: tuple[Literal["all", "workload", "team"], ...] = ("all", "workload", "team")


BUDGETS: dict[str, BudgetKey] = {
    "spend_usd": BudgetKey(title="Spend", unit="usd", needs_prices=True),
    "spend_per_day": BudgetKey(title="Spend a day", unit="usd", needs_prices=True),
    "cost_per_success": BudgetKey(title="Cost per successful outcome", unit="usd", needs_prices=True),
    "attempts_per_success": BudgetKey(title="Attempts per success", unit="count"),
    "failure_rate": BudgetKey(title="Outcomes without success", unit="share"),
    "retry_rate": BudgetKey(title="Attempts beyond the first of their request", unit="share"),
    "waste_share": BudgetKey(
        title="Share of spend that measured and structural findings would save", unit="share", needs_rules=True, needs_prices=True
    ),
    "waste_usd": BudgetKey(title="What measured and structural findings would save", unit="usd", needs_rules=True, needs_prices=True),
    "interactive_p50_ms": BudgetKey(title="Interactive p50", unit="ms"),
    "interactive_p95_ms": BudgetKey(title="Interactive p95", unit="ms"),
    "interactive_p99_ms": BudgetKey(title="Interactive p99", unit="ms"),
    "ttft_p95_ms": BudgetKey(title="Interactive time to first token, p95", unit="ms"),
    "priced_share": BudgetKey(title="Share of calls with tokens that have a price", unit="share", side="at_least"),
    "findings": BudgetKey(title="Findings", unit="count", needs_rules=True, scopes=("all",)),
    "rejects": BudgetKey(title="Rejected lines", unit="count", scopes=("all",)),
}
