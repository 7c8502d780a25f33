"""What of a log never reaches the ledger: keys, mail addresses, and the text of lines and values that could not be read.

A log's names (teams, users, key aliases, tags, ids) are kept, since they say who pays. But a name may hold a key or a mail address, or be one: such a
part is replaced by a salted hash of itself, the same one wherever it stands, so that it can still be told from others and joined. The hash is made as
in the finance exports. Prompts and answers are hashed by ``staging``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from infercheck.engine.duckdb import Engine, literal, quoted

# Keys by the marks that their makers give them so that they can be found, then whatever an address or a header calls a key, then mail addresses.
# A key without any mark, such as 32 hexadecimal digits, looks like the id of a trace: no pattern tells them apart.
_MARKED = (
    r"sk-[\w-]{16,}|[ps]k-lf-[\w-]{8,}|(?:sk|pk|rk)_(?:live_|test_)?[0-9A-Za-z]{16,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}|gh[opsur]_\w{16,}|github_pat_\w{16,}"
    r"|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}|eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?|(?:hf|gsk|r8|fw)_\w{16,}"
    r"|(?:xai|pplx|nvapi|tvly|csk)-[\w-]{16,}"
)
_CALLED = (
    r"(?i:bearer\s+[\w.~+/=-]{8,}|(?:api[_-]?key|access[_-]?token|auth[_-]?token|secret|passw(?:or)?d)[\"']?\s*[=:]\s*[^\s,;&]{6,}"
    r"|[?&](?:key|token|sig|signature)=[^&\s]+)"
)
_WORD = r"[^\s@,;:=/|?&\"'<>()\[\]{}]+"
_MAIL = rf"{_WORD}@{_WORD}\.\p{{L}}{{2,}}"
SECRETS = rf"(?:\b|_)(?:{_MARKED})|{_CALLED}|//[^/\s@]+@|{_MAIL}"
FLAG = "tells"  # column of a staged table
NAME_MAX = 2048  # characters of a name that are kept as they are: no name is longer, and a row stays small
SAMPLE_MAX = 24  # letters of a value that could not be read: a number, a time or a word has no more, a prompt may well
_OURS = r"^-?[\d.]+ is less than its parts: is \w+ (?:true|false)\?$"  # what a mapping says of a figure that contradicts it
_SHAPE = bytes(
    ord("9") if 48 <= b < 58 else ord("x") if b >= 128 or chr(b).isalpha() else b for b in range(256)
)  # letters, and bytes of letters, as x; digits as 9


def setup(engine: Engine, salt: str) -> None:
    """Define the macros ``tells`` (whether a text may hold what must not be kept), ``concealed`` (of a name) and ``glimpse`` (of a value)."""
    hashed = f"'hash-' || left(md5({literal(salt)} || {{}}), 12)"
    secrets = literal(SECRETS)
    engine.execute(f"CREATE OR REPLACE TEMP MACRO tells(x) AS coalesce(length(x) > {NAME_MAX} OR regexp_matches(x, {secrets}), FALSE)")
    engine.execute(f"""
        CREATE OR REPLACE TEMP MACRO concealed(x) AS CASE
            WHEN length(x) > {NAME_MAX} THEN 'a text of ' || length(x) || ' characters, ' || {hashed.format("x")}
            WHEN regexp_matches(x, {secrets})
            THEN list_reduce(regexp_extract_all(x, {secrets}), lambda t, m: replace(t, m, regexp_extract(m, '^(?://|[?&][\\w-]+=)')
                || {hashed.format("m")} || CASE WHEN starts_with(m, '//') THEN '@' ELSE '' END), x)
            ELSE x END""")
    engine.execute(f"""
        CREATE OR REPLACE TEMP MACRO glimpse(x) AS CASE
            WHEN length(regexp_replace(regexp_replace(x, {literal(_OURS)}, ''), '\\P{{L}}+', '', 'g')) > {SAMPLE_MAX}
            THEN 'a text' ELSE concealed(x) END""")


def tells(names: Sequence[str]) -> str:
    """SQL for whether any of a row's names may hold what must not be kept. All are looked through at once: it takes a tenth of the time."""
    return f"tells(concat_ws(chr(10), {', '.join(names) or 'NULL'}))"


def conceal(engine: Engine, table: str, names: Collection[str]) -> None:
    """Conceal the names of the rows of ``table`` that are flagged, in place; few logs have any."""
    if engine.value(f"SELECT bool_or({FLAG}) FROM {table}"):
        there = [quoted(name) for name, kind in engine.columns(table).items() if name in names and kind == "VARCHAR"]
        told = engine.rows(f"SELECT {', '.join(f'bool_or(tells({name}))' for name in there)} FROM {table} WHERE {FLAG}")[0]
        changed = ", ".join(f"{name} = concealed({name})" for name, is_told in zip(there, told, strict=True) if is_told)
        if changed:
            engine.execute(f"UPDATE {table} SET {changed} WHERE {FLAG}")
    engine.execute(f"ALTER TABLE {table} DROP COLUMN {FLAG}")


def shape(line: bytes) -> bytes:
    """A line without its words: where it breaks off, is nested or has too many cells can still be seen, what it says cannot."""
    return line.translate(_SHAPE)
