"""The completion scripts, in the shells themselves: commands, options, rule names, files, and nothing that a log said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infercheck import cli

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="bash, zsh and fish")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with `infercheck` in ./bin, each shell's script, and a log to complete."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "infercheck"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m infercheck.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "gateway.jsonl").touch()
    for shell in ("bash", "zsh", "fish"):
        assert cli.run(["completion", shell, "-o", str(tmp_path / shell)]) == 0
    return tmp_path


def run(home: Path, shell: str, lines: str) -> str:
    """What a shell prints for a script."""
    found = shutil.which(shell)
    if not found:
        pytest.skip(f"{shell} is not installed")
    bare = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    env = {**os.environ, "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "HOME": str(home)}
    done = subprocess.run([found, *bare, "-c", lines], capture_output=True, text=True, check=False, cwd=home, env=env, timeout=240)
    return done.stdout + done.stderr


CASES = [
    ("an", {"analyze"}),
    ("analyze --no-led", {"--no-ledger"}),
    ("rules explain retry_s", {"retry_storm"}),
    ("rules explain rout", {"routing"}),
    ("analyze logs/ --select tool_loop,cold_s", {"tool_loop,cold_start"}),
    ("completion f", {"fish"}),
    ("analyze gate", set()),  # files are the shell's to complete
]


@pytest.mark.parametrize(("typed", "offered"), CASES, ids=[typed for typed, _ in CASES])
def test_bash(typed: str, offered: set[str], home: Path) -> None:
    words = " ".join(["infercheck", *typed.split()])
    count = len(typed.split())
    asked = (
        f"source ./bash; COMP_WORDS=({words}); COMP_CWORD={count}; _infercheck_completion infercheck; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    assert set(run(home, "bash", asked).split()) == offered


def test_bash_falls_back_to_files(home: Path) -> None:
    assert "-o default" in run(home, "bash", "source ./bash; complete -p infercheck")


@pytest.mark.parametrize(("typed", "offered"), CASES, ids=[typed for typed, _ in CASES])
def test_fish(typed: str, offered: set[str], home: Path) -> None:
    shown = run(home, "fish", f"source ./fish; complete --do-complete 'infercheck {typed}'")
    assert {line.split("\t")[0] for line in shown.splitlines()} == (offered or {"gateway.jsonl"})


def test_zsh_loads_it_and_asks(home: Path) -> None:
    asked = 'autoload -U compinit; compinit -D -u; source ./zsh; words=(infercheck an); CURRENT=2; _arguments() { print -r -- "$@" }; '
    assert "analyze" in run(home, "zsh", asked + "_infercheck_completion")
    assert "_infercheck_completion" in run(home, "zsh", "autoload -U compinit; compinit -D -u; source ./zsh; print $_comps[infercheck]")


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["completion", "tcsh"]) == 2
    assert "known: bash, zsh, fish" in capsys.readouterr().err
