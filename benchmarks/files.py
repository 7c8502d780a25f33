"""Many files beside one: ``python benchmarks/files.py [--files N] [--runs N] [--quick]``, or ``make bench-files``.

The same records in one file and in a folder of one-object files; and a smaller folder again once the ledger knows it. Whole processes in turns
within one run, medians. A folder may cost so many times the one file; files that have not changed cost what it takes to look at them. CPU
seconds stand beside the clock, since they say more on a machine that is shared. Writes FILES.md; ends with 1 when a budget is broken. POSIX only.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import bench
from generate import Log

HERE = Path(__file__).parent
FOLDER_BUDGET = 5.0  # times the same records in one file
UNCHANGED = 2_000
UNCHANGED_BUDGET_S = 1.5
UNCHANGED_GOAL_S = 1.0
PER_FOLDER = 1_000
SETTLED_S = 2.5  # until then a file's times do not tell whether it was written again


class Sample(NamedTuple):
    """One process: seconds by the clock, and of CPU."""

    wall: float
    cpu: float


def measure(command: list[str]) -> Sample:
    """Run a command to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = bench.measure(command).seconds
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Sample(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def median(samples: list[Sample]) -> Sample:
    """Each figure's own median."""
    return Sample(*(statistics.median(figures) for figures in zip(*samples, strict=True)))


def write(folder: Path, files: int) -> tuple[Path, Path]:
    """The records in one file, and in so many files of one object each."""
    one, many = folder / f"one-{files}.jsonl", folder / f"many-{files}"
    folder.mkdir(exist_ok=True)
    told = list(Log(11, lean=True).lines(files))
    one.write_text("".join(told))
    for number, line in enumerate(told):
        inside = many / f"{number // PER_FOLDER:03}"
        if number % PER_FOLDER == 0:
            inside.mkdir(parents=True)
        (inside / f"{number:06}.json").write_text(line)
    return one, many


def analyze(path: Path, ledger: Path | None) -> list[str]:
    """The command that is measured."""
    kept = ["--ledger", str(ledger)] if ledger else ["--no-ledger"]
    return [sys.executable, "-m", "infercheck.cli", "analyze", str(path), *kept, "-q"]


def measured(folder: Path, files: int, runs: int) -> dict[str, Sample]:
    """Medians by name, all commands in turns."""
    one, many = write(folder, files)
    few_in_one, few = write(folder / "few", UNCHANGED)
    books = {path: folder / f"{path.name}.duckdb" for path in (few, few_in_one)}
    for path, book in books.items():
        measure(analyze(path, book))
    time.sleep(SETTLED_S)
    todo = {
        f"one file of {files:,} records": analyze(one, None),
        f"{files:,} files of one record": analyze(many, None),
        f"one file of {UNCHANGED:,} records, unchanged": analyze(few_in_one, books[few_in_one]),
        f"{UNCHANGED:,} files of one record, unchanged": analyze(few, books[few]),
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    samples: dict[str, list[Sample]] = {name: [] for name in todo}
    for _ in range(runs):
        for name, command in todo.items():
            samples[name].append(measure(command))
    return {name: median(of) for name, of in samples.items()}


def page(rows: dict[str, Sample], files: int, runs: int) -> tuple[str, bool]:
    """The results as Markdown, and whether the budgets hold."""
    one, many, _, unchanged, _ = rows.values()
    ratio, cpu = many.wall / one.wall, many.cpu / one.cpu
    held = [
        (ratio <= FOLDER_BUDGET, f"{files:,} files <= {FOLDER_BUDGET:g} x one file: {ratio:.2f} x (CPU {cpu:.2f} x)"),
        (
            unchanged.wall <= UNCHANGED_BUDGET_S,
            f"unchanged files <= {UNCHANGED_BUDGET_S:g} s: {unchanged.wall:.2f} s (CPU {unchanged.cpu:.2f} s)",
        ),
    ]
    goal = "reached" if unchanged.wall <= UNCHANGED_GOAL_S else "missed"
    out = ["# Many files", "", "Written by `make bench-files`; do not edit. Medians of whole processes, all commands in turns within one run.", "",
           f"- Machine: {bench.machine()}", f"- Runs: {runs}; lean records, warm in the file cache", "",
           "| infercheck analyze of | seconds | CPU seconds |", "|---|---:|---:|"]  # fmt: skip
    out += [f"| {name} | {row.wall:.2f} | {row.cpu:.2f} |" for name, row in rows.items()]
    out += ["", *(f"- {'PASS' if kept else 'FAIL'}: {line}" for kept, line in held)]
    out += [f"- goal {goal}: unchanged files <= {UNCHANGED_GOAL_S:g} s", ""]
    return "\n".join(out), all(kept for kept, _ in held)


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="2,000 files, one run, FILES.md stays as it is")
    args = parser.parse_args()
    files, runs = (UNCHANGED, 1) if args.quick else (args.files, args.runs)
    folder = Path(tempfile.mkdtemp(prefix="files-"))
    try:
        text, held = page(measured(folder, files, runs), files, runs)
    finally:
        shutil.rmtree(folder)
    print(text)
    if not args.quick:
        (HERE / "FILES.md").write_text(text, encoding="utf-8")
    if not held:
        sys.exit(1)


if __name__ == "__main__":
    main()
