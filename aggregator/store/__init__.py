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

    scheme, colon, _ = database.partition("://")
    if not colon:
        return SqliteStore(Path(database))
    if scheme == "sqlite":
        return SqliteStore(Path(unquote(urlsplit(database).path.removeprefix("/"))))
    raise StoreError(
        f"[service] database: {scheme}:// is not supported; name a file such as data/aggregator.db"
    )
