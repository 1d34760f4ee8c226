from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.ingest.fetch import HttpFetcher
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.ingest.fetching import make_fetcher
from tests.ingest.polling import NOW, SOURCE


@pytest.fixture
def fetcher() -> Iterator[HttpFetcher]:
    """Fetches from loopback, too."""
    fetcher = make_fetcher()
    yield fetcher
    fetcher.abort()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "x.db"))
    store.sync_sources([SOURCE], now=NOW)
    yield store
    store.close()
