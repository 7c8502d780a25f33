"""Which rows are copies of one attempt, and which traces are one unit: decided over the files in scope, whatever file or line they stand in.

Spans repeat themselves. A framework, a client library and a gateway each record the same call, one inside the other and each with its usage, and
parent and child may arrive in different files. So the spans of models are looked at as a tree, once all are known, and what remains are the attempts:
- only work of one kind can repeat: an embedding below a chat, for a cache or a search, says nothing of the chat's own tokens;
- a span is a wrapper when the attempts below it explain its usage, or when it has none; one without usage below one that has it is part of that one.
  They explain it where one of them has the same usage, or all of them together. Where one has its model too, a wrapper may have counted a little
  differently, or left a failed attempt out: then it is enough that they come near its usage, or that one has the same output;
- a span of more usage than that is an attempt, whatever else was asked while it ran (a smaller model that judged, say);
- a wrapper around one attempt of the same usage is a copy of it: the fuller row wins, and rows of other logs that match either one go with it;
- a wrapper around several is no attempt. Work that a tool, an agent, a retriever or a guardrail did below is not the span's own.
Spans side by side that name the same answer, at the same time, in the same trace are copies as well.

Calls without an id repeat themselves where a file was copied: then the call at the same place in the other file is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from infercheck.engine.base import Database
from infercheck.engine.duckdb import Engine, quoted
from infercheck.ingest.shards import ID_SPAN
from infercheck.model.call import CALLS

PACKED = r"\.(gz|zst|bz2|xz)$"
BARRIERS = "('tool', 'agent', 'retrieval', 'guardrail')"
BOUND = {"call_id", "source_call_id", "request_id", "attempt_key", "source", "file_id", "line", "started_at", "ended_at", "status", "turn",
         "prompt_hash", "masked_hash", "system_hash", "template_hash", "prompt_chars"}  # fmt: skip  # never taken from another copy
APART = ("embedding", "image", "transcription", "speech", "rerank", "moderation")  # operations of their own kind; all others answer in text
NEAR = 0.75  # of a wrapper's tokens: frameworks estimate that well, and a helper's call has nothing to do with the call around it
DEEPEST = 64  # parents that are followed; a log may hold a circle


def group_copies(engine: Engine, ids: str) -> None:
    """Fill ``attempt_groups`` (attempt_key, group_key, is_wrapper, dropped) for the attempts that are not simply their own group."""
    flag = "BOOLEAN"
    engine.create_empty("attempt_groups", {"attempt_key": "VARCHAR", "group_key": "VARCHAR", "is_wrapper": flag, "dropped": flag})
    _join_partial_keys(engine, ids)
    if not engine.value(f"SELECT count(*) FROM (SELECT 1 FROM call_rows WHERE file_id IN ({ids}) AND span_id IS NOT NULL LIMIT 1)"):
        return
    _collect_model_spans(engine, ids)
    _nest(engine, ids)
    _find_wrappers(engine)
    _name_attempts(engine)
    _join_same_answers(engine, ids)
    for name in ("model_spans", "span_above", "nested", "wrappers", "span_roles"):
        engine.drop(name)


def find_copied_files(engine: Engine, ids: str) -> bool:
    """Fill ``copied_files`` (file_id, copy_of): files with the same content as an earlier one, and calls without ids. Whether there are any.

    The ledger holds hashes of a file's ends; what lies between them in a larger one is told by its calls. Members of an archive, whose bytes are
    hashed with it, are told apart by their names. What was compressed and left where it was has other bytes, the same name and as many rows.
    """
    content = "source, version, size, head_hash, tail_hash, rows, regexp_extract(path, '!(.*)$', 1)"
    unpacked = f"source, version, rows, regexp_replace(path, '{PACKED}', '')"
    found = engine.rows(f"""
        WITH alike AS (
            SELECT file_id, dense_rank() OVER (ORDER BY {content}) AS content, dense_rank() OVER (ORDER BY {unpacked}) AS unpacked
            FROM ledger_files WHERE rows > 0 AND file_id IN ({ids})
            QUALIFY count(*) OVER (PARTITION BY {content}) > 1 OR count(*) OVER (PARTITION BY {unpacked}) > 1
        ), told AS (
            SELECT file_id, bit_xor(hash(call_id % {ID_SPAN}, content_hash)) AS calls FROM call_rows SEMI JOIN alike USING (file_id)
            GROUP BY file_id HAVING bool_or(coalesce(attempt_key, '') = '')
        )
        SELECT file_id, content, unpacked, calls FROM alike JOIN told USING (file_id) ORDER BY file_id""")
    copies = _first_of_each(found)
    engine.load_rows("copied_files", {"file_id": "BIGINT", "copy_of": "BIGINT"}, copies)
    return bool(copies)


def _first_of_each(files: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    """Of files (file_id, content, name, calls), the first first: each that is a copy, and of which one. A copy's copy is one of the first's."""
    parent: dict[object, object] = {}

    def root(node: object) -> object:
        while (above := parent.setdefault(node, node)) != node:
            node = above
        return node

    for file_id, content, name, calls in files:
        for shared in (("content", content, calls), ("name", name, calls)):
            parent[root(file_id)] = root(shared)
    first: dict[object, int] = {}
    return [(file_id, original) for file_id, *_ in files if (original := first.setdefault(root(file_id), file_id)) != file_id]


def _join_partial_keys(engine: Engine, ids: str) -> None:
    """What a source says with its keys alone: ``a|`` is the attempt ``a|b``, and ``copy|...`` counts nowhere."""
    said = "starts_with(attempt_key, 'copy|') OR ends_with(attempt_key, '|')"
    if not engine.value(f"SELECT bool_or({said}) FROM call_rows WHERE file_id IN ({ids})"):  # LIMIT 1 would read on one thread
        return
    engine.execute(f"""
        INSERT INTO attempt_groups
        SELECT DISTINCT attempt_key, NULL, FALSE, TRUE FROM call_rows WHERE file_id IN ({ids}) AND starts_with(attempt_key, 'copy|')
        UNION ALL
        SELECT p.attempt_key, min(w.attempt_key), FALSE, FALSE
        FROM (SELECT DISTINCT attempt_key FROM call_rows WHERE file_id IN ({ids}) AND ends_with(attempt_key, '|')) p
        JOIN (SELECT attempt_key FROM call_rows WHERE file_id IN ({ids}) AND NOT ends_with(attempt_key, '|')) w
            ON split_part(w.attempt_key, '|', 1) || '|' = p.attempt_key
        GROUP BY p.attempt_key""")


def _collect_model_spans(engine: Engine, ids: str) -> None:
    engine.create(
        "model_spans",
        f"""
        SELECT trace_id, span_id, min(attempt_key) AS attempt_key, max(parent_span_id) AS parent_span_id,
            max(CASE WHEN operation IN {APART} THEN operation ELSE 'text' END) AS work, max(model) AS model, max(model_requested) AS model_requested,
            max(input_tokens) AS input_tokens, max(output_tokens) AS output_tokens,
            coalesce(max(input_tokens), 0) + coalesce(max(output_tokens), 0) > 0 AS has_usage
        FROM call_rows WHERE file_id IN ({ids}) AND span_id IS NOT NULL AND trace_id IS NOT NULL AND attempt_key <> ''
        GROUP BY trace_id, span_id""",
    )


def _nest(engine: Engine, ids: str) -> None:
    """``nested``: every pair of model spans of the same work of which one stands above the other, and how many stand above both."""
    engine.create(
        "span_above",
        f"""
        SELECT trace_id, span_id, max(parent_span_id) AS parent_span_id FROM span_rows
        WHERE file_id IN ({ids}) AND kind NOT IN {BARRIERS} AND parent_span_id IS NOT NULL GROUP BY trace_id, span_id
        UNION ALL SELECT trace_id, span_id, parent_span_id FROM model_spans WHERE parent_span_id IS NOT NULL""",
    )
    engine.create(
        "nested",
        f"""
        WITH RECURSIVE up AS (
            SELECT trace_id, span_id AS below, parent_span_id AS above, 1 AS depth FROM model_spans WHERE parent_span_id IS NOT NULL
            UNION ALL
            SELECT u.trace_id, u.below, s.parent_span_id, u.depth + 1
            FROM up u JOIN span_above s ON s.trace_id = u.trace_id AND s.span_id = u.above WHERE u.depth < {DEEPEST}
        ), pairs AS (
            SELECT DISTINCT u.trace_id, u.below, u.above FROM up u
            JOIN model_spans a ON a.trace_id = u.trace_id AND a.span_id = u.above
            JOIN model_spans b ON b.trace_id = u.trace_id AND b.span_id = u.below AND b.work = a.work WHERE u.above <> u.below
        ), places AS (
            SELECT trace_id, below, count(*) AS place FROM pairs GROUP BY ALL
        )
        SELECT n.*, coalesce(p.place, 0) AS place FROM pairs n LEFT JOIN places p ON p.trace_id = n.trace_id AND p.below = n.above""",
    )


def _find_wrappers(engine: Engine) -> None:
    """Fill ``wrappers`` (trace_id, span_id), the lowest first: what is a wrapper itself explains nothing of the spans above it."""
    engine.create_empty("wrappers", {"trace_id": "VARCHAR", "span_id": "VARCHAR"})
    same = (
        "(a.input_tokens = {0} OR a.output_tokens = {1}) AND coalesce(a.input_tokens = {0}, TRUE) AND coalesce(a.output_tokens = {1}, TRUE)"
    )
    near = f"coalesce(input_below >= {NEAR} * input_tokens, TRUE) AND coalesce(output_below >= {NEAR} * output_tokens, TRUE)"
    alike = f"coalesce(list_has_any({_bare_names('a')}, {_bare_names('b')}), TRUE)"
    for place in range(engine.value("SELECT coalesce(max(place), -1) FROM nested"), -1, -1):
        engine.execute(f"""
            INSERT INTO wrappers
            WITH pairs AS (
                SELECT a.*, b.has_usage AS usage_below, b.input_tokens AS input_below, b.output_tokens AS output_below, {alike} AS alike
                FROM nested n JOIN model_spans a ON a.trace_id = n.trace_id AND a.span_id = n.above
                JOIN model_spans b ON b.trace_id = n.trace_id AND b.span_id = n.below
                ANTI JOIN wrappers w ON w.trace_id = b.trace_id AND w.span_id = b.span_id WHERE n.place = {place}
            ), below AS (
                SELECT trace_id, span_id, has_usage, input_tokens, output_tokens, bool_or(usage_below) AS usage_below, bool_or(alike) AS alike,
                    sum(input_below) AS input_below, sum(output_below) AS output_below,
                    bool_or({same.format("input_below", "output_below")}) AS repeated,
                    bool_or(alike AND output_below = output_tokens AND output_tokens > 0) AS answered
                FROM pairs a GROUP BY trace_id, span_id, has_usage, input_tokens, output_tokens
            )
            SELECT trace_id, span_id FROM below a
            WHERE NOT has_usage OR repeated OR answered OR ({same.format("input_below", "output_below")}) OR (usage_below AND alike AND {near})""")


def _bare_names(span: str) -> str:
    """SQL for what a span calls its model, without a path, a cloud's prefix, a date or a version. NULL where it names none."""
    spare = "^(.*/)?([a-z-]+[.])*|([-@]([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|latest))?(-v[0-9]+)?(:[0-9]+)?$"
    names = (f"regexp_replace(lower({span}.{column}), '{spare}', '', 'g')" for column in ("model", "model_requested"))
    return f"nullif(list_filter([{', '.join(names)}], lambda x: x <> ''), [])"


