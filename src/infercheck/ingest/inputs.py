"""Files as people have them: found, told apart by their content, unpacked, and read line by line where they are damaged."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Literal, NamedTuple

from pydantic_core import from_json

from infercheck.errors import InputError
from infercheck.ingest import archives, documents
from infercheck.ingest.archives import CHUNK
from infercheck.ingest.changes import Edges, State, edges_of, state_of
from infercheck.ingest.envelopes import SAMPLE, Envelope
from infercheck.ingest.private import shape

Kind = Literal["jsonl", "json", "csv", "parquet", "empty", "binary", "text"]
HEAD_BYTES = 1 << 20
GLANCE_BYTES = 1 << 16  # of a file that opens with records: those that decide stand in them, but for the longest
RAW_KEPT = 1 << 16  # bytes of a rejected line that are stored
RAW_TOTAL = 1 << 26  # bytes of rejected lines of one file that are stored; later ones are cut short
RAW_SHORT = 200
LINE_MAX = 1 << 27  # bytes of a line or cell that are looked at: no log has longer ones, and memory stays bounded
LINE_KEY, FILE_KEY = "infercheck_line", "infercheck_file"  # what a copied line says of where it came from
NAME_KEY = "infercheck_path"  # what the database calls the file it read: no log has a field of that name
BOM = b"\xef\xbb\xbf"
DELIMITERS = ",;\t|"  # of CSV: spreadsheets write semicolons where the comma is the decimal sign
EXCEL_SEP = re.compile(rf'"?sep=([{DELIMITERS}])"?\s*')  # a first line that is for Excel alone
LONE_SURROGATE = re.compile(r"\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})")
MAGIC = {
    b"PK\x03\x04": "zip",
    b"PAR1": "parquet",
    b"%PDF": "pdf",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"SQLite format 3": "sqlite",
    b"\x7fELF": "elf",
}
csv.field_size_limit(LINE_MAX)
VLLM_LOG = "vLLM's server log"  # with --enable-log-requests: text, whose commas look like CSV
VLLM_ARRIVAL = re.compile(r"Received request \S+: .*SamplingParams\(|^INFO .*\] Engine \d+: Avg prompt throughput", re.MULTILINE)
NAIVE_TIMES = "times carry no zone and were read as UTC"  # in a file's note
RELATIVE_TIMES = "times count from the start of the log, no date is known: they are shown as from 1970-01-01 on"
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d+)?)?")


class Dialect(NamedTuple):
    """How a CSV is written: what stands between its cells, and the lines before its header."""

    delimiter: str
    skip: int = 0


COMMAS = Dialect(",")


@dataclass(frozen=True)
class Look:
    """What the first bytes tell: kind, compression, encoding, and the first records for detection."""

    kind: Kind
    compression: archives.Compression = ""
    encoding: str = "utf-8"
    records: tuple[dict[str, Any], ...] = ()
    fields: tuple[str, ...] = ()
    dialect: Dialect = COMMAS
    label: str = ""
    envelope: Envelope | None = None
    reprs: bool = False  # cells hold dictionaries and lists as Python prints them, which is no JSON

    @property
    def grows_by_lines(self) -> bool:
        """Whether what is appended can be read without what stands before it."""
        plain = self.kind == "jsonl" and not self.compression and self.encoding == "utf-8"
        return plain and not (self.envelope and self.envelope.many)


@dataclass
class Cleaned:
    """Result of a line pass: records written, those of something else, lines set aside (line, raw, reason), and what happened, in words."""

    rows: int = 0
    other: int = 0
    rejects: list[tuple[int, bytes, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    end: int = 0
    longest: int = 0
    _stored: int = 0

    def reject(self, line: int, raw: bytes, reason: str) -> None:
        """Set a line aside, without its words; memory stays bounded however many there are."""
        keep = RAW_KEPT if self._stored < RAW_TOTAL else RAW_SHORT
        self._stored += min(len(raw), keep)
        self.rejects.append((line, shape(raw[:keep]), reason))


def without_zone(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the first records hold times that name no zone."""
    return any(isinstance(value, str) and _NAIVE.fullmatch(value) for record in records for value in record.values())


class Found(NamedTuple):
    """A file, a member of a zip archive, or what came through standard input: where its bytes are, what it is called, whether it was named itself."""

    path: Path
    name: str
    key: str  # the same for the same file whatever the current folder
    named: bool
    state: State  # of a zip archive's member that of the archive
    member: str = ""


def find(paths: Sequence[str], stdin_copy: Path) -> Iterator[Found]:
    """Files behind ``paths`` (files, folders, globs, ``-``). Raises InputError where there is nothing."""
    seen: set[object] = set()
    for text in paths:
        for found in list(_expand(text, stdin_copy)):
            same = found.state.file or found.key  # a link's file is read once
            if same not in seen:
                seen.add(same)
                yield found


