"""One log, five formats, the same numbers: text, JSON, CSV, Markdown and HTML are read back and compared."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal as D
from html.parser import HTMLParser
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import pytest

from infercheck import AnalyzeOptions, analyze, render
from infercheck.model.report import Report
from infercheck.render.figures import ms
from infercheck.render.money import UNKNOWN, allocate, places_in_tables, usd

DEMO = Path(__file__).parents[1] / "sample_logs" / "demo"
pytest.importorskip("vl_convert", reason="the extra html is not installed: the page cannot be compared")


class Words(HTMLParser):
    """Text of a page by the class or id of the element around it, and its tables as rows of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: dict[str, list[str]] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self._open: list[tuple[str, str]] = []
        self._table = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("meta", "link", "input", "br", "path", "rect", "line", "circle"):
            return
        given = {key: value or "" for key, value in attrs}
        mark = given.get("id") or given.get("class", "").split(" ")[0]
        self._open.append((tag, mark))
        if tag == "table":
            self._table = mark
            self.tables[mark] = []
        elif tag == "tr" and self._table:
            self.tables[self._table].append([])
        elif tag in ("td", "th") and self._table:
            self.tables[self._table][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Drawn, not said."""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not text:
            return
        path = [mark for _, mark in self._open]
        tags = [tag for tag, _ in self._open]
        if self._table and ("td" in tags or "th" in tags) and "aside" not in path:
            self.tables[self._table][-1][-1] += text
        for mark in {"/".join(filter(None, path[-3:])), *(m for m in path if m)}:
            self.marked.setdefault(mark, []).append(text)


@pytest.fixture(scope="module")
def report() -> Report:
    """The demo: fifteen things to do, eleven models, sure and likely savings, some of them below what a cell shows."""
    return analyze([DEMO], options=AnalyzeOptions(use_ledger=False, pictures=True))


@pytest.fixture(scope="module")
def outputs(report: Report) -> dict[str, str]:
    style = render.Style(width=160, verbose=True)
    made = {name: render.get(name).render(report, style) for name in ("text", "json", "csv", "markdown", "html")}
    return {name: drawn.decode("utf-8") if isinstance(drawn, bytes) else drawn for name, drawn in made.items()}


@pytest.fixture(scope="module")
def page(outputs: dict[str, str]) -> Words:
    words = Words()
    words.feed(outputs["html"])
    return words


def dollars(text: str) -> D | None:
    """What a cell says: unknown is a dash, too small to show is below the last digit."""
    if text == UNKNOWN:
        return None
    return D(0) if text.startswith("<") else D(text.replace("$", "").replace(",", ""))


def amounts(texts: Iterable[str]) -> list[D]:
    """Those of the texts that are an amount."""
    return [D(0) if t.startswith("<") else D(t.replace("$", "").replace(",", "")) for t in texts if re.fullmatch(r"<?\$[\d.,]+", t)]


def markdown_column(text: str, heading: str, column: str) -> list[str]:
    """A column of the first table under a heading, without subtotals."""
    after = text[text.index(heading) :].splitlines()[1:]
    lines = list(takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: not line.startswith("|"), after)))
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])] for line in lines]
    return [row[rows[0].index(column)] for row in rows[2:]]


def test_the_log_has_enough_to_compare(report: Report) -> None:
    assert len(report.plan) >= 10
    assert {item.section for item in report.plan} >= {"sure", "heuristic"}
    assert len(report.findings) >= 15
    assert min(len(report.spend.by_workload), len(report.spend.by_model)) >= 5
    assert report.headline.interactive.p95_ms


def test_the_plan(report: Report, outputs: dict[str, str], page: Words) -> None:
    places = places_in_tables(report.headline.spend_usd)
    exact = [item.saves_usd for item in report.plan]
    shown = allocate(exact, places)
    data = json.loads(outputs["json"])
    assert [item["saves_usd"] for item in data["plan"]] == [None if e is None else float(e) for e in exact]
    assert data["plan_total_usd"] == float(report.plan_total_usd or 0)
    rows = list(csv.DictReader(io.StringIO(outputs["csv"])))
    assert [D(row["saves_usd"]) if row["saves_usd"] else None for row in rows] == exact
    assert [int(row["rank"]) for row in rows] == [item.rank for item in report.plan]
    known = [cell for cell in shown if cell is not None]
    assert amounts(cell for part in plan_parts(outputs["markdown"]) for cell in part) == known
    assert amounts(page.marked["gain"])[: len(known)] == known
    total = sum(known, D(0))
    assert dollars(page.marked["total"][-1]) == total
    assert f"**Total, each dollar counted once: ${total:,}**" in outputs["markdown"]
    plan = outputs["text"][outputs["text"].index("\nPlan") : outputs["text"].index("\nStep ")]
    assert amounts(re.findall(r"^ +\d+  \S.*? {2,}(<?\$[\d.,]+)", plan, flags=re.MULTILINE)) == known
    assert re.search(rf"total +\${re.escape(f'{total:,}')}\b", plan)


def plan_parts(text: str) -> list[list[str]]:
    """The column Saves of each part of the Markdown plan."""
    plan = text[text.index("## Plan") :]
    titles = re.findall(r"^### (?:Sure|Time only|Likely.*)$", plan, flags=re.MULTILINE)
    return [[c for c in markdown_column(plan, title, "Saves") if not c.startswith("**")] for title in titles]


@pytest.mark.parametrize("what", ["spend_usd", "cost_per_successful_outcome_usd"])
def test_the_headline_in_dollars(what: str, report: Report, outputs: dict[str, str], page: Words) -> None:
    exact = getattr(report.headline, what)
    assert json.loads(outputs["json"])["headline"][what] == float(exact)
    for name in ("text", "markdown"):
        assert usd(exact) in outputs[name]
    assert usd(exact) in page.marked["kpis"]


def test_the_headline_in_time(report: Report, outputs: dict[str, str], page: Words) -> None:
    live = report.headline.interactive
    data = json.loads(outputs["json"])["headline"]["interactive"]
    said = " ".join(page.marked["kpis"])
    for quantile in ("p50_ms", "p95_ms", "p99_ms"):
        value = getattr(live, quantile)
        assert data[quantile] == pytest.approx(value)
        for text in (outputs["text"], outputs["markdown"], said):
            assert ms(value) in text, quantile
    assert report.headline.verdict.partition(". ")[0] in outputs["text"].replace("\n  ", " ")
    assert "".join(page.marked["verdict-title"]).rstrip(".") == report.headline.verdict.partition(". ")[0]


Rows = Callable[[Report], list[Any]]


@pytest.mark.parametrize(
    ("heading", "table", "rows"),
    [
        ("## Spend by model", "models-data", lambda r: r.spend.by_model),
        ("## Spend by workload", "workloads-data", lambda r: r.spend.by_workload),
    ],
)
def test_spend(heading: str, table: str, rows: Rows, report: Report, outputs: dict[str, str], page: Words) -> None:
    spends = [row.spend_usd for row in rows(report)]
    shown = allocate(spends, places_in_tables(report.headline.spend_usd))
    assert [dollars(cell) for cell in markdown_column(outputs["markdown"], heading, "Spend")] == shown
    head, *body = page.tables[table]
    at = head.index("Spend")
    assert [dollars(row[at]) for row in body[: len(shown)]] == shown
    assert dollars(body[-1][at]) == sum(cell for cell in shown if cell is not None)
    section = outputs["text"][outputs["text"].index(heading.removeprefix("## ")) :]
    for cell in shown:
        assert not cell or f"${cell:,}" in section
    kind = heading.removeprefix("## Spend ").replace(" ", "_")
    assert [row["spend_usd"] for row in json.loads(outputs["json"])["spend"][kind]] == [None if s is None else float(s) for s in spends]
    assert sum(s for s in spends if s is not None) == report.headline.spend_usd


def test_findings(report: Report, outputs: dict[str, str], page: Words) -> None:
    cells = allocate([f.counted_once_usd for f in report.findings], places_in_tables(report.headline.spend_usd))
    shown = sorted(cell for cell in cells if cell is not None)
    column = markdown_column(outputs["markdown"], "## Findings", "Counted once")
    assert sorted(amounts(column)) == shown
    opened = page.marked["findings"]
    once = [m[1] for text in opened if (m := re.fullmatch(r"(<?\$[\d.,]+) counted once; .*", text))]
    assert sorted(amounts(once)) == shown
    assert sorted(f["counted_once_usd"] for f in json.loads(outputs["json"])["findings"] if f["counted_once_usd"] is not None) == sorted(
        float(f.counted_once_usd) for f in report.findings if f.counted_once_usd is not None
    )
    assert len(re.findall(r'<details class="finding"', outputs["html"])) == len(report.findings) == len(column)
