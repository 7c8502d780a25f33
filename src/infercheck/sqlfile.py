"""The mini-format of rules, views and sources: a SQL file that opens with a TOML header.

The header stands between a first line that is exactly ``/*---`` and the first line that is exactly ``---*/``. The engine never sees it: it
is blanked, so that a SQL error reports the file's own line, and so that an example may hold ``*/``.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from infercheck.errors import UsageError

OPEN, CLOSE = "/*---", "---*/"
_CLOSED = re.compile(rf"^{re.escape(CLOSE)}[^\S\n]*$", re.MULTILINE)
Header = TypeVar("Header", bound=BaseModel)


@dataclass(frozen=True)
class SqlFile:
    """One parsed file: ``header`` as TOML gave it, ``body`` with the header blanked and all line numbers kept."""

    name: str
    where: str
    header: dict[str, Any]
    header_text: str
    body: str

    def line_of(self, key: str) -> int:
        """1-based line of the first header line that sets ``key`` or opens it as a table; 1 when there is none."""
        pattern = re.compile(rf"^\s*(?:\[+\s*)?(?:[\w.\-]+\.)?\"?{re.escape(key)}\"?\s*(?:=|\.|\])")
        for number, line in enumerate(self.header_text.splitlines(), start=2):
            if pattern.match(line):
                return number
        return 1

    def validated(self, model: type[Header]) -> Header:
        """The header as ``model``; a misspelt or wrong key is a UsageError with its file and line."""
        try:
            return model.model_validate(self.header)
        except ValidationError as err:
            # a misspelt key is also a missing one: what stands there comes first
            first = min(err.errors(), key=lambda e: e["type"] != "extra_forbidden")
            path = [str(part) for part in first["loc"]]
            key = next((part for part in reversed(path) if not part.isdigit()), "")
            unknown = first["type"] == "extra_forbidden"
            said = "is missing" if first["type"] == "missing" else first["msg"]
            message = f"unknown header key {key!r}" if unknown else f"header key {'.'.join(path)!r}: {said}"
            known = sorted(_known_keys(model))
            close = difflib.get_close_matches(key, known, n=1)
            hint = "" if not unknown or len(path) > 1 else f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
            raise UsageError(message, where=f"{self.where}:{self.line_of(key)}", hint=hint) from err

    @cached_property
    def tables(self) -> frozenset[str]:
        """Words that follow FROM or JOIN in the SQL: the tables and views that it reads, its own CTEs among them."""
        return frozenset(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", re.sub(r"--[^\n]*", "", self.body)))

    @cached_property
    def first_sql_line(self) -> int:
        """1-based line on which the SQL starts."""
        return next((n for n, line in enumerate(self.body.splitlines(), start=1) if line.strip()), 1)


def parse(text: str, *, name: str, where: str) -> SqlFile:
    """Split a file into header and body. Raises UsageError with the line for a missing or broken header."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    first, _, rest = text.partition("\n")
    if first.rstrip() != OPEN:
        raise UsageError(f"the first line must be exactly {OPEN}", where=f"{where}:1", hint="open the file with a TOML header")
    closed = _CLOSED.search(rest)
    if closed is None:
        raise UsageError(f"the header is never closed by a line that is exactly {CLOSE}", where=f"{where}:1")
    header_text = rest[: closed.start()].removesuffix("\n")
    try:
        header = tomllib.loads(header_text)
    except tomllib.TOMLDecodeError as err:
        at = re.search(r"at line (\d+)", str(err))
        said = re.sub(r" \(at line \d+, column \d+\)$", "", str(err))
        raise UsageError(f"the header is not valid TOML: {said}", where=f"{where}:{int(at[1]) + 1 if at else 1}") from err
    except RecursionError as err:
        raise UsageError("the header is nested too deeply", where=f"{where}:1") from err
    body = "\n" * (rest.count("\n", 0, closed.start()) + 2) + rest[closed.end() :].removeprefix("\n")
    return SqlFile(name=name, where=where, header=header, header_text=header_text, body=body)


def _known_keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
