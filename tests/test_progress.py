"""Long work says how far it is: on a terminal only, on stderr only, wiped when done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import logs
from infercheck import AnalyzeOptions, analyze
from infercheck.cli._progress import line
from infercheck.model.progress import Progress

DEMO = Path(__file__).resolve().parents[1] / "sample_logs" / "demo"
READING = Progress("reading", 512_000_000, 2_048_000_000, 3, 12)


@pytest.mark.parametrize(
    ("event", "seconds", "says"),
    [
        (READING, 1.0, "reading 3 of 12 files, 512 of 2,048 MB"),
        (READING, 4.0, "reading 3 of 12 files, 512 of 2,048 MB, 128 MB/s, 12 s left"),
        (
            Progress("reading", 1_000_000, 1_000_000_000, 1, 1_200),
            10.0,
            "reading 1 of 1,200 files, 1 of 1,000 MB, 0.1 MB/s, 166 min 30 s left",
        ),
        (Progress("reading", 0, 2_048_000_000, 0, 12), 4.0, "reading 0 of 12 files, 0 of 2,048 MB, 4 s"),
        (Progress("reading", 0, 5_000_000, 0, 1), 1.0, "reading 0 of 1 file, 0 of 5 MB"),
        (Progress("preparing"), 0.1, "preparing"),
        (Progress("preparing"), 61.0, "preparing 1 min 01 s"),
        (Progress("diagnosing", 0, 43, what="tool_loop"), 0.0, "diagnosing rule 1 of 43, tool_loop"),
        (Progress("diagnosing", 42, 43, what="cold_start"), 9.0, "diagnosing rule 43 of 43, cold_start, 9 s"),
    ],
)
def test_what_the_line_says(event: Progress, seconds: float, says: str) -> None:
    assert line(event, seconds) == says


def test_every_rule_is_announced(tmp_path: Path) -> None:
    told: list[Progress] = []
    options = AnalyzeOptions(use_ledger=False, select=("tool_loop", "cold_start"))
    analyze(logs.write(tmp_path / "day.jsonl", logs.working_day()), options=options, on_event=told.append)
    assert [event.stage for event in told] == ["reading", "reading", "preparing", "diagnosing", "diagnosing"]
    assert sorted(event.what for event in told[3:]) == ["cold_start", "tool_loop"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
@pytest.mark.parametrize(("argv", "env", "drawn"), [([], {}, True), (["-q"], {}, False), ([], {"TERM": "dumb"}, False)], ids=str)
def test_a_terminal_sees_it_and_a_pipe_does_not(argv: list[str], env: dict[str, str], drawn: bool) -> None:
    import pty

    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "infercheck.cli", "analyze", str(DEMO), "--no-ledger", *argv]
    base = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    plain = subprocess.run(command, capture_output=True, check=True, env=base)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, check=True, env={**base, **env})
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(master)
    assert done.stdout == plain.stdout
    assert plain.stderr == b""
    assert (b"diagnosing rule" in shown) == drawn
    if drawn:
        *_, blanks, left = shown.split(b"\r")
        assert not blanks.strip() and left == b""  # the line was wiped, and the cursor stands at its start
    else:
        assert shown == b""
