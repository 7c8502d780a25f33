"""One new thing is one new file: a rule or a view in a folder of one's own, a source or a renderer beside the others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import logs
from infercheck import AnalyzeOptions, analyze, cli, render, rulebook, sources

Capture = pytest.CaptureFixture[str]

VIEW = """/*---
kind = "view"
title = "Calls at night"
why = "Nobody waits at three."

[columns]
call_id = "the call"
workload = "as in call_workloads"

[params.until_hour]
default = 6
help = "before most people are at work"

[[example]]
name = "three in the morning, beside noon"
calls = '''
call_id  workload  started_at
a        w         10800
b        w         43200
'''
rows = '''
call_id
a
'''
---*/
SELECT c.call_id, w.workload
FROM calls AS c
JOIN call_workloads AS w ON w.call_id = c.call_id
WHERE hour(c.started_at) < $until_hour
"""
RULE = """/*---
title = "Premium at night"
why = "Nobody reads it before morning, so a slower tier would do."
action = "{subject}: move {calls} night calls to the batch tier ({evidence_of} seen)"
fix = "batching"
grade = "heuristic"
needs = ["started_at"]
false_positives = "An on-call bot."

[params.min_calls]
default = 2
help = "one call is nobody's habit"

[[example]]
name = "two at night"
calls = '''
call_id  workload  started_at
a        w         10800
b        w         10900
c        w         43200
'''
claims = '''
call_id  service_tier
a        batch
b        batch
'''

[[example]]
name = "one at night is none"
calls = '''
call_id  workload  started_at
a        w         10800
c        w         43200
'''
claims = ""
---*/
SELECT call_id, workload AS subject, 'batch' AS service_tier, nights AS evidence_evidence_of
FROM (SELECT call_id, workload, count(*) OVER (PARTITION BY workload) AS nights FROM night_calls)
WHERE nights >= $min_calls
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of one's own rules: one view, one rule."""
    folder = tmp_path / "own"
    for name, text in (("views/night_calls.sql", VIEW), ("3_traffic_mixing/night_premium.sql", RULE)):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return logs.write(tmp_path / "log.jsonl", logs.working_day())


def test_a_rule_and_a_view_of_ones_own_reach_the_report(own: Path, log: Path) -> None:
    options = AnalyzeOptions(use_ledger=False, rules=(own,))
    report = analyze([log], options=options)
    found = {f.subject: f for f in report.findings if f.rule == "night_premium"}
    assert set(found) == {"faq-bot", "help-desk"}
    assert found["faq-bot"].step == 3
    assert (found["faq-bot"].counted_once_usd or 0) > 0
    lines = [item.what for item in report.plan if item.fix == "batching" and item.subject == "faq-bot"]
    assert re.search(r"faq-bot: move \d+ night calls to the batch tier \(\d+ seen\)", " ".join(lines))
    assert sum(item.saves_usd or 0 for item in report.plan) == report.plan_total_usd
    assert not [f for f in analyze([log], options=AnalyzeOptions(use_ledger=False)).findings if f.rule == "night_premium"]


def test_a_rule_of_ones_own_reads_every_column_of_a_view(own: Path, log: Path) -> None:
    (own / "views" / "night_calls.sql").unlink()
    reading = """FROM (
    SELECT p.call_id, p.workload, count(p.unit_id) OVER (PARTITION BY p.workload, p.caller IS NULL) AS nights
    FROM priced_calls AS p JOIN calls AS c ON c.call_id = p.call_id WHERE hour(c.started_at) < 6)"""
    path = own / "3_traffic_mixing" / "night_premium.sql"
    path.write_text(re.sub(r"FROM \(SELECT call_id.*", reading, RULE), encoding="utf-8")
    found = [f for f in analyze([log], options=AnalyzeOptions(use_ledger=False, rules=(own,))).findings if f.rule == "night_premium"]
    assert {f.subject for f in found} == {"faq-bot", "help-desk"}


def test_its_parameters_are_set_by_config(own: Path, log: Path, tmp_path: Path) -> None:
    config = tmp_path / "infercheck.toml"
    config.write_text("[rules.night_premium]\nmin_calls = 1000\n[rules.night_calls]\nuntil_hour = 24\n", encoding="utf-8")
    options = AnalyzeOptions(use_ledger=False, rules=(own,), config=config, select=("night_premium",))
    assert analyze([log], options=options).findings == []


