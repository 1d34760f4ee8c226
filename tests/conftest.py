from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.origin import Origin

# Without a deadline, since a busy machine is no fault; the same examples each time, since a change is judged
# by what it changed. `HYPOTHESIS_PROFILE=long` looks further, and elsewhere each time.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile(
    "long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
