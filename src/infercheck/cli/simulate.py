"""infercheck simulate"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _options as opt

if TYPE_CHECKING:
    from infercheck.model.simulation import FixEffect, Separation, Simulation
    from infercheck.render import Style
    from infercheck.render._page import Page

ORDER = 2
FORMATS = ("text", "json")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    paths: opt.Paths,
    fix: Annotated[
        list[str], typer.Option("--fix", metavar="FIX[:WORKLOAD]", help="A fix, for all or for one workload or finding; may be repeated.")
    ],
    format: Annotated[
        str | None, typer.Option("--format", "-f", metavar="|".join(FORMATS), help="text unless FILE says otherwise.")
    ] = None,
    output: opt.Output = None,
    since: opt.Since = None,
    until: opt.Until = None,
    where: opt.Where = None,
    config: opt.ConfigFile = None,
    rules: opt.RuleDirs = None,
    select: opt.Select = None,
    ignore: opt.Ignore = None,
    ledger: opt.Ledger = None,
    no_ledger: opt.NoLedger = False,
    cost_basis: opt.Basis = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> None:
    """What if: the log re-priced under chosen fixes only, before and after, by workload.

    Fixes are those of the plan: routing, caching, batching, provider_choice, retry_discipline, prompt_diet, traffic_separation, orchestration. Each
    dollar is counted once. Claims of milliseconds alone change no dollar and are not simulated, but traffic_separation is: worker pools are replayed
    as closed loops, and what people would wait without them is told where the replay foretells runs that it has not seen.

    \b
    Examples:
      infercheck simulate logs/ --fix routing --fix caching
      infercheck simulate logs/ --fix caching:faq-bot --format json
    """
    from infercheck.cli._output import by_ending, progress, refuse_overwriting, style, write, write_text

    refuse_overwriting(output, paths, config)
    chosen = by_ending(format, output, FORMATS)
    options = opt.options(
        since=since, until=until, where=where, config=config, rules=rules, select=select, ignore=ignore, ledger=ledger, no_ledger=no_ledger,
        cost_basis=cost_basis,
    )  # fmt: skip
    from infercheck import api

    with progress(quiet) as on_event:
        result = api.simulate([*paths], fix, options=options, on_event=on_event)
    if chosen == "json":
        from infercheck.render.json import dumps

        write(dumps(result.model_dump(mode="json")) + "\n", output)
    else:
        write_text(_text(result, style(output, verbose=verbose, quiet=quiet)), output)


def _text(result: Simulation, style: Style) -> str:
    from infercheck.render._page import Cell, Column, Page
    from infercheck.render.figures import count
    from infercheck.render.money import allocate, cell_usd, places_in_tables, usd

    page = Page(style)
    page.heading("What if", "each dollar counted once")
    per_success = f"{usd(result.before_per_success_usd)} before, {usd(result.after_per_success_usd)} after"
    page.pairs(
        [
            ("before", usd(result.before_usd)),
            ("sure", f"{usd(result.saves_sure_usd)} less: measured, or follows from the log"),
            ("likely", f"{usd(result.saves_heuristic_usd)} less: needs your eyes (heuristic)"),
            ("after", usd(result.after_usd)),
            *([("a success", per_success)] if result.successes else []),
        ]
    )
    page.heading("By fix")
    for effect in result.fixes:
        page.paragraph(page.text(_said(effect, replayed=bool(result.separations)), limit=300))
    if result.separations:
        _separated(page, result.separations)
    if style.quiet:
        return page.finish()
    page.heading("By workload")
    places = places_in_tables(result.before_usd)
    columns = []
    for name in ("before_usd", "saves_sure_usd", "saves_heuristic_usd", "after_usd"):
        exact = [getattr(w, name) for w in result.by_workload]
        columns.append([cell_usd(amount, cell, places) for amount, cell in zip(exact, allocate(exact, places), strict=True)])
    rows: list[list[Cell]] = [
        [page.text(w.workload, limit=80), count(w.calls), *cells]
        for w, cells in zip(result.by_workload, zip(*columns, strict=True), strict=True)
    ]
    page.table([Column("workload", "left", wrap=True), *map(Column, ("calls", "before", "sure", "likely", "after"))], rows)
    return page.finish()


def _separated(page: Page, separations: list[Separation]) -> None:
    """Shared deployments with and without their jobs, and how well the replay foretold what it had not seen."""
    from infercheck.render._page import Cell, Column
    from infercheck.render.figures import count, ms, plural

    page.heading("Jobs elsewhere", "people's time to first token while the jobs ran")
    rows: list[list[Cell]] = []
    for told in separations:
        after = (ms(told.after.p50_ms), ms(told.after.p95_ms)) if told.after else ("not known", "not known")
        rows.append([page.text(told.deployment, limit=80), count(told.calls), ms(told.seen.p50_ms), ms(told.seen.p95_ms), *after])
    page.table([Column("deployment", "left", wrap=True), *map(Column, ("calls", "p50", "p95", "p50 after", "p95 after"))], rows)
    for told in separations:
        parts = [told.why_not] * bool(told.why_not)
        if told.foretold and told.happened:
            parts.append(
                f"{plural(told.servers or 0, 'server')} fitted on every other run of {plural(told.runs, 'run')}; foretold of the rest: "
                f"p50 {ms(told.foretold.p50_ms)} (seen {ms(told.happened.p50_ms)}), p95 {ms(told.foretold.p95_ms)} (seen {ms(told.happened.p95_ms)})"
            )
        if told.after is None and told.matched_ms is not None:
            parts.append(
                f"by matched comparison the jobs cost people {ms(told.matched_ms)} in all, over {plural(told.matched_calls, 'call')}"
            )
        page.paragraph(page.text(f"{told.deployment} without {', '.join(told.jobs)}: {'; '.join(parts)}", limit=600))


def _said(effect: FixEffect, *, replayed: bool) -> str:
    """One chosen fix in a line."""
    from infercheck.render.figures import plural
    from infercheck.render.money import usd

    name = effect.fix if effect.scope is None else f"{effect.fix}:{effect.scope}"
    if not effect.calls and not effect.not_simulated:
        return f"{name}: no finding asks for it"
    parts = [f"{plural(effect.calls, 'call')}, {usd(effect.saves_sure_usd)} sure, {usd(effect.saves_heuristic_usd)} likely"] * bool(
        effect.calls
    )
    if effect.unknown_calls:
        parts.append(f"what it saves on {plural(effect.unknown_calls, 'call')} is unknown: no price, or hours that are paid anyway")
    if effect.not_simulated:
        below = " one by one, but the deployments as a whole are below" if replayed and effect.fix == "traffic_separation" else ""
        parts.append(f"{plural(effect.not_simulated, 'claim')} of milliseconds alone: not simulated{below}")
    return f"{name}: {'; '.join(parts)}"
