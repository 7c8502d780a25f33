"""Raw records to canonical rows: a source's SELECT, then casts, hashes and counts, in temporary tables. Nothing is kept here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.ingest import believable, parquet, private, record_stage, span_stage
from infercheck.ingest.inputs import FILE_KEY, LINE_KEY, NAME_KEY, Look
from infercheck.ingest.ledger import REPEATED
from infercheck.model.call import CALLS, MONEY, STATUSES, Column
from infercheck.sources import Source, raw_name, sql_type

JSON_LINES = Look("jsonl")
OBJECT_BYTES = 1 << 24  # DuckDB allots two such buffers a thread: larger objects are read with a larger one, and one thread
MADE_HERE = {"call_id", "source", "file_id", "line", "prompt_hash", "masked_hash", "system_hash", "template_hash", "prompt_chars", "turn",
             "tools_hash", "tools_chars", "tool_defs", "params_hash", "response_is_json", "response_hash", "response_chars",
             "end_user"}  # fmt: skip
PLACE = {"call_id", "source", "file_id", "line"}
LISTS = {
    "messages": sql_type("MESSAGES"),
    "called_tools": "STRUCT(name VARCHAR, arguments VARCHAR)[]",
    "repeats": f"STRUCT({', '.join(f'{c.name} {c.type}' for c in REPEATED)})[]",
}
TEXTS = {"answer": "VARCHAR", "parameters": "VARCHAR", "tools": "VARCHAR"}
FROM_PROMPT = ("prompt_hash", "masked_hash", "system_hash", "template_hash", "prompt_chars", "turn")
FROM_TEXTS = {  # what is made of a text at once, so that the text itself need not be held
    "tools_hash": "salted(nullif({tools}, '[]'))",
    "tools_chars": "length(nullif({tools}, '[]'))",
    "tool_defs": "TRY(json_array_length(nullif({tools}, '[]')))",
    "params_hash": """salted(CASE WHEN {parameters} = '{{}}' THEN '{{}}' ELSE TRY(CAST(json_merge_patch(CAST({parameters} AS JSON),
        '{{"tools":null,"user":null,"metadata":null,"stream":null,"stream_options":null}}') AS VARCHAR)) END)""",
    "response_is_json": "CASE WHEN regexp_matches({answer}, '^\\s*[\\[{{]') THEN json_valid({answer}) WHEN {answer} IS NOT NULL THEN FALSE END",
    "response_hash": "salted(nullif({answer}, ''))",
    "response_chars": "length({answer})",
}
_SAID = "CASE WHEN NOT withheld(answer) THEN answer END"
_SMALL_MONEY = "DECIMAL(18,12)"  # the same digits of less than a million, read in less time


@dataclass(frozen=True)
class Piece:
    """One plain file to read: as what file, and the line before its first."""

    file_id: int
    path: Path
    base: int = 0
    joined: bool = False  # the path holds several files' lines, and each says whose it is
    first_row: int | None = None  # the path holds several files one after the other, and this one starts there
    lines: int = 0  # of this file in such a stack
    size: int = 0  # bytes of this file, where the path holds several: no line of it is longer


def read_rows(
    engine: Engine,
    source: Source,
    pieces: Sequence[Piece],
    *,
    lenient: bool,
    typed: bool = False,
    look: Look = JSON_LINES,
    rest: Sequence[str] = (),
    longest: int = 0,
) -> None:
    """Read ``pieces`` into temporary tables: ``staged`` (canonical columns, keys of the messages, called tools, ``issues``) and ``texts``.

    Raises DatabaseError on the first thing that is no record, unless ``lenient``; ``typed`` takes half the time and fails on the first value that
    has not the shape that the source expects, which is no damage. ``look`` holds for all ``pieces``; ``rest`` are keys that the source does not
    name, for one that wants them all.
    """
    of_piece = {"file_id": "BIGINT", "base": "BIGINT", "first_row": "BIGINT", "lines": "BIGINT"}
    engine.load_rows("pieces", of_piece, [(p.file_id, p.base, p.first_row, p.lines) for p in pieces], staged=True)
    largest = max((size or path.stat().st_size for path, size in {(p.path, p.size) for p in pieces}), default=0)
    size = max(min(OBJECT_BYTES, largest), longest) + (1 << 16)
    fields = look.fields
    reader = _reader(engine, source, pieces, look, rest, size=size, lenient=lenient, typed=typed)
    columns = ", ".join(_field(name, shape, typed=typed and not fields, there=not fields or name in fields)
                        for name, shape in source.header.columns.items())  # fmt: skip
    if source.header.rest:
        entries = ", ".join(f"{literal(key)}: {quoted(key)}" for key in rest)
        columns += f", CAST(MAP {{{entries}}} AS MAP(VARCHAR, VARCHAR)) AS {quoted(source.header.rest)}"
    line = "CAST(NULL AS BIGINT)" if fields else LINE_KEY
    stacked = pieces[0].first_row is not None
    file = FILE_KEY if pieces[0].joined else "NULL" if stacked else str(pieces[0].file_id) if len(pieces) == 1 else _file_of(pieces)
    _collect_unread(engine, source, f"(SELECT {file} AS file, * FROM {reader})", fields, asked=bool(fields) or lenient)
    select, spans = f"SELECT {file} AS file, {line} AS line, {columns} FROM {reader}", source.header.yields == "spans"
    engine.execute("SET SESSION preserve_insertion_order = true")  # a row's place in the table is its place in the file
    try:
        if source.holds_records:
            record_stage.hold(engine, source, select, stacked=stacked)
        else:
            engine.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {select}")
        found = engine.columns(f"({source.body})")
        engine.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {_staged_select(source, found)}")
        private.conceal(engine, "staged", {c.name for c in CALLS} - MADE_HERE)
        if spans:
            record_stage.leave_out(engine, "name", "kind = 'skipped'")
            span_stage.part(engine)
        elif source.holds_records:
            record_stage.leave_out(engine, "skipped", "skipped IS NOT NULL")
        engine.execute("SET SESSION preserve_insertion_order = false")
        _collect_texts(engine, source, found)
    finally:
        engine.execute("SET SESSION preserve_insertion_order = false")


def _collect_unread(engine: Engine, source: Source, records: str, fields: Sequence[str], *, asked: bool) -> None:
    """Fill ``unread``: cells that open like JSON and are none, told by their ends, since to parse them all again would take as long as to read them.
    What they held is missing from the calls. Where shapes are read as such, a value of another shape sends the file here.
    """
    nested = (
        [name for name, shape in source.header.columns.items() if shape[:1] in "{[" and (not fields or name in fields)] if asked else []
    )
    cells = " UNION ALL ".join(
        f"SELECT file, {literal(name)} AS \"column\", count(*) AS count, min({quoted(name)}) AS sample FROM found "
        f"WHERE {_broken(name)} GROUP BY file" for name in nested
    )  # fmt: skip
    any_broken = " OR ".join(map(_broken, nested))
    engine.execute("CREATE OR REPLACE TEMP TABLE unread AS " + (
        f"WITH found AS MATERIALIZED (SELECT file, {', '.join(map(quoted, nested))} FROM {records} WHERE {any_broken}) {cells}" if nested
        else "SELECT NULL::BIGINT AS file, NULL::VARCHAR AS \"column\", NULL::BIGINT AS count, NULL::VARCHAR AS sample LIMIT 0"
    ))  # fmt: skip


def _broken(name: str) -> str:
    """Whether a cell opens like an object or a list, and neither goes on nor ends like one."""
    return f"({quoted(name)} ~ '(?s)\\s*[{{\\[].*' AND NOT {quoted(name)} ~ '(?s)\\s*(\\{{\\s*(\".*)?\\}}|\\[\\s*([^''\\s].*)?\\])\\s*')"


def _collect_texts(engine: Engine, source: Source, found: Collection[str]) -> None:
    """Fill ``texts``: every distinct message once, its hashes with it. A log repeats most of what it holds, and rows that held all of it
    would be written to disk and read back, which takes longer than a second reading of the file for its messages alone. Held records are no
    file, and their SELECT may be dear: their rows hold the messages. Where no record has any, there is nothing to read again."""
    any_said = engine.value("SELECT EXISTS (FROM staged WHERE len(message_keys) > 0)")
    said = (
        "staged" if source.holds_records else f"(SELECT {_listed('messages', found)} FROM ({source.body}){'' if any_said else ' LIMIT 0'})"
    )
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE texts AS
        SELECT key, text, length(text) AS chars, salted(text) AS message_hash, salted(opening) AS template_hash,
            CASE WHEN opening <> left(text, 128) THEN salted(opening || substring(text, 129)) END AS masked_hash
        FROM (SELECT *, regexp_replace(left(text, 128), '[0-9]+', '#', 'g') AS opening FROM (
            SELECT hash(content, tool_calls) AS key, message_text({{'content': content, 'tool_calls': tool_calls}}) AS text FROM (
                SELECT DISTINCT m.content, m.tool_calls FROM (SELECT unnest(messages) AS m FROM {said}))))""")
    if engine.value("SELECT count(*) > count(DISTINCT key) FROM texts"):  # two messages of one key
        engine.execute("DELETE FROM texts WHERE rowid NOT IN (SELECT min(rowid) FROM texts GROUP BY key)")


