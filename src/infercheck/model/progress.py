"""How far a run is: what ``on_event`` is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total``: bytes on disk of the files that are new while reading, rules while diagnosing, nothing to count in between.

    ``files`` and ``total_files`` count the new files alike. ``what`` is the rule that runs now.
    """

    stage: Literal["reading", "preparing", "diagnosing"]
    done: int = 0
    total: int = 0
    files: int = 0
    total_files: int = 0
    what: str = ""
