"""Canonical Parquet in a folder: what `infercheck ingest LOGS --to DIR` writes, one shard a run, and what `analyze DIR` reads.

    DIR/_meta.json                                  schema version, and the salt that all shards share
    DIR/shard-20261124T205240Z-1f2e3d4c/calls.parquet, spans.parquet, ..., files.parquet

A shard is a folder that appears at once, by one rename; it never changes afterwards. All occurrences of a call are in it: copies are removed when the
folder is read, over whatever shards are in scope. Prompts are kept as messages and their blocks, each distinct one once a shard.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infercheck.engine.base import is_text
from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.errors import InputError, UsageError
from infercheck.ingest import ledger
from infercheck.ingest.inputs import NAME_KEY

META = "_meta.json"
KIND = "infercheck canonical tables"
VERSION = "8"  # of the files and their columns; it rises when the ledger's columns change, and by itself when other tables are written
TABLES = {  # the ledger's table by the name of its file
    "calls": "call_rows",
    "spans": "span_rows",
    "remarks": "remark_rows",
    "tool_calls": "tool_call_rows",
    "repeats": "repeat_rows",
    "prompt_messages": "prompt_messages",
    "messages": "messages",
    "message_blocks": "message_blocks",
    "rejects": "reject_rows",
    "cell_issues": "cell_issue_rows",
    "files": "ledger_files",
}
ORDER = {"calls": "call_id", "prompt_messages": "call_id, message_index", "message_blocks": "message_hash, block_index", "files": "file_id"}
ID_SPAN = 1 << 32  # a call_id is file_id times this, and the call's number in the file


@dataclass(frozen=True)
class Store:
    """A folder of shards."""

    folder: Path
    salt: str


def store_at(folder: Path) -> Store | None:
    """The store in ``folder``; None where there is none. InputError where another version wrote it."""
    try:
        said = json.loads((folder / META).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(said, dict) or said.get("kind") != KIND:
        return None
    if said.get("schema_version") != VERSION:
        raise InputError(
            f"these shards were written by another version (schema {said.get('schema_version')}, this one reads {VERSION})",
            where=str(folder),
            hint="ingest the logs into a new folder",
        )
    return Store(folder, str(said["salt"]))


def opened(folder: Path) -> Store:
    """The store in ``folder``, made where there is none. Of several runs that start at once, one decides the salt."""
    if not is_text(str(folder)):
        raise UsageError("the name of this folder is not UTF-8", where=str(folder), hint="name another folder with --to")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (found := store_at(folder)) is not None:
            return found
        if (folder / META).exists() or any(not p.name.startswith(".") for p in folder.iterdir()):
            if (found := store_at(folder)) is not None:  # another run made it meanwhile
                return found
            raise UsageError("this folder holds something else", where=str(folder), hint="name a new or empty folder with --to")
        said = {"kind": KIND, "schema_version": VERSION, "salt": secrets.token_hex(16)}
        scratch = folder / f".{META}.{secrets.token_hex(4)}"
        scratch.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        try:
            with suppress(FileExistsError):
                os.link(scratch, folder / META)  # unlike a rename it never replaces another run's
        finally:
            scratch.unlink()
    except OSError as err:
        raise UsageError(f"cannot be written: {err.strerror or err}", where=str(folder)) from err
    made = store_at(folder)
    if made is None:
        raise UsageError("this folder holds something else", where=str(folder), hint="name a new or empty folder with --to")
    return made


def write(engine: Engine, store: Store, file_ids: Iterable[int], replaces: dict[int, str]) -> Path:
    """Write all that the ledger holds of these files as one shard.

    ``replaces`` names, by file, the entry of an older shard that it makes obsolete.
    """
    name = f"shard-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    partial = store.folder / f".{name}"  # readers pass over hidden folders: a run that is killed here leaves nothing that counts
    partial.mkdir()
    try:
        _write_tables(engine, partial, file_ids, replaces)
        return partial.rename(store.folder / name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _write_tables(engine: Engine, folder: Path, file_ids: Iterable[int], replaces: dict[int, str]) -> None:
    ids = ", ".join(map(str, file_ids))
    older = " ".join(f"WHEN {file_id} THEN {literal(entry)}" for file_id, entry in replaces.items())
    for file, table in TABLES.items():
        columns = ", ".join(quoted(c.name) for c in ledger.PERSISTENT[table])
        if file == "files":
            columns += f", {f'CASE file_id {older} END' if older else 'CAST(NULL AS VARCHAR)'} AS replaces"
        where = f" WHERE file_id IN ({ids})" if file not in {"messages", "message_blocks"} else ""
        order = f" ORDER BY {ORDER[file]}" if file in ORDER else ""
        path = literal(str(folder / f"{file}.parquet"))
        engine.execute(f"COPY (SELECT {columns} FROM {table}{where}{order}) TO {path} (FORMAT parquet, COMPRESSION zstd)")


def among(files: Iterable[Path]) -> tuple[dict[Path, list[Path]], dict[Path, Store]]:
    """The shards that ``files`` belong to, each with its files, and the stores by folder."""
    by_folder: dict[Path, list[Path]] = {}
    for path in files:
        if path.name == META or path.suffix == ".parquet":
            by_folder.setdefault(path.parent, []).append(path)
    stores: dict[Path, Store] = {}
    shards: dict[Path, list[Path]] = {}
    for folder, inside in by_folder.items():
        names = {p.name for p in inside}
        if META in names and (store := store_at(folder)):
            stores[folder] = store
        if {"files.parquet", "calls.parquet"} <= names and (store := stores.get(folder.parent) or store_at(folder.parent)):
            stores[folder.parent] = store
            shards[folder] = inside
    return shards, stores


def load(engine: Engine, shards: Sequence[Path]) -> list[int]:
    """Bring shards into the ledger that are not there yet; returns the ids of the files that are in scope, obsolete ones left out."""
    if not shards:
        return []
    shards = [shard.absolute() for shard in shards]
    _entries(engine, shards)
    new = [str(row[0]) for row in engine.rows("SELECT DISTINCT shard FROM shard_entries WHERE file_id IS NULL ORDER BY shard")]
    if new:
        with engine.transaction():
            _insert(engine, new)
        _entries(engine, shards)
    rows = engine.rows("""
        SELECT file_id FROM shard_entries e WHERE NOT EXISTS (SELECT 1 FROM shard_entries o WHERE o.replaces = e.entry) ORDER BY file_id""")
    engine.execute("DROP TABLE temp.shard_entries")
    return [int(row[0]) for row in rows]


def entries(engine: Engine, shards: Sequence[Path]) -> str:
    """SQL for the manifests of shards: their rows with ``shard`` (its folder), ``entry`` (how others name it) and ``replaces``."""
    return f"""(SELECT *, {_shard_of("files")} AS shard, concat(parse_filename({_shard_of("files")}), '#', file_id) AS entry
        FROM {_read("files", [str(s) for s in shards])})"""


def _entries(engine: Engine, shards: Sequence[Path]) -> None:
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE shard_entries AS
        SELECT m.shard, m.entry, m.replaces, m.file_id AS old_id, l.file_id
        FROM {entries(engine, shards)} m LEFT JOIN ledger_files l ON l.absolute = concat(m.shard, '#', m.file_id)""")


