"""Every fault of steps 1 and 2 as a plant, each followed by its nearest innocent neighbour in a workload of its own.

A plant takes a world and adds workloads to it. It follows the catalogue's words for the fault, not a rule's SQL; what a plant calls permitted is
claimed rightly by another rule as well (a billed failure inside of a retry storm is a paid failure, too).
"""

from __future__ import annotations

import json
from typing import Any

from planted import (
    AUTOMATIC_CACHE,
    CHEAP,
    EMBED,
    EXPLICIT_CACHE,
    GPT,
    GPT_MINI,
    GPT_NANO,
    HAIKU,
    HOUR,
    OPUS_OLD,
    OUTPUT_TOKENS,
    PREMIUM,
    PROMPT_TOKENS,
    RETRIES,
    SONNET,
    TTL_GAP_S,
    Model,
    World,
    assistant,
    system,
    usd,
    user,
)

SHORT_PROMPT = (PROMPT_TOKENS[0], 900)  # below every cache's minimum
RETRYABLE = (("429", "RateLimitError"), ("500", "InternalServerError"), ("503", "ServiceUnavailableError"))
PERMANENT = (("400", "BadRequestError"), ("401", "AuthenticationError"), ("403", "PermissionDeniedError"), ("404", "NotFoundError"),
             ("413", "ContextWindowExceededError"), ("422", "UnprocessableEntityError"))  # fmt: skip


def healthy(world: World) -> None:
    """Different questions, answered at once by a cheap model."""
    _ordinary(world, world.app(), world.rng.choice(CHEAP))


def _ordinary(world: World, app: str, model: Model, n: int = 0, **how: Any) -> list[str]:
    size = world.tokens(*SHORT_PROMPT)
    opening = f"You answer for {app}."
    return [
        world.call(
            app,
            model,
            at,
            [system(opening), user(world.text(round(size * world.rng.uniform(0.8, 1.2))))],
            world.rng.randint(80, 400),
            **how,
        )
        for at in world.times(n or world.calls(size), world.rng.uniform(20, 300))
    ]


# --- step 1 ------------------------------------------------------------------------------------------------------------


def cheaper_model_does_same_work(world: World) -> None:
    """Two models under one prompt template, JSON asked for: the cheap one's answers parse as often, or (neighbour) clearly less often."""
    for cheap_rate in (0.985, 0.85):
        app, template = world.app(), world.text(60)
        dear, cheap = world.rng.choice(((SONNET, HAIKU), (GPT, GPT_MINI)))
        for at in world.times(900, world.rng.uniform(20, 120)):
            model = world.rng.choice((dear, cheap))
            good = world.rng.random() < (0.985 if model is dear else cheap_rate)
            output = world.rng.randint(40, 300)
            answer = json.dumps({"text": world.text(output)}) if good else '{"text": "' + world.text(output)
            call = world.call(app, model, at, [system(template), user(world.text(100))], output, answer=answer,
                              group="extract", parameters={"response_format": {"type": "json_object"}})  # fmt: skip
            if model is dear and cheap_rate > 0.9:
                record = world.records[-1]
                world.accuse("cheaper_model_does_same_work", call,
                             world.cost(call) - usd(cheap, record["prompt_tokens"], record["completion_tokens"]))  # fmt: skip


def premium_for_short_answers(world: World) -> None:
    """A premium model that answers in a word; neighbours: a cheap one that does, and a premium one with whole answers."""
    labels = [world.text(2).strip() for _ in range(world.rng.randint(2, 8))]
    for model, short in ((world.rng.choice(PREMIUM), True), (world.rng.choice(CHEAP), True), (world.rng.choice(PREMIUM), False)):
        app, size = world.app(), world.tokens(*SHORT_PROMPT)
        for at in world.times(world.calls(size), 60):
            output = world.rng.randint(OUTPUT_TOKENS[0], 12) if short else world.rng.randint(150, OUTPUT_TOKENS[1])
            answer = world.rng.choice(labels) if short else None
            call = world.call(app, model, at, [system(f"Sort for {app}."), user(world.text(size))], output, answer=answer)
            if short and model in PREMIUM:
                world.accuse("premium_for_short_answers", call)


