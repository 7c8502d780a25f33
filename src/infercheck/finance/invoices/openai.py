"""OpenAI's organisation endpoints: /v1/organization/costs (grouped by line_item) and /v1/organization/usage/* (grouped by model).

Costs name their meter in text, as in "gpt-4o-2024-08-06, cached input" or "priority | gpt-5, output". Usage counts cached tokens within input.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from infercheck.config import Config
from infercheck.errors import InputError
from infercheck.finance.invoices.document import OTHER, Document, Line, money, places_of, utc_day

NAME = "OpenAI costs and usage"

_MODALITIES = {"audio", "text", "image", "batch", "flex", "priority"}
_METERS = (
    (r"cached? input|cache read", "cache_read"),
    (r"cache writ|cache creation", "cache_write"),
    (r"\binput\b", "input"),
    (r"\boutput\b", "output"),
)


def recognises(document: Document, config: Config) -> bool:
    """A page of buckets."""
    return any(bucket.get("object") == "bucket" for bucket in document.buckets)


def lines(document: Document, config: Config) -> list[Line]:
    """Costs as amounts, usage as tokens."""
    where = str(document.path)
    costs = [(utc_day(b.get("start_time"), where), r) for b, r in document.results() if isinstance(r.get("amount"), dict)]
    usage = [(utc_day(b.get("start_time"), where), r) for b, r in document.results() if "input_tokens" in r]
    amounts = [money(r["amount"].get("value"), where) for _, r in costs]
    places = places_of(amounts)
    found = [_cost(day, r, amount, places, where) for (day, r), amount in zip(costs, amounts, strict=True)]
    return found + [line for day, r in usage for line in _usage(day, r, where)]


def _cost(day: Any, result: dict[str, Any], amount: Decimal, places: int, where: str) -> Line:
    item = result.get("line_item")
    if not item:
        raise InputError("the costs are not grouped by line_item", where=where, hint="ask for them with group_by[]=line_item")
    model, meter = meter_of(str(item))
    quantity = result.get("quantity")
    counted = Decimal(quantity) if isinstance(quantity, int | Decimal) and "token" in str(result.get("quantity_unit", "")).lower() else None
    currency = str(result["amount"].get("currency") or "usd").upper()
    return Line("openai", day, model, meter, counted if meter != OTHER else None, amount, currency, places, str(item), payer=_payer(result))


def _payer(result: dict[str, Any]) -> str:
    return "/".join(str(result.get(key) or "") for key in ("organization_id", "project_id", "user_id", "api_key_id"))


def meter_of(item: str) -> tuple[str | None, str]:
    """Model and meter of a line item; no model for what is no token."""
    head, _, rest = item.rsplit("|", maxsplit=1)[-1].strip().partition(",")
    meter = next((name for pattern, name in _METERS if re.search(pattern, rest.lower())), OTHER)
    if meter == OTHER:
        return None, OTHER
    words = head.split()
    sound = meter in {"input", "output"} and "audio" in {w.lower() for w in words[1:]}
    while len(words) > 1 and words[-1].lower() in _MODALITIES:
        words.pop()
    return " ".join(words), f"audio_{meter}" if sound else meter


def _usage(day: Any, result: dict[str, Any], where: str) -> list[Line]:
    if not result.get("model"):
        raise InputError("the usage is not grouped by model", where=where, hint="ask for it with group_by[]=model")

    def count(key: str) -> Decimal:
        value = result.get(key)
        return Decimal(value) if isinstance(value, int) else Decimal(0)

    read, written = count("input_cached_tokens"), count("input_cache_write_tokens")
    counts = {
        "input": count("input_tokens") - read - written,
        "cache_read": read,
        "cache_write": written,
        "output": count("output_tokens"),
        "audio_input": count("input_audio_tokens"),
        "audio_output": count("output_audio_tokens"),
    }
    counts["input"] -= counts["audio_input"]
    counts["output"] -= counts["audio_output"]
    model, payer = str(result["model"]), _payer(result)
    return [Line("openai", day, model, meter, n, None, description="usage", payer=payer) for meter, n in counts.items() if n]
