"""One name for a model that logs and invoices spell differently: gpt-4o and gpt-4o-2024-08-06, NovaPro and amazon.nova-pro-v1:0."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache

from infercheck.prices.quote import find

_NOISE = frozenset({"v", "instruct", "it", "text", "us", "eu", "apac", "global", "regional", "mantle", "bedrock", "edition"})
_VENDORS = ("anthropic", "amazon", "meta", "mistral", "cohere", "ai21", "deepseek", "qwen", "openai", "google")


@cache
def canonical(seller: str, model: str) -> str:
    """The price list's name of the model, which dated snapshots at one price share; the log's own where it lists none."""
    if seller == "aws":
        return bedrock_id(model)
    listing = find(seller, model)
    return listing.info.id if listing is not None else model.lower()


def bedrock_id(model: str) -> str:
    """A Bedrock id without ARN and region: the maker's name of the model."""
    return re.sub(r"^(?:(?:us|eu|apac|ap|au|jp|ca|global|us-gov)\.)", "", model.lower().rsplit("/", 1)[-1])


def on_invoice(seller: str, name: str, logged: Collection[str], mapping: Mapping[str, str]) -> str:
    """The log's canonical model that an invoice's name means: by the config's [reconcile.models], else by name, else by the words in it.

    A name that fits two models of the log fits none: it stays as it is, and its lines are seen as the invoice's only.
    """
    if name in mapping:
        return canonical(seller, mapping[name])
    own = canonical(seller, name)
    if own in logged:
        return own
    words = _words(name)
    fits = [model for model in sorted(logged) if words == _words(model)] or [
        model for model in sorted(logged) if words and words <= _words(model)
    ]
    return fits[0] if len(fits) == 1 else own


@cache
def _words(name: str) -> frozenset[str]:
    """Letters and numbers of a name, without dates, versions and makers: claude-3-5-sonnet and Claude3.5Sonnet have the same."""
    plain = re.sub(r"-\d{8}\b|-v\d+(?::\d+)?$|:\d+$", "", name.strip())
    parts = plain.split(".", 1)
    plain = parts[1] if len(parts) == 2 and parts[0].lower() in _VENDORS else plain
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)  # NovaPro
    return frozenset(re.findall(r"[a-z]+|\d+", apart.lower())) - _NOISE
