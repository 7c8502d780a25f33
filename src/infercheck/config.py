"""Finds and reads ``infercheck.toml`` or ``[tool.infercheck]`` of a pyproject.toml. Hands on data; changes nothing."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, PrivateAttr, ValidationError

from infercheck.errors import UsageError
from infercheck.model.config import MATCH_COLUMNS, Capacity, ConfigModel, Premium, Price, Rate, RuleSettings, Workload
from infercheck.model.fields import Match
from infercheck.model.finance import Account, Commitment, Credit, Finance, InvoiceTable, Reconciling, Team
from infercheck.model.gating import Budgets, GateSettings, Suppression
from infercheck.model.mapping import MAPPABLE, MappedColumn, SourceMapping, problems
from infercheck.model.rule import Param, Scalar

if TYPE_CHECKING:
    from infercheck.model.gate import Anchor

FILE_NAME = "infercheck.toml"
TABLE = ("tool", "infercheck")
_UNION = ("bool", "int", "float", "str", "function-before[_parameter(), union[bool,int,float,str]]")
_WORDS = {
    "missing": "is missing",
    "tuple_type": "write a list, or tables with [[...]]",
    "dict_type": "write a table",
    "model_type": "write a table",
}
_MODELS: dict[str, type[BaseModel]] = {
    "workload": Workload,
    "price": Price,
    "premium": Premium,
    "rate": Rate,
    "capacity": Capacity,
    "rules": RuleSettings,
    "account": Account,
    "team": Team,
    "credit": Credit,
    "commitment": Commitment,
    "invoice": InvoiceTable,
    "finance": Finance,
    "reconcile": Reconciling,
    "budgets": Budgets,
    "suppress": Suppression,
    "gate": GateSettings,
}


class Config(ConfigModel):
    """A config with the file it came from (``where`` is empty when there is none)."""

    _where: str = PrivateAttr("")
    _text: str = PrivateAttr("")
    _base: tuple[str, ...] = PrivateAttr(())

    @property
    def where(self) -> str:
        """Path of the file; empty when no file was found."""
        return self._where

    @classmethod
    def load(cls, path: Path | None = None, *, start: Path | None = None) -> Config:
        """Read ``path``, else the nearest config in ``start`` (the current folder) or its parents, else an empty one.

        Raises UsageError with file and line for anything that is not understood.
        """
        if path is not None:
            return _read(cls, path, _base_of(path))
        found = find(start or Path.cwd())
        return _read(cls, found, _base_of(found)) if found else cls()

    @property
    def rule_params(self) -> dict[str, dict[str, Scalar]]:
        """Parameter overrides by id of rule or view."""
        return {name: entry.params for name, entry in self.rules.items() if entry.params}

    @property
    def disabled_rules(self) -> tuple[str, ...]:
        """Rules switched off by ``enabled = false``."""
        return tuple(name for name, entry in self.rules.items() if not entry.enabled)

    @property
    def ignored(self) -> tuple[str, ...]:
        """``ignore`` and the rules that are switched off."""
        return tuple(dict.fromkeys((*self.ignore, *self.disabled_rules)))

    def check(self, known: Mapping[str, Mapping[str, Param]]) -> None:
        """Refuse ``[rules.ID]`` for an unknown ID or parameter, or a value of another kind. ``known`` holds parameters by id of rule or view."""
        for name, entry in self.rules.items():
            if name not in known:
                raise UsageError(f"there is no rule {name!r}", where=self._at("rules", name), hint=_closest(name, known))
            for key, value in entry.params.items():
                if key not in known[name]:
                    hint = f"its parameters: {', '.join(known[name])}" if known[name] else "it has no parameters"
                    raise UsageError(f"{name} has no parameter {key!r}", where=self._at("rules", name, key), hint=hint)
                if not known[name][key].accepts(value):
                    default = known[name][key].default
                    raise UsageError(
                        f"{key} cannot be {value!r}",
                        where=self._at("rules", name, key),
                        hint=f"its default is {default!r}: {known[name][key].help}",
                    )

    def anchor(self, *path: str | int) -> Anchor:
        """File and line of a key."""
        from infercheck.model.gate import Anchor

        return Anchor(file=self._where, line=line_of(self._text, (*self._base, *path)))

    def _at(self, *path: str | int) -> str:
        return f"{self._where}:{line_of(self._text, (*self._base, *path))}"


def find(start: Path) -> Path | None:
    """The nearest infercheck.toml, or pyproject.toml with a [tool.infercheck], in ``start`` or its parents."""
    for folder in (start.absolute(), *start.absolute().parents):
        own = folder / FILE_NAME
        if own.is_file():
            return own
        project = folder / "pyproject.toml"
        if project.is_file() and _has_table(project):
            return project
    return None


def workload_match_sql(workload: Workload) -> str:
    """A SQL condition over ``calls`` that holds for the workload's calls."""
    return match_sql(workload.match, where=f"workload {workload.name!r}")


