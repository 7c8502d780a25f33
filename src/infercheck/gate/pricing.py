"""Summed tokens times prices of one table: what the price effect is told from, and how a baseline of other prices is brought up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache

from infercheck.config import Config
from infercheck.model.snapshot import Tokens
from infercheck.prices.overrides import PriceOverride
from infercheck.prices.quote import Quote, Rates, quote


class Pricer:
    """Prices of this version's list and this run's config."""

    def __init__(self, config: Config) -> None:
        self._overrides: Sequence[PriceOverride] = [PriceOverride(**price.override()) for price in config.price]
        self._quote = cache(self._found)

    def usd(self, row: Tokens, day: date) -> Decimal | None:
        """The list's price of these tokens on that day; None where it has none. A tier without a price of its own costs the default."""
        if row.model is None:
            return None
        found = self._quote(row.provider, row.model, day, row.tier) or self._quote(row.provider, row.model, day, "default")
        rates = next((r for r in found.brackets if r.above == row.above), None) if found else None
        return None if rates is None or rates.input is None or rates.output is None else _cost(row, rates, rates.input, rates.output)

    def _found(self, provider: str | None, model: str, day: date, tier: str) -> Quote | None:
        return quote(provider, model, day, tier, self._overrides)


def _cost(row: Tokens, rates: Rates, text_in: Decimal, text_out: Decimal) -> Decimal:
    """As ``infercheck.prices.cost.cost_expression``, over sums: an absent cache or audio price means the plain one."""

    def price(*choice: Decimal | None) -> Decimal:
        return next((p for p in choice if p is not None), Decimal(0))

    audio_in = 0 if rates.audio_input is None else row.audio_input
    audio_out = 0 if rates.audio_output is None else row.audio_output
    return (
        max(row.uncached - audio_in, 0) * text_in
        + audio_in * price(rates.audio_input, text_in)
        + row.cache_read * price(rates.cache_read, text_in)
        + row.cache_write_5m * price(rates.cache_write_5m, text_in)
        + row.cache_write_1h * price(rates.cache_write_1h, rates.cache_write_5m, text_in)
        + max(row.output - audio_out, 0) * text_out
        + audio_out * price(rates.audio_output, text_out)
        + row.metered_calls * rates.request
    )
