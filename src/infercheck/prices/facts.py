"""Reads ``models.toml``: what vendors say about their models. Pydantic holds its shape; every fact carries a source and a date."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

CacheMode = Literal["explicit", "automatic", "none"]
Capability = Literal["text", "tools", "json_schema", "vision", "audio", "reasoning", "embedding"]

# What may stand before and after a model's name in a log: a path, an ARN or a cloud's prefix; a snapshot date, an alias, a version.
_BEFORE = r"(?:.*[./])?"
_AFTER = r"(?:[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|\d{3}|latest|default|preview-\d{2}-\d{2,4}))?(?:-v\d+)?(?::\d+)*"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(_Strict):
    """One model; what it leaves out comes from its block, and what both leave out is unknown."""

    name: str
    family: str
    # nano and special are never proposed as a replacement
    class_: Literal["nano", "small", "mid", "large", "special"]
    released: date | None = None
    retired: date | None = None
    context: int | None = None
    caps: tuple[Capability, ...] = ()
    aliases: tuple[str, ...] = ()
    bedrock: str | None = None
    cache_mode: CacheMode | None = None
    cache_min_tokens: int | None = None
    cache_ttl_s: int | None = None


class Block(_Strict):
    """Models that share a source, and what they have in common."""

    vendor: str
    hosts: tuple[str, ...]
    source: str
    as_of: date
    caps: tuple[Capability, ...]
    cache_hosts: tuple[str, ...] = ()
    cache_mode: CacheMode | None = None
    cache_min_tokens: int | None = None
    cache_ttl_s: int | None = None
    models: tuple[Entry, ...]


class Weights(_Strict):
    """Open weights, and what each host calls them (the provider as logs name it -> the model there)."""

    name: str
    source: str
    as_of: date
    at: dict[str, str]


class Facts(_Strict):
    """A model as one provider of the price list offers it. None: unknown there."""

    name: str
    vendor: str
    host: str
    family: str
    class_: str
    released: date | None
    retired: date | None
    context: int | None
    capabilities: tuple[str, ...]
    cache_mode: str | None
    cache_min_tokens: int | None
    cache_ttl_s: int | None
    bedrock: str | None


@cache
def _read() -> tuple[tuple[Block, ...], tuple[Weights, ...]]:
    import tomllib
    from importlib.resources import files

    raw = tomllib.loads(files("infercheck.prices").joinpath("models.toml").read_text(encoding="utf-8"))
    for block in raw["block"]:
        for model in block["models"]:
            model["class_"] = model.pop("class")
    return tuple(Block.model_validate(b) for b in raw["block"]), tuple(Weights.model_validate(w) for w in raw["weights"])


def blocks() -> tuple[Block, ...]:
    """All blocks of models.toml."""
    return _read()[0]


def weights() -> tuple[Weights, ...]:
    """Open weights that several hosts sell."""
    return _read()[1]


@cache
def facts(host: str, model: str) -> Facts | None:
    """What is known about a model, as named in a log, at a provider of the price list; None: nothing."""
    wanted = model.strip().lower()
    for block in blocks():
        if host in block.hosts:
            for entry in block.models:
                names = (entry.name, *entry.aliases)
                if any(name in wanted for name in names) and _pattern(names).fullmatch(wanted):  # to compile a pattern takes long
                    return _at(block, entry, host)
    return None


@cache
def offered(host: str, vendor: str) -> tuple[Facts, ...]:
    """All models of one vendor at one provider."""
    return tuple(_at(b, e, host) for b in blocks() if host in b.hosts and b.vendor == vendor for e in b.models)


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(_BEFORE + "(?:" + "|".join(re.escape(n) for n in names) + ")" + _AFTER)


def _at(block: Block, entry: Entry, host: str) -> Facts:
    caches = host in block.cache_hosts
    return Facts(
        name=entry.name,
        vendor=block.vendor,
        host=host,
        family=entry.family,
        class_=entry.class_,
        released=entry.released,
        retired=entry.retired if host == block.hosts[0] else None,
        context=entry.context,
        capabilities=entry.caps or block.caps,
        cache_mode=(entry.cache_mode or block.cache_mode) if caches else None,
        cache_min_tokens=(entry.cache_min_tokens or block.cache_min_tokens) if caches else None,
        cache_ttl_s=(entry.cache_ttl_s or block.cache_ttl_s) if caches else None,
        bedrock=entry.bedrock,
    )
