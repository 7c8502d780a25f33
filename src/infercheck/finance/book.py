"""The charges of a run, in the order that they are made: usage, then commitments, then credits. And what a reader of them must be told."""

from __future__ import annotations

from datetime import datetime

from infercheck.anonymize import pseudonym
from infercheck.config import Config
from infercheck.engine.duckdb import Engine
from infercheck.finance import charges, commitments, credits
from infercheck.finance.period import Period, period
from infercheck.ingest import ledger
from infercheck.model.call import MONEY
from infercheck.model.reconciliation import plain
from infercheck.prices.cost import cost_expression, price_join
from infercheck.render.figures import plural

_NAMED = 20  # models in a note


def fill(engine: Engine, config: Config, *, since: object = None, until: datetime | None = None, anonymous: bool = False) -> Period | None:
    """Fill table ``charges``; needs view ``priced_calls``. ``since`` and ``until`` are those of the run. Returns the days that it covers."""
    charges.fill(engine, config, anonymous=anonymous)
    covered = period(engine, since, until)
    if covered is not None:
        commitments.apply(engine, config.commitment, covered)
        credits.apply(engine, config.credit, covered)
    if anonymous:  # what belongs to no call has its payer from the config
        own = pseudonym(ledger.salt_of(engine), "team", "team")
        engine.execute(f"UPDATE charges SET team = {own} WHERE meter IN ('unused', 'purchase') AND team IS NOT NULL")
    for index, account in reversed(list(enumerate(config.account))):
        if not account.match:  # what belongs to no call goes to the provider's own account
            engine.execute(
                "UPDATE charges SET account = ? WHERE meter IN ('unused', 'purchase') AND (? = '*' OR provider = ?)",
                [index, account.provider, account.provider],
            )
    return covered


def notes(engine: Engine, config: Config, covered: Period | None, *, basis: str | None = None) -> list[str]:
    """What is not in the charges, and what may differ from the invoice: one sentence each. ``basis`` is the run's cost basis, where it names one."""
    found = []
    without = "FROM priced_calls WHERE billed_usd IS NULL AND (input_tokens > 0 OR output_tokens > 0)"
    unpriced, tokens, number = engine.rows(
        "SELECT count(*), sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), count(DISTINCT concat_ws('/', provider, model)) "
        + without
    )[0]
    if unpriced:
        models = [name for (name,) in engine.rows(f"SELECT DISTINCT concat_ws('/', provider, model) {without} ORDER BY 1 LIMIT {_NAMED}")]
        more = f" and {number - len(models):,} more" if number > len(models) else ""
        are = "has no price and is" if unpriced == 1 else "have no price and are"
        found.append(f"{plural(unpriced, 'call')} with {plural(int(tokens), 'token')} {are} in no charge: {', '.join(models)}{more}")
    silent = engine.value("SELECT count(*) FROM priced_calls WHERE billed_usd IS NULL AND input_tokens IS NULL AND output_tokens IS NULL")
    if silent:
        found.append(f"{plural(silent, 'call names', 'calls name')} no tokens and no cost: the cost is unknown")
    machines = engine.value("SELECT sum(capacity_usd) FROM priced_calls")
    if machines is not None:
        found.append(f"${plain(machines)} are the calls' part of hours paid for machines of one's own; idle hours are in no charge")
    found += _undated(engine, basis)
    logged, contracted = engine.rows(
        "SELECT sum(reported_usd), sum(contracted_usd) FROM charges WHERE cost_basis = 'logged' AND meter <> 'tokens' AND category = 'Usage'"
    )[0]
    if config.price and logged is not None and logged != contracted:
        found.append(
            f"the log's own cost, ${plain(logged)}, is billed, not the ${plain(contracted)} of the contracted prices: "
            "--cost-basis computed bills those"
        )
    for credit in config.credit:
        if covered is not None and credit.since < covered.start and (credit.until is None or credit.until > covered.start):
            found.append(
                f"credit {credit.name} begins on {credit.since}, before the period: what earlier calls drew is not counted. "
                "Give its balance at the start: usd, from, purchased = false"
            )
    open_ended = [plan.name for plan in config.commitment if plan.tokens_per_minute is None]
    if open_ended:
        found.append(
            f"no tokens_per_minute for {', '.join(open_ended)}: its calls bear all of a day's price, what they left unused is unknown"
        )
    return found


def _undated(engine: Engine, basis: str | None) -> list[str]:
    """Calls without a time: among the calls of a run without a period, beside those of one that has a period. The prices of their model's newest
    day stand in.
    """
    logged, computed = "CASE WHEN c.logged_cost > 0 THEN c.logged_cost END", cost_expression()
    first, other = (computed, logged) if basis == "computed" else (logged, computed)
    calls, priced, cost = engine.rows(f"""
        WITH newest AS (SELECT provider, model, CAST(max(day) AS TIMESTAMP) AS started_at FROM prices GROUP BY provider, model), dated AS (
            SELECT u.* REPLACE (n.started_at AS started_at) FROM undated_calls u
            LEFT JOIN newest n ON n.model = u.model AND n.provider IS NOT DISTINCT FROM u.provider
        ), costed AS (
            SELECT coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0) AS tokens,
                CAST(CASE WHEN c.logged_cost IS NOT NULL AND c.logged_currency <> 'USD' THEN NULL
                    WHEN c.gateway_cache_hit THEN 0 ELSE coalesce({first}, {other}) END AS {MONEY}) AS usd
            FROM dated c LEFT JOIN prices p ON {price_join()}
            UNION ALL SELECT 0, billed_usd FROM priced_calls WHERE day IS NULL
        )
        SELECT count(*), count(usd), sum(usd) FROM costed WHERE usd IS NOT NULL OR tokens > 0""")[0]
    if not calls:
        return []
    worth = "of unknown cost" if not priced else f"worth {'' if priced == calls else 'at least '}${plain(cost)}"
    return [f"{plural(calls, 'call')} {worth} {'has no time and is' if calls == 1 else 'have no time and are'} in no period"]
