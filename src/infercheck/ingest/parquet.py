"""Parquet as a log: the same records as in JSON, every value as text or JSON, so that a source need not know how they were packed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.ingest.inputs import NAME_KEY, Cleaned, Look, dumped
from infercheck.ingest.salvage import keep

SAMPLE = 20
SLICE = 1 << 15  # rows that are looked at together where a file is damaged
_NESTED = ("STRUCT", "MAP", "UNION")


def look(path: Path) -> Look:
    """What the file's own schema and first rows tell."""
    import polars as pl

    scan = pl.scan_parquet(path, glob=False)
    try:
        fields = tuple(scan.collect_schema().names())
    except Exception:  # noqa: BLE001 -- whatever polars raises, the file cannot be opened
        return Look("binary", label="parquet")
    try:
        records = tuple(map(_plain, scan.head(SAMPLE).collect().to_dicts()))
    except Exception:  # noqa: BLE001 -- damaged pages: what can be read of the others is told apart later
        records = ()
    return Look("parquet", records=records or (dict.fromkeys(fields),), fields=fields, label="parquet")


def reader(engine: Engine, paths: Sequence[str], fields: Iterable[str]) -> str:
    """SQL for the rows of Parquet files with ``fields`` as text, nested values as JSON, and the path that each came from."""
    listed = "[" + ", ".join(literal(path) for path in dict.fromkeys(paths)) + "]"
    rows = f"read_parquet({listed}, filename = {literal(NAME_KEY)}, binary_as_string = true, hive_partitioning = false)"
    types = engine.columns(rows)
    return f"(SELECT {NAME_KEY}, {', '.join(_text(name, types[name]) for name in fields)} FROM {rows})"


def _text(name: str, kind: str) -> str:
    column = quoted(name)
    nested = kind.startswith(_NESTED) or kind.endswith("]")
    return f"CAST({f'to_json({column})' if nested else column} AS VARCHAR) AS {column}"


def rows(source: Path, target: IO[bytes], file_id: int, known: Iterable[str]) -> Cleaned:
    """Copy the sound rows to ``target`` as JSON lines; the "line" is the row's number. What cannot be read is set aside, slice by slice."""
    import polars as pl

    result, keys = Cleaned(), frozenset(known)
    scan = pl.scan_parquet(source, glob=False)
    total = int(scan.select(pl.len()).collect().item())
    for start in range(0, total, SLICE):
        try:
            frame = scan.slice(start, SLICE).collect()
        except Exception as err:  # noqa: BLE001 -- whatever polars raises for damaged pages
            last = min(start + SLICE, total)
            result.reject(start + 1, b"", f"rows {start + 1} to {last} cannot be read: {' '.join(str(err).split())[:200]}")
            continue
        for number, row in enumerate(frame.iter_rows(named=True), start=start + 1):
            record = _plain(row)
            if any(record.get(key) is not None for key in keys):
                keep(result, target, dumped(file_id, number, record))
            else:
                result.reject(number, b"", "has none of the format's fields")
    result.end = source.stat().st_size
    return result


def _plain(value: Any) -> Any:
    """Values that JSON has a word for; times as ISO text."""
    if isinstance(value, dict):
        return {key: _plain(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_plain(inside) for inside in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
