"""The straight line in one page: files -> calls -> views -> claims -> settled claims -> Report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from infercheck import ingest, prepare, sources, sqlcheck
from infercheck.config import Config
from infercheck.engine.duckdb import DatabaseError, Engine, Head
from infercheck.errors import InputError, UsageError, first_line
from infercheck.model.config import AnalyzeOptions
from infercheck.run import Event, Paths, Run, each, opened

if TYPE_CHECKING:
    import polars as pl

    from infercheck import gate
    from infercheck.analysis import Analysis
    from infercheck.model.gate import Check, GateReport
    from infercheck.model.reconciliation import Reconciliation
    from infercheck.model.report import Coverage, Report
    from infercheck.model.simulation import Simulation
    from infercheck.model.snapshot import Snapshot

Note = Callable[[str], None]
Rows = Literal["claims", "calls", "focus", "chargeback"]


def analyze(paths: Paths, *, options: AnalyzeOptions | None = None, on_event: Event | None = None) -> Analysis:
    """Diagnose the logs at ``paths`` (files, folders, globs): the report, with frames of the claims and calls behind it.

    Raises UsageError for wrong options, config or rules, InputError for input that cannot be read.
    """
    from infercheck.analysis import Analysis

    with opened(paths, options, on_event, ahead=_import_report) as run:
        return Analysis.of(_report(run), run.engine)


def report(
    paths: Paths, *, budgets: Sequence[gate.Budget] = (), options: AnalyzeOptions | None = None, on_event: Event | None = None
) -> tuple[Report, list[Check]]:
    """The report alone, without the rows behind it, and a check for each budget."""
    with opened(paths, options, on_event, ahead=_import_report) as run:
        made = _report(run)
        if not budgets:
            return made, []
        from infercheck import gate

        return made, gate.checks_of(budgets, run.engine, _collected(run).snapshot, made, run.config.gate)


def baseline(paths: Paths, *, options: AnalyzeOptions | None = None, on_event: Event | None = None) -> Snapshot:
    """The logs summed by day and stratum: what `infercheck baseline write` keeps. No prompt, key or user is in it.

    Raises UsageError where no call is in scope: nothing can be compared with that.
    """
    with opened(paths, options, on_event) as run:
        if none := _no_call(run):
            raise UsageError(none[0], hint="a baseline needs days with calls")
        return _collected(run).snapshot


def check(
    paths: Paths,
    gate_options: gate.GateOptions,
    *,
    baseline: Path | None = None,
    options: AnalyzeOptions | None = None,
    on_event: Event | None = None,
) -> GateReport:
    """The logs against a baseline file and against budgets, those of the config included.

    Raises UsageError for a baseline of another schema, currency or kind of cost, and where there is neither baseline nor budget.
    """
    from infercheck import gate

    options = options or AnalyzeOptions()
    config = Config.load(options.config)
    budgets = gate.merged(gate_options.budgets, gate.of_config(config))
    if baseline is None and not budgets:
        raise UsageError("there is nothing to check against", hint="add --baseline FILE, --budget KEY=VALUE, or [budgets] to the config")
    base = None if baseline is None else gate.load(baseline)
    with opened(paths, options, on_event, salt=base.salt if base else None) as run:
        _need_a_call(run, paths)
        found = _collected(run)
        made = _report(run) if gate.needs_rules(budgets) else None
        checks = gate.checks_of(budgets, run.engine, found.snapshot, made, config.gate)
    label = _label(paths)
    if base is None:
        return gate.result(gate.without_baseline(found.snapshot, label), checks, config, gate_options)
    compared = gate.compared(gate.Collected(base), found, config, gate_options, labels=(str(baseline), label))
    return gate.result(compared, checks, config, gate_options)


def diff(
    base: Paths,
    head: Paths,
    gate_options: gate.GateOptions,
    *,
    options: AnalyzeOptions | None = None,
    on_event: Event | None = None,
) -> GateReport:
    """Two logs, or baseline files, against each other. Short logs are matched call by call, or by workload and prompt size."""
    from infercheck import gate

    options = options or AnalyzeOptions()
    config = Config.load(options.config)
    one = _side(base, options, on_event, salt=None)
    other = _side(head, options, on_event, salt=one.snapshot.salt)
    compared = gate.compared(one, other, config, gate_options, labels=(_label(base), _label(head)))
    return gate.result(compared, [], config, gate_options)


def _side(paths: Paths, options: AnalyzeOptions, on_event: Event | None, *, salt: str | None) -> gate.Collected:
    """One side of a diff: a baseline file as it stands, else logs."""
    from infercheck import gate

    sides = each(paths)
    if len(sides) == 1 and gate.is_baseline(Path(sides[0])):
        return gate.Collected(gate.load(Path(sides[0])))
    with opened(paths, options, on_event, salt=salt) as run:
        _need_a_call(run, paths)
        return _collected(run, prompts=True)


def _label(paths: Paths) -> str:
    return ", ".join(map(str, each(paths)))


def export_claims(paths: Paths, *, options: AnalyzeOptions | None = None, on_event: Event | None = None) -> pl.DataFrame:
    """One row per settled claim: rule, source_call_id, kind, billed_usd, saved_usd, saved_ms and what they belong to.

    A claim that another one took stands with saved_usd 0; NULL means that the call's bill is unknown.
    """
    return _frame("claims", paths, options=options, on_event=on_event)


def export_calls(paths: Paths, *, options: AnalyzeOptions | None = None, on_event: Event | None = None) -> pl.DataFrame:
    """One row per attempt with its workload, tokens, price and what the plan would save on it. No prompt text, no key."""
    return _frame("calls", paths, options=options, on_event=on_event)


def export_focus(
    paths: Paths,
    *,
    options: AnalyzeOptions | None = None,
    version: str = "1.2",
    on_event: Event | None = None,
    on_note: Note | None = None,
) -> pl.DataFrame:
    """The charges as a FOCUS dataset: one row a day, payer, model, tier and meter. ``on_note`` is told what is not in them.

    ``x_ReportedCost`` sums to the report's spend. The rows have passed ``infercheck.finance.focus_checks``.
    """
    return _frame("focus", paths, options=options, version=version, on_event=on_event, on_note=on_note)


def export_chargeback(
    paths: Paths, *, options: AnalyzeOptions | None = None, on_event: Event | None = None, on_note: Note | None = None
) -> pl.DataFrame:
    """What each team owes: one row a day, team, key alias and model, with list, contracted, billed and effective cost."""
    return _frame("chargeback", paths, options=options, on_event=on_event, on_note=on_note)


def export_rows(
    what: Rows,
    paths: Paths,
    to: Path,
    *,
    options: AnalyzeOptions | None = None,
    version: str = "1.2",
    on_event: Event | None = None,
    on_note: Note | None = None,
) -> None:
    """The rows of ``export_claims``, ``_calls``, ``_focus`` or ``_chargeback`` as a Parquet file, in bounded memory however many they are."""
    with opened(paths, options, on_event) as run:
        _tell(on_note, _no_call(run))
        run.engine.spool(_rows(run, what, version, on_note), to)
    if what == "focus" and version == "1.2":
        from infercheck.finance import focus_checks

        if wrong := focus_checks.violations_in(to):
            raise RuntimeError(f"the FOCUS rows are not what they should be: {'; '.join(wrong)}")


def _rows(run: Run, what: Rows, version: str, on_note: Note | None) -> str:
    """SQL of the rows, once what they read is there."""
    if what in ("claims", "calls"):
        from infercheck.analysis import CALLS, CLAIMS

        run.settled()
        return CLAIMS if what == "claims" else CALLS
    from infercheck.finance import chargeback, focus
    from infercheck.summarise import VIEWS

    run.make_views(*VIEWS)
    _tell(on_note, _charged(run))
    if what == "chargeback":
        return chargeback.query(run.engine, run.config)
    return focus.query(run.engine, run.config, version, anonymous=run.options.anonymize)


def _frame(what: Rows, paths: Paths, **more: Any) -> pl.DataFrame:
    import polars as pl

    with tempfile.TemporaryDirectory(prefix="infercheck-") as folder:
        export_rows(what, paths, Path(folder) / "rows.parquet", **more)
        return pl.read_parquet(Path(folder) / "rows.parquet", memory_map=False)


def export_excel(
    paths: Paths, *, options: AnalyzeOptions | None = None, on_event: Event | None = None, on_note: Note | None = None
) -> bytes:
    """Report and chargeback as an .xlsx workbook."""
    from infercheck.finance import chargeback, workbook

    with opened(paths, options, on_event) as run:
        made = _report(run)
        notes = [*_no_call(run), *_charged(run)]
        _tell(on_note, notes)
        return workbook.render(made, chargeback.rows(run.engine, run.config), chargeback.by_team(run.engine, run.config), notes)


def simulate(paths: Paths, fixes: Sequence[str], *, options: AnalyzeOptions | None = None, on_event: Event | None = None) -> Simulation:
    """The logs re-priced under the chosen fixes only: ``routing``, or ``caching:faq-bot`` for one workload or finding. With
    traffic_separation, shared deployments are replayed without their jobs.

    Raises UsageError for an unknown fix, or a workload that is not in the logs.
    """
    from infercheck import simulate as what_if

    chosen = what_if.choices(fixes)
    with opened(paths, options, on_event) as run:
        run.diagnosed()
        run.make_views(*what_if.views(chosen))
        return what_if.simulate(run.engine, chosen)


def reconcile(
    invoices: Paths,
    paths: Paths,
    *,
    options: AnalyzeOptions | None = None,
    tolerance: tuple[Decimal | None, Decimal | None] = (None, None),
    on_event: Event | None = None,
) -> Reconciliation:
    """The logs at ``paths`` against invoices, by provider, UTC day, model and meter. ``tolerance``: percent of the invoice, and USD.

    Without a period in ``options``, the calendar months of the invoices are compared. Raises InputError for a file that is no invoice,
    and where neither side has anything in the period.
    """
    from infercheck.finance import invoices as bills
    from infercheck.finance import reconcile as reconciling

    options = options or AnalyzeOptions()
    lines, told = bills.read_all([Path(invoice) for invoice in each(invoices)], Config.load(options.config))
    options, covered = reconciling.scope(options, lines)
    with opened(paths, options, on_event) as run:
        run.make_views("priced_calls")
        notes = [*told, *_no_call(run), *_charged(run)]
        names = [Path(invoice).name for invoice in each(invoices)]
        return reconciling.reconcile(run.engine, run.config, lines, invoices=names, period=covered, tolerance=tolerance, notes=notes)


def query(paths: Paths, sql: str, *, options: AnalyzeOptions | None = None, on_event: Event | None = None) -> pl.DataFrame:
    """Run one read-only SELECT over the canonical tables and views of the logs at ``paths``."""
    with _asked(paths, sql, options, on_event) as (engine, select):
        return engine.frame(select)


def query_head(
    paths: Paths,
    sql: str,
    limit: int,
    *,
    options: AnalyzeOptions | None = None,
    on_event: Event | None = None,
    ahead: Callable[[], object] | None = None,
) -> Head:
    """The first rows of ``query``, as plain values. ``ahead`` is called beside the database's work: it imports what draws them."""
    with _asked(paths, sql, options, on_event, ahead) as (engine, select):
        return engine.head(select, limit)


