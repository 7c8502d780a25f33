"""Anthropic's admin endpoints: cost_report (grouped by description; amounts are decimal strings in cents) and usage_report/messages.

The usage report counts uncached, cached and written input apart; nothing is subtracted.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from infercheck.config import Config
from infercheck.errors import InputError
from infercheck.finance.invoices.document import OTHER, Document, Line, money, places_of, utc_day

NAME = "Anthropic cost and usage reports"

_TOKENS = {
    "uncached_input_tokens": "input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
}
_CENTS = Decimal("0.01")


def recognises(document: Document, config: Config) -> bool:
    """Buckets with RFC 3339 bounds."""
    return any("starting_at" in bucket for bucket in document.buckets)


def lines(document: Document, config: Config) -> list[Line]:
    """Costs in dollars, usage as tokens."""
    where = str(document.path)
    costs = [(utc_day(b["starting_at"], where), r) for b, r in document.results() if "amount" in r]
    usage = [(utc_day(b["starting_at"], where), r) for b, r in document.results() if "uncached_input_tokens" in r]
    amounts = [money(r["amount"], where) * _CENTS for _, r in costs]
    places = places_of(amounts)
    found = [_cost(day, r, amount, places, where) for (day, r), amount in zip(costs, amounts, strict=True)]
    return found + [line for day, r in usage for line in _usage(day, r, where)]


def _cost(day: date, result: dict[str, Any], amount: Decimal, places: int, where: str) -> Line:
    if not result.get("description") and not result.get("cost_type"):
        raise InputError("the costs are not grouped by description", where=where, hint="ask for them with group_by[]=description")
    meter = _TOKENS.get(str(result.get("token_type")), OTHER)
    model = str(result["model"]) if result.get("model") and meter != OTHER else None
    currency = str(result.get("currency") or "USD").upper()
    what = str(result.get("description") or result.get("cost_type"))
    return Line("anthropic", day, model, meter if model else OTHER, None, amount, currency, places, what, payer=_payer(result))


def _payer(result: dict[str, Any]) -> str:
    return "/".join(str(result.get(key) or "") for key in ("workspace_id", "api_key_id"))


def _usage(day: date, result: dict[str, Any], where: str) -> list[Line]:
    if not result.get("model"):
        raise InputError("the usage is not grouped by model", where=where, hint="ask for it with group_by[]=model")
    written = result.get("cache_creation") or {}
    flat = {**result, **{f"cache_creation.{key}": value for key, value in written.items()}}
    counts = {meter: flat.get(key) for key, meter in _TOKENS.items()}
    model = str(result["model"])
    return [
        Line("anthropic", day, model, meter, Decimal(n), None, description="usage", payer=_payer(result))
        for meter, n in counts.items()
        if isinstance(n, int) and n
    ]
