"""The `models` table: what a model is, what it costs, whether it is premium, and which sibling could do simple work for less."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase

from infercheck.prices.facts import Facts, facts, offered
from infercheck.prices.hosts import elsewhere, weights_of
from infercheck.prices.providers import list_provider
from infercheck.prices.quote import MTOK, find, quote

Model = tuple[str | None, str]

PREMIUM_USD = Decimal("2.50")  # blended, per million tokens (RULES.md)
PREMIUM_RATIO = Decimal(4)  # and a capable sibling at a quarter of it or less
NOTICE = timedelta(days=90)  # nobody should move to a model that is switched off within a quarter
GENERATIONS = 2  # a sibling is one of the newest two of its family


def model_rows(
    models: Iterable[Model], day: date, *, premium: Sequence[str] = (), targets: Iterable[Model] = ()
) -> list[tuple[object, ...]]:
    """Rows of the `models` table, values in the order of its columns, for the (provider, model) of a log and for what they might move to: siblings
    that are cheaper, newer ones of the family, the same model where another provider sells it for less; and ``targets``, which the config names.

    ``day`` decides what is released, retired and what it costs: the last day of the log. ``premium`` are globs over "provider/model" or
    "model" that are premium whatever they cost; one that starts with "!" says that they are not, and later globs win. ``premium`` is NULL
    for a model without a price or without known capabilities. Sources: models.toml, genai-prices; prices are list prices.
    """
    rows: dict[Model, tuple[object, ...]] = {}
    waiting = list(dict.fromkeys(models))
    logged = frozenset(waiting)
    waiting += targets
    while waiting:
        key = waiting.pop()
        if key in rows:
            continue
        known = _facts(*key)
        cheaper = _cheapest_sibling(key, known, day)
        rows[key] = _row(key, known, day, cheaper, premium)
        waiting += [cheaper] if cheaper else []
        # Newer relatives only of what was used: those of a mere candidate are nobody's question.
        waiting += [*_newer_relatives(key, known, day), *_cheaper_elsewhere(key, day)] if key in logged else []
    return [rows[k] for k in sorted(rows, key=lambda k: (k[0] or "", k[1]))]


def blended_usd_per_mtok(provider: str | None, model: str, day: date) -> Decimal | None:
    """List price of three input tokens and one output token, per million; None without a price. Long-context brackets do not count."""
    found = quote(provider, model, day, "default")
    if found is None:
        return None
    first = found.brackets[0]
    return (3 * (first.input or Decimal(0)) + (first.output or Decimal(0))) / 4 * MTOK


def _facts(provider: str | None, model: str) -> Facts | None:
    listing = find(provider, model)
    host = list_provider(provider) if provider is not None else (listing.provider_id if listing else None)
    return facts(host, model) if host is not None else None


def _cheapest_sibling(key: Model, known: Facts | None, day: date) -> Model | None:
    """The cheapest model that can take over simple work.

    Of the same vendor at the same provider; of the small class or above (nano models fail too much of what a premium model did), not a
    specialised one; able to do all that the model itself can, reasoning apart, since simple work needs none; with a known context window;
    released by ``day``, not retired within ``NOTICE`` and among the newest ``GENERATIONS`` of its family; and cheaper than the model.
    """
    own = blended_usd_per_mtok(*key, day)
    if known is None or own is None or "embedding" in known.capabilities:
        return None
    needed = set(known.capabilities) - {"reasoning"}
    candidates: list[tuple[Decimal, str, Model]] = []
    for other in offered(known.host, known.vendor):
        target = _named_like(key, known, other)
        if target is None or other.name == known.name or not _proposable(other, day) or not needed <= set(other.capabilities):
            continue
        price = blended_usd_per_mtok(*target, day)
        if price is not None and price < own:
            candidates.append((price, other.name, target))
    return min(candidates)[2] if candidates else None


def _proposable(other: Facts, day: date) -> bool:
    if other.class_ in {"nano", "special"} or other.context is None or not _current(other, day):
        return False
    family = [o for o in offered(other.host, other.vendor) if o.family == other.family and o.released is not None and o.released <= day]
    newest = sorted({o.released for o in family if o.released is not None}, reverse=True)[:GENERATIONS]
    return other.released in newest


def _current(other: Facts, day: date) -> bool:
    return other.released is not None and other.released <= day and (other.retired is None or other.retired - NOTICE > day)


def _newer_relatives(key: Model, known: Facts | None, day: date) -> list[Model]:
    if known is None or known.released is None:
        return []
    newer = [
        o
        for o in offered(known.host, known.vendor)
        if o.family == known.family and _current(o, day) and (o.released or day) > known.released
    ]
    return [t for o in newer if (t := _named_like(key, known, o)) is not None and blended_usd_per_mtok(*t, day) is not None]


def _cheaper_elsewhere(key: Model, day: date) -> list[Model]:
    """Where the same model is sold for less; anywhere, if it has no price of its own."""
    own = blended_usd_per_mtok(*key, day)
    return [other for other in elsewhere(*key) if (price := blended_usd_per_mtok(*other, day)) is not None and (own is None or price < own)]


def _named_like(key: Model, known: Facts, other: Facts) -> Model | None:
    """The other model as the same provider would name it; on Bedrock with the same geography. None where that name is unknown."""
    provider = key[0] or known.host
    if known.host != "aws":
        return (provider, other.name)
    before, marker, _ = key[1].lower().rpartition(f"{known.vendor}.")
    return (provider, f"{before}{marker}{other.bedrock}") if other.bedrock and marker else None


def _premium(key: Model, known: Facts | None, own: Decimal | None, cheaper: Model | None, day: date, globs: Sequence[str]) -> bool | None:
    names = (f"{key[0] or ''}/{key[1]}".lower(), key[1].lower())
    for glob in reversed(globs):
        if any(fnmatchcase(n, glob.removeprefix("!").lower()) for n in names):
            return not glob.startswith("!")
    if own is None or known is None:
        return None
    if own < PREMIUM_USD or cheaper is None:
        return False
    price = blended_usd_per_mtok(*cheaper, day)
    return price is not None and price * PREMIUM_RATIO <= own


def _row(key: Model, known: Facts | None, day: date, cheaper: Model | None, globs: Sequence[str]) -> tuple[object, ...]:
    own = blended_usd_per_mtok(*key, day)
    told = (
        (
            *(known.family, known.released, known.retired, ",".join(known.capabilities), known.context),
            *(known.cache_mode, known.cache_min_tokens, known.cache_ttl_s),
        )
        if known
        else (None,) * 8
    )
    return (
        *key,
        *told,
        float(own) if own is not None else None,
        _premium(key, known, own, cheaper, day, globs),
        f"{cheaper[0]}/{cheaper[1]}" if cheaper else None,
        weights_of(*key),
    )
