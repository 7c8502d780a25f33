"""infercheck schema"""

from __future__ import annotations

import typer

from infercheck.cli import _options as opt

ORDER = 9


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema")(schema)


def schema(output: opt.Output = None, verbose: opt.Verbose = False) -> None:
    """Print the JSON Schema of the JSON report.

    \b
    Example:
      infercheck schema -o report.schema.json
    """
    from infercheck.cli._output import write
    from infercheck.render.json import dumps, report_schema

    write(dumps(report_schema()) + "\n", output)
