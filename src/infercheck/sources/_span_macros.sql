-- Macros that only sources of spans use. `a` is a span's attributes: struct_pack(k := names, v := values), a value as text.

-- A macro's argument is copied to every place where the macro names it: hand over columns, not expressions, or planning takes longer than reading.

-- One attribute.
CREATE OR REPLACE TEMP MACRO attr(a, name) AS a.v[list_position(a.k, name)];
CREATE OR REPLACE TEMP MACRO has_any(a, prefix) AS len(list_filter(a.k, lambda k: starts_with(k, prefix))) > 0;

-- OTLP's key and value objects as such a struct. Lists of scalars become JSON arrays.
CREATE OR REPLACE TEMP MACRO otlp_attributes(kv) AS struct_pack(
    k := list_transform(coalesce(kv, []), lambda e: e.key),
    v := list_transform(coalesce(kv, []), lambda e: coalesce(e.value.stringValue, e.value.intValue, e.value.doubleValue, e.value.boolValue,
        CASE WHEN e.value.arrayValue IS NOT NULL THEN CAST(to_json(list_transform(e.value.arrayValue.values,
            lambda x: coalesce(x.stringValue, x.intValue, x.doubleValue, x.boolValue))) AS VARCHAR) END)));

-- The same of a map, and of nothing.
CREATE OR REPLACE TEMP MACRO map_attributes(m) AS struct_pack(
    k := coalesce(map_keys(m), CAST([] AS VARCHAR[])), v := coalesce(map_values(m), CAST([] AS VARCHAR[])));

-- Attributes with others behind them: of two of one name the first counts.
CREATE OR REPLACE TEMP MACRO with_attributes(a, b) AS list_transform([b], lambda x: struct_pack(k := list_concat(a.k, x.k), v := list_concat(a.v, x.v)))[1];

-- A trace or span id: hexadecimal in lower case, any other as it stands; none is written as nothing or as zeros.
CREATE OR REPLACE TEMP MACRO hex_id(x) AS CASE WHEN regexp_matches(x, '[^0x]') OR regexp_matches(x, '[1-9a-fA-F]') THEN
    CASE WHEN regexp_full_match(x, '(0x)?[0-9a-fA-F-]+') THEN lower(CASE WHEN starts_with(x, '0x') THEN substring(x, 3) ELSE x END) ELSE x END END;

-- Attributes that hold a list in numbered names, prefix.N.rest: n, rest and value of each.
CREATE OR REPLACE TEMP MACRO numbered_attrs(a, prefix) AS list_filter(
    list_transform(range(1, len(a.k) + 1), lambda i: CASE WHEN starts_with(a.k[i], prefix) THEN struct_pack(
        n := TRY_CAST(split_part(substring(a.k[i], length(prefix) + 1), '.', 1) AS INTEGER),
        rest := substring(a.k[i], length(prefix) + strpos(substring(a.k[i], length(prefix) + 1), '.') + 1),
        v := a.v[i]) END),
    lambda e: e.n IS NOT NULL);
CREATE OR REPLACE TEMP MACRO numbers_of(entries) AS list_sort(list_distinct(list_transform(entries, lambda e: e.n)));
-- Texts of entry n whose name matches, in order of appearance, joined.
CREATE OR REPLACE TEMP MACRO joined_of(entries, n_, pattern, glue) AS nullif(array_to_string(list_transform(list_filter(entries,
    lambda e: e.n = n_ AND regexp_matches(e.rest, pattern)), lambda e: e.v), glue), '');

-- Messages in numbered attributes: gen_ai.prompt.N.role and llm.input_messages.N.message.role alike.
CREATE OR REPLACE TEMP MACRO numbered_messages(entries) AS list_transform(numbers_of(entries), lambda i: struct_pack(
    role := coalesce(joined_of(entries, i, '^(message[.])?role$', ''), 'user'),
    content := coalesce(joined_of(entries, i, '^(message[.])?content$', ''),
        joined_of(entries, i, '^(message[.])?contents[.][0-9]+[.]message_content[.](text|.*(url|uri|data|file_id))$', chr(10)), ''),
    tool_calls := joined_of(entries, i, '^(message[.])?(tool_calls[.].*|function_call[.]|function_call_)(name|arguments)$', chr(10))));