def _file_of(pieces: Sequence[Piece]) -> str:
    """The number of the file that a row came from. No join: that would not keep the order of rows."""
    numbers = ", ".join(f"{literal(str(p.path))}: {p.file_id}" for p in pieces)
    return f"(MAP {{{numbers}}})[{NAME_KEY}]"


def _reader(
    engine: Engine,
    source: Source,
    pieces: Sequence[Piece],
    look: Look,
    rest: Sequence[str],
    *,
    size: int,
    lenient: bool,
    typed: bool,
) -> str:
    if not look.fields:
        return _json_reader(source, pieces, rest, size=size, lenient=lenient, typed=typed)
    if look.kind == "parquet":
        return parquet.reader(engine, [str(p.path) for p in pieces], look.fields)
    return _csv_reader(pieces, look.fields, look.dialect.delimiter)


def _json_reader(source: Source, pieces: Sequence[Piece], rest: Sequence[str], *, size: int, lenient: bool, typed: bool) -> str:
    columns = {**source.header.columns, **dict.fromkeys(rest, "VARCHAR")}
    names = ", ".join(f"{literal(c)}: {literal(sql_type(t) if typed else 'VARCHAR')}" for c, t in columns.items())
    return (
        f"read_json({_paths(pieces)}, columns = {{{names}, {LINE_KEY}: 'BIGINT', {FILE_KEY}: 'BIGINT'}}, format = 'newline_delimited', "
        f"records = true, maximum_object_size = {size}, ignore_errors = {lenient}, filename = {literal(NAME_KEY)})"
    )


