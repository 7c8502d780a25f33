"""Files to canonical rows, each attempt once: find and recognise them, read them in one transaction a batch, open a run's scope.

``reading`` drives; ``inputs`` finds and unpacks, ``staging``, ``record_stage`` and ``span_stage`` bring records into canonical shape,
``salvage`` reads what the fast way refuses, ``store`` and ``ledger`` keep it, ``scope`` and ``attempts`` lay it out for one run with its copies
removed.
"""

from infercheck.ingest.ledger import default_path
from infercheck.ingest.reading import IngestResult, Progress, detect, ingest, read_example
from infercheck.ingest.scope import Scope, open_scope

__all__ = ["IngestResult", "Progress", "Scope", "default_path", "detect", "ingest", "open_scope", "read_example"]
