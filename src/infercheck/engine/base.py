"""What diagnosis and settlement ask of a database. Two answer: duckdb.py, embedded, and spark.py, over Spark Connect.

    log -> canonical tables -> | views -> rules -> claims -> dollars | -> replay, sums, report

What stands between the bars is heavy and portable: the same rule and view files and the same statements on either engine, without a transpiler.
Before it logs are read and copies found, after it come the report's own sums. Both stay with the embedded engine of one machine, in DuckDB's own
SQL: reading spreads over machines by `infercheck ingest --to DIR`, one shard a run, and ``infercheck.beyond`` carries tables to Spark and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import duckdb

DatabaseError = duckdb.Error  # what a statement that fails raises, on either engine
Interrupted = duckdb.InterruptException  # and one that ``interrupt`` stopped
Params = Sequence[object] | None


class Database(Protocol):
    """Tables of one run, each known by its bare name."""

    name: str
    row_id: str  # SQL: a number that no two rows of a table share

    @property
    def lanes(self) -> Sequence[Database]:
        """Connections that see the same tables, this one first: each for one thread at a time."""

    def create(
        self, name: str, select: str, names: Mapping[str, str] | None = None, *, spared: Sequence[str] = (), lasts: bool = False
    ) -> None:
        """Make table ``name`` from a query, which may read the table that it replaces. ``names``: text columns that hold few names again and
        again, each with a query of all that may stand there. ``spared``: columns that nobody will read; an engine may leave them out.
        ``lasts``: it stays to the end of the run."""

    def create_empty(self, name: str, columns: Mapping[str, str]) -> None:
        """Make table ``name`` without rows."""

    def extend(self, name: str, select: str) -> None:
        """Add the rows of a query that has the table's columns in the table's order."""

    def drop(self, *names: str) -> None:
        """Forget tables; a name that is not there is no error."""

    def tables(self) -> set[str]:
        """What this run has made, tables and views of queries alike."""

    def columns(self, relation: str) -> dict[str, str]:
        """Column names and types of a table, or of a query in parentheses."""

    def rows(self, sql: str, params: Params = None) -> list[tuple[Any, ...]]:
        """Run a query and fetch all rows."""

    def value(self, sql: str, params: Params = None) -> Any:
        """The first column of the first row, None when there is no row."""

    def serialized_statements(self, sql: str) -> dict[str, Any]:
        """DuckDB's syntax tree of a SELECT, by which rules are checked on either engine."""

    def interrupt(self) -> None:
        """Stop the running query from another thread."""


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def is_text(name: str) -> bool:
    """Whether a database can name a file: on Linux a name may be any bytes, and what is no UTF-8 of them stands in Python as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def literal(value: object) -> str:
    """A SQL literal for a parameter of a rule: text, number, truth value, date or NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def text_type(kind: str) -> str:
    """The type of a column as both engines spell it in a CAST: VARCHAR is STRING there."""
    return "STRING" if kind == "VARCHAR" else kind
