"""Jobs of which some need others, on several connections at once: much of a statement is done by one core alone, its planning to begin with."""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from infercheck.engine.base import Database, Interrupted

_WAKE_S = 0.5  # on Windows, one who waits without end does not hear Ctrl-C
_STOP_S = 0.05


@dataclass(frozen=True)
class Job:
    """``run`` is called with a connection once the jobs named in ``needs`` are done; a name that no job has is done already."""

    name: str
    run: Callable[[Database], None]
    needs: Sequence[str] = ()


def work(
    lanes: Sequence[Database],
    jobs: Sequence[Job],
    on_start: Callable[[str], None] | None = None,
    on_done: Callable[[str], None] | None = None,
) -> None:
    """Run all jobs; each stands after those that it needs. ``on_start`` and ``on_done`` are told the name of each, on the caller's thread.

    The first error stops what is under way and is raised; of two at once, that of the job which stands first.
    """
    if len(lanes) == 1 or len(jobs) < 2:
        for job in jobs:
            if on_start:
                on_start(job.name)
            job.run(lanes[0])
            if on_done:
                on_done(job.name)
        return
    board = _Board(jobs)
    threads = [threading.Thread(target=board.serve, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    try:
        for event in iter(board.next_event, None):
            told = on_done if event.done else on_start
            if told:
                told(event.name)
    except BaseException as err:
        board.stop(err)
        raise
    finally:
        for lane, thread in zip(lanes, threads, strict=True):
            thread.join(0 if board.error else None)
            while thread.is_alive():  # between two statements of a job there is nothing to interrupt
                lane.interrupt()
                thread.join(_STOP_S)
    if board.error:
        raise board.error


class _Event(NamedTuple):
    name: str
    done: bool


class _Board:
    """Which jobs may start, which are left, and what went wrong: shared by the threads."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        place = {job.name: at for at, job in enumerate(jobs)}
        self._jobs = jobs
        self._waits = [sum(name in place for name in job.needs) for job in jobs]
        self._freed: list[list[int]] = [[] for _ in jobs]
        for at, job in enumerate(jobs):
            for name in job.needs:
                if name in place:
                    self._freed[place[name]].append(at)
        self._ready = [at for at, waits in enumerate(self._waits) if not waits]  # a heap: the earlier job first
        self._left = len(jobs)
        self._failed = len(jobs)
        self._changed = threading.Condition()
        self._events: queue.SimpleQueue[_Event | None] = queue.SimpleQueue()
        self.error: BaseException | None = None

    def serve(self, lane: Database) -> None:
        """Run jobs on one connection until none is left."""
        while (at := self._take()) is not None:
            try:
                self._jobs[at].run(lane)
            except BaseException as err:  # noqa: BLE001  raised again by `work`
                self.stop(err, at)
            else:
                self._finish(at)

    def next_event(self) -> _Event | None:
        """The next job that starts or is done, waiting for it; None once all are done or one has failed."""
        while True:
            try:
                return self._events.get(timeout=_WAKE_S)
            except queue.Empty:
                continue

    def stop(self, err: BaseException, at: int = -1) -> None:
        """Start nothing more, because of the error of the job at this place, or of whoever waits for them all."""
        with self._changed:
            # who is interrupted because another has failed has nothing of its own to say
            if at < self._failed and not (self.error is not None and isinstance(err, Interrupted)):
                self.error, self._failed = err, at
            self._over()

    def _take(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or not self._left or self.error)
            if self.error or not self._left:
                return None
            at = heapq.heappop(self._ready)
            self._events.put(_Event(self._jobs[at].name, done=False))
            return at

    def _finish(self, at: int) -> None:
        with self._changed:
            self._events.put(_Event(self._jobs[at].name, done=True))
            self._left -= 1
            for other in self._freed[at]:
                self._waits[other] -= 1
                if not self._waits[other]:
                    heapq.heappush(self._ready, other)
            if self._left:
                self._changed.notify_all()
            else:
                self._over()

    def _over(self) -> None:
        self._changed.notify_all()
        self._events.put(None)
