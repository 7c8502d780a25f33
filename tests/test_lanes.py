"""Jobs on two connections: what needs another comes after it, an error stops all, and figures do not depend on how many connections there are."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import infercheck
import logs
from infercheck import ingest
from infercheck.engine import duckdb
from infercheck.engine.base import Database, DatabaseError, Interrupted
from infercheck.engine.lanes import Job, work
from infercheck.errors import LedgerNotice, UsageError
from infercheck.ingest import reading
from infercheck.ingest.ledger import PERSISTENT
from infercheck.model.config import AnalyzeOptions
from infercheck.model.progress import Progress

DEMO = Path(__file__).parents[1] / "sample_logs" / "demo"
ENDLESS = "SELECT max(hash(a.range + b.range)) FROM range(2000000) a, range(2000000) b"


class Lane:
    """A connection of which nothing is asked."""

    def interrupt(self) -> None:
        """There is nothing to stop."""


LANES = cast(list[Database], [Lane(), Lane()])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(0, 30), max_size=4), max_size=25), st.sampled_from([1, 2]))
def test_a_job_runs_once_and_after_those_that_it_needs(needs: list[set[int]], lanes: int) -> None:
    done: list[int] = []
    started: list[str] = []
    ended: list[str] = []

    def run(at: int) -> Callable[[Database], None]:
        return lambda lane: done.append(at)

    # Only what stands before is a job; the names of others are done already.
    jobs = [Job(str(at), run(at), [str(n) for n in of if n < at or n >= len(needs)]) for at, of in enumerate(needs)]
    work(LANES[:lanes], jobs, started.append, ended.append)
    assert sorted(done) == list(range(len(needs)))
    assert sorted(started, key=int) == sorted(ended, key=int) == [job.name for job in jobs]
    place = {at: nth for nth, at in enumerate(done)}
    assert all(place[n] < place[at] for at, of in enumerate(needs) for n in of if n < at)


def test_two_connections_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)  # neither gets past it alone
    passed: list[int] = []
    work(LANES, [Job(name, lambda lane: passed.append(both.wait())) for name in "ab"])
    assert sorted(passed) == [0, 1]


def test_an_error_stops_what_runs_and_what_waits(tmp_path: Path) -> None:
    ran: list[str] = []
    began = threading.Event()

    def fails(lane: Database) -> None:
        assert began.wait(20)
        raise UsageError("no such column")

    def endless(lane: Database) -> None:
        began.set()
        try:
            lane.rows(ENDLESS)
        except Interrupted:
            ran.append("stopped")
            raise

    with duckdb.Engine(threads=2) as engine:
        with pytest.raises(UsageError, match="no such column"):
            work(engine.lanes, [Job("endless", endless), Job("fails", fails), Job("after", lambda lane: ran.append("after"), ["endless"])])
        assert ran == ["stopped"]
        assert engine.value("SELECT 1") == 1  # the connections are whole


def test_who_is_told_may_end_it_all() -> None:
    def tell(name: str) -> None:
        raise KeyboardInterrupt

    with duckdb.Engine(threads=2) as engine:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            work(engine.lanes, [Job(name, lambda lane: cast(Any, lane).rows(ENDLESS)) for name in "abc"], tell)
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("use_ledger", [False, True])
def test_the_report_is_the_same_on_one_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use_ledger: bool) -> None:
    def found(name: str) -> Any:
        options = AnalyzeOptions(use_ledger=use_ledger, ledger=tmp_path / name if use_ledger else None)
        # The last digits of a mean depend on the order in which it is added up.
        return json.loads(infercheck.analyze([DEMO], options=options).model_dump_json(), parse_float=lambda digits: f"{float(digits):.9g}")

    two = found("two.duckdb")
    monkeypatch.setattr(duckdb, "LANES", 1)
    assert found("one.duckdb") == two


def test_batches_that_are_read_at_once_make_the_same_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for n in range(40):
        lines = [json.dumps(logs.call(n * 10 + i, question="Where is my parcel?" if i % 3 else "")) for i in range(10)]
        lines[n % 10] = "{broken" if n % 7 == 0 else lines[n % 10]
        (folder / f"{n:02}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / f"{n:02}.csv").write_text("day,visits\n2026-11-03,7\n", encoding="utf-8")

    def ledger(lanes: int) -> tuple[dict[str, list[Any]], int]:
        monkeypatch.setattr(duckdb, "LANES", lanes)
        seen: list[Progress] = []
        with duckdb.Engine(threads=2) as engine:
            result = ingest.ingest(engine, [str(folder)], salt="the same", on_event=seen.append)
            assert result.skipped == {"csv": 40}
            assert (seen[-1].files, seen[-1].done) == (40, seen[-1].total)
            tables = {name: engine.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in PERSISTENT if name != "ledger_files"}
            return tables | {"files": engine.rows("SELECT path, records, rows, rejects, note FROM ledger_files ORDER BY path")}, len(seen)

    monkeypatch.setattr(reading, "SHARE_BYTES", 0)
    monkeypatch.setattr(reading, "ALONG_BYTES", 1 << 15)
    (one, whole), (two, halves) = ledger(1), ledger(2)
    assert two == one
    assert len(one["call_rows"]) == 40 * 10 - 6
    assert halves == whole + 1  # two batches, of which each is told


@pytest.mark.parametrize("name", ["beside.duckdb", "temp.duckdb", "main.duckdb", 'my ledger\'s "own".v2.duckdb', "select.duckdb"])
def test_a_ledger_may_have_any_name_and_holds_only_what_was_read(tmp_path: Path, name: str) -> None:
    options = AnalyzeOptions(ledger=tmp_path / name)
    first = infercheck.analyze([DEMO], options=options)
    again = infercheck.analyze([DEMO], options=options)
    assert again.headline == first.headline
    with duckdb.Engine(tmp_path / name) as engine:
        names = "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
        stored = {name for (name,) in engine.rows(names)}
    assert {"call_rows", "ledger_files", "meta"} <= stored
    assert not stored & {"calls", "claims", "settled", "priced_calls", "outcomes", "prices"}


def test_a_ledger_that_starts_anew_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "own.duckdb"
    with duckdb.Engine(path, own=True, threads=2) as engine:
        engine.execute("CREATE TABLE old AS SELECT 1 AS a")
        with pytest.warns(LedgerNotice, match="set aside as own.duckdb.damaged-1"):
            engine.start_anew()
        for lane in engine.lanes:
            assert lane.rows("SELECT table_name FROM duckdb_tables() WHERE table_name = 'old'") == []
        engine.create("shared", "SELECT 1 AS a")
        assert [lane.value("SELECT a FROM shared") for lane in engine.lanes] == [1, 1]


def test_what_fails_on_one_thread_is_told_and_all_threads_come_back() -> None:
    with duckdb.Engine(threads=2) as engine:
        engine.execute("CREATE TABLE numbers (n INTEGER)")
        with pytest.raises(DatabaseError, match="no number"), engine.transaction(), engine.on_one_thread():
            assert engine.value("SELECT current_setting('threads')") == 1
            engine.execute("INSERT INTO numbers SELECT CAST(error('no number') AS INTEGER) FROM range(3)")
        assert engine.value("SELECT current_setting('threads')") == 2
        assert engine.value("SELECT count(*) FROM numbers") == 0
