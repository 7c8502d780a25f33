"""Counted once: whatever the claims, no call saves more than it was billed and no order of rows changes a cent."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infercheck import diagnose, settle
from infercheck.engine.duckdb import Engine
from infercheck.model.rule import CLAIM_COLUMNS
from infercheck.prices.cost import cost_expression

PRICES = {  # USD per million tokens: input, cache read, cache write, output
    ("p", "dear", "default"): (10, 1, 12.5, 40),
    ("p", "dear", "batch"): (5, None, None, 20),
    ("p", "cheap", "default"): (1, 0.1, 1.25, 4),
    ("p", "cheap", "batch"): (0.5, None, None, 2),
    ("p", "dearer", "default"): (30, 3, 37.5, 120),
    (None, "nameless", "default"): (1, 0.1, 1.25, 4),
}

CALL_COLUMNS = (
    "call_id BIGINT, provider VARCHAR, model VARCHAR, day DATE, tier VARCHAR, operation VARCHAR, input_tokens BIGINT, "
    "cache_read_tokens BIGINT, cache_write_5m_tokens BIGINT, cache_write_1h_tokens BIGINT, output_tokens BIGINT, "
    "computed_usd DECIMAL(38,12), billed_usd DECIMAL(38,12), cost_basis VARCHAR"
)


def build(calls: list[dict[str, Any]], claims: list[dict[str, Any]]) -> Engine:
    """An engine with prices, priced calls and claims, settled."""
    engine = Engine(threads=1)
    engine.create_canonical("calls", "prices")
    for (provider, model, tier), (inp, read, write, out) in PRICES.items():
        engine.execute(
            "INSERT INTO prices (provider, model, day, tier, min_input_tokens, input_usd, cache_read_usd, cache_write_5m_usd, output_usd, "
            "request_usd, estimated) VALUES (?, ?, DATE '2026-01-05', ?, 0, ?, ?, ?, ?, 0, FALSE)",
            [provider, model, tier, *(None if v is None else Decimal(str(v)) / 1_000_000 for v in (inp, read, write, out))],
        )
    engine.execute(f"CREATE TEMP TABLE priced_calls ({CALL_COLUMNS})")
    for call in calls:
        engine.execute(
            "INSERT INTO priced_calls VALUES (?, 'p', ?, DATE '2026-01-05', 'default', 'chat', ?, ?, ?, 0, ?, NULL, ?, NULL)",
            [call["id"], call["model"], call["input"], call["read"], call.get("written", 0), call["output"], None],
        )
        engine.execute("INSERT INTO calls (call_id) VALUES (?)", [call["id"]])
    engine.execute(
        "UPDATE priced_calls SET computed_usd = (SELECT "
        + cost_expression("x", "p")
        + " FROM (SELECT priced_calls.*, CAST(NULL AS BIGINT) AS audio_input_tokens, CAST(NULL AS BIGINT) AS audio_output_tokens) x, prices p "
        "WHERE p.model = x.model AND p.tier = x.tier)"
    )
    for call in calls:
        engine.execute(
            "UPDATE priced_calls SET billed_usd = CAST(computed_usd * ? AS DECIMAL(38, 12)) WHERE call_id = ?",
            [Decimal(call["factor"]), call["id"]],
        )
    engine.create_empty("claims", diagnose.CLAIMS)
    for claim in claims:
        names = ", ".join(f'"{n}"' for n in claim)
        engine.execute(f"INSERT INTO claims ({names}) VALUES ({', '.join('?' for _ in claim)})", list(claim.values()))
    settle.settle(engine)
    return engine


def claim(rule: str, call: int, grade: str = "structural", **what: Any) -> dict[str, Any]:
    assert set(what) <= set(CLAIM_COLUMNS)
    return {"rule": rule, "step": 2, "fix": "caching", "grade": grade, "subject": "w", "call_id": call, **what}


def call(number: int = 1, model: str = "dear", inp: int = 1000, read: int = 0, out: int = 100, factor: str = "1") -> dict[str, Any]:
    return {"id": number, "model": model, "input": inp, "read": read, "output": out, "factor": factor}


def saved(engine: Engine) -> dict[tuple[str, str], Decimal]:
    return {(rule, kind): usd for rule, kind, usd in engine.rows("SELECT rule, kind, saved_usd FROM settled")}


def test_a_dropped_call_takes_no_other_claim() -> None:
    with build([call()], [claim("a", 1, drop=True), claim("b", 1, route_to="p/cheap")]) as engine:
        assert saved(engine) == {("a", "drop"): Decimal("0.014"), ("b", "route_to"): 0}


def test_a_heuristic_route_does_not_eat_a_sure_cache_saving() -> None:
    claims = [claim("h", 1, "heuristic", route_to="p/cheap"), claim("s", 1, cache_read_tokens=1000)]
    with build([call()], claims) as engine:
        # 1,000 input tokens: 0.010 uncached, 0.001 read; the route then saves nine tenths of the remaining 0.005.
        assert saved(engine) == {("s", "cache"): Decimal("0.009"), ("h", "route_to"): Decimal("0.0045")}


def test_a_discount_scales_the_saving_and_never_turns_it_negative() -> None:
    with build([call(factor="0.1")], [claim("r", 1, route_to="p/cheap")]) as engine:
        assert saved(engine) == {("r", "route_to"): Decimal("0.00126")}


def test_a_dearer_route_is_not_advised() -> None:
    with build([call()], [claim("r", 1, route_to="p/dearer")]) as engine:
        assert saved(engine) == {("r", "route_to"): 0}


def test_a_target_of_a_log_that_names_no_provider_has_the_price_of_its_name() -> None:
    with build([call()], [claim("r", 1, route_to="nameless")]) as engine:
        assert saved(engine) == {("r", "route_to"): Decimal("0.0126")}


def test_an_unknown_target_saves_nothing() -> None:
    with build([call()], [claim("r", 1, route_to="p/nobody-knows")]) as engine:
        assert saved(engine) == {("r", "route_to"): 0}


def test_the_first_writer_pays_the_premium_and_the_finding_is_net() -> None:
    claims = [claim("c", 1, cache_write_tokens=1000), claim("c", 2, cache_read_tokens=1000)]
    with build([call(1), call(2)], claims) as engine:
        rows = dict(engine.rows("SELECT call_id, saved_usd FROM settled"))
        assert rows == {1: Decimal("-0.0025"), 2: Decimal("0.009")}


def test_what_was_trimmed_is_not_cached_as_well() -> None:
    """A passage of 300 tokens stands twice in a shared prefix of 600: once it stands there once, 300 are left to be written and read."""
    trims = [claim("twice", n, trim_input_tokens=300) for n in (1, 2)]
    caches = [claim("prefix", 1, cache_write_tokens=600), claim("prefix", 2, cache_read_tokens=600)]
    with build([call(1), call(2)], [*trims, *caches]) as engine:
        rows = {(rule, call_id): usd for rule, call_id, usd in engine.rows("SELECT rule, call_id, saved_usd FROM settled")}
    # 300 tokens at 10 each; then 300 at 12.5 instead of 10 for the writer, at 1 for the reader
    assert rows == {
        ("twice", 1): Decimal("0.003"),
        ("twice", 2): Decimal("0.003"),
        ("prefix", 1): Decimal("-0.00075"),
        ("prefix", 2): Decimal("0.0027"),
    }


def test_a_cache_that_costs_more_than_it_saves_is_settled_at_nothing() -> None:
    claims = [claim("c", 1, cache_write_tokens=1000), claim("c", 2, cache_read_tokens=100)]
    with build([call(1), call(2)], claims) as engine:
        assert {usd for (usd,) in engine.rows("SELECT saved_usd FROM settled")} == {Decimal(0)}


def test_batch_of_a_model_without_batch_price_saves_nothing() -> None:
    with build([call(model="dearer")], [claim("b", 1, service_tier="batch")]) as engine:
        assert saved(engine) == {("b", "service_tier"): 0}


def test_unknown_bill_is_unknown_saving() -> None:
    with build([call(inp=1000)], []) as engine:
        engine.execute("UPDATE priced_calls SET billed_usd = NULL")
        engine.execute(
            "INSERT INTO claims (rule, step, fix, grade, subject, call_id, \"drop\") VALUES ('a', 2, 'caching', 'structural', 'w', 1, TRUE)"
        )
        settle.settle(engine)
        assert engine.rows("SELECT saved_usd, alone_usd FROM settled") == [(None, None)]


def test_without_a_list_price_a_saving_is_unknown_unless_the_whole_call_goes() -> None:
    """The log bills the calls, but no price says which part of the bill a token is."""
    claims = [claim("t", 1, trim_input_tokens=100), claim("t", 2, trim_input_tokens=100), claim("d", 2, drop=True)]
    with build([call(1, model="nobody-knows"), call(2, model="nobody-knows")], claims) as engine:
        engine.execute("UPDATE priced_calls SET billed_usd = 1")
        settle.settle(engine)
        rows = {
            (rule, call_id): (alone, once)
            for rule, call_id, alone, once in engine.rows("SELECT rule, call_id, alone_usd, saved_usd FROM settled")
        }
        assert rows == {("t", 1): (None, None), ("t", 2): (None, 0), ("d", 2): (1, 1)}


CALLS = st.lists(
    st.builds(
        call,
        model=st.sampled_from(["dear", "cheap"]),
        inp=st.integers(0, 100_000),
        read=st.integers(0, 2000),
        out=st.integers(0, 5000),
        factor=st.sampled_from(["1", "0.37", "1.5", "0.0001"]),
    ),
    min_size=1,
    max_size=5,
)
WHAT = st.one_of(
    st.fixed_dictionaries({"drop": st.just(True)}),
    st.fixed_dictionaries({"route_to": st.sampled_from(["p/cheap", "p/dearer", "q/none"])}),
    st.fixed_dictionaries({"trim_input_tokens": st.integers(1, 200_000)}),
    st.fixed_dictionaries({"trim_output_tokens": st.integers(1, 9000)}),
    st.fixed_dictionaries({"cache_read_tokens": st.integers(1, 200_000), "cache_write_tokens": st.integers(0, 50_000)}),
    st.fixed_dictionaries({"service_tier": st.just("batch")}),
)
CLAIMS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 4), st.sampled_from(["measured", "structural", "heuristic"]), WHAT), max_size=12
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=CALLS, claims=CLAIMS, seed=st.integers(0, 9))
def test_settlement_is_bounded_and_independent_of_order(calls: list[dict[str, Any]], claims: list[Any], seed: int) -> None:
    for number, item in enumerate(calls):
        item["id"] = number
    rows = [claim(rule, target % len(calls), grade, **what) for rule, target, grade, what in claims]
    with build(calls, rows) as engine:
        once = sorted(engine.rows("SELECT rule, call_id, kind, grade, saved_usd, alone_usd FROM settled"), key=str)
        for call_id, billed, total in engine.rows("SELECT call_id, max(billed_usd), sum(saved_usd) FROM settled GROUP BY call_id"):
            assert total <= billed, call_id
        assert all(usd >= 0 or kind == "cache" for _, _, kind, _, usd, _ in once)
    shuffled_calls, shuffled = list(calls), list(rows)
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    random.Random(seed + 1).shuffle(shuffled_calls)  # noqa: S311
    with build(shuffled_calls, shuffled) as engine:
        assert sorted(engine.rows("SELECT rule, call_id, kind, grade, saved_usd, alone_usd FROM settled"), key=str) == once


@pytest.mark.parametrize("name", ["priced_calls"])
def test_the_view_and_settlement_price_alike(name: str) -> None:
    from infercheck import rulebook

    body = "".join(rulebook.load().views[name].file.body.split())
    assert "".join(cost_expression("c", "p").split()) in body


def test_a_write_that_nobody_reads_goes_before_the_cache_is_put_to_use() -> None:
    """Else the claim that ends the logged write would also take back the price of the write that another claim needs."""
    one = call() | {"written": 800}
    claims = [claim("unread", 1, drop_cache_write=True), claim("reads", 1, cache_read_tokens=500, cache_write_tokens=300)]
    with build([one], claims) as engine:
        usd = saved(engine)
    assert usd["unread", "drop_cache_write"] == Decimal("0.002")  # 800 tokens at 10 instead of 12.5
    assert usd["reads", "cache"] == Decimal("0.00375")  # 500 tokens at 1 instead of 10, 300 at 12.5 instead of 10


def test_the_last_claims_take_from_what_the_first_left_and_all_elsewhere() -> None:
    claims = [claim("long", 1, trim_output_tokens=100), *(claim("batch", n, "heuristic", service_tier="batch") for n in (1, 2))]
    with build([call(1), call(2)], claims) as engine:
        found = engine.rows("SELECT call_id, alone_usd, saved_usd FROM settled WHERE rule = 'batch' ORDER BY call_id")
    # 1,000 tokens at 10 in and 100 at 40 out cost half as batch; of call 1 only the input is left to be halved.
    assert found == [(1, Decimal("0.007"), Decimal("0.005")), (2, Decimal("0.007"), Decimal("0.007"))]
