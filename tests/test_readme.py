"""The README shows what the program does today: its report, its rule and its config are run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from infercheck import AnalyzeOptions, analyze, cli, render
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


def test_the_own_format_section_runs_as_it_stands(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## Your own format") : text.index("## More than one machine")]
    monkeypatch.chdir(tmp_path)
    Path("gateway.jsonl").write_text(block("jsonl", "sentAt"), encoding="utf-8")
    lines = [shlex.split(line.split("#")[0]) for line in re.findall(r"^    (infercheck .*)$", section, re.MULTILINE)]
    assert [words[1] for words in lines] == ["sources", "sources", "analyze"]
    outputs = []
    for line in lines:
        words, target = (line[:-2], line[-1]) if ">>" in line else (line, "")
        code = cli.run(words[1:])
        outputs.append(capsys.readouterr().out)
        assert code == (3 if len(outputs) == 1 else 0)  # the first says that no format of the house fits
        if target:
            Path(target).write_text(outputs[-1], encoding="utf-8")
    assert outputs[1] in outputs[0]
    expected = f"<!-- mapping -->\n```toml\n{outputs[1]}```\n<!-- /mapping -->"
    if request.config.getoption("--update-golden", default=False):
        README.write_text(re.sub(r"<!-- mapping -->.*?<!-- /mapping -->", lambda _: expected, text, flags=re.DOTALL), encoding="utf-8")
        return
    assert expected in text, "if that is meant: pytest --update-golden tests/test_readme.py"
    cover = analyze(["gateway.jsonl"], options=AnalyzeOptions(use_ledger=False)).coverage
    assert (cover.attempts, cover.rejects, cover.cell_issues, cover.priced_share) == (3, 0, 0, 1.0)


def test_the_table_of_a_mapping_is_understood(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    table = text[text.index("| in a mapping | means |") : text.index("A record that does not fit")]
    entries = [word for row in table.splitlines()[2:] for word in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    columns = {"model", "provider", "status", "duration", "logged_cost", "started_at"}
    head = [e for e in entries if e.split(" = ")[0] not in columns]
    body = [e for e in entries if e.split(" = ")[0] in columns]
    assert {e.split(" = ")[0] for e in body} == columns
    path = tmp_path / "infercheck.toml"
    said = "\n".join(head).replace("[...]", '["t"]')
    path.write_text(f"[source.mine]\n{said}\n[source.mine.columns]\n" + "\n".join(body), encoding="utf-8")
    assert set(Config.load(path).source["mine"].columns) == columns


def test_every_command_that_it_names_exists(capsys: pytest.CaptureFixture[str]) -> None:
    named = set(
        re.findall(r"^    infercheck ([a-z]+(?: (?:claims|calls|test|detect|columns))?)", README.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {"analyze", "export claims", "rules test"} <= named
    for command in sorted(named):
        assert cli.run([*command.split(), "--help"]) == 0, command
    capsys.readouterr()
