"""Prices and facts about models: dates, tiers, brackets, names, and the same dollars as a gateway's own log."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from infercheck.engine.duckdb import Engine
from infercheck.model.call import MODELS, PRICES
from infercheck.prepare import load_prices
from infercheck.prices.catalog import model_rows
from infercheck.prices.cost import cost_expression, price_join
from infercheck.prices.facts import blocks, facts, weights
from infercheck.prices.overrides import PriceOverride
from infercheck.prices.providers import LIST_PROVIDER, is_self_hosted
from infercheck.prices.quote import find, quote
from infercheck.prices.table import price_list_version, price_runs

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "litellm_proxy" / "standard_logging.part1.jsonl.gz"
DAY = date(2026, 11, 24)
MTOK = Decimal(1_000_000)


def priced(*args: Any, **options: Any) -> list[dict[str, Any]]:
    """The rows of the `prices` table."""
    names = [c.name for c in PRICES]
    runs = [dict(zip(names, row, strict=True)) for row in price_runs(*args, **options)]
    return [{**run, "day": day} for run in runs for day in run["day"]]


def one(
    provider: str | None, model: str, *, day: date = DAY, tier: str = "default", above: int = 0, **options: Any
) -> dict[str, Any] | None:
    """The price row of one key, None when it is unpriced."""
    rows = priced([(provider, model, day, tier)], **options)
    found = [r for r in rows if r["tier"] == tier and r["min_input_tokens"] == above]
    assert len(found) <= 1
    return found[0] if found else None


def per_mtok(row: dict[str, Any] | None, column: str) -> Decimal | None:
    """A price as lists print it, USD per million tokens."""
    assert row is not None
    value: Decimal | None = row[column]
    return None if value is None else value * MTOK


# the table


def test_columns_are_the_contract() -> None:
    with Engine() as engine:
        load_prices(engine, "prices", price_runs([("openai", "gpt-4o", DAY, "default")]))
        engine.load_rows("models", {c.name: c.type for c in MODELS}, model_rows([("openai", "gpt-4o"), ("hosted_vllm", "x")], DAY))
        assert list(engine.columns("prices").items()) == [(c.name, c.type) for c in PRICES]
        assert list(engine.columns("models").items()) == [(c.name, c.type) for c in MODELS]


def test_known_price() -> None:
    row = one("openai", "gpt-4o")
    assert [per_mtok(row, c) for c in ("input_usd", "cache_read_usd", "output_usd")] == [Decimal("2.5"), Decimal("1.25"), Decimal(10)]
    assert row is not None and row["price_model"] == "openai/gpt-4o" and not row["estimated"] and row["max_input_tokens"] is None
    assert price_list_version().startswith("genai-prices 0.2.")


def test_cache_writes_have_two_prices() -> None:
    row = one("anthropic", "claude-opus-4-5-20251101")
    assert (per_mtok(row, "cache_write_5m_usd"), per_mtok(row, "cache_write_1h_usd")) == (Decimal("6.25"), Decimal(10))


def test_long_context_becomes_brackets_that_meet() -> None:
    rows = [r for r in priced([("anthropic", "claude-sonnet-4-5", DAY, "default")]) if r["tier"] == "default"]
    assert [(r["min_input_tokens"], r["max_input_tokens"]) for r in rows] == [(0, 200000), (200000, None)]
    assert [per_mtok(r, "input_usd") for r in rows] == [Decimal(3), Decimal(6)]


def test_price_changes_with_the_day() -> None:
    before, after = one("openai", "gpt-5.6-luna", day=date(2026, 7, 15)), one("openai", "gpt-5.6-luna")
    assert (per_mtok(before, "input_usd"), per_mtok(after, "input_usd")) == (Decimal(1), Decimal("0.2"))


def test_runs_of_days_give_what_single_days_give() -> None:
    days = [date(2026, m, d) for m in (7, 8, 10) for d in (1, 12, 14, 29, 30, 31)]
    together = priced([("openai", "gpt-5.6-luna", d, "default") for d in days])
    for day in days:
        assert [r for r in together if r["day"] == day] == priced([("openai", "gpt-5.6-luna", day, "default")])


def test_every_model_has_a_row_for_every_day() -> None:
    rows = priced(
        [("openai", "gpt-4o", DAY, "default"), ("openai", "gpt-5", date(2026, 11, 1), "default")], targets=[("openai", "gpt-6-luna")]
    )
    assert len([r for r in rows if r["tier"] == "default" and r["min_input_tokens"] == 0]) == 6


def test_price_by_the_hour_of_day_takes_the_dearest_and_says_so() -> None:
    row = one("deepseek", "deepseek-v4-flash")
    assert per_mtok(row, "input_usd") == Decimal("0.3") and row is not None and row["estimated"]


# tiers


def test_batch_is_not_the_standard_price() -> None:
    row = one("openai", "gpt-4o", tier="batch")
    assert per_mtok(row, "input_usd") == Decimal("1.25") and row is not None and not row["estimated"]


def test_tiers_for_counterfactuals_come_along_only_where_they_exist() -> None:
    tiers = lambda p, m: {r["tier"] for r in priced([(p, m, DAY, "default")])}  # noqa: E731
    assert tiers("openai", "gpt-5") == {"default", "batch", "flex", "priority", "fast"}
    assert tiers("openai", "gpt-4o") == {"default", "batch", "priority", "fast"}
    assert tiers("azure", "gpt-4o") == {"default"}


@pytest.mark.parametrize(
    ("provider", "model", "tier"), [("azure", "gpt-4o", "batch"), ("openai", "gpt-4o", "flex"), ("openai", "gpt-4o", "scale")]
)
def test_a_tier_without_a_price_is_estimated_from_the_default(provider: str, model: str, tier: str) -> None:
    row = one(provider, model, tier=tier)
    assert per_mtok(row, "input_usd") == Decimal("2.5") and row is not None and row["estimated"]


@pytest.mark.parametrize(("provider", "model"), [("anthropic", "claude-opus-5-5"), ("openai", "gpt-5.4")])
def test_a_fast_answer_costs_twice_the_standard_price(provider: str, model: str) -> None:
    fast, standard = one(provider, model, tier="fast"), one(provider, model)
    assert fast is not None and not fast["estimated"] and per_mtok(fast, "output_usd") == 2 * (per_mtok(standard, "output_usd") or 0)


def test_a_tier_before_its_price_was_verified_is_estimated_from_it() -> None:
    row = one("openai", "gpt-4o", tier="batch", day=date(2026, 1, 1))
    assert per_mtok(row, "input_usd") == Decimal("1.25") and row is not None and row["estimated"]


# names


@pytest.mark.parametrize(
    ("provider", "model", "entry"),
    [
        ("azure", "gpt-4o-2024-08-06", "azure/gpt-4o"),
        ("azure", "gpt-35-turbo", "azure/gpt-3.5-turbo"),
        ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock", "global.anthropic.claude-haiku-4-5-20251001-v1:0", "aws/global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("bedrock_converse", "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0", "aws/amazon.nova-pro-v1:0"),
        ("bedrock", "us.amazon.nova-lite-v1:0", "aws/amazon.nova-lite-v1:0"),
        ("vertex_ai", "claude-sonnet-4-5@20250929", "google/claude-sonnet-4-5"),
        ("vertex_ai-language-models", "publishers/google/models/gemini-2.5-flash-001", "google/gemini-2.5-flash"),
        ("gcp.gemini", "models/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("openai", "gpt-5.2-20251211", "openai/gpt-5.2"),
        ("OpenAI", "GPT-4o-mini", "openai/gpt-4o-mini"),
        (None, "gpt-4o", "openai/gpt-4o"),
        (None, "claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"),
        (None, "text-embedding-3-small", "openai/text-embedding-3-small"),
        (None, "anthropic.claude-3-haiku-20240307-v1:0", "aws/regional.anthropic.claude-3-haiku-20240307-v1:0"),
    ],
)
def test_names_in_logs_find_their_entry(provider: str | None, model: str, entry: str) -> None:
    listing = find(provider, model)
    assert listing is not None and listing.price_model == entry


UNPRICED = """
hosted_vllm Qwen/Qwen2.5-7B-Instruct, hosted_vllm gpt-oss-20b, ollama mistral-large, custom_openai gpt-4o, openai_like gpt-4o,
my-gateway gpt-4o, openai Qwen/Qwen2.5-7B-Instruct, azure my-deployment, bedrock application-inference-profile/abc123, openai whisper-1,
github_copilot gpt-4o, gemini gemini-2.5-flash-image, openai gpt-image-1.5,
- Qwen/Qwen2.5-7B-Instruct, - gpt-oss-20b, - llama-3.3-70b, - mistral-7b-instruct
"""


@pytest.mark.parametrize("key", [k.strip() for k in UNPRICED.split(",")])
def test_unknown_or_self_hosted_is_unpriced(key: str) -> None:
    provider, model = key.split(" ")
    assert not price_runs([(None if provider == "-" else provider, model, DAY, "default")])


def test_free_is_zero_only_where_the_list_says_free() -> None:
    assert per_mtok(one("openai", "omni-moderation-latest"), "input_usd") == 0
    assert per_mtok(one("gemini", "gemma-4-31b-it"), "output_usd") == 0
    assert one("vertex_ai", "gemma-4-31b-it") is None  # a rented machine there
    assert one("cerebras", "qwen-3-coder-480b") is None  # an entry kept without prices


def test_every_mapped_provider_is_in_the_list() -> None:
    from genai_prices.data import providers

    assert set(LIST_PROVIDER.values()) <= {p.id for p in providers}
    assert not any(is_self_hosted(name) for name in LIST_PROVIDER)


# overrides


def test_override_holds_from_its_day_until_its_day() -> None:
    deal = PriceOverride.model_validate(
        {"provider": "openai", "model": "gpt-4o*", "from": "2026-11-10", "until": "2026-11-20", "input": "1.5"}
    )
    prices = {d: per_mtok(one("openai", "gpt-4o", day=date(2026, 11, d), overrides=[deal]), "input_usd") for d in (9, 10, 19, 20)}
    assert prices == {9: Decimal("2.5"), 10: Decimal("1.5"), 19: Decimal("1.5"), 20: Decimal("2.5")}
    assert per_mtok(one("openai", "gpt-4o", day=date(2026, 11, 10), overrides=[deal]), "output_usd") == 10
    assert per_mtok(one("azure", "gpt-4o", day=date(2026, 11, 10), overrides=[deal]), "input_usd") == Decimal("2.5")


def test_discount_comes_off_every_tier_and_bracket() -> None:
    rows = priced([("anthropic", "claude-sonnet-4-5", DAY, "default")], [PriceOverride(discount_percent=Decimal(10))])
    assert {Decimal(r["input_usd"] * MTOK) for r in rows} == {Decimal("2.7"), Decimal("5.4"), Decimal("1.35")}


def test_override_prices_a_self_hosted_model() -> None:
    own = [PriceOverride(provider="hosted_vllm", model="qwen/*", input=Decimal("0.1"), output=Decimal("0.2"))]
    row = one("hosted_vllm", "Qwen/Qwen2.5-7B-Instruct", overrides=own)
    assert per_mtok(row, "input_usd") == Decimal("0.1") and row is not None and row["price_model"] == "override" and not row["estimated"]
    assert one("hosted_vllm", "Qwen/Qwen2.5-7B-Instruct", overrides=[PriceOverride(output=Decimal(1))]) is None


def test_override_misspelt_or_negative_is_refused() -> None:
    for wrong in ({"imput": 1}, {"input": -1}, {"discount_percent": 101}):
        with pytest.raises(ValidationError):
            PriceOverride.model_validate(wrong)


# the cost of a call


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        engine.create_canonical("calls")
        yield engine


def price_calls(engine: Engine, calls: list[dict[str, Any]], *, extra: str = "") -> list[tuple[Any, ...]]:
    """Cost of calls by the SQL that the views use, in order of call_id."""
    for number, call in enumerate(calls):
        row = {"call_id": number, "started_at": datetime.combine(DAY, time(12)), "operation": "chat"} | call
        names = ", ".join(row)
        engine.execute(f"INSERT INTO calls ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    keys = engine.rows("SELECT DISTINCT provider, model, CAST(started_at AS DATE), coalesce(service_tier, 'default') FROM calls")
    load_prices(engine, "prices", price_runs(keys))
    select = f"SELECT {cost_expression()} AS cost{extra} FROM calls c LEFT JOIN prices p ON {price_join()} ORDER BY c.call_id"
    rows = engine.rows(select)
    assert len(rows) == len(calls), "a call must match one price row at most"
    return rows


GPT = {"provider": "openai", "model": "gpt-4o"}
SONNET = {"provider": "anthropic", "model": "claude-sonnet-4-5"}
HALF = {"input_tokens": 100, "output_tokens": 100, "audio_input_tokens": 50, "audio_output_tokens": 50}
AUDIO = {"provider": "openai", "model": "gpt-audio"} | HALF
REALTIME = {"provider": "openai", "model": "gpt-realtime"}  # its cached sound is among the cached tokens, and billed as those alone


@pytest.mark.parametrize(
    ("call", "usd"),
    [
        (GPT | {"input_tokens": 1000, "output_tokens": 100}, "0.0035"),
        (GPT | {"input_tokens": 1000, "output_tokens": 100, "cache_read_tokens": 600}, "0.00275"),
        (GPT | {"input_tokens": 1000, "output_tokens": 100, "service_tier": "batch"}, "0.00175"),
        (SONNET | {"input_tokens": 3000, "output_tokens": 0, "cache_write_5m_tokens": 1000, "cache_write_1h_tokens": 1000}, "0.01275"),
        (SONNET | {"input_tokens": 200_000, "output_tokens": 1}, "0.600015"),
        (SONNET | {"input_tokens": 200_001, "output_tokens": 1}, "1.2000285"),
        (SONNET | {"input_tokens": 10, "output_tokens": 0, "cache_read_tokens": 1000}, "0.0003"),  # counted beside, never below zero
        (SONNET | {"input_tokens": 0, "output_tokens": 0}, "0"),
        (AUDIO, "0.005425"),
        (REALTIME | {"input_tokens": 2000, "audio_input_tokens": 1500, "cache_read_tokens": 1408, "output_tokens": 100}, "0.0211072"),
        ({"provider": "openai", "model": "text-embedding-3-small", "input_tokens": 7, "operation": "embedding"}, "0.00000014"),
        ({"provider": "perplexity", "model": "sonar", "input_tokens": 1000, "output_tokens": 1000}, "0.014"),
        (GPT | {"input_tokens": 1000}, None),
        (GPT | {"output_tokens": 1000}, None),
        (GPT | {"input_tokens": 1000, "operation": None}, None),
        ({"provider": "hosted_vllm", "model": "Qwen/Qwen2.5-7B-Instruct", "input_tokens": 1, "output_tokens": 1}, None),
    ],
)
def test_cost_of_a_call(engine: Engine, call: dict[str, Any], usd: str | None) -> None:
    [(cost, kind)] = price_calls(engine, [call], extra=f", typeof({cost_expression()})")
    assert kind == "DECIMAL(38,12)"
    assert cost == (None if usd is None else Decimal(usd))


@pytest.mark.skipif(not CORPUS.exists(), reason="the recorded gateway log is not part of the repository")
def test_cost_equals_what_a_gateway_logged(engine: Engine) -> None:
    calls, logged = [], []
    for line in gzip.decompress(CORPUS.read_bytes()).splitlines():
        record = json.loads(line)
        if record["status"] != "success":
            continue
        usage = record["metadata"]["usage_object"] or {}
        calls.append(
            {
                "provider": record["custom_llm_provider"],
                "model": record["model"].split("/", 1)[1],
                "started_at": datetime.fromtimestamp(record["startTime"], UTC).replace(tzinfo=None),
                "operation": "embedding" if "embedding" in record["call_type"] else "chat",
                "input_tokens": record["prompt_tokens"],
                "output_tokens": record["completion_tokens"],
                "cache_read_tokens": (usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
                "cache_write_5m_tokens": usage.get("cache_creation_input_tokens"),
            }
        )
        logged.append((calls[-1]["model"], Decimal(str(record["response_cost"]))))
    off: dict[str, Decimal] = {}
    for (model, stated), (cost,) in zip(logged, price_calls(engine, calls), strict=True):
        if cost is None:
            assert model == "Qwen/Qwen2.5-7B-Instruct"
        else:
            off[model] = max(off.get(model, Decimal(0)), abs(cost - stated))
    assert len(off) == 9
    assert max(off.values()) < Decimal("1e-11"), off


# models


def models(*keys: tuple[str | None, str], day: date = DAY, **options: Any) -> dict[tuple[str | None, str], dict[str, Any]]:
    """`models` rows by (provider, model)."""
    rows = [dict(zip((c.name for c in MODELS), row, strict=True)) for row in model_rows(keys, day, **options)]
    return {(r["provider"], r["model"]): r for r in rows}


def test_models_toml_has_a_source_and_a_date_for_everything() -> None:
    names = [(host, e.name) for b in blocks() for e in b.models for host in b.hosts]
    assert len(names) == len(set(names))
    for block in blocks():
        assert len(block.source) > 20 and date(2025, 1, 1) < block.as_of < date(2030, 1, 1)
        assert set(block.cache_hosts) <= set(block.hosts)
        for entry in block.models:
            assert entry.retired is None or entry.released is None or entry.released < entry.retired
            assert all(facts(host, entry.name) is not None for host in block.hosts)


def test_premium_is_price_and_a_capable_sibling_at_a_quarter() -> None:
    rows = models(
        ("openai", "gpt-4o"),
        ("openai", "gpt-5"),
        ("openai", "gpt-4o-mini"),
        ("anthropic", "claude-opus-4-5"),
        ("openai", "text-embedding-3-small"),
    )
    assert [rows["openai", m]["premium"] for m in ("gpt-4o", "gpt-5", "gpt-4o-mini", "text-embedding-3-small")] == [
        True,
        True,
        False,
        False,
    ]
    assert rows["openai", "gpt-4o"]["cheaper_sibling"] == "openai/gpt-6-luna" and rows["openai", "gpt-4o"]["blended_usd_per_mtok"] == 4.375
    assert rows["anthropic", "claude-opus-4-5"]["cheaper_sibling"] == "anthropic/claude-haiku-5-5"
    assert ("openai", "gpt-6-luna") in rows, "a route target needs a row of its own"


def test_siblings_are_those_of_the_day() -> None:
    rows = models(("openai", "gpt-4o"), ("anthropic", "claude-opus-4-5"), ("anthropic", "claude-sonnet-4-5"), day=date(2025, 12, 15))
    assert rows["openai", "gpt-4o"]["cheaper_sibling"] == "openai/gpt-5-mini"
    assert rows["anthropic", "claude-opus-4-5"]["cheaper_sibling"] == "anthropic/claude-haiku-4-5"
    sonnet = rows["anthropic", "claude-sonnet-4-5"]
    assert sonnet["cheaper_sibling"] == "anthropic/claude-haiku-4-5" and sonnet["premium"] is False, "a third is more than a quarter"


def test_a_cloud_keeps_its_own_names() -> None:
    rows = models(
        ("bedrock", "eu.anthropic.claude-opus-4-5-20251101-v1:0"), ("vertex_ai", "claude-opus-4-5@20251101"), day=date(2025, 12, 15)
    )
    assert (
        rows["bedrock", "eu.anthropic.claude-opus-4-5-20251101-v1:0"]["cheaper_sibling"]
        == "bedrock/eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    )
    assert rows["vertex_ai", "claude-opus-4-5@20251101"]["cheaper_sibling"] == "vertex_ai/claude-haiku-4-5"


def test_a_sibling_can_do_what_the_model_can_and_is_priced() -> None:
    everything = [(host, e.name) for b in blocks() for e in b.models for host in b.hosts[:1] if host in {"openai", "anthropic"}]
    rows = models(*everything)
    for row in rows.values():
        if row["cheaper_sibling"]:
            target = rows[tuple(row["cheaper_sibling"].split("/", 1))]
            assert target["blended_usd_per_mtok"] < row["blended_usd_per_mtok"]
            assert set(row["capabilities"].split(",")) - {"reasoning"} <= set(target["capabilities"].split(","))
            assert target["retired"] is None or target["retired"] > DAY


def test_config_overrides_premium() -> None:
    rows = models(
        ("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("hosted_vllm", "big"), premium=["gpt-4o*", "!openai/gpt-4o", "hosted_vllm/*"]
    )
    assert rows["openai", "gpt-4o"]["premium"] is False
    assert rows["openai", "gpt-4o-mini"]["premium"] is True and rows["hosted_vllm", "big"]["premium"] is True


def test_unknown_is_null() -> None:
    row = models(("hosted_vllm", "Qwen/Qwen2.5-7B-Instruct"))["hosted_vllm", "Qwen/Qwen2.5-7B-Instruct"]
    assert [v for k, v in row.items() if k not in {"provider", "model"}] == [None] * 12


@pytest.mark.parametrize(
    ("provider", "model", "mode", "minimum", "ttl"),
    [
        ("openai", "gpt-4o", "automatic", 1024, 300),
        ("anthropic", "claude-sonnet-4-5-20250929", "explicit", 1024, 300),
        ("anthropic", "claude-haiku-4-5", "explicit", 4096, 300),
        ("anthropic", "claude-3-5-haiku-20241022", "explicit", 2048, 300),
        ("gemini", "gemini-2.5-flash", "automatic", 2048, None),
        ("vertex_ai", "claude-sonnet-4-5", None, None, None),
        ("anthropic", "claude-haiku-5-5", "explicit", None, 300),
    ],
)
def test_cache_facts(provider: str, model: str, mode: str | None, minimum: int | None, ttl: int | None) -> None:
    row = models((provider, model))[provider, model]
    assert (row["cache_mode"], row["cache_min_tokens"], row["cache_ttl_s"]) == (mode, minimum, ttl)


def test_a_variant_is_not_its_namesake() -> None:
    assert facts("openai", "gpt-4o-audio-preview") is None
    assert facts("anthropic", "claude-sonnet-4-5") != facts("anthropic", "claude-sonnet-4-20250514")


def test_a_discount_may_be_for_one_meter() -> None:
    day = date(2026, 11, 1)
    plain = quote("openai", "gpt-4o", day, "default")
    cheaper = quote("openai", "gpt-4o", day, "default", [PriceOverride(model="gpt-4o", discount_percent=Decimal(10), meter="output")])
    assert plain and cheaper
    assert cheaper.brackets[0].output == Decimal("0.000009000000")
    assert (cheaper.brackets[0].input, cheaper.brackets[0].cache_read) == (plain.brackets[0].input, plain.brackets[0].cache_read)


def test_the_same_model_elsewhere_is_named_as_logs_name_it_there_and_only_where_it_is_cheaper() -> None:
    rows = models(("groq", "llama-3.3-70b-versatile"), ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"), ("openai", "gpt-4o"))
    same = {name: row["weights"] for name, row in rows.items()}
    assert same["groq", "llama-3.3-70b-versatile"] == same["novita", "meta-llama/llama-3.3-70b-instruct"] == "llama-3.3-70b-instruct"
    assert same["anthropic", "claude-sonnet-4-5"] == same["bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"]
    assert not any(provider in ("azure", "cerebras") and model == "gpt-4o" for provider, model in rows)  # no cheaper there
    own = rows["groq", "llama-3.3-70b-versatile"]["blended_usd_per_mtok"]
    assert all(r["blended_usd_per_mtok"] <= own for r in rows.values() if r["weights"] == "llama-3.3-70b-instruct")


def test_every_host_of_open_weights_is_on_the_price_list() -> None:
    for entry in weights():
        assert len(entry.at) > 1
        assert [host for host, model in entry.at.items() if find(host, model) is None] == [], entry.name


def test_a_target_that_config_names_is_known_to_the_rules() -> None:
    assert ("mistral", "mistral-small-latest") in models(("openai", "gpt-4o"), targets=[("mistral", "mistral-small-latest")])
