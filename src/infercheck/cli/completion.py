"""infercheck completion"""

from __future__ import annotations

from typing import Annotated

import typer

from infercheck.cli import _complete
from infercheck.cli import _options as opt

ORDER = 10


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("completion")(completion)


def completion(
    shell: Annotated[
        str, typer.Argument(metavar="|".join(_complete.SHELLS), help="The shell that the script is for.", autocompletion=_complete.shells)
    ],
    output: opt.Output = None,
    verbose: opt.Verbose = False,
) -> None:
    """Print the script that lets your shell complete commands, options and rule names.

    \b
    Examples:
      infercheck completion bash >> ~/.bash_completion
      infercheck completion zsh > ~/.zfunc/_infercheck      # ~/.zfunc in $fpath, before compinit
      infercheck completion fish > ~/.config/fish/completions/infercheck.fish
    """
    from infercheck.cli._output import write
    from infercheck.errors import UsageError

    if shell not in _complete.SHELLS:
        raise UsageError(f"there is no completion for {shell!r}", where="SHELL", hint=f"known: {', '.join(_complete.SHELLS)}")
    write(_complete.script(shell) + "\n", output)
