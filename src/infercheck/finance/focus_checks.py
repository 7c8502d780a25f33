"""Row by row checks of a FOCUS 1.2 dataset, for what the official validator does not look at: it checks closed lists, date-times and
price x quantity for no single row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from infercheck.finance.focus import SKU_METERS, TIMES

if TYPE_CHECKING:
    import polars as pl

CLOSED = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other"},
    "CommitmentDiscountCategory": {"Spend", "Usage"},
    "CommitmentDiscountStatus": {"Used", "Unused"},
    "SkuMeter": set(SKU_METERS),
}
REQUIRED = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory", "ChargePeriodStart"),
    *(
        "ChargePeriodEnd",
        "ContractedCost",
        "EffectiveCost",
        "InvoiceIssuerName",
        "ListCost",
        "ProviderName",
        "PublisherName",
        "ServiceCategory",
    ),
    *("ServiceName", "SkuId", "SkuPriceId", "ListUnitPrice", "ContractedUnitPrice", "PricingQuantity", "PricingUnit"),
)
_COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_JSON = ("Tags", "SkuPriceDetails")
_UNIT = r"^(\d+ )?[A-Z][A-Za-z]+$"
_AT_ONCE = 100_000  # rows
_GRAIN = (
    *("BillingAccountId", "SubAccountId", "ChargePeriodStart", "ChargeCategory", "SkuPriceId", "CommitmentDiscountId", "RegionId", "Tags"),
    *("x_Team", "x_ApiKeyAlias"),
)


def violations(frame: pl.DataFrame, *, spend_usd: Decimal | None = None) -> list[str]:
    """What is wrong, one sentence each, with how many rows and the first of them (1-based). ``spend_usd``: what the report counts."""
    found = [sentence for sentence in _sentences(frame) if sentence]
    if spend_usd is not None:
        total = Decimal(frame.get_column("x_ReportedCost").sum() or 0)
        if total != spend_usd:
            found.append(f"x_ReportedCost sums to {total:f}, the report's spend is {spend_usd:f}")
    return found


def violations_in(path: Path) -> list[str]:
    """The same of a dataset in a Parquet file, a part at a time; that no meter stands twice is looked up over all of it."""
    import polars as pl

    scan, found = pl.scan_parquet(path), dict[str, None]()
    rows = int(scan.select(pl.len()).collect().item())
    for first in range(0, rows, _AT_ONCE):
        found |= dict.fromkeys(violations(scan.slice(first, _AT_ONCE).collect()))
    if rows > _AT_ONCE and not found:
        grain = scan.select(pl.struct(_GRAIN).hash().alias("grain")).collect(engine="streaming").get_column("grain")
        if grain.n_unique() < rows:
            found["one meter stands twice for the same day and payer"] = None
    return list(found)


def _sentences(frame: pl.DataFrame) -> Iterator[str]:
    import polars as pl

    col, lit = pl.col, pl.lit

    def bad(test: pl.Expr, what: str) -> str:
        rows = frame.with_row_index("row", 1).filter(test.fill_null(value=False)).get_column("row")
        return f"{what}: {len(rows)} of {frame.height} rows, the first is row {rows[0]}" if len(rows) else ""

    for name in (n for n in REQUIRED if n in frame.columns):
        yield bad(col(name).is_null(), f"{name} is null")
    for name in (n for n, kind in frame.schema.items() if kind == pl.String):
        yield bad(col(name).str.strip_chars() == "", f"{name} is empty text, not null")
    for name, allowed in CLOSED.items():
        yield bad(col(name).is_not_null() & ~col(name).is_in(list(allowed)), f"{name} is none of {', '.join(sorted(allowed))}")
    for name in TIMES:
        if frame.schema[name] == pl.String:
            yield bad(~col(name).str.contains(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"), f"{name} is not YYYY-MM-DDTHH:MM:SSZ")
    yield bad(col("ChargePeriodStart") >= col("ChargePeriodEnd"), "a charge ends before it starts")
    yield bad(
        (col("ChargePeriodStart") < col("BillingPeriodStart")) | (col("ChargePeriodStart") >= col("BillingPeriodEnd")),
        "a charge starts outside its billing period",
    )
    for kind in ("List", "Contracted"):
        yield bad(
            col(f"{kind}UnitPrice") * col("PricingQuantity") != col(f"{kind}Cost"), f"{kind}Cost is not {kind}UnitPrice x PricingQuantity"
        )
    for name in _COSTS:
        yield bad((col(name) < 0) & col("ChargeCategory").is_in(["Usage", "Purchase"]), f"{name} is negative")
    yield bad((col("ChargeCategory") == "Purchase") & (col("EffectiveCost") != 0), "a purchase has an effective cost of its own")
    yield bad((col("ChargeCategory") == "Purchase") & (col("ChargeFrequency") == "Usage-Based"), "a purchase is usage-based")
    consumes = (col("ChargeCategory") == "Usage") & (col("CommitmentDiscountStatus").fill_null(lit("")) != "Unused")
    yield bad(consumes & col("ConsumedQuantity").is_null(), "usage without a ConsumedQuantity")
    yield bad(~consumes & col("ConsumedQuantity").is_not_null(), "a ConsumedQuantity where nothing is consumed")
    yield bad(col("ConsumedQuantity").is_null() != col("ConsumedUnit").is_null(), "ConsumedQuantity and ConsumedUnit do not go together")
    tokens = consumes & (col("PricingUnit") == "1000000 Tokens")
    yield bad(
        tokens & (col("ConsumedQuantity") != col("PricingQuantity") * 1_000_000), "PricingQuantity is not ConsumedQuantity in millions"
    )
    for name in ("ConsumedUnit", "PricingUnit", "CommitmentDiscountUnit"):
        yield bad(~col(name).str.contains(_UNIT), f"{name} is no unit such as Tokens or 1000000 Tokens")
    yield bad(~col("BillingCurrency").str.contains(r"^[A-Z]{3}$"), "BillingCurrency is no ISO 4217 code")
    yield bad(col("SubAccountId").is_null() & col("SubAccountName").is_not_null(), "SubAccountName without a SubAccountId")
    for name in _JSON:
        yield bad(~col(name).map_elements(_flat, return_dtype=pl.Boolean, skip_nulls=True), f"{name} is not one flat JSON object")
    yield bad(frame.select(_GRAIN).is_duplicated(), "one meter stands twice for the same day and payer")  # type: ignore[arg-type]


def _flat(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and not any(isinstance(value, dict | list) for value in found.values())
