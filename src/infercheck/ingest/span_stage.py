"""What staging does differently for sources of spans: some of them are calls of models, and the others are kept for the time they took."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.model.call import SPANS
from infercheck.sources import Source

EXTRA = ("kind", "name", "service", "arguments")  # what the shared SELECT hands on beside the columns of calls


def part(engine: Engine) -> None:
    """Leave the calls of models in ``staged``; everything else that took time goes to ``staged_spans``."""
    names = ", ".join(quoted(c.name) for c in SPANS if c.name not in {"file_id", "source", "arguments_hash"})
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE staged_spans AS
        SELECT file AS file_id, salted(nullif(arguments, '{{}}')) AS arguments_hash, {names} FROM staged WHERE kind <> 'model'""")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * EXCLUDE ({', '.join(EXTRA)}) FROM staged WHERE kind = 'model'")


def spans_select(source: Source) -> str:
    """The staged spans with all canonical columns."""
    columns = ", ".join(f"{literal(source.id)} AS source" if c.name == "source" else quoted(c.name) for c in SPANS)
    return f"SELECT {columns} FROM staged_spans"


def drop(engine: Engine) -> None:
    """Free what was held."""
    engine.execute("DROP TABLE IF EXISTS temp.staged_spans")
