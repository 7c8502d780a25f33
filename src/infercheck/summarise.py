"""The figures of the report that do not come from claims: the window, and where the money went."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from infercheck.engine.duckdb import Engine
from infercheck.engine.listed import listed
from infercheck.model.more import More
from infercheck.model.report import (
    CapacitySpend,
    CostParts,
    DaySpend,
    Hardware,
    ModelSpend,
    Spend,
    TeamSpend,
    Window,
    WorkloadSpend,
)

VIEWS = ("priced_calls", "outcomes", "workloads", "trace_components", "capacity_use")  # what the report reads besides claims


def window(engine: Engine) -> Window:
    """First start to last end, and how many whole UTC days lie in it."""
    first, last = engine.rows("SELECT min(started_at), max(greatest(started_at, coalesce(ended_at, started_at))) FROM calls")[0]
    if first is None:
        return Window()
    days = engine.value(
        "SELECT greatest(0, date_diff('day', CASE WHEN ?::TIMESTAMP = date_trunc('day', ?::TIMESTAMP) THEN ?::TIMESTAMP "
        "ELSE date_trunc('day', ?::TIMESTAMP) + INTERVAL 1 DAY END, date_trunc('day', ?::TIMESTAMP)))",
        [first, first, first, first, last],
    )
    return Window(start=first, end=last, days=(last - first).total_seconds() / 86400, complete_days=int(days))


def money(value: Any) -> Decimal | None:
    """Dollars as the engine holds them; None stays None."""
    return None if value is None else Decimal(value)


class PerSuccess(NamedTuple):
    """What a successful outcome cost, over the outcomes whose every call has a price; ``clean`` without the savings found in them."""

    good: int
    usd: Decimal
    clean_usd: Decimal
    parts: CostParts | None


def per_success(engine: Engine, among: str = "FALSE", *, guesses: bool = False) -> dict[str | None, PerSuccess]:
    """Cost per successful outcome, and taken apart: under None for all outcomes, and by the workload that opened them where ``among``, SQL over
    ``o.workload``, says so. With ``guesses``, heuristic savings are taken off too.

    The parts are a product that holds exactly: (clean spend of the successful / their number) x (clean spend of all / of the successful) x
    (spend / clean spend), where clean means without measured and structural savings.
    """
    rows = engine.rows(
        "WITH saved AS (SELECT p.unit_hash, sum(s.saved_usd) AS saved_usd FROM settled s JOIN priced_calls p ON p.call_id = s.call_id "
        f"WHERE {guesses} OR s.grade <> 'heuristic' GROUP BY p.unit_hash), "
        f"units AS (SELECT CASE WHEN {among} THEN o.workload END AS workload, o.spend_usd, o.spend_usd - coalesce(v.saved_usd, 0) AS clean_usd, "
        "o.succeeded FROM outcomes o LEFT JOIN saved v ON v.unit_hash = o.unit_hash WHERE o.spend_usd IS NOT NULL) "
        "SELECT workload, grouping(workload), sum(spend_usd), sum(clean_usd), sum(clean_usd) FILTER (WHERE succeeded), "
        "count(*) FILTER (WHERE succeeded) FROM units GROUP BY ROLLUP (workload)"
    )
    return {
        None if overall else workload: PerSuccess(
            good=good,
            usd=Decimal(total) / good,
            clean_usd=Decimal(clean) / good,
            parts=CostParts(clean_usd=Decimal(clean_good) / good, failures=float(clean / clean_good), waste=float(Decimal(total) / clean))
            if clean_good
            else None,
        )
        for workload, overall, total, clean, clean_good, good in rows
        if good and (overall or workload is not None)
    }


_BY_SPEND = "spend_usd DESC NULLS LAST, calls DESC"


def spend(engine: Engine) -> Spend:
    """Where the money went: by model, workload, team and UTC day. Each list's spend, with what ``more`` says of the rest, sums to the total."""
    total = engine.value("SELECT sum(billed_usd) FROM priced_calls")
    share = f"CAST(sum(p.billed_usd) AS DOUBLE) / {float(total)!r}" if total else "CAST(NULL AS DOUBLE)"
    models, more_models = _by_model(engine, share)
    workloads, more_workloads = _by_workload(engine, share)
    teams, more_teams = listed(
        engine,
        "spend_by_team",
        "SELECT c.team, count(*) AS calls, sum(p.billed_usd) AS spend_usd FROM priced_calls p JOIN calls c ON c.call_id = p.call_id GROUP BY c.team",
        "spend_usd DESC NULLS LAST, team",
        usd="spend_usd",
    )
    days = engine.dicts(
        "SELECT CAST(day AS VARCHAR) AS day, count(*) AS calls, count_if(status <> 'ok') AS failed, sum(billed_usd) AS spend_usd "
        "FROM priced_calls WHERE day IS NOT NULL GROUP BY day ORDER BY day"
    )
    machines = engine.dicts("SELECT * FROM capacity_use ORDER BY paid_usd DESC, capacity")
    rest = {"by_model": more_models, "by_workload": more_workloads, "by_team": more_teams}
    return Spend(
        by_model=models,
        by_workload=workloads,
        by_team=[TeamSpend(**row) for row in teams],
        by_day=[DaySpend(**row) for row in days],
        by_capacity=[CapacitySpend(**row) for row in machines],
        more={name: more for name, more in rest.items() if more},  # type: ignore[misc]
    )


