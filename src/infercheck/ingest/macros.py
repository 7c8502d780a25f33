"""SQL macros that staging uses: those of the sources, salted digests, a message's text, and numbers that tell sequences apart."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine, literal
from infercheck.ingest import private
from infercheck.sources import helpers

# What loggers write in place of a text that they were told to keep to themselves: `redacted-by-litellm`, `__REDACTED__`, `[REDACTED]`, `<masked>`,
# `<fully masked due to failed mask function>`, `***`. A bare word other than "redacted" may be an answer, so it counts in brackets only.
WITHHELD = (
    r"(?i)\s*(redacted([-_ ]by[-_ ]\w+)?|[\[({<_*#\"]+\s*([a-z]+\s+){0,3}"
    r"(redacted|masked|hidden|removed|omitted|filtered|scrubbed|suppressed|withheld|anonymi[sz]ed|sanitized|not\s+(logged|captured|recorded))"
    r"[\s\w-]*[\])}>_*#\"]+|\*{3,})[.\s]*"
)
WITHHELD_CHARS = 64  # bytes up to which a text may be nothing but such a mark
PART_KEYS = ("text", "content", "input")
BINARY_PART_KEYS = ("image_url", "input_audio", "file", "source", "data")


def define(engine: Engine, salt: str) -> None:
    """Define them for one connection."""
    engine.execute(helpers())
    private.setup(engine, salt)
    engine.execute(f"CREATE OR REPLACE TEMP MACRO salted(x) AS CAST(md5_number({literal(salt)} || x) >> 65 AS BIGINT)")
    shape = ",".join(f'"{k}":"VARCHAR"' for k in (*PART_KEYS, *BINARY_PART_KEYS, "type"))
    texts = ", ".join(f"p.{k}" for k in PART_KEYS)
    others = " ".join(f"WHEN p.{k} IS NOT NULL THEN md5(p.{k})" for k in BINARY_PART_KEYS)
    # A message made of parts is its texts; a picture counts as its digest. cache_control is left out: it moves from turn to turn.
    engine.execute(f"""CREATE OR REPLACE TEMP MACRO joined_parts(x) AS (
        array_to_string(list_transform(TRY(json_transform(x, '[{{{shape}}}]')), lambda p: CASE
            WHEN p.type IS NULL THEN NULL WHEN coalesce({texts}) IS NOT NULL THEN coalesce({texts}) {others} END), chr(10)))""")
    engine.execute("""CREATE OR REPLACE TEMP MACRO message_text(m) AS (
        CASE WHEN starts_with(m.content, '[{') THEN coalesce(nullif(joined_parts(m.content), ''), m.content) ELSE coalesce(m.content, '') END
        || CASE WHEN m.tool_calls IS NULL THEN '' ELSE chr(10) || m.tool_calls END)""")
    # OpenInference marks the parts of a message that it hides, each in a line of its own.
    engine.execute(f"""CREATE OR REPLACE TEMP MACRO withheld(x) AS coalesce(
        (strlen(x) <= {WITHHELD_CHARS} AND regexp_full_match(x, {literal(WITHHELD)}))
        OR (contains(x, '__REDACTED__') AND regexp_matches(x, '(?m)^__REDACTED__$')), FALSE)""")
    # Position counts: the sum of these over a prompt's messages, or a message's blocks, is the same only for the same sequence. What is mixed
    # is a salted digest already: the product of its halves, xored with the place, tells sequences apart at a tenth of another digest's cost.
    engine.execute("CREATE OR REPLACE TEMP MACRO halves(x) AS xor((x & 2147483647) * (x >> 31), x) >> 1")
    engine.execute("CREATE OR REPLACE TEMP MACRO mixed(h, i, j) AS halves(xor(h, xor((i + 1) * 118178349727, (j + 1) * 97612893013)))")
    # Sums of 62-bit numbers, folded back into 62 bits.
    engine.execute("CREATE OR REPLACE TEMP MACRO folded(s) AS CAST(s % 4611686018427387903 AS BIGINT)")
