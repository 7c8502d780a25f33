"""Dated currency rates of the config as a table, and exact division by one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.errors import UsageError
from infercheck.finance.charges import UNIT, scaled, unscaled
from infercheck.model.call import MONEY


def usd_per_unit(config: Config, currency: str, day: date) -> Decimal | None:
    """USD for one unit of ``currency`` on a UTC day: the newest [[rate]] that has begun; None for none."""
    if currency == "USD":
        return Decimal(1)
    rates = [(r.since or date.min, r.usd) for r in config.rate if r.currency == currency and (r.since is None or r.since <= day)]
    return max(rates)[1] if rates else None


def fill(engine: Engine, config: Config) -> None:
    """Fill ``billing_rates``: USD for one unit of the billing currency on each day that has a charge."""
    currency = config.finance.billing_currency
    engine.create_empty("billing_rates", {"day": "DATE", "usd": MONEY})
    for (day,) in engine.rows("SELECT DISTINCT day FROM charges ORDER BY day"):
        rate = usd_per_unit(config, currency, day)
        if rate is None:
            raise UsageError(
                f"no rate for {currency} on {day}", where=config.where or "config", hint=f'[[rate]] currency = "{currency}", usd = ...'
            )
        engine.execute("INSERT INTO billing_rates VALUES (?, ?)", [day, rate])


def in_currency(amount: str, rate: str, places: int = 12) -> str:
    """SQL: a non-negative amount of USD in another currency, half to even at ``places`` decimals, at most 12."""
    coarse = 10 ** (12 - places)
    return unscaled(f"({half_even(f'({scaled(amount)} * {UNIT})', f'({scaled(rate)} * {coarse})')} * {coarse})")


def half_even(above: str, below: str) -> str:
    """SQL: one whole number over another, both non-negative, rounded half to even."""
    quotient, rest = f"({above} // {below})", f"(2 * ({above} % {below}))"
    return f"({quotient} + CASE WHEN {rest} > {below} OR ({rest} = {below} AND {quotient} % 2 = 1) THEN 1 ELSE 0 END)"
