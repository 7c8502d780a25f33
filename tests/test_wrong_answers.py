"""The dearest wrong answers that a cost report can give, each held off by a log that invites it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from infercheck import AnalyzeOptions, analyze, export_calls, export_claims
from infercheck.render.figures import cost_of_success
from infercheck.render.money import usd
from logs import call, failed, write

OPTIONS = AnalyzeOptions(use_ledger=False)
Row = dict[str, Any]


def billed(row: Row, usd: float = 0.0004) -> Row:
    """A failure that the provider charged for."""
    usage = {"prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}
    return row | {
        "response_cost": usd,
        "prompt_tokens": 400,
        "completion_tokens": 40,
        "metadata": row["metadata"] | {"usage_object": usage},
    }


def ends(row: Row, reason: str) -> Row:
    """The same answer with another finish reason."""
    return row | {"response": {"choices": [row["response"]["choices"][0] | {"finish_reason": reason}]}}


def again(row: Row, number: int, at_s: float, **changes: Any) -> Row:
    """The same request once more, with ids of its own."""
    took = row["endTime"] - row["startTime"]
    start = row["startTime"] + at_s
    ids = {k: f"{row[k]}-{number}" for k in ("id", "litellm_call_id", "trace_id")}
    return row | ids | {"startTime": start, "endTime": start + took, "completionStartTime": start + took} | changes


def test_unpriced_calls_are_never_called_clean(tmp_path: Path) -> None:
    one = call(1, app="triage", model="Qwen/own-7b", provider="hosted_vllm", question="Which label?", temperature=0)
    rows = [row | {"response_cost": 0.0} for row in (one, *(again(one, n, 60.0 * n) for n in range(1, 40)))]
    report = analyze([write(tmp_path / "log.jsonl", rows)], options=OPTIONS)
    head = report.headline
    assert (head.spend_usd, head.cost_per_successful_outcome_usd, head.cost_parts, head.system_share_of_spend) == (None, None, None, None)
    assert head.spend_parts == []
    assert "unknown, not zero" in head.verdict
    assert report.coverage.unpriced_models == ["hosted_vllm/Qwen/own-7b"]
    assert report.findings, "the repeats are found all the same"
    assert all(f.counted_once_usd is None for f in report.findings if f.rule == "duplicate_request")
    assert all(item.saves_usd is None for item in report.plan)


def test_a_trace_does_not_pass_for_its_priced_part(tmp_path: Path) -> None:
    """A cheap step with a price and a dear one without: their sum is unknown. Other traces, all of them priced, tell the cost of a success."""
    rows: list[Row] = []
    for n in range(40):
        rows.append(call(n, at_s=60.0 * n, app="rewriter"))
        dear = call(n, at_s=60.0 * n + 3, app="answer", provider="azure", model="prod-chat", tokens=(9000, 400))
        rows.append(dear | {"trace_id": rows[-1]["trace_id"], "response_cost": 0.0})
    head, notes = (report := analyze([write(tmp_path / "part.jsonl", rows)], options=OPTIONS)).headline, report.coverage.notes
    assert head.spend_usd and head.successful_outcomes == 40
    assert (head.cost_per_successful_outcome_usd, head.clean_cost_usd, head.cost_parts) == (None, None, None)
    assert cost_of_success(head) == f"unknown, at least {usd(head.spend_usd / 40)}"
    assert any(note.startswith("40 of the successful outcomes hold a call without a price") for note in notes)
    assert "of the tokens have no price" in head.verdict and "the models' own price" not in head.verdict

    whole = [call(1000 + n, at_s=60.0 * n, app="rewriter") for n in range(10)]
    head = analyze([write(tmp_path / "mixed.jsonl", [*rows, *whole])], options=OPTIONS).headline
    assert head.cost_per_successful_outcome_usd == Decimal(str(whole[0]["response_cost"]))


def test_a_saving_that_no_list_price_tells_is_not_zero(tmp_path: Path) -> None:
    row = call(1, app="faq", provider="azure", model="prod-chat", question="Where is it?", temperature=0)
    rows = [again(row, n, 60.0 * n, response_cost=0.01) for n in range(20)]
    tools = [{"type": "function", "function": {"name": f"t{n}", "description": "What it does, at length. " * 20}} for n in range(12)]
    for n, one in enumerate(rows):
        one["messages"] = [one["messages"][0], {"role": "user", "content": f"Where is parcel {n}?"}]
        one["model_parameters"] = one["model_parameters"] | {"tools": tools}
        one["prompt_tokens"] = 2000
    report = analyze([write(tmp_path / "log.jsonl", rows)], options=OPTIONS)
    (finding,) = [f for f in report.findings if f.rule == "unused_tool_schemas"]
    assert (finding.alone_usd, finding.counted_once_usd) == (None, None)
    (item,) = [i for i in report.plan if finding.id in i.findings]
    assert item.saves_usd is None
    assert "no list price for azure/prod-chat: a [[price]]" in item.what
    assert any(note.startswith("no list price for azure/prod-chat") for note in report.coverage.notes)


def test_a_label_of_one_token_is_no_failure(tmp_path: Path) -> None:
    def share(tokens: int) -> tuple[int | None, int]:
        rows = [ends(call(n, at_s=30.0 * n, app="router", tokens=(400, tokens), answer="B"), "length") for n in range(30)]
        head = analyze([write(tmp_path / f"{tokens}.jsonl", rows)], options=OPTIONS).headline
        return head.successful_outcomes, head.outcomes

    assert share(1) == (30, 30)
    assert share(800) == (0, 30)


def test_the_needed_call_is_never_waste(tmp_path: Path) -> None:
    """Of every request that was answered in the end, one whole answer is left: whatever the rules take, and however they add up."""
    rows: list[Row] = []
    for n in range(6):
        first = call(n, at_s=3600 * n, question=f"storm {n}", temperature=0)
        storm = [billed(failed(again(first, k, 5.0 * k))) for k in range(4)]
        rows += [*storm, again(first, 9, 25.0)]
        slow = call(100 + n, at_s=3600 * n + 600, question=f"impatient {n}", took_s=9, temperature=0)
        rows += [slow, again(slow, 1, 4.0), again(slow, 2, 8.0)]
        cut = ends(call(200 + n, at_s=3600 * n + 1200, question=f"cut off {n}", temperature=0), "length")
        rows += [cut, again(cut, 1, 3.0), again(cut, 2, 6.0, response=ends(cut, "stop")["response"])]
        fell = billed(failed(call(300 + n, at_s=3600 * n + 1800, question=f"fallback {n}", temperature=0), "500", "InternalServerError"))
        answer = call(300 + n, at_s=3600 * n + 1810, model="gpt-4o", question=f"fallback {n}", temperature=0)
        rows += [fell, answer | {"id": f"{answer['id']}-b"}]
        rows += [again(call(400 + n, at_s=3600 * n + 2400, question=f"popular {n}", temperature=0), k, 30.0 * k) for k in range(5)]
    log = write(tmp_path / "log.jsonl", rows)
    dropped = export_claims([log], options=OPTIONS).filter(pl.col("kind") == "drop")
    assert {"retry_storm", "impatient_client", "truncated_then_repeated", "duplicate_request", "fallback_paid_twice"} <= set(
        dropped["rule"]
    )
    lost = {(r["source_call_id"], r["billed_usd"]) for r in dropped.iter_rows(named=True)}
    calls = export_calls([log], options=OPTIONS)
    question = {row["litellm_call_id"]: row["messages"][1]["content"] for row in rows}
    whole = [r for r in calls.iter_rows(named=True) if r["status"] == "ok" and r["finish_reason"] == "stop"]
    kept = {question[r["source_call_id"]] for r in whole if (r["source_call_id"], r["billed_usd"]) not in lost}
    assert kept == {question[r["source_call_id"]] for r in whole}


def test_successful_polling_is_no_retry_loop(tmp_path: Path) -> None:
    poll = call(1, app="depot-watch", question="Is parcel 17 there yet?", answer="No.", tokens=(300, 2), took_s=0.4)
    rows = [again(poll, n, 5.0 * n) for n in range(200)]
    probe = ends(call(2, app="probe", question="ping", answer="p", tokens=(8, 1), took_s=0.3), "length")
    rows += [again(probe, n, 10.0 * n) for n in range(100)]
    found = {f.rule for f in analyze([write(tmp_path / "log.jsonl", rows)], options=OPTIONS).findings}
    retries = {
        "retry_storm",
        "layered_retries",
        "impatient_client",
        "retry_of_permanent_error",
        "tool_loop",
        "truncated_then_repeated",
        "runaway_trace",
    }
    assert not found & retries


def test_nobody_who_waits_is_advised_to_batch(tmp_path: Path) -> None:
    """People, and callers of whom nobody knows whether they wait, share a deployment with a nightly job: only the job may wait."""
    rows = [call(n, at_s=7.0 * n, app="help-desk", user=f"u{n % 9}", model="gpt-4o") for n in range(60)]
    rows += [call(n, at_s=7.0 * n + 1, app="reports", model="gpt-4o", question=f"report {n}") for n in range(60)]
    rows += [call(n, at_s=7.0 * n + 2, app="nightly-batch", model="gpt-4o", question=f"job {n}") for n in range(60)]
    log = write(tmp_path / "log.jsonl", rows)
    report = analyze([log], options=OPTIONS)
    classes = {w.workload: w.klass for w in report.spend.by_workload}
    assert classes == {"help-desk": "interactive", "reports": "unknown", "nightly-batch": "background"}
    assert {item.subject for item in report.plan if item.fix == "batching"} == {"nightly-batch"}
    tiers = export_claims([log], options=OPTIONS).filter(pl.col("kind") == "service_tier")
    assert set(tiers["subject"]) == {"nightly-batch"}


def test_a_cache_never_saves_more_than_the_input_that_was_billed(tmp_path: Path) -> None:
    """Long shared openings, partly cached already, written for nothing or read: no call saves more than its uncached input cost."""
    handbook = "The rules of the parcel service. " * 700
    rows = []
    for n in range(60):
        row = call(n, at_s=40.0 * n, app="policy", model="claude-sonnet-4-6", provider="anthropic", tokens=(6000, 120))
        cached, written = (0, 0) if n % 4 else (2000, 1500)
        usage = {
            "prompt_tokens_details": {"cached_tokens": cached},
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": written,
        }
        cost = ((6000 - cached - written) * 3 + cached * 0.3 + written * 3.75 + 120 * 15) / 1e6
        messages = [{"role": "system", "content": handbook}, row["messages"][1]]
        rows.append(row | {"messages": messages, "metadata": row["metadata"] | {"usage_object": usage}, "response_cost": cost})
    log = write(tmp_path / "log.jsonl", rows)
    saved = export_claims([log], options=OPTIONS).filter(pl.col("kind").is_in(["cache", "drop_cache_write"]))
    assert saved["saved_usd"].sum() > 0
    per_call = {r[0]: float(r[1]) for r in saved.group_by("source_call_id").agg(pl.col("saved_usd").sum()).iter_rows()}
    for r in export_calls([log], options=OPTIONS).iter_rows(named=True):
        uncached = r["input_tokens"] - r["cache_read_tokens"] - r["cache_write_5m_tokens"]
        assert per_call.get(r["source_call_id"], 0.0) <= (uncached * 3 + r["cache_write_5m_tokens"] * 3.75) / 1e6 + 1e-9


def test_traffic_that_two_tools_logged_under_names_of_their_own_is_not_summed_without_a_word(tmp_path: Path) -> None:
    rows = [call(n, at_s=7.0 * n) | {"prompt_tokens": 300 + n} for n in range(30)]
    gateway = write(tmp_path / "gateway.jsonl", rows)

    def traced(later_s: float) -> Path:
        return write(
            tmp_path / f"app-{later_s}.jsonl",
            [
                {
                    "ts": row["startTime"] + later_s,
                    "latency_ms": 900,
                    "request": {"model": "gpt-4o-mini", "messages": row["messages"]},
                    "response": {
                        "id": f"chatcmpl-app-{n}",
                        "object": "chat.completion",
                        "model": "gpt-4o-mini-2024-07-18",
                        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
                        "usage": {"prompt_tokens": row["prompt_tokens"], "completion_tokens": row["completion_tokens"]},
                    },
                }
                for n, row in enumerate(rows)
            ],
        )

    def told(*paths: Path) -> list[str]:
        return [note for note in analyze(list(paths), options=OPTIONS).coverage.notes if "count it twice" in note]

    assert [
        note.startswith("30 calls of litellm_standard_logging have a twin in provider_pairs") for note in told(gateway, traced(0.0))
    ] == [True]
    assert told(gateway, traced(3600.0)) == []

    sums = "source_call_id,started_at,model,input_tokens,output_tokens"
    lines = [
        f"t{n},{datetime.fromtimestamp(row['startTime'], UTC).isoformat()},gpt-4o-mini,{row['prompt_tokens']},{row['completion_tokens']}"
        for n, row in enumerate(rows)
    ]
    third = tmp_path / "third.csv"
    third.write_text("\n".join([sums, *lines]) + "\n")
    thrice = [note for note in analyze([gateway, traced(0.0), third], options=OPTIONS).coverage.notes if "count it" in note]
    assert len(thrice) == 1, "one line names all three"
    assert "count it 3 times" in thrice[0]


def test_a_tier_without_a_price_is_not_passed_off_as_priced(tmp_path: Path) -> None:
    def told(provider: str, tier: str) -> list[str]:
        sums = "source_call_id,started_at,provider,model,service_tier,input_tokens,output_tokens"
        path = tmp_path / f"{provider}-{tier}.csv"
        path.write_text(f"{sums}\na,2026-10-20T12:00:00Z,{provider},gpt-4o,{tier},1000,100\n")
        return [note for note in analyze([path], options=OPTIONS).coverage.notes if "standard price used" in note]

    assert told("azure", "batch") == ["1 call ($0.00350) in tier batch: no batch price known, standard price used"]
    assert told("azure", "by-contract") == ["1 call ($0.00350) in tier by-contract: no by-contract price known, standard price used"]
    assert told("openai", "batch") == told("azure", "standard") == told("azure", "default") == []


def test_sound_at_the_price_of_text_is_not_passed_off_as_its_cost(tmp_path: Path) -> None:
    row = call(1, model="gpt-4o-audio-preview") | {"response_cost": 0.0}
    usage = {"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 300}, "completion_tokens_details": {"audio_tokens": 0}}
    heard = row | {"metadata": row["metadata"] | {"usage_object": usage}}
    told = [
        [note for note in analyze([write(tmp_path / name, [r])], options=OPTIONS).coverage.notes if "audio" in note]
        for name, r in (("text.jsonl", row), ("sound.jsonl", heard))
    ]
    assert told[0] == []
    assert told[1] == ["1 call has audio tokens but no audio price in the list: counted at the text price, and may cost more"]


def test_an_answer_without_usage_is_not_free(tmp_path: Path) -> None:
    rows = [call(n, at_s=60.0 * n, tokens=(0, 0) if n % 2 else (400, 120)) for n in range(20)]
    report = analyze(write(tmp_path / "log.jsonl", rows), options=OPTIONS)
    assert any(note.startswith("10 answers carry no usage: their cost is unknown, not zero") for note in report.coverage.notes)
    spend, each = report.headline.spend_usd, report.headline.cost_per_successful_outcome_usd
    assert spend is not None and each is not None
    assert each * 10 == spend, "the half that is known"
