"""Budgets: bounds on a log's own figures, from the command line or the config, for all of it, a workload or a team."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.errors import UsageError
from infercheck.gate import unpriced
from infercheck.gate.asking import key_of
from infercheck.model.gate import BUDGETS, Anchor, Check, Stratum, Verdict
from infercheck.model.gating import GateSettings
from infercheck.render.figures import named, percent

Scope = Literal["all", "workload", "team"]
Figures = Mapping[str, Decimal | float | int | str | None]  # unpriced_share (0 to 1) and unpriced_models among them
Table = dict[tuple[Scope, str | None], Figures]  # (scope, its name) -> figure by key


@dataclass(frozen=True)
class Budget:
    """One bound. ``name`` is the workload or team; None for the whole log. ``anchor`` is its line of the config."""

    key: str
    value: Decimal
    scope: Scope = "all"
    name: str | None = None
    anchor: Anchor | None = None


def parse(values: Sequence[str], *, option: str) -> list[Budget]:
    """``KEY=VALUE`` options. UsageError names the keys for an unknown one, and says so for a value that is no number."""
    return [_parsed(text, option) for text in values]


def _parsed(text: str, option: str) -> Budget:
    key, given, value = (part.strip() for part in text.partition("="))
    if not given:
        raise UsageError(f"{text!r} is no KEY=VALUE", where=option, hint="such as spend_usd=10")
    if key not in BUDGETS:
        raise UsageError(f"there is no budget {key!r}", where=option, hint=f"known: {', '.join(BUDGETS)}")
    try:
        bound = Decimal(value.removeprefix("$"))
    except InvalidOperation:
        bound = Decimal("NaN")
    if not bound.is_finite():
        raise UsageError(f"{value!r} is no number", where=option, hint=f"such as {key}=10")
    return Budget(key, bound)


def of_config(config: Config) -> list[Budget]:
    """Every budget of the config, with its line. Its keys were checked when it was read."""
    found = [Budget(key, value, anchor=config.anchor("budgets", key)) for key, value in config.budgets.overall.items()]
    scopes: dict[Scope, dict[str, dict[str, Decimal]]] = {"workload": config.budgets.workload, "team": config.budgets.team}
    for scope, by_name in scopes.items():
        for name, bounds in by_name.items():
            found += [Budget(key, value, scope, name, config.anchor("budgets", scope, name, key)) for key, value in bounds.items()]
    return found


def merged(own: Iterable[Budget], config: Iterable[Budget]) -> list[Budget]:
    """What the command line says wins over the config's word on the same figure."""
    by_figure = {(b.scope, b.name, b.key): b for b in (*config, *own)}
    return list(by_figure.values())


def needs_rules(budgets: Iterable[Budget]) -> bool:
    """Whether a figure comes from findings, so that the rules must run."""
    return any(BUDGETS[b.key].needs_rules for b in budgets)


def checks(budgets: Sequence[Budget], figures: Table, settings: GateSettings) -> list[Check]:
    """A verdict for each budget; a figure that the log does not tell is inconclusive, never zero."""
    return [_check(budget, figures.get((budget.scope, budget.name)), settings) for budget in budgets]


def _check(budget: Budget, figures: Figures | None, settings: GateSettings) -> Check:
    about = BUDGETS[budget.key]
    stratum = Stratum(**({budget.scope: budget.name} if budget.scope != "all" else {}))
    value = None if figures is None else figures.get(budget.key)
    exact = None if value is None else Decimal(str(value))
    broken = exact is not None and (exact > budget.value if about.side == "at_most" else exact < budget.value)
    verdict: Verdict = "inconclusive" if exact is None else "fail" if broken else "pass"
    if exact is None:
        reason = (
            f"{budget.key}: unknown in this log, not judged" if figures is not None else f"no {budget.scope} {budget.name!r} in this log"
        )
    elif broken:
        reason = f"{budget.key} is {_plain(exact)}, {'over' if about.side == 'at_most' else 'under'} {_plain(budget.value)}"
    else:
        reason = f"{budget.key} is {_plain(exact)}, within {_plain(budget.value)}"
        unknown = _unknown(budget, exact, figures or {}, settings)
        if unknown:
            verdict, reason = "inconclusive", f"{reason} as far as prices are known: {unknown}"
    return Check(
        key=key_of(f"budget.{budget.key}", stratum),
        rule=f"budget.{budget.key}",
        title=f"Budget: {about.title[0].lower()}{about.title[1:]}",
        stratum=stratum,
        verdict=verdict,
        severity="error" if broken else "note",
        unit=about.unit,
        head=None if exact is None else float(exact),
        threshold=float(budget.value),
        threshold_side=about.side,
        reason=reason,
        anchor=budget.anchor,
    )


def _unknown(budget: Budget, exact: Decimal, figures: Figures, settings: GateSettings) -> str:
    """Why a bound on money is not surely met, empty where it is.

    Too much has no price; or what has none would break the bound if it cost what the rest does for its tokens.
    """
    share = float(figures.get("unpriced_share") or 0)
    met = float(exact) <= float(budget.value) * (1 - share) and not unpriced.too_much(share, settings)
    if met or not BUDGETS[budget.key].needs_prices:
        return ""
    return f"{percent(share)} has none ({figures.get('unpriced_models')})"


def _plain(value: Decimal) -> str:
    text = f"{value:.6g}" if value != value.to_integral_value() else f"{value:f}"
    return f"{Decimal(text):f}".rstrip("0").rstrip(".") if "." in f"{Decimal(text):f}" else f"{Decimal(text):f}"


