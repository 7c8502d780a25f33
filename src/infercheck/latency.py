"""The report's second half: what users wait for, where it goes, where retries spike, what makes the tail."""

from __future__ import annotations

from collections.abc import Sequence

from infercheck.engine.duckdb import Engine
from infercheck.engine.listed import listed
from infercheck.model.more import MOST_HOURS, MOST_ROWS, More
from infercheck.model.report import Finding, Interactive
from infercheck.model.waits import (
    Burst,
    ColdStart,
    FirstToken,
    HourLatency,
    Latency,
    ModelLatency,
    PathPart,
    Queueing,
    RetrySpike,
    TailPart,
)

_QUANTILES = (0.5, 0.95, 0.99)
# Columns of view trace_components and what they are called in a report.
COMPONENTS = {
    "before_first_token_us": "before first token",
    "decode_us": "decode",
    "model_unstreamed_us": "model call, not streamed",
    "retries_us": "failed attempts and back-off",
    "tools_us": "tools",
    "retrieval_us": "retrieval and databases",
    "orchestration_us": "framework or not instrumented",
    "between_us": "between calls (client, tools or gateway queue, not distinguishable)",
}
# Rules that say of a call how long it queued.
_QUEUES = "'queueing_onset', 'background_slows_interactive', 'burst_congestion'"
_MODEL = ("before first token", "decode", "model call, not streamed")
SWITCHED = 0.05  # of what the tail takes longer, as min_part of rule tail_driver
MIN_TAIL = 20  # units beyond p95: fewer say nothing about what they have in common
SPIKE_RATIO = 2.0  # twice the log's own rate of failures, and beyond what chance gives in so many calls
SPIKE_SIGMAS = 3.0
MOST_SPIKES = 20
MOST_SIZES = 100  # deployments and prompt sizes of the time to first token
MIN_TIMED = 20  # streamed calls with a known baseline: fewer say nothing about where a deployment fills up


# Units of which no wait for an answer is known: what they are made of is not what an answer's wait is made of.
_UNTOLD = "SELECT unit_key FROM unit_times WHERE duration_ms IS NULL"


def needs_paths(engine: Engine) -> bool:
    """Whether ``time_units`` needs view ``trace_components``: calls alone do not tell what a unit took where there are spans around them, or where
    a trace holds turns of a conversation, or calls without their prompts, and a person's time between them. Needs view ``outcomes``."""
    return bool(
        engine.value(
            "SELECT EXISTS (SELECT 1 FROM spans) OR EXISTS (SELECT 1 FROM calls WHERE turn > 1 AND trace_id IS NOT NULL) OR EXISTS "
            "(SELECT 1 FROM outcomes o JOIN calls c ON c.call_id = o.unit_key WHERE o.calls > 1 AND c.turn IS NULL AND c.trace_id IS NOT NULL)"
        )
    )


def time_units(engine: Engine) -> None:
    """Table ``unit_times``, ms: what each unit took from its first moment to its last, spans around the model calls included. That is ``duration_ms``
    where it ended with an answer, ``unanswered_ms`` where its last call failed; a refusal in no time is no fast answer. Both are NULL where a call
    without a known end began, or told its first token, after all that is known to have ended. Left out of them, ``typing_ms``: pauses in which
    a person wrote, or, where ``blind``, may have written."""
    paths = needs_paths(engine)
    whole = "coalesce(c.duration_us / CAST(1000 AS DOUBLE), o.duration_ms)" if paths else "o.duration_ms"
    typed = "coalesce(c.typing_us, 0) / CAST(1000 AS DOUBLE)" if paths else "CAST(0 AS DOUBLE)"
    blind = "coalesce(c.blind_us > 0, FALSE)" if paths else "FALSE"
    join = "LEFT JOIN trace_components c ON c.unit_key = o.unit_key" if paths else ""
    root = "LEFT JOIN path_windows r ON r.unit_key = o.unit_key AND r.depth = 0" if paths else ""
    last = "greatest(o.end_us, r.window_end_us)" if paths else "o.end_us"
    engine.create(
        "unit_times",
        "WITH untimed AS (SELECT unit_hash, max(coalesce(first_token_us, start_us)) AS at_us FROM priced_calls WHERE end_us IS NULL "
        "GROUP BY unit_hash), endless AS (SELECT o.unit_key, TRUE AS endless FROM untimed u JOIN outcomes o ON o.unit_hash = u.unit_hash "
        f"{root} WHERE u.at_us > {last}), "
        f"timed AS (SELECT o.unit_key, o.workload, coalesce(o.answered, TRUE) AS answered, CASE WHEN e.endless IS NULL THEN {whole} END AS ms, "
        f"{typed} AS typing_ms, {blind} AS blind FROM outcomes o {join} LEFT JOIN endless e ON e.unit_key = o.unit_key) "
        "SELECT unit_key, workload, CASE WHEN answered THEN ms END AS duration_ms, CASE WHEN NOT answered THEN ms END AS unanswered_ms, "
        "typing_ms, blind FROM timed",
    )


