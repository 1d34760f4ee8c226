from __future__ import annotations

from collections.abc import Iterator

import pytest

from aggregator.ingest.fetch import HttpFetcher
from tests.ingest.fetching import make_fetcher


@pytest.fixture
def fetcher() -> Iterator[HttpFetcher]:
    """Fetches from loopback, too."""
    fetcher = make_fetcher()
    yield fetcher
    fetcher.abort()
