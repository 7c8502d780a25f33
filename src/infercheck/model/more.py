"""How long a list of the report may get, and what it says of the rest.

A log names its models, workloads and teams as it likes, up to a name a call; a report that held a row for each would grow with the log. So a list
holds the first thousand rows of its order, dearest first. A thousand is more than anybody reads and than any log seen so far names, and a row takes
some kilobytes once it is drawn in every output, so that all lists together stay within tens of megabytes. ``more`` holds exact sums of what is left
out: rows and rest add up to the whole. Exports for finance are not cut, and `infercheck query` reaches every row.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

MOST_ROWS = 1_000
MOST_HOURS = 20_000  # over two years, each hour with a call


class More(BaseModel):
    """Rows that a list leaves out, and what they sum to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int
    calls: int | None = Field(None, description="calls of those rows")
    usd: Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")] | None = Field(
        None, description="dollars of those rows: what they cost, of findings and plan what they save; null where unknown or no matter"
    )
