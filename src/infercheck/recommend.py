"""Settled claims become findings, findings a ranked plan, and all of it the Report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from infercheck import findings, latency, resample, summarise, verdict
from infercheck.diagnose import Diagnosis
from infercheck.engine.duckdb import Engine
from infercheck.engine.lanes import Job, work
from infercheck.findings import Found
from infercheck.model.report import (
    Addressable,
    CapacitySpend,
    Coverage,
    Finding,
    FixPage,
    Headline,
    PlanItem,
    Report,
    Spend,
    Window,
)
from infercheck.model.rule import GRADES
from infercheck.model.waits import PathPart
from infercheck.rulebook import Rulebook

# No format string: one from a borrowed rule could reach into objects, or ask for a gigabyte of blanks. With the noun that it counts, if any.
_BLANK = re.compile(r"\{(\w+)\}(?: ([a-z-]{2,}[a-rt-z])s\b)?")
MONTH_DAYS = 30
MONTH_NEEDS_DAYS = resample.MIN_DAYS  # less says nothing about a month


def report(
    engine: Engine, book: Rulebook, diagnosis: Diagnosis, coverage: Callable[[Engine], Coverage], settling: Sequence[Job] = ()
) -> Report:
    """Build the report from tables ``settled``, ``settled_latency``, ``replayed_*`` and the views; ``settling`` are jobs that fill these first."""
    said: dict[str, Any] = {}

    def asked(name: str, ask: Callable[[Engine], Any], *needs: str) -> Job:
        def run(lane: Any) -> None:
            said[name] = ask(lane)

        return Job(name, run, needs)

    settled = [job.name for job in settling]
    jobs = [
        *settling,
        asked("units", latency.time_units),
        asked("waits", latency.latency, "units"),
        asked("coverage", coverage),
        asked("found", lambda lane: findings.found(lane, diagnosis), "units", *settled),
        asked("spend", summarise.spend, "units", *settled),
    ]
    work(engine.lanes, jobs)
    found: Found = said["found"]
    spend: Spend = said["spend"]
    waits = latency.with_findings(said["waits"], found.findings)
    window = summarise.window(engine)
    plan = _plan(found, book, window, resample.spreads(engine, window, "(SELECT DISTINCT section, fix, subject FROM listed_findings)"))
    rest = {"findings": found.more, "plan": found.more_plan}
    saves = [item.saves_usd for item in plan] + [found.more_plan.usd if found.more_plan else None]
    total = sum((usd for usd in saves if usd is not None), Decimal(0))
    priced: float | None = said["coverage"].priced_token_share
    headline = _headline(engine, found, diagnosis, spend.by_capacity, waits.path, 0.0 if priced is None else 1 - priced)
    used = sorted({item.fix for item in plan})
    return Report(
        window=window,
        coverage=said["coverage"],
        headline=headline,
        findings=found.findings,
        plan=plan,
        plan_total_usd=None if headline.spend_usd is None else total,
        spend=spend,
        latency=waits,
        fixes=[_fix_page(book, name) for name in used if name in book.fixes],
        more={name: more for name, more in rest.items() if more},  # type: ignore[misc]
    )


# --- plan


def _plan(found: Found, book: Rulebook, window: Window, spreads: dict[resample.Key, resample.Spread]) -> list[PlanItem]:
    """One item per fix, subject and certainty. Sure dollars first, then latency alone, then guesses; unpriced findings save an unknown sum."""
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in found.findings:
        if (finding.counted_once_usd or 0) > 0 or finding.id in found.unpriced:
            groups["heuristic" if finding.grade == "heuristic" else "sure", finding.fix, finding.subject].append(finding)
        elif (finding.saves_ms_p95 or 0) > 0:
            groups["latency", finding.fix, finding.subject].append(finding)
    items = []
    for (section, fix, subject), own in groups.items():
        own.sort(key=lambda f: (-(f.counted_once_usd or 0), f.rule))
        page = book.fixes.get(fix)
        dollars = [f.counted_once_usd for f in own if f.counted_once_usd is not None]
        saves = sum(dollars, Decimal(0)) if dollars and section != "latency" else None
        halves, tails = ([ms for ms in found if ms] for found in ([f.saves_ms_p50 for f in own], [f.saves_ms_p95 for f in own]))
        spread = spreads.get((section, fix, subject), resample.Spread(None, "")) if saves else resample.Spread(None, "")
        items.append(
            PlanItem(
                rank=0, section=section, fix=fix, subject=subject,  # type: ignore[arg-type]
                saves_usd=saves, saves_usd_per_month=_per_month(saves, window),
                interval_usd=spread.interval, interval_note=spread.note, saves_ms_p50=max(halves, default=None),
                saves_ms_p95=max(tails, default=None),
                effort=page.effort if page else "unknown", risk=page.risk if page else "unknown",
                grade=max((f.grade for f in own), key=GRADES.index),
                what="; ".join(dict.fromkeys(_action(f, book) for f in own)) + _unlisted(own),
                how=page.how if page else "", verify=(page.verify if page else "").replace("{subject}", subject), findings=[f.id for f in own],
            )
        )  # fmt: skip
    order = {"sure": 0, "latency": 1, "heuristic": 2}
    items.sort(key=lambda i: (order[i.section], -(i.saves_usd or 0), -(i.saves_ms_p95 or 0), i.fix, i.subject))
    return [item.model_copy(update={"rank": rank}) for rank, item in enumerate(items, start=1)]


def _action(finding: Finding, book: Rulebook) -> str:
    """The rule's action with its figures; where one of them is unknown for this finding, the fault's own title."""
    facts = {**{k: _figure(v) for k, v in finding.evidence.items()}, "subject": finding.subject, "calls": f"{finding.calls:,}"}
    template = book.rules[finding.rule].header.action
    if template and all(name in facts for name, _ in _BLANK.findall(template)):
        return _BLANK.sub(lambda blank: facts[blank[1]] + _noun(blank[2], facts[blank[1]]), template)
    return f"{finding.subject}: {finding.title[0].lower()}{finding.title[1:]}"


def _unlisted(own: Sequence[Finding]) -> str:
    """What would price findings that save an unknown sum."""
    names = dict.fromkeys(f.evidence["no_list_price"] for f in own if f.counted_once_usd is None and "no_list_price" in f.evidence)
    return f" (no list price for {', '.join(names)}: a [[price]] in the config prices this)" if names else ""


def _noun(word: str | None, number: str) -> str:
    return "" if word is None else f" {word}" if number == "1" else f" {word}s"


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _per_month(saves: Decimal | None, window: Window) -> Decimal | None:
    if saves is None or window.complete_days < MONTH_NEEDS_DAYS or not window.days:
        return None
    return saves * MONTH_DAYS / Decimal(str(window.days))


def _fix_page(book: Rulebook, name: str) -> FixPage:
    fix = book.fixes[name]
    return FixPage(
        fix=name, title=fix.title, answers=fix.answers, how=fix.how, effort=fix.effort, risk=fix.risk, risk_note=fix.risk_note,  # type: ignore[arg-type]
        verify=fix.verify, snippets=list(fix.snippet),
    )  # fmt: skip


# --- headline


def _headline(
    engine: Engine,
    found: Found,
    diagnosis: Diagnosis,
    machines: list[CapacitySpend],
    path: list[PathPart],
    unpriced: float,
) -> Headline:
    spend, attempts = engine.rows("SELECT sum(billed_usd), count(*) FROM priced_calls")[0]
    spend = summarise.money(spend)
    # count_if over nothing known is NULL: no status, no claim about success
    outcomes, good = engine.rows("SELECT count(*), count_if(succeeded) FROM outcomes")[0]
    kinds = [row[0] for row in engine.rows("SELECT DISTINCT evidence FROM outcomes WHERE evidence IS NOT NULL ORDER BY 1")]
    cost = summarise.per_success(engine).get(None)
    by_grade = dict(engine.rows("SELECT grade, sum(saved_usd) FROM settled GROUP BY grade"))
    addressable = Addressable(**{g: summarise.money(by_grade[g]) if g in by_grade else Decimal(0) for g in GRADES})
    sure = (addressable.measured or Decimal(0)) + (addressable.structural or Decimal(0))
    share = float(sure / spend) if spend is not None and spend > 0 else None
    p95 = findings.p95_share(engine, diagnosis)
    waits = latency.interactive(engine)
    hardware = summarise.hardware(machines, spend)
    split = verdict.parts(spend, found.savings, summarise.money(engine.value("SELECT sum(capacity_usd) FROM priced_calls")))
    return Headline(
        spend_usd=spend,
        outcomes=outcomes,
        successful_outcomes=good,
        success_evidence=f"{' and '.join(kinds)}, per {_unit(engine)}" if kinds else "",
        cost_per_successful_outcome_usd=cost.usd if cost else None,
        clean_cost_usd=cost.clean_usd if cost else None,
        cost_parts=cost.parts if cost else None,
        attempts_per_success=attempts / good if good else None,
        interactive=waits,
        addressable_usd=addressable,
        system_share_of_spend=share,
        system_share_of_p95=p95,
        verdict=verdict.sentence(spend, split, found.blind, hardware, unpriced=unpriced),
        verdict_latency=verdict.of_p95(waits, p95, found.findings, path),
        spend_parts=split,
        hardware=hardware,
    )


def _unit(engine: Engine) -> str:
    """What an outcome is counted by, in words."""
    traced, calls = engine.rows("SELECT count(trace_id), count(*) FROM calls")[0]
    return "trace" if traced == calls else "trace where logged, else request" if traced else "request, since the log has no trace ids"
