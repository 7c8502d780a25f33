"""What one run looks at: the canonical tables over exactly its files, with every attempt counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from infercheck import sqlcheck
from infercheck.engine.base import Database
from infercheck.engine.duckdb import DatabaseError, Engine, literal, quoted
from infercheck.engine.lanes import Job, work
from infercheck.errors import UsageError, first_line
from infercheck.ingest import attempts, ledger, remarks
from infercheck.ingest.shards import ID_SPAN
from infercheck.model.call import CALLS, FILES, SPANS, TABLES

_ALL = "TRUE"  # the condition that leaves nothing out
_FOR_A_PRICE = {*("provider", "model", "started_at", "service_tier", "operation", "logged_currency", "gateway_cache_hit"),
                *("audio_input_tokens", "audio_output_tokens"), *(c.name for c in ledger.REPEATED)}  # fmt: skip
_MADE = {"undated_calls", "files", "rejects", "cell_issues", "filled_calls", "calls", "spans", "tool_calls", "prompt_blocks"}


class _Files(Protocol):
    @property
    def file_ids(self) -> Sequence[int]: ...


@dataclass(frozen=True)
class Scope:
    """Counts over the files of a run. ``rows`` are calls read, ``attempts`` those that remain after duplicates and filters.

    Where a record holds one call at most, which is so in all but some trace formats, no record is lost without a word:
    ``records == rows + other + rejects`` and ``rows == attempts + duplicates + filtered_out``, file by file too.
    """

    files: int
    records: int
    rows: int
    attempts: int
    requests: int
    duplicates: int
    rejects: int
    other: int
    cell_issues: int
    filtered_out: int


def open_scope(
    engine: Engine,
    result: _Files,
    *,
    since: datetime | timedelta | None = None,
    until: datetime | None = None,
    where: str | None = None,
) -> Scope:
    """Create ``calls``, ``spans``, ``tool_calls``, ``prompt_blocks``, ``rejects``, ``cell_issues`` and ``files``.

    Of several copies of an attempt the fullest wins, whatever the order of files; what it does not know and another copy does is filled in.
    ``since`` as a timedelta counts back from the newest call; times are UTC. ``where`` is one SQL condition over ``calls``; else UsageError.
    """
    # A table, not a list of numbers in every statement: of 50,000 files the database takes as long to read the list as to read the rows.
    engine.load_rows("files_in_scope", {"file_id": "BIGINT"}, [(file_id,) for file_id in result.file_ids])
    ids = "SELECT file_id FROM files_in_scope"
    _forget(engine)
    engine.view("files", f"SELECT {_names(FILES)} FROM ledger_files WHERE file_id IN ({ids})")
    for name in ("rejects", "cell_issues"):
        engine.view(name, f"SELECT {_names(TABLES[name])} FROM {name.removesuffix('s')}_rows WHERE file_id IN ({ids})")
    logged, repeats = (int(engine.value(f"SELECT count(*) FROM {name} WHERE file_id IN ({ids})")) for name in ("call_rows", "repeat_rows"))
    rows = logged + repeats
    grouped, kept = _keep_one_of_each(engine, ids)
    times, chosen = _times(engine, since, until), _chosen(engine, where)
    condition = " AND ".join([*times, *chosen]) or _ALL
    as_stored = condition == _ALL and grouped == kept and _as_stored(engine, result.file_ids, kept)
    filled = frozenset() if as_stored else _filled(engine, ids)
    jobs = [Job("repeated_usage", partial(_repeat_usage, ids, logged > kept))]
    if grouped > kept:
        jobs += [Job("known_of_call", partial(attempts.know_of_copies, filled)), Job("trace_units", attempts.join_traces)]
    else:
        engine.create_empty("trace_units", {"trace_id": "VARCHAR", "unit": "VARCHAR"})
    work(engine.lanes, jobs)
    engine.create_empty("undated_calls", {c.name: c.type for c in CALLS if c.name in _FOR_A_PRICE})
    if as_stored:
        engine.view("calls", f"SELECT {_names(CALLS)} FROM call_rows")
    else:
        told = remarks.added(engine, ids, attempts.completed(ids, filled, known=grouped > kept))
        told = f"SELECT c.* REPLACE (coalesce(u.unit, c.trace_id) AS trace_id) FROM ({told}) c LEFT JOIN trace_units u USING (trace_id)"
        _create_calls(engine, told, condition, filled)
        if times:
            _set_undated_aside(engine, told, chosen)
    engine.drop("grouped_calls")
    engine.create("spans", f"""
        SELECT {_names(SPANS)} FROM (
            SELECT s.* REPLACE (coalesce(u.unit, s.trace_id) AS trace_id) FROM (
                SELECT {_names(SPANS)} FROM span_rows WHERE file_id IN ({ids})
                UNION ALL BY NAME
                -- Wrappers of a call hold its trace together; of another kind of copy nothing is left.
                SELECT span_id, trace_id, parent_span_id, file_id, line, source, 'chain' AS kind, coalesce(model, operation) AS name,
                    started_at, ended_at, CASE WHEN status = 'ok' THEN 'ok' ELSE 'error' END AS status
                FROM call_rows WHERE file_id IN ({ids}) AND span_id IS NOT NULL
                    AND attempt_key IN (SELECT attempt_key FROM attempt_groups WHERE is_wrapper) AND call_id NOT IN (SELECT call_id FROM kept_calls)
            ) s LEFT JOIN trace_units u USING (trace_id)
            QUALIFY row_number() OVER (PARTITION BY s.trace_id, coalesce(s.span_id, concat(s.file_id, '|', s.line, '|', s.name, '|', s.started_at))
                ORDER BY s.file_id, s.line) = 1)""")  # fmt: skip
    engine.create("tool_calls", f"""
        SELECT {_names(TABLES["tool_calls"])} FROM tool_call_rows
        WHERE file_id IN ({ids}) AND call_id IN (SELECT call_id FROM calls)""")  # fmt: skip
    in_scope = "" if as_stored else "SEMI JOIN calls USING (call_id)"
    engine.view("prompt_blocks", f"""
        SELECT p.call_id, CAST(p.blocks_before + b.block_index AS INTEGER) AS position, p.message_index, p.role, b.ends_message, b.block_hash,
            xor(p.prefix_before, b.chain) AS prefix_hash, b.chars, p.chars_before + b.cum_chars AS cum_chars
        FROM (FROM prompt_messages {in_scope}) p JOIN message_blocks b ON b.message_hash = p.message_hash""")  # fmt: skip
    calls, requests = engine.rows("SELECT count(*), count(DISTINCT request_id) + count(*) FILTER (request_id IS NULL) FROM calls")[0]
    records, other, rejects = engine.rows(
        "SELECT coalesce(sum(records), 0), coalesce(sum(other), 0), coalesce(sum(rejects), 0) FROM files"
    )[0]
    return Scope(
        files=len(result.file_ids),
        records=int(records),
        rows=rows,
        attempts=calls,
        requests=requests,
        duplicates=rows - kept,
        rejects=int(rejects),
        other=int(other),
        cell_issues=int(engine.value("SELECT coalesce(sum(count), 0) FROM cell_issues")),
        filtered_out=kept - calls,
    )


def _as_stored(engine: Engine, file_ids: Sequence[int], kept: int) -> bool:
    """Whether the calls in scope are the ledger's own rows, all of them and unchanged: then they need not be copied."""
    found = engine.rows("SELECT (SELECT count(*) FROM ledger_files), (SELECT count(*) FROM call_rows), (SELECT count(*) FROM remark_rows)")
    return found == [(len(file_ids), kept, 0)]