def premium_for_low_value(world: World) -> None:
    """Tests that run on a premium model; the same in production is the neighbour."""
    for tag in (world.rng.choice(("env:staging", "env:dev", "env:test")), "env:prod"):
        app = world.app()
        for call in _ordinary(world, app, world.rng.choice(PREMIUM), tags=[tag]):
            if tag != "env:prod":
                world.accuse("premium_for_low_value", call)


def reasoning_overkill(world: World) -> None:
    """Nearly all output is reasoning and little is said; neighbour: long answers after some reasoning."""
    for share, accused in ((world.rng.uniform(0.88, 0.97), True), (0.4, False)):
        app = world.app()
        for at in world.times(world.calls(200), 60):
            output = world.rng.randint(200, OUTPUT_TOKENS[1])
            call = world.call(app, GPT, at, [system(f"Think for {app}."), user(world.text(200))], output, reasoning=round(output * share))
            if accused:
                world.accuse("reasoning_overkill", call)
                world.permit(call, "premium_for_short_answers")


def superseded_model(world: World) -> None:
    """A retired model whose successor costs a third."""
    for call in _ordinary(world, world.app(), OPUS_OLD):
        world.accuse("superseded_model", call)


def premium_tier_for_background(world: World) -> None:
    """A batch job that pays for priority; neighbour: people who do."""
    for tags, users in ((["batch"], False), ([], True)):
        app = world.app()
        for at in world.times(world.calls(300), 30):
            call = world.call(app, GPT, at, [system(f"Work for {app}."), user(world.text(300))], world.rng.randint(80, 400), tags=tags,
                              tier="priority", user=f"u{world.rng.randint(1, 60)}" if users else "")  # fmt: skip
            if not users:
                record = world.records[-1]
                world.accuse(
                    "premium_tier_for_background", call, world.cost(call) - usd(GPT, record["prompt_tokens"], record["completion_tokens"])
                )


def premium_fallback_stuck(world: World) -> None:
    """After an outage of minutes the dearer fallback keeps the traffic for a day; neighbour: it goes back within minutes."""
    for stuck in (True, False):
        app, outage = world.app(), world.rng.uniform(6, 10) * HOUR
        back = outage + (24 * HOUR if stuck else 600)
        at = 0.0
        while at < outage + 26 * HOUR:
            at += world.rng.expovariate(1 / 120)
            message = [system(f"Answer for {app}."), user(world.text(150))]
            if outage <= at < outage + 600:
                request = f"req-{app}-{len(world.records)}"
                world.call(app, GPT_MINI, at, message, 0, status="error", code="503", error="ServiceUnavailableError", billed=False,
                           request=request, group=f"{app}-route", trace=request)  # fmt: skip
                world.call(app, SONNET, at + 1.0, message, world.rng.randint(80, 300), request=request, group=f"{app}-route", trace=request)
                world.permit(f"call-{len(world.records) - 1:06d}", "premium_fallback_stuck")
                continue
            model = SONNET if outage <= at < back else GPT_MINI
            call = world.call(app, model, at, message, world.rng.randint(80, 300), group=f"{app}-route")
            if model is SONNET and stuck:
                if at > outage + 2 * HOUR:
                    record = world.records[-1]
                    world.accuse("premium_fallback_stuck", call,
                                 world.cost(call) - usd(GPT_MINI, record["prompt_tokens"], record["completion_tokens"]))  # fmt: skip
                else:
                    world.permit(call, "premium_fallback_stuck")
            elif model is SONNET:
                world.permit(call, "premium_fallback_stuck") if at < outage + 600 else None


# --- step 2: retries ---------------------------------------------------------------------------------------------------


