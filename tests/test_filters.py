"""--since, --until and --where mean the same to every command: what it says of a part of a log is what it says of a log of that part alone."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import logs
from infercheck import cli

PART = ["--since", "2026-11-04", "--until", "2026-11-05", "--where", "app = 'faq-bot'"]
FIRST, END = 86_400 - 9 * 3600, 2 * 86_400 - 9 * 3600  # of that day, in seconds after the log's start
PLACES = {"call_id", "span_id", "file_id", "line"}


def rounded(figure: str) -> str:
    """But for the last digits of a float: they depend on the order in which rows are added up."""
    return f"{float(figure):.9g}" if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", figure) else figure


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(), parse_float=rounded)


def report(path: Path) -> Any:
    said = read_json(path)
    return {key: said[key] for key in ("window", "headline", "findings", "plan", "spend", "latency")}


def rows(path: Path) -> Any:
    with path.open(newline="") as text:
        return sorted(sorted((k, rounded(v)) for k, v in row.items() if k not in PLACES) for row in csv.DictReader(text))


def sheets(path: Path) -> Any:
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name) for name in book.namelist() if "/worksheets/sheet" in name}


def checks(path: Path) -> Any:
    return read_json(path)["checks"]


def sums(path: Path) -> Any:
    return {key: value for key, value in read_json(path).items() if key not in {"created_at", "salt"}}


# By command, what is asked besides the logs, what the answer is called, and what of it speaks of the calls.
ASKED: dict[str, tuple[list[str], str, Callable[[Path], Any]]] = {
    "analyze": (["-f", "json"], "a.json", report),
    "export claims": ([], "a.csv", rows),
    "export calls": ([], "a.csv", rows),
    "export focus": ([], "a.csv", rows),
    "export chargeback": ([], "a.csv", rows),
    "export excel": ([], "a.xlsx", sheets),
    "query": ([], "a.csv", rows),
    "check": (["-f", "json", "--exit-zero", "--budget", "spend_usd=0.0001", "--budget", "interactive_p95_ms=1"], "a.json", checks),
    "simulate": (["-f", "json", "--fix", "caching", "--fix", "retry_discipline"], "a.json", read_json),
    "baseline write": ([], "a.json", sums),
}
SQL = "SELECT source_call_id, workload, status, billed_usd, duration_ms FROM priced_calls"
# Why others that read logs do not have all three.
OTHERWISE = {
    "ingest": "keeps the whole log: the filters belong to those who ask",
    "diff": "compares two logs, each with a time of its own",
    "demo": "reads a log of its own",
    "reconcile": "takes its time from the invoice; tested with it",
}


def commands() -> Iterator[tuple[str, set[str]]]:
    """Every command that takes logs, and its options."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, set[str]]]:
        for each, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, f"{name} {each}".strip())
        if any(p.name in {"paths", "logs", "base"} for p in command.params):
            yield name, {option for p in command.params for option in p.opts}

    yield from walk(typer.main.get_command(cli.build()), "")


def test_every_command_that_reads_calls_has_the_filters() -> None:
    found = dict(commands())
    assert set(ASKED) <= set(found) <= set(ASKED) | set(OTHERWISE)
    assert all({"--since", "--until", "--where"} <= found[name] for name in ASKED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of two applications, and the second day of one of them alone."""
    root = tmp_path_factory.mktemp("filters")
    told = [row for n in range(3) for row in logs.shifted(logs.working_day(), days=n)]
    at = [row["startTime"] - logs.START.timestamp() for row in told]
    part = [row for row, s in zip(told, at, strict=True) if FIRST <= s < END and "faq-bot" in row["metadata"]["user_api_key_alias"]]
    assert 10 < len(part) < len(told) / 3
    for name, those in (("whole", told), ("part", part)):
        (root / name).mkdir()
        logs.write(root / name / "log.jsonl", those)
    return root


@pytest.mark.parametrize("command", ASKED)
def test_a_part_of_a_log_is_a_log_of_that_part(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked, name, of_calls = ASKED[command]
    said = {}
    for log, filters in (("part", []), ("whole", PART)):
        out = folder / f"{log}-{name}"
        sql = [SQL] if command == "query" else []
        argv = [*command.split(), *sql, str(folder / log / "log.jsonl"), *asked, *filters, "-o", str(out)]
        assert cli.run([*argv, "--ledger", str(folder / "ledger.duckdb")]) == 0, capsys.readouterr().err
        said[log] = of_calls(out)
    assert said["part"]
    assert said["whole"] == said["part"]
