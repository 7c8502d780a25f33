"""The report as one page that opens offline: charts, a plan that opens up, tables that sort and search.

The page loads nothing and runs one script of its own, which its policy names by hash. Log text is cleaned, then escaped by the template engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style

if TYPE_CHECKING:
    from infercheck.model.report import Report

NAME = "html"
SUFFIX = ".html"
PICTURES = True  # asks the run for what only a page draws


def ready() -> None:
    """UsageError where the extra ``html`` is not installed: said before the log is read."""
    from infercheck.render.html._draw import require

    require()


def render(report: Report, style: Style = DEFAULT) -> bytes:
    """The whole page, UTF-8; verbose, quiet and width have no effect."""
    ready()
    from infercheck.render.html._page import page

    return page(report, style.tz).encode("utf-8")
