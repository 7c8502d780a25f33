"""infercheck beside the floor, in one run: ``python benchmarks/bench.py [--records N] [--runs N] [--quick]``, or ``make bench``.

Whole processes are measured, start-up included, in turns (so that a slow minute of the machine hits all alike): `infercheck analyze`,
a bare DuckDB read of the same columns (bare_read.py), and `wc -l`. Wall time and peak memory are medians; budgets are ratios, since
seconds differ from machine to machine. Writes RESULTS.md; ends with 1 when a budget is broken. POSIX only (it needs wait4).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
RATIO_BUDGET = 8.0
MEMORY_BUDGET_GIB = 1.5
GIB = 1024**3
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Sample(NamedTuple):
    """One process: wall seconds and peak resident bytes."""

    seconds: float
    peak: int


class Summary(NamedTuple):
    """Medians over the runs of one command, and the range of its seconds."""

    name: str
    seconds: float
    fastest: float
    slowest: float
    peak: int


def measure(command: list[str]) -> Sample:
    """Run a command to its end. This process stays small and imports nothing heavy, since a child inherits its peak at the fork."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{said.decode(errors='replace')}")
    return Sample(seconds, usage.ru_maxrss * MAXRSS_UNIT)


def data_file(records: int, lean: bool) -> Path:
    """The generated log, made once for each size."""
    path = HERE / "data" / f"litellm-{records}{'-lean' if lean else ''}.jsonl"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        subprocess.run([sys.executable, str(HERE / "generate.py"), str(records), str(part), *(["--lean"] if lean else [])], check=True)
        part.rename(path)
    return path


def commands(path: Path) -> dict[str, list[str]]:
    """What is measured, by name; the first is ours and the second the floor."""
    tool = Path(sys.executable).with_name("infercheck")
    if not tool.exists():
        sys.exit("infercheck is not installed beside this Python: run `make bench`")
    found = {
        "infercheck analyze": [str(tool), "analyze", str(path), "--no-ledger"],
        "bare DuckDB read": [sys.executable, str(HERE / "bare_read.py"), str(path)],
    }
    if shutil.which("wc"):
        found["wc -l"] = ["wc", "-l", str(path)]
    return found


def summarise(name: str, samples: list[Sample]) -> Summary:
    """Medians of one command."""
    seconds = [s.seconds for s in samples]
    return Summary(name, statistics.median(seconds), min(seconds), max(seconds), int(statistics.median(s.peak for s in samples)))


def budgets(ours: Summary, floor: Summary) -> list[tuple[str, bool]]:
    """Each budget as a line, and whether it holds."""
    ratio, gib = ours.seconds / floor.seconds, ours.peak / GIB
    return [
        (f"wall time <= {RATIO_BUDGET:g} x bare DuckDB read: {ratio:.2f} x", ratio <= RATIO_BUDGET),
        (f"peak memory < {MEMORY_BUDGET_GIB:g} GiB: {gib:.2f} GiB", gib < MEMORY_BUDGET_GIB),
    ]


def machine() -> str:
    """Size and versions, without names."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    packages = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("infercheck", "duckdb", "polars"))
    return f"{cores} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {packages}"


def report(path: Path, records: int, runs: int, rows: list[Summary]) -> str:
    """The result as Markdown."""
    ours, floor = rows[0], rows[1]
    size = path.stat().st_size
    out = [
        "# Benchmark",
        "",
        "Written by `make bench`; do not edit. Medians of whole processes, all commands in turns within one run.",
        "",
        f"- Machine: {machine()}",
        f"- Log: {records:,} records, {size / 1e6:,.1f} MB ({size / records:,.0f} bytes each), warm in the file cache; runs: {runs}",
        "",
        "| command | seconds (range) | against the bare read | records/s | peak memory, MiB |",
        "|---|---:|---:|---:|---:|",
    ]
    for r in rows:
        wall = f"{r.seconds:.2f} ({r.fastest:.2f} to {r.slowest:.2f})"
        out.append(f"| {r.name} | {wall} | {r.seconds / floor.seconds:.2f} x | {records / r.seconds:,.0f} | {r.peak / 1024**2:,.0f} |")
    out += ["", *(f"- {'PASS' if held else 'FAIL'}: {line}" for line, held in budgets(ours, floor)), ""]
    return "\n".join(out)


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lean", action="store_true", help="records without prompts and answers")
    parser.add_argument("--quick", action="store_true", help="20,000 records, one run, RESULTS.md stays as it is")
    args = parser.parse_args()
    records, runs = (20_000, 1) if args.quick else (args.records, args.runs)
    if records < 1 or runs < 1:
        parser.error("--records and --runs must be at least 1")

    path = data_file(records, args.lean)
    todo = commands(path)
    measure(list(todo.values())[-1])  # brings the file into the cache, so that the first command measured has no worse start
    samples: dict[str, list[Sample]] = {name: [] for name in todo}
    for _ in range(runs):
        for name, command in todo.items():
            samples[name].append(measure(command))
    rows = [summarise(name, of) for name, of in samples.items()]

    text = report(path, records, runs, rows)
    print(text)
    if not args.quick:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    if not all(held for _, held in budgets(rows[0], rows[1])):
        sys.exit(1)


if __name__ == "__main__":
    main()
