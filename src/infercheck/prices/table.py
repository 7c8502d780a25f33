"""The `prices` table: each distinct provider, model, day and tier resolved once, so that a call is priced by a join."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

from infercheck.prices.overrides import PriceOverride
from infercheck.prices.quote import TIERS, Quote, change_days, find, quote

Key = tuple[str | None, str, date, str]
Model = tuple[str | None, str]


def price_list_version() -> str:
    """Name and version of the price list, for the report."""
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"


def price_runs(keys: Iterable[Key], overrides: Sequence[PriceOverride] = (), *, targets: Iterable[Model] = ()) -> list[tuple[object, ...]]:
    """Rows of the `prices` table, values in the order of its columns, for the calls of a log and for what they might have been instead. In place
    of the day stand all days that a price holds for: there are few prices, and a log may span years.

    ``keys`` are the distinct (provider, model, UTC day, tier) of the calls; ``targets`` are further models that a claim may route to
    (the siblings in `models`, targets named in config). Every model gets a row for every day, and for each of the tiers default, batch,
    flex, priority and fast that it has on that day. Where a call names a tier without a price, the default price stands in, marked ``estimated``.
    A model without a list price has no row: it is unpriced, never free. Source: genai-prices and the overrides; USD per token.
    """
    wanted: dict[Model, set[str]] = {}
    days: set[date] = set()
    for provider, model, day, tier in keys:
        wanted.setdefault((provider, model), set()).add(tier)
        days.add(day)
    for target in targets:
        wanted.setdefault(target, set())
    rows: list[tuple[object, ...]] = []
    for (provider, model), named in wanted.items():
        for run in _runs(sorted(days), change_days(find(provider, model), overrides)):
            for tier in dict.fromkeys((*TIERS, *sorted(named))):
                found = quote(provider, model, run[0], tier, overrides)
                if found is None and tier in named:
                    found = _stand_in(quote(provider, model, run[0], "default", overrides))
                if found is not None:
                    rows += _table_rows(provider, model, run, tier, found)
    return rows


def _runs(days: Sequence[date], changes: Sequence[date]) -> list[list[date]]:
    """Sorted days, parted where a price may change: one lookup serves all days of a part."""
    return [list(run) for _, run in groupby(days, key=lambda day: bisect_right(changes, day))]


def _stand_in(default: Quote | None) -> Quote | None:
    """The default price for a tier that a call names and the list does not: marked, since the bill may say otherwise."""
    return replace(default, estimated=True) if default is not None else None


def _table_rows(provider: str | None, model: str, days: list[date], tier: str, found: Quote) -> list[tuple[object, ...]]:
    return [
        (
            *(provider, model, days, tier, r.above, r.upto, found.price_model),
            *(r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h, r.output, r.audio_input, r.audio_output, r.request),
            found.estimated,
        )
        for r in found.brackets
    ]
