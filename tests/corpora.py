"""Where the labelled corpora are, when they are beside the checkout; tests that need them say so when they skip."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "shared" / "corpora"


def corpus(name: str) -> Path:
    """Path of a file or folder of the corpora; the test is skipped, with the reason, where it is absent."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"needs ../shared/corpora/{name}, which is not beside this checkout")
    return path
