-- Macros of Langfuse's exports. An observation is put into the attributes of OpenTelemetry's conventions, and then read as any other span is.

-- Tokens out of usageDetails, an open map of buckets. Langfuse makes them disjoint: "input" leaves out every input_*, "output" every output_*, and "total"
-- is the sum of all. Where the total is input and output alone, the others are parts of them and not added; names with a dot always are parts.
CREATE OR REPLACE TEMP MACRO langfuse_sum(m, pattern) AS list_sum(list_transform(
    list_filter(map_entries(m), lambda e: regexp_matches(e.key, pattern)), lambda e: to_count(e.value)));
CREATE OR REPLACE TEMP MACRO langfuse_whole(base, more, apart) AS CASE
    WHEN to_count(base) IS NULL AND (base <> '' OR more IS NULL) THEN base
    ELSE CAST(coalesce(to_count(base), 0) + CASE WHEN apart THEN coalesce(more, 0) ELSE 0 END AS VARCHAR) END;
CREATE OR REPLACE TEMP MACRO langfuse_usage(m) AS list_transform([struct_pack(
        more_input := langfuse_sum(m, '^(input_|cache_.*input_tokens$)'), more_output := langfuse_sum(m, '^output_'))],
    lambda s: struct_pack(
        input := langfuse_whole(m['input'], s.more_input, to_count(m['total']) IS DISTINCT FROM to_count(m['input']) + to_count(m['output'])),
        output := langfuse_whole(m['output'], s.more_output, to_count(m['total']) IS DISTINCT FROM to_count(m['input']) + to_count(m['output'])),
        cached := coalesce(m['input_cached_tokens'], m['input_cache_read'], m['cache_read_input_tokens'], m['prompt_details.cache_read']),
        written := CAST(langfuse_sum(m, '^(input_cache_creation|cache_creation_input_tokens$)') AS VARCHAR),
        written_1h := m['input_cache_creation_1h'],
        reasoning := coalesce(m['output_reasoning_tokens'], m['output_reasoning'], m['completion_details.reasoning']),
        audio_input := coalesce(m['input_audio_tokens'], m['input_audio'], m['prompt_details.audio']),
        audio_output := coalesce(m['output_audio_tokens'], m['output_audio'], m['completion_details.audio'])))[1];

-- Input and output: some exports quote a text as JSON does.
CREATE OR REPLACE TEMP MACRO langfuse_text(x) AS CASE WHEN starts_with(x, '"') THEN coalesce(TRY(CAST(x AS JSON) ->> '$'), x) ELSE x END;

