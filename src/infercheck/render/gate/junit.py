"""The gate's result as JUnit XML, which every CI server shows: one test case a check. What only warns is a case that passes and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from infercheck.render import DEFAULT, Style
from infercheck.render.safe import clean

if TYPE_CHECKING:
    from infercheck.model.gate import GateReport

NAME = "junit"
SUFFIX = ".xml"


def render(report: GateReport, style: Style = DEFAULT) -> bytes:
    """UTF-8 XML: failures are the checks that make the gate fail, skipped ones are those without a verdict or suppressed."""
    failing = {check.key for check in report.failing}
    cases: list[ET.Element] = []
    skipped = 0
    for check in report.checks:
        case = ET.Element("testcase", classname=f"infercheck.{check.rule}", name=clean(f"{check.title}: {check.stratum.name}"), time="0")
        said = clean(check.reason)
        if check.key in failing:
            ET.SubElement(case, "failure", type=check.rule, message=said).text = said
        elif check.verdict in ("inconclusive", "suppressed"):
            skipped += 1
            ET.SubElement(case, "skipped", message=said)
        else:
            ET.SubElement(case, "system-out").text = f"{check.verdict} ({check.severity}): {said}"
        cases.append(case)
    totals = {"name": "infercheck gate", "tests": str(len(cases)), "failures": str(len(failing)), "errors": "0", "time": "0"}
    suite = ET.Element("testsuite", {**totals, "skipped": str(skipped)})
    suite.extend(cases)
    root = ET.Element("testsuites", totals)
    root.append(suite)
    ET.indent(root)
    drawn: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + drawn + b"\n"
