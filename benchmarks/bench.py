"""infercheck beside the floor, in one run: ``python benchmarks/bench.py [--log L] [--packed] [--runs N] [--quick]``, or ``make bench``.

Whole processes are measured, start-up included, in turns (so that a slow minute of the machine hits all alike): `infercheck analyze`,
a bare DuckDB read of the same columns (bare_read.py), and `wc -l`; with --packed also `analyze` of the same log as .gz and .zst. Wall time
and peak memory are medians; budgets are ratios, since seconds differ from machine to machine. Writes RESULTS.md; ends with 1 when a budget
is broken. A goal that is missed is printed as such and breaks nothing. POSIX only (it needs wait4).
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

HERE = Path(__file__).parent
GIB = 1024**3
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
OURS, FLOOR, LINES = "infercheck analyze", "bare DuckDB read", "wc -l"


@dataclass(frozen=True)
class Bound:
    """What a log may cost: wall time against the bare read and against the plain file where it is packed, memory, and the ledger's size."""

    ratio: float
    memory_gib: float
    gz: float
    zst: float
    ledger: float | None = None


@dataclass(frozen=True)
class Log:
    """A generated log, what it must keep to, and what it should come to."""

    name: str
    records: int
    lean: bool
    budget: Bound
    goal: Bound


LOGS = {
    "prompts": Log("with prompts and answers", 200_000, False, Bound(8, 1.5, 1.8, 1.5, 0.25), Bound(5, 1, 1.8, 1.5, 0.25)),
    "lean": Log("lean", 1_700_000, True, Bound(8, 1.5, 4, 3), Bound(8, 1.5, 4, 3)),
}


class Sample(NamedTuple):
    """One process: wall seconds, peak resident bytes, and seconds of all cores."""

    seconds: float
    peak: int
    cpu: float


class Summary(NamedTuple):
    """Medians over the runs of one command, and the range of its seconds."""

    name: str
    seconds: float
    fastest: float
    slowest: float
    peak: int
    cpu: float


def measure(command: list[str]) -> Sample:
    """Run a command to its end. This process stays small and imports nothing heavy, since a child inherits its peak at the fork."""
    compiling = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as pip compiles what it installs
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=compiling)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{said.decode(errors='replace')}")
    return Sample(seconds, usage.ru_maxrss * MAXRSS_UNIT, usage.ru_utime + usage.ru_stime)


def data_file(records: int, lean: bool) -> Path:
    """The generated log, made once for each size."""
    path = HERE / "data" / f"litellm-{records}{'-lean' if lean else ''}.jsonl"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        subprocess.run([sys.executable, str(HERE / "generate.py"), str(records), str(part), *(["--lean"] if lean else [])], check=True)
        part.rename(path)
    return path


def packed(path: Path, ending: str) -> Path:
    """The log compressed, made once, at the level that tools use unless told otherwise."""
    out = path.with_name(path.name + ending)
    if not out.exists():
        part = out.with_suffix(".part")
        with path.open("rb") as source, _packer(ending)(part) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        part.rename(out)
    return out


def _packer(ending: str) -> Callable[[Path], BinaryIO]:
    if ending == ".gz":
        return lambda part: gzip.open(part, "wb", compresslevel=6)  # type: ignore[return-value]
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return lambda part: zstd.open(part, "wb")  # type: ignore[return-value]


def commands(path: Path, *, pack: bool) -> dict[str, list[str]]:
    """What is measured, by name."""
    tool = Path(sys.executable).with_name("infercheck")
    if not tool.exists():
        sys.exit("infercheck is not installed beside this Python: run `make bench`")
    found = {
        OURS: [str(tool), "analyze", str(path), "--no-ledger"],
        FLOOR: [sys.executable, str(HERE / "bare_read.py"), str(path)],
    }
    if pack:
        found |= {f"{OURS}, {e}": [str(tool), "analyze", str(packed(path, e)), "--no-ledger"] for e in (".gz", ".zst")}
    if shutil.which("wc"):
        found[LINES] = ["wc", "-l", str(path)]
    return found


