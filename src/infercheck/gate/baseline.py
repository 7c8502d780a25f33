"""The baseline file: written, read, refused with one clear line, or re-priced where that is sound."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infercheck.errors import InputError, UsageError
from infercheck.gate.pricing import Pricer
from infercheck.model.snapshot import CURRENCY, KIND, SCHEMA_VERSION, Outcomes, Snapshot, Tokens

REWRITE = "write it again: infercheck baseline write LOGS -o FILE"
_HEAD = 4096  # bytes in which the kind stands: it is the first key


def dump(snapshot: Snapshot) -> str:
    """The file's text: JSON, one row a line, so that two baselines differ line by line."""
    data = snapshot.model_dump(mode="json")
    parts = []
    for key, value in data.items():
        if isinstance(value, list) and value:
            rows = ",\n".join("    " + json.dumps(row, ensure_ascii=True) for row in value)
            parts.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=True)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def is_baseline(path: Path) -> bool:
    """Whether the file says of itself that it is a baseline, whatever its version."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    return head.lstrip()[:1] == b"{" and f'"{KIND}"'.encode() in head


def load(path: Path) -> Snapshot:
    """Read a baseline. UsageError in one line for what is none, for another schema or another currency; InputError where there is no file."""
    where = str(path)
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as err:
        raise InputError("there is no such baseline", where=where, hint="make it with: infercheck baseline write LOGS -o FILE") from err
    except OSError as err:
        raise InputError(f"the baseline cannot be read: {err.strerror}", where=where) from err
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as err:
        raise UsageError("this is no baseline: it is not valid JSON", where=where, hint=REWRITE) from err
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise UsageError("this is no baseline", where=where, hint="make one with: infercheck baseline write LOGS -o FILE")
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        age = "an older" if isinstance(version, int) and version < SCHEMA_VERSION else "a newer or unknown"
        raise UsageError(f"the baseline has {age} schema ({version!r}, this version reads {SCHEMA_VERSION})", where=where, hint=REWRITE)
    if data.get("currency") != CURRENCY:
        raise UsageError(f"the baseline counts in {data.get('currency')!r}, this run in {CURRENCY}", where=where, hint=REWRITE)
    try:
        return Snapshot.model_validate(data)
    except ValidationError as err:
        first = err.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"the baseline is damaged at {at}: {first['msg']}", where=where, hint=REWRITE) from err


def comparable(base: Snapshot, head: Snapshot, pricer: Pricer, *, where: str) -> tuple[Snapshot, list[str]]:
    """The baseline as it would be with the head's prices, and what was done to it in words.

    Costs that the log states are what was billed and stay. Computed ones are computed again from the summed tokens, each day at its own
    prices, so that a corrected price list is no regression. UsageError where that cannot be done, or where the two rest on different costs.
    """
    if base.cost_basis != head.cost_basis:
        raise UsageError(
            f"the baseline rests on {base.cost_basis} costs, this run on {head.cost_basis} ones", where=where,
            hint=f"add --cost-basis {base.cost_basis}, or write the baseline again",
        )  # fmt: skip
    if base.prices == head.prices:
        return base, []
    of, to = base.prices.list_version, head.prices.list_version
    what = f"prices of {of}, this run has {to}" if of != to else "other prices in its config than this run"
    computed = [row for row in base.tokens if row.basis == "computed"]
    if not computed:
        return base, []
    factors = _factors(base, pricer)
    if factors is None:
        raise UsageError(f"the baseline has {what}, and some of its models cannot be priced again", where=where, hint=REWRITE)
    return _repriced(base, factors, pricer), [f"the baseline had {what}: its computed costs were computed again with this run's"]


Key = tuple[Any, str, str | None]


def _factors(base: Snapshot, pricer: Pricer) -> dict[Key, tuple[Decimal, Decimal]] | None:
    """Old and new bill by day and stratum; None where a computed cost has no price any more."""
    sums: dict[Key, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in base.tokens:
        if row.billed_usd is None:
            continue
        new = _new_bill(row, base, pricer)
        pair = sums[row.day, row.workload, row.stratum_model]
        if new is None:
            return None
        pair[0] += row.billed_usd
        pair[1] += new
    return {key: (old, new) for key, (old, new) in sums.items()} if all(old or not new for old, new in sums.values()) else None


def _new_bill(row: Tokens, base: Snapshot, pricer: Pricer) -> Decimal | None:
    day = row.day or (base.start.date() if base.start else None)
    if row.basis != "computed":
        return row.billed_usd
    return pricer.usd(row, day) if day else None


def _repriced(base: Snapshot, factors: dict[Key, tuple[Decimal, Decimal]], pricer: Pricer) -> Snapshot:
    by_workload: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for (_, workload, _), (old, new) in factors.items():
        by_workload[workload][0] += old
        by_workload[workload][1] += new
    scale = {name: float(new / old) if old else 1.0 for name, (old, new) in by_workload.items()}

    def outcome(row: Outcomes) -> Outcomes:
        old, new = factors.get((row.day, row.workload, row.model), (Decimal(0), Decimal(0)))
        return row if row.spend_usd is None or not old else row.model_copy(update={"spend_usd": row.spend_usd * new / old})

    def tokens(row: Tokens) -> Tokens:
        new = _new_bill(row, base, pricer)
        return row.model_copy(update={"billed_usd": new, "computed_usd": new}) if row.basis == "computed" else row

    buckets = [
        row.model_copy(update={"usd": row.usd * k, "usd_squared": row.usd_squared * k * k, "usd_successes": row.usd_successes * k})
        for row in base.buckets
        for k in (scale.get(row.workload, 1.0),)
    ]
    return base.model_copy(
        update={"outcomes": [outcome(r) for r in base.outcomes], "tokens": [tokens(r) for r in base.tokens], "buckets": buckets}
    )
