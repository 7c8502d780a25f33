"""Settled claims become findings: the claims of one rule for one subject. Table ``finding_sums`` holds all of them, a report the first thousand.

A rule may find something in each of a million workloads. Those that save most dollars and those that save most time are listed in turn, each with
all findings that the same item of the plan answers, so that no item is a part of itself; the rest is counted, with exact sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infercheck.diagnose import Diagnosis
from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.model.more import MOST_ROWS, More
from infercheck.model.report import Finding
from infercheck.render.figures import named
from infercheck.rulebook import Rule
from infercheck.summarise import money
from infercheck.verdict import Saving

MOST_REPLAYS = 200  # findings whose effect on p50 and p95 is worked out, most time first: each takes two sorts of all interactive requests
_SECTION = "CASE WHEN {} = 'heuristic' THEN 'heuristic' ELSE 'sure' END"
_SAVINGS = "SELECT fix, grade = 'heuristic', sum(saved_usd) FROM settled GROUP BY 1, 2"
_KEY = "rule, subject, grade, fix"


@dataclass(frozen=True)
class Found:
    """What a report lists, and what it sums up: ``unpriced`` are ids of findings that save an unknown sum, ``blind`` counts them all."""

    findings: list[Finding]
    unpriced: frozenset[str]
    blind: int
    savings: list[Saving]
    more: More | None
    more_plan: More | None


def found(engine: Engine, diagnosis: Diagnosis) -> Found:
    """Needs ``settled``, ``settled_latency``, ``open_claims``, ``replayed_units``, ``unit_times`` and view ``workloads``; leaves
    ``finding_sums`` and ``listed_findings``."""
    _sum_up(engine, diagnosis)
    engine.create("listed_findings", f"SELECT * FROM finding_sums WHERE last_of_item <= {MOST_ROWS}")
    rules = {rule.id: rule for rule in (*diagnosis.ran, *diagnosis.observed)}
    rows = engine.dicts("SELECT * FROM listed_findings")
    evidence = {rule: _evidence(engine, rule) for rule in {row["rule"] for row in rows} & diagnosis.evidence}
    effects, targets, unlisted = _effects(engine), _targets(engine), _without_list_price(engine)
    made = [_finding(row, rules[row["rule"]], evidence.get(row["rule"], {}), effects, targets, unlisted) for row in rows]
    more, more_plan = _more(engine)
    return Found(
        findings=sorted(made, key=lambda f: (f.step, -(f.counted_once_usd or 0), -(f.alone_usd or 0), f.rule, f.subject)),
        unpriced=frozenset(finding.id for finding, row in zip(made, rows, strict=True) if row["unpriced"]),
        blind=engine.value("SELECT count(*) FROM finding_sums WHERE unpriced"),
        savings=[Saving(fix, guess, money(usd)) for fix, guess, usd in engine.rows(_SAVINGS)],
        more=more,
        more_plan=more_plan,
    )


def _sum_up(engine: Engine, diagnosis: Diagnosis) -> None:
    """Table ``finding_sums``: a row a finding, and the place that the last finding of its item has in the order in which they are listed."""
    observed = "".join(
        f" UNION ALL SELECT {literal(rule.id)}, subject, {literal(rule.header.grade)}, {literal(rule.header.fix)}, "
        f"{_calls(engine, rule)}, NULL, NULL, FALSE, NULL, NULL, NULL FROM {quoted('evidence_' + rule.id)}"
        for rule in diagnosis.observed
        if rule.id in diagnosis.evidence
    )
    engine.create(
        "finding_sums",
        f"WITH dollars AS (SELECT {_KEY}, count(DISTINCT call_id) AS calls, sum(alone_usd) AS alone_usd, sum(saved_usd) AS once_usd, "
        f"count(saved_usd) = 0 AS unpriced FROM settled GROUP BY {_KEY}), "
        f"times AS (SELECT {_KEY}, count(*) AS calls, percentile_cont(0.5) WITHIN GROUP (ORDER BY waste_ms) AS p50, "
        f"percentile_cont(0.95) WITHIN GROUP (ORDER BY waste_ms) AS p95, sum(saved_ms) AS saved_ms FROM settled_latency GROUP BY {_KEY}), "
        f"sums AS (SELECT {_KEY}, coalesce(d.calls, t.calls) AS calls, d.alone_usd, d.once_usd, coalesce(d.unpriced, FALSE) AS unpriced, "
        f"t.p50, t.p95, t.saved_ms FROM dollars d FULL JOIN times t USING ({_KEY}){observed}), "
        f"items AS (SELECT fix, subject, {_SECTION.format('grade')} AS section, "
        "row_number() OVER (ORDER BY sum(once_usd) DESC NULLS LAST, sum(calls) DESC, fix, subject, section) AS by_usd, "
        "row_number() OVER (ORDER BY sum(saved_ms) DESC NULLS LAST, sum(calls) DESC, fix, subject, section) AS by_ms FROM sums GROUP BY 1, 2, 3), "
        "placed AS (SELECT s.*, i.section, i.by_usd AS item, "
        "row_number() OVER (ORDER BY least(i.by_usd, i.by_ms), i.by_usd, s.rule, s.grade) AS place "
        f"FROM sums s JOIN items i ON i.fix = s.fix AND i.subject = s.subject AND i.section = {_SECTION.format('s.grade')}) "
        "SELECT * EXCLUDE (place), max(place) OVER (PARTITION BY item) AS last_of_item FROM placed",
    )


def _calls(engine: Engine, rule: Rule) -> str:
    return "CAST(coalesce(calls, 0) AS BIGINT)" if "calls" in engine.columns(quoted("evidence_" + rule.id)) else "0"


def _finding(
    row: dict[str, Any],
    rule: Rule,
    evidence: dict[tuple[str, str], dict[str, Any]],
    effects: dict[tuple[str, str], tuple[float, float]],
    targets: dict[tuple[str, str], str],
    unlisted: dict[tuple[str, str, str, str], str],
) -> Finding:
    subject, grade, fix = row["subject"], row["grade"], row["fix"]
    facts = {
        k: v for k, v in evidence.get((subject, grade), {}).items() if (k, v) != ("calls", row["calls"])
    }  # the finding's own count says that
    if (rule.id, subject) in targets:
        facts.setdefault("target", targets[rule.id, subject])
    if (rule.id, subject, grade, fix) in unlisted:
        facts["no_list_price"] = unlisted[rule.id, subject, grade, fix]
    saved = effects.get((rule.id, subject), (None, None))
    return Finding(
        id=f"{rule.id}:{subject}" + ("" if grade == rule.header.grade and fix == rule.header.fix else f":{grade}:{fix}"),
        rule=rule.id, title=rule.header.title, step=rule.step, subject=subject, grade=grade, fix=fix, calls=row["calls"],
        alone_usd=money(row["alone_usd"]), counted_once_usd=money(row["once_usd"]), waste_ms_p50=row["p50"], waste_ms_p95=row["p95"],
        saves_ms_p50=saved[0], saves_ms_p95=saved[1],
        why=rule.header.why, false_positives=rule.header.false_positives, evidence=facts,
    )  # fmt: skip


def _targets(engine: Engine) -> dict[tuple[str, str], str]:
    """Where the claims of a rule and subject would send their calls."""
    rows = engine.rows(
        "SELECT rule, subject, list_sort(list(DISTINCT route_to)) FROM open_claims WHERE route_to IS NOT NULL "
        "AND (rule, subject) IN (SELECT (rule, subject) FROM listed_findings WHERE once_usd IS NOT NULL OR unpriced) GROUP BY rule, subject"
    )
    return {(rule, subject): ", ".join(targets) for rule, subject, targets in rows}


def _without_list_price(engine: Engine) -> dict[tuple[str, str, str, str], str]:
    """Models whose calls have a bill, but no list price that says what a finding would leave of it."""
    rows = engine.rows(
        f"SELECT {', '.join(f's.{name}' for name in _KEY.split(', '))}, list_sort(list(DISTINCT concat_ws('/', p.provider, p.model))) FROM settled s "
        "JOIN priced_calls p ON p.call_id = s.call_id WHERE s.saved_usd IS NULL AND s.billed_usd IS NOT NULL AND p.computed_usd IS NULL "
        "AND (s.rule, s.subject) IN (SELECT (rule, subject) FROM listed_findings) GROUP BY 1, 2, 3, 4"
    )
    return {(rule, subject, grade, fix): named(models) for rule, subject, grade, fix, models in rows}


_INTERACTIVE = (
    "SELECT o.unit_key, o.duration_ms FROM unit_times o JOIN workloads w ON w.workload = o.workload "
    "WHERE w.class = 'interactive' AND o.duration_ms IS NOT NULL"
)


def _effects(engine: Engine) -> dict[tuple[str, str], tuple[float, float]]:
    """For each listed finding: p50 and p95 of interactive units before minus after that finding alone, ms."""
    touched = engine.rows(
        "SELECT rule, subject FROM replayed_units WHERE (rule, subject) IN (SELECT (rule, subject) FROM listed_findings) "
        f"GROUP BY rule, subject ORDER BY sum(before_ms - after_ms) DESC, rule, subject LIMIT {MOST_REPLAYS}"
    )
    after = "i.duration_ms - coalesce(r.before_ms - r.after_ms, 0)"
    gains = ", ".join(
        f"percentile_cont({q}) WITHIN GROUP (ORDER BY i.duration_ms) - percentile_cont({q}) WITHIN GROUP (ORDER BY {after})"
        for q in (0.5, 0.95)
    )
    effects = {}
    for rule, subject in touched:
        p50, p95 = engine.rows(
            f"SELECT {gains} FROM ({_INTERACTIVE}) i LEFT JOIN replayed_units r ON r.unit_key = i.unit_key AND r.rule = ? AND r.subject = ?",
            [rule, subject],
        )[0]
        if p95 is not None:
            effects[rule, subject] = (float(p50), float(p95))
    return effects


def p95_share(engine: Engine, diagnosis: Diagnosis) -> float | None:
    """Share of interactive p95 that measured and structural latency claims remove; None where no latency rule could run."""
    if not any(rule.header.effect in ("latency", "both") for rule in diagnosis.ran):
        return None
    before, after = engine.rows(
        "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY i.duration_ms), percentile_cont(0.95) WITHIN GROUP "
        f"(ORDER BY i.duration_ms - coalesce(r.before_ms - r.after_ms, 0)) FROM ({_INTERACTIVE}) i "
        "LEFT JOIN replayed_sure r ON r.unit_key = i.unit_key"
    )[0]
    return (before - after) / before if before else None


def _evidence(engine: Engine, rule: str) -> dict[tuple[str, str], dict[str, Any]]:
    """By subject and grade, of the findings that are listed."""
    listed = f"SELECT subject FROM listed_findings WHERE rule = {literal(rule)}"
    return {
        (str(row.pop("subject")), str(row.pop("of_grade"))): {k: _plain(v) for k, v in row.items() if v is not None}
        for row in engine.dicts(f"SELECT * FROM {quoted('evidence_' + rule)} WHERE subject IN ({listed})")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _more(engine: Engine) -> tuple[More | None, More | None]:
    """What is not listed: of the findings, and of the items of the plan that they would be."""
    rest = f"FROM finding_sums WHERE last_of_item > {MOST_ROWS}"
    findings, calls, usd = engine.rows(f"SELECT count(*), CAST(sum(calls) AS BIGINT), sum(once_usd) {rest}")[0]
    items, saves = engine.rows(f"SELECT count(DISTINCT item), sum(once_usd) {rest} AND (once_usd > 0 OR unpriced)")[0]
    return (
        More(rows=findings, calls=calls, usd=money(usd)) if findings else None,
        More(rows=items, calls=None, usd=money(saves)) if items else None,
    )
