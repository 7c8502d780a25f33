"""All checks of a run become one result: suppressed, ordered, and summed up in a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from infercheck.config import Config
from infercheck.gate import suppress, unpriced
from infercheck.gate.asking import COST_RULES
from infercheck.gate.budgets import Budget
from infercheck.gate.comparison import Compared
from infercheck.model.gate import Check, FailOn, GateReport, Outcome, Stratum

_ORDER = ("fail", "suppressed", "new", "inconclusive", "pass")
_SEVERITIES = ("error", "warning", "note")
_NAMED = 3  # checks that the one line names


@dataclass(frozen=True)
class GateOptions:
    """What one run of the gate was asked for. ``today`` is the UTC day that suppressions expire by; ``by`` one of the comparison's WAYS."""

    today: date
    budgets: tuple[Budget, ...] = ()
    fail_on: FailOn = "error"
    by: str = "auto"


def result(compared: Compared, budget_checks: list[Check], config: Config, options: GateOptions) -> GateReport:
    """The gate's report."""
    checks, idle = suppress.apply([*budget_checks, *compared.checks], config, options.today)
    report = GateReport(
        comparison=compared.comparison,
        outcome="passed",
        fail_on=options.fail_on,
        summary="",
        checks=sorted(checks, key=_place),
        decomposition=compared.decomposition,
        notes=[*compared.notes, *idle],
    )
    outcome = _outcome(report)
    return report.model_copy(update={"outcome": outcome, "summary": _summary(report, outcome)})


def _place(check: Check) -> tuple[int, int, float, str]:
    return (_ORDER.index(check.verdict), _SEVERITIES.index(check.severity), -float(check.stake_usd or 0), check.key)


def _outcome(report: GateReport) -> Outcome:
    """Inconclusive where what was asked has no answer: the cost of all together, or a budget. A single stratum without one is only said."""
    if report.failing:
        return "failed"
    return "inconclusive" if any(_matters(check) for check in report.with_verdict("inconclusive")) else "passed"


def _matters(check: Check) -> bool:
    return check.rule.startswith("budget.") or (check.rule in {*COST_RULES, unpriced.RULE} and check.stratum == Stratum())


def _summary(report: GateReport, outcome: Outcome) -> str:
    total, failing = len(report.checks), report.failing
    if outcome == "failed":
        return f"{len(failing):,} of {total:,} checks failed: {_all_named(failing)}"
    unanswered = len(report.with_verdict("inconclusive"))
    left = f", {unanswered:,} could not be answered" if unanswered else ""
    wrong = len(report.with_verdict("fail"))
    if wrong:
        return f"{wrong:,} of {total:,} checks found something wrong, which does not fail under --fail-on {report.fail_on}{left}"
    if outcome == "inconclusive":
        asked = [check for check in report.with_verdict("inconclusive") if _matters(check)]
        return f"nothing failed, but {unanswered:,} of {total:,} checks could not be answered: {_all_named(asked)}"
    return f"{total:,} checks, nothing failed{left}"


def _all_named(checks: list[Check]) -> str:
    rest = f"; and {len(checks) - _NAMED:,} more" if len(checks) > _NAMED else ""
    return "; ".join(_named(check) for check in checks[:_NAMED]) + rest


def _named(check: Check) -> str:
    return f"{check.title[0].lower()}{check.title[1:]}, {check.stratum.name}, {check.reason}"
