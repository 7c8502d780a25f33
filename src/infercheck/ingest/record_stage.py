"""What staging does differently where a record is not one call: it holds several or none, or several records make one (``joins`` in a header)."""

from __future__ import annotations

from infercheck.engine.duckdb import DatabaseError, Engine, quoted
from infercheck.sources import Source

# A record's place in its file, its line, is known only once it is held: its place among its file's records, or in a stack of files.
_PLACED = """
    SELECT r.* REPLACE (coalesce(r.line, r.rowid - f.first_rn + 1 + p.base) AS line)
    FROM records r JOIN (SELECT file, min(rowid) AS first_rn FROM records GROUP BY file) f ON r.file = f.file
    JOIN pieces p ON p.file_id = r.file"""
_STACKED = "SELECT r.* REPLACE (p.file_id AS file, p.line AS line) FROM records r POSITIONAL JOIN placed p"


def hold(engine: Engine, source: Source, select: str, *, stacked: bool = False) -> None:
    """Make ``raw`` of what ``select`` reads. Records are held first: their place in the file is known only before they are taken apart.

    A record with none of the source's fields ``is_empty``: its file gets the record by record pass. Where one of the keys that tell the format is
    plain, the plain fields answer that, since to ask it of nested ones has the database make all of them, of which most are not needed.
    """
    columns = source.header.columns
    plain = [name for name, shape in columns.items() if shape == "VARCHAR"]
    asked = plain if set(plain) & set(source.header.detect.all) else list(columns)
    empty = " AND ".join(f"{quoted(name)} IS NULL" for name in asked)
    kept = f"file, line, {source.header.held}" if source.header.held else "*"
    engine.execute(f"CREATE OR REPLACE TEMP TABLE records AS SELECT {kept}, {empty} AS is_empty FROM ({select})")
    if stacked:
        engine.execute("""
            CREATE OR REPLACE TEMP TABLE placed AS SELECT file_id, unnest(range(1, lines + 1)) AS line FROM (FROM pieces ORDER BY first_row)""")
        if engine.value("SELECT (SELECT count(*) FROM placed) <> (SELECT count(*) FROM records)"):
            raise DatabaseError("a line of the stack is no record, or several")
    engine.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {_STACKED if stacked else _PLACED}")


def count_other(engine: Engine, what: str, condition: str) -> int:
    """Fill ``left_out`` with how many rows of ``staged`` hold something else, by ``what`` they are. Of how many kinds there are any."""
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE left_out AS SELECT file, {what} AS what, count(*) AS n FROM staged WHERE {condition} GROUP BY ALL""")
    return int(engine.value("SELECT count(*) FROM left_out"))


def leave_out(engine: Engine, what: str, condition: str) -> None:
    """Take the rows of ``staged`` that hold something else out of it, counted."""
    if count_other(engine, what, condition):
        engine.execute(f"CREATE OR REPLACE TEMP TABLE staged AS FROM staged WHERE NOT ({condition})")


def number_rows(engine: Engine) -> None:
    """Give every staged call its call_id: counted on from those that an earlier run read of the file."""
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT s.rowid AS rn, s.file AS file_id, s.line, coalesce(l.last_id, s.file * 4294967296)
            + row_number() OVER (PARTITION BY s.file ORDER BY s.line, s.rowid) AS call_id
        FROM staged s LEFT JOIN (SELECT file_id, max(call_id) AS last_id FROM call_rows JOIN pieces p USING (file_id) WHERE p.base > 0
            GROUP BY file_id) l ON l.file_id = s.file""")


def files_with_empty_records(engine: Engine) -> list[int]:
    """Files with a record that has none of the source's fields."""
    if not engine.value("SELECT count(*) FROM records WHERE is_empty"):
        return []
    return [int(r[0]) for r in engine.rows("SELECT DISTINCT file FROM raw WHERE is_empty")]


def counts(engine: Engine) -> dict[int, tuple[int, int]]:
    """By file: records that were read, and how many of them hold no call, nor repeat one."""
    rows = engine.rows("""
        SELECT file, r.n, r.n - coalesce(c.n, 0) - coalesce(s.n, 0) FROM (SELECT file, count(*) AS n FROM raw GROUP BY file) r
        LEFT JOIN (SELECT file_id AS file, count(DISTINCT line) AS n FROM numbered GROUP BY file_id) c USING (file)
        LEFT JOIN (SELECT file, sum(len(repeats)) AS n FROM staged GROUP BY file) s USING (file)""")
    return {int(file_id): (int(read), int(other)) for file_id, read, other in rows}


def notes(engine: Engine, source: Source) -> dict[int, list[str]]:
    """By file, how many records hold something else than what the source reads, in words."""
    found: dict[int, list[str]] = {}
    wanted = "spans" if source.header.yields == "spans" else "calls"
    for file_id, what, n in engine.rows("SELECT file, what, n FROM left_out ORDER BY ALL"):
        verb = "record holds" if n == 1 else "records hold"
        found.setdefault(int(file_id), []).append(f"{n} {verb} {what} instead of {wanted}, left out")
    return found


def drop(engine: Engine) -> None:
    """Free what was held."""
    for name in ("left_out", "records", "placed"):
        engine.execute(f"DROP TABLE IF EXISTS temp.{name}")
