"""infercheck baseline"""

from __future__ import annotations

import typer

from infercheck.cli import _options as opt

ORDER = 2


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_group)
    group.command("write")(write)
    app.add_typer(group, name="baseline", help="Keep what `check` compares with.\n\nExample: infercheck baseline write logs/ -o base.json")


def _group() -> None:
    pass


def write(
    paths: opt.Paths,
    output: opt.Output = None,
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
    """Sum logs by day, workload and model into a file for `infercheck check`. No prompt, key or user is in it.

    Two weeks are a good baseline: fewer than 5 days judge nothing, from 3 weeks on every weekday has its own level. Let it end before the days that
    are to be judged.

    \b
    Examples:
      infercheck baseline write logs/ -o base.json
      infercheck baseline write logs/ --since 2026-09-07 --until 2026-09-21 -o base.json
    """
    from infercheck.cli._output import progress, refuse_ending, refuse_overwriting
    from infercheck.cli._output import write as put

    options = opt.options(
        since=since, until=until, where=where, tz=tz, config=config, rules=rules, ledger=ledger, no_ledger=no_ledger, cost_basis=cost_basis
    )
    refuse_overwriting(output, paths, config)
    refuse_ending(output, [".json"])
    from infercheck import api, gate

    with progress(quiet) as on_event:
        snapshot = api.baseline([*paths], options=options, on_event=on_event)
    put(gate.dump(snapshot), output)