@contextmanager
def _asked(
    paths: Paths, sql: str, options: AnalyzeOptions | None, on_event: Event | None, ahead: Callable[[], object] | None = None
) -> Iterator[tuple[Engine, str]]:
    """The engine with all that the SELECT reads, and the SELECT, which has been found to be one."""
    with opened(paths, options, on_event, ahead=ahead) as run:
        tree = run.engine.serialized_statements(sql)
        known = frozenset(run.book.views) | frozenset(prepare.TABLE_NAMES)
        read = sqlcheck.check(tree, where="query", line=1, known_tables=known, any_function=True, what="a query", sql=sql)
        run.make_views(*sorted(read & set(run.book.views)), whole=True)
        try:
            yield run.engine, sql.rstrip().rstrip(";")
        except DatabaseError as err:
            raise UsageError(first_line(err), where="query") from err


def detect(path: str | Path, *, config: Path | None = None) -> list[Any]:
    """Sources that may read ``path``, best first, with the keys that are missing for each; a config's mappings are among them."""
    found = Config.load(config)
    return list(ingest.detect(Path(path), among=sources.known(found.source, where=found.where)))


def _import_report() -> None:
    from infercheck import coverage, latency, recommend, replay, settle  # noqa: F401


def _report(run: Run) -> Report:
    from infercheck import coverage, recommend

    diagnosis, settling = run.claimed()

    def cover(lane: Engine) -> Coverage:
        return coverage.coverage(lane, run.scope, run.read, diagnosis, told=run.notes)

    made = recommend.report(run.engine, run.book, diagnosis, cover, settling)
    if not run.options.pictures:
        return made
    from infercheck import pictures

    run.make_views(*pictures.VIEWS)
    return made.model_copy(update={"pictures": pictures.pictures(run.engine)})


