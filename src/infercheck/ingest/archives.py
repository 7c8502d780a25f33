"""Bytes out of files and archives: .gz, .zst, .bz2 and .xz as one stream, .zip as a file for each member. Damage costs what lies behind it."""

from __future__ import annotations

import bz2
import lzma
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

Compression = Literal["", "gz", "zst", "bz2", "xz"]
CHUNK = 1 << 20
PACKED_STEP = 1 << 14
MAGIC: dict[bytes, Compression] = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
ZIP = b"PK\x03\x04"
# Logs pack 5 to 60 times smaller, the dullest 200 times. What packs 1,000 times smaller is zeros, and made to fill disks.
BOMB_RATIO = 500
BOMB_BYTES = 1 << 30  # below this much a high ratio does no harm
ENCRYPTED = 0x1


def compression_of(magic: bytes) -> Compression:
    """How a stream that starts with ``magic`` is packed."""
    return next((name for start, name in MAGIC.items() if magic.startswith(start)), "")


@contextmanager
def opened(path: Path, member: str = "") -> Iterator[IO[bytes]]:
    """The bytes of a file, or of a member of a zip archive."""
    if not member:
        with path.open("rb") as stream:
            yield stream
        return
    with zipfile.ZipFile(path) as archive, archive.open(member) as inner:
        yield inner


def members(path: Path) -> list[tuple[str, str]]:
    """The files in a zip archive, each with the reason why it is refused, if it is. Raises BadZipFile where it is damaged."""
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, _refusal(info)) for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _refusal(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & ENCRYPTED:
        return "encrypted"
    return "zip bomb" if _is_bomb(info.compress_size, info.file_size) else ""


def _is_bomb(packed: int, plain: int) -> bool:
    return plain > BOMB_BYTES and plain > BOMB_RATIO * max(packed, 1)


def chunks(
    path: Path, compression: Compression, notes: list[str], *, member: str = "", start: int = 0, stop: int | None = None
) -> Iterator[bytes]:
    """Unpacked bytes until the end or the damage; a loss is put into ``notes``. ``start`` and ``stop`` are for plain files."""
    with opened(path, member) as stream:
        if compression:
            yield from _unpacked(stream, compression, notes)
        elif member:
            yield from _inflated(stream, notes)
        else:
            stream.seek(start)
            left = sys.maxsize if stop is None else stop - start
            while left > 0 and (chunk := stream.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk


def unpack(path: Path, compression: Compression, out: Path, *, member: str = "", start: int = 0, stop: int | None = None) -> list[str]:
    """Copy the plain bytes to ``out``; returns notes on losses."""
    notes: list[str] = []
    with out.open("wb") as target:
        for chunk in chunks(path, compression, notes, member=member, start=start, stop=stop):
            target.write(chunk)
    return notes


def _inflated(stream: IO[bytes], notes: list[str]) -> Iterator[bytes]:
    """A member of a zip archive, as far as its checksum and its stream hold."""
    while True:
        try:
            chunk = stream.read(PACKED_STEP)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as err:
            notes.append(f"this member of the zip archive is damaged ({err}); what came before that was kept")
            return
        if not chunk:
            return
        yield chunk


def _unpacked(stream: IO[bytes], compression: Compression, notes: list[str]) -> Iterator[bytes]:
    """Unpack in small steps: a decoder that fails gives nothing of the step in which it fails."""
    decoder, started, lost = _decoder(compression), False, ""
    taken = given = 0
    data = stream.read(PACKED_STEP)
    while data and not lost:
        taken += len(data)
        try:
            for out in _steps(decoder, data):
                given += len(out)
                if out:
                    yield out
                if _is_bomb(taken, given):
                    lost = f"refused: it unpacks to more than {BOMB_RATIO} times its size"
                    break
        except (zlib.error, lzma.LZMAError, OSError, EOFError, _zstd().ZstdError):
            lost = "damaged"
        started = True
        data = decoder.unused_data if decoder.eof else b""
        taken -= len(data)
        if decoder.eof:
            decoder, started = _decoder(compression), False
            data = data.lstrip(b"\0")  # tape and disk images pad archives with zeros
        data = data or stream.read(PACKED_STEP)
    if lost or started:
        notes.append(f"the {compression} archive is {lost or 'cut short'}; what came before that was kept")


def _steps(decoder: Any, data: bytes) -> Iterator[bytes]:
    """What ``data`` unpacks to, in pieces that memory can hold: gzip at most 1,032 times the input, the others as much as is asked for."""
    if not hasattr(decoder, "needs_input"):
        yield decoder.decompress(data)
        return
    yield decoder.decompress(data, CHUNK)
    while not decoder.eof and not decoder.needs_input:
        yield decoder.decompress(b"", CHUNK)


def _decoder(compression: Compression) -> Any:
    if compression == "gz":
        return zlib.decompressobj(31)
    if compression == "zst":
        return _zstd().ZstdDecompressor()
    return bz2.BZ2Decompressor() if compression == "bz2" else lzma.LZMADecompressor()


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
