"""The command line: one file a command. The only place that prints, and the only one that picks an exit code.

Nothing heavy is imported here or at the top of a command's file: ``infercheck --help`` must not wait for a database.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer

from infercheck.cli import _complete
from infercheck.cli._errors import guarded


def main() -> None:
    """Entry point of the ``infercheck`` command. What it writes, the ledger and its log included, only its user may read."""
    os.umask(0o077)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to find those, the metadata of every installed package is read
    gc.set_threshold(500_000, 20, 20)  # nearly all that start-up makes is there to stay
    code = run(sys.argv[1:])
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process without taking the interpreter apart, which takes longer than many a command: by now every file is closed."""
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):  # closed already, or nobody reads it
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    _complete.prepare()
    return guarded(lambda: build(argv[0] if argv else "")(args=list(argv), prog_name="infercheck", standalone_mode=False), argv)


def build(wanted: str = "") -> typer.Typer:
    """The application. Every module of this package that has ``register`` is a command; ``ORDER`` says where help lists it.

    Where the ``wanted`` one is a command, the others are left out: to read the options of all takes longer than to carry out many a one.
    """
    app = typer.Typer(
        name="infercheck",
        help="Find out where your LLM money and your users' time go, from the logs that you already have.\n\n"
        "\b\nExamples:\n  infercheck demo\n  infercheck analyze logs/\n  infercheck analyze logs/ --format json -o report.json",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    )
    app.callback()(_root)
    names = [m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"]
    modules: list[Any] = [importlib.import_module(f"{__name__}.{name}") for name in ([wanted] if wanted in names else names)]
    for module in sorted((m for m in modules if hasattr(m, "register")), key=lambda m: (m.ORDER, m.__name__)):
        module.register(app)
    return app


def _version(on: bool) -> None:
    if on:
        from infercheck import __version__

        typer.echo(f"infercheck {__version__}")
        raise typer.Exit


def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)] = False) -> None:
    pass
