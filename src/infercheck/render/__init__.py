"""One output each. A renderer is a module of this package with NAME, SUFFIX and ``render(report, style)``; nothing lists them by hand.

It may have ``ready()``, which says before the log is read that something is missing, and ``PICTURES = True`` where it draws ``report.pictures``.

Renderers only draw: they compute nothing that the report does not say. They import what is heavy inside ``render``.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from infercheck.errors import UsageError

if TYPE_CHECKING:
    from infercheck.model.report import Report


@dataclass(frozen=True)
class Style:
    """How to draw: for people at a terminal. Machine formats ignore it.

    ``width`` is in columns; ``tz`` is an IANA name, for display only.
    """

    width: int = 100
    color: bool = False
    unicode: bool = True
    verbose: bool = False
    quiet: bool = False
    tz: str = "UTC"


DEFAULT = Style()


class Renderer(Protocol):
    """What a renderer module offers."""

    NAME: str
    SUFFIX: str

    def render(self, report: Report, style: Style = ...) -> str | bytes:
        """The report in this format; text is written as UTF-8."""
        ...


def names() -> list[str]:
    """Names of the output formats."""
    return sorted(_renderers())


def get(name: str) -> Renderer:
    """The renderer of that name; UsageError for an unknown one."""
    found = _renderers().get(name)
    if found is None:
        raise UsageError(f"there is no output format {name!r}", where="--format", hint=f"known: {', '.join(names())}")
    return found


def for_suffix(suffix: str) -> Renderer | None:
    """The renderer that writes files with this ending (``.json``), if any."""
    return next((r for r in _renderers().values() if suffix.lower() == r.SUFFIX), None)


@cache
def _renderers() -> dict[str, Renderer]:
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]
    return {m.NAME: cast(Renderer, m) for m in modules if hasattr(m, "NAME") and hasattr(m, "render")}
