"""What a run has to read: which files are logs, of which source, and which of them stand in the ledger as they are."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from infercheck import sources
from infercheck.engine.base import is_text
from infercheck.engine.duckdb import Engine
from infercheck.errors import InputError
from infercheck.ingest import envelopes, inputs, parquet
from infercheck.ingest.changes import change_of, known_files
from infercheck.ingest.inputs import Found
from infercheck.ingest.store import Reading

HINTS = {  # of texts that tell of requests, and not what became of them
    inputs.VLLM_LOG: "it tells when requests came, no tokens, no answers; the spans of --otlp-traces-endpoint do, by the collector's file exporter"
}
READS = "infercheck reads JSON lines, JSON, CSV and Parquet, also as .gz, .zst, .bz2, .xz or .zip"


def detect(path: Path, among: Mapping[str, sources.Source]) -> list[sources.Match]:
    """Every source that could read the file, best first."""
    head = _look(path)
    return _matched(head, sources.match(head.records, head.kind, among, str(path)), among, str(path))[1]


def propose(path: Path) -> sources.Proposal:
    """The mapping that the first records suggest; of records in an envelope, where those say as much."""
    head = _look(path)
    found = [sources.propose(head.records), *(sources.propose(inside) for _, inside in envelopes.candidates(head.records))]
    return max(reversed(found), key=lambda proposal: len(proposal.sure))


@dataclass
class Plan:
    """Files to read, ids of files that stand in the ledger as they are, those of them whose time tells so from now on, what is no log by type."""

    readings: list[Reading] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    settled: list[tuple[int, int]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def make(engine: Engine, files: Iterable[Found], among: Mapping[str, sources.Source]) -> Plan:
    """Look at every file that is new or has changed. Raises InputError for one that was named itself and is no log."""
    planner = _Planner(engine, among)
    for found in files:
        planner.add(found)
    return planner.plan


class _Planner:
    def __init__(self, engine: Engine, among: Mapping[str, sources.Source]) -> None:
        self.plan = Plan()
        self._among = among
        self._known = known_files(engine)
        self._versions: dict[str, str] = {}
        self._next_id = max((s.file_id for s in self._known.values()), default=0) + 1

    @cached_property
    def _recogniser(self) -> sources.Recogniser:
        return sources.Recogniser(self._among)

    def _version(self, source: sources.Source) -> str:
        if source.id not in self._versions:
            self._versions[source.id] = sources.fingerprint(source, self._among)
        return self._versions[source.id]

    def add(self, found: Found) -> bool:
        """Whether the file is a log."""
        if not is_text(found.key):
            return self._no_log(found, "unreadable", "the name of this file or its folder is not UTF-8", "rename it")
        seen = self._known.get(found.key)
        by = self._among.get(seen.source) if seen else None
        change = change_of(found.path, found.state, seen) if seen and by and seen.version == self._version(by) else "other"
        if seen and change == "same":
            self.plan.unchanged.append(seen.file_id)
            if found.state.settled and found.state.ctime_ns != seen.ctime_ns:
                self.plan.settled.append((seen.file_id, found.state.ctime_ns))
            return True
        try:
            head = inputs.look(found.path, found.member) if found.member else _look(found.path)
        except (OSError, zipfile.BadZipFile, NotImplementedError) as err:
            return self._no_log(found, "unreadable", f"it cannot be read: {getattr(err, 'strerror', None) or err}")
        label = head.label
        if label == "zip" and not found.member:
            return self._add_members(found)
        if head.kind == "binary" and label == "parquet" and not found.member:
            return self._no_log(found, label, "this Parquet file is damaged: its footer cannot be read")
        if head.kind in {"binary", "text"}:
            says = "no log of calls" if head.label in HINTS else "no log"
            return self._no_log(found, label, f"this is {says} but {head.label}", HINTS.get(head.label, READS))
        if head.kind == "empty":
            if found.named and head.compression:
                raise InputError("nothing in this archive can be unpacked: it is empty or damaged", where=found.name)
            self.plan.skipped[label] += 1
            return False
        head, matches = _matched(head, self._recogniser.match(head.records, head.kind, found.name), self._among, found.name)
        claimed = sources.claiming(matches, self._among)
        if len(claimed) != 1:
            return self._no_log(found, label, *_unknown(matches, claimed))
        source = claimed[0]
        if source.header.refuses:
            return self._no_log(found, source.id, source.header.refuses)
        by_lines = head.grows_by_lines and not found.member and not source.header.held
        start = seen.bytes_read if seen and change == "grown" and seen.source == source.id and by_lines else 0
        header = source.header
        naive = not (header.times_are_utc or header.times_are_relative) and inputs.without_zone(head.records)
        if not header.rest:  # nobody asks for the records any more: those of thousands of files would fill the memory
            head = replace(head, records=())
        file_id = seen.file_id if seen else self._next_id
        reading = Reading(file_id, found, head, source, self._version(source), start, seen, naive)
        self.plan.readings.append(reading)
        self._next_id += not seen
        return True

    def _no_log(self, found: Found, label: str, says: str, hint: str = "") -> bool:
        """Skip and count it; a file that was named itself is never skipped silently."""
        if found.named:
            raise InputError(says, where=found.name, hint=hint)
        self.plan.skipped[label] += 1
        return False

    def _add_members(self, archive: Found) -> bool:
        skipped = self.plan.skipped.copy()
        try:
            inside = list(inputs.members(archive))
        except (zipfile.BadZipFile, NotImplementedError) as err:
            return self._no_log(archive, "zip", f"the zip archive is damaged: {err}")
        logs = 0
        for member, refusal in inside:
            if refusal:
                self.plan.skipped[refusal] += 1
            else:
                logs += self.add(member)
        if logs:
            return True
        # An archive without a log counts as one file, as a .docx does.
        inside_are, self.plan.skipped = self.plan.skipped - skipped, skipped
        hint = f"in it: {inputs.skipped_summary(inside_are)}" if inside_are else ""
        return self._no_log(archive, inputs.label_of(archive.path), "this archive holds no log", hint)


def _unknown(matches: list[sources.Match], claimed: list[sources.Source]) -> tuple[str, str]:
    if claimed:
        return "several formats claim this file", f"they are {', '.join(s.id for s in claimed)}"
    near = f"closest: {matches[0].source_id} (missing: {', '.join(matches[0].missing[:5])}); " if matches else ""
    return "this log's format is unknown", f"{near}`infercheck sources detect` shows its fields and writes a mapping for it"


def _look(path: Path) -> inputs.Look:
    head = inputs.look(path)
    return parquet.look(path) if head.label == "parquet" and head.kind == "binary" else head


def _matched(
    head: inputs.Look, matches: list[sources.Match], among: Mapping[str, sources.Source], path: str
) -> tuple[inputs.Look, list[sources.Match]]:
    """``matches`` of the records as they stand; those inside an envelope where no source claims the file as it stands."""
    if not any(m.score == 1.0 for m in matches):
        for envelope, inside in envelopes.candidates(head.records):
            within = sources.match(inside, "jsonl", among, path)
            if len(sources.claiming(within, among)) == 1:
                return replace(head, records=tuple(inside), envelope=envelope), within
    return head, matches
