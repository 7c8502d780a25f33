"""The gate's result as GitLab's Code Quality report (an artifact of the merge request).

Source: https://docs.gitlab.com/ci/testing/code_quality/ (the report's format)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style
from infercheck.render.gate._anchor import fingerprint, place
from infercheck.render.safe import clean

if TYPE_CHECKING:
    from infercheck.model.gate import Check, GateReport

NAME = "gitlab"
SUFFIX = ""

_SEVERITY = {"error": "critical", "warning": "minor", "note": "info"}


def render(report: GateReport, style: Style = DEFAULT) -> str:
    """A list of what is wrong or new; empty where nothing is, which GitLab needs to see that something was mended."""
    return json.dumps([_issue(c) for c in report.checks if c.verdict in ("fail", "new")], indent=2, ensure_ascii=False) + "\n"


def _issue(check: Check) -> dict[str, object]:
    file, line = place(check)
    return {
        "description": f"{clean(check.title)}, {clean(check.stratum.name)}: {clean(check.reason)}",
        "check_name": check.rule,
        "fingerprint": fingerprint(check),
        "severity": _SEVERITY[check.severity],
        "location": {"path": file, "lines": {"begin": line}},
    }
