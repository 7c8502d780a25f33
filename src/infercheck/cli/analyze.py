"""infercheck analyze"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _options as opt

if TYPE_CHECKING:
    from infercheck.gate import Budget

ORDER = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("analyze")(analyze)


def analyze(
    paths: opt.Paths,
    format: Annotated[
        str | None, typer.Option("--format", "-f", metavar="FORMAT", help="text, json, csv (the plan), markdown or html.")
    ] = None,
    output: opt.Output = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    tz: opt.Tz = "UTC",
    config: opt.ConfigFile = None,
    rules: opt.RuleDirs = None,
    select: opt.Select = None,
    ignore: opt.Ignore = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if a line, a value or a price is missing.")] = False,
    fail_on: Annotated[
        list[str] | None, typer.Option("--fail-on", metavar="KEY=VALUE", help="Exit 1 if a figure is beyond VALUE: a budget, as in check.")
    ] = None,
    rule_timeout: opt.Timeout = None,
    anonymize: opt.Anonymize = False,
    engine: opt.EngineName = "duckdb",
    remote: opt.Remote = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """Diagnose logs: where money and time go, and what to change first.

    \b
    Examples:
      infercheck analyze logs/
      infercheck analyze logs/ --since 7d --format markdown -o report.md
      infercheck analyze logs/ -o report.html
      infercheck analyze logs/ --select 2 --ignore paid_failures -v
      infercheck analyze logs/ -q --fail-on cost_per_success=0.02 --fail-on interactive_p95_ms=8000
      infercheck analyze shards/ --engine spark --remote sc://HOST
    """
    from infercheck.cli._limits import enforce
    from infercheck.cli._output import progress, refuse_overwriting, renderer_for, write_report

    refuse_overwriting(output, paths, config)
    renderer = renderer_for(format, output)
    budgets = _budgets(fail_on)
    options = opt.options(
        since=since,
        until=until,
        where=where,
        tz=tz,
        config=config,
        rules=rules,
        select=select,
        ignore=ignore,
        ledger=ledger,
        no_ledger=no_ledger,
        cost_basis=cost_basis,
        rule_timeout=rule_timeout,
        anonymize=anonymize,
        engine=engine,
        remote=remote,
    )
    from infercheck import api

    options = replace(options, pictures=getattr(renderer, "PICTURES", False))
    with progress(quiet) as on_event:
        report, checks = api.report([*paths], budgets=budgets, options=options, on_event=on_event)
    write_report(report, renderer, output, verbose=verbose, quiet=quiet, tz=tz)
    enforce(report, checks, strict=strict)


def _budgets(values: list[str] | None) -> list[Budget]:
    if not values:
        return []
    from infercheck.gate import parse

    return parse(values, option="--fail-on")
