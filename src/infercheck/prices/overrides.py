"""Negotiated prices: what a config says instead of, or on top of, the price list."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Usd = Annotated[Decimal, Field(ge=0, max_digits=20)]


class PriceOverride(BaseModel):
    """A price of one's own for the models that match, from ``from`` up to but not including ``until`` (UTC days).

    ``model`` is a glob over the model as logged. The prices are USD per million tokens; what is not given stays as listed, and one that is
    given holds for every bracket of a long-context price. They are prices of one tier (``default`` unless ``tier`` says otherwise).
    ``discount_percent`` comes off whatever the price then is; without ``tier`` it holds for all tiers, without ``meter`` for all meters.
    Later overrides win.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    model: str = "*"
    provider: str | None = None
    since: date | None = Field(default=None, alias="from")
    until: date | None = None
    tier: str | None = None
    input: Usd | None = None
    cache_read: Usd | None = None
    cache_write: Usd | None = None
    cache_write_1h: Usd | None = None
    output: Usd | None = None
    discount_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    meter: str | None = None

    def matches(self, provider: str | None, model: str, day: date) -> bool:
        """True where this override speaks about the model on that day."""
        return (
            (self.provider is None or self.provider.lower() == (provider or "").lower())
            and fnmatchcase(model.lower(), self.model.lower())
            and (self.since is None or day >= self.since)
            and (self.until is None or day < self.until)
        )
