"""What a rule or view may say: exactly one SELECT over known tables, in the portable subset (``portable``).

Works on DuckDB's own syntax tree (``json_serialize_sql``, which refuses DROP, COPY, CALL and the like but takes two SELECTs, SHOW, and a DELETE
inside of WITH), so that nothing rests on text matching; what is not known to be harmless is refused. Log text is hostile and so may be a borrowed
rule: no file, network, extension or setting is reachable from one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infercheck import portable
from infercheck.errors import UsageError
from infercheck.model.rule import Scalar

# What a syntax tree may consist of. Expressions have a class; queries, tables and modifiers a type alone.
EXPRESSIONS = frozenset("BETWEEN CASE CAST COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION OPERATOR STAR SUBQUERY TYPE WINDOW".split())
EXPRESSIONS_OF_A_QUERY = EXPRESSIONS | {"COLLATE", "LAMBDA", "POSITIONAL_REFERENCE"}
QUERIES = frozenset(
    """
    SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE BASE_TABLE EMPTY EXPRESSION_LIST JOIN PIVOT SUBQUERY
    DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER ASCENDING DESCENDING ORDER_DEFAULT
    """.split()
)


def statements(tree: Mapping[str, Any]) -> list[Any]:
    """The statements of a serialized query."""
    found: list[Any] = tree.get("statements", [])
    return found


def check(
    tree: Mapping[str, Any],
    *,
    where: str,
    line: int,
    known_tables: frozenset[str],
    any_function: bool = False,
    sql: str = "",
    what: str = "a rule",
) -> set[str]:
    """Raise UsageError unless ``tree`` is one SELECT over ``known_tables`` with allow-listed functions (any scalar one if so asked).

    Returns the names of the tables that it reads, its own CTEs left out. ``sql`` is the text that was parsed, from the file's first line on: it
    tells the line of a syntax error. ``line`` 0 is for what has no lines.
    """
    at = f"{where}:{line}" if line else where
    if tree.get("error"):
        place = str(tree.get("position", ""))
        if line and sql and place.isdigit():
            at = f"{where}:{max(line, sql.encode()[: int(place)].count(10) + 1)}"
        message = str(tree.get("error_message", "not valid SQL"))
        only_select = "Only SELECT" in message
        raise UsageError(
            f"{what} is one SELECT and nothing else" if only_select else f"not valid SQL: {message}",
            where=at,
            hint="remove the other statement" if only_select else "",
        )
    if len(statements(tree)) != 1:
        raise UsageError(f"{what} is exactly one SELECT, here are {len(statements(tree)) or 'none'}", where=at)
    read: set[str] = set()
    for node, ctes in _nodes(tree):
        refusal = _refusal(node, ctes, known_tables, what, None if any_function else sql)
        if refusal:
            own = portable.line_of(node, sql) if line and sql else None
            raise UsageError(refusal[0], where=f"{where}:{own}" if own else at, hint=refusal[1])
        if node.get("type") == "BASE_TABLE" and _table(node) not in ctes:
            read.add(_table(node))
    return read


def _refusal(
    node: Mapping[str, Any], ctes: frozenset[str], known_tables: frozenset[str], what: str, portable_sql: str | None
) -> tuple[str, str] | None:
    """Why a node may not stand there, and what to do instead; None where it may. ``portable_sql`` is the text of what has to be portable."""
    kind, group = node.get("type"), node.get("class")
    if kind == "TABLE_FUNCTION":
        return f"table function {_function_name(node)!r} is not allowed in {what}", "read canonical tables and views"
    if isinstance(group, str):
        if group not in (EXPRESSIONS_OF_A_QUERY if portable_sql is None else EXPRESSIONS):
            return f"{group.lower().replace('_', ' ')} is not allowed in {what}", ""
    elif isinstance(kind, str) and kind not in QUERIES and not (portable_sql is None and kind == "SHOW_REF" and node.get("query")):
        return f"{what} is one SELECT and nothing else, here is {kind.lower().removesuffix('_node').replace('_', ' ')}", ""
    if kind == "BASE_TABLE":
        qualified = node.get("schema_name") or node.get("catalog_name")
        if qualified or (_table(node) not in known_tables and _table(node) not in ctes):
            return f"there is no table or view {_table(node)!r}", "see `infercheck rules list --views`"
    return None if portable_sql is None else portable.refusal(node, portable_sql)


def bind(sql: str, params: Mapping[str, Scalar], *, where: str) -> str:
    """Replace ``$name`` by the literal of the parameter, outside string literals and comments. Lines are kept."""

    def one(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0]
        if name not in params:
            line = sql.count("\n", 0, match.start()) + 1
            raise UsageError(f"${name} is not declared under [params]", where=f"{where}:{line}")
        value = params[name]
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        # 64 bits: an hour in microseconds is more than an INTEGER holds, and a database multiplies small literals as such.
        return f"CAST({value} AS BIGINT)" if isinstance(value, int) else repr(value)

    return re.sub(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|\$(?P<name>[a-z_][a-z0-9_]*)", one, sql, flags=re.DOTALL)


def _function_name(node: Mapping[str, Any]) -> str:
    return str((node.get("function") or {}).get("function_name", "?"))


def _table(node: Mapping[str, Any]) -> str:
    return str(node.get("table_name", "")).lower()


def _nodes(tree: Any) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Every object of the tree with the names of the CTEs that are in scope there: elsewhere the same name may be that of a file."""
    stack: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while stack:
        item, scope = stack.pop()
        if isinstance(item, list):
            stack.extend((part, scope) for part in item)
        elif isinstance(item, dict):
            for entry in (item.get("cte_map") or {}).get("map", []):
                own = frozenset({str(entry.get("key", "")).lower()})
                again = (entry.get("value") or {}).get("query_node", {}).get("type") == "RECURSIVE_CTE_NODE"
                stack.append((entry.get("value"), scope | own if again else scope))
                scope |= own
            yield item, scope
            stack.extend((part, scope) for key, part in item.items() if key != "cte_map")
