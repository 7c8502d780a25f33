"""The fields that the first records of an unknown log have: where they stand, and what kind of value they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infercheck.model.mapping import Step, spelt

DEPTH = 6
MOST = 400  # fields that are looked at
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Field:
    """One path, with the values that the first records have there (absent and empty ones left out), out of so many records."""

    path: tuple[Step, ...]
    values: tuple[Any, ...]
    records: int

    @property
    def text(self) -> str:
        """The path as a mapping writes it."""
        return spelt(self.path)

    @cached_property
    def name(self) -> str:
        """The last key in lower case, its words joined by underscores: ``promptTokens`` is ``prompt_tokens``."""
        return _snake(next(step.key for step in reversed(self.path) if step.place is None))

    @cached_property
    def full_name(self) -> str:
        """The same for all keys of the path."""
        return "_".join(_snake(step.key) for step in self.path if step.place is None)

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The values that are numbers, where but a few are not; texts of digits count, as CSV has no others."""
        found = tuple(n for n in map(_number, self.values) if n is not None)
        return found if 4 * len(found) >= 3 * len(self.values) else ()

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The values that are texts."""
        return tuple(value for value in self.values if isinstance(value, str))

    @property
    def is_text(self) -> bool:
        """Whether all values are texts."""
        return bool(self.values) and len(self.texts) == len(self.values)

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers as counts, where all of them are: whole and not negative."""
        return tuple(int(n) for n in self.numbers) if all(n >= 0 and n == int(n) for n in self.numbers) else ()


def fields_of(records: Sequence[Mapping[str, Any]]) -> list[Field]:
    """Every path of the records, in the order of first sight. Of a list only the first object is entered."""
    found: dict[tuple[Step, ...], list[Any]] = {}
    for record in records:
        for path, value in _walk(record, ()):
            if path in found or len(found) < MOST:
                found.setdefault(path, [])
                if value not in (None, "", [], {}):
                    found[path].append(value)
    return [Field(path, tuple(values), len(records)) for path, values in found.items()]


def _walk(value: Mapping[str, Any], path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    for key, inside in value.items():
        if not key:
            continue
        at = (*path, Step(key))
        held = _parsed(inside) if not path else inside
        if isinstance(held, dict) and held and len(at) < DEPTH:
            yield from _walk(held, at)
        elif isinstance(held, list) and held and isinstance(held[0], dict) and len(at) < DEPTH:
            yield at, held
            yield from _walk(held[0], (*at, Step("", 0)))
        else:
            yield at, held


def value_at(record: Mapping[str, Any], path: Sequence[Step]) -> Any:
    """What a record holds at a path; None where it holds nothing."""
    value: Any = record
    for depth, step in enumerate(path):
        if step.place is not None:
            value = value[step.place] if isinstance(value, list) and step.place < len(value) else None
        else:
            value = value.get(step.key) if isinstance(value, Mapping) else None
        value = _parsed(value) if depth == 0 else value
    return value


def _parsed(value: Any) -> Any:
    """What a text of JSON holds: CSV has objects in cells."""
    if not isinstance(value, str) or value.lstrip()[:1] not in {"{", "["}:
        return value
    try:
        held = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return held if isinstance(held, dict | list) else value


def _snake(key: str) -> str:
    return "_".join(word.lower() for word in _WORDS.findall(key))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 1e25 else None
