"""Machines of one's own: what their calls bear and what is idle add up to the hours paid, to the last digit."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import logs
from infercheck import AnalyzeOptions, analyze, api, cli, diagnose, prepare, render, rulebook
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.errors import UsageError
from infercheck.model.report import Report

BOOK = rulebook.load()
START = datetime(2026, 1, 5)  # noqa: DTZ001 -- canonical times are naive UTC
LAST_DIGIT = Fraction(1, 10**12)

Call = tuple[int, int]
SPANS = st.tuples(st.integers(0, 10_000_000), st.integers(0, 8_000_000))


def used(calls: list[Call], usd_per_hour: D, paid: tuple[int | None, int | None]) -> tuple[dict[int, D], dict[str, Any]]:
    """Dollars by call, and the one row of capacity_use. Times are microseconds from START; the first call is on another machine."""
    zero = int((START - datetime(1970, 1, 1)).total_seconds()) * 1_000_000  # noqa: DTZ001
    with Engine(threads=1) as engine:
        engine.create_canonical()
        for number, (start, long) in enumerate(calls):
            begins = START + timedelta(microseconds=start)
            engine.execute(
                "INSERT INTO calls (call_id, started_at, ended_at, status, provider, model) VALUES (?, ?, ?, 'ok', 'hosted_vllm', 'm')",
                [number, begins, begins + timedelta(microseconds=long)],
            )
        prepare.fill_clocks(engine)
        edges = [None if edge is None else zero + edge for edge in paid]
        engine.execute("INSERT INTO config_capacity VALUES ('pool', 1, 'GPU', ?, ?, ?, NULL)", [usd_per_hour, *edges])
        engine.execute("INSERT INTO config_capacity_calls SELECT 'pool', call_id FROM calls WHERE call_id > 0")
        diagnose.Views(engine, BOOK, {}).make("capacity_use")
        return dict(engine.rows("SELECT call_id, capacity_usd FROM capacity_calls")), engine.dicts("SELECT * FROM capacity_use")[0]


def by_hand(calls: list[Call], begin: int, end: int) -> dict[int, Fraction]:
    """Microseconds that each call bears: between any two edges, those in flight take equal parts."""
    clipped = {n: (max(s, begin), min(s + d, end)) for n, (s, d) in enumerate(calls) if n}
    edges = sorted({edge for span in clipped.values() for edge in span} | {begin, end})
    shares = dict.fromkeys(clipped, Fraction(0))
    for left, right in pairwise(edges):
        flying = [n for n, (s, e) in clipped.items() if s <= left and e >= right]
        for n in flying:
            shares[n] += Fraction(right - left, len(flying))
    return shares


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    calls=st.lists(SPANS, min_size=2, max_size=12),
    cents=st.integers(1, 10_000_000),
    edges=st.tuples(st.none() | st.integers(0, 9_000_000), st.none() | st.integers(9_000_001, 18_000_000)),
)
def test_calls_and_idle_hours_are_what_was_paid(calls: list[Call], cents: int, edges: tuple[int | None, int | None]) -> None:
    rate = D(cents) / 100
    costs, row = used(calls, rate, edges)
    first, last = min(s for s, _ in calls), max(s + d for s, d in calls)
    begin, end = max(first, edges[0] or first), min(last, last if edges[1] is None else edges[1])
    assert sum(costs.values(), row["idle_usd"] or D(0)) == row["paid_usd"] or not costs
    assert abs(Fraction(row["paid_usd"]) - Fraction(rate) * max(end - begin, 0) / 3_600_000_000) <= LAST_DIGIT
    expected = by_hand(calls, begin, max(begin, end))
    for number, usd in costs.items():
        assert usd >= 0
        assert abs(Fraction(usd) - Fraction(rate) * expected[number] / 3_600_000_000) <= (len(calls) + 2) * LAST_DIGIT
    assert all(not expected[n] for n in expected if n not in costs)  # whoever ran in paid hours has its part
    if costs:
        assert row["idle_usd"] >= 0


def machines_log(folder: Path) -> Path:
    """26 hours: a chat model on a machine of one's own, busy for an hour, and a hosted one."""
    own = [
        logs.call(n, at_s=60.0 * n if n < 30 else 90_000.0 + 60 * n, app="chat", model="llama-3.3-70b-instruct", provider="hosted_vllm",
                  took_s=60.0, tokens=(2000, 500)) | {"response_cost": 0.0, "model_id": "gpu-box"}
        for n in range(60)
    ]  # fmt: skip
    failed = [logs.call(n, at_s=700.0 * n, app="faq", question="Where are you?", temperature=0.0) for n in range(100, 130)]
    return logs.write(folder / "machines.jsonl", [*own, *failed])


CONFIG = '[[capacity]]\nname = "box"\ndeployment = "gpu-*"\ngpus = 2\nusd_per_hour = 1.50\n'


def report_on(folder: Path, config: str = "", **more: Any) -> Report:
    path = folder / "infercheck.toml"
    path.write_text(config, encoding="utf-8")
    return analyze([machines_log(folder)], options=AnalyzeOptions(use_ledger=False, config=path, **more))


