/*---
title = "An answer cut off at its length, then the same prompt again"
why = """The answer hit max_tokens, nobody could use it, and the same prompt was sent again with more room (or until it fitted). The cut-off answer was paid for in full. A limit just above what the \
workload's answers need, set once, is cheaper than finding it out request by request."""
action = "{subject}: raise max_tokens (or ask for less) so that the first answer is whole: {cut_off} were cut off and asked for again"
fix = "retry_discipline"
grade = "structural"
effect = "spend"
needs = ["finish_reason", "prompt_hash"]
false_positives = """Half an answer may have been read while the whole one was on its way. A probe that asks for one token on purpose is always cut off and never gets more room: it is left alone, as is any prompt \
whose later sends are cut off at the same limit."""

[params.within_s]
default = 600
help = "Whoever needs the whole answer asks again within minutes; later it is a new question in the same words."

[[example]]
name = "cut off, more room, whole"
calls = '''
call_id  workload  started_at  duration_s  prompt_hash  max_tokens  finish_reason  billed_usd
a        report    0           2           p1           256         length         0.5
b        report    5           2           p1           512         length         0.5
c        report    10          2           p1           1024        stop           0.5
d        report    12          2           p2           256         length         0.5
'''
claims = '''
call_id  subject  grade       fix               drop
a        report   structural  retry_discipline  true
b        report   structural  retry_discipline  true
'''

[[example]]
name = "the same limit by luck: whole at the third try"
calls = '''
call_id  workload  started_at  duration_s  prompt_hash  finish_reason
a        report    0           2           p1           length
b        report    5           2           p1           length
c        report    9           2           p1           stop
'''
claims = '''
call_id  drop
a        true
b        true
'''

[[example]]
name = "a probe of one token, another caller, an hour later, other tools, a continuation: silent"
calls = '''
call_id  api_key_alias  workload  started_at  duration_s  prompt_hash  max_tokens  finish_reason  tools_hash
a1       k              probe     0           1           p1           1           length         -
a2       k              probe     10          1           p1           1           length         -
a3       k              probe     20          1           p1           1           length         -
b1       k1             w         0           1           p2           256         length         -
b2       k2             w         10          1           p2           512         stop           -
c1       k              w         0           1           p3           256         length         -
c2       k              w         4000        1           p3           512         stop           -
d1       k              w         0           1           p4           256         length         -
d2       k              w         10          1           p4           512         stop           t
e1       k              w         0           1           p5           256         length         -
e2       k              w         10          1           p6           256         stop           -
'''
claims = ""
---*/
WITH cut AS (
    -- Cheap sieve before the window: prompts of which some answer was cut off.
    SELECT prompt_hash FROM calls WHERE finish_reason = 'length' AND prompt_hash IS NOT NULL GROUP BY prompt_hash
), sends AS (
    SELECT
        p.call_id, p.workload, p.caller_hash, p.prompt_hash, p.tools_hash, coalesce(p.model_requested, p.model) AS model,
        p.start_us, coalesce(p.end_us, p.start_us) AS end_us,
        p.finish_reason = 'length' AS cut_off, c.max_tokens
    FROM priced_calls AS p
    JOIN cut AS k ON k.prompt_hash = p.prompt_hash
    JOIN calls AS c ON c.call_id = p.call_id
    WHERE p.status = 'ok' AND p.start_us IS NOT NULL AND p.finish_reason IS NOT NULL AND NOT coalesce(p.gateway_cache_hit, FALSE)
), ordered AS (
    SELECT
        *,
        lead(start_us) OVER same AS next_start_us,
        lead(max_tokens) OVER same AS next_max_tokens,
        min(CASE WHEN NOT cut_off THEN start_us END) OVER (
            PARTITION BY workload, caller_hash, model, prompt_hash, tools_hash ORDER BY start_us, end_us, call_id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS whole_us
    FROM sends
    WINDOW same AS (PARTITION BY workload, caller_hash, model, prompt_hash, tools_hash ORDER BY start_us, end_us, call_id)
), claimed AS (
    SELECT *
    FROM ordered
    WHERE cut_off AND next_start_us - end_us BETWEEN 0 AND $within_s * 1000000
      AND (whole_us - end_us <= $within_s * 1000000 OR next_max_tokens > max_tokens)
), told AS (
    SELECT workload, count(*) AS cut_off, CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY max_tokens) AS BIGINT) AS max_tokens
    FROM claimed
    GROUP BY workload
)
SELECT
    c.call_id,
    c.workload AS subject,
    TRUE AS drop,
    t.cut_off AS evidence_cut_off,
    t.max_tokens AS evidence_median_max_tokens
FROM claimed AS c
JOIN told AS t ON t.workload = c.workload
