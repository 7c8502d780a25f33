"""Raw records to canonical rows: a source's SELECT, then casts, hashes and counts, in temporary tables. Nothing is kept here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.inputs import LINE_KEY
from infercheck.model.call import CALLS, Column
from infercheck.sources import Source, helpers

OBJECT_BYTES = 1 << 24  # DuckDB allots two such buffers a thread: larger objects are read with a larger one, and one thread
LINE_LIMIT = 16384  # characters up to which cutting by position is fast; it is quadratic in the length of a line
MADE_HERE = {"call_id", "source", "file_id", "line", "prompt_hash", "masked_hash", "system_hash", "template_hash", "prompt_chars", "turn",
             "tools_hash", "tools_chars", "tool_defs", "params_hash", "response_is_json", "response_hash", "response_chars",
             "logged_currency", "end_user"}  # fmt: skip
LISTS = {
    "messages": "STRUCT(role VARCHAR, content VARCHAR, tool_calls VARCHAR)[]",
    "called_tools": "STRUCT(name VARCHAR, arguments VARCHAR)[]",
    "answer": "VARCHAR",
    "parameters": "VARCHAR",
    "tools": "VARCHAR",
}
PART_KEYS = ("text", "content", "input")
BINARY_PART_KEYS = ("image_url", "input_audio", "file", "source", "data")


@dataclass(frozen=True)
class Piece:
    """One plain file to read: as what file, and the line before its first."""

    file_id: int
    path: Path
    base: int = 0


def setup(engine: Engine, salt: str) -> None:
    """Define the macros that sources and the statements below use."""
    engine.execute(helpers())
    engine.execute(f"CREATE OR REPLACE TEMP MACRO salted(x) AS CAST(md5_number_lower({literal(salt)} || x) >> 1 AS BIGINT)")
    shape = ",".join(f'"{k}":"VARCHAR"' for k in (*PART_KEYS, *BINARY_PART_KEYS, "type"))
    texts = ", ".join(f"p.{k}" for k in PART_KEYS)
    others = " ".join(f"WHEN p.{k} IS NOT NULL THEN md5(p.{k})" for k in BINARY_PART_KEYS)
    # A message made of parts is its texts; a picture counts as its digest. cache_control is left out: it moves from turn to turn.
    engine.execute(f"""CREATE OR REPLACE TEMP MACRO joined_parts(x) AS (
        array_to_string(list_transform(TRY(json_transform(x, '[{{{shape}}}]')), lambda p: CASE
            WHEN p.type IS NULL THEN NULL WHEN coalesce({texts}) IS NOT NULL THEN coalesce({texts}) {others} END), chr(10)))""")
    engine.execute("""CREATE OR REPLACE TEMP MACRO message_text(m) AS (
        CASE WHEN starts_with(m.content, '[{') THEN coalesce(nullif(joined_parts(m.content), ''), m.content) ELSE coalesce(m.content, '') END
        || CASE WHEN m.tool_calls IS NULL THEN '' ELSE chr(10) || m.tool_calls END)""")
    # Position counts: the sum of these over a prompt's messages, or a message's blocks, is the same only for the same sequence.
    engine.execute("CREATE OR REPLACE TEMP MACRO mixed(a, b, i) AS CAST(md5_number_lower(concat_ws('|', a, b, i)) >> 2 AS BIGINT)")
    engine.execute("CREATE OR REPLACE TEMP MACRO folded(s) AS CAST(s % 4611686018427387903 AS BIGINT)")


def read_rows(engine: Engine, source: Source, pieces: Sequence[Piece], *, lenient: bool, csv_fields: Sequence[str] = (), longest: int = 0) -> None:
    """Read ``pieces`` into temporary table ``staged``: canonical columns, the lists of LISTS, and ``issues``.

    Raises duckdb.Error on the first thing that is no record, unless ``lenient``.
    """
    engine.execute("CREATE OR REPLACE TEMP TABLE pieces (path VARCHAR, file_id BIGINT, base BIGINT)")
    engine.execute("INSERT INTO pieces VALUES " + ", ".join(f"({literal(str(p.path))}, {p.file_id}, {p.base})" for p in pieces))
    engine.execute("SET preserve_insertion_order = true")  # a row's place in the table is its place in the file
    try:
        largest = max((p.path.stat().st_size for p in pieces), default=0)
        size = max(min(OBJECT_BYTES, largest), longest) + (1 << 16)
        _read(engine, source, pieces, size=size, lenient=lenient, csv_fields=csv_fields)
    finally:
        engine.execute("SET preserve_insertion_order = false")


def _read(engine: Engine, source: Source, pieces: Sequence[Piece], *, size: int, lenient: bool, csv_fields: Sequence[str]) -> None:
    paths = "[" + ", ".join(literal(str(p.path)) for p in pieces) + "]"
    columns = source.header.columns
    if csv_fields:
        names = ", ".join(f"{literal(f)}: 'VARCHAR'" for f in csv_fields)
        reader = (
            f"read_csv({paths}, header = true, columns = {{{names}}}, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
            f"max_line_size = {OBJECT_BYTES}, filename = true)"
        )
        fields = ", ".join(quoted(c) if c in csv_fields else f"CAST(NULL AS VARCHAR) AS {quoted(c)}" for c in columns)
        line = "CAST(NULL AS BIGINT)"
    else:
        names = ", ".join(f"{literal(c)}: {literal(t)}" for c, t in columns.items())
        reader = (
            f"read_json({paths}, columns = {{{names}, {LINE_KEY}: 'BIGINT'}}, format = 'newline_delimited', records = true, "
            f"maximum_object_size = {size}, ignore_errors = {lenient}, filename = true)"
        )
        fields = ", ".join(quoted(c) for c in columns)
        line = LINE_KEY
    file = str(pieces[0].file_id) if len(pieces) == 1 else "(SELECT p.file_id FROM pieces p WHERE p.path = filename)"
    engine.execute(f"CREATE OR REPLACE TEMP VIEW raw AS SELECT {file} AS file, {line} AS line, {fields} FROM {reader}")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {_projection(engine, source)} FROM ({source.file.body})")


def _projection(engine: Engine, source: Source) -> str:
    found = engine.columns(f"({source.file.body})")
    parts, issues = ["file", "line"], []
    for column in CALLS:
        if column.name in MADE_HERE - {"end_user"}:
            continue
        name = quoted(column.name)
        if column.name not in found:
            parts.append(f"CAST(NULL AS {column.type}) AS {name}")
            continue
        cast = _cast(column, found[column.name])
        parts.append(f"{cast} AS {name}")
        if found[column.name] == "VARCHAR" and column.type != "VARCHAR":
            issues.append(f"CASE WHEN nullif({name}, '') IS NOT NULL AND {cast} IS NULL THEN {literal(column.name + '=')} || left({name}, 80) END")
    parts += [f"{name if name in found else 'NULL'}::{type_} AS {name}" for name, type_ in LISTS.items()]
    flags = f"list_filter([{', '.join(issues)}], lambda x: x IS NOT NULL)" if issues else "CAST([] AS VARCHAR[])"
    return ", ".join([*parts, f"{flags} AS issues"])


def _cast(column: Column, found: str) -> str:
    name = quoted(column.name)
    if column.name == "end_user":
        return f"CASE WHEN {name} <> '' THEN printf('%016x', salted({name})) END"
    if found != "VARCHAR":
        return f"TRY_CAST({name} AS {column.type})"
    if column.type == "TIMESTAMP":
        return f"to_time({name})"
    if column.type in {"BIGINT", "INTEGER"}:
        return f"TRY_CAST(to_count({name}) AS {column.type})"
    if column.type == "DOUBLE":
        return f"to_number({name})"
    if column.type == "BOOLEAN":
        return f"to_flag({name})"
    return f"TRY_CAST({name} AS {column.type})"


def number_rows(engine: Engine) -> None:
    """Give every staged row its call_id: a row's line is the one it carries, else its place among its file's rows."""
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT s.rowid AS rn, s.file AS file_id, coalesce(s.line, s.rowid - f.first_rn + 1 + p.base) AS line,
            s.file * 4294967296 + coalesce(s.line, s.rowid - f.first_rn + 1 + p.base) AS call_id
        FROM staged s JOIN (SELECT file, min(rowid) AS first_rn FROM staged GROUP BY file) f ON s.file = f.file
        JOIN pieces p ON p.file_id = s.file""")


