-- Macros that every source may use. They exist only while logs are read; rules and views never see them.

-- Text of a JSON value taken apart into a shape of its own; NULL where the text is no JSON (redacted, truncated, empty).
CREATE OR REPLACE TEMP MACRO shaped(x, shape) AS TRY(json_transform(x, shape));

CREATE OR REPLACE TEMP MACRO epoch_to_time(d) AS CASE
    WHEN d > 0 AND d < 1e11 THEN make_timestamp(CAST(round(d * 1e6) AS BIGINT))
    WHEN d >= 1e11 AND d < 1e14 THEN make_timestamp(CAST(round(d * 1e3) AS BIGINT))
    WHEN d >= 1e14 AND d < 1e17 THEN make_timestamp(CAST(d AS BIGINT))
    WHEN d >= 1e17 AND d < 4e18 THEN make_timestamp(CAST(d / 1e3 AS BIGINT)) END;

-- A time written as epoch seconds, milliseconds, microseconds or nanoseconds, as .NET ticks (18 digits; as nanoseconds they would be the early
-- nineties), or as ISO text (UTC unless it names an offset).
-- (A macro is pasted where it is used: a list of one, and a lambda over it, keep a value from being computed once for every mention.)
CREATE OR REPLACE TEMP MACRO to_time(x) AS CASE
    WHEN contains(x, '-') OR contains(x, ':') THEN CAST(TRY_CAST(replace(x, ',', '.') AS TIMESTAMPTZ) AS TIMESTAMP)
    WHEN length(x) = 18 AND left(x, 2) IN ('63', '64', '65') THEN make_timestamp((TRY_CAST(x AS BIGINT) - 621355968000000000) // 10)
    ELSE list_transform([TRY_CAST(x AS DOUBLE)], lambda d: epoch_to_time(d))[1] END;

-- A time as the portal of Log Analytics exports it to CSV, for American browsers; what it does not write so stays, to be reported.
CREATE OR REPLACE TEMP MACRO portal_time(x) AS coalesce(CAST(TRY_CAST(try_strptime(x, '%m/%d/%Y, %I:%M:%S.%g %p') AS TIMESTAMP) AS VARCHAR), x);

-- A time that counts from the start of the log, so many microseconds each: from 1970 on, as text; what is no number stays as it is.
CREATE OR REPLACE TEMP MACRO relative_time(x, us) AS coalesce(
    CAST(TRY(make_timestamp(CAST(round(CAST(x AS DECIMAL(28,9)) * us) AS BIGINT))) AS VARCHAR), 'not a number: ' || x);

-- A count: a whole number that is not negative. 12.7 is no count, and must not become 13.
CREATE OR REPLACE TEMP MACRO whole(d) AS CASE WHEN d >= 0 AND d <= 9e15 AND d = trunc(d) THEN CAST(d AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO to_count(x) AS CASE
    WHEN contains(x, '.') THEN list_transform([TRY_CAST(x AS DOUBLE)], lambda d: whole(d))[1]
    ELSE TRY_CAST(TRY_CAST(x AS UBIGINT) AS BIGINT) END;

-- A finite number.
CREATE OR REPLACE TEMP MACRO to_number(x) AS nullif(nullif(nullif(TRY_CAST(x AS DOUBLE), 'nan'::DOUBLE), 'inf'::DOUBLE), '-inf'::DOUBLE);

-- Milliseconds since the epoch, rounded half up as PostgreSQL rounds timestamp(3): clocks of two logs of one call agree on it.
CREATE OR REPLACE TEMP MACRO to_ms(x) AS (epoch_us(to_time(x)) + 500) // 1000;

-- Text without spaces around it. (trim goes through all of a text, one character after the other: it is asked only where a space stands at an end.)
CREATE OR REPLACE TEMP MACRO unless_empty(x) AS CASE WHEN x >= '!' AND NOT ends_with(x, ' ') THEN x ELSE nullif(trim(x), '') END;

-- Yes, no or unknown, however it is spelt.
CREATE OR REPLACE TEMP MACRO to_flag(x) AS CASE lower(x) WHEN 'true' THEN TRUE WHEN '1' THEN TRUE WHEN 'false' THEN FALSE WHEN '0' THEN FALSE END;

-- The value of the first tag that starts with one of the prefixes, without it. A prefix is a word and a colon. Where several tags do, the first
-- prefix counts: lists within lists are dear, and asked only then.
CREATE OR REPLACE TEMP MACRO first_value_of(tags, prefixes) AS (
    list_filter(
        list_transform(prefixes, lambda p: substring(list_filter(tags, lambda t: starts_with(lower(t), p))[1], length(p) + 1)),
        lambda v: v IS NOT NULL)[1]);
CREATE OR REPLACE TEMP MACRO tag_value(tags, prefixes) AS list_transform(
    [list_filter(tags, lambda t: regexp_matches(t, '(?i)^(' || array_to_string(prefixes, '|') || ')'))],
    lambda found: CASE WHEN len(found) = 1 THEN substring(found[1], strpos(found[1], ':') + 1)
        WHEN len(found) > 1 THEN first_value_of(found, prefixes) END)[1];

-- The tags that are neither taken by tag_value nor added by the gateway itself, sorted.
CREATE OR REPLACE TEMP MACRO other_tags(tags) AS nullif(array_to_string(list_sort(list_filter(tags, lambda t: t IS NOT NULL AND NOT
    regexp_matches(t, '^(app|service|route|env|environment):|^User-Agent:', 'i'))), ','), '');

-- "acme-chat-ui/2.3" and "OpenAI/Python 1.99.1" without their versions.
CREATE OR REPLACE TEMP MACRO without_version(agent) AS unless_empty(regexp_replace(agent, '[/ ]v?[0-9][0-9A-Za-z.+_-]*', '', 'g'));

-- Provider and model out of "provider/model", given what the log says of the provider. "hosted_vllm/Qwen/Qwen2.5" keeps "Qwen/Qwen2.5".
CREATE OR REPLACE TEMP MACRO provider_of(provider, model) AS lower(coalesce(unless_empty(provider),
    CASE WHEN contains(model, '/') THEN split_part(model, '/', 1) END));
CREATE OR REPLACE TEMP MACRO model_of(provider, model) AS unless_empty(CASE
    WHEN contains(model, '/') AND starts_with(lower(coalesce(unless_empty(provider), model)), lower(split_part(model, '/', 1)))
    THEN substring(model, strpos(model, '/') + 1) ELSE model END);

-- The region that an address of Amazon Bedrock or Google Vertex AI names.
CREATE OR REPLACE TEMP MACRO region_of(address) AS CASE WHEN contains(address, 'amazonaws.com') OR contains(address, 'googleapis.com')
    THEN nullif(regexp_extract(address, '([a-z]{2,}(?:-[a-z]+)+-?[0-9]+)', 1), '') END;

-- OpenAI's words for why an answer ended.
CREATE OR REPLACE TEMP MACRO to_finish(x) AS CASE x
    WHEN 'end_turn' THEN 'stop' WHEN 'stop_sequence' THEN 'stop' WHEN 'max_tokens' THEN 'length' WHEN 'tool_use' THEN 'tool_calls'
    WHEN 'function_call' THEN 'tool_calls' WHEN 'refusal' THEN 'content_filter' WHEN 'model_context_window_exceeded' THEN 'length' ELSE unless_empty(x) END;

-- Whether the name of a score says that more of it is better. Most names say nothing ("my_eval", "score"), and of some less is better ("toxicity",
-- "hallucination"): those must not be taken for success.
CREATE OR REPLACE TEMP MACRO praises(name) AS
    regexp_matches(name, '(?i)helpful|useful|correct|accura|relevan|faithful|grounded|success|satisf|quality|thumb|feedback|solved|accept|approv|complete|coheren|valid|pass(ed|_rate|$)|liked?$')
    AND NOT regexp_matches(name, '(?i)in(correct|accura|valid|comple|coheren)|ir-?relevan|un[-_]?(help|use|success|satisf|ground|faith|solved|accept)|dis[-_]?(satisf|like|approv)|mis|(^|[^a-z])(not?|non|bad|low|negative|errors?|fail[a-z]*)([^a-z]|$)');
-- A score that can be read as success, 0 to 1.
CREATE OR REPLACE TEMP MACRO known_score(name, value) AS CASE WHEN value BETWEEN 0 AND 1 AND praises(name) THEN value END;

-- Status of an attempt that failed, where the log may have only a word for it.
CREATE OR REPLACE TEMP MACRO failure_status(code, error) AS CASE
    WHEN code = '429' THEN 'rate_limited' WHEN code = '408' THEN 'timeout' WHEN code = '499' THEN 'cancelled'
    WHEN code IS NULL AND regexp_matches(lower(error), 'rate_?limit|throttl|too_?many_?requests') THEN 'rate_limited'
    WHEN code IS NULL AND contains(lower(error), 'timeout') THEN 'timeout' ELSE 'error' END;

-- What a column of type MESSAGES is where it cannot be read as one: a list of input texts, one text, or nothing.
CREATE OR REPLACE TEMP MACRO messages_of(x) AS CASE
    WHEN x IS NULL OR x IN ('', '{}', '[]', 'null') THEN NULL
    WHEN starts_with(x, '[{') THEN shaped(x, '[{"role":"VARCHAR","content":"VARCHAR","tool_calls":"VARCHAR"}]')
    WHEN starts_with(x, '["') THEN list_transform(shaped(x, '["VARCHAR"]'),
        lambda t: struct_pack(role := 'user', content := t, tool_calls := CAST(NULL AS VARCHAR)))
    ELSE [struct_pack(role := 'user', content := x, tool_calls := CAST(NULL AS VARCHAR))] END;

-- The visible text of an answer in the shape of OpenAI's Responses API.
CREATE OR REPLACE TEMP MACRO responses_text(output) AS nullif(array_to_string(flatten(list_transform(
    list_filter(output, lambda o: o.content IS NOT NULL), lambda o: list_transform(o.content, lambda c: c.text))), ''), '');

-- What LiteLLM's call types mean; the leading "a" only says that the client was asynchronous.
CREATE OR REPLACE TEMP MACRO litellm_operation(call_type) AS CASE
    WHEN call_type IS NULL OR call_type = '' THEN NULL
    WHEN contains(call_type, 'retrieve') OR contains(call_type, 'get_responses') THEN 'retrieve'
    WHEN call_type IN ('text_completion', 'atext_completion') THEN 'completion'
    WHEN contains(call_type, 'embedding') THEN 'embedding'
    WHEN contains(call_type, 'completion') OR contains(call_type, 'responses') OR contains(call_type, 'messages') THEN 'chat'
    WHEN contains(call_type, 'image') THEN 'image'
    WHEN contains(call_type, 'transcription') THEN 'transcription'
    WHEN contains(call_type, 'speech') THEN 'speech'
    WHEN contains(call_type, 'rerank') THEN 'rerank'
    WHEN contains(call_type, 'moderation') THEN 'moderation'
    ELSE call_type END;

-- The tier that served, else the one that was asked for; "auto" says nothing about what was used.
CREATE OR REPLACE TEMP MACRO litellm_tier(call_type, served, asked, priced) AS CASE
    WHEN contains(call_type, 'batch') THEN 'batch'
    ELSE nullif(replace(lower(coalesce(unless_empty(served), unless_empty(priced), unless_empty(asked))), 'standard', 'default'), 'auto') END;

-- The key's alias, else the start of its SHA-256: enough to tell keys apart, useless as a key.
CREATE OR REPLACE TEMP MACRO litellm_key(alias, sha) AS coalesce(unless_empty(alias), CASE WHEN length(sha) = 64 THEN 'key-' || left(sha, 8) END);

-- Prompt tokens with the cached ones included. LiteLLM includes them; some versions' Bedrock rows did not, which shows in the sum.
CREATE OR REPLACE TEMP MACRO litellm_input(prompt, cached, written) AS CASE
    WHEN to_count(prompt) < coalesce(to_count(cached), 0) + coalesce(to_count(written), 0)
    THEN CAST(to_count(prompt) + coalesce(to_count(cached), 0) + coalesce(to_count(written), 0) AS VARCHAR) ELSE prompt END;

-- Output with the reasoning. Google and xAI count it apart in some answers, which shows in the total; or reasoning is far more than the output that is
-- said to hold it (a quarter more may be an estimate of its text). Gemini under OpenAI's names tells it in the total alone.
CREATE OR REPLACE TEMP MACRO whole_output(input, output, reasoning, total, model) AS list_transform(
    [struct_pack(i := to_count(input), o := to_count(output), r := to_count(reasoning), t := to_count(total))], lambda n: CASE
        WHEN n.r > 0 AND (n.t = n.i + n.o + n.r OR n.r > 1.25 * n.o AND n.t IS DISTINCT FROM n.i + n.o) THEN CAST(n.o + n.r AS VARCHAR)
        WHEN n.t > n.i + n.o AND regexp_matches(model, '(?i)(^|[/.])gemini-') THEN CAST(n.t - n.i AS VARCHAR)
        ELSE output END)[1];

-- Tokens written to the cache with the five-minute TTL: all that were not written for an hour.
CREATE OR REPLACE TEMP MACRO litellm_5m(written, written_1h) AS CASE
    WHEN to_count(written_1h) > 0 THEN CAST(greatest(to_count(written) - to_count(written_1h), 0) AS VARCHAR) ELSE written END;

-- .NET ticks: 100 ns since the year 1.
CREATE OR REPLACE TEMP MACRO ticks_to_time(x) AS CASE WHEN to_count(x) > 621355968000000000
    THEN make_timestamp((to_count(x) - 621355968000000000) // 10) END;

-- A value of an access log; unset ones are a dash.
CREATE OR REPLACE TEMP MACRO set_value(x) AS nullif(unless_empty(x), '-');
