"""An invoice file as it is: JSON pages or a table, numbers exact; and the line that every format is read into."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infercheck.errors import InputError

if TYPE_CHECKING:
    import polars as pl

OTHER = "other"  # the meter of what is no token: searches, storage, tax, credits
_PLACES = 12


class Line(NamedTuple):
    """One line of an invoice or a usage report. Unknown is None: a cost report has no tokens, a usage report no amount.

    ``provider`` is the price list's (openai, anthropic, aws, ...), ``quantity`` counts tokens, ``amount`` is in ``currency`` and may be
    negative, ``places`` are the decimals that the file rounds to. ``payer`` is the account, project or key that the file breaks the line down to,
    ``words`` the invoice's own name of the meter where only its words tell which it is.
    """

    provider: str
    day: date
    model: str | None
    meter: str
    quantity: Decimal | None
    amount: Decimal | None
    currency: str = "USD"
    places: int = _PLACES
    description: str = ""
    invoice_id: str | None = None
    payer: str = ""
    words: str | None = None


@dataclass(frozen=True)
class Document:
    """A file: ``pages`` of JSON, or a ``table`` whose CSV cells are text."""

    path: Path
    pages: list[dict[str, Any]] = field(default_factory=list)
    table: pl.DataFrame | None = None

    @property
    def buckets(self) -> list[dict[str, Any]]:
        """The entries of all pages' ``data``."""
        return [b for page in self.pages for b in page.get("data") or () if isinstance(b, dict)]

    @property
    def columns(self) -> list[str]:
        """Of the table; none for JSON."""
        return self.table.columns if self.table is not None else []

    def results(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each bucket with each of its results."""
        return [(b, r) for b in self.buckets for r in b.get("results") or () if isinstance(r, dict)]

    def describes(self) -> str:
        """What the file holds, in a few words."""
        if self.table is not None:
            return f"a table with the columns {', '.join(self.columns[:8])}{', ...' if len(self.columns) > 8 else ''}"
        keys = list(self.pages[0])[:8] if self.pages else []
        return f"JSON with the keys {', '.join(keys)}" if keys else "empty"


def load(path: Path) -> Document:
    """Read a .json, .jsonl, .csv or .parquet file, .gz too. InputError where it cannot be read."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except OSError as err:
        raise InputError(f"cannot be read: {err.strerror or err}", where=str(path)) from err
    kind = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if kind.lower() == ".parquet" or data[:4] == b"PAR1":
        return Document(path, table=_table(path, data, parquet=True))
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        return Document(path, pages=_pages(path, data.decode("utf-8-sig", "replace")))
    return Document(path, table=_table(path, data, parquet=False))


def money(value: object, where: str) -> Decimal:
    """An amount as a Decimal, from text or a JSON number. InputError for anything else: a guess at money is worse than none."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise InvalidOperation
        amount = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation as err:
        raise InputError(f"{value!r} is no amount", where=where) from err
    if not amount.is_finite():
        raise InputError(f"{value!r} is no amount", where=where)
    return amount


def places_of(amounts: list[Decimal]) -> int:
    """Decimals that a file rounds to: the most that any of its amounts shows, at least cents and at most twelve."""
    return min(max((2, *(-int(a.as_tuple().exponent) for a in amounts))), _PLACES)


def utc_day(value: object, where: str) -> date:
    """UTC day of epoch seconds or an ISO 8601 time."""
    try:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return datetime.fromtimestamp(int(value), UTC).date()
        found = datetime.fromisoformat(str(value))
        return (found.astimezone(UTC) if found.tzinfo else found).date()
    except (ValueError, OverflowError, OSError) as err:
        raise InputError(f"{value!r} is no time", where=where) from err


def _pages(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text, parse_float=Decimal)
    except ValueError:
        try:
            found = [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
        except ValueError as err:
            raise InputError(f"not valid JSON: {err}", where=str(path)) from err
    pages = [page for page in (found if isinstance(found, list) else [found]) if isinstance(page, dict)]
    if pages and pages[-1].get("has_more") is True:
        raise InputError("the last page says has_more", where=str(path), hint="put all pages into one file, one JSON object a line")
    return pages


def _table(path: Path, data: bytes, *, parquet: bool) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_parquet(io.BytesIO(data)) if parquet else pl.read_csv(io.BytesIO(data), infer_schema=False, encoding="utf8-lossy")
    except (pl.exceptions.PolarsError, OSError) as err:
        raise InputError(f"not a table that can be read: {str(err).splitlines()[0]}", where=str(path)) from err
