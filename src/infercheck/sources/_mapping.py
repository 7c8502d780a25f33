"""A mapping of the config as SQL: the same columns, casts and reports of bad values as in a source that is a file.

What cannot be read goes on as text that ingestion will not read either ("not epoch_ms: soon"), so that it is counted there and shown as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from infercheck.model.mapping import (
    CACHED,
    DURATION_UNITS,
    FROM_LOG,
    MONEY_UNITS,
    TEXTS,
    TIMES,
    MappedColumn,
    Only,
    SourceMapping,
    Step,
    steps,
)

TREE = dict[str, Any]  # keys and list places below a key; an empty one is a leaf
TOOL_CALLS = (
    '[{"name":"VARCHAR","arguments":"VARCHAR","input":"VARCHAR","args":"VARCHAR","function":{"name":"VARCHAR","arguments":"VARCHAR"}}]'
)
EPOCHS = {"epoch_s": "1000000", "epoch_ms": "1000", "epoch_us": "1", "epoch_ns": "0.001"}  # microseconds in one
OWN = ("file", "line")  # what raw says of a record's place; a log's own field of that name is called otherwise there
ZONED = r"(?i)(z|utc|gmt|[+-]\d\d(:?\d\d)?)$"


def raw_name(key: str) -> str:
    """The column of ``raw`` that holds a record's top-level key."""
    return f"logged {key.lower()}" if key.lower() in OWN else key


def columns_of(mapping: SourceMapping) -> dict[str, str]:
    """The header's ``[columns]``: of every top-level key that a path names, the shape that the paths need."""
    return {key: _shape(_forest(mapping)[key]) if key not in _whole(mapping) else _whole(mapping)[key] for key in _forest(mapping)}


def select_of(name: str, mapping: SourceMapping) -> str:
    """One SELECT from ``raw`` into canonical columns."""
    read = {column: _value(column, spec, mapping) for column, spec in mapping.columns.items()}
    lines = [f"{sql} AS {_q(column)}" for column, sql in read.items()]
    exact = [f"{_moment(column, mapping)} AS {_q('at ' + column)}" for column in TIMES if column in read]
    exact += [f"{_millis(column, mapping)} AS {_q('ms ' + column)}" for column in ("duration", "time_to_first_token") if column in read]
    final = _final(name, mapping)
    if mapping.only:
        lines.append(f"{_other(mapping.only, mapping)} AS skipped")
        final["skipped"] = "skipped"
    return (
        f"WITH read AS (SELECT file, line, {', '.join(lines)} FROM raw),\n"
        f"exact AS (SELECT *{''.join(', ' + e for e in exact)} FROM read),\n"
        f"placed AS (SELECT *, {_start(mapping)} AS {_q('start')} FROM exact),\n"
        f"spanned AS (SELECT *, {_later('ended_at', 'duration', mapping)} AS {_q('end')} FROM placed)\n"
        f"SELECT file, line, {', '.join(f'{sql} AS {_q(column)}' for column, sql in final.items())} FROM spanned"
    )


