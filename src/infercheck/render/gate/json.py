"""The gate's result as JSON: the stable contract. Unknown is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infercheck.render import DEFAULT, Style
from infercheck.render.json import dumps, schema_of

if TYPE_CHECKING:
    from infercheck.model.gate import GateReport

NAME = "json"
SUFFIX = ".json"


def render(report: GateReport, style: Style = DEFAULT) -> str:
    """The whole result."""
    return dumps(report.model_dump(mode="json")) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema of what ``render`` writes."""
    from infercheck.model.gate import GateReport

    return schema_of(GateReport)
