"""What infercheck is made of, and the recipe by which it is built elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import supply_chain

ROOT = Path(__file__).parents[1]


def test_the_run_lock_has_licences_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert supply_chain.licences() == 0, capsys.readouterr().out


def test_a_licence_that_is_not_on_the_list_is_seen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(supply_chain, "ALLOWED", frozenset({"MIT"}))
    assert supply_chain.licences() == 1
    assert "no licence of the list: " in capsys.readouterr().out


def test_an_audit_that_was_told_nothing_is_no_pass() -> None:
    names = ["duckdb", "typer"]
    sound = [{"name": name, "version": "1", "vulns": []} for name in names]
    skipped = [{"name": name, "skip_reason": "Dependency not found on PyPI"} for name in names]
    bad = [sound[0], {"name": "typer", "version": "1", "vulns": [{"id": "PYSEC-1"}]}]

    def said(dependencies: object) -> tuple[int, str]:
        return supply_chain.verdict(json.dumps({"dependencies": dependencies}), "", names)

    assert said(sound) == (0, "audited 2 packages of run.txt: no known vulnerability")
    assert said(bad) == (1, "1 known vulnerabilities: typer 1: PYSEC-1")
    for code, line in (said(skipped), said(sound[:1]), supply_chain.verdict("", "connection refused", names)):
        assert code == 2
        assert line.startswith("not audited: ")
        assert "\n" not in line


@pytest.mark.parametrize(
    ("schema", "path"), [("vendor.github-workflows", ".github/workflows/ci.yml"), ("vendor.github-actions", "action.yml")]
)
def test_the_recipe_is_valid(schema: str, path: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_recipe_covers_every_system_and_python_without_make() -> None:
    recipe = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    job = recipe.split("\n  test:\n")[1].split("\n  lint:\n")[0]
    assert re.search(r"os: \[ubuntu-latest, macos-latest, windows-latest\]", job)
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert re.findall(r'"(3\.\d+)"', job) == classifiers
    assert "make " not in job
    for step in ("--require-hashes -r requirements/dev.txt", "-m pytest", "-m build", 'infercheck" demo'):
        assert step in job


def test_locks_name_hashes_and_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text), lock
        assert len(re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE)) <= text.count("--hash=sha256:"), lock
