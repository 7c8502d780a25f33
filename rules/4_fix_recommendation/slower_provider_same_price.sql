/*---
title = "One provider of the same model is slower at the same price"
why = """Two providers serve the same model in this log at the same list price, and one of them takes longer for prompts and answers of the same workload and size on the same days. The calls that went to the slower one waited for \
nothing. Compared are logarithms of durations within cells of workload, day, prompt size, answer size and streaming, so that a longer job is not held against a shorter one; what a prompt has \
in the cache is not part of its size, and where each provider serves workloads of its own, nothing is said."""
action = "Send {subject} to {faster} instead of {slower}: {slower_percent}% slower for prompts and answers of the same size, at the same price"
fix = "provider_choice"
grade = "measured"
effect = "latency"
needs = ["started_at", "ended_at", "input_tokens", "output_tokens", "models"]
false_positives = """A gateway may send a provider what another one refused, at its busiest times. Providers differ in region, and the slower one may be where the data must stay. Sizes are matched to a factor of two, \
the hour of the day is not."""

[params.max_price_gap]
default = 0.05
help = "Blended list prices within five percent are the same price: a larger gap is what the slower one may be chosen for."

[params.min_calls]
default = 50
help = "In the cells that both serve: with 50 calls each a difference of a fifth stands clear of a spread of about a third, which is usual."

[params.min_cell_calls]
default = 5
help = "A cell with fewer calls of one side has no spread of its own."

[params.min_ratio]
default = 1.2
help = "Less than a fifth slower is hardly felt, and gone the next week."

[params.z]
default = 3.0
help = "The lower bound of the ratio, three standard errors down, must still be above one: several pairs are looked at, and times of neighbouring calls are not independent."

[[example]]
name = "twice as slow at the same price; a third provider is dearer and out of the comparison"
params = { min_calls = 3, min_cell_calls = 3 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  output_tokens
a1       bot       p         big    0           2.0         1000          100
a2       bot       p         big    10          2.1         1000          100
a3       bot       p         big    20          1.9         1000          100
b1       bot       q         big    0           4.0         1000          100
b2       bot       q         big    10          4.2         1000          100
b3       bot       q         big    20          3.8         1000          100
c1       bot       r         big    0           1.0         1000          100
c2       bot       r         big    10          1.1         1000          100
c3       bot       r         big    20          0.9         1000          100
'''
models = '''
provider  model  weights  blended_usd_per_mtok
p         big    w        4
q         big    w        4
r         big    w        8
'''
claims = '''
call_id  subject  grade     fix              waste_ms
b1       bot      measured  provider_choice  2000
b2       bot      measured  provider_choice  2100
b3       bot      measured  provider_choice  1900
'''

[[example]]
name = "hardly slower, longer prompts, longer answers, other weights, another day, another workload, prompts that the other one has in its cache: silent"
params = { min_calls = 3, min_cell_calls = 3 }
calls = '''
call_id  workload  provider  model  started_at  duration_s  input_tokens  cache_read_tokens  output_tokens
a1       near      p         big    0           2.0         1000          -                  100
a2       near      p         big    10          2.1         1000          -                  100
a3       near      p         big    20          1.9         1000          -                  100
b1       near      q         big    0           2.2         1000          -                  100
b2       near      q         big    10          2.3         1000          -                  100
b3       near      q         big    20          2.1         1000          -                  100
c1       near      q         big    0           9.0         9000          -                  100
c2       near      q         big    10          9.1         9000          -                  100
c3       near      q         big    20          9.2         9000          -                  100
d1       near      q         big    0           9.0         1000          -                  900
d2       near      q         big    10          9.1         1000          -                  900
d3       near      q         big    20          9.2         1000          -                  900
e1       other     s         odd    0           9.0         1000          -                  100
e2       other     s         odd    10          9.1         1000          -                  100
e3       other     s         odd    20          9.2         1000          -                  100
f1       near      q         big    90000       9.0         1000          -                  100
f2       near      q         big    90010       9.1         1000          -                  100
f3       near      q         big    90020       9.2         1000          -                  100
g1       else      q         big    0           9.0         1000          -                  100
g2       else      q         big    10          9.1         1000          -                  100
g3       else      q         big    20          9.2         1000          -                  100
h1       read      p         big    0           2.0         1000          900                100
h2       read      p         big    10          2.1         1000          900                100
h3       read      p         big    20          2.2         1000          900                100
i1       read      q         big    0           9.0         1000          0                  100
i2       read      q         big    10          9.1         1000          0                  100
i3       read      q         big    20          9.2         1000          0                  100
'''
models = '''
provider  model  weights  blended_usd_per_mtok
p         big    w        4
q         big    w        4
s         odd    v        4
'''
claims = ""
---*/
WITH sold AS (
    SELECT provider, model, weights, blended_usd_per_mtok FROM models WHERE weights IS NOT NULL AND blended_usd_per_mtok > 0
), rivals AS (
    -- Cheap sieve: models that this log buys from two providers.
    SELECT s.weights
    FROM sold AS s
    JOIN (SELECT provider, model FROM calls WHERE model IS NOT NULL GROUP BY provider, model) AS c
        ON c.provider IS NOT DISTINCT FROM s.provider AND c.model = s.model
    GROUP BY s.weights
    HAVING min(s.provider) <> max(s.provider)
), timed AS (
    SELECT
        p.call_id, p.workload, s.weights, p.provider, s.blended_usd_per_mtok AS price, p.duration_ms, p.day,
        CAST(floor(log2(p.uncached_tokens + 1)) AS BIGINT) AS prompt_size,
        CAST(floor(log2(p.output_tokens + 1)) AS BIGINT) AS answer_size,
        coalesce(p.streamed, FALSE) AS streamed,
        ln(p.duration_ms) AS log_ms
    FROM priced_calls AS p
    JOIN sold AS s ON s.provider IS NOT DISTINCT FROM p.provider AND s.model = p.model
    JOIN rivals AS r ON r.weights = s.weights
    WHERE p.status = 'ok' AND p.duration_ms > 0 AND p.input_tokens IS NOT NULL AND p.output_tokens IS NOT NULL AND NOT coalesce(p.gateway_cache_hit, FALSE)
), cells AS (
    SELECT
        weights, provider, workload, day, prompt_size, answer_size, streamed, max(price) AS price,
        CAST(count(*) AS DOUBLE) AS n, avg(log_ms) AS mean, coalesce(var_samp(log_ms), 0) AS spread
    FROM timed
    GROUP BY weights, provider, workload, day, prompt_size, answer_size, streamed
    HAVING count(*) >= $min_cell_calls
), pairs AS (
    SELECT
        a.weights, a.provider AS faster, b.provider AS slower,
        sum(a.n) AS faster_calls, sum(b.n) AS slower_calls,
        sum((b.mean - a.mean) * a.n * b.n / (a.n + b.n)) / sum(a.n * b.n / (a.n + b.n)) AS difference,
        sqrt(sum(power(a.n * b.n / (a.n + b.n), 2) * (a.spread / a.n + b.spread / b.n))) / sum(a.n * b.n / (a.n + b.n)) AS error
    FROM cells AS a
    JOIN cells AS b
        ON b.weights = a.weights AND b.provider <> a.provider AND b.workload = a.workload AND b.day = a.day AND b.prompt_size = a.prompt_size
        AND b.answer_size = a.answer_size AND b.streamed = a.streamed
    WHERE abs(b.price - a.price) <= $max_price_gap * a.price
    GROUP BY a.weights, a.provider, b.provider
), found AS (
    SELECT *, row_number() OVER (PARTITION BY weights, slower ORDER BY difference DESC, faster) AS choice
    FROM pairs
    WHERE least(faster_calls, slower_calls) >= $min_calls AND difference >= ln($min_ratio) AND difference - $z * error > 0
), blamed AS (
    SELECT t.call_id, t.workload, t.duration_ms, f.faster, f.slower, f.difference
    FROM timed AS t
    JOIN found AS f ON f.weights = t.weights AND f.slower = t.provider AND f.choice = 1
    JOIN cells AS a
        ON a.weights = t.weights AND a.provider = f.faster AND a.workload = t.workload AND a.day = t.day AND a.prompt_size = t.prompt_size
        AND a.answer_size = t.answer_size AND a.streamed = t.streamed
), told AS (
    SELECT
        workload, count(*) AS calls,
        CASE WHEN min(faster) = max(faster) THEN min(faster) ELSE concat_ws('', min(faster), ' and others') END AS faster,
        CASE WHEN min(slower) = max(slower) THEN min(slower) ELSE concat_ws('', min(slower), ' and others') END AS slower,
        CAST(round(100 * (exp(avg(difference)) - 1)) AS BIGINT) AS slower_percent
    FROM blamed
    GROUP BY workload
)
SELECT
    b.call_id,
    b.workload AS subject,
    b.duration_ms * (1 - exp(-b.difference)) AS waste_ms,
    t.faster AS evidence_faster,
    t.slower AS evidence_slower,
    t.slower_percent AS evidence_slower_percent,
    t.calls AS evidence_calls
FROM blamed AS b
JOIN told AS t ON t.workload = b.workload
