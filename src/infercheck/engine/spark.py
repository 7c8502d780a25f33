"""Spark, over Spark Connect (extra ``spark``): the same tables and the same SQL, beyond one machine.

What a run makes are Parquet tables in a database of its own, dropped at the end: unlike what an executor caches, a table that is written outlives the
worker that wrote it, and a plan that reads it does not grow with what came before. So the server's warehouse has to lie where all workers reach it.
CTEs that are read more than once become such tables too, since Spark would compute them at each mention.
"""

from __future__ import annotations

import logging
import re
import secrets
import socket
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from infercheck.engine import ctes
from infercheck.engine.base import DatabaseError, Interrupted, Params, literal, quoted
from infercheck.engine.duckdb import Engine as Embedded
from infercheck.errors import InputError, UsageError

INSTALL = "pip install 'infercheck[spark]'"
CONNECT_S = 10.0  # for the server to answer at all
WORKERS_S = 90.0  # for a worker to take the first task: a cluster may have to start one
SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # an overflow or a text that is no number fails, as in DuckDB
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # a sum of DECIMAL(38,12) keeps its twelve places
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.legacy.consecutiveStringLiterals.enabled": "false",  # '' inside a text is a quote
    "spark.sql.sources.default": "parquet",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.adaptive.enabled": "true",
}
DIVIDED_BY_ZERO = "division by zero, which DuckDB would call infinite: write nullif(divisor, 0)"  # Spark's own cure is not portable
_TYPES = {"string": "VARCHAR", "int": "INTEGER", "timestamp_ntz": "TIMESTAMP", "timestamp": "TIMESTAMP", "binary": "BLOB"}


