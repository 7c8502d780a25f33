"""infercheck export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infercheck.cli import _options as opt

ORDER = 3
Format = Annotated[str | None, typer.Option("--format", "-f", metavar="csv|parquet", help="By default what FILE ends with, else csv.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("claims")(claims)
    group.command("calls")(calls)
    app.add_typer(
        group, name="export", help="Write rows for other tools: claims, calls.\n\nExample: infercheck export claims logs/ -o claims.csv"
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
    )
    _export("export_claims", paths, options, output, format, quiet)


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
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """One row per attempt: workload, tokens, price, time, and what the plan would save on it. No prompt text.

    \b
    Examples:
      infercheck export calls logs/ -o calls.parquet
      infercheck export calls logs/ --where "status <> 'ok'" > failed.csv
    """
    options = opt.options(since=since, until=until, where=where, config=config, ledger=ledger, no_ledger=no_ledger, cost_basis=cost_basis)
    _export("export_calls", paths, options, output, format, quiet)


def _export(what: str, paths: list[str], options: object, output: Path | None, format: str | None, quiet: bool) -> None:
    from infercheck.cli._frames import encode, format_for
    from infercheck.cli._output import progress, write

    chosen = format_for(format, output)
    from infercheck import api

    with progress(quiet) as on_event:
        frame = getattr(api, what)([*paths], options=options, on_event=on_event)
    write(encode(frame, chosen), output)
