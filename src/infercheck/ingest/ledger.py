"""The ledger: what has been read of which file, in the engine's own file. One per project, so that only new lines are read again."""

from __future__ import annotations

import hashlib
import os
import secrets
import warnings
from pathlib import Path

from infercheck.engine.duckdb import Engine, quoted
from infercheck.errors import InputError, LedgerNotice
from infercheck.ingest.remarks import REMARKS
from infercheck.model.call import CELL_ISSUES, FILES, REJECTS, SPANS, TABLES, Column

VERSION = "9"

# A prompt is kept as its messages, a message as its blocks, each distinct message once: histories and system prompts repeat.
PROMPT_MESSAGES = (
    Column("call_id", "BIGINT", "the call"),
    Column("file_id", "BIGINT", "the file in `files`"),
    Column("message_index", "INTEGER", "0-based"),
    Column("role", "VARCHAR", "system, user, assistant, tool"),
    Column("message_hash", "BIGINT", "the message in `messages`"),
    Column("prefix_before", "BIGINT", "hash of the messages before it and of its own role"),
    Column("blocks_before", "INTEGER", "blocks of the messages before it"),
    Column("chars_before", "BIGINT", "characters of the messages before it"),
)
MESSAGES = (
    Column("message_hash", "BIGINT", "salted hash of the text"),
    Column("chars", "BIGINT", "characters"),
    Column("blocks", "INTEGER", "blocks"),
    Column("masked_hash", "BIGINT", "salted hash with runs of digits masked in the first 128 characters"),
    Column("template_hash", "BIGINT", "salted hash of the first 128 characters, runs of digits masked"),
)
MESSAGE_BLOCKS = (
    Column("message_hash", "BIGINT", "the message in `messages`"),
    Column("block_index", "INTEGER", "0-based position within the message"),
    Column("block_hash", "BIGINT", "salted hash of the block"),
    Column("chain", "BIGINT", "hash of the message from its start to the end of this block"),
    Column("chars", "INTEGER", "characters"),
    Column("cum_chars", "BIGINT", "characters from the message's start to the end of this block"),
    Column("ends_message", "BOOLEAN", "the last block of the message"),
)
CALL_ROWS = (
    *TABLES["calls"],
    Column("fullness", "INTEGER", "columns that are not NULL: of two copies of an attempt the fuller one wins"),
    Column("content_hash", "UBIGINT", "hash of the row's content: breaks ties whatever the order of files"),
)
_REPEATED = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "logged_cost")
REPEATED = tuple(c for c in TABLES["calls"] if c.name in _REPEATED)
REPEAT_ROWS = (
    Column("call_id", "BIGINT", "the call whose usage a record tells once more"),
    Column("file_id", "BIGINT", "the file in `files`"),
    *REPEATED,
)
TOOL_CALL_ROWS = (*TABLES["tool_calls"], Column("file_id", "BIGINT", "the file in `files`"))
FILE_ROWS = (
    *FILES,
    Column("absolute", "VARCHAR", "the same file whatever the current folder"),
    Column("version", "VARCHAR", "of the source that read it: another version reads the file anew"),
    Column("tail_hash", "VARCHAR", "hash of the 4 KiB before bytes_read: tells growth from a file written anew"),
    Column("ctime_ns", "BIGINT", "time of the last change of its entry, ns; NULL where the file was read right after it was written"),
)

PERSISTENT: dict[str, tuple[Column, ...]] = {
    "ledger_files": FILE_ROWS,
    "call_rows": CALL_ROWS,
    "span_rows": SPANS,
    "remark_rows": REMARKS,
    "tool_call_rows": TOOL_CALL_ROWS,
    "repeat_rows": REPEAT_ROWS,
    "prompt_messages": PROMPT_MESSAGES,
    "messages": MESSAGES,
    "message_blocks": MESSAGE_BLOCKS,
    "reject_rows": REJECTS,
    "cell_issue_rows": CELL_ISSUES,
}
PER_FILE = tuple(name for name in PERSISTENT if name not in {"messages", "message_blocks", "ledger_files"})


def default_path(project: Path | None = None) -> Path:
    """The ledger of the project in ``project`` (the current folder by default) under the user's cache folder."""
    import platformdirs

    folder = os.fspath((project or Path.cwd()).resolve())
    return Path(platformdirs.user_cache_dir("infercheck")) / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.duckdb"


