"""Who else sells the very same model: a vendor's model at its clouds, open weights at their hosts."""

from __future__ import annotations

from functools import cache

from infercheck.prices.facts import blocks, facts, weights
from infercheck.prices.providers import list_provider
from infercheck.prices.quote import find

Model = tuple[str | None, str]

# What logs call a provider of the price list when it sells a model of another vendor. Bedrock is left out: its names carry a geography.
_LOG_NAME = {"openai": "openai", "azure": "azure", "anthropic": "anthropic", "google": "vertex_ai"}


def weights_of(provider: str | None, model: str) -> str | None:
    """What makes two hosts' models the same, such as ``anthropic/claude-haiku-4-5`` or ``gpt-oss-120b``; None where it is not known."""
    listing = find(provider, model)
    if listing is None:
        return _open_by_name().get(
            model.strip().lower().rsplit("/", 1)[-1]
        )  # a machine of one's own serves weights under their published name
    if (name := _open().get(listing.price_model)) is not None:
        return name
    known = facts(listing.provider_id, model)
    return f"{known.vendor}/{known.name}" if known is not None else None


def elsewhere(provider: str | None, model: str) -> tuple[Model, ...]:
    """The same model at other providers, as logs would name it there; those without a list price included."""
    name = weights_of(provider, model)
    if name is None:
        return ()
    own = list_provider(provider) if provider is not None else None
    return tuple((host, there) for host, there in _offers(name) if list_provider(host) != own)


@cache
def _open() -> dict[str, str]:
    """Entry of the price list -> name of the open weights."""
    found = {}
    for entry in weights():
        for host, there in entry.at.items():
            if (listing := find(host, there)) is not None:
                found[listing.price_model] = entry.name
    return found


@cache
def _open_by_name() -> dict[str, str]:
    """Last part of a published name, lower case -> name of the open weights."""
    names = {entry.name: entry.name for entry in weights()}
    return {there.lower().rsplit("/", 1)[-1]: entry.name for entry in weights() for there in entry.at.values()} | names


@cache
def _offers(name: str) -> tuple[tuple[str, str], ...]:
    for entry in weights():
        if entry.name == name:
            return tuple(sorted(entry.at.items()))
    vendor, _, short = name.partition("/")
    hosts = [b.hosts for b in blocks() if b.vendor == vendor and any(e.name == short for e in b.models)]
    return tuple((_LOG_NAME[h], short) for h in sorted({h for own in hosts for h in own}) if h in _LOG_NAME)
