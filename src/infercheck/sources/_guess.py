"""A mapping for an unknown log, guessed from the names and values of its fields. What is not sure says why, and is left to the reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from infercheck.model.call import STATUSES
from infercheck.model.mapping import CACHED, DURATIONS, TEXTS, TIMES
from infercheck.sources._fields import Field, fields_of
from infercheck.sources._kinds import kinds_of
from infercheck.sources._times import duration_unit, is_naive, split_unit, time_format


@dataclass(frozen=True)
class Guess:
    """One column: where it would come from, how it would be read, and what speaks against it (empty where nothing does)."""

    column: str
    field: Field
    spec: Mapping[str, Any]
    doubt: str = ""
    remark: str = ""


@dataclass
class Proposal:
    """A mapping to be looked at: how the log is told, settings, columns, and the fields that none was found for."""

    keys: tuple[str, ...] = ()
    settings: dict[str, tuple[Any, str]] = field(default_factory=dict)  # value and remark
    columns: list[Guess] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    unread: list[Field] = field(default_factory=list)  # counts beside the tokens of which no column is made

    @property
    def sure(self) -> list[Guess]:
        """The columns that nothing speaks against."""
        return [guess for guess in self.columns if not guess.doubt]


# Names by column, the best first; a name matches the last key, or the whole path joined by underscores.
NAMES: dict[str, str] = {
    "source_call_id": "call_id completion_id response_id generation_id id log_id event_id request_id req_id rid uuid message_id x_request_id",
    "request_id": "request_id req_id client_request_id x_request_id",
    "trace_id": "trace_id traceid trace correlation_id task_id run_id",
    "session_id": "session_id conversation_id thread_id chat_id session",
    "started_at": "started_at start_time start_timestamp start_ts start request_time requested_at request_timestamp request_start received_at "
    "arrived_at arrival_time sent_at submitted_at begin_time begin began_at timestamp ts time datetime event_time created_at created date logged_at "
    "at when",
    "ended_at": "ended_at end_time end_timestamp end_ts end finished_at finish_time finished finish completed_at completion_time stop_time "
    "response_at response_timestamp responded_at",
    "first_token_at": "first_token_at first_token_time completion_start_time first_chunk_at first_token_timestamp",
    "duration": "duration latency elapsed elapsed_time took response_time total_time e_2_e_latency request_latency total_latency request_duration "
    "processing_time runtime wall_time generation_time rt",
    "time_to_first_token": "time_to_first_token ttft first_token_latency time_to_first_chunk time_to_first_byte first_token",
    "queue_ms": "queue_time queue time_in_queue queued queue_latency wait_time",
    "gateway_ms": "gateway_latency gateway_overhead overhead proxy_overhead gateway_time overhead_time",
    "http_status": "http_status status_code http_status_code http_code response_code response_status status code",
    "status": "status state outcome result call_status success succeeded ok is_success failed is_error errored",
    "error_type": "error_type error_class error_code exception_type error_name exception",
    "finish_reason": "finish_reason stop_reason finish",
    "attempt": "attempt attempt_number attempt_no try_number",
    "provider": "provider llm_provider model_provider provider_name custom_llm_provider vendor api_provider ai_provider gen_ai_system",
    "model": "model model_name response_model model_id gen_ai_response_model llm_model engine served_model model_version",
    "model_requested": "model_requested request_model requested_model model_group model_alias gen_ai_request_model",
    "deployment": "deployment deployment_id deployment_name model_deployment",
    "region": "region location aws_region",
    "endpoint": "endpoint api_base route base_url",
    "service_tier": "service_tier",
    "streamed": "stream streamed streaming is_stream is_streaming",
    "api_key_alias": "api_key_alias key_alias key_name api_key_name",
    "team": "team team_name team_id squad organization organization_id org org_id department project project_id cost_center",
    "user": "user user_id username account account_id user_name",
    "end_user": "end_user end_user_id customer_id customer",
    "app": "app application app_name application_name service service_name feature use_case workload product component caller svc",
    "environment": "environment env stage",
    "tags": "tags labels",
    "input_tokens": "prompt_tokens input_tokens tokens_in in_tokens tokens_prompt tokens_input usage_in usage_input usage_prompt "
    "prompt_token_count input_token_count num_prompt_tokens num_input_tokens n_prompt_tokens n_input_tokens context_tokens "
    "request_tokens input_length prompt_length prompt_len",
    "output_tokens": "completion_tokens output_tokens tokens_out out_tokens tokens_completion tokens_output usage_out usage_output "
    "usage_completion completion_token_count output_token_count candidates_token_count num_completion_tokens "
    "num_output_tokens n_completion_tokens n_output_tokens generated_tokens response_tokens output_length completion_length "
    "answer_tokens answer_token_count reply_tokens",
    "cache_read_tokens": "cached_tokens cache_read_tokens cache_read_input_tokens cached_input_tokens cached_content_token_count "
    "prompt_cache_hit_tokens tokens_cached cache_hit_tokens cached_prompt_tokens usage_cached tokens_cache_read prompt_cached_tokens",
    "cache_write_5m_tokens": "cache_creation_input_tokens cache_write_tokens cache_creation_tokens cache_write_input_tokens tokens_cache_write "
    "prompt_cache_creation_tokens",
    "reasoning_tokens": "reasoning_tokens thoughts_token_count thinking_tokens reasoning_output_tokens tokens_reasoning",
    "gateway_cache_hit": "cache_hit response_cache_hit",
    "logged_cost": "cost total_cost cost_usd total_cost_usd spend response_cost charge price request_cost amount usd",
    "max_tokens": "max_tokens max_output_tokens max_completion_tokens max_new_tokens",
    "temperature": "temperature",
    "reasoning_effort": "reasoning_effort",
    "score": "score feedback_score eval_score",
    "messages": "messages prompt input_messages input request_messages prompt_text query question",
    "answer": "choices_message_content answer response_text completion_text output_text completion output reply response generated_text",
    "tool_calls": "tool_calls",
    "tools": "tools",
    "parameters": "model_parameters request_parameters parameters params",
}
WORDS = {  # what logs write for a status
    "ok": "ok success succeeded successful complete completed done finished true 200 stop pass passed",
    "error": "error err failed failure fail false 500 502 503 400 401 403 404 exception errored server_error",
    "rate_limited": "rate_limited ratelimited rate_limit throttled throttle 429 too_many_requests",
    "timeout": "timeout timed_out time_out 408 504 deadline_exceeded",
    "cancelled": "cancelled canceled aborted abort 499 client_closed",
}
COST_UNITS = {"usd": "usd", "dollars": "usd", "cents": "cents", "microusd": "micro", "micros": "micro", "nanousd": "nano"}
_TOKENS = frozenset({"input_tokens", "output_tokens", *CACHED, "reasoning_tokens"})
_FAULTY = frozenset({"failed", "is_error", "errored"})


def propose(records: Sequence[Mapping[str, Any]]) -> Proposal:
    """The mapping that the first records suggest."""
    fields = fields_of(records)
    guesses = _assigned(fields)
    proposal = Proposal(fields=fields, columns=list(guesses.values()))
    _settle_parts(proposal, guesses)
    _settle_times(proposal, guesses)
    _settle_kinds(proposal, records)
    proposal.unread = _unread(proposal)
    proposal.keys = _keys(records, proposal)
    return proposal


def _assigned(fields: Sequence[Field]) -> dict[str, Guess]:
    """Every column with its best field; no field fills two columns, but for an id that names both call and request."""
    ranked: list[tuple[int, int, str, Field]] = []
    for order, (column, names) in enumerate(NAMES.items()):
        for each in fields:
            rank = _rank(column, names.split(), each)
            if rank is not None and each.values and FITS.get(column, _is_word)(each):
                ranked.append((rank, order, column, each))
    made: dict[str, Guess] = {}
    taken: set[int] = set()
    for _, _, column, each in sorted(ranked, key=lambda r: (r[0], r[1])):
        if column not in made and id(each) not in taken:
            made[column] = _guess(column, each)
            taken.add(id(each))
    if not {"started_at", "ended_at"} & made.keys():
        made |= _by_value([each for each in fields if id(each) not in taken])
    return {column: made[column] for column in NAMES if column in made}


def _by_value(rest: Sequence[Field]) -> dict[str, Guess]:
    """A start for a log whose names told of none: the first field that holds times of this century."""
    for each in rest:
        form, doubt = time_format(each) if each.values else ("-", "")
        if form != "-" and not doubt and form != "%Y%m%d%H%M%S":
            return {
                "started_at": Guess(
                    "started_at", each, {"format": form} if form else {}, "these are times, but its name does not say of what"
                )
            }
    return {}


def _rank(column: str, names: Sequence[str], each: Field) -> int | None:
    """Lower is better: the place among the names, then how deep the field stands; None where the name says something else."""
    bare, _ = (
        split_unit(each.name) if column in DURATIONS else (_without_money(each.name), "") if column == "logged_cost" else (each.name, "")
    )
    spelt = {each.name, bare, each.full_name}
    known = next((n for n, name in enumerate(names) if name in spelt or ("_" in name and each.full_name.endswith(f"_{name}"))), None)
    return None if known is None else known * 10 + min(len(each.path), 9)


def _guess(column: str, each: Field) -> Guess:
    if column in TIMES:
        form, doubt = time_format(each)
        return Guess(column, each, {"format": form} if form else {}, doubt)
    if column in DURATIONS:
        _, unit = split_unit(each.name)
        unit, doubt = (unit, "") if unit else duration_unit(each)
        return Guess(column, each, {"unit": unit}, doubt, "" if split_unit(each.name)[1] else "unit by magnitude")
    if column == "logged_cost":
        return _cost(each)
    if column == "status":
        return _status(each)
    if column == "error_type" and median(map(len, map(str, each.values))) > 60:
        return Guess(column, each, {}, "its texts are long: a class or code of the error is wanted, not its message")
    return Guess(column, each, {})


def _cost(each: Field) -> Guess:
    units = {COST_UNITS[word] for word in re.findall(r"[a-z]+", each.full_name) if word in COST_UNITS}
    if "$" in each.text:
        units.add("usd")
    if len(units) == 1:
        return Guess("logged_cost", each, {"unit": units.pop()})
    return Guess(
        "logged_cost", each, {"unit": "usd"}, "its name tells no unit: usd, cents, micro or nano? Without it, list prices are used"
    )


def _status(each: Field) -> Guess:
    words = dict.fromkeys(_spelt(value) for value in each.values)
    meanings = {word: meaning for word in words if (meaning := _meaning(word))}
    if each.name in _FAULTY:
        meanings = {word: "error" if meaning == "ok" else "ok" for word, meaning in meanings.items()}
    unknown = [word for word in words if word not in meanings]
    values = {word: meaning for word, meaning in meanings.items() if word != meaning}
    if not meanings:
        return Guess("status", each, {"values": dict.fromkeys(unknown[:8], "?")}, f"write what each word means: {', '.join(STATUSES)}")
    remark = f"not understood: {', '.join(unknown[:5])}" if unknown else ""
    return Guess("status", each, {"values": values} if values else {}, "", remark)


def _spelt(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _meaning(word: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    return next((meaning for meaning, words in WORDS.items() if plain in words.split()), "")


def _without_money(name: str) -> str:
    return "_".join(word for word in name.split("_") if word not in COST_UNITS and word != "in") or name


# What values a column can take


def _is_word(each: Field) -> bool:
    return all(isinstance(value, str | int | float) for value in each.values) and max(map(len, map(str, each.values))) <= 200


def _is_flag(each: Field) -> bool:
    return {_spelt(value).lower() for value in each.values} <= {"true", "false", "0", "1"}


def _is_count(each: Field) -> bool:
    return bool(each.counts) and max(each.counts) < 1e8


def _is_time(each: Field) -> bool:
    return time_format(each)[0] != "-"


def _is_span(each: Field) -> bool:
    return bool(each.numbers) and min(each.numbers) >= 0 and max(each.numbers) < 1e13


def _is_http(each: Field) -> bool:
    return bool(each.counts) and all(100 <= n < 600 for n in each.counts)


def _is_status(each: Field) -> bool:
    return _is_word(each) and len({_spelt(value) for value in each.values}) <= 12 and not _is_http(each)


def _is_prompt(each: Field) -> bool:
    return all(isinstance(value, str | list) for value in each.values)


def _is_object(each: Field) -> bool:
    return all(isinstance(value, dict | str) for value in each.values)


def _is_list(each: Field) -> bool:
    return all(isinstance(value, list) for value in each.values)


def _is_id(each: Field) -> bool:
    return _is_word(each) and 2 * len(set(map(str, each.values))) > len(each.values)


def _repeats(each: Field) -> bool:
    return len(set(map(str, each.values))) < len(each.values)


FITS: dict[str, Callable[[Field], bool]] = {
    **dict.fromkeys(TIMES, _is_time), **dict.fromkeys(DURATIONS, _is_span),
    **dict.fromkeys(("input_tokens", "output_tokens", *CACHED, "reasoning_tokens", "max_tokens", "attempt"), _is_count),
    "source_call_id": _is_id, "http_status": _is_http, "status": _is_status, "streamed": _is_flag, "gateway_cache_hit": _is_flag,
    "finish_reason": lambda f: _is_word(f) and not f.numbers and not _is_time(f),
    "logged_cost": _is_span, "temperature": _is_span, "messages": _is_prompt, "answer": lambda f: f.is_text, "tool_calls": _is_list,
    "tools": _is_list, "parameters": _is_object, "tags": lambda f: _is_list(f) or _is_word(f),
    "score": lambda f: bool(f.numbers) and min(f.numbers) >= 0 and max(f.numbers) <= 1,
}  # fmt: skip


# What columns say of each other


def _settle_parts(proposal: Proposal, guesses: Mapping[str, Guess]) -> None:
    """Whether tokens include those that are counted beside them; where nothing tells, the parts are left to the reader."""
    for whole, parts, key, spellings in (
        ("input_tokens", CACHED, "input_includes_cached", {"prompt_tokens": True, "input_tokens": None}),
        ("output_tokens", ("reasoning_tokens",), "output_includes_reasoning", {"completion_tokens": True, "output_tokens": True}),
    ):
        there = [guesses[part] for part in parts if part in guesses]
        if whole not in guesses or not there:
            continue
        included, remark = _included(guesses[whole].field, [g.field for g in there], spellings)
        if included is None:
            doubt = f"say above whether {whole} counts these too ({key} = true or false)"
            proposal.columns = [Guess(g.column, g.field, g.spec, doubt) if g in there else g for g in proposal.columns]
            proposal.settings[key] = (None, "")
        else:
            proposal.settings[key] = (included, remark)


def _included(whole: Field, parts: Sequence[Field], spellings: Mapping[str, bool | None]) -> tuple[bool | None, str]:
    if any(part.name in {"cache_read_input_tokens", "cache_creation_input_tokens"} for part in parts) and whole.name == "input_tokens":
        return False, "Anthropic's names: input_tokens are the uncached ones"
    if any(part.name == "thoughts_token_count" for part in parts):
        return False, "Gemini's names: thoughts are counted apart"
    if len(whole.counts) == whole.records and any(
        len(part.counts) == whole.records and any(p > w for p, w in zip(part.counts, whole.counts, strict=True)) for part in parts
    ):
        return False, "some records have more of the part than of the whole"
    if spellings.get(whole.name):
        return True, "as OpenAI counts"
    return None, ""


def _settle_times(proposal: Proposal, guesses: Mapping[str, Guess]) -> None:
    times = [guesses[column] for column in TIMES if column in guesses and not guesses[column].doubt]
    patterns = [g for g in times if "%" in g.spec.get("format", "") and not re.search("%[zZ]", g.spec["format"])]
    if patterns:
        proposal.settings["zone"] = ("UTC", "its times name no zone; write Europe/Berlin or the like if that is where they were taken")
    elif any(is_naive(g.field) for g in times):
        proposal.settings["zone"] = (None, "its times name no zone and are read as UTC: take this in, and correct it, if you know better")
    usable = {g.column for g in proposal.columns if not g.doubt}
    told = {"duration": {"started_at", "ended_at"}, "time_to_first_token": {"first_token_at"}}  # what makes each of them needless
    proposal.columns = [g for g in proposal.columns if not (g.column in told and told[g.column] <= usable)]
    if not usable & {"started_at", "ended_at"}:
        doubt = "it needs started_at or ended_at"
        hanging = {"duration", "time_to_first_token"}
        proposal.columns = [Guess(g.column, g.field, g.spec, g.doubt or doubt) if g.column in hanging else g for g in proposal.columns]
        again = "some records share it, and no start tells them apart: they would count as copies of one call"
        proposal.columns = [
            Guess(g.column, g.field, g.spec, again) if g.column == "source_call_id" and _repeats(g.field) else g for g in proposal.columns
        ]


def _settle_kinds(proposal: Proposal, records: Sequence[Mapping[str, Any]]) -> None:
    """Which records are calls. Where parents hold the tokens of their children again and nothing tells them apart, tokens are left to the reader."""
    counted = [g for g in proposal.columns if g.column in _TOKENS]
    model = next((g.field for g in proposal.columns if g.column == "model"), None)
    outcomes = [g.field for g in proposal.columns if g.column in {"status", "http_status", "error_type", "finish_reason"}]
    kinds = kinds_of(records, proposal.fields, tokens=[g.field for g in counted], model=model, taken=outcomes)
    if kinds.field:
        value = {"path": kinds.field.text, "values": list(kinds.words)}
        proposal.settings["only"] = (value, f"no calls: records of {', '.join(kinds.others[:5])}")
    elif kinds.doubled:
        doubt = "records and those that they name as their parent both have tokens: they would count twice"
        proposal.columns = [Guess(g.column, g.field, g.spec, g.doubt or doubt) if g in counted else g for g in proposal.columns]


def _unread(proposal: Proposal) -> list[Field]:
    """Counts that stand beside tokens and fill no column: what nobody reads may be what costs."""
    read = [g.field for g in proposal.columns]
    beside = {g.field.path[:-1] for g in proposal.columns if g.column in _TOKENS and len(g.field.path) > 1}
    inside = [each for each in proposal.fields if any(each.path[: len(path)] == path for path in beside)]
    parts = [each for each in inside if each.counts and "total" not in each.name and each.name != "tokens"]
    return [each for each in parts if not any(each is other for other in read)]


def _keys(records: Sequence[Mapping[str, Any]], proposal: Proposal) -> tuple[str, ...]:
    """At most five top-level keys that every record has, those of mapped columns first: enough to know the log again."""
    everywhere = [key for key in records[0] if all(key in record for record in records)] if records else []
    mapped = {guess.field.path[0].key for guess in proposal.sure}
    return tuple(sorted(everywhere, key=lambda key: key not in mapped)[:5])


def lacking(proposal: Proposal) -> Iterator[tuple[str, str]]:
    """What a report would miss most: a column that was not found, and what for."""
    usable = {guess.column for guess in proposal.sure}
    for wanted, what in (
        ({"model"}, "prices and findings by model"),
        ({"input_tokens"}, "spend"),
        ({"output_tokens"}, "spend"),
        ({"started_at", "ended_at"}, "time, days and order"),
        ({"ended_at", "duration"}, "latency"),
        ({"status", "http_status"}, "success, failures and retries"),
        ({"app", "team", "api_key_alias", "user", "tags", "messages"}, "telling workloads apart"),
        ({"messages"}, "repeated prompts and what a cache would save"),
    ):
        if not wanted & usable:
            yield " or ".join(sorted(wanted, key=lambda c: (c not in TEXTS, c))), what
