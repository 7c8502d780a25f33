"""AWS Cost and Usage Report 2.0, CSV or Parquet: the lines of Amazon Bedrock. Others are left out.

A usage type names region, model, meter and tier, as in USE1-NovaPro-input-tokens-batch; Marketplace models have theirs in the product's name
(USE1-MP:USE1_InputTokenCount-Units, "Claude Haiku 4.5 (Amazon Bedrock Edition)"). Tokens come in thousands or millions: pricing_unit says.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infercheck.config import Config
from infercheck.errors import InputError
from infercheck.finance.invoices.document import OTHER, Document, Line, places_of, utc_day

if TYPE_CHECKING:
    import polars as pl

NAME = "AWS CUR 2.0"

_NEEDED = ("line_item_usage_start_date", "line_item_usage_type", "line_item_unblended_cost")
_OPTIONAL = (
    *("line_item_product_code", "line_item_line_item_type", "line_item_line_item_description", "line_item_usage_amount", "pricing_unit"),
    *("line_item_currency_code", "bill_invoice_id", "product", "product_product_name", "product_name"),
)
_UNITS = {"1k tokens": 1000, "1m tokens": 1_000_000, "tokens": 1, "token": 1}
_METERS = (
    (r"cache[-_]?read", "cache_read"),
    (r"cache[-_]?write.*1h|1h.*cache[-_]?write", "cache_write_1h"),
    (r"cache[-_]?write", "cache_write"),
    (r"input[-_]?token", "input"),
    (r"output[-_]?token|response[-_]?token", "output"),
)
_REGION = re.compile(r"^[A-Z]{2,4}\d?-(?:MP:[A-Z]{2,4}\d?_)?")


def recognises(document: Document, config: Config) -> bool:
    """The columns of CUR 2.0."""
    return all(name in document.columns for name in _NEEDED)


def lines(document: Document, config: Config) -> list[Line]:
    """Bedrock's lines, summed by day and usage type."""
    frame = _bedrock(document)
    places = places_of([Decimal(a).normalize() for a in frame.get_column("amount").unique().to_list()])
    return [_line(row, places, str(document.path)) for row in frame.iter_rows(named=True)]


def _bedrock(document: Document) -> pl.DataFrame:
    """One row a day, usage type and kind of line; amounts as decimals, never as floats."""
    import polars as pl

    table = document.table
    assert table is not None  # noqa: S101 -- recognises() saw its columns
    text = [_as_text(table, name) for name in _OPTIONAL if name in table.columns]
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in _OPTIONAL if name not in table.columns]
    kept = table.select(*(pl.col(name).cast(pl.String) for name in _NEEDED[:2]), pl.col(_NEEDED[2]), *text, *absent)
    names = pl.concat_str(
        [pl.col(n) for n in ("line_item_product_code", "product", "product_product_name", "product_name")], ignore_nulls=True
    )
    kept = kept.filter(names.str.contains("(?i)bedrock") | pl.col("line_item_usage_type").str.contains(r"(?i)\banthropic\."))
    amount = pl.col("line_item_unblended_cost").cast(pl.Decimal(38, 12), strict=False)
    quantity = pl.col("line_item_usage_amount").cast(pl.Decimal(38, 12), strict=False)
    kept = kept.with_columns(amount=amount, quantity=quantity, day=pl.col("line_item_usage_start_date").str.slice(0, 10))
    lost = kept.filter(pl.col("amount").is_null() & pl.col("line_item_unblended_cost").is_not_null())
    if lost.height:
        raise InputError(f"{lost.get_column('line_item_unblended_cost')[0]!r} is no amount", where=str(document.path))
    keys = [
        name
        for name in kept.columns
        if name not in {"amount", "quantity", "line_item_usage_start_date", "line_item_usage_amount", _NEEDED[2]}
    ]
    return kept.group_by(keys, maintain_order=True).agg(pl.col("amount").sum(), pl.col("quantity").sum())


def _as_text(table: pl.DataFrame, name: str) -> pl.Expr:
    """A column as text: in Parquet, product is a map."""
    import polars as pl

    kind = table.schema[name]
    if isinstance(kind, pl.Struct):
        return pl.col(name).struct.json_encode()
    if isinstance(kind, pl.List):  # of key and value
        return pl.col(name).map_elements(lambda pairs: json.dumps({p["key"]: p["value"] for p in pairs}), return_dtype=pl.String)
    return pl.col(name).cast(pl.String)


def _line(row: dict[str, Any], places: int, where: str) -> Line:
    usage_type, kind = str(row["line_item_usage_type"] or ""), str(row["line_item_line_item_type"] or "Usage")
    model, meter = meter_of(usage_type, _product(row))
    size = _UNITS.get(str(row["pricing_unit"] or "").lower(), 1_000_000 if usage_type.endswith("-Units") else None)
    token = meter != OTHER and kind in {"Usage", "DiscountedUsage"}
    quantity = Decimal(row["quantity"]) * size if token and size and row["quantity"] is not None else None
    what = row["line_item_line_item_description"] if token else f"{kind} {row['line_item_line_item_description'] or usage_type}"
    return Line(
        *("aws", utc_day(row["day"], where), model if token else None, meter if token else OTHER, quantity, Decimal(row["amount"])),
        str(row["line_item_currency_code"] or "USD").upper(),
        places,
        str(what or usage_type),
        row["bill_invoice_id"],
    )


def meter_of(usage_type: str, product: str = "") -> tuple[str | None, str]:
    """Model and meter of a usage type."""
    body = _REGION.sub("", usage_type)
    for pattern, meter in _METERS:
        found = re.search(pattern, body, re.IGNORECASE)
        if found:
            own = re.sub(r"[-_](?:mantle|cache[-_]?(?:read|write).*)$", "", body[: found.start()].strip("-_"), flags=re.IGNORECASE).strip(
                "-_"
            )
            return own or re.sub(r"\s*\(Amazon Bedrock Edition\)", "", product) or None, meter
    return None, OTHER


def _product(row: dict[str, Any]) -> str:
    for name in ("product_product_name", "product_name"):
        if row[name]:
            return str(row[name])
    try:
        product = json.loads(row["product"] or "{}")
    except ValueError:
        return ""
    return str(product.get("product_name") or product.get("model") or "") if isinstance(product, dict) else ""
