"""Views, then rules, then claims. A rule that the log cannot support is reported as not checked, with the reason and the cure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import duckdb

from infercheck import sqlcheck
from infercheck.engine.base import Database, literal, quoted, text_type
from infercheck.engine.lanes import Job, work
from infercheck.errors import InfercheckError, UsageError, first_line
from infercheck.model.call import CLOCK_TABLES, CONFIG_TABLES, TABLES
from infercheck.model.hints import lacking, settings_for
from infercheck.model.progress import Progress
from infercheck.model.rule import CLAIM_COLUMNS, CLAIM_KEYS, EVIDENCE_PREFIX, Scalar
from infercheck.rulebook import Rule, Rulebook, View
from infercheck.sqlfile import SqlFile

if TYPE_CHECKING:
    from infercheck.model.report import NotChecked

_KINDS = {**CLAIM_KEYS, **CLAIM_COLUMNS}
CLAIMS = {"rule": "VARCHAR", "step": "INTEGER", "fix": "VARCHAR", "grade": "VARCHAR", "subject": "VARCHAR", **_KINDS}
_OPTIONAL = {"grade", "fix"}  # a rule may set these per row where its header's value does not hold for all
# Columns of a view that hold few names, and where all of these are found.
NAMES: dict[str, dict[str, str]] = {
    "priced_calls": {
        "workload": "SELECT workload FROM call_workloads",
        **{
            column: f"SELECT {column} FROM calls"
            for column in ("provider", "model", "model_requested", "operation", "status", "finish_reason")
        },
        "deployment": "SELECT coalesce(deployment, endpoint, concat_ws('/', provider, model)) FROM (SELECT DISTINCT deployment, endpoint, "
        "provider, model FROM calls)",
        "tier": "SELECT unnest(['default', 'batch', 'flex', 'priority', 'fast'])",
        "cost_basis": "SELECT unnest(['capacity', 'computed', 'logged'])",
    },
    "workloads": {"class": "SELECT unnest(['background', 'interactive', 'unknown'])"},
    "outcomes": {
        "evidence": "SELECT unnest(['score', 'last call''s status and finish reason', "
        "'last call''s status where nearly all answers are cut short on purpose'])"
    },
    "trace_parts": {
        "kind": "SELECT 'call' UNION ALL SELECT coalesce(kind, 'other') FROM spans",
        "name": "SELECT model FROM calls UNION ALL SELECT name FROM spans",
        "service": "SELECT service FROM spans",
    },
    "trace_nodes": {"kind": "SELECT 'virtual' UNION ALL SELECT kind FROM trace_parts"},
}
# Texts of which each call has its own, or nearly: four fifths of the bytes of a lean log's calls. The project's own rules and reports read numbers in
# their place, so that they are there for SQL of a user's alone.
SPARED: dict[str, tuple[str, ...]] = {"priced_calls": ("unit_id", "request_id", "source_call_id", "caller", "end_user")}
# Views that other parts read beside the rules. All others go once no rule needs them any more, and are made anew for who asks again.
READ_LATER = frozenset(
    {
        "priced_calls", "workloads", "workload_behaviour", "outcomes", "concurrency", "ttft_baseline", "first_token_model", "trace_nodes",
        "path_windows", "trace_components", "typing_pauses", "capacity_use",
    }
)  # fmt: skip
Params = Mapping[str, Scalar]
OnEvent = Callable[[Progress], None] | None


@dataclass
class Diagnosis:
    """What ran. Claims are in table ``claims``, a rule's evidence by subject and grade in table ``evidence_<rule>``."""

    ran: list[Rule] = field(default_factory=list)
    observed: list[Rule] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    evidence: set[str] = field(default_factory=set)


class Views:
    """Creates views on demand, each once, after those that it reads; with every column if they are to be ``whole``, for SQL of a user's."""

    def __init__(self, engine: Database, book: Rulebook, params: Mapping[str, Params], *, whole: bool = True) -> None:
        self._engine = engine
        self._book = book
        self._params = params
        self._made = engine.tables() & book.views.keys()
        self._spared = {} if whole or not all(view.builtin for view in book.views.values()) else SPARED
        self._known = frozenset(TABLES) | frozenset(CONFIG_TABLES) | frozenset(CLOCK_TABLES) | frozenset(book.views)

    def make(self, *names: str) -> None:
        """Create these views and what they read; a circle is a UsageError."""
        work(self._engine.lanes, self.jobs(names))

    def prepare(self, file: SqlFile, params: Params, *, builtin: bool = False) -> str:
        """The file's SQL with parameters bound and every view that it reads created."""
        sql, reads = self.bound(file, params, builtin=builtin)
        self.make(*reads)
        return sql

    def bound(self, file: SqlFile, params: Params, *, builtin: bool) -> tuple[str, list[str]]:
        """The file's SQL with parameters bound, and the views that it names. A user's file is checked, the project's own by its tests."""
        sql = sqlcheck.bind(file.body, params, where=file.where).rstrip().rstrip(";")
        if builtin:
            read = set(file.tables)
        else:
            tree = self._engine.serialized_statements(sql)
            read = sqlcheck.check(tree, where=file.where, line=file.first_sql_line, known_tables=self._known, sql=sql)
        return sql, sorted(read & self._book.views.keys())

    def jobs(self, names: Iterable[str], path: tuple[str, ...] = ()) -> list[Job]:
        """Jobs that create these views, and before them what they read; none for a view that has a job or is there."""
        jobs = []
        for name in names:
            view = self._book.views[name]
            if name in path:
                raise UsageError(f"views read each other in a circle: {' -> '.join((*path, name))}", where=view.file.where)
            if name in self._made:
                continue
            sql, reads = self.bound(view.file, view.params(self._params.get(name)), builtin=view.builtin)
            jobs += [*self.jobs(reads, (*path, name)), Job(name, partial(_create, view, sql, self._spared.get(name, ())), reads)]
            self._made.add(name)
        return jobs


