"""infercheck demo"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infercheck.cli import _options as opt

ORDER = 0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    format: Annotated[
        str | None, typer.Option("--format", "-f", metavar="FORMAT", help="text, json, csv (the plan), markdown or html.")
    ] = None,
    output: opt.Output = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """Analyze the sample log that comes along. Keeps nothing.

    \b
    Examples:
      infercheck demo
      infercheck demo -v
    """
    from importlib.resources import as_file

    from infercheck import api
    from infercheck.cli._output import progress, renderer_for, write_report
    from infercheck.model.config import AnalyzeOptions

    renderer = renderer_for(format, output)
    options = AnalyzeOptions(use_ledger=False, pictures=getattr(renderer, "PICTURES", False))
    with as_file(_folder()) as folder, progress(quiet) as on_event:
        report, _ = api.report([folder], options=options, on_event=on_event)
    write_report(report, renderer, output, verbose=verbose, quiet=quiet, tz="UTC")


def _folder() -> Path:
    """The demo log in the wheel, else in the checkout."""
    from importlib.resources import files

    from infercheck.errors import InputError

    inside = files("infercheck") / "_demo"
    checkout = Path(__file__).resolve().parents[3] / "sample_logs" / "demo"
    for folder in (inside, checkout):
        if folder.is_dir():
            return folder if isinstance(folder, Path) else Path(str(folder))
    raise InputError("the demo log is missing from this installation", hint="reinstall infercheck")
