"""The gate's outputs for CI servers: golden files, the servers' own limits, and log text that must stay text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sarif_pydantic
import xmlschema

import gates
from infercheck.model.gate import Check, GateReport, Stratum
from infercheck.render import gate
from infercheck.render.gate import github, gitlab, junit, markdown, sarif


def crowd(number: int) -> GateReport:
    """A result with that many failing checks, and as many warnings, of hostile names."""
    checks = [
        Check(
            key=f"{severity}|{n}", rule="cost_per_success", title="Cost per successful outcome", verdict="fail", severity=severity, unit="usd",
            stratum=Stratum(workload=f"{gates.HOSTILE} {n}"), base=0.1, head=0.2, effect_percent=100.0, reason="up 100%\nand more: " + "x" * 300,
        )
        for n in range(number) for severity in ("error", "warning")
    ]  # fmt: skip
    return gates.sample().model_copy(update={"checks": checks})


@pytest.mark.parametrize("name", ["github", "gitlab", "junit", "markdown", "sarif"])
def test_output_is_as_it_was(name: str, golden: Callable[[str, str], None]) -> None:
    drawn = gate.get(name).render(gates.sample())
    golden(f"gate.{name}", drawn.decode() if isinstance(drawn, bytes) else drawn)


def test_github_gets_at_most_ten_annotations_of_a_kind_and_the_last_counts_the_rest() -> None:
    lines = github.render(crowd(25)).splitlines()
    for command in ("error", "warning"):
        kind = [line for line in lines if line.startswith(f"::{command} ")]
        assert len(kind) == 10
        assert "and 16 more" in kind[-1]
    assert all(line.startswith("::") for line in lines[:-1])


def test_text_of_a_log_starts_no_workflow_command() -> None:
    for line in github.render(crowd(3)).splitlines()[:-1]:
        head = re.fullmatch(r"::(error|warning) title=([^:,]*)::(.*)", line)
        assert head is not None, line
        assert "\x1b" not in line


def test_a_comment_begins_with_its_marker_and_fits_however_many_checks_failed() -> None:
    drawn = markdown.render(crowd(5000))
    assert drawn.startswith(markdown.MARKER + "\n")
    assert len(drawn) <= markdown.LARGEST < 65_536
    assert re.search(r"and 9,\d{3} more", drawn)
    assert "<b>" not in drawn.replace("`::error::<b>", "")  # inside of inline code it is text


def test_junit_is_valid_and_counts_what_fails() -> None:
    schema = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
    for report in (gates.sample(), crowd(40), gates.sample().model_copy(update={"checks": []})):
        drawn = junit.render(report)
        schema.validate(drawn.decode().split("\n", 1)[1])
        assert drawn.count(b"<failure") == len(report.failing)


def test_sarif_is_valid_and_an_alert_stays_the_same_when_its_figures_change() -> None:
    data = json.loads(sarif.render(gates.sample()))
    sarif_pydantic.Sarif.model_validate(data)
    (run,) = data["runs"]
    places = [r["locations"][0]["physicalLocation"] for r in run["results"]]
    assert [(p["artifactLocation"]["uri"], p["region"]["startLine"]) for p in places][1] == ("infercheck.toml", 12)
    worse = gates.sample()
    worse.checks[0] = worse.checks[0].model_copy(update={"head": 0.5, "reason": "up a lot"})
    again = json.loads(sarif.render(worse))["runs"][0]["results"]
    assert [r["partialFingerprints"] for r in again] == [r["partialFingerprints"] for r in run["results"]]
    assert len({json.dumps(r["partialFingerprints"]) for r in run["results"]}) == len(run["results"])
    assert [r["suppressions"][0]["justification"] for r in run["results"] if "suppressions" in r] == ["longer invoices since the merger"]


def test_gitlab_has_the_fields_that_it_asks_for_and_an_empty_list_when_all_is_well() -> None:
    issues = json.loads(gitlab.render(gates.sample()))
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(issue["location"]["lines"]["begin"], int)
    assert len({i["fingerprint"] for i in issues}) == len(issues)
    assert json.loads(gitlab.render(gates.sample().model_copy(update={"checks": []}))) == []
