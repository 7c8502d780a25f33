"""One chart a file. ``figure(report, tz)`` gives the chart with its numbers, or None where the report holds nothing for it.

Charts draw what the report says; they add up and compare, and work out no new figure.
"""
