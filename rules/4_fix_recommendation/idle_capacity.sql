/*---
kind = "observation"
title = "Machines of one's own that are paid for and idle"
why = """An hour of a machine costs the same with nothing on it. Hours with no call in flight are no call's cost, so that no saving of calls touches them: they end only with fewer machines, fewer hours, or more work on them. \
The dollars stand apart from the plan's, which are those of calls."""
action = "{subject}: ${idle_usd} of the ${paid_usd} paid went to hours with nothing in flight: fewer hours, or more work on it"
fix = "provider_choice"
grade = "structural"
needs = ["started_at", "ended_at"]
false_positives = "Work that this log does not hold, such as training or another gateway's calls, also ran there. A machine kept for its start-up time, for data that may not leave, or for a peak that the log does not cover is idle on purpose. A capacity reserved for a year costs the same when it is switched off."
[[requires]]
sql = """SELECT EXISTS (SELECT 1 FROM config_capacity) OR NOT EXISTS (
    SELECT 1 FROM calls AS c LEFT JOIN prices AS p ON p.provider IS NOT DISTINCT FROM c.provider AND p.model = c.model
    WHERE c.model IS NOT NULL AND p.model IS NULL)"""
reason = "some models have no list price, and the config names no machines of one's own that they may run on"
setting = "for a self-hosted deployment: [[capacity]] in the config, with deployment, gpus and usd_per_hour"

[params.min_idle_share]
default = 0.25
help = "A quarter: queues grow steeply beyond three quarters busy, so that a machine which people wait for needs that much room."

[params.min_hours]
default = 1
help = "Machines are started and stopped by the hour; gaps within a shorter log are no hours that could have been spared."

[[example]]
name = "an hour of work in four paid ones"
calls = '''
call_id  provider     model  deployment  started_at  duration_s  input_tokens  output_tokens
a        hosted_vllm  own    d           0           1800        1000          100
b        hosted_vllm  own    d           12600       1800        1000          100
'''
config_capacity = '''
capacity  units  unit  usd_per_hour
pool      2      GPU   4
'''
config_capacity_calls = '''
capacity  call_id
pool      a
pool      b
'''
rows = '''
subject  evidence_idle_usd  evidence_paid_usd  evidence_utilisation  evidence_idle_hours
pool     12                 16                 25%                   3.0
'''

[[example]]
name = "busy for five of six hours; half an hour altogether; ends unknown: silent"
calls = '''
call_id  provider     model  deployment  started_at  duration_s  input_tokens  output_tokens
a        hosted_vllm  own    d           0           9000        1000          100
b        hosted_vllm  own    d           12600       9000        1000          100
c        hosted_vllm  own    e           0           60          1000          100
d        hosted_vllm  own    f           0           -           1000          100
'''
config_capacity = '''
capacity  units  unit  usd_per_hour  from_us  until_us
pool      2      GPU   4             -        -
brief     1      GPU   4             -        1767573000000000
untimed   1      GPU   4             -        -
'''
config_capacity_calls = '''
capacity  call_id
pool      a
pool      b
brief     c
untimed   d
'''
rows = ""
---*/
SELECT
    capacity AS subject,
    calls AS evidence_calls,
    round(CAST(idle_usd AS DOUBLE), 4) AS evidence_idle_usd,
    round(CAST(paid_usd AS DOUBLE), 4) AS evidence_paid_usd,
    concat_ws('', CAST(CAST(floor(100 * utilisation) AS BIGINT) AS STRING), '%') AS evidence_utilisation,
    round(paid_hours - busy_hours, 1) AS evidence_idle_hours,
    round(paid_hours, 1) AS evidence_paid_hours
FROM capacity_use
WHERE paid_hours >= $min_hours AND idle_usd >= $min_idle_share * paid_usd AND idle_usd > 0