def paid_failures(world: World) -> None:
    """Failures with usage; neighbour: failures whose usage nobody knows."""
    for billed in (True, False):
        app, model, share = world.app(), world.rng.choice(CHEAP), world.share()
        for at in world.times(world.calls(300), 90):
            bad = world.rng.random() < share
            call = world.call(app, model, at, [system(f"Answer for {app}."), user(world.text(300))], world.rng.randint(20, 300), billed=billed,
                              **({"status": "error", "code": "500", "error": "InternalServerError"} if bad else {}))  # fmt: skip
            if bad and billed:
                world.accuse("paid_failures", call, world.cost(call))


def retry_storm(world: World) -> None:
    """Sent again and again within a minute. Neighbours: one retry, a poller that succeeds, a question that a hundred people ask."""
    app, model, share = world.app(), world.rng.choice(CHEAP), world.share()
    billed = world.rng.random() < 0.5
    backoff, first = world.rng.uniform(1, 2), world.rng.uniform(0.3, 3)
    for n, at in enumerate(world.times(world.calls(300), 120)):
        message, asker = [system(f"Answer for {app}."), user(world.text(300))], f"u{n % 40}"
        again = world.rng.randint(2, RETRIES[1]) if world.rng.random() < share else 0
        code, error = world.rng.choice(RETRYABLE)
        when, wait = at, first
        for send in range(again):
            took = world.rng.uniform(0.2, 1.0)
            call = world.call(app, model, when, message, 20, status="error", code=code, error=error, billed=billed, took_s=took, user=asker,
                              trace=f"t-{app}-{n}")  # fmt: skip
            if billed:
                world.permit(call, "paid_failures")
            if send:
                world.accuse("retry_storm", call, world.cost(call) if billed else None)
            when += took + wait * world.rng.uniform(0.7, 1.3)
            wait = min(wait * backoff, 9.0)
        world.call(app, model, when, message, world.rng.randint(80, 300), user=asker, trace=f"t-{app}-{n}")
    _one_retry(world)
    _poller(world)
    _asked_by_all(world)


def _one_retry(world: World) -> None:
    app, model = world.app(), world.rng.choice(CHEAP)
    for n, at in enumerate(world.times(world.calls(300), 120)):
        message = [system(f"Answer for {app}."), user(world.text(300))]
        if n % 5 == 0:
            world.call(
                app, model, at, message, 0, status="error", code="429", error="RateLimitError", billed=False, took_s=0.3, user=f"u{n}"
            )
        world.call(app, model, at + 2.5, message, world.rng.randint(80, 300), user=f"u{n}")


def _poller(world: World) -> None:
    app, model = world.app(), world.rng.choice(CHEAP)
    for n, at in enumerate(world.times(30, 900)):
        message = [system(f"Watch for {app}."), user(world.text(200))]
        for poll in range(world.rng.randint(3, 8)):
            call = world.call(app, model, at + poll * world.rng.uniform(8, 12), message, 90, user=f"u{n}")
            world.permit(call, "duplicate_request")


def _asked_by_all(world: World) -> None:
    app, model = world.app(), world.rng.choice(CHEAP)
    message, at = [system(f"Help for {app}."), user(world.text(30))], world.rng.uniform(0, HOUR)
    for n in range(103):
        at += world.rng.expovariate(1 / 15)
        world.permit(world.call(app, model, at, message, 120, user=f"u{n}"), "duplicate_request")


