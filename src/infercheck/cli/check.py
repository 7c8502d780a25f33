"""infercheck check"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infercheck.cli import _gate
from infercheck.cli import _options as opt

ORDER = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    paths: opt.Paths,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", "-b", metavar="FILE", help="What to compare with: a file of `infercheck baseline write`.")
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option("--budget", metavar="KEY=VALUE", help="Bound a figure; may be repeated, wins over the config's.")
    ] = None,
    fail_on: _gate.FailOnLevel = "error",
    exit_zero: _gate.ExitZero = False,
    require_conclusive: _gate.RequireConclusive = False,
    by: _gate.By = "auto",
    format: _gate.Format = None,
    output: opt.Output = None,
    now: _gate.Now = None,
    since: opt.Since = None,
    until: opt.Until = None,
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
    """Fail on a cost or latency regression against a baseline, or on a broken budget.

    A workload whose models changed is judged over all its models. Days that are in the baseline too are taken out of the baseline.

    Exit 1 if it fails; 4 if there is too little to judge by and --require-conclusive asks for an answer.

    \b
    Examples:
      infercheck check logs/ --baseline base.json
      infercheck check logs/ --since 7d --baseline base.json --require-conclusive
      infercheck check logs/ --budget cost_per_success=0.02 --budget interactive_p95_ms=8000
    """
    from infercheck.cli._limits import conclude
    from infercheck.cli._output import gate_renderer_for, progress, refuse_overwriting, write_gate

    refuse_overwriting(output, [*paths, baseline], config)
    renderer = gate_renderer_for(format, output)
    asked = _gate.gate_options(fail_on=fail_on, now=now, by=by, budgets=budget)
    options = opt.options(
        since=since, until=until, where=where, tz=tz, config=config, rules=rules, ledger=ledger, no_ledger=no_ledger, cost_basis=cost_basis
    )
    from infercheck import api

    with progress(quiet) as on_event:
        report = api.check([*paths], asked, baseline=baseline, options=options, on_event=on_event)
    write_gate(report, renderer, output, verbose=verbose, quiet=quiet, tz=tz)
    conclude(report, exit_zero=exit_zero, require_conclusive=require_conclusive)