def _by_model(engine: Engine, share: str) -> tuple[list[ModelSpend], More | None]:
    told = engine.value(
        "SELECT count(cache_read_tokens) FROM calls"
    )  # a log that never speaks of cached tokens does not say that there were none
    cached = "sum(p.cache_read_tokens)" if told else "CAST(NULL AS BIGINT)"
    rows, more = listed(
        engine,
        "spend_by_model",
        f"SELECT p.provider, p.model, count(*) AS calls, sum(p.input_tokens) AS input_tokens, {cached} AS cache_read_tokens, "
        f"sum(p.output_tokens) AS output_tokens, sum(p.billed_usd) AS spend_usd, {share} AS share, bool_or(m.premium) AS premium "
        "FROM priced_calls p LEFT JOIN models m ON m.provider IS NOT DISTINCT FROM p.provider AND m.model = p.model GROUP BY p.provider, p.model",
        f"{_BY_SPEND}, provider, model",
        usd="spend_usd",
    )
    return [ModelSpend(**row) for row in rows], more


def _by_workload(engine: Engine, share: str) -> tuple[list[WorkloadSpend], More | None]:
    """The bill tells which workloads are listed; what needs a sort of its own is worked out for those only."""
    bills, more = listed(
        engine,
        "spend_by_workload",
        f"SELECT p.workload, count(*) AS calls, sum(p.billed_usd) AS spend_usd, {share} AS share FROM priced_calls p "
        "WHERE p.workload IN (SELECT workload FROM workloads) GROUP BY p.workload",
        f"{_BY_SPEND}, workload",
        usd="spend_usd",
    )
    engine.load_rows("listed_workloads", {"workload": "VARCHAR"}, [(bill["workload"],) for bill in bills])
    among = "IN (SELECT workload FROM listed_workloads)"
    rows = engine.dicts(
        "WITH units AS (SELECT workload, count(*) AS outcomes, count_if(succeeded) AS good, "
        "count_if(succeeded AND spend_usd IS NOT NULL) AS priced_good, sum(spend_usd) AS unit_usd, "
        "string_agg(DISTINCT evidence, ' and ' ORDER BY evidence) AS success_evidence, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms, percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms "
        "FROM (SELECT o.* REPLACE (t.duration_ms AS duration_ms) FROM outcomes o JOIN unit_times t ON t.unit_key = o.unit_key) "
        f"WHERE workload {among} GROUP BY workload), saved AS (SELECT p.workload, sum(s.saved_usd) AS saves_usd FROM settled s "
        f"JOIN priced_calls p ON p.call_id = s.call_id WHERE s.grade <> 'heuristic' AND p.workload {among} GROUP BY p.workload) "
        "SELECT w.workload, w.workload_source, w.class AS klass, w.class_reason, w.value, w.value_reason, b.calls, "
        "coalesce(u.outcomes, 0) AS outcomes, CASE WHEN u.outcomes > 0 THEN u.good ELSE 0 END AS successful_outcomes, b.spend_usd, b.share, "
        "coalesce(u.success_evidence, '') AS success_evidence, "
        "CASE WHEN u.priced_good > 0 THEN CAST(u.unit_usd / u.priced_good AS DECIMAL(38, 12)) END AS cost_per_successful_outcome_usd, v.saves_usd, "
        "u.p50_ms, u.p95_ms FROM workloads w JOIN spend_by_workload b ON b.workload = w.workload LEFT JOIN units u ON u.workload = w.workload "
        f"LEFT JOIN saved v ON v.workload = w.workload WHERE w.workload {among} ORDER BY b.spend_usd DESC NULLS LAST, b.calls DESC, w.workload"
    )
    costs = per_success(engine, f"o.workload {among}")
    return [WorkloadSpend(**row, cost_parts=cost.parts if (cost := costs.get(row["workload"])) else None) for row in rows], more


def hardware(machines: Sequence[CapacitySpend], spend: Decimal | None) -> Hardware | None:
    """All machines of one's own in one line; None without any. Busy and idle are unknown where one machine's are."""
    if not machines:
        return None
    paid = sum((m.paid_usd for m in machines), Decimal(0))
    known = [(m.busy_usd, m.idle_usd) for m in machines if m.busy_usd is not None and m.idle_usd is not None]
    if len(known) < len(machines):
        return Hardware(paid_usd=paid, busy_usd=None, idle_usd=None, share=None)
    busy, idle = sum((b for b, _ in known), Decimal(0)), sum((i for _, i in known), Decimal(0))
    whole = (spend or Decimal(0)) + idle
    return Hardware(paid_usd=paid, busy_usd=busy, idle_usd=idle, share=float(paid / whole) if whole else None)