def _csv_reader(pieces: Sequence[Piece], fields: Sequence[str], delimiter: str) -> str:
    names = ", ".join(f"{literal(f)}: 'VARCHAR'" for f in fields)
    return (
        f"read_csv({_paths(pieces)}, header = true, columns = {{{names}}}, auto_detect = false, delim = {literal(delimiter)}, "
        f"quote = '\"', escape = '\"', max_line_size = {OBJECT_BYTES}, filename = {literal(NAME_KEY)})"
    )


def _paths(pieces: Sequence[Piece]) -> str:
    return "[" + ", ".join(literal(path) for path in dict.fromkeys(str(p.path) for p in pieces)) + "]"


def _field(name: str, shape: str, *, typed: bool, there: bool) -> str:
    """One column of ``raw``."""
    column, there_as = quoted(name), quoted(raw_name(name))
    if not there:
        return f"CAST(NULL AS {sql_type(shape)}) AS {there_as}"
    if typed or shape == "VARCHAR":
        return f"{column} AS {there_as}"
    return f"messages_of({column}) AS {there_as}" if shape == "MESSAGES" else f"shaped({column}, {literal(shape)}) AS {there_as}"


def _staged_select(source: Source, found: Mapping[str, str]) -> str:
    """The source's SELECT, whose columns and types are ``found``, with every column cast. In two steps, since a cast that stands in a condition
    would be computed again."""
    handed_on = ["file", "line", *(span_stage.EXTRA if source.header.yields == "spans" else ["skipped"])]
    inner, outer, issues = [name if name in found else f"CAST(NULL AS VARCHAR) AS {name}" for name in handed_on], [*handed_on], []
    for column in CALLS:
        if column.name in MADE_HERE - {"end_user"} and (column.name in PLACE or column.name not in found):
            continue
        name = quoted(column.name)
        bounded = believable.bounded(column)
        kept, doubts = believable.kept(column, found)
        outer.append(f"{kept} AS {name}")
        issues += doubts
        if column.name not in found:
            inner.append(f"CAST(NULL AS {column.type}) AS {name}")
            continue
        inner.append(f"{_cast(column, found[column.name])} AS {name}")
        if found[column.name] == "VARCHAR" and (column.type != "VARCHAR" or column.name == "status"):
            raw = quoted(f"raw {column.name}")
            inner.append(f"nullif({name}, '') AS {raw}")
            issues.append((f"{raw} IS NOT NULL AND {bounded} IS NULL", f"{literal(column.name + '=')} || left({raw}, 80)"))
        elif bounded != name:
            issues.append((f"{name} IS NOT NULL AND {bounded} IS NULL", f"{literal(column.name + '=')} || {name}"))
    names = [quoted(c.name) for c in CALLS if c.type == "VARCHAR" and found.get(c.name) == "VARCHAR" and c.name not in MADE_HERE]
    inner.append(f"{private.tells(names)} AS {private.FLAG}")
    inner += [_listed(name, found) for name in LISTS]
    made = (
        {k: f"NULL::{v}" for k, v in TEXTS.items()} | {k: k for k in TEXTS if k in found} | ({"answer": _SAID} if "answer" in found else {})
    )
    from_texts = {name: sql for name, sql in FROM_TEXTS.items() if name not in found}
    inner += [f"{sql.format(**made)} AS {name}" for name, sql in from_texts.items()]
    outer += [private.FLAG, *(name for name in LISTS if name != "messages" or source.holds_records), *from_texts]
    outer.append("list_transform(messages, lambda m: m.role) AS roles")
    outer.append("list_transform(messages, lambda m: hash(m.content, m.tool_calls)) AS message_keys")
    bad = " OR ".join(f"({condition})" for condition, _ in issues)
    shown = ", ".join(f"CASE WHEN {condition} THEN {text} END" for condition, text in issues)
    outer.append(
        f"CASE WHEN {bad} THEN list_filter([{shown}], lambda x: x IS NOT NULL) END AS issues"
        if issues
        else "CAST(NULL AS VARCHAR[]) AS issues"
    )
    return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM ({source.body}))"


