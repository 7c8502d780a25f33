"""The wheel, installed into an environment of its own, works from an empty folder: demo, rules and sources come along."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` builds it, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`infercheck` of a new environment that holds the wheel and borrows only its dependencies, never this checkout."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    scripts = Path(sysconfig.get_path("scripts", vars={"base": str(home), "platbase": str(home)}))
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", "--no-compile", str(wheel)],
        check=True,
    )
    (own / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n", encoding="utf-8")
    return scripts / ("infercheck.exe" if sys.platform == "win32" else "infercheck")


def run(command: Path, folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """From ``folder``; PYTHONPATH must not lend the checkout."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONUTF8": "1"}
    return subprocess.run([str(command), *argv], capture_output=True, text=True, encoding="utf-8", check=False, cwd=folder, env=env)


def test_what_the_wheel_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    rules = {f"infercheck/_rules/{p.relative_to(ROOT / 'rules').as_posix()}" for p in (ROOT / "rules").rglob("*.*") if p.is_file()}
    demo = {f"infercheck/_demo/{p.name}" for p in (ROOT / "sample_logs" / "demo").iterdir()}
    sources = {f"infercheck/sources/{p.name}" for p in (ROOT / "src" / "infercheck" / "sources").glob("*.sql")}
    page = {f"infercheck/render/html/templates/{name}" for name in ("page.html.j2", "parts.html.j2", "page.css", "page.js")}
    assert rules | demo | sources | page | {"infercheck/py.typed", "infercheck/prices/models.toml"} <= names
    assert not [n for n in names if n.startswith(("tests/", "sample_logs/", "benchmarks/")) or n.endswith((".pyc", ".duckdb"))]


def test_the_demo_from_an_empty_folder(command: Path, tmp_path: Path) -> None:
    done = run(command, tmp_path, "demo")
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("3,877 rows", "Cost per successful outcome", "Latency users see", "Verdict", "Plan", "Step 1", "Step 2", "Step 3"):
        assert part in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_it_is_the_wheel_that_runs(command: Path, tmp_path: Path) -> None:
    done = run(command, tmp_path, "rules", "list", "--format", "json")
    assert done.returncode == 0
    rules = {p.stem for p in (ROOT / "rules").glob("[123]_*/*.sql")}
    assert rules and all(f'"{name}"' in done.stdout for name in rules)
    python = command.with_name("python.exe" if sys.platform == "win32" else "python")
    told = run(
        python,
        tmp_path,
        "-c",
        "import infercheck; from infercheck import rulebook; print(infercheck.__file__); print(rulebook.builtin_folder())",
    )
    assert not [line for line in told.stdout.splitlines() if str(ROOT) in line]
    assert "_rules" in told.stdout


def test_the_examples_of_the_rules_inside_the_wheel(command: Path, tmp_path: Path) -> None:
    done = run(command, tmp_path, "rules", "test")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "FAIL" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_logs_and_a_ledger(command: Path, tmp_path: Path) -> None:
    log = str(ROOT / "sample_logs" / "healthy.jsonl")
    first = run(command, tmp_path, "analyze", log, "--ledger", "own.duckdb")
    again = run(command, tmp_path, "analyze", log, "--ledger", "own.duckdb")
    assert (first.returncode, first.stderr) == (0, "")
    assert again.stdout == first.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["own.duckdb"]
