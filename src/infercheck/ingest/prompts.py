"""Prompts of staged rows: messages, their blocks, and the digests by which two prompts are told to be alike. No text is kept."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine

LINE_LIMIT = 16384  # characters up to which cutting by position is fast; it is quadratic in the length of a line


def cut(engine: Engine) -> None:
    """Fill ``new_messages``, ``new_message_blocks`` and ``new_prompt_messages``: every distinct message is hashed and cut once."""
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE keyed AS
        SELECT rowid AS rn, CAST(unnest(range(len(message_keys))) AS INTEGER) AS message_index,
            unnest(roles) AS role, unnest(message_keys) AS key
        FROM staged WHERE len(message_keys) > 0""")
    # Prompts that say nothing, or do not say all, are not known to be alike.
    if engine.value("SELECT EXISTS (FROM texts WHERE text = '' OR withheld(text))"):
        engine.execute("""
            DELETE FROM keyed WHERE rn IN (
                SELECT rn FROM keyed JOIN texts USING (key) GROUP BY rn HAVING bool_or(withheld(text)) OR bool_and(text = ''))""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT message_hash, min(key) AS key FROM texts SEMI JOIN keyed USING (key)
        WHERE message_hash NOT IN (SELECT message_hash FROM messages) GROUP BY message_hash""")
    engine.execute(f"""
        CREATE OR REPLACE TEMP TABLE cut AS
        SELECT message_hash, line_index, block_in_line, salted(block) AS block_hash, CAST(length(block) AS INTEGER) AS chars FROM (
            SELECT message_hash, line_index, unnest(range(len(blocks))) AS block_in_line, unnest(blocks) AS block FROM (
                SELECT message_hash, line_index, CASE WHEN strlen(l) <= 256 THEN [l]
                    WHEN length(l) > {LINE_LIMIT} THEN regexp_extract_all(l, '(?s).{{1,256}}')
                    WHEN strlen(l) = length(l)  -- a byte a character: no need to count those before a block
                    THEN list_transform(range((strlen(l) + 255) // 256), lambda i: decode(bytes[i * 256 + 1 : i * 256 + 256]))
                    ELSE list_transform(range((length(l) + 255) // 256), lambda i: substring(l, i * 256 + 1, 256)) END AS blocks
                FROM (SELECT *, encode(l) AS bytes FROM (
                    SELECT message_hash, unnest(range(len(lines))) AS line_index, unnest(lines) AS l FROM (
                        SELECT message_hash, string_split(text, chr(10)) AS lines FROM texts SEMI JOIN fresh USING (key))))))""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_message_blocks AS
        SELECT message_hash, CAST(row_number() OVER w - 1 AS INTEGER) AS block_index, block_hash,
            folded(sum(mixed(block_hash, line_index, block_in_line)) OVER w) AS chain, chars,
            CAST(sum(chars) OVER w AS BIGINT) AS cum_chars, lead(line_index) OVER w IS NULL AS ends_message
        FROM cut WINDOW w AS (PARTITION BY message_hash ORDER BY line_index, block_in_line ROWS UNBOUNDED PRECEDING)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_messages AS
        SELECT t.message_hash, t.chars, b.blocks, coalesce(t.masked_hash, t.message_hash) AS masked_hash, t.template_hash
        FROM (SELECT * EXCLUDE (text) FROM texts SEMI JOIN fresh USING (key)) t
        JOIN (SELECT message_hash, block_index + 1 AS blocks FROM new_message_blocks WHERE ends_message) b USING (message_hash)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT t.key, d.* FROM (SELECT key, message_hash FROM texts) t
        JOIN (SELECT * FROM messages UNION ALL SELECT * FROM new_messages) d USING (message_hash)""")
    for name in ("texts", "fresh", "cut"):
        engine.execute(f"DROP TABLE temp.{name}")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE new_prompt_messages AS
        SELECT n.call_id, n.file_id, m.rn, message_index, role, message_hash, masked_hash, template_hash, chars, mix,
            folded(coalesce(sum(mix) OVER before, 0) + message_index * 256 + coalesce(ascii(role), 0)) AS prefix_before,
            CAST(coalesce(sum(blocks) OVER before, 0) AS INTEGER) AS blocks_before,
            CAST(coalesce(sum(chars) OVER before, 0) AS BIGINT) AS chars_before
        FROM (SELECT k.rn, k.message_index, k.role, d.*, mixed(d.message_hash, k.message_index, coalesce(ascii(k.role), 0)) AS mix
              FROM keyed k JOIN known d USING (key)) m JOIN numbered n USING (rn)
        WINDOW before AS (PARTITION BY m.rn ORDER BY message_index ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)""")
    engine.execute("""
        CREATE OR REPLACE TEMP TABLE prompts AS
        SELECT rn, folded(sum(mix)) AS prompt_hash,
            folded(sum(CASE WHEN masked_hash = message_hash THEN mix
                ELSE mixed(masked_hash, message_index, coalesce(ascii(role), 0)) END)) AS masked_hash,
            min_by(message_hash, message_index) FILTER (role IN ('system', 'developer')) AS system_hash,
            min_by(template_hash, message_index) FILTER (role IN ('system', 'developer')) AS template_hash,
            CAST(sum(chars) AS BIGINT) AS prompt_chars, CAST(1 + count(*) FILTER (role = 'assistant') AS INTEGER) AS turn, count(*) AS items
        FROM new_prompt_messages GROUP BY rn""")
