"""Top of the text report: what was read and how sure, the two numbers, the verdict."""

from __future__ import annotations

from decimal import Decimal

from rich.text import Text

from infercheck.model.report import Coverage, Headline, Report
from infercheck.render._bars import ASCII_SHADES, SHADES, stacked
from infercheck.render._page import Cell, Column, Page
from infercheck.render.figures import (
    break_even,
    cost_of_success,
    count,
    hours,
    left_out,
    machine_cells,
    made_of,
    moment,
    mostly_failed,
    ms,
    nothing_found,
    number,
    percent,
    plural,
    rate,
    requests_and_calls,
    unanswered,
)
from infercheck.render.money import UNKNOWN, usd
from infercheck.render.rest import count_of

_CURRENCIES = 8  # named
_BAR = 30  # columns
_SAMPLES = 3  # of rejects and unreadable cells, unless verbose
_BASIS = {
    "logged": "as the log prices each call",
    "computed": "computed from list prices",
    "mixed": "as logged where the log prices the call, else list prices",
    "capacity": "each call's part of the hours paid for machines of your own",
    "none": "no call has a price",
}


def read(page: Page, report: Report) -> None:
    """Files, rows, losses, window, prices."""
    coverage, window = report.coverage, report.window
    page.heading("What was read")
    rows: list[tuple[str, Cell]] = [
        ("files", _files(coverage)),
        ("calls", _calls(coverage)),
        *_naive(coverage),
        ("lost", _lost(page, coverage)),
    ]
    samples = coverage.reject_samples + coverage.cell_issue_samples
    shown = samples if page.style.verbose else samples[:_SAMPLES]
    rows += [("", page.text(sample, "dim", 200)) for sample in shown]
    if window.start is not None:
        zone = page.style.tz
        span = f" ({_span(window.days)}, {plural(window.complete_days, 'complete UTC day')})" if window.days is not None else ""
        rows.append(("window", f"{moment(window.start, zone)} to {moment(window.end, zone)} {zone}{span}"))
    else:
        rows.append(("window", page.text("unknown: no call says when it ran", "yellow")))
    rows += [("priced", _priced(page, coverage)), ("cost basis", _basis(coverage))]
    rows += _currency(page, coverage)
    if coverage.naive_times:
        rows.append(("clocks", page.text(f"{plural(coverage.naive_times, 'call')} whose time names no zone, read as UTC", "yellow")))
    page.pairs(rows if coverage.attempts else rows[: 3 + bool(coverage.naive_sum) + len(shown)])
    for notice in coverage.notices:
        page.paragraph(notice, "yellow")


def numbers(page: Page, report: Report) -> None:
    """Cost per successful outcome and latency on the user-facing path."""
    head, live = report.headline, report.headline.interactive
    page.heading("Cost per successful outcome", "all spend, failures and retries included")
    page.paragraph(Text(cost_of_success(head), style="bold"))
    evidence = f"success: {head.success_evidence}" if head.success_evidence else "evidence of success unknown"
    good = head.successful_outcomes
    succeeded = "unknown" if good is None else f"{count(good)} ({percent(good / head.outcomes) if head.outcomes else UNKNOWN})"
    page.pairs(
        [
            ("spend", f"{_money(head.spend_usd)} for {plural(head.outcomes, 'outcome')}"),
            ("succeeded", f"{succeeded}; {evidence}"),
            ("made of", _made_of(head)),
            ("attempts", "unknown" if head.attempts_per_success is None else f"{number(head.attempts_per_success)} per success"),
        ]
    )
    page.heading("Latency users see", requests_and_calls(live))
    if not live.traces and not live.calls:
        page.paragraph("unknown: no workload is known to be interactive", "yellow")
    else:
        figures = [("p50", live.p50_ms), ("p95", live.p95_ms), ("p99", live.p99_ms)]
        page.paragraph(page.joined(*(Text(f"{name} {_ms(value)}", style="bold") for name, value in figures), by="  ·  "))
        first = f"p50 {_ms(live.ttft_p50_ms)}, p95 {_ms(live.ttft_p95_ms)} ({plural(live.ttft_calls, 'streamed call')})"
        failed, pauses = unanswered(live), left_out(live)
        page.pairs(
            [
                *([("no answer", failed)] if failed else []),
                ("first token", first if live.ttft_calls else "unknown: no interactive call logs it"),
                *([("left out", pauses)] if pauses else []),
                *_path(report),
            ]
        )
    for note in report.coverage.notes:
        page.paragraph(note, "dim")


