"""Spans: each attempt once, however often and wherever it was recorded, and nothing of a trace lost."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpora import corpus
from infercheck import ingest
from infercheck.engine.duckdb import Engine

SAMPLE = Path(__file__).parents[1] / "sample_logs" / "otlp_spans.jsonl"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def read(engine: Engine, *paths: Path) -> ingest.Scope:
    return ingest.open_scope(engine, ingest.ingest(engine, [str(p) for p in paths]))


def span(trace: str, own: str, parent: str = "", *, at_s: float = 0, took_s: float = 1, **attributes: Any) -> dict[str, Any]:
    start = 1_760_000_000_000_000_000 + int(at_s * 1e9)
    kinds = {int: "intValue", float: "doubleValue", bool: "boolValue"}
    return {
        "traceId": trace, "spanId": own, "parentSpanId": parent, "name": own, "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(took_s * 1e9)),
        "attributes": [{"key": k.replace("__", "."), "value": {kinds.get(type(v), "stringValue"): v}} for k, v in attributes.items()],
    }  # fmt: skip


def model(trace: str, own: str, parent: str = "", *, tokens: tuple[int, int] | None = (20, 5), **more: Any) -> dict[str, Any]:
    usage = {"gen_ai__usage__input_tokens": tokens[0], "gen_ai__usage__output_tokens": tokens[1]} if tokens else {}
    named = {"gen_ai__operation__name": "chat", "gen_ai__system": "openai", "gen_ai__request__model": "gpt-4o"}
    return span(trace, own, parent, **{**named, **usage, **more})


def write(path: Path, *spans: dict[str, Any]) -> Path:
    """One span a line, as an exporter may batch them."""
    lines = (json.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "t"}, "spans": [s]}]}]}) for s in spans)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def ids(engine: Engine, table: str) -> list[str]:
    return [r[0] for r in engine.rows(f"SELECT span_id FROM {table} ORDER BY span_id")]


NESTS: dict[str, tuple[list[dict[str, Any]], list[str], list[str]]] = {
    "a wrapper repeats its leaf's usage": ([model("t", "a"), model("t", "b", "a", gen_ai__cost__total_cost=0.5)], ["b"], ["a"]),
    "a wrapper knows more than its leaf: the fuller one stands": ([model("t", "a", gen_ai__cost__total_cost=0.5), model("t", "b", "a")], ["a"], []),
    "a span that is no model's stands between": ([model("t", "a"), span("t", "m", "a"), model("t", "b", "m", session__id="s")], ["b"], ["a", "m"]),
    "a sum over two leaves is no call": (
        [model("t", "a", tokens=(40, 10), gen_ai__cost__total_cost=1.0), model("t", "b", "a"), model("t", "c", "a")], ["b", "c"], ["a"]),
    "a failure and a success below a wrapper": (
        [model("t", "a"), model("t", "b", "a", tokens=None, error__type="RateLimitError"), model("t", "c", "a", session__id="s")], ["b", "c"], ["a"]),
    "a leaf without usage belongs to the call above it": ([model("t", "a"), model("t", "b", "a", tokens=None)], ["a"], []),
    "a wrapper and a leaf that both know nothing": ([model("t", "a", tokens=None), model("t", "b", "a", tokens=None, session__id="s")], ["b"], ["a"]),
    "three deep": ([model("t", "a"), model("t", "b", "a"), model("t", "c", "b", session__id="s")], ["c"], ["a", "b"]),
    "what a tool did under a call is another call": (
        [model("t", "a"), span("t", "m", "a", gen_ai__operation__name="execute_tool"), model("t", "b", "m")], ["a", "b"], ["m"]),
    "the same answer recorded side by side": (
        [model("t", "a", gen_ai__response__id="r"), model("t", "b", gen_ai__response__id="r", session__id="s")], ["b"], []),
    "the same answer served again later": (
        [model("t", "a", gen_ai__response__id="r"), model("t", "b", gen_ai__response__id="r", at_s=5)], ["a", "b"], []),
    "an embedding below a call, for a cache or a search": (
        [model("t", "a"), model("t", "b", "a", tokens=(12, 0), gen_ai__operation__name="embeddings")], ["a", "b"], []),
    "an embedding that failed is no part of the call above it": (
        [model("t", "a"), model("t", "b", "a", tokens=None, gen_ai__operation__name="embeddings")], ["a", "b"], []),
    "another model's little call while the one above it ran": (
        [model("t", "a", tokens=(3500, 200)), model("t", "b", "a", tokens=(100, 10), gen_ai__request__model="gpt-4o-mini")], ["a", "b"], []),
    "a wrapper around a call that asked another model": (
        [model("t", "a", tokens=(3500, 200)), model("t", "b", "a", tokens=(3500, 200), session__id="s"),
         model("t", "c", "b", tokens=(100, 10), gen_ai__request__model="gpt-4o-mini")], ["b", "c"], ["a"]),
    "a wrapper with an alias around an attempt that broke off and its fallback": (
        [model("t", "a", tokens=(500, 300), gen_ai__request__model="best"), model("t", "b", "a", tokens=(510, 40)),
         model("t", "c", "a", tokens=(500, 300), gen_ai__request__model="claude-sonnet-4-5")], ["b", "c"], ["a"]),
    "a sum over calls of two models": (
        [model("t", "a", tokens=(600, 310)), model("t", "b", "a", tokens=(500, 300)),
         model("t", "c", "a", tokens=(100, 10), gen_ai__request__model="gpt-4o-mini")], ["b", "c"], ["a"]),
    "a framework that estimates its model's tokens": (
        [model("t", "a", tokens=(480, 310)),
         model("t", "b", "a", tokens=(500, 300), gen_ai__request__model="openai/gpt-4o-2024-08-06")], ["b"], ["a"]),
    "a client that left the cached input out": (
        [model("t", "a", tokens=(3500, 200)), model("t", "b", "a", tokens=(500, 200))], ["b"], ["a"]),
    "as much of another model is another call": (
        [model("t", "a", tokens=(500, 300)), model("t", "b", "a", tokens=(480, 310), gen_ai__request__model="claude-sonnet-4-5")], ["a", "b"], []),
    "the same ids in another trace": ([model("t", "a"), model("u", "b", "a")], ["a", "b"], []),
    "a circle of parents loses nothing": ([model("t", "a", "b"), model("t", "b", "a")], ["a", "b"], []),
}  # fmt: skip


@pytest.mark.parametrize(("spans", "calls", "others"), NESTS.values(), ids=NESTS)
def test_nested_and_repeated_spans_in_any_order(tmp_path: Path, spans: list[dict[str, Any]], calls: list[str], others: list[str]) -> None:
    for order in itertools.permutations(spans):
        with Engine(threads=1) as engine:
            read(engine, write(tmp_path / "1.jsonl", order[0]), write(tmp_path / "2.jsonl", *order[1:]))
            assert (ids(engine, "calls"), ids(engine, "spans")) == (calls, others)


ANTHROPIC = '{"anthropic":{"usage":{"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,"output_tokens":1}}}'
USED = "input_tokens, cache_read_tokens, cache_write_5m_tokens, output_tokens, reasoning_tokens, CAST(logged_cost AS DOUBLE)"
USAGES: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "reasoning beside the output, which the total shows": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.reasoning.output_tokens": 40, "gen_ai.usage.total_tokens": 590},
        (500, None, None, 90, 40, None)),
    "reasoning within the output, which the total shows": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.reasoning.output_tokens": 40, "gen_ai.usage.total_tokens": 550},
        (500, None, None, 50, 40, None)),
    "reasoning that the output cannot hold": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.reasoning.output_tokens": 900}, (500, None, None, 950, 900, None)),
    "reasoning that the output cannot hold and the total does not": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.reasoning.output_tokens": 900, "gen_ai.usage.total_tokens": 550},
        (500, None, None, None, 900, None)),
    "reasoning that was estimated a little too high": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.reasoning.output_tokens": 55}, (500, None, None, 50, 55, None)),
    "Gemini's reasoning, which only the total shows": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.response.model": "models/gemini-2.5-pro", "llm.usage.total_tokens": 1450},
        (500, None, None, 950, None, None)),
    "a total that is more, of another model": (
        {"gen_ai.usage.output_tokens": 50, "llm.usage.total_tokens": 1450}, (500, None, None, 50, None, None)),
    "AI SDK: Anthropic's own input leaves out the cache": (
        {"ai.usage.outputTokens": 200, "ai.usage.cachedInputTokens": 300, "ai.response.providerMetadata": ANTHROPIC % (500, 20, 300)},
        (820, 300, 20, 200, None, None)),
    "AI SDK: an input that holds the cache": (
        {"ai.usage.outputTokens": 200, "ai.usage.cachedInputTokens": 300, "ai.response.providerMetadata": ANTHROPIC % (180, 20, 300)},
        (500, 300, 20, 200, None, None)),
    "a total that holds the cache beside the input": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.cache_read_input_tokens": 300, "llm.usage.total_tokens": 850},
        (800, 300, None, 50, None, None)),
    "Pydantic AI": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.details.cache_read_tokens": 300, "gen_ai.usage.details.cache_write_tokens": 20,
         "gen_ai.usage.details.reasoning_tokens": 40, "operation.cost": 0.5}, (500, 300, 20, 50, 40, 0.5)),
    "OpenRouter and Sentry": (
        {"gen_ai.usage.output_tokens": 50, "gen_ai.usage.input_tokens.cached": 300, "gen_ai.usage.input_tokens.cache_write": 20,
         "gen_ai.usage.output_tokens.reasoning": 40, "gen_ai.usage.total_cost": 0.5}, (500, 300, 20, 50, 40, 0.5)),
    "Mastra": ({"gen_ai.usage.output_tokens": 50, "gen_ai.usage.cached_input_tokens": 300}, (500, 300, None, 50, None, None)),
}  # fmt: skip


@pytest.mark.parametrize(("attributes", "used"), USAGES.values(), ids=USAGES)
def test_usage_in_the_words_of_each_instrumentation(
    attributes: dict[str, Any], used: tuple[Any, ...], engine: Engine, tmp_path: Path
) -> None:
    named = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "some-model", "gen_ai.usage.input_tokens": 500}
    scope = read(engine, write(tmp_path / "spans.jsonl", span("t", "a", **named, **attributes)))
    assert engine.rows(f"SELECT {USED} FROM calls") == [used]
    assert scope.cell_issues == (used[3] is None)


def test_spans_in_the_words_of_langfuse_and_mlflow(engine: Engine, tmp_path: Path) -> None:
    langfuse = {
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o", "langfuse.trace.name": "support", "user.id": "u",
        "langfuse.observation.usage_details": '{"input":400,"input_cached_tokens":100,"output":300,"total":800}',
        "langfuse.observation.cost_details": '{"total":0.25}', "langfuse.observation.input": '[{"role":"user","content":"hi"}]',
    }  # fmt: skip
    mlflow = {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.chat.tokenUsage": '{"input_tokens":500,"output_tokens":300,"total_tokens":800}',
              "mlflow.spanInputs": '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'}  # fmt: skip
    step = {"langfuse.observation.type": "span", "langfuse.trace.name": "support"}
    read(engine, write(tmp_path / "spans.jsonl", span("t", "a", **step), span("t", "b", "a", **langfuse), span("u", "c", **mlflow)))
    rows = engine.rows(f"SELECT span_id, model, app, {USED}, prompt_chars, end_user IS NOT NULL FROM calls ORDER BY span_id")
    assert rows == [
        ("b", "gpt-4o", "support", 500, 100, None, 300, None, 0.25, 2, True),
        ("c", "gpt-4o", None, 500, None, None, 300, None, None, 2, False),
    ]
    assert ids(engine, "spans") == ["a"]


def test_a_framework_is_no_provider(engine: Engine, tmp_path: Path) -> None:
    read(
        engine, write(tmp_path / "spans.jsonl", model("t", "a", gen_ai__system="strands-agents"), model("u", "b", gen_ai__system="openai"))
    )
    assert engine.rows("SELECT span_id, provider FROM calls ORDER BY span_id") == [("a", None), ("b", "openai")]


@pytest.mark.parametrize(
    ("attributes", "unread"),
    [
        ({"vendor.input_tokens": 500, "vendor.output_tokens": 0, "session.token.count": "x"}, "vendor.input_tokens"),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 500, "vendor.cached_tokens": 300, "vendor.max_cached_tokens": 9},
        "vendor.cached_tokens"),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 500, "gen_ai.usage.cached_tokens": 300, "vendor.cached_tokens": 300}, None),
        ({"http.request.method": "GET", "http.usage.tokens": 500}, None),
    ],
)  # fmt: skip
def test_usage_under_unknown_names_is_reported(attributes: dict[str, Any], unread: str | None, engine: Engine, tmp_path: Path) -> None:
    result = ingest.ingest(engine, [str(write(tmp_path / "spans.jsonl", span("t", "a", **attributes)))])
    assert [n.split("not read: ")[1] for n in result.notices if "not read" in n] == ([unread] if unread else [])


@pytest.mark.parametrize("held", ["uri", "file_id", "url", "data"])
def test_pictures_and_files_are_part_of_a_prompt(held: str, engine: Engine, tmp_path: Path) -> None:
    def asked(picture: str) -> str:
        return json.dumps([{"role": "user", "parts": [{"type": "text", "content": "What is in it?"}, {"type": held, held: picture}]}])

    pictures = ["cat", "dog", "cat"]
    spans = [model(f"t{i}", f"s{i}", at_s=i, gen_ai__input__messages=asked(picture)) for i, picture in enumerate(pictures)]
    read(engine, write(tmp_path / "spans.jsonl", *spans))
    one, other, again = [r[0] for r in engine.rows("SELECT prompt_hash FROM calls ORDER BY span_id")]
    assert one == again and one != other and one is not None


def test_copies_of_a_file_count_once(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "copy.jsonl").write_bytes(SAMPLE.read_bytes())
    with gzip.open(tmp_path / "copy.jsonl.gz", "wb") as packed:
        packed.write(SAMPLE.read_bytes())
    (tmp_path / "document.json").write_text(
        json.dumps({"resourceSpans": [r for line in SAMPLE.read_text().splitlines() for r in json.loads(line)["resourceSpans"]]}, indent=1)
    )
    alone = read(engine, SAMPLE)
    spans = engine.value("SELECT count(*) FROM spans")
    together = read(engine, SAMPLE, tmp_path)
    assert (alone.attempts, alone.requests, alone.duplicates) == (6, 5, 0)
    assert (together.attempts, together.requests, together.duplicates, together.rejects) == (6, 5, 18, 0)
    assert engine.value("SELECT count(*) FROM spans") == spans == 60


@pytest.mark.parametrize("damage", ["", "no record\n"], ids=["sound", "with a bad line each time"])
def test_a_file_that_grows_is_read_on(engine: Engine, tmp_path: Path, damage: str) -> None:
    lines, path = SAMPLE.read_text().splitlines(keepends=True), tmp_path / "log.jsonl"
    for end in range(1, len(lines) + 1):
        path.write_text("".join(line + damage for line in lines[:end]))
        scope = read(engine, path)
    assert (scope.attempts, scope.requests, scope.rejects) == (6, 5, len(lines) if damage else 0)
    assert engine.rows("SELECT count(DISTINCT call_id), max(line) FROM calls") == [(6, 17 if damage else 9)]


def test_a_damaged_line_loses_only_itself(engine: Engine, tmp_path: Path) -> None:
    lines = SAMPLE.read_text().splitlines()
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"resourceSpans": [{"sco', "null", '{"resourceLogs": []}', '{"other": 1}']))
    result = ingest.ingest(engine, [str(tmp_path)])
    scope = ingest.open_scope(engine, result)
    assert (scope.attempts, scope.rejects) == (6, 3)
    assert "1 record holds logs" in " ".join(result.notices)


def test_a_task_that_the_gateway_names_joins_its_requests(engine: Engine, tmp_path: Path) -> None:
    """Each request has an OpenTelemetry trace of its own; the gateway's log knows that they are one task."""
    rows, spans = [], []
    for n in range(3):
        spans.append(model(f"0{n}", f"a{n}", litellm__call_id=f"c{n}", gen_ai__response__id=f"r{n}", at_s=n))
        spans.append(span(f"0{n}", f"b{n}", f"a{n}", at_s=n))
        start = 1_760_000_000.0 + n
        rows.append({"id": f"r{n}", "litellm_call_id": f"c{n}", "trace_id": "task", "call_type": "acompletion", "status": "success",
                     "response_cost": 0.5, "startTime": start, "endTime": start + 1, "model": "openai/gpt-4o", "prompt_tokens": 20,
                     "completion_tokens": 5, "custom_llm_provider": "openai", "stream": True, "completionStartTime": start + 0.5})  # fmt: skip
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(r) + "\n" for r in rows))
    for paths in ((log, write(tmp_path / "spans.jsonl", *spans)), (write(tmp_path / "spans.jsonl", *spans), log)):
        scope = read(engine, *paths)
        assert (scope.attempts, scope.requests, scope.duplicates) == (3, 3, 3)
        assert engine.value("SELECT count(DISTINCT trace_id) FROM (SELECT trace_id FROM calls UNION ALL SELECT trace_id FROM spans)") == 1
        assert engine.rows("SELECT count(span_id), count(first_token_at), sum(logged_cost) FROM calls") == [(3, 3, 1.5)]


