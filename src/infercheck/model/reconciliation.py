"""A log against its invoices: what `reconcile` prints and what its JSON holds. Money is exact: decimal texts in JSON, USD.

Unknown is None: a usage report names no amount, a cost report no tokens.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from infercheck.model.report import Model

SCHEMA_VERSION = "1.0"
Kind = Literal["matched", "rounding", "price_variance", "log_only", "invoice_only", "unexplained"]
KINDS: tuple[Kind, ...] = ("matched", "rounding", "price_variance", "log_only", "invoice_only", "unexplained")


def plain(value: Decimal) -> str:
    """An amount to its last digit, and no further."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


Exact = Annotated[Decimal, PlainSerializer(plain, return_type=str, when_used="json")]


class ReconciledLine(Model):
    """One kind of agreement or gap for a provider, UTC day, model and meter. A gap is a line of its own; the rest of its key matched."""

    provider: str
    day: date
    model: str | None = Field(description="as the price list names it; null for what is no model")
    meter: str
    kind: Kind
    log_quantity: Exact | None = None
    invoice_quantity: Exact | None = None
    log_usd: Exact | None = None
    invoice_usd: Exact | None = None
    gap_usd: Exact | None = Field(None, description="invoice minus log; null where it has no price")
    note: str = ""


class KindTotal(Model):
    """All lines of one provider and kind."""

    provider: str
    kind: Kind
    lines: int
    log_usd: Exact = Decimal(0)
    invoice_usd: Exact = Decimal(0)
    gap_usd: Exact = Decimal(0)


class Reconciliation(Model):
    """The comparison. ``gross_gap_usd`` adds up gaps without their sign, so that two faults cannot cancel out; roundings are none."""

    schema_version: str = SCHEMA_VERSION
    invoices: list[str]
    invoice_ids: list[str]
    start: date
    end: date = Field(description="the day after the last")
    log_usd: Exact
    invoice_usd: Exact
    gap_usd: Exact
    gross_gap_usd: Exact
    unknown_gaps: int = Field(description="lines whose gap has no price; any makes the comparison fail")
    tolerance_usd: Exact
    within_tolerance: bool
    totals: list[KindTotal]
    lines: list[ReconciledLine]
    notes: list[str]