def verdict(page: Page, report: Report) -> None:
    """What the system can change, and what is the model's own price and speed."""
    head, saves = report.headline, report.headline.addressable_usd
    page.heading("Verdict")
    if not report.findings:
        page.paragraph(nothing_found(report), "yellow" if mostly_failed(report) else "green")
    if head.verdict:
        page.paragraph(head.verdict)
    if head.verdict_latency:
        page.paragraph(head.verdict_latency)
    rows: list[tuple[str, Cell]] = []
    if head.system_share_of_spend is not None and not head.verdict:
        rows.append(("spend", f"{percent(head.system_share_of_spend)} is the system's to save, the rest is the models' price"))
    if report.findings:
        rows += _owed_to(page, head)
        rows.append(
            (
                "savings",
                f"measured {_money(saves.measured)}, structural {_money(saves.structural)}; heuristic {_money(saves.heuristic)} on top",
            )
        )
    if rows:
        page.pairs(rows)


def _owed_to(page: Page, head: Headline) -> list[tuple[str, Cell]]:
    """The whole spend as a bar of three shades."""
    parts = head.spend_parts
    own = sum((p.sure_usd for p in parts if p.part in ("hardware", "model_price")), Decimal(0))
    sure = sum((p.sure_usd for p in parts), Decimal(0)) - own
    likely = sum((p.heuristic_usd for p in parts), Decimal(0))
    if sure + likely <= 0 or own < 0:
        return []
    whole = sure + likely + own
    shades = SHADES if page.style.unicode else ASCII_SHADES
    shares = [float(part / whole) for part in (sure, likely, own)]
    bar = stacked(shares, _BAR, page.style.unicode)
    names = ("sure", "likely", "the models' own" if all(p.part != "hardware" or not p.sure_usd for p in parts) else "the rest")
    legend = "  ".join(f"{shade} {name}" for shade, name, share in zip(shades, names, shares, strict=True) if share > 0)
    return [("spend", page.joined(Text(bar, style="cyan"), Text(legend, style="dim"), by="  "))]


def hardware(page: Page, report: Report, places: int) -> None:
    """Machines of one's own: hours paid, busy and idle, and what the same tokens cost hosted."""
    machines = report.spend.by_capacity
    if not machines:
        return
    page.heading("Machines of your own", "paid by the hour; what is idle is in no call's cost and in no saving of the plan")
    columns = [Column("machines", "left", wrap=True), Column("hours"), Column("busy"), Column("paid"), Column("calls bear"), Column("idle")]
    rows: list[list[Cell]] = []
    for m in machines:
        told = [f"{m.units} x {m.unit}, {usd(m.usd_per_hour)} an hour", f"{rate(m.usd_per_mtok)} a million tokens"]
        if m.hosted:
            told.append(f"{rate(m.hosted_usd_per_mtok)} hosted at {m.hosted}; break-even: {break_even(m.break_even_utilisation)}")
        else:
            told.append("no hosted price to compare: name one as hosted in the config")
        if m.untimed_calls:
            told.append(f"{plural(m.untimed_calls, 'call')} without a known end")
        name = page.joined(page.text(m.capacity, limit=80), page.text(" · ".join(told), "dim", 240), by="\n")
        rows.append([name, hours(m.paid_hours), percent(m.utilisation), *machine_cells(m, places)])
    page.table(columns, rows)


def _made_of(head: Headline) -> str:
    """Clean cost x failures x waste; the clean cost alone where the product is not known."""
    if head.cost_parts is None:
        return "unknown" if head.clean_cost_usd is None else f"{usd(head.clean_cost_usd)} a success without the waste found"
    return made_of(head.cost_parts) + ": clean cost of a success x outcomes that failed x waste found"


def _files(coverage: Coverage) -> str:
    skipped = ", ".join(f"{n:,} {kind}" for kind, n in sorted(coverage.skipped.items()))
    return f"{count(coverage.files)} read" + (f"; skipped as no log: {skipped}" if skipped else "")


