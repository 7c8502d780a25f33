-- Macros of the sources that read coding agents' sessions.

-- Who served a model of Claude Code: Anthropic, or Bedrock or Vertex AI by the way they write ids. Behind another gateway it is unknown.
CREATE OR REPLACE TEMP MACRO claude_provider(model) AS CASE WHEN contains(model, 'anthropic.claude') OR starts_with(model, 'arn:aws') THEN 'bedrock'
    WHEN starts_with(model, 'claude') AND contains(model, '@') THEN 'vertex_ai' WHEN starts_with(model, 'claude') THEN 'anthropic' END;

-- Tokens and cost of one record of Claude Code. The split by time to live is right where it is given; the total alone means five minutes.
CREATE OR REPLACE TEMP MACRO claude_used(fresh, cached, written_5m, written_1h, output, cost) AS struct_pack(
    input_tokens := fresh + cached + written_5m + written_1h, cache_read_tokens := cached, cache_write_5m_tokens := written_5m,
    cache_write_1h_tokens := written_1h, output_tokens := output, logged_cost := TRY_CAST(cost AS DECIMAL(38,12)));
CREATE OR REPLACE TEMP MACRO claude_usage(u, cost) AS claude_used(
    to_count(u.input_tokens), coalesce(to_count(u.cache_read_input_tokens), 0),
    coalesce(to_count(u.cache_creation.ephemeral_5m_input_tokens),
        to_count(u.cache_creation_input_tokens) - coalesce(to_count(u.cache_creation.ephemeral_1h_input_tokens), 0), 0),
    coalesce(to_count(u.cache_creation.ephemeral_1h_input_tokens), 0), to_count(u.output_tokens), cost);

-- Token counts of Codex, total or last; a count that is missing is none of its kind.
CREATE OR REPLACE TEMP MACRO codex_counts(u) AS CASE WHEN u IS NOT NULL THEN struct_pack(
    i := coalesce(to_count(u.input_tokens), 0), c := coalesce(to_count(u.cached_input_tokens), 0),
    o := coalesce(to_count(u.output_tokens), 0), r := coalesce(to_count(u.reasoning_output_tokens), 0)) END;

-- The last part of a path, of whatever system.
CREATE OR REPLACE TEMP MACRO folder_name(path) AS split_part(rtrim(replace(path, chr(92), '/'), '/'), '/', -1);
