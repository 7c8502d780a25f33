"""``--update-golden`` writes stored outputs anew; read the difference as code before committing it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares text with the stored file of that name below tests/golden."""

    def compare(name: str, drawn: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(drawn, encoding="utf-8", newline="\n")
        if not path.is_file():
            pytest.fail(f"there is no golden file {name}: run pytest --update-golden, then read it")
        stored = path.read_text(encoding="utf-8")
        if drawn != stored:
            lines = difflib.unified_diff(stored.splitlines(), drawn.splitlines(), f"golden/{name}", "drawn now", lineterm="", n=2)
            pytest.fail("\n".join(lines) + "\nif that is meant: pytest --update-golden", pytrace=False)

    return compare
