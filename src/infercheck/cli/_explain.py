"""The page of a rule, view or fix: what it claims, why, how sure it may be, when it is wrong, what it needs, parameters, an example."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infercheck.model.hints import SETTINGS
from infercheck.model.rule import CLAIM_COLUMNS, Example, Fix, RuleHeader, ViewHeader

if TYPE_CHECKING:
    from infercheck.rulebook import Rule, Rulebook, View

Rows = list[tuple[str, str]]

_CLAIMS = {
    "drop": "the call need not have happened",
    "route_to": "another model or provider would have served it",
    "trim_input_tokens": "input tokens that need not have been sent",
    "trim_output_tokens": "output tokens that need not have been written",
    "cache_read_tokens": "uncached input that would have been read from the prompt cache",
    "cache_write_tokens": "input that would have been written to the cache first, at the write price",
    "drop_cache_write": "a cache write that need not have been paid for",
    "service_tier": "another service tier would have done",
    "waste_ms": "time that somebody waited for nothing",
}
_GRADES = {
    "measured": "measured: your own log shows the alternative working",
    "structural": "structural: follows from the log, with no assumption about quality",
    "heuristic": "heuristic: likely, look before you act; its dollars have a subtotal of their own",
}
_KINDS = {"rule": "a rule: it claims, call by call", "observation": "an observation: it names, and claims nothing"}
_TABLES = ("calls", "spans", "prompt_blocks", "tool_calls", "models", "prices", "config_workloads", "config_calls", "claims", "rows")


def page(id: str, book: Rulebook, verbose: bool) -> Rows:
    """Label and text, in the order of reading. ``verbose`` adds all examples and the SQL."""
    if id in book.fixes:
        return _fix(id, book.fixes[id], book)
    owner: Rule | View = book.rules[id] if id in book.rules else book.views[id]
    head = owner.header
    rows = _rule(id, owner, book) if isinstance(head, RuleHeader) else _view(id, head)  # type: ignore[arg-type]
    rows += [(f"${name}", f"{p.help} (default {p.default}; {_setting(id, name)})") for name, p in head.params.items()]
    if views := [v for v in book.views if re.search(rf"\b{v}\b", owner.file.body)]:
        rows.append(("reads", f"{', '.join(views)}: their parameters count here too, `rules explain` shows them"))
    rows += [("example", _example(e)) for e in (head.example if verbose else head.example[:1])]
    rows.append(("file", owner.file.where))
    if verbose:
        rows.append(("sql", owner.file.body.strip("\n")))
    return rows


def _rule(id: str, rule: Rule, book: Rulebook) -> Rows:
    head = rule.header
    fix = book.fixes.get(head.fix)
    rows = [
        (id, head.title),
        ("step", f"{rule.step}; {_KINDS[head.kind]}"),
        ("why it is bad", head.why),
    ]
    if head.kind == "rule":
        rows.append(("what it claims", "; ".join(_CLAIMS[c] for c in CLAIM_COLUMNS if c in _claimed(head))))
    rows += [
        ("how sure", "\n".join(_GRADES[g] for g in _GRADES if g in _grades(head))),
        ("when it is wrong", head.false_positives),
        ("fix", head.fix + (f": {fix.title}" if fix else "")),
        ("in the plan", head.action or head.title),
    ]
    rows += [("needs", f"{name}" + (f": {SETTINGS[name]}" if name in SETTINGS else "")) for name in head.needs]
    rows += [("not checked if", r.reason + (f"; {r.setting}" if r.setting else "")) for r in head.requires]
    return rows


def _view(id: str, head: ViewHeader) -> Rows:
    return [(id, head.title), ("why", head.why), *head.columns.items()]


def _fix(id: str, fix: Fix, book: Rulebook) -> Rows:
    rules = ", ".join(r.id for r in book.selected() if r.header.fix == id) or "none"
    rows = [
        (id, fix.title), ("answers", fix.answers), ("how", fix.how), ("effort", fix.effort), ("risk", f"{fix.risk}: {fix.risk_note}"),
        ("verify", fix.verify), ("rules", rules),
    ]  # fmt: skip
    return [*rows, *(("snippet", f"{s.tool} ({s.language})\n{s.text}") for s in fix.snippet)]


def _claimed(head: RuleHeader) -> set[str]:
    """The columns that its examples claim."""
    return {word for e in head.example for word in (e.claims or "").strip().split("\n", 1)[0].split()}


def _grades(head: RuleHeader) -> set[str]:
    """The header's grade and those that single claims of its examples have instead."""
    return {head.grade} | {word for e in head.example for word in (e.claims or "").split() if word in _GRADES}


def _setting(id: str, name: str) -> str:
    return f"in the config: [rules.{id}] {name} = ..."


def _example(example: Example) -> str:
    told = [example.name, example.about] if example.about else [example.name]
    params = [f"with {', '.join(f'${k} = {v}' for k, v in example.params.items())}"] if example.params else []
    tables = [f"{table}:\n{text.strip()}" for table in _TABLES if (text := getattr(example, table))]
    silent = [] if example.claims or example.rows else ["claims nothing"]
    return "\n".join([*told, *params, *tables, *silent])
