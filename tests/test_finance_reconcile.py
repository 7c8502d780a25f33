"""Reconciliation: a month of traffic against invoices made in plain Python, and every kind of planted gap found to the cent."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import finance_logs as fin
import infercheck
import invoices as inv
from infercheck import AnalyzeOptions, cli, contracts
from infercheck.errors import InputError, UsageError
from infercheck.finance.invoices import aws_cur, openai, table
from infercheck.finance.model_match import on_invoice
from infercheck.finance.reconcile import Key, Side, compare
from infercheck.model.reconciliation import Reconciliation
from logs import write

Month = tuple[Path, dict[fin.Key, int]]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    rows, tokens = fin.month()
    return write(tmp_path_factory.mktemp("month") / "log.jsonl", rows), tokens


def papers(folder: Path, bill: inv.Bill, *, usage: bool = True, cur: str = "") -> list[Path]:
    """The invoices of all three providers, with their usage reports."""
    found = [
        inv.openai_costs(folder / "oc.json", bill),
        inv.anthropic_costs(folder / "ac.json", bill),
        inv.aws_cur(folder / "cur.csv", bill, cur),
    ]
    return found + ([inv.openai_usage(folder / "ou.json", bill), inv.anthropic_usage(folder / "au.json", bill)] if usage else [])


def run(log: Path, papers: list[Path], folder: Path, config: str = "", **more: Any) -> Reconciliation:
    path = folder / "infercheck.toml"
    path.write_text(config, encoding="utf-8")
    return infercheck.reconcile(papers, [log], options=AnalyzeOptions(use_ledger=False, config=path), **more)


def apart(result: Reconciliation) -> list[tuple[Any, ...]]:
    return [(x.provider, x.day.day, x.model, x.meter, x.kind, x.gap_usd) for x in result.lines if x.kind != "matched"]


def test_a_month_reconciles_to_the_last_digit(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    result = run(log, papers(tmp_path, inv.bill(tokens)), tmp_path)
    assert apart(result) == []
    assert result.log_usd == result.invoice_usd == fin.total(tokens)
    assert len(result.lines) == len(tokens)
    assert (result.gap_usd, result.gross_gap_usd, result.within_tolerance) == (0, 0, True)
    assert (result.start, result.end, result.invoice_ids) == (date(2026, 11, 1), date(2026, 12, 1), ["INV-9"])
    jsonschema.validate(result.model_dump(mode="json"), contracts.get("reconciliation").schema())


def test_planted_gaps_of_every_kind_are_found_to_the_cent(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    bill = inv.bill(tokens)
    k = {(key[0], key[1].day, key[2], key[3]): key for key in bill}
    variance = k["anthropic", 3, "claude-sonnet-4-5", "output"]  # billed a tenth too dear
    missing = k["openai", 4, "gpt-4o", "output"]  # on no invoice
    extra = k["openai", 5, "gpt-4o-mini", "input"]  # 1,000,000 tokens that no log saw: attempts hidden by a gateway
    less = k["bedrock", 6, "amazon.nova-pro-v1:0", "input"]  # half of it billed
    both = k["anthropic", 7, "claude-sonnet-4-5", "input"]  # 1,000 tokens more, and all at twice the price
    unknown = ("anthropic", date(2026, 11, 8), "", "web_search")
    bill[variance] = (bill[variance][0], bill[variance][1] * D("1.1"))
    logged = bill.pop(missing)[1]
    bill[extra] = (bill[extra][0] + 1_000_000, bill[extra][1] + D("0.15"))
    half = bill[less][0] // 2
    bill[less] = (half, fin.list_cost(less, half))
    bill[both] = (bill[both][0] + 1000, 2 * fin.list_cost(both, bill[both][0] + 1000))
    bill[unknown] = (0, D("1.25"))
    credit = "INV-9,2026-11-09T00:00:00Z,AmazonBedrock,Credit,USE1-NovaPro-input-tokens,0,1K tokens,-2.5,USD,Promotional credit\n"
    result = run(log, papers(tmp_path, bill, cur=credit), tmp_path)
    assert apart(result) == [
        ("anthropic", 3, "claude-sonnet-4-5", "output", "price_variance", fin.list_cost(variance, tokens[variance]) / 10),
        ("anthropic", 7, "claude-sonnet-4-5", "input", "price_variance", fin.list_cost(both, tokens[both])),
        ("anthropic", 7, "claude-sonnet-4-5", "input", "invoice_only", 2 * D("0.003")),
        ("anthropic", 8, None, "other: Claude usage - web_search", "invoice_only", D("1.25")),
        ("aws", 6, "amazon.nova-pro-v1:0", "input", "log_only", -fin.list_cost(less, tokens[less] - half)),
        ("aws", 9, None, "other: Credit Promotional credit", "invoice_only", D("-2.5")),
        ("openai", 4, "gpt-4o", "output", "log_only", -logged),
        ("openai", 5, "gpt-4o-mini", "input", "invoice_only", D("0.15")),
    ]
    gaps = [x.gap_usd for x in result.lines if x.kind != "matched" and x.gap_usd is not None]
    assert result.gross_gap_usd == sum(abs(g) for g in gaps)
    assert (
        result.gap_usd
        == sum(gaps)
        == result.invoice_usd - result.log_usd
        == sum(usd for _, usd in bill.values()) - D("2.5") - fin.total(tokens)
    )
    assert not result.within_tolerance
    # The rest of a key with a gap has matched.
    rest = {(x.day.day, x.model, x.meter): x for x in result.lines if x.kind == "matched"}
    assert rest[6, "amazon.nova-pro-v1:0", "input"].invoice_quantity == half
    assert rest[5, "gpt-4o-mini", "input"].log_usd == fin.list_cost(extra, tokens[extra])


def test_an_invoice_in_whole_cents_differs_by_roundings_only(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    cents = {key: (n, usd.quantize(D("0.01"))) for key, (n, usd) in inv.bill(tokens).items()}
    result = run(log, papers(tmp_path, cents), tmp_path)
    assert {kind for *_, kind, _ in apart(result)} == {"rounding"}
    assert all(abs(gap) <= D("0.005") for *_, gap in apart(result))
    assert result.gap_usd == sum(usd for _, usd in cents.values()) - fin.total(tokens)
    assert (result.gross_gap_usd, result.within_tolerance) == (0, True)
    key = next(key for key in cents if key[0] == "openai")
    cents[key] = (cents[key][0], cents[key][1] + D("0.01"))  # a cent more is no rounding
    result = run(log, papers(tmp_path, cents), tmp_path, tolerance=(None, D(0)))
    assert [kind for *_, kind, _ in apart(result) if kind != "rounding"] == ["price_variance"]


def test_costs_without_tokens_cannot_tell_price_from_volume(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    bill = inv.bill(tokens)
    key = next(key for key in bill if key[0] == "anthropic")
    bill[key] = (bill[key][0], bill[key][1] + 1)
    result = run(log, papers(tmp_path, bill, usage=False), tmp_path)
    assert apart(result) == [(*key[:1], key[1].day, *key[2:], "unexplained", D(1))]


def test_a_usage_report_alone_is_compared_by_tokens(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    bill = {key: (n + (1_000_000 if key[1].day == 1 and key[3] == "output" else 0), usd) for key, (n, usd) in inv.bill(tokens).items()}
    only = {key: n for key, n in tokens.items() if key[0] == "openai"}
    result = run(log, [inv.openai_usage(tmp_path / "ou.json", bill)], tmp_path)
    gaps = [line for line in result.lines if line.provider == "openai" and line.kind != "matched"]
    assert [(x.model, x.invoice_quantity, x.gap_usd, x.note) for x in gaps] == [
        ("gpt-4o", 1_000_000, D(10), "at the log's price"),
        ("gpt-4o-mini", 1_000_000, D("0.6"), "at the log's price"),
    ]
    assert {line.kind for line in result.lines if line.provider != "openai"} == {"log_only"}
    assert sum(line.log_usd or 0 for line in result.lines if line.provider == "openai") == fin.total(only)


def test_a_usage_report_beside_no_log_of_its_period_has_an_unknown_cost_and_not_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 500, "input_cached_tokens": 0, "num_model_requests": 5, "model": "gpt-4o-mini"}
    result = {"object": "organization.usage.completions.result", **usage}
    bucket = {"object": "bucket", "start_time": 1761955200, "end_time": 1762041600, "results": [result]}
    page = tmp_path / "usage.json"
    page.write_text(json.dumps({"object": "page", "data": [bucket], "has_more": False, "next_page": None}), encoding="utf-8")
    log = write(tmp_path / "log.jsonl", fin.month()[0][:20])
    assert cli.run(["reconcile", str(page), "--logs", str(log), "--no-ledger", "-q"]) == 1
    said = capsys.readouterr()
    assert "against invoice of unknown cost" in said.out
    assert "2 gaps have no price" in said.err
    assert "$0.00 are beyond" not in said.err


def test_tolerance_is_percent_or_dollars_and_sets_the_exit_code(month: Month, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, tokens = month
    bill = inv.bill(tokens)
    key = next(key for key in bill if key[0] == "openai")
    bill[key] = (bill[key][0], bill[key][1] + D("0.02"))
    files = [str(path) for path in papers(tmp_path, bill)]
    command = ["reconcile", *files, "--logs", str(log), "--no-ledger", "--config", str(tmp_path / "c.toml")]
    (tmp_path / "c.toml").write_text("[reconcile]\ntolerance_usd = 0.01\n")
    assert cli.run(command) == 1
    out, err = capsys.readouterr()
    assert "gaps of $0.02 are beyond the tolerance of $0.01" in err
    assert "price variance" in out
    assert cli.run([*command, "--tolerance", "0.02"]) == 0
    assert cli.run([*command, "--tolerance", "0.0001%"]) == 1
    assert cli.run([*command, "--tolerance", "5%", "--month", "2026-11", "-f", "json"]) == 0
    capsys.readouterr()
    assert cli.run([*command, "--tolerance", "5%", "-o", str(tmp_path / "r.json")]) == 0
    found = json.loads((tmp_path / "r.json").read_text())
    assert (found["schema_version"], found["gap_usd"], found["within_tolerance"]) == ("1.0", "0.02", True)
    assert sum(D(line["gap_usd"]) for line in found["lines"]) == D("0.02")
    assert Reconciliation.model_validate(found).gross_gap_usd == D("0.02")
    assert cli.run([*command, "--tolerance", "5%", "-o", str(tmp_path / "r.csv")]) == 0
    with (tmp_path / "r.csv").open() as file:
        assert sum(D(line["gap_usd"]) for line in csv.DictReader(file)) == D("0.02")
    for wrong in (["--tolerance", "-1"], ["--tolerance", "some"], ["--format", "xml"]):
        assert cli.run([*command, *wrong]) == 2


def test_any_csv_can_be_an_invoice(tmp_path: Path) -> None:
    config = """
