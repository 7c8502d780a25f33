/*---
kind = "view"
title = "What names say: the words in a workload's tags, keys, environments and app name that tell who waits and what it is worth"
why = "One list of words, one way to hear them: a whole word, or a whole value of a tag, never part of a longer word."

[columns]
workload = "the workload; only those in which some word is heard"
tag_background = "calls whose tag or environment says background"
tag_interactive = "calls whose tag or environment says interactive"
app_background = "calls whose app name says background"
app_interactive = "calls whose app name says interactive"
low_key = "calls whose key alias says low value; never where it also says prod"
low_tag = "calls whose tag says low value"
low_environment = "calls whose environment says low value"
low_app = "calls whose app name ends in a word of low value"
tag_background_word = "the word that was heard, as are the columns that follow"
tag_interactive_word = "in a tag or environment"
app_background_word = "in the app name"
app_interactive_word = "in the app name"
low_key_word = "in the key alias"
low_tag_word = "in a tag"
low_environment_word = "in the environment"
low_app_word = "in the app name"

[[example]]
name = "a whole word counts once a call, wherever it is heard; part of a word, a product that is named after one, an A/B test, and what runs in production do not"
calls = '''
call_id  app            tags          environment  api_key_alias
a        nightly-batch  mode:batch    prod         k
b        nightly-batch  -             prod         k
c        bot            batch:17      prod         batchelor
d        bot            -             staging      ci-test-key
e        bot            -             -            dev-prod-key
f        test-prep      -             -            -
g        chat-test      -             -            -
h        shop-ab-test   -             -            -
i        shop           -             -            shop-a/b-test
j        live-test      -             production   test-key
'''
rows = '''
workload       tag_background  app_background  low_key  low_environment  low_app  tag_background_word  app_background_word  low_key_word
nightly-batch  1               2               -        -                -        batch                batch                -
bot            -               -               1        1                -        -                    -                    test
chat-test      -               -               -        -                1        -                    -                    -
'''
---*/
WITH words AS (
    -- 'class' words mark who waits, 'value' words what it is worth. Of an app's name any class word counts, but only its last word for value:
    -- test-prep and dev-assistant are products, chat-test and chat-dev are not.
    SELECT 'batch' AS word, 'background' AS says UNION ALL SELECT 'background', 'background' UNION ALL SELECT 'offline', 'background'
    UNION ALL SELECT 'cron', 'background' UNION ALL SELECT 'cronjob', 'background' UNION ALL SELECT 'nightly', 'background'
    UNION ALL SELECT 'backfill', 'background' UNION ALL SELECT 'scheduled', 'background' UNION ALL SELECT 'bulk', 'background'
    UNION ALL SELECT 'interactive', 'interactive' UNION ALL SELECT 'realtime', 'interactive' UNION ALL SELECT 'ui', 'interactive'
    UNION ALL SELECT 'frontend', 'interactive' UNION ALL SELECT 'chatbot', 'interactive'
    UNION ALL SELECT 'test', 'low' UNION ALL SELECT 'tests', 'low' UNION ALL SELECT 'testing', 'low' UNION ALL SELECT 'dev', 'low'
    UNION ALL SELECT 'development', 'low' UNION ALL SELECT 'staging', 'low' UNION ALL SELECT 'eval', 'low' UNION ALL SELECT 'evals', 'low'
    UNION ALL SELECT 'health', 'low' UNION ALL SELECT 'healthcheck', 'low' UNION ALL SELECT 'sandbox', 'low'
), marks AS (
    SELECT
        p.workload,
        c.app,
        c.api_key_alias,
        c.environment,
        c.tags,
        count(*) AS n
    FROM priced_calls AS p
    JOIN calls AS c ON c.call_id = p.call_id
    WHERE c.app IS NOT NULL OR c.api_key_alias IS NOT NULL OR c.environment IS NOT NULL OR c.tags IS NOT NULL
    GROUP BY p.workload, c.app, c.api_key_alias, c.environment, c.tags
), spelt AS (
    SELECT
        workload,
        '-' || replace(replace(replace(replace(replace(lower(app), '_', '-'), ' ', '-'), '.', '-'), '/', '-'), ':', '-') || '-' AS app_words,
        '-' || replace(replace(replace(replace(replace(lower(api_key_alias), '_', '-'), ' ', '-'), '.', '-'), '/', '-'), ':', '-') || '-' AS key_words,
        '-' || replace(replace(replace(replace(replace(lower(environment), '_', '-'), ' ', '-'), '.', '-'), '/', '-'), ':', '-') || '-'
            AS environment_words,
        ',' || replace(replace(lower(tags), ' ', ''), '=', ':') || ',' AS tag_items,
        n,
        row_number() OVER (ORDER BY workload, app, api_key_alias, environment, tags) AS mark
    FROM marks
), heard AS (
    -- One row per mark and word heard in it. A tag must be the word or have it as its whole value: batch and mode:batch, never batch:17.
    SELECT
        s.workload,
        s.mark,
        s.n,
        w.word,
        w.says,
        coalesce(contains(s.tag_items, ',' || w.word || ',') OR contains(s.tag_items, ':' || w.word || ','), FALSE) AS in_tag,
        coalesce(contains(s.environment_words, '-' || w.word || '-'), FALSE) AS in_environment,
        -- An A/B test is held on those who pay.
        coalesce(contains(replace(replace(s.key_words, '-a-b-test-', '-'), '-ab-test-', '-'), '-' || w.word || '-') AND NOT contains(s.key_words, '-prod')
            AND NOT (w.says = 'low' AND coalesce(contains(s.environment_words, '-prod'), FALSE)), FALSE) AS in_key,
        coalesce(CASE WHEN w.says = 'low' THEN replace(replace(s.app_words, '-a-b-test-', '-'), '-ab-test-', '-') LIKE '%-' || w.word || '-'
                AND NOT coalesce(contains(s.environment_words, '-prod'), FALSE)
                      ELSE contains(replace(s.app_words, '-background-check', '-'), '-' || w.word || '-') END, FALSE) AS in_app
    FROM spelt AS s
    CROSS JOIN words AS w
), told AS (
    -- Once per mark: nightly-batch says background once, not twice.
    SELECT
        workload,
        mark,
        n,
        min(word) FILTER (WHERE says = 'background' AND (in_tag OR in_environment)) AS tag_background_word,
        min(word) FILTER (WHERE says = 'interactive' AND (in_tag OR in_environment)) AS tag_interactive_word,
        min(word) FILTER (WHERE says = 'background' AND in_app) AS app_background_word,
        min(word) FILTER (WHERE says = 'interactive' AND in_app) AS app_interactive_word,
        min(word) FILTER (WHERE says = 'low' AND in_key) AS low_key_word,
        min(word) FILTER (WHERE says = 'low' AND in_tag) AS low_tag_word,
        min(word) FILTER (WHERE says = 'low' AND in_environment) AS low_environment_word,
        min(word) FILTER (WHERE says = 'low' AND in_app) AS low_app_word
    FROM heard
    WHERE in_tag OR in_environment OR in_key OR in_app
    GROUP BY workload, mark, n
)
SELECT
    workload,
    CAST(sum(n) FILTER (WHERE tag_background_word IS NOT NULL) AS BIGINT) AS tag_background,
    CAST(sum(n) FILTER (WHERE tag_interactive_word IS NOT NULL) AS BIGINT) AS tag_interactive,
    CAST(sum(n) FILTER (WHERE app_background_word IS NOT NULL) AS BIGINT) AS app_background,
    CAST(sum(n) FILTER (WHERE app_interactive_word IS NOT NULL) AS BIGINT) AS app_interactive,
    CAST(sum(n) FILTER (WHERE low_key_word IS NOT NULL) AS BIGINT) AS low_key,
    CAST(sum(n) FILTER (WHERE low_tag_word IS NOT NULL) AS BIGINT) AS low_tag,
    CAST(sum(n) FILTER (WHERE low_environment_word IS NOT NULL) AS BIGINT) AS low_environment,
    CAST(sum(n) FILTER (WHERE low_app_word IS NOT NULL) AS BIGINT) AS low_app,
    min(tag_background_word) AS tag_background_word,
    min(tag_interactive_word) AS tag_interactive_word,
    min(app_background_word) AS app_background_word,
    min(app_interactive_word) AS app_interactive_word,
    min(low_key_word) AS low_key_word,
    min(low_tag_word) AS low_tag_word,
    min(low_environment_word) AS low_environment_word,
    min(low_app_word) AS low_app_word
FROM told
GROUP BY workload
