"""Who pays for a call: account, team, cost centre, commitment, and the tags that may leave. Table ``call_payers``, one row a call.

What could be a secret or a person never leaves in clear: an alias, team or tag that looks like a key, a long hash or a mail address is
replaced by a salted hash of it. Under ``--anonymize`` all of them are pseudonyms.
"""

from __future__ import annotations

from collections.abc import Sequence

from infercheck.anonymize import NAMED_CALLS, pseudonym
from infercheck.config import Config, match_sql
from infercheck.engine.duckdb import Engine, literal, quoted
from infercheck.ingest import ledger
from infercheck.model.fields import Dated, Match
from infercheck.model.finance import TAG_COLUMNS

_PRIVATE = (
    r"^(sk|pk|rk|gsk|hf|ghp|xox[a-z])[-_]|^Bearer\s|^AIza|^AKIA|^eyJ|^[0-9A-Fa-f]{32,}$|^[^@\s]+@[^@\s]+\.[^@\s]+$"
    r"|^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
)
_GRAIN = ("team", "cost_centre", "api_key_alias")  # tags that the grain of the charges has anyway


def fill(engine: Engine, config: Config, *, anonymous: bool = False) -> None:
    """Fill ``call_payers``. ``anonymous``: the config is matched against the log's own names, and who it finds gets the report's pseudonyms."""
    salt = ledger.salt_of(engine)

    def called(kind: str, expression: str) -> str:
        blank = f"CASE WHEN trim({expression}) <> '' THEN {pseudonym(salt, kind, expression)} END"
        return blank if anonymous else _hidden(expression, salt)

    def given(kind: str, name: str | None) -> str:
        return literal(name) if not anonymous or name is None else pseudonym(salt, kind, literal(name))

    teams = [(_condition(t, t.match or {}, "team") if t.match else f"({_dated(t)} AND team = {literal(t.name)})", t) for t in config.team]
    accounts = [
        (_condition(a, {**a.match, **({} if a.provider == "*" else {"provider": (a.provider,)})}, "account"), a) for a in config.account
    ]
    plans = [(_condition(c, {**c.match, "provider": (c.provider,)}, "commitment"), c) for c in config.commitment]
    tags = [f", {called('tag', _client_tag(name))} AS {quoted(f'tag_{name}')}" for name in client_tags(config)]
    engine.create(
        "call_payers",
        "SELECT call_id, "
        f"{_case([(test, str(index)) for index, (test, _) in enumerate(accounts)], 'CAST(NULL AS INTEGER)')} AS account, "
        f"{_case([(test, given('team', t.name)) for test, t in teams], called('team', 'team'))} AS payer, "
        f"{_case([(test, given('centre', t.cost_centre)) for test, t in teams])} AS cost_centre, "
        f"{called('key', 'api_key_alias')} AS key_alias, "
        f"{_hidden('app', salt)} AS tag_app, {_hidden('environment', salt)} AS tag_environment, "
        f"{_case([(test, literal(c.name)) for test, c in plans])} AS commitment{''.join(tags)} "
        f"FROM {NAMED_CALLS if anonymous else 'calls'}",
    )


def client_tags(config: Config) -> tuple[str, ...]:
    """Names of the allow-list that are no column: they stand in the client's own tags, as in feature:search."""
    return tuple(name for name in config.finance.tags if name not in TAG_COLUMNS)


def tag_columns(engine: Engine, config: Config) -> dict[str, str]:
    """The allow-list's names beyond the grain, and the SQL that reads them from ``call_payers`` m and ``priced_calls`` p."""
    workload = _hidden("p.workload", ledger.salt_of(engine))
    known = {name: workload if name == "workload" else f"m.{quoted(f'tag_{name}')}" for name in config.finance.tags}
    return {name: sql for name, sql in known.items() if name not in _GRAIN}


def _hidden(expression: str, salt: str) -> str:
    """An alias as it is, a secret or a person as a salted hash."""
    return (
        f"CASE WHEN regexp_matches({expression}, {literal(_PRIVATE)}) THEN 'hash-' || left(md5({literal(salt)} || {expression}), 12) "
        f"WHEN trim({expression}) <> '' THEN {expression} END"
    )


def _client_tag(name: str) -> str:
    return f"nullif(regexp_extract(tags, {literal('(?:^|,)' + name.replace('.', '[.]') + '[:=]([^,]*)')}, 1), '')"


def _condition(entry: Dated, match: Match, kind: str) -> str:
    return f"({_dated(entry)} AND {match_sql(match, where=f'[[{kind}]]') if match else 'TRUE'})"


def _dated(entry: Dated) -> str:
    tests = []
    if entry.since:
        tests.append(f"started_at >= DATE '{entry.since}'")
    if entry.until:
        tests.append(f"started_at < DATE '{entry.until}'")
    return f"coalesce({' AND '.join(tests)}, FALSE)" if tests else "TRUE"


def _case(branches: Sequence[tuple[str, str]], otherwise: str = "CAST(NULL AS VARCHAR)") -> str:
    if not branches:
        return otherwise
    return "CASE " + " ".join(f"WHEN {test} THEN {value}" for test, value in branches) + f" ELSE {otherwise} END"
