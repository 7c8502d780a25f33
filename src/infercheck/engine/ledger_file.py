"""The ledger's file: opened, waited for while another run holds it, set aside where it is damaged."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from infercheck.engine.base import is_text
from infercheck.errors import InputError, LedgerBusy, LedgerNotice, first_line

ELSEWHERE = "name another file with --ledger, or use --no-ledger"
DISK_FULL = ("No space left", "File too large", "quota exceeded", "Could not write", "could not write")
DAMAGED = (
    "Corrupt database",
    "does not match stored checksum",
    "database file is corrupt",
    "Failed to load metadata",
    "has been invalidated",
)
CONFIG: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
BUSY_WAIT_S = 5.0  # a second run waits this long for the ledger before it says who holds it


def connect(path: Path, *, own: bool) -> Any:
    """A connection to the ledger at ``path``. ``own`` as in ``Engine``."""
    if not is_text(str(path)):
        raise InputError("the name of this ledger or its folder is not UTF-8", where=str(path), hint=ELSEWHERE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_new = not path.exists()
    except OSError as err:
        raise InputError(f"the ledger's folder cannot be made: {err.strerror}", where=str(path.parent), hint=ELSEWHERE) from err
    deadline = time.monotonic() + BUSY_WAIT_S
    while True:
        try:
            connection = duckdb.connect(str(path), config=CONFIG)
            if is_new:
                path.chmod(0o600)  # who pays for what, and when people work, is nobody else's business
            return connection
        except duckdb.Error as err:
            text = str(err)
            if isinstance(err, duckdb.IOException) and "lock" in text.lower():
                if time.monotonic() > deadline:
                    holder = next((part for part in text.replace(")", "(").split("(") if part.startswith("PID")), "another process")
                    hint = "wait for that run, or use --no-ledger or another --ledger"
                    raise LedgerBusy(f"the ledger is held by {holder}", where=str(path), hint=hint) from err
                time.sleep(0.2)
            elif says(text, (*DISK_FULL, "Permission denied", "Read-only", "Cannot open")):
                raise InputError(f"the ledger cannot be opened: {first_line(err)}", where=str(path), hint=ELSEWHERE) from err
            elif not own and not _is_database(path):
                raise InputError(f"this is no ledger: {first_line(err)}", where=str(path), hint=ELSEWHERE) from err
            else:
                tell_set_aside(path, first_line(err)[:120])


def tell_set_aside(path: Path, why: str) -> None:
    """Set a ledger aside; a LedgerNotice says so."""
    aside = set_aside(path)
    note = f"{path}: the ledger cannot be read ({why}); it was set aside as {aside.name}, and all files are read anew"
    warnings.warn(note, LedgerNotice, stacklevel=4)


def _is_database(path: Path) -> bool:
    """Whether a database of this kind was written here, so that it may be moved out of the way: another file is left alone."""
    with path.open("rb") as stream:
        return stream.read(12)[8:] == b"DUCK"


def set_aside(path: Path) -> Path:
    """Move a database and its log out of the way; nothing is deleted."""
    number = next(n for n in count(1) if not path.with_name(f"{path.name}.damaged-{n}").exists())
    aside = path.with_name(f"{path.name}.damaged-{number}")
    path.rename(aside)
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        log.rename(aside.with_name(f"{aside.name}.wal"))
    return aside


def says(text: str, words: Sequence[str]) -> bool:
    """Whether a message of the database holds one of these."""
    return any(word in text for word in words)
