"""Seconds of every view and rule, of settlement and of the report: ``python benchmarks/views.py [N]``, or ``make bench-views``.

N calls and N spans (2 million unless told) are made by SQL straight in the canonical tables, so that ingestion is out of the picture:
traces of four calls under an agent, a retrieval and two tools, thirty applications over two weeks, prompts in blocks, retries, bursts.
Writes VIEWS.md: wall seconds, and CPU seconds divided by the threads, which say more on a machine that is shared. POSIX only.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

from infercheck import coverage, diagnose, ingest, prepare, recommend, replay, rulebook, settle
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.engine.lanes import Job
from infercheck.model.call import TABLES
from infercheck.summarise import VIEWS

HERE = Path(__file__).parent
BUDGET_S = 10.0
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
PER_TRACE = 4
BLOCKS = 3

# Every column that is not here is NULL. ``i`` counts calls, ``t`` traces, ``n`` calls within a trace; h is a hash of the call.
CALLS = {
    "call_id": "i + 1",
    "source_call_id": "concat('call-', i)",
    "request_id": "concat('req-', i - CASE WHEN retry THEN 1 ELSE 0 END)",
    "source": "'benchmark'",
    "file_id": "1",
    "line": "i + 1",
    "trace_id": "concat('trace-', t)",
    "session_id": "concat('session-', t // 5)",
    "span_id": "concat('llm-', i)",
    "parent_span_id": "concat('span-', t * 4)",
    "operation": "CASE WHEN app % 10 = 9 THEN 'embedding' ELSE 'chat' END",
    "started_at": "make_timestamp(start_us)",
    "first_token_at": "CASE WHEN app % 3 = 0 THEN make_timestamp(start_us + 200000 + h % 300000) END",
    "ended_at": "make_timestamp(start_us + 600000 + h % 900000)",
    "status": "CASE WHEN i % 40 = 1 THEN 'rate_limited' WHEN h % 97 = 0 THEN 'error' ELSE 'ok' END",
    "http_status": "CASE WHEN i % 40 = 1 THEN 429 WHEN h % 97 = 0 THEN 500 ELSE 200 END",
    "finish_reason": "CASE WHEN i % 40 <> 1 AND h % 97 <> 0 THEN CASE WHEN h % 50 = 1 THEN 'length' ELSE 'stop' END END",
    "provider": "provider",
    "model_requested": "model",
    "model": "model",
    "endpoint": "concat('https://', provider, '.example/v1')",
    "streamed": "app % 3 = 0",
    "api_key_alias": "concat('key-', app % 12)",
    "team": "concat('team-', app % 5)",
    "end_user": "CASE WHEN app % 4 = 0 THEN concat('u', t % 5000) END",
    "app": "concat('app-', app)",
    "environment": "CASE WHEN app = 29 THEN 'staging' ELSE 'prod' END",
    "user_agent": "'openai-python'",
    "input_tokens": "500 + h % 4000",
    "cache_read_tokens": "CASE WHEN app % 5 = 0 THEN 256 ELSE 0 END",
    "cache_write_5m_tokens": "CASE WHEN app % 6 = 4 THEN 200 + h % 300 ELSE 0 END",
    "output_tokens": "CASE WHEN app % 10 <> 9 THEN CASE WHEN app % 7 = 0 THEN 2 ELSE 50 + h % 400 END END",
    "reasoning_tokens": "CASE WHEN app % 10 <> 9 THEN CASE WHEN app % 11 = 3 THEN 40 + h % 10 ELSE 0 END END",
    "input_items": "CASE WHEN app % 10 = 9 THEN 1 END",
    "gateway_cache_hit": "CASE WHEN app % 4 = 1 THEN h % 1000 = 7 END",
    "service_tier": "CASE WHEN app = 13 THEN 'priority' END",
    "max_tokens": "CASE WHEN app % 3 = 1 THEN 300 END",
    "tools_hash": "CASE WHEN app % 8 = 2 THEN app + 5000 END",
    "tools_chars": "CASE WHEN app % 8 = 2 THEN 6000 END",
    "tool_defs": "CASE WHEN app % 8 = 2 THEN 9 END",
    "logged_cost": "CASE WHEN app % 2 = 0 THEN CAST((500 + h % 4000) * 0.000002 AS DECIMAL(18,12)) END",
    "prompt_hash": "CASE WHEN h % 20 = 3 THEN app * 1000 + h % 500 ELSE hash(i - CASE WHEN retry THEN 1 ELSE 0 END) // 4 END",
    "masked_hash": "hash(i, 'masked') // 4",
    "system_hash": "app + 1000",
    "template_hash": "app % 15 + 1000003",
    "params_hash": "7",
    "response_format": "CASE WHEN app % 6 = 0 THEN 'json_object' END",
    "response_is_json": "CASE WHEN app % 6 = 0 THEN h % 30 > 0 END",
    "response_hash": "hash(i, 'answer') // 4",
    "response_chars": "CASE WHEN app % 7 = 0 THEN 6 ELSE 200 + h % 1500 END",
    "prompt_chars": "2000 + h % 16000",
    "turn": "n + 1",
}
SPANS = {
    "span_id": "concat('span-', i)",
    "trace_id": "concat('trace-', t)",
    "parent_span_id": "CASE WHEN n > 0 THEN concat('span-', t * 4) END",
    "file_id": "1",
    "line": "i + 1",
    "source": "'benchmark'",
    "kind": "CASE n WHEN 0 THEN 'agent' WHEN 1 THEN 'retrieval' ELSE 'tool' END",
    "name": "concat('step-', n, '-', app % 10)",
    "service": "concat('service-', app % 10)",
    "started_at": "make_timestamp(start_us - CASE WHEN n = 0 THEN 50000 ELSE 400000 + h % 100000 END)",
    "ended_at": "make_timestamp(start_us + CASE WHEN n = 0 THEN 9000000 ELSE -50000 - h % 50000 END)",
    "status": "'ok'",
    "arguments_hash": "CASE WHEN n > 1 THEN h // 4 END",
}
# The clock within a trace advances by two seconds a call; a trace starts anywhere in two weeks, more of them by day.
SHAPE = """
    SELECT *, CAST(1767571200000000 + (t * 7919 % 14) * 86400000000 + ((hash(t) % 36000) + (hash(t, 1) % 36000)) * 1000000 + hash(t, 2) % 1000000
            + n * 2000000 AS BIGINT) AS start_us,
        i % 40 = 2 AS retry,
        CASE WHEN app % 6 IN (2, 4) THEN 'anthropic' WHEN app % 6 = 5 THEN 'gemini' ELSE 'openai' END AS provider,
        CASE WHEN app % 10 = 9 THEN 'text-embedding-3-small' ELSE CASE app % 6 WHEN 0 THEN 'gpt-4o' WHEN 1 THEN 'gpt-4o-mini'
            WHEN 2 THEN 'claude-sonnet-4-5' WHEN 3 THEN 'gpt-5-mini' WHEN 4 THEN 'claude-haiku-4-5' ELSE 'gemini-2.5-flash' END END AS model
    FROM (SELECT i, i // {per} AS t, i % {per} AS n, CAST(hash(i) // 4 AS BIGINT) AS h, CAST(hash(i // {per}, 'app') % 30 AS BIGINT) AS app
        FROM range({rows}) r(i))
