"""Which source reads a file: told by the keys of its first records, and by its path where a mapping says so."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infercheck.sources import Source

SAMPLE = 20  # records that decide which source a file belongs to
REMEMBERED = 10_000  # shapes; a log whose keys are made up as it goes has a new one in every record


@dataclass(frozen=True)
class Match:
    """How well a source fits a file: 1.0 claims it; ``missing`` are required keys that the records lack, or forbidden ones they have."""

    source_id: str
    score: float
    missing: tuple[str, ...]


class Recogniser:
    """Tells by which of some sources a file is read.

    A folder may hold thousands of files of one shape. All that sources ask of the first records is whether at least half of them have a key, or one
    of several: a record is a number with a bit for each such question, and what was found for one file holds for all of the same answers.
    """

    def __init__(self, among: Mapping[str, Source]) -> None:
        self._among = among
        detects = [source.header.detect for source in among.values()]
        asked = dict.fromkeys(key for detect in detects for key in (*detect.all, *detect.any, *detect.none))
        self._bits = dict.fromkeys(asked, 0)
        for place, keys in enumerate([*((key,) for key in asked), *(detect.any for detect in detects)]):
            for key in keys:
                self._bits[key] |= 1 << place
        self._nested: dict[str, list[str]] = {}
        for key in asked:
            if "." in key:
                self._nested.setdefault(key.partition(".")[0], []).append(key)
        self._globs = sorted({glob for detect in detects for glob in detect.files})
        self._shapes: dict[tuple[str, ...], tuple[int, list[str]]] = {}
        self._found: dict[tuple[object, ...], list[Match]] = {}

    def match(self, records: Sequence[Mapping[str, Any]], fmt: str, path: str = "") -> list[Match]:
        """As ``match``, for one of many files: where sources claim it, the others are left out."""
        if max(len(self._shapes), len(self._found)) > REMEMBERED:
            self._shapes, self._found = {}, {}
        sample = records[:SAMPLE]
        shape = (fmt, *(glob for glob in self._globs if _fits(path, glob)), _usual(tuple(sorted(map(self._answers, sample)))))
        if shape not in self._found:
            self._found[shape] = match(sample, fmt, self._among, path, claims_suffice=True)
        return self._found[shape]

    def _answers(self, record: Mapping[str, Any]) -> int:
        """What a record answers. Keys that stand inside of others are looked for in each one, the rest but once a shape."""
        keys = tuple(record)
        if keys not in self._shapes:
            answers = 0
            for key in keys:
                answers |= self._bits.get(key, 0)
            self._shapes[keys] = answers, [key for head in keys for key in self._nested.get(head, ()) if key not in record]
        answers, inside = self._shapes[keys]
        for key in inside:
            if has_key(record, key):
                answers |= self._bits[key]
        return answers


@lru_cache(REMEMBERED)
def _usual(answers: tuple[int, ...]) -> int:
    """The bits that at least half of some numbers have."""
    usual, left = 0, reduce(or_, answers, 0)
    while left:
        bit = left & -left
        left ^= bit
        usual |= bit * (2 * sum(1 for each in answers if each & bit) >= len(answers))
    return usual


def has_key(record: Mapping[str, Any], key: str) -> bool:
    """Whether a record has a key, or for ``a.b`` the key b inside of a."""
    if key in record:
        return True
    head, _, rest = key.partition(".")
    inside = record.get(head) if rest else None
    if isinstance(inside, str) and inside[:1] in {"{", "["}:
        try:
            inside = json.loads(inside)
        except ValueError:
            return False
    if isinstance(inside, list):
        inside = next((i for i in inside if isinstance(i, dict)), None)
    return isinstance(inside, dict) and has_key(inside, rest)


def match(
    records: Sequence[Mapping[str, Any]],
    fmt: str,
    among: Mapping[str, Source],
    path: str = "",
    *,
    claims_suffice: bool = False,
) -> list[Match]:
    """Every source that reads ``fmt``, best first: a mapping of the user's own before a built-in one that fits as well.

    A key counts as present when at least half of the first records have it. Where sources claim the file and ``claims_suffice``, the others
    are left out.
    """
    sample = records[:SAMPLE]

    held_by = Counter(key for r in sample for key in r)
    enough = max(1, len(sample))

    @cache
    def has(key: str) -> list[bool]:
        return [has_key(r, key) for r in sample]

    def possible(key: str) -> bool:
        return key in held_by or key.partition(".")[0] in held_by

    def usual(key: str) -> bool:
        if not possible(key):
            return False
        return 2 * (held_by[key] if "." not in key else sum(has(key))) >= enough

    def usual_any(keys: Sequence[str]) -> bool:
        there = [has(key) for key in keys if possible(key)]
        return bool(there) and 2 * sum(map(any, zip(*there, strict=True))) >= enough

    def fit(source: Source) -> Match:
        detect = source.header.detect
        missing = tuple(k for k in detect.all if not usual(k))
        if detect.any and not usual_any(detect.any):
            missing += (" or ".join(detect.any),)
        if detect.files and not any(_fits(path, glob) for glob in detect.files):
            missing += (f"a path like {' or '.join(detect.files)}",)
        surplus = tuple(f"no {k}" for k in detect.none if usual(k))
        # What a format must not have makes no log like it: only what it must have counts for it, and what it must not have against it.
        wanted = len(detect.all) + bool(detect.any) + bool(detect.files)
        return Match(source.id, max(1 - (len(missing) + len(surplus)) / wanted, 0.0) if wanted else 0.0, missing + surplus)

    def claims(source: Source) -> bool:
        """The same as a fit of 1.0, but most formats are out with their first key: a folder may hold thousands of files."""
        detect = source.header.detect
        return (
            bool(detect.all or detect.any or detect.none or detect.files)
            and all(map(usual, detect.all))
            and (not detect.any or usual_any(detect.any))
            and not any(map(usual, detect.none))
            and (not detect.files or any(_fits(path, glob) for glob in detect.files))
        )

    readable = [s for s in among.values() if fmt in s.header.formats or (fmt == "jsonl" and "json" in s.header.formats)]
    sure = [Match(s.id, 1.0, ()) for s in readable if claims(s)] if claims_suffice else []
    matches = sure or [fit(s) for s in readable]
    return sorted(matches, key=lambda m: (-m.score, not among[m.source_id].mapped, m.source_id))


def _fits(path: str, glob: str) -> bool:
    posix = path.replace("\\", "/")
    return fnmatch(posix, glob) or fnmatch(posix, f"*/{glob}")
