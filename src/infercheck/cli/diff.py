"""infercheck diff"""

from __future__ import annotations

from typing import Annotated

import typer

from infercheck.cli import _gate
from infercheck.cli import _options as opt

ORDER = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diff")(diff)


def diff(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Logs (a file, a folder or a glob) or a baseline file.")],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="The same for what is new.")],
    by: _gate.By = "auto",
    fail_on: _gate.FailOnLevel = "error",
    exit_zero: _gate.ExitZero = False,
    require_conclusive: _gate.RequireConclusive = False,
    format: _gate.Format = None,
    output: opt.Output = None,
    now: _gate.Now = None,
    where: opt.Where = None,
    tz: opt.Tz = "UTC",
    config: opt.ConfigFile = None,
    rules: opt.RuleDirs = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """Compare two logs: what a success costs, how long people wait, and why the bill changed.

    Logs of days are compared day by day. Two logs of less than a day, such as load tests, are compared call by call where they send the same
    prompts, else by workload and prompt size. The result says which it was.

    \b
    Examples:
      infercheck diff main.jsonl pull-request.jsonl
      infercheck diff base.json logs/ --format json -o diff.json
      infercheck diff before/ after/ --by days --exit-zero
    """
    from infercheck.cli._limits import conclude
    from infercheck.cli._output import gate_renderer_for, progress, refuse_overwriting, write_gate

    refuse_overwriting(output, [base, head], config)
    renderer = gate_renderer_for(format, output)
    asked = _gate.gate_options(fail_on=fail_on, now=now, by=by)
    options = opt.options(where=where, tz=tz, config=config, rules=rules, ledger=ledger, no_ledger=no_ledger, cost_basis=cost_basis)
    from infercheck import api

    with progress(quiet) as on_event:
        report = api.diff([base], [head], asked, options=options, on_event=on_event)
    write_gate(report, renderer, output, verbose=verbose, quiet=quiet, tz=tz)
    conclude(report, exit_zero=exit_zero, require_conclusive=require_conclusive)
