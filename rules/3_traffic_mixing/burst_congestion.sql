/*---
title = "Calls that arrive in bursts wait for each other"
why = """A few seconds in which many times the usual number of calls start fill a deployment's slots, and everyone in the burst waits, while minutes later it is idle. Bursts alone are no fault: only where they hold most of the \
waiting, and far more of it than of the calls, is anything said. Spreading the starts by a few seconds, or sending the burst elsewhere, costs nothing but those seconds; \
where most of those who come together are people, only room or a limit helps. A rush that lasts for minutes is no burst."""
action = "{advice} on {subject}: {bursts} bursts of up to {largest} calls in 5 s (usually {usual}) hold {excess_percent}% of the waiting and {calls_percent}% of the calls; most come from {from_workload}"
fix = "traffic_separation"
grade = "measured"
effect = "latency"
needs = ["started_at", "ended_at"]
false_positives = """Something else that makes calls both come together and take long: a gateway that stalls and then lets all of them go (moments in which the other deployments are slow too are left out, where there are enough of them), or \
a job whose calls come in volleys and are larger than the size classes tell apart. Re-sends after a failure are no arrivals here, since slowness itself causes them."""

[params.min_excess_share]
default = 0.5
help = "Of all waiting beyond the usual: where bursts hold less than half of it, something else comes first."

[params.min_over_share]
default = 1.5
help = "Times their share of the calls: bursts hold many calls, so they hold much of the waiting even where they cause none."

[params.min_calls]
default = 20
help = "Calls in bursts, and as many outside: fewer have no mean worth comparing."

[params.min_cool]
default = 5
help = "Calls of a size outside bursts that a median takes."

[params.block_s]
default = 30
help = "Waits are alike from one second to the next, so whole blocks of time are compared."

[params.alpha]
default = 0.05
help = "Chance of a false alarm over all deployments that have bursts (Bonferroni)."

[params.max_gateway_slowness]
default = 1.5
help = "Windows in which the other deployments slow down by more than this are left out: a stall makes waits and, when it ends, arrivals."

[[example]]
name = "four bursts of eight calls, and each call in them waits longer than the one before"
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
c001     chat  d           m      0.3         1.5         0.4     true      u         100
c002     chat  d           m      4.3         1.5         0.4     true      u         100
c003     chat  d           m      8.3         1.5         0.4     true      u         100
c004     chat  d           m      12.3        1.5         0.4     true      u         100
c005     chat  d           m      16.3        1.5         0.4     true      u         100
b051     chat  d           m      20.0        1.5         0.4     true      u         100
c006     chat  d           m      20.3        1.5         0.4     true      u         100
b052     chat  d           m      20.4        1.8         0.7     true      u         100
b053     chat  d           m      20.8        2.1         1.0     true      u         100
b054     chat  d           m      21.2        2.4         1.3     true      u         100
b055     chat  d           m      21.6        2.7         1.6     true      u         100
b056     chat  d           m      22.0        3.0         1.9     true      u         100
b057     chat  d           m      22.4        3.3         2.2     true      u         100
b058     chat  d           m      22.8        3.6         2.5     true      u         100
c007     chat  d           m      24.3        1.5         0.4     true      u         100
c008     chat  d           m      28.3        1.5         0.4     true      u         100
c009     chat  d           m      32.3        1.5         0.4     true      u         100
c010     chat  d           m      36.3        1.5         0.4     true      u         100
c011     chat  d           m      40.3        1.5         0.4     true      u         100
c012     chat  d           m      44.3        1.5         0.4     true      u         100
c013     chat  d           m      48.3        1.5         0.4     true      u         100
c014     chat  d           m      52.3        1.5         0.4     true      u         100
c015     chat  d           m      56.3        1.5         0.4     true      u         100
c016     chat  d           m      60.3        1.5         0.4     true      u         100
c017     chat  d           m      64.3        1.5         0.4     true      u         100
b059     chat  d           m      65.0        1.5         0.4     true      u         100
b060     chat  d           m      65.4        1.8         0.7     true      u         100
b061     chat  d           m      65.8        2.1         1.0     true      u         100
b062     chat  d           m      66.2        2.4         1.3     true      u         100
b063     chat  d           m      66.6        2.7         1.6     true      u         100
b064     chat  d           m      67.0        3.0         1.9     true      u         100
b065     chat  d           m      67.4        3.3         2.2     true      u         100
b066     chat  d           m      67.8        3.6         2.5     true      u         100
c018     chat  d           m      68.3        1.5         0.4     true      u         100
c019     chat  d           m      72.3        1.5         0.4     true      u         100
c020     chat  d           m      76.3        1.5         0.4     true      u         100
c021     chat  d           m      80.3        1.5         0.4     true      u         100
c022     chat  d           m      84.3        1.5         0.4     true      u         100
c023     chat  d           m      88.3        1.5         0.4     true      u         100
c024     chat  d           m      92.3        1.5         0.4     true      u         100
c025     chat  d           m      96.3        1.5         0.4     true      u         100
c026     chat  d           m      100.3       1.5         0.4     true      u         100
c027     chat  d           m      104.3       1.5         0.4     true      u         100
c028     chat  d           m      108.3       1.5         0.4     true      u         100
b067     chat  d           m      110.0       1.5         0.4     true      u         100
b068     chat  d           m      110.4       1.8         0.7     true      u         100
b069     chat  d           m      110.8       2.1         1.0     true      u         100
b070     chat  d           m      111.2       2.4         1.3     true      u         100
b071     chat  d           m      111.6       2.7         1.6     true      u         100
b072     chat  d           m      112.0       3.0         1.9     true      u         100
c029     chat  d           m      112.3       1.5         0.4     true      u         100
b073     chat  d           m      112.4       3.3         2.2     true      u         100
b074     chat  d           m      112.8       3.6         2.5     true      u         100
c030     chat  d           m      116.3       1.5         0.4     true      u         100
c031     chat  d           m      120.3       1.5         0.4     true      u         100
c032     chat  d           m      124.3       1.5         0.4     true      u         100
c033     chat  d           m      128.3       1.5         0.4     true      u         100
c034     chat  d           m      132.3       1.5         0.4     true      u         100
c035     chat  d           m      136.3       1.5         0.4     true      u         100
c036     chat  d           m      140.3       1.5         0.4     true      u         100
c037     chat  d           m      144.3       1.5         0.4     true      u         100
c038     chat  d           m      148.3       1.5         0.4     true      u         100
c039     chat  d           m      152.3       1.5         0.4     true      u         100
b075     chat  d           m      155.0       1.5         0.4     true      u         100
b076     chat  d           m      155.4       1.8         0.7     true      u         100
b077     chat  d           m      155.8       2.1         1.0     true      u         100
b078     chat  d           m      156.2       2.4         1.3     true      u         100
c040     chat  d           m      156.3       1.5         0.4     true      u         100
b079     chat  d           m      156.6       2.7         1.6     true      u         100
b080     chat  d           m      157.0       3.0         1.9     true      u         100
b081     chat  d           m      157.4       3.3         2.2     true      u         100
b082     chat  d           m      157.8       3.6         2.5     true      u         100
c041     chat  d           m      160.3       1.5         0.4     true      u         100
c042     chat  d           m      164.3       1.5         0.4     true      u         100
c043     chat  d           m      168.3       1.5         0.4     true      u         100
c044     chat  d           m      172.3       1.5         0.4     true      u         100
c045     chat  d           m      176.3       1.5         0.4     true      u         100
c046     chat  d           m      180.3       1.5         0.4     true      u         100
c047     chat  d           m      184.3       1.5         0.4     true      u         100
c048     chat  d           m      188.3       1.5         0.4     true      u         100
c049     chat  d           m      192.3       1.5         0.4     true      u         100
c050     chat  d           m      196.3       1.5         0.4     true      u         100
'''
claims = '''
call_id  subject  grade     waste_ms
b052     d        measured  300
b053     d        measured  600
b054     d        measured  900
b055     d        measured  1200
b056     d        measured  1500
b057     d        measured  1800
b058     d        measured  2100
b060     d        measured  300
b061     d        measured  600
b062     d        measured  900
b063     d        measured  1200
b064     d        measured  1500
b065     d        measured  1800
b066     d        measured  2100
b068     d        measured  300
b069     d        measured  600
b070     d        measured  900
b071     d        measured  1200
b072     d        measured  1500
b073     d        measured  1800
b074     d        measured  2100
b076     d        measured  300
b077     d        measured  600
b078     d        measured  900
b079     d        measured  1200
b080     d        measured  1500
b081     d        measured  1800
b082     d        measured  2100
'''

[[example]]
name = "the same bursts, and nobody waits longer: bursts alone are no fault"
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
c001     chat  d           m      0.3         1.5         0.4     true      u         100
c002     chat  d           m      4.3         1.5         0.4     true      u         100
c003     chat  d           m      8.3         1.5         0.4     true      u         100
c004     chat  d           m      12.3        1.5         0.4     true      u         100
c005     chat  d           m      16.3        1.5         0.4     true      u         100
b051     chat  d           m      20.0        1.5         0.4     true      u         100
c006     chat  d           m      20.3        1.5         0.4     true      u         100
b052     chat  d           m      20.4        1.5         0.4     true      u         100
b053     chat  d           m      20.8        1.5         0.4     true      u         100
b054     chat  d           m      21.2        1.5         0.4     true      u         100
b055     chat  d           m      21.6        1.5         0.4     true      u         100
b056     chat  d           m      22.0        1.5         0.4     true      u         100
b057     chat  d           m      22.4        1.5         0.4     true      u         100
b058     chat  d           m      22.8        1.5         0.4     true      u         100
c007     chat  d           m      24.3        1.5         0.4     true      u         100
c008     chat  d           m      28.3        1.5         0.4     true      u         100
c009     chat  d           m      32.3        1.5         0.4     true      u         100
c010     chat  d           m      36.3        1.5         0.4     true      u         100
c011     chat  d           m      40.3        1.5         0.4     true      u         100
c012     chat  d           m      44.3        1.5         0.4     true      u         100
c013     chat  d           m      48.3        1.5         0.4     true      u         100
c014     chat  d           m      52.3        1.5         0.4     true      u         100
c015     chat  d           m      56.3        1.5         0.4     true      u         100
c016     chat  d           m      60.3        1.5         0.4     true      u         100
c017     chat  d           m      64.3        1.5         0.4     true      u         100
b059     chat  d           m      65.0        1.5         0.4     true      u         100
b060     chat  d           m      65.4        1.5         0.4     true      u         100
b061     chat  d           m      65.8        1.5         0.4     true      u         100
b062     chat  d           m      66.2        1.5         0.4     true      u         100
b063     chat  d           m      66.6        1.5         0.4     true      u         100
b064     chat  d           m      67.0        1.5         0.4     true      u         100
b065     chat  d           m      67.4        1.5         0.4     true      u         100
b066     chat  d           m      67.8        1.5         0.4     true      u         100
c018     chat  d           m      68.3        1.5         0.4     true      u         100
c019     chat  d           m      72.3        1.5         0.4     true      u         100
c020     chat  d           m      76.3        1.5         0.4     true      u         100
c021     chat  d           m      80.3        1.5         0.4     true      u         100
c022     chat  d           m      84.3        1.5         0.4     true      u         100
c023     chat  d           m      88.3        1.5         0.4     true      u         100
c024     chat  d           m      92.3        1.5         0.4     true      u         100
c025     chat  d           m      96.3        1.5         0.4     true      u         100
c026     chat  d           m      100.3       1.5         0.4     true      u         100
c027     chat  d           m      104.3       1.5         0.4     true      u         100
c028     chat  d           m      108.3       1.5         0.4     true      u         100
b067     chat  d           m      110.0       1.5         0.4     true      u         100
b068     chat  d           m      110.4       1.5         0.4     true      u         100
b069     chat  d           m      110.8       1.5         0.4     true      u         100
b070     chat  d           m      111.2       1.5         0.4     true      u         100
b071     chat  d           m      111.6       1.5         0.4     true      u         100
b072     chat  d           m      112.0       1.5         0.4     true      u         100
c029     chat  d           m      112.3       1.5         0.4     true      u         100
b073     chat  d           m      112.4       1.5         0.4     true      u         100
b074     chat  d           m      112.8       1.5         0.4     true      u         100
c030     chat  d           m      116.3       1.5         0.4     true      u         100
c031     chat  d           m      120.3       1.5         0.4     true      u         100
c032     chat  d           m      124.3       1.5         0.4     true      u         100
c033     chat  d           m      128.3       1.5         0.4     true      u         100
c034     chat  d           m      132.3       1.5         0.4     true      u         100
c035     chat  d           m      136.3       1.5         0.4     true      u         100
c036     chat  d           m      140.3       1.5         0.4     true      u         100
c037     chat  d           m      144.3       1.5         0.4     true      u         100
c038     chat  d           m      148.3       1.5         0.4     true      u         100
c039     chat  d           m      152.3       1.5         0.4     true      u         100
b075     chat  d           m      155.0       1.5         0.4     true      u         100
b076     chat  d           m      155.4       1.5         0.4     true      u         100
b077     chat  d           m      155.8       1.5         0.4     true      u         100
b078     chat  d           m      156.2       1.5         0.4     true      u         100
c040     chat  d           m      156.3       1.5         0.4     true      u         100
b079     chat  d           m      156.6       1.5         0.4     true      u         100
b080     chat  d           m      157.0       1.5         0.4     true      u         100
b081     chat  d           m      157.4       1.5         0.4     true      u         100
b082     chat  d           m      157.8       1.5         0.4     true      u         100
c041     chat  d           m      160.3       1.5         0.4     true      u         100
c042     chat  d           m      164.3       1.5         0.4     true      u         100
c043     chat  d           m      168.3       1.5         0.4     true      u         100
c044     chat  d           m      172.3       1.5         0.4     true      u         100
c045     chat  d           m      176.3       1.5         0.4     true      u         100
c046     chat  d           m      180.3       1.5         0.4     true      u         100
c047     chat  d           m      184.3       1.5         0.4     true      u         100
c048     chat  d           m      188.3       1.5         0.4     true      u         100
c049     chat  d           m      192.3       1.5         0.4     true      u         100
c050     chat  d           m      196.3       1.5         0.4     true      u         100
'''
claims = ""

[[example]]
name = "one burst may have met a slow moment by chance: silent"
params = { min_calls = 6 }
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
c001     chat  d           m      0.3         1.5         0.4     true      u         100
c002     chat  d           m      4.3         1.5         0.4     true      u         100
c003     chat  d           m      8.3         1.5         0.4     true      u         100
c004     chat  d           m      12.3        1.5         0.4     true      u         100
c005     chat  d           m      16.3        1.5         0.4     true      u         100
b051     chat  d           m      20.0        1.5         0.4     true      u         100
c006     chat  d           m      20.3        1.5         0.4     true      u         100
b052     chat  d           m      20.4        1.8         0.7     true      u         100
b053     chat  d           m      20.8        2.1         1.0     true      u         100
b054     chat  d           m      21.2        2.4         1.3     true      u         100
b055     chat  d           m      21.6        2.7         1.6     true      u         100
b056     chat  d           m      22.0        3.0         1.9     true      u         100
b057     chat  d           m      22.4        3.3         2.2     true      u         100
b058     chat  d           m      22.8        3.6         2.5     true      u         100
c007     chat  d           m      24.3        1.5         0.4     true      u         100
c008     chat  d           m      28.3        1.5         0.4     true      u         100
c009     chat  d           m      32.3        1.5         0.4     true      u         100
c010     chat  d           m      36.3        1.5         0.4     true      u         100
c011     chat  d           m      40.3        1.5         0.4     true      u         100
c012     chat  d           m      44.3        1.5         0.4     true      u         100
c013     chat  d           m      48.3        1.5         0.4     true      u         100
c014     chat  d           m      52.3        1.5         0.4     true      u         100
c015     chat  d           m      56.3        1.5         0.4     true      u         100
c016     chat  d           m      60.3        1.5         0.4     true      u         100
c017     chat  d           m      64.3        1.5         0.4     true      u         100
c018     chat  d           m      68.3        1.5         0.4     true      u         100
c019     chat  d           m      72.3        1.5         0.4     true      u         100
c020     chat  d           m      76.3        1.5         0.4     true      u         100
c021     chat  d           m      80.3        1.5         0.4     true      u         100
c022     chat  d           m      84.3        1.5         0.4     true      u         100
c023     chat  d           m      88.3        1.5         0.4     true      u         100
c024     chat  d           m      92.3        1.5         0.4     true      u         100
c025     chat  d           m      96.3        1.5         0.4     true      u         100
c026     chat  d           m      100.3       1.5         0.4     true      u         100
c027     chat  d           m      104.3       1.5         0.4     true      u         100
c028     chat  d           m      108.3       1.5         0.4     true      u         100
c029     chat  d           m      112.3       1.5         0.4     true      u         100
c030     chat  d           m      116.3       1.5         0.4     true      u         100
c031     chat  d           m      120.3       1.5         0.4     true      u         100
c032     chat  d           m      124.3       1.5         0.4     true      u         100
c033     chat  d           m      128.3       1.5         0.4     true      u         100
c034     chat  d           m      132.3       1.5         0.4     true      u         100
c035     chat  d           m      136.3       1.5         0.4     true      u         100
c036     chat  d           m      140.3       1.5         0.4     true      u         100
c037     chat  d           m      144.3       1.5         0.4     true      u         100
c038     chat  d           m      148.3       1.5         0.4     true      u         100
c039     chat  d           m      152.3       1.5         0.4     true      u         100
c040     chat  d           m      156.3       1.5         0.4     true      u         100
'''
claims = ""

[[example]]
name = "a workload whose calls always come together and take long by themselves: nothing calm to compare them with, silent"
calls = '''
call_id  app   deployment  model  started_at  duration_s  ttft_s  streamed  end_user  input_tokens
c001     chat  d           m      0.3         1.5         0.4     true      u         100
c002     chat  d           m      4.3         1.5         0.4     true      u         100
c003     chat  d           m      8.3         1.5         0.4     true      u         100
c004     chat  d           m      12.3        1.5         0.4     true      u         100
c005     chat  d           m      16.3        1.5         0.4     true      u         100
b051     fan   d           m      20.0        2.7         1.6     true      u         100
c006     chat  d           m      20.3        1.5         0.4     true      u         100
b052     fan   d           m      20.4        2.7         1.6     true      u         100
b053     fan   d           m      20.8        2.7         1.6     true      u         100
b054     fan   d           m      21.2        2.7         1.6     true      u         100
b055     fan   d           m      21.6        2.7         1.6     true      u         100
b056     fan   d           m      22.0        2.7         1.6     true      u         100
b057     fan   d           m      22.4        2.7         1.6     true      u         100
b058     fan   d           m      22.8        2.7         1.6     true      u         100
c007     chat  d           m      24.3        1.5         0.4     true      u         100
c008     chat  d           m      28.3        1.5         0.4     true      u         100
c009     chat  d           m      32.3        1.5         0.4     true      u         100
c010     chat  d           m      36.3        1.5         0.4     true      u         100
c011     chat  d           m      40.3        1.5         0.4     true      u         100
c012     chat  d           m      44.3        1.5         0.4     true      u         100
c013     chat  d           m      48.3        1.5         0.4     true      u         100
c014     chat  d           m      52.3        1.5         0.4     true      u         100
c015     chat  d           m      56.3        1.5         0.4     true      u         100
c016     chat  d           m      60.3        1.5         0.4     true      u         100
c017     chat  d           m      64.3        1.5         0.4     true      u         100
b059     fan   d           m      65.0        2.7         1.6     true      u         100
b060     fan   d           m      65.4        2.7         1.6     true      u         100
b061     fan   d           m      65.8        2.7         1.6     true      u         100
b062     fan   d           m      66.2        2.7         1.6     true      u         100
b063     fan   d           m      66.6        2.7         1.6     true      u         100
b064     fan   d           m      67.0        2.7         1.6     true      u         100
b065     fan   d           m      67.4        2.7         1.6     true      u         100
b066     fan   d           m      67.8        2.7         1.6     true      u         100
c018     chat  d           m      68.3        1.5         0.4     true      u         100
c019     chat  d           m      72.3        1.5         0.4     true      u         100
c020     chat  d           m      76.3        1.5         0.4     true      u         100
c021     chat  d           m      80.3        1.5         0.4     true      u         100
c022     chat  d           m      84.3        1.5         0.4     true      u         100
c023     chat  d           m      88.3        1.5         0.4     true      u         100
c024     chat  d           m      92.3        1.5         0.4     true      u         100
c025     chat  d           m      96.3        1.5         0.4     true      u         100
c026     chat  d           m      100.3       1.5         0.4     true      u         100
c027     chat  d           m      104.3       1.5         0.4     true      u         100
c028     chat  d           m      108.3       1.5         0.4     true      u         100
b067     fan   d           m      110.0       2.7         1.6     true      u         100
b068     fan   d           m      110.4       2.7         1.6     true      u         100
b069     fan   d           m      110.8       2.7         1.6     true      u         100
b070     fan   d           m      111.2       2.7         1.6     true      u         100
b071     fan   d           m      111.6       2.7         1.6     true      u         100
b072     fan   d           m      112.0       2.7         1.6     true      u         100
c029     chat  d           m      112.3       1.5         0.4     true      u         100
b073     fan   d           m      112.4       2.7         1.6     true      u         100
b074     fan   d           m      112.8       2.7         1.6     true      u         100
c030     chat  d           m      116.3       1.5         0.4     true      u         100
c031     chat  d           m      120.3       1.5         0.4     true      u         100
c032     chat  d           m      124.3       1.5         0.4     true      u         100
c033     chat  d           m      128.3       1.5         0.4     true      u         100
c034     chat  d           m      132.3       1.5         0.4     true      u         100
c035     chat  d           m      136.3       1.5         0.4     true      u         100
c036     chat  d           m      140.3       1.5         0.4     true      u         100
c037     chat  d           m      144.3       1.5         0.4     true      u         100
c038     chat  d           m      148.3       1.5         0.4     true      u         100
c039     chat  d           m      152.3       1.5         0.4     true      u         100
b075     fan   d           m      155.0       2.7         1.6     true      u         100
b076     fan   d           m      155.4       2.7         1.6     true      u         100
b077     fan   d           m      155.8       2.7         1.6     true      u         100
b078     fan   d           m      156.2       2.7         1.6     true      u         100
c040     chat  d           m      156.3       1.5         0.4     true      u         100
b079     fan   d           m      156.6       2.7         1.6     true      u         100
b080     fan   d           m      157.0       2.7         1.6     true      u         100
b081     fan   d           m      157.4       2.7         1.6     true      u         100
b082     fan   d           m      157.8       2.7         1.6     true      u         100
c041     chat  d           m      160.3       1.5         0.4     true      u         100
c042     chat  d           m      164.3       1.5         0.4     true      u         100
c043     chat  d           m      168.3       1.5         0.4     true      u         100
c044     chat  d           m      172.3       1.5         0.4     true      u         100
c045     chat  d           m      176.3       1.5         0.4     true      u         100
c046     chat  d           m      180.3       1.5         0.4     true      u         100
c047     chat  d           m      184.3       1.5         0.4     true      u         100
c048     chat  d           m      188.3       1.5         0.4     true      u         100
c049     chat  d           m      192.3       1.5         0.4     true      u         100
c050     chat  d           m      196.3       1.5         0.4     true      u         100
'''
claims = ""
---*/
WITH hot AS (
    SELECT DISTINCT deployment, bin_us, arrivals, usual FROM burst_calls
), bursting AS (
    SELECT deployment FROM hot GROUP BY deployment HAVING sum(arrivals) >= $min_calls
), placed AS (
    SELECT
        p.call_id, p.deployment, p.workload, w.class, p.operation, p.model, v.size, v.waited_ms,
        p.start_us - p.start_us % ($block_s * 1000000) AS block_us,
        h.call_id IS NOT NULL AS in_burst
    FROM priced_calls AS p
    JOIN bursting AS b ON b.deployment = p.deployment
    JOIN call_waits AS v ON v.call_id = p.call_id
    JOIN workloads AS w ON w.workload = p.workload
    LEFT JOIN burst_calls AS h ON h.call_id = p.call_id
    LEFT JOIN (SELECT deployment, window_us FROM gateway_slowness WHERE slowness > $max_gateway_slowness) AS g
        ON g.deployment = p.deployment AND g.window_us = p.start_us - p.start_us % 2000000
    WHERE g.window_us IS NULL
), kinds AS (
    -- Of one workload: another one's calls may be slow by themselves, and one whose calls always come together has no calm to be compared with.
    SELECT
        deployment, workload, operation, model, size,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_ms) AS cool_ms,
        avg(waited_ms) AS cool_mean_ms
    FROM placed
    WHERE NOT in_burst
    GROUP BY deployment, workload, operation, model, size
    HAVING count(*) >= $min_cool
), waits AS (
    SELECT
        p.call_id, p.deployment, p.workload, p.class, p.block_us, p.in_burst,
        greatest(p.waited_ms - k.cool_ms, 0) AS excess_ms,
        p.waited_ms - k.cool_mean_ms AS more_ms
    FROM placed AS p
    JOIN kinds AS k
        ON k.deployment = p.deployment AND k.workload = p.workload AND k.operation IS NOT DISTINCT FROM p.operation AND k.model IS NOT DISTINCT FROM p.model AND k.size = p.size
), totals AS (
    SELECT
        deployment,
        CAST(count(*) FILTER (WHERE in_burst) AS DOUBLE) / CAST(count(*) AS DOUBLE) AS calls_share,
        sum(CASE WHEN in_burst THEN excess_ms ELSE 0 END) AS burst_ms,
        sum(CASE WHEN in_burst THEN more_ms ELSE 0 END) AS effect_ms,
        sum(excess_ms) AS all_ms,
        count(*) OVER () AS tested
    FROM waits
    GROUP BY deployment
    HAVING count(*) FILTER (WHERE in_burst) >= $min_calls AND count(*) FILTER (WHERE NOT in_burst) >= $min_calls
), blocks AS (
    -- What bursts hold beyond their due, block by block: the sum must stay above zero whichever blocks the log happened to see, which takes
    -- about five bursts that agree.
    SELECT
        w.deployment, w.block_us,
        sum(CASE WHEN w.in_burst THEN w.excess_ms ELSE 0 END) - $min_over_share * max(t.calls_share) * sum(w.excess_ms) AS beyond_ms
    FROM waits AS w
    JOIN totals AS t ON t.deployment = w.deployment
    GROUP BY w.deployment, w.block_us
), sums AS (
    SELECT
        deployment,
        sum(beyond_ms) AS beyond_ms,
        sqrt(CAST(count(*) AS DOUBLE)) * stddev_samp(beyond_ms) AS error_ms
    FROM blocks
    GROUP BY deployment
    HAVING count(*) > 2
), firing AS (
    SELECT
        t.deployment, t.calls_share, t.burst_ms / t.all_ms AS excess_share,
        greatest(0, least(1, t.effect_ms / t.burst_ms)) AS kept
    FROM totals AS t
    JOIN sums AS s ON s.deployment = t.deployment
    WHERE t.burst_ms > 0 AND t.burst_ms >= $min_excess_share * t.all_ms AND t.burst_ms >= $min_over_share * t.calls_share * t.all_ms
        AND s.beyond_ms - s.error_ms * sqrt(2 * ln(greatest(t.tested / (2 * $alpha), CAST(2 AS DOUBLE)))) > 0
), lined_up AS (
    SELECT deployment, bin_us, lag(bin_us) OVER (PARTITION BY deployment ORDER BY bin_us) AS before_us FROM hot
), counted AS (
    -- Bins of five seconds one after the other are one burst.
    SELECT deployment, count(*) FILTER (WHERE before_us IS NULL OR bin_us - before_us > 5000000) AS bursts FROM lined_up GROUP BY deployment
), advised AS (
    -- People come when they come: only what a program sends can be sent a few seconds later.
    SELECT
        w.deployment,
        CASE WHEN count(*) FILTER (WHERE w.class = 'interactive') * 2 > count(*) THEN 'Keep room for the peaks, or admit fewer calls at once,'
             ELSE 'Spread the starts' END AS advice
    FROM waits AS w
    JOIN firing AS f ON f.deployment = w.deployment
    WHERE w.in_burst
    GROUP BY w.deployment
), senders AS (
    SELECT w.deployment, w.workload, row_number() OVER (PARTITION BY w.deployment ORDER BY count(*) DESC, w.workload) AS place
    FROM waits AS w
    JOIN firing AS f ON f.deployment = w.deployment
    WHERE w.in_burst
    GROUP BY w.deployment, w.workload
), shapes AS (
    SELECT deployment, max(arrivals) AS largest, percentile_cont(0.5) WITHIN GROUP (ORDER BY usual) AS usual FROM hot GROUP BY deployment
)
SELECT
    w.call_id,
    w.deployment AS subject,
    w.excess_ms * f.kept AS waste_ms,
    c.bursts AS evidence_bursts,
    s.largest AS evidence_largest,
    s.usual AS evidence_usual,
    round(100 * f.excess_share, 0) AS evidence_excess_percent,
    round(100 * f.calls_share, 0) AS evidence_calls_percent,
    n.workload AS evidence_from_workload,
    a.advice AS evidence_advice
FROM waits AS w
JOIN firing AS f ON f.deployment = w.deployment
JOIN shapes AS s ON s.deployment = w.deployment
JOIN counted AS c ON c.deployment = w.deployment
JOIN advised AS a ON a.deployment = w.deployment
JOIN senders AS n ON n.deployment = w.deployment AND n.place = 1
WHERE w.in_burst AND w.class <> 'background' AND w.excess_ms * f.kept > 0