def match_sql(match: Match, *, where: str) -> str:
    """A SQL condition over ``calls``: every column fits one of its globs. Never NULL, FALSE for no column; patterns are quoted literals."""
    parts = []
    for column, globs in match.items():
        if column not in MATCH_COLUMNS:
            raise UsageError(f"{where} cannot match on {column!r}", where=where, hint=f"known: {', '.join(MATCH_COLUMNS)}")
        mail = next((glob for glob in globs if re.search(r"@[^@]*\.[^\W\d_]{2,}\*?$", glob)), None)
        if mail:
            hint = "match on an id, an alias or a tag instead: mail addresses are kept as salted hashes only"
            raise UsageError(f"{where} cannot match on the mail address {mail!r}", where=where, hint=hint)
        if column == "tags":
            tests = " OR ".join(_like("t", glob) for glob in globs)
            parts.append(f"coalesce(len(list_filter(string_split(tags, ','), lambda t: {tests})) > 0, FALSE)")
        else:
            tests = " OR ".join(_like(f'"{column}"', glob) for glob in globs)
            parts.append(f"coalesce({tests}, FALSE)")
    return " AND ".join(parts) if parts else "FALSE"


def capacity_match_sql(capacity: Capacity) -> str:
    """A SQL condition over ``calls``: the call's deployment, endpoint, provider/model or model fits one of the globs. Never NULL."""
    columns = ("deployment", "endpoint", "concat_ws('/', provider, model)", "model")
    return " OR ".join(f"coalesce({_like(column, glob)}, FALSE)" for column in columns for glob in capacity.deployment)


def line_of(text: str, path: Sequence[str | int]) -> int:
    """1-based line that sets the key at ``path``; that of the nearest enclosing table when no line sets it; else 1."""
    wanted = tuple(path)
    best, best_depth = 1, 0
    table: tuple[str | int, ...] = ()
    arrays: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$", line)
        if header:
            table = _table(_keys(header[2]), arrays, opens=header[1] == "[[")
            depths = [_shared(table, wanted)]
        else:
            keys = [_keys(key) for key in re.findall(r"(?:^|[{,])\s*([\w.\-\"']+)\s*=", line)]
            inside = table == wanted[: len(table)]
            depths = [len(wanted) if inside and key[-1:] == wanted[-1:] else _shared((*table, *key), wanted) for key in keys]
        if max(depths, default=0) > best_depth:
            best, best_depth = number, max(depths)
    return best


def _table(names: tuple[str, ...], arrays: dict[tuple[str | int, ...], int], *, opens: bool) -> tuple[str | int, ...]:
    """Path of a table header; tables of an array carry its index, so that [[workload]] number two is told from number one."""
    path: tuple[str | int, ...] = ()
    for depth, name in enumerate(names, start=1):
        path = (*path, name)
        if opens and depth == len(names):
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _shared(one: Sequence[str | int], other: Sequence[str | int]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))


def _read(cls: type[Config], path: Path, base: tuple[str, ...]) -> Config:
    where = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise UsageError("there is no such config file", where=where) from err
    except UnicodeDecodeError as err:
        raise UsageError("not UTF-8 text", where=where) from err
    except OSError as err:
        raise UsageError(f"the config cannot be read: {err.strerror}", where=where) from err
    data: Any = _parsed(text, where)
    for key in base:
        data = data.get(key, {}) if isinstance(data, dict) else {}
    try:
        config = cls.model_validate(data)
    except ValidationError as err:
        raise _refused(err, text, base, where) from err
    config._where, config._text, config._base = where, text, base
    _check(config)
    _check_budgets(config)
    _check_suppressions(config)
    return config


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as err:
        at = re.search(r"at line (\d+)", str(err))
        message = re.sub(r"\s*\(at [^)]*\)", "", str(err))
        raise UsageError(f"not valid TOML: {message}", where=f"{where}:{at[1]}" if at else where) from err


def _check(config: Config) -> None:
    names: set[str] = set()
    for index, workload in enumerate(config.workload):
        if workload.name in names:
            raise UsageError(
                f"workload {workload.name!r} stands twice",
                where=config._at("workload", index, "name"),
                hint="give one entry several globs: app = [...]",
            )
        names.add(workload.name)
        if not workload.match:
            raise UsageError(
                f"workload {workload.name!r} matches on nothing",
                where=config._at("workload", index, "match"),
                hint='match = {app = "..."}',
            )
    for kind in ("workload", "account", "team", "commitment"):
        for index, entry in enumerate(getattr(config, kind)):
            for column in entry.match:
                if column not in MATCH_COLUMNS:
                    raise UsageError(
                        f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} cannot match on {column!r}",
                        where=config._at(kind, index, "match", column),
                        hint=_closest(column, MATCH_COLUMNS),
                    )
    _check_names(config)
    for name, mapping in config.source.items():
        _check_mapping(config, name, mapping)