def figures(engine: Engine, days: Mapping[date, float], scopes: Iterable[Scope], *, findings: int | None, settled: bool) -> Table:
    """The figures of the log in scope; needs the gate's views and table ``gate_units``. ``days`` are the judged ones with their covered share."""
    table: Table = {}
    for scope in sorted({"all", *scopes}):
        for name, found in _scope(engine, days, scope, settled=settled).items():
            table[scope, name] = found
    whole = {"findings": findings, "rejects": engine.value("SELECT count(*) FROM rejects")}
    table["all", None] = {**table.get(("all", None), {}), **whole}
    return table


def _scope(engine: Engine, days: Mapping[date, float], scope: Scope, *, settled: bool) -> dict[str | None, Figures]:
    by_call = {"all": "NULL", "workload": "p.workload", "team": "c.team"}[scope]
    by_unit = {"all": "NULL", "workload": "workload", "team": "team"}[scope]
    tokens = "coalesce(p.input_tokens, 0) + coalesce(p.output_tokens, 0)"
    silent = f"p.billed_usd IS NULL AND {tokens} = 0 AND coalesce(p.status, 'ok') = 'ok'"  # a failure without tokens is no gap
    first, last = (f"DATE '{edge}'" if days else "NULL" for edge in (min(days, default=None), max(days, default=None)))
    calls = engine.dicts(
        f"SELECT CAST({by_call} AS VARCHAR) AS name, count(*) AS attempts, sum(p.billed_usd) AS usd, "
        f"sum(p.billed_usd) FILTER (WHERE p.day BETWEEN {first} AND {last}) AS usd_of_days, "
        "count(DISTINCT p.request_hash) + count(*) FILTER (WHERE p.request_hash IS NULL) AS requests, "
        "count(*) FILTER (WHERE p.input_tokens IS NOT NULL OR p.output_tokens IS NOT NULL OR p.billed_usd IS NOT NULL) AS used, "
        f"count(p.billed_usd) AS priced, sum({tokens}) AS tokens, sum({tokens}) FILTER (WHERE p.billed_usd IS NULL) AS unpriced_tokens, "
        f"count(*) FILTER (WHERE {silent}) AS silent, list(DISTINCT coalesce(nullif(concat_ws('/', p.provider, p.model), ''), 'no model')) "
        f"FILTER (WHERE p.billed_usd IS NULL AND {tokens} > 0 OR {silent}) AS unpriced_models, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY p.ttft_ms) FILTER (WHERE w.class = 'interactive') AS ttft "
        "FROM priced_calls p JOIN calls c ON c.call_id = p.call_id LEFT JOIN workloads w ON w.workload = p.workload GROUP BY 1"
    )
    quantiles = ", ".join(
        f"percentile_cont({q / 100}) WITHIN GROUP (ORDER BY duration_ms) FILTER (WHERE klass = 'interactive') AS p{q}" for q in (50, 95, 99)
    )
    units = engine.dicts(
        f"SELECT CAST({by_unit} AS VARCHAR) AS name, count(*) AS outcomes, "
        "CASE WHEN count(succeeded) > 0 THEN count(*) FILTER (WHERE succeeded) END AS good, "
        f"count(*) FILTER (WHERE succeeded AND spend_usd IS NOT NULL) AS priced_good, {quantiles} FROM gate_units GROUP BY 1"
    )
    waste = {}
    if settled:
        waste = dict(
            engine.rows(
                f"SELECT CAST({by_call} AS VARCHAR), sum(s.saved_usd) FROM settled s JOIN priced_calls p ON p.call_id = s.call_id "
                "JOIN calls c ON c.call_id = p.call_id WHERE s.grade <> 'heuristic' GROUP BY 1"
            )
        )
    by_name = {row["name"]: row for row in units}
    covered = Decimal(repr(sum(days.values())))
    make: Callable[[dict[str, Any]], Figures] = lambda row: _made(  # noqa: E731
        row, by_name.get(row["name"], {}), waste.get(row["name"], Decimal(0)) if settled else None, covered
    )
    return {row["name"]: make(row) for row in calls}


def _made(calls: dict[str, Any], units: dict[str, Any], waste: Decimal | None, covered: Decimal) -> Figures:
    usd, attempts, good = calls["usd"], calls["attempts"], units.get("good")
    priced_good = units.get("priced_good")
    unpriced_tokens = (calls["unpriced_tokens"] or 0) / calls["tokens"] if calls["tokens"] else 0.0
    return {
        "spend_usd": usd,
        "spend_per_day": calls["usd_of_days"] / covered if covered and calls["usd_of_days"] is not None else None,
        "cost_per_success": usd / priced_good if usd is not None and priced_good else None,
        "attempts_per_success": attempts / good if good else None,
        "failure_rate": None if good is None else 1 - good / units["outcomes"],
        "retry_rate": (attempts - calls["requests"]) / attempts,
        "waste_usd": None if usd is None else waste,
        "waste_share": float(waste / usd) if usd and waste is not None else None,
        "interactive_p50_ms": units.get("p50"),
        "interactive_p95_ms": units.get("p95"),
        "interactive_p99_ms": units.get("p99"),
        "ttft_p95_ms": calls["ttft"],
        "priced_share": calls["priced"] / calls["used"] if calls["used"] else None,
        "unpriced_share": unpriced.total([float(unpriced_tokens), calls["silent"] / attempts]),
        "unpriced_models": named(sorted(calls["unpriced_models"] or [])),
    }