def test_rules_test_runs_its_examples(own: Path, capsys: Capture) -> None:
    assert cli.run(["rules", "test", str(own)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split("  ")[0] for line in out.splitlines()] == ["ok night_premium", "ok night_premium", "ok night_calls"]


def test_rules_test_says_what_is_wrong(own: Path, capsys: Capture) -> None:
    path = own / "3_traffic_mixing" / "night_premium.sql"
    path.write_text(RULE.replace("b        batch\n", "c        batch\n"), encoding="utf-8")
    assert cli.run(["rules", "test", str(own)]) == 1
    out, err = capsys.readouterr()
    assert "FAIL night_premium" in out
    said = " ".join(out.split())
    assert "missing {call_id: c, service_tier: batch}; unexpected {call_id: b, service_tier: batch}" in said
    assert err == f"infercheck: error: {own}: 1 of 3 examples failed\n"


def test_rules_test_of_a_folder_without_rules(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["rules", "test", str(tmp_path)]) == 2
    assert "no rule here" in capsys.readouterr().err


def test_list_and_explain(own: Path, capsys: Capture) -> None:
    assert cli.run(["rules", "list", "--rules", str(own), "--format", "json"]) == 0
    rows = {row["rule"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["night_premium"] == {
        "step": "3", "rule": "night_premium", "title": "Premium at night", "grade": "heuristic", "fix": "batching"
    }  # fmt: skip
    assert cli.run(["rules", "explain", "night_premium", "--rules", str(own)]) == 0
    page = capsys.readouterr().out
    for part in (
        "Premium at night",
        "Nobody reads it before morning",
        "An on-call bot.",
        "$min_calls",
        "one call is nobody's habit (default 2;",
        "heuristic: likely, look before you act",
        "claims:",
    ):
        assert part in page
    assert "SELECT" not in page
    assert cli.run(["rules", "explain", "night_calls", "--rules", str(own), "-v"]) == 0
    page = capsys.readouterr().out
    for part in ("Calls at night", "as in call_workloads", "three in the morning", "WHERE hour(c.started_at) < $until_hour"):
        assert part in page


@pytest.mark.parametrize("name", sorted({**rulebook.load().rules, **rulebook.load().views, **rulebook.load().fixes}))
def test_everything_that_comes_along_can_be_explained(name: str, capsys: Capture) -> None:
    assert cli.run(["rules", "explain", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith(name)
    assert "rules " in out if name in rulebook.load().fixes else not re.search(r"\bNone\b", out)


def test_a_view_of_ones_own_can_be_queried(own: Path, log: Path, capsys: Capture) -> None:
    ask = "SELECT workload, count(*) AS calls FROM night_calls GROUP BY workload ORDER BY workload"
    assert cli.run(["query", ask, str(log), "--no-ledger", "--rules", str(own), "-f", "json"]) == 0
    assert [row["workload"] for row in json.loads(capsys.readouterr().out)] == ["faq-bot", "help-desk"]


def test_two_folders_of_rules(own: Path, log: Path, tmp_path: Path, capsys: Capture) -> None:
    other = tmp_path / "other" / "2_retries_and_waste"
    other.mkdir(parents=True)
    (other / "night_again.sql").write_text(RULE, encoding="utf-8")
    argv = [
        "analyze",
        str(log),
        "--no-ledger",
        "--rules",
        str(own),
        "--rules",
        str(other.parent),
        "--select",
        "night_premium,night_again",
        "-f",
        "json",
    ]
    assert cli.run(argv) == 0
    assert {f["rule"] for f in json.loads(capsys.readouterr().out)["findings"]} == {"night_premium", "night_again"}


# --- a renderer and a source: files beside the others


@pytest.fixture
def fresh() -> Iterator[None]:
    """What is found once is remembered; here it is looked for again, and forgotten afterwards."""
    render._renderers.cache_clear()
    sources.load.cache_clear()
    yield
    render._renderers.cache_clear()
    sources.load.cache_clear()


def test_a_renderer_discovers_itself(fresh: None, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    text = 'NAME = "haiku"\nSUFFIX = ".haiku"\n\n\ndef render(report, style=None):\n    return f"{report.coverage.attempts} calls\\n"\n'
    (folder / "haiku.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(render, "__path__", [*render.__path__, str(folder)])
    assert "haiku" in render.names()
    assert cli.run(["analyze", str(log), "--no-ledger", "--format", "haiku"]) == 0
    assert capsys.readouterr().out == "48 calls\n"
    assert cli.run(["analyze", str(log), "--no-ledger", "-o", str(tmp_path / "r.haiku")]) == 0
    assert (tmp_path / "r.haiku").read_text("utf-8") == "48 calls\n"


SOURCE = '''/*---
kind = "source"
title = "A home-made log"
description = "One line a call."
formats = ["jsonl"]

[detect]
all = ["our_call", "tokens_in"]

[columns]
our_call = "VARCHAR"
when = "VARCHAR"
tokens_in = "VARCHAR"
tokens_out = "VARCHAR"
llm = "VARCHAR"

[[example]]
name = "one call"
format = "jsonl"
input = """
{"our_call":"c1","when":"2026-11-03T09:00:00Z","tokens_in":10,"tokens_out":2,"llm":"gpt-4o"}
"""
calls = [{ source_call_id = "c1", input_tokens = 10, model = "gpt-4o" }]
---*/
SELECT
    file, line,
    our_call AS source_call_id, our_call AS request_id, our_call AS attempt_key,
    'chat' AS operation, 'ok' AS status, "when" AS started_at,
    'openai' AS provider, llm AS model, tokens_in AS input_tokens, tokens_out AS output_tokens
FROM raw
'''


class _Folders:
    """The package's own files and those of one more folder."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def iterdir(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from folder.iterdir()

    def __truediv__(self, name: str) -> Path:
        return self._folders[0] / name


def test_a_source_discovers_itself(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "home_made.sql").write_text(SOURCE, encoding="utf-8")
    own = Path(sources.__file__).parent
    monkeypatch.setattr(sources.resources, "files", lambda _: _Folders(own, folder))
    lines = [
        {"our_call": f"c{n}", "when": f"2026-11-03T09:0{n}:00Z", "tokens_in": 1000, "tokens_out": 100, "llm": "gpt-4o"} for n in range(5)
    ]
    log = logs.write(tmp_path / "a.jsonl", lines)
    assert cli.run(["sources", "detect", str(log)]) == 0
    assert re.search(r"home_made +reads it", capsys.readouterr().out)
    assert cli.run(["analyze", str(log), "--no-ledger", "-f", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["coverage"]["attempts"], data["spend"]["by_model"][0]["input_tokens"]) == (5, 5000)
    assert data["headline"]["spend_usd"] == pytest.approx(5 * (1000 * 2.5 + 100 * 10) / 1e6)
