"""DuckDB, embedded: the default engine. With spark.py the only place that speaks to a database."""

from __future__ import annotations

import copy
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from infercheck.engine import ledger_file, names_as_numbers
from infercheck.engine.base import DatabaseError, literal, quoted
from infercheck.errors import InputError, first_line
from infercheck.model.call import ALL_TABLES, QUERIES

if TYPE_CHECKING:
    import polars as pl

__all__ = ["DatabaseError", "Engine", "Head", "literal", "quoted"]
# DuckDB sets 4 MB a column and thread aside for an ordered CREATE TABLE AS; below this a table as wide as `calls` is written by one thread.
MEMORY_LIMIT_MB = 1300
MEMORY_LIMIT = f"{MEMORY_LIMIT_MB}MB"
BYTES_A_CALL = 400  # of memory: with less, rules over many calls spill most of what they sort, and read it again
MEMORY_MOST_MB = 3400  # with what Python and the database's own buffers take, a process below 4 GiB
MANY_CALLS = 500_000  # from here on one statement keeps all cores busy, and tables of all calls fill the memory
LONG_BYTES = 1 << 25  # a record from half of this on needs room of its own
STEPS = 12  # copies of a text that are under way at once, at most
_NUMERIC = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*")  # types of columns that hold numbers
LANES = 2  # connections that run rules at once: more hold more memory, and statements that can use all cores do so on one


