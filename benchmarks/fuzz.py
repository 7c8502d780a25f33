"""`make fuzz`: the readers by coverage (atheris, in a venv of its own), then headers, configs, SQL and bytes by hypothesis. Bounded in time.

python benchmarks/fuzz.py --seconds 300 --tries 5000
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from supply_chain import ROOT, tool_venv

DATA = ROOT / "benchmarks" / "data" / "fuzz"
SEED_MAX = 4_000  # bytes: mutation of a long input finds little


def main() -> int:
    """0 where nothing crashed, hung or took too much memory."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=300, help="for the readers")
    options.add_argument("--tries", type=int, default=3000, help="for each test of hypothesis")
    chosen = options.parse_args()
    python = tool_venv("fuzz", ROOT / "requirements" / "run.txt", ROOT / "requirements" / "fuzz.txt")
    corpus = _seeded(DATA / "corpus")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    limits = [f"-max_total_time={chosen.seconds}", "-timeout=20", "-rss_limit_mb=2000", "-max_len=65536", f"-artifact_prefix={DATA}/"]
    harness = [python, ROOT / "benchmarks" / "fuzz_readers.py", *limits, corpus]
    done = subprocess.run([str(part) for part in harness], env=env, stderr=subprocess.PIPE, text=True, check=False)
    runs = re.findall(r"#(\d+)\s", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    count, edges = int(runs[-1]) if runs else 0, covered[-1] if covered else 0
    print(f"readers: {count:,} inputs in {chosen.seconds} s, {edges} edges covered, exit {done.returncode}")
    if done.returncode:
        print(done.stderr[-3000:])
    tests = [sys.executable, "-m", "pytest", "-n", "0", "-q", str(ROOT / "tests" / "test_fuzz.py")]
    tried = subprocess.run(tests, env={**env, "INFERCHECK_FUZZ": str(chosen.tries)}, cwd=ROOT, check=False)
    print(f"headers, configs, SQL, bytes: {chosen.tries:,} tries each, exit {tried.returncode}")
    return 1 if done.returncode or tried.returncode else 0


def _seeded(folder: Path) -> Path:
    """A corpus that starts from the sample logs, messy ones first."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "sample_logs").rglob("*")):
        if path.is_file() and path.stat().st_size <= SEED_MAX and path.suffix != ".py":
            shutil.copy(path, folder / f"seed-{path.name}")
    return folder


if __name__ == "__main__":
    sys.exit(main())
