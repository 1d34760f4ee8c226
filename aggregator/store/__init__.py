"""Keeps entries, sources' state and polls.

`open_store(database)` picks what stands behind `protocols.Store` by the URL's scheme.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from aggregator.exceptions import StoreError
from aggregator.protocols import Store


def open_store(database: str) -> Store:
    """Return the store that `database` names: a file's path, or `sqlite:///` and a path.

    Makes the file and its folder where they are missing and brings an older schema up to date.
    Raises `StoreError` when that cannot be done.
    """
    from aggregator.store.sqlite import SqliteStore  # noqa: PLC0415 - only the chosen one is loaded

    return SqliteStore(database_file(database))


def database_file(database: str) -> Path:
    """Return the file that `database` names, which need not exist. Raises `StoreError` like `open_store`."""
    scheme, colon, _ = database.partition("://")
    if not colon:
        return Path(database)
    if scheme == "sqlite":
        return Path(unquote(urlsplit(database).path.removeprefix("/")))
    raise StoreError(
        f"[service] database: {scheme}:// is not supported; name a file such as data/aggregator.db"
    )
