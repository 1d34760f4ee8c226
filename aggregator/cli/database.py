"""The database as commands that only read it find it: they never make one.

A command that is run in another working directory than the service would otherwise leave an empty database
there, and say that nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from aggregator.cli.exits import Failure
from aggregator.config import Config
from aggregator.ingest.follow import with_lists
from aggregator.protocols import Store
from aggregator.store import database_file, open_store


def missing_database(config: Config) -> str | None:
    """Return what to say when the config's database does not exist yet; None when it does."""
    file = database_file(config.service.database)
    if file.exists():
        return None
    hint = "" if file.is_absolute() else " ([service] database is relative to the working directory)"
    return f"there is no database at {file.absolute()} yet; run the service or `aggregator poll` first{hint}"


def with_followed_lists(config: Config) -> Config:
    """Return the config with the sources of its lists, as far as these were looked at. Raises StoreError."""
    if not config.subscriptions or missing_database(config):
        return config
    with existing_store(config) as store:
        return with_lists(config, store)


def names_in_use(config: Config) -> dict[str, str]:
    """Return the names that sources of the config and of its lists have, or had, with their URLs.

    Raises StoreError.
    """
    stored = {}
    if not missing_database(config):
        with existing_store(config) as store:
            config, stored = with_lists(config, store), store.lists.names_in_use()
    return stored | {source.name: source.url for source in config.sources}


@contextmanager
def existing_store(config: Config) -> Iterator[Store]:
    """Lend the config's store to the block. Raises Failure when there is no database, and StoreError."""
    if missing := missing_database(config):
        raise Failure(missing)
    with closing(open_store(config.service.database)) as store:
        yield store
