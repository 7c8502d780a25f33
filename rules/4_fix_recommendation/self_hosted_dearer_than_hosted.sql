/*---
kind = "observation"
title = "A machine of one's own costs more than the same tokens hosted"
why = """Dollars per million tokens of a machine fall with its use; a hosted price does not. At the utilisation seen the hours paid, idle ones included, cost more than the price list asks for the same tokens elsewhere. \
The break-even says how busy the machine would have to be. Only moving everything ends the hours, so that this is no saving of single calls: it stands apart from the plan's dollars, and includes those of idle_capacity."""
action = "{subject}: ${usd_per_mtok} a million tokens, ${hosted_usd_per_mtok} at {target}; moving all of it saves ${saves_usd} in this log, or keep it busy above {break_even_utilisation}"
fix = "provider_choice"
grade = "heuristic"
needs = ["started_at", "ended_at", "input_tokens", "output_tokens", "prices"]
false_positives = "Data that may not leave, latency, fine-tuned weights or a reserved price are reasons to stay. Tokens per busy hour rise when more calls run at once, and the break-even falls with them. Hosts differ in precision, limits and speed. Work that this log does not hold makes the machine look dearer."
[[requires]]
sql = """SELECT EXISTS (SELECT 1 FROM config_capacity) OR NOT EXISTS (
    SELECT 1 FROM calls AS c LEFT JOIN prices AS p ON p.provider IS NOT DISTINCT FROM c.provider AND p.model = c.model
    WHERE c.model IS NOT NULL AND p.model IS NULL)"""
reason = "some models have no list price, and the config names no machines of one's own that they may run on"
setting = "for a self-hosted deployment: [[capacity]] in the config, with deployment, gpus and usd_per_hour; hosted names what could take over"

[params.min_saving]
default = 0.2
help = "A move is a contract, a migration and new risks, and a busier month would eat a smaller gap."

[params.min_hours]
default = 24
help = "A day has both a peak and a night; a shorter log shows one of them."

[[example]]
name = "a day paid for an hour of work, and the same weights for less elsewhere"
calls = '''
call_id  workload  provider     model  deployment  started_at  duration_s  input_tokens  output_tokens
a        w         hosted_vllm  own    d           0           1800        1000000       100000
b        w         hosted_vllm  own    d           84600       1800        1000000       100000
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
models = '''
provider     model  weights
hosted_vllm  own    w
p            host   w
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         host   2026-01-05  default  0                 -                 0.000009   0.00001     0            false
'''
rows = '''
subject  evidence_target  evidence_paid_usd  evidence_hosted_usd  evidence_saves_usd  evidence_utilisation  evidence_break_even_utilisation
pool     p/host           96                 20                   76                  4.2%                  20%
'''

[[example]]
name = "hosted as dear as the machine; no host known; a log of two hours: silent"
calls = '''
call_id  workload  provider     model   deployment  started_at  duration_s  input_tokens  output_tokens
a        w         hosted_vllm  own     d           0           1800        4000000       400000
b        w         hosted_vllm  own     d           84600       1800        5000000       500000
c        v         hosted_vllm  secret  e           0           1800        1000          100
d        w         hosted_vllm  own     f           0           1800        1000          100
'''
config_capacity = '''
capacity  units  unit  usd_per_hour  from_us  until_us
pool      2      GPU   4             -        -
unknown   2      GPU   4             -        -
brief     2      GPU   4             -        1767578400000000
'''
config_capacity_calls = '''
capacity  call_id
pool      a
pool      b
unknown   c
brief     d
'''
models = '''
provider     model   weights
hosted_vllm  own     w
hosted_vllm  secret  -
p            host    w
'''
prices = '''
provider  model  day         tier     min_input_tokens  max_input_tokens  input_usd  output_usd  request_usd  estimated
p         host   2026-01-05  default  0                 -                 0.000009   0.00001     0            false
'''
rows = ""
---*/
SELECT
    capacity AS subject,
    calls AS evidence_calls,
    hosted AS evidence_target,
    CASE WHEN same_weights THEN 'the same open weights, list price' ELSE 'named in the config' END AS evidence_target_is,
    round(CAST(paid_usd AS DOUBLE), 4) AS evidence_paid_usd,
    round(CAST(hosted_usd AS DOUBLE), 4) AS evidence_hosted_usd,
    round(CAST(paid_usd - hosted_usd AS DOUBLE), 4) AS evidence_saves_usd,
    round(usd_per_mtok, 4) AS evidence_usd_per_mtok,
    round(hosted_usd_per_mtok, 4) AS evidence_hosted_usd_per_mtok,
    concat_ws('', CAST(round(100 * utilisation, 1) AS STRING), '%') AS evidence_utilisation,
    CASE WHEN break_even_utilisation <= 1 THEN concat_ws('', CAST(CAST(ceil(100 * break_even_utilisation) AS BIGINT) AS STRING), '%')
         ELSE 'any utilisation, at as many calls at once as now' END AS evidence_break_even_utilisation
FROM capacity_use
WHERE paid_hours >= $min_hours AND hosted_usd <= (1 - $min_saving) * paid_usd
