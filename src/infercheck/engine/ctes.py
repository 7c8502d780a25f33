"""Takes a SELECT apart at its CTEs, so that an engine that would compute one anew for each mention can keep it. What stands in them is not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|[()]|\w+|\s+|.", re.DOTALL)


@dataclass(frozen=True)
class Cte:
    """One CTE: its name and the text between its parentheses, with the lines that stand before it blank, so that errors tell the file's own line."""

    name: str
    body: str


def split(sql: str) -> tuple[list[Cte], str]:
    """The CTEs of a query in their order, and what follows them, lines kept. Without any, or where they are recursive: none, and the query."""
    tokens = _tokens(sql)
    _, _, text = next(tokens, (0, "", ""))
    if text.upper() != "WITH":
        return [], sql
    found: list[Cte] = []
    while True:
        _, kind, name = next(tokens, (0, "", ""))
        _, _, as_ = next(tokens, (0, "", ""))
        opening, _, paren = next(tokens, (0, "", ""))
        if kind != "word" or as_.upper() != "AS" or paren != "(":
            return [], sql  # recursive, or with column names: left as it is
        closing = _closing(tokens)
        found.append(Cte(name, "\n" * sql.count("\n", 0, opening) + sql[opening + 1 : closing]))
        after, _, text = next(tokens, (len(sql), "", ""))
        if text != ",":
            return found, "\n" * sql.count("\n", 0, after) + sql[after:]


def mentions(name: str, *texts: str) -> int:
    """How often ``name`` is read from."""
    pattern = re.compile(rf"\b(?:FROM|JOIN)\s+{re.escape(name)}\b", re.IGNORECASE)
    return sum(len(pattern.findall(text)) for text in texts)


def _tokens(sql: str) -> Iterator[tuple[int, str, str]]:
    """Place, kind (word or other) and text of what is neither blank nor a comment."""
    for match in _TOKEN.finditer(sql):
        text = match[0]
        if not text.isspace() and not text.startswith(("--", "/*")):
            yield match.start(), "word" if re.fullmatch(r"\w+", text) else "other", text


def _closing(tokens: Iterator[tuple[int, str, str]]) -> int:
    depth = 1
    for place, _, text in tokens:
        depth += (text == "(") - (text == ")")
        if not depth:
            return place
    return 0
