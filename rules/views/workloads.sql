/*---
kind = "view"
title = "One row per workload: who waits for it, and what it is worth"
why = "Batch prices and separate deployments are for work that nobody waits for. A wrong guess would slow people down, so the strongest evidence decides and the reason is shown; unknown stays unknown."

[columns]
workload = "name, as in call_workloads"
workload_source = "config, app or fingerprint"
class = "interactive, background or unknown"
class_evidence = "what decided: config, tier, endpoint, tag, end_user, app, plateau, flat, clockwork, or none"
class_reason = "the same as a sentence fragment"
value = "low, normal or high; high only where config says so"
value_reason = "what decided, as a sentence fragment"
calls = "attempts at a model"
units = "units of outcome: traces, else requests"
premium_calls = "calls on a premium model; NULL where no model of it is known"
billed_usd = "everything billed; NULL where nothing is priced"
end_user_share = "share of its calls that name an end user"
streamed_share = "share of its calls marked as streamed; NULL where the log never says. Supports, never decides"

[params.background_share]
default = 0.9
help = "A workload moves to batch as a whole, so nearly all of its calls must carry the tier, endpoint, tag or name that says background."

[params.interactive_share]
default = 0.5
help = "Anonymous visitors carry no id, so half of the calls is enough to say that people are served; fewer means unknown, never background."

[params.plateau_share]
default = 0.5
help = "A worker pool is full for at least half of its busy time; people's calls in flight touch their own peak for moments only."

[params.min_peak]
default = 4
help = "With fewer in flight, 90% of the peak is reached by almost any overlap: at a peak of one, by every call."

[params.min_dispersion]
default = 20
help = "Random arrivals have an index of dispersion of 1 and a day's rhythm stays in the single digits for most services; 20 is a burst by machine."

[params.min_full_days]
default = 3
help = "Round-the-clock load shows only when several nights have been seen."

[params.min_flat_ratio]
default = 0.8
help = "People sleep: even worldwide services fall well below 80% of their average in the quietest hour."

[params.min_episodes]
default = 4
help = "Three equal intervals by chance are rare, two are not."

[params.max_jitter]
default = 0.02
help = "A scheduler starts within a second or so of its minute; random intervals vary by their own length."

[[example]]
name = "the strongest evidence decides: config, tier, tag, end user, name"
calls = '''
call_id  workload        service_tier  tags           end_user  streamed
a1       by-config       flex          batch          -         -
b1       by-tier         batch         interactive    u         -
c1       by-endpoint     -             -              -         -
d1       by-tag          default       mode:offline   u         -
e1       by-end-user     default       -              u         -
e2       by-end-user     default       -              -         -
f1       nightly-batch   -             -              -         true
g1       nightly-chat    -             -              u         -
h1       no-evidence     -             -              -         -
i1       batchelor       -             batch:17       -         -
j1       background-check  -           -              -         -
k1       admin-ui        -             -              -         -
'''
config_workloads = '''
workload   class
by-config  interactive
'''
rows = '''
workload          class        class_evidence  class_reason
by-config         interactive  config          config says so
by-tier           background   tier            batch or flex tier on 100% of calls
by-endpoint       unknown      none            no tier, tag or end user tells, and too few calls to judge by behaviour
by-tag            background   tag             a tag says offline on 100% of calls
by-end-user       interactive  end_user        end user ids on 50% of calls
nightly-batch     background   app             its name says batch
nightly-chat      interactive  end_user        end user ids on 100% of calls
no-evidence       unknown      none            no tier, tag or end user tells, and too few calls to judge by behaviour
batchelor         unknown      none            no tier, tag or end user tells, and too few calls to judge by behaviour
background-check  unknown      none            no tier, tag or end user tells, and too few calls to judge by behaviour
admin-ui          interactive  app             its name says ui
'''

[[example]]
name = "a batch endpoint is a path segment, not a word in a host; few end users leave it unknown"
calls = '''
call_id  workload  endpoint                       end_user
a        w         https://api.example/v1/batches  -
b        v         https://batch.example/v1/chat   -
c        z         -                              u
d        z         -                              -
e        z         -                              -
'''
rows = '''
workload  class       class_evidence  end_user_share  class_reason
w         background  endpoint        0               batch endpoint on 100% of calls
v         unknown     none            0               no tier, tag or end user tells, and too few calls to judge by behaviour
z         unknown     none            0.333333333     end user ids on only 33% of calls, and nothing stronger
'''

[[example]]
name = "a clock is background; one that names an end user is not judged by behaviour"
about = "Three runs suffice here because the example lowers the threshold."
params = { min_episodes = 2 }
calls = '''
call_id  workload  started_at  duration_s
a01      w         0           1
a02      w         1           1
a03      w         2           1
a04      w         3           1
a05      w         4           1
a06      w         5           1
a07      w         6           1
b01      w         300         1
b02      w         301         1
b03      w         302         1
b04      w         303         1
b05      w         304         1
b06      w         305         1
b07      w         306         1
c01      w         600         1
c02      w         601         1
c03      w         602         1
c04      w         603         1
c05      w         604         1
c06      w         605         1
c07      w         606         1
'''
rows = '''
workload  class       class_evidence  class_reason
w         background  clockwork       3 runs started like clockwork, every 5 minutes
'''

[[example]]
name = "value: config, else a whole word in key, tag or environment; money and premium calls add up"
calls = '''
call_id  workload      api_key_alias  environment  tags        provider  model  billed_usd
a        gold          test-key       -            -           p         big    0.5
b        w1            ci-test-key    -            -           p         big    0.25
b2       w1            ci-test-key    -            -           p         small  0.25
c        w2            -              staging      -           q         -      -
d        w3            contest        prod         -           -         -      -
e        w4            -              -            env:dev     -         -      -
f        test-prep     -              -            -           -         -      -
g        chat-staging  -              -            -           -         -      -
h        w5            dev-team-prod  -            -           -         -      -
i        health-coach  -              -            -           -         -      -
'''
config_workloads = '''
workload  value
gold      high
'''
models = '''
provider  model  premium
p         big    true
p         small  false
'''
rows = '''
workload      value   value_reason                         calls  premium_calls  billed_usd
gold          high    config says so                       1      1              0.5
w1            low     its key says test on 100% of calls   2      1              0.5
w2            low     its environment says staging on 100% of calls  1  -       -
w3            normal  nothing says otherwise               1      -              -
w4            low     a tag says dev on 100% of calls      1      -              -
test-prep     normal  nothing says otherwise               1      -              -
chat-staging  low     its name says staging on 100% of calls  1   -              -
w5            normal  nothing says otherwise               1      -              -
health-coach  normal  nothing says otherwise               1      -              -
'''
---*/
WITH endpoints AS (
    SELECT p.workload, count(*) AS n
    FROM priced_calls AS p
    JOIN calls AS c ON c.call_id = p.call_id
    WHERE contains(concat_ws('', lower(c.endpoint), '/'), '/batches/') OR contains(concat_ws('', lower(c.endpoint), '/'), '/batch/')
        OR lower(c.endpoint) LIKE '%:batchgeneratecontent'
    GROUP BY p.workload
), sources AS (
    SELECT
        workload,
        CASE WHEN bool_or(workload_source = 'config') THEN 'config' WHEN bool_or(workload_source = 'app') THEN 'app' ELSE 'fingerprint' END AS workload_source
    FROM call_workloads
    GROUP BY workload
), totals AS (
    SELECT
        p.workload,
        count(*) AS calls,
        CASE WHEN count(m.premium) > 0 THEN CAST(count(*) FILTER (WHERE m.premium) AS BIGINT) END AS premium_calls,
        CAST(sum(p.billed_usd) AS DECIMAL(38, 12)) AS billed_usd,
        CAST(count(*) FILTER (WHERE p.has_end_user) AS DOUBLE) / CAST(count(*) AS DOUBLE) AS end_user_share,
        CASE WHEN count(p.streamed) > 0 THEN CAST(count(*) FILTER (WHERE p.streamed) AS DOUBLE) / CAST(count(*) AS DOUBLE) END AS streamed_share,
        CAST(count(*) FILTER (WHERE p.tier IN ('batch', 'flex')) AS DOUBLE) / CAST(count(*) AS DOUBLE) AS batch_share
    FROM priced_calls AS p
    LEFT JOIN models AS m ON m.provider IS NOT DISTINCT FROM p.provider AND m.model = p.model
    GROUP BY p.workload
), units AS (
    SELECT workload, count(*) AS units
    FROM (SELECT DISTINCT workload, unit_hash FROM priced_calls) AS d
    GROUP BY workload
), joined AS (
    SELECT
        t.*,
        u.units,
        s.workload_source,
        g.class AS config_class,
        g.value AS config_value,
        CAST(coalesce(e.n, 0) AS DOUBLE) / t.calls AS endpoint_share,
        CAST(coalesce(n.tag_background, 0) AS DOUBLE) / t.calls AS tag_background_share,
        CAST(coalesce(n.tag_interactive, 0) AS DOUBLE) / t.calls AS tag_interactive_share,
        n.tag_background_word,
        n.tag_interactive_word,
        CAST(coalesce(n.app_background, 0) AS DOUBLE) / t.calls AS app_background_share,
        CAST(coalesce(n.app_interactive, 0) AS DOUBLE) / t.calls AS app_interactive_share,
        n.app_background_word,
        n.app_interactive_word,
        CAST(coalesce(n.low_key, 0) AS DOUBLE) / t.calls AS low_key_share,
        CAST(coalesce(n.low_tag, 0) AS DOUBLE) / t.calls AS low_tag_share,
        CAST(coalesce(n.low_environment, 0) AS DOUBLE) / t.calls AS low_environment_share,
        CAST(coalesce(n.low_app, 0) AS DOUBLE) / t.calls AS low_app_share,
        n.low_key_word,
        n.low_tag_word,
        n.low_environment_word,
        n.low_app_word,
        b.workload IS NOT NULL AS has_behaviour,
        b.peak_in_flight,
        b.plateau_share,
        b.dispersion_10s,
        b.full_days,
        b.flat_ratio,
        b.episodes,
        b.episode_jitter,
        b.episode_every_s
    FROM totals AS t
    JOIN units AS u ON u.workload = t.workload
    JOIN sources AS s ON s.workload = t.workload
    LEFT JOIN config_workloads AS g ON g.workload = t.workload
    LEFT JOIN endpoints AS e ON e.workload = t.workload
    LEFT JOIN workload_words AS n ON n.workload = t.workload
    LEFT JOIN workload_behaviour AS b ON b.workload = t.workload
), decided AS (
    SELECT
        *,
        CASE
            WHEN config_class IN ('interactive', 'background') THEN 'config'
            WHEN batch_share >= $background_share THEN 'tier'
            WHEN endpoint_share >= $background_share THEN 'endpoint'
            WHEN tag_background_share >= $background_share AND tag_interactive_share = 0 THEN 'tag background'
            WHEN tag_interactive_share >= $interactive_share AND tag_background_share = 0 THEN 'tag interactive'
            WHEN end_user_share >= $interactive_share THEN 'end_user'
            WHEN app_background_share >= $background_share AND app_interactive_share = 0 AND end_user_share = 0 THEN 'app background'
            WHEN app_interactive_share >= $interactive_share AND app_background_share = 0 THEN 'app interactive'
            WHEN end_user_share > 0 OR NOT has_behaviour THEN 'none'
            WHEN plateau_share >= $plateau_share AND peak_in_flight >= $min_peak AND dispersion_10s >= $min_dispersion THEN 'plateau'
            WHEN full_days >= $min_full_days AND flat_ratio >= $min_flat_ratio THEN 'flat'
            WHEN episodes >= $min_episodes AND episode_jitter <= $max_jitter THEN 'clockwork'
            ELSE 'none'
        END AS decided_by,
        CASE
            WHEN config_value IN ('low', 'normal', 'high') THEN 'config'
            WHEN low_environment_share >= $background_share THEN 'environment'
            WHEN low_key_share >= $background_share THEN 'key'
            WHEN low_tag_share >= $background_share THEN 'tag'
            WHEN low_app_share >= $background_share THEN 'name'
            ELSE 'none'
        END AS valued_by
    FROM joined
)
SELECT
    workload,
    workload_source,
    CASE decided_by
        WHEN 'config' THEN config_class
        WHEN 'tag interactive' THEN 'interactive' WHEN 'app interactive' THEN 'interactive' WHEN 'end_user' THEN 'interactive'
        WHEN 'none' THEN 'unknown'
        ELSE 'background'
    END AS class,
    split_part(decided_by, ' ', 1) AS class_evidence,
    CASE decided_by
        WHEN 'config' THEN 'config says so'
        WHEN 'tier' THEN concat_ws('', 'batch or flex tier on ', CAST(CAST(floor(100 * batch_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'endpoint' THEN concat_ws('', 'batch endpoint on ', CAST(CAST(floor(100 * endpoint_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'tag background'
            THEN concat_ws('', 'a tag says ', tag_background_word, ' on ', CAST(CAST(floor(100 * tag_background_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'tag interactive'
            THEN concat_ws('', 'a tag says ', tag_interactive_word, ' on ', CAST(CAST(floor(100 * tag_interactive_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'end_user' THEN concat_ws('', 'end user ids on ', CAST(CAST(floor(100 * end_user_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'app background' THEN concat_ws('', 'its name says ', app_background_word)
        WHEN 'app interactive' THEN concat_ws('', 'its name says ', app_interactive_word)
        WHEN 'plateau' THEN concat_ws('', 'a worker pool''s plateau: ', CAST(CAST(floor(100 * plateau_share) AS BIGINT) AS STRING),
            '% of its busy time near its peak of ', CAST(peak_in_flight AS STRING), ' in flight, starts ',
            CAST(CAST(floor(dispersion_10s) AS BIGINT) AS STRING), ' times as bursty as chance')
        WHEN 'flat' THEN concat_ws('', 'as busy at night as by day: its quietest hour has ', CAST(CAST(floor(100 * flat_ratio) AS BIGINT) AS STRING),
            '% of the average over ', CAST(full_days AS STRING), ' full days')
        WHEN 'clockwork' THEN concat_ws('', CAST(episodes AS STRING), ' runs started like clockwork, every ',
            CASE WHEN episode_every_s >= 7200 THEN concat_ws('', CAST(CAST(round(episode_every_s / 3600) AS BIGINT) AS STRING), ' hours')
                 WHEN episode_every_s >= 120 THEN concat_ws('', CAST(CAST(round(episode_every_s / 60) AS BIGINT) AS STRING), ' minutes')
                 ELSE concat_ws('', CAST(CAST(round(episode_every_s) AS BIGINT) AS STRING), ' seconds') END)
        ELSE CASE WHEN end_user_share > 0
                  THEN concat_ws('', 'end user ids on only ', CAST(CAST(floor(100 * end_user_share) AS BIGINT) AS STRING), '% of calls, and nothing stronger')
                  WHEN has_behaviour THEN 'no tier, tag or end user tells, and its behaviour is not decisive'
                  ELSE 'no tier, tag or end user tells, and too few calls to judge by behaviour' END
    END AS class_reason,
    CASE WHEN valued_by = 'config' THEN config_value WHEN valued_by = 'none' THEN 'normal' ELSE 'low' END AS value,
    CASE valued_by
        WHEN 'config' THEN 'config says so'
        WHEN 'environment'
            THEN concat_ws('', 'its environment says ', low_environment_word, ' on ', CAST(CAST(floor(100 * low_environment_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'key' THEN concat_ws('', 'its key says ', low_key_word, ' on ', CAST(CAST(floor(100 * low_key_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'tag' THEN concat_ws('', 'a tag says ', low_tag_word, ' on ', CAST(CAST(floor(100 * low_tag_share) AS BIGINT) AS STRING), '% of calls')
        WHEN 'name' THEN concat_ws('', 'its name says ', low_app_word, ' on ', CAST(CAST(floor(100 * low_app_share) AS BIGINT) AS STRING), '% of calls')
        ELSE 'nothing says otherwise'
    END AS value_reason,
    calls,
    units,
    premium_calls,
    billed_usd,
    end_user_share,
    streamed_share
FROM decided
