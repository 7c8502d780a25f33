"""A log against its invoices, by provider, UTC day, model and meter. What both know at one price has matched; every gap is a line of its own.

Tokens that only one side has are valued at that side's price, and only what is left is compared as money: so a missing call is never
mistaken for a wrong price, and two faults on one key are two lines. Gaps of a key sum to invoice minus log, to the last digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple

from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.errors import InputError, UsageError
from infercheck.finance import model_match
from infercheck.finance.invoices.document import OTHER, Line
from infercheck.finance.names import seller_id
from infercheck.finance.period import Period, month_of
from infercheck.finance.rates import usd_per_unit
from infercheck.model.config import AnalyzeOptions
from infercheck.model.reconciliation import KINDS, Kind, KindTotal, ReconciledLine, Reconciliation
from infercheck.prices.providers import is_self_hosted
from infercheck.render.figures import plural

TOLERANCE_PERCENT = Decimal("0.5")  # what failed attempts that a gateway hides usually make up; a price that is wrong is more
_SCALE = Decimal("0.000000000001")
_HALF = Decimal("0.5")
_WORDS = 12  # meters in a note
ZERO = Decimal(0)


class Key(NamedTuple):
    """What both sides are compared by."""

    provider: str
    day: date
    model: str | None
    meter: str


@dataclass
class Side:
    """One side of a key. ``usd`` None: no amount is known; ``quantity`` None: no tokens are. ``slack`` is what roundings may add up to; ``whole``
    is false where some of its lines name no tokens.
    """

    quantity: Decimal | None = None
    usd: Decimal | None = None
    slack: Decimal = ZERO
    unpriced: int = 0
    note: str = ""
    whole: bool = True

    def add(self, quantity: Decimal | None, usd: Decimal | None, slack: Decimal = ZERO, unpriced: int = 0, *, whole: bool = True) -> None:
        """One more line of it."""
        self.whole = self.whole and whole and quantity is not None
        self.quantity = _plus(self.quantity, quantity)
        self.usd = _plus(self.usd, usd)
        self.slack += slack
        self.unpriced += unpriced


def reconcile(
    engine: Engine,
    config: Config,
    lines: Sequence[Line],
    *,
    invoices: Sequence[str],
    period: Period,
    tolerance: tuple[Decimal | None, Decimal | None] = (None, None),
    notes: Sequence[str] = (),
) -> Reconciliation:
    """Compare ``lines`` with table ``charges`` and the unpriced calls. ``tolerance`` is percent of the invoice, and USD; the config's, then half
    a percent, where neither is given. Invoice lines outside ``period`` are left out, and counted in a note. InputError where neither side has
    anything: what was not looked at does not agree.
    """
    inside = [line for line in lines if period.start <= line.day < period.end]
    outside = (
        [f"{plural(len(lines) - len(inside), 'invoice line is', 'invoice lines are')} outside the period"]
        if len(inside) < len(lines)
        else []
    )
    logged, own = _log_sides(engine)
    if not logged and not inside:
        raise InputError("; ".join(["nothing to compare", *outside, *notes]), where=f"{period.start} until {period.end}")
    names = {(k.provider, k.model) for k in logged if k.model}
    billed, counted = (
        _invoice_sides([line for line in inside if (line.amount is None) is usage], config, names) for usage in (False, True)
    )
    logged, billed, counted = _as_coarse(logged, billed, counted)
    billed, other_counts = _with_counts(billed, counted)
    with localcontext(prec=60):
        found = [line for key in sorted({*logged, *billed}, key=_order) for line in compare(key, logged.get(key), billed.get(key))]
    left_out = [*outside, *other_counts, *_told_by_words(inside)]
    left_out += [f"no invoice bills {name}, which runs on machines of your own: not compared" for name in own]
    unbilled = sorted({key.provider for key in logged} - {key.provider for key in billed})
    left_out += [f"no invoice for {name}: add it, or leave its calls out with --where" for name in unbilled]
    ids = sorted({line.invoice_id for line in inside if line.invoice_id})
    return _summed(found, config, tolerance, invoices=list(invoices), ids=ids, period=period, notes=[*left_out, *notes])


def scope(options: AnalyzeOptions, lines: Sequence[Line]) -> tuple[AnalyzeOptions, Period]:
    """The days that both sides are held to: those asked for, else the calendar months of the invoices."""
    first, last = min(line.day for line in lines), max(line.day for line in lines)
    months = Period(month_of(first).start, month_of(last).end)
    start = options.since.date() if isinstance(options.since, datetime) else months.start
    end = options.until.date() if options.until else months.end
    if start >= end:
        raise UsageError(f"the invoices end on {last}, before the period begins on {start}")
    days = Period(start, end)
    first_moment, last_moment = (datetime.combine(day, time()) for day in (start, end))  # naive UTC, as in options
    return replace(options, since=first_moment, until=last_moment), days


def compare(key: Key, log: Side | None, invoice: Side | None) -> list[ReconciledLine]:
    """The lines of one key."""
    if log is None or invoice is None:
        return [_line(key, "invoice_only" if log is None else "log_only", log, invoice)]
    log, invoice, gap = _without_volume(key, log, invoice)
    return [line for line in (_rest(key, log, invoice), gap) if line is not None]


def _without_volume(key: Key, log: Side, invoice: Side) -> tuple[Side, Side, ReconciledLine | None]:
    """Both sides at the tokens that both have, and the tokens that one has more as a line of its own."""
    if log.quantity is None or invoice.quantity is None or log.quantity == invoice.quantity:
        return log, invoice, None
    more = invoice if invoice.quantity > log.quantity else log
    common = min(log.quantity, invoice.quantity)
    extra = (more.quantity or ZERO) - common
    priced = more if more.usd is not None else log  # a usage report has no price of its own: then the log's
    share = None if priced.usd is None or not priced.quantity else _money(priced.usd * extra / priced.quantity)
    gap = Side(extra, share, note="" if priced is more else "at the log's price")
    rest = Side(common, None if more.usd is None or share is None else more.usd - share, more.slack, more.unpriced)
    if more is invoice:
        return log, rest, _line(key, "invoice_only", None, gap)
    return rest, invoice, _line(key, "log_only", gap, None)


def _rest(key: Key, log: Side, invoice: Side) -> ReconciledLine | None:
    """What is left is a matter of price. Without tokens on the invoice it cannot be told from a matter of volume."""
    if log.quantity == invoice.quantity == 0 and not log.usd and not invoice.usd:
        return None
    if invoice.usd is None:
        return _line(key, "matched", log, Side(invoice.quantity, note="tokens only: the invoice names no amount"))
    gap = invoice.usd - (log.usd or ZERO)
    if gap == 0:
        return _line(key, "matched", log, invoice)
    if abs(gap) <= log.slack + invoice.slack and not log.unpriced:
        return _line(key, "rounding", log, invoice)
    return _line(key, "unexplained" if invoice.quantity is None else "price_variance", log, invoice)


def _line(key: Key, kind: Kind, log: Side | None, invoice: Side | None) -> ReconciledLine:
    log_usd, invoice_usd = (log.usd if log else ZERO), (invoice.usd if invoice else ZERO)
    unpriced = log.unpriced if log else 0
    notes = [side.note for side in (log, invoice) if side and side.note]
    if unpriced:
        notes.append(f"{unpriced:,} of the log's calls have no price")
    if kind == "unexplained":
        notes.append("the invoice names no tokens: price and volume cannot be told apart")
    known = invoice_usd is not None and (log_usd is not None or (unpriced > 0 and invoice is not None))
    return ReconciledLine(
        **key._asdict(),
        kind=kind,
        log_quantity=log.quantity if log else None,
        invoice_quantity=invoice.quantity if invoice else None,
        log_usd=log.usd if log else None,
        invoice_usd=invoice.usd if invoice else None,
        gap_usd=(invoice_usd or ZERO) - (log_usd or ZERO) if known else None,
        note="; ".join(notes),
    )


def _log_sides(engine: Engine) -> tuple[dict[Key, Side], list[str]]:
    """Usage that no commitment covers (an invoice bills that as the commitment), and the tokens of calls without a price. And the
    providers that are machines of one's own, whose calls are on no invoice.
    """
    sides: dict[Key, Side] = defaultdict(Side)
    own: set[str] = set()
    rows = engine.rows(
        "SELECT provider, day, model, meter, quantity, usd, CAST(sum(calls) OVER (PARTITION BY provider, day, model) AS BIGINT), 0 FROM ("
        "SELECT provider, day, model, meter, CAST(sum(quantity) FILTER (unit = 'Tokens' OR meter = 'request') AS HUGEINT) AS quantity, "
        "sum(reported_usd) AS usd, coalesce(sum(calls), 0) AS calls FROM charges WHERE category = 'Usage' AND commitment_status IS NULL GROUP BY ALL)"
    )
    unpriced = " UNION ALL ".join(
        f"SELECT provider, day, model, '{meter}', CAST(sum({column}) AS HUGEINT), NULL, 0, count(*) FROM priced_calls "
        f"WHERE billed_usd IS NULL AND day IS NOT NULL AND {column} > 0 GROUP BY provider, day, model"
        for meter, column in _UNPRICED.items()
    )
    for provider, day, name, meter, quantity, usd, calls, without in [*rows, *engine.rows(unpriced)]:
        if is_self_hosted(provider):
            own.add(provider)
            continue
        seller = seller_id(provider)
        key = Key(seller, day, model_match.canonical(seller, name) if name else None, meter)
        sides[key].add(None if quantity is None else Decimal(int(quantity)), usd, _SCALE * int(calls), without)
    return dict(sides), sorted(own)


_UNPRICED = {
    "input": "uncached_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_5m_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "output": "output_tokens",
}


def _invoice_sides(lines: Iterable[Line], config: Config, logged: set[tuple[str, str]]) -> dict[Key, Side]:
    """Lines summed by key, in USD. An amount that is rounded to so many decimals may be half of the last one off."""
    by_seller: dict[str, list[str]] = defaultdict(list)
    for seller, name in logged:
        by_seller[seller].append(name)
    sides: dict[Key, Side] = defaultdict(Side)
    for line in lines:
        model = model_match.on_invoice(line.provider, line.model, by_seller[line.provider], config.reconcile.models) if line.model else None
        key = Key(line.provider, line.day, model, line.meter if line.meter != OTHER else f"{OTHER}: {line.description}")
        rate = usd_per_unit(config, line.currency, line.day)
        if rate is None:
            raise UsageError(
                f"no rate for {line.currency} on {line.day}",
                where=config.where or "config",
                hint=f'[[rate]] currency = "{line.currency}", usd = ...',
            )
        usd = None if line.amount is None else _money(line.amount * rate)
        slack = ZERO if line.amount is None else _HALF * Decimal(1).scaleb(-line.places) * rate
        sides[key].add(line.quantity, usd, slack)
    return dict(sides)


def _with_counts(billed: dict[Key, Side], counted: dict[Key, Side]) -> tuple[dict[Key, Side], list[str]]:
    """The bill with the tokens of usage reports where it names none of its own; and a note where both name tokens, and not the same."""
    found = dict(billed)
    differ = []
    for key, usage in counted.items():
        bill = billed.get(key)
        if bill is None:
            found[key] = usage
        elif bill.quantity is None or not bill.whole:
            found[key] = replace(bill, quantity=usage.quantity)
        elif usage.quantity is not None and usage.quantity != bill.quantity:
            differ.append((abs(usage.quantity - bill.quantity), key, bill.quantity, usage.quantity))
    if not differ:
        return found, []
    _, key, on_bill, in_usage = max(differ)
    return found, [
        f"bill and usage report differ in the tokens of {plural(len(differ), 'line')}, most on {key.day}, {key.model} {key.meter}: "
        f"{on_bill:,.0f} billed, {in_usage:,.0f} reported; those billed are compared"
    ]


def _told_by_words(lines: Iterable[Line]) -> list[str]:
    """Which meter was read out of which words of an invoice: a guess, so that it can be checked."""
    found = sorted({(line.words, line.meter) for line in lines if line.words is not None})
    if not found:
        return []
    shown = ", ".join(f"{words or 'nothing'!r} is {meter}" for words, meter in found[:_WORDS])
    more = f" and {len(found) - _WORDS:,} more" if len(found) > _WORDS else ""
    return [f"meters read by their words: {shown}{more}; `meters` under [[invoice]] says which they are"]


def _as_coarse(*sides: dict[Key, Side]) -> tuple[dict[Key, Side], ...]:
    """Where one side knows only tokens as a whole, so do the others: meters of that provider, day and model are added up."""
    whole = {key[:3] for side in sides for key in side if key.meter == "tokens"}
    return tuple(_folded(side, whole) for side in sides)


def _folded(sides: dict[Key, Side], whole: set[tuple[str, date, str | None]]) -> dict[Key, Side]:
    found: dict[Key, Side] = defaultdict(Side)
    for key, side in sides.items():
        coarse = key[:3] in whole and not key.meter.startswith(OTHER)
        found[key._replace(meter="tokens") if coarse else key].add(side.quantity, side.usd, side.slack, side.unpriced, whole=side.whole)
    return dict(found)


def _summed(
    lines: list[ReconciledLine],
    config: Config,
    tolerance: tuple[Decimal | None, Decimal | None],
    *,
    invoices: list[str],
    ids: list[str],
    period: Period,
    notes: list[str],
) -> Reconciliation:
    totals: dict[tuple[str, Kind], KindTotal] = {}
    for line in lines:
        before = totals.get((line.provider, line.kind)) or KindTotal(provider=line.provider, kind=line.kind, lines=0)
        totals[line.provider, line.kind] = KindTotal(
            provider=line.provider,
            kind=line.kind,
            lines=before.lines + 1,
            log_usd=before.log_usd + (line.log_usd or ZERO),
            invoice_usd=before.invoice_usd + (line.invoice_usd or ZERO),
            gap_usd=before.gap_usd + (line.gap_usd or ZERO),
        )
    apart = [line for line in lines if line.kind not in {"matched", "rounding"}]
    gross = sum((abs(line.gap_usd) for line in apart if line.gap_usd is not None), ZERO)
    unknown = sum(line.gap_usd is None for line in apart)
    invoice_usd = sum((line.invoice_usd or ZERO for line in lines), ZERO)
    log_usd = sum((line.log_usd or ZERO for line in lines), ZERO)
    allowed = _allowed(tolerance, config, invoice_usd or log_usd)
    return Reconciliation(
        invoices=invoices,
        invoice_ids=ids,
        start=period.start,
        end=period.end,
        log_usd=log_usd,
        invoice_usd=invoice_usd,
        gap_usd=sum((line.gap_usd or ZERO for line in lines), ZERO),
        gross_gap_usd=gross,
        unknown_gaps=unknown,
        tolerance_usd=allowed,
        within_tolerance=gross <= allowed and not unknown,
        totals=sorted(totals.values(), key=lambda t: (t.provider, KINDS.index(t.kind))),
        lines=lines,
        notes=notes,
    )


def _allowed(tolerance: tuple[Decimal | None, Decimal | None], config: Config, whole_usd: Decimal) -> Decimal:
    """The smaller of what percent and dollars allow, where both are given."""
    percent, usd = tolerance
    if percent is None and usd is None:
        percent, usd = config.reconcile.tolerance_percent, config.reconcile.tolerance_usd
    if percent is None and usd is None:
        percent = TOLERANCE_PERCENT
    allowed = [] if percent is None else [_money(abs(whole_usd) * percent / 100)]
    return min([*allowed, *([] if usd is None else [usd])])


def _money(amount: Decimal) -> Decimal:
    with localcontext(prec=60):
        return amount.quantize(_SCALE, rounding=ROUND_HALF_EVEN)


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else one + other


def _order(key: Key) -> tuple[str, date, str, str]:
    return key.provider, key.day, key.model or "", key.meter
