"""Prepaid credits: drawn by a provider's charges in order of time, the soonest to expire first; what is left at the end is lost, and said.

A row that draws is billed that much less and stays effective in full. Together billed cost, drawn credit and what commitments cover equal
what the report counts as spend.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from infercheck.engine.duckdb import Engine, literal
from infercheck.finance.charges import next_id
from infercheck.finance.commitments import purchase
from infercheck.finance.period import DAY, Period
from infercheck.model.call import MONEY
from infercheck.model.finance import Credit


def apply(engine: Engine, credits: Sequence[Credit], period: Period) -> None:
    """Draw the credits; add what was bought and what expired within ``period``."""
    for credit in sorted(credits, key=lambda c: (c.until or date.max, c.since, c.name)):
        drawn = _draw(engine, credit)
        if credit.purchased and period.start <= credit.since < period.end:
            span = (credit.since, credit.since + DAY)
            purchase(engine, credit.name, credit.provider, None, span, credit.usd, credit.usd, "One-Time")
        if credit.until and period.start < credit.until <= period.end and drawn < credit.usd:
            _expired(engine, credit, credit.until - DAY, credit.usd - drawn)


def _draw(engine: Engine, credit: Credit) -> Decimal:
    until = f"AND day < DATE '{credit.until}'" if credit.until else ""
    amount = f"CAST({literal(str(credit.usd))} AS {MONEY})"
    engine.create(
        "drawn",
        f"""
        SELECT charge_id, least(so_far, {amount}) - least(so_far - billed_usd, {amount}) AS usd FROM (
            SELECT charge_id, billed_usd, CAST(sum(billed_usd) OVER (ORDER BY day, charge_id ROWS UNBOUNDED PRECEDING) AS {MONEY}) AS so_far
            FROM charges WHERE category = 'Usage' AND billed_usd > 0
                AND lower(provider) = lower({literal(credit.provider)}) AND day >= DATE '{credit.since}' {until}
        )""",
    )
    engine.execute(
        "UPDATE charges SET billed_usd = billed_usd - d.usd, credit_usd = credit_usd + d.usd FROM drawn d "
        "WHERE d.charge_id = charges.charge_id AND d.usd > 0"
    )
    return Decimal(engine.value("SELECT coalesce(sum(usd), 0) FROM drawn"))


def _expired(engine: Engine, credit: Credit, day: date, usd: Decimal) -> None:
    """Money that was paid and bought nothing is a cost of the day it ran out, of nobody in particular."""
    engine.execute(
        f"INSERT INTO charges BY NAME SELECT ? AS charge_id, CAST(? AS DATE) AS day, CAST(? AS DATE) AS until_day, 'Usage' AS category, "
        "'Usage-Based' AS frequency, ? AS provider, 'unused' AS meter, 'USD' AS unit, "
        f"{', '.join(f'CAST(0 AS {MONEY}) AS {name}' for name in _NOTHING)}, CAST(? AS {MONEY}) AS effective_usd, ? AS commitment, "
        "'Unused' AS commitment_status, CAST(effective_usd AS DECIMAL(38,3)) AS commitment_quantity, 'configured' AS cost_basis, "
        "FALSE AS estimated",
        [next_id(engine), day, day + DAY, credit.provider, usd, credit.name],
    )


_NOTHING = ("list_unit", "contracted_unit", "list_usd", "contracted_usd", "reported_usd", "billed_usd", "credit_usd")
