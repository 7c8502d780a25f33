"""README's workflow, run as a CI would: green on no change, red on a planted regression, and the comment says why."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import days

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the action's step is a bash script")


def step(folder: Path, logs: Path | str, **env: str) -> subprocess.CompletedProcess[str]:
    """The step of action.yml in a runner's environment."""
    command = folder / "infercheck"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m infercheck.cli "$@"\n')
    command.chmod(0o755)
    given = {
        "PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "HOME": str(folder), "RUNNER_TEMP": str(folder),
        "LOGS": str(logs),
        "BASELINE": str(folder / "base.json"), "INFERCHECK": str(command), "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"), **env,
    }  # fmt: skip
    return subprocess.run(["bash", str(ROOT / "action" / "check.sh")], cwd=folder, env=given, capture_output=True, text=True, check=False)


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    base = days.write(tmp_path / "base.jsonl", 0, 14)
    command = [
        sys.executable,
        "-m",
        "infercheck.cli",
        "baseline",
        "write",
        str(base),
        "-o",
        str(tmp_path / "base.json"),
        "--no-ledger",
        "-q",
    ]
    subprocess.run(command, check=True)
    return tmp_path


def test_green_where_nothing_changed(runner: Path) -> None:
    done = step(runner, days.write(runner / "head.jsonl", 14, 7))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "::error" not in done.stdout
    assert (runner / "infercheck.md").read_text(encoding="utf-8").startswith("<!-- infercheck-gate -->\n## ✅ infercheck: gate passed")


def test_red_on_a_planted_regression_and_the_comment_says_what(runner: Path) -> None:
    done = step(runner, days.write(runner / "head.jsonl", 14, 7, rise=1.5), SARIF=str(runner / "infercheck.sarif"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"^::error .*title=Cost per successful outcome", done.stdout, re.MULTILINE)
    comment = (runner / "infercheck.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- infercheck-gate -->\n## ❌ infercheck: gate failed")
    assert "Cost per successful outcome" in comment
    assert "help-desk" in comment
    assert (runner / "summary.md").read_text(encoding="utf-8") == comment
    assert json.loads((runner / "infercheck.json").read_text(encoding="utf-8"))["outcome"] == "failed"
    assert json.loads((runner / "infercheck.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert (runner / "output").read_text() == f"result={runner / 'infercheck.json'}\n"


def test_logs_and_options_on_several_lines_and_in_quotes(runner: Path) -> None:
    days.write(runner / "first.jsonl", 14, 4, rise=1.8)
    days.write(runner / "the second.jsonl", 18, 3, rise=1.8)
    args = "--budget spend_usd=1000\n--budget failure_rate=0.5\n--where \"app = 'help-desk'\"\n"
    done = step(runner, "first.jsonl\n'the second.jsonl'\n", ARGS=args)
    assert done.returncode == 1, done.stdout + done.stderr
    result = json.loads((runner / "infercheck.json").read_text(encoding="utf-8"))
    assert result["comparison"]["head"]["label"] == "first.jsonl, the second.jsonl"
    assert result["comparison"]["head"]["days"] == 7
    assert {c["rule"] for c in result["checks"]} >= {"budget.spend_usd", "budget.failure_rate"}
    assert {c["stratum"]["workload"] for c in result["checks"]} == {None, "help-desk"}
    planted = step(runner, "first.jsonl", ARGS="--where 'x = $(touch planted)'")
    assert planted.returncode == 2
    assert not (runner / "planted").exists()
    assert step(runner, "first.jsonl", ARGS="--where 'x").stderr == "infercheck: error: a quote is not closed: --where 'x\n"


def test_a_mistake_is_one_line_and_no_result(runner: Path) -> None:
    done = step(runner, runner / "nothing.jsonl")
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (runner / "infercheck.md").exists()


def test_the_readmes_workflow_names_inputs_that_the_action_has() -> None:
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    inputs = set(re.findall(r"^  ([a-z-]+):$", action.split("inputs:\n", 1)[1].split("\noutputs:", 1)[0], re.MULTILINE))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    used = re.search(r"uses: infercheck/infercheck@v0\n\s+with:\n((?:\s{10,}[a-z-]+: .*\n)+)", readme)
    assert used is not None
    assert set(re.findall(r"^\s+([a-z-]+):", used[1], re.MULTILINE)) <= inputs
    assert set(re.findall(r"inputs\.([a-z-]+)", action)) <= inputs
