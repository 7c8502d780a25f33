"""Spend tables, the fix pages' snippets, and what could not be checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from rich.text import Text

from infercheck.model.more import More
from infercheck.model.report import ModelSpend, Report, WorkloadSpend
from infercheck.render._page import Cell, Column, Page
from infercheck.render.figures import count, made_of, ms, plural
from infercheck.render.money import cell_usd, total, usd
from infercheck.render.rest import calls, column, rest
from infercheck.render.safe import ascii_only, lines

_ROWS = 10  # per table, unless verbose
_SHORT = 14  # what is told of a workload's class stands beside its name if it is no longer, else below
_WORTH_TAKING_APART = 1.01  # a success costs at least a hundredth more than a clean one


def spend(page: Page, report: Report, places: int) -> None:
    """By model, then by workload; each column of dollars sums to the log's spend."""
    _by_model(page, report.spend.by_model, report.spend.more.get("by_model"), places)
    _by_workload(page, report.spend.by_workload, report.spend.more.get("by_workload"), places)


def fixes(page: Page, report: Report) -> None:
    """Ready configuration, verbose only."""
    if not page.style.verbose:
        return
    for fix in report.fixes:
        page.heading(f"Fix: {fix.title}", f"effort {fix.effort}, risk {fix.risk}")
        rows: list[tuple[str, Cell]] = [("answers", fix.answers), ("how", fix.how), ("risk", fix.risk_note)]
        page.pairs([row for row in rows if row[1]])
        for snippet in fix.snippets:
            page.blank()
            page.paragraph(f"{snippet.tool} ({snippet.language})", "dim")
            for line in lines(snippet.text.strip("\n")):
                page.put(Text(line if page.style.unicode else ascii_only(line)), 4)


def not_checked(page: Page, report: Report) -> None:
    """Rules that the log could not support, grouped by what is missing."""
    if not report.coverage.not_checked:
        return
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in report.coverage.not_checked:
        groups[entry.reason, entry.setting].append(entry.rule)
    page.heading("Not checked", f"{plural(len(report.coverage.not_checked), 'rule')}: unknown, not healthy")
    for (reason, setting), rules in groups.items():
        page.paragraph(page.joined(page.text(", ".join(rules)), page.text(reason, "dim"), by=": "))
        if setting:
            page.paragraph(f"to check: {setting}", "cyan", indent=4)


def _by_model(page: Page, rows: Sequence[ModelSpend], more: More | None, places: int) -> None:
    if not rows:
        return
    page.heading("Spend by model")
    cells = column([row.spend_usd for row in rows], more, places)
    shown = len(rows) if page.style.verbose else _ROWS
    columns = [
        Column("model", "left", wrap=True),
        Column("calls"),
        Column("input"),
        Column("cached"),
        Column("output"),
        Column("spend"),
        *page.share_columns(),
    ]
    longest = max((row.share or 0 for row in rows), default=0)
    body: list[list[Cell]] = []
    for row, cell in list(zip(rows, cells, strict=False))[:shown]:
        name = page.text("/".join(part for part in (row.provider, row.model) if part) or "unknown", limit=80)
        name = page.joined(name, page.text("premium" if row.premium else "", "magenta"))
        tokens = [_tokens(row.input_tokens), _tokens(row.cache_read_tokens), _tokens(row.output_tokens)]
        body.append([name, count(row.calls), *tokens, cell_usd(row.spend_usd, cell, places)])
        body[-1] += page.share(row.share, longest)
    _close(page, columns, body, rows, cells, more, shown, places)


def _by_workload(page: Page, rows: Sequence[WorkloadSpend], more: More | None, places: int) -> None:
    if not rows:
        return
    page.heading("Spend by workload")
    cells = column([row.spend_usd for row in rows], more, places)
    shown = len(rows) if page.style.verbose else _ROWS
    columns = [Column("workload", "left", wrap=True), Column("calls"), Column("p95"), Column("a success"), Column("spend")]
    columns += page.share_columns()
    longest = max((row.share or 0 for row in rows), default=0)
    body: list[list[Cell]] = []
    for row, cell in list(zip(rows, cells, strict=False))[:shown]:
        usual = row.value in (None, "normal") and not page.style.verbose
        value = "" if usual else f"value {row.value or 'unknown'}" + (f" ({row.value_reason})" if row.value_reason else "")
        reasoned = row.class_reason and (row.klass != "unknown" or page.style.verbose)
        klass = f"{row.klass} ({row.class_reason})" if reasoned else f"class {row.klass}" if row.klass == "unknown" else row.klass
        parts = row.cost_parts
        wasteful = parts is not None and (page.style.verbose or parts.failures * parts.waste >= _WORTH_TAKING_APART)
        told = page.text(" · ".join(filter(None, (klass, value))), "dim", 160)
        name = page.joined(page.text(row.workload, limit=80), told, by="  " if len(told.plain) <= _SHORT else "\n")
        name = page.joined(name, page.text(f"a success: {made_of(parts)}" if wasteful else "", "dim"), by="\n")
        each = usd(row.cost_per_successful_outcome_usd)
        body.append([name, count(row.calls), ms(row.p95_ms), each, cell_usd(row.spend_usd, cell, places)])
        body[-1] += page.share(row.share, longest)
    _close(page, columns, body, rows, cells, more, shown, places)
    untold = dict.fromkeys(row.class_reason for row in rows[:shown] if row.klass == "unknown" and row.class_reason)
    if not page.style.verbose:
        for reason in untold:
            page.paragraph(f"class unknown: {reason}", "dim")


def _close(
    page: Page,
    columns: Sequence[Column],
    body: list[list[Cell]],
    rows: Sequence[ModelSpend] | Sequence[WorkloadSpend],
    cells: Sequence[Decimal | None],
    more: More | None,
    shown: int,
    places: int,
) -> None:
    """The rest in one row, then the total."""
    middle, after = [""] * (len(columns) - 3 - len(page.share_columns())), [""] * len(page.share_columns())
    if left := rest(rows, cells, shown, more):
        body.append([page.text(f"and {left.rows:,} more", "dim"), count(left.calls), *middle, usd(left.usd, places), *after])
    if len(rows) > 1:
        body.append(
            [
                page.text("total", "bold"),
                count(calls(rows, more)),
                *middle,
                Text(page.safe(usd(total(cells), places)), "bold"),
                *after,
            ]
        )
    page.table(columns, body)


def _tokens(value: int | None) -> str:
    """Tokens with three digits: ``1.23M``"""
    if value is None:
        return count(None)
    for size, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        if value >= size * 0.9995:
            short = value / size
            return f"{short:.2f}{unit}" if short < 9.995 else f"{short:.1f}{unit}" if short < 99.95 else f"{short:.0f}{unit}"
    return str(value)
