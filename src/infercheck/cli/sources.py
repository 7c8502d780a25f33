"""infercheck sources"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _options as opt

if TYPE_CHECKING:
    from infercheck.sources import Source

ORDER = 6


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_sources)
    group.command("detect")(detect)
    group.command("columns")(list_columns)
    app.add_typer(group, name="sources", help="Log formats that can be read.\n\nExample: infercheck sources detect logs/today.jsonl")


def list_sources(config: opt.ConfigFile = None, verbose: opt.Verbose = False) -> None:
    """List the log formats, mappings of the config included. -v adds how each is recognised.

    \b
    Example:
      infercheck sources list
    """
    from infercheck.cli._output import style, write_text
    from infercheck.render.table import draw, sheet

    known = list(_known(config).values())
    if verbose:
        keys = {s.id: ", ".join(s.header.detect.all or s.header.detect.any or s.header.detect.files) for s in known}
        rows = [(s.id, "\n".join((s.header.title, s.header.description, f"keys: {keys[s.id]}"))) for s in known]
        write_text(sheet(rows, style()))
        return
    write_text(
        draw(["source", "reads", "title"], [[s.id, ", ".join(s.header.formats), s.header.title] for s in known], [False] * 3, style())
    )


def list_columns(verbose: opt.Verbose = False) -> None:
    """List the columns that a mapping ([source.NAME] in the config) can fill.

    \b
    Example:
      infercheck sources columns
    """
    from infercheck.cli._output import style, write_text
    from infercheck.model.mapping import MAPPABLE
    from infercheck.render.table import draw

    write_text(draw(["column", "what it means"], [[name, doc] for name, doc in MAPPABLE.items()], [False] * 2, style()))


def detect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log file.")],
    mapping: Annotated[bool, typer.Option("--mapping", help="Only the mapping, to append to infercheck.toml.")] = False,
    config: opt.ConfigFile = None,
    verbose: opt.Verbose = False,
) -> None:
    """Say which source would read a file. For a format that none knows: what it holds, and a mapping to paste into infercheck.toml.

    \b
    Examples:
      infercheck sources detect logs/today.jsonl
      infercheck sources detect logs/today.jsonl --mapping >> infercheck.toml
    """
    from infercheck import api, ingest
    from infercheck.cli import _stub
    from infercheck.cli._errors import say
    from infercheck.cli._output import write_text
    from infercheck.errors import InputError

    if file.is_dir():
        raise InputError("this is a folder", where=str(file), hint="name one file in it")
    if not file.is_file():
        raise InputError("there is no such file", where=str(file))
    known = _known(config)
    matches = api.detect(file, config=config)
    if not matches:
        raise InputError("this is no log: no JSON, CSV or Parquet", where=str(file), hint="see `infercheck sources list`")
    claims = [known[name] for name, score, _ in matches if score >= 1]
    if mapping:
        if claims and not claims[0].header.refuses:
            then = "a second mapping would leave open which one is meant" if claims[0].mapped else "this mapping would be used instead"
            say(f"note: {claims[0].id} reads this file already; {then}")
        write_text(_stub.toml(_stub.name_for(file, known), ingest.propose(file)))
        return
    _show_formats(matches if verbose or claims else matches[:3], known)
    if claims and (why := claims[0].header.refuses):
        raise InputError(why, where=str(file))
    if not claims:
        _show_fields(file, known)
        raise InputError(
            "no source reads this file",
            where=str(file),
            hint="the mapping above does, once it is in infercheck.toml; --mapping prints it alone",
        )


def _known(config: Path | None) -> Mapping[str, Source]:
    from infercheck import sources
    from infercheck.config import Config

    found = Config.load(config)
    return sources.known(found.source, where=found.where)


def _show_formats(matches: Sequence[tuple[str, float, Sequence[str]]], known: Mapping[str, Source]) -> None:
    from infercheck.cli._output import style, write_text
    from infercheck.render.figures import percent
    from infercheck.render.table import draw

    claims = {name: "refuses it" if known[name].header.refuses else "reads it" for name, _, _ in matches}
    rows = [[name, claims[name] if score >= 1 else percent(score), ", ".join(missing[:8])] for name, score, missing in matches]
    write_text(draw(["source", "fit", "what is missing"], rows, [False] * 3, style()))


def _show_fields(file: Path, known: Mapping[str, Source]) -> None:
    from infercheck import ingest
    from infercheck.cli import _stub
    from infercheck.cli._output import style, write_text
    from infercheck.render.table import draw

    proposal = ingest.propose(file)
    write_text("\n" + draw(["field", "in", "such as", "column"], _stub.rows(proposal), [False] * 4, style()))
    write_text(f"\n# For infercheck.toml:\n{_stub.toml(_stub.name_for(file, known), proposal)}")
