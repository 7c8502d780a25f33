"""Settled claims become findings, findings a ranked plan, and all of it the Report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infercheck import latency, resample, summarise, verdict
from infercheck.diagnose import Diagnosis
from infercheck.engine.duckdb import Engine, quoted
from infercheck.model.report import (
    Addressable,
    CapacitySpend,
    Coverage,
    Finding,
    FixPage,
    Headline,
    PlanItem,
    Report,
    Window,
)
from infercheck.model.rule import GRADES
from infercheck.model.waits import PathPart
from infercheck.rulebook import Rulebook

_BLANK = re.compile(r"\{(\w+)\}")  # no format string: one from a borrowed rule could reach into objects, or ask for a gigabyte of blanks
MONTH_DAYS = 30
MONTH_NEEDS_DAYS = resample.MIN_DAYS  # less says nothing about a month


@dataclass(frozen=True)
class _Sums:
    """What one finding (rule, subject, grade, fix) adds up to."""

    calls: int
    alone: Decimal | None
    once: Decimal | None
    target: str | None


def report(engine: Engine, book: Rulebook, diagnosis: Diagnosis, coverage: Coverage) -> Report:
    """Build the report from tables ``settled``, ``settled_latency``, ``replayed_*`` and the views."""
    window = summarise.window(engine)
    latency.time_units(engine)
    findings = _findings(engine, diagnosis)
    spend = summarise.spend(engine)
    unpriced = _unpriced(engine, findings)
    plan = _plan(findings, book, window, unpriced, resample.spreads(engine, window))
    total = sum((item.saves_usd for item in plan if item.saves_usd is not None), Decimal(0))
    waits = latency.latency(engine, findings)
    headline = _headline(engine, findings, diagnosis, unpriced, spend.by_capacity, waits.path)
    used = sorted({item.fix for item in plan})
    return Report(
        window=window,
        coverage=coverage,
        headline=headline,
        findings=findings,
        plan=plan,
        plan_total_usd=None if headline.spend_usd is None else total,
        spend=spend,
        latency=waits,
        fixes=[_fix_page(book, name) for name in used if name in book.fixes],
    )


# --- findings


def _findings(engine: Engine, diagnosis: Diagnosis) -> list[Finding]:
    sums = _sums(engine)
    waste = _waste(engine)
    effects = _effects(engine)
    evidence = {rule.id: _evidence(engine, rule.id) for rule in (*diagnosis.ran, *diagnosis.observed) if rule.id in diagnosis.evidence}
    rules = {rule.id: rule for rule in diagnosis.ran}
    found = []
    for key in sorted({*sums, *waste}):
        rule_id, subject, grade, fix = key
        rule = rules[rule_id]
        money = sums.get(key)
        wasted = waste.get(key, (0, None, None))
        facts = dict(evidence.get(rule_id, {}).get(subject, {}))
        if money and money.target:
            facts.setdefault("target", money.target)
        found.append(
            Finding(
                id=f"{rule_id}:{subject}" + ("" if grade == rule.header.grade and fix == rule.header.fix else f":{grade}:{fix}"),
                rule=rule_id, title=rule.header.title, step=rule.step, subject=subject, grade=grade, fix=fix,  # type: ignore[arg-type]
                calls=money.calls if money else wasted[0],
                alone_usd=money.alone if money else None,
                counted_once_usd=money.once if money else None,
                waste_ms_p50=wasted[1], waste_ms_p95=wasted[2],
                saves_ms_p50=effects.get((rule_id, subject), (None, None))[0], saves_ms_p95=effects.get((rule_id, subject), (None, None))[1],
                why=rule.header.why, false_positives=rule.header.false_positives, evidence=facts,
            )
        )  # fmt: skip
    found += [
        Finding(
            id=f"{rule.id}:{subject}", rule=rule.id, title=rule.header.title, step=rule.step, subject=subject, grade=rule.header.grade,
            fix=rule.header.fix, calls=int(facts.pop("calls", 0)), why=rule.header.why, false_positives=rule.header.false_positives, evidence=facts,
        )
        for rule in diagnosis.observed
        for subject, facts in evidence.get(rule.id, {}).items()
    ]  # fmt: skip
    return sorted(found, key=lambda f: (f.step, -(f.counted_once_usd or 0), -(f.alone_usd or 0), f.rule, f.subject))


Key = tuple[str, str, str, str]


def _sums(engine: Engine) -> dict[Key, _Sums]:
    rows = engine.rows(
        "SELECT s.rule, s.subject, s.grade, s.fix, count(DISTINCT s.call_id), sum(s.alone_usd), sum(s.saved_usd), "
        "min(k.route_to), count(DISTINCT k.route_to) FROM settled s JOIN open_claims k ON k.claim_id = s.claim_id GROUP BY 1, 2, 3, 4"
    )
    many = {
        (rule, subject): ", ".join(targets)
        for rule, subject, targets in engine.rows(
            "SELECT rule, subject, list_sort(list(DISTINCT route_to)) FROM open_claims WHERE route_to IS NOT NULL GROUP BY rule, subject"
        )
    }
    return {
        (rule, subject, grade, fix): _Sums(calls, summarise.money(alone), summarise.money(once), many.get((rule, subject)))
        for rule, subject, grade, fix, calls, alone, once, *_ in rows
    }


def _waste(engine: Engine) -> dict[Key, tuple[int, float, float]]:
    rows = engine.rows(
        "SELECT rule, subject, grade, fix, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY waste_ms), "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY waste_ms) FROM settled_latency GROUP BY 1, 2, 3, 4"
    )
    return {(rule, subject, grade, fix): (calls, p50, p95) for rule, subject, grade, fix, calls, p50, p95 in rows}


_INTERACTIVE = (
    "SELECT o.unit_id, o.duration_ms FROM unit_times o JOIN workloads w ON w.workload = o.workload "
    "WHERE w.class = 'interactive' AND o.duration_ms IS NOT NULL"
)


def _effects(engine: Engine) -> dict[tuple[str, str], tuple[float, float]]:
    """For each finding: p50 and p95 of interactive units before minus after that finding alone, ms."""
    touched = engine.rows("SELECT DISTINCT rule, subject FROM replayed_units ORDER BY ALL")
    after = "i.duration_ms - coalesce(r.before_ms - r.after_ms, 0)"
    gains = ", ".join(
        f"percentile_cont({q}) WITHIN GROUP (ORDER BY i.duration_ms) - percentile_cont({q}) WITHIN GROUP (ORDER BY {after})"
        for q in (0.5, 0.95)
    )
    effects = {}
    for rule, subject in touched:
        p50, p95 = engine.rows(
            f"SELECT {gains} FROM ({_INTERACTIVE}) i LEFT JOIN replayed_units r ON r.unit_id = i.unit_id AND r.rule = ? AND r.subject = ?",
            [rule, subject],
        )[0]
        if p95 is not None:
            effects[rule, subject] = (float(p50), float(p95))
    return effects


def _evidence(engine: Engine, rule: str) -> dict[str, dict[str, Any]]:
    return {
        str(row.pop("subject")): {k: _plain(v) for k, v in row.items() if v is not None}
        for row in engine.dicts(f"SELECT * FROM {quoted('evidence_' + rule)}")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


# --- plan


def _plan(
    findings: Iterable[Finding], book: Rulebook, window: Window, unpriced: frozenset[str], spreads: dict[resample.Key, resample.Spread]
) -> list[PlanItem]:
    """One item per fix, subject and certainty. Sure dollars first, then latency alone, then guesses; ``unpriced`` findings save an unknown sum."""
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if (finding.counted_once_usd or 0) > 0 or finding.id in unpriced:
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
                what="; ".join(dict.fromkeys(_action(f, book) for f in own)),
                how=page.how if page else "", verify=(page.verify if page else "").replace("{subject}", subject), findings=[f.id for f in own],
            )
        )  # fmt: skip
    order = {"sure": 0, "latency": 1, "heuristic": 2}
    items.sort(key=lambda i: (order[i.section], -(i.saves_usd or 0), -(i.saves_ms_p95 or 0), i.fix, i.subject))
    return [item.model_copy(update={"rank": rank}) for rank, item in enumerate(items, start=1)]


def _unpriced(engine: Engine, findings: Iterable[Finding]) -> frozenset[str]:
    """Findings that claim dollars of calls without a price: worth mending all the same, for a sum that is not known."""
    keys = set(engine.rows("SELECT rule, subject, grade, fix FROM settled GROUP BY ALL HAVING count(saved_usd) = 0"))
    return frozenset(f.id for f in findings if (f.rule, f.subject, f.grade, f.fix) in keys)


def _action(finding: Finding, book: Rulebook) -> str:
    """The rule's action with its figures; where one of them is unknown for this finding, the fault's own title."""
    facts = {**{k: _figure(v) for k, v in finding.evidence.items()}, "subject": finding.subject, "calls": f"{finding.calls:,}"}
    template = book.rules[finding.rule].header.action
    if template and all(name in facts for name in _BLANK.findall(template)):
        return _BLANK.sub(lambda blank: facts[blank[1]], template)
    return f"{finding.subject}: {finding.title[0].lower()}{finding.title[1:]}"


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
    findings: list[Finding],
    diagnosis: Diagnosis,
    unpriced: frozenset[str],
    machines: list[CapacitySpend],
    path: list[PathPart],
) -> Headline:
    spend, attempts = engine.rows("SELECT sum(billed_usd), count(*) FROM priced_calls")[0]
    spend = summarise.money(spend)
    # count_if over nothing known is NULL: no status, no claim about success
    outcomes, good = engine.rows("SELECT count(*), count_if(succeeded) FROM outcomes")[0]
    kinds = [row[0] for row in engine.rows("SELECT DISTINCT evidence FROM outcomes WHERE evidence IS NOT NULL ORDER BY 1")]
    priced_good = engine.value("SELECT count(*) FILTER (WHERE succeeded AND spend_usd IS NOT NULL) FROM outcomes")
    by_grade = dict(engine.rows("SELECT grade, sum(saved_usd) FROM settled GROUP BY grade"))
    addressable = Addressable(**{g: summarise.money(by_grade[g]) if g in by_grade else Decimal(0) for g in GRADES})
    sure = (addressable.measured or Decimal(0)) + (addressable.structural or Decimal(0))
    share = float(sure / spend) if spend is not None and spend > 0 else None
    p95 = _p95_share(engine, diagnosis)
    waits = latency.interactive(engine)
    hardware = summarise.hardware(machines, spend)
    split = verdict.parts(spend, findings, summarise.money(engine.value("SELECT sum(capacity_usd) FROM priced_calls")))
    return Headline(
        spend_usd=spend,
        outcomes=outcomes,
        successful_outcomes=good,
        success_evidence=f"{' and '.join(kinds)}, per {_unit(engine)}" if kinds else "",
        cost_per_successful_outcome_usd=spend / priced_good if spend is not None and priced_good else None,
        clean_cost_usd=(spend - sure) / priced_good if spend is not None and priced_good else None,
        cost_parts=summarise.cost_parts(engine).get(None),
        attempts_per_success=attempts / good if good else None,
        interactive=waits,
        addressable_usd=addressable,
        system_share_of_spend=share,
        system_share_of_p95=p95,
        verdict=verdict.sentence(spend, split, len(unpriced), hardware),
        verdict_latency=verdict.of_p95(waits, p95, findings, path),
        spend_parts=split,
        hardware=hardware,
    )


def _unit(engine: Engine) -> str:
    """What an outcome is counted by, in words."""
    traced, calls = engine.rows("SELECT count(trace_id), count(*) FROM calls")[0]
    return "trace" if traced == calls else "trace where logged, else request" if traced else "request, since the log has no trace ids"


def _p95_share(engine: Engine, diagnosis: Diagnosis) -> float | None:
    """Share of interactive p95 that measured and structural latency claims remove; None where no latency rule could run."""
    if not any(rule.header.effect in ("latency", "both") for rule in diagnosis.ran):
        return None
    before, after = engine.rows(
        "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY i.duration_ms), percentile_cont(0.95) WITHIN GROUP "
        f"(ORDER BY i.duration_ms - coalesce(r.before_ms - r.after_ms, 0)) FROM ({_INTERACTIVE}) i LEFT JOIN replayed_sure r ON r.unit_id = i.unit_id"
    )[0]
    return (before - after) / before if before else None
