"""Where output goes: reports and tables to standard output or a file, everything else to stderr."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infercheck.cli._errors import silence_stdout
from infercheck.errors import InputError, UsageError

if TYPE_CHECKING:
    from infercheck.model.gate import GateReport
    from infercheck.model.report import Report
    from infercheck.render import Renderer, Style
    from infercheck.render.gate import GateRenderer

WIDTH = 100  # of a pipe or a file
_WIDEST = 160  # lines beyond that are hard to read


# Endings that name what a program opens the file with. Content of another kind below one of them is found out late, by somebody else.
_TELLING = frozenset(
    {*(".csv", ".tsv", ".parquet", ".xlsx", ".xls", ".ods", ".json", ".jsonl", ".ndjson", ".html", ".htm", ".md", ".markdown"),
     *(".pdf", ".docx", ".xml", ".sarif", ".yaml", ".yml", ".toml", ".png", ".svg", ".gz", ".zip", ".zst", ".duckdb", ".db")}
)  # fmt: skip


def refuse_ending(output: Path | None, writes: Iterable[str]) -> None:
    """UsageError where ``output`` ends as a format that is none of ``writes``, the endings of what the command writes. Any other ending is a name
    like any: report.txt, out.log. To be asked where no ``--format`` says what the file is to hold."""
    able = _TELLING & {*writes}
    if output is not None and output.suffix.lower() in _TELLING - able:
        raise UsageError(f"this command does not write {output.suffix}", where=str(output), hint=f"known: {', '.join(sorted(able))}")


def by_ending(name: str | None, output: Path | None, formats: Sequence[str]) -> str:
    """The format of that name, else the one that ``output`` ends with, else the first. UsageError for one that is none of ``formats``."""
    if name is None:
        refuse_ending(output, [f".{known}" for known in formats])
    ending = output.suffix.lstrip(".").lower() if output else ""
    chosen = name or (ending if ending in formats else formats[0])
    if chosen not in formats:
        raise UsageError(f"there is no format {chosen!r}", where="--format", hint=f"known: {', '.join(formats)}")
    return chosen


def refuse_overwriting(output: Path | None, inputs: Sequence[str | Path | None], config: Path | None) -> None:
    """UsageError where ``output`` is one of the ``inputs``, or a log in a folder among them. What is no log there, such as an earlier report,
    may be written again. To be asked before the logs are read, which may take minutes."""
    if output is None or not output.is_file():
        return
    from infercheck import sources
    from infercheck.config import Config
    from infercheck.engine.duckdb import Engine
    from infercheck.ingest import inputs as files
    from infercheck.ingest import ledger, plan

    found = Config.load(config)
    among = sources.known(found.source, where=found.where)
    with contextlib.suppress(InputError), Engine(threads=1) as engine:  # what cannot be read is said by the command itself
        same = [f for f in files.find([str(path) for path in inputs if path and path != "-"], Path(os.devnull)) if f.path.samefile(output)]
        ledger.prepare(engine)
        if any(f.named for f in same) or plan.make(engine, same, among).readings:
            raise UsageError("this is one of the files being read", where=str(output), hint="write to another one")


def write(content: str | bytes, output: Path | None) -> None:
    """To ``output`` (whole or not at all), else to standard output. A reader that left early is no error."""
    write_parts([content.encode("utf-8") if isinstance(content, str) else content], output)


def write_parts(parts: Iterable[bytes], output: Path | None) -> None:
    """The same part by part, each of whole characters."""
    if output is not None:
        _write_file(parts, output)
        return
    try:
        buffer = getattr(sys.stdout, "buffer", None)
        sys.stdout.flush()
        for part in parts:
            if buffer is None:
                sys.stdout.write(part.decode("utf-8", "replace"))
            else:
                buffer.write(part)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
    except OSError as err:
        silence_stdout()
        raise UsageError(f"cannot be written: {err.strerror or err}", where="standard output") from err


def write_text(text: str, output: Path | None = None) -> None:
    """Text for people: in the encoding of the terminal."""
    encoding = sys.stdout.encoding or "utf-8"
    write(text.encode("utf-8" if output else encoding, "replace"), output)


def write_report(report: Report, renderer: Renderer, output: Path | None, *, verbose: bool, quiet: bool, tz: str) -> None:
    """Draw and write a report."""
    _write_drawn(renderer.render(report, style(output, verbose=verbose, quiet=quiet, tz=tz)), renderer, output)


def write_gate(report: GateReport, renderer: GateRenderer, output: Path | None, *, verbose: bool, quiet: bool, tz: str) -> None:
    """Draw and write the gate's result; as annotations of GitHub Actions, also as Markdown into the step's summary."""
    _write_drawn(renderer.render(report, style(output, verbose=verbose, quiet=quiet, tz=tz)), renderer, output)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if renderer.NAME == "github" and summary:
        from infercheck.render.gate import markdown

        with Path(summary).open("a", encoding="utf-8", newline="\n") as page:
            page.write(markdown.render(report, style(output, tz=tz)))


def _write_drawn(drawn: str | bytes, renderer: Renderer | GateRenderer, output: Path | None) -> None:
    if isinstance(drawn, bytes) and output is None and sys.stdout.isatty():
        raise UsageError(f"{renderer.NAME} is no text for a terminal", where="--format", hint=f"add -o report{renderer.SUFFIX}")
    if renderer.NAME == "text" and isinstance(drawn, str):
        write_text(drawn, output)
    else:
        write(drawn, output)


def renderer_for(name: str | None, output: Path | None) -> Renderer:
    """By ``--format``, else by the ending of the output file, else text. UsageError where it lacks what it needs."""
    from infercheck import render

    if name is None:
        refuse_ending(output, (render.get(known).SUFFIX for known in render.names()))
    found = render.get(name) if name is not None else (render.for_suffix(output.suffix) if output else None) or render.get("text")
    getattr(found, "ready", lambda: None)()
    return found


def gate_renderer_for(name: str | None, output: Path | None) -> GateRenderer:
    """By ``--format``, else by the ending of the output file, else text."""
    from infercheck.render import gate

    if name is not None:
        return gate.get(name)
    refuse_ending(output, (gate.get(known).SUFFIX for known in gate.names()))
    return (gate.for_suffix(output.suffix) if output else None) or gate.get("text")


def style(output: Path | None = None, *, verbose: bool = False, quiet: bool = False, tz: str = "UTC") -> Style:
    """What the terminal can do."""
    from infercheck.render import Style

    terminal = output is None and sys.stdout.isatty()
    color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(width=_width(terminal), color=color, unicode=output is not None or _unicode(), verbose=verbose, quiet=quiet, tz=tz)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[..., None] | None]:
    """A progress line on a terminal; None where stderr is none."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from infercheck.cli._progress import ProgressLine

    bar = ProgressLine()
    try:
        yield bar.event
    finally:
        bar.close()


def _width(terminal: bool) -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return min(int(columns), _WIDEST)
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, _WIDEST) if terminal else WIDTH


def _unicode() -> bool:
    from infercheck.render._bars import DRAWN_WITH

    try:
        f"–…·×≥{DRAWN_WITH}".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _write_file(parts: Iterable[bytes], output: Path) -> None:
    try:
        if output.exists() and not output.is_file():  # /dev/null, a pipe
            with output.open("wb") as stream:
                stream.writelines(parts)
            return
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        scratch = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.writelines(parts)
            scratch.chmod(output.stat().st_mode & 0o777 if output.exists() else 0o600)
            scratch.replace(output)
        except BaseException:
            with contextlib.suppress(OSError):
                scratch.unlink()
            raise
    except OSError as err:
        raise UsageError(f"cannot be written: {err.strerror or err}", where=str(output)) from err