def _insert(engine: Engine, shards: Sequence[str]) -> None:
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE shard_ids AS
        SELECT shard, old_id, (SELECT coalesce(max(file_id), 0) FROM ledger_files) + row_number() OVER (ORDER BY shard, old_id) AS new_id
        FROM shard_entries WHERE file_id IS NULL""")
    for file in ("message_blocks", "messages"):  # blocks first: known messages are told by `messages`
        table = TABLES[file]
        key = "message_hash, block_index" if file == "message_blocks" else "message_hash"
        engine.execute(f"""
            INSERT INTO {table} ({_names(table)}) SELECT {_names(table)} FROM {_read(file, shards)}
            WHERE message_hash NOT IN (SELECT message_hash FROM messages)
            QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {NAME_KEY}) = 1""")
    for file, table in TABLES.items():
        if file in {"message_blocks", "messages"}:
            continue
        columns = {c.name for c in ledger.PERSISTENT[table]}
        changed = ["i.new_id AS file_id"]
        if "call_id" in columns:
            changed.append(f"r.call_id + (i.new_id - i.old_id) * {ID_SPAN} AS call_id")
        if file == "files":
            changed.append("concat(i.shard, '#', i.old_id) AS absolute")
        engine.execute(f"""
            INSERT INTO {table} ({_names(table)}) SELECT {_names(table)} FROM (
                SELECT r.* REPLACE ({", ".join(changed)}) FROM {_read(file, shards)} r
                JOIN shard_ids i ON i.shard = {_shard_of(file, "r.")} AND i.old_id = r.file_id)""")
    engine.execute("DROP TABLE temp.shard_ids")


def _read(file: str, shards: Sequence[str]) -> str:
    listed = ", ".join(literal(str(Path(shard) / f"{file}.parquet")) for shard in shards)
    return f"read_parquet([{listed}], filename = {literal(NAME_KEY)}, hive_partitioning = false)"


def _shard_of(file: str, of: str = "") -> str:
    return f"left({of}{NAME_KEY}, length({of}{NAME_KEY}) - {len(f'/{file}.parquet')})"


def _names(table: str) -> str:
    return ", ".join(quoted(c.name) for c in ledger.PERSISTENT[table])
