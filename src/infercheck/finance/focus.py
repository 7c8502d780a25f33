"""Charges -> the columns of FOCUS 1.2, the FinOps Foundation's Cost and Usage dataset. One row a day, payer, model, tier and meter.

Prices are per million tokens. Where only a call as a whole has a cost, the day is the unit: one day at what it cost. With another billing
currency, unit prices are rounded half to even at six decimals per million tokens, and list and contracted cost are exactly price x quantity.
"""

from __future__ import annotations

from collections.abc import Sequence

from infercheck.anonymize import pseudonym
from infercheck.config import Config
from infercheck.engine.duckdb import Engine, literal
from infercheck.finance import names, rates
from infercheck.ingest import ledger
from infercheck.model.call import MONEY
from infercheck.prices.table import price_list_version

VERSIONS = ("1.2", "1.4")
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
_RENAMED = {"ProviderName": "ServiceProviderName", "PublisherName": "HostProviderName"}

_METERS = {
    "input": ("Input Tokens", "Input", "Uncached"),
    "cache_read": ("Cache Read Input Tokens", "Input", "Read"),
    "cache_write": ("Cache Write Input Tokens", "Input", "Write"),
    "cache_write_1h": ("Cache Write Input Tokens 1h", "Input", "Write"),
    "audio_input": ("Audio Input Tokens", "Input", "Uncached"),
    "output": ("Output Tokens", "Output", None),
    "audio_output": ("Audio Output Tokens", "Output", None),
    "request": ("Requests", None, None),
    "tokens": ("Tokens", None, None),
    "unused": ("Unused Commitment", None, None),
    "purchase": ("Commitment", None, None),
}
SKU_METERS = frozenset(name for name, _, _ in _METERS.values())


def _meter(part: int) -> str:
    whens = " ".join(f"WHEN {literal(name)} THEN {literal(value[part])}" for name, value in _METERS.items() if value[part])
    return f"CASE c.meter {whens} END"


_BAND = "CASE WHEN c.band_from > 0 OR c.band_to IS NOT NULL THEN concat(c.band_from, '-', c.band_to) END"
_OF = "CASE WHEN c.category = 'Purchase' OR c.meter = 'unused' THEN c.commitment ELSE coalesce(c.model, 'unknown') END"
_SKU = f"concat_ws('/', n.seller, {_OF}, c.meter)"
_TIER = "coalesce(c.tier, 'default')"


def _costs(config: Config) -> str:
    """A CTE with quantities, unit prices and costs in the billing currency."""
    same = config.finance.billing_currency == "USD"

    def bill(amount: str, places: int = 12) -> str:
        return f"CAST({amount} AS {MONEY})" if same else rates.in_currency(amount, "r.usd", places)

    def unit(kind: str) -> str:
        million = f"CAST(c.{kind}_unit * 1000000 AS {MONEY})"
        return f"CASE kind WHEN 'tokens' THEN {bill(million, 6)} WHEN 'requests' THEN {bill(f'c.{kind}_unit')} ELSE {bill(f'c.{kind}_usd')} END"

    def cost(price: str) -> str:
        return (
            f"CASE kind WHEN 'tokens' THEN CAST({price} AS DECIMAL(18,6)) * CAST(pricing_quantity AS DECIMAL(20,6)) "
            f"WHEN 'requests' THEN CAST(CAST({price} AS DECIMAL(18,12)) * CAST(pricing_quantity AS DECIMAL(15,0)) AS {MONEY}) ELSE {price} END"
        )

    return f"""
        WITH kinds AS (
            SELECT *, CASE WHEN category = 'Purchase' THEN 'purchase' WHEN meter = 'unused' AND unit = 'USD' THEN 'credit'
                WHEN meter = 'tokens' THEN 'day' WHEN unit = 'Requests' THEN 'requests' ELSE 'tokens' END AS kind
            FROM charges
        ), priced AS (
            SELECT c.*, CASE kind WHEN 'tokens' THEN CAST(CAST(coalesce(c.quantity, c.commitment_quantity, 0) AS DECIMAL(32,3))
                    * CAST(0.000001 AS DECIMAL(6,6)) AS DECIMAL(38,6))
                WHEN 'requests' THEN CAST(c.quantity AS DECIMAL(38,6)) ELSE CAST(1 AS DECIMAL(38,6)) END AS pricing_quantity,
                CASE kind WHEN 'tokens' THEN '1000000 Tokens' WHEN 'requests' THEN 'Requests' WHEN 'day' THEN 'Days' ELSE 'Commitments' END
                    AS pricing_unit,
                {unit("list")} AS list_price, {unit("contracted")} AS contracted_price,
                {bill("c.billed_usd")} AS billed, {bill("c.effective_usd")} AS effective
            FROM kinds c JOIN billing_rates r ON r.day = c.day
        ), costed AS (
            SELECT *, {cost("list_price")} AS list_cost, {cost("contracted_price")} AS contracted_cost FROM priced
        )"""


