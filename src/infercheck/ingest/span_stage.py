"""What staging does differently for sources of spans: some of them are calls of models, and the others are kept for the time they took."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.ingest.remarks import REMARKS
from infercheck.model.call import SPANS
from infercheck.sources import Source

EXTRA = ("kind", "name", "service", "arguments", "unread")  # what the shared SELECT hands on beside the columns of calls
UNREAD_SHOWN = 5  # names in a note


def part(engine: Engine) -> None:
    """Leave the calls of models in ``staged``: all else that took time goes to ``staged_spans``, and what is said of others to ``staged_remarks``."""
    names = ", ".join(_kept(c.name) for c in SPANS if c.name not in {"file_id", "source", "arguments_hash"})
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE staged_spans AS
        SELECT file AS file_id, CASE WHEN arguments <> '{{}}' AND NOT withheld(arguments) THEN salted(arguments) END AS arguments_hash, {names}
        FROM staged WHERE kind NOT IN ('model', 'remark')""")
    said = ", ".join(_kept(c.name) for c in REMARKS if c.name not in {"file_id", "praise"})
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE staged_remarks AS
        SELECT file AS file_id, praises(name) AS praise, {said} FROM staged WHERE kind = 'remark'""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE staged_unread AS
        SELECT file AS file_id, concealed(name) AS name, count(*) AS spans FROM (SELECT file, unnest(unread) AS name FROM staged) GROUP BY ALL""")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * EXCLUDE ({', '.join(EXTRA)}) FROM staged WHERE kind = 'model'")


def _kept(name: str) -> str:
    """A column that is handed on; of those that are no columns of calls nothing has been concealed yet."""
    return f"concealed({name}) AS {name}" if name in EXTRA else quoted(name)


def spans_select(source: Source) -> str:
    """The staged spans with all canonical columns."""
    columns = ", ".join(f"{literal(source.id)} AS source" if c.name == "source" else quoted(c.name) for c in SPANS)
    return f"SELECT {columns} FROM staged_spans"


def notes(engine: Engine) -> dict[int, list[str]]:
    """By file, in words: scores that cannot be read as success, and what seems to be usage under names that no convention has."""
    rows = engine.rows(f"""
        SELECT file_id, 'scores left out, which do not say that 1 is good and 0 is bad: ' || string_agg(name, ', ' ORDER BY name) FROM (
            SELECT file_id, name FROM staged_remarks WHERE score IS NOT NULL GROUP BY ALL
            HAVING NOT (bool_and(coalesce(praise, FALSE)) AND min(score) >= 0 AND max(score) <= 1))
        GROUP BY file_id
        UNION ALL
        SELECT file_id, 'usage under names that are not read: ' || string_agg(name, ', ' ORDER BY name) FROM (
            FROM staged_unread QUALIFY row_number() OVER (PARTITION BY file_id ORDER BY spans DESC, name) <= {UNREAD_SHOWN})
        GROUP BY file_id""")
    found: dict[int, list[str]] = {}
    for file_id, note in rows:
        found.setdefault(int(file_id), []).append(note)
    return found


def drop(engine: Engine) -> None:
    """Free what was held."""
    for name in ("staged_spans", "staged_remarks", "staged_unread"):
        engine.execute(f"DROP TABLE IF EXISTS temp.{name}")
