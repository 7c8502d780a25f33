"""Failures as one line on stderr and an exit code; a traceback only with -v."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from infercheck.errors import DISK_FULL, InfercheckError, LedgerNotice

USAGE, INTERNAL, INTERRUPTED = 2, 70, 130


def guarded(command: Callable[[], object], argv: Sequence[str]) -> int:
    """Run ``command`` and turn whatever it raises into an exit code."""
    verbose = any(arg == "--verbose" or (arg[:1] == "-" and arg[1:2] != "-" and "v" in arg[1:]) for arg in argv)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", LedgerNotice)
            warnings.showwarning = _notice
            result = command()
        sys.stdout.flush()
        if result == INTERRUPTED:  # the option parser caught Ctrl-C itself
            say("interrupted")
        return result if isinstance(result, int) else 0
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return 0
    except InfercheckError as err:
        _traceback(verbose)
        say(f"error: {err}")
        return err.exit_code
    except OSError as err:
        if err.errno not in DISK_FULL:
            return _unexpected(err, verbose, argv)
        _traceback(verbose)
        silence_stdout()  # what it still holds would fail once more at exit
        say(f"error: {f'{err.filename}: ' if err.filename else ''}cannot write: {err.strerror}")
        return USAGE
    except Exception as err:  # noqa: BLE001 -- the last resort: one line, exit 70
        return _unexpected(err, verbose, argv)


def _unexpected(err: Exception, verbose: bool, argv: Sequence[str]) -> int:
    usage = getattr(err, "format_message", None)
    if callable(usage):  # what the option parser raises, whichever version of it
        return _usage(str(usage()), getattr(err, "ctx", None))
    if type(err).__name__ == "Abort":
        say("interrupted")
        return INTERRUPTED
    _traceback(verbose)
    text = " ".join(_without_quotes(err).split())[:300]
    hint = "" if verbose else "; run with -v for the traceback"
    say(f"internal error: {type(err).__name__}: {text}{hint}")
    return INTERNAL


def _usage(message: str, context: object) -> int:
    path = str(getattr(context, "command_path", "infercheck"))
    text = " ".join(message.split())
    if "Usage:" in text:  # no command was named: the message is the help page
        with contextlib.suppress(OSError):
            sys.stderr.write(message + "\n")
        return USAGE
    say(f"error: {text} (see `{path} --help`)")
    return USAGE


def say(message: str) -> None:
    """One line on stderr, harmless for a terminal."""
    from infercheck.render.safe import clean

    with contextlib.suppress(OSError):
        stream = sys.stderr
        line = f"infercheck: {clean(message)}\n"
        stream.write(line.encode(stream.encoding or "utf-8", "replace").decode(stream.encoding or "utf-8"))
        stream.flush()


def _notice(message: Warning | str, category: type[Warning], *_args: Any, **_kwargs: Any) -> None:
    """What a library only notes; warnings that are not ours are for its developers."""
    if issubclass(category, LedgerNotice):
        say(f"note: {message}")


def silence_stdout() -> None:
    """The reader of a pipe has gone: let nothing complain at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _without_quotes(err: BaseException) -> str:
    """What some library says, without what it quotes: that may be text of a log, and the line may end in a public bug report."""
    first = next(iter(str(err).strip().splitlines()), "")
    return re.sub(r"""(?<!\w)(["'`])(?:.*\1|.*$)""", "...", first)


def _traceback(verbose: bool) -> None:
    """Where it broke: frames, which hold no values, and messages without quotes."""
    if not verbose:
        return
    import traceback

    chain: list[BaseException] = []
    err = sys.exception()
    while err is not None and err not in chain:
        chain.append(err)
        err = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
    for err in reversed(chain):
        frames = "".join(traceback.format_tb(err.__traceback__))
        sys.stderr.write(f"Traceback (most recent call last):\n{frames}{type(err).__name__}: {_without_quotes(err)}\n")
