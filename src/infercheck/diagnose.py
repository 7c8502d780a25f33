"""Views, then rules, then claims. A rule that the log cannot support is reported as not checked, with the reason and the cure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from infercheck import sqlcheck
from infercheck.engine.base import Database, literal, quoted, text_type
from infercheck.errors import InfercheckError, UsageError, first_line
from infercheck.model.call import CLOCK_TABLES, CONFIG_TABLES, TABLES
from infercheck.model.hints import lacking, settings_for
from infercheck.model.progress import Progress
from infercheck.model.report import NotChecked
from infercheck.model.rule import CLAIM_COLUMNS, CLAIM_KEYS, EVIDENCE_PREFIX, Scalar
from infercheck.rulebook import Rule, Rulebook, View
from infercheck.sqlfile import SqlFile

_KINDS = {**CLAIM_KEYS, **CLAIM_COLUMNS}
CLAIMS = {"rule": "VARCHAR", "step": "INTEGER", "fix": "VARCHAR", "grade": "VARCHAR", "subject": "VARCHAR", **_KINDS}
_OPTIONAL = {"grade", "fix"}  # a rule may set these per row where its header's value does not hold for all


Params = Mapping[str, Scalar]
OnEvent = Callable[[Progress], None] | None


@dataclass
class Diagnosis:
    """What ran. Claims are in table ``claims``, a rule's evidence by subject in table ``evidence_<rule>``."""

    ran: list[Rule] = field(default_factory=list)
    observed: list[Rule] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    evidence: set[str] = field(default_factory=set)


class Views:
    """Creates views on demand, each once, in dependency order."""

    def __init__(self, engine: Database, book: Rulebook, params: Mapping[str, Mapping[str, Scalar]]) -> None:
        self._engine = engine
        self._book = book
        self._params = params
        self._made: set[str] = set()
        self._known = frozenset(TABLES) | frozenset(CONFIG_TABLES) | frozenset(CLOCK_TABLES) | frozenset(book.views)

    def prepare(self, file: SqlFile, params: Mapping[str, Scalar], *, builtin: bool = False, _path: tuple[str, ...] = ()) -> str:
        """The file's SQL with parameters bound and every view that it reads created. A user's file is checked, the project's own by its tests."""
        sql = sqlcheck.bind(file.body, params, where=file.where).rstrip().rstrip(";")
        if builtin:
            read = set(file.tables)
        else:
            tree = self._engine.serialized_statements(sql)
            read = sqlcheck.check(tree, where=file.where, line=file.first_sql_line, known_tables=self._known, sql=sql)
        for name in sorted(read & self._book.views.keys()):
            self.make(name, _path)
        return sql

    def make(self, name: str, _path: tuple[str, ...] = ()) -> None:
        """Create view ``name`` and what it reads; a circle is a UsageError."""
        if name in self._made:
            return
        view: View = self._book.views[name]
        if name in _path:
            raise UsageError(f"views read each other in a circle: {' -> '.join((*_path, name))}", where=view.file.where)
        sql = self.prepare(view.file, view.params(self._params.get(name)), builtin=view.builtin, _path=(*_path, name))
        with sql_errors(view.file):
            self._engine.create(name, sql)
        self._made.add(name)


def diagnose(
    engine: Database,
    book: Rulebook,
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    params: Mapping[str, Mapping[str, Scalar]] | None = None,
    timeout_s: float | None = None,
    on_event: OnEvent = None,
) -> Diagnosis:
    """Run the selected rules over the canonical tables and fill table ``claims``."""
    params = params or {}
    views = Views(engine, book, params)
    filled = filled_columns(engine)
    sources = [str(row[0]) for row in engine.rows("SELECT DISTINCT source FROM calls WHERE source IS NOT NULL ORDER BY 1")]
    result = Diagnosis()
    engine.create_empty("claims", CLAIMS)
    chosen = book.selected(select, ignore)
    for done, rule in enumerate(chosen):
        if on_event:
            on_event(Progress("diagnosing", done, len(chosen), what=rule.id))
        try:
            with deadline(engine, timeout_s):
                missing = _missing(engine, rule, filled, rule.params(params.get(rule.id)), sources)
                if missing:
                    result.not_checked.append(missing)
                    continue
                sql = views.prepare(rule.file, rule.params(params.get(rule.id)), builtin=rule.builtin)
                with sql_errors(rule.file):
                    _run(engine, rule, sql, result)
        except duckdb.InterruptException:
            result.not_checked.append(
                NotChecked(rule=rule.id, reason=f"stopped after {timeout_s:g} s", setting="raise --rule-timeout or narrow PATHS")
            )
        except duckdb.OutOfMemoryException:
            said = "stopped: it takes more memory, or more scratch space on disk, than there is"
            result.not_checked.append(
                NotChecked(rule=rule.id, reason=said, setting="narrow PATHS, or have the rule filter before it joins")
            )
    return result


def make_views(engine: Database, book: Rulebook, names: Iterable[str], params: Mapping[str, Mapping[str, Scalar]] | None = None) -> None:
    """Create the named views if they are not there yet; the report reads some that no selected rule needed."""
    views = Views(engine, book, params or {})
    views._made |= engine.tables() & book.views.keys()
    for name in names:
        views.make(name)


