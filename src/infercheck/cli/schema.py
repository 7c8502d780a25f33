"""infercheck schema"""

from __future__ import annotations

from typing import Annotated

import typer

from infercheck.cli import _complete
from infercheck.cli import _options as opt

ORDER = 9


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema")(schema)


def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="report, gate, baseline, reconciliation, simulation; ledger or parquet for tables.",
            autocompletion=_complete.schemas,
        ),
    ] = "report",
    output: opt.Output = None,
    verbose: opt.Verbose = False,
) -> None:
    """Print what other programs may rely on: JSON Schemas, the ledger's tables, the Parquet of ingest --to. Each has a version of its own.

    \b
    Examples:
      infercheck schema -o report.schema.json
      infercheck schema gate
    """
    from infercheck import contracts
    from infercheck.cli._output import refuse_ending, write
    from infercheck.render.json import dumps

    refuse_ending(output, [".json"])
    write(dumps(contracts.get(name).schema()) + "\n", output)
