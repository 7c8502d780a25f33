"""The rules of step 3 against made worlds: ``python benchmarks/latency_truth.py [--seeds A-B]``, or ``make latency-truth``.

Each seed is a log of its own (latency_world.py), analysed as any log is, and held against what no log tells: which deployment booted when, how many
slots it has, and what each call would have waited without the jobs. Writes LATENCY_TRUTH.md; ends with 1 when a bar is not met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from infercheck import diagnose, ingest, pools, prepare, rulebook, sources
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from latency_judges import MIN_CALLS, MIN_RUNS, RULES, Tallies, Tally, judge
from latency_log import build, write
from latency_world import MOST_CALLS

SEEDS = range(553, 589)  # none of them was looked at while the rules were written
SEEN = range(501, 553)  # these were
REPLAY_SEEN = range(553, 565)  # these were, when the replay behind "separation" was


@dataclass(frozen=True)
class Bar:
    """What a tally must reach; None where nothing is asked."""

    precision: float | None = None
    recall: float | None = None
    effect: float | None = None
    most_found: float | None = None  # of a placebo: the share that may be claimed


EFFECT = 0.15
BARS = {
    "classes": Bar(precision=0.95),
    "cold_start": Bar(precision=0.95, recall=0.85, effect=EFFECT),
    "pairs slowed by jobs": Bar(precision=0.95, recall=0.85, effect=EFFECT),
    "runs that slow": Bar(precision=0.95, recall=0.85),
    "placebo pairs": Bar(most_found=0.05),
    "queueing_onset": Bar(precision=0.9),
    "separation": Bar(precision=1.0),
}
MEANING = {
    "classes": "workloads called interactive or background; unknown is no claim",
    "cold_start": "boots after a pause",
    "pairs slowed by jobs": "an interactive workload on a deployment with jobs",
    "runs that slow": "the same, run by run of the jobs",
    "placebo pairs": "pairs that the jobs do not slow",
    "queueing_onset": "brackets that hold the true number of slots",
    "separation": "p95 without the jobs foretold within 20%",
}


def misses(name: str, tally: Tally) -> list[str]:
    """The bars that a tally is below."""
    bar, found = BARS[name], []
    if bar.precision is not None and tally.precision is not None and tally.precision < bar.precision:
        found.append(f"precision {bar.precision}")
    if bar.recall is not None and tally.recall is not None and tally.recall < bar.recall:
        found.append(f"recall {bar.recall}")
    if bar.effect is not None and tally.effect is not None and abs(tally.effect - 1) > bar.effect:
        found.append(f"effect within {bar.effect:.0%}")
    if bar.most_found is not None and tally.recall is not None and tally.recall > bar.most_found:
        found.append(f"at most {bar.most_found:.0%}")
    return found


@contextmanager
def diagnosed(path: Path) -> Iterator[Engine]:
    """The log at ``path`` as ``analyze`` sees it, with the claims of the rules under test."""
    config, book = Config.load(None), rulebook.load()
    with Engine(threads=2) as engine:
        read = ingest.ingest(engine, [str(path)], among=sources.known(config.source, where=config.where))
        ingest.open_scope(engine, read)
        prepare.prepare(engine, config)
        done = diagnose.diagnose(engine, book, select=RULES)
        for skipped in done.not_checked:
            print(f"not checked: {skipped.rule}: {skipped.reason}", file=sys.stderr)
        diagnose.make_views(engine, book, ("workloads", *pools.VIEWS))
        yield engine


def run(seeds: Iterable[int], *, verbose: bool = False, most_calls: int = MOST_CALLS) -> Tallies:
    """Make, analyse and judge a log a seed."""
    tallies: Tallies = defaultdict(Tally)
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        for seed in seeds:
            truth, path = build(seed, most_calls=most_calls), Path(folder) / f"{seed}.jsonl"
            write(truth, path)
            with diagnosed(path) as engine:
                judge(truth, engine, tallies)
            path.unlink()
            if verbose:
                print(
                    f"seed {seed}: {sum(map(len, truth.served.values())):,} calls, {len(truth.world.places)} deployments", file=sys.stderr
                )
    return tallies


def table(tallies: Tallies) -> str:
    """The tallies as Markdown."""

    def share(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    head = ("", "to find", "found", "claims", "right", "ms claimed over true", "median", f"within {EFFECT:.0%}", "below its bar")
    lines = [f"| {' | '.join(head)} |", "|---|---:|---:|---:|---:|---:|---:|---:|---|"]
    for name, meaning in MEANING.items():
        t = tallies[name]
        effect, middle = (share(t.effect), f"{median(t.ratios):.2f}") if t.true_ms else ("–", "–")
        near = sum(abs(r - 1) <= EFFECT for r in t.ratios) / len(t.ratios) if t.true_ms and t.ratios else None
        cells = (
            f"{name}: {meaning}",
            f"{t.wanted:,}",
            share(t.recall),
            f"{t.claims:,}",
            share(t.precision),
            effect,
            middle,
            share(near),
            ", ".join(misses(name, t)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(tallies: Tallies, seeds: range, most_calls: int) -> str:
    """LATENCY_TRUTH.md."""
    mixing, cold, separation = tallies["pairs slowed by jobs"], tallies["cold_start"], tallies["separation"]
    spoken = f"{mixing.true_ms / mixing.all_ms:.0%}" if mixing.all_ms else "–"
    replays = "\n".join(separation.shown)
    reasons = "\n".join(f"- {why}: {count}" for why, count in sorted(separation.refused.items(), key=lambda item: (-item[1], item[0])))
    return f"""# The rules of step 3 against made worlds

