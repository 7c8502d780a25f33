"""What finance knows and no log does: accounts, teams, prepaid money, commitments, currencies, and how an invoice's table is laid out."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from infercheck.model.fields import Dated, Match, Name, Strict, Usd, Words

# Columns of calls that may leave as a tag. Any other name in the allow-list is looked up in the client's own tags, as in feature:search.
TAG_COLUMNS: tuple[str, ...] = ("team", "cost_centre", "api_key_alias", "app", "environment", "workload")
Meter = Literal["input", "cache_read", "cache_write", "cache_write_1h", "audio_input", "output", "audio_output", "request"]
METERS: tuple[str, ...] = get_args(Meter)
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Account(Dated):
    """``[[account]]``: who is billed for a provider's calls, and under which project. The first that matches a call takes it."""

    provider: Name = "*"
    match: Match = Field(default={})
    id: Name
    name: Name | None = None
    type: Name = "Organization"
    project: Name | None = None
    project_name: Name | None = None
    project_type: Name = "Project"

    @model_validator(mode="after")
    def _named_by_id(self) -> Account:
        if self.project_name and not self.project:
            raise ValueError("a project_name needs the project's id: project = ...")
        return self


class Team(Dated):
    """``[[team]]``: calls that a team pays for, and its cost centre. Without ``match``: the calls that the log gives to the team's name."""

    name: Name
    match: Match = Field(default={})
    cost_centre: Name | None = None


class Credit(Dated):
    """``[[credit]]``: prepaid money at one provider, drawn by its calls in order of time from ``from`` on; what is left at ``until`` is lost.

    ``purchased`` is false for a balance carried over from before, which is no purchase of this period.
    """

    name: Name
    provider: Name
    usd: Annotated[Decimal, Field(gt=0, max_digits=20)]
    since: date = Field(alias="from")
    purchased: bool = True


class Commitment(Dated):
    """``[[commitment]]``: provisioned throughput. Its price is spread evenly over the days of its term and borne by the calls that match.

    ``usd`` is for the whole term, else ``usd_per_hour``. ``tokens_per_minute`` is its capacity; an output token weighs ``output_weight``
    input tokens, a cached one ``cached_weight``. What the calls of a day leave unused is a row of its own. Without a capacity the
    share in use is unknown, and the calls of a day bear all of it.
    """

    name: Name
    provider: Name
    match: Annotated[Match, Field(min_length=1)]
    since: date = Field(alias="from")
    until: date
    usd: Annotated[Decimal, Field(gt=0, max_digits=20)] | None = None
    usd_per_hour: Annotated[Decimal, Field(gt=0, max_digits=20)] | None = None
    payment: Literal["upfront", "monthly", "daily"] = "daily"
    tokens_per_minute: Annotated[int, Field(gt=0)] | None = None
    output_weight: Annotated[Decimal, Field(ge=0, le=1000, decimal_places=3)] = Decimal(1)
    cached_weight: Annotated[Decimal, Field(ge=0, le=1000, decimal_places=3)] = Decimal(0)
    team: Name | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Commitment:
        if (self.usd is None) == (self.usd_per_hour is None):
            raise ValueError("give its price once: usd for the whole term, or usd_per_hour")
        return self


class Finance(Strict):
    """``[finance]``: the currency of the invoices, and which tags may leave."""

    billing_currency: Currency = "USD"
    tags: Words = ("team", "cost_centre", "api_key_alias", "environment")

    @field_validator("tags")
    @classmethod
    def _plain(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z][\w.-]*", name) or name in {"user", "end_user", "prompt", "api_key"}:
                raise ValueError(f"{name!r} may not leave as a tag; known: {', '.join(TAG_COLUMNS)}, or the name of a client's tag")
        return value


class InvoiceTable(Strict):
    """``[[invoice]]``: the columns of an invoice that comes as a CSV: a column's name, or ``=value`` for what is the same in every line."""

    name: Name
    provider: Name
    date: Name
    date_format: Name = "%Y-%m-%d"
    model: Name
    meter: Name | None = None
    meters: dict[str, Meter] = Field(default={})
    quantity: Name | None = None
    tokens_per_quantity: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    amount: Name
    currency: Name = "=USD"
    invoice_id: Name | None = None


class Reconciling(Strict):
    """``[reconcile]``: how far an invoice may be from the log, and an invoice's model names where they are not the log's."""

    tolerance_percent: Annotated[Decimal, Field(ge=0, le=100)] | None = None
    tolerance_usd: Usd | None = None
    models: dict[str, Name] = Field(default={})
