"""--strict, budgets and the gate: what makes a finished run fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infercheck.cli._errors import say
from infercheck.errors import GateFailed, Inconclusive

if TYPE_CHECKING:
    from infercheck.model.gate import Check, GateReport
    from infercheck.model.report import Report


def enforce(report: Report, checks: Sequence[Check], *, strict: bool) -> None:
    """Raise GateFailed for a budget that is broken, or with ``strict`` for anything lost or unpriced. Unknown is said, and fails nothing."""
    for check in checks:
        if check.verdict == "inconclusive":
            say(f"--fail-on {check.reason}")
    broken = [check.reason for check in checks if check.verdict == "fail"]
    if strict:
        broken += _losses(report)
    if broken:
        raise GateFailed("; ".join(broken))


def conclude(report: GateReport, *, exit_zero: bool, require_conclusive: bool) -> None:
    """Raise GateFailed for a gate that failed, Inconclusive for one without an answer where that was asked for. ``exit_zero``: neither."""
    if exit_zero:
        return
    if report.outcome == "failed":
        raise GateFailed(report.summary)
    if report.outcome == "inconclusive" and require_conclusive:
        raise Inconclusive(report.summary)


def _losses(report: Report) -> list[str]:
    cover, unlisted = report.coverage, report.coverage.more.get("unpriced_models")
    counts = {
        "rejected line{}": cover.rejects,
        "unreadable value{}": cover.cell_issues,
        "model{} without a price": len(cover.unpriced_models) + (unlisted.rows if unlisted else 0),
        "call{} in a currency without a rate": cover.unpriced_currency_calls,
    }
    return [f"--strict: {count:,} {what.format('' if count == 1 else 's')}" for what, count in counts.items() if count]
