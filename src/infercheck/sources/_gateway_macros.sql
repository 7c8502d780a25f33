-- Macros of gateways that log an HTTP exchange a row.

-- What kind of call a path means; NULL where it does not say.
CREATE OR REPLACE TEMP MACRO path_operation(path) AS CASE
    WHEN regexp_matches(path, '(^|/)(chat/completions?|messages|responses|chat)|[gG]enerateContent|converse|:?invoke') THEN 'chat'
    WHEN regexp_matches(path, '(^|/)completions?$') THEN 'completion'
    WHEN regexp_matches(path, '(?i)embed') THEN 'embedding' WHEN regexp_matches(path, 'images?(/|$)') THEN 'image'
    WHEN contains(path, 'transcription') THEN 'transcription' WHEN contains(path, 'speech') THEN 'speech'
    WHEN contains(path, 'rerank') THEN 'rerank' WHEN contains(path, 'moderation') THEN 'moderation' END;

-- A moment some milliseconds after another.
CREATE OR REPLACE TEMP MACRO ms_after(moment, ms) AS CASE WHEN ms >= 0 THEN TRY(to_time(moment) + to_microseconds(CAST(round(ms * 1e3) AS BIGINT))) END;

-- Status of an HTTP exchange.
CREATE OR REPLACE TEMP MACRO http_status_word(code) AS CASE WHEN code BETWEEN 200 AND 399 THEN 'ok' WHEN code >= 400 THEN failure_status(CAST(code AS VARCHAR), NULL) END;

-- What users attach to a request as a map: the values of some keys whatever their case, and all other keys as tags.
CREATE OR REPLACE TEMP MACRO map_value(m, names) AS unless_empty(list_filter(
    list_transform(names, lambda n: list_filter(map_entries(m), lambda e: lower(e.key) = n)[1].value), lambda v: v <> '')[1]);
CREATE OR REPLACE TEMP MACRO map_tags(m, taken) AS nullif(array_to_string(list_sort(list_transform(
    list_filter(map_entries(m), lambda e: NOT regexp_matches(lower(e.key), taken) AND length(e.value) <= 64), lambda e: e.key || ':' || e.value)), ','), '');

-- OpenRouter's records of a generation.
CREATE OR REPLACE TEMP MACRO openrouter_operation(api_type) AS CASE lower(api_type) WHEN 'completions' THEN 'chat' WHEN 'embeddings' THEN 'embedding'
    WHEN 'tts' THEN 'speech' ELSE unless_empty(lower(api_type)) END;
CREATE OR REPLACE TEMP MACRO openrouter_status(cancelled, finish, code) AS CASE WHEN to_flag(cancelled) THEN 'cancelled' WHEN finish = 'error' THEN 'error'
    WHEN code IS NOT NULL THEN http_status_word(code) WHEN finish <> '' THEN 'ok' END;
-- With a key of one's own the cost is OpenRouter's fee: without what the provider charged, it is not what was paid. Where a figure cannot be read,
-- the sum says so in words that are no number.
CREATE OR REPLACE TEMP MACRO openrouter_cost(cost, own_key, charged) AS CASE WHEN NOT own_key THEN cost
    ELSE coalesce(CAST(TRY_CAST(cost AS DECIMAL(38, 12)) + TRY_CAST(charged AS DECIMAL(38, 12)) AS VARCHAR), cost || ' + ' || charged) END;

-- Providers as gateways name them.
CREATE OR REPLACE TEMP MACRO gateway_provider(x) AS CASE lower(x) WHEN 'workers-ai' THEN 'cloudflare' WHEN 'grok' THEN 'xai' WHEN 'perplexity-ai' THEN 'perplexity'
    WHEN 'unspecified' THEN NULL ELSE replace(span_provider(x), '-', '_') END;
-- A backend of one's own naming: the provider where it is called like one, or like a cloud ("azure-openai"). Any other name says nothing of who answers.
CREATE OR REPLACE TEMP MACRO backend_provider(x) AS CASE
    WHEN regexp_matches(x, '(?i)azure|bedrock|^aws$|^amazon|vertex|gemini|^google') THEN span_provider(x)
    WHEN regexp_matches(x, '(?i)^(openai|anthropic|mistral(ai)?|cohere|deepseek|groq|x-?ai|together(-ai)?|fireworks(-ai)?|openrouter|perplexity|cerebras)$')
        THEN replace(span_provider(x), '-', '_') END;
-- Prompt tokens that a gateway copied from the provider. Anthropic's leave out what came from the cache or went into it, on whichever cloud it runs; where
-- the log does not say how much that was, the whole is unknown, unless Anthropic's own answer is in the log as well (whole).
CREATE OR REPLACE TEMP MACRO copied_input(count, provider, model, whole) AS coalesce(whole,
    CASE WHEN NOT regexp_matches(coalesce(lower(provider), ''), 'anthropic') AND NOT regexp_matches(coalesce(lower(model), ''), 'claude') THEN count END);