def _columns(config: Config, version: str) -> dict[str, str]:
    """FOCUS column -> SQL over costed c, charge_names n, billing_accounts a. Ours (x_) stand last."""
    commits = "c.commitment IS NOT NULL"
    credit = "(c.unit = 'USD' OR c.commitment IN (SELECT name FROM credit_names))"
    details = {
        "x_ModelId": "c.model",
        "x_ModelDeveloper": "CASE WHEN c.model IS NOT NULL THEN n.maker END",
        "x_TokenDirection": _meter(1),
        "x_TokenCacheAction": _meter(2),
        "x_ServiceTier": "CASE WHEN c.model IS NOT NULL THEN c.tier END",
        "x_ContextBand": _BAND,
    }
    pairs = ", ".join(f"'{key}', {sql}" for key, sql in details.items())
    return {
        "BilledCost": "c.billed",
        "BillingAccountId": "coalesce(a.id, n.seller)",
        "BillingAccountName": "coalesce(a.name, a.id, n.seller_name)",
        "BillingAccountType": "coalesce(a.type, 'Organization')",
        "BillingCurrency": literal(config.finance.billing_currency),
        "BillingPeriodEnd": "CAST(date_trunc('month', c.day) + INTERVAL 1 MONTH AS TIMESTAMP)",
        "BillingPeriodStart": "CAST(date_trunc('month', c.day) AS TIMESTAMP)",
        "ChargeCategory": "c.category",
        "ChargeClass": "CAST(NULL AS VARCHAR)",
        "ChargeDescription": f"concat_ws(' ', coalesce(c.model, c.commitment, 'unknown model'), {_meter(0)})",
        "ChargeFrequency": "c.frequency",
        "ChargePeriodEnd": "CAST(c.until_day AS TIMESTAMP)",
        "ChargePeriodStart": "CAST(c.day AS TIMESTAMP)",
        "CommitmentDiscountCategory": f"CASE WHEN {credit} THEN 'Spend' WHEN {commits} THEN 'Usage' END",
        "CommitmentDiscountId": "c.commitment",
        "CommitmentDiscountName": "c.commitment",
        "CommitmentDiscountQuantity": "c.commitment_quantity",
        "CommitmentDiscountStatus": "c.commitment_status",
        "CommitmentDiscountType": f"CASE WHEN {credit} THEN 'Prepaid Credit' WHEN {commits} THEN 'Provisioned Throughput' END",
        "CommitmentDiscountUnit": f"CASE WHEN {credit} THEN 'USD' WHEN {commits} THEN 'Tokens' END",
        "ConsumedQuantity": "CAST(CASE WHEN c.category = 'Usage' AND c.meter <> 'unused' THEN c.quantity END AS DECIMAL(38,1))",
        "ConsumedUnit": "CASE WHEN c.category = 'Usage' AND c.meter <> 'unused' THEN c.unit END",
        "ContractedCost": "c.contracted_cost",
        "ContractedUnitPrice": "c.contracted_price",
        "EffectiveCost": "c.effective",
        "InvoiceId": "CAST(NULL AS VARCHAR)",
        "InvoiceIssuerName": "n.seller_name",
        "ListCost": "c.list_cost",
        "ListUnitPrice": "c.list_price",
        "PricingCategory": f"CASE WHEN c.commitment_status IS NOT NULL THEN 'Committed' WHEN {_TIER} = 'default' THEN 'Standard' ELSE 'Other' END",
        "PricingCurrency": "'USD'",
        "PricingCurrencyContractedUnitPrice": _in_usd("contracted"),
        "PricingCurrencyEffectiveCost": "c.effective_usd",
        "PricingCurrencyListUnitPrice": _in_usd("list"),
        "PricingQuantity": "c.pricing_quantity",
        "PricingUnit": "c.pricing_unit",
        "ProviderName": "n.seller_name",
        "PublisherName": "n.maker" if version == "1.2" else "n.seller_name",
        "RegionId": "c.region",
        "RegionName": "c.region",
        "ResourceId": f"CASE WHEN {commits} AND NOT {credit} THEN c.commitment END",
        "ResourceName": f"CASE WHEN {commits} AND NOT {credit} THEN c.commitment END",
        "ResourceType": f"CASE WHEN {commits} AND NOT {credit} THEN 'Provisioned Throughput' END",
        "ServiceCategory": "'AI and Machine Learning'",
        "ServiceName": "n.service",
        "ServiceSubcategory": "'Generative AI'",
        "SkuId": _SKU,
        "SkuMeter": _meter(0),
        "SkuPriceDetails": f"nullif(CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR), '{{}}')",
        "SkuPriceId": f"concat_ws('/', {_SKU}, {_TIER}, {_BAND})",
        "SubAccountId": "a.project",
        "SubAccountName": "a.project_name",
        "SubAccountType": "CASE WHEN a.project IS NOT NULL THEN a.project_type END",
        "Tags": "c.tags",
        "x_ApiKeyAlias": "c.key_alias",
        "x_CacheTtl": "CASE WHEN c.meter = 'cache_write_1h' THEN '1h' END",
        "x_CostBasis": "c.cost_basis",
        "x_CostState": "'estimated'",
        "x_CreditApplied": "c.credit_usd",
        "x_ErrorCount": "c.calls - c.ok_calls",
        "x_PriceEstimated": "CASE WHEN c.estimated THEN 'true' ELSE 'false' END",
        "x_PriceTableVersion": literal(price_list_version()),
        "x_ReportedCost": "c.reported_usd",
        "x_RequestCount": "c.calls",
        "x_Source": "'infercheck'",
        "x_SuccessCount": "c.ok_calls",
        "x_Team": "c.team",
    }


