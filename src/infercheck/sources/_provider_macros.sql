-- What OpenAI's and Anthropic's APIs, and the many that speak like them, are asked and answer, told from the JSON of request and answer alone.
-- Sources that hold such bodies share it: _exchanges.sql makes calls of them, others take single facts.

-- Usage in the words of Chat Completions, Responses, Messages and DeepSeek.
CREATE OR REPLACE TEMP MACRO usage_shape() AS '{"prompt_tokens":"VARCHAR","completion_tokens":"VARCHAR","total_tokens":"VARCHAR",
    "input_tokens":"VARCHAR","output_tokens":"VARCHAR","cost":"VARCHAR","is_byok":"VARCHAR","cost_details":{"upstream_inference_cost":"VARCHAR"},
    "service_tier":"VARCHAR","speed":"VARCHAR","prompt_cache_hit_tokens":"VARCHAR",
    "prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","audio_tokens":"VARCHAR","image_tokens":"VARCHAR"},
    "input_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR"},
    "completion_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR"},"output_tokens_details":{"reasoning_tokens":"VARCHAR"},
    "cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
    "cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"}}';

-- A whole answer, one chunk of a streamed one, or one event of Anthropic's stream.
CREATE OR REPLACE TEMP MACRO answer_shape() AS '{"id":"VARCHAR","object":"VARCHAR","type":"VARCHAR","model":"VARCHAR","created":"VARCHAR",
    "created_at":"VARCHAR","completed_at":"VARCHAR","service_tier":"VARCHAR","status":"VARCHAR","stop_reason":"VARCHAR","error":"VARCHAR",
    "prompt_filter_results":"VARCHAR","index":"VARCHAR","incomplete_details":{"reason":"VARCHAR"},"data":[{"object":"VARCHAR"}],
    "choices":[{"finish_reason":"VARCHAR","text":"VARCHAR","content_filter_results":"VARCHAR",
        "message":{"content":"VARCHAR","tool_calls":[{"function":{"name":"VARCHAR","arguments":"VARCHAR"}}]},
        "delta":{"content":"VARCHAR","tool_calls":[{"index":"VARCHAR","function":{"name":"VARCHAR","arguments":"VARCHAR"}}]}}],
    "content":[{"type":"VARCHAR","text":"VARCHAR","name":"VARCHAR","input":"VARCHAR"}],
    "output":[{"type":"VARCHAR","name":"VARCHAR","arguments":"VARCHAR","content":[{"text":"VARCHAR"}]}],
    "message":{"id":"VARCHAR","type":"VARCHAR","model":"VARCHAR","usage":' || usage_shape() || '},
    "content_block":{"type":"VARCHAR","name":"VARCHAR"},
    "delta":{"text":"VARCHAR","partial_json":"VARCHAR","stop_reason":"VARCHAR"},
    "usage":' || usage_shape() || '}';

-- A request as the client sent it.
CREATE OR REPLACE TEMP MACRO asked_of(x) AS shaped(x, '{"model":"VARCHAR","messages":[{"role":"VARCHAR","content":"VARCHAR","tool_calls":"VARCHAR"}],
    "system":"VARCHAR","instructions":"VARCHAR","input":"VARCHAR","prompt":"VARCHAR","stream":"VARCHAR","service_tier":"VARCHAR",
    "max_tokens":"VARCHAR","max_completion_tokens":"VARCHAR","max_output_tokens":"VARCHAR","temperature":"VARCHAR","user":"VARCHAR",
    "metadata":{"user_id":"VARCHAR"},"safety_identifier":"VARCHAR","reasoning_effort":"VARCHAR","reasoning":{"effort":"VARCHAR"},
    "response_format":{"type":"VARCHAR"},"text":{"format":{"type":"VARCHAR"}},"tools":"VARCHAR"}');

-- The prompt as messages: instructions first, then what was said, or the texts of an embedding.
CREATE OR REPLACE TEMP MACRO asked_messages(a) AS list_concat(
    CASE WHEN coalesce(a.system, a.instructions) IS NOT NULL
        THEN [struct_pack(role := 'system', content := coalesce(a.system, a.instructions), tool_calls := CAST(NULL AS VARCHAR))] END,
    coalesce(a.messages, messages_of(a.input), messages_of(a.prompt)));

-- What of a request is neither prompt nor model.
CREATE OR REPLACE TEMP MACRO asked_parameters(x) AS CASE WHEN starts_with(x, '{') THEN TRY(CAST(json_merge_patch(CAST(x AS JSON),
    '{"model":null,"messages":null,"system":null,"instructions":null,"input":null,"prompt":null}') AS VARCHAR)) END;

