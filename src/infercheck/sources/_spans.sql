-- What every source of spans shares: one row a span, with the canonical columns of `calls` where it is a call of a model (kind 'model'), else with
-- those of `spans`. {source} is a source's own SELECT; staging puts it in. A source of spans names: file, line, skipped (what a record without spans
-- holds), trace_id, span_id, parent_span_id, name, span_kind, started, ended, status_code, service, environment, scope, a (attributes), events.
-- A row whose span_kind is 'remark' says something of another row's span, or of its trace where it names no span: a score, a session, a user.
WITH given AS (
    {source}
),
filled AS (
    -- Empty text says nothing.
    SELECT * REPLACE (struct_pack(k := a.k, v := list_transform(a.v, lambda v: CASE WHEN v <> '' THEN v END)) AS a),
        list_filter(events, lambda e: e.name IN ('gen_ai.content.prompt', 'gen_ai.client.inference.operation.details'))[1].a AS prompt_event,
        list_filter(events, lambda e: e.name = 'gen_ai.evaluation.result')[1].a AS verdict,
        list_filter(events, lambda e: e.name IN ('gen_ai.content.completion', 'gen_ai.client.inference.operation.details'))[1].a AS answer_event
    FROM given
),
told AS (
    -- Langfuse's and MLflow's own names beside OpenTelemetry's, which count where both are there.
    SELECT * REPLACE (CASE WHEN list_contains(a.k, 'langfuse.observation.type') THEN with_attributes(a, langfuse_span(a))
        WHEN list_contains(a.k, 'mlflow.spanType') THEN with_attributes(a, mlflow_span(a)) ELSE a END AS a)
    FROM filled
),
named AS (
    SELECT *,
        hex_id(trace_id) AS trace, hex_id(span_id) AS span, to_time(started) AS start_time, to_time(ended) AS end_time,
        attr(a, 'openinference.span.kind') AS inference_kind,
        coalesce(attr(a, 'gen_ai.operation.name'), '') AS operation_name,
        coalesce(attr(a, 'ai.operationId'), '') AS ai_operation,
        coalesce(attr(a, 'traceloop.span.kind'), '') AS loop_kind,
        attr(a, 'llm.request.type') AS request_type,
        attr(a, 'litellm.call_id') AS litellm_id,
        coalesce(attr(a, 'db.system.name'), attr(a, 'db.system')) AS db,
        upper(coalesce(span_kind, '')) AS side,
        coalesce(attr(a, 'http.response.status_code'), attr(a, 'http.status_code'), attr(a, 'error.code'),
            CASE WHEN regexp_full_match(attr(a, 'error.type'), '[1-5][0-9]{2}') THEN attr(a, 'error.type') END) AS http_code,
        coalesce(attr(a, 'error.type'), split_part(reverse(split_part(reverse(attr(list_filter(events, lambda e: e.name = 'exception')[1].a,
            'exception.type')), '.', 1)), '(', 1)) AS failure,
        coalesce(attr(a, 'gen_ai.usage.input_tokens'), attr(a, 'gen_ai.usage.prompt_tokens'), attr(a, 'llm.token_count.prompt'),
            attr(a, 'ai.usage.inputTokens'), attr(a, 'ai.usage.promptTokens'), attr(a, 'ai.usage.tokens'), attr(a, 'llm.usage.prompt_tokens'),
            attr(a, 'gen_ai.response.prompt_tokens')) AS input,
        coalesce(attr(a, 'gen_ai.usage.output_tokens'), attr(a, 'gen_ai.usage.completion_tokens'), attr(a, 'llm.token_count.completion'),
            attr(a, 'ai.usage.outputTokens'), attr(a, 'ai.usage.completionTokens'), attr(a, 'llm.usage.completion_tokens'),
            attr(a, 'gen_ai.response.completion_tokens')) AS output,
        coalesce(attr(a, 'gen_ai.usage.total_tokens'), attr(a, 'llm.usage.total_tokens'), attr(a, 'llm.token_count.total'),
            attr(a, 'ai.usage.totalTokens')) AS total,
        coalesce(attr(a, 'gen_ai.request.model'), attr(a, 'llm.request.model_name'), attr(a, 'ai.model.id')) AS asked_model
    FROM told
),
kinded AS (
    SELECT *, CASE
        WHEN skipped IS NOT NULL THEN 'skipped'
        WHEN side = 'REMARK' THEN 'remark'
        WHEN inference_kind IN ('LLM', 'EMBEDDING') THEN 'model'
        WHEN inference_kind IS NOT NULL THEN CASE inference_kind WHEN 'AGENT' THEN 'agent' WHEN 'TOOL' THEN 'tool' WHEN 'RETRIEVER' THEN 'retrieval'
            WHEN 'RERANKER' THEN 'retrieval' WHEN 'GUARDRAIL' THEN 'guardrail' WHEN 'CHAIN' THEN 'chain' ELSE 'other' END
        WHEN regexp_matches(ai_operation, '[.]do(Generate|Stream|Embed)$') THEN 'model'
        WHEN ai_operation = 'ai.toolCall' THEN 'tool'
        WHEN ai_operation <> '' THEN 'chain'
        WHEN operation_name IN ('chat', 'text_completion', 'generate_content', 'embeddings') THEN 'model'
        WHEN operation_name = 'execute_tool' THEN 'tool'
        WHEN operation_name IN ('invoke_agent', 'create_agent') THEN 'agent'
        WHEN operation_name = 'retrieval' THEN 'retrieval'
        WHEN operation_name = 'invoke_workflow' THEN 'chain'
        WHEN request_type = 'rerank' THEN 'retrieval'
        WHEN request_type IS NOT NULL OR litellm_id IS NOT NULL THEN 'model'
        WHEN loop_kind IN ('agent', 'tool') THEN loop_kind
        WHEN loop_kind <> '' THEN 'chain'
        WHEN coalesce(asked_model, input, output) IS NOT NULL THEN 'model'
        WHEN db IN ('pinecone', 'qdrant', 'weaviate', 'chroma', 'chromadb', 'milvus', 'lancedb', 'marqo') THEN 'retrieval'
        WHEN db IS NOT NULL OR attr(a, 'service') IN ('redis', 'postgres') THEN 'db'
        WHEN contains(lower(name), 'guardrail') THEN 'guardrail'
        -- LiteLLM's names for the provider's own answer, and for the time that its client spent on it.
        WHEN name = 'raw_gen_ai_request' OR contains(attr(a, 'call_type'), 'track_llm_api_timing') THEN 'http'
        WHEN side IN ('2', 'SERVER', 'SPAN_KIND_SERVER', 'SPANKIND.SERVER') THEN 'server'
        WHEN coalesce(attr(a, 'http.request.method'), attr(a, 'http.method')) IS NOT NULL THEN 'http'
        ELSE 'other' END AS kind
    FROM named
),
texts AS (
    SELECT *,
        kind = 'model' AS is_model,
        upper(coalesce(status_code, '')) IN ('2', 'ERROR', 'STATUS_CODE_ERROR', 'STATUSCODE.ERROR') OR failure IS NOT NULL
            OR coalesce(attr(a, 'langfuse.observation.level') = 'ERROR', FALSE) AS failed,
        CASE WHEN kind = 'model' THEN shaped(attr(a, 'ai.response.providerMetadata'), '{"openai":{"serviceTier":"VARCHAR"},
            "bedrock":{"usage":{"cacheWriteInputTokens":"VARCHAR"}},
            "anthropic":{"cacheCreationInputTokens":"VARCHAR","cacheReadInputTokens":"VARCHAR","usage":{"input_tokens":"VARCHAR",
                "cache_creation_input_tokens":"VARCHAR","cache_read_input_tokens":"VARCHAR",
                "cache_creation":{"ephemeral_1h_input_tokens":"VARCHAR"}}}}') END AS ai_told,
        CASE WHEN kind = 'model' THEN attr(a, 'hidden_params') END AS litellm_hidden,
        CASE WHEN kind = 'model' THEN attr(a, 'metadata.usage_object') END AS litellm_usage,
        CASE WHEN kind IN ('model', 'remark') THEN coalesce(repr_tags(attr(a, 'metadata.requester_metadata')),
            shaped(attr(a, 'langfuse.trace.tags'), '["VARCHAR"]')) END AS client_tags,
        CASE WHEN kind = 'model' AND has_any(a, 'gen_ai.prompt.') THEN numbered_attrs(a, 'gen_ai.prompt.')
            WHEN kind = 'model' AND has_any(a, 'llm.input_messages.') THEN numbered_attrs(a, 'llm.input_messages.') END AS asked_entries,
        CASE WHEN kind = 'model' AND has_any(a, 'gen_ai.completion.') THEN numbered_attrs(a, 'gen_ai.completion.')
            WHEN kind = 'model' AND has_any(a, 'llm.output_messages.') THEN numbered_attrs(a, 'llm.output_messages.') END AS answered_entries,
        CASE WHEN kind = 'model' THEN with_parts(coalesce(attr(a, 'gen_ai.output.messages'), attr(answer_event, 'gen_ai.output.messages'))) END AS answered,
        CASE WHEN kind = 'model' AND has_any(a, 'llm.request.functions.') THEN numbered_attrs(a, 'llm.request.functions.') END AS function_entries,
        CASE WHEN kind = 'model' AND has_any(a, 'llm.tools.') THEN numbered_attrs(a, 'llm.tools.') END AS tool_entries,
        CASE WHEN kind = 'model' THEN coalesce(attr(a, 'gen_ai.input.messages'), attr(a, 'ai.prompt.messages'), attr(a, 'gen_ai.prompt'),
            attr(prompt_event, 'gen_ai.input.messages'), attr(prompt_event, 'gen_ai.prompt'), attr(a, 'ai.value'), attr(a, 'ai.values'),
            attr(a, 'input.value'), attr(a, 'input')) END AS prompt_text,
        attr(a, 'gen_ai.system_instructions') AS instructions,
        coalesce(attr(a, 'gen_ai.provider.name'), attr(a, 'gen_ai.system'), attr(a, 'llm.provider'), attr(a, 'llm.system'), attr(a, 'ai.model.provider'))
            AS named_provider,
        coalesce(attr(a, 'gen_ai.response.finish_reasons'), attr(a, 'gen_ai.response.finish_reason'), attr(a, 'ai.response.finishReason'),
            attr(a, 'llm.response.finish_reason'), attr(a, 'llm.response.stop_reason'), attr(a, 'llm.finish_reason'),
            attr(a, 'gen_ai.completion.0.finish_reason')) AS finish,
        coalesce(to_number(attr(a, 'gen_ai.response.time_to_first_chunk')), to_number(attr(a, 'gen_ai.latency.time_to_first_token')),
            to_number(attr(a, 'gen_ai.server.time_to_first_token')), to_number(attr(a, 'ai.response.msToFirstChunk')) / 1e3) AS first_chunk_s,
        list_filter(events, lambda e: e.name IN ('gen_ai.system.message', 'gen_ai.user.message', 'gen_ai.assistant.message', 'gen_ai.tool.message'))
            AS message_events,
        list_filter(events, lambda e: e.name IN ('ai.stream.firstChunk', 'llm.content.completion.chunk', 'First Token Stream Event',
            'gen_ai.response.first_chunk'))[1].at AS first_event
    FROM kinded
),
facts AS (
    SELECT *,
        shaped(litellm_hidden, '{"model_id":"VARCHAR","api_base":"VARCHAR","litellm_overhead_time_ms":"VARCHAR",
            "additional_headers":{"x-litellm-attempted-retries":"VARCHAR"}}') AS hidden,
        coalesce(attr(a, 'litellm.provider.model'), attr(a, 'gen_ai.response.model'), attr(a, 'llm.response.model_name'), attr(a, 'ai.response.model'),
            asked_model, attr(a, 'llm.model_name'), attr(a, 'embedding.model_name')) AS served_model,
        CASE WHEN attr(a, 'litellm.provider.model') IS NOT NULL THEN attr(a, 'gen_ai.system') ELSE coalesce(
            span_provider(named_provider),
            CASE WHEN regexp_matches(scope, '^(vllm|sglang)') THEN regexp_extract(scope, '^(vllm|sglang)') END) END AS provider_name,
        coalesce(attr(a, 'gen_ai.usage.cache_read.input_tokens'), attr(a, 'gen_ai.usage.cache_read_input_tokens'),
            attr(a, 'llm.token_count.prompt_details.cache_read'), attr(a, 'llm.token_count.prompt_details.cache_input'),
            attr(a, 'ai.usage.inputTokenDetails.cacheReadTokens'), attr(a, 'ai.usage.cachedInputTokens'),
            attr(a, 'llm.usage.cache_read_input_tokens'), attr(a, 'gen_ai.usage.cached_tokens'), attr(a, 'gen_ai.usage.cached_input_tokens'),
            attr(a, 'gen_ai.usage.input_tokens.cached'), attr(a, 'gen_ai.usage.details.cache_read_input_tokens'),
            attr(a, 'gen_ai.usage.details.cache_read_tokens'), attr(a, 'gen_ai.usage.details.cached_tokens'),
            ai_told.anthropic.usage.cache_read_input_tokens, ai_told.anthropic.cacheReadInputTokens,
            repr_count(litellm_usage, 'cached_tokens'), repr_count(litellm_usage, 'cache_read_input_tokens')) AS cached,
        coalesce(attr(a, 'gen_ai.usage.cache_creation.input_tokens'), attr(a, 'gen_ai.usage.cache_creation_input_tokens'),
            attr(a, 'llm.token_count.prompt_details.cache_write'), attr(a, 'ai.usage.inputTokenDetails.cacheWriteTokens'),
            attr(a, 'llm.usage.cache_creation_input_tokens'), attr(a, 'gen_ai.usage.input_tokens.cache_write'),
            attr(a, 'gen_ai.usage.details.cache_creation_input_tokens'), attr(a, 'gen_ai.usage.details.cache_write_tokens'),
            ai_told.anthropic.usage.cache_creation_input_tokens, ai_told.anthropic.cacheCreationInputTokens, ai_told.bedrock.usage.cacheWriteInputTokens,
            repr_count(litellm_usage, 'cache_creation_input_tokens')) AS written,
        coalesce(attr(a, 'gen_ai.usage.cache_creation.ephemeral_1h_input_tokens'),
            ai_told.anthropic.usage.cache_creation.ephemeral_1h_input_tokens, repr_count(litellm_usage, 'ephemeral_1h_input_tokens')) AS written_1h,
        coalesce(attr(a, 'gen_ai.usage.reasoning.output_tokens'), attr(a, 'gen_ai.usage.reasoning_tokens'),
            attr(a, 'llm.token_count.completion_details.reasoning'), attr(a, 'ai.usage.reasoningTokens'), attr(a, 'llm.usage.reasoning_tokens'),
            attr(a, 'gen_ai.usage.output_tokens.reasoning'), attr(a, 'gen_ai.usage.details.reasoning_tokens'),
            attr(a, 'ai.usage.outputTokenDetails.reasoningTokens'), repr_count(litellm_usage, 'reasoning_tokens')) AS reasoning,
        coalesce(attr(a, 'gen_ai.cost.total_cost'), attr(a, 'llm.cost.total'), attr(a, 'gen_ai.usage.cost'), attr(a, 'gen_ai.usage.total_cost'),
            attr(a, 'operation.cost')) AS cost,
        attr(a, 'llm.invocation_parameters') AS invocation,
        unwrapped_messages(prompt_text) AS prompt_json,
        trim(coalesce(finish, answered[1].finish_reason), '[]" ') AS finish_word,
        numbered_messages(answered_entries) AS answered_messages,
        nullif(numbered_tools(answered_entries), []) AS answered_tools,
        coalesce(attr(a, 'gen_ai.response.id'), attr(a, 'ai.response.id'), attr(a, 'gen_ai.request.id')) AS response_id
    FROM texts
),
judged AS (
    SELECT *,
        coalesce(to_flag(lower(coalesce(attr(a, 'gen_ai.request.stream'), attr(a, 'llm.is_streaming'), attr(a, 'gen_ai.is_streaming')))),
            CASE WHEN ends_with(ai_operation, '.doStream') THEN TRUE WHEN ends_with(ai_operation, '.doGenerate') THEN FALSE END,
            CASE WHEN first_event IS NOT NULL OR first_chunk_s > 0 THEN TRUE END) AS was_streamed,
        failed AND coalesce(to_count(input), 0) + coalesce(to_count(output), 0) = 0 AS usage_unknown,
        whole_input(input, output, cached, written, total, ai_told.anthropic.usage.input_tokens) AS whole_input,
        coalesce(hidden.api_base, attr(a, 'server.address')) AS address,
        shaped(invocation, '{"max_tokens":"VARCHAR","max_completion_tokens":"VARCHAR","temperature":"VARCHAR","service_tier":"VARCHAR",
            "reasoning_effort":"VARCHAR","response_format":{"type":"VARCHAR"}}') AS invoked,
        shaped(attr(a, 'ai.response.toolCalls'), '[{"toolName":"VARCHAR","input":"VARCHAR","args":"VARCHAR"}]') AS ai_tools,
        list_filter(a.k, lambda k: (starts_with(k, 'gen_ai.request.') AND k NOT IN ('gen_ai.request.model', 'gen_ai.request.stream'))
            OR (starts_with(k, 'ai.settings.') AND k <> 'ai.settings.maxRetries')) AS parameter_names
    FROM facts
),
counted AS (
    SELECT *, whole_output(whole_input, output, reasoning, total, served_model) AS whole_output FROM judged
)
SELECT
    file, line, kind, coalesce(CASE WHEN kind = 'tool' THEN coalesce(attr(a, 'gen_ai.tool.name'), attr(a, 'tool.name'), attr(a, 'ai.toolCall.name'),
        attr(a, 'traceloop.entity.name')) WHEN kind = 'skipped' THEN skipped END, name) AS name,
    service,
    CASE WHEN kind = 'tool' THEN coalesce(attr(a, 'gen_ai.tool.call.arguments'), attr(a, 'input.value'), attr(a, 'ai.toolCall.args'),
        attr(a, 'traceloop.entity.input'), attr(a, 'input')) END AS arguments,
    CASE WHEN is_model THEN coalesce(litellm_id, response_id, span) END AS source_call_id,
    CASE WHEN is_model THEN coalesce(litellm_id, response_id, span) END AS request_id,
    -- LiteLLM's own logs name an attempt by call id, answer and start. Otherwise it is the span: what wraps it or repeats it is found later.
    CASE WHEN is_model THEN CASE WHEN litellm_id IS NOT NULL
        THEN concat_ws('|', litellm_id, split_part(response_id, '_cache_hit', 1), to_ms(started))
        WHEN trace IS NOT NULL THEN concat_ws('|', trace, span) END END AS attempt_key,
    trace AS trace_id,
    coalesce(attr(a, 'gen_ai.conversation.id'), attr(a, 'session.id'), attr(a, 'traceloop.association.properties.session_id'),
        attr(a, 'langfuse.session.id'), attr(a, 'ai.telemetry.metadata.sessionId')) AS session_id,
    span AS span_id,
    hex_id(parent_span_id) AS parent_span_id,
    CASE WHEN inference_kind = 'EMBEDDING' OR operation_name = 'embeddings' OR ends_with(ai_operation, '.doEmbed') THEN 'embedding'
        WHEN operation_name = 'text_completion' THEN 'completion' WHEN operation_name IN ('chat', 'generate_content') THEN 'chat'
        ELSE coalesce(litellm_operation(request_type), 'chat') END AS operation,
    start_time AS started_at,
    coalesce(CASE WHEN first_chunk_s >= 0 THEN TRY(start_time + to_microseconds(CAST(round(first_chunk_s * 1e6) AS BIGINT))) END, to_time(first_event))
        AS first_token_at,
    end_time AS ended_at,
    to_number(attr(a, 'gen_ai.latency.time_in_queue')) * 1e3 AS queue_ms,
    hidden.litellm_overhead_time_ms AS gateway_ms,
    CASE WHEN failed AND is_model THEN failure_status(http_code, failure) WHEN failed THEN 'error' ELSE 'ok' END AS status,
    to_count(http_code) AS http_status,
    CASE WHEN failed THEN failure END AS error_type,
    to_finish(finish_word) AS finish_reason,
    to_count(hidden.additional_headers['x-litellm-attempted-retries']) + 1 AS attempt,
    provider_of(provider_name, served_model) AS provider,
    coalesce(attr(a, 'litellm.model_group'), asked_model) AS model_requested,
    model_of(provider_name, served_model) AS model,
    hidden.model_id AS deployment,
    coalesce(attr(a, 'cloud.region'), region_of(address)) AS region,
    address AS endpoint,
    nullif(replace(coalesce(attr(a, 'openai.response.service_tier'), attr(a, 'gen_ai.openai.response.service_tier'),
        ai_told.openai.serviceTier,
        attr(a, 'openai.request.service_tier'), attr(a, 'gen_ai.openai.request.service_tier'), invoked.service_tier), 'standard', 'default'), 'auto')
        AS service_tier,
    was_streamed AS streamed,
    litellm_key(attr(a, 'metadata.user_api_key_alias'), attr(a, 'metadata.user_api_key_hash')) AS api_key_alias,
    coalesce(attr(a, 'metadata.user_api_key_team_alias'), attr(a, 'metadata.user_api_key_team_id'), attr(a, 'metadata.user_api_key_org_id')) AS team,
    attr(a, 'metadata.user_api_key_user_id') AS "user",
    coalesce(attr(a, 'metadata.user_api_key_end_user_id'), attr(a, 'user.id'), attr(a, 'enduser.id'), attr(a, 'llm.user'),
        attr(a, 'traceloop.association.properties.user_id'), attr(a, 'ai.telemetry.metadata.userId')) AS end_user,
    coalesce(tag_value(client_tags, ['app:', 'service:', 'route:']), attr(a, 'ai.telemetry.functionId'), attr(a, 'traceloop.workflow.name'),
        attr(a, 'gen_ai.agent.name'), CASE WHEN litellm_id IS NULL THEN service END) AS app,
    coalesce(tag_value(client_tags, ['env:', 'environment:']), environment) AS environment,
    other_tags(client_tags) AS tags,
    without_version(coalesce(attr(a, 'metadata.user_agent'), attr(a, 'user_agent.original'), attr(a, 'ai.request.headers.user-agent'))) AS user_agent,
    CASE WHEN NOT usage_unknown THEN whole_input END AS input_tokens,
    CASE WHEN NOT usage_unknown THEN cached END AS cache_read_tokens,
    CASE WHEN NOT usage_unknown THEN litellm_5m(written, written_1h) END AS cache_write_5m_tokens,
    CASE WHEN NOT usage_unknown THEN written_1h END AS cache_write_1h_tokens,
    CASE WHEN NOT usage_unknown THEN whole_output END AS output_tokens,
    reasoning AS reasoning_tokens,
    coalesce(attr(a, 'gen_ai.usage.audio.input_tokens'), attr(a, 'llm.token_count.prompt_details.audio')) AS audio_input_tokens,
    coalesce(attr(a, 'gen_ai.usage.audio.output_tokens'), attr(a, 'llm.token_count.completion_details.audio')) AS audio_output_tokens,
    attr(a, 'gen_ai.usage.image.input_tokens') AS image_tokens,
    coalesce(attr(a, 'gen_ai.output.type'), invoked.response_format.type) AS response_format,
    coalesce(attr(a, 'gen_ai.request.reasoning_effort'), invoked.reasoning_effort) AS reasoning_effort,
    coalesce(attr(a, 'gen_ai.request.max_tokens'), invoked.max_tokens, invoked.max_completion_tokens) AS max_tokens,
    coalesce(attr(a, 'gen_ai.request.temperature'), attr(a, 'ai.settings.temperature'), invoked.temperature) AS temperature,
    CASE WHEN failed AND to_number(cost) = 0 THEN NULL ELSE cost END AS logged_cost,
    CASE WHEN kind = 'remark' THEN to_number(attr(verdict, 'gen_ai.evaluation.score.value'))
        ELSE known_score(coalesce(attr(verdict, 'gen_ai.evaluation.name'), 'feedback'), to_number(attr(verdict, 'gen_ai.evaluation.score.value'))) END AS score,
    CASE WHEN is_model THEN list_concat(
        CASE WHEN instructions IS NOT NULL THEN [struct_pack(role := 'system', content := coalesce(nullif(array_to_string(list_transform(
            shaped(instructions, '[{"content":"VARCHAR"}]'), lambda p: p.content), chr(10)), ''), instructions), tool_calls := CAST(NULL AS VARCHAR))] END,
        CASE WHEN len(asked_entries) > 0 THEN numbered_messages(asked_entries)
            WHEN len(message_events) > 0 THEN list_transform(message_events, lambda e: struct_pack(role := split_part(e.name, '.', 2),
                content := coalesce(attr(e.a, 'content'), attr(e.a, 'gen_ai.event.content')), tool_calls := attr(e.a, 'tool_calls')))
            ELSE span_messages(prompt_json) END) END AS messages,
    CASE WHEN is_model THEN coalesce(
        nullif(array_to_string(list_transform(answered, lambda m: coalesce(parts_text(m.parts), m.content)), chr(10)), ''),
        nullif(array_to_string(list_transform(answered_messages, lambda m: m.content), chr(10)), ''),
        attr(a, 'ai.response.text'), attr(a, 'ai.response.object'), attr(a, 'gen_ai.completion'),
        attr(answer_event, 'gen_ai.completion'),
        CASE WHEN answered IS NULL AND answered_entries IS NULL THEN attr(a, 'output.value') END) END AS answer,
    CASE WHEN is_model THEN coalesce(
        nullif(flatten(list_transform(answered, lambda m: coalesce(nullif(parts_calls(m.parts), []), listed_calls(m.tool_calls), []))), []),
        answered_tools,
        list_transform(ai_tools, lambda t: struct_pack(name := t.toolName, arguments := coalesce(t.input, t.args)))) END AS called_tools,
    CASE WHEN is_model THEN coalesce(CASE WHEN starts_with(invocation, '{') THEN invocation END,
        CASE WHEN asked_model IS NOT NULL THEN '{' || array_to_string(list_transform(list_sort(parameter_names),
            lambda k: to_json(k) || ':' || to_json(attr(a, k))), ',') || '}' END) END AS parameters,
    CASE WHEN is_model THEN coalesce(attr(a, 'gen_ai.tool.definitions'), attr(a, 'ai.prompt.tools'),
        '[' || array_to_string(list_transform(tool_entries, lambda e: e.v), ',') || ']',
        CAST(to_json(list_transform(numbers_of(function_entries), lambda i: joined_of(function_entries, i, '.', chr(10)))) AS VARCHAR)) END AS tools,
    -- Names that seem to hold what this span does not tell under any name that is read; of a file's first lines, to report them.
    CASE WHEN line <= 200 AND (is_model OR kind IN ('other', 'chain')) THEN list_filter(a.k, lambda k: regexp_matches(k, '(?i)token|usage|cost')
        AND NOT regexp_matches(k, '(?i)max|limit|budget|no_?cach|uncach|rate')
        AND CASE WHEN coalesce(input, output) IS NULL THEN is_model OR regexp_matches(k, '(?i)(input|output|prompt|completion|total|usage).*token|token.*(usage|count)')
            ELSE is_model AND (cached IS NULL AND written IS NULL AND regexp_matches(k, '(?i)cach')
                OR reasoning IS NULL AND regexp_matches(k, '(?i)reason|thought|thinking') OR cost IS NULL AND regexp_matches(k, '(?i)total_?cost|[._]cost$')) END
        AND (to_number(attr(a, k)) > 0 OR regexp_matches(attr(a, k), '^\{.*[1-9]'))) END AS unread
FROM counted
