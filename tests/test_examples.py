"""Every rule, view and fix file is discovered and runs its own examples; none is listed by hand."""

from __future__ import annotations

import pytest

from infercheck import examples, rulebook, sqlcheck
from infercheck.diagnose import check_requirement
from infercheck.engine.duckdb import Engine
from infercheck.model.call import CLOCK_TABLES, CONFIG_TABLES, TABLES
from infercheck.rulebook import Rule, View

BOOK = rulebook.load()
OWNERS: list[Rule | View] = [*BOOK.views.values(), *BOOK.rules.values()]


@pytest.mark.parametrize(("owner", "example"), [pytest.param(o, e, id=f"{o.id}-{e.name}") for o in OWNERS for e in o.header.example])
def test_example(owner: Rule | View, example: object) -> None:
    results = {r.example: r.problem for r in examples.run(BOOK, [owner])}
    assert not results[example.name], results[example.name]  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.id) for r in BOOK.rules.values() if r.header.kind == "rule"])
def test_rule_fires_and_stays_silent(rule: Rule) -> None:
    assert any(e.claims and len(e.claims.strip().splitlines()) > 1 for e in rule.header.example), "no example that fires"
    assert any(not (e.claims or "").strip() for e in rule.header.example), "no example that stays silent"


def test_own_files_say_what_any_rule_may_say() -> None:
    """They are not checked when they run, as a user's are; and the views they read are told by the words after FROM and JOIN."""
    known = frozenset(TABLES) | frozenset(CONFIG_TABLES) | frozenset(CLOCK_TABLES) | frozenset(BOOK.views)
    with Engine(threads=1) as engine:
        for owner in OWNERS:
            assert owner.builtin
            sql = sqlcheck.bind(owner.file.body, owner.params(), where=owner.file.where).rstrip().rstrip(";")
            read = sqlcheck.check(engine.serialized_statements(sql), where=owner.file.where, line=1, known_tables=known, sql=sql)
            assert owner.file.tables & BOOK.views.keys() == read & BOOK.views.keys(), owner.id
            for requirement in owner.header.requires if isinstance(owner, Rule) else ():
                check_requirement(engine, owner.file, sqlcheck.bind(requirement.sql, owner.params(), where=owner.file.where))


def test_every_view_column_has_a_comment() -> None:
    for view in BOOK.views.values():
        assert all(len(text) > 3 for text in view.header.columns.values()), view.id


def test_every_rule_names_an_existing_fix() -> None:
    for rule in BOOK.rules.values():
        assert rule.header.fix in BOOK.fixes, rule.id
