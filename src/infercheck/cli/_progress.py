"""One line on stderr that says what is going on, how far it is and how long it may take; wiped when done.

A thread draws it, so that it moves while the database works. What ends within half a second draws nothing.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from infercheck.model.progress import Progress

QUIET_S, EVERY_S = 0.5, 0.25
_SURE_S = 2.0  # no rate, and no time left, before so long: the first batch says little


class ProgressLine:
    """Takes events and draws the last one until it is closed."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._event: Progress | None = None
        self._began = self._stage_began = time.monotonic()
        self._length = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)
        self._thread.start()

    def event(self, progress: Progress) -> None:
        """What is going on from now on."""
        if self._event is None or self._event.stage != progress.stage:
            self._stage_began = time.monotonic()
        self._event = progress

    def close(self) -> None:
        """Wipe the line."""
        self._ended.set()
        self._thread.join()
        if self._length:
            self._write("")
            self._write("", pad=False)

    def _draw(self) -> None:
        wait = QUIET_S
        while not self._ended.wait(wait):
            wait = EVERY_S
            if event := self._event:
                self._write(line(event, time.monotonic() - self._stage_began))

    def _write(self, text: str, pad: bool = True) -> None:
        columns = shutil.get_terminal_size((80, 24)).columns
        text = text[: max(columns - 1, 0)]
        self._stream.write("\r" + (text.ljust(min(self._length, columns - 1)) if pad else text))
        self._stream.flush()
        self._length = max(self._length, len(text))


def line(event: Progress, seconds: float) -> str:
    """``reading 3 of 12 files, 512 of 2,048 MB, 170 MB/s, 9 s left``; ``seconds`` is how long this stage has taken."""
    parts: list[str] = []
    if event.stage == "reading":
        parts = [
            f"{event.files:,} of {event.total_files:,} file{'' if event.total_files == 1 else 's'}",
            f"{event.done / 1e6:,.0f} of {event.total / 1e6:,.0f} MB",
        ]
        if seconds >= _SURE_S and event.done:
            rate = event.done / seconds
            parts += [f"{rate / 1e6:,.{0 if rate >= 1e7 else 1}f} MB/s", f"{_duration((event.total - event.done) / rate)} left"]
    elif event.stage == "diagnosing":
        parts = [f"rule {min(event.done + 1, event.total):,} of {event.total:,}, {event.what}"]
    if seconds >= _SURE_S and not parts[2:]:
        parts.append(_duration(seconds))
    return f"{event.stage} {', '.join(parts)}".rstrip()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
