"""A gate's result made by hand, for tests of what draws it: one check of every verdict, hostile names included."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from infercheck.model.gate import Anchor, Check, Comparison, Decomposition, GateReport, Side, Stratum

HOSTILE = "\x1b[31m::error::<b>|x|\n%0A"


def sample() -> GateReport:
    """Seven days against fourteen: one regression, one broken budget, and one check of every other kind."""
    base = Side(
        label="base.json", start=datetime(2026, 9, 1, tzinfo=UTC), end=datetime(2026, 9, 15, tzinfo=UTC), days=14,
        outcomes=14_000, successes=13_500, spend_usd=Decimal("210.5"),
    )  # fmt: skip
    head = Side(
        label="logs/", start=datetime(2026, 9, 15, tzinfo=UTC), end=datetime(2026, 9, 22, tzinfo=UTC), days=7,
        outcomes=7_200, successes=6_900, spend_usd=Decimal("131.25"),
    )  # fmt: skip
    checks = [
        Check(
            key="cost_per_success|support-bot|openai/gpt-4o", rule="cost_per_success", title="Cost per successful outcome",
            stratum=Stratum(workload="support-bot", model="openai/gpt-4o"), verdict="fail", severity="error", unit="usd", base=0.0151, head=0.0184,
            effect_percent=21.8, interval_percent=(11.2, 33.4), p_value=0.0004, stake_usd=Decimal("3.41"), stake_per="day", threshold=10.0,
            reason="up 21.8% (95% interval +11.2% to +33.4%), $3.41 a day more",
        ),
        Check(
            key="budget.cost_per_success|team|search", rule="budget.cost_per_success", title="Budget cost_per_success",
            stratum=Stratum(team="search"), verdict="fail", severity="error", unit="usd", head=0.031, threshold=0.02,
            reason="$0.0310, over the budget of $0.02", anchor=Anchor(file="infercheck.toml", line=12),
        ),
        Check(
            key="latency_p95|faq-bot", rule="latency_p95", title="Interactive p95", stratum=Stratum(workload="faq-bot"), verdict="fail",
            severity="warning", unit="ms", base=2300.0, head=2700.0, effect_percent=17.4, interval_percent=(1.0, 36.0), p_value=0.02, threshold=10.0,
            reason="up 17.4%, but by less than the 500 ms that matter here",
        ),
        Check(
            key="cost_per_success|invoices|openai/gpt-4o-mini", rule="cost_per_success", title="Cost per successful outcome",
            stratum=Stratum(workload="invoices", model="openai/gpt-4o-mini"), verdict="suppressed", severity="note", unit="usd", base=0.001,
            head=0.002, effect_percent=100.0, interval_percent=(80.0, 122.0), stake_usd=Decimal("1.9"), stake_per="day", threshold=10.0,
            reason="up 100.0%; suppressed until 2026-12-31", anchor=Anchor(file="infercheck.toml", line=20),
            suppressed_because="longer invoices since the merger",
        ),
        Check(
            key=f"new_stratum|{HOSTILE}|anthropic/claude", rule="new_stratum", title="New since the baseline",
            stratum=Stratum(workload=HOSTILE, model="anthropic/claude"), verdict="new", severity="note", unit="usd", head=0.12,
            reason="not in the baseline; $0.12 a day is under the limit for new strata", threshold=1.0,
        ),
        Check(
            key="cost_per_success|nightly|openai/gpt-4o", rule="cost_per_success", title="Cost per successful outcome",
            stratum=Stratum(workload="nightly", model="openai/gpt-4o"), verdict="inconclusive", severity="note", unit="usd", base=0.2, head=None,
            reason="3 days with a success now, 5 are needed",
        ),
        Check(
            key="cost_per_success", rule="cost_per_success", title="Cost per successful outcome", verdict="pass", severity="note", unit="usd",
            base=0.0156, head=0.0163, effect_percent=4.2, interval_percent=(-1.0, 9.7), p_value=0.06, threshold=10.0, reason="no rise beyond 10%",
        ),
    ]  # fmt: skip
    return GateReport(
        comparison=Comparison(kind="days", text="day by day: 7 days against 14 of the baseline", base=base, head=head),
        outcome="failed",
        summary="2 of 7 checks failed: cost per successful outcome of support-bot on openai/gpt-4o up 21.8%; budget cost_per_success of team search",
        checks=checks,
        decomposition=Decomposition(
            per="day", base_usd=Decimal("15.03"), head_usd=Decimal("18.75"), volume_usd=Decimal("0.36"), mix_usd=Decimal("-0.21"),
            tokens_usd=Decimal("3.4"), price_usd=Decimal("0"), success_usd=Decimal("0.17"),
        ),
        notes=["the baseline's salt was reused"],
    )  # fmt: skip
