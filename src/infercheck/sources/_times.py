"""In what format a field writes times, and in what unit durations, told by the values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from statistics import median

from infercheck.sources._fields import Field

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)?)?", re.IGNORECASE)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?)?")
PATTERNS = (
    "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %Z", "%b %d, %Y %H:%M:%S",
    "%b %d, %Y @ %H:%M:%S.%f", "%d %b %Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p", "%m/%d/%Y, %I:%M:%S %p", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%SZ",
)  # fmt: skip
UNIT_WORDS = {
    "ms": ("ms", "msec", "millis", "milliseconds", "millisecond"),
    "s": ("s", "sec", "secs", "seconds", "second"),
    "us": ("us", "usec", "micros", "microseconds"),
    "ns": ("ns", "nsec", "nanos", "nanoseconds"),
    "min": ("min", "minutes"),
}


def time_format(field: Field) -> tuple[str, str]:
    """``(format, doubt)``: format is "" for times that need none named, None-like "-" where the values are no times."""
    if field.numbers and not re.fullmatch(r"\d{14}", str(field.values[0])):
        return _epoch(field.numbers)
    if not field.is_text:
        return "-", ""
    if all(_ISO.fullmatch(text.strip()) for text in field.texts):
        return "", ""
    fits = [pattern for pattern in PATTERNS if all(_reads(text, pattern) for text in field.texts)]
    if not fits:
        return "-", ""
    swapped = [pattern for pattern in fits[1:] if sorted(pattern) == sorted(fits[0])]
    return fits[0], "day and month could be the other way round" if swapped else ""


def is_naive(field: Field) -> bool:
    """Whether times are written without a zone."""
    return field.is_text and all(_NAIVE.fullmatch(text.strip()) for text in field.texts)


def _epoch(numbers: Sequence[float]) -> tuple[str, str]:
    least = min(numbers)
    for form, low, high in (
        ("epoch_s", 3e8, 1e11),
        ("epoch_ms", 3e11, 1e14),
        ("epoch_us", 3e14, 1e17),
        ("dotnet_ticks", 6.2e17, 6.9e17),
        ("epoch_ns", 9e17, 4e18),
    ):
        if low <= least and max(numbers) < high:
            return form, ""
    if least >= 0 and max(numbers) < 3e8:
        return "epoch_ms", "it counts from a start of its own: give that moment as origin, and epoch_s if it counts seconds"
    return "-", ""


def _reads(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text.strip(), pattern)  # noqa: DTZ007 -- only whether it fits
    except ValueError:
        return False
    return True


def split_unit(name: str) -> tuple[str, str]:
    """A name without the unit that ends it, and that unit: ``latency_ms`` is ``latency`` in ``ms``."""
    stem, _, last = name.rpartition("_")
    for unit, words in UNIT_WORDS.items():
        if stem and last in words:
            return stem.removesuffix("_in"), unit
    return name, ""


def duration_unit(field: Field) -> tuple[str, str]:
    """``(unit, doubt)`` of durations whose name tells no unit, by magnitude: calls of models take from a tenth of a second to some minutes."""
    middle = median(field.numbers)
    whole = all(n == int(n) for n in field.numbers)
    if whole and middle >= 1e8:
        return "ns", ""
    if whole and middle >= 1e6:
        return "us", "its name tells no unit; by their size these are microseconds or nanoseconds"
    if middle >= 300:
        return "ms", ""
    if not whole and middle < 30:
        return "s", ""
    return "s" if middle < 60 else "ms", "its name tells no unit, and these could be seconds as well as milliseconds"
