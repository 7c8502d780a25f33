/*---
kind = "view"
title = "Hours paid for machines of one's own: busy, idle, and what the same tokens cost hosted"
why = """A machine that runs all day for an hour of work makes dear tokens. The hours are those that the log covers, from its first call to its last, as far as the capacity is paid for then; \
busy is the time in which any of its calls ran, idle the rest. Beside it stands the hosted price of the same tokens: of the model that the config names, else of the cheapest host of the same open weights, \
where that host can take what the workloads ask for. Tokens grow with busy time, so that the hosted price passes the machine's at some utilisation: the break-even."""

[columns]
capacity = "name of the [[capacity]]"
units = "GPUs or instances"
unit = "GPU or instance"
usd_per_hour = "dollars an hour for all of them"
paid_hours = "hours paid for within the log"
busy_hours = "those in which any of its calls ran; NULL where too many calls have no known end"
utilisation = "busy over paid hours"
calls = "attempts that ran on it"
untimed_calls = "those without a known end"
input_tokens = "as in calls, cached included"
output_tokens = "as in calls, reasoning included"
paid_usd = "dollars for the paid hours"
busy_usd = "what its calls bear of it; sums exactly with idle_usd to paid_usd"
idle_usd = "what no call bears"
usd_per_mtok = "paid_usd over a million tokens, input and output"
hosted = "provider/model that could take over; of several models on the machine, each one's; NULL where none is known"
same_weights = "true where it is the same open weights, false where the config names the model"
hosted_usd = "price of the same tokens there, default tier; NULL where it is not known for all"
hosted_usd_per_mtok = "hosted_usd over a million tokens"
break_even_utilisation = "utilisation at which both cost the same at the tokens per busy hour seen; above 1: dearer even when always busy"

[params.max_untold_share]
default = 0.01
help = "Answers without token counts would be free at the hosted price. One in a hundred moves it by about as much; with more the comparison is left out."

[[example]]
name = "half an hour of work in an hour paid: two dollars busy, two idle; 1,100 tokens for a dollar at the cheaper host"
calls = '''
call_id  workload  provider     model  deployment  started_at  duration_s  input_tokens  output_tokens
a        w         hosted_vllm  own    d           0           1800        1000          100
b        w         p            other  x           0           3600        10            1
'''
config_capacity = '''
capacity  units  unit  usd_per_hour  from_us  until_us
pool      2      GPU   4             -        -
'''
config_capacity_calls = '''
capacity  call_id
pool      a
'''
models = '''
provider     model  weights  capabilities
hosted_vllm  own    w        -
p            host   w        text
q            dear   w        text
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         host   2026-01-05  default  0                 -                 0.0009     0.001       0            false
q         dear   2026-01-05  default  0                 -                 0.009      0.01        0            false
'''
rows = '''
capacity  paid_hours  busy_hours  utilisation  paid_usd  busy_usd  idle_usd  hosted  same_weights  hosted_usd  break_even_utilisation
pool      1           0.5         0.5          4         2         2         p/host  true          1           2
'''

[[example]]
name = "the config's word for the hosted model; a window of a quarter of an hour"
calls = '''
call_id  workload  provider     model  deployment  started_at  duration_s  input_tokens  output_tokens
a        w         hosted_vllm  own    d           0           900         1000          0
b        w         hosted_vllm  own    d           2700        900         1000          0
'''
config_capacity = '''
capacity  units  unit      usd_per_hour  from_us           until_us          hosted
pool      1      instance  4             1767571200000000  1767572100000000  q/able
'''
config_capacity_calls = '''
capacity  call_id
pool      a
pool      b
'''
models = '''
provider     model  weights  capabilities
hosted_vllm  own    -        -
q            able   -        text
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
q         able   2026-01-05  default  0                 -                 0.002      0.01        0            false
'''
rows = '''
capacity  calls  paid_hours  utilisation  paid_usd  idle_usd  hosted  same_weights  hosted_usd  break_even_utilisation
pool      1      0.25        1            1         0         q/able  false         2           0.5
'''

[[example]]
name = "a host whose window is too short, and calls that say no tokens: no comparison"
calls = '''
call_id  workload  provider     model  deployment  started_at  duration_s  input_tokens  output_tokens
a        w         hosted_vllm  own    d           0           1800        1000          100
b        v         hosted_vllm  mute   e           0           1800        -             -
'''
config_capacity = '''
capacity  units  unit  usd_per_hour  from_us  until_us  hosted
pool      1      GPU   2             -        -         -
quiet     1      GPU   2             -        -         p/small
'''
config_capacity_calls = '''
capacity  call_id
pool      a
quiet     b
'''
models = '''
provider     model  weights  capabilities  context_tokens
hosted_vllm  own    w        -             -
hosted_vllm  mute   -        -             -
p            small  w        text          500
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         small  2026-01-05  default  0                 -                 0.0009     0.001       0            false
'''
rows = '''
capacity  paid_usd  hosted  hosted_usd
pool      1         -       -
quiet     1         -       -
'''
---*/
WITH covered AS (
    SELECT min(start_us) AS from_us, max(greatest(start_us, coalesce(end_us, start_us))) AS until_us FROM call_clock
), paid AS (
    SELECT
        c.capacity, c.units, c.unit, c.usd_per_hour, c.hosted,
        greatest(least(w.until_us, coalesce(c.until_us, w.until_us)) - greatest(w.from_us, coalesce(c.from_us, w.from_us)), 0) AS paid_us
    FROM config_capacity AS c
    CROSS JOIN covered AS w
), own AS (
    SELECT
        c.capacity, c.busy_us, c.capacity_usd, d.hosted AS named,
        p.call_id, p.workload, p.provider, p.model, p.day, p.status, p.end_us, p.input_tokens, p.uncached_tokens, p.cache_read_tokens,
        p.cache_write_5m_tokens + p.cache_write_1h_tokens AS cache_write_tokens, p.output_tokens,
        -- A call on two capacities is compared with the hosted price in two parts.
        CASE WHEN p.capacity_usd > 0 THEN CAST(c.capacity_usd AS DOUBLE) / CAST(p.capacity_usd AS DOUBLE) ELSE CAST(1 AS DOUBLE) END AS part
    FROM capacity_calls AS c
    JOIN config_capacity AS d ON d.capacity = c.capacity
    JOIN priced_calls AS p ON p.call_id = c.call_id
), used AS (
    SELECT
        capacity,
        count(*) AS calls,
        count(*) - count(end_us) AS untimed_calls,
        count(*) FILTER (WHERE status = 'ok' AND (input_tokens IS NULL OR output_tokens IS NULL)) AS untold_calls,
        CAST(round(CAST(sum(busy_us) AS DOUBLE)) AS BIGINT) AS busy_us,
        CAST(sum(capacity_usd) AS DECIMAL(38, 12)) AS busy_usd,
        CAST(sum(input_tokens) AS BIGINT) AS input_tokens,
        CAST(sum(output_tokens) AS BIGINT) AS output_tokens
    FROM own
    GROUP BY capacity
), served AS (
    SELECT capacity, named, provider, model FROM own WHERE input_tokens IS NOT NULL GROUP BY capacity, named, provider, model
), offers AS (
    SELECT s.capacity, s.provider, s.model, n.provider AS host, n.model AS there, concat_ws('/', n.provider, n.model) AS target,
        s.named IS NULL AS same_weights
    FROM served AS s
    LEFT JOIN models AS o ON o.provider IS NOT DISTINCT FROM s.provider AND o.model = s.model
    JOIN models AS n
        ON CASE WHEN s.named IS NOT NULL THEN concat_ws('/', n.provider, n.model) = s.named
                ELSE coalesce(n.weights = o.weights, FALSE) AND n.provider IS DISTINCT FROM s.provider END
), fair AS (
    SELECT f.*
    FROM offers AS f
    LEFT JOIN (
        SELECT w.capacity, u.provider, u.model, u.target
        FROM (SELECT capacity, workload, provider, model FROM own GROUP BY capacity, workload, provider, model) AS w
        JOIN unfair_swaps AS u ON u.workload = w.workload AND u.provider IS NOT DISTINCT FROM w.provider AND u.model = w.model
        GROUP BY w.capacity, u.provider, u.model, u.target
    ) AS u ON u.capacity = f.capacity AND u.provider IS NOT DISTINCT FROM f.provider AND u.model = f.model AND u.target = f.target
    WHERE u.target IS NULL
), quoted AS (
    SELECT
        f.capacity, f.provider, f.model, f.target, f.same_weights, count(*) AS calls, count(q.model) AS priced,
        CAST(sum(CAST((c.uncached_tokens * CAST(q.input_usd AS DOUBLE)
            + c.cache_read_tokens * CAST(coalesce(q.cache_read_usd, q.input_usd) AS DOUBLE)
            + c.cache_write_tokens * CAST(coalesce(q.cache_write_5m_usd, q.input_usd) AS DOUBLE)
            + coalesce(c.output_tokens, 0) * CAST(q.output_usd AS DOUBLE) + CAST(coalesce(q.request_usd, 0) AS DOUBLE)) * c.part
            AS DECIMAL(38, 12))) AS DECIMAL(38, 12)) AS usd
    FROM fair AS f
    JOIN own AS c ON c.capacity = f.capacity AND c.provider IS NOT DISTINCT FROM f.provider AND c.model = f.model
    LEFT JOIN prices AS q
        ON q.provider IS NOT DISTINCT FROM f.host AND q.model = f.there AND q.day = c.day AND q.tier = 'default'
        AND (q.min_input_tokens = 0 OR c.input_tokens > q.min_input_tokens) AND (q.max_input_tokens IS NULL OR c.input_tokens <= q.max_input_tokens)
    WHERE c.input_tokens IS NOT NULL
    GROUP BY f.capacity, f.provider, f.model, f.target, f.same_weights
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY capacity, provider, model ORDER BY usd, target) AS choice FROM quoted WHERE priced = calls
), moved AS (
    SELECT s.capacity, min(r.target) AS first_target, count(DISTINCT r.target) AS targets, bool_and(r.same_weights) AS same_weights,
        CAST(sum(r.usd) AS DECIMAL(38, 12)) AS hosted_usd, count(*) - count(r.target) AS without
    FROM served AS s
    LEFT JOIN ranked AS r
        ON r.choice = 1 AND r.capacity = s.capacity AND r.provider IS NOT DISTINCT FROM s.provider AND r.model = s.model
    GROUP BY s.capacity
), totals AS (
    SELECT
        p.*, u.calls, u.untimed_calls, u.busy_us, u.busy_usd, u.input_tokens, u.output_tokens,
        CAST(CAST(p.paid_us AS DOUBLE) * CAST(p.usd_per_hour AS DOUBLE) / 3600000000 AS DECIMAL(38, 12)) AS paid_usd,
        CAST(coalesce(u.input_tokens, 0) + coalesce(u.output_tokens, 0) AS DOUBLE) / 1000000 AS mtok,
        concat_ws('', m.first_target, CASE WHEN m.targets > 1 THEN concat_ws('', ' and ', CAST(m.targets - 1 AS STRING), ' more') END) AS hosted,
        m.capacity IS NOT NULL AS has_hosted, m.same_weights, m.hosted_usd
    FROM (SELECT capacity, units, unit, usd_per_hour, paid_us FROM paid) AS p
    LEFT JOIN used AS u ON u.capacity = p.capacity
    LEFT JOIN moved AS m ON m.capacity = p.capacity AND m.without = 0 AND m.hosted_usd > 0 AND u.untold_calls <= $max_untold_share * u.calls
)
SELECT
    capacity,
    units,
    unit,
    usd_per_hour,
    paid_us / CAST(3600000000 AS DOUBLE) AS paid_hours,
    busy_us / CAST(3600000000 AS DOUBLE) AS busy_hours,
    CASE WHEN paid_us > 0 THEN busy_us / CAST(paid_us AS DOUBLE) END AS utilisation,
    coalesce(calls, 0) AS calls,
    coalesce(untimed_calls, 0) AS untimed_calls,
    input_tokens,
    output_tokens,
    paid_usd,
    busy_usd,
    CAST(paid_usd - busy_usd AS DECIMAL(38, 12)) AS idle_usd,
    CASE WHEN mtok > 0 THEN CAST(paid_usd AS DOUBLE) / mtok END AS usd_per_mtok,
    CASE WHEN has_hosted THEN hosted END AS hosted,
    same_weights,
    hosted_usd,
    CASE WHEN mtok > 0 THEN CAST(hosted_usd AS DOUBLE) / mtok END AS hosted_usd_per_mtok,
    CASE WHEN paid_us > 0 THEN busy_us / CAST(paid_us AS DOUBLE) * CAST(paid_usd AS DOUBLE) / CAST(hosted_usd AS DOUBLE) END AS break_even_utilisation
FROM totals
