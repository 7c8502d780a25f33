"""The gate: a log against a baseline and against budgets. It fails on a regression, and only on one.

``collect`` sums a log by day and stratum, ``baseline`` keeps that as a file; ``comparison`` picks ``days`` or ``matched``, ``overlap`` takes the
judged days out of the baseline, ``models`` says which workloads are judged over all their models, ``statistic`` and ``asking`` turn differences
into verdicts, ``unpriced`` says what has no price, ``decompose`` why the bill changed; ``budgets`` bound a log's own figures, ``suppress`` lets
known rises pass; ``judge`` makes one result of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.gate import comparison, suppress
from infercheck.gate.baseline import comparable, dump, is_baseline, load
from infercheck.gate.budgets import Budget, checks, figures, merged, needs_rules, of_config, parse
from infercheck.gate.collect import VIEWS, Collected, collect
from infercheck.gate.comparison import WAYS, Compared
from infercheck.gate.judge import GateOptions, result
from infercheck.gate.pricing import Pricer
from infercheck.model.gate import BUDGETS, Check, Comparison
from infercheck.model.gating import GateSettings
from infercheck.model.report import Report
from infercheck.model.snapshot import Snapshot

__all__ = [
    "BUDGETS",
    "VIEWS",
    "WAYS",
    "Budget",
    "Collected",
    "Compared",
    "GateOptions",
    "checks_of",
    "collect",
    "compared",
    "dump",
    "is_baseline",
    "load",
    "merged",
    "needs_rules",
    "of_config",
    "parse",
    "result",
    "without_baseline",
]
SALTS_DIFFER = "the two sides were read with different salts: workloads that are named by a fingerprint do not meet"


def checks_of(budgets: Sequence[Budget], engine: Engine, snapshot: Snapshot, report: Report | None, settings: GateSettings) -> list[Check]:
    """A check for each budget, on the log in scope; ``report`` where the rules have run."""
    if not budgets:
        return []
    scopes = {budget.scope for budget in budgets}
    findings = None if report is None else len(report.findings) + (report.more["findings"].rows if "findings" in report.more else 0)
    return checks(budgets, figures(engine, snapshot.days, scopes, findings=findings, settled=report is not None), settings)


def compared(base: Collected, head: Collected, config: Config, options: GateOptions, *, labels: tuple[str, str]) -> Compared:
    """The two sides at one table of prices, compared."""
    pricer = Pricer(config)
    snapshot, notes = comparable(base.snapshot, head.snapshot, pricer, where=labels[0])
    notes += [SALTS_DIFFER] if base.snapshot.salt != head.snapshot.salt else []
    suppressed = suppress.suppressed(config, options.today)
    found = comparison.compare(Collected(snapshot, base.prompts), head, pricer, config.gate, suppressed, way=options.by, labels=labels)
    return Compared(found.comparison, found.checks, found.decomposition, [*notes, *found.notes])


def without_baseline(head: Snapshot, label: str) -> Compared:
    """Budgets alone: nothing is compared."""
    side = comparison.side(head, label, by_day=False)
    return Compared(Comparison(kind="none", text="nothing: budgets only", head=side), [], None, [])