def _create(view: View, sql: str, spared: Sequence[str], lane: Database) -> None:
    with sql_errors(view.file):
        lane.create(view.id, sql, NAMES.get(view.id) if view.builtin else None, spared=spared, lasts=view.id in READ_LATER)


def diagnose(
    engine: Database,
    book: Rulebook,
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    params: Mapping[str, Params] | None = None,
    also: Iterable[str] = (),
    timeout_s: float | None = None,
    on_event: OnEvent = None,
) -> Diagnosis:
    """Run the selected rules over the canonical tables and fill table ``claims``; ``also`` are views to make on the way."""
    from infercheck.model.report import NotChecked

    params = params or {}
    filled = filled_columns(engine)
    sources = [str(row[0]) for row in engine.rows("SELECT DISTINCT source FROM calls WHERE source IS NOT NULL ORDER BY 1")]
    engine.create_empty("claims", CLAIMS)
    bounds = _Bounds(timeout_s)
    result = Diagnosis()
    chosen = {rule.id: rule for rule in book.selected(select, ignore)}
    bound = {name: rule.params(params.get(name)) for name, rule in chosen.items()}

    answers: dict[str, bool] = {}
    asked = [Job(name, partial(_ask, rule, filled, bound[name], sources, answers)) for name, rule in chosen.items()]
    work(engine.lanes, [bounds.keep(job) for job in asked])
    views = Views(engine, book, params, whole=not all(rule.builtin for rule in chosen.values()))
    jobs: list[Job] = []
    for name, rule in chosen.items():
        if name not in bounds.stopped:
            sql, reads = views.bound(rule.file, bound[name], builtin=rule.builtin)
            jobs += [*views.jobs(reads), Job(name, partial(_run, rule, sql, result), reads)]
    jobs += views.jobs(also)
    work(engine.lanes, _letting_go([bounds.keep(job) for job in jobs], book.views.keys() - READ_LATER - {*also}), _teller(chosen, on_event))

    for name, rule in chosen.items():
        if stop := bounds.stopped.get(name):
            result.not_checked.append(NotChecked(rule=name, reason=stop.reason, setting=stop.setting))
        elif rule.header.kind == "observation":
            result.observed.append(rule)
        else:
            result.ran.append(rule)
    return result


def _letting_go(jobs: Sequence[Job], passing: Collection[str]) -> list[Job]:
    """The jobs, and after the last one that needs a passing view another that drops it: views are many times as large as the log."""
    made = {job.name for job in jobs} & {*passing}
    readers = {name: [at for at, job in enumerate(jobs) if name in job.needs] for name in made}
    drops: dict[int, list[str]] = {}
    for name, places in sorted(readers.items()):
        drops.setdefault(places[-1], []).append(name)
    found = []
    for at, job in enumerate(jobs):
        found.append(job)
        found += [Job(f"{name} goes", partial(_drop, name), [jobs[place].name for place in readers[name]]) for name in drops.get(at, ())]
    return found


def _drop(name: str, lane: Database) -> None:
    lane.drop(name)


def _teller(chosen: Mapping[str, Rule], on_event: OnEvent) -> Callable[[str], None] | None:
    if on_event is None:
        return None
    started = count()

    def tell(name: str) -> None:
        if name in chosen:
            on_event(Progress("diagnosing", next(started), len(chosen), what=name))

    return tell


class _Stop(Exception):
    """Why a rule or view is not there, and the cure."""

    def __init__(self, reason: str, setting: str) -> None:
        super().__init__(reason)
        self.reason, self.setting = reason, setting


