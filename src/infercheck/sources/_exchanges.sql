-- What sources share that hold requests and answers in the provider's own words: canonical columns of `calls`. {source} is a source's own SELECT;
-- staging puts it in. It names file, line, asked and replied (the JSON of request and answer as text; the answer may also be a list of chunks or the
-- text of server-sent events), and of `envelope` below what it has; the envelope's word counts where both tell the same.
WITH envelope AS (
    SELECT CAST(NULL AS VARCHAR) AS skipped, CAST(NULL AS VARCHAR) AS log_id, CAST(NULL AS VARCHAR) AS log_key, CAST(NULL AS VARCHAR) AS trace, CAST(NULL AS VARCHAR) AS session,
        CAST(NULL AS VARCHAR) AS begun, CAST(NULL AS VARCHAR) AS done, CAST(NULL AS VARCHAR) AS took_ms, CAST(NULL AS VARCHAR) AS first_ms,
        CAST(NULL AS VARCHAR) AS http, CAST(NULL AS VARCHAR) AS failure, CAST(NULL AS VARCHAR) AS from_provider, CAST(NULL AS VARCHAR) AS asked_model,
        CAST(NULL AS VARCHAR) AS deployment, CAST(NULL AS VARCHAR) AS region, CAST(NULL AS VARCHAR) AS endpoint, CAST(NULL AS VARCHAR) AS tier,
        CAST(NULL AS VARCHAR) AS is_stream, CAST(NULL AS VARCHAR) AS api_key, CAST(NULL AS VARCHAR) AS team, CAST(NULL AS VARCHAR) AS caller,
        CAST(NULL AS VARCHAR) AS end_user, CAST(NULL AS VARCHAR) AS app, CAST(NULL AS VARCHAR) AS environment, CAST(NULL AS VARCHAR) AS agent
    WHERE FALSE
),
given AS (
    SELECT * FROM ({source})
    UNION ALL BY NAME SELECT * FROM envelope
),
opened AS (
    SELECT *, asked_of(asked) AS q, parts_of(ltrim(replied)) AS parts FROM given
),
answered AS (
    SELECT *, answer_of(parts) AS a FROM opened
),
-- What an application noted of an error in words of its own does not outweigh an answer that came whole, and with a status of success.
settled AS (
    SELECT *, coalesce(to_number(http) BETWEEN 200 AND 299 AND a.usage IS NOT NULL AND answer_finish(a) IS NOT NULL, FALSE) AS is_answered FROM answered
),
judged AS (
    SELECT *,
        tokens_of(a) AS t,
        coalesce(failure, a.failure.code, a.failure.type) AS error,
        to_number(http) >= 400 OR (failure IS NOT NULL AND NOT is_answered) OR coalesce(a.failure.type, a.failure.code) IS NOT NULL OR coalesce(a.finish, '') = 'failed' AS failed,
        coalesce(to_time(begun), CASE WHEN took_ms IS NOT NULL AND done IS NOT NULL THEN TRY(to_time(done) - to_microseconds(CAST(to_number(took_ms) * 1e3 AS BIGINT))) END,
            CASE WHEN done IS NULL THEN to_time(a.created) END) AS start_time,
        coalesce(a.model, q.model) AS served
    FROM settled
)
SELECT
    file, line, skipped,
    coalesce(log_id, a.id) AS source_call_id,
    coalesce(log_id, a.id) AS request_id,
    -- An empty log_key: like no other. A server of one's own may use an id again (Ollama's have three digits, others one for all): the second of the
    -- answer tells them apart, and beside an id that is too short to be random the application's own.
    coalesce(log_key, CASE WHEN a.id IS NOT NULL THEN concat_ws('|', CASE WHEN length(a.id) < 20 THEN log_id END, a.id,
        CAST(epoch(to_time(a.created)) AS BIGINT)) END, log_id) AS attempt_key,
    trace AS trace_id,
    session AS session_id,
    CASE WHEN a.of_item = 'embedding' OR contains(served, 'embedding') THEN 'embedding' WHEN a.kind = 'text_completion' THEN 'completion'
        ELSE 'chat' END AS operation,
    coalesce(begun, CAST(start_time AS VARCHAR)) AS started_at,
    -- No token comes at once: loggers write 0 where nothing was measured.
    CASE WHEN to_number(first_ms) > 0 THEN TRY(start_time + to_microseconds(CAST(to_number(first_ms) * 1e3 AS BIGINT))) END AS first_token_at,
    CASE WHEN done IS NULL AND to_number(took_ms) IS NULL AND unless_empty(took_ms) IS NOT NULL THEN 'no duration: ' || took_ms
        ELSE CAST(coalesce(to_time(done), TRY(start_time + to_microseconds(CAST(to_number(took_ms) * 1e3 AS BIGINT))), to_time(a.completed)) AS VARCHAR)
        END AS ended_at,
    CASE WHEN a.finish = 'cancelled' OR failure = 'canceled' THEN 'cancelled' WHEN failed THEN failure_status(http, error) WHEN a.usage IS NOT NULL OR to_number(http) < 400
        OR answer_finish(a) IS NOT NULL THEN 'ok' END
        AS status,
    http AS http_status,
    CASE WHEN failed THEN error END AS error_type,
    answer_finish(a) AS finish_reason,
    coalesce(lower(unless_empty(from_provider)), answer_provider(a)) AS provider,
    coalesce(asked_model, q.model) AS model_requested,
    served AS model,
    deployment, region, endpoint,
    coalesce(tier, answer_tier(a, q.service_tier)) AS service_tier,
    coalesce(is_stream, q.stream, CASE WHEN a.kind = 'chat.completion.chunk' THEN 'true' END) AS streamed,
    api_key AS api_key_alias, team, caller AS "user",
    coalesce(end_user, q."user", q.safety_identifier, q.metadata.user_id) AS end_user,
    app, environment, without_version(agent) AS user_agent,
    t.input AS input_tokens, t.cached AS cache_read_tokens, t.written_5m AS cache_write_5m_tokens, t.written_1h AS cache_write_1h_tokens,
    t.output AS output_tokens, t.reasoning AS reasoning_tokens,
    a.usage.prompt_tokens_details.audio_tokens AS audio_input_tokens, a.usage.completion_tokens_details.audio_tokens AS audio_output_tokens,
    a.usage.prompt_tokens_details.image_tokens AS image_tokens,
    CASE WHEN a.of_item = 'embedding' THEN a.items END AS input_items,
    coalesce(q.response_format.type, q.text.format.type) AS response_format,
    coalesce(q.reasoning_effort, q.reasoning.effort) AS reasoning_effort,
    coalesce(q.max_tokens, q.max_completion_tokens, q.max_output_tokens) AS max_tokens,
    q.temperature AS temperature,
    CASE WHEN answer_provider(a) = 'openrouter' THEN openrouter_cost(a.usage.cost, coalesce(to_flag(a.usage.is_byok), FALSE),
        a.usage.cost_details.upstream_inference_cost) END AS logged_cost,
    asked_messages(q) AS messages,
    a.text AS answer,
    a.called AS called_tools,
    asked_parameters(asked) AS parameters,
    q.tools AS tools
FROM judged
