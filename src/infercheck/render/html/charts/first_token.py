"""Time to first token taken apart: what an idle deployment takes, and what region, boots and queues add."""

from __future__ import annotations

from infercheck.model.report import Report
from infercheck.model.waits import FirstToken
from infercheck.render.figures import ms, plural
from infercheck.render.html._bars import Bar, bars
from infercheck.render.html._figure import ROWS, Cell, Column, Figure, Table, counted, name, timed
from infercheck.render.html._theme import BAD, GUESS, MS_LABEL, OTHER, SERIES

MISSING = "Time to first token taken apart: no streamed call has an idle deployment to compare with."
_BARS = 8
_COLOURS = {"as expected": SERIES[0], "far region": SERIES[3], "cold start": BAD, "queueing": GUESS, "unexplained": OTHER}


def figure(report: Report, tz: str) -> Figure | None:
    """None where nothing says what to expect of a first token."""
    known = [f for f in report.latency.first_token if f.mean_ms is not None and f.expected_ms is not None]
    if not known:
        return None
    rows = [
        Bar(_title(f), [(part, v, f"{_title(f)}: {part} {ms(v)}") for part, v in _parts(f) if v > 0], ms(f.mean_ms)) for f in known[:_BARS]
    ]
    table = [
        [Cell(_title(f)), counted(f.calls), timed(f.mean_ms), *(timed(v) for _, v in _parts(f)), Cell(f.basis or "unknown")]
        for f in known[:ROWS]
    ]
    most = max(known, key=lambda f: f.calls * (f.mean_ms - (f.expected_ms or 0)))
    over = most.mean_ms - (most.expected_ms or 0)
    says = f"Most time beyond the expected: {_title(most)}, {ms(over)} a call." if over > 0 else "No deployment is slower than expected."
    left = len(known) - _BARS
    columns = (
        Column("Deployment and prompt", False),
        Column("Calls"),
        Column("Mean"),
        *(Column(part.capitalize()) for part in _COLOURS),
        Column("Expected by", False),
    )
    rest = (f"{len(known) - ROWS:,} more", *[""] * (len(columns) - 1)) if len(known) > ROWS else ()
    return Figure(
        id="first-token",
        title="What the first token waits for",
        says=says + (f" {plural(left, 'more row is', 'more rows are')} in the table." if left > 0 else ""),
        spec=lambda width: bars(rows, _COLOURS, width, axis=MS_LABEL),
        table=Table("first-token-data", "Time to first token, means", columns, table, rest),
    )


def _parts(row: FirstToken) -> list[tuple[str, float]]:
    values = (row.expected_ms, row.region_ms, row.cold_start_ms, row.queueing_ms, row.unexplained_ms)
    return [(part, value or 0.0) for part, value in zip(_COLOURS, values, strict=True)]


def _title(row: FirstToken) -> str:
    return name(f"{row.deployment or row.model or 'unknown deployment'}, {row.input_tokens_from:,} to {row.input_tokens_to:,} tokens")