def layered_retries(world: World) -> None:
    """Client and gateway both retry; neighbours: only one of the two does."""
    refused = {"status": "error", "code": "503", "error": "ServiceUnavailableError"}
    for sends, attempts in ((2, 3), (1, 3), (3, 1)):
        app, model = world.app(), world.rng.choice(CHEAP)
        for n, at in enumerate(world.times(world.calls(300), 120)):
            message, asker, when = [system(f"Answer for {app}."), user(world.text(300))], f"u{n % 40}", at
            troubled = n % 5 == 0
            for send in range(sends if troubled else 1):
                request = f"req-{app}-{n}-{send}"
                last_send = not troubled or send == sends - 1
                for attempt in range(attempts if troubled else 1):
                    good = last_send and (not troubled or attempt == attempts - 1)
                    call = world.call(app, model, when, message, 100, request=request, trace=f"t-{app}-{n}", user=asker, took_s=0.5,
                                      billed=good, **({} if good else refused))  # fmt: skip
                    world.permit(call, "retry_storm")
                    if not good and attempt and sends > 1:
                        world.accuse("layered_retries", call)
                    when += 1.5
                when += 4.0


def retry_of_permanent_error(world: World) -> None:
    """A refused request is sent again unchanged; neighbours: it is mended first, or the error was one that passes."""
    for again, mended, errors in ((True, False, PERMANENT), (True, True, PERMANENT), (True, False, RETRYABLE[:1])):
        app, model, share = world.app(), world.rng.choice(CHEAP), world.share()
        for n, at in enumerate(world.times(world.calls(300), 300)):
            message, asker = [system(f"Answer for {app}."), user(world.text(300))], f"u{n % 40}"
            if not again or world.rng.random() > share:
                world.call(app, model, at, message, 150, user=asker)
                continue
            code, error = world.rng.choice(errors)
            refused = {
                "status": "error",
                "code": code,
                "error": error,
                "billed": False,
                "took_s": 0.2,
                "user": asker,
                "trace": f"t-{app}-{n}",
            }
            world.call(app, model, at, message, 0, **refused)
            for send in range(1, world.rng.randint(2, RETRIES[1])):
                if mended:
                    world.call(
                        app,
                        model,
                        at + 3 * send,
                        [system(f"Answer for {app}."), user(world.text(250))],
                        150,
                        user=asker,
                        trace=f"t-{app}-{n}",
                    )
                    break
                call = world.call(app, model, at + world.rng.uniform(2.0, 3.0) * send, message, 0, **refused)
                world.permit(call, "retry_storm")
                if errors is PERMANENT:
                    world.accuse("retry_of_permanent_error", call)


def impatient_client(world: World) -> None:
    """Sent again while the first still runs, and both are paid; neighbours: two people ask the same at once; asked again much later."""
    app, model, share = world.app(), world.rng.choice(CHEAP), world.share()
    patience = world.rng.uniform(2, 15)
    for n, at in enumerate(world.times(world.calls(300), 120)):
        message, asker = [system(f"Answer for {app}."), user(world.text(300))], f"u{n % 40}"
        sends = world.rng.randint(1, 3) if world.rng.random() < share else 0
        took = patience * (sends + world.rng.uniform(0.3, 0.9)) if sends else patience * world.rng.uniform(0.2, 0.8)
        world.call(app, model, at, message, 200, took_s=took, user=asker)
        for send in range(1, sends + 1):
            call = world.call(app, model, at + patience * send, message, 200, took_s=took, user=asker)
            world.accuse("impatient_client", call, world.cost(call))
    app = world.app()
    for at in world.times(60, 300):
        message = [system(f"Answer for {app}."), user(world.text(300))]
        for n in range(2):
            world.permit(world.call(app, model, at + n, message, 200, took_s=5.0, user=f"u{n}"), "duplicate_request")
    app = world.app()
    for n, at in enumerate(world.times(60, 600)):
        message = [system(f"Answer for {app}."), user(world.text(300))]
        world.call(app, model, at, message, 200, took_s=3.0, user=f"u{n}")
        world.permit(world.call(app, model, at + 3 + world.rng.uniform(30, 900), message, 200, user=f"u{n}"), "duplicate_request")


