"""Files to canonical rows, each attempt once: find and recognise them, read them in one transaction a batch, open a run's scope.

``reading`` drives; ``inputs`` finds and unpacks, ``macros``, ``staging``, ``record_stage`` and ``span_stage`` bring records into canonical shape,
``salvage`` reads what the fast way refuses, ``parquet`` reads Parquet, ``store`` and ``ledger`` keep it, ``shards`` and ``to_folder`` hand it to
other machines, ``scope``, ``attempts`` and ``remarks`` lay it out for one run with its copies removed and what is said of a call elsewhere put to it.
"""

from infercheck.ingest.ledger import default_path, salt_of, salted_by
from infercheck.ingest.reading import IngestResult, detect, ingest, propose, read_example
from infercheck.ingest.scope import Scope, open_scope
from infercheck.ingest.to_folder import Written, ingest_to

__all__ = [
    "IngestResult",
    "Scope",
    "Written",
    "default_path",
    "detect",
    "ingest",
    "ingest_to",
    "open_scope",
    "propose",
    "read_example",
    "salt_of",
    "salted_by",
]
