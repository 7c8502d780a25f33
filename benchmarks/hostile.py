"""Logs written to do harm: every hostile value in every field of several formats, lines that are none, and logs of absurd size.

    make hostile        all of it: a line of 70 MB, nesting 200,000 deep, a million models, a million workloads
    pytest -k hostile   the same at small sizes

Each log is read by a child of its own. It must end with exit code 0 or a clear line, within its time, without a traceback, in bounded memory, print
nothing that a terminal would obey, and account for every line: records = rows + other + rejects, and rows = attempts + duplicates.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START = 1793696400
RSS_MB = 2000  # the database may take 1,300 MB; the rest is the interpreter, the report, and one line of up to 128 MB in several copies
SECONDS = 600
DRAWN = ("text", "csv", "markdown")

VALUES: dict[str, Any] = {
    "terminal escapes": "\x1b[31mred\x1b]0;owned\x07\x9b2J",
    "a link of the terminal": "\x1b]8;;http://x.example\x1b\\click\x1b]8;;\x1b\\",
    "rich markup": "[bold red]x[/bold red][link=file:///etc/passwd]",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a formula": "=cmd|' /C calc'!A1",
    "a formula behind blanks": "\t @SUM(1+1)",
    "lines": "a\nb\r\nc\u2028d",
    "right to left": "\u202egnp.exe\u2066",
    "NUL": "a\0b",
    "half a surrogate": "\ud800x",
    "not a character": "\uffff\U0010ffff",
    "quotes": "'\"`; DROP TABLE calls; --",
    "braces": "{subject} {0} %s $x ${y}",
    "a path": "../../../../etc/passwd",
    "beyond 64 bits": 2**70,
    "far beyond": 10**400,
    "negative": -5,
    "a fraction": 12.7,
    "NaN": float("nan"),
    "infinite": float("-inf"),
    "NaN as text": "NaN",
    "year 1": "0001-01-01T00:00:00Z",
    "year 9999": "9999-12-31T23:59:59.999999Z",
    "year 1 in seconds": -62135596800,
    "year 9999 in seconds": 253402300799,
    "true": True,
    "null": None,
    "empty": "",
    "an empty list": [],
    "an empty object": {},
    "a list of lists": [[["x"]]],
    "an object": {"a": {"b": ["c"]}},
    "a long text": "x" * 5000,
}  # fmt: skip


def litellm() -> dict[str, Any]:
    """One record of LiteLLM."""
    return {
        "id": "c", "litellm_call_id": "c", "trace_id": "t", "call_type": "acompletion", "stream": True, "status": "success",
        "custom_llm_provider": "openai", "startTime": START, "endTime": START + 2, "completionStartTime": START + 1, "model": "openai/gpt-4o",
        "model_group": "gpt-4o", "api_base": "https://x/v1", "response_cost": 0.01, "prompt_tokens": 10, "completion_tokens": 5,
        "request_tags": ["app:a"], "end_user": "u",
        "metadata": {"user_api_key_alias": "k", "usage_object": {"prompt_tokens_details": {"cached_tokens": 1}}},
        "messages": [{"role": "user", "content": "hi"}], "response": {"choices": [{"finish_reason": "stop", "message": {"content": "ok"}}]},
        "model_parameters": {"temperature": 1}, "error_information": {"error_code": ""},
    }  # fmt: skip


def portkey() -> dict[str, Any]:
    """One record of Portkey."""
    return {
        "id": "c", "trace_id": "t", "created_at": "2026-11-03T09:00:00Z", "is_success": 1, "ai_org": "openai", "ai_model": "gpt-4o", "req_units": 10,
        "res_units": 5, "request_url": "https://x/v1", "cost": 0.4, "response_time": 900, "response_status_code": 200, "metadata": {"app": "a"},
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]},
        "response": {"model": "gpt-4o", "choices": [{"finish_reason": "stop", "message": {"content": "ok"}}], "usage": {"prompt_tokens": 10}},
    }  # fmt: skip


def vertex() -> dict[str, Any]:
    """One record of Vertex AI."""
    return {
        "logging_time": "2026-11-03 09:00:03 UTC", "request_id": "1", "model": "publishers/google/models/gemini-2.5-pro",
        "api_method": "GenerateContent",
        "full_request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "labels": {"team": "a"}},
        "full_response": {"candidates": [{"finish_reason": "STOP"}], "model_version": "gemini-2.5-pro", "response_id": "c",
                          "usage_metadata": {"prompt_token_count": 10, "candidates_token_count": 5}}, "metadata": {"request_latency": 3000.0},
    }  # fmt: skip


def own() -> dict[str, Any]:
    """One row of infercheck's own columns, as CSV."""
    return {
        "source_call_id": "c", "started_at": "2026-11-03 09:00:00",
        "ended_at": "2026-11-03 09:00:02", "status": "ok", "provider": "openai", "model": "gpt-4o",
        "input_tokens": 10, "output_tokens": 5, "logged_cost": 0.1, "logged_currency": "USD", "team": "a", "app": "a", "streamed": "true", "score": 1,
    }  # fmt: skip