def filled_columns(engine: Database) -> frozenset[str]:
    """Columns of ``calls`` that hold at least one value, and names of other canonical tables that hold a row."""
    names = [c.name for c in TABLES["calls"]]
    counts = engine.rows("SELECT " + ", ".join(f"count({quoted(n)})" for n in names) + " FROM calls")[0]
    filled = {name for name, count in zip(names, counts, strict=True) if count}
    for table in ("spans", "prompt_blocks", "tool_calls", "prices", "models"):
        if engine.rows(f"SELECT 1 FROM {quoted(table)} LIMIT 1"):
            filled.add(table)
    if "response_chars" in filled:  # answers were logged: that none of them asks for a tool is known then
        filled.add("tool_calls")
    return frozenset(filled)


@contextmanager
def sql_errors(file: SqlFile) -> Iterator[None]:
    """Turn an error of the database into one that names the file."""
    try:
        yield
    except InfercheckError:
        raise
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as err:
        text = str(err).strip()
        line = next((part.split(":", 1)[0] for part in text.split("LINE ")[1:]), str(file.first_sql_line))
        raise UsageError(first_line(err), where=f"{file.where}:{line}") from err


def _missing(
    engine: Database, rule: Rule, filled: frozenset[str], params: Mapping[str, Scalar], sources: Sequence[str]
) -> NotChecked | None:
    absent = [need for need in rule.header.needs if need not in filled]
    if "model" not in filled:  # a price for a model that no call names would not help
        absent = list(dict.fromkeys("model" if need in {"models", "prices"} else need for need in absent))
    if absent:
        return NotChecked(rule=rule.id, reason=lacking(absent), setting=settings_for(absent, sources))
    for requirement in rule.header.requires:
        if not _holds(engine, rule.file, sqlcheck.bind(requirement.sql, params, where=rule.file.where)):
            return NotChecked(rule=rule.id, reason=requirement.reason, setting=requirement.setting)
    return None


def _holds(engine: Database, file: SqlFile, sql: str) -> bool:
    """What a header asks of the log; it may say no more than the rule itself."""
    tables, line = frozenset(TABLES) | frozenset(CONFIG_TABLES), file.line_of("sql")
    sqlcheck.check(engine.serialized_statements(sql), where=file.where, line=line, known_tables=tables, what="a requirement")
    with sql_errors(file):
        return bool(engine.value(sql))


def _run(engine: Database, rule: Rule, sql: str, result: Diagnosis) -> None:
    found = f"found_{rule.id}"
    engine.create(found, sql)
    columns = engine.columns(quoted(found))
    _check_columns(rule, columns)
    evidence = [c for c in columns if c.startswith(EVIDENCE_PREFIX)]
    if evidence:
        picked = ", ".join(f"max({quoted(c)}) AS {quoted(c.removeprefix(EVIDENCE_PREFIX))}" for c in evidence)
        engine.create(f"evidence_{rule.id}", f"SELECT subject, {picked} FROM {quoted(found)} GROUP BY subject")
        result.evidence.add(rule.id)
    if rule.header.kind == "observation":
        result.observed.append(rule)
        return
    result.ran.append(rule)
    said = {
        "rule": literal(rule.id),
        "step": str(rule.step),
        "fix": f"coalesce(fix, '{rule.header.fix}')" if "fix" in columns else f"'{rule.header.fix}'",
        "grade": f"coalesce(grade, '{rule.header.grade}')" if "grade" in columns else f"'{rule.header.grade}'",
        "subject": "subject",
        **{name: quoted(name) if name in columns else "NULL" for name in _KINDS},
    }
    row = ", ".join(f"CAST({said[name]} AS {text_type(kind)}) AS {quoted(name)}" for name, kind in CLAIMS.items())
    engine.extend("claims", f"SELECT {row} FROM {quoted(found)}")
    engine.drop(found)


def _check_columns(rule: Rule, columns: Mapping[str, str]) -> None:
    """Before wrapping: a rule that lacks call_id would silently bind to an outer query's."""
    where = f"{rule.file.where}:{rule.file.first_sql_line}"
    if "subject" not in columns:
        raise UsageError(
            "the SELECT yields no column subject", where=where, hint="name what a finding is about: SELECT ..., workload AS subject"
        )
    observation = rule.header.kind == "observation"
    for name in columns:
        claim = name in CLAIM_KEYS or name in CLAIM_COLUMNS or name in _OPTIONAL
        if not (name == "subject" or name.startswith(EVIDENCE_PREFIX) or (claim and not observation)):
            raise UsageError(
                f"the SELECT yields an unknown column {name!r}",
                where=where,
                hint=f"known: {', '.join((*CLAIM_KEYS, *CLAIM_COLUMNS))}, {EVIDENCE_PREFIX}*",
            )
    if observation:
        return
    if not any(key in columns for key in CLAIM_KEYS):
        raise UsageError(
            "the SELECT yields no call_id (nor span_id or trace_id)", where=where, hint="a claim names the call that it is about"
        )
    if not any(name in columns for name in CLAIM_COLUMNS):
        raise UsageError("the SELECT claims nothing", where=where, hint=f"yield one of {', '.join(CLAIM_COLUMNS)}")


@contextmanager
def deadline(engine: Database, seconds: float | None) -> Iterator[None]:
    """Interrupt whatever the engine does after so many seconds."""
    if not seconds:
        yield
        return
    timer = threading.Timer(seconds, engine.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # a timer that is just going off must not stop the next rule
