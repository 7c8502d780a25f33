"""What a log says of a call or a trace in a record of its own: scores, and the session, user and tags of a trace.

Such records often come in a file of their own, before or after the calls. So they are kept as they are, and joined over the files in scope:
what is said of a trace holds for its calls where they do not say it themselves. A score of a span belongs to the call that is this span. A score
of a whole trace, or of its outermost span, judges the answer that the user saw: it belongs to the trace's last call, unless that has its own.
"""

from __future__ import annotations

from infercheck.engine.duckdb import Engine
from infercheck.model.call import Column

REMARKS = (
    Column("file_id", "BIGINT", "the file in `files`"),
    Column("line", "BIGINT", "1-based record number in that file"),
    Column("trace_id", "VARCHAR", "the trace"),
    Column("span_id", "VARCHAR", "the span; NULL where the whole trace is meant"),
    Column("name", "VARCHAR", "name of the score"),
    Column("score", "DOUBLE", "the score, on the scale of its name"),
    Column("praise", "BOOLEAN", "the name of the score says that more of it is better"),
    Column("session_id", "VARCHAR", "a conversation of several traces"),
    Column("end_user", "VARCHAR", "the person served, salted hash"),
    Column("app", "VARCHAR", "application, service or route tag that the client set"),
    Column("environment", "VARCHAR", "prod, staging, test, ..."),
    Column("tags", "VARCHAR", "the client's other tags, sorted, comma separated"),
)
_TEXTS = ("session_id", "end_user", "app", "environment", "tags")
FILLS = frozenset({*_TEXTS, "score"})  # columns of calls


def added(engine: Engine, ids: str, calls: str) -> str:
    """``calls``, a SELECT of the kept calls, with what the remarks of the files ``ids`` say of them; needs ``grouped_calls`` and ``kept_calls``."""
    if not engine.value(f"SELECT count(*) FROM (SELECT 1 FROM remark_rows WHERE file_id IN ({ids}) LIMIT 1)"):
        return calls
    facts = ", ".join(f"first({n} ORDER BY file_id, line) FILTER ({n} IS NOT NULL) AS {n}" for n in _TEXTS)
    engine.create(
        "said",
        f"""
        WITH said AS (
            SELECT * FROM remark_rows WHERE file_id IN ({ids})
        ), scales AS (
            -- A score of 1 on a scale to 5 is the worst, not the best: the whole log tells which scale a name has.
            SELECT name FROM said WHERE score IS NOT NULL GROUP BY name HAVING bool_and(praise) AND min(score) >= 0 AND max(score) <= 1
        )
        SELECT s.* REPLACE (
            CASE WHEN r.span_id IS NULL THEN s.span_id END AS span_id,
            CASE WHEN s.name IN (SELECT name FROM scales) THEN score END AS score)
        FROM said s LEFT JOIN (SELECT DISTINCT trace_id, span_id FROM span_rows WHERE file_id IN ({ids}) AND parent_span_id IS NULL) r
            ON r.trace_id = s.trace_id AND r.span_id = s.span_id""",
    )
    engine.create(
        "said_of_traces",
        f"""
        SELECT trace_id, avg(score) AS score, {facts} FROM said WHERE span_id IS NULL GROUP BY trace_id""",
    )
    engine.create(
        "said_of_calls",
        f"""
        SELECT coalesce(k.call_id, c.call_id) AS call_id, avg(s.score) AS score
        FROM said s JOIN call_rows c ON c.trace_id = s.trace_id AND c.span_id = s.span_id
        LEFT JOIN grouped_calls g ON g.call_id = c.call_id LEFT JOIN kept_calls k ON k.group_key = g.group_key
        WHERE c.file_id IN ({ids}) GROUP BY ALL""",
    )
    filled = ", ".join(f"coalesce(c.{n}, t.{n}) AS {n}" for n in _TEXTS)
    last = """row_number() OVER (PARTITION BY c.trace_id ORDER BY coalesce(c.operation = 'embedding', FALSE),
        coalesce(c.ended_at, c.started_at) DESC NULLS LAST, c.call_id DESC) = 1"""
    return f"""
        SELECT c.* REPLACE ({filled}, coalesce(c.score, o.score, CASE WHEN {last} THEN t.score END) AS score)
        FROM ({calls}) c LEFT JOIN said_of_traces t USING (trace_id) LEFT JOIN said_of_calls o ON o.call_id = c.call_id"""
