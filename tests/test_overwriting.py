"""`-o FILE` never writes over what the command reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import logs
from infercheck import cli

MORE = {  # what a command wants besides the logs
    "diff": ["{log}"],
    "query": ["SELECT 1"],
    "reconcile": ["{invoice}", "--logs"],
    "simulate": ["--fix", "caching"],
}


def commands() -> Iterator[str]:
    """Every command that reads logs and writes to a file that is named."""

    def walk(command: Any, name: str) -> Iterator[str]:
        for each, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, f"{name} {each}".strip())
        if any("--output" in p.opts for p in command.params) and any(p.name in {"paths", "logs", "base"} for p in command.params):
            yield name

    yield from walk(typer.main.get_command(cli.build()), "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    logs.write(tmp_path / "log.jsonl", [logs.call(n) for n in range(3)])
    (tmp_path / "bill.csv").write_text("date,model,amount\n2026-11-03,gpt-4o,1\n", encoding="utf-8")
    (tmp_path / "base.json").write_text("{}", encoding="utf-8")
    return tmp_path


def argv(command: str, folder: Path, read: Path, output: Path) -> list[str]:
    more = [word.format(log=folder / "log.jsonl", invoice=folder / "bill.csv") for word in MORE.get(command, [])]
    return [*command.split(), *more, str(read), "--no-ledger", "-o", str(output)]


def refused(argv: list[str], output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = output.read_bytes()
    assert cli.run(argv) == 2
    assert capsys.readouterr().err == f"infercheck: error: {output}: this is one of the files being read (write to another one)\n"
    assert output.read_bytes() == before


@pytest.mark.parametrize("command", [*commands()])
def test_a_log_that_is_read_is_not_written_over(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "again.jsonl").hardlink_to(folder / "log.jsonl")
    for read in (folder / "log.jsonl", folder, folder / "*.jsonl"):
        refused(argv(command, folder, read, folder / "log.jsonl"), folder / "log.jsonl", capsys)
    refused(argv(command, folder, folder / "log.jsonl", folder / "again.jsonl"), folder / "again.jsonl", capsys)


def test_neither_is_an_invoice_or_a_baseline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(folder / "log.jsonl")
    refused(argv("reconcile", folder, folder / "log.jsonl", folder / "bill.csv"), folder / "bill.csv", capsys)
    refused(["diff", str(folder / "base.json"), log, "-o", str(folder / "base.json")], folder / "base.json", capsys)
    refused(["check", log, "--baseline", str(folder / "base.json"), "-o", str(folder / "base.json")], folder / "base.json", capsys)


def test_a_report_beside_the_logs_is_written_and_written_again(folder: Path) -> None:
    for _ in range(2):
        assert cli.run(argv("analyze", folder, folder, folder / "report.json")) == 0
        assert cli.run(argv("export excel", folder, folder, folder / "book.xlsx")) == 0
