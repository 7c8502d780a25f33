"""Files as people have them: found, told apart by their content, unpacked, and read line by line where they are damaged."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

from infercheck.errors import InputError
from infercheck.ingest.envelopes import SAMPLE, Envelope

Kind = Literal["jsonl", "json", "csv", "parquet", "empty", "binary", "text"]
HEAD_BYTES = 1 << 20
CHUNK = 1 << 20
PACKED_STEP = 1 << 14
RAW_KEPT = 1 << 16  # bytes of a rejected line that are stored
RAW_TOTAL = 1 << 26  # bytes of rejected lines of one file that are stored; later ones are cut short
RAW_SHORT = 200
FIRST_RECORD_MAX = 1 << 28  # a first record longer than this is not looked at
LINE_KEY, FILE_KEY = "infercheck_line", "infercheck_file"  # what a copied line says of where it came from
NAME_KEY = "infercheck_path"  # what the database calls the file it read: no log has a field of that name
BOM = b"\xef\xbb\xbf"
LONE_SURROGATE = re.compile(r"\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})")
MAGIC = {
    b"PK\x03\x04": "zip",
    b"PAR1": "parquet",
    b"%PDF": "pdf",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"SQLite format 3": "sqlite",
    b"\x7fELF": "elf",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
csv.field_size_limit(1 << 30)
NAIVE_TIMES = "times carry no zone and were read as UTC"  # in a file's note
RELATIVE_TIMES = "times count from the start of the log, no date is known: they are shown as from 1970-01-01 on"
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d+)?)?")


@dataclass(frozen=True)
class Look:
    """What the first bytes tell: kind, compression, encoding, and the first records for detection."""

    kind: Kind
    compression: Literal["", "gz", "zst"] = ""
    encoding: str = "utf-8"
    records: tuple[dict[str, Any], ...] = ()
    fields: tuple[str, ...] = ()
    label: str = ""
    envelope: Envelope | None = None

    @property
    def grows_by_lines(self) -> bool:
        """Whether what is appended can be read without what stands before it."""
        plain = self.kind == "jsonl" and not self.compression and self.encoding == "utf-8"
        return plain and not (self.envelope and self.envelope.many)


@dataclass
class Cleaned:
    """Result of a line pass: records written, lines set aside (line, raw, reason), and what happened, in words."""

    rows: int = 0
    rejects: list[tuple[int, bytes, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    end: int = 0
    longest: int = 0
    _stored: int = 0

    def reject(self, line: int, raw: bytes, reason: str) -> None:
        """Set a line aside; memory stays bounded however many there are."""
        keep = RAW_KEPT if self._stored < RAW_TOTAL else RAW_SHORT
        self._stored += min(len(raw), keep)
        self.rejects.append((line, raw[:keep], reason))


def without_zone(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the first records hold times that name no zone."""
    return any(isinstance(value, str) and _NAIVE.fullmatch(value) for record in records for value in record.values())


def find(paths: Sequence[str], stdin_copy: Path) -> Iterator[tuple[Path, bool]]:
    """Files behind ``paths`` (files, folders, globs, ``-``) with whether each was named itself. Raises InputError where there is nothing."""
    seen: set[Path] = set()
    for text in paths:
        found = list(_expand(text, stdin_copy))
        for path, named in found:
            key = path.resolve()
            if key not in seen:
                seen.add(key)
                yield path, named


def _expand(text: str, stdin_copy: Path) -> Iterator[tuple[Path, bool]]:
    path = Path(text)
    if text == "-":
        with stdin_copy.open("wb") as out:
            while chunk := sys.stdin.buffer.read(CHUNK):
                out.write(chunk)
        yield stdin_copy, True
    elif path.is_dir():
        inside = [p for p in sorted(path.rglob("*")) if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)]
        if not inside:
            raise InputError("the folder holds no files", where=text)
        yield from ((p, False) for p in inside)
    elif path.exists():
        yield path, True
    elif any(c in text for c in "*?["):
        base = Path(path.anchor) if path.is_absolute() else Path()
        pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else text
        inside = [p for p in sorted(base.glob(pattern)) if p.is_file()]
        if not inside:
            raise InputError("no file matches", where=text)
        yield from ((p, False) for p in inside)
    else:
        raise InputError("no such file or folder", where=text)