class Spark:
    """One session on a Spark Connect server, with a database of its own that goes away with it."""

    name = "spark"
    row_id = "monotonically_increasing_id()"

    def __init__(self, remote: str) -> None:
        self._where = f"--remote {remote}"
        self._session = _session(remote, self._where)
        self._checker: Embedded | None = None
        self._views: dict[str, list[str]] = {}  # bare name -> the tables that it stands for
        self._named: dict[str, str] = {}  # the columns of a table that began empty
        self._count = 0
        self.database = f"infercheck_{secrets.token_hex(6)}"
        try:
            for key, value in SETTINGS.items():
                self._session.conf.set(key, value)
            self._sql(f"CREATE DATABASE {self.database}")
            self._await_workers()
        except DatabaseError as err:
            raise InputError(f"the Spark server refuses: {err}"[:300], where=self._where) from err

    # --- tables

    @property
    def lanes(self) -> Sequence[Spark]:
        return [self]

    def create(
        self, name: str, select: str, names: Mapping[str, str] | None = None, *, spared: Sequence[str] = (), lasts: bool = False
    ) -> None:
        self._point(name, [self._stored(name, select)], drop_old=True)

    def create_empty(self, name: str, columns: Mapping[str, str]) -> None:
        body = ", ".join(f"CAST(NULL AS {_own_type(kind)}) AS {quoted(column)}" for column, kind in columns.items())
        self.view(name, f"SELECT {body} WHERE FALSE")
        self._named[name] = ", ".join(map(quoted, columns))

    def extend(self, name: str, select: str) -> None:
        names = self._named.get(name) or ", ".join(map(quoted, self.columns(quoted(name))))
        added = self._written(name, f"SELECT * FROM ({select}) AS added ({names})")
        self._point(name, [*self._views.get(name, []), added])

    def view(self, name: str, select: str) -> None:
        self._sql(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {select}")
        self._views[name] = []

    def drop(self, *names: str) -> None:
        for name in names:
            if name in self._views:
                self._sql(f"DROP VIEW IF EXISTS {quoted(name)}")
                for part in self._views.pop(name):
                    self._sql(f"DROP TABLE IF EXISTS {part}")

    def tables(self) -> set[str]:
        return set(self._views)

    def columns(self, relation: str) -> dict[str, str]:
        with self._told():
            schema = self._session.sql(f"SELECT * FROM {relation}").schema
        return {field.name: _type_name(field.dataType.simpleString()) for field in schema.fields}

    # --- queries

    def rows(self, sql: str, params: Params = None) -> list[tuple[Any, ...]]:
        table = self._arrow(sql, params)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def value(self, sql: str, params: Params = None) -> Any:
        rows = self.rows(sql, params)
        return rows[0][0] if rows else None

    def serialized_statements(self, sql: str) -> dict[str, Any]:
        if self._checker is None:
            self._checker = Embedded(threads=1)
        return self._checker.serialized_statements(sql)

    def read(self, name: str, file: str) -> None:
        """Name a local Parquet file that all workers reach by the same path."""
        table = self._fresh(name)
        self._sql(f"CREATE TABLE {table} USING parquet LOCATION {literal('file://' + file)}")
        self._point(name, [table])

    def write(self, folder: str, select: str) -> None:
        """Write a query as Parquet into a local folder that all workers reach by the same path."""
        self._sql(f"INSERT OVERWRITE DIRECTORY {literal('file://' + folder)} USING parquet {select}")

    def interrupt(self) -> None:
        self._session.interruptAll()

    # --- the session

    def close(self) -> None:
        """Drop what this run has made and leave the server."""
        with suppress(Exception):
            self._session.sql(f"DROP DATABASE IF EXISTS {self.database} CASCADE").collect()
        with suppress(Exception):
            self._session.stop()
        if self._checker is not None:
            self._checker.close()

    def __enter__(self) -> Spark:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _stored(self, name: str, select: str) -> str:
        """Write a query to a table; what its CTEs hold for several readers is written first, and dropped after."""
        found, rest = ctes.split(select)
        kept: list[str] = []
        defined: list[ctes.Cte] = []
        for nth, cte in enumerate(found):
            later = [c.body for c in found[nth + 1 :]]
            if ctes.mentions(cte.name, *later, rest) > 1:
                table = self._written(f"{name}_{cte.name}", _joined(defined, cte.body))
                kept.append(table)
                defined.append(ctes.Cte(cte.name, f"SELECT * FROM {table}"))
            else:
                defined.append(cte)
        try:
            return self._written(name, _joined(defined, rest))
        finally:
            for table in kept:
                self._sql(f"DROP TABLE IF EXISTS {table}")

    def _written(self, name: str, select: str) -> str:
        table = self._fresh(name)
        self._sql(f"CREATE TABLE {table} USING parquet AS {select}")
        return table

    def _fresh(self, name: str) -> str:
        self._count += 1
        return f"{self.database}.t{self._count}_{re.sub(r'[^a-z0-9_]', '_', name.lower())}"

    def _point(self, name: str, parts: list[str], *, drop_old: bool = False) -> None:
        old = self._views.get(name, [])
        body = " UNION ALL ".join(f"SELECT * FROM {part}" for part in parts)
        self._sql(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {body}")
        self._views[name] = parts
        for part in old if drop_old else ():
            self._sql(f"DROP TABLE IF EXISTS {part}")

    def _sql(self, sql: str) -> None:
        with self._told():
            self._session.sql(sql).collect()

    def _arrow(self, sql: str, params: Params = None) -> Any:
        with self._told():
            return self._session.sql(sql, args=list(params) if params else None).toArrow()

    def _await_workers(self) -> None:
        """A server may be up and its cluster not: then a task would wait for ever."""
        timer = threading.Timer(WORKERS_S, self.interrupt)
        timer.daemon = True
        timer.start()
        try:
            self.rows("SELECT count(*) FROM range(0, 1, 1, 1)")
        except Interrupted as err:
            hint = "see the master's page: are workers registered, and are their cores free?"
            raise InputError(f"the Spark cluster has taken no task in {WORKERS_S:g} s", where=self._where, hint=hint) from err
        finally:
            timer.cancel()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the client raises, as either engine says it: first line, and the line of the statement."""
        from grpc import RpcError
        from pyspark.errors import PySparkException

        try:
            yield
        except PySparkException as err:
            text = str(err)
            if "OPERATION_CANCELED" in text or "OPERATION_CANCELLED" in text:
                raise Interrupted("stopped") from err
            line = re.search(r"\(?line (\d+), pos", text)
            first = text.strip().splitlines()[0] if text.strip() else type(err).__name__
            first = DIVIDED_BY_ZERO if "[DIVIDE_BY_ZERO]" in first else first
            raise DatabaseError(f"{first}\nLINE {line[1]}: " if line else first) from err
        except RpcError as err:
            said = getattr(err, "details", lambda: "")() or type(err).__name__
            raise InputError(f"the Spark server is gone: {said.splitlines()[0][:200]}", where=self._where) from err


def _session(remote: str, where: str) -> Any:
    parts = urlsplit(remote)
    if parts.scheme != "sc" or not parts.hostname:
        raise UsageError(f"{remote!r} names no Spark Connect server", where="--remote", hint="write sc://HOST or sc://HOST:15002")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pyspark.sql.connect.session import SparkSession
    except ImportError as err:
        raise UsageError("the Spark client is not installed", where="--engine spark", hint=INSTALL) from err
    try:
        socket.create_connection((parts.hostname, parts.port or 15002), timeout=CONNECT_S).close()
    except OSError as err:
        hint = "is the Spark Connect server running, and the port right?"
        raise InputError(f"no Spark server answers: {err.strerror or err}", where=where, hint=hint) from err
    logging.getLogger("pyspark").setLevel(logging.CRITICAL)
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    return SparkSession.builder.remote(remote).create()


def _joined(defined: Sequence[ctes.Cte], rest: str) -> str:
    """A query with CTEs again, each on the lines where it stood."""
    text = ""
    for cte in defined:
        body = cte.body.lstrip("\n")
        lines = max(len(cte.body) - len(body) - text.count("\n"), 0)
        text += f"{', ' if text else 'WITH '}{cte.name} AS (" + "\n" * lines + body + ")"
    body = rest.lstrip("\n")
    return text + "\n" * max(len(rest) - len(body) - text.count("\n"), 0) + (" " if text else "") + body


def _own_type(kind: str) -> str:
    return {"VARCHAR": "STRING", "BLOB": "BINARY", "UBIGINT": "DECIMAL(20,0)", "HUGEINT": "DECIMAL(38,0)"}.get(kind, kind)


def _type_name(simple: str) -> str:
    return _TYPES.get(simple, simple.upper())
