"""What the gate prints: the sample result as text and JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

import gates
from infercheck.errors import UsageError
from infercheck.render import Style, gate
from infercheck.render.gate import json as as_json
from infercheck.render.gate import text


def test_text_says_what_is_wrong_first_and_is_harmless() -> None:
    shown = text.render(gates.sample(), Style(width=100))
    assert shown.startswith("Gate failed: 2 of 7 checks failed")
    order = [
        shown.index(word) for word in ("What was compared", "Wrong", "Suppressed", "New", "Not conclusive", "In order", "Why the bill")
    ]
    assert order == sorted(order)
    assert "infercheck.toml:12" in shown
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_quiet_text_shows_only_what_is_wrong() -> None:
    shown = text.render(gates.sample(), Style(quiet=True))
    assert "support-bot" in shown
    assert "nightly" not in shown


def test_json_is_the_result_and_its_schema_holds() -> None:
    shown = as_json.render(gates.sample())
    assert "\x1b" not in shown
    data = json.loads(shown)
    jsonschema.validate(data, as_json.schema())
    assert data["checks"][0]["interval_percent"] == [11.2, 33.4]


def test_parts_of_the_sample_sum_to_its_difference() -> None:
    why = gates.sample().decomposition
    assert why is not None
    assert sum(why.parts.values(), Decimal(0)) == why.head_usd - why.base_usd


def test_formats_discover_themselves() -> None:
    files = {p.stem for p in Path(gate.__file__).parent.glob("*.py") if not p.stem.startswith("_")}
    assert {name.replace("-", "_") for name in gate.names()} == files
    with pytest.raises(UsageError, match=r"known: .*text"):
        gate.get("pdf")
