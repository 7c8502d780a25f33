"""A made world as a log that the tool reads, and the labels beside it: ``python benchmarks/latency_log.py SEED OUT.jsonl``.

The log is LiteLLM's standard logging for every other seed and infercheck's own columns for the rest. The labels hold what no log tells: slots, boots,
who waits for a workload, and for each call its time to first token had no job been on its deployment.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latency_world import MOST_CALLS, Boot, Job, Served, World, draw

EPOCH = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()


@dataclass
class Truth:
    """A world that has run."""

    world: World
    served: dict[str, list[Served]]
    boots: list[Boot]

    def alone(self, without: Collection[str]) -> dict[str, float]:
        """Seconds to the first token, by call, had the workloads of these names run elsewhere: the same calls with the same service."""
        return {identity(s): s.first - s.start for calls in self.world.run(without=without)[0].values() for s in calls}

    def unbooted(self) -> dict[str, float]:
        """The same had every deployment stayed loaded."""
        return {identity(s): s.first - s.start for calls in self.world.run(boots=False)[0].values() for s in calls}


def build(seed: int, *, most_calls: int = MOST_CALLS) -> Truth:
    """Draw and run a world."""
    world = draw(seed, most_calls=most_calls)
    return Truth(world, *world.run())


def identity(served: Served) -> str:
    """The id of a call in log and labels."""
    return "-".join(map(str, served.call.key))


def rows(truth: Truth) -> Iterator[dict[str, Any]]:
    """The log in infercheck's own columns, in order of start. Half of the jobs are not streamed; one caller in ten names no user."""
    jobs = {j.name: j for j in truth.world.jobs}
    calls = sorted((s for group in truth.served.values() for s in group), key=lambda s: (s.start, s.call.key))
    for s in calls:
        workload, chain, _ = s.call.key
        job = jobs[workload]
        rng = random.Random(f"{truth.world.seed}-{workload}-{chain}")
        streamed = not job.background or random.Random(f"{truth.world.seed}-{workload}").random() < 0.5
        yield {
            "source_call_id": identity(s), "request_id": identity(s), "attempt_key": identity(s), "trace_id": _trace(job, chain), "operation": "chat",
            "started_at": _moment(s.start), "first_token_at": _moment(s.first) if streamed else None, "ended_at": _moment(s.end), "status": "ok",
            "provider": "openai", "model": job.place.model, "deployment": job.place.name, "region": job.place.region, "streamed": streamed,
            "app": workload, "end_user": f"u{rng.randrange(300)}" if "end_user" in job.marks and rng.random() < 0.9 else None,
            "tags": job.marks.get("tags"), "service_tier": job.marks.get("service_tier"),
            "input_tokens": s.call.tokens, "output_tokens": s.call.output,
        }  # fmt: skip


def _trace(job: Job, chain: int) -> str | None:
    return f"{job.name}-{chain}" if job.shape in ("serial", "parallel") else None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(EPOCH + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _litellm(row: dict[str, Any]) -> dict[str, Any]:
    """The same call as LiteLLM writes it."""
    at = {name: datetime.fromisoformat(row[name]).timestamp() for name in ("started_at", "first_token_at", "ended_at") if row[name]}
    return {
        "id": row["source_call_id"], "litellm_call_id": row["source_call_id"], "trace_id": row["trace_id"] or "", "call_type": "acompletion",
        "stream": row["streamed"], "status": "success", "response_cost": 0.0, "custom_llm_provider": row["provider"], "model": row["model"],
        "model_group": row["model"], "model_id": row["deployment"], "api_base": f"https://{row['region']}.example/v1", "cache_hit": False,
        "startTime": at["started_at"], "completionStartTime": at.get("first_token_at", at["ended_at"]), "endTime": at["ended_at"],
        "request_tags": [f"app:{row['app']}", *([row["tags"]] if row["tags"] else [])], "end_user": row["end_user"] or "",
        "prompt_tokens": row["input_tokens"], "completion_tokens": row["output_tokens"], "metadata": {}, "messages": [],
        "response": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}]},
        "model_parameters": {"stream": row["streamed"], **({"service_tier": row["service_tier"]} if row["service_tier"] else {})},
        "hidden_params": {}, "error_information": {"error_code": ""},
    }  # fmt: skip


def write(truth: Truth, out: Path) -> None:
    """The log, and OUT.labels.json beside it."""
    as_litellm = truth.world.seed % 2 == 0
    with out.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows(truth):
            lines.write(json.dumps(_litellm(row) if as_litellm else row) + "\n")
    labels = {
        "places": {p.name: {"slots": p.slots, "boot_s": p.boot_s, "region": p.region} for p in truth.world.places},
        "workloads": {j.name: {"class": "background" if j.background else "interactive", "shape": j.shape, "runs": j.runs} for j in truth.world.jobs},
        "boots": [asdict(boot) for boot in truth.boots],
        "stalls": list(zip(truth.world.stalls.starts, truth.world.stalls.ends, strict=True)),
        "ttft_alone_s": truth.alone([j.name for j in truth.world.jobs if j.background]),
    }  # fmt: skip
    out.with_suffix(".labels.json").write_text(json.dumps(labels), encoding="utf-8")


def main() -> None:
    """Write one log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    write(build(args.seed), args.out)


if __name__ == "__main__":
    main()
