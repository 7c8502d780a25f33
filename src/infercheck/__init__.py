"""infercheck: reads the LLM request logs you already have, and says where the money and your users' time go.

>>> import infercheck
>>> report = infercheck.analyze(["logs/"])  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
_API = (
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
)
__all__ = [
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
    if name in _API:
        from infercheck import api

        return getattr(api, name)
    if name == "AnalyzeOptions":
        from infercheck.model.config import AnalyzeOptions

        return AnalyzeOptions
    if name == "GateOptions":
        from infercheck.gate import GateOptions

        return GateOptions
    if name == "Report":
        from infercheck.model.report import Report

        return Report
    raise AttributeError(f"module 'infercheck' has no attribute {name!r}")
