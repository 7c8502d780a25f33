"""infercheck ingest"""

from __future__ import annotations

import typer

from infercheck.cli import _options as opt

ORDER = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ingest")(ingest)


def ingest(paths: opt.Paths, ledger: opt.Ledger = None, quiet: opt.Quiet = False, verbose: opt.Verbose = False) -> None:
    """Read logs into the ledger, so that later runs need not read them again.

    \b
    Examples:
      infercheck ingest logs/
      infercheck ingest 'logs/*.jsonl.gz' --ledger project.duckdb
    """
    from infercheck import ingest as reading
    from infercheck.cli._output import progress, style, write_text
    from infercheck.engine.duckdb import Engine
    from infercheck.ingest.ledger import default_path
    from infercheck.render.table import sheet

    target = ledger or default_path()
    with Engine(target) as engine, progress(quiet) as on_event:
        read = reading.ingest(engine, [*paths], on_event=on_event)
        scope = reading.open_scope(engine, read)
    if quiet:
        return
    rows = [
        ("ledger", str(target)),
        ("files", f"{scope.files:,}" + "".join(f"; {n:,} {kind} skipped, no log" for kind, n in sorted(read.skipped.items()))),
        ("rows", f"{scope.rows:,}"),
        ("attempts", f"{scope.attempts:,} at {scope.requests:,} requests; {scope.duplicates:,} duplicates"),
        ("lost", f"{scope.rejects:,} lines rejected, {scope.cell_issues:,} values unreadable"),
    ]
    write_text(sheet([*rows, *(("note", notice) for notice in read.notices)], style()))
