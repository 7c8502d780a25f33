"""``[source.NAME]`` of a config: which path of a foreign log's record fills which canonical column, in what unit, and how the log is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from infercheck.model.call import CALLS
from infercheck.model.fields import Strict, Words

# Factors to the unit of the canonical tables: milliseconds, and whole units of a currency.
DURATION_UNITS: dict[str, str] = {"s": "1000", "ms": "1", "us": "0.001", "ns": "0.000001", "min": "60000"}
MONEY_UNITS: dict[str, str] = {"usd": "1", "unit": "1", "cents": "0.01", "milli": "0.001", "micro": "0.000001", "nano": "0.000000001"}
TIME_FORMATS = ("iso", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "dotnet_ticks")
_PATTERN_LETTERS = "aAbBdfgHIjmMnpSyYzZ%"

TIMES = ("started_at", "first_token_at", "ended_at")
DURATIONS = {
    "duration": "how long the attempt took; with one of started_at and ended_at it gives the other",
    "time_to_first_token": "from the start to the first streamed token; gives first_token_at",
    "queue_ms": "time queued before service",
    "gateway_ms": "the gateway's own time",
}
# Texts that are hashed, counted and forgotten; and what comes of them, which no mapping sets.
TEXTS = {
    "messages": "the prompt: a list of messages with role and content, a list of texts, or one text",
    "answer": "the visible text of the answer",
    "tool_calls": "the tools that the answer calls: a list of name and arguments, OpenAI's and Anthropic's shapes included",
    "parameters": "the request's parameters, as an object",
    "tools": "the tools that were offered, as a list",
}
_MADE = frozenset(
    "call_id attempt_key source file_id line prompt_hash masked_hash system_hash template_hash tools_hash params_hash response_is_json "
    "response_hash response_chars prompt_chars tools_chars tool_defs turn".split()
)
FROM_LOG = {c.name: c.doc for c in CALLS if c.name not in _MADE}
MAPPABLE: dict[str, str] = {**FROM_LOG, **DURATIONS, **TEXTS}
CACHED = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
IDENTIFYING = ("source_call_id", "started_at", "ended_at", "model", "input_tokens", "output_tokens", "messages")


def _column(value: Any) -> Any:
    return {"path": value} if isinstance(value, str | list) else value


def _paths(value: Any) -> Any:
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words or not all(isinstance(word, str) for word in words):
        raise ValueError("write a path, or a list of paths of which the first that holds something counts")
    for word in words:
        steps(word)
    return tuple(words)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | Decimal) else value


class Step(NamedTuple):
    """One step into a record: a key, or the 0-based place in a list."""

    key: str
    place: int | None = None


_STEP = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^."\[\]]+))(?P<places>(?:\[\d+\])*)(?:\.|$)')


def steps(path: str) -> tuple[Step, ...]:
    """A path taken apart: ``choices[0].message."odd.key"``. ValueError where it is none."""
    found: list[Step] = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if not step:
            raise ValueError(f'{path!r} is no path: write it as usage.prompt_tokens, choices[0].text or "key.with.dots"')
        key = step["plain"] if step["quoted"] is None else re.sub(r"\\(.)", r"\1", step["quoted"])
        found.append(Step(key))
        found += [Step("", int(place)) for place in re.findall(r"\d+", step["places"])]
        at = step.end()
    if not found or path.endswith("."):
        raise ValueError(f'{path!r} is no path: write it as usage.prompt_tokens, choices[0].text or "key.with.dots"')
    return tuple(found)


def spelt(path: tuple[Step, ...]) -> str:
    """The text of a path: what ``steps`` takes apart."""
    text = ""
    for key, place in path:
        if place is not None:
            text += f"[{place}]"
            continue
        plain = re.fullmatch(r'[^."\[\]]+', key)
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        text += ("." if text else "") + (key if plain else f'"{escaped}"')
    return text


Paths = Annotated[tuple[str, ...], BeforeValidator(_paths)]
Text = Annotated[str, BeforeValidator(_text)]


class MappedColumn(Strict):
    """How one canonical column is filled. A text, or a list of texts, is short for ``{ path = ... }``."""

    path: Paths = Field((), description="where it stands in the record; of several paths the first that holds something")
    value: Text | None = Field(None, description="the same for every call, instead of a path")
    unit: Literal["s", "ms", "us", "ns", "min", "usd", "unit", "cents", "milli", "micro", "nano"] | None = None
    format: str | None = Field(
        None, description="of a time: iso, epoch_s, epoch_ms, epoch_us, epoch_ns, dotnet_ticks, or strptime's letters"
    )
    origin: datetime | None = Field(None, description="of a time that counts from some moment: that moment")
    values: dict[str, Text] = Field({}, description="the log's words and what they mean")
    otherwise: Text | None = Field(None, description="what a word means that is not among values")
    absent: Text | None = Field(None, description="what it means that nothing is there")


class Only(Strict):
    """Which records are calls: those that hold one of ``values`` at a path, or anything where no values are named."""

    path: Paths = Field(description="where it stands in the record; of several paths the first that holds something")
    values: tuple[Text, ...] = Field((), description="the words of calls; without them, every record that holds something there is one")


Column = Annotated[MappedColumn, BeforeValidator(_column)]


class SourceMapping(Strict):
    """``[source.NAME]``."""

    keys: Words = Field((), description="top-level keys that the log's records have")
    files: Words = Field((), description="globs for the files' paths")
    zone: str | None = Field(None, description="zone of times that name none, such as UTC or Europe/Berlin")
    input_includes_cached: bool | None = Field(None, description="whether the log's input tokens include the cached ones")
    output_includes_reasoning: bool | None = Field(None, description="whether the log's output tokens include the reasoning")
    only: Only | None = Field(None, description="which records are calls; others are left out and counted")
    columns: dict[str, Column]


class Problem(NamedTuple):
    """What is wrong with a mapping: where in it, what, and what to do."""

    at: tuple[str, ...]
    message: str
    hint: str


def problems(mapping: SourceMapping) -> Iterator[Problem]:
    """What the types alone do not refuse. Unknown columns are left to the caller, who knows how to suggest one."""
    if not mapping.keys and not mapping.files:
        yield Problem(
            (), "nothing says which logs this mapping reads", 'add keys = ["..."] that the records have, or files = "logs/*.jsonl"'
        )
    if not set(IDENTIFYING) & set(mapping.columns):
        yield Problem(("columns",), "these columns make no call", f"map at least one of {', '.join(IDENTIFYING)}")
    if mapping.zone and not _is_zone(mapping.zone):
        yield Problem(("zone",), f"there is no time zone {mapping.zone!r}", "write it as UTC or Europe/Berlin")
    for name, column in mapping.columns.items():
        if problem := _wrong(name, column, mapping):
            yield Problem(("columns", name), f"{name}: {problem[0]}", problem[1])
    columns = set(mapping.columns)
    if "input_tokens" in columns and columns & set(CACHED) and mapping.input_includes_cached is None:
        yield Problem(
            (),
            "input_includes_cached is missing: it decides what the cached tokens cost",
            "true where input_tokens counts them too (OpenAI), false where it does not (Anthropic)",
        )
    if {"output_tokens", "reasoning_tokens"} <= columns and mapping.output_includes_reasoning is None:
        yield Problem(
            (),
            "output_includes_reasoning is missing: it decides what the reasoning costs",
            "true where output_tokens counts it too (OpenAI), false where it does not (Gemini's thoughts)",
        )
    if "duration" in columns and not columns & {"started_at", "ended_at"}:
        yield Problem(
            ("columns", "duration"), "duration needs a started_at or an ended_at beside it", "without a time no call can be placed"
        )
    for needless, others in (("duration", {"started_at", "ended_at"}), ("time_to_first_token", {"first_token_at"})):
        if needless in columns and others <= columns:
            hint = f"take it out: {' and '.join(sorted(others))} {'say' if len(others) > 1 else 'says'} it already"
            yield Problem(("columns", needless), f"{needless} is one too many", hint)
    if "time_to_first_token" in columns and not columns & {"started_at", "ended_at"}:
        yield Problem(
            ("columns", "time_to_first_token"), "time_to_first_token needs a time beside it", "map started_at, or ended_at and duration"
        )


def _wrong(name: str, column: MappedColumn, mapping: SourceMapping) -> tuple[str, str] | None:
    """What is wrong with one column, and what to do."""
    if bool(column.path) == (column.value is not None):
        return "give a path or a value, one of the two", 'path = "usage.prompt_tokens", or value = "openai"'
    if name in DURATIONS:
        if column.unit is None and column.path and not name.endswith("_ms"):
            return "say its unit", f"unit = one of {', '.join(DURATION_UNITS)}"
        if column.unit is not None and column.unit not in DURATION_UNITS:
            return f"{column.unit!r} is no unit of time", f"known: {', '.join(DURATION_UNITS)}"
    elif name == "logged_cost":
        if column.unit is not None and column.unit not in MONEY_UNITS:
            return f"{column.unit!r} is no unit of money", f"known: {', '.join(MONEY_UNITS)}"
    elif column.unit is not None:
        return "it has no unit", "tokens are counted in ones; times take a format"
    if name in TIMES:
        return _wrong_time(column, mapping)
    if column.format is not None or column.origin is not None:
        return "only times take a format or an origin", f"those are {', '.join(TIMES)}"
    return None


def _wrong_time(column: MappedColumn, mapping: SourceMapping) -> tuple[str, str] | None:
    form = column.format
    if form is None or form in TIME_FORMATS:
        if column.origin is not None and not (form or "").startswith("epoch_"):
            return "an origin needs a format that counts from it", "format = epoch_s, epoch_ms, epoch_us or epoch_ns"
        return None
    if "%" not in form:
        return f"{form!r} is no format of a time", f"known: {', '.join(TIME_FORMATS)}, or strptime's letters such as %d/%m/%Y %H:%M:%S"
    if column.origin is not None:
        return "an origin needs a format that counts from it", "format = epoch_s, epoch_ms, epoch_us or epoch_ns"
    unknown = [letter for letter in re.findall(r"%-?(.|$)", form) if letter not in _PATTERN_LETTERS or not letter]
    if unknown:
        return f"%{unknown[0]} is not understood", f"known: {' '.join('%' + letter for letter in _PATTERN_LETTERS)}"
    if not re.search(r"%-?[zZ]", form) and mapping.zone is None:
        return "its format names no zone", 'add zone = "UTC" (or Europe/Berlin) to the mapping'
    return None


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        return name == "UTC" or bool(ZoneInfo(name))
    except (OSError, ValueError, KeyError):
        return False
