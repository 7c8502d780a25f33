"""The eight fixes: every snippet can be pasted, and every one says how to see that it worked."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import get_args

import pytest

from infercheck import rulebook
from infercheck.config import Config
from infercheck.model.rule import Fix, FixId, Snippet

FIXES = rulebook.load().fixes
SNIPPETS = [pytest.param(s, id=f"{name}-{s.tool}") for name, fix in FIXES.items() for s in fix.snippet]


def test_there_are_the_eight_and_each_is_named_by_a_rule() -> None:
    assert set(FIXES) == set(get_args(FixId))
    assert set(FIXES) == {rule.header.fix for rule in rulebook.load().rules.values()}


@pytest.mark.parametrize("fix", [pytest.param(f, id=name) for name, f in FIXES.items()])
def test_a_fix_says_what_to_change_and_how_to_verify_it(fix: Fix) -> None:
    assert "infercheck diff BEFORE AFTER" in fix.verify
    assert fix.snippet
    assert min(map(len, (fix.how, fix.answers, fix.risk_note))) > 40


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_can_be_pasted(snippet: Snippet, tmp_path: Path) -> None:
    match snippet.language:
        case "python":
            ast.parse(snippet.text)
        case "json":
            json.loads(snippet.text)
        case "toml":
            (tmp_path / "infercheck.toml").write_text(snippet.text, encoding="utf-8")
            Config.load(tmp_path / "infercheck.toml")
        case "yaml":
            lines = [line for line in snippet.text.splitlines() if line.strip()]
            assert not any("\t" in line for line in lines)
            assert all((len(line) - len(line.lstrip(" "))) % 2 == 0 for line in lines)
        case other:
            assert other == "bash"
