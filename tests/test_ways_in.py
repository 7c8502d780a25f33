"""Every way in: archives, standard input, folders, encodings, documents of any layout and size. The same calls come out of each."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import ingest
from infercheck.engine.duckdb import Engine
from infercheck.errors import InputError
from infercheck.ingest import archives, documents
from infercheck.ingest.envelopes import contents

ROWS = [logs.call(n, at_s=60 * n) for n in range(5)]
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
IDS = [row["litellm_call_id"] for row in ROWS]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as engine:
        yield engine


def read(engine: Engine, *paths: Path | str) -> ingest.Scope:
    return ingest.open_scope(engine, ingest.ingest(engine, [str(p) for p in paths]))


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return out.getvalue()


WAYS: dict[str, Callable[[], bytes]] = {
    "gz": lambda: gzip.compress(LINES),
    "gz of two parts, zeros behind": lambda: gzip.compress(LINES[:100]) + gzip.compress(LINES[100:]) + bytes(512),
    "zst": lambda: archives._zstd().compress(LINES),
    "bz2": lambda: bz2.compress(LINES),
    "xz": lambda: lzma.compress(LINES),
    "zip": lambda: zipped(a_jsonl=LINES),
    "zip of gz": lambda: zipped(deep__a_jsonl_gz=gzip.compress(LINES)),
    "array on one line": lambda: json.dumps(ROWS).encode(),
    "array, indented": lambda: json.dumps(ROWS, indent=4).encode(),
    "array of arrays": lambda: json.dumps([ROWS[:2], ROWS[2:]]).encode(),
    "objects, indented": lambda: "\n".join(json.dumps(row, indent=2) for row in ROWS).encode(),
    "objects, nothing between": lambda: "".join(json.dumps(row) for row in ROWS).encode(),
    "byte order mark": lambda: b"\xef\xbb\xbf" + LINES,
    "UTF-16": lambda: LINES.decode().encode("utf-16"),
    "UTF-16, big end first, an array": lambda: b"\xfe\xff" + json.dumps(ROWS).encode("utf-16-be"),
    "Windows line ends": lambda: LINES.replace(b"\n", b"\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_same_calls_come_out(engine: Engine, tmp_path: Path, way: str) -> None:
    (tmp_path / "some.log").write_bytes(WAYS[way]())
    scope = read(engine, tmp_path / "some.log")
    assert (scope.records, scope.attempts, scope.rejects, scope.cell_issues) == (5, 5, 0, 0)
    assert [row[0] for row in engine.rows("SELECT source_call_id FROM calls ORDER BY line")] == IDS


def test_a_zip_is_a_folder_of_files(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "week.zip"
    path.write_bytes(zipped(mon__a_jsonl=LINES, tue__b_json=json.dumps(ROWS[:2]).encode(), README_md=b"# notes\n", ___MACOSX__a_jsonl=b"x"))
    result = ingest.ingest(engine, [str(path)])
    scope = ingest.open_scope(engine, result)
    assert engine.rows("SELECT path, rows FROM files ORDER BY path") == [(f"{path}!mon/a.jsonl", 5), (f"{path}!tue/b.json", 2)]
    assert (scope.attempts, scope.duplicates, dict(result.skipped)) == (5, 2, {"md": 1})
    before = engine.rows("SELECT file_id, ingested_at FROM files ORDER BY 1")
    assert read(engine, path) == scope
    assert engine.rows("SELECT file_id, ingested_at FROM files ORDER BY 1") == before
    path.write_bytes(zipped(mon__a_jsonl=LINES + json.dumps(logs.call(9)).encode()))
    assert read(engine, path).attempts == 6


def test_a_zip_without_a_log_counts_as_one_file(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "letter.docx").write_bytes(zipped(word__document_xml=b"<w/>", word__styles_xml=b"<s/>"))
    assert dict(ingest.ingest(engine, [str(tmp_path)]).skipped) == {"docx": 1}
    with pytest.raises(InputError, match="this archive holds no log"):
        ingest.ingest(engine, [str(tmp_path / "letter.docx")])


def test_bombs_are_refused_before_they_are_unpacked(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "BOMB_BYTES", 1 << 20)
    zeros = bytes(16 << 20)
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "bomb.zip").write_bytes(zipped(zeros_jsonl=LINES + zeros, a_jsonl=LINES))
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(LINES + zeros))
    result = ingest.ingest(engine, [str(tmp_path)])
    assert result.skipped["zip bomb"] == 1
    assert any("bomb.jsonl.gz" in notice and "500 times its size" in notice for notice in result.notices)
    assert ingest.open_scope(engine, result).attempts == 5


def test_a_damaged_member_keeps_what_came_before(engine: Engine, tmp_path: Path) -> None:
    noise = "".join(json.dumps(logs.call(n, question=os.urandom(300).hex())) + "\n" for n in range(80)).encode()
    data = bytearray(zipped(a_jsonl=noise, b_jsonl=LINES))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "hurt.zip").write_bytes(data)
    result = ingest.ingest(engine, [str(tmp_path)])
    scope = ingest.open_scope(engine, result)
    assert 5 < scope.attempts < 85
    assert any("damaged" in notice for notice in result.notices)


def test_standard_input_replaces_the_one_before(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in (ROWS[:3], ROWS[3:]):
        data = io.BytesIO("".join(json.dumps(row) + "\n" for row in part).encode())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
        assert read(engine, "-").attempts == len(part)
    assert engine.rows("SELECT path, rows FROM files") == [("-", 2)]
    assert engine.value("SELECT count(*) FROM call_rows") == 2


def test_deep_folders_globs_and_links(engine: Engine, tmp_path: Path) -> None:
    for n, row in enumerate(ROWS):
        folder = tmp_path / "2026" / f"{n}" / "deep"
        folder.mkdir(parents=True)
        (folder / "one.json").write_text(json.dumps(row, indent=n % 2 or None))
    (tmp_path / "2026" / "again.json").symlink_to(tmp_path / "2026" / "0" / "deep" / "one.json")
    (tmp_path / "2026" / ".hidden.json").write_text(json.dumps(logs.call(77)))
    scope = read(engine, tmp_path)
    assert (scope.files, scope.attempts, scope.duplicates) == (5, 5, 0)
    assert read(engine, f"{tmp_path}/20*/**/one.json").files == 5


def test_a_log_between_other_lines_says_so(engine: Engine, tmp_path: Path) -> None:
    said = [b"2026-11-03 09:00:01 INFO worker started\n"] * 3
    (tmp_path / "app.log").write_bytes(said[0] + b"".join(a + b for a, b in zip(LINES.splitlines(keepends=True), said * 2, strict=False)))
    result = ingest.ingest(engine, [str(tmp_path)])
    scope = ingest.open_scope(engine, result)
    assert (scope.attempts, scope.records) == (5, 11)
    assert scope.rejects + scope.other == 6
    assert any("app.log: 6 of 11 lines are no JSON" in notice for notice in result.notices)


# ---- documents


def texts(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_comes_out_the_same_whatever_the_steps(size: int, indent: int | None) -> None:
    told: list[Any] = [{"a": [1, 2, {"b": 'x",[{'}]}, 12, "text", None, True, -0.5, {"c": {}}]
    found = list(documents.values(texts(json.dumps(told, indent=indent), size)))
    assert [f.value for f in found] == told
    assert not any(f.fault for f in found)


@pytest.mark.parametrize("size", [3, 100_000])
def test_an_envelope_too_long_to_be_held_is_walked_through(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(documents, "WALK_FROM", 50)
    rows = [{"id": n, "text": "x" * 30} for n in range(20)]
    pages = {"took": 3, "hits": {"total": [1, {"data": []}], "hits": [{"_source": row} for row in rows]}, "after": {"a": 1}}
    keys = ("hits", "hits", "_source")
    for indent in (None, 1):
        found = list(documents.values(texts(json.dumps(pages, indent=indent), size), keys))
        assert [value for f in found for value in contents(f.value, f.keys)] == rows
        assert len(found) == (20 if size == 3 else 1)
    *whole, last = documents.values(texts(json.dumps(pages)[:400], 3), keys)
    assert [f.value["_source"] for f in whole] == rows[: len(whole)]
    assert len(whole) > 3 and last.fault


def test_damage_in_a_document_costs_one_record() -> None:
    rows = [{"id": n, "deep": {"a": n}} for n in range(6)]
    text = json.dumps(rows, indent=2).replace('"id": 2', '"id": 2 2')
    found = list(documents.values(texts(text, 10)))
    assert [f.value["id"] for f in found if not f.fault] == [0, 1, 3, 4, 5]
    assert [f.raw.split("\n")[1].strip() for f in found if f.fault] == ['"id": 2 2,']


@pytest.mark.parametrize("name", ["array", "envelope", "line"])
def test_a_large_document_is_recognised_by_its_start(engine: Engine, tmp_path: Path, name: str) -> None:
    rows = [logs.call(n, at_s=n, question=f"{n} " + "word " * 4000) for n in range(120)]
    value: Any = {"object": "list", "data": rows} if name == "envelope" else rows
    (tmp_path / "big.json").write_text(json.dumps(value, indent=None if name == "line" else 1))
    assert (tmp_path / "big.json").stat().st_size > 2 << 20
    scope = read(engine, tmp_path / "big.json")
    assert (scope.attempts, scope.rejects) == (120, 0)


# ---- times

TIMES = {
    "seconds": "1793696400.25", "milliseconds": "1793696400250", "microseconds": "1793696400250000", "nanoseconds": "1793696400250000000",
    ".NET ticks": "639292932002500000", "ISO with a zone": "2026-11-03T10:00:00.25+01:00", "ISO, zone without a colon": "2026-11-03T10:00:00.25+0100",
    "ISO in UTC": "2026-11-03T09:00:00.250Z", "ISO without a zone": "2026-11-03 09:00:00.25", "comma": "2026-11-03 09:00:00,250",
    "seven digits": "2026-11-03T09:00:00.2500000Z",
}  # fmt: skip


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("quotes", [True, False])
def test_times_of_every_kind(engine: Engine, tmp_path: Path, kind: str, quotes: bool) -> None:
    given = TIMES[kind]
    value: Any = given if quotes or not given.replace(".", "").isdigit() else json.loads(given)
    logs.write(tmp_path / "a.jsonl", [ROWS[0] | {"startTime": value, "endTime": value, "completionStartTime": value}])
    read(engine, tmp_path / "a.jsonl")
    assert str(engine.value("SELECT started_at FROM calls")) == "2026-11-03 09:00:00.250000"


def test_a_clock_that_runs_backwards_is_an_issue_and_no_latency(engine: Engine, tmp_path: Path) -> None:
    start = ROWS[0]["startTime"]
    changes = [{"endTime": start - 5}, {"endTime": start - 0.0004}, {"stream": True, "completionStartTime": start - 2}]
    logs.write(tmp_path / "a.jsonl", [ROWS[0] | {"litellm_call_id": f"c{i}", "id": f"r{i}"} | c for i, c in enumerate(changes)])
    scope = read(engine, tmp_path / "a.jsonl")
    assert (scope.attempts, scope.cell_issues) == (3, 2)
    took = engine.rows(
        "SELECT epoch_us(ended_at) - epoch_us(started_at), epoch_us(first_token_at) - epoch_us(started_at) FROM calls ORDER BY line"
    )
    assert (took[0][0], took[1][0], took[2][1]) == (None, 0, None)
    [(sample,)] = engine.rows("SELECT sample FROM cell_issues WHERE \"column\" = 'ended_at'")
    assert sample == "2026-11-03 08:59:55, before the start at 2026-11-03 09:00:00"
