"""One lookup in the dated price list (genai-prices, offline): provider, model, day and tier -> prices per token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from infercheck.prices.overrides import PriceOverride
from infercheck.prices.providers import is_bedrock_id, list_provider, spellings

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

MTOK = Decimal(1_000_000)
SCALE = Decimal("0.000000000001")  # 12 places, as the canonical money type
# What the price list calls the tiers: batch is not a service tier there, nor is Anthropic's fast mode. An unknown context key silently gives the
# standard price.
CONTEXTS: dict[str, tuple[dict[str, str], ...]] = {
    "batch": ({"processing": "batch"},),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"},),
    "fast": ({"service_tier": "fast"}, {"speed": "fast"}),
}
TIERS = ("default", *CONTEXTS)
SAME_AS_DEFAULT = frozenset({"default", "standard", "on_demand", "on-demand"})
_SUBSCRIPTIONS = frozenset({"github-copilot", "cursor"})  # listed at 0 because a subscription pays, which says nothing about tokens


@dataclass(frozen=True)
class Rates:
    """USD per token for input sizes in (``above``, ``upto``]; None where the list has no such price."""

    above: int
    upto: int | None
    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None
    audio_input: Decimal | None = None
    audio_output: Decimal | None = None
    request: Decimal = Decimal(0)


@dataclass(frozen=True)
class Quote:
    """Prices of one model on one day in one tier. ``estimated``: another tier's or another hour's price stands in."""

    price_model: str
    brackets: tuple[Rates, ...]
    estimated: bool = False


@dataclass(frozen=True)
class Listing:
    """A model of the price list as one provider sells it. ``own`` is false where the provider lists it only by another vendor's price."""

    provider_id: str
    info: ModelInfo
    own: bool

    @property
    def price_model(self) -> str:
        """Id of the entry, with its provider."""
        return f"{self.provider_id}/{self.info.id}"


@cache
def _providers() -> dict[str, Provider]:
    from genai_prices.data_snapshot import get_snapshot

    return {p.id: p for p in get_snapshot().providers}


@cache
def find(provider: str | None, model: str) -> Listing | None:
    """The list's entry for a model as a log names it; None where there is none or, without a provider, more than one price."""
    if provider is None:
        return _by_name_alone(model)
    list_id = list_provider(provider)
    # Gemma is free on the Gemini API and a rented machine on Vertex AI.
    return None if list_id is None else _find_at(list_id, model, vertex="vertex" in provider.lower())


def _is_free(info: ModelInfo, *, vertex: bool) -> bool:
    """An entry without any price is free only where the list says so: it also keeps retired models and subscriptions that way."""
    note = (info.price_comments or "").lower()
    return info.id.endswith(":free") or info.id == "moderation" or (not vertex and "free of charge" in note)


def _find_at(list_id: str, model: str, *, vertex: bool = False) -> Listing | None:
    everyone = list(_providers().values())
    seller = _providers()[list_id]
    for name in spellings(list_id, model):
        info = seller.find_model(name, all_providers=everyone)
        if info is not None:
            priceless = not isinstance(info.prices, list) and not any(v is not None for v in info.prices.__dict__.values())
            if priceless and not _is_free(info, vertex=vertex):
                return None
            return Listing(list_id, info, any(info is m for m in seller.models))
    return None


def _by_name_alone(model: str) -> Listing | None:
    """Only the vendor's own, and only if nobody else sells the same name at another price: an open model may run anywhere."""
    if is_bedrock_id(model):
        return _find_at("aws", model)
    sellers = [p for p in _providers().values() if p.id not in _SUBSCRIPTIONS | {"aws"} and p.find_model(model)]
    vendors = [p.id for p in sellers if p.model_match is not None and p.model_match.is_match(model.lower())]
    if not vendors and any(p.id == "openai" for p in sellers):
        vendors = ["openai"]
    if len(vendors) != 1:
        return None
    latest = datetime(2200, 1, 1, 12, tzinfo=UTC)  # not today: the answer must depend on the price list alone
    asked = {_headline(p.find_model(model), latest) for p in sellers}
    return _find_at(vendors[0], model) if len(asked) == 1 else None


def _headline(info: ModelInfo | None, at: datetime) -> tuple[Decimal | None, Decimal | None]:
    prices = info.get_prices(at) if info is not None else None
    return (_base(getattr(prices, "input_mtok", None)), _base(getattr(prices, "output_mtok", None)))


def _base(price: Any) -> Decimal | None:
    amount: Decimal | None = getattr(price, "base", price)
    return amount


def change_days(listing: Listing | None, overrides: Sequence[PriceOverride]) -> list[date]:
    """Days on which the price may change: between two of them one lookup serves every day."""
    days = {d for o in overrides for d in (o.since, o.until) if d is not None}
    if listing is not None:
        prices = listing.info.prices if isinstance(listing.info.prices, list) else []
        for entry in (*prices, *(listing.info.price_variants or ())):
            start = getattr(entry.constraint, "start_date", None)
            if start is not None:
                days.add(start)
    return sorted(days)


def quote(provider: str | None, model: str, day: date, tier: str, overrides: Sequence[PriceOverride] = ()) -> Quote | None:
    """Prices for one tier, None where this tier has no price of its own (the caller decides whether another may stand in)."""
    listing = find(provider, model)
    found = _listed(listing, day, tier) if listing is not None else None
    for override in overrides:
        if override.matches(provider, model, day):
            found = _apply(override, found, tier)
    return found


