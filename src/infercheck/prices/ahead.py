"""The price list and what is known of models, read beside the log: Python would wait for the database, and the database for Python."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def read_ahead() -> Iterator[None]:
    """Fill the caches that `fill_prices` reads from, in a thread of its own. It is waited for at the end: one that is still at an import when the
    interpreter goes down takes the process with it."""
    thread = threading.Thread(target=_read, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _read() -> None:
    with suppress(Exception):  # whatever fails here fails again where it is needed, and is told there
        import polars  # noqa: F401

        from infercheck.prices import catalog, facts, quote, table  # noqa: F401

        facts.blocks()
        quote.providers()
