"""Headers, configs and queries that nobody would write, by hypothesis; and inputs that once broke a reader. `make fuzz` looks for more of both."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infercheck import sources, sqlcheck
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.errors import InfercheckError, UsageError
from infercheck.ingest import envelopes, inputs, salvage
from infercheck.model.rule import RuleHeader, ViewHeader
from infercheck.sources import SourceHeader
from infercheck.sqlfile import parse

TRIES = int(os.environ.get("INFERCHECK_FUZZ", "60"))  # `make fuzz` tries more
tried = settings(max_examples=TRIES, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=TRIES == 60)

WORDS = st.sampled_from(
    "title why fix grade needs requires params example name calls claims columns kind default help sql reason detect all any formats input".split()
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(TEXT, st.integers(), st.floats(), st.booleans(), st.sampled_from(["routing", "heuristic", "rule", "view", "source"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


def toml(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c for c in value) + '"'
    return str(value)


@tried
@given(st.dictionaries(WORDS, VALUES, max_size=8), st.sampled_from([RuleHeader, ViewHeader, SourceHeader]), TEXT)
def test_a_header_is_read_or_refused_with_its_place(header: dict[str, Any], model: Any, body: str) -> None:
    text = "/*---\n" + "\n".join(f"{key} = {toml(value)}" for key, value in header.items()) + f"\n---*/\n{body}"
    try:
        parse(text, name="x", where="x.sql").validated(model)
    except UsageError as err:
        assert err.where.startswith("x.sql:")


@tried
@given(st.one_of(TEXT, st.text(st.sampled_from("[]{}=\"'\n.#,-0a/*")), st.integers(1, 3000).map(lambda n: "a = " + "[" * n)))
def test_any_text_is_read_or_refused_as_a_rule(text: str) -> None:
    for whole in (text, f"/*---\n{text}\n---*/\nSELECT 1"):
        with suppress(UsageError):
            parse(whole, name="x", where="x.sql").validated(RuleHeader)


@tried
@given(
    st.dictionaries(
        st.sampled_from("workload price rate team rules source budgets select ignore finance capacity".split()), VALUES, max_size=4
    )
)
def test_any_config_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in config.items()), encoding="utf-8")
    with suppress(InfercheckError):
        Config.load(path)


@pytest.fixture(scope="module")
def engine() -> Any:
    with Engine(threads=1) as made:
        made.create_canonical()
        made.lock_down()
        yield made


TOKENS = st.sampled_from(
    "SELECT FROM calls WHERE call_id model ( ) , * 1 'x' AS a WITH UNION ALL read_csv getenv DELETE RETURNING GROUP BY ORDER LIMIT OVER NOT IN "
    "VALUES ; JOIN ON = || COPY ATTACH SET PRAGMA lambda : x INSERT INTO DESCRIBE PIVOT EXISTS CASE WHEN END $a ? -- /* */ \"b.csv\" 'c.csv'".split()
)


@tried
@given(st.lists(TOKENS, max_size=25).map(" ".join))
def test_any_sql_is_one_select_or_refused(engine: Engine, sql: str) -> None:
    """Whatever passes the check runs, or fails, without changing anything."""
    try:
        sqlcheck.check(engine.serialized_statements(sql), where="x", line=1, known_tables=frozenset({"calls"}))
    except UsageError:
        return
    state = "SELECT count(*), (SELECT count(*) FROM duckdb_tables()) FROM calls"
    before = engine.rows(state)
    try:
        engine.rows(f"SELECT * FROM ({sql.rstrip().rstrip(';')}\n) LIMIT 1")
    except Exception as err:  # noqa: BLE001 -- whichever of the database's own errors
        assert type(err).__module__.endswith("duckdb") or isinstance(err, InfercheckError), err
    assert engine.rows(state) == before


BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b'{"id":1', b"}", b"[", b"]", b",", b"\n", b"\r\n", b'"', b"\\", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b":",
                              b"null", b"NaN",
                              b"\\ud800", b'{"model":"x","prompt_tokens":1}', b"a,b\n1,2", b" "]), max_size=30).map(b"".join),
)  # fmt: skip


def survives(path: Path, data: bytes) -> None:
    """Every reader takes the bytes, and no line of them is lost."""
    path.write_bytes(data)
    found = inputs.look(path)
    sources.match(found.records, "jsonl", sources.load())
    sources.propose(found.records)
    for envelope, _ in envelopes.candidates(found.records):
        salvage.document(path, io.BytesIO(), 1, ("id", "model"), envelope=envelope)
    cleaned = salvage.lines(path, io.BytesIO(), 1, ("id", "model"))
    lines = [line.removeprefix(inputs.BOM) if n == 0 else line for n, line in enumerate(data.split(b"\n"))]
    assert cleaned.rows + len(cleaned.rejects) == sum(1 for line in lines if line.strip())
    salvage.document(path, io.BytesIO(), 1, ("id", "model"))
    if found.fields:
        salvage.table(path, io.BytesIO(), 1, ("id", "model"), found.fields, found.dialect)


@tried
@given(BYTES)
def test_any_bytes_are_read_or_set_aside(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    survives(tmp_path_factory.getbasetemp() / "fuzzed", data)
