"""The report as JSON: the stable contract. Strings keep their text, but what a terminal would obey is written as \\u escapes."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from infercheck.render import DEFAULT, Style

if TYPE_CHECKING:
    from pydantic import BaseModel

    from infercheck.model.report import Report

NAME = "json"
SUFFIX = ".json"

# DEL, C1, bidi and zero-width controls, surrogates and noncharacters. C0 is escaped by JSON itself.
_UNSAFE = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)


def render(report: Report, style: Style = DEFAULT) -> str:
    """The whole report; unknown is null."""
    return dumps(report.model_dump(mode="json", by_alias=True)) + "\n"


def dumps(value: object) -> str:
    """Indented JSON of plain values, safe to print."""
    return _UNSAFE.sub(_escaped, json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, indent=2))


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of what a model writes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(mode="serialization", by_alias=True)}


def report_schema() -> dict[str, Any]:
    """JSON Schema of what ``render`` writes."""
    from infercheck.model.report import Report

    return schema_of(Report)


def _plain(value: Any) -> Any:
    """JSON knows no NaN and no infinity: both are unknown."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
