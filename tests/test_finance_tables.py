"""Chargeback and workbook: they add up to the report, and nothing from the log runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

import finance_logs as fin
import infercheck
from infercheck import AnalyzeOptions, cli
from infercheck.cli import _frames
from infercheck.cli._frames import as_csv, as_exact_csv
from infercheck.finance import focus_checks
from infercheck.finance.chargeback import COSTS, UNALLOCATED
from logs import call, failed, write

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "sample_logs" / "demo"
ALONE = AnalyzeOptions(use_ledger=False)
HOSTILE = ("=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "\uff1d1+1", '=HYPERLINK("http://x")')


def priced(folder: Path, extra: str = "") -> AnalyzeOptions:
    path = folder / "infercheck.toml"
    path.write_text(extra, encoding="utf-8")
    return AnalyzeOptions(use_ledger=False, config=path)


def test_the_chargeback_adds_up_to_the_report() -> None:
    report = infercheck.analyze([DEMO], options=ALONE)
    owed = infercheck.export_chargeback([DEMO], options=ALONE)
    for name in COSTS:
        assert D(owed.get_column(name).sum()) == report.headline.spend_usd
    counts = {name: owed.get_column(name).sum() for name in ("attempts", "requests", "successes")}
    assert counts == {
        "attempts": report.coverage.attempts,
        "requests": report.coverage.requests,
        "successes": report.headline.successful_outcomes,
    }
    unknown = owed.filter(pl.col("cost_basis") == "unknown")  # a model without a price is seen, at no price
    assert unknown.select("model", "effective_cost", "unpriced_calls").rows() == [("Qwen/Qwen2.5-7B-Instruct", None, 41)]


def test_a_team_pays_for_its_failures_and_what_nobody_claims_is_said(tmp_path: Path) -> None:
    first = fin.row(1, "openai/gpt-4o", fin.FIRST, fin.Used(1000, 0, 0, 100), team="search", cost="0.5")
    refused = failed(fin.row(2, "openai/gpt-4o", fin.FIRST, fin.Used(10, 0, 0, 10), team="search", second=5)) | {
        "response_cost": 0.25,
        "prompt_tokens": 10,
    }
    nobody = fin.row(3, "openai/gpt-4o-mini", fin.FIRST, fin.Used(1000, 0, 0, 100), team="", cost="0.125")
    cut = fin.row(4, "openai/gpt-4o", fin.FIRST, fin.Used(10, 0, 0, 10), team="support", cost="0.0625", second=9)
    cut["response"] = {"choices": [{"finish_reason": "length", "message": {"role": "assistant", "content": "and so"}}]}
    log = write(tmp_path / "l.jsonl", [first, refused, nobody, cut])
    owed = infercheck.export_chargeback([log], options=priced(tmp_path, '[[team]]\nname = "search"\ncost_centre = "CC-7"\n'))
    assert owed.select("team", "cost_centre", "effective_cost", "requests", "successes", "cost_per_success").rows() == [
        ("search", "CC-7", D("0.75"), 2, 1, D("0.75")),
        ("support", None, D("0.0625"), 1, 0, None),
        (UNALLOCATED, None, D("0.125"), 1, 1, D("0.125")),
    ]


def test_commitments_and_credits_are_in_the_chargeback(tmp_path: Path) -> None:
    day = f"from = {fin.FIRST}\nuntil = 2026-11-02\n"
    config = (
        '[[commitment]]\nname = "ptu"\nprovider = "openai"\nmatch = {team = "search"}\nteam = "platform"\nusd = 24\ntokens_per_minute = 1\n'
    )
    config += day
    config += f'[[credit]]\nname = "top-up"\nprovider = "bedrock"\nusd = 5\n{day}'
    calls = [
        fin.row(1, "openai/gpt-4o", fin.FIRST, fin.Used(300, 0, 0, 60), team="search"),
        fin.row(2, "bedrock/amazon.nova-pro-v1:0", fin.FIRST, fin.Used(1_000_000, 0, 0, 100_000), team="support"),
    ]
    owed = infercheck.export_chargeback([write(tmp_path / "l.jsonl", calls)], options=priced(tmp_path, config))
    rows = owed.select("team", "model", "billed_cost", "effective_cost").rows()
    assert rows == [
        ("platform", "purchase of ptu", D(24), D(0)),
        ("platform", "unused: ptu", D(0), D(18)),  # 360 of 1,440 tokens used
        ("search", "gpt-4o", D(0), D(6)),
        ("support", "amazon.nova-pro-v1:0", D(0), D("1.12")),
        (UNALLOCATED, "purchase of top-up", D(5), D(0)),
        (UNALLOCATED, "unused: top-up", D(0), D("3.88")),
    ]
    assert D(owed.get_column("billed_cost").sum()) == D(owed.get_column("effective_cost").sum())
    tokens = [("openai", "gpt-4o", "input", 300), ("openai", "gpt-4o", "output", 60)]
    tokens += [("bedrock", "amazon.nova-pro-v1:0", "input", 1_000_000), ("bedrock", "amazon.nova-pro-v1:0", "output", 100_000)]
    worth = sum(fin.list_cost((provider, fin.FIRST, model, meter), n) for provider, model, meter, n in tokens)
    assert D(owed.get_column("list_cost").sum()) == D(owed.get_column("contracted_cost").sum()) == worth  # a purchase has no tokens


def hostile(folder: Path) -> Path:
    rows = []
    for n, text in enumerate(HOSTILE):
        line = fin.row(n, "openai/gpt-4o", fin.FIRST, fin.Used(2000, 0, 0, 5), team=text, cost="0.01", second=n * 60)
        line["metadata"] |= {"user_api_key_alias": text}
        line |= {"model_group": text, "request_tags": [f"app:{text}"]}
        rows += [
            line,
            {
                **line,
                "id": f"again-{n}",
                "litellm_call_id": f"again-{n}",
                "startTime": line["startTime"] + 9,
                "endTime": line["endTime"] + 9,
            },
        ]
    return write(folder / "hostile.jsonl", rows)


def test_csv_for_spreadsheets_runs_nothing_and_focus_is_untouched(tmp_path: Path) -> None:
    log = hostile(tmp_path)
    owed = list(csv.DictReader(io.StringIO(as_csv(infercheck.export_chargeback([log], options=ALONE)).decode())))
    assert len(owed) == len(HOSTILE)
    for line in owed:
        for name in ("team", "api_key_alias"):
            assert line[name][:1] not in "=+-@\t\r\n\x00\uff1d", line[name]
            assert line[name].startswith("'"), line[name]
    focus = infercheck.export_focus([log], options=ALONE)
    teams = set(focus.get_column("x_Team"))
    assert teams == set(HOSTILE)
    read = csv.DictReader(io.StringIO(as_exact_csv(focus).decode(), newline=""))
    assert {line["x_Team"] for line in read} == teams


def test_negative_amounts_stay_numbers_and_negative_text_does_not() -> None:
    frame = pl.DataFrame(
        {"text": ["-5", "ok"], "credit": [D("-5.00"), D("0.000000000001")]}, schema_overrides={"credit": pl.Decimal(38, 12)}
    )
    assert as_csv(frame).decode().splitlines() == ["text,credit", "'-5,-5.000000000000", "ok,0.000000000001"]


def workbook(paths: list[Path], options: AnalyzeOptions = ALONE) -> Any:
    return openpyxl.load_workbook(io.BytesIO(infercheck.export_excel(paths, options=options)))


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    book = workbook([hostile(tmp_path)])
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    texts = {cell.value for cell in cells if cell.data_type == "s"}
    assert "'@SUM(A1)" in texts
    assert not [text for text in texts if text[:1] in "=+-@\t\r\n"]
    raw = infercheck.export_excel([hostile(tmp_path)], options=ALONE)
    import zipfile

    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        assert not [name for name in parts.namelist() if b"<f>" in parts.read(name) and "worksheets" in name]


def test_the_workbook_holds_the_report_and_its_columns_add_up() -> None:
    report = infercheck.analyze([DEMO], options=ALONE)
    book = workbook([DEMO])
    assert book.sheetnames == ["Summary", "Plan", "Chargeback", "Chargeback by day", "Findings"]
    summary = {row[0]: row[1] for row in book["Summary"].iter_rows(max_col=2, values_only=True)}
    assert summary["spend USD"] == 9.5794
    assert summary["successful outcomes"] == report.headline.successful_outcomes
    assert any("Qwen" in str(row[1]) for row in book["Summary"].iter_rows(max_col=2, values_only=True) if row[0] == "note")
    assert len(book["Summary"]._charts) == 1
    plan = list(book["Plan"].iter_rows(min_row=2, values_only=True))
    assert [row[2] for row in plan[:-1]] == [item.what for item in report.plan]
    assert round(sum(row[3] for row in plan[:-1]), 4) == plan[-1][3] == round(float(report.plan_total_usd or 0), 4)
    for name in ("Chargeback", "Chargeback by day"):
        rows = list(book[name].iter_rows(values_only=True))
        column = rows[0].index("effective cost")
        assert round(sum(row[column] or 0 for row in rows[1:-1]), 4) == rows[-1][column] == 9.5794
    money = book["Chargeback"].cell(2, 4)
    assert (money.data_type, money.number_format) == ("n", "#,##0.0000")


def test_the_same_log_gives_the_same_workbook() -> None:
    assert infercheck.export_excel([DEMO], options=ALONE) == infercheck.export_excel([DEMO], options=ALONE)


def test_the_commands_write_files_and_say_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", "excel", str(DEMO), "--no-ledger", "-o", str(tmp_path / "r.xlsx")]) == 0
    assert "note: 41 calls with 5,293 tokens have no price" in capsys.readouterr().err
    assert openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames[0] == "Summary"
    assert cli.run(["export", "chargeback", str(DEMO), "--no-ledger", "-q", "-o", str(tmp_path / "c.parquet")]) == 0
    assert capsys.readouterr().err == ""
    assert pl.read_parquet(tmp_path / "c.parquet").schema["effective_cost"] == pl.Decimal(38, 12)


@pytest.mark.parametrize("what", ["claims", "calls", "focus", "chargeback", "excel"])
@pytest.mark.parametrize("left_out", [["--since", "2027-01-01"], ["--where", "team = 'nobody'"]], ids=" ".join)
def test_an_export_of_no_call_says_why(what: str, left_out: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log.jsonl", [call(n) for n in range(3)])
    argv = ["export", what, str(log), "--no-ledger", "-o", str(tmp_path / "out")]
    assert cli.run(argv) == 0
    assert capsys.readouterr().err == ""
    assert cli.run([*argv, *left_out]) == 0
    assert capsys.readouterr().err == "infercheck: note: no call in scope: 3 left out by --month, --since, --until or --where\n"


def test_the_order_of_exported_claims_leaves_nothing_to_chance() -> None:
    claims = infercheck.analyze([DEMO], options=ALONE).claims()
    order = ["rule", "subject", "source_call_id", "call_id", "span_id", "kind", "trace_id", "fix", "saved_ms"]
    assert claims.equals(claims.sort(order, nulls_last=True))
    assert not claims.select(order).is_duplicated().any()


def test_rows_are_written_part_by_part_and_checked_over_all_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exported(what: str, name: str) -> bytes:
        assert cli.run(["export", what, str(DEMO), "--no-ledger", "-q", "-o", str(tmp_path / name)]) == 0
        return (tmp_path / name).read_bytes()

    whole = {what: exported(what, f"{what}.csv") for what in ("claims", "focus", "chargeback")}
    monkeypatch.setattr(_frames, "_PART", 7)
    monkeypatch.setattr(focus_checks, "_AT_ONCE", 5)
    assert {what: exported(what, f"{what}.parts.csv") for what in whole} == whole
    assert whole["focus"].count(b"\n") > 14
    exported("focus", "focus.parquet")
    rows = pl.read_parquet(tmp_path / "focus.parquet")
    pl.concat([rows, rows.head(1)]).write_parquet(tmp_path / "twice.parquet")
    assert focus_checks.violations_in(tmp_path / "focus.parquet") == []
    assert focus_checks.violations_in(tmp_path / "twice.parquet") == ["one meter stands twice for the same day and payer"]