def interactive(engine: Engine) -> Interactive:
    """Latency of units of interactive workloads; calls without a first-token time are left out of time to first token. Needs ``unit_times``."""
    written, blind = "o.typing_ms > 0 AND NOT o.blind", "o.typing_ms > 0 AND o.blind"
    units = engine.dicts(
        "SELECT count(coalesce(o.duration_ms, o.unanswered_ms)) AS traces, "
        f"count(*) FILTER (WHERE {written}) AS typing_traces, avg(o.typing_ms) FILTER (WHERE {written}) AS typing_ms, "
        f"count(*) FILTER (WHERE {blind}) AS blind_traces, avg(o.typing_ms) FILTER (WHERE {blind}) AS blind_ms, "
        "count(o.unanswered_ms) AS unanswered_traces, percentile_cont(0.5) WITHIN GROUP (ORDER BY o.unanswered_ms) AS unanswered_p50_ms, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY o.unanswered_ms) AS unanswered_p95_ms, "
        + ", ".join(f"percentile_cont({q}) WITHIN GROUP (ORDER BY o.duration_ms) AS p{q * 100:.0f}_ms" for q in _QUANTILES)
        + " FROM unit_times o JOIN workloads w ON w.workload = o.workload WHERE w.class = 'interactive'"
    )[0]
    calls = engine.dicts(
        "SELECT count(*) AS calls, count(*) FILTER (WHERE p.end_us IS NULL) AS untimed_calls, count(p.ttft_ms) AS ttft_calls, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ttft_ms) AS ttft_p50_ms, percentile_cont(0.95) WITHIN GROUP (ORDER BY p.ttft_ms) "
        "AS ttft_p95_ms FROM priced_calls p JOIN workloads w ON w.workload = p.workload WHERE w.class = 'interactive'"
    )[0]
    return Interactive(**units, **calls)


def views(engine: Engine) -> tuple[str, ...]:
    """Views that ``latency`` reads only where the log has what they need."""
    return ("first_token_model",) if engine.value("SELECT EXISTS (SELECT 1 FROM calls WHERE first_token_at IS NOT NULL)") else ()


def latency(engine: Engine) -> Latency:
    """Components of the user-facing path, the tail, retry spikes, queues, and latency by model, deployment and hour."""
    _mark_resent(engine)
    queueing, more_queueing = _queueing(engine)
    by_model, more_models = _by_model(engine)
    by_hour, more_hours = _by_hour(engine)
    rest = {"queueing": more_queueing, "by_model": more_models, "by_hour": more_hours}
    return Latency(
        path=_path(engine),
        tail=_tail(engine),
        retry_spikes=_spikes(engine),
        first_token=_first_token(engine),
        queueing=queueing,
        by_model=by_model,
        by_hour=by_hour,
        more={name: more for name, more in rest.items() if more},  # type: ignore[misc]
    )


def with_findings(waits: Latency, findings: Sequence[Finding]) -> Latency:
    """The same with boots and bursts, which stand in what was found."""
    return waits.model_copy(update={"cold_starts": _cold_starts(findings), "bursts": _bursts(findings)})