def files_with_empty_rows(engine: Engine) -> list[int]:
    """Files with a row that holds none of what makes a call: a blank object, or a line that is something else."""
    return [int(r[0]) for r in engine.rows("""
        SELECT DISTINCT file FROM staged WHERE source_call_id IS NULL AND started_at IS NULL AND model IS NULL AND len(issues) = 0""")]  # fmt: skip


def cut_prompts(engine: Engine) -> None:
    """Fill ``new_prompt_messages``, ``new_messages`` and ``new_message_blocks``: every distinct message is cut once."""
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE hashed AS
        SELECT rn, i - 1 AS message_index, role, h AS message_hash FROM (
            SELECT rowid AS rn, unnest(range(1, len(messages) + 1)) AS i, unnest(list_transform(messages, lambda m: m.role)) AS role,
                unnest(list_transform(messages, lambda m: salted(message_text(m)))) AS h
            FROM staged WHERE len(messages) > 0)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE fresh_texts AS
        SELECT r.message_hash, message_text(s.messages[r.at.i + 1]) AS text
        FROM (SELECT message_hash, min(struct_pack(rn := rn, i := message_index)) AS at FROM hashed
              WHERE message_hash NOT IN (SELECT message_hash FROM messages) GROUP BY message_hash) r
        JOIN staged s ON s.rowid = r.at.rn""")
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE cut AS
        SELECT message_hash, line_index, block_in_line, salted(block) AS block_hash, length(block) AS chars FROM (
            SELECT message_hash, line_index, unnest(range(len(blocks))) AS block_in_line, unnest(blocks) AS block FROM (
                SELECT message_hash, line_index, CASE WHEN length(l) <= {LINE_LIMIT}
                    THEN list_transform(range(greatest(1, (length(l) + 255) // 256)), lambda i: substring(l, i * 256 + 1, 256))
                    ELSE regexp_extract_all(l, '(?s).{{1,256}}') END AS blocks
                FROM (SELECT message_hash, unnest(range(len(lines))) AS line_index, unnest(lines) AS l FROM (
                    SELECT message_hash, string_split(text, chr(10)) AS lines FROM fresh_texts))))""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_message_blocks AS
        SELECT message_hash, CAST(n - 1 AS INTEGER) AS block_index, block_hash,
            folded(sum(mixed('b', block_hash, n)) OVER w) AS chain, CAST(chars AS INTEGER) AS chars,
            CAST(sum(chars) OVER w AS BIGINT) AS cum_chars, n = total AS ends_message
        FROM (SELECT *, row_number() OVER (PARTITION BY message_hash ORDER BY line_index, block_in_line) AS n,
                  count(*) OVER (PARTITION BY message_hash) AS total FROM cut)
        WINDOW w AS (PARTITION BY message_hash ORDER BY n ROWS UNBOUNDED PRECEDING)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_messages AS
        SELECT t.message_hash, length(text) AS chars, CAST(b.blocks AS INTEGER) AS blocks,
            salted(regexp_replace(text, '[0-9]+', '#', 'g')) AS masked_hash,
            salted(regexp_replace(left(text, 128), '[0-9]+', '#', 'g')) AS template_hash
        FROM fresh_texts t JOIN (SELECT message_hash, count(*) AS blocks FROM cut GROUP BY message_hash) b USING (message_hash)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_prompt_messages AS
        SELECT h.rn, n.call_id, n.file_id, CAST(h.message_index AS INTEGER) AS message_index, h.role, h.message_hash,
            folded(coalesce(sum(mixed(h.role, h.message_hash, h.message_index)) OVER before, 0) + mixed(h.role, 'role', h.message_index))
                AS prefix_before,
            CAST(coalesce(sum(d.blocks) OVER before, 0) AS INTEGER) AS blocks_before,
            CAST(coalesce(sum(d.chars) OVER before, 0) AS BIGINT) AS chars_before,
            d.chars, d.masked_hash, d.template_hash
        FROM hashed h JOIN numbered n USING (rn)
        JOIN (SELECT * FROM messages UNION ALL SELECT * FROM new_messages) d USING (message_hash)
        WINDOW before AS (PARTITION BY h.rn ORDER BY h.message_index ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)""")


