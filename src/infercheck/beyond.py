"""`analyze DIR --engine spark`: what is heavy runs on a cluster, the rest stays with the embedded engine of this machine.

    DIR/shard-*        this machine: which copies count, clocks, prices, config     -> canonical tables
    DIR/.run-*/given   Spark: views, rules, settlement, by the same SQL files       -> claims, dollars, what the report reads of the views
    DIR/.run-*/made    this machine: replay of latency claims, sums, report

Both ways tables are Parquet in a hidden folder of DIR, which goes away with the run: DIR is the one place that this machine and all workers are known
to reach, by the same path. So nothing large passes through a client's memory; this machine passes over the calls once before and once after.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infercheck import diagnose, settle
from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.engine.spark import Spark
from infercheck.errors import InputError, UsageError
from infercheck.ingest.shards import store_at
from infercheck.model.call import ALL_TABLES, UNIT_ID
from infercheck.rulebook import Rulebook

HOW = "write the logs to a folder first: infercheck ingest LOGS --to DIR"
# Blocks go as messages, each distinct one once, and timed calls are put together there; the others are no rule's.
_NOT_SENT = {"prompt_blocks", "timed_calls", "rejects", "cell_issues", "files"}
# Views that the report reads beside its own, where a rule or a view had them made.
_ALSO_READ = frozenset({"concurrency", "first_token_model", "path_windows", "ttft_baseline", "typing_pauses"})
# The nodes of units that a latency claim names, by its call, its span or its trace: replay reads no others.
_CLAIMED_NODES = f"""
    SELECT n.* FROM trace_nodes n JOIN (
        SELECT unit_key FROM (
            SELECT t.unit_key FROM claims k JOIN trace_nodes t ON t.call_id = k.call_id WHERE k.waste_ms > 0
            UNION ALL
            SELECT t.unit_key FROM claims k JOIN trace_nodes t ON t.span_id = k.span_id WHERE k.waste_ms > 0 AND k.call_id IS NULL
            UNION ALL
            SELECT c.call_id FROM claims k JOIN calls c ON {UNIT_ID} = k.trace_id WHERE k.waste_ms > 0 AND k.call_id IS NULL AND k.span_id IS NULL
        ) u GROUP BY unit_key
    ) u ON u.unit_key = n.unit_key"""


@dataclass(frozen=True)
class Cluster:
    """A Spark session, and the hidden folder of a run through which tables go to it and come back."""

    spark: Spark
    folder: Path

    def send(self, engine: Engine, name: str, select: str) -> None:
        """Let ``name`` be, on Spark, what a query yields here."""
        path = str(self.folder / "given" / f"{name}.parquet")
        engine.execute(f"COPY ({select}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)")
        self.spark.read(name, path)

    def take(self, engine: Engine, name: str, select: str) -> None:
        """Let ``name`` be, here, what a query yields on Spark."""
        path = str(self.folder / "made" / name)
        self.spark.write(path, select)
        engine.create(name, f"SELECT * FROM read_parquet({literal(path + '/*.parquet')})")


@contextmanager
def cluster(paths: Sequence[str], remote: str) -> Iterator[Cluster]:
    """Connect, and make the run's folder in the first of the folders of shards that ``paths`` are; both go away at the end.

    Raises UsageError where a path is no folder of shards, InputError where no server answers.
    """
    stores = [store_at(Path(path)) for path in paths]
    other = next((path for path, store in zip(paths, stores, strict=True) if store is None), None)
    if other is not None or stores[0] is None:
        raise UsageError("--engine spark reads canonical Parquet", where=other or "", hint=HOW)
    folder = stores[0].folder.absolute() / f".run-{secrets.token_hex(6)}"
    with Spark(remote) as spark:
        try:
            for part in ("given", "made"):
                (folder / part).mkdir(parents=True)
        except OSError as err:
            raise InputError(f"cannot be written: {err.strerror or err}", where=str(folder.parent), hint="workers read from there") from err
        try:
            yield Cluster(spark, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def settled(
    engine: Engine,
    there: Cluster,
    book: Rulebook,
    *,
    views: Iterable[str],
    select: Sequence[str],
    ignore: Sequence[str],
    params: Mapping[str, diagnose.Params],
    timeout_s: float | None = None,
    on_event: diagnose.OnEvent = None,
) -> diagnose.Diagnosis:
    """Diagnose and settle the tables of ``engine`` on the cluster; claims, dollars, evidence and ``views`` come back as tables of ``engine``."""
    _give(engine, there)
    spark = there.spark
    diagnosis = diagnose.diagnose(spark, book, select=select, ignore=ignore, params=params, timeout_s=timeout_s, on_event=on_event)
    diagnose.make_views(spark, book, views, params)
    settle.settle(spark)
    made = sorted({*views} | spark.tables() & _ALSO_READ)
    for name in ("claims", "open_claims", "settled", *made, *(f"evidence_{rule}" for rule in sorted(diagnosis.evidence))):
        there.take(engine, name, f"SELECT * FROM {quoted(name)}")
    if "trace_nodes" in spark.tables():
        there.take(engine, "trace_nodes", _CLAIMED_NODES)
    return diagnosis


def _give(engine: Engine, there: Cluster) -> None:
    sent = {name: f"SELECT * FROM {quoted(name)}" for name in ALL_TABLES if name not in _NOT_SENT}
    sent["prompt_messages"] = "SELECT p.* FROM prompt_messages p WHERE p.call_id IN (SELECT call_id FROM calls)"
    sent["message_blocks"] = "SELECT * FROM message_blocks"
    for name, select in sent.items():
        there.send(engine, name, select)
    there.spark.view(
        "prompt_blocks",
        "SELECT p.call_id, CAST(p.blocks_before + b.block_index AS INTEGER) AS position, p.message_index, p.role, b.ends_message, b.block_hash, "
        "p.prefix_before ^ b.chain AS prefix_hash, b.chars, p.chars_before + b.cum_chars AS cum_chars "
        "FROM prompt_messages p JOIN message_blocks b ON b.message_hash = p.message_hash",
    )
    clock = ", ".join(f"k.{column.name}" for column in ALL_TABLES["call_clock"] if column.name != "call_id")
    there.spark.view("timed_calls", f"SELECT c.*, {clock} FROM calls c JOIN call_clock k ON k.call_id = c.call_id")
