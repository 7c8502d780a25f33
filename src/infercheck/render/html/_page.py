"""Puts the page together: words, charts in two widths, style and script; the policy names the last two by their hash."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources
from types import ModuleType

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from infercheck.model.report import Report
from infercheck.render.html import _draw, _sections, _waits
from infercheck.render.html._figure import Figure, Table
from infercheck.render.html._theme import NARROW, SMALL, WIDE
from infercheck.render.html.charts import (
    cache,
    crowds,
    first_token,
    hardware,
    latency_over_time,
    models,
    path,
    retries_over_time,
    slowest,
    spend_over_time,
    teams,
    waterfall,
    week,
    workloads,
)
from infercheck.render.money import places_in_tables, total, usd
from infercheck.render.rest import column, count_of

_MONEY = (workloads, models, teams, spend_over_time, cache)
_TIME = (latency_over_time, path, first_token, retries_over_time)
_SEVERAL = (crowds, slowest, week)  # a chart for each deployment, request or measure


@dataclass(frozen=True)
class Drawn:
    """A figure with its drawings: one for wide and one for narrow screens, or one that suits both."""

    figure: Figure
    wide: Markup
    narrow: Markup | None


def page(report: Report, tz: str) -> str:
    """The page of ``report``; ``tz`` is for display."""
    places = places_in_tables(report.headline.spend_usd)
    links = _sections.anchors(report)
    opened, more = _sections.findings(report, places, links)
    style, script = _file("page.css"), _file("page.js")
    first, rest = _sections.lead(report)
    judged = bool(report.coverage.attempts)
    charts = {module: _figures(module, report, tz) for module in (waterfall, *_MONEY, *_TIME, *_SEVERAL)} if judged else {}
    drawn = {module: [_drawn(figure) for figure in found] for module, found in charts.items()}
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'",
            style=Markup(style),  # noqa: S704 files of this package
            script=Markup(script),  # noqa: S704
            version=report.schema_version,
            judged=judged,
            span=_sections.span(report, tz),
            lead=first,
            rest=rest,
            latency_verdict=_sections.latency_verdict(report),
            tone=_sections.tone(report),
            headline=_sections.headline(report) if judged else [],
            notices=_sections.notices(report),
            waterfall=drawn.get(waterfall, []),
            plan=_sections.plan(report, places, links),
            fixes=_sections.fixes(report),
            plan_total=usd(total(column([item.saves_usd for item in report.plan], report.more.get("plan"), places)), places),
            more_plan=_sections.more_plan(report, places),
            money=[d for module in _MONEY for d in drawn.get(module, [])],
            tables=_tables(report) if judged else [],
            hardware=hardware.listed(report, places),
            time=[d for module in _TIME for d in drawn.get(module, [])],
            waits=_waits.tables(report),
            crowds=drawn.get(crowds, []),
            slowest=drawn.get(slowest, []),
            week=drawn.get(week, []),
            missing=[module.MISSING for module, found in charts.items() if not found],
            steps=opened,
            more_findings=more,
            count=count_of(report.findings, report.more.get("findings")),
            read=_sections.read(report, tz),
            not_checked=_sections.not_checked(report),
            unchecked=len(report.coverage.not_checked),
        )
    )


def _figures(module: ModuleType, report: Report, tz: str) -> list[Figure]:
    if module in _SEVERAL:
        return list(module.figures(report, tz))
    found = module.figure(report, tz)
    return [found] if found else []


def _drawn(figure: Figure) -> Drawn:
    return Drawn(figure, _svg(figure, SMALL if figure.small else WIDE), None if figure.small else _svg(figure, NARROW))


def _svg(figure: Figure, width: int) -> Markup:
    return Markup(_draw.svg(figure.spec(width), f"{figure.id}-{width}", f"{figure.title}. {figure.says}"))  # noqa: S704 made of allowed shapes


def _tables(report: Report) -> list[Table]:
    """Tables that stand alone since there is nothing to draw: no call has a price."""
    if report.headline.spend_usd:
        return []
    return [table for table in (workloads.listed(report), models.listed(report)) if table]


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("infercheck.render.html"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )


def _file(name: str) -> str:
    return resources.files("infercheck.render.html").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    """What the policy calls a style or a script by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
