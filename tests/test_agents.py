"""Sessions of coding agents are counted once, whatever is repeated in them: against a count in plain Python and by hand."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agent_sessions
from infercheck import AnalyzeOptions, analyze, ingest
from infercheck.engine.duckdb import Engine
from infercheck.model.report import Report

OPTIONS = AnalyzeOptions(use_ledger=False, select=("paid_failures",))
TOKENS = """
    SELECT sum(input_tokens - cache_read_tokens - cache_write_5m_tokens - cache_write_1h_tokens), sum(cache_read_tokens), sum(cache_write_5m_tokens),
        sum(cache_write_1h_tokens), sum(output_tokens) FROM calls WHERE model IS NOT NULL"""


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claude")
    agent_sessions.write(folder, 4000, seed=5)
    return folder


def tokens_of(*paths: Path, ledger: Path | None = None) -> tuple[dict[str, int], ingest.Scope]:
    with Engine(ledger) as engine:
        scope = ingest.open_scope(engine, ingest.ingest(engine, [str(p) for p in paths]))
        return dict(zip(agent_sessions.KINDS, map(int, engine.rows(TOKENS)[0]), strict=True)), scope


def test_claude_code_equals_a_plain_count(sessions: Path) -> None:
    counted = agent_sessions.count(sessions)
    got, scope = tokens_of(sessions)
    assert got == counted.true
    assert scope.records == counted.lines == scope.rows + scope.other + scope.rejects
    assert scope.rows == scope.attempts + scope.duplicates
    report = analyze([sessions], options=OPTIONS)
    cent = Decimal("0.01")
    assert report.headline.spend_usd is not None
    assert report.headline.spend_usd.quantize(cent) == counted.true_usd.quantize(cent)
    naive = report.coverage.naive_sum
    assert naive is not None
    assert naive.usd is not None
    assert (naive.tokens, naive.counted_tokens) == (sum(counted.naive.values()), sum(counted.true.values()))
    assert naive.usd.quantize(cent) == counted.naive_usd.quantize(cent)
    assert naive.usd > Decimal("1.5") * report.headline.spend_usd  # the log holds what the notes warn of


def test_a_large_session_beside_many_small_ones(sessions: Path, tmp_path: Path) -> None:
    """It repeats what they hold, and one of its lines is broken: they count once, and one line is lost."""
    folder = tmp_path / "projects"
    shutil.copytree(sessions, folder)
    copied = b""
    for path in sorted(folder.rglob("*.jsonl")):
        if len(copied) < 3 << 19:
            copied += path.read_bytes()
    (folder / "large.jsonl").write_bytes(copied)
    counted = agent_sessions.count(folder)
    got, scope = tokens_of(folder)
    assert got == counted.true
    assert (scope.records, scope.rejects) == (counted.lines, 0)
    (folder / "large.jsonl").write_bytes(copied + b'{"type":"user","message":{"content":\n')
    got, scope = tokens_of(folder)
    assert got == counted.true
    assert (scope.records, scope.rejects) == (counted.lines + 1, 1)


def test_a_session_that_is_still_written(sessions: Path, tmp_path: Path) -> None:
    """Half a last line is no loss for the others in the folder, and nothing counts twice once it is whole."""
    folder, ledger = tmp_path / "projects", tmp_path / "ledger.duckdb"
    shutil.copytree(sessions, folder)
    largest = max(folder.rglob("*.jsonl"), key=lambda p: p.stat().st_size)
    whole = largest.read_bytes()
    largest.write_bytes(whole[: len(whole) * 2 // 3])
    _, scope = tokens_of(folder, ledger=ledger)
    assert scope.rejects == 1
    assert scope.records == scope.rows + scope.other + scope.rejects
    largest.write_bytes(whole)
    got, scope = tokens_of(folder, ledger=ledger)
    assert got == agent_sessions.count(sessions).true
    assert scope.rejects == 0


def totals(at: str, total: tuple[int, int, int], last: tuple[int, int, int]) -> dict[str, Any]:
    names = ("input_tokens", "cached_input_tokens", "output_tokens")
    usage = {f"{kind}_token_usage": dict(zip(names, n, strict=True)) for kind, n in (("total", total), ("last", last))}
    return {"timestamp": f"2025-10-09T{at}Z", "type": "event_msg", "payload": {"type": "token_count", "info": usage}}


def codex(path: Path, session: str, events: list[dict[str, Any]], forked_from: str | None = None) -> None:
    first = events[0]["timestamp"]
    meta = {"id": session, "cwd": "/w", "cli_version": "0.98.0", "source": "cli", "model_provider": "openai", "forked_from_id": forked_from}
    context = {"cwd": "/w", "model": "gpt-5-codex"}
    lines = [
        {"timestamp": first, "type": "session_meta", "payload": meta},
        {"timestamp": first, "type": "turn_context", "payload": context},
        *events,
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def codex_report(*paths: Path) -> Report:
    return analyze(list(paths), options=OPTIONS)


def test_codex_repeats_forks_and_archived_copies(tmp_path: Path) -> None:
    first, second = ((12000, 9000, 400), (12000, 9000, 400)), ((25000, 21000, 450), (13000, 12000, 50))
    parent = [
        totals("08:00:09.000", *first),
        totals("08:00:10.200", *first),
        totals("08:00:20.000", *second),
        totals("08:00:21.000", *second),
    ]
    replay = [
        totals("09:00:00.990", *first),
        totals("09:00:01.004", *second),
        totals("09:00:09.000", (39000, 34000, 500), (14000, 13000, 50)),
    ]
    codex(tmp_path / "sessions/parent.jsonl", "s-1", parent)
    codex(tmp_path / "archived_sessions/parent.jsonl", "s-1", parent)
    codex(tmp_path / "sessions/fork.jsonl", "s-2", replay, forked_from="s-1")

    report = codex_report(tmp_path)
    assert report.coverage.attempts == 3
    naive = report.coverage.naive_sum
    assert naive is not None
    assert naive.counted_tokens == 25450 + 14050
    assert naive.tokens == 2 * 2 * 25450 + 25450 + 14050  # each total twice, in two copies of the file, and again in the fork
    alone = codex_report(tmp_path / "sessions/fork.jsonl")
    assert alone.coverage.attempts == 1  # what the parent did is the parent's, also where its file is elsewhere
    model = alone.spend.by_model[0]
    assert (model.input_tokens, model.cache_read_tokens, model.output_tokens) == (14000, 13000, 50)


def test_the_samples() -> None:
    """Two agents, each with what makes a naive sum wrong: ten calls and four."""
    report = analyze([Path(__file__).resolve().parents[1] / "sample_logs" / "agents"], options=OPTIONS)
    assert {m.provider: m.calls for m in report.spend.by_model} == {"anthropic": 10, "openai": 4}
    coverage = report.coverage
    assert (coverage.rows, coverage.other_records, coverage.rejects) == (61, 35, 0)
    assert coverage.naive_sum is not None
    assert coverage.naive_sum.tokens > 4 * coverage.naive_sum.counted_tokens
