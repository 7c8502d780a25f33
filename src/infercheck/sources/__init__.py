"""One log format a file: a TOML header that says how the format is recognised, and one SELECT from ``raw`` into canonical columns.

``raw`` holds the header's ``[columns]``, and ``file`` and ``line``, which the SELECT hands on. A column is text (``VARCHAR``), a JSON shape such
as ``{"a":"VARCHAR"}`` whose leaves are text, or ``MESSAGES``; where a value has another shape the column is NULL. What it hands on under a canonical
name may stay text: ingestion casts it, and reports what does not fit. Ingestion also makes the hashes and counts of prompts and answers, out of
columns that a source may add: ``messages`` (a list of role, content, tool_calls), ``answer`` (its visible text), ``called_tools`` (a
list of name, arguments), ``parameters`` and ``tools`` (JSON text).

``joins = true`` is for logs where a record is not one call: the SELECT may group, unnest and filter records. Beside file and line (of the first
record that makes the call) it hands on ``skipped``: NULL, or what a record holds that is no call; such records are counted and reported.

A source that ``yields = "spans"`` selects bare spans instead, several from one record; ``_spans.sql`` says which columns, and makes calls and
spans of them. One that ``refuses`` has no SELECT: it recognises files that look like a log and are none, and says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from infercheck.sqlfile import SqlFile, parse

Format = Literal["jsonl", "json", "csv"]
SAMPLE = 20  # records that decide which source a file belongs to


class Detect(BaseModel):
    """Keys that the first records must all have, keys of which each must have one, and keys that none of them may have.

    ``a.b`` is a key that holds a dot, or key b inside of a: in an object, in an object written as text, or in the first object of a list.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


class SourceExample(BaseModel):
    """Input lines, and some of the canonical columns of the calls and spans that must come of them, row by row."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    format: Format
    input: str
    calls: list[dict[str, Any]]
    spans: list[dict[str, Any]] = []


class SourceHeader(BaseModel):
    """The header of a source file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["source"]
    yields: Literal["calls", "spans"] = "calls"
    joins: bool = Field(False, description="a record is not always one call: several make one, or one holds several or none")
    refuses: str = Field("", description="why files of this shape are no log of calls; a file that is named gets this as its error")
    title: str
    description: str
    formats: tuple[Format, ...]
    detect: Detect
    columns: dict[str, str] = {}
    times_are_utc: bool = Field(
        False, description="the format says that times without a zone are UTC; elsewhere they are read so, and that is reported"
    )
    example: list[SourceExample] = Field(min_length=1)


MESSAGES_SHAPE = '[{"role":"VARCHAR","content":"VARCHAR","tool_calls":"VARCHAR"}]'


def sql_type(shape: str) -> str:
    """The SQL type of a header's column: ``{"a":["VARCHAR"]}`` is ``STRUCT("a" VARCHAR[])``."""
    if shape == "MESSAGES":
        return sql_type(MESSAGES_SHAPE)
    return _type_of(json.loads(shape)) if shape[:1] in '{["' else shape


def _type_of(shape: Any) -> str:
    if isinstance(shape, list):
        return f"{_type_of(shape[0])}[]"
    if isinstance(shape, dict):
        return f"STRUCT({', '.join(f'{chr(34)}{k}{chr(34)} {_type_of(v)}' for k, v in shape.items())})"
    return str(shape)


@dataclass(frozen=True)
class Source:
    """One log format; its id is the file's stem."""

    id: str
    file: SqlFile
    header: SourceHeader

    @property
    def holds_records(self) -> bool:
        """Whether a record is more or less than one call, so that records are held before they are taken apart."""
        return self.header.joins or self.header.yields == "spans"

    @property
    def body(self) -> str:
        """The SELECT from ``raw``: the file's own, or around it what all sources of spans share."""
        return shared_spans().replace("{source}", self.file.body, 1) if self.header.yields == "spans" else self.file.body


@dataclass(frozen=True)
class Match:
    """How well a source fits a file: 1.0 claims it; ``missing`` are required keys that the records lack, or forbidden ones they have."""

    source_id: str
    score: float
    missing: tuple[str, ...]


@cache
def load() -> Mapping[str, Source]:
    """All sources by id."""
    found: dict[str, Source] = {}
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".sql") and not entry.name.startswith("_"):
            name = entry.name.removesuffix(".sql")
            file = parse(entry.read_text(encoding="utf-8"), name=name, where=f"sources/{entry.name}")
            found[name] = Source(name, file, file.validated(SourceHeader))
    return found


@cache
def helpers() -> str:
    """The macros that sources may use, as SQL."""
    names = ("_helpers.sql", "_span_macros.sql", "_provider_macros.sql")
    return "\n".join((resources.files(__name__) / name).read_text(encoding="utf-8") for name in names)


@cache
def shared_spans() -> str:
    """What every source of spans is put into."""
    return (resources.files(__name__) / "_spans.sql").read_text(encoding="utf-8").split("\n", 3)[3]


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


def match(records: Sequence[Mapping[str, Any]], fmt: str) -> list[Match]:
    """Every source that reads ``fmt``, best first. A key counts as present when at least half of the first records have it."""
    sample = records[:SAMPLE]

    def usual(key: str) -> bool:
        return 2 * sum(has_key(r, key) for r in sample) >= max(1, len(sample))

    def fit(source: Source) -> Match:
        detect = source.header.detect
        missing = tuple(k for k in detect.all if not usual(k))
        if detect.any and 2 * sum(any(has_key(r, k) for k in detect.any) for r in sample) < max(1, len(sample)):
            missing += (" or ".join(detect.any),)
        surplus = tuple(f"no {k}" for k in detect.none if usual(k))
        wanted = len(detect.all) + len(detect.none) + bool(detect.any)
        return Match(source.id, 1 - (len(missing) + len(surplus)) / wanted if wanted else 0.0, missing + surplus)

    matches = [fit(s) for s in load().values() if fmt in s.header.formats or (fmt == "jsonl" and "json" in s.header.formats)]
    return sorted(matches, key=lambda m: (-m.score, m.source_id))
