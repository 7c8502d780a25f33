"""What a log holds of people stays in the log: words are planted wherever they may stand, and searched for in all that a run leaves or prints."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import duckdb
import pytest

import logs
from infercheck import AnalyzeOptions, analyze, cli, recommend, render
from infercheck.engine.duckdb import Engine

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
Capture = pytest.CaptureFixture[str]

# Each kind stands in the log under a word of its own, so that a word that is found says what leaked.
PROMPT, ANSWER, TOOL = "zebraprompt", "zebraanswer", "zebratool"
KEY = "sk-proj-zebrakey0123456789abcdef"
JWT = "eyJhbGciOiJIUzI1NiJ9.zebrajwt0123456789.c2lnbmF0dXJl"
GOOGLE_KEY = "AIzaSyZebraGoogle0123456789abcdefghijk"
PASSWORD = "zebrapassword"  # noqa: S105
MAIL = "zebra.person@zebramail.example"
PERSON = "zebra-person-7"
SECRETS = (PROMPT, ANSWER, TOOL, KEY, "zebrakey", JWT, "zebrajwt", GOOGLE_KEY, "ZebraGoogle", PASSWORD, MAIL, "zebramail", PERSON)
SHORT = {w.encode() for w in SECRETS} | {w.encode("utf-16-le") for w in SECRETS}


def litellm() -> Iterator[str]:
    for n in range(12):
        row = logs.call(n, at_s=300 * n, user=PERSON, question=f"{PROMPT} number {n}: my mail is {MAIL}", answer=f"{ANSWER}, and {KEY}")
        row["metadata"] |= {"user_api_key_alias": KEY, "user_api_key_user_id": MAIL, "user_api_key_team_alias": "parcels"}
        row["request_tags"] = [f"app:{MAIL}", f"owner:{MAIL}", f"key={KEY}"]
        row["api_base"] = f"https://user:{PASSWORD}@gateway.example/v1?key={GOOGLE_KEY}"
        row["session_id"], row["trace_id"] = f"session-{MAIL}", f"trace-{n}-{JWT}"
        row["response"]["choices"][0]["message"]["tool_calls"] = [{"function": {"name": "search", "arguments": f'{{"q":"{TOOL}"}}'}}]
        row["error_information"] = {"error_code": "", "error_class": f"Incorrect API key provided: {KEY}"}
        yield json.dumps(row)
    yield json.dumps(logs.call(90))[:-40] + f"{PROMPT} {KEY} {MAIL}"  # cut short
    yield f"Traceback: {PROMPT} {ANSWER} {MAIL}"
    yield json.dumps(logs.call(91) | {"prompt_tokens": f"{PROMPT} and a lot more of it", "startTime": MAIL, "completion_tokens": KEY})
    yield json.dumps([PROMPT, MAIL])


def spans() -> Iterator[str]:
    said = {
        "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5, "gen_ai.operation.name": "chat",
        "gen_ai.prompt.0.content": f"{PROMPT} {MAIL}", "gen_ai.completion.0.content": f"{ANSWER} {KEY}", "user.id": PERSON,
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": PROMPT}]}]), "session.id": MAIL,
        "input.value": PROMPT, "output.value": ANSWER, "http.request.header.authorization": f"Bearer {KEY}", "url.full": f"https://x/?key={GOOGLE_KEY}",
    }  # fmt: skip
    for n in range(4):
        attributes = [{"key": k, "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}} for k, v in said.items()]
        asked = [{"key": k, "value": {"stringValue": TOOL}} for k in ("tool.parameters", "gen_ai.tool.call.arguments")]
        times = {"startTimeUnixNano": str((1793696400 + n) * 10**9), "endTimeUnixNano": str((1793696402 + n) * 10**9)}
        call = {"traceId": f"{n:032x}", "spanId": f"{n:016x}", "name": "chat gpt-4o", "kind": 3, "attributes": attributes, **times}
        tool = {"traceId": f"{n:032x}", "spanId": f"{n + 9:016x}", "name": f"GET /users/{MAIL}", "kind": 3, "attributes": asked, **times}
        yield json.dumps({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": [call, tool]}]}]})


def pairs() -> Iterator[str]:
    for n in range(4):
        request = {"model": "gpt-4o", "messages": [{"role": "user", "content": PROMPT}], "user": PERSON, "metadata": {"mail": MAIL}}
        answer = {"id": f"chatcmpl-{n}", "object": "chat.completion", "created": 1793696400 + n, "model": "gpt-4o",
                  "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}],
                  "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}  # fmt: skip
        headers = {"authorization": f"Bearer {KEY}", "x-api-key": KEY}
        yield json.dumps({"request": request, "response": answer, "headers": headers, "user": MAIL})


def portkey() -> Iterator[str]:
    for n in range(4):
        yield json.dumps({
            "id": f"p{n}", "trace_id": f"t{n}", "created_at": f"2026-11-03T09:00:0{n}Z", "is_success": 1, "ai_org": "openai", "ai_model": "gpt-4o",
            "req_units": 9, "res_units": 3, "total_units": 12, "request_url": f"https://api.openai.com/v1/chat/completions?api-key={GOOGLE_KEY}",
            "cost": 0.01, "cost_currency": "USD", "response_time": 900, "response_status_code": 200, "virtual_key": KEY,
            "metadata": {"_user": MAIL, "note": f"call {MAIL}"},
            "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": PROMPT}]},
            "response": {"model": "gpt-4o", "choices": [{"finish_reason": "stop", "message": {"content": ANSWER}}]},
        })  # fmt: skip


def rows_of_csv() -> Iterator[str]:
    yield "source_call_id,started_at,status,provider,model,input_tokens,output_tokens,team,user,api_key_alias,tags,error_type,prompt"
    for n in range(4):
        yield f"c{n},2026-11-03 09:00:0{n},ok,openai,gpt-4o,9,3,{MAIL},{MAIL},{KEY},mail:{MAIL},,{PROMPT}"
    yield f"c9,{PROMPT},,,{ANSWER}"
    yield f"c8,2026-11-03 09:00:09,ok,openai,gpt-4o,{KEY},3,t,u,{JWT},,,x"


FORMATS = {"litellm.jsonl": litellm, "spans.jsonl": spans, "pairs.jsonl": pairs, "portkey.jsonl": portkey, "own.csv": rows_of_csv}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    for name, lines in FORMATS.items():
        (folder / name).write_text("\n".join(lines()) + "\n", encoding="utf-8")
    return folder


def leaks(data: bytes) -> set[str]:
    """What of the planted words stands in the bytes, as they are or inside of an archive."""
    found = {word.decode("utf-16-le" if b"\0" in word else "utf-8") for word in SHORT if word.lower() in data.lower()}
    if data[:2] == b"PK":
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found |= {word for name in archive.namelist() for word in leaks(archive.read(name))}
    return found


def leaks_of(path: Path) -> dict[str, set[str]]:
    """By file, what stands in it; of a database and of Parquet also in its rows, which are compressed."""
    found = {str(path): leaks(path.read_bytes())}
    with duckdb.connect() as con:
        if path.suffix == ".parquet":
            found[str(path)] |= leaks(str(con.execute("FROM read_parquet(?)", [str(path)]).fetchall()).encode())
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as con:
            for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                found[f"{path}:{table}"] = leaks(str(con.execute(f'FROM "{table}"').fetchall()).encode())
    return {where: words for where, words in found.items() if words}


COMMANDS = [
    *(["export", what] for what in ("claims", "calls", "focus", "chargeback", "excel")),
    ["query", "SELECT * FROM rejects"],
    ["baseline", "write"],
]


def test_nothing_planted_comes_out(planted: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Ledger, reports, exports, baseline and shards of a log that holds a prompt, an answer, keys, mail addresses and user ids everywhere."""
    ledger = tmp_path / "ledger.duckdb"
    report = analyze([planted], options=AnalyzeOptions(ledger=ledger))
    for name in render.names():
        drawn = render.get(name).render(report, render.Style(verbose=True))
        (tmp_path / f"report.{name}").write_bytes(drawn.encode() if isinstance(drawn, str) else drawn)
    for n, command in enumerate(COMMANDS):
        extra = ["-f", "csv"] if command[0] == "query" else []
        out = tmp_path / (f"out-{n}.json" if command[0] == "baseline" else f"out-{n}")
        assert cli.run([*command, str(planted), "--ledger", str(ledger), *extra, "-o", str(out)]) == 0, command
    assert cli.run(["ingest", str(planted), "--to", str(tmp_path / "shards")]) == 0
    printed = b"".join(capfdbinary.readouterr())
    found = {where: words for path in tmp_path.rglob("*") if path.is_file() for where, words in leaks_of(path).items()}
    assert (found, leaks(printed)) == ({}, set())
    with duckdb.connect(str(ledger), read_only=True) as con:  # the log was read: the search was not one of empty files
        assert con.execute("SELECT count(*), count(DISTINCT source) FROM call_rows").fetchone() == (12 + 1 + 4 * 4 + 1, len(FORMATS))
        assert con.execute("SELECT count(*) FROM reject_rows").fetchone() == (4,)
        hidden = con.execute('SELECT count(DISTINCT "user") FROM call_rows WHERE "user" LIKE \'hash-%\'').fetchone()
        assert hidden == (1,)  # one person is one person, whichever log names her


