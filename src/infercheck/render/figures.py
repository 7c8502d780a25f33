"""Counts, shares, durations and times for display. Unknown is a dash, never 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from infercheck.render.money import UNKNOWN, allocate, usd

if TYPE_CHECKING:
    from infercheck.model.report import CapacitySpend, CostParts, Headline, Interactive, Report

_FEW_CALLS = 30  # below that, silence says little: most rules compare groups of twenty


def count(value: int | None) -> str:
    """``1,234``"""
    return UNKNOWN if value is None else f"{value:,}"


def plural(value: int, word: str, words: str = "") -> str:
    """``1 file``, ``2 files``"""
    return f"{value:,} {word if value == 1 else words or word + 's'}"


def named(names: Sequence[str], most: int = 3) -> str:
    """``a, b, c and 2 more``"""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def percent(share: float | None) -> str:
    """``12%``, ``1.5%``; never rounded to a clean 0% or 100%."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    value = share * 100
    if 0 < value < 0.1:
        return "<0.1%"
    if 99.9 < value < 100:
        return ">99.9%"
    return f"{value:.1f}%" if 0 < abs(value) < 9.95 else f"{value:.0f}%" if value < 99.5 or value >= 100 else f"{value:.1f}%"


def made_of(parts: CostParts | None) -> str:
    """Cost of a success as clean cost x failures x waste: ``$0.0120 x 1.05 x 1.30``"""
    return UNKNOWN if parts is None else f"{usd(parts.clean_usd)} x {parts.failures:.2f} x {parts.waste:.2f}"


def cost_of_success(head: Headline) -> str:
    """Cost per successful outcome; where each holds a call without a price, what the others come to is the least that it can be."""
    if head.cost_per_successful_outcome_usd is not None:
        return usd(head.cost_per_successful_outcome_usd)
    known = head.spend_usd / head.successful_outcomes if head.spend_usd and head.successful_outcomes else None
    return f"unknown, at least {usd(known)}" if known else "unknown"


def ms(value: float | None) -> str:
    """Milliseconds as ``850 ms``, ``1.23 s``, ``2.5 min``, ``3.1 h``"""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size < 1:
        return f"{value:.2g} ms" if value else "0 ms"
    for limit, divisor, unit in ((999.5, 1.0, "ms"), (9_995, 1_000.0, "s"), (119_950, 1_000.0, "s"), (3_597_000, 60_000.0, "min")):
        if size < limit:
            digits = 0 if unit == "ms" else 2 if limit == 9_995 else 1
            return f"{value / divisor:.{digits}f} {unit}"
    return f"{value / 3_600_000:.1f} h"


def rate(usd_per_unit: float | None) -> str:
    """A price that is a mean, with three digits: ``$0.123``"""
    return UNKNOWN if usd_per_unit is None or not math.isfinite(usd_per_unit) else usd(Decimal(f"{usd_per_unit:.3g}"))


def hours(value: float | None) -> str:
    """Hours as a duration."""
    return UNKNOWN if value is None else ms(value * 3_600_000)


def break_even(utilisation: float | None) -> str:
    """How busy machines must be to cost no more than hosted."""
    return (
        UNKNOWN
        if utilisation is None
        else f"busy {percent(utilisation)} of the time"
        if utilisation <= 1
        else "none, dearer even when always busy"
    )


def machine_cells(machine: CapacitySpend, places: int) -> tuple[str, str, str]:
    """Paid, busy and idle dollars; the two add up to the first as shown."""
    busy, idle = allocate([machine.busy_usd, machine.idle_usd], places)
    return usd(machine.paid_usd, places), usd(busy, places), usd(idle, places)


def faster(saved_ms: float | None) -> str:
    """Time taken off, as a change: ``-1.20 s``; a dash when unknown."""
    if saved_ms is None or not math.isfinite(saved_ms):
        return UNKNOWN
    return "0 ms" if abs(saved_ms) < 0.5 else f"{'-' if saved_ms > 0 else '+'}{ms(abs(saved_ms))}"


def number(value: float | None, digits: int = 2) -> str:
    """A plain number with at most ``digits`` decimals."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.{digits}f}"


def moment(value: datetime | None, tz: str = "UTC") -> str:
    """``2026-09-01 14:05`` in ``tz``"""
    if value is None:
        return UNKNOWN
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC if tz == "UTC" else ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")


def scalar(value: object) -> str:
    """One value of a finding's evidence."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return str(value)


def mostly_failed(report: Report) -> bool:
    """Fewer than half of the outcomes succeeded; False where that is not known."""
    good = report.headline.successful_outcomes
    return good is not None and 2 * good < report.headline.outcomes


def left_out(live: Interactive) -> str:
    """Pauses that are, or may be, nobody's latency; empty where no request holds any."""
    said = []
    if live.typing_traces:
        among = f"{count(live.typing_traces)} of {plural(live.traces, 'request')}"
        said.append(f"{ms(live.typing_ms)} a conversation, in which a person read and wrote ({among})")
    if live.blind_traces:
        among = f"{count(live.blind_traces)} of {plural(live.traces, 'request')}"
        said.append(
            f"{ms(live.blind_ms)} a request, in long pauses between its calls ({among}): without prompts in the log, a person who reads and writes "
            "cannot be told from a tool that logs nothing"
        )
    return "; ".join(said)


def unanswered(live: Interactive) -> str:
    """Requests that failed in the end, and how long that took: a refusal is no fast answer, a time-out is a wait. Empty where there are none."""
    if not live.unanswered_traces:
        return ""
    among = f"{count(live.unanswered_traces)} of {plural(live.traces, 'request')} ended without an answer"
    return f"{among}, after p50 {ms(live.unanswered_p50_ms)}, p95 {ms(live.unanswered_p95_ms)}"


def requests_and_calls(live: Interactive) -> str:
    """What the latency is told of: ``12 interactive requests, 20 calls, 3 of them without a known end``"""
    endless = f", {count(live.untimed_calls)} of them without a known end" if live.untimed_calls else ""
    return f"{plural(live.traces, 'interactive request')}, {plural(live.calls, 'call')}{endless}"


def nothing_found(report: Report) -> str:
    """What it means that no rule found anything. Only a log with enough calls, mostly successful, and no rule left out is called healthy."""
    head, attempts = report.headline, report.coverage.attempts
    found = f"no rule found anything to fix in {plural(attempts, 'call')}"
    if mostly_failed(report):
        done = f"{count(head.successful_outcomes)} of {plural(head.outcomes, 'outcome')}" if head.successful_outcomes else "no outcome"
        return f"{found[0].upper()}{found[1:]}, but {done} succeeded: look into the failures first."
    if attempts < _FEW_CALLS:
        return f"{found[0].upper()}{found[1:]}, too few to call it healthy."
    unchecked = len(report.coverage.not_checked)
    if unchecked:
        return f"{found[0].upper()}{found[1:]}; {plural(unchecked, 'rule')} could not be checked."
    return f"Healthy: {found}."
