"""What prompt caches read of each workload's input, and what they could have read."""

from __future__ import annotations

from infercheck.model.report import Report
from infercheck.render.figures import percent
from infercheck.render.html._bars import Bar, bars
from infercheck.render.html._figure import Cell, Column, Figure, Table, counted, dollars, name
from infercheck.render.html._theme import ACCENT, OTHER, SAVE
from infercheck.render.money import places_in_tables, usd

_BARS = 10
_COLOURS = {"read from a cache": ACCENT, "could be read": SAVE, "new each time, or unknown": OTHER}
_TOKENS = "format(datum.value, '~s')"
MISSING = "Prompt cache: no cached tokens in the log, and no rule says that there could be."


def figure(report: Report, tz: str) -> Figure | None:
    """None where nothing is cached and no rule says that it could be."""
    jobs = report.pictures.cache if report.pictures else []
    if not jobs:
        return None
    places = places_in_tables(report.headline.spend_usd)
    rows = []
    for w in jobs[:_BARS]:
        read = w.cache_read_tokens or 0
        could = min(w.could_read_tokens, max(w.input_tokens - read, 0))
        parts = [
            ("read from a cache", read),
            ("could be read", could),
            ("new each time, or unknown", max(w.input_tokens - read - could, 0)),
        ]
        rows.append(
            Bar(
                name(w.workload),
                [
                    (part, float(n), f"{name(w.workload)}: {n:,} input tokens {part} ({percent(n / w.input_tokens)})")
                    for part, n in parts
                    if n
                ],
                f"saves {usd(w.saves_usd, places)}" if w.saves_usd else "",
            )
        )
    table = [
        [
            Cell(name(w.workload)),
            counted(w.input_tokens),
            counted(w.cache_read_tokens),
            counted(w.could_read_tokens),
            dollars(w.saves_usd, places),
        ]
        for w in jobs
    ]
    best = jobs[0]
    says = (
        f"{percent(best.could_read_tokens / best.input_tokens)} of what {name(best.workload)} sends could be read from a cache."
        if best.could_read_tokens
        else "What can be cached is cached, as far as the log tells."
    )
    more = f" {len(jobs) - _BARS:,} more are in the table." if len(jobs) > _BARS else ""
    columns = (
        Column("Workload", False),
        Column("Input tokens"),
        Column("Read from a cache"),
        Column("Could be read"),
        Column("Saves, counted once"),
    )
    return Figure(
        id="cache",
        title="Prompt cache by workload",
        says=says + more,
        spec=lambda width: bars(rows, _COLOURS, width, axis=_TOKENS),
        table=Table("cache-data", "Prompt cache by workload, input tokens", columns, table),
    )