def ledger_share(path: Path) -> float:
    """Bytes of the ledger that `analyze` leaves, as a share of the log's."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.duckdb"
        measure([str(Path(sys.executable).with_name("infercheck")), "analyze", str(path), "--ledger", str(ledger), "-q"])
        return ledger.stat().st_size / path.stat().st_size


def summarise(name: str, samples: list[Sample]) -> Summary:
    """Medians of one command."""
    seconds = [s.seconds for s in samples]
    peak, cpu = statistics.median(s.peak for s in samples), statistics.median(s.cpu for s in samples)
    return Summary(name, statistics.median(seconds), min(seconds), max(seconds), int(peak), cpu)


def checks(log: Log, bound: Bound, rows: dict[str, Summary], share: float) -> list[tuple[str, bool]]:
    """Each bound as a line, and whether it holds."""
    ours = rows[OURS]
    ratio, gib = ours.seconds / rows[FLOOR].seconds, ours.peak / GIB
    found = [
        (f"{log.name}: wall time <= {bound.ratio:g} x bare DuckDB read: {ratio:.2f} x", ratio <= bound.ratio),
        (f"{log.name}: peak memory < {bound.memory_gib:g} GiB: {gib:.2f} GiB", gib < bound.memory_gib),
    ]
    for ending, most in ((".gz", bound.gz), (".zst", bound.zst)):
        if (name := f"{OURS}, {ending}") in rows:
            times = rows[name].seconds / ours.seconds
            found.append((f"{log.name}: {ending} <= {most:g} x the plain file: {times:.2f} x", times <= most))
    if bound.ledger is not None:
        found.append((f"{log.name}: ledger <= {bound.ledger:.0%} of the log's bytes: {share:.1%}", share <= bound.ledger))
    return found


def machine() -> str:
    """Size and versions, without names."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    packages = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("infercheck", "duckdb", "polars"))
    return f"{cores} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {packages}"


def section(log: Log, path: Path, runs: int, rows: dict[str, Summary], share: float) -> tuple[list[str], bool]:
    """One log's results as Markdown, and whether its budget holds."""
    size, records = path.stat().st_size, log.records
    out = [
        f"## {log.name.capitalize()}",
        "",
        f"{records:,} records, {size / 1e6:,.1f} MB ({size / records:,.0f} bytes each), warm in the file cache; runs: {runs}",
        "",
        "| command | seconds (range) | against the bare read | records/s | peak memory, MiB |",
        "|---|---:|---:|---:|---:|",
    ]
    floor = rows[FLOOR]
    for r in rows.values():
        wall = f"{r.seconds:.2f} ({r.fastest:.2f} to {r.slowest:.2f})"
        out.append(f"| {r.name} | {wall} | {r.seconds / floor.seconds:.2f} x | {records / r.seconds:,.0f} | {r.peak / 1024**2:,.0f} |")
    kept = checks(log, log.budget, rows, share)
    goals = [] if log.goal == log.budget else [g for g in checks(log, log.goal, rows, share) if g not in kept]
    out += ["", *(f"- {'PASS' if held else 'FAIL'}: {line}" for line, held in kept)]
    out += [f"- {'goal reached' if held else 'goal missed'}: {line}" for line, held in goals]
    return [*out, ""], all(held for _, held in kept)


def measured(log: Log, runs: int, *, pack: bool) -> tuple[list[str], bool]:
    """Measure one log: its section, and whether its budget holds."""
    path = data_file(log.records, log.lean)
    todo = commands(path, pack=pack)
    measure(list(todo.values())[-1])  # brings the file into the cache, so that the first command measured has no worse start
    samples: dict[str, list[Sample]] = {name: [] for name in todo}
    for _ in range(runs):
        for name, command in todo.items():
            samples[name].append(measure(command))
    return section(log, path, runs, {name: summarise(name, of) for name, of in samples.items()}, ledger_share(path))


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--log", choices=[*LOGS, "all"], default="prompts", help="records of 6 KB with prompts, of 600 bytes, or both in turn"
    )
    parser.add_argument("--packed", action="store_true", help="the same logs as .gz and .zst too")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the records, one run, RESULTS.md stays as it is")
    args = parser.parse_args()
    if args.runs < 1:
        parser.error("--runs must be at least 1")
    logs = list(LOGS.values()) if args.log == "all" else [LOGS[args.log]]
    if args.quick:
        logs = [replace(log, records=log.records // 10) for log in logs]

    out = [
        "# Benchmark",
        "",
        "Written by `make bench`; do not edit. Medians of whole processes, all commands of a log in turns within one run.",
        "",
    ]
    out += [f"Machine: {machine()}.", ""]
    held = True
    for log in logs:
        lines, kept = measured(log, 1 if args.quick else args.runs, pack=args.packed)
        out += lines
        held = held and kept
    text = "\n".join(out)
    print(text)
    if not args.quick:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    if not held:
        sys.exit(1)


if __name__ == "__main__":
    main()
