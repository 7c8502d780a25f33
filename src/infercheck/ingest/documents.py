"""JSON that is not by lines: arrays, indented objects, objects one after the other, pages of an API. Read in steps, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from infercheck.ingest.envelopes import SAMPLE

BLANKS = " \t\r\n\ufeff\0"
BETWEEN = BLANKS + ",[]"  # around the values of a document; arrays of arrays count as one
VALUE_MAX = 1 << 27  # characters of one value that are looked at; what is longer is damage
WALK_FROM = 1 << 23  # an envelope longer than this is walked through instead of held
RAW_KEPT = 1 << 16
NEAR_END = 12  # an error so close to the end of what was read may only mean that there is more to read
_decoder = json.JSONDecoder(parse_constant=str)


class Found(NamedTuple):
    """One value, with the keys that still lead from it to a record; or the start of a text that is none, and why."""

    value: Any
    keys: Sequence[str] = ()
    raw: str = ""
    fault: str = ""


class _Damage(Exception):
    """What stands here is no JSON."""


class _TooLong(Exception):
    """A value goes on for longer than it may."""


class _Reader:
    """Text that arrives in pieces, and a place in it."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self.text, self.at = "", 0
        self._before = ""  # what stood on this line before the text that is held

    def fill(self) -> bool:
        """Read at least as much again as is held; False at the end."""
        held, self._before = self.text[self.at :], self._on_this_line()[:RAW_KEPT]
        parts, wanted = [held], len(held)
        while (piece := next(self._texts, None)) is not None:
            parts.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
        self.text, self.at = "".join(parts), 0
        return len(self.text) > len(held)

    def peek(self, skip: str) -> str:
        """Go on to the first character that is none of ``skip``; empty at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in skip:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.fill():
                return ""

    def value(self, limit: int = VALUE_MAX) -> Any:
        """Decode what stands here. Raises _Damage, or _TooLong where it does not end within ``limit`` characters."""
        while True:
            try:
                value, stop = _decoder.raw_decode(self.text, self.at)
            except RecursionError as err:
                raise _Damage("nested too deeply") from err
            except json.JSONDecodeError as err:
                may_go_on = err.msg.startswith("Unterminated") or err.pos >= len(self.text) - NEAR_END
                if may_go_on and len(self.text) - self.at > limit:
                    raise _TooLong from err
                if not may_go_on or not self.fill():
                    raise _Damage("no JSON, or cut short") from err
            else:
                if stop < len(self.text) or isinstance(value, dict | list | str) or not self.fill():
                    self.at = stop
                    return value

    def _on_this_line(self) -> str:
        newline = self.text.rfind("\n", 0, self.at)
        return self.text[newline + 1 : self.at] if newline >= 0 else self._before + self.text[: self.at]

    def opening(self) -> str:
        """The start of the text from here on."""
        return self.text[self.at : self.at + RAW_KEPT]

    def resume(self) -> str:
        """Skip what is damaged: go on where a line opens an object as far to the right as this one. Returns the start of what was skipped."""
        before = self._on_this_line()
        mark = f"\n{before if not before.strip(BLANKS) else ''}{{"
        skipped, self.at = self.opening(), self.at + 1
        while (found := self.text.find(mark, self.at)) < 0:
            self.at = max(self.at, len(self.text) - len(mark))
            if not self.fill():
                self.at = len(self.text)
                return skipped
        self.at = found
        return skipped[: found + RAW_KEPT] if found > RAW_KEPT else skipped


def values(texts: Iterable[str], keys: Sequence[str] = ()) -> Iterator[Found]:
    """The values of a document one by one. ``keys`` lead into envelopes; one that is too long to be held is walked through, list by list."""
    reader = _Reader(texts)
    while reader.peek(BETWEEN):
        opening = reader.opening()
        try:
            yield Found(reader.value(WALK_FROM if keys else VALUE_MAX), keys)
        except _Damage as err:
            yield Found(None, raw=reader.resume(), fault=str(err))
        except _TooLong:
            if not keys or not opening.startswith("{"):
                yield Found(None, raw=reader.resume(), fault=f"longer than {VALUE_MAX >> 20} million characters")
            else:
                yield from _within(reader, keys)


def _within(reader: _Reader, keys: Sequence[str]) -> Iterator[Found]:
    """Walk through an object too long to be held."""
    opening, found = reader.opening(), False
    reader.at += 1
    try:
        while reader.peek(BLANKS + ",") not in ("}", ""):
            key = reader.value()
            if reader.peek(BLANKS) != ":":
                raise _Damage("no JSON, or cut short")
            reader.at += 1
            start = reader.peek(BLANKS)
            if key != keys[0]:
                reader.value()
                continue
            found = True
            if start == "[":
                yield from _elements(reader, keys[1:])
            elif start == "{" and len(keys) > 1:
                yield from _within(reader, keys[1:])
            else:
                yield Found(reader.value(), keys[1:])
        reader.at += 1
        if not found:
            yield Found(None, raw=opening, fault=f"no {keys[0]} in it")
    except (_Damage, _TooLong) as err:
        yield Found(None, raw=reader.resume(), fault=str(err) or "a value that does not end")


def _elements(reader: _Reader, keys: Sequence[str]) -> Iterator[Found]:
    reader.at += 1
    while reader.peek(BLANKS + ",") not in ("]", ""):
        try:
            yield Found(reader.value(), keys)
        except (_Damage, _TooLong) as err:
            yield Found(None, raw=reader.resume(), fault=str(err) or "a value that does not end")
    reader.at += 1


def first_objects(text: str) -> list[dict[str, Any]]:
    """Objects at the start of a document of which ``text`` is the start; the one that is cut short only where there is no other."""
    at = 0
    found: list[dict[str, Any]] = []
    partly: list[dict[str, Any]] = []
    while len(found) < SAMPLE:
        while at < len(text) and text[at] in BETWEEN:
            at += 1
        if at >= len(text):
            break
        value, stop = _start_of(text, at)
        if isinstance(value, dict):
            (found if stop >= 0 else partly).append(value)
        if stop < 0:
            stop = text.find("\n{", at + 1)
        if stop < 0:
            break
        at = stop
    return found or partly[:1]


def _start_of(text: str, at: int, depth: int = 4) -> tuple[Any, int]:
    """The value at a place and where it ends; -1 and as much of an object or list as is there, where it has no end."""
    try:
        return _decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        pass
    inside: list[tuple[str, Any]] = []
    opener = text[at : at + 1]
    while depth and opener in ("{", "[") and len(inside) < 10_000:
        at += 1
        while at < len(text) and text[at] in BLANKS + ",":
            at += 1
        key: Any = ""
        if opener == "{":
            key, at = _start_of(text, at, 0)
            at = text.find(":", at) if at >= 0 else -1
            if at < 0:
                break
            at += 1
            while at < len(text) and text[at] in BLANKS:
                at += 1
        value, stop = _start_of(text, at, depth - 1)
        if value is not None and (stop >= 0 or not inside or opener == "{"):
            inside.append((str(key), value))
        if stop < 0:
            break
        at = stop - (stop < len(text) and text[stop] not in BLANKS + ",")
    if not inside:
        return None, -1
    return (dict(inside) if opener == "{" else [value for _, value in inside]), -1
