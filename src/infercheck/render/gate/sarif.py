"""The gate's result as SARIF 2.1.0 for code scanning: a result a check that is wrong, anchored to the config's line.

Fingerprints are made of a check's key alone, so that an alert stays the same from run to run whatever its figures are.
Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infercheck.render import DEFAULT, Style
from infercheck.render.gate._anchor import fingerprint, place
from infercheck.render.safe import clean

if TYPE_CHECKING:
    from infercheck.model.gate import Check, GateReport

NAME = "sarif"
SUFFIX = ".sarif"

LONGEST = 2000  # characters of a message
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: GateReport, style: Style = DEFAULT) -> str:
    """One run. Suppressed checks are results with a suppression; new strata are notes."""
    told = [check for check in report.checks if check.verdict in ("fail", "suppressed", "new")]
    rules = sorted({check.rule: check.title for check in told}.items())
    order = {rule: n for n, (rule, _) in enumerate(rules)}
    driver = {
        "name": report.generated_by,
        "rules": [{"id": rule, "name": rule, "shortDescription": {"text": _plain(title)}} for rule, title in rules],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [_result(check, order[check.rule]) for check in told]}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _result(check: Check, rule: int) -> dict[str, Any]:
    file, line = place(check)
    found: dict[str, Any] = {
        "ruleId": check.rule,
        "ruleIndex": rule,
        "level": check.severity,
        "message": {"text": _plain(f"{check.title}, {check.stratum.name}: {check.reason}")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}}],
        "partialFingerprints": {"infercheckKey/v1": fingerprint(check)},
    }
    if check.verdict == "suppressed":
        found["suppressions"] = [{"kind": "external", "justification": clean(check.suppressed_because or "")}]
    return found


def _plain(text: str) -> str:
    """A message without embedded links, which a viewer makes of [text](address): the standard's 3.11.6 escapes the brackets."""
    return clean(text, LONGEST).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
