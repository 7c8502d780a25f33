"""Money, shares, durations and hostile text: the rules that every output shares."""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal as D

import pytest

from infercheck.render import figures
from infercheck.render.markdown import code, escape
from infercheck.render.money import allocate, beside, cell_usd, places_in_tables, rounded, total, usd
from infercheck.render.safe import cell, clean, lines


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "–"), ("0", "$0.00"), ("7.331245", "$7.33"), ("0.5", "$0.500"), ("0.0123", "$0.0123"), ("0.000001234", "$0.00000123"),
        ("1234567.891", "$1,234,567.89"), ("-3.5", "-$3.50"), ("NaN", "–"), ("1e-30", "$0.000000000000"),
    ],
)  # fmt: skip
def test_a_figure_alone_shows_cents_and_three_digits(amount: str | None, shown: str) -> None:
    assert usd(None if amount is None else D(amount)) == shown


@pytest.mark.parametrize(
    ("spend", "places"), [(None, 2), ("0", 2), ("120000", 2), ("100", 2), ("99", 4), ("7.33", 4), ("0.5", 6), ("0.001", 8)]
)
def test_tables_take_their_decimals_from_the_spend(spend: str | None, places: int) -> None:
    assert places_in_tables(None if spend is None else D(spend)) == places


def test_columns_add_up_by_largest_remainder() -> None:
    rng = random.Random(7)  # noqa: S311
    for _ in range(300):
        amounts = [
            None if rng.random() < 0.1 else D(rng.randint(-(10**9), 10**12)).scaleb(-rng.randint(0, 12)) for _ in range(rng.randint(0, 30))
        ]
        places = rng.choice([0, 2, 4, 6])
        cells = allocate(amounts, places)
        known = [a for a in amounts if a is not None]
        assert (total(cells) or D(0)) == rounded(sum(known, D(0)), places)
        assert [c is None for c in cells] == [a is None for a in amounts]
        assert all(abs(c - a) < D(1).scaleb(-places) for c, a in zip(cells, amounts, strict=True) if c is not None and a is not None)


def test_thirds_make_a_dollar() -> None:
    assert allocate([D(1) / 3] * 3, 2) == [D("0.34"), D("0.33"), D("0.33")]
    assert allocate([None, None], 2) == [None, None]
    assert total([None]) is None


def test_too_small_to_show_is_not_zero() -> None:
    assert cell_usd(D("0.00001"), D("0.0000"), 4) == "<$0.0001"
    assert cell_usd(D(0), D("0.0000"), 4) == "$0.0000"
    assert cell_usd(None, None, 4) == "–"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (None, "–"),
        (0.0, "0%"),
        (0.0004, "<0.1%"),
        (0.015, "1.5%"),
        (0.0996, "10%"),
        (0.22, "22%"),
        (0.9995, ">99.9%"),
        (0.996, "99.6%"),
        (1.0, "100%"),
    ],
)
def test_shares_are_never_rounded_clean(share: float | None, shown: str) -> None:
    assert figures.percent(share) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.0, "0 ms"), (0.25, "0.25 ms"), (850.2, "850 ms"), (1234.0, "1.23 s"), (61_234.0, "61.2 s"), (150_000.0, "2.5 min"),
     (1.2e7, "3.3 h"), (float("nan"), "–")],
)  # fmt: skip
def test_durations(value: float | None, shown: str) -> None:
    assert figures.ms(value) == shown


def test_time_saved_is_a_change() -> None:
    assert [figures.faster(v) for v in (None, 0.0, 0.1, 1234.0, -20.0)] == ["–", "0 ms", "0 ms", "-1.23 s", "+20 ms"]


def test_moments_are_utc_unless_asked() -> None:
    noon = datetime(2026, 9, 1, 12)  # noqa: DTZ001 -- the engine gives UTC without a zone
    assert figures.moment(noon) == "2026-09-01 12:00"
    assert figures.moment(noon, "Europe/Berlin") == "2026-09-01 14:00"
    assert figures.moment(None) == "–"


def test_clean_leaves_printable_text() -> None:
    assert clean("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07") == "red link"
    assert clean("a\nb\tc\u2028d  e") == "a b c d e"
    assert clean("\u202egnp.exe\u2066\u200bx\x9b\x07\x00\ufeff") == "gnp.exex"
    assert clean("e" + "\u0301" * 50) == "e\u0301\u0301"
    assert clean("漢字 é ñ") == "漢字 é ñ"
    assert clean("x" * 50, 10) == "xxxxxxxxx…"
    assert len(clean("x" * 50_000_000, 10)) == 10


def test_snippets_keep_their_indent() -> None:
    assert lines("a:\r\n  - b\x1b[2J\n") == ["a:", "  - b", ""]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "\x00=1", "  =1", "＝1", "\u200b=1"])
def test_cells_that_a_spreadsheet_would_run(text: str) -> None:
    assert cell(text).startswith("'")


def test_harmless_cells_stay() -> None:
    assert [cell(t) for t in ("a=1", "x", None)] == ["a=1", "x", ""]


def test_markdown_text_stays_text() -> None:
    assert escape("a|b `c` <b>\n**d** @me") == "a\\|b \\`c\\` &lt;b&gt; \\*\\*d\\*\\* &#64;&#8203;me"
    assert [escape(t) for t in ("- a", "1. b", "# c", "> q")] == ["\\- a", "1\\. b", "\\# c", "&gt; q"]
    assert escape("see #12 at https://x.y") == "see #&#8203;12 at https&#8203;://x.y"
    assert escape("gpt-4o-mini: 3") == "gpt-4o-mini: 3"
    assert code("a`b|c\n") == "`a'b\\|c`"
    assert code("") == "–"


def test_a_part_is_never_shown_larger_than_its_whole() -> None:
    whole = [D("0.06664"), D("0.06664"), D("0.06662")]
    cells = allocate(whole, 4)  # they sum to 0.1999, so that one is lifted to 0.0667
    assert max(cell for cell in cells if cell is not None) == D("0.0667")
    assert [beside(amount, cell, 4) for amount, cell in zip(whole, cells, strict=True)] == [cell or D(0) for cell in cells]
    assert beside(D("0.5"), D("0.1"), 4) == D("0.5000")
    assert (beside(None, D("0.1"), 4), beside(D("0.5"), None, 4)) == (None, D("0.5000"))
