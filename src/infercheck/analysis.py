"""What ``infercheck.analyze`` hands to a notebook: the report, its lists as polars frames, and the claims and calls behind it.

The frames of claims and calls are written to a temporary folder while the log is open, and read when they are asked for: a result holds
neither the ledger nor a million rows. The folder goes with the result.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import PrivateAttr

from infercheck.engine.duckdb import Engine
from infercheck.model.report import Model, Report

if TYPE_CHECKING:
    import polars as pl

Part = Literal["findings", "plan", "by_model", "by_workload", "by_team", "by_day", "by_capacity", "by_hour"]
PARTS: tuple[str, ...] = get_args(Part)

CLAIMS = (
    "SELECT s.rule, s.step, c.source_call_id, s.call_id, CAST(NULL AS VARCHAR) AS span_id, c.trace_id, s.subject, s.fix, s.grade, s.kind, "
    "s.billed_usd, s.alone_usd, s.saved_usd, CAST(NULL AS DOUBLE) AS saved_ms FROM settled s JOIN calls c ON c.call_id = s.call_id "
    "UNION ALL SELECT l.rule, l.step, c.source_call_id, l.call_id, l.span_id, coalesce(c.trace_id, l.trace_id), l.subject, l.fix, l.grade, "
    "'waste_ms', NULL, NULL, NULL, l.saved_ms FROM settled_latency l LEFT JOIN calls c ON c.call_id = l.call_id "
    "ORDER BY rule, subject, source_call_id, call_id, span_id, kind, trace_id, fix, saved_ms"  # a total order: the same bytes from every run
)
CALLS = (
    "SELECT c.source_call_id, c.request_id, c.trace_id, c.started_at, c.first_token_at, c.ended_at, p.workload, w.class, c.team, "
    "c.api_key_alias, c.environment, p.provider, p.model_requested, p.model, p.deployment, p.operation, p.status, c.http_status, "
    "p.finish_reason, p.tier, p.input_tokens, p.cache_read_tokens, p.cache_write_5m_tokens, p.cache_write_1h_tokens, p.output_tokens, "
    "p.reasoning_tokens, p.logged_usd, p.computed_usd, p.billed_usd, p.cost_basis, s.saved_usd, p.duration_ms, p.ttft_ms "
    "FROM priced_calls p JOIN calls c ON c.call_id = p.call_id LEFT JOIN workloads w ON w.workload = p.workload "
    "LEFT JOIN (SELECT call_id, sum(saved_usd) AS saved_usd FROM settled GROUP BY call_id) s ON s.call_id = p.call_id "
    "ORDER BY c.started_at, p.call_id"
)


class Analysis(Report):
    """The report of one run, for people who go on in Python. A notebook shows it as a summary.

    Dollars are ``Decimal`` in USD, durations milliseconds, times UTC, shares 0 to 1; unknown is None, or null in a frame, never 0.
    """

    _folder: tempfile.TemporaryDirectory[str] = PrivateAttr()

    @classmethod
    def of(cls, report: Report, engine: Engine) -> Analysis:
        """The report with the rows behind it; the engine holds them settled, and may be closed afterwards."""
        made = cls.model_construct(_fields_set=set(report.model_fields_set), **dict(report))
        made._folder = tempfile.TemporaryDirectory(prefix="infercheck-")
        for name, sql in (("claims", CLAIMS), ("calls", CALLS)):
            engine.spool(sql, Path(made._folder.name) / f"{name}.parquet")
        return made

    def claims(self) -> pl.DataFrame:
        """One row per settled claim, as ``infercheck export claims`` writes it: rule, source_call_id, kind, billed_usd, saved_usd, saved_ms.

        ``saved_usd`` is counted once: it sums to the findings' ``counted_once_usd``. A claim that another one took stands with 0.
        """
        return self._read("claims")

    def calls(self) -> pl.DataFrame:
        """One row per attempt, as ``infercheck export calls`` writes it: times, workload, tokens, ``billed_usd``, ``saved_usd``, ``ttft_ms``."""
        return self._read("calls")

    def frame(self, part: Part) -> pl.DataFrame:
        """A list of the report as a frame, one row an entry, with the names that it has in JSON: ``frame("findings")``, ``frame("by_workload")``.

        Evidence is JSON text. ValueError for another part.
        """
        for owner in (self, self.spend, self.latency):
            if part in PARTS and part in type(owner).model_fields:
                return _frame(get_args(type(owner).model_fields[part].annotation)[0], getattr(owner, part))
        raise ValueError(f"there is no part {part!r}; known: {', '.join(PARTS)}")

    def __repr__(self) -> str:
        from infercheck.render.figures import plural
        from infercheck.render.money import usd
        from infercheck.render.rest import count_of

        things = count_of(self.plan, self.more.get("plan"))
        found = f"{plural(count_of(self.findings, self.more.get('findings')), 'finding')}, {plural(things, 'thing')} to do"
        return f"<infercheck.Analysis: {plural(self.coverage.attempts, 'call')}, {usd(self.headline.spend_usd)}, {found}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from infercheck.render._summary import summary

        return summary(self)

    def _read(self, name: str) -> pl.DataFrame:
        import polars as pl

        return pl.read_parquet(Path(self._folder.name) / f"{name}.parquet", memory_map=False)


def _frame(kind: type[Model], entries: Iterable[Model]) -> pl.DataFrame:
    import polars as pl

    schema = {field.serialization_alias or name: _type(field.annotation) for name, field in kind.model_fields.items()}
    rows = [entry.model_dump(mode="python", by_alias=True) for entry in entries]
    texts = [name for name, field in kind.model_fields.items() if get_origin(field.annotation) is dict]
    for row in rows:
        row.update({name: json.dumps(row[name], ensure_ascii=False, default=str) for name in texts})
    return pl.DataFrame(rows, schema=schema, orient="row")


def _type(annotation: Any) -> Any:
    """The polars type of a field of the report; dollars keep the digits that they have in the engine."""
    import polars as pl

    plain = {str: pl.String, bool: pl.Boolean, int: pl.Int64, float: pl.Float64, Decimal: pl.Decimal(38, 12), dict: pl.String}
    origin = get_origin(annotation) or annotation
    if origin in plain:
        return plain[origin]
    if origin is Literal:
        return pl.String
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return pl.Struct({name: _type(field.annotation) for name, field in annotation.model_fields.items()})
    inner = _type(next(arg for arg in get_args(annotation) if arg is not type(None)))
    return pl.List(inner) if origin in (list, tuple) else inner
