"""One output of the gate each: a module of this package with NAME, SUFFIX and ``render(report, style)`` over a GateReport. None is listed by hand."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from infercheck.errors import UsageError
from infercheck.render import Style

if TYPE_CHECKING:
    from infercheck.model.gate import GateReport


class GateRenderer(Protocol):
    """What a renderer of the gate offers. SUFFIX is the file ending that names it, empty where it shares one."""

    NAME: str
    SUFFIX: str

    def render(self, report: GateReport, style: Style = ...) -> str | bytes:
        """The gate's result in this format; text is written as UTF-8."""
        ...


def names() -> list[str]:
    """Names of the gate's formats."""
    return sorted(_renderers())


def get(name: str) -> GateRenderer:
    """The renderer of that name; UsageError for an unknown one."""
    found = _renderers().get(name)
    if found is None:
        raise UsageError(f"the gate has no output format {name!r}", where="--format", hint=f"known: {', '.join(names())}")
    return found


def for_suffix(suffix: str) -> GateRenderer | None:
    """The renderer that writes files with this ending, if any."""
    return next((r for r in _renderers().values() if r.SUFFIX and suffix.lower() == r.SUFFIX), None)


@cache
def _renderers() -> dict[str, GateRenderer]:
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]
    return {m.NAME: cast(GateRenderer, m) for m in modules if hasattr(m, "NAME") and hasattr(m, "render")}