-- Tools that an answer in numbered attributes called.
CREATE OR REPLACE TEMP MACRO numbered_tools(entries) AS list_transform(
    list_filter(entries, lambda e: regexp_matches(e.rest, '^(message[.])?(tool_calls[.].*|function_call[.])name$')),
    lambda e: struct_pack(name := e.v, arguments := list_filter(entries,
        lambda x: x.n = e.n AND x.rest = regexp_replace(e.rest, 'name$', 'arguments'))[1].v));

-- Messages as JSON: OpenTelemetry's parts, OpenAI's content, a list of texts, an object around them, or plain text.
CREATE OR REPLACE TEMP MACRO unwrapped_messages(x) AS CASE WHEN starts_with(x, '{') THEN coalesce(
    shaped(x, '{"messages":"VARCHAR","prompt":"VARCHAR"}').messages, shaped(x, '{"prompt":"VARCHAR"}').prompt, x) ELSE x END;
CREATE OR REPLACE TEMP MACRO with_parts(x) AS shaped(x, '[{"role":"VARCHAR","content":"VARCHAR","tool_calls":"VARCHAR","finish_reason":"VARCHAR",
    "parts":[{"type":"VARCHAR","content":"VARCHAR","text":"VARCHAR","response":"VARCHAR","result":"VARCHAR","name":"VARCHAR","arguments":"VARCHAR",
        "uri":"VARCHAR","url":"VARCHAR","file_id":"VARCHAR","data":"VARCHAR"}]}]');
-- Pictures and files count as where they lie, or as what they hold.
CREATE OR REPLACE TEMP MACRO parts_text(parts) AS array_to_string(list_transform(parts,
    lambda p: coalesce(p.content, p.text, p.response, p.result, p.uri, p.url, p.file_id, p.data)), chr(10));
CREATE OR REPLACE TEMP MACRO parts_calls(parts) AS list_transform(list_filter(parts, lambda p: p.type = 'tool_call'),
    lambda p: struct_pack(name := p.name, arguments := p.arguments));
-- The same of OpenAI's tool_calls, and of LangChain's.
CREATE OR REPLACE TEMP MACRO listed_calls(x) AS list_transform(
    shaped(x, '[{"name":"VARCHAR","arguments":"VARCHAR","args":"VARCHAR","function":{"name":"VARCHAR","arguments":"VARCHAR"}}]'),
    lambda t: struct_pack(name := coalesce(t."function".name, t.name), arguments := coalesce(t."function".arguments, t.arguments, t.args)));
CREATE OR REPLACE TEMP MACRO span_messages(x) AS CASE
    WHEN x IS NULL OR x IN ('', '{}', '[]', 'null') THEN NULL
    WHEN regexp_matches(x, '^\s*\[\s*\{') THEN list_transform(with_parts(x), lambda m: struct_pack(
        role := coalesce(m.role, 'user'),
        content := CASE WHEN m.parts IS NULL THEN m.content ELSE parts_text(m.parts) END,
        tool_calls := CASE WHEN len(parts_calls(m.parts)) > 0 THEN CAST(to_json(parts_calls(m.parts)) AS VARCHAR) ELSE m.tool_calls END))
    ELSE messages_of(x) END;

