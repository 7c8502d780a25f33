"""One file's way into the ledger: whether it changed, where reading starts, and the transaction that keeps rows and manifest in step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from infercheck.engine.duckdb import Engine
from infercheck.ingest import ledger, prompts, record_stage, span_stage, staging
from infercheck.ingest.archives import unpack
from infercheck.ingest.changes import Edges, Seen, edges_at, state_of
from infercheck.ingest.inputs import NAIVE_TIMES, RELATIVE_TIMES, Cleaned, Found, Look, count_lines
from infercheck.sources import Source

PACKED_RATIO = 8  # how much larger an archive is unpacked, roughly
FEW_ROWS = 250_000  # two row groups: what two threads fill by halves is appended to one another again, which takes longer


@dataclass
class Reading:
    """A file that is to be read, from byte ``start`` on."""

    file_id: int
    found: Found
    look: Look
    source: Source
    version: str  # of the source: see sources.fingerprint
    start: int
    seen: Seen | None
    naive: bool = False  # its first records hold times without a zone, and the format says nothing of theirs
    edges: Edges | None = None  # where reading has had all of the file in hand
    plain: Path | None = None
    base: int = 0
    cleaned: Cleaned | None = None
    notes: tuple[str, ...] = ()
    read: int = 0  # records read by this run, and how many of them hold no call
    other: int = 0

    @property
    def before(self) -> Seen:
        """What stands in the ledger and stays: nothing unless only the tail is read."""
        return self.seen if self.seen and self.start else Seen(self.file_id, self.source.id, 0, 0, "", 0, "", self.version)

    @property
    def path(self) -> str:
        """The path as found."""
        return self.found.name

    @property
    def source_path(self) -> Path:
        """Where the bytes are, of a member its archive."""
        return self.found.path

    @property
    def size(self) -> int:
        """Bytes on disk when it was found, of a member its archive's."""
        return self.found.state.size

    @property
    def weight(self) -> int:
        """Bytes to read, roughly."""
        return (self.size - self.start) * (PACKED_RATIO if self.look.compression else 1)

    @property
    def note(self) -> str:
        """What was lost or mended, in words."""
        header = self.source.header
        times = [NAIVE_TIMES] * self.naive + [RELATIVE_TIMES] * header.times_are_relative
        return "; ".join([*self.notes, *(self.cleaned.notes if self.cleaned else ()), *times])

    @property
    def piece(self) -> staging.Piece:
        """What the fast reader reads."""
        return staging.Piece(self.file_id, self.plain or self.source_path, self.base)

    def prepare(self, scratch: Path) -> bool:
        """Lay out plain bytes; False when only the record by record pass can read them."""
        if self.look.compression or self.start or self.found.member:
            self.plain = scratch / f"{self.file_id}.plain"
            notes = unpack(self.source_path, self.look.compression, self.plain, member=self.found.member, start=self.start, stop=self.size)
            self.notes = tuple(notes)
        if self.start:
            self.base = count_lines(self.source_path, self.start)
            if not _ends_line(self.source_path, self.start):
                return False
        plain = self.look.kind in {"jsonl", "csv", "parquet"} and self.look.encoding == "utf-8" and not self.look.envelope
        # The database skips a line only where all lines end alike: elsewhere it loses rows without a word.
        return plain and not self.look.dialect.skip and not self.look.reprs and not self.notes

    def frozen(self, scratch: Path) -> Path:
        """Plain bytes that no writer changes any more: a copy where the file itself is still growing."""
        if self.plain:
            return self.plain
        if self.changed_meanwhile():
            self.plain = scratch / f"{self.file_id}.plain"
            unpack(self.source_path, "", self.plain, stop=self.size)
            return self.plain
        return self.source_path

    def changed_meanwhile(self) -> bool:
        """Whether somebody wrote to the file since it was found."""
        if self.plain is not None:
            return False
        now, then = state_of(self.source_path), self.found.state
        return (now.size, now.mtime_ns) != (then.size, then.mtime_ns)

    def tidy(self) -> None:
        """Remove the plain copy."""
        if self.plain:
            self.plain.unlink(missing_ok=True)

    @property
    def end(self) -> int:
        """Where reading goes on when the file has grown."""
        if self.cleaned is not None and self.look.grows_by_lines and not self.found.member:
            return self.cleaned.end
        return self.size


