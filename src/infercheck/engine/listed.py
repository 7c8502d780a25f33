"""A query cut to the rows that a report holds, with exact sums of the rest. All rows stay in the database, which may spill."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from infercheck.engine.duckdb import Engine, quoted
from infercheck.model.more import MOST_ROWS, More


def listed(
    engine: Engine, table: str, select: str, order: str, *, usd: str | None = None, calls: str = "calls", most: int = MOST_ROWS
) -> tuple[list[dict[str, Any]], More | None]:
    """The first ``most`` rows of ``select`` by ``order``, which must not leave ties; None where that is all.

    ``usd`` and ``calls`` are columns to sum over the rest. All rows are left in temporary table ``table``.
    """
    engine.create(table, select)
    rows = engine.dicts(f"SELECT * FROM {quoted(table)} ORDER BY {order} LIMIT {most}")
    if len(rows) < most or engine.value(f"SELECT count(*) FROM {quoted(table)}") == most:
        return rows, None
    beyond = f"SELECT * FROM {quoted(table)} ORDER BY {order} LIMIT 9223372036854775807 OFFSET {most}"
    money = "CAST(NULL AS DECIMAL(38, 12))" if usd is None else f"sum({quoted(usd)})"
    count, of_calls, dollars = engine.rows(f"SELECT count(*), CAST(sum({quoted(calls)}) AS BIGINT), {money} FROM ({beyond})")[0]
    return rows, More(rows=count, calls=of_calls, usd=None if dollars is None else Decimal(dollars))
