"""The report for a terminal: what was read, the two numbers, the verdict, the plan, then the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style

if TYPE_CHECKING:
    from infercheck.model.report import Report

NAME = "text"
SUFFIX = ".txt"


def render(report: Report, style: Style = DEFAULT) -> str:
    """The report as text of ``style.width`` columns."""
    from infercheck.render import _text_detail, _text_latency, _text_plan, _text_time, _text_top
    from infercheck.render._page import Page
    from infercheck.render.money import places_in_tables

    page = Page(style)
    places = places_in_tables(report.headline.spend_usd)
    if not style.quiet:
        _text_top.read(page, report)
    if not report.coverage.attempts:
        page.blank()
        page.paragraph("No call in scope: nothing to judge.", "yellow", indent=0)
        return page.finish()
    _text_top.numbers(page, report)
    _text_top.verdict(page, report)
    _text_top.hardware(page, report, places)
    _text_plan.plan(page, report, places)
    if style.quiet:
        return page.finish()
    _text_plan.findings(page, report, places)
    _text_detail.fixes(page, report)
    _text_latency.latency(page, report)
    _text_detail.spend(page, report, places)
    _text_time.over_time(page, report, places)
    _text_detail.not_checked(page, report)
    return page.finish()