def _calls(coverage: Coverage) -> str:
    parts = [f"{plural(coverage.rows, 'row')}, {plural(coverage.attempts, 'attempt')} at {plural(coverage.requests, 'request')}"]
    if coverage.other_records:
        parts.append(f"{plural(coverage.other_records, 'further record')} (parts of calls, other things)")
    if coverage.duplicates:
        parts.append(f"{plural(coverage.duplicates, 'duplicate')} removed")
    left_out = coverage.rows - coverage.duplicates - coverage.attempts
    if left_out > 0:
        parts.append(f"{left_out:,} left out by --since, --until or --where")
    return "; ".join(parts)


def _naive(coverage: Coverage) -> list[tuple[str, Cell]]:
    """What somebody who adds up all rows gets, since most do."""
    naive = coverage.naive_sum
    if naive is None:
        return []
    money = f" and {_money(naive.usd)}; counted once: {naive.counted_tokens:,} and {_money(naive.counted_usd)}"
    return [("naive sum", f"adding up all rows would give {naive.tokens:,} tokens{money}")]


def _lost(page: Page, coverage: Coverage) -> Cell:
    if not coverage.rejects and not coverage.cell_issues:
        return "nothing"
    lost = f"{plural(coverage.rejects, 'line')} rejected, {plural(coverage.cell_issues, 'value')} unreadable"
    return page.text(lost, "yellow")


def _priced(page: Page, coverage: Coverage) -> Cell:
    if coverage.priced_share is None:
        return "unknown: no call carries tokens"
    tokens = "" if coverage.priced_token_share is None else f" ({percent(coverage.priced_token_share)} of tokens)"
    line = f"{percent(coverage.priced_share)} of calls with tokens{tokens}"
    if not coverage.unpriced_models:
        return line
    known = [page.safe(model, 40) for model in coverage.unpriced_models]
    some = ", ".join(known if page.style.verbose else known[:5])
    left = count_of(known, coverage.more.get("unpriced_models")) - (len(known) if page.style.verbose else min(5, len(known)))
    more = f" and {left:,} more" if left else ""
    return page.text(f"{line}; no price for {some}{more}", "yellow")


def _basis(coverage: Coverage) -> str:
    parts = [_BASIS[coverage.cost_basis]]
    if coverage.capacity_usd is not None and coverage.cost_basis != "capacity":
        parts.append(f"{usd(coverage.capacity_usd)} of it by hours paid for machines of your own")
    if coverage.logged_usd is not None and coverage.computed_usd is not None:
        ratio = "" if coverage.logged_over_computed is None else f", ratio {number(coverage.logged_over_computed, 3)}"
        parts.append(f"logged {usd(coverage.logged_usd)} against {usd(coverage.computed_usd)} list for the same calls{ratio}")
    if coverage.price_list:
        parts.append(f"prices: {coverage.price_list}")
    return "; ".join(parts)


def _currency(page: Page, coverage: Coverage) -> list[tuple[str, Cell]]:
    others = {name: calls for name, calls in coverage.currencies.items() if name != "USD"}
    left, names = coverage.more.get("currencies"), ", ".join(page.safe(name, 12) for name in list(others)[:_CURRENCIES])
    unnamed = count_of(others, left) - min(_CURRENCIES, len(others))
    names += f" and {unnamed:,} more" if unnamed else ""
    if coverage.unpriced_currency_calls:
        says = f"{plural(coverage.unpriced_currency_calls, 'call')} priced in {names} without a rate: add a [[rate]] to the config"
        return [("currency", page.text(says, "yellow"))]
    calls = sum(others.values()) + ((left.calls or 0) if left else 0)
    return [("currency", f"{plural(calls, 'call')} priced in {names}, at the config's rate")] if others else []


def _path(report: Report) -> list[tuple[str, Cell]]:
    parts = [f"{part.component} {percent(part.share)}" for part in report.latency.path]
    return [("mean goes to", ", ".join(parts))] if parts else []


def _span(days: float | None) -> str:
    if days is None:
        return UNKNOWN
    return f"{number(days, 1)} days" if days >= 1 else ms(days * 86_400_000)


def _money(amount: Decimal | None) -> str:
    return "unknown" if amount is None else usd(amount)


def _ms(value: float | None) -> str:
    return "unknown" if value is None else ms(value)
