"""What a rule or view may say: exactly one SELECT over known tables, with allow-listed functions.

Works on DuckDB's own syntax tree (``json_serialize_sql``, which refuses DROP, COPY, CALL and the like but takes two SELECTs), so that nothing
rests on text matching. Log text is hostile and so may be a borrowed rule: no file, network, extension or setting is reachable from one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infercheck.errors import UsageError
from infercheck.model.rule import Scalar

# The portable subset: these exist on DuckDB and on Spark with one meaning. Operators (+, ||, ...) and CAST are no functions.
ALLOWED_FUNCTIONS = frozenset(
    """
    abs avg bool_and bool_or cast ceil ceiling char_length coalesce concat concat_ws contains corr count count_if count_star cume_dist
    date_diff date_trunc datediff day dayofweek dense_rank ends_with exp first_value floor greatest hour if ifnull isfinite isnan lag
    last_value lead least left length like_escape ln log10 log2 lower lpad ltrim max median min minute mod month not_like_escape nth_value
    ntile nullif percent_rank percentile_cont percentile_disc position power pow quantile_cont rank regr_slope regr_intercept replace right
    round row_number rpad rtrim second sign split_part sqrt starts_with stddev stddev_pop stddev_samp strlen substr substring sum time_bucket
    to_microseconds to_milliseconds to_seconds trim try_cast upper var_pop var_samp variance week xor year to_hours to_minutes to_days
    date_part epoch_ms mode mad string_agg any_value min_by hash
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
    tells the line of a syntax error.
    """
    at = f"{where}:{line}"
    if tree.get("error"):
        place = str(tree.get("position", ""))
        if sql and place.isdigit():
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
    nodes = list(_nodes(tree))
    ctes = {str(entry.get("key", "")).lower() for node in nodes if "cte_map" in node for entry in (node["cte_map"] or {}).get("map", [])}
    read = set()
    for node in nodes:
        if node.get("type") == "TABLE_FUNCTION":
            raise UsageError(
                f"table function {_function_name(node)!r} is not allowed in {what}", where=at, hint="read canonical tables and views"
            )
        if node.get("type") == "BASE_TABLE":
            name = str(node.get("table_name", "")).lower()
            qualified = node.get("schema_name") or node.get("catalog_name")
            if qualified or (name not in known_tables and name not in ctes):
                raise UsageError(f"there is no table or view {name!r}", where=at, hint="see `infercheck rules list --views`")
            read.add(name)
        if not any_function and node.get("class") in ("FUNCTION", "WINDOW"):
            name = str(node.get("function_name", "")).lower()
            if node.get("is_operator") or not re.fullmatch(r"\w+", name) or name in ALLOWED_FUNCTIONS:
                continue
            raise UsageError(f"function {name!r} is not on the list of portable functions", where=at)
    return read - ctes


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


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
