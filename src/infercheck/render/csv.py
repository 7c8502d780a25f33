"""The plan as CSV: one row per thing to do, and one for all that the report only sums up.

Numbers are exact and stay numbers; text that a spreadsheet would run is neutralised.
"""

from __future__ import annotations

import csv
import io
import math
from decimal import Decimal
from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style
from infercheck.render.safe import cell

if TYPE_CHECKING:
    from infercheck.model.report import PlanItem, Report

NAME = "csv"
SUFFIX = ".csv"

COLUMNS = (
    "rank",
    "section",
    "what",
    "fix",
    "subject",
    "saves_usd",
    "saves_usd_per_month",
    "saves_usd_low",
    "saves_usd_high",
    "saves_ms_p95",
    "grade",
    "effort",
    "risk",
    "how",
    "verify",
    "findings",
)


def render(report: Report, style: Style = DEFAULT) -> str:
    """The plan; unknown is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in report.plan:
        writer.writerow(_row(item))
    if more := report.more.get("plan"):
        rest: dict[str, object] = {"what": f"and {more.rows} more: infercheck export claims has them all", "saves_usd": more.usd}
        writer.writerow(_number(rest.get(name)) for name in COLUMNS)
    return out.getvalue()


def _row(item: PlanItem) -> list[str]:
    low, high = item.interval_usd or (None, None)
    values: dict[str, object] = {
        **{name: getattr(item, name, None) for name in COLUMNS},
        "saves_usd_low": low,
        "saves_usd_high": high,
        "findings": " ".join(item.findings),
    }
    return [_number(values[name]) for name in COLUMNS]


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            return ""
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, int | float):
        return repr(value) if math.isfinite(value) else ""
    return cell(value)
