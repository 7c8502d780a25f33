"""The report as GitHub-flavoured Markdown, for a pull request or a wiki. Log text cannot break a table, make a link or mention anyone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from infercheck.model.rule import FIX_WORDS
from infercheck.render import DEFAULT, Style
from infercheck.render.figures import (
    break_even,
    cost_of_success,
    count,
    faster,
    hours,
    left_out,
    machine_cells,
    made_of,
    moment,
    ms,
    nothing_found,
    number,
    percent,
    plural,
    rate,
    unanswered,
)
from infercheck.render.money import UNKNOWN, beside, cell_usd, places_in_tables, total, usd
from infercheck.render.rest import column, rest
from infercheck.render.safe import clean

if TYPE_CHECKING:
    from infercheck.model.report import Headline, PlanItem, Report

NAME = "markdown"
SUFFIX = ".md"

_SPECIAL = frozenset("\\`*_{}[]!|~$^")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;&#8203;", "\u200b": "&#8203;"}
_BLOCK = re.compile(r"[-+=#>:]|\d+(?=[.)])")  # what would open a list, a heading or a quote at the start of a line
_LINKS = re.compile(r"(?i)\b(https?|ftp|www)(?=[:.])|#(?=\d)|\bGH(?=-\d)")  # what GitHub turns into a link by itself
_SECTIONS = {"sure": "Sure", "latency": "Time only", "heuristic": "Likely, needs your eyes"}


def escape(text: object, limit: int | None = 300) -> str:
    """Text for any place, table cells included."""
    line = _LINKS.sub(lambda m: f"{m[0]}\u200b", clean(text, limit))
    block = _BLOCK.match(line)
    head = "" if block is None else f"\\{block[0]}" if not block[0][0].isdigit() else f"{block[0]}\\"
    rest = line if block is None else line[block.end() :]
    return head.replace("\\>", "&gt;") + "".join(_ENTITIES.get(char) or ("\\" + char if char in _SPECIAL else char) for char in rest)


def code(text: object, limit: int | None = 120) -> str:
    """Log text as inline code: nothing in it is read as Markdown, HTML, a link or a mention."""
    line = clean(text, limit).replace("`", "'").replace("|", "\\|")
    return f"`{line}`" if line else UNKNOWN


def render(report: Report, style: Style = DEFAULT) -> str:
    """The report; verbose has no effect."""
    places = places_in_tables(report.headline.spend_usd)
    parts = [
        "# infercheck report\n",
        *_headline(report),
        *_hardware(report, places),
        *_plan(report, places),
        *_findings(report, places),
        *_spend(report, places),
        *_read(report, style.tz),
        *_not_checked(report),
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; a column whose title ends with ``:`` is right aligned. Cells are escaped already."""
    titles = [name.removesuffix(":") for name in columns]
    marks = ["--:" if name.endswith(":") else "---" for name in columns]
    body = [f"| {' | '.join(cells)} |" for cells in (titles, marks, *rows)]
    return [*body, ""]


def _headline(report: Report) -> list[str]:
    head, live, saves = report.headline, report.headline.interactive, report.headline.addressable_usd
    out = []
    if not report.coverage.attempts:
        return ["**No call in scope: nothing to judge.**\n"]
    if not report.findings:
        out.append(f"**{nothing_found(report)}**\n")
    out += [f"**{escape(said, None)}**\n" for said in (head.verdict, head.verdict_latency) if said]
    success = f"{'unknown' if head.successful_outcomes is None else count(head.successful_outcomes)} of {count(head.outcomes)}"
    out += _verdict(head)
    rows = [
        ("Cost per successful outcome", cost_of_success(head)),
        ("Spend", _usd(head.spend_usd)),
        ("Successful outcomes", success + (f" ({escape(head.success_evidence)})" if head.success_evidence else "")),
        ("Made of: clean cost x outcomes that failed x waste found", made_of(head.cost_parts)),
        ("Attempts per success", number(head.attempts_per_success)),
        ("Interactive latency p50, p95, p99", ", ".join(map(ms, (live.p50_ms, live.p95_ms, live.p99_ms)))),
        *([("No answer, in none of these", failed)] if (failed := unanswered(live)) else []),
        *([("No known end", f"{count(live.untimed_calls)} of {plural(live.calls, 'call')}")] if live.untimed_calls else []),
        *([("Left out of it", pauses)] if (pauses := left_out(live)) else []),
        ("Time to first token p50, p95", ", ".join(map(ms, (live.ttft_p50_ms, live.ttft_p95_ms)))),
        ("The system's share of spend", percent(head.system_share_of_spend)),
        ("The system's share of p95", percent(head.system_share_of_p95)),
        ("Savings measured, structural", f"{usd(saves.measured)}, {usd(saves.structural)}"),
        ("Savings heuristic, on top", usd(saves.heuristic)),
    ]
    out += table(("Figure", "Value:"), rows)
    out += [f"- {escape(note, None)}" for note in (*report.coverage.notices, *report.coverage.notes)]
    return [*out, ""]


