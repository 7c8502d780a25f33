"""infercheck ingest"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _options as opt
from infercheck.errors import UsageError

if TYPE_CHECKING:
    from infercheck.ingest import Scope

ORDER = 2
To = Annotated[
    Path | None, typer.Option("--to", metavar="DIR", help="Write canonical Parquet to DIR, one shard a run, instead of the ledger.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ingest")(ingest)


def ingest(
    paths: opt.Paths,
    to: To = None,
    config: opt.ConfigFile = None,
    ledger: opt.Ledger = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """Read logs into the ledger, so that later runs need not read them again; or into a folder that other machines can share.

    \b
    Examples:
      infercheck ingest logs/
      infercheck ingest 'logs/*.jsonl.gz' --ledger project.duckdb
      infercheck ingest logs/2026-11-24/ --to shared/calls    # then: infercheck analyze shared/calls
    """
    from infercheck import ingest as reading
    from infercheck import sources
    from infercheck.cli._output import progress
    from infercheck.config import Config
    from infercheck.engine.duckdb import Engine
    from infercheck.render.figures import plural

    if to and ledger:
        raise UsageError("--to and --ledger exclude each other", hint="a folder of shards is written without a ledger")
    found = Config.load(config)
    among = sources.known(found.source, where=found.where)
    if to:
        with progress(quiet) as on_event:
            written = reading.ingest_to([*paths], to, among=among, on_event=on_event)
        shard = str(written.shard) if written.shard else "none: everything here stands in the folder already"
        kept = [("unchanged", f"{plural(written.unchanged, 'file stands', 'files stand')} in {to} already")] if written.unchanged else []
        _tell(quiet, [("shard", shard), *kept], written.scope, written.skipped, written.notices)
        return
    target = ledger or reading.default_path()
    with Engine(target, own=ledger is None) as engine, progress(quiet) as on_event:
        read = reading.ingest(engine, [*paths], among=among, on_event=on_event)
        scope = reading.open_scope(engine, read)
    _tell(quiet, [("ledger", str(target))], scope, read.skipped, read.notices)


def _tell(quiet: bool, head: list[tuple[str, str]], scope: Scope, skipped: Mapping[str, int], notices: Sequence[str]) -> None:
    from infercheck.cli._output import style, write_text
    from infercheck.render.figures import plural
    from infercheck.render.table import sheet

    if quiet:
        return
    rows = [
        *head,
        ("files", f"{scope.files:,}" + "".join(f"; {n:,} {kind} skipped, no log" for kind, n in sorted(skipped.items()))),
        ("rows", f"{scope.rows:,}"),
        ("attempts", f"{scope.attempts:,} at {plural(scope.requests, 'request')}; {plural(scope.duplicates, 'duplicate')}"),
        ("other", plural(scope.other, "record that holds no call", "records that hold no call")),
        ("lost", f"{plural(scope.rejects, 'line')} rejected, {plural(scope.cell_issues, 'value')} unreadable"),
    ]
    write_text(sheet([*rows, *(("note", notice) for notice in notices)], style()))
