"""Tables and labelled pages for the other commands, by the same rules as the text report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, MIN_WIDTH, Style
from infercheck.render.safe import ascii_only, clean, lines

if TYPE_CHECKING:
    from rich.text import Text

    from infercheck.render._page import Page

_LONGEST = 500  # characters of a cell
_GAP = "  "


def draw(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], style: Style = DEFAULT, note: str = "") -> str:
    """A table; columns of numbers stand right. The widest text column gives way."""
    if (plain := _plain(columns, rows, numeric, style, note)) is not None:
        return plain
    from infercheck.render._page import Column, Page

    page = Page(style)
    made = [Column(name, "right" if number else "left", wrap=not number) for name, number in zip(columns, numeric, strict=True)]
    page.table(made, [[page.text(cell, limit=_LONGEST) for cell in row] for row in rows], indent=0)
    if note:
        page.paragraph(note, "dim", indent=0)
    return page.finish()


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], style: Style, note: str) -> str | None:
    """The same table, where there is nothing to lay out: no colours, no wide characters, and room for every cell. It is there before rich is."""
    shown = [[clean(title) for title in columns], *([clean(cell, _LONGEST) for cell in row] for row in rows)]
    if not style.unicode:
        shown = [[ascii_only(cell) for cell in row] for row in shown]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    room = max(style.width, MIN_WIDTH)
    wide = sum(widths) + len(_GAP) * (len(widths) - 1) > room or len(note) > room or not all(widths)
    if style.color or wide or not note.isascii() or not all(cell.replace("–", "").isascii() for row in shown for cell in row):
        return None
    lines = [
        _GAP.join(
            cell.rjust(width) if number else cell.ljust(width) for cell, width, number in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in shown
    ]
    return "\n".join([*lines, *([note] if note else []), ""]).lstrip("\n")


def sheet(rows: Sequence[tuple[str, str]], style: Style = DEFAULT) -> str:
    """Label and text, one pair a paragraph; texts of several lines keep them."""
    from infercheck.render._page import Page

    page = Page(style)
    page.pairs([(label, _several(page, text)) for label, text in rows], indent=0)
    return page.finish()


def _several(page: Page, text: str) -> Text:
    from rich.text import Text

    shown = lines(text.strip("\n"))
    return Text("\n".join(line if page.style.unicode else ascii_only(line) for line in shown))
