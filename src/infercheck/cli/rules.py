"""infercheck rules"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _complete
from infercheck.cli import _options as opt

if TYPE_CHECKING:
    from infercheck.rulebook import Rule, View

ORDER = 5


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_rules)
    group.command("explain")(explain)
    group.command("test")(test)
    app.add_typer(group, name="rules", help="List, explain and test rules.\n\nExample: infercheck rules explain retry_storm")


def list_rules(
    views: Annotated[bool, typer.Option("--views", help="The tables that rules and `query` read.")] = False,
    fixes: Annotated[bool, typer.Option("--fixes", help="The fixes that rules name.")] = False,
    rules: opt.RuleDirs = None,
    format: Annotated[str, typer.Option("--format", "-f", metavar="text|json")] = "text",
    verbose: opt.Verbose = False,
) -> None:
    """List the rules by step.

    \b
    Examples:
      infercheck rules list
      infercheck rules list --views
      infercheck rules list --rules my_rules/ --format json
    """
    from infercheck import rulebook

    book = rulebook.load(rules or ())
    if views:
        _table(["view", "what it holds"], [[v.id, v.header.title] for v in sorted(book.views.values(), key=lambda v: v.id)], format)
    elif fixes:
        _table(["fix", "title", "effort", "risk"], [[i, f.title, f.effort, f.risk] for i, f in sorted(book.fixes.items())], format)
    else:
        rows = [[str(r.step), r.id, r.header.title, r.header.grade, r.header.fix] for r in book.selected()]
        _table(["step", "rule", "title", "grade", "fix"], rows, format)


def explain(
    id: Annotated[str, typer.Argument(metavar="ID", help="A rule, a view or a fix.", autocompletion=_complete.pages)],
    rules: opt.RuleDirs = None,
    verbose: opt.Verbose = False,
) -> None:
    """Print a rule's page: what it claims, why that is bad, how sure it may be, an example, its parameters. -v adds all examples and the SQL.

    \b
    Examples:
      infercheck rules explain retry_storm
      infercheck rules explain routing -v
    """
    import difflib

    from infercheck import rulebook
    from infercheck.cli._explain import page
    from infercheck.cli._output import style, write_text
    from infercheck.errors import UsageError
    from infercheck.render.table import sheet

    book = rulebook.load(rules or ())
    owners = [*book.fixes, *book.views, *book.rules]
    if id not in owners:
        close = difflib.get_close_matches(id, owners, n=1)
        raise UsageError(
            f"there is no rule, view or fix {id!r}", hint=f"did you mean {close[0]}?" if close else "see `infercheck rules list`"
        )
    write_text(sheet(page(id, book, verbose), style()))


def test(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Your own rules, laid out like rules/; without it, those that come along.")
    ] = None,
    verbose: opt.Verbose = False,
) -> None:
    """Run the examples of rules and views: each must claim what its header says, and nothing else. Exit 1 if one does not.

    \b
    Examples:
      infercheck rules test my_rules/
      infercheck rules test
    """
    from infercheck import examples, rulebook
    from infercheck.cli._output import style, write_text
    from infercheck.errors import GateFailed, UsageError
    from infercheck.render.table import sheet

    builtin = rulebook.load()
    own = folder if folder is not None and folder.resolve() != Path(str(rulebook.builtin_folder())).resolve() else None
    book = builtin if own is None else rulebook.load([own])
    owners: list[Rule | View] = [r for r in book.rules.values() if own is None or not r.builtin]
    owners += [v for v in book.views.values() if own is None or v.id not in builtin.views]
    if not owners:
        raise UsageError(
            "no rule here", where=str(folder), hint="a rule lies in a folder named after its step, such as 2_retries_and_waste/"
        )
    outcomes = examples.run(book, owners)
    rows = [(f"{'FAIL' if o.problem else 'ok'} {o.owner}", o.example + (f": {o.problem}" if o.problem else "")) for o in outcomes]
    write_text(sheet(rows, style()))
    failed = sum(bool(o.problem) for o in outcomes)
    if failed:
        raise GateFailed(f"{failed} of {len(outcomes)} examples failed", where=str(folder or "rules"))


def _table(columns: list[str], rows: list[list[str]], format: str) -> None:
    from infercheck.cli._output import style, write, write_text
    from infercheck.errors import UsageError
    from infercheck.render.json import dumps
    from infercheck.render.table import draw

    if format == "json":
        write(dumps([dict(zip(columns, row, strict=True)) for row in rows]) + "\n", None)
    elif format == "text":
        write_text(draw(columns, rows, [False] * len(columns), style()))
    else:
        raise UsageError(f"there is no format {format!r}", where="--format", hint="known: text, json")
