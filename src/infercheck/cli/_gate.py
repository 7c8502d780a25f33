"""Options that the gate's commands share, and what turns them into GateOptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from infercheck.errors import UsageError

if TYPE_CHECKING:
    from infercheck.gate import GateOptions
    from infercheck.model.gate import FailOn

Format = Annotated[
    str | None, typer.Option("--format", "-f", metavar="FORMAT", help="text, json, ...; by default what FILE ends with, else text.")
]
FailOnLevel = Annotated[str, typer.Option("--fail-on", metavar="error|warn|never", help="What makes the gate fail.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 whatever was found; the output says it all the same.")]
RequireConclusive = Annotated[bool, typer.Option("--require-conclusive", help="Exit 4 where there is too little to judge by.")]
Now = Annotated[str | None, typer.Option("--now", metavar="DATE", help="Today, for suppressions that expire; by default the UTC day.")]
By = Annotated[
    str, typer.Option("--by", metavar="auto|days|calls|buckets", help="How logs are compared; auto: by day, short ones outcome by outcome.")
]


def gate_options(*, fail_on: str, now: str | None, by: str, budgets: Sequence[str] | None = None) -> GateOptions:
    """What the gate was asked for. Raises UsageError for values that cannot be meant."""
    from infercheck.gate import WAYS, GateOptions, parse
    from infercheck.model.gate import FailOn

    if fail_on not in get_args(FailOn):
        hint = f"known: {', '.join(get_args(FailOn))}" + ("; bounds on figures are --budget KEY=VALUE" if "=" in fail_on else "")
        raise UsageError(f"the gate cannot fail on {fail_on!r}", where="--fail-on", hint=hint)
    if by not in WAYS:
        raise UsageError(f"logs are not compared by {by!r}", where="--by", hint=f"known: {', '.join(WAYS)}")
    return GateOptions(today=_day(now), budgets=tuple(parse(budgets or (), option="--budget")), fail_on=cast("FailOn", fail_on), by=by)


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text[:10])
    except ValueError as err:
        raise UsageError(f"{text!r} is no day", where="--now", hint="write 2026-09-01") from err
