"""A log that names a model, a workload and a team a call: the report is cut, and rows and rest still add up to the cent."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infercheck import Analysis, AnalyzeOptions, analyze, render
from infercheck.api import query
from infercheck.cli import build
from infercheck.model.more import MOST_ROWS, More

NAMES = MOST_ROWS + 500
RULE = """/*---
title = "Every call is one too many"
why = "It is a test."
fix = "caching"
grade = "structural"
needs = ["model"]
false_positives = "All of them."
[[example]]
name = "one"
calls = '''
call_id  workload
a        w
'''
claims = '''
call_id  drop
a        true
'''
[[example]]
name = "none"
calls = '''
call_id  workload
'''
claims = ""
---*/
SELECT call_id, workload AS subject, TRUE AS drop FROM priced_calls
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Call n costs n + 1 hundred-thousandths of a dollar, and half a nano-dollar."""
    path = tmp_path_factory.mktemp("names") / "calls.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(
            "source_call_id,started_at,ended_at,status,provider,model,deployment,app,team,input_tokens,output_tokens,logged_cost,logged_currency\n"
        )
        for n in range(NAMES):
            out.write(
                f"c{n},2026-11-03 09:{n // 60 % 60:02}:{n % 60:02},2026-11-03 10:00:00,ok,openai,model-{n},d-{n},app-{n},team-{n},10,5,"
                f"{Decimal(n + 1).scaleb(-5) + Decimal('0.0000000005')},{'USD' if n % 50 else f'X{n}'}\n"
            )
    return path


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules") / "2_waste"
    folder.mkdir()
    (folder / "one_too_many.sql").write_text(RULE, encoding="utf-8")
    return folder.parent


@pytest.fixture(scope="module")
def report(log: Path, rules: Path) -> Analysis:
    return analyze(log, options=AnalyzeOptions(use_ledger=False, rules=(rules,), select=("one_too_many",)))


def _cost(n: int) -> Decimal:
    return Decimal(n + 1).scaleb(-5) + Decimal("0.0000000005")


BILLED = [n for n in range(NAMES) if n % 50]  # the others are in a currency without a rate


def test_the_dearest_are_listed_and_the_rest_sums_up(report: Analysis) -> None:
    assert report.headline.spend_usd == sum(map(_cost, BILLED))
    for part, key in (("by_model", "model"), ("by_workload", "workload"), ("by_team", "team")):
        rows, more = getattr(report.spend, part), report.spend.more[part]  # type: ignore[index]
        assert len(rows) == MOST_ROWS, part
        assert getattr(rows[0], key).endswith(f"-{NAMES - 1}"), part
        left = BILLED[: len(BILLED) - MOST_ROWS]
        assert more == More(rows=NAMES - MOST_ROWS, calls=NAMES - MOST_ROWS, usd=sum(map(_cost, left))), part
        assert sum(row.calls for row in rows) + (more.calls or 0) == NAMES
        assert sum(row.spend_usd for row in rows) + more.usd == report.headline.spend_usd, part
    assert len(report.latency.by_model) == MOST_ROWS
    assert report.latency.more["by_model"] == More(rows=NAMES - MOST_ROWS, calls=NAMES - MOST_ROWS)


def test_findings_and_plan_are_cut_and_their_total_is_not(report: Analysis) -> None:
    assert len(report.findings) == len(report.plan) == MOST_ROWS
    assert report.more["findings"].rows == NAMES - MOST_ROWS
    kept = sum(item.saves_usd or 0 for item in report.plan)
    assert report.more["plan"].rows == len(BILLED) - MOST_ROWS + NAMES - len(BILLED)
    assert kept + (report.more["plan"].usd or 0) == report.plan_total_usd == report.headline.spend_usd
    assert report.headline.addressable_usd.structural == report.headline.spend_usd
    parts = {part.part: part.sure_usd for part in report.headline.spend_parts}
    assert parts["caching"] == report.headline.spend_usd
    assert sum(parts.values()) == report.headline.spend_usd


def test_names_without_a_price_and_currencies_are_counted(report: Analysis) -> None:
    assert report.coverage.unpriced_currency_calls == len(report.coverage.currencies) - 1 == NAMES // 50
    assert "unpriced_models" not in report.coverage.more  # their calls have a price, in a currency without a rate


def test_every_output_says_how_many_more_and_shows_the_whole_total(report: Analysis) -> None:
    whole = f"${report.headline.spend_usd:.4f}"
    texts = {name: render.get(name).render(report, render.Style(verbose=True)) for name in ("text", "markdown", "csv", "json")}
    for name in ("text", "markdown"):
        drawn = str(texts[name])
        assert drawn.count("nd 500 more") >= 2, name
        assert whole[:6] in drawn, name
    *_, last = csv.reader(io.StringIO(str(texts["csv"])))
    assert "more: infercheck export claims" in " ".join(last)
    rows = list(csv.DictReader(io.StringIO(str(texts["csv"]))))
    assert sum(Decimal(row["saves_usd"] or 0) for row in rows) == report.plan_total_usd
    assert json.loads(str(texts["json"]))["spend"]["more"]["by_model"]["rows"] == NAMES - MOST_ROWS
    assert report._repr_html_().count("and 1,490 more") == 2  # of plan and spend, beside the ten of each that are shown
    assert f"{NAMES:,} findings" in repr(report)


def test_a_query_and_an_export_reach_every_name(log: Path, rules: Path, tmp_path: Path) -> None:
    options = AnalyzeOptions(use_ledger=False)
    found = query(log, "SELECT model, sum(billed_usd) AS usd FROM priced_calls GROUP BY model", options=options)
    assert found.height == NAMES
    out = tmp_path / "chargeback.csv"
    ran = CliRunner().invoke(build(), ["export", "chargeback", str(log), "--no-ledger", "-o", str(out)])
    assert ran.exit_code == 0, ran.output
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert {row["team"] for row in rows} == {f"team-{n}" for n in range(NAMES)}


def test_strict_counts_what_is_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "unpriced.csv"
    lines = [f"c{n},2026-11-03 09:00:00,ok,nobody,unheard-of-{n},10,5\n" for n in range(NAMES)]
    path.write_text("source_call_id,started_at,status,provider,model,input_tokens,output_tokens\n" + "".join(lines), encoding="utf-8")
    ran = CliRunner().invoke(build(), ["export", "chargeback", str(path), "--no-ledger", "-o", str(tmp_path / "owed.csv")])
    assert f"and {NAMES - 20:,} more" in ran.output
    ran = CliRunner().invoke(build(), ["analyze", str(path), "--no-ledger", "--strict", "-o", str(tmp_path / "out")])
    assert ran.exit_code != 0
    assert f"{NAMES:,} models without a price" in str(ran.exception)
    assert f"and {NAMES - 5:,} more" in " ".join((tmp_path / "out").read_text("utf-8").split())