def _name_attempts(engine: Engine) -> None:
    engine.create(
        "span_roles",
        """
        WITH wrapped AS (
            SELECT m.*, w.span_id IS NOT NULL AS is_wrapper
            FROM model_spans m LEFT JOIN wrappers w ON w.trace_id = m.trace_id AND w.span_id = m.span_id
        )
        SELECT w.*, NOT w.has_usage AND NOT w.is_wrapper AND EXISTS (
            SELECT 1 FROM nested n JOIN wrapped p ON p.trace_id = n.trace_id AND p.span_id = n.above
            WHERE n.trace_id = w.trace_id AND n.below = w.span_id AND p.has_usage AND NOT p.is_wrapper) AS is_part
        FROM wrapped w""",
    )
    # A wrapper joins its leaf where it has but one of the same usage (or of none, where none has any): they are one group.
    engine.execute("""
        INSERT INTO attempt_groups
        WITH leaves AS (
            SELECT n.trace_id, n.above, count(*) AS leaves, any_value(l.attempt_key) AS leaf_key,
                any_value(l.input_tokens) AS input_tokens, any_value(l.output_tokens) AS output_tokens
            FROM nested n
            JOIN span_roles l ON l.trace_id = n.trace_id AND l.span_id = n.below AND NOT l.is_wrapper AND NOT l.is_part
            JOIN span_roles w ON w.trace_id = n.trace_id AND w.span_id = n.above AND w.is_wrapper
            WHERE l.has_usage OR NOT w.has_usage GROUP BY n.trace_id, n.above
        ), wrappers AS (
            SELECT w.attempt_key, CASE WHEN l.leaves = 1 AND coalesce(w.input_tokens = l.input_tokens, TRUE)
                AND coalesce(w.output_tokens = l.output_tokens, TRUE) THEN l.leaf_key END AS leaf_key
            FROM span_roles w JOIN leaves l ON l.trace_id = w.trace_id AND l.above = w.span_id WHERE w.is_wrapper
        )
        SELECT attempt_key, min(leaf_key), TRUE, bool_and(leaf_key IS NULL) FROM wrappers
        WHERE attempt_key NOT IN (SELECT attempt_key FROM span_roles WHERE NOT is_wrapper) GROUP BY attempt_key
        UNION ALL SELECT DISTINCT attempt_key, NULL, FALSE, TRUE FROM span_roles
        WHERE is_part AND attempt_key NOT IN (SELECT attempt_key FROM span_roles WHERE NOT is_part)""")


