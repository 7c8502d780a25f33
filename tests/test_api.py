"""The library as a notebook uses it: the README's lines run, frames agree with the report, the summary is harmless."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import infercheck
import logs
from infercheck.analysis import PARTS
from infercheck.errors import InputError
from infercheck.render._summary import summary
from test_render import EVIL, empty, healthy, sample

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
OPTIONS = infercheck.AnalyzeOptions(use_ledger=False)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> infercheck.Analysis:
    return infercheck.analyze(logs.write(tmp_path_factory.mktemp("log") / "day.jsonl", logs.working_day()), options=OPTIONS)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_readmes_lines_run(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("infercheck.ingest.default_path", lambda: tmp_path / "ledger.duckdb")
    Path("logs").mkdir()
    logs.write(Path("logs/day.jsonl"), logs.working_day())
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 -- the very lines that a reader copies
    assert "faq-bot" in capsys.readouterr().out


def test_importing_stays_light() -> None:
    code = "import sys, infercheck; infercheck.__version__; print([m for m in ('polars', 'duckdb', 'pydantic') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_every_name_that_it_offers_is_there() -> None:
    assert all(getattr(infercheck, name) is not None for name in infercheck.__all__)
    with pytest.raises(AttributeError, match="nothing_such"):
        infercheck.nothing_such  # noqa: B018


def test_claims_and_calls_add_up_to_the_report(result: infercheck.Analysis) -> None:
    claims, calls = result.claims(), result.calls()
    assert calls.height == result.coverage.attempts
    assert calls["billed_usd"].sum() == result.headline.spend_usd
    assert claims["saved_usd"].sum() == calls["saved_usd"].sum() == result.plan_total_usd != 0
    once = {f.rule: Decimal(0) for f in result.findings}
    for finding in result.findings:
        once[finding.rule] += finding.counted_once_usd or 0
    by_rule = claims.group_by("rule").agg(pl.col("saved_usd").sum())
    assert {rule: Decimal(saved or 0) for rule, saved in by_rule.iter_rows()} == once


def test_frames_are_what_export_writes(result: infercheck.Analysis, tmp_path: Path) -> None:
    log = logs.write(tmp_path / "day.jsonl", logs.working_day())
    assert result.claims().equals(infercheck.export_claims([log], options=OPTIONS))
    assert result.calls().equals(infercheck.export_calls([log], options=OPTIONS))


@pytest.mark.parametrize("part", PARTS)
def test_a_list_of_the_report_as_a_frame(part: str, result: infercheck.Analysis) -> None:
    frame = result.frame(part)  # type: ignore[arg-type]
    told = json.loads(result.model_dump_json(by_alias=True))
    rows = told[part] if part in told else told["latency" if part == "by_hour" else "spend"][part]
    assert frame.height == len(rows)
    assert pl.Null not in frame.dtypes  # an empty or unknown column has its type all the same
    for row, entry in zip(frame.iter_rows(named=True), rows, strict=True):
        assert set(row) == set(entry)
        for name, value in entry.items():
            shown = row[name]
            if isinstance(value, dict) and isinstance(shown, str):
                assert json.loads(shown) == value
            elif not isinstance(value, dict | list):
                assert shown == value if not isinstance(shown, Decimal) else float(shown) == value


def test_an_unknown_part_names_the_known(result: infercheck.Analysis) -> None:
    with pytest.raises(ValueError, match="known: findings, plan, by_model"):
        result.frame("costs")  # type: ignore[arg-type]


def test_rows_stay_when_the_log_goes(tmp_path: Path) -> None:
    log = logs.write(tmp_path / "day.jsonl", logs.working_day())
    result = infercheck.analyze(str(log), options=infercheck.AnalyzeOptions(ledger=tmp_path / "own.duckdb"))
    log.unlink()
    (tmp_path / "own.duckdb").unlink()  # nobody holds it
    assert result.calls().height == result.model_copy().calls().height == 48


def test_one_path_need_not_be_a_list(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        infercheck.analyze("nowhere", options=OPTIONS)


def test_repr_is_one_line(result: infercheck.Analysis) -> None:
    assert re.fullmatch(r"<infercheck\.Analysis: 48 calls, \$0\.\d+, \d+ findings?, \d+ things? to do>", repr(result))


class Tags(HTMLParser):
    """Every tag and attribute of a fragment, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("report", [sample(), healthy(), empty()], ids=["sample", "healthy", "empty"])
def test_the_summary_of_a_hostile_report_is_only_text(report: infercheck.Report) -> None:
    drawn = Tags()
    drawn.feed(summary(report))
    drawn.close()
    assert drawn.open == []
    assert drawn.seen <= {"div", "p", "b", "table", "tbody", "thead", "caption", "tr", "th", "td"}
    assert drawn.attributes <= {"class", "style", "scope"}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", summary(report))
    if report.plan:
        assert "<script>" in drawn.text  # EVIL's own, as text
        assert EVIL not in summary(report)


def test_the_summary_says_what_the_report_says(result: infercheck.Analysis) -> None:
    drawn = Tags()
    drawn.feed(result._repr_html_())
    for text in ("48 calls in 1 file", "Cost per successful outcome", "Spend by model", "openai/gpt-4o", result.plan[0].what):
        assert text in drawn.text
    assert len(result._repr_html_()) < 40_000


def test_a_summary_of_long_names_stays_small() -> None:
    report = sample()
    model = report.spend.by_model[0].model_copy(update={"model": "m" * 10_000})
    item = report.plan[0].model_copy(update={"what": "w" * 10_000})
    spend = report.spend.model_copy(update={"by_model": [model] * 40})
    long = report.model_copy(update={"spend": spend, "plan": [item] * 40})
    assert len(summary(long)) < 40_000
    assert "and 30 more" in summary(long)