def _create_calls(engine: Engine, kept: str, condition: str, filled: frozenset[str]) -> None:
    """``calls``: a table of the columns that hold anything, and over it a view with all. To write the others takes as long again."""
    engine.create("filled_calls", f"""
        SELECT {_names([c for c in CALLS if c.name in filled])} FROM ({kept}) WHERE {condition}""")  # fmt: skip
    said = (quoted(c.name) if c.name in filled else f"CAST(NULL AS {c.type}) AS {quoted(c.name)}" for c in CALLS)
    engine.view("calls", f"SELECT {', '.join(said)} FROM filled_calls")


def _set_undated_aside(engine: Engine, kept: str, chosen: Sequence[str]) -> None:
    """Fill ``undated_calls``: what no period holds, since the log has no time for it; without a period such calls are in scope. Most logs have
    none, so one column is read before a second look at the calls.
    """
    if not engine.value(
        "SELECT count(*) FROM (SELECT 1 FROM call_rows SEMI JOIN kept_calls USING (call_id) WHERE started_at IS NULL LIMIT 1)"
    ):
        return
    condition = " AND ".join(["started_at IS NULL", *chosen])
    engine.execute(f"INSERT INTO undated_calls BY NAME SELECT {', '.join(sorted(_FOR_A_PRICE))} FROM ({kept}) WHERE {condition}")


