"""The same rules beyond one machine: on a real cluster every claim and every cent as on DuckDB, also when a worker dies."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import spark_cluster
from infercheck import AnalyzeOptions, analyze, cli, diagnose, examples, rulebook
from infercheck.engine import ctes
from infercheck.engine.duckdb import DatabaseError, Engine, quoted
from infercheck.model.call import ALL_TABLES
from infercheck.rulebook import Rule, View

ROOT = Path(__file__).parents[1]
BOOK = rulebook.load()
OWNERS: list[Rule | View] = [*BOOK.views.values(), *BOOK.rules.values()]
UNAVAILABLE = spark_cluster.missing()
on_a_cluster = pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or "")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[spark_cluster.Cluster]:
    with spark_cluster.cluster(tmp_path_factory.mktemp("spark")) as made:
        yield made


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gateway and OpenTelemetry logs as canonical Parquet, two shards; the recorded corpora too where they lie beside the project."""
    folder = tmp_path_factory.mktemp("shards") / "all"
    corpora = ROOT.parent / "shared" / "corpora"
    first = [ROOT / "sample_logs" / "litellm_standard_logging.jsonl", *corpora.glob("litellm_proxy/*.jsonl")]
    second = [ROOT / "sample_logs" / "otlp_spans.jsonl", *corpora.glob("litellm_otel/*.jsonl")]
    for logs in (first, second):
        assert cli.run(["ingest", *map(str, logs), "--to", str(folder)]) == 0
    return folder


# --- on any machine


def test_ctes_are_taken_apart_and_keep_their_lines() -> None:
    found, rest = ctes.split("WITH a AS (\n    SELECT ')' AS x -- )\n), b AS (SELECT (1)\n) SELECT *\nFROM a JOIN b ON TRUE")
    assert [(c.name, c.body.count("\n")) for c in found] == [("a", 2), ("b", 3)]
    assert found[0].body.strip() == "SELECT ')' AS x -- )"
    assert rest.lstrip("\n") == "SELECT *\nFROM a JOIN b ON TRUE"
    assert rest.index("SELECT") == 3, "the third line break is before it"
    assert ctes.mentions("a", rest, found[1].body) == 1


@pytest.mark.parametrize("sql", ["SELECT 1", "WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", "WITH a(x) AS (SELECT 1) SELECT * FROM a"])
def test_what_has_no_plain_ctes_stays_whole(sql: str) -> None:
    assert ctes.split(sql) == ([], sql)


def test_a_server_that_is_not_there_is_one_line(shards: Path, capsys: Capture) -> None:
    pytest.importorskip("pyspark", reason="needs the extra `spark`")
    assert cli.run(["analyze", str(shards), "--no-ledger", "--engine", "spark", "--remote", "sc://127.0.0.1:9"]) == 3
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "no Spark server answers" in said[0]
    assert "sc://127.0.0.1:9" in said[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engine", "spark"], "--engine spark needs --remote"),
        (["--remote", "sc://localhost"], "--remote is for --engine spark"),
        (["--engine", "sparc"], "there is no engine 'sparc'"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], said: str, shards: Path, capsys: Capture) -> None:
    assert cli.run(["analyze", str(shards), "--no-ledger", *options]) == 2
    assert said in capsys.readouterr().err


def test_logs_that_are_no_shards_are_refused(capsys: Capture) -> None:
    log = ROOT / "sample_logs" / "healthy.jsonl"
    assert cli.run(["analyze", str(log), "--no-ledger", "--engine", "spark", "--remote", "sc://127.0.0.1:9"]) == 2
    assert "infercheck ingest LOGS --to DIR" in capsys.readouterr().err


# --- on a cluster