def prepare(engine: Engine, *, salt: str | None = None) -> None:
    """Create what is missing. A ledger of another version is brought up to this one, with a LedgerNotice."""
    tables = _tables(engine)
    if tables and not _is_ours(engine):
        if not engine.own:
            raise InputError("this database is no ledger", where=str(engine.path), hint="name another file with --ledger")
        engine.start_anew()
        tables = set()
    if "meta" in tables:
        version = engine.value("SELECT value FROM meta WHERE key = 'version'")
        if version == VERSION and set(PERSISTENT) <= tables:
            return
        salt = engine.value("SELECT value FROM meta WHERE key = 'salt'") or salt
        with engine.transaction():
            kept = _migrate(engine, tables, salt)
        what = (
            "files that are still there are read again, rows of others are kept"
            if kept
            else "it is made anew, and all files are read again"
        )
        note = f"{engine.path}: the ledger was written by another version (format {version}, this one {VERSION}): {what}"
        warnings.warn(note, LedgerNotice, stacklevel=3)
        return
    with engine.transaction():
        _create(engine, salt)


def _create(engine: Engine, salt: str | None) -> None:
    engine.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    engine.execute("INSERT INTO meta VALUES ('version', ?), ('salt', ?)", [VERSION, salt or secrets.token_hex(16)])
    for name, columns in PERSISTENT.items():
        body = ", ".join(f"{quoted(c.name)} {c.type}" for c in columns)
        engine.execute(f"CREATE TABLE {quoted(name)} ({body})")


def _migrate(engine: Engine, tables: set[str], salt: str | None) -> bool:
    """Make this version's tables and move into them what has the same columns; False where nothing could be kept.

    Only added columns can be bridged: they are NULL in old rows. Every file that is still there is read again, since what its rows lack stands
    in it; the rows of a file that has gone stay as they were read.
    """
    old = {name: engine.columns(quoted(name)) for name in set(PERSISTENT) & tables}
    fits = all(
        set(columns.items()) <= {(c.name, engine.value(f"SELECT typeof(CAST(NULL AS {c.type}))")) for c in PERSISTENT[name]}
        for name, columns in old.items()
    )
    for name in old:
        engine.execute(f"ALTER TABLE {quoted(name)} RENAME TO {quoted('old ' + name)}")
    engine.execute("DROP TABLE meta")
    _create(engine, salt)
    for name, columns in old.items():
        if fits:
            listed = ", ".join(quoted(c) for c in columns)
            engine.execute(f"INSERT INTO {quoted(name)} ({listed}) SELECT {listed} FROM {quoted('old ' + name)}")
        engine.execute(f"DROP TABLE {quoted('old ' + name)}")
    if fits:
        engine.execute("""UPDATE ledger_files SET version = '', records = coalesce(records, rows + rejects), other = coalesce(other, 0)""")
    return fits and bool(engine.value("SELECT count(*) FROM ledger_files"))


def _is_ours(engine: Engine) -> bool:
    """Only a database with a ledger's version and salt may be written to, let alone made anew."""
    if "meta" not in _tables(engine) or set(engine.columns("meta")) != {"key", "value"}:
        return False
    known: int = engine.value("SELECT count(*) FROM meta WHERE CAST(key AS VARCHAR) IN ('version', 'salt')")
    return known == 2


def _tables(engine: Engine) -> set[str]:
    return {str(r[0]) for r in engine.rows("SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()")}


def salt_of(engine: Engine) -> str:
    """The project's salt: it keeps hashes comparable between runs, shards and baselines."""
    return str(engine.value("SELECT value FROM meta WHERE key = 'salt'"))


def salted_by(engine: Engine, salt: str) -> bool:
    """Whether a ledger that exists has this salt; False for an empty file or another database."""
    return _is_ours(engine) and salt_of(engine) == salt


def forget(engine: Engine, file_ids: list[int]) -> None:
    """Delete all that was read of these files; call it inside the transaction that reads them again."""
    if file_ids:
        for name in (*PER_FILE, "ledger_files"):
            engine.execute(f"DELETE FROM {quoted(name)} WHERE file_id IN (SELECT unnest(?::BIGINT[]))", [file_ids])
