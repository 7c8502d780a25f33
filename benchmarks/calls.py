"""infercheck on ten million calls that are in a ledger already: ``python benchmarks/calls.py [--millions N] [--runs N]``, or ``make bench-calls``.

A generated log of 100,000 lean calls is laid beside and behind itself: ten copies with callers, traces and times of their own fill a week, and
week follows week. It is read into a ledger once; measured is `infercheck analyze` of it, every rule and the report, and of a week alone. Writes
CALLS.md; ends with 1 when a budget is broken. Takes 15 minutes and 10 GB of disk. POSIX only (it needs wait4).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench import GIB, HERE, Sample, machine, measure

PATTERN = 100_000
COPIES = 10  # of the pattern in a week
SECONDS, MEMORY_GIB, GROWTH = 180, 4, 1.2  # for ten million calls; growth: time a call, against a tenth of the calls
IDS = ("source_call_id", "request_id", "trace_id", "attempt_key")
TIMES = ("started_at", "first_token_at", "ended_at")
MADE_ANEW = ("call_id", "file_id", "line", "source", "fullness", "content_hash")  # by whoever reads the file


def lay_out(pattern: Path, folder: Path, weeks: int) -> None:
    """Week after week of the pattern's copies, each a Parquet file in the order of time."""
    import duckdb

    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as con:
        source = f"'{next(pattern.glob('shard*/calls.parquet'))}'"
        names = [str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall() if row[0] not in MADE_ANEW]
        row = con.execute(f"SELECT 60 + date_diff('second', min(started_at), max(ended_at)) FROM {source}").fetchone()
        assert row
        for week in range(weeks):
            told = {name: f"printf('%04x', copy + {week * COPIES}) || substr({name}, 5)" for name in IDS}
            told |= {name: f"{name} + to_microseconds(copy * 601370123 + {week * row[0] * 1_000_000})" for name in TIMES}
            told["end_user"] = "printf('%x', copy) || substr(end_user, 2)"
            columns = ", ".join(f'{told.get(name, chr(34) + name + chr(34))} AS "{name}"' for name in names)
            con.execute(
                f"COPY (SELECT {columns} FROM {source}, (SELECT unnest(range({COPIES})) AS copy) ORDER BY started_at) "
                f"TO '{folder / f'week-{week:02}.parquet'}' (FORMAT parquet)"
            )


class Found(NamedTuple):
    """Runs of `analyze`, and of the last one which rules it could not check, each with the reason."""

    samples: list[Sample]
    not_checked: dict[str, str]


def timed(tool: str, work: Path, weeks: int, pattern: Path, runs: int) -> Found:
    """Runs of `analyze` over so many weeks that a ledger holds."""
    logs, ledger = work / f"weeks-{weeks}", work / f"{weeks}.duckdb"
    logs.mkdir()
    maker = multiprocessing.Process(target=lay_out, args=(pattern, logs, weeks))  # by itself: a child inherits its parent's peak of memory
    maker.start()
    maker.join()
    if maker.exitcode:
        sys.exit("the calls cannot be laid out")
    measure([tool, "ingest", str(logs), "--ledger", str(ledger), "-q"])
    report = work / "report.json"
    found = [measure([tool, "analyze", str(logs), "--ledger", str(ledger), "-q", "-o", str(report)]) for _ in range(runs)]
    ledger.unlink()
    cover = json.loads(report.read_text(encoding="utf-8"))["coverage"]
    return Found(found, {skip["rule"]: skip["reason"] for skip in cover["not_checked"]})


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, default=10, help="with another number of calls CALLS.md stays as it is")
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    tool = str(Path(sys.executable).with_name("infercheck"))
    data = HERE / "data"
    data.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data) as folder:
        work = Path(folder)
        log = work / "pattern.jsonl"
        subprocess.run([sys.executable, str(HERE / "generate.py"), str(PATTERN), str(log), "--lean"], check=True)
        measure([tool, "ingest", str(log), "--to", str(work / "pattern"), "-q"])
        log.unlink()
        found = {
            weeks: timed(tool, work, weeks, work / "pattern", args.runs) for weeks in sorted({max(1, args.millions // 10), args.millions})
        }

    out = [
        "# Ten million calls",
        "",
        "Written by `make bench-calls`; do not edit. `infercheck analyze` of lean calls that are in a ledger already: every rule and the report.",
        "Whole processes, medians. A million calls are a week.",
        "",
        f"Machine: {machine()}. Runs: {args.runs}.",
        "",
        "| calls | seconds (range) | CPU seconds | calls/s | peak memory, MiB |",
        "|---:|---:|---:|---:|---:|",
    ]
    middle: dict[int, float] = {}
    peak = 0.0
    for weeks, (samples, _) in found.items():
        seconds = [s.seconds for s in samples]
        middle[weeks], peak = statistics.median(seconds), statistics.median(s.peak for s in samples)
        cpu, calls = statistics.median(s.cpu for s in samples), weeks * COPIES * PATTERN
        wall = f"{middle[weeks]:.1f} ({min(seconds):.1f} to {max(seconds):.1f})"
        out.append(f"| {calls:,} | {wall} | {cpu:.1f} | {calls / middle[weeks]:,.0f} | {peak / 1024**2:,.0f} |")
    few, many = min(middle), max(middle)
    not_checked = found[many].not_checked
    stopped = [rule for rule, reason in not_checked.items() if reason.startswith("stopped")]
    growth = middle[many] / middle[few] / (many / few)
    kept = [
        (f"{many} million calls in <= {SECONDS * many / 10:g} s: {middle[many]:.1f} s", middle[many] <= SECONDS * many / 10),
        (f"peak memory < {MEMORY_GIB} GiB: {peak / GIB:.2f} GiB", peak < MEMORY_GIB * GIB),
        (f"time a call <= {GROWTH:g} x that of a tenth of the calls: {growth:.2f} x", growth <= GROWTH),
        (f"no rule was stopped for its time or memory: {', '.join(stopped) or 'none was'}", not stopped),
    ]
    out += ["", *(f"- {'PASS' if held else 'FAIL'}: {line}" for line, held in kept), ""]
    out += ["Rules that such a log cannot answer:", "", *(f"- {rule}: {reason}" for rule, reason in not_checked.items()), ""]
    text = "\n".join(out)
    print(text)
    if args.millions == 10:
        (HERE / "CALLS.md").write_text(text, encoding="utf-8")
    if not all(held for _, held in kept):
        sys.exit(1)


if __name__ == "__main__":
    main()