def _listed(listing: Listing, day: date, tier: str) -> Quote | None:
    if tier in SAME_AS_DEFAULT:
        return _quote(listing, day, None, estimated=False)
    if not listing.own:
        return None  # a reseller's tiers are not its vendor's: Azure's batch price is not in OpenAI's entry
    found = (_varied(listing, day, context) for context in CONTEXTS.get(tier, ()))
    return next((quote for quote in found if quote is not None), None)


def _varied(listing: Listing, day: date, context: dict[str, str]) -> Quote | None:
    variants = [v.constraint for v in listing.info.price_variants or () if v.when == context]
    if any(c is None or c.active(_at(day, 12)) for c in variants):
        return _quote(listing, day, context, estimated=False)
    # The list dates a tier from the day it was verified ("earlier history is not modelled"). Its price then stands in for the days
    # before, marked, as long as the standard price has not moved since.
    later = min((start for c in variants if (start := getattr(c, "start_date", None)) is not None), default=None)
    if later is not None and _quote(listing, day, None) == _quote(listing, later, None):
        return _quote(listing, later, context, estimated=True)
    return None


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def _quote(listing: Listing, day: date, context: dict[str, str] | None, *, estimated: bool = False) -> Quote | None:
    """Prices of the day. Where they depend on the hour, the dearest hour stands in for all of them, marked as estimated."""
    prices = listing.info.prices
    hourly = isinstance(prices, list) and any(hasattr(p.constraint, "start_time") for p in prices)
    if not hourly:
        price = listing.info.get_prices(_at(day, 12), context)
        rates = _brackets(price)
        # Reasoning or citations at a price of their own (two research models): there is no column for them, so output's stands in.
        partial = any(getattr(price, key) is not None for key in ("output_reasoning_mtok", "output_citation_mtok"))
        return Quote(listing.price_model, rates, estimated or partial) if rates else None
    by_hour = [_brackets(listing.info.get_prices(_at(day, h) + timedelta(minutes=45), context)) for h in range(24)]
    dearest = max((r for r in by_hour if r), key=lambda r: r[0].input or Decimal(0), default=None)
    return Quote(listing.price_model, dearest, True) if dearest else None


def _brackets(price: ModelPrice) -> tuple[Rates, ...]:
    """Long-context prices as brackets by input tokens: crossing a threshold re-prices the whole call. Empty: not priced by the token."""
    named = {k: v for k, v in price.__dict__.items() if v is not None and not k.startswith("_")}
    if named and ("input_mtok" not in named or "output_image_mtok" in named):
        # Priced by the hour, the character, the page: nothing here that a token count could be multiplied with. Or a drawn picture costs ten times
        # the text beside it, and no log tells their tokens apart.
        return ()
    starts = sorted({t.start for v in named.values() for t in getattr(v, "tiers", ())} - {0})
    edges: list[tuple[int, int | None]] = list(zip([0, *starts], [*starts, None], strict=True))
    return tuple(_rates(named, above, upto) for above, upto in edges)


def _rates(named: dict[str, Any], above: int, upto: int | None) -> Rates:
    def usd(key: str, per: Decimal = MTOK) -> Decimal | None:
        value = named.get(key)
        if value is None:
            return None
        amount = _base(value) or Decimal(0)
        for step in getattr(value, "tiers", ()):
            if above >= step.start:
                amount = step.price
        return (amount / per).quantize(SCALE)

    write, write_5m, write_1h = (usd(f"cache_write_{ttl}mtok") for ttl in ("", "5m_", "1h_"))
    return Rates(
        above=above,
        upto=upto,
        input=usd("input_mtok") or Decimal(0),
        cache_read=usd("cache_read_mtok"),
        cache_write_5m=write if write_5m is None else write_5m,
        cache_write_1h=write if write_1h is None else write_1h,
        output=usd("output_mtok") or Decimal(0),  # a missing meter is free only here: embeddings have no output
        audio_input=usd("input_audio_mtok"),
        audio_output=usd("output_audio_mtok"),
        request=usd("requests_kcount", Decimal(1000)) or Decimal(0),
    )


def _apply(override: PriceOverride, found: Quote | None, tier: str) -> Quote | None:
    """The quote after one override; None where there is still no price for the tier."""
    own = {
        "input": override.input,
        "cache_read": override.cache_read,
        "cache_write_5m": override.cache_write,
        "cache_write_1h": override.cache_write_1h,
        "output": override.output,
    }
    given = {k: (v / MTOK).quantize(SCALE) for k, v in own.items() if v is not None}
    if given and tier == (override.tier or "default"):
        base = found or Quote("override", (Rates(above=0, upto=None),))
        found = replace(base, brackets=tuple(_with(r, given) for r in base.brackets), estimated=False)
        if found.brackets[0].input is None:
            return None  # an output price alone prices no call
    if found is not None and override.discount_percent and override.tier in {None, tier}:
        keep = 1 - override.discount_percent / 100
        found = replace(found, brackets=tuple(_scaled(r, keep, override.meter) for r in found.brackets))
    return found


def _scaled(rates: Rates, factor: Decimal, meter: str | None) -> Rates:
    """Every price times ``factor``, or one meter's: input and output with their audio, both lives of a cache write."""
    names = [f.name for f in fields(rates) if f.name not in {"above", "upto"}]
    if meter is not None:
        names = [name for name in names if name.removeprefix("audio_").startswith(meter)]
    money = {name: getattr(rates, name) for name in names}
    return _with(rates, {k: (v * factor).quantize(SCALE) for k, v in money.items() if v is not None})


def _with(rates: Rates, prices: dict[str, Any]) -> Rates:
    return replace(rates, **prices)
