"""The SQL that DuckDB and Spark both understand, and understand alike: what rules and views are written in, so that they run on either unchanged.

Each construct outside it is refused with what to write instead. Not a matter of taste: ``concat`` skips NULL on one and yields NULL on the other,
``count_if`` over nothing is NULL on one and 0 on the other, VARCHAR wants a length on one. Read from DuckDB's syntax tree, not from the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Same name, same arguments, same answer. Operators and CAST are no functions. Not among them: lpad, rpad and repeat, which make gigabytes out of one
# number, in memory that no limit counts and no time-out reaches.
FUNCTIONS = frozenset(
    """
    abs avg bool_and bool_or ceil ceiling char_length coalesce concat_ws contains count count_star cume_dist date_trunc dense_rank exp
    first_value floor greatest hour isnan lag last_value lead least left length ln log10 log2 lower ltrim max median min minute mod month
    nth_value ntile nullif percent_rank percentile_cont position power rank regr_intercept regr_slope replace right round row_number rtrim
    second split_part sqrt stddev stddev_pop stddev_samp substr substring sum time_bucket trim upper var_pop var_samp variance year
    """.split()
)
# How the parser calls what is written otherwise: LIKE, percentile_cont WITHIN GROUP.
_PARSED = frozenset({"~~", "!~~", "like_escape", "not_like_escape", "quantile_cont", "quantile_disc"})
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "||"})

_ROW_NUMBER = "number the rows with row_number() OVER (PARTITION BY ... ORDER BY ..., with a tie-break) and take the first"
_CLOCKS = "start_us, first_token_us and end_us of view `priced_calls`, or tables `call_clock` and `span_clock`: times as microseconds"
_AT_INGESTION = "lists, JSON and patterns belong to ingestion: use the scalar columns of the canonical tables, LIKE, contains or split_part"
_INSTEAD = {
    "concat": "concat_ws('', a, b), which skips NULL, or a || b, which does not",
    "count_if": "count(*) FILTER (WHERE condition)",
    "ends_with": "text LIKE '%end'",
    "suffix": "text LIKE '%end'",
    "starts_with": "text LIKE 'start%'",
    "prefix": "text LIKE 'start%'",
    "string_agg": "min(text) and count(DISTINCT text): joined texts have no order that both engines know",
    "strlen": "length(text)",
    "if": "CASE WHEN ... THEN ... ELSE ... END",
    "ifnull": "coalesce(a, b)",
    "pow": "power(a, b)",
    "mean": "avg(CAST(a AS DOUBLE))",
    "corr": "regr_slope(y, x) and stddev_samp: over a column that never varies, corr is an error on Spark",
    "xor": "a comparison: two hashes are equal or they are not",
    "hash": "the hash columns of the canonical tables: each engine hashes otherwise",
    "//": "CAST(floor(a / b) AS BIGINT)",
    "**": "power(a, b)",
    "^": "power(a, b)",
    "isfinite": "nullif(divisor, 0) before dividing: then nothing is infinite",
    **dict.fromkeys(("arg_max", "arg_min", "max_by", "min_by", "any_value", "first", "last", "arbitrary", "mode"), _ROW_NUMBER),
    **dict.fromkeys(("group_concat", "listagg", "list", "array_agg"), "a row each: join and aggregate instead of collecting"),
    **dict.fromkeys(("approx_quantile", "reservoir_quantile", "quantile", "mad"), "percentile_cont(x) WITHIN GROUP (ORDER BY ...)"),
    **dict.fromkeys(("epoch", "epoch_ms", "epoch_us", "epoch_ns", "date_diff", "datediff", "date_sub", "date_part", "date_add", "age"), _CLOCKS),
    **dict.fromkeys(("to_microseconds", "to_milliseconds", "to_seconds", "to_minutes", "to_hours", "to_days", "week", "dayofweek"), _CLOCKS),
    **dict.fromkeys(("strftime", "strptime", "make_timestamp", "now", "current_date", "current_timestamp", "today"), _CLOCKS),
}  # fmt: skip
_TYPES = {
    "STRING", "BIGINT", "INTEGER", "INT", "SMALLINT", "DOUBLE", "FLOAT", "REAL", "BOOLEAN", "DATE", "TIMESTAMP", "DECIMAL", "NUMERIC",
}  # fmt: skip
_TYPE_INSTEAD = {
    **dict.fromkeys(("VARCHAR", "TEXT", "CHAR", "BPCHAR"), "STRING"),
    **dict.fromkeys(("HUGEINT", "UHUGEINT", "INT128"), "DECIMAL(38, 0)"),
    **dict.fromkeys(("UBIGINT", "UINTEGER", "INT8", "INT64", "LONG"), "BIGINT"),
}
_JOINS = frozenset({"INNER", "LEFT", "RIGHT", "OUTER", "FULL"})

_NOWHERE = 2**64 - 1  # where a node has no place in the text

Refusal = tuple[str, str]  # what is wrong, and what to write instead


def refusal(node: Mapping[str, Any], sql: str) -> Refusal | None:
    """Why a node of a syntax tree is not portable; None where it is. ``sql`` is the text that was parsed."""
    group, kind = node.get("class"), node.get("type")
    if group in {"FUNCTION", "WINDOW"}:
        return _function(node, sql)
    if group == "CAST":
        return _cast(node, sql)
    if group == "STAR":
        return _star(node)
    if group == "CONSTANT" and "\\" in str((node.get("literal") or {}).get("text", "")):
        return "a backslash in a text is an escape on Spark", "compare with what holds none, such as a wildcard _ in LIKE"
    if kind == "JOIN":
        return _join(node)
    if kind == "SET_OPERATION_NODE" and "BY_NAME" in str(node.get("setop_type")):
        return "BY NAME is not portable", "list the columns of both sides in one order"
    if kind == "DISTINCT_MODIFIER" and node.get("distinct_on_targets"):
        return "DISTINCT ON is not portable", _ROW_NUMBER
    if node.get("having") and (name := _shadowed(node)):
        return (
            f"HAVING reads column {name!r}, which the SELECT gives another meaning",
            "another name for the result, or WHERE around the query",
        )
    if node.get("sample"):
        return "a sample is not portable, and differs from run to run", "take a share by a hash column, such as prompt_hash % 100 = 0"
    return None


def line_of(node: Mapping[str, Any], sql: str) -> int | None:
    """The line on which a node stands; where it does not say, that of the first thing in it that does; else None."""
    text = sql.encode()
    own = _places(node, deep=False) or _places(node, deep=True)
    first = min((place for place in own if place < len(text)), default=None)
    return None if first is None else text[:first].count(10) + 1


def _places(item: Any, *, deep: bool) -> list[int]:
    if isinstance(item, list):
        return [place for part in item for place in _places(part, deep=deep)]
    if not isinstance(item, Mapping):
        return []
    place = item.get("query_location")
    own = [place] if isinstance(place, int) and place != _NOWHERE else []
    return own + [p for part in item.values() for p in _places(part, deep=True)] if deep else own


def _function(node: Mapping[str, Any], sql: str) -> Refusal | None:
    name = str(node.get("function_name", "")).lower()
    written = _written(node, sql)
    if node.get("ignore_nulls") or node.get("has_ignore_nulls"):
        return "IGNORE NULLS stands elsewhere on Spark", "filter the NULLs out in a CTE before the window"
    if (node.get("order_bys") or {}).get("orders") and name not in _PARSED:
        return f"{name}(... ORDER BY ...) is not portable", _ROW_NUMBER
    if node.get("class") == "WINDOW":
        if node.get("distinct"):
            return "DISTINCT in a window is not portable", "count the rows of a grouped CTE and join it"
        if any(_mixes_types(node.get(bound)) for bound in ("start_expr", "end_expr")):
            return (
                "the bound of a frame mixes types",
                "$seconds * CAST(1000000 AS BIGINT): a parameter is BIGINT, and Spark casts nothing here",
            )
        if name == "row_number" and not node.get("orders"):
            return "row_number() without an order numbers at random", "ORDER BY columns that tell every row apart"
    if name in _PARSED and not written.startswith(("quantile", "list")):
        return None
    if name == "-" and re.search(r"(?i)\bOVER\s+\w+\s*$", _before(node, node["arguments"][0]["expression"], sql)):
        return "OVER name - ... reads as one name on Spark", "put the window call in parentheses"
    if (node.get("is_operator") and name in _OPERATORS) or name in FUNCTIONS:
        return None
    shown = written if re.fullmatch(r"\w+", written) else name
    if shown.startswith("quantile"):
        return f"{shown} is not portable", "percentile_cont(x) WITHIN GROUP (ORDER BY ...)"
    return f"{shown!r} is not in the portable subset", _INSTEAD.get(shown, _INSTEAD.get(name, _AT_INGESTION))


def _written(node: Mapping[str, Any], sql: str) -> str:
    """The word that stands where the node begins."""
    found = re.match(r"\w+", _text(node, sql))
    return found[0].lower() if found else ""


def _text(node: Mapping[str, Any], sql: str) -> str:
    """The text of an expression; empty where it does not say where it stands."""
    place, length = node.get("query_location", _NOWHERE), node.get("query_location_length", 0)
    return sql.encode()[place : place + length].decode(errors="ignore") if place != _NOWHERE else ""


def _before(operator: Mapping[str, Any], left: Mapping[str, Any], sql: str) -> str:
    """From the start of an operator's left side to the operator, a closing parenthesis between them included."""
    place, end = left.get("query_location", _NOWHERE), operator.get("query_location", _NOWHERE)
    return sql.encode()[place:end].decode(errors="ignore") if _NOWHERE not in {place, end} else ""