def fallback_paid_twice(world: World) -> None:
    """The attempt before the fallback was billed; neighbour: nobody knows whether it was."""
    for billed in (True, False):
        app, share = world.app(), world.share()
        for n, at in enumerate(world.times(world.calls(300), 120)):
            message, request = [system(f"Answer for {app}."), user(world.text(300))], f"req-{app}-{n}"
            if world.rng.random() < share:
                call = world.call(app, GPT_MINI, at, message, 120, status="error", code="500", error="InternalServerError", billed=billed,
                                  took_s=2.0, request=request, group=f"{app}-route", trace=request)  # fmt: skip
                if billed:
                    world.accuse("fallback_paid_twice", call, world.cost(call))
                    world.permit(call, "paid_failures")
                world.call(app, HAIKU, at + 2.1, message, 200, request=request, group=f"{app}-route", trace=request)
            else:
                world.call(app, GPT_MINI, at, message, 200, request=request, group=f"{app}-route", trace=request)


# --- step 2: loops and repeats -----------------------------------------------------------------------------------------


def tool_loop(world: World) -> None:
    """The same tool with the same arguments, three times or more; neighbours: edit, run, edit, run; twice only; a tool without arguments."""
    _agent(world, lambda: [("search", "x")] * world.rng.randint(3, 7), looping=True)
    _agent(world, lambda: [("edit", "new"), ("run", "x")] * 3, looping=False)
    _agent(world, lambda: [("search", "x")] * 2, looping=False)
    _agent(world, lambda: [("next_page", "")] * 5, looping=False)


def _agent(world: World, plan: Any, *, looping: bool) -> None:
    app, model = world.app(), world.rng.choice(CHEAP)
    for n, at in enumerate(world.times(40, 900)):
        history = [system(f"Act for {app}."), user(world.text(120))]
        fixed, when = json.dumps({"q": world.text(6)}), at
        for step, (name, what) in enumerate([("plan", "new"), *plan()]):
            arguments = {"x": fixed, "new": json.dumps({"q": world.text(6)}), "": "{}"}[what]
            call = world.call(
                app, model, when, history, 60, answer="", tool_calls=[(name, arguments)], trace=f"t-{app}-{n}", finish="tool_calls"
            )
            world.permit(call, "history_resent")
            if looping and step >= 2:
                world.accuse("tool_loop", call, world.cost(call))
            history = [*history, {"role": "assistant", "content": None, "tool_calls": [{"id": f"t{step}", "type": "function", "function":
                      {"name": name, "arguments": arguments}}]}, {"role": "tool", "tool_call_id": f"t{step}", "content": world.text(30)}]  # fmt: skip
            when += 3
        world.permit(world.call(app, model, when, history, 200, trace=f"t-{app}-{n}"), "history_resent")


def validation_loop(world: World) -> None:
    """JSON that does not parse is sent back with a short complaint; neighbour: a person goes on talking."""
    for structured in (True, False):
        app, model, share = world.app(), world.rng.choice(CHEAP), max(0.1, world.share())
        asked = {"parameters": {"response_format": {"type": "json_object"}}} if structured else {}
        for n, at in enumerate(world.times(world.calls(200), 300)):
            history, rounds = [system(f"Fill the form for {app}."), user(world.text(200))], 1
            if world.rng.random() < share or not structured:
                rounds = world.rng.randint(2, 4)
            for i in range(rounds):
                good = json.dumps({"a": world.text(40)})
                answer = (good if i == rounds - 1 else good[:-9]) if structured else world.text(60)
                call = world.call(app, model, at + (4 if structured else 40) * i, history, 60, answer=answer, trace=f"t-{app}-{n}",
                                  user="" if structured else f"u{n % 30}", **asked)  # fmt: skip
                world.permit(call, "history_resent")
                if structured and i < rounds - 1:
                    world.accuse("validation_loop", call)
                history = [*history, assistant(answer), user("That is no valid JSON: " + world.text(5) if structured else world.text(12))]


