"""`infercheck ingest LOGS --to DIR`: one run, one shard. Nothing is kept on the machine that ran it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infercheck import sources
from infercheck.engine.duckdb import Engine
from infercheck.ingest import inputs, ledger, reading, shards
from infercheck.ingest.changes import SEEN, Seen, change_of, state_of
from infercheck.ingest.scope import Scope, open_scope
from infercheck.model.progress import Progress
from infercheck.sources import Source


@dataclass(frozen=True)
class Written:
    """The shard (None where all files stand in the folder already), how many files that were, what is in it, and what should be told."""

    shard: Path | None
    unchanged: int
    scope: Scope
    skipped: Mapping[str, int]
    notices: tuple[str, ...]


def ingest_to(
    paths: Sequence[str],
    folder: Path,
    *,
    among: Mapping[str, Source] | None = None,
    on_event: Callable[[Progress], None] | None = None,
) -> Written:
    """Read ``paths`` and write what is new as one shard of ``folder``.

    A file that stands there as it is, is left out; one that has grown is written whole, and its older copy counts no more. Runs side by side in one
    folder should be given different files: neither knows what the other is about to write.
    """
    among = sources.load() if among is None else among
    store = shards.opened(folder)
    with Engine() as engine:
        ledger.prepare(engine, salt=store.salt)
        known, grown = _seed(engine, store, among)
        result = reading.ingest(engine, paths, among=among, on_event=on_event)
        known |= _of_the_folder(engine, store)
        new = [file_id for file_id in result.file_ids if file_id not in known]
        replaces = _replaced(engine, new, grown)
        made = shards.write(engine, store, new, replaces) if new else None
        scope = open_scope(engine, reading.IngestResult(tuple(new)))
        return Written(made, len(result.file_ids) - len(new), scope, result.skipped, result.notices)


def _seed(engine: Engine, store: shards.Store, among: Mapping[str, Source]) -> tuple[set[int], dict[str, str]]:
    """Tell the ledger which files stand in the folder as they are; and by path, the entries of those that have grown since."""
    there = sorted(p.parent for p in store.folder.glob("shard-*/files.parquet"))
    if not there:
        return set(), {}
    manifest = shards.entries(engine, there)
    latest = engine.rows(f"""
        SELECT absolute, entry, {SEEN} FROM {manifest}
        QUALIFY row_number() OVER (PARTITION BY absolute ORDER BY shard DESC, file_id DESC) = 1""")
    same: list[str] = []
    grown: dict[str, str] = {}
    versions = {source.id: sources.fingerprint(source, among) for source in among.values()}
    for absolute, entry, *rest in latest:
        path, seen = inputs.on_disk(absolute), Seen(*rest)
        state = change_of(path, state_of(path), seen) if path else "other"
        if state == "same" and seen.version == versions.get(seen.source):
            same.append(entry)
        elif state != "other":
            grown[absolute] = entry
    names = ", ".join(f'"{c.name}"' for c in ledger.PERSISTENT["ledger_files"])
    listed = ", ".join(f"'{entry}'" for entry in same) or "NULL"
    engine.execute(f"""
        INSERT INTO ledger_files ({names}) SELECT {names} FROM (
            SELECT * REPLACE (row_number() OVER (ORDER BY absolute) AS file_id) FROM {manifest} WHERE entry IN ({listed}))""")
    return {int(row[0]) for row in engine.rows("SELECT file_id FROM ledger_files")}, grown


def _of_the_folder(engine: Engine, store: shards.Store) -> set[int]:
    """Files of shards that were read because the folder itself is below one of the paths."""
    inside = f"{store.folder.absolute()}{os.sep}shard-"
    return {int(row[0]) for row in engine.rows("SELECT file_id FROM ledger_files WHERE starts_with(absolute, ?)", [inside])}


def _replaced(engine: Engine, new: Sequence[int], grown: Mapping[str, str]) -> dict[int, str]:
    rows = engine.rows("SELECT file_id, absolute FROM ledger_files WHERE file_id IN (SELECT unnest(?::BIGINT[]))", [list(new)])
    return {int(file_id): grown[absolute] for file_id, absolute in rows if absolute in grown}