# ---- recorded traffic


def test_recorded_gateway_spans(engine: Engine) -> None:
    truth = json.loads(corpus("litellm_otel/ground_truth.json").read_text())
    scope = read(engine, corpus("litellm_otel/spans.jsonl.gz"))
    assert (scope.attempts, scope.requests, scope.duplicates, scope.rejects, scope.cell_issues) == (1073, truth["client_calls"], 0, 0, 0)
    check_totals(engine, truth)
    assert engine.value("SELECT count(*) FROM spans") == truth["spans"] - truth["span_names"]["litellm_request"]
    assert dict(engine.rows("SELECT status = 'ok', count(*) FROM calls GROUP BY 1")) == {True: 1027, False: 46}


@pytest.mark.parametrize(
    "names", [("spans.jsonl.gz", "standard_logging.jsonl.gz"), ("standard_logging.jsonl.gz", "spans.jsonl.gz")], ids=str
)
def test_spans_beside_the_gateways_own_log(engine: Engine, names: tuple[str, str]) -> None:
    truth = json.loads(corpus("litellm_otel/ground_truth.json").read_text())
    scope = read(engine, *(corpus(f"litellm_otel/{name}") for name in names))
    assert (scope.attempts, scope.requests, scope.duplicates) == (1073, 1055, truth["standard_logging_rows_same_run"])
    check_totals(engine, truth)
    # The log's 941 tasks, and 3 requests that it lost: every call stands in a trace, and its spans with it.
    assert (
        engine.value("SELECT count(DISTINCT trace_id) FROM calls WHERE span_id IS NOT NULL AND trace_id IN (SELECT trace_id FROM spans)")
        == 944
    )
    assert engine.value("SELECT count(*) FROM calls WHERE span_id IS NULL") == 0