[[invoice]]
name = "reseller"
provider = "=openai"
date = "Day"
date_format = "%d.%m.%Y"
model = "Service"
meter = "Meter"
meters = { "Prompt" = "input", "Completion" = "output" }
quantity = "Thousands"
tokens_per_quantity = 1000
amount = "Net"
currency = "=EUR"
invoice_id = "No"

[reconcile.models]
"Big model" = "gpt-4o"

[[rate]]
currency = "EUR"
usd = 1.25
"""
    log = write(tmp_path / "l.jsonl", [fin.row(1, "openai/gpt-4o", fin.FIRST, fin.Used(100_000, 0, 0, 10_000))])
    bill = tmp_path / "bill.csv"
    bill.write_text(
        "No,Day,Service,Meter,Thousands,Net\nR-1,01.11.2026,Big model,Prompt,100,0.20\nR-1,01.11.2026,Big model,Completion,10,0.08\n"
    )
    result = run(log, [bill], tmp_path, config)
    assert (apart(result), result.invoice_usd, result.invoice_ids) == ([], D("0.35"), ["R-1"])
    bill.write_text("No,Day,Service,Meter,Thousands,Net\nR-1,2026-11-01,Big model,Prompt,100,0.20\n")
    with pytest.raises(InputError, match=r"bill\.csv:2.*is no %d"):
        run(log, [bill], tmp_path, config)
    with pytest.raises(UsageError, match="no rate for EUR"):
        bill.write_text("No,Day,Service,Meter,Thousands,Net\nR-1,01.11.2026,Big model,Prompt,100,0.20\n")
        run(log, [bill], tmp_path, config.replace("usd = 1.25", "usd = 1.25\nfrom = 2026-12-01"))


def test_an_invoice_without_meters_is_compared_by_model(tmp_path: Path) -> None:
    config = '[[invoice]]\nname = "r"\nprovider = "who"\ndate = "day"\nmodel = "model"\namount = "usd"\nquantity = "tokens"\n'
    log = write(tmp_path / "l.jsonl", [fin.row(1, "openai/gpt-4o", fin.FIRST, fin.Used(100_000, 0, 0, 10_000))])
    bill = tmp_path / "bill.csv"
    bill.write_text("who,day,model,tokens,usd\nopenai,2026-11-01,gpt-4o-2024-08-06,110000,0.40\n")
    result = run(log, [bill], tmp_path, config)
    assert apart(result) == [("openai", 1, "gpt-4o", "tokens", "price_variance", D("0.05"))]


def test_what_a_commitment_or_credit_pays_is_not_missing_from_the_log(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    config = '[[credit]]\nname = "c"\nprovider = "openai"\nusd = 1\nfrom = 2026-11-01\n'
    config += '[[commitment]]\nname = "p"\nprovider = "anthropic"\nmatch = {model_requested = "*"}\nfrom = 2026-11-01\nuntil = 2026-12-01\nusd = 9\n'
    bill = {key: value for key, value in inv.bill(tokens).items() if key[0] != "anthropic"}  # covered calls are on no bill by the token
    files = [
        inv.openai_costs(tmp_path / "oc.json", bill),
        inv.openai_usage(tmp_path / "ou.json", bill),
        inv.aws_cur(tmp_path / "cur.csv", bill),
    ]
    assert apart(run(log, files, tmp_path, config)) == []


def test_calls_without_a_price_are_no_silent_match(tmp_path: Path) -> None:
    rows = [
        fin.row(1, "openai/some-new-model", fin.FIRST, fin.Used(1000, 0, 0, 0)),
        fin.row(2, "openai/gpt-4o", fin.FIRST, fin.Used(1000, 0, 0, 10)),
    ]
    log = write(tmp_path / "l.jsonl", rows)
    day = {"object": "bucket", "start_time": 1793491200, "results": []}
    results = [
        {"amount": {"value": 0.5, "currency": "usd"}, "line_item": "some-new-model, input", "quantity": 1000, "quantity_unit": "tokens"}
    ]
    bill = tmp_path / "oc.json"
    bill.write_text(json.dumps({"object": "page", "data": [day | {"results": results}], "has_more": False}))
    result = run(log, [bill], tmp_path)
    lines = {(x.model, x.meter): (x.kind, x.gap_usd, x.note) for x in result.lines}
    assert lines["some-new-model", "input"] == ("price_variance", D("0.5"), "1 of the log's calls have no price")
    bill.write_text(
        json.dumps({"object": "page", "data": [day | {"results": [results[0] | {"line_item": "gpt-4o, input"}]}], "has_more": False})
    )
    result = run(log, [bill], tmp_path, tolerance=(None, D(1000)))
    lines = {(x.model, x.meter): (x.kind, x.gap_usd, x.note) for x in result.lines}
    assert lines["some-new-model", "input"] == ("log_only", None, "1 of the log's calls have no price")
    assert (result.unknown_gaps, result.within_tolerance) == (1, False)  # unknown is not within any tolerance


def bucket(result: str, head: str = '"object": "bucket", "start_time": 1') -> str:
    return f'{{"data": [{{{head}, "results": [{{{result}}}]}}]}}'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"hello": 1}', "no invoice that infercheck knows"),
        ("a,b\n1,2\n", "the columns a, b"),
        (bucket('"amount": {"value": 1, "currency": "usd"}'), "group_by..=line_item"),
        (bucket('"amount": "1", "currency": "USD"', '"starting_at": "2026-11-01T00:00:00Z"'), "group_by..=description"),
        (bucket('"input_tokens": 5'), "group_by..=model"),
        (bucket('"amount": {"value": "ten"}, "line_item": "a, input"'), "'ten' is no amount"),
        ('{"data": [], "has_more": true}', "has_more"),
        ('{"data": [', "not valid JSON"),
    ],
)
def test_what_is_no_invoice_is_said_in_one_line(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "bill"
    path.write_text(content)
    with pytest.raises(InputError, match=says) as caught:
        run(tmp_path / "none.jsonl", [path], tmp_path)
    assert str(path) in str(caught.value)


def test_an_invoice_given_twice_is_refused(tmp_path: Path) -> None:
    _, tokens = fin.month(days=1)
    one = inv.openai_costs(tmp_path / "a.json", inv.bill(tokens))
    two = tmp_path / "b.json"
    two.write_bytes(one.read_bytes())
    with pytest.raises(UsageError, match="the same invoice as"):
        run(tmp_path / "none.jsonl", [one, two], tmp_path)


def test_an_invoice_format_is_one_file_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from infercheck.finance import invoices

    (tmp_path / "vendor_x.py").write_text(
        "from infercheck.finance.invoices.document import Line\n"
        "from datetime import date\nfrom decimal import Decimal\nNAME = 'Vendor X'\n"
        "def recognises(document, config): return any('vendor_x' in page for page in document.pages)\n"
        "def lines(document, config): return [Line('openai', date(2026, 11, 1), 'gpt-4o', 'output', Decimal(10), Decimal('0.0001'))]\n"
    )
    monkeypatch.setattr(invoices, "__path__", [*invoices.__path__, str(tmp_path)])
    bill = tmp_path / "x.json"
    bill.write_text('{"vendor_x": 1}')
    log = write(tmp_path / "l.jsonl", [fin.row(1, "openai/gpt-4o", fin.FIRST, fin.Used(0, 0, 0, 10))])
    assert apart(run(log, [bill], tmp_path)) == []


def test_cur_is_read_from_parquet_too(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    bill = inv.bill({key: n for key, n in tokens.items() if key[0] == "bedrock"})
    frame = pl.read_csv(inv.aws_cur(tmp_path / "cur.csv", bill), infer_schema=False)
    frame = frame.with_columns(
        pl.col("line_item_usage_start_date").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"),
        pl.col("line_item_unblended_cost", "line_item_usage_amount").cast(pl.Float64),
    )
    frame.write_parquet(tmp_path / "cur.parquet")
    result = run(log, [tmp_path / "cur.parquet"], tmp_path)
    assert {x.kind for x in result.lines if x.provider == "aws"} <= {"matched", "rounding"}


def test_ones_own_machines_are_on_no_invoice_and_a_missing_invoice_is_said(tmp_path: Path) -> None:
    rows, tokens = fin.month(days=1)
    rows.append(fin.row(99, "hosted_vllm/Qwen2.5-7B", fin.FIRST, fin.Used(100, 0, 0, 10)))
    log, bill = write(tmp_path / "l.jsonl", rows), inv.bill(tokens)
    files = [inv.openai_costs(tmp_path / "oc.json", bill), inv.aws_cur(tmp_path / "cur.csv", bill)]
    result = run(log, files, tmp_path)
    assert {(x.provider, x.kind) for x in result.lines} == {("anthropic", "log_only"), ("aws", "matched"), ("openai", "matched")}
    assert result.notes[:2] == [
        "no invoice bills hosted_vllm, which runs on machines of your own: not compared",
        "no invoice for anthropic: add it, or leave its calls out with --where",
    ]


@pytest.mark.parametrize(
    ("item", "means"),
    [
        ("gpt-4o-2024-08-06, input", ("gpt-4o-2024-08-06", "input")),
        ("gpt-4o-2024-08-06, cached input", ("gpt-4o-2024-08-06", "cache_read")),
        ("priority | gpt-5.6-sol, output, long context", ("gpt-5.6-sol", "output")),
        ("gpt-audio-mini-2025-12-15 audio, input", ("gpt-audio-mini-2025-12-15", "audio_input")),
        ("ft:gpt-4o-mini-2024-07-18:acme::abc, output", ("ft:gpt-4o-mini-2024-07-18:acme::abc", "output")),
        ("web search tool calls", (None, "other")),
    ],
)
def test_openai_line_items(item: str, means: tuple[str | None, str]) -> None:
    assert openai.meter_of(item) == means


@pytest.mark.parametrize(
    ("usage_type", "product", "means"),
    [
        ("USE1-NovaPro-input-tokens", "", ("NovaPro", "input")),
        ("USE1-NovaPro-output-tokens-batch", "", ("NovaPro", "output")),
        ("USE1-NovaPro-cache-read-input-token-count", "", ("NovaPro", "cache_read")),
        ("EUC1-Claude3.5Sonnet-cache-write-input-token-count", "", ("Claude3.5Sonnet", "cache_write")),
        ("USE1-qwen.qwen3-32b-mantle-input-tokens-standard", "", ("qwen.qwen3-32b", "input")),
        ("USE1-MP:USE1_InputTokenCount-Units", "Claude Haiku 4.5 (Amazon Bedrock Edition)", ("Claude Haiku 4.5", "input")),
        (
            "USE2-MP:USE2_CacheReadInputTokenCount_Global-Units",
            "Claude Sonnet 4.6 (Amazon Bedrock Edition)",
            ("Claude Sonnet 4.6", "cache_read"),
        ),
        ("USW2-MP:USW2_output_tokens_global_standard-Units", "Claude Opus 5 (Amazon Bedrock Edition)", ("Claude Opus 5", "output")),
        ("USE1-Guardrail-ContentPolicyUnitsConsumed", "", (None, "other")),
    ],
)
def test_bedrock_usage_types(usage_type: str, product: str, means: tuple[str | None, str]) -> None:
    assert aws_cur.meter_of(usage_type, product) == means


def test_models_are_matched_by_their_words_or_not_at_all() -> None:
    logged = ["amazon.nova-pro-v1:0", "anthropic.claude-3-5-sonnet-20240620-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"]
    logged.append("meta.llama4-maverick-17b-instruct-v1:0")
    for name, model in zip(("NovaPro", "Claude3.5Sonnet", "Claude Haiku 4.5", "Llama4-Maverick-17B"), logged, strict=True):
        assert on_invoice("aws", name, logged, {}) == model
    assert on_invoice("aws", "NovaLite", logged, {}) == "novalite"
    two = ["anthropic.claude-3-5-sonnet-20240620-v1:0", "anthropic.claude-3-5-sonnet-20241022-v2:0"]
    assert on_invoice("aws", "Claude3.5Sonnet", two, {}) == "claude3.5sonnet"  # which of the two is not said
    assert on_invoice("aws", "Claude3.5Sonnet", two, {"Claude3.5Sonnet": two[1]}) == two[1]
    assert on_invoice("openai", "gpt-4o-2024-08-06", ["gpt-4o"], {}) == "gpt-4o"


money = st.decimals(min_value=0, max_value=10_000, places=12)
counts = st.one_of(st.none(), st.integers(min_value=0, max_value=10**9).map(D))


@given(counts, money, counts, money)
def test_the_gaps_of_a_key_sum_to_invoice_minus_log(log_n: D | None, log_usd: D, bill_n: D | None, bill_usd: D) -> None:
    import decimal

    with decimal.localcontext(prec=60):
        lines = compare(Key("p", date(2026, 1, 1), "m", "input"), Side(log_n, log_usd), Side(bill_n, bill_usd))
        assert sum((line.gap_usd or D(0) for line in lines), D(0)) == bill_usd - log_usd
        assert sum((line.log_usd or D(0) for line in lines), D(0)) == log_usd
        assert sum((line.invoice_usd or D(0) for line in lines), D(0)) == bill_usd


def with_quantities(costs: Path, bill: inv.Bill) -> Path:
    """Costs as the endpoint gives them today: each with the tokens that it bills."""
    page = json.loads(costs.read_text(), parse_float=D)
    tokens = {(f"{inv.SNAPSHOTS[model]}, {inv.OPENAI[meter]}", day): n for (p, day, model, meter), (n, _) in bill.items() if p == "openai"}
    for bucket in page["data"]:
        day = datetime.fromtimestamp(bucket["start_time"], UTC).date()
        for result in bucket["results"]:
            result |= {"quantity": float(tokens[result["line_item"], day]), "quantity_unit": "tokens"}
    costs.write_text(json.dumps(page, default=float), encoding="utf-8")
    return costs


def test_tokens_on_the_bill_and_in_the_usage_report_are_the_same_tokens(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    bill = inv.bill(tokens)
    files = papers(tmp_path, bill)
    with_quantities(files[0], bill)
    assert apart(run(log, files, tmp_path)) == []
    key = next(key for key in bill if key[0] == "openai" and key[3] == "output")
    usage = inv.openai_usage(tmp_path / "ou.json", bill | {key: (bill[key][0] + 5, bill[key][1])})
    result = run(log, [*files[:3], usage, files[4]], tmp_path)
    assert apart(result) == []  # what is billed is compared
    count = bill[key][0]
    assert result.notes == [
        f"bill and usage report differ in the tokens of 1 line, most on {key[1]}, {key[2]} output: {count:,} billed, {count + 5:,} reported; "
        "those billed are compared"
    ]


def test_days_that_two_exports_share_are_billed_once(month: Month, tmp_path: Path) -> None:
    log, tokens = month
    bill = {key: line for key, line in inv.bill(tokens).items() if key[0] == "openai"}
    first = inv.openai_costs(tmp_path / "a.json", {k: v for k, v in bill.items() if k[1].day <= 20})
    second = inv.openai_costs(tmp_path / "b.json", {k: v for k, v in bill.items() if k[1].day > 18})
    options = AnalyzeOptions(use_ledger=False, where="provider = 'openai'")
    result = infercheck.reconcile([first, second], [log], options=options)
    assert (apart(result), result.gap_usd) == ([], 0)
    assert result.notes == ["a.json and b.json are alike line by line on 2 days from 2026-11-19 to 2026-11-20: counted once"]
    key = next(key for key in bill if key[1].day == 20)
    inv.openai_costs(second, {k: v for k, v in (bill | {key: (bill[key][0], bill[key][1] + 1)}).items() if k[1].day > 18})
    result = infercheck.reconcile([first, second], [log], options=options)
    twice = sum(usd for k, (_, usd) in bill.items() if k[1].day == 20) + 1
    assert result.gap_usd == twice
    assert [note.split(":")[0] for note in result.notes] == [
        "a.json and b.json are alike line by line on 2026-11-19",
        "a.json and b.json both have lines of the same name on 2026-11-20, and differ",
    ]


def test_projects_with_equal_lines_are_no_overlap(tmp_path: Path) -> None:
    log = write(tmp_path / "l.jsonl", [fin.row(n, "openai/gpt-4o", fin.FIRST, fin.Used(100_000, 0, 0, 0), second=n) for n in (1, 2)])
    files = []
    for name in ("one", "two"):
        costs = inv.openai_costs(tmp_path / f"{name}.json", {("openai", fin.FIRST, "gpt-4o", "input"): (100_000, D("0.25"))})
        page = json.loads(costs.read_text())
        page["data"][0]["results"][0]["project_id"] = name
        costs.write_text(json.dumps(page))
        files.append(costs)
    assert apart(run(log, files, tmp_path)) == []


def test_the_words_of_an_invoice_tell_its_meters() -> None:
    told = {
        "input": ("input_no_cache", "uncached_input_tokens", "Non-cached input tokens", "Uncached", "cache miss", "text_input_tokens", "InputTokens",
                  "gpt-4o-0806-Inp-glbl Tokens", "gpt-4o-audio-prvw Text Inp", "Prompt"),
        "cache_read": ("input_cache_read", "cached input", "gpt-4o-0806-cached-Inp-glbl Tokens", "input_cache_hit_tokens"),
        "cache_write": ("input_cache_write_5m", "cache_creation_input_tokens", "Write to cache", "region 21h cache write"),
        "cache_write_1h": ("input_cache_write_1h", "Cache Write 1h", "cache_creation.ephemeral_1h_input_tokens", "1 hour cache writes"),
        "audio_input": ("AudioInputTokens", "input_audio_tokens", "audio in"),
        "audio_output": ("audio output minutes", "output_audio_tokens"),
        "output": ("output", "Outp", "CompletionTokens", "reasoning output"),
        "other": ("Cache Storage hours", "web search", "Audio training"),
    }  # fmt: skip
    for meter, texts in told.items():
        assert {text: table.meter_of(text) for text in texts} == dict.fromkeys(texts, meter)


def test_a_console_bill_agrees_and_says_how_it_was_read(tmp_path: Path) -> None:
    config = (
        '[[invoice]]\nname = "console"\nprovider = "=anthropic"\ndate = "day"\nmodel = "model"\nmeter = "token_type"\namount = "cost_usd"\n'
    )
    used = fin.Used(100_000, 10_000, 1_000, 100)
    log = write(tmp_path / "l.jsonl", [fin.row(1, "anthropic/claude-sonnet-4-5", fin.FIRST, used)])
    names = {"input": "input_no_cache", "cache_read": "input_cache_read", "cache_write": "input_cache_write_5m", "output": "output"}
    lines = [
        f"2026-11-01,Claude Sonnet 4.5,{name},{fin.list_cost(('anthropic', fin.FIRST, 'claude-sonnet-4-5', meter), getattr(used, meter))}"
        for meter, name in names.items()
    ]
    (tmp_path / "b.csv").write_text("\n".join(["day,model,token_type,cost_usd", *lines]))
    result = run(log, [tmp_path / "b.csv"], tmp_path, config)
    assert apart(result) == []
    assert result.notes == [
        "meters read by their words: 'input_cache_read' is cache_read, 'input_cache_write_5m' is cache_write, 'input_no_cache' is input; "
        "`meters` under [[invoice]] says which they are"
    ]


def test_what_was_not_looked_at_does_not_agree(month: Month, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, tokens = month
    costs = inv.openai_costs(tmp_path / "oc.json", inv.bill(tokens))
    command = ["reconcile", str(costs), "--logs", str(log), "--no-ledger"]
    assert cli.run([*command, "--month", "2026-09"]) == 3
    err = capsys.readouterr().err
    assert re.search(r"nothing to compare; \d+ invoice lines are outside the period; no call in scope: 360 left out", err)
    assert cli.run([*command, "--where", "model = 'none'"]) == 1  # one side alone is a gap
    assert "note: no call in scope: 360 left out" in capsys.readouterr().out


def test_calls_without_a_time_are_told_where_a_period_leaves_them_out(
    month: Month, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, tokens = fin.month()
    undated = [row for row in rows if row["custom_llm_provider"] == "openai"][:5]
    for row in undated:
        for name in ("startTime", "endTime", "completionStartTime"):
            del row[name]
    dated = {id(row) for row in undated}
    kept = write(tmp_path / "kept.jsonl", [row for row in rows if id(row) not in dated])
    log = write(tmp_path / "l.jsonl", rows)
    options = AnalyzeOptions(use_ledger=False)
    spend = [infercheck.analyze([path], options=options).headline.spend_usd for path in (log, kept)]
    assert spend[0] is not None and spend[1] is not None
    said = f"5 calls worth ${(spend[0] - spend[1]).normalize():f} have no time and are in no period"
    result = run(log, papers(tmp_path, inv.bill(tokens)), tmp_path)
    assert said in result.notes
    for what in ("chargeback", "focus", "excel"):
        for period, notes in ((["--month", "2026-11"], 1), ([], 1), (["--month", "2026-11", "--where", "provider <> 'openai'"], 0)):
            assert cli.run(["export", what, str(log), "--no-ledger", "-o", str(tmp_path / "out"), *period]) == 0
            assert capsys.readouterr().err.count(said) == notes


@pytest.mark.parametrize("columns", ["80", "120"])
def test_days_providers_and_kinds_are_whole_at_any_width(
    month: Month, tmp_path: Path, columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, tokens = month
    dearer = {key: (n, usd * 2) for key, (n, usd) in inv.bill(tokens).items()}
    files = [inv.anthropic_costs(tmp_path / "ac.json", dearer), inv.aws_cur(tmp_path / "cur.csv", dearer)]
    monkeypatch.setenv("COLUMNS", columns)
    assert cli.run(["reconcile", *map(str, files), "--logs", str(log), "--no-ledger", "--where", "provider <> 'openai'"]) == 1
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines()[3:])) <= int(columns)
    rows = [line for line in out.splitlines() if line.startswith("2026-")]
    assert len(rows) == 20
    assert all(re.match(r"2026-11-\d\d  (anthropic|aws)  ", row) and re.search(r"unexplained|price variance", row) for row in rows)
    assert out.count("the invoice names no tokens") == 1