_PARTS = {"model_price": "the models' own price", "hardware": "busy hours of machines of one's own"}


def _verdict(head: Headline) -> list[str]:
    """Spend by what it is owed to; parts without a dollar are left out."""
    rows = [
        (_PARTS.get(p.part) or FIX_WORDS[p.part], usd(p.sure_usd), usd(p.heuristic_usd), percent(p.share))
        for p in head.spend_parts
        if p.sure_usd or p.heuristic_usd
    ]
    return table(("Spend is owed to", "Sure:", "Heuristic:", "Share:"), rows) if len(rows) > 1 else []


def _hardware(report: Report, places: int) -> list[str]:
    machines = report.spend.by_capacity
    if not machines:
        return []
    rows = [
        (
            code(m.capacity),
            escape(f"{m.units} x {m.unit}, {usd(m.usd_per_hour)} an hour"),
            hours(m.paid_hours),
            percent(m.utilisation),
            *machine_cells(m, places),
            rate(m.usd_per_mtok),
            f"{code(m.hosted)} {rate(m.hosted_usd_per_mtok)}" if m.hosted else "unknown",
            break_even(m.break_even_utilisation),
        )
        for m in machines
    ]
    titles = ("Machines", "Size", "Hours:", "Busy:", "Paid:", "Calls bear:", "Idle:", "A million tokens:", "Hosted", "Break-even")
    return ["## Machines of one's own\n", *table(titles, rows)]


def _plan(report: Report, places: int) -> list[str]:
    if not report.plan:
        return []
    more = report.more.get("plan")
    saves = column([item.saves_usd for item in report.plan], more, places)
    out = ["## Plan\n"]
    for key, title in _SECTIONS.items():
        chosen = [(item, cell) for item, cell in zip(report.plan, saves, strict=False) if item.section == key]
        if not chosen:
            continue
        rows: list[tuple[str, ...]] = [
            (
                str(item.rank),
                escape(item.what),
                item.fix.replace("_", " "),
                cell_usd(item.saves_usd, cell, places),
                usd(item.saves_usd_per_month, None if item.saves_usd_per_month is None else 2),
                faster(item.saves_ms_p95),
                item.grade,
                escape(f"{item.effort}, {item.risk} risk"),
                _range(item, places),
            )
            for item, cell in chosen
        ]
        subtotal = usd(total([cell for _, cell in chosen]), places)
        rows.append(("", "**Subtotal**", "", f"**{subtotal}**", "", "", "", "", ""))
        out += [f"### {title}\n", *table(("#:", "What to do", "Fix", "Saves:", "A month:", "p95:", "Grade", "Effort", "95% between"), rows)]
    if more:
        out.append(f"And {more.rows:,} more, {usd(saves[-1], places)}.\n")
    return [*out, f"**Total, each dollar counted once: {usd(total(saves), places)}**\n"]


def _range(item: PlanItem, places: int) -> str:
    if item.interval_usd is None:
        return escape(item.interval_note)
    return " and ".join(usd(edge, places) for edge in item.interval_usd)


