"""Any other invoice that comes as a CSV: the columns stand in the config under [[invoice]]."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from infercheck.config import Config
from infercheck.errors import InputError
from infercheck.finance.invoices.document import OTHER, Document, Line, money, places_of
from infercheck.finance.names import seller_id
from infercheck.model.finance import METERS, InvoiceTable

NAME = "a CSV with its columns under [[invoice]]"

_NOT_CACHED = r"(?<![a-z])(?:no|non|not|un)[-_ ]?cached?|cache[-_ ]?miss(?:es)?"
_INPUT, _OUTPUT = (
    r"(?<![a-z])(?:inp|prompt)",
    r"(?<![a-z])(?:outp|completion|response)",
)  # InputTokens, text_input_tokens, Azure's Inp and Outp
_WRITTEN = r"cach.*(?:writ|creat)|(?:writ|creat).*cach"
_WORDS = (  # in this order: a cache that is stored, not read; then writes, the longer first; what is left of a cache is read
    (r"storage", OTHER),
    (rf"^(?=.*(?<!\d)1[-_ ]?h).*(?:{_WRITTEN})", "cache_write_1h"),
    (_WRITTEN, "cache_write"),
    (r"cach", "cache_read"),
    (rf"^(?!.*text)(?:.*audio.*(?<![a-z])out|.*{_OUTPUT}.*audio)", "audio_output"),  # a model for audio has text on its meters too
    (rf"^(?!.*text)(?:.*audio.*(?<![a-z])in(?:p|(?![a-z]))|.*{_INPUT}.*audio)", "audio_input"),
    (_INPUT, "input"),
    (_OUTPUT, "output"),
)


def recognises(document: Document, config: Config) -> bool:
    """The first [[invoice]] whose columns are all there."""
    return _mapping(document, config) is not None


def lines(document: Document, config: Config) -> list[Line]:
    """One line a row. A row without an amount and a quantity is refused: it would vanish."""
    mapping = _mapping(document, config)
    assert mapping is not None  # noqa: S101 -- recognises() found it
    assert document.table is not None  # noqa: S101
    found = []
    for number, row in enumerate(document.table.iter_rows(named=True), start=2):
        where = f"{document.path}:{number}"
        amount = money(_value(row, mapping.amount) or "", where)
        model, (meter, words) = _value(row, mapping.model), _meter(mapping, row)
        quantity = _quantity(mapping, row, where) if meter != OTHER else None
        currency = (_value(row, mapping.currency) or "USD").upper()
        own = seller_id(_value(row, mapping.provider))
        invoice_id = _value(row, mapping.invoice_id) if mapping.invoice_id else None
        day = _day(mapping, row, where)
        what = " ".join(filter(None, (model, _value(row, mapping.meter) if mapping.meter else None)))
        named = model if meter != OTHER else None
        found.append(Line(own, day, named, meter, quantity, amount, currency, 0, what, invoice_id, words=words))
    places = places_of([line.amount for line in found if line.amount is not None])
    return [line._replace(places=places) for line in found]


def _mapping(document: Document, config: Config) -> InvoiceTable | None:
    columns = set(document.columns)
    for mapping in config.invoice:
        named = (
            mapping.provider,
            mapping.date,
            mapping.model,
            mapping.meter,
            mapping.quantity,
            mapping.amount,
            mapping.currency,
            mapping.invoice_id,
        )
        if columns and all(name in columns for name in named if name and not name.startswith("=")):
            return mapping
    return None


def _value(row: dict[str, str | None], name: str) -> str | None:
    text = name[1:] if name.startswith("=") else str(row[name] or "").strip()
    return text or None


def _meter(mapping: InvoiceTable, row: dict[str, str | None]) -> tuple[str, str | None]:
    """As the config translates it, else by its words, which are told then; ``tokens`` where the invoice has no meters."""
    if mapping.meter is None:
        return "tokens", None
    text = _value(row, mapping.meter) or ""
    if text in mapping.meters:
        return mapping.meters[text], None
    return (text, None) if text in METERS else (meter_of(text), text)


def meter_of(text: str) -> str:
    """The meter that the words of an invoice mean."""
    words, denied = re.subn(_NOT_CACHED, "", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    return next((meter for pattern, meter in _WORDS if re.search(pattern, words)), "input" if denied else OTHER)


def _quantity(mapping: InvoiceTable, row: dict[str, str | None], where: str) -> Decimal | None:
    text = _value(row, mapping.quantity) if mapping.quantity else None
    if text is None:
        return None
    try:
        return Decimal(text) * mapping.tokens_per_quantity
    except InvalidOperation as err:
        raise InputError(f"{text!r} is no quantity", where=where) from err


def _day(mapping: InvoiceTable, row: dict[str, str | None], where: str) -> date:
    text = _value(row, mapping.date) or ""
    try:
        return datetime.strptime(text, mapping.date_format).date()  # noqa: DTZ007 -- a day of the invoice, which is UTC
    except ValueError as err:
        raise InputError(f"{text!r} is no {mapping.date_format}", where=where, hint="date_format in [[invoice]]") from err
