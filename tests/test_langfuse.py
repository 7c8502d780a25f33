"""Langfuse: calls, the spans around them, and what other files of the export say of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infercheck import ingest, sources
from infercheck.engine.duckdb import Engine

BLOB = {"observations": "langfuse_blob_observations", "scores": "langfuse_scores", "traces": "langfuse_traces"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as engine:
        yield engine


def export(folder: Path, **more: list[dict[str, Any]]) -> dict[str, Path]:
    """A blob storage export: the examples of its three kinds of file, and more records."""
    paths = {}
    for name, source in BLOB.items():
        paths[name] = folder / name / "2025-10-09.jsonl"
        paths[name].parent.mkdir()
        lines = [sources.load()[source].header.example[0].input.strip(), *map(json.dumps, more.get(name, []))]
        paths[name].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


def score(name: str, value: Any, *, span: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": f"{name}{value}{span}", "trace_id": "t1", "observation_id": span, "name": name, "value": value, "string_value": None,
            "data_type": "NUMERIC", "source": "API", **more}  # fmt: skip


def read(engine: Engine, *paths: Path) -> tuple[ingest.Scope, ingest.IngestResult]:
    result = ingest.ingest(engine, [str(p) for p in paths])
    return ingest.open_scope(engine, result), result


def scores(engine: Engine) -> dict[str, float | None]:
    return dict(engine.rows("SELECT span_id, score FROM calls"))


@pytest.mark.parametrize("order", list(itertools.permutations(BLOB)), ids="-".join)
def test_scores_and_traces_beside_the_observations_in_any_order(engine: Engine, tmp_path: Path, order: tuple[str, ...]) -> None:
    paths = export(tmp_path)
    for upto in range(1, 4):  # a run for each file, on one ledger
        scope, _ = read(engine, *(paths[name] for name in order[:upto]))
    assert (scope.files, scope.attempts, scope.duplicates, scope.rejects, scope.cell_issues) == (3, 2, 0, 0, 0)
    rows = engine.rows("SELECT span_id, session_id, app, tags, end_user IS NOT NULL, score FROM calls ORDER BY span_id")
    assert rows == [("o2", "s1", "checkout", "prod", True, None), ("o3", "s1", "tutor", "prod", True, 0.75)]
    assert engine.rows("SELECT span_id, trace_id FROM spans") == [("o0", "t1")]


def test_a_score_of_the_trace_or_of_its_root_judges_the_last_answer(engine: Engine, tmp_path: Path) -> None:
    paths = export(tmp_path, scores=[score("user-feedback", 0), score("resolved", 0.5, span="o0"), score("correctness", 0.25, span="o2")])
    read(engine, *paths.values())
    assert scores(engine) == {"o2": 0.25, "o3": 0.75}  # a call's own score goes before
    paths["scores"].write_text("\n".join(json.dumps(s) for s in (score("user-feedback", 0), score("resolved", 0.5, span="o0"))))
    read(engine, *paths.values())
    assert scores(engine) == {"o2": None, "o3": 0.25}


def test_a_score_that_may_mean_the_opposite_is_left_out_and_said(engine: Engine, tmp_path: Path) -> None:
    """Of toxicity 0 is the best; a quality of 1 is the worst on a scale to 5; nobody knows what "eval-7" is."""
    doubtful = [score("toxicity", 0, span="o3"), score("quality", 1, span="o3"), score("quality", 5, span="o2"), score("eval-7", 1, span="o2"),
                score("not_helpful", 1, span="o2"), score("incorrect", 1, span="o2")]  # fmt: skip
    _, result = read(engine, *export(tmp_path, scores=doubtful).values())
    assert scores(engine) == {"o2": None, "o3": 0.75}
    assert [n.split(": ", 1)[1] for n in result.notices] == [
        "scores left out, which do not say that 1 is good and 0 is bad: eval-7, incorrect, not_helpful, quality, toxicity"
    ]


def test_copies_in_two_windows_of_the_export_count_once(engine: Engine, tmp_path: Path) -> None:
    paths = export(tmp_path)
    again = tmp_path / "observations" / "2025-10-10.jsonl"
    again.write_text(paths["observations"].read_text(encoding="utf-8"), encoding="utf-8")
    scope, _ = read(engine, tmp_path)
    assert (scope.attempts, scope.duplicates) == (2, 2)
    assert engine.value("SELECT count(*) FROM spans") == 1


def test_columns_of_scores_differ_between_files_read_as_one(engine: Engine, tmp_path: Path) -> None:
    base = json.loads(sources.load()["langfuse_observations"].header.example[0].input.strip().splitlines()[1])
    for n in range(12):
        row = {k: v for k, v in base.items() if k not in ("helpful", "toxicity")} | {"id": f"g{n}", "parentObservationId": None}
        row |= {("helpful", "relevance", "accuracy")[n % 3]: [n % 2]} if n < 6 else {}
        (tmp_path / f"{n}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    read(engine, tmp_path)
    assert {k: v for k, v in scores(engine).items() if v is not None} == {f"g{n}": float(n % 2) for n in range(6)}


def test_numbers_that_are_no_counts_are_told(engine: Engine, tmp_path: Path) -> None:
    example = json.loads(sources.load()["langfuse_blob_observations"].header.example[0].input.strip().splitlines()[2])
    path = tmp_path / "observations.jsonl"
    path.write_text(json.dumps(example | {"usage_details": {"input": "many", "output": 12.7}}) + "\n", encoding="utf-8")
    scope, _ = read(engine, path)
    assert scope.cell_issues == 2
    assert engine.rows("SELECT input_tokens, output_tokens FROM calls") == [(None, None)]


def test_what_is_said_of_a_call_goes_with_the_shards(engine: Engine, tmp_path: Path) -> None:
    paths = export(tmp_path)
    for name in BLOB:  # a run for each, as on three machines
        ingest.ingest_to([str(paths[name])], tmp_path / "canonical")
    scope, _ = read(engine, tmp_path / "canonical")
    assert (scope.attempts, scope.duplicates) == (2, 0)
    assert scores(engine) == {"o2": None, "o3": 0.75}
