"""Bars and lines of characters: in proportion, as wide as asked, never a step for what is unknown, plain where the stream is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infercheck import render
from infercheck.model.report import DaySpend, Report, Spend
from infercheck.model.waits import HourLatency, Latency
from infercheck.render import Style
from infercheck.render._bars import ASCII_STEPS, STEPS, bar, spark, stacked
from test_render import empty, sample

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
SHARES = st.floats(0, 1)


def test_a_bar_is_as_long_as_its_share() -> None:
    assert [bar(share, 4) for share in (1, 0.5, 0.25, 0.03125)] == ["████", "██", "█", "▏"]
    assert [bar(share, 4, unicode=False) for share in (1, 0.5, 0.01)] == ["####", "##", "#"]
    assert [bar(share, 4) for share in (None, 0, float("nan"))] == ["", "", ""]


@given(SHARES, SHARES, st.booleans())
def test_a_larger_share_is_never_shorter(one: float, other: float, unicode: bool) -> None:
    low, high = sorted((one, other))
    assert len(bar(low, 10, unicode)) <= len(bar(high, 10, unicode)) <= 10


def test_a_line_starts_at_zero_and_marks_what_is_unknown() -> None:
    assert spark([0, 1, 4, 8, None]) == "▁▁▄█·"
    assert spark([0, 1, 4, 8, None], unicode=False) == "..=@_"
    assert spark([0, 0.0, None]) == "▁▁·"
    assert spark([]) == ""


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e12)), max_size=50))
def test_a_line_keeps_the_order_of_its_values(values: list[float | None]) -> None:
    for steps, unicode in ((STEPS, True), (ASCII_STEPS, False)):
        drawn = spark(values, unicode)
        assert len(drawn) == len(values)
        high = [(value, steps.index(char)) for value, char in zip(values, drawn, strict=True) if value is not None]
        assert [step for _, step in sorted(high)] == sorted(step for _, step in high)


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=3).filter(any), st.integers(1, 60), st.booleans())
def test_shares_of_a_whole_fill_the_bar(parts: list[int], width: int, unicode: bool) -> None:
    assert len(stacked([part / sum(parts) for part in parts], width, unicode)) == width


def days(spent: list[str | None], hours: list[tuple[int, int, float]]) -> Report:
    """A report of so many days and hours; None is a day of which the log says nothing."""
    by_day = [
        DaySpend(day=f"{FIRST + timedelta(days=n):%Y-%m-%d}", calls=9, spend_usd=Decimal(usd))
        for n, usd in enumerate(spent)
        if usd is not None
    ]
    by_hour = [
        HourLatency(hour=f"{FIRST + timedelta(hours=n):%Y-%m-%d %H:00}", calls=calls, failed=failed, retries=0, p95_ms=p95)
        for n, (calls, failed, p95) in enumerate(hours)
    ]
    return sample().model_copy(update={"spend": Spend(by_day=by_day), "latency": Latency(by_hour=by_hour)})


def lines(report: Report, **style: object) -> str:
    drawn = str(render.get("text").render(report, Style(**style)))  # type: ignore[arg-type]
    return drawn[drawn.index("Over time") :].split("\n\n", maxsplit=1)[0]


def test_spend_by_day_and_latency_by_hour() -> None:
    told = lines(days(["1", "2", None, "4"], [(100, 0, 800.0), (200, 10, 1600.0), (19, 0, 99_000.0), (100, 0, 400.0)]), width=120)
    assert "spend a day     ▂▄·█  middle $2.0000, highest $4.0000 (2026-09-04)" in told
    assert "calls an hour   ▄█▁▄  middle 100, highest 200 (2026-09-01 01:00)" in told
    assert "failed          ▁█▁▁  middle 0%, highest 5.0% (2026-09-01 01:00)" in told
    assert "p95 of an hour  ▄█·▂  middle 800 ms, highest 1.60 s (2026-09-01 01:00)" in told  # 19 calls have no p95


def test_a_short_log_has_no_lines() -> None:
    assert "Over time" not in str(render.get("text").render(days(["1", "2"], [(100, 0, 800.0)] * 2), Style()))
    assert "Over time" not in str(render.get("text").render(empty(), Style()))


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_a_long_log_fits(width: int) -> None:
    told = lines(
        days([f"{n % 7 + 1}" for n in range(400)], [(100 + n % 24, n % 5, 500.0 + n) for n in range(9_600)]), width=width, unicode=False
    )
    assert max(map(len, told.splitlines())) <= width
    assert re.search(r"spend a day, by \d+ days +[.:=+*#@-]{8,}", told)
    assert re.search(r"p95 of an hour, by \d+ hours +[.:=+*#@-]{8,}", told)
    assert told.isascii()


@pytest.mark.parametrize(
    ("env", "plain"),
    [({"PYTHONIOENCODING": "ascii"}, True), ({"PYTHONIOENCODING": "latin-1"}, True), ({"PYTHONIOENCODING": "cp1252"}, True), ({}, False)],
    ids=str,
)
def test_the_stream_decides_what_is_drawn(env: dict[str, str], plain: bool) -> None:
    log = Path(__file__).resolve().parents[1] / "sample_logs" / "healthy.jsonl"
    argv = [sys.executable, "-m", "infercheck.cli", "analyze", str(log), "--no-ledger", "--select", "tool_loop"]
    done = subprocess.run(argv, capture_output=True, check=True, env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8", **env})
    assert done.stdout.isascii() == plain
    assert ("spend a day" in done.stdout.decode("utf-8")) and b"\x1b" not in done.stdout
