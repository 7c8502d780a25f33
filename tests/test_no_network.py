"""No command speaks to a network: all of them run in one child in which every socket is refused, and none notices."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import typer.main

import logs
import test_user_rules
from infercheck import cli

# Refuses sockets before anything of the tool is imported; the audit hook cannot be taken out again. Looking up a name is refused as well.
CHILD = textwrap.dedent("""
    import json, sys

    tried = []

    def refuse(event, args):
        if event.startswith("socket.") and event != "socket.gethostname":
            tried.append(event)
            raise PermissionError(f"no network here: {event}")

    sys.addaudithook(refuse)
    from infercheck import cli

    codes = [cli.run(argv) for argv in json.loads(sys.argv[1])]
    print(json.dumps({"codes": codes, "tried": tried}), file=sys.stderr)
""")


def commands(folder: Path) -> list[list[str]]:
    """A line for every command there is, told to leave what it makes in ``folder``."""
    log = str(logs.write(folder / "log.jsonl", logs.working_day()[:12]))
    for place, text in (("views/night_calls.sql", test_user_rules.VIEW), ("3_traffic_mixing/night_premium.sql", test_user_rules.RULE)):
        (folder / "own" / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / "own" / place).write_text(text, encoding="utf-8")
    costs = {"object": "organization.costs.result", "amount": {"value": 1, "currency": "usd"}, "line_item": "gpt-4o, input"}
    bucket = {"object": "bucket", "start_time": 1793664000, "end_time": 1793750400, "results": [costs]}
    invoice = folder / "invoice.json"
    invoice.write_text(json.dumps({"object": "page", "data": [bucket]}), encoding="utf-8")
    config = folder / "infercheck.toml"
    config.write_text('[[workload]]\nname = "help"\nmatch = { app = "help-desk" }\n', encoding="utf-8")
    return [
        ["analyze", log, "--select", "2", "-o", str(folder / "report.json")],
        ["check", log, "--budget", "spend_usd=1000"],
        ["diff", log, log],
        ["baseline", "write", log, "-o", str(folder / "base.json")],
        *(["export", what, log, "-o", str(folder / f"{what}.out")] for what in ("claims", "calls", "focus", "chargeback", "excel")),
        ["reconcile", str(invoice), "--logs", log, "--config", str(config)],
        ["simulate", log, "--fix", "caching"],
        ["ingest", log, "--to", str(folder / "shards")],
        ["ingest", log],
        ["rules", "list"],
        ["rules", "explain", "retry_storm"],
        ["rules", "test", str(folder / "own")],
        ["sources", "list"],
        ["sources", "columns"],
        ["sources", "detect", log],
        ["config", "validate", str(config)],
        ["schema"],
        ["completion", "bash"],
        ["query", "SELECT count(*) FROM calls", log],
        ["demo", "-q"],
        ["--help"],
    ]


def test_every_command_runs_without_a_network(tmp_path: Path) -> None:
    lines = commands(tmp_path)
    done = subprocess.run([sys.executable, "-c", CHILD, json.dumps([[*line] for line in lines])], capture_output=True, text=True, check=False,
                          cwd=tmp_path, env=_env(tmp_path))  # fmt: skip
    told = json.loads(done.stderr.strip().splitlines()[-1])
    assert told["tried"] == []
    ran = dict(zip(map(tuple, lines), told["codes"], strict=True))
    assert {line[:2]: code for line, code in ran.items() if code not in {0, 1}} == {}, done.stderr
    assert sum(code == 0 for code in ran.values()) >= len(lines) - 1  # reconcile may find a gap


def test_every_command_is_among_them(tmp_path: Path) -> None:
    said = {tuple(line[:2]) for line in commands(tmp_path)} | {(line[0],) for line in commands(tmp_path)}
    group = typer.main.get_command(cli.build())
    there = set()
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inside = getattr(command, "commands", None)
        there |= {(name, sub) for sub in inside} if inside else {(name,)}
    assert there - said == set()


def test_a_socket_would_be_seen() -> None:
    """The refusal works: the same child, and a name that is looked up."""
    looked_up = CHILD.replace("from infercheck import cli", "import socket").replace(
        "codes = [cli.run(argv) for argv in json.loads(sys.argv[1])]",
        "codes = []\ntry:\n    socket.create_connection(('127.0.0.1', 9))\nexcept PermissionError:\n    pass",
    )
    done = subprocess.run([sys.executable, "-c", looked_up, "[]"], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr.splitlines()[-1])["tried"][0].startswith("socket.")


def _env(folder: Path) -> dict[str, str]:
    import os

    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "LOCALAPPDATA": str(folder / "cache"),
    }
