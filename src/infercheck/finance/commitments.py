"""Provisioned throughput: its price spread over the days of its term, borne by the calls that used it, the unused rest a row of its own.

Over a whole term the effective cost of its usage rows, used and unused, equals what was paid for it: the daily shares are differences of
running totals, so no digit is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from infercheck.engine.duckdb import Engine
from infercheck.finance.charges import next_id, scaled, unscaled
from infercheck.finance.period import DAY, Period, days, month_of
from infercheck.model.call import MONEY
from infercheck.model.finance import Commitment

_PLACES = Decimal("0.000000000001")
_THOUSANDTHS = 1000  # weights have three decimals
_OUTPUT = ("output", "audio_output")
_FULL = ("input", "cache_write", "cache_write_1h", "audio_input", "tokens")


def apply(engine: Engine, commitments: Sequence[Commitment], period: Period) -> None:
    """Move the cost of covered calls from billed to amortised, and add purchases and unused rows for the days of ``period``."""
    if not commitments:
        return
    _load(engine, commitments, period)
    _used(engine)
    _unused(engine)
    for plan in commitments:
        _purchases(engine, plan, period)


def daily(plan: Commitment) -> Iterator[tuple[date, Decimal]]:
    """Each day of the term with its share of the price; the shares sum to the price, to the last digit."""
    count = (plan.until - plan.since).days
    total = plan.usd if plan.usd is not None else (plan.usd_per_hour or Decimal(0)) * 24 * count
    before = Decimal(0)
    for number, day in enumerate(days(plan.since, plan.until), start=1):
        after = (total * number / count).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
        yield day, after - before
        before = after


def _load(engine: Engine, commitments: Sequence[Commitment], period: Period) -> None:
    whose = {"commitment": "VARCHAR", "provider": "VARCHAR", "team": "VARCHAR"}
    engine.create_empty("commitment_days", {**whose, "day": "DATE", "cost": MONEY, "capacity": "HUGEINT"})
    engine.create_empty("commitment_weights", {"commitment": "VARCHAR", "meter": "VARCHAR", "weight": "HUGEINT"})
    for plan in commitments:
        capacity = plan.tokens_per_minute * 1440 * _THOUSANDTHS if plan.tokens_per_minute else None
        for day, cost in daily(plan):
            if period.start <= day < period.end:
                engine.execute(
                    "INSERT INTO commitment_days VALUES (?, ?, ?, ?, ?, ?)", [plan.name, plan.provider, plan.team, day, cost, capacity]
                )
        weights = {**dict.fromkeys(_FULL, Decimal(1)), **dict.fromkeys(_OUTPUT, plan.output_weight), "cache_read": plan.cached_weight}
        for meter, weight in weights.items():
            engine.execute("INSERT INTO commitment_weights VALUES (?, ?, ?)", [plan.name, meter, int(weight * _THOUSANDTHS)])


def _used(engine: Engine) -> None:
    """Table ``commitment_use``: weighted tokens and cost of every covered charge. The price of the day, or the share of its capacity in use."""
    engine.create(
        "commitment_use",
        f"""
        WITH weighed AS (
            SELECT c.charge_id, c.commitment, c.day, d.cost, d.capacity, CAST(c.quantity AS HUGEINT) * coalesce(w.weight, 0) AS weighed
            FROM charges c
            JOIN commitment_days d ON d.commitment = c.commitment AND d.day = c.day
            LEFT JOIN commitment_weights w ON w.commitment = c.commitment AND w.meter = c.meter AND c.unit = 'Tokens'
        ), totals AS (
            SELECT *, CAST(sum(weighed) OVER (PARTITION BY commitment, day) AS HUGEINT) AS total,
                row_number() OVER (PARTITION BY commitment, day ORDER BY weighed DESC, charge_id) AS by_size
            FROM weighed
        ), borne AS (
            SELECT *, CASE WHEN total = 0 THEN CAST(0 AS {MONEY}) WHEN capacity IS NULL OR total >= capacity THEN cost
                ELSE {unscaled(f"{scaled('cost')} * total // capacity")} END AS day_cost
            FROM totals
        ), shared AS (
            SELECT *, CASE WHEN total = 0 THEN CAST(0 AS {MONEY}) ELSE {unscaled(f"{scaled('day_cost')} * weighed // total")} END AS share
            FROM borne
        )
        SELECT charge_id, commitment, day, CAST(CAST(weighed AS DECIMAL(35,0)) * CAST(0.001 AS DECIMAL(4,3)) AS DECIMAL(38,3)) AS weighed,
            CASE WHEN by_size = 1 THEN share + day_cost - sum(share) OVER (PARTITION BY commitment, day) ELSE share END AS cost
        FROM shared""",
    )
    engine.execute(
        "UPDATE charges SET billed_usd = 0, effective_usd = u.cost, commitment_status = 'Used', commitment_quantity = u.weighed "
        "FROM commitment_use u WHERE u.charge_id = charges.charge_id"
    )


def _unused(engine: Engine) -> None:
    """What the calls of a day did not bear. Where the capacity is unknown so is the unused quantity: then it is the cost alone, quantity 0."""
    first = next_id(engine)
    engine.execute(f"""
        INSERT INTO charges BY NAME
        SELECT {first} + row_number() OVER (ORDER BY day, commitment) - 1 AS charge_id, day, CAST(day + INTERVAL 1 DAY AS DATE) AS until_day,
            'Usage' AS category, 'Usage-Based' AS frequency, provider, team, 'unused' AS meter, 'Tokens' AS unit,
            CAST(0 AS {MONEY}) AS list_unit, CAST(0 AS {MONEY}) AS contracted_unit, CAST(0 AS {MONEY}) AS list_usd,
            CAST(0 AS {MONEY}) AS contracted_usd, CAST(0 AS {MONEY}) AS reported_usd, CAST(0 AS {MONEY}) AS billed_usd,
            rest AS effective_usd, CAST(0 AS {MONEY}) AS credit_usd, commitment, 'Unused' AS commitment_status,
            spare AS commitment_quantity, 'configured' AS cost_basis, FALSE AS estimated
        FROM (
            SELECT d.day, d.commitment, d.provider, d.team, d.cost - coalesce(u.cost, 0) AS rest,
                greatest(CAST(CAST(coalesce(d.capacity, 0) AS DECIMAL(35,0)) * CAST(0.001 AS DECIMAL(4,3)) AS DECIMAL(38,3))
                    - coalesce(u.weighed, 0), 0) AS spare
            FROM commitment_days d
            LEFT JOIN (SELECT commitment, day, sum(cost) AS cost, sum(weighed) AS weighed FROM commitment_use GROUP BY commitment, day) u
                ON u.commitment = d.commitment AND u.day = d.day
        ) WHERE rest > 0""")


def _purchases(engine: Engine, plan: Commitment, period: Period) -> None:
    """What was paid, on the day it fell due: the first of the term, of each month, or every day."""
    shares = list(daily(plan))
    due: dict[date, tuple[date, Decimal]] = {}
    for day, cost in shares:
        first = {"upfront": plan.since, "monthly": max(plan.since, month_of(day).start), "daily": day}[plan.payment]
        _, so_far = due.get(first, (day, Decimal(0)))
        due[first] = (day + DAY, so_far + cost)
    for first, (until, cost) in due.items():
        if period.start <= first < period.end:
            minutes = 1440 * (until - first).days
            quantity = plan.tokens_per_minute * minutes if plan.tokens_per_minute else 0
            frequency = "One-Time" if plan.payment == "upfront" else "Recurring"
            purchase(engine, plan.name, plan.provider, plan.team, (first, until), cost, Decimal(quantity), frequency)


def purchase(
    engine: Engine,
    name: str,
    provider: str,
    team: str | None,
    span: tuple[date, date],
    usd: Decimal,
    quantity: Decimal,
    frequency: str,
) -> None:
    """Add a purchase: billed now, effective through the usage that it pays for, so nothing of it here."""
    engine.execute(
        "INSERT INTO charges BY NAME SELECT ? AS charge_id, CAST(? AS DATE) AS day, CAST(? AS DATE) AS until_day, 'Purchase' AS category, "
        "? AS frequency, ? AS provider, ? AS team, 'purchase' AS meter, CAST(? AS DECIMAL(38,12)) AS list_unit, "
        "list_unit AS contracted_unit, list_unit AS list_usd, list_unit AS contracted_usd, CAST(0 AS DECIMAL(38,12)) AS reported_usd, "
        "list_unit AS billed_usd, CAST(0 AS DECIMAL(38,12)) AS effective_usd, CAST(0 AS DECIMAL(38,12)) AS credit_usd, ? AS commitment, "
        "CAST(? AS DECIMAL(38,3)) AS commitment_quantity, 'configured' AS cost_basis, FALSE AS estimated",
        [next_id(engine), *span, frequency, provider, team, usd, name, quantity],
    )
