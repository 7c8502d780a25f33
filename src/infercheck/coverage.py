"""What was read and how sure the figures are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from infercheck import ingest
from infercheck.diagnose import Diagnosis
from infercheck.engine.duckdb import Engine
from infercheck.engine.listed import listed
from infercheck.ingest.inputs import NAIVE_TIMES
from infercheck.model.hints import SETTINGS
from infercheck.model.report import Coverage, NaiveSum
from infercheck.prices.cost import cost_expression, price_join
from infercheck.prices.quote import SAME_AS_DEFAULT
from infercheck.render.figures import named, plural
from infercheck.render.money import usd
from infercheck.summarise import money

GATEWAY_NOTE = "the log starts where the logger does: waiting in front of the gateway's handler is not in any figure"
UNLOGGED_RETRIES = "attempts that a gateway hides make every retry count a lower bound"
SAMPLES = 5
TWINS_MIN = 20  # calls of two sources that look the same; fewer may do so by chance
# Calls whose cost is in a currency without a rate: their model may well have a price.
_FOREIGN = (
    "SELECT c.call_id FROM calls c JOIN priced_calls p ON p.call_id = c.call_id "
    "WHERE c.logged_currency <> 'USD' AND c.logged_cost IS NOT NULL AND p.billed_usd IS NULL"
)

# Answers whose prompt is counted and their own words are not.
_CUT_OFF = (
    "billed_usd IS NULL AND input_tokens IS NOT NULL AND output_tokens IS NULL AND operation IN ('chat', 'completion') "
    "AND coalesce(status, 'ok') = 'ok'"
)


def coverage(engine: Engine, scope: ingest.Scope, read: ingest.IngestResult, diagnosis: Diagnosis, *, told: Sequence[str] = ()) -> Coverage:
    """Coverage of this run, what was ``told`` of its config included; needs views ``priced_calls`` and ``outcomes``."""
    from infercheck.prices.table import price_list_version

    usage, priced, tokens, priced_tokens = engine.rows(
        "SELECT count(*), count(billed_usd), sum(t), sum(t) FILTER (WHERE billed_usd IS NOT NULL) FROM "
        "(SELECT billed_usd, coalesce(input_tokens, 0) + coalesce(output_tokens, 0) AS t FROM priced_calls "
        "WHERE input_tokens IS NOT NULL OR output_tokens IS NOT NULL OR billed_usd IS NOT NULL)"
    )[0]
    both = engine.rows(
        "SELECT sum(logged_usd), sum(computed_usd) FROM priced_calls WHERE logged_usd IS NOT NULL AND computed_usd IS NOT NULL "
        "AND gateway_cache_hit IS DISTINCT FROM TRUE"
    )[0]
    logged, computed = money(both[0]), money(both[1])
    unpriced, more_unpriced = listed(
        engine,
        "unpriced_models",
        "SELECT concat_ws('/', provider, model) AS name, count(*) AS calls FROM priced_calls WHERE billed_usd IS NULL "
        "AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL) AND model IS NOT NULL "
        f"AND call_id NOT IN ({_FOREIGN}) AND NOT (({_CUT_OFF}) AND (provider, model) IN (SELECT (provider, model) FROM prices)) GROUP BY 1",
        "calls DESC, name",
    )
    currencies, more_currencies = listed(
        engine,
        "logged_currencies",
        "SELECT coalesce(logged_currency, 'USD') AS name, count(*) AS calls FROM calls WHERE logged_cost IS NOT NULL GROUP BY 1",
        "calls DESC, name",
    )
    rest = {"unpriced_models": more_unpriced, "currencies": more_currencies}
    foreign = engine.value(f"SELECT count(*) FROM ({_FOREIGN})")
    naive = engine.value(
        "SELECT count(*) FROM calls c JOIN files f ON f.file_id = c.file_id WHERE c.started_at IS NOT NULL AND contains(f.note, ?)",
        [NAIVE_TIMES],
    )
    served = engine.value("SELECT EXISTS (SELECT 1 FROM spans WHERE kind = 'server')")  # a server's span starts before the handler
    timed = engine.value("SELECT EXISTS (SELECT 1 FROM calls WHERE started_at IS NOT NULL)")
    notes = _copied_files(engine) + _told_twice(engine)
    notes += [GATEWAY_NOTE] if timed and not served else []
    notes += told
    if engine.value("SELECT EXISTS (SELECT 1 FROM calls WHERE status <> 'ok')"):
        notes.append(UNLOGGED_RETRIES)
    silent = engine.value("SELECT count(*) FROM priced_calls WHERE status <> 'ok' AND billed_usd IS NULL AND input_tokens IS NULL")
    if silent:
        whose = "1 failed attempt carries no usage: its" if silent == 1 else f"{silent:,} failed attempts carry no usage: their"
        notes.append(f"{whose} cost is unknown, not zero")
    uncounted = engine.value(
        "SELECT count(*) FROM priced_calls WHERE status = 'ok' AND operation IN ('chat', 'completion') "
        "AND billed_usd IS NULL AND input_tokens IS NULL"
    )
    if uncounted:
        whose = "1 answer carries no usage: its" if uncounted == 1 else f"{uncounted:,} answers carry no usage: their"
        notes.append(f"{whose} cost is unknown, not zero (OpenAI's streams tell it where stream_options has include_usage)")
    cut = engine.value(f"SELECT count(*) FROM priced_calls WHERE {_CUT_OFF}")
    if cut:
        whose = "1 answer counts" if cut == 1 else f"{cut:,} answers count"
        notes.append(f"{whose} no output, as of a stream that was cut off: the cost is unknown, not that of the prompt alone")
    if usage and not priced and not engine.value("SELECT EXISTS (SELECT 1 FROM calls WHERE model IS NOT NULL)"):
        notes.append(f"no call names its model, so none has a price: {SETTINGS['model']}")
    undated = engine.value("SELECT count(*) FROM priced_calls WHERE day IS NULL AND billed_usd IS NOT NULL AND cost_basis = 'computed'")
    if undated:
        carry = plural(undated, "call carries", "calls carry")
        notes.append(f"{carry} no time: priced as of the newest day of the log, or today where no call has a time")
    spoken = engine.value(
        f"SELECT count(*) FROM calls c JOIN priced_calls b ON b.call_id = c.call_id JOIN prices p ON {price_join()} WHERE b.cost_basis = 'computed' "
        "AND (c.audio_input_tokens > 0 AND p.audio_input_usd IS NULL OR c.audio_output_tokens > 0 AND p.audio_output_usd IS NULL)"
    )
    if spoken:
        has = plural(spoken, "call has", "calls have")
        notes.append(f"{has} audio tokens but no audio price in the list: counted at the text price, and may cost more")
    notes += _tiers_without_price(engine)
    notes += _own_machines(engine)
    notes += _unlisted_models(engine)
    notes += _unpriced_outcomes(engine) if priced else []
    return Coverage(
        files=scope.files,
        skipped=dict(read.skipped),
        rows=scope.rows,
        attempts=scope.attempts,
        requests=scope.requests,
        duplicates=scope.duplicates,
        naive_sum=_naive(engine) if scope.duplicates and not scope.filtered_out else None,
        rejects=scope.rejects,
        other_records=scope.other,
        cell_issues=scope.cell_issues,
        reject_samples=_rejects(engine),
        cell_issue_samples=_cell_issues(engine),
        priced_share=priced / usage if usage else None,
        priced_token_share=float(priced_tokens or 0) / float(tokens) if tokens else None,
        unpriced_models=sorted(row["name"] for row in unpriced),
        cost_basis=_basis(engine),
        capacity_usd=money(engine.value("SELECT sum(capacity_usd) FROM priced_calls")),
        logged_usd=logged,
        computed_usd=computed,
        logged_over_computed=float(logged / computed) if logged is not None and computed else None,
        price_list=price_list_version(),
        currencies={row["name"]: row["calls"] for row in sorted(currencies, key=lambda row: str(row["name"]))},
        unpriced_currency_calls=foreign or 0,
        naive_times=naive,
        not_checked=diagnosis.not_checked,
        notices=list(read.notices),
        notes=notes,
        more={name: more for name, more in rest.items() if more},  # type: ignore[misc]
    )


def _naive(engine: Engine) -> NaiveSum | None:
    """The sum over all records: that of the calls and of what only repeats them, each at its own logged cost or list price."""
    counted_tokens, counted_usd = engine.rows(
        "SELECT CAST(coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), 0) AS BIGINT), sum(billed_usd) FROM priced_calls"
    )[0]
    computed, logged = cost_expression(), "CASE WHEN c.logged_currency = 'USD' AND c.logged_cost > 0 THEN c.logged_cost END"
    tokens, usd = engine.rows(
        "SELECT CAST(coalesce(sum(coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0)), 0) AS BIGINT), "
        f"sum(CAST(coalesce({logged}, {computed}) AS DECIMAL(38, 12))) FROM repeated_usage c LEFT JOIN prices p ON {price_join()}"
    )[0]
    if not tokens and not usd:
        return None
    naive = None if counted_usd is None else money(counted_usd + (usd or 0))
    return NaiveSum(tokens=counted_tokens + tokens, usd=naive, counted_tokens=counted_tokens, counted_usd=money(counted_usd))


def _basis(engine: Engine) -> Literal["logged", "computed", "capacity", "mixed", "none"]:
    kinds: list[Any] = [
        r[0] for r in engine.rows("SELECT DISTINCT cost_basis FROM priced_calls WHERE cost_basis IS NOT NULL AND billed_usd > 0")
    ]
    if len(kinds) > 1:
        return "mixed"
    found: Literal["logged", "computed", "capacity", "mixed", "none"] = kinds[0] if kinds else "none"
    return found


def _copied_files(engine: Engine) -> list[str]:
    """Files whose calls count with those of another file, of the same content."""
    pairs = engine.rows(
        "SELECT f.path, o.path, count(*) OVER () FROM copied_files c JOIN files f ON f.file_id = c.file_id JOIN files o ON o.file_id = c.copy_of "
        f"ORDER BY f.path LIMIT {SAMPLES}"
    )
    if not pairs:
        return []
    files = pairs[0][2]
    named = ", ".join(f"{path} is the same as {original}" for path, original, _ in pairs)
    rest = f", and {files - len(pairs):,} more" if files > len(pairs) else ""
    return [f"files with the same content count once: {named}{rest}"]


def _told_twice(engine: Engine) -> list[str]:
    """Two sources that seem to log the same traffic under names of their own (an application's tracer beside its gateway, say).

    Copies that share a key were counted once before. Here nothing but the tokens and the second is the same, which is no proof, so it is said.
    """
    if not engine.value("SELECT min(source) < max(source) FROM calls"):
        return []
    pairs = engine.rows(f"""
        WITH looks AS (
            SELECT source, input_tokens, output_tokens, date_trunc('second', started_at) AS at, count(*) AS calls
            FROM calls WHERE started_at IS NOT NULL AND input_tokens > 0 AND output_tokens > 0 GROUP BY ALL
        ), sizes AS (
            SELECT source, sum(calls) AS calls FROM looks GROUP BY source
        ), alike AS (
            SELECT a.source AS one, b.source AS other, CAST(sum(least(a.calls, b.calls)) AS BIGINT) AS calls
            FROM looks a JOIN looks b ON b.source > a.source AND b.at = a.at AND b.input_tokens = a.input_tokens AND b.output_tokens = a.output_tokens
            GROUP BY ALL
        )
        SELECT one, other, k.calls FROM alike k JOIN sizes s ON s.source = one JOIN sizes t ON t.source = other
        WHERE k.calls >= {TWINS_MIN} AND 2 * k.calls >= least(s.calls, t.calls) ORDER BY ALL""")
    return [
        f"{calls:,} calls of {one} have a twin in {', '.join(others)}, with the same tokens in the same second: if "
        f"{'both' if len(others) == 1 else 'all of them'} logged the same traffic, all figures count it "
        f"{'twice, and one of the two' if len(others) == 1 else f'{len(others) + 1} times, and all but one'} should be left out"
        for one, others, calls in _families(pairs)
    ]


def _families(pairs: list[tuple[str, str, int]]) -> list[tuple[str, list[str], int]]:
    """Pairs of sources as groups: the first of each, those that are like it (itself or by way of another), and the most calls that two share."""
    families: list[tuple[set[str], int]] = []
    for one, other, calls in pairs:
        joined = [family for family in families if family[0] & {one, other}]
        families = [family for family in families if family not in joined]
        families.append(({one, other}.union(*(names for names, _ in joined)), max([calls, *(most for _, most in joined)])))
    return sorted((names[0], names[1:], most) for names, most in ((sorted(found), most) for found, most in families))


def _tiers_without_price(engine: Engine) -> list[str]:
    """Tiers that calls name and that have no price of their own: the standard price stands in, which for a batch is likely too much."""
    standard = ", ".join(f"'{tier}'" for tier in sorted(SAME_AS_DEFAULT | {"auto"}))
    rows = engine.rows(f"""
        WITH stand_ins AS (
            SELECT DISTINCT p.provider, p.model, p.day, p.tier FROM prices p
            JOIN prices d ON d.provider IS NOT DISTINCT FROM p.provider AND d.model = p.model AND d.day = p.day AND d.tier = 'default'
                AND d.min_input_tokens = p.min_input_tokens AND d.input_usd = p.input_usd AND d.output_usd = p.output_usd
            WHERE p.estimated AND p.tier <> 'default'
        ), named AS (
            SELECT lower(k.service_tier) AS tier, c.tier AS priced_as, c.provider, c.model, c.billed_usd,
                coalesce(c.day, (SELECT max(day) FROM prices)) AS day
            FROM priced_calls c JOIN calls k ON k.call_id = c.call_id
            WHERE c.price_estimated AND c.cost_basis = 'computed' AND lower(k.service_tier) NOT IN ({standard})
        )
        SELECT n.tier, count(*), sum(n.billed_usd) FROM named n
        LEFT JOIN stand_ins s ON s.provider IS NOT DISTINCT FROM n.provider AND s.model = n.model AND s.day = n.day AND s.tier = n.tier
        WHERE n.priced_as = 'default' OR s.tier IS NOT NULL GROUP BY n.tier ORDER BY n.tier""")
    return [
        f"{plural(calls, 'call')} ({usd(money(cost))}) in tier {tier}: no {tier} price known, standard price used"
        for tier, calls, cost in rows
    ]


def _own_machines(engine: Engine) -> list[str]:
    """What would price calls on servers of one's own, which no price list knows."""
    from infercheck.prices.providers import is_self_hosted

    rows = engine.rows(
        "SELECT provider, concat_ws('/', provider, model), count(*) FROM priced_calls WHERE billed_usd IS NULL "
        "AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL) GROUP BY ALL ORDER BY 2"
    )
    own = [(name, calls) for provider, name, calls in rows if is_self_hosted(provider)]
    if not own:
        return []
    names = named([name for name, _ in own])
    number = sum(calls for _, calls in own)
    return [
        f"{plural(number, 'call')} ran on machines of your own ({names}): a [[capacity]] in the config with deployment, gpus and "
        f"usd_per_hour prices {'it' if number == 1 else 'them'} by busy time"
    ]


def _unlisted_models(engine: Engine) -> list[str]:
    """Models with a bill in the log and no list price: their spend is known, and nothing that a change would save."""
    rows = engine.rows(
        "SELECT concat_ws('/', p.provider, p.model) FROM priced_calls p LEFT JOIN (SELECT DISTINCT provider, model FROM prices) l "
        "ON l.provider IS NOT DISTINCT FROM p.provider AND l.model = p.model "
        "WHERE p.cost_basis = 'logged' AND p.logged_usd > 0 AND p.computed_usd IS NULL AND l.model IS NULL AND p.model IS NOT NULL "
        "GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    if not rows:
        return []
    names = named([name for (name,) in rows])
    return [
        f"no list price for {names}: spend is what the log says, and what a change would save is unknown until a [[price]] in the config says it"
    ]


def _unpriced_outcomes(engine: Engine) -> list[str]:
    """Outcomes that no cost of a success stands for: without any price, or priced in part."""
    none, part = engine.rows(
        "SELECT count(*) FILTER (WHERE known_usd IS NULL), count(*) FILTER (WHERE known_usd IS NOT NULL) FROM outcomes "
        "WHERE succeeded AND spend_usd IS NULL"
    )[0]
    notes = []
    if none:
        count = plural(none, "of the successful outcomes has no price: it counts", "of the successful outcomes have no price: they count")
        notes.append(f"{count} neither in spend nor in the cost of a success")
    if part:
        count = plural(part, "of the successful outcomes holds", "of the successful outcomes hold")
        its = "its other calls are" if part == 1 else "their other calls are"
        notes.append(
            f"{count} a call without a price: {its} in spend, and nothing of {'it' if part == 1 else 'them'} in the cost of a success"
        )
    return notes


def _rejects(engine: Engine) -> list[str]:
    rows = engine.rows(
        f"SELECT f.path, r.line, r.reason FROM rejects r JOIN files f ON f.file_id = r.file_id ORDER BY f.path, r.line LIMIT {SAMPLES}"
    )
    return [f"{path}:{line}: {reason}" for path, line, reason in rows]


def _cell_issues(engine: Engine) -> list[str]:
    rows = engine.rows(
        'SELECT f.path, i."column", i."count", i.sample FROM cell_issues i JOIN files f ON f.file_id = i.file_id '
        f'ORDER BY i."count" DESC, f.path, i."column" LIMIT {SAMPLES}'
    )
    return [
        f"{path}: {count:,} value{'' if count == 1 else 's'} of {column} could not be read, such as {sample!r}"
        for path, column, count, sample in rows
    ]