def _final(name: str, mapping: SourceMapping) -> dict[str, str]:
    """Canonical columns out of what was read."""
    mapped = mapping.columns
    made = {column: _q(column) for column in mapped if column in FROM_LOG or column in TEXTS}
    made |= _times(mapping)
    for column in ("queue_ms", "gateway_ms"):
        if column in mapped:
            made[column] = _scaled(column, DURATION_UNITS[mapped[column].unit or "ms"])
    if "logged_cost" in mapped:
        made["logged_cost"] = _scaled("logged_cost", MONEY_UNITS[mapped["logged_cost"].unit or "usd"], exact=True)
    made |= _tokens(mapping)
    if "http_status" in mapped and "status" not in mapped:
        made["status"] = (
            "CASE WHEN to_count(http_status) BETWEEN 200 AND 299 THEN 'ok' WHEN to_count(http_status) >= 400 "
            f"THEN failure_status(http_status, {'error_type' if 'error_type' in mapped else 'CAST(NULL AS VARCHAR)'}) END"
        )
    if "provider" in mapped or "model" in mapped:
        named = [column if column in mapped else "CAST(NULL AS VARCHAR)" for column in ("provider", "model")]
        made["provider"] = f"provider_of({', '.join(named)})"
        if "model" in mapped:
            made["model"] = f"model_of({', '.join(named)})"
    if "finish_reason" in mapped:
        made["finish_reason"] = "to_finish(finish_reason)"
    if "user_agent" in mapped:
        made["user_agent"] = "without_version(user_agent)"
    if "tags" in mapped:
        made["tags"] = """CASE WHEN starts_with(tags, '[') THEN other_tags(shaped(tags, '["VARCHAR"]')) ELSE tags END"""
    if "tool_calls" in mapped:
        made.pop("tool_calls")
        made["called_tools"] = (
            f"list_transform(shaped(tool_calls, '{TOOL_CALLS}'), lambda t: struct_pack(name := coalesce(t.function.name, t.name), "
            "arguments := coalesce(t.function.arguments, t.arguments, t.input, t.args)))"
        )
    if "source_call_id" in mapped:
        made.setdefault("request_id", "source_call_id")
        parts = f"'{name}', source_call_id, (epoch_us({_q('start')}) + 500) // 1000{', attempt' if 'attempt' in mapped else ''}"
        made["attempt_key"] = f"CASE WHEN source_call_id IS NOT NULL THEN concat_ws('|', {parts}) END"
    return made


# Times. "at X" is the moment, or NULL; X is still the log's text. "start" and "end" are what is known of the attempt.


def _start(mapping: SourceMapping) -> str:
    """As logged, else the end minus how long it took."""
    mapped = mapping.columns
    if "started_at" in mapped:
        return _q("at started_at")
    return f"TRY({_q('at ended_at')} - {_span('duration')})" if {"ended_at", "duration"} <= set(mapped) else "CAST(NULL AS TIMESTAMP)"


def _later(target: str, duration: str, mapping: SourceMapping) -> str:
    """As logged, else so much after the start."""
    if target in mapping.columns:
        return _q(f"at {target}")
    return f"TRY({_q('start')} + {_span(duration)})" if duration in mapping.columns else "CAST(NULL AS TIMESTAMP)"


def _span(duration: str) -> str:
    return f"to_microseconds(CAST(round({_q('ms ' + duration)} * 1000) AS BIGINT))"


def _times(mapping: SourceMapping) -> dict[str, str]:
    """The three times as text. A first token that did not come before the end says that nothing was streamed."""
    mapped = mapping.columns
    made = {column: _checked_time(column, mapped[column], mapping) for column in TIMES if column in mapped}
    for target, duration, of in (
        ("started_at", "duration", "ended_at"),
        ("ended_at", "duration", "started_at"),
        ("first_token_at", "time_to_first_token", ""),
    ):
        if target not in mapped and duration in mapped and (not of or of in mapped):
            moment = _q("start") if target == "started_at" else _later(target, duration, mapping)
            text = f"CASE WHEN {_q('ms ' + duration)} IS NULL THEN 'no duration: ' || {_q(duration)} ELSE CAST({moment} AS VARCHAR) END"
            made[target] = text
    if "first_token_at" in made:
        first = _later("first_token_at", "time_to_first_token", mapping)
        made["first_token_at"] = f"CASE WHEN {first} >= {_q('end')} THEN NULL ELSE {made['first_token_at']} END"
    return made


def _millis(column: str, mapping: SourceMapping) -> str:
    """A duration in milliseconds; one below zero is none, and one over a year is a wrong unit."""
    number = f"to_number({_q(column)}) * {DURATION_UNITS[mapping.columns[column].unit or 'ms']}"
    return f"list_transform([{number}], lambda d: CASE WHEN d BETWEEN 0 AND 3.2e10 THEN d END)[1]"


