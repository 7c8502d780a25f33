"""infercheck: reads the LLM request logs you already have, and says where the money and your users' time go.

>>> import infercheck
>>> report = infercheck.analyze("logs/")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infercheck.analysis import Analysis
    from infercheck.api import (
        analyze,
        baseline,
        check,
        diff,
        export_calls,
        export_chargeback,
        export_claims,
        export_excel,
        export_focus,
        query,
        reconcile,
    )
    from infercheck.gate import GateOptions
    from infercheck.model.config import AnalyzeOptions
    from infercheck.model.report import Report

__version__ = "0.1.0"
_HOMES = {
    "Analysis": "infercheck.analysis",
    "AnalyzeOptions": "infercheck.model.config",
    "GateOptions": "infercheck.gate",
    "Report": "infercheck.model.report",
}
__all__ = [
    "Analysis",
    "AnalyzeOptions",
    "GateOptions",
    "Report",
    "analyze",
    "baseline",
    "check",
    "diff",
    "export_calls",
    "export_chargeback",
    "export_claims",
    "export_excel",
    "export_focus",
    "query",
    "reconcile",
]


def __getattr__(name: str) -> Any:
    """Import on first use: ``infercheck --help`` must not wait for a database."""
    if name not in __all__:
        raise AttributeError(f"module 'infercheck' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "infercheck.api")), name)