def _path(engine: Engine) -> list[PathPart]:
    """Mean milliseconds of each component over interactive units that got an answer; they sum to the mean duration.

    What sure claims call a cold start or queueing is taken out of the wait that it is part of.
    """
    sums = ", ".join(f"sum({column})" for column in COMPONENTS)
    *parts, total, units = engine.rows(
        f"SELECT {sums}, sum(c.duration_us), count(*) FROM trace_components c JOIN workloads w ON w.workload = c.workload "
        f"WHERE w.class = 'interactive' AND c.unit_key NOT IN ({_UNTOLD})"
    )[0]
    if not total:
        return []
    named = dict(zip(COMPONENTS.values(), parts, strict=True))
    for streamed, boot, queue in _known_waits(engine):
        named["before first token" if streamed else "model call, not streamed"] -= boot + queue
        named["cold start"] = named.get("cold start", 0) + boot
        named["queueing behind other calls"] = named.get("queueing behind other calls", 0) + queue
    found = [PathPart(component=name, mean_ms=us / 1000 / units, share=us / total) for name, us in named.items() if us]
    return sorted(found, key=lambda part: (-part.mean_ms, part.component))


def _known_waits(engine: Engine) -> list[tuple[bool, int, int]]:
    """Microseconds on interactive paths that were a boot or a queue: of streamed calls until their first token, of others of the whole call."""
    return engine.rows(
        "WITH blamed AS (SELECT call_id, CAST(coalesce(max(waste_ms) FILTER (WHERE rule = 'cold_start'), 0) * 1000 AS BIGINT) AS boot, "
        f"CAST(coalesce(max(waste_ms) FILTER (WHERE rule IN ({_QUEUES})), 0) * 1000 AS BIGINT) AS queue FROM claims "
        f"WHERE waste_ms > 0 AND call_id IS NOT NULL AND grade <> 'heuristic' AND rule IN ('cold_start', {_QUEUES}) GROUP BY call_id), "
        "waited AS (SELECT p.first_token_us IS NOT NULL AS streamed, b.boot, b.queue, CASE WHEN p.first_token_us IS NULL THEN w.exclusive_us "
        "ELSE least(w.exclusive_us, greatest(0, least(p.first_token_us + w.shift_us, w.window_end_us) - w.window_start_us)) END AS until_us "
        "FROM path_windows w JOIN blamed b ON b.call_id = w.call_id JOIN priced_calls p ON p.call_id = w.call_id AND p.status = 'ok' "
        f"JOIN workloads k ON k.workload = w.workload AND k.class = 'interactive' WHERE w.unit_key NOT IN ({_UNTOLD})) "
        "SELECT streamed, CAST(sum(least(boot, until_us)) AS BIGINT), CAST(sum(least(queue, until_us - least(boot, until_us))) AS BIGINT) "
        "FROM waited GROUP BY streamed"
    )


def _tail(engine: Engine) -> list[TailPart]:
    """For each workload with enough answered units beyond their p95: which components make them longer than its middle ones (p40 to p60)."""
    means = ", ".join(f"avg({c}) FILTER (WHERE tail) AS tail_{c}, avg({c}) FILTER (WHERE middle) AS middle_{c}" for c in COMPONENTS)
    rows = engine.dicts(
        f"WITH told AS (SELECT * FROM trace_components WHERE unit_key NOT IN ({_UNTOLD})), "
        "bounds AS (SELECT workload, percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_us) AS high, "
        "percentile_cont(0.4) WITHIN GROUP (ORDER BY duration_us) AS low_middle, "
        "percentile_cont(0.6) WITHIN GROUP (ORDER BY duration_us) AS high_middle FROM told GROUP BY workload), "
        "marked AS (SELECT c.*, c.duration_us > b.high AS tail, c.duration_us BETWEEN b.low_middle AND b.high_middle AS middle "
        "FROM told c JOIN bounds b ON b.workload = c.workload) "
        f"SELECT workload, count(*) FILTER (WHERE tail) AS units, {means} FROM marked GROUP BY workload "
        f"HAVING count(*) FILTER (WHERE tail) >= {MIN_TAIL} AND count(*) FILTER (WHERE middle) >= {MIN_TAIL} "
        f"ORDER BY units DESC, workload LIMIT {MOST_ROWS}"
    )
    found = []
    for row in sorted(rows, key=lambda row: str(row["workload"])):
        parts = _compared({name: (row[f"middle_{c}"] / 1000, row[f"tail_{c}"] / 1000) for c, name in COMPONENTS.items()})
        total = sum(tail - middle for middle, tail in parts.values())
        name, (middle, tail) = max(parts.items(), key=lambda part: part[1][1] - part[1][0])
        if total > 0 and tail > middle:
            found.append(
                TailPart(
                    workload=row["workload"], units=row["units"], component=name, middle_ms=middle, tail_ms=tail,
                    share_of_excess=min(1.0, (tail - middle) / total),
                )
            )  # fmt: skip
    return found