def _keep_one_of_each(engine: Engine, ids: str) -> tuple[int, int]:
    """Fill ``kept_calls``: of every attempt the copy with most tokens (an answer logged in parts grows), and of those the fullest. Returns how
    many rows there were to choose from, and how many were kept.

    Most attempts have one row: that shows by a digest of their key, and nothing else is read of them. ``grouped_calls`` holds the others.
    ``content_hash`` comes last, since digests of prompts are in it: it is another one under the salt of another ledger.
    """
    attempts.group_copies(engine, ids)
    place, copied = "c.call_id", ""
    if attempts.find_copied_files(engine, ids):
        place, copied = f"c.call_id - coalesce(f.file_id - f.copy_of, 0) * {ID_SPAN}", "LEFT JOIN copied_files f ON f.file_id = c.file_id"
    key = f"coalesce(g.group_key, nullif(c.attempt_key, ''), CAST({place} AS VARCHAR))"
    rows = f"FROM call_rows c LEFT JOIN attempt_groups g USING (attempt_key) {copied} WHERE c.file_id IN ({ids}) AND g.dropped IS NOT TRUE"
    engine.create("key_sizes", f"SELECT hash({key}) AS digest, any_value(c.call_id) AS call_id, count(*) AS copies {rows} GROUP BY digest")
    grouped = int(engine.value("SELECT coalesce(sum(copies), 0) FROM key_sizes"))
    engine.create(
        "grouped_calls",
        f"""
        SELECT c.call_id, {key} AS group_key,
            c.trace_id, c.session_id, c.source, c.started_at, c.ended_at, c.fullness, c.content_hash,
            coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0) AS tokens,
            c.file_id, c.line
        {rows} AND hash({key}) IN (SELECT digest FROM key_sizes WHERE copies > 1)""",
    )
    engine.create(
        "kept_calls",
        """
        SELECT call_id, CAST(NULL AS VARCHAR) AS group_key FROM key_sizes WHERE copies = 1
        UNION ALL
        SELECT call_id, group_key FROM grouped_calls
        QUALIFY row_number() OVER (PARTITION BY group_key
            ORDER BY tokens DESC, fullness DESC, session_id, source, started_at, ended_at, content_hash, file_id, line) = 1""",
    )
    engine.drop("key_sizes")
    return grouped, int(engine.value("SELECT count(*) FROM kept_calls"))


def _filled(engine: Engine, ids: str) -> frozenset[str]:
    """Columns of calls that hold anything in some row, and what remarks may fill."""
    counts = engine.rows(f"SELECT {', '.join(f'count({quoted(c.name)})' for c in CALLS)} FROM call_rows WHERE file_id IN ({ids})")[0]
    return frozenset(c.name for c, count in zip(CALLS, counts, strict=True) if count) | remarks.FILLS | {"call_id"}


def _repeat_usage(ids: str, copies: bool, engine: Database) -> None:
    """``repeated_usage``: what a sum over all records would add to that of the calls; ``copies`` says whether there are calls that were not kept."""
    names = ", ".join(c.name for c in ledger.REPEATED)
    of_copies = f"""
        SELECT provider, model, started_at, service_tier, operation, logged_currency, {names}, audio_input_tokens, audio_output_tokens
        FROM call_rows c WHERE file_id IN ({ids}) AND call_id NOT IN (SELECT call_id FROM kept_calls)
        UNION ALL"""
    engine.create(
        "repeated_usage",
        f"""{of_copies if copies else ""}
        SELECT c.provider, c.model, c.started_at, c.service_tier, c.operation, 'USD' AS logged_currency,
            {", ".join(f"r.{c.name} AS {c.name}" for c in ledger.REPEATED)}, NULL::BIGINT AS audio_input_tokens, NULL::BIGINT AS audio_output_tokens
        FROM repeat_rows r JOIN call_rows c USING (call_id) WHERE r.file_id IN ({ids})""",
    )


def _times(engine: Engine, since: datetime | timedelta | None, until: datetime | None) -> list[str]:
    parts = []
    if isinstance(since, timedelta):
        newest = engine.value("SELECT max(started_at) FROM call_rows SEMI JOIN kept_calls USING (call_id)")
        since = newest - since if newest else None
    if since:
        parts.append(f"started_at >= {_moment(since)}")
    if until:
        parts.append(f"started_at < {_moment(until)}")
    return parts


def _chosen(engine: Engine, where: str | None) -> list[str]:
    if not where:
        return []
    try:
        tree = engine.serialized_statements(f"SELECT call_id FROM calls WHERE ({where}\n)")
        sound = not tree.get("error") and len(sqlcheck.statements(tree)) == 1
        if sound:
            known = frozenset({"calls"})
            sqlcheck.check(tree, where="--where", line=0, known_tables=known, any_function=True, what="a condition")
            engine.rows(f"SELECT call_id FROM call_rows WHERE ({where}\n) LIMIT 0")
    except DatabaseError as err:
        raise UsageError(first_line(err), where="--where", hint="one SQL condition over the columns of `calls`") from err
    if not sound:
        raise UsageError("this is not one SQL condition", where="--where", hint="for example: app = 'checkout' AND status = 'ok'")
    return [f"({where}\n)"]


def _moment(value: datetime) -> str:
    from datetime import UTC

    plain = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"CAST({literal(plain.isoformat(sep=' '))} AS TIMESTAMP)"


def _names(columns: Sequence[object]) -> str:
    return ", ".join(quoted(c.name) for c in columns)  # type: ignore[attr-defined]


def _forget(engine: Engine) -> None:
    """What another scope made: a table may stand where a view comes, or the other way round."""
    for name in _MADE & engine.tables():
        engine.drop(name)
    for name in _MADE & engine.views():
        engine.drop_view(name)
