"""``[source.NAME]``: a log of any shape, read by a mapping in the config as if it were a format of the house."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infercheck import AnalyzeOptions, analyze, cli, ingest, sources
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.errors import UsageError
from infercheck.model.mapping import FROM_LOG, MAPPABLE, spelt, steps

Rows = list[dict[str, Any]]


def config(folder: Path, text: str) -> Config:
    path = folder / "infercheck.toml"
    path.write_text(text, encoding="utf-8")
    return Config.load(path)


def calls(folder: Path, columns: str, records: Iterable[object], head: str = "", table: str = "calls") -> Rows:
    """The calls that a mapping makes of records, in the order of lines."""
    text = f'[source.mine]\nkeys = ["at"]\n{head}\n[source.mine.columns]\n{columns}\n'
    known = sources.known(config(folder, text).source)
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return rows(path, known, table)


def rows(path: Path, known: Any, table: str = "calls") -> Rows:
    with Engine(threads=1) as engine:
        ingest.open_scope(engine, ingest.ingest(engine, [str(path)], among=known))
        return engine.dicts(f"SELECT * FROM {table} ORDER BY ALL" if table != "calls" else "SELECT * FROM calls ORDER BY line")


@pytest.mark.parametrize(
    ("spec", "value", "zone"),
    [
        ("'at'", "2026-11-03T09:00:00.5Z", ""),
        ("'at'", "2026-11-03 10:00:00.5+01:00", ""),
        ("'at'", 1793696400.5, ""),
        ("'at'", 1793696400500, ""),
        ("{ path = 'at', format = 'iso' }", "2026-11-03T10:00:00.5", "Europe/Berlin"),
        ("{ path = 'at' }", "2026-11-03 10:00:00.5", "Europe/Berlin"),
        ("{ path = 'at' }", "2026-11-03T09:00:00.5Z", "Europe/Berlin"),
        ("{ path = 'at', format = 'epoch_s' }", "1793696400.5", ""),
        ("{ path = 'at', format = 'epoch_ms' }", 1793696400500, ""),
        ("{ path = 'at', format = 'epoch_us' }", 1793696400500000, ""),
        ("{ path = 'at', format = 'epoch_ns' }", 1793696400500000000, ""),
        ("{ path = 'at', format = 'epoch_ms', origin = 2026-11-03T00:00:00Z }", 32400500, ""),
        ("{ path = 'at', format = 'epoch_s', origin = 2026-11-03T09:00:00Z }", 0.5, ""),
        ("{ path = 'at', format = 'dotnet_ticks' }", 639292932005000000, ""),
        ("{ path = 'at', format = '%d/%m/%Y %H:%M:%S.%f' }", "03/11/2026 09:00:00.500000", "UTC"),
        ("{ path = 'at', format = '%d/%m/%Y %H:%M:%S.%f' }", "03/11/2026 10:00:00.500000", "Europe/Berlin"),
        ("{ path = 'at', format = '%d/%b/%Y:%H:%M:%S.%f %z' }", "03/Nov/2026:11:00:00.500000 +0200", "Europe/Berlin"),
    ],
)
def test_a_time_however_it_is_written(spec: str, value: object, zone: str, tmp_path: Path) -> None:
    head = f'zone = "{zone}"' if zone else ""
    (call,) = calls(tmp_path, f"started_at = {spec}", [{"at": value}], head)
    assert call["started_at"] == datetime(2026, 11, 3, 9, 0, 0, 500_000)  # noqa: DTZ001 -- canonical times are naive UTC


@pytest.mark.parametrize("form", ["epoch_ms", "dotnet_ticks", "iso", "%d/%m/%Y %z"])
def test_a_time_that_has_not_the_format_is_reported_and_never_guessed(form: str, tmp_path: Path) -> None:
    spec = f"started_at = {{ path = 'at', format = '{form}' }}\nmodel = 'm'"
    assert calls(tmp_path, spec, [{"at": "9 o'clock", "m": "x"}])[0]["started_at"] is None
    (issue,) = calls(tmp_path, spec, [{"at": "9 o'clock", "m": "x"}], table="cell_issues")
    assert (issue["column"], issue["count"], issue["sample"]) == ("started_at", 1, f"not {form}: 9 o'clock")


@pytest.mark.parametrize(("unit", "value"), [("s", 2.5), ("ms", 2500), ("us", "2500000"), ("ns", 2_500_000_000), ("min", 2.5 / 60)])
def test_durations_and_their_units(unit: str, value: object, tmp_path: Path) -> None:
    columns = f"""
        started_at = "at"
        duration = {{ path = "took", unit = "{unit}" }}
        time_to_first_token = {{ path = "ttft", unit = "ms" }}
        queue_ms = {{ path = "took", unit = "{unit}" }}"""
    call, cached = calls(
        tmp_path, columns, [{"at": 1793696400, "took": value, "ttft": 500}, {"at": 1793696400, "took": value, "ttft": 2500}]
    )
    assert (call["ended_at"] - call["started_at"]).total_seconds() == pytest.approx(2.5)
    assert (call["first_token_at"] - call["started_at"]).total_seconds() == 0.5
    assert call["queue_ms"] == pytest.approx(2500)
    assert cached["first_token_at"] is None  # it came with the end: nothing was streamed


def test_a_log_of_ends_and_durations(tmp_path: Path) -> None:
    columns = 'ended_at = "at"\nduration = { path = "took", unit = "s" }\nsource_call_id = "id"'
    call, bad = calls(tmp_path, columns, [{"at": 1793696402.5, "took": 2.5, "id": 1}, {"at": 1793696402.5, "took": "long", "id": 2}])
    assert call["started_at"].isoformat() == "2026-11-03T09:00:00"
    assert call["attempt_key"] == "mine|1|1793696400000"
    assert bad["started_at"] is None
    assert bad["ended_at"].isoformat() == "2026-11-03T09:00:02.500000"


@pytest.mark.parametrize(("unit", "value"), [("usd", "0.0123"), ("cents", 1.23), ("micro", 12300), ("nano", 12300000), ("milli", 12.3)])
def test_money_and_its_units(unit: str, value: object, tmp_path: Path) -> None:
    (call,) = calls(tmp_path, f'started_at = "at"\nlogged_cost = {{ path = "c", unit = "{unit}" }}', [{"at": 1793696400, "c": value}])
    assert str(call["logged_cost"]) == "0.012300000000"
    assert call["logged_currency"] == "USD"


def test_another_currency(tmp_path: Path) -> None:
    columns = 'started_at = "at"\nlogged_cost = { path = "c", unit = "cents" }\nlogged_currency = { value = "eur" }'
    (call,) = calls(tmp_path, columns, [{"at": 1793696400, "c": 5}])
    assert (str(call["logged_cost"]), call["logged_currency"]) == ("0.050000000000", "EUR")


@pytest.mark.parametrize(("included", "total"), [("true", 500), ("false", 800)])
def test_input_tokens_come_to_include_the_cached_ones(included: str, total: int, tmp_path: Path) -> None:
    columns = 'started_at = "at"\ninput_tokens = "i"\ncache_read_tokens = "r"\ncache_write_5m_tokens = "w"'
    full, none = calls(
        tmp_path, columns, [{"at": 1, "i": 500, "r": 200, "w": 100}, {"at": 1, "i": 500}], f"input_includes_cached = {included}"
    )
    assert (full["input_tokens"], full["cache_read_tokens"], full["cache_write_5m_tokens"]) == (total, 200, 100)
    assert (none["input_tokens"], none["cache_read_tokens"]) == (500, None)


def test_a_wrong_word_about_cached_tokens_prices_nothing(tmp_path: Path) -> None:
    columns = 'started_at = "at"\ninput_tokens = "i"\ncache_read_tokens = "r"'
    args = (tmp_path, columns, [{"at": 1793696400, "i": 50, "r": 200}], "input_includes_cached = true")
    assert calls(*args)[0]["input_tokens"] is None
    (issue,) = calls(*args, table="cell_issues")
    assert issue["sample"] == "50 is less than its parts: is input_includes_cached false?"


def test_reasoning_that_is_counted_apart(tmp_path: Path) -> None:
    columns = 'started_at = "at"\noutput_tokens = "o"\nreasoning_tokens = "t"'
    (call,) = calls(tmp_path, columns, [{"at": 1793696400, "o": 50, "t": 200}], "output_includes_reasoning = false")
    assert (call["output_tokens"], call["reasoning_tokens"]) == (250, 200)


def test_words_for_a_status_and_what_none_means(tmp_path: Path) -> None:
    columns = """started_at = "at"
        status = { path = "s", values = { DONE = "ok", "429" = "rate_limited" }, absent = "cancelled" }
        app = { path = "a", otherwise = "other", values = { x = "X" } }
        team = { value = "search" }"""
    records: Rows = [
        {"at": 1793696400 + n, "s": s, "a": a} for n, (s, a) in enumerate([("DONE", "x"), (429, "y"), (None, None), ("?", "x")])
    ]
    found = calls(tmp_path, columns, records)
    assert [c["status"] for c in found] == ["ok", "rate_limited", "cancelled", None]
    assert [c["app"] for c in found] == ["X", "other", None, "X"]
    assert {c["team"] for c in found} == {"search"}
    (issue,) = calls(tmp_path, columns, records, table="cell_issues")
    assert (issue["column"], issue["sample"]) == ("status", "?")


def test_status_out_of_http_codes(tmp_path: Path) -> None:
    records = [{"at": 1793696400, "c": code} for code in (200, 429, 500, 408, 499, 302, None)]
    found = [c["status"] for c in calls(tmp_path, 'started_at = "at"\nhttp_status = "c"', records)]
    assert found == ["ok", "rate_limited", "error", "timeout", "cancelled", None, None]


def test_paths_into_anything(tmp_path: Path) -> None:
    columns = """started_at = "at"
        source_call_id = ["missing", "file"]
        model = 'a."odd.key"[1].m'
        messages = "a.prompt"
        answer = "choices[0].message.content"
        tool_calls = "choices[0].message.tool_calls"
        tags = "tags"
        input_tokens = "line"
        parameters = "a"
        """
    record = {
        "at": 1793696400, "file": "f1", "line": 7, "infercheck": {}, "filename": "x", "tags": ["b", "a"],
        "a": {"odd.key": [{"m": "no"}, {"m": "openai/gpt-4o"}], "prompt": "Hello"},
        "choices": [{"message": {"content": "Hi", "tool_calls": [{"function": {"name": "look", "arguments": '{"q": 1}'}}]}}],
    }  # fmt: skip
    (call,) = calls(tmp_path, columns, [record])
    assert (call["source_call_id"], call["provider"], call["model"]) == ("f1", "openai", "gpt-4o")
    assert (call["prompt_chars"], call["response_chars"], call["tags"], call["input_tokens"]) == (5, 2, "a,b", 7)
    assert call["params_hash"] is not None
    (tool,) = calls(tmp_path, columns, [record], table="tool_calls")
    assert tool["name"] == "look"


def test_one_key_as_it_is_and_in_parts_and_as_list_and_object(tmp_path: Path) -> None:
    columns = 'started_at = "at"\nparameters = "p"\ntemperature = "p.t"\nmodel = ["m[0].name", "m.name"]'
    found = calls(tmp_path, columns, [{"at": 1793696400, "p": {"t": 0.5}, "m": [{"name": "a"}]}, {"at": 1793696400, "m": {"name": "b"}}])
    assert [(c["temperature"], c["model"]) for c in found] == [(0.5, "a"), (None, "b")]


def test_copies_count_once_and_retries_do_not(tmp_path: Path) -> None:
    records = [
        {"at": 1793696400, "id": 1},
        {"at": 1793696400, "id": 1},
        {"at": 1793696401, "id": 1},
        {"at": 1793696400},
        {"at": 1793696400},
    ]
    found = calls(tmp_path, 'started_at = "at"\nsource_call_id = "id"', records)
    assert [c["source_call_id"] for c in found] == ["1", "1", None, None]


MAPPING = """[source.mine]
keys = ["at"]
zone = "UTC"
[source.mine.columns]
started_at = "at"
model = "req.model"
input_tokens = "n"
messages = "req.messages"
"""
RECORDS: Rows = [
    {"at": f"2026-11-03 09:00:0{n}", "n": n + 1, "req": {"model": "gpt-4o", "messages": [{"role": "user", "content": f"hi {n}"}]}}
    for n in range(5)
]


def test_the_same_records_in_every_packing(tmp_path: Path) -> None:
    known = sources.known(config(tmp_path, MAPPING).source)
    files = [tmp_path / f"log.{kind}" for kind in ("jsonl", "json", "csv", "parquet", "tsv")]
    files[0].write_text("".join(json.dumps(r) + "\n" for r in RECORDS))
    files[1].write_text(json.dumps({"data": RECORDS}, indent=1))
    pl.DataFrame([r | {"req": json.dumps(r["req"])} for r in RECORDS]).write_csv(files[2])
    pl.DataFrame([r | {"at": datetime.fromisoformat(r["at"])} for r in RECORDS]).write_parquet(files[3])
    pl.DataFrame([r | {"req": json.dumps(r["req"])} for r in RECORDS]).write_csv(files[4], separator="\t")
    wanted = ("started_at", "model", "input_tokens", "prompt_chars", "line")
    found = [[{key: call[key] for key in wanted} for call in rows(path, known)] for path in files]
    assert len(found[0]) == 5
    assert found[0][4] == {"started_at": datetime(2026, 11, 3, 9, 0, 4), "model": "gpt-4o", "input_tokens": 5, "prompt_chars": 4, "line": 5}  # noqa: DTZ001
    assert found[1:] == [found[0]] * 4


def test_parquet_with_damaged_pages_keeps_what_can_be_read(tmp_path: Path) -> None:
    known = sources.known(config(tmp_path, MAPPING).source)
    many = [RECORDS[n % 5] | {"n": n} for n in range(70_000)]
    path = tmp_path / "log.parquet"
    pl.DataFrame(many).write_parquet(path, row_group_size=35_000, compression="uncompressed")
    data = bytearray(path.read_bytes())
    middle = len(data) * 3 // 4
    data[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(data)
    with Engine(threads=1) as engine:
        scope = ingest.open_scope(engine, ingest.ingest(engine, [str(path)], among=known))
    assert scope.rejects >= 1
    assert 0 < scope.rows < 70_000


def test_parquet_without_a_footer_is_named_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.parquet"
    pl.DataFrame(RECORDS).write_parquet(path)
    path.write_bytes(path.read_bytes()[:200])
    assert cli.run(["analyze", str(path), "--no-ledger"]) == 3
    assert "this Parquet file is damaged" in capsys.readouterr().err


def test_a_mapping_goes_by_the_files_path_and_before_a_format_of_the_house(tmp_path: Path) -> None:
    text = MAPPING.replace('keys = ["at"]', 'files = "gateway/*.jsonl"')
    known = sources.known(config(tmp_path, text).source)
    for folder in ("gateway", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jsonl").write_text(json.dumps(RECORDS[0]) + "\n")
    assert ingest.detect(tmp_path / "gateway" / "a.jsonl", among=known)[0][:2] == ("mine", 1.0)
    assert dict(m[:2] for m in ingest.detect(tmp_path / "other" / "a.jsonl", among=known))["mine"] == 0
    house = tmp_path / "gateway" / "b.jsonl"
    house.write_text(
        json.dumps({"at": 1793696400, "source_call_id": 1, "started_at": 1, "model": "x", "input_tokens": 1, "output_tokens": 1}) + "\n"
    )
    assert ingest.detect(house, among=sources.load())[0][:2] == ("canonical", 1.0)
    assert ingest.detect(house, among=known)[0][:2] == ("mine", 1.0)
    assert [c["source"] for c in rows(house, known)] == ["mine"]


def test_a_changed_mapping_reads_its_files_again(tmp_path: Path) -> None:
    path, ledger = tmp_path / "log.jsonl", tmp_path / "l.duckdb"
    path.write_text("".join(json.dumps(r) + "\n" for r in RECORDS))

    def tokens(text: str) -> Any:
        config(tmp_path, text)
        options = AnalyzeOptions(config=tmp_path / "infercheck.toml", ledger=ledger)
        return {row.model: row.input_tokens for row in analyze([path], options=options).spend.by_model}

    assert tokens(MAPPING) == {"gpt-4o": 15}
    assert tokens(MAPPING.replace('input_tokens = "n"', 'output_tokens = "n"')) != {"gpt-4o": 15}
    assert tokens(MAPPING) == {"gpt-4o": 15}


C = 'keys = ["a"]\n[source.x.columns]\n'
BAD = {
    "a misspelt key": ('kes = ["a"]\n[source.x.columns]\nmodel = "m"', "infercheck.toml:2: unknown key 'source.x.kes' (did you mean keys?)"),
    "a misspelt column": (C + 'modell = "m"', "infercheck.toml:4: there is no column 'modell' (did you mean model?)"),
    "a misspelt key of a column": (
        C + 'model = { pth = "m" }',
        "infercheck.toml:4: unknown key 'source.x.columns.model.pth' (did you mean path?)",
    ),
    "nothing that recognises": ('[source.x.columns]\nmodel = "m"', "infercheck.toml:1: nothing says which logs this mapping reads"),
    "no columns": ('keys = ["a"]', "source.x.columns: is missing"),
    "columns that make no call": (C + 'team = "m"', "infercheck.toml:3: these columns make no call"),
    "no path": (C + 'model = "a..b"', "infercheck.toml:4: source.x.columns.model.path: 'a..b' is no path"),
    "a path and a value": (C + 'model = { path = "a", value = "b" }', "infercheck.toml:4: model: give a path or a value"),
    "a duration without a unit": (C + 'started_at = "t"\nduration = "d"', "infercheck.toml:5: duration: say its unit"),
    "a duration without a time": (C + 'model = "t"\nduration = { path = "d", unit = "s" }', "infercheck.toml:5: duration needs"),
    "money in seconds": (C + 'model = "m"\nlogged_cost = { path = "c", unit = "s" }', "'s' is no unit of money"),
    "a unit of tokens": (C + 'input_tokens = { path = "c", unit = "s" }', "input_tokens: it has no unit"),
    "no unit": (C + 'model = "m"\nqueue_ms = { path = "c", unit = "hours" }', "infercheck.toml:5: source.x.columns.queue_ms.unit"),
    "a format that is none": (C + 'started_at = { path = "c", format = "epoch" }', "'epoch' is no format of a time"),
    "letters that are none": (C + 'started_at = { path = "c", format = "%Q" }', "%Q is not understood"),
    "a pattern without zone": (C + 'started_at = { path = "c", format = "%d.%m.%Y" }', "its format names no zone"),
    "a format of no time": (C + 'model = { path = "c", format = "iso" }', "only times take a format"),
    "an origin of nothing": (C + 'started_at = { path = "c", origin = 2026-01-01T00:00:00Z }', "an origin needs a format"),
    "a zone that is none": ('keys = ["a"]\nzone = "Mars"\n[source.x.columns]\nmodel = "m"', "infercheck.toml:3: there is no time zone 'Mars'"),
    "nothing said of cached tokens": (
        C + 'input_tokens = "i"\ncache_read_tokens = "c"',
        "infercheck.toml:1: input_includes_cached is missing",
    ),
    "nothing said of reasoning": (
        C + 'output_tokens = "i"\nreasoning_tokens = "c"',
        "output_includes_reasoning is missing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_told_with_their_line(name: str, tmp_path: Path) -> None:
    text, says = BAD[name]
    body = text if text.startswith("[source.x.") else f"[source.x]\n{text}"
    with pytest.raises(UsageError) as caught:
        config(tmp_path, body)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, MAPPING.replace("mine", "canonical"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.jsonl").write_text(json.dumps(RECORDS[0]) + "\n")
    assert cli.run(["analyze", "log.jsonl", "--no-ledger"]) == 2
    assert "there is a log format 'canonical' already" in capsys.readouterr().err


def test_every_column_of_the_contract_can_be_mapped(tmp_path: Path) -> None:
    plain = [name for name in MAPPABLE if name not in {"duration", "time_to_first_token"}]
    columns = "\n".join(f'"{name}" = "c.{name}"' for name in plain if name != "started_at") + '\nstarted_at = "at"'
    head = 'keys = ["at"]\ninput_includes_cached = true\noutput_includes_reasoning = true'
    known = sources.known(config(tmp_path, f"[source.m]\n{head}\n[source.m.columns]\n{columns}").source)
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"at": 1793696400, "c": {"region": "eu", "score": 0.5}}) + "\n")
    (call,) = rows(path, known)
    assert set(FROM_LOG) <= set(call)
    assert (call["region"], call["score"]) == ("eu", 0.5)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.text(min_size=1, max_size=8), st.integers(0, 99)), min_size=1, max_size=5).filter(lambda p: isinstance(p[0], str))
)
def test_a_path_says_what_it_was_made_of(parts: list[str | int]) -> None:
    from infercheck.model.mapping import Step

    path = tuple(Step(part) if isinstance(part, str) else Step("", part) for part in parts)
    assert steps(spelt(path)) == path


@pytest.mark.parametrize(("only", "lines"), [("values = ['llm'], ", [1, 3, 4]), ("", [1, 2, 3, 4])])
def test_only_some_records_are_calls_and_the_others_are_counted(only: str, lines: list[int], tmp_path: Path) -> None:
    records = [
        {"at": 1793696400, "kind": "llm", "n": 5},
        {"at": 1793696401, "kind": "chain", "n": 5},
        {"at": 1793696402, "kind": "llm", "n": 7},
        {"at": 1793696403, "kind": "llm"},
        {"at": 1793696404, "n": 9},
    ]
    columns, head = "started_at = 'at'\ninput_tokens = 'n'", f"only = {{ {only}path = 'kind' }}"
    found = calls(tmp_path, columns, records, head)
    assert [row["line"] for row in found] == lines
    (file,) = calls(tmp_path, columns, records, head, table="ledger_files")
    assert (file["records"], file["rows"], file["other"]) == (5, len(lines), 5 - len(lines))
