/*---
kind = "source"
joins = true  # one record tells how all are to be read
title = "OpenRouter activity page (CSV)"
description = """
The CSV of OpenRouter's Activity page, one row a generation. Times are UTC without a zone; tokens include cached and reasoning ones. Where keys of one's
own (BYOK) were used, what the provider charged is added to OpenRouter's cost.
"""
formats = ["csv"]
times_are_utc = true

[detect]
all = ["generation_id", "created_at", "cost_total", "tokens_prompt", "model_permaslug"]

[columns]
generation_id = "VARCHAR"
created_at = "VARCHAR"
cost_total = "VARCHAR"
byok_usage_inference = "VARCHAR"
tokens_prompt = "VARCHAR"
tokens_completion = "VARCHAR"
tokens_reasoning = "VARCHAR"
tokens_cached = "VARCHAR"
model_permaslug = "VARCHAR"
provider_name = "VARCHAR"
variant = "VARCHAR"
cancelled = "VARCHAR"
streamed = "VARCHAR"
user = "VARCHAR"
finish_reason_normalized = "VARCHAR"
generation_time_ms = "VARCHAR"
time_to_first_token_ms = "VARCHAR"
api_key_name = "VARCHAR"
app_name = "VARCHAR"

[[example]]
name = "reasoning is part of the completion; a discount is part of the cost; a free variant; an answer of one token, generated faster than it was waited for"
format = "csv"
input = '''
generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,cancelled,streamed,user,finish_reason_raw,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,api_key_disabled,api_key_name,app_name
gen-1760000000-AbCd,2025-10-09 08:53:20.125,0.004125,0,-0.000125,0,0,500,300,50,100,openai/gpt-4o-2024-08-06,OpenAI,standard,false,true,u9,stop,stop,2600,400,false,web,Shop
gen-1760000010-EfGh,2025-10-09 08:53:30.000,0,0,0,0,0,40,1,0,0,meta-llama/llama-3.3-70b-instruct,DeepInfra,free,false,true,,stop,stop,20,310,false,web,
gen-1760000020-IjKl,2025-10-09 08:53:40.000,0.0002,0,0,0,0.004,900,90,,,anthropic/claude-sonnet-4,Anthropic,standard,true,false,,,,1500,,false,batch,
'''
calls = [
  { source_call_id = "gen-1760000000-AbCd", started_at = "2025-10-09 08:53:20.125", first_token_at = "2025-10-09 08:53:20.525", ended_at = "2025-10-09 08:53:23.125", status = "ok", provider = "openrouter", deployment = "OpenAI", model = "openai/gpt-4o-2024-08-06", app = "Shop", api_key_alias = "web", streamed = true, input_tokens = 500, cache_read_tokens = 100, output_tokens = 300, reasoning_tokens = 50, logged_cost = 0.004125 },
  { model = "meta-llama/llama-3.3-70b-instruct:free", ended_at = "2025-10-09 08:53:30.330", logged_cost = 0, end_user = "-" },
  { status = "cancelled", ended_at = "2025-10-09 08:53:41.500", first_token_at = "-", cache_read_tokens = "-", logged_cost = 0.0042, finish_reason = "-" },
]
---*/
WITH facts AS (
    SELECT *,
        -- A part is never longer than the total: one record where the wait is shows that generation_time_ms starts after it.
        coalesce(bool_or(to_number(time_to_first_token_ms) > 1.1 * to_number(generation_time_ms)) OVER (), FALSE) AS wait_is_apart
    FROM raw
)
SELECT
    file, line, CAST(NULL AS VARCHAR) AS skipped,
    generation_id AS source_call_id,
    generation_id AS request_id,
    'openrouter|' || generation_id AS attempt_key,
    created_at AS started_at,
    CASE WHEN to_flag(streamed) THEN ms_after(created_at, to_number(time_to_first_token_ms)) END AS first_token_at,
    ms_after(created_at, to_number(generation_time_ms)
        + CASE WHEN wait_is_apart THEN coalesce(to_number(time_to_first_token_ms), 0) ELSE 0 END) AS ended_at,
    openrouter_status(cancelled, finish_reason_normalized, CAST(NULL AS BIGINT)) AS status,
    to_finish(finish_reason_normalized) AS finish_reason,
    'openrouter' AS provider,
    model_permaslug AS model_requested,
    model_permaslug || CASE WHEN variant = 'free' AND NOT ends_with(model_permaslug, ':free') THEN ':free' ELSE '' END AS model,
    unless_empty(provider_name) AS deployment,
    streamed,
    unless_empty(api_key_name) AS api_key_alias,
    unless_empty("user") AS end_user,
    unless_empty(app_name) AS app,
    tokens_prompt AS input_tokens,
    tokens_cached AS cache_read_tokens,
    tokens_completion AS output_tokens,
    tokens_reasoning AS reasoning_tokens,
    openrouter_cost(cost_total, coalesce(to_number(byok_usage_inference) > 0, byok_usage_inference <> '', FALSE), byok_usage_inference) AS logged_cost
FROM facts