def _join_same_answers(engine: Engine, ids: str) -> None:
    engine.execute(f"""
        INSERT INTO attempt_groups
        WITH answers AS (
            SELECT c.trace_id, c.source_call_id, c.attempt_key, min(c.started_at) AS started_at, max(coalesce(c.ended_at, c.started_at)) AS ended_at
            FROM call_rows c WHERE c.file_id IN ({ids}) AND c.span_id IS NOT NULL AND c.source_call_id <> c.span_id AND c.trace_id IS NOT NULL
                AND c.attempt_key = c.trace_id || '|' || c.span_id AND c.attempt_key NOT IN (SELECT attempt_key FROM attempt_groups)
            GROUP BY c.trace_id, c.source_call_id, c.attempt_key
            QUALIFY count(*) OVER (PARTITION BY c.trace_id, c.source_call_id) > 1
        ), fresh AS (
            SELECT *, CAST(coalesce(started_at > max(ended_at) OVER (PARTITION BY trace_id, source_call_id ORDER BY started_at, attempt_key
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), TRUE) AS INTEGER) AS is_fresh FROM answers
        ), islands AS (
            SELECT *, sum(is_fresh) OVER (PARTITION BY trace_id, source_call_id ORDER BY started_at, attempt_key) AS island FROM fresh
        ), named AS (
            SELECT attempt_key, min(attempt_key) OVER (PARTITION BY trace_id, source_call_id, island) AS group_key FROM islands
        )
        SELECT attempt_key, group_key, FALSE, FALSE FROM named WHERE attempt_key <> group_key""")
    # A wrapper whose leaf joined another group goes with it.
    engine.execute("""
        UPDATE attempt_groups SET group_key = l.group_key FROM attempt_groups l
        WHERE attempt_groups.is_wrapper AND attempt_groups.group_key = l.attempt_key AND NOT l.is_wrapper AND l.group_key IS NOT NULL""")


