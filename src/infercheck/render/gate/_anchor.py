"""Where a check stands in a repository, and what makes it the same from run to run."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from infercheck.model.gate import Check

CONFIG = "infercheck.toml"  # a check without a line of its own stands at the top of the config, where its bound could be written


def place(check: Check) -> tuple[str, int]:
    """File as a relative URI, and line."""
    if check.anchor is None:
        return CONFIG, 1
    return quote(PurePath(check.anchor.file).as_posix()), max(1, check.anchor.line)


def fingerprint(check: Check) -> str:
    """32 hexadecimal digits of the key's hash."""
    return hashlib.sha256(check.key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
