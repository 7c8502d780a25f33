"""A borrowed rule is data: it reads the canonical tables and nothing else. Every way out that is known is tried here, against both walls.

The first wall is the check of a rule's syntax tree, before anything runs; the second is the locked database, should the first ever have a hole.
SECURITY.md gives the number of ways out that are tried: ``len(ESCAPES) + len(HEADERS)``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import pytest

import logs
from infercheck import cli, diagnose, ingest, prepare, rulebook, sources
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.errors import InfercheckError, UsageError
from infercheck.model.rule import RuleHeader
from infercheck.rulebook import Rule, Rulebook
from infercheck.sqlfile import parse

Capture = pytest.CaptureFixture[str]
CANARY = "canary-4f1d7c"
BUILTIN = rulebook.load()
HEADER = """/*---
title = "A way out"
why = "it is tried"
fix = "routing"
grade = "heuristic"
false_positives = "none"
{header}
[[example]]
name = "fires"
calls = '''
call_id
a
'''
claims = '''
call_id
a
'''
[[example]]
name = "is silent"
claims = ""
---*/
"""

# What a rule might say to get out. {secret}, {out}, {web} and {ledger} are a file that holds CANARY, a file to be written, a server, the ledger.
ESCAPES = {
    "a file by read_csv": "SELECT * FROM read_csv('{secret}')",
    "a file by read_text": "SELECT * FROM read_text('{secret}')",
    "a file by read_blob": "SELECT * FROM read_blob('{secret}')",
    "a file by read_json": "SELECT * FROM read_json('{secret}')",
    "a file by read_parquet": "SELECT * FROM read_parquet('{secret}')",
    "the names of files": "SELECT * FROM glob('{secret}*')",
    "a file as a table": "SELECT * FROM '{secret}'",
    "a file as a quoted table": 'SELECT * FROM "{secret}"',
    "a file as a table, in a subquery": "SELECT call_id, (SELECT min(x) FROM '{secret}') AS subject FROM calls",
    "a file, its name excused by a WITH elsewhere": 'SELECT * FROM (WITH "{secret}" AS (SELECT 1 AS a) SELECT * FROM "{secret}") AS t, "{secret}"',
    "a file, its name excused by its own WITH": 'WITH "{secret}" AS (SELECT * FROM "{secret}") SELECT * FROM "{secret}"',
    "a file by query()": "SELECT * FROM query('FROM read_text(''{secret}'')')",
    "a file by query_table()": "SELECT * FROM query_table('{secret}')",
    "a file in a condition": "SELECT call_id FROM calls WHERE EXISTS (SELECT 1 FROM read_text('{secret}'))",
    "a file beside it, LATERAL": "SELECT * FROM calls, LATERAL (SELECT * FROM read_text('{secret}'))",
    "a file in ORDER BY": "SELECT call_id FROM calls ORDER BY (SELECT content FROM read_text('{secret}'))",
    "a page by http": "SELECT * FROM '{web}/a.csv'",
    "a page by http, read_csv": "SELECT * FROM read_csv('{web}/a.csv')",
    "a bucket by s3": "SELECT * FROM 's3://bucket/a.parquet'",
    "an archive by another scheme": "SELECT * FROM 'zip://{secret}/a.csv'",
    "COPY to a file": "COPY calls TO '{out}'",
    "COPY of a query": "COPY (SELECT 1) TO '{out}' (FORMAT csv)",
    "EXPORT DATABASE": "EXPORT DATABASE '{out}'",
    "ATTACH": "ATTACH '{out}' AS other",
    "DETACH": "DETACH ledger",
    "INSTALL": "INSTALL httpfs",
    "LOAD": "LOAD '{secret}'",
    "PRAGMA": "PRAGMA database_list",
    "PRAGMA that is a setting": "PRAGMA memory_limit='99GB'",
    "SET": "SET enable_external_access = true",
    "SET of the lock": "SET lock_configuration = false",
    "RESET": "RESET lock_configuration",
    "CALL": "CALL pragma_version()",
    "EXPLAIN ANALYZE": "EXPLAIN ANALYZE SELECT 1",
    "two statements": "SELECT call_id, 'x' AS subject FROM calls; SELECT 2",
    "two statements, the second writes": "SELECT call_id, 'x' AS subject FROM calls; DROP TABLE call_rows",
    "a comment that hides a statement": "SELECT call_id, 'x' AS subject FROM calls /* ; */ ; DELETE FROM call_rows --",
    "DROP": "DROP TABLE call_rows",
    "CREATE MACRO": "CREATE OR REPLACE MACRO sum(x) AS 0",
    "CREATE CANARY": "CREATE CANARY s (TYPE http, BEARER_TOKEN 'x')",
    "a DELETE inside of WITH": "WITH gone AS (DELETE FROM call_rows RETURNING call_id) SELECT call_id, 'x' AS subject FROM gone",
    "a DELETE of what it may read": "WITH gone AS (DELETE FROM calls RETURNING call_id) SELECT call_id, 'x' AS subject FROM gone",
    "an INSERT inside of WITH": "WITH more AS (INSERT INTO calls (call_id) VALUES (1) RETURNING call_id) SELECT call_id, 'x' AS subject FROM more",
    "an UPDATE inside of WITH": "WITH other AS (UPDATE calls SET model = 'free' RETURNING call_id) SELECT call_id, 'x' AS subject FROM other",
    "a MERGE inside of WITH": "WITH m AS (MERGE INTO calls USING calls AS c ON true WHEN MATCHED THEN DELETE RETURNING call_id) SELECT * FROM m",
    "a DELETE two WITHs down": "WITH a AS (WITH b AS (DELETE FROM call_rows RETURNING call_id) FROM b) SELECT call_id FROM a",
    "another log of the ledger": "SELECT call_id, raw AS subject FROM reject_rows",
    "the salt": "SELECT value FROM meta",
    "a table by its schema": "SELECT * FROM main.call_rows",
    "the catalogue": "SELECT * FROM information_schema.tables",
    "the catalogue of Postgres": "SELECT * FROM pg_catalog.pg_settings",
    "secrets": "SELECT * FROM duckdb_secrets()",
    "settings": "SELECT * FROM duckdb_settings()",
    "the log of the database": "SELECT * FROM duckdb_logs()",
    "open databases": "SELECT * FROM (SHOW DATABASES)",
    "SHOW": "SHOW ALL TABLES",
    "SUMMARIZE of a file": "SELECT * FROM (SUMMARIZE '{secret}')",
    "DESCRIBE of a file": "DESCRIBE '{secret}'",
    "getenv": "SELECT call_id, getenv('HOME') AS subject FROM calls",
    "getenv by its schema": "SELECT call_id, system.main.getenv('HOME') AS subject FROM calls",
    "getenv inside of a lambda": "SELECT call_id, list_transform([1], lambda x: getenv('HOME')) AS subject FROM calls",
    "getenv as a method": "SELECT call_id, 'HOME'.getenv() AS subject FROM calls",
    "getenv in a window": "SELECT call_id, 'x' AS subject FROM calls QUALIFY row_number() OVER (ORDER BY getenv('HOME')) = 1",
    "getenv in GROUP BY": "SELECT min(call_id) FROM calls GROUP BY ROLLUP (getenv('HOME'))",
    "getenv in LIMIT": "SELECT call_id FROM calls LIMIT getenv('HOME')",
    "current_setting": "SELECT call_id, current_setting('temp_directory') AS subject FROM calls",
    "a variable of the session": "SELECT call_id, getvariable('x') AS subject FROM calls",
    "a variable of Python": "SELECT * FROM frames",
    "a sequence": "SELECT nextval('s')",
    "write_log": "SELECT write_log('x')",
    "a huge range": "SELECT * FROM range(1000000000000)",
    "a huge range, unnested": "SELECT unnest(range(1000000000000)) AS call_id",
    "a huge text": "SELECT call_id, lpad('x', 2000000000, 'y') AS subject FROM calls",
    "a huge text, repeated": "SELECT call_id, repeat('x', 2000000000) AS subject FROM calls",
    "a regex bomb": "SELECT call_id, regexp_replace('aaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$', 'x') AS subject FROM calls",
    "a regex bomb by SIMILAR TO": "SELECT call_id FROM calls WHERE repeat('a', 100) SIMILAR TO '((a*)*)*b'",
    "parentheses 50,000 deep": "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
    "a sum of 100,000 terms": "SELECT " + "+".join(["1"] * 100_000),
    "subqueries 5,000 deep": "SELECT * FROM " + "(SELECT * FROM " * 5_000 + "calls" + ")" * 5_000,
    "a parameter that is never given": "SELECT call_id, ? AS subject FROM calls",
    "dollar quotes around a way out": "SELECT call_id, $$'$$ AS subject FROM read_text('{secret}') -- '",
    "an unclosed comment": "SELECT call_id, 'x' AS subject FROM calls /*",
    "a NUL": "SELECT call_id, 'x' AS subject FROM calls \0 ; DROP TABLE call_rows",
}  # fmt: skip

# What a header might say.
HEADERS = {
    "a requirement that reads a file": "[[requires]]\nsql = \"SELECT count(*) > 0 FROM read_text('{secret}')\"\nreason = 'x'",
    "a requirement that drops the log": "[[requires]]\nsql = 'DROP TABLE call_rows'\nreason = 'x'",
    "a requirement of two statements": "[[requires]]\nsql = 'SELECT true; DELETE FROM call_rows'\nreason = 'x'",
    "a requirement that deletes inside of WITH": "[[requires]]\nsql = 'WITH d AS (DELETE FROM calls RETURNING 1) SELECT true FROM d'\nreason = 'x'",
    "a requirement that asks the environment": "[[requires]]\nsql = \"SELECT getenv('HOME') <> ''\"\nreason = 'x'",
    "a requirement that reads another log": "[[requires]]\nsql = 'SELECT count(*) > 0 FROM call_rows'\nreason = 'x'",
}
# Those that only the first wall has to stop: they cost time or space, or read what is inside of the database.
INSIDE = {name for name, sql in {**ESCAPES, **HEADERS}.items() if not any(word in sql for word in ("{secret}", "{out}", "{web}", "s3://"))}


@dataclass
class World:
    """A ledger as a run leaves it before its rules, and what lies around it."""

    engine: Engine
    folder: Path
    names: dict[str, str]
    hits: list[str]

    def state(self) -> tuple[object, ...]:
        """All that a way out might change: files, rows, settings."""
        stored = "SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND database_name <> 'beside' ORDER BY 1"
        tables = [table for (table,) in self.engine.rows(stored)]
        rows = [self.engine.value(f'SELECT count(*) FROM "{t}"') for t in tables]
        settings = self.engine.rows("SELECT name, value FROM duckdb_settings() ORDER BY 1")
        calls = self.engine.rows("SELECT count(*), min(model), max(model) FROM calls")
        return sorted(p.name for p in self.folder.iterdir() if "ledger" not in p.name), tables, rows, settings, calls, list(self.hits)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    hits: list[str] = []

    class Web(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

    server = HTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "secret.csv").write_text(f"x\n{CANARY}\n", encoding="utf-8")
    log = logs.write(folder / "log.jsonl", logs.working_day())
    names = {"secret": (folder / "secret.csv").as_posix(), "out": (folder / "out.csv").as_posix(), "ledger": "ledger.duckdb"}
    names["web"] = f"http://127.0.0.1:{server.server_port}"
    with Engine(folder / "ledger.duckdb") as engine:
        read = ingest.ingest(engine, [str(log)], among=sources.load())
        engine.lock_down()
        ingest.open_scope(engine, read)
        prepare.prepare(engine, Config.load(None))
        yield World(engine, folder, names, hits)
    server.shutdown()


def filled(text: str, world: World) -> str:
    for name, value in world.names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def book_with(sql: str, header: str = "") -> Rulebook:
    """The built-in views and one rule."""
    file = parse(HEADER.format(header=header) + sql, name="way_out", where="own/1_x/way_out.sql")
    return Rulebook({"way_out": Rule("way_out", lambda: file, RuleHeader, builtin=False, step=1)}, BUILTIN.views, BUILTIN.fixes)


@pytest.mark.parametrize("name", [*ESCAPES, *HEADERS])
def test_a_way_out_is_refused_before_it_runs(name: str, world: World) -> None:
    frames = world  # noqa: F841 -- a name in reach of the database's look at Python's variables
    before = world.state()
    sql = filled(ESCAPES.get(name, "SELECT call_id, 'x' AS subject, TRUE AS drop FROM calls"), world)
    with pytest.raises(UsageError) as refused:
        diagnose.diagnose(world.engine, book_with(sql, filled(HEADERS.get(name, ""), world)))
    assert str(refused.value).startswith("own/1_x/way_out.sql:")
    assert CANARY not in str(refused.value)
    assert len(str(refused.value)) < 1000
    assert world.state() == before


@pytest.mark.parametrize("name", sorted(set(ESCAPES) - INSIDE))
def test_a_way_out_leads_nowhere_even_past_the_first_check(name: str, world: World) -> None:
    before = world.state()
    sql = filled(ESCAPES[name], world)
    found: list[object] = []
    try:
        found = world.engine.rows(sql)
    except (duckdb.Error, InfercheckError) as err:
        found = [str(err)]
    assert CANARY not in str(found)
    assert world.state() == before


def test_what_a_rule_may_say_still_runs(world: World) -> None:
    """The neighbours of the above that are innocent: WITH in WITH, its name taken anew inside, a set operation, a window, VALUES."""
    sql = """
        WITH calls AS (SELECT call_id, model FROM calls), a AS (WITH a AS (SELECT * FROM calls) SELECT * FROM a)
        SELECT call_id, model AS subject, TRUE AS drop FROM a
        WHERE model IN (SELECT * FROM (VALUES ('gpt-4o')) AS v) QUALIFY row_number() OVER (ORDER BY call_id) = 1
        UNION ALL SELECT call_id, model, FALSE FROM a WHERE FALSE"""
    found = diagnose.diagnose(world.engine, book_with(sql))
    assert ([r.id for r in found.ran], found.not_checked) == (["way_out"], [])
    assert world.engine.value("SELECT count(*) FROM claims") == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("calls", "is that of a canonical table"),
        ("path_windows", "is taken by another rule or view"),
    ],
)
def test_a_view_of_ones_own_takes_no_table_away(name: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "own" / "views" / f"{name}.sql"
    path.parent.mkdir(parents=True)
    view = '/*---\nkind = "view"\ntitle = "x"\n[columns]\na = "none"\n[[example]]\nname = "x"\nrows = \'\'\n---*/\nSELECT 1 AS a\n'
    path.write_text(view, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        rulebook.load([tmp_path / "own"])


def own_rules(folder: Path, rules: dict[str, tuple[str, str]]) -> Path:
    """A folder of rules: by name, the lines to add to the header and the SELECT."""
    inside = folder / "own" / "2_retries_and_waste"
    inside.mkdir(parents=True)
    for name, (header, sql) in rules.items():
        (inside / f"{name}.sql").write_text(HEADER.format(header=header) + sql, encoding="utf-8")
    return folder / "own"


FIRES = "SELECT call_id, 'faq-bot' AS subject, TRUE AS \"drop\" FROM calls WHERE app = 'faq-bot'"
EIGHT = ", ".join(f"calls AS {letter}" for letter in "abcdefgh")


def test_a_runaway_rule_is_stopped_and_the_others_run(tmp_path: Path, capsys: Capture) -> None:
    """One never ends, one takes more memory than there is; each is reported as not checked, and the rule after them fires."""
    doubled = ", ".join(f"d{n + 1} AS (SELECT s || s AS s FROM d{n})" for n in range(30))
    own = own_rules(
        tmp_path,
        {
            "a_endless": ("", f"SELECT min(a.call_id) AS call_id, 'x' AS subject, TRUE AS \"drop\" FROM {EIGHT}"),
            "b_recursive": ("", "WITH RECURSIVE t AS (SELECT call_id FROM calls UNION ALL SELECT call_id + 1 FROM t) "
                            "SELECT min(call_id) AS call_id, 'x' AS subject, TRUE AS \"drop\" FROM t"),
            "c_huge": ("", f"WITH d0 AS (SELECT concat_ws('', min(source_call_id), max(source_call_id)) AS s FROM calls), {doubled} "
                           "SELECT length(s) AS call_id, 'x' AS subject, TRUE AS \"drop\" FROM d30"),
            "d_fires": ("", FIRES),
        },
    )  # fmt: skip
    log = logs.write(tmp_path / "log.jsonl", logs.working_day())
    argv = ["analyze", str(log), "--no-ledger", "--rules", str(own), "--rule-timeout", "0.7", "-f", "json"]
    assert cli.run([*argv, "--select", "a_endless,b_recursive,c_huge,d_fires"]) == 0
    report = json.loads(capsys.readouterr().out)
    stopped = {skipped["rule"]: skipped["reason"] for skipped in report["coverage"]["not_checked"]}
    assert set(stopped) == {"a_endless", "b_recursive", "c_huge"}
    assert stopped["a_endless"] == "stopped after 0.7 s"
    assert all(reason.startswith("stopped") for reason in stopped.values())
    assert {f["rule"] for f in report["findings"]} == {"d_fires"}


def test_an_action_is_no_program(tmp_path: Path, capsys: Capture) -> None:
    """What a rule says of itself is filled in by name alone: no attribute, no width, no index."""
    action = 'action = "{subject.__class__} {calls:>1000000000} {0} {subject!r} }{ {subject}"'
    log = logs.write(tmp_path / "log.jsonl", logs.working_day())
    argv = ["analyze", str(log), "--no-ledger", "--rules", str(own_rules(tmp_path, {"d_fires": (action, FIRES)})), "--select", "d_fires"]
    assert cli.run([*argv, "-f", "json"]) == 0
    what = json.loads(capsys.readouterr().out)["plan"][0]["what"]
    assert what.endswith("{subject!r} }{ faq-bot") or what == "faq-bot: a way out"


def test_a_rule_of_a_strange_name_is_only_a_name(tmp_path: Path, capsys: Capture) -> None:
    name = "d'); DROP TABLE calls; --\x1b[31m\n"
    log = logs.write(tmp_path / "log.jsonl", logs.working_day())
    try:
        own = own_rules(tmp_path, {name: ("", FIRES)})
    except OSError:
        pytest.skip("this file system takes no such name")
    assert cli.run(["analyze", str(log), "--no-ledger", "--rules", str(own), "-f", "json"]) == 0
    out, err = capsys.readouterr()
    assert name in {finding["rule"] for finding in json.loads(out)["findings"]}
    assert "\x1b" not in err