def _file(path: Path, *, named: bool) -> Found:
    name = str(path)
    return Found(path, name, os.path.join(os.getcwd(), name), named, state_of(path))  # noqa: PTH109, PTH118 -- of thousands of files


def _expand(text: str, stdin_copy: Path) -> Iterator[Found]:
    path = Path(text)
    if text == "-":
        with stdin_copy.open("wb") as out:
            while chunk := sys.stdin.buffer.read(CHUNK):
                out.write(chunk)
        yield Found(stdin_copy, "-", "-", named=True, state=state_of(stdin_copy))
    elif path.is_dir():
        inside = list(_walk(text))
        if not inside:
            raise InputError("the folder holds no files", where=text)
        yield from (_file(Path(p), named=False) for p in inside)
    elif path.exists():
        yield _file(path, named=True)
    elif any(c in text for c in "*?["):
        base = Path(path.anchor) if path.is_absolute() else Path()
        pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else text
        matching = [p for p in sorted(base.glob(pattern)) if p.is_file()]
        if not matching:
            raise InputError("no file matches", where=text)
        yield from (_file(p, named=False) for p in matching)
    else:
        raise InputError("no such file or folder", where=text)


def _walk(folder: str) -> Iterator[str]:
    """Files below a folder in order; hidden ones and hidden folders are left out."""
    with os.scandir(folder) as entries:
        visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    for entry in visible:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        elif entry.is_file():
            yield entry.path


def members(archive: Found) -> Iterator[tuple[Found, str]]:
    """The members of a zip archive as files, each with the reason why it is refused, if it is."""
    for member, refusal in archives.members(archive.path):
        inside = archive._replace(name=f"{archive.name}!{member}", key=f"{archive.key}!{member}", member=member, named=False)
        yield inside, refusal


def on_disk(key: str) -> Path | None:
    """The file that a key names, of an archive's member the archive; None where it has gone."""
    path = Path(key)
    while not path.is_file():
        key, member, _ = key.rpartition("!")
        if not member:
            return None
        path = Path(key)
    return path


def look(path: Path, member: str = "") -> Look:
    """Tell what a file, or a member of a zip archive, is by its content, never by its name."""
    if not member and (plain := _glanced(path)) is not None:
        return Look("jsonl", records=plain, label=label_of(path))
    first = next(archives.chunks(path, "", [], member=member), b"")
    magic = first[:16]
    if not magic:
        return Look("empty", label="empty")
    for start, name in MAGIC.items():
        if magic.startswith(start):
            return Look("binary", label=name)
    compression = archives.compression_of(magic)
    whole = not (compression or member) and len(first) < HEAD_BYTES
    head = first if whole else _head(path, member, compression)
    if (plain := _plain_lines(head, whole=whole)) is not None:
        return Look("jsonl", compression, records=plain, label=label_of(PurePath(member or path)))
    encoding = "utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    if not text.strip(" \t\r\n\0"):
        return Look("empty", compression, encoding, label="empty")
    opening = text[: 1 << 13]
    odd = sum(opening.count(c) for c in "\ufffd\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12")
    if odd > len(opening) // 20:
        return Look("binary", compression, label="binary")
    if VLLM_ARRIVAL.search(opening) and opening.lstrip()[:1] not in {"{", "["}:
        return Look("text", compression, encoding, label=VLLM_LOG)
    kind, records, fields, dialect = _shape(text, complete=len(head) < HEAD_BYTES)
    reprs = kind == "csv" and any(is_repr(cell) for record in records for cell in record.values())
    return Look(kind, compression, encoding, tuple(records), tuple(fields), dialect, label=label_of(PurePath(member or path)), reprs=reprs)


def _glanced(path: Path) -> tuple[dict[str, Any], ...] | None:
    """The first records where a few KiB tell that the file is plainly a record a line: of thousands of files not all is read twice."""
    with path.open("rb") as stream:
        head = stream.read(GLANCE_BYTES)
    return _plain_lines(head, whole=len(head) < GLANCE_BYTES) if head.startswith(b'{"') else None


def _plain_lines(head: bytes, *, whole: bool) -> tuple[dict[str, Any], ...] | None:
    """The first records where a file opens with so many lines that are all objects, or is no more: then nothing else has to be looked at."""
    lines = head.split(b"\n", SAMPLE)
    if len(lines) > SAMPLE or (whole and not lines[-1]):
        lines.pop()
    elif not whole:
        return None
    if not all(line.startswith(b'{"') and line.endswith(b"}") for line in lines):
        return None
    try:
        return tuple(from_json(line) for line in lines)  # in half the time of json
    except ValueError:
        return None


def is_repr(cell: str) -> bool:
    """Whether a cell opens like a dictionary or list of texts that Python printed: pandas writes columns of JSON so."""
    return cell.startswith(("{'", "['", "[{'"))


