"""What becomes of a ledger when ingestion is stopped at any moment: killed, interrupted, out of disk, beside another run (make faults).

Every trial starts from the same empty ledger, is disturbed, and is followed by an undisturbed `infercheck analyze`. That one's JSON report must be,
byte for byte, the report of a ledger that nothing ever happened to. POSIX only; the full disk is a small tmpfs where one can be mounted (Linux,
root), and a limit on the size of a file (RLIMIT_FSIZE) everywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from generate import Log
from infercheck import api, cli  # noqa: F401 -- what a child needs is imported before it is forked
from infercheck.engine.duckdb import Engine
from infercheck.ingest import ledger
from infercheck.render import json as _json  # noqa: F401

KILLS = 200
Prepare = Callable[[], None]
_out: list[str] = []  # FAULTS.md
ROWS = """
    SELECT c.* EXCLUDE (call_id, file_id), b.blocks, b.hashes FROM calls c
    LEFT JOIN (SELECT call_id, count(*) AS blocks, bit_xor(prefix_hash) AS hashes FROM prompt_blocks GROUP BY call_id) b USING (call_id)
    UNION ALL BY NAME SELECT f.path AS tags, f.rows AS score, f.records AS line, f.note AS app FROM files f
    UNION ALL BY NAME SELECT r.line, r.reason AS app FROM rejects r ORDER BY ALL"""


class Bench:
    """A folder of logs of every kind, an empty ledger, and the report of a run that nothing disturbed."""

    def __init__(self, folder: Path, calls: int, *, small: bool) -> None:
        self._what = ("query", ROWS) if small else ("analyze",)
        self.folder, self.logs, self.book = folder, folder / "logs", folder / "ledger.duckdb"
        _write_logs(self.logs, calls, small=small)
        self.seed = folder / "seed.duckdb"
        if not self.fork(lambda: _empty(self.seed)) == 0:
            raise SystemExit("the empty ledger could not be made")
        start = time.monotonic()
        self.fresh()
        self.run("ingest", str(self.logs), "--ledger", str(self.book), "-q")
        self.took_s = time.monotonic() - start
        self.expected = self.report()
        if not self.expected.startswith((b"{", b"[")):
            raise SystemExit(self.expected.decode())

    def fresh(self, book: Path | None = None) -> None:
        """Put the empty ledger in place, and nothing beside it."""
        book = book or self.book
        for old in book.parent.glob(f"{book.name}*"):
            old.unlink()
        shutil.copy(self.seed, book)

    def run(self, *argv: str, prepare: Prepare | None = None) -> tuple[int, str]:
        """Exit code and stderr of a command in a process of its own."""
        err = self.folder / "stderr"
        code = self.fork(lambda: cli.run(argv), err=err, prepare=prepare)
        return code, err.read_text()

    def report(self, book: Path | None = None) -> bytes:
        """The JSON report of a run that is let be."""
        out = self.folder / "report.json"
        out.unlink(missing_ok=True)
        code, err = self.run(*self._what, str(self.logs), "--ledger", str(book or self.book), "-f", "json", "-o", str(out), "-q")
        if code or not out.exists():
            return f"exit {code}: {err}".encode()
        return out.read_bytes()

    def start(self, body: Callable[[], int], err: Path | None = None, prepare: Prepare | None = None) -> int:
        """Fork: the imports are paid once. Returns the child's process id."""
        child = os.fork()
        if child:
            return child
        code = 70
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born deaf to Ctrl-C
            os.dup2(os.open(err or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            if prepare:
                prepare()
            code = body()
        finally:
            os._exit(code)

    def fork(self, body: Callable[[], int], err: Path | None = None, prepare: Prepare | None = None) -> int:
        """The exit code of ``body`` in a child."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(body, err, prepare), 0)[1])

    def ingesting(self, book: Path | None = None) -> int:
        """A child that ingests."""
        argv = ("ingest", str(self.logs), "--ledger", str(book or self.book), "-q")
        return self.start(lambda: cli.run(argv))

    def stopped(self, sign: signal.Signals, times: int, seed: int) -> tuple[int, Counter[int], float]:
        """So many runs that are stopped at a random moment: how many reports then differed, the exit codes, and the seconds it took.

        One that was done before its moment came is no fault: its report is compared too, and another takes its place with less time to hope for.
        """
        rng, wrong, codes, began = random.Random(seed), 0, Counter[int](), time.monotonic()
        while codes.total() - codes[0] < times:
            self.fresh()
            started, child = time.monotonic(), self.ingesting()
            time.sleep(rng.uniform(0, self.took_s))
            moment = time.monotonic() - started
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, sign)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            codes[code] += 1
            if code == 0:
                self.took_s = min(self.took_s, moment)
            wrong += self.report() != self.expected
        return wrong, codes, time.monotonic() - began

    def two_at_once(self, times: int) -> tuple[int, Counter[int]]:
        """Two runs on one ledger: each ends well, or says who holds it."""
        wrong, codes = 0, Counter[int]()
        for _ in range(times):
            self.fresh()
            children = [self.ingesting(), self.ingesting()]
            codes.update(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
            wrong += self.report() != self.expected
        return wrong, codes

    def limited(self, limits: list[int]) -> tuple[int, list[tuple[int, str]]]:
        """Runs that may write files of so many bytes only, each followed by one without a limit."""
        wrong, said = 0, []
        for limit in limits:
            self.fresh()
            said.append(self._ingest(self.book, lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
            wrong += self.report() != self.expected
        return wrong, said

    def full_disk(self, sizes: list[int]) -> tuple[int, list[tuple[int, str]]] | None:
        """The same on a file system of so many bytes, which is then made larger; None where none can be mounted."""
        wrong, said = 0, []
        with _mounted(self.folder / "disk", sizes[0]) as disk:
            if disk is None:
                return None
            for size in sizes:
                for old in disk.iterdir():
                    old.unlink()
                _remount(disk, f"size={size}")
                self.fresh(disk / "ledger.duckdb")
                said.append(self._ingest(disk / "ledger.duckdb"))
                _remount(disk, "size=1g")
                wrong += self.report(disk / "ledger.duckdb") != self.expected
            _remount(disk, "ro")
            said.append(self._ingest(disk / "new.duckdb"))
            _remount(disk, "rw")
        return wrong, said

    def _ingest(self, book: Path, prepare: Prepare | None = None) -> tuple[int, str]:
        return self.run("ingest", str(self.logs), "--ledger", str(book), "-q", prepare=prepare)


def _empty(book: Path) -> int:
    with Engine(book) as engine:
        ledger.prepare(engine)
    return 0


def _write_logs(folder: Path, calls: int, *, small: bool) -> None:
    """Plain, packed, damaged and wrapped files: several transactions, by every way of reading."""
    folder.mkdir(parents=True)
    told = list(Log(3, lean=False).lines(calls))
    part = len(told) // 6
    parts = ["".join(told[i * part : (i + 1) * part]) for i in range(6)]
    (folder / "plain.jsonl").write_text(parts[0])
    (folder / "hurt.jsonl").write_text(f"{parts[1]}not JSON\n{parts[2][:300]}")
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(parts[2].encode()))
    if small:
        return
    (folder / "array.json").write_text("[" + ",".join(parts[3].splitlines()) + "]")
    (folder / "docker.log").write_text("".join(json.dumps({"log": line}) + "\n" for line in parts[4].splitlines()))
    with zipfile.ZipFile(folder / "some.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/again.jsonl", parts[0])
    for number, line in enumerate(parts[5].splitlines()):
        (folder / f"one-{number:05}.json").write_text(line)


@contextlib.contextmanager
def _mounted(folder: Path, size: int) -> Iterator[Path | None]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = shutil.which("mount") is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield folder if done else None
    finally:
        if done:
            subprocess.run(["umount", str(folder)], check=True)


def _remount(folder: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


def main(argv: list[str] | None = None) -> int:
    """Print what was tried and what came of it; 1 where a report differed. From 200 kills on, FAULTS.md keeps it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="three files, and what was read compared instead of the report")
    given = parser.parse_args(argv)
    kills, few, pairs = given.kills, max(3, given.kills // 10), max(2, given.kills // 20)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.calls, small=given.small)
        print(_head(bench, given.calls, small=given.small))
        wrong, codes, _ = bench.stopped(signal.SIGKILL, kills, given.seed)
        bad = _tell(f"kill -9 at {kills} random moments", wrong, f"{codes[-9]} died; besides, {codes[0]} were done before their moment")
        wrong, codes, _ = bench.stopped(signal.SIGINT, few, given.seed)
        bad += _tell(f"Ctrl-C at {few} random moments", wrong, f"exit codes {dict(codes)}")
        bad += sum(n for code, n in codes.items() if code not in {0, 130, -signal.SIGINT})
        wrong, codes = bench.two_at_once(pairs)
        bad += _tell(f"two runs at once, {pairs} times", wrong, f"exit codes {dict(codes)}")
        empty, full = bench.seed.stat().st_size, bench.book.stat().st_size
        steps = [empty + (full - empty >> n) for n in (range(8, 0, -1) if kills > 20 else (5,))]
        bad += _tell_all("file size limit (RLIMIT_FSIZE)", bench.limited(steps))
        disk = bench.full_disk(steps)
        bad += 0 if disk is None else _tell_all("full disk (tmpfs), then a read-only one", disk)
        if disk is None:
            _row("full disk", "no tmpfs can be mounted here", "")
    if kills >= KILLS:
        (Path(__file__).parent / "FAULTS.md").write_text("\n".join([*_out, ""]), encoding="utf-8")
    return int(bad > 0)


def _head(bench: Bench, calls: int, *, small: bool) -> str:
    compared = "every row that was read" if small else "the JSON report"
    head = ["# Faults", "", "Written by `make faults`; do not edit. After each fault the next, undisturbed run is compared with one that "
            f"nothing ever happened to: {compared}, byte for byte.", "",
            f"{len(list(bench.logs.iterdir()))} files, {calls:,} calls; an undisturbed ingestion took {bench.took_s:.1f} s.", "",
            "| fault | what the runs came to | runs after it that differ |", "|---|---|---:|"]  # fmt: skip
    _out.extend(head)
    return "\n".join(head)


def _row(what: str, outcome: str, wrong: str) -> None:
    _out.append(f"| {what} | {outcome} | {wrong} |")
    print(_out[-1], flush=True)


def _tell(what: str, wrong: int, outcome: str) -> int:
    """Note what came of a fault; returns how many runs after it differed."""
    _row(what, outcome, str(wrong))
    return wrong


def _tell_all(what: str, came: tuple[int, list[tuple[int, str]]]) -> int:
    """The same with what was said; a run that ended other than well, or with one line and exit 3, counts as wrong too."""
    wrong, said = came
    odd = [line for code, line in said if (code, line.count("\n")) not in {(0, 0), (3, 1)}]
    lines = sorted({re.sub(r"/\S*/", "", line.split(" (")[0].strip()) for _, line in said if line} | set(odd))
    told = "; ".join([f"{len(said)} runs, exit codes {dict(Counter(code for code, _ in said))}", *lines])
    return _tell(what, wrong, told) + len(odd)


if __name__ == "__main__":
    sys.exit(main())
