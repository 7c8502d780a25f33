"""From files to canonical tables, exactly once: what is new is read, what is damaged is set aside, what stands twice counts once."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from infercheck import sources
from infercheck.engine.base import Interrupted
from infercheck.engine.duckdb import DatabaseError, Engine
from infercheck.engine.lanes import Job, work
from infercheck.errors import DISK_FULL, InputError
from infercheck.ingest import inputs, ledger, macros, parquet, plan, salvage, scope, shards, staging
from infercheck.ingest.changes import Edges, note_settled
from infercheck.ingest.scope import Scope, open_scope
from infercheck.ingest.store import Reading, store
from infercheck.model.progress import Progress

__all__ = ["IngestResult", "Scope", "detect", "ingest", "open_scope", "propose", "read_example", "scope"]

RECORDS = frozenset(
    {"jsonl", "ndjson", "json", "csv", "tsv", "log", "parquet", "gz", "zst"}
)  # endings of what may be a log of another format
BATCH_FILES = 10_000
JOIN_FROM = 8  # so many small files are read as one
JOIN_BYTES = 1 << 20
ALONG_BYTES = 1 << 22  # files up to this are laid beside many small ones, where those are most of the bytes
BATCH_BYTES = 1 << 27  # a batch is committed at once; its texts are held until then, in memory or in the spill folder
_stacking = threading.Lock()  # threads of Python take turns: stacked one after the other, one batch is read while the next is stacked
SHARE_BYTES = 1 << 24  # to plan the statements takes as long as to read so much


@dataclass(frozen=True)
class IngestResult:
    """The files in scope, what was skipped by type, and what the user should be told."""

    file_ids: tuple[int, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def detect(path: str | Path, *, among: Mapping[str, sources.Source] | None = None) -> list[tuple[str, float, tuple[str, ...]]]:
    """Every source that could read the file, best first: its id, its fit (1.0 claims the file), and the keys that are missing."""
    return [(m.source_id, m.score, m.missing) for m in plan.detect(Path(path), among or sources.load())]


def propose(path: str | Path) -> sources.Proposal:
    """The mapping that the first records of a file suggest; of records in an envelope, where those say as much."""
    return plan.propose(Path(path))


def ingest(
    engine: Engine,
    paths: Sequence[str],
    *,
    among: Mapping[str, sources.Source] | None = None,
    salt: str | None = None,
    on_event: Callable[[Progress], None] | None = None,
) -> IngestResult:
    """Bring the ledger up to date with ``paths``. Raises InputError where there is no such file, or none that holds a known log.

    ``among`` are the sources that may claim a file: the built-in ones, unless a config adds mappings (``sources.known``). ``salt`` is for a
    ledger that is new: shards bring their own.
    """
    with _disk_full_told(), tempfile.TemporaryDirectory(prefix="infercheck-") as folder:
        scratch = Path(folder)
        files = list(inputs.find(paths, scratch / "stdin"))
        of_shards, stores = shards.among(f.path for f in files)
        ledger.prepare(engine, salt=next((s.salt for s in stores.values()), salt))
        ready = shards.load(engine, sorted(of_shards))
        own = {path for inside in of_shards.values() for path in inside} | {store / shards.META for store in stores}
        todo = plan.make(engine, [f for f in files if f.path not in own], among or sources.load())
        total = sum(r.size for r in todo.readings)
        done = files_done = 0

        def tell(batch: Sequence[Reading] = ()) -> None:
            nonlocal done, files_done
            done, files_done = done + sum(r.size for r in batch), files_done + len(batch)
            if on_event and total:
                on_event(Progress("reading", done, total, files_done, len(todo.readings)))

        tell()
        _read(engine, todo.readings, scratch, tell)
        note_settled(engine, todo.settled)
    file_ids = tuple(sorted([*ready, *todo.unchanged, *(r.file_id for r in todo.readings)]))
    if not file_ids:
        foreign = "; for a log among them: `infercheck sources detect FILE`" if set(todo.skipped) & RECORDS else ""
        raise InputError("nothing here is a log that infercheck can read", where=", ".join(paths),
                         hint=f"skipped: {inputs.skipped_summary(todo.skipped)}{foreign}" if todo.skipped else "")  # fmt: skip
    notices = _losses(engine, file_ids)
    salts = {store.salt for store in stores.values()} | ({ledger.salt_of(engine)} if todo.readings or todo.unchanged else set())
    if len(salts) > 1:
        notices.append(
            "these logs and shards were hashed with different salts: prompts and end users of the one never match those of the other"
        )
    return IngestResult(file_ids, dict(todo.skipped), tuple(notices))


@contextmanager
def _disk_full_told() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if err.errno not in DISK_FULL:
            raise
        said = "the disk is full: the next run reads what this one could not write"
        raise InputError(said, where=str(err.filename or tempfile.gettempdir()), hint="TMPDIR names the folder for scratch files") from err


def _losses(engine: Engine, file_ids: Sequence[int]) -> list[str]:
    """What was lost in the files in scope, whichever run read them. Times without a zone are counted call by call elsewhere."""
    in_scope = "SELECT unnest(?::BIGINT[])"
    rows = engine.rows(
        f"SELECT path, note FROM ledger_files WHERE note IS NOT NULL AND file_id IN ({in_scope}) ORDER BY path", [list(file_ids)]
    )
    told = [(path, [part for part in note.split("; ") if part != inputs.NAIVE_TIMES]) for path, note in rows]
    return [f"{path}: {'; '.join(parts)}" for path, parts in told if parts]


def read_example(source_id: str, text: str, fmt: str, *, table: str = "calls") -> list[dict[str, Any]]:
    """The canonical rows, in order, that a source makes of raw input: what its examples are checked against."""
    with tempfile.TemporaryDirectory(prefix="infercheck-") as folder, Engine(threads=1) as engine:
        path = Path(folder) / f"example.{fmt}"
        path.write_text(text.strip("\n") + "\n", encoding="utf-8")
        best = detect(path)
        if not best or best[0][:2] != (source_id, 1.0):
            raise InputError(f"the example is not recognised as {source_id} but as {best[:1]}")
        open_scope(engine, ingest(engine, [str(path)]))
        return engine.dicts(f"SELECT * FROM {table} ORDER BY line, started_at, span_id")


def _read(engine: Engine, readings: Sequence[Reading], scratch: Path, on_done: Callable[[Sequence[Reading]], None]) -> None:
    """Read files into the ledger: a large one by all cores, of smaller ones as many batches at once as there are lanes."""
    if not readings:
        return
    salt = ledger.salt_of(engine)
    batches = {str(number): batch for number, batch in enumerate(_batches(readings, len(engine.lanes)))}
    ready: set[int] = set()  # lanes that know what statements of staging use

    def run(name: str, lane: Any) -> None:
        if id(lane) not in ready:
            macros.define(lane, salt)
            ready.add(id(lane))
        _read_batch(lane, batches[name], scratch / name)

    at_once = [name for name, batch in batches.items() if sum(r.weight for r in batch) <= BATCH_BYTES]
    one_by_one = [name for name in batches if len(at_once) < 2 or name not in at_once]
    with _order_kept(engine):
        for name in one_by_one:
            run(name, engine)
            on_done(batches[name])
        if len(at_once) > 1:
            with engine.cores_shared():
                work(engine.lanes, [Job(name, partial(run, name)) for name in at_once], on_done=lambda name: on_done(batches[name]))


@contextmanager
def _order_kept(engine: Engine) -> Iterator[None]:
    """What has to hold of all connections while one of them stages: a list behind IN becomes a join otherwise, which does not keep the order."""
    engine.execute("SET disabled_optimizers = 'in_clause'")
    try:
        yield
    finally:
        engine.execute("RESET disabled_optimizers")


def _batches(readings: Sequence[Reading], lanes: int) -> Iterator[list[Reading]]:
    """Files of one source and kind that are read by one statement: as many for each lane, but for those that are soon read."""
    groups: dict[tuple[object, ...], list[Reading]] = {}
    for r in readings:
        groups.setdefault((r.source.id, r.look.kind, r.look.dialect, *r.look.fields), []).append(r)
    for group in groups.values():
        share = sum(r.weight for r in group) // lanes
        limit = min(max(SHARE_BYTES, share) + ALONG_BYTES, BATCH_BYTES)  # a little more, lest a few files are left for a batch of their own
        batch: list[Reading] = []
        size = 0
        for r in group:
            if batch and (len(batch) >= BATCH_FILES or size + r.weight > limit):
                yield batch
                batch, size = [], 0
            batch.append(r)
            size += r.weight
        if batch:
            yield batch


def _read_batch(engine: Engine, batch: Sequence[Reading], scratch: Path) -> None:
    """Read files in one go; where one of them is damaged, find it by halves and read it record by record."""
    scratch.mkdir()
    fast: list[Reading] = []
    small: list[Reading] = []
    slow: list[Reading] = []
    for r in batch:
        (slow if not r.prepare(scratch) else small if _joinable(r) else fast).append(r)
    if len(small) < JOIN_FROM:
        fast, small = [*fast, *small], []
    else:
        fast, small = _laid_beside(fast, small)
    _read_slowly(engine, slow, scratch)
    _read_fast(engine, fast, scratch)
    _read_joined(engine, small, scratch)
    for r in batch:
        r.tidy()
    scratch.rmdir()


def _joinable(r: Reading, limit: int = JOIN_BYTES) -> bool:
    return r.look.kind == "jsonl" and not r.base and _plain_bytes(r) <= limit


def _plain_bytes(r: Reading) -> int:
    return r.plain.stat().st_size if r.plain else r.size


def _laid_beside(large: list[Reading], small: list[Reading]) -> tuple[list[Reading], list[Reading]]:
    """Large and small files anew: a batch of a few large ones costs as much as to read thousands of lines more, so they go with the small ones."""
    along = [r for r in large if r.source.header.held and _joinable(r, ALONG_BYTES)]
    if sum(map(_plain_bytes, along)) > sum(map(_plain_bytes, small)):
        return large, small
    taken = {r.file_id for r in along}
    return [r for r in large if r.file_id not in taken], [*small, *along]


def _read_joined(engine: Engine, batch: Sequence[Reading], scratch: Path) -> None:
    """Read many small files as one."""
    if not batch:
        return
    out = scratch / "joined"
    if batch[0].source.header.held:
        batch, pieces = _stacked(engine, batch, scratch, out)
    else:
        _keep_edges(batch, inputs.join(((r.file_id, r.piece.path) for r in batch), out))
        pieces = [staging.Piece(r.file_id, out, joined=True, size=_plain_bytes(r)) for r in batch]
    damaged = _stage(engine, batch, pieces) if batch else set()
    out.unlink()
    if damaged is None and len(batch) > JOIN_FROM:  # somewhere: it is looked for by halves
        half = len(batch) // 2
        _read_joined(engine, batch[:half], scratch)
        _read_joined(engine, batch[half:], scratch)
        return
    slow = {r.file_id for r in batch if damaged is None or r.file_id in damaged or r.changed_meanwhile()}
    if not slow:
        if batch:
            store(engine, batch[0].source, batch)
        return
    _read_slowly(engine, [r for r in batch if r.file_id in slow], scratch)
    _read_joined(engine, [r for r in batch if r.file_id not in slow], scratch)


def _keep_edges(batch: Sequence[Reading], found: Sequence[Edges]) -> None:
    for r, edges in zip(batch, found, strict=True):
        if r.plain is None:
            r.edges = edges


def _stacked(engine: Engine, batch: Sequence[Reading], scratch: Path, out: Path) -> tuple[list[Reading], list[staging.Piece]]:
    """Lay files one after the other; those that are not plainly a record a line are read at once, by themselves."""
    with _stacking:
        stacked = inputs.stack((r.piece.path for r in batch), out)
    counts = [lines for lines, _ in stacked]
    _keep_edges(batch, [edges for _, edges in stacked])
    _read_slowly(engine, [r for r, n in zip(batch, counts, strict=True) if n < 0], scratch)
    kept: list[Reading] = []
    pieces: list[staging.Piece] = []
    row = 0
    for r, n in zip(batch, counts, strict=True):
        if n > 0:
            kept.append(r)
            pieces.append(staging.Piece(r.file_id, out, first_row=row, lines=n, size=_plain_bytes(r)))
            row += n
    return kept, pieces


def _read_fast(engine: Engine, batch: Sequence[Reading], scratch: Path) -> None:
    """Read large files where they lie."""
    if not batch:
        return
    damaged = _stage(engine, batch, [r.piece for r in batch])
    if damaged is None:
        if len(batch) == 1:
            _read_slowly(engine, batch, scratch)
            return
        half = len(batch) // 2
        _read_fast(engine, batch[:half], scratch)
        _read_fast(engine, batch[half:], scratch)
        return
    damaged |= {r.file_id for r in batch if r.changed_meanwhile()}
    if not damaged:
        store(engine, batch[0].source, batch)
        return
    _read_fast(engine, [r for r in batch if r.file_id not in damaged], scratch)
    _read_slowly(engine, [r for r in batch if r.file_id in damaged], scratch)


def _stage(engine: Engine, batch: Sequence[Reading], pieces: Sequence[staging.Piece]) -> set[int] | None:
    """Stage a batch: as the shapes the source expects, else as text that is taken apart. Files with blank rows, or None where reading failed."""
    source, look = batch[0].source, batch[0].look
    for typed in (True, False):
        try:
            staging.read_rows(engine, source, pieces, lenient=False, typed=typed, look=look, rest=_rest(batch))
            staging.number_rows(engine, source)
            return set(staging.files_with_empty_rows(engine, source))
        except Interrupted:  # that is no damage
            raise
        except DatabaseError:
            if look.fields:
                break
    return None


def _rest(batch: Sequence[Reading]) -> list[str]:
    """Keys of the first records that the source does not name; of two that differ only in case, which the database takes for one, the first."""
    header = batch[0].source.header
    taken = {key.lower() for key in header.columns}
    keys = {key.lower(): key for r in batch for record in r.look.records for key in reversed(record)} if header.rest else {}
    return [key for low, key in sorted(keys.items()) if low not in taken]


def _read_slowly(engine: Engine, batch: Sequence[Reading], scratch: Path) -> None:
    """The record by record pass, then the same statements over what it found sound."""
    if not batch:
        return
    source, out = batch[0].source, scratch / "clean"
    with out.open("wb") as target:
        for r in batch:
            r.cleaned, r.edges = _salvaged(r, r.frozen(scratch), target), None
    cleaned = {r.file_id: r.cleaned for r in batch if r.cleaned}
    pieces = [staging.Piece(r.file_id, out, r.base, joined=True) for r in batch]
    longest = max(c.longest for c in cleaned.values())
    with engine.room_for(longest):
        staging.read_rows(engine, source, pieces, lenient=True, rest=_rest(batch), longest=longest)
        salvage.refuse_unread(engine, out, cleaned, table="records" if source.holds_records else "staged")
        staging.number_rows(engine, source)
        store(engine, source, batch)
    out.unlink()


def _salvaged(r: Reading, plain: Path, target: IO[bytes]) -> inputs.Cleaned:
    keys, encoding, envelope, fits = r.source.header.columns, r.look.encoding, r.look.envelope, r.source.header.detect.fits
    if r.look.kind == "json":
        return salvage.document(plain, target, r.file_id, keys, encoding=encoding, envelope=envelope, fits=fits)
    if r.look.kind == "parquet":
        return parquet.rows(plain, target, r.file_id, keys)
    if r.look.kind == "csv":
        return salvage.table(plain, target, r.file_id, keys, r.look.fields, r.look.dialect, encoding=encoding, envelope=envelope)
    start = {"first_line": r.base + 1, "offset": r.start}
    return salvage.lines(plain, target, r.file_id, keys, encoding=encoding, envelope=envelope, fits=fits, **start)
