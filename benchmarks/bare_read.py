"""The floor: DuckDB reads the columns that infercheck reads, typed, and does nothing with them. ``python benchmarks/bare_read.py FILE``.

A count alone would let DuckDB skip the values, so every column is summed: numbers as they are, text by its length.
"""

from __future__ import annotations

import sys

import duckdb

NUMBERS = {
    "startTime": "DOUBLE",
    "endTime": "DOUBLE",
    "completionStartTime": "DOUBLE",
    "response_cost": "DOUBLE",
    "prompt_tokens": "BIGINT",
    "completion_tokens": "BIGINT",
    "total_tokens": "BIGINT",
}
TEXTS = (
    "id litellm_call_id trace_id session_id call_type cache_hit stream status custom_llm_provider model model_group model_id api_base "
    "request_tags end_user metadata hidden_params messages response model_parameters error_information cost_breakdown"
).split()


def main() -> None:
    """Read the file once and print the sums."""
    columns = NUMBERS | dict.fromkeys(TEXTS, "VARCHAR")
    sums = [f"sum({n})" for n in NUMBERS] + [f"sum(length({t}))" for t in TEXTS]
    query = (
        f"SELECT count(*), {', '.join(sums)} FROM read_json($path, format = 'newline_delimited', columns = $columns, "
        "maximum_object_size = 134217728)"
    )
    print(duckdb.connect().execute(query, {"path": sys.argv[1], "columns": columns}).fetchall())


if __name__ == "__main__":
    main()
