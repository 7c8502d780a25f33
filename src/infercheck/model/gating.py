"""What a config says to the gate: budgets, suppressions, and what counts as a regression."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from infercheck.model.fields import Glob, Strict, Usd

Limit = Annotated[Decimal, Field(max_digits=20)]


class Budgets(BaseModel):
    """``[budgets]``: bounds on figures of the log, for all of it or in ``[budgets.workload.NAME]`` and ``[budgets.team.NAME]``."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Limit] = Field(init=False)

    workload: dict[str, dict[str, Limit]] = {}
    team: dict[str, dict[str, Limit]] = {}

    @property
    def overall(self) -> dict[str, Decimal]:
        """The bounds for the whole log."""
        return dict(self.__pydantic_extra__ or {})


class SuppressMatch(Strict):
    """Globs, all of which a check must match; one that is not about a team has none to match."""

    workload: Glob = "*"
    model: Glob = "*"
    team: Glob = "*"


class Suppression(Strict):
    """``[[suppress]]``: a known rise that the gate lets pass, with a reason, until the end of a UTC day. An expired one fails the gate."""

    rule: Glob
    match: SuppressMatch = SuppressMatch()
    reason: Annotated[str, Field(min_length=1)]
    expires: date


class GateSettings(Strict):
    """``[gate]``: what counts as a regression. The defaults say why in README.md."""

    min_effect_percent: Annotated[float, Field(gt=0)] = 10.0
    min_usd_per_day: Usd = Decimal("0.30")
    min_ms: Annotated[float, Field(ge=0)] = 100.0
    min_days: Annotated[int, Field(ge=3)] = 5
    min_successes: Annotated[int, Field(ge=2)] = 30
    new_stratum_usd_per_day: Usd = Decimal("1.00")
