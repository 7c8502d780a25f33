"""The README shows what the program does today: its report, its rule and its config are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infercheck import AnalyzeOptions, analyze, render
from infercheck.config import Config
from infercheck.render import Style

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"


def block(language: str, holding: str) -> str:
    """The fenced block of a language that holds a word."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return next(text for text in blocks if holding in text)


def test_the_report_is_the_demos(request: pytest.FixtureRequest) -> None:
    report = analyze([ROOT / "sample_logs" / "demo"], options=AnalyzeOptions(use_ledger=False))
    drawn = render.get("text").render(report, Style(width=100, color=False, unicode=True))
    shown = str(drawn).split("\nStep 1")[0].rstrip()
    expected = "<!-- demo -->\n```text\n" + shown.replace(str(ROOT) + "/", "").strip("\n") + "\n```\n<!-- /demo -->"
    text = README.read_text(encoding="utf-8")
    found = re.search(r"<!-- demo -->.*?<!-- /demo -->", text, re.DOTALL)
    assert found
    if request.config.getoption("--update-golden", default=False):
        README.write_text(text.replace(found[0], expected), encoding="utf-8")
        return
    assert found[0] == expected, "if that is meant: pytest --update-golden tests/test_readme.py"


def test_the_rule_passes_its_own_examples(tmp_path: Path) -> None:
    from infercheck import examples, rulebook

    folder = tmp_path / "2_waste"
    folder.mkdir()
    (folder / "long_answer.sql").write_text(block("sql", "trim_output_tokens"), encoding="utf-8")
    book = rulebook.load([tmp_path])
    assert [r.problem for r in examples.run(book, [book.rules["long_answer"]])] == ["", ""]


def test_the_config_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "infercheck.toml"
    path.write_text(block("toml", "[[workload]]"), encoding="utf-8")
    config = Config.load(path)
    assert config.workload[0].route_to == "openai/gpt-4o-mini"
    assert config.rule_params == {"retry_storm": {"min_sends": 4}}


def test_every_command_that_it_names_exists(capsys: pytest.CaptureFixture[str]) -> None:
    from infercheck import cli

    named = set(re.findall(r"^    infercheck ([a-z]+(?: (?:claims|calls|test|detect))?)", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert {"analyze", "export claims", "rules test"} <= named
    for command in sorted(named):
        assert cli.run([*command.split(), "--help"]) == 0, command
    capsys.readouterr()