-- Providers under the names that price lists and gateways use.
CREATE OR REPLACE TEMP MACRO span_provider(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN regexp_matches(x, '(?i)azure|^az[.]') THEN 'azure' WHEN regexp_matches(x, '(?i)bedrock|^aws$|^amazon') THEN 'bedrock'
    WHEN regexp_matches(x, '(?i)vertex') THEN 'vertex_ai' WHEN regexp_matches(x, '(?i)gemini|generative|gcp[.]gen_ai|^google') THEN 'gemini'
    WHEN regexp_matches(x, '(?i)^mistral') THEN 'mistral' WHEN regexp_matches(x, '(?i)^x[._]?ai') THEN 'xai'
    -- Frameworks: who answered stands elsewhere, or nowhere.
    WHEN regexp_matches(x, '(?i)langchain|langgraph|llama_?index|^(litellm|strands|crewai|autogen|smolagents|haystack|mastra|agno|dspy|pydantic[-_. ]?ai|semantic[-_. ]?kernel|spring[-_. ]?ai)\b') THEN NULL
    ELSE lower(split_part(x, '.', 1)) END;

-- A field out of what LiteLLM writes as Python prints a dictionary.
CREATE OR REPLACE TEMP MACRO repr_count(x, key) AS nullif(regexp_extract(x, '''' || key || ''': ([0-9]+)', 1), '');
CREATE OR REPLACE TEMP MACRO repr_tags(x) AS CASE WHEN contains(x, '''tags'': [') THEN
    regexp_extract_all(regexp_extract(x, '''tags'': \[([^\]]*)\]', 1), '''([^'']*)''', 1) END;

-- Input with what was cached. OpenTelemetry's conventions include it; instrumentations that copied Anthropic's own input_tokens (`raw`, where it is
-- known) left it out. That shows where the parts are more than the whole, and in the total.
CREATE OR REPLACE TEMP MACRO whole_input(input, output, cached, written, total, raw) AS list_transform(
    [coalesce(to_count(cached), 0) + coalesce(to_count(written), 0)], lambda apart: CASE WHEN apart > 0 AND (to_count(input) < apart
        OR to_count(input) = to_count(raw) OR to_count(input) + to_count(output) + apart = to_count(total))
    THEN CAST(to_count(input) + apart AS VARCHAR) ELSE input END)[1];

-- A span of MLflow's tracing, which writes every value as JSON, in the names of the conventions.
CREATE OR REPLACE TEMP MACRO mlflow_span(a) AS list_transform([struct_pack(
        used := shaped(attr(a, 'mlflow.chat.tokenUsage'), '{"input_tokens":"VARCHAR","output_tokens":"VARCHAR","total_tokens":"VARCHAR",
            "cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR"}'),
        asked := shaped(attr(a, 'mlflow.spanInputs'), '{"model":"VARCHAR","messages":"VARCHAR"}'))],
    lambda o: struct_pack(
        k := ['openinference.span.kind', 'gen_ai.request.model', 'gen_ai.provider.name', 'input.value', 'gen_ai.cost.total_cost', 'gen_ai.usage.input_tokens',
            'gen_ai.usage.output_tokens', 'gen_ai.usage.total_tokens', 'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_creation.input_tokens'],
        v := [CASE trim(attr(a, 'mlflow.spanType'), '"') WHEN 'CHAT_MODEL' THEN 'LLM' WHEN 'LLM' THEN 'LLM' WHEN 'EMBEDDING' THEN 'EMBEDDING'
                WHEN 'AGENT' THEN 'AGENT' WHEN 'TOOL' THEN 'TOOL' WHEN 'RETRIEVER' THEN 'RETRIEVER' WHEN 'RERANKER' THEN 'RERANKER'
                WHEN 'CHAIN' THEN 'CHAIN' WHEN 'WORKFLOW' THEN 'CHAIN' END,
            coalesce(trim(attr(a, 'mlflow.llm.model'), '"'), o.asked.model), trim(attr(a, 'mlflow.llm.provider'), '"'), o.asked.messages,
            shaped(attr(a, 'mlflow.llm.cost'), '{"total_cost":"VARCHAR"}').total_cost, o.used.input_tokens, o.used.output_tokens,
            o.used.total_tokens, o.used.cache_read_input_tokens, o.used.cache_creation_input_tokens]))[1];
