"""Coverage-guided fuzzing of what reads bytes before the database does: looking at a file, taking it apart record by record, walking a document.

    make fuzz           five minutes; needs atheris, which has no wheels for every Python: it lives in an environment of its own

A crash is any exception. Nothing may be lost either: every line that is not blank is a row or a reject. Inputs that fail are written to the folder
of the corpus, and belong into tests/test_fuzz.py once they are mended.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["infercheck.ingest", "infercheck.sources", "json"]):
    from infercheck import sources
    from infercheck.ingest import archives, documents, envelopes, inputs, salvage

KEYS = ("id", "model", "startTime", "prompt_tokens")
FOLDER = Path(tempfile.mkdtemp(prefix="infercheck-fuzz-"))
FILE = FOLDER / "input"


def read(data: bytes) -> None:
    """One input through everything that takes bytes."""
    FILE.write_bytes(data)
    try:
        found = inputs.look(FILE)
    except (OSError, EOFError):
        return
    sources.match(found.records, "jsonl", sources.load())
    sources.propose(found.records)
    for envelope, inside in envelopes.candidates(found.records):
        salvage.document(FILE, io.BytesIO(), 1, KEYS, envelope=envelope)
        sources.match(inside, "json", sources.load())
    lines = sum(1 for line in data.split(b"\n") if line.removeprefix(inputs.BOM).strip())
    cleaned = salvage.lines(FILE, io.BytesIO(), 1, KEYS)
    blank_first = data.startswith(inputs.BOM) and not data.split(b"\n", 1)[0].removeprefix(inputs.BOM).strip()
    if cleaned.rows + len(cleaned.rejects) not in {lines, lines - blank_first}:
        raise AssertionError(f"{lines} lines, {cleaned.rows} rows and {len(cleaned.rejects)} rejects")
    salvage.document(FILE, io.BytesIO(), 1, KEYS, encoding=found.encoding)
    if found.fields:
        salvage.table(FILE, io.BytesIO(), 1, KEYS, found.fields, found.dialect)
    documents.first_objects(data[: 1 << 16].decode(errors="replace"))
    if found.compression:
        notes: list[str] = []
        for _ in archives.chunks(FILE, found.compression, notes):
            pass


def main() -> None:
    """As libFuzzer: options and folders of inputs on the command line."""
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
