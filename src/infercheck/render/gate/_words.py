"""A check's figures as words, the same in every format of the gate."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from infercheck.render.figures import ms, number, percent
from infercheck.render.money import UNKNOWN, usd

if TYPE_CHECKING:
    from infercheck.model.gate import Check, Unit


def value(amount: float | None, unit: Unit) -> str:
    """``$0.0123``, ``1.20 s``, ``12%``, ``3``"""
    if amount is None or not math.isfinite(amount):
        return UNKNOWN
    if unit == "usd":
        return usd(Decimal(repr(amount)))
    if unit == "ms":
        return ms(amount)
    return percent(amount) if unit == "share" else number(amount, 0 if float(amount).is_integer() else 2)


def change(effect_percent: float | None) -> str:
    """``+15.2%``, ``-3.0%``, ``0.0%``"""
    if effect_percent is None or not math.isfinite(effect_percent):
        return UNKNOWN
    return f"{effect_percent:+,.1f}%" if abs(effect_percent) >= 0.05 else "0.0%"


def interval(check: Check) -> str:
    """``+8.1% to +22.6%``; empty where there is none."""
    return "" if check.interval_percent is None else " to ".join(change(end) for end in check.interval_percent)


def stake(check: Check) -> str:
    """``$12.40 a day``; empty where none is known."""
    if check.stake_usd is None:
        return ""
    return usd(check.stake_usd) + {"day": " a day", "log": " in this log", None: ""}[check.stake_per]


def limit(check: Check) -> str:
    """``at most $0.02``; empty where there is no bound. A bound on a change is in percent."""
    if check.threshold is None:
        return ""
    shown = value(check.threshold, check.unit) if check.base is None else change(check.threshold)
    return f"{check.threshold_side.replace('_', ' ')} {shown}"