def _in_usd(kind: str) -> str:
    million = f"CAST(c.{kind}_unit * 1000000 AS {MONEY})"
    return f"CASE c.kind WHEN 'tokens' THEN {million} WHEN 'requests' THEN c.{kind}_unit ELSE c.{kind}_usd END"


def query(engine: Engine, config: Config, version: str = "1.2", *, anonymous: bool = False) -> str:
    """SQL of the dataset, in the order of days; needs table ``charges``. Times are UTC; amounts are decimals in the billing currency."""
    names.fill(engine)
    rates.fill(engine, config)
    _accounts(engine, config, anonymous=anonymous)
    columns = {name: f"CAST({sql} AS TIMESTAMPTZ)" if name in TIMES else sql for name, sql in _columns(config, version).items()}
    called = {} if version == "1.2" else _RENAMED
    return (
        f"{_costs(config)} SELECT {', '.join(f'{sql} AS {called.get(name, name)}' for name, sql in columns.items())} FROM costed c "
        "JOIN charge_names n ON n.provider IS NOT DISTINCT FROM c.provider AND n.model IS NOT DISTINCT FROM c.model "
        "LEFT JOIN billing_accounts a ON a.account = c.account ORDER BY c.day, c.charge_id"
    )


def _accounts(engine: Engine, config: Config, *, anonymous: bool) -> None:
    text = ("id", "name", "type", "project", "project_name", "project_type")
    engine.create_empty("billing_accounts", {"account": "INTEGER", **dict.fromkeys(text, "VARCHAR")})
    _insert(engine, "billing_accounts", [[index, *(getattr(a, name) for name in text)] for index, a in enumerate(config.account)])
    if anonymous:
        salt = ledger.salt_of(engine)
        kinds = {"id": "account", "name": "account", "project": "project", "project_name": "project"}
        engine.execute(
            f"UPDATE billing_accounts SET {', '.join(f'{name} = {pseudonym(salt, kind, name)}' for name, kind in kinds.items())}"
        )
    engine.create_empty("credit_names", {"name": "VARCHAR"})
    _insert(engine, "credit_names", [[credit.name] for credit in config.credit])


def _insert(engine: Engine, table: str, values: Sequence[Sequence[object]]) -> None:
    for row in values:
        engine.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", list(row))
