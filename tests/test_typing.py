"""A trace that holds a whole conversation: what a person takes between turns is no latency, neither in the report nor in the gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import cli

TALKS, TURNS = 60, 3
Ran = Callable[..., tuple[int, str]]


def conversations(*, typing_s: float, took_s: float = 2.0, prompts: bool = True) -> list[dict[str, Any]]:
    """Chats of TURNS turns, each chat under one trace id."""
    rows = []
    for talk in range(TALKS):
        at = talk * 3600.0
        messages: list[dict[str, str]] = []
        for turn in range(TURNS):
            row = logs.call(
                talk * TURNS + turn, at_s=at, user=f"user-{talk}", took_s=took_s, first_s=0.5, tokens=(400 + 100 * turn, 100 + talk % 7)
            )
            asked = row["messages"][-1]
            messages = [*(messages or row["messages"][:1]), asked]
            answer = row["response"]["choices"][0]["message"]
            rows.append(row | {"trace_id": f"talk-{talk}", "messages": list(messages)})
            messages = [*messages, {"role": "assistant", "content": answer["content"]}]
            at += took_s + typing_s * (1 + turn % 2)
    return rows if prompts else [logs.without_prompts(row) for row in rows]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    """A command line without a ledger: its exit code and what it printed."""

    def ran(*argv: str) -> tuple[int, str]:
        return cli.run([*argv, "--no-ledger"]), capsys.readouterr().out

    return ran


def waits(ran: Ran, path: Path) -> tuple[dict[str, Any], float]:
    """The report's latency, and the mean of all that its path is made of."""
    code, out = ran("analyze", str(path), "-q", "-f", "json")
    assert code == 0
    report = json.loads(out)
    return report["headline"]["interactive"], sum(part["mean_ms"] for part in report["latency"]["path"])


def test_a_conversation_takes_what_its_turns_take(tmp_path: Path, ran: Ran) -> None:
    live, path = waits(ran, logs.write(tmp_path / "talks.jsonl", conversations(typing_s=40)))
    assert live["traces"] == live["typing_traces"] == TALKS
    assert live["p50_ms"] == pytest.approx(TURNS * 2000, abs=1)
    assert live["p95_ms"] == pytest.approx(TURNS * 2000, abs=1)
    assert live["typing_ms"] == pytest.approx(120_000, abs=1)
    assert path == pytest.approx(TURNS * 2000, abs=1)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_report_says_what_it_left_out(tmp_path: Path, ran: Ran, form: str) -> None:
    path = logs.write(tmp_path / "talks.jsonl", conversations(typing_s=40))
    _, out = ran("analyze", str(path), "-f", form)
    assert "2.0 min a conversation, in which a person read and wrote (60 of 60 requests)" in " ".join(out.split())


def test_without_prompts_nobody_can_tell_a_person_from_a_silent_tool(tmp_path: Path, ran: Ran) -> None:
    path = logs.write(tmp_path / "talks.jsonl", conversations(typing_s=40, prompts=False))
    live, mean = waits(ran, path)
    assert live["typing_traces"] == 0
    assert live["typing_ms"] is None
    assert live["traces"] == live["blind_traces"] == TALKS
    assert live["blind_ms"] == pytest.approx(120_000, abs=1)
    assert live["p50_ms"] == mean == pytest.approx(TURNS * 2000, abs=1)
    for form in ("text", "markdown", "html"):
        out = " ".join(ran("analyze", str(path), "-f", form)[1].split())
        assert "2.0 min a request, in long pauses between its calls (60 of 60 requests)" in out
        assert "cannot be told from a tool that logs nothing" in out
        assert "a person may have written, or a silent tool worked, are in neither" in out
    assert ran("check", str(path), "--budget", "interactive_p95_ms=7000")[0] == 0


def test_an_agent_that_asks_for_tools_waits_for_them(tmp_path: Path, ran: Ran) -> None:
    rows = conversations(typing_s=40, prompts=False)
    for row in rows:
        row["response"] = {"choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "content": None}}]}
    live, _ = waits(ran, logs.write(tmp_path / "agent.jsonl", rows))
    assert live["blind_traces"] == 0
    assert live["p50_ms"] == pytest.approx(TURNS * 2000 + 120_000, abs=1)


def test_the_gate_is_no_judge_of_how_fast_people_type(tmp_path: Path, ran: Ran) -> None:
    budget = ("--budget", "interactive_p95_ms=7000")
    slow_hands = logs.write(tmp_path / "slow_hands.jsonl", conversations(typing_s=90))
    slow_model = logs.write(tmp_path / "slow_model.jsonl", conversations(typing_s=20, took_s=4))
    assert ran("check", str(slow_hands), *budget)[0] == 0
    assert ran("check", str(slow_model), *budget)[0] == 1
