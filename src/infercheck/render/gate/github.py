"""The gate's result as workflow commands of GitHub Actions: one annotation a check, at the config's line where it has one.

GitHub shows ten annotations of a kind for a step and drops the rest without a word, so the tenth says how many there are. Source:
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style
from infercheck.render.gate import _words
from infercheck.render.safe import clean

if TYPE_CHECKING:
    from infercheck.model.gate import Check, GateReport

NAME = "github"
SUFFIX = ""

MOST_A_KIND = 10
LONGEST = 1000  # characters of a message


def render(report: GateReport, style: Style = DEFAULT) -> str:
    """One line an annotation, errors first, then the outcome as plain text for the log."""
    lines: list[str] = []
    told = [check for check in report.checks if check.verdict in ("fail", "new", "suppressed")]
    for command, severity in (("error", "error"), ("warning", "warning"), ("notice", "note")):
        kind = [check for check in told if check.severity == severity]
        shown = kind if len(kind) <= MOST_A_KIND else kind[: MOST_A_KIND - 1]
        lines += [_annotation(command, check) for check in shown]
        if len(shown) < len(kind):
            lines.append(f"::{command} title=infercheck::and {len(kind) - len(shown):,} more; the step's summary lists them all")
    lines.append(f"Gate {report.outcome}: {clean(report.summary, LONGEST)}")
    return "\n".join(lines) + "\n"


def _annotation(command: str, check: Check) -> str:
    properties = {"title": clean(f"{check.title}: {check.stratum.name}", 200)}
    if check.anchor is not None:
        properties = {"file": clean(check.anchor.file), "line": str(check.anchor.line), **properties}
    said = ",".join(f"{name}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}" for name, value in properties.items())
    stake = _words.stake(check)
    return f"::{command} {said}::{_escaped(clean(check.reason + (f' ({stake})' if stake and stake not in check.reason else ''), LONGEST))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
