"""One log format a file: a TOML header that says how the format is recognised, and one SELECT from ``raw`` into canonical columns.

``raw`` holds the header's ``[columns]``, and ``file`` and ``line``, which the SELECT hands on. A column is text (``VARCHAR``), a JSON shape such
as ``{"a":"VARCHAR"}`` whose leaves are text, or ``MESSAGES``; where a value has another shape the column is NULL. What it hands on under a canonical
name may stay text: ingestion casts it, and reports what does not fit. Ingestion also makes the hashes and counts of prompts and answers, out of
columns that a source may add: ``messages`` (a list of role, content, tool_calls), ``answer`` (its visible text), ``called_tools`` (a
list of name, arguments), ``parameters`` and ``tools`` (JSON text).

``joins = true`` is for logs where a record is not one call: the SELECT may group, unnest and filter records. Beside file and line (of the first
record that makes the call) it hands on ``skipped``: NULL, or what a record holds that is no call; such records are counted and reported.

``held`` goes with it where a record is understood only beside its neighbours: SQL over the columns that says what of a record is kept, so that
large texts are not; ``raw`` has that instead, and a file that grew is read anew. Two things an ``attempt_key`` may say beside what makes records the
same attempt: ``a|``, with nothing behind it, joins the attempt that has a key ``a|b``; ``copy|`` in front marks a repetition of what another log
counts, which never counts itself. ``repeats`` (a list of tokens and cost) is what other records of the file say of the same call's usage.

A mapping in a config (``[source.NAME]``) becomes a source of the same kind, with its SELECT made by ``_mapping``.

A source that ``yields = "exchanges"`` selects requests and answers in the provider's own words instead; ``_exchanges.sql`` says which columns, and
makes calls of them. One that ``yields = "spans"`` selects bare spans, several from one record; ``_spans.sql`` makes calls and spans of them. One
that ``refuses`` has no SELECT: it recognises files that look like a log and are none, and says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from infercheck.errors import UsageError
from infercheck.model.mapping import SourceMapping
from infercheck.sources import _mapping
from infercheck.sources._fields import Field as Field
from infercheck.sources._guess import Guess as Guess
from infercheck.sources._guess import Proposal as Proposal
from infercheck.sources._guess import lacking as lacking
from infercheck.sources._guess import propose as propose
from infercheck.sources._mapping import raw_name as raw_name
from infercheck.sources._recognise import Match as Match
from infercheck.sources._recognise import Recogniser as Recogniser
from infercheck.sources._recognise import has_key as has_key
from infercheck.sources._recognise import match as match
from infercheck.sqlfile import SqlFile, parse

Format = Literal["jsonl", "json", "csv", "parquet"]
FORMATS: tuple[Format, ...] = ("jsonl", "json", "csv", "parquet")


class Detect(BaseModel):
    """Keys that the first records must all have, keys of which each must have one, and keys that none of them may have.

    ``a.b`` is a key that holds a dot, or key b inside of a: in an object, in an object written as text, or in the first object of a list.
    ``files`` are globs of which the path must match one, whole or from one of its folders on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    files: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Whether one record has what tells the format."""
        return all(has_key(record, key) for key in self.all) and (not self.any or any(has_key(record, key) for key in self.any))


class SourceExample(BaseModel):
    """Input lines, and some of the canonical columns of the calls and spans that must come of them, row by row."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    format: Format
    input: str
    calls: list[dict[str, Any]]
    spans: list[dict[str, Any]] = []