def _moment(column: str, mapping: SourceMapping) -> str:
    """A time as TIMESTAMP in UTC; NULL where it has not the format that the mapping names."""
    spec, text = mapping.columns[column], _q(column)
    zone = f"'{mapping.zone}'" if mapping.zone and mapping.zone != "UTC" else ""
    form = spec.format
    if form in EPOCHS:
        count = f"CAST(round(CAST({text} AS DECIMAL(28,9)) * {EPOCHS[form]}) AS BIGINT)"
        if spec.origin is None:
            return f"TRY(make_timestamp(nullif({count}, 0)))"
        return f"TRY(CAST(TIMESTAMPTZ '{spec.origin.isoformat()}' AS TIMESTAMP) + to_microseconds({count}))"
    if form == "dotnet_ticks":
        return f"TRY(make_timestamp((CAST({text} AS BIGINT) - 621355968000000000) // 10))"
    if form is None or form == "iso":
        read = f"to_time({text})" if form is None else f"CASE WHEN contains({text}, '-') THEN to_time({text}) END"
        if not zone:
            return read
        named = f"regexp_matches({text}, '{ZONED}') OR NOT contains({text}, ':')"
        return f"CASE WHEN {named} THEN {read} ELSE timezone({zone}, TRY_CAST({text} AS TIMESTAMP)) END"
    pattern = "'" + form.replace("'", "''") + "'"
    zoned = any(mark in form for mark in ("%z", "%Z"))
    if zoned or not zone:
        return f"CAST(try_strptime({text}, {pattern}) AS TIMESTAMP)"
    return f"timezone({zone}, try_strptime({text}, {pattern}))"


def _checked_time(column: str, spec: MappedColumn, mapping: SourceMapping) -> str:
    """The time as text that ingestion reads; text that it will not read where the format does not fit."""
    if spec.format is None and mapping.zone in {None, "UTC"}:
        return _q(column)
    wanted = (spec.format or "a time").replace("'", "''")
    return f"coalesce(CAST({_q('at ' + column)} AS VARCHAR), 'not {wanted}: ' || {_q(column)})"


# Numbers


def _scaled(column: str, factor: str, *, exact: bool = False) -> str:
    if Decimal(factor) == 1:
        return _q(column)
    number = (
        f"TRY(CAST(CAST({_q(column)} AS DECIMAL(38,18)) * {factor} AS DECIMAL(38,18)))" if exact else f"to_number({_q(column)}) * {factor}"
    )
    return f"coalesce(CAST({number} AS VARCHAR), {_q(column)})"


def _tokens(mapping: SourceMapping) -> dict[str, str]:
    """Tokens as they are counted everywhere else: input with what was cached, output with the reasoning.

    A part that is larger than the whole that is said to hold it would price wrongly: such a figure is not taken.
    """
    made = {}
    for whole, parts, included, key in (
        ("input_tokens", CACHED, mapping.input_includes_cached, "input_includes_cached"),
        ("output_tokens", ("reasoning_tokens",), mapping.output_includes_reasoning, "output_includes_reasoning"),
    ):
        there = [part for part in parts if part in mapping.columns]
        if whole not in mapping.columns or not there:
            continue
        inside = " + ".join(f"coalesce(to_count({part}), 0)" for part in there)
        if included:
            made[whole] = (
                f"CASE WHEN to_count({whole}) < {inside} THEN {whole} || ' is less than its parts: is {key} false?' ELSE {whole} END"
            )
        else:
            made[whole] = f"coalesce(CAST(to_count({whole}) + {inside} AS VARCHAR), {whole})"
    return made


# Paths


