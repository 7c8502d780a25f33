"""The rules of steps 1 and 2 against planted faults: ``python benchmarks/cost_truth.py [--seeds A-B]``, or ``make cost-truth``.

Each seed is a log of its own (planted.py). A rule's precision is the share of its claims that lie on calls planted for it (claims that another
plant permits are left out), its recall the share of the planted calls that it claims, and its dollar error the difference between what its claims
save by themselves and what the plant says, over the latter. Writes COST_TRUTH.md; ends with 1 when a rule is below its bar.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from infercheck import AnalyzeOptions, export_claims
from planted import World, build, write
from plants import PLANTS

PRECISION, RECALL, DOLLARS = 0.95, 0.90, 0.05
SEEDS = range(101, 125)
LINES_A_FILE = 2**32


@dataclass
class Tally:
    """One rule over all logs."""

    claims: int = 0
    right: int = 0
    wanted: int = 0
    found: int = 0
    planted_usd: float = 0.0
    claimed_usd: float = 0.0
    grades: set[str] = field(default_factory=set)
    wrong_on: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def precision(self) -> float | None:
        """Claims on planted calls over all claims."""
        return self.right / self.claims if self.claims else None

    @property
    def recall(self) -> float | None:
        """Planted calls that are claimed over all of them."""
        return self.found / self.wanted if self.wanted else None

    @property
    def error(self) -> float | None:
        """Relative error of the dollars; None where the rule's dollars are an opinion (heuristic) or nothing was billed."""
        return self.claimed_usd / self.planted_usd - 1 if self.planted_usd > 0 and self.grades - {"heuristic"} else None

    def misses(self) -> list[str]:
        """The bars that it is below."""
        found = []
        if self.precision is not None and self.precision < PRECISION:
            found.append("precision")
        if self.recall is not None and self.recall < RECALL:
            found.append("recall")
        if self.error is not None and abs(self.error) > DOLLARS:
            found.append("dollars")
        return found


def judge(tallies: dict[str, Tally], world: World, call_of: dict[int, str], claims: pl.DataFrame) -> None:
    """Add one log to the tallies."""
    claimed: dict[str, set[str]] = defaultdict(set)
    rules = {rule for rule in world.blame if " " not in rule}
    for rule, call_id, grade, alone in claims.select("rule", "call_id", "grade", "alone_usd").iter_rows():
        if call_id is None:
            continue
        call, tally = call_of[call_id % LINES_A_FILE], tallies[rule]
        claimed[rule].add(call)
        if call in world.blame.get(rule, {}) or call not in world.allowed.get(rule, ()):
            tally.grades.add(grade)
        if call in world.blame.get(rule, {}) or call in world.blame.get(f"{rule} (writes)", {}):
            tally.claimed_usd += float(alone or 0)
    for rule, calls in claimed.items():
        blamed, permitted = world.blame.get(rule, {}), world.allowed.get(rule, set())
        tally = tallies[rule]
        for call in calls - permitted if not blamed else calls - (permitted - set(blamed)):
            tally.claims += 1
            tally.right += call in blamed
            if call not in blamed:
                tally.wrong_on[world.records[int(call.removeprefix("call-"))]["request_tags"][0]] += 1
    for rule in rules:
        tally = tallies[rule]
        tally.wanted += len(world.blame[rule])
        tally.found += len(claimed[rule] & set(world.blame[rule]))
        tally.planted_usd += sum(usd or 0.0 for usd in world.blame[rule].values())
        tally.planted_usd += sum(usd or 0.0 for usd in world.blame.get(f"{rule} (writes)", {}).values())


def run(seeds: Iterable[int], only: str = "", *, verbose: bool = False) -> dict[str, Tally]:
    """Make, analyse and judge a log a seed."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        for seed in seeds:
            world, path = build(seed, PLANTS, only), Path(folder) / f"{seed}.jsonl"
            call_of = write(world, path)
            judge(tallies, world, call_of, export_claims([path], options=AnalyzeOptions(use_ledger=False)))
            path.unlink()
            if verbose:
                print(f"seed {seed}: {len(world.records):,} calls, {len(world.apps)} workloads", file=sys.stderr)
    return tallies


def judged(tallies: dict[str, Tally]) -> dict[str, Tally]:
    """The rules that were planted, by name."""
    return {rule: tallies[rule] for rule in sorted(tallies) if tallies[rule].wanted}


def table(tallies: dict[str, Tally]) -> str:
    """The tallies as Markdown."""

    def shown(value: float | None, sign: str = "") -> str:
        return "–" if value is None else f"{value:{sign}.3f}" if not sign else f"{100 * value:+.1f}%"

    lines = ["| rule | planted | recall | claims | precision | dollars | below its bar |", "|---|---:|---:|---:|---:|---:|---|"]
    for rule, t in judged(tallies).items():
        lines.append(
            f"| {rule} | {t.wanted:,} | {shown(t.recall)} | {t.claims:,} | {shown(t.precision)} | {shown(t.error, '+')} | {', '.join(t.misses())} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Write COST_TRUTH.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=f"{SEEDS.start}-{SEEDS.stop - 1}")
    parser.add_argument("--only", default="", help="one plant by name, in every log")
    args = parser.parse_args()
    first, last = map(int, args.seeds.split("-"))
    tallies = run(range(first, last + 1), args.only, verbose=True)
    print(table(tallies))
    for rule, tally in judged(tallies).items():
        if tally.wrong_on:
            print(rule, dict(tally.wrong_on), file=sys.stderr)
    if not args.only:
        page = [
            "# The rules of steps 1 and 2 against planted faults",
            "",
            f"`make cost-truth` writes this file: {last - first + 1} logs, seeds {first} to {last}, planted by `plants.py`.",
            f"Bars: precision >= {PRECISION}, recall >= {RECALL}, dollars of structural and measured rules within {DOLLARS:.0%} of the planted ones.",
            "A dash under dollars: the rule is heuristic, or what was planted was not billed.",
            "",
            table(tallies),
            "",
        ]
        Path(__file__).with_name("COST_TRUTH.md").write_text("\n".join(page), encoding="utf-8")
    sys.exit(1 if any(t.misses() for t in judged(tallies).values()) else 0)


if __name__ == "__main__":
    main()
