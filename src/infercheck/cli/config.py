"""infercheck config"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infercheck.cli import _options as opt

if TYPE_CHECKING:
    from infercheck.config import Config

ORDER = 7


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_group)
    group.command("validate")(validate)
    app.add_typer(group, name="config", help="Check a config file.\n\nExample: infercheck config validate")


def _group() -> None:
    pass


def validate(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="By default the config that a run from here would use.")] = None,
    rules: opt.RuleDirs = None,
    verbose: opt.Verbose = False,
) -> None:
    """Read the config and print what was understood; exit 2 with file and line for anything that was not.

    \b
    Examples:
      infercheck config validate
      infercheck config validate ci/infercheck.toml
    """
    from infercheck import rulebook
    from infercheck.cli._output import style, write_text
    from infercheck.config import Config
    from infercheck.render.table import sheet

    config = Config.load(file)
    book = rulebook.load(rules or ())
    config.check({**{i: r.header.params for i, r in book.rules.items()}, **{i: v.header.params for i, v in book.views.items()}})
    book.selected(config.select, config.ignored)
    if not config.where:
        write_text("no config found: infercheck.toml or [tool.infercheck] in pyproject.toml, here or in a parent folder\n")
        return
    write_text(sheet([("config", config.where), *_understood(config)], style()))


def _understood(config: Config) -> list[tuple[str, str]]:
    rows = []
    for name, mapping in config.source.items():
        told_by = [f"records with {', '.join(mapping.keys)}"] * bool(mapping.keys) + [f"files like {' or '.join(mapping.files)}"] * bool(
            mapping.files
        )
        rows.append((f"source {name}", f"{' in '.join(told_by)}; fills {', '.join(mapping.columns)}"))
    for workload in config.workload:
        match = ", ".join(f"{column} = {' or '.join(globs)}" for column, globs in workload.match.items())
        says = {
            "class": workload.klass,
            "value": workload.value,
            "route to": workload.route_to,
            "response cache": f"{workload.response_cache_ttl_s} s" if workload.response_cache_ttl_s is not None else None,
        }
        told = "; ".join(f"{key} {value}" for key, value in says.items() if value)
        rows.append((f"workload {workload.name}", f"calls with {match}" + (f"; {told}" if told else "")))
    for price in config.price:
        meters = [f"{name} ${value:f}" for name, value in price.override().items() if name in _METERS and value is not None]
        if price.discount_percent:
            meters.append(f"{price.discount_percent:f}% off" + (f" {price.meter}" if price.meter else ""))
        span = _span(price)
        owner = f"{price.provider}/{price.model}" if price.provider else price.model
        rows.append((f"price {owner}", ", ".join(meters) + " per million tokens" * any("$" in m for m in meters) + span))
    if config.premium.models:
        rows.append(("premium", ", ".join(config.premium.models)))
    rows += [(f"rate {rate.currency}", f"{rate.usd:f} USD" + (f" from {rate.since}" if rate.since else "")) for rate in config.rate]
    for pool in config.capacity:
        size = f"{pool.units} x {'GPU' if pool.gpus else 'instance'} at ${pool.usd_per_hour:f} an hour{_span(pool)}"
        told = f"calls on {' or '.join(pool.deployment)}; {size}" + (f"; hosted: {pool.hosted}" if pool.hosted else "")
        rows.append((f"capacity {pool.label}", told))
    for name, entry in config.rules.items():
        told = ", ".join(f"{key} = {value}" for key, value in entry.params.items())
        rows.append((f"rule {name}", "off" if not entry.enabled else told or "on"))
    rows += [(name, ", ".join(value)) for name, value in (("select", config.select), ("ignore", config.ignore)) if value]
    if config.cost_basis:
        rows.append(("cost basis", config.cost_basis))
    return [*rows, *_gate(config), *_finance(config)]


def _gate(config: Config) -> list[tuple[str, str]]:
    rows = [("budgets", _bounds(config.budgets.overall))] if config.budgets.overall else []
    for scope, named in (("workload", config.budgets.workload), ("team", config.budgets.team)):
        rows += [(f"budgets {scope} {name}", _bounds(bounds)) for name, bounds in named.items()]
    for entry in config.suppress:
        match = ", ".join(f"{name} = {glob}" for name, glob in entry.match.model_dump().items() if glob != "*")
        rows.append((f"suppress {entry.rule}", f"{match or 'everywhere'}; until {entry.expires}: {entry.reason}"))
    settings = config.gate.model_dump(include=config.gate.model_fields_set)
    return rows + ([("gate", _bounds(settings))] if settings else [])


def _bounds(figures: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in figures.items())


def _finance(config: Config) -> list[tuple[str, str]]:
    rows = [(f"account {a.id}", f"{a.provider}" + (f", project {a.project}" if a.project else "") + _span(a)) for a in config.account]
    rows += [(f"team {t.name}", (f"cost centre {t.cost_centre}" if t.cost_centre else "no cost centre") + _span(t)) for t in config.team]
    rows += [(f"credit {c.name}", f"${c.usd:f} at {c.provider}{_span(c)}") for c in config.credit]
    for plan in config.commitment:
        price = f"${plan.usd:f}" if plan.usd is not None else f"${plan.usd_per_hour:f} an hour"
        size = f", {plan.tokens_per_minute:,} tokens a minute" if plan.tokens_per_minute else ""
        rows.append((f"commitment {plan.name}", f"{price} at {plan.provider}, paid {plan.payment}{size}{_span(plan)}"))
    rows += [(f"invoice {i.name}", f"{i.provider}: {i.date}, {i.model}, {i.amount}") for i in config.invoice]
    if config.finance.model_fields_set:
        rows.append(("finance", f"invoices in {config.finance.billing_currency}; tags {', '.join(config.finance.tags) or 'none'}"))
    reconcile = config.reconcile.model_dump(include=config.reconcile.model_fields_set)
    if reconcile:
        models = [f"{theirs} is {ours}" for theirs, ours in reconcile.pop("models", {}).items()]
        rows.append(("reconcile", ", ".join(filter(None, (_bounds(reconcile), *models)))))
    return rows


def _span(entry: Any) -> str:
    return (f" from {entry.since}" if entry.since else "") + (f" until {entry.until}" if entry.until else "")


_METERS = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
