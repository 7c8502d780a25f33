"""A rule that only one engine understands, or that two understand differently, is refused: with its line and with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from infercheck import cli

RULE = """/*---
title = "Dear calls"
why = "A dear call is worth a look."
fix = "routing"
grade = "heuristic"
needs = ["model"]
false_positives = "Some work is dear."

[[example]]
name = "one"
calls = '''
call_id  workload  model  billed_usd
a        w         big    1
'''
claims = '''
call_id  drop
a        true
'''

[[example]]
name = "none"
calls = '''
call_id  workload  model  billed_usd
a        w         big    0
'''
claims = ""
---*/
SELECT call_id, workload AS subject, TRUE AS drop
FROM priced_calls
WHERE
    billed_usd > 0 AND {}
"""
LINE = RULE[: RULE.index("{}")].count("\n") + 1  # of the condition

REFUSED = {
    "concat(model, 'x') = 'ax'": "concat_ws('', a, b)",
    "ends_with(model, 'g')": "text LIKE '%end'",
    "regexp_matches(model, 'b.*')": "LIKE, contains or split_part",
    "CAST(input_tokens AS VARCHAR) <> '0'": "CAST(... AS STRING)",
    "start_us::DOUBLE > 0": "CAST(value AS type)",
    "CAST(start_us AS HUGEINT) > 0": "CAST(... AS DECIMAL(38, 0))",
    "start_us // 2 > 0": "CAST(floor(a / b) AS BIGINT)",
    "model LIKE 'b\\_g'": "a wildcard _ in LIKE",
    "epoch(CAST(day AS TIMESTAMP)) > 0": "call_clock",
    "strftime(day, '%Y') = '2026'": "call_clock",
    "[model] = ['big']": "scalar columns",
    "call_id IN (SELECT arg_max(call_id, start_us) FROM calls)": "row_number()",
    "call_id IN (SELECT max(call_id ORDER BY line) FROM calls)": "row_number()",
    "(SELECT count_if(status = 'ok') FROM calls) > 0": "count(*) FILTER (WHERE condition)",
    "(SELECT string_agg(model, ',') FROM calls) <> ''": "min(text) and count(DISTINCT text)",
    "(SELECT quantile_cont(input_tokens, 0.5) FROM calls) > 0": "percentile_cont(x) WITHIN GROUP",
    "(SELECT corr(input_tokens, output_tokens) FROM calls) > 0": "regr_slope(y, x) and stddev_samp",
    "(SELECT approx_quantile(input_tokens, 0.5) FROM calls) > 0": "percentile_cont(x) WITHIN GROUP",
    "call_id IN (SELECT call_id FROM calls QUALIFY row_number() OVER (PARTITION BY model) = 1)": "ORDER BY columns",
    "call_id IN (SELECT call_id FROM calls QUALIFY count(DISTINCT model) OVER () = 1)": "a grouped CTE",
    "call_id IN (SELECT call_id FROM calls QUALIFY lag(model IGNORE NULLS) OVER (ORDER BY call_id) = 'x')": "before the window",
    "call_id IN (SELECT call_id FROM calls WINDOW w AS (ORDER BY call_id) QUALIFY call_id - lag(line) OVER w > 0 "
    "AND lag(call_id) OVER w - line > 0)": "in parentheses",
    "call_id IN (SELECT call_id FROM calls QUALIFY max(1) OVER (ORDER BY line RANGE CAST(1 AS BIGINT) * 2 PRECEDING) > 0)": (
        "CAST(1000000 AS BIGINT)"
    ),
    "EXISTS (SELECT count(*) OVER () AS n, sum(line) AS line FROM calls GROUP BY model HAVING sum(line) > 3)": "another name for the result",
    "EXISTS (SELECT * EXCLUDE (model) FROM calls)": "name the columns",
    "call_id IN (SELECT c.call_id FROM calls AS c SEMI JOIN call_clock AS k ON k.call_id = c.call_id)": "WHERE key IN (SELECT key ...)",
    "call_id IN (SELECT c.call_id FROM calls AS c ASOF JOIN call_clock AS k ON k.start_us <= c.line)": "UNION ALL",
    "call_id IN (SELECT DISTINCT ON (model) call_id FROM calls)": "row_number()",
    "call_id IN (SELECT call_id FROM calls USING SAMPLE 10)": "prompt_hash % 100 = 0",
    "call_id IN (SELECT call_id FROM calls UNION BY NAME SELECT call_id FROM call_clock)": "one order",
}


@pytest.mark.parametrize("condition", REFUSED)
def test_refused_with_line_and_alternative(condition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = rules_test(condition, tmp_path, capsys)
    assert status == 1
    assert f"dear.sql:{LINE}:" in said, said
    assert unspaced(REFUSED[condition]) in said, said


@pytest.mark.parametrize(
    "condition",
    [
        "concat_ws('/', CAST(call_id AS STRING), model) LIKE '%/big'",
        "call_id IN (SELECT call_id FROM calls QUALIFY row_number() OVER (PARTITION BY model ORDER BY line, call_id) = 1)",
        "(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY line) FROM calls) > 0 AND contains(model, 'i')",
    ],
)
def test_portable_sql_passes(condition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = rules_test(condition, tmp_path, capsys)
    assert status == 0, said


def rules_test(condition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """`infercheck rules test` over one rule with this condition: exit code, and what it says, however the lines were broken."""
    folder = tmp_path / "1_premium_misuse"
    folder.mkdir()
    (folder / "dear.sql").write_text(RULE.replace("{}", condition), encoding="utf-8")
    status = cli.run(["rules", "test", str(tmp_path)])
    return status, unspaced(capsys.readouterr().out)


def unspaced(text: str) -> str:
    return "".join(text.split())
