"""infercheck export"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _options as opt

if TYPE_CHECKING:
    from infercheck.api import Rows
    from infercheck.model.config import AnalyzeOptions

ORDER = 3
Format = Annotated[str | None, typer.Option("--format", "-f", metavar="csv|parquet", help="By default what FILE ends with, else csv.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("claims")(claims)
    group.command("calls")(calls)
    group.command("focus")(focus)
    group.command("chargeback")(chargeback)
    group.command("excel")(excel)
    app.add_typer(
        group,
        name="export",
        help="Write rows for other tools: claims, calls, FOCUS charges, chargeback, a workbook.\n\n"
        "Example: infercheck export claims logs/ -o claims.csv",
    )


def claims(
    paths: opt.Paths,
    output: opt.Output = None,
    format: Format = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    rules: opt.RuleDirs = None,
    select: opt.Select = None,
    ignore: opt.Ignore = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    anonymize: opt.Anonymize = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """One row per settled claim: which call, which rule, what it was billed, what is saved.

    In CSV, text that a spreadsheet would run starts with an apostrophe; Parquet keeps it as it is.

    \b
    Examples:
      infercheck export claims logs/ -o claims.csv
      infercheck export claims logs/ --select retry_storm -o claims.parquet
    """
    options = opt.options(
        since=since,
        until=until,
        where=where,
        config=config,
        rules=rules,
        select=select,
        ignore=ignore,
        ledger=ledger,
        no_ledger=no_ledger,
        cost_basis=cost_basis,
        anonymize=anonymize,
    )
    _export("claims", paths, options, output, format, quiet)


def calls(
    paths: opt.Paths,
    output: opt.Output = None,
    format: Format = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    anonymize: opt.Anonymize = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """One row per attempt: workload, tokens, price, time, and what the plan would save on it. No prompt text.

    \b
    Examples:
      infercheck export calls logs/ -o calls.parquet
      infercheck export calls logs/ --where "status <> 'ok'" > failed.csv
    """
    options = opt.options(since=since, until=until, where=where, config=config, ledger=ledger, no_ledger=no_ledger, cost_basis=cost_basis,
                          anonymize=anonymize)  # fmt: skip
    _export("calls", paths, options, output, format, quiet)


def focus(
    paths: opt.Paths,
    output: opt.Output = None,
    format: Format = None,
    month: opt.Month = None,
    focus_version: Annotated[str, typer.Option("--focus-version", metavar="1.2|1.4", help="1.4 renames the provider's columns.")] = "1.2",
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    anonymize: opt.Anonymize = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """Charges in the layout of FOCUS, the FinOps cost and usage dataset: one row a day, payer, model, tier and meter.

    For programs: text is not neutralised for spreadsheets. Costs are estimates from the log until an invoice confirms them.

    \b
    Examples:
      infercheck export focus logs/ --month 2026-11 -o focus.parquet
      infercheck export focus logs/ -o focus.csv
    """
    from infercheck.errors import UsageError

    if focus_version not in ("1.2", "1.4"):
        raise UsageError(f"FOCUS {focus_version} is not written", where="--focus-version", hint="known: 1.2, 1.4")
    options = opt.options(
        since=since,
        until=until,
        month=month,
        where=where,
        config=config,
        ledger=ledger,
        no_ledger=no_ledger,
        cost_basis=cost_basis,
        anonymize=anonymize,
    )
    _export("focus", paths, options, output, format, quiet, version=focus_version)


def chargeback(
    paths: opt.Paths,
    output: opt.Output = None,
    format: Format = None,
    month: opt.Month = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    anonymize: opt.Anonymize = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """What each team owes: one row a day, team, key alias and model; what nobody claims is (unallocated).

    \b
    Examples:
      infercheck export chargeback logs/ --month 2026-11 -o chargeback.csv
      infercheck export chargeback logs/ --config finance.toml -o chargeback.parquet
    """
    options = opt.options(
        since=since,
        until=until,
        month=month,
        where=where,
        config=config,
        ledger=ledger,
        no_ledger=no_ledger,
        cost_basis=cost_basis,
        anonymize=anonymize,
    )
    _export("chargeback", paths, options, output, format, quiet)


def excel(
    paths: opt.Paths,
    output: opt.Output = None,
    month: opt.Month = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    rules: opt.RuleDirs = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    anonymize: opt.Anonymize = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """A workbook: summary with a chart, plan, chargeback by team and by day, findings. Text of the log is never a formula.

    \b
    Examples:
      infercheck export excel logs/ --month 2026-11 -o november.xlsx
    """
    import sys

    from infercheck.errors import UsageError

    if output is None and sys.stdout.isatty():
        raise UsageError("a workbook is no text for a terminal", where="export excel", hint="add -o FILE.xlsx")
    options = opt.options(
        since=since,
        until=until,
        month=month,
        where=where,
        config=config,
        rules=rules,
        ledger=ledger,
        no_ledger=no_ledger,
        cost_basis=cost_basis,
        anonymize=anonymize,
    )
    from infercheck import api
    from infercheck.cli._output import progress, refuse_ending, refuse_overwriting, write

    refuse_overwriting(output, paths, config)
    refuse_ending(output, [".xlsx"])
    with _noted(quiet) as on_note, progress(quiet) as on_event:
        made = api.export_excel([*paths], options=options, on_event=on_event, on_note=on_note)
    write(made, output)


@contextmanager
def _noted(quiet: bool) -> Iterator[Callable[[str], None]]:
    """What an export does not hold is said on stderr once it is made."""
    from infercheck.cli._errors import say

    notes: list[str] = []
    yield notes.append
    for note in [] if quiet else notes:
        say(f"note: {note}")


def _export(
    what: Rows, paths: list[str], options: AnalyzeOptions, output: Path | None, format: str | None, quiet: bool, version: str = "1.2"
) -> None:
    """FOCUS is for programs: its text stays as it is."""
    import tempfile

    from infercheck.cli._frames import encoded, format_for
    from infercheck.cli._output import progress, refuse_overwriting, write_parts

    refuse_overwriting(output, paths, options.config)
    chosen = format_for(format, output)
    from infercheck import api

    with tempfile.TemporaryDirectory(prefix="infercheck-") as folder:
        rows = Path(folder) / "rows.parquet"
        with _noted(quiet) as on_note, progress(quiet) as on_event:
            api.export_rows(what, [*paths], rows, options=options, version=version, on_event=on_event, on_note=on_note)
        write_parts(encoded(rows, chosen, exact=what == "focus"), output)
