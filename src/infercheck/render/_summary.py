"""The report as a fragment of HTML for a notebook: the two numbers, the verdict, the plan and where the money went.

Nothing is fetched and nothing runs; colours are the notebook's own, so that it fits a dark one too. Every text passes autoescape.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infercheck.render.figures import cost_of_success, count, faster, ms, nothing_found, percent, plural
from infercheck.render.money import cell_usd, places_in_tables, total, usd
from infercheck.render.rest import column, count_of, rest
from infercheck.render.safe import clean

if TYPE_CHECKING:
    from infercheck.model.report import Report

_ROWS = 10  # of the plan, and of the spend
_NAME = 80  # characters of a log's own name

_PAGE = """
<div class="infercheck" style="font-size:13px;line-height:1.45;max-width:62em;overflow-x:auto">
<p style="margin:0 0 .6em"><b>infercheck</b> · {{ read }}{% if lost %} · <b>{{ lost }}</b>{% endif %}</p>
{% if not figures %}<p style="margin:0">No call in scope: nothing to judge.</p>
{% else -%}
<table style="border-collapse:collapse;margin:0 0 .6em"><tbody>
{% for label, value, aside in figures -%}
<tr><th scope="row" style="text-align:left;font-weight:normal;padding:.1em 1.5em .1em 0">{{ label }}</th>
<td style="text-align:left;padding:.1em 0"><b>{{ value }}</b>{% if aside %} {{ aside }}{% endif %}</td></tr>
{% endfor -%}
</tbody></table>
{% for line in said %}<p style="margin:0 0 .6em">{{ line }}</p>
{% endfor -%}
{% for table in tables -%}
<table style="border-collapse:collapse;margin:0 0 .6em">
<caption style="text-align:left;font-weight:bold;caption-side:top;padding:.2em 0">{{ table.title }}</caption>
<thead><tr>{% for name in table.columns %}<th scope="col" style="{{ table.edges[loop.index0] }}">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in table.rows -%}
<tr>{% for cell in row %}<td style="{{ table.edges[loop.index0] }}">{{ cell }}</td>{% endfor %}</tr>
{% endfor -%}
</tbody></table>
{% endfor -%}
{% if unchecked %}<p style="margin:0">{{ unchecked }}</p>{% endif %}
{%- endif %}
</div>
"""
_EDGE = "padding:.15em 1em .15em 0;vertical-align:top;border-top:1px solid rgba(128,128,128,.3);text-align:"


def summary(report: Report) -> str:
    """The fragment; a log's own names are cut to 80 characters."""
    from jinja2 import Environment

    cover = report.coverage
    lost = cover.rejects + cover.cell_issues
    places = places_in_tables(report.headline.spend_usd)
    return (
        Environment(autoescape=True, trim_blocks=False)
        .from_string(_PAGE.strip())
        .render(
            read=f"{plural(cover.attempts, 'call')} in {plural(cover.files, 'file')}",
            lost=f"{plural(lost, 'line or value', 'lines or values')} lost" if lost else "",
            figures=_figures(report) if cover.attempts else [],
            said=[clean(text) for text in (report.headline.verdict, "" if report.findings else nothing_found(report)) if text],
            tables=[table for table in (_plan(report, places), _spend(report, places)) if table],
            unchecked=f"{plural(len(cover.not_checked), 'rule')} not checked: unknown, not healthy." if cover.not_checked else "",
        )
    )


def _figures(report: Report) -> list[tuple[str, str, str]]:
    head, live = report.headline, report.headline.interactive
    failed = f", {count(live.unanswered_traces)} of them without an answer" if live.unanswered_traces else ""
    good = "unknown" if head.successful_outcomes is None else count(head.successful_outcomes)
    return [
        ("Cost per successful outcome", cost_of_success(head), f"{good} of {plural(head.outcomes, 'outcome')}"),
        ("Spend", _usd(head.spend_usd), ""),
        ("Latency users see", f"p50 {ms(live.p50_ms)}, p95 {ms(live.p95_ms)}", plural(live.traces, "interactive request") + failed),
    ]


def _plan(report: Report, places: int) -> dict[str, Any]:
    if not report.plan:
        return {}
    more = report.more.get("plan")
    cells = column([item.saves_usd for item in report.plan], more, places)
    timed = any(item.saves_ms_p95 is not None for item in report.plan)
    rows: list[tuple[str, ...]] = [
        (str(item.rank), clean(item.what, 240), cell_usd(item.saves_usd, cell, places), faster(item.saves_ms_p95), item.grade)
        for item, cell in list(zip(report.plan, cells, strict=False))[:_ROWS]
    ]
    if left := count_of(report.plan[_ROWS:], more):
        rows.append(("", f"and {left:,} more", usd(total(cells[_ROWS:]), places), "", ""))
    rows.append(("", "total, each dollar counted once", usd(total(cells), places), "", ""))
    columns = [("#", "right"), ("what to do", "left"), ("saves", "right"), ("p95", "right"), ("grade", "left")]
    return _table("Plan", columns, rows, without=() if timed else (3,))


def _spend(report: Report, places: int) -> dict[str, Any]:
    models = report.spend.by_model
    if not models:
        return {}
    more = report.spend.more.get("by_model")
    cells = column([model.spend_usd for model in models], more, places)
    rows: list[tuple[str, ...]] = [
        (
            clean("/".join(part for part in (m.provider, m.model) if part) or "unknown", _NAME),
            count(m.calls),
            cell_usd(m.spend_usd, cell, places),
            percent(m.share),
        )
        for m, cell in list(zip(models, cells, strict=False))[:_ROWS]
    ]
    if left := rest(models, cells, _ROWS, more):
        rows.append((f"and {left.rows:,} more", count(left.calls), usd(left.usd, places), ""))
    return _table("Spend by model", [("model", "left"), ("calls", "right"), ("spend", "right"), ("share", "right")], rows)


def _table(title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], without: Sequence[int] = ()) -> dict[str, Any]:
    kept = [index for index in range(len(columns)) if index not in without]
    return {
        "title": title,
        "columns": [columns[index][0] for index in kept],
        "edges": [_EDGE + columns[index][1] for index in kept],
        "rows": [[row[index] for index in kept] for row in rows],
    }


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else usd(amount)
