"""What waits were found besides queues: the first token taken apart, cold starts, bursts. A line each, none where there is nothing."""

from __future__ import annotations

from infercheck.model.report import Report
from infercheck.model.waits import FirstToken
from infercheck.render._page import Page
from infercheck.render.figures import ms, percent, plural

_SHOWN = 3


def waits(page: Page, report: Report) -> None:
    """Lines for the latency section of the text report."""
    _first_token(page, report.latency.first_token)
    _cold_starts(page, report)
    _bursts(page, report)


def _first_token(page: Page, rows: list[FirstToken]) -> None:
    """All streamed calls whose expectation is known, as one sum."""
    known = [row for row in rows if row.basis]
    calls = sum(row.calls for row in known)
    if not calls:
        return
    parts = {
        "expected": [row.expected_ms for row in known],
        "for distance": [row.region_ms for row in known],
        "for cold starts": [row.cold_start_ms for row in known],
        "queueing": [row.queueing_ms for row in known],
        "unexplained": [row.unexplained_ms for row in known],
    }
    means = {
        name: sum((value or 0) * row.calls for value, row in zip(values, known, strict=True)) / calls for name, values in parts.items()
    }
    whole = sum(row.mean_ms * row.calls for row in known) / calls
    named = ", ".join(f"{ms(mean)} {name}" for name, mean in means.items() if name == "expected" or abs(mean) >= 1)
    page.paragraph(f"first token: {ms(whole)} on average over {plural(calls, 'streamed call')}: {named}")


def _cold_starts(page: Page, report: Report) -> None:
    for cold in report.latency.cold_starts[: None if page.style.verbose else _SHOWN]:
        pauses = f"{cold.slow_pauses} of {plural(cold.pauses, 'pause')} of {cold.pause_s:g} s or more ended in one"
        told = f"{pauses}; {plural(cold.calls, 'call')} waited {ms(cold.waste_ms_p50)} longer at the median"
        page.paragraph(page.joined("cold starts:", page.text(cold.deployment or "unknown deployment", "bold", 60), page.text(told)))


def _bursts(page: Page, report: Report) -> None:
    for burst in report.latency.bursts[: None if page.style.verbose else _SHOWN]:
        held = f"hold {percent(burst.excess_share)} of the waiting and {percent(burst.calls_share)} of the calls"
        told = f"{burst.bursts} of up to {plural(burst.largest, 'start')} in 5 s {held}"
        page.paragraph(page.joined("bursts:", page.text(burst.deployment or "unknown deployment", "bold", 60), page.text(told)))
