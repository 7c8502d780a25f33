"""README's page for finance is run, from its config to the closed month."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal as D
from pathlib import Path

import openpyxl
import polars as pl
import pytest

import finance_logs as fin
import invoices as inv
from infercheck import cli
from infercheck.model.reconciliation import Reconciliation
from logs import write

README = Path(__file__).resolve().parents[1] / "README.md"


def page() -> str:
    found = re.search(r"<!-- finance -->(.*?)<!-- /finance -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_page_leads_from_a_log_to_a_closed_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = re.search(r"```toml\n(.*?)```", page(), re.DOTALL)
    assert config
    (tmp_path / "infercheck.toml").write_text(config[1], encoding="utf-8")
    assert cli.run(["config", "validate"]) == 0
    assert "commitment throughput-1" in capsys.readouterr().out.replace("\n", " ")

    rows, tokens = fin.month()
    (tmp_path / "logs").mkdir()
    write(tmp_path / "logs" / "november.jsonl", rows)
    discount = {key: D(9) * n / 1_000_000 for key, n in tokens.items() if key[2] == "gpt-4o" and key[3] == "output" and key[1].day >= 16}
    bill = {key: (n, discount.get(key, fin.list_cost(key, n))) for key, n in tokens.items()}
    inv.openai_costs(tmp_path / "openai-costs.json", bill)
    inv.openai_usage(tmp_path / "openai-usage.json", bill)
    inv.aws_cur(tmp_path / "aws-cur.csv", bill)
    inv.anthropic_costs(tmp_path / "anthropic-costs.json", bill)

    commands = [shlex.split(line) for line in re.findall(r"^    infercheck (.*)$", page(), re.MULTILINE)]
    assert [command[0] for command in commands] == ["reconcile", "export", "export", "export"]
    # The page reconciles OpenAI and AWS; Anthropic's calls are on no invoice there, so the month does not close.
    assert cli.run(commands[0]) == 1
    open_month = Reconciliation.model_validate_json((tmp_path / "november.json").read_text())
    assert {line.kind for line in open_month.lines if line.provider != "anthropic"} == {"matched"}
    assert {line.kind for line in open_month.lines if line.provider == "anthropic"} == {"log_only"}
    for command in commands[1:]:
        assert cli.run(command) == 0, capsys.readouterr().err

    owed = pl.read_csv(tmp_path / "chargeback.csv", infer_schema=False)
    focus = pl.read_parquet(tmp_path / "focus.parquet")
    for column, name in (("billed_cost", "BilledCost"), ("effective_cost", "EffectiveCost"), ("list_cost", "ListCost")):
        of = focus.filter(ChargeCategory="Usage") if name == "ListCost" else focus  # a purchase has no tokens
        assert sum(map(D, owed.get_column(column).drop_nulls())) == D(of.get_column(name).sum())
    covered = focus.filter(pl.col("CommitmentDiscountStatus") == "Used").get_column("x_ReportedCost").sum()
    usage = focus.filter(pl.col("ChargeCategory") == "Usage")
    assert D(usage.get_column("BilledCost").sum()) + D(usage.get_column("x_CreditApplied").sum()) + D(covered) == sum(
        usd for _, usd in bill.values()
    )
    assert D(usage.filter(pl.col("CommitmentDiscountId") == "throughput-1").get_column("EffectiveCost").sum()) == 30
    assert openpyxl.load_workbook(tmp_path / "november.xlsx")["Chargeback"].max_row > 3


def test_the_page_does_not_claim_more_than_was_checked() -> None:
    text = README.read_text(encoding="utf-8").lower()
    assert "conformant" not in text
    assert "578 rules" in text
    assert "one\nfails and always does" in text