class _Bounds:
    """Keeps each job to its time and to the memory that there is; what needs a job that was stopped is stopped with it."""

    def __init__(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self.stopped: dict[str, _Stop] = {}

    def keep(self, job: Job) -> Job:
        """The job within its bounds; ``stopped`` says where it left them."""

        def run(lane: Database) -> None:
            try:
                self._run(job, lane)
            except _Stop as stop:
                self.stopped[job.name] = stop

        return replace(job, run=run)

    def _run(self, job: Job, lane: Database) -> None:
        for name in job.needs:
            if name in self.stopped:
                raise self.stopped[name]
        try:
            with deadline(lane, self._timeout_s):
                job.run(lane)
        except duckdb.InterruptException:
            if not self._timeout_s:  # another job has failed
                raise
            raise _Stop(f"stopped after {self._timeout_s:g} s", "raise --rule-timeout or narrow PATHS") from None
        except duckdb.OutOfMemoryException:
            said = "stopped: it takes more memory, or more scratch space on disk, than there is"
            raise _Stop(said, "narrow PATHS, or have the rule filter before it joins") from None


def make_views(
    engine: Database, book: Rulebook, names: Iterable[str], params: Mapping[str, Params] | None = None, *, whole: bool = False
) -> None:
    """Create the named views if they are not there yet; the report reads some that no selected rule needed. ``whole`` as in ``Views``."""
    Views(engine, book, params or {}, whole=whole).make(*names)


def filled_columns(engine: Database) -> frozenset[str]:
    """Columns of ``calls`` that hold at least one value, and names of other canonical tables that hold a row."""
    names = [c.name for c in TABLES["calls"]]
    told = {"first_token_at": "first_token_us"}  # a stamp may be there and not tell the time
    counts = engine.rows("SELECT " + ", ".join(f"count({quoted(told.get(n, n))})" for n in names) + " FROM timed_calls")[0]
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


def _ask(rule: Rule, filled: frozenset[str], params: Params, sources: Sequence[str], answers: dict[str, bool], lane: Database) -> None:
    """Raises _Stop where the log does not hold what the rule needs. ``answers`` are those to what another rule has asked already."""
    absent = [need for need in rule.header.needs if need not in filled]
    if "model" not in filled:  # a price for a model that no call names would not help
        absent = list(dict.fromkeys("model" if need in {"models", "prices"} else need for need in absent))
    if absent:
        raise _Stop(lacking(absent), settings_for(absent, sources))
    for requirement in rule.header.requires:
        sql = sqlcheck.bind(requirement.sql, params, where=rule.file.where)
        if not rule.builtin:
            check_requirement(lane, rule.file, sql)
        if sql not in answers:
            with sql_errors(rule.file):
                answers[sql] = bool(lane.value(sql))
        if not answers[sql]:
            raise _Stop(requirement.reason, requirement.setting)


def check_requirement(engine: Database, file: SqlFile, sql: str) -> None:
    """What a header asks of the log may say no more than the rule itself. The project's own are checked by its tests."""
    tables, line = frozenset(TABLES) | frozenset(CONFIG_TABLES) | frozenset(CLOCK_TABLES), file.line_of("sql")
    sqlcheck.check(engine.serialized_statements(sql), where=file.where, line=line, known_tables=tables, what="a requirement")


def _run(rule: Rule, sql: str, result: Diagnosis, lane: Database) -> None:
    with sql_errors(rule.file):
        _claim(rule, sql, result, lane)


def _claim(rule: Rule, sql: str, result: Diagnosis, lane: Database) -> None:
    """Table ``found_<rule>``, of which the evidence by subject and grade and the claims are kept; an observation stays whole."""
    found = f"found_{rule.id}"
    lane.create(found, sql)
    columns = lane.columns(quoted(found))
    _check_columns(rule, columns)
    grade = f"coalesce(grade, '{rule.header.grade}')" if "grade" in columns else f"'{rule.header.grade}'"
    evidence = [c for c in columns if c.startswith(EVIDENCE_PREFIX)]
    if evidence:
        picked = ", ".join(f"max({quoted(c)}) AS {quoted(c.removeprefix(EVIDENCE_PREFIX))}" for c in evidence)
        lane.create(f"evidence_{rule.id}", f"SELECT subject, {grade} AS of_grade, {picked} FROM {quoted(found)} GROUP BY subject, {grade}")
        result.evidence.add(rule.id)
    if rule.header.kind == "observation":
        return
    said = {
        "rule": literal(rule.id),
        "step": str(rule.step),
        "fix": f"coalesce(fix, '{rule.header.fix}')" if "fix" in columns else f"'{rule.header.fix}'",
        "grade": grade,
        "subject": "subject",
        **{name: quoted(name) if name in columns else "NULL" for name in _KINDS},
        # To the microsecond, as clocks tell: an average's last digits depend on the order in which threads add up.
        **({"waste_ms": "round(waste_ms, 3)"} if "waste_ms" in columns else {}),
    }
    row = ", ".join(f"CAST({said[name]} AS {text_type(kind)}) AS {quoted(name)}" for name, kind in CLAIMS.items())
    lane.extend("claims", f"SELECT {row} FROM {quoted(found)}")
    lane.drop(found)


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