def know_of_copies(filled: frozenset[str], engine: Database) -> None:
    """Fill ``known_of_call``: what the kept copy and the next fuller ones of the same outcome know of a call, for those whose copies differ.

    ``filled`` are the columns that hold anything.
    """
    differing = "SELECT group_key FROM grouped_calls GROUP BY group_key HAVING count(*) > 1 AND min(content_hash) <> max(content_hash)"
    facts = "".join(f", min_by({n}, place) AS {n}" for n in _facts(filled))  # of those that are not NULL
    engine.create(
        "known_of_call",
        f"""
        SELECT kept_id AS call_id{facts} FROM (
            SELECT c.*, k.call_id AS kept_id, row_number() OVER (
                PARTITION BY k.call_id ORDER BY c.fullness DESC, c.source, c.started_at, c.ended_at, c.content_hash, c.call_id) AS place
            FROM kept_calls k JOIN call_rows w ON w.call_id = k.call_id
            JOIN grouped_calls g ON g.group_key = k.group_key JOIN call_rows c ON c.call_id = g.call_id AND c.status IS NOT DISTINCT FROM w.status
            WHERE k.group_key IN ({differing}))
        GROUP BY kept_id""",
    )


def completed(ids: str, filled: frozenset[str], *, known: bool) -> str:
    """A SELECT of the kept rows of ``call_rows``, each with what it does not know filled in out of ``known_of_call``, where it is there.

    Prompts are left alone, since their blocks hang on the row that was kept.
    """
    kept = f"SELECT c.* FROM call_rows c JOIN kept_calls USING (call_id) WHERE c.file_id IN ({ids})"
    facts = ", ".join(f"coalesce(c.{n}, o.{n}) AS {n}" for n in _facts(filled))
    return f"SELECT c.* REPLACE ({facts}) FROM ({kept}) c LEFT JOIN known_of_call o USING (call_id)" if known and facts else kept