FORMATS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "litellm": (litellm, "id"),
    "portkey": (portkey, "id"),
    "vertex": (vertex, "request_id"),
    "own": (own, "source_call_id"),
}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key of a record, on every level."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*path, key)
        yield from places(item, (*path, key))


def mutated(make: Callable[[], dict[str, Any]], key: str) -> Iterator[dict[str, Any]]:
    """The record with each hostile value in each place, and a few sound ones before, so that the format is told."""
    for n in range(40):
        yield make() | {key: f"sound-{n}"}
    for n, place in enumerate(list(places(make()))):
        for name, value in VALUES.items():
            record = deepcopy(make())
            record[key] = f"{n}-{name}"
            target: Any = record
            for step in place[:-1]:
                target = target[step]
            target[place[-1]] = value
            yield record


def lines_of(make: Callable[[], dict[str, Any]], key: str, *, depth: int, width: int) -> Iterator[bytes]:
    """JSON Lines: mutated records, then lines that are none."""
    for record in mutated(make, key):
        yield json.dumps(record).encode("utf-8")
    sound = json.dumps(make() | {key: "twice"})
    opening = sound[:-1]
    yield sound.encode() + b" " * 10
    yield f'{opening}, "{key}": "again", "model": "other"}}'.encode()  # a key twice
    yield f'{opening}, "deep": {"[" * depth}{"]" * depth}}}'.encode()
    nested = '{"a":' * depth + "1" + "}" * depth
    yield f'{opening}, "deep": {nested}}}'.encode()
    yield b"[" * depth
    yield f'{opening}, "wide": "{"x" * width}"}}'.encode()
    yield b"x" * width
    yield sound[:40].encode()
    yield b"\xff\xfe\x00" + sound.encode()
    yield sound.encode("utf-16")
    yield b"\0" * 500 + sound.encode()
    yield b"\xc3\x28 \xa0\xa1 not UTF-8"
    yield b"42"
    yield b'"text"'
    yield b"[]"
    yield b"null"
    yield b"{}"
    yield b"NaN"
    yield b"{" + b'"a":1,' * 10_000 + b'"b":2}'
    yield b"\x1b[2J\x1b]0;owned\x07"


def csv_of(make: Callable[[], dict[str, Any]], key: str, *, width: int) -> bytes:
    """The same as CSV, whose cells may hold lines."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(make()))
    writer.writeheader()
    for record in mutated(make, key):
        writer.writerow({name: str(value).replace("\ud800", "?") for name, value in record.items()})
    writer.writerow({**make(), key: "wide", "team": "x" * width})
    return out.getvalue().encode() + b'1,2\r\n"a,b\r\n'


@dataclass(frozen=True)
class Case:
    """One log, and how many records it holds; None where only the run knows."""

    name: str
    path: Path
    records: int | None


def cases(folder: Path, *, depth: int, width: int, many: int) -> Iterator[Case]:
    """Write the logs one by one."""
    for name, (make, key) in FORMATS.items():
        if name == "own":
            path = folder / "own.csv"
            path.write_bytes(csv_of(make, key, width=width))
            yield Case("own columns as CSV", path, None)
            continue
        path = folder / f"{name}.jsonl"
        lines = list(lines_of(make, key, depth=depth, width=width))
        path.write_bytes(b"\n".join(lines) + b"\n")
        # Two of them hold line ends: a text in UTF-16, whose bytes may be one.
        yield Case(name, path, sum(1 for line in b"\n".join(lines).split(b"\n") if line.strip()))
    path = folder / "utf16.jsonl"
    path.write_text("\n".join(json.dumps(record, ensure_ascii=True) for record in mutated(litellm, "id")) + "\n", encoding="utf-16")
    yield Case("UTF-16", path, sum(1 for _ in mutated(litellm, "id")))
    if sys.platform != "win32":
        path = folder / "a\nb\x1b[31m\u202e=1+1.jsonl"
        path.write_text("".join(json.dumps(litellm() | {"id": f"n{n}"}) + "\n" for n in range(30)) + "cut\n", encoding="utf-8")
        yield Case("a name with a line end", path, 31)
    yield Case("as many models as calls", _many(folder / "models.csv", many, "model"), many)
    yield Case("as many workloads as calls", _many(folder / "workloads.csv", many, "app"), many)


def _many(path: Path, many: int, column: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write("source_call_id,started_at,status,provider,model,app,input_tokens,output_tokens\n")
        for n in range(many):
            model, app = (f"model-{n}", "a") if column == "model" else ("gpt-4o", f"app-{n}")
            out.write(f"c{n},{START + n % 86400},ok,openai,{model},{app},{n % 999},{n % 99}\n")
    return path


# What the kernel tells of a child that ended includes the memory of its parent at the fork; on Linux the child itself knows better.
_PEAK = """status = Path('/proc/self/status')
if status.exists():
    Path(f'{sys.argv[2]}.peak').write_text(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith('VmHWM')))
