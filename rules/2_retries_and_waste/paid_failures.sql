/*---
title = "Failed calls that were billed"
why = """The provider charged for calls that gave no answer: a stream that broke off, a time-out after the model had read the prompt, a gateway that \
bills each attempt. Every such dollar bought nothing, and a re-send pays again. The cure is fewer failures: time-outs above the model's own latency, \
prompts and outputs within the model's limits, and no re-send of an error that will not pass."""
action = "{subject}: {billed_failures} of {failed_calls} failed calls were billed: raise time-outs, respect the model's limits, and do not re-send what cannot pass"
fix = "retry_discipline"
grade = "structural"
needs = ["status"]
false_positives = """A log may count a prompt's tokens although the provider billed nothing. A refusal (429, or another 4xx than 408 and 499) without output \
is therefore claimed only where the log itself states a cost. A client that read half of a broken stream may have had some use of it. Calls \
that the client cancelled are no failures: see abandoned_stream."""

[[requires]]
sql = """SELECT NOT EXISTS (SELECT 1 FROM calls WHERE status IN ('error', 'rate_limited', 'timeout')) OR EXISTS (
    SELECT 1 FROM calls WHERE status IN ('error', 'rate_limited', 'timeout')
    AND (coalesce(logged_cost, 0) > 0 OR coalesce(input_tokens, 0) > 0 OR coalesce(output_tokens, 0) > 0))"""
reason = "failed calls carry neither tokens nor cost in this log: what they were billed is unknown, not zero"
setting = "log usage on failures too, or reconcile with the provider's invoice"

[[example]]
name = "a failure that cost money, beside a free one and a success"
calls = '''
call_id  started_at  workload  status        http_status  input_tokens  output_tokens  billed_usd
a        0           w         error         500          1000          40             0.5
b        3           w         rate_limited  429          -             -              -
c        6           w         ok            200          1000          80             0.5
'''
claims = '''
call_id  subject  drop
a        w        true
'''

[[example]]
name = "without a cost in the log: a broken stream was billed, a refusal with counted prompt tokens was not"
calls = '''
call_id  provider  model  started_at  workload  status        http_status  input_tokens  output_tokens
a        p         m      0           w         error         200          1000          40
b        p         m      1           w         timeout       408          1000          0
c        p         m      2           w         rate_limited  429          1000          0
d        p         m      3           w         error         400          1000          0
'''
models = '''
provider  model
p         m
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         m      2026-01-05  default  0                 -                 0.001      0.002       0            false
'''
claims = '''
call_id  drop
a        true
b        true
'''

[[example]]
name = "cancelled by the client, answered, or answered from the gateway's cache: silent"
calls = '''
call_id  started_at  workload  status     output_tokens  billed_usd
a        0           w         cancelled  40             0.5
b        3           w         ok         40             0.5
'''
claims = ""
---*/
WITH by_workload AS (
    SELECT workload, count(*) AS failures, count(*) FILTER (WHERE paid) AS paid_failures FROM failed_attempts GROUP BY workload
)
SELECT
    f.call_id,
    f.workload AS subject,
    TRUE AS drop,
    w.failures AS evidence_failed_calls,
    w.paid_failures AS evidence_billed_failures
FROM failed_attempts AS f
JOIN by_workload AS w ON w.workload = f.workload
WHERE f.paid