def test_the_search_would_find_what_is_there(planted: Path, tmp_path: Path) -> None:
    for path in planted.iterdir():
        assert leaks_of(path)
    with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
        con.execute(f"CREATE TABLE t AS SELECT '{PROMPT}' || range AS a FROM range(1000)")
        con.execute(f"COPY t TO '{(tmp_path / 'x.parquet').as_posix()}' (FORMAT parquet, COMPRESSION zstd)")
    assert leaks_of(tmp_path / "x.duckdb") and leaks_of(tmp_path / "x.parquet")


@pytest.mark.parametrize("verbose", [[], ["-v"]])
def test_a_crash_says_nothing_of_the_log(planted: Path, verbose: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Something breaks on a value of the log, as databases and parsers do: the message quotes it."""

    def breaks(engine: Engine, *_: object, **__: object) -> None:
        try:
            float(f"{PROMPT} {MAIL}")
        except ValueError:
            engine.rows(f"SELECT CAST('{PROMPT} it''s {KEY}' AS INTEGER)")

    monkeypatch.setattr(recommend, "report", breaks)
    assert cli.run(["analyze", str(planted), "--no-ledger", *verbose]) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert "internal error: ConversionException" in err
    assert ("Traceback" in err) == bool(verbose)
    assert leaks(err.encode()) == set()


@POSIX
def test_only_its_user_may_read_what_a_run_writes(planted: Path, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    made = tmp_path / "made"
    for argv in (
        ["analyze", str(planted), "--ledger", str(made / "deep" / "ledger.duckdb"), "-o", str(tmp_path / "report.json")],
        ["export", "calls", str(planted), "--no-ledger", "-o", str(tmp_path / "calls.csv")],
        ["ingest", str(planted), "--to", str(tmp_path / "shards")],
    ):
        command = ["sh", "-c", 'umask 0; exec "$@"', "sh", sys.executable, "-m", "infercheck.cli", *argv]
        subprocess.run(command, check=True, env=env, capture_output=True)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) > 10
    assert {str(p): oct(stat.S_IMODE(p.stat().st_mode)) for p in files if p.stat().st_mode & 0o077} == {}


@POSIX
def test_of_the_library_too(planted: Path, tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        with Engine(tmp_path / "ledger.duckdb") as engine:
            engine.execute("CREATE TABLE t AS SELECT 1 AS a")
        assert stat.S_IMODE((tmp_path / "ledger.duckdb").stat().st_mode) == 0o600
        shared = tmp_path / "shared.duckdb"
        with duckdb.connect(str(shared)):
            pass
        shared.chmod(0o640)  # what a user has opened to a group stays open
        with Engine(shared):
            pass
        assert stat.S_IMODE(shared.stat().st_mode) == 0o640
    finally:
        os.umask(old)


def test_a_config_does_not_match_on_what_is_not_kept(planted: Path, tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "infercheck.toml"
    config.write_text(f'[[workload]]\nname = "hers"\nmatch = {{ user = "{MAIL}" }}\n', encoding="utf-8")
    assert cli.run(["analyze", str(planted), "--no-ledger", "--config", str(config)]) == 2
    assert "mail addresses are kept as salted hashes only" in capsys.readouterr().err


def test_anonymized(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Pseudonyms stand for teams, users, keys, hosts and files: the same ones in every output and run, and every figure is as before."""
    rows = logs.working_day()
    for n, row in enumerate(rows):
        row["metadata"] |= {
            "user_api_key_user_id": f"heron-user-{n % 3}",
            "user_api_key_team_alias": f"heron-team-{n % 2}",
            "user_api_key_alias": "heron-key",
        }
        row["api_base"] = "https://heron.internal/v1"
        row["request_tags"] = []
    path = logs.write(tmp_path / "heron-logs.jsonl", rows)
    with path.open("a", encoding="utf-8") as log:
        log.write('{"cut\nanother log\n')

    def run(*argv: str) -> str:
        assert cli.run([*argv, str(path), "--ledger", str(tmp_path / "ledger.duckdb")]) == 0
        return capfd.readouterr().out

    plain, hidden = run("analyze", "-f", "json"), run("analyze", "-f", "json", "--anonymize")
    calls, again = run("export", "calls", "--anonymize"), run("export", "calls", "--anonymize")
    claims = run("export", "claims", "--anonymize")
    assert "heron" in plain
    assert [text for text in (hidden, calls, claims, run("analyze", "-v", "--anonymize")) if "heron" in text.lower()] == []
    assert calls == again
    before, after = json.loads(plain), json.loads(hidden)
    assert (before["headline"], before["plan_total_usd"]) == (after["headline"], after["plan_total_usd"])
    spent = [[(team["calls"], team["spend_usd"]) for team in said["spend"]["by_team"]] for said in (before, after)]
    assert sorted(spent[0]) == sorted(spent[1])
    teams = {team["team"] for team in after["spend"]["by_team"]}
    assert len(teams) == 2
    assert all(team in calls for team in teams)
    assert all(re.match(r"file-[0-9a-f]{8}\.jsonl:\d+: ", sample) for sample in after["coverage"]["reject_samples"])
    assert any(re.match(r"file-[0-9a-f]{8}\.jsonl: ", notice) for notice in after["coverage"]["notices"])


FINANCE = """
[[team]]
name = "heron search"
cost_centre = "heron-42"
match = { team = "heron-team-0" }
[[account]]
id = "heron-account"
name = "Heron Inc"
project = "heron-project"
project_name = "The Heron"
match = { api_key_alias = "heron-key" }
[[commitment]]
name = "reserved"
provider = "openai"
team = "heron search"
match = { team = "heron-team-1" }
usd_per_hour = 1
tokens_per_minute = 1000
from = 2025-01-01
until = 2028-01-01
[finance]
tags = ["team", "api_key_alias", "cost_centre", "feature"]
"""


def test_exports_for_finance_anonymized(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """FOCUS, chargeback and workbook: who pays is found by the real names and told by the report's pseudonyms; no sum changes."""
    rows = logs.working_day()
    for n, row in enumerate(rows):
        row["metadata"] |= {"user_api_key_team_alias": f"heron-team-{n % 3}", "user_api_key_alias": "heron-key"}
        row["request_tags"] = ["feature:heron-quest", "app:a"]
    path = logs.write(tmp_path / "heron-logs.jsonl", rows)
    config = tmp_path / "infercheck.toml"
    config.write_text(FINANCE, encoding="utf-8")

    def run(*argv: str) -> str:
        given = [*argv, str(path), "--ledger", str(tmp_path / "ledger.duckdb"), "--config", str(config)]
        assert cli.run(given) == 0, capfd.readouterr().err
        said = capfd.readouterr()
        assert "--anonymize" not in argv or "heron" not in said.err.lower()
        return said.out

    report = json.loads(run("analyze", "-f", "json", "--anonymize"))
    known = {team["team"] for team in report["spend"]["by_team"]}
    for what, team, sums in (
        ("focus", "x_Team", ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "x_ReportedCost", "x_RequestCount")),
        ("chargeback", "team", ("list_cost", "contracted_cost", "billed_cost", "effective_cost", "attempts", "requests", "successes")),
    ):
        plain, hidden = run("export", what), run("export", what, "--anonymize")
        assert "heron" in plain.lower()
        assert "heron" not in hidden.lower()
        before, after = (list(csv.DictReader(io.StringIO(text))) for text in (plain, hidden))
        assert len(before) == len(after)
        for column in sums:
            whole = [sum(Decimal(row[column] or 0) for row in table) for table in (before, after)]
            assert whole[0] == whole[1] != 0, column
        by_team = [sorted(_sums(table, team, sums[0]).values()) for table in (before, after)]
        assert by_team[0] == by_team[1]
        assert len(by_team[0]) >= 3
        payers = {row[team] for row in after}
        assert len(payers & known) == 2, "the two teams that the config does not rename go by the names that the report gives them"
    book = tmp_path / "book.xlsx"
    run("export", "excel", "--anonymize", "-o", str(book))
    with zipfile.ZipFile(book) as parts:
        inside = b"".join(parts.read(name) for name in parts.namelist()).lower()
    assert b"heron" not in inside
    assert b"team-" in inside


def _sums(rows: list[dict[str, str]], key: str, amount: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row[key]] = found.get(row[key], Decimal(0)) + Decimal(row[amount] or 0)
    return found
