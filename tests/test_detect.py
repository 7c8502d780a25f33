"""`sources detect` on a log that nobody knows: what it holds, shown harmlessly, and a mapping that works when it is pasted."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import logs
from infercheck import cli

Capture = pytest.CaptureFixture[str]
START = datetime(2026, 11, 3, 9, tzinfo=UTC)
N = 12


def at(n: int) -> datetime:
    return START + timedelta(seconds=60 * n)


def jsonl(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def camel(folder: Path) -> Path:
    """A gateway of one's own: camel case, epoch milliseconds, nested usage, words for a status."""
    return jsonl(folder / "gateway.jsonl", [{
        "requestId": f"r-{n}", "startTime": int(at(n).timestamp() * 1000), "latencyMs": 1500 + n, "ttftMs": 200,
        "request": {"modelName": "gpt-4o", "messages": [{"role": "user", "content": f"What is {n}?"}], "apiKey": "sk-abcdefghijklmnop"},
        "usage": {"promptTokens": 500, "completionTokens": 50, "cachedTokens": 100}, "outcome": "FAILED" if n == 3 else "SUCCESS",
        "serviceName": "help-desk",
    } for n in range(N)])  # fmt: skip


def sheet(folder: Path) -> Path:
    """A CSV as a spreadsheet exports it: spaces in names, times without a zone, seconds told by the name."""
    path = folder / "Export (3).csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            ["Timestamp", "Model", "Prompt Tokens", "Completion Tokens", "Latency (seconds)", "Status Code", "Cost USD", "Project"]
        )
        for n in range(N):
            writer.writerow([f"{at(n):%Y-%m-%d %H:%M:%S}", "gpt-4o", 500, 50, 1.5, 500 if n == 3 else 200, "0.00175", "search"])
    return path


def web(folder: Path) -> Path:
    """A web server's clock, ends instead of starts, one text as the prompt, a truth value for success."""
    return jsonl(folder / "access.json", [{
        "end_time": f"{at(n) + timedelta(seconds=1.5):%d/%b/%Y:%H:%M:%S} +0000", "elapsed": 1.5 + n / 1000, "model": "openai/gpt-4o",
        "tokens": {"in": 500, "out": 50}, "success": n != 3, "prompt": f"Question {n}", "team": "search",
    } for n in range(N)])  # fmt: skip


def anthropic(folder: Path) -> Path:
    """Anthropic's usage beside ISO times, in a JSON document."""
    path = folder / "claude.json"
    path.write_text(json.dumps({"rows": [{
        "id": f"msg_{n}", "created_at": at(n).isoformat(), "completed_at": (at(n) + timedelta(seconds=1.5)).isoformat(), "model": "claude-sonnet-4-5",
        "input_tokens": 400, "cache_read_input_tokens": 100, "output_tokens": 50, "stop_reason": "end_turn", "status": "error" if n == 3 else "ok",
    } for n in range(N)]}, indent=1), encoding="utf-8")  # fmt: skip
    return path


def table(folder: Path) -> Path:
    """A warehouse's Parquet, with nested columns and typed times."""
    path = folder / "2026-11.parquet"
    pl.DataFrame([{
        "trace_id": f"t{n}", "ts_start": at(n), "ts_end": at(n) + timedelta(seconds=1.5), "llm": {"provider": "openai", "model": "gpt-4o"},
        "usage": {"input_tokens": 500, "output_tokens": 50}, "state": "failure" if n == 3 else "success", "env": "prod",
    } for n in range(N)]).rename({"ts_start": "start_time", "ts_end": "end_time"}).write_parquet(path)  # fmt: skip
    return path


def ledger(folder: Path) -> Path:
    """A billing job's array: moments as numbers under names that could be reasons, dollars told by their sign."""
    path = folder / "calls.json"
    path.write_text(json.dumps([{
        "callId": f"c{n}", "begin": int(at(n).timestamp() * 1000), "finish": int(at(n).timestamp() * 1000) + 1500, "llmModel": "gpt-4o",
        "promptTokenCount": 500, "answerTokenCount": 50, "Cost ($)": 0.00175, "httpCode": 429 if n == 3 else 200, "squad": "search",
    } for n in range(N)], indent=1), encoding="utf-8")  # fmt: skip
    return path


