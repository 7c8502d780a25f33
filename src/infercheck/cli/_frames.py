"""Tables for other tools: CSV that no spreadsheet runs, Parquet as it is, JSON rows, text for people."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infercheck.cli._output import refuse_ending
from infercheck.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from infercheck.engine.duckdb import Head
    from infercheck.render import Style

ROWS = 200  # of a table for people
_PART = 50_000  # rows of a file that are in memory at once
# What a spreadsheet would run, and what hides or turns round the text beside it: C0, C1, zero width, line separators, bidi.
_FORMULA = r"^\s*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_CONTROLS = r"[\x00-\x1f\x7f-\x{9f}\x{ad}\x{61c}\x{180e}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}]"
_FILES = {".csv": "csv", ".parquet": "parquet"}


def format_for(name: str | None, output: Path | None) -> str:
    """By name, else by the ending of the file, else CSV."""
    if name is None:
        refuse_ending(output, _FILES)
    chosen = name or (_FILES.get(output.suffix.lower()) if output else None) or "csv"
    if chosen not in _FILES.values():
        raise UsageError(f"there is no export format {chosen!r}", where="--format", hint=f"known: {', '.join(_FILES.values())}")
    if chosen == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("Parquet is no text for a terminal", where="--format", hint="add -o FILE.parquet")
    return chosen


def encode(frame: pl.DataFrame, chosen: str) -> bytes:
    """The frame in a named format."""
    makers: dict[str, Callable[[pl.DataFrame], bytes]] = {"csv": as_csv, "parquet": as_parquet, "json": as_json}
    return makers[chosen](frame)


def encoded(path: Path, chosen: str, *, exact: bool = False) -> Iterator[bytes]:
    """A Parquet file in a named format, a part at a time. ``exact``: CSV for programs."""
    import polars as pl

    if chosen == "parquet":
        with path.open("rb") as stream:
            while part := stream.read(1 << 20):
                yield part
        return
    scan = pl.scan_parquet(path)
    rows = int(scan.select(pl.len()).collect().item())
    for first in range(0, max(rows, 1), _PART):
        frame = scan.slice(first, _PART).collect()
        yield as_exact_csv(frame, header=first == 0) if exact else as_csv(frame, header=first == 0)


def as_csv(frame: pl.DataFrame, *, header: bool = True) -> bytes:
    """UTF-8 CSV; text cells that a spreadsheet would run get an apostrophe, controls go. Numbers and times are exact."""
    import polars as pl

    odd = [name for name, kind in frame.schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]  # CSV has no form for them
    frame = frame.with_columns(pl.Series(name, [_plain(value) for value in frame[name].to_list()], pl.String) for name in odd)
    text = {name: pl.col(name).str.replace_all(_CONTROLS, " ") for name, kind in frame.schema.items() if kind == pl.String}
    cells = [pl.when(cell.str.contains(_FORMULA)).then(pl.lit("'") + cell).otherwise(cell).alias(name) for name, cell in text.items()]
    out = io.BytesIO()
    frame.with_columns(cells).write_csv(out, include_header=header, datetime_format="%Y-%m-%dT%H:%M:%S%.6f")
    return out.getvalue()


def as_exact_csv(frame: pl.DataFrame, *, header: bool = True) -> bytes:
    """UTF-8 CSV for programs: text untouched, decimals plain, UTC times as 2026-11-01T00:00:00Z. Not for spreadsheets."""
    out = io.BytesIO()
    frame.write_csv(out, include_header=header, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    return out.getvalue()


def as_parquet(frame: pl.DataFrame) -> bytes:
    """Parquet, values as they are."""
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def as_json(frame: pl.DataFrame) -> bytes:
    """A JSON array of rows; dollars are numbers, times are ISO 8601."""
    from infercheck.render.json import dumps

    return (dumps([{name: _plain(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]) + "\n").encode()


def import_table() -> None:
    """What draws a table takes a tenth of a second to import."""
    from infercheck.render import _page  # noqa: F401


def as_table(head: Head, style: Style) -> str:
    """A table for people: the leading columns that they can read, and how much more there is."""
    from infercheck.render.figures import plural
    from infercheck.render.table import draw, fitting

    cells = [[_shown(value) for value in row] for row in head.rows]
    shown = fitting(head.names, cells, head.numeric, style)
    left = {"row": head.height - len(cells), "column": len(head.names) - shown}
    more = " and ".join(plural(number, what) for what, number in left.items() if number > 0)
    note = f"and {more} more: --format csv has all" if more else ""
    return draw(head.names[:shown], [row[:shown] for row in cells], head.numeric[:shown], style, note=note)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