def _check_names(config: Config) -> None:
    """One name is one thing on the books: credits and commitments together, machines of one's own by themselves."""
    for kinds in (("credit", "commitment"), ("capacity",)):
        taken: set[str] = set()
        for kind in kinds:
            for index, entry in enumerate(getattr(config, kind)):
                name = entry.label if kind == "capacity" else entry.name
                if name in taken:
                    raise UsageError(
                        f"{kind} {name!r} stands twice", where=config._at(kind, index, "name"), hint="give it a name of its own"
                    )
                taken.add(name)


def _check_mapping(config: Config, name: str, mapping: SourceMapping) -> None:
    at = ("source", name)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"a source cannot be called {name!r}", where=config._at(*at), hint="lower-case letters, digits and _")
    for column in mapping.columns:
        if column not in MAPPABLE:
            raise UsageError(
                f"there is no column {column!r}",
                where=config._at(*at, "columns", column),
                hint=_closest(column, MAPPABLE, "see `infercheck sources columns`"),
            )
    for problem in problems(mapping):
        raise UsageError(problem.message, where=config._at(*at, *problem.at), hint=problem.hint)


def _check_budgets(config: Config) -> None:
    from infercheck.model.gate import BUDGETS

    scoped = {"workload": config.budgets.workload, "team": config.budgets.team}
    places: list[tuple[str, tuple[str, ...], str]] = [("all", ("budgets", key), key) for key in config.budgets.overall]
    places += [
        (scope, ("budgets", scope, name, key), key) for scope, named in scoped.items() for name, bounds in named.items() for key in bounds
    ]
    for scope, path, key in places:
        known = [name for name, about in BUDGETS.items() if scope in about.scopes]
        if key not in known:
            raise UsageError(f"there is no budget {key!r}", where=config._at(*path), hint=f"known: {', '.join(known)}")


def _check_suppressions(config: Config) -> None:
    from infercheck.model.gate import BUDGETS, RULES

    known = [*RULES, *(f"budget.{key}" for key in BUDGETS)]
    for index, entry in enumerate(config.suppress):
        if not any(fnmatchcase(rule, entry.rule) for rule in known):
            where = config._at("suppress", index, "rule")
            raise UsageError(
                f"no check has the rule {entry.rule!r}",
                where=where,
                hint=_closest(entry.rule, known, f"known: {', '.join(RULES)}, budget.KEY"),
            )


def _refused(err: ValidationError, text: str, base: tuple[str, ...], where: str) -> UsageError:
    errors = err.errors()
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])  # a misspelt key explains a missing one
    path = [part for part in first["loc"] if part not in _UNION]
    at = f"{where}:{line_of(text, (*base, *path))}"
    name = ".".join(str(part) for part in path if not isinstance(part, int))
    if first["type"] == "extra_forbidden":
        keys = [field.alias or key for key, field in _owner(path).model_fields.items()]
        return UsageError(f"unknown key {name!r}", where=at, hint=_closest(str(path[-1]), keys))
    message = _WORDS.get(first["type"]) or str(first["msg"]).removeprefix("Value error, ")
    return UsageError(f"{name}: {message}" if name else message, where=at)


def _owner(path: Sequence[str | int]) -> type[BaseModel]:
    """The type that a misspelt key at ``path`` belongs to."""
    if path[0] == "source" and len(path) > 2:
        return MappedColumn if len(path) > 4 and path[2] == "columns" else SourceMapping
    return _MODELS.get(str(path[0]), ConfigModel) if len(path) > 1 else ConfigModel


def _closest(name: str, known: Collection[str], otherwise: str = "see `infercheck rules list`") -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(known)}" if len(known) <= 20 else otherwise


def _like(column: str, glob: str) -> str:
    pattern = re.sub(r"([\\%_])", r"\\\1", glob).replace("*", "%").replace("?", "_").replace("'", "''")
    return f"{column} LIKE '{pattern}' ESCAPE '\\'"


def _base_of(path: Path) -> tuple[str, ...]:
    return TABLE if path.name == "pyproject.toml" else ()


def _has_table(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    if "infercheck" not in text:
        return False
    try:
        tool = tomllib.loads(text).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return "[tool.infercheck" in text  # ours, and broken: say so rather than run without it
    return isinstance(tool, dict) and "infercheck" in tool
