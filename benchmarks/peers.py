"""infercheck beside inferopt and tokenbill: ``python benchmarks/peers.py [--pairs N] [--lines N] [--runs N]``, or ``make bench-peers``.

Each peer is installed from PyPI into a scratch environment of its own and reads its own format: inferopt requests with their answers, tokenbill
sessions of Claude Code (agent_sessions.py). infercheck analyzes the same files with all rules, without a ledger; whole processes in turns within one
run. A peer that cannot be installed is said. Writes PEERS.md; ends with 1 when a budget is broken. POSIX only.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import agent_sessions
import agents
import bench

HERE = Path(__file__).parent
SPEED_BUDGET = 20.0  # times a peer's records a second
MODELS = ("claude-sonnet-4-20250514", "claude-haiku-4-5-20251001")
FIRST_S = 1_760_000_000


@dataclass(frozen=True)
class Peer:
    """Another tool, what makes a log that it reads, and how it is told to read it."""

    package: str
    log: Callable[[int], Path]
    arguments: Callable[[Path, Path], list[str]]  # of the log and a scratch folder
    what: str


def pairs(records: int) -> Path:
    """Requests with their answers, one a line: a system prompt that all share, a history that grows, list usage."""
    path = HERE / "data" / f"pairs-{records}.jsonl"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    part, rng = path.with_suffix(".part"), random.Random(7)
    text = " ".join(rng.choices(agent_sessions.WORDS, k=100_000))

    def words(chars: int) -> str:
        start = rng.randrange(len(text) - chars)
        return text[start : start + chars]

    system, history = words(2400), [words(500)]
    with part.open("w", encoding="utf-8") as out:
        for n in range(records):
            history = (
                [words(rng.randint(100, 700))]
                if len(history) > 6
                else [*history, words(rng.randint(100, 700)), words(rng.randint(100, 700))]
            )
            messages = [{"role": ("user", "assistant")[i % 2], "content": said} for i, said in enumerate(history)]
            usage = {"input_tokens": rng.randint(300, 2000), "output_tokens": rng.randint(20, 900),
                     "cache_read_input_tokens": 600 * rng.randint(0, 1), "cache_creation_input_tokens": 0}  # fmt: skip
            model = rng.choice(MODELS)
            request = {"model": model, "max_tokens": 1024, "system": system, "messages": messages}
            response = {"id": f"msg_{n:012}", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
                        "content": [{"type": "text", "text": words(rng.randint(80, 900))}], "usage": usage}  # fmt: skip
            record = {"request": request, "response": response, "timestamp": FIRST_S + n * 3, "latency_ms": rng.randint(300, 9000)}
            out.write(json.dumps(record) + "\n")
    part.rename(path)
    return path


PEERS = (
    Peer("inferopt", pairs, lambda log, _: ["analyze", str(log), "--json"], "requests with their answers"),
    Peer(
        "tokenbill",
        lambda lines: agents.folder(lines) / "projects",
        lambda log, _: ["scan", "--claude-dir", str(log), "--format", "json"],
        "sessions of Claude Code, lines",
    ),
)


def installed(package: str, scratch: Path) -> tuple[Path | None, str]:
    """The command of a package in an environment of its own, and its version; None, and the reason, where it cannot be had."""
    home = scratch / package
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    done = subprocess.run([str(home / "bin" / "pip"), "install", "-q", package], capture_output=True, text=True, check=False)
    tool = home / "bin" / package
    if done.returncode or not tool.exists():
        return None, "pip could not install it"
    told = subprocess.run([str(home / "bin" / "pip"), "show", package], capture_output=True, text=True, check=True)
    return tool, next(line.split()[1] for line in told.stdout.splitlines() if line.startswith("Version:"))


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    ours = Path(sys.executable).with_name("infercheck")
    if not ours.exists():
        sys.exit("infercheck is not installed beside this Python: run `make bench-peers`")
    rows: list[str] = []
    checks: list[tuple[str, bool]] = []
    for peer in PEERS:
        records = args.pairs if peer.log is pairs else args.lines
        with tempfile.TemporaryDirectory(prefix="peers-") as folder:
            tool, version = installed(peer.package, Path(folder))
            if tool is None:
                rows.append(f"| {peer.package} | not measured: {version} | | | |")
                continue
            log = peer.log(records)
            todo = {"infercheck analyze": [str(ours), "analyze", str(log), "--no-ledger", "-q"],
                    f"{peer.package} {version}": [str(tool), *peer.arguments(log, Path(folder))]}  # fmt: skip
            samples: dict[str, list[bench.Sample]] = {name: [] for name in todo}
            for _ in range(args.runs):
                for name, command in todo.items():
                    samples[name].append(bench.measure(command))
        found = [bench.summarise(name, of) for name, of in samples.items()]
        rows += [f"| {r.name} | {records:,} {peer.what} | {r.seconds:.2f} ({r.fastest:.2f} to {r.slowest:.2f}) | {r.cpu:.2f} | "
                 f"{records / r.seconds:,.0f} |" for r in found]  # fmt: skip
        ratio = found[1].seconds / found[0].seconds
        checks.append((f"records a second >= {SPEED_BUDGET:g} x {peer.package}: {ratio:.1f} x", ratio >= SPEED_BUDGET))
    text = "\n".join([
        "# Peers on their own formats", "",
        "Written by `make bench-peers`; do not edit. Whole processes in turns within one run, medians; infercheck runs all rules.", "",
        f"- Machine: {bench.machine()}; runs: {args.runs}", "",
        "| command | log | seconds (range) | CPU seconds | records/s |", "|---|---|---:|---:|---:|", *rows, "",
        *(f"- {'PASS' if held else 'FAIL'}: {line}" for line, held in checks), "",
    ])  # fmt: skip
    print(text)
    (HERE / "PEERS.md").write_text(text, encoding="utf-8")
    if not all(held for _, held in checks):
        sys.exit(1)


if __name__ == "__main__":
    main()