@pytest.mark.parametrize("make", [camel, sheet, web, anthropic, table, ledger], ids=lambda m: m.__name__)
def test_the_mapping_works_when_pasted(
    make: Callable[[Path], Path], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["analyze", path.name, "--no-ledger"]) == 3
    assert "`infercheck sources detect" in capsys.readouterr().err
    assert cli.run(["sources", "detect", path.name, "--mapping"]) == 0
    (tmp_path / "infercheck.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert cli.run(["analyze", path.name, "--no-ledger", "-f", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    cover, head = report["coverage"], report["headline"]
    assert (cover["attempts"], cover["rejects"], cover["cell_issues"], cover["priced_share"]) == (N, 0, 0, 1.0)
    assert (head["outcomes"], head["successful_outcomes"]) == (N, N - 1)
    start = datetime.fromisoformat(report["window"]["start"]).replace(tzinfo=UTC)
    assert abs(start - START) < timedelta(seconds=1)  # some of the logs write whole seconds
    (model,) = report["spend"]["by_model"]
    assert (model["input_tokens"], model["output_tokens"]) == (N * 500, N * 50)
    assert (
        cli.run(
            ["query", "SELECT median(epoch_ms(ended_at) - epoch_ms(started_at)) AS ms FROM calls", path.name, "--no-ledger", "-f", "json"]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)[0]["ms"] == pytest.approx(1500, abs=10)


def test_what_is_not_sure_is_left_out_with_its_reason(tmp_path: Path, capsys: Capture) -> None:
    path = jsonl(tmp_path / "odd.jsonl", [
        {"timestamp": n * 27, "latency": 45, "cost": 0.5, "input_tokens": 9, "cached_tokens": 1, "output_tokens": 2, "state": "Q7"} for n in range(N)
    ])  # fmt: skip
    assert cli.run(["sources", "detect", str(path), "--mapping"]) == 0
    text = capsys.readouterr().out
    active = tomllib.loads(text)["source"]["odd"]["columns"]
    assert active == {"input_tokens": "input_tokens", "output_tokens": "output_tokens"}
    for reason in (
        "counts from a start of its own",
        "its name tells no unit",
        "say above whether input_tokens counts these",
        "write what each word means",
    ):
        assert reason in text
    assert "#   prices and findings by model: no model" in text


def test_a_time_whose_name_says_nothing_is_offered_with_a_doubt(tmp_path: Path, capsys: Capture) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"zeit": at(n).isoformat(), "model": "gpt-4o", "took_ms": 5} for n in range(3)])
    assert cli.run(["sources", "detect", str(path), "--mapping"]) == 0
    text = capsys.readouterr().out
    assert set(tomllib.loads(text)["source"]["x"]["columns"]) == {"model"}
    assert '# started_at = "zeit"' in text


def test_hostile_and_secret_text_is_not_printed(tmp_path: Path, capsys: Capture) -> None:
    prompt = "My diagnosis is a secret of mine, " * 20
    path = jsonl(tmp_path / "x.jsonl", [{
        "ts": "2026-11-03T09:00:00Z", "model\x1b[31m": "gpt", "model": "gpt-4o\x1b]0;title\x07\u202e", "api_key": "abcdef123456",
        "auth": "Bearer abc", "header": "sk-live-123456789", "prompt": prompt, "prompt_tokens": 5, "state": "\x1b[2Jok", "\"]\n[evil]": 1,
    } for _ in range(3)])  # fmt: skip
    assert cli.run(["sources", "detect", str(path)]) == 3
    out, err = capsys.readouterr()
    assert not set(out + err) & {"\x1b", "\x07", "\u202e", "\x9b"}
    for secret in ("abcdef123456", "Bearer abc", "sk-live", "diagnosis is", "secret of mine"):
        assert secret not in out + err
    assert "My diagn… (680 characters)" in out
    assert out.count("(hidden)") == 3
    stub = out[out.index("[source.") :]
    assert set(tomllib.loads(stub)["source"]) == {"x"}