def _listed(name: str, found: Collection[str]) -> str:
    """A column of ``LISTS``, NULL where the source does not have it."""
    return f"{name if name in found else 'NULL'}::{LISTS[name]} AS {name}"


def _cast(column: Column, found: str) -> str:
    name = quoted(column.name)
    if column.name == "end_user":
        return f"CASE WHEN {name} <> '' THEN printf('%016x', salted({name})) END"
    if column.name == "status":
        return f"CASE WHEN {name} IN {STATUSES} THEN {name} END"
    if found != "VARCHAR":
        return f"TRY_CAST({name} AS {column.type})"
    if column.type == "TIMESTAMP":
        return f"to_time({name})"
    if column.type in {"BIGINT", "INTEGER"}:
        return f"TRY_CAST(to_count({name}) AS {column.type})"
    if column.type == "DOUBLE":
        return f"to_number({name})"
    if column.type == MONEY:
        return f"coalesce(TRY_CAST({name} AS {_SMALL_MONEY}), TRY_CAST({name} AS {MONEY}))"
    if column.type == "BOOLEAN":
        return f"to_flag({name})"
    return f"TRY_CAST({name} AS {column.type})"


def number_rows(engine: Engine, source: Source) -> None:
    """Give every staged row that is a call its call_id: a row's line is the one it carries, else its place among its file's rows."""
    if source.holds_records:
        record_stage.number_rows(engine)
        return
    record_stage.count_other(engine, "skipped", "skipped IS NOT NULL")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT s.rowid AS rn, s.file AS file_id, coalesce(s.line, s.rowid - f.first_rn + 1 + p.base) AS line,
            s.file * 4294967296 + coalesce(s.line, s.rowid - f.first_rn + 1 + p.base) AS call_id
        FROM staged s JOIN (SELECT file, min(rowid) AS first_rn FROM staged GROUP BY file) f ON s.file = f.file
        JOIN pieces p ON p.file_id = s.file WHERE s.skipped IS NULL""")


def files_with_empty_rows(engine: Engine, source: Source) -> list[int]:
    """Files with a row that holds none of what makes a call: a blank object, or a line that is something else."""
    if source.holds_records:
        return record_stage.files_with_empty_records(engine)
    return [int(r[0]) for r in engine.rows("""
        SELECT DISTINCT file FROM staged WHERE source_call_id IS NULL AND started_at IS NULL AND model IS NULL AND issues IS NULL
            AND input_tokens IS NULL AND output_tokens IS NULL""")]  # fmt: skip


def counts(engine: Engine, source: Source) -> dict[int, tuple[int, int]]:
    """By file: records that were read, and how many of them hold no call."""
    if source.holds_records:
        return record_stage.counts(engine)
    rows = engine.rows("SELECT file, count(*), count(skipped) FROM staged GROUP BY file")
    return {int(file_id): (int(read), int(other)) for file_id, read, other in rows}


def calls_select(engine: Engine, source: Source) -> str:
    """The staged calls with all canonical columns, ``fullness`` and ``content_hash``."""
    there = engine.columns("staged")
    made = {
        "call_id": "n.call_id", "source": literal(source.id), "file_id": "n.file_id", "line": "n.line",
        **{c: f"coalesce(p.{c}, s.{c})" if c in there else f"p.{c}" for c in FROM_PROMPT},
        "input_items": "CASE WHEN s.operation = 'embedding' THEN coalesce(s.input_items, p.items) ELSE s.input_items END",
        "logged_currency": "CASE WHEN s.logged_cost IS NOT NULL THEN coalesce(upper(s.logged_currency), 'USD') END",
    }  # fmt: skip
    columns = ", ".join(f"CAST({made.get(c.name, 's.' + quoted(c.name))} AS {c.type}) AS {quoted(c.name)}" for c in CALLS)
    content = [quoted(c.name) for c in CALLS if c.name not in {"call_id", "file_id", "line"}]
    fullness = " + ".join(f"CAST({name} IS NOT NULL AS INTEGER)" for name in content)
    return f"""
        SELECT *, {fullness} AS fullness, hash({", ".join(content)}) AS content_hash FROM (
            SELECT {columns} FROM staged s JOIN numbered n ON n.rn = s.rowid LEFT JOIN prompts p ON p.rn = s.rowid)"""


TOOL_CALLS_SELECT = """
    SELECT call_id, CAST(i - 1 AS INTEGER) AS position, concealed(t.name) AS name,
        CASE WHEN t.arguments NOT IN ('', '{}') AND NOT withheld(t.arguments) THEN salted(t.arguments) END AS arguments_hash, file_id
    FROM (SELECT n.call_id, n.file_id, unnest(range(1, len(s.called_tools) + 1)) AS i, unnest(s.called_tools) AS t
          FROM staged s JOIN numbered n ON n.rn = s.rowid WHERE len(s.called_tools) > 0)"""

REPEATS_SELECT = f"""
    SELECT call_id, file_id, {", ".join(f"r.{c.name} AS {c.name}" for c in REPEATED)}
    FROM (SELECT n.call_id, n.file_id, unnest(s.repeats) AS r FROM staged s JOIN numbered n ON n.rn = s.rowid WHERE len(s.repeats) > 0)"""

CELL_ISSUES_SELECT = """
    SELECT file_id, split_part(issue, '=', 1) AS "column", count(*) AS count,
        glimpse(min(substring(issue, strpos(issue, '=') + 1))) AS sample
    FROM (SELECT n.file_id, unnest(s.issues) AS issue FROM staged s JOIN numbered n ON n.rn = s.rowid WHERE s.issues IS NOT NULL)
    GROUP BY ALL
    UNION ALL SELECT file, "column", count, glimpse(left(sample, 80)) FROM unread"""


def drop_staged(engine: Engine) -> None:
    """Free what the stage held, texts above all."""
    for name in (
        "staged",
        "numbered",
        "keyed",
        "known",
        "new_prompt_messages",
        "new_messages",
        "new_message_blocks",
        "prompts",
        "pieces",
        "unread",
    ):
        engine.execute(f"DROP TABLE IF EXISTS temp.{quoted(name)}")
    engine.execute("DROP VIEW IF EXISTS raw")
    record_stage.drop(engine)
    span_stage.drop(engine)