def label_of(path: PurePath) -> str:
    """What a file that holds no log is counted as."""
    return path.suffix.lstrip(".").lower() or "text"


def _head(path: Path, member: str, compression: archives.Compression) -> bytes:
    """The first MiB, and more while the first line is not complete."""
    parts: list[bytes] = []
    size = 0
    for chunk in archives.chunks(path, compression, [], member=member):
        parts.append(chunk)
        size += len(chunk)
        if size >= HEAD_BYTES and (size >= LINE_MAX or b"\n" in chunk):
            break
    return b"".join(parts)


def _shape(text: str, *, complete: bool) -> tuple[Kind, list[dict[str, Any]], list[str], Dialect]:
    lines = [line for line in text.split("\n")[: 200 if complete else -1] if line.strip(" \r\t\0")] or [text]
    objects = [_object(line) for line in lines[:100]]
    records = [o for o in objects if o is not None]
    start = text.lstrip()[:1]
    # A list or an envelope with a record on each line looks like JSONL at its last record, which no comma follows.
    spread = start in {"{", "["} and objects[0] is None and 2 * len(records) < len(objects)
    if records and not spread:
        return "jsonl", records[:SAMPLE], [], COMMAS
    if start in {"{", "["}:
        first = documents.first_objects(text)
        if first:
            return "json", first, [], COMMAS
        return "text", [], [], COMMAS
    dialect, table = _dialect(lines)
    header, *rows = list(_rows(table, dialect.delimiter)) or [[]]
    if len(header) < 2:
        return "text", [], [], COMMAS
    fields = [name.strip() for name in header]
    return "csv", [dict(zip(fields, row, strict=False)) for row in rows] or [dict.fromkeys(fields, "")], fields, dialect


def _dialect(lines: Sequence[str]) -> tuple[Dialect, str]:
    """How a CSV that opens with ``lines`` is written, and the text of its header and first rows: the delimiter is the one that Excel is told,
    else the one that makes most names of the header."""
    told = EXCEL_SEP.fullmatch(lines[0])
    skip = 1 if told else 0
    text = "\n".join(lines[skip : skip + SAMPLE + 1]).replace("\0", "")
    return Dialect(told[1] if told else max(DELIMITERS, key=lambda d: len(next(_rows(text, d), []))), skip), text


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Rows of CSV; as far as they can be read."""
    with contextlib.suppress(csv.Error):
        yield from csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line.replace("\0", ""))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def dumped(file_id: int, number: int, record: dict[str, Any]) -> bytes:
    """One clean line of JSON that carries its file and line; half surrogates, which no UTF-8 text can hold, become U+FFFD."""
    text = json.dumps({LINE_KEY: number, FILE_KEY: file_id, **record})
    return (LONE_SURROGATE.sub(r"\\ufffd", text) + "\n").encode() if "\\ud" in text else (text + "\n").encode()


def join(files: Iterable[tuple[int, Path]], out: Path) -> list[Edges]:
    """Copy small JSONL files into one whose lines carry file and line: to open a file costs the database as much as to read 200 KB."""
    edges = []
    with out.open("wb") as target:
        for file_id, path in files:
            data = path.read_bytes()
            edges.append(edges_of(data))
            for number, line in enumerate(data.removeprefix(BOM).split(b"\n"), start=1):
                record = line.strip()
                if record.startswith(b"{"):
                    target.write(b'{"%s":%d,"%s":%d,' % (LINE_KEY.encode(), number, FILE_KEY.encode(), file_id) + record[1:] + b"\n")
                elif record:
                    target.write(b"!\n")  # no object: the strict reader has to refuse it
    return edges


def stack(files: Iterable[Path], out: Path) -> list[tuple[int, Edges]]:
    """Copy small JSONL files into one, a file after the other; returns the lines of each, -1 for a file left out since it is not plainly
    a record a line: a blank line, a byte order mark, an unfinished last line."""
    stacked = []
    with out.open("wb") as target:
        for path in files:
            data = path.read_bytes()
            lines = data.split(b"\n")  # in a third of the time that it takes to look for two line ends in a row, and to count them
            plain = data.startswith(b"{") and data.endswith(b"}\n") and b"\r" not in data and b"" not in lines[:-1]
            if plain:
                target.write(data)
            stacked.append((len(lines) - 1 if plain else -1, edges_of(data)))
    return stacked


def count_lines(path: Path, stop: int) -> int:
    """Line ends in the first ``stop`` bytes."""
    return sum(chunk.count(b"\n") for chunk in archives.chunks(path, "", [], stop=stop))


def skipped_summary(skipped: Counter[str]) -> str:
    """ "3 md, 1 png": files that hold no log, by type."""
    return ", ".join(f"{n} {kind}" for kind, n in sorted(skipped.items()))