class _ArrowStream:
    """Shows DuckDB and polars to each other by the Arrow C stream alone, so that pyarrow is not needed."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._source.__arrow_c_stream__(requested_schema)


class Head(NamedTuple):
    """The first rows of a query, the names of its columns, which of them hold numbers, and how many rows it has."""

    names: list[str]
    numeric: list[bool]
    rows: list[tuple[Any, ...]]
    height: int


class Engine:
    """The ledger on disk, and what a run makes of it (views, claims) beside it in memory, where all connections of the run see it.

    ``path`` None means a ledger that goes away with the engine. It is kept in memory, and what does not fit spills to a temporary folder: written
    as a file, calls would take twice as long.
    ``own`` says that only ledgers are ever written to ``path``: what cannot be read there is one that was damaged, and is set aside.
    """

    name = "duckdb"
    row_id = "rowid"

    def __init__(
        self, path: Path | None = None, *, own: bool = False, memory_limit: str = MEMORY_LIMIT, threads: int | None = None
    ) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="infercheck-")
        scratch = Path(self._scratch.name)
        self._threads = threads or min(os.cpu_count() or 2, 8)
        self.path = path or scratch / "ledger.duckdb"
        self.persistent = path is not None
        self.own = own
        self.writing = threading.Lock()  # for one lane at a time to add to the ledger what depends on what is in it
        self._widening = threading.Lock()
        self._settings = [
            f"memory_limit = '{memory_limit}'",
            f"threads = {self._threads}",
            f"temp_directory = {literal(str(scratch / 'spill'))}",
            "TimeZone = 'UTC'",
            "preserve_insertion_order = false",
            "default_null_order = 'NULLS_FIRST_ON_ASC_LAST_ON_DESC'",  # Spark's, which has no setting for it
            "asof_loop_join_threshold = 0",  # chosen by a guess at sizes, and quadratic where the guess is wrong
            "enable_progress_bar = false",  # it writes to standard output, where the report goes
        ]
        self._open()

    def _open(self) -> None:
        self._con = ledger_file.connect(self.path, own=self.own) if self.persistent else duckdb.connect(config=ledger_file.CONFIG)
        self._connections = [self._con]
        self._own = str(self.value("SELECT current_database()"))
        self._beside = "beside" if self._own != "beside" else "made"
        self._packed: str | None = None
        self.execute(f"ATTACH ':memory:' AS {self._beside}")
        self.lanes = [self, *(self._lane() for _ in range(1, min(LANES, self._threads)))]
        for lane in self.lanes:
            for setting in self._settings:
                lane.execute(f"SET {setting}")
            lane._look_in(self._own, self._beside)

    def _lane(self) -> Engine:
        """The same tables by another connection, for another thread."""
        lane = copy.copy(self)
        lane._con = self._con.cursor()
        lane.lanes = [lane]  # a job has its connection for itself, and no other
        self._connections.append(lane._con)
        return lane

    def _disconnect(self) -> None:
        """Let go of the file by all connections: Windows renames no file that is open."""
        for connection in self._connections:
            connection.close()

    def _look_in(self, *databases: str) -> None:
        self.execute(f"SET search_path = {literal(','.join(quoted(name) + '.main' for name in databases))}")

    def start_anew(self) -> None:
        """Set aside what stands in the ledger's own place and is none, and start with an empty one; a LedgerNotice says so."""
        self._disconnect()
        ledger_file.tell_set_aside(self.path, "it has lost its tables")
        self._open()

    def execute(self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None) -> None:
        """Run a statement for its effect."""
        with self._explained():
            self._con.execute(sql, params)

    def rows(self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run a query and fetch all rows."""
        with self._explained():
            result: list[tuple[Any, ...]] = self._con.execute(sql, params).fetchall()
            return result

    def value(self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None) -> Any:
        """The first column of the first row, None when there is no row."""
        rows = self.rows(sql, params)
        return rows[0][0] if rows else None

    def dicts(self, sql: str) -> list[dict[str, Any]]:
        """Run a query and fetch rows as dictionaries."""
        cursor = self._con.execute(sql)
        names = [d[0] for d in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def head(self, sql: str, limit: int) -> Head:
        """Run a query and fetch its first rows, without polars, which takes longer to import than many a query to answer."""
        with self._explained():
            described = self._con.execute(sql).description or []
            rows: list[tuple[Any, ...]] = self._con.fetchmany(limit + 1)
            height = len(rows) if len(rows) <= limit else int(self.value(f"SELECT count(*) FROM ({sql}\n)"))
        kinds = [str(kind) for _, kind, *_ in described]
        return Head([name for name, *_ in described], [bool(_NUMERIC.fullmatch(kind)) for kind in kinds], rows[:limit], height)

    def frame(self, sql: str) -> pl.DataFrame:
        """Run a query into a polars frame."""
        import polars as pl

        with self._explained():
            relation = self._con.sql(sql)
            names = relation.columns
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise DatabaseError(f"{names.count(twice)} columns are named {twice!r}: give each a name of its own with AS")
            return pl.DataFrame(_ArrowStream(names_as_numbers.spelt_out(relation)))

    def spool(self, sql: str, path: Path) -> None:
        """Write a query's rows to a Parquet file, in bounded memory. Works after ``lock_down`` too: a connection of its own writes them."""
        with self._explained(), duckdb.connect(config={"memory_limit": "256MB", "threads": "1"}) as writer:
            writer.execute("SET enable_progress_bar = false")  # it would write to standard output
            writer.register("rows", _ArrowStream(names_as_numbers.spelt_out(self._con.sql(sql))))
            writer.execute(f"COPY (SELECT * FROM rows) TO {literal(str(path))} (FORMAT parquet)")

    def load(self, name: str, arrow_source: Any) -> None:
        """Create or replace table ``name`` from anything with ``__arrow_c_stream__`` (a polars frame, a record batch reader)."""
        self._con.register("_incoming", _ArrowStream(arrow_source))
        try:
            self.create(name, "SELECT * FROM _incoming")
        finally:
            self._con.unregister("_incoming")

    def load_rows(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]], *, staged: bool = False) -> None:
        """Create or replace table ``name`` (column names with their types) from rows of plain values.

        ``staged`` where a transaction goes on to write the ledger: it may write to no second database, and sees temporary tables of its own.

        They are handed over as a list a column: as literals a row takes ten times as long, and a frame has polars imported.
        """
        selected = ", ".join(f"unnest(CAST(? AS {type_}[])) AS {quoted(column)}" for column, type_ in columns.items())
        lists = [list(values) for values in zip(*rows, strict=True)] or [[] for _ in columns]
        table = f"TEMP TABLE {quoted(name)}" if staged else f"TABLE {self._place(name)}"
        self.execute(f"CREATE OR REPLACE {table} AS SELECT {selected}", lists)

    def create(
        self, name: str, select: str, names: Mapping[str, str] | None = None, *, spared: Sequence[str] = (), lasts: bool = False
    ) -> None:
        """Make table ``name`` from a query, which may read the table that it replaces.

        ``names``: text columns that hold few names again and again, each with a query of all that may stand there. They are kept as numbers, in
        the order of the names, and so are the columns that other tables take over from them: a tenth of the room, and cheaper to group and join by.
        ``spared``: columns that nobody will read, and that are left out.
        ``lasts``: it stays to the end, and is compressed in a log of many calls.
        """
        if spared:
            select = f"SELECT * EXCLUDE ({', '.join(map(quoted, spared))}) FROM ({select})"
        told = names_as_numbers.types(self, names) if names else {}
        place = f"{self._packed}.main.{quoted(name)}" if lasts and self._packed else self._place(name)
        numbered = ", ".join(f"CAST({quoted(column)} AS {kind}) AS {quoted(column)}" for column, kind in told.items())
        if told:
            with suppress(duckdb.ConversionException):  # a name that was not foretold: all stay text
                self.execute(f"CREATE OR REPLACE TABLE {place} AS SELECT * REPLACE ({numbered}) FROM ({select})")
                return
        self.execute(f"CREATE OR REPLACE TABLE {place} AS {select}")

    def view(self, name: str, select: str) -> None:
        """Let ``name`` stand for a query."""
        self.execute(f"CREATE OR REPLACE VIEW {self._place(name)} AS {select}")

    def create_empty(self, name: str, columns: Mapping[str, str]) -> None:
        """Make table ``name`` without rows."""
        body = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        self.execute(f"CREATE OR REPLACE TABLE {self._place(name)} ({body})")

    def extend(self, name: str, select: str) -> None:
        """Add the rows of a query that has the table's columns in the table's order."""
        self.execute(f"INSERT INTO {quoted(name)} {select}")

    def drop(self, *names: str) -> None:
        """Forget tables that this run has made; a name that is not there is no error."""
        for name in names:
            for database in self._made_in():
                self.execute(f"DROP TABLE IF EXISTS {database}.main.{quoted(name)}")

    def drop_view(self, name: str) -> None:
        """Forget a view."""
        self.execute(f"DROP VIEW {self._place(name)}")

    def rename(self, name: str, to: str) -> None:
        """Let a table or view be known by another name."""
        self.execute(f"ALTER {'VIEW' if name in self.views() else 'TABLE'} {self._place(name)} RENAME TO {quoted(to)}")

    def views(self) -> set[str]:
        """The views that this run has made."""
        return {str(row[0]) for row in self.rows(f"SELECT view_name FROM duckdb_views() WHERE database_name = {literal(self._beside)}")}

    def tables(self) -> set[str]:
        """The tables that this run has made."""
        among = ", ".join(map(literal, self._made_in()))
        return {str(row[0]) for row in self.rows(f"SELECT table_name FROM duckdb_tables() WHERE database_name IN ({among})")}

    def columns(self, relation: str) -> dict[str, str]:
        """Column names and types of a table, or of a query in parentheses."""
        return {str(r[0]): names_as_numbers.plain(str(r[1])) for r in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def create_canonical(self, *names: str) -> None:
        """Create empty canonical tables (all of them by default)."""
        for name in names or tuple(ALL_TABLES.keys() - QUERIES):
            self.create_empty(name, {c.name: c.type for c in ALL_TABLES[name]})

    def serialized_statements(self, sql: str) -> dict[str, Any]:
        """DuckDB's own syntax tree of a SELECT; ``error`` true for anything else."""
        import json

        try:
            tree: dict[str, Any] = json.loads(self.value("SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", [sql]))
        except RecursionError:
            return {"error": True, "error_message": "nested too deeply"}
        return tree

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on any error."""
        self.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error, InputError):  # where the disk is full, even this fails: what counts is the first failure
                self._con.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    @contextmanager
    def room_for(self, longest: int) -> Iterator[None]:
        """A higher memory limit while records of up to so many bytes are read: at every step the database takes room for a text of the next power
        of two, of which it touches less than half; its limit counts all of it."""
        block = 1 << longest.bit_length()
        if block < LONG_BYTES:
            yield
            return
        with self._widening:  # the limit is that of all lanes
            self.execute(f"SET memory_limit = '{MEMORY_LIMIT_MB + (STEPS * block >> 20)}MB'")
            try:
                yield
            finally:
                self.execute(f"SET {self._settings[0]}")

    def _made_in(self) -> tuple[str, ...]:
        return (self._beside, self._packed) if self._packed else (self._beside,)

    def _place(self, name: str) -> str:
        return f"{self._beside}.main.{quoted(name)}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """A disk that is full, a ledger that is damaged, and Ctrl-C are no fault of the statement."""
        try:
            yield
        except RuntimeError as err:
            if str(err) == "Query interrupted":  # how the database hands on Ctrl-C
                raise KeyboardInterrupt from err
            raise
        except duckdb.Error as err:
            text = str(err)
            if ledger_file.says(text, ledger_file.DISK_FULL):
                raise InputError(
                    "the disk is full: the next run reads what this one could not write",
                    where=str(self.path),
                    hint=f"{first_line(err)[:120]}",
                ) from err
            if self.persistent and ledger_file.says(text, ledger_file.DAMAGED):
                self._con.close()
                aside = ledger_file.set_aside(self.path)
                hint = f"it was set aside as {aside.name}: run the command again, and all files are read anew"
                raise InputError("the ledger is damaged", where=str(self.path), hint=hint) from err
            raise

    def make_room(self, calls: int) -> None:
        """A higher memory limit for so many calls, half of the machine's (or container's) at most: what is spilled is written and read again and
        again. And a file for the widest tables, which are compressed there: a quarter of the room, but twice the work."""
        wanted = min(calls * BYTES_A_CALL >> 20, MEMORY_MOST_MB)
        if wanted > MEMORY_LIMIT_MB:
            self.execute("RESET memory_limit")  # to 80% of what there is
            half = int(self.value("SELECT parse_formatted_bytes(current_setting('memory_limit'))")) * 5 // 8 >> 20
            self.execute(f"SET memory_limit = '{max(min(wanted, half), MEMORY_LIMIT_MB)}MB'")
        if calls > MANY_CALLS:
            file = Path(self._scratch.name) / "packed.duckdb"
            packed = "packed" if self._own != "packed" else "packed_too"
            self.execute(f"ATTACH {literal(str(file))} AS {packed} (RECOVERY_MODE NO_WAL_WRITES)")
            # Ids are texts that shrink by half, for as much work as all else.
            self.execute("SET disabled_compression_methods = 'dict_fsst'")
            for lane in self.lanes:
                lane._packed = packed

    def lock_down(self, *, but: Path | None = None) -> None:
        """After ingestion: nothing outside is reachable, files ``but`` those of one folder, network, extensions or variables of Python; for good."""
        for lane in self.lanes:
            lane._look_in(*self._made_in(), self._own)  # what is made now has no business in the ledger
            lane.execute("SET python_enable_replacements = false")
        if but is not None:
            self.execute(f"SET allowed_directories = [{literal(str(but))}]")
        self.execute("SET enable_external_access = false")
        self.execute("SET allowed_configs = ['threads']")
        self.execute("SET lock_configuration = true")

    def share_cores(self, calls: int = 0) -> None:
        """From here on the lanes work at once: each brings a thread, and all threads together are as many as before. Where so many calls keep all
        cores busy with one statement, one lane is left: two statements at once would share the memory, and spill."""
        if calls > MANY_CALLS:
            del self.lanes[1:]
        self.execute(f"SET threads = {max(1, self._threads - len(self.lanes) + 1)}")

    @contextmanager
    def cores_shared(self) -> Iterator[None]:
        """As ``share_cores``, for a while."""
        self.share_cores()
        try:
            yield
        finally:
            self.execute(f"SET threads = {self._threads}")

    @contextmanager
    def on_one_thread(self) -> Iterator[None]:
        """Statements run on one thread for a while, those of other lanes too. A connection of its own says so: one whose transaction has failed
        takes no more statements, and what it failed of would not be told."""
        with self._con.cursor() as beside:
            (threads,) = beside.execute("SELECT current_setting('threads')").fetchall()[0]
            beside.execute("SET threads = 1")
            try:
                yield
            finally:
                beside.execute(f"SET threads = {threads}")

    def interrupt(self) -> None:
        """Stop the running query from another thread."""
        self._con.interrupt()

    def close(self) -> None:
        """Release the ledger and remove scratch files."""
        self._disconnect()
        self._scratch.cleanup()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
