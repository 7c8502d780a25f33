"""What a config file may say, and what one run was asked to do. Pydantic holds the contract: a misspelt key is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from infercheck.model.fields import Dated, Glob, Globs, Name, Strict, Usd, Words
from infercheck.model.finance import Account, Commitment, Credit, Finance, InvoiceTable, Reconciling, Team
from infercheck.model.gating import Budgets, GateSettings, Suppression
from infercheck.model.mapping import SourceMapping
from infercheck.model.rule import Scalar

CostBasis = Literal["logged", "computed"]
COST_BASES: tuple[str, ...] = get_args(CostBasis)

# Columns of calls that a [[workload]] may match on. Hashed columns (end_user) have no text to match, the serving model is never part of
# a workload's identity.
MATCH_COLUMNS: tuple[str, ...] = (
    "app",
    "team",
    "user",
    "api_key_alias",
    "tags",
    "environment",
    "model_requested",
    "provider",
    "deployment",
    "endpoint",
    "region",
    "caller_region",
    "operation",
    "service_tier",
    "user_agent",
    "source",
)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(text: str) -> float:
    """Seconds in ``24h``, ``90s``, ``15m``, ``7d`` or ``2w``; ValueError for anything else."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} is no duration: write 90s, 15m, 24h, 7d or 2w")
    return float(found[1]) * _UNITS[found[2]]


def _ttl(value: Any) -> Any:
    return round(seconds(value)) if isinstance(value, str) else value


def _parameter(value: Any) -> Any:
    """TOML's decimals arrive as Decimal, so that prices are exact; parameters are int or float."""
    if not isinstance(value, bool | int | float | str | Decimal):
        raise ValueError("a parameter is a number, a text, true or false")
    return float(value) if isinstance(value, Decimal) else value


Ttl = Annotated[int, BeforeValidator(_ttl), Field(ge=0)]
Parameter = Annotated[Scalar, BeforeValidator(_parameter)]


class Workload(Strict):
    """``[[workload]]``: the calls that do one job. All of ``match`` must hold; of several globs for a column, one. First match wins."""

    name: Annotated[str, Field(min_length=1)]
    match: dict[str, Globs]
    klass: Literal["interactive", "background"] | None = Field(None, alias="class")
    value: Literal["low", "normal", "high"] | None = None
    route_to: Annotated[str, Field(pattern=r"^[^/\s]+/\S+$")] | None = None
    response_cache_ttl_s: Ttl | None = Field(None, alias="response_cache_ttl")


class Price(Strict):
    """``[[price]]``: a price of one's own, from ``from`` up to but not including ``until`` (UTC days). What is not given stays listed.

    ``discount_percent`` comes off every meter, or off the one that ``meter`` names.
    """

    model: Glob = "*"
    provider: str | None = None
    since: date | None = Field(None, alias="from")
    until: date | None = None
    tier: Literal["default", "batch", "flex", "priority", "fast"] | None = None
    input_usd_per_mtok: Usd | None = None
    cache_read_usd_per_mtok: Usd | None = None
    cache_write_usd_per_mtok: Usd | None = None
    cache_write_1h_usd_per_mtok: Usd | None = None
    output_usd_per_mtok: Usd | None = None
    discount_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    meter: Literal["input", "cache_read", "cache_write", "output"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Price:
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"from ({self.since}) must be before until ({self.until})")
        if not self.discount_percent and not any(getattr(self, name) is not None for name in _METERS):
            raise ValueError("give a price (such as input_usd_per_mtok) or a discount_percent")
        if self.meter and not self.discount_percent:
            raise ValueError("meter says what a discount_percent is for: give one")
        return self

    def override(self) -> dict[str, Any]:
        """The same as the fields of ``infercheck.prices.overrides.PriceOverride``."""
        meters = {short: getattr(self, name) for name, short in _METERS.items()}
        same = {name: getattr(self, name) for name in ("model", "provider", "since", "until", "tier", "discount_percent", "meter")}
        return {**same, **meters}


