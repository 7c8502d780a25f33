/*---
kind = "view"
title = "Attempts that failed, and whether they were billed"
why = """A log may count a prompt's tokens although the provider billed nothing for it. A refusal (429, or another 4xx than 408 and 499) without output is therefore taken as billed only where the log itself \
states a cost. A call that its client cancelled is no failure. Shared by paid_failures and fallback_paid_twice."""

[columns]
call_id = "the attempt: status error, rate_limited or timeout"
workload = "as in call_workloads"
request_hash = "as in priced_calls"
caller_hash = "as in priced_calls"
provider = "as in calls"
model = "as in calls"
deployment = "as in priced_calls"
prompt_hash = "as in calls"
start_us = "start, microseconds since 1970"
end_us = "end, microseconds since 1970"
billed_usd = "as in priced_calls"
paid = "it cost money; NULL where nothing says what it cost"

[[example]]
name = "a logged cost always counts; counted tokens of a refusal do not; without usage nothing is known"
calls = '''
call_id  provider  model  started_at  workload  status        http_status  input_tokens  output_tokens  logged_cost
a        p         m      0           w         error         500          1000          40             -
b        p         m      1           w         rate_limited  429          1000          0              -
c        p         m      2           w         rate_limited  429          1000          0              0.5
d        p         m      3           w         error         500          -             -              -
e        p         m      4           w         cancelled     499          1000          40             -
f        p         m      5           w         ok            200          1000          40             -
'''
models = '''
provider  model
p         m
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
'''
rows = '''
call_id  billed_usd  paid
a        1.08        true
b        1           false
c        0.5         true
d        -           -
'''
---*/
SELECT
    p.call_id, p.workload, p.request_hash, p.caller_hash, p.provider, p.model, p.deployment, p.prompt_hash, p.start_us, p.end_us, p.billed_usd,
    p.billed_usd > 0 AND (
        coalesce(p.logged_usd > 0, FALSE)
        OR coalesce(p.output_tokens > 0, FALSE)
        OR NOT (p.status = 'rate_limited' OR (coalesce(c.http_status, 0) BETWEEN 400 AND 499 AND c.http_status NOT IN (408, 499)))
    ) AS paid
FROM priced_calls AS p
JOIN calls AS c ON c.call_id = p.call_id
WHERE p.status IN ('error', 'rate_limited', 'timeout')