-- The parts of an answer as JSON texts: one for a whole answer; the chunks of a streamed one, kept as a list or as the text of server-sent events.
CREATE OR REPLACE TEMP MACRO answer_parts(x) AS CASE
    WHEN starts_with(x, '{') THEN [x]
    WHEN starts_with(x, '[') THEN shaped(x, '["VARCHAR"]')
    WHEN contains(x, 'data:') THEN regexp_extract_all(x, '(?m)^data:\s*(\{.*\})\s*$', 1) END;

-- Events of the Responses API hold the whole answer, the last one of them complete.
CREATE OR REPLACE TEMP MACRO opened_part(part) AS CASE WHEN regexp_matches(left(part, 64), '"type": ?"response\.')
    THEN coalesce(json_extract_string(part, '$.response'), part) ELSE part END;
CREATE OR REPLACE TEMP MACRO parts_of(x) AS list_transform(answer_parts(x),
    lambda p: shaped(CASE WHEN starts_with(x, '{') THEN p ELSE opened_part(p) END, answer_shape()));

CREATE OR REPLACE TEMP MACRO first_known(list) AS list_filter(list, lambda v: v IS NOT NULL)[1];
CREATE OR REPLACE TEMP MACRO last_known(list) AS list_filter(list, lambda v: v IS NOT NULL)[-1];

-- Calls of tools: whole ones, else the pieces of streamed ones joined by their index.
CREATE OR REPLACE TEMP MACRO joined_calls(pieces) AS list_transform(list_filter(pieces, lambda p: p.name IS NOT NULL), lambda c: struct_pack(
    name := c.name, arguments := array_to_string(list_transform(list_filter(pieces, lambda p: p.i IS NOT DISTINCT FROM c.i), lambda p: p.arguments), '')));
CREATE OR REPLACE TEMP MACRO whole_calls(p) AS coalesce(
    list_transform(p.choices[1].message.tool_calls, lambda t: t.function),
    list_transform(list_filter(p.content, lambda c: c.type = 'tool_use'), lambda c: struct_pack(name := c.name, arguments := c.input)),
    list_transform(list_filter(p.output, lambda o: o.type = 'function_call'), lambda o: struct_pack(name := o.name, arguments := o.arguments)));
CREATE OR REPLACE TEMP MACRO streamed_calls(parts) AS joined_calls(flatten(list_transform(parts, lambda p: coalesce(
    list_transform(p.choices[1].delta.tool_calls, lambda t: struct_pack(i := t.index, name := t.function.name, arguments := t.function.arguments)),
    CASE WHEN p.content_block.type = 'tool_use' OR p.delta.partial_json IS NOT NULL
        THEN [struct_pack(i := p.index, name := p.content_block.name, arguments := p.delta.partial_json)] END, []))));

-- The visible text of one part.
CREATE OR REPLACE TEMP MACRO part_text(p) AS coalesce(p.choices[1].message.content, p.choices[1].text, p.choices[1].delta.content, p.delta.text,
    nullif(array_to_string(list_transform(list_filter(p.content, lambda c: c.type = 'text'), lambda c: c.text), ''), ''), responses_text(p.output));

-- Usage of a stream stands in its last chunk; Anthropic counts the prompt in message_start and repeats or completes it in message_delta, cumulatively.
CREATE OR REPLACE TEMP MACRO usage_of(parts) AS last_known(list_transform(parts, lambda p:
    CASE WHEN coalesce(p.usage.prompt_tokens, p.usage.input_tokens, p.usage.output_tokens) IS NOT NULL THEN p.usage END));
CREATE OR REPLACE TEMP MACRO opening_usage_of(parts) AS first_known(list_transform(parts, lambda p:
    CASE WHEN p.message.usage.input_tokens IS NOT NULL THEN p.message.usage END));

-- One answer out of its parts. kind is 'message' for Anthropic, else OpenAI's word for the object. Azure opens a stream with a chunk whose id, object and
-- model are empty.
CREATE OR REPLACE TEMP MACRO answer_of(parts) AS CASE WHEN len(parts) > 0 THEN struct_pack(
    id := first_known(list_transform(parts, lambda p: coalesce(unless_empty(p.id), unless_empty(p.message.id)))),
    kind := first_known(list_transform(parts, lambda p: CASE WHEN p.type = 'message' OR p.message.type = 'message' THEN 'message' ELSE unless_empty(p.object) END)),
    of_item := parts[1].data[1].object, items := len(parts[1].data),
    model := last_known(list_transform(parts, lambda p: coalesce(unless_empty(p.model), p.message.model))),
    created := first_known(list_transform(parts, lambda p: CASE WHEN to_number(coalesce(p.created, p.created_at)) > 0
        THEN coalesce(p.created, p.created_at) END)),
    completed := last_known(list_transform(parts, lambda p: p.completed_at)),
    tier := last_known(list_transform(parts, lambda p: p.service_tier)),
    finish := last_known(list_transform(parts, lambda p: coalesce(p.choices[1].finish_reason, p.stop_reason, p.delta.stop_reason,
        p.incomplete_details.reason, p.status))),
    failure := first_known(list_transform(parts, lambda p: shaped(p.error, '{"type":"VARCHAR","code":"VARCHAR"}'))),
    from_azure := list_bool_or(list_transform(parts, lambda p: p.prompt_filter_results IS NOT NULL OR p.choices[1].content_filter_results IS NOT NULL)),
    usage := usage_of(parts), opening_usage := opening_usage_of(parts),
    text := nullif(array_to_string(list_transform(parts, lambda p: part_text(p)), ''), ''),
    called := coalesce(nullif(flatten(list_transform(parts, lambda p: coalesce(whole_calls(p), []))), []), nullif(streamed_calls(parts), []))) END;

