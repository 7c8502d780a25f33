"""Where the labelled corpora are, when they are beside the checkout; tests that need them say so when they skip."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2] / "shared" / "corpora"


def corpus(name: str) -> Path:
    """Path of a file or folder of the corpora; the test is skipped, with the reason, where it is absent."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"needs ../shared/corpora/{name}, which is not beside this checkout")
    return path


def labels(name: str) -> dict[str, dict[str, Any]]:
    """Labels of a corpus by call id."""
    with gzip.open(corpus(f"{name}/labels.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return {row["call_id"]: row for row in map(json.loads, lines)}