-- What the instrumentation said itself, kept under metadata: OpenTelemetry's attributes, and LangChain's name of the provider.
CREATE OR REPLACE TEMP MACRO langfuse_told(metadata) AS list_transform([shaped(metadata, '{"attributes":"VARCHAR","ls_provider":"VARCHAR"}')],
    lambda d: struct_pack(ls_provider := d.ls_provider, attributes := shaped(d.attributes, '{"gen_ai.provider.name":"VARCHAR","gen_ai.system":"VARCHAR",
        "llm.provider":"VARCHAR","llm.system":"VARCHAR","gen_ai.request.model":"VARCHAR",
        "gen_ai.response.finish_reasons":"VARCHAR","gen_ai.tool.name":"VARCHAR","error.type":"VARCHAR","http.response.status_code":"VARCHAR"}')))[1];

-- Only generations and embeddings are calls. A framework may put the usage of its model on an agent or a span instead: such an observation is a call
-- where it names a model and nothing stands below it that could be counted as well.
CREATE OR REPLACE TEMP MACRO langfuse_kind(kind, model, used, has_child) AS CASE
    WHEN kind = 'GENERATION' THEN 'LLM'
    WHEN kind IN ('EMBEDDING', 'TOOL', 'GUARDRAIL') THEN kind
    WHEN NOT has_child AND model <> '' AND to_count(used.input) + to_count(used.output) > 0 THEN 'LLM'
    WHEN kind IN ('AGENT', 'CHAIN', 'RETRIEVER') THEN kind ELSE 'OTHER' END;

-- A trace's name is its application, unless it holds an id: then every trace would be an application of its own.
CREATE OR REPLACE TEMP MACRO langfuse_app(prompt, trace) AS coalesce(unless_empty(prompt),
    CASE WHEN NOT regexp_matches(trace, '(?i)[0-9a-f]{8}|[0-9]{4}') THEN unless_empty(trace) END);

CREATE OR REPLACE TEMP MACRO langfuse_attributes(kind, model, parameters, used, cost, prompt, answer, told, status_message, app, session, person, tags) AS struct_pack(
    k := ['openinference.span.kind', 'gen_ai.response.model', 'gen_ai.request.model', 'llm.invocation_parameters', 'gen_ai.cost.total_cost',
        'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens', 'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_creation.input_tokens',
        'gen_ai.usage.cache_creation.ephemeral_1h_input_tokens', 'gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.audio.input_tokens',
        'gen_ai.usage.audio.output_tokens', 'input.value', 'gen_ai.tool.definitions', 'gen_ai.output.messages', 'output.value', 'traceloop.workflow.name',
        'session.id', 'user.id', 'langfuse.trace.tags', 'gen_ai.provider.name', 'gen_ai.response.finish_reasons', 'gen_ai.tool.name',
        'error.type', 'http.response.status_code'],
    v := [kind, model, coalesce(told.attributes['gen_ai.request.model'], model), parameters,
        -- Where no usage is known a zero is none that was computed.
        CASE WHEN used.input IS NOT NULL OR used.output IS NOT NULL OR to_number(cost) > 0 THEN cost END,
        used.input, used.output, used.cached, used.written, used.written_1h, used.reasoning, used.audio_input, used.audio_output, prompt,
        CASE WHEN starts_with(prompt, '{') THEN shaped(prompt, '{"tools":"VARCHAR"}').tools END,
        CASE WHEN shaped(answer, '{"role":"VARCHAR"}').role IS NOT NULL THEN '[' || answer || ']'
            WHEN shaped(answer, '[{"role":"VARCHAR"}]')[1].role IS NOT NULL THEN answer END,
        answer, app, session, person, tags,
        coalesce(told.attributes['gen_ai.provider.name'], told.attributes['gen_ai.system'], told.attributes['llm.provider'],
            told.attributes['llm.system'], told.ls_provider),
        told.attributes['gen_ai.response.finish_reasons'], told.attributes['gen_ai.tool.name'],
        told.attributes['error.type'],
        -- The SDKs of OpenAI and Anthropic open their message so.
        coalesce(told.attributes['http.response.status_code'], nullif(regexp_extract(status_message, '^Error code: ([0-9]{3})\b', 1), ''))]);

-- Events: when the first token came; and a score, whose row is a remark.
CREATE OR REPLACE TEMP MACRO langfuse_events(first_token, score) AS [
    struct_pack(name := 'gen_ai.response.first_chunk', at := first_token, a := struct_pack(k := CAST([] AS VARCHAR[]), v := CAST([] AS VARCHAR[]))),
    struct_pack(name := 'gen_ai.evaluation.result', at := CAST(NULL AS VARCHAR), a := struct_pack(k := ['gen_ai.evaluation.score.value'], v := [score]))];

-- An observation as Langfuse's SDKs send it: a span with names of their own.
CREATE OR REPLACE TEMP MACRO langfuse_span(a) AS list_transform([struct_pack(
        kind := upper(attr(a, 'langfuse.observation.type')),
        used := list_transform([shaped(attr(a, 'langfuse.observation.usage_details'), '"MAP(VARCHAR, VARCHAR)"')], lambda m: langfuse_usage(m))[1],
        cost := shaped(attr(a, 'langfuse.observation.cost_details'), '{"total":"VARCHAR"}').total,
        model := attr(a, 'langfuse.observation.model.name'), parameters := attr(a, 'langfuse.observation.model.parameters'),
        prompt := langfuse_text(attr(a, 'langfuse.observation.input')), answer := langfuse_text(attr(a, 'langfuse.observation.output')),
        told := langfuse_told(CAST(NULL AS VARCHAR)), message := attr(a, 'langfuse.observation.status_message'),
        app := langfuse_app(attr(a, 'langfuse.observation.prompt.name'), attr(a, 'langfuse.trace.name')),
        session := attr(a, 'langfuse.session.id'), person := attr(a, 'langfuse.user.id'))],
    lambda o: langfuse_attributes(
        CASE WHEN o.kind = 'GENERATION' THEN 'LLM' WHEN o.kind IN ('EMBEDDING', 'TOOL', 'AGENT', 'CHAIN', 'RETRIEVER', 'GUARDRAIL') THEN o.kind END,
        o.model, o.parameters, o.used, o.cost, o.prompt, o.answer, o.told, o.message, o.app, o.session, o.person, CAST(NULL AS VARCHAR)))[1];