-- Why it ended, in the words of Chat Completions.
CREATE OR REPLACE TEMP MACRO answer_finish(a) AS CASE WHEN a.finish IN ('completed', 'stop') AND len(a.called) > 0 AND a.kind = 'response' THEN 'tool_calls'
    WHEN a.finish = 'completed' THEN 'stop' WHEN a.finish = 'max_output_tokens' THEN 'length' WHEN a.finish IN ('failed', 'cancelled', 'in_progress', 'queued') THEN NULL
    ELSE to_finish(a.finish) END;

-- A count with others added; where it is no count it stays as it is, to be reported.
CREATE OR REPLACE TEMP MACRO count_with(x, y, z) AS CASE WHEN to_count(x) IS NULL OR coalesce(y, z) IS NULL THEN x
    ELSE CAST(to_count(x) + coalesce(to_count(y), 0) + coalesce(to_count(z), 0) AS VARCHAR) END;

-- What was read from the cache and written to it; with the one-hour TTL as far as the answer tells them apart.
CREATE OR REPLACE TEMP MACRO answer_read(a) AS coalesce(a.usage.cache_read_input_tokens, a.opening_usage.cache_read_input_tokens,
    a.usage.prompt_tokens_details.cached_tokens, a.usage.input_tokens_details.cached_tokens, a.usage.prompt_cache_hit_tokens);
CREATE OR REPLACE TEMP MACRO answer_written(a) AS coalesce(a.usage.cache_creation_input_tokens, a.opening_usage.cache_creation_input_tokens,
    a.usage.prompt_tokens_details.cache_write_tokens, a.usage.input_tokens_details.cache_write_tokens);
CREATE OR REPLACE TEMP MACRO answer_written_1h(a) AS coalesce(a.usage.cache_creation.ephemeral_1h_input_tokens,
    a.opening_usage.cache_creation.ephemeral_1h_input_tokens);

-- Tokens of an answer. Anthropic's input_tokens leave out what came from the cache or went into it; all others' include it. Where the answer's type
-- was left out, Anthropic's own names of these counts tell. A stream counts one token of output before it has any: cut off, what it wrote is unknown.
CREATE OR REPLACE TEMP MACRO tokens_of(a) AS struct_pack(
    input := CASE WHEN a.kind = 'message' OR (a.usage.prompt_tokens IS NULL AND a.usage.input_tokens_details IS NULL
            AND coalesce(a.usage.cache_read_input_tokens, a.usage.cache_creation_input_tokens) IS NOT NULL) THEN count_with(coalesce(a.usage.input_tokens, a.opening_usage.input_tokens), answer_read(a), answer_written(a))
        ELSE coalesce(a.usage.prompt_tokens, a.usage.input_tokens) END,
    cached := answer_read(a),
    written_5m := litellm_5m(answer_written(a), answer_written_1h(a)),
    written_1h := answer_written_1h(a),
    output := CASE WHEN a.usage.prompt_tokens IS NOT NULL AND a.usage.completion_tokens IS NOT NULL
        THEN whole_output(a.usage.prompt_tokens, a.usage.completion_tokens, a.usage.completion_tokens_details.reasoning_tokens, a.usage.total_tokens, a.model)
        ELSE coalesce(a.usage.completion_tokens, a.usage.output_tokens) END,
    reasoning := coalesce(a.usage.completion_tokens_details.reasoning_tokens, a.usage.output_tokens_details.reasoning_tokens));

