"""What log services wrap records in, such as {"records": [...]} or {"logEvents": [{"message": "<JSON>"}]}: found by trial, opened without loss.

Nothing here knows a service. An envelope is a path of the keys below; it counts as found when a source claims what is inside and none claims what is
outside. Azure (Event Hub, Monitor), AWS (CloudTrail, CloudWatch Logs and its Insights, Firehose), Google Cloud Logging, Elasticsearch, Splunk,
Docker, journald, Vector and most paged APIs come this way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEYS = (
    "records", "Records", "data", "results", "logs", "items", "events", "logEvents", "hits", "value", "values", "entries", "rows", "result",
    "_source", "jsonPayload", "textPayload", "message", "@message", "MESSAGE", "msg", "log", "line", "body", "event", "_raw",
)  # fmt: skip
DEPTH = 3  # {"hits": {"hits": [{"_source": ...}]}} is the deepest that is common
SAMPLE = 20


@dataclass(frozen=True)
class Envelope:
    """Keys from the outside in, and whether one envelope may hold several records."""

    keys: tuple[str, ...]
    many: bool

    def __str__(self) -> str:
        return ".".join(self.keys)


def candidates(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Envelope, list[dict[str, Any]]]]:
    """Envelopes that ``records`` may stand in, the outermost first, each with the first records inside."""
    level: list[tuple[Envelope, list[Mapping[str, Any]]]] = [(Envelope((), False), list(records))]
    for _ in range(DEPTH):
        deeper: list[tuple[Envelope, list[Mapping[str, Any]]]] = []
        for outer, held in level:
            for key in KEYS:
                present = [r for r in held if key in r]
                found = [v for r in present for v in contents(r, (key,)) if isinstance(v, dict)][:SAMPLE]
                if found:
                    envelope = Envelope((*outer.keys, key), outer.many or any(isinstance(r[key], list) for r in present))
                    yield envelope, found
                    deeper.append((envelope, list(found)))
        level = deeper


def contents(value: Any, keys: Sequence[str]) -> Iterator[Any]:
    """Every value to which ``keys`` lead, whatever it is; a part that has not the envelope's shape comes out as it stands."""
    return (found for found, _ in opened(value, keys))


def opened(value: Any, keys: Sequence[str]) -> Iterator[tuple[Any, bool]]:
    """The same, and of each whether it stood in the envelope."""
    value = _parsed(value)
    if isinstance(value, list):
        for item in value:
            yield from opened(item, keys)
    elif keys and isinstance(value, dict) and keys[0] in value:
        yield from opened(value[keys[0]], keys[1:])
    else:
        yield value, not keys


def _parsed(value: Any) -> Any:
    """What a text of JSON holds; else the value itself."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value, parse_constant=str)
    except (ValueError, RecursionError):
        return value
