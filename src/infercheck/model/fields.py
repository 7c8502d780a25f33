"""Types that several parts of the config share. Pydantic holds the contract: a misspelt key is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise ValueError("write a text, or a list of texts")
    return value


Usd = Annotated[Decimal, Field(ge=0, max_digits=20)]
Name = Annotated[str, Field(min_length=1)]
Glob = Annotated[str, Field(min_length=1)]
Words = Annotated[tuple[Glob, ...], BeforeValidator(_words)]
Globs = Annotated[Words, Field(min_length=1)]
Match = dict[str, Globs]


class Strict(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dated(Strict):
    """Holds from the UTC day ``from`` up to but not including ``until``; always, where neither is given."""

    since: date | None = Field(None, alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Dated:
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"from ({self.since}) must be before until ({self.until})")
        return self

    def holds(self, day: date) -> bool:
        """True on that UTC day."""
        return (self.since is None or day >= self.since) and (self.until is None or day < self.until)
