"""Tables and labelled pages for the other commands, by the same rules as the text report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infercheck.render import DEFAULT, Style
from infercheck.render.safe import ascii_only, lines

if TYPE_CHECKING:
    from rich.text import Text

    from infercheck.render._page import Page

READABLE = 12  # columns of a text that has to give way
_LONGEST = 500  # characters of a cell


def draw(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], style: Style = DEFAULT, note: str = "") -> str:
    """A table; columns of numbers stand right. The widest text column gives way."""
    from infercheck.render._page import Column, Page

    page = Page(style)
    made = [Column(name, "right" if number else "left", wrap=not number) for name, number in zip(columns, numeric, strict=True)]
    page.table(made, [[page.text(cell, limit=_LONGEST) for cell in row] for row in rows], indent=0)
    if note:
        page.paragraph(note, "dim", indent=0)
    return page.finish()


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], style: Style = DEFAULT) -> int:
    """How many of the leading columns a page has room for, with numbers whole and texts readable; the first one always."""
    from infercheck.render._page import GAP, Page

    page = Page(style)
    room = page.width + GAP
    for index, (name, number) in enumerate(zip(columns, numeric, strict=True)):
        longest = max(page.text(cell, limit=_LONGEST).cell_len for cell in (name, *(row[index] for row in rows)))
        room -= (longest if number else min(longest, READABLE)) + GAP
        if room < 0:
            return max(index, 1)
    return len(columns)


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
