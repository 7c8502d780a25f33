"""Options that several commands share, and what turns them into one AnalyzeOptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infercheck.cli import _complete
from infercheck.errors import UsageError

if TYPE_CHECKING:
    from infercheck.model.config import AnalyzeOptions

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATHS", help="Log files, folders or globs; - for standard input. .gz and .zst are read as they are."),
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only calls from then on: a date, a time, or 7d back from the newest call.")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only calls before then.")]
Month = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Only the calls of that UTC month; commitments for all its days.")]
Where = Annotated[str | None, typer.Option(metavar="SQL", help="Only calls for which this condition holds, such as \"team = 'search'\".")]
Tz = Annotated[str, typer.Option(metavar="ZONE", help="Zone for times shown and for --since and --until, such as Europe/Berlin.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Config instead of the nearest infercheck.toml or pyproject.toml.")
]
RuleDirs = Annotated[list[Path] | None, typer.Option("--rules", metavar="DIR", help="More rules, laid out like rules/; may be repeated.")]
Select = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE", help="Only these rules or steps; comma separated or repeated.", autocompletion=_complete.rules),
]
Ignore = Annotated[list[str] | None, typer.Option(metavar="RULE", help="Not these rules or steps.", autocompletion=_complete.rules)]
Ledger = Annotated[Path | None, typer.Option(metavar="FILE", help="Ledger to use instead of the project's own.")]
NoLedger = Annotated[bool, typer.Option("--no-ledger", help="Keep nothing for the next run.")]
Basis = Annotated[
    str | None, typer.Option("--cost-basis", metavar="logged|computed", help="Cost as the log states it, or from list prices.")
]
Timeout = Annotated[float | None, typer.Option("--rule-timeout", metavar="SECONDS", min=0.001, help="Stop a rule after this long.")]
Anonymize = Annotated[
    bool, typer.Option("--anonymize", help="Pseudonyms for teams, users, keys, hosts and files, the same ones every time with a ledger.")
]
EngineName = Annotated[
    str,
    typer.Option("--engine", metavar="duckdb|spark", help="Where views, rules and settlement run: here, or on the cluster of --remote."),
]
Remote = Annotated[str | None, typer.Option("--remote", metavar="sc://HOST", help="Spark Connect server for --engine spark.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only what matters most.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Everything, and a traceback if something breaks.")]


def options(
    *,
    since: str | None = None,
    until: str | None = None,
    month: str | None = None,
    where: str | None = None,
    tz: str = "UTC",
    config: Path | None = None,
    rules: Sequence[Path] | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    ledger: Path | None = None,
    no_ledger: bool = False,
    cost_basis: str | None = None,
    rule_timeout: float | None = None,
    anonymize: bool = False,
    engine: str = "duckdb",
    remote: str | None = None,
) -> AnalyzeOptions:
    """What the run was asked to do. Raises UsageError for values that cannot be meant."""
    from infercheck.model.config import COST_BASES, AnalyzeOptions

    if ledger and no_ledger:
        raise UsageError("--ledger and --no-ledger exclude each other")
    if cost_basis is not None and cost_basis not in COST_BASES:
        raise UsageError(f"{cost_basis!r} is no cost basis", where="--cost-basis", hint=f"known: {', '.join(COST_BASES)}")
    if engine not in {"duckdb", "spark"}:
        raise UsageError(f"there is no engine {engine!r}", where="--engine", hint="known: duckdb, spark")
    if (engine == "spark") != (remote is not None):
        hint = "write --engine spark --remote sc://HOST"
        raise UsageError("--engine spark needs --remote" if remote is None else "--remote is for --engine spark", hint=hint)
    zone(tz)
    if month is not None:
        if since or until:
            raise UsageError("--month says both --since and --until", hint="give one or the other")
        since, until = _month(month)
    start, stop = _since(since, tz), None if until is None else moment(until, tz, "--until")
    if isinstance(start, datetime) and stop is not None and start >= stop:
        raise UsageError("--since must be before --until")
    return AnalyzeOptions(
        since=start,
        until=stop,
        where=where,
        config=config,
        rules=tuple(rules or ()),
        select=words(select),
        ignore=words(ignore),
        ledger=ledger,
        use_ledger=not no_ledger,
        cost_basis=cost_basis,
        rule_timeout_s=rule_timeout,
        tz=tz,
        anonymize=anonymize,
        remote=remote,
    )


def _month(text: str) -> tuple[str, str]:
    """First day of the month, and of the next."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as err:
        raise UsageError(f"{text!r} is no month", where="--month", hint="write 2026-11") from err
    return first.date().isoformat(), (first + timedelta(days=31)).replace(day=1).date().isoformat()


def words(values: Sequence[str] | None) -> tuple[str, ...]:
    """``a,b`` and repeated options alike."""
    return tuple(word.strip() for value in values or () for word in value.split(",") if word.strip())


def zone(tz: str) -> None:
    """Refuse a zone that is not known."""
    from zoneinfo import ZoneInfo

    if tz == "UTC":
        return
    try:
        ZoneInfo(tz)
    except (OSError, ValueError, KeyError) as err:
        raise UsageError(f"there is no time zone {tz!r}", where="--tz", hint="write it as Europe/Berlin or UTC") from err


def moment(text: str, tz: str, option: str, forms: str = "2026-09-01 or 2026-09-01T12:00") -> datetime:
    """A moment in UTC (naive, as in the canonical tables)."""
    from zoneinfo import ZoneInfo

    try:
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=UTC if tz == "UTC" else ZoneInfo(tz))
        return aware.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as err:
        raise UsageError(f"{text!r} is no time", where=option, hint=f"write {forms}") from err


def _since(text: str | None, tz: str) -> datetime | timedelta | None:
    """A moment, or a time span back from the newest call."""
    from infercheck.model.config import seconds

    if text is None:
        return None
    try:
        return timedelta(seconds=seconds(text))
    except (ValueError, OverflowError):
        return moment(text, tz, "--since", "2026-09-01, 2026-09-01T12:00 or 7d")
