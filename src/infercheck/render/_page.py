"""The sheet that the text report is drawn on: headings, pairs, paragraphs and tables of a given width, never wider.

Everything that may hold log text goes through ``Page.safe`` into rich Text objects; no markup is ever parsed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from infercheck.render import Style
from infercheck.render._bars import bar
from infercheck.render.figures import percent
from infercheck.render.safe import ascii_only, clean

INDENT = 2
GAP = 2  # between columns
MIN_WIDTH = 60
_BAR = 10  # columns
_WITH_BARS = 95  # columns of a page that has room for bars beside its tables' words
Cell = str | Text


@dataclass(frozen=True)
class Column:
    """One column of a table. ``wrap`` marks the one that gives way when space is short."""

    title: str
    align: Literal["left", "right"] = "right"
    wrap: bool = False


class Page:
    """Collects the report as text."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.width = max(style.width, MIN_WIDTH)
        self._bars = style.width >= _WITH_BARS
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=self.width,
            height=1_000,
            color_system="standard" if style.color else None,
            force_terminal=style.color,
            no_color=not style.color,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            soft_wrap=False,
            _environ={},
        )

    def safe(self, text: object, limit: int | None = None) -> str:
        """Printable text of one line, in what the stream can show."""
        line = clean(text, limit)
        return line if self.style.unicode else ascii_only(line)

    def text(self, text: object, style: str = "", limit: int | None = None) -> Text:
        """The same as a rich Text."""
        return Text(self.safe(text, limit), style=style)

    def joined(self, *parts: Cell, by: str = " ") -> Text:
        """Parts put together; plain strings are made safe."""
        out = Text()
        for part in parts:
            piece = part if isinstance(part, Text) else self.text(part)
            if not piece.plain:
                continue
            if out.plain:
                out.append(by if self.style.unicode else ascii_only(by))
            out.append_text(piece)
        return out

    def heading(self, title: str, aside: str = "") -> None:
        """A section's title, with a blank line above."""
        self._console.print()
        self._console.print(
            self.joined(Text(self.safe(title), style="bold"), Text(self.safe(aside), style="dim"), by="  "), overflow="fold"
        )

    def share_columns(self) -> list[Column]:
        """Columns for a share, with a bar where the width allows."""
        return [Column("share"), *([Column("", "left")] if self._bars else [])]

    def share(self, share: float | None, longest: float) -> list[Cell]:
        """Cells for ``share_columns``; the longest share's bar is the longest."""
        drawn = bar(share / longest if share is not None and longest else None, _BAR, self.style.unicode)
        return [percent(share), *([Text(drawn, style="cyan")] if self._bars else [])]

    def paragraph(self, text: Cell, style: str = "", indent: int = INDENT) -> None:
        """Wrapped text."""
        self.put(text if isinstance(text, Text) else self.text(text, style), indent)

    def put(self, what: RenderableType, indent: int = INDENT) -> None:
        """Anything rich can draw, indented."""
        if isinstance(what, Text):
            what.overflow = "fold"
        self._console.print(Padding(what, (0, 0, 0, indent)))

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def pairs(self, rows: Sequence[tuple[str, Cell]], indent: int = INDENT, label_style: str = "dim") -> None:
        """Label and value, the values aligned."""
        grid = Table.grid(padding=(0, GAP))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold", ratio=1)
        for label, value in rows:
            grid.add_row(self.text(label, label_style), value if isinstance(value, Text) else self.text(value))
        self.put(grid, indent)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], indent: int = INDENT) -> None:
        """A table without lines: the wrapping column takes what the others leave."""
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False, expand=False, header_style="dim")
        for column in columns:
            table.add_column(
                self.safe(column.title), justify=column.align, no_wrap=not column.wrap, overflow="fold" if column.wrap else "ellipsis"
            )
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else self.text(cell) for cell in row))
        self.put(table, indent)

    def finish(self) -> str:
        """The text, without trailing blanks."""
        text = "\n".join(line.rstrip() for line in self._out.getvalue().split("\n"))
        # rich cuts with its own ellipsis, whatever the stream can show
        text = text if self.style.unicode else text.replace("…", "~")
        return text.lstrip("\n")
