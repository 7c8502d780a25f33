"""Invoices as the providers write them, from tokens and prices in plain Python: made without a line of infercheck."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import finance_logs as fin

Bill = dict[fin.Key, tuple[int, Decimal]]  # tokens and USD
OPENAI = {"input": "input", "cache_read": "cached input", "output": "output"}
_ANTHROPIC = {
    "input": "uncached_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation.ephemeral_5m_input_tokens",
    "output": "output_tokens",
}
_AWS = {"input": "input-tokens", "cache_read": "cache-read-input-token-count", "output": "output-tokens"}
SNAPSHOTS = {"gpt-4o": "gpt-4o-2024-08-06", "gpt-4o-mini": "gpt-4o-mini-2024-07-18", "claude-sonnet-4-5": "claude-sonnet-4-5-20250929"}


def bill(tokens: dict[fin.Key, int]) -> Bill:
    """Everything at list price, to the last digit."""
    return {key: (count, fin.list_cost(key, count)) for key, count in tokens.items()}


def openai_costs(path: Path, lines: Bill) -> Path:
    """/v1/organization/costs, grouped by line item."""
    found: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for (provider, day, model, meter), (_, usd) in lines.items():
        if provider == "openai":
            item = f"{SNAPSHOTS[model]}, {OPENAI[meter]}" if meter in OPENAI else meter
            found[day].append({"object": "organization.costs.result", "amount": {"value": usd, "currency": "usd"}, "line_item": item})
    return _page(path, [{"object": "bucket", **_epoch(day), "results": results} for day, results in found.items()])


def openai_usage(path: Path, lines: Bill) -> Path:
    """/v1/organization/usage/completions, grouped by model: cached tokens are within input."""
    found: dict[date, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for (provider, day, model, meter), (tokens, _) in lines.items():
        if provider == "openai" and meter in OPENAI:
            counts = found[day][SNAPSHOTS[model]]
            for key in {"input": ["input_tokens"], "cache_read": ["input_tokens", "input_cached_tokens"], "output": ["output_tokens"]}[
                meter
            ]:
                counts[key] += tokens
    pages = [
        {
            "object": "bucket",
            **_epoch(day),
            "results": [
                {"object": "organization.usage.completions.result", "model": m, "input_tokens": 0, **counts} for m, counts in models.items()
            ],
        }
        for day, models in found.items()
    ]
    return _page(path, pages)


def anthropic_costs(path: Path, lines: Bill) -> Path:
    """/v1/organizations/cost_report: decimal strings in cents."""
    found: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for (provider, day, model, meter), (_, usd) in lines.items():
        if provider == "anthropic":
            token = (
                {"cost_type": "tokens", "token_type": _ANTHROPIC.get(meter), "model": SNAPSHOTS[model]}
                if meter in _ANTHROPIC
                else {"cost_type": meter}
            )
            found[day].append(
                {"currency": "USD", "amount": f"{(usd * 100).normalize():f}", "description": f"Claude usage - {meter}", **token}
            )
    return _page(path, [{**_rfc3339(day), "results": results} for day, results in found.items()])


def anthropic_usage(path: Path, lines: Bill) -> Path:
    """/v1/organizations/usage_report/messages."""
    found: dict[date, dict[str, Any]] = defaultdict(dict)
    for (provider, day, model, meter), (tokens, _) in lines.items():
        if provider == "anthropic" and meter in _ANTHROPIC:
            result = found[day].setdefault(model, {"model": SNAPSHOTS[model], "uncached_input_tokens": 0, "cache_creation": {}})
            name = _ANTHROPIC[meter]
            (result["cache_creation"] if "." in name else result)[name.split(".")[-1]] = tokens
    return _page(path, [{**_rfc3339(day), "results": list(models.values())} for day, models in found.items()])


def aws_cur(path: Path, lines: Bill, extra: str = "") -> Path:
    """CUR 2.0 as CSV: tokens in thousands, beside lines of another service."""
    head = (
        "bill_invoice_id,line_item_usage_start_date,line_item_product_code,line_item_line_item_type,line_item_usage_type,"
        "line_item_usage_amount,pricing_unit,line_item_unblended_cost,line_item_currency_code,line_item_line_item_description\n"
    )
    rows = [
        f"INV-9,{day}T05:00:00Z,AmazonBedrock,Usage,USE1-NovaPro-{_AWS[meter]},{Decimal(tokens) / 1000:f},1K tokens,{usd:f},USD,Nova Pro {meter}\n"
        for (provider, day, _, meter), (tokens, usd) in lines.items()
        if provider == "bedrock"
    ]
    rows.append("INV-9,2026-11-02T00:00:00Z,AmazonEC2,Usage,USE1-BoxUsage:m7i.large,24,Hrs,2.4192,USD,a machine\n")
    path.write_text(head + "".join(rows) + extra, encoding="utf-8")
    return path


def _page(path: Path, data: list[dict[str, Any]]) -> Path:
    marked = json.dumps({"object": "page", "data": data, "has_more": False, "next_page": None}, default=lambda d: f"<<{d:f}>>")
    path.write_text(marked.replace('"<<', "").replace('>>"', ""), encoding="utf-8")  # decimals as JSON numbers, digit by digit
    return path


def _epoch(day: date) -> dict[str, int]:
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return {"start_time": start, "end_time": start + 86_400}


def _rfc3339(day: date) -> dict[str, str]:
    return {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{day + timedelta(days=1)}T00:00:00Z"}
