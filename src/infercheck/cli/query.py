"""infercheck query"""

from __future__ import annotations

from typing import Annotated

import typer

from infercheck.cli import _options as opt

ORDER = 4
FORMATS = ("table", "json", "csv", "parquet")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("query")(query)


def query(
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="One SELECT over calls, spans and the views of `infercheck rules list --views`.")
    ],
    paths: opt.Paths,
    format: Annotated[
        str | None, typer.Option("--format", "-f", metavar="|".join(FORMATS), help="table unless FILE says otherwise.")
    ] = None,
    output: opt.Output = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    rules: opt.RuleDirs = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """Ask the canonical tables in SQL, read only.

    \b
    Examples:
      infercheck query "SELECT model, count(*) AS calls FROM calls GROUP BY model" logs/
      infercheck query "SELECT * FROM priced_calls WHERE status <> 'ok'" logs/ -f csv -o failed.csv
    """
    from infercheck.cli import _frames
    from infercheck.cli._output import by_ending, progress, refuse_overwriting, style, write, write_text

    refuse_overwriting(output, paths, config)
    chosen = by_ending(format, output, FORMATS)
    if chosen == "parquet":
        _frames.format_for(chosen, output)
    options = opt.options(since=since, until=until, where=where, config=config, rules=rules, ledger=ledger, no_ledger=no_ledger)
    from infercheck import api

    if chosen == "table":
        with progress(quiet) as on_event:
            head = api.query_head([*paths], sql, _frames.ROWS, options=options, on_event=on_event, ahead=_frames.import_table)
        write_text(_frames.as_table(head, style(output)), output)
        return
    with progress(quiet) as on_event:
        frame = api.query([*paths], sql, options=options, on_event=on_event)
    write(_frames.encode(frame, chosen), output)