def test_hours_price_the_calls_and_answer_how_much_is_hardware(tmp_path: Path) -> None:
    report = report_on(tmp_path, CONFIG)
    (machines,) = report.spend.by_capacity
    hardware = report.headline.hardware
    assert hardware is not None and hardware.busy_usd is not None and hardware.idle_usd is not None
    assert machines.calls == 60
    assert machines.busy_hours == pytest.approx(1.0, abs=0.01)
    assert machines.busy_usd == pytest.approx(D("3.00"), abs=D("0.01"))  # 60 calls of a minute, one after another, at $3 an hour
    assert hardware.busy_usd + hardware.idle_usd == hardware.paid_usd == machines.paid_usd
    own = next(m for m in report.spend.by_model if m.provider == "hosted_vllm")
    assert own.spend_usd == machines.busy_usd == report.coverage.capacity_usd
    parts = {part.part: part.sure_usd for part in report.headline.spend_parts}
    assert parts["hardware"] == machines.busy_usd
    assert sum(part.sure_usd + part.heuristic_usd for part in report.headline.spend_parts) == report.headline.spend_usd
    assert "machines of your own" in report.headline.verdict and "idle" in report.headline.verdict
    assert machines.hosted is not None and machines.same_weights  # llama-3.3-70b-instruct is sold by hosts
    found = {finding.rule: finding for finding in report.findings if finding.step == 4}
    assert found["idle_capacity"].evidence["idle_usd"] == pytest.approx(float(hardware.idle_usd), abs=1e-4)
    assert found["self_hosted_dearer_than_hosted"].evidence["target"] == machines.hosted
    assert not any(item.fix == "provider_choice" for item in report.plan)  # idle dollars are in no saving of calls
    text = str(render.get("text").render(report))
    assert "Machines of your own" in text and machines.hosted in text.replace("\n", "")
    assert "## Machines of one's own" in str(render.get("markdown").render(report))


def test_the_config_names_what_could_take_over(tmp_path: Path) -> None:
    (machines,) = report_on(tmp_path, CONFIG + 'hosted = "openai/gpt-4o-mini"\n').spend.by_capacity
    assert (machines.hosted, machines.same_weights) == ("openai/gpt-4o-mini", False)
    assert machines.hosted_usd == D(60) * (2000 * D("0.15") + 500 * D("0.60")) / 1_000_000
    assert machines.break_even_utilisation is not None and machines.break_even_utilisation > 1


def test_without_capacity_calls_stay_unpriced_and_the_report_says_what_to_add(tmp_path: Path) -> None:
    report = report_on(tmp_path)
    assert report.coverage.unpriced_models == ["hosted_vllm/llama-3.3-70b-instruct"]
    assert report.headline.hardware is None and not report.spend.by_capacity
    assert any("[[capacity]]" in note and "60 calls" in note for note in report.coverage.notes)
    assert {"idle_capacity", "self_hosted_dearer_than_hosted"} <= {entry.rule for entry in report.coverage.not_checked}


def test_a_call_spared_on_paid_hours_saves_an_unknown_sum(tmp_path: Path) -> None:
    config = tmp_path / "infercheck.toml"
    config.write_text(CONFIG, encoding="utf-8")
    rows = [
        logs.call(n, at_s=600.0 * n, app="faq", question="Where are you?", temperature=0.0, model="m", provider="hosted_vllm")
        | {"response_cost": 0.0, "model_id": "gpu-box"}
        for n in range(20)
    ]
    report = analyze([logs.write(tmp_path / "same.jsonl", rows)], options=AnalyzeOptions(use_ledger=False, config=config))
    repeats = [finding for finding in report.findings if finding.rule == "duplicate_request"]
    assert repeats and all(finding.counted_once_usd is None for finding in repeats)
    assert "paid anyway" in report.headline.verdict


def test_what_cannot_be_shared_out_is_said(tmp_path: Path) -> None:
    report = report_on(tmp_path, CONFIG.replace("gpu-*", "gpv-*"))
    assert not report.spend.by_capacity  # a misspelt name would be all idle
    assert any("names the deployment of no call" in note for note in report.coverage.notes)
    report = report_on(tmp_path, CONFIG, where="app = 'chat'")
    assert report.coverage.capacity_usd is None
    assert any("--where" in note for note in report.coverage.notes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("gpus = 2", ""), "give gpus or instances"),
        (("gpus = 2", "gpus = 2\ninstances = 1"), "give gpus or instances"),
        (("gpus", "gpu"), "did you mean gpus?"),
        (("usd_per_hour = 1.50", "usd_per_hour = 0"), "greater than 0"),
        (("usd_per_hour = 1.50", "usd_per_hour = 1.50\nfrom = 2026-02-01\nuntil = 2026-01-01"), "must be before"),
    ],
)
def test_config_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = tmp_path / "infercheck.toml"
    path.write_text(CONFIG.replace(*change), encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        Config.load(path)
    assert says in f"{refused.value} {refused.value.hint}"
    path.write_text(CONFIG + CONFIG, encoding="utf-8")
    with pytest.raises(UsageError, match="stands twice"):
        Config.load(path)


def test_config_validate_and_chargeback_know_the_hours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "infercheck.toml"
    path.write_text(CONFIG, encoding="utf-8")
    assert cli.run(["config", "validate", str(path)]) == 0
    assert "2 x GPU at $1.50 an hour" in capsys.readouterr().out
    notes: list[str] = []
    frame = api.export_chargeback([machines_log(tmp_path)], options=AnalyzeOptions(use_ledger=False, config=path), on_note=notes.append)
    busy = report_on(tmp_path, CONFIG).spend.by_capacity[0].busy_usd
    assert sum(row["billed_cost"] for row in frame.to_dicts() if row["cost_basis"] == "capacity") == busy
    assert any("idle hours are in no charge" in note for note in notes)
