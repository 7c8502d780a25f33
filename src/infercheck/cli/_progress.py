"""One line on stderr that says what is going on; wiped when done."""

from __future__ import annotations

import sys
import time
from typing import Any


class Progress:
    """Takes ingestion's events: bytes done, and bytes in all."""

    _EVERY_S = 0.1

    def __init__(self) -> None:
        self._last = 0.0
        self._length = 0

    def event(self, progress: Any) -> None:
        """Show how much has been read."""
        now = time.monotonic()
        done, whole = progress.done_bytes, progress.total_bytes
        if done < whole and now - self._last < self._EVERY_S:
            return
        self._last = now
        self._show(f"reading {done / 1e6:,.0f} of {whole / 1e6:,.0f} MB" if done < whole else "diagnosing")

    def _show(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(self._length))
        sys.stderr.flush()
        self._length = max(self._length, len(line))

    def close(self) -> None:
        """Wipe the line."""
        if self._length:
            sys.stderr.write("\r" + " " * self._length + "\r")
            sys.stderr.flush()
