"""Invoices and usage reports of providers, one format a file. Each module has ``NAME``, ``recognises`` and ``lines``; it discovers itself."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from infercheck.config import Config
from infercheck.errors import InputError, UsageError
from infercheck.finance.invoices import overlaps
from infercheck.finance.invoices.document import Document, Line, load


class Format(Protocol):
    """What a module of this package offers."""

    NAME: str

    def recognises(self, document: Document, config: Config) -> bool:
        """True where the document is of this format."""

    def lines(self, document: Document, config: Config) -> list[Line]:
        """What it bills or counts; InputError for what cannot be meant."""


def formats() -> list[Any]:
    """Every format, by name."""
    names = [m.name for m in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in sorted(names)]
    return [module for module in modules if hasattr(module, "recognises")]


def read_all(paths: Sequence[Path], config: Config) -> tuple[list[Line], list[str]]:
    """The lines of several files, and what to know of them. The same file given twice would be billed twice, and is refused."""
    seen: dict[str, Path] = {}
    found: list[tuple[str, list[Line]]] = []
    for path in paths:
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path)
        if digest in seen:
            raise UsageError(f"the same invoice as {seen[digest]}", where=str(path))
        seen[digest] = path
        found.append((path.name, read(path, config)))
    if not any(lines for _, lines in found):
        raise InputError("there is no line on these invoices", where=", ".join(str(path) for path in paths))
    return overlaps.counted_once(found)


def read(path: Path, config: Config) -> list[Line]:
    """The lines of one invoice file; InputError for a file that is none, with what it has instead."""
    document = load(path)
    for known in formats():
        if known.recognises(document, config):
            found: list[Line] = known.lines(document, config)
            return found
    raise InputError(
        f"this is no invoice that infercheck knows ({document.describes()})",
        where=str(path),
        hint=f"known: {', '.join(f.NAME for f in formats())}; name the columns of another CSV under [[invoice]] in the config",
    )
