"""infercheck reconcile"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _options as opt
from infercheck.errors import GateFailed, UsageError

if TYPE_CHECKING:
    import polars as pl

    from infercheck.model.reconciliation import Reconciliation

ORDER = 3
FORMATS = ("text", "json", "csv")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reconcile")(reconcile)


def reconcile(
    invoices: Annotated[
        list[Path], typer.Argument(metavar="INVOICE...", help="What the providers bill or count; .json, .jsonl, .csv, .parquet.")
    ],
    logs: Annotated[list[str], typer.Option("--logs", metavar="PATH", help="Log files, folders or globs; may be repeated.")],
    tolerance: Annotated[
        str | None, typer.Option(metavar="0.5%|USD", help="Gaps that are let pass, added up without sign. By default 0.5% of the invoice.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", "-f", metavar="|".join(FORMATS), help="text unless FILE says otherwise.")
    ] = None,
    output: opt.Output = None,
    month: opt.Month = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """Compare logs with invoices, by provider, UTC day, model and meter; exit 1 if the gaps are beyond the tolerance.

    Reads OpenAI's organisation costs and usage, Anthropic's cost and usage reports, AWS CUR 2.0 and any CSV whose columns the config names.
    Without a period, the calendar months of the invoices are compared.

    \b
    Examples:
      infercheck reconcile costs.json usage.json --logs logs/ --month 2026-11
      infercheck reconcile cur.parquet --logs logs/ --tolerance 25 --format json -o november.json
    """
    from infercheck.cli._output import by_ending, progress, refuse_overwriting, style, write, write_text

    refuse_overwriting(output, [*invoices, *logs], config)
    chosen = by_ending(format, output, FORMATS)
    allowed = _tolerance(tolerance)
    options = opt.options(
        since=since, until=until, month=month, where=where, config=config, ledger=ledger, no_ledger=no_ledger, cost_basis=cost_basis
    )
    from infercheck import api

    with progress(quiet) as on_event:
        result = api.reconcile(invoices, [*logs], options=options, tolerance=allowed, on_event=on_event)
    if chosen == "text":
        from infercheck.finance import statement

        write_text(statement.text(result, style(output)), output)
    elif chosen == "json":
        from infercheck.render.json import dumps

        write(dumps(result.model_dump(mode="json")) + "\n", output)
    else:
        from infercheck.cli._frames import as_csv

        write(as_csv(_frame(result)), output)
    if not result.within_tolerance:
        from infercheck.render.figures import plural

        beyond = f"gaps of ${result.gross_gap_usd:.2f} are beyond the tolerance of ${result.tolerance_usd:.2f}"
        without = f"{plural(result.unknown_gaps, 'gap has', 'gaps have')} no price"
        said = [beyond] if result.gross_gap_usd > result.tolerance_usd else []
        raise GateFailed("; ".join([*said, *([without] if result.unknown_gaps else [])]))


def _tolerance(text: str | None) -> tuple[Decimal | None, Decimal | None]:
    """Percent or dollars."""
    if text is None:
        return None, None
    try:
        value = Decimal(text.strip().removesuffix("%").removeprefix("$"))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise UsageError(f"{text!r} is no tolerance", where="--tolerance", hint="write 0.5% or an amount in USD")
    return (value, None) if text.strip().endswith("%") else (None, value)


def _frame(result: Reconciliation) -> pl.DataFrame:
    import polars as pl

    from infercheck.model.reconciliation import ReconciledLine

    text = {"provider", "model", "meter", "kind", "note"}
    names = ReconciledLine.model_fields
    schema = {name: pl.String() if name in text else pl.Date() if name == "day" else pl.Decimal(38, 12) for name in names}
    return pl.DataFrame([line.model_dump() for line in result.lines], schema=schema, orient="row")