def duplicate_request(world: World) -> None:
    """Byte for byte the same at temperature 0; neighbours: after an error, with other parameters, and a day and more later."""
    app, model, share = world.app(), world.rng.choice(CHEAP), world.share()
    exact = {"temperature": 0}
    for n, at in enumerate(world.times(world.calls(300), 200)):
        message = [system(f"Answer for {app}."), user(world.text(300))]
        world.call(app, model, at, message, 150, parameters=exact, took_s=1.5, user=f"u{n}")
        if world.rng.random() < share:
            call = world.call(app, model, at + world.rng.uniform(60, TTL_GAP_S[1]), message, 150, parameters=exact, user=f"v{n}")
            world.accuse("duplicate_request", call, world.cost(call))
    app = world.app()
    for n, at in enumerate(world.times(60, 600)):
        message = [system(f"Answer for {app}."), user(world.text(300))]
        if n % 3 == 0:
            world.call(
                app,
                model,
                at,
                message,
                0,
                status="error",
                code="500",
                error="InternalServerError",
                billed=False,
                took_s=1,
                parameters=exact,
            )
            world.call(app, model, at + 3, message, 150, parameters=exact)
        else:
            world.call(app, model, at, message, 150, parameters={"temperature": 0.1}, took_s=1)
            world.call(
                app, model, at + (30 * HOUR if n % 3 == 1 else 600), message, 150, parameters={"temperature": 0.1 if n % 3 == 1 else 0.9}
            )


def truncated_then_repeated(world: World) -> None:
    """Cut off by max_tokens, then asked again with more room; neighbour: cut off and left at that."""
    for repeated in (True, False):
        app, model, share = world.app(), world.rng.choice(CHEAP), world.share()
        for n, at in enumerate(world.times(world.calls(300), 200)):
            message = [system(f"Write for {app}."), user(world.text(300))]
            cut = world.rng.random() < share
            call = world.call(
                app, model, at, message, 100, finish="length" if cut else "stop", parameters={"max_tokens": 100}, user=f"u{n}", took_s=2.0
            )
            if cut and repeated:
                world.accuse("truncated_then_repeated", call, world.cost(call))
                world.call(app, model, at + world.rng.uniform(5, 40), message, 250, parameters={"max_tokens": 400}, user=f"u{n}")


def abandoned_stream(world: World) -> None:
    """The client left and the tokens were billed."""
    app, model, share = world.app(), world.rng.choice(CHEAP), world.share()
    for n, at in enumerate(world.times(world.calls(300), 120)):
        left = world.rng.random() < share
        call = world.call(app, model, at, [system(f"Write for {app}."), user(world.text(300))], 150, user=f"u{n % 30}",
                          **({"status": "error", "code": "499", "error": "ClientDisconnected"} if left else {}))  # fmt: skip
        if left:
            world.accuse("abandoned_stream", call)
            world.permit(call, "paid_failures")


# --- step 2: prompts and caches ----------------------------------------------------------------------------------------


def uncached_prefix(world: World) -> None:
    """A long shared opening that is paid in full each time. Neighbours: too short for the cache, too far apart for it, read from it already."""
    for model in (world.rng.choice(EXPLICIT_CACHE), world.rng.choice(AUTOMATIC_CACHE)):
        size = world.tokens(5000, 20_000)
        _shared_opening(world, model, size, mean_gap_s=world.rng.uniform(10, 200), accused=True)
    _shared_opening(world, HAIKU, 700, mean_gap_s=30)
    _shared_opening(world, SONNET, 6000, mean_gap_s=20 * 60, least_gap_s=400)
    _shared_opening(world, GPT, 6000, mean_gap_s=60, cached=True)


