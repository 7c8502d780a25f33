"""What other programs rely on stays as it was promised, unless its version says so; and what is written is what is promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import logs
from infercheck import cli, contracts
from infercheck.contracts import CONTRACTS, Contract
from infercheck.engine.duckdb import Engine

GOLDEN = Path(__file__).parent / "golden" / "contracts"
ROOT = Path(__file__).resolve().parents[1]
PROSE = ("title", "description", "default")  # may be reworded at any time; of a version, the default is the version
UPDATE = "then pytest --update-golden tests/test_contracts.py, and a line in CHANGELOG.md"


def facts(schema: Any, at: str = "") -> dict[str, str]:
    """Every promise of a schema: where it stands, and what it says. Words of a closed list are a promise each, and so is each key and column."""
    if isinstance(schema, list) and all(isinstance(item, str) for item in schema) and at.endswith("/enum"):
        return {f"{at}/{word}": "may be said" for word in schema}
    if isinstance(schema, list):
        named = {str(item["name"]) if isinstance(item, dict) and "name" in item else str(index): item for index, item in enumerate(schema)}
        return {key: value for name, item in named.items() for key, value in facts(item, f"{at}/{name}").items()}
    if isinstance(schema, dict):
        inside = schema.items() if at.endswith("/properties") else [(k, v) for k, v in schema.items() if k not in (*PROSE, "required")]
        return {key: value for name, item in inside for key, value in facts(item, f"{at}/{name}").items()} or {at: "anything"}
    return {at: json.dumps(schema)}


def problem(contract: Contract, now: dict[str, Any], stored: dict[str, Any]) -> str:
    """What is wrong with a change, and what to do; empty where the version says what has changed."""
    old, new = facts(stored["schema"]), facts(now["schema"])
    gone = sorted(key for key, value in old.items() if new.get(key) != value)
    added = sorted(set(new) - set(old))
    was, version = stored["version"], now["version"]
    if not gone and not added:
        return "" if version == was else f"{contract.name}: the version rose from {was} to {version}, and nothing has changed"
    if "." in version:
        needed = "a new MAJOR" if gone else "a new MINOR"
        major, minor = (int(part) for part in was.split("."))
        risen = tuple(int(part) for part in version.split("."))
        enough = risen >= (major + 1, 0) if gone else risen > (major, minor)
    else:
        needed, enough = "a new number", int(version) > int(was)
    if enough:
        return ""
    told = "\n".join([*(f"  gone or changed: {key}" for key in gone[:20]), *(f"  added: {key}" for key in added[:20])])
    head = f"{contract.name} ({contract.title}) has changed, and its version is still {version}:"
    return f"{head}\n{told}\nIt needs {needed}: {contract.where}; {UPDATE}"


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_a_change_needs_a_new_version(contract: Contract, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{contract.name}.json"
    now = {"version": contract.version, "schema": contract.schema()}
    update = request.config.getoption("--update-golden")
    if not path.exists():
        assert update, f"{contract.name} is new: pytest --update-golden tests/test_contracts.py"
    else:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if said := problem(contract, now, stored):
            pytest.fail(said, pytrace=False)  # --update-golden does not write over a promise either
        if stored["version"] != now["version"] and not update:
            pytest.fail(f"{contract.name} is now {now['version']}: {UPDATE}", pytrace=False)
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8", newline="\n")


def changed(**what: Any) -> dict[str, Any]:
    """A small schema, and the same after a change."""
    base = {"type": "object", "properties": {"a": {"type": "string", "description": "old words"}, "k": {"enum": ["x", "y"]}}}
    return base | {"properties": base["properties"] | what}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("schema", "version", "says"),
    [
        (changed(), "1.1", ""),
        (changed(a={"type": "string", "description": "new words"}), "1.1", ""),
        (changed(b={"type": "string"}), "1.1", "needs a new MINOR"),
        (changed(b={"type": "string"}), "1.2", ""),
        (changed(k={"enum": ["x", "y", "z"]}), "1.1", "needs a new MINOR"),
        (changed(a={"type": "integer"}), "1.2", "needs a new MAJOR"),
        (changed(k={"enum": ["x"]}), "1.2", "needs a new MAJOR"),
        (changed(a={"type": "integer"}), "2.0", ""),
        (changed(), "1.2", "nothing has changed"),
    ],
)
def test_the_test_itself(schema: dict[str, Any], version: str, says: str) -> None:
    contract = Contract("made-up", "nothing", version, "VERSION in nothing.py", dict)
    said = problem(contract, {"version": version, "schema": schema}, {"version": "1.1", "schema": changed()})
    assert says in said if says else not said


def test_a_number_rises_with_any_change() -> None:
    one, two = ({"tables": {"calls": [{"name": "a", "type": t, "description": "x"}]}} for t in ("BIGINT", "INTEGER"))
    for version, wrong in (("6", True), ("7", False)):
        said = problem(Contract("made-up", "", version, "V", dict), {"version": version, "schema": two}, {"version": "6", "schema": one})
        assert ("needs a new number" in said) == wrong


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logs.write(tmp_path_factory.mktemp("log") / "day.jsonl", logs.working_day())


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("report", ["analyze", "LOG", "--no-ledger", "-o", "OUT"]),
        ("simulation", ["simulate", "LOG", "--fix", "caching", "--no-ledger", "-o", "OUT"]),
        ("baseline", ["baseline", "write", "LOG", "--no-ledger", "-o", "OUT"]),
        ("gate", ["diff", "LOG", "LOG", "--no-ledger", "-o", "OUT"]),
    ],
    ids=str,
)
def test_what_is_written_is_what_is_promised(name: str, argv: list[str], log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert cli.run([{"LOG": str(log), "OUT": str(out)}.get(word, word) for word in argv]) == 0
    data = json.loads(out.read_text(encoding="utf-8"))
    jsonschema.validate(data, contracts.get(name).schema())
    assert str(data["schema_version"]) == contracts.get(name).version


def test_the_ledger_is_what_is_promised(log: Path, tmp_path: Path) -> None:
    assert cli.run(["ingest", str(log), "--ledger", str(tmp_path / "own.duckdb"), "-q"]) == 0
    with Engine(tmp_path / "own.duckdb") as engine:
        for name, columns in contracts.get("ledger").schema()["tables"].items():
            assert engine.columns(name) == {c["name"]: _typeof(engine, c["type"]) for c in columns}, name


def test_shards_are_what_is_promised(log: Path, tmp_path: Path) -> None:
    assert cli.run(["ingest", str(log), "--to", str(tmp_path / "shared"), "-q"]) == 0
    shard = next((tmp_path / "shared").glob("shard-*"))
    tables = contracts.get("parquet").schema()["tables"]
    assert {path.stem for path in shard.iterdir()} == set(tables)
    with Engine() as engine:
        for name, columns in tables.items():
            assert engine.columns(f"'{shard / name}.parquet'") == {c["name"]: _typeof(engine, c["type"]) for c in columns}, name
    said = json.loads((tmp_path / "shared" / "_meta.json").read_text(encoding="utf-8"))
    assert said["schema_version"] == contracts.get("parquet").version


def _typeof(engine: Engine, written: str) -> str:
    return str(engine.value(f"SELECT typeof(CAST(NULL AS {written}))"))


def test_the_command_prints_each(capsys: pytest.CaptureFixture[str]) -> None:
    for name, contract in CONTRACTS.items():
        assert cli.run(["schema", name]) == 0
        assert json.loads(capsys.readouterr().out) == contract.schema()
    assert cli.run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Report"
    assert cli.run(["schema", "invoice"]) == 2
    assert "known: report, gate, baseline" in capsys.readouterr().err


def test_contributing_names_every_contract() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Stability")[1]
    assert all(f"`{name}`" in told for name in CONTRACTS)
