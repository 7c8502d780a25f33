"""Whatever is wrong with input, options, config, rules or ledger: one clear line on stderr, the promised exit code, and never a traceback."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import cli
from infercheck.engine import duckdb as engine
from infercheck.engine import ledger_file

Capture = pytest.CaptureFixture[str]

HEADER = """/*---
title = "A rule of one's own"
why = "to be tried"
fix = "routing"
grade = "heuristic"
false_positives = "all of them"
"""
EXAMPLES = """
[[example]]
name = "fires"
calls = '''
call_id  workload  status
a        w         ok
'''
claims = '''
call_id  drop
a        true
'''

[[example]]
name = "stays silent"
calls = '''
call_id  workload  status
a        w         error
'''
claims = ""
---*/
"""
SELECT = "SELECT call_id, workload AS subject, TRUE AS drop FROM priced_calls WHERE status = 'ok'\n"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(logs.write(tmp_path_factory.mktemp("logs") / "ok.jsonl", [logs.call(n, at_s=60 * n) for n in range(6)]))


def refused(argv: list[str], code: int, capsys: Capture) -> str:
    """The one line that a command writes on stderr when it exits with ``code``; nothing stands on stdout."""
    assert cli.run(argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"infercheck: error: [^\n]+\n", err), err
    assert not re.search(r"Traceback|internal error|Error:|\bNone\b", err.removeprefix("infercheck: error: ")), err
    return err


# --- input


def write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


BAD_FILES: dict[str, tuple[dict[str, bytes | str], str, str]] = {
    "no such file": ({}, "nope.jsonl", "no such file or folder"),
    "a glob without a match": ({}, "nope*.jsonl", "no file matches"),
    "an empty folder": ({"in/.hidden": "x"}, "in", "the folder holds no files"),
    "a folder without a log": ({"in/readme.md": "# Notes\nhello\n", "in/a.png": b"\x89PNG\r\n\x1a\n" + bytes(99)}, "in", "skipped: 1 md, 1 png"),
    "an empty file": ({"a.jsonl": b""}, "a.jsonl", "nothing here is a log"),
    "a binary file": ({"a.jsonl": b"\x00\x01\x02\xff" * 500}, "a.jsonl", "no log but binary"),
    "an archive of nothing": ({"a.jsonl.gz": b"\x1f\x8b\x08\x00" + b"garbage" * 30}, "a.jsonl.gz", "it is empty or damaged"),
    "prose": ({"a.txt": "It was a dark night.\nIt rained.\n"}, "a.txt", "infercheck reads JSON lines"),
    "another format": (
        {"a.jsonl": '{"startTime": 1, "model": "m", "prompt_tokens": 5, "level": "info"}\n' * 3},
        "a.jsonl",
        "closest: litellm_standard_logging (missing: call_type, response_cost",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_input_that_cannot_be_used(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    files, argument, says = BAD_FILES[name]
    monkeypatch.chdir(tmp_path)
    for path, data in files.items():
        write(tmp_path / path, data)
    for command in (["analyze"], ["export", "claims"], ["query", "SELECT 1"]):
        err = refused([*command, argument, "--no-ledger"], 3, capsys)
        assert says in err
        assert argument in err


def test_a_damaged_line_costs_that_line(tmp_path: Path, capsys: Capture) -> None:
    rows = [json.dumps(logs.call(n, at_s=60 * n)) for n in range(6)]
    path = write(tmp_path / "a.jsonl", "\n".join([*rows[:3], rows[3][: len(rows[3]) // 2], *rows[4:]]) + "\n")
    argv = ["analyze", str(path), "--no-ledger", "--format", "json"]
    assert cli.run(argv) == 0
    cover = json.loads(capsys.readouterr().out)["coverage"]
    assert (cover["attempts"], cover["rejects"]) == (5, 1)
    assert re.match(rf"{re.escape(str(path))}:4: ", cover["reject_samples"][0])
    ask = "SELECT f.path, r.line, r.reason FROM rejects r JOIN files f ON f.file_id = r.file_id"
    assert cli.run(["query", ask, str(path), "--no-ledger", "-f", "json"]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert (row["path"], row["line"], bool(row["reason"])) == (str(path), 4, True)
    assert cli.run([*argv, "--strict"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["coverage"]["attempts"] == 5
    assert err == "infercheck: error: --strict: 1 rejected line\n"


def test_a_value_of_the_wrong_type_costs_that_value(tmp_path: Path, capsys: Capture) -> None:
    rows = [logs.call(n, at_s=60 * n) for n in range(4)]
    path = logs.write(tmp_path / "a.jsonl", [rows[0] | {"prompt_tokens": "many"}, *rows[1:]])
    assert cli.run(["analyze", str(path), "--no-ledger"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "0 lines rejected, 1 value unreadable" in out
    assert "1 value of input_tokens could not be read, such as 'many'" in out
    assert cli.run(["analyze", str(path), "--no-ledger", "--strict", "-o", os.devnull]) == 1
    assert capsys.readouterr().err == "infercheck: error: --strict: 1 unreadable value\n"


def test_a_cell_of_broken_json_is_unreadable_and_what_python_prints_is_read(tmp_path: Path, capsys: Capture) -> None:
    head = (
        "request_id",
        "call_type",
        "spend",
        "startTime",
        "endTime",
        "model",
        "prompt_tokens",
        "completion_tokens",
        "metadata",
        "request_tags",
    )
    whole: dict[str, Any] = {
        "user_api_key_alias": "it's ours",
        "usage_object": {"prompt_tokens_details": {"cached_tokens": 3}},
        "status": None,
    }
    tags = ["app:shop"]

    def read(name: str, cells: list[tuple[str, str]]) -> tuple[dict[str, Any], Any]:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as stream:
            times = ("2026-11-03 09:00:00", "2026-11-03 09:00:01")
            rows = [(f"r{n}", "acompletion", 0.1, *times, "gpt-4o", 9, 2, *cell) for n, cell in enumerate(cells)]
            csv.writer(stream).writerows([head, *rows])
        assert cli.run(["analyze", str(path), "--no-ledger", "-f", "json"]) == 0
        cover = json.loads(capsys.readouterr().out)["coverage"]
        ask = "SELECT api_key_alias, cache_read_tokens, app FROM calls ORDER BY line"
        assert cli.run(["query", ask, str(path), "--no-ledger", "-f", "json"]) == 0
        return cover, json.loads(capsys.readouterr().out)

    good = {"api_key_alias": "it's ours", "cache_read_tokens": 3, "app": "shop"}
    plain = (json.dumps(whole), json.dumps(tags))
    cover, rows = read("psql.csv", [plain, plain, ("", ""), ("{}", "[]")])
    assert (cover["cell_issues"], rows[:2]) == (0, [good, good])
    cover, rows = read("pandas.csv", [(str(whole), str(tags))] * 3)
    assert (cover["cell_issues"], rows) == (0, [good] * 3)
    cover, rows = read("cut.csv", [plain, plain, (plain[0][:40], plain[1])])
    assert (cover["cell_issues"], rows[0], rows[2]["app"]) == (1, good, "shop")


def test_a_damaged_archive_costs_its_tail(tmp_path: Path, capsys: Capture) -> None:
    whole = gzip.compress(b"".join(json.dumps(logs.call(n, at_s=60 * n)).encode() + b"\n" for n in range(60)))
    write(tmp_path / "cut.jsonl.gz", whole[: len(whole) * 2 // 3])
    logs.write(tmp_path / "whole.jsonl", [logs.call(n, at_s=60 * n) for n in range(100, 105)])
    assert cli.run(["analyze", str(tmp_path), "--no-ledger", "-f", "json"]) == 0
    cover = json.loads(capsys.readouterr().out)["coverage"]
    assert cover["files"] == 2
    assert 10 < cover["attempts"] < 60
    assert any("cut.jsonl.gz" in notice and "cut short" in notice for notice in cover["notices"])
    for _ in range(2):  # read the first time, known the second
        assert cli.run(["analyze", str(tmp_path), "--ledger", str(tmp_path / ".ledger")]) == 0
        assert "the gz archive is cut short" in " ".join(capsys.readouterr().out.split())


# --- options


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--select", "nope"], "no such rule or step: nope"),
        (["--select", "retry_strom"], "did you mean retry_storm?"),
        (["--ignore", "9"], "no such rule or step: 9"),
        (["--since", "last week"], "--since: 'last week' is no time"),
        (["--since", "-7d"], "--since"),
        (["--until", "7d"], "--until: '7d' is no time"),
        (["--since", "2026-11-05", "--until", "2026-11-04"], "--since must be before --until"),
        (["--tz", "Mars/Olympus"], "--tz: there is no time zone"),
        (["--where", "team = "], "--where: this is not one SQL condition"),
        (["--where", "teem = 'x'"], '--where: Referenced column "teem" not found'),
        (["--where", "TRUE); DROP TABLE calls; --"], "--where: this is not one SQL condition"),
        (["--where", "1 IN (SELECT count(*) FROM read_text('/etc/hostname'))"], "--where: "),
        (["--format", "pdf"], "there is no output format 'pdf'"),
        (["--cost-basis", "guess"], "is no cost basis"),
        (["--ledger", "a.duckdb", "--no-ledger"], "exclude each other"),
        (["--config", "nope.toml"], "nope.toml: there is no such config file"),
        (["--rules", "nope"], "nope: no such folder of rules"),
        (["-o", "no/such/folder/r.txt"], "no/such/folder/r.txt: cannot be written"),
        (["--fail-on", "p96_ms=1"], "there is no budget 'p96_ms'"),
        (["--nope"], "--nope"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_wrong_options(argv: list[str], says: str, log: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = [] if "--ledger" in argv else ["--no-ledger"]
    assert says in refused(["analyze", log, *given, *argv], 2, capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_scope_without_calls_is_said_not_judged(log: str, capsys: Capture) -> None:
    for given in (["--since", "2030-01-01"], ["--where", "team = 'nobody'"]):
        for output in ("text", "json", "csv", "markdown"):
            assert cli.run(["analyze", log, "--no-ledger", "-f", output, *given]) == 0
            out = capsys.readouterr().out
            assert output not in ("text", "markdown") or "No call in scope: nothing to judge." in out
            assert "Healthy" not in out
    assert cli.run(["analyze", log, "--no-ledger", "--since", "2030-01-01"]) == 0
    assert "0 attempts at 0 requests; 6 left out by --since, --until or --where" in " ".join(capsys.readouterr().out.split())
    for command in (["export", "claims"], ["export", "calls"]):
        assert cli.run([*command, log, "--no-ledger", "--since", "2030-01-01"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1


# --- config


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("selct = ['1']", 1, "did you mean select?"),
        ("[rules.retry_storm]\nmin_snds = 4", 2, "retry_storm has no parameter 'min_snds'"),
        ("[rules.retry_strom]\nmin_sends = 4", 1, "did you mean retry_storm?"),
        ("[[workload]]\nname = 'w'\nmatch = {ap = 'x'}", 3, "did you mean app?"),
        ("a = = 1", 1, "not valid TOML"),
    ],
)
def test_wrong_config(text: str, line: int, says: str, log: str, tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "infercheck.toml", text)
    for argv in (["analyze", log, "--no-ledger", "--config", str(path)], ["config", "validate", str(path)]):
        err = refused(argv, 2, capsys)
        assert f"{path}:{line}: " in err
        assert says in err


@pytest.mark.parametrize("text", ["select = ['no_such_rule']", "[rules.retry_storm]\nmin_sends = 'three'"])
def test_config_that_names_what_is_not_there(text: str, log: str, tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "infercheck.toml", text)
    err = refused(["analyze", log, "--no-ledger", "--config", str(path)], 2, capsys)
    assert "no_such_rule" in err or "min_sends" in err


# --- rules

BAD_RULES: dict[str, tuple[str, int | None, str]] = {
    "a misspelt key": (HEADER.replace("grade", "graed") + EXAMPLES + SELECT, 5, "unknown header key 'graed' (did you mean grade?)"),
    "a key left out": (HEADER.replace('why = "to be tried"\n', "") + EXAMPLES + SELECT, 1, "header key 'why': is missing"),
    "no TOML": (HEADER.replace('"to be tried"', "to be tried") + EXAMPLES + SELECT, 3, "the header is not valid TOML"),
    "no header": (SELECT, 1, "the first line must be exactly /*---"),
    "an open header": (HEADER + SELECT, 1, "never closed"),
    "another statement": (HEADER + EXAMPLES + "DROP TABLE calls\n", None, "a rule is one SELECT and nothing else"),
    "two SELECTs": (HEADER + EXAMPLES + SELECT.strip() + ";\nSELECT 1\n", None, "exactly one SELECT, here are 2"),
    "no SQL": (HEADER + EXAMPLES, 1, "exactly one SELECT, here are none"),
    "broken SQL": (HEADER + EXAMPLES + "SELECT call_id\nFROM calls\nWHRE x\n", 29, "not valid SQL"),
    "no call_id": (HEADER + EXAMPLES + SELECT.replace("call_id, ", ""), None, "the SELECT yields no call_id"),
    "no subject": (HEADER + EXAMPLES + "SELECT call_id, TRUE AS drop FROM calls\n", None, "no column subject"),
    "no claim": (HEADER + EXAMPLES + "SELECT call_id, 'w' AS subject FROM calls\n", None, "claims nothing"),
    "dollars": (HEADER + EXAMPLES + SELECT.replace("TRUE AS drop", "1.5 AS saved_usd"), None, "unknown column 'saved_usd'"),
    "a table function": (HEADER + EXAMPLES + "SELECT call_id, 'w' AS subject, TRUE AS drop FROM read_csv('/etc/passwd')\n", None, "'read_csv'"),
    "a file as a table": (HEADER + EXAMPLES + "SELECT call_id, 'w' AS subject, TRUE AS drop FROM '/etc/passwd'\n", None, "no table or view"),
    "a function that reads": (HEADER + EXAMPLES + SELECT.replace("workload AS", "getenv('HOME') AS"), None, "'getenv' is not in the portable subset"),
    "the ledger's own tables": (HEADER + EXAMPLES + "SELECT call_id, 'w' AS subject, TRUE AS drop FROM call_rows\n", None, "no table or view"),
    "an unknown column": (HEADER + EXAMPLES + SELECT + "AND\nnosuch = 1\n", 29, '"nosuch"'),
    "an unknown parameter": (HEADER + EXAMPLES + SELECT + "AND\n1 > $limit\n", 29, "$limit is not declared"),
    "an unknown fix": (HEADER.replace("routing", "rooting") + EXAMPLES + SELECT, 4, "header key 'fix'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_RULES)
def test_wrong_rules(name: str, log: str, tmp_path: Path, capsys: Capture) -> None:
    text, line, says = BAD_RULES[name]
    path = write(tmp_path / "2_retries_and_waste" / "own_rule.sql", text)
    err = refused(["analyze", log, "--no-ledger", "--rules", str(tmp_path), "--select", "own_rule"], 2, capsys)
    assert says in err
    first = next((n for n, row in enumerate(text.splitlines(), start=1) if row == "---*/"), 0) + 1
    assert f"{path}:{line or first}" in err


def test_a_rule_outside_a_step(log: str, tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path / "own_rule.sql", HEADER + EXAMPLES + SELECT)
    assert "a folder named after its step" in refused(["analyze", log, "--no-ledger", "--rules", str(tmp_path)], 2, capsys)


def test_an_id_that_is_taken(log: str, tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "3_traffic_mixing" / "retry_storm.sql", HEADER + EXAMPLES + SELECT)
    err = refused(["analyze", log, "--no-ledger", "--rules", str(tmp_path)], 2, capsys)
    assert f"{path}: the id 'retry_storm' is taken" in err


def view(reads: str) -> str:
    head = "/*---\nkind = 'view'\ntitle = 'T'\n[columns]\ncall_id = 'the call'\n"
    example = "[[example]]\nname = 'n'\ncalls = '''\ncall_id  app\na  w\n'''\nrows = ''\n---*/\n"
    return f"{head}{example}SELECT call_id FROM {reads}\n"


def test_views_in_a_circle(log: str, tmp_path: Path, capsys: Capture) -> None:
    for name, reads in (("ping", "pong"), ("pong", "ping")):
        write(tmp_path / "views" / f"{name}.sql", view(reads))
    write(
        tmp_path / "1_premium_misuse" / "own_rule.sql",
        HEADER + EXAMPLES + SELECT.replace("FROM priced_calls", "FROM calls JOIN ping USING (call_id)"),
    )
    err = refused(["analyze", log, "--no-ledger", "--rules", str(tmp_path), "--select", "own_rule"], 2, capsys)
    assert "views read each other in a circle: ping -> pong -> ping" in err
    err = refused(["query", "SELECT * FROM pong", log, "--no-ledger", "--rules", str(tmp_path)], 2, capsys)
    assert "circle" in err


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT * FROM cals", "no table or view 'cals'"),
        ("SELECT nope FROM calls", '"nope"'),
        ("DELETE FROM calls", "one SELECT"),
        ("SELECT 1; SELECT 2", "exactly one SELECT"),
        ("SELECT * FROM read_text('/etc/hostname')", "read_text"),
        ("SELECT * FROM call_rows", "no table or view"),
        ("SELEC 1", "not valid SQL"),
        ("", ""),
    ],
)
def test_wrong_queries(sql: str, says: str, log: str, capsys: Capture) -> None:
    err = refused(["query", sql, log, "--no-ledger"], 2, capsys)
    assert says in err
    assert "a rule is" not in err


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_columns_of_one_name_are_told_apart_by_whoever_asks(format: str, log: str, tmp_path: Path, capsys: Capture) -> None:
    sql = "SELECT model, count(*) AS model FROM calls GROUP BY 1"
    err = refused(["query", sql, log, "--no-ledger", "-f", format, "-o", str(tmp_path / "out")], 2, capsys)
    assert "2 columns are named 'model'" in err


# --- ledger


@pytest.mark.parametrize("data", ["not a ledger\n" * 50, bytes(5000)], ids=["text", "zeros"])
def test_a_ledger_that_is_none(data: bytes | str, log: str, tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "ledger.duckdb", data)
    err = refused(["analyze", log, "--ledger", str(path)], 3, capsys)
    assert str(path) in err
    assert "--no-ledger" in err
    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)


def test_a_foreign_database_is_left_alone(log: str, tmp_path: Path, capsys: Capture) -> None:
    import duckdb

    path = tmp_path / "sales.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE meta (key INTEGER, worth INTEGER)")
        con.execute("INSERT INTO meta VALUES (1, 2)")
    refused(["analyze", log, "--ledger", str(path)], 3, capsys)
    with duckdb.connect(str(path)) as con:
        assert con.execute("SELECT * FROM meta").fetchall() == [(1, 2)]


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_ledger_that_another_run_holds(log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    path = tmp_path / "ledger.duckdb"
    monkeypatch.setattr(ledger_file, "BUSY_WAIT_S", 0.5)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        start = time.monotonic()
        err = refused(["analyze", log, "--ledger", str(path)], 3, capsys)
        assert time.monotonic() - start >= 0.5
        assert "the ledger is held by" in err
        if sys.platform == "linux":
            assert f"PID {holder.pid}" in err
        holder.communicate("")
    assert cli.run(["analyze", log, "--ledger", str(path), "-q"]) == 0


# --- the run itself


def spawn(*argv: str, **kwargs: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "infercheck.cli", *argv], text=True, stderr=subprocess.PIPE, **kwargs)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C while a log comes in through standard input, which never ends."""
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with spawn("analyze", "-", "--no-ledger", stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as run:
        deadline = time.monotonic() + 20
        while not any(tmp_path.glob("infercheck-*/stdin")) and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=20)
    assert (run.returncode, out, err) == (130, "", "infercheck: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_leaves_is_no_failure(log: str) -> None:
    with spawn(
        "query", "SELECT c.* FROM calls c, calls d, calls e, calls f", log, "--no-ledger", "-f", "csv", stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith("call_id,")
        run.stdout.close()
        assert run.stderr is not None and run.stderr.read() == ""
        assert run.wait(timeout=20) == 0


def test_standard_input_that_is_empty(capsys: Capture) -> None:
    with spawn("analyze", "-", "--no-ledger", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as run:
        out, err = run.communicate(timeout=30)
    assert (run.returncode, out) == (3, "")
    assert re.fullmatch(r"infercheck: error: [^\n]+\n", err)


@pytest.mark.parametrize("lost", ["the header", "all of it", "the tables"])
def test_the_projects_own_ledger_is_set_aside_and_another_file_is_left_alone(
    lost: str, log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    own, named = tmp_path / "cache" / "own.duckdb", tmp_path / "named.duckdb"
    monkeypatch.setattr("infercheck.ingest.default_path", lambda: own)
    assert cli.run(["analyze", log, "-q", "-o", os.devnull]) == 0
    if lost == "the tables":
        own.unlink()
        with engine.Engine(own) as other:
            other.execute("CREATE TABLE meta (something INTEGER)")
    else:
        whole = own.read_bytes()
        own.write_bytes(b"no database at all" * 1000 if lost == "all of it" else bytes(4096) + whole[4096:])
    broken = own.read_bytes()
    named.write_bytes(broken)
    capsys.readouterr()
    assert cli.run(["analyze", log, "-q", "-f", "json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["coverage"]["attempts"] == 6
    assert err.count("\n") == 1 and "set aside as own.duckdb.damaged-1, and all files are read anew" in err
    assert own.with_name("own.duckdb.damaged-1").read_bytes() == broken
    said = refused(["analyze", log, "--ledger", str(named)], 3, capsys)
    assert "no ledger" in said and named.read_bytes() == broken


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_name_that_is_no_utf8_is_one_line_and_the_rest_of_its_folder_is_read(tmp_path: Path, capsys: Capture) -> None:
    log = logs.write(tmp_path / "ok.jsonl", [logs.call(n) for n in range(3)])
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl"))
    odd.write_bytes(log.read_bytes())
    assert "is not UTF-8" in refused(["analyze", str(odd), "--no-ledger"], 3, capsys)
    assert cli.run(["analyze", str(tmp_path), "--no-ledger", "-v"]) == 0
    assert "1 read; skipped as no log: 1 unreadable" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_ledger_and_a_project_whose_names_are_no_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    log = str(logs.write(tmp_path / "ok.jsonl", [logs.call(n) for n in range(3)]))
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    odd.mkdir()
    assert "the name of this ledger or its folder is not UTF-8" in refused(["analyze", log, "--ledger", str(odd / "l.duckdb")], 3, capsys)
    assert "the name of this folder is not UTF-8" in refused(["ingest", log, "--to", str(odd)], 2, capsys)
    monkeypatch.chdir(odd)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cli.run(["analyze", log, "-f", "json"]) == 0
    assert len(list((tmp_path / "cache").rglob("*.duckdb"))) == 1
