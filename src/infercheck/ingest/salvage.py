"""The second look at files that the fast reader cannot take as they are: record by record, so that nothing is lost without a word."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from infercheck.engine.duckdb import Engine
from infercheck.ingest import documents
from infercheck.ingest.archives import CHUNK
from infercheck.ingest.envelopes import Envelope, contents, opened
from infercheck.ingest.inputs import BOM, FILE_KEY, LINE_KEY, LINE_MAX, Cleaned, Dialect, dumped, is_repr

Fits = Callable[[Mapping[str, Any]], bool]  # whether a record has what tells the format
REPR_MAX = 1 << 20  # characters of a cell: Python's parser takes a hundred times the room of its text
PLACE = re.compile(rf'{{"{LINE_KEY}": (\d+), "{FILE_KEY}": (\d+)'.encode())


def _any(_: Mapping[str, Any]) -> bool:
    return True


def lines(
    source: Path,
    target: IO[bytes],
    file_id: int,
    known: Iterable[str],
    *,
    encoding: str = "utf-8",
    first_line: int = 1,
    offset: int = 0,
    envelope: Envelope | None = None,
    fits: Fits = _any,
) -> Cleaned:
    """Copy the sound records of a JSONL file to ``target`` and set the others aside.

    ``known`` are keys of which a record has at least one; ``offset`` is where ``source`` starts in the original file, and ``Cleaned.end``
    is where reading may go on when it has grown: before an unfinished last line. ``envelope`` is what each record stands in; where one holds
    several, they are numbered through. What stands outside of it and does not itself fit is of something else: ``Cleaned.other`` counts it.
    """
    result, keys, replaced, position, number = Cleaned(), frozenset(known), 0, 0, 0
    filled = foreign = 0  # lines that are not blank; of those, lines of some other log
    with source.open("rb") if encoding == "utf-8" else _text(source, encoding) as stream:
        for line_number, (raw, size, ended) in enumerate(_bounded(stream), start=first_line):
            position += size
            line = raw.removeprefix(BOM) if line_number == 1 else raw
            if not line.strip():
                continue
            filled += 1
            value, broken, mended = _value(line) if size == len(raw) else (None, f"longer than {LINE_MAX >> 20} MiB", False)
            held = [(value, True)] if envelope is None or broken else list(opened(value, envelope.keys))
            if envelope and not envelope.many and len(held) != 1:
                held, broken = [(None, True)], f"{len(held) or 'no'} records in {envelope}, elsewhere one"
            record: Any
            for record, inside in held:
                number = number + 1 if envelope and envelope.many else line_number
                reason = broken or fault(record, keys)
                if _is_other(record, fits, inside=inside):
                    result.other += 1
                elif reason:
                    result.reject(number, raw.rstrip(b"\r\n") if len(held) == 1 else json.dumps(record).encode(), reason)
                else:
                    keep(result, target, dumped(file_id, number, record))
            replaced += mended and not broken
            foreign += bool(broken) and line.lstrip()[:1] not in (b"{", b"\0")
            if broken and not ended:
                position -= size
    result.end = offset + position
    _tell_other(result, envelope)
    if foreign:
        result.notes.append(f"{foreign:,} of {filled:,} lines are no JSON, as another log's between the records; they were set aside")
    if replaced:
        result.notes.append(f"{replaced} lines held bytes that are no UTF-8 or were NUL; those were replaced")
    return result


def document(
    source: Path,
    target: IO[bytes],
    file_id: int,
    known: Iterable[str],
    *,
    encoding: str = "utf-8",
    envelope: Envelope | None = None,
    fits: Fits = _any,
) -> Cleaned:
    """The same for a JSON array, indented objects, or an envelope around all records: the "line" is the record's number."""
    result, keys, number = Cleaned(), frozenset(known), 0
    with _text(source, encoding) as text:
        for found in documents.values(iter(lambda: text.read(CHUNK), ""), envelope.keys if envelope else ()):
            value: Any
            for value, inside in [(None, True)] if found.fault else opened(found.value, found.keys):
                number += 1
                reason = found.fault or fault(value, keys)
                if _is_other(value, fits, inside=inside):
                    result.other += 1
                elif reason:
                    raw = found.raw if found.fault else json.dumps(value)
                    result.reject(number, raw.encode(errors="replace"), reason)
                else:
                    keep(result, target, dumped(file_id, number, value))
    result.end = source.stat().st_size
    _tell_other(result, envelope)
    return result


