"""Nothing is lost without a word, nothing counts twice, and what is known is not read again."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infercheck import cli, ingest
from infercheck.engine.duckdb import Engine
from infercheck.errors import InputError, LedgerNotice, UsageError
from infercheck.ingest import changes, ledger, store
from infercheck.model.progress import Progress

SAMPLES = Path(__file__).parents[1] / "sample_logs"


def record(i: int, **changes: Any) -> dict[str, Any]:
    base = {
        "id": f"r{i}", "litellm_call_id": f"c{i}", "trace_id": f"t{i}", "call_type": "acompletion", "status": "success",
        "response_cost": 0.5, "custom_llm_provider": "openai", "prompt_tokens": 10 + i, "completion_tokens": 5,
        "startTime": 1_760_000_000.5 + i, "endTime": 1_760_000_001.5 + i, "model": "openai/gpt-4o",
        "messages": [{"role": "system", "content": "be brief\nand kind"}, {"role": "user", "content": f"question {i}"}],
    }  # fmt: skip
    return {**base, **changes}


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in records)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as engine:
        yield engine


def read(engine: Engine, *paths: Path, **scope: Any) -> ingest.Scope:
    return ingest.open_scope(engine, ingest.ingest(engine, [str(p) for p in paths]), **scope)


# ---- damage

DAMAGE = st.lists(
    st.one_of(
        st.just(b""), st.just(b"   "), st.just(b"\r"), st.just(b"42"), st.just(b"null"), st.just(b'"text"'), st.just(b"[1, 2]"), st.just(b"{}"),
        st.just(b'{"other": 1}'), st.just(b"\0\0\0"), st.just(b'{"id": NaN'), st.just(b'{"id": "\\ud800", "model": "m"}'),
        st.just(b'{"id": "x", "model": NaN}'), st.just(b'{"id": 1, "id": 2}'), st.just(b"{" * 3000), st.just(b'{"id": "a"} {"id": "b"}'),
        st.just(b'{"metadata": "text", "id": "b"}'), st.just(b'{"messages": {}, "id": "c"}'),
        st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")),
        st.integers(0, 5).map(lambda i: json.dumps(record(i)).encode()), st.integers(0, 5).map(lambda i: json.dumps(record(i)).encode()[:-9]),
        st.integers(0, 5).map(lambda i: json.dumps(record(i, prompt_tokens="abc")).encode()),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=DAMAGE, ending=st.sampled_from([b"\n", b""]))
def test_every_line_is_a_row_a_duplicate_or_a_reject(tmp_path: Path, damage: list[bytes], ending: bytes) -> None:
    path = tmp_path / "log.jsonl"
    body = [lines(*(record(i) for i in range(100, 112))).rstrip(b"\n"), *damage]
    path.write_bytes(b"\n".join(body) + ending)
    filled = sum(bool(line.strip()) for line in path.read_bytes().split(b"\n"))
    with Engine(threads=1) as engine:
        scope = read(engine, path)
        assert scope.records == filled == scope.attempts + scope.duplicates + scope.other + scope.rejects
        assert engine.rows("SELECT records, rows, other, rejects FROM files") == [(filled, scope.rows, 0, scope.rejects)]
        assert engine.value("SELECT count(*) FROM calls WHERE source_call_id LIKE 'c1__'") == 12


@pytest.mark.parametrize(
    ("name", "rows", "rejects", "issues"),
    [
        ("array.json", 6, 0, 0), ("bad_utf8.jsonl", 6, 0, 0), ("blank_lines.jsonl", 6, 0, 0), ("bom.jsonl", 6, 0, 0), ("crlf.jsonl", 6, 0, 0),
        ("deep_nesting.jsonl", 6, 1, 0), ("duplicate_keys.jsonl", 6, 0, 0), ("garbage_line.jsonl", 6, 1, 0), ("no_final_newline.jsonl", 6, 0, 0),
        ("nul_bytes.jsonl", 6, 1, 0), ("pretty_printed.json", 6, 0, 0), ("scalar_line.jsonl", 6, 3, 0), ("truncated_last_line.jsonl", 5, 1, 0),
        ("utf16.jsonl", 6, 0, 0), ("wrong_types.jsonl", 6, 0, 2),
    ],
)  # fmt: skip
def test_messy_sample(engine: Engine, name: str, rows: int, rejects: int, issues: int) -> None:
    scope = read(engine, SAMPLES / "messy" / name)
    assert (scope.rows, scope.rejects, scope.cell_issues) == (rows, rejects, issues)


@pytest.mark.parametrize(("name", "at_least"), [("truncated.jsonl.gz", 39), ("truncated.jsonl.zst", 30)])
def test_cut_archive_keeps_what_arrived_and_says_so(engine: Engine, name: str, at_least: int) -> None:
    result = ingest.ingest(engine, [str(SAMPLES / "messy" / name)])
    scope = ingest.open_scope(engine, result)
    assert scope.rows >= at_least
    assert "cut short" in engine.value("SELECT note FROM files")
    assert result.notices


def test_reject_has_its_line_shape_and_reason(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(record(1)) + b"\n\nJan 1 syslog\n" + lines(record(2)))
    read(engine, path)
    [(line, raw, reason)] = engine.rows("SELECT line, raw, reason FROM rejects")
    assert (line, raw) == (4, b"xxx 9 xxxxxx")  # its words may be those of a prompt
    assert reason.startswith("no JSON")


def test_a_long_line_is_read_and_cut_in_linear_time(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(record(1, messages=[{"role": "user", "content": "word " * 6_000_000}]), record(2)))
    scope = read(engine, path)
    assert scope.rows == 2
    assert engine.value("SELECT max(cum_chars) FROM prompt_blocks") == 30_000_000


def test_folder_skips_and_counts_what_is_no_log(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(record(1)))
    (tmp_path / "labels.jsonl.gz").write_bytes(gzip.compress(lines({"label": 1})))
    (tmp_path / "README.md").write_text("# notes, and more\n")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and so on")
    result = ingest.ingest(engine, [str(tmp_path)])
    assert result.skipped == {"gz": 1, "md": 1, "parquet": 1}


@pytest.mark.parametrize("case", ["missing", "folder", "binary", "unknown", "glob"])
def test_unusable_input_is_an_input_error(engine: Engine, tmp_path: Path, case: str) -> None:
    paths = {name: tmp_path / name for name in ("missing", "folder", "binary", "unknown")} | {"glob": tmp_path / "*.nothing"}
    paths["folder"].mkdir()
    paths["binary"].write_bytes(b"PK\x03\x04" + bytes(range(256)))
    paths["unknown"].write_bytes(lines({"call_type": "x", "spend": 1}))
    with pytest.raises(InputError) as caught:
        read(engine, paths[case])
    assert caught.value.exit_code == 3
    if case == "unknown":
        assert "litellm_spend_logs" in caught.value.hint


# ---- CSV as spreadsheets and databases write it


def spend(i: int, **changes: Any) -> dict[str, Any]:
    base = {
        "request_id": f"r{i}", "call_type": "acompletion", "spend": f"0.00{i + 1}", "startTime": f"2026-11-03 09:00:0{i}", "model": "gpt-4o",
        "endTime": f"2026-11-03 09:00:0{i}.5", "prompt_tokens": 100 + i, "completion_tokens": 50, "metadata": '{"a;b|c": "d,e\tf"}',
        "request_tags": '["app:shop"]',
    }  # fmt: skip
    return {**base, **changes}


def table(delimiter: str, *rows: dict[str, Any], opening: str = "") -> str:
    out = io.StringIO()
    out.write(opening)
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def calls(engine: Engine, *paths: Path) -> list[dict[str, Any]]:
    read(engine, *paths)
    return engine.dicts("SELECT * EXCLUDE (call_id, file_id, line) FROM calls ORDER BY source_call_id")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_says_the_same_whatever_stands_between_its_cells(engine: Engine, tmp_path: Path, delimiter: str) -> None:
    rows = [spend(i) for i in range(4)]
    (tmp_path / "commas.csv").write_text(table(",", *rows), newline="")
    wanted = calls(engine, tmp_path / "commas.csv")
    assert [(c["input_tokens"], float(c["logged_cost"])) for c in wanted] == [(100 + i, (i + 1) / 1e3) for i in range(4)]
    excels = table(delimiter, *rows, opening=f"sep={delimiter}\r\n")
    packings = {
        "plain.csv": table(delimiter, *rows).encode(), "bom.csv": table(delimiter, *rows).encode("utf-8-sig"),
        "utf16.csv": table(delimiter, *rows).encode("utf-16"), "packed.csv.gz": gzip.compress(table(delimiter, *rows).encode()),
        "sep.csv": excels.encode(), "sep_bom.csv": excels.encode("utf-8-sig"), "sep_utf16.csv": excels.encode("utf-16"),
        "sep_cut.csv": (excels + delimiter.join(["r9", "acompletion"])).encode(),
    }  # fmt: skip
    for name, data in packings.items():
        (tmp_path / name).write_bytes(data)
        assert calls(engine, tmp_path / name) == wanted, name
    assert engine.rows("SELECT line, reason FROM rejects") == [(7, "2 cells, the header has 10")]


def test_files_of_other_delimiters_share_a_folder(engine: Engine, tmp_path: Path) -> None:
    for place, delimiter in enumerate(",;\t|,;"):
        (tmp_path / f"{place}.csv").write_text(table(delimiter, spend(place, request_id=f"{place}")), newline="")
    (tmp_path / "6.csv").write_text(table(";", spend(6, request_id="6"), opening="sep=;\n"), newline="")
    result = ingest.ingest(engine, [str(tmp_path)])
    assert (result.skipped, result.notices) == ({}, ())
    assert [(c["source_call_id"], c["input_tokens"]) for c in calls(engine, tmp_path)] == [(f"{place}", 100 + place) for place in range(7)]


def test_a_csv_with_semicolons_grows_and_loses_no_row_to_a_damaged_one(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(table(";", spend(1)), newline="")
    assert read(engine, path).attempts == 1
    path.write_text(table(";", spend(1), spend(2)) + "r3;acompletion;0,1\r\n" + table(";", spend(4)).split("\n", 1)[1], newline="")
    scope = read(engine, path)
    assert (scope.attempts, scope.rejects) == (3, 1)
    assert engine.rows("SELECT line, reason FROM rejects") == [(4, "3 cells, the header has 10")]


def test_a_decimal_comma_is_no_other_number(engine: Engine, tmp_path: Path) -> None:
    rows = spend(0, spend="0,0042"), spend(1, spend="1,234", prompt_tokens="1,5"), spend(2)
    (tmp_path / "a.csv").write_text(table(";", *rows), newline="")
    scope = read(engine, tmp_path)
    assert (scope.attempts, scope.rejects, scope.cell_issues) == (3, 0, 3)
    read_as = engine.rows("SELECT logged_cost, input_tokens FROM calls ORDER BY source_call_id")
    assert [(cost and float(cost), tokens) for cost, tokens in read_as] == [(None, 100), (None, None), (0.003, 102)]
    assert engine.rows('SELECT "column", count FROM cell_issues ORDER BY 1') == [("input_tokens", 1), ("logged_cost", 2)]


def test_a_sum_is_unknown_where_one_of_its_parts_has_a_decimal_comma(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "activity.csv").write_text(
        "generation_id;created_at;cost_total;byok_usage_inference;tokens_prompt;model_permaslug\n"
        "a;2026-11-03 09:00:00;0;0,004;10;openai/gpt-4o\nb;2026-11-03 09:00:01;0;0;10;openai/gpt-4o\nc;2026-11-03 09:00:02;0.5;;10;openai/gpt-4o\n"
    )
    assert read(engine, tmp_path).cell_issues == 1
    assert engine.rows("SELECT logged_cost::DOUBLE FROM calls ORDER BY source_call_id") == [(None,), (0,), (0.5,)]


# ---- once, whatever happens


def test_unchanged_files_are_not_touched_and_grown_ones_read_from_where_they_ended(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(record(1), record(2)) + b'{"id": "r3", "litellm')
    first = read(engine, path)
    assert (first.rows, first.rejects) == (2, 1)
    before = engine.rows("SELECT ingested_at, bytes_read FROM files")
    assert read(engine, path) == first
    assert engine.rows("SELECT ingested_at, bytes_read FROM files") == before
    with path.open("ab") as log:
        log.truncate(before[0][1])
    with path.open("ab") as log:
        log.write(lines(record(3), record(4)))
    grown = read(engine, path)
    assert (grown.records, grown.rows, grown.rejects, first.records) == (4, 4, 0, 3)
    assert engine.rows("SELECT line FROM calls ORDER BY line") == [(1,), (2,), (3,), (4,)]


def test_growth_reads_only_the_tail(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(record(1), record(2)))
    read(engine, path)
    with path.open("ab") as log:
        log.write(lines(record(3)))
    seen: list[int] = []
    original = store.unpack
    monkeypatch.setattr(store, "unpack", lambda *a, **k: (seen.append(k["start"]), original(*a, **k))[1])
    assert read(engine, path).rows == 3
    assert seen == [len(lines(record(1), record(2)))]


@pytest.mark.parametrize("how", ["rotated", "shorter", "same size"])
def test_a_file_written_anew_is_read_anew(engine: Engine, tmp_path: Path, how: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(record(1), record(2)))
    read(engine, path)
    new = {"rotated": [record(5), record(6), record(7)], "shorter": [record(5)], "same size": [record(5), record(6)]}[how]
    path.write_bytes(lines(*new))
    os.utime(path, ns=(1, 1))
    assert read(engine, path).rows == len(new)
    assert engine.value("SELECT min(source_call_id) FROM calls") == "c5"


def test_a_file_whose_times_tell_is_not_opened_again(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(record(1), record(2)))
    monkeypatch.setattr(changes, "TICK_NS", 10**12)  # however slow the machine is, it was written just now
    assert read(engine, path).rows == 2
    opened: list[Path] = []
    original = changes._head
    monkeypatch.setattr(changes, "_head", lambda path, upto: (opened.append(path), original(path, upto))[1])
    assert read(engine, path).rows == 2
    assert opened == [path]  # it was read in the tick in which it was written
    monkeypatch.setattr(changes, "TICK_NS", -(10**12))  # later
    for _ in range(3):
        assert read(engine, path).rows == 2
    assert opened == [path, path]
    size, times = path.stat().st_size, path.stat().st_mtime_ns
    path.write_bytes(lines(record(1), record(3)))
    os.utime(path, ns=(times, times))
    assert path.stat().st_size == size
    assert read(engine, path).rows == 2
    assert engine.value("SELECT max(source_call_id) FROM calls") == "c3"


def test_a_run_that_dies_loses_nothing_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, book = tmp_path / "log.jsonl", tmp_path / "ledger.duckdb"
    path.write_bytes(lines(*(record(i) for i in range(20))))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with Engine(book) as engine, monkeypatch.context() as patch:
        patch.setattr(store, "_store_manifest", die)
        with pytest.raises(KeyboardInterrupt):
            read(engine, path)
        assert engine.value("SELECT count(*) FROM call_rows") == 0
    for _ in range(2):
        with Engine(book) as engine:
            assert read(engine, path).rows == 20


def test_a_ledger_of_another_version_is_brought_up_to_this_one(tmp_path: Path) -> None:
    book, here, gone = tmp_path / "ledger.duckdb", tmp_path / "here.jsonl", tmp_path / "gone.jsonl"
    here.write_bytes(lines(record(1)))
    gone.write_bytes(lines(record(2), record(3)))
    with Engine(book) as engine:
        read(engine, here, gone)
        salt = ledger.salt_of(engine)
        engine.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
        engine.execute("ALTER TABLE call_rows DROP COLUMN score")
        engine.execute("ALTER TABLE ledger_files DROP COLUMN other")
        engine.execute("DROP TABLE span_rows")
        engine.execute("UPDATE call_rows SET model = 'read before'")
    gone.unlink()
    with (
        Engine(book) as engine,
        pytest.warns(LedgerNotice, match="format 0, .*: files that are still there are read again, rows of others are kept"),
    ):
        assert read(engine, here).rows == 1
        assert engine.rows("SELECT DISTINCT model FROM calls") == [("gpt-4o",)]
        assert engine.rows("SELECT count(*) FROM call_rows WHERE model = 'read before'") == [(2,)]
        assert ledger.salt_of(engine) == salt
    with Engine(book) as engine:
        engine.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
        engine.execute("ALTER TABLE call_rows ADD COLUMN dropped_since INTEGER")
    with Engine(book) as engine, pytest.warns(LedgerNotice, match="it is made anew, and all files are read again"):
        assert read(engine, here).rows == 1
        assert engine.rows("SELECT count(*) FROM call_rows") == [(1,)]
        assert ledger.salt_of(engine) == salt


def test_a_damaged_ledger_is_set_aside_and_made_anew(tmp_path: Path) -> None:
    book, path = tmp_path / "ledger.duckdb", tmp_path / "log.jsonl"
    path.write_bytes(lines(*(record(i) for i in range(300))))
    with Engine(book) as engine:
        read(engine, path)
    whole = book.read_bytes()
    book.write_bytes(whole[:4096] + bytes(8192) + whole[12288:])  # both headers lost
    with (
        pytest.warns(LedgerNotice, match="it was set aside as ledger.duckdb.damaged-1, and all files are read anew"),
        Engine(book) as engine,
    ):
        assert read(engine, path).rows == 300
    assert (tmp_path / "ledger.duckdb.damaged-1").stat().st_size == len(whole)


def test_a_ledger_damaged_in_any_block_is_never_believed(tmp_path: Path) -> None:
    book, path = tmp_path / "ledger.duckdb", tmp_path / "log.jsonl"
    path.write_bytes(lines(*(record(i) for i in range(300))))
    with Engine(book) as engine:
        whole_run = read(engine, path)
    whole, block, stopped = book.read_bytes(), 1 << 18, 0
    for at in range(3 * 4096 + 1000, len(whole), max(block, len(whole) // block // 8 * block)):
        book.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LedgerNotice)
            try:
                with Engine(book) as engine:
                    assert read(engine, path) == whole_run
            except InputError as err:
                assert re.search(r"the ledger is damaged .* set aside as ledger.duckdb.damaged-\d+: run the command again", str(err))
                stopped += 1
            with Engine(book) as engine:
                assert read(engine, path) == whole_run
    assert stopped


@pytest.mark.parametrize("order", [("full", "bare"), ("bare", "full")])
def test_the_fullest_copy_wins_whatever_the_order(engine: Engine, tmp_path: Path, order: tuple[str, str]) -> None:
    full, bare = record(1, end_user="u"), record(1, messages="redacted-by-litellm")
    for place, which in enumerate(order):
        (tmp_path / f"{place}.jsonl").write_bytes(lines(full if which == "full" else bare))
    scope = read(engine, tmp_path)
    assert (scope.attempts, scope.duplicates) == (1, 1)
    assert engine.value("SELECT prompt_hash IS NOT NULL AND end_user IS NOT NULL FROM calls")


def test_scope_filters_and_refuses_what_is_no_condition(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(*(record(i) for i in range(10))))
    assert read(engine, path, since=timedelta(seconds=3)).attempts == 4
    assert read(engine, path, where="input_tokens > 15 -- many").attempts == 4
    for bad in ("nonsense +", "TRUE) --", "1=1); DROP TABLE call_rows; --", "no_such_column = 1"):
        with pytest.raises(UsageError):
            read(engine, path, where=bad)


# ---- prompts


def test_blocks_of_a_shared_opening_are_the_same_and_no_text_is_kept(engine: Engine, tmp_path: Path) -> None:
    turn = [{"role": "system", "content": "x" * 600 + "\nrule two"}, {"role": "user", "content": "first"}]
    later = [*turn, {"role": "assistant", "content": "answer"}, {"role": "user", "content": "second"}]
    marked = [{**turn[0], "content": [{"type": "text", "text": turn[0]["content"], "cache_control": {"type": "ephemeral"}}]}, turn[1]]
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(record(1, messages=turn), record(2, messages=later), record(3, messages=marked), record(4, messages=turn[::-1])))
    read(engine, path)
    blocks: dict[int, list[tuple[Any, ...]]] = {}
    for line, *block in engine.rows("""
        SELECT c.line, b.prefix_hash, b.chars, b.cum_chars, b.ends_message, b.role FROM prompt_blocks b JOIN calls c USING (call_id)
        ORDER BY c.line, b.position"""):
        blocks.setdefault(line, []).append(tuple(block))
    assert [b[1] for b in blocks[1]] == [256, 256, 88, 8, 5]
    assert blocks[2][:5] == blocks[1] == blocks[3]
    assert {b[0] for b in blocks[4]}.isdisjoint({b[0] for b in blocks[1]})
    assert engine.rows("SELECT turn FROM calls ORDER BY line") == [(1,), (2,), (1,), (1,)]
    stored = " ".join(str(engine.rows(f"FROM {name}")) for name in ledger.PERSISTENT)
    assert "rule two" not in stored


@pytest.mark.parametrize(
    ("content", "known"),
    [
        ("redacted-by-litellm", False), ("__REDACTED__", False), ("[REDACTED]", False), ("<masked>", False), ("***", False), ("", False),
        ("<fully masked due to failed mask function>", False), ("What is in it?\n__REDACTED__", False), ("{content removed}", False),
        ("removed", True), ("hidden", True), ("Redacted documents: what are they?", True), ("(see the removed lines above, then go on)" * 2, True),
    ],
)  # fmt: skip
def test_what_a_logger_withheld_names_no_prompt_answer_or_argument(content: str, known: bool, engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    answer = {"content": content, "tool_calls": [{"function": {"name": "read", "arguments": content}}]}
    told = [{"role": "system", "content": "be kind"}, {"role": "user", "content": content}]
    path.write_bytes(
        lines(record(1, messages=told if content else told[1:], response={"choices": [{"finish_reason": "stop", "message": answer}]}))
    )
    read(engine, path)
    assert engine.rows("SELECT prompt_hash IS NOT NULL, prompt_chars IS NOT NULL, response_hash IS NOT NULL FROM calls") == [
        (known, known, known)
    ]
    assert engine.rows("SELECT name, arguments_hash IS NOT NULL FROM tool_calls") == [("read", known)]


def test_a_line_is_cut_alike_whatever_it_is_written_in_and_however_long(engine: Engine, tmp_path: Path) -> None:
    contents = ["x" * 600, "x" * 512 + "é" * 300, "x" * 20_000]
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines(*(record(i, messages=[{"role": "user", "content": content}]) for i, content in enumerate(contents))))
    read(engine, path)
    cut: dict[int, list[tuple[int, int]]] = {}
    for line, hashed, chars in engine.rows("""
        SELECT c.line, b.block_hash, b.chars FROM message_blocks b JOIN prompt_messages m USING (message_hash) JOIN calls c USING (call_id)
        ORDER BY c.line, b.block_index"""):
        cut.setdefault(line, []).append((hashed, chars))
    assert [[chars for _, chars in blocks] for blocks in cut.values()] == [[256, 256, 88], [256, 256, 256, 44], [256] * 78 + [32]]
    assert len({hashed for blocks in cut.values() for hashed, _ in blocks[:2]}) == 1


def test_embeddings_count_their_inputs(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(
        lines(record(1, call_type="aembedding", messages=["one", "two", "three"]), record(2, call_type="embedding", messages="one"))
    )
    read(engine, path)
    assert engine.rows("SELECT operation, input_items FROM calls ORDER BY line") == [("embedding", 3), ("embedding", 1)]


def test_progress_is_told(engine: Engine, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(lines(record(1)))
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    told: list[Progress] = []
    ingest.ingest(engine, [str(tmp_path)], on_event=told.append)
    assert told == [Progress("reading", 0, size, 0, 2), Progress("reading", size, size, 2, 2)]
    ingest.ingest(engine, [str(tmp_path)], on_event=told.append)
    assert len(told) == 2  # nothing was new


def test_many_small_files_are_read_as_one_and_keep_their_lines(engine: Engine, tmp_path: Path) -> None:
    for i in range(30):
        (tmp_path / f"{i:02}.json").write_bytes(json.dumps(record(i)).encode())
    result = ingest.ingest(engine, [str(tmp_path)])
    assert len(result.file_ids) == ingest.open_scope(engine, result).attempts == 30
    named = engine.rows("SELECT f.path, c.source_call_id FROM calls c JOIN files f USING (file_id)")
    assert all(int(Path(path).stem) == int(call[1:]) for path, call in named)
    (tmp_path / "07.json").write_bytes(b"\n" + lines(record(7)) + b"{}\nbroken")
    (tmp_path / "08.json").write_text(json.dumps(record(8), indent=1))
    scope = read(engine, tmp_path)
    assert (scope.attempts, scope.rejects) == (30, 2)
    assert engine.rows("SELECT line FROM rejects ORDER BY line") == [(3,), (4,)]


def test_many_small_files_one_damaged_from_the_start(engine: Engine, tmp_path: Path) -> None:
    for i in range(12):
        (tmp_path / f"{i:02}.jsonl").write_bytes(lines(record(i)) + (b"42\n" if i == 5 else b"") + lines(record(100 + i)))
    scope = read(engine, tmp_path)
    assert (scope.attempts, scope.rejects) == (24, 1)
    assert engine.rows("SELECT f.path, r.line FROM rejects r JOIN files f USING (file_id)") == [(str(tmp_path / "05.jsonl"), 2)]


# ---- copies of files whose calls have no id


def trace(*tokens: int) -> bytes:
    """Azure's public trace: a time and two counts."""
    rows = (f"2026-11-03 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}.5000000,{n},10\n" for i, n in enumerate(tokens))
    return ("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(rows)).encode()


def counted(engine: Engine, *paths: Path) -> tuple[int, int, int]:
    """Files, attempts and duplicates; no row is lost between them."""
    scope = read(engine, *paths)
    assert scope.rows == scope.attempts + scope.duplicates
    return scope.files, scope.attempts, scope.duplicates


def test_a_copied_file_counts_once_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("app.csv", "app (copy).csv"):
        (tmp_path / name).write_bytes(trace(100, 200, 300))
    (tmp_path / "other.csv").write_bytes(trace(100, 200, 301))  # of the same size
    assert cli.run(["analyze", str(tmp_path), "--no-ledger", "-f", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["coverage"]
    assert (found["files"], found["rows"], found["attempts"], found["duplicates"]) == (3, 9, 6, 3)
    assert found["naive_sum"]["tokens"] - found["naive_sum"]["counted_tokens"] == 630
    assert f"files with the same content count once: {tmp_path}/app.csv is the same as {tmp_path}/app (copy).csv" in found["notes"]
    assert cli.run(["analyze", str(tmp_path), "--no-ledger", "-f", "json", "--anonymize"]) == 0
    assert str(tmp_path) not in capsys.readouterr().out


def test_copies_of_files_come_grow_and_go(tmp_path: Path) -> None:
    one, two = tmp_path / "logs" / "one.csv", tmp_path / "logs" / "two.csv"
    one.parent.mkdir()
    one.write_bytes(trace(100, 200))
    with Engine(tmp_path / "ledger.duckdb") as engine:
        assert counted(engine, one.parent) == (1, 2, 0)
        two.write_bytes(one.read_bytes())
        assert counted(engine, one.parent) == (2, 2, 2)
        assert counted(engine, one.parent) == (2, 2, 2)
        two.write_bytes(trace(100, 200, 300))
        assert counted(engine, one.parent) == (2, 5, 0)  # another file
        one.write_bytes(two.read_bytes())
        assert counted(engine, one.parent) == (2, 3, 3)
        one.unlink()
        assert counted(engine, two.parent) == (1, 3, 0)


def test_large_files_that_differ_in_the_middle_are_no_copies(engine: Engine, tmp_path: Path) -> None:
    tokens = [1000] * 5000
    for name, middle in (("a.csv", 1000), ("b.csv", 1000), ("c.csv", 1001)):
        (tmp_path / name).write_bytes(trace(*tokens, middle, *tokens))
        assert (tmp_path / name).stat().st_size > 4 * changes.HEAD_BYTES
    assert counted(engine, tmp_path) == (3, 20_002, 10_001)


def test_copied_archives_count_once_and_their_members_are_files_of_their_own(engine: Engine, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for place in range(3):
                archive.writestr(zipfile.ZipInfo(f"{place}.csv"), trace(100 + place % 2))
    assert counted(engine, tmp_path / "a.zip") == (3, 3, 0)
    assert counted(engine, tmp_path) == (6, 3, 3)


def test_what_was_compressed_and_left_where_it_was_counts_once(engine: Engine, tmp_path: Path) -> None:
    plain = trace(100, 200)
    (tmp_path / "z.csv").write_bytes(plain)
    (tmp_path / "z.csv.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "z.csv.bz2").write_bytes(bz2.compress(plain))
    (tmp_path / "a.csv").write_bytes(plain)  # and a copy of a copy
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(plain))
    assert counted(engine, tmp_path / "a.csv.gz") == (1, 2, 0)
    assert counted(engine, tmp_path) == (5, 2, 8)
    (tmp_path / "z.csv.gz").write_bytes(gzip.compress(trace(100, 201)))  # the same name and as many rows, of other calls
    assert counted(engine, tmp_path) == (5, 4, 6)


def test_copies_in_shards_count_once(engine: Engine, tmp_path: Path) -> None:
    for place, name in enumerate(("one.csv", "two.csv")):
        (tmp_path / name).write_bytes(trace(100, 200))
        ingest.ingest_to([str(tmp_path / name)], tmp_path / "shards")
        assert counted(engine, tmp_path / "shards") == (1 + place, 2, 2 * place)


# ---- places


@pytest.mark.parametrize("files", [1, 3])
def test_a_row_has_the_line_that_it_stands_on_however_many_threads_read(tmp_path: Path, files: int) -> None:
    text = "words that make the line long " * 300
    for f in range(files):
        rows = (record(i, litellm_call_id=f"{f}-{i}", messages=[{"role": "user", "content": f"{f} {i} {text}"}]) for i in range(1, 5001))
        (tmp_path / f"{f}.jsonl").write_bytes(lines(*rows))
    with Engine(threads=2) as engine:
        scope = read(engine, tmp_path)
        assert scope.attempts == files * 5000
        named = "regexp_extract(f.path, '([0-9]).jsonl', 1) || '-' || c.line"
        assert engine.value(f"SELECT count(*) FROM calls c JOIN files f USING (file_id) WHERE c.source_call_id <> {named}") == 0