def _shared_opening(
    world: World, model: Model, size: int, *, mean_gap_s: float, least_gap_s: float = 0.0, accused: bool = False, cached: bool = False
) -> None:
    app, opening, last, ttl = world.app(), world.text(size), -1e9, 300.0
    at = world.rng.uniform(0, HOUR)
    for _ in range(world.calls(size)):
        at += least_gap_s + world.rng.expovariate(1 / mean_gap_s)
        warm = at - last < ttl
        read = size // 128 * 128 if cached and warm else 0
        call = world.call(
            app,
            model,
            at,
            [system(opening), user(world.text(world.rng.randint(30, 200)))],
            world.rng.randint(80, 300),
            cached=read,
            took_s=0.8,
        )
        if accused and warm:
            world.accuse("uncached_prefix", call, size * (model.price.input - (model.price.read or 0)) / 1e6)
        elif accused:
            # The first of each run writes: its premium is a cost of the cure, and belongs to the rule's sum.
            world.permit(call, "uncached_prefix")
            if model.price.write:
                world.blame["uncached_prefix (writes)"][call] = -size * (model.price.write - model.price.input) / 1e6
        last = at


def cache_breaker(world: World) -> None:
    """A stamp at the very top, before a long text that never changes; neighbour: the stamp stands below it."""
    for broken in (True, False):
        app, model, size = world.app(), world.rng.choice(EXPLICIT_CACHE), world.tokens(5000, 12_000)
        fixed, last = world.text(size), -1e9
        for n, at in enumerate(world.times(world.calls(size), 40)):
            stamp = f"Request {world.rng.getrandbits(48):012x} at second {round(at)}\n"
            opening = stamp + fixed if broken else fixed + "\n" + stamp
            warm = at - last < 300
            read = 0 if broken or not warm else size
            call = world.call(
                app, model, at, [system(opening), user(world.text(60))], 150, cached=read, written=0 if broken or warm else size, took_s=0.8
            )
            if broken and n and warm:
                world.accuse("cache_breaker", call, size * (model.price.input - (model.price.read or 0)) / 1e6)
            elif broken:
                world.permit(call, "cache_breaker")
                world.blame["cache_breaker (writes)"][call] = -size * ((model.price.write or 0) - model.price.input) / 1e6
            last = at


def cache_write_never_read(world: World) -> None:
    """Writes to a cache that has run out before the next call; neighbour: a cache within its first write, read afterwards."""
    for wasted in (True, False):
        app, model, size = world.app(), world.rng.choice(EXPLICIT_CACHE), world.tokens(5000, 9000)
        opening, at = world.text(size), 0.0
        for n in range(80):
            at += world.rng.uniform(900, TTL_GAP_S[1]) if wasted else world.rng.uniform(5, 200)
            first = wasted or n == 0
            call = world.call(
                app, model, at, [system(opening), user(world.text(80))], 150, written=size if first else 0, cached=0 if first else size
            )
            if wasted:
                world.accuse("cache_write_never_read", call, size * ((model.price.write or 0) - model.price.input) / 1e6)


def oversized_prompt(world: World) -> None:
    """Some prompts are many times the usual without a longer answer; neighbour: a longer answer comes of it."""
    for longer in (False, True):
        app, model, share, size = world.app(), world.rng.choice(CHEAP), world.share(), world.tokens(100, 2000)
        for at in world.times(world.calls(size * 2), 90):
            big = world.rng.random() < share
            length = round(size * (world.rng.uniform(4, 8) if big else world.rng.uniform(0.8, 1.2)))
            output = world.rng.randint(300, 400) if big and longer else world.rng.randint(60, 100)
            call = world.call(app, model, at, [system(f"Sum up for {app}."), user(world.text(length))], output)
            if big and not longer:
                world.accuse("oversized_prompt", call)


def duplicated_context(world: World) -> None:
    """A document stands in the prompt twice; neighbour: two documents."""
    for twice in (True, False):
        app, model, share, size = world.app(), world.rng.choice(CHEAP), world.share(), world.tokens(300, 2000)
        for at in world.times(world.calls(size * 2), 90):
            document = world.text(size)
            same = world.rng.random() < share and twice
            second = document if same else world.text(size)
            message = [system(f"Read for {app}."), user(f"{document}\n---\n{second}\nQuestion: {world.text(20)}")]
            call = world.call(app, model, at, message, 150)
            if same:
                world.accuse("duplicated_context", call, size * model.price.input / 1e6)
                world.permit(call, "oversized_prompt")