def chunks(path: Path, compression: str, notes: list[str], *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Unpacked bytes until the end or the damage; a loss is put into ``notes``."""
    with path.open("rb") as stream:
        if compression:
            yield from _unpacked(stream, compression, notes)
            return
        stream.seek(start)
        left = sys.maxsize if stop is None else stop - start
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _unpacked(stream: IO[bytes], compression: str, notes: list[str]) -> Iterator[bytes]:
    """Unpack in small steps: a decoder that fails gives nothing of the step in which it fails."""
    zstd = _zstd() if compression == "zst" else None

    def fresh() -> Any:
        return zstd.ZstdDecompressor() if zstd else zlib.decompressobj(31)

    decoder, started, broken = fresh(), False, ""
    data = stream.read(PACKED_STEP)
    while data:
        try:
            out = decoder.decompress(data)
        except Exception as err:
            if not isinstance(err, zlib.error) and type(err).__name__ != "ZstdError":
                raise
            broken = str(err)
            break
        started = True
        if out:
            yield out
        data = decoder.unused_data if decoder.eof else b""
        if decoder.eof:
            decoder, started = fresh(), False
            data = data.lstrip(b"\0")  # tape and disk images pad archives with zeros
        data = data or stream.read(PACKED_STEP)
    if broken or started:
        notes.append(f"the {compression} archive is {'damaged' if broken else 'cut short'}; what came before that was kept")


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def look(path: Path) -> Look:
    """Tell what a file is by its content, never by its name."""
    with path.open("rb") as raw:
        magic = raw.read(16)
    if not magic:
        return Look("empty", label="empty")
    compression: Literal["", "gz", "zst"] = "gz" if magic[:2] == GZIP else "zst" if magic[:4] == ZSTD else ""
    for start, name in MAGIC.items():
        if magic.startswith(start):
            return Look("binary", label=name)
    head = _head(path, compression)
    if (plain := _plain_lines(head)) is not None:
        return Look("jsonl", compression, records=plain, label=path.suffix.lstrip(".").lower() or "text")
    encoding = "utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    if not text.strip(" \t\r\n\0"):
        return Look("empty", compression, encoding, label="empty")
    opening = text[: 1 << 13]
    odd = sum(opening.count(c) for c in "\ufffd\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12")
    if odd > len(opening) // 20:
        return Look("binary", compression, label="binary")
    complete = len(head) < HEAD_BYTES
    kind, records, fields = _shape(text, path, compression, encoding, complete=complete)
    return Look(kind, compression, encoding, tuple(records), tuple(fields), label=path.suffix.lstrip(".").lower() or "text")


def _plain_lines(head: bytes) -> tuple[dict[str, Any], ...] | None:
    """The first records where a file opens with so many lines that are all objects: then nothing else has to be looked at."""
    lines = head.split(b"\n", SAMPLE)
    if len(lines) <= SAMPLE or not all(line.startswith(b'{"') and line.endswith(b"}") for line in lines[:SAMPLE]):
        return None
    try:
        return tuple(json.loads(line) for line in lines[:SAMPLE])
    except (ValueError, RecursionError):
        return None


def _head(path: Path, compression: str) -> bytes:
    """The first MiB, and more while the first line is not complete."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks(path, compression, []):
        parts.append(chunk)
        size += len(chunk)
        if size >= HEAD_BYTES and (size >= FIRST_RECORD_MAX or b"\n" in chunk):
            break
    return b"".join(parts)


def _shape(text: str, path: Path, compression: str, encoding: str, *, complete: bool) -> tuple[Kind, list[dict[str, Any]], list[str]]:
    lines = [line for line in text.split("\n")[: 200 if complete else -1] if line.strip(" \r\t\0")] or [text]
    objects = [_object(line) for line in lines[:100]]
    records = [o for o in objects if o is not None]
    start = text.lstrip()[:1]
    # A list or an envelope with a record on each line looks like JSONL at its last record, which no comma follows.
    spread = start in {"{", "["} and objects[0] is None and 2 * len(records) < len(objects)
    if records and not spread:
        return "jsonl", records[:SAMPLE], []
    if start in {"{", "["}:
        first = _first_objects(text)
        if not first and not complete:
            first = _first_objects(b"".join(chunks(path, compression, [])).decode(encoding, errors="replace"))
        if first:
            return "json", first, []
    rows = [] if start in {"{", "["} else _rows("\n".join(lines[: SAMPLE + 1]))
    if rows and len(rows[0]) >= 2:
        fields = [name.strip() for name in rows[0]]
        return "csv", [dict(zip(fields, row, strict=False)) for row in rows[1:]] or [dict.fromkeys(fields, "")], fields
    return "text", [], []


def _rows(text: str) -> list[list[str]]:
    """Rows of CSV; as far as they can be read."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        for row in csv.reader(io.StringIO(text.replace("\0", ""), newline=None)):
            rows.append(row)
    return rows


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line.replace("\0", ""))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _first_objects(text: str) -> list[dict[str, Any]]:
    return list(islice((value for _, value, _ in json_values(text) if isinstance(value, dict)), SAMPLE))


def json_values(text: str) -> Iterator[tuple[int, Any, str]]:
    """Values of a JSON array, or of objects one after the other, with their record number.

    A part that cannot be read comes as None with its text; reading goes on at the next line that opens an object.
    """
    decoder = json.JSONDecoder(parse_constant=str)
    at, number, end = 0, 0, len(text)
    while at < end:
        at = _skip(text, at, " \t\r\n,[]\ufeff\0" if number or at or text[at] != "[" else "[ \t\r\n")
        if at >= end:
            return
        number += 1
        try:
            value, stop = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            nxt = text.find("\n{", at + 1)
            stop = end if nxt < 0 else nxt
            yield number, None, text[at:stop]
        else:
            yield number, value, text[at:stop]
        at = stop


def _skip(text: str, at: int, blanks: str) -> int:
    while at < len(text) and text[at] in blanks:
        at += 1
    return at


def dumped(file_id: int, number: int, record: dict[str, Any]) -> bytes:
    """One clean line of JSON that carries its file and line; half surrogates, which no UTF-8 text can hold, become U+FFFD."""
    text = json.dumps({LINE_KEY: number, FILE_KEY: file_id, **record})
    return (LONE_SURROGATE.sub(r"\\ufffd", text) + "\n").encode() if "\\ud" in text else (text + "\n").encode()


def join(files: Iterable[tuple[int, Path]], out: Path) -> None:
    """Copy small JSONL files into one whose lines carry file and line: to open a file costs the database as much as to read 200 KB."""
    with out.open("wb") as target:
        for file_id, path in files:
            for number, line in enumerate(path.read_bytes().removeprefix(BOM).split(b"\n"), start=1):
                record = line.strip()
                if record.startswith(b"{"):
                    target.write(b'{"%s":%d,"%s":%d,' % (LINE_KEY.encode(), number, FILE_KEY.encode(), file_id) + record[1:] + b"\n")
                elif record:
                    target.write(b"!\n")  # no object: the strict reader has to refuse it


def stack(files: Iterable[Path], out: Path) -> list[int]:
    """Copy small JSONL files into one, a file after the other; returns the lines of each, -1 for a file left out since it is not plainly
    a record a line: a blank line, a byte order mark, an unfinished last line."""
    counts = []
    with out.open("wb") as target:
        for path in files:
            data = path.read_bytes()
            if data.startswith(b"{") and data.endswith(b"}\n") and b"\n\n" not in data and b"\r" not in data:
                target.write(data)
                counts.append(data.count(b"\n"))
            else:
                counts.append(-1)
    return counts


def unpack(path: Path, compression: str, out: Path, *, start: int = 0, stop: int | None = None) -> list[str]:
    """Copy the plain bytes to ``out``; returns notes on losses."""
    notes: list[str] = []
    with out.open("wb") as target:
        for chunk in chunks(path, compression, notes, start=start, stop=stop):
            target.write(chunk)
    return notes


def count_lines(path: Path, stop: int) -> int:
    """Line ends in the first ``stop`` bytes."""
    return sum(chunk.count(b"\n") for chunk in chunks(path, "", [], stop=stop))


def head_hash(path: Path, upto: int | None = None) -> str:
    """Hash of the first 64 KiB, or of the part of them before ``upto``: equal for a file that only grew."""
    import hashlib

    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(min(1 << 16, upto if upto is not None else 1 << 16))).hexdigest()[:32]


def skipped_summary(skipped: Counter[str]) -> str:
    """ "3 md, 1 png": files that hold no log, by type."""
    return ", ".join(f"{n} {kind}" for kind, n in sorted(skipped.items()))
