"""What the rules say about a labelled log, held against its labels: ``python benchmarks/truth.py`` writes TRUTH.md.

Labels are read here and in the tests only; the tool never sees them. Precision is over all claims of the rule, recall over the calls (or
traces) that the label calls wasteful and that have a row in the log.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from infercheck import AnalyzeOptions, export_claims

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "litellm_proxy"
LOG = "standard_logging.part1.jsonl.gz"
Truth = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Log:
    """Labels by call id, and the first start of each call that has a row in the log."""

    truth: Truth
    starts: dict[str, float]

    def labelled(self, *names: str) -> set[str]:
        """Calls of these labels that the log holds."""
        return {call for call in self.starts if self.truth[call]["label"] in names}

    def flagged(self, label: str, flag: str) -> set[str]:
        """Calls of a label that carry a flag of their own, such as wasted_loop_call."""
        return {call for call in self.labelled(label) if self.truth[call].get(flag)}


@dataclass(frozen=True)
class Judged:
    """One line of the table: a rule against the calls that a label blames, and against labels that must stay silent."""

    rule: str
    label: str
    wanted: Callable[[Log], set[str]]
    silent_on: tuple[str, ...] = ()
    by_trace: bool = False
    note: str = ""


def _after_first(label: str, group: str) -> Callable[[Log], set[str]]:
    """All but the earliest of each group, by the gateway's clock: the calls that a cache would have answered."""

    def wanted(log: Log) -> set[str]:
        groups: dict[str, list[str]] = {}
        for call in log.labelled(label):
            groups.setdefault(log.truth[call][group], []).append(call)
        return {call for members in groups.values() for call in sorted(members, key=log.starts.__getitem__)[1:]}

    return wanted


JUDGED = (
    Judged("premium_for_short_answers", "premium_trivial", lambda g: g.labelled("premium_trivial"), ("cheap_trivial_ok", "premium_justified")),
    Judged("duplicate_request", "dup_candidate (repeats)", _after_first("dup_candidate", "dup_group"), ("unique",),
           note="one repeat started before the first had been answered: no cache could have served it"),
    Judged("tool_loop", "tool_loop (wasted_loop_call)", lambda g: g.flagged("tool_loop", "wasted_loop_call"), ("agent_ok",),
           note="one labelled call is the second of a pair: the log ends before the third, and the catalogue's rule begins at three"),
    Judged("validation_loop", "validation_loop (wasted_validation_call)", lambda g: g.flagged("validation_loop", "wasted_validation_call"),
           ("validated_first_try",), note="one labelled round is the last that the log holds of its trace"),
    Judged("cache_breaker", "cache_busting_prefix", lambda g: g.labelled("cache_busting_prefix"), ("shared_prefix_cached",),
           note="the first call of an automatic cache neither reads nor pays extra"),
    Judged("uncached_prefix", "shared_prefix_uncached", lambda g: g.labelled("shared_prefix_uncached"), ("shared_prefix_cached",)),
    Judged("impatient_client", "client_timeout_resend (re-sends)",
           lambda g: {c for c in g.labelled("client_timeout_resend") if g.truth[c]["client_attempt"] > 1}, ("ok_no_retry", "dup_candidate"),
           note="many first sends never reached the log (the gateway was overloaded), and some re-sends came over 2 s after the logged end"),
    Judged("serial_steps", "serial_parallelizable (traces)", lambda g: g.labelled("serial_parallelizable"), ("parallel_ok",), by_trace=True),
)  # fmt: skip

# Labels that no rule can be held against on this log, and why.
NOT_HELD = {
    "client_retry_after_429": "most have one re-send only; a storm begins at three sends, and failed sends of the overloaded gateway have no row",
    "router_retry_1, router_retry_2, upstream_timeout_then_retry": "the failed attempts carry no usage: what they were billed is unknown",
    "router_fallback_to_sonnet": "the same: the attempt before the fallback carries no usage",
    "serverless_gpu (true_cold)": "the stalled gateway makes warm calls as slow as cold ones (3.1 s against 3.6 s)",
    "gateway_stall": "the stall is in front of the handler, where the log has not begun",
    "in_burst": "this stretch of the run has no background burst",
    "embedding": "a label of kind, not of waste",
    "interactive": "a label of class: see the test that no interactive workload is called background",
    "55 labels without a row": "connection reset or timed out before the gateway's handler",
}