def _facts(filled: frozenset[str]) -> list[str]:
    return [quoted(c.name) for c in CALLS if c.name in filled - BOUND]


def join_traces(engine: Database) -> None:
    """Fill ``trace_units`` (trace_id, unit): traces that two logs of one attempt name differently are one.

    A gateway's own trace covers all requests of a task, where OpenTelemetry has a trace for each request; or the other way round. Either way the
    coarser one is the unit, so names that occur at one attempt are joined until nothing changes.
    """
    engine.create(
        "same_traces",
        """
        WITH several AS (SELECT group_key, min(trace_id) AS a FROM grouped_calls GROUP BY group_key HAVING min(trace_id) <> max(trace_id))
        SELECT DISTINCT s.a, g.trace_id AS b FROM several s JOIN grouped_calls g USING (group_key) WHERE g.trace_id IS NOT NULL""",
    )
    engine.create("trace_units", "SELECT DISTINCT b AS trace_id, b AS unit FROM same_traces")
    while True:
        engine.create(
            "joined_units",
            """
            WITH links AS (SELECT a, b FROM same_traces UNION ALL SELECT b, a FROM same_traces)
            SELECT u.trace_id, least(u.unit, min(v.unit)) AS unit FROM trace_units u
            JOIN links l ON l.a = u.trace_id JOIN trace_units v ON v.trace_id = l.b GROUP BY u.trace_id, u.unit""",
        )
        changed = engine.value("SELECT count(*) FROM joined_units j JOIN trace_units u USING (trace_id) WHERE j.unit <> u.unit")
        engine.create("trace_units", "FROM joined_units")
        if not changed:
            break
    for name in ("same_traces", "joined_units"):
        engine.drop(name)