def _shadowed(select: Mapping[str, Any]) -> str | None:
    """A column that HAVING puts into an aggregate while the SELECT, which also has a window, names a result like it: Spark then loses the column."""
    results = [part for part in select.get("select_list", []) if part.get("class") != "COLUMN_REF"]
    if not any(part.get("class") == "WINDOW" for part in results):
        return None
    named = {part.get("alias") for part in results}
    return next((name for name in sorted(_columns(select["having"], inside=False)) if name in named), None)


def _columns(item: Any, *, inside: bool) -> set[str]:
    """Names of columns within function calls."""
    if isinstance(item, list):
        return set().union(*(_columns(part, inside=inside) for part in item))
    if not isinstance(item, Mapping):
        return set()
    if item.get("class") == "COLUMN_REF":
        return {item["column_names"][-1]} if inside else set()
    inside = inside or (item.get("class") == "FUNCTION" and not item.get("is_operator"))
    return set().union(*(_columns(part, inside=inside) for part in item.values()))


def _mixes_types(bound: Any) -> bool:
    """Whether a number stands bare in an expression: INTEGER there, beside parameters that are BIGINT."""
    return isinstance(bound, Mapping) and any(
        isinstance(part, Mapping) and (part.get("class") == "CONSTANT" or _mixes_types(part))
        for part in [argument.get("expression") for argument in bound.get("arguments", [])]
    )