def _collected(run: Run, *, prompts: bool = False) -> gate.Collected:
    from infercheck import gate, latency

    run.make_views(*gate.VIEWS)
    run.make_views(*(("trace_components",) if latency.needs_paths(run.engine) else ()))
    return gate.collect(run.engine, run.config, salt=ingest.salt_of(run.engine), cost_basis=run.options.cost_basis, prompts=prompts)


def _no_call(run: Run) -> list[str]:
    """Why there is no call in scope; nothing where there is one."""
    if run.scope.attempts:
        return []
    left = run.scope.filtered_out
    why = f"{left:,} left out by --month, --since, --until or --where" if left else "the logs hold none"
    return [f"no call in scope: {why}"]


def _need_a_call(run: Run, paths: Paths) -> None:
    """InputError where no call is in scope: a gate that judges nothing must not pass."""
    if none := _no_call(run):
        raise InputError(none[0], where=_label(paths))


def _charged(run: Run) -> list[str]:
    """Fill the charges of the run's period, which needs the views; returns what they do not hold."""
    from infercheck.finance import book

    covered = book.fill(run.engine, run.config, since=run.options.since, until=run.options.until, anonymous=run.options.anonymize)
    return book.notes(run.engine, run.config, covered, basis=run.options.cost_basis or run.config.cost_basis)


def _tell(on_note: Note | None, notes: Sequence[str]) -> None:
    if on_note:
        for note in notes:
            on_note(note)
