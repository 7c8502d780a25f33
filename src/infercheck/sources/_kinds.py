"""Which of an unknown log's records are calls, where a field tells them from others, and whether parents repeat what their children used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from infercheck.model.mapping import Step
from infercheck.sources._fields import Field, value_at

# Last words of names that say of what kind a record is. "level" and "status" tell how it went, and a failed call is a call.
_KIND_WORDS = frozenset({"type", "kind", "event", "category", "operation", "object", "role"})
_MOST_KINDS = 12  # a field with more words names something else
_EMPTY: tuple[Any, ...] = (None, "", [], {})


class Kinds(NamedTuple):
    """A field whose words tell calls from other records, where there is one; and whether parents that nothing tells apart hold tokens too."""

    field: Field | None = None
    words: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    doubled: bool = False


def kinds_of(
    records: Sequence[Mapping[str, Any]], fields: Sequence[Field], *, tokens: Sequence[Field], model: Field | None, taken: Iterable[Field]
) -> Kinds:
    """What tells calls from other records. A call has tokens, or names a model; a parent that repeats what its child used is none."""
    used = {n for n, record in enumerate(records) if any(value_at(record, f.path) not in _EMPTY for f in tokens)}
    parents = _parents(records, fields, used)
    named = {n for n, record in enumerate(records) if model and value_at(record, model.path) not in _EMPTY}
    calls = (used | named) - parents
    if not used or calls == set(range(len(records))):
        return Kinds()
    best: tuple[int, Kinds] = (0, Kinds(doubled=bool(parents)))
    for each in fields:
        if (
            each.name.split("_")[-1] not in _KIND_WORDS
            or any(each is other for other in taken)
            or any(s.place is not None for s in each.path)
        ):
            continue
        words = [_word(value_at(record, each.path)) for record in records]
        inside = dict.fromkeys(words[n] for n in sorted(calls))
        outside = [n for n, word in enumerate(words) if word not in inside]
        told = "" not in inside and len(set(words)) <= _MOST_KINDS and not {words[n] for n in parents} & inside.keys()
        if told and len(outside) > best[0]:
            best = len(outside), Kinds(each, tuple(inside), tuple(dict.fromkeys(words[n] or "none" for n in outside)))
    return best[1]


def _parents(records: Sequence[Mapping[str, Any]], fields: Sequence[Field], used: set[int]) -> set[int]:
    """Records with tokens that another one with tokens names as its parent."""
    ids: dict[str, int] = {}
    for each in (
        f for f in fields if f.name.split("_")[-1] == "id" and "parent" not in f.full_name and len(set(map(str, f.values))) == f.records
    ):
        ids |= {str(value_at(records[n], each.path)): n for n in used}
    pointers: list[tuple[Step, ...]] = [f.path for f in fields if "parent" in f.full_name]
    found: set[int] = set()
    for n in used:
        for pointer in pointers:
            value = value_at(records[n], pointer)
            for name in value if isinstance(value, list) else [value]:
                found |= {ids[str(name)]} - {n} if str(name) in ids else set()
    return found


def _word(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 60 else ""