def complete_calls(engine: Engine, source: Source) -> None:
    """Fill ``new_calls``: all canonical columns, fullness and content_hash."""
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE prompts AS
        SELECT rn, salted(string_agg(concat_ws(':', role, message_hash), ',' ORDER BY message_index)) AS prompt_hash,
            salted(string_agg(concat_ws(':', role, masked_hash), ',' ORDER BY message_index)) AS masked_hash,
            min_by(message_hash, message_index) FILTER (role IN ('system', 'developer')) AS system_hash,
            min_by(template_hash, message_index) FILTER (role IN ('system', 'developer')) AS template_hash,
            CAST(sum(chars) AS BIGINT) AS prompt_chars, CAST(1 + count(*) FILTER (role = 'assistant') AS INTEGER) AS turn, count(*) AS items
        FROM new_prompt_messages GROUP BY rn""")
    unstaged = {
        "call_id": "n.call_id", "source": literal(source.id), "file_id": "n.file_id", "line": "n.line",
        "prompt_hash": "p.prompt_hash", "masked_hash": "p.masked_hash", "system_hash": "p.system_hash", "template_hash": "p.template_hash",
        "prompt_chars": "p.prompt_chars", "turn": "p.turn",
        "input_items": "CASE WHEN s.operation = 'embedding' THEN coalesce(s.input_items, p.items) ELSE s.input_items END",
        "tools_hash": "salted(nullif(s.tools, '[]'))", "tools_chars": "length(nullif(s.tools, '[]'))",
        "tool_defs": "TRY(json_array_length(nullif(s.tools, '[]')))",
        "params_hash": """salted(TRY(CAST(json_merge_patch(CAST(s.parameters AS JSON),
            '{"tools":null,"user":null,"metadata":null,"stream":null,"stream_options":null}') AS VARCHAR)))""",
        "response_is_json": """CASE WHEN s.answer IS NULL THEN NULL
            ELSE starts_with(ltrim(s.answer), '{') AND json_valid(s.answer) OR starts_with(ltrim(s.answer), '[') AND json_valid(s.answer) END""",
        "response_hash": "salted(nullif(s.answer, ''))", "response_chars": "length(s.answer)",
        "logged_currency": "CASE WHEN s.logged_cost IS NOT NULL THEN 'USD' END",
    }  # fmt: skip
    columns = ", ".join(f"CAST({unstaged.get(c.name, 's.' + quoted(c.name))} AS {c.type}) AS {quoted(c.name)}" for c in CALLS)
    content = [quoted(c.name) for c in CALLS if c.name not in {"call_id", "file_id", "line"}]
    fullness = " + ".join(f"CAST({name} IS NOT NULL AS INTEGER)" for name in content)
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE new_calls AS
        SELECT *, {fullness} AS fullness, hash({", ".join(content)}) AS content_hash FROM (
            SELECT {columns} FROM staged s JOIN numbered n ON n.rn = s.rowid LEFT JOIN prompts p ON p.rn = s.rowid)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_tool_calls AS
        SELECT call_id, CAST(i - 1 AS INTEGER) AS position, t.name AS name,
            CASE WHEN t.arguments NOT IN ('', '{}') THEN salted(t.arguments) END AS arguments_hash, file_id
        FROM (SELECT n.call_id, n.file_id, unnest(range(1, len(s.called_tools) + 1)) AS i, unnest(s.called_tools) AS t
              FROM staged s JOIN numbered n ON n.rn = s.rowid WHERE len(s.called_tools) > 0)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_cell_issues AS
        SELECT file_id, split_part(issue, '=', 1) AS "column", count(*) AS count, min(substring(issue, strpos(issue, '=') + 1)) AS sample
        FROM (SELECT n.file_id, unnest(s.issues) AS issue FROM staged s JOIN numbered n ON n.rn = s.rowid WHERE len(s.issues) > 0)
        GROUP BY ALL""")


def drop_staged(engine: Engine) -> None:
    """Free what the stage held, texts above all."""
    for name in ("staged", "numbered", "hashed", "fresh_texts", "cut", "new_prompt_messages", "new_messages", "new_message_blocks",
                 "prompts", "new_calls", "new_tool_calls", "new_cell_issues", "pieces"):  # fmt: skip
        engine.execute(f"DROP TABLE IF EXISTS temp.{quoted(name)}")
    engine.execute("DROP VIEW IF EXISTS raw")
