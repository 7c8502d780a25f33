"""infercheck sources"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infercheck.cli import _options as opt

ORDER = 6


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_sources)
    group.command("detect")(detect)
    app.add_typer(group, name="sources", help="Log formats that can be read.\n\nExample: infercheck sources detect logs/today.jsonl")


def list_sources(verbose: opt.Verbose = False) -> None:
    """List the log formats. -v adds how each is recognised.

    \b
    Example:
      infercheck sources list
    """
    from infercheck import sources
    from infercheck.cli._output import style, write_text
    from infercheck.render.table import draw, sheet

    known = list(sources.load().values())
    if verbose:
        keys = {s.id: ", ".join(s.header.detect.all or s.header.detect.any) for s in known}
        rows = [(s.id, "\n".join((s.header.title, s.header.description, f"keys: {keys[s.id]}"))) for s in known]
        write_text(sheet(rows, style()))
        return
    write_text(
        draw(["source", "reads", "title"], [[s.id, ", ".join(s.header.formats), s.header.title] for s in known], [False] * 3, style())
    )


def detect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log file.")],
    verbose: opt.Verbose = False,
) -> None:
    """Say which source would read a file, and what the others miss.

    \b
    Example:
      infercheck sources detect logs/today.jsonl
    """
    from infercheck import api, sources
    from infercheck.cli._output import style, write_text
    from infercheck.errors import InputError
    from infercheck.render.figures import percent
    from infercheck.render.table import draw

    if not file.is_file():
        raise InputError("there is no such file", where=str(file))
    matches = api.detect(file)
    if not matches:
        raise InputError("no source reads such a file", where=str(file), hint="see `infercheck sources list`")
    known = sources.load()
    claims = {name: "refuses it" if known[name].header.refuses else "reads it" for name, _, _ in matches}
    rows = [[name, claims[name] if score >= 1 else percent(score), ", ".join(missing[:8])] for name, score, missing in matches]
    write_text(draw(["source", "fit", "what is missing"], rows, [False] * 3, style()))
    if matches[0][1] >= 1 and (why := known[matches[0][0]].header.refuses):
        raise InputError(why, where=str(file))
    if matches[0][1] < 1:
        raise InputError("no source reads this file", where=str(file), hint=f"closest: {matches[0][0]}")