def test_a_known_log_gets_no_fields_and_the_configs_mappings_count(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = camel(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["sources", "detect", path.name, "--mapping"]) == 0
    (tmp_path / "infercheck.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert cli.run(["sources", "detect", path.name]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].split() == ["gateway", "reads", "it"]
    assert "[source." not in out
    assert cli.run(["sources", "list"]) == 0
    assert "mapping gateway" in capsys.readouterr().out
    assert cli.run(["sources", "detect", path.name, "--mapping"]) == 0
    out, err = capsys.readouterr()
    assert "[source.gateway_2]" in out  # a second one would not take the name away
    assert err == "infercheck: note: gateway reads this file already; a second mapping would leave open which one is meant\n"


def test_a_mapping_for_a_log_that_is_read_already_says_so(tmp_path: Path, capsys: Capture) -> None:
    path = logs.write(tmp_path / "log.jsonl", [logs.call(n) for n in range(3)])
    assert cli.run(["sources", "detect", str(path), "--mapping"]) == 0
    out, err = capsys.readouterr()
    assert set(tomllib.loads(out)["source"]) == {"log"}
    assert err == "infercheck: note: litellm_standard_logging reads this file already; this mapping would be used instead\n"
    assert cli.run(["sources", "detect", str(camel(tmp_path)), "--mapping"]) == 0
    assert capsys.readouterr().err == ""


def test_a_folder_is_told_from_a_file_that_is_not_there(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["sources", "detect", str(tmp_path)]) == 3
    assert capsys.readouterr().err == f"infercheck: error: {tmp_path}: this is a folder (name one file in it)\n"
    assert cli.run(["sources", "detect", str(tmp_path / "none")]) == 3
    assert "there is no such file" in capsys.readouterr().err


def test_a_folder_of_unknown_logs_points_there_too_and_validate_says_what_was_understood(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    path = camel(folder)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["analyze", "logs", "--no-ledger"]) == 3
    assert "skipped: 1 jsonl; for a log among them: `infercheck sources detect FILE`" in capsys.readouterr().err
    assert cli.run(["sources", "detect", str(path), "--mapping"]) == 0
    (tmp_path / "infercheck.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert cli.run(["config", "validate"]) == 0
    assert "source gateway  records with requestId" in capsys.readouterr().out


def test_columns_are_listed(capsys: Capture) -> None:
    assert cli.run(["sources", "columns"]) == 0
    out = capsys.readouterr().out
    assert "time_to_first_token" in out
    assert "cached ones INCLUDED" in out


def traces(folder: Path, *, typed: bool) -> Path:
    """Runs of chains, each with the tokens of the model's run inside of it; the first call failed, and has none."""
    rows: list[dict[str, Any]] = []
    for n in range(N):
        same = {"start_time": at(n).isoformat(), "prompt_tokens": 500, "completion_tokens": 50}
        rows.append({"id": f"t{n}", "parent_run_id": None, **({"run_type": "chain"} if typed else {}), **same})
        rows.append({"id": f"c{n}", "parent_run_id": f"t{n}", **({"run_type": "llm"} if typed else {}), **same, "model_name": "gpt-4o"})
    for failed in rows[:2]:
        failed |= {"prompt_tokens": None, "completion_tokens": None}
    return jsonl(folder / "runs.jsonl", rows)


def test_a_parent_that_holds_the_tokens_of_its_child_is_no_call(tmp_path: Path, capsys: Capture) -> None:
    path = traces(tmp_path, typed=True)
    assert cli.run(["sources", "detect", str(path), "--mapping"]) == 0
    said = capsys.readouterr().out
    assert 'only = { path = "run_type", values = ["llm"] }' in said
    assert "no calls: records of chain" in said
    config = tmp_path / "infercheck.toml"
    config.write_text(said, encoding="utf-8")
    assert cli.run(["analyze", str(path), "--no-ledger", "-f", "json", "--config", str(config)]) == 0
    cover = json.loads(capsys.readouterr().out)["coverage"]
    assert (cover["attempts"], cover["other_records"]) == (N, N)


def test_where_nothing_tells_parents_from_children_their_tokens_are_in_doubt(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["sources", "detect", str(traces(tmp_path, typed=False)), "--mapping"]) == 0
    said = capsys.readouterr().out
    assert "only = " not in said
    assert "\ninput_tokens" not in said
    assert "they would count twice" in said


def test_counts_beside_the_tokens_are_listed_where_no_column_is_made_of_them(tmp_path: Path, capsys: Capture) -> None:
    usage = {"input": 9, "output": 3, "total": 14, "cache": {"read": 5, "write": 2}, "audio": 4}
    path = jsonl(tmp_path / "odd.jsonl", [{"ts": at(n).isoformat(), "model": "gpt-4o", "tokens": usage} for n in range(N)])
    assert cli.run(["sources", "detect", str(path), "--mapping"]) == 0
    said = capsys.readouterr().out
    assert 'cache_write_5m_tokens = "tokens.cache.write"' in said
    assert "# Counts beside the tokens that fill no column:\n#   tokens.audio\n" in said
