"""What staging does differently for sources of spans: one record holds many, some of them calls of models and the others not."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.model.call import SPANS
from infercheck.sources import Source

EXTRA = ("kind", "name", "service", "arguments")  # what the shared SELECT hands on beside the columns of calls


def hold_records(engine: Engine, select: str) -> None:
    """Make ``raw`` of what ``select`` reads. Records are held first: their place in the file is known only before they are taken apart."""
    engine.execute(f"CREATE OR REPLACE TEMP TABLE records AS {select}")
    engine.execute("""
        CREATE OR REPLACE TEMP VIEW raw AS
        SELECT r.* REPLACE (coalesce(r.line, r.rowid - f.first_rn + 1 + p.base) AS line)
        FROM records r JOIN (SELECT file, min(rowid) AS first_rn FROM records GROUP BY file) f ON r.file = f.file
        JOIN pieces p ON p.file_id = r.file""")


def part(engine: Engine) -> None:
    """Leave the calls of models in ``staged``; everything else that took time goes to ``staged_spans``."""
    names = ", ".join(quoted(c.name) for c in SPANS if c.name not in {"file_id", "source", "arguments_hash"})
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE staged_spans AS
        SELECT file AS file_id, salted(nullif(arguments, '{{}}')) AS arguments_hash, {names} FROM staged WHERE kind <> 'model'""")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * EXCLUDE ({', '.join(EXTRA)}) FROM staged WHERE kind = 'model'")


def number_rows(engine: Engine) -> None:
    """Give every staged call its call_id: counted on from those that an earlier run read of the file."""
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT s.rowid AS rn, s.file AS file_id, s.line, coalesce(l.last_id, s.file * 4294967296)
            + row_number() OVER (PARTITION BY s.file ORDER BY s.rowid) AS call_id
        FROM staged s LEFT JOIN (SELECT file_id, max(call_id) AS last_id FROM call_rows JOIN pieces p USING (file_id) WHERE p.base > 0
            GROUP BY file_id) l ON l.file_id = s.file""")


def files_with_empty_records(engine: Engine, source: Source) -> list[int]:
    """Files with a record that has none of the source's fields."""
    empty = " AND ".join(f"{quoted(c)} IS NULL" for c in source.header.columns)
    return [int(r[0]) for r in engine.rows(f"SELECT DISTINCT file FROM records WHERE {empty}")]


def spans_select(source: Source) -> str:
    """The staged spans with all canonical columns."""
    columns = ", ".join(f"{literal(source.id)} AS source" if c.name == "source" else quoted(c.name) for c in SPANS)
    return f"SELECT {columns} FROM staged_spans WHERE kind <> 'skipped'"


def notes(engine: Engine) -> dict[int, list[str]]:
    """By file, how many records hold something that is no span, in words."""
    found: dict[int, list[str]] = {}
    for file_id, what, n in engine.rows(
        "SELECT file_id, name, count(*) FROM staged_spans WHERE kind = 'skipped' GROUP BY ALL ORDER BY ALL"
    ):
        found.setdefault(int(file_id), []).append(f"{n} {'record holds' if n == 1 else 'records hold'} {what} instead of spans, left out")
    return found


def drop(engine: Engine) -> None:
    """Free what was held."""
    for name in ("staged_spans", "records"):
        engine.execute(f"DROP TABLE IF EXISTS temp.{name}")