def table(
    source: Path,
    target: IO[bytes],
    file_id: int,
    known: Iterable[str],
    fields: Sequence[str],
    dialect: Dialect,
    *,
    encoding: str = "utf-8",
    envelope: Envelope | None = None,
) -> Cleaned:
    """The same for CSV: a row with more or fewer cells than the header has names is set aside. Cells that Python printed become JSON."""
    result, keys = Cleaned(), frozenset(known)
    with _text(source, encoding, newline="") as text:
        seen: list[str] = []
        reader = csv.reader(_without_nul(text, seen), delimiter=dialect.delimiter)
        for _ in range(dialect.skip + 1):
            next(reader, None)
        seen.clear()
        before = reader.line_num
        while True:
            try:
                row = next(reader, None)
                reason = ""
            except csv.Error as err:
                row, reason = [], f"no CSV: {err}"
            if row is None:
                break
            raw = "".join(seen)
            seen.clear()
            number, before = before + 1, reader.line_num
            if not raw.strip():
                continue
            reason = reason or (f"{len(row)} cells, the header has {len(fields)}" if len(row) != len(fields) else "")
            value: Any = {name: _as_json(cell) or None for name, cell in zip(fields, row, strict=False)}
            if envelope and not reason:
                value = next(contents(value, envelope.keys), None)
                reason = fault(value, keys)
            if reason:
                result.reject(number, raw.encode(errors="replace").rstrip(b"\r\n"), reason)
            else:
                keep(result, target, dumped(file_id, number, value))
    return result


def refuse_unread(engine: Engine, clean: Path, cleaned: Mapping[int, Cleaned], *, table: str = "staged") -> None:
    """Set aside the lines of ``clean`` that Python took for sound and the database did not; ``cleaned`` by file_id."""
    engine.execute(f"DELETE FROM {table} WHERE line IS NULL")
    if engine.value(f"SELECT count(*) FROM {table}") == sum(c.rows for c in cleaned.values()):
        return
    read = set(engine.rows(f"SELECT file, line FROM {table}"))
    with clean.open("rb") as stream:
        for raw in stream:
            head = PLACE.match(raw)
            if head and (int(head[2]), int(head[1])) not in read:
                of_file = cleaned[int(head[2])]
                of_file.rows -= 1
                of_file.reject(int(head[1]), raw.rstrip(b"\n"), "no JSON that the database reads")


def keep(result: Cleaned, target: IO[bytes], line: bytes) -> None:
    """Write a sound record out."""
    result.rows += 1
    result.longest = max(result.longest, len(line))
    target.write(line)


def _value(line: bytes) -> tuple[Any, str, bool]:
    """The value on a line, why there is none, and whether bytes had to be mended."""
    mended = False
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text, mended = line.decode(errors="replace"), True
    if "\0" in text:
        text, mended = text.replace("\0", ""), True
        if not text.strip():
            return None, "NUL bytes only", mended
    try:
        return json.loads(text, parse_constant=str), "", mended
    except RecursionError:
        return None, "nested too deeply", mended
    except ValueError as err:
        return None, f"no JSON: {err}", mended


def fault(value: Any, keys: frozenset[str]) -> str:
    """Why a value is no record of the format; empty where it is one."""
    if not isinstance(value, dict):
        return "not an object"
    return "" if keys & value.keys() else "has none of the format's fields"


def _as_json(cell: str) -> str:
    """A cell as it stands; a dictionary or list as Python prints it as JSON. Only literals are read: nothing is run."""
    if not is_repr(cell) or len(cell) > REPR_MAX:
        return cell
    try:
        return json.dumps(ast.literal_eval(cell))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return cell


def _is_other(value: Any, fits: Fits, *, inside: bool) -> bool:
    """Whether a record that stands outside of its file's envelope is of something else; an empty one is of nothing."""
    return not inside and isinstance(value, dict) and bool(value) and not fits(value)


def _tell_other(result: Cleaned, envelope: Envelope | None) -> None:
    if result.other:
        said = "1 record without {} holds" if result.other == 1 else f"{result.other:,} records without {{}} hold"
        result.notes.append(f"{said.format(envelope)} other events instead of calls, left out")


def _text(path: Path, encoding: str, newline: str = "\n") -> IO[str]:
    """A file as text, without its byte order mark."""
    return path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline=newline)


def _bounded(stream: IO[bytes] | IO[str]) -> Iterator[tuple[bytes, int, bool]]:
    """Lines, their size and whether they end; of one that is longer than LINE_MAX only the start."""
    while line := _bytes(stream.readline(LINE_MAX)):
        size, last = len(line), line
        while len(last) >= LINE_MAX and not last.endswith(b"\n"):
            last = _bytes(stream.readline(LINE_MAX))
            size += len(last)
        yield line, size, last.endswith(b"\n")


def _bytes(line: bytes | str) -> bytes:
    return line.encode(errors="replace") if isinstance(line, str) else line


def _without_nul(stream: Iterable[str], seen: list[str]) -> Iterator[str]:
    for line in stream:
        seen.append(line)
        yield line.replace("\0", "")