class SourceSpec(BaseModel):
    """What a source says of itself, be it a file or a mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    yields: Literal["calls", "exchanges", "spans"] = "calls"
    joins: bool = Setting(default=False, description="a record is not always one call: several make one, or one holds several or none")
    held: str = Setting(
        default="", description="what is kept of a record that is understood only beside its neighbours; SQL over the columns"
    )
    refuses: str = Setting(
        default="", description="why files of this shape are no log of calls; a file that is named gets this as its error"
    )
    title: str
    description: str
    formats: tuple[Format, ...]
    detect: Detect
    columns: dict[str, str] = {}
    rest: str = Setting(
        default="", description="name of a MAP(VARCHAR, VARCHAR) of the keys that [columns] lacks, where users choose names of keys"
    )
    times_are_utc: bool = Setting(
        False, description="the format says that times without a zone are UTC; elsewhere they are read so, and that is reported"
    )
    times_are_relative: bool = Setting(
        default=False, description="times count from the start of the log; they are shown as from 1970-01-01 on"
    )


class SourceHeader(SourceSpec):
    """The header of a source file."""

    kind: Literal["source"]
    example: list[SourceExample] = Setting(min_length=1)


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
        return f"STRUCT({', '.join(f'{_quoted(k)} {_type_of(v)}' for k, v in shape.items())})"
    return str(shape)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Source:
    """One log format; its id is the file's stem, or the name of a mapping. A file is parsed when somebody looks into it: most runs need few."""

    id: str
    read: Callable[[], SqlFile]
    mapping: SourceSpec | None = None

    @property
    def mapped(self) -> bool:
        """Whether it is a mapping of the user's."""
        return self.mapping is not None

    @cached_property
    def file(self) -> SqlFile:
        """Header and SQL as they stand."""
        return self.read()

    @cached_property
    def header(self) -> SourceSpec:
        """What it says of itself."""
        return self.mapping or self.file.validated(SourceHeader)

    @property
    def holds_records(self) -> bool:
        """Whether a record is more or less than one call, so that records are held before they are taken apart."""
        return self.header.joins or self.header.yields == "spans"

    @property
    def body(self) -> str:
        """The SELECT from ``raw``: the file's own, or around it what all sources of its kind share."""
        yields = self.header.yields
        return self.file.body if yields == "calls" else shared_body(yields).replace("{source}", self.file.body, 1)


@cache
def load() -> Mapping[str, Source]:
    """All sources by id."""
    found: dict[str, Source] = {}
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".sql") and not entry.name.startswith("_"):
            name = entry.name.removesuffix(".sql")
            found[name] = Source(name, partial(_read, entry, name))
    return found


def _read(entry: Traversable, name: str) -> SqlFile:
    return parse(entry.read_text(encoding="utf-8"), name=name, where=f"sources/{entry.name}")


def known(mappings: Mapping[str, SourceMapping] | None = None, *, where: str = "config") -> Mapping[str, Source]:
    """All sources by id, those of a config's ``[source.NAME]`` included. UsageError where one has a built-in's name."""
    found = dict(load())
    for name, mapping in (mappings or {}).items():
        if name in found:
            raise UsageError(f"there is a log format {name!r} already", where=where, hint="give your mapping another name")
        found[name] = from_mapping(name, mapping, where=where)
    return found


def from_mapping(name: str, mapping: SourceMapping, *, where: str = "config") -> Source:
    """A mapping as a source like any other."""
    spec = SourceSpec(
        title=f"mapping {name}",
        description=f"[source.{name}] of {where}",
        formats=FORMATS,
        detect=Detect(all=mapping.keys, files=mapping.files),
        columns=_mapping.columns_of(mapping),
        times_are_utc=mapping.zone is not None,
    )
    file = SqlFile(name, where, {}, "", _mapping.select_of(name, mapping))
    return Source(name, lambda: file, spec)


def fingerprint(source: Source, among: Mapping[str, Source]) -> str:
    """Changes when the source would make other rows, or another mapping might claim the file: what is stored under it is then read anew."""
    rivals = [other.header.detect.model_dump_json() for other in among.values() if other.mapped]
    said = (source.body, source.header.detect.model_dump_json(), json.dumps(source.header.columns), *sorted(rivals))
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


@cache
def helpers() -> str:
    """The macros that sources may use, as SQL."""
    names = (
        "_helpers.sql", "_span_macros.sql", "_provider_macros.sql", "_langfuse_macros.sql", "_gateway_macros.sql", "_agent_macros.sql"
    )  # fmt: skip
    return "\n".join((resources.files(__name__) / name).read_text(encoding="utf-8") for name in names)


@cache
def shared_body(yields: str) -> str:
    """What every source of spans, or of exchanges, is put into."""
    return (resources.files(__name__) / f"_{yields}.sql").read_text(encoding="utf-8").split("\n", 3)[3]


def claiming(matches: Sequence[Match], among: Mapping[str, Source]) -> list[Source]:
    """The sources that claim a file. Where the user's own mappings do, no built-in one does: the mapping was written for it."""
    claimed = [among[m.source_id] for m in matches if m.score == 1.0]
    return [s for s in claimed if s.mapped] or claimed
