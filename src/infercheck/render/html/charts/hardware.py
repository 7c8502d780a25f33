"""Machines of one's own: hours paid, busy and idle, and what the same tokens cost hosted. A table: there are few of them."""

from __future__ import annotations

from infercheck.model.report import Report
from infercheck.render.figures import break_even, hours, machine_cells, rate
from infercheck.render.html._figure import ROWS, Cell, Column, Table, name, shared
from infercheck.render.money import usd


def listed(report: Report, places: int) -> Table | None:
    """None without machines."""
    machines = report.spend.by_capacity
    if not machines:
        return None
    rows = []
    for m in machines[:ROWS]:
        paid, busy, idle = machine_cells(m, places)
        hosted = f"{name(m.hosted, 40)} {rate(m.hosted_usd_per_mtok)}" if m.hosted else "unknown"
        rows.append(
            [
                Cell(name(m.capacity), None, f"{m.units} x {name(m.unit, 20)}, {usd(m.usd_per_hour)} an hour"),
                Cell(hours(m.paid_hours), m.paid_hours),
                shared(m.utilisation),
                Cell(paid, float(m.paid_usd)),
                Cell(busy),
                Cell(idle),
                Cell(rate(m.usd_per_mtok), m.usd_per_mtok),
                Cell(hosted),
                Cell(break_even(m.break_even_utilisation)),
            ]
        )
    columns = (
        Column("Machines", False),
        Column("Hours"),
        Column("Busy"),
        Column("Paid"),
        Column("Calls bear"),
        Column("Idle"),
        Column("A million tokens"),
        Column("Hosted", False),
        Column("Break-even", False),
    )
    left = len(machines) - ROWS
    return Table("hardware", "Machines of your own", columns, rows, (f"{left:,} more", *[""] * 8) if left > 0 else ())
