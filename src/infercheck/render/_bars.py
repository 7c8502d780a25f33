"""Bars and sparklines made of characters. Both start at zero, so that twice as long, or twice as high, is twice as much.

Without Unicode they are drawn with what ASCII has. Unknown is a mark of its own, never the lowest step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

STEPS = "▁▂▃▄▅▆▇█"
ASCII_STEPS = ".:-=+*#@"  # from light to dark
_EIGHTHS = "▏▎▍▌▋▊▉█"
SHADES, ASCII_SHADES = "█▓░", "#+."
DRAWN_WITH = STEPS + _EIGHTHS + SHADES


def bar(share: float | None, width: int, unicode: bool = True) -> str:
    """``share`` (0 to 1) of ``width`` columns; what is not nothing shows at least as a sliver. Empty where it is unknown."""
    if share is None or not math.isfinite(share) or share <= 0:
        return ""
    if not unicode:
        return "#" * max(1, round(min(share, 1.0) * width))
    whole, part = divmod(max(1, round(min(share, 1.0) * width * 8)), 8)
    return "█" * whole + (_EIGHTHS[part - 1] if part else "")


def spark(values: Sequence[float | None], unicode: bool = True) -> str:
    """One character a value: zero the lowest step, the highest value the highest; a mark of its own for what is unknown."""
    steps, unknown = (STEPS, "·") if unicode else (ASCII_STEPS, "_")
    known = [value for value in values if value is not None and math.isfinite(value)]
    top = max(known, default=0.0)
    high = {value: max(math.ceil(value / top * len(steps)) - 1, 0) if top > 0 else 0 for value in known}
    return "".join(steps[high[value]] if value is not None and value in high else unknown for value in values)


def stacked(shares: Sequence[float], width: int, unicode: bool = True) -> str:
    """Up to three shares that sum to 1 as one bar of ``width`` columns, dark to light; rounded by largest remainder."""
    shades = SHADES if unicode else ASCII_SHADES
    exact = [max(share, 0.0) * width for share in shares]
    cells = [math.floor(size) for size in exact]
    for index in sorted(range(len(exact)), key=lambda i: cells[i] - exact[i])[: max(width - sum(cells), 0)]:
        cells[index] += 1
    return "".join(shade * cell for shade, cell in zip(shades, cells, strict=False))