def store(engine: Engine, source: Source, batch: Sequence[Reading]) -> None:
    """Cut prompts, make hashes, and commit the staged rows of ``batch`` together with their manifest rows."""
    counts = staging.counts(engine, source)
    for r in batch:
        read, other = counts.get(r.file_id, (0, 0))
        beside = r.cleaned.other if r.cleaned else 0
        r.read, r.other = read + beside, other + beside
    with engine.writing:  # which messages are new is another question once another batch is stored
        prompts.cut(engine)
        said = [record_stage.notes(engine, source), *([span_stage.notes(engine)] if source.header.yields == "spans" else [])]
        for r in batch:
            r.notes = (*r.notes, *(note for notes in said for note in notes.get(r.file_id, ())))
        few = sum(r.read for r in batch) <= FEW_ROWS
        with engine.transaction():
            ledger.forget(engine, [r.file_id for r in batch if r.seen and not r.start])
            for r in batch:
                if r.seen and r.start:
                    # An unfinished last line was set aside; it has been read again.
                    engine.execute(f"DELETE FROM reject_rows WHERE file_id = {r.file_id} AND line > {r.base}")
            for target, select in (
                ("call_rows", staging.calls_select(engine, source)),
                ("tool_call_rows", staging.TOOL_CALLS_SELECT),
                ("cell_issue_rows", staging.CELL_ISSUES_SELECT),
                *([("repeat_rows", staging.REPEATS_SELECT)] if source.header.joins else []),
                ("messages", "FROM new_messages"),
                ("message_blocks", "FROM new_message_blocks"),
                ("prompt_messages", "FROM new_prompt_messages"),
                *(
                    [("span_rows", span_stage.spans_select(source)), ("remark_rows", "FROM staged_remarks")]
                    if source.header.yields == "spans"
                    else []
                ),
            ):
                columns = ", ".join(f'"{c.name}"' for c in ledger.PERSISTENT[target])
                with engine.on_one_thread() if few and target == "call_rows" else nullcontext():
                    engine.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM ({select})")
            _store_rejects(engine, batch)
            _store_manifest(engine, batch)
    staging.drop_staged(engine)


def _store_rejects(engine: Engine, batch: Sequence[Reading]) -> None:
    rows = [(r.file_id, *reject) for r in batch if r.cleaned for reject in r.cleaned.rejects]
    if rows:
        engine.load_rows("incoming_rejects", {c.name: c.type for c in ledger.PERSISTENT["reject_rows"]}, rows, staged=True)
        engine.execute("INSERT INTO reject_rows SELECT * FROM incoming_rejects")
        engine.execute("DROP TABLE temp.incoming_rejects")


def _store_manifest(engine: Engine, batch: Sequence[Reading]) -> None:
    """One insert for all: row by row takes 20 times as long."""
    columns = (
        "file_id, path, absolute, source, version, size, mtime_ns, ctime_ns, bytes_read, note, read, other, head_hash, tail_hash".split(
            ", "
        )
    )
    rows = [
        (r.file_id, r.path, r.found.key, r.source.id, r.version, r.size, r.found.state.mtime_ns,
         r.found.state.ctime_ns if r.found.state.settled else None, r.end, r.note or None,
         r.read + r.before.read, r.other + r.before.other, *(r.edges or edges_at(r.source_path, r.size, r.end)))
        for r in batch
    ]  # fmt: skip
    types = {c.name: c.type for c in ledger.FILE_ROWS}
    engine.load_rows("manifest", {name: types.get(name, "BIGINT") for name in columns}, rows, staged=True)
    engine.execute("DELETE FROM ledger_files WHERE file_id IN (SELECT file_id FROM manifest)")
    engine.execute("""
        INSERT INTO ledger_files BY NAME
        SELECT m.* EXCLUDE (read), coalesce(c.n, 0) AS rows, coalesce(j.n, 0) AS rejects, read + coalesce(j.n, 0) AS records,
            CAST(now() AS TIMESTAMP) AS ingested_at
        FROM manifest m
        LEFT JOIN (SELECT file_id, count(*) AS n FROM (SELECT file_id FROM call_rows UNION ALL SELECT file_id FROM repeat_rows)
            SEMI JOIN manifest USING (file_id) GROUP BY file_id) c USING (file_id)
        LEFT JOIN (SELECT file_id, count(*) AS n FROM reject_rows SEMI JOIN manifest USING (file_id) GROUP BY file_id) j USING (file_id)""")
    engine.execute("DROP TABLE temp.manifest")


def _ends_line(path: Path, end: int) -> bool:
    with path.open("rb") as stream:
        stream.seek(end - 1)
        return stream.read(1) == b"\n"
