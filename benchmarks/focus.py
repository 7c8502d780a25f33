"""`make focus`: FOCUS exports of the demo log, plain and fully configured, through the official validator 2.2.1, offline, and our own checks.

The validator needs Python 3.12 and gets a venv of its own (.venv-focus, from requirements/focus.txt). It exits 0 whatever it finds, looks for
its currency list in the current folder, and always prints one failure: InvoiceId-C-004 (must be null) and -005 (must not be null) are the two
branches of one rule, checked without their condition; their parent, InvoiceId-C-003-C, is the verdict. Anything else fails this script.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

import infercheck
from infercheck.cli._frames import as_exact_csv, as_parquet
from infercheck.finance import focus_checks

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-focus"
LOCK = ROOT / "requirements" / "focus.txt"
LOG = ROOT / "sample_logs" / "demo"
CAPABILITIES = (  # COMMITMENT_DISCOUNT_SUPPORTED is left out: two of the model's rules for it contradict each other
    *("ACCOUNT_NAMING_SUPPORTED", "NEGOTIATED_PRICING_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED", "UNIT_PRICING_SUPPORTED"),
    *(
        "USAGE_MEASUREMENT_SUPPORTED",
        "SUB_ACCOUNT_SUPPORTED",
        "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
        "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
    ),
    *("MULTIPLE_PRICING_CATEGORIES_SUPPORTED", "TAGGING_SUPPORTED", "REGION_SUPPORTED"),
)
ALWAYS = {"InvoiceId-C-004-C", "InvoiceId-C-005-C"}


def main() -> int:
    """0 where nothing failed but what always does."""
    python = _venv()
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, config in (("plain", None), ("configured", ROOT / "benchmarks" / "focus.toml")):
            frame = infercheck.export_focus([LOG], options=infercheck.AnalyzeOptions(use_ledger=False, config=config))
            kinds = frame.group_by("ChargeCategory", "CommitmentDiscountStatus").len().sort(pl.all()).rows()
            print(f"{name}: {frame.height} rows {kinds}; own checks: {focus_checks.violations(frame) or 'nothing found'}")
            for suffix, data in ((".csv", as_exact_csv(frame)), (".parquet", as_parquet(frame))):
                path = Path(folder) / f"{name}{suffix}"
                path.write_bytes(data)
                total, failures = validate(python, path)
                print(f"  {path.name}: {total}; beside the one that always fails: {', '.join(failures) or 'none'}")
                bad += len(failures)
    return 1 if bad else 0


def validate(python: Path, path: Path) -> tuple[str, list[str]]:
    """The validator's own count, and the rules that failed."""
    where = subprocess.run([python, "-c", "import focus_validator as f; print(f.__path__[0])"], capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "focus_validator" / "rules"
        rules.mkdir(parents=True)
        shutil.copy(Path(where.stdout.strip()) / "rules" / "currency_codes.csv", rules)
        command = [python.with_name("focus-validator"), "--data-file", path, "--validate-version", "1.2", "--block-download"]
        command += ["--applicability-criteria", ",".join(CAPABILITIES), "--show-violations"]
        done = subprocess.run([str(c) for c in command], cwd=folder, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    total = re.search(r"Total: \d+ \| Pass: \d+ \| Fail: \d+ \| Skipped: \d+", said)
    if done.returncode or not total:
        raise SystemExit(f"the validator broke off:\n{said[-2000:]}")
    failed = re.findall(r"^❌ (\S+): FAIL", said, re.MULTILINE)
    real = [rule for rule in failed if rule not in ALWAYS]
    return total[0], real + (["InvoiceId-C-003-C"] if len(failed) - len(real) > 1 else [])


def _venv() -> Path:
    """Python of the validator's venv, made where it is missing or older than its lock."""
    python = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = VENV / ".ready"
    if not ready.exists() or ready.stat().st_mtime < LOCK.stat().st_mtime:
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([_python312(), "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", LOCK], check=True)
        ready.touch()
    return python


def _python312() -> str:
    """A Python 3.12 that runs: $FOCUS_PYTHON, this one, the PATH, pyenv, uv (which may fetch one)."""
    found = [os.environ.get("FOCUS_PYTHON", ""), sys.executable, "python3.12"]
    found += [str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.12*/bin/python"))]
    if shutil.which("uv"):
        subprocess.run(["uv", "python", "install", "-q", "3.12"], check=False)
        found.append(subprocess.run(["uv", "python", "find", "3.12"], capture_output=True, text=True, check=False).stdout.strip())
    for name in filter(None, found):
        if not shutil.which(name):
            continue
        done = subprocess.run([name, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False)
        if done.stdout.strip() == "(3, 12)":
            return name
    raise SystemExit("focus-validator 2.2.1 needs Python 3.12: name one in FOCUS_PYTHON, or install uv")


if __name__ == "__main__":
    sys.exit(main())