def read(corpus: Path = CORPUS) -> Log:
    """Labels and log of the corpus."""
    with gzip.open(corpus / "labels.jsonl.gz", "rt", encoding="utf-8") as lines:
        truth = {row["call_id"]: row for row in map(json.loads, lines)}
    starts: dict[str, float] = {}
    with gzip.open(corpus / LOG, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            call = row["litellm_call_id"]
            starts[call] = min(row["startTime"], starts.get(call, row["startTime"]))
    return Log(truth, starts)


def claimed(corpus: Path = CORPUS) -> pl.DataFrame:
    """Every settled claim on the corpus."""
    return export_claims([corpus / LOG], options=AnalyzeOptions(use_ledger=False))


@dataclass(frozen=True)
class Verdict:
    """Figures of one line of the table."""

    judged: Judged
    wanted: int
    found: int
    claims: int
    wrong: dict[str, int]
    on_silent: int

    @property
    def recall(self) -> float:
        """Found over wanted."""
        return self.found / self.wanted

    @property
    def precision(self) -> float | None:
        """Claims on the label over all claims; None without a claim."""
        return None if not self.claims else 1 - sum(self.wrong.values()) / self.claims


def judge(log: Log, claims: pl.DataFrame, judged: Judged) -> Verdict:
    """Hold one rule against its label."""
    found = set(claims.filter(pl.col("rule") == judged.rule)["source_call_id"])
    wanted = judged.wanted(log)
    label = judged.label.split(" ")[0]
    silent = log.labelled(*judged.silent_on)

    def units(calls: Iterable[str]) -> set[str]:
        return {str(log.truth[c]["trace"]) for c in calls} if judged.by_trace else set(calls)

    wrong = Counter(log.truth[c]["label"] for c in found - log.labelled(label))
    return Verdict(judged, len(units(wanted)), len(units(found & wanted)), len(found), dict(wrong), len(found & silent))


def table(verdicts: Iterable[Verdict]) -> str:
    """The table as Markdown."""
    lines = [
        "| rule | label | wanted | recall | claims | precision | claims on innocent neighbours |",
        "|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        precision = "–" if v.precision is None else f"{v.precision:.3f}"
        silent = f"{v.on_silent} on {', '.join(v.judged.silent_on)}" if v.judged.silent_on else "–"
        lines.append(f"| {v.judged.rule} | {v.judged.label} | {v.wanted:,} | {v.recall:.3f} | {v.claims:,} | {precision} | {silent} |")
    return "\n".join(lines)


def page(verdicts: list[Verdict]) -> str:
    """TRUTH.md."""
    notes = [f"- `{v.judged.rule}`: {v.judged.note}." for v in verdicts if v.judged.note and v.recall < 1]
    wrong = [
        f"- `{v.judged.rule}` also claims calls labelled {', '.join(f'{k} ({n})' for k, n in v.wrong.items())}."
        for v in verdicts
        if v.wrong
    ]
    held = [f"- {label}: {why}." for label, why in NOT_HELD.items()]
    return "\n".join(
        [
            "# The rules against a labelled log",
            "",
            "95 seconds of a real LiteLLM proxy in front of a mock upstream, overloaded; made by `python benchmarks/truth.py`.",
            "",
            table(verdicts),
            "",
            "What is missed, and why:",
            "",
            *notes,
            "",
            "Claims outside the label:",
            "",
            *(wrong or ["- none."]),
            "",
            "Labels that this log cannot hold a rule against:",
            "",
            *held,
            "",
        ]
    )


if __name__ == "__main__":
    everything = read()
    frame = claimed()
    Path(__file__).with_name("TRUTH.md").write_text(page([judge(everything, frame, j) for j in JUDGED]), encoding="utf-8")
