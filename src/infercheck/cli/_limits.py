"""--strict and --fail-on: what makes a finished run fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from infercheck.cli._errors import say
from infercheck.errors import GateFailed, UsageError

if TYPE_CHECKING:
    from infercheck.model.report import Report

# Figures that --fail-on may bound from above.
METRICS: dict[str, Callable[[Report], Decimal | float | int | None]] = {
    "spend_usd": lambda r: r.headline.spend_usd,
    "cost_per_success": lambda r: r.headline.cost_per_successful_outcome_usd,
    "attempts_per_success": lambda r: r.headline.attempts_per_success,
    "failed_share": lambda r: (
        None
        if r.headline.successful_outcomes is None or not r.headline.outcomes
        else 1 - r.headline.successful_outcomes / r.headline.outcomes
    ),
    "waste_share": lambda r: r.headline.system_share_of_spend,
    "waste_usd": lambda r: (
        None if r.headline.spend_usd is None else (r.headline.addressable_usd.measured or 0) + (r.headline.addressable_usd.structural or 0)
    ),
    "p50_ms": lambda r: r.headline.interactive.p50_ms,
    "p95_ms": lambda r: r.headline.interactive.p95_ms,
    "p99_ms": lambda r: r.headline.interactive.p99_ms,
    "ttft_p95_ms": lambda r: r.headline.interactive.ttft_p95_ms,
    "findings": lambda r: len(r.findings),
    "rejects": lambda r: r.coverage.rejects,
}


def limits(values: Sequence[str] | None) -> dict[str, Decimal]:
    """``KEY=VALUE`` options as limits; UsageError for an unknown key or a value that is no number."""
    found = {}
    for text in values or ():
        key, given, value = text.partition("=")
        key = key.strip()
        if not given:
            raise UsageError(f"{text!r} is no KEY=VALUE", where="--fail-on", hint="such as spend_usd=10")
        if key not in METRICS:
            raise UsageError(f"there is no figure {key!r}", where="--fail-on", hint=f"known: {', '.join(METRICS)}")
        try:
            limit = Decimal(value.strip().removeprefix("$"))
        except InvalidOperation:
            limit = Decimal("NaN")
        if not limit.is_finite():
            raise UsageError(f"{value!r} is no number", where="--fail-on", hint=f"such as {key}=10")
        found[key] = limit
    return found


def enforce(report: Report, *, strict: bool, bounds: dict[str, Decimal]) -> None:
    """Raise GateFailed for a figure above its limit, or with ``strict`` for anything lost or unpriced. Unknown is said, and fails nothing."""
    broken = []
    for key, limit in bounds.items():
        value = METRICS[key](report)
        if value is None:
            say(f"--fail-on {key}: unknown in this log, not judged")
        elif Decimal(str(value)) > limit:
            broken.append(f"{key} is {_plain(value)}, over {_plain(limit)}")
    if strict:
        broken += _losses(report)
    if broken:
        raise GateFailed("; ".join(broken))


def _losses(report: Report) -> list[str]:
    cover = report.coverage
    counts = {
        "rejected line{}": cover.rejects,
        "unreadable value{}": cover.cell_issues,
        "model{} without a price": len(cover.unpriced_models),
        "call{} in a currency without a rate": cover.unpriced_currency_calls,
    }
    return [f"--strict: {count:,} {what.format('' if count == 1 else 's')}" for what, count in counts.items() if count]


def _plain(value: Decimal | float | int) -> str:
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