def _compared(parts: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """The parts of middle and tail, by name. Where the tail is streamed more or less often than the middle, the model's time only changes its name:
    its parts are compared together then (the same in rule tail_driver)."""
    longer = {name: tail - middle for name, (middle, tail) in parts.items()}
    streamed, not_streamed = longer["before first token"] + longer["decode"], longer["model call, not streamed"]
    if streamed * not_streamed >= 0 or min(abs(streamed), abs(not_streamed)) < SWITCHED * sum(longer.values()):
        return parts
    model = [parts[name] for name in _MODEL]
    return {name: part for name, part in parts.items() if name not in _MODEL} | {
        "model calls, streamed or not": (sum(middle for middle, _ in model), sum(tail for _, tail in model))
    }


def _mark_resent(engine: Engine) -> None:
    """Table ``resent_calls``: all but the first call of each request. Few requests have more than one, and only those are put in order."""
    engine.create(
        "resent_calls",
        "WITH several AS (SELECT request_hash FROM priced_calls WHERE start_us IS NOT NULL AND request_hash IS NOT NULL GROUP BY request_hash "
        "HAVING count(*) > 1) SELECT p.call_id FROM priced_calls p JOIN several s ON s.request_hash = p.request_hash WHERE p.start_us IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY p.request_hash ORDER BY p.start_us, p.call_id) > 1",
    )


def _spikes(engine: Engine) -> list[RetrySpike]:
    """Buckets of time and deployment in which failures and re-sends are more than the log's own rate and chance explain.

    A bucket is an hour, in a log of under six hours a minute.
    """
    rows = engine.dicts(
        "WITH span AS (SELECT CASE WHEN max(start_us) - min(start_us) < 21600000000 THEN 60000000 ELSE 3600000000 END AS width FROM priced_calls), "
        "sends AS (SELECT p.deployment, CAST(floor(p.start_us / CAST(s.width AS DOUBLE)) AS BIGINT) AS bucket, s.width, "
        "p.status IN ('error', 'rate_limited', 'timeout') AS failed, r.call_id IS NOT NULL AS again "
        "FROM priced_calls p CROSS JOIN span s LEFT JOIN resent_calls r ON r.call_id = p.call_id WHERE p.start_us IS NOT NULL), "
        "rate AS (SELECT avg(CASE WHEN failed THEN 1.0 ELSE 0.0 END) AS base FROM sends) "
        "SELECT strftime(make_timestamp(bucket * width), '%Y-%m-%d %H:%M') AS start, width / 1000000 AS seconds, deployment, count(*) AS calls, "
        "count(*) FILTER (WHERE failed) AS failed, count(*) FILTER (WHERE again) AS retries, max(base) AS base FROM sends CROSS JOIN rate "
        f"GROUP BY bucket, width, deployment HAVING count(*) FILTER (WHERE failed) > {SPIKE_RATIO} * count(*) * max(base) "
        f"AND count(*) FILTER (WHERE failed) > count(*) * max(base) + {SPIKE_SIGMAS} * sqrt(count(*) * max(base)) + 1 "
        f"ORDER BY failed DESC, start, deployment LIMIT {MOST_SPIKES}"
    )
    return [
        RetrySpike(
            start=r["start"], seconds=int(r["seconds"]), deployment=r["deployment"], calls=r["calls"], failed=r["failed"],
            retries=r["retries"], failed_share=r["failed"] / r["calls"], usual_share=r["base"],
        )
        for r in rows
    ]  # fmt: skip


def _first_token(engine: Engine) -> list[FirstToken]:
    """By deployment, model and prompt size: what could be expected, and what was added to it. A call's reasons share its excess, boots first."""
    if "first_token_model" not in views(engine):
        return []
    # Whole microseconds, so that no figure depends on the order in which calls are added up.
    us = "CAST(round(coalesce({}, 0) * 1000) AS BIGINT)".format
    mean = "CAST(sum({}) AS DOUBLE) / (1000 * count(*))".format
    parts = {"expected_ms": "expected - region", "region_ms": "region", "cold_start_ms": "boot", "queueing_ms": "queued",
             "unexplained_ms": "excess - boot - queued"}  # fmt: skip
    means = ", ".join(f"CASE WHEN basis IS NOT NULL THEN {mean(sql)} END AS {name}" for name, sql in parts.items())
    rows = engine.dicts(
        "WITH blamed AS (SELECT call_id, max(waste_ms) FILTER (WHERE rule = 'far_region') AS far, "
        "max(waste_ms) FILTER (WHERE rule = 'cold_start') AS cold, "
        f"max(waste_ms) FILTER (WHERE rule IN ({_QUEUES})) AS queued "
        "FROM claims WHERE waste_ms > 0 AND call_id IS NOT NULL GROUP BY call_id), "
        f"timed AS (SELECT m.deployment, m.model, m.prompt_size, m.basis, {us('m.ttft_ms')} AS ttft, {us('m.expected_ms')} AS expected, "
        f"{us('b.far')} AS far, {us('b.cold')} AS cold, {us('coalesce(c.queue_ms, b.queued)')} AS queue "
        "FROM first_token_model m JOIN calls c ON c.call_id = m.call_id LEFT JOIN blamed b ON b.call_id = m.call_id), "
        "split AS (SELECT *, ttft - expected AS excess, least(far, expected) AS region, "
        "least(cold, greatest(ttft - expected, 0)) AS boot FROM timed), "
        "parts AS (SELECT *, greatest(least(queue, excess - boot), 0) AS queued FROM split) "
        "SELECT deployment, model, CAST(power(2, prompt_size) - 1 AS BIGINT) AS input_tokens_from, "
        "CAST(power(2, prompt_size + 1) - 2 AS BIGINT) AS input_tokens_to, "
        f"count(*) AS calls, {mean('ttft')} AS mean_ms, basis, {means} FROM parts GROUP BY deployment, model, prompt_size, basis "
        "ORDER BY sum(greatest(excess, 0) + region) FILTER (WHERE basis IS NOT NULL) DESC NULLS LAST, calls DESC, "
        f"deployment, model, prompt_size, basis LIMIT {MOST_SIZES}"
    )
    return [FirstToken(**row) for row in rows]


def _queueing(engine: Engine) -> tuple[list[Queueing], More | None]:
    """A row for each deployment with streamed calls, where rule queueing_onset ran (it leaves view ttft_baseline)."""
    if not engine.value("SELECT EXISTS (SELECT 1 FROM duckdb_tables() WHERE table_name = 'evidence_queueing_onset')"):
        return [], None
    rows, more = listed(
        engine,
        "queueing_by_deployment",
        "WITH timed AS (SELECT deployment, count(baseline_ms) AS calls FROM ttft_baseline GROUP BY deployment) "
        "SELECT t.deployment, t.calls, e.subject IS NOT NULL AS found, e.still_idle_at, e.waiting_from, "
        "e.share_of_interactive_calls_above AS share_above FROM timed t LEFT JOIN evidence_queueing_onset e ON e.subject = t.deployment "
        "AND EXISTS (SELECT 1 FROM claims c WHERE c.rule = 'queueing_onset' AND c.subject = t.deployment)",
        "calls DESC, deployment",
    )
    return [
        Queueing(
            deployment=row["deployment"], calls=row["calls"],
            status="identified" if row.pop("found") else "not identified" if row["calls"] >= MIN_TIMED else "too few",
            still_idle_at=row["still_idle_at"], waiting_from=row["waiting_from"], share_above=row["share_above"],
        )
        for row in rows
    ], more  # fmt: skip


def _cold_starts(findings: Sequence[Finding]) -> list[ColdStart]:
    return [
        ColdStart(
            deployment=f.subject, pause_s=f.evidence["pause_s"], pauses=f.evidence["pauses"], slow_pauses=f.evidence["slow_pauses"], calls=f.calls,
            waste_ms_p50=f.waste_ms_p50,
        )
        for f in findings
        if f.rule == "cold_start"
    ]  # fmt: skip


def _bursts(findings: Sequence[Finding]) -> list[Burst]:
    return [
        Burst(
            deployment=f.subject, bursts=f.evidence["bursts"], largest=f.evidence["largest"], usual=f.evidence["usual"], calls=f.calls,
            excess_share=f.evidence["excess_percent"] / 100, calls_share=f.evidence["calls_percent"] / 100,
            from_workload=f.evidence.get("from_workload"),
        )
        for f in findings
        if f.rule == "burst_congestion"
    ]  # fmt: skip


def _by_model(engine: Engine) -> tuple[list[ModelLatency], More | None]:
    """The calls tell which deployments are listed; quantiles are worked out for those only."""
    key = ("provider", "model", "deployment")
    names = ", ".join(key)
    busiest, more = listed(
        engine,
        "calls_by_deployment",
        f"SELECT {names}, count(*) AS calls FROM priced_calls WHERE status = 'ok' GROUP BY {names}",
        f"calls DESC, {names}",
    )
    engine.load_rows("listed_deployments", dict.fromkeys(key, "VARCHAR"), [tuple(row[k] for k in key) for row in busiest])
    join = " AND ".join(f"l.{k} IS NOT DISTINCT FROM p.{k}" for k in key)
    rows = engine.dicts(
        f"SELECT {', '.join(f'p.{k}' for k in key)}, count(*) AS calls, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p50_ms, "
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p95_ms, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN duration_ms > ttft_ms AND output_tokens > 1 "
        "THEN (output_tokens - 1) * CAST(1000 AS DOUBLE) / (duration_ms - ttft_ms) END) AS tokens_per_s "
        f"FROM priced_calls p JOIN listed_deployments l ON {join} WHERE p.status = 'ok' GROUP BY ALL "
        f"ORDER BY calls DESC, {', '.join(f'p.{k}' for k in key)}"
    )
    return [ModelLatency(**row) for row in rows], more


def _by_hour(engine: Engine) -> tuple[list[HourLatency], More | None]:
    """In the order of time; an hour of refusals is no fast one."""
    served = "CASE WHEN coalesce(p.status, 'ok') = 'ok' THEN p.duration_ms END"
    rows, more = listed(
        engine,
        "calls_by_hour",
        "SELECT strftime(make_timestamp(bucket * 3600000000), '%Y-%m-%d %H:00') AS hour, calls, failed, retries, p50_ms, p95_ms FROM ("
        "SELECT CAST(floor(p.start_us / 3.6e9) AS BIGINT) AS bucket, count(*) AS calls, count(*) FILTER (WHERE p.status <> 'ok') AS failed, "
        f"count(r.call_id) AS retries, percentile_cont(0.5) WITHIN GROUP (ORDER BY {served}) AS p50_ms, "
        f"percentile_cont(0.95) WITHIN GROUP (ORDER BY {served}) AS p95_ms FROM priced_calls p LEFT JOIN resent_calls r ON r.call_id = p.call_id "
        "WHERE p.start_us IS NOT NULL GROUP BY 1)",
        "hour DESC",
        most=MOST_HOURS,
    )
    return [HourLatency(**row) for row in reversed(rows)], more
