"""Tables of what the latency rules found on deployments: where queueing starts, boots after pauses, bursts."""

from __future__ import annotations

from infercheck.model.report import Report
from infercheck.render.figures import count, ms
from infercheck.render.html._figure import ROWS, Cell, Column, Table, counted, name, shared, timed


def tables(report: Report) -> list[Table]:
    """Those that have a row."""
    return [table for table in (_queueing(report), _cold_starts(report), _bursts(report)) if table.rows]


def _queueing(report: Report) -> Table:
    found = [q for q in report.latency.queueing if q.status == "identified"]
    rows = [
        [Cell(_where(q.deployment)), counted(q.calls), counted(q.still_idle_at), counted(q.waiting_from), shared(q.share_above)]
        for q in found[:ROWS]
    ]
    columns = (
        Column("Deployment", False),
        Column("Streamed calls"),
        Column("Idle up to"),
        Column("Waits from"),
        Column("Interactive calls above"),
    )
    return Table("queueing", "Where queueing starts, calls in flight", columns, rows, _rest(len(found), len(columns)))


def _cold_starts(report: Report) -> Table:
    found = report.latency.cold_starts
    rows = [
        [
            Cell(_where(c.deployment)),
            Cell(ms(c.pause_s * 1000), c.pause_s),
            Cell(f"{count(c.slow_pauses)} of {count(c.pauses)}", c.slow_pauses),
            counted(c.calls),
            timed(c.waste_ms_p50),
        ]
        for c in found[:ROWS]
    ]
    columns = (Column("Deployment", False), Column("After a pause of"), Column("Boots"), Column("Calls that waited"), Column("Wait p50"))
    return Table("cold-starts", "Cold starts", columns, rows, _rest(len(found), len(columns)))


def _bursts(report: Report) -> Table:
    found = report.latency.bursts
    rows = [
        [
            Cell(_where(b.deployment), None, f"from {name(b.from_workload, 40)}" if b.from_workload else ""),
            counted(b.bursts),
            counted(b.largest),
            Cell(f"{b.usual:g}", b.usual),
            counted(b.calls),
            shared(b.excess_share),
            shared(b.calls_share),
        ]
        for b in found[:ROWS]
    ]
    columns = (
        Column("Deployment", False),
        Column("Bursts"),
        Column("Largest in 5 s"),
        Column("Usual"),
        Column("Calls that waited"),
        Column("Of the waiting"),
        Column("Of the calls"),
    )
    return Table("bursts", "Bursts: calls that start together wait for each other", columns, rows, _rest(len(found), len(columns)))


def _where(deployment: str | None) -> str:
    return name(deployment) if deployment else "unknown deployment"


def _rest(found: int, columns: int) -> tuple[str, ...]:
    return (f"{found - ROWS:,} more", *[""] * (columns - 1)) if found > ROWS else ()
