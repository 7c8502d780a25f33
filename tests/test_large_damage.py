"""Lines of 70 MB and more, sound and broken: what is sound is read, what is not is set aside, and neither memory nor time runs away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import logs

LONG = 70_000_000
PEAK_BYTES = 3 << 29  # 1.5 GiB, what the benchmarks allow for any log
CPU_S = 60.0


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs wait4")
def test_lines_of_70_mb_are_read_or_set_aside_in_bounded_memory(tmp_path: Path) -> None:
    log, out = tmp_path / "long.jsonl", tmp_path / "report.json"
    with log.open("w", encoding="utf-8") as lines:
        for n in range(3):
            lines.write(json.dumps(logs.call(n, at_s=n)) + "\n")
        lines.write(json.dumps(logs.call(3, at_s=3, question="word " * (LONG // 5))) + "\n")
        lines.write('{"id": "' + "x" * LONG + "\n")
        lines.write(json.dumps(logs.call(4, at_s=4, question="w" * 2 * LONG)) + "\n")  # longer than any line that is looked at
        lines.write(json.dumps(logs.call(5, at_s=5)) + "\n")
    argv = [sys.executable, "-m", "infercheck.cli", "analyze", str(log), "--no-ledger", "-q", "-f", "json", "-o", str(out)]
    child = subprocess.Popen(argv)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    covered = json.loads(out.read_text())["coverage"]
    assert (covered["attempts"], covered["rejects"]) == (5, 2)
    assert usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) < PEAK_BYTES
    assert usage.ru_utime + usage.ru_stime < CPU_S
