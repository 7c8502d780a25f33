"""A log whose models, teams, tags, keys and workloads are attacks: read, diagnosed and printed in every format, it does no harm.

Each format is judged by a reader of its own: a Markdown parser, a spreadsheet library, an HTML and an XML parser, the width of a terminal.
"""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len

import days
import logs
from infercheck import Analysis, AnalyzeOptions, api, gate, render
from infercheck.cli._frames import as_csv
from infercheck.model.gate import GateReport
from infercheck.render import Style
from infercheck.render import gate as gates

LONG = 10_000
NAMES = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "link": "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "pipes": "a | b `code` ``` **bold** _it_ ~~s~~ $x$",
    "comment": "<!-- --> ]]> &lt;b&gt; <details open>",
    "heading": "# heading",
    "mention": "@everyone #1 GH-1 https://evil.example www.evil.example",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(1)",
    "tab": "\t=1+1",
    "wide": "＝1+1",
    "escape": "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b2J",
    "markup": "[bold red]x[/] [link=http://evil.example]y[/link]",
    "rtl": "\u202egnp.exe\u2066\u200b\ufeff",
    "lines": "one\ntwo\r\nthree\x00\x0b\u2028four",
    "workflow": "::error file=x,line=1::owned%0A::set-output name=a::b",
    "template": "{{7*7}} ${x} {% raw %} %s {0}",
    "marks": "Z" + "\u0301" * 400,
    "long": "n" * LONG,
    "long words": "word " * (LONG // 5),
}
OPTIONS = AnalyzeOptions(use_ledger=False)
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
A_DAY = 3.0  # dollars that each name spends: more than a new stratum may


def rows(first: int, count: int) -> list[dict[str, Any]]:
    """Every day, every name asks the same thing twice, as a workload, a team, a key and a model."""
    made = []
    for number, name in enumerate(NAMES.values()):
        for day in range(first, first + count):
            for again in range(2):
                at = (days.MONDAY - logs.START).total_seconds() + day * 86_400 + number * 600 + again * 60
                call = logs.call(day * 100 + number * 2 + again, at_s=at, app=name, question="Who is there?", temperature=0)
                call |= {
                    "id": f"c-{day}-{number}-{again}",
                    "litellm_call_id": f"l-{day}-{number}-{again}",
                    "trace_id": f"t-{day}-{number}-{again}",
                }
                call["metadata"] = call["metadata"] | {"user_api_key_alias": name, "user_api_key_team_alias": name, "user_agent": name}
                made.append(call | {"model": f"openai/{name}", "model_group": name, "model_id": name, "response_cost": A_DAY / 2})
    return made


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logs.write(tmp_path_factory.mktemp("hostile") / "head.jsonl", [*days.rows(7, 7), *rows(7, 7)])


@pytest.fixture(scope="module")
def report(log: Path) -> Analysis:
    return api.analyze(log, options=OPTIONS)


@pytest.fixture(scope="module")
def compared(log: Path) -> GateReport:
    base = days.write(log.with_name("base.jsonl"), 0, 7)
    return api.diff(base, log, gate.GateOptions(today=days.MONDAY.date()), options=OPTIONS)


def test_the_log_is_read_and_has_findings(report: Analysis, compared: GateReport) -> None:
    assert report.coverage.rejects == 0
    assert report.coverage.attempts == 7 * (3 * 20 + 2 * len(NAMES))
    assert (
        len([f for f in report.findings if f.rule == "duplicate_request"]) >= len(NAMES) - 2
    )  # names that are empty once cleaned may fall together
    assert len([c for c in compared.checks if c.verdict == "fail"]) >= len(NAMES) - 2


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("unicode", [False, True])
@pytest.mark.parametrize("width", [80, 120])
def test_text(width: int, unicode: bool, verbose: bool, report: Analysis, compared: GateReport) -> None:
    style = Style(width=width, unicode=unicode, verbose=verbose)
    for drawn in (str(render.get("text").render(report, style)), str(gates.get("text").render(compared, style))):
        assert not CONTROLS.search(drawn)
        assert max(map(cell_len, drawn.splitlines())) <= width
        assert len(drawn) < 200_000  # no name of 10,000 characters fills the screen
    colored = str(render.get("text").render(report, Style(color=True)))
    assert not CONTROLS.search(re.sub(r"\x1b\[[\d;]*m", "", colored))
    assert "[bold red]x[/]" in re.sub(r"\x1b\[[\d;]*m", "", colored)  # markup is text


HARMLESS = {"heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item", "strong"}


@pytest.mark.parametrize("kind", ["report", "gate"])
def test_markdown(kind: str, report: Analysis, compared: GateReport) -> None:
    drawn = str(render.get("markdown").render(report) if kind == "report" else gates.get("markdown").render(compared))
    assert not CONTROLS.search(drawn)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(drawn.removeprefix("<!-- infercheck-gate -->"))
    headings: list[str] = []
    for index, token in enumerate(tokens):
        name = token.type.removesuffix("_open").removesuffix("_close")
        folded = token.type == "html_block" and re.fullmatch(r"<details><summary>[\w ()$.,:]+</summary>\s*|</details>\s*", token.content)
        assert folded or name in HARMLESS | {"inline"}, (token.type, token.content[:200])
        if token.type == "heading_open":
            headings.append(tokens[index + 1].content)
        for child in token.children or ():
            assert child.type in {"text", "code_inline", "strong_open", "strong_close", "softbreak", "text_special"}, (
                child.type,
                child.content,
            )
            assert child.type == "code_inline" or not re.search(r"(?<![\w.])@\w|\bhttps?://|\bwww\.|(?<!\w)#\d|GH-\d", child.content), (
                child.content
            )
    assert not [title for title in headings if "heading" in title]
    for row in (line for line in drawn.splitlines() if line.startswith("|")):
        assert len(row) < 6_000


def test_the_cells_of_markdown_tables_stay_in_their_columns(report: Analysis) -> None:
    parser = MarkdownIt("commonmark").enable("table")
    widths: list[int] = []
    cells = 0
    for token in parser.parse(str(render.get("markdown").render(report))):
        if token.type in ("th_open", "td_open"):
            cells += 1
        elif token.type == "tr_close":
            widths.append(cells)
            cells = 0
        elif token.type == "table_close":
            assert len(set(widths)) == 1
            widths = []


def as_exported(kind: str, report: Analysis, log: Path) -> str:
    if kind == "plan":
        return str(render.get("csv").render(report))
    frame = {"calls": report.calls, "claims": report.claims}.get(kind) or (lambda: api.export_chargeback(log, options=OPTIONS))
    return as_csv(frame()).decode()


@pytest.mark.parametrize("kind", ["plan", "calls", "claims", "chargeback"])
def test_csv(kind: str, report: Analysis, log: Path) -> None:
    table = list(csv.reader(io.StringIO(as_exported(kind, report, log))))
    assert len(table) > len(NAMES) - 3
    assert len({len(row) for row in table}) == 1
    for cell in (cell for row in table for cell in row):
        assert not CONTROLS.search(cell)
        assert not re.match(r"[\s\x00]*[=+\-@＝＋－＠]", cell) or re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell), cell[:80]


def test_excel(log: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(api.export_excel(log, options=OPTIONS)))
    seen = ""
    for sheet in book:
        assert not CONTROLS.search(sheet.title)
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.hyperlink is None
                if cell.data_type == "f":  # the workbook's own totals are formulas; none holds a word of the log
                    assert re.fullmatch(r"=SUM\([A-Z]+\d+:[A-Z]+\d+\)|=[A-Z]+\d+([-+][A-Z]+\d+)*", str(cell.value)), cell.value
                elif isinstance(cell.value, str):
                    assert not CONTROLS.search(cell.value)
                    assert len(cell.value) <= 32_767  # what a cell can hold
                    seen += cell.value
    assert "HYPERLINK" in seen


class Tags(HTMLParser):
    """Tags, attributes and their values."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_a_notebook(report: Analysis) -> None:
    drawn = report._repr_html_()
    read = Tags()
    read.feed(drawn)
    assert not CONTROLS.search(drawn)
    assert read.tags <= {"div", "p", "b", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert read.attributes <= {"class", "style", "scope"}
    assert len(drawn) < 60_000


def test_github(compared: GateReport) -> None:
    drawn = str(gates.get("github").render(compared))
    assert not CONTROLS.search(drawn)
    lines = drawn.splitlines()
    assert len(lines) <= 31  # ten of each kind, and the outcome: no name began a line of its own
    for line in lines[:-1]:
        found = re.fullmatch(r"::(error|warning|notice) (file=[^,:]*,line=\d+,)?title=([^,:]*)::(.*)", line)
        assert found, line[:200]
        assert len(line) < 3_000
    assert lines[-1].startswith("Gate failed")


def test_junit(compared: GateReport) -> None:
    drawn = gates.get("junit").render(compared)
    assert isinstance(drawn, bytes)
    tree = ET.fromstring(drawn)  # noqa: S314 -- made here
    assert {element.tag for element in tree.iter()} <= {"testsuites", "testsuite", "testcase", "failure", "skipped", "system-out"}
    assert not CONTROLS.search(drawn.decode())
    assert len(list(tree.iter("testcase"))) == len(compared.checks)


@pytest.mark.parametrize("name", ["sarif", "gitlab", "json"])
def test_json_formats(name: str, compared: GateReport, report: Analysis) -> None:
    for drawn in (str(gates.get(name).render(compared)), *([str(render.get(name).render(report))] if name == "json" else [])):
        assert not CONTROLS.search(drawn)
        json.loads(drawn)
    if name == "sarif":
        for result in json.loads(str(gates.get(name).render(compared)))["runs"][0]["results"]:
            assert not re.search(r"(?<!\\)[\[\]]", result["message"]["text"]), "SARIF viewers make links of these"
            assert len(result["message"]["text"]) < 5_000
