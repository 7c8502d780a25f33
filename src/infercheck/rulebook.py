"""Finds, parses and validates rule, view and fix files. Runs nothing.

A user's files are parsed at once, so that a mistake is said before the log is read. The project's own are parsed when somebody looks into them:
most commands need a few, and tests parse them all.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Generic, TypeVar, cast

from pydantic import ValidationError

from infercheck.errors import UsageError
from infercheck.model.call import ALL_TABLES
from infercheck.model.rule import Fix, RuleHeader, Scalar, ViewHeader
from infercheck.sqlfile import SqlFile, parse

Header = TypeVar("Header", RuleHeader, ViewHeader)


@dataclass(frozen=True)
class _Parsed(Generic[Header]):
    """A file of SQL, its id the file's stem."""

    id: str
    read: Callable[[], SqlFile]
    kind: type[Header]
    builtin: bool = True

    @cached_property
    def file(self) -> SqlFile:
        """Header and SQL as they stand."""
        return self.read()

    @cached_property
    def header(self) -> Header:
        """What the file says of itself."""
        return self.file.validated(self.kind)

    def params(self, overrides: Mapping[str, Scalar] | None = None) -> dict[str, Scalar]:
        """Defaults with ``overrides``; an unknown name is a UsageError."""
        return _params(self.id, {k: p.default for k, p in self.header.params.items()}, overrides)


@dataclass(frozen=True)
class Rule(_Parsed[RuleHeader]):
    """A rule; its step is the number of its folder."""

    step: int = field(kw_only=True)


@dataclass(frozen=True)
class View(_Parsed[ViewHeader]):
    """A derived table."""


@dataclass(frozen=True)
class Rulebook:
    """Everything under rules/, by id."""

    rules: dict[str, Rule] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    fixes: dict[str, Fix] = field(default_factory=dict)

    def selected(self, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Rule]:
        """Rules in order of step and id. ``select`` and ``ignore`` hold ids or step numbers; an unknown one is a UsageError."""
        wanted, unwanted = set(select), set(ignore)
        steps = {str(rule.step) for rule in self.rules.values()}
        for name in wanted | unwanted:
            if name not in self.rules and name not in steps:
                close = difflib.get_close_matches(name, self.rules, n=1)
                raise UsageError(
                    f"no such rule or step: {name}", hint=f"did you mean {close[0]}?" if close else "see `infercheck rules list`"
                )
        chosen = [r for r in self.rules.values() if (not wanted or {r.id, str(r.step)} & wanted) and not {r.id, str(r.step)} & unwanted]
        return sorted(chosen, key=lambda r: (r.step, r.id))


def load(extra: Iterable[Path] = ()) -> Rulebook:
    """The built-in rulebook and a user's own folders, which have the same layout. A duplicate id is an error."""
    book = Rulebook()
    _read_folder(book, builtin_folder(), builtin=True)
    for folder in extra:
        if not folder.is_dir():
            raise UsageError("no such folder of rules", where=str(folder), hint="--rules takes a folder laid out like rules/")
        _read_folder(book, folder, builtin=False)
    return book


def builtin_folder() -> Traversable:
    """rules/ in the wheel, else in the checkout; never in the current folder."""
    inside = resources.files("infercheck") / "_rules"
    if inside.is_dir():
        return inside
    return cast(Traversable, Path(__file__).resolve().parents[2] / "rules")


def _read_folder(book: Rulebook, folder: Traversable, *, builtin: bool) -> None:
    for path, where in _walk(folder, "rules" if builtin else str(folder)):
        parent = where.replace("\\", "/").rsplit("/", 2)[-2] if "/" in where.replace("\\", "/") else ""
        name, _, suffix = path.name.rpartition(".")
        if suffix == "toml":
            _add(book.fixes, name, _fix(path, where), where)
            continue
        read = cache(partial(_sql, path, name, where))
        kind = "view" if parent == "views" else "rule"
        if not builtin:
            kind = read().header.get("kind", kind)
        if name in book.rules or name in book.views:
            raise UsageError(f"the id {name!r} is taken by another rule or view", where=where, hint="rename the file")
        if name in ALL_TABLES:
            raise UsageError(f"the id {name!r} is that of a canonical table", where=where, hint="rename the file")
        if kind == "view":
            book.views[name] = View(name, read, ViewHeader, builtin)
        else:
            step = int(parent[0]) if parent[:1].isdigit() else 0
            if not 1 <= step <= 4:
                raise UsageError("a rule belongs in a folder named after its step, such as 2_retries_and_waste", where=where)
            book.rules[name] = Rule(name, read, RuleHeader, builtin, step=step)
        if not builtin:
            read().validated(ViewHeader if kind == "view" else RuleHeader)


def _add(table: dict[str, Fix], name: str, fix: Fix, where: str) -> None:
    if name in table:
        raise UsageError(f"the fix {name!r} stands twice", where=where)
    table[name] = fix


def _fix(path: Traversable, where: str) -> Fix:
    try:
        return Fix.model_validate(tomllib.loads(_text(path, where)))
    except tomllib.TOMLDecodeError as err:
        raise UsageError(f"not valid TOML: {err}", where=where) from err
    except RecursionError as err:
        raise UsageError("nested too deeply", where=where) from err
    except ValidationError as err:
        first = err.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", where=where) from err


def _sql(path: Traversable, name: str, where: str) -> SqlFile:
    return parse(_text(path, where), name=name, where=where)


def _text(path: Traversable, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        raise UsageError("not UTF-8 text", where=where) from err


def _walk(folder: Traversable, where: str) -> Iterator[tuple[Traversable, str]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from _walk(entry, f"{where}/{entry.name}")
        elif entry.is_file() and entry.name.endswith((".sql", ".toml")):  # a pipe of that name would never end
            yield entry, f"{where}/{entry.name}"


def _params(owner: str, defaults: dict[str, Scalar], overrides: Mapping[str, Scalar] | None) -> dict[str, Scalar]:
    for key in overrides or {}:
        if key not in defaults:
            known = ", ".join(defaults) or "none"
            raise UsageError(f"{owner} has no parameter {key!r}", where=f"[rules.{owner}]", hint=f"its parameters: {known}")
    return {**defaults, **(overrides or {})}
