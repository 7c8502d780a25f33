"""Nothing is lost on the way in: every line is a call, a copy of one, something that holds no call, or a reject. By file, over one folder that
holds every format under every damage."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infercheck import ingest, sources
from infercheck.engine.duckdb import Engine
from infercheck.sources import Source, SourceExample

SAMPLES = Path(__file__).parents[1] / "sample_logs"
NO_RECORDS = (
    b"2026-11-03 09:00:01 INFO worker started", b"42", b"null", b'"a text"', b"{}", b"\0\0\0", b"\xff\xfe\xfd",
    b"{" * 3000, b'{"id": NaN', b'{"a": "' + b"x" * 2_000,
)  # fmt: skip


class Case(NamedTuple):
    """A source's example in one format."""

    source: Source
    example: SourceExample

    @property
    def name(self) -> str:
        return f"{self.source.id}-{self.example.format}"

    @property
    def lines(self) -> list[bytes]:
        return self.example.input.strip("\n").encode().split(b"\n")


def cases() -> list[Case]:
    """One example for every source and format that it comes in."""
    found: dict[str, Case] = {}
    for source in sources.load().values():
        for example in [] if source.header.refuses else source.header.example:  # type: ignore[attr-defined]
            case = Case(source, example)
            found.setdefault(case.name, case)
    return list(found.values())


CASES = cases()
BY_LINES = [c for c in CASES if c.example.format == "jsonl"]


def with_foreign_lines(case: Case, seed: int) -> tuple[bytes, int]:
    """The example with lines between its records that are none; how many of those."""
    rng, told = random.Random(seed), list(case.lines)  # noqa: S311
    bad = rng.sample(NO_RECORDS, rng.randint(1, len(NO_RECORDS))) if case.example.format == "jsonl" else [b"one cell", b"x," * 90]
    for line in bad:
        told.insert(rng.randint(1, len(told)), line)
    return b"\n".join(told) + b"\n", len(bad)


# What may become of a file on its way here, without a record being lost.
WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "crlf": lambda data: data.replace(b"\n", b"\r\n"),
    "bom": lambda data: b"\xef\xbb\xbf" + data,
    "utf16": lambda data: data.decode(errors="replace").encode("utf-16"),
    "gz": gzip.compress,
    "blank": lambda data: b"\n   \n" + data.replace(b"\n", b"\n\n"),
}


def held(path: Path, case: Case, unpacked: bytes) -> int:
    """The records of a file, counted in plain Python; -1 for a document, whose records are no lines."""
    text = unpacked.decode("utf-16" if unpacked[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", errors="replace").lstrip("\ufeff")
    if case.example.format == "csv":
        return sum(bool("".join(row).strip()) for row in csv.reader(io.StringIO(text, newline=None))) - 1
    return sum(bool(line.strip()) for line in text.split("\n")) if case.example.format == "jsonl" else -1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[Case, int, int]]]:
    """One folder: every format with lines that are no records, in turn in every wrapping, the last of them cut; and the damaged samples.
    By file, the example, its records, and the rejects among them; -1 where those cannot be known."""
    root = tmp_path_factory.mktemp("everything")
    told: dict[str, tuple[Case, int, int]] = {}
    ways = [*WHOLE, "cut"]
    for number, case in enumerate(CASES):
        way = ways[number % len(ways)]
        by_lines = case.example.format == "jsonl"
        clean = case.example.input.strip("\n").encode() + b"\n"
        data, bad = (clean, 0) if case.example.format == "json" else with_foreign_lines(case, number)
        if way == "cut":
            packed = gzip.compress(data * 3 if by_lines else data)[:-9]
        path = root / f"{case.name}.{way}"
        path.write_bytes(packed if way == "cut" else WHOLE[way if by_lines or way != "blank" else "plain"](data))
        told[path.name] = (case, held(path, case, data), -1 if way == "cut" else bad)
    for path in (SAMPLES / "messy").iterdir():
        (root / path.name).write_bytes(path.read_bytes())
    return root, told


def test_one_folder_of_every_format_under_every_damage(folder: tuple[Path, dict[str, tuple[Case, int, int]]]) -> None:
    root, told = folder
    with Engine(threads=1) as engine:
        result = ingest.ingest(engine, [str(root)])
        scope = ingest.open_scope(engine, result)
        files = {Path(f["path"]).name: f for f in engine.dicts("SELECT path, source, records, rows, other, rejects, note FROM files")}
        kept = dict(engine.rows("SELECT f.path, count(*) FROM rejects r JOIN files f USING (file_id) GROUP BY ALL"))
    assert set(told) <= set(files)
    assert scope.rows == scope.attempts + scope.duplicates
    assert {Path(path).name: n for path, n in kept.items()} == {name: f["rejects"] for name, f in files.items() if f["rejects"]}
    wrong = []
    for name, f in files.items():
        case, records, bad = told.get(name, (None, -1, -1))
        one_call_each = case is None or case.source.header.yields != "spans"
        if one_call_each and f["records"] != f["rows"] + f["other"] + f["rejects"]:
            wrong.append((name, "does not add up", f))
        if case and (f["source"] != case.source.id or (bad >= 0 and f["rejects"] != bad) or (bad >= 0 <= records != f["records"])):
            wrong.append((name, f"{case.source.id}, {records} records, {bad} rejects", f))
        if name.endswith(".cut") and "cut short" not in (f["note"] or ""):
            wrong.append((name, "its loss is not told", f))
    assert not wrong


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=st.sampled_from(BY_LINES), seed=st.integers(0, 1 << 20), way=st.sampled_from(sorted(set(WHOLE) - {"plain"})))
def test_damage_costs_its_own_lines_and_no_call(tmp_path: Path, case: Case, seed: int, way: str) -> None:
    clean, hurt = tmp_path / "clean.log", tmp_path / "hurt.log"
    clean.write_bytes(case.example.input.strip("\n").encode() + b"\n")
    data, bad = with_foreign_lines(case, seed)
    hurt.write_bytes(WHOLE[way](data))
    with Engine(threads=1) as engine:
        ingest.ingest(engine, [str(clean), str(hurt)])
        one, other = engine.dicts("SELECT path, source, records, rows, other, rejects FROM ledger_files ORDER BY path")
    assert (one["source"], other["source"]) == (case.source.id, case.source.id)
    assert (other["rows"], other["other"], other["rejects"]) == (one["rows"], one["other"], one["rejects"] + bad)
    assert other["records"] == one["records"] + bad