def _findings(report: Report, places: int) -> list[str]:
    if not report.findings:
        return []
    more = report.more.get("findings")
    once = column([finding.counted_once_usd for finding in report.findings], more, places)
    pairs = sorted(
        zip(report.findings, once, strict=False), key=lambda p: (p[0].step, -(p[1] or Decimal(0)), -(p[0].alone_usd or Decimal(0)), p[0].id)
    )
    rows = [
        (
            str(f.step),
            code(f.rule),
            escape(f.title),
            code(f.subject),
            count(f.calls or None),
            cell_usd(f.alone_usd, beside(f.alone_usd, cell, places), places),
            cell_usd(f.counted_once_usd, cell, places),
            f.grade,
        )
        for f, cell in pairs
    ]
    left = [f"And {more.rows:,} more, {usd(once[-1], places)} counted once.\n"] if more else []
    return ["## Findings\n", *table(("Step:", "Rule", "Finding", "Subject", "Calls:", "Alone:", "Counted once:", "Grade"), rows), *left]


def _spend(report: Report, places: int) -> list[str]:
    out = []
    if report.spend.by_model:
        models = report.spend.by_model
        more = report.spend.more.get("by_model")
        cells = column([m.spend_usd for m in models], more, places)
        rows = [
            (
                code("/".join(part for part in (m.provider, m.model) if part)) + (" premium" if m.premium else ""),
                count(m.calls),
                count(m.input_tokens),
                count(m.output_tokens),
                cell_usd(m.spend_usd, cell, places),
                percent(m.share),
            )
            for m, cell in zip(models, cells, strict=False)
        ]
        if left := rest(models, cells, len(models), more):
            rows.append((f"and {left.rows:,} more", count(left.calls), "", "", usd(left.usd, places), ""))
        out += ["## Spend by model\n", *table(("Model", "Calls:", "Input tokens:", "Output tokens:", "Spend:", "Share:"), rows)]
    if report.spend.by_workload:
        jobs = report.spend.by_workload
        more = report.spend.more.get("by_workload")
        cells = column([w.spend_usd for w in jobs], more, places)
        per_job = [
            (
                code(w.workload),
                escape(f"{w.klass}: {w.class_reason}"),
                escape(w.value or UNKNOWN),
                count(w.calls),
                ms(w.p95_ms),
                usd(w.cost_per_successful_outcome_usd),
                made_of(w.cost_parts),
                cell_usd(w.spend_usd, cell, places),
                percent(w.share),
            )
            for w, cell in zip(jobs, cells, strict=False)
        ]
        if left := rest(jobs, cells, len(jobs), more):
            per_job.append((f"and {left.rows:,} more", "", "", count(left.calls), "", "", "", usd(left.usd, places), ""))
        titles = ("Workload", "Class", "Value", "Calls:", "p95:", "Cost per success:", "Clean x failed x waste:", "Spend:", "Share:")
        out += ["## Spend by workload\n", *table(titles, per_job)]
    return out


def _read(report: Report, tz: str) -> list[str]:
    c, window = report.coverage, report.window
    unlisted = f" and {c.more['unpriced_models'].rows:,} more" if "unpriced_models" in c.more else ""
    rows = [
        (
            "Files",
            count(c.files)
            + (f" (skipped: {escape(', '.join(f'{n} {kind}' for kind, n in sorted(c.skipped.items())))})" if c.skipped else ""),
        ),
        ("Rows, attempts, requests", f"{count(c.rows)}, {count(c.attempts)}, {count(c.requests)}"),
        ("Duplicates removed", count(c.duplicates)),
        ("Records that hold no call", count(c.other_records)),
        ("Lines rejected, values unreadable", f"{count(c.rejects)}, {count(c.cell_issues)}"),
        ("Window", f"{moment(window.start, tz)} to {moment(window.end, tz)} {escape(tz)}"),
        ("Calls with a price", percent(c.priced_share)),
        ("Without a price", (", ".join(code(model) for model in c.unpriced_models) + unlisted) or "none"),
        ("Cost basis", c.cost_basis),
        ("Logged, list price of the same calls", f"{usd(c.logged_usd)}, {usd(c.computed_usd)}"),
    ]
    return ["## What was read\n", *table(("", "Value"), rows)]


def _not_checked(report: Report) -> list[str]:
    if not report.coverage.not_checked:
        return []
    rows = [(code(entry.rule), escape(entry.reason), escape(entry.setting)) for entry in report.coverage.not_checked]
    return ["## Not checked: unknown, not healthy\n", *table(("Rule", "Reason", "To check it"), rows)]


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else usd(amount)
