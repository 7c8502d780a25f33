"""Examples as tests: a rule's or view's own data in, its claims or rows out. The suite and `infercheck rules test` run the same code."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from infercheck import diagnose, prepare
from infercheck.engine.duckdb import DatabaseError, Engine, quoted
from infercheck.errors import UsageError, first_line
from infercheck.model.call import ALL_TABLES, CONFIG_TABLES
from infercheck.model.rule import CLAIM_COLUMNS, CLAIM_KEYS, Example
from infercheck.rulebook import Rule, Rulebook, View

EPOCH = datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)  # a Monday, midnight UTC; example times are seconds from here
EXAMPLE_S = 60.0  # for a dozen rows: what takes longer never ends
# Words that an example may use instead of the canonical column: what a reader expects, and what fills it.
ALIASES = {"workload": "app", "billed_usd": "logged_cost"}


@dataclass(frozen=True)
class Outcome:
    """One example's result; ``problem`` is empty when it passed."""

    owner: str
    example: str
    problem: str = ""


def run(book: Rulebook, owners: Sequence[Rule | View]) -> list[Outcome]:
    """Run every example of ``owners``."""
    return [_run_one(book, owner, example) for owner in owners for example in owner.header.example]


def _run_one(book: Rulebook, owner: Rule | View, example: Example) -> Outcome:
    try:
        with Engine(threads=1) as engine:
            fill(engine, example)
            engine.lock_down()  # a borrowed rule is tried out before it is read
            found, expected = _results(engine, book, owner, example)
            problem = _difference(found, expected)
    except UsageError as err:
        problem = str(err)
    except DatabaseError as err:
        problem = f"stopped: {first_line(err)}"
    return Outcome(owner.id, example.name, problem)


def fill(engine: Engine, example: Example) -> None:
    """Create the canonical tables with the example's rows, then prices and models unless the example brings its own."""
    engine.create_canonical()
    tables = ("calls", "spans", "prompt_blocks", "tool_calls", "models", "prices", *CONFIG_TABLES)
    for name in tables:
        text = getattr(example, name, "")
        if text:
            _insert(engine, name, text)
    prepare.fill_clocks(engine)
    prepare.fill_prices(engine, keep_prices=bool(example.prices), keep_models=bool(example.models))


def _results(engine: Engine, book: Rulebook, owner: Rule | View, example: Example) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if isinstance(owner, View):
        if example.rows is None:
            raise UsageError(f"example {example.name!r} of a view names no rows", where=owner.file.where)
        with diagnose.deadline(engine, EXAMPLE_S):
            diagnose.Views(engine, book, {owner.id: example.params}).make(owner.id)
        kinds = engine.columns(quoted(owner.id))
        expected = _parse(example.rows, kinds, owner.file.where)
        return _project(engine.dicts(f"SELECT * FROM {quoted(owner.id)}"), expected, owner.file.where), expected
    result = diagnose.diagnose(engine, book, select=[owner.id], params={owner.id: example.params}, timeout_s=EXAMPLE_S)
    if result.not_checked:
        raise UsageError(f"not checked: {result.not_checked[0].reason}", where=owner.file.where)
    if owner.header.kind == "observation":
        kinds = engine.columns(quoted(f"found_{owner.id}"))
        expected = _parse(example.rows or "", kinds, owner.file.where)
        return _project(engine.dicts(f"SELECT * FROM {quoted(f'found_{owner.id}')}"), expected, owner.file.where), expected
    kinds = {"subject": "VARCHAR", "grade": "VARCHAR", "fix": "VARCHAR", **CLAIM_KEYS, **CLAIM_COLUMNS}
    expected = _parse(example.claims or "", kinds, owner.file.where)
    return _project(engine.dicts("SELECT * FROM claims"), expected, owner.file.where), expected


def _project(found: list[dict[str, Any]], expected: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
    """Only the columns that the example speaks of."""
    if not expected or not found:
        return found
    unknown = set(expected[0]) - set(found[0])
    if unknown:
        raise UsageError(f"the example expects a column that is not there: {', '.join(sorted(unknown))}", where=where)
    return [{key: row[key] for key in expected[0]} for row in found]


def _difference(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> str:
    rest = list(found)
    missing = []
    for row in expected:
        match = next((r for r in rest if all(_equal(r[k], v) for k, v in row.items())), None)
        if match is None:
            missing.append(row)
        else:
            rest.remove(match)
    parts = [f"missing {_show(row)}" for row in missing[:5]] + [f"unexpected {_show(row)}" for row in rest[:5]]
    return "; ".join(parts)


def _show(row: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{k}: {_LABELS.get(v, v) if isinstance(v, int) else v}" for k, v in row.items() if v is not None) + "}"


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, int | float | Decimal) and isinstance(b, int | float | Decimal) and not isinstance(a, bool):
        return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-9)
    return bool(a == b)