_METERS = {
    "input_usd_per_mtok": "input",
    "cache_read_usd_per_mtok": "cache_read",
    "cache_write_usd_per_mtok": "cache_write",
    "cache_write_1h_usd_per_mtok": "cache_write_1h",
    "output_usd_per_mtok": "output",
}


class Premium(Strict):
    """``[premium]``: which models count as premium, instead of what their price says."""

    models: Words = ()


class Rate(Strict):
    """``[[rate]]``: USD for one unit of another currency, from a UTC day on."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    since: date | None = Field(None, alias="from")
    usd: Annotated[Decimal, Field(gt=0, max_digits=20)]


class Capacity(Dated):
    """``[[capacity]]``: machines of one's own, paid by the hour, from ``from`` up to but not including ``until`` (UTC days).

    ``deployment`` holds globs over the deployment, endpoint, provider/model or model that the log names. Its calls share the hours in which
    any of them ran. ``usd_per_hour`` is that of one GPU or one instance; ``hosted`` names what could take the work over.
    """

    deployment: Globs
    name: Name | None = None
    gpus: Annotated[int, Field(ge=1)] | None = None
    instances: Annotated[int, Field(ge=1)] | None = None
    usd_per_hour: Annotated[Decimal, Field(gt=0, max_digits=16, decimal_places=9)]
    hosted: Annotated[str, Field(pattern=r"^[^/\s]+/\S+$")] | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Capacity:
        if (self.gpus is None) == (self.instances is None):
            raise ValueError("give gpus or instances, whichever usd_per_hour is the price of")
        return self

    @property
    def label(self) -> str:
        """Its name, else its deployments."""
        return self.name or ", ".join(self.deployment)

    @property
    def units(self) -> int:
        """GPUs or instances."""
        return self.gpus or self.instances or 0


class RuleSettings(BaseModel):
    """``[rules.ID]``: whether the rule runs, and its parameters (or a view's)."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Parameter] = Field(init=False)

    enabled: bool = True

    @property
    def params(self) -> dict[str, Scalar]:
        """The parameters that are set."""
        return dict(self.__pydantic_extra__ or {})


class ConfigModel(Strict):
    """The whole file."""

    workload: tuple[Workload, ...] = ()
    price: tuple[Price, ...] = ()
    premium: Premium = Premium()
    rate: tuple[Rate, ...] = ()
    capacity: tuple[Capacity, ...] = ()
    source: dict[str, SourceMapping] = Field(default={})
    rules: dict[str, RuleSettings] = Field(default={})
    select: Words = ()
    ignore: Words = ()
    cost_basis: CostBasis | None = None
    account: tuple[Account, ...] = ()
    team: tuple[Team, ...] = ()
    credit: tuple[Credit, ...] = ()
    commitment: tuple[Commitment, ...] = ()
    invoice: tuple[InvoiceTable, ...] = ()
    finance: Finance = Finance()
    reconcile: Reconciling = Reconciling()
    budgets: Budgets = Budgets()
    suppress: tuple[Suppression, ...] = ()
    gate: GateSettings = GateSettings()


@dataclass(frozen=True)
class AnalyzeOptions:
    """What one run was asked to do. None means: as the config says, else the default.

    ``since`` and ``until`` are moments in UTC (naive, as in the canonical tables); a time span as ``since`` counts back from the newest call.
    ``where`` is a SQL condition over ``calls``. ``tz`` is for display only. ``pictures``: also work out what only the HTML page draws.
    ``anonymize`` puts pseudonyms for teams, users, keys, hosts and paths.
    """

    since: datetime | timedelta | None = None
    until: datetime | None = None
    where: str | None = None
    config: Path | None = None
    rules: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    ledger: Path | None = None
    use_ledger: bool = True
    cost_basis: str | None = None
    rule_timeout_s: float | None = None
    tz: str = "UTC"
    remote: str | None = None
    pictures: bool = False
    anonymize: bool = False
