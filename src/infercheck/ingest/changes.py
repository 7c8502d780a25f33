"""What became of a file since the ledger read it: its times tell, and where they cannot, its first and last bytes do."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from infercheck.engine.duckdb import Engine

HEAD_BYTES = 1 << 16
TAIL_BYTES = 4096
# A clock ticks, on some file systems every 2 s only: what was written again in the tick in which it was read has the same times.
TICK_NS = 2_000_000_000


class State(NamedTuple):
    """A file as its folder tells of it."""

    size: int
    mtime_ns: int
    ctime_ns: int  # changes with every write, and when another file takes the name
    file: tuple[int, int] | None  # the same for all names of one file; None where the file system has no such number
    settled: bool  # its times lie far enough back to tell it from whatever is written from now on


def state_of(path: Path) -> State:
    """What the file is now."""
    now = path.stat()
    settled = max(now.st_mtime_ns, now.st_ctime_ns) < time.time_ns() - TICK_NS
    return State(now.st_size, now.st_mtime_ns, now.st_ctime_ns, (now.st_dev, now.st_ino) if now.st_ino else None, settled)


class Edges(NamedTuple):
    """Hashes of a file's first 64 KiB and of its last 4."""

    head: str
    tail: str


def edges_of(data: bytes) -> Edges:
    """Of a file that is held whole."""
    return Edges(_digest(data[:HEAD_BYTES]), _digest(data[-TAIL_BYTES:]))


def edges_at(path: Path, size: int, end: int) -> Edges:
    """Of the first ``size`` bytes of a file, of which those before ``end`` were read."""
    return Edges(_head(path, size), _tail(path, end))


def _head(path: Path, upto: int) -> str:
    with path.open("rb") as stream:
        return _digest(stream.read(min(HEAD_BYTES, upto)))


def _tail(path: Path, end: int) -> str:
    with path.open("rb") as stream:
        stream.seek(max(0, end - TAIL_BYTES))
        return _digest(stream.read(min(end, TAIL_BYTES)))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


class Seen(NamedTuple):
    """A file as the ledger knows it."""

    file_id: int
    source: str
    size: int
    mtime_ns: int
    head_hash: str
    bytes_read: int
    tail_hash: str
    version: str
    ctime_ns: int | None = None  # None where it was read in the tick in which it was written
    read: int = 0  # records that were no rejects
    other: int = 0


SEEN = "file_id, source, size, mtime_ns, head_hash, bytes_read, tail_hash, version, ctime_ns"  # its columns in the manifest


def known_files(engine: Engine) -> dict[str, Seen]:
    """The manifest by absolute path."""
    return {str(r[0]): Seen._make(r[1:]) for r in engine.rows(f"SELECT absolute, {SEEN}, records - rejects, other FROM ledger_files")}


def change_of(path: Path, now: State, seen: Seen) -> Literal["same", "grown", "other"]:
    """What became of a file since it was read. Grown means: all that was read of it still stands where it stood."""
    unmoved = (now.size, now.mtime_ns) == (seen.size, seen.mtime_ns)
    if unmoved and now.ctime_ns == seen.ctime_ns:
        return "same"
    if now.size < seen.size or _head(path, seen.size) != seen.head_hash:
        return "other"
    if unmoved:
        return "same"
    if now.size == seen.size or _tail(path, seen.bytes_read) != seen.tail_hash:
        return "other"
    return "grown"


def note_settled(engine: Engine, settled: Sequence[tuple[int, int]]) -> None:
    """Keep, by file, the time that has proved to belong to what was read: the next run need not open these files."""
    if settled:
        ids, times = zip(*settled, strict=True)
        engine.execute(
            """UPDATE ledger_files SET ctime_ns = s.ctime_ns FROM (SELECT unnest(?::BIGINT[]) AS file_id, unnest(?::BIGINT[]) AS ctime_ns) s
            WHERE ledger_files.file_id = s.file_id""",
            [list(ids), list(times)],
        )
