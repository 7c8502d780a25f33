"""Spend by team."""

from __future__ import annotations

from infercheck.model.report import Report, TeamSpend
from infercheck.render.figures import count, percent, plural
from infercheck.render.html._bars import Bar, bars
from infercheck.render.html._figure import ROWS, Cell, Column, Figure, Table, counted, dollars, name
from infercheck.render.html._theme import ACCENT, OTHER
from infercheck.render.money import places_in_tables, total, usd
from infercheck.render.rest import calls, column, rest

_BARS = 10
_COLOURS = {"team": ACCENT, "no team in the log": OTHER}
MISSING = "Spend by team: the log names no team, or its calls have no price."


def figure(report: Report, tz: str) -> Figure | None:
    """None where the log names no team, or no team's calls have a price."""
    teams = report.spend.by_team
    priced = [t for t in teams if t.spend_usd]
    if not any(t.team is not None for t in teams) or not priced:
        return None
    places, spend = places_in_tables(report.headline.spend_usd), report.headline.spend_usd
    rows = [
        Bar(
            _title(t),
            [
                (
                    "team" if t.team is not None else "no team in the log",
                    float(t.spend_usd or 0),
                    f"{_title(t)}: {usd(t.spend_usd, places)}, {plural(t.calls, 'call')}",
                )
            ],
            usd(t.spend_usd, places) + (f" ({percent(float(t.spend_usd / spend))})" if spend and t.spend_usd else ""),
        )
        for t in priced[:_BARS]
    ]
    more = report.spend.more.get("by_team")
    cells = column([t.spend_usd for t in teams], more, places)
    most = max(t.spend_usd for t in priced if t.spend_usd)
    table_rows = [
        [
            Cell(_title(t)),
            counted(t.calls),
            dollars(t.spend_usd, places, cell, most),
        ]
        for t, cell in zip(teams[:ROWS], cells, strict=False)
    ]
    left = rest(teams, cells, ROWS, more)
    cut = (plural(left.rows, "more team"), count(left.calls), usd(left.usd, places)) if left else ()
    whole = ("All teams", count(calls(teams, more)), usd(total(cells), places)) if len(teams) > 1 else ()
    return Figure(
        id="teams",
        title="Spend by team",
        says=f"{plural(sum(t.team is not None for t in teams) + (more.rows if more else 0), 'team')} named in the log.",
        spec=lambda width: bars(rows, _COLOURS, width, legend=False),
        table=Table(
            "teams-data",
            "Spend by team",
            (Column("Team", False), Column("Calls"), Column("Spend")),
            table_rows,
            cut,
            whole,
            searchable=True,
        ),
    )


def _title(team: TeamSpend) -> str:
    return name(team.team) if team.team is not None else "no team in the log"
