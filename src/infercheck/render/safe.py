"""Log text is hostile: it may carry terminal escapes, markup, formulas or text that runs right to left. Made harmless here, once."""

from __future__ import annotations

import re
import unicodedata

# Controls (C0, DEL, C1), format characters (bidi overrides, zero width, tags), surrogates, private use, line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_SPACE = frozenset("\t\n\v\f\r\x85\u2028\u2029")
# Whole escape sequences go first, so that no "[31m" is left behind: CSI, then OSC and its like up to their terminator.
_SEQUENCES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)")
_MARKS = 2  # combining marks that may follow one character
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_FORMULA_START = re.compile(r"^[\s\x00]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n\x00]")


def clean(text: object, limit: int | None = None) -> str:
    """One line of printable text: white space becomes a space, everything a terminal might obey goes; cut to ``limit`` characters with …"""
    raw = str(text)
    if limit is not None and len(raw) > 8 * limit + 1024:
        raw = raw[: 8 * limit + 1024]  # a prompt of megabytes is not worth walking
    line = " ".join((raw if raw.isascii() and raw.isprintable() else _printable(raw)).split())
    return line if limit is None or len(line) <= limit else line[: max(limit - 1, 0)].rstrip() + "…"


def _printable(raw: str) -> str:
    raw = _SEQUENCES.sub("", raw)
    kept: list[str] = []
    marks = 0
    for char in raw:
        if char.isascii() and char.isprintable():
            kept.append(char)
            marks = 0
            continue
        category = unicodedata.category(char)
        if char in _SPACE:
            kept.append(" ")
        elif category in ("Mn", "Me"):
            marks += 1
            if marks <= _MARKS:
                kept.append(char)
            continue
        elif category == "Zs":
            kept.append(" ")
        elif category not in _UNSAFE:
            kept.append(char)
        marks = 0
    return "".join(kept)


def lines(text: object) -> list[str]:
    """Text of several lines, each made harmless, its indent and columns kept: for snippets and examples."""
    parted = (re.split(r"( {2,}|^ )", line) for line in str(text).replace("\r\n", "\n").split("\n"))
    return ["".join(clean(part) if part.strip(" ") else part for part in parts).rstrip() for parts in parted]


def ascii_only(text: str) -> str:
    """For a stream that can only do ASCII; every other character becomes a question mark."""
    return text.translate(_PLAIN).encode("ascii", "replace").decode("ascii")


_PLAIN = {
    ord(k): v for k, v in {"…": "...", "–": "-", "—": "-", "·": "-", "×": "x", "≥": ">=", "≤": "<=", "’": "'", "“": '"', "”": '"'}.items()
}


def cell(text: object) -> str:
    """A text cell that no spreadsheet runs: cleaned, with an apostrophe before what would be read as a formula."""
    if text is None:
        return ""
    line = clean(text)
    return f"'{line}" if line[:1] in _FORMULA else line


def runs_in_spreadsheet(text: str) -> bool:
    """True where a spreadsheet would read the cell as a formula or lose its start."""
    return bool(_FORMULA_START.match(text))
