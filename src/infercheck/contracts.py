"""What other programs may rely on, each with a version of its own: the JSON outputs as JSON Schema, the ledger and its Parquet shards as tables.

tests/golden/contracts holds each as it is promised; a change without a new version fails there. CONTRIBUTING.md says which change needs what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from infercheck.errors import UsageError
from infercheck.ingest import ledger, shards
from infercheck.model import gate, reconciliation, report, simulation, snapshot
from infercheck.model.call import Column
from infercheck.render.json import schema_of


@dataclass(frozen=True)
class Contract:
    """One promise. ``version`` is MAJOR.MINOR, or a plain number where a reader takes exactly one; ``where`` says what holds it."""

    name: str
    title: str
    version: str
    where: str
    schema: Callable[[], dict[str, Any]]


def get(name: str) -> Contract:
    """By name; UsageError for an unknown one."""
    if name not in CONTRACTS:
        raise UsageError(f"there is no schema {name!r}", where="NAME", hint=f"known: {', '.join(CONTRACTS)}")
    return CONTRACTS[name]


def _json(model: type[BaseModel]) -> Callable[[], dict[str, Any]]:
    return lambda: schema_of(model)


def _tables(version: str, tables: Mapping[str, Sequence[Column]]) -> dict[str, Any]:
    """Tables and their columns in order; a type is the engine's."""
    told = {name: [{"name": c.name, "type": c.type, "description": c.doc} for c in columns] for name, columns in tables.items()}
    return {"schema_version": version, "tables": told}


def _shard() -> dict[str, Any]:
    replaces = Column("replaces", "VARCHAR", "the entry of an older shard that this file makes obsolete")
    columns = {file: ledger.PERSISTENT[table] for file, table in shards.TABLES.items()}
    return _tables(shards.VERSION, {**columns, "files": (*columns["files"], replaces)})


CONTRACTS = {
    contract.name: contract
    for contract in (
        Contract("report", "analyze --format json", report.SCHEMA_VERSION, "SCHEMA_VERSION in model/report.py", _json(report.Report)),
        Contract("gate", "check and diff --format json", gate.SCHEMA_VERSION, "SCHEMA_VERSION in model/gate.py", _json(gate.GateReport)),
        Contract(
            "baseline", "baseline write", str(snapshot.SCHEMA_VERSION), "SCHEMA_VERSION in model/snapshot.py", _json(snapshot.Snapshot)
        ),
        Contract(
            "reconciliation",
            "reconcile --format json",
            reconciliation.SCHEMA_VERSION,
            "SCHEMA_VERSION in model/reconciliation.py",
            _json(reconciliation.Reconciliation),
        ),
        Contract(
            "simulation",
            "simulate --format json",
            simulation.SCHEMA_VERSION,
            "SCHEMA_VERSION in model/simulation.py",
            _json(simulation.Simulation),
        ),
        Contract(
            "ledger",
            "the ledger's tables",
            ledger.VERSION,
            "VERSION in ingest/ledger.py",
            lambda: _tables(ledger.VERSION, ledger.PERSISTENT),
        ),
        Contract("parquet", "ingest --to, a file a table", shards.VERSION, "VERSION in ingest/shards.py", _shard),
    )
}
