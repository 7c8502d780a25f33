"""`ingest --to DIR`: shards that any number of runs write, and a report over them that is the one over the logs."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import AnalyzeOptions, analyze, cli

Capture = pytest.CaptureFixture[str]


def put(path: Path, to: Path) -> None:
    assert cli.run(["ingest", str(path), "--to", str(to), "-q"]) == 0


def report(path: Path | str, ledger: Path) -> dict[str, Any]:
    found: dict[str, Any] = analyze([path], options=AnalyzeOptions(ledger=ledger)).model_dump(mode="json")
    return found


def assert_same(a: Any, b: Any, at: str = "") -> None:
    """Equal, but for the last digits of a float: they depend on the order in which rows are added up."""
    if isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() == b.keys(), at
        for key in a:
            assert_same(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list) and isinstance(b, list):
        assert len(a) == len(b), at
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{at}[{n}]")
    elif isinstance(a, float) and isinstance(b, float):
        assert math.isclose(a, b, rel_tol=1e-9), at
    else:
        assert a == b, at


def day(folder: Path) -> Path:
    """A working day in three files, one of them damaged."""
    folder.mkdir()
    rows = logs.working_day()
    for n in range(3):
        logs.write(folder / f"{n}.jsonl", rows[n::3])
    with (folder / "1.jsonl").open("a") as out:
        out.write('{"call_type": "acompletion", "resp\n')
    return folder


def test_the_report_over_shards_is_the_one_over_the_logs(tmp_path: Path) -> None:
    folder, to, ledger = day(tmp_path / "logs"), tmp_path / "shared", tmp_path / "l.duckdb"
    for name in ("0.jsonl", "1.jsonl", "2.jsonl"):
        put(folder / name, to)
    assert len(list(to.glob("shard-*"))) == 3
    shards = report(to, ledger)  # a new ledger takes the folder's salt, so that workloads get the same names
    assert shards["coverage"]["rejects"] == 1
    assert_same(shards, report(folder, ledger))
    assert_same(shards, report(to, ledger))  # and once more, out of the ledger


def test_one_shard_alone_and_a_folder_that_holds_more(tmp_path: Path) -> None:
    folder, to = day(tmp_path / "logs"), tmp_path / "logs" / "shared"
    put(folder / "0.jsonl", to)
    (shard,) = to.glob("shard-*")
    rows = len((folder / "0.jsonl").read_text().splitlines())
    assert report(shard, tmp_path / "a.duckdb")["coverage"]["attempts"] == rows
    assert report(shard / "calls.parquet", tmp_path / "b.duckdb")["coverage"]["attempts"] == rows
    together = report(folder, tmp_path / "c.duckdb")["coverage"]  # the log itself, and its copy in the shard
    assert (together["duplicates"], together["rejects"]) == (rows, 1)


def test_what_stands_there_is_not_written_again_and_what_has_grown_replaces_its_copy(tmp_path: Path, capsys: Capture) -> None:
    folder, to = day(tmp_path / "logs"), tmp_path / "shared"
    put(folder, to)
    put(folder, to)
    assert len(list(to.glob("shard-*"))) == 1
    rows = [
        logs.without_prompts(logs.call(n, at_s=90_000 + n)) | {"litellm_call_id": "", "id": ""} for n in range(4)
    ]  # nothing tells copies
    with (folder / "2.jsonl").open("a") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    put(folder, to)
    assert len(list(to.glob("shard-*"))) == 2
    ledger = tmp_path / "l.duckdb"
    assert_same(report(to, ledger), report(folder, ledger))
    capsys.readouterr()


def test_the_members_of_an_archive_are_not_written_again(tmp_path: Path) -> None:
    folder, to, archive = day(tmp_path / "logs"), tmp_path / "shared", tmp_path / "a!week.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.iterdir()):
            out.write(path, path.name)
    put(archive, to)
    put(archive, to)
    assert len(list(to.glob("shard-*"))) == 1
    assert report(to, tmp_path / "l.duckdb")["coverage"]["files"] == 3


def test_what_repeats_a_call_s_usage_comes_along(tmp_path: Path) -> None:
    sessions, to, ledger = Path(__file__).parents[1] / "sample_logs" / "agents", tmp_path / "shared", tmp_path / "l.duckdb"
    put(sessions, to)
    shards, whole = (report(path, ledger)["coverage"] for path in (to, sessions))
    assert shards["naive_sum"]["tokens"] > 3 * shards["naive_sum"]["counted_tokens"]
    assert_same({k: shards[k] for k in ("rows", "duplicates", "naive_sum")}, {k: whole[k] for k in ("rows", "duplicates", "naive_sum")})


def test_runs_side_by_side_share_one_salt(tmp_path: Path) -> None:
    folder, to = day(tmp_path / "logs"), tmp_path / "shared"
    command = [sys.executable, "-m", "infercheck.cli", "ingest", "--to", str(to), "-q"]
    runs = [subprocess.Popen([*command, str(folder / f"{n}.jsonl")]) for n in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    ledger = tmp_path / "l.duckdb"
    assert_same(report(to, ledger), report(folder, ledger))


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_killed_run_leaves_nothing_that_counts(tmp_path: Path) -> None:
    folder, to = tmp_path / "logs", tmp_path / "shared"
    folder.mkdir()
    rows = logs.working_day()
    logs.write(folder / "a.jsonl", [row for n in range(40) for row in logs.shifted(rows, days=n)])
    put(folder / "a.jsonl", tmp_path / "warm")
    command = [sys.executable, "-m", "infercheck.cli", "ingest", str(folder), "--to", str(to), "-q"]
    run = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while run.poll() is None and not list(to.glob(".shard-*")) and time.monotonic() < deadline:
        time.sleep(0.001)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not list(to.glob("shard-*")) or run.returncode == 0
    put(folder, to)
    assert report(to, tmp_path / "l.duckdb")["coverage"]["attempts"] == 40 * len(rows)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, capsys: Capture) -> None:
    folder = day(tmp_path / "logs")
    assert cli.run(["ingest", str(folder), "--to", str(folder)]) == 2
    assert "this folder holds something else" in capsys.readouterr().err
    assert sorted(p.name for p in folder.iterdir()) == ["0.jsonl", "1.jsonl", "2.jsonl"]
    assert cli.run(["ingest", str(folder), "--to", str(tmp_path / "x"), "--ledger", str(tmp_path / "y")]) == 2


def test_shards_of_another_version_are_named_as_such(tmp_path: Path, capsys: Capture) -> None:
    folder, to = day(tmp_path / "logs"), tmp_path / "shared"
    put(folder, to)
    meta = json.loads((to / "_meta.json").read_text())
    (to / "_meta.json").write_text(json.dumps(meta | {"schema_version": "0"}))
    assert cli.run(["analyze", str(to), "--no-ledger"]) == 3
    assert "another version" in capsys.readouterr().err
