"""FOCUS export: what the validator does not look at, row by row and to the last digit, against sums worked out in plain Python."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import finance_logs as fin
import infercheck
from infercheck import AnalyzeOptions, cli
from infercheck.cli._frames import as_csv, as_exact_csv
from infercheck.errors import UsageError
from infercheck.finance import commitments, focus_checks, rates
from infercheck.model.finance import Commitment
from logs import write

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "sample_logs" / "demo"
CONFIG = """
[[account]]
provider = "openai"
id = "org-1"
name = "Example Ltd"
project = "proj_search"
project_name = "Search"
match = {team = "search"}

[[account]]
provider = "openai"
id = "org-1"
name = "Example Ltd"

[[team]]
name = "search"
cost_centre = "CC-7"

[[price]]
provider = "openai"
model = "gpt-4o"
discount_percent = 12.5
from = 2026-11-10

[[price]]
provider = "openai"
model = "gpt-4o*"
discount_percent = 10
meter = "output"

[[credit]]
name = "top-up"
provider = "openai"
usd = 0.30
from = 2026-11-02
until = 2026-11-29

[[credit]]
name = "gift"
provider = "bedrock"
usd = 1000
from = 2026-10-01
until = 2026-11-20
purchased = false

[[commitment]]
name = "ptu-1"
provider = "anthropic"
match = {team = "support"}
from = 2026-10-15
until = 2026-11-25
usd = 10
payment = "monthly"
tokens_per_minute = 20
output_weight = 4
"""


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[fin.Key, int]]:
    """The log of November, and its tokens."""
    rows, tokens = fin.month()
    return write(tmp_path_factory.mktemp("month") / "log.jsonl", rows), tokens


def options(folder: Path | None = None, config: str = "", **more: Any) -> AnalyzeOptions:
    if folder is None:
        return AnalyzeOptions(use_ledger=False, config=None, **more)
    path = folder / "infercheck.toml"
    path.write_text(config, encoding="utf-8")
    return AnalyzeOptions(use_ledger=False, config=path, **more)


def table(frame: pl.DataFrame) -> list[dict[str, str]]:
    """The dataset as a reader of the CSV sees it."""
    return list(csv.DictReader(io.StringIO(as_exact_csv(frame).decode())))


def added(frame: pl.DataFrame, column: str) -> D:
    return D(frame.get_column(column).sum())


def test_sums_are_the_reports_spend_to_the_last_digit(month: tuple[Path, dict[fin.Key, int]], tmp_path: Path) -> None:
    for log in (month[0], DEMO):
        for basis in ("logged", "computed"):
            chosen = options(tmp_path, cost_basis=basis)
            spend = infercheck.analyze([log], options=chosen).headline.spend_usd
            frame = infercheck.export_focus([log], options=chosen)
            for column in ("x_ReportedCost", "BilledCost", "EffectiveCost", "PricingCurrencyEffectiveCost"):
                assert added(frame, column) == spend
            assert focus_checks.violations(frame, spend_usd=spend) == []


def test_every_meter_costs_what_plain_python_says(month: tuple[Path, dict[fin.Key, int]], tmp_path: Path) -> None:
    log, tokens = month
    found: dict[tuple[str, str, str], D] = defaultdict(D)
    consumed: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in table(infercheck.export_focus([log], options=options(tmp_path))):
        assert (
            D(line["ListUnitPrice"]) * D(line["PricingQuantity"])
            == D(line["ListCost"])
            == D(line["ContractedCost"])
            == D(line["BilledCost"])
        )
        key = (line["ChargePeriodStart"][:10], *line["SkuId"].split("/", 1)[1].rsplit("/", 1))
        found[key] += D(line["ListCost"])
        consumed[key] += int(D(line["ConsumedQuantity"]))
    expected = {(str(day), model, meter): (fin.list_cost((p, day, model, meter), n), n) for (p, day, model, meter), n in tokens.items()}
    assert {key: (found[key], consumed[key]) for key in found} == expected  # disjoint: each token once, on one meter


def test_a_configured_month_passes_its_own_checks_and_hides_no_cent(month: tuple[Path, dict[fin.Key, int]], tmp_path: Path) -> None:
    log, tokens = month
    chosen = options(tmp_path, CONFIG)
    frame = infercheck.export_focus([log], options=chosen)
    spend = infercheck.analyze([log], options=chosen).headline.spend_usd
    assert focus_checks.violations(frame, spend_usd=spend) == []
    usage = frame.filter(pl.col("ChargeCategory") == "Usage")
    covered = usage.filter(pl.col("CommitmentDiscountStatus") == "Used")
    # What is billed for usage, what credits paid and what the commitment covers is the whole spend.
    assert added(usage, "BilledCost") + added(usage, "x_CreditApplied") + added(covered, "x_ReportedCost") == spend
    assert added(frame, "ListCost") - added(frame.filter(pl.col("ChargeCategory") == "Purchase"), "ListCost") == fin.total(tokens)
    # Both discounts hold from their day on, on their meter only.
    prices = {
        (line["ChargePeriodStart"][:10], line["SkuId"]): D(line["ContractedUnitPrice"])
        for line in table(frame)
        if line["SkuId"].startswith("openai/gpt-4o/")
    }
    assert prices["2026-11-09", "openai/gpt-4o/input"] == D("2.5")
    assert prices["2026-11-10", "openai/gpt-4o/input"] == D("2.1875")
    assert prices["2026-11-09", "openai/gpt-4o/output"] == D(9)
    assert prices["2026-11-10", "openai/gpt-4o/output"] == D("7.875")


def test_accounts_teams_and_cost_centres_follow_the_config(month: tuple[Path, dict[fin.Key, int]], tmp_path: Path) -> None:
    frame = infercheck.export_focus([month[0]], options=options(tmp_path, CONFIG))
    openai = frame.filter(pl.col("ProviderName") == "OpenAI", pl.col("ChargeCategory") == "Usage")
    assert set(openai.select("BillingAccountId", "x_Team", "SubAccountId", "SubAccountName").unique().rows()) == {
        ("org-1", "search", "proj_search", "Search"),
        ("org-1", "support", None, None),
        ("org-1", None, None, None),
    }
    tags = set(openai.filter(pl.col("x_Team") == "search").get_column("Tags"))
    assert tags == {'{"team":"search","cost_centre":"CC-7","api_key_alias":"search-key"}'}
    assert set(frame.filter(pl.col("ProviderName") == "Anthropic").get_column("BillingAccountId")) == {"anthropic"}


def test_a_commitment_is_amortised_and_its_unused_part_has_a_row(month: tuple[Path, dict[fin.Key, int]], tmp_path: Path) -> None:
    frame = infercheck.export_focus([month[0]], options=options(tmp_path, CONFIG)).filter(pl.col("CommitmentDiscountId") == "ptu-1")
    days = D(10) / 41  # 15 October to 24 November
    by_day = frame.filter(pl.col("ChargeCategory") == "Usage").group_by("ChargePeriodStart").agg(pl.col("EffectiveCost").sum())
    assert by_day.height == 24
    assert all(abs(D(cost) - days) < D("1e-11") for cost in by_day.get_column("EffectiveCost"))
    used = frame.filter(pl.col("CommitmentDiscountStatus") == "Used")
    unused = frame.filter(pl.col("CommitmentDiscountStatus") == "Unused")
    assert used.height > 0
    assert unused.height > 0
    assert unused.get_column("ConsumedQuantity").null_count() == unused.height
    assert added(used, "BilledCost") == 0
    capacity = 20 * 1440
    for day in unused.get_column("ChargePeriodStart").to_list():
        weighed = D(used.filter(pl.col("ChargePeriodStart") == day).get_column("CommitmentDiscountQuantity").sum() or 0)
        spare = D(unused.filter(pl.col("ChargePeriodStart") == day).get_column("CommitmentDiscountQuantity")[0])
        assert weighed + spare == capacity
        cost = D(used.filter(pl.col("ChargePeriodStart") == day).get_column("EffectiveCost").sum() or 0)
        assert abs(cost - days * weighed / capacity) < D("1e-11")
    outputs = used.filter(pl.col("SkuMeter") == "Output Tokens")
    assert added(outputs, "CommitmentDiscountQuantity") == 4 * added(outputs, "ConsumedQuantity")
    bought = frame.filter(pl.col("ChargeCategory") == "Purchase")  # October's part fell due in October
    assert abs(added(bought, "BilledCost") - days * 24) < D("1e-11")
    assert added(bought, "EffectiveCost") == 0


@pytest.mark.parametrize(
    ("payment", "dues"), [("upfront", [date(2026, 10, 15)]), ("daily", 41), ("monthly", [date(2026, 10, 15), date(2026, 11, 1)])]
)
def test_over_its_term_a_commitment_costs_what_was_paid(
    payment: str, dues: Any, month: tuple[Path, dict[fin.Key, int]], tmp_path: Path
) -> None:
    config = CONFIG.replace('payment = "monthly"', f'payment = "{payment}"')
    from datetime import datetime

    chosen = options(tmp_path, config, since=datetime(2026, 10, 1), until=datetime(2026, 12, 1))  # noqa: DTZ001 -- UTC, as the option has it
    frame = infercheck.export_focus([month[0]], options=chosen).filter(pl.col("CommitmentDiscountId") == "ptu-1")
    bought = frame.filter(pl.col("ChargeCategory") == "Purchase")
    assert added(bought, "BilledCost") == 10
    assert added(frame.filter(pl.col("ChargeCategory") == "Usage"), "EffectiveCost") == 10
    days = sorted(d.date() for d in bought.get_column("ChargePeriodStart"))
    assert days == (dues if isinstance(dues, list) else [date(2026, 10, 15) + timedelta(days=n) for n in range(dues)])


@given(
    st.decimals(min_value="0.01", max_value="9999999", places=6),
    st.integers(min_value=1, max_value=1100),
)
def test_daily_shares_sum_to_the_price(usd: D, term: int) -> None:
    first = date(2026, 1, 1)
    plan = Commitment.model_validate(
        {"name": "p", "provider": "x", "match": {"app": "a"}, "from": first, "until": first + timedelta(days=term), "usd": usd}
    )
    assert sum(cost for _, cost in commitments.daily(plan)) == usd


def test_credits_are_drawn_in_order_of_time_and_what_is_left_is_lost(month: tuple[Path, dict[fin.Key, int]], tmp_path: Path) -> None:
    log, tokens = month
    notes: list[str] = []
    frame = infercheck.export_focus([log], options=options(tmp_path, CONFIG), on_note=notes.append)
    assert [note for note in notes if "credit" in note] == [
        "credit gift begins on 2026-10-01, before the period: what earlier calls drew is not counted. "
        "Give its balance at the start: usd, from, purchased = false"
    ]
    openai = frame.filter(pl.col("ProviderName") == "OpenAI", pl.col("ChargeCategory") == "Usage")
    assert added(openai, "x_CreditApplied") == D("0.30")
    before = openai.filter(pl.col("ChargePeriodStart").dt.date() < date(2026, 11, 2))
    assert added(before, "x_CreditApplied") == 0
    drawn = openai.filter(pl.col("x_CreditApplied") > 0)
    partly = drawn.filter(pl.col("BilledCost") > 0)
    assert partly.height <= 1  # only the row on which it ran out
    assert (drawn.get_column("x_CreditApplied") + drawn.get_column("BilledCost")).to_list() == drawn.get_column("EffectiveCost").to_list()
    last = drawn.get_column("ChargePeriodStart").max()
    assert (
        openai.filter((pl.col("ChargePeriodStart") < last) & (pl.col("ChargePeriodStart").dt.date() >= date(2026, 11, 2)))
        .get_column("BilledCost")
        .sum()
        == 0
    )
    gift = frame.filter(pl.col("CommitmentDiscountId") == "gift")
    spent = fin.total(tokens, [k for k in tokens if k[0] == "bedrock" and k[1] < date(2026, 11, 20)])
    assert gift.select("ChargeCategory", "CommitmentDiscountStatus", "BilledCost", "EffectiveCost").rows() == [
        ("Usage", "Unused", D(0), 1000 - spent)
    ]
    bought = frame.filter(pl.col("CommitmentDiscountId") == "top-up")
    assert bought.select("ChargeCategory", "BilledCost", "EffectiveCost").rows() == [("Purchase", D("0.30"), D(0))]


def test_another_billing_currency_needs_a_dated_rate(month: tuple[Path, dict[fin.Key, int]], tmp_path: Path) -> None:
    euros = CONFIG + '[finance]\nbilling_currency = "EUR"\n[[rate]]\ncurrency = "EUR"\nfrom = 2026-10-01\nusd = 1.07\n'
    euros += '[[rate]]\ncurrency = "EUR"\nfrom = 2026-11-15\nusd = 1.11\n'
    frame = infercheck.export_focus([month[0]], options=options(tmp_path, euros))
    assert set(frame.get_column("BillingCurrency")) == {"EUR"}
    assert focus_checks.violations(frame) == []
    for line in table(frame):
        rate = D("1.07") if line["ChargePeriodStart"] < "2026-11-15" else D("1.11")
        assert abs(D(line["EffectiveCost"]) - D(line["PricingCurrencyEffectiveCost"]) / rate) <= D("5e-13")
        assert D(line["ListUnitPrice"]) == (D(line["PricingCurrencyListUnitPrice"]) / rate).quantize(
            D("1e-6") if "Tokens" in line["PricingUnit"] else D("1e-12")
        )
        assert D(line["ListUnitPrice"]) * D(line["PricingQuantity"]) == D(line["ListCost"])
    with pytest.raises(UsageError, match="no rate for EUR on 2026-11-01"):
        infercheck.export_focus([month[0]], options=options(tmp_path, euros.replace("2026-10-01", "2026-11-02")))


@given(
    st.decimals(min_value=0, max_value="99999", places=12),
    st.decimals(min_value="0.000001", max_value="99999", places=6),
    st.sampled_from([6, 12]),
)
def test_currency_is_rounded_half_to_even(amount: D, rate: D, places: int) -> None:
    import decimal

    sql = rates.in_currency(f"CAST('{amount}' AS DECIMAL(38,12))", f"CAST('{rate}' AS DECIMAL(38,12))", places)
    with decimal.localcontext(prec=60):
        expected = (amount / rate).quantize(D(1).scaleb(-places), rounding=decimal.ROUND_HALF_EVEN)
    assert duckdb.sql(f"SELECT {sql}").fetchall() == [(expected,)]


def test_a_logged_cost_is_shared_among_its_meters_without_loss(tmp_path: Path) -> None:
    odd = [
        fin.row(n, "openai/gpt-4o", fin.FIRST, fin.Used(7 * n + 1, 3 * n, 0, 11), cost=f"0.{n:03d}0001234567", team=f"t{n}")
        for n in range(1, 60)
    ]
    frame = infercheck.export_focus([write(tmp_path / "l.jsonl", odd)], options=options(tmp_path))
    by_team = frame.group_by("x_Team").agg(pl.col("BilledCost").sum())
    assert dict(by_team.rows()) == {f"t{n}": D(f"0.{n:03d}000123457") for n in range(1, 60)}
    assert focus_checks.violations(frame) == []


def test_a_cost_without_a_price_is_one_row_of_its_own(tmp_path: Path) -> None:
    rows = [
        fin.row(1, "openai/my-own-model", fin.FIRST, fin.Used(100, 0, 0, 20), cost="0.75"),
        fin.row(2, "openai/my-own-model", fin.FIRST, fin.Used(100, 0, 0, 20)),  # no cost, no price: unknown, in no charge
    ]
    notes: list[str] = []
    log = write(tmp_path / "l.jsonl", rows)
    lines = table(infercheck.export_focus([log], options=options(tmp_path), on_note=notes.append))
    assert [(x["SkuMeter"], x["BilledCost"], x["ConsumedQuantity"], x["PricingUnit"], x["x_RequestCount"]) for x in lines] == [
        ("Tokens", "0.750000000000", "120.0", "Days", "1")
    ]
    assert notes == ["1 call with 120 tokens has no price and is in no charge: openai/my-own-model"]
    owed = infercheck.export_chargeback([log], options=options(tmp_path))
    assert owed.select("billed_cost", "attempts", "unpriced_calls").rows() == [(D("0.75"), 2, 1)]


# Each is one wrong row that the official validator lets pass, or would only see as a whole column.
WRONG: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "ChargeCategory": lambda _: pl.lit("Consumption"),
    "PricingCategory": lambda _: pl.lit("Spot"),
    "ChargeFrequency": lambda _: pl.lit("Monthly"),
    "SkuMeter": lambda _: pl.lit("Reasoning Tokens"),
    "ListCost": lambda c: c + D("0.000000000001"),
    "ContractedCost": lambda c: c * 2,
    "BilledCost": lambda _: pl.lit(None, dtype=pl.Decimal(38, 12)),
    "EffectiveCost": lambda c: -c,
    "ConsumedQuantity": lambda c: c + 1,
    "PricingUnit": lambda _: pl.lit("1M toks"),
    "BillingCurrency": lambda _: pl.lit("US$"),
    "ChargePeriodEnd": lambda _: pl.col("ChargePeriodStart"),
    "BillingPeriodEnd": lambda _: pl.col("BillingPeriodStart"),
    "ServiceName": lambda _: pl.lit(" "),
    "SubAccountName": lambda _: pl.lit("Search"),
    "Tags": lambda _: pl.lit('{"team":{"name":"x"}}'),
    "SkuPriceDetails": lambda _: pl.lit("not json"),
}


@pytest.mark.parametrize("column", WRONG)
def test_one_wrong_row_is_found(column: str) -> None:
    frame = infercheck.export_focus([DEMO], options=options())
    one = pl.int_range(pl.len()) == 3
    wrong = frame.with_columns(pl.when(one).then(WRONG[column](pl.col(column))).otherwise(pl.col(column)).alias(column))
    found = focus_checks.violations(wrong)
    assert any("the first is row 4" in sentence for sentence in found), found


def test_a_date_time_that_is_no_iso_8601_and_a_row_that_stands_twice_are_found(tmp_path: Path) -> None:
    frame = infercheck.export_focus([DEMO], options=options())
    assert focus_checks.violations(pl.concat([frame, frame.head(1)])) == [
        "one meter stands twice for the same day and payer: 2 of 21 rows, the first is row 1"
    ]
    path = tmp_path / "f.csv"
    path.write_bytes(as_exact_csv(frame).replace(b"2026-11-24T00:00:00Z", b"2026-11-24 00:00:00", 1))
    read = pl.read_csv(
        path,
        schema=frame.schema
        | dict.fromkeys(("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd"), pl.String()),
    )
    assert any("is not YYYY-MM-DDTHH:MM:SSZ" in sentence for sentence in focus_checks.violations(read))


def test_no_prompt_user_or_key_leaves(tmp_path: Path) -> None:
    secret, person = "sk-live-0123456789abcdef", "jane.doe@example.com"
    log = fin.row(
        1, "openai/gpt-4o", fin.FIRST, fin.Used(10, 0, 0, 10), cost="0.5", end_user=person, request_tags=[f"feature:{person}", "plan:gold"]
    )
    log["metadata"] |= {"user_api_key_alias": secret, "user_api_key_team_alias": person, "user_api_key_user_id": person}
    log["messages"] = [{"role": "user", "content": "the secret recipe"}]
    path = write(tmp_path / "l.jsonl", [log])
    config = '[finance]\ntags = ["team", "api_key_alias", "feature", "plan", "workload"]\n'
    kept = AnalyzeOptions(ledger=tmp_path / "ledger.duckdb", config=options(tmp_path, config).config)
    frame = infercheck.export_focus([path], options=kept)
    parts = [as_exact_csv(frame), as_csv(infercheck.export_chargeback([path], options=kept)), repr(frame.rows()).encode()]
    assert not [word for word in (secret, person, "recipe") if any(word.encode() in part for part in parts)]
    alias = frame.get_column("x_ApiKeyAlias")[0]
    assert alias.startswith("hash-")
    team = frame.get_column("x_Team")[0]
    tags = json.loads(frame.get_column("Tags")[0])
    assert tags.pop("workload").startswith("hash-")  # named after the key
    assert tags == {"team": team, "api_key_alias": alias, "feature": team, "plan": "gold"}
    assert infercheck.export_focus([path], options=kept).get_column("x_ApiKeyAlias")[0] == alias  # the same key next month


def test_the_output_does_not_depend_on_the_locale(tmp_path: Path) -> None:
    outputs = set()
    for name in ("C", "de_DE.UTF-8", "tr_TR.UTF-8"):
        env = {**os.environ, "LC_ALL": name, "LANG": name, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-m", "infercheck.cli", "export", "focus", str(DEMO), "--no-ledger", "-q"],
            capture_output=True,
            check=True,
            env=env,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    for line in csv.DictReader(io.StringIO(outputs.pop().decode())):  # plain notation, a point, no separator
        assert all(re.fullmatch(r"\d+\.\d+", line[name]) for name in line if name.endswith(("Cost", "Price", "PricingQuantity")))


def test_the_command_writes_csv_and_parquet(
    month: tuple[Path, dict[fin.Key, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, tokens = month
    assert cli.run(["export", "focus", str(log), "--no-ledger", "--month", "2026-11", "-o", str(tmp_path / "f.parquet")]) == 0
    frame = pl.read_parquet(tmp_path / "f.parquet")
    assert frame.schema["BilledCost"] == pl.Decimal(38, 12)
    assert frame.schema["ChargePeriodStart"] == pl.Datetime("us", "UTC")
    assert added(frame, "BilledCost") == fin.total(tokens)
    assert cli.run(["export", "focus", str(log), "--no-ledger", "--focus-version", "1.4", "-o", str(tmp_path / "f.csv")]) == 0
    head = (tmp_path / "f.csv").read_text().splitlines()[0].split(",")
    assert {"ServiceProviderName", "HostProviderName"} <= set(head)
    assert not {"ProviderName", "PublisherName"} & set(head)
    capsys.readouterr()
    for wrong in (["--focus-version", "2"], ["--month", "November"], ["--month", "2026-11", "--since", "2026-11-02"], ["--format", "xlsx"]):
        assert cli.run(["export", "focus", str(log), *wrong]) == 2, wrong


def test_golden(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    rows, _ = fin.month(days=2, per_day=4)
    log = write(tmp_path / "l.jsonl", rows)
    golden("focus.csv", as_exact_csv(infercheck.export_focus([log], options=options(tmp_path, CONFIG))).decode())
    golden("chargeback.csv", as_csv(infercheck.export_chargeback([log], options=options(tmp_path, CONFIG))).decode())
