"""Axes of time: a log of seconds, of days or of a year, in the reader's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = 86400


def clock(moment: datetime, tz: str) -> str:
    """Wall-clock time as the drawing library reads it: it knows UTC, so the zone's own time is told as if it were."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC if tz == "UTC" else ZoneInfo(tz)).strftime("%Y-%m-%dT%H:%M:%SZ")


def spoken(moment: datetime, seconds: int, tz: str) -> str:
    """A stretch of time by its start, as exactly as its length asks for."""
    text = clock(moment, tz)
    if seconds >= _DAY:
        return text[:10]
    return f"{text[:10]} {text[11:16]}" if seconds >= 60 else text[11:19]


def length(seconds: int) -> str:
    """``5 minutes``, ``1 day``"""
    for size, unit in ((_DAY, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0 and seconds >= size:
            n = seconds // size
            return unit if n == 1 else f"{n} {unit}s"
    return f"{seconds} seconds"


def axis(start: datetime, end: datetime, width: int) -> dict[str, object]:
    """Days, hours or seconds, as the span asks for."""
    span = end - start
    form = "%b %-d" if span > timedelta(days=2) else "%H:%M" if span > timedelta(minutes=10) else "%H:%M:%S"
    return {
        "title": None,
        "format": form,
        "grid": False,
        "domain": True,
        "ticks": True,
        "tickCount": 8 if width > 600 else 4,
        "labelOverlap": True,
    }


def x(start: datetime, end: datetime, width: int, tz: str, field: str = "start") -> dict[str, object]:
    """The encoding of a time on the horizontal axis, over the whole span."""
    return {
        "field": field,
        "type": "temporal",
        "axis": axis(start, end, width),
        "scale": {"type": "utc", "domain": [clock(start, tz), clock(end, tz)], "nice": False},
    }
