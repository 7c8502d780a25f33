"""Shell completion: the shell's script asks the program itself, by typer's protocol. Nothing of it is loaded in any other run."""

from __future__ import annotations

import os

SHELLS = ("bash", "zsh", "fish")
ASKED = "_INFERCHECK_COMPLETE"  # the shell's script sets it


def prepare() -> None:
    """Where a shell asks: make typer answer it. The application is built without that, since --help would pay for it."""
    if ASKED in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()


def script(shell: str) -> str:
    """The script for one of SHELLS."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    return get_completion_script(prog_name="infercheck", complete_var=ASKED, shell=shell)


def shells(incomplete: str) -> list[str]:
    """Names of shells."""
    return [name for name in SHELLS if name.startswith(incomplete)]


def schemas(incomplete: str) -> list[tuple[str, str]]:
    """Names of schemas."""
    from infercheck.contracts import CONTRACTS

    return [(name, contract.title) for name, contract in CONTRACTS.items() if name.startswith(incomplete)]


def rules(incomplete: str) -> list[tuple[str, str]]:
    """Names of the built-in rules, with their titles; of a list with commas, the last one."""
    from infercheck import rulebook

    head, comma, last = incomplete.rpartition(",")
    return [(f"{head}{comma}{rule.id}", rule.header.title) for rule in rulebook.load().selected() if rule.id.startswith(last)]


def pages(incomplete: str) -> list[tuple[str, str]]:
    """What `rules explain` has a page for: rules, views and fixes."""
    from infercheck import rulebook

    book = rulebook.load()
    entries = [*((r.id, r.header.title) for r in book.selected()), *((v.id, v.header.title) for v in book.views.values())]
    return [(name, title) for name, title in [*entries, *((i, f.title) for i, f in book.fixes.items())] if name.startswith(incomplete)]