-- Who answered, as far as the answer itself tells: an open model may run anywhere.
CREATE OR REPLACE TEMP MACRO answer_provider(a) AS CASE
    WHEN starts_with(a.id, 'msg_bdrk_') THEN 'bedrock' WHEN starts_with(a.id, 'msg_vrtx_') THEN 'vertex_ai' WHEN a.kind = 'message' THEN 'anthropic'
    WHEN a.from_azure THEN 'azure'
    WHEN starts_with(a.id, 'gen-') AND a.usage.cost IS NOT NULL THEN 'openrouter'
    WHEN a.usage.prompt_cache_hit_tokens IS NOT NULL THEN 'deepseek'
    WHEN regexp_matches(a.model, '^(ft:)?(gpt-[0-9]|o[1-9]|chatgpt-|text-embedding-|codex-|computer-use-)') THEN 'openai' END;

-- The tier that was used. Anthropic's fast mode has prices of its own.
CREATE OR REPLACE TEMP MACRO answer_tier(a, asked) AS CASE WHEN a.usage.speed = 'fast' THEN 'fast' ELSE nullif(replace(lower(coalesce(
    unless_empty(a.tier), unless_empty(a.usage.service_tier), unless_empty(a.opening_usage.service_tier),
    CASE WHEN asked IN ('default', 'flex', 'priority') THEN asked END)), 'standard', 'default'), 'auto') END;

-- Bedrock: the model out of an id, a profile or an ARN. A foundation model and a system-defined profile name it; all other resources hide it, and keep
-- their kind, so that nothing is priced by an accident of their id.
CREATE OR REPLACE TEMP MACRO bedrock_model(id) AS unless_empty(CASE WHEN NOT starts_with(id, 'arn:') THEN id
    WHEN regexp_matches(id, ':(foundation-model|inference-profile)/') THEN split_part(id, '/', 2)
    ELSE regexp_extract(id, '^(?:[^:]*:){5}(.*)$', 1) END);

-- Bedrock's content blocks as text: they name their type by their key, where everybody else's have a field for it.
CREATE OR REPLACE TEMP MACRO converse_text(x) AS coalesce(nullif(array_to_string(list_transform(shaped(x, '[{"text":"VARCHAR","toolUse":"VARCHAR",
    "toolResult":"VARCHAR","image":"VARCHAR","document":"VARCHAR","video":"VARCHAR"}]'), lambda b: coalesce(b.text, b.toolUse, b.toolResult,
    md5(coalesce(b.image, b.document, b.video)))), chr(10)), ''), x);

-- Whether what an application logged under the name of a request or an answer may be that of a model: an HTTP request to some other path names none of
-- these. What is no object was redacted or cut, and may be.
CREATE OR REPLACE TEMP MACRO speaks_of_model(x) AS CASE WHEN starts_with(x, '{') THEN contains(x, '"model"') OR contains(x, '"messages"')
    OR contains(x, '"usage') OR contains(x, '"input') OR contains(x, '"prompt') OR contains(x, '"contents"') OR contains(x, '"error"')
    OR contains(x, '"choices"') ELSE x IS NOT NULL END;

-- Loggers that have the field in every record write that there was no error: false, 0, "None", NaN.
CREATE OR REPLACE TEMP MACRO says_no_error(x) AS lower(trim(x)) IN ('', 'false', '0', 'no', 'none', 'null', 'nil', 'nan', 'undefined', 'ok');
-- What kind of error an application noted: the type or code of an object, the first word of a text such as "Timeout: no answer". An object that names
-- nothing is no error; one that is no JSON is one of an unknown kind.
CREATE OR REPLACE TEMP MACRO named_error(x) AS CASE WHEN NOT says_no_error(x) THEN x END;
CREATE OR REPLACE TEMP MACRO error_word(x) AS CASE WHEN says_no_error(x) THEN NULL
    WHEN starts_with(x, '{') THEN list_transform([shaped(x, '{"type":"VARCHAR","code":"VARCHAR","name":"VARCHAR","message":"VARCHAR","error":"VARCHAR"}')],
        lambda e: CASE WHEN e IS NULL THEN 'error' ELSE coalesce(named_error(e.code), named_error(e.type), named_error(e.name),
            CASE WHEN coalesce(named_error(e.message), named_error(e.error)) IS NOT NULL THEN 'error' END) END)[1]
    ELSE nullif(regexp_extract(x, '^\s*([A-Za-z0-9_.]+)', 1), '') END;

-- JSON that was read as text, to be part of a JSON value again; text that is none stays text.
CREATE OR REPLACE TEMP MACRO as_json(x) AS coalesce(TRY_CAST(x AS JSON), to_json(x));

-- Gemini's parts as text; a part that is none, such as a picture or the result of a function, stays as it is written.
CREATE OR REPLACE TEMP MACRO gemini_text(x) AS coalesce(nullif(array_to_string(list_transform(shaped(x, '["VARCHAR"]'),
    lambda p: coalesce(shaped(p, '{"text":"VARCHAR"}').text, p)), chr(10)), ''), x);
