"""A guessed mapping as TOML to paste, and an unknown log's fields as a table: text shortened, secrets hidden, nothing that a terminal obeys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infercheck.sources import Field, Guess, Proposal

WIDTH = 60  # of an entry, before its remark
SHOWN, KEPT = 32, 8  # a text up to so long is shown whole; of a longer one, so many characters
_SECRET_KEY = re.compile(r"(?i)(api_?key|secret|token|password|passwd|authorization|auth|cookie|credential|bearer)s?$")
_SECRET = re.compile(r"(?i)^(sk|pk|rk|xox[a-z]|gh[a-z]|AKIA|AIza|eyJ|bearer|basic)[-_ A-Za-z0-9]")
_PRIVATE = re.compile(r"(?i)messages?|prompt|input|content|text|answer|completion|output|repl(y|ies)|query|question|contents|parts")


def name_for(file: Path, taken: Mapping[str, object]) -> str:
    """A name for the mapping after the file's: letters, digits and _, and not one that is there already."""
    plain = re.sub(r"[^a-z0-9]+", "_", file.name.split(".")[0].lower()).strip("_")
    base = plain if re.match(r"[a-z]", plain) else f"log_{plain}".strip("_")
    return next(name for name in (base, *(f"{base}_{n}" for n in range(2, 1000))) if name not in taken)


def toml(name: str, proposal: Proposal) -> str:
    """The mapping: sure columns as they work, the others commented out with the reason."""
    from infercheck import sources

    lines = [f"[source.{name}]", f"keys = {json.dumps(list(proposal.keys), ensure_ascii=False)}".ljust(WIDTH) + "  # what tells the log"]
    for key, (value, remark) in proposal.settings.items():
        if not all(map(_plain, _texts([value, remark]))):
            continue
        said = _value(value if value is not None else "UTC" if key == "zone" else True)
        lines.append(_entry(f"{'# ' if value is None else ''}{key} = {said}", remark))
    lines += ["", f"[source.{name}.columns]"]
    lines += [_entry(_column(guess), _remark(guess)) for guess in proposal.sure if _harmless(guess)]
    unsure = [guess for guess in proposal.columns if guess.doubt and _harmless(guess)]
    if unsure:
        lines += ["", "# Not sure; take out the # where it is right:"]
        lines += [_entry(f"# {_column(guess)}", f"{_sample(guess)}: {guess.doubt}") for guess in unsure]
    beside = [f"#   {each.text}" for each in proposal.unread if _plain(each.text)]
    if beside:
        lines += ["", "# Counts beside the tokens that fill no column:", *beside]
    missing = [f"#   {what}: no {columns}" for columns, what in sources.lacking(proposal)]
    if missing:
        lines += ["", "# Without these columns a report says less:", *missing]
    return "\n".join(lines) + "\n"


def rows(proposal: Proposal) -> list[list[str]]:
    """Every field: its path, in how many records, a sample, and the column it would fill."""
    from infercheck.render.safe import clean

    columns = {id(guess.field): guess.column + ("?" if guess.doubt else "") for guess in proposal.columns}
    return [
        [clean(each.text, 60), f"{len(each.values)} of {each.records}", _shown(each), columns.get(id(each), "")]
        for each in proposal.fields
    ]  # fmt: skip


def _entry(text: str, remark: str) -> str:
    return f"{text.ljust(WIDTH)}  # {remark}" if remark else text


def _column(guess: Guess) -> str:
    path = json.dumps(guess.field.text, ensure_ascii=False)
    spec = ", ".join(f"{key} = {_value(value)}" for key, value in guess.spec.items())
    return f"{guess.column} = {{ path = {path}, {spec} }}" if spec else f"{guess.column} = {path}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _key(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else json.dumps(word, ensure_ascii=False)


def _remark(guess: Guess) -> str:
    return "; ".join(part for part in (_sample(guess), guess.remark) if part)


def _sample(guess: Guess) -> str:
    return _shown(guess.field)


def _shown(each: Field) -> str:
    """The first value, unless it is a secret; of long texts and of prompts a few characters."""
    from infercheck.render.safe import clean

    if not each.values:
        return "empty"
    value = each.values[0]
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if not isinstance(value, str):
        return clean(json.dumps(value))
    if (_SECRET_KEY.search(each.name) and not each.numbers) or _SECRET.match(value):
        return "(hidden)"
    limit = KEPT if any(_PRIVATE.fullmatch(step.key) for step in each.path) else SHOWN
    return clean(value) if len(value) <= limit else f"{clean(value[:KEPT])}… ({len(value):,} characters)"


def _harmless(guess: Guess) -> bool:
    """Whether path and words can be written as they are; what a terminal would obey is left to the table."""
    return all(_plain(text) for text in _texts([guess.field.text, guess.spec]))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inside in value.items() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from _texts(inside)


def _plain(text: str) -> bool:
    from infercheck.render.safe import clean

    return clean(text) == text