def history_resent(world: World) -> None:
    """A long conversation pays its history in full at every turn; neighbours: it is read from the cache; it is too short for one."""
    for size, cached, accused in ((world.tokens(1500, 4000), False, True), (2500, True, False), (40, False, False)):
        app, model = world.app(), SONNET
        for n, at in enumerate(world.times(25, 1200)):
            history, when, before = [system(f"Talk for {app}."), user(world.text(size))], at, 0
            turns = world.rng.randint(4, 7)
            for turn in range(turns):
                answer = world.text(120)
                known = before if cached else 0
                length = round(sum(len(m["content"]) for m in history) / 4)
                call = world.call(app, model, when, history, 120, answer=answer, trace=f"t-{app}-{n}-{turn}", user=f"u{n}", took_s=1.0,
                                  cached=known, written=length - known if cached else 0)  # fmt: skip
                world.records[-1]["session_id"] = f"s-{app}-{n}"
                if accused and turn:
                    # A marker on every turn but the opening one: the second turn writes all, later ones read what was sent and write what they
                    # add, the last one too, since nobody knows that it is the last.
                    read = before if turn > 1 else 0
                    premium = (length - read) * ((model.price.write or 0) - model.price.input)
                    world.accuse("history_resent", call, (read * (model.price.input - (model.price.read or 0)) - premium) / 1e6)
                before = length
                history = [
                    *history,
                    assistant(answer),
                    user(world.text(world.rng.randint(20, 60) if size < 100 else world.rng.randint(100, 400))),
                ]
                when += world.rng.uniform(15, 200)


def unused_tool_schemas(world: World) -> None:
    """Tools that nobody ever calls make up most of the prompt; neighbour: they are called."""
    for used in (False, True):
        app, model = world.app(), world.rng.choice((GPT_MINI, GPT_NANO, HAIKU))
        tools = [
            {"type": "function", "function": {"name": f"tool_{i}", "description": world.text(40), "parameters": {"type": "object"}}}
            for i in range(6)
        ]
        for n, at in enumerate(world.times(world.calls(400), 90)):
            called = [("tool_1", json.dumps({"n": n}))] if used and n % 3 == 0 else ()
            call = world.call(app, model, at, [system(f"Do for {app}."), user(world.text(80))], 90, tools=tools, tool_calls=called)
            if not used:
                world.accuse("unused_tool_schemas", call)


def unbatched_embeddings(world: World) -> None:
    """One text a call, many calls a second; neighbour: a text now and then."""
    for hurried in (True, False):
        app = world.app()
        for at in world.times(15 if hurried else 100, 600):
            when = at
            for n in range(world.rng.randint(20, 60) if hurried else 1):
                call = world.call(app, EMBED, when, [user(world.text(120))], 0, answer="", operation="aembedding", took_s=0.15)
                if hurried and n:
                    world.accuse("unbatched_embeddings", call)
                elif hurried:
                    world.permit(call, "unbatched_embeddings")
                when += 0.15 + world.rng.uniform(0.01, 0.1)


PLANTS = (
    healthy, cheaper_model_does_same_work, premium_for_short_answers, premium_for_low_value, reasoning_overkill, superseded_model,
    premium_tier_for_background, premium_fallback_stuck, paid_failures, retry_storm, layered_retries, retry_of_permanent_error,
    impatient_client, fallback_paid_twice, tool_loop, validation_loop, duplicate_request, truncated_then_repeated, abandoned_stream,
    uncached_prefix, cache_breaker, cache_write_never_read, oversized_prompt, duplicated_context, history_resent, unused_tool_schemas,
    unbatched_embeddings,
)  # fmt: skip
