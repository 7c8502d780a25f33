"""`--anonymize`: names for people outside. Teams, users, keys, hosts and paths of files become pseudonyms before any view reads them, so that report
and exports agree; within a project's ledger a name has the same pseudonym every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from infercheck import ingest
from infercheck.engine.duckdb import Engine, literal, quoted

PSEUDONYMS = {"team": "team", "user": "user", "api_key_alias": "key"}  # columns of calls, and what such a name is called
NAMED_CALLS = (
    "named_calls"  # the calls under their own names: what the config says of teams, accounts and commitments is matched against these
)
_HOST = r"^([a-z][a-z0-9+.-]*://)?[^/]+"


def pseudonym(salt: str, kind: str, value: str) -> str:
    """SQL: a name that stands for ``value``, SQL too; NULL stays NULL."""
    return f"'{kind}-' || left(md5({literal(salt + kind)} || {value}), 8)"


def anonymize(engine: Engine, read: ingest.IngestResult) -> ingest.IngestResult:
    """Give pseudonyms to the calls in scope and to ``files``. Call it once the config has been matched against the names; returns what was
    told of the files, under their pseudonyms."""
    salt = ingest.salt_of(engine)
    host = f"regexp_extract(endpoint, {literal(_HOST)})"
    named = {column: pseudonym(salt, kind, quoted(column)) for column, kind in PSEUDONYMS.items()}
    hosts = pseudonym(salt, "host", host)
    named["endpoint"] = f"CASE WHEN endpoint <> '' THEN {hosts} || substring(endpoint, length({host}) + 1) ELSE endpoint END"
    said = ", ".join(f"{sql} AS {quoted(column)}" for column, sql in named.items())
    engine.create("pseudonymous", f"SELECT * REPLACE ({said}) FROM calls")
    engine.rename("calls", NAMED_CALLS)
    engine.rename("pseudonymous", "calls")
    paths = dict(engine.rows(f"SELECT path, {pseudonym(salt, 'file', 'path')} FROM files"))
    paths = {path: name + "".join(PurePosixPath(path).suffixes[-2:]) for path, name in paths.items()}
    cases = " ".join(f"WHEN {literal(path)} THEN {literal(name)}" for path, name in paths.items())
    engine.create("named_files", "FROM files")
    engine.view("files", f"SELECT * REPLACE (CASE path {cases} END AS path) FROM named_files")
    notices = []
    for notice in read.notices:
        told = notice
        for path in sorted(paths, key=len, reverse=True):
            told = told.replace(path, paths[path])
        notices.append(told)
    return replace(read, notices=tuple(notices))