def check_totals(engine: Engine, truth: dict[str, Any]) -> None:
    tokens = truth["tokens"]
    assert engine.rows("SELECT sum(input_tokens), sum(output_tokens) FROM calls") == [(tokens["in"], tokens["out"])]
    assert float(engine.value("SELECT sum(logged_cost) FROM calls")) == pytest.approx(truth["total_cost_gen_ai.cost.total_cost"], abs=1e-6)
    groups = engine.rows("SELECT model_requested, count_if(status = 'ok'), CAST(sum(logged_cost) AS DOUBLE) FROM calls GROUP BY 1")
    assert {m: (n, round(cost, 6)) for m, n, cost in groups} == {
        m: (n, pytest.approx(cost, abs=1.01e-6)) for m, (n, cost) in truth["by_model_group"].items()
    }


def test_attempts_equal_those_of_the_gateways_own_log(engine: Engine) -> None:
    """Hashes, tokens and words of the two formats agree, so that either may stand in for the other."""
    read(engine, corpus("litellm_otel/spans.jsonl.gz"), corpus("litellm_otel/standard_logging.jsonl.gz"))
    same = ("prompt_hash", "response_hash", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens", "status", "http_status",
            "error_type", "finish_reason", "model", "provider", "app", "user_agent", "operation", "attempt")  # fmt: skip
    differing = ", ".join(f"count_if(a.{c} IS DISTINCT FROM b.{c})" for c in same)
    counts = engine.rows(f"""
        SELECT count(*), {differing} FROM call_rows a JOIN call_rows b USING (attempt_key)
        WHERE a.source = 'otlp_json' AND b.source = 'litellm_standard_logging'""")[0]
    assert counts == (1070, *[0] * len(same))


@pytest.mark.parametrize(("folder", "calls", "spans"), [("openinference", 5, 5), ("otlp-json", 0, 1)])
def test_public_fixtures(engine: Engine, folder: str, calls: int, spans: int) -> None:
    scope = read(engine, corpus(f"real/{folder}"))
    assert (scope.attempts, scope.rejects, scope.cell_issues) == (calls, 0, 0)
    assert engine.value("SELECT count(*) FROM spans") == spans
