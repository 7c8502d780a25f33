"""The small version of `make faults`: runs that are killed, interrupted, out of disk or beside another one lose nothing and double nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_after_any_fault_the_next_run_reports_what_an_undisturbed_one_does() -> None:
    """In a process of its own: it forks, and this one has threads."""
    script = Path(__file__).parents[1] / "benchmarks" / "faults.py"
    run = subprocess.run(
        [sys.executable, str(script), "--kills", "10", "--calls", "240", "--small"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
    died = re.search(r"kill -9 at 10 random moments \| (\d+) died", run.stdout)
    assert died and int(died[1]) >= 5, run.stdout
    assert run.stdout.count("| 0 |\n") >= 4, run.stdout
    assert "the disk is full" in run.stdout
