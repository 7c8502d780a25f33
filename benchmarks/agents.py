"""infercheck beside ccusage on a folder of Claude Code sessions: ``python benchmarks/agents.py [--lines N] [--runs N] [--ccusage PATH]``.

Both count the same generated sessions (agent_sessions.py), whole processes in turns within one run; tokens and dollars of both must equal a count in
plain Python. What ccusage does, tokens and dollars by day and model, is one query; `analyze` runs all rules beside it. Both are timed with everything
read anew, and on a ledger that has the files already, which is the usual run: ccusage keeps none, and reads all each time. ccusage is taken from
--ccusage, else from the PATH, else installed with npm into a scratch folder; where there is neither, that is said and infercheck is measured alone.
Writes AGENTS.md; ends with 1 when a total differs or a budget is broken. POSIX only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import agent_sessions
import bench

HERE = Path(__file__).parent
TOKENS = """
    SELECT CAST(sum(input_tokens - cache_read_tokens - cache_write_5m_tokens - cache_write_1h_tokens) AS BIGINT) AS input,
        CAST(sum(cache_read_tokens) AS BIGINT) AS cache_read, CAST(sum(output_tokens) AS BIGINT) AS output,
        CAST(sum(cache_write_5m_tokens + cache_write_1h_tokens) AS BIGINT) AS cache_write FROM calls"""
DAILY = """
    SELECT CAST(c.started_at AS DATE) AS day, p.model, sum(p.input_tokens) AS input, sum(p.cache_read_tokens) AS cache_read,
        sum(p.output_tokens) AS output, sum(p.billed_usd) AS usd
    FROM priced_calls p JOIN calls c ON c.call_id = p.call_id GROUP BY ALL ORDER BY ALL"""
ACCOUNTING, ANALYZE = "infercheck query, by day and model", "infercheck analyze"
KEPT = ", on a ledger"
# Times ccusage's bytes a second, everything read anew or on a ledger.
SPEED_BUDGETS = {ACCOUNTING: 1.5, ANALYZE: 1.0, ACCOUNTING + KEPT: 1.0}


def folder(lines: int) -> Path:
    """The generated sessions, made once for each size."""
    path = HERE / "data" / f"claude-{lines}"
    if not path.exists():
        part = path.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        agent_sessions.write(part, lines)
        part.rename(path)
    return path


def ccusage(named: str | None, scratch: Path) -> tuple[str, str]:
    """Where ccusage is and its version; empty, and the reason, where it cannot be had."""
    found = named or shutil.which("ccusage")
    if not found:
        npm = shutil.which("npm")
        if not npm:
            return "", "there is neither ccusage nor npm on the PATH"
        done = subprocess.run([npm, "install", "--prefix", str(scratch), "ccusage"], capture_output=True, text=True, check=False)
        found = str(scratch / "node_modules" / ".bin" / "ccusage")
        if done.returncode or not Path(found).exists():
            return "", "npm could not install it"
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    if told.returncode:
        return "", f"it does not start: {(told.stderr or told.stdout).strip().splitlines()[-1]}"
    return found, told.stdout.strip().split()[-1]


def output(command: list[str]) -> Any:
    """What a command says as JSON."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def totals(said: dict[str, Any]) -> dict[str, float]:
    """Tokens by kind and dollars that ccusage reports."""
    t = said["totals"]
    return {"input": t["inputTokens"], "cache_read": t["cacheReadTokens"], "cache_write": t["cacheCreationTokens"], "output": t["outputTokens"],
            "usd": round(t["totalCost"], 2)}  # fmt: skip