def _insert(engine: Engine, table: str, text: str) -> None:
    columns = {**{c.name: c.type for c in ALL_TABLES[table]}, "duration_s": "DOUBLE", "ttft_s": "DOUBLE"}
    rows = [
        _completed(row, table, number)
        for number, row in enumerate(_parse(text, columns, table, aliases=ALIASES if table == "calls" else {}), start=1)
    ]
    for row in rows:
        names = ", ".join(map(quoted, row))
        engine.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({', '.join('?' for _ in row)})", list(row.values()))


def _completed(row: dict[str, Any], table: str, number: int) -> dict[str, Any]:
    """What an example leaves out because it goes without saying: ids, chat, ok, durations given as seconds."""
    if table == "calls":
        start = row.get("started_at")
        duration, ttft = row.pop("duration_s", None), row.pop("ttft_s", None)
        if start and duration is not None:
            row["ended_at"] = start + timedelta(seconds=duration)
        if start and ttft is not None:
            row["first_token_at"] = start + timedelta(seconds=ttft)
        label = _LABELS.get(row["call_id"], str(row["call_id"]))
        for key, value in {
            "source": "example", "file_id": 1, "line": number, "source_call_id": label, "request_id": label, "attempt_key": label,
            "operation": "chat", "status": "ok",
        }.items():  # fmt: skip
            row.setdefault(key, value)
        if "logged_cost" in row:
            row.setdefault("logged_currency", "USD")
    elif table == "spans":
        start, duration = row.get("started_at"), row.pop("duration_s", None)
        if start and duration is not None:
            row["ended_at"] = start + timedelta(seconds=duration)
    return row


def _parse(text: str, kinds: dict[str, str], where: str, aliases: dict[str, str] | None = None) -> list[dict[str, Any]]:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip() and not line.strip().startswith("#")]
    if not lines:
        return []
    split = (lambda s: re.split(r"\s{2,}|\t", s)) if any(re.search(r"\S\s{2,}\S", line) for line in lines) else str.split
    names = [(aliases or {}).get(n, n) for n in lines[0].split()]
    rows = []
    for line in lines[1:]:
        cells = split(line)
        if len(cells) != len(names):
            cells = line.split()
        if len(cells) != len(names):
            raise UsageError(
                f"example row has {len(cells)} cells for {len(names)} columns: {line}", where=where, hint="write - for unknown"
            )
        unknown = [n for n in names if n not in kinds]
        if unknown:
            raise UsageError(f"example names an unknown column {unknown[0]!r}", where=where)
        row = {n: _value(cell, kinds[n]) for n, cell in zip(names, cells, strict=True)}
        rows.append({n: v for n, v in row.items() if aliases is None or v is not None})
    return rows


_LABELS: dict[int, str] = {}


def _value(cell: str, kind: str) -> Any:
    """One cell by its column's type. Labels such as ``p1`` stand for ids and hashes; times are seconds from EPOCH."""
    if cell in ("-", "null", "NULL"):
        return None
    kind = kind.upper()
    if kind == "BOOLEAN":
        return cell.lower() == "true"
    if kind == "TIMESTAMP":
        return EPOCH + timedelta(seconds=float(cell)) if re.fullmatch(r"-?[\d.]+(e\d+)?", cell) else datetime.fromisoformat(cell)
    if kind == "DATE":
        return datetime.fromisoformat(cell).date()
    if kind.startswith("DECIMAL"):
        return Decimal(cell)
    if kind in ("DOUBLE", "FLOAT"):
        return float(cell)
    if kind in ("BIGINT", "INTEGER", "HUGEINT", "UBIGINT"):
        if re.fullmatch(r"-?\d+", cell):
            return int(cell)
        number = int.from_bytes(hashlib.sha256(cell.encode()).digest()[:7])
        _LABELS[number] = cell
        return number
    return cell
