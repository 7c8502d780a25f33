"""One run: the ledger is brought up to date with the logs, a scope is opened over them, rules and settlement work on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infercheck import diagnose, ingest, prepare, rulebook, sources
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.engine.lanes import Job, work
from infercheck.model.config import AnalyzeOptions
from infercheck.model.progress import Progress
from infercheck.model.rule import Scalar
from infercheck.rulebook import Rulebook

if TYPE_CHECKING:
    from infercheck import beyond

Event = Callable[[Progress], None]
Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Run:
    """One run with its log in scope."""

    options: AnalyzeOptions
    engine: Engine
    config: Config
    book: Rulebook
    params: dict[str, dict[str, Scalar]]
    scope: ingest.Scope
    read: ingest.IngestResult
    notes: list[str]
    on_event: Event | None
    cluster: beyond.Cluster | None = None

    def diagnosed(self) -> diagnose.Diagnosis:
        """Claims, and the views that the report reads beside them, as tables of the engine."""
        from infercheck import latency
        from infercheck.summarise import VIEWS

        views = (*VIEWS, *latency.views(self.engine))
        diagnosis = diagnose.diagnose(self.engine, self.book, also=views, **self._chosen())
        self.make_views(*views)  # a rule's time limit may have stopped one
        return diagnosis

    def claimed(self) -> tuple[diagnose.Diagnosis, list[Job]]:
        """The diagnosis, and what is left to be settled here: a cluster has settled the dollars of its claims."""
        from infercheck import latency, replay, settle

        dollars, milliseconds = Job("dollars", settle.settle), Job("milliseconds", cast(Any, replay.settle_latency))
        if self.cluster is None:
            return self.diagnosed(), [dollars, milliseconds]
        from infercheck import beyond
        from infercheck.summarise import VIEWS

        diagnosis = beyond.settled(self.engine, self.cluster, self.book, views=VIEWS, **self._chosen())
        self.make_views(*latency.views(self.engine))
        return diagnosis, [milliseconds]

    def settled(self) -> None:
        """The diagnosis, with every claim settled."""
        _, settling = self.claimed()
        work(self.engine.lanes, settling)

    def make_views(self, *names: str, whole: bool = False) -> None:
        """Create these views where they are not there yet; ``whole``, with every column, for SQL of a user's."""
        diagnose.make_views(self.engine, self.book, names, self.params, whole=whole)

    def _chosen(self) -> dict[str, Any]:
        return {
            "select": self.options.select or self.config.select,
            "ignore": (*self.options.ignore, *self.config.ignored),
            "params": self.params,
            "timeout_s": self.options.rule_timeout_s,
            "on_event": self.on_event,
        }


@contextmanager
def opened(
    paths: Paths,
    options: AnalyzeOptions | None,
    on_event: Event | None,
    *,
    salt: str | None = None,
    ahead: Callable[[], object] | None = None,
) -> Iterator[Run]:
    """``salt`` is that of a baseline: a ledger of another salt is left alone, and the logs are read without it.

    ``ahead`` imports what is needed afterwards, while the database lays out the calls.
    """
    options = options or AnalyzeOptions()
    config = Config.load(options.config)
    book = rulebook.load(options.rules)
    if config.rules:
        config.check({**{i: r.header.params for i, r in book.rules.items()}, **{i: v.header.params for i, v in book.views.items()}})
    params = config.rule_params
    basis = options.cost_basis or config.cost_basis
    if basis:
        params = {**params, "priced_calls": {**params.get("priced_calls", {}), "cost_basis": basis}}
    ledger_file = _ledger(options, salt)
    book.selected(options.select or config.select, (*options.ignore, *config.ignored))  # a misspelt id is said before the log is read
    with _cluster(paths, options) as cluster, Engine(ledger_file, own=options.ledger is None) as engine:
        read = ingest.ingest(
            engine, [str(p) for p in each(paths)], among=sources.known(config.source, where=config.where), salt=salt, on_event=on_event
        )
        engine.make_room(int(engine.value("SELECT count(*) FROM call_rows")))
        engine.lock_down(but=cluster.folder if cluster else None)  # before --where, which must not reach a file either
        threading.Thread(target=_quietly, args=(prepare.fetch_price_list, ahead), daemon=True).start()
        if on_event:
            on_event(Progress("preparing"))
        scope = ingest.open_scope(engine, read, since=options.since, until=options.until, where=options.where)
        engine.drop("kept_calls")  # as large as the log, and nobody asks again which copy was kept
        notes = prepare.prepare(engine, config, whole=options.where is None)
        if options.anonymize:
            from infercheck import anonymize

            read = anonymize.anonymize(engine, read)
        engine.share_cores(scope.attempts)
        yield Run(options, engine, config, book, params, scope, read, notes, on_event, cluster)


def _quietly(*steps: Callable[[], object] | None) -> None:
    """Do these beside the statements of the database. What goes wrong with them is said when it is needed."""
    with suppress(Exception):
        for step in filter(None, steps):
            step()


def _ledger(options: AnalyzeOptions, salt: str | None) -> Path | None:
    file = (options.ledger or ingest.default_path()) if options.use_ledger else None
    if file is None or salt is None or not file.exists():
        return file
    with Engine(file, own=options.ledger is None) as engine:
        return file if ingest.salted_by(engine, salt) else None


@contextmanager
def _cluster(paths: Paths, options: AnalyzeOptions) -> Iterator[beyond.Cluster | None]:
    if options.remote is None:
        yield None
        return
    from infercheck import beyond

    with beyond.cluster([str(p) for p in each(paths)], options.remote) as cluster:
        yield cluster


def each(paths: Paths) -> Sequence[str | Path]:
    """One path is a list of one, not a list of letters."""
    return [paths] if isinstance(paths, str | Path) else paths
