"""The figures behind the page's pictures. Cheap: a few sums over the views, and worked out only for a format that draws them."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine
from infercheck.model.pictures import Pictures
from infercheck.pictures import cache, crowds, over_time, traces

VIEWS = ("priced_calls", "outcomes", "workloads", "trace_components", "trace_nodes", "path_windows", "typing_pauses", "concurrency")


def pictures(engine: Engine) -> Pictures:
    """Reads VIEWS and what settlement left: ``claims``, ``open_claims``, ``settled``, ``evidence_queueing_onset``; and table ``unit_times``."""
    return Pictures(
        timeline=over_time.timeline(engine),
        spend=over_time.spend(engine),
        week=over_time.week(engine),
        crowds=crowds.crowds(engine),
        path=traces.path(engine),
        slowest=traces.slowest(engine),
        cache=cache.potential(engine),
    )
