from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.protocols import Store
from aggregator.store import open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "aggregator.db"))
    yield store
    store.close()
