"""What the header of a rule, a view or a fix may say. Pydantic holds the contract: a misspelt key is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Grade = Literal["measured", "structural", "heuristic"]
GRADES: tuple[Grade, ...] = ("measured", "structural", "heuristic")  # strongest first

FixId = Literal[
    "routing",
    "caching",
    "batching",
    "provider_choice",
    "retry_discipline",
    "prompt_diet",
    "traffic_separation",
    "orchestration",
]

# The same in words, for a sentence about where the money goes.
FIX_WORDS: dict[str, str] = {
    "routing": "routing",
    "caching": "caching",
    "batching": "batching",
    "provider_choice": "provider choice",
    "retry_discipline": "retries",
    "prompt_diet": "prompt size",
    "traffic_separation": "mixed traffic",
    "orchestration": "tool and agent loops",
}

Scalar = bool | int | float | str

# The columns that a claim may set, in the order in which settlement applies them (RULES.md, "Counted once").
CLAIM_COLUMNS: dict[str, str] = {
    "drop": "BOOLEAN",
    "route_to": "VARCHAR",
    "trim_input_tokens": "BIGINT",
    "trim_output_tokens": "BIGINT",
    "drop_cache_write": "BOOLEAN",
    "cache_read_tokens": "BIGINT",
    "cache_write_tokens": "BIGINT",
    "service_tier": "VARCHAR",
    "waste_ms": "DOUBLE",
}
CLAIM_KEYS: dict[str, str] = {"call_id": "BIGINT", "span_id": "VARCHAR", "trace_id": "VARCHAR"}
EVIDENCE_PREFIX = "evidence_"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Param(_Strict):
    """A named threshold: its default, and the reasoning for it."""

    default: Scalar
    help: str = Field(min_length=8)

    def accepts(self, value: Scalar) -> bool:
        """A number for a number, text for text, a truth value for a truth value."""
        numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in (self.default, value)]
        return all(numbers) or (not any(numbers) and type(self.default) is type(value))


class Requirement(_Strict):
    """A condition on the log without which the rule is reported as not checked.

    ``sql`` is one SELECT of one truth value over the canonical tables; it may name the rule's parameters.
    """

    sql: str
    reason: str
    setting: str = ""


class Example(_Strict):
    """Data in, claims (or rows) out: the documentation and the test at once.

    Each table is text: a header line, then one line a row, columns parted by two or more spaces or by one where unambiguous.
    ``claims`` (rules) or ``rows`` (views, observations) empty means: must stay silent.
    """

    name: str
    about: str = ""
    calls: str = ""
    spans: str = ""
    prompt_blocks: str = ""
    tool_calls: str = ""
    models: str = ""
    prices: str = ""
    config_workloads: str = ""
    config_calls: str = ""
    config_capacity: str = ""
    config_capacity_calls: str = ""
    params: dict[str, Scalar] = {}
    claims: str | None = None
    rows: str | None = None


class RuleHeader(_Strict):
    """A rule (claims) or an observation (a finding without claims)."""

    kind: Literal["rule", "observation"] = "rule"
    title: str
    why: str
    fix: FixId
    grade: Grade
    needs: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = ()
    false_positives: str
    action: str = Field("", description="one line for the plan; {subject}, {calls}, {target} and evidence names are filled in")
    effect: Literal["spend", "latency", "both"] = "spend"
    params: dict[str, Param] = {}
    example: Annotated[tuple[Example, ...], Field(min_length=2)]


class ViewHeader(_Strict):
    """A derived table shared by rules: every public column has a comment."""

    kind: Literal["view"] = "view"
    title: str
    why: str = ""
    columns: dict[str, str]
    params: dict[str, Param] = {}
    example: Annotated[tuple[Example, ...], Field(min_length=1)]


class Snippet(_Strict):
    """A ready piece of configuration for one tool."""

    tool: str
    language: str = "yaml"
    text: str


class Fix(_Strict):
    """One of the eight fixes: what to change, how hard it is, and how to see that it worked."""

    kind: Literal["fix"] = "fix"
    title: str
    answers: str
    how: str
    effort: Literal["hours", "days", "weeks"]
    risk: Literal["low", "medium", "high"]
    risk_note: str
    verify: str
    snippet: tuple[Snippet, ...] = ()