def _cast(node: Mapping[str, Any], sql: str) -> Refusal | None:
    name = str((node.get("type_expr") or {}).get("type_name", "")).upper()
    place = node.get("query_location")
    if isinstance(place, int) and sql.encode()[place : place + 2] == b"::":
        return ":: is not portable", "CAST(value AS type)"
    if name and name not in _TYPES:
        instead = _TYPE_INSTEAD.get(name)
        return f"type {name} is not portable", f"CAST(... AS {instead})" if instead else f"one of {', '.join(sorted(_TYPES))}"
    return None


def _star(node: Mapping[str, Any]) -> Refusal | None:
    if node.get("exclude_list") or node.get("replace_list") or node.get("rename_list") or node.get("qualified_exclude_list"):
        return "* with EXCLUDE, REPLACE or RENAME is not portable", "name the columns"
    if node.get("expr") is not None:
        return "COLUMNS(...) is not portable", "name the columns"
    return None


def _join(node: Mapping[str, Any]) -> Refusal | None:
    kind, how = str(node.get("join_type")), str(node.get("ref_type"))
    if kind in {"SEMI", "ANTI"}:
        return f"{kind} JOIN is not portable", f"WHERE key {'NOT ' if kind == 'ANTI' else ''}IN (SELECT key ...)"
    if how in {"ASOF", "POSITIONAL", "NATURAL"} or kind not in _JOINS:
        return (
            f"{how if how != 'REGULAR' else kind} JOIN is not portable",
            "lag or max over a window of both sides' rows (UNION ALL), in order of time",
        )
    return None