"""


@dataclass(frozen=True)
class Outcome:
    """How a child fared; ``fault`` is empty where all held."""

    case: str
    records: int
    rows: int
    other: int
    rejects: int
    seconds: float
    rss_mb: float
    fault: str


def run(case: Case, folder: Path) -> Outcome:
    """Analyse one log in a child: as JSON for the figures, with the text report beside it."""
    out, err = folder / "out", folder / "err"
    script = (
        "import sys\nfrom pathlib import Path\nfrom infercheck import AnalyzeOptions, analyze, render\n"
        "report = analyze([sys.argv[1]], options=AnalyzeOptions(use_ledger=False, rule_timeout_s=60))\n"
        "for name in ('json', 'text', 'csv', 'markdown'):\n"
        "    drawn = render.get(name).render(report, render.Style(verbose=True))\n"
        "    Path(f'{sys.argv[2]}.{name}').write_bytes(drawn.encode() if isinstance(drawn, str) else drawn)\n"
        f"{_PEAK}"
    )
    start = time.monotonic()
    with err.open("wb") as errors:
        child = subprocess.Popen([sys.executable, "-c", script, str(case.path), str(out)], stderr=errors, stdout=errors)
        code, rss = _awaited(child)
    peak = Path(f"{out}.peak")
    if peak.exists():
        rss = int(peak.read_text()) / 1024
        peak.unlink()
    seconds = time.monotonic() - start
    said = err.read_text("utf-8", "replace")
    if code != 0:
        return Outcome(case.name, 0, 0, 0, 0, seconds, rss, f"exit {code}: {said[-400:]}")
    cover = json.loads(Path(f"{out}.json").read_text("utf-8"))["coverage"]
    rows, other, rejects = cover["rows"], cover["other_records"], cover["rejects"]
    faults = [f"{name} is not harmless" for name in DRAWN if _obeyed(name, Path(f"{out}.{name}").read_text("utf-8"))]
    if case.records is not None and rows + other + rejects != case.records:
        faults.append(f"{case.records} records went in, {rows + other + rejects} are accounted for")
    if rows != cover["attempts"] + cover["duplicates"]:
        faults.append(f"{rows} rows, but {cover['attempts']} attempts and {cover['duplicates']} duplicates")
    if rss > RSS_MB:
        faults.append(f"{rss:,.0f} MB, at most {RSS_MB:,}")
    if said:
        faults.append(f"said: {said[-200:]}")
    return Outcome(case.name, case.records or rows + other + rejects, rows, other, rejects, seconds, rss, "; ".join(faults))


def _awaited(child: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Exit code and peak resident memory, MB; on Windows the memory is not told."""
    if not hasattr(os, "wait4"):
        return child.wait(timeout=SECONDS), 0.0
    deadline = time.monotonic() + SECONDS
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        if time.monotonic() > deadline:
            child.kill()
            child.wait()
            return -9, 0.0
        time.sleep(0.05)


def _obeyed(name: str, text: str) -> bool:
    """Whether a report holds what a terminal, a page or a spreadsheet would act on."""
    if any((ord(c) < 32 and c not in "\n\r\t") or 0x7F <= ord(c) < 0xA0 or c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068" for c in text):
        return True
    if name == "csv":
        cells = (cell for row in csv.reader(io.StringIO(text)) for cell in row)
        return any(cell[:1] in ("=", "+", "@", "\t", "\r") for cell in cells)
    if name == "markdown":
        text = re.sub(r"(`+).*?\1", "", text)  # what stands in a code span is shown as it is
    return name == "markdown" and ("<script" in text or "<img" in text)


def main() -> int:
    """Run all cases and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="sizes for the test suite")
    small = options.parse_args().small
    sizes = {"depth": 5_000, "width": 1 << 20, "many": 2_000} if small else {"depth": 200_000, "width": 70 << 20, "many": 1_000_000}
    failed = total = 0
    print(f"{'log':28} {'records':>10} {'rows':>10} {'other':>6} {'rejects':>8} {'s':>7} {'peak MB':>8}")
    with tempfile.TemporaryDirectory(prefix="infercheck-hostile-") as name:
        folder = Path(name)
        for case in cases(folder, **sizes):
            o = run(case, folder)
            total, failed = total + o.records, failed + bool(o.fault)
            print(
                f"{o.case:28} {o.records:10,} {o.rows:10,} {o.other:6,} {o.rejects:8,} {o.seconds:7.1f} {o.rss_mb:8,.0f}  {o.fault}",
                flush=True,
            )
            case.path.unlink()
    print(f"{total:,} hostile records; {failed} of the logs did harm")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
