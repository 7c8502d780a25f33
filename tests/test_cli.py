"""The command line's contract: exit codes, one line on stderr, a light --help. Reports come from a stand-in for the analysis."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import api, cli
from infercheck.cli import _frames
from infercheck.engine.duckdb import Head
from infercheck.errors import InputError
from infercheck.gate.budgets import checks
from infercheck.model.config import AnalyzeOptions
from infercheck.model.gate import Check
from infercheck.model.gating import GateSettings
from infercheck.model.report import Coverage, Headline, Report, Window
from infercheck.render import Style

HEAVY = ("duckdb", "polars", "pydantic", "rich", "jinja2", "genai_prices", "xlsxwriter", "pyarrow", "numpy", "infercheck.api")
ROOT = Path(__file__).resolve().parents[1]


def report(**cover: Any) -> Report:
    """Ten calls for $1.25."""
    counts = {"files": 1, "rows": 10, "attempts": 10, "requests": 10, "duplicates": 0, "rejects": 0, "cell_issues": 0, **cover}
    return Report(
        window=Window(),
        coverage=Coverage(**counts),
        headline=Headline.model_validate({"spend_usd": "1.25", "outcomes": 10, "successful_outcomes": 0}),
    )


@pytest.fixture
def analyzed(monkeypatch: pytest.MonkeyPatch) -> list[AnalyzeOptions]:
    """Stands in for the analysis; holds the options of each run."""
    seen: list[AnalyzeOptions] = []

    def analyze(paths: Any, *, options: AnalyzeOptions, budgets: Any = (), on_event: Any = None) -> tuple[Report, list[Check]]:
        seen.append(options)
        judged = checks(budgets, {("all", None): {"spend_usd": Decimal("1.25"), "failure_rate": 1.0}}, GateSettings())
        return report(rejects=1 if "damaged" in paths else 0), judged

    monkeypatch.setattr(api, "report", analyze)
    return seen


def shell(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infercheck.cli", *args],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **env},
    )


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys; from infercheck import cli; cli.run(['--help']); print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "analyze" in done.stdout


@pytest.mark.parametrize(
    ("argv", "absent"),
    [
        (
            ["query", "SELECT count(*) AS n, max(input_tokens) AS tokens FROM calls", "{log}", "--no-ledger"],
            ("polars", "infercheck.model.report"),
        ),
        (["analyze", "{log}", "--no-ledger"], ("polars", "jinja2", "infercheck.finance")),
    ],
)
def test_a_command_imports_only_what_it_needs(argv: list[str], absent: tuple[str, ...], tmp_path: Path) -> None:
    log = logs.write(tmp_path / "a.jsonl", [logs.call(n) for n in range(3)])
    said = [arg.format(log=log) for arg in argv]
    code = f"import sys; from infercheck import cli; cli.run({said}); print([m for m in {absent} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_table_says_how_many_rows_it_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = logs.write(tmp_path / "a.jsonl", [logs.call(n) for n in range(3)])
    assert cli.run(["query", "SELECT unnest(range(1250)) AS n ORDER BY n DESC; ", str(log), "--no-ledger"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines[:2]] == ["n", "1249"]
    assert (lines[-2].strip(), lines[-1]) == ("1050", "and 1,050 rows more: --format csv has all")


@pytest.mark.parametrize(("width", "columns"), [(60, 4), (120, 8), (160, 11), (180, 12)])
def test_a_table_shows_the_leading_columns_that_can_be_read(width: int, columns: int) -> None:
    """Of a text 12 columns are enough, a number is never cut."""
    names = [f"c{n}" for n in range(12)]
    numeric = [n == 1 for n in range(12)]
    rows: list[tuple[Any, ...]] = [("x" * 40, 1234567890123456, *["y" * 30] * 10)]
    drawn = _frames.as_table(Head(names, numeric, rows, 3), Style(width=width))
    head, *body, note = drawn.splitlines()
    assert head.split() == names[:columns]
    assert "1234567890123456" in body[0]
    assert min(len(word) for word in body[0].split()) >= 12
    left = "" if columns == 12 else f" and {12 - columns} column{'s' if columns < 11 else ''}"
    assert note == f"and 2 rows{left} more: --format csv has all"
    assert max(map(len, drawn.splitlines())) <= width


def test_help_is_quick() -> None:
    def best(*argv: str) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, *argv], capture_output=True, check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    assert best("-m", "infercheck.cli", "--help") <= 15 * best("-c", "pass")


def commands() -> list[list[str]]:
    """Every command, found by walking the application."""
    import typer.main

    root: Any = typer.main.get_command(cli.build())
    found = []
    for name, command in root.commands.items():
        inside = getattr(command, "commands", None)
        found += [[name, below] for below in inside] if inside else [[name]]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_an_example_and_v(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"Examples?:\n +infercheck {' '.join(command)}", out)
    assert "--verbose" in out


@pytest.mark.parametrize("group", [[], *([name] for name in sorted({name for name, *below in commands() if below}))], ids=" ".join)
def test_every_group_has_an_example(group: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*group, "--help"]) == 0
    assert re.search(rf"Examples?:\s+infercheck {' '.join(group)}", capsys.readouterr().out)


def test_commands_discover_themselves() -> None:
    files = {p.stem for p in Path(cli.__file__).parent.glob("*.py") if not p.stem.startswith("_")}
    assert {name for name, *_ in commands()} == files


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["analyse"],
        ["analyze"],
        ["analyze", "x", "--nope"],
        ["analyze", "x", "--format", "pdf"],
        ["analyze", "x", "--since", "yesterday"],
        ["analyze", "x", "--until", "7d"],
        ["analyze", "x", "--tz", "Mars/Olympus"],
        ["analyze", "x", "--tz", "../../etc/passwd"],
        ["analyze", "x", "--cost-basis", "guess"],
        ["analyze", "x", "--fail-on", "nope=1"],
        ["analyze", "x", "--fail-on", "spend_usd"],
        ["analyze", "x", "--fail-on", "spend_usd=NaN"],
        ["check", "x", "--budget", "nope=1"],
        ["check", "x", "--fail-on", "spend_usd=1"],
        ["check", "x", "--by", "guess"],
        ["check", "x", "--now", "yesterday"],
        ["check", "x", "--format", "pdf"],
        ["check", "x"],
        ["diff", "x"],
        ["analyze", "x", "--ledger", "a", "--no-ledger"],
        ["analyze", "x", "--rule-timeout", "0"],
        ["analyze", "x", "-o", "/no/such/folder/report.txt"],
        ["export", "claims", "x", "--format", "xml"],
        ["export", "nope", "x"],
        ["query", "SELECT 1", "x", "--format", "xml"],
        ["rules", "explain", "retry_strom"],
        ["rules", "list", "--format", "xml"],
        ["rules", "list", "--rules", "/no/such/folder"],
        ["rules", "test", "/no/such/folder"],
        ["config", "validate", "/no/such/file.toml"],
    ],
    ids=" ".join,
)
def test_usage_errors_are_one_line_and_exit_2(argv: list[str], analyzed: list[AnalyzeOptions], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    if argv:
        assert re.fullmatch(r"infercheck: error: [^\n]+\n", err)


def test_input_errors_exit_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: Any, **__: Any) -> Report:
        raise InputError("no such file\x1b[2J", where="a\nb", hint="look again")

    monkeypatch.setattr(api, "report", refuse)
    assert cli.run(["analyze", "x"]) == 3
    assert capsys.readouterr().err == "infercheck: error: a b: no such file (look again)\n"


@pytest.mark.parametrize(
    ("raised", "code"), [(RuntimeError("boom\nbang"), 70), (MemoryError(), 70), (KeyboardInterrupt(), 130), (BrokenPipeError(), 0)]
)
def test_what_breaks_becomes_an_exit_code(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> Report:
        raise raised

    monkeypatch.setattr(api, "report", broken)
    monkeypatch.setattr("infercheck.cli._errors.silence_stdout", lambda: None)
    assert cli.run(["analyze", "x"]) == code
    err = capfd.readouterr().err
    assert "Traceback" not in err
    assert err.count("\n") <= 1
    if code == 70:
        assert "run with -v for the traceback" in err
        assert cli.run(["analyze", "x", "-qv"]) == code
        assert "Traceback" in capfd.readouterr().err


def test_options_reach_the_analysis(analyzed: list[AnalyzeOptions]) -> None:
    argv = "analyze x --since 7d --until 2026-09-01T12:00 --tz Europe/Berlin --where a=1 --select 2,retry_storm --select 3 --ignore x --no-ledger"
    assert cli.run([*argv.split(), "--cost-basis", "computed", "--rule-timeout", "2.5", "--rules", "mine"]) == 0
    assert analyzed == [
        AnalyzeOptions(
            since=timedelta(days=7),
            until=datetime(2026, 9, 1, 10),  # noqa: DTZ001 -- UTC without a zone, as in the canonical tables
            where="a=1",
            rules=(Path("mine"),),
            select=("2", "retry_storm", "3"),
            ignore=("x",),
            use_ledger=False,
            cost_basis="computed",
            rule_timeout_s=2.5,
            tz="Europe/Berlin",
        )
    ]


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["x", "--fail-on", "spend_usd=1.25"], 0, ""),
        (["x", "--fail-on", "spend_usd=$1.24"], 1, "spend_usd is 1.25, over 1.24"),
        (["x", "--fail-on", "spend_usd=2", "--fail-on", "failure_rate=0.5"], 1, "failure_rate is 1, over 0.5"),
        (["x", "--fail-on", "interactive_p95_ms=100"], 0, "interactive_p95_ms: unknown in this log, not judged"),
        (["x", "--strict"], 0, ""),
        (["damaged"], 0, ""),
        (["damaged", "--strict"], 1, "--strict: 1 rejected line"),
    ],
)
def test_limits(argv: list[str], code: int, says: str, analyzed: list[AnalyzeOptions], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["analyze", *argv]) == code
    out, err = capsys.readouterr()
    assert "Cost per successful outcome" in out
    assert says in err


def test_the_output_files_ending_names_the_format(
    analyzed: list[AnalyzeOptions], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, start in (("r.json", "{"), ("r.md", "# infercheck"), ("r.csv", "rank,"), ("r.txt", "What was read"), ("r", "What was read")):
        assert cli.run(["analyze", "x", "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text("utf-8").startswith(start)
    assert capsys.readouterr().out == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r", "r.csv", "r.json", "r.md", "r.txt"]


@pytest.mark.parametrize(
    ("command", "name", "known"),
    [
        (["analyze", "x"], "r.pdf", ".csv, .html, .json, .md"),
        (["analyze", "x"], "r.XLSX", ".csv, .html, .json, .md"),
        (["check", "x", "--budget", "waste_percent=5"], "c.csv", ".json, .md, .sarif, .xml"),
        (["query", "SELECT 1", "x"], "q.md", ".csv, .json, .parquet"),
        (["export", "chargeback", "x"], "c.xlsx", ".csv, .parquet"),
        (["export", "calls", "x"], "c.csv.gz", ".csv, .parquet"),
        (["export", "excel", "x"], "c.csv", ".xlsx"),
        (["reconcile", "x", "--logs", "x"], "r.parquet", ".csv, .json"),
        (["simulate", "x", "--fix", "caching"], "s.csv", ".json"),
        (["baseline", "write", "x"], "b.yaml", ".json"),
        (["schema"], "s.yaml", ".json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_ending_that_the_command_does_not_write_is_refused(
    command: list[str], name: str, known: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    assert cli.run([*command, "-o", str(out)]) == 2
    assert f"{out}: this command does not write {out.suffix} (known: {known})" in capsys.readouterr().err
    assert not out.exists()


def test_a_format_that_is_named_wins_over_the_ending(analyzed: list[AnalyzeOptions], tmp_path: Path) -> None:
    for name in ("r.json", "r.pdf", "r.log"):
        assert cli.run(["analyze", "x", "--format", "markdown", "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text("utf-8").startswith("# infercheck")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", [["--help"], ["schema"], ["rules", "list"]], ids=" ".join)
def test_a_full_disk_behind_standard_output_is_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "infercheck.cli", *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert re.fullmatch(r"infercheck: error: .*(cannot write|cannot be written): No space left on device\n", done.stderr)


@pytest.mark.parametrize("command", [["analyze", "x"], ["demo"]], ids=" ".join)
def test_a_page_gets_its_pictures(command: list[str], analyzed: list[AnalyzeOptions], tmp_path: Path) -> None:
    for name in ("r.json", "r.html"):
        assert cli.run([*command, "-o", str(tmp_path / name)]) == 0
    assert [options.pictures for options in analyzed] == [False, True]


def test_version_and_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert re.fullmatch(r"infercheck \d+\.\d+\.\d+\n", capsys.readouterr().out)
    assert cli.run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Report"


def test_a_stream_that_knows_only_ascii_gets_ascii() -> None:
    done = shell("rules", "list", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
@pytest.mark.parametrize(
    ("env", "colored", "plain"),
    [({}, True, False), ({"NO_COLOR": "1"}, False, False), ({"TERM": "dumb"}, False, False), ({"PYTHONIOENCODING": "ascii"}, True, True)],
    ids=str,
)
def test_a_terminal_gets_what_it_can_show(env: dict[str, str], colored: bool, plain: bool) -> None:
    import pty

    master, terminal = pty.openpty()
    base = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    base |= {"TERM": "xterm", "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
    log = str(ROOT / "sample_logs" / "healthy.jsonl")
    argv = [sys.executable, "-m", "infercheck.cli", "analyze", log, "--no-ledger", "--select", "tool_loop"]
    process = subprocess.Popen(argv, stdout=terminal, stderr=subprocess.DEVNULL, env={**base, **env})
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0
    assert (b"\x1b[" in shown) == colored
    assert shown.isascii() == plain
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in shown.decode().splitlines()]
    assert any(line.startswith("Over time") for line in lines)
    assert max(map(len, lines)) <= 80


def test_width_and_no_color() -> None:
    done = shell("rules", "list", COLUMNS="80", NO_COLOR="1")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pipes differ")
def test_a_reader_that_leaves_early_is_no_error() -> None:
    line = f"{sys.executable} -m infercheck.cli schema | head -c 10; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.endswith("\n0\n") or done.stdout.endswith("0\n")


def test_demo_needs_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infercheck.cli", "demo", "--format", "json"],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=tmp_path, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["coverage"]["attempts"] > 0
    assert list(tmp_path.iterdir()) == []


def test_query_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(ROOT / "sample_logs" / "healthy.jsonl")
    assert cli.run(["query", "SELECT model, count(*) AS calls FROM calls GROUP BY model", log, "--no-ledger", "-f", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"model", "calls"} == set(rows[0])
    assert cli.run(["query", "DROP TABLE calls", log, "--no-ledger"]) == 2
    assert cli.run(["query", "SELECT * FROM read_text('/etc/passwd')", log, "--no-ledger"]) == 2
    for name in ("calls.csv", "calls.parquet"):
        assert cli.run(["export", "calls", log, "--no-ledger", "-o", str(tmp_path / name)]) == 0
    import polars as pl

    assert pl.read_parquet(tmp_path / "calls.parquet").height == pl.read_csv(tmp_path / "calls.csv", infer_schema=False).height > 0


def test_exported_text_runs_in_no_spreadsheet() -> None:
    import polars as pl

    from infercheck.cli._frames import as_csv

    frame = pl.DataFrame({"app": ["=1+1", " @x", "a-b", None, "\t+1", "a\x1b[2Jb"], "usd": [-1.5, 0.0, 1.0, None, 2.0, 3.0]})
    assert as_csv(frame).decode().splitlines() == ["app,usd", "'=1+1,-1.5", "' @x,0.0", "a-b,1.0", ",", "' +1,2.0", "a [2Jb,3.0"]