"""


@dataclass
class Timings:
    """Wall and CPU seconds by part, what runs within another part left out."""

    kinds: dict[str, str] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    _inside: list[list[float]] = field(default_factory=list)

    @contextmanager
    def part(self, kind: str, name: str) -> Iterator[None]:
        """Time a part; one that runs within it is taken off."""
        self.kinds[name] = kind
        self._inside.append([0.0, 0.0])
        wall, cpu = time.perf_counter(), _cpu()
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, _cpu() - cpu
            within = self._inside.pop()
            self.wall[name] = self.wall.get(name, 0.0) + wall - within[0]
            self.cpu[name] = self.cpu.get(name, 0.0) + cpu - within[1]
            if self._inside:
                self._inside[-1][0] += wall
                self._inside[-1][1] += cpu


def fill(engine: Engine, rows: int) -> None:
    """Canonical tables of ``rows`` calls and as many spans."""
    engine.create_canonical()
    shape = SHAPE.format(rows=rows, per=PER_TRACE)
    for table, made in (("calls", CALLS), ("spans", SPANS)):
        columns = ", ".join(f'CAST({made.get(c.name, "NULL")} AS {c.type}) AS "{c.name}"' for c in TABLES[table])
        engine.create(table, f"SELECT {columns} FROM ({shape})")
    engine.execute(f"""
        INSERT INTO prompt_blocks
        SELECT c.call_id, p.position, p.position, CASE WHEN p.position = 0 THEN 'system' ELSE 'user' END, TRUE, b.block,
            CAST(hash(c.system_hash, b.block, p.position) // 4 AS BIGINT), c.prompt_chars // 3, (p.position + 1) * (c.prompt_chars // 3)
        FROM calls c CROSS JOIN (SELECT CAST(range AS INTEGER) AS position FROM range({BLOCKS})) p
        CROSS JOIN LATERAL (
            SELECT CASE p.position WHEN 0 THEN c.system_hash WHEN 1 THEN c.system_hash + c.call_id % 3 ELSE c.prompt_hash END AS block) b
    """)
    engine.execute("INSERT INTO tool_calls SELECT call_id, 0, concat('tool-', call_id % 7), 1 FROM calls WHERE call_id % 4 = 0")
    engine.execute("INSERT INTO files (file_id, path, source, rows) SELECT 1, 'benchmark', 'benchmark', count(*) FROM calls")


def measure(engine: Engine, scope: ingest.Scope, read: ingest.IngestResult) -> Timings:
    """Time everything between the canonical tables and the report."""
    timings = Timings()
    book = rulebook.load()
    at_once = diagnose.work

    def one_by_one(lanes: Sequence[Engine], jobs: Sequence[Job], on_start: object = None) -> None:
        for job in jobs:
            with timings.part("view" if job.name in book.views else "rule", job.name):
                job.run(lanes[0])

    diagnose.work = one_by_one  # type: ignore[assignment]
    try:
        with timings.part("rest", "clocks and prices"):
            prepare.prepare(engine, Config())
        with timings.part("rest", "checks of rules"):
            diagnosis = diagnose.diagnose(engine, book)
            diagnose.make_views(engine, book, sorted({*VIEWS, *book.views}))
    finally:
        diagnose.work = at_once
    with timings.part("rest", "settlement of dollars"):
        settle.settle(engine)
    with timings.part("rest", "settlement of milliseconds"):
        replay.settle_latency(engine)
    with timings.part("rest", "report"):
        recommend.report(engine, book, diagnosis, lambda lane: coverage.coverage(lane, scope, read, diagnosis))
    return timings


def table(timings: Timings, threads: int) -> str:
    """The timings as Markdown, slowest first."""
    lines = ["| kind | name | wall s | CPU s / threads |", "|---|---|---:|---:|"]
    for name in sorted(timings.wall, key=lambda n: -timings.cpu[n]):
        lines.append(f"| {timings.kinds[name]} | {name} | {timings.wall[name]:.2f} | {timings.cpu[name] / threads:.2f} |")
    lines.append(f"| | **all** | **{sum(timings.wall.values()):.2f}** | **{sum(timings.cpu.values()) / threads:.2f}** |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=2_000_000)
    parser.add_argument("-o", "--out", type=Path, default=HERE / "VIEWS.md")
    args = parser.parse_args()
    threads = min(os.cpu_count() or 2, 8)
    with Engine(threads=threads) as engine:
        fill(engine, args.rows)
        scope = ingest.Scope(1, args.rows, args.rows, args.rows, *[0] * (len(fields(ingest.Scope)) - 4))
        timings = measure(engine, scope, ingest.IngestResult((1,)))
        claims = engine.value("SELECT count(*) FROM claims")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT / 1024**3
    slow = [n for n, s in timings.cpu.items() if s / threads > BUDGET_S]
    text = (
        f"# Every view and rule at {args.rows:,} calls and {args.rows:,} spans\n\n"
        f"`make bench-views` writes this file. {claims:,} claims; peak memory {peak:.1f} GiB; {threads} threads, "
        f"{platform.system()} {platform.machine()}. Budget: {BUDGET_S:g} s each; {'over it: ' + ', '.join(slow) if slow else 'all within it'}.\n\n"
        f"{table(timings, threads)}\n"
    )
    print(text)
    args.out.write_text(text, encoding="utf-8")


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