@on_a_cluster
@pytest.mark.parametrize("owner", [pytest.param(o, id=o.id) for o in OWNERS])
def test_every_rule_and_view_agrees(owner: Rule | View, spark: spark_cluster.Cluster, tmp_path: Path) -> None:
    """The first example with something in it: the same rows on both engines."""
    from infercheck.beyond import Cluster
    from infercheck.engine.spark import Spark

    example = next(e for e in owner.header.example if (e.claims or e.rows or "").strip())
    params = {owner.id: example.params}
    (tmp_path / "given").mkdir()
    with Engine(threads=1) as engine, Spark(spark.remote) as there:
        examples.fill(engine, example)
        for name in ALL_TABLES:
            if engine.value(f"SELECT count(*) FROM {quoted(name)}"):
                Cluster(there, tmp_path).send(engine, name, f"SELECT * FROM {quoted(name)}")
            else:  # most are empty, and a file takes the cluster several times as long
                there.create_empty(name, engine.columns(quoted(name)))
        tables = [owner.id] if isinstance(owner, View) else ["claims"]
        if isinstance(owner, Rule) and owner.header.kind == "observation":
            tables = [f"found_{owner.id}"]
        for database in (engine, there):
            if isinstance(owner, View):
                diagnose.make_views(database, BOOK, [owner.id], params, whole=True)
            else:
                assert not diagnose.diagnose(database, BOOK, select=[owner.id], params=params).not_checked
        for table in tables:
            mine, theirs = (_sorted(database.rows(f"SELECT * FROM {quoted(table)}")) for database in (engine, there))
            assert mine, "an empty table proves nothing"
            assert mine == theirs


@on_a_cluster
def test_a_division_by_zero_is_told_with_its_line_and_its_cure(spark: spark_cluster.Cluster) -> None:
    from infercheck.engine.spark import Spark

    with Spark(spark.remote) as there, pytest.raises(DatabaseError) as said:
        there.create("shares", "SELECT\n    n / nothing AS share\nFROM (SELECT 1 AS n, 0 AS nothing)")
    assert "nullif(divisor, 0)" in str(said.value)
    assert "LINE 2:" in str(said.value)


@on_a_cluster
def test_the_report_is_the_same(spark: spark_cluster.Cluster, shards: Path) -> None:
    here, there = (_figures(analyze(shards, options=_options(remote))) for remote in (None, spark.remote))
    assert here["findings"], "no finding proves nothing"
    assert there == here


@on_a_cluster
def test_a_worker_that_dies_changes_nothing(spark: spark_cluster.Cluster, shards: Path) -> None:
    """Runs last: from here on the cluster has one worker."""
    expected = _figures(analyze(shards, options=_options(None)))
    killed = threading.Event()

    def kill() -> None:
        spark.workers[0].kill()
        _kill_executors_of(spark, worker=1)
        killed.set()

    timer = threading.Timer(20.0, kill)
    timer.start()
    found = _figures(analyze(shards, options=_options(spark.remote)))
    timer.cancel()
    assert killed.is_set(), "the run was over before the worker died"
    assert found == expected


def _options(remote: str | None) -> AnalyzeOptions:
    return AnalyzeOptions(use_ledger=False, remote=remote)


def _kill_executors_of(spark: spark_cluster.Cluster, worker: int) -> None:
    """An executor outlives the worker that is killed hard, so its own process is killed as well."""
    import os
    import signal

    said = (spark.folder / f"worker{worker}.log").read_text(encoding="utf-8", errors="replace")
    for pid in _children_named(said, spark):
        os.kill(pid, signal.SIGKILL)


def _children_named(said: str, spark: spark_cluster.Cluster) -> list[int]:
    """Executors on this machine that belong to the cluster's first worker, by the worker's address in their command line."""
    import re

    url = re.search(r"Starting Spark worker 127\.0\.0\.1:(\d+)", said)
    assert url, "the worker did not say its port"
    wanted = f"--worker-url\0spark://Worker@127.0.0.1:{url[1]}"
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if wanted in command:
                found.append(int(entry.name))
    return found


def _figures(report: Any) -> dict[str, Any]:
    """A report's figures: dollars to the cent, times to the microsecond, all else as it stands; and its claims by the log's own ids."""
    data = json.loads(report.model_dump_json())
    return {
        "findings": sorted(json.dumps(_rounded(f), sort_keys=True) for f in data["findings"]),
        **{part: _rounded(data[part]) for part in ("window", "coverage", "headline", "plan", "plan_total_usd", "spend", "latency")},
        "claims": _sorted(report.claims().rows()),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit():
        return round(Decimal(value), 6)
    return value


def _sorted(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    """Rows as text in an order of their own; numbers to nine digits, since sums of DOUBLE depend on the order of rows."""
    return sorted(tuple(_text(value) for value in row) for row in rows)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:.6f}"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else f"{value:.9g}"
    return str(value)
