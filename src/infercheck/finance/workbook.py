"""The report and the chargeback as an Excel workbook: summary with a chart, plan, chargeback by team and by day, findings.

Text is written as text, never as a formula or a link, and neutralised besides, for whoever saves a sheet as CSV. Amounts are rounded here
and only here: half to even, each column by largest remainder, so that it adds up to its total.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from infercheck.errors import UsageError
from infercheck.finance.chargeback import COSTS
from infercheck.render import money
from infercheck.render.safe import cell

if TYPE_CHECKING:
    import polars as pl

    from infercheck.model.report import Report

_ROWS = 1_048_576 - 2  # of a sheet, without its header and its total
_LONGEST = 32_000  # characters of a cell; Excel ends at 32,767
Kind = Literal["text", "money", "count", "share", "ms", "day"]


@dataclass(frozen=True)
class _Column:
    title: str
    kind: Kind = "text"
    width: int = 16


_CHARGEBACK: tuple[_Column, ...] = (
    *(_Column("day", "day", 11), _Column("team", width=20), _Column("cost centre"), _Column("key alias", width=20)),
    *(_Column("provider", width=12), _Column("model", width=28), _Column("currency", width=9)),
    *(_Column(name.replace("_", " "), "money") for name in COSTS),
    *(_Column(name, "count", 11) for name in ("attempts", "requests", "successes")),
    *(_Column("cost per success", "money"), _Column("cost basis", width=11), _Column("unpriced calls", "count", 13)),
)
_TEAMS: tuple[_Column, ...] = (
    *(_Column("team", width=24), _Column("cost centre"), _Column("currency", width=9)),
    *(_Column(name.replace("_", " "), "money") for name in COSTS),
    *(_Column(name, "count", 14) for name in ("attempts", "requests", "successes", "unpriced calls")),
)
_PLAN: tuple[_Column, ...] = (
    *(_Column("rank", "count", 6), _Column("section", width=10), _Column("what to do", width=60), _Column("saves USD", "money")),
    *(_Column("saves USD a month", "money", 18), _Column("saves p95 ms", "ms", 13), _Column("grade", width=11), _Column("effort", width=9)),
    *(_Column("risk", width=9), _Column("how", width=60), _Column("verify", width=60)),
)
_FINDINGS: tuple[_Column, ...] = (
    *(_Column("rule", width=26), _Column("title", width=48), _Column("subject", width=28), _Column("grade", width=11)),
    *(_Column("fix", width=18), _Column("calls", "count", 9), _Column("alone USD", "money"), _Column("counted once USD", "money", 17)),
    *(_Column("waste p50 ms", "ms", 13), _Column("waste p95 ms", "ms", 13)),
)
_DAYS: tuple[_Column, ...] = (
    _Column("day", "day", 11),
    _Column("spend USD", "money"),
    _Column("calls", "count", 9),
    _Column("failed", "count", 9),
)


def render(report: Report, chargeback: pl.DataFrame, teams: pl.DataFrame, notes: Sequence[str]) -> bytes:
    """The workbook as bytes; the same input gives the same bytes. UsageError where the chargeback has more rows than a sheet."""
    import xlsxwriter

    if chargeback.height > _ROWS:
        raise UsageError(
            f"the chargeback has {chargeback.height:,} rows, a sheet holds {_ROWS:,}", where="export excel", hint="use `export chargeback`"
        )
    out = io.BytesIO()
    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd", **never}) as file:
        file.set_properties({"title": "infercheck", "created": report.window.end or datetime(2000, 1, 1)})  # noqa: DTZ001 -- no zone in a file
        book = _Book(file, money.places_in_tables(report.headline.spend_usd))
        _summary(book, report, notes)
        _plan(book, report)
        book.sheet("Chargeback", _TEAMS, teams.rows(), total=True)
        book.sheet("Chargeback by day", _CHARGEBACK, chargeback.rows(), total=True)
        _findings(book, report)
    return out.getvalue()


class _Book:
    """An open workbook with its formats."""

    def __init__(self, file: Any, places: int) -> None:
        self.file, self.places = file, places
        number = "#,##0." + "0" * places
        self.bold = file.add_format({"bold": True})
        self.wrap = file.add_format({"text_wrap": True, "valign": "top"})
        self.formats = {
            kind: (file.add_format({"num_format": shape}), file.add_format({"num_format": shape, "bold": True, "top": 1}))
            for kind, shape in {"money": number, "count": "#,##0", "share": "0.0%", "ms": "#,##0", "day": "yyyy-mm-dd", "text": "@"}.items()
        }

    def sheet(self, name: str, columns: Sequence[_Column], rows: Sequence[Sequence[object]], *, total: bool = False) -> None:
        """A sheet that is one table, its header frozen and filterable."""
        sheet = self.file.add_worksheet(name)
        self.table(sheet, 0, columns, rows, total=total)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)

    def table(self, sheet: Any, top: int, columns: Sequence[_Column], rows: Sequence[Sequence[object]], *, total: bool = False) -> int:
        """Write a table from row ``top`` on; returns the row after it. Ratios and overlapping savings have no total."""
        for index, column in enumerate(columns):
            sheet.write_string(top, index, column.title, self.bold)
            values = [row[index] for row in rows]
            adds_up = column.kind in {"money", "count"} and column.title not in {"rank", "cost per success", "alone USD"}
            shown = self._rounded(values, allocated=adds_up) if column.kind == "money" else values
            for offset, value in enumerate(shown, start=1):
                self.write(sheet, top + offset, index, value, column.kind)
            known = [value for value in shown if isinstance(value, int | Decimal)]
            if total and adds_up and known:
                self.write(sheet, top + len(rows) + 1, index, sum(known), column.kind, strong=True)
        if total and rows:
            sheet.write_string(top + len(rows) + 1, 0, "total", self.bold)
        return top + len(rows) + (2 if total else 1)

    def write(self, sheet: Any, row: int, column: int, value: object, kind: Kind, *, strong: bool = False) -> None:
        """One cell; unknown stays empty."""
        shape = self.formats[kind][strong]
        if value is None:
            return
        if isinstance(value, date | datetime):
            sheet.write_datetime(row, column, value, shape)
        elif isinstance(value, float):  # a time or a share: more digits would only show the order in which threads added up
            sheet.write_number(row, column, round(value, 1 if kind == "ms" else 6), shape)
        elif isinstance(value, int | Decimal):
            sheet.write_number(row, column, float(value), shape)
        else:
            sheet.write_string(row, column, cell(value)[:_LONGEST])

    def _rounded(self, values: Sequence[object], *, allocated: bool) -> Sequence[Decimal | None]:
        amounts = [value if isinstance(value, Decimal) else None for value in values]
        if allocated:
            return money.allocate(amounts, self.places)
        return [None if amount is None else money.rounded(amount, max(self.places, money.places_alone(amount))) for amount in amounts]


def _summary(book: _Book, report: Report, notes: Sequence[str]) -> None:
    sheet = book.file.add_worksheet("Summary")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 3, 16)
    head, window = report.headline, report.window
    figures: list[tuple[str, object, Kind]] = [
        ("from (UTC)", window.start, "day"),
        ("to (UTC)", window.end, "day"),
        ("spend USD", _shown(book, head.spend_usd), "money"),
        ("attempts", report.coverage.attempts, "count"),
        ("requests", report.coverage.requests, "count"),
        ("successful outcomes", head.successful_outcomes, "count"),
        ("share of calls with a price", report.coverage.priced_share, "share"),
        ("cost basis", report.coverage.cost_basis, "text"),
        ("prices", report.coverage.price_list, "text"),
        ("plan saves USD", _shown(book, report.plan_total_usd), "money"),
    ]
    for row, (name, value, kind) in enumerate(figures):
        sheet.write_string(row, 0, name, book.bold)
        book.write(sheet, row, 1, value, kind)
    row = len(figures)
    sheet.write_string(row, 0, "USD per success", book.bold)
    if head.cost_per_successful_outcome_usd is not None:
        exact = head.cost_per_successful_outcome_usd
        places = money.places_alone(exact)
        shape = book.file.add_format({"num_format": "#,##0." + "0" * places})
        sheet.write_number(row, 1, float(money.rounded(exact, places)), shape)
    for note in notes:
        row += 1
        sheet.write_string(row, 0, "note", book.bold)
        sheet.write_string(row, 1, cell(note)[:_LONGEST])
    _by_day(book, sheet, report, row + 2)


def _by_day(book: _Book, sheet: Any, report: Report, top: int) -> None:
    rows = [(date.fromisoformat(d.day), d.spend_usd, d.calls, d.failed) for d in report.spend.by_day]
    book.table(sheet, top, _DAYS, rows, total=True)
    if not rows:
        return
    chart = book.file.add_chart({"type": "column"})
    cells = (top + 1, top + len(rows))
    chart.add_series({
        "name": "spend USD",
        "categories": ["Summary", cells[0], 0, cells[1], 0],
        "values": ["Summary", cells[0], 1, cells[1], 1],
    })  # fmt: skip
    chart.set_title({"name": "Spend by UTC day"})
    chart.set_legend({"none": True})
    chart.set_x_axis({"num_format": "yyyy-mm-dd", "text_axis": True})
    sheet.insert_chart(0, 5, chart)


def _plan(book: _Book, report: Report) -> None:
    rows = [
        (p.rank, p.section, p.what, p.saves_usd, p.saves_usd_per_month, p.saves_ms_p95, p.grade, p.effort, p.risk, p.how, p.verify)
        for p in report.plan
    ]
    book.sheet("Plan", _PLAN, rows, total=True)


def _findings(book: _Book, report: Report) -> None:
    rows = [
        (f.rule, f.title, f.subject, f.grade, f.fix, f.calls, f.alone_usd, f.counted_once_usd, f.waste_ms_p50, f.waste_ms_p95)
        for f in report.findings
    ]
    book.sheet("Findings", _FINDINGS, rows)


def _shown(book: _Book, amount: Decimal | None) -> Decimal | None:
    return None if amount is None else money.rounded(amount, book.places)
