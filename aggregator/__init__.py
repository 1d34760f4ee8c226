"""A self-hosted feed aggregator: ingest → store → publish.

Importing this package imports nothing else of it: the processes that parse documents stay small.
"""

__version__ = "0.1.0"