def main() -> None:
    """Parse the arguments, measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--ccusage", help="an installed ccusage")
    parser.add_argument("--quick", action="store_true", help="10,000 lines, one run, AGENTS.md stays as it is")
    args = parser.parse_args()
    lines, runs = (10_000, 1) if args.quick else (args.lines, args.runs)
    tool = Path(sys.executable).with_name("infercheck")
    if not tool.exists():
        sys.exit("infercheck is not installed beside this Python: run `make bench-agents`")

    path = folder(lines)
    counted = agent_sessions.count(path)
    want = {"input": counted.true["input"], "cache_read": counted.true["cache_read"], "output": counted.true["output"],
            "cache_write": counted.true["cache_write_5m"] + counted.true["cache_write_1h"], "usd": float(round(counted.true_usd, 2))}  # fmt: skip
    size = sum(p.stat().st_size for p in path.rglob("*.jsonl"))
    files = sum(1 for _ in path.rglob("*.jsonl"))
    os.environ["CLAUDE_CONFIG_DIR"] = str(path)
    with tempfile.TemporaryDirectory(prefix="ccusage-") as scratch:
        peer, version = ccusage(args.ccusage, Path(scratch))
        logs, kept = str(path / "projects"), ["--ledger", str(Path(scratch) / "ledger.duckdb"), "-q"]
        jobs = {ACCOUNTING: [str(tool), "query", DAILY, logs], ANALYZE: [str(tool), "analyze", logs]}
        subprocess.run([*jobs[ACCOUNTING], *kept], capture_output=True, check=True)
        todo = {name: [*job, "--no-ledger", "-q"] for name, job in jobs.items()}
        todo |= {name + KEPT: [*job, *kept] for name, job in jobs.items()}
        if peer:
            todo[f"ccusage {version}"] = [peer, "claude", "daily", "--offline", "--json"]
        samples: dict[str, list[bench.Sample]] = {name: [] for name in todo}
        for _ in range(runs):
            for name, command in todo.items():
                samples[name].append(bench.measure(command))
        report = output([str(tool), "analyze", str(path / "projects"), "--no-ledger", "-q", "-f", "json"])
        query = [str(tool), "query", TOKENS, str(path / "projects"), "--no-ledger", "-q", "-f", "json"]
        kinds = output(query)[0]
        peers = totals(output(todo[f"ccusage {version}"])) if peer else None
    rows = [bench.summarise(name, of) for name, of in samples.items()]

    naive = report["coverage"]["naive_sum"]
    got = {**kinds, "usd": round(report["headline"]["spend_usd"], 2)}
    checks = [("infercheck's tokens and dollars equal the plain count", got == want),
              ("its naive sum equals that of all lines", naive["tokens"] == sum(counted.naive.values())
               and round(Decimal(str(naive["usd"])), 2) == round(counted.naive_usd, 2))]  # fmt: skip
    if peers is not None:
        checks.append(("ccusage's tokens and dollars equal the plain count", peers == want))
        seconds = {r.name: r.seconds for r in rows}
        ratios = {name: seconds[f"ccusage {version}"] / s for name, s in seconds.items()}
        checks += [(f"{name}: bytes a second >= {budget:g} x ccusage: {ratios[name]:.2f} x", ratios[name] >= budget)
                   for name, budget in SPEED_BUDGETS.items()]  # fmt: skip
    text = page(lines, size, files, runs, rows, counted, checks, "" if peer else f"ccusage was not measured: {version}.")
    print(text)
    if not args.quick:
        (HERE / "AGENTS.md").write_text(text, encoding="utf-8")
    if not all(held for _, held in checks):
        sys.exit(1)


def page(
    lines: int, size: int, files: int, runs: int, rows: list[bench.Summary], counted: agent_sessions.Count, checks: list[tuple[str, bool]], note: str
) -> str:  # fmt: skip
    """The result as Markdown."""
    out = [
        "# Coding agents",
        "",
        "Written by `make bench-agents`; do not edit. Whole processes in turns within one run, medians. On a ledger only what is new has to be read,",
        "and here nothing is: the MB/s there are those of the logs that the answer covers.",
        "",
        f"- Machine: {bench.machine()}",
        f"- Sessions: {lines:,} lines, {size / 1e6:,.1f} MB in {files:,} files, warm in the file cache; runs: {runs}",
        f"- A naive sum over {counted.with_usage:,} lines with usage: {sum(counted.naive.values()):,} tokens, ${counted.naive_usd:,.2f}; "
        f"counted once, {counted.messages:,} calls: {sum(counted.true.values()):,} tokens, ${counted.true_usd:,.2f}",
        "",
        "| command | seconds (range) | MB/s | CPU seconds | peak memory, MiB |",
        "|---|---:|---:|---:|---:|",
    ]
    for r in rows:
        spread = f"{r.seconds:.2f} ({r.fastest:.2f} to {r.slowest:.2f})"
        out.append(f"| {r.name} | {spread} | {size / 1e6 / r.seconds:,.0f} | {r.cpu:.2f} | {r.peak / 1024**2:,.0f} |")
    out += ["", *(f"- {'PASS' if held else 'FAIL'}: {line}" for line, held in checks), *([f"- {note}"] if note else []), ""]
    return "\n".join(out)


if __name__ == "__main__":
    main()