def _value(column: str, spec: MappedColumn, mapping: SourceMapping) -> str:
    """What the record says, as text."""
    if spec.value is not None:
        return _literal(spec.value)
    if column == "messages":
        found = [_messages(steps(path), mapping) for path in spec.path]
        return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
    forest = _forest(mapping)
    found = [f"unless_empty({_access(steps(path), forest)})" for path in spec.path]
    text = found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
    if not spec.values and spec.otherwise is None:
        return text if spec.absent is None else f"coalesce({text}, {_literal(spec.absent)})"
    cases = "".join(f" WHEN x = {_literal(word)} THEN {_literal(meaning)}" for word, meaning in spec.values.items())
    absent = "NULL" if spec.absent is None else _literal(spec.absent)
    otherwise = "x" if spec.otherwise is None else _literal(spec.otherwise)
    return f"list_transform([{text}], lambda x: CASE WHEN x IS NULL THEN {absent}{cases} ELSE {otherwise} END)[1]"


def _other(only: Only, mapping: SourceMapping) -> str:
    """What a record holds that is no call; NULL where it is one."""
    found = ", ".join(f"unless_empty({_access(steps(path), _forest(mapping))})" for path in only.path)
    is_call = f"coalesce({found}) IN ({', '.join(map(_literal, only.values))})" if only.values else f"coalesce({found}) IS NOT NULL"
    return f"CASE WHEN coalesce({is_call}, FALSE) THEN NULL ELSE 'other events' END"


def _messages(path: tuple[Step, ...], mapping: SourceMapping) -> str:
    if path[0].key in _whole(mapping) and len(path) == 1 and _whole(mapping)[path[0].key] == "MESSAGES":
        return _q(raw_name(path[0].key))
    return f"messages_of({_access(path, _forest(mapping))})"


def _paths_of(mapping: SourceMapping) -> list[tuple[str, tuple[Step, ...]]]:
    asked = [(column, path) for column, spec in mapping.columns.items() for path in spec.path]
    return [(column, steps(path)) for column, path in [*asked, *(("only", path) for path in (mapping.only.path if mapping.only else ()))]]


def _forest(mapping: SourceMapping) -> TREE:
    """All paths as trees. A key that is itself asked for, and below it too, is marked by the key ''."""
    forest: TREE = {}
    for _, path in _paths_of(mapping):
        node = forest
        for step in path:
            node = node.setdefault(step.key if step.place is None else "[]", {})
        node.setdefault("", {})
    return forest


def _whole(mapping: SourceMapping) -> dict[str, str]:
    """Top-level keys that are asked for as they are: text, or the prompt, for which there is a quick way."""
    own: dict[str, set[str]] = {}
    for column, path in _paths_of(mapping):
        own.setdefault(path[0].key, set()).add(
            "MESSAGES" if column == "messages" and len(path) == 1 else "VARCHAR" if len(path) == 1 else "part"
        )
    return {key: "MESSAGES" if kinds == {"MESSAGES"} else "VARCHAR" for key, kinds in own.items() if kinds != {"part"}}


def _shape(tree: TREE) -> str:
    """The JSON shape of a tree; a node without one shape stays text."""
    found = _nested(tree)
    return found if isinstance(found, str) else json.dumps(found, separators=(",", ":"))


def _nested(tree: TREE) -> Any:
    if _opaque(tree) or not tree.keys() - {""}:
        return "VARCHAR"
    return [_nested(tree["[]"])] if "[]" in tree else {key: _nested(below) for key, below in tree.items()}


def _opaque(tree: TREE) -> bool:
    """Whether the paths below have no one shape: asked for as it is and in parts, or as a list here and an object there."""
    return "" in tree or ("[]" in tree and len(tree) > 1)


def _access(path: Sequence[Step], forest: TREE) -> str:
    """SQL for the value at a path."""
    sql, node = _q(raw_name(path[0].key)), forest[path[0].key]
    for step in path[1:]:
        key = step.key if step.place is None else "[]"
        if _opaque(node):
            sql = f"shaped({sql}, {_literal(_shape({key: node[key]}))})"
        sql = f"{sql}.{_q(step.key)}" if step.place is None else f"{sql}[{step.place + 1}]"
        node = node[key]
    return sql


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