`make latency-truth` writes this file: {len(seeds)} logs, seeds {seeds.start} to {seeds.stop - 1}, each of some {most_calls:,} calls or more, drawn by
`latency_world.py` from the ranges at its top: slots, utilisation, boots, stalls, bursts, deployments. What is true is known call by call: the same
world runs again without its jobs, and without its boots. The queues of these worlds are held against Erlang's formula in the tests.

{table(tallies)}

- Found and right are recall and precision; of placebo pairs, found is the share that fired (at most 5% may). Milliseconds are summed over all that
  was found; the median and the share within {EFFECT:.0%} are of single boots and pairs.
- What is to be found lies clearly above the rule's own floor, at twice of it: a delay of a fifth of the wait, a boot of a second and of twice the
  wait. Nearer to the floor {mixing.near_found} of {mixing.near} pairs and {cold.near_found} of {cold.near} boots were found. A pair needs
  {MIN_RUNS} runs of the jobs, {MIN_CALLS} calls on either side, and workloads that the log tells apart; what it does not tell is in the first row.
- The jobs' effect is held against the truth on the calls that the rule speaks of: those for which there are like ones away from the jobs. They bear
  {spoken} of the delay by the jobs of the pairs that fired.
- Seeds {SEEN.start} to {SEEN.stop - 1} were used in writing the rules, {REPLAY_SEEN.start} to {REPLAY_SEEN.stop - 1} in writing the replay without
  the jobs, and in nothing else. Where people by themselves wait so long that a log holds fewer
  than eight moments of their queue, the rule claims nothing of what a job adds to it: such pairs count as not found.
- The boot that opens a log is left out: how long nothing ran before it is unknown. A boot's effect is that of all calls that came before it was over,
  those of jobs included.

## Without the jobs: foretold and true

| seed | deployment | seen p95 | foretold | true | off | servers, of slots |
|---|---|---:|---:|---:|---:|---|
{replays}

Not foretold:

{reasons}
"""


def main() -> None:
    """Write LATENCY_TRUTH.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=f"{SEEDS.start}-{SEEDS.stop - 1}")
    parser.add_argument("--calls", type=int, default=MOST_CALLS, help="calls of a log, about")
    args = parser.parse_args()
    first, last = map(int, args.seeds.split("-"))
    seeds = range(first, last + 1)
    tallies = run(seeds, verbose=True, most_calls=args.calls)
    text = page(tallies, seeds, args.calls)
    Path(__file__).with_name("LATENCY_TRUTH.md").write_text(text, encoding="utf-8", newline="\n")
    print(text)
    for name, tally in tallies.items():
        for note in tally.notes:
            print(f"{name}: {note}", file=sys.stderr)
    sys.exit(1 if any(misses(name, tallies[name]) for name in MEANING) else 0)


if __name__ == "__main__":
    main()
